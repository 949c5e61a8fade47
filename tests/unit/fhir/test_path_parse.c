/*
 * The grammar of FHIRPath N1 (http://hl7.org/fhirpath/N1/#formal-specifications): what an
 * expression is understood as, shown by its normal form, and what is refused, with its place.
 */
#include "fhir/path_int.h"

#include "arena_kit.h"

#include <stdio.h>
#include <stdlib.h>

struct row {
    const char *expression;
    const char *expected; /* the normal form */
};

struct refusal {
    const char *expression;
    unsigned character; /* from 1; 0: no place is told */
    const char *words;  /* part of the message */
};

static const struct path *compile(text expression)
{
    const struct path *path = NULL;
    struct err e = {0};
    if (path_compile(expression, &a, &path, &e)) {
        fail_msg("%.*s: %s", TEXT_ARG(text_first(expression, 200)), err_text(&e));
    }
    return path;
}

/* The normal form of an expression; it is its own. */
static text normal(text expression)
{
    text printed = path_print(compile(expression), &a);
    assert_non_null(printed.p);
    text again = path_print(compile(printed), &a);
    if (!text_eq(printed, again)) {
        fail_msg("%.*s is read as %.*s", TEXT_ARG(printed), TEXT_ARG(again));
    }
    return printed;
}

static void reads(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        text got = normal(text_of(rows[i].expression));
        if (!text_eq(got, text_of(rows[i].expected))) {
            fail_msg("%s: %.*s, not %s", rows[i].expression, TEXT_ARG(got), rows[i].expected);
        }
    }
}

static void refuse(text expression, int code, unsigned character, const char *words)
{
    const struct path *path = NULL;
    struct err e = {0};
    char place[64] = "";
    int got = path_compile(expression, &a, &path, &e);
    if (character) {
        snprintf(place, sizeof(place), "character %u of", character);
    }
    if (got != code || e.code != code || path || !strstr(e.detail, words) ||
        !text_starts(text_of(e.detail), text_of(place))) {
        fail_msg("%.*s: %d '%s', not %d '%s ... %s'", TEXT_ARG(text_first(expression, 100)), got,
                 e.detail, code, place, words);
    }
}

static void refuses(const struct refusal *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        refuse(text_of(rows[i].expression), ERR_INVALID, rows[i].character, rows[i].words);
    }
}

#define READS(rows) reads(rows, sizeof(rows) / sizeof *(rows))
#define REFUSES(rows) refuses(rows, sizeof(rows) / sizeof *(rows))

/* N1 "Operator Precedence": each line binds more than the next, all operators to the left. */
static void operators_by_precedence(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"a.b[0].c", "a.b[0].c"},
        {"-a.b", "(-a.b)"},
        {"-1.abs()", "(-1.abs())"},
        {"- -1", "(-(-1))"},
        {"+a.b", "a.b"},
        {"-a * b", "((-a) * b)"},
        {"2 * -3", "(2 * (-3))"},
        {"a * b / c div d mod e", "((((a * b) / c) div d) mod e)"},
        {"a + b * c", "(a + (b * c))"},
        {"a - b - c", "((a - b) - c)"},
        {"a & b + c", "((a & b) + c)"},
        {"a + b is Integer", "((a + b) is Integer)"},
        {"a is Integer | b", "((a is Integer) | b)"},
        {"a | b as Quantity", "(a | (b as Quantity))"},
        {"a as FHIR.Age as Quantity", "((a as FHIR.Age) as Quantity)"},
        {"a | b | c", "((a | b) | c)"},
        {"a | b < c", "((a | b) < c)"},
        {"1 > 2 is Boolean", "(1 > (2 is Boolean))"},
        {"a < b <= c > d >= e", "((((a < b) <= c) > d) >= e)"},
        {"a < b = c > d", "((a < b) = (c > d))"},
        {"a = b != c ~ d !~ e", "((((a = b) != c) ~ d) !~ e)"},
        {"a = b in c", "((a = b) in c)"},
        {"a in b contains c", "((a in b) contains c)"},
        {"a in b and c contains d", "((a in b) and (c contains d))"},
        {"a and b and c", "((a and b) and c)"},
        {"a or b and c", "(a or (b and c))"},
        {"a xor b or c", "((a xor b) or c)"},
        {"a or b xor c", "((a or b) xor c)"},
        {"a or b implies c xor d", "((a or b) implies (c xor d))"},
        {"a implies b implies c", "((a implies b) implies c)"},
        {"(a or b) and c", "((a or b) and c)"},
        {"a-b", "(a - b)"},
        {"2014-01", "(2014 - 1)"},
        {"((((a))))", "a"},
    };
    READS(rows);
}

static void literals(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"true", "true"},
        {"false", "false"},
        {"{ }", "{}"},
        {"0", "0"},
        {"007", "7"},
        {"2147483647", "2147483647"},
        {"-2147483648", "(-2147483648)"},
        {"(-2147483648).abs()", "(-2147483648).abs()"},
        {"1.50", "1.50"},
        {"000.5", "0.5"},
        {"3000000000.0", "3000000000.0"},
        {"1.is(Integer)", "(1 is Integer)"},
        {"1.0.round(0)", "1.0.round(0)"},
        {"4 days", "4 day"},
        {"1 year", "1 year"},
        {"2 'mg'", "2 'mg'"},
        {"3000000000 'm'", "3000000000 'm'"},
        {"-5.5 'mg'", "(-5.5 'mg')"},
        {"1.5 weeks + 1 millisecond", "(1.5 week + 1 millisecond)"},
        {"10 'mg'.toString()", "10 'mg'.toString()"},
    };
    READS(rows);
}

/* Its digits alone would be beyond an Integer; the sign is part of it only next to it. */
static void least_integer(void **state)
{
    (void)state;
    const struct path_term *root = compile(T("- /* far */ 2147483648"))->root;
    assert_int_equal(root->kind, TERM_LITERAL);
    assert_int_equal(root->literal.kind, PATH_INTEGER);
    assert_true(root->literal.u.integer == INT32_MIN);
    assert_int_equal(compile(T("- -2147483648"))->root->kind, TERM_MINUS);
    refuse(T("-+2147483648"), ERR_INVALID, 3, "beyond");
    refuse(T("+2147483648"), ERR_INVALID, 2, "beyond");
}

static void dates_and_times(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"@2020", "@2020"},
        {"@2020-01", "@2020-01"},
        {"@2020-01-31", "@2020-01-31"},
        {"@2020T", "@2020T"},
        {"@2020-01T", "@2020-01T"},
        {"@2020-01-31T", "@2020-01-31T"},
        {"@2015-02-04T14", "@2015-02-04T14"},
        {"@2015-02-04T14:34", "@2015-02-04T14:34"},
        {"@2015-02-04T14:34:28.123Z", "@2015-02-04T14:34:28.123Z"},
        {"@2015-02-04T14:34:28+10:00", "@2015-02-04T14:34:28+10:00"},
        {"@2014-01-01T08:05-05:00.a", "@2014-01-01T08:05-05:00.a"},
        {"@T14", "@T14"},
        {"@T14:34:28.123", "@T14:34:28.123"},
        {"@2015.is(Date)", "(@2015 is Date)"},
        {"@2015T.is(DateTime)", "(@2015T is DateTime)"},
        {"@T14:34:28.123.is(Time)", "(@T14:34:28.123 is Time)"},
        {"@2015-02-04 - 1 month", "(@2015-02-04 - 1 month)"},
        {"@2015-02-04-1", "(@2015-02-04 - 1)"},
    };
    READS(rows);
}

/* N1 "String": the escapes, and what is no escape. */
static void strings(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"'test'", "'test'"},
        {"''", "''"},
        {"'\\\\\\/\\f\\r\\n\\t\\\"\\`\\'\\u002a'", "'\\\\/\\f\\r\\n\\t\"`\\'*'"},
        {"'P\\u0065ter'", "'Peter'"},
        {"'\\u00e9\\u20AC'", "'\u00e9\u20ac'"},
        {"'\\uD83D\\uDE00'", "'\U0001F600'"},
        {"'\\u0001'", "'\\u0001'"},
        {"'two\nlines'", "'two\\nlines'"},
        {"'// no comment'", "'// no comment'"},
        {"`a b`.`it\\`s`", "`a b`.`it\\`s`"},
        {"`Patient`.`name`", "Patient.name"},
    };
    READS(rows);
}

static void comments_and_blanks(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"2 + 2 // to the end of the line", "(2 + 2)"},
        {"// first // again\n2+2", "(2 + 2)"},
        {"2 /* over\nlines * / */ + 2", "(2 + 2)"},
        {"2 // comment\n/ 2", "(2 / 2)"},
        {"2 + /* inline $@%^+ * */ 2 = 4", "((2 + 2) = 4)"},
        {" \t\r\n a \t.\r\n empty ( ) ", "a.empty()"},
        {" \t\r\n a \t.\r\n b [ 1 ] ", "a.b[1]"},
        {"/**/a", "a"},
    };
    READS(rows);
}

/* Words that are operators are names of elements and functions too, by their place. */
static void names_and_functions(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"Patient.contains.is.as.in", "Patient.`contains`.`is`.`as`.`in`"},
        {"contains contains contains", "(`contains` contains `contains`)"},
        {"text.div.year", "text.`div`.year"},
        {"day + 1 day", "(day + 1 day)"},
        {"name.where(use = 'usual').given", "name.where((use = 'usual')).given"},
        {"{}.contains('a')", "{}.`contains`('a')"},
        {"iif(a, b, c | d)", "iif(a, b, (c | d))"},
        {"empty()", "empty()"},
        {"a[$index + 1]", "a[($index + 1)]"},
        {"$this.a.select($this & $total)", "$this.a.select(($this & $total))"},
        {"%resource.id", "%resource.id"},
        {"%'vs-name'", "%`vs-name`"},
        {"%`ext-patient-birthTime`", "%`ext-patient-birthTime`"},
        {"%vs-name", "(%vs - name)"},
    };
    READS(rows);
}

static void types(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"a is Patient", "(a is Patient)"},
        {"a is FHIR.`Patient`", "(a is FHIR.Patient)"},
        {"a is System.String", "(a is System.String)"},
        {"a.is(System.String)", "(a is System.String)"},
        {"a.as(`Age`).value", "(a as Age).value"},
        {"(a as Quantity).value", "(a as Quantity).value"},
        {"a.ofType(FHIR.Patient).id", "a.ofType(FHIR.Patient).id"},
        {"ofType(Patient)", "ofType(Patient)"},
        {"is(Patient) and as(Patient).active", "(is(Patient) and as(Patient).active)"},
        {"a.where(is(Patient))", "a.where(is(Patient))"},
    };
    READS(rows);
}

static void what_is_no_expression(void **state)
{
    (void)state;
    static const struct refusal rows[] = {
        {"", 1, "ends here, and an operand is expected"},
        {"2 + 2 /", 8, "ends here, and an operand is expected"},
        {"2 + 2 /* not finished", 7, "close it with */"},
        {"a b", 3, "'b' stands where an operator or the end is expected"},
        {"a..b", 3, "'.' stands where the name of an element or a function is expected"},
        {"a and", 6, "an operand"},
        {"and a", 1, "'and' stands where an operand"},
        {"(a", 3, "an operator or ')'"},
        {"a)", 2, "')'"},
        {"a[0", 4, "']'"},
        {"a[]", 3, "an operand"},
        {"{a}", 2, "'}'"},
        {"a.where(b,)", 11, "an operand"},
        {"a.where(b c)", 11, "',' or ')'"},
        {"a is", 5, "the name of a type"},
        {"a is 'x'", 6, "the name of a type"},
        {"a is Foo.Bar", 6, "'Foo' is no namespace of types"},
        {"a.ofType(b, c)", 11, "')' behind the one type"},
        {"a.ofType()", 10, "the name of a type"},
        {"%", 2, "the name of a variable"},
        {"$that", 1, "there is no $that"},
        {"a # b", 3, "# starts nothing"},
        {"a ! b", 3, "! starts nothing"},
        {"\"a\"", 1, "strings stand between '"},
        {"'a", 1, "does not end"},
        {"`a", 1, "does not end"},
        {"'a\\'", 1, "does not end"},
        {"'\u00e9\u00e9' b", 6, "'b' stands"},
        {"\u00e9", 1, "\u00e9 starts nothing"},
        {"a \x01", 3, "control character (1)"},
    };
    REFUSES(rows);
    refuse(T("a = '\xff'"), ERR_INVALID, 6, "not UTF-8");
    refuse(T("a\0b"), ERR_INVALID, 2, "U+0000");
    refuse(T("'\0'"), ERR_INVALID, 2, "U+0000");
}

static void what_is_no_literal(void **state)
{
    (void)state;
    static const struct refusal rows[] = {
        {"'a\\x'", 3, "\\x is no escape"},
        {"'\\u12G4'", 2, "no escape"},
        {"'\\uD83D'", 2, "no escape"},
        {"'\\uDE00'", 2, "no escape"},
        {"'\\u0000'", 2, "no escape"},
        {"1 + 2147483648", 5, "2147483648 is beyond what an Integer holds"},
        {"-2147483649", 2, "beyond"},
        {"-2147483648.abs()", 2, "beyond"},
        {"99999999999999999999", 1, "beyond"},
        {"0.123456789012345678901234567890123456789", 1, "more digits than a Decimal holds"},
        {"@", 1, "a date or time is expected behind @"},
        {"@20", 1, "a date or time is expected"},
        {"@T", 1, "a date or time is expected"},
        {"@2020-13", 1, "@2020-13 is no date that there is"},
        {"@2019-02-29", 1, "no date"},
        {"@2020-01-01T25:00", 1, "no date"},
        {"@T14:60", 1, "no time of day"},
        {"@T14:34:28Z.is(Time)", 11, "'Z' stands"},
        {"@T14:34:28+10:00.is(Time)", 14, ": starts nothing"},
        {"1.", 3, "the name of an element or a function"},
        {"1e5", 2, "'e5' stands"},
    };
    REFUSES(rows);
}

static void what_is_no_function(void **state)
{
    (void)state;
    static const struct refusal rows[] = {
        {"a.frob()", 3, "there is no function 'frob'"},
        {"a.oftype(B)", 3, "there is no function 'oftype'"},
        {"a.Where(b)", 3, "there is 'where'"},
        {"a.where()", 3, "where() takes 1 argument, here it has 0"},
        {"a.empty(b)", 3, "empty() takes 0 arguments, here it has 1"},
        {"a.iif(b)", 3, "iif() takes 2 to 3 arguments, here it has 1"},
    };
    REFUSES(rows);
}

static text repeated(const char *before, const char *part, size_t count, const char *middle,
                     const char *after)
{
    size_t n = strlen(part);
    size_t m = strlen(after);
    char *all = arena_alloc(&a, strlen(before) + n * count + strlen(middle) + m * count + 1);
    char *to = all;
    assert_non_null(all);
    to = stpcpy(to, before);
    for (size_t i = 0; i < count; i++) {
        to = stpcpy(to, part);
    }
    to = stpcpy(to, middle);
    for (size_t i = 0; i < count; i++) {
        to = stpcpy(to, after);
    }
    return text_make(all, (size_t)(to - all));
}

/* The tree's height and the brackets of the text end at PATH_DEPTH_MAX, its bytes at
 * PATH_BYTES_MAX. */
static void limits(void **state)
{
    (void)state;
    enum { MOST = PATH_DEPTH_MAX };
    (void)compile(repeated("", "(", MOST, "a", ")"));
    refuse(repeated("", "(", MOST + 1, "a", ")"), ERR_TOO_LARGE, MOST + 1, "nested deeper");
    (void)compile(repeated("a", ".b", MOST - 1, "", ""));
    refuse(repeated("a", ".b", MOST, "", ""), ERR_TOO_LARGE, 2 * MOST + 1, "nested deeper");
    (void)compile(repeated("a", " or b", MOST - 1, "", ""));
    refuse(repeated("a", " or b", MOST, "", ""), ERR_TOO_LARGE, 0, "nested deeper");
    (void)compile(repeated("", "-", MOST - 1, "a", ""));
    refuse(repeated("", "-", 60000, "a", ""), ERR_TOO_LARGE, 0, "nested deeper");
    (void)normal(repeated("", "-", MOST - 1, "a", ""));
    (void)normal(repeated("", "(a + -", MOST / 2 - 1, "a", ")"));
    assert_true(text_eq(normal(repeated("", "+", 60000, "a", "")), T("a")));
    refuse(repeated("", "a.where(", 5000, "b", ")"), ERR_TOO_LARGE, 0, "nested deeper");
    refuse(repeated("", "a[", 5000, "0", "]"), ERR_TOO_LARGE, 0, "nested deeper");
    (void)compile(repeated("'", "x", PATH_BYTES_MAX - 2, "'", ""));
    refuse(repeated("'", "x", PATH_BYTES_MAX - 1, "'", ""), ERR_TOO_LARGE, 0, "at most 65536");
}

/* Memory that ends at any moment is told, and nothing else happens. */
static void little_memory(void **state)
{
    (void)state;
    static const char expression[] =
        "a.where('\\n' = %x)[1] | b.is(Patient) + 1 day and {}.empty()";
    unsigned refused = 0;
    for (size_t cap = 0; cap < 65536; cap += 64) {
        struct arena small;
        struct err e = {0};
        const struct path *path = NULL;
        arena_init(&small, cap);
        int code = path_compile(text_of(expression), &small, &path, &e);
        assert_true(code ? code == ERR_MEMORY && e.code == ERR_MEMORY : path != NULL);
        refused += code != 0;
        arena_done(&small);
    }
    assert_true(refused > 0 && refused < 1024);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(operators_by_precedence),
        TEST(literals),
        TEST(least_integer),
        TEST(dates_and_times),
        TEST(strings),
        TEST(comments_and_blanks),
        TEST(names_and_functions),
        TEST(types),
        TEST(what_is_no_expression),
        TEST(what_is_no_literal),
        TEST(what_is_no_function),
        TEST(limits),
        TEST(little_memory),
    };
    return cmocka_run_group_tests_name("path_parse", tests, NULL, NULL);
}
