/* Values in words: dates as clocks in the United Kingdom show them, quantities, ranges, people; and
 * the table of texts, whose two languages belong together. */
#include "plain/inner.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { MEMORY = 4 * 1024 * 1024 };

static struct arena memory;

static struct page page_in(enum language language)
{
    arena_reset(&memory);
    return (struct page){.a = &memory, .language = language};
}

static void is_words(text is, const char *should, const char *of)
{
    if (!text_eq(is, text_of(should))) {
        fail_msg("%s: is '%.*s', should be '%s'", of, TEXT_ARG(is), should);
    }
}

static void dates(void **state)
{
    static const struct {
        const char *date;
        const char *english;
        const char *welsh;
    } cases[] = {
        {"2026", "2026", "2026"},
        {"2026-03", "March 2026", "Mawrth 2026"},
        {"2026-03-03", "3 March 2026", "3 Mawrth 2026"},
        {"2026-03-03T09:30:00+00:00", "3 March 2026, 09:30", "3 Mawrth 2026, 09:30"},
        /* as it was written where it was written */
        {"2026-07-01T08:50:00+01:00", "1 July 2026, 08:50", "1 Gorffennaf 2026, 08:50"},
        {"2026-07-01T08:50:00-05:00", "1 July 2026, 08:50", "1 Gorffennaf 2026, 08:50"},
        /* in UTC: summer time begins on the last Sunday of March and ends on that of October */
        {"2026-01-01T12:00:00Z", "1 January 2026, 12:00", "1 Ionawr 2026, 12:00"},
        {"2026-07-01T12:00:00Z", "1 July 2026, 13:00", "1 Gorffennaf 2026, 13:00"},
        {"2026-03-29T00:59:59Z", "29 March 2026, 00:59", "29 Mawrth 2026, 00:59"},
        {"2026-03-29T01:00:00Z", "29 March 2026, 02:00", "29 Mawrth 2026, 02:00"},
        {"2026-10-25T00:59:59.999Z", "25 October 2026, 01:59", "25 Hydref 2026, 01:59"},
        {"2026-10-25T01:00:00Z", "25 October 2026, 01:00", "25 Hydref 2026, 01:00"},
        {"2024-03-31T01:00:00Z", "31 March 2024, 02:00", "31 Mawrth 2024, 02:00"},
        {"2026-06-30T23:30:00.123Z", "1 July 2026, 00:30", "1 Gorffennaf 2026, 00:30"},
        {"2026-12-31T23:30:00Z", "31 December 2026, 23:30", "31 Rhagfyr 2026, 23:30"},
        {"", "", ""},
        {"abc", "abc", "abc"},
        {"20xx-13-99", "20xx", "20xx"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct page english = page_in(ENGLISH);
        is_words(words_date(&english, text_of(cases[i].date)), cases[i].english, cases[i].date);
        struct page welsh = page_in(WELSH);
        is_words(words_date(&welsh, text_of(cases[i].date)), cases[i].welsh, cases[i].date);
    }
}

static const yyjson_val *tree(struct page *p, const char *json)
{
    yyjson_val *root = NULL;
    struct err e = {0};
    if (json_read(text_of(json), 20, p->a, &root, &e)) {
        fail_msg("%s: %s", json, err_text(&e));
    }
    return root;
}

static void results(void **state)
{
    static const struct {
        const char *json;
        const char *result;
        const char *range;
    } cases[] = {
        {"{\"valueQuantity\":{\"value\":5.10,\"unit\":\"mmol/L\"},\"referenceRange\":[{\"low\":{"
         "\"value\":2.5,\"unit\":\"mmol/L\"},\"high\":{\"value\":7.8,\"unit\":\"mmol/L\"}}]}",
         "5.10 mmol/L", "2.5 to 7.8 mmol/L"},
        {"{\"valueQuantity\":{\"value\":8,\"unit\":\"{score}\",\"comparator\":\"<\"},"
         "\"interpretation\":[{\"coding\":[{\"code\":\"H\",\"display\":\"High\"}]}],"
         "\"referenceRange\":[{\"high\":{\"value\":4,\"unit\":\"{score}\"}}]}",
         "<8 score (High)", "up to 4 score"},
        {"{\"valueQuantity\":{\"value\":98,\"unit\":\"%\"},\"referenceRange\":[{\"low\":{\"value\":"
         "94,\"unit\":\"%\"}}]}",
         "98%", "94% or more"},
        {"{\"valueString\":\"<b>bold</b>\",\"referenceRange\":[{\"text\":\"none\"}]}",
         "<b>bold</b>", "none"},
        {"{\"valueBoolean\":false}", "no", ""},
        {"{\"valueCodeableConcept\":{\"coding\":[{\"code\":\"1\"},{\"display\":\"Two\"}]}}", "Two",
         ""},
        {"{\"valuePeriod\":{\"start\":\"2026-01-01\"}}", "since 1 January 2026", ""},
        {"{\"valueRatio\":{\"numerator\":{\"value\":1},\"denominator\":{\"value\":128}}}", "1/128",
         ""},
        {"{\"dataAbsentReason\":{\"text\":\"Sample lost\"}}", "Sample lost", ""},
        {"{\"component\":[{\"code\":{\"text\":\"Systolic\"},\"valueQuantity\":{\"value\":135,"
         "\"unit\":\"mmHg\"}},{\"code\":{\"text\":\"Diastolic\"},\"valueQuantity\":{\"value\":80,"
         "\"unit\":\"mmHg\"}}]}",
         "Systolic: 135 mmHg; Diastolic: 80 mmHg", ""},
        {"{}", "", ""},
        {"{\"referenceRange\":[],\"component\":[],\"interpretation\":[]}", "", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct page p = page_in(ENGLISH);
        const yyjson_val *root = tree(&p, cases[i].json);
        is_words(words_result(&p, root), cases[i].result, cases[i].json);
        is_words(words_range(&p, root), cases[i].range, cases[i].json);
    }
}

static void people(void **state)
{
    struct page p = page_in(ENGLISH);
    (void)state;
    const yyjson_val *root = tree(
        &p, "{\"name\":[{\"use\":\"old\",\"family\":\"Before\"},{\"use\":\"official\","
            "\"prefix\":[\"Dr\"],\"given\":[\"Ann\",\"B\"],\"family\":\"O’Flow\"}],"
            "\"identifier\":[{\"system\":\"other\",\"value\":\"1\"},{\"system\":"
            "\"https://fhir.nhs.uk/Id/nhs-number\",\"value\":\"9990000018\"}],"
            "\"address\":[{\"line\":[\"1 High Street\",\"Old Town\"],\"postalCode\":\"WX1\"}]}");
    is_words(words_name(&p, root), "Dr Ann B O’Flow", "the official name");
    is_words(words_nhs_number(&p, root), "999 000 0018", "as people write it");
    is_words(words_address(&p, root), "1 High Street, Old Town, WX1", "an address");
    root = tree(&p, "{}");
    is_words(words_name(&p, root), "Name not recorded", "no name");
    is_words(words_nhs_number(&p, root), "", "no number");
    is_words(words_address(&p, root), "", "no address");
}

/* Both languages have every text, and take the same value in it. */
static void texts(void **state)
{
    (void)state;
    for (enum plain_text i = 0; i < TEXT_COUNT; i++) {
        text english = plain_text(ENGLISH, i);
        text welsh = plain_text(WELSH, i);
        const char *values[LANGUAGES] = {memmem(english.p, english.n, "%s", 2),
                                         memmem(welsh.p, welsh.n, "%s", 2)};
        if (!english.n || !welsh.n || !values[ENGLISH] != !values[WELSH]) {
            fail_msg("'%.*s' and '%.*s'", TEXT_ARG(english), TEXT_ARG(welsh));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates),
        cmocka_unit_test(results),
        cmocka_unit_test(people),
        cmocka_unit_test(texts),
    };
    arena_init(&memory, MEMORY);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_done(&memory);
    return failed;
}
