/* Facets: combinations are shared, numbered once, and limited; readers see those that they need. */
#include "bench.h"
#include "store/inner.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#define TERMS "SELECT count(*) FROM term WHERE num >= 1073741824"
#define FACET_ROWS "SELECT count(*) FROM idx WHERE param & 255 = 243"

static void put(struct bench *b, const char *id, const char *status, unsigned categories)
{
    text list = T("");
    for (unsigned i = 0; i < categories; i++) {
        list = arena_printf(&b->a, "%.*s%s{\"coding\":[{\"system\":\"urn:c\",\"code\":\"c%u\"}]}",
                            TEXT_ARG(list), i ? "," : "", i);
    }
    bench_put(b,
              "{\"resourceType\":\"Observation\",\"id\":\"%s\",\"status\":\"%s\",\"category\":["
              "%.*s],\"code\":{\"coding\":[{\"code\":\"A\"}]}}",
              id, status, TEXT_ARG(list));
}

struct seen {
    const struct facet *items;
    size_t count;
    bool single;
};

static struct seen facets_in(struct bench *b, struct store *s)
{
    struct seen seen = {0};
    struct store_view *v = NULL;
    assert_int_equal(store_view_begin(s, b->all, STORE_SNAPSHOT, &v, &b->e), 0);
    assert_int_equal(
        facets_of(s, v->db, fhir_type_of(T("Observation")), &seen.items, &seen.count, &seen.single),
        0);
    store_view_end(v);
    return seen;
}

static int64_t status_rows(struct bench *b)
{
    char sql[100];
    (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM idx WHERE param = %u",
                   bench_param("Observation", "status"));
    return bench_number(b, sql);
}

static void shares_combinations(void **state)
{
    struct bench *b = *state;
    for (int i = 0; i < 20; i++) {
        char id[8];
        (void)snprintf(id, sizeof id, "o%d", i);
        put(b, id, i % 2 ? "final" : "amended", 2);
    }
    assert_int_equal(bench_number(b, TERMS), 2);
    assert_int_equal(bench_number(b, FACET_ROWS), 20);
    assert_int_equal(status_rows(b), 0);
    struct seen seen = facets_in(b, b->s);
    assert_int_equal(seen.count, 2);
    assert_false(seen.single);
    for (size_t i = 0; i < 2; i++) {
        const struct facet *f = &seen.items[i];
        size_t status = 0;
        size_t category = 0;
        for (size_t k = 0; k < f->count; k++) {
            const struct index_entry *entry = &f->entries[k];
            bool is_status = entry->param == bench_param("Observation", "status");
            status += is_status && text_eq(entry->value, i ? T("final") : T("amended"));
            category += entry->param == bench_param("Observation", "category") &&
                        text_eq(entry->system, T("urn:c"));
        }
        assert_int_equal(status, 1);
        assert_int_equal(category, 2);
    }
    const struct facet *before = seen.items;
    put(b, "o3", "preliminary", 2);
    seen = facets_in(b, b->s);
    assert_ptr_equal(seen.items, before); /* it grows where it is */
    assert_int_equal(seen.count, 3);
    bench_close(b);
    bench_open(b);
    assert_int_equal(facets_in(b, b->s).count, 3);
    put(b, "o4", "preliminary", 2);
    assert_int_equal(bench_number(b, TERMS), 3);
    assert_int_equal(bench_check(b, NULL, 0), 0);
}

/* Room for two combinations: a third is kept entry by entry, for ever, whatever comes between. */
static void overflows_to_single_rows(void **state)
{
    struct bench *b = *state;
    bench_close(b);
    b->facets_max = 2;
    bench_open(b);
    put(b, "a", "final", 1);
    put(b, "b", "amended", 1);
    assert_false(facets_in(b, b->s).single);
    put(b, "c", "preliminary", 1);
    assert_true(facets_in(b, b->s).single);
    assert_int_equal(facets_in(b, b->s).count, 2);
    assert_int_equal(bench_number(b, FACET_ROWS), 2);
    assert_int_equal(status_rows(b), 1);
    assert_int_equal(bench_check(b, NULL, 0), 0);
    put(b, "c", "final", 1); /* from single rows to a combination */
    assert_int_equal(bench_number(b, FACET_ROWS), 3);
    assert_int_equal(status_rows(b), 0);
    assert_int_equal(bench_check(b, NULL, 0), 0);
    put(b, "a", "cancelled", 1); /* and back */
    put(b, "b", "cancelled", 2); /* between single rows: below */
    put(b, "b", "cancelled", 1);
    assert_int_equal(bench_number(b, FACET_ROWS), 1);
    assert_int_equal(status_rows(b), 2);
    bench_close(b);
    bench_open(b);
    assert_true(facets_in(b, b->s).single);
    assert_int_equal(bench_check(b, NULL, 0), 0);
    bench_delete(b, "Observation", "a");
    bench_delete(b, "Observation", "b");
    assert_int_equal(status_rows(b), 0);
    assert_int_equal(bench_check(b, NULL, 0), 0);
}

static void keeps_long_lists_single(void **state)
{
    struct bench *b = *state;
    put(b, "a", "final", FACET_ENTRIES_MAX - 1);
    assert_int_equal(bench_number(b, FACET_ROWS), 1);
    assert_false(facets_in(b, b->s).single);
    put(b, "a", "final", FACET_ENTRIES_MAX);
    assert_int_equal(bench_number(b, FACET_ROWS), 0);
    assert_true(facets_in(b, b->s).single);
    assert_int_equal(status_rows(b), 1);
    assert_int_equal(bench_check(b, NULL, 0), 0);
    put(b, "a", "final", 1);
    assert_int_equal(status_rows(b), 0);
    assert_int_equal(bench_check(b, NULL, 0), 0);
}

/* A resource without any facet has no combination either: the type is marked, for searches count on
 * it. */
static void marks_what_has_none(void **state)
{
    struct bench *b = *state;
    char path[300];
    char seen[64];
    sqlite3 *db = NULL;
    put(b, "a", "final", 1);
    assert_false(facets_in(b, b->s).single);
    bench_put(b, "{\"resourceType\":\"Observation\",\"id\":\"b\",\"code\":{\"text\":\"x\"}}");
    assert_true(facets_in(b, b->s).single);
    assert_int_equal(bench_number(b, FACET_ROWS), 1);
    assert_int_equal(bench_check(b, NULL, 0), 0);
    bench_close(b);
    (void)snprintf(path, sizeof path, "%s/store.db", b->dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "DELETE FROM term WHERE length(bytes) = 2 AND num >= 1073741824",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_changes(db), 1);
    (void)sqlite3_close(db);
    bench_open(b);
    assert_false(facets_in(b, b->s).single);
    assert_int_equal(bench_check(b, seen, sizeof seen), 1);
    assert_string_equal(seen, "I7 ");
}

/* A process that only looks sees what has come since, each time that it reads anew. */
static void readers_see_new_ones(void **state)
{
    struct bench *b = *state;
    struct store *second = NULL;
    struct store_config config = {.dir = b->dir, .mode = STORE_LOOK};
    put(b, "a", "final", 1);
    assert_int_equal(store_open(&config, &second, &b->e), 0);
    struct seen first = facets_in(b, second);
    assert_int_equal(first.count, 1);
    put(b, "b", "amended", 1);
    put(b, "c", "amended", FACET_ENTRIES_MAX);
    struct seen then = facets_in(b, second);
    assert_int_equal(then.count, 2);
    assert_true(then.single);
    assert_ptr_equal(then.items, first.items);
    put(b, "d", "cancelled", 1);
    assert_int_equal(facets_in(b, second).count, 3);
    store_close(second);
}

/* What a failed batch had numbered is numbered anew. */
static void forgets_what_is_rolled_back(void **state)
{
    struct bench *b = *state;
    char path[300];
    sqlite3 *db = NULL;
    put(b, "a", "final", 1);
    bench_put(b, "{\"resourceType\":\"Procedure\",\"id\":\"p\",\"subject\":{\"reference\":"
                 "\"Patient/p\"}}");
    bench_close(b);
    (void)snprintf(path, sizeof path, "%s/store.db", b->dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    /* The patient's last procedure that there can be. */
    assert_int_equal(sqlite3_exec(db,
                                  "INSERT INTO resource SELECT max(rid) | 1048575, x'71', 1, 1,"
                                  " NULL, NULL FROM resource",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    (void)sqlite3_close(db);
    bench_open(b);
    struct write w[2] = {
        bench_write(b, "{\"resourceType\":\"Observation\",\"id\":\"x\",\"status\":\"amended\"}"),
        bench_write(b, "{\"resourceType\":\"Procedure\",\"id\":\"q\",\"subject\":{\"reference\":"
                       "\"Patient/p\"}}")};
    assert_int_equal(bench_commit(b, w, 2), ERR_BUSINESS_RULE);
    assert_int_equal(facets_in(b, b->s).count, 1);
    put(b, "b", "cancelled", 1);
    put(b, "c", "amended", 0);
    assert_int_equal(facets_in(b, b->s).count, 3);
    bench_close(b);
    bench_open(b);
    assert_int_equal(facets_in(b, b->s).count, 3);
    assert_int_equal(bench_number(b, FACET_ROWS " AND rid IN (SELECT rid FROM resource WHERE body"
                                                " IS NOT NULL AND id <> x'70')"),
                     3);
}

/* Whoever sees a facet entry has its combination, at any moment of another's writing. */
struct adding {
    struct bench *b;
    atomic_bool done;
};

static void *add_many(void *context)
{
    enum { MANY = 150 };
    struct adding *adding = context;
    for (unsigned i = 0; i < MANY; i++) {
        struct arena a;
        struct write w;
        struct err e;
        arena_init(&a, 1 << 24);
        text json = arena_printf(&a,
                                 "{\"resourceType\":\"Observation\",\"id\":\"n%u\",\"category\":[{"
                                 "\"coding\":[{\"code\":\"c%u\"}]}]}",
                                 i, i);
        if (!sample_make(json.p, json.n, &a, &w, &e)) {
            abort();
        }
        struct write_request r = {.writes = &w, .write_count = 1};
        store_commit(adding->b->s, adding->b->all, &r, 1);
        if (r.result) {
            abort();
        }
        arena_done(&a);
    }
    atomic_store(&adding->done, true);
    return NULL;
}

static size_t look_once(struct bench *b)
{
    const fhir_type observation = fhir_type_of(T("Observation"));
    const struct facet *items = NULL;
    size_t count = 0;
    size_t rows = 0;
    bool single = false;
    struct store_view *v = NULL;
    struct db_cursor *c = NULL;
    struct db_entry entry;
    struct db_range range = {.param = own_param(observation, INDEX_FACETS)};
    assert_int_equal(store_view_begin(b->s, b->all, STORE_SNAPSHOT, &v, &b->e), 0);
    assert_int_equal(facets_of(b->s, v->db, observation, &items, &count, &single), 0);
    assert_int_equal(db_index_open(v->db, &range, &c), 0);
    for (; db_index_next(c, &entry) == 0; rows++) {
        size_t place =
            (size_t)(unsigned char)entry.value.p[0] << 8 | (unsigned char)entry.value.p[1];
        char value[FACET_VALUE_SIZE];
        assert_true(place < count);
        assert_true(text_eq(facet_value(items[place].number, value), entry.value));
        assert_int_equal(items[place].count, 1);
    }
    db_cursor_close(c);
    store_view_end(v);
    return rows;
}

static void readers_never_lag(void **state)
{
    struct bench *b = *state;
    struct adding adding = {.b = b};
    pthread_t thread;
    size_t rows = 0;
    assert_int_equal(pthread_create(&thread, NULL, add_many, &adding), 0);
    while (!atomic_load(&adding.done)) {
        size_t now = look_once(b);
        assert_true(now >= rows);
        rows = now;
    }
    (void)pthread_join(thread, NULL);
    assert_true(look_once(b) == 150);
}

int main(void)
{
#define BENCH(f) cmocka_unit_test_setup_teardown(f, bench_up, bench_down)
    const struct CMUnitTest tests[] = {
        BENCH(shares_combinations),     BENCH(overflows_to_single_rows),
        BENCH(keeps_long_lists_single), BENCH(marks_what_has_none),
        BENCH(readers_see_new_ones),    BENCH(forgets_what_is_rolled_back),
        BENCH(readers_never_lag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
