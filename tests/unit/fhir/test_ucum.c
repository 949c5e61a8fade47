/* Units: UCUM's tables and grammar, against values that UCUM, the treaties and arithmetic give. */
#include "fhir/ucum.h"

#include "format/json.h"

#include "arena_kit.h"
#include "test_ucum_rows.h"

#include <stdio.h>
#include <stdlib.h>

static const struct ucum_unit *unit(const char *code)
{
    const struct ucum_unit *u = NULL;
    struct err e = {0};
    if (ucum_parse(text_of(code), &a, &u, &e)) {
        fail_msg("%s: %s", code, err_text(&e));
    }
    return u;
}

static void same(text got, const char *expected, const char *what)
{
    if (!text_eq(got, text_of(expected)) || (got.p == NULL) != (expected == NULL)) {
        fail_msg("%s: %.*s, not %s", what, TEXT_ARG(got), expected ? expected : "nothing");
    }
}

static void converts(const struct conversion *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct conversion *r = &rows[i];
        char what[200];
        snprintf(what, sizeof what, "%s %s in %s", r->decimal, r->from, r->to);
        same(ucum_convert(text_of(r->decimal), unit(r->from), unit(r->to), &a), r->expected, what);
    }
}

#define CONVERTS(rows) converts(rows, sizeof(rows) / sizeof *(rows))

/* Exact, or rounded at the 40th digit. */
static void linear_units(void **state)
{
    (void)state;
    CONVERTS(linear_rows);
}

/* Scales of their own, arbitrary units, and digits that a double would lose. */
static void special_units(void **state)
{
    (void)state;
    static const struct conversion rows[] = {
        {"7", "[pH]", "mol/L", "0.0000001"},
        {"1e-7", "mol/L", "[pH]", "7"},
        {"7.4", "[pH]", "nmol/L", "39.8107170553497"},
        {"7.4", "[pH]", "[pH]", "7.4"},
        {"20", "dB", "B", "2"},
        {"1", "Np", "dB", "4.34294481903252"},
        {"3", "B[W]", "W", "1000"},
        {"1", "kW", "B[kW]", "0"},
        {"0", "B[SPL]", "Pa", "0.00002"},
        {"20", "dB[SPL]", "uPa", "200"},
        {"60", "dB[V]", "V", "1000"},
        {"60", "dB[mV]", "V", "1"},
        {"120", "dB[uV]", "V", "1"},
        {"160", "dB[10.nV]", "V", "1"},
        {"100", "%[slope]", "deg", "45"},
        {"45", "deg", "[p'diop]", "100"},
        {"8", "bit_s", "1", "256"},
        {"2", "[hp'_X]", "%", "1"},
        {"2", "[hp'_C]", "1", "0.0001"},
        {"1", "[hp'_M]", "1", "0.001"},
        {"1", "[hp'_Q]", "1", "0.00002"},
        {"3", "[m/s2/Hz^0.5]", "m2/s3", "9"},
        {"5", "[iU]/mL", "k[IU]/L", "5"},
        {"1", "[CFU]/mL", "[CFU]/dL", "100"},
        {"0.1234567890123456789012345678901234567890", "g", "mg",
         "123.456789012345678901234567890123456789"},
        {"1e300", "Cel", "[degF]", "1.8e300"},
        {"1e999999", "kg", "g", "1e1000002"},
        {"-5", "Cel", "K", "268.15"},
        {"00012.500", "g", "mg", "12500"},
        {"-0.0", "g", "mg", "0"},
        /* a tie at the 41st digit goes to the even one, and not when more follows */
        {"1.0000000000000000000000000000000000000005", "g", "g", "1"},
        {"1.0000000000000000000000000000000000000015", "g", "g",
         "1.000000000000000000000000000000000000002"},
        {"1."
         "00000000000000000000000000000000000000050000000000000000000000000000000000000000000000000"
         "0000000000000000000000000001",
         "g", "g", "1.000000000000000000000000000000000000001"},
        /* not to be had */
        {"-1", "mol/L", "[pH]", NULL},
        {"0", "mol/L", "[pH]", NULL},
        {"5", "g", "m", NULL},
        {"5", "Cel", "g", NULL},
        {"5", "[iU]/L", "U/L", NULL},
        {"5", "[iU]/L", "[arb'U]/L", NULL},
        {"5", "[iU]/L", "/L", NULL},
        {"5", "rad", "1", NULL},
        {"", "g", "mg", NULL},
        {"-", "g", "mg", NULL},
        {"1.", "g", "mg", NULL},
        {".5", "g", "mg", NULL},
        {"1e", "g", "mg", NULL},
        {"+1", "g", "mg", NULL},
        {"1e1000000001", "g", "mg", NULL},
        {"1,5", "g", "mg", NULL},
    };
    CONVERTS(rows);
}

static void bases(void **state)
{
    (void)state;
    static const struct {
        const char *code, *base, *one;
    } rows[] = {
        {"Pa", "g.m-1.s-2", "1000"},
        {"mm[Hg]", "g.m-1.s-2", "133322"},
        {"mol", "1", "6.0221367e23"},
        {"1", "1", "1"},
        {"{score}", "1", "1"},
        {"%", "1", "0.01"},
        {"kg/m2", "g.m-2", "1000"},
        {"Cel", "K", "274.15"},
        {"[pH]", "m-3", "6.0221367e25"},
        {"V", "C-1.g.m2.s-2", "1000"},
        {"lm/W", "cd.g-1.m-2.rad2.s3", "0.001"},
        {"[iU]/mL", "m-3.[iU]", "1000000"},
        {"[IU]/[CFU]", "[CFU]-1.[iU]", "1"},
        {"m/s.s", "m", "1"},
        {"m/(s.s)", "m.s-2", "1"},
        {"deg", "rad", "0.01745329251994329576923690768488612713443"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        same(ucum_base(unit(rows[i].code), &a), rows[i].base, rows[i].code);
        same(ucum_to_base(T("1"), unit(rows[i].code), &a), rows[i].one, rows[i].code);
    }
}

static void comparable(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool expected;
    } rows[] = {
        {"{beats}/min", "/min", true},
        {"/min", "Hz", true},
        {"[IU]/L", "[iU]/mL", true},
        {"[CFU]", "[PFU]", false},
        {"[CFU]", "1", false},
        {"[CFU]2", "[CFU]", false},
        {"[CFU]/[CFU]", "1", true},
        {"Cel", "K", true},
        {"kg", "kg/m2", false},
        {"mmol/L", "mg/L", false},
        {"mL/min/{1.73_m2}", "mL/min", true},
        {"J", "N.m", true},
        {"cal", "[Cal]", true},
        {"[pH]", "mol/L", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (ucum_comparable(unit(rows[i].a), unit(rows[i].b)) != rows[i].expected) {
            fail_msg("%s and %s", rows[i].a, rows[i].b);
        }
    }
}

/* Where a bound stands among the numbers of another unit. */
static void bounds(void **state)
{
    (void)state;
    static const struct {
        const char *decimal, *from, *to;
        enum ucum_place place;
        const char *bound;
        bool reversed;
    } rows[] = {
        {"5", "mg", "g", UCUM_AT, "0.005", false},
        {"1", "min", "h", UCUM_BETWEEN,
         "0.01666666666666666666666666666666666666666666666666666666666666667", false},
        {"-1", "min", "h", UCUM_BETWEEN,
         "-0.01666666666666666666666666666666666666666666666666666666666666666", false},
        {"2.99999999999999999999999999999999999999999999999999999999999999999999", "g", "g",
         UCUM_BETWEEN, "3", false},
        {"7", "[pH]", "mol/L", UCUM_AT, "0.0000001", true},
        {"1e-7", "mol/L", "[pH]", UCUM_AT, "7", true},
        {"0", "mol/L", "[pH]", UCUM_ABOVE, NULL, true},
        {"0", "V", "B[V]", UCUM_BELOW, NULL, false},
        {"-1", "rad", "%[slope]", UCUM_AT, "-155.74077246549", false},
        {"2", "rad", "%[slope]", UCUM_ABOVE, NULL, false},
        {"5", "mg", "mL", UCUM_NOWHERE, NULL, false},
        {"1e1000000000", "kg", "g", UCUM_NOWHERE, NULL, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        text bound = {0};
        bool reversed;
        enum ucum_place place = ucum_bound(text_of(rows[i].decimal), unit(rows[i].from),
                                           unit(rows[i].to), &a, &bound, &reversed);
        if (place != rows[i].place || reversed != rows[i].reversed) {
            fail_msg("%s %s in %s: place %d", rows[i].decimal, rows[i].from, rows[i].to, place);
        }
        same(bound, rows[i].bound, rows[i].from);
    }
}

/* What is no code, and what is said of it. */
static void refuses(void **state)
{
    (void)state;
    static const struct {
        const char *code, *says;
    } rows[] = {
        {"", "write 1"},
        {"mmHg", "character 1"},
        {"mg/DL", "character 4"},
        {"ml/hr", "character 4"},
        {"k%", "no such unit"},
        {"kdeg", "no such unit"},
        {"kkg", "no such unit"},
        {"mg ", "character 3"},
        {"mg/", "missing at the end"},
        {"mg//L", "character 4"},
        {"mg.", "missing at the end"},
        {"(mg", "parenthesis"},
        {"mg)", "character 3"},
        {"(mg/L)2", "character 7"},
        {"2mg", "character 2"},
        {"m0", "power of 0"},
        {"m+", "digits are missing"},
        {"0.m", "factor of 0"},
        {"m10000", "too large"},
        {"[in_i]9999", "too large"},
        {"1000000000000000000.m", "too large"},
        {"{beats/min", "brace is not closed"},
        {"{a{b}}", "braces"},
        {"[in_i", "bracket is not closed"},
        {"Cel2", "scale of its own"},
        {"/Cel", "scale of its own"},
        {"Cel/s", "stands alone"},
        {"Cel.[degF]", "second unit"},
        {"mL\xC2\xB5", "character 3"},
        {"\xCE\xBCg", "character 1"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct ucum_unit *u;
        struct err e = {0};
        assert_int_equal(ucum_parse(text_of(rows[i].code), &a, &u, &e), ERR_INVALID);
        if (!strstr(err_text(&e), rows[i].says)) {
            fail_msg("'%s': %s", rows[i].code, err_text(&e));
        }
    }
}

/* Long codes, deep ones and small arenas end in an error. */
static void limits(void **state)
{
    (void)state;
    static char code[3000];
    const struct ucum_unit *u;
    struct arena small;
    memset(code, 'm', sizeof code);
    assert_int_equal(ucum_parse(text_make(code, sizeof code), &a, &u, NULL), ERR_INVALID);
    memset(code, '(', 900);
    assert_int_equal(ucum_parse(text_make(code, 900), &a, &u, NULL), ERR_INVALID);
    assert_int_equal(ucum_parse(T("((((m))))"), &a, &u, NULL), 0);
    assert_int_equal(ucum_parse(text_make("m\0m", 3), &a, &u, NULL), ERR_INVALID);
    arena_init(&small, 0);
    assert_int_equal(ucum_parse(T("mg"), &small, &u, NULL), ERR_MEMORY);
    assert_null(ucum_convert(T("1"), unit("g"), unit("kg"), &small).p);
    assert_null(ucum_base(unit("g"), &small).p);
    arena_done(&small);
}

/* The units of public examples, and those in them that say UCUM and are not. */
static void units_in_use(void **state)
{
    (void)state;
    static const char *const good[] = {
        "%",         "/min",         "10*12/L", "10*3/uL", "10*6/uL",   "10*9/L",
        "Cel",       "K/uL",         "ML",      "U",       "U/L",       "[IU]",
        "[diop]",    "[foz_us]",     "[in_i]",  "[lb_av]", "[pH]",      "a",
        "b",         "cal/[foz_us]", "cal/mL",  "cm",      "d",         "fL",
        "g",         "g/L",          "g/dL",    "h",       "kU/L",      "kg",
        "kg/m2",     "mL",           "mL/d",    "mL/h",    "mL/min",    "mL/min/{1.73_m2}",
        "meq",       "mg",           "mg/L",    "mg/dL",   "mg/g",      "mg/kg",
        "min",       "ml",           "mm",      "mm[Hg]",  "mmol/L",    "mo",
        "ng/mL",     "pH",           "pg",      "pg/mL",   "s",         "ug/L",
        "ug/mL",     "wk",           "{#}",     "{INR}",   "{T-score}", "{count}",
        "{nominal}", "{scoop}",      "{score}"};
    static const char *const bad[] = {"D",   "ml/hr", "tbl",     "ea",   "TAB",  "drop", "month",
                                      "mcg", "mEq",   "(score)", "M/uL", "IU/L", "mmHg"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        (void)unit(good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const struct ucum_unit *u;
        assert_int_equal(ucum_parse(text_of(bad[i]), &a, &u, NULL), ERR_INVALID);
    }
}

static text file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        return (text){0};
    }
    enum { MOST = 1 << 22 };
    char *bytes = arena_alloc(&a, MOST);
    assert_non_null(bytes);
    size_t n = fread(bytes, 1, MOST, f);
    fclose(f);
    return text_make(bytes, n);
}

/* Every code of the value set of common units (ValueSet/ucum-common). */
static void common_units(void **state)
{
    (void)state;
    const char *data = getenv("KITH_DATA");
    text path =
        arena_printf(&a, "%s/hl7.fhir.r4.core-4.0.1/ValueSet-ucum-common.json", data ? data : "");
    text json = file(path.p);
    if (!json.p) {
        print_message("skipped: no %s (KITH_DATA names the folder of test data)\n", path.p);
        skip();
    }
    yyjson_val *root;
    size_t count = 0;
    struct err e = {0};
    assert_int_equal(json_read(json, 64, &a, &root, &e), 0);
    yyjson_val *include = json_get(json_get(root, T("compose")), T("include")) + 1;
    yyjson_val *concepts = json_get(include, T("concept"));
    assert_non_null(concepts);
    yyjson_val *item = concepts + 1;
    for (size_t left = json_len(concepts); left; left--, item = json_after(item)) {
        text code = arena_copy(&a, json_text(json_get(item, T("code"))));
        const struct ucum_unit *u = unit(code.p);
        count++;
        /* ... and its amount can be told in base units. */
        assert_non_null(ucum_to_base(T("1"), u, &a).p);
    }
    assert_true(count > 1300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(linear_units), TEST(special_units), TEST(bases),
        TEST(comparable),   TEST(bounds),        TEST(refuses),
        TEST(limits),       TEST(units_in_use),  TEST(common_units),
    };
    return cmocka_run_group_tests_name("ucum", tests, NULL, NULL);
}
