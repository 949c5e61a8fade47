/* Between the parts of search_parse(). For search_*.c alone. */
#ifndef KITH_FHIR_SEARCH_PARSE_H
#define KITH_FHIR_SEARCH_PARSE_H

#include "fhir/reference.h"
#include "fhir/search.h"
#include "fhir/search_tables.h"

enum {
    SEARCH_NODES_MAX = 200000, /* of all plans of a query */
    SEARCH_LINKS_MAX = 10000,  /* types that chains and _has were tried on */
    SEARCH_CODES_MAX = 20000,  /* that value sets and hierarchies put in */
};

struct search_reader {
    const struct search_question *q;
    text base;
    int64_t now;            /* ms since 1970: one moment for the whole query */
    const fhir_type *types; /* searched */
    size_t type_count;
    struct arena *arena;
    struct search *search;
    struct err *e;
    text where; /* what errors begin with: the parameter as it stands in the query */
    uint64_t values, codes;
    uint64_t nodes, links;
    bool unknown;  /* the error is that a type has no such parameter */
    bool over;     /* the error is a limit of the whole query, whatever type is tried next */
    bool criteria; /* no controls */
    bool has_count, has_sort, has_total, has_summary, has_pretty, has_explain, has_elements,
        has_contained, has_contained_type;
    size_t include_capacity, sort_capacity, element_capacity;
};

/* Nodes while they are collected. */
struct search_nodes {
    struct plan_node *items;
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
    PREFIX_PO, /* of _filter alone: overlaps */
};

enum search_modifier {
    MODIFIER_NONE,
    MODIFIER_MISSING,
    MODIFIER_EXACT,
    MODIFIER_CONTAINS,
    MODIFIER_TEXT,
    MODIFIER_NOT,
    MODIFIER_ABOVE,
    MODIFIER_BELOW,
    MODIFIER_IN,
    MODIFIER_NOT_IN,
    MODIFIER_OF_TYPE,
    MODIFIER_IDENTIFIER,
    MODIFIER_TYPE, /* the name of a resource type */
};

/* What a value is compared with. */
struct search_about {
    fhir_type type;
    const struct search_param *param;
    enum search_modifier modifier;
    fhir_type target; /* MODIFIER_TYPE */
};

/* --- search_node.c ------------------------------------------------------------------------- */

int search_no_memory(struct err *e);
/* ERR_INVALID: "where: ...". */
int search_bad(struct search_reader *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The same with another code. */
int search_fail(struct search_reader *r, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A limit of the query is passed: ends it. */
int search_over(struct search_reader *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Collects what will stand below one node of `kind` (PLAN_AND or PLAN_OR): one of the same kind is
 * dissolved in it, ALL in an AND and NONE in an OR are left out.
 */
int search_add(struct search_reader *r, enum plan_kind kind, struct search_nodes *nodes,
               const struct plan_node *node);
/* One node behind the others, as it is. */
int search_append(struct search_reader *r, struct search_nodes *nodes,
                  const struct plan_node *node);
/* The node of `kind` with these below it, or something simpler that says the same. */
struct plan_node search_join(fhir_type type, enum plan_kind kind, const struct search_nodes *nodes);
/* *node becomes its opposite. */
int search_negate(struct search_reader *r, struct plan_node *node);
/* outer with inner (and second, unless NULL) below it. */
int search_wrap(struct search_reader *r, const struct plan_node *outer,
                const struct plan_node *inner, const struct plan_node *second,
                struct plan_node *ret);

/* --- search_criterion.c -------------------------------------------------------------------- */

/* A parameter as it stands in a query, with chains, _has and modifiers, and its value. */
int search_criterion(struct search_reader *r, fhir_type type, text name, text value, unsigned depth,
                     struct plan_node *ret);
/* Finds a parameter of a type; an unknown one is an error that lists what there is. */
int search_find(struct search_reader *r, fhir_type type, text name,
                const struct search_param **ret);
/* Every value between commas: their OR. */
int search_values(struct search_reader *r, const struct search_about *about, text value,
                  struct plan_node *ret);
/* Counts one value of the query against the limit. */
int search_count_value(struct search_reader *r);
/* One value (escapes still in it), over the parts of a union. Adds to an OR. */
int search_one(struct search_reader *r, const struct search_about *about, text value,
               struct search_nodes *out);
/* Resources that have (or lack) a value of the parameter. */
int search_missing(struct search_reader *r, const struct search_about *about, bool missing,
                   struct plan_node *ret);
/* Runs over a parameter, or the parts of a union: the n-th, NULL behind the last. */
const struct search_param *search_part(const struct search_reader *r,
                                       const struct search_param *param, size_t n);

/* --- search_modifier.c --------------------------------------------------------------------- */

int search_modifier_read(struct search_reader *r, const struct search_param *param, text modifier,
                         struct search_about *about);
int search_value_exact(struct search_reader *r, const struct search_about *about, text value,
                       struct search_nodes *out);
int search_value_text(struct search_reader *r, const struct search_about *about, text value,
                      struct search_nodes *out);
int search_value_of_type(struct search_reader *r, const struct search_about *about, text value,
                         struct search_nodes *out);
int search_value_contains(struct search_reader *r, const struct search_about *about, text value,
                          struct search_nodes *out);
int search_value_members(struct search_reader *r, const struct search_about *about, text value,
                         struct search_nodes *out);
int search_value_related(struct search_reader *r, const struct search_about *about, bool above,
                         text value, struct search_nodes *out);
/* Folded texts that end with it. */
int search_value_ends(struct search_reader *r, const struct search_about *about, text value,
                      struct search_nodes *out);
/* value: no escapes in it; a URI begins with it. */
int search_value_uri_start(struct search_reader *r, const struct search_about *about, text value,
                           struct search_nodes *out);
int search_value_uri_path(struct search_reader *r, const struct search_about *about, bool above,
                          text value, struct search_nodes *out);

/* --- search_value.c ------------------------------------------------------------------------ */

/* One value without modifier (or with :identifier or a type), for one stored parameter or _id,
 * _lastUpdated, _text, _content. */
int search_value(struct search_reader *r, const struct search_about *about, text value,
                 struct search_nodes *out);
/* A date, number, quantity, or _lastUpdated, its prefix already taken. */
int search_value_ordered(struct search_reader *r, const struct search_about *about,
                         enum search_prefix prefix, text value, struct search_nodes *out);
/* system|code of a token; what is missing is empty. */
struct search_token {
    enum plan_system_mode mode;
    text system, code; /* unescaped */
};
int search_token_read(struct search_reader *r, text value, struct search_token *ret);
int search_token_add(struct search_reader *r, const struct search_about *about,
                     const struct search_token *token, struct search_nodes *out);
/* Location?near=latitude|longitude|distance|unit (R4 location.html#search). */
int search_value_near(struct search_reader *r, const struct search_about *about, text value,
                      struct search_nodes *out);
/* _text and _content: words, `and`, `or` and brackets. */
int search_value_words(struct search_reader *r, const struct search_about *about, text value,
                       struct search_nodes *out);

/* --- search_date.c, search_number.c -------------------------------------------------------- */

/* Leaves of a date parameter for the moments [start, end), in ms since 0001. */
int search_dates(struct search_reader *r, const struct search_about *about,
                 enum search_prefix prefix, int64_t start, int64_t end, struct search_nodes *out);

/*
 * The bounds that a number in a query stands for, as decimals: itself, its implied range [low,
 * high), and ten per cent around it. False: not a number, or of more digits than are taken. A text
 * with p == NULL: no memory.
 */
struct search_bounds {
    text exact, low, high, approximate_low, approximate_high;
};
bool search_bounds(text number, struct arena *a, struct search_bounds *ret);

/* A stretch of numbers; empty: open. */
struct search_stretch {
    text low, high;
    bool low_included, high_included;
};
/* The one or two stretches that a prefix and a number mean. Returns how many. */
unsigned search_stretches(enum search_prefix prefix, const struct search_bounds *b,
                          struct search_stretch out[2]);

/* --- search_chain.c, search_composite.c, search_filter.c ----------------------------------- */

/* What is asked of the resource at the other end of a link. */
struct search_leg {
    int (*read)(struct search_reader *r, fhir_type type, const struct search_leg *leg,
                unsigned depth, struct plan_node *ret);
    text name; /* the rest of the path */
    text value;
};
/* subject.name, subject:Patient.name: from a type by `link` to what the leg says. */
int search_chain(struct search_reader *r, fhir_type type, text link, const struct search_leg *leg,
                 unsigned depth, struct plan_node *ret);
/* name: without "_has:". */
int search_has(struct search_reader *r, fhir_type type, text name, text value, unsigned depth,
               struct plan_node *ret);
int search_list(struct search_reader *r, fhir_type type, text value, struct plan_node *ret);
int search_deep(struct search_reader *r, unsigned depth);
/* Whether resources of the type have a canonical URL. */
bool search_has_url(fhir_type type);

int search_value_composite(struct search_reader *r, const struct search_about *about, text value,
                           struct search_nodes *out);

int search_filter(struct search_reader *r, fhir_type type, text value, unsigned depth,
                  struct plan_node *ret);
/* search_compare.c: one comparison of _filter with a parameter of a type. */
int search_compare(struct search_reader *r, fhir_type type, text name, text operation, text value,
                   struct plan_node *ret);

/* --- what stands around the criteria ------------------------------------------------------- */

/* The resources of a type in a compartment. */
int search_compartment(struct search_reader *r, fhir_type type, struct plan_node *ret);
bool search_in_compartment(fhir_type compartment, fhir_type type);
/* _sort, _count ... . *ret_known: whether name is one of them; then the result says whether it is
 * right. */
int search_control(struct search_reader *r, text name, text modifier, text value, bool *ret_known);
int search_include(struct search_reader *r, text name, text modifier, text value);
int search_elements(struct search_reader *r, text value);
/* The other half of the rules: those of several controls together. */
int search_controls_done(struct search_reader *r);

/* The pairs in canonical order, each once. */
int search_order(struct search_reader *r, struct search_pair **ret_pairs, size_t *ret_count);
/* r->search->self of ordered pairs that were understood. */
int search_self(struct search_reader *r, const struct search_pair *pairs, size_t count);

/* --- texts --------------------------------------------------------------------------------- */

/* The first byte string that does not start with t; empty: there is none. p == NULL: no memory. */
text search_successor(text t, struct arena *a);
/* Cuts at the first separator that no backslash escapes; like text_cut(). */
bool search_cut(text *rest, char separator, text *ret_head);
/* Without the backslashes of \, \| \$ and \\. p == NULL: no memory. */
text search_unescape(text t, struct arena *a);
/* The same, folded as entries are. */
text search_folded(text t, struct arena *a);

static inline struct plan_node search_leaf(const struct search_about *about, enum plan_kind kind)
{
    return (struct plan_node){
        .kind = kind, .type = about->type, .param = about->param ? about->param->number : 0};
}

#endif
