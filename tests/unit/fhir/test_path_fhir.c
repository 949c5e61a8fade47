/* The functions that R4 adds to FHIRPath (R4 fhirpath.html#functions). */
#include "path_function_kit.h"

/* --- what R4 adds -------------------------------------------------------------------------- */

static const char patient[] =
    "{'resourceType':'Patient','id':'p1','active':true,'birthDate':'1970',"
    "'_birthDate':{'extension':[{'url':'http://e/time','valueString':'noon'},"
    "{'url':'http://e/other','valueString':'x'}]},"
    "'_gender':{'extension':[{'url':'http://e/unknown','valueBoolean':true}]},"
    "'text':{'status':'generated','div':'<div xmlns=\\'http://www.w3.org/1999/xhtml\\'>a</div>'},"
    "'extension':[{'url':'http://e/a','valueInteger':1},{'url':'http://e/a','valueInteger':2}],"
    "'modifierExtension':[{'url':'http://e/m','valueInteger':1}],"
    "'contained':[{'resourceType':'Organization','id':'o1','name':'Inside'},"
    "{'resourceType':'Practitioner','id':'d1'}],"
    "'name':[{'family':'A','given':['B','C']}],"
    "'maritalStatus':{'coding':[{'system':'http://s','code':'M'},{'system':'http://s','code':'N'}]"
    "},"
    "'managingOrganization':{'reference':'#o1'},"
    "'generalPractitioner':[{'reference':'#d1'},{'reference':'#none'},{'reference':'Patient/w1'},"
    "{'reference':'Patient/w2'},{'display':'nobody'}]}";

static void extensions_and_values(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"Patient.extension('http://e/a').value", "1 2"},
        {"Patient.birthDate.extension('http://e/time').value", "noon"},
        {"Patient.gender.extension('http://e/unknown').value", "true"},
        {"Patient.extension('http://e/none')", "{}"},
        {"Patient.extension({})", "{}"},
        {"{}.extension('http://e/a')", "{}"},
        {"'a'.extension('http://e/a')", "{}"},
        {"Patient.birthDate.hasValue()", "true"},
        {"Patient.active.hasValue()", "true"},
        {"Patient.gender.hasValue()", "false"},
        {"Patient.name.hasValue()", "false"},
        {"Patient.name.given.hasValue()", "false"},
        {"Patient.name.given.first().hasValue()", "true"},
        {"Patient.deceased.hasValue()", "false"},
        {"Patient.birthDate.getValue() is System.Date", "true"},
        {"Patient.name.family.getValue()", "'A'"},
        {"Patient.gender.getValue()", "{}"},
        {"Patient.name.getValue()", "{}"},
        {"Patient.name.given.getValue()", "{}"},
        {"Patient.text.div.htmlChecks()", "true"},
        {"Patient.name.htmlChecks()", "{}"},
        {"Patient.checkModifiers('http://e/m').id", "p1"},
        {"Patient.name.checkModifiers().family", "A"},
        {"1 'cm'.comparable(1 '[in_i]')", "true"},
        {"1 'cm'.comparable(1 's')", "false"},
        {"1 'cm'.comparable(1 '[nonsense]')", "false"},
        {"1 'cm'.comparable({})", "{}"},
    };
    IS(rows, patient, NULL);
    static const struct row wrong[] = {
        {"Patient.checkModifiers()", "a modifier extension \"http://e/m\""},
        {"Patient.checkModifiers('http://e/n')", "BUSINESS_RULE"},
        {"Patient.extension('a' | 'b')", "INVALID"},
        {"Patient.elementDefinition()", "NOT_SUPPORTED"},
        {"Patient.slice('http://p', 'a')", "NOT_SUPPORTED"},
    };
    SAYS(wrong, patient, NULL);
}

static void bad_html(void **state)
{
    (void)state;
    static const struct row rows[] = {{"text.div.htmlChecks()", "false"}};
    IS(rows,
       "{'resourceType':'Patient','text':{'status':'generated','div':'<div><script/></div>'}}",
       NULL);
}

/* --- a world ------------------------------------------------------------------------------- */

static int world_resolve(void *context, text reference, struct arena *arena,
                         const yyjson_val **ret_root, struct err *e)
{
    (void)context;
    if (text_eq(reference, T("Patient/broken"))) {
        return err_set(e, ERR_IO, "the disk is gone");
    }
    if (!text_eq(reference, T("Patient/w1"))) {
        return err_set(e, ERR_NOT_FOUND, "none");
    }
    *ret_root = kit_read("{'resourceType':'Patient','id':'w1'}", arena);
    return 0;
}

static int world_member_of(void *context, const struct path_item *code, text value_set,
                           bool *ret_is, struct err *e)
{
    (void)context;
    (void)code;
    if (text_eq(value_set, T("http://v/none"))) {
        return err_set(e, ERR_NOT_FOUND, "none");
    }
    *ret_is = text_eq(value_set, T("http://v/yes"));
    return 0;
}

static int world_conforms_to(void *context, const yyjson_val *resource, text profile,
                             bool *ret_does, struct err *e)
{
    (void)context;
    assert_non_null(resource);
    if (text_eq(profile, T("http://p/none"))) {
        return err_set(e, ERR_NOT_FOUND, "there is no such profile");
    }
    *ret_does = text_eq(profile, T("http://p/yes"));
    return 0;
}

/* One letter is above two, and nothing is known of x. */
static int world_subsumes(void *context, text system, text above, text below, bool *ret_does,
                          struct err *e)
{
    (void)context;
    if (!text_eq(system, T("http://h")) || text_eq(above, T("x")) || text_eq(below, T("x"))) {
        return err_set(e, ERR_NOT_FOUND, "there is no such code");
    }
    *ret_does = above.n < below.n;
    return 0;
}

static int world_definition(void *context, text canonical, const yyjson_val **ret_root,
                            struct err *e)
{
    (void)context;
    if (!text_eq(canonical, T("Patient"))) {
        return err_set(e, ERR_NOT_FOUND, "none");
    }
    *ret_root = kit_read("{'resourceType':'StructureDefinition','snapshot':{'element':[{'path':"
                         "'Patient','min':0},{'path':'Patient.name','max':'*'},{'path':"
                         "'Patient.deceased[x]','max':'1'}]}}",
                         &a);
    return 0;
}

static const struct path_world world = {.resolve = world_resolve,
                                        .member_of = world_member_of,
                                        .conforms_to = world_conforms_to,
                                        .subsumes = world_subsumes,
                                        .definition = world_definition};
static const struct path_env env = {.world = &world};

static void codes_and_profiles(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"Patient.maritalStatus.memberOf('http://v/yes')", "true"},
        {"Patient.maritalStatus.memberOf('http://v/no')", "false"},
        {"Patient.maritalStatus.memberOf('http://v/none')", "{}"},
        {"Patient.maritalStatus.coding.memberOf('http://v/yes')", "{}"},
        {"{}.memberOf('http://v/yes')", "{}"},
        {"Patient.conformsTo('http://p/yes')", "true"},
        {"Patient.conformsTo('http://p/no')", "false"},
        {"{}.conformsTo('http://p/no')", "{}"},
        {"Patient.conformsTo('http://hl7.org/fhir/StructureDefinition/Patient')", "true"},
        {"Patient.conformsTo('http://hl7.org/fhir/StructureDefinition/Patient|4.0.1')", "true"},
        {"Patient.conformsTo('http://hl7.org/fhir/StructureDefinition/DomainResource')", "true"},
        {"Patient.conformsTo('http://hl7.org/fhir/StructureDefinition/Person')", "false"},
        {"Patient.maritalStatus.subsumes(Patient.maritalStatus)", "true"},
        {"Patient.maritalStatus.subsumes(Patient.maritalStatus.coding.first())", "true"},
        {"Patient.maritalStatus.coding.last().subsumedBy(Patient.maritalStatus)", "true"},
        {"Patient.maritalStatus.subsumes({})", "{}"},
    };
    IS(rows, patient, &env);
    static const struct row wrong[] = {
        {"Patient.conformsTo('http://p/none')", "there is no such profile"},
        {"Patient.name.subsumes(Patient.maritalStatus)", "needs a Coding or a CodeableConcept"},
    };
    SAYS(wrong, patient, &env);
    static const struct row alone[] = {
        {"Patient.maritalStatus.coding[0].subsumes(Patient.maritalStatus.coding[1])",
         "NOT_SUPPORTED"},
        {"Patient.maritalStatus.memberOf('http://v/yes')", "NOT_SUPPORTED"},
        {"Patient.conformsTo('http://trash')", "NOT_SUPPORTED"},
    };
    SAYS(alone, patient, NULL);
}

static const char concepts[] =
    "{'resourceType':'Observation','code':{'coding':[{'system':'http://h','code':'a'},{'system':"
    "'http://h','code':'bb'},{'system':'http://other','code':'a'},{'system':'http://h','code':'x'},"
    "{'system':'http://h'}]},'category':[{'coding':[{'system':'http://h','code':'a'}]},{'coding':"
    "[{'system':'http://h','code':'x'},{'system':'http://h','code':'bb'}]},{'coding':[{'system':"
    "'http://h','code':'x'}]}]}";

static void hierarchies(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"code.coding[0].subsumes(%context.code.coding[1])", "true"},
        {"code.coding[1].subsumes(%context.code.coding[0])", "false"},
        {"code.coding[1].subsumedBy(%context.code.coding[0])", "true"},
        {"code.coding[0].subsumedBy(%context.code.coding[1])", "false"},
        {"code.coding[3].subsumes(%context.code.coding[3])", "true"},
        {"code.coding[4].subsumes(%context.code.coding[0])", "false"},
        {"category[0].subsumes(%context.category[1])", "true"}, /* by one of its codings */
        {"category[1].subsumedBy(%context.category[0])", "true"},
        {"code.subsumes(%context.category[0])", "true"},
        {"code.coding[2].subsumes(%context.category[0])", "false"},
    };
    IS(rows, concepts, &env);
    static const struct row wrong[] = {
        {"code.coding[0].subsumes(%context.code.coding[2])", "different systems"},
        {"code.coding[0].subsumes(%context.code.coding[3])", "no such code"},
        {"category[0].subsumes(%context.category[2])", "no such code"},
    };
    SAYS(wrong, concepts, &env);
}

static void definitions_of_elements(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"Patient.elementDefinition().min", "0"},
        {"Patient.name.first().elementDefinition().max", "*"},
        {"Patient.name.elementDefinition().count() = Patient.name.count()", "true"},
        {"Patient.name.family.elementDefinition()", "{}"},
        {"'a'.elementDefinition()", "{}"},
        {"Patient.elementDefinition() is ElementDefinition", "true"},
    };
    IS(rows, patient, &env);
    static const struct row choice[] = {{"Patient.deceased.elementDefinition().max", "1"}};
    IS(choice, "{'resourceType':'Patient','deceasedBoolean':true}", &env);
}

static void resolving(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"Patient.managingOrganization.resolve()", "Organization/o1"},
        {"Patient.managingOrganization.reference.resolve().name", "Inside"},
        {"Patient.managingOrganization.resolve() is Organization", "true"},
        {"'#o1'.resolve()", "Organization/o1"},
        {"'#'.resolve()", "Patient/p1"},
        {"Patient.generalPractitioner.resolve()", "Practitioner/d1 Patient/w1"},
        {"'Patient/w1'.resolve()", "Patient/w1"},
        {"'no reference'.resolve()", "{}"},
        {"Patient.name.resolve()", "{}"},
        {"{}.resolve()", "{}"},
    };
    IS(rows, patient, &env);
    static const struct row wrong[] = {{"'Patient/broken'.resolve()", "the disk is gone"}};
    SAYS(wrong, patient, &env);
    static const struct row alone[] = {
        {"Patient.generalPractitioner.resolve()", "Practitioner/d1"}};
    IS(alone, patient, NULL);
}

static const char bundle[] =
    "{'resourceType':'Bundle','type':'collection','entry':["
    "{'fullUrl':'urn:uuid:11111111-1111-4111-8111-111111111111','resource':"
    "{'resourceType':'Patient','id':'a'}},"
    "{'fullUrl':'http://x.org/fhir/Patient/b','resource':"
    "{'resourceType':'Patient','id':'b','meta':{'versionId':'2'}}},"
    "{'fullUrl':'http://x.org/fhir/Observation/o','resource':{'resourceType':'Observation',"
    "'id':'o','status':'final','code':{'text':'c'},'subject':{'reference':'Patient/b'},"
    "'contained':[{'resourceType':'Practitioner','id':'c'}],"
    "'performer':[{'reference':'http://x.org/fhir/Patient/b'},{'reference':'#c'},"
    "{'reference':'urn:uuid:11111111-1111-4111-8111-111111111111'},"
    "{'reference':'http://y.org/fhir/Patient/b'}],"
    "'focus':[{'reference':'Patient/b/_history/2'},{'reference':'Patient/b/_history/1'}]}},"
    "{'fullUrl':'urn:uuid:22222222-2222-4222-8222-222222222222','resource':"
    "{'resourceType':'Observation','id':'q','status':'final','code':{'text':'c'},"
    "'subject':{'reference':'Patient/b'}}},{}]}";

static void resolving_in_a_bundle(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"Bundle.entry[2].resource.subject.resolve()", "Patient/b"},
        {"Bundle.entry[2].resource.performer.resolve()", "Patient/b Practitioner/c Patient/a"},
        {"Bundle.entry[2].resource.contained.select('#c').resolve()", "{}"},
        {"Bundle.entry[2].resource.focus.resolve()", "Patient/b"},
        {"Bundle.entry[3].resource.subject.resolve()", "{}"},
        {"Bundle.entry[2].resource.subject.resolve() is Patient", "true"},
    };
    IS(rows, bundle, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(extensions_and_values),   TEST(bad_html),
        TEST(codes_and_profiles),      TEST(hierarchies),
        TEST(definitions_of_elements), TEST(resolving),
        TEST(resolving_in_a_bundle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
