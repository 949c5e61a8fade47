/* Comparing two patients: NHS numbers, sounds and slips of names, grades, and what is bounded. The
 * pairs that are hard to tell apart are in tests/conformance/near_twins.py. */
#include "fhir/match.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_nhs_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        const char *digits; /* NULL: not valid */
    } rows[] = {
        {"9434765919", "9434765919"},
        {"943 476 5919", "9434765919"},
        {"943-476-5919", "9434765919"},
        {"9990000017", NULL},
        {"9434765918", NULL},
        {"9434756919", NULL},
        {"943476591", NULL},
        {"94347659199", NULL},
        {"943476591a", NULL},
        {"", NULL},
        {"0000000000", NULL},
        {"1111111111", NULL},
        {"0123456789", NULL},
        {"9876543210", NULL},
        {"4010232137", "4010232137"},
        {"----------", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char digits[11] = {0};
        bool valid = match_nhs_number(text_of(rows[i].value), digits);
        assert_int_equal(valid, rows[i].digits != NULL);
        assert_int_equal(match_nhs_number(text_of(rows[i].value), NULL), valid);
        if (valid) {
            assert_string_equal(digits, rows[i].digits);
        }
    }
}

static void test_sounds(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool alike;
    } rows[] = {
        {"smith", "smyth", true},       {"macleod", "mccloud", true},
        {"catherine", "kathryn", true}, {"knight", "night", true},
        {"philips", "fillips", true},   {"wright", "right", true},
        {"llewellyn", "lewelin", true}, {"smith", "jones", false},
        {"brown", "green", false},      {"patel", "parmar", false},
        {"khan", "singh", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char a[MATCH_SOUND_SIZE];
        char b[MATCH_SOUND_SIZE];
        match_sound(text_of(rows[i].a), a);
        match_sound(text_of(rows[i].b), b);
        assert_int_equal(strcmp(a, b) == 0, rows[i].alike);
    }
    char code[MATCH_SOUND_SIZE];
    match_sound(T(""), code);
    assert_string_equal(code, "");
    match_sound(T("bcdfgklmnprstbcdfgklmnprstbcdfgklmnprst"), code);
    assert_int_equal(strlen(code), MATCH_SOUND_SIZE - 1);
}

static void test_slips(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool slip;
    } rows[] = {
        {"smith", "smith", false}, {"smith", "smth", true},  {"smith", "smiith", true},
        {"smith", "smoth", true},  {"smith", "simth", true}, {"smith", "htims", false},
        {"smith", "smi", false},   {"", "a", true},          {"", "", false},
        {"ab", "ba", true},        {"abcd", "badc", false},  {"1987-03-05", "1978-03-05", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(match_slip(text_of(rows[i].a), text_of(rows[i].b)), rows[i].slip);
        assert_int_equal(match_slip(text_of(rows[i].b), text_of(rows[i].a)), rows[i].slip);
    }
}

#define NAME(f, g) "\"name\":[{\"family\":\"" f "\",\"given\":[\"" g "\"]}]"
#define NUMBER(n)                                                                  \
    "\"identifier\":[{\"system\":\"https://fhir.nhs.uk/Id/nhs-number\",\"value\":" \
    "\"" n "\"}]"
#define BORN(d) "\"birthDate\":\"" d "\""
#define HOME "\"address\":[{\"line\":[\"1 High Street\"],\"postalCode\":\"AB1 2CD\"}]"
#define HOME_SHORT "\"address\":[{\"line\":[\"1 High St.\"],\"postalCode\":\"ab12cd\"}]"

static enum match_grade grade(const char *a, const char *b, struct match *ret)
{
    struct arena arena;
    struct err e = {0};
    yyjson_val *x = NULL;
    yyjson_val *y = NULL;
    struct match back;
    arena_init(&arena, 1 << 20);
    assert_int_equal(json_read(text_of(a), 64, &arena, &x, &e), 0);
    assert_int_equal(json_read(text_of(b), 64, &arena, &y, &e), 0);
    assert_int_equal(match_patients(x, y, &arena, ret), 0);
    assert_int_equal(match_patients(y, x, &arena, &back), 0);
    assert_int_equal(ret->grade, back.grade);
    assert_int_equal(ret->score, back.score);
    text why = match_explain(ret, &arena);
    assert_true(why.p && why.n);
    arena_done(&arena);
    return ret->grade;
}

static void test_grades(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        enum match_grade grade;
    } rows[] = {
        {"{" NUMBER("9434765919") "," NAME("Smith", "Anna") "," BORN("1970-05-20") "}",
         "{" NUMBER("943 476 5919") "," NAME("SMITH", "Anna") "," BORN("1970-05-20") "}",
         MATCH_CERTAIN},
        {"{" NUMBER("9434765919") "}", "{" NUMBER("9434765919") "}", MATCH_POSSIBLE},
        {"{" NAME("Smith", "Anna") "," BORN("1970-05-20") "," HOME "}",
         "{" NAME("Smith", "Anna") "," BORN("1970-05-20") "," HOME_SHORT "}", MATCH_PROBABLE},
        {"{" NAME("Smith", "Anna") "," BORN("1970-05-20") "," HOME "}",
         "{" NAME("Smith", "Kate") "," BORN("1970-05-20") "," HOME "}", MATCH_POSSIBLE},
        {"{" NAME("Smith", "Anna") "," BORN("1970-05-20") "}",
         "{" NAME("Jones", "Kate") "," BORN("1981-06-01") "}", MATCH_CERTAINLY_NOT},
        {"{" NUMBER("9434765919") "," NAME("Smith", "Anna") "," BORN("1970-05-20") "}",
         "{" NUMBER("4010232137") "," NAME("Smith", "Anna") "," BORN("1970-05-20") "}",
         MATCH_POSSIBLE},
        {"{}", "{}", MATCH_CERTAINLY_NOT},
        {"[]", "{\"name\":3,\"address\":[3],\"telecom\":\"x\",\"identifier\":{}}",
         MATCH_CERTAINLY_NOT},
    };
    /* What each grade's scores lie between. */
    static const unsigned from[] = {0, 100, 600, 950};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct match m;
        assert_int_equal(grade(rows[i].a, rows[i].b, &m), rows[i].grade);
        assert_true(m.score >= from[m.grade] && m.score <= 1000);
        assert_true(m.grade == MATCH_CERTAIN || m.score < from[m.grade + 1]);
    }
}

/* Ten thousand names, and one of a megabyte: what is taken of them is bounded. */
static void test_bounds(void **state)
{
    (void)state;
    struct arena a;
    struct err e = {0};
    struct buf json;
    yyjson_val *root = NULL;
    struct match m;
    buf_init(&json, 16 << 20);
    arena_init(&a, 64 << 20);
    buf_add(&json, T("{\"name\":[{\"family\":\""));
    for (size_t i = 0; i < 1 << 20; i++) {
        buf_addc(&json, 'x');
    }
    buf_add(&json, T("\"}"));
    for (unsigned i = 0; i < 10000; i++) {
        buf_printf(&json,
                   ",{\"family\":\"n%u\",\"given\":[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\"]}",
                   i);
    }
    buf_add(&json, T("]}"));
    assert_int_equal(json_read(buf_text(&json), 64, &a, &root, &e), 0);
    struct arena small;
    arena_init(&small, 1 << 20);
    assert_int_equal(match_patients(root, root, &small, &m), 0);
    assert_int_equal(m.things[MATCH_FAMILY].weight, 90);
    arena_done(&small);
    arena_init(&small, 64);
    assert_int_equal(match_patients(root, root, &small, &m), ERR_MEMORY);
    arena_done(&small);
    arena_done(&a);
    buf_done(&json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nhs_numbers), cmocka_unit_test(test_sounds),
        cmocka_unit_test(test_slips),       cmocka_unit_test(test_grades),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
