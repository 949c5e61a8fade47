/* What the parts of store_check() share. */
#ifndef KITH_STORE_CHECKER_H
#define KITH_STORE_CHECKER_H

#include "store/params.h"

struct check_version {
    uint64_t t;
    uint64_t rid;
    uint64_t words; /* sum of the hashes of its words, less those that the index has */
};

struct checker {
    struct store_view *v;
    struct store *s;
    struct db *db;
    const struct store_checker *to;
    uint64_t findings;
    uint64_t done;
    uint64_t all;
    uint64_t next_compartment;
    uint64_t resources;             /* rows of current versions */
    uint64_t name_rows;             /* names of resources that exist */
    uint64_t history_rows;          /* older versions that belong to a resource */
    uint64_t index_rows;            /* that ought to be there */
    uint64_t policy_rows;           /* that belong to a key that is or was in use */
    struct check_version *versions; /* that are current */
    size_t version_count;
    size_t version_capacity;
    struct arena versions_arena;
    uint64_t words_until;
    struct shown_cache_slot *shown; /* displays that have been seen */
    struct params_state params;     /* as the snapshot has them */
    struct arena arena;             /* for one resource */
};

__attribute__((format(printf, 3, 4))) void check_report(struct checker *c, const char *invariant,
                                                        const char *format, ...);
/* "Patient/x" for messages. */
text check_label(struct checker *c, fhir_type type, text stored_id);

/* What a version ought to have. */
struct derived {
    struct resource resource;
    struct index index;
    struct row *rows; /* complete, sorted */
    size_t count;
};
/* DB_END: the body cannot be read (reported when `report`). */
int check_derive(struct checker *c, const struct db_resource *row, bool report,
                 struct derived *ret_derived);
static inline int64_t check_when(const struct derived *d, size_t i)
{
    return d->rows[i].dated ? d->index.when : INDEX_WHEN_NONE;
}

/* Whether entries of this parameter may be absent from a resource: they are still being built. */
static inline bool check_may_lack(const struct checker *c, uint16_t param, uint64_t rid)
{
    const struct param_row *row = params_find(&c->params, param);
    return row && row->state == PARAM_BUILDING && rid > row->done;
}

/* check_words.c: I15, and what I16 needs of one version. */
int check_displays(struct checker *c, const struct db_resource *row, const struct derived *d);
int check_words(struct checker *c, const struct derived *d, struct check_version *version);
/* Then I16, of versions in order of t. */
int check_all_words(struct checker *c);

/* check_policy.c: I17 of a resource's keys. Then of rows that are nobody's. */
int check_policy(struct checker *c, const struct db_resource *row);
int check_policy_rest(struct checker *c);

/* check_resources.c: I2 to I9 of every current version. */
int check_resources(struct checker *c);

#endif
