/* Inside fhir/path*.c: the compiled tree, and a run of it. */
#ifndef KITH_FHIR_PATH_INT_H
#define KITH_FHIR_PATH_INT_H

#include "fhir/path.h"

/* --- the tree (path_parse.c) --------------------------------------------------------------- */

enum path_term_kind {
    TERM_EMPTY,    /* {} */
    TERM_LITERAL,  /* literal */
    TERM_VARIABLE, /* %name */
    TERM_THIS,     /* $this; also the focus of a member or function that stands alone */
    TERM_INDEX,    /* $index */
    TERM_TOTAL,    /* $total */
    TERM_MEMBER,   /* left.name; alone at the start of an expression it may be the type's name */
    TERM_FUNCTION, /* left.name(args...) */
    TERM_INDEXER,  /* left[args[0]] */
    TERM_MINUS,    /* -left; +left leaves no term */
    TERM_BINARY,   /* left op right */
    TERM_IS,       /* left is type, also the function is() */
    TERM_AS,       /* left as type, also the function as() and ofType() with all = true */
};

enum path_operator {
    OP_MULTIPLY,
    OP_DIVIDE,
    OP_DIV,
    OP_MOD,
    OP_ADD,
    OP_SUBTRACT,
    OP_CONCAT, /* & */
    OP_UNION,
    OP_LESS,
    OP_LESS_EQUAL,
    OP_GREATER,
    OP_GREATER_EQUAL,
    OP_EQUAL,
    OP_EQUIVALENT,
    OP_NOT_EQUAL,
    OP_NOT_EQUIVALENT,
    OP_IN,
    OP_CONTAINS,
    OP_AND,
    OP_OR,
    OP_XOR,
    OP_IMPLIES,
};

struct path_function;

struct path_term {
    enum path_term_kind kind;
    uint32_t at; /* its first character, from 0, for messages */
    text name;
    const struct path_term *left; /* NULL: TERM_THIS is meant */
    const struct path_term *right;
    const struct path_term **args;
    size_t arg_count;
    const struct path_function *function;
    enum path_operator op;
    struct path_item literal;
    text space;      /* of the type of IS and AS: "FHIR", "System" or empty; name is its name */
    bool all;        /* ofType(): of many; as: of one */
    uint32_t height; /* of the tree from here; at most PATH_DEPTH_MAX */
};

struct path {
    text expression;
    const struct path_term *root;
};

/* --- functions ----------------------------------------------------------------------------- */

struct path_call; /* below */

struct path_function {
    const char *name;
    uint8_t least; /* arguments */
    uint8_t most;
    int (*run)(struct path_call *call, struct path_items *ret);
};

/* Each of path_fn_*.c has one table; the parser asks all of them. NULL: unknown. */
const struct path_function *path_function_of(text name);
const struct path_function *path_function_like(text name); /* upper or lower case: for a hint */
/* Existence, filtering, projection, subsetting, combining, the tree, aggregate, iif, trace, sort,
 * now, type: path_fn_collection.c, with path_fn_select.c, path_fn_sort.c, path_fn_utility.c. */
const struct path_function *path_functions_collections(size_t *ret_count);
/* Of texts: path_fn_string.c. */
const struct path_function *path_functions_strings(size_t *ret_count);
/* Math, boundaries, toX and convertsToX: path_fn_math.c. */
const struct path_function *path_functions_math(size_t *ret_count);
/* What FHIR adds: path_fn_fhir.c, with path_fn_coding.c. */
const struct path_function *path_functions_fhir(size_t *ret_count);
/* What hangs on value sets, code systems and profiles: path_fn_definitions.c. */
const struct path_function *path_functions_definitions(size_t *ret_count);

/* --- a run (path_eval.c) ------------------------------------------------------------------- */

enum { PATH_KEPT_MAX = 32 };

struct path_run {
    const struct path *path;
    const struct path_env *env;
    struct arena *arena;
    struct err *e;
    uint64_t steps;
    struct path_limits limits;      /* the env's; a default where that is 0 */
    const struct path_term *at;     /* under way, for messages; NULL: none */
    const struct path_items *focus; /* %context: what the whole expression is evaluated on */
    struct path_item resource;      /* %resource and %rootResource, found out */
    struct path_item root;
    int64_t now_ms;
    unsigned depth;
    size_t kept_count; /* of terms that are the same for every item (path_keep.c) */
    struct {
        const struct path_term *term;
        struct path_items items;
    } kept[PATH_KEPT_MAX];
};

/* Where a term is evaluated: $this, $index, $total and the outer focus. */
struct path_scope {
    struct path_items focus; /* what a member that stands alone is looked for in */
    int64_t index;           /* -1: none */
    const struct path_items *total;
};

struct path_call {
    struct path_run *run;
    const struct path_term *term;
    const struct path_items *focus; /* left, evaluated */
    const struct path_scope *scope; /* in which the arguments that are no lambdas are evaluated */
};

int path_run_term(struct path_run *run, const struct path_term *term,
                  const struct path_scope *scope, struct path_items *ret);

/* Argument i in the scope of the call; count 0 where it is not given. */
int path_arg(struct path_call *call, size_t i, struct path_items *ret);
/* The same with one item as $this and focus, for where(), select(), all() ... */
int path_arg_on(struct path_call *call, size_t i, const struct path_item *item, int64_t index,
                const struct path_items *total, struct path_items *ret);
/*
 * The one item of a collection, converted implicitly to a kind (PATH_NOTHING: as it is).
 * ret->kind PATH_NOTHING: the collection is empty. Several, or another kind: ERR_INVALID that names
 * the function and what it needs.
 */
int path_one(struct path_call *call, const struct path_items *items, enum path_kind kind,
             struct path_item *ret);
int path_arg_one(struct path_call *call, size_t i, enum path_kind kind, struct path_item *ret);

/* Adds to a collection that grows in the run's arena; counts steps. */
int path_push(struct path_run *run, struct path_items *items, size_t *capacity,
              const struct path_item *item);
int path_only(struct path_run *run, struct path_items *ret, const struct path_item *item);
int path_step(struct path_run *run); /* ERR_TOO_COSTLY past the limits; else 0 */

/* err_set() with the character and the expression. Returns code. */
int path_fail(struct path_run *run, const struct path_term *term, int code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* --- elements (path_model.c) --------------------------------------------------------------- */

/* The items of a member: choice types by their short name ("value"), primitives with their shadow,
 * contained and entry resources by their own type, references as they are. */
int path_member(struct path_run *run, const struct path_item *item, text name,
                struct path_items *items, size_t *capacity);
int path_children(struct path_run *run, const struct path_item *item, struct path_items *items,
                  size_t *capacity);
/* Whether a value is of a type or a subtype; space may be empty: FHIR first, then System. Unknown
 * types: ERR_INVALID by *ret_known = false. */
bool path_is(const struct path_item *item, text space, text name, bool *ret_known);

#endif
