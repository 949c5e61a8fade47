/* Math (N1 5.7), and the table of this and of the two files that path_math.h names. */
#include "fhir/path_math.h"

#include <math.h>

/* --- what all of them share ---------------------------------------------------------------- */

static const struct path_decimal one = {1, 0};

static int give_decimal(struct path_call *call, bool ok, struct path_decimal d,
                        struct path_items *ret)
{
    struct path_item item = {.kind = PATH_DECIMAL, .u.decimal = d};
    *ret = (struct path_items){NULL, 0};
    return ok ? path_only(call->run, ret, &item) : 0;
}

static int give_integer(struct path_call *call, bool ok, struct path_decimal d,
                        struct path_items *ret)
{
    struct path_item item = {.kind = PATH_INTEGER};
    *ret = (struct path_items){NULL, 0};
    return ok && path_decimal_integer(d, &item.u.integer) ? path_only(call->run, ret, &item) : 0;
}

/* By way of floating point; nothing where the result is no number. */
static int give_approximate(struct path_call *call, long double x, struct path_items *ret)
{
    struct path_decimal d = {0, 0};
    bool ok = path_decimal_from(x, &d);
    return give_decimal(call, ok, d, ret);
}

/* The focus as it is, but no element. PATH_NOTHING: there is none. */
static int plain_focus(struct path_call *call, struct path_item *ret)
{
    struct path_item item;
    int failed = path_one(call, call->focus, PATH_NOTHING, &item);
    if (failed || item.kind == PATH_NOTHING || !path_plain(&item, ret)) {
        ret->kind = PATH_NOTHING;
    }
    return failed;
}

/* The focus as a decimal; *ret_has: there is one. */
static int number(struct path_call *call, struct path_decimal *ret, bool *ret_has)
{
    struct path_item item;
    int failed = path_one(call, call->focus, PATH_DECIMAL, &item);
    *ret_has = !failed && item.kind == PATH_DECIMAL;
    if (*ret_has) {
        *ret = item.u.decimal;
    }
    return failed;
}

/* --- exact --------------------------------------------------------------------------------- */

static int run_abs(struct path_call *call, struct path_items *ret)
{
    struct path_item item;
    *ret = (struct path_items){NULL, 0};
    int failed = plain_focus(call, &item);
    if (failed || item.kind == PATH_NOTHING) {
        return failed;
    }
    struct path_decimal *d = &item.u.decimal;
    switch (item.kind) {
    case PATH_INTEGER:
        if (item.u.integer == INT32_MIN) {
            return 0;
        }
        item.u.integer = item.u.integer < 0 ? -item.u.integer : item.u.integer;
        return path_only(call->run, ret, &item);
    case PATH_QUANTITY:
        d = &item.u.quantity.value;
        break;
    case PATH_DECIMAL:
        break;
    default:
        return path_fail(call->run, call->term, ERR_INVALID,
                         "abs() is called on something that is no number or quantity; convert it "
                         "first, as with toDecimal()");
    }
    d->digits = d->digits < 0 ? -d->digits : d->digits;
    return path_only(call->run, ret, &item);
}

static int to_whole(struct path_call *call, int direction, struct path_items *ret)
{
    struct path_decimal d = {0, 0};
    bool has;
    int failed = number(call, &d, &has);
    if (failed) {
        return failed;
    }
    has = has && path_decimal_whole(d, direction, &d);
    return give_integer(call, has, d, ret);
}

static int run_ceiling(struct path_call *call, struct path_items *ret)
{
    return to_whole(call, 1, ret);
}

static int run_floor(struct path_call *call, struct path_items *ret)
{
    return to_whole(call, -1, ret);
}

static int run_truncate(struct path_call *call, struct path_items *ret)
{
    return to_whole(call, 0, ret);
}

static int run_round(struct path_call *call, struct path_items *ret)
{
    struct path_decimal d = {0, 0};
    struct path_item places;
    bool has;
    int failed = number(call, &d, &has);
    if (!failed) {
        failed = path_arg_one(call, 0, PATH_INTEGER, &places);
    }
    if (failed) {
        return failed;
    }
    int64_t scale = places.kind == PATH_INTEGER ? places.u.integer : 0;
    if (scale < 0) {
        return path_fail(call->run, call->term, ERR_INVALID,
                         "round(%lld): the number of decimals cannot be below 0", (long long)scale);
    }
    has = has && path_decimal_round(d, (int)scale, &d);
    return give_decimal(call, has, d, ret);
}

/* --- approximate --------------------------------------------------------------------------- */

static int apply(struct path_call *call, long double (*f)(long double), struct path_items *ret)
{
    struct path_decimal d;
    bool has;
    int failed = number(call, &d, &has);
    *ret = (struct path_items){NULL, 0};
    return failed || !has ? failed : give_approximate(call, f(path_decimal_approximate(d)), ret);
}

static int run_exp(struct path_call *call, struct path_items *ret)
{
    return apply(call, expl, ret);
}

static int run_ln(struct path_call *call, struct path_items *ret)
{
    return apply(call, logl, ret);
}

static int run_sqrt(struct path_call *call, struct path_items *ret)
{
    return apply(call, sqrtl, ret);
}

static int run_log(struct path_call *call, struct path_items *ret)
{
    struct path_decimal d;
    struct path_item base = {.kind = PATH_NOTHING};
    bool has;
    int failed = number(call, &d, &has);
    if (!failed) {
        failed = path_arg_one(call, 0, PATH_DECIMAL, &base);
    }
    if (failed || !has || base.kind != PATH_DECIMAL) {
        *ret = (struct path_items){NULL, 0};
        return failed;
    }
    long double x = logl(path_decimal_approximate(d));
    return give_approximate(call, x / logl(path_decimal_approximate(base.u.decimal)), ret);
}

/* base^n, n >= 0, by squares. */
static bool raise(struct path_decimal base, uint64_t n, struct path_decimal *ret)
{
    struct path_decimal product = one;
    for (; n; n >>= 1) {
        if ((n & 1) && !path_decimal_multiply(product, base, &product)) {
            return false;
        }
        if (n > 1 && !path_decimal_multiply(base, base, &base)) {
            return false;
        }
    }
    *ret = product;
    return true;
}

static int power_of(struct path_call *call, struct path_decimal base, struct path_decimal by,
                    struct path_items *ret)
{
    int64_t n;
    struct path_decimal d = {0, 0};
    if (!path_decimal_integer(by, &n)) {
        long double x = path_decimal_approximate(base);
        return give_approximate(call, powl(x, path_decimal_approximate(by)), ret);
    }
    bool ok = raise(base, (uint64_t)(n < 0 ? -n : n), &d);
    ok = ok && (n >= 0 || path_decimal_divide(one, d, &d));
    return give_decimal(call, ok, d, ret);
}

static int run_power(struct path_call *call, struct path_items *ret)
{
    struct path_item base;
    struct path_item by = {.kind = PATH_NOTHING};
    struct path_decimal d;
    bool has;
    int failed = plain_focus(call, &base);
    if (!failed) {
        failed = number(call, &d, &has);
    }
    if (!failed) {
        failed = path_arg_one(call, 0, PATH_NOTHING, &by);
    }
    if (failed || !has || by.kind == PATH_NOTHING || !path_plain(&by, &by)) {
        *ret = (struct path_items){NULL, 0};
        return failed;
    }
    if (base.kind == PATH_INTEGER && by.kind == PATH_INTEGER && by.u.integer >= 0) {
        bool ok = raise(d, (uint64_t)by.u.integer, &d);
        return give_integer(call, ok, d, ret);
    }
    if (!path_convert_implicitly(&by, PATH_DECIMAL, &by)) {
        return path_fail(call->run, call->term, ERR_INVALID,
                         "power() takes a number; convert the exponent first, as with toDecimal()");
    }
    return power_of(call, d, by.u.decimal, ret);
}

/* --- the table ----------------------------------------------------------------------------- */

const struct path_function *path_functions_math(size_t *ret_count)
{
    static const struct path_function table[] = {
        {"abs", 0, 0, run_abs},
        {"ceiling", 0, 0, run_ceiling},
        {"exp", 0, 0, run_exp},
        {"floor", 0, 0, run_floor},
        {"ln", 0, 0, run_ln},
        {"log", 1, 1, run_log},
        {"power", 1, 1, run_power},
        {"round", 0, 1, run_round},
        {"sqrt", 0, 0, run_sqrt},
        {"truncate", 0, 0, run_truncate},
        {"lowBoundary", 0, 1, path_fn_low_boundary},
        {"highBoundary", 0, 1, path_fn_high_boundary},
        {"precision", 0, 0, path_fn_precision},
        {"toBoolean", 0, 0, path_fn_to_boolean},
        {"toInteger", 0, 0, path_fn_to_integer},
        {"toDecimal", 0, 0, path_fn_to_decimal},
        {"toString", 0, 0, path_fn_to_string},
        {"toDate", 0, 0, path_fn_to_date},
        {"toDateTime", 0, 0, path_fn_to_date_time},
        {"toTime", 0, 0, path_fn_to_time},
        {"toQuantity", 0, 1, path_fn_to_quantity},
        {"convertsToBoolean", 0, 0, path_fn_converts_to_boolean},
        {"convertsToInteger", 0, 0, path_fn_converts_to_integer},
        {"convertsToDecimal", 0, 0, path_fn_converts_to_decimal},
        {"convertsToString", 0, 0, path_fn_converts_to_string},
        {"convertsToDate", 0, 0, path_fn_converts_to_date},
        {"convertsToDateTime", 0, 0, path_fn_converts_to_date_time},
        {"convertsToTime", 0, 0, path_fn_converts_to_time},
        {"convertsToQuantity", 0, 1, path_fn_converts_to_quantity},
    };
    *ret_count = sizeof table / sizeof table[0];
    return table;
}
