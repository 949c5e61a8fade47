/*
 * A locality in one process, from one seed: clock, network, disks and chance are the simulator's,
 * the code of src/locality is the real one.
 *
 * Every piece of work (a request, a round of a courier, a person's act) is a task with a stack of
 * its own, all on the thread of the test, and only one task runs at a time: it runs until it
 * sleeps, waits for a disk, an answer or a lock, or ends; then the scheduler picks the next event
 * of the simulated clock, by the seed where several are due. So a run is the same each time, under
 * sanitizers too, and a failing seed can be replayed: tests/sim/sim --seed 4711 -v
 *
 * Locks of pthread and all randomness are the simulator's too while one exists (by the linker's
 * --wrap: sim_dep has the arguments), so that a task which holds a lock may wait.
 *
 * A test may also call the modules, and the world, from its own thread between runs: a call that
 * has to wait then runs events until it is done. One simulator exists at a time.
 */
#ifndef KITH_TESTS_SIM_H
#define KITH_TESTS_SIM_H

#include "base/buf.h"
#include "base/random.h"
#include "locality/directory.h"
#include "locality/world.h"

enum { SIM_NODES_MAX = 9, SIM_PEOPLE_MAX = 64 };
/* The simulated clock begins at 2026-11-22T10:00:00Z. */
#define SIM_BEGIN_MS INT64_C(1795341600000)

struct sim;

/* What may go wrong, each in 1/1000 of messages or events; 0: never. */
struct sim_trouble {
    unsigned drop, duplicate, delay; /* of messages; delay: up to 20 s instead of up to 50 ms */
    unsigned slow_disk;              /* a write takes up to 3 s */
    int64_t skew_ms;                 /* clocks are wrong by up to this, each way */
};

/* One request as it comes to a node. */
struct sim_request {
    const uint8_t *tls; /* of the client's certificate, 32 bytes; NULL: none was shown */
    text method, path, query, body;
    /* Set, in the arena: */
    int status;
    text answer, receipt;
};

/* What runs on each node: the whole of src/locality, or one module. Any but `open` may be NULL. */
struct sim_program {
    /* At the start of a node, and again after a crash: from what is kept alone. */
    int (*open)(const struct loc_world *world, size_t node, void **ret_state, struct err *e);
    void (*close)(void *state);
    /* A code that is not 0: an answer with that code's status. */
    int (*answer)(void *state, struct sim_request *request, struct arena *a, struct err *e);
    /* Called again and again, as the courier of a node does. */
    int (*round)(void *state, int64_t *ret_again_ms, struct err *e);
};

/* `program` may be NULL: nobody answers. All nodes run when it returns. */
int sim_new(uint64_t seed, size_t nodes, const struct sim_trouble *trouble,
            const struct sim_program *program, struct sim **ret_sim);
/* Ends all tasks: their calls of the world return ERR_IO. NULL is allowed. */
void sim_free(struct sim *s);
void sim_trace(struct sim *s, bool on);
/* One line of the trace. */
void sim_say(struct sim *s, size_t node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Troubles from now on; those under way end as they began. */
void sim_set_trouble(struct sim *s, const struct sim_trouble *trouble);

size_t sim_nodes(const struct sim *s);
/* The world of a node, for the modules alone in unit tests; another one after each restart. */
const struct loc_world *sim_world(struct sim *s, size_t node);
/* What sim_program.open gave; NULL while it is down. */
void *sim_state(struct sim *s, size_t node);
/* For what a scenario chooses. */
struct prng *sim_chance(struct sim *s);

/* Starts a task on a node `after_ms` from now; a crash of the node ends it (its next call of the
 * world returns ERR_IO, and all others after it). A node that is down then runs nothing. */
void sim_task(struct sim *s, size_t node, int64_t after_ms, void (*run)(void *context),
              void *context);
/* The same at once, and returns when it has ended; from the test's own thread. False: it is down.
 */
bool sim_do(struct sim *s, size_t node, void (*run)(void *context), void *context);
/* Runs events until this time of the simulated clock, or until none is left. */
void sim_run(struct sim *s, int64_t until_ms);
int64_t sim_now(const struct sim *s); /* true time; a node's own may differ */
/* The task that calls waits. */
void sim_sleep(struct sim *s, int64_t ms);

/* --- by hand, for tests of one situation --------------------------------------------------------
 */

/* Messages from one node to another do not arrive. */
void sim_cut(struct sim *s, size_t from, size_t to, bool cut);
/* Without a word: of the writes under way the first few are durable, or none. */
void sim_crash(struct sim *s, size_t node);
void sim_restart(struct sim *s, size_t node);
bool sim_is_up(struct sim *s, size_t node);
/* One row is gone, as if it had never been. */
void sim_drop_row(struct sim *s, size_t node, const char *kind, text key);
/* Nothing is kept any more: the disk was lost. While it is down. */
void sim_lose_rows(struct sim *s, size_t node, const char *kind);
/* What alarms a node has raised: "kind member: words", one a line. They survive crashes. */
const char *sim_alarms(struct sim *s, size_t node);
/* Is told of each row that has become durable, in order; must not call the world. */
typedef void sim_watcher(void *context, size_t node, const struct kept_change *change);
void sim_watch(struct sim *s, sim_watcher *watch, void *context);
/* How many writes of rows a node has made durable: for "crash at each of them". */
uint64_t sim_writes(struct sim *s, size_t node);
/* Crashes the node at its n-th write of rows from now (1: the next); `applied`: after it has become
 * durable, else before. It restarts `again_ms` later. */
void sim_crash_at_write(struct sim *s, size_t node, uint64_t n, bool applied, int64_t again_ms);

/* --- who a node is ------------------------------------------------------------------------------
 */

/* "https://n3.sim": calls find a node by it. */
text sim_url(struct sim *s, size_t node);
/* "X03" */
text sim_ods(struct sim *s, size_t node);
/* The node of an ODS code; SIM_NODES_MAX: none. */
size_t sim_node_of(struct sim *s, text ods);
/* Its key on connections, and another one from now on. */
const uint8_t *sim_tls(struct sim *s, size_t node);
void sim_new_tls(struct sim *s, size_t node);
/* Of its log. */
const struct note_signer *sim_log_signer(struct sim *s, size_t node);

/* A request by anyone (`tls`), without the network: as if it had come. ERR_IO: the node is down. */
int sim_ask(struct sim *s, size_t node, struct sim_request *request, struct arena *a,
            struct err *e);
/* Tells what goes between nodes; may change the answer (a liar). `from`: SIM_NODES_MAX for
 * sim_ask(). */
typedef void sim_hearer(void *context, size_t from, size_t to, struct sim_request *request,
                        struct arena *a);
void sim_hear(struct sim *s, sim_hearer *hear, void *context);

/* --- the own record of a node -------------------------------------------------------------------
 *
 * Resources as JSON; world.own() knows: GET Type/id; GET Type?identifier=system|value, _id=,
 * patient= or subject= (others are passed over); POST Type; PUT Type/id (also of one that is not
 * there); DELETE Type/id. Writes get id, meta.versionId and meta.lastUpdated, and are durable when
 * they return. Somebody (`as`) whose parties an active Consent with provision.type "deny" names in
 * provision.actor.reference sees nothing of that patient (404); ACTOR_NOBODY sees nothing at all
 * (401).
 */

/* At once, without the disk. */
void sim_put(struct sim *s, size_t node, text type, text id, text json);
/* From now on a search at this node gives entries of all patients: a member that mixes people up,
 * and signs for it. */
void sim_mix(struct sim *s, size_t node);
/* The JSON of one; empty: none. */
text sim_resource(struct sim *s, size_t node, text type, text id);
/* How many there are of a type. */
size_t sim_count(struct sim *s, size_t node, text type);
/* Each one's JSON, in the order in which they came. */
void sim_each(struct sim *s, size_t node, text type, void (*one)(void *context, text id, text json),
              void *context);

/* --- the log of a node --------------------------------------------------------------------------
 */

uint64_t sim_leaves(struct sim *s, size_t node);
/* The event's line (audit/event.h) and the leaf's hash. */
text sim_leaf(struct sim *s, size_t node, uint64_t leaf, uint8_t ret_hash[32]);
/* Hides the newest entry about something as if it had never been made: for what a reconciler has to
 * find. False: there is none. */
bool sim_hide_leaf(struct sim *s, size_t node, uint64_t leaf);
/* From now on the newest leaf is another one: a second history of as many leaves. */
bool sim_fork_log(struct sim *s, size_t node);

/* A violated invariant (docs/locality.md, I1 ...): prints it and counts. */
void sim_violated(struct sim *s, const char *invariant, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
unsigned sim_violations(const struct sim *s);
uint64_t sim_seed(const struct sim *s);

#endif
