/* What is equal, equivalent and less in FHIRPath: the examples of N1 and R4, and whole elements. */
#include "fhir/model_tables.h"

#include "path_kit.h"

static void same(text got, const char *expected, const char *what)
{
    if (!text_eq(got, text_of(expected)) || (got.p == NULL) != (expected == NULL)) {
        fail_msg("%s: %.*s, not %s", what, TEXT_ARG(got), expected ? expected : "nothing");
    }
}

/* --- comparing ----------------------------------------------------------------------------- */

enum { NO = PATH_FALSE, YES = PATH_TRUE, EMPTY = PATH_EMPTY };
enum { LESS = 10, EQUAL, GREATER, UNKNOWN, ERROR };

struct comparison {
    int kind_x;
    const char *x;
    int kind_y;
    const char *y;
    int equal;
    int equivalent;
    int order;
};

static int order_of(const struct path_item *x, const struct path_item *y)
{
    int order = 7;
    enum path_truth known = path_order(x, y, &a, &order);
    return known == PATH_TRUE ? EQUAL + order : known == PATH_EMPTY ? UNKNOWN : ERROR;
}

static void compares(const struct comparison *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct comparison *r = &rows[i];
        struct path_item x = value(r->kind_x, r->x);
        struct path_item y = value(r->kind_y, r->y);
        int equal = (int)path_equal(&x, &y, &a);
        int equivalent = path_equivalent(&x, &y, &a);
        int order = order_of(&x, &y);
        int back = order_of(&y, &x);
        if (equal != r->equal || equivalent != r->equivalent || order != r->order ||
            back != (order == LESS      ? GREATER
                     : order == GREATER ? LESS
                                        : order) ||
            (int)path_equal(&y, &x, &a) != equal || path_equivalent(&y, &x, &a) != equivalent) {
            fail_msg("%s and %s: = %d, ~ %d, order %d and back %d", r->x, r->y, equal, equivalent,
                     order, back);
        }
    }
}

#define COMPARES(rows) compares(rows, sizeof(rows) / sizeof *(rows))

static void simple_values_are_compared(void **state)
{
    (void)state;
    static const struct comparison rows[] = {
        {I, "1", I, "1", YES, YES, EQUAL},
        {I, "1", I, "2", NO, NO, LESS},
        {I, "1", D, "1.0", YES, YES, EQUAL},
        {I, "1", D, "1.1", NO, YES, LESS},
        {D, "1.10", D, "1.1", YES, YES, EQUAL},
        {D, "1.0", D, "1.2", NO, YES, LESS},
        {D, "1.1", D, "1.2", NO, NO, LESS},
        {D, "0.666666667", D, "0.67", NO, YES, LESS},
        {D, "0.666666667", D, "0.6", NO, NO, GREATER},
        {I, "1", Q, "1 '1'", YES, YES, EQUAL},
        {D, "1.5", Q, "1 '1'", NO, NO, GREATER},
        {I, "1", Q, "1 'mg'", EMPTY, NO, UNKNOWN},
        {B, "true", B, "true", YES, YES, ERROR},
        {B, "true", B, "false", NO, NO, ERROR},
        {B, "true", S, "true", NO, NO, ERROR},
        {I, "1", S, "1", NO, NO, ERROR},
        {D, "1.0", DATE, "2012-04-15", NO, NO, ERROR},
        {S, "a", S, "a", YES, YES, EQUAL},
        {S, "a", S, "A", NO, YES, GREATER},
        {S, "a", S, "b", NO, NO, LESS},
        {S, "abc", S, "abcd", NO, NO, LESS},
        {S, "a\tb", S, "A b", NO, YES, GREATER},
        {S, "\xc3\x84\tb", S, "\xc3\xa4 b", NO, YES, LESS},
        {S, "a  b", S, "a b", NO, NO, LESS},
        {S, "\xc3\x84hre", S, "\xc3\xa4HRE", NO, YES, LESS},
        {S,
         "Stra\xc3\x9f"
         "e",
         S, "STRASSE", NO, YES, GREATER},
        {S, "\xc3\xa4", S, "a\xcc\x88", NO, YES, GREATER},
        {S, "\xc3\xa4", S, "a", NO, NO, GREATER},
        {S, "", S, "a", NO, NO, LESS},
    };
    COMPARES(rows);
}

static void dates_are_compared(void **state)
{
    (void)state;
    static const struct comparison rows[] = {
        {DATE, "2012-04-15", DATE, "2012-04-15", YES, YES, EQUAL},
        {DATE, "2012-04-15", DATE, "2012-04-16", NO, NO, LESS},
        {DATE, "2012", DATE, "2012", YES, YES, EQUAL},
        {DATE, "2012", DATE, "2013-01", NO, NO, LESS},
        {DATE, "2012", DATE, "2012-01", EMPTY, NO, UNKNOWN},
        {DATE, "2012-01-01", DATE, "2012", EMPTY, NO, UNKNOWN},
        {DATE, "2018-03", DATE, "2018-03-01", EMPTY, NO, UNKNOWN},
        {DATE, "2012-04-15", MOMENT, "2012-04-15", YES, YES, EQUAL},
        {DATE, "2012-04-15", MOMENT, "2012-04-15T10:00:00", EMPTY, NO, UNKNOWN},
        {DATE, "2012-04-15", MOMENT, "2012-04-16T10:00:00", NO, NO, LESS},
        {DATE, "2012-04-15", TIME, "10:00:00", NO, NO, ERROR},
        {DATE, "2012-04-15", S, "2012-04-15", NO, NO, ERROR},
        {MOMENT, "2012-04-15T15:00:00", MOMENT, "2012-04-15T10:00:00", NO, NO, GREATER},
        {MOMENT, "2012-04-15T15:30:31", MOMENT, "2012-04-15T15:30:31.0", YES, YES, EQUAL},
        {MOMENT, "2012-04-15T15:30:31", MOMENT, "2012-04-15T15:30:31.1", NO, NO, LESS},
        {MOMENT, "2018-03-01T10:30", MOMENT, "2018-03-01T10:30:00", EMPTY, NO, UNKNOWN},
        {MOMENT, "2018-03-01T10", MOMENT, "2018-03-01T11:00", NO, NO, LESS},
        {MOMENT, "2012-04-15T15:00:00+02:00", MOMENT, "2012-04-15T16:00:00+03:00", YES, YES, EQUAL},
        {MOMENT, "2017-11-05T01:30:00.0-04:00", MOMENT, "2017-11-05T01:15:00.0-05:00", NO, NO,
         LESS},
        {MOMENT, "2017-11-05T01:30:00.0-04:00", MOMENT, "2017-11-05T00:30:00.0-05:00", YES, YES,
         EQUAL},
        {MOMENT, "2012-12-31T23:30:00-01:00", MOMENT, "2013-01-01T00:30:00Z", YES, YES, EQUAL},
        {MOMENT, "2012-04-15T15:00:00Z", MOMENT, "2012-04-15T10:00:00", EMPTY, NO, UNKNOWN},
        {MOMENT, "2012-04-15T15:00:00Z", MOMENT, "2012-04-15T15:00:00", EMPTY, NO, UNKNOWN},
        {MOMENT, "2012-04-15T15:00:00Z", MOMENT, "2012-04-17T15:00:00", NO, NO, LESS},
        {MOMENT, "2012-04-15T15:00:00Z", DATE, "1974-12-25", NO, NO, GREATER},
        {MOMENT, "2012-04-15T15:00:00Z", DATE, "2012-04-15", EMPTY, NO, UNKNOWN},
        {TIME, "10:30", TIME, "10:30", YES, YES, EQUAL},
        {TIME, "10:30", TIME, "10:30:00", EMPTY, NO, UNKNOWN},
        {TIME, "10:30:00", TIME, "10:30:00.0", YES, YES, EQUAL},
        {TIME, "12:00:00", TIME, "14:00", NO, NO, LESS},
    };
    COMPARES(rows);
}

static void quantities_are_compared(void **state)
{
    (void)state;
    static const struct comparison rows[] = {
        {Q, "4.0000 'g'", Q, "4000.0 'mg'", YES, YES, EQUAL},
        {Q, "4 'g'", Q, "4040 'mg'", NO, YES, LESS},
        {Q, "4 'g'", Q, "4.5 'mg'", NO, NO, GREATER},
        {Q, "1 'g'", Q, "1 'cm'", EMPTY, NO, UNKNOWN},
        {Q, "1 'g'", Q, "1 'nonsense'", EMPTY, NO, UNKNOWN},
        {Q, "185 '[lb_av]'", Q, "185 'kg'", NO, NO, LESS},
        {Q, "1 '[in_i]'", Q, "2.54 'cm'", YES, YES, EQUAL},
        {Q, "3 'L/min'", Q, "50 'mL/s'", YES, YES, EQUAL},
        {Q, "37 'Cel'", Q, "310.15 'K'", YES, YES, EQUAL},
        {Q, "1 'fm3'", Q, "2 'fm3'", NO, NO, LESS},
        {Q, "1 'km'", Q, "1000000000000000000 'fm'", YES, YES, EQUAL},
        {Q, "5 '{tablet}'", Q, "5 '{tablet}'", YES, YES, EQUAL},
        {Q, "1 year", Q, "1 'a'", EMPTY, YES, UNKNOWN},
        {Q, "1 month", Q, "1 'mo'", EMPTY, YES, UNKNOWN},
        {Q, "1 week", Q, "1 'wk'", YES, YES, EQUAL},
        {Q, "1 day", Q, "1 'd'", YES, YES, EQUAL},
        {Q, "1 second", Q, "1 's'", YES, YES, EQUAL},
        {Q, "1 millisecond", Q, "0.001 's'", YES, YES, EQUAL},
        {Q, "1 year", Q, "12 months", YES, YES, EQUAL},
        {Q, "1 year", Q, "2 years", NO, NO, LESS},
        {Q, "1 month", Q, "30 days", EMPTY, YES, UNKNOWN},
        {Q, "7 days", Q, "1 week", YES, YES, EQUAL},
        {Q, "7 days", Q, "1 'wk'", YES, YES, EQUAL},
        {Q, "6 days", Q, "1 week", NO, YES, LESS},
        {Q, "8 days", Q, "1 week", NO, YES, GREATER},
        {Q, "24 hours", Q, "1 day", YES, YES, EQUAL},
        {Q, "1 day", Q, "1 'kg'", EMPTY, NO, UNKNOWN},
    };
    COMPARES(rows);
}

/* --- elements ------------------------------------------------------------------------------ */

static uint16_t type_of(const char *name)
{
    for (unsigned i = 0; i < model_type_count; i++) {
        if (text_eq(model_text(model_types[i].name), text_of(name))) {
            return (uint16_t)i;
        }
    }
    fail_msg("no type %s", name);
    return 0;
}

static struct path_item element(const char *type, const char *json)
{
    yyjson_val *root = NULL;
    struct err e = {0};
    if (json_read(text_of(json), 50, &a, &root, &e)) {
        fail_msg("%s: %s", json, err_text(&e));
    }
    struct path_node *node = arena_zalloc(&a, 1, sizeof *node);
    node->value = root;
    node->type = type_of(type);
    return (struct path_item){.kind = PATH_NODE, .u.node = node};
}

static void elements_stand_for_values(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        const char *json;
        int kind; /* PATH_NOTHING: it is no value; PATH_NODE: it stays */
        const char *print;
    } rows[] = {
        {"boolean", "true", B, "true"},
        {"boolean", "false", B, "false"},
        {"boolean", "\"true\"", PATH_NOTHING, NULL},
        {"code", "\"male\"", S, "male"},
        {"uri", "\"urn:x\"", S, "urn:x"},
        {"base64Binary", "\"QQ==\"", S, "QQ=="},
        {"positiveInt", "7", I, "7"},
        {"integer", "2147483648", PATH_NOTHING, NULL},
        {"integer", "\"1\"", PATH_NOTHING, NULL},
        {"decimal", "1.50", D, "1.50"},
        {"decimal", "1e2", D, "100"},
        {"date", "\"1974-12\"", DATE, "1974-12"},
        {"date", "\"1974-13\"", PATH_NOTHING, NULL},
        {"dateTime", "\"1974-12\"", MOMENT, "1974-12"},
        {"instant", "\"2015-02-07T13:28:17.2395+00:00\"", MOMENT, "2015-02-07T13:28:17.2395+00:00"},
        {"time", "\"10:00:00\"", TIME, "10:00:00"},
        {"Quantity",
         "{\"value\":185,\"unit\":\"lbs\",\"system\":\"http://unitsofmeasure.org\","
         "\"code\":\"[lb_av]\"}",
         Q, "185 '[lb_av]'"},
        {"Age", "{\"value\":3,\"system\":\"http://unitsofmeasure.org\",\"code\":\"a\"}", Q,
         "3 years"},
        {"Duration", "{\"value\":1,\"system\":\"http://unitsofmeasure.org\",\"code\":\"min\"}", Q,
         "1 minute"},
        {"Quantity", "{\"value\":3,\"system\":\"http://unitsofmeasure.org\",\"code\":\"mo\"}", Q,
         "3 months"},
        {"Quantity", "{\"value\":3,\"system\":\"http://unitsofmeasure.org\",\"code\":\"wk\"}", Q,
         "3 'wk'"},
        {"Quantity", "{\"value\":185,\"unit\":\"lbs\"}", PATH_NODE, NULL},
        {"Quantity", "{\"value\":3,\"system\":\"http://x.org\",\"code\":\"a\"}", PATH_NODE, NULL},
        {"Quantity",
         "{\"value\":3,\"comparator\":\"<\",\"system\":\"http://unitsofmeasure.org\","
         "\"code\":\"a\"}",
         PATH_NODE, NULL},
        {"HumanName", "{\"family\":\"A\"}", PATH_NODE, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct path_item item = element(rows[i].type, rows[i].json);
        struct path_item plain = {.kind = PATH_NOTHING};
        bool ok = path_plain(&item, &plain);
        if (ok != (rows[i].kind != PATH_NOTHING) || plain.kind != (enum path_kind)rows[i].kind) {
            fail_msg("%s: kind %d", rows[i].json, ok ? (int)plain.kind : -1);
        }
        same(path_string(&item, &a), rows[i].print, rows[i].json);
    }
    struct path_node bare = {.type = type_of("string")};
    struct path_item item = {.kind = PATH_NODE, .u.node = &bare};
    assert_false(path_plain(&item, &item));
}

static void elements_are_compared(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        const char *x;
        const char *y;
        int equal;
        int equivalent;
    } rows[] = {
        {"HumanName", "{\"family\":\"A\",\"given\":[\"b\",\"c\"]}",
         "{\"given\":[\"b\",\"c\"],\"family\":\"A\"}", YES, YES},
        {"HumanName", "{\"given\":[\"b\",\"c\"]}", "{\"given\":[\"c\",\"b\"]}", NO, YES},
        {"HumanName", "{\"given\":[\"b\",\"b\"]}", "{\"given\":[\"b\",\"c\"]}", NO, NO},
        {"HumanName", "{\"given\":[\"b\"]}", "{\"given\":[\"b\",\"c\"]}", NO, NO},
        {"HumanName", "{\"family\":\"A\"}", "{\"family\":\"a\"}", NO, YES},
        {"HumanName", "{\"family\":\"A\"}", "{\"text\":\"A\"}", NO, NO},
        {"HumanName", "{\"family\":\"A\"}", "{\"family\":\"A\",\"text\":\"A\"}", NO, NO},
        {"HumanName", "{\"period\":{\"start\":\"2012\"}}", "{\"period\":{\"start\":\"2012-01\"}}",
         EMPTY, NO},
        {"HumanName", "{\"family\":\"A\",\"period\":{\"start\":\"2012\"}}",
         "{\"period\":{\"start\":\"2012-01\"},\"family\":\"B\"}", NO, NO},
        {"Period", "{\"start\":\"2012-04-15T15:00:00+02:00\"}",
         "{\"start\":\"2012-04-15T16:00:00+03:00\"}", YES, YES},
        {"Extension", "{\"url\":\"x\",\"valueDecimal\":1.0}", "{\"url\":\"x\",\"valueDecimal\":1}",
         YES, YES},
        {"Extension", "{\"url\":\"x\",\"valueDecimal\":1.04}",
         "{\"url\":\"x\",\"valueDecimal\":1.0}", NO, YES},
        {"Observation",
         "{\"resourceType\":\"Observation\",\"contained\":[{\"resourceType\":\"Patient\","
         "\"birthDate\":\"2012\"}]}",
         "{\"resourceType\":\"Observation\",\"contained\":[{\"resourceType\":\"Patient\","
         "\"birthDate\":\"2013\"}]}",
         NO, NO},
        {"Quantity", "{\"value\":1,\"unit\":\"pill\"}", "{\"value\":1,\"unit\":\"pill\"}", YES,
         YES},
        {"Observation",
         "{\"resourceType\":\"Observation\",\"contained\":[{\"resourceType\":\"Patient\","
         "\"birthDate\":\"2012\"}]}",
         "{\"resourceType\":\"Observation\",\"contained\":[{\"resourceType\":\"Patient\","
         "\"birthDate\":\"2012-01\"}]}",
         EMPTY, NO},
        {"Quantity", "{\"value\":1,\"unit\":\"pill\"}", "{\"value\":2,\"unit\":\"pill\"}", NO, NO},
        {"Quantity", "{\"value\":1,\"system\":\"http://unitsofmeasure.org\",\"code\":\"g\"}",
         "{\"value\":1000,\"system\":\"http://unitsofmeasure.org\",\"code\":\"mg\"}", YES, YES},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct path_item x = element(rows[i].type, rows[i].x);
        struct path_item y = element(rows[i].type, rows[i].y);
        int equal = (int)path_equal(&x, &y, &a);
        int equivalent = path_equivalent(&x, &y, &a);
        if (equal != rows[i].equal || equivalent != rows[i].equivalent ||
            (int)path_equal(&y, &x, &a) != equal || path_equivalent(&y, &x, &a) != equivalent) {
            fail_msg("%s and %s: = %d, ~ %d", rows[i].x, rows[i].y, equal, equivalent);
        }
    }
}

/* An element against a System value, and elements of types that have nothing in common. */
static void kinds_of_elements_are_kept_apart(void **state)
{
    (void)state;
    struct path_item name = element("HumanName", "{\"family\":\"A\"}");
    struct path_item family = element("string", "\"A\"");
    struct path_item code = element("code", "\"A\"");
    struct path_item text_a = value(S, "A");
    struct path_item pills = element("Quantity", "{\"value\":1,\"unit\":\"pill\"}");
    struct path_item mass = value(Q, "1 'mg'");
    int order;
    assert_int_equal(path_equal(&name, &text_a, &a), PATH_FALSE);
    assert_int_equal(path_equal(&family, &text_a, &a), PATH_TRUE);
    assert_int_equal(path_equal(&family, &code, &a), PATH_TRUE);
    assert_int_equal(path_order(&name, &text_a, &a, &order), PATH_FALSE);
    assert_int_equal(path_order(&name, &name, &a, &order), PATH_FALSE);
    assert_int_equal(path_equal(&pills, &mass, &a), PATH_EMPTY);
    assert_int_equal(path_order(&pills, &mass, &a, &order), PATH_EMPTY);
    struct path_item born = element("date", "\"1974-12-25\"");
    struct path_item same_day = value(DATE, "1974-12-25");
    struct path_item noon = value(MOMENT, "1974-12-25T12:00:00");
    assert_int_equal(path_equal(&born, &same_day, &a), PATH_TRUE);
    assert_int_equal(path_equal(&born, &noon, &a), PATH_EMPTY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(simple_values_are_compared), TEST(dates_are_compared),
        TEST(quantities_are_compared),    TEST(elements_stand_for_values),
        TEST(elements_are_compared),      TEST(kinds_of_elements_are_kept_apart),
    };
    return cmocka_run_group_tests_name("path_compare", tests, NULL, NULL);
}
