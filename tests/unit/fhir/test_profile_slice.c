/* Slices: discriminators, rules, order, slices of choices and of slices (R4
 * profiling.html#slicing). */
#include "profile_kit.h"

#define SLICED(path, by, at, rules)                                                               \
    "{'id':'" path "','path':'" path "','slicing':{'discriminator':[{'type':'" by "','path':'" at \
    "'}],'rules':'" rules "'"
#define SLICE(path, name) "{'id':'" path ":" name "','path':'" path "','sliceName':'" name "'"

#define OWN "http://hl7.org/fhir/StructureDefinition/iso21090-preferred"

static const struct kit_profile profiles[] = {
    {"system", "Patient",
     SLICED("Patient.identifier", "value", "system", "open") "}}," SLICE(
         "Patient.identifier",
         "nhs") ",'min':1,'max':'1'},"
                "{'id':'Patient.identifier:nhs.system','path':'Patient.identifier.system','min':1,"
                "'fixedUri':'http://a'},"
                "{'id':'Patient.identifier:nhs.value','path':'Patient.identifier.value','min':1}"
                "," SLICE("Patient.identifier",
                          "local") ",'max':'2'},"
                                   "{'id':'Patient.identifier:local.system','path':'Patient."
                                   "identifier.system','min':1,"
                                   "'patternUri':'http://b'}",
     NULL},
    {"closed", "Patient",
     SLICED("Patient.identifier", "value", "system", "closed") "}}," SLICE(
         "Patient.identifier",
         "nhs") "},"
                "{'id':'Patient.identifier:nhs.system','path':'Patient.identifier.system','min':1,"
                "'fixedUri':'http://a'}",
     NULL},
    {"end", "Patient",
     SLICED("Patient.identifier", "value", "system", "openAtEnd") ",'ordered':true}}," SLICE(
         "Patient.identifier",
         "a") "},"
              "{'id':'Patient.identifier:a.system','path':'Patient.identifier.system','min':1,"
              "'fixedUri':'http://a'}," SLICE("Patient.identifier",
                                              "b") "},"
                                                   "{'id':'Patient.identifier:b.system','path':'"
                                                   "Patient.identifier.system','min':1,"
                                                   "'fixedUri':'http://b'}",
     NULL},
    {"pattern", "Observation",
     SLICED("Observation.component", "pattern", "code", "open") "}}," SLICE(
         "Observation.component",
         "low") ",'min':1},"
                "{'id':'Observation.component:low.code','path':'Observation.component.code',"
                "'patternCodeableConcept':{'coding':[{'system':'http://loinc.org','code':'1-1'}]}},"
                "{'id':'Observation.component:low.value[x]','path':'Observation.component.value[x]'"
                ",'min':1}",
     NULL},
    {"leaf", "Observation",
     SLICED("Observation.component", "value", "code.coding.code", "open") "}}," SLICE(
         "Observation.component",
         "low") ",'min':1},"
                "{'id':'Observation.component:low.code','path':'Observation.component.code',"
                "'patternCodeableConcept':{'coding':[{'code':'1-1'}]}}",
     NULL},
    {"exists", "Patient",
     SLICED("Patient.name", "exists", "family", "open") "}}," SLICE(
         "Patient.name",
         "full") ",'max':'1'},"
                 "{'id':'Patient.name:full.family','path':'Patient.name.family','min':1}," SLICE(
                     "Patient.name",
                     "short") "},"
                              "{'id':'Patient.name:short.family','path':'Patient.name.family','max'"
                              ":'0'},"
                              "{'id':'Patient.name:short.text','path':'Patient.name.text','min':1}",
     NULL},
    {"choice", "Observation",
     SLICED("Observation.value[x]", "type", "$this", "open") "}}," SLICE(
         "Observation.value[x]", "valueQuantity") ",'type':[{'code':'Quantity'}]},"
                                                  "{'id':'Observation.value[x]:valueQuantity.unit',"
                                                  "'path':'Observation.value[x].unit','min':1}",
     NULL},
    {"choice-name", "Observation",
     "{'id':'Observation.valueQuantity','path':'Observation.valueQuantity'},"
     "{'id':'Observation.valueQuantity.unit','path':'Observation.valueQuantity.unit','min':1}",
     NULL},
    {"default", "Patient",
     SLICED("Patient.identifier", "value", "system", "closed") "}}," SLICE(
         "Patient.identifier",
         "nhs") "},"
                "{'id':'Patient.identifier:nhs.system','path':'Patient.identifier.system','min':1,"
                "'fixedUri':'http://a'}," SLICE(
                    "Patient.identifier", "@default") "},"
                                                      "{'id':'Patient.identifier:@default.value','"
                                                      "path':'Patient.identifier.value','min':1}",
     NULL},
    {"re", "Patient",
     SLICED(
         "Patient.identifier", "value", "system",
         "open") "}},"
                 "{'id':'Patient.identifier:a','path':'Patient.identifier','sliceName':'a','"
                 "slicing':"
                 "{'discriminator':[{'type':'value','path':'use'}],'rules':'open'}},"
                 "{'id':'Patient.identifier:a.system','path':'Patient.identifier.system','min':1,"
                 "'fixedUri':'http://a'},"
                 "{'id':'Patient.identifier:a/old','path':'Patient.identifier','sliceName':'a/"
                 "old','max':'1'},"
                 "{'id':'Patient.identifier:a/"
                 "old.system','path':'Patient.identifier.system','min':1,"
                 "'fixedUri':'http://a'},"
                 "{'id':'Patient.identifier:a/old.use','path':'Patient.identifier.use','min':1,"
                 "'fixedCode':'old'},"
                 "{'id':'Patient.identifier:a/"
                 "old.period','path':'Patient.identifier.period','min':1}",
     NULL},
    {"this", "Patient",
     SLICED("Patient.name.given", "value", "$this",
            "open") "}}," SLICE("Patient.name.given", "x") ",'min':1,'fixedString':'X'}",
     NULL},
    {"home", "Address", "{'id':'Address.city','path':'Address.city','min':1}", NULL},
    {"profile", "Patient",
     SLICED("Patient.address", "profile", "$this", "open") "}}," SLICE(
         "Patient.address",
         "home") ",'min':1,'type':[{'code':'Address','profile':['" KIT_URL "home']}]},"
                 "{'id':'Patient.address:home.line','path':'Patient.address.line','min':1}",
     NULL},
    {"resolved", "List",
     SLICED("List.entry", "type", "item.resolve()", "open") "}}," SLICE(
         "List.entry",
         "people") ",'max':'1'},"
                   "{'id':'List.entry:people.item','path':'List.entry.item','type':[{'code':'"
                   "Reference',"
                   "'targetProfile':['http://hl7.org/fhir/StructureDefinition/Patient']}]}",
     NULL},
    {"by-extension", "Patient",
     SLICED("Patient.name", "exists", "extension(\\\"" OWN "\\\")", "open") "}}," SLICE(
         "Patient.name",
         "own") ",'max':'1'},"
                "{'id':'Patient.name:own.extension','path':'Patient.name.extension','slicing':{"
                "'discriminator':[{'type':'value','path':'url'}],'rules':'open'}},"
                "{'id':'Patient.name:own.extension:own','path':'Patient.name.extension','sliceName'"
                ":'own',"
                "'min':1,'type':[{'code':'Extension','profile':['" OWN "']}]}",
     NULL},
};

/* By a required binding; by an extension that is not there; by a profile that needs itself twice.
 */
static const struct kit_profile harder[] = {
    {"bound", "Observation",
     SLICED("Observation.category", "value", "$this", "open") "}}," SLICE(
         "Observation.category", "sex") ",'max':'1','binding':{'strength':'required','valueSet':"
                                        "'http://hl7.org/fhir/ValueSet/administrative-gender'}}",
     NULL},
    {"without", "Patient",
     SLICED("Patient.name", "exists", "extension(\\\"" OWN "\\\")", "open") "}}," SLICE(
         "Patient.name",
         "plain") "},"
                  "{'id':'Patient.name:plain.extension','path':'Patient.name.extension','slicing':{"
                  "'discriminator':[{'type':'value','path':'url'}],'rules':'open'}},"
                  "{'id':'Patient.name:plain.extension:own','path':'Patient.name.extension',"
                  "'sliceName':'own','max':'0','type':[{'code':'Extension','profile':['" OWN
                  "']}]},"
                  "{'id':'Patient.name:plain.text','path':'Patient.name.text','min':1}",
     NULL},
    {"loop", "Extension",
     SLICED("Extension.extension", "value", "url", "open") "}}," SLICE(
         "Extension.extension",
         "a") ",'min':1,'type':[{'code':'Extension','profile':['" KIT_URL
              "loop']}]}," SLICE("Extension.extension",
                                 "b") ",'min':1,'type':[{'code':'Extension','profile':"
                                      "['" KIT_URL "loop']}]}",
     NULL},
    {"loops", "Patient",
     SLICED("Patient.extension", "value", "$this", "open") "}}," SLICE(
         "Patient.extension", "x") ",'type':[{'code':'Extension','profile':['" KIT_URL "loop']}]}",
     NULL},
};

#define OBSERVATION "{'resourceType':'Observation','status':'final','code':{'text':'x'}"

static const struct {
    const char *profile;
    const char *json;
    const char *expected;
} cases[] = {
    {"system", "{'resourceType':'Patient','identifier':[{'system':'http://a','value':'1'}]}", ""},
    {"system", "{'resourceType':'Patient','identifier':[{'system':'http://b','value':'1'}]}",
     "Patient REQUIRED"},
    {"system", "{'resourceType':'Patient'}", "Patient REQUIRED"},
    {"system", "{'resourceType':'Patient','identifier':[{'system':'http://a'}]}",
     "Patient.identifier[0] REQUIRED"},
    {"system",
     "{'resourceType':'Patient','identifier':[{'system':'http://c'},{'system':'http://a','value':"
     "'1'},{'system':'http://a','value':'2'}]}",
     "Patient BUSINESS_RULE"},
    {"system",
     "{'resourceType':'Patient','identifier':[{'system':'http://a','value':'1'},{'system':"
     "'http://b'},{'system':'http://b'},{'system':'http://b'}]}",
     "Patient BUSINESS_RULE"},
    {"closed", "{'resourceType':'Patient','identifier':[{'system':'http://a'}]}", ""},
    {"closed", "{'resourceType':'Patient','identifier':[{'system':'http://a'},{'value':'2'}]}",
     "Patient.identifier[1] BUSINESS_RULE"},
    {"end",
     "{'resourceType':'Patient','identifier':[{'system':'http://a'},{'system':'http://b'},"
     "{'system':'http://c'}]}",
     ""},
    {"end", "{'resourceType':'Patient','identifier':[{'system':'http://b'},{'system':'http://a'}]}",
     "Patient.identifier[1] BUSINESS_RULE"},
    {"end", "{'resourceType':'Patient','identifier':[{'system':'http://c'},{'system':'http://a'}]}",
     "Patient.identifier[1] BUSINESS_RULE"},
    {"pattern",
     OBSERVATION ",'component':[{'code':{'text':'t','coding':[{'code':'9'},{'system':"
                 "'http://loinc.org','code':'1-1','display':'d'}]},'valueString':'x'}]}",
     ""},
    {"pattern",
     OBSERVATION ",'component':[{'code':{'coding':[{'system':'http://loinc.org','code':'1-1'}]},"
                 "'dataAbsentReason':{'text':'x'}}]}",
     "Observation.component[0] REQUIRED"},
    {"pattern",
     OBSERVATION ",'component':[{'code':{'coding':[{'system':'http://other.org','code':'1-1'}]},"
                 "'valueString':'x'}]}",
     "Observation REQUIRED"},
    /* What the pattern says of the whole it says of the discriminator's place. */
    {"leaf", OBSERVATION ",'component':[{'code':{'coding':[{'code':'1-1'}]},'valueString':'x'}]}",
     ""},
    {"leaf", OBSERVATION ",'component':[{'code':{'coding':[{'code':'1-2'}]},'valueString':'x'}]}",
     "Observation REQUIRED"},
    {"exists", "{'resourceType':'Patient','name':[{'family':'a'},{'text':'b'}]}", ""},
    {"exists", "{'resourceType':'Patient','name':[{'family':'a'},{'given':['b']}]}",
     "Patient.name[1] REQUIRED"},
    {"exists", "{'resourceType':'Patient','name':[{'family':'a'},{'family':'b'}]}",
     "Patient BUSINESS_RULE"},
    {"choice", OBSERVATION ",'valueQuantity':{'value':1,'unit':'kg'}}", ""},
    {"choice", OBSERVATION ",'valueQuantity':{'value':1}}",
     "Observation.value.ofType(Quantity) REQUIRED"},
    {"choice", OBSERVATION ",'valueString':'x'}", ""},
    {"choice-name", OBSERVATION ",'valueQuantity':{'value':1}}",
     "Observation.value.ofType(Quantity) REQUIRED"},
    {"default", "{'resourceType':'Patient','identifier':[{'system':'http://a'},{'value':'2'}]}",
     ""},
    {"default", "{'resourceType':'Patient','identifier':[{'system':'http://b'}]}",
     "Patient.identifier[0] REQUIRED"},
    {"re",
     "{'resourceType':'Patient','identifier':[{'system':'http://a','use':'old','period':{'start':"
     "'2020'}},{'system':'http://a','use':'usual'},{'system':'http://b','use':'old'}]}",
     ""},
    {"re", "{'resourceType':'Patient','identifier':[{'system':'http://a','use':'old'}]}",
     "Patient.identifier[0] REQUIRED"},
    {"re",
     "{'resourceType':'Patient','identifier':[{'system':'http://a','use':'old','period':{'start':"
     "'2020'}},{'system':'http://a','use':'old','period':{'start':'2020'}}]}",
     "Patient BUSINESS_RULE"},
    {"this", "{'resourceType':'Patient','name':[{'given':['A','X']}]}", ""},
    {"this", "{'resourceType':'Patient','name':[{'given':['A']}]}", "Patient.name[0] REQUIRED"},
    {"profile", "{'resourceType':'Patient','address':[{'text':'a'},{'city':'b','line':['c']}]}",
     ""},
    {"profile", "{'resourceType':'Patient','address':[{'text':'a'},{'city':'b'}]}",
     "Patient.address[1] REQUIRED"},
    {"profile", "{'resourceType':'Patient','address':[{'text':'a'}]}", "Patient REQUIRED"},
    {"resolved",
     "{'resourceType':'List','status':'current','mode':'working','entry':[{'item':{'reference':"
     "'Patient/1'}},{'item':{'reference':'Group/1'}}]}",
     ""},
    {"resolved",
     "{'resourceType':'List','status':'current','mode':'working','entry':[{'item':{'reference':"
     "'Patient/1'}},{'item':{'reference':'Patient/2'}}]}",
     "List BUSINESS_RULE"},
    {"by-extension",
     "{'resourceType':'Patient','name':[{'text':'a','extension':[{'url':'" OWN
     "','valueBoolean':true}]"
     "},{'text':'b'}]}",
     ""},
    {"by-extension",
     "{'resourceType':'Patient','name':[{'extension':[{'url':'" OWN "','valueBoolean':true}]},"
     "{'extension':[{'url':'" OWN "','valueBoolean':true}]}]}",
     "Patient BUSINESS_RULE"},
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

#define SEX(code) \
    "{'coding':[{'system':'http://hl7.org/fhir/administrative-gender','code':'" code "'}]}"

static void test_harder(void **state)
{
    (void)state;
    struct defs *d = kit_defs(harder, sizeof harder / sizeof *harder);
    kit_profile_expect(d, "bound", OBSERVATION ",'category':[" SEX("male") "," SEX("none") "]}",
                       NULL, "");
    kit_profile_expect(d, "bound", OBSERVATION ",'category':[" SEX("male") "," SEX("female") "]}",
                       NULL, "Observation BUSINESS_RULE");
    kit_profile_expect(d, "without",
                       "{'resourceType':'Patient','name':[{'family':'a'},{'family':'b','extension':"
                       "[{'url':'" OWN "','valueBoolean':true}]}]}",
                       NULL, "Patient.name[0] REQUIRED");
    kit_defs_free(d);
}

static void test_endless(void **state)
{
    (void)state;
    struct defs *d = kit_defs(harder, sizeof harder / sizeof *harder);
    struct err e = {0};
    struct issues is;
    struct path_item item;
    struct resource r = kit_check(
        "{'resourceType':'Patient','extension':[{'url':'http://x','valueString':'x'}]}", &a);
    issues_init(&is, &a);
    struct profile_run run = {.defs = d, .arena = &a, .issues = &is, .e = &e};
    assert_int_equal(path_of_resource(r.root, &a, &item, &e), 0);
    assert_int_equal(profile_check(&run, kit_compiled(d, "loops"), item.u.node), ERR_TOO_COSTLY);
    assert_non_null(strstr(e.detail, "discriminator"));
    kit_defs_free(d);
}

/* Profiles of R4 itself: category and codes by nested slices, components by code.coding. */
static const char blood_pressure[] =
    "{'resourceType':'Observation','status':'final','category':[{'coding':[{'system':"
    "'http://terminology.hl7.org/CodeSystem/observation-category','code':'vital-signs'}]}],"
    "'code':{'coding':[{'system':'http://loinc.org','code':'85354-9'}]},'subject':{'reference':"
    "'Patient/1'},'effectiveDateTime':'2020-01-01','component':[{'code':{'coding':[{'system':"
    "'http://loinc.org','code':'8480-6'}]},'valueQuantity':{'value':107,'unit':'mmHg','system':"
    "'http://unitsofmeasure.org','code':'mm[Hg]'}},{'code':{'coding':[{'system':"
    "'http://loinc.org','code':'%s'}]},'valueQuantity':{'value':60,'unit':'mmHg','system':"
    "'http://unitsofmeasure.org','code':'%s'}}]}";

static void test_vital_signs(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        {"8462-4", "mm[Hg]", ""},
        {"8462-5", "mm[Hg]", "Observation REQUIRED"},
        {"8462-4", "kPa", "Observation.component[1].value.ofType(Quantity).code VALUE"},
        {"8480-6", "mm[Hg]", "Observation BUSINESS_RULE; Observation REQUIRED"},
    };
    struct defs *d = kit_defs(NULL, 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char json[2048];
        (void)snprintf(json, sizeof json, blood_pressure, rows[i][0], rows[i][1]);
        kit_profile_expect(d, "http://hl7.org/fhir/StructureDefinition/bp", json, NULL, rows[i][2]);
    }
    kit_defs_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_cases), TEST(test_harder), TEST(test_endless),
                                       TEST(test_vital_signs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
