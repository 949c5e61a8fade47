/* Added search parameters: what an expression takes, and what is said of one that cannot be taken.
 */
#include "fhir/search_custom.h"
#include "fhir/search_tables.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A mean year; a day more than its start is within it. */
static const long long YEAR_MS = 31556952000LL;
static const long long DAY_MS = 86400000;

static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 64 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

/* JSON with ' for ". */
static yyjson_val *tree(const char *words)
{
    char *json = strdup(words);
    yyjson_val *root = NULL;
    struct err e = {0};
    for (char *p = json; *p; p++) {
        *p = *p == '\'' ? '"' : *p == '`' ? '\'' : *p;
    }
    int rc = json_read(text_of(json), 60, &arena, &root, &e);
    if (rc) {
        fail_msg("%s: %s", json, err_text(&e));
    }
    free(json);
    return root;
}

static yyjson_val *definition(const char *base, const char *type, const char *expression)
{
    char words[2000];
    (void)snprintf(words, sizeof words,
                   "{'resourceType':'SearchParameter','id':'x','url':'http://x/x','status':"
                   "'active','code':'added','base':[%s],'type':'%s','expression':'%s'}",
                   base, type, expression);
    return tree(words);
}

/* --- what is taken ------------------------------------------------------------------------- */

static const char patient[] =
    "{'resourceType':'Patient','id':'p','extension':[{'url':'http://e/"
    "race','valueCoding':{'system':"
    "'http://s','code':'R1','display':'Race one'}},{'url':'http://e/sib','extension':[{'url':"
    "'rank','valueInteger':3}]},{'url':'http://e/born','valueAddress':{'city':'Leeds','country':"
    "'UK'}},{'url':'http://e/when','valueDateTime':'2020-02'}],'active':true,'name':[{'family':"
    "'Zoë','given':['Al','Bo'],'use':'official'},{'family':'Old','use':'old'}],'telecom':[{"
    "'system':'phone','value':'123'},{'system':'email','value':'A@B'}],'birthDate':'1970-01-01',"
    "'multipleBirthInteger':2,'managingOrganization':{'reference':'Organization/o'},"
    "'generalPractitioner':[{'reference':'Practitioner/d'},{'reference':'Organization/g'},{"
    "'display':'somebody'}],'contact':[{'name':{'family':'Kin'}}],'maritalStatus':{'text':'Wed'}}";

static const char observation[] =
    "{'resourceType':'Observation','id':'o','status':'final','code':{'text':'x'},'valueQuantity':{"
    "'value':5.0,'system':'http://unitsofmeasure.org','code':'mg'},'instantiates':'http://c/1',"
    "'effectivePeriod':{'start':'2020-01-01','end':'2020-01-03'},'device':{'reference':'Device/d'},"
    "'component':[{'code':{'coding':[{'code':'A'}]},'valueQuantity':{'value':7}},{'code':{'coding':"
    "[{'code':'B'}]},'valueString':'seven'}]}";

struct taken {
    const char *type;
    const char *expression;
    const char *resource;
    const char *entries;
};

static const struct taken takes[] = {
    {"string", "Patient.name.family", patient, "old\nzoe\n"},
    {"string", "Patient.name", patient, "al\nbo\nold\nzoe\n"},
    {"string", "Patient.name.where(use = `official`).family", patient, "zoe\n"},
    {"string", "Patient.name[0].family", patient, "zoe\n"},
    {"string", "Patient.name.first().given.first()", patient, "al\n"},
    {"string", "Patient.name.given | Patient.contact.name.family", patient, "al\nbo\nkin\n"},
    {"string", "Patient.contact.name | Observation.code", patient, "kin\n"},
    {"string", " ( Patient.name ) . family ", patient, "old\nzoe\n"},
    {"string", "Patient.extension(`http://e/born`).value.city", patient, "leeds\n"},
    {"string", "Patient.extension.where(url=`http://e/born`).value.ofType(Address).country",
     patient, "uk\n"},
    {"token", "Patient.extension(`http://e/race`)", patient, "http://s|r1\n"},
    {"token", "Patient.extension(`http://e/race`).value", patient, "http://s|r1\n"},
    {"token", "Patient.extension(`http://e/race`).value.code", patient, "|r1\n"},
    {"token", "Patient.active", patient,
     "http://terminology.hl7.org/CodeSystem/special-values|true\n"},
    {"token", "Patient.telecom.where(system=`email`)", patient, "|a@b\n"},
    {"token", "Patient.maritalStatus", patient, "\002wed\n"},
    {"token", "Patient.name.use", patient,
     "http://hl7.org/fhir/name-use|official\n"
     "http://hl7.org/fhir/name-use|old\n"},
    {"token", "Resource.id", patient, "|p\n"},
    {"number", "Patient.extension(`http://e/sib`).extension(`rank`).value", patient, "3\n"},
    {"number", "Patient.multipleBirth.as(integer)", patient, "2\n"},
    {"number", "(Patient.multipleBirth as integer)", patient, "2\n"},
    {"date", "Patient.birthDate", patient, "1970\n"},
    {"date", "Patient.extension(`http://e/when`).value", patient, "2020\n"},
    {"reference", "Patient.managingOrganization", patient, "Organization/o\n"},
    {"reference", "Patient.generalPractitioner", patient, "Practitioner/d\nOrganization/g\n"},
    {"reference", "Patient.generalPractitioner.where(resolve() is Practitioner)", patient,
     "Practitioner/d\n"},
    {"quantity", "Observation.value.ofType(Quantity)", observation, "5.0 mg\n"},
    {"quantity", "(Observation.value as Quantity) | Observation.component.value", observation,
     "5.0 mg\n7 \n"},
    {"quantity", "Observation.component.where(code=`x`).value", observation, ""},
    {"date", "Observation.effective", observation, "2020\n"},
    {"string", "Observation.component.value", observation, "seven\n"},
    /* by FHIRPath's engine */
    {"string", "(Patient.name | Patient.contact.name).family", patient, "kin\nold\nzoe\n"},
    {"string", "Patient.name.where(use = `official` and given.count() > 1).family", patient,
     "zoe\n"},
    {"string", "Patient.name[1].family", patient, "old\n"},
    {"string", "Patient.name.last().family", patient, "old\n"},
    {"string", "Patient.name.select(given.first() & ` ` & family)", patient, "al zoe\nold\n"},
    {"string", "name.family", patient, "old\nzoe\n"},
    {"string", "Patient.name.where(use = `old` or use = `nickname`)", patient, "old\n"},
    {"string", "Patient.name.skip(1) | Practitioner.name", patient, "old\n"},
    {"string", "Patient.descendants().where($this is Address).city", patient, "leeds\n"},
    {"string", "Patient.name.given[5]", patient, ""},
    {"string", "Patient.name.single().family", patient, ""}, /* an error of the evaluation */
    {"string", "iif(Patient.name.given.empty(), `aa`, `bb`)", patient, "bb\n"},
    {"string", "Patient.extension.where(url.endsWith(`born`)).value.ofType(Address).city", patient,
     "leeds\n"},
    {"token", "Patient.name.exists()", patient,
     "http://terminology.hl7.org/CodeSystem/special-values|true\n"},
    {"token", "Patient.name.where(use.exists()).use", patient,
     "http://hl7.org/fhir/name-use|official\nhttp://hl7.org/fhir/name-use|old\n"},
    {"token", "Patient.extension.where(value is Coding)", patient, "http://s|r1\n"},
    {"token", "Patient.telecom.where(system = `email`).value.lower()", patient, "|a@b\n"},
    {"token", "Observation.component.where(code.coding.code = `A`).code", observation, "|a\n"},
    {"token", "Patient.generalPractitioner.resolve().ofType(Practitioner).id", patient, "|d\n"},
    {"number", "Patient.name.given.count()", patient, "2\n"},
    {"number", "Patient.multipleBirth.ofType(integer) + 1", patient, "3\n"},
    {"date", "Patient.birthDate + 1 year", patient, "1971\n"},
    {"date", "iif(Patient.deceased.exists(), Patient.deceased, Patient.birthDate)", patient,
     "1970\n"},
    {"date", "Patient.extension.where(url = `http://e/when` and value.exists())", patient,
     "2020\n"},
    {"reference",
     "Patient.generalPractitioner.where(resolve() is Practitioner or display.exists())", patient,
     "Practitioner/d\n"},
    {"reference", "Patient.generalPractitioner.where(reference.startsWith(`Org`))", patient,
     "Organization/g\n"},
    {"quantity", "Observation.component.where(value is Quantity and value > 6).value", observation,
     ""},
    {"quantity", "Observation.component.where(value.ofType(Quantity).value > 6).value", observation,
     "7 \n"},
    {"quantity", "Observation.value.where($this is Quantity) * 2", observation, "10.0 mg\n"},
};

static void show(const struct index_entry *e, enum search_type type, struct buf *out)
{
    int64_t start;
    int64_t end;
    text mark = e->kind == INDEX_BYTES && e->value.n == 1 ? e->value : T("");
    if (mark.n) {
        buf_printf(out, "%.*s\n", TEXT_ARG(mark));
    } else if (e->kind == INDEX_TOKEN) {
        buf_printf(out, "%.*s|%.*s\n", TEXT_ARG(e->system), TEXT_ARG(e->value));
    } else if (e->kind == INDEX_REFERENCE) {
        buf_printf(out, "%.*s/%.*s\n", TEXT_ARG(fhir_type_name(e->target)), TEXT_ARG(e->value));
    } else if (type == SEARCH_DATE) {
        assert_true(index_date_read(e->value, &start, &end));
        buf_printf(out, "%lld\n", 1970 + (long long)((index_ms_to_1970(start) + DAY_MS) / YEAR_MS));
    } else {
        buf_printf(out, "%.*s\n", TEXT_ARG(e->value));
    }
}

/* Numbers as they were written: what index_decimal() makes of them has another form. */
static bool same_decimals(const struct index *index, const char *wanted)
{
    size_t at = 0;
    text rest = text_of(wanted);
    text line;
    while (text_cut(&rest, '\n', &line) && line.n) {
        text number = text_first(line, text_find(line, ' '));
        text code = text_from(line, number.n ? text_find(line, ' ') + 1 : 0);
        if (at == index->count ||
            !text_eq(index->entries[at].value, index_decimal(number, &arena)) ||
            (text_find(line, ' ') < line.n && code.n &&
             !text_eq(index->entries[at].system,
                      index_unit(T("http://unitsofmeasure.org"), code, T(""), &arena)))) {
            return false;
        }
        at++;
    }
    return at == index->count;
}

static void one(const struct taken *row, bool whole)
{
    struct err e = {0};
    fhir_type *types;
    size_t count;
    yyjson_val *root = tree(row->resource);
    text type = json_text(json_get(root, T("resourceType")));
    char base[60];
    (void)snprintf(base, sizeof base, "'%.*s'", TEXT_ARG(type));
    yyjson_val *d = definition(base, row->type, row->expression);
    int rc = search_custom_check(d, &arena, &types, &count, &e);
    if (rc) {
        fail_msg("%s: %s", row->expression, err_text(&e));
    }
    const struct search_custom *custom;
    uint16_t number = (uint16_t)(types[0] << 8 | SEARCH_CUSTOM_FIRST);
    assert_int_equal(search_custom_make(d, types[0], number, true, &arena, &custom, &e), 0);
    struct search_customs set = {7, &custom, 1};
    struct index_rules rules = {.base = T("http://n/fhir"), .customs = &set};
    struct resource r = {.type = types[0], .id = T("p"), .root = root};
    struct index index;
    if (whole) {
        assert_int_equal(index_extract(&r, &rules, &arena, &index), 0);
        size_t kept = 0;
        for (size_t i = 0; i < index.count; i++) {
            if (index.entries[i].param == number) {
                index.entries[kept++] = index.entries[i];
            }
        }
        index.count = kept;
    } else {
        assert_int_equal(index_extract_added(&r, &rules, &custom->param, &arena, &index), 0);
    }
    assert_int_equal(index.generation, 7);
    struct buf out;
    buf_init(&out, 4096);
    for (size_t i = 0; i < index.count; i++) {
        assert_int_equal(index.entries[i].param, number);
        show(&index.entries[i], (enum search_type)custom->param.type, &out);
    }
    bool numbers = custom->param.type == SEARCH_NUMBER || custom->param.type == SEARCH_QUANTITY;
    if (numbers ? !same_decimals(&index, row->entries)
                : !text_eq(buf_text(&out), text_of(row->entries))) {
        fail_msg("%s %s gives\n%.*snot\n%s", row->type, row->expression, TEXT_ARG(buf_text(&out)),
                 row->entries);
    }
    buf_done(&out);
}

static void takes_what_the_expression_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof takes / sizeof *takes; i++) {
        one(&takes[i], true);
        one(&takes[i], false);
        arena_reset(&arena);
    }
}

static void gives_displays(void **state)
{
    (void)state;
    struct err e;
    struct index index;
    const struct search_custom *custom;
    yyjson_val *d = definition("'Patient'", "token", "Patient.extension(`http://e/race`)");
    assert_int_equal(search_custom_make(d, FHIR_PATIENT, (uint16_t)(FHIR_PATIENT << 8 | 0x80), true,
                                        &arena, &custom, &e),
                     0);
    struct search_customs set = {1, &custom, 1};
    struct index_rules rules = {.base = T(""), .customs = &set};
    struct resource r = {.type = FHIR_PATIENT, .id = T("p"), .root = tree(patient)};
    assert_int_equal(index_extract_added(&r, &rules, &custom->param, &arena, &index), 0);
    assert_int_equal(index.display_count, 1);
    assert_true(text_eq(index.displays[0].words, T("race one")));
}

/* --- what is refused ----------------------------------------------------------------------- */

struct refused {
    const char *base;
    const char *type;
    const char *expression;
    const char *place;
    const char *words;
};

static const struct refused refusals[] = {
    {"'Patient'", "token", "Patient.nothing", "expression", "character 9 "},
    {"'Patient'", "token", "Patient.name.nothing", "expression", "character 14 "},
    {"'Patient'", "token", "Patient.gender | Patient.name.xx", "expression", "character 31 "},
    {"'Patient'", "token", "Patient.gender)", "expression", "character 15 "},
    {"'Patient'", "token", "Patient.name.where(use = official)", "expression", "character 26 "},
    {"'Patient'", "token", "Patient.name.where(use = `official`", "expression", "')'"},
    {"'Patient'", "token", "(Patient.gender", "expression", "')'"},
    {"'Patient'", "string", "Patient.name[", "expression", "character 14"},
    {"'Patient'", "token", "Patient.name.nothing()", "expression", "character 14"},
    {"'Patient'", "token", "sex", "expression", "character 1 "},
    {"'Patient'", "token", "Patients.gender", "expression", "character 1 "},
    {"'Patient'", "token", "Patient.name.where(nothing.exists()).use", "expression",
     "character 20 "},
    {"'Patient'", "token", "Patient.name.select(use | nothing)", "expression", "character 27 "},
    {"'Patient'", "token", "Patient.where(birthDate < today()).gender", "expression",
     "time of day"},
    {"'Patient'", "token", "Patient.gender.where(memberOf(`http://v`))", "expression", ":in"},
    {"'Patient'", "token", "Patient.gender.where($this = %nothing)", "expression",
     "no such variable"},
    {"'Patient'", "date", "Patient.name.exists()", "expression", "cannot take anything"},
    {"'Patient'", "token", "Observation.code.where(text.exists())", "expression", "about Patient"},
    {"'Patient'", "token", "Patient.", "expression", "character 9"},
    {"'Patient'", "token", "Patient", "expression", "cannot take anything"},
    {"'Patient'", "date", "Patient.name", "expression", "cannot take anything"},
    {"'Patient'", "token", "Patient.deceased.ofType(Quantity)", "expression", "has that type"},
    {"'Patient'", "token", "Patient.managingOrganization.where(resolve() is Thing)", "expression",
     "resource type"},
    {"'Patient','Observation'", "token", "Patient.gender", "expression", "about Observation"},
    {"'Patient'", "composite", "Patient.gender", "type", "cannot be added"},
    {"'Patient'", "thing", "Patient.gender", "type", "not a type"},
    {"'Thing'", "token", "Patient.gender", "base", "'Thing'"},
    {"", "token", "Patient.gender", "base", "at least one"},
    {"'Patient'", "token", "", "expression", "needs an expression"},
};

static void says_what_is_wrong_and_where(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        const struct refused *row = &refusals[i];
        struct err e = {0};
        fhir_type *types;
        size_t count;
        char place[60];
        (void)snprintf(place, sizeof place, "SearchParameter.%s", row->place);
        int rc = search_custom_check(definition(row->base, row->type, row->expression), &arena,
                                     &types, &count, &e);
        if (rc == 0 || strcmp(e.expression, place) != 0 || !strstr(e.detail, row->words)) {
            fail_msg("%s %s: %d at %s: %s", row->type, row->expression, rc, e.expression, e.detail);
        }
        arena_reset(&arena);
    }
}

static void a_name_of_the_standard_is_taken(void **state)
{
    (void)state;
    struct err e = {0};
    fhir_type *types;
    size_t count;
    yyjson_val *d =
        tree("{'code':'gender','type':'token','base':['Patient'],'expression':'Patient.gender'}");
    assert_int_not_equal(search_custom_check(d, &arena, &types, &count, &e), 0);
    assert_string_equal(e.expression, "SearchParameter.code");
    assert_non_null(strstr(e.detail, "'gender'"));
}

static void reads_targets(void **state)
{
    (void)state;
    struct err e = {0};
    const struct search_custom *custom;
    static const struct {
        const char *list;
        int count; /* -1: any */
    } rows[] = {{"'Practitioner','Organization'", 2}, {"'Resource'", -1}, {"", -1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char words[400];
        (void)snprintf(words, sizeof words,
                       "{'code':'x','type':'reference','base':['Patient'],'target':[%s],"
                       "'expression':'Patient.generalPractitioner'}",
                       rows[i].list);
        assert_int_equal(search_custom_make(tree(words), FHIR_PATIENT,
                                            (uint16_t)(FHIR_PATIENT << 8 | 0x80), true, &arena,
                                            &custom, &e),
                         0);
        int count = custom->param.targets ? 0 : -1;
        for (const fhir_type *t = custom->param.targets; t && *t; t++) {
            count++;
        }
        assert_int_equal(count, rows[i].count);
    }
    assert_int_equal(search_custom_make(tree("{'code':'x','type':'reference','target':['Thing'],"
                                             "'expression':'Patient.generalPractitioner'}"),
                                        FHIR_PATIENT, (uint16_t)(FHIR_PATIENT << 8 | 0x80), true,
                                        &arena, &custom, &e),
                     ERR_INVALID);
    assert_string_equal(e.expression, "SearchParameter.target");
}

static void the_standards_own_are_data(void **state)
{
    (void)state;
    assert_true(search_custom_wanted(tree("{'status':'active','url':'http://x/1'}")));
    assert_false(search_custom_wanted(tree("{'status':'draft','url':'http://x/1'}")));
    assert_false(search_custom_wanted(
        tree("{'status':'active','url':'http://hl7.org/fhir/SearchParameter/individual-gender'}")));
    assert_false(search_custom_wanted(
        tree("{'status':'active','url':'http://hl7.org/fhir/us/core/SearchParameter/x',"
             "'derivedFrom':'http://hl7.org/fhir/SearchParameter/individual-gender'}")));
}

static void is_found_among_others(void **state)
{
    (void)state;
    struct err e;
    const struct search_custom *items[3];
    static const char *const bases[] = {"'Patient'", "'Patient'", "'SearchParameter'"};
    fhir_type types[] = {FHIR_PATIENT, FHIR_PATIENT, FHIR_SEARCH_PARAMETER};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(
            search_custom_make(definition(bases[i], "token", "Resource.id"), types[i],
                               (uint16_t)((unsigned)types[i] << 8 | (0x80U + (unsigned)i)), i != 1,
                               &arena, &items[i], &e),
            0);
    }
    struct search_customs set = {1, items, 3};
    size_t count;
    assert_ptr_equal(search_customs_of(&set, FHIR_SEARCH_PARAMETER, &count)[0], items[2]);
    assert_int_equal(count, 1);
    assert_ptr_equal(search_customs_of(&set, FHIR_PATIENT, &count)[0], items[0]);
    assert_int_equal(count, 2);
    assert_ptr_equal(search_custom_find(&set, FHIR_SEARCH_PARAMETER, T("added")), items[2]);
    assert_null(search_custom_find(&set, FHIR_PATIENT, T("other")));
    assert_ptr_equal(search_param_of(&set, FHIR_PATIENT, T("added")), &items[0]->param);
    assert_null(search_param_of(NULL, FHIR_PATIENT, T("added")));
    assert_ptr_equal(search_param_by_number(&set, (uint16_t)(FHIR_PATIENT << 8 | 0x81)),
                     &items[1]->param);
    assert_null(search_param_by_number(&set, (uint16_t)(FHIR_PATIENT << 8 | 0x82)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_the_expression_says),
        cmocka_unit_test(gives_displays),
        cmocka_unit_test(says_what_is_wrong_and_where),
        cmocka_unit_test(a_name_of_the_standard_is_taken),
        cmocka_unit_test(reads_targets),
        cmocka_unit_test(the_standards_own_are_data),
        cmocka_unit_test(is_found_among_others),
    };
    return cmocka_run_group_tests_name("added search parameters", tests, set_up, tear_down);
}
