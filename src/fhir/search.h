/*
 * The search grammar (R4 search.html): a query string -> a plan that any store can run.
 *
 * A plan is a tree. Its leaves are sets of (param, value) entries or of keys, which a store finds
 * in its index without knowing FHIR; what entries cannot say is a CHECK on the resource itself,
 * with a plan below it that finds all candidates. plan_test() answers the same tree for one
 * resource in memory, without any index.
 */
#ifndef KITH_FHIR_SEARCH_H
#define KITH_FHIR_SEARCH_H

#include "base/limits.h"
#include "fhir/index.h"

enum plan_kind {
    PLAN_NONE, /* nothing */
    PLAN_ALL,  /* every resource of the type */
    PLAN_AND,  /* of items; none: all */
    PLAN_OR,   /* of items; none: nothing. They may overlap */
    PLAN_NOT,  /* resources of the type that items[0] does not match */

    /* Leaves. */
    PLAN_ID,     /* the resource (type, id) */
    PLAN_VALUE,  /* entries (param, value) */
    PLAN_TOKEN,  /* entries (param, code value) of the system `system`; see system_mode.
                    of_reference:  INDEX_IDENTIFIER entries instead of INDEX_TOKEN ones */
    PLAN_SYSTEM, /* entries of param with any code of `system`; of_reference as above */
    PLAN_RANGE,  /* entries (INDEX_BYTES) of param with low <= value < high (empty: from the start,
                    to the end), see test */
    PLAN_QUANTITY, /* INDEX_QUANTITY entries of param, see plan_quantity_range() */
    PLAN_EXISTS,   /* any entry of param but the exception mark 0x00 */
    PLAN_TEXT,     /* entries of param whose tokens stand beside a text with a word that begins with
                      `value` (folded; several words: the first, with the others behind it), and
                      entries 0x02 with such a text. Shortened texts match as far as they go, so this
                      finds too much: stands below a CHECK */
    PLAN_REFERENCE,   /* entries (param, reference to target/value) */
    PLAN_HOME,        /* keys in the compartment of patient `value` without those that have the
                         exception mark (param, 0x00) */
    PLAN_HOMED,       /* keys in the compartment of any patient without those that have it */
    PLAN_COMPARTMENT, /* keys in the compartment of patient `value`, and its members */
    PLAN_UPDATED,     /* current version written at from <= ms since 1970 < to */
    PLAN_WORDS,       /* all words of `value` (folded, apart by one space) stand in index_words();
                         narrative: of the narrative */

    /* Joins: other resources decide. */
    PLAN_CHAIN, /* resources with a reference by param to a `target` resource that items[0] (a plan
                   for that type) matches. implied: the home patient counts, too. by_url: the
                   reference is a canonical; it is the target's url (with or without |version),
                   found by its parameter `target_url` */
    PLAN_HAS, /* resources of the type to which a `target` resource that items[0] matches refers by
                 its parameter param. implied, by_url, target_url (of this type): the same */

    PLAN_CHECK, /* what items[0] matches and passes `check` on its own data */
};

enum plan_system_mode { PLAN_SYSTEM_ANY, PLAN_SYSTEM_NONE, PLAN_SYSTEM_GIVEN };

/* What an entry's value must pass beyond its range, since one ordered list cannot say it. */
enum plan_test {
    PLAN_TEST_NONE,
    PLAN_TEST_DATE,     /* start in [start_from, start_to] and end in [end_from, end_to] */
    PLAN_TEST_NEAR,     /* at most `metres` from (latitude, longitude), on the sphere */
    PLAN_TEST_CONTAINS, /* value (folded) has `value` in it; a shortened one passes in any case:
                           stands below a CHECK_CONTAINS */
};

enum plan_check {
    CHECK_NONE,
    CHECK_EXACT,    /* string: a text of the parameter `checked` is exactly `value` */
    CHECK_CONTAINS, /* string: a folded text of it contains `value` (folded); at_start: begins with
                       it; at_end: ends with it */
    CHECK_TEXT,     /* token: as PLAN_TEXT, on the whole texts */
    CHECK_OF_TYPE,  /* Identifier with type coding system|value (both given) and value `code` */
    CHECK_PARAM, /* an entry of `checked`, by index_extract_one(), matches items[1] (a leaf, or the
                    NOT of one: an entry that differs) */
    CHECK_TUPLE, /* composite: one of its contexts has, for each component i, an entry that the node
                    items[1 + i] (leaves, AND, OR; their param numbers do not matter) matches */
    CHECK_CONTAINED, /* one of the contained resources of type `target` matches items[1] */
};

struct plan_node {
    enum plan_kind kind;
    fhir_type type; /* of the resources that it is about */
    uint16_t param;
    fhir_type target;
    enum plan_system_mode system_mode;
    enum plan_test test;
    enum plan_check check;
    bool implied, by_url, of_reference, narrative, at_start, at_end;
    uint16_t target_url;
    const struct search_param *checked; /* CHECK */
    size_t count;
    struct plan_node *items;
    text value; /* VALUE, TOKEN, REFERENCE, HOME, COMPARTMENT, ID, TEXT, WORDS, checks. HOME with
                   target 0: the URL of a patient elsewhere */
    text system;
    text code; /* QUANTITY: the unit; CHECK_OF_TYPE: the identifier's value */
    text low;  /* RANGE: bytes. QUANTITY: decimals as text; empty: open */
    text high;
    bool low_included, high_included; /* QUANTITY */
    /* TEST_DATE; UPDATED: [start_from, start_to) */
    int64_t start_from, start_to, end_from, end_to;
    double latitude, longitude, metres; /* TEST_NEAR, degrees */
};

/* Whether an entry's value passes the test of a RANGE leaf whose range it is in. */
bool plan_range_accepts(const struct plan_node *leaf, text value);

/*
 * The stretch [ret_low, ret_high) of index_decimal() bytes (empty: open) that a QUANTITY leaf means
 * for entries of the unit `unit` (index_unit()). A leaf without system and code means every unit's
 * numbers as they stand; with a code alone, units of that code or name; with both, those and, where
 * the system is UCUM, every unit that can be converted to it. False: none of this unit's. True with
 * a p == NULL: no memory.
 */
bool plan_quantity_range(const struct plan_node *leaf, text unit, struct arena *a, text *ret_low,
                         text *ret_high);
/* A quantity's place in an order: index_decimal() of it in the base units of its dimension where it
 * is UCUM, else of the number. p == NULL: no memory. `decimal` as in the entry. */
text plan_quantity_key(text decimal, text unit, struct arena *a);

/* Whether a folded text has the folded words of `query` in it, beginning at the start of a word. */
bool plan_text_accepts(text query, text words);
/* Whether each word of `query` is one of `words`; both folded. */
bool plan_words_accept(text query, text words);

/* One resource in memory. */
struct plan_subject {
    const struct resource *r;  /* NULL: entries are all that is known */
    const struct index *index; /* index_extract() of it */
    int64_t updated;           /* meta.lastUpdated, ms since 1970 */
    const struct index_rules *rules;
};

/* Whether the node has CHAIN or HAS in it, which a resource alone cannot answer. */
bool plan_joins(const struct plan_node *node);
/*
 * Whether the resource matches. Exact for every node without joins. 0; ERR_MEMORY;
 * ERR_NOT_SUPPORTED: it has joins, is absurdly deep, or needs a resource that is not given.
 */
int plan_test(const struct plan_node *node, const struct plan_subject *subject, struct arena *a,
              bool *ret_matches);

struct plan_sort {
    const struct search_param *param; /* NULL: see own */
    uint16_t own;                     /* INDEX_LAST_UPDATED; 0: the id */
    bool descending;
};

struct plan {
    fhir_type type;
    const struct plan_node *root; /* NULL: every resource of the type */
    struct plan_sort *sorts;
    size_t sort_count;
    const struct plan *also; /* a search of several types: the next one's. Same sorts, by
                                _lastUpdated and _id alone */
};

enum search_total { TOTAL_NONE, TOTAL_ESTIMATE, TOTAL_ACCURATE };
enum search_summary { SUMMARY_FALSE, SUMMARY_TRUE, SUMMARY_TEXT, SUMMARY_DATA, SUMMARY_COUNT };
enum search_contained { CONTAINED_FALSE, CONTAINED_TRUE, CONTAINED_BOTH };

struct search_include {
    bool reverse;
    bool iterate;
    fhir_type source; /* the type that holds the reference; 0 ('*' of a reverse one, of an iterated
                         one, or of a search of several types): any */
    const struct search_param *param; /* NULL: every reference parameter ('*') */
    fhir_type target;                 /* 0: any */
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
    text
        *elements; /* _elements: names of elements, each once; with a leading "Type." where given */
    size_t element_count;
    enum search_contained contained;
    bool contained_only; /* _containedType=contained: return the contained resources themselves */
    struct search_include *includes;
    size_t include_count;
    bool explain;  /* _explain=true */
    text page;     /* the paging token of the request, empty: first page */
    text self;     /* the query as understood: canonical order, encoded, without paging token and
                      without what was ignored; no leading '?' */
    text format;   /* _format, empty: not given */
    text *ignored; /* lenient: what each parameter that was left out is, and why, for a warning */
    size_t ignored_count;
};

struct search_pair {
    text name; /* decoded */
    text value;
};

/*
 * application/x-www-form-urlencoded (a query string or the body of POST _search) -> pairs. '+' is a
 * space; a bad %-escape, a decoded NUL or invalid UTF-8 is ERR_INVALID. More bytes than the limit
 * search_bytes: ERR_TOO_LARGE. Empty items between '&' are skipped.
 */
int search_decode(text form, const struct limits *limits, struct arena *a,
                  struct search_pair **ret_pairs, size_t *ret_count, struct err *e);

/* A text as a value of a query: with a backslash before each character that means something there
 * (R4 search.html#escaping). p == NULL: no memory. */
text search_escape(text value, struct arena *a);

/* Compartment search (R4 search.html 3.1.1.2): /Patient/x/Observation. type 0: not in a
 * compartment. */
struct search_compartment {
    fhir_type type;
    text id;
};

/* What codes mean: whoever has terminologies answers. */
struct search_code {
    text system; /* may be empty */
    text code;   /* empty: every code of the system */
};
struct search_codes {
    struct search_code *items;
    size_t count;
};
struct search_terms {
    void *context;
    /* The codes of a value set, named by its URL (with |version) or as ValueSet/id. ERR_NOT_FOUND,
     * ERR_NOT_SUPPORTED (cannot be expanded), ERR_TOO_COSTLY. */
    int (*members)(void *context, text value_set, struct arena *a, struct search_codes *ret_codes,
                   struct err *e);
    /* The code and all above (or below) it in its system's hierarchy. */
    int (*related)(void *context, text system, text code, bool above, struct arena *a,
                   struct search_codes *ret_codes, struct err *e);
};

struct search_question {
    const fhir_type *types; /* one: type search. Several, or none (all): system search; _type among
                               the pairs narrows it */
    size_t type_count;
    struct search_compartment in;
    const struct search_pair *pairs;
    size_t count;
    const struct index_rules *rules;
    const struct limits *limits;
    const struct search_terms *terms; /* NULL: :in, :not-in, and :above and :below of codes are
                                         ERR_NOT_SUPPORTED */
    bool lenient; /* Prefer: handling=lenient: parameters that are not known (or not of this type)
                     are left out and named in ret_search->ignored. Bad values are errors all the
                     same */
};

/*
 * Understands a query. Every error names the parameter, what is wrong with it and what would be
 * right; an unknown parameter, modifier or prefix is ERR_INVALID and lists what there is.
 */
int search_parse(const struct search_question *q, struct arena *a, struct search *ret_search,
                 struct err *e);
/* For conditions (If-None-Exist, conditional update ...): one type, and only criteria: no _sort,
 * _count, _include ... */
int search_parse_criteria(const struct search_question *q, struct arena *a, struct plan *ret_plan,
                          struct err *e);

/* Every reference by one parameter in a resource (for _include): local ones only. Canonicals have
 * target 0 and the URL. */
struct search_target {
    fhir_type type;
    text id;
};
int search_targets(const struct resource *r, const struct search_param *param,
                   const struct index_rules *rules, struct arena *a,
                   struct search_target **ret_targets, size_t *ret_count);

#endif
