/* FHIRPath's math, boundaries and conversions as functions: N1 5.5 and 5.7, with their empty
 * collections and errors. */
#include "fhir/path.h"

#include "arena_kit.h"

struct row {
    const char *expression;
    const char *wanted;
};

/* The items as strings with a comma between; {}: none. An error: its code's name and its words. */
static text told(const char *expression)
{
    struct err e = {.code = 0};
    const struct path *path = NULL;
    struct path_items none = {NULL, 0};
    struct path_items items = none;
    int code = path_compile(text_of(expression), &a, &path, &e);
    code = code ? code : path_eval(path, NULL, &none, &a, &items, &e);
    assert_int_equal(code, e.code);
    if (code) {
        return arena_printf(&a, "%s %s", err_info(code)->name, e.detail);
    }
    text all = T("{}");
    for (size_t i = 0; i < items.count; i++) {
        text one = path_string(&items.items[i], &a);
        all = i ? arena_printf(&a, "%.*s,%.*s", TEXT_ARG(all), TEXT_ARG(one)) : one;
    }
    return all;
}

/* An expected text that ends in ... is only the start. */
static void check(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        text got = told(rows[i].expression);
        text wanted = text_of(rows[i].wanted);
        bool start = text_ends(wanted, T("..."));
        wanted = start ? text_first(wanted, wanted.n - 3) : wanted;
        if (start ? !text_starts(got, wanted) : !text_eq(got, wanted)) {
            fail_msg("%s\n  is %.*s\n  not %s", rows[i].expression, TEXT_ARG(got), rows[i].wanted);
        }
    }
}

#define CHECK(rows) check(rows, sizeof(rows) / sizeof *(rows))

static void math(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"(-5).abs()", "5"},
        {"(-5.50).abs()", "5.50"},
        {"(-5.5 'mg').abs()", "5.5 'mg'"},
        {"(-2147483647 - 1).abs()", "{}"},
        {"{}.abs()", "{}"},
        {"'a'.abs()", "INVALID ..."},
        {"(1 | 2).abs()", "INVALID ..."},
        {"1.ceiling()", "1"},
        {"1.1.ceiling()", "2"},
        {"(-1.1).ceiling()", "-1"},
        {"1.1.ceiling() is Integer", "true"},
        {"3000000000.5.ceiling()", "{}"},
        {"2.1.floor()", "2"},
        {"(-2.1).floor()", "-3"},
        {"101.truncate()", "101"},
        {"1.00000001.truncate()", "1"},
        {"(-1.56).truncate()", "-1"},
        {"'1'.truncate()", "INVALID ..."},
        {"1.round()", "1"},
        {"3.14159.round(3)", "3.142"},
        {"2.5.round()", "3"},
        {"(-2.5).round()", "-3"},
        {"3.14159.round(99)", "3.14159"},
        {"3.14159.round(-1)", "INVALID ..."},
        {"{}.round(2)", "{}"},
        {"0.exp()", "1"},
        {"1.exp()", "2.71828182845905"},
        {"100.exp()", "{}"},
        {"(-1000).exp()", "0"},
        {"1.ln()", "0"},
        {"1.exp().ln().round(10)", "1"},
        {"0.ln()", "{}"},
        {"(-1).ln()", "{}"},
        {"16.log(2)", "4"},
        {"100.0.log(10.0)", "2"},
        {"100.log({})", "{}"},
        {"100.log(1)", "{}"},
        {"100.log(0)", "0"},
        {"81.sqrt()", "9"},
        {"2.sqrt()", "1.4142135623731"},
        {"(-1).sqrt()", "{}"},
        {"2.power(3)", "8"},
        {"2.power(3) is Integer", "true"},
        {"2.power(31)", "{}"},
        {"(-2).power(31)", "-2147483648"},
        {"2.5.power(2)", "6.25"},
        {"2.0.power(100)", "1267650600228229401496703205376.0000000"},
        {"2.0.power(1000000000)", "{}"},
        {"1.power(2147483647)", "1"},
        {"2.power(-2)", "0.25"},
        {"0.power(-1)", "{}"},
        {"0.power(0)", "1"},
        {"9.power(0.5)", "3"},
        {"(-1).power(0.5)", "{}"},
        {"2.power({})", "{}"},
        {"{}.power(2)", "{}"},
        {"2.power('a')", "INVALID ..."},
        {"'2'.power(2)", "INVALID ..."},
    };
    CHECK(rows);
}

static void boundaries(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"1.587.lowBoundary()", "1.58650000"},
        {"1.587.lowBoundary(2)", "1.58"},
        {"1.587.highBoundary(2)", "1.59"},
        {"1.587.lowBoundary(31)", "1.5865000000000000000000000000000"},
        {"1.587.lowBoundary(32)", "{}"},
        {"1.587.lowBoundary(-1)", "{}"},
        {"(-1.587).lowBoundary(0)", "-2"},
        {"0.0034.highBoundary(1)", "0.0"},
        {"0.0.lowBoundary(2)", "-0.05"},
        {"1.highBoundary(0)", "2"},
        {"99999999999999999999999999999999999999.0.lowBoundary()", "{}"},
        {"1.587 'cm'.lowBoundary(8)", "1.58650000 'cm'"},
        {"@2014.lowBoundary()", "2014-01-01"},
        {"@2014.highBoundary()", "2014-12-31"},
        {"@2016-02.highBoundary()", "2016-02-29"},
        {"@2014.highBoundary(6)", "2014-12"},
        {"@2014-05-06.lowBoundary(4)", "2014"},
        {"@2014.lowBoundary(17)", "{}"},
        {"@2014.lowBoundary(5)", "{}"},
        {"@2014T.lowBoundary()", "2014-01-01T00:00:00.000+14:00"},
        {"@2014T.highBoundary()", "2014-12-31T23:59:59.999-12:00"},
        {"@2014-01-01T08:05+08:00.lowBoundary(17)", "2014-01-01T08:05:00.000+08:00"},
        {"@2014-01-01T08:05-05:00.highBoundary(14)", "2014-01-01T08:05:59-05:00"},
        {"@2014-01-01T08:05Z.highBoundary(8)", "2014-01-01"},
        {"@2014-01-01T08.highBoundary(17)", "2014-01-01T08:00:59.999-12:00"},
        {"@2014-01-01T08:05Z.highBoundary(8) is Date", "true"},
        {"@T10:30.lowBoundary()", "10:30:00.000"},
        {"@T10:30.highBoundary(9)", "10:30:59.999"},
        {"@T10.highBoundary(4)", "10:59"},
        {"@T10.highBoundary(17)", "{}"},
        {"{}.lowBoundary()", "{}"},
        {"'a'.lowBoundary()", "INVALID ..."},
        {"(1 | 2).highBoundary()", "INVALID ..."},
        {"1.58700.precision()", "5"},
        {"7.precision()", "0"},
        {"@2014.precision()", "4"},
        {"@2014-01-05T10:30:00.000.precision()", "17"},
        {"@T10:30.precision()", "4"},
        {"1.50 'mg'.precision()", "2"},
        {"true.precision()", "INVALID ..."},
    };
    CHECK(rows);
}

static void conversions(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"'true'.toBoolean()", "true"},
        {"2.toBoolean()", "{}"},
        {"'maybe'.convertsToBoolean()", "false"},
        {"{}.toBoolean()", "{}"},
        {"{}.convertsToBoolean()", "{}"},
        {"(1 | 0).toBoolean()", "INVALID ..."},
        {"(1 | 0).convertsToBoolean()", "INVALID ..."},
        {"'1'.toInteger() + 1", "2"},
        {"1.0.convertsToInteger()", "false"},
        {"'1.10'.toDecimal()", "1.10"},
        {"'x'.convertsToDecimal()", "false"},
        {"1.toString()", "1"},
        {"4 days.toString()", "4 days"},
        {"@2014-12-14T10:00:00Z.toString()", "2014-12-14T10:00:00Z"},
        {"''.toString() = ''", "true"},
        {"''.convertsToString()", "true"},
        {"'2014-12'.toDate() = @2014-12", "true"},
        {"@2014-12-14T10:00.toDate() = @2014-12-14", "true"},
        {"@2014-12-14.toDateTime() is DateTime", "true"},
        {"'2014-12-14T25'.convertsToDateTime()", "false"},
        {"'14:30'.toTime() = @T14:30", "true"},
        {"@2014.convertsToTime()", "false"},
        {"'1 day'.toQuantity() = 1 day", "true"},
        {"1.toQuantity()", "1 '1'"},
        {"'4 days'.toQuantity('hours')", "96 hours"},
        {"4 'g'.toQuantity('mg')", "4000 'mg'"},
        {"4 'g'.toQuantity('cm')", "{}"},
        {"4 'g'.convertsToQuantity('mg')", "true"},
        {"4 'g'.convertsToQuantity('cm')", "false"},
        {"4 'g'.toQuantity({})", "4 'g'"},
        {"true.toQuantity()", "1.0 '1'"},
        {"@2014.convertsToQuantity()", "false"},
        {"4 'g'.toQuantity(1)", "INVALID ..."},
    };
    CHECK(rows);
}

/* What the operators make of the values, where several files meet. */
static void arithmetic(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"2147483647 + 1", "{}"},
        {"1 / 0", "{}"},
        {"1 / 3", "0.33333333"},
        {"99999999999999999999999999999999999999.0 + 1", "{}"},
        {"@2016-02-29 + 1 year", "2017-02-28"},
        {"@2014 + 24 months", "2016"},
        {"@2016-03-31 - 1 month", "2016-02-29"},
        {"@T23:00 + 50 hours", "01:00"},
        {"@9999-12-31 + 1 day", "{}"},
        {"@1973-12-25 + 1 'a'", "INVALID ..."},
        {"@1973-12-25 + 1 'mo'", "INVALID ..."},
        {"@1974-12-25 + 7", "INVALID ..."},
        {"2.0 'cm' * 2.0 'm' = 0.040 'm2'", "true"},
        {"1 'g' + 1 'mg'", "1001 'mg'"},
        {"1 'g' + 1 'cm'", "{}"},
        {"1 year = 1 'a'", "{}"},
        {"1 year ~ 1 'a'", "true"},
        {"1 'nonsense' = 1 'mg'", "{}"},
    };
    CHECK(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(math),
        TEST(boundaries),
        TEST(conversions),
        TEST(arithmetic),
    };
    return cmocka_run_group_tests_name("path_math", tests, NULL, NULL);
}
