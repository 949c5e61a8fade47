/* Who has answered somebody about a person: named to them alone, for a day. */
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on

#include "locality/joined_int.h"

static void fill(void *context, uint8_t *to, size_t n)
{
    (void)context;
    memset(to, 7, n);
}

static void is_named_to_who_was_told(void **state)
{
    const struct loc_world w = {.random = fill};
    struct joined_known *k = NULL;
    struct arena a;
    struct err e = {0};
    text ods[JOINED_KNOWN_MAX];
    const text ann = T("ann|9990000018"), bob = T("bob|9990000018");
    const int64_t now = INT64_C(1800000000000), day = INT64_C(86400000);
    (void)state;
    arena_init(&a, 1 << 20);
    assert_int_equal(joined_known_new(&w, &k, &e), 0);
    assert_int_equal(joined_known_list(k, ann, now, &a, ods), 0);
    joined_known_note(k, ann, T("Y90001"), true, now);
    joined_known_note(k, ann, T("Y90002"), true, now);
    joined_known_note(k, ann, T("Y90002"), true, now); /* once */
    assert_int_equal(joined_known_list(k, ann, now, &a, ods), 2);
    assert_true(text_eq(ods[0], T("Y90001")) && text_eq(ods[1], T("Y90002")));
    assert_int_equal(joined_known_list(k, bob, now, &a, ods), 0);
    joined_known_note(k, bob, T("Y90001"), false, now); /* takes nothing from anybody else */
    joined_known_note(k, ann, T("Y90001"), false, now);
    assert_int_equal(joined_known_list(k, ann, now, &a, ods), 1);
    assert_true(text_eq(ods[0], T("Y90002")));
    assert_int_equal(joined_known_list(k, ann, now + day - 1, &a, ods), 1);
    assert_int_equal(joined_known_list(k, ann, now + day, &a, ods), 0);
    assert_int_equal(joined_known_list(k, ann, now - 1, &a, ods), 0);
    joined_known_note(k, ann, T("a code that is far too long"), true, now);
    for (char c = 'A'; c < 'A' + 2 * JOINED_KNOWN_MAX; c++) {
        joined_known_note(k, ann, text_make(&c, 1), true, now);
    }
    assert_int_equal(joined_known_list(k, ann, now, &a, ods), JOINED_KNOWN_MAX);
    joined_known_free(k);
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(is_named_to_who_was_told)};
    return cmocka_run_group_tests_name("locality: who has answered", tests, NULL, NULL);
}
