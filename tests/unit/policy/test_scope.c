/* Scopes of SMART App Launch 2.2: their grammar, what they add up to, and their words. */
#include "policy/scope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct arena arena;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, 1 << 24);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

/* --- reading and printing --------------------------------------------------------------------- */

struct row {
    const char *in;
    const char *out; /* canonical; NULL: refused */
    int code;
};

static const struct row rows[] = {
    {"", "", 0},
    {"patient/Observation.rs", "patient/Observation.rs", 0},
    {"user/*.cruds", "user/*.cruds", 0},
    {"system/Patient.c", "system/Patient.c", 0},
    {"  user/Patient.r   user/Patient.s ", "user/Patient.rs", 0},
    /* version 1 */
    {"patient/*.read", "patient/*.rs", 0},
    {"patient/*.write", "patient/*.cud", 0},
    {"user/Patient.*", "user/Patient.cruds", 0},
    /* parameters */
    {"patient/Observation.rs?category=laboratory", "patient/Observation.rs?category=laboratory", 0},
    {"patient/Observation.rs?category=a&code=b", "patient/Observation.rs?category=a&code=b", 0},
    {"patient/Observation.r?_tag=x", "patient/Observation.r?_tag=x", 0},
    /* the others, and order */
    {"offline_access openid launch/patient fhirUser launch profile launch/encounter online_access",
     "openid fhirUser profile launch launch/patient launch/encounter offline_access online_access",
     0},
    {"user/Patient.r patient/Patient.r patient/*.r openid",
     "openid patient/*.r patient/Patient.r user/Patient.r", 0},
    {"patient/Patient.r patient/Patient.cr", "patient/Patient.cr", 0},
    /* refused */
    {"patient/Observation", NULL, ERR_INVALID},
    {"patient/Observation.", NULL, ERR_INVALID},
    {"patient/Observation.sr", NULL, ERR_INVALID},
    {"patient/Observation.rr", NULL, ERR_INVALID},
    {"patient/Observation.x", NULL, ERR_INVALID},
    {"patient/Observation.rsx", NULL, ERR_INVALID},
    {"patient/Observation.READ", NULL, ERR_INVALID},
    {"patient/Observations.rs", NULL, ERR_INVALID},
    {"patient/observation.rs", NULL, ERR_INVALID},
    {"patient/Resource.rs", NULL, ERR_INVALID},
    {"patient/.rs", NULL, ERR_INVALID},
    {"patients/Observation.rs", NULL, ERR_INVALID},
    {"/Observation.rs", NULL, ERR_INVALID},
    {"Patient/Observation.rs", NULL, ERR_INVALID},
    {"launch/practitioner", NULL, ERR_INVALID},
    {"openId", NULL, ERR_INVALID},
    {"fhiruser", NULL, ERR_INVALID},
    {"email", NULL, ERR_INVALID},
    {"*", NULL, ERR_INVALID},
    {"patient/Observation.rs?", NULL, ERR_INVALID},
    {"patient/Observation.rs?category", NULL, ERR_INVALID},
    {"patient/Observation.rs?category=", NULL, ERR_INVALID},
    {"patient/Observation.rs?=x", NULL, ERR_INVALID},
    {"patient/Observation.rs?a=b&", NULL, ERR_INVALID},
    {"patient/Observation.rs?subject.name=x", NULL, ERR_NOT_SUPPORTED},
    {"patient/Observation.rs?code:in=x", NULL, ERR_NOT_SUPPORTED},
    {"patient/Observation.rs?code%3Ain=x", NULL, ERR_NOT_SUPPORTED},
    {"patient/Observation.rs?_has=x", NULL, ERR_NOT_SUPPORTED},
    {"patient/Observation.rs?_filter=x", NULL, ERR_NOT_SUPPORTED},
    {"patient/Observation.rs?_count=1", NULL, ERR_NOT_SUPPORTED},
    {"patient/*.rs?_tag=x", NULL, ERR_NOT_SUPPORTED},
    {"patient/Observation.rs\tpatient/Patient.r", NULL, ERR_INVALID},
    {"patient/Observation.rs?code=\"x\"", NULL, ERR_INVALID},
    {"patient/Observation.rs?code=\\x", NULL, ERR_INVALID},
    {"patient/Observation.rs?code=\xc3\xa9", NULL, ERR_INVALID},
};

static void test_forms(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct scopes s, again;
        struct err e = {0};
        int code = scopes_parse(text_of(rows[i].in), &arena, &s, &e);
        if (code != rows[i].code) {
            fail_msg("'%s' gave %d: %s", rows[i].in, code, err_text(&e));
        }
        if (code) {
            assert_true(e.detail[0]);
            continue;
        }
        text out = scopes_print(&s, &arena);
        if (!text_eq(out, text_of(rows[i].out))) {
            fail_msg("'%s' gave '%.*s'", rows[i].in, TEXT_ARG(out));
        }
        assert_int_equal(scopes_parse(out, &arena, &again, &e), 0);
        assert_true(text_eq(scopes_print(&again, &arena), out));
    }
}

static void test_most(void **state)
{
    char many[20000];
    size_t n = 0;
    (void)state;
    struct scopes s;
    struct err e = {0};
    for (int i = 0; i < SCOPES_MAX; i++) {
        n += (size_t)snprintf(many + n, sizeof many - n, "patient/Observation.r?code=%d ", i);
    }
    assert_int_equal(scopes_parse(text_make(many, n), &arena, &s, &e), 0);
    assert_int_equal(s.count, SCOPES_MAX);
    n += (size_t)snprintf(many + n, sizeof many - n, "patient/Patient.r");
    assert_int_equal(scopes_parse(text_make(many, n), &arena, &s, &e), ERR_TOO_LARGE);
    memset(many, ' ', sizeof many);
    assert_int_equal(scopes_parse(text_make(many, sizeof many), &arena, &s, &e), ERR_TOO_LARGE);
}

/* --- fewer than asked ------------------------------------------------------------------------- */

static const struct {
    const char *asked, *allowed, *given;
} pairs[] = {
    {"patient/*.cruds", "patient/Observation.rs", "patient/Observation.rs"},
    {"patient/Observation.cruds", "patient/*.rs", "patient/Observation.rs"},
    {"patient/Observation.rs", "user/*.cruds", ""},
    {"patient/Observation.c", "patient/Observation.rs", ""},
    {"patient/Condition.rs", "patient/Observation.rs", ""},
    {"patient/Observation.rs", "patient/Observation.rs?category=x",
     "patient/Observation.rs?category=x"},
    {"patient/Observation.rs?category=x", "patient/Observation.rs",
     "patient/Observation.rs?category=x"},
    {"patient/Observation.rs?category=x", "patient/Observation.rs?category=x",
     "patient/Observation.rs?category=x"},
    {"patient/Observation.rs?category=x", "patient/Observation.rs?code=y",
     "patient/Observation.rs?category=x&code=y"},
    {"patient/Observation.rs?category=x&code=y", "patient/Observation.rs?code=y",
     "patient/Observation.rs?category=x&code=y"},
    {"patient/Observation.rs?code=y", "patient/Observation.rs?category=x&code=y",
     "patient/Observation.rs?category=x&code=y"},
    {"patient/*.rs", "patient/Observation.r patient/Patient.rs",
     "patient/Observation.r patient/Patient.rs"},
    {"patient/Observation.cruds", "patient/*.r patient/Observation.s", "patient/Observation.rs"},
    {"openid fhirUser offline_access patient/*.rs", "openid patient/*.rs", "openid patient/*.rs"},
    {"patient/*.rs", "openid patient/*.rs", "patient/*.rs"},
    {"launch launch/patient", "launch", "launch"},
};

static void test_within(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct scopes asked, allowed, given;
        struct err e = {0};
        assert_int_equal(scopes_parse(text_of(pairs[i].asked), &arena, &asked, &e), 0);
        assert_int_equal(scopes_parse(text_of(pairs[i].allowed), &arena, &allowed, &e), 0);
        assert_int_equal(scopes_within(&asked, &allowed, &arena, &given, &e), 0);
        text out = scopes_print(&given, &arena);
        if (!text_eq(out, text_of(pairs[i].given))) {
            fail_msg("'%s' within '%s' gave '%.*s'", pairs[i].asked, pairs[i].allowed,
                     TEXT_ARG(out));
        }
    }
}

/* --- rights and plans ------------------------------------------------------------------------- */

static const struct {
    const char *scopes, *type;
    bool about_patient;
    uint8_t rights;
    bool limited;
} rights[] = {
    {"patient/Observation.rs", "Observation", true, MAY_READ | MAY_SEARCH, false},
    {"patient/Observation.rs", "Observation", false, 0, false},
    {"patient/Observation.rs", "Condition", true, 0, false},
    {"patient/*.r user/Observation.c", "Observation", false, MAY_CREATE, false},
    {"patient/*.r user/Observation.c", "Observation", true, MAY_CREATE | MAY_READ, false},
    {"system/*.d", "Patient", false, MAY_DELETE, false},
    {"user/Observation.rs?category=x", "Observation", false, MAY_READ | MAY_SEARCH, true},
    {"user/Observation.rs?category=x user/Observation.c", "Observation", false,
     MAY_READ | MAY_SEARCH | MAY_CREATE, false},
    {"openid launch/patient", "Patient", true, 0, false},
};

static void test_rights(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rights / sizeof *rights; i++) {
        struct scopes s;
        struct err e = {0};
        bool limited = !rights[i].limited;
        assert_int_equal(scopes_parse(text_of(rights[i].scopes), &arena, &s, &e), 0);
        uint8_t got = scopes_rights(&s, fhir_type_of(text_of(rights[i].type)),
                                    rights[i].about_patient, &limited);
        if (got != rights[i].rights || limited != rights[i].limited) {
            fail_msg("'%s' on %s gave %x, %d", rights[i].scopes, rights[i].type, got, limited);
        }
    }
}

static const struct {
    const char *scope;
    int code;
} plans[] = {
    {"patient/Observation.rs", 0},
    {"patient/Observation.rs?category=laboratory", 0},
    {"patient/Observation.rs?category=http://x%7Claboratory&code=http://loinc.org%7C1-2", 0},
    {"patient/Observation.rs?date=ge2020-01-01", 0},
    {"patient/Observation.rs?_security=R", 0},
    {"patient/Observation.rs?no-such=1", ERR_NOT_SUPPORTED},
    {"patient/Observation.rs?date=yesterday", ERR_NOT_SUPPORTED},
    {"patient/Patient.rs?category=laboratory", ERR_NOT_SUPPORTED},
};

static void test_plans(void **state)
{
    static const struct index_rules rules = {.base = {"http://kith.test/fhir", 21}};
    (void)state;
    for (size_t i = 0; i < sizeof plans / sizeof *plans; i++) {
        struct scopes s;
        struct err e = {0};
        assert_int_equal(scopes_parse(text_of(plans[i].scope), &arena, &s, &e), 0);
        int code = scopes_plan(&s, &rules, &arena, &e);
        if (code != plans[i].code) {
            fail_msg("'%s' gave %d: %s", plans[i].scope, code, err_text(&e));
        }
        if (!code) {
            assert_true((s.items[0].query.n > 0) == (s.plans[0] != NULL));
            assert_true(!s.plans[0] || s.plans[0]->root);
        }
    }
}

/* --- words ------------------------------------------------------------------------------------ */

static const struct {
    const char *scope, *words;
} words[] = {
    {"patient/Observation.rs?category=laboratory", "See your laboratory results"},
    {"patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/"
     "observation-category|laboratory",
     "See your laboratory results"},
    {"patient/Observation.rs?category=http://x%7Cvital-signs",
     "See your measurements, such as blood pressure and weight"},
    {"patient/*.rs", "See your health and care record"},
    {"patient/*.cruds", "See, add to, change and delete your health and care record"},
    {"patient/Appointment.cu", "Add to and change your appointments"},
    {"patient/Observation.rs?code=x", "See your test results and measurements (only where code=x)"},
    {"user/Condition.r", "See the health problems of everyone you may see"},
    {"system/Condition.r", "See the health problems of everyone"},
    {"patient/Practitioner.r", "See the list of staff"},
    {"patient/VisionPrescription.r", "See other parts of your record (VisionPrescription)"},
};

static void test_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct scopes s;
        struct err e = {0};
        assert_int_equal(scopes_parse(text_of(words[i].scope), &arena, &s, &e), 0);
        text out = scope_words(&s.items[0], &arena);
        if (!text_eq(out, text_of(words[i].words))) {
            fail_msg("'%s' gave '%.*s'", words[i].scope, TEXT_ARG(out));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_forms, setup, teardown),
        cmocka_unit_test_setup_teardown(test_most, setup, teardown),
        cmocka_unit_test_setup_teardown(test_within, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rights, setup, teardown),
        cmocka_unit_test_setup_teardown(test_plans, setup, teardown),
        cmocka_unit_test_setup_teardown(test_words, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
