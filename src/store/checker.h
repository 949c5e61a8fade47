/* What the parts of store_check() share. */
#ifndef KITH_STORE_CHECKER_H
#define KITH_STORE_CHECKER_H

#include "store/inner.h"

struct checker {
    struct store_view *v;
    struct store *s;
    struct db *db;
    const struct store_checker *to;
    uint64_t findings;
    uint64_t done;
    uint64_t all;
    uint64_t next_compartment;
    uint64_t resources;    /* rows of current versions */
    uint64_t name_rows;    /* names of resources that exist */
    uint64_t history_rows; /* older versions that belong to a resource */
    uint64_t index_rows;   /* that ought to be there */
    uint64_t *times;       /* of current versions */
    size_t time_count;
    size_t time_capacity;
    struct arena times_arena;
    struct arena arena; /* for one resource */
};

__attribute__((format(printf, 3, 4))) void check_report(struct checker *c, const char *invariant,
                                                        const char *format, ...);
/* "Patient/x" for messages. */
text check_label(struct checker *c, fhir_type type, text stored_id);

/* The rows that a version ought to have, complete. DB_END: the body cannot be read (reported when
 * `report`). */
int check_derive(struct checker *c, const struct db_resource *row, bool report,
                 struct row **ret_rows, size_t *ret_count, struct index *ret_index);

/* check_resources.c: I2 to I9 of every current version. */
int check_resources(struct checker *c);

#endif
