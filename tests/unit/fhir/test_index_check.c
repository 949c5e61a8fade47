/* What the checks of a plan look at: whole texts, concepts, identifiers and tuples, and the entries
 * of one parameter. */
#include "fhir/index_check.h"
#include "fhir/search_custom.h"

#include "search_kit.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct index_rules rules = {.base = {KIT_BASE, sizeof KIT_BASE - 1}};

static struct arena a;
static struct buf got;

static int set_up(void **state)
{
    (void)state;
    arena_init(&a, 1 << 24);
    buf_init(&got, 1 << 16);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    buf_done(&got);
    arena_done(&a);
    return 0;
}

static const struct search_param *param_of(const struct resource *r, const char *name)
{
    const struct search_param *param = search_param_of(NULL, r->type, text_of(name));
    assert_non_null(param);
    return param;
}

static void check_got(const char *expected)
{
    buf_addc(&got, '\0');
    assert_string_equal(got.p, expected);
    buf_clear(&got);
}

/* --- */

static const char patient[] =
    "{'resourceType':'Patient','name':[{'text':'Dr. Zoë O’Neil','family':'O’Neil','given':['Zoë',"
    "'']},{'use':'old'}],'address':[{'line':['1 High St.','Flat 2'],'city':'Leeds','use':'home',"
    "'postalCode':'LS1 1AA'}],'birthDate':'2000-01-01',"
    "'identifier':[{'system':'http://nhs','value':'9A','type':{'coding':[{'system':'http://t',"
    "'code':'NH'},{'code':'X'}],'text':'NHS Number'}},{'value':'8'},{'value':'7',"
    "'type':{'text':'old one'}}],'generalPractitioner':[{'display':'Dr. Who',"
    "'identifier':{'value':'G1','type':{'coding':[{'system':'http://t','code':'GMC'}]}}},"
    "{'reference':'Practitioner/1'}]}";

static void check_strings(const char *name, const char *expected)
{
    text *strings;
    size_t count;
    struct resource r = kit_resource(patient, &a);
    assert_int_equal(index_strings(&r, &rules, param_of(&r, name), &a, &strings, &count), 0);
    for (size_t i = 0; i < count; i++) {
        buf_add(&got, strings[i]);
        buf_addc(&got, '/');
    }
    check_got(expected);
}

static void strings(void **state)
{
    (void)state;
    check_strings("name", "Dr. Zoë O’Neil/O’Neil/Zoë/");
    check_strings("family", "O’Neil/");
    check_strings("address", "1 High St./Flat 2/Leeds/LS1 1AA/");
    check_strings("birthdate", "");
    check_strings("gender", "");
}

static void check_concepts(const char *json, const char *name, const char *expected)
{
    struct index_concept *concepts;
    size_t count;
    struct resource r = kit_resource(json, &a);
    assert_int_equal(index_concepts(&r, &rules, param_of(&r, name), &a, &concepts, &count), 0);
    for (size_t i = 0; i < count; i++) {
        assert_true(concepts[i].count > 0);
        for (size_t k = 0; k < concepts[i].count; k++) {
            buf_add(&got, concepts[i].texts[k]);
            buf_addc(&got, '/');
        }
        buf_addc(&got, '\n');
    }
    check_got(expected);
}

static void concepts(void **state)
{
    (void)state;
    static const char observation[] =
        "{'resourceType':'Observation','code':{'coding':[{'code':'1','display':'One'},"
        "{'display':'Uno'}],'text':'Eins, Zwei'},'component':[{'code':{'text':'C'}},"
        "{'code':{'coding':[{'code':'2'}]}}],'status':'final',"
        "'meta':{'tag':[{'code':'t','display':'Tag'}]},'subject':{'reference':'Patient/1',"
        "'display':'Peter'}}";
    check_concepts(observation, "code", "One/Uno/Eins, Zwei/\n");
    check_concepts(observation, "combo-code", "One/Uno/Eins, Zwei/\nC/\n");
    check_concepts(observation, "status", "");
    check_concepts(observation, "_tag", "Tag/\n");
    check_concepts(observation, "subject", "Peter/\n");
    check_concepts(patient, "identifier", "NHS Number/\nold one/\n");
    check_concepts(patient, "general-practitioner", "Dr. Who/\n");
}

static void check_identifiers(const char *name, const char *expected)
{
    struct index_identifier *items;
    size_t count;
    struct resource r = kit_resource(patient, &a);
    assert_int_equal(index_identifiers(&r, &rules, param_of(&r, name), &a, &items, &count), 0);
    for (size_t i = 0; i < count; i++) {
        buf_printf(&got, "%.*s|%.*s|%.*s of %.*s\n", TEXT_ARG(items[i].type_system),
                   TEXT_ARG(items[i].type_code), TEXT_ARG(items[i].value),
                   TEXT_ARG(items[i].system));
    }
    check_got(expected);
}

static void identifiers(void **state)
{
    (void)state;
    check_identifiers("identifier", "http://t|NH|9A of http://nhs\n|X|9A of http://nhs\n");
    check_identifiers("general-practitioner", "http://t|GMC|G1 of \n");
    check_identifiers("gender", "");
}

/* --- tuples -------------------------------------------------------------------------------- */

static void print_entry(const struct index_entry *e)
{
    int64_t start, end;
    if (e->kind == INDEX_TOKEN) {
        buf_printf(&got, " %.*s|%.*s", TEXT_ARG(e->system), TEXT_ARG(e->value));
    } else if (e->kind == INDEX_REFERENCE) {
        buf_printf(&got, " %.*s/%.*s", TEXT_ARG(fhir_type_name(e->target)), TEXT_ARG(e->value));
    } else if (e->kind == INDEX_QUANTITY) {
        text rest = e->system, system, code;
        assert_true(text_cut(&rest, 0x1F, &system) && text_cut(&rest, 0x1F, &code));
        buf_printf(&got, " q%.*s", TEXT_ARG(code));
    } else if (index_date_read(e->value, &start, &end)) {
        buf_printf(&got, " %.10s", kit_moment(start, &a).p);
    } else {
        buf_addc(&got, ' ');
        for (size_t i = 0; i < e->value.n; i++) {
            char c = e->value.p[i];
            buf_printf(&got, c < ' ' || c > '~' ? "<%02x>" : "%c", (unsigned char)c);
        }
    }
}

static void check_tuples(const char *json, const char *name, const char *expected)
{
    struct index_tuple *tuples;
    size_t count;
    struct resource r = kit_resource(json, &a);
    const struct search_param *param = param_of(&r, name);
    assert_non_null(param->composite);
    assert_false(param->stored);
    assert_int_equal(index_tuples(&r, &rules, param, &a, &tuples, &count), 0);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < param->composite->count; k++) {
            buf_add(&got, k ? T(" &") : T(""));
            for (size_t n = 0; n < tuples[i].counts[k]; n++) {
                print_entry(&tuples[i].entries[k][n]);
            }
        }
        buf_addc(&got, '\n');
    }
    check_got(expected);
}

static void tuples(void **state)
{
    (void)state;
    static const char pressure[] =
        "{'resourceType':'Observation','code':{'coding':[{'code':'bp'}]},'valueString':'High',"
        "'component':[{'code':{'coding':[{'code':'sys'},{'code':'s2'}]},'valueQuantity':"
        "{'value':120,'code':'mm[Hg]'}},{'code':{'coding':[{'code':'dia'}]},'valueQuantity':"
        "{'value':80,'code':'kPa'}}]}";
    check_tuples(pressure, "component-code-value-quantity", " |s2 |sys & qmm[Hg]\n |dia & qkPa\n");
    check_tuples(pressure, "combo-code-value-quantity",
                 " |bp &\n |s2 |sys & qmm[Hg]\n |dia & qkPa\n");
    check_tuples(pressure, "code-value-quantity", " |bp &\n");
    check_tuples(pressure, "code-value-string", " |bp & high\n");
    check_tuples("{'resourceType':'Observation','code':{'coding':[{'code':'d'}]},"
                 "'valueDateTime':'2011-08-14'}",
                 "code-value-date", " |d & 2011-08-14\n");
    check_tuples("{'resourceType':'Group','characteristic':[{'code':{'coding':[{'code':'a'}]},"
                 "'valueBoolean':true},{'code':{'coding':[{'code':'b'}]},'valueCodeableConcept':"
                 "{'coding':[{'code':'v'}]}}]}",
                 "characteristic-value",
                 " |a & http://terminology.hl7.org/CodeSystem/special-values|true\n |b & |v\n");
    check_tuples("{'resourceType':'DocumentReference','relatesTo':[{'code':'replaces','target':"
                 "{'reference':'DocumentReference/1'}},{'code':'appends','target':"
                 "{'reference':'DocumentReference/2'}}]}",
                 "relationship",
                 " http://hl7.org/fhir/document-relationship-type|replaces & DocumentReference/1\n"
                 " http://hl7.org/fhir/document-relationship-type|appends & DocumentReference/2\n");
    check_tuples("{'resourceType':'MolecularSequence','referenceSeq':{'chromosome':{'coding':["
                 "{'code':'7'}]},'windowStart':5,'windowEnd':9},'variant':[{'start':1,'end':2},"
                 "{'start':3}]}",
                 "chromosome-variant-coordinate",
                 " |7 & <03><81><0b><00> & <03><81><15><00>\n |7 & <03><81><1f><00> &\n");
    check_tuples("{'resourceType':'MolecularSequence','referenceSeq':{'chromosome':{'coding':["
                 "{'code':'7'}]},'windowStart':5,'windowEnd':9},'variant':[{'start':1}]}",
                 "chromosome-window-coordinate", " |7 & <03><81>3<00> & <03><81>[<00>\n");
    check_tuples("{'resourceType':'ValueSet','useContext':[{'code':{'code':'age'},'valueRange':"
                 "{'low':{'value':1,'code':'a'},'high':{'value':2,'code':'a'}}},{'code':"
                 "{'code':'venue'},'valueCodeableConcept':{'coding':[{'code':'w'}]}}]}",
                 "context-type-quantity", " |age & qa qa\n |venue &\n");
}

static void check_composite(const char *type, const char *name, bool whole, const char *params)
{
    fhir_type t = fhir_type_of(text_of(type));
    const struct search_param *param = search_param_of(NULL, t, text_of(name));
    const struct search_composite *composite = param->composite;
    assert_int_equal(composite->whole, whole);
    for (size_t i = 0; i < composite->count; i++) {
        const struct search_component *part = &composite->components[i];
        const struct search_param *p = search_param_by_number(NULL, part->param);
        assert_true(!p || (text_eq(p->name, part->code) && p->type == part->type));
        assert_true(!p || p->stored || p->parts);
        buf_add(&got, p ? p->name : T("none"));
        buf_addc(&got, ' ');
    }
    check_got(params);
}

/* Which parameters' entries hold the parts, and where the AND of them is the whole answer. */
static void composites(void **state)
{
    (void)state;
    check_composite("Observation", "code-value-quantity", true, "code value-quantity ");
    check_composite("Observation", "code-value-concept", true, "code value-concept ");
    check_composite("Observation", "code-value-date", true, "code value-date ");
    check_composite("Observation", "code-value-string", false, "code value-string ");
    check_composite("Observation", "combo-code-value-quantity", false,
                    "combo-code combo-value-quantity ");
    check_composite("Observation", "component-code-value-concept", false,
                    "component-code component-value-concept ");
    check_composite("MolecularSequence", "chromosome-variant-coordinate", false,
                    "chromosome variant-start variant-end ");
    check_composite("DocumentReference", "relationship", false, "relation relatesto ");
    check_composite("Questionnaire", "context-type-value", false, "context-type context ");
}

/* --- one parameter ------------------------------------------------------------------------- */

static void one(void **state)
{
    (void)state;
    struct index_entry *entries;
    size_t count;
    struct resource r = kit_resource(
        "{'resourceType':'Observation','id':'o','code':{'coding':[{'code':'A'}]},'component':["
        "{'code':{'coding':[{'code':'B'},{'code':'A'}]}}],'subject':{'reference':'Patient/1'},"
        "'performer':[{'display':'nobody'}]}",
        &a);
    static const struct {
        const char *name, *entries;
    } cases[] = {
        {"code", " |a"},
        {"combo-code", " |a |b"}, /* a union, by its own number */
        {"component-code", " |a |b"},
        {"subject", " Patient/1"}, /* nothing implied */
        {"patient", " Patient/1"},
        {"performer", ""}, /* no mark */
        {"_id", ""},
        {"code-value-quantity", ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct search_param *param = param_of(&r, cases[i].name);
        assert_int_equal(index_extract_one(&r, &rules, param, &a, &entries, &count), 0);
        for (size_t k = 0; k < count; k++) {
            assert_int_equal(entries[k].param, param->number);
            print_entry(&entries[k]);
        }
        check_got(cases[i].entries);
    }
    const struct search_param *other = search_param_of(NULL, FHIR_PATIENT, T("name"));
    assert_int_equal(index_extract_one(&r, &rules, other, &a, &entries, &count), 0);
    assert_int_equal(count, 0);
}

/* Parameters that people have added give entries beside the standard's own. */
static void customs(void **state)
{
    (void)state;
    struct err e = {0};
    struct index index;
    struct index_entry *entries;
    size_t count;
    const struct search_custom *made[2];
    static const char *const definitions[2] = {
        "{'resourceType':'SearchParameter','id':'1','url':'http://p/1','code':'nick','base':["
        "'Patient'],'type':'string','expression':'Patient.name.where(use = \\u0027nickname"
        "\\u0027).given'}",
        "{'resourceType':'SearchParameter','id':'2','url':'http://p/2','code':'org','base':["
        "'Patient'],'type':'reference','expression':'Patient.managingOrganization'}"};
    for (size_t i = 0; i < 2; i++) {
        struct resource d = kit_resource(definitions[i], &a);
        uint16_t number = (uint16_t)(FHIR_PATIENT << 8 | (SEARCH_CUSTOM_FIRST + (int)i));
        if (search_custom_make(d.root, FHIR_PATIENT, number, true, &a, &made[i], &e)) {
            fail_msg("%s", err_text(&e));
        }
    }
    struct search_customs set = {.generation = 1, .items = made, .count = 2};
    struct index_rules both = {.base = rules.base, .customs = &set};
    struct resource r =
        kit_resource("{'resourceType':'Patient','id':'p','name':[{'use':'nickname','given':["
                     "'Jim','Jimmy']},{'given':['James']}],'managingOrganization':{'display':'x'}}",
                     &a);
    assert_int_equal(index_extract(&r, &both, &a, &index), 0);
    for (size_t i = 0; i < index.count; i++) {
        const struct search_param *p = search_param_by_number(&set, index.entries[i].param);
        if (p->number >= made[0]->param.number) {
            buf_add(&got, p->name);
            print_entry(&index.entries[i]);
            buf_addc(&got, '\n');
        }
    }
    check_got("nick jim\nnick jimmy\norg <01>\n");
    assert_ptr_equal(search_param_of(&set, FHIR_PATIENT, T("org")), &made[1]->param);
    assert_null(search_param_by_number(NULL, made[1]->param.number));
    assert_int_equal(index_extract_one(&r, &both, &made[0]->param, &a, &entries, &count), 0);
    assert_int_equal(count, 2);
}

static void no_memory(void **state)
{
    (void)state;
    struct arena small;
    struct index_entry *entries;
    struct index_concept *found;
    struct index_tuple *pairs;
    struct index_identifier *ids;
    text *texts;
    size_t count;
    arena_init(&small, 64);
    struct resource r = kit_resource(patient, &a);
    assert_int_equal(index_extract_one(&r, &rules, param_of(&r, "name"), &small, &entries, &count),
                     ERR_MEMORY);
    assert_int_equal(index_strings(&r, &rules, param_of(&r, "name"), &small, &texts, &count),
                     ERR_MEMORY);
    assert_int_equal(index_concepts(&r, &rules, param_of(&r, "identifier"), &small, &found, &count),
                     ERR_MEMORY);
    assert_int_equal(
        index_identifiers(&r, &rules, param_of(&r, "identifier"), &small, &ids, &count),
        ERR_MEMORY);
    r = kit_resource("{'resourceType':'Observation','component':[{}]}", &a);
    assert_int_equal(index_tuples(&r, &rules, param_of(&r, "component-code-value-quantity"), &small,
                                  &pairs, &count),
                     ERR_MEMORY);
    arena_done(&small);
}

/* --- the tables ---------------------------------------------------------------------------- */

static void flags(void **state)
{
    (void)state;
    static const struct {
        const char *type, *name;
        bool stored, facet, dated, identifiers;
    } cases[] = {
        {"Patient", "gender", true, true, true, false},
        {"Patient", "deceased", true, true, true, false},
        {"Patient", "identifier", true, false, false, true},
        {"Patient", "telecom", true, false, false, false},
        {"Patient", "birthdate", true, false, true, false},
        {"Patient", "_id", false, false, false, false},
        {"Patient", "_lastUpdated", false, false, false, false},
        {"Patient", "_profile", true, true, true, false},
        {"Patient", "_tag", true, true, true, false},
        {"Patient", "_source", true, false, false, false},
        {"Observation", "status", true, true, true, false},
        {"Observation", "category", true, true, true, false},
        {"Observation", "code", true, false, true, false},
        {"Observation", "component-code", true, false, true, false},
        {"Observation", "combo-code", false, false, false, false},
        {"Observation", "code-value-quantity", false, false, false, false},
        {"Observation", "value-concept", true, false, false, false},
        {"Encounter", "class", true, true, true, false},
        {"Encounter", "type", true, false, true, false},
        {"Immunization", "vaccine-code", true, false, true, false},
        {"Location", "near", true, false, false, false},
        {"Composition", "related-id", true, false, false, true},
        {"CapabilityStatement", "resource", true, false, false, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct search_param *p =
            search_param_of(NULL, fhir_type_of(text_of(cases[i].type)), text_of(cases[i].name));
        assert_non_null(p);
        if (p->stored != cases[i].stored || p->facet != cases[i].facet ||
            p->dated != cases[i].dated || p->identifiers != cases[i].identifiers) {
            fail_msg("%s.%s: stored %d facet %d dated %d identifiers %d", cases[i].type,
                     cases[i].name, p->stored, p->facet, p->dated, p->identifiers);
        }
    }
}

/* No parameter is two things; parts are stored; a principal date is a date. */
static void tables_agree(void **state)
{
    (void)state;
    size_t unions = 0, composed = 0;
    for (unsigned type = 1; type < fhir_type_count(); type++) {
        size_t count;
        const struct search_param *p = search_params((fhir_type)type, &count);
        assert_true(count <= 0x80);
        for (size_t i = 0; i < count; i++) {
            assert_true(p[i].stored + (p[i].parts != NULL) + (p[i].composite != NULL) <= 1);
            assert_int_equal(p[i].composite != NULL, p[i].type == SEARCH_COMPOSITE);
            assert_true(!p[i].facet || (p[i].stored && p[i].dated && !p[i].identifiers));
            assert_ptr_equal(search_param_by_number(NULL, p[i].number), &p[i]);
            for (const uint16_t *part = p[i].parts; part && *part; part++) {
                const struct search_param *other = search_param_by_number(NULL, *part);
                assert_true(other->stored && other->type == p[i].type);
                assert_int_equal(other->number >> 8, type);
            }
            unions += p[i].parts != NULL;
            composed += p[i].composite != NULL;
        }
        uint16_t when = search_when((fhir_type)type);
        assert_true(!when || (search_param_by_number(NULL, when)->type == SEARCH_DATE &&
                              search_param_by_number(NULL, when)->stored));
    }
    assert_int_equal(unions, 4);
    assert_int_equal(composed, 72);
    assert_null(search_param_by_number(NULL, 0));
    assert_null(search_param_by_number(NULL, 0x60F0));
    assert_null(search_param_by_number(NULL, 0xFF00));
    assert_int_equal(search_when(0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings),   cmocka_unit_test(concepts),   cmocka_unit_test(identifiers),
        cmocka_unit_test(tuples),    cmocka_unit_test(composites), cmocka_unit_test(one),
        cmocka_unit_test(customs),   cmocka_unit_test(flags),      cmocka_unit_test(tables_agree),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
