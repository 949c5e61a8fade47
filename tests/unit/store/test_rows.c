/* What index rows carry and need beside their value: dates, units, displays, identifiers. */
#include "bench.h"
#include "store/inner.h"

#include <stdio.h>

static int64_t rows_of(struct bench *b, const char *what, const char *type, const char *param)
{
    char sql[300];
    (void)snprintf(sql, sizeof sql, "SELECT %s FROM idx WHERE param = %u", what,
                   bench_param(type, param));
    return bench_number(b, sql);
}

static void put_observation(struct bench *b, const char *date, const char *code)
{
    bench_put(b,
              "{\"resourceType\":\"Observation\",\"id\":\"o\",\"status\":\"final\",\"subject\":{"
              "\"reference\":\"Patient/p\"},\"code\":{\"coding\":[{\"system\":\"urn:l\",\"code\":"
              "\"%s\",\"display\":\"Some Thing\"}]}%s%s%s}",
              code, *date ? ",\"effectiveDateTime\":\"" : "", date, *date ? "\"" : "");
}

static int64_t when_of(const char *date)
{
    int64_t start = 0;
    int64_t end = 0;
    assert_true(index_date(text_of(date), &start, &end));
    return index_when(start, end);
}

/* The date of a resource stands on its own row, on its facets and on each dated entry. */
static void carries_dates(void **state)
{
    static const char *const dates[] = {"2020-01-01", "2020-01-02T10:00:00Z", "",
                                        "2020-01-02T10:00:00.250Z", "2020-01-02T10:00:00Z"};
    struct bench *b = *state;
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
        put_observation(b, dates[i], "A");
        bool none = dates[i][0] == '\0';
        int64_t when = none ? -1 : when_of(dates[i]);
        assert_int_equal(bench_number(b, "SELECT coalesce(w, -1) FROM resource"), when);
        assert_int_equal(rows_of(b, "count(*)", "Observation", "code"), 1);
        assert_int_equal(rows_of(b, "coalesce(min(w), -1)", "Observation", "code"), when);
        assert_int_equal(bench_number(b, "SELECT coalesce(w, -1) FROM idx WHERE param & 255 = 243"),
                         when);
        assert_int_equal(bench_number(b, "SELECT count(w) FROM idx WHERE param & 255 = 240"), 0);
        assert_int_equal(bench_check(b, NULL, 0), 0);
    }
}

/* A cursor gives the date with the entry, and goes on where it is told. */
static void skips_to_keys(void **state)
{
    struct bench *b = *state;
    for (int i = 0; i < 50; i++) {
        bench_put(b,
                  "{\"resourceType\":\"Observation\",\"id\":\"o%d\",\"subject\":{\"reference\":"
                  "\"Patient/p%d\"},\"code\":{\"coding\":[{\"code\":\"A\"}]},\"effectiveDateTime\":"
                  "\"2020-01-%02d\"}",
                  i, i % 5, i % 28 + 1);
    }
    struct store_view *v = NULL;
    assert_int_equal(store_view_begin(b->s, b->all, STORE_SNAPSHOT, &v, &b->e), 0);
    struct db_range range = {.param = bench_param("Observation", "code"),
                             .exact = true,
                             .low = {"a", 2},
                             .rid_to = RID_LAST};
    struct db_cursor *c = NULL;
    struct db_entry entry;
    uint64_t rids[50];
    size_t count = 0;
    assert_int_equal(db_index_open(v->db, &range, &c), 0);
    while (db_index_next(c, &entry) == 0) {
        assert_true(count < 50 && entry.when != INDEX_WHEN_NONE);
        rids[count++] = entry.rid;
    }
    db_cursor_close(c);
    assert_int_equal(count, 50);
    assert_int_equal(db_index_open(v->db, &range, &c), 0);
    assert_int_equal(db_index_next(c, &entry), 0);
    for (size_t i = 7; i < 50; i += 7) {
        assert_int_equal(db_index_skip(c, rids[i - 1] + 1), 0);
        assert_int_equal(db_index_next(c, &entry), 0);
        assert_int_equal(entry.rid, rids[i]);
    }
    assert_int_equal(db_index_skip(c, 1), 0); /* never backwards */
    assert_int_equal(db_index_next(c, &entry), 0);
    assert_int_equal(entry.rid, rids[49]);
    assert_int_equal(db_index_skip(c, RID_LAST), 0);
    assert_int_equal(db_index_next(c, &entry), DB_END);
    db_cursor_close(c);
    store_view_end(v);
}

static void put_quantity(struct bench *b, const char *id, const char *value, const char *code)
{
    bench_put(b,
              "{\"resourceType\":\"Observation\",\"id\":\"%s\",\"valueQuantity\":{\"value\":%s,"
              "\"system\":\"http://unitsofmeasure.org\",\"code\":\"%s\"}}",
              id, value, code);
}

/* A unit gets a number, once; its quantities stand together, in order. */
static void numbers_units(void **state)
{
    struct bench *b = *state;
    put_quantity(b, "a", "10.0", "mg");
    put_quantity(b, "b", "2", "g");
    bench_close(b);
    bench_open(b);
    put_quantity(b, "c", "9", "mg");
    put_quantity(b, "d", "1", "kg");
    struct store_view *v = NULL;
    struct unit *units = NULL;
    size_t count = 0;
    assert_int_equal(store_view_begin(b->s, b->all, STORE_SNAPSHOT, &v, &b->e), 0);
    assert_int_equal(units_all(b->s, v->db, &b->a, &units, &count), 0);
    assert_int_equal(count, 3);
    static const char *const codes[] = {"mg", "g", "kg"};
    for (size_t i = 0; i < 3; i++) {
        text unit = index_unit(T("http://unitsofmeasure.org"), text_of(codes[i]), T(""), &b->a);
        assert_int_equal(units[i].number, i);
        assert_true(text_eq(units[i].unit, unit));
    }
    static const char *const values[] = {"9", "10", "2", "1"};
    static const uint64_t numbers[] = {0, 0, 1, 2};
    struct db_range range = {.param = bench_param("Observation", "value-quantity")};
    struct db_cursor *c = NULL;
    struct db_entry entry;
    assert_int_equal(db_index_open(v->db, &range, &c), 0);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(db_index_next(c, &entry), 0);
        text want = unit_value(numbers[i], index_decimal(text_of(values[i]), &b->a), &b->a);
        assert_true(text_eq(entry.value, want));
    }
    assert_int_equal(db_index_next(c, &entry), DB_END);
    db_cursor_close(c);
    store_view_end(v);
    assert_int_equal(bench_check(b, NULL, 0), 0);
}

/* Once for each code that they stand beside, however many resources have them. */
static void keeps_displays_once(void **state)
{
    struct bench *b = *state;
    put_observation(b, "2020-01-01", "A");
    put_observation(b, "2020-01-02", "B");
    put_observation(b, "2020-01-03", "A");
    bench_close(b);
    bench_open(b);
    put_observation(b, "2020-01-04", "A");
    struct store_view *v = NULL;
    struct db_cursor *c = NULL;
    text words;
    text token;
    assert_int_equal(store_view_begin(b->s, b->all, STORE_SNAPSHOT, &v, &b->e), 0);
    assert_int_equal(db_display_open(v->db, &c), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(db_display_next(c, &words, &token), 0);
        assert_true(text_eq(words, T("some thing")));
        assert_true(text_eq(token, text_make(i ? "b\0\1" : "a\0\1", 3)));
    }
    assert_int_equal(db_display_next(c, &words, &token), DB_END);
    db_cursor_close(c);
    store_view_end(v);
    assert_int_equal(bench_check(b, NULL, 0), 0);
}

/* The identifier of a reference is apart from the references and behind all codes. */
static void marks_identifiers(void **state)
{
    struct bench *b = *state;
    bench_put(b, "{\"resourceType\":\"Observation\",\"id\":\"o\",\"performer\":[{\"identifier\":{"
                 "\"system\":\"urn:i\",\"value\":\"7\"}}]}");
    assert_int_equal(rows_of(b, "count(*)", "Observation", "performer"), 1);
    assert_int_equal(
        rows_of(b, "substr(value, 1, 8) = x'FFFFFFFFFFFFFFFF'", "Observation", "performer"), 1);
    assert_int_equal(rows_of(b, "substr(value, 9) = x'370001'", "Observation", "performer"), 1);
    assert_int_equal(bench_check(b, NULL, 0), 0);
}

int main(void)
{
#define BENCH(f) cmocka_unit_test_setup_teardown(f, bench_up, bench_down)
    const struct CMUnitTest tests[] = {
        BENCH(carries_dates),       BENCH(skips_to_keys),     BENCH(numbers_units),
        BENCH(keeps_displays_once), BENCH(marks_identifiers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
