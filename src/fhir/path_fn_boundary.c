/*
 * lowBoundary(), highBoundary() and precision(): how far a value that is given to some precision
 * may lie to either side. Precision is counted in decimals of a number, in digits of a date.
 */
#include "fhir/path_math.h"

#include "base/clock.h"

enum {
    MOST_DECIMALS = 31,
    DECIMALS = 8, /* where no precision is asked for */
    EAST = 14 * 60,
    WEST = -12 * 60, /* a moment without a zone: the first and the last place where it comes */
};

/* --- numbers ------------------------------------------------------------------------------- */

/* With zeros at the end. */
static bool pad(struct path_decimal d, int scale, struct path_decimal *ret)
{
    struct path_decimal one = {1, 0};
    for (; one.scale < scale - d.scale; one.scale++) {
        one.digits *= 10;
    }
    return path_decimal_multiply(d, one, ret) && ret->scale == scale;
}

/* Half of the last place down or up, to so many decimals: never inwards, but what is nothing at
 * that precision stays nothing. */
static bool decimal_boundary(struct path_decimal d, bool high, int64_t decimals,
                             struct path_decimal *ret)
{
    struct path_decimal half = {high ? 5 : -5, d.scale + 1};
    struct path_decimal edge;
    if (decimals < 0 || decimals > MOST_DECIMALS || !path_decimal_add(d, half, &edge)) {
        return false;
    }
    int scale = (int)decimals;
    if (scale >= edge.scale) {
        return pad(edge, scale, ret);
    }
    struct path_decimal rounded;
    if (d.digits && path_decimal_round(d, scale, &rounded) && rounded.digits == 0) {
        *ret = (struct path_decimal){0, scale};
        return true;
    }
    edge.scale -= scale; /* whole numbers of the last place */
    if (!path_decimal_whole(edge, high ? 1 : -1, &edge)) {
        return false;
    }
    *ret = (struct path_decimal){edge.digits, scale};
    return true;
}

/* --- dates --------------------------------------------------------------------------------- */

/* Digits of a date or moment at each precision; a time of day has 8 less. */
static const uint8_t digits_of[] = {
    [PATH_YEAR] = 4,    [PATH_MONTH] = 6,   [PATH_DAY] = 8,          [PATH_HOUR] = 10,
    [PATH_MINUTE] = 12, [PATH_SECOND] = 14, [PATH_MILLISECOND] = 17,
};

/* 0: no kind of it has so many digits. */
static unsigned precision_of(enum path_kind kind, int64_t digits)
{
    unsigned least = kind == PATH_TIME ? PATH_HOUR : PATH_YEAR;
    unsigned most = kind == PATH_DATE ? PATH_DAY : PATH_MILLISECOND;
    for (unsigned i = least; i <= most; i++) {
        if (digits_of[i] - (kind == PATH_TIME ? 8 : 0) == digits) {
            return i;
        }
    }
    return 0;
}

static uint8_t last_day(const struct path_time *t)
{
    int64_t next =
        t->month == 12 ? clock_days(t->year + 1, 1, 1) : clock_days(t->year, t->month + 1, 1);
    return (uint8_t)(next - clock_days(t->year, t->month, 1));
}

/* Everything finer than the precision at its end. */
static void fill_high(struct path_time *t, unsigned known)
{
    t->month = known < PATH_MONTH ? 12 : t->month;
    t->day = known < PATH_DAY ? last_day(t) : t->day;
    t->hour = known < PATH_HOUR ? 23 : t->hour;
    t->minute = known < PATH_MINUTE ? 59 : t->minute;
    t->second = known < PATH_SECOND ? 59 : t->second;
    t->millisecond = known < PATH_MILLISECOND ? 999 : t->millisecond;
}

static void cut(struct path_time *t, unsigned precision)
{
    t->month = precision < PATH_MONTH ? 1 : t->month;
    t->day = precision < PATH_DAY ? 1 : t->day;
    t->hour = precision < PATH_HOUR ? 0 : t->hour;
    t->minute = precision < PATH_MINUTE ? 0 : t->minute;
    t->second = precision < PATH_SECOND ? 0 : t->second;
    t->millisecond = precision < PATH_MILLISECOND ? 0 : t->millisecond;
    t->precision = (uint8_t)precision;
}

static bool time_boundary(enum path_kind kind, struct path_time t, bool high, int64_t digits,
                          struct path_time *ret)
{
    unsigned precision = precision_of(kind, digits);
    unsigned known = t.precision;
    if (!precision) {
        return false;
    }
    if (kind == PATH_DATE_TIME && known == PATH_HOUR) {
        known = PATH_MINUTE; /* FHIR has no moments to the hour: T08 is T08:00 */
    }
    if (high) {
        fill_high(&t, known);
    }
    cut(&t, precision);
    if (kind == PATH_DATE_TIME && precision >= PATH_HOUR && !t.has_zone) {
        t.has_zone = true;
        t.zone = high ? WEST : EAST;
    } else if (precision < PATH_HOUR) {
        t.has_zone = false;
        t.zone = 0;
    }
    *ret = t;
    return true;
}

/* --- functions ----------------------------------------------------------------------------- */

/* The focus as a number, quantity or time. PATH_NOTHING: there is none. */
static int measure(struct path_call *call, struct path_item *ret)
{
    struct path_item item;
    int failed = path_one(call, call->focus, PATH_NOTHING, &item);
    if (failed || item.kind == PATH_NOTHING || !path_plain(&item, ret)) {
        ret->kind = PATH_NOTHING;
        return failed;
    }
    switch (ret->kind) {
    case PATH_INTEGER:
        ret->u.decimal = (struct path_decimal){ret->u.integer, 0};
        ret->kind = PATH_DECIMAL;
        return 0;
    case PATH_DECIMAL:
    case PATH_QUANTITY:
    case PATH_DATE:
    case PATH_DATE_TIME:
    case PATH_TIME:
        return 0;
    default:
        return path_fail(
            call->run, call->term, ERR_INVALID,
            "%.*s() is called on something that is no number, quantity, date, dateTime "
            "or time; select one of them first",
            TEXT_ARG(call->term->name));
    }
}

static int64_t default_digits(enum path_kind kind)
{
    switch (kind) {
    case PATH_DATE:
        return digits_of[PATH_DAY];
    case PATH_DATE_TIME:
        return digits_of[PATH_MILLISECOND];
    case PATH_TIME:
        return digits_of[PATH_MILLISECOND] - 8;
    default:
        return DECIMALS;
    }
}

static int boundary(struct path_call *call, bool high, struct path_items *ret)
{
    struct path_item item;
    struct path_item asked = {.kind = PATH_NOTHING};
    *ret = (struct path_items){NULL, 0};
    int failed = measure(call, &item);
    if (!failed) {
        failed = path_arg_one(call, 0, PATH_INTEGER, &asked);
    }
    if (failed || item.kind == PATH_NOTHING) {
        return failed;
    }
    int64_t digits = asked.kind == PATH_INTEGER ? asked.u.integer : default_digits(item.kind);
    bool ok;
    if (item.kind == PATH_DECIMAL) {
        ok = decimal_boundary(item.u.decimal, high, digits, &item.u.decimal);
    } else if (item.kind == PATH_QUANTITY) {
        ok = decimal_boundary(item.u.quantity.value, high, digits, &item.u.quantity.value);
    } else {
        ok = time_boundary(item.kind, item.u.time, high, digits, &item.u.time);
        if (item.kind == PATH_DATE_TIME && ok && item.u.time.precision <= PATH_DAY) {
            item.kind = PATH_DATE; /* which is asked for, and goes wherever a dateTime goes */
        }
    }
    return ok ? path_only(call->run, ret, &item) : 0;
}

int path_fn_low_boundary(struct path_call *call, struct path_items *ret)
{
    return boundary(call, false, ret);
}

int path_fn_high_boundary(struct path_call *call, struct path_items *ret)
{
    return boundary(call, true, ret);
}

int path_fn_precision(struct path_call *call, struct path_items *ret)
{
    struct path_item item;
    struct path_item digits = {.kind = PATH_INTEGER};
    *ret = (struct path_items){NULL, 0};
    int failed = measure(call, &item);
    if (failed || item.kind == PATH_NOTHING) {
        return failed;
    }
    if (item.kind == PATH_DECIMAL) {
        digits.u.integer = item.u.decimal.scale;
    } else if (item.kind == PATH_QUANTITY) {
        digits.u.integer = item.u.quantity.value.scale;
    } else {
        digits.u.integer = digits_of[item.u.time.precision] - (item.kind == PATH_TIME ? 8 : 0);
    }
    return path_only(call->run, ret, &digits);
}
