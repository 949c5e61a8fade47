/* Queries as the grammar reads them: encoding, controls, self links, several types, compartments,
 * conditions, limits. Plans and errors of criteria: test_search_plan.c. */
#include "search_kit.h"

#include "base/clock.h"

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
    arena_init(&arena, 1 << 28);
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

static void controls(void **state)
{
    (void)state;
    ok("Observation", "");
    assert_int_equal(search.count, SEARCH_COUNT_DEFAULT);
    assert_false(search.count_given || search.total_given || search.explain);
    assert_null(search.plan.root);
    assert_null(search.plan.also);
    ok("Observation",
       "_count=5000&_total=accurate&_summary=false&_format=json&_pretty=true&_page=t&"
       "_explain=true");
    assert_int_equal(search.count, 1000);
    assert_int_equal(search.total, TOTAL_ACCURATE);
    assert_int_equal(search.summary, SUMMARY_FALSE);
    assert_true(search.count_given && search.total_given && search.explain);
    assert_true(text_eq(search.format, T("json")) && text_eq(search.page, T("t")));
    assert_true(text_eq(search.self, T("_count=1000&_total=accurate&_summary=false&_explain=true&"
                                       "_format=json&_pretty=true")));
    ok("Observation", "_count=0");
    assert_int_equal(search.summary, SUMMARY_COUNT);
    ok("Observation", "_explain=false&_pretty=false&_total=estimate");
    assert_true(!search.explain && search.total == TOTAL_ESTIMATE);
    static const char *const summaries[] = {"false", "true", "text", "data", "count"};
    for (unsigned i = 0; i < 5; i++) {
        char query[40];
        snprintf(query, sizeof(query), "_summary=%s", summaries[i]);
        ok("Observation", query);
        assert_int_equal(search.summary, i);
    }
    refused("Patient", "_count=1&_count=2", ERR_DUPLICATE, "_count: stands twice");
    refused("Patient", "_sort=family&_sort=given", ERR_DUPLICATE, "_sort: stands twice");
    refused("Patient", "_format=a&_format=b", ERR_DUPLICATE, "_format: stands twice");
    refused("Patient", "_elements=name&_summary=true", ERR_INVALID, "both choose what is shown");
    refused("Patient", "_score=true", ERR_NOT_SUPPORTED, "not ranked");
    refused("Patient", "_count=", ERR_INVALID, "_count: the value is empty");
}

static const struct search_param *param(const char *type, const char *name)
{
    return search_param_of(NULL, fhir_type_of(text_of(type)), text_of(name));
}

static void sorts(void **state)
{
    (void)state;
    ok("Observation", "_sort=-date,_id,-_lastUpdated,status");
    assert_int_equal(search.plan.sort_count, 4);
    const struct plan_sort *s = search.plan.sorts;
    assert_true(s[0].descending && s[0].param == param("Observation", "date"));
    assert_true(!s[1].descending && !s[1].param && s[1].own == 0);
    assert_true(s[2].descending && !s[2].param && s[2].own == INDEX_LAST_UPDATED);
    assert_true(!s[3].descending && s[3].param == param("Observation", "status"));
    ok("Observation", "_sort=combo-code,value-quantity,subject");
    assert_int_equal(search.plan.sort_count, 3);
    refused("Location", "_sort=near", ERR_INVALID, "have no order");
}

static const struct search_include *include(const char *type, const char *query)
{
    ok(type, query);
    assert_int_equal(search.include_count, 1);
    return &search.includes[0];
}

static void includes(void **state)
{
    (void)state;
    const struct search_include *i = include("Observation", "_include=Observation:subject:Patient");
    assert_true(!i->reverse && !i->iterate && i->target == FHIR_PATIENT);
    assert_ptr_equal(i->param, param("Observation", "subject"));
    i = include("Observation", "_include=*");
    assert_true(!i->param && i->source == fhir_type_of(T("Observation")) && !i->iterate);
    i = include("Observation", "_include=Observation:*&_include=*");
    assert_true(!i->param && i->source == fhir_type_of(T("Observation")));
    i = include("Observation", "_include:iterate=Patient:link");
    assert_true(i->iterate && i->source == FHIR_PATIENT);
    i = include("Observation", "_include:recurse=*");
    assert_true(i->iterate && !i->param && i->source == 0);
    i = include("Patient", "_revinclude=*");
    assert_true(i->reverse && !i->param && i->source == 0);
    i = include("Patient", "_revinclude=Provenance:target");
    assert_true(i->reverse && i->source == fhir_type_of(T("Provenance")) && i->target == 0);
    i = include("Patient", "_revinclude=Observation:*");
    assert_true(i->reverse && !i->param && i->source == fhir_type_of(T("Observation")));
    i = include("Patient", "_revinclude:iterate=Observation:encounter");
    assert_true(i->reverse && i->iterate);
    refused("Observation", "_include=subject", ERR_INVALID, "Type:parameter");
    refused("Observation", "_include=Observation:subject:Practitioner", ERR_INVALID,
            "never refers to a Practitioner");
    refused("Observation", "_include=Observation:subject:X", ERR_INVALID, "Type:parameter");
    refused("Observation", "_include=Observation:subject:Patient:x", ERR_INVALID, "Type:parameter");
    refused("Observation", "_include=Observation:nothing", ERR_INVALID, "'nothing'. It has");
    refused("Patient", "_revinclude=Observation:subject:Group", ERR_INVALID, "does not refer");
}

static void elements(void **state)
{
    (void)state;
    ok("Observation", "_elements=status,value,Patient.name,status,id");
    assert_int_equal(search.element_count, 4);
    assert_true(text_eq(search.elements[1], T("value")));
    assert_true(text_eq(search.elements[2], T("Patient.name")));
    refused("Patient", "_elements=name.family", ERR_INVALID, "'name.family' is not an element");
    refused("Patient", "_elements=name,,id", ERR_INVALID, "no element ''");
    refused("Patient", "_elements=valu", ERR_INVALID, "Patient has no element 'valu'");
}

static void contained(void **state)
{
    (void)state;
    const fhir_type medication = fhir_type_of(T("Medication"));
    unsigned plans = 0, own = 0;
    ok("Medication", "code=5&_contained=true&_containedType=contained&_sort=-_lastUpdated");
    assert_true(search.contained == CONTAINED_TRUE && search.contained_only);
    for (const struct plan *p = &search.plan; p; p = p->also, plans++) {
        assert_true(p->type != FHIR_BUNDLE && p->type != FHIR_BINARY && p->sort_count == 1);
        assert_true(text_eq(kit_plan(p->root, &arena), T("contained(Medication){all; code=5}")));
    }
    assert_true(plans > 140);
    ok("Medication", "code=5&_contained=both");
    for (const struct plan *p = &search.plan; p; p = p->also) {
        bool both =
            text_eq(kit_plan(p->root, &arena), T("or(code=5, contained(Medication){all; code=5})"));
        assert_int_equal(both, p->type == medication);
        own += both;
    }
    assert_int_equal(own, 1);
    refused("Medication", "_contained=true&_sort=code", ERR_INVALID, "of many types");
    refused("Medication", "_contained=maybe", ERR_INVALID, "false, true or both");
}

static void self_links(void **state)
{
    (void)state;
    ok("Observation",
       "subject=Patient/1&_sort=date&code=a%7Cb,c&_count=3&code=a%7Cb%2Cc&status=final");
    assert_true(
        text_eq(search.self, T("code=a%7Cb,c&status=final&subject=Patient/1&_sort=date&_count=3")));
    text self = search.self;
    text plan = kit_plan(search.plan.root, &arena);
    assert_true(text_starts(plan, T("and(or(code=a|b, code=c), status=final, or(subject=")));
    ok("Observation", arena_copy(&arena, self).p);
    assert_true(text_eq(search.self, self));
    assert_true(text_eq(kit_plan(search.plan.root, &arena), plan));
    ok("Patient", "name=M%C3%BC%26+%2B%25%3D%23");
    assert_true(text_eq(search.self, T("name=M%C3%BC%26%20%2B%25%3D%23")));
    self = search.self;
    ok("Patient", arena_copy(&arena, self).p);
    assert_true(text_eq(search.self, self));
}

/* --- questions that kit_search() does not ask ---------------------------------------------- */

static const struct index_rules rules = {.base = {KIT_BASE, sizeof(KIT_BASE) - 1}};

struct asked {
    fhir_type types[3];
    struct search_question q;
    struct limits limits;
    struct search_pair pairs[4];
};

/* types: names with blanks between them; form: "a=b&c=d" */
static void ask(struct asked *x, const char *types, const char *form)
{
    *x = (struct asked){.limits = limits_default()};
    text rest = text_of(types), item;
    struct search_pair *pairs;
    while (rest.n && text_cut(&rest, ' ', &item)) {
        x->types[x->q.type_count++] = fhir_type_of(item);
    }
    assert_int_equal(search_decode(text_of(form), &x->limits, &arena, &pairs, &x->q.count, &error),
                     0);
    x->q.pairs = pairs;
    x->q.types = x->types;
    x->q.rules = &rules;
    x->q.limits = &x->limits;
    error = (struct err){0};
}

static void several_types(void **state)
{
    (void)state;
    struct asked x;
    ask(&x, "Patient Observation", "_id=a&_sort=_id");
    assert_int_equal(search_parse(&x.q, &arena, &search, &error), 0);
    assert_int_equal(search.plan.type, fhir_type_of(T("Observation")));
    assert_int_equal(search.plan.also->type, FHIR_PATIENT);
    assert_int_equal(search.plan.also->sort_count, 1);
    assert_null(search.plan.also->also);
    assert_true(text_eq(kit_plan(search.plan.also->root, &arena), T("id=a")));
    assert_int_equal(search.plan.root->items == NULL, 1);
    unsigned count = 0;
    ask(&x, "", "_lastUpdated=gt2020");
    assert_int_equal(search_parse(&x.q, &arena, &search, &error), 0);
    for (const struct plan *p = &search.plan; p; p = p->also) {
        count++;
        assert_int_equal(p->type, count);
        assert_int_equal(p->root->type, count);
    }
    assert_int_equal(count, fhir_type_count() - 1);
    ask(&x, "", "_type=Patient,Group,Patient&_has:Provenance:target:_id=1");
    assert_int_equal(search_parse(&x.q, &arena, &search, &error), 0);
    assert_int_equal(search.plan.type, FHIR_GROUP);
    assert_int_equal(search.plan.also->type, FHIR_PATIENT);
    assert_true(
        text_eq(search.self, T("_type=Patient,Group,Patient&_has:Provenance:target:_id=1")));
    ask(&x, "", "_type=Patient&name=x&_sort=name");
    assert_int_equal(search_parse(&x.q, &arena, &search, &error), 0);
    assert_null(search.plan.also);
    static const char *const bad[][2] = {
        {"_type=Patient,Group&name=x", "name: a search of several types"},
        {"_type=Patient,Group&_sort=name", "sorted by _lastUpdated and _id"},
        {"_type=Patient,Nothing", "_type: 'Nothing' is not a resource type"},
        {"_type=", "_type: '' is not a resource type"},
        {"_type:not=Patient", "takes no modifier"},
        {"_type=Patient,Binary&_text=x", "Binary has no search parameter '_text'"}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ask(&x, "", bad[i][0]);
        assert_int_equal(search_parse(&x.q, &arena, &search, &error), ERR_INVALID);
        if (!strstr(err_text(&error), bad[i][1])) {
            fail_msg("%s: %s", bad[i][0], err_text(&error));
        }
    }
    ask(&x, "", "_type=Patient&_type=Group");
    assert_int_equal(search_parse(&x.q, &arena, &search, &error), ERR_DUPLICATE);
}

static void lenient(void **state)
{
    (void)state;
    struct asked x;
    ask(&x, "Observation", "nothing=1&status=final&subject.nothing=2&_query=x");
    x.q.lenient = true;
    assert_int_equal(search_parse(&x.q, &arena, &search, &error), 0);
    assert_int_equal(search.ignored_count, 3);
    assert_true(text_starts(search.ignored[0], T("_query: there is no query named 'x'")));
    assert_true(text_starts(search.ignored[1], T("Observation has no search parameter 'nothing'")));
    assert_true(text_starts(search.ignored[2], T("subject.nothing: no type that 'subject'")));
    assert_true(text_eq(search.self, T("status=final")));
    assert_true(text_eq(kit_plan(search.plan.root, &arena), T("status=final")));
    static const char *const bad[] = {"date=x", "status:exact=x", "_filter=nothing eq 1",
                                      "_sort=nothing", "_include=Patient:nothing"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ask(&x, "Observation", bad[i]);
        x.q.lenient = true;
        if (search_parse(&x.q, &arena, &search, &error) != ERR_INVALID) {
            fail_msg("%s was left out", bad[i]);
        }
    }
    ask(&x, "", "_type=Patient,Group&name=x&_id=1");
    x.q.lenient = true;
    assert_int_equal(search_parse(&x.q, &arena, &search, &error), 0);
    assert_int_equal(search.ignored_count, 1);
}

static void criteria(void **state)
{
    (void)state;
    struct asked x;
    struct plan plan;
    static const char *const names[] = {"_sort=name",   "_count=1",        "_include=Patient:link",
                                        "_total=none",  "_summary=true",   "_format=json",
                                        "_pretty=true", "_type=Patient",   "_elements=id",
                                        "_page=x",      "_contained=true", "_explain=true"};
    ask(&x, "Patient", "identifier=a|b&active=true");
    assert_int_equal(search_parse_criteria(&x.q, &arena, &plan, &error), 0);
    assert_true(text_eq(kit_plan(plan.root, &arena), T("and(active=true, identifier=a|b)")));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        ask(&x, "Patient", names[i]);
        assert_int_equal(search_parse_criteria(&x.q, &arena, &plan, &error), ERR_INVALID);
        text name = text_of(names[i]);
        assert_true(text_starts(text_of(err_text(&error)), text_first(name, text_find(name, '='))));
        assert_non_null(strstr(err_text(&error), "a condition"));
    }
    ask(&x, "Patient", "nothing=1");
    x.q.lenient = true;
    assert_int_equal(search_parse_criteria(&x.q, &arena, &plan, &error), ERR_INVALID);
    ask(&x, "Patient Group", "_id=1");
    assert_int_equal(search_parse_criteria(&x.q, &arena, &plan, &error), ERR_INVALID);
}

static int in_compartment(const char *compartment, const char *id, const char *type)
{
    struct asked x;
    ask(&x, type, "");
    x.q.in = (struct search_compartment){fhir_type_of(text_of(compartment)), text_of(id)};
    return search_parse(&x.q, &arena, &search, &error);
}

static void plan_is(const char *plan)
{
    text got = kit_plan(search.plan.root, &arena);
    if (!text_eq(got, text_of(plan))) {
        fail_msg("got %.*s, not %s", TEXT_ARG(got), plan);
    }
}

static void compartments(void **state)
{
    (void)state;
    assert_int_equal(in_compartment("Patient", "p", "Observation"), 0);
    plan_is("in Patient/p");
    assert_int_equal(in_compartment("Encounter", "e", "Observation"), 0);
    plan_is("encounter=Encounter/e");
    assert_int_equal(in_compartment("Device", "d", "Observation"), 0);
    plan_is("or(subject=Device/d, device=Device/d)");
    assert_int_equal(in_compartment("Encounter", "e", "Encounter"), 0);
    plan_is("id=e");
    assert_int_equal(in_compartment("Patient", "p", "Organization"), ERR_NOT_FOUND);
    assert_non_null(strstr(err_text(&error), "Organization"));
    assert_int_equal(in_compartment("Group", "g", "Observation"), ERR_NOT_FOUND);
    assert_int_equal(in_compartment("Patient", "a/b", "Observation"), ERR_INVALID);
    unsigned count = 0;
    assert_int_equal(in_compartment("Patient", "p", ""), 0);
    for (const struct plan *p = &search.plan; p; p = p->also, count++) {
        assert_true(p->root->kind == PLAN_COMPARTMENT && p->root->type == p->type);
    }
    assert_true(count > 50 && count < 100);
}

/* --- limits -------------------------------------------------------------------------------- */

/* Fails with these words, and costs at most two seconds of a processor (also under sanitizers). */
static void too_much(const char *type, text name, text value, const char *words)
{
    struct asked x;
    struct search_pair pair = {name, value};
    ask(&x, type, "");
    x.q.pairs = &pair;
    x.q.count = 1;
    int64_t start = clock_thread_cpu_ns();
    int code = search_parse(&x.q, &arena, &search, &error);
    int64_t ms = (clock_thread_cpu_ns() - start) / 1000000;
    if (code != ERR_INVALID || !strstr(err_text(&error), words) || ms > 2000) {
        fail_msg("%.*s: %s: %s, %lld ms", TEXT_ARG(text_first(name, 100)), err_info(code)->name,
                 err_text(&error), (long long)ms);
    }
    arena_reset(&arena);
}

static text repeated(const char *part, size_t count, const char *end)
{
    size_t n = strlen(part), last = strlen(end);
    char *out = arena_alloc(&arena, n * count + last + 1);
    assert_non_null(out);
    for (size_t i = 0; i < count; i++) {
        memcpy(out + i * n, part, n);
    }
    memcpy(out + n * count, end, last);
    return text_make(out, n * count + last);
}

static void limits(void **state)
{
    (void)state;
    too_much("Patient", T("family"), repeated("a,", 10000, "b"), "more than 2000 values");
    too_much("Patient", T("family"), repeated("a,", 500000, "b"), "more than 2000 values");
    too_much("Patient", T("_id"), repeated("a,", 2000, "b"), "more than 2000 values");
    too_much("Patient", T("_content"), repeated("a ", 500000, "b"), "more than 2000 values");
    too_much("Patient", T("_content"), repeated("(", 1000, ""), "more than 32 links");
    too_much("Patient", T("_list"), repeated("a,", 2000, "b"), "more than 2000 values");
    too_much("Patient", repeated("link:Patient.", 40, "name"), T("x"), "more than 32 links");
    too_much("Patient", repeated("_has:Patient:link:", 40, "name"), T("x"), "more than 32 links");
    too_much("Provenance", repeated("target.", 30, "_id"), T("x"), "combinations of types");
    too_much("List", repeated("item.", 30, "code"), T("x"), "combinations of types");
    too_much("Patient", T("_filter"), repeated("(", 40, "name eq x"), "more than 32 links");
    too_much("Patient", T("_filter"), repeated("not(", 16000, ""), "more than 32 links");
    too_much("Patient", T("_filter"), repeated("name eq x and ", 3000, "name eq x"),
             "more than 2000 values");
    too_much("Patient", T("_filter"), repeated("a", 1 << 20, ""), "more than 65536 bytes");
    too_much("Provenance", T("target"), repeated("a,", 1900, "b"), "more than 200000 comparisons");
    too_much("Observation", T("combo-code-value-quantity"), repeated("a$5,", 1500, "b$4"),
             "more than 2000 values");
    too_much("Observation", T("combo-code-value-concept"), repeated("a$", 500000, "b"),
             "of the form combo-code$combo-value-concept");
    struct asked x;
    ask(&x, "Patient", "family=a&given=b&name=c");
    x.limits.search_parameters = 2;
    assert_int_equal(search_parse(&x.q, &arena, &search, &error), ERR_INVALID);
    ask(&x, "X", "");
    assert_int_equal(search_parse(&x.q, &arena, &search, &error), ERR_NOT_FOUND);
    struct arena small;
    for (size_t size = 64; size < 20000; size += 500) {
        arena_init(&small, size);
        ask(&x, "Observation", "subject.name:exact=b&_filter=code eq x&_sort=date&_contained=both");
        error = (struct err){0};
        int code = search_parse(&x.q, &small, &search, &error);
        assert_true(code == ERR_MEMORY || code == ERR_INVALID);
        arena_done(&small);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(decoding, set_up, tear_down),
        cmocka_unit_test_setup_teardown(controls, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sorts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(includes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(elements, set_up, tear_down),
        cmocka_unit_test_setup_teardown(contained, set_up, tear_down),
        cmocka_unit_test_setup_teardown(self_links, set_up, tear_down),
        cmocka_unit_test_setup_teardown(several_types, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lenient, set_up, tear_down),
        cmocka_unit_test_setup_teardown(criteria, set_up, tear_down),
        cmocka_unit_test_setup_teardown(compartments, set_up, tear_down),
        cmocka_unit_test_setup_teardown(limits, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
