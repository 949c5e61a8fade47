/* The base layer: slices, arenas, buffers, errors, clocks, limits, maps, metrics. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/metrics.h"
#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void text_is_cut_between_characters(void **state)
{
    (void)state;
    text t = T("a\xC3\xA9\xE2\x82\xAC");
    static const size_t lengths[] = {0, 1, 1, 3, 3, 3, 6, 6};
    for (size_t n = 0; n < sizeof lengths / sizeof *lengths; n++) {
        assert_int_equal(text_short(t, n).n, lengths[n]);
    }
}

static void text_is_one_of_some_words(void **state)
{
    (void)state;
    assert_true(text_is_among(T("a"), "a bc d"));
    assert_true(text_is_among(T("bc"), "a bc d"));
    assert_true(text_is_among(T("d"), "a bc d"));
    assert_false(text_is_among(T("b"), "a bc d"));
    assert_false(text_is_among(T("bc d"), "a bc d"));
    assert_false(text_is_among(T(""), "a  d"));
    assert_false(text_is_among((text){0}, ""));
}

static void text_cuts_every_item(void **state)
{
    (void)state;
    text rest = T("a,,b,");
    text item;
    const char *const expected[] = {"a", "", "b", ""};
    size_t n = 0;
    while (text_cut(&rest, ',', &item)) {
        assert_true(n < 4);
        assert_true(text_eq(item, text_of(expected[n])));
        n++;
    }
    assert_int_equal(n, 4);
    rest = T("");
    assert_true(text_cut(&rest, ',', &item));
    assert_false(text_cut(&rest, ',', &item));
}

static void text_reads_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        bool ok;
        uint64_t value;
    } cases[] = {{"0", true, 0},
                 {"18446744073709551615", true, UINT64_MAX},
                 {"18446744073709551616", false, 0},
                 {"99999999999999999999", false, 0},
                 {"", false, 0},
                 {"+1", false, 0},
                 {"-1", false, 0},
                 {" 1", false, 0},
                 {"1 ", false, 0},
                 {"0x1", false, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t value = 7;
        assert_int_equal(text_to_u64(text_of(cases[i].in), &value), cases[i].ok);
        assert_true(value == (cases[i].ok ? cases[i].value : 7)); /* written only on success */
    }
}

static void text_prints_hex(void **state)
{
    static const unsigned char bytes[] = {0x00, 0x0f, 0xa0, 0xff};
    char out[10] = "#########";
    (void)state;
    text_hex(bytes, sizeof bytes, out);
    assert_string_equal(out, "000fa0ff");
    assert_int_equal(out[9], 0); /* nothing behind it */
    text_hex(bytes, 0, out);
    assert_string_equal(out, "");
}

static void text_compares(void **state)
{
    (void)state;
    assert_true(text_cmp(T("a"), T("ab")) < 0);
    assert_true(text_cmp(T("b"), T("ab")) > 0);
    assert_int_equal(text_cmp(T(""), (text){0}), 0);
    assert_true(text_cmp(T("\xff"), T("a")) > 0);
    assert_true(text_eq_nocase(T("Content-TYPE"), T("content-type")));
    assert_false(text_eq_nocase(T("a["), T("a{")));
    assert_true(text_eq(text_trim(T(" \t x y\r\n")), T("x y")));
    assert_int_equal(text_find(T("abc"), 'z'), 3);
    assert_int_equal(text_from(T("abc"), 9).n, 0);
}

static void arena_keeps_its_cap(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 100000);
    assert_non_null(arena_alloc(&a, 60000));
    assert_null(arena_alloc(&a, 60000));
    assert_non_null(arena_alloc(&a, 1000)); /* smaller ones still fit */
    assert_true(a.total <= 100000);
    assert_null(arena_zalloc(&a, SIZE_MAX / 2, 3));
    assert_null(arena_alloc(&a, SIZE_MAX));
    arena_reset(&a);
    assert_non_null(arena_alloc(&a, 60000));
    arena_done(&a);
}

static void arena_goes_back_to_a_mark(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 1 << 20);
    text kept = arena_copy(&a, T("kept"));
    struct arena_mark mark = arena_mark(&a);
    for (int i = 0; i < 50; i++) {
        assert_non_null(arena_alloc(&a, 5000));
        arena_rewind(&a, mark);
    }
    assert_true(a.total <= 65536);
    assert_true(text_eq(kept, T("kept")));
    arena_done(&a);
}

static void arena_grows_arrays(void **state)
{
    (void)state;
    struct arena a;
    int *items = NULL;
    size_t capacity = 0;
    arena_init(&a, 1 << 20);
    for (int i = 0; i < 1000; i++) {
        items = arena_grow(&a, items, (size_t)i, &capacity, sizeof *items);
        assert_non_null(items);
        items[i] = i;
    }
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(items[i], i);
    }
    arena_done(&a);
}

static void buf_fails_at_its_maximum_and_keeps_what_it_has(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 10);
    buf_add(&b, T("12345"));
    buf_add(&b, T("678901"));
    assert_true(buf_failed(&b));
    assert_true(text_eq(buf_text(&b), T("12345")));
    buf_addc(&b, 'x'); /* failed stays failed: no holes */
    assert_true(text_eq(buf_text(&b), T("12345")));
    buf_clear(&b);
    buf_add_u64(&b, 0);
    buf_add_u64(&b, 987654321);
    assert_false(buf_failed(&b));
    assert_true(text_eq(buf_text(&b), T("0987654321")));
    buf_consume(&b, 8);
    assert_true(text_eq(buf_text(&b), T("21")));
    buf_done(&b);
}

static void err_is_cut_at_a_character(void **state)
{
    (void)state;
    struct err e = {0};
    char longer[1000];
    for (size_t i = 0; i + 2 < sizeof longer; i += 2) {
        memcpy(longer + i, "\xc3\xa9", 2);
    }
    longer[sizeof longer - 2] = '\0';
    assert_int_equal(err_at(&e, ERR_VALUE, T("Patient.name"), "x%s", longer), ERR_VALUE);
    size_t n = strlen(e.detail);
    assert_true(n > 700 && n < sizeof e.detail);
    assert_int_equal((unsigned char)e.detail[n - 1], 0xa9);
    assert_string_equal(e.expression, "Patient.name");
    assert_int_equal(err_info(12345)->status, 500);
    assert_int_equal(err_info(ERR_FULL)->status, 507);
    assert_int_equal(err_set(NULL, ERR_IO, "nobody listens"), ERR_IO);
}

static void clock_knows_the_calendar(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *instant;
    } cases[] = {{0, "1970-01-01T00:00:00.000Z"},
                 {951827696789, "2000-02-29T12:34:56.789Z"},
                 {-1, "1969-12-31T23:59:59.999Z"},
                 {253402300799999, "9999-12-31T23:59:59.999Z"},
                 {-62135596800000, "0001-01-01T00:00:00.000Z"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[CLOCK_INSTANT_SIZE];
        clock_instant(cases[i].ms, out);
        assert_string_equal(out, cases[i].instant);
    }
    for (int64_t day = -719162; day < 2932896; day += 13) {
        int y;
        int m;
        int d;
        clock_civil(day, &y, &m, &d);
        assert_true(m >= 1 && m <= 12 && d >= 1 && d <= 31);
        assert_true(clock_days(y, m, d) == day);
    }
}

static void uuids_are_new_and_in_order_of_time(void **state)
{
    (void)state;
    char last[UUID_SIZE] = "";
    struct map seen;
    char ids[2000][UUID_SIZE];
    map_init(&seen);
    for (int i = 0; i < 2000; i++) {
        bool is_new;
        random_uuid(ids[i]);
        assert_int_equal(strlen(ids[i]), 36);
        assert_int_equal(ids[i][14], '7');
        assert_non_null(strchr("89ab", ids[i][19]));
        assert_true(memcmp(last, ids[i], 8) <= 0);
        memcpy(last, ids[i], UUID_SIZE);
        assert_non_null(map_put(&seen, text_of(ids[i]), &is_new));
        assert_true(is_new);
    }
    map_done(&seen);
}

static void map_finds_what_was_put(void **state)
{
    (void)state;
    struct map m;
    struct arena a;
    map_init(&m);
    arena_init(&a, 1 << 24);
    for (uint64_t i = 0; i < 20000; i++) {
        bool is_new;
        text key = arena_printf(&a, "key-%llu", (unsigned long long)i);
        uint64_t *value = map_put(&m, key, &is_new);
        assert_non_null(value);
        assert_true(is_new);
        *value = i;
    }
    for (uint64_t i = 0; i < 20000; i += 7) {
        uint64_t *value = map_get(&m, arena_printf(&a, "key-%llu", (unsigned long long)i));
        assert_non_null(value);
        assert_true(*value == i);
    }
    assert_null(map_get(&m, T("absent")));
    map_done(&m);
    arena_done(&a);
}

static void prng_repeats_and_is_even(void **state)
{
    (void)state;
    struct prng a;
    struct prng b;
    int buckets[10] = {0};
    prng_seed(&a, 42);
    prng_seed(&b, 42);
    for (int i = 0; i < 100000; i++) {
        uint64_t x = prng_below(&a, 10);
        assert_true(x == prng_below(&b, 10));
        buckets[x]++;
    }
    for (int i = 0; i < 10; i++) {
        assert_in_range(buckets[i], 9500, 10500);
    }
    assert_true(prng_below(&a, 0) == 0);
}

static void limits_stay_in_their_bounds(void **state)
{
    (void)state;
    struct limits l = limits_default();
    for (const struct limit_info *info = limit_table; info->name; info++) {
        text name = text_of(info->name);
        assert_true(info->least <= info->value && info->value <= info->most);
        assert_true(limits_set(&l, name, info->least));
        assert_true(limits_set(&l, name, info->most));
        assert_false(limits_set(&l, name, info->most + 1));
        assert_false(limits_set(&l, name, info->least - 1));
    }
    assert_false(limits_set(&l, T("no_such_limit"), 5));
    assert_true(limits_set(&l, T("body_bytes"), 4096));
    assert_true(l.body_bytes == 4096);
}

static void metrics_are_prometheus_text(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 1 << 20);
    metric_add(METRIC_http_requests_total, 3);
    metric_observe(METRIC_store_commit_seconds, 3000000);
    metrics_print(&out);
    assert_false(buf_failed(&out));
    buf_addc(&out, '\0');
    assert_non_null(
        strstr(out.p, "# TYPE kith_http_requests_total counter\nkith_http_requests_total 3\n"));
    assert_non_null(strstr(out.p, "kith_store_commit_seconds_bucket{le=\"0.0025\"} 0\n"));
    assert_non_null(strstr(out.p, "kith_store_commit_seconds_bucket{le=\"0.005\"} 1\n"));
    assert_non_null(strstr(out.p, "kith_store_commit_seconds_bucket{le=\"+Inf\"} 1\n"));
    assert_non_null(strstr(out.p, "kith_store_commit_seconds_count 1\n"));
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_one_of_some_words),
        cmocka_unit_test(text_cuts_every_item),
        cmocka_unit_test(text_is_cut_between_characters),
        cmocka_unit_test(text_reads_numbers),
        cmocka_unit_test(text_prints_hex),
        cmocka_unit_test(text_compares),
        cmocka_unit_test(arena_keeps_its_cap),
        cmocka_unit_test(arena_goes_back_to_a_mark),
        cmocka_unit_test(arena_grows_arrays),
        cmocka_unit_test(buf_fails_at_its_maximum_and_keeps_what_it_has),
        cmocka_unit_test(err_is_cut_at_a_character),
        cmocka_unit_test(clock_knows_the_calendar),
        cmocka_unit_test(uuids_are_new_and_in_order_of_time),
        cmocka_unit_test(map_finds_what_was_put),
        cmocka_unit_test(prng_repeats_and_is_even),
        cmocka_unit_test(limits_stay_in_their_bounds),
        cmocka_unit_test(metrics_are_prometheus_text),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
