/* The operators between two collections (N1 "Operations"). */
#include "fhir/path_run.h"

static int give_truth(struct path_run *run, enum path_truth truth, struct path_items *ret)
{
    *ret = (struct path_items){NULL, 0};
    if (truth == PATH_EMPTY) {
        return 0;
    }
    struct path_item item = {.kind = PATH_BOOLEAN, .u.boolean = truth == PATH_TRUE};
    return path_only(run, ret, &item);
}

/* --- and, or, xor, implies ----------------------------------------------------------------- */

static int truth_of(struct path_run *run, const struct path_term *term, const char *what,
                    const struct path_items *items, enum path_truth *ret)
{
    struct path_item item;
    int code = path_operand(run, term, what, items, PATH_BOOLEAN, &item);
    if (!code) {
        *ret = item.kind == PATH_NOTHING ? PATH_EMPTY : item.u.boolean ? PATH_TRUE : PATH_FALSE;
    }
    return code;
}

/* What the left operand alone decides. */
static bool is_decided(enum path_operator op, enum path_truth left, enum path_truth *ret)
{
    if (op == OP_AND && left == PATH_FALSE) {
        *ret = PATH_FALSE;
        return true;
    }
    if ((op == OP_OR && left == PATH_TRUE) || (op == OP_IMPLIES && left == PATH_FALSE)) {
        *ret = PATH_TRUE;
        return true;
    }
    return false;
}

static enum path_truth decide(enum path_operator op, enum path_truth left, enum path_truth right)
{
    switch (op) {
    case OP_AND:
        if (right == PATH_FALSE) {
            return PATH_FALSE;
        }
        return left == PATH_EMPTY ? PATH_EMPTY : right;
    case OP_OR:
        if (right == PATH_TRUE) {
            return PATH_TRUE;
        }
        return left == PATH_EMPTY ? PATH_EMPTY : right;
    case OP_XOR:
        if (left == PATH_EMPTY || right == PATH_EMPTY) {
            return PATH_EMPTY;
        }
        return left == right ? PATH_FALSE : PATH_TRUE;
    default: /* implies; left is true or empty */
        if (right == PATH_TRUE) {
            return PATH_TRUE;
        }
        return left == PATH_EMPTY ? PATH_EMPTY : right;
    }
}

static int run_logic(struct path_run *run, const struct path_term *term,
                     const struct path_scope *scope, const struct path_items *left,
                     struct path_items *ret)
{
    enum path_truth l;
    enum path_truth truth;
    int code = truth_of(run, term, "the left side", left, &l);
    if (code) {
        return code;
    }
    if (is_decided(term->op, l, &truth)) {
        return give_truth(run, truth, ret);
    }
    struct path_items right;
    enum path_truth r = PATH_EMPTY;
    code = path_run_term(run, term->right, scope, &right);
    if (!code) {
        code = truth_of(run, term, "the right side", &right, &r);
    }
    return code ? code : give_truth(run, decide(term->op, l, r), ret);
}

/* --- = ~ != !~ ----------------------------------------------------------------------------- */

/* In order. One pair that differs makes them unequal, even when another cannot be compared. */
static int equal(struct path_run *run, const struct path_items *a, const struct path_items *b,
                 enum path_truth *ret)
{
    if (!a->count || !b->count) {
        *ret = PATH_EMPTY;
        return 0;
    }
    *ret = a->count == b->count ? PATH_TRUE : PATH_FALSE;
    for (size_t i = 0; *ret != PATH_FALSE && i < a->count; i++) {
        int code = path_step_on(run, &a->items[i]);
        if (code) {
            return code;
        }
        struct arena_mark mark = arena_mark(run->arena);
        enum path_truth one = path_equal(&a->items[i], &b->items[i], run->arena);
        arena_rewind(run->arena, mark);
        *ret = one == PATH_TRUE ? *ret : one;
    }
    return 0;
}

/* Takes the first of the items that is equivalent and that no other has taken. */
static int take_alike(struct path_run *run, const struct path_item *item,
                      const struct path_items *items, bool *taken, bool *ret_found)
{
    *ret_found = false;
    for (size_t i = 0; !*ret_found && i < items->count; i++) {
        int code = path_step_on(run, item);
        if (code) {
            return code;
        }
        if (!taken[i]) {
            struct arena_mark mark = arena_mark(run->arena);
            *ret_found = taken[i] = path_equivalent(item, &items->items[i], run->arena);
            arena_rewind(run->arena, mark);
        }
    }
    return 0;
}

/* In any order. */
static int equivalent(struct path_run *run, const struct path_items *a, const struct path_items *b,
                      bool *ret)
{
    *ret = a->count == b->count;
    if (!*ret || !a->count) {
        return 0;
    }
    bool *taken = arena_zalloc(run->arena, b->count, sizeof *taken);
    if (!taken) {
        return path_fail(run, NULL, ERR_MEMORY, "no memory to compare %zu items", b->count);
    }
    int code = 0;
    for (size_t i = 0; !code && *ret && i < a->count; i++) {
        code = take_alike(run, &a->items[i], b, taken, ret);
    }
    return code;
}

static enum path_truth opposite(enum path_truth t)
{
    return t == PATH_EMPTY ? PATH_EMPTY : t == PATH_TRUE ? PATH_FALSE : PATH_TRUE;
}

static int run_equality(struct path_run *run, const struct path_term *term,
                        const struct path_items *left, const struct path_items *right,
                        struct path_items *ret)
{
    bool alike = false;
    enum path_truth truth = PATH_EMPTY;
    int code;
    if (term->op == OP_EQUAL || term->op == OP_NOT_EQUAL) {
        code = equal(run, left, right, &truth);
    } else {
        code = equivalent(run, left, right, &alike);
        truth = alike ? PATH_TRUE : PATH_FALSE;
    }
    if (term->op == OP_NOT_EQUAL || term->op == OP_NOT_EQUIVALENT) {
        truth = opposite(truth);
    }
    return code ? code : give_truth(run, truth, ret);
}

/* --- < <= > >= ----------------------------------------------------------------------------- */

static bool holds(enum path_operator op, int order)
{
    switch (op) {
    case OP_LESS:
        return order < 0;
    case OP_LESS_EQUAL:
        return order <= 0;
    case OP_GREATER:
        return order > 0;
    default:
        return order >= 0;
    }
}

static int run_order(struct path_run *run, const struct path_term *term, const struct path_item *a,
                     const struct path_item *b, struct path_items *ret)
{
    int order;
    enum path_truth truth = path_order(a, b, run->arena, &order);
    if (truth == PATH_FALSE) {
        return path_fail(run, term, ERR_INVALID,
                         "%.*s and %.*s have no order with each other; convert one of them first",
                         TEXT_ARG(path_item_name(a)), TEXT_ARG(path_item_name(b)));
    }
    if (truth == PATH_TRUE) {
        truth = holds(term->op, order) ? PATH_TRUE : PATH_FALSE;
    }
    return give_truth(run, truth, ret);
}

/* --- in, contains, | ----------------------------------------------------------------------- */

static int run_membership(struct path_run *run, const struct path_term *term, const char *what,
                          const struct path_items *one, const struct path_items *many,
                          struct path_items *ret)
{
    struct path_item item;
    int code = path_operand(run, term, what, one, PATH_NOTHING, &item);
    if (code) {
        return code;
    }
    *ret = (struct path_items){NULL, 0};
    if (item.kind == PATH_NOTHING) {
        return 0;
    }
    enum path_truth truth = PATH_FALSE;
    for (size_t i = 0; truth != PATH_TRUE && i < many->count; i++) {
        code = path_step_on(run, &item);
        if (code) {
            return code;
        }
        struct arena_mark mark = arena_mark(run->arena);
        truth = path_equal(&item, &many->items[i], run->arena);
        arena_rewind(run->arena, mark);
    }
    return give_truth(run, truth == PATH_TRUE ? PATH_TRUE : PATH_FALSE, ret);
}

static int run_union(struct path_run *run, const struct path_items *left,
                     const struct path_items *right, struct path_items *ret)
{
    struct path_set set;
    path_set_init(&set, run);
    int code = path_set_add_all(&set, left);
    if (!code) {
        code = path_set_add_all(&set, right);
    }
    if (!code) {
        *ret = set.items;
    }
    return code;
}

/* --- of two single items ------------------------------------------------------------------- */

/* `&`: an operand that is empty counts as ''. */
static int run_concat(struct path_run *run, const struct path_term *term,
                      const struct path_items *left, const struct path_items *right,
                      struct path_items *ret)
{
    struct path_item a;
    struct path_item b;
    int code = path_operand(run, term, "the left side", left, PATH_STRING, &a);
    if (!code) {
        code = path_operand(run, term, "the right side", right, PATH_STRING, &b);
    }
    if (code) {
        return code;
    }
    text parts[] = {a.kind == PATH_NOTHING ? T("") : a.u.string,
                    b.kind == PATH_NOTHING ? T("") : b.u.string};
    struct path_item item = {.kind = PATH_STRING};
    item.u.string = arena_join(run->arena, parts, 2);
    if (!item.u.string.p) {
        return path_fail(run, term, ERR_MEMORY, "no memory for a text of %zu bytes",
                         parts[0].n + parts[1].n);
    }
    code = path_step_on(run, &item);
    return code ? code : path_only(run, ret, &item);
}

static bool is_order(enum path_operator op)
{
    return op >= OP_LESS && op <= OP_GREATER_EQUAL;
}

static int run_single(struct path_run *run, const struct path_term *term,
                      const struct path_items *left, const struct path_items *right,
                      struct path_items *ret)
{
    struct path_item l;
    struct path_item r;
    struct path_item a;
    struct path_item b;
    struct path_item result = {.kind = PATH_NOTHING};
    int code = path_operand(run, term, "the left side", left, PATH_NOTHING, &l);
    if (!code) {
        code = path_operand(run, term, "the right side", right, PATH_NOTHING, &r);
    }
    if (code) {
        return code;
    }
    *ret = (struct path_items){NULL, 0};
    if (l.kind == PATH_NOTHING || r.kind == PATH_NOTHING || !path_plain(&l, &a) ||
        !path_plain(&r, &b)) {
        return 0;
    }
    if (is_order(term->op)) {
        return run_order(run, term, &a, &b, ret);
    }
    code = path_calculate(run, term, &a, &b, &result);
    return code || result.kind == PATH_NOTHING ? code : path_only(run, ret, &result);
}

int path_operate(struct path_run *run, const struct path_term *term, const struct path_scope *scope,
                 const struct path_items *left, struct path_items *ret)
{
    if (term->op >= OP_AND) {
        return run_logic(run, term, scope, left, ret);
    }
    struct path_items right;
    int code = path_run_term(run, term->right, scope, &right);
    if (code) {
        return code;
    }
    switch (term->op) {
    case OP_CONCAT:
        return run_concat(run, term, left, &right, ret);
    case OP_UNION:
        return run_union(run, left, &right, ret);
    case OP_EQUAL:
    case OP_EQUIVALENT:
    case OP_NOT_EQUAL:
    case OP_NOT_EQUIVALENT:
        return run_equality(run, term, left, &right, ret);
    case OP_IN:
        return run_membership(run, term, "the left side", left, &right, ret);
    case OP_CONTAINS:
        return run_membership(run, term, "the right side", &right, left, ret);
    default:
        return run_single(run, term, left, &right, ret);
    }
}
