/* Who comes back, who comes in, who has no say, and two processes of one node: the real code over
 * the simulator. */
#include "trust_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* Who was away has what was decided before it asks or answers anything. */
static void test_catching_up(void **state)
{
    (void)state;
    struct world w = locality_begin(16, 5, 5);
    struct trust_change change = change_removal(&w, 4, T("x"));
    struct err e;
    for (size_t i = 0; i < 5; i++) {
        sim_cut(w.s, 3, i, true);
        sim_cut(w.s, i, 3, true);
    }
    for (int i = 0; i < 2; i++) {
        assert_true(members_propose(w.m, 0, &change, NULL));
        locality_run(&w, 10000);
        assert_true(members_sign(w.m, 1, 0, NULL));
        locality_run(&w, 10000);
        assert_true(members_sign(w.m, 2, 0, NULL));
        locality_run(&w, 10000);
        change = change_renew();
    }
    assert_int_equal(members_number(w.m, 3), 5);
    assert_int_equal(trust_catch_up(sim_state(w.s, 3), &e), 0); /* nobody can be reached */
    sim_cut(w.s, 3, 2, false);
    sim_cut(w.s, 2, 3, false);
    assert_int_equal(trust_catch_up(sim_state(w.s, 3), &e), 0);
    assert_int_equal(members_number(w.m, 3), 7);
    sim_free(w.s);
    members_free(w.m);
}

/* What nobody in force has signed makes no work: nothing is kept, and the courier is not woken. */
static void test_a_strangers_text(void **state)
{
    (void)state;
    struct world w = locality_begin(15, 3, 3);
    struct trust *t = sim_state(w.s, 0);
    struct arena a;
    arena_init(&a, 32 << 20);
    locality_run(&w, 20000);
    struct trust_change change = change_removal(&w, 2, T("x"));
    text note = locality_forge(&w, (size_t[]){1}, 1, &change, 1, &a);
    text copy = note;
    char *p = arena_alloc(&a, copy.n);
    memcpy(p, note.p, note.n);
    copy.p = p;
    for (size_t i = copy.n - 2, n = 0; n < 40; i--, n++) {
        p[i - 3] = 'A'; /* of the signature */
    }
    atomic_store(&t->news, false);
    locality_give(&w, 0, copy);
    assert_false(atomic_load(&t->news));
    assert_int_equal(members_waiting(w.m, 0), 0);
    locality_give(&w, 0, note);
    assert_true(atomic_load(&t->news));
    assert_int_equal(members_waiting(w.m, 0), 1);
    arena_done(&a);
    locality_end(&w);
}

/* --- two processes of one node
 * ---------------------------------------------------------------------------------------------------
 */

/* Another process that writes the same a moment before. */
static const struct loc_world *quicker;
static int quicker_times;

static int written_twice(void *context, const struct kept_change *changes, size_t count,
                         size_t *ret_failed, struct err *e)
{
    struct err ignored;
    if (quicker_times && strcmp(changes[0].kind, "proposal") == 0) {
        quicker_times--;
        assert_int_equal(quicker->write(context, changes, count, NULL, &ignored), 0);
    }
    return quicker->write(context, changes, count, ret_failed, e);
}

static struct trust *open_beside(struct world *w, size_t node, struct loc_world *face)
{
    struct trust *t = NULL;
    struct err e;
    quicker = sim_world(w->s, node);
    *face = *quicker;
    face->write = written_twice;
    quicker_times = 1;
    assert_int_equal(trust_open(face, &t, &e), 0);
    return t;
}

static void test_somebody_was_quicker(void **state)
{
    (void)state;
    struct world w = locality_begin(13, 3, 3);
    struct loc_world face;
    struct arena a;
    struct err e;
    text *words;
    size_t count = 0;
    struct trust_change change = change_renew();
    arena_init(&a, 16 << 20);
    struct trust *beside = open_beside(&w, 0, &face);
    assert_int_equal(trust_propose(beside, &change, &e), 0);
    assert_int_equal(quicker_times, 0);
    assert_int_equal(members_waiting(w.m, 0), 1);
    trust_close(beside);
    locality_run(&w, 20000);
    beside = open_beside(&w, 1, &face);
    assert_int_equal(trust_proposals(beside, &a, &words, &count, &e), 0);
    assert_int_equal(count, 1);
    quicker_times = 0; /* with this signature it is in force: nothing is written but that */
    assert_int_equal(trust_sign(beside, text_first(words[0], 16), &e), 0);
    trust_close(beside);
    locality_run(&w, 20000);
    assert_int_equal(members_number(w.m, 2), 4);
    arena_done(&a);
    locality_end(&w);
}

static int count_row(void *context, text key, text value)
{
    (void)key;
    (void)value;
    ++*(size_t *)context;
    return 0;
}

static size_t invitations(struct world *w, size_t node)
{
    const struct loc_world *world = sim_world(w->s, node);
    size_t count = 0;
    assert_int_equal(
        world->each(world->context, "invite", (text){0}, count_row, &count, &(struct err){0}), 0);
    return count;
}

/* Whoever joins may say so as often as they like, and an invitation is good once. */
static void test_joining_again(void **state)
{
    (void)state;
    struct world w = locality_begin(14, 3, 2);
    struct loc_world face;
    struct arena a;
    struct err e;
    text invitation, other;
    struct trust_self_config self;
    arena_init(&a, 16 << 20);
    assert_int_equal(trust_invite(sim_state(w.s, 0), T("X02"), &a, &invitation, &e), 0);
    assert_int_equal(trust_invite(sim_state(w.s, 0), T("x02"), &a, &other, &e), ERR_VALUE);
    assert_int_equal(trust_invite(sim_state(w.s, 0), T("X07"), &a, &other, &e), 0);
    members_self(w.m, 2, &self);
    struct trust *beside = open_beside(&w, 2, &face);
    assert_int_equal(trust_join(beside, invitation, &self, &e), 0);
    assert_int_equal(quicker_times, 0);
    assert_int_equal(trust_join(beside, invitation, &self, &e), 0);
    trust_close(beside);
    assert_int_equal(trust_join(sim_state(w.s, 2), invitation, &self, &e), 0);
    assert_int_equal(members_waiting(w.m, 0), 1);
    assert_int_equal(invitations(&w, 0), 2);
    assert_true(members_sign(w.m, 1, 0, NULL));
    locality_run(&w, 30000);
    assert_int_equal(members_number(w.m, 2), 3);
    assert_int_equal(trust_join(sim_state(w.s, 2), invitation, &self, &e), 0);
    self.url = T("https://elsewhere.example:1");
    assert_int_equal(trust_join(sim_state(w.s, 2), invitation, &self, &e), ERR_CONFLICT);
    assert_non_null(strstr(e.detail, "propose DIR address"));
    assert_int_equal(invitations(&w, 0), 1);
    arena_done(&a);
    locality_end(&w);
}

/* The node that serves comes in while the command is on its way with the same invitation. */
static struct {
    struct trust *serves;
    text invitation;
    struct trust_self_config self;
    int times;
} overtaking;

static void overtaken_call(void *context, struct peer_call *calls, size_t count,
                           int64_t deadline_ms, struct arena *a)
{
    struct err e;
    if (overtaking.times && text_eq(calls[0].path, T("/locality/join"))) {
        overtaking.times--;
        assert_int_equal(trust_join(overtaking.serves, overtaking.invitation, &overtaking.self, &e),
                         0);
    }
    quicker->call(context, calls, count, deadline_ms, a);
}

static void test_the_node_beside_came_in_first(void **state)
{
    (void)state;
    struct world w = locality_begin(17, 2, 1);
    struct loc_world face;
    struct arena a;
    struct err e;
    arena_init(&a, 16 << 20);
    struct trust *beside = open_beside(&w, 1, &face);
    face.call = overtaken_call;
    assert_int_equal(trust_invite(sim_state(w.s, 0), T("X01"), &a, &overtaking.invitation, &e), 0);
    members_self(w.m, 1, &overtaking.self);
    overtaking.serves = sim_state(w.s, 1);
    overtaking.times = 1;
    assert_int_equal(trust_join(beside, overtaking.invitation, &overtaking.self, &e), 0);
    assert_int_equal(overtaking.times, 0);
    assert_int_equal(invitations(&w, 0), 0); /* it was spent, and refused */
    assert_int_equal(members_number(w.m, 1), 2);
    trust_close(beside);
    arena_done(&a);
    locality_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_catching_up),
        cmocka_unit_test(test_a_strangers_text),
        cmocka_unit_test(test_somebody_was_quicker),
        cmocka_unit_test(test_joining_again),
        cmocka_unit_test(test_the_node_beside_came_in_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
