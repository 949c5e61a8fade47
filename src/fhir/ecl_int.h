/* Inside ecl*.c: what an expression of the constraint language is made of. */
#ifndef KITH_FHIR_ECL_INT_H
#define KITH_FHIR_ECL_INT_H

#include "fhir/ecl.h"

enum ecl_kind {
    ECL_ANY,
    ECL_CONCEPT,
    ECL_HIERARCHY, /* operator over left */
    ECL_MEMBER_OF,
    ECL_AND,
    ECL_OR,
    ECL_MINUS,
    ECL_REFINED,
    ECL_DOTTED, /* left . right */
    ECL_FILTERED,
    ECL_HISTORY, /* left and what it replaced */
};

enum ecl_operator {
    ECL_DESCENDANT,
    ECL_DESCENDANT_OR_SELF,
    ECL_CHILD,
    ECL_CHILD_OR_SELF,
    ECL_ANCESTOR,
    ECL_ANCESTOR_OR_SELF,
    ECL_PARENT,
    ECL_PARENT_OR_SELF,
    ECL_TOP,
    ECL_BOTTOM,
};

enum ecl_comparison { ECL_EQUAL, ECL_NOT_EQUAL, ECL_LESS, ECL_AT_MOST, ECL_MORE, ECL_AT_LEAST };

enum ecl_history { ECL_HISTORY_MIN, ECL_HISTORY_MOD, ECL_HISTORY_MAX, ECL_HISTORY_SUBSET };

struct ecl_node {
    enum ecl_kind kind;
    enum ecl_operator operator_;
    enum ecl_history history;
    text code;
    const struct ecl_node *left, *right;
    const struct ecl_refinement *refinement;
    const struct ecl_filter *filters;
};

enum ecl_search { ECL_MATCH, ECL_WILD }; /* words by their beginnings; a pattern with * */

struct ecl_string {
    enum ecl_search search;
    text value; /* unescaped, folded */
    const struct ecl_string *next;
};

enum ecl_value { ECL_VALUE_EXPRESSION, ECL_VALUE_NUMBER, ECL_VALUE_STRINGS, ECL_VALUE_BOOLEAN };

enum ecl_refinement_kind { ECL_REF_AND, ECL_REF_OR, ECL_REF_ATTRIBUTE, ECL_REF_GROUP };

#define ECL_MANY UINT32_MAX

struct ecl_refinement {
    enum ecl_refinement_kind kind;
    const struct ecl_refinement *first, *next; /* parts; of a group: what holds in it */
    uint32_t least, most;
    bool reverse;
    enum ecl_comparison comparison;
    enum ecl_value value_kind;
    const struct ecl_node *name;
    const struct ecl_node *value;
    text literal; /* a number, "true" or "false" */
    const struct ecl_string *strings;
    uint32_t leaf; /* of an attribute: its number in the expression */
};

enum ecl_filter_kind {
    ECL_FILTER_TERM,
    ECL_FILTER_LANGUAGE,
    ECL_FILTER_TYPE,    /* strings: codes of the type of a description */
    ECL_FILTER_TYPE_ID, /* the same by an expression */
    ECL_FILTER_DEFINED, /* literal "true": sufficiently defined */
    ECL_FILTER_MODULE,
    ECL_FILTER_TIME,
    ECL_FILTER_ACTIVE,
};

struct ecl_filter {
    enum ecl_filter_kind kind;
    bool of_descriptions;
    unsigned constraint; /* filters of descriptions in the same {{ }} hold of one description */
    enum ecl_comparison comparison;
    const struct ecl_string *strings;
    const struct ecl_node *value;
    text literal;
    const struct ecl_filter *next;
};

struct ecl {
    const struct ecl_node *root;
    uint32_t leaves; /* attributes */
};

/* --- parsing: ecl_parse.c, ecl_parse_filter.c ------------------------------------------------ */

struct ecl_parser {
    text source;
    size_t at;
    struct arena *arena;
    unsigned depth;
    unsigned parts;
    uint32_t leaves;
    unsigned constraints;
    bool in_group; /* of a refinement: groups have no groups */
    struct err *e;
    int rc;
};

int ecl_wrong(struct ecl_parser *p, int code, const char *expected);
void *ecl_new(struct ecl_parser *p, size_t size);
void ecl_space(struct ecl_parser *p);
bool ecl_token(struct ecl_parser *p, const char *token); /* space, then it; else nothing is taken */
bool ecl_word(struct ecl_parser *p, const char *word);   /* the same of letters, in any case */
bool ecl_peek(struct ecl_parser *p, const char *token);
bool ecl_comparison(struct ecl_parser *p, enum ecl_comparison *ret_comparison);
const struct ecl_node *ecl_parse_sub(struct ecl_parser *p);
/* "a", match:"a", wild:"a*", ("a" "b") */
const struct ecl_string *ecl_parse_strings(struct ecl_parser *p);
/* What stands behind a sub-expression in {{ }}. */
const struct ecl_node *ecl_parse_filters(struct ecl_parser *p, const struct ecl_node *left);
const struct ecl_refinement *ecl_parse_refinement(struct ecl_parser *p);

/* --- evaluating: ecl_eval.c, ecl_refine.c, ecl_filter.c, ecl_term.c --------------------------- */

struct ecl_run {
    const struct ecl *ecl;
    const struct codes *codes;
    struct arena *arena;
    int64_t deadline;
    uint64_t work;
    uint32_t universe;
    size_t words;                            /* of a set */
    bool inactive;                           /* they count too */
    const struct ecl_attributes *attributes; /* ecl_refine.c, when first needed */
    struct err *e;
};

/* Counts work; ERR_TOO_COSTLY behind the deadline. */
int ecl_worked(struct ecl_run *r, uint64_t work);
uint64_t *ecl_bits(struct ecl_run *r); /* cleared; NULL: no memory, e is set */
static inline void ecl_bit_set(uint64_t *bits, uint32_t concept)
{
    bits[concept / 64] |= (uint64_t)1 << (concept % 64);
}
static inline bool ecl_bit(const uint64_t *bits, uint32_t concept)
{
    return bits[concept / 64] >> (concept % 64) & 1;
}
/* The next one from *at on, or false. */
bool ecl_bit_next(const struct ecl_run *r, const uint64_t *bits, uint32_t *at);
bool ecl_counts(const struct ecl_run *r, uint32_t concept); /* active, or all do */

/* The set of a node into `out` (cleared first). */
int ecl_run_node(struct ecl_run *r, const struct ecl_node *n, uint64_t *out);
int ecl_run_refined(struct ecl_run *r, const struct ecl_node *n, uint64_t *out);
int ecl_run_dotted(struct ecl_run *r, const struct ecl_node *n, uint64_t *out);
int ecl_run_filters(struct ecl_run *r, const struct ecl_node *n, uint64_t *out);
int ecl_run_history(struct ecl_run *r, const struct ecl_node *n, uint64_t *out);

/* NULL: no memory. */
text ecl_fold(text t, struct arena *a);
/* term: folded. */
bool ecl_term_matches(text term, const struct ecl_string *s);
bool ecl_any_matches(text term, const struct ecl_string *strings);
/* <0, 0, >0 of two decimals as text; *ret_ok false where one is none. */
int ecl_decimal_compare(text a, text b, bool *ret_ok);
bool ecl_holds(enum ecl_comparison comparison, int compared);

/* The use of a description by SNOMED CT. */
#define ECL_FSN "900000000000003001"
#define ECL_SYNONYM "900000000000013009"
#define ECL_DEFINITION "900000000000550004"

#endif
