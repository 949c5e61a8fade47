/* Plans: each kind of atom, their combinations by every way of running them, order and pages. */
#include "bench.h"
#include "store/key.h"

#include <stdio.h>
#include <stdlib.h>

static uint16_t own_list(fhir_type type)
{
    return (uint16_t)((unsigned)type << 8 | (unsigned)INDEX_LAST_UPDATED);
}

static void put_people(struct bench *b)
{
    bench_put(b,
              "{\"resourceType\":\"Patient\",\"id\":\"p1\",\"identifier\":[{\"system\":\"urn:a\","
              "\"value\":\"1\"},{\"value\":\"x\"}],\"name\":[{\"family\":\"Ash\"}],"
              "\"birthDate\":\"1970-01-01\"}");
    bench_put(b,
              "{\"resourceType\":\"Patient\",\"id\":\"p2\",\"identifier\":[{\"system\":\"urn:b\","
              "\"value\":\"1\"}],\"name\":[{\"family\":\"Birch\"},{\"family\":\"Zelkova\"}],"
              "\"birthDate\":\"1980-05-05\"}");
    bench_put(b,
              "{\"resourceType\":\"Patient\",\"id\":\"p3\",\"identifier\":[{\"system\":\"urn:a\","
              "\"value\":\"2\"}],\"birthDate\":\"1990-06\"}");
    bench_put(b, "{\"resourceType\":\"Patient\",\"id\":\"p4\",\"name\":[{\"family\":\"Cedar\"}]}");
    bench_delete(b, "Patient", "p4");
    bench_put(b,
              "{\"resourceType\":\"Observation\",\"id\":\"o1\",\"subject\":{\"reference\":"
              "\"Patient/p1\"},\"encounter\":{\"reference\":\"Encounter/e1\"},\"code\":{\"coding\":"
              "[{\"system\":\"urn:l\",\"code\":\"A\"}]},\"effectiveDateTime\":\"2020-01-01\"}");
    bench_put(b, "{\"resourceType\":\"Observation\",\"id\":\"o2\",\"subject\":{\"reference\":"
                 "\"Patient/p2\"},\"code\":{\"coding\":[{\"system\":\"urn:l\",\"code\":\"A\"}]}}");
    bench_put(b, "{\"resourceType\":\"Observation\",\"id\":\"o3\",\"subject\":{\"reference\":"
                 "\"Patient/p1\"},\"code\":{\"coding\":[{\"system\":\"urn:l\",\"code\":\"B\"}]},"
                 "\"effectiveDateTime\":\"2021-01-01\"}");
}

static void expect_ids(struct bench *b, const char *type, struct plan_term *terms, size_t count,
                       const char *ids)
{
    struct plan plan = {.type = fhir_type_of(text_of(type)), .terms = terms, .term_count = count};
    assert_string_equal(bench_search(b, &plan, 1), ids);
    assert_string_equal(bench_search(b, &plan, 100), ids);
}

static void expect_one(struct bench *b, const char *type, struct plan_atom atom, const char *ids)
{
    struct plan_term term = {&atom, 1};
    expect_ids(b, type, &term, 1, ids);
}

static void knows_each_atom(void **state)
{
    struct bench *b = *state;
    put_people(b);
    uint16_t identifier = bench_param("Patient", "identifier");
    uint16_t family = bench_param("Patient", "family");
    uint16_t code = bench_param("Observation", "code");
    uint16_t subject = bench_param("Observation", "subject");
    uint16_t encounter = bench_param("Observation", "encounter");
#define ATOM(...) ((struct plan_atom){__VA_ARGS__})
    expect_one(b, "Patient", ATOM(.kind = PLAN_NONE), "");
    expect_one(b, "Patient", ATOM(.kind = PLAN_ALL), "p1 p2 p3");
    expect_one(b, "Patient", ATOM(.kind = PLAN_ID, .value = T("p2")), "p2");
    expect_one(b, "Patient", ATOM(.kind = PLAN_ID, .value = T("p4")), "");
    expect_one(b, "Patient", ATOM(.kind = PLAN_ID, .value = T("o1")), "");
    struct plan_atom token = {.kind = PLAN_TOKEN, .param = identifier, .value = T("1")};
    expect_one(b, "Patient", token, "p1 p2");
    token.system_mode = PLAN_SYSTEM_GIVEN;
    token.system = T("urn:b");
    expect_one(b, "Patient", token, "p2");
    token.system = T("urn:nobody");
    expect_one(b, "Patient", token, "");
    token.system_mode = PLAN_SYSTEM_NONE;
    expect_one(b, "Patient", token, "");
    token.value = T("x");
    expect_one(b, "Patient", token, "p1");
    expect_one(b, "Patient", ATOM(.kind = PLAN_SYSTEM, .param = identifier, .system = T("urn:a")),
               "p1 p3");
    expect_one(b, "Patient",
               ATOM(.kind = PLAN_RANGE, .param = family, .low = T("b"), .high = T("c")), "p2");
    expect_one(b, "Patient", ATOM(.kind = PLAN_RANGE, .param = family, .low = T("b")), "p2");
    expect_one(b, "Patient", ATOM(.kind = PLAN_RANGE, .param = family), "p1 p2");
    expect_one(b, "Patient", ATOM(.kind = PLAN_VALUE, .param = family, .value = T("ash")), "p1");
    expect_one(b, "Observation",
               ATOM(.kind = PLAN_REFERENCE, .param = encounter, .target = FHIR_ENCOUNTER,
                    .value = T("e1")),
               "o1");
    expect_one(b, "Observation", ATOM(.kind = PLAN_HOME, .param = subject, .value = T("p1")),
               "o1 o3");
    expect_one(b, "Observation", ATOM(.kind = PLAN_HOME, .param = subject, .value = T("p9")), "");
    expect_one(b, "Observation", ATOM(.kind = PLAN_COMPARTMENT, .value = T("p2")), "o2");
    expect_one(b, "Observation", ATOM(.kind = PLAN_UPDATED, .start_from = 0, .start_to = INT64_MAX),
               "o1 o3 o2");
    expect_one(b, "Observation", ATOM(.kind = PLAN_UPDATED, .start_from = 0, .start_to = 5), "");
    struct plan_atom home = {.kind = PLAN_HOME, .param = subject, .value = T("p1")};
    struct plan_atom a = {.kind = PLAN_TOKEN, .param = code, .value = T("a")};
    struct plan_atom reference = {
        .kind = PLAN_REFERENCE, .param = subject, .target = FHIR_PATIENT, .value = T("p1")};
    struct plan_atom either[2] = {home, reference};
    struct plan_term terms[2] = {{either, 2}, {&a, 1}};
    expect_ids(b, "Observation", terms, 2, "o1");
    struct plan_atom range = {.kind = PLAN_RANGE, .param = code, .low = T("b")};
    terms[1].atoms = &range;
    expect_ids(b, "Observation", terms, 2, "o3");
    terms[1].atoms = &reference;
    expect_ids(b, "Observation", terms, 2, "");
}

static void minds_exceptions(void **state)
{
    struct bench *b = *state;
    put_people(b);
    /* In p1's compartment by its performer, but about a group. */
    bench_put(b, "{\"resourceType\":\"Observation\",\"id\":\"o9\",\"subject\":{\"reference\":"
                 "\"Group/g\"},\"performer\":[{\"reference\":\"Patient/p1\"}]}");
    uint16_t subject = bench_param("Observation", "subject");
    expect_one(b, "Observation", ATOM(.kind = PLAN_HOME, .param = subject, .value = T("p1")),
               "o1 o3");
    expect_one(b, "Observation", ATOM(.kind = PLAN_COMPARTMENT, .value = T("p1")), "o1 o3 o9");
    assert_int_equal(bench_check(b, NULL, 0), 0);
}

static void sorts_few(void **state)
{
    struct bench *b = *state;
    put_people(b);
    struct plan_sort sorts[2] = {{bench_param("Patient", "family"), false}, {0, true}};
    struct plan plan = {.type = FHIR_PATIENT, .sorts = sorts, .sort_count = 1};
    static const struct {
        const char *param;
        bool down;
        const char *ids;
    } cases[] = {
        {"family", false, "p1 p2 p3"},
        {"family", true, "p2 p1 p3"},
        {"birthdate", false, "p1 p2 p3"},
        {"birthdate", true, "p3 p2 p1"},
    };
    for (size_t i = 0; i < 4; i++) {
        for (size_t with_id = 1; with_id <= 2; with_id++) {
            sorts[0] = (struct plan_sort){bench_param("Patient", cases[i].param), cases[i].down};
            plan.sort_count = with_id;
            assert_string_equal(bench_search(b, &plan, 1), cases[i].ids);
            assert_string_equal(bench_search(b, &plan, 2), cases[i].ids);
            assert_string_equal(bench_search(b, &plan, 9), cases[i].ids);
        }
    }
    sorts[0] = (struct plan_sort){own_list(FHIR_PATIENT), true};
    plan.sort_count = 1;
    assert_string_equal(bench_search(b, &plan, 2), "p3 p2 p1");
    sorts[0] = (struct plan_sort){0, true};
    assert_string_equal(bench_search(b, &plan, 2), "p3 p2 p1");
    struct versions found;
    struct store_view *v = NULL;
    assert_int_equal(store_view_begin(b->s, b->all, STORE_ONE_READ, &v, &b->e), 0);
    assert_int_equal(store_search(v, &plan, 2, T("nonsense"), &b->a, &found, NULL, &b->e),
                     ERR_INVALID);
    store_view_end(v);
}

enum { MANY = 2600, MANY_PATIENTS = 13 };

/* Enough for every large-set path; dates go back and forth, some have none, some are years. */
static void put_many(struct bench *b)
{
    struct write *writes = calloc(MANY, sizeof *writes);
    assert_non_null(writes);
    for (unsigned i = 0; i < MANY; i++) {
        char date[64] = "";
        if (i % 10 == 3) {
            (void)snprintf(date, sizeof date, ",\"effectiveDateTime\":\"%u\"", 1990 + i % 30);
        } else if (i % 10 != 7) {
            (void)snprintf(date, sizeof date, ",\"effectiveDateTime\":\"%u-%02u-%02u\"",
                           1990 + i * 7 % 30, 1 + i * 5 % 12, 1 + i * 3 % 28);
        }
        writes[i] = bench_write(b,
                                "{\"resourceType\":\"Observation\",\"id\":\"o%u\",\"subject\":{"
                                "\"reference\":\"Patient/p%u\"},\"code\":{\"coding\":[{\"system\":"
                                "\"urn:l\",\"code\":\"c%u\"}]}%s}",
                                i, i % MANY_PATIENTS, i % 3, date);
    }
    assert_int_equal(bench_commit(b, writes, MANY), 0);
    free(writes);
}

static size_t words(const char *p)
{
    size_t n = *p != '\0';
    for (; *p; p++) {
        n += *p == ' ';
    }
    return n;
}

static void sorts_many(void **state)
{
    struct bench *b = *state;
    put_many(b);
    struct plan_atom c1 = {
        .kind = PLAN_TOKEN, .param = bench_param("Observation", "code"), .value = T("c1")};
    struct plan_atom not_c2 = {
        .kind = PLAN_RANGE, .param = c1.param, .low = T("c"), .high = T("c2")};
    struct plan_atom everything = {.kind = PLAN_RANGE, .param = c1.param};
    struct plan_atom patient = {
        .kind = PLAN_HOME, .param = bench_param("Observation", "subject"), .value = T("p5")};
    struct plan_atom *scopes[] = {NULL, &not_c2, &c1, &patient, &everything};
    uint16_t params[] = {bench_param("Observation", "date"), c1.param,
                         own_list(fhir_type_of(T("Observation"))), 0};
    for (size_t s = 0; s < 5; s++) {
        for (size_t p = 0; p < 4; p++) {
            for (int down = 0; down < 2; down++) {
                struct plan_term term = {scopes[s], 1};
                /* The second sort changes nothing in the order of these, but the way it is found.
                 */
                struct plan_sort sorts[2] = {{params[p], down != 0}, {params[p], down != 0}};
                struct plan plan = {.type = fhir_type_of(T("Observation")),
                                    .terms = &term,
                                    .term_count = scopes[s] ? 1 : 0,
                                    .sorts = sorts,
                                    .sort_count = 1};
                const char *pages = bench_search(b, &plan, 97);
                plan.sort_count = 2;
                assert_string_equal(pages, bench_search(b, &plan, 5000));
                size_t expected[] = {MANY, 1734, 867, 200, MANY};
                assert_int_equal(words(pages), expected[s]);
            }
        }
    }
    assert_int_equal(bench_check(b, NULL, 0), 0);
}

/* Whatever way the executor takes, the matches are those that a plain filter gives. */
static void agrees_with_a_filter(void **state)
{
    struct bench *b = *state;
    put_many(b);
    uint16_t code = bench_param("Observation", "code");
    uint16_t subject = bench_param("Observation", "subject");
    for (unsigned patient = 0; patient < MANY_PATIENTS; patient += 3) {
        for (unsigned c = 0; c < 3; c++) {
            char home[8];
            char value[8];
            (void)snprintf(home, sizeof home, "p%u", patient);
            (void)snprintf(value, sizeof value, "c%u", c);
            struct plan_atom atoms[] = {
                {.kind = PLAN_HOME, .param = subject, .value = text_of(home)},
                {.kind = PLAN_TOKEN, .param = code, .value = text_of(value)},
                {.kind = PLAN_RANGE, .param = code, .low = text_of(value), .high = T("c3")},
                {.kind = PLAN_SYSTEM, .param = code, .system = T("urn:l")}};
            struct plan_term terms[] = {
                {&atoms[0], 1}, {&atoms[1], 1}, {&atoms[2], 1}, {&atoms[3], 1}};
            struct plan plan = {
                .type = fhir_type_of(T("Observation")), .terms = terms, .term_count = 4};
            char expected[32000] = "";
            size_t n = 0;
            for (unsigned i = 0; i < MANY; i++) {
                if (i % MANY_PATIENTS == patient && i % 3 == c) {
                    n += (size_t)snprintf(expected + n, sizeof expected - n, "%so%u", n ? " " : "",
                                          i);
                }
            }
            assert_string_equal(bench_search(b, &plan, 50), expected);
            plan.terms = terms + 1;
            plan.term_count = 3;
            assert_int_equal(words(bench_search(b, &plan, 500)), (MANY + 2 - c) / 3);
        }
    }
}

static void keeps_pages_apart(void **state)
{
    struct bench *b = *state;
    put_many(b);
    struct plan_sort sort = {bench_param("Observation", "date"), true};
    struct plan plan = {.type = fhir_type_of(T("Observation")), .sorts = &sort, .sort_count = 1};
    bool seen[MANY] = {false};
    text from = T("");
    bool more = true;
    unsigned round = 0;
    while (more) {
        struct versions page;
        struct store_view *v = NULL;
        assert_int_equal(store_view_begin(b->s, b->all, STORE_ONE_READ, &v, &b->e), 0);
        assert_int_equal(store_search(v, &plan, 200, from, &b->a, &page, NULL, &b->e), 0);
        store_view_end(v);
        for (size_t i = 0; i < page.count; i++) {
            unsigned long number = strtoul(page.items[i].id.p + 1, NULL, 10);
            if (page.items[i].id.p[0] == 'o') {
                assert_false(seen[number]);
                seen[number] = true;
            }
        }
        /* In the meantime others come, before and behind. */
        bench_put(b,
                  "{\"resourceType\":\"Observation\",\"id\":\"x%u\",\"subject\":{\"reference\":"
                  "\"Patient/p1\"},\"effectiveDateTime\":\"%u-06-01\"}",
                  round, 2020 - round * 3);
        round++;
        more = page.more;
        from = page.next;
    }
    for (size_t i = 0; i < MANY; i++) {
        assert_true(seen[i]);
    }
}

static void stops_in_time(void **state)
{
    struct bench *b = *state;
    put_many(b);
    bench_close(b);
    struct limits limits = limits_default();
    limits.search_matches = 1000;
    struct store_config config = {.dir = b->dir, .mode = STORE_SERVE, .limits = &limits};
    assert_int_equal(store_open(&config, &b->s, &b->e), 0);
    struct plan_atom range = {.kind = PLAN_RANGE, .param = bench_param("Observation", "code")};
    struct plan_term term = {&range, 1};
    struct plan plan = {.type = fhir_type_of(T("Observation")), .terms = &term, .term_count = 1};
    struct versions found;
    struct store_view *v = NULL;
    assert_int_equal(store_view_begin(b->s, b->all, STORE_ONE_READ, &v, &b->e), 0);
    assert_int_equal(store_search(v, &plan, 10, T(""), &b->a, &found, NULL, &b->e), ERR_TOO_COSTLY);
    store_view_end(v);
    bench_close(b);
    limits = limits_default();
    limits.search_seconds = 0;
    assert_int_equal(store_open(&config, &b->s, &b->e), 0);
    assert_int_equal(store_view_begin(b->s, b->all, STORE_ONE_READ, &v, &b->e), 0);
    struct plan_sort sorts[2] = {{range.param, false}, {0, false}};
    plan.sorts = sorts;
    plan.sort_count = 2;
    assert_int_equal(store_search(v, &plan, 10, T(""), &b->a, &found, NULL, &b->e), ERR_TOO_COSTLY);
    store_view_end(v);
}

static void counts(void **state)
{
    struct bench *b = *state;
    put_people(b);
    struct store_view *v = NULL;
    struct store_stats stats;
    uint64_t n = 0;
    assert_int_equal(store_view_begin(b->s, b->all, STORE_ONE_READ, &v, &b->e), 0);
    assert_int_equal(store_count(v, FHIR_PATIENT, &n, &b->e), 0);
    assert_int_equal(n, 3);
    assert_int_equal(store_stats(v, &stats, &b->e), 0);
    assert_int_equal(stats.resources, 6);
    assert_true(stats.bytes > 8192);
    store_view_end(v);
}

int main(void)
{
#define BENCH(f) cmocka_unit_test_setup_teardown(f, bench_up, bench_down)
    const struct CMUnitTest tests[] = {
        BENCH(knows_each_atom),
        cmocka_unit_test_setup_teardown(minds_exceptions, bench_up_colliding, bench_down),
        BENCH(minds_exceptions),
        BENCH(sorts_few),
        BENCH(sorts_many),
        BENCH(agrees_with_a_filter),
        BENCH(keeps_pages_apart),
        BENCH(stops_in_time),
        BENCH(counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
