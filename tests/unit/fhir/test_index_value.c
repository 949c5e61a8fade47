/* The order-preserving forms of values: R4 search.html#string, #number, #date. */
#include "search_kit.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 1 << 26);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

static uint64_t next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* KITH_SEED repeats a run. */
static uint64_t start_seed(void)
{
    const char *given = getenv("KITH_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)clock_mono_ns() | 1;
    print_message("KITH_SEED=%llu\n", (unsigned long long)seed);
    return seed ? seed : 1;
}

static void check_fold(const char *from, const char *to)
{
    text folded = index_fold(text_of(from), &arena);
    if (!text_eq(folded, text_of(to))) {
        fail_msg("'%s' folds to '%.*s', not '%s'", from, TEXT_ARG(folded), to);
    }
}

static void fold(void **state)
{
    (void)state;
    check_fold("Eve", "eve");
    check_fold("  John \t\n van  der  Berg ", "john van der berg");
    check_fold("Müller", "muller");
    check_fold("Mu\xCC\x88ller", "muller"); /* u and a combining mark */
    check_fold("ÉLODIE Noël", "elodie noel");
    check_fold("Łódź Ørsted Đoković", "lodz orsted dokovic");
    check_fold("Straße STRASSE", "strasse strasse");
    check_fold("Æsir œuvre Þór Eyðís", "aesir oeuvre thor eydis");
    check_fold("ISPARTA ısparta İsparta", "isparta isparta isparta");
    check_fold("O'Brien O’Brien", "obrien obrien");
    check_fold("Smith-Jones, St. Mary's", "smith jones st marys");
    check_fold("ＦＵＬＬ　ｗｉｄｔｈ ﬁne", "full width fine");
    check_fold("Σίσυφος ΣΊΣΥΦΟΣ", "σισυφοσ σισυφοσ");
    check_fold("Иванов Йорк", "иванов иорк");
    check_fold("李 小龍", "李 小龍");
    check_fold("- . ' ,", "");
    check_fold("", "");
    check_fold("10 mg/L + 5%", "10 mg l + 5%");
}

static void fold_twice_is_fold_once(void **state)
{
    (void)state;
    uint64_t seed = start_seed();
    for (int round = 0; round < 20000; round++) {
        char bytes[64];
        size_t n = 0;
        for (int i = 0; i < 8; i++) {
            uint32_t c = (uint32_t)(next(&seed) % (round % 2 ? 0x3000 : 0x20000));
            c = c >= 0xD800 && c < 0xE000 ? 'x' : c ? c : 'y';
            if (c < 0x80) {
                bytes[n++] = (char)c;
            } else if (c < 0x800) {
                bytes[n++] = (char)(0xC0 | c >> 6);
                bytes[n++] = (char)(0x80 | (c & 63));
            } else {
                if (c >= 0x10000) {
                    bytes[n++] = (char)(0xF0 | c >> 18);
                    bytes[n++] = (char)(0x80 | (c >> 12 & 63));
                } else {
                    bytes[n++] = (char)(0xE0 | c >> 12);
                }
                bytes[n++] = (char)(0x80 | (c >> 6 & 63));
                bytes[n++] = (char)(0x80 | (c & 63));
            }
        }
        text once = index_fold(text_make(bytes, n), &arena);
        text twice = index_fold(once, &arena);
        assert_true(once.p && twice.p);
        if (!text_eq(once, twice)) {
            fail_msg("'%.*s' folds to '%.*s', then to '%.*s'", (int)n, bytes, TEXT_ARG(once),
                     TEXT_ARG(twice));
        }
        arena_reset(&arena);
    }
}

static void shorten(void **state)
{
    (void)state;
    char long_text[300];
    memset(long_text, 'a', sizeof(long_text));
    text whole = text_make(long_text, 88);
    assert_true(text_eq(index_shorten(whole, &arena), whole));
    text a = index_shorten(text_make(long_text, 89), &arena);
    text b = index_shorten(text_make(long_text, 90), &arena);
    assert_int_equal(a.n, 88 + 17);
    assert_memory_equal(a.p, long_text, 88);
    assert_int_equal(a.p[88], 1);
    assert_false(text_eq(a, b));
    assert_true(text_eq(a, index_shorten(text_make(long_text, 89), &arena)));
    assert_non_null(index_shorten(T(""), &arena).p);
    assert_true(text_eq(index_code(T("Final-ABC"), &arena), T("final-abc")));
}

/* --- decimals ------------------------------------------------------------------------------ */

static void decimal_order(void **state)
{
    (void)state;
    static const char *const ascending[] = {"-1e1000000",
                                            "-1e61",
                                            "-1e60",
                                            "-12345678901234567890.5",
                                            "-12345678901234567890",
                                            "-100.5",
                                            "-100",
                                            "-99.995",
                                            "-10",
                                            "-9.99",
                                            "-1",
                                            "-0.5",
                                            "-0.05",
                                            "-0.0499",
                                            "-1e-61",
                                            "-1e-1000000",
                                            "0",
                                            "1e-1000000",
                                            "1e-61",
                                            "1e-59",
                                            "0.0001",
                                            "0.00010001",
                                            "0.05",
                                            "0.0501",
                                            "0.1",
                                            "0.11",
                                            "0.5",
                                            "1",
                                            "1.01",
                                            "1.1",
                                            "9.99",
                                            "10",
                                            "10.0000000000000000000001",
                                            "11",
                                            "99.995",
                                            "100",
                                            "100.005",
                                            "101",
                                            "110",
                                            "12345678901234567890",
                                            "12345678901234567890.5",
                                            "1e60",
                                            "1e61",
                                            "1e62",
                                            "9e99",
                                            "1e1000000"};
    enum { COUNT = sizeof(ascending) / sizeof(ascending[0]) };
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t j = 0; j < COUNT; j++) {
            text a = index_decimal(text_of(ascending[i]), &arena);
            text b = index_decimal(text_of(ascending[j]), &arena);
            int order = text_cmp(a, b);
            if ((order > 0) - (order < 0) != (i > j) - (i < j)) {
                fail_msg("%s and %s are in the wrong order", ascending[i], ascending[j]);
            }
            if (i != j && text_starts(a, b)) {
                fail_msg("%s starts with %s", ascending[i], ascending[j]);
            }
        }
    }
}

static void decimal_same(void **state)
{
    (void)state;
    static const char *const same[][2] = {
        {"100", "100.00"}, {"100", "1e2"},      {"100", "1E+2"},        {"-0", "0"},
        {"0.0", "0e5"},    {"0.0010", "1e-3"},  {"-12.50e3", "-12500"}, {"007", "7"},
        {"5.4", "54e-1"},  {"120e-1", "0012.0"}};
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        text a = index_decimal(text_of(same[i][0]), &arena);
        text b = index_decimal(text_of(same[i][1]), &arena);
        assert_non_null(a.p);
        if (!text_eq(a, b)) {
            fail_msg("%s and %s differ", same[i][0], same[i][1]);
        }
    }
    static const char *const bad[] = {"",    "-",    "+1", ".5", "5.",  "1e",
                                      "1e+", "1.e2", "x",  "1 ", "0x1", "1e99999999999999999999",
                                      "--1", "1.2.3"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (index_decimal(text_of(bad[i]), &arena).p) {
            fail_msg("'%s' is taken for a decimal", bad[i]);
        }
    }
}

/* value = units * 10^-scale, written in one of several ways. */
static text write_decimal(int64_t units, int scale, uint64_t *seed)
{
    switch (next(seed) % 3) {
    case 0:
        return arena_printf(&arena, "%llde%d", (long long)units, -scale);
    case 1:
        return arena_printf(&arena, "%lld00E%d", (long long)units, -scale - 2);
    default: {
        int64_t power = 1;
        for (int i = 0; i < scale; i++) {
            power *= 10;
        }
        int64_t size = units < 0 ? -units : units;
        if (scale == 0) {
            return arena_printf(&arena, "%s%lld", units < 0 ? "-" : "", (long long)size);
        }
        return arena_printf(&arena, "%s%lld.%0*lld", units < 0 ? "-" : "",
                            (long long)(size / power), scale, (long long)(size % power));
    }
    }
}

static void decimal_order_random(void **state)
{
    (void)state;
    uint64_t seed = start_seed();
    static const int64_t powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000};
    for (int round = 0; round < 100000; round++) {
        int sa = (int)(next(&seed) % 7), sb = (int)(next(&seed) % 7);
        int64_t span = powers[next(&seed) % 7] * 100;
        int64_t a = (int64_t)(next(&seed) % (uint64_t)(2 * span)) - span;
        int64_t b = (int64_t)(next(&seed) % (uint64_t)(2 * span)) - span;
        int64_t exact_a = a * powers[6 - sa], exact_b = b * powers[6 - sb];
        text ta = write_decimal(a, sa, &seed), tb = write_decimal(b, sb, &seed);
        int order = text_cmp(index_decimal(ta, &arena), index_decimal(tb, &arena));
        if ((order > 0) - (order < 0) != (exact_a > exact_b) - (exact_a < exact_b)) {
            fail_msg("%s and %s are in the wrong order", ta.p, tb.p);
        }
        arena_reset(&arena);
    }
}

/* --- dates --------------------------------------------------------------------------------- */

static void check_date(const char *date, const char *start, const char *end)
{
    int64_t from, to;
    if (!index_date(text_of(date), &from, &to)) {
        fail_msg("%s is not taken for a date", date);
    }
    text a = kit_moment(from, &arena), b = kit_moment(to, &arena);
    if (!text_eq(a, text_of(start)) || !text_eq(b, text_of(end))) {
        fail_msg("%s is %s to %s", date, a.p, b.p);
    }
}

static void dates(void **state)
{
    (void)state;
    check_date("2013", "2013-01-01T00:00:00.000Z", "2014-01-01T00:00:00.000Z");
    check_date("2012-02", "2012-02-01T00:00:00.000Z", "2012-03-01T00:00:00.000Z");
    check_date("1900-02", "1900-02-01T00:00:00.000Z", "1900-03-01T00:00:00.000Z");
    check_date("2013-12-31", "2013-12-31T00:00:00.000Z", "2014-01-01T00:00:00.000Z");
    check_date("2013-01-14T10:00", "2013-01-14T10:00:00.000Z", "2013-01-14T10:01:00.000Z");
    check_date("2013-01-14T10:00Z", "2013-01-14T10:00:00.000Z", "2013-01-14T10:01:00.000Z");
    check_date("2013-01-14T10:00:05+05:30", "2013-01-14T04:30:05.000Z", "2013-01-14T04:30:06.000Z");
    check_date("2015-02-07T23:28:17.239-05:00", "2015-02-08T04:28:17.239Z",
               "2015-02-08T04:28:17.240Z");
    check_date("2015-02-07T13:28:17.2Z", "2015-02-07T13:28:17.200Z", "2015-02-07T13:28:17.300Z");
    check_date("2015-02-07T13:28:17.123456Z", "2015-02-07T13:28:17.123Z",
               "2015-02-07T13:28:17.124Z");
    check_date("9999-12-30", "9999-12-30T00:00:00.000Z", "9999-12-31T00:00:00.000Z");
    static const char *const bad[] = {"",
                                      "13",
                                      "2013-1",
                                      "2013-13",
                                      "2013-00",
                                      "2013-02-29",
                                      "2013-01-32",
                                      "0000",
                                      "2013-01-14T",
                                      "2013-01-14T10",
                                      "2013-01-14T24:00",
                                      "2013-01-14T10:60",
                                      "2013-01-14T10:00:61",
                                      "2013-01-14T10:00:00.",
                                      "2013-01-14T10:00:00+15:00",
                                      "2013-01-14T10:00:00 01:00",
                                      "2013-01-14 10:00",
                                      "20130114",
                                      "2013-01-14Z"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int64_t from, to;
        if (index_date(text_of(bad[i]), &from, &to)) {
            fail_msg("'%s' is taken for a date", bad[i]);
        }
    }
}

static void date_values(void **state)
{
    (void)state;
    uint64_t seed = start_seed();
    for (int round = 0; round < 100000; round++) {
        int64_t start = 1 + (int64_t)(next(&seed) % 315537897600000);
        int64_t end = start + (int64_t)(next(&seed) % (UINT64_C(1) << (next(&seed) % 46)));
        int64_t s, e;
        text value = index_date_value(start, end, &arena);
        assert_true(index_date_read(value, &s, &e));
        assert_true(s == start && e == end);
        unsigned k = (unsigned)value.p[0];
        assert_true(end - start >= index_date_class_least(k) &&
                    end - start <= index_date_class_most(k));
        assert_true(text_cmp(value, index_date_bound(k, start, &arena)) >= 0);
        assert_true(text_cmp(value, index_date_bound(k, start + 1, &arena)) < 0);
        arena_reset(&arena);
    }
    int64_t s, e;
    assert_true(index_date_read(index_date_value(INT64_MIN, 1000, &arena), &s, &e));
    assert_true(s == INT64_MIN && e == 1000);
    assert_true(index_date_read(index_date_value(77, INT64_MAX, &arena), &s, &e));
    assert_true(s == 77 && e == INT64_MAX);
    assert_false(index_date_read(text_make("\0", 1), &s, &e));
    assert_int_equal(index_ms_to_1970(index_ms_from_1970(123)), 123);
}

/* Equal exactly when the URIs are; the beginnings that are one byte are chosen longest first. */
static void uris(void **state)
{
    (void)state;
    static const char *const all[] = {
        "http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient",
        "http://hl7.org/fhir/StructureDefinition/us-core-patient",
        "http://hl7.org/fhir/us-core-patient",
        "https://fhir.hl7.org.uk/StructureDefinition/us-core-patient",
        "https://fhir.nhs.uk/StructureDefinition/us-core-patient",
        "http://hl7.org/fhir/",
        "http://hl7.org/fhir",
        "urn:uuid:us-core-patient",
        "us-core-patient",
        "http://example.org/a",
    };
    size_t count = sizeof all / sizeof *all;
    for (size_t i = 0; i < count; i++) {
        text a = index_uri(text_of(all[i]), &arena);
        for (size_t k = 0; k < count; k++) {
            assert_int_equal(text_eq(a, index_uri(text_of(all[k]), &arena)), i == k);
        }
    }
    assert_int_equal(index_uri(text_of(all[0]), &arena).n, 1 + strlen("us-core-patient"));
}

/* Different units stay different, however long their parts are. */
static void units(void **state)
{
    (void)state;
    char long_text[400];
    memset(long_text, 'u', sizeof long_text);
    assert_true(text_eq(index_unit(T("http://u"), T("mg"), T("milligram"), &arena),
                        T("http://u\x1Fmg\x1Fmilligram")));
    assert_true(text_eq(index_unit(T(""), T(""), T(""), &arena), T("\x1F\x1F")));
    text whole = text_make(long_text, 100), one = text_make(long_text, 300);
    text other = text_make(long_text, 301);
    assert_int_equal(index_unit(T(""), whole, T(""), &arena).n, 102);
    text a = index_unit(one, one, one, &arena), b = index_unit(one, one, other, &arena);
    assert_true(a.n == b.n && a.n < 3 * INDEX_VALUE_MAX);
    assert_false(text_eq(a, b));
    assert_false(text_eq(index_unit(T("a"), T(""), T(""), &arena),
                         index_unit(T(""), T("a"), T(""), &arena)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(fold, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fold_twice_is_fold_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(shorten, set_up, tear_down),
        cmocka_unit_test_setup_teardown(uris, set_up, tear_down),
        cmocka_unit_test_setup_teardown(units, set_up, tear_down),
        cmocka_unit_test_setup_teardown(decimal_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(decimal_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(decimal_order_random, set_up, tear_down),
        cmocka_unit_test_setup_teardown(dates, set_up, tear_down),
        cmocka_unit_test_setup_teardown(date_values, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
