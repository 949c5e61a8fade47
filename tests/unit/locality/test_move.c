/* Moves that wait for others, and those that have failed (docs/locality.md, M2). */
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on

#include "locality/move_int.h"
#include "members.h"
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>

enum { WAITING = 40, LEFT = 3 };

static int alarms;

static int alarm_of(void *context, const char *kind, text member, text words, struct err *e)
{
    (void)context;
    (void)e;
    assert_string_equal(kind, "move-failed");
    assert_true(text_eq(member, T("X01")));
    assert_true(memmem(words.p, words.n, "said no", 7));
    alarms++;
    return 0;
}

static int count_one(void *context, text key, text value)
{
    (void)key;
    (void)value;
    ++*(size_t *)context;
    return 0;
}

static size_t count_of(const struct loc_world *w, const char *kind)
{
    size_t count = 0;
    struct err e;
    assert_int_equal(w->each(w->context, kind, T(""), count_one, &count, &e), 0);
    return count;
}

static void put(const struct loc_world *w, const char *id, enum move_state state)
{
    struct arena a;
    struct err e;
    struct kept_change changes[2];
    arena_init(&a, 1 << 20);
    const struct move v = {.id = text_of(id),
                           .peer = T("X01"),
                           .gives = true,
                           .state = state,
                           .at_ms = SIM_BEGIN_MS,
                           .changed_ms = SIM_BEGIN_MS,
                           .why = state == MOVE_FAILED ? T("X01 says: said no") : T("")};
    assert_int_equal(move_changes(&v, &a, changes, &e), 0);
    assert_int_equal(w->write(w->context, changes, 2, NULL, &e), 0);
    arena_done(&a);
}

/* However many records wait for members that are away, others go on; and of one that has failed
 * nothing is left lying about. */
static void waiting_ones_keep_nobody_waiting(void **state)
{
    struct sim *s = NULL;
    struct moves *m = NULL;
    struct err e = {0};
    char id[PARCEL_ID_MAX + 1];
    (void)state;
    assert_int_equal(sim_new(1, 1, NULL, NULL, &s), 0);
    struct loc_world w = *sim_world(s, 0);
    w.alarm = alarm_of;
    assert_int_equal(moves_open(&w, NULL, NULL, NULL, &m, &e), 0);
    for (size_t i = 0; i < WAITING; i++) {
        (void)snprintf(id, sizeof id, "%08zx-0000-4000-8000-000000000000", i);
        put(&w, id, i % 2 ? MOVE_OFFERED : MOVE_ASKED);
    }
    (void)snprintf(id, sizeof id, "ffffffff-0000-4000-8000-000000000000");
    put(&w, id, MOVE_FAILED);
    for (size_t i = 0; i < LEFT; i++) {
        struct arena a;
        arena_init(&a, 4096);
        const struct kept_change piece =
            move_kept(KEPT_PUT, "parcel-piece", move_piece_key(text_of(id), i, &a), T("{}\n"));
        assert_int_equal(w.write(w.context, &piece, 1, NULL, &e), 0);
        arena_done(&a);
    }
    for (int round = 0; round < 4; round++) {
        int64_t again_ms = INT64_MAX;
        assert_int_equal(moves_round(m, &again_ms, &e), 0);
    }
    assert_int_equal(count_of(&w, "move-open"), WAITING);
    assert_int_equal(count_of(&w, "parcel-piece"), 0);
    assert_int_equal(count_of(&w, "move"), WAITING + 1);
    assert_int_equal(alarms, 1);
    for (int round = 0; round < 8; round++) { /* and all have their turns again and again */
        int64_t again_ms = INT64_MAX;
        assert_int_equal(moves_round(m, &again_ms, &e), 0);
    }
    assert_int_equal(alarms, 1);
    moves_close(m);
    sim_free(s);
}

/* --- what a member offers beyond all measure
 * -----------------------------------------------------
 */

struct node_state {
    struct trust *trust;
    struct feed *feed;
    struct moves *moves;
};

static int take_row(void *context, text sender, const struct feed_row *row, struct arena *a,
                    struct kept_change **ret_changes, size_t *ret_count, struct err *e)
{
    struct node_state *n = context;
    return moves_take_row(n->moves, sender, row, a, ret_changes, ret_count, e);
}

static int open_node(const struct loc_world *world, size_t node, void **ret_state, struct err *e)
{
    struct node_state *n = calloc(1, sizeof *n);
    const struct feed_take take = {.context = n, .row = take_row};
    (void)node;
    assert_non_null(n);
    int rc = trust_open(world, &n->trust, e);
    rc = rc ? rc : feed_open(world, n->trust, &take, &n->feed, e);
    rc = rc ? rc : moves_open(world, n->trust, n->feed, NULL, &n->moves, e);
    *ret_state = n;
    return rc;
}

static void close_node(void *state)
{
    struct node_state *n = state;
    moves_close(n->moves);
    feed_close(n->feed);
    trust_close(n->trust);
    free(n);
}

static int answer(void *state, struct sim_request *r, struct arena *a, struct err *e)
{
    struct node_state *n = state;
    if (text_eq(r->path, T("/locality/feed"))) {
        struct directory_ref *ref = NULL;
        const char *why;
        const struct directory *d = trust_directory(n->trust, &ref, &why);
        const struct member *m = d && r->tls ? directory_by_tls(d, r->tls) : NULL;
        int rc = m ? feed_serve(n->feed, m, r->body, a, &r->answer, e) : ERR_FORBIDDEN;
        trust_done(ref);
        r->status = 200;
        return rc;
    }
    return text_eq(r->path, T("/locality/join"))
               ? trust_serve_join(n->trust, r->body, a, &r->status, &r->answer, e)
               : trust_serve(n->trust, r->method, r->query, r->body, a, &r->status, &r->answer, e);
}

static int one_round(void *state, int64_t *ret_again_ms, struct err *e)
{
    struct node_state *n = state;
    int64_t ignored;
    *ret_again_ms = 700;
    int rc = trust_round(n->trust, e);
    int fed = feed_round(n->feed, &ignored, e);
    return rc ? rc : fed;
}

static struct trust *trust_of(void *state)
{
    return ((struct node_state *)state)->trust;
}

static size_t declined;

static void count_declined(void *context, size_t node, const struct kept_change *c)
{
    (void)context;
    declined += node == 1 && c->change != KEPT_DELETE && strcmp(c->kind, "out") == 0 &&
                memmem(c->value.p, c->value.n, "too many records", 16) != NULL;
}

static void offers_have_a_bound(void **state)
{
    enum { OFFERS = MOVE_OPEN_MOST + 20 };
    static const struct sim_program program = {
        .open = open_node, .close = close_node, .answer = answer, .round = one_round};
    struct sim *s = NULL;
    struct err e = {0};
    (void)state;
    assert_int_equal(sim_new(2, 3, NULL, &program, &s), 0);
    struct members *m = members_new(s, trust_of, NULL, NULL);
    assert_true(members_found(m, 3));
    sim_watch(s, count_declined, NULL);
    struct node_state *n = sim_state(s, 0);
    const text to = sim_ods(s, 1);
    for (size_t i = 0; i < OFFERS; i++) {
        char body[200];
        (void)snprintf(body, sizeof body,
                       "{\"id\":\"%08zx-0000-4000-8000-000000000000\",\"move\":\"offer\"}", i);
        const struct feed_row row = {.kind = FEED_MOVE, .body = text_of(body)};
        assert_int_equal(feed_send(n->feed, &to, 1, &row, NULL, 0, &e), 0);
    }
    sim_run(s, sim_now(s) + 60000);
    assert_int_equal(count_of(sim_world(s, 1), "move-open"), MOVE_OPEN_MOST);
    assert_int_equal(count_of(sim_world(s, 1), "move"), MOVE_OPEN_MOST);
    assert_int_equal(declined, OFFERS - MOVE_OPEN_MOST);
    assert_int_equal(sim_violations(s), 0);
    sim_free(s);
    members_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(waiting_ones_keep_nobody_waiting),
                                       cmocka_unit_test(offers_have_a_bound)};
    return cmocka_run_group_tests_name("locality: moves", tests, NULL, NULL);
}
