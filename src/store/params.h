/*
 * Search parameters that people have added: which there are, in what state, and the background work
 * that builds and removes their entries, or derives all entries anew ($reindex).
 *
 * The set in force changes only between batches, after the commit that registers the change. So
 * every write of a batch is indexed under one set (one that was prepared under another is derived
 * anew), and what was written before a parameter came is what the walker goes through.
 * docs/adr/0006 has the reasons.
 */
#ifndef KITH_STORE_PARAMS_H
#define KITH_STORE_PARAMS_H

#include "fhir/search_custom.h"
#include "store/writer.h"

struct param_row {
    uint16_t number;
    uint8_t state;   /* enum store_param_state; PARAM_REMOVED: nothing is left of it */
    bool free;       /* it was removed before this process began, so nobody knows its number */
    uint64_t done;   /* BUILDING: every resource with a key up to this one has its entries */
    uint64_t looked; /* resources that the builder has gone through */
    text id;         /* of the SearchParameter */
    text definition; /* JSON */
    const struct search_custom *custom; /* BUILDING and USABLE */
};

/* $reindex, the newest one. Kept in the table meta. */
enum reindex_phase {
    REINDEX_NONE,    /* there never was one */
    REINDEX_MISSING, /* resource after resource: entries that are missing */
    REINDEX_STALE,   /* entry after entry: those that no resource gives */
    REINDEX_DONE,
};
struct reindex {
    uint64_t number;
    uint64_t type; /* 0: all */
    uint64_t phase;
    uint64_t done; /* MISSING: key; STALE: parameter */
    uint64_t looked;
    uint64_t entries;
    uint64_t missing;
    uint64_t stale;
    uint64_t began; /* ms since 1970 */
    uint64_t ended;
};

struct params_state {
    struct param_row *rows; /* by number */
    size_t count;
    struct reindex reindex;
};

struct noted {
    text id;
    struct noted *next;
};

struct params {
    pthread_mutex_t lock; /* of `now`, which the writer alone changes */
    struct params_state now;
    struct arena arena; /* of the writer: what rows and sets point to, until the store is closed */
    uint64_t generation;
    _Atomic uint64_t written; /* the writer's committed_t */
    /* The batch; in the writer's arena. */
    struct params_state *next;          /* NULL: nothing changes */
    bool joins_or_leaves;               /* parameters: extraction changes */
    bool ready;                         /* one has become usable */
    const struct search_customs *fresh; /* the set to come; NULL: it stays */
    struct noted *noted;                /* SearchParameters that were written */
    struct param_row *kept; /* room for the rows to come, so that nothing fails after a commit */
    size_t room_kept;
    size_t room_now;
    struct walker *walker;
};

/* --- params.c ------------------------------------------------------------------------------ */

int params_open(struct store *s, struct db *db, struct err *e);
void params_close(struct store *s);
/* All rows, and the set that they make. `next` is its generation when there is one. For
 * store_check() too. */
int params_read(struct db *db, struct arena *a, struct params_state *ret_state);
int params_set(const struct params_state *state, uint64_t generation, struct arena *a,
               const struct search_customs **ret_set);
const struct param_row *params_find(const struct params_state *state, uint16_t number);
int params_reindex_put(struct db *db, const struct reindex *r);

/* --- params_register.c: the writer's side -------------------------------------------------- */

/* A version of this SearchParameter is written in this batch. */
int params_note(struct writer *w, text id);
/* The state as this batch has made it, to be changed. NULL: no memory. */
struct params_state *params_change(struct writer *w);
/* Before the commit: what was noted is registered. */
int params_register(struct writer *w);
int params_put(struct writer *w, const struct param_row *row);
/* After the commit, and after s->commits has grown. */
void params_settle(struct writer *w);
void params_forget(struct writer *w);

/* What is prepared, or (where that was done under another set) prepared anew. */
int params_refresh(struct writer *w, const struct write *write, const struct prepared *p,
                   struct prepared *ret_prepared);

/* --- pieces: walk.c makes them, pieces.c applies them -------------------------------------- */

enum piece_kind {
    PIECE_BUILD,   /* entries of one parameter */
    PIECE_REMOVE,  /* entries of a parameter that is gone */
    PIECE_START,   /* a new $reindex */
    PIECE_RECHECK, /* resources whose entries seem to lack something */
    PIECE_STALE,   /* entries that seem to be nobody's */
};

struct piece_item {
    uint64_t rid;
    uint64_t t;
    struct row *rows;
    size_t row_count;
    struct shown *shown;
    size_t shown_count;
};

struct piece_entry {
    uint16_t param;
    text value;
    uint64_t rid;
};

struct piece {
    enum piece_kind kind;
    uint16_t number;  /* BUILD, REMOVE: of the parameter. */
    uint64_t reindex; /* START, RECHECK, STALE: of the $reindex */
    fhir_type type;   /* START */
    uint64_t seen;    /* t of the last version that was there when it was made, at least */
    uint64_t from;    /* where it begins: what is done before it */
    uint64_t done;    /* where it ends */
    bool end;         /* there is no more behind it */
    uint64_t looked;  /* resources, or entries */
    struct piece_item *items;
    size_t item_count;
    struct piece_entry *entries;
    size_t entry_count;
    struct arena arena;
    struct job job;
    /* Set: */
    bool settled; /* has failed: is left out */
    int result;   /* ERR_CONFLICT: it is no longer wanted like this */
    struct err err;
};

/* Changes nothing when the piece is no longer wanted. Fails only by the engine or for memory. */
int piece_apply(struct writer *w, struct piece *p);
/* Hands it over; it must stay until piece_await(). */
void piece_submit(struct writer *w, struct piece *p);
int piece_await(struct writer *w, struct piece *p);

/* --- walk.c -------------------------------------------------------------------------------- */

/* When the writer's thread runs. */
int walker_start(struct writer *w, struct err *e);
/* Before the writer stops. */
void walker_stop(struct writer *w);
/* There may be something to do. */
void walker_wake(struct params *params);

/* --- walk_read.c: what a piece finds, on the walker's own connection ------------------------ */

struct walk_reader {
    struct store *s;
    struct db *db;
    struct body_tools *tools;
    struct arena scratch;
};
int walk_build(struct walk_reader *r, const struct search_param *param, size_t most,
               struct piece *p);
int walk_remove(struct walk_reader *r, size_t most, struct piece *p);
int walk_resources(struct walk_reader *r, fhir_type type, size_t most, struct piece *p);
/* Entries of parameter p->from on, behind (value, rid). */
struct walk_place {
    uint16_t param;
    char bytes[256];
    size_t n;
    uint64_t rid;
    bool inside; /* behind (value, rid); else at the parameter's beginning */
};
int walk_entries(struct walk_reader *r, fhir_type type, size_t most, struct walk_place *place,
                 struct piece *p);

#endif
