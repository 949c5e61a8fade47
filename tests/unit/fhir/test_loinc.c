/* LOINC's tables: quotation, columns by name, parts, answers, hierarchy. */
#include "fhir/loinc.h"

#include "release_kit.h"

static const struct file {
    enum loinc_kind kind;
    const char *bytes;
} files[] = {
    {LOINC_TERMS,
     "\"LOINC_NUM\",\"COMPONENT\",\"PROPERTY\",\"TIME_ASPCT\",\"SYSTEM\",\"SCALE_TYP\",\"STATUS\","
     "\"LONG_COMMON_NAME\",\"SHORTNAME\",\"OTHER\"\r\n"
     "\"1-1\",\"A, b\",\"P\",\"Pt\",\"Bld\",\"Qn\",\"ACTIVE\",\"Said \"\"so\"\"\nhere\",\"short\","
     "\"\"\r\n"
     "\"2-2\",\"C\",\"P\",\"Pt\",\"Bld\",\"Qn\",\"DEPRECATED\",\"Two\",\"\",\"\"\r\n"
     "\"2-2\",\"C\",\"P\",\"Pt\",\"Bld\",\"Qn\",\"ACTIVE\",\"Again\",\"\",\"\"\r\n"
     "3-3,C\r\n"},
    {LOINC_ANSWERS, "AnswerListId,AnswerListName,AnswerStringId,DisplayText\n"
                    "LL1-1,List,LA1-1,Yes\nLL1-1,List,LA2-2,No\n"},
    {LOINC_ANSWER_LINKS, "LoincNumber,AnswerListId\n1-1,LL1-1\n9-9,LL1-1\n"},
    {LOINC_HIERARCHY, "IMMEDIATE_PARENT,CODE,CODE_TEXT\n,LP1-1,Top\nLP1-1,1-1,One"},
};

static void a_release(void **state)
{
    (void)state;
    for (size_t piece = 1; piece < 1000; piece = piece * 5 + 1) {
        struct loinc_options options = {.version = T("2.77"), .wrong = on_wrong};
        struct loinc *l = NULL;
        struct codes_build *b = NULL;
        struct codes_about about;
        struct err e = {0};
        wrong_count = 0;
        assert_int_equal(loinc_begin(&options, &l, &e), 0);
        for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
            text bytes = text_of(files[i].bytes);
            int rc = loinc_file(l, files[i].kind, T("f"), &e);
            for (; !rc && bytes.n; bytes = text_from(bytes, piece)) {
                rc = loinc_bytes(l, text_first(bytes, piece), &e);
            }
            if (rc || loinc_file_end(l, &e)) {
                fail_msg("%s", err_text(&e));
            }
        }
        assert_int_equal(loinc_end(l, &b, &about, &e), 0);
        const struct codes *c = opened(b);
        loinc_drop(l);
        assert_int_equal(wrong_count, 3);
        shows(c, "1-1",
              "Said \"so\"\nhere 0; LP1-1; STATUS=ACTIVE COMPONENT=A, b PROPERTY=P TIME_ASPCT=Pt "
              "SYSTEM=Bld SCALE_TYP=Qn answer-list=LL1-1; en:short");
        shows(c, "2-2",
              "Two 5;; STATUS=DEPRECATED COMPONENT=C PROPERTY=P TIME_ASPCT=Pt SYSTEM=Bld "
              "SCALE_TYP=Qn;");
        shows(c, "LA2-2", "No 0;;;");
        size_t count = 0;
        (void)codes_members(c, codes_find(c, T("LL1-1")), &count);
        assert_int_equal(count, 2);
    }
}

static void refusals(void **state)
{
    (void)state;
    struct loinc *l = NULL;
    struct err e = {0};
    assert_int_equal(loinc_begin(&(struct loinc_options){0}, &l, &e), ERR_REQUIRED);
    assert_int_equal(loinc_begin(&(struct loinc_options){.version = T("1")}, &l, &e), 0);
    assert_int_equal(loinc_file(l, LOINC_TERMS, T("f"), &e), 0);
    assert_int_equal(loinc_bytes(l, T("LOINC_NUM,X\n"), &e), ERR_INVALID);
    assert_non_null(strstr(e.detail, "COMPONENT"));
    assert_int_equal(loinc_file(l, LOINC_ANSWER_LINKS, T("f"), &e), 0);
    assert_int_equal(loinc_bytes(l, T("LoincNumber,\"Answer"), &e), 0);
    assert_int_equal(loinc_file_end(l, &e), ERR_INVALID);
    loinc_drop(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(a_release), TEST(refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
