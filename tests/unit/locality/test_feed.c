/*
 * What one node has to tell another (docs/locality.md, K1 to K5), the real code over the simulator.
 * FEED_SCHEDULES=n in the environment: how many random schedules are run.
 */
#include "feed_kit.h"

#define DAY INT64_C(86400000)

/* --- tests --------------------------------------------------------------------------------------
 */

static void comes_once(void **state)
{
    (void)state;
    begin(1);
    const text to[] = {sim_ods(seen.s, 0), sim_ods(seen.s, 1), sim_ods(seen.s, 2)};
    for (size_t i = 0; i < 10; i++) {
        char what[32];
        (void)snprintf(what, sizeof what, "Observation/%zu", i);
        assert_int_equal(tell(0, i % PEOPLE, to, 3, text_of(what), false), 0);
    }
    run(20000);
    for (size_t i = 0; i < 10; i++) {
        char what[32];
        (void)snprintf(what, sizeof what, "Observation/%zu", i);
        assert_true(was_seen(1, 0, i % PEOPLE, text_of(what)));
        assert_true(was_seen(2, 0, i % PEOPLE, text_of(what)));
        assert_false(was_seen(0, 0, i % PEOPLE, text_of(what)));
    }
    assert_int_equal(waiting(0, 1), 0);
    assert_int_equal(seen.again, 0);
    assert_string_equal(sim_alarms(seen.s, 0), "");
    assert_string_equal(sim_alarms(seen.s, 1), "");
    end();
}

/* At each write of the receiver, and of the sender, before and after it is durable. */
static void crash_at_each_write(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 48; round++) {
        begin(100 + round);
        const text to = sim_ods(seen.s, 1);
        size_t crashes = round % 2;
        for (size_t i = 0; i < 5; i++) {
            char what[32];
            (void)snprintf(what, sizeof what, "Observation/%zu", i);
            assert_int_equal(tell(0, i % 2, &to, 1, text_of(what), false), 0);
        }
        sim_crash_at_write(seen.s, crashes, round / 4 + 1, round / 2 % 2, 3000);
        run(120000);
        for (size_t i = 0; i < 5; i++) {
            char what[32];
            (void)snprintf(what, sizeof what, "Observation/%zu", i);
            assert_true(was_seen(1, 0, i % 2, text_of(what)));
        }
        assert_int_equal(seen.effects[1][0][0], 3);
        assert_int_equal(seen.effects[1][0][1], 2);
        assert_int_equal(waiting(0, 1), 0);
        assert_string_equal(sim_alarms(seen.s, 1), "");
        end();
    }
}

struct act {
    size_t from, person;
    char what[24];
    bool to[NODES];
    bool done; /* it was told that it is kept */
};

static void do_act(void *context)
{
    struct act *act = context;
    text to[NODES];
    size_t n = 0;
    for (size_t i = 0; i < NODES; i++) {
        if (act->to[i]) {
            to[n++] = sim_ods(seen.s, i);
        }
    }
    act->done = tell(act->from, act->person, to, n, text_of(act->what), false) == 0;
}

enum { ACTS = 40 };

static void random_schedule(uint64_t seed)
{
    static struct act acts[ACTS];
    const struct sim_trouble trouble = {
        .drop = 150, .duplicate = 150, .delay = 200, .slow_disk = 30, .skew_ms = 30000};
    const struct sim_trouble none = {0};
    begin(seed);
    struct prng *p = sim_chance(seen.s);
    sim_set_trouble(seen.s, &trouble);
    seen.slow = prng_below(p, 2);
    for (size_t i = 0; i < ACTS; i++) {
        acts[i] = (struct act){.from = prng_below(p, NODES), .person = prng_below(p, PEOPLE)};
        (void)snprintf(acts[i].what, sizeof acts[i].what, "Condition/%zu", i);
        for (size_t k = 0; k < NODES; k++) {
            acts[i].to[k] = prng_below(p, 2);
        }
        sim_task(seen.s, acts[i].from, (int64_t)prng_below(p, 600000), do_act, &acts[i]);
    }
    for (size_t i = 0; i < 6; i++) {
        size_t n = prng_below(p, NODES);
        run((int64_t)prng_below(p, 100000));
        if (prng_below(p, 2)) {
            sim_crash_at_write(seen.s, n, prng_below(p, 6) + 1, prng_below(p, 2), 20000);
        } else {
            sim_cut(seen.s, n, (n + 1) % NODES, prng_below(p, 2));
        }
    }
    run(600000);
    sim_set_trouble(seen.s, &none);
    for (size_t i = 0; i < NODES; i++) {
        for (size_t k = 0; k < NODES; k++) {
            sim_cut(seen.s, i, k, false);
        }
        sim_crash_at_write(seen.s, i, UINT64_MAX, false, 1);
    }
    run(300000);
    for (size_t i = 0; i < ACTS; i++) {
        for (size_t k = 0; acts[i].done && k < NODES; k++) {
            if (acts[i].to[k] && k != acts[i].from &&
                !was_seen(k, acts[i].from, acts[i].person, text_of(acts[i].what))) {
                sim_violated(seen.s, "I2", "%s is lost between %zu and %zu", acts[i].what,
                             acts[i].from, k);
            }
        }
    }
    for (size_t i = 0; i < NODES; i++) {
        for (size_t k = 0; k < NODES; k++) {
            assert_int_equal(i == k ? 0 : waiting(i, k), 0);
        }
        if (alarmed(i, "feed-")) {
            sim_violated(seen.s, "I2", "an alarm among honest nodes: %s", sim_alarms(seen.s, i));
        }
    }
    end();
}

static void random_schedules(void **state)
{
    (void)state;
    const char *many = getenv("FEED_SCHEDULES");
    uint64_t n = 0;
    if (!many || !text_to_u64(text_of(many), &n)) {
        n = 40;
    }
    for (uint64_t seed = 1; seed <= n; seed++) {
        random_schedule(seed);
    }
}

/* What takes something away passes all that waits for others. */
static void at_once(void **state)
{
    (void)state;
    begin(3);
    const text to[] = {sim_ods(seen.s, 1), sim_ods(seen.s, 2)};
    sim_cut(seen.s, 0, 1, true);
    sim_cut(seen.s, 0, 2, true);
    sim_task(seen.s, 0, 0, hasten, NULL);
    for (size_t i = 0; i < 3000; i++) {
        char what[32];
        (void)snprintf(what, sizeof what, "Observation/%zu", i);
        assert_int_equal(tell(0, i % 2, to, 2, text_of(what), false), 0);
    }
    assert_int_equal(tell(0, 3, to, 2, T("Consent/1"), true), 0);
    seen.slow = true; /* what waits takes two minutes */
    sim_cut(seen.s, 0, 2, false);
    run(5000);
    assert_true(was_seen(2, 0, 3, T("Consent/1")));
    assert_false(was_seen(1, 0, 3, T("Consent/1")));
    assert_in_range(waiting(0, 2), 1, 3000);
    sim_cut(seen.s, 0, 1, false);
    run(5000);
    assert_true(was_seen(1, 0, 3, T("Consent/1")));
    seen.slow = false;
    run(600000);
    assert_int_equal(waiting(0, 1), 0);
    assert_int_equal(waiting(0, 2), 0);
    seen.ends = true;
    run(10000);
    end();
}

/* The rows of a node, where something that goes at once is queued right behind a look at what
 * waits.
 */
struct meanwhile {
    const struct loc_world *world;
    size_t looks, tells;
};

static int look_and_tell(void *context, const char *kind, text prefix,
                         int (*one)(void *context, text key, text value), void *one_context,
                         struct err *e)
{
    struct meanwhile *x = context;
    const text to = sim_ods(seen.s, 1);
    int rc = x->world->each(x->world->context, kind, prefix, one, one_context, e);
    if (strcmp(kind, "out") == 0 && x->looks++ < x->tells) {
        assert_int_equal(tell(0, 3, &to, 1, T("Consent/2"), true), 0);
    }
    return rc;
}

static int through_write(void *context, const struct kept_change *changes, size_t count,
                         size_t *ret_failed, struct err *e)
{
    struct meanwhile *x = context;
    return x->world->write(x->world->context, changes, count, ret_failed, e);
}

static size_t batch_at_once(struct feed *f, struct arena *a)
{
    struct directory_ref *ref;
    const char *why;
    struct err e = {0};
    struct feed_batch b;
    const struct directory *d = trust_directory(node(0)->trust, &ref, &why);
    assert_non_null(d);
    const struct member *m = directory_member(d, sim_ods(seen.s, 1));
    assert_int_equal(feed_batch_make(f, m, FEED_AT_ONCE, NULL, a, &b, &e), 0);
    feed_batch_done(&b);
    trust_done(ref);
    return b.count;
}

/* As it stands between the answer of who has taken a row and the next look. */
static void mark_urgent(const struct loc_world *w, text last)
{
    char stream[FEED_STREAM];
    struct err e = {0};
    struct feed_row row = row_about(node(0)->feed, 3, T(""));
    feed_stream_key(sim_ods(seen.s, 1), row.person, stream);
    const struct kept_change put = {.change = KEPT_PUT,
                                    .kind = "urgent",
                                    .key = text_make(stream, sizeof stream),
                                    .value = last};
    assert_int_equal(w->write(w->context, &put, 1, NULL, &e), 0);
}

/* K2: what is queued while an earlier one is found to be done is not left to the courier, who may
 * be waiting for somebody else. */
static void at_once_while_another_ends(void **state)
{
    (void)state;
    begin(3);
    struct arena a;
    const text to = sim_ods(seen.s, 1);
    struct meanwhile x = {.world = sim_world(seen.s, 0), .tells = 1};
    const struct loc_world spied = {.context = &x, .each = look_and_tell, .write = through_write};
    struct feed looking = {.world = &spied};
    assert_int_equal(tell(0, 3, &to, 1, T("Consent/1"), true), 0);
    run(5000);
    assert_true(was_seen(1, 0, 3, T("Consent/1")));
    assert_int_equal(waiting(0, 1), 0);
    mark_urgent(x.world, T("\0\0\0\0\0\0\0\1"));
    arena_init(&a, 1 << 20);
    assert_int_equal(batch_at_once(&looking, &a), 0);
    assert_int_equal(waiting(0, 1), 1);
    assert_int_equal(batch_at_once(&looking, &a), 1);
    run(5000);
    assert_int_equal(waiting(0, 1), 0);
    mark_urgent(x.world, T("")); /* of an older version */
    x.looks = 0;
    x.tells = 0;
    assert_int_equal(batch_at_once(&looking, &a), 0);
    assert_int_equal(x.looks, 1);
    assert_int_equal(batch_at_once(&looking, &a), 0);
    assert_int_equal(x.looks, 1); /* it is looked at no more */
    arena_done(&a);
    end();
}

/* 30 days, 30,000 rows: they go in batches, and nothing is kept in memory for it. */
static void away_for_long(void **state)
{
    (void)state;
    enum { ROWS = 30000 };
    begin(4);
    const text to = sim_ods(seen.s, 1);
    struct node_state *n = node(0);
    sim_crash(seen.s, 1);
    for (size_t i = 0; i < ROWS; i++) {
        char what[32];
        struct err e = {0};
        (void)snprintf(what, sizeof what, "Observation/%zu", i);
        struct feed_row row = row_about(n->feed, i % PEOPLE, text_of(what));
        assert_int_equal(feed_send(n->feed, &to, 1, &row, NULL, 0, &e), 0);
        if (i % 3000 == 0) {
            run(3 * DAY / 100);
        }
    }
    assert_int_equal(waiting(0, 1), ROWS);
    seen.largest = 0;
    seen.requests = 0;
    sim_restart(seen.s, 1);
    run(3600000);
    assert_int_equal(waiting(0, 1), 0);
    uint64_t all = 0;
    for (size_t i = 0; i < PEOPLE; i++) {
        all += seen.effects[1][0][i];
    }
    assert_int_equal(all, ROWS);
    assert_true(was_seen(1, 0, (ROWS - 1) % PEOPLE, T("Observation/29999")));
    assert_in_range(seen.largest, FEED_BATCH / 2, FEED_BATCH);
    assert_in_range(seen.requests, 5, 100);
    end();
}

/* --- what a receiver cannot do ------------------------------------------------------------------
 */

static void no_effect(void **state)
{
    (void)state;
    begin(7);
    const text to = sim_ods(seen.s, 1);
    seen.effect_fails = ERR_BUSY; /* passes */
    assert_int_equal(tell(0, 0, &to, 1, T("Observation/1"), false), 0);
    assert_int_equal(tell(0, 0, &to, 1, T("Observation/2"), false), 0);
    run(60000);
    assert_int_equal(waiting(0, 1), 2);
    assert_false(alarmed(0, "feed-") || alarmed(1, "feed-"));
    seen.effect_fails = 0;
    run(60000);
    assert_int_equal(waiting(0, 1), 0);
    assert_int_equal(seen.effects[1][0][0], 2);
    seen.row_fails = ERR_INVALID; /* does not */
    assert_int_equal(tell(0, 0, &to, 1, T("Observation/3"), false), 0);
    run(60000);
    seen.row_fails = 0;
    assert_int_equal(waiting(0, 1), 0);
    assert_true(alarmed(0, "feed-refused X01") && alarmed(1, "feed-refused X00"));
    seen.effects[1][0][0] = 3;
    assert_int_equal(tell(0, 0, &to, 1, T("Observation/4"), false), 0);
    run(60000);
    assert_true(was_seen(1, 0, 0, T("Observation/4")));
    end();
}

/* While a locality forms, a member may not know this node yet: nobody is alarmed by that. One that
 * goes on turning it away is. */
static void turned_away(void **state)
{
    (void)state;
    begin(9);
    const text to = sim_ods(seen.s, 1);
    for (int i = 0; i < 2; i++) {
        seen.turns_away = true;
        assert_int_equal(tell(0, 0, &to, 1, i ? T("Observation/2") : T("Observation/1"), false), 0);
        run(240000);
        assert_int_equal(waiting(0, 1), 1);
        assert_false(alarmed(0, "feed-held-up"));
        seen.turns_away = false;
        run(60000);
        assert_int_equal(waiting(0, 1), 0);
    }
    seen.turns_away = true;
    assert_int_equal(tell(0, 0, &to, 1, T("Observation/3"), false), 0);
    run(400000);
    assert_true(alarmed(0, "feed-held-up X01"));
    seen.turns_away = false;
    run(60000);
    assert_int_equal(waiting(0, 1), 0);
    end();
}

/* One side comes back from an old backup: nothing is dropped without a word, and people can mend
 * it. */
static void from_a_backup(void **state)
{
    (void)state;
    struct err e = {0};
    begin(8);
    const text to = sim_ods(seen.s, 1);
    assert_int_equal(tell(0, 0, &to, 1, T("Observation/1"), false), 0);
    assert_int_equal(tell(0, 0, &to, 1, T("Observation/2"), false), 0);
    run(20000);
    sim_crash(seen.s, 0);
    sim_lose_rows(seen.s, 0, "sent");
    sim_restart(seen.s, 0);
    run(1000);
    assert_int_equal(tell(0, 0, &to, 1, T("Observation/lost?"), false), 0);
    run(60000);
    assert_int_equal(waiting(0, 1), 1);
    assert_true(alarmed(0, "feed-held-up X01"));
    assert_int_equal(feed_anew(node(1)->feed, sim_ods(seen.s, 0), &e), 0);
    seen.effects[1][0][0] = 0;
    run(60000);
    assert_true(was_seen(1, 0, 0, T("Observation/lost?")));
    /* The receiver. */
    sim_crash(seen.s, 1);
    sim_lose_rows(seen.s, 1, "in");
    sim_lose_rows(seen.s, 1, "anew");
    sim_restart(seen.s, 1);
    assert_int_equal(tell(0, 0, &to, 1, T("Observation/4"), false), 0);
    run(60000);
    assert_int_equal(waiting(0, 1), 1);
    assert_true(alarmed(1, "rows are missing"));
    assert_int_equal(feed_anew(node(1)->feed, sim_ods(seen.s, 0), &e), 0);
    run(60000);
    assert_int_equal(waiting(0, 1), 0);
    assert_true(was_seen(1, 0, 0, T("Observation/4")));
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_once),
        cmocka_unit_test(crash_at_each_write),
        cmocka_unit_test(random_schedules),
        cmocka_unit_test(at_once),
        cmocka_unit_test(at_once_while_another_ends),
        cmocka_unit_test(away_for_long),
        cmocka_unit_test(no_effect),
        cmocka_unit_test(turned_away),
        cmocka_unit_test(from_a_backup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
