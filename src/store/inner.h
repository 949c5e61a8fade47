/* What the files of store/ share, and nobody else sees. */
#ifndef KITH_STORE_INNER_H
#define KITH_STORE_INNER_H

#include "base/map.h"
#include "store/body.h"
#include "store/engine.h"
#include "store/key.h"
#include "store/store.h"

#include <pthread.h>
#include <stdatomic.h>

struct writer;

/* Numbers of code systems. Only ever added; what is not in the map may still be in the database. */
struct systems {
    pthread_rwlock_t lock;
    struct map map;
    struct arena uris;
};

struct store {
    char *dir;
    enum store_mode mode;
    struct limits limits;
    text base; /* owned */
    struct store_identity identity;
    char *identity_bytes; /* what `identity` points into */
    struct name_hasher hasher;
    struct bodies *bodies;
    struct systems systems;
    int lock; /* descriptor of the lock file, -1: none */
    pthread_mutex_t pool_lock;
    struct store_view *idle_views;
    struct tools_pool {
        struct body_tools *items[8];
        size_t count;
    } idle_tools;
    struct writer *writer;
    atomic_bool full;
    _Atomic uint64_t floor;   /* versions to come are later than this: store_moment() */
    _Atomic uint64_t commits; /* of this process, counted before anyone is told of them */
    atomic_bool let_go;       /* idle views must hold nothing: the log waits to be emptied */
};

struct store_view {
    struct store *s;
    const struct grant *g;
    struct db *db;
    struct body_tools *tools;
    bool snapshot; /* a transaction is open for the whole view */
    bool held; /* it stays open while the view is idle: reading costs no locks until the next commit
                */
    uint64_t held_at; /* s->commits when it was opened */
    bool reads_all;
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
static inline bool view_may(const struct store_view *v, uint64_t rid)
{
    return v->reads_all || grant_may_read(v->g, rid_compartment(rid));
}

struct body_tools *tools_take(struct store *s);
void tools_give(struct store *s, struct body_tools *tools);

/* Unpacks a body, fetching its dictionary from the database when it is a new one. */
int stored_body(struct store *s, struct db *db, struct body_tools *tools, text body,
                struct arena *a, text *ret_packed, struct err *e);
/* Fills all of *ret_version from a row; the body is unpacked when with_body. */
int version_of(struct store_view *v, const struct db_resource *row, text id, bool with_body,
               struct arena *a, struct version *ret_version, struct err *e);

/* 0: not known. */
uint64_t systems_cached(struct systems *systems, text uri);
void systems_add(struct systems *systems, text uri, uint64_t number);
/* Looks in the database too. */
int system_number(struct store *s, struct db *db, text uri, uint64_t *ret_number);

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

/* --- index rows ---------------------------------------------------------------------------- */

enum row_kind {
    ROW_READY,     /* value is complete */
    ROW_SYSTEM,    /* value is the code; the system has to get its number */
    ROW_REFERENCE, /* the name has to get its row */
    ROW_MEMBER,    /* a further patient's compartment */
};

struct row {
    uint16_t param;
    uint8_t kind;
    text value;
    text system;
    struct name *name;
};

/* 0 or ERR_MEMORY. What is known without the database is complete. */
int rows_make(struct store *s, fhir_type type, const struct index *index, struct arena *a,
              struct row **ret_rows, size_t *ret_count);
/* Completes rows from the database without adding anything; rows whose parts are unknown get an
 * empty value. */
int rows_look_up(struct store *s, struct db *db, struct row *rows, size_t count, struct arena *a);
/* By (param, value), without duplicates. */
size_t rows_sort(struct row *rows, size_t count);

/* The index of a stored version, derived from its bytes. */
int stored_index(const struct store *s, fhir_type type, text id, text packed, struct arena *a,
                 struct index *ret_index, struct err *e);

static inline uint16_t own_param(fhir_type type, enum index_own own)
{
    return (uint16_t)((unsigned)type << 8 | (unsigned)own);
}

/* --- the writer ---------------------------------------------------------------------------- */

int writer_start(struct store *s, struct err *e);
/* Finishes what is queued, checkpoints and frees. */
void writer_stop(struct store *s);

#endif
