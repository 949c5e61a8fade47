/* Value sets compiled: what each filter lets pass, what is missing, what imports itself. */
#include "fhir/ucum.h"
#include "fhir/value_set.h"

#include "fhir_kit.h"
/* After the other: it has a global of the name of its parameters. */
#include "arena_kit.h"

#define SYSTEM "http://example.org/animals"

static const char animals[] =
    "{'resourceType':'CodeSystem','url':'" SYSTEM "','version':'2','status':'active',"
    "'content':'complete','caseSensitive':true,'concept':["
    "{'code':'mammal','concept':[{'code':'cat','property':[{'code':'legs','valueInteger':4}]},"
    "{'code':'dog','property':[{'code':'legs','valueInteger':4}],'concept':[{'code':'poodle'}]}]},"
    "{'code':'dodo','property':[{'code':'inactive','valueBoolean':true}]}]}";

static const char dogs[] = "{'resourceType':'ValueSet','url':'http://example.org/dogs','status':"
                           "'active','compose':{'include':[{'system':'" SYSTEM
                           "','filter':[{'property':'concept','op':'is-a','value':'dog'}]}]}}";
static const char circle[] =
    "{'resourceType':'ValueSet','url':'http://example.org/circle','status':'active','compose':"
    "{'include':[{'valueSet':['http://example.org/circle']}]}}";

static struct defs *defs_with(struct defs_shelf **ret_shelf)
{
    struct err e = {0};
    struct defs *d = NULL;
    bool taken;
    const char *const all[] = {animals, dogs, circle};
    assert_int_equal(defs_shelf_make(&a, ret_shelf, &e), 0);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        assert_int_equal(defs_shelf_add(*ret_shelf, kit_read(all[i], &a), &taken, &e), 0);
        assert_true(taken);
    }
    struct defs_source source = defs_shelf_source(*ret_shelf);
    assert_int_equal(defs_make(&source, 1, 64 * 1024 * 1024, &d, &e), 0);
    return d;
}

/* What a compose has of the six codes, a letter each: Y, n, or ? for what cannot be told. */
static void has(struct defs *d, const char *compose, const char *expected)
{
    static const char *const codes[] = {"mammal", "cat", "dog", "poodle", "dodo", "unicorn"};
    char got[sizeof codes / sizeof *codes + 1] = {0};
    struct err e = {0};
    const struct value_set *s = NULL;
    text json = arena_printf(&a, "{'resourceType':'ValueSet','compose':%s}", compose);
    if (value_set_compile(d, kit_read(json.p, &a), &a, &s, &e)) {
        fail_msg("%s: %s", compose, err_text(&e));
    }
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        got[i] = "nY?"[value_set_has(s, T(SYSTEM), T(""), text_of(codes[i]), &a)];
    }
    if (strcmp(got, expected) != 0) {
        fail_msg("%s: %s, not %s", compose, got, expected);
    }
}

#define WITH(more) "{'include':[{'system':'" SYSTEM "'" more "}]}"
#define FILTER(property, op, value) \
    WITH(",'filter':[{'property':'" property "','op':'" op "','value':'" value "'}]")

static void test_filters(void **state)
{
    (void)state;
    static const struct {
        const char *compose, *expected;
    } rows[] = {
        {WITH(""), "YYYYYn"},
        {"{'inactive':false,'include':[{'system':'" SYSTEM "'}]}", "YYYYnn"},
        {WITH(",'concept':[{'code':'cat'},{'code':'unicorn'}]"), "nYnnnn"},
        {WITH(",'version':'2'"), "YYYYYn"},
        {WITH(",'version':'3'"), "??????"},
        {FILTER("concept", "is-a", "dog"), "nnYYnn"},
        {FILTER("concept", "descendent-of", "mammal"), "nYYYnn"},
        {FILTER("concept", "is-not-a", "mammal"), "nnnnYn"},
        {FILTER("concept", "is-not-a", "unicorn"), "YYYYYn"},
        {FILTER("concept", "generalizes", "dog"), "YnYnnn"},
        {FILTER("concept", "in", "dog, cat"), "nYYnnn"},
        {FILTER("code", "not-in", "dog,cat"), "YnnYYn"},
        {FILTER("concept", "descendent-leaf", "mammal"), "nYnYnn"},
        {FILTER("concept", "child-of", "mammal"), "nYYnnn"},
        {FILTER("legs", "=", "4"), "nYYnnn"},
        {FILTER("legs", "exists", "false"), "YnnYYn"},
        {FILTER("inactive", "=", "true"), "nnnnYn"},
        {FILTER("code", "regex", "d[aeo]"), "nnnnnn"},
        {FILTER("code", "regex", "do.*"), "nnYnYn"},
        {"{'include':[{'valueSet':['http://example.org/dogs']}]}", "nnYYnn"},
        {"{'include':[{'valueSet':['http://example.org/none']}]}", "??????"},
        {"{'include':[{'valueSet':['http://example.org/none','http://example.org/dogs']}]}",
         "nn??nn"},
        {"{'include':[{'system':'" SYSTEM
         "'}],'exclude':[{'valueSet':['http://example.org/dogs']}]}",
         "YYnnYn"},
        {"{'include':[{'system':'http://example.org/unknown'}]}", "nnnnnn"},
        {"{'include':[{}]}", "nnnnnn"},
    };
    struct defs_shelf *shelf = NULL;
    struct defs *d = defs_with(&shelf);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        has(d, rows[i].compose, rows[i].expected);
    }
    defs_free(d);
    defs_shelf_done(shelf);
}

/* UCUM has no list of its units; what they measure is told by their grammar. */
static void test_units(void **state)
{
    (void)state;
    static const struct {
        const char *unit, *code;
        enum value_set_answer answer;
    } rows[] = {
        {"s", "wk", VALUE_SET_YES},     {"s", "a", VALUE_SET_YES},
        {"s", "b", VALUE_SET_NO},       {"s", "fortnight", VALUE_SET_NO},
        {"m", "[in_i]", VALUE_SET_YES}, {"m", "m2", VALUE_SET_NO},
        {"g", "kg", VALUE_SET_YES},     {"g.m-3", "g/L", VALUE_SET_YES},
    };
    struct defs_shelf *shelf = NULL;
    struct defs *d = defs_with(&shelf);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err e = {0};
        const struct value_set *set = NULL;
        text json = arena_printf(&a,
                                 "{'resourceType':'ValueSet','compose':{'include':[{'system':'%s',"
                                 "'filter':[{'property':'canonical','op':'=','value':'%s'}]}]}}",
                                 UCUM_SYSTEM, rows[i].unit);
        assert_int_equal(value_set_compile(d, kit_read(json.p, &a), &a, &set, &e), 0);
        enum value_set_answer got =
            value_set_has(set, T(UCUM_SYSTEM), T(""), text_of(rows[i].code), &a);
        if (got != rows[i].answer) {
            fail_msg("%s among those of %s: %d", rows[i].code, rows[i].unit, (int)got);
        }
    }
    defs_free(d);
    defs_shelf_done(shelf);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *compose, *place, *words;
    } rows[] = {
        {FILTER("concept", "is-a", ""), "ValueSet.compose.include[0].filter[0]", "no value"},
        {FILTER("concept", "like", "c"), "ValueSet.compose.include[0].filter[0]", "operator"},
        {FILTER("code", "regex", "("), "ValueSet.compose.include[0].filter[0]", "regular"},
        {FILTER("legs", "exists", "yes"), "ValueSet.compose.include[0].filter[0]", "true or false"},
        {"{'include':[{'valueSet':['http://example.org/circle']}]}", "", "imports itself"},
    };
    struct defs_shelf *shelf = NULL;
    struct defs *d = defs_with(&shelf);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err e = {0};
        const struct value_set *s;
        text json = arena_printf(&a, "{'resourceType':'ValueSet','compose':%s}", rows[i].compose);
        assert_int_equal(value_set_compile(d, kit_read(json.p, &a), &a, &s, &e), ERR_INVALID);
        assert_string_equal(e.expression, rows[i].place);
        if (!strstr(e.detail, rows[i].words)) {
            fail_msg("'%s' does not say '%s'", e.detail, rows[i].words);
        }
    }
    defs_free(d);
    defs_shelf_done(shelf);
}

static void test_stated(void **state)
{
    (void)state;
    struct err e = {0};
    struct defs_shelf *shelf = NULL;
    struct defs *d = defs_with(&shelf);
    const struct value_set *s = NULL;
    const char *json = "{'resourceType':'ValueSet','expansion':{'contains':[{'system':'s','code':"
                       "'top','abstract':true,'contains':[{'system':'s','code':'x'}]},"
                       "{'system':'t','code':'y'}]}}";
    assert_int_equal(value_set_compile(d, kit_read(json, &a), &a, &s, &e), 0);
    assert_int_equal(value_set_has(s, T("s"), T(""), T("x"), &a), VALUE_SET_YES);
    assert_int_equal(value_set_has(s, T("s"), T(""), T("y"), &a), VALUE_SET_NO);
    assert_int_equal(value_set_has(s, T("s"), T(""), T("top"), &a), VALUE_SET_NO);
    assert_int_equal(value_set_has(s, (text){0}, T(""), T("y"), &a), VALUE_SET_YES);
    /* Whoever sends one chooses how many systems it has, and each code looks for its own. */
    struct buf many;
    buf_init(&many, KIT_MEMORY);
    buf_add(&many, T("{'resourceType':'ValueSet','expansion':{'contains':["));
    for (int i = 0; i < 3000; i++) {
        buf_printf(&many, "%s{'system':'s%d','code':'x'}", i ? "," : "", i);
    }
    buf_add(&many, T("]}}"));
    buf_addc(&many, '\0');
    assert_int_equal(value_set_compile(d, kit_read(many.p, &a), &a, &s, &e), ERR_TOO_COSTLY);
    buf_done(&many);
    defs_free(d);
    defs_shelf_done(shelf);
}

static void test_implicit(void **state)
{
    (void)state;
    static const struct {
        const char *canonical;
        int code;
    } rows[] = {
        {"http://snomed.info/sct?fhir_vs", 0},
        {"http://snomed.info/sct?fhir_vs=isa/73211009", 0},
        {"http://snomed.info/sct/83821000000107?fhir_vs=refset/1", 0},
        {"http://snomed.info/sct?fhir_vs=ecl/%3C%2073211009", 0},
        {"http://snomed.info/sct?fhir_vs=isa/", ERR_INVALID},
        {"http://snomed.info/sct?fhir_vs=what", ERR_INVALID},
        {"http://loinc.org/vs", 0},
        {"http://loinc.org/vs/LL715-4", 0},
        {"http://loinc.org", ERR_NOT_FOUND},
        {"http://example.org/none", ERR_NOT_FOUND},
    };
    struct defs_shelf *shelf = NULL;
    struct defs *d = defs_with(&shelf);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err e = {0};
        const struct value_set *s = NULL;
        int rc = value_set_implicit(d, text_of(rows[i].canonical), &a, &s, &e);
        if (rc != rows[i].code) {
            fail_msg("%s: %s", rows[i].canonical, err_text(&e));
        }
        if (!rc) {
            assert_int_equal(value_set_problem(s)->code, ERR_NOT_FOUND);
        }
    }
    defs_free(d);
    defs_shelf_done(shelf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_filters), TEST(test_units),    TEST(test_refused),
        TEST(test_stated),  TEST(test_implicit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
