/* Every type, right and role has a declared policy; who may do what to what belongs to nobody; and
 * finding a person without a relationship. */
#include "policy_kit.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct grant *professional(struct arena *a, struct actor *actor, const char *role,
                                        enum purpose purpose)
{
    *actor = (struct actor){.kind = ACTOR_PROFESSIONAL,
                            .activities = job_role_find(text_of(role))->activities,
                            .purpose = purpose};
    return grant_make(&(struct grant_config){.actor = actor, .key = KIT_KEY}, a);
}

static void test_complete(void **state)
{
    (void)state;
    struct err e = {0};
    assert_int_equal(policy_complete(&e), 0);
    for (unsigned i = 0; i < ACTIVITY_COUNT; i++) {
        enum activity found;
        assert_true(activity_find(text_of(activity_info((enum activity)i)->code), &found));
        assert_int_equal(found, i);
    }
}

/* What a role may read or write, of every type: rules of which an exception would be a hole. */
static void test_matrix(void **state)
{
    (void)state;
    for (unsigned t = 1; t < fhir_type_count(); t++) {
        fhir_type type = (fhir_type)t;
        enum type_class c = type_class(type);
        bool about_nobody = c == CLASS_DIRECTORY || c == CLASS_CATALOGUE || c == CLASS_FORM ||
                            c == CLASS_DEFINITION || c == CLASS_NODE;
        for (const struct job_role *r = job_roles; r->code; r++) {
            uint8_t may = activities_may(r->activities, type);
            bool records = r->activities &
                           (ACTIVITY_BIT(ACTIVITY_VIEW_RECORD) | ACTIVITY_BIT(ACTIVITY_SAFEGUARD) |
                            ACTIVITY_BIT(ACTIVITY_RESEARCH));
            assert_true(!may || (may & (MAY_READ | MAY_SEARCH)) == (MAY_READ | MAY_SEARCH));
            assert_true(c != CLASS_RECORD || !may || records);
            bool manages = r->activities & (ACTIVITY_BIT(ACTIVITY_MANAGE_NODE) |
                                            ACTIVITY_BIT(ACTIVITY_MANAGE_DIRECTORY));
            assert_true(!about_nobody || manages || !(may & ~(MAY_READ | MAY_SEARCH)));
            assert_true(!manages || about_nobody || !may);
            assert_true(c != CLASS_AUDIT || !(may & ~(MAY_READ | MAY_SEARCH)));
        }
        assert_int_equal(activities_may(0, type), 0);
        assert_true(!(person_may(type) & MAY_DELETE) || policy_own_type(type));
        assert_true(!person_may_outside(type) || about_nobody);
        assert_true(!fhir_type_in_patient_compartment(type) || !about_nobody);
    }
}

/* Who writes in a record says who the family and carers are; who the person is, is not theirs. */
static void test_carers(void **state)
{
    (void)state;
    uint64_t social = job_role_find(T("R8014"))->activities;
    uint64_t student = job_role_find(T("R8004"))->activities;
    assert_int_equal(activities_may(social, fhir_type_of(T("RelatedPerson"))),
                     MAY_READ | MAY_SEARCH | MAY_CREATE | MAY_UPDATE);
    assert_int_equal(activities_may(social, fhir_type_of(T("Patient"))), MAY_READ | MAY_SEARCH);
    assert_int_equal(activities_may(student, fhir_type_of(T("RelatedPerson"))),
                     MAY_READ | MAY_SEARCH);
}

/* What the portal has (every right on every type): each role may do with it what it may do without
 * a token. */
static void test_whole_scope(void **state)
{
    (void)state;
    struct arena a;
    struct scopes scopes;
    struct err e;
    arena_init(&a, 1 << 24);
    assert_int_equal(scopes_parse(T("user/*.cruds"), &a, &scopes, &e), 0);
    for (const struct job_role *r = job_roles;; r++) {
        struct actor actor = {.kind = r->code ? ACTOR_PROFESSIONAL : ACTOR_PERSON,
                              .patient = r->code ? T("") : T("p"),
                              .activities = r->activities,
                              .purpose = PURPOSE_TREAT};
        struct grant_config config = {.actor = &actor, .key = KIT_KEY};
        const struct grant *bare = grant_make(&config, &a);
        config.scopes = &scopes;
        const struct grant *whole = grant_make(&config, &a);
        for (unsigned t = 1; t < fhir_type_count(); t++) {
            assert_int_equal(grant_rights(bare, (fhir_type)t), grant_rights(whole, (fhir_type)t));
        }
        for (unsigned i = 0; i < ACTIVITY_COUNT; i++) {
            if (grant_can(bare, (enum activity)i) != grant_can(whole, (enum activity)i)) {
                fail_msg("%s: %s", r->code ? r->code : "a person",
                         activity_info((enum activity)i)->code);
            }
        }
        if (!r->code) {
            break;
        }
    }
    arena_done(&a);
}

static void test_outside(void **state)
{
    (void)state;
    static const struct {
        const char *role; /* NULL: a patient */
        const char *type;
        uint64_t compartment;
        bool sees;
    } rows[] = {
        {"R8000", "Observation", 600, false}, /* nobody's: about anybody */
        {"R8000", "Bundle", 3, false},
        {"R8000", "Task", 3, false},
        {"R8000", "CareTeam", 600, true},
        {"R8009", "Observation", 600, false},
        {"R8009", "Schedule", 600, true},
        {"R8009", "Patient", 600, false},
        {"R0001", "Task", 3,
         true}, /* alarms about other members; those of patients they see, too */
        {"R0001", "Communication", 3, false},
        {"R0001", "Binary", 3, false},
        {"K1004", "Observation", 600, false},
        {"K1004", "Subscription", 3, true},
        {"R8000", "Subscription", 3, false},
        {"R8000", "Organization", 3, true},
        {"R1860", "Observation", 600, false},
        {NULL, "Organization", 3, true},
        {NULL, "Questionnaire", 3, true},
        {NULL, "Observation", 600, false},
        {NULL, "Binary", 3, false},
        {NULL, "ValueSet", 3, false},
        {"R8000", "Observation", 1024, false},
        {NULL, "Endpoint", 3, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena a;
        arena_init(&a, 1 << 20);
        struct actor actor = {.kind = ACTOR_PERSON, .patient = T("p"), .purpose = PURPOSE_PATIENT};
        const struct grant *g =
            rows[i].role ? professional(&a, &actor, rows[i].role, PURPOSE_TREAT)
                         : grant_make(&(struct grant_config){.actor = &actor, .key = KIT_KEY}, &a);
        fhir_type type = fhir_type_of(text_of(rows[i].type));
        uint64_t rid = rows[i].compartment << 28 | (uint64_t)type << 20 | 1;
        if (grant_sees(g, NULL, NULL, type, rid, false) != rows[i].sees) {
            fail_msg("%s %s", rows[i].role ? rows[i].role : "patient", rows[i].type);
        }
        arena_done(&a);
    }
}

static void test_finding_a_person(void **state)
{
    (void)state;
    static const struct {
        const char *role;
        const char *security; /* code of the Patient's label; NULL: none */
        bool finds;
        bool begins; /* a registration */
    } rows[] = {
        {"R8009", NULL, true, true},   {"R8000", NULL, true, false}, {"R8009", "R", false, false},
        {"R8009", "V", false, false},  {"R8009", "N", true, true},   {"K1003", NULL, false, false},
        {"R1860", NULL, false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena a;
        struct err e = {0};
        struct actor actor;
        struct sheet *s;
        struct sheet_row row = {0};
        struct decision d;
        arena_init(&a, 1 << 20);
        text json = arena_printf(
            &a, "{'resourceType':'Patient','id':'p'%s%s%s}",
            rows[i].security ? ",'meta':{'security':[{'system':'" LABEL_SYSTEM_CONFIDENTIALITY
                               "','code':'"
                             : "",
            rows[i].security ? rows[i].security : "", rows[i].security ? "'}]}" : "");
        assert_int_equal(kit_facts(&a, json.p, NULL, &row.type, &row.id, &row.facts, &e), 0);
        row.rid = kit_rid(FHIR_PATIENT, 0);
        assert_int_equal(sheet_make(KIT_KEY, &row, 1, &s, &e), 0);
        const struct grant *g = professional(&a, &actor, rows[i].role, PURPOSE_TREAT);
        grant_decide(g, T("p"), s, &d);
        assert_int_equal(d.demographics_only, rows[i].finds);
        assert_int_equal(grant_sees(g, &d, s, FHIR_PATIENT, row.rid, false), rows[i].finds);
        static const char *const others[] = {"Observation", "RelatedPerson", "Appointment",
                                             "Encounter", "Consent"};
        for (size_t k = 0; k < sizeof others / sizeof *others; k++) {
            fhir_type type = fhir_type_of(text_of(others[k]));
            assert_false(grant_sees(g, &d, s, type, kit_rid(type, 1), false));
            assert_false(grant_writes(g, &d, s, type, kit_rid(type, 1), true, MAY_CREATE));
        }
        fhir_type episode = fhir_type_of(T("EpisodeOfCare"));
        assert_int_equal(grant_writes(g, &d, s, episode, kit_rid(episode, 1), true, MAY_CREATE),
                         rows[i].begins);
        assert_false(grant_writes(g, &d, s, FHIR_PATIENT, row.rid, false, MAY_UPDATE));
        sheet_free(s);
        arena_done(&a);
    }
}

static text facts_of(struct arena *a, text json)
{
    struct err e = {0};
    fhir_type type;
    text id, facts;
    assert_int_equal(kit_facts(a, json.p, NULL, &type, &id, &facts, &e), 0);
    return facts;
}

/* Who has no relationship gives none to the person that they are: they may have another role, in
 * which it would open the record. Their organisation, which is many, they may register people with.
 */
static void test_no_relationship_of_ones_own(void **state)
{
    (void)state;
    static const char *const roles[] = {"R8009", "R8000", "R8001", "K1003"};
    static const struct {
        const char *party;
        bool alone, mine;
    } named[] = {{"Practitioner/me", true, true},      {"PractitionerRole/me", true, true},
                 {"CareTeam/mine", true, true},        {"Organization/here", false, true},
                 {"Practitioner/other", false, false}, {"Organization/other", false, false}};
    text parties[] = {T("Practitioner/me"), T("PractitionerRole/me"), T("CareTeam/mine"),
                      T("Organization/here")};
    fhir_type episode = fhir_type_of(T("EpisodeOfCare"));
    for (size_t i = 0; i < 4 * 6 * (RELATION_CLAIMED + 2); i++) {
        struct arena a;
        const struct job_role *role = job_role_find(text_of(roles[i % 4]));
        size_t k = i / 4 % 6;
        struct decision d = {.relation = (uint8_t)(i / 24)};
        arena_init(&a, 1 << 20);
        struct actor actor = {.kind = ACTOR_PROFESSIONAL,
                              .activities = role->activities,
                              .purpose = PURPOSE_TREAT,
                              .parties = parties,
                              .party_count = 4};
        const struct grant *g =
            grant_make(&(struct grant_config){.actor = &actor, .key = KIT_KEY}, &a);
        text facts = facts_of(
            &a, arena_printf(&a,
                             "{'resourceType':'EpisodeOfCare','id':'e','status':'active','patient':"
                             "{'reference':'Patient/p'},'careManager':{'reference':'%s'}}",
                             named[k].party));
        bool none = d.relation == RELATION_NONE || d.relation == RELATION_DUTY ||
                    d.relation == RELATION_CLAIMED || d.relation == RELATION_OVERRIDE;
        bool views = role->activities & ACTIVITY_BIT(ACTIVITY_VIEW_RECORD);
        bool refused = none && (named[k].alone || (named[k].mine && views));
        if (grant_opens(g, &d, episode, true, T(""), facts) == refused) {
            fail_msg("%s as %s, relation %u", named[k].party, role->code, d.relation);
        }
        arena_done(&a);
    }
}

/* A form is changed by whoever answered it, and by nobody in another's name; staff go by their
 * activities alone, and nothing else of the record is a patient's to change. */
static void test_author(void **state)
{
    (void)state;
    static const char *const authors[] = {"Patient/p", "RelatedPerson/r", "Practitioner/gp", NULL,
                                          "https://elsewhere.example/fhir/Patient/p"};
    text parties[] = {T("Patient/p")};
    fhir_type form = fhir_type_of(T("QuestionnaireResponse"));
    for (size_t i = 0; i < 5 * 5 * 2; i++) {
        struct arena a;
        text facts[2];
        const char *of[] = {authors[i % 5], authors[i / 5 % 5]};
        bool is_new = i / 25;
        arena_init(&a, 1 << 20);
        for (size_t k = 0; k < 2; k++) {
            text author = of[k] ? arena_printf(&a, ",'author':{'reference':'%s'}", of[k]) : T("");
            facts[k] = facts_of(&a, arena_printf(&a,
                                                 "{'resourceType':'QuestionnaireResponse',"
                                                 "'id':'q'%.*s}",
                                                 TEXT_ARG(author)));
        }
        struct actor actor = {.kind = ACTOR_PERSON,
                              .patient = T("p"),
                              .purpose = PURPOSE_PATIENT,
                              .parties = parties,
                              .party_count = 1};
        const struct grant_config config = {.actor = &actor, .key = KIT_KEY};
        const struct grant *g = grant_make(&config, &a);
        bool may = of[1] == authors[0] && (is_new || of[0] == authors[0]);
        assert_int_equal(grant_authors(g, form, is_new, is_new ? T("") : facts[0], facts[1]), may);
        assert_true(grant_authors(g, FHIR_PATIENT, is_new, facts[0], facts[1]));
        g = professional(&a, &actor, "R8000", PURPOSE_TREAT);
        assert_true(grant_authors(g, form, is_new, facts[0], facts[1]));
        arena_done(&a);
    }
    assert_false(grant_authors(NULL, form, true, T(""), T("")));
    for (unsigned t = 1; t < fhir_type_count(); t++) {
        enum type_class c = type_class((fhir_type)t);
        bool changes = person_may((fhir_type)t) & MAY_UPDATE;
        assert_true(!changes || c == CLASS_BOOKING || t == form || policy_own_type((fhir_type)t));
    }
}

/* Labels of earlier versions rule those versions, and not the current one. */
static void test_past(void **state)
{
    (void)state;
    struct arena a;
    struct err e = {0};
    struct sheet *s;
    struct decision d;
    fhir_type type = fhir_type_of(T("Observation"));
    arena_init(&a, 1 << 20);
    struct actor actor = {.kind = ACTOR_PERSON, .patient = T("p"), .purpose = PURPOSE_PATIENT};
    const struct grant *g = grant_make(&(struct grant_config){.actor = &actor, .key = KIT_KEY}, &a);
    struct sheet_row row = {.rid = kit_rid(type, 7), .type = type, .past = LABEL_THIRD_PARTY};
    assert_int_equal(sheet_make(KIT_KEY, &row, 1, &s, &e), 0);
    grant_decide(g, T("p"), s, &d);
    assert_true(grant_sees(g, &d, s, type, row.rid, false));
    assert_false(grant_sees(g, &d, s, type, row.rid, true));
    sheet_free(s);
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_complete),
        cmocka_unit_test(test_matrix),
        cmocka_unit_test(test_carers),
        cmocka_unit_test(test_whole_scope),
        cmocka_unit_test(test_outside),
        cmocka_unit_test(test_finding_a_person),
        cmocka_unit_test(test_no_relationship_of_ones_own),
        cmocka_unit_test(test_author),
        cmocka_unit_test(test_past),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
