/* What of a record belongs in which section of a summary, and how it reads. */
#include "base/clock.h"
#include "fhir/resource.h"
#include "fhir/summary_int.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { MEMORY = 16 * 1024 * 1024, ITEMS = 16 };

static struct arena arena;

static int begin(void **state)
{
    (void)state;
    arena_init(&arena, MEMORY);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

static yyjson_val *tree(text json)
{
    yyjson_val *root = NULL;
    struct err e = {0};
    if (json_read(json, 64, &arena, &root, &e)) {
        fail_msg("%s: %.*s", e.detail, TEXT_ARG(json));
    }
    return root;
}

static struct summary_ask ask_of(const struct summary_item *items, size_t count)
{
    return (struct summary_ask){
        .patient =
            tree(T("{\"resourceType\":\"Patient\",\"id\":\"p\",\"name\":[{\"text\":\"A <B>\"}]}")),
        .patient_id = T("p"),
        .base = T("http://node/fhir"),
        .author = T("urn:uuid:00000000-0000-4000-8000-000000000009"),
        .author_name = T("Node & Sons"),
        .document = T("00000000-0000-4000-8000-000000000000"),
        .absent = {T("00000000-0000-4000-8000-000000000001"),
                   T("00000000-0000-4000-8000-000000000002"),
                   T("00000000-0000-4000-8000-000000000003")},
        .now_ms = clock_days(2026, 11, 22) * 86400000,
        .items = items,
        .count = count,
    };
}

static struct summary_item item_of(const char *json, int64_t changed)
{
    yyjson_val *root = tree(text_of(json));
    return (struct summary_item){fhir_type_of(json_text(json_get(root, T("resourceType")))),
                                 json_text(json_get(root, T("id"))), root, changed};
}

/* --- which section ---------------------------------------------------------------------------- */

#define OF(type, link) \
    "{\"resourceType\":\"" type "\",\"id\":\"x\",\"" link "\":{\"reference\":\"Patient/p\"},"
#define STATUS(s) "\"status\":\"" s "\""
#define CODES(name, c) \
    "\"" name "\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"" c "\"}]}"
#define CATEGORY(c) "\"category\":[{\"coding\":[{\"code\":\"" c "\"}]}]"

static void sections(void **state)
{
    static const struct {
        const char *json;
        enum summary_section section;
        bool over;
    } cases[] = {
        {OF("MedicationRequest", "subject") STATUS("active") "}", SUMMARY_MEDICATIONS, false},
        {OF("MedicationRequest", "subject") STATUS("on-hold") "}", SUMMARY_MEDICATIONS, false},
        {OF("MedicationRequest", "subject") STATUS("stopped") "}", SUMMARY_MEDICATIONS, true},
        {OF("MedicationRequest", "subject") STATUS("entered-in-error") "}", SUMMARY_SECTIONS,
         false},
        {OF("MedicationRequest", "subject") STATUS("active") ",\"doNotPerform\":true}",
         SUMMARY_SECTIONS, false},
        {OF("MedicationRequest", "subject") STATUS("active") ",\"intent\":\"proposal\"}",
         SUMMARY_SECTIONS, false},
        {OF("MedicationStatement", "subject") STATUS("not-taken") "}", SUMMARY_SECTIONS, false},
        {OF("MedicationStatement", "subject")
             STATUS("active") ",\"effectivePeriod\":{\"end\":\"2026-11-21\"}}",
         SUMMARY_MEDICATIONS, true},
        {OF("MedicationStatement", "subject")
             STATUS("active") ",\"effectivePeriod\":{\"end\":\"2026-11-22\"}}",
         SUMMARY_MEDICATIONS, false},
        {OF("AllergyIntolerance", "patient") "\"code\":{\"text\":\"x\"}}", SUMMARY_ALLERGIES,
         false},
        {OF("AllergyIntolerance", "patient") CODES("clinicalStatus", "resolved") "}",
         SUMMARY_SECTIONS, false},
        {OF("AllergyIntolerance", "patient") CODES("verificationStatus", "refuted") "}",
         SUMMARY_SECTIONS, false},
        {OF("Condition", "subject") CODES("clinicalStatus", "recurrence") "}", SUMMARY_PROBLEMS,
         false},
        {OF("Condition", "subject") CODES("clinicalStatus", "remission") "}", SUMMARY_PAST_ILLNESS,
         false},
        {OF("Condition", "subject") "\"code\":{\"text\":\"x\"}}", SUMMARY_PROBLEMS, false},
        {OF("Condition", "subject") "\"abatementDateTime\":\"2020\"}", SUMMARY_PAST_ILLNESS, false},
        {OF("Immunization", "patient") STATUS("completed") "}", SUMMARY_IMMUNIZATIONS, false},
        {OF("Immunization", "patient") STATUS("not-done") "}", SUMMARY_SECTIONS, false},
        {OF("Procedure", "subject") STATUS("completed") "}", SUMMARY_PROCEDURES, false},
        {OF("Procedure", "subject") STATUS("not-done") "}", SUMMARY_SECTIONS, false},
        {OF("DeviceUseStatement", "subject") STATUS("active") "}", SUMMARY_DEVICES, false},
        {OF("DeviceUseStatement", "subject") STATUS("completed") "}", SUMMARY_DEVICES, true},
        {OF("DiagnosticReport", "subject") STATUS("final") "}", SUMMARY_RESULTS, false},
        {OF("DiagnosticReport", "subject") STATUS("preliminary") "}", SUMMARY_SECTIONS, false},
        {OF("Observation", "subject") STATUS("final") "," CATEGORY("laboratory") "}",
         SUMMARY_RESULTS, false},
        {OF("Observation", "subject") STATUS("cancelled") "," CATEGORY("laboratory") "}",
         SUMMARY_SECTIONS, false},
        {OF("Observation", "subject") STATUS("final") "," CATEGORY("vital-signs") "}",
         SUMMARY_VITAL_SIGNS, false},
        {OF("Observation", "subject") STATUS("final") "," CODES("code", "8867-4") "}",
         SUMMARY_VITAL_SIGNS, false},
        {OF("Observation", "subject") STATUS("final") "," CATEGORY("social-history") "}",
         SUMMARY_SOCIAL_HISTORY, false},
        {OF("Observation", "subject")
             STATUS("final") "," CATEGORY("exam") "," CODES("code", "82810-3") "}",
         SUMMARY_PREGNANCY, false},
        {OF("Observation", "subject") STATUS("final") "," CATEGORY("functional-status") "}",
         SUMMARY_FUNCTIONAL_STATUS, false},
        {OF("ClinicalImpression", "subject") STATUS("completed") "}", SUMMARY_FUNCTIONAL_STATUS,
         false},
        {OF("CarePlan", "subject") STATUS("active") "}", SUMMARY_PLAN_OF_CARE, false},
        {OF("CarePlan", "subject") STATUS("revoked") "}", SUMMARY_PLAN_OF_CARE, true},
        {OF("Consent", "patient") STATUS("active") "," CATEGORY("dnr") "}",
         SUMMARY_ADVANCE_DIRECTIVES, false},
        {OF("Consent", "patient") STATUS("active") "," CATEGORY("research") "}", SUMMARY_SECTIONS,
         false},
        {OF("Encounter", "subject") STATUS("finished") "}", SUMMARY_SECTIONS, false},
        {"{\"resourceType\":\"Condition\",\"id\":\"x\",\"subject\":{\"reference\":\"Patient/q\"}}",
         SUMMARY_SECTIONS, false},
        {"{\"resourceType\":\"Condition\",\"id\":\"x\",\"subject\":{\"reference\":"
         "\"http://node/fhir/Patient/p\"}}",
         SUMMARY_PROBLEMS, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct summary_item item = item_of(cases[i].json, 0);
        struct summary_ask ask = ask_of(&item, 1);
        bool over = false;
        enum summary_section section = summary_section_of(&ask, &item, &over);
        if (section != cases[i].section || over != cases[i].over) {
            fail_msg("section %d, over %d: %s", (int)section, over, cases[i].json);
        }
        assert_int_equal(summary_takes(item.type),
                         !text_eq(fhir_type_name(item.type), T("Encounter")));
    }
}

/* --- the latest --------------------------------------------------------------------------------
 */

#define MEASURED(id, code, date)                                                            \
    "{\"resourceType\":\"Observation\",\"id\":\"" id "\",\"status\":\"final\",\"subject\":" \
    "{\"reference\":\"Patient/p\"}," CATEGORY("laboratory") "," CODES(                      \
        "code", code) ",\"effectiveDateTime\":\"" date "\"}"

static void latest(void **state)
{
    (void)state;
    const struct summary_item items[] = {
        item_of(MEASURED("a", "1", "2020-01-01"), 9),
        item_of(MEASURED("b", "1", "2021"), 1),
        item_of(MEASURED("c", "2", "2019-01-01"), 1),
        item_of(MEASURED("d", "2", "2019-01-01"), 2),
    };
    struct summary_ask ask = ask_of(items, 4);
    struct summary s;
    assert_int_equal(summary_choose(&ask, &arena, &s), 0);
    const struct summary_chosen *results = &s.sections[SUMMARY_RESULTS];
    assert_int_equal(results->count, 2);
    assert_ptr_equal(results->items[0], &items[1]);
    assert_ptr_equal(results->items[1], &items[3]);
    assert_int_equal(results->dropped, 0);
}

/* --- words -------------------------------------------------------------------------------------
 */

/* What somebody took for a number has no places to part it at. */
static void numbers(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        const char *words;
    } rows[] = {{"9434765919", "<td>943 476 5919</td>"},
                {"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9",
                 "<td>\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9</td>"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out;
        buf_init(&out, 4096);
        summary_print_person(
            &out, tree(arena_printf(&arena,
                                    "{\"identifier\":[{\"system\":\"https://fhir.nhs.uk/Id/"
                                    "nhs-number\",\"value\":\"%s\"}]}",
                                    rows[i].value)));
        assert_non_null(memmem(out.p, out.n, rows[i].words, strlen(rows[i].words)));
        buf_done(&out);
    }
}

static void words(void **state)
{
    static const struct {
        const char *type;
        const char *json;
        const char *words;
    } cases[] = {
        {"DateTime", "\"2026\"", "2026"},
        {"DateTime", "\"2026-11\"", "November 2026"},
        {"DateTime", "\"2026-01-02\"", "2 January 2026"},
        {"DateTime", "\"2026-01-02T09:30:00Z\"", "2 January 2026 09:30"},
        {"DateTime", "\"2026-07-02T09:30:00.123+01:00\"", "2 July 2026 09:30 +01:00"},
        {"Instant", "\"2026-07-02T09:30:00+00:00\"", "2 July 2026 09:30"},
        {"Quantity", "{\"value\":1.50,\"comparator\":\"<\",\"unit\":\"mg\"}", "&lt;1.50 mg"},
        {"Quantity", "{\"value\":3,\"code\":\"1\"}", "3"},
        {"Range", "{\"low\":{\"value\":1},\"high\":{\"value\":2}}", "1 to 2"},
        {"Range", "{\"low\":{\"value\":1}}", "1 or more"},
        {"Range", "{\"high\":{\"value\":2}}", "up to 2"},
        {"Ratio", "{\"numerator\":{\"value\":1},\"denominator\":{\"value\":128}}", "1/128"},
        {"Period", "{\"start\":\"2020\"}", "since 2020"},
        {"Period", "{\"end\":\"2020\"}", "until 2020"},
        {"Period", "{\"start\":\"2019\",\"end\":\"2020\"}", "2019 to 2020"},
        {"Boolean", "true", "yes"},
        {"Boolean", "false", "no"},
        {"Integer", "7", "7"},
        {"String", "\"a < b & \\\"c\\\" \\u0007\\ufffe\"", "a &lt; b &amp; &quot;c&quot;   "},
        {"CodeableConcept", "{\"coding\":[{\"code\":\"c\",\"display\":\"Shown\"}]}", "Shown"},
        {"CodeableConcept", "{\"coding\":[{\"code\":\"c\"}]}", "c"},
        {"CodeableConcept", "{\"text\":\"Said\",\"coding\":[{\"display\":\"Shown\"}]}", "Said"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out;
        buf_init(&out, 4096);
        summary_print_value(&out, text_of(cases[i].type), tree(text_of(cases[i].json)));
        if (!text_eq(buf_text(&out), text_of(cases[i].words))) {
            fail_msg("%s: '%.*s', not '%s'", cases[i].json, TEXT_ARG(buf_text(&out)),
                     cases[i].words);
        }
        buf_done(&out);
    }
}

/* --- the document ------------------------------------------------------------------------------
 */

static void check_resource(const struct buf *out)
{
    struct issues issues;
    struct resource r;
    issues_init(&issues, &arena);
    if (resource_check(tree(buf_text(out)), false, &arena, &issues, &r)) {
        fail_msg("%.*s: %.*s", TEXT_ARG(issues.items[0].expression),
                 TEXT_ARG(issues.items[0].details));
    }
}

static void nothing(void **state)
{
    (void)state;
    struct summary_ask ask = ask_of(NULL, 0);
    struct summary s;
    struct buf out;
    buf_init(&out, MEMORY);
    assert_int_equal(summary_choose(&ask, &arena, &s), 0);
    assert_int_equal(summary_composition(&ask, &s, &out), 0);
    check_resource(&out);
    for (enum summary_section i = 0; i < SUMMARY_REQUIRED; i++) {
        assert_true(summary_is_absent(&s, i));
        buf_clear(&out);
        summary_absent(&ask, i, &out);
        check_resource(&out);
    }
    assert_false(summary_is_absent(&s, SUMMARY_RESULTS));
    buf_done(&out);
}

static void too_small(void **state)
{
    (void)state;
    struct summary_ask ask = ask_of(NULL, 0);
    struct summary s;
    struct buf out;
    buf_init(&out, 100);
    assert_int_equal(summary_choose(&ask, &arena, &s), 0);
    assert_int_equal(summary_composition(&ask, &s, &out), ERR_MEMORY);
    buf_done(&out);
}

static void dropped(void **state)
{
    enum { MANY = 120 };
    (void)state;
    struct summary_item *items = arena_zalloc(&arena, MANY, sizeof *items);
    assert_non_null(items);
    for (size_t i = 0; i < MANY; i++) {
        items[i] = item_of(OF("Procedure", "subject") STATUS("completed") "}", (int64_t)i);
    }
    struct summary_ask ask = ask_of(items, MANY);
    struct summary s;
    struct buf out;
    buf_init(&out, MEMORY);
    assert_int_equal(summary_choose(&ask, &arena, &s), 0);
    assert_int_equal(s.sections[SUMMARY_PROCEDURES].count, 100);
    assert_int_equal(s.sections[SUMMARY_PROCEDURES].dropped, 20);
    assert_ptr_equal(s.sections[SUMMARY_PROCEDURES].items[0], &items[MANY - 1]);
    summary_table(&ask, &s, SUMMARY_PROCEDURES, &out);
    assert_non_null(memmem(out.p, out.n, "20 older ones", 13));
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sections, begin, end),
        cmocka_unit_test_setup_teardown(latest, begin, end),
        cmocka_unit_test_setup_teardown(numbers, begin, end),
        cmocka_unit_test_setup_teardown(words, begin, end),
        cmocka_unit_test_setup_teardown(nothing, begin, end),
        cmocka_unit_test_setup_teardown(too_small, begin, end),
        cmocka_unit_test_setup_teardown(dropped, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
