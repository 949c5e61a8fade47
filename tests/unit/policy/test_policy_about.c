/* What is asked or said about an entry is seen where the entry is, and nowhere else (R3 of
 * docs/requests.md). */
#include "policy_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after those */
#include <cmocka.h>

#define NOW INT64_C(1790000000000)
#define KIND "'coding':[{'system':'https://kith.care/fhir/CodeSystem/request-kind','code':"
#define LABEL(code, more) \
    "'meta':{'security':[{'system':'" LABEL_SYSTEM_KITH "','code':'" code "'" more "}]},"
#define PARTY(who)                                                                   \
    ",'extension':[{'url':'https://kith.care/fhir/StructureDefinition/label-party'," \
    "'valueReference':{'reference':'" who "'}}]"
#define TASK(about)                                                                                \
    "{'resourceType':'Task','id':'t','code':{" KIND "'correction'}]},'focus':{'reference':'" about \
    "'}}"
#define ANSWER                                                    \
    "{'resourceType':'Communication','id':'a','category':[{" KIND \
    "'answer'}]}],'about':[{'reference':'Task/t'}]}"
#define OBSERVATION(meta) "{'resourceType':'Observation','id':'o'," meta "'status':'final'}"
#define GP_OF                                                                            \
    "{'resourceType':'Patient','id':'p','birthDate':'1980-01-01','generalPractitioner':" \
    "[{'reference':'Practitioner/gp'},{'reference':'Practitioner/other'}]}"
#define CHOICE                                                                                 \
    "{'resourceType':'Consent','id':'c','status':'active','category':[{'coding':[{'system':"   \
    "'https://kith.care/fhir/CodeSystem/consent-kind','code':'sharing'}]}],'provision':{"      \
    "'type':'deny','data':[{'meaning':'instance','reference':{'reference':'Observation/o'}}]," \
    "'actor':[{'role':{'coding':[{'system':'http://terminology.hl7.org/CodeSystem/"            \
    "v3-ParticipationType','code':'IRCP'}]},'reference':{'reference':'Practitioner/gp'}}]}}"

enum { ROWS = 5 };

struct record {
    struct arena a;
    struct sheet_row rows[ROWS];
    size_t count;
    struct sheet *s;
};

static void add(struct record *r, const char *json, bool gone, uint32_t past)
{
    struct err e = {0};
    struct sheet_row row = {.past = past, .gone = gone};
    assert_int_equal(kit_facts(&r->a, json, NULL, &row.type, &row.id, &row.facts, &e), 0);
    row.rid = kit_rid(row.type, 1);
    row.facts = gone ? T("") : row.facts;
    size_t at = r->count++;
    while (at && r->rows[at - 1].rid > row.rid) {
        r->rows[at] = r->rows[at - 1];
        at--;
    }
    r->rows[at] = row;
}

static void make(struct record *r, const char *observation, const char *more, bool gone,
                 uint32_t past)
{
    struct err e = {0};
    *r = (struct record){0};
    arena_init(&r->a, 1 << 20);
    add(r, GP_OF, false, 0);
    add(r, observation, gone, past);
    add(r, TASK("Observation/o"), false, 0);
    add(r, ANSWER, false, 0);
    if (more) {
        add(r, more, false, 0);
    }
    assert_int_equal(sheet_make(KIT_KEY, r->rows, r->count, &r->s, &e), 0);
}

static void done(struct record *r)
{
    sheet_free(r->s);
    arena_done(&r->a);
}

static bool sees_by(struct record *r, text party, uint64_t activities, const char *type,
                    int64_t now_ms)
{
    const struct actor actor = {
        .kind = text_starts(party, T("Patient/")) ? ACTOR_PERSON : ACTOR_PROFESSIONAL,
        .patient = text_starts(party, T("Patient/")) ? text_from(party, 8) : T(""),
        .parties = &party,
        .party_count = 1,
        .activities = activities,
        .purpose = PURPOSE_TREAT};
    const struct grant_config config = {.actor = &actor, .key = KIT_KEY, .now_ms = now_ms};
    const struct grant *g = grant_make(&config, &r->a);
    struct decision d;
    fhir_type t = fhir_type_of(text_of(type));
    grant_decide(g, T("p"), r->s, &d);
    return grant_sees(g, &d, r->s, t, kit_rid(t, 1), false);
}

static bool sees(struct record *r, text party, const char *type, int64_t now_ms)
{
    return sees_by(r, party, ACTIVITY_BIT(ACTIVITY_VIEW_RECORD), type, now_ms);
}

#define ME T("Patient/p")
#define GP T("Practitioner/gp")
#define OTHER T("Practitioner/other")

/* The entry, the question and the answer: all or none of them. */
static void all_or_none(struct record *r, text who, bool seen, int64_t now_ms)
{
    static const char *const types[] = {"Observation", "Task", "Communication"};
    for (size_t i = 0; i < 3; i++) {
        if (sees(r, who, types[i], now_ms) != seen) {
            fail_msg("%.*s and %s", TEXT_ARG(who), types[i]);
        }
    }
}

static void test_follows(void **state)
{
    (void)state;
    static const struct {
        const char *observation;
        const char *more;
        bool me, gp, other;
    } rows[] = {
        {OBSERVATION(""), NULL, true, true, true},
        {OBSERVATION(LABEL("sealed", PARTY("Practitioner/gp"))), NULL, true, true, false},
        {OBSERVATION(LABEL("sealed-and-locked", PARTY("Practitioner/gp"))), NULL, true, true,
         false},
        {OBSERVATION(LABEL("sealed", "")), NULL, true, false, false},
        {OBSERVATION(LABEL("safeguarding", "")), NULL, true, false, false},
        {OBSERVATION(LABEL("third-party", "")), NULL, false, true, true},
        {OBSERVATION(LABEL("protects-from", PARTY("Practitioner/other"))), NULL, true, true, false},
        {OBSERVATION(""), CHOICE, true, false, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct record r;
        make(&r, rows[i].observation, rows[i].more, false, 0);
        all_or_none(&r, ME, rows[i].me, NOW);
        all_or_none(&r, GP, rows[i].gp, NOW);
        all_or_none(&r, OTHER, rows[i].other, NOW);
        done(&r);
    }
}

static void test_held(void **state)
{
    (void)state;
    struct record r;
    make(&r,
         OBSERVATION(LABEL("held", ",'extension':[{'url':'https://kith.care/fhir/Structure"
                                   "Definition/label-until','valueDateTime':'2026-10-01'}]")),
         NULL, false, 0);
    all_or_none(&r, GP, true, NOW);
    all_or_none(&r, ME, false, INT64_C(1790000000000) - INT64_C(30) * 86400000);
    all_or_none(&r, ME, true, INT64_C(1790000000000) + INT64_C(60) * 86400000);
    done(&r);
}

/* Of a deleted entry the labels count that it had; what was unsealed is open again. */
static void test_deleted(void **state)
{
    (void)state;
    struct record r;
    make(&r, OBSERVATION(""), NULL, true, LABEL_SEALED);
    assert_false(sees(&r, OTHER, "Task", NOW));
    assert_false(sees(&r, OTHER, "Communication", NOW));
    assert_true(sees(&r, ME, "Task", NOW));
    done(&r);
    make(&r, OBSERVATION(""), NULL, false, LABEL_SEALED);
    assert_true(sees(&r, OTHER, "Task", NOW));
    done(&r);
    make(&r, OBSERVATION(""), NULL, true, 0);
    assert_true(sees(&r, OTHER, "Task", NOW));
    done(&r);
}

/* Rows that are about each other end: where anything at all is hidden, so are they. No operation
 * makes such. */
static void test_circles(void **state)
{
    (void)state;
    struct record r = {0};
    struct err e = {0};
    arena_init(&r.a, 1 << 20);
    add(&r, GP_OF, false, 0);
    add(&r,
        "{'resourceType':'Task','id':'t'," LABEL(
            "sealed", PARTY("Practitioner/gp")) "'code':{" KIND "'correction'}]},"
                                                "'focus':{'reference':'Communication/a'}}",
        false, 0);
    add(&r, ANSWER, false, 0);
    assert_int_equal(sheet_make(KIT_KEY, r.rows, r.count, &r.s, &e), 0);
    assert_false(sees(&r, GP, "Task", NOW));
    assert_true(sees(&r, ME, "Task", NOW)); /* to whom no seal counts */
    done(&r);
    r = (struct record){0};
    arena_init(&r.a, 1 << 20);
    add(&r, GP_OF, false, 0);
    add(&r, TASK("Task/t"), false, 0);
    assert_int_equal(sheet_make(KIT_KEY, r.rows, r.count, &r.s, &e), 0);
    assert_true(sees(&r, GP, "Task", NOW));
    done(&r);
}

/* A privacy officer's task is no reason to read what people ask of those who look after them. */
static void test_officers(void **state)
{
    (void)state;
    const uint64_t duty = ACTIVITY_BIT(ACTIVITY_REVIEW);
    struct record r;
    make(&r, OBSERVATION(""), NULL, false, 0);
    assert_false(sees_by(&r, T("Practitioner/officer"), duty, "Task", NOW));
    assert_false(sees_by(&r, T("Practitioner/officer"), duty, "Communication", NOW));
    assert_false(sees_by(&r, GP, duty, "Task", NOW));
    assert_true(sees_by(&r, GP, duty | ACTIVITY_BIT(ACTIVITY_VIEW_RECORD), "Task", NOW));
    done(&r);
    r = (struct record){0};
    struct err e = {0};
    arena_init(&r.a, 1 << 20);
    add(&r, GP_OF, false, 0);
    add(&r,
        "{'resourceType':'Task','id':'t','code':{'coding':[{'system':"
        "'https://kith.care/fhir/CodeSystem/task-kind','code':'access-query'}]}}",
        false, 0);
    assert_int_equal(sheet_make(KIT_KEY, r.rows, r.count, &r.s, &e), 0);
    assert_true(sees_by(&r, T("Practitioner/officer"), duty, "Task", NOW));
    done(&r);
}

/* Only the operations write them; other Tasks and messages are as before. */
static void test_kept(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        bool kept;
    } rows[] = {
        {TASK("Observation/o"), true},
        {ANSWER, true},
        {"{'resourceType':'Task','code':{'coding':[{'system':'urn:x','code':'correction'}]}}",
         false},
        {"{'resourceType':'Communication','about':[{'reference':'Observation/o'}]}", false},
        {"{'resourceType':'Observation','code':{" KIND "'correction'}]}}", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena a;
        struct err e = {0};
        fhir_type type;
        text id, facts;
        arena_init(&a, 1 << 20);
        assert_int_equal(kit_facts(&a, rows[i].json, NULL, &type, &id, &facts, &e), 0);
        assert_int_equal(facts_kept(facts), rows[i].kept);
        assert_int_equal(facts.n != 0, rows[i].kept);
        arena_done(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_follows), cmocka_unit_test(test_held),
        cmocka_unit_test(test_deleted), cmocka_unit_test(test_circles),
        cmocka_unit_test(test_kept),    cmocka_unit_test(test_officers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
