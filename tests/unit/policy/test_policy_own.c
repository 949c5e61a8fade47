/* Entries that patients write into their own record: what may stand in them, who may change them.
 */
#include "policy_kit.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define TAG "{'system':'https://kith.care/fhir/CodeSystem/entry','code':'own'}"
#define META "'meta':{'tag':[" TAG "]}"
#define ME "{'reference':'Patient/p'}"
#define HL7 "http://terminology.hl7.org/CodeSystem/"
#define CODED(system, code) "{'coding':[{'system':'" system "','code':'" code "'}]}"
#define READING(more)                                                              \
    "{'resourceType':'Observation','id':'o'," META                                 \
    ",'status':'final','code':{'text':'Weight'},'subject':" ME ",'performer':[" ME \
    "],'valueQuantity':{'value':70.5,'unit':'kg'}" more "}"
#define ABOUT(type, more)                                                                     \
    "{'resourceType':'Composition','id':'c'," META ",'status':'final','type':" type           \
    ",'subject':" ME ",'date':'2026-03-03','author':[" ME "],'title':'About me','section':[{" \
    "'title':'What matters','text':{'status':'additional','div':'<div>Tea</div>'}" more "}]}"
#define ABOUT_ME CODED("https://kith.care/fhir/CodeSystem/document-kind", "about-me")
#define ALLERGY(code, status, more)                                                       \
    "{'resourceType':'AllergyIntolerance','id':'a'," META ",'verificationStatus':" CODED( \
        HL7 "allergyintolerance-verification", status) ",'code':" code ",'patient':" ME   \
                                                       ",'asserter':" ME more "}"
#define MEDICINE(more)                                                                        \
    "{'resourceType':'MedicationStatement','id':'m'," META ",'status':'active','subject':" ME \
    ",'informationSource':" ME ",'medicationCodeableConcept':{'text':'Ibuprofen'}" more "}"
#define CONTACT(more)                                                 \
    "{'resourceType':'RelatedPerson','id':'r'," META ",'patient':" ME \
    ",'name':[{'text':'Ann'}]" more "}"

static fhir_type type_of;

static text facts_of(struct arena *a, const char *json)
{
    struct err e = {0};
    text id, facts;
    if (kit_facts(a, json, NULL, &type_of, &id, &facts, &e)) {
        fail_msg("%s: %s", json, e.detail);
    }
    return facts;
}

static const struct grant *person(struct arena *a, const char *patient, const char *party)
{
    struct actor *actor = arena_zalloc(a, 1, sizeof *actor);
    text *parties = arena_zalloc(a, 1, sizeof *parties);
    parties[0] = text_of(party);
    *actor = (struct actor){.kind = ACTOR_PERSON,
                            .patient = text_of(patient),
                            .purpose = PURPOSE_PATIENT,
                            .parties = parties,
                            .party_count = 1};
    return grant_make(&(struct grant_config){.actor = actor, .key = KIT_KEY}, a);
}

static const struct grant *staff(struct arena *a)
{
    struct actor *actor = arena_zalloc(a, 1, sizeof *actor);
    *actor = (struct actor){.kind = ACTOR_PROFESSIONAL,
                            .activities = job_role_find(T("R8000"))->activities,
                            .purpose = PURPOSE_TREAT};
    return grant_make(&(struct grant_config){.actor = actor, .key = KIT_KEY}, a);
}

/* What a patient may write, and each element that would make it look like somebody else's word. */
static void test_what_may_stand(void **state)
{
    static const struct {
        const char *json;
        const char *fault; /* the element; NULL: it is right */
    } rows[] = {
        {READING(""), NULL},
        {READING(",'category':[" CODED(HL7 "observation-category", "vital-signs") "]"), NULL},
        {READING(",'note':[{'authorReference':" ME ",'text':'after lunch'}]"), NULL},
        {READING(",'component':[{'code':{'text':'x'},'valueInteger':1}]"), NULL},
        {READING(",'identifier':[{'system':'urn:app','value':'7'}]"), NULL},
        {READING(",'category':[" CODED(HL7 "observation-category", "laboratory") "]"),
         "Observation.category"},
        {READING(",'category':[" CODED("urn:x", "vital-signs") "]"), "Observation.category"},
        {READING(",'interpretation':[{'text':'normal'}]"), "Observation.interpretation"},
        {READING(",'component':[{'code':{'text':'x'},'interpretation':[{'text':'high'}]}]"),
         "Observation.interpretation"},
        {READING(",'referenceRange':[{'text':'0-9'}]"), "Observation.referenceRange"},
        {READING(",'basedOn':[{'reference':'ServiceRequest/s'}]"), "Observation.basedOn"},
        {READING(",'encounter':{'reference':'Encounter/e'}"), "Observation.encounter"},
        {READING(",'contained':[{'resourceType':'Practitioner'}]"), "Observation.contained"},
        {READING(",'extension':[{'url':'urn:x','valueString':'y'}]"), "Observation.extension"},
        {READING(",'_status':{'extension':[{'url':'urn:x','valueString':'y'}]}"),
         "Observation._status"},
        {READING(",'note':[{'authorString':'Dr Lind','text':'seen'}]"), "Observation.authorString"},
        {READING(",'note':[{'authorReference':{'display':'Dr Lind'},'text':'seen'}]"),
         "Observation.authorReference"},
        {READING(",'identifier':[{'assigner':{'display':'Royal Infirmary'},'value':'7'}]"),
         "Observation.assigner"},
        {"{'resourceType':'Observation'," META ",'status':'final','code':{'text':'x'},'subject':" ME
         "}",
         "Observation.performer"},
        {"{'resourceType':'Observation'," META
         ",'status':'final','code':{'text':'x'},'performer':[" ME "]}",
         "Observation.subject"},
        {"{'resourceType':'Observation'," META ",'status':'final','code':{'text':'x'},'subject':" ME
         ",'performer':[" ME ",{'reference':'Practitioner/gp'}]}",
         "Observation.performer"},
        {"{'resourceType':'Observation'," META ",'status':'final','code':{'text':'x'},'subject':" ME
         ",'performer':[{'reference':'Patient/p','display':'Dr Lind'}]}",
         "Observation.performer"},
        {"{'resourceType':'Observation'," META ",'status':'final','code':{'text':'x'},'subject':" ME
         ",'performer':[{'reference':'Patient/p','identifier':{'value':'1'}}]}",
         "Observation.performer"},
        {"{'resourceType':'Observation','meta':{'source':'urn:lab','tag':[" TAG
         "]},'status':'final',"
         "'code':{'text':'x'},'subject':" ME ",'performer':[" ME "]}",
         "Observation.meta.source"},
        {"{'resourceType':'Observation','meta':{'tag':[" TAG
         ",{'system':'urn:lab','code':'checked'}"
         "]},'status':'final','code':{'text':'x'},'subject':" ME ",'performer':[" ME "]}",
         "Observation.meta.tag"},
        {"{'resourceType':'Observation'," META ",'status':'registered','code':{'text':'x'},"
         "'subject':" ME ",'performer':[" ME "]}",
         "Observation.status"},
        {ABOUT(ABOUT_ME, ""), NULL},
        {ABOUT(CODED("http://loinc.org", "18842-5"), ""), "Composition.type"},
        {ABOUT("{'coding':[{'system':'https://kith.care/fhir/CodeSystem/document-kind','code':"
               "'about-me'},{'system':'http://loinc.org','code':'18842-5'}]}",
               ""),
         "Composition.type"},
        {ABOUT("{'text':'About me'}", ""), "Composition.type"},
        {ABOUT(ABOUT_ME, ",'entry':[{'reference':'Observation/o'}]"), "Composition.entry"},
        {ABOUT(ABOUT_ME, ",'author':[{'reference':'Practitioner/gp'}]"), "Composition.author"},
        {ALLERGY("{'text':'Peanuts'}", "unconfirmed", ""), NULL},
        {ALLERGY("{'text':'Peanuts'}", "confirmed", ""), "AllergyIntolerance.verificationStatus"},
        {ALLERGY("{'text':'Peanuts'}", "unconfirmed", ",'criticality':'low'"),
         "AllergyIntolerance.criticality"},
        {ALLERGY("{'text':'Peanuts'}", "unconfirmed",
                 ",'recorder':{'reference':'Practitioner/gp'}"),
         "AllergyIntolerance.recorder"},
        {ALLERGY(CODED("http://snomed.info/sct", "716186003"), "unconfirmed", ""),
         "AllergyIntolerance.code"},
        {MEDICINE(""), NULL},
        {MEDICINE(",'category':" CODED(HL7 "medication-statement-category", "patientspecified")),
         NULL},
        {MEDICINE(",'category':" CODED(HL7 "medication-statement-category", "inpatient")),
         "MedicationStatement.category"},
        {MEDICINE(",'basedOn':[{'reference':'MedicationRequest/m'}]"),
         "MedicationStatement.basedOn"},
        {CONTACT(""), NULL},
        {CONTACT(",'photo':[{'title':'x'}]"), "RelatedPerson.photo"},
        {"{'resourceType':'Condition'," META ",'subject':" ME "}", "Condition.meta.tag"},
        {"{'resourceType':'RelatedPerson'," META ",'patient':{'reference':'Practitioner/gp'}}",
         "RelatedPerson.patient"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena a;
        struct err e = {0};
        arena_init(&a, 1 << 20);
        text facts = facts_of(&a, rows[i].json);
        int code = policy_own_fault(type_of, facts, &a, &e);
        if (code != (rows[i].fault ? ERR_FORBIDDEN : 0) ||
            (code && !text_eq(text_of(e.expression), text_of(rows[i].fault)))) {
            fail_msg("%s: %s, not %s", rows[i].json, e.expression, rows[i].fault);
        }
        const struct grant *me = person(&a, "p", "Patient/p");
        assert_int_equal(grant_authors(me, type_of, true, T(""), facts), !code);
        arena_done(&a);
    }
}

/* Who may make, change and take away what is whose. */
static void test_whose(void **state)
{
    static const char theirs[] =
        "{'resourceType':'Observation','status':'final','code':{'text':'x'},"
        "'subject':" ME ",'performer':[" ME "]}";
    struct arena a;
    (void)state;
    arena_init(&a, 1 << 20);
    text own = facts_of(&a, READING(""));
    text other = facts_of(&a, theirs);
    fhir_type observation = type_of;
    fhir_type condition = fhir_type_of(T("Condition"));
    const struct grant *me = person(&a, "p", "Patient/p");
    const struct grant *carer = person(&a, "", "RelatedPerson/r");
    const struct grant *friend = person(&a, "q", "Patient/q");
    const struct grant *gp = staff(&a);
    const struct grant *others[] = {carer, friend, gp};
    assert_true(grant_authors(me, observation, true, T(""), own));
    assert_true(grant_authors(me, observation, false, own, own));
    assert_false(grant_authors(me, observation, true, T(""), other)); /* without the mark */
    assert_false(grant_authors(me, observation, false, other, own));  /* nor taken over */
    assert_false(grant_authors(me, observation, false, own, other));
    assert_true(grant_rewords(me, observation, own));
    assert_false(grant_rewords(me, observation, other));
    assert_true(grant_rewords(me, condition, T("")));
    for (size_t i = 0; i < 3; i++) {
        assert_false(grant_authors(others[i], observation, true, T(""), own));
        assert_false(grant_authors(others[i], observation, false, other, own));
        assert_false(grant_rewords(others[i], observation, own));
    }
    assert_true(grant_authors(gp, observation, false, own, own)); /* labels */
    assert_false(grant_authors(gp, observation, false, own, other));
    assert_true(grant_authors(gp, observation, true, T(""), other));
    assert_true(grant_rewords(gp, observation, other));
    assert_true(grant_authors(policy_local_administrator(), observation, true, T(""), own));
    assert_true(grant_rewords(policy_local_administrator(), observation, own));
    assert_false(grant_authors(NULL, observation, true, T(""), own));
    assert_false(grant_rewords(NULL, observation, own));
    arena_done(&a);
}

/* Rights on types, and of a proxy none on these. */
static void test_rights(void **state)
{
    struct arena a;
    (void)state;
    arena_init(&a, 1 << 20);
    const struct grant *me = person(&a, "p", "Patient/p");
    const struct grant *carer = person(&a, "", "RelatedPerson/r");
    const uint8_t all = MAY_CREATE | MAY_READ | MAY_UPDATE | MAY_DELETE | MAY_SEARCH;
    const struct decision self = {.reads = true,
                                  .writes = true,
                                  .plain = true,
                                  .relation = RELATION_SELF,
                                  .functions = UINT32_MAX,
                                  .classes = UINT32_MAX};
    struct decision proxy = self;
    size_t own = 0;
    proxy.relation = RELATION_PROXY;
    for (unsigned t = 1; t < fhir_type_count(); t++) {
        fhir_type type = (fhir_type)t;
        own += policy_own_type(type);
        assert_int_equal(person_may(type) == all, policy_own_type(type));
        assert_true(!policy_own_type(type) || fhir_type_in_patient_compartment(type));
        for (unsigned right = 1; right <= all; right <<= 1) {
            uint8_t rights = (uint8_t)right;
            bool writes = policy_own_type(type) && rights != MAY_READ && rights != MAY_SEARCH;
            bool is_new = rights == MAY_CREATE;
            uint64_t rid = kit_rid(type, 1);
            assert_true(!writes || grant_writes(me, &self, NULL, type, rid, is_new, rights));
            assert_false(writes && grant_writes(carer, &proxy, NULL, type, rid, is_new, rights));
        }
    }
    assert_int_equal(own, 5);
    arena_done(&a);
}

/* The categories of a patient's own words go as the words do; all other labels stay whose they are.
 */
static void test_labels(void **state)
{
    struct arena a;
    (void)state;
    arena_init(&a, 1 << 20);
    const struct grant *me = person(&a, "p", "Patient/p");
    text low = facts_of(&a, "{'resourceType':'Observation','meta':{'security':[{'system':'" HL7
                            "v3-ActCode','code':'MH'}],'tag':[" TAG "]},'status':'final','code':"
                            "{'text':'Low mood'},'subject':" ME ",'performer':[" ME "]}");
    text held = facts_of(
        &a, "{'resourceType':'Observation','meta':{'security':[{'system':'" LABEL_SYSTEM_KITH
            "','code':'held'}],'tag':[" TAG "]},'status':'final',"
            "'code':{'text':'x'},'subject':" ME ",'performer':[" ME "]}");
    assert_true(facts_labels(low) & LABEL_MENTAL_HEALTH);
    assert_true(grant_relabels(me, grant_labels_of(me, low), 0));
    assert_false(grant_relabels(me, facts_labels(low), 0));
    assert_false(grant_relabels(me, grant_labels_of(me, held), 0));
    assert_int_equal(grant_labels_of(staff(&a), low), facts_labels(low));
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_may_stand),
        cmocka_unit_test(test_whose),
        cmocka_unit_test(test_rights),
        cmocka_unit_test(test_labels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
