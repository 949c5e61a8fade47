/*
 * The directory over time (docs/locality.md, D4, D5): its end, removals, new keys, crashes; and
 * schedules by chance. TRUST_SCHEDULES=n in the environment: how many of them.
 */
#include "trust_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define DAY INT64_C(86400000)

/* --- D4, D5
 * ------------------------------------------------------------------------------------------------
 */

static void test_expired(void **state)
{
    (void)state;
    struct world w = locality_begin(13, 3, 3);
    struct directory_ref *ref;
    const char *why;
    struct trust_change change = change_renew();
    int64_t ends = trust_ends_ms(sim_state(w.s, 0));
    assert_true(ends - sim_now(w.s) > 364 * DAY && ends - sim_now(w.s) < 366 * DAY);
    for (size_t i = 0; i < 3; i++) {
        sim_crash(w.s, i);
    }
    locality_run(&w, 366 * DAY);
    for (size_t i = 0; i < 3; i++) {
        sim_restart(w.s, i);
    }
    locality_run(&w, 10000);
    assert_null(locality_in_force(&w, 0, &ref, &why));
    assert_non_null(strstr(why, "expired"));
    assert_true(members_propose(w.m, 0, &change, NULL));
    assert_true(members_settle(w.m, 600000));
    assert_non_null(locality_in_force(&w, 2, &ref, &why));
    trust_done(ref);
    locality_end(&w);
}

static void test_removed(void **state)
{
    (void)state;
    struct world w = locality_begin(14, 4, 4);
    struct directory_ref *ref;
    const char *why;
    struct trust_change change = change_removal(&w, 3, T("it lied")), again = change_renew();
    assert_true(members_propose(w.m, 0, &change, NULL));
    assert_true(members_settle(w.m, 600000));
    const struct directory *d = locality_in_force(&w, 1, &ref, &why);
    assert_non_null(d);
    assert_null(directory_by_tls(d, sim_tls(w.s, 3)));
    assert_int_equal(d->removed_count, 1);
    trust_done(ref);
    locality_run(&w, 60000);
    assert_null(locality_in_force(&w, 3, &ref, &why));
    assert_non_null(strstr(why, "removed"));
    assert_false(members_propose(w.m, 3, &again, &why));
    assert_non_null(strstr(why, "no member"));
    /* It can be taken in again. */
    assert_true(members_join(w.m, 3, 1, &why));
    assert_true(members_settle(w.m, 600000));
    assert_true(members_is_member(w.m, 3, 3));
    locality_end(&w);
}

/* --- keys
 * --------------------------------------------------------------------------------------------------
 */

static void test_new_keys(void **state)
{
    (void)state;
    struct world w = locality_begin(15, 3, 3);
    struct directory_ref *ref;
    const char *why;
    const struct note_signer *signer;
    text ods;
    const struct directory *d = locality_in_force(&w, 1, &ref, &why);
    struct member m = *directory_member(d, T("X01"));
    uint8_t old[32];
    memcpy(old, m.key.key, 32);
    sim_new_tls(w.s, 1);
    memcpy(m.tls[1], sim_tls(w.s, 1), 32);
    m.tls_count = 2;
    struct trust_change change = {.kind = TRUST_KEYS, .member = m, .new_key = true};
    assert_false(members_propose(w.m, 0, &change, &why));
    assert_true(members_propose(w.m, 1, &change, &why));
    assert_int_equal(trust_self(sim_state(w.s, 1), &signer, &ods, NULL), 0);
    assert_memory_equal(note_signer_key(signer)->key, old, 32);
    assert_true(members_settle(w.m, 600000));
    trust_done(ref);
    d = locality_in_force(&w, 2, &ref, &why);
    assert_int_equal(trust_self(sim_state(w.s, 1), &signer, &ods, NULL), 0);
    assert_memory_not_equal(note_signer_key(signer)->key, old, 32);
    assert_memory_equal(note_signer_key(signer)->key, directory_member(d, T("X01"))->key.key, 32);
    assert_ptr_equal(directory_by_tls(d, sim_tls(w.s, 1)), directory_member(d, T("X01")));
    trust_done(ref);
    /* It signs with the new one, after a start, too. */
    sim_crash(w.s, 1);
    sim_restart(w.s, 1);
    locality_run(&w, 5000);
    change = change_renew();
    assert_true(members_propose(w.m, 1, &change, &why));
    assert_true(members_settle(w.m, 600000));
    assert_int_equal(members_number(w.m, 0), 5);
    locality_end(&w);
}

/* --- crashes
 * ------------------------------------------------------------------------------------------------
 */

/* Node 1 stops at its n-th write, before or after it is durable, while votes are split: what it has
 * signed it knows afterwards, and everyone comes to one number. */
static uint64_t crash_once(uint64_t n, bool applied)
{
    struct world w = locality_begin(16, 4, 4);
    struct trust_change one = change_renew(), other = change_removal(&w, 3, T("other"));
    uint64_t before = sim_writes(w.s, 1);
    sim_crash_at_write(w.s, 1, n, applied, 5000);
    (void)members_propose(w.m, 1, &one, NULL);
    (void)members_propose(w.m, 0, &other, NULL);
    (void)members_propose(w.m, 1, &other, NULL);
    locality_run(&w, 20000);
    for (size_t i = 0; i < 4; i++) {
        (void)members_sign(w.m, i, SIZE_MAX, NULL);
    }
    sim_crash_at_write(w.s, 1, 0, false, 0); /* it has come, or does not come any more */
    locality_run(&w, 20000);
    assert_true(members_propose(w.m, 1, &one, NULL) || members_waiting(w.m, 1) ||
                members_number(w.m, 1) > 4);
    assert_true(members_settle(w.m, 3600000));
    assert_true(members_agree(w.m));
    uint64_t writes = sim_writes(w.s, 1) - before;
    locality_end(&w);
    return writes;
}

static void test_crash_at_each_write(void **state)
{
    (void)state;
    uint64_t writes = crash_once(0, false);
    assert_true(writes >= 3);
    for (uint64_t n = 1; n <= writes; n++) {
        (void)crash_once(n, false);
        (void)crash_once(n, true);
    }
}

/* A vote and the text it is for are one write: whoever has the vote has the text. */
static void test_vote_with_its_text(void **state)
{
    (void)state;
    for (int applied = 0; applied < 2; applied++) {
        struct world w = locality_begin(17, 3, 3);
        struct trust_change one = change_renew();
        sim_crash_at_write(w.s, 1, 1, applied, 1000);
        assert_false(members_propose(w.m, 1, &one, NULL));
        locality_run(&w, 10000);
        assert_int_equal(members_waiting(w.m, 1), applied);
        assert_int_equal(members_waiting(w.m, 2), applied);
        locality_end(&w);
    }
}

/* --- random schedules
 * ---------------------------------------------------------------------------------------- */

static void random_act(struct world *w, size_t nodes)
{
    struct prng *p = sim_chance(w->s);
    size_t node = (size_t)prng_below(p, nodes), other = (size_t)prng_below(p, nodes);
    struct trust_change change = change_renew();
    switch (prng_below(p, 10)) {
    case 0:
    case 1:
        (void)members_propose(w->m, node, &change, NULL);
        break;
    case 2:
        change = change_removal(w, other, T("by chance"));
        (void)members_propose(w->m, node, &change, NULL);
        break;
    case 3:
        (void)(members_is_member(w->m, node, other) || members_join(w->m, other, node, NULL));
        break;
    case 4:
        sim_cut(w->s, node, other, true);
        break;
    case 5:
        sim_cut(w->s, node, other, false);
        sim_cut(w->s, other, node, false);
        break;
    case 6:
        sim_crash_at_write(w->s, node, 1 + prng_below(p, 3), prng_below(p, 2),
                           (int64_t)prng_below(p, 60000));
        break;
    default:
        (void)members_sign(w->m, node, SIZE_MAX, NULL);
    }
    sim_run(w->s, sim_now(w->s) + (int64_t)prng_below(p, 4000));
}

static void quiet(struct world *w, size_t nodes)
{
    sim_set_trouble(w->s, &(struct sim_trouble){0});
    for (size_t i = 0; i < nodes; i++) {
        sim_crash_at_write(w->s, i, 0, false, 0);
        sim_restart(w->s, i);
        for (size_t k = 0; k < nodes; k++) {
            sim_cut(w->s, i, k, false);
        }
    }
    sim_run(w->s, sim_now(w->s) + 90000);
}

static void one_schedule(uint64_t seed)
{
    struct world w;
    size_t nodes = 3 + (size_t)(seed % 3);
    static const struct sim_trouble trouble = {
        .drop = 60, .duplicate = 60, .delay = 40, .slow_disk = 30, .skew_ms = 30000};
    assert_int_equal(sim_new(seed, nodes, NULL, &trust_program, &w.s), 0);
    w.m = members_new(w.s, trust_itself, NULL, NULL);
    bool good = members_found(w.m, nodes);
    sim_set_trouble(w.s, &trouble);
    for (int i = 0; good && i < 14; i++) {
        random_act(&w, nodes);
        good = members_agree(w.m);
    }
    quiet(&w, nodes);
    good = good && members_settle(w.m, 3600000) && members_agree(w.m);
    if (!good || sim_violations(w.s)) {
        fail_msg("schedule %llu: two texts of one number, or it does not settle",
                 (unsigned long long)seed);
    }
    sim_free(w.s);
    members_free(w.m);
}

static void test_schedules(void **state)
{
    const char *many = getenv("TRUST_SCHEDULES");
    uint64_t count = many ? strtoull(many, NULL, 10) : 100;
    (void)state;
    for (uint64_t seed = 1; seed <= count; seed++) {
        one_schedule(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expired),
        cmocka_unit_test(test_removed),
        cmocka_unit_test(test_new_keys),
        cmocka_unit_test(test_crash_at_each_write),
        cmocka_unit_test(test_vote_with_its_text),
        cmocka_unit_test(test_schedules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
