/* Queries as the grammar reads them: encoding, errors, controls, plans, self links, compartments.
 */
#include "search_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct arena arena;
static struct search search;
static struct err error;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 1 << 26);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

static void ok(const char *type, const char *query)
{
    error = (struct err){0};
    if (kit_search(type, query, &arena, &search, &error)) {
        fail_msg("%s?%s: %s", type, query, err_text(&error));
    }
}

/* The error has this code, and its text has these words. */
static void refused(const char *type, const char *query, int code, const char *words)
{
    error = (struct err){0};
    int got = kit_search(type, query, &arena, &search, &error);
    if (got != code || !strstr(err_text(&error), words)) {
        fail_msg("%s?%s: %s: %s", type, query, err_info(got)->name, err_text(&error));
    }
}

static void decoding(void **state)
{
    (void)state;
    struct limits limits = limits_default();
    struct search_pair *pairs;
    size_t count;
    const char *form = "&a=1&&b=x+y%20z&c=%C3%A9%2B&a=2&d&e=f=g&";
    assert_int_equal(search_decode(text_of(form), &limits, &arena, &pairs, &count, &error), 0);
    assert_int_equal(count, 6);
    assert_true(text_eq(pairs[1].name, T("b")) && text_eq(pairs[1].value, T("x y z")));
    assert_true(text_eq(pairs[2].value, T("é+")));
    assert_true(text_eq(pairs[3].value, T("2")));
    assert_true(text_eq(pairs[4].name, T("d")) && pairs[4].value.n == 0);
    assert_true(text_eq(pairs[5].value, T("f=g")));
    assert_int_equal(search_decode((text){0}, &limits, &arena, &pairs, &count, &error), 0);
    assert_int_equal(count, 0);
    static const char *const bad[] = {"a=%",   "a=%4",   "a=%zz",         "%=1",
                                      "a=%00", "a=%C3",  "a=%ED%A0%80",   "a=%C0%80",
                                      "=1",    "a=\xFF", "a=%F5%80%80%80"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (search_decode(text_of(bad[i]), &limits, &arena, &pairs, &count, &error) !=
            ERR_INVALID) {
            fail_msg("'%s' was decoded", bad[i]);
        }
    }
    limits.search_parameters = 2;
    assert_int_equal(search_decode(T("a=1&b=2"), &limits, &arena, &pairs, &count, &error), 0);
    assert_int_equal(search_decode(T("a=1&b=2&c=3"), &limits, &arena, &pairs, &count, &error),
                     ERR_INVALID);
}

static void errors(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        const char *query;
        int code;
        const char *words;
    } rows[] = {
        {"Patient", "nothing=1", ERR_INVALID, "'nothing'. It has _id, _lastUpdated"},
        {"Patient", "nothing=1", ERR_INVALID, "birthdate"},
        {"Patient", "birthdate=13", ERR_INVALID, "birthdate: '13' is not a date"},
        {"Patient", "birthdate=xx2013", ERR_INVALID, "known prefix"},
        {"Patient", "birthdate=2013-02-30", ERR_INVALID, "is not a date"},
        {"Patient", "birthdate=2013-01-14T10:00+01:00", ERR_INVALID, "%2B"},
        {"Patient", "birthdate=", ERR_INVALID, "empty value"},
        {"Patient", "birthdate", ERR_INVALID, "empty value"},
        {"Patient", "family=a,", ERR_INVALID, "empty value"},
        {"Patient", "family:exact=a", ERR_NOT_SUPPORTED, "family:exact"},
        {"Patient", "family:contains=a", ERR_NOT_SUPPORTED, "later release"},
        {"Patient", "gender:not=male", ERR_NOT_SUPPORTED, "later release"},
        {"Patient", "gender:missing=true", ERR_NOT_SUPPORTED, "later release"},
        {"Patient", "gender:Patient=1", ERR_INVALID, "'Patient' is not a modifier"},
        {"Patient", "gender:wrong=1", ERR_INVALID, "'wrong' is not a modifier"},
        {"Patient", "identifier=a|b|c", ERR_INVALID, "system|code"},
        {"Patient", "identifier=|", ERR_INVALID, "system|code"},
        {"Patient", "age=3", ERR_NOT_SUPPORTED, "age"},
        {"Patient", "_id=a/b", ERR_INVALID, "_id: 'a/b' is not a resource id"},
        {"Patient", "_lastUpdated=x", ERR_INVALID, "known prefix"},
        {"Patient", "_id:exact=a", ERR_NOT_SUPPORTED, "_id:exact"},
        {"Observation", "subject.name=peter", ERR_NOT_SUPPORTED, "chains"},
        {"Observation", "subject:Patient.name=peter", ERR_NOT_SUPPORTED, "chains"},
        {"Observation", "subject:Practitioner=1", ERR_INVALID, "never refers to a Practitioner"},
        {"Observation", "subject:Patient=Group/1", ERR_INVALID, "type after the colon"},
        {"Observation", "subject=Nonsense/1", ERR_INVALID, "resource type of R4"},
        {"Observation", "subject=Patient?name=x", ERR_INVALID, "Type/id"},
        {"Observation", "subject:identifier=x", ERR_NOT_SUPPORTED, "modifier"},
        {"Observation", "code-value-quantity=a$b", ERR_NOT_SUPPORTED, "composite"},
        {"Observation", "value-quantity=x", ERR_INVALID, "prefix"},
        {"Observation", "value-quantity=5|mg", ERR_INVALID, "number||unit"},
        {"Observation", "value-quantity=5|a|b|c", ERR_INVALID, "number||unit"},
        {"Observation", "value-quantity=1.|a|b", ERR_INVALID, "is not a number"},
        {"Observation", "value-quantity=0x5", ERR_INVALID, "is not a number"},
        {"RiskAssessment", "probability=", ERR_INVALID, "empty"},
        {"RiskAssessment", "probability=gt", ERR_INVALID, "is not a number"},
        {"Location", "near=1|2", ERR_NOT_SUPPORTED, "near"},
        {"Patient", "_has:Observation:patient:code=1", ERR_NOT_SUPPORTED, "_has"},
        {"Patient", "_filter=x", ERR_NOT_SUPPORTED, "_filter"},
        {"Patient", "_list=x", ERR_NOT_SUPPORTED, "_list"},
        {"Patient", "_text=x", ERR_NOT_SUPPORTED, "_text"},
        {"Patient", "_content=x", ERR_NOT_SUPPORTED, "_content"},
        {"Patient", "_type=x", ERR_NOT_SUPPORTED, "_type"},
        {"Patient", "_elements=x", ERR_NOT_SUPPORTED, "_elements"},
        {"Patient", "_count=-1", ERR_INVALID, "_count: '-1' is not a whole number"},
        {"Patient", "_count=1&_count=2", ERR_DUPLICATE, "_count stands twice"},
        {"Patient", "_count=", ERR_INVALID, "_count"},
        {"Patient", "_sort=x", ERR_INVALID, "_sort: Patient has no search parameter 'x'"},
        {"Patient", "_sort=-", ERR_INVALID, "_sort"},
        {"Patient", "_sort=age", ERR_NOT_SUPPORTED, "_sort"},
        {"Patient", "_sort=family&_sort=given", ERR_DUPLICATE, "_sort"},
        {"Patient", "_total=many", ERR_INVALID, "none, estimate or accurate"},
        {"Patient", "_summary=true", ERR_NOT_SUPPORTED, "_summary=true"},
        {"Patient", "_summary=x", ERR_INVALID, "count or false"},
        {"Patient", "_pretty=1", ERR_INVALID, "true or false"},
        {"Patient", "_count:exact=1", ERR_NOT_SUPPORTED, "_count:exact"},
        {"Observation", "_include=*", ERR_NOT_SUPPORTED, "'*'"},
        {"Observation", "_include=Observation:*", ERR_NOT_SUPPORTED, "'*'"},
        {"Observation", "_include:iterate=Observation:subject", ERR_NOT_SUPPORTED, "iterate"},
        {"Observation", "_include=Observation:code", ERR_INVALID, "reference parameter"},
        {"Observation", "_include=subject", ERR_INVALID, "Type:parameter"},
        {"Observation", "_include=Patient:link", ERR_INVALID, "write Observation:"},
        {"Observation", "_include=Observation:subject:Practitioner", ERR_INVALID, "never refers"},
        {"Observation", "_include=Observation:subject:X", ERR_INVALID, "Type:parameter"},
        {"Observation", "_include=Observation:subject:Patient:x", ERR_INVALID, "Type:parameter"},
        {"Observation", "_include:x=Observation:subject", ERR_INVALID, "_include"},
        {"Patient", "_revinclude=Observation:encounter", ERR_INVALID,
         "does not refer to a Patient"},
        {"Patient", "_revinclude=Observation:subject:Group", ERR_INVALID, "does not refer"},
        {"Patient", "xyz.name=1", ERR_NOT_SUPPORTED, "chains"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        refused(rows[i].type, rows[i].query, rows[i].code, rows[i].words);
    }
}

static void controls(void **state)
{
    (void)state;
    ok("Observation", "");
    assert_int_equal(search.count, SEARCH_COUNT_DEFAULT);
    assert_false(search.count_given || search.total_given || search.pretty);
    assert_int_equal(search.plan.term_count, 0);
    ok("Observation",
       "_count=5000&_total=accurate&_summary=false&_format=json&_pretty=true&_page=t");
    assert_int_equal(search.count, 1000);
    assert_int_equal(search.total, TOTAL_ACCURATE);
    assert_int_equal(search.summary, SUMMARY_FALSE);
    assert_true(search.count_given && search.total_given && search.pretty);
    assert_true(text_eq(search.format, T("json")) && text_eq(search.page, T("t")));
    assert_true(text_eq(search.self, T("_count=1000&_total=accurate&_summary=false&_format=json&"
                                       "_pretty=true")));
    ok("Observation", "_count=0");
    assert_int_equal(search.summary, SUMMARY_COUNT);
    ok("Observation", "_summary=count");
    assert_int_equal(search.summary, SUMMARY_COUNT);
    ok("Observation", "_sort=-date,_id,-_lastUpdated,status");
    assert_int_equal(search.plan.sort_count, 4);
    uint16_t date = search_param_of(search.plan.type, T("date"))->number;
    assert_true(search.plan.sorts[0].descending && search.plan.sorts[0].param == date);
    assert_true(!search.plan.sorts[1].descending && search.plan.sorts[1].param == 0);
    assert_true(search.plan.sorts[2].descending &&
                search.plan.sorts[2].param == (search.plan.type << 8 | INDEX_LAST_UPDATED));
    ok("Observation", "_include=Observation:subject:Patient&_include=Observation:encounter&"
                      "_revinclude=Provenance:target&_include=Observation:encounter");
    assert_int_equal(search.include_count, 3);
    assert_int_equal(search.includes[0].target, FHIR_PATIENT);
    assert_false(search.includes[1].reverse);
    assert_true(search.includes[2].reverse);
    assert_int_equal(search.includes[2].source, fhir_type_of(T("Provenance")));
}

static void self_links(void **state)
{
    (void)state;
    ok("Observation",
       "subject=Patient/1&_sort=date&code=a%7Cb,c&_count=3&code=a%7Cb%2Cc&status=final");
    assert_true(
        text_eq(search.self, T("code=a%7Cb,c&status=final&subject=Patient/1&_sort=date&_count=3")));
    text self = search.self;
    ok("Observation", arena_copy(&arena, self).p);
    assert_true(text_eq(search.self, self));
    ok("Patient", "name=M%C3%BC%26+%2B%25%3D%23");
    assert_true(text_eq(search.self, T("name=M%C3%BC%26%20%2B%25%3D%23")));
    self = search.self;
    ok("Patient", arena_copy(&arena, self).p);
    assert_true(text_eq(search.self, self));
}

static const struct plan_term *term(size_t i)
{
    assert_true(i < search.plan.term_count);
    return &search.plan.terms[i];
}

static void plans(void **state)
{
    (void)state;
    ok("Observation", "patient=23&code=http://loinc.org|8302-2,|x,y,http://s|");
    assert_int_equal(search.plan.term_count, 2);
    assert_int_equal(term(0)->count, 2);
    assert_int_equal(term(0)->atoms[0].kind, PLAN_REFERENCE);
    assert_int_equal(term(0)->atoms[1].kind, PLAN_HOME);
    assert_int_equal(term(0)->atoms[1].target, FHIR_PATIENT);
    assert_true(text_eq(term(0)->atoms[1].value, T("23")));
    assert_int_equal(term(1)->count, 4);
    assert_int_equal(term(1)->atoms[0].system_mode, PLAN_SYSTEM_GIVEN);
    assert_int_equal(term(1)->atoms[1].system_mode, PLAN_SYSTEM_NONE);
    assert_int_equal(term(1)->atoms[2].system_mode, PLAN_SYSTEM_ANY);
    assert_int_equal(term(1)->atoms[3].kind, PLAN_SYSTEM);
    /* subject: Group, Device, Patient and Location, and the patient's key */
    ok("Observation", "subject=23");
    assert_int_equal(term(0)->count, 5);
    ok("Provenance", "target=23");
    assert_true(term(0)->count > 140);
    ok("Patient", "_id=a,b");
    assert_int_equal(term(0)->count, 2);
    assert_int_equal(term(0)->atoms[1].kind, PLAN_ID);
    /* a day is in classes 0 only when the whole must lie inside it */
    ok("Patient", "birthdate=2013-01-14");
    assert_int_equal(term(0)->count, 1);
    ok("Patient", "birthdate=2013");
    assert_int_equal(term(0)->count, 3);
}

static void updated(void **state)
{
    (void)state;
    static const int64_t start = INT64_C(1577836800000), end = start + INT64_C(366) * 86400000;
    static const struct {
        const char *query;
        int64_t from, to;
    } rows[] = {
        {"_lastUpdated=2020", start, end},         {"_lastUpdated=gt2020", end, INT64_MAX},
        {"_lastUpdated=ge2020", start, INT64_MAX}, {"_lastUpdated=lt2020", INT64_MIN, start},
        {"_lastUpdated=le2020", INT64_MIN, end},   {"_lastUpdated=sa2020", end, INT64_MAX},
        {"_lastUpdated=eb2020", INT64_MIN, start}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ok("Patient", rows[i].query);
        const struct plan_atom *atom = &term(0)->atoms[0];
        assert_int_equal(atom->kind, PLAN_UPDATED);
        assert_true(atom->start_from == rows[i].from && atom->start_to == rows[i].to);
    }
    ok("Patient", "_lastUpdated=ne2020");
    assert_int_equal(term(0)->count, 2);
}

static int in_compartment(const char *compartment, const char *id, const char *type)
{
    struct limits limits = limits_default();
    struct search_compartment in = {fhir_type_of(text_of(compartment)), text_of(id)};
    return search_parse(fhir_type_of(text_of(type)), in, NULL, 0, T(KIT_BASE), &limits, &arena,
                        &search, &error);
}

static void compartments(void **state)
{
    (void)state;
    assert_int_equal(in_compartment("Patient", "p", "Observation"), 0);
    assert_int_equal(term(0)->count, 1);
    assert_int_equal(term(0)->atoms[0].kind, PLAN_COMPARTMENT);
    assert_int_equal(in_compartment("Encounter", "e", "Observation"), 0);
    assert_int_equal(term(0)->atoms[0].kind, PLAN_REFERENCE);
    assert_int_equal(term(0)->atoms[0].param,
                     search_param_of(search.plan.type, T("encounter"))->number);
    assert_int_equal(in_compartment("Device", "d", "Observation"), 0);
    assert_int_equal(term(0)->count, 2);
    assert_int_equal(in_compartment("Encounter", "e", "Encounter"), 0);
    assert_int_equal(term(0)->atoms[0].kind, PLAN_ID);
    assert_int_equal(in_compartment("Patient", "p", "Organization"), ERR_NOT_FOUND);
    assert_non_null(strstr(err_text(&error), "Organization"));
    assert_int_equal(in_compartment("Group", "g", "Observation"), ERR_NOT_FOUND);
    assert_int_equal(in_compartment("Patient", "a/b", "Observation"), ERR_INVALID);
}

static void limits(void **state)
{
    (void)state;
    struct limits l = limits_default();
    struct search_pair pair = {T("family"), T("a,b,c")};
    l.search_values = 2;
    assert_int_equal(search_parse(FHIR_PATIENT, (struct search_compartment){0}, &pair, 1,
                                  T(KIT_BASE), &l, &arena, &search, &error),
                     ERR_INVALID);
    assert_int_equal(search_parse(0, (struct search_compartment){0}, &pair, 1, T(KIT_BASE), &l,
                                  &arena, &search, &error),
                     ERR_NOT_FOUND);
    struct arena small;
    arena_init(&small, 64);
    l.search_values = 10;
    assert_int_equal(search_parse(FHIR_PATIENT, (struct search_compartment){0}, &pair, 1,
                                  T(KIT_BASE), &l, &small, &search, &error),
                     ERR_MEMORY);
    arena_done(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(decoding, set_up, tear_down),
        cmocka_unit_test_setup_teardown(errors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(controls, set_up, tear_down),
        cmocka_unit_test_setup_teardown(self_links, set_up, tear_down),
        cmocka_unit_test_setup_teardown(plans, set_up, tear_down),
        cmocka_unit_test_setup_teardown(updated, set_up, tear_down),
        cmocka_unit_test_setup_teardown(compartments, set_up, tear_down),
        cmocka_unit_test_setup_teardown(limits, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
