/* Bindings to value sets, and codings against their own systems (R4 terminologies.html). */
#include "profile_part_kit.h"

enum { MEMORY = 64 * 1024 * 1024 };

static const char *const definitions[] = {
    "{'resourceType':'CodeSystem','url':'http://t/colours','version':'1','status':'active',"
    "'content':'complete','caseSensitive':true,'property':[{'code':'status','type':'code'}],"
    "'concept':[{'code':'red','display':'Red','designation':[{'language':'de','value':'Rot'}]},"
    "{'code':'blue','display':'Light  Blue'},{'code':'green','display':'Green'},"
    "{'code':'old','display':'Old','property':[{'code':'status','valueCode':'retired'}]}]}",
    "{'resourceType':'CodeSystem','url':'http://t/part','status':'active','content':'fragment',"
    "'caseSensitive':true,'concept':[{'code':'a','display':'A'}]}",
    "{'resourceType':'ValueSet','url':'http://t/ValueSet/warm','status':'active','compose':{"
    "'include':[{'system':'http://t/colours','concept':[{'code':'red'},{'code':'old'}]}]}}",
    "{'resourceType':'ValueSet','url':'http://t/ValueSet/all','status':'active','compose':{"
    "'include':[{'system':'http://t/colours'}]}}",
    "{'resourceType':'ValueSet','url':'http://t/ValueSet/elsewhere','status':'active','compose':{"
    "'include':[{'system':'http://t/nowhere'}]}}",
    "{'resourceType':'ValueSet','url':'http://t/ValueSet/units','status':'active','compose':{"
    "'include':[{'system':'http://unitsofmeasure.org','concept':[{'code':'mm[Hg]'}]}]}}",
};

static struct defs_shelf *shelf;

static struct defs *make_defs(void)
{
    struct err e = {.code = 0};
    struct defs *defs;
    assert_int_equal(defs_shelf_make(&a, &shelf, &e), 0);
    for (size_t i = 0; i < sizeof definitions / sizeof definitions[0]; i++) {
        bool taken = false;
        assert_int_equal(defs_shelf_add(shelf, kit_read(definitions[i], &a), &taken, &e), 0);
        assert_true(taken);
    }
    struct defs_source source = defs_shelf_source(shelf);
    assert_int_equal(defs_make(&source, 1, MEMORY, &defs, &e), 0);
    return defs;
}

#define CONCEPT(codings) \
    "{'resourceType':'Observation','status':'final','code':{'coding':[" codings "]}}"
#define RED "{'system':'http://t/colours','code':'red'}"
#define BLUE "{'system':'http://t/colours','code':'blue'}"
#define OTHER "{'system':'http://t/nowhere','code':'x'}"

struct bound {
    const char *strength;
    const char *set; /* without http://t/ValueSet/ */
    const char *json;
    const char *at;
    const char *told;
    struct profile_options options;
};

static const struct profile_options quiet = {.no_unknown = true};

static void check_rows(const struct bound *rows, size_t count)
{
    struct defs *defs = make_defs();
    for (size_t i = 0; i < count; i++) {
        const struct path_node *node = node_of(rows[i].json, rows[i].at);
        struct issues is;
        struct profile_run run = run_of(node, &is);
        run.defs = defs;
        run.options = rows[i].options;
        text json = arena_printf(&a, "{'strength':'%s','valueSet':'http://t/ValueSet/%s'}",
                                 rows[i].strength, rows[i].set);
        const struct profile_binding *binding;
        struct err e = {.code = 0};
        assert_int_equal(profile_binding_compile(kit_read(json.p, &a), &a, &binding, &e), 0);
        assert_non_null(binding);
        /* The second time from what was kept: it says the same, which is not said twice. */
        assert_int_equal(profile_binding_check(&run, binding, node), 0);
        size_t first = is.count;
        assert_int_equal(profile_binding_check(&run, binding, node), 0);
        assert_int_equal(is.count, first);
        expect_told(&is, rows[i].told, rows[i].json);
    }
    defs_free(defs);
    defs_shelf_done(shelf);
}

static void strengths(void **state)
{
    (void)state;
    static const struct bound rows[] = {
        {"required", "warm", CONCEPT(RED), "code", "", {0}},
        {"required",
         "warm",
         CONCEPT(BLUE),
         "code",
         "error Observation.code: the code \"blue\" of http://t/colours is not in the value set "
         "http://t/ValueSet/warm|choose",
         {0}},
        /* one coding is enough */
        {"required", "warm", CONCEPT(BLUE "," RED), "code", "", {0}},
        {"required", "warm", CONCEPT(OTHER "," RED), "code", "", quiet},
        {"extensible", "warm", CONCEPT(RED), "code", "", {0}},
        {"extensible", "warm", CONCEPT(BLUE), "code", "warning Observation.code: |\"blue\"", {0}},
        {"extensible", "warm", CONCEPT(OTHER), "code", "warning Observation.code: |\"x\"", quiet},
        {"preferred",
         "warm",
         CONCEPT(BLUE),
         "code",
         "information Observation.code: |\"blue\"",
         {0}},
        /* text alone */
        {"required",
         "warm",
         "{'resourceType':'Observation','code':{'text':'red'}}",
         "code",
         "error Observation.code: there is no code here",
         {0}},
        {"extensible",
         "warm",
         "{'resourceType':'Observation','code':{'text':'red'}}",
         "code",
         "",
         {0}},
        {"required",
         "warm",
         "{'resourceType':'Observation','code':{'extension':[{'url':'http://e','valueCode':'x'}]}}",
         "code",
         "",
         {0}},
        /* of a Coding, a code, a string, a Quantity */
        {"required",
         "warm",
         "{'resourceType':'Encounter','class':" BLUE "}",
         "class",
         "error Encounter.class: the code \"blue\"",
         {0}},
        {"required", "warm", "{'resourceType':'Encounter','class':" RED "}", "class", "", {0}},
        {"required", "warm", "{'resourceType':'Patient','language':'red'}", "language", "", {0}},
        {"required",
         "warm",
         "{'resourceType':'Patient','language':'blue'}",
         "language",
         "error Patient.language: the code \"blue\" is not",
         {0}},
        {"required",
         "units",
         "{'resourceType':'Observation','valueQuantity':{'value':1,'system':"
         "'http://unitsofmeasure.org','code':'mm[Hg]'}}",
         "value",
         "",
         {0}},
        {"required",
         "units",
         "{'resourceType':'Observation','valueQuantity':{'value':1,'system':"
         "'http://unitsofmeasure.org','code':'kPa'}}",
         "value",
         "error Observation.value.ofType(Quantity): the code \"kPa\"",
         {0}},
        {"required",
         "units",
         "{'resourceType':'Observation','valueQuantity':{'value':1}}",
         "value",
         "error|there is no code",
         {0}},
        {"extensible",
         "units",
         "{'resourceType':'Observation','valueQuantity':{'value':1}}",
         "value",
         "",
         {0}},
        /* what is not here */
        {"required",
         "elsewhere",
         CONCEPT(OTHER),
         "code",
         "warning Observation.code: codes of the value set http://t/ValueSet/elsewhere were not",
         {0}},
        {"required", "elsewhere", CONCEPT(OTHER), "code", "", quiet},
        {"required", "missing", CONCEPT(RED), "code", "warning|http://t/ValueSet/missing", {0}},
        /* options */
        {"required", "warm", CONCEPT(BLUE), "code", "", {.no_bindings = true}},
        {"extensible", "warm", CONCEPT(BLUE), "code", "", {.no_warnings = true}},
        {"required", "warm", CONCEPT(BLUE), "code", "error", {.no_warnings = true}},
    };
    check_rows(rows, sizeof rows / sizeof rows[0]);
}

/* A code, its display and its system by themselves, whatever the binding says. */
static void own_systems(void **state)
{
    (void)state;
    static const struct bound rows[] = {
        {"required",
         "all",
         CONCEPT("{'system':'http://t/colours','code':'pink'}"),
         "code",
         "error Observation.code.coding[0]: the code system http://t/colours has no code \"pink\"",
         {0}},
        {"required",
         "all",
         CONCEPT("{'system':'http://t/colours','code':'red','display':'ROT'}"),
         "code",
         "",
         {0}},
        {"required",
         "all",
         CONCEPT("{'system':'http://t/colours','code':'blue','display':'light blue '}"),
         "code",
         "",
         {0}},
        {"required",
         "all",
         CONCEPT("{'system':'http://t/colours','code':'red','display':'Pink'}"),
         "code",
         "warning Observation.code.coding[0]: \"Pink\" is none of the terms|its display is \"Red\"",
         {0}},
        {"required",
         "all",
         CONCEPT("{'system':'http://t/colours','code':'old'}"),
         "code",
         "information Observation.code.coding[0]: |no longer active",
         {0}},
        {"required",
         "all",
         CONCEPT(RED ",{'system':'http://t/part','code':'z'}"),
         "code",
         "warning Observation.code.coding[1]: the code \"z\" is not in the part",
         {0}},
        {"required", "all", CONCEPT(RED ",{'system':'http://t/part','code':'a'}"), "code", "", {0}},
        {"required",
         "all",
         CONCEPT(RED ",{'system':'colours','code':'red'}"),
         "code",
         "error Observation.code.coding[1]: \"colours\" is no absolute URI",
         {0}},
        {"required",
         "all",
         CONCEPT(RED ",{'system':'http://t/ValueSet/warm','code':'red'}"),
         "code",
         "error Observation.code.coding[1]: |is a value set",
         {0}},
        {"required",
         "all",
         CONCEPT(RED ",{'code':'red'}"),
         "code",
         "warning Observation.code.coding[1]: |has no system",
         {0}},
        {"required",
         "all",
         CONCEPT(RED "," OTHER),
         "code",
         "warning Observation.code.coding[1]: codes of the system http://t/nowhere were not",
         {0}},
        {"required", "all", CONCEPT(RED "," OTHER), "code", "", quiet},
        {"required",
         "all",
         CONCEPT(RED ",{'system':'http://unitsofmeasure.org','code':'mgg'}"),
         "code",
         "error Observation.code.coding[1]: \"mgg\" is no unit of UCUM",
         {0}},
        {"required",
         "all",
         CONCEPT(RED ",{'system':'urn:ietf:bcp:47','code':'en-GB'}"),
         "code",
         "",
         {0}},
    };
    check_rows(rows, sizeof rows / sizeof rows[0]);
}

/* The greatest set that may be used is asked whatever the strength; a required one of R4 itself
 * that resource_check() holds is not asked again. */
static void maximum_and_base(void **state)
{
    (void)state;
    struct defs *defs = make_defs();
    static const struct {
        const char *binding;
        const char *json;
        const char *at;
        const char *told;
    } rows[] = {
        {"{'strength':'example','extension':[{'url':'http://hl7.org/fhir/StructureDefinition/"
         "elementdefinition-maxValueSet','valueCanonical':'http://t/ValueSet/warm'}]}",
         CONCEPT(BLUE), "code", "error Observation.code: |http://t/ValueSet/warm"},
        {"{'strength':'preferred','valueSet':'http://t/ValueSet/warm','extension':[{'url':"
         "'http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet','valueCanonical':"
         "'http://t/ValueSet/all'}]}",
         CONCEPT(BLUE), "code", "information Observation.code: |http://t/ValueSet/warm"},
        {"{'strength':'required','valueSet':'http://hl7.org/fhir/ValueSet/administrative-gender|"
         "4.0.1'}",
         "{'resourceType':'Patient','gender':'purple'}", "gender", ""},
        {"{'strength':'required','valueSet':'http://hl7.org/fhir/ValueSet/mimetypes|4.0.1'}",
         "{'resourceType':'CapabilityStatement','format':['json']}", "format", ""},
        {"{'strength':'required','valueSet':'http://hl7.org/fhir/ValueSet/mimetypes|4.0.1'}",
         "{'resourceType':'CapabilityStatement','format':['jsn']}", "format",
         "error CapabilityStatement.format[0]: "},
        {"{'strength':'required','valueSet':'http://t/ValueSet/warm|4.0.1'}",
         "{'resourceType':'Patient','gender':'purple'}", "gender", "warm"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct path_node *node = node_of(rows[i].json, rows[i].at);
        struct issues is;
        struct profile_run run = run_of(node, &is);
        run.defs = defs;
        const struct profile_binding *binding;
        struct err e = {.code = 0};
        assert_int_equal(profile_binding_compile(kit_read(rows[i].binding, &a), &a, &binding, &e),
                         0);
        assert_int_equal(profile_binding_check(&run, binding, node), 0);
        expect_told(&is, rows[i].told, rows[i].binding);
    }
    defs_free(defs);
    defs_shelf_done(shelf);
}

static void compiling(void **state)
{
    (void)state;
    const struct profile_binding *binding;
    struct err e = {.code = 0};
    yyjson_val *example = kit_read("{'strength':'example','valueSet':'http://t/x'}", &a);
    yyjson_val *empty = kit_read("{'strength':'required'}", &a);
    yyjson_val *wrong = kit_read("{'strength':'strong','valueSet':'http://t/x'}", &a);
    assert_int_equal(profile_binding_compile(example, &a, &binding, &e), 0);
    assert_null(binding);
    assert_int_equal(profile_binding_compile(empty, &a, &binding, &e), 0);
    assert_null(binding);
    assert_int_equal(profile_binding_compile(wrong, &a, &binding, &e), ERR_INVALID);
    assert_non_null(strstr(e.detail, "strong"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {TEST(strengths), TEST(own_systems),
                                              TEST(maximum_and_base), TEST(compiling)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
