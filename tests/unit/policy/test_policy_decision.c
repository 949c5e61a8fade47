/* The truth table of the decision: every combination of role, relationship, choice, label, scope,
 * age and kind of actor against a model that is written from docs/policy.md alone. */
#include "base/clock.h"
#include "policy_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { SELF, PROXY, PROFESSIONAL, PROGRAM, KINDS };
enum { NO_ROLE, CLINICIAN, GUARDIAN, ROLES };
enum { NONE, CURRENT, ENDED, FUTURE, OVERRIDDEN, BOTH, RELATIONS };
enum {
    UNSAID,
    PERMIT,
    DENY,
    DENY_PARTY,
    PERMIT_PARTY,
    DENY_CATEGORY,
    PERMIT_CATEGORY,
    DENY_PURPOSE,
    DENY_OTHER_PURPOSE,
    DENY_FIRM,
    CHOICES
};
enum {
    PLAIN,
    MENTAL,
    SEALED_OWN,
    SEALED_OTHER,
    LOCKED_OWN,
    LOCKED_OTHER,
    HELD_STILL,
    HELD_ONCE,
    PROTECTS_ME,
    PROTECTS_OTHER,
    SAFEGUARDING,
    NOT_PATIENT,
    NOT_PROXY,
    LABELS
};
enum { SESSION, USER, CONTEXT, OTHER_CONTEXT, OTHER_TYPE, SYSTEM, SCOPES };
enum { TEN, TWELVE, FOURTEEN, FOURTEEN_OLD_CONSENT, SIXTEEN, FORTY, UNKNOWN_AGE, AGES };

#define ACTORS                                                                           \
    "'actor':[{'role':" RCP ",'reference':{'reference':'Practitioner/me'}},{'role':" RCP \
    ",'reference':{'reference':'RelatedPerson/me'}},{'role':" RCP                        \
    ",'reference':{'reference':'Organization/program'}}]"
#define RCP                                                                              \
    "{'coding':[{'system':'http://terminology.hl7.org/CodeSystem/v3-ParticipationType'," \
    "'code':'IRCP'}]}"
#define CONSENT_HEAD                                                               \
    "{'resourceType':'Consent','id':'c','status':'active','patient':{'reference':" \
    "'Patient/p1'},'scope':{'coding':[{'system':"                                  \
    "'http://terminology.hl7.org/CodeSystem/consentscope','code':'patient-privacy'}]}"
#define KIND(code)                                                                        \
    ",'category':[{'coding':[{'system':'https://kith.care/fhir/CodeSystem/consent-kind'," \
    "'code':'" code "'}]}]"
#define MH_LABEL                                                                     \
    "'securityLabel':[{'system':'http://terminology.hl7.org/CodeSystem/v3-ActCode'," \
    "'code':'MH'}]"
#define PURPOSE(code)                                                                              \
    "'purpose':[{'system':'http://terminology.hl7.org/CodeSystem/v3-ActReason','code':'" code "'}" \
    "]"

static const char *const choices[CHOICES] = {
    [PERMIT] = CONSENT_HEAD ",'provision':{'type':'permit'}}",
    [DENY] = CONSENT_HEAD KIND("sharing") ",'provision':{'type':'deny'}}",
    [DENY_PARTY] = CONSENT_HEAD KIND("sharing") ",'provision':{'type':'deny'," ACTORS "}}",
    [PERMIT_PARTY] = CONSENT_HEAD KIND(
        "sharing") ",'provision':{'type':'deny','provision':[{'type':'permit'," ACTORS "}]}}",
    [DENY_CATEGORY] = CONSENT_HEAD ",'provision':{'type':'deny'," MH_LABEL "}}",
    [PERMIT_CATEGORY] =
        CONSENT_HEAD ",'provision':{'type':'deny','provision':[{'type':'permit'," MH_LABEL "}]}}",
    [DENY_PURPOSE] = CONSENT_HEAD ",'provision':{'type':'deny'," PURPOSE("TREAT") "}}",
    [DENY_OTHER_PURPOSE] = CONSENT_HEAD ",'provision':{'type':'deny'," PURPOSE("HRESCH") "}}",
    [DENY_FIRM] = CONSENT_HEAD
    ",'extension':[{'url':'https://kith.care/fhir/StructureDefinition/consent-firm',"
    "'valueBoolean':true}],'provision':{'type':'deny'}}",
};

#define TEAM "{'resourceType':'CareTeam','id':'t','status':'active','period':"
#define MEMBER ",'participant':[{'member':{'reference':'Practitioner/me'}}]}"
#define OVERRIDE_NOW                                                                             \
    CONSENT_HEAD KIND(                                                                           \
        "override") ",'provision':{'type':'permit','period':{'start':"                           \
                    "'2026-06-15T11:00:00Z','end':'2026-06-15T13:00:00Z'},'actor':[{'role':" RCP \
                    ",'reference':{'reference':'Practitioner/me'}}]}}"
static const char *const teams[RELATIONS] = {
    [CURRENT] = TEAM "{'start':'2026-01-01','end':'2026-12-31'}" MEMBER,
    [ENDED] = TEAM "{'start':'2025-01-01','end':'2026-06-14'}" MEMBER,
    [FUTURE] = TEAM "{'start':'2026-06-16'}" MEMBER,
    [BOTH] = TEAM "{}" MEMBER,
};

#define ENTRY(system, code, more)                                                   \
    "{'resourceType':'Observation','id':'o','meta':{'security':[{'system':'" system \
    "','code':'" code "'" more "}]}}"
#define OWN "https://kith.care/fhir/CodeSystem/label"
#define ACT "http://terminology.hl7.org/CodeSystem/v3-ActCode"
#define URL(name) "'url':'https://kith.care/fhir/StructureDefinition/" name "'"
#define PARTY(p) "{" URL("label-party") ",'valueReference':{'reference':'" p "'}}"
#define MINE                                                                           \
    ",'extension':[" PARTY("Practitioner/me") "," PARTY("RelatedPerson/me") "," PARTY( \
        "Organization/program") "," PARTY("Patient/p1") "]"
#define OTHERS ",'extension':[" PARTY("Practitioner/other") "]"
#define UNTIL(date) ",'extension':[{" URL("label-until") ",'valueDateTime':'" date "'}]"
static const char *const entries[LABELS] = {
    [MENTAL] = ENTRY(ACT, "MH", ""),
    [SEALED_OWN] = ENTRY(OWN, "sealed", MINE),
    [SEALED_OTHER] = ENTRY(OWN, "sealed", OTHERS),
    [LOCKED_OWN] = ENTRY(OWN, "sealed-and-locked", MINE),
    [LOCKED_OTHER] = ENTRY(OWN, "sealed-and-locked", OTHERS),
    [HELD_STILL] = ENTRY(OWN, "held", UNTIL("2026-06-15T12:00:01Z")),
    [HELD_ONCE] = ENTRY(OWN, "held", UNTIL("2026-06-15T12:00:00Z")),
    [PROTECTS_ME] = ENTRY(OWN, "protects-from", MINE),
    [PROTECTS_OTHER] = ENTRY(OWN, "protects-from", OTHERS),
    [SAFEGUARDING] = ENTRY(OWN, "safeguarding", ""),
    [NOT_PATIENT] = ENTRY(ACT, "NOPAT", ""),
    [NOT_PROXY] = ENTRY(OWN, "not-proxy", ""),
};

/* On 2026-06-15T12:00Z. */
static const char *const births[AGES] = {
    [TEN] = "'2015-06-16'",      [TWELVE] = "'2014-01-01'",
    [FOURTEEN] = "'2012-01-01'", [FOURTEEN_OLD_CONSENT] = "'2012-01-01'",
    [SIXTEEN] = "'2010-06-15'",  [FORTY] = "'1986-01-01'",
};

struct row {
    int kind, role, relation, choice, label, scope, age;
};

/* --- the model ----------------------------------------------------------------------------------
 */

static bool model_scope(const struct row *r)
{
    if (r->kind == PROGRAM) {
        return r->scope == SYSTEM;
    }
    return r->scope == SESSION || r->scope == USER || r->scope == CONTEXT;
}

static bool model_shared(const struct row *r, bool overridden)
{
    switch (r->choice) {
    case DENY:
    case DENY_PARTY:
    case DENY_PURPOSE:
        return overridden;
    case DENY_CATEGORY:
        return overridden || r->label != MENTAL;
    case PERMIT_CATEGORY:
        return overridden || r->label == MENTAL;
    case DENY_FIRM:
        return false;
    default:
        return true;
    }
}

static bool model_professional(const struct row *r)
{
    bool overridden = r->relation == OVERRIDDEN || r->relation == BOTH;
    if (r->role == NO_ROLE || !(overridden || r->relation == CURRENT) ||
        !model_shared(r, overridden)) {
        return false;
    }
    switch (r->label) {
    case SEALED_OTHER:
        return overridden;
    case LOCKED_OTHER:
    case PROTECTS_ME:
        return false;
    case SAFEGUARDING:
        return r->role == GUARDIAN;
    default:
        return true;
    }
}

static bool model_self(const struct row *r)
{
    switch (r->label) {
    case HELD_STILL:
    case PROTECTS_ME:
    case NOT_PATIENT:
        return false;
    case SAFEGUARDING:
        return r->age == SIXTEEN || r->age == FORTY;
    default:
        return true;
    }
}

static bool model_proxy(const struct row *r)
{
    if ((r->age != TEN && r->age != TWELVE && r->age != FOURTEEN) || r->choice == DENY_PARTY) {
        return false;
    }
    switch (r->label) {
    case MENTAL:
        return r->age == TEN;
    case PLAIN:
    case SEALED_OWN:
    case LOCKED_OWN:
    case HELD_ONCE:
        return true;
    default:
        return false;
    }
}

static bool model_program(const struct row *r)
{
    switch (r->label) {
    case SEALED_OWN:
    case SEALED_OTHER:
    case LOCKED_OWN:
    case LOCKED_OTHER:
    case PROTECTS_ME:
    case SAFEGUARDING:
        return false;
    default:
        return model_shared(r, false);
    }
}

static bool model(const struct row *r)
{
    if (!model_scope(r)) {
        return false;
    }
    switch (r->kind) {
    case SELF:
        return model_self(r);
    case PROXY:
        return model_proxy(r);
    case PROFESSIONAL:
        return model_professional(r);
    default:
        return model_program(r);
    }
}

/* --- the world of a row --------------------------------------------------------------------------
 */

struct world {
    struct arena arena;
    struct sheet_row rows[8];
    size_t count;
    struct sheet *sheet;
    uint64_t entry;
    int64_t now;
};

static void put(struct world *w, const char *json)
{
    struct err e = {0};
    struct sheet_row *row = &w->rows[w->count];
    if (!json) {
        return;
    }
    *row = (struct sheet_row){0};
    if (kit_facts(&w->arena, json, NULL, &row->type, &row->id, &row->facts, &e)) {
        fail_msg("%s", e.detail);
    }
    row->rid = kit_rid(row->type, ++w->count);
}

static int by_rid(const void *a, const void *b)
{
    const struct sheet_row *x = a, *y = b;
    return x->rid < y->rid ? -1 : x->rid > y->rid;
}

static void build(struct world *w, const struct row *r)
{
    struct err e = {0};
    w->count = 0;
    char patient[200];
    snprintf(patient, sizeof patient, "{'resourceType':'Patient','id':'p1'%s%s}",
             births[r->age] ? ",'birthDate':" : "", births[r->age] ? births[r->age] : "");
    put(w, patient);
    put(w, choices[r->choice]);
    put(w, teams[r->relation]);
    put(w, r->relation == OVERRIDDEN || r->relation == BOTH ? OVERRIDE_NOW : NULL);
    char proxy[1500];
    snprintf(proxy, sizeof proxy,
             "%s,'dateTime':'%s','extension':[{%s,'valueCode':'parent'}],'provision':{'type':"
             "'permit','actor':[{'role':%s,'reference':{'reference':'RelatedPerson/me'}}],"
             "'action':[{'coding':[{'system':'https://kith.care/fhir/CodeSystem/proxy-function',"
             "'code':'view'}]}]}}",
             CONSENT_HEAD KIND("proxy"), r->age == FOURTEEN ? "2025-01-01" : "2024-12-31",
             URL("proxy-basis"), RCP);
    put(w, proxy);
    w->entry = kit_rid(fhir_type_of(T("Observation")), 900);
    if (entries[r->label]) {
        put(w, entries[r->label]);
        w->rows[w->count - 1].rid = w->entry;
    }
    qsort(w->rows, w->count, sizeof *w->rows, by_rid);
    assert_int_equal(sheet_make(KIT_KEY, w->rows, w->count, &w->sheet, &e), 0);
}

static const struct grant *grant_of(struct arena *a, const struct row *r, int64_t now)
{
    static struct scope items[SCOPES] = {
        [USER] = {.level = SCOPE_USER, .rights = MAY_READ | MAY_SEARCH},
        [CONTEXT] = {.level = SCOPE_PATIENT, .rights = MAY_READ | MAY_SEARCH},
        [OTHER_CONTEXT] = {.level = SCOPE_PATIENT, .rights = MAY_READ | MAY_SEARCH},
        [OTHER_TYPE] = {.level = SCOPE_USER, .rights = MAY_READ | MAY_SEARCH},
        [SYSTEM] = {.level = SCOPE_SYSTEM, .rights = MAY_READ | MAY_SEARCH},
    };
    static const enum actor_kind kinds[KINDS] = {ACTOR_PERSON, ACTOR_PERSON, ACTOR_PROFESSIONAL,
                                                 ACTOR_SYSTEM};
    static const text names[KINDS] = {{"Patient/p1", 10},
                                      {"RelatedPerson/me", 16},
                                      {"Practitioner/me", 15},
                                      {"Organization/program", 20}};
    items[OTHER_TYPE].type = FHIR_PATIENT;
    struct actor *actor = arena_zalloc(a, 1, sizeof *actor);
    struct scopes *scopes = arena_zalloc(a, 1, sizeof *scopes);
    actor->kind = kinds[r->kind];
    actor->parties = &names[r->kind];
    actor->party_count = 1;
    actor->patient = r->kind == SELF ? T("p1") : T("");
    actor->purpose = r->kind == SELF    ? PURPOSE_PATIENT
                     : r->kind == PROXY ? PURPOSE_FAMILY
                                        : PURPOSE_TREAT;
    uint64_t clinician = ACTIVITY_BIT(ACTIVITY_VIEW_RECORD) | ACTIVITY_BIT(ACTIVITY_OVERRIDE);
    actor->activities = r->role == NO_ROLE     ? ACTIVITY_BIT(ACTIVITY_SEAL)
                        : r->role == CLINICIAN ? clinician
                                               : clinician | ACTIVITY_BIT(ACTIVITY_SAFEGUARD);
    scopes->items = &items[r->scope];
    scopes->count = 1;
    scopes->patient = r->scope == CONTEXT ? T("p1") : r->scope == OTHER_CONTEXT ? T("p2") : T("");
    return grant_make(&(struct grant_config){.actor = actor,
                                             .scopes = r->scope == SESSION ? NULL : scopes,
                                             .key = KIT_KEY,
                                             .now_ms = now,
                                             .tells_withheld = true},
                      a);
}

static void check_row(const struct world *w, const struct row *r, size_t *seen)
{
    struct arena a;
    arena_init(&a, 1 << 20);
    const struct grant *g = grant_of(&a, r, w->now);
    struct decision d;
    grant_decide(g, T("p1"), w->sheet, &d);
    fhir_type type = fhir_type_of(T("Observation"));
    bool sees = grant_sees(g, &d, w->sheet, type, w->entry, false);
    if (sees != model(r)) {
        fail_msg("kind %d role %d relation %d choice %d label %d scope %d age %d: sees %d, missing "
                 "%d, hidden %x",
                 r->kind, r->role, r->relation, r->choice, r->label, r->scope, r->age, sees,
                 d.missing, d.hidden);
    }
    assert_true(!sees || d.reads);
    assert_true(d.reads || d.missing != MISSING_NOTHING);
    /* Another entry's labels change nothing here; nor is anything seen of nobody's entries. */
    *seen += sees;
    uint32_t told = grant_withheld(g, &d, w->sheet);
    if (r->kind == PROXY || r->kind == PROGRAM) {
        assert_int_equal(told, 0);
    } else if (r->label == LOCKED_OTHER || r->label == PROTECTS_ME || r->label == SAFEGUARDING) {
        struct row without = *r;
        without.label = PLAIN;
        assert_true(told == 0 || !model(&without) || r->choice == PERMIT_CATEGORY);
    }
    assert_int_equal(told & ~(uint32_t)(r->kind == SELF ? LABEL_HELD : LABEL_SEALED), 0);
    arena_done(&a);
}

static void test_truth_table(void **state)
{
    (void)state;
    struct world w = {.now = clock_days(2026, 6, 15) * 86400000 + 12 * 3600000};
    size_t rows = 0, seen = 0;
    struct row r;
    for (r.relation = 0; r.relation < RELATIONS; r.relation++) {
        for (r.choice = 0; r.choice < CHOICES; r.choice++) {
            for (r.label = 0; r.label < LABELS; r.label++) {
                for (r.age = 0; r.age < AGES; r.age++) {
                    arena_init(&w.arena, 8 << 20);
                    build(&w, &r);
                    for (r.kind = 0; r.kind < KINDS; r.kind++) {
                        for (r.role = 0; r.role < (r.kind == PROFESSIONAL ? ROLES : 1); r.role++) {
                            for (r.scope = 0; r.scope < SCOPES; r.scope++) {
                                check_row(&w, &r, &seen);
                                rows++;
                            }
                        }
                    }
                    sheet_free(w.sheet);
                    arena_done(&w.arena);
                }
            }
        }
    }
    assert_true(rows > 100000 && seen > rows / 20 && seen < rows / 2);
}

#define DENIED(from, until) \
    CONSENT_HEAD ",'provision':{'type':'deny','period':{'start':'" from "','end':'" until "'}}}"
#define CARED_FOR(from, until) TEAM "{'start':'" from "','end':'" until "'}" MEMBER

/* The sheet joins what says the same of times that meet, and nothing else. */
static void test_times_that_meet(void **state)
{
    static const char *const said[] = {
        DENIED("2021-01-01", "2021-12-31"),    DENIED("2022-01-01", "2023-06-30"),
        DENIED("2022-03-01", "2022-05-01"),    DENIED("2025-01-01", "2025-12-31"),
        CARED_FOR("2020-01-01", "2022-12-31"), CARED_FOR("2022-06-01", "2025-12-31"),
        CARED_FOR("2026-03-01", "2026-12-31")};
    static const struct {
        int year, month;
        uint8_t missing;
    } rows[] = {{2019, 6, MISSING_RELATIONSHIP}, {2020, 6, MISSING_NOTHING},
                {2021, 6, MISSING_CHOICE},       {2022, 2, MISSING_CHOICE},
                {2022, 8, MISSING_CHOICE},       {2023, 3, MISSING_CHOICE},
                {2023, 9, MISSING_NOTHING},      {2024, 6, MISSING_NOTHING},
                {2025, 6, MISSING_CHOICE},       {2026, 2, MISSING_RELATIONSHIP},
                {2026, 6, MISSING_NOTHING},      {2027, 6, MISSING_RELATIONSHIP}};
    const struct row clinician = {.kind = PROFESSIONAL, .role = CLINICIAN, .scope = SESSION};
    struct world w = {0};
    struct err e = {0};
    (void)state;
    arena_init(&w.arena, 8 << 20);
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        put(&w, said[i]);
    }
    qsort(w.rows, w.count, sizeof *w.rows, by_rid);
    assert_int_equal(sheet_make(KIT_KEY, w.rows, w.count, &w.sheet, &e), 0);
    assert_int_equal(sheet_count(w.sheet), sizeof said / sizeof *said + 3); /* teams as such */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct decision d;
        int64_t now = clock_days(rows[i].year, rows[i].month, 1) * 86400000;
        grant_decide(grant_of(&w.arena, &clinician, now), T("p1"), w.sheet, &d);
        if (d.missing != rows[i].missing) {
            fail_msg("%d-%02d: %d", rows[i].year, rows[i].month, d.missing);
        }
    }
    sheet_free(w.sheet);
    arena_done(&w.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_truth_table),
                                       cmocka_unit_test(test_times_that_meet)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
