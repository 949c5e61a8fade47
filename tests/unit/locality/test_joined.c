/* The joined record: docs/locality.md, J1 and J2, on trees. */
#include "base/random.h"
#include "joined_kit.h"

#include <stdio.h>
#include <stdlib.h>

/* --- J2: one, alike, or not ---------------------------------------------------------------------
 */

#define DMD "{'system':'https://dmd.nhs.uk','code':'318853006','display':'Amlodipine 5mg tablets'}"
#define SCT "{'system':'http://snomed.info/sct','code':'318853006'}"
#define RX(id, more)                                                                        \
    "{'resourceType':'MedicationRequest','id':'" id "','status':'active','intent':'order'," \
    "'subject':{'reference':'Patient/" id "'}," more "}"
#define TAKES(id, more)                               \
    "{'resourceType':'MedicationStatement','id':'" id \
    "','subject':{'reference':'Patient/1'}," more "}"
#define BP "'code':{'coding':[{'system':'http://loinc.org','code':'8480-6'}]}"
#define RESULT(id, more)                                               \
    "{'resourceType':'Observation','id':'" id "','status':'final'," BP \
    ",'subject':{'reference':'Patient/" id "'}," more "}"
#define MM(value) "'valueQuantity':{'value':" value ",'unit':'mmHg'}"
#define LAB "'identifier':[{'system':'https://lab.example/result','value':'L-77'}],"
#define ASTHMA "'code':{'coding':[{'system':'http://snomed.info/sct','code':'195967001'}]}"
#define HAS(id, more) \
    "{'resourceType':'Condition','id':'" id "','subject':{'reference':'Patient/9'}," more "}"
#define GOING "'clinicalStatus':{'coding':[{'code':'active'}]},"
#define OVER "'clinicalStatus':{'coding':[{'code':'resolved'}]},"

static const struct pair {
    const char *what, *x, *y;
    enum alikeness is;
} pairs[] = {
    {"the same medicine at GP and hospital, dm+d and SNOMED CT",
     RX("1", "'authoredOn':'2026-01-10','medicationCodeableConcept':{'coding':[" DMD "]}"),
     RX("2", "'authoredOn':'2026-03-01','medicationCodeableConcept':{'coding':[" SCT "]}"),
     ALIKE_LIKELY},
    {"a prescription and what the patient is said to take",
     RX("1", "'authoredOn':'2026-01-10','medicationCodeableConcept':{'coding':[" DMD "]}"),
     TAKES("2", "'status':'active','effectivePeriod':{'start':'2025-12-01'},"
                "'medicationCodeableConcept':{'coding':[" SCT "]}"),
     ALIKE_LIKELY},
    {"one ended before the other began",
     RX("1", "'authoredOn':'2024-01-10','dispenseRequest':{'validityPeriod':{'end':'2024-02-10'}},"
             "'medicationCodeableConcept':{'coding':[" DMD "]}"),
     RX("2", "'authoredOn':'2026-03-01','medicationCodeableConcept':{'coding':[" DMD "]}"),
     ALIKE_NOT},
    {"a medicine that was stopped, and the same one years later",
     TAKES("1", "'status':'stopped','effectiveDateTime':'2020-05-01',"
                "'medicationCodeableConcept':{'coding':[" SCT "]}"),
     TAKES("2", "'status':'active','effectiveDateTime':'2026-05-01',"
                "'medicationCodeableConcept':{'coding':[" SCT "]}"),
     ALIKE_NOT},
    {"another strength is another medicine",
     RX("1", "'authoredOn':'2026-01-10','medicationCodeableConcept':{'coding':[" DMD "]}"),
     RX("2", "'authoredOn':'2026-01-10','medicationCodeableConcept':{'coding':[{'system':"
             "'https://dmd.nhs.uk','code':'318854000'}]}"),
     ALIKE_NOT},
    {"the same number in another system",
     RX("1", "'authoredOn':'2026-01-10','medicationCodeableConcept':{'coding':[" DMD "]}"),
     RX("2", "'authoredOn':'2026-01-10','medicationCodeableConcept':{'coding':[{'system':"
             "'https://local.example','code':'318853006'}]}"),
     ALIKE_NOT},
    {"a medicine in a contained resource",
     RX("1", "'authoredOn':'2026-01-10','contained':[{'resourceType':'Medication','id':'m','code':"
             "{'coding':[" DMD "]}}],'medicationReference':{'reference':'#m'}"),
     RX("2", "'authoredOn':'2026-01-20','medicationCodeableConcept':{'coding':[" SCT "]}"),
     ALIKE_LIKELY},
    {"medicines by words alone",
     RX("1", "'authoredOn':'2026-01-10','medicationCodeableConcept':{'text':'Amlodipine 5mg'}"),
     RX("2", "'authoredOn':'2026-01-20','medicationCodeableConcept':{'text':'amlodipine 5MG '}"),
     ALIKE_LIKELY},
    {"entered in error is like nothing",
     RX("1", "'authoredOn':'2026-01-10','medicationCodeableConcept':{'coding':[" DMD "]}"),
     TAKES("2", "'status':'entered-in-error','effectiveDateTime':'2026-01-10',"
                "'medicationCodeableConcept':{'coding':[" SCT "]}"),
     ALIKE_NOT},
    {"no time on one: nobody knows", RX("1", "'medicationCodeableConcept':{'coding':[" DMD "]}"),
     RX("2", "'authoredOn':'2026-01-10','medicationCodeableConcept':{'coding':[" DMD "]}"),
     ALIKE_NOT},
    {"the same result by identifier",
     RESULT("1", LAB "'effectiveDateTime':'2026-01-10T10:00:00Z'," MM("120")),
     RESULT("2", LAB "'effectiveDateTime':'2026-01-10T10:00:00Z'," MM("120")), ALIKE_SAME},
    {"the same identifier, but corrected",
     RESULT("1", LAB "'effectiveDateTime':'2026-01-10T10:00:00Z'," MM("120")),
     RESULT("2", LAB "'effectiveDateTime':'2026-01-10T10:00:00Z'," MM("210")), ALIKE_LIKELY},
    {"another result of the same order",
     RESULT("1", LAB "'effectiveDateTime':'2026-01-10T10:00:00Z'," MM("120")),
     "{'resourceType':'Observation','id':'2','status':'final'," LAB
     "'code':{'coding':[{'system':'http://loinc.org','code':'8462-4'}]},"
     "'effectiveDateTime':'2026-01-10T10:00:00Z'," MM("120") "}",
     ALIKE_NOT},
    {"the same value at the same time",
     RESULT("1", "'effectiveDateTime':'2026-01-10T10:00:00Z'," MM("120")),
     RESULT("2", "'effectiveDateTime':'2026-01-10T10:00:00+00:00'," MM("120")), ALIKE_LIKELY},
    {"two measurements of one day",
     RESULT("1", "'effectiveDateTime':'2026-01-10T10:00:00Z'," MM("120")),
     RESULT("2", "'effectiveDateTime':'2026-01-10T11:00:00Z'," MM("120")), ALIKE_NOT},
    {"another value at the same time",
     RESULT("1", "'effectiveDateTime':'2026-01-10T10:00:00Z'," MM("120")),
     RESULT("2", "'effectiveDateTime':'2026-01-10T10:00:00Z'," MM("121")), ALIKE_NOT},
    {"the same identifier of another system",
     RESULT("1", LAB "'effectiveDateTime':'2026-01-10T10:00:00Z'," MM("120")),
     RESULT("2", "'identifier':[{'system':'https://other.example','value':'L-77'}],"
                 "'effectiveDateTime':'2026-01-12T10:00:00Z'," MM("120")),
     ALIKE_NOT},
    {"identifiers without a system say nothing",
     RESULT("1", "'identifier':[{'value':'1'}],'effectiveDateTime':'2026-01-10'," MM("120")),
     RESULT("2", "'identifier':[{'value':'1'}],'effectiveDateTime':'2026-01-12'," MM("120")),
     ALIKE_NOT},
    {"the same identifier, and a reference that may lead elsewhere",
     RESULT("1", LAB "'performer':[{'reference':'Practitioner/1'}]," MM("120")),
     RESULT("2", LAB "'performer':[{'reference':'Practitioner/2'}]," MM("120")), ALIKE_LIKELY},
    {"the same identifier, and the same words of a reference",
     RESULT("1", LAB "'performer':[{'reference':'Practitioner/1','display':'Dr A'}]," MM("120")),
     RESULT("2", LAB "'performer':[{'reference':'Practitioner/2','display':'Dr A'}]," MM("120")),
     ALIKE_SAME},
    {"a problem that both know of", HAS("1", GOING ASTHMA ",'onsetDateTime':'2001'"),
     HAS("2", GOING ASTHMA ",'recordedDate':'2019-05-05'"), ALIKE_LIKELY},
    {"a problem that was over before",
     HAS("1", OVER ASTHMA ",'onsetDateTime':'2001-01','abatementDateTime':'2003-01'"),
     HAS("2", GOING ASTHMA ",'recordedDate':'2019-05-05'"), ALIKE_NOT},
    {"an allergy, whenever it was noted",
     "{'resourceType':'AllergyIntolerance','id':'1','code':{'coding':[" SCT
     "]},'recordedDate':'2001-01-01'}",
     "{'resourceType':'AllergyIntolerance','id':'2','code':{'coding':[" DMD "]}}", ALIKE_LIKELY},
    {"one vaccination, noted by the day and by the hour",
     "{'resourceType':'Immunization','id':'1','vaccineCode':{'coding':[" SCT
     "]},'occurrenceDateTime':'2026-02-03'}",
     "{'resourceType':'Immunization','id':'2','vaccineCode':{'coding':[" SCT
     "]},'occurrenceDateTime':'2026-02-03T15:20:00Z'}",
     ALIKE_LIKELY},
    {"the second dose",
     "{'resourceType':'Immunization','id':'1','vaccineCode':{'coding':[" SCT
     "]},'occurrenceDateTime':'2026-02-03'}",
     "{'resourceType':'Immunization','id':'2','vaccineCode':{'coding':[" SCT
     "]},'occurrenceDateTime':'2026-03-03'}",
     ALIKE_NOT},
    {"the same code in another type", HAS("1", GOING ASTHMA ",'onsetDateTime':'2001'"),
     "{'resourceType':'Procedure','id':'2','status':'completed'," ASTHMA
     ",'performedDateTime':'2001-05-05'}",
     ALIKE_NOT},
};

static enum alikeness alike(const yyjson_val *x, const yyjson_val *y)
{
    struct joined_facts a, b;
    joined_facts(x, NULL, &a);
    joined_facts(y, NULL, &b);
    return joined_facts_alike(&a, &b);
}

static void says_what_is_alike(void **state)
{
    struct arena a;
    bool good = true;
    (void)state;
    arena_init(&a, ARENA);
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const yyjson_val *x = tree(pairs[i].x, &a), *y = tree(pairs[i].y, &a);
        enum alikeness is = alike(x, y), back = alike(y, x);
        if (is != pairs[i].is || back != is) {
            print_message("%s: %d, and %d the other way; not %d\n", pairs[i].what, is, back,
                          pairs[i].is);
            good = false;
        }
    }
    arena_done(&a);
    assert_true(good);
}

/* --- merging ------------------------------------------------------------------------------------
 */

static void gives_true_duplicates_once(void **state)
{
    struct arena a;
    struct joined_part parts[2];
    struct joined_entry *entries;
    (void)state;
    arena_init(&a, ARENA);
    /* A copy of the hospital's entry here, one result by identifier, and an entry each. */
    part_of(
        &parts[0], "A81001", GP,
        ENTRY(
            "{'resourceType':'Encounter','id':'copy','meta':{'versionId':'9','source':"
            "'" HOSPITAL
            "/Encounter/5/_history/3'}}") "," ENTRY(RESULT("1", LAB
                                                           "'effectiveDateTime':'2026-01-10T10:00:"
                                                           "00Z'," MM(
                                                               "120"))) "," ENTRY("{'resourceType':"
                                                                                  "'Encounter','id'"
                                                                                  ":'7','meta':{'"
                                                                                  "versionId':'1'}"
                                                                                  "}"),
        &a);
    parts[0].is_own = true;
    part_of(&parts[1], "RXX", HOSPITAL,
            ENTRY("{'resourceType':'Encounter','id':'5','meta':{'versionId':'3'}}") "," ENTRY(
                RESULT("2", LAB "'effectiveDateTime':'2026-01-10T10:00:00Z'," MM(
                                "120"))) ","
                                         "{'resource':{'resourceType':'OperationOutcome'},'search':"
                                         "{'mode':'outcome'}},"
                                         "{'resource':{'resourceType':'Patient','id':'p'},'search':"
                                         "{'mode':'include'}}",
            &a);
    size_t n = merge(parts, 2, &a, &entries);
    assert_int_equal(n, 3);
    /* The result first (it has a date): the own one, since both are originals. */
    assert_true(text_eq(entries[0].id, T("1")) && entries[0].part == &parts[0]);
    assert_int_equal(entries[0].also_count, 1);
    assert_true(entries[0].also[0].part == &parts[1] && text_eq(entries[0].also[0].id, T("2")));
    assert_int_equal(entries[0].alike, 0);
    /* The hospital's own word stands for the copy. */
    assert_true(text_eq(entries[1].id, T("5")) && entries[1].part == &parts[1]);
    assert_int_equal(entries[1].also_count, 1);
    assert_true(entries[1].also[0].part == &parts[0]);
    assert_true(text_eq(entries[2].id, T("7")));
    /* When the hospital is away, its copy is still the hospital's. */
    parts[1].outcome = ASK_AWAY;
    parts[1].bundle_count = 0;
    n = merge(parts, 2, &a, &entries);
    assert_int_equal(n, 3);
    assert_true(text_eq(entries[2].base, text_of(HOSPITAL)) ||
                text_eq(entries[1].base, text_of(HOSPITAL)));
    for (size_t i = 0; i < n; i++) {
        if (text_eq(entries[i].base, text_of(HOSPITAL))) {
            assert_true(text_eq(entries[i].id, T("5")) && entries[i].part == &parts[0]);
        }
    }
    arena_done(&a);
}

/* Whoever has an older version of a custodian's entry does not hide the newer one. */
static void an_older_copy_is_like_it(void **state)
{
    struct arena a;
    struct joined_part parts[2];
    struct joined_entry *entries;
    (void)state;
    arena_init(&a, ARENA);
    part_of(&parts[0], "A81001", GP,
            ENTRY("{'resourceType':'Encounter','id':'copy','meta':{'versionId':'9','source':"
                  "'" HOSPITAL "/Encounter/5/_history/2'}}"),
            &a);
    part_of(&parts[1], "RXX", HOSPITAL,
            ENTRY("{'resourceType':'Encounter','id':'5','meta':{'versionId':'3'}}"), &a);
    assert_int_equal(merge(parts, 2, &a, &entries), 2);
    assert_true(entries[0].alike && entries[0].alike == entries[1].alike);
    assert_int_equal(entries[0].also_count + entries[1].also_count, 0);
    arena_done(&a);
}

/* Between two pages of a place an entry may change, so that it stands on both. */
static void gives_the_newer_of_two_pages(void **state)
{
    static const char *const version[] = {"10", "9"};
    (void)state;
    for (int newest = 0; newest < 2; newest++) {
        struct arena a;
        struct joined_part parts[2];
        struct joined_entry *entries;
        arena_init(&a, ARENA);
        const char *both =
            arena_printf(
                &a,
                ENTRY("{'resourceType':'Encounter','id':'5','meta':{'versionId':'%s'}}") "," ENTRY(
                    "{'resourceType':'Encounter','id':'5','meta':{"
                    "'versionId':'%s'}}"),
                version[newest], version[!newest])
                .p;
        part_of(&parts[0], "A81001", GP, both, &a);
        part_of(&parts[1], "RXX", HOSPITAL,
                ENTRY("{'resourceType':'Encounter','id':'5','meta':{'versionId':'9'}}"), &a);
        assert_int_equal(merge(parts, 2, &a, &entries), 2); /* of the other place: another one */
        for (size_t i = 0; i < 2; i++) {
            text is = json_text(json_get(json_get(entries[i].resource, T("meta")), T("versionId")));
            assert_true(entries[i].part == &parts[1] || text_eq(is, T("10")));
            assert_int_equal(entries[i].alike, 0);
        }
        arena_done(&a);
    }
}

static void groups_likely_ones_and_hides_none(void **state)
{
    struct arena a;
    struct joined_part parts[3];
    struct joined_entry *entries;
    (void)state;
    arena_init(&a, ARENA);
    part_of(&parts[0], "A81001", GP,
            ENTRY(RX("1", "'authoredOn':'2026-01-10','medicationCodeableConcept':{'coding':[" DMD
                          "]}")) "," ENTRY(RX("2", "'authoredOn':'2026-01-12',"
                                                   "'medicationCodeableConcept':{'coding':[" DMD
                                                   "]}")) "," ENTRY(HAS("3", GOING ASTHMA)),
            &a);
    part_of(&parts[1], "RXX", HOSPITAL,
            ENTRY("{'resourceType':'Medication','id':'m','code':{'coding':[" SCT "]}}") "," ENTRY(
                RX("4", "'authoredOn':'2026-03-01','medicationReference':{'reference':"
                        "'Medication/m'}")),
            &a);
    part_of(&parts[2], "FVR79", "https://pharmacy.example/fhir",
            ENTRY(TAKES("5", "'status':'active','effectiveDateTime':'2026-02-01',"
                             "'medicationCodeableConcept':{'coding':[" SCT "]}")),
            &a);
    size_t n = merge(parts, 3, &a, &entries);
    assert_int_equal(n, 6);
    size_t grouped = 0;
    for (size_t i = 0; i < n; i++) {
        bool medicine = text_starts(entries[i].type, T("MedicationR")) ||
                        text_starts(entries[i].type, T("MedicationS"));
        assert_int_equal(entries[i].alike, medicine ? 1 : 0);
        grouped += medicine;
    }
    assert_int_equal(grouped, 4); /* the reference leads to the code, too */
    /* Alone, the two of the practice are two: nobody writes one thing down twice at one place. */
    n = merge(parts, 1, &a, &entries);
    assert_int_equal(n, 3);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(entries[i].alike, 0);
    }
    arena_done(&a);
}

/* --- J1: order ----------------------------------------------------------------------------------
 */

enum { ENTRIES = 120, PARTS = 5 };

static text make_entry(struct prng *r, size_t i, struct arena *a)
{
    text body = {0};
    char at[40];
    (void)snprintf(at, sizeof at, "20%02u-%02u-%02uT%02u:00:00Z", (unsigned)prng_below(r, 3) + 20,
                   (unsigned)prng_below(r, 12) + 1, (unsigned)prng_below(r, 28) + 1,
                   (unsigned)prng_below(r, 24));
    switch (prng_below(r, 4)) {
    case 0:
        body = arena_printf(a,
                            "'resourceType':'Observation','status':'final','code':{'text':'x%zu'},"
                            "'effectiveDateTime':'%s'",
                            i, at);
        break;
    case 1:
        body = arena_printf(a,
                            "'resourceType':'Encounter','status':'finished','class':{'code':'c'},"
                            "'period':{'start':'%s'}",
                            at);
        break;
    case 2:
        body = arena_printf(a,
                            "'resourceType':'Procedure','status':'completed','code':{'text':'p%zu'}"
                            ",'performedDateTime':'%s'",
                            i, at);
        break;
    default:
        body = arena_printf(a, "'resourceType':'Organization','name':'o%zu'", i);
        break;
    }
    return arena_printf(a,
                        "{'resource':{%.*s,'id':'e%zu','meta':{'versionId':'1','lastUpdated':"
                        "'%s'}},'search':{'mode':'match'}}",
                        TEXT_ARG(body), i, at);
}

static text join(const text *items, size_t count, struct arena *a)
{
    text all = T("");
    for (size_t i = 0; i < count; i++) {
        const text pieces[] = {all, all.n ? T(",") : T(""), items[i]};
        all = arena_join(a, pieces, 3);
    }
    return all.n ? arena_printf(a, "%.*s", TEXT_ARG(all)) : T("");
}

static void check_spread(struct prng *r, struct arena *a, const struct plan_sort *sort)
{
    static const char *const ods[PARTS] = {"A1", "B2", "C3", "D4", "E5"};
    text all[ENTRIES], some[PARTS][ENTRIES];
    size_t counts[PARTS] = {0}, parts_count = 1 + prng_below(r, PARTS);
    size_t count = prng_below(r, ENTRIES), n = 0, m = 0;
    struct joined_part one, parts[PARTS];
    struct joined_entry *whole, *joined;
    struct err e = {0};
    for (size_t i = 0; i < count; i++) {
        size_t to = prng_below(r, parts_count);
        all[i] = make_entry(r, i, a);
        some[to][counts[to]++] = all[i];
    }
    part_of(&one, "Z", "https://z/fhir", join(all, count, a).p, a);
    for (size_t i = 0; i < parts_count; i++) {
        part_of(&parts[i], ods[i], arena_printf(a, "https://%s/fhir", ods[i]).p,
                join(some[i], counts[i], a).p, a);
    }
    assert_int_equal(joined_merge(&one, 1, sort, sort ? 1 : 0, a, &whole, &n, &e), 0);
    assert_int_equal(joined_merge(parts, parts_count, sort, sort ? 1 : 0, a, &joined, &m, &e), 0);
    assert_int_equal(n, count);
    assert_int_equal(m, count);
    for (size_t i = 0; i < count; i++) {
        assert_true(text_eq(whole[i].type, joined[i].type) && text_eq(whole[i].id, joined[i].id));
    }
}

static void orders_as_one_store(void **state)
{
    const struct plan_sort sorts[] = {
        {.param = search_param_of(NULL, fhir_type_of(T("Observation")), T("date"))},
        {.param = search_param_of(NULL, fhir_type_of(T("Observation")), T("code")),
         .descending = true},
        {.own = INDEX_LAST_UPDATED, .descending = true},
        {.own = 0}};
    struct prng r;
    (void)state;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct arena a;
        arena_init(&a, ARENA);
        prng_seed(&r, seed);
        check_spread(&r, &a, seed % 5 ? &sorts[seed % 5 - 1] : NULL);
        arena_done(&a);
    }
}

static void puts_the_newest_first(void **state)
{
    struct arena a;
    struct joined_part parts[2];
    struct joined_entry *entries;
    static const char *const order[] = {"p", "3", "2", "1", "4"};
    (void)state;
    arena_init(&a, ARENA);
    part_of(&parts[0], "A81001", GP,
            ENTRY(RESULT("1", "'effectiveDateTime':'2024-01-10'")) "," ENTRY(RESULT(
                "3", "'effectiveDateTime':'2026-01-10'")) "," ENTRY("{'resourceType':'Organization'"
                                                                    ",'id':'4','name':'x'}"),
            &a);
    part_of(&parts[1], "RXX", HOSPITAL,
            ENTRY(RESULT("2", "'effectiveDateTime':'2025-01-10'")) "," ENTRY(
                "{'resourceType':'Patient','id':'p','birthDate':'1950-01-01'}"),
            &a);
    assert_int_equal(merge(parts, 2, &a, &entries), 5);
    for (size_t i = 0; i < 5; i++) {
        assert_true(text_eq(entries[i].id, text_of(order[i])));
    }
    /* What has no value stands last in both directions. */
    struct plan_sort sort = {.param =
                                 search_param_of(NULL, fhir_type_of(T("Observation")), T("date"))};
    size_t n = 0;
    struct err e = {0};
    for (int i = 0; i < 2; i++) {
        sort.descending = i;
        assert_int_equal(joined_merge(parts, 2, &sort, 1, &a, &entries, &n, &e), 0);
        assert_true(text_eq(entries[0].id, i ? T("3") : T("1")));
        assert_true(text_eq(entries[2].id, i ? T("1") : T("3")));
        assert_true(text_eq(entries[3].type, T("Organization")));
    }
    arena_done(&a);
}

/* However many look alike, the work is bounded, and all are there. */
static void takes_many_of_one_kind(void **state)
{
    struct arena a;
    struct joined_part parts[2];
    struct joined_entry *entries;
    struct buf out[2];
    (void)state;
    arena_init(&a, ARENA);
    for (size_t p = 0; p < 2; p++) {
        buf_init(&out[p], 1 << 24);
        for (unsigned i = 0; i < 4000; i++) {
            buf_printf(&out[p],
                       "%s{'resource':{'resourceType':'Condition','id':'%c%u',"
                       "'identifier':[{'system':'s','value':'v'}]," ASTHMA
                       ",'recordedDate':'2026-01-01'}}",
                       i ? "," : "", p ? 'b' : 'a', i);
        }
        buf_addc(&out[p], 0);
        part_of(&parts[p], p ? "B" : "A", p ? GP : HOSPITAL, out[p].p, &a);
        buf_done(&out[p]);
    }
    assert_int_equal(merge(parts, 2, &a, &entries), 8000 - 64);
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_is_alike),
        cmocka_unit_test(gives_true_duplicates_once),
        cmocka_unit_test(an_older_copy_is_like_it),
        cmocka_unit_test(gives_the_newer_of_two_pages),
        cmocka_unit_test(groups_likely_ones_and_hides_none),
        cmocka_unit_test(orders_as_one_store),
        cmocka_unit_test(puts_the_newest_first),
        cmocka_unit_test(takes_many_of_one_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
