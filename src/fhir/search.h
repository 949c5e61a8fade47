/*
 * The search grammar (R4 search.html): a query string -> a plan that any store can run.
 *
 * The plan is about index entries only: a store needs no knowledge of FHIR to run it. A plan is an
 * AND of terms, and without terms every resource of the type; a term is an OR of atoms, which may
 * overlap; an atom is a set of (param, value) entries or of keys.
 */
#ifndef KITH_FHIR_SEARCH_H
#define KITH_FHIR_SEARCH_H

#include "base/limits.h"
#include "fhir/index.h"

enum plan_atom_kind {
    PLAN_NONE,   /* nothing */
    PLAN_ALL,    /* every resource of the type */
    PLAN_ID,     /* the resource (type, id) */
    PLAN_VALUE,  /* entries (param, value) */
    PLAN_TOKEN,  /* entries (param, code value) of the system `system`; see system_mode */
    PLAN_SYSTEM, /* entries of param with any code of `system` */
    PLAN_RANGE,  /* entries of param with low <= value < high (empty: from the start, to the end),
                    see test */
    PLAN_REFERENCE, /* entries (param, reference to target/value) */
    PLAN_HOME,      /* keys in the compartment of patient `value` without those that have the entry
                       (param, 0x00) */
    PLAN_COMPARTMENT, /* keys in the compartment of patient `value`, and its members */
    PLAN_UPDATED,     /* current version written at from <= ms since 1970 < to */
};

enum plan_system_mode { PLAN_SYSTEM_ANY, PLAN_SYSTEM_NONE, PLAN_SYSTEM_GIVEN };

/* What an entry's value must pass beyond its range, since one ordered list cannot say it. */
enum plan_test { PLAN_TEST_NONE, PLAN_TEST_DATE, PLAN_TEST_UNIT };

struct plan_atom {
    enum plan_atom_kind kind;
    uint16_t param;
    fhir_type target;
    enum plan_system_mode system_mode;
    enum plan_test test;
    text value;  /* VALUE, TOKEN, REFERENCE, HOME, COMPARTMENT, ID. HOME with target 0: the URL of a
                    patient elsewhere */
    text system; /* TOKEN, SYSTEM; TEST_UNIT: system of the unit, empty: any */
    text unit;   /* TEST_UNIT */
    text low;    /* RANGE */
    text high;
    /* TEST_DATE: start in [start_from, start_to] and end in [end_from, end_to]; UPDATED:
     * [start_from, start_to) */
    int64_t start_from, start_to, end_from, end_to;
};

/* Whether an entry's value passes the test of a RANGE atom whose range it is in. */
bool plan_atom_accepts(const struct plan_atom *atom, text value);

struct plan_term {
    struct plan_atom *atoms;
    size_t count;
};

struct plan_sort {
    uint16_t param; /* a parameter's number; INDEX_LAST_UPDATED of the type; 0: the id */
    bool descending;
};

struct plan {
    fhir_type type;
    struct plan_term *terms;
    size_t term_count;
    struct plan_sort *sorts;
    size_t sort_count;
};

enum search_total { TOTAL_NONE, TOTAL_ESTIMATE, TOTAL_ACCURATE };
enum search_summary { SUMMARY_FALSE, SUMMARY_COUNT };

struct search_include {
    bool reverse;
    fhir_type source; /* the type that holds the reference */
    const struct search_param *param;
    fhir_type target; /* 0: any */
};

enum { SEARCH_COUNT_DEFAULT = 50 };

struct search {
    struct plan plan;
    uint64_t count; /* entries a page, SEARCH_COUNT_DEFAULT when not given; 0: only the total
                       (summary is then COUNT) */
    bool count_given;
    enum search_total total;
    bool total_given;
    enum search_summary summary;
    struct search_include *includes;
    size_t include_count;
    text page;   /* the paging token of the request, empty: first page */
    text self;   /* the query as understood: canonical order, encoded, without paging token; no
                    leading '?' */
    text format; /* _format, empty: not given */
    bool pretty;
};

struct search_pair {
    text name; /* decoded */
    text value;
};

/*
 * application/x-www-form-urlencoded (a query string or the body of POST _search) -> pairs. '+' is a
 * space; a bad %-escape, a decoded NUL or invalid UTF-8 is ERR_INVALID. Empty items between '&' are
 * skipped.
 */
int search_decode(text form, const struct limits *limits, struct arena *a,
                  struct search_pair **ret_pairs, size_t *ret_count, struct err *e);

/* Compartment search (R4 search.html 3.1.1.2): /Patient/x/Observation. type 0: not in a
 * compartment. */
struct search_compartment {
    fhir_type type;
    text id;
};

/*
 * Understands the pairs for one type. Every error names the parameter, what is wrong with it and
 * what would be right; an unknown parameter, modifier or prefix is ERR_INVALID and lists what the
 * type knows; a parameter that the standard has but this version does not answer is
 * ERR_NOT_SUPPORTED.
 */
int search_parse(fhir_type type, struct search_compartment in, const struct search_pair *pairs,
                 size_t count, text base, const struct limits *limits, struct arena *a,
                 struct search *ret_search, struct err *e);

/* Every reference by one parameter in a resource (for _include): local ones only. */
struct search_target {
    fhir_type type;
    text id;
};
int search_targets(const struct resource *r, const struct search_param *param, text base,
                   struct arena *a, struct search_target **ret_targets, size_t *ret_count);

#endif
