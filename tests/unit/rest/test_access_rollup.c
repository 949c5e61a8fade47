/* The list of who looked, rolled up (rest/access_rollup.h), and proofs that stay closed. */
#include "rest/access_proof.h"
#include "rest/access_rollup.h"

#include "format/json.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)
#define NOON (INT64_C(20000) * DAY + 12 * HOUR)

static struct arena arena;

static int begin(void **state)
{
    (void)state;
    arena_init(&arena, 1 << 24);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

struct look {
    int64_t at;
    enum access_class access;
    enum event_kind kind;
    const char *account;
    const char *client;
    const char *what;
    int64_t disclose;
    bool erased;
    const char *peer;
};

/* The list as JSON, of looks that stand newest first. */
static text rolled(const struct look *looks, size_t count, bool tells_all, bool places)
{
    struct rollup r;
    struct buf out;
    rollup_init(&r, &arena, NOON + DAY, tells_all);
    for (size_t i = 0; i < count; i++) {
        const struct look *l = &looks[i];
        struct audit_entry entry = {.leaf = 1000 - i,
                                    .patient_seq = 100 - i,
                                    .erased = l->erased,
                                    .event = {.at_ms = l->at,
                                              .access = l->access,
                                              .kind = l->kind,
                                              .account = text_of(l->account),
                                              .name = text_of(l->account),
                                              .client = text_of(l->client),
                                              .client_name = text_of(l->client),
                                              .what = text_of(l->what),
                                              .peer = text_of(l->peer ? l->peer : ""),
                                              .purpose = T("TREAT"),
                                              .disclose_after_ms = l->disclose}};
        if (l->erased) {
            entry.event = (struct audit_event){0};
        }
        assert_int_equal(rollup_add(&r, &entry), 0);
    }
    buf_init(&out, 1 << 20);
    rollup_print(&r, places, &out);
    rollup_done(&r);
    text copy = arena_copy(&arena, buf_text(&out));
    buf_done(&out);
    return copy;
}

static void same(text is, const char *should)
{
    if (!text_eq(is, text_of(should))) {
        print_error("is     %.*s\nshould %s\n", TEXT_ARG(is), should);
        fail();
    }
}

static void test_person(void **state)
{
    (void)state;
    const struct look looks[] = {
        {NOON + 2, ACCESS_PERSON, EVENT_READ, "a", "", "Observation/2", 0, false, NULL},
        {NOON + 1, ACCESS_PERSON, EVENT_READ, "a", "", "Condition/1", 0, false, NULL},
        {NOON, ACCESS_PERSON, EVENT_SEARCH, "a", "", "Observation", 0, false, NULL},
        {NOON - 1, ACCESS_PERSON, EVENT_READ, "b", "", "Observation/2", 0, false, NULL},
        {NOON - 2, ACCESS_PERSON, EVENT_READ, "a", "", "Observation/3", 0, false, NULL},
        {NOON - DAY, ACCESS_PERSON, EVENT_READ, "a", "", "Observation/2", 0, false, NULL},
    };
    same(rolled(looks, 6, false, true),
         "[{\"seq\":[100,99,96],\"leaves\":[1000,999,996],\"leaf\":1000,"
         "\"at\":\"2024-10-04T12:00:00.002Z\",\"class\":\"person\",\"kind\":\"read\","
         "\"name\":\"a\",\"purpose\":\"TREAT\",\"what\":\"Observation, Condition\",\"count\":3},"
         "{\"seq\":[98],\"leaves\":[998],\"leaf\":998,\"at\":\"2024-10-04T12:00:00.000Z\","
         "\"class\":\"person\",\"kind\":\"search\",\"name\":\"a\",\"purpose\":\"TREAT\","
         "\"what\":\"Observation\",\"count\":1},"
         "{\"seq\":[97],\"leaves\":[997],\"leaf\":997,\"at\":\"2024-10-04T11:59:59.999Z\","
         "\"class\":\"person\",\"kind\":\"read\",\"name\":\"b\",\"purpose\":\"TREAT\","
         "\"what\":\"Observation/2\",\"count\":1},"
         "{\"seq\":[95],\"leaves\":[995],\"leaf\":995,\"at\":\"2024-10-03T12:00:00.000Z\","
         "\"class\":\"person\",\"kind\":\"read\",\"name\":\"a\",\"purpose\":\"TREAT\","
         "\"what\":\"Observation/2\",\"count\":1}]");
}

static void test_other_organisations(void **state)
{
    (void)state;
    /* Who was asked is told; who asked stands there already as the person's organisation. */
    const struct look looks[] = {
        {NOON + 5, ACCESS_PERSON, EVENT_ASKED, "a", "", "$everything", 0, false, "X2"},
        {NOON + 4, ACCESS_PERSON, EVENT_ASKED, "a", "", "$everything", 0, false, "X1"},
        {NOON + 3, ACCESS_PERSON, EVENT_ASKED, "a", "", "places", 0, false, "X1"},
        {NOON + 2, ACCESS_PERSON, EVENT_GAVE, "b", "", "$everything", 0, false, "X3"},
        {NOON + 1, ACCESS_PERSON, EVENT_OPERATION, "a", "", "Patient/5/$joined", 0, false, NULL},
        {NOON, ACCESS_PERSON, EVENT_OPERATION, "a", "", "Patient/5/$summary", 0, false, NULL},
    };
    yyjson_val *root;
    static const char *const whats[] = {"$everything, places", "$everything", "$joined, $summary"};
    assert_int_equal(json_read(rolled(looks, 6, false, true), 8, &arena, &root, NULL), 0);
    assert_int_equal(json_len(root), 3);
    yyjson_val *row;
    size_t at, count;
    yyjson_arr_foreach(root, at, count, row)
    {
        const yyjson_val *peers = json_get(row, T("peers"));
        assert_true(text_eq(json_text(json_get(row, T("what"))), text_of(whats[at])));
        assert_int_equal(peers ? json_len(peers) : 0, at ? 0 : 2);
    }
}

static void test_programs(void **state)
{
    (void)state;
    /* Whatever a program did on one day is one row; on whose behalf it ran is its own affair. */
    const struct look looks[] = {
        {NOON + 2, ACCESS_SYSTEM, EVENT_READ, "", "poll", "Observation/2", 0, false, NULL},
        {NOON + 1, ACCESS_SYSTEM, EVENT_SEARCH, "", "poll", "Observation", 0, false, NULL},
        {NOON, ACCESS_PREFETCH, EVENT_SEARCH, "", "poll", "Observation", 0, false, NULL},
        {NOON - 1, ACCESS_SYSTEM, EVENT_SEARCH, "", "other", "Observation", 0, false, NULL},
    };
    yyjson_val *root;
    text json = rolled(looks, 4, false, true);
    assert_int_equal(json_read(json, 8, &arena, &root, NULL), 0);
    assert_int_equal(json_len(root), 3);
    assert_true(text_eq(json_text(json_get(root + 1, T("count"))), T("2")));
    assert_true(text_eq(json_text(json_get(root + 1, T("what"))), T("Observation")));
    /* A row says of no entry what the log does not: the page compares them. */
    assert_null(json_get(root + 1, T("kind")));
    const struct look changes[] = {
        {NOON + 2, ACCESS_SYSTEM, EVENT_READ, "", "poll", "Consent/1", 0, false, NULL},
        {NOON + 1, ACCESS_SYSTEM, EVENT_UPDATE, "", "poll", "Consent/1", 0, false, NULL},
        {NOON, ACCESS_SYSTEM, EVENT_READ, "", "poll", "Consent/1", 0, false, NULL},
    };
    same(rolled(changes, 3, false, true),
         "[{\"seq\":[100,98],\"leaves\":[1000,998],\"leaf\":1000,"
         "\"at\":\"2024-10-04T12:00:00.002Z\",\"class\":\"system\",\"kind\":\"read\","
         "\"purpose\":\"TREAT\",\"what\":\"Consent/1\",\"client_name\":\"poll\",\"count\":2},"
         "{\"seq\":[99],\"leaves\":[999],\"leaf\":999,"
         "\"at\":\"2024-10-04T12:00:00.001Z\",\"class\":\"system\",\"kind\":\"update\","
         "\"purpose\":\"TREAT\",\"what\":\"Consent/1\",\"client_name\":\"poll\",\"count\":1}]");
}

static void test_undisclosed(void **state)
{
    (void)state;
    const struct look looks[] = {
        {NOON + 1, ACCESS_PERSON, EVENT_READ, "police", "", "Observation/2", NOON + 9 * DAY, false,
         NULL},
        {NOON, ACCESS_PERSON, EVENT_READ, "a", "", "Observation/2", NOON, false, NULL},
    };
    same(rolled(looks, 1, false, true),
         "[{\"seq\":[100],\"leaves\":[1000],\"leaf\":1000,\"at\":\"2024-10-04T12:00:00.001Z\","
         "\"class\":\"legal\",\"disclose_after\":\"2024-10-13T12:00:00.000Z\",\"count\":1}]");
    text all = rolled(looks, 1, true, true);
    assert_non_null(memmem(all.p, all.n, "police", 6));
    text past = rolled(looks + 1, 1, false, true);
    assert_non_null(memmem(past.p, past.n, "\"name\":\"a\"", 10));
    /* Two of one day that are not told of yet do not say whether they were the same person. */
    const struct look two[] = {
        {NOON + 1, ACCESS_PERSON, EVENT_READ, "police", "", "Observation/2", NOON + 9 * DAY, false,
         NULL},
        {NOON, ACCESS_SYSTEM, EVENT_SEARCH, "court", "x", "Condition", NOON + 9 * DAY, false, NULL},
    };
    text together = rolled(two, 2, false, true);
    assert_non_null(memmem(together.p, together.n, "\"count\":2}]", 11));
}

static void test_erased(void **state)
{
    (void)state;
    const struct look looks[] = {
        {NOON, ACCESS_PERSON, EVENT_READ, "a", "", "Observation/2", 0, false, NULL},
        {0, ACCESS_PERSON, EVENT_READ, "a", "", "Observation/2", 0, true, NULL},
    };
    text json = rolled(looks, 2, true, true);
    assert_non_null(memmem(json.p, json.n, "\"seq\":[99],\"leaves\":[999]", 25));
    assert_non_null(memmem(json.p, json.n, "\"class\":\"erased\"", 16));
}

static void test_without_places(void **state)
{
    (void)state;
    const struct look looks[] = {
        {NOON, ACCESS_PERSON, EVENT_READ, "a", "", "Observation/2", 0, false, NULL}};
    text json = rolled(looks, 1, false, false);
    assert_non_null(memmem(json.p, json.n, "\"seq\":[],\"leaves\":[]", 20));
}

/* --- proofs ----------------------------------------------------------------------------------- */

static void test_silence(void **state)
{
    (void)state;
    static const struct {
        const char *proof;
        const char *should; /* NULL: refused */
    } table[] = {
        /* {"v":1,"leaf":"AA==","patient_seq":3,"salt":"BB==","line":"secret"} */
        {"c2sp.org/tlog-proof@v1\nextra "
         "eyJ2IjoxLCJsZWFmIjoiQUE9PSIsInBhdGllbnRfc2VxIjozLCJzYWx0IjoiQkI9PSIsImxpbmUiOiJzZWNyZXQif"
         "Q==\nindex 4\nhash\n\nnote\n",
         "c2sp.org/tlog-proof@v1\nextra "
         "eyJ2IjoxLCJsZWFmIjoiQUE9PSIsInBhdGllbnRfc2VxIjozfQ==\nindex 4\nhash\n\nnote\n"},
        /* {"a":1} and {"ab":1}: without padding and with one '=' */
        {"x\nextra eyJhIjoxfQ==\nindex 0\n", "x\nextra eyJhIjoxfQ==\nindex 0\n"},
        {"x\nextra eyJhYiI6MX0=\nindex 0\n", "x\nextra eyJhYiI6MX0=\nindex 0\n"},
        {"x\nextra eyJhYmMiOjF9\nindex 0\n", "x\nextra eyJhYmMiOjF9\nindex 0\n"},
        {"x\nindex 0\n", NULL},
        {"x\nextra ####\nindex 0\n", NULL},
        {"x\nextra eyJ\nindex 0\n", NULL},
        {"x\nextra W10=\nindex 0\n", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        text silent = {0};
        int rc = proof_silence(text_of(table[i].proof), &arena, &silent, NULL);
        assert_int_equal(rc != 0, table[i].should == NULL);
        if (table[i].should) {
            same(silent, table[i].should);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_person, begin, end),
        cmocka_unit_test_setup_teardown(test_other_organisations, begin, end),
        cmocka_unit_test_setup_teardown(test_programs, begin, end),
        cmocka_unit_test_setup_teardown(test_undisclosed, begin, end),
        cmocka_unit_test_setup_teardown(test_erased, begin, end),
        cmocka_unit_test_setup_teardown(test_without_places, begin, end),
        cmocka_unit_test_setup_teardown(test_silence, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
