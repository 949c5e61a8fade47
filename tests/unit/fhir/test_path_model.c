/*
 * FHIRPath on the model of R4 (http://hl7.org/fhir/R4/fhirpath.html): elements, choices, primitives
 * and what stands beside them, resources in resources, types, variables.
 */
#include "path_eval_kit.h"

static void types(void **state)
{
    (void)state;
    static const struct path_case cases[] = {
        {"Patient.is(DomainResource) and $this is Resource and $this is FHIR.Patient", "true"},
        {"$this is Element", "false"},
        {"contained[0] is Organization", "true"},
        {"gender is code and gender is string and gender is Element", "true"},
        {"gender is id", "false"},
        {"gender is String", "false"},
        {"gender is System.String", "false"},
        {"'a' is String and 'a' is System.String and 'a' is System.Any", "true"},
        {"'a' is string", "false"},
        {"1 'mg' is Quantity", "true"},
        {"extension[0].value is Age and extension[0].value is Quantity", "true"},
        {"extension[0].value is Duration", "false"},
        {"extension[1].value is uri", "true"},
        {"extension[1].value is url", "false"},
        {"contact[0] is BackboneElement and contact[0] is Element", "true"},
        {"extension[2].value is BackboneElement", "true"}, /* Timing */
        {"extension[2].value.repeat is BackboneElement", "false"},
        {"Patient.is(System.Patient)", "false"},
        {"{} is Patient", ""},
        {"gender is nothing", NULL},
        {"{}.as(nothing)", NULL},
        {"gender.as(code)", "male"},
        {"gender.as(string)", ""},
        {"extension.value.ofType(Quantity).value", "44"},
        {"(extension[0].value as Quantity).value", "44"},
        {"(1 | 'a' | true).ofType(String)", "a"},
        {"type() | contact.type() | gender.type() | 1.type()",
         "<Patient> <BackboneElement> <code> <Integer>"},
        {"(gender | 'a').type().select(namespace + '.' + name)", "FHIR.code System.String"},
    };
    CHECK(patient, cases);
}

/* --- the model ----------------------------------------------------------------------------- */

static void elements(void **state)
{
    (void)state;
    static const struct path_case cases[] = {
        {"Patient.name.given.where(hasValue())", "Peter James Jim"},
        {"DomainResource.name[1].use", "usual"},
        {"Encounter.name", ""},
        {"`Patient`.gender", "male"},
        {"name.family1", ""},
        {"name.given.count()", "4"}, /* one is only an extension */
        {"name.given[1].extension.value", "masked"},
        {"name.given[2].id", "j"},
        {"name.given[0].extension", ""},
        {"active.extension.value", "false"},
        {"active.value", ""}, /* getValue() is what R4 has for it */
        {"deceased", "false"},
        {"deceasedBoolean", NULL},
        {"multipleBirth.count()", "1"},
        {"multipleBirth.extension.url", "http://m"},
        {"multipleBirth is integer", "true"},
        {"extension.value.count()", "3"},
        {"resourceType", ""},
        {"contained.name", "Org"},
        {"contact.name.family", "du Marché"},
        {"managingOrganization.reference", "#o"},
        {"1.foo", ""},
        {"name.children().count()", "7"},
        {"active.children().count()", "1"},
        {"contained.descendants().count()", "4"},
        {"descendants().where($this is Organization).id", "o"},
        {"descendants().reference", "#o #"},
    };
    CHECK(patient, cases);
}

static void bundles(void **state)
{
    (void)state;
    static const char bundle[] =
        "{'resourceType':'Bundle','type':'collection','entry':[{'fullUrl':'urn:uuid:1','resource':"
        "{'resourceType':'Patient','id':'a','contained':[{'resourceType':'Practitioner','id':'c'}]"
        "}},{'resource':{'resourceType':'Parameters','parameter':[{'name':'x','valueString':'s',"
        "'part':[{'name':'y','resource':{'resourceType':'Patient','id':'b'}}]}]}}]}";
    static const struct path_case cases[] = {
        {"entry.resource.type()", "<Patient> <Parameters>"},
        {"entry.resource.ofType(Parameters).parameter.part.resource.type()", "<Patient>"},
        {"entry.resource.ofType(Parameters).parameter.value", "s"},
        {"Bundle.entry.resource.ofType(Patient).id", "a"},
        {"descendants().ofType(Patient).id", "a b"},
        {"descendants().ofType(Practitioner) is DomainResource", "true"},
        {"entry.resource.ofType(Parameters) is DomainResource", "false"},
        {"entry.link.count()", "0"},
    };
    CHECK(bundle, cases);
}

static void strictness(void **state)
{
    (void)state;
    struct path_env env = {.strict = true};
    static const struct path_case strict[] = {
        {"Patient.name.given.id", "j"},
        {"name.given1", NULL},
        {"Encounter.name", NULL},
        {"deceased.exists()", "true"},
        {"active.value", NULL},
        {"contact.name.text", ""},
        {"contact.animal", NULL},
        {"gender.extension", ""},
        {"multipleBirth.id", ""},
        {"(deceased as dateTime).id", ""},
        {"(deceased as Period).start", ""},
        {"(deceased as Period).unit", NULL},
        {"(deceased as Patient).nothing", NULL},
        {"children().skip(1)", NULL},
        {"descendants()[0]", NULL},
        {"name.skip(1).use", "usual"},
    };
    check_env(patient, &env, strict, sizeof strict / sizeof *strict);
    struct path_env many = {.as_of_many = true};
    static const struct path_case of_many[] = {
        {"descendants().as(canonical)", "http://x|1"},
        {"name.as(HumanName).family", "Chalmers"},
        {"name is HumanName", NULL},
    };
    check_env(patient, &many, of_many, sizeof of_many / sizeof *of_many);
}

/* --- variables ----------------------------------------------------------------------------- */

static void variables(void **state)
{
    (void)state;
    struct path_item items[] = {{.kind = PATH_INTEGER, .u.integer = 1},
                                {.kind = PATH_INTEGER, .u.integer = 2}};
    struct path_variable given[] = {{T("mine"), {items, 2}}, {T("none"), {NULL, 0}}};
    /* 2026-11-22T05:29:08.123Z */
    struct path_env env = {.variables = given, .variable_count = 2, .now_ms = 1795325348123};
    static const struct path_case cases[] = {
        {"%ucum | %sct | %loinc", "http://unitsofmeasure.org http://snomed.info/sct "
                                  "http://loinc.org"},
        {"%`vs-administrative-gender`", "http://hl7.org/fhir/ValueSet/administrative-gender"},
        {"%`ext-patient-birthTime`", "http://hl7.org/fhir/StructureDefinition/patient-birthTime"},
        {"%mine + 1", NULL},
        {"%mine.select($this + 1)", "2 3"},
        {"%none.empty()", "true"},
        {"%other", NULL},
        {"name.select(%context.gender)", "male male"},
        {"contained.select(%resource.id)", "p"},
        {"now() = @2026-11-22T05:29:08.123Z", "true"},
        {"today()", "2026-11-22"},
        {"timeOfDay() = @T05:29:08.123", "true"},
        {"$index", NULL},
        {"$total", NULL},
    };
    check_env(patient, &env, cases, sizeof cases / sizeof *cases);
}

/* %resource is the resource of the focus, %rootResource what contains that one. */
static void resources(void **state)
{
    (void)state;
    struct path_item root = item_of(patient);
    struct path_items focus = {&root, 1};
    struct path_items name;
    struct path_items items;
    struct err e;
    assert_int_equal(evaluate("contained.name", &focus, NULL, &name, &e), 0);
    assert_int_equal(evaluate("%resource.id | %rootResource.id", &name, NULL, &items, &e), 0);
    assert_true(text_eq(show(&items), T("o p")));
    struct path_env env = {.resource = root};
    assert_int_equal(evaluate("%resource.id & %rootResource.id", &name, &env, &items, &e), 0);
    assert_true(text_eq(show(&items), T("pp")));
    struct path_items nothing = {NULL, 0};
    assert_int_equal(evaluate("%resource | %context | gender", &nothing, NULL, &items, &e), 0);
    assert_int_equal(items.count, 0);
    assert_int_equal(path_of_resource(kit_read("{'resourceType':'Nothing'}", &a), &a, &root, &e),
                     ERR_INVALID);
    assert_non_null(strstr(e.detail, "\"Nothing\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(types),      TEST(elements),  TEST(bundles),
        TEST(strictness), TEST(variables), TEST(resources),
    };
    return cmocka_run_group_tests_name("path_model", tests, NULL, NULL);
}
