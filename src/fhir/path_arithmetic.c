/* Numbers, quantities, texts and times under * / div mod + - (N1 "Math"). */
#include "fhir/path_run.h"

static const char *sign_of(enum path_operator op)
{
    static const char *const signs[] = {
        [OP_MULTIPLY] = "*", [OP_DIVIDE] = "/", [OP_DIV] = "div",
        [OP_MOD] = "mod",    [OP_ADD] = "+",    [OP_SUBTRACT] = "-",
    };
    return signs[op];
}

static int no_such(struct path_run *run, const struct path_term *term, const struct path_item *a,
                   const struct path_item *b)
{
    return path_fail(run, term, ERR_INVALID,
                     "%s takes no %.*s with a %.*s; convert one of them first", sign_of(term->op),
                     TEXT_ARG(path_item_name(a)), TEXT_ARG(path_item_name(b)));
}

static bool is_number(const struct path_item *item)
{
    return item->kind == PATH_INTEGER || item->kind == PATH_DECIMAL;
}

static bool is_time(const struct path_item *item)
{
    return item->kind == PATH_DATE || item->kind == PATH_DATE_TIME || item->kind == PATH_TIME;
}

/* An Integer has 32 bits; what does not fit is no value. */
static void set_integer(int64_t n, struct path_item *ret)
{
    if (n >= INT32_MIN && n <= INT32_MAX) {
        *ret = (struct path_item){.kind = PATH_INTEGER, .u.integer = n};
    }
}

/* Both operands are within 32 bits, so nothing here can overflow 64. */
static void integers(enum path_operator op, int64_t a, int64_t b, struct path_item *ret)
{
    switch (op) {
    case OP_MULTIPLY:
        set_integer(a * b, ret);
        break;
    case OP_ADD:
        set_integer(a + b, ret);
        break;
    case OP_SUBTRACT:
        set_integer(a - b, ret);
        break;
    case OP_DIV:
        if (b) {
            set_integer(a / b, ret);
        }
        break;
    default:
        if (b) {
            set_integer(a % b, ret);
        }
    }
}

static bool decimals(enum path_operator op, struct path_decimal a, struct path_decimal b,
                     struct path_decimal *ret)
{
    switch (op) {
    case OP_MULTIPLY:
        return path_decimal_multiply(a, b, ret);
    case OP_DIVIDE:
        return path_decimal_divide(a, b, ret);
    case OP_DIV:
        return path_decimal_div(a, b, ret);
    case OP_MOD:
        return path_decimal_mod(a, b, ret);
    case OP_ADD:
        return path_decimal_add(a, b, ret);
    default:
        return path_decimal_subtract(a, b, ret);
    }
}

static struct path_decimal decimal_of(const struct path_item *item)
{
    if (item->kind == PATH_INTEGER) {
        return (struct path_decimal){.digits = item->u.integer, .scale = 0};
    }
    return item->u.decimal;
}

static void numbers(enum path_operator op, const struct path_item *a, const struct path_item *b,
                    struct path_item *ret)
{
    if (a->kind == PATH_INTEGER && b->kind == PATH_INTEGER && op != OP_DIVIDE) {
        integers(op, a->u.integer, b->u.integer, ret);
        return;
    }
    struct path_item item = {.kind = PATH_DECIMAL};
    if (decimals(op, decimal_of(a), decimal_of(b), &item.u.decimal)) {
        *ret = item;
    }
}

/* Whether one of `a` is worth more than one of `b`: then b is the finer unit of the two. */
static bool is_coarser(const struct path_quantity *a, const struct path_quantity *b,
                       struct arena *s)
{
    struct path_quantity one = *a;
    one.value = (struct path_decimal){.digits = 1, .scale = 0};
    struct path_quantity in_b;
    return path_quantity_convert(&one, b->unit, s, &in_b) &&
           path_decimal_compare(in_b.value, one.value) > 0;
}

/* The sum has the finer unit of both (N1 "Addition"); units of other dimensions have no sum. */
static bool sum_of_quantities(struct path_run *run, enum path_operator op,
                              const struct path_quantity *a, const struct path_quantity *b,
                              struct path_quantity *ret)
{
    struct path_quantity left = *a;
    struct path_quantity right = *b;
    if (!text_eq(a->unit, b->unit)) {
        bool to_right = is_coarser(a, b, run->arena);
        if (!(to_right ? path_quantity_convert(a, b->unit, run->arena, &left)
                       : path_quantity_convert(b, a->unit, run->arena, &right))) {
            return false;
        }
        *ret = to_right ? *b : *a;
    } else {
        *ret = left;
    }
    return decimals(op, left.value, right.value, &ret->value);
}

static int quantities(struct path_run *run, const struct path_term *term, const struct path_item *a,
                      const struct path_item *b, struct path_item *ret)
{
    struct path_item left;
    struct path_item right;
    if (term->op == OP_DIV || term->op == OP_MOD ||
        !path_convert_implicitly(a, PATH_QUANTITY, &left) ||
        !path_convert_implicitly(b, PATH_QUANTITY, &right)) {
        return no_such(run, term, a, b);
    }
    const struct path_quantity *l = &left.u.quantity;
    const struct path_quantity *r = &right.u.quantity;
    struct path_item item = {.kind = PATH_QUANTITY};
    bool is;
    if (term->op == OP_MULTIPLY) {
        is = path_quantity_multiply(l, r, run->arena, &item.u.quantity);
    } else if (term->op == OP_DIVIDE) {
        is = path_quantity_divide(l, r, run->arena, &item.u.quantity);
    } else {
        is = sum_of_quantities(run, term->op, l, r, &item.u.quantity);
    }
    if (is) {
        *ret = item;
    }
    return 0;
}

static int times(struct path_run *run, const struct path_term *term, const struct path_item *a,
                 const struct path_item *b, struct path_item *ret)
{
    if (b->kind != PATH_QUANTITY || (term->op != OP_ADD && term->op != OP_SUBTRACT)) {
        return path_fail(run, term, ERR_INVALID,
                         "%s takes no %.*s with a %.*s; add or subtract a duration as `7 days`",
                         sign_of(term->op), TEXT_ARG(path_item_name(a)),
                         TEXT_ARG(path_item_name(b)));
    }
    struct path_item item = {.kind = a->kind};
    switch (path_time_shift(a->kind, &a->u.time, &b->u.quantity, term->op == OP_SUBTRACT,
                            &item.u.time)) {
    case PATH_TRUE:
        *ret = item;
        return 0;
    case PATH_EMPTY:
        return 0;
    default:
        return path_fail(run, term, ERR_INVALID,
                         "\"%.*s\" is no duration that can be added to a %.*s; "
                         "write calendar durations without quotes, as `1 month`",
                         TEXT_ARG(text_short(b->u.quantity.unit, 64)), TEXT_ARG(path_item_name(a)));
    }
}

int path_calculate(struct path_run *run, const struct path_term *term, const struct path_item *a,
                   const struct path_item *b, struct path_item *ret)
{
    if (is_time(a)) {
        return times(run, term, a, b, ret);
    }
    if (is_number(a) && is_number(b)) {
        numbers(term->op, a, b, ret);
        return 0;
    }
    if (a->kind == PATH_QUANTITY || b->kind == PATH_QUANTITY) {
        return quantities(run, term, a, b, ret);
    }
    if (term->op != OP_ADD || a->kind != PATH_STRING || b->kind != PATH_STRING) {
        return no_such(run, term, a, b);
    }
    text parts[] = {a->u.string, b->u.string};
    text joined = arena_join(run->arena, parts, 2);
    if (!joined.p) {
        return path_fail(run, term, ERR_MEMORY, "no memory for a text of %zu bytes",
                         a->u.string.n + b->u.string.n);
    }
    *ret = (struct path_item){.kind = PATH_STRING, .u.string = joined};
    return path_step_on(run, ret);
}

int path_negate(struct path_run *run, const struct path_term *term, const struct path_item *a,
                struct path_item *ret)
{
    switch (a->kind) {
    case PATH_INTEGER:
        set_integer(-a->u.integer, ret);
        return 0;
    case PATH_DECIMAL:
        *ret = *a;
        ret->u.decimal.digits = -a->u.decimal.digits;
        return 0;
    case PATH_QUANTITY:
        *ret = *a;
        ret->u.quantity.value.digits = -a->u.quantity.value.digits;
        return 0;
    default:
        return path_fail(run, term, ERR_INVALID,
                         "- stands before a number or a quantity, not a %.*s; brackets may be "
                         "missing: (-1).abs()",
                         TEXT_ARG(path_item_name(a)));
    }
}
