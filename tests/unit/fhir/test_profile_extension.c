/* Extensions by their url, and where they may stand (R4 extensibility.html). */
#include "profile_kit.h"

#define CONTEXT(type, expression) "'context':[{'type':'" type "','expression':'" expression "'}],"
#define VALUE(type)                                                        \
    "{'id':'Extension.extension','path':'Extension.extension','max':'0'}," \
    "{'id':'Extension.value[x]','path':'Extension.value[x]','min':1,'type':[{'code':'" type "'}]}"
#define FIXED(name) "{'id':'Extension.url','path':'Extension.url','fixedUri':'" KIT_URL name "'},"

static const struct kit_profile profiles[] = {
    {"on-name", "Extension", FIXED("on-name") VALUE("string"), CONTEXT("element", "Patient.name")},
    {"on-family", "Extension", FIXED("on-family") VALUE("string"),
     CONTEXT("element", "HumanName.family")},
    {"on-type", "Extension", FIXED("on-type") VALUE("string"), CONTEXT("element", "HumanName")},
    {"on-any", "Extension", FIXED("on-any") VALUE("string"), CONTEXT("element", "Element")},
    {"on-resource", "Extension", FIXED("on-resource") VALUE("string"),
     CONTEXT("element", "Resource")},
    {"on-choice", "Extension", FIXED("on-choice") VALUE("string"),
     CONTEXT("element", "Observation.value[x]")},
    {"on-concrete", "Extension", FIXED("on-concrete") VALUE("string"),
     CONTEXT("element", "Observation.valueQuantity")},
    {"on-path", "Extension", FIXED("on-path") VALUE("string"),
     CONTEXT("fhirpath", "Patient.name.where(use.exists())")},
    {"on-one", "Extension", FIXED("on-one") VALUE("string"),
     CONTEXT("fhirpath", "Patient.name.single()")},
    {"on-item", "Extension", FIXED("on-item") VALUE("string"),
     CONTEXT("element", "Questionnaire.item")},
    {"inner", "Extension", FIXED("inner") VALUE("string"), CONTEXT("extension", KIT_URL "outer")},
    {"outer", "Extension",
     FIXED("outer") "{'id':'Extension.extension','path':'Extension.extension','min':1},"
                    "{'id':'Extension.value[x]','path':'Extension.value[x]','max':'0'}",
     CONTEXT("element", "Patient")},
    {"parts", "Extension",
     FIXED("parts") "{'id':'Extension.extension','path':'Extension.extension','slicing':{'"
                    "discriminator':[{'type':"
                    "'value','path':'url'}],'rules':'closed'}},"
                    "{'id':'Extension.extension:code','path':'Extension.extension','sliceName':'"
                    "code','min':1,"
                    "'max':'1'},"
                    "{'id':'Extension.extension:code.url','path':'Extension.extension.url','"
                    "fixedUri':'code'},"
                    "{'id':'Extension.extension:code.value[x]','path':'Extension.extension.value[x]"
                    "','min':1,"
                    "'type':[{'code':'code'}]},"
                    "{'id':'Extension.value[x]','path':'Extension.value[x]','max':'0'}",
     CONTEXT("element", "Patient")},
    {"invariant", "Extension", FIXED("invariant") VALUE("string"),
     CONTEXT("element", "Patient") "'contextInvariant':['name.exists() and %extension.exists()'],"},
    {"needs", "Patient",
     "{'id':'Patient.extension','path':'Patient.extension','slicing':{'discriminator':[{'type':"
     "'value','path':'url'}],'rules':'open'}},"
     "{'id':'Patient.extension:any','path':'Patient.extension','sliceName':'any','min':1,'max':'1',"
     "'type':[{'code':'Extension','profile':['" KIT_URL "on-resource']}]}",
     NULL},
};

#define EXT(name) "'extension':[{'url':'" KIT_URL name "','valueString':'x'}]"
#define PATIENT "{'resourceType':'Patient',"

static const struct {
    const char *json;
    const char *expected;
} cases[] = {
    {PATIENT "'name':[{'text':'n'," EXT("on-name") "}]}", ""},
    {PATIENT EXT("on-name") "}", "Patient.extension[0] EXTENSION"},
    {PATIENT "'name':[{'_family':{" EXT("on-family") "}}]}", ""},
    {PATIENT "'name':[{'family':'x','_text':{" EXT("on-family") "}}]}",
     "Patient.name[0].text.extension[0] EXTENSION"},
    {PATIENT "'contact':[{'name':{'text':'n'," EXT("on-type") "}}]}", ""},
    {PATIENT "'address':[{'text':'n'," EXT("on-type") "}]}",
     "Patient.address[0].extension[0] EXTENSION"},
    {PATIENT "'address':[{'text':'n'," EXT("on-any") "}],'_birthDate':{" EXT("on-any") "}}", ""},
    {PATIENT EXT("on-any") "}", ""},
    {"{'resourceType':'CodeSystem','status':'active','content':'complete','concept':[{'code':'a',"
     "'extension':[{'url':'http://hl7.org/fhir/StructureDefinition/valueset-concept-comments',"
     "'valueString':'x'}]}]}",
     ""}, /* as R4 itself, though the definition has it on ValueSets alone */
    {PATIENT "'extension':[{'url':'http://hl7.org/fhir/StructureDefinition/"
             "valueset-concept-comments','valueString':'x'}]}",
     "Patient.extension[0] EXTENSION"},
    {PATIENT EXT("on-resource") "}", ""},
    {"{'resourceType':'Observation','status':'final','code':{'text':'x'},'valueQuantity':{'value':"
     "1," EXT("on-choice") "}}",
     ""},
    {"{'resourceType':'Observation','status':'final','code':{'text':'x'},'valueQuantity':{'value':"
     "1," EXT("on-concrete") "}}",
     ""},
    {"{'resourceType':'Observation','status':'final','code':{'text':'x'},'valueCodeableConcept':{"
     "'text':'x'," EXT("on-concrete") "}}",
     "Observation.value.ofType(CodeableConcept).extension[0] EXTENSION"},
    {PATIENT "'name':[{'use':'official'," EXT("on-path") "},{'text':'old'," EXT("on-path") "}]}",
     "Patient.name[1].extension[0] EXTENSION"},
    {PATIENT "'name':[{'text':'n'," EXT("on-one") "}]}", ""},
    /* Where the expression has no answer, nobody knows that the place is wrong. */
    {PATIENT "'name':[{'text':'n'," EXT("on-one") "},{'text':'o'}]}",
     "?Patient.name[0].extension[0] EXTENSION"},
    {"{'resourceType':'Questionnaire','status':'active','item':[{'linkId':'1','text':'t','type':"
     "'group','item':[{'linkId':'2','text':'t','type':'string'," EXT("on-item") "}]}]}",
     ""},
    {PATIENT "'extension':[{'url':'" KIT_URL "outer'," EXT("inner") "}]}", ""},
    {PATIENT EXT("inner") "}", "Patient.extension[0] EXTENSION"},
    {PATIENT "'extension':[{'url':'" KIT_URL "outer','valueString':'x'}]}",
     "Patient.extension[0].value.ofType(string) BUSINESS_RULE; Patient.extension[0] REQUIRED"},
    {PATIENT "'extension':[{'url':'" KIT_URL "on-resource','valueCode':'x'}]}",
     "Patient.extension[0].value.ofType(code) BUSINESS_RULE"},
    {PATIENT "'extension':[{'url':'" KIT_URL
             "parts','extension':[{'url':'code','valueCode':'x'}]}]}",
     ""},
    {PATIENT "'extension':[{'url':'" KIT_URL "parts','extension':[{'url':'code','valueCode':'x'},"
             "{'url':'other','valueCode':'x'}]}]}",
     "Patient.extension[0].extension[1] BUSINESS_RULE"},
    {PATIENT "'extension':[{'url':'" KIT_URL
             "parts','extension':[{'url':'code','valueString':'x'}]}]}",
     "Patient.extension[0].extension[0].value.ofType(string) BUSINESS_RULE"},
    {PATIENT "'modifierExtension':[{'url':'" KIT_URL "on-resource','valueString':'x'}]}",
     "Patient.modifierExtension[0] EXTENSION"},
    {PATIENT "'name':[{'text':'n'}]," EXT("invariant") "}", ""},
    {PATIENT EXT("invariant") "}", "Patient.extension[0] EXTENSION"},
    {PATIENT "'extension':[{'url':'local','valueString':'x'}]}", "Patient.extension[0] EXTENSION"},
    /* One word about an unknown one, however often it stands there. */
    {PATIENT "'extension':[{'url':'http://x.org/a','valueString':'x'},{'url':'http://x.org/a',"
             "'valueString':'y'}]}",
     "?Patient.extension[0] EXTENSION"},
    {PATIENT "'modifierExtension':[{'url':'http://x.org/a','valueString':'x'}]}",
     "?Patient.modifierExtension[0] EXTENSION"},
};

/* The findings of the base definition, but for what it says of the missing narrative. */
static void check_base(struct defs *d, const char *json, const char *expected)
{
    char line[2048];
    struct err e = {0};
    struct issues is;
    struct issues kept;
    struct path_item item;
    struct resource r = kit_check(json, &a);
    issues_init(&is, &a);
    issues_init(&kept, &a);
    struct profile_run run = {.defs = d, .arena = &a, .issues = &is, .e = &e};
    const struct profile *p = NULL;
    assert_int_equal(defs_profile(d, fhir_type_name(r.type), &p, &e), 0);
    assert_int_equal(path_of_resource(r.root, &a, &item, &e), 0);
    assert_int_equal(profile_check(&run, p, item.u.node), 0);
    for (size_t i = 0; i < is.count; i++) {
        if (!text_starts(is.items[i].details, T("dom-6")) &&
            !(is.items[i].severity != ISSUE_ERROR && is.items[i].code != ERR_EXTENSION)) {
            issues_add(&kept, is.items[i].severity, is.items[i].code, is.items[i].expression,
                       "%.*s", TEXT_ARG(is.items[i].details));
        }
    }
    kit_findings(&kept, line, sizeof line);
    if (strcmp(line, expected) != 0) {
        kit_show(&is);
        fail_msg("%s\n  found    %s\n  expected %s", json, line, expected);
    }
}

static void test_cases(void **state)
{
    (void)state;
    struct defs *d = kit_defs(profiles, sizeof profiles / sizeof *profiles);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_base(d, cases[i].json, cases[i].expected);
    }
    kit_defs_free(d);
}

/* Slices by the url of a profile that the type names. */
static void test_slices(void **state)
{
    (void)state;
    struct defs *d = kit_defs(profiles, sizeof profiles / sizeof *profiles);
    kit_profile_expect(d, "needs", PATIENT EXT("on-resource") "}", NULL, "");
    kit_profile_expect(d, "needs", PATIENT "'active':true}", NULL, "Patient REQUIRED");
    kit_profile_expect(d, "needs",
                       PATIENT "'extension':[{'url':'" KIT_URL "on-resource','valueString':'x'},"
                               "{'url':'" KIT_URL "on-resource','valueString':'y'}]}",
                       NULL, "Patient BUSINESS_RULE");
    kit_defs_free(d);
}

/* What changes the meaning of its element stands in modifierExtension, and nothing else does. */
static void test_modifier(void **state)
{
    (void)state;
    yyjson_val *definition = kit_read(
        "{'resourceType':'StructureDefinition','url':'" KIT_URL "changes','type':'Extension',"
        "'derivation':'constraint','context':[{'type':'element','expression':'Patient'}],'snapshot'"
        ":"
        "{'element':[{'path':'Extension','isModifier':true},{'path':'Extension.url','fixedUri':"
        "'" KIT_URL "changes','min':1,'max':'1'}]}}",
        &a);
    struct defs *d = kit_defs_of(&definition, 1);
    check_base(d, PATIENT "'modifierExtension':[{'url':'" KIT_URL "changes','valueCode':'x'}]}",
               "");
    check_base(d, PATIENT EXT("changes") "}", "Patient.extension[0] EXTENSION");
    kit_defs_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_cases), TEST(test_slices), TEST(test_modifier)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
