/* Between the parts of search_parse(). For search_*.c alone. */
#ifndef KITH_FHIR_SEARCH_PARSE_H
#define KITH_FHIR_SEARCH_PARSE_H

#include "fhir/reference.h"
#include "fhir/search.h"
#include "fhir/search_tables.h"

struct search_reader {
    fhir_type type;
    text base;
    const struct limits *limits;
    struct arena *arena;
    struct search *search;
    struct err *e;
    size_t term_capacity;
    size_t include_capacity;
    size_t sort_capacity;
    uint64_t values;
    bool has_count, has_sort, has_total, has_summary, has_pretty;
};

/* The alternatives of one term while they are collected. */
struct search_atoms {
    struct plan_atom *items;
    size_t count;
    size_t capacity;
};

enum search_prefix {
    PREFIX_EQ,
    PREFIX_NE,
    PREFIX_GT,
    PREFIX_LT,
    PREFIX_GE,
    PREFIX_LE,
    PREFIX_SA,
    PREFIX_EB,
    PREFIX_AP,
};

/* One of the alternatives between commas, escapes still in it, as atoms. name: as in the query, for
 * errors. */
int search_value(struct search_reader *r, const struct search_param *param, text modifier,
                 text name, text value, struct search_atoms *atoms);
/* The same for `_id` and `_lastUpdated`. */
int search_value_id(struct search_reader *r, text value, struct search_atoms *atoms);
int search_value_updated(struct search_reader *r, text value, struct search_atoms *atoms);
/* Atoms of a date parameter for the moments [start, end). now: ms since 0001, for ap. */
int search_dates(struct search_reader *r, uint16_t param, enum search_prefix prefix, int64_t start,
                 int64_t end, int64_t now, struct search_atoms *atoms);

int search_atom_add(struct search_reader *r, struct search_atoms *atoms, struct plan_atom atom);

/*
 * The bounds that a number in a query stands for, encoded by index_decimal(): itself, its implied
 * range [low, high), and ten per cent around it. False: not a number, or of more digits than are
 * taken.
 */
struct search_bounds {
    text exact, low, high, approximate_low, approximate_high;
};
bool search_bounds(text number, struct arena *a, struct search_bounds *ret);

/* The first byte string that does not start with t; empty: there is none. p == NULL: no memory. */
text search_successor(text t, struct arena *a);

/* Cuts at the first separator that no backslash escapes; like text_cut(). */
bool search_cut(text *rest, char separator, text *ret_head);
/* Without the backslashes of \, \| \$ and \\. p == NULL: no memory. */
text search_unescape(text t, struct arena *a);

/* _sort, _count ... . *ret_known: whether name is one of them; then the result says whether it is
 * right. */
int search_control(struct search_reader *r, text name, text modifier, text value, bool *ret_known);

/* r->search->self of the pairs that were understood. */
int search_self(struct search_reader *r, const struct search_pair *pairs, size_t count);

int search_no_memory(struct err *e);

#endif
