/* The values of FHIRPath: the examples of N1 and R4 for sums, quotients, durations and conversions.
 */
#include "path_kit.h"

#include <stdio.h>

static struct path_decimal decimal(const char *t)
{
    struct path_decimal d = {0, 0};
    if (!path_decimal_read(text_of(t), &d)) {
        fail_msg("%s is no decimal", t);
    }
    return d;
}

static void same(text got, const char *expected, const char *what)
{
    if (!text_eq(got, text_of(expected)) || (got.p == NULL) != (expected == NULL)) {
        fail_msg("%s: %.*s, not %s", what, TEXT_ARG(got), expected ? expected : "nothing");
    }
}

/* --- decimals ------------------------------------------------------------------------------ */

#define NINES "99999999999999999999999999999999999999"

static void decimals_are_read_and_printed(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        const char *out; /* NULL: refused */
    } rows[] = {
        {"0", "0"},
        {"1.50", "1.50"},
        {"-0.0034", "-0.0034"},
        {"+7", "7"},
        {"007.10", "7.10"},
        {"1e2", "100"},
        {"1.5E-3", "0.0015"},
        {"12.00e1", "120.0"},
        {"0e50", "0"},
        {NINES, NINES},
        {"-0." NINES, "-0." NINES},
        {"0.00000000000000000000000000000000000001", "0.00000000000000000000000000000000000001"},
        {"1." NINES "0", NULL},
        {"1.00000000000000000000000000000000000000000000000000",
         "1.0000000000000000000000000000000000000"},
        {NINES "9", NULL},
        {"1e38", NULL},
        {"1e-39", NULL},
        {"1e99999999999999999999", NULL},
        {"1e-99999999999999999999", NULL},
        {"", NULL},
        {"-", NULL},
        {".5", NULL},
        {"5.", NULL},
        {"1e", NULL},
        {"1e+", NULL},
        {"1.2.3", NULL},
        {"1 ", NULL},
        {"0x10", NULL},
        {"NaN", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct path_decimal d;
        bool ok = path_decimal_read(text_of(rows[i].in), &d);
        same(ok ? path_decimal_print(d, &a) : (text){NULL, 0}, rows[i].out, rows[i].in);
    }
    struct path_decimal d;
    assert_true(path_decimal_read_rounded(T("0." NINES "9"), &d));
    same(path_decimal_print(d, &a), "1.0000000000000000000000000000000000000", "rounded up");
    assert_true(path_decimal_read_rounded(T("4e-50"), &d));
    assert_true(d.digits == 0);
    assert_false(path_decimal_read_rounded(T("1e38"), &d));
}

typedef bool operation(struct path_decimal, struct path_decimal, struct path_decimal *);

static void decimals_are_calculated_with(void **state)
{
    (void)state;
    static const struct {
        operation *run;
        const char *x;
        const char *y;
        const char *out; /* NULL: no value */
    } rows[] = {
        {path_decimal_add, "1.2", "1.80", "3.00"},
        {path_decimal_add, "-1", "0.001", "-0.999"},
        {path_decimal_add, NINES, "1", NULL},
        {path_decimal_add, NINES, NINES, NULL},
        {path_decimal_add, NINES, "1.000", NULL},
        {path_decimal_add, "9e37", "1.0", "90000000000000000000000000000000000001"},
        {path_decimal_add, "9e37", "0.1", NULL},
        {path_decimal_subtract, "1.8", "1.2", "0.6"},
        {path_decimal_subtract, "-" NINES, "1", NULL},
        {path_decimal_multiply, "1.2", "1.8", "2.16"},
        {path_decimal_multiply, "-2.0", "2.0", "-4.00"},
        {path_decimal_multiply, "1e20", "1e20", NULL},
        {path_decimal_multiply, NINES, NINES, NULL},
        {path_decimal_multiply, "1e37", "0.00001", "100000000000000000000000000000000.00000"},
        {path_decimal_multiply, "0.3333333333333333333333333", "0.3333333333333333333333333",
         "0.11111111111111111111111108888888888889"},
        {path_decimal_multiply, "0", NINES, "0"},
        {path_decimal_divide, "1", "2", "0.5"},
        {path_decimal_divide, "4.0", "2.0", "2"},
        {path_decimal_divide, "4.00", "2", "2"},
        {path_decimal_divide, "1", "3", "0.33333333"},
        {path_decimal_divide, "2", "3", "0.66666667"},
        {path_decimal_divide, "-2", "3", "-0.66666667"},
        {path_decimal_divide, "1.2", "1.8", "0.666666667"},
        {path_decimal_divide, "1", "3000", "0.00033333333"},
        {path_decimal_divide, "1", "1024", "0.0009765625"},
        {path_decimal_divide, NINES, "1e-38", NULL},
        {path_decimal_divide, NINES, "0.1", NULL},
        {path_decimal_divide, "1e37", "1e37", "1"},
        {path_decimal_divide, "1", "0", NULL},
        {path_decimal_divide, "0", "7", "0"},
        {path_decimal_div, "5", "2", "2"},
        {path_decimal_div, "-5", "2", "-2"},
        {path_decimal_div, "2.2", "1.8", "1"},
        {path_decimal_div, "5", "0", NULL},
        {path_decimal_mod, "5", "2", "1"},
        {path_decimal_mod, "-5", "2", "-1"},
        {path_decimal_mod, "5.5", "0.7", "0.6"},
        {path_decimal_mod, "2.2", "1.8", "0.4"},
        {path_decimal_mod, "5", "0.0", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct path_decimal d;
        char what[160];
        snprintf(what, sizeof what, "row %zu: %s and %s", i, rows[i].x, rows[i].y);
        bool ok = rows[i].run(decimal(rows[i].x), decimal(rows[i].y), &d);
        same(ok ? path_decimal_print(d, &a) : (text){NULL, 0}, rows[i].out, what);
    }
}

static void decimals_are_ordered(void **state)
{
    (void)state;
    static const char *rising[] = {"-" NINES, "-9e36",  "-1.01", "-1.0", "-0." NINES, "0",
                                   "1e-38",   "0.0001", "0.1",   "1",    "1.0000001", NINES};
    size_t n = sizeof rising / sizeof *rising;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < n; k++) {
            int order = path_decimal_compare(decimal(rising[i]), decimal(rising[k]));
            if (order != (i > k) - (i < k)) {
                fail_msg("%s and %s: %d", rising[i], rising[k], order);
            }
        }
    }
    assert_int_equal(path_decimal_compare(decimal("1.10"), decimal("1.1")), 0);
    assert_int_equal(path_decimal_compare(decimal("0.000"), decimal("0")), 0);
}

static void decimals_are_rounded(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        int scale;
        const char *out;
        const char *floor;
        const char *ceiling;
        const char *truncated;
    } rows[] = {
        {"3.14159", 3, "3.142", "3", "4", "3"},
        {"1", 0, "1", "1", "1", "1"},
        {"2.5", 0, "3", "2", "3", "2"},
        {"-2.5", 0, "-3", "-3", "-2", "-2"},
        {"-1.56", 1, "-1.6", "-2", "-1", "-1"},
        {"0.49", 0, "0", "0", "1", "0"},
        {"1.5", 5, "1.5", "1", "2", "1"},
        {"-0.1", 1, "-0.1", "-1", "0", "0"},
        {"0." NINES, 37, "1.0000000000000000000000000000000000000", "0", "1", "0"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct path_decimal in = decimal(rows[i].in);
        struct path_decimal d;
        assert_true(path_decimal_round(in, rows[i].scale, &d));
        same(path_decimal_print(d, &a), rows[i].out, rows[i].in);
        assert_true(path_decimal_whole(in, -1, &d));
        same(path_decimal_print(d, &a), rows[i].floor, rows[i].in);
        assert_true(path_decimal_whole(in, 1, &d));
        same(path_decimal_print(d, &a), rows[i].ceiling, rows[i].in);
        assert_true(path_decimal_whole(in, 0, &d));
        same(path_decimal_print(d, &a), rows[i].truncated, rows[i].in);
    }
    int64_t n;
    assert_true(path_decimal_integer(decimal("2147483647.0"), &n) && n == INT32_MAX);
    assert_true(path_decimal_integer(decimal("-2147483648"), &n) && n == INT32_MIN);
    assert_false(path_decimal_integer(decimal("2147483648"), &n));
    assert_false(path_decimal_integer(decimal("1.5"), &n));
    struct path_decimal d;
    assert_true(path_decimal_from(path_decimal_approximate(decimal("0.1")) * 3, &d));
    same(path_decimal_print(d, &a), "0.3", "0.1 * 3");
    assert_true(path_decimal_from(1e-60L, &d) && d.digits == 0);
    assert_false(path_decimal_from(1e38L, &d));
    assert_false(path_decimal_from(__builtin_infl(), &d));
    assert_false(path_decimal_from(__builtin_nanl(""), &d));
}

/* --- dates --------------------------------------------------------------------------------- */

static void dates_are_read_and_printed(void **state)
{
    (void)state;
    static const struct {
        int kind;
        const char *in;
        const char *out; /* NULL: refused */
    } rows[] = {
        {DATE, "2014", "2014"},
        {DATE, "2014-01", "2014-01"},
        {DATE, "2014-01-25", "2014-01-25"},
        {DATE, "2012-02-29", "2012-02-29"},
        {DATE, "2000-02-29", "2000-02-29"},
        {DATE, "1900-02-29", NULL},
        {DATE, "2014-13", NULL},
        {DATE, "2014-04-31", NULL},
        {DATE, "0000", NULL},
        {DATE, "2014-1-1", NULL},
        {DATE, "2014-01-25T", NULL},
        {DATE, "", NULL},
        {MOMENT, "2014T", "2014"},
        {MOMENT, "2014-01T", "2014-01"},
        {MOMENT, "2014-01-25T", "2014-01-25"},
        {MOMENT, "2014-01-25T14", "2014-01-25T14"},
        {MOMENT, "2014-01-25T14:30", "2014-01-25T14:30"},
        {MOMENT, "2014-01-25T14:30:14.559", "2014-01-25T14:30:14.559"},
        {MOMENT, "2014-01-25T14:30:14.5", "2014-01-25T14:30:14.500"},
        {MOMENT, "2014-01-25T14:30:14.559999", "2014-01-25T14:30:14.559"},
        {MOMENT, "2014-01-25T14:30:14Z", "2014-01-25T14:30:14Z"},
        {MOMENT, "2014-01-25T14:30:14-05:30", "2014-01-25T14:30:14-05:30"},
        {MOMENT, "2014-01-25T14+10:00", "2014-01-25T14+10:00"},
        {MOMENT, "2014-01T14", NULL},
        {MOMENT, "2014-01-25T24:00", NULL},
        {MOMENT, "2014-01-25T14:30:14.", NULL},
        {MOMENT, "2014-01-25T14:30+15:00", NULL},
        {MOMENT, "2014-01-25TZ", NULL},
        {MOMENT, "2014-01-25 14:30", NULL},
        {TIME, "12:00", "12:00"},
        {TIME, "14:30:14.559", "14:30:14.559"},
        {TIME, "14", "14"},
        {TIME, "14:60", NULL},
        {TIME, "14:30:14Z", NULL},
        {TIME, "T14:30", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct path_time t;
        enum path_kind kind = (enum path_kind)rows[i].kind;
        bool ok = path_time_read(kind, text_of(rows[i].in), &t);
        same(ok ? path_time_print(kind, &t, &a) : (text){NULL, 0}, rows[i].out, rows[i].in);
    }
}

/* N1 "Date/Time Arithmetic". */
static void dates_are_moved(void **state)
{
    (void)state;
    static const struct {
        int kind;
        const char *from;
        const char *by; /* -: it is subtracted */
        const char *to; /* NULL: no value; "error" */
    } rows[] = {
        {DATE, "2014", "24 months", "2016"},
        {DATE, "2014", "25 months", "2016"},
        {DATE, "2014", "23 months", "2015"},
        {DATE, "2014", "364 days", "2014"},
        {DATE, "2014", "365 days", "2015"},
        {DATE, "2014-03", "29 days", "2014-03"},
        {DATE, "2014-03", "30 days", "2014-04"},
        {DATE, "2019-03-01", "24 months", "2021-03-01"},
        {DATE, "2019-01-31", "1 month", "2019-02-28"},
        {DATE, "2020-01-31", "1 month", "2020-02-29"},
        {DATE, "2020-02-29", "1 year", "2021-02-28"},
        {DATE, "2020-02-29", "4 years", "2024-02-29"},
        {DATE, "2020-03-31", "-1 month", "2020-02-29"},
        {DATE, "2019-12-31", "2 months", "2020-02-29"},
        {DATE, "1973-12-25", "7 days", "1974-01-01"},
        {DATE, "1973-12-25", "7.7 days", "1974-01-01"},
        {DATE, "1973-12-25", "1.9 years", "1974-12-25"},
        {DATE, "1973-12-25", "1.9 weeks", "1974-01-01"},
        {DATE, "1973-12-25", "1 week", "1974-01-01"},
        {DATE, "1973-12-25", "1 'wk'", "1974-01-01"},
        {DATE, "1973-12-25", "1 'd'", "1973-12-26"},
        {DATE, "1973-12-25", "23 hours", "1973-12-25"},
        {DATE, "1973-12-25", "24 hours", "1973-12-26"},
        {DATE, "1974-12-25", "-1 'month'", "1974-11-25"},
        {DATE, "2016-02-28", "1 day", "2016-02-29"},
        {DATE, "2015-03-01", "-1 day", "2015-02-28"},
        {DATE, "9999-12-31", "1 day", NULL},
        {DATE, "0001-01-01", "-1 day", NULL},
        {DATE, "9999", "1 year", NULL},
        {DATE, "0001-06", "-6 months", NULL},
        {DATE, "2014-01-01", "99999999999999999999 days", NULL},
        {DATE, "2014-01-01", "1000000000000000000 years", NULL},
        {DATE, "1973-12-25", "1 'mo'", "error"},
        {DATE, "1973-12-25", "1 'a'", "error"},
        {DATE, "1974-12-25", "-1 'cm'", "error"},
        {DATE, "1974-12-25", "7", "error"},
        {MOMENT, "1973-12-25T00:00:00.000+10:00", "7.7 days", "1974-01-01T00:00:00.000+10:00"},
        {MOMENT, "1973-12-25T00:00:00.000+10:00", "10 'ms'", "1973-12-25T00:00:00.010+10:00"},
        {MOMENT, "1973-12-25T00:00:00.000+10:00", "0.1 's'", "1973-12-25T00:00:00.100+10:00"},
        {MOMENT, "1973-12-25T00:00:00", "1.5 seconds", "1973-12-25T00:00:01.500"},
        {MOMENT, "1973-12-25T00:00:00", "2 seconds", "1973-12-25T00:00:02"},
        {MOMENT, "1973-12-25T00:00:00", "-1 'min'", "1973-12-24T23:59:00"},
        {MOMENT, "1973-12-25T23:59", "61 seconds", "1973-12-26T00:00"},
        {MOMENT, "1973-12-25T23:59", "59 seconds", "1973-12-25T23:59"},
        {MOMENT, "2016-02-29T12:00:00Z", "1 year", "2017-02-28T12:00:00Z"},
        {MOMENT, "2016-01-31T12:00:00Z", "-2 months", "2015-11-30T12:00:00Z"},
        {MOMENT, "2016-12-31T23:59:59.999", "1 millisecond", "2017-01-01T00:00:00.000"},
        {TIME, "01:00", "2 hours", "03:00"},
        {TIME, "23:00", "2 hours", "01:00"},
        {TIME, "23:00", "50 hours", "01:00"},
        {TIME, "10:00", "100000000000000000 hours", "02:00"},
        {TIME, "01:00", "-2 hours", "23:00"},
        {TIME, "10:00", "1 day", "error"},
        {TIME, "10:00", "1 month", "error"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bool minus = rows[i].by[0] == '-';
        struct path_item from = value(rows[i].kind, rows[i].from);
        struct path_item by = value(Q, rows[i].by + minus);
        struct path_time to;
        enum path_truth got = path_time_shift(from.kind, &from.u.time, &by.u.quantity, minus, &to);
        char what[100];
        snprintf(what, sizeof what, "%s %s", rows[i].from, rows[i].by);
        same(got == PATH_TRUE    ? path_time_print(from.kind, &to, &a)
             : got == PATH_FALSE ? T("error")
                                 : (text){NULL, 0},
             rows[i].to, what);
    }
}

/* --- quantities ---------------------------------------------------------------------------- */

static void quantities_are_multiplied(void **state)
{
    (void)state;
    static const struct {
        const char *x;
        char op;
        const char *y;
        const char *out; /* NULL: no value */
    } rows[] = {
        {"2.0 'cm'", '*', "2.0 'm'", "0.040 'm2'"},
        {"2 'm'", '*', "3 'm'", "6 'm2'"},
        {"2 'm2'", '*', "3 'm2'", "6 '(m2).(m2)'"},
        {"2 'g'", '*', "3 's'", "6 'g.s'"},
        {"3 'mg'", '*', "2 '1'", "6 'mg'"},
        {"2", '*', "3 days", "6 days"},
        {"2 days", '*', "3 'mg'", "6 'd.mg'"},
        {"2 years", '*', "3 'mg'", NULL},
        {"2 'Cel'", '*', "3 'm'", NULL},
        {"2 'nonsense'", '*', "3 'm'", NULL},
        {"99999999999999999999999999999999999999 'g'", '*', "10 's'", NULL},
        {"4.0 'g'", '/', "2.0 'm'", "2 'g/m'"},
        {"1.0 'm'", '/', "1.0 'm'", "1 '1'"},
        {"1 'm'", '/', "1 'cm'", "100 '1'"},
        {"6 'mg'", '/', "2 'mL.h'", "3 'mg/(mL.h)'"},
        {"6 'mg'", '/', "2 '1'", "3 'mg'"},
        {"6 '1'", '/', "2 'mg'", "3 '1/mg'"},
        {"6 days", '/', "2", "3 days"},
        {"1 week", '/', "1 day", "7 '1'"},
        {"1 year", '/', "6 months", "2 '1'"},
        {"1 year", '/', "6 'd'", NULL},
        {"1 'm'", '/', "0 's'", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct path_item x = value(Q, rows[i].x);
        struct path_item y = value(Q, rows[i].y);
        struct path_item z = {.kind = PATH_QUANTITY};
        bool ok = rows[i].op == '*'
                      ? path_quantity_multiply(&x.u.quantity, &y.u.quantity, &a, &z.u.quantity)
                      : path_quantity_divide(&x.u.quantity, &y.u.quantity, &a, &z.u.quantity);
        char what[120];
        snprintf(what, sizeof what, "%s %c %s", rows[i].x, rows[i].op, rows[i].y);
        same(ok ? path_string(&z, &a) : (text){NULL, 0}, rows[i].out, what);
    }
}

static void quantities_are_converted(void **state)
{
    (void)state;
    static const struct {
        const char *from;
        const char *unit;
        const char *to; /* NULL: not comparable */
    } rows[] = {
        {"4 'g'", "mg", "4000 'mg'"},
        {"1 week", "day", "7 days"},
        {"1 year", "month", "12 months"},
        {"18 months", "year", "1.5 years"},
        {"1 'wk'", "day", "7 days"},
        {"90 minutes", "h", "1.5 'h'"},
        {"1 'a'", "year", NULL},
        {"1 year", "d", NULL},
        {"1 'g'", "cm", NULL},
        {"1 'g'", "", NULL},
        {"50 '%'", "1", "0.5 '1'"},
        {"1 'g'", "g", "1 'g'"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct path_item from = value(Q, rows[i].from);
        struct path_item to = {.kind = PATH_QUANTITY};
        bool ok =
            path_quantity_convert(&from.u.quantity, text_of(rows[i].unit), &a, &to.u.quantity);
        same(ok ? path_string(&to, &a) : (text){NULL, 0}, rows[i].to, rows[i].from);
    }
    same(path_calendar_unit(T("years")), "year", "years");
    same(path_calendar_unit(T("milliseconds")), "millisecond", "milliseconds");
    assert_null(path_calendar_unit(T("s")).p);
    assert_null(path_calendar_unit(T("Years")).p);
}

/* --- converting ---------------------------------------------------------------------------- */

/* N1 "Conversion": each cell of its table; what is not in a row does not convert. */
static void each_kind_converts_as_the_table_says(void **state)
{
    (void)state;
    static const struct {
        int kind;
        const char *from;
        const char *to[8]; /* Boolean String Integer Decimal Date DateTime Time Quantity */
        unsigned implicit; /* 1 << kind, beyond the kind itself */
    } rows[] = {
        {B, "true", {"true", "true", "1", "1.0", 0, 0, 0, "1.0 '1'"}, 0},
        {B, "false", {"false", "false", "0", "0.0", 0, 0, 0, "0.0 '1'"}, 0},
        {I, "1", {"true", "1", "1", "1", 0, 0, 0, "1 '1'"}, 1 << D | 1 << Q},
        {I, "2", {0, "2", "2", "2", 0, 0, 0, "2 '1'"}, 1 << D | 1 << Q},
        {I, "-1", {0, "-1", "-1", "-1", 0, 0, 0, "-1 '1'"}, 1 << D | 1 << Q},
        {D, "1.0", {"true", "1.0", 0, "1.0", 0, 0, 0, "1.0 '1'"}, 1 << Q},
        {D, "0.0", {"false", "0.0", 0, "0.0", 0, 0, 0, "0.0 '1'"}, 1 << Q},
        {D, "1.5", {0, "1.5", 0, "1.5", 0, 0, 0, "1.5 '1'"}, 1 << Q},
        {Q, "1 'wk'", {0, "1 'wk'", 0, 0, 0, 0, 0, "1 'wk'"}, 0},
        {Q, "1 week", {0, "1 week", 0, 0, 0, 0, 0, "1 week"}, 0},
        {Q, "4 days", {0, "4 days", 0, 0, 0, 0, 0, "4 days"}, 0},
        {DATE, "2015-02", {0, "2015-02", 0, 0, "2015-02", "2015-02", 0, 0}, 1 << MOMENT},
        {MOMENT,
         "2015-02-04T14:34Z",
         {0, "2015-02-04T14:34Z", 0, 0, "2015-02-04", "2015-02-04T14:34Z", 0, 0},
         0},
        {MOMENT, "2015T", {0, "2015", 0, 0, "2015", "2015", 0, 0}, 0},
        {TIME, "14:34:28", {0, "14:34:28", 0, 0, 0, 0, "14:34:28", 0}, 0},
        {S, "true", {"true", "true", 0, 0, 0, 0, 0, 0}, 0},
        {S, "T", {"true", "T", 0, 0, 0, 0, 0, 0}, 0},
        {S, "Yes", {"true", "Yes", 0, 0, 0, 0, 0, 0}, 0},
        {S, "n", {"false", "n", 0, 0, 0, 0, 0, 0}, 0},
        {S, "1.0", {"true", "1.0", 0, "1.0", 0, 0, 0, "1.0 '1'"}, 0},
        {S, "0", {"false", "0", "0", "0", 0, 0, 0, "0 '1'"}, 0},
        {S, "-1", {0, "-1", "-1", "-1", 0, 0, 0, "-1 '1'"}, 0},
        {S, "+3", {0, "+3", "3", "3", 0, 0, 0, "3 '1'"}, 0},
        {S, "2147483648", {0, "2147483648", 0, "2147483648", 0, 0, 0, "2147483648 '1'"}, 0},
        {S, "1e3", {0, "1e3", 0, 0, 0, 0, 0, 0}, 0},
        {S, "1.a", {0, "1.a", 0, 0, 0, 0, 0, 0}, 0},
        {S, " 1", {0, " 1", 0, 0, 0, 0, 0, 0}, 0},
        {S, "2015", {0, "2015", "2015", "2015", "2015", "2015", 0, "2015 '1'"}, 0},
        {S, "2015-02-04", {0, "2015-02-04", 0, 0, "2015-02-04", "2015-02-04", 0, 0}, 0},
        {S, "2015-02-04T14", {0, "2015-02-04T14", 0, 0, 0, "2015-02-04T14", 0, 0}, 0},
        {S, "14:34", {0, "14:34", 0, 0, 0, 0, "14:34", 0}, 0},
        {S, "1 day", {0, "1 day", 0, 0, 0, 0, 0, "1 day"}, 0},
        {S, "2days", {0, "2days", 0, 0, 0, 0, 0, "2 days"}, 0},
        {S, "1 'wk'", {0, "1 'wk'", 0, 0, 0, 0, 0, "1 'wk'"}, 0},
        {S, "1 wk", {0, "1 wk", 0, 0, 0, 0, 0, 0}, 0},
        {S, "1 'wk", {0, "1 'wk", 0, 0, 0, 0, 0, 0}, 0},
        {S, "1 ''", {0, "1 ''", 0, 0, 0, 0, 0, 0}, 0},
        {S, "1 'wk' x", {0, "1 'wk' x", 0, 0, 0, 0, 0, 0}, 0},
        {S, "", {0, "", 0, 0, 0, 0, 0, 0}, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct path_item from = value(rows[i].kind, rows[i].from);
        for (int kind = B; kind <= Q; kind++) {
            struct path_item to;
            char what[80];
            snprintf(what, sizeof what, "%s as kind %d", rows[i].from, kind);
            bool ok = path_convert(&from, (enum path_kind)kind, &a, &to);
            if (ok && to.kind != (enum path_kind)kind) {
                fail_msg("%s: it is of kind %d", what, to.kind);
            }
            same(ok ? path_string(&to, &a) : (text){NULL, 0}, rows[i].to[kind - B], what);
            bool implicit = kind == rows[i].kind || (rows[i].implicit & 1U << kind);
            if (path_convert_implicitly(&from, (enum path_kind)kind, &to) != implicit) {
                fail_msg("%s: implicitly", what);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(decimals_are_read_and_printed),
        TEST(decimals_are_calculated_with),
        TEST(decimals_are_ordered),
        TEST(decimals_are_rounded),
        TEST(dates_are_read_and_printed),
        TEST(dates_are_moved),
        TEST(quantities_are_multiplied),
        TEST(quantities_are_converted),
        TEST(each_kind_converts_as_the_table_says),
    };
    return cmocka_run_group_tests_name("path_value", tests, NULL, NULL);
}
