/* OperationOutcome: each of ours is itself a right resource. */
#include "fhir_kit.h"

static void check_outcome(struct buf *out, const char *wanted)
{
    struct arena a;
    struct issues is;
    struct resource r;
    struct err e;
    yyjson_val *root = NULL;
    arena_init(&a, KIT_MEMORY);
    assert_false(buf_failed(out));
    assert_int_equal(json_read(buf_text(out), KIT_DEPTH, &a, &root, &e), 0);
    issues_init(&is, &a);
    if (resource_check(root, false, &a, &is, &r)) {
        kit_show(&is);
        fail_msg("%.*s", TEXT_ARG(buf_text(out)));
    }
    if (wanted && !text_eq(buf_text(out), kit_quoted(wanted, &a))) {
        fail_msg("%.*s", TEXT_ARG(buf_text(out)));
    }
    arena_done(&a);
    buf_done(out);
}

#define HEAD "{'resourceType':'OperationOutcome','issue':["

static void prints_issues(void **state)
{
    (void)state;
    struct arena a;
    struct issues is;
    struct buf out;
    arena_init(&a, KIT_MEMORY);
    buf_init(&out, KIT_MEMORY);
    issues_init(&is, &a);
    issues_add(&is, ISSUE_ERROR, ERR_VALUE, T("Patient.birthDate"), "\"%s\" is\nwrong", "x");
    issues_add(&is, ISSUE_WARNING, ERR_BUSINESS_RULE, T(""), "odd");
    issues_add(&is, ISSUE_INFORMATION, ERR_OK, T(""), "%s", "");
    assert_int_equal(is.errors, 1);
    outcome_print(&is, &out);
    check_outcome(&out,
                  HEAD "{'severity':'error','code':'value','details':{'text':'\\'x\\' is\\nwrong'},"
                       "'expression':['Patient.birthDate']},{'severity':'warning','code':"
                       "'business-rule','details':{'text':'odd'}},{'severity':'information','code':"
                       "'informational','details':{'text':'done'}}]}");
    arena_done(&a);
}

static void prints_errors_of_every_code(void **state)
{
    (void)state;
    for (int code = 0; code < ERR_COUNT; code++) {
        struct err e;
        struct buf out;
        buf_init(&out, KIT_MEMORY);
        err_at(&e, code, T("Patient.name"), "what %d", code);
        outcome_print_err(&e, &out);
        check_outcome(&out, NULL);
        buf_init(&out, KIT_MEMORY);
        err_set(&e, code, "%s", "");
        outcome_print_err(&e, &out);
        check_outcome(&out, NULL);
    }
}

static void always_has_an_issue(void **state)
{
    (void)state;
    struct arena a;
    struct issues is;
    struct buf out;
    arena_init(&a, KIT_MEMORY);
    buf_init(&out, KIT_MEMORY);
    issues_init(&is, &a);
    outcome_print(&is, &out);
    check_outcome(
        &out, HEAD
        "{'severity':'information','code':'informational','details':{'text':'no findings'}}]}");
    buf_init(&out, KIT_MEMORY);
    outcome_print_done(T("gone"), &out);
    check_outcome(&out, HEAD
                  "{'severity':'information','code':'informational','details':{'text':'gone'}}]}");
    arena_done(&a);
}

static void says_how_many_are_not_listed(void **state)
{
    (void)state;
    struct arena a;
    struct issues is;
    struct buf out;
    arena_init(&a, KIT_MEMORY);
    buf_init(&out, KIT_MEMORY);
    issues_init(&is, &a);
    for (int i = 0; i < 250; i++) {
        issues_add(&is, ISSUE_ERROR, ERR_VALUE, T("Patient"), "finding %d", i);
    }
    assert_int_equal(is.count, 100);
    assert_int_equal(is.errors, 250);
    assert_int_equal(is.dropped, 150);
    outcome_print(&is, &out);
    assert_non_null(memmem(out.p, out.n, "150 more findings", 17));
    check_outcome(&out, NULL);
    arena_done(&a);
}

static void errors_are_listed_before_warnings(void **state)
{
    (void)state;
    struct arena a;
    struct issues is;
    struct buf out;
    arena_init(&a, KIT_MEMORY);
    buf_init(&out, KIT_MEMORY);
    issues_init(&is, &a);
    issues_add(&is, ISSUE_ERROR, ERR_VALUE, T("Patient"), "first");
    for (int i = 0; i < 150; i++) {
        issues_add(&is, ISSUE_WARNING, ERR_VALUE, T("Patient"), "warning %d", i);
    }
    assert_true(issues_full(&is, ISSUE_WARNING));
    assert_false(issues_full(&is, ISSUE_ERROR));
    issues_add(&is, ISSUE_ERROR, ERR_VALUE, T("Patient"), "second");
    assert_int_equal(is.count, 100);
    assert_int_equal(is.errors, 2);
    assert_int_equal(is.dropped, 52);
    assert_int_equal(is.dropped_errors, 0);
    assert_true(text_eq(is.items[0].details, T("first")));
    assert_true(text_eq(is.items[1].details, T("warning 0")));
    assert_true(text_eq(is.items[99].details, T("second")));
    outcome_print(&is, &out);
    assert_non_null(
        memmem(out.p, out.n, "{\"severity\":\"information\",\"code\":\"incomplete", 44));
    check_outcome(&out, NULL);
    arena_done(&a);
}

static void without_memory_it_still_answers(void **state)
{
    (void)state;
    struct arena a;
    struct issues is;
    struct buf out;
    arena_init(&a, 0);
    buf_init(&out, KIT_MEMORY);
    issues_init(&is, &a);
    issues_add(&is, ISSUE_ERROR, ERR_VALUE, T("Patient"), "finding");
    assert_int_equal(is.count, 0);
    assert_int_equal(is.errors, 1);
    assert_int_equal(is.dropped, 1);
    outcome_print(&is, &out);
    assert_non_null(memmem(out.p, out.n, "\"error\"", 7));
    check_outcome(&out, NULL);
    arena_done(&a);
}

static void cuts_long_details_at_a_character(void **state)
{
    (void)state;
    struct arena a;
    struct issues is;
    struct buf out;
    struct buf longer;
    arena_init(&a, KIT_MEMORY);
    buf_init(&longer, KIT_MEMORY);
    for (int i = 0; i < 1000; i++) {
        buf_add(&longer, T("\xe2\x82\xac"));
    }
    for (int shift = 0; shift < 4; shift++) {
        buf_init(&out, KIT_MEMORY);
        issues_init(&is, &a);
        issues_add(&is, ISSUE_ERROR, ERR_VALUE, T(""), "%.*s%.*s", shift, "abc",
                   TEXT_ARG(buf_text(&longer)));
        assert_true(is.items[0].details.n < 1024);
        outcome_print(&is, &out);
        check_outcome(&out, NULL);
    }
    buf_done(&longer);
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_issues),
        cmocka_unit_test(prints_errors_of_every_code),
        cmocka_unit_test(always_has_an_issue),
        cmocka_unit_test(says_how_many_are_not_listed),
        cmocka_unit_test(errors_are_listed_before_warnings),
        cmocka_unit_test(without_memory_it_still_answers),
        cmocka_unit_test(cuts_long_details_at_a_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
