/*
 * The one writer: a queue of prepared requests, a thread that applies what is queued in one
 * transaction, and the pieces of that transaction. Everything but the queue belongs to the writer's
 * thread.
 */
#ifndef KITH_STORE_WRITER_H
#define KITH_STORE_WRITER_H

#include "store/inner.h"

/* What a caller's thread has made ready for one write. */
struct prepared {
    struct name name;
    struct name home; /* id.n == 0: none */
    text body;
    struct row *rows; /* PUT */
    size_t row_count;
    size_t bytes;
};

struct prepared_request {
    struct write_request *request;
    struct prepared *writes;
    size_t *order; /* of the writes: by type, so that a patient's new keys come in order and fill
                      whole pages */
    bool settled;  /* has failed: is left out */
};

/* One store_commit(): lives on its caller's stack. */
struct job {
    const struct grant *g;
    struct prepared_request *requests;
    size_t count;
    size_t bytes;
    bool done;
    pthread_cond_t wake;
    struct job *next;
};

/* A change of the index, held back until the end of the batch so that all go in in order. */
struct op {
    uint64_t head; /* parameter and first bytes of the value: most comparisons end here */
    text value;
    uint64_t rid;
    uint32_t seq;
    uint16_t param;
    bool remove;
};

struct name_cache_slot {
    uint64_t hash;
    uint64_t check;
    uint64_t row; /* its hash in the table of names */
    uint64_t rid; /* patients only: theirs never changes */
    fhir_type type;
    bool used;
};

enum { NAME_CACHE_SIZE = 1 << 14, BATCH_REQUESTS = 256, BATCH_BYTES = 8 << 20 };

struct new_system {
    text uri;
    uint64_t number;
};

struct trainer;

struct writer {
    struct store *s;
    struct db *db;
    struct body_tools *tools;
    pthread_t thread;
    bool running;

    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct job *first;
    struct job **last;
    bool stopping;

    /* The batch. */
    struct arena arena;
    struct op *ops;
    size_t op_count;
    size_t op_capacity;
    bool touched[256]; /* types that have ops */
    struct new_system *systems;
    size_t system_count;
    size_t system_capacity;
    uint64_t last_t;
    uint64_t next_compartment;
    uint64_t next_system;
    int64_t now_ms;
    uint64_t changes; /* versions written in this batch */
    int broken;       /* the engine failed with this code: the batch is lost */
    struct err err;

    /* As committed: what a rollback goes back to. */
    uint64_t committed_t;
    uint64_t committed_compartment;
    uint64_t committed_system;
    struct name_cache_slot *names;

    struct trainer *trainer;
};

/* Notes a failure of the engine. Returns rc. */
int writer_engine(struct writer *w, int rc);
/*
 * Ends the process unless rc is 0 or a failure after which the store is what it was: a full disk,
 * no memory.
 */
void writer_survive(struct writer *w, int rc);

/* --- apply.c ------------------------------------------------------------------------------- */

/* Decides, then applies. *ret_dirty: something was changed before the failure. */
/* Ends the process unless rc is 0 or a failure after which the store is what it was: a full disk,
 * no memory. */
void writer_survive(struct writer *w, int rc);

int apply_request(struct writer *w, const struct grant *g, const struct prepared_request *p,
                  bool *ret_dirty);

/* --- ops.c --------------------------------------------------------------------------------- */

int ops_add(struct writer *w, uint16_t param, text value, uint64_t rid, bool remove);
/* Own parameters: the value is a number, 8 bytes. */
int ops_add_number(struct writer *w, fhir_type type, enum index_own own, uint64_t value,
                   uint64_t rid, bool remove);
int ops_flush(struct writer *w);
/* Drops what is held back. */
void ops_forget(struct writer *w);
/* Whether changes of this type's entries are held back. */
bool ops_touch(const struct writer *w, fhir_type type);

/* Completes rows, making rows for names, systems and patients that are new. */
int writer_complete_rows(struct writer *w, struct row *rows, size_t count);
/* The row of a name in the table of names, made if it is new. */
int writer_name(struct writer *w, const struct name *n, uint64_t *ret_row, uint64_t *ret_rid);

/* --- train.c ------------------------------------------------------------------------------- */

int trainer_start(struct writer *w, struct err *e);
void trainer_stop(struct writer *w);
/* After a commit of `count` versions. */
void trainer_count(struct writer *w, uint64_t count);
/* Takes over a dictionary that is ready; false: there is none. */
bool trainer_install(struct writer *w);
/* A small piece of work for an idle writer; false: there is none. */
bool trainer_work(struct writer *w);

#endif
