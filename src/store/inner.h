/* What the files of store/ share, and nobody else sees. */
#ifndef KITH_STORE_INNER_H
#define KITH_STORE_INNER_H

#include "base/map.h"
#include "store/body.h"
#include "store/engine.h"
#include "store/key.h"
#include "store/sheets.h"
#include "store/store.h"

#include <pthread.h>
#include <stdatomic.h>

struct writer;

/*
 * Terms: texts with a number, each kind marked by its first byte: 's' the URI of a code system, 'u'
 * index_unit(), a unit, 'f' a combination of facets (struct facet). They are only ever added; what
 * is not in the map may still be in the database. Each kind has a range of numbers of its own, so
 * that systems have the shortest ones.
 */
enum {
    TERM_SYSTEMS = 1, /* to SYSTEM_COUNT_MAX - 1 */
    TERM_UNITS = 1 << 29,
    UNIT_COUNT_MAX = 1 << 24,
    TERM_FACETS = 1 << 30, /* type << 13 | place in order of coming; 1 << 12: some are single */
};
struct terms {
    pthread_rwlock_t lock;
    struct map map;
    struct arena bytes;
};

/* heavy.c: searches that have run for long. */
struct turns {
    pthread_mutex_t lock;
    unsigned most;    /* at once */
    unsigned running; /* those that have a turn */
    _Atomic unsigned waiting;
    struct turn_waiter *first;
    struct turn_waiter **last;
};

void turns_init(struct turns *t, const struct limits *limits);
void turns_done(struct turns *t);

struct store {
    char *dir;
    enum store_mode mode;
    struct limits limits;
    text base;                                      /* of the node, owned */
    _Atomic(const struct search_customs *) customs; /* in force */
    struct params *params;
    struct store_identity identity;
    char *identity_bytes; /* what `identity` points into */
    struct name_hasher hasher;
    struct bodies *bodies;
    struct terms terms;
    struct facets *facets;
    const struct label_rules *labels;
    struct label_rules *own_labels; /* of the file in its folder */
    void (*noted)(void *context);   /* store_config */
    void *noted_context;
    struct sheets *sheets;
    struct verdict_shelf *verdict_shelf;
    int lock; /* descriptor of the lock file, -1: none */
    pthread_mutex_t pool_lock;
    struct store_view *idle_views;
    struct tools_pool {
        struct body_tools *items[8];
        size_t count;
    } idle_tools;
    struct writer *writer;
    atomic_bool full;
    struct turns turns;
    _Atomic uint64_t floor;       /* versions to come are later than this: store_moment() */
    _Atomic uint64_t definitions; /* store_definitions() */
    _Atomic uint64_t choices;     /* store_choices() */
    _Atomic uint64_t commits;     /* of this process, counted before anyone is told of them */
    atomic_bool let_go;           /* idle views must hold nothing: the log waits to be emptied */
};

struct store_view {
    struct store *s;
    struct index_rules rules; /* in force when it began: not older than what it sees */
    const struct grant *g;
    struct db *db;
    struct body_tools *tools;
    int64_t searched_ns; /* by searches of this view that may have to wait for turns */
    bool snapshot;       /* a transaction is open for the whole view */
    bool held; /* it stays open while the view is idle: reading costs no locks until the next commit
                */
    uint64_t held_at; /* s->commits when it was opened */
    bool reads_all;
    uint8_t asks; /* MAY_READ or MAY_SEARCH: what scopes with parameters are asked for */
    struct verdicts *verdicts;  /* verdicts.h; NULL: none yet */
    struct err trouble;         /* why something could not be decided: then nothing is handed out */
    const struct writer *alone; /* the writer's own, which sees its transaction; else NULL */
    int entered;
    struct store_view *next; /* among the idle ones */
};

/*
 * true: ends the transactions that idle views hold, and lets no view keep one, until false: the log
 * can only be emptied when nobody reads in it.
 */
void views_let_go(struct store *s, bool let_go);

/* For calls of several statements: they see one state. Nests. view_leave() returns rc, with `e`
 * filled for the engine's errors. */
int view_enter(struct store_view *v, struct err *e);
void view_leave(struct store_view *v);

/* --- what may be seen (decide.c) ----------------------------------------------------------- */

/* Of everybody but those who read all: whether the version under this key is seen. `past`: it is
 * not the current one, which has the time t; a deletion is a version that is past. */
bool view_decides(struct store_view *v, uint64_t rid, bool past, uint64_t t);
/* The current version. */
static inline bool view_may(struct store_view *v, uint64_t rid)
{
    return v->reads_all || view_decides(v, rid, false, 0);
}
static inline bool view_may_past(struct store_view *v, uint64_t rid, uint64_t t)
{
    return v->reads_all || view_decides(v, rid, true, t);
}
/* Whether all that is of the key's type and in its compartment is seen; false says nothing. */
bool view_sees_whole(struct store_view *v, uint64_t rid);
/* Whether anything of a patient may be seen. */
bool view_may_enter(struct store_view *v, uint64_t compartment);
/* rc, unless something could not be decided: then that, with *e filled. */
int view_settled(struct store_view *v, int rc, struct err *e);
/* For what was found and is not handed out after all, since the grant does not see it: a fault of a
 * plan, unless it could not be decided. Never 0. */
int view_not_sent(struct store_view *v, struct err *e);
/* What is kept for one use of the view. */
void view_forget(struct store_view *v);
void verdicts_free(struct verdicts *verdicts);

struct verdict {
    uint64_t compartment; /* 0: free */
    struct decision decision;
    struct kept_sheet *kept;
    bool stays; /* somebody was given its sheet, until the view ends */
    bool stale; /* the sheet has changed since: to be decided again */
};
/* Of a patient's compartment, valid until the next one is asked for. NULL: could not be decided. */
struct verdict *view_verdict(struct store_view *v, uint64_t compartment);
/* The same, and its sheet stays until the view ends. */
struct verdict *view_verdict_stays(struct store_view *v, uint64_t compartment);
/* Whether a resource matches what the scopes' parameters ask for `rights` (grant_only()). Plans of
 * scopes have no joins, so nothing else is asked. */
int only_has(struct store_view *v, fhir_type type, uint8_t rights, const struct resource *r,
             const struct index *index, uint64_t t, bool *ret_has);

/* The file `labels` of the folder, unless rules were given (labels.c). */
int labels_load(struct store *s, struct err *e);

/* Members of a patient's compartment that lie in others (fhir/index.h): their keys, in order. */
int view_members(struct store_view *v, uint64_t compartment, struct arena *a, uint64_t **ret_rids,
                 size_t *ret_count, struct err *e);

struct body_tools *tools_take(struct store *s);
void tools_give(struct store *s, struct body_tools *tools);

/* Unpacks a body, fetching its dictionary from the database when it is a new one. */
int stored_body(struct store *s, struct db *db, struct body_tools *tools, text body,
                struct arena *a, text *ret_packed, struct err *e);
/* Fills all of *ret_version from a row; the body is unpacked when with_body. */
int version_of(struct store_view *v, const struct db_resource *row, text id, bool with_body,
               struct arena *a, struct version *ret_version, struct err *e);

/* `bytes` with the first byte that says what it is. 0: not known. */
uint64_t terms_cached(struct terms *terms, text bytes);
void terms_add(struct terms *terms, text bytes, uint64_t number);
/* Looks in the database too. DB_END: it has no number. */
int terms_number(struct store *s, struct db *db, text bytes, uint64_t *ret_number);
/* The same for a code system. */
int system_number(struct store *s, struct db *db, text uri, uint64_t *ret_number);

/* The term of a text: its kind, then its bytes. p == NULL: no memory. */
text term_bytes(char kind, text t, struct arena *a);

/* All units that have a number: in order of it. */
struct unit {
    uint64_t number; /* below UNIT_COUNT_MAX: the first three bytes of its values, big-endian */
    text unit;       /* index_unit() */
};
int units_all(struct store *s, struct db *db, struct arena *a, struct unit **ret_units,
              size_t *ret_count);

/* Number of the unit, then the decimal. p == NULL: no memory. */
text unit_value(uint64_t number, text decimal, struct arena *a);

/*
 * Facets: the entries of one resource's facet parameters (search_param.facet), together, as one
 * entry (own parameter INDEX_FACETS, facet_value(number)). At most FACETS_MAX combinations a type;
 * a resource with a further one, or with more than FACET_ENTRIES_MAX such entries, has its facet
 * entries one by one, as those of other parameters. Whether a combination has a number only ever
 * goes from no to yes, and only while there is room: so what a stored version has can be derived.
 */
enum { FACETS_MAX = 4096, FACET_ENTRIES_MAX = 12, FACET_VALUE_SIZE = 2 };
struct facet {
    uint64_t number;
    const struct index_entry *entries; /* in index_extract()'s order */
    size_t count;
};
/* Those of a type that exist now (at least those that the view's state knows). They stay until the
 * store is closed. *ret_single: some resources may have no combination, but their facet entries one
 * by one, or none; else each resource of the type has exactly one. */
int facets_of(struct store *s, struct db *db, fhir_type type, const struct facet **ret_facets,
              size_t *ret_count, bool *ret_single);
text facet_value(uint64_t number, char buffer[FACET_VALUE_SIZE]);

/* The term of a combination; p == NULL: no memory. All entries are of parameters of `type`. */
text facet_term(fhir_type type, const struct index_entry *entries, size_t count, struct arena *a);
/* Which type's combination has this number; 0: none. */
fhir_type facet_type(uint64_t number);
/* max 0: FACETS_MAX. */
struct facets *facets_new(size_t max);
void facets_free(struct facets *f);
/* All that the store has, when it is opened. */
int facets_load(struct store *s, struct db *db);
/* The writer's: a number for a new combination, within its transaction (the view of `db`).
 * DB_END: there is no room. */
int facets_add(struct store *s, struct db *db, text term, uint64_t *ret_number);
/* The type has a resource without a combination. */
int facets_single(struct store *s, struct db *db, fhir_type type);
/* Around the writer's COMMIT: begin (returns false when there is nothing new), then settle. */
bool facets_begin(struct facets *f);
void facets_settle(struct facets *f, bool committed);

/* Full text: versions up to this t are in db_words_open(); those behind it have to be looked at. */
int words_until(struct db *db, uint64_t *ret_t);

/* --- names --------------------------------------------------------------------------------- */

struct found {
    bool known;
    uint64_t hash;      /* the row of the name; when it is not known, the free row for it */
    struct db_name row; /* known: valid until db_name_done() */
};

/* Always call db_name_done() after it. */
int name_find(struct db *db, const struct name *n, bool with_body, struct found *ret_found);
/* The patient's compartment; DB_END: none. */
int patient_compartment(struct store *s, struct db *db, text patient, uint64_t *ret_compartment);

/* --- facts of policy (facts.c) -------------------------------------------------------------- */

/* Those of a stored version, from its bytes as they are kept. ERR_CORRUPT: it cannot be read. */
int facts_of_body(struct store *s, struct db *db, struct body_tools *tools,
                  const struct db_resource *row, text id, struct arena *a, text *ret_facts,
                  struct err *e);
/* The labels of all older versions that stand under a key. Those that cannot be read give none. */
int facts_past(struct store *s, struct db *db, struct body_tools *tools, uint64_t rid, text id,
               struct arena *a, uint32_t *ret_past, struct err *e);
/*
 * Whether the row of policy under a key is what its versions give: `row` is the resource that
 * stands there now, or NULL where one has left. Sets what it ought to be, in the arena. A body that
 * cannot be read gives nothing to hold it against: then it counts as right.
 */
int facts_right(struct store *s, struct db *db, struct body_tools *tools, uint64_t rid,
                const struct db_resource *row, text id, struct arena *a, struct db_policy *ret_row,
                bool *ret_right, struct err *e);

/* --- index rows ---------------------------------------------------------------------------- */

enum row_kind {
    ROW_READY,     /* value is complete */
    ROW_SYSTEM,    /* value is the code; the system has to get its number */
    ROW_UNIT,      /* value is the decimal; the unit has to get its number */
    ROW_FACETS,    /* the combination has to get its number, or becomes single rows */
    ROW_REFERENCE, /* the name has to get its row */
    ROW_MEMBER,    /* a further patient's compartment */
    ROW_DROPPED,   /* is none: rows_sort() leaves it out */
};

enum { IDENTIFIER_MARK = 8 };
struct row {
    uint16_t param;
    uint8_t kind;
    bool dated;      /* goes with the resource's `when` */
    bool identifier; /* INDEX_IDENTIFIER: 8 bytes of 0xFF, then the token */
    bool single;     /* stands for a part of the ROW_FACETS before it, if that gets no number */
    text value;
    text system; /* the term: of the system, the unit, the combination */
    struct name *name;
};

/* 0 or ERR_MEMORY. What is known without the database is complete. */
int rows_make(struct store *s, fhir_type type, const struct index *index, struct arena *a,
              struct row **ret_rows, size_t *ret_count);
/* Completes rows from the database without adding anything; rows whose parts are unknown get an
 * empty value (a combination of facets that is unknown becomes its single rows). */
int rows_look_up(struct store *s, struct db *db, struct row *rows, size_t count, struct arena *a);
/* With the number of what it waited for. 0 or ERR_MEMORY. */
int row_complete(struct row *row, uint64_t number, struct arena *a);
/* By (param, value), without duplicates and dropped ones. */
size_t rows_sort(struct row *rows, size_t count);

/* The index of a stored version, derived from its bytes. */
int stored_index(const struct store *s, fhir_type type, text id, text packed, struct arena *a,
                 struct index *ret_index, struct err *e);

/* A stored version as a resource in memory. */
int stored_resource(const struct store *s, fhir_type type, text id, text packed, struct arena *a,
                    struct resource *ret_resource, struct err *e);

static inline uint16_t own_param(fhir_type type, enum index_own own)
{
    return (uint16_t)((unsigned)type << 8 | (unsigned)own);
}

/* --- the writer ---------------------------------------------------------------------------- */

int writer_start(struct store *s, struct err *e);
/* Whether the batch that is under way changes what policy knows of a compartment. */
bool writer_changed(const struct writer *w, uint64_t compartment);
/* The stamp of what was committed last. */
uint64_t writer_stamp(const struct writer *w);
/* Whether this is the connection that writes: it sees what may yet be rolled back. */
bool writer_owns(const struct writer *w, const struct db *db);
/* Finishes what is queued, checkpoints and frees. */
void writer_stop(struct store *s);

#endif
