/* SNOMED CT's constraint language, on a code system of a few concepts that is made here. */
#include "fhir/ecl.h"

#include "arena_kit.h"

#include <stdio.h>
#include <stdlib.h>

/* Ten findings and substances, with attributes, a reference set and one inactive concept. */
static const struct concept_row {
    const char *code, *display, *parents[2];
} concept_rows[] = {
    {"100001", "Thing", {NULL}},
    {"100002", "Finding", {"100001"}},
    {"100003", "Infection", {"100002"}},
    {"100004", "Lung infection", {"100003", "100005"}},
    {"100005", "Lung disorder", {"100002"}},
    {"100006", "Bacterial lung infection", {"100004"}},
    {"100010", "Organism", {"100001"}},
    {"100011", "Bacterium", {"100010"}},
    {"100012", "Virus", {"100010"}},
    {"100020", "Lung", {"100001"}},
    {"100030", "Attribute", {"100001"}},
    {"100031", "Causative agent", {"100030"}},
    {"100032", "Finding site", {"100030"}},
    {"100033", "Strength", {"100030"}},
    {"100040", "Chest set", {"100001"}},
    {"100050", "Old lung infection", {NULL}},
    {"900000000000527005", "Same as", {NULL}},
};

static const struct property_row {
    const char *of, *code, *value;
    enum codes_kind kind;
    uint32_t group;
} property_rows[] = {
    {"100004", "100032", "100020", CODES_CODE, 1},
    {"100005", "100032", "100020", CODES_CODE, 0},
    {"100006", "100032", "100020", CODES_CODE, 1},
    {"100006", "100031", "100011", CODES_CODE, 1},
    {"100003", "100031", "100012", CODES_CODE, 2},
    {"100003", "100032", "100020", CODES_CODE, 3},
    {"100011", "100033", "5", CODES_INTEGER, 0},
    {"100012", "100033", "7.50", CODES_DECIMAL, 0},
    {"100050", "900000000000527005", "100004", CODES_CODE, 0},
    {"100004", "sufficientlyDefined", "true", CODES_BOOLEAN, 0},
};

static int into_buf(void *context, text bytes, struct err *e)
{
    (void)e;
    buf_add(context, bytes);
    return 0;
}

static void add_rows(struct codes_build *b)
{
    static const char *const names[] = {"100031", "100032", "100033", "900000000000527005",
                                        "sufficientlyDefined"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        codes_build_property_definition(
            b, &(struct codes_property_definition){text_of(names[i]), T(""), CODES_CODE});
    }
    for (size_t i = 0; i < sizeof property_rows / sizeof *property_rows; i++) {
        const struct property_row *r = &property_rows[i];
        struct codes_property p = {text_of(r->code), r->kind, text_of(r->value), T(""), T(""),
                                   CODES_NONE,       r->group};
        p.concept = r->kind == CODES_CODE ? codes_build_find(b, p.value) : CODES_NONE;
        codes_build_property(b, codes_build_find(b, text_of(r->of)), &p);
    }
    uint32_t set = codes_build_find(b, T("100040"));
    codes_build_member(b, set, codes_build_find(b, T("100004")));
    codes_build_member(b, set, codes_build_find(b, T("100020")));
    codes_build_flags(b, codes_build_find(b, T("100050")), CODES_INACTIVE, T(""));
    codes_build_designation(b, codes_build_find(b, T("100004")),
                            &(struct codes_designation){T("en-US"), T("http://snomed.info/sct"),
                                                        T("900000000000003001"), T(""),
                                                        T("Infection of lung (disorder)")});
}

static const struct codes *sample(void)
{
    struct codes_about about = {
        .url = T("http://snomed.info/sct"), .language = T("en"), .case_sensitive = true};
    struct codes_build *b = codes_build_begin(&about);
    struct buf image;
    struct err e = {0};
    const struct codes *c = NULL;
    bool fresh;
    buf_init(&image, 1 << 24);
    assert_non_null(b);
    for (size_t i = 0; i < sizeof concept_rows / sizeof *concept_rows; i++) {
        uint32_t n = codes_build_concept(b, text_of(concept_rows[i].code), &fresh);
        codes_build_display(b, n, text_of(concept_rows[i].display));
    }
    for (size_t i = 0; i < sizeof concept_rows / sizeof *concept_rows; i++) {
        for (size_t k = 0; k < 2 && concept_rows[i].parents[k]; k++) {
            codes_build_parent(b, (uint32_t)i,
                               codes_build_find(b, text_of(concept_rows[i].parents[k])));
        }
    }
    add_rows(b);
    assert_int_equal(codes_build_end(b, true, into_buf, &image, &e), 0);
    codes_build_drop(b);
    char *kept = arena_alloc(&a, image.n);
    assert_non_null(kept);
    memcpy(kept, image.p, image.n);
    if (codes_open(text_make(kept, image.n), &a, &c, &e)) {
        fail_msg("%s", err_text(&e));
    }
    buf_done(&image);
    return c;
}

/* The last two digits of what is in the set. */
static text found(const struct codes *c, const char *expression)
{
    const struct ecl *x = NULL;
    struct ecl_set set = {0};
    struct err e = {0};
    struct buf out;
    if (ecl_parse(text_of(expression), &a, &x, &e) || ecl_evaluate(x, c, 0, &a, &set, &e)) {
        fail_msg("%s: %s", expression, err_text(&e));
    }
    uint32_t *list = ecl_set_list(&set, &a);
    assert_non_null(list);
    buf_init(&out, 4096);
    for (uint32_t i = 0; i < set.count; i++) {
        text code = codes_code(c, list[i]);
        buf_printf(&out, "%s%.*s", i ? " " : "", TEXT_ARG(text_from(code, code.n - 2)));
    }
    for (uint32_t i = 0; i < codes_about(c)->count; i++) {
        bool has = false;
        assert_int_equal(ecl_has(x, c, i, 0, &a, &has, &e), 0);
        if (has != ecl_set_has(&set, i)) {
            fail_msg("%s: the single question is answered otherwise", expression);
        }
    }
    text copy = arena_copy(&a, buf_text(&out));
    buf_done(&out);
    return copy;
}

static void sets(void **state)
{
    (void)state;
    static const struct {
        const char *expression, *codes;
    } rows[] = {
        {"100004", "04"},
        {" 100004 |Lung infection| /* ours */ ", "04"},
        {"999999", ""},
        {"< 100003", "04 06"},
        {"<<100003|x|", "03 04 06"},
        {"<! 100002", "03 05"},
        {"<<! 100002", "02 03 05"},
        {"> 100004", "01 02 03 05"},
        {">> 100004", "01 02 03 04 05"},
        {">! 100004", "03 05"},
        {">>! 100004", "03 04 05"},
        {"descendantOf 100003", "04 06"},
        {"ANCESTORORSELFOF 100003", "01 02 03"},
        {"!!> (<< 100003)", "03"},
        {"!!< (<< 100003)", "06"},
        {"^ 100040", "04 20"},
        {"< 100003 AND ^ 100040", "04"},
        {"< 100003 , ^ 100040", "04"},
        {"100011 OR 100012 or 100020", "11 12 20"},
        {"<< 100002 MINUS << 100003", "02 05"},
        {"(<< 100002 MINUS << 100003) OR 100020", "02 05 20"},
        {"<< (100011 OR 100004)", "04 06 11"},
        {"100050", ""},
        {"100050 {{ C active = 0 }}", "50"},
        {"* {{ C active = false }}", "50"},
        {"<< 100004 {{ + HISTORY-MIN }}", "04 06 50"},
        {"<< 100003 {{ C definitionStatus = defined }}", "04"},
        {"<< 100003 {{ C definitionStatus != defined }}", "03 06"},
        {"<< 100002 {{ term = \"infec lung\" }}", "04 06"},
        {"<< 100002 {{ term = \"of lung\", type = fsn }}", "04"},
        {"<< 100002 {{ term = \"of lung\", type = syn }}", ""},
        {"<< 100002 {{ D term = wild:\"bact*lung*\" }}", "06"},
        {"<< 100002 {{ term = (\"bacterial\" \"disorder\") }}", "04 05 06"},
        {"<< 100002 {{ language = en-US }}", "04"},
    };
    const struct codes *c = sample();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        text got = found(c, rows[i].expression);
        if (!text_eq(got, text_of(rows[i].codes))) {
            fail_msg("%s: %.*s, not %s", rows[i].expression, TEXT_ARG(got), rows[i].codes);
        }
    }
}

static void refinements(void **state)
{
    (void)state;
    static const struct {
        const char *expression, *codes;
    } rows[] = {
        {"<< 100002 : 100032 = 100020", "03 04 05 06"},
        {"<< 100002 : 100032 |site| = *, 100031 = << 100010", "03 06"},
        {"<< 100002 : { 100032 = 100020, 100031 = << 100010 }", "06"},
        {"<< 100002 : 100031 = 100012 OR 100031 = 100011", "03 06"},
        {"<< 100002 : 100031 != 100012", "06"},
        {"<< 100002 : [0..0] 100031 = *", "02 04 05"},
        {"<< 100002 : [1..1] 100032 = *, [0..0] 100031 = *", "04 05"},
        {"<< 100002 : [2..*] { * = * }", "03"},
        {"<< 100002 : (100031 = 100011 OR 100032 = 100020), 100031 = 100011", "06"},
        {"<< 100002 : (100031 OR 100032) = (100011 OR 100012)", "03 06"},
        {"<< 100010 : R 100031 = << 100002", "11 12"},
        {"<< 100010 : reverseOf 100031 = 100006", "11"},
        {"<< 100002 . 100031", "11 12"},
        {"100006.(<< 100030)", "11 20"},
        {"<< 100010 : 100033 = #5", "11"},
        {"<< 100010 : 100033 > #5.0", "12"},
        {"<< 100010 : 100033 <= #7.5", "11 12"},
        {"<< 100010 : 100033 != #5", "12"},
        {"* : 100031 = (< 100010 : 100033 = #7.5)", "03"},
        {"<< 100002 : << 100030 = 100020", "03 04 05 06"},
    };
    const struct codes *c = sample();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        text got = found(c, rows[i].expression);
        if (!text_eq(got, text_of(rows[i].codes))) {
            fail_msg("%s: %.*s, not %s", rows[i].expression, TEXT_ARG(got), rows[i].codes);
        }
    }
}

static void errors(void **state)
{
    (void)state;
    static const struct {
        const char *expression;
        int code;
        const char *part;
    } rows[] = {
        {"", ERR_INVALID, "character 1"},
        {"< ", ERR_INVALID, "character 3"},
        {"12345", ERR_INVALID, "6 to 18 digits"},
        {"100001 AND 100002 OR 100003", ERR_INVALID, "brackets are needed"},
        {"100001 MINUS 100002 MINUS 100003", ERR_INVALID, "brackets are needed"},
        {"(100001", ERR_INVALID, "closing bracket"},
        {"100001 |x", ERR_INVALID, "must end with |"},
        {"100001 : 100002", ERR_INVALID, "comparison"},
        {"100001 : 100002 < 100003", ERR_INVALID, "a number such as #5"},
        {"100001 : [2..1] 100002 = *", ERR_INVALID, "end before it begins"},
        {"100001 : { 100002 = *", ERR_INVALID, "}"},
        {"100001 : { { 100002 = * } }", ERR_INVALID, "no groups"},
        {"100001 x", ERR_INVALID, "character 8"},
        {"^ [targetComponentId] 100001", ERR_NOT_SUPPORTED, "fields"},
        {"100001 {{ M mapTarget = \"x\" }}", ERR_NOT_SUPPORTED, "members"},
        {"100001 {{ dialect = en-gb }}", ERR_NOT_SUPPORTED, "term"},
        {"100001 {{ term = \"x }}", ERR_INVALID, "quotation"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct ecl *x = NULL;
        struct err e = {0};
        int rc = ecl_parse(text_of(rows[i].expression), &a, &x, &e);
        if (rc != rows[i].code || !strstr(e.detail, rows[i].part)) {
            fail_msg("%s: %d, %s", rows[i].expression, rc, e.detail);
        }
    }
}

/* Many brackets, and a chain of a thousand concepts. */
static void bounds(void **state)
{
    (void)state;
    const struct codes *c = sample();
    const struct ecl *x = NULL;
    struct ecl_set set;
    struct err e = {0};
    struct buf b;
    buf_init(&b, 1 << 20);
    for (int i = 0; i < 1000; i++) {
        buf_printf(&b, "%s%d", i ? " AND " : "", 100004);
    }
    assert_int_equal(ecl_parse(buf_text(&b), &a, &x, &e), 0);
    assert_int_equal(ecl_evaluate(x, c, 0, &a, &set, &e), 0);
    assert_int_equal(set.count, 1);
    buf_clear(&b);
    for (int i = 0; i < 5000; i++) {
        buf_add(&b, T("("));
    }
    assert_int_equal(ecl_parse(buf_text(&b), &a, &x, &e), ERR_INVALID);
    assert_non_null(strstr(e.detail, "40 deep"));
    buf_done(&b);
    assert_int_equal(ecl_parse(T("<< *"), &a, &x, &e), 0);
    assert_int_equal(ecl_evaluate(x, c, 1, &a, &set, &e), 0); /* too small to look at the clock */
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(sets), TEST(refinements), TEST(errors), TEST(bounds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
