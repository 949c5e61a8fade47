/* What an index says beside its entries: the texts of codes, and the principal date. */
#include "search_kit.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct index_rules rules = {.base = {KIT_BASE, sizeof KIT_BASE - 1}};

/* Texts beside codes: each coding with its own display and with the concept's text, once. */
static void displays(void **state)
{
    (void)state;
    struct arena a;
    struct index index;
    struct buf got;
    arena_init(&a, 1 << 24);
    buf_init(&got, 1 << 16);
    struct resource r = kit_resource(
        "{'resourceType':'Observation','code':{'coding':[{'system':'http://l','code':'8302-2',"
        "'display':'Body Height'},{'code':'H','display':'body height'},{'code':'I','display':'-'}],"
        "'text':'Größe'},'category':[{'coding':[{'code':'v','display':'V'}],'text':'V'}],"
        "'identifier':[{'value':'8','type':{'coding':[{'code':'MR','display':'Record'}],"
        "'text':'Record'}}],'subject':{'reference':'Patient/1','display':'Peter'},"
        "'component':[{'code':{'coding':[{'system':'http://l','code':'8302-2',"
        "'display':'Body height'}]}}],'meta':{'tag':[{'code':'t','display':'Tag'}]}}",
        &a);
    assert_int_equal(index_extract(&r, &rules, &a, &index), 0);
    for (size_t i = 0; i < index.display_count; i++) {
        const struct index_display *d = &index.displays[i];
        buf_printf(&got, "%.*s|%.*s %.*s\n", TEXT_ARG(d->system), TEXT_ARG(d->code),
                   TEXT_ARG(d->words));
    }
    buf_addc(&got, '\0');
    assert_string_equal(got.p, "http://l|8302-2 body height\n"
                               "http://l|8302-2 grosse\n"
                               "|h body height\n"
                               "|h grosse\n"
                               "|i grosse\n"
                               "|t tag\n"
                               "|v v\n");
    buf_done(&got);
    arena_done(&a);
}

static void principal_date(void **state)
{
    (void)state;
    static const struct {
        const char *json, *moment;
        enum index_when_kind kind;
    } cases[] = {
        {"'Observation','effectiveDateTime':'2011-08-14'", "2011-08-14T00:00:00.000Z",
         INDEX_WHEN_DAY},
        {"'Observation','effectiveDateTime':'1960-08-14T10:00:01+01:00'",
         "1960-08-14T09:00:01.000Z", INDEX_WHEN_SECOND},
        {"'Observation','effectiveInstant':'2011-08-14T10:00:00.123Z'", "2011-08-14T10:00:00.123Z",
         INDEX_WHEN_MS},
        {"'Observation','effectiveDateTime':'2011'", "2011-01-01T00:00:00.000Z", INDEX_WHEN_OTHER},
        {"'Observation','effectivePeriod':{'start':'2011'}", "2011-01-01T00:00:00.000Z",
         INDEX_WHEN_OTHER},
        {"'Observation','effectivePeriod':{'end':'2011'}", NULL, INDEX_WHEN_OTHER},
        {"'Observation','issued':'2011-01-01T00:00:00Z'", NULL, INDEX_WHEN_OTHER},
        {"'Condition','onsetDateTime':'2011-08-14','recordedDate':'2012'",
         "2011-08-14T00:00:00.000Z", INDEX_WHEN_DAY},
        {"'MedicationRequest','authoredOn':'2011-08-14','dosageInstruction':[{'timing':{'event':"
         "['2012-01-01']}}]",
         "2011-08-14T00:00:00.000Z", INDEX_WHEN_DAY},
        {"'SupplyRequest','authoredOn':'2011-08-14'", "2011-08-14T00:00:00.000Z", INDEX_WHEN_DAY},
        {"'Invoice','date':'2011-08-14'", "2011-08-14T00:00:00.000Z", INDEX_WHEN_DAY},
        {"'Flag','period':{'start':'2011-08-14','end':'2011-08-14'}", "2011-08-14T00:00:00.000Z",
         INDEX_WHEN_DAY},
        {"'Medication','batch':{'expirationDate':'2011-08-14'}", NULL, INDEX_WHEN_OTHER},
        {"'FamilyMemberHistory','date':'2011-08-14'", "2011-08-14T00:00:00.000Z", INDEX_WHEN_DAY},
        {"'ImmunizationRecommendation','date':'2011-08-14'", "2011-08-14T00:00:00.000Z",
         INDEX_WHEN_DAY},
        {"'ChargeItem','occurrenceDateTime':'2011-08-14'", "2011-08-14T00:00:00.000Z",
         INDEX_WHEN_DAY},
        {"'VisionPrescription','dateWritten':'2011-08-14'", "2011-08-14T00:00:00.000Z",
         INDEX_WHEN_DAY},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct arena a;
        struct index index;
        int64_t start, end = 0;
        arena_init(&a, 1 << 24);
        text json = arena_printf(&a, "{'resourceType':%s}", cases[i].json);
        struct resource r = kit_resource(json.p, &a);
        assert_int_equal(index_extract(&r, &rules, &a, &index), 0);
        if (!cases[i].moment) {
            assert_true(index.when == INDEX_WHEN_NONE);
            assert_false(index_when_read(index.when, &start, &end));
        } else {
            static const int64_t lengths[] = {1000, 1, 86400000, 0};
            assert_int_equal(index.when & 3, cases[i].kind);
            assert_int_equal(index_when_read(index.when, &start, &end),
                             cases[i].kind != INDEX_WHEN_OTHER);
            assert_string_equal(kit_moment(start, &a).p, cases[i].moment);
            assert_int_equal(end ? end - start : 0, lengths[cases[i].kind]);
        }
        arena_done(&a);
    }
}

/* Newer dates are greater numbers. Two dates are none. */
static void when_order(void **state)
{
    (void)state;
    struct arena a;
    struct index index;
    arena_init(&a, 1 << 24);
    int64_t day = 86400000, start = index_ms_from_1970(0);
    assert_true(index_when(start - 1, start) < index_when(start, start + day));
    assert_true(index_when(start, start + day) < index_when(start + 1, start + 1001));
    assert_true(index_when(0, day) == INDEX_WHEN_NONE);
    assert_true(index_when(INT64_MIN, day) == INDEX_WHEN_NONE);
    assert_int_equal(index_when(start, INT64_MAX) & 3, INDEX_WHEN_OTHER);
    struct resource r =
        kit_resource("{'resourceType':'Provenance','recorded':'2011-01-01T00:00:00Z',"
                     "'occurredDateTime':'2010'}",
                     &a);
    assert_int_equal(index_extract(&r, &rules, &a, &index), 0);
    assert_true(index.when != INDEX_WHEN_NONE);
    r = kit_resource("{'resourceType':'CarePlan','period':{'start':'2011'},'activity':[]}", &a);
    assert_int_equal(index_extract(&r, &rules, &a, &index), 0);
    assert_true(index.when != INDEX_WHEN_NONE);
    r = kit_resource("{'resourceType':'Specimen','collection':{'collectedDateTime':'2011'}}", &a);
    assert_int_equal(index_extract(&r, &rules, &a, &index), 0);
    assert_true(index.when != INDEX_WHEN_NONE);
    r = kit_resource(
        "{'resourceType':'Provenance','recorded':['2011-01-01T00:00:00Z','2011-01-01T00:00:01Z']}",
        &a);
    assert_int_equal(index_extract(&r, &rules, &a, &index), 0);
    assert_true(index.when == INDEX_WHEN_NONE);
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(displays),
        cmocka_unit_test(principal_date),
        cmocka_unit_test(when_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
