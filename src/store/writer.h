/*
 * The one writer: a queue of prepared requests, a thread that applies what is queued in one
 * transaction, and the pieces of that transaction. Everything but the queue belongs to the writer's
 * thread.
 */
#ifndef KITH_STORE_WRITER_H
#define KITH_STORE_WRITER_H

#include "store/inner.h"

/* A display to be kept: with the hashes that the writer's cache asks for. */
struct shown {
    uint64_t hash;
    uint64_t check;
    text words;
    text code;
    text system; /* the term; empty: none */
};

/* What a caller's thread has made ready for one write. */
struct prepared {
    struct name name;
    struct name home; /* id.n == 0: none */
    text body;
    int64_t when;
    struct shown *shown; /* displays */
    size_t shown_count;
    struct row *rows; /* PUT */
    size_t row_count;
    size_t bytes;
    uint64_t generation; /* of the added parameters that rows and displays were made with */
    text facts;          /* of policy */
    bool absent;         /* found by the writer: to whoever writes there is no such resource */
};

struct prepared_request {
    struct write_request *request;
    struct prepared *writes;
    size_t *order; /* of the writes: by type, so that a patient's new keys come in order and fill
                      whole pages */
    bool settled;  /* has failed: is left out */
};

/* One store_batch_commit() or piece: lives with its caller. */
struct job {
    const struct grant *g;
    struct prepared_request *requests;
    size_t count;
    size_t bytes;
    struct piece *piece; /* background work (params.h) instead of requests */
    bool done;
    pthread_cond_t wake;
    struct job *next;
};

/* A change of the index, held back until the end of the batch so that all go in in order. */
struct op {
    uint64_t head; /* parameter and first bytes of the value: most comparisons end here */
    text value;
    uint64_t rid;
    int64_t when; /* as in struct db_resource */
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

enum { SHOWN_CACHE_SIZE = 1 << 14 };
struct shown_cache_slot {
    uint64_t hash;
    uint64_t check;
};

struct new_term {
    text bytes;
    uint64_t number;
};

struct trainer;
struct indexer;

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
    bool calm; /* nothing is queued, and nothing is left for an idle writer */
    pthread_cond_t calmed;

    /* The batch. */
    struct arena arena;
    struct op *ops;
    size_t op_count;
    size_t op_capacity;
    bool touched[256]; /* types that have ops */
    struct new_term *terms;
    size_t term_count;
    size_t term_capacity;
    uint64_t last_t;
    uint64_t next_compartment;
    uint64_t next_system;
    uint64_t next_unit;
    int64_t now_ms;
    uint64_t changes;       /* versions written in this batch */
    uint64_t definitions;   /* those of them that are definitions (fhir/defs.h) */
    uint64_t choices;       /* the t of the last of them that store_choices() is about; 0: none */
    bool worked;            /* a piece of background work is in it */
    struct map changed;     /* patients' compartments whose rows of policy the batch changes */
    struct store_view view; /* of whoever writes, within the transaction */
    int broken;             /* the engine failed with this code: the batch is lost */
    struct err err;

    /* As committed: what a rollback goes back to. */
    uint64_t committed_t;
    uint64_t committed_compartment;
    uint64_t committed_system;
    uint64_t committed_unit;
    uint64_t stamp; /* db_policy_stamp() */
    struct name_cache_slot *names;
    struct shown_cache_slot *shown;

    uint64_t noted;              /* notes in this batch */
    _Atomic uint64_t notes_done; /* store_notes_done() */
    uint64_t notes_dropped;      /* those up to here are gone */

    bool trimmed; /* the file has no more unused pages than it may keep */
    struct trainer *trainer;
    struct indexer *indexer;
};

/* Notes a failure of the engine. Returns rc. */
int writer_engine(struct writer *w, int rc);
/*
 * Ends the process unless rc is 0 or a failure after which the store is what it was: a full disk,
 * no memory.
 */
void writer_survive(struct writer *w, int rc);

/* --- commit.c ------------------------------------------------------------------------------ */

/* Queues it; it must stay until job_await(). */
void job_submit(struct writer *w, struct job *job);
void job_await(struct writer *w, struct job *job);

/* --- apply.c ------------------------------------------------------------------------------- */

/* Decides, then applies. *ret_dirty: something was changed before the failure. */
int apply_request(struct writer *w, const struct grant *g, const struct prepared_request *p,
                  bool *ret_dirty);

/* What a write finds. The texts live in the batch's arena. */
struct target {
    bool known;  /* the name has a row */
    bool exists; /* there is a version */
    bool deleted;
    uint64_t hash; /* the row of the name, or the free one */
    uint64_t rid;
    uint64_t vid;
    uint64_t t;
    int64_t when;
    text body;
};
/* The compartment that a resource belongs in. A patient who is new gets one: at once when `make`,
 * else it is only named, as the next one. */
int find_home(struct writer *w, const struct write *write, const struct prepared *p,
              const struct target *target, bool make, uint64_t *ret_compartment);

/* --- permit.c ------------------------------------------------------------------------------ */

/* The view of whoever writes, for one request. */
void permit_begin(struct writer *w, const struct grant *g);
/* Whether there is such a resource to the one who writes. */
bool permit_sees(struct writer *w, const struct target *target);
/* ERR_NOT_FOUND, ERR_FORBIDDEN. `hidden`: there is none to the one who writes. */
int permit_write(struct writer *w, const struct prepared_request *p, size_t at,
                 const struct target *target, bool hidden);

/* --- facts.c ------------------------------------------------------------------------------- */

/* The row of policy for a version that is written (facts empty: a deletion), which replaces the one
 * under old_rid if one existed. */
int facts_keep(struct writer *w, bool existed, uint64_t old_rid, uint64_t rid, text facts);
/* Makes the row what it ought to be; counts it when it was not. */
/* What policy knows of a key; empty: nothing. In the writer's arena. */
int facts_of_key(struct writer *w, uint64_t rid, text *ret_facts);
int facts_repair(struct writer *w, uint64_t rid, uint32_t past, text facts, uint64_t *missing);
/* Around the COMMIT. */
int facts_begin(struct writer *w);
void facts_settle(struct writer *w, bool committed);

/* --- notes.c ------------------------------------------------------------------------------- */

/* Keeps the note of a write that has made a version. */
int note_keep(struct writer *w, const struct write *write);
/* Whether there are notes to be dropped. */
bool notes_wait(const struct writer *w);
/* Within a transaction: takes away those that are done with; *ret_t: up to which. */
int notes_drop(struct writer *w, uint64_t *ret_t);
/* The same for an idle writer; false: there is nothing to do. */
bool notes_work(struct writer *w);

/* --- ops.c --------------------------------------------------------------------------------- */

int ops_add(struct writer *w, uint16_t param, text value, uint64_t rid, int64_t when, bool remove);
/* Own parameters: the value is a number, 8 bytes. */
int ops_add_number(struct writer *w, fhir_type type, enum index_own own, uint64_t value,
                   uint64_t rid, bool remove);
int ops_flush(struct writer *w);
/* Drops what is held back. */
void ops_forget(struct writer *w);
/* Whether changes of this type's entries are held back. */
bool ops_touch(const struct writer *w, fhir_type type);

/* --- numbers.c ----------------------------------------------------------------------------- */

/* Completes rows, making rows for names, terms and patients that are new. */
int writer_complete_rows(struct writer *w, struct row *rows, size_t count);
/* The row of a name in the table of names, made if it is new. */
int writer_name(struct writer *w, const struct name *n, uint64_t *ret_row, uint64_t *ret_rid);
/* The number of a system or unit (the first byte says which), given if it is new. */
int writer_term(struct writer *w, text term, uint64_t *ret_number);

/* --- displays.c ---------------------------------------------------------------------------- */

/* The caller's side. 0 or ERR_MEMORY. */
int shown_make(const struct store *s, const struct index *index, struct arena *a,
               struct shown **ret_shown, size_t *ret_count);
/* Keeps those that are new. */
int writer_show(struct writer *w, const struct shown *shown, size_t count);

/* --- words.c ------------------------------------------------------------------------------- */

int indexer_start(struct writer *w, struct err *e);
void indexer_stop(struct writer *w);
/* A small piece of work for an idle writer (one of a few ms); false: there is none. */
bool indexer_work(struct writer *w);
/* The same after a batch, while more is waiting: now and then, so that words come even to a store
 * that never rests. `took`: ns that the batch took. */
void indexer_turn(struct writer *w, int64_t took);

/* --- train.c ------------------------------------------------------------------------------- */

int trainer_start(struct writer *w, struct err *e);
void trainer_stop(struct writer *w);
/* After a commit of `count` versions. */
void trainer_count(struct writer *w, uint64_t count);
/* Takes over a dictionary that is ready; false: there is none. */
bool trainer_install(struct writer *w);
/* A small piece of work for an idle writer; false: there is none. */
bool trainer_work(struct writer *w);

/* A dictionary is being trained. */
bool trainer_trains(const struct writer *w);

/* Whether requests wait. */
bool writer_wanted(struct writer *w);

#endif
