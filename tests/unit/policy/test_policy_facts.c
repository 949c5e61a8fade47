/* What a resource tells policy: labels by rules and by hand, relationships, choices; and facts that
 * are damaged, which never open more. */
#include "base/clock.h"
#include "policy/label_rules.h"
#include "policy_kit.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define S "'system':'http://snomed.info/sct',"
#define SEC(system, code, more) \
    "'meta':{'security':[{'system':'" system "','code':'" code "'" more "}]}"
#define CONF "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
#define BY_HAND                                                                        \
    ",'extension':[{'url':'https://kith.care/fhir/StructureDefinition/label-by-hand'," \
    "'valueBoolean':true}]"

static void test_labels(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        uint32_t labels;
    } rows[] = {
        {"{'resourceType':'Observation','code':{'text':'x'}}", 0},
        {"{'resourceType':'Condition','code':{'coding':[{" S "'code':'86406008'}]}}",
         LABEL_HIV | LABEL_SEXUAL_HEALTH},
        {"{'resourceType':'Condition','code':{'coding':[{" S "'code':'864060080'}]}}", 0},
        {"{'resourceType':'Condition','contained':[{'resourceType':'Condition','code':{'coding':["
         "{" S "'code':'35489007'}]}}]}",
         LABEL_MENTAL_HEALTH},
        {"{'resourceType':'Bundle','entry':[{'resource':{'resourceType':'Condition'," SEC(
             LABEL_SYSTEM_KITH, "sealed", "") "}}]}",
         LABEL_SEALED},
        {"{'resourceType':'Condition','code':{'coding':[{'code':'F10.2','system':"
         "'http://hl7.org/fhir/sid/icd-10'}]}}",
         LABEL_SUBSTANCE_USE},
        {"{'resourceType':'Condition','code':{'coding':[{'code':'f32','system':"
         "'http://hl7.org/fhir/sid/icd-10'}]}}",
         LABEL_MENTAL_HEALTH},
        {"{'resourceType':'Condition','code':{'coding':[{'code':'Z114','system':"
         "'http://hl7.org/fhir/sid/icd-10'}]}}",
         LABEL_HIV | LABEL_SEXUAL_HEALTH},
        {"{'resourceType':'Condition','code':{'coding':[{'code':'Z11','system':"
         "'http://hl7.org/fhir/sid/icd-10'}]}}",
         0},
        {"{'resourceType':'Observation','code':{'coding':[{'system':'http://loinc.org','code':"
         "'20447-9'}]}}",
         LABEL_HIV | LABEL_SEXUAL_HEALTH},
        {"{'resourceType':'Observation'," SEC(LABEL_SYSTEM_ACT, "PSY", "") "}",
         LABEL_MENTAL_HEALTH},
        {"{'resourceType':'Observation'," SEC(LABEL_SYSTEM_ACT, "NOPAT", "") "}",
         LABEL_NOT_PATIENT},
        {"{'resourceType':'Patient'," SEC(CONF, "V", "") "}", LABEL_RESTRICTED},
        {"{'resourceType':'Patient'," SEC(CONF, "R", "") "}", LABEL_RESTRICTED},
        {"{'resourceType':'Patient'," SEC(CONF, "N", "") "}", 0},
        {"{'resourceType':'Condition'," SEC(CONF, "N", BY_HAND) ",'code':{'coding':[{" S
                                                                "'code':'86406008'}]}}",
         0},
        {"{'resourceType':'Condition'," SEC(CONF, "N", "") ",'code':{'coding':[{" S
                                                           "'code':'35489007'}]}}",
         LABEL_MENTAL_HEALTH},
        {"{'resourceType':'Bundle','entry':[{'resource':{'resourceType':'Condition'," SEC(
             CONF, "N", BY_HAND) ",'code':{'coding':[{" S "'code':'35489007'}]}}}]}",
         LABEL_MENTAL_HEALTH},
        {"{'resourceType':'Flag'," SEC(LABEL_SYSTEM_KITH, "safeguarding", "") "}",
         LABEL_SAFEGUARDING},
        {"{'resourceType':'Flag'," SEC("http://elsewhere.org", "sealed", "") "}", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena a;
        struct err e = {0};
        fhir_type type;
        text id, facts;
        arena_init(&a, 1 << 20);
        assert_int_equal(kit_facts(&a, rows[i].json, NULL, &type, &id, &facts, &e), 0);
        if (facts_labels(facts) != rows[i].labels) {
            fail_msg("%s: %x", rows[i].json, facts_labels(facts));
        }
        assert_true(rows[i].labels != 0 || facts.n == 0);
        arena_done(&a);
    }
}

/* Entries of a sheet from one resource, on a day. */
static void test_relationships(void **state)
{
    (void)state;
#define REF(p) "{'reference':'" p "'}"
    static const struct {
        const char *json;
        size_t count;
        enum relationship relation;
        const char *from; /* NULL: always */
        const char *until;
    } rows[] = {
        {"{'resourceType':'Patient','id':'p','generalPractitioner':[" REF("Organization/g") "]}", 1,
         RELATION_REGISTRATION, NULL, NULL},
        {"{'resourceType':'Patient','id':'p','active':false,'managingOrganization':" REF(
             "Organization/g") "}",
         0, 0, NULL, NULL},
        {"{'resourceType':'EpisodeOfCare','id':'e','status':'waitlist','period':{'start':"
         "'2026-01-02'},'managingOrganization':" REF("Organization/g") "}",
         1, RELATION_REFERRAL, "2026-01-02", NULL},
        {"{'resourceType':'EpisodeOfCare','id':'e','status':'active','careManager':" REF(
             "Practitioner/g") "}",
         1, RELATION_ADMISSION, NULL, NULL},
        {"{'resourceType':'EpisodeOfCare','id':'e','status':'finished','careManager':" REF(
             "Practitioner/g") "}",
         0, 0, NULL, NULL},
        {"{'resourceType':'Encounter','id':'e','status':'finished','period':{'end':'2026-01-01'},"
         "'serviceProvider':" REF("Organization/g") "}",
         1, RELATION_ADMISSION, NULL, "2026-01-30"},
        {"{'resourceType':'Encounter','id':'e','status':'finished','serviceProvider':" REF(
             "Organization/g") "}",
         0, 0, NULL, NULL},
        {"{'resourceType':'Encounter','id':'e','status':'in-progress','participant':[{'individual'"
         ":" REF("Practitioner/g/_history/3") "},{'individual':" REF("RelatedPerson/r") "}]}",
         1, RELATION_ADMISSION, NULL, NULL},
        {"{'resourceType':'Encounter','id':'e','status':'cancelled','serviceProvider':" REF(
             "Organization/g") "}",
         0, 0, NULL, NULL},
        {"{'resourceType':'CareTeam','id':'t','status':'active','period':{'end':'2026-03'}}", 1,
         RELATION_CARE_TEAM, NULL, "2026-04-01"},
        {"{'resourceType':'CareTeam','id':'t','status':'inactive','managingOrganization':[" REF(
             "Organization/g") "]}",
         0, 0, NULL, NULL},
        {"{'resourceType':'ServiceRequest','id':'s','status':'active','performer':[" REF(
             "HealthcareService/h") "," REF("Organization/g") "]}",
         1, RELATION_REFERRAL, NULL, NULL},
        {"{'resourceType':'ServiceRequest','id':'s','status':'draft','performer':[" REF(
             "Organization/g") "]}",
         0, 0, NULL, NULL},
        {"{'resourceType':'Appointment','id':'a','status':'booked','start':'2026-02-10T00:00:00Z',"
         "'end':'2026-02-11T00:00:00Z','participant':[{'actor':" REF("Practitioner/g") "}]}",
         1, RELATION_APPOINTMENT, "2026-02-03", "2026-03-11"},
        {"{'resourceType':'Appointment','id':'a','status':'booked','start':'2026-02-10T00:00:00Z',"
         "'end':'2126-02-11T00:00:00Z','participant':[{'actor':" REF("Practitioner/g") "}]}",
         1, RELATION_APPOINTMENT, "2026-02-03", "2026-04-10"},
        {"{'resourceType':'Appointment','id':'a','status':'proposed','start':"
         "'2026-02-10T00:00:00Z','participant':[{'actor':" REF("Practitioner/g") "}]}",
         0, 0, NULL, NULL},
        {"{'resourceType':'RelatedPerson','id':'r','patient':" REF("Patient/p") "}", 0, 0, NULL,
         NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena a;
        struct err e = {0};
        struct sheet_row row = {0};
        struct sheet *s;
        int y, m, d;
        arena_init(&a, 1 << 20);
        assert_int_equal(kit_facts(&a, rows[i].json, NULL, &row.type, &row.id, &row.facts, &e), 0);
        row.rid = kit_rid(row.type, 1);
        assert_int_equal(sheet_make(KIT_KEY, &row, 1, &s, &e), 0);
        if (sheet_count(s) != rows[i].count) {
            fail_msg("%s: %zu", rows[i].json, sheet_count(s));
        }
        if (rows[i].count) {
            const struct sheet_entry *entry = sheet_entry(s, 0);
            const char *ends[2] = {rows[i].from, rows[i].until};
            int64_t ms[2] = {entry->from_ms, entry->until_ms};
            assert_int_equal(entry->relation, rows[i].relation);
            for (int k = 0; k < 2; k++) {
                if (ends[k]) {
                    y = 0;
                    uint64_t part[3] = {0};
                    text rest = text_of(ends[k]), field;
                    while (y < 3 && text_cut(&rest, '-', &field)) {
                        assert_true(text_to_u64(field, &part[y++]));
                    }
                    m = (int)part[1];
                    d = (int)part[2];
                    if (ms[k] != clock_days((int64_t)part[0], m, d) * 86400000) {
                        fail_msg("%s: end %d", rows[i].json, k);
                    }
                } else {
                    assert_true(ms[k] == (k ? INT64_MAX : INT64_MIN));
                }
            }
        }
        sheet_free(s);
        arena_done(&a);
    }
}

/* What is not understood refuses more, and permits nothing. */
static void test_consents(void **state)
{
    (void)state;
#define C                                                                                \
    "{'resourceType':'Consent','id':'c','status':'active','scope':{'coding':[{'system':" \
    "'http://terminology.hl7.org/CodeSystem/consentscope','code':'patient-privacy'}]},"
#define DEEP "'provision':[{'type':'deny',"
    static const struct {
        const char *json;
        int code;
        size_t count;
        bool permit;
        uint32_t categories;
    } rows[] = {
        {C "'provision':{'type':'deny','class':[{'code':'x'}],'securityLabel':[{'system':"
           "'" LABEL_SYSTEM_ACT "','code':'MH'}]}}",
         0, 1, false, LABEL_MENTAL_HEALTH},
        {C "'provision':{'type':'permit','class':[{'code':'x'}]}}", 0, 0, false, 0},
        {C "'provision':{'type':'deny','securityLabel':[{'system':'x','code':'y'}]}}", 0, 1, false,
         0},
        {C "'provision':{'type':'permit','securityLabel':[{'system':'x','code':'y'}]}}", 0, 0,
         false, 0},
        {C "'provision':{'type':'permit','purpose':[{'system':'x','code':'y'}]}}", 0, 0, false, 0},
        {C "'provision':{'type':'permit','dataPeriod':{}}}", 0, 0, false, 0},
        {C "'modifierExtension':[{}],'provision':{'type':'permit'}}", 0, 0, false, 0},
        {C "'modifierExtension':[{}],'provision':{'type':'deny'}}", 0, 1, false, 0},
        {C "'provision':{'type':'deny','actor':[{'role':{},'reference':{'display':'x'}}]}}", 0, 1,
         false, 0},
        {C "'provision':{'type':'permit','actor':[{'role':{},'reference':{'display':'x'}}]}}", 0, 0,
         false, 0},
        {C "'policyRule':{'coding':[{'system':'" LABEL_SYSTEM_ACT "','code':'OPTOUT'}]}}", 0, 1,
         false, 0},
        {C "'provision':{'type':'deny'," DEEP DEEP "'id':'x'}]}]}}", 0, 3, false, 0},
        {C "'provision':{'type':'deny'," DEEP DEEP DEEP "'id':'x'}]}]}]}}", ERR_NOT_SUPPORTED, 0,
         false, 0},
        {"{'resourceType':'Consent','status':'inactive','provision':{'type':'deny'}}", 0, 0, false,
         0},
        {"{'resourceType':'Consent','status':'active','provision':{'type':'deny'}}", 0, 0, false,
         0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena a;
        struct err e = {0};
        struct sheet_row row = {0};
        struct sheet *s = NULL;
        arena_init(&a, 1 << 20);
        int code = kit_facts(&a, rows[i].json, NULL, &row.type, &row.id, &row.facts, &e);
        assert_int_equal(code, rows[i].code);
        if (code == 0) {
            assert_int_equal(sheet_make(KIT_KEY, &row, 1, &s, &e), 0);
            if (sheet_count(s) != rows[i].count) {
                fail_msg("%s: %zu", rows[i].json, sheet_count(s));
            }
            for (size_t k = 0; k < sheet_count(s); k++) {
                assert_int_equal(sheet_entry(s, k)->permit, rows[i].permit);
                assert_int_equal(sheet_entry(s, k)->categories, rows[i].categories);
            }
        }
        sheet_free(s);
        arena_done(&a);
    }
}

#define RECIPIENT                                                                   \
    "'role':{'coding':[{'system':'http://terminology.hl7.org/CodeSystem/v3-Partici" \
    "pationType','code':'IRCP'}]}"

/* Whether two resources give the same facts. */
static bool alike(const char *x, const char *y)
{
    struct arena a;
    struct err e = {0};
    fhir_type type;
    text id, one, other;
    arena_init(&a, 1 << 20);
    assert_int_equal(kit_facts(&a, x, NULL, &type, &id, &one, &e), 0);
    assert_int_equal(kit_facts(&a, y, NULL, &type, &id, &other, &e), 0);
    bool same = text_eq(one, other);
    arena_done(&a);
    return same;
}

/* An address may be this node's own: whom it refuses is refused, and nobody is let in by it. */
static void test_absolute_parties(void **state)
{
    (void)state;
#define SHARED(type, party)                                                             \
    C "'provision':{'type':'" type "','actor':[{" RECIPIENT ",'reference':{'reference'" \
      ":'" party "'}}]}}"
#define AWAY "https://node.example/fhir/"
#define PROTECTS(party)                                                                           \
    "{'resourceType':'Flag'," SEC(LABEL_SYSTEM_KITH, "protects-from",                             \
                                  ",'extension':[{'url':'https://kith.care/fhir/Structure"        \
                                  "Definition/label-party','valueReference':{'reference':'" party \
                                  "'}}]") "}"
    assert_true(alike(SHARED("deny", "Practitioner/g"), SHARED("deny", AWAY "Practitioner/g")));
    assert_true(
        alike(SHARED("deny", "Practitioner/g"), SHARED("deny", AWAY "Practitioner/g/_history/2")));
    assert_false(alike(SHARED("deny", "Practitioner/g"), SHARED("deny", AWAY "Practitioner/h")));
    assert_false(
        alike(SHARED("permit", "Practitioner/g"), SHARED("permit", AWAY "Practitioner/g")));
    assert_true(alike(PROTECTS("RelatedPerson/r"), PROTECTS(AWAY "RelatedPerson/r")));
}

#define OPENS(kind, more, party, rest)                                                       \
    "{'resourceType':'Consent','id':'c','status':'active','category':[{'coding':[{'system':" \
    "'https://kith.care/fhir/CodeSystem/consent-kind','code':'" kind "'}]}]," more           \
    "'provision':{'type':'permit'," rest "'actor':[{" RECIPIENT                              \
    ",'reference':{'reference':'" party "'}}]}}"
#define VIEWS                                                                                  \
    "'action':[{'coding':[{'system':'https://kith.care/fhir/CodeSystem/proxy-function','code'" \
    ":'view'}]}],"

/* Nobody acts for the dead; an emergency has an end. */
static void test_ends(void **state)
{
    (void)state;
    static const struct {
        const char *patient;
        bool reads;
    } rows[] = {
        {"'birthDate':'1960-01-01'", true},
        {"'birthDate':'1960-01-01','deceasedBoolean':false", true},
        {"'birthDate':'1960-01-01','deceasedBoolean':true", false},
        {"'birthDate':'1960-01-01','deceasedDateTime':'2026-01-01'", false},
        {"'birthDate':'1960-01-01','deceasedDateTime':'2030-01-01'", true},
        {"'birthDate':'1960-01-01','deceasedDateTime':'damaged'", false},
    };
    static const text party[] = {{"RelatedPerson/r", 15}};
    struct actor actor = {
        .kind = ACTOR_PERSON, .parties = party, .party_count = 1, .purpose = PURPOSE_PATIENT};
    struct grant_config config = {
        .actor = &actor, .key = KIT_KEY, .now_ms = INT64_C(1790000000000)};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena a;
        struct err e = {0};
        struct sheet_row two[2] = {0};
        struct sheet *s = NULL;
        struct decision d;
        arena_init(&a, 1 << 20);
        const char *patient =
            arena_printf(&a, "{'resourceType':'Patient','id':'p',%s}%c", rows[i].patient, 0).p;
        assert_int_equal(kit_facts(&a, patient, NULL, &two[0].type, &two[0].id, &two[0].facts, &e),
                         0);
        assert_int_equal(kit_facts(&a,
                                   OPENS("proxy",
                                         "'extension':[{'url':'https://kith.care/fhir/Structure"
                                         "Definition/proxy-basis','valueCode':'attorney'}],",
                                         "RelatedPerson/r", VIEWS),
                                   NULL, &two[1].type, &two[1].id, &two[1].facts, &e),
                         0);
        two[0].rid = kit_rid(two[0].type, 1);
        two[1].rid = kit_rid(two[1].type, 1);
        struct sheet_row swapped[2] = {two[1], two[0]}; /* in order of rid */
        assert_int_equal(sheet_make(KIT_KEY, swapped, 2, &s, &e), 0);
        grant_decide(grant_make(&config, &a), T("p"), s, &d);
        if (d.reads != rows[i].reads) {
            fail_msg("%s", rows[i].patient);
        }
        sheet_free(s);
        arena_done(&a);
    }
    static const char none[] = "{'resourceType':'Flag'}";
    assert_true(alike(none, OPENS("override", "", "Practitioner/g", "")));
    assert_true(
        alike(none, OPENS("override", "", "Practitioner/g", "'period':{'start':'2026-01-01'},")));
    assert_false(
        alike(none, OPENS("override", "", "Practitioner/g", "'period':{'end':'2026-01-01'},")));
}

/* Every cut and every changed byte: either an error, or nothing that opens. */
static void test_hostile_facts(void **state)
{
    (void)state;
    struct arena a;
    struct err e = {0};
    struct sheet_row row = {0};
    arena_init(&a, 1 << 20);
    assert_int_equal(kit_facts(&a,
                               "{'resourceType':'Patient','id':'p','birthDate':'2010-01-01',"
                               "'generalPractitioner':[{'reference':'Organization/g'}]}",
                               NULL, &row.type, &row.id, &row.facts, &e),
                     0);
    text whole = row.facts;
    for (size_t n = 1; n < whole.n; n++) {
        struct sheet *s = NULL;
        row.facts = text_first(whole, n);
        int code = sheet_make(KIT_KEY, &row, 1, &s, &e);
        /* Cut between items it is whole again: then there is less. */
        assert_true(code == ERR_CORRUPT || (code == 0 && sheet_count(s) == 0));
        sheet_free(s);
    }
    char *bytes = malloc(whole.n);
    for (size_t n = 0; n < whole.n; n++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            struct sheet *s = NULL;
            memcpy(bytes, whole.p, whole.n);
            bytes[n] = (char)(bytes[n] ^ (1 << bit));
            row.facts = text_make(bytes, whole.n);
            int code = sheet_make(KIT_KEY, &row, 1, &s, &e);
            assert_true(code == 0 || code == ERR_CORRUPT);
            assert_true(code || sheet_count(s) <= 1);
            sheet_free(s);
        }
    }
    free(bytes);
    assert_int_equal(facts_labels(T("x")), UINT32_MAX);
    assert_int_equal(facts_labels(T("")), 0);
    arena_done(&a);
}

static void test_rules_text(void **state)
{
    (void)state;
    static const struct {
        const char *rules;
        int code;
        const char *asked;
        uint32_t labels;
    } rows[] = {
        {"", 0, "X1", 0},
        {"# nothing\n\n", 0, "X1", 0},
        {"MH urn:s|X1\n", 0, "X1", LABEL_MENTAL_HEALTH},
        {"MH urn:s|X1", 0, "X12", 0},
        {"MH urn:s|X*\nHIV urn:s|X1*", 0, "X12", LABEL_MENTAL_HEALTH | LABEL_HIV},
        {"social-care urn:s|X1", 0, "X1", LABEL_SOCIAL_CARE},
        {"sealed urn:s|X1", ERR_INVALID, "", 0},
        {"MH urn:s", ERR_INVALID, "", 0},
        {"MH urn:s|", ERR_INVALID, "", 0},
        {"MH urn:s|*", ERR_INVALID, "", 0},
        {"MH |x", ERR_INVALID, "", 0},
        {"MH urn:s|a b", ERR_INVALID, "", 0},
        {"MH", ERR_INVALID, "", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct label_rules *rules = NULL;
        struct err e = {0};
        assert_int_equal(label_rules_make(text_of(rows[i].rules), &rules, &e), rows[i].code);
        if (rows[i].code == 0) {
            assert_int_equal(label_rules_ask(rules, T("urn:s"), text_of(rows[i].asked)),
                             rows[i].labels);
        } else {
            assert_non_null(strstr(e.detail, "line 1"));
        }
        label_rules_free(rules);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_labels),     cmocka_unit_test(test_relationships),
        cmocka_unit_test(test_consents),   cmocka_unit_test(test_absolute_parties),
        cmocka_unit_test(test_ends),       cmocka_unit_test(test_hostile_facts),
        cmocka_unit_test(test_rules_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
