/* Private to tests/sim: the scheduler, the nodes. */
#ifndef KITH_TESTS_SIM_INT_H
#define KITH_TESTS_SIM_INT_H

#include "sim.h"

#include "audit/note.h"
#include "audit/tlog.h"
#include "format/json.h"

#include <pthread.h>
#include <ucontext.h>

/* --- scheduler (sched.c) ------------------------------------------------------------------------
 */

struct life;

struct task {
    struct sim *s;
    struct life *life; /* NULL: of no node */
    void (*run)(void *context);
    void *context;
    ucontext_t at;
    void *mapped;
    size_t mapped_size;
    const void *stack;
    size_t stack_size;
    void *fake_stack, *fiber; /* of ASan, of TSan */
    uint64_t wait;            /* number of the wait; an event for another one is late */
    bool waits;               /* now */
    const void *lock;         /* that it waits for */
    bool ended, stop;
    struct task *next_idle, *next;
};

struct event {
    int64_t at_ms;
    uint64_t tie; /* by the seed, so that what is due together runs in any order */
    void (*run)(struct sim *s, void *a, uint64_t b);
    void *a;
    uint64_t b;
};

void sim_at(struct sim *s, int64_t at_ms, void (*run)(struct sim *s, void *a, uint64_t b), void *a,
            uint64_t b);
/* The task that calls waits until then, or until it is woken. */
void sim_wait(struct sim *s, int64_t until_ms);
/* Who is calling; the test's own thread has one, too. */
struct task *sim_self(struct sim *s);
void sim_wake_task(struct task *t);
/* For wrap.c. NULL: none exists, or the thread is none of its. */
struct sim *sim_current(void);
void sim_wait_lock(struct sim *s, const void *lock);
void sim_wake_lock(struct sim *s, const void *lock, bool all);
void sim_start(struct sim *s, struct life *life, void (*run)(void *context), void *context);
void sched_init(struct sim *s);
void sched_done(struct sim *s);
void sim_random(struct sim *s, void *to, size_t n);

/* --- rows (rows.c) ------------------------------------------------------------------------------
 */

struct rows;
struct rows *rows_new(void);
void rows_free(struct rows *r);
bool rows_get(const struct rows *r, const char *kind, text key, text *ret_value);
int rows_write(struct rows *r, const struct kept_change *changes, size_t count, size_t *ret_failed,
               struct err *e);
int rows_each(struct rows *r, const char *kind, text prefix,
              int (*one)(void *context, text key, text value), void *context);
void rows_drop(struct rows *r, const char *kind);

/* --- nodes --------------------------------------------------------------------------------------
 */

/* A write under way: it becomes durable when its time has come, in the order of the disk. */
struct disk_write {
    int (*apply)(void *arg);
    void *arg;
    struct task *task;
    bool done, of_rows;
    int result;
    struct disk_write *next;
};

/* From a start of a node to its crash. */
struct life {
    struct loc_world world;
    struct sim_node *node;
    bool dead;
    bool closed;
    unsigned tasks;
    void *state;
    struct life *next; /* all of the simulator */
};

struct stored {
    char *type, *id;
    struct buf json;
    struct arena arena;
    yyjson_val *tree;
    uint64_t version;
    bool deleted;
};

struct leaf {
    struct tlog_hash hash;
    char *line;
};

struct sim_node {
    struct sim *s;
    size_t index;
    char url[32], ods[8];
    struct life *life; /* NULL: down */
    int64_t skew_ms, disk_free_ms;
    struct disk_write *under_way, **under_way_end;
    uint64_t writes;
    uint64_t crash_at; /* a write; 0: none */
    bool crash_applied;
    int64_t crash_again_ms;
    struct rows *rows;
    struct stored **resources;
    size_t resource_count, resource_capacity;
    uint64_t next_id;
    struct leaf *leaves;
    size_t leaf_count, leaf_capacity;
    struct note_signer *log_signer;
    struct buf note; /* the signed checkpoint of noted - 1 leaves */
    uint64_t noted;  /* 0: none */
    struct buf alarms;
    bool mixes; /* gives entries of others among those of a patient */
    uint8_t tls[32];
    struct prng random;
};

enum { SIM_CHECKED = 4096 };
/* A signature that was checked already: most are, by several nodes. */
struct checked {
    struct tlog_hash of; /* key, signature and message */
    bool good, used;
};

struct sim {
    uint64_t seed;
    struct sim_trouble trouble;
    const struct sim_program *program;
    bool trace;
    int64_t now_ms;
    struct prng chance, acts;
    struct event *events;
    size_t event_count, event_capacity;
    struct task outside; /* the test's own thread */
    bool outside_goes;
    struct task *running;
    struct task *tasks, *idle;
    struct life *lives;
    struct sim_node nodes[SIM_NODES_MAX];
    size_t node_count;
    bool cut[SIM_NODES_MAX][SIM_NODES_MAX];
    sim_hearer *hear;
    void *hear_context;
    sim_watcher *watch;
    void *watch_context;
    struct sha *sha;
    struct checked checked[SIM_CHECKED];
    unsigned violations;
    bool ending;
};

/* ERR_IO: it has crashed. */
int life_check(const struct life *l, struct err *e);
/* Waits for the node's disk, then applies; ERR_IO: the node crashed, whether applied or not. */
void disk_finish(struct disk_write *w, bool apply);
/* The functions of the world that are of clock, chance, rows and alarms. */
void disk_face(struct loc_world *w);
int disk_do(struct life *l, bool of_rows, int (*apply)(void *arg), void *arg, struct err *e);
/* net.c, record.c, log.c: the world's functions. */
void world_call(void *context, struct peer_call *calls, size_t count, int64_t deadline_ms,
                struct arena *a);
int world_own(void *context, const struct caller *as, struct own_call *call, struct arena *a,
              struct err *e);
int world_decide(void *context, const struct caller *as, text patient,
                 struct decision *ret_decision, struct err *e);
int world_record(void *context, const struct audit_event *events, size_t count,
                 uint8_t (*ret_leaves)[32], struct err *e);
int world_checkpoint(void *context, struct arena *a, text *ret_note, struct err *e);
int world_consistency(void *context, uint64_t from, uint64_t to, struct arena *a,
                      uint8_t (**ret_hashes)[32], size_t *ret_count, struct err *e);
void record_free(struct sim_node *n);
void log_free(struct sim_node *n);
/* A key of the seed: the text of note_signer_make(). */
int sim_make_key(struct sim *s, text name, struct buf *ret_text, struct err *e);

_Noreturn void sim_die(const char *what);

#endif
