/* Plans: each kind of leaf, order, pages, what a search looks at, and its limits. */
#include "bench.h"
#include "store/inner.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

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

#define NODE(...) ((struct plan_node){__VA_ARGS__})

static void expect_one(struct bench *b, const char *type, struct plan_node node, const char *ids)
{
    struct plan plan = {.type = fhir_type_of(text_of(type)), .root = &node};
    node.type = plan.type;
    assert_string_equal(bench_search(b, &plan, 1), ids);
    assert_string_equal(bench_search(b, &plan, 100), ids);
}

static void expect_all(struct bench *b, const char *type, enum plan_kind kind,
                       struct plan_node *items, size_t count, const char *ids)
{
    expect_one(b, type, NODE(.kind = kind, .items = items, .count = count), ids);
}

static void knows_tokens(void **state)
{
    struct bench *b = *state;
    put_people(b);
    struct plan_node token = {
        .kind = PLAN_TOKEN, .param = bench_param("Patient", "identifier"), .value = T("1")};
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
    expect_one(b, "Patient", NODE(.kind = PLAN_SYSTEM, .param = token.param, .system = T("urn:a")),
               "p1 p3");
}

static void knows_each_leaf(void **state)
{
    struct bench *b = *state;
    put_people(b);
    uint16_t family = bench_param("Patient", "family");
    uint16_t subject = bench_param("Observation", "subject");
    uint16_t encounter = bench_param("Observation", "encounter");
    expect_one(b, "Patient", NODE(.kind = PLAN_NONE), "");
    expect_one(b, "Patient", NODE(.kind = PLAN_ALL), "p1 p2 p3");
    expect_one(b, "Patient", NODE(.kind = PLAN_ID, .value = T("p2")), "p2");
    expect_one(b, "Patient", NODE(.kind = PLAN_ID, .value = T("p4")), "");
    expect_one(b, "Patient", NODE(.kind = PLAN_ID, .value = T("o1")), "");
    expect_one(b, "Patient",
               NODE(.kind = PLAN_RANGE, .param = family, .low = T("b"), .high = T("c")), "p2");
    expect_one(b, "Patient", NODE(.kind = PLAN_RANGE, .param = family, .low = T("b")), "p2");
    expect_one(b, "Patient", NODE(.kind = PLAN_EXISTS, .param = family), "p1 p2");
    expect_one(b, "Patient", NODE(.kind = PLAN_VALUE, .param = family, .value = T("ash")), "p1");
    expect_one(b, "Observation",
               NODE(.kind = PLAN_REFERENCE, .param = encounter, .target = FHIR_ENCOUNTER,
                    .value = T("e1")),
               "o1");
    expect_one(b, "Observation",
               NODE(.kind = PLAN_HOME, .param = subject, .target = FHIR_PATIENT, .value = T("p1")),
               "o1 o3");
    expect_one(b, "Observation",
               NODE(.kind = PLAN_HOME, .param = subject, .target = FHIR_PATIENT, .value = T("p9")),
               "");
    expect_one(b, "Observation", NODE(.kind = PLAN_HOMED, .param = subject), "o1 o3 o2");
    expect_one(b, "Observation", NODE(.kind = PLAN_COMPARTMENT, .value = T("p2")), "o2");
    expect_one(b, "Observation", NODE(.kind = PLAN_UPDATED, .start_from = 0, .start_to = INT64_MAX),
               "o1 o3 o2");
    expect_one(b, "Observation", NODE(.kind = PLAN_UPDATED, .start_from = 0, .start_to = 5), "");
}

static void joins_nodes(void **state)
{
    struct bench *b = *state;
    put_people(b);
    uint16_t code = bench_param("Observation", "code");
    uint16_t subject = bench_param("Observation", "subject");
    fhir_type observation = fhir_type_of(T("Observation"));
    struct plan_node home = {.kind = PLAN_HOME,
                             .type = observation,
                             .param = subject,
                             .target = FHIR_PATIENT,
                             .value = T("p1")};
    struct plan_node a = {.kind = PLAN_TOKEN, .type = observation, .param = code, .value = T("a")};
    struct plan_node both[2] = {home, a};
    expect_all(b, "Observation", PLAN_AND, both, 2, "o1");
    expect_all(b, "Observation", PLAN_OR, both, 2, "o1 o3 o2");
    expect_all(b, "Observation", PLAN_AND, NULL, 0, "o1 o3 o2");
    expect_all(b, "Observation", PLAN_OR, NULL, 0, "");
    expect_all(b, "Observation", PLAN_NOT, &a, 1, "o3");
    struct plan_node other[2] = {home,
                                 {.kind = PLAN_NOT, .type = observation, .items = &a, .count = 1}};
    expect_all(b, "Observation", PLAN_AND, other, 2, "o3");
    struct plan_node name = {.kind = PLAN_VALUE,
                             .type = FHIR_PATIENT,
                             .param = bench_param("Patient", "family"),
                             .value = T("birch")};
    struct plan_node chain = {.kind = PLAN_CHAIN,
                              .param = subject,
                              .target = FHIR_PATIENT,
                              .implied = true,
                              .items = &name,
                              .count = 1};
    expect_one(b, "Observation", chain, "o2");
    struct plan_node has = {.kind = PLAN_HAS,
                            .param = subject,
                            .target = observation,
                            .implied = true,
                            .items = &a,
                            .count = 1};
    expect_one(b, "Patient", has, "p1 p2");
    bench_delete(b, "Observation", "o2");
    expect_one(b, "Patient", has, "p1");
}

static void minds_exceptions(void **state)
{
    struct bench *b = *state;
    put_people(b);
    /* In p1's compartment by its performer, but about a group. */
    bench_put(b, "{\"resourceType\":\"Observation\",\"id\":\"o9\",\"subject\":{\"reference\":"
                 "\"Group/g\"},\"performer\":[{\"reference\":\"Patient/p1\"}]}");
    uint16_t subject = bench_param("Observation", "subject");
    expect_one(b, "Observation", NODE(.kind = PLAN_HOME, .param = subject, .value = T("p1")),
               "o1 o3");
    expect_one(b, "Observation", NODE(.kind = PLAN_COMPARTMENT, .value = T("p1")), "o1 o3 o9");
    expect_one(b, "Observation", NODE(.kind = PLAN_HOMED, .param = subject), "o1 o3 o2");
    expect_one(b, "Observation", NODE(.kind = PLAN_EXISTS, .param = subject), "o9");
    assert_int_equal(bench_check(b, NULL, 0), 0);
}

static const struct search_param *param_of(const char *type, const char *name)
{
    return search_param_of(NULL, fhir_type_of(text_of(type)), text_of(name));
}

static void sorts_few(void **state)
{
    struct bench *b = *state;
    put_people(b);
    struct plan_sort sorts[2] = {{0}, {.descending = true}};
    struct plan plan = {.type = FHIR_PATIENT, .sorts = sorts, .sort_count = 1};
    static const struct {
        const char *param;
        bool down;
        const char *ids;
    } cases[] = {
        {"family", false, "p1 p2 p3"},     {"family", true, "p2 p1 p3"},
        {"birthdate", false, "p1 p2 p3"},  {"birthdate", true, "p3 p2 p1"},
        {"identifier", false, "p1 p2 p3"}, {"identifier", true, "p1 p3 p2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (size_t with_id = 1; with_id <= 2; with_id++) {
            sorts[0] = (struct plan_sort){.param = param_of("Patient", cases[i].param),
                                          .descending = cases[i].down};
            plan.sort_count = with_id;
            assert_string_equal(bench_search(b, &plan, 1), cases[i].ids);
            assert_string_equal(bench_search(b, &plan, 2), cases[i].ids);
            assert_string_equal(bench_search(b, &plan, 9), cases[i].ids);
        }
    }
    sorts[0] = (struct plan_sort){.own = INDEX_LAST_UPDATED, .descending = true};
    plan.sort_count = 1;
    assert_string_equal(bench_search(b, &plan, 2), "p3 p2 p1");
    sorts[0] = (struct plan_sort){.descending = true};
    assert_string_equal(bench_search(b, &plan, 2), "p3 p2 p1");
    struct versions found;
    struct store_view *v = NULL;
    assert_int_equal(store_view_begin(b->s, b->all, STORE_ONE_READ, &v, &b->e), 0);
    assert_int_equal(store_search(v, &plan, 2, T("nonsense"), &b->a, &found, NULL, NULL, &b->e),
                     ERR_INVALID);
    store_view_end(v);
}

/* Several types are one list, in one order, page by page. */
static void searches_types_together(void **state)
{
    struct bench *b = *state;
    put_people(b);
    struct plan_sort sort = {.own = INDEX_LAST_UPDATED, .descending = true};
    struct plan patients = {.type = FHIR_PATIENT};
    struct plan both = {.type = fhir_type_of(T("Observation")), .also = &patients};
    assert_string_equal(bench_search(b, &both, 2), "o1 o3 p1 o2 p2 p3");
    assert_string_equal(bench_search(b, &both, 100), "o1 o3 p1 o2 p2 p3");
    both.sorts = patients.sorts = &sort;
    both.sort_count = patients.sort_count = 1;
    assert_string_equal(bench_search(b, &both, 2), "o3 o2 o1 p3 p2 p1");
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
    fhir_type observation = fhir_type_of(T("Observation"));
    uint16_t code = bench_param("Observation", "code");
    struct plan_node either[] = {
        {.kind = PLAN_TOKEN, .type = observation, .param = code, .value = T("c0")},
        {.kind = PLAN_TOKEN, .type = observation, .param = code, .value = T("c1")}};
    struct plan_node scopes[] = {
        {.kind = PLAN_ALL, .type = observation},
        {.kind = PLAN_OR, .type = observation, .items = either, .count = 2},
        either[1],
        {.kind = PLAN_HOME,
         .type = observation,
         .param = bench_param("Observation", "subject"),
         .target = FHIR_PATIENT,
         .value = T("p5")},
    };
    static const size_t expected[] = {MANY, 1734, 867, 200};
    const struct plan_sort sorts[] = {{.param = param_of("Observation", "date")},
                                      {.param = param_of("Observation", "code")},
                                      {.own = INDEX_LAST_UPDATED},
                                      {.param = NULL}};
    for (size_t s = 0; s < 4; s++) {
        for (size_t p = 0; p < 8; p++) {
            /* The second sort changes nothing in the order of these. */
            struct plan_sort twice[2] = {sorts[p / 2], sorts[p / 2]};
            twice[0].descending = twice[1].descending = p % 2 != 0;
            struct plan plan = {
                .type = observation, .root = &scopes[s], .sorts = twice, .sort_count = 1};
            const char *pages = bench_search(b, &plan, 97);
            plan.sort_count = 2;
            assert_string_equal(pages, bench_search(b, &plan, 5000));
            assert_int_equal(words(pages), expected[s]);
        }
    }
    assert_int_equal(bench_check(b, NULL, 0), 0);
}

/* --- what is looked at --------------------------------------------------------------------- */

static struct store_explain explain(struct bench *b, struct plan_node *root, size_t count,
                                    uint64_t *total)
{
    struct plan plan = {.type = root->type, .root = root};
    struct versions found;
    struct store_explain explain = {0};
    struct store_view *v = NULL;
    assert_int_equal(store_view_begin(b->s, b->all, STORE_ONE_READ, &v, &b->e), 0);
    assert_int_equal(store_search(v, &plan, count, T(""), &b->a, &found, total, &explain, &b->e),
                     0);
    store_view_end(v);
    return explain;
}

static void looks_at_no_more(void **state)
{
    struct bench *b = *state;
    put_many(b);
    fhir_type observation = fhir_type_of(T("Observation"));
    struct plan_node code = {.kind = PLAN_TOKEN,
                             .type = observation,
                             .param = bench_param("Observation", "code"),
                             .value = T("c1")};
    struct plan_node date = {.kind = PLAN_RANGE,
                             .type = observation,
                             .param = bench_param("Observation", "date"),
                             .test = PLAN_TEST_DATE,
                             .start_from = INT64_MIN,
                             .start_to = INT64_MAX,
                             .end_from = INT64_MIN,
                             .end_to = INT64_MAX};
    struct plan_node home = {.kind = PLAN_HOME,
                             .type = observation,
                             .param = bench_param("Observation", "subject"),
                             .target = FHIR_PATIENT,
                             .value = T("p5")};
    /* A page reads about as much as it has. */
    struct store_explain page = explain(b, &code, 20, NULL);
    assert_true(page.visited >= 21 && page.visited < 60);
    assert_true(page.count > 0 && page.steps[0].what.n > 0);
    /* 200 of 2600 are the patient's: nobody else's are read, whatever else is asked. */
    struct plan_node items[3] = {home, date, code};
    uint64_t total = 0;
    struct plan_node both = {.kind = PLAN_AND, .type = observation, .items = items, .count = 2};
    assert_true(explain(b, &both, 1000, &total).visited < 700);
    assert_int_equal(total, 180); /* one in ten has no date */
    both.count = 3;
    assert_true(explain(b, &both, 1000, &total).visited < 500);
    assert_true(total > 30 && total < 70);
    /* The time is told by the entries of the code. */
    struct plan_node timed[2] = {code, date};
    both.items = timed;
    both.count = 2;
    struct store_explain steps = explain(b, &both, 0, &total);
    assert_true(steps.visited < 1800);
    assert_int_equal(total, 780);
}

static void keeps_pages_apart(void **state)
{
    struct bench *b = *state;
    put_many(b);
    struct plan_sort sort = {.param = param_of("Observation", "date"), .descending = true};
    struct plan plan = {.type = fhir_type_of(T("Observation")), .sorts = &sort, .sort_count = 1};
    bool seen[MANY] = {false};
    text from = T("");
    bool more = true;
    unsigned round = 0;
    while (more) {
        struct versions page;
        struct store_view *v = NULL;
        assert_int_equal(store_view_begin(b->s, b->all, STORE_ONE_READ, &v, &b->e), 0);
        assert_int_equal(store_search(v, &plan, 200, from, &b->a, &page, NULL, NULL, &b->e), 0);
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

static void reopen(struct bench *b, const struct limits *limits)
{
    bench_close(b);
    struct store_config config = {.dir = b->dir, .mode = STORE_SERVE, .limits = limits};
    assert_int_equal(store_open(&config, &b->s, &b->e), 0);
}

static int search_all(struct bench *b, struct plan *plan)
{
    struct versions found;
    struct store_view *v = NULL;
    assert_int_equal(store_view_begin(b->s, b->all, STORE_ONE_READ, &v, &b->e), 0);
    int rc = store_search(v, plan, 10, T(""), &b->a, &found, NULL, NULL, &b->e);
    store_view_end(v);
    if (rc) {
        print_message("%s\n", err_text(&b->e));
    }
    return rc;
}

static void stops_in_time(void **state)
{
    struct bench *b = *state;
    put_many(b);
    struct limits limits = limits_default();
    struct plan_sort sorts[2] = {{.param = param_of("Observation", "value-string")}, {0}};
    struct plan_node exists = {.kind = PLAN_EXISTS,
                               .type = fhir_type_of(T("Observation")),
                               .param = bench_param("Observation", "code")};
    struct plan plan = {.type = exists.type, .root = &exists, .sorts = sorts, .sort_count = 2};
    assert_int_equal(search_all(b, &plan), 0);
    limits.search_seconds = 0;
    reopen(b, &limits);
    assert_int_equal(search_all(b, &plan), ERR_TOO_COSTLY);
    assert_non_null(strstr(err_text(&b->e), "narrow it"));
    limits = limits_default();
    limits.request_memory = 1 << 16;
    reopen(b, &limits);
    assert_int_equal(search_all(b, &plan), ERR_TOO_COSTLY);
}

/* With all turns of heavy searches taken a long one waits until its time is over, a short one does
 * not wait. */
static void takes_turns(void **state)
{
    struct bench *b = *state;
    put_people(b);
    put_many(b);
    struct limits limits = limits_default();
    limits.search_heavy_ms = 0;
    limits.search_heavy = 1;
    limits.search_seconds = 1;
    reopen(b, &limits);
    struct plan_sort sort = {.param = param_of("Observation", "value-string")};
    struct plan plan = {.type = fhir_type_of(T("Observation")), .sorts = &sort, .sort_count = 1};
    assert_int_equal(search_all(b, &plan), 0);
    assert_int_equal(b->s->turns.running, 0);
    b->s->turns.running = b->s->turns.most;
    assert_int_equal(search_all(b, &plan), ERR_TOO_COSTLY);
    assert_non_null(strstr(err_text(&b->e), "busy"));
    assert_null(b->s->turns.first);
    struct plan people = {.type = FHIR_PATIENT};
    assert_int_equal(search_all(b, &people), 0);
    b->s->turns.running = 0;
    assert_int_equal(search_all(b, &plan), 0);
}

enum { SEARCHERS = 4, ROUNDS = 20 };

struct searcher {
    struct bench *b;
    struct plan *plan;
    pthread_t thread;
    int rc;
};

static void *searcher_main(void *context)
{
    struct searcher *x = context;
    for (int i = 0; i < ROUNDS && !x->rc; i++) {
        struct store_view *v = NULL;
        struct versions found;
        struct arena a;
        struct err e;
        arena_init(&a, 1 << 24);
        x->rc = store_view_begin(x->b->s, x->b->all, STORE_ONE_READ, &v, &e);
        if (!x->rc) {
            x->rc = store_search(v, x->plan, 10, T(""), &a, &found, NULL, NULL, &e);
            x->rc = x->rc ? x->rc : found.count != 10;
            store_view_end(v);
        }
        arena_done(&a);
    }
    return NULL;
}

/* Many that need the one turn there is: each gets it, and it is free at the end. */
static void turns_go_round(void **state)
{
    struct bench *b = *state;
    put_many(b);
    struct limits limits = limits_default();
    limits.search_heavy_ms = 0;
    reopen(b, &limits);
    b->s->turns.most = 1;
    struct plan_sort sort = {.param = param_of("Observation", "value-string")};
    struct plan plan = {.type = fhir_type_of(T("Observation")), .sorts = &sort, .sort_count = 1};
    struct searcher all[SEARCHERS];
    for (int i = 0; i < SEARCHERS; i++) {
        all[i] = (struct searcher){.b = b, .plan = &plan};
        assert_int_equal(pthread_create(&all[i].thread, NULL, searcher_main, &all[i]), 0);
    }
    for (int i = 0; i < SEARCHERS; i++) {
        (void)pthread_join(all[i].thread, NULL);
    }
    for (int i = 0; i < SEARCHERS; i++) {
        assert_int_equal(all[i].rc, 0);
    }
    assert_int_equal(b->s->turns.running, 0);
    assert_int_equal(atomic_load(&b->s->turns.waiting), 0);
    assert_null(b->s->turns.first);
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
        BENCH(knows_tokens),
        BENCH(knows_each_leaf),
        BENCH(joins_nodes),
        cmocka_unit_test_setup_teardown(joins_nodes, bench_up_colliding, bench_down),
        cmocka_unit_test_setup_teardown(minds_exceptions, bench_up_colliding, bench_down),
        BENCH(minds_exceptions),
        BENCH(sorts_few),
        BENCH(sorts_many),
        BENCH(searches_types_together),
        BENCH(looks_at_no_more),
        BENCH(keeps_pages_apart),
        BENCH(stops_in_time),
        BENCH(takes_turns),
        BENCH(turns_go_round),
        BENCH(counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
