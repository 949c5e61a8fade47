/* Inside defs*.c: a shelf, and how what is asked of it is made once and kept. */
#ifndef KITH_FHIR_DEFS_INT_H
#define KITH_FHIR_DEFS_INT_H

#include "base/map.h"
#include "fhir/defs.h"

#include <pthread.h>
#include <stdatomic.h>

enum { DEFS_SOURCES_MOST = 8 };

enum defs_kind {
    DEFS_RESOURCE = 'r',
    DEFS_SNAPSHOT = 's',
    DEFS_PROFILE = 'p',
    DEFS_SET = 'v',
    DEFS_CODES = 'c'
};

/* What is being made, and what waits for it. */
struct defs_making {
    text key;
    const struct defs_making *up;
};

struct defs {
    struct defs_source sources[DEFS_SOURCES_MOST];
    size_t source_count;
    struct defs *below;    /* asked where the sources have nothing; NULL: the core of R4 is */
    pthread_rwlock_t lock; /* entries */
    pthread_mutex_t make;  /* recursive; guards what follows up to nesting */
    struct map entries;    /* key -> struct entry; read with either lock, changed with both */
    struct arena arena;
    size_t kept;
    size_t misses;                    /* of those kept, what was not found or is wrong */
    const struct defs_making *making; /* the innermost */
    unsigned nesting;                 /* makers that wait for what they are based on */
    _Atomic bool full;
};

struct defs_ask {
    struct defs *d;
    enum defs_kind kind;
    fhir_type type;
    text url;
    text version;
};

typedef int defs_maker(const struct defs_ask *ask, const void **ret_made, struct err *e);

/* What an ask means: kept from before, or made by `make` and kept. */
int defs_get(const struct defs_ask *ask, defs_maker *make, const void **ret_made, struct err *e);
int defs_no_memory(struct err *e);

#endif
