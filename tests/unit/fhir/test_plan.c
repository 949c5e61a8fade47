/* A plan against one resource: each kind of node and each check, with what a wrong one would find.
 */
#include "fhir/index_check.h"
#include "fhir/ucum.h"

#include "arena_kit.h"
#include "search_kit.h"

#define LOINC "http://loinc.org"

#define UPDATED INT64_C(1588748889010)

static const struct index_rules rules = {.base = {KIT_BASE, sizeof KIT_BASE - 1}};

static struct resource resource;
static struct index entries;
static struct plan_subject subject;

static void look_at(const char *json)
{
    resource = kit_resource(json, &a);
    assert_int_equal(index_extract(&resource, &rules, &a, &entries), 0);
    subject = (struct plan_subject){&resource, &entries, UPDATED, &rules};
}

static void expect_at(int line, bool expected, struct plan_node node)
{
    bool found = !expected;
    int code = plan_test(&node, &subject, &a, &found);
    if (code || found != expected) {
        fail_msg("line %d: code %d, %s", line, code, found ? "found" : "not found");
    }
}

#define YES(node) expect_at(__LINE__, true, node)
#define NO(node) expect_at(__LINE__, false, node)

/* --- nodes --------------------------------------------------------------------------------- */

static const struct search_param *param(const char *name)
{
    const struct search_param *p = search_param_of(NULL, resource.type, text_of(name));
    if (!p) {
        fail_msg("no parameter %s", name);
    }
    return p;
}

static struct plan_node leaf(enum plan_kind kind, const char *name)
{
    return (struct plan_node){
        .kind = kind, .type = resource.type, .param = name ? param(name)->number : 0};
}

static struct plan_node valued(enum plan_kind kind, const char *name, const char *value)
{
    struct plan_node node = leaf(kind, name);
    node.value = text_of(value);
    return node;
}

static struct plan_node group(enum plan_kind kind, struct plan_node first, struct plan_node second)
{
    struct plan_node node = leaf(kind, NULL);
    node.items = arena_zalloc(&a, 2, sizeof *node.items);
    assert_non_null(node.items);
    node.items[0] = first;
    node.items[1] = second;
    node.count = kind == PLAN_NOT ? 1 : 2;
    return node;
}

static struct plan_node not(struct plan_node node)
{
    return group(PLAN_NOT, node, node);
}

static struct plan_node token(const char *name, const char *system, const char *code)
{
    struct plan_node node = valued(PLAN_TOKEN, name, code);
    node.system = text_of(system);
    node.system_mode = system ? *system ? PLAN_SYSTEM_GIVEN : PLAN_SYSTEM_NONE : PLAN_SYSTEM_ANY;
    return node;
}

static struct plan_node range(const char *name, const char *low, const char *high)
{
    struct plan_node node = leaf(PLAN_RANGE, name);
    node.low = text_of(low);
    node.high = text_of(high);
    return node;
}

static struct plan_node quantity(const char *name, const char *low, const char *high,
                                 const char *system, const char *code)
{
    struct plan_node node = leaf(PLAN_QUANTITY, name);
    node.low = text_of(low);
    node.high = text_of(high);
    node.low_included = true;
    node.system = text_of(system);
    node.code = text_of(code);
    return node;
}

static struct plan_node reference(const char *name, fhir_type target, const char *id)
{
    struct plan_node node = valued(PLAN_REFERENCE, name, id);
    node.target = target;
    return node;
}

/* PLAN_CHECK; no candidates but all. */
static struct plan_node check(enum plan_check kind, const char *name, const char *value)
{
    struct plan_node node = group(PLAN_CHECK, leaf(PLAN_ALL, NULL), leaf(PLAN_NONE, NULL));
    node.check = kind;
    node.checked = name ? param(name) : NULL;
    node.value = text_of(value);
    node.count = 1;
    return node;
}

static struct plan_node check_with(enum plan_check kind, const char *name, struct plan_node test)
{
    struct plan_node node = check(kind, name, "");
    node.items[1] = test;
    node.count = 2;
    return node;
}

/* --- trees and leaves ---------------------------------------------------------------------- */

static const char observation[] =
    "{'resourceType':'Observation','id':'o1','meta':{'lastUpdated':'2020-05-06T07:08:09.010Z',"
    "'profile':['http://example.org/p']},'text':{'status':'generated','div':'<div>Pressure taken "
    "<b>sitting</b></div>'},'contained':[{'resourceType':'Practitioner','id':'c','name':[{'family':"
    "'Stone'}],'active':true},{'resourceType':'Device','id':'d','serialNumber':'9'}],"
    "'status':'final','code':{'coding':[{'system':'http://loinc.org','code':'8480-6',"
    "'display':'Systolic Blood Pressure'},{'code':'SYS'}],'text':'Upper value'},"
    "'subject':{'reference':'Patient/p1'},'performer':[{'reference':'Practitioner/x'},"
    "{'identifier':{'system':'http://gmc','value':'G7'}},{'reference':'Patient/p2'}],"
    "'effectiveDateTime':'2020-03-04','valueQuantity':{'value':120,'unit':'mm Hg','code':'mm[Hg]',"
    "'system':'http://unitsofmeasure.org'},'note':[{'text':'Left arm, twice'}],'component':["
    "{'code':{'coding':[{'system':'http://a','code':'A'}]},'valueQuantity':{'value':1,'code':'mg',"
    "'system':'http://unitsofmeasure.org'}},"
    "{'code':{'coding':[{'system':'http://a','code':'B'}]},'valueQuantity':{'value':2,'code':'mg',"
    "'system':'http://unitsofmeasure.org'}}]}";

static void trees(void **state)
{
    (void)state;
    look_at(observation);
    struct plan_node yes = leaf(PLAN_ALL, NULL), no = leaf(PLAN_NONE, NULL);
    YES(yes);
    NO(no);
    NO(group(PLAN_AND, yes, no));
    YES(group(PLAN_AND, yes, yes));
    YES(group(PLAN_OR, no, yes));
    YES(group(PLAN_OR, yes, no));
    NO(group(PLAN_OR, no, no));
    YES(not(no));
    NO(not(yes));
    YES(leaf(PLAN_AND, NULL));
    NO(leaf(PLAN_OR, NULL));
    /* Of another type nothing is found, nor by its opposite. */
    struct plan_node other = not(no);
    other.type = FHIR_PATIENT;
    NO(other);
    YES(valued(PLAN_ID, NULL, "o1"));
    NO(valued(PLAN_ID, NULL, "O1"));
}

static void tokens(void **state)
{
    (void)state;
    look_at(observation);
    YES(token("code", LOINC, "8480-6"));
    NO(token("code", "http://loinc.org/", "8480-6"));
    NO(token("code", "", "8480-6"));
    YES(token("code", NULL, "8480-6"));
    YES(token("code", "", "sys"));
    NO(token("code", LOINC, "sys"));
    NO(token("code", NULL, "8480"));
    NO(token("component-code", NULL, "8480-6"));
    YES(token("status", NULL, "final"));
    struct plan_node system = leaf(PLAN_SYSTEM, "code");
    system.system = T(LOINC);
    YES(system);
    system.system = T("http://loinc");
    NO(system);
    struct plan_node identifier = token("performer", "http://gmc", "g7");
    NO(identifier);
    identifier.of_reference = true;
    YES(identifier);
    identifier.system = T("http://nmc");
    NO(identifier);
    identifier.kind = PLAN_SYSTEM;
    NO(identifier);
    identifier.system = T("http://gmc");
    YES(identifier);
    YES(valued(PLAN_VALUE, "_profile", index_uri(T("http://example.org/p"), &a).p));
    NO(valued(PLAN_VALUE, "_profile", index_uri(T("http://example.org/"), &a).p));
    YES(leaf(PLAN_EXISTS, "code"));
    NO(leaf(PLAN_EXISTS, "method"));
}

static void texts_beside(void **state)
{
    (void)state;
    look_at(observation);
    YES(valued(PLAN_TEXT, "code", "blood press"));
    YES(valued(PLAN_TEXT, "code", "systolic"));
    YES(valued(PLAN_TEXT, "code", "upper"));
    NO(valued(PLAN_TEXT, "code", "lood"));
    NO(valued(PLAN_TEXT, "code", "systolic pressure"));
    NO(valued(PLAN_TEXT, "component-code", "blood"));
    look_at("{'resourceType':'Observation','status':'final','code':{'text':'Knee jerk'}}");
    YES(valued(PLAN_TEXT, "code", "jerk"));
    NO(valued(PLAN_TEXT, "code", "erk"));
    NO(token("code", "", "knee jerk"));
}

static void ranges(void **state)
{
    (void)state;
    look_at("{'resourceType':'Patient','id':'p','name':[{'family':'Müller'}],'birthDate':"
            "'2000-02-03','_gender':{'id':'x'}}");
    YES(range("family", "mu", "mv"));
    YES(range("family", "", ""));
    YES(range("family", "muller", ""));
    NO(range("family", "", "muller"));
    NO(range("family", "mulles", ""));
    NO(range("given", "", ""));
    struct plan_node contains = range("family", "", "");
    contains.test = PLAN_TEST_CONTAINS;
    contains.value = T("ull");
    YES(contains);
    contains.value = T("ulm");
    NO(contains);
    struct plan_node date = range("birthdate", "", "");
    date.test = PLAN_TEST_DATE;
    assert_true(index_date(T("2000-02-03"), &date.start_from, &date.end_to));
    date.start_to = date.start_from;
    date.end_from = date.end_to;
    YES(date);
    date.start_from++;
    date.start_to++;
    NO(date);
    date.start_from--;
    date.start_to--;
    date.end_from--;
    date.end_to--;
    NO(date);
    date.end_to++; /* each of the four bounds alone */
    YES(date);
    date.start_to--;
    NO(date);
    date.start_to += 2;
    date.end_from += 2;
    date.end_to++;
    NO(date);
}

static void near(void **state)
{
    (void)state;
    look_at("{'resourceType':'Location','position':{'longitude':-0.1276,'latitude':51.5072}}");
    struct plan_node paris = range("near", "", "");
    paris.test = PLAN_TEST_NEAR;
    paris.latitude = 48.8566;
    paris.longitude = 2.3522;
    paris.metres = 344500;
    YES(paris);
    paris.metres = 343000;
    NO(paris);
    struct plan_node sydney = paris;
    sydney.latitude = -33.8688;
    sydney.longitude = 151.2093;
    sydney.metres = 17000e3;
    YES(sydney);
    sydney.metres = 16980e3;
    NO(sydney);
    look_at("{'resourceType':'Location','position':{'longitude':179.9999,'latitude':0}}");
    struct plan_node fiji = paris;
    fiji.latitude = 0;
    fiji.longitude = -179.9999;
    fiji.metres = 23;
    YES(fiji);
    fiji.metres = 22;
    NO(fiji);
    look_at("{'resourceType':'Location','position':{'longitude':10,'latitude':90}}");
    fiji.latitude = 89.9999;
    fiji.metres = 12;
    YES(fiji);
}

static void keys(void **state)
{
    (void)state;
    look_at(observation);
    struct plan_node home = valued(PLAN_HOME, "subject", "p1");
    home.target = FHIR_PATIENT;
    YES(home);
    home.value = T("p2");
    NO(home);
    YES(leaf(PLAN_HOMED, "subject"));
    YES(valued(PLAN_COMPARTMENT, NULL, "p1"));
    YES(valued(PLAN_COMPARTMENT, NULL, "p2"));
    NO(valued(PLAN_COMPARTMENT, NULL, "p3"));
    NO(valued(PLAN_COMPARTMENT, NULL, ""));
    YES(reference("performer", fhir_type_of(T("Practitioner")), "x"));
    NO(reference("performer", fhir_type_of(T("PractitionerRole")), "x"));
    NO(reference("performer", fhir_type_of(T("Practitioner")), "y"));
    YES(reference("performer", FHIR_PATIENT, "p2"));
    NO(reference("subject", FHIR_PATIENT, "p2"));
    /* At home with a patient who is not its subject. */
    look_at("{'resourceType':'Observation','status':'final','code':{'text':'x'},"
            "'performer':[{'reference':'Patient/p1'}]}");
    NO(valued(PLAN_HOME, "subject", "p1"));
    NO(leaf(PLAN_HOMED, "subject"));
    NO(leaf(PLAN_EXISTS, "subject"));
    NO(range("subject", "", ""));
    YES(valued(PLAN_COMPARTMENT, NULL, "p1"));
    /* Nobody's. */
    look_at("{'resourceType':'Observation','status':'final','code':{'text':'x'}}");
    NO(leaf(PLAN_HOMED, "subject"));
    NO(valued(PLAN_HOME, "subject", ""));
    NO(valued(PLAN_COMPARTMENT, NULL, ""));
}

static void times_and_words(void **state)
{
    (void)state;
    look_at(observation);
    struct plan_node updated = leaf(PLAN_UPDATED, NULL);
    updated.start_from = UPDATED;
    updated.start_to = UPDATED + 1;
    YES(updated);
    updated.start_to--;
    NO(updated);
    updated.start_from++;
    updated.start_to = INT64_MAX;
    NO(updated);
    YES(valued(PLAN_WORDS, NULL, "pressure sitting"));
    YES(valued(PLAN_WORDS, NULL, "twice sitting arm"));
    NO(valued(PLAN_WORDS, NULL, "sit"));
    NO(valued(PLAN_WORDS, NULL, "sitting standing"));
    struct plan_node narrative = valued(PLAN_WORDS, NULL, "pressure sitting");
    narrative.narrative = true;
    YES(narrative);
    narrative.value = T("twice");
    NO(narrative);
}

/* --- quantities ---------------------------------------------------------------------------- */

static void quantities(void **state)
{
    (void)state;
    look_at(observation);
    YES(quantity("value-quantity", "119.5", "120.5", "", ""));
    YES(quantity("value-quantity", "119.5", "120.5", "", "mm[Hg]"));
    YES(quantity("value-quantity", "119.5", "120.5", "", "mm Hg"));
    NO(quantity("value-quantity", "119.5", "120.5", "", "kPa"));
    YES(quantity("value-quantity", "119.5", "120.5", UCUM_SYSTEM, "mm[Hg]"));
    NO(quantity("value-quantity", "119.5", "120.5", "http://example.org", "mm[Hg]"));
    YES(quantity("value-quantity", "15.5", "16.5", UCUM_SYSTEM, "kPa"));
    NO(quantity("value-quantity", "16.5", "17.5", UCUM_SYSTEM, "kPa"));
    NO(quantity("value-quantity", "15.5", "16.5", UCUM_SYSTEM, "mmol"));
    NO(quantity("value-quantity", "119.5", "120.5", UCUM_SYSTEM, "mmHg"));
    YES(quantity("value-quantity", "120", "", UCUM_SYSTEM, "mm[Hg]"));
    YES(quantity("value-quantity", "15.99864", "", UCUM_SYSTEM, "kPa"));
    NO(quantity("value-quantity", "15.998640000000000000001", "", UCUM_SYSTEM, "kPa"));
    NO(quantity("value-quantity", "", "15.99864", UCUM_SYSTEM, "kPa"));
    struct plan_node node = quantity("value-quantity", "15.99864", "15.99864", UCUM_SYSTEM, "kPa");
    NO(node);
    node.high_included = true;
    YES(node);
    node.low_included = false;
    NO(node);
}

/* --- checks -------------------------------------------------------------------------------- */

static void strings(void **state)
{
    (void)state;
    look_at("{'resourceType':'Patient','name':[{'family':'Müller Lüdenscheidt','given':['Éva']}]}");
    YES(check(CHECK_EXACT, "family", "Müller Lüdenscheidt"));
    NO(check(CHECK_EXACT, "family", "Müller"));
    NO(check(CHECK_EXACT, "family", "müller lüdenscheidt"));
    NO(check(CHECK_EXACT, "given", "Müller Lüdenscheidt"));
    YES(check(CHECK_CONTAINS, "family", "ller lud"));
    struct plan_node end = check(CHECK_CONTAINS, "family", "scheidt");
    end.at_end = true;
    YES(end);
    end.value = T("muller");
    NO(end);
    NO(check(CHECK_CONTAINS, "family", "eva"));
    YES(check(CHECK_CONTAINS, "name", "eva"));
    struct plan_node never = check(CHECK_EXACT, "family", "Müller Lüdenscheidt");
    never.items[0].kind = PLAN_NONE;
    NO(never);
}

static void concepts(void **state)
{
    (void)state;
    look_at(observation);
    YES(check(CHECK_TEXT, "code", "blood pressure"));
    YES(check(CHECK_TEXT, "code", "upper val"));
    NO(check(CHECK_TEXT, "code", "pressure upper"));
    NO(check(CHECK_TEXT, "component-code", "upper"));
}

static struct plan_node of_type(const char *system, const char *code, const char *value)
{
    struct plan_node node = check(CHECK_OF_TYPE, "identifier", code);
    node.system = text_of(system);
    node.code = text_of(value);
    return node;
}

static void identifiers(void **state)
{
    (void)state;
    look_at(
        "{'resourceType':'Patient','identifier':[{'type':{'coding':[{'system':'http://t','code':"
        "'MR'}]},'system':'http://h','value':'A1'},{'type':{'coding':[{'system':'http://t',"
        "'code':'SS'}]},'value':'B2'},{'value':'C3'}]}");
    YES(of_type("http://t", "MR", "A1"));
    YES(of_type("http://t", "mr", "a1"));
    NO(of_type("http://t", "MR", "B2"));
    NO(of_type("http://t", "SS", "A1"));
    NO(of_type("http://h", "MR", "A1"));
    NO(of_type("http://t", "MR", "C3"));
    NO(of_type("", "", "C4"));
}

static void params_and_tuples(void **state)
{
    (void)state;
    look_at(observation);
    /* The union has no entries of its own, and nothing is implied. */
    YES(check_with(CHECK_PARAM, "combo-code", token("code", "http://a", "b")));
    NO(check_with(CHECK_PARAM, "code", token("code", "http://a", "b")));
    NO(check_with(CHECK_PARAM, "combo-code", token("code", "http://a", "c")));
    struct plan_node home = valued(PLAN_HOME, "subject", "p1");
    home.target = FHIR_PATIENT;
    YES(check_with(CHECK_PARAM, "subject", home));
    home.value = T("p2");
    NO(check_with(CHECK_PARAM, "subject", home));
    for (unsigned code = 0; code < 2; code++) {
        for (unsigned value = 0; value < 2; value++) {
            struct plan_node node = check(CHECK_TUPLE, "component-code-value-quantity", "");
            node.items = arena_zalloc(&a, 3, sizeof *node.items);
            node.count = 3;
            node.items[0] = leaf(PLAN_ALL, NULL);
            /* Both tests of a part are about the same entry. */
            node.items[1] = group(PLAN_AND, token("code", "http://a", code ? "b" : "a"),
                                  not(token("code", NULL, "x")));
            node.items[2] = group(PLAN_OR, leaf(PLAN_NONE, NULL),
                                  quantity("value-quantity", value ? "2000" : "1000",
                                           value ? "2001" : "1001", UCUM_SYSTEM, "ug"));
            expect_at(__LINE__, code == value, node);
        }
    }
}

static void contained(void **state)
{
    (void)state;
    look_at(observation);
    struct plan_node node = check_with(CHECK_CONTAINED, NULL, leaf(PLAN_ALL, NULL));
    fhir_type practitioner = fhir_type_of(T("Practitioner"));
    node.target = practitioner;
    YES(node);
    node.target = FHIR_PATIENT;
    NO(node);
    node.target = practitioner;
    const struct search_param *family = search_param_of(NULL, practitioner, T("family"));
    assert_non_null(family);
    node.items[1] = (struct plan_node){.kind = PLAN_RANGE,
                                       .type = practitioner,
                                       .param = family->number,
                                       .low = T("sto"),
                                       .high = T("stp")};
    YES(node);
    node.items[1].low = T("stp");
    node.items[1].high = T("");
    NO(node);
    node.items[1] = (struct plan_node){.kind = PLAN_ID, .type = practitioner, .value = T("c")};
    YES(node);
    node.items[1].value = T("o1");
    NO(node);
    look_at("{'resourceType':'Observation','status':'final','code':{'text':'x'}}");
    NO(node);
}

/* --- what cannot be answered --------------------------------------------------------------- */

static void refuses(void **state)
{
    (void)state;
    bool found = false;
    look_at(observation);
    struct plan_node yes = leaf(PLAN_ALL, NULL);
    struct plan_node joins[] = {leaf(PLAN_CHAIN, "subject"), leaf(PLAN_HAS, NULL)};
    for (size_t i = 0; i < 2; i++) {
        struct plan_node deep =
            check_with(CHECK_CONTAINED, NULL, not(group(PLAN_OR, yes, joins[i])));
        assert_true(plan_joins(&joins[i]));
        assert_true(plan_joins(&deep));
        assert_int_equal(plan_test(&deep, &subject, &a, &found), ERR_NOT_SUPPORTED);
    }
    struct plan_node node = group(PLAN_AND, yes, yes);
    assert_false(plan_joins(&node));
    for (unsigned i = 0; i < 900; i++) {
        node = not(node);
    }
    YES(node);
    for (unsigned i = 0; i < 100000; i++) {
        node = not(node);
    }
    assert_int_equal(plan_test(&node, &subject, &a, &found), ERR_NOT_SUPPORTED);
    /* Entries without a resource: enough for leaves, not for checks. */
    subject.r = NULL;
    YES(token("code", LOINC, "8480-6"));
    NO(token("code", LOINC, "8480-7"));
    node = check(CHECK_EXACT, "code", "x");
    assert_int_equal(plan_test(&node, &subject, &a, &found), ERR_NOT_SUPPORTED);
    node = valued(PLAN_ID, NULL, "o1");
    assert_int_equal(plan_test(&node, &subject, &a, &found), ERR_NOT_SUPPORTED);
    node = valued(PLAN_WORDS, NULL, "x");
    assert_int_equal(plan_test(&node, &subject, &a, &found), ERR_NOT_SUPPORTED);
}

static void out_of_memory(void **state)
{
    (void)state;
    struct arena none;
    bool found;
    look_at(observation);
    struct plan_node nodes[] = {
        valued(PLAN_WORDS, NULL, "x"),
        check(CHECK_TEXT, "code", "x"),
        quantity("value-quantity", "15.5", "16.5", "", ""),
        check_with(CHECK_PARAM, "code", leaf(PLAN_ALL, NULL)),
    };
    arena_init(&none, 0);
    for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++) {
        struct plan_node not_it = not(nodes[i]);
        assert_int_equal(plan_test(&nodes[i], &subject, &none, &found), ERR_MEMORY);
        assert_int_equal(plan_test(&not_it, &subject, &none, &found), ERR_MEMORY);
    }
    arena_done(&none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(trees),
        TEST(tokens),
        TEST(texts_beside),
        TEST(ranges),
        TEST(near),
        TEST(keys),
        TEST(times_and_words),
        TEST(quantities),
        TEST(strings),
        TEST(concepts),
        TEST(identifiers),
        TEST(contained),
        TEST(refuses),
        TEST(params_and_tuples),
        TEST(out_of_memory),
    };
    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
