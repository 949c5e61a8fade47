/*
 * What a patient has refused at one member, as others take it (docs/locality.md, "Keeping up"): the
 * real code over the record of the simulator. Node 0 tells, node 1 is told.
 */
#include "locality/changed.h"
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define ODS "https://fhir.nhs.uk/Id/ods-organization-code"
#define SCOPE                                                                                    \
    "\"scope\":{\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/consentscope\"," \
    "\"code\":\"patient-privacy\"}]}"

static struct {
    struct sim *s;
    struct arena a;
    struct err e;
    struct note_signer *by;
} seen;

static const struct loc_world *world(size_t node)
{
    return sim_world(seen.s, node);
}

static struct subject ana(void)
{
    return (struct subject){.nhs_number = T("9434765919"),
                            .family = T("Smith"),
                            .given = T("Ana"),
                            .birth_date = T("1970-01-02")};
}

static int up(void **state)
{
    (void)state;
    memset(&seen, 0, sizeof seen);
    arena_init(&seen.a, 64 << 20);
    if (sim_new(1, 2, NULL, NULL, &seen.s)) {
        return -1;
    }
    struct buf key;
    buf_init(&key, 4096);
    if (note_signer_make(T("kith.care/member/X00"), &key, &seen.e) ||
        note_signer_read(buf_text(&key), &seen.by, &seen.e)) {
        return -1;
    }
    buf_done(&key);
    sim_put(seen.s, 0, T("Organization"), T("x"),
            T("{\"resourceType\":\"Organization\",\"identifier\":[{\"system\":\"" ODS
              "\",\"value\":\"X26\"}]}"));
    sim_put(seen.s, 0, T("Organization"), T("y"),
            T("{\"resourceType\":\"Organization\",\"name\":\"Without a code\"}"));
    sim_put(
        seen.s, 1, T("Patient"), T("p1"),
        T("{\"resourceType\":\"Patient\",\"birthDate\":\"1970-01-02\",\"name\":[{\"family\":"
          "\"Smith\",\"given\":[\"Ana\"]}],\"identifier\":[{\"system\":\"https://fhir.nhs.uk/Id/"
          "nhs-number\",\"value\":\"9434765919\"}]}"));
    return 0;
}

static int down(void **state)
{
    (void)state;
    note_signer_free(seen.by);
    sim_free(seen.s);
    arena_done(&seen.a);
    return 0;
}

static text consent(const char *status, const char *kind, const char *provision)
{
    return arena_printf(&seen.a,
                        "{\"resourceType\":\"Consent\",\"status\":\"%s\"," SCOPE
                        ",\"category\":[{\"coding\":[{\"system\":\"https://kith.care/fhir/"
                        "CodeSystem/consent-kind\",\"code\":\"%s\"}]}],\"patient\":{\"reference\":"
                        "\"Patient/own\"},\"provision\":%s}",
                        status, kind, provision);
}

/* The body of the row; `json` empty: it was deleted. */
static text body_of(text json)
{
    yyjson_val *root = NULL;
    text body = {0};
    if (json.n) {
        assert_int_equal(json_read(json, 64, &seen.a, &root, &seen.e), 0);
    }
    const struct feed_row row = {.what = T("Consent/5"), .consent_version = 10};
    assert_int_equal(choice_print(world(0), seen.by, T("X00"), &row, root, &seen.a, &body, &seen.e),
                     0);
    return body;
}

static bool has(text t, const char *words)
{
    return memmem(t.p, t.n, words, strlen(words)) != NULL;
}

/* As feed_take does it: the changes, then the effect. */
static void take(text body, uint64_t version)
{
    struct kept_change *changes = NULL;
    size_t count = 0;
    const struct loc_world *w = world(1);
    const struct feed_row row = {.kind = FEED_CONSENT,
                                 .subject = ana(),
                                 .consent_version = version,
                                 .what = T("Consent/5"),
                                 .body = body};
    assert_int_equal(changed_row(w, &row, &seen.a, &changes, &count, &seen.e), 0);
    if (count) {
        assert_int_equal(w->write(w->context, changes, count, NULL, &seen.e), 0);
    }
    for (int i = 0; i < 2; i++) { /* twice, as after a crash */
        int rc = changed_effect(w, NULL, T("X00"), &row, &seen.e);
        if (rc) {
            fail_msg("%s", err_text(&seen.e));
        }
    }
}

struct one {
    text id, json;
    size_t count;
};

static void look(void *context, text id, text json)
{
    struct one *o = context;
    o->id = arena_copy(&seen.a, id);
    o->json = arena_copy(&seen.a, json);
    o->count++;
}

static struct one told(void)
{
    struct one o = {0};
    sim_each(seen.s, 1, T("Consent"), look, &o);
    return o;
}

#define ABOUT(reference) "{\"type\":\"deny\",\"actor\":[{\"reference\":" reference "}]}"
#define X "{\"reference\":\"Organization/x\"}"

static const struct {
    const char *name, *status, *kind, *provision;
    const char *travels; /* words in the body; NULL: it does not travel */
    const char * not;
} cases[] = {
    {"an organisation", "active", "sharing", ABOUT(X), "\"value\":\"X26\"", "Organization/x"},
    {"an identifier", "active", "sharing",
     ABOUT("{\"identifier\":{\"system\":\"" ODS "\",\"value\":\"X27\"}}"), "\"value\":\"X27\"",
     NULL},
    {"everybody", "active", "sharing", "{\"type\":\"deny\"}", "{\"type\":\"deny\"}", "actor"},
    {"a category", "active", "sharing",
     "{\"type\":\"deny\",\"securityLabel\":[{\"code\":\"MH\"}],\"purpose\":[{\"code\":\"TREAT\"}]}",
     "\"securityLabel\":[{\"code\":\"MH\"}],\"purpose\"", NULL},
    {"a permission", "active", "sharing", "{\"type\":\"permit\",\"actor\":[{\"reference\":" X "}]}",
     NULL, NULL},
    {"one that has ended", "inactive", "sharing", ABOUT(X), NULL, NULL},
    {"a person", "active", "sharing", ABOUT("{\"reference\":\"Practitioner/1\"}"),
     "member-person\",\"value\":\"X00|", "Practitioner/1"},
    {"a person of another member", "active", "sharing",
     ABOUT("{\"reference\":\"Practitioner/m-1\",\"identifier\":{\"system\":"
           "\"" PERSON_MEMBER_SYSTEM "\",\"value\":\"X07|abc\"}}"),
     "\"value\":\"X07|abc\"", "m-1"},
    {"a team", "active", "sharing", ABOUT("{\"reference\":\"CareTeam/1\"}"), NULL, NULL},
    {"a team and an organisation", "active", "sharing",
     "{\"type\":\"deny\",\"actor\":[{\"reference\":{\"reference\":\"CareTeam/1\"}},"
     "{\"reference\":" X "}]}",
     "\"actor\":[{\"reference\":{\"identifier\":", "CareTeam"},
    {"no code", "active", "sharing", ABOUT("{\"reference\":\"Organization/y\"}"), NULL, NULL},
    {"an entry", "active", "sharing",
     "{\"type\":\"deny\",\"data\":[{\"meaning\":\"instance\",\"reference\":{\"reference\":"
     "\"Observation/1\"}}]}",
     NULL, NULL},
    {"an emergency", "active", "override", ABOUT(X), NULL, NULL},
    {"a proxy", "active", "proxy", ABOUT(X), NULL, NULL},
    {"an exception", "active", "sharing",
     "{\"type\":\"deny\",\"provision\":[{\"type\":\"permit\",\"actor\":[{\"reference\":" X "}]},"
     "{\"type\":\"permit\",\"actor\":[{\"reference\":" X "},{\"reference\":{\"reference\":"
     "\"CareTeam/7\"}}]}]}",
     "\"provision\":[{\"type\":\"permit\"", "CareTeam/7"},
};

static void what_travels(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        text body = body_of(consent(cases[i].status, cases[i].kind, cases[i].provision));
        bool travels = has(body, "\"consent\":{");
        if (travels != (cases[i].travels != NULL) || !has(body, "\"from\":\"X00\"") ||
            (travels && !has(body, cases[i].travels)) || (cases[i].not&&has(body, cases[i].not)) ||
            has(body, "Patient/own")) {
            fail_msg("%s: %.*s", cases[i].name, TEXT_ARG(body));
        }
    }
    assert_false(has(body_of((text){0}), "\"consent\""));
}

static void counts_where_it_is_told(void **state)
{
    (void)state;
    take(body_of(consent("active", "sharing", ABOUT(X))), 10);
    struct one o = told();
    assert_int_equal(o.count, 1);
    assert_true(has(o.json, "\"status\":\"active\"") && has(o.json, "Patient/p1"));
    assert_true(has(o.json, CHOICE_SYSTEM) && has(o.json, "Organization/ods-X26"));
    assert_int_equal(sim_count(seen.s, 1, T("Organization")), 1);
    yyjson_val *root = NULL;
    assert_int_equal(json_read(o.json, 64, &seen.a, &root, &seen.e), 0);
    assert_true(choice_is_told(root));
    /* It ends by a later row alone, and begins again. */
    take(body_of((text){0}), 9);
    assert_true(has(told().json, "\"status\":\"active\""));
    take(body_of((text){0}), 11);
    o = told();
    assert_int_equal(o.count, 1);
    assert_true(has(o.json, "\"status\":\"inactive\"") && has(o.json, "\"deny\""));
    take(body_of(consent("active", "sharing", ABOUT(X))), 10);
    assert_true(has(told().json, "\"status\":\"inactive\""));
    take(body_of(consent("active", "sharing", "{\"type\":\"deny\"}")), 12);
    assert_true(has(told().json, "\"status\":\"active\""));
    assert_int_equal(told().count, 1);
}

/* As the one that they are here when they ask: two accounts of one person are one. */
static void a_person_is_refused_everywhere(void **state)
{
    (void)state;
    const text who = T("Practitioner/1");
    text account = person_account(T("X00"), who, T("a"), &seen.a);
    assert_true(text_eq(account, person_account(T("X00"), who, T("b"), &seen.a)));
    assert_false(text_eq(account, person_account(T("X01"), who, T("a"), &seen.a)));
    text here = person_practitioner(person_member(T("X00"), account, &seen.a), &seen.a);
    take(body_of(consent("active", "sharing", ABOUT("{\"reference\":\"Practitioner/1\"}"))), 10);
    struct one o = told();
    assert_int_equal(o.count, 1);
    assert_non_null(memmem(o.json.p, o.json.n, here.p, here.n));
    assert_int_equal(sim_count(seen.s, 1, T("Practitioner")), 1);
    take(body_of((text){0}), 11);
    assert_true(has(told().json, "\"status\":\"inactive\""));
    assert_int_equal(sim_count(seen.s, 1, T("Practitioner")), 1);
}

static void only_of_who_is_here(void **state)
{
    (void)state;
    sim_put(seen.s, 1, T("Patient"), T("p1"),
            T("{\"resourceType\":\"Patient\",\"birthDate\":\"1971-09-02\",\"name\":[{\"family\":"
              "\"Jones\"}],\"identifier\":[{\"system\":\"https://fhir.nhs.uk/Id/nhs-number\","
              "\"value\":\"9434765919\"}]}"));
    take(body_of(consent("active", "sharing", ABOUT(X))), 10);
    assert_int_equal(told().count, 0);
    take(body_of((text){0}), 11); /* what never was here does not end here */
    assert_int_equal(told().count, 0);
}

/* A code that is none makes nothing, and refuses nobody else. */
static void a_wrong_code(void **state)
{
    (void)state;
    const struct feed_row row = {
        .kind = FEED_CONSENT,
        .subject = ana(),
        .consent_version = 5,
        .what = T("Consent/5"),
        .body = arena_printf(&seen.a, "{\"from\":\"X00\",\"consent\":%.*s}",
                             TEXT_ARG(consent("active", "sharing",
                                              ABOUT("{\"identifier\":{\"system\":\"" ODS
                                                    "\",\"value\":\"x/../y\"}}"))))};
    struct kept_change *changes = NULL;
    size_t count = 0;
    const struct loc_world *w = world(1);
    assert_int_equal(changed_row(w, &row, &seen.a, &changes, &count, &seen.e), 0);
    assert_int_equal(w->write(w->context, changes, count, NULL, &seen.e), 0);
    assert_int_equal(changed_effect(w, NULL, T("X00"), &row, &seen.e), ERR_INVALID);
    assert_int_equal(told().count, 0);
    assert_int_equal(sim_count(seen.s, 1, T("Organization")), 0);
}

static void merges_are_for_people(void **state)
{
    (void)state;
    struct feed_row row = {.kind = FEED_MERGE, .subject = ana(), .what = T("Patient/9")};
    assert_int_equal(changed_effect(world(1), NULL, T("X00"), &row, &seen.e), 0);
    assert_non_null(strstr(sim_alarms(seen.s, 1), "identity-merge X00"));
    assert_null(strstr(sim_alarms(seen.s, 1), "9434765919"));
    row.kind = FEED_UNMERGE;
    assert_int_equal(changed_effect(world(1), NULL, T("X00"), &row, &seen.e), 0);
    assert_non_null(strstr(sim_alarms(seen.s, 1), "identity-unmerge X00"));
    row.subject.nhs_number = T("9000000009");
    assert_int_equal(changed_effect(world(0), NULL, T("X01"), &row, &seen.e), 0);
    assert_string_equal(sim_alarms(seen.s, 0), "");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, up, down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_travels), TEST(counts_where_it_is_told), TEST(only_of_who_is_here),
        TEST(a_wrong_code), TEST(merges_are_for_people),   TEST(a_person_is_refused_everywhere),
    };
    return cmocka_run_group_tests_name("choices between members", tests, NULL, NULL);
}
