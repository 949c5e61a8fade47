/* What is taken from resources of many types: entries, home and members, as in index.h. */
#include "search_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct index_rules rules = {.base = {KIT_BASE, sizeof KIT_BASE - 1}};

struct row {
    const char *name;
    const char *json;
    const char *entries;
};

static const struct row rows[] = {
    {"patient",
     "{'resourceType':'Patient','id':'p1','active':true,'meta':{'profile':['http://x/p|"
     "2'],'tag':[{'code':'T'}],'source':'urn:src','lastUpdated':'2020-01-01T00:00:00Z'},"
     "'identifier':[{'system':'https://fhir.nhs.uk/Id/nhs-number','value':'9000000009'},"
     "{'value':'B'}],'name':[{'family':'Chalmers','given':['Peter','James']},"
     "{'text':'Jim'}],'telecom':[{'system':'phone','value':'(03) 5555'},"
     "{'system':'email','value':'P@x.org'},{'system':'url','value':'http://x'}],"
     "'gender':'male','birthDate':'1974-12-25','deceasedDateTime':'2015-02',"
     "'address':[{'line':['534 Erewhon St'],'city':'Leeds','use':'home'}],"
     "'link':[{'other':{'reference':'Patient/p0'}},{'other':{'reference':'RelatedPerson/"
     "r'}}],'generalPractitioner':[{'reference':'Practitioner/gp'},"
     "{'identifier':{'value':'x'}}],"
     "'communication':[{'language':{'coding':[{'system':'urn:ietf:bcp:47','code':'en'}],"
     "'text':'English'}}]}",
     "_profile http://x/p\n"
     "_profile http://x/p|2\n"
     "_source urn:src\n"
     "_tag |t\n"
     "active http://terminology.hl7.org/CodeSystem/special-values|true\n"
     "address 534 erewhon st\n"
     "address leeds\n"
     "address-city leeds\n"
     "address-use http://hl7.org/fhir/address-use|home\n"
     "birthdate 1974-12-25T00:00:00.000Z..1974-12-26T00:00:00.000Z\n"
     "death-date 2015-02-01T00:00:00.000Z..2015-03-01T00:00:00.000Z\n"
     "deceased http://terminology.hl7.org/CodeSystem/special-values|true\n"
     "email |p@x.org\n"
     "family chalmers\n"
     "gender http://hl7.org/fhir/administrative-gender|male\n"
     "general-practitioner Practitioner/gp\n"
     "general-practitioner identifier |x\n"
     "given james\n"
     "given peter\n"
     "identifier https://fhir.nhs.uk/Id/nhs-number|9000000009\n"
     "identifier |b\n"
     "language urn:ietf:bcp:47|en\n"
     "link Patient/p0\n"
     "link RelatedPerson/r\n"
     "name chalmers\n"
     "name james\n"
     "name jim\n"
     "name peter\n"
     "phone |(03) 5555\n"
     "phonetic chalmers\n"
     "phonetic james\n"
     "phonetic jim\n"
     "phonetic peter\n"
     "telecom |(03) 5555\n"
     "telecom |http://x\n"
     "telecom |p@x.org\n"
     "home: p1\n"
     "member: p0\n"},
    {"patient_alive",
     "{'resourceType':'Patient','id':'p2','deceasedBoolean':false,"
     "'extension':[{'url':'http://other','valueString':'No'},{'url':'http://hl7.org/"
     "fhir/StructureDefinition/patient-mothersMaidenName','valueString':'Smith'}]}",
     "deceased http://terminology.hl7.org/CodeSystem/special-values|false\n"
     "mothersMaidenName smith\n"
     "home: p2\n"},
    {"observation",
     "{'resourceType':'Observation','id':'o1','status':'final',"
     "'category':[{'coding':[{'system':'http://c','code':'vital-signs'}]}],"
     "'code':{'coding':[{'system':'http://loinc.org','code':'8302-2'},"
     "{'code':'height'}]},'subject':{'reference':'Patient/p1'},"
     "'encounter':{'reference':'Encounter/e1'},'effectivePeriod':{'start':'2011-08-14'},"
     "'valueQuantity':{'value':140.10,'unit':'centimetre','system':'http://"
     "unitsofmeasure.org','code':'cm'},'component':[{'code':{'coding':[{'code':'c1'}]},"
     "'valueCodeableConcept':{'coding':[{'code':'v1'}]}},"
     "{'code':{'coding':[{'code':'c2'}]},'valueQuantity':{'value':-2}}],"
     "'performer':[{'reference':'Practitioner/x'}],'derivedFrom':[{'reference':'#c'},"
     "{'reference':'http://kith.test/fhir/Observation/o0/_history/3'}]}",
     "category http://c|vital-signs\n"
     "code http://loinc.org|8302-2\n"
     "code |height\n"
     "component-code |c1\n"
     "component-code |c2\n"
     "component-value-concept |v1\n"
     "component-value-quantity <01>~<ea><ff> ||\n"
     "date 2011-08-14T00:00:00.000Z..open\n"
     "derived-from Observation/o0\n"
     "encounter Encounter/e1\n"
     "performer Practitioner/x\n"
     "status http://hl7.org/fhir/observation-status|final\n"
     "value-quantity <03><83><0f><02><00> http://unitsofmeasure.org|cm|centimetre\n"
     "home: p1\n"},
    {"condition",
     "{'resourceType':'Condition','id':'c1','subject':{'reference':'Group/g'},"
     "'asserter':{'reference':'Patient/p7'},'onsetAge':{'value':52,'unit':'years',"
     "'system':'http://unitsofmeasure.org','code':'a'},'abatementString':'around April',"
     "'clinicalStatus':{'coding':[{'system':'http://s','code':'Active'}]}}",
     "abatement-string around april\n"
     "asserter Patient/p7\n"
     "clinical-status http://s|active\n"
     "onset-age <03><82>5<00> http://unitsofmeasure.org|a|years\n"
     "patient -\n"
     "subject -\n"
     "subject Group/g\n"
     "home: p7\n"},
    {"encounter",
     "{'resourceType':'Encounter','id':'e1','status':'finished',"
     "'class':{'system':'http://v3','code':'AMB'},'subject':{'reference':'Patient/p1'},"
     "'participant':[{'individual':{'reference':'Practitioner/a'}},"
     "{'individual':{'reference':'RelatedPerson/b'}}],"
     "'period':{'start':'2020-01-01T10:00:00Z','end':'2020-01-01T10:30:00Z'},"
     "'length':{'value':30,'code':'min','system':'http://unitsofmeasure.org'},"
     "'location':[{'location':{'reference':'Location/l'},"
     "'period':{'end':'2020-01-02'}}]}",
     "class http://v3|amb\n"
     "date 2020-01-01T10:00:00.000Z..2020-01-01T10:30:01.000Z\n"
     "length <03><82><1f><00> http://unitsofmeasure.org|min|\n"
     "location Location/l\n"
     "location-period open..2020-01-03T00:00:00.000Z\n"
     "participant Practitioner/a\n"
     "participant RelatedPerson/b\n"
     "practitioner Practitioner/a\n"
     "status http://hl7.org/fhir/encounter-status|finished\n"
     "home: p1\n"},
    {"appointment",
     "{'resourceType':'Appointment','id':'a1','status':'booked',"
     "'start':'2021-05-05T09:00:00+01:00',"
     "'participant':[{'actor':{'reference':'Practitioner/d'},'status':'accepted'},"
     "{'actor':{'reference':'Patient/p1'},'status':'accepted'},"
     "{'actor':{'reference':'Patient/p2'},'status':'tentative'},"
     "{'actor':{'reference':'Location/l'},'status':'accepted'}]}",
     "actor Practitioner/d\n"
     "actor Location/l\n"
     "actor Patient/p1\n"
     "actor Patient/p2\n"
     "date 2021-05-05T08:00:00.000Z..2021-05-05T08:00:01.000Z\n"
     "location Location/l\n"
     "part-status http://hl7.org/fhir/participationstatus|accepted\n"
     "part-status http://hl7.org/fhir/participationstatus|tentative\n"
     "patient Patient/p2\n"
     "practitioner Practitioner/d\n"
     "status http://hl7.org/fhir/appointmentstatus|booked\n"
     "home: p1\n"
     "member: p2\n"},
    {"medication_request",
     "{'resourceType':'MedicationRequest','id':'m1','status':'active','intent':'order',"
     "'subject':{'reference':'https://other.test/fhir/Patient/9'},"
     "'medicationReference':{'reference':'Medication/m'},"
     "'requester':{'reference':'Practitioner/p'},"
     "'dosageInstruction':[{'timing':{'event':['2020-01-03','2020-01-01T08:00:00Z']}}]}",
     "date 2020-01-01T08:00:00.000Z..2020-01-01T08:00:01.000Z\n"
     "date 2020-01-03T00:00:00.000Z..2020-01-04T00:00:00.000Z\n"
     "intent http://hl7.org/fhir/CodeSystem/medicationrequest-intent|order\n"
     "medication Medication/m\n"
     "requester Practitioner/p\n"
     "status http://hl7.org/fhir/CodeSystem/medicationrequest-status|active\n"
     "home: https://other.test/fhir/Patient/9\n"},
    {"service_request",
     "{'resourceType':'ServiceRequest','id':'s1','status':'active','intent':'order',"
     "'subject':{'reference':'Patient/p1'},'occurrenceTiming':{'event':['2020-01-03',"
     "'2020-01-01'],'repeat':{'boundsPeriod':{'start':'2019-12-31',"
     "'end':'2020-01-02'}}},'instantiatesCanonical':['http://x/pd|1.0'],"
     "'performer':[{'reference':'Patient/p1'}]}",
     "instantiates-canonical http://x/pd\n"
     "instantiates-canonical http://x/pd|1.0\n"
     "intent http://hl7.org/fhir/request-intent|order\n"
     "occurrence 2019-12-31T00:00:00.000Z..2020-01-04T00:00:00.000Z\n"
     "performer Patient/p1\n"
     "status http://hl7.org/fhir/request-status|active\n"
     "home: p1\n"},
    {"organization",
     "{'resourceType':'Organization','id':'g1','active':false,'name':'St. Mary\\u0027s',"
     "'alias':['Mary'],'address':[{'text':'1 High Street','postalCode':'LS1 4DY',"
     "'country':'UK','state':'Yorks','district':'West'}],"
     "'partOf':{'reference':'Organization/g0'}}",
     "active http://terminology.hl7.org/CodeSystem/special-values|false\n"
     "address 1 high street\n"
     "address ls1 4dy\n"
     "address uk\n"
     "address west\n"
     "address yorks\n"
     "address-country uk\n"
     "address-postalcode ls1 4dy\n"
     "address-state yorks\n"
     "name mary\n"
     "name st marys\n"
     "partof Organization/g0\n"
     "phonetic st marys\n"},
    {"location",
     "{'resourceType':'Location','id':'l1','status':'active','name':'Ward 1',"
     "'type':[{'coding':[{'system':'http://t','code':'ER'}]}],"
     "'position':{'longitude':1.5,'latitude':50.1},'endpoint':[{'reference':'Endpoint/"
     "e'}]}",
     "endpoint Endpoint/e\n"
     "name ward 1\n"
     "near 50.1000000 1.5000000\n"
     "status http://hl7.org/fhir/location-status|active\n"
     "type http://t|er\n"},
    {"risk_assessment",
     "{'resourceType':'RiskAssessment','id':'r1','status':'final',"
     "'subject':{'reference':'Patient/p1'},'occurrenceDateTime':'2014-07-19',"
     "'prediction':[{'outcome':{'text':'x'},'probabilityDecimal':0.000168},"
     "{'probabilityRange':{'low':{'value':1}}},{'probabilityDecimal':1.0e-1}]}",
     "date 2014-07-19T00:00:00.000Z..2014-07-20T00:00:00.000Z\n"
     "probability <03>}<11>Q<00>\n"
     "probability <03><80><0b><00>\n"
     "home: p1\n"},
    {"invoice",
     "{'resourceType':'Invoice','id':'i1','status':'issued','totalGross':{'value':48.00,"
     "'currency':'EUR'},'totalNet':{'value':40},'subject':{'reference':'Patient/p1'},"
     "'recipient':{'reference':'Patient/p3'}}",
     "recipient Patient/p3\n"
     "status http://hl7.org/fhir/invoice-status|issued\n"
     "totalgross <03><82>1<00> urn:iso:std:iso:4217|EUR|\n"
     "totalnet <03><82>)<00> ||\n"
     "home: p1\n"
     "member: p3\n"},
    {"questionnaire_response",
     "{'resourceType':'QuestionnaireResponse','id':'q1','status':'completed',"
     "'questionnaire':'http://x/q|3','subject':{'reference':'Patient/p1'},"
     "'authored':'2020','item':[{'linkId':'1','extension':[{'url':'http://hl7.org/fhir/"
     "StructureDefinition/questionnaireresponse-isSubject','valueBoolean':true}],"
     "'answer':[{'valueReference':{'reference':'Patient/p4'}}]},{'linkId':'2',"
     "'answer':[{'valueReference':{'reference':'Patient/p5'}}]}]}",
     "authored 2020-01-01T00:00:00.000Z..2021-01-01T00:00:00.000Z\n"
     "item-subject Patient/p4\n"
     "questionnaire http://x/q\n"
     "questionnaire http://x/q|3\n"
     "status http://hl7.org/fhir/questionnaire-answers-status|completed\n"
     "home: p1\n"},
    {"value_set",
     "{'resourceType':'ValueSet','id':'v1','url':'http://x/vs','version':'1',"
     "'status':'active','date':'2020-01','useContext':[{'code':{'code':'age'},"
     "'valueRange':{'low':{'value':18,'unit':'y'},'high':{'value':65}}}],"
     "'compose':{'include':[{'system':'http://loinc.org'}]},"
     "'expansion':{'identifier':'urn:x','timestamp':'2020','contains':[{'system':'http:/"
     "/a','code':'b'}]}}",
     "code |b\n"
     "context-quantity <03><82><13><00> ||y\n"
     "context-quantity <03><82>B<00> ||\n"
     "context-type |age\n"
     "date 2020-01-01T00:00:00.000Z..2020-02-01T00:00:00.000Z\n"
     "expansion urn:x\n"
     "reference http://loinc.org\n"
     "status http://hl7.org/fhir/publication-status|active\n"
     "url http://x/vs\n"
     "version |1\n"},
    {"library",
     "{'resourceType':'Library','id':'li','status':'draft',"
     "'relatedArtifact':[{'type':'depends-on','resource':'http://x/a|1'},"
     "{'type':'derived-from','resource':'http://x/b'}],'effectivePeriod':{'end':'2030'}}",
     "depends-on http://x/a\n"
     "depends-on http://x/a|1\n"
     "derived-from http://x/b\n"
     "effective open..2031-01-01T00:00:00.000Z\n"
     "status http://hl7.org/fhir/publication-status|draft\n"},
    {"bundle",
     "{'resourceType':'Bundle','id':'b1','type':'document',"
     "'timestamp':'2020-01-01T00:00:00Z',"
     "'entry':[{'resource':{'resourceType':'Composition','id':'c'}},"
     "{'resource':{'resourceType':'Composition','id':'d'}}]}",
     "composition Composition/c\n"
     "timestamp 2020-01-01T00:00:00.000Z..2020-01-01T00:00:01.000Z\n"
     "type http://hl7.org/fhir/bundle-type|document\n"},
    {"provenance",
     "{'resourceType':'Provenance','id':'pr','target':[{'reference':'Observation/o1'},"
     "{'reference':'Patient/b'},{'reference':'Patient/a'},{'reference':'Patient/b'}],"
     "'recorded':'2020-01-01T00:00:00.123Z','agent':[{'who':{'reference':'Practitioner/"
     "p'}}]}",
     "agent Practitioner/p\n"
     "patient Patient/a\n"
     "recorded 2020-01-01T00:00:00.123Z..2020-01-01T00:00:00.124Z\n"
     "target Patient/a\n"
     "target Patient/b\n"
     "target Observation/o1\n"
     "home: b\n"
     "member: a\n"},
    {"coverage",
     "{'resourceType':'Coverage','id':'co','status':'active',"
     "'payor':[{'reference':'Patient/pay'}],'beneficiary':{'reference':'Patient/ben'},"
     "'subscriberId':'S1'}",
     "beneficiary Patient/ben\n"
     "payor Patient/pay\n"
     "status http://hl7.org/fhir/fm-status|active\n"
     "home: ben\n"
     "member: pay\n"},
    {"group",
     "{'resourceType':'Group','id':'g','type':'person','actual':true,"
     "'characteristic':[{'code':{'coding':[{'code':'x'}]},'valueBoolean':true,"
     "'exclude':false},{'code':{'coding':[{'code':'y'}]},"
     "'valueCodeableConcept':{'coding':[{'code':'z'}]}}],"
     "'member':[{'entity':{'reference':'Practitioner/1'}}]}",
     "actual http://terminology.hl7.org/CodeSystem/special-values|true\n"
     "characteristic |x\n"
     "characteristic |y\n"
     "exclude http://terminology.hl7.org/CodeSystem/special-values|false\n"
     "member Practitioner/1\n"
     "type http://hl7.org/fhir/group-type|person\n"
     "value http://terminology.hl7.org/CodeSystem/special-values|true\n"
     "value |z\n"},
    {"composition",
     "{'resourceType':'Composition','id':'co','status':'final',"
     "'subject':{'reference':'Patient/p1'},'date':'2020-02-03','title':'Café',"
     "'confidentiality':'N','relatesTo':[{'code':'replaces',"
     "'targetIdentifier':{'system':'http://i','value':'V'}},{'code':'appends',"
     "'targetReference':{'reference':'Composition/c0'}}],'attester':[{'mode':'legal',"
     "'party':{'reference':'Organization/o'}}]}",
     "attester Organization/o\n"
     "confidentiality http://terminology.hl7.org/CodeSystem/v3-Confidentiality|n\n"
     "date 2020-02-03T00:00:00.000Z..2020-02-04T00:00:00.000Z\n"
     "related-id http://i|v\n"
     "related-ref Composition/c0\n"
     "status http://hl7.org/fhir/composition-status|final\n"
     "title cafe\n"
     "home: p1\n"},
    {"nothing to find it by, but something there",
     "{'resourceType':'Observation','status':'final','code':{'text':'Body Height!'},"
     "'category':[{'coding':[{'display':'Vital-Signs'},{'code':'x','display':'X'}],'text':'V'}],"
     "'subject':{'display':'Peter'},'performer':[{'reference':'#p'}],"
     "'focus':[{'identifier':{'system':'http://i','value':'7A'}}],"
     "'encounter':{'reference':'Encounter/1','identifier':{'value':'V1'}},"
     "'device':{'type':'Device','identifier':{'system':'http://d'}},"
     "'valueSampledData':{'period':1,'dimensions':1,'origin':{'value':1}},"
     "'dataAbsentReason':{'coding':[{}]},'effectiveTiming':{'repeat':{'frequency':1}}}",
     "category 'vital signs'\n"
     "category |x\n"
     "code 'body height'\n"
     "data-absent-reason !\n"
     "date !\n"
     "device identifier http://d|\n"
     "encounter Encounter/1\n"
     "encounter identifier |v1\n"
     "focus identifier http://i|7a\n"
     "performer !\n"
     "status http://hl7.org/fhir/observation-status|final\n"
     "subject !\n"
     "value-quantity !\n"},
    {"an absent value beside one that is there: no mark",
     "{'resourceType':'Observation','performer':[{'display':'x'},{'reference':'Patient/1'}]}",
     "patient -\n"
     "performer Patient/1\n"
     "subject -\n"
     "home: 1\n"},
    {"a position that is none",
     "{'resourceType':'Location','position':{'latitude':90.01,'longitude':0}}", "near !\n"},
    {"a position at the edges",
     "{'resourceType':'Location','position':{'latitude':-90,'longitude':180.0}}",
     "near -90.0000000 180.0000000\n"},
    {"a schedule of unknown length is no date, a text none either",
     "{'resourceType':'Procedure','performedString':'last summer'}", "date !\n"},
};

static void entries(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct arena a;
        struct index index;
        arena_init(&a, 1 << 24);
        struct resource r = kit_resource(rows[i].json, &a);
        assert_int_equal(index_extract(&r, &rules, &a, &index), 0);
        text got = kit_entries(&r, &index, &a);
        if (!text_eq(got, text_of(rows[i].entries))) {
            fail_msg("%s gives\n%s\nnot\n%s", rows[i].name, got.p, rows[i].entries);
        }
        arena_done(&a);
    }
}

/* A resource that is not what it should be gives fewer entries, and no harm. */
static void odd_shapes(void **state)
{
    (void)state;
    static const char *const odd[] = {
        "{'resourceType':'Observation'}",
        "{'resourceType':'Observation','code':null,'subject':'Patient/1','status':['final']}",
        "{'resourceType':'Observation','code':{'coding':{'code':'x'}},'valueQuantity':[1,2]}",
        "{'resourceType':'Observation','code':[[{'coding':[[1]]}]],'effectiveDateTime':12}",
        "{'resourceType':'Observation','subject':{'reference':'Patient/ 1'},'issued':'now'}",
        "{'resourceType':'Patient','name':'x','address':[null],'telecom':[{}],'birthDate':''}",
        "{'resourceType':'Patient','name':[{'given':'x','family':['y']}],'extension':{}}",
        "{'resourceType':'Bundle','entry':[{'resource':[]}]}"};
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        struct arena a;
        struct index index;
        arena_init(&a, 1 << 24);
        struct resource r = kit_resource(odd[i], &a);
        assert_int_equal(index_extract(&r, &rules, &a, &index), 0);
        arena_done(&a);
    }
}

/* Whatever there is too little memory for is an error, never a shorter answer. */
static void no_memory(void **state)
{
    (void)state;
    size_t errors = 0;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct arena a;
        struct index whole, index;
        arena_init(&a, 1 << 24);
        struct resource r = kit_resource(rows[i].json, &a);
        assert_int_equal(index_extract(&r, &rules, &a, &whole), 0);
        for (size_t cap = 0; cap < 16384; cap += 48) {
            struct arena small;
            arena_init(&small, cap);
            int code = index_extract(&r, &rules, &small, &index);
            errors += code == ERR_MEMORY;
            assert_true(code == ERR_MEMORY || (code == 0 && index.count == whole.count &&
                                               index.display_count == whole.display_count &&
                                               index.member_count == whole.member_count));
            arena_done(&small);
        }
        arena_done(&a);
    }
    assert_true(errors > sizeof(rows) / sizeof(rows[0]));
}

/* Includes follow what is stored, the home patient too. */
static void targets(void **state)
{
    (void)state;
    struct arena a;
    struct search_target *found;
    size_t count;
    arena_init(&a, 1 << 24);
    struct resource r = kit_resource(
        "{'resourceType':'Observation','subject':{'reference':'Patient/p1'},'performer':["
        "{'reference':'Practitioner/b'},{'reference':'Practitioner/b'},{'reference':'urn:uuid:x'},"
        "{'reference':'http://kith.test/fhir/Organization/o'},{'reference':'http://x/Patient/1'}]}",
        &a);
    const struct search_param *subject = search_param_of(NULL, r.type, T("subject"));
    const struct search_param *performer = search_param_of(NULL, r.type, T("performer"));
    assert_int_equal(search_targets(&r, subject, &rules, &a, &found, &count), 0);
    assert_int_equal(count, 1);
    assert_int_equal(found[0].type, FHIR_PATIENT);
    assert_int_equal(search_targets(&r, performer, &rules, &a, &found, &count), 0);
    assert_int_equal(count, 2);
    assert_true(text_eq(found[0].id, T("b")) && text_eq(found[1].id, T("o")));
    r = kit_resource("{'resourceType':'QuestionnaireResponse','questionnaire':'http://x/q|1'}", &a);
    const struct search_param *canonical = search_param_of(NULL, r.type, T("questionnaire"));
    assert_int_equal(search_targets(&r, canonical, &rules, &a, &found, &count), 0);
    assert_int_equal(count, 2);
    assert_true(found[0].type == 0 && text_eq(found[0].id, T("http://x/q")));
    assert_true(found[1].type == 0 && text_eq(found[1].id, T("http://x/q|1")));
    const struct search_param *other =
        search_param_of(NULL, fhir_type_of(T("Condition")), T("subject"));
    assert_int_equal(search_targets(&r, other, &rules, &a, &found, &count), 0);
    assert_int_equal(count, 0);
    arena_done(&a);
}

/* A Provenance of thousands of resources: sorted and without duplicates. */
static void many_entries(void **state)
{
    (void)state;
    enum { COUNT = 7000 };
    struct arena a;
    struct index index;
    struct buf json;
    buf_init(&json, 1 << 22);
    arena_init(&a, 1 << 24);
    buf_add(&json, T("{'resourceType':'Provenance','target':[{'reference':'Patient/p'}"));
    for (unsigned i = 0; i < 2 * COUNT; i++) {
        buf_printf(&json, ",{'reference':'Observation/%u'}", i * 7919 % COUNT);
    }
    buf_add(&json, T("]}"));
    buf_addc(&json, '\0');
    struct resource r = kit_resource(json.p, &a);
    assert_int_equal(index_extract(&r, &rules, &a, &index), 0);
    assert_int_equal(index.count, COUNT + 1);
    for (size_t i = 1; i < index.count; i++) {
        assert_true(index.entries[i - 1].param < index.entries[i].param ||
                    text_cmp(index.entries[i - 1].value, index.entries[i].value) < 0);
    }
    assert_true(text_eq(index.home, T("p")));
    assert_int_equal(index.member_count, 0);
    buf_done(&json);
    arena_done(&a);
}

/* The numbers are what stores keep: they must not change. */
static void numbers(void **state)
{
    (void)state;
    size_t count;
    for (unsigned type = 1; type < fhir_type_count(); type++) {
        const struct search_param *p = search_params((fhir_type)type, &count);
        text id = search_param_of(NULL, (fhir_type)type, T("_id"))->expression;
        assert_true(text_starts(id, fhir_type_name((fhir_type)type)) && text_ends(id, T(".id")));
        assert_int_equal(id.n, fhir_type_name((fhir_type)type).n + 3);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(p[i].number, type << 8 | i);
            assert_true(i == 0 || text_cmp(p[i - 1].name, p[i].name) < 0);
            assert_ptr_equal(search_param_of(NULL, (fhir_type)type, p[i].name), &p[i]);
            bool implied = p[i].implied;
            assert_true(!implied || fhir_type_in_patient_compartment((fhir_type)type));
        }
    }
    assert_int_equal(search_param_of(NULL, FHIR_PATIENT, T("family"))->number, 0x6717);
    assert_int_equal(search_param_of(NULL, fhir_type_of(T("Observation")), T("subject"))->number,
                     0x6030);
    assert_null(search_param_of(NULL, FHIR_PATIENT, T("nothing")));
    assert_null(search_param_of(NULL, 0, T("_id")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries), cmocka_unit_test(odd_shapes),   cmocka_unit_test(no_memory),
        cmocka_unit_test(targets), cmocka_unit_test(many_entries), cmocka_unit_test(numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
