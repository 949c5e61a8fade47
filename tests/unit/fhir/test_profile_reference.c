/* References against target profiles, aggregation and versioning (R4 references.html). */
#include "profile_kit.h"

#define TYPED(path, more) \
    "{'id':'" path "','path':'" path "','type':[{'code':'Reference'," more "}]}"
#define BASE "http://hl7.org/fhir/StructureDefinition/"

static const struct kit_profile profiles[] = {
    {"named", "Patient", "{'id':'Patient.name','path':'Patient.name','min':1}", NULL},
    {"born", "Patient", "{'id':'Patient.birthDate','path':'Patient.birthDate','min':1}", NULL},
    {"narrow", "Observation",
     TYPED("Observation.subject", "'targetProfile':['" BASE "Patient','" BASE "Device']"), NULL},
    {"profiled", "Observation",
     TYPED("Observation.subject", "'targetProfile':['" KIT_URL "named','" BASE "Group']"), NULL},
    {"several", "Observation",
     TYPED("Observation.subject", "'targetProfile':['" KIT_URL "named','" KIT_URL "born']"), NULL},
    {"unknown", "Observation",
     TYPED("Observation.subject", "'targetProfile':['http://example.org/nowhere']"), NULL},
    {"contained", "Observation",
     TYPED("Observation.subject",
           "'targetProfile':['" BASE "Patient'],'aggregation':['contained']"),
     NULL},
    {"referenced", "Observation",
     TYPED("Observation.subject",
           "'targetProfile':['" BASE "Patient'],'aggregation':['referenced']"),
     NULL},
    {"specific", "Observation",
     TYPED("Observation.subject", "'targetProfile':['" BASE "Patient'],'versioning':'specific'"),
     NULL},
    {"independent", "Observation",
     TYPED("Observation.subject", "'targetProfile':['" BASE "Patient'],'versioning':'independent'"),
     NULL},
    {"circle", "Patient", TYPED("Patient.link.other", "'targetProfile':['" KIT_URL "circle']"),
     NULL},
};

#define SUBJECT(more) \
    "{'resourceType':'Observation','status':'final','code':{'text':'x'},'subject':{" more "}}"
#define WITH(contained)                                                                          \
    "{'resourceType':'Observation','status':'final','code':{'text':'x'},'contained':[" contained \
    "],'subject':{'reference':'#a'}}"

static const struct {
    const char *profile;
    const char *json;
    const char *expected;
} cases[] = {
    {"narrow", SUBJECT("'reference':'Patient/1'"), ""},
    {"narrow", SUBJECT("'reference':'http://example.org/fhir/Device/1'"), ""},
    {"narrow", SUBJECT("'reference':'Group/1'"), "Observation.subject BUSINESS_RULE"},
    {"narrow", SUBJECT("'type':'Group','identifier':{'value':'1'}"),
     "Observation.subject BUSINESS_RULE"},
    {"narrow", SUBJECT("'display':'somebody'"), ""},
    {"narrow", SUBJECT("'reference':'urn:uuid:c757873d-ec9a-4326-a141-556f43239520'"), ""},
    {"narrow", WITH("{'resourceType':'Patient','id':'a'}"), ""},
    {"narrow", WITH("{'resourceType':'Group','id':'a','type':'person','actual':true}"),
     "Observation.subject BUSINESS_RULE"},
    {"profiled", WITH("{'resourceType':'Patient','id':'a','name':[{'text':'x'}]}"), ""},
    {"profiled", WITH("{'resourceType':'Patient','id':'a'}"), "Observation.subject BUSINESS_RULE"},
    {"profiled", SUBJECT("'reference':'Group/1'"), ""},
    {"profiled", SUBJECT("'reference':'Patient/here'"), ""},
    {"profiled", SUBJECT("'reference':'Patient/bare'"), "Observation.subject BUSINESS_RULE"},
    {"profiled", SUBJECT("'reference':'Patient/elsewhere'"), ""},
    {"several", WITH("{'resourceType':'Patient','id':'a','birthDate':'2020'}"), ""},
    {"several", WITH("{'resourceType':'Patient','id':'a','active':true}"),
     "Observation.subject BUSINESS_RULE"},
    {"unknown", SUBJECT("'reference':'Patient/1'"), "?Observation.subject NOT_FOUND"},
    {"contained", WITH("{'resourceType':'Patient','id':'a'}"), ""},
    {"contained", SUBJECT("'reference':'Patient/1'"), "Observation.subject BUSINESS_RULE"},
    {"referenced", SUBJECT("'reference':'Patient/1'"), ""},
    {"referenced", WITH("{'resourceType':'Patient','id':'a'}"),
     "Observation.subject BUSINESS_RULE"},
    {"specific", SUBJECT("'reference':'Patient/1/_history/2'"), ""},
    {"specific", SUBJECT("'reference':'Patient/1'"), "Observation.subject BUSINESS_RULE"},
    {"independent", SUBJECT("'reference':'Patient/1/_history/2'"),
     "Observation.subject BUSINESS_RULE"},
    /* Targets are not followed from target to target. */
    {"circle",
     "{'resourceType':'Patient','link':[{'type':'seealso','other':{'reference':'Patient/me'}}]}",
     ""},
};

static int resolve(void *context, text reference, struct arena *arena, const yyjson_val **ret_root,
                   struct err *e)
{
    (void)context;
    const char *json =
        text_eq(reference, T("Patient/here"))   ? "{'resourceType':'Patient','name':[{'text':'x'}]}"
        : text_eq(reference, T("Patient/bare")) ? "{'resourceType':'Patient','active':true}"
        : text_eq(reference, T("Patient/me"))
            ? "{'resourceType':'Patient','link':[{'type':'seealso','other':{'reference':"
              "'Patient/me'}}]}"
            : NULL;
    if (!json) {
        return err_set(e, ERR_NOT_FOUND, "not here");
    }
    *ret_root = kit_read(json, arena);
    return 0;
}

static const struct path_world world = {.resolve = resolve};

static void test_cases(void **state)
{
    (void)state;
    struct defs *d = kit_defs(profiles, sizeof profiles / sizeof *profiles);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        kit_profile_expect(d, cases[i].profile, cases[i].json, &world, cases[i].expected);
    }
    kit_defs_free(d);
}

/* In a bundle the target is an entry, found by its fullUrl. */
static void test_bundle(void **state)
{
    (void)state;
    static const char bundle[] =
        "{'resourceType':'Bundle','type':'collection','entry':[{'fullUrl':'urn:uuid:c757873d-ec9a-"
        "4326-a141-556f43239520','resource':{'resourceType':'Observation','status':'final','code':"
        "{'text':'x'},'subject':{'reference':'urn:uuid:c757873d-ec9a-4326-a141-556f43239521'}}},"
        "{'fullUrl':'urn:uuid:c757873d-ec9a-4326-a141-556f43239521','resource':{'resourceType':"
        "'Patient'%s}}]}";
    static const char *const rows[][2] = {
        {",'name':[{'text':'x'}]", ""},
        {"", "Bundle.entry[0].resource.subject BUSINESS_RULE"},
    };
    static const struct kit_profile all[] = {
        {"named", "Patient", "{'id':'Patient.name','path':'Patient.name','min':1}", NULL},
        {"about", "Observation",
         TYPED("Observation.subject",
               "'targetProfile':['" KIT_URL "named'],'aggregation':['bundled']"),
         NULL},
        {"holder", "Bundle",
         "{'id':'Bundle.entry','path':'Bundle.entry','slicing':{'discriminator':[{'type':'type',"
         "'path':'resource'}],'rules':'open'}},"
         "{'id':'Bundle.entry:seen','path':'Bundle.entry','sliceName':'seen','min':1},"
         "{'id':'Bundle.entry:seen.resource','path':'Bundle.entry.resource','min':1,'type':[{'code'"
         ":"
         "'Observation','profile':['" KIT_URL "about']}]}",
         NULL},
    };
    struct defs *d = kit_defs(all, sizeof all / sizeof *all);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char json[2048];
        (void)snprintf(json, sizeof json, bundle, rows[i][0]);
        kit_profile_expect(d, "holder", json, NULL, rows[i][1]);
    }
    kit_defs_free(d);
}

/* That targets exist is asked only where the options say so. */
static void test_exists(void **state)
{
    (void)state;
    char line[256];
    struct err e = {0};
    struct issues is;
    struct path_item item;
    struct defs *d = kit_defs(NULL, 0);
    struct resource r = kit_check(SUBJECT("'reference':'Patient/gone'"), &a);
    for (int asked = 0; asked < 2; asked++) {
        issues_init(&is, &a);
        struct profile_run run = {.defs = d,
                                  .arena = &a,
                                  .issues = &is,
                                  .world = &world,
                                  .e = &e,
                                  .options = {.references = asked, .no_warnings = true}};
        assert_int_equal(path_of_resource(r.root, &a, &item, &e), 0);
        assert_int_equal(profile_check(&run, kit_compiled(d, "Observation"), item.u.node), 0);
        kit_findings(&is, line, sizeof line);
        assert_string_equal(line, asked ? "Observation.subject NOT_FOUND" : "");
    }
    kit_defs_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_cases), TEST(test_bundle), TEST(test_exists)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
