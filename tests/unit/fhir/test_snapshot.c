/* Snapshots from differentials (R4 profiling.html): against the built-in definitions of R4. */
#include "fhir/snapshot.h"

#include "fhir_kit.h"

enum { WORLD_MEMORY = 256 * 1024 * 1024 };

#define URL(name) "http://kith.test/StructureDefinition/" name
#define R4(name) "http://hl7.org/fhir/StructureDefinition/" name
#define HEAD(url, type, base)                                                               \
    "{'resourceType':'StructureDefinition','url':'" url "','name':'Kith','status':'draft'," \
    "'kind':'resource','abstract':false,'type':'" type "','baseDefinition':'" base          \
    "','derivation':'constraint','differential':{'element':["
#define TAIL "]}}"
#define BY_SYSTEM "'slicing':{'discriminator':[{'type':'value','path':'system'}],'rules':'open'}"

#define RULE(key, expression) \
    "{'key':'" key "','severity':'error','human':'h','expression':'" expression "'}"

#define TWICE "{'path':'Patient.active'},{'path':'Patient.gender'},"

/* What other definitions are built on. */
static const char *const shelf[] = {
    /* Its own snapshot has elements in several places. */
    "{'resourceType':'StructureDefinition','url':'" URL(
        "twice") "','type':'Patient','derivation':"
                 "'constraint','snapshot':{'element':[{'path':'Patient'}," TWICE TWICE TWICE TWICE
                 "{'path':'Patient.active'}]}}",
    HEAD(URL("numbered"), "Patient",
         R4("Patient")) "{'path':'Patient.identifier'," BY_SYSTEM ",'min':1},"
                        "{'path':'Patient.identifier','sliceName':'nhs','max':'1'},"
                        "{'path':'Patient.identifier.system','min':1,'fixedUri':'http://kith.test/"
                        "nhs'}" TAIL,
    HEAD(URL("place"), "Extension",
         R4("Extension")) "{'path':'Extension','max':'1'},{'path':'Extension.url','fixedUri':"
                          "'" URL("place") "'},"
                                           "{'path':'Extension.value[x]','min':1,'type':[{'code':'"
                                           "Address'}]}" TAIL,
    HEAD(URL("short-name"), "HumanName",
         R4("HumanName")) "{'path':'HumanName.family','min':1,'maxLength':10}" TAIL,
    HEAD(URL("spoken"), "Patient",
         R4("Patient")) "{'path':'Patient.gender','patternCode':'male','definition':'Said','"
                        "constraint':[" RULE("k-1", "true") "]}" TAIL,
    HEAD(URL("ring-a"), "Patient", URL("ring-b")) "{'path':'Patient'}" TAIL,
    HEAD(URL("ring-b"), "Patient", URL("ring-a")) "{'path':'Patient'}" TAIL,
    HEAD(URL("ring-c"), "Patient", URL("ring-a")) "{'path':'Patient'}" TAIL,
};

struct world {
    struct arena arena;
    struct defs *defs;
    struct defs_shelf *shelf;
};

static int set_up(void **state)
{
    static struct world w;
    struct err e;
    arena_init(&w.arena, WORLD_MEMORY);
    assert_int_equal(defs_shelf_make(&w.arena, &w.shelf, &e), 0);
    for (size_t i = 0; i < sizeof shelf / sizeof *shelf; i++) {
        bool taken = false;
        assert_int_equal(defs_shelf_add(w.shelf, kit_read(shelf[i], &w.arena), &taken, &e), 0);
        assert_true(taken);
    }
    struct defs_source source = defs_shelf_source(w.shelf);
    assert_int_equal(defs_make(&source, 1, WORLD_MEMORY, &w.defs, &e), 0);
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    defs_free(w->defs);
    defs_shelf_done(w->shelf);
    arena_done(&w->arena);
    return 0;
}

static const yyjson_val *elements_of(const yyjson_val *definition)
{
    return json_get(json_get(definition, T("snapshot")), T("element"));
}

static const yyjson_val *element_of(const yyjson_val *definition, text id)
{
    const yyjson_val *list = elements_of(definition);
    const yyjson_val *el = list + 1;
    for (size_t left = json_len(list); left; left--, el = json_after(el)) {
        if (text_eq(json_text(json_get(el, T("id"))), id)) {
            return el;
        }
    }
    return NULL;
}

static text written(const yyjson_val *v, struct arena *a)
{
    struct buf out;
    buf_init(&out, KIT_MEMORY);
    json_write(v, &out);
    text t = arena_copy(a, buf_text(&out));
    buf_done(&out);
    return t;
}

static const yyjson_val *make(struct world *w, const char *json)
{
    struct err e = {0};
    yyjson_val *made = NULL;
    struct issues is;
    struct resource r;
    if (snapshot_make(w->defs, kit_read(json, &w->arena), &w->arena, &made, &e)) {
        fail_msg("%s\n%s", json, e.detail);
    }
    issues_init(&is, &w->arena);
    if (resource_check(made, false, &w->arena, &is, &r)) {
        kit_show(&is);
        fail_msg("%s", json);
    }
    return made;
}

/* --- what the differential says is what the snapshot has ------------------------------------ */

struct row {
    const char *definition;
    const char *id;
    const char *member; /* NULL: whether the element is there */
    const char *wanted; /* NULL: it is not */
};

#define PATIENT HEAD(URL("p"), "Patient", R4("Patient"))
#define OBSERVATION HEAD(URL("o"), "Observation", R4("Observation"))
#define NUMBERED HEAD(URL("p"), "Patient", URL("numbered"))
#define SPOKEN HEAD(URL("p"), "Patient", URL("spoken"))
#define NHS                                                                           \
    PATIENT "{'path':'Patient.identifier'," BY_SYSTEM ",'min':1,'mustSupport':true}," \
            "{'path':'Patient.identifier.period','min':1},"                           \
            "{'path':'Patient.identifier','sliceName':'nhs','max':'1'},"              \
            "{'path':'Patient.identifier.system','fixedUri':'http://kith.test/nhs'}" TAIL
#define PLACE                                                                      \
    PATIENT                                                                        \
    "{'path':'Patient.extension','sliceName':'place','type':[{'code':'Extension'," \
    "'profile':['" URL("place") "']}]},"                                           \
                                "{'path':'Patient.extension.value[x]','short':'Where'}" TAIL
#define QUANTITY                                                \
    OBSERVATION "{'path':'Observation.valueQuantity','min':1}," \
                "{'path':'Observation.valueQuantity.code','fixedCode':'mm'}" TAIL

static const struct row rows[] = {
    /* the base's own */
    {PATIENT "{'path':'Patient'}" TAIL, "Patient.contact.name", "type", "[{'code':'HumanName'}]"},
    {PATIENT "{'path':'Patient'}" TAIL, "Patient", "base", "{'path':'Patient','min':0,'max':'*'}"},
    {PATIENT "{'path':'Patient'}" TAIL, "Patient.name.family", NULL, NULL},
    /* cardinality */
    {PATIENT "{'path':'Patient.name','min':1,'max':'3'}" TAIL, "Patient.name", "min", "1"},
    {PATIENT "{'path':'Patient.name','min':1,'max':'3'}" TAIL, "Patient.name", "max", "'3'"},
    {PATIENT "{'path':'Patient.name','min':1,'max':'3'}" TAIL, "Patient.name", "base",
     "{'path':'Patient.name','min':0,'max':'*'}"},
    /* children of a datatype, with its base and theirs */
    {PATIENT "{'path':'Patient.name.family','min':1}" TAIL, "Patient.name.family", "min", "1"},
    {PATIENT "{'path':'Patient.name.family','min':1}" TAIL, "Patient.name.family", "base",
     "{'path':'HumanName.family','min':0,'max':'1'}"},
    {PATIENT "{'path':'Patient.name.family','min':1}" TAIL, "Patient.name.given", "max", "'*'"},
    {PATIENT "{'path':'Patient.birthDate.extension','max':'0'}" TAIL, "Patient.birthDate.extension",
     "max", "'0'"},
    {PATIENT "{'path':'Patient.id.extension','max':'0'}" TAIL, "Patient.id.extension", "max",
     "'0'"},
    /* children of the profile that a type names */
    {PATIENT "{'path':'Patient.name','type':[{'code':'HumanName','profile':['" URL(
         "short-name") "']}]},{'path':'Patient.name.given','max':'1'}" TAIL,
     "Patient.name.family", "maxLength", "10"},
    /* a content reference */
    {HEAD(URL("q"), "Questionnaire",
          R4("Questionnaire")) "{'path':'Questionnaire.item.item.linkId','maxLength':5}" TAIL,
     "Questionnaire.item.item.linkId", "maxLength", "5"},
    {HEAD(URL("q"), "Questionnaire",
          R4("Questionnaire")) "{'path':'Questionnaire.item.item.linkId','maxLength':5}" TAIL,
     "Questionnaire.item.item", "contentReference", NULL},
    {HEAD(URL("q"), "Questionnaire",
          R4("Questionnaire")) "{'path':'Questionnaire.item.item.linkId','maxLength':5}" TAIL,
     "Questionnaire.item.item", "type", "[{'code':'BackboneElement'}]"},
    {HEAD(URL("q"), "Questionnaire",
          R4("Questionnaire")) "{'path':'Questionnaire.item.item.linkId','maxLength':5}" TAIL,
     "Questionnaire.item.item.item", "contentReference", "'#Questionnaire.item'"},
    /* slices: the whole's words hold for them, but its min */
    {NHS, "Patient.identifier", "min", "1"},
    {NHS, "Patient.identifier:nhs", "min", "0"},
    {NHS, "Patient.identifier:nhs", "max", "'1'"},
    {NHS, "Patient.identifier:nhs", "sliceName", "'nhs'"},
    {NHS, "Patient.identifier:nhs", "slicing", NULL},
    {NHS, "Patient.identifier:nhs", "mustSupport", "true"},
    {NHS, "Patient.identifier:nhs.system", "fixedUri", "'http://kith.test/nhs'"},
    {NHS, "Patient.identifier:nhs.period", "min", "1"},
    {NHS, "Patient.identifier.system", "fixedUri", NULL},
    /* slices of the base */
    {NUMBERED "{'path':'Patient'}" TAIL, "Patient.identifier:nhs.system", "fixedUri",
     "'http://kith.test/nhs'"},
    {NUMBERED "{'id':'Patient.identifier:nhs','path':'Patient.identifier','sliceName':'nhs',"
              "'min':1}" TAIL,
     "Patient.identifier:nhs", "min", "1"},
    {NUMBERED
     "{'id':'Patient.identifier:nhs.value','path':'Patient.identifier.value','min':1}" TAIL,
     "Patient.identifier:nhs.value", "min", "1"},
    {NUMBERED "{'path':'Patient.identifier','sliceName':'old','max':'2'}" TAIL,
     "Patient.identifier:old", "max", "'2'"},
    {NUMBERED "{'path':'Patient.identifier','sliceName':'old'}" TAIL, "Patient.identifier:old",
     "min", "0"},
    {NUMBERED "{'path':'Patient.identifier','sliceName':'old'}" TAIL, "Patient.identifier:old",
     "slicing", NULL},
    /* a slice of a slice */
    {NUMBERED "{'path':'Patient.identifier','sliceName':'nhs','slicing':{'discriminator':[{'type':"
              "'value','path':'use'}],'rules':'open'}},"
              "{'path':'Patient.identifier','sliceName':'nhs/old'},"
              "{'path':'Patient.identifier.use','fixedCode':'old'}" TAIL,
     "Patient.identifier:nhs/old.use", "fixedCode", "'old'"},
    {NUMBERED "{'path':'Patient.identifier','sliceName':'nhs/old'}" TAIL,
     "Patient.identifier:nhs/old.system", "fixedUri", "'http://kith.test/nhs'"},
    /* extensions: sliced by url without more, unfolded with their definition */
    {PLACE, "Patient.extension", "slicing",
     "{'discriminator':[{'type':'value','path':'url'}],'ordered':false,'rules':'open'}"},
    {PLACE, "Patient.extension:place.url", "fixedUri", "'" URL("place") "'"},
    {PLACE, "Patient.extension:place.value[x]", "type", "[{'code':'Address'}]"},
    {PLACE, "Patient.extension:place.value[x]", "short", "'Where'"},
    {PLACE, "Patient.extension:place", "max", "'1'"},
    /* choices by their type */
    {QUANTITY, "Observation.value[x]", "slicing",
     "{'discriminator':[{'type':'type','path':'$this'}],'ordered':false,'rules':'closed'}"},
    {QUANTITY, "Observation.value[x]", "type", "[{'code':'Quantity'}]"},
    {QUANTITY, "Observation.value[x]", "min", "0"},
    {QUANTITY, "Observation.value[x]:valueQuantity", "min", "1"},
    {QUANTITY, "Observation.value[x]:valueQuantity", "path", "'Observation.value[x]'"},
    {QUANTITY, "Observation.value[x]:valueQuantity.code", "fixedCode", "'mm'"},
    {OBSERVATION "{'path':'Observation.value[x]','slicing':{'discriminator':[{'type':'type',"
                 "'path':'$this'}],'rules':'open'}},{'path':'Observation.value[x]',"
                 "'sliceName':'valueString','maxLength':7}" TAIL,
     "Observation.value[x]:valueString", "type", "[{'code':'string'}]"},
    {OBSERVATION "{'path':'Observation.value[x]','type':[{'code':'Quantity'}]},"
                 "{'path':'Observation.value[x].unit','min':1}" TAIL,
     "Observation.value[x].unit", "min", "1"},
    /* types: a kind of the base's; what is not said again stays */
    {HEAD(URL("b"), "Bundle",
          R4("Bundle")) "{'path':'Bundle.entry.resource','type':[{'code':'Patient'}]}" TAIL,
     "Bundle.entry.resource", "type", "[{'code':'Patient'}]"},
    {PATIENT "{'path':'Patient.managingOrganization','type':[{'code':'Reference','aggregation':"
             "['contained']}]}" TAIL,
     "Patient.managingOrganization", "type",
     "[{'code':'Reference','targetProfile':['" R4(
         "Organization") "'],'aggregation':['contained']}]"},
    /* bindings: by their members, unless the value set is another */
    {PATIENT "{'path':'Patient.maritalStatus','binding':{'strength':'required'}}" TAIL,
     "Patient.maritalStatus", "binding",
     "{'strength':'required','valueSet':'http://hl7.org/fhir/ValueSet/marital-status'}"},
    /* fixed takes the place of pattern */
    {SPOKEN "{'path':'Patient.gender','fixedCode':'male'}" TAIL, "Patient.gender", "fixedCode",
     "'male'"},
    {SPOKEN "{'path':'Patient.gender','fixedCode':'male'}" TAIL, "Patient.gender", "patternCode",
     NULL},
    /* prose that goes on; constraints add up, each key once */
    {SPOKEN "{'path':'Patient.gender','definition':'... and \\u0027more\\u0027'}" TAIL,
     "Patient.gender", "definition", "'Said\\n and \\u0027more\\u0027'"},
    {SPOKEN "{'path':'Patient.gender','constraint':[" RULE("k-1", "false") "," RULE(
         "k-2", "true") "]}" TAIL,
     "Patient.gender", "constraint", "[" RULE("k-1", "true") "," RULE("k-2", "true") "]"},
    {SPOKEN "{'path':'Patient.gender','short':'New'}" TAIL, "Patient.gender", "short", "'New'"},
    /* by id, whatever stood before */
    {PATIENT "{'id':'Patient.identifier','path':'Patient.identifier'," BY_SYSTEM "},"
             "{'id':'Patient.identifier:a','path':'Patient.identifier','sliceName':'a'},"
             "{'id':'Patient.identifier.value','path':'Patient.identifier.value','min':1}" TAIL,
     "Patient.identifier.value", "min", "1"},
};

static void takes_what_the_differential_says(void **state)
{
    struct world *w = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *r = &rows[i];
        const yyjson_val *el = element_of(make(w, r->definition), text_of(r->id));
        if (!r->member) {
            assert_null(el);
            continue;
        }
        if (!el) {
            fail_msg("no element %s in the snapshot of %s", r->id, r->definition);
        }
        const yyjson_val *value = json_get(el, text_of(r->member));
        if (r->wanted ? !value || !json_same(value, kit_read(r->wanted, &w->arena))
                      : value != NULL) {
            fail_msg("%s %s: %.*s", r->id, r->member, TEXT_ARG(written(value, &w->arena)));
        }
    }
}

/* --- what is refused ------------------------------------------------------------------------ */

struct refusal {
    const char *definition;
    int code;
    const char *words; /* of the reason */
};

static const struct refusal refusals[] = {
    {PATIENT "{'path':'Patient.shoe','min':1}" TAIL, ERR_INVALID, "no element Patient.shoe"},
    {PATIENT "{'path':'Patient.name.shoe','min':1}" TAIL, ERR_INVALID, "Patient.name.shoe"},
    {PATIENT "{'path':'Person.name','min':1}" TAIL, ERR_INVALID, "not the type of its base"},
    {PATIENT "{'path':'Patient'},{'path':'Person.name'}" TAIL, ERR_INVALID, "the same name"},
    {PATIENT "{'path':'Patient.gender','max':'2'}" TAIL, ERR_INVALID, "max 2 is more than the 1"},
    {PATIENT "{'path':'Patient.gender','max':'*'}" TAIL, ERR_INVALID, "max * is more"},
    {PATIENT "{'path':'Patient.gender','max':'none'}" TAIL, ERR_INVALID, "a whole number or *"},
    {PATIENT "{'path':'Patient.communication.language','min':0}" TAIL, ERR_INVALID,
     "min 0 is less than the 1"},
    {PATIENT "{'path':'Patient.name','min':3,'max':'2'}" TAIL, ERR_INVALID, "min 3 is more"},
    {PATIENT "{'path':'Patient.gender','type':[{'code':'Quantity'}]}" TAIL, ERR_INVALID,
     "the type Quantity is none"},
    {PATIENT "{'path':'Patient.identifier','sliceName':'a'}" TAIL, ERR_INVALID,
     "how they are told apart"},
    {PATIENT "{'path':'Patient.identifier','sliceName':'a.b'}" TAIL, ERR_INVALID, "a slice's name"},
    {PATIENT "{'path':'Patient.identifier','sliceName':'a/b/c/d/e/f/g/h/i'}" TAIL, ERR_INVALID,
     "at most 8 parts"},
    {PATIENT "{'path':'Patient..name'}" TAIL, ERR_INVALID, "names with full stops"},
    {PATIENT "{'path':'Patient.name'},{'path':'Patient.name'}" TAIL, ERR_INVALID, "stands twice"},
    {OBSERVATION "{'path':'Observation.valueAddress'}" TAIL, ERR_INVALID,
     "Observation.valueAddress"},
    {"{'resourceType':'StructureDefinition','url':'" URL("x") "','type':'Patient','derivation':"
                                                              "'constraint'}",
     ERR_INVALID, "on nothing"},
    {"{'resourceType':'StructureDefinition','url':'" URL("x") "','type':'a.b','derivation':"
                                                              "'specialization'}",
     ERR_INVALID, "is no name"},
    {HEAD(URL("x"), "Patient", URL("x")) "{'path':'Patient'}" TAIL, ERR_INVALID, "based on itself"},
    {HEAD(URL("x"), "Patient", URL("ring-c")) "{'path':'Patient'}" TAIL, ERR_INVALID,
     "based on each other"},
    {HEAD(URL("x"), "Patient", URL("gone")) "{'path':'Patient'}" TAIL, ERR_NOT_FOUND, "gone"},
    {HEAD(URL("x"), "Patient", URL("twice")) "{'path':'Patient.active','short':'s'}" TAIL,
     ERR_INVALID, "in two places"},
    {PATIENT "{'path':'Patient.name','type':[{'code':'HumanName','profile':['" URL(
         "gone") "']}]},{'path':'Patient.name.family','min':1}" TAIL,
     ERR_NOT_FOUND, "gone"},
    {PATIENT
     "{'path':'Patient.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a'}" TAIL,
     ERR_INVALID, "more than 32 names"},
};

static void says_what_is_wrong(void **state)
{
    struct world *w = *state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        const struct refusal *r = &refusals[i];
        struct err e = {0};
        yyjson_val *made = NULL;
        int code = snapshot_make(w->defs, kit_read(r->definition, &w->arena), &w->arena, &made, &e);
        if (code != r->code || !strstr(e.detail, r->words) || made) {
            fail_msg("%s: %s: %s", r->definition, err_info(code)->name, e.detail);
        }
    }
}

/* A profile that is not here is needed only where the differential goes into it. */
static void does_without_what_it_does_not_need(void **state)
{
    const yyjson_val *made = make(
        *state, PATIENT "{'path':'Patient.extension','sliceName':'x','type':[{'code':'Extension',"
                        "'profile':['" URL("gone") "']}]}" TAIL);
    assert_non_null(element_of(made, T("Patient.extension:x")));
}

/* --- the whole ------------------------------------------------------------------------------ */

static void keeps_the_order_of_the_base(void **state)
{
    static const char *const wanted[] = {
        "Patient.name",        "Patient.name.id",     "Patient.name.extension",
        "Patient.name.use",    "Patient.name.text",   "Patient.name.family",
        "Patient.name.given",  "Patient.name.prefix", "Patient.name.suffix",
        "Patient.name.period", "Patient.telecom",
    };
    const yyjson_val *made = make(*state, PATIENT "{'path':'Patient.telecom','min':1},"
                                                  "{'path':'Patient.name.given','min':1},"
                                                  "{'path':'Patient.name.use','min':1}" TAIL);
    const yyjson_val *el = element_of(made, T("Patient.name"));
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++, el = json_after(el)) {
        assert_string_equal(json_text(json_get(el, T("id"))).p, wanted[i]);
    }
}

static void makes_it_anew(void **state)
{
    const yyjson_val *made = make(
        *state,
        "{'resourceType':'StructureDefinition','url':'" URL(
            "p") "','name':'Kith',"
                 "'status':'draft','kind':'resource','abstract':false,'type':'Patient',"
                 "'baseDefinition':'" R4(
                     "Patient") "','derivation':'constraint','snapshot':{"
                                "'element':[{'id':'Patient','path':'Patient','short':'old'}]}}");
    assert_null(json_get(element_of(made, T("Patient")), T("short")));
    assert_non_null(element_of(made, T("Patient.link.type")));
}

/* A new type: what it is based on under its own name, then its own elements. */
static void makes_types(void **state)
{
    const yyjson_val *made = make(
        *state,
        "{'resourceType':'StructureDefinition','url':'" URL(
            "Shoe") "','name':'Shoe',"
                    "'status':'draft','kind':'logical','abstract':false,'type':'"
                    "Shoe"
                    "','baseDefinition':'" R4("Element") "','derivation':'specialization',"
                                                         "'differential':{'element':[{'path':'Shoe'"
                                                         ",'min':0,'max':'*'},{'path':"
                                                         "'Shoe.size','min':1,'max':'1','type':[{'"
                                                         "code':'integer'}]},{'path':"
                                                         "'Shoe.lace','min':0,'max':'2','type':[{'"
                                                         "code':'BackboneElement'}]},{'path':"
                                                         "'Shoe.lace.length','min':1,'max':'1','"
                                                         "type':[{'code':'Quantity'}]}]}}");
    assert_non_null(element_of(made, T("Shoe.extension")));
    assert_non_null(element_of(made, T("Shoe.lace.modifierExtension")));
    const yyjson_val *length = element_of(made, T("Shoe.lace.length"));
    assert_true(text_eq(json_text(json_get(json_get(length, T("base")), T("path"))),
                        T("Shoe.lace.length")));
}

/* Slices within slices would make a snapshot without an end of what is small. */
static void has_bounds(void **state)
{
    struct world *w = *state;
    struct buf json;
    struct err e = {0};
    yyjson_val *made = NULL;
    buf_init(&json, KIT_MEMORY);
    buf_add(&json, T(NUMBERED));
    for (unsigned i = 0; i < 4000; i++) {
        buf_printf(&json,
                   "%s{'path':'Patient.identifier','sliceName':'s%u'},"
                   "{'path':'Patient.identifier.value','min':1}",
                   i ? "," : "", i);
    }
    buf_add(&json, T(TAIL));
    buf_addc(&json, '\0');
    assert_false(buf_failed(&json));
    int code = snapshot_make(w->defs, kit_read(json.p, &w->arena), &w->arena, &made, &e);
    buf_done(&json);
    assert_int_equal(code, ERR_INVALID);
    assert_non_null(strstr(e.detail, "more than 20000 elements"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_the_differential_says),
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(does_without_what_it_does_not_need),
        cmocka_unit_test(keeps_the_order_of_the_base),
        cmocka_unit_test(makes_it_anew),
        cmocka_unit_test(makes_types),
        cmocka_unit_test(has_bounds),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
