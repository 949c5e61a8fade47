/* Witnesses, in random schedules of growth, crashes, losses and lies. docs/locality.md, I5. */
#include "witness_world.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on
#include <stdio.h>
#include <stdlib.h>

static void disturb(struct scene *s)
{
    size_t i = prng_below(&s->random, s->count + 1);
    struct node *n = &s->node[i];
    unsigned what = (unsigned)prng_below(&s->random, 10);
    if (what < 5) {
        tree_grow(&n->log, &s->random, 1 + prng_below(&s->random, 12));
    } else if (what < 7) {
        n->crash_at = 1 + (unsigned)prng_below(&s->random, 6);
        n->crash_done = prng_below(&s->random, 2);
    } else if (n->witness) {
        world_stop(s, i);
    }
    for (size_t k = 0; k <= s->count; k++) {
        if (!s->node[k].up && prng_below(&s->random, 3) == 0) {
            if (s->node[k].witness) {
                world_stop(s, k);
            }
            world_start(s, k);
        }
    }
}

static void all_up(struct scene *s)
{
    for (size_t i = 0; i <= s->count; i++) {
        if (!s->node[i].up || s->node[i].crash_at) {
            world_stop(s, i);
            world_start(s, i);
        }
    }
}

/* Nobody honest is named; where two honest ones have seen two histories all name the liar. */
static void check_schedule(struct scene *s, uint64_t seed, bool forked)
{
    for (size_t i = 1; i < s->count; i++) {
        const struct node *n = &s->node[i];
        for (size_t k = 1; k < s->count; k++) {
            if (world_alarmed(n, "log-fork", k) || world_alarmed(n, "log-unproved", k) ||
                world_alarmed(n, "own-log-fork", k) || world_alarmed(n, "own-log-behind", k)) {
                fail_msg("seed %llu: an honest one is named: %s", (unsigned long long)seed,
                         n->alarms);
            }
        }
        if (world_alarmed(n, "log-fork", 0) != forked) {
            fail_msg("seed %llu of %zu members: %s %s; histories of %zu and %zu entries",
                     (unsigned long long)seed, s->count, world_ods(i),
                     forked ? "has not found the fork" : "has found a fork that is none",
                     s->node[0].log.size, s->node[s->count].log.size);
        }
        uint64_t size = 0;
        if (n->log.size && (world_cosigners(s, i, buf_text(&n->published), &size) <
                                (s->count - 1) / 2 + 1 - s->two_faced ||
                            size != n->log.size)) {
            fail_msg("seed %llu: %s is cosigned at %llu of %zu", (unsigned long long)seed,
                     world_ods(i), (unsigned long long)size, n->log.size);
        }
    }
}

static void schedule(struct scene *s, uint64_t seed)
{
    struct prng r;
    prng_seed(&r, seed);
    world_new(s, 3 + (prng_below(&r, 4) == 0 ? prng_below(&r, 7) : prng_below(&r, 3)), seed);
    bool lies = prng_below(&r, 3) > 0;
    world_fork_at(s, prng_below(&r, 20), 0, 0);
    s->two_faced = lies;
    size_t shown = 0;
    for (size_t i = 1; i < s->count; i++) {
        s->sees_other[i] = lies && prng_below(&r, 2);
        shown += s->sees_other[i];
    }
    s->drop = (unsigned)prng_below(&r, 60);
    for (int i = 0; i < 8; i++) {
        disturb(s);
        if (prng_below(&r, 2)) {
            tree_grow(&s->node[0].log, &s->random, prng_below(&r, 3));
            tree_grow(&s->node[s->count].log, &s->random, prng_below(&r, 3));
        }
        world_rounds(s, 1);
    }
    s->drop = 0;
    all_up(s);
    /* In the end each history has something of its own, and all have been shown theirs. */
    tree_grow(&s->node[0].log, &s->random, 1);
    tree_grow(&s->node[s->count].log, &s->random, 1);
    bool forked = lies && shown && shown < s->count - 1;
    world_rounds(s, 4 + (unsigned)s->count);
    check_schedule(s, seed, forked);
    world_free(s);
}

static void random_schedules(void **state)
{
    const char *small = getenv("KITH_SMALL"), *one = getenv("KITH_SEED");
    const char *many = getenv("KITH_SCHEDULES"); /* a longer run: KITH_SCHEDULES=1000 */
    uint64_t last = many ? strtoull(many, NULL, 10) : small && strcmp(small, "yes") == 0 ? 40 : 150;
    for (uint64_t seed = one ? strtoull(one, NULL, 10) : 1; seed <= last; seed++) {
        schedule(*state, seed);
        last = one ? 0 : last;
    }
}

int main(void)
{
    static struct scene s;
    void *state = &s;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(random_schedules, state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
