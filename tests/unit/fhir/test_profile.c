/* Elements against profiles: cardinality, types, values, nested profiles (R4 profiling.html). */
#include "profile_kit.h"

static const struct kit_profile profiles[] = {
    {"named", "Patient",
     "{'id':'Patient.name','path':'Patient.name','min':1,'max':'2'},"
     "{'id':'Patient.name.family','path':'Patient.name.family','min':1},"
     "{'id':'Patient.photo','path':'Patient.photo','max':'0'},"
     "{'id':'Patient.gender','path':'Patient.gender','fixedCode':'female'},"
     "{'id':'Patient.maritalStatus','path':'Patient.maritalStatus','patternCodeableConcept':"
     "{'coding':[{'system':'http://example.org/a','code':'M'}]}},"
     "{'id':'Patient.birthDate','path':'Patient.birthDate','min':1,'minValueDate':'1900-01-01'},"
     "{'id':'Patient.deceased[x]','path':'Patient.deceased[x]','type':[{'code':'boolean'}]}",
     NULL},
    {"short", "Patient",
     "{'id':'Patient.name','path':'Patient.name'},"
     "{'id':'Patient.name.text','path':'Patient.name.text','maxLength':3},"
     "{'id':'Patient.telecom','path':'Patient.telecom','min':2}",
     NULL},
    {"home", "Address", "{'id':'Address.city','path':'Address.city','min':1}", NULL},
    {"at-home", "Patient",
     "{'id':'Patient.address','path':'Patient.address','type':[{'code':'Address','profile':["
     "'" KIT_URL "home']}]}",
     NULL},
    {"either", "Patient",
     "{'id':'Patient.address','path':'Patient.address','type':[{'code':'Address','profile':["
     "'" KIT_URL "home','" KIT_URL "abroad']}]}",
     NULL},
    {"abroad", "Address", "{'id':'Address.country','path':'Address.country','min':1}", NULL},
    {"ruled", "Patient",
     "{'id':'Patient.contact','path':'Patient.contact','constraint':[{'key':'x-1','severity':"
     "'error','human':'h','expression':'gender.exists()','source':'" KIT_URL "ruled'}]}",
     NULL},
    {"warned", "Patient",
     "{'id':'Patient.contact','path':'Patient.contact','constraint':[{'key':'x-2','severity':"
     "'warning','human':'h','expression':'gender.exists()'}]}",
     NULL},
    {"items", "Questionnaire",
     "{'id':'Questionnaire.item','path':'Questionnaire.item'},"
     "{'id':'Questionnaire.item.text','path':'Questionnaire.item.text','min':1}",
     NULL},
    {"filed", "Patient",
     "{'id':'Patient.contained','path':'Patient.contained','type':[{'code':'Organization'}]}",
     NULL},
};

static const struct {
    const char *profile;
    const char *json;
    const char *expected;
} cases[] = {
#define RIGHT "'name':[{'family':'A'}],'birthDate':'1980-01-01'"
    {"named", "{'resourceType':'Patient'," RIGHT "}", ""},
    {"named", "{'resourceType':'Patient'}", "Patient REQUIRED; Patient REQUIRED"},
    {"named", "{'resourceType':'Patient'," RIGHT ",'photo':[{'title':'x'}]}",
     "Patient.photo BUSINESS_RULE"},
    {"named",
     "{'resourceType':'Patient','birthDate':'1980','name':[{'family':'A'},{'family':'B'},"
     "{'family':'C'}]}",
     "Patient.name BUSINESS_RULE"},
    {"named", "{'resourceType':'Patient','birthDate':'1980-01-01','name':[{'text':'A'}]}",
     "Patient.name[0] REQUIRED"},
    {"named", "{'resourceType':'Patient'," RIGHT ",'gender':'female'}", ""},
    {"named", "{'resourceType':'Patient'," RIGHT ",'gender':'male'}", "Patient.gender VALUE"},
    {"named",
     "{'resourceType':'Patient'," RIGHT ",'maritalStatus':{'text':'t','coding':[{'code':'x'},"
     "{'system':'http://example.org/a','code':'M','display':'d'}]}}",
     ""},
    {"named", "{'resourceType':'Patient'," RIGHT ",'maritalStatus':{'coding':[{'code':'M'}]}}",
     "Patient.maritalStatus VALUE"},
    {"named", "{'resourceType':'Patient','name':[{'family':'A'}],'birthDate':'1899-12-31'}",
     "Patient.birthDate VALUE"},
    {"named", "{'resourceType':'Patient'," RIGHT ",'deceasedBoolean':false}", ""},
    {"named", "{'resourceType':'Patient'," RIGHT ",'deceasedDateTime':'2020'}",
     "Patient.deceased.ofType(dateTime) BUSINESS_RULE"},
    /* A primitive with extensions alone is there. */
    {"named",
     "{'resourceType':'Patient','name':[{'family':'A'}],'_birthDate':{'extension':[{'url':"
     "'http://hl7.org/fhir/StructureDefinition/data-absent-reason','valueCode':'unknown'}]}}",
     ""},
    {"short",
     "{'resourceType':'Patient','name':[{'text':'\u00e4\u00f6\u00fc'}],'telecom':"
     "[{'rank':1},{'rank':2}]}",
     ""},
    {"short", "{'resourceType':'Patient','name':[{'text':'abcd'}],'telecom':[{'rank':1}]}",
     "Patient.name[0].text VALUE; Patient.telecom REQUIRED"},
    {"at-home", "{'resourceType':'Patient','address':[{'city':'X'}]}", ""},
    {"at-home", "{'resourceType':'Patient','address':[{'city':'X'},{'country':'X'}]}",
     "Patient.address[1] REQUIRED"},
    {"either", "{'resourceType':'Patient','address':[{'city':'X'},{'country':'X'}]}", ""},
    {"either", "{'resourceType':'Patient','address':[{'text':'X'}]}",
     "Patient.address[0] BUSINESS_RULE"},
    {"ruled", "{'resourceType':'Patient','contact':[{'gender':'male','name':{'text':'x'}}]}", ""},
    {"ruled", "{'resourceType':'Patient','contact':[{'name':{'text':'x'}}]}",
     "Patient.contact[0] INVARIANT"},
    {"warned", "{'resourceType':'Patient','contact':[{'name':{'text':'x'}}]}",
     "?Patient.contact[0] INVARIANT"},
    /* By contentReference at any depth. */
    {"items",
     "{'resourceType':'Questionnaire','status':'active','item':[{'linkId':'1','type':'group',"
     "'text':'a','item':[{'linkId':'2','type':'group','text':'b','item':[{'linkId':'3','type':"
     "'string'}]}]}]}",
     "Questionnaire.item[0].item[0].item[0] REQUIRED"},
    {"filed",
     "{'resourceType':'Patient','contained':[{'resourceType':'Organization','id':'a','name':'x'}],"
     "'managingOrganization':{'reference':'#a'}}",
     ""},
    {"filed",
     "{'resourceType':'Patient','contained':[{'resourceType':'Practitioner','id':'a'}],"
     "'generalPractitioner':[{'reference':'#a'}]}",
     "Patient.contained[0] BUSINESS_RULE"},
    /* Base definitions: invariants of datatypes and of contained resources. */
    {"Patient",
     "{'resourceType':'Patient','text':{'status':'generated','div':'<div "
     "xmlns=\\\"http://www.w3.org/"
     "1999/xhtml\\\">x</div>'},'identifier':[{'period':{'start':'2021','end':'2020'}}]}",
     "Patient.identifier[0].period INVARIANT"},
};

static void test_cases(void **state)
{
    (void)state;
    struct defs *d = kit_defs(profiles, sizeof profiles / sizeof *profiles);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kit_profile_expect(d, cases[i].profile, cases[i].json, NULL, cases[i].expected);
    }
    kit_defs_free(d);
}

/* The rules of a contained resource are its own: %resource means it. */
static void test_contained(void **state)
{
    (void)state;
    char line[1024];
    struct err e = {0};
    struct issues is;
    struct path_item item;
    struct defs *d = kit_defs(NULL, 0);
    struct resource r = kit_check(
        "{'resourceType':'Patient','contained':[{'resourceType':'Patient','id':'a','contact':["
        "{'gender':'male'}]}],'link':[{'type':'seealso','other':{'reference':'#a'}}]}",
        &a);
    issues_init(&is, &a);
    struct profile_run run = {
        .defs = d, .arena = &a, .issues = &is, .e = &e, .options = {.no_warnings = true}};
    assert_int_equal(path_of_resource(r.root, &a, &item, &e), 0);
    assert_int_equal(profile_check(&run, kit_compiled(d, "Patient"), item.u.node), 0);
    kit_findings(&is, line, sizeof line);
    assert_string_equal(line, "Patient.contained[0].contact[0] INVARIANT");
    assert_null(run.resource);
    kit_defs_free(d);
}

static void test_face(void **state)
{
    (void)state;
    struct defs *d = kit_defs(profiles, sizeof profiles / sizeof *profiles);
    const struct profile *p = kit_compiled(d, "home");
    assert_true(text_eq(profile_url(p), T(KIT_URL "home")));
    assert_true(text_eq(profile_type(p), T("Address")));
    assert_int_equal(profile_version(p).n, 0);
    assert_false(profile_is_abstract(p));
    kit_defs_free(d);
}

/* --- definitions that are no good ----------------------------------------------------------------
 */

static const struct {
    const char *json;
    const char *says;
} bad[] = {
    {"{'type':'Patient'}", "no snapshot"},
    {"{'type':'Patient','snapshot':{'element':[1]}}", "no object"},
    {"{'type':'Patient','snapshot':{'element':[{'path':'Patient.name'}]}}", "behind no element"},
    {"{'type':'Patient','snapshot':{'element':[{'path':'Patient'},{'path':'Patient.name.given'}]}}",
     "behind no element"},
    {"{'type':'Patient','snapshot':{'element':[{'path':'Patient'},{'path':'Person.name'}]}}",
     "behind no element"},
    {"{'type':'Patient','snapshot':{'element':[{'path':'Patient'},{'path':'Patient.name','min':3,"
     "'max':'2'}]}}",
     "cardinality"},
    {"{'type':'Patient','snapshot':{'element':[{'path':'Patient'},{'path':'Patient.name'},"
     "{'path':'Patient.name'}]}}",
     "twice"},
    {"{'type':'Patient','snapshot':{'element':[{'path':'Patient'},{'path':'Patient.name',"
     "'contentReference':'#Patient.other'}]}}",
     "contentReference"},
    {"{'type':'Patient','snapshot':{'element':[{'path':'Patient'},{'path':'Patient.name','slicing':"
     "{'rules':'open','discriminator':[{'type':'value','path':'where(use = 1)'}]}}]}}",
     "discriminator path"},
    {"{'type':'Patient','snapshot':{'element':[{'path':'Patient'},{'path':'Patient.name','slicing':"
     "{'rules':'open','discriminator':[{'type':'position','path':'$this'}]}}]}}",
     "position"},
};

static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err e = {0};
        const struct profile *p = NULL;
        assert_int_equal(profile_compile(NULL, kit_read(bad[i].json, &a), &a, &p, &e), ERR_INVALID);
        if (!strstr(e.detail, bad[i].says)) {
            fail_msg("%s: %s", bad[i].json, e.detail);
        }
    }
}

/* A profile that names itself for the same element ends with an error, not on the stack's end. */
static void test_itself(void **state)
{
    (void)state;
    struct err e = {0};
    struct path_item item;
    yyjson_val *definition =
        kit_read("{'resourceType':'StructureDefinition','type':'Patient','derivation':'constraint',"
                 "'url':'" KIT_URL "itself','snapshot':{'element':[{'path':'Patient','type':[{'"
                 "code':'Patient','profile':['" KIT_URL "itself']}]}]}}",
                 &a);
    struct defs *d = kit_defs_of(&definition, 1);
    struct resource r = kit_check("{'resourceType':'Patient','active':true}", &a);
    struct profile_run run = {.defs = d, .arena = &a, .e = &e};
    assert_int_equal(path_of_resource(r.root, &a, &item, &e), 0);
    assert_int_equal(profile_check(&run, kit_compiled(d, "itself"), item.u.node), ERR_TOO_COSTLY);
    kit_defs_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_cases), TEST(test_contained), TEST(test_face),
                                       TEST(test_bad), TEST(test_itself)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
