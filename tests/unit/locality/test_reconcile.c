/* What only one side has recorded is found by the other. docs/locality.md, "Reconciler". */
#include "kit.h"

#include "locality/reconcile_int.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static int setup(void **state)
{
    struct kit *k = kit_new();
    kit_put_ana(k, HOSPITAL);
    kit_put_admission(k, HOSPITAL, GP);
    *state = k;
    return 0;
}

static int teardown(void **state)
{
    kit_free(*state);
    return 0;
}

static enum ask_outcome gp_asks(struct kit *k)
{
    struct caller c = kit_caller("R0260");
    struct ask ask = kit_ask(k, &c);
    struct ask_one one;
    return kit_run(k, GP, HOSPITAL, &ask, &one);
}

/* How many differences one finds with the other. */
static size_t compare(struct kit *k, size_t node, size_t with, struct difference *ret_first)
{
    struct difference *found = NULL;
    size_t count = 0;
    struct err e = {0};
    struct kit_node *n = kit_node(k, node);
    if (reconcile_member(&n->world, n->trust, sim_ods(k->s, with), &k->a, &found, &count, &e)) {
        fail_msg("%s", err_text(&e));
    }
    if (count && ret_first) {
        *ret_first = found[0];
    }
    return count;
}

static void later(struct kit *k, int64_t ms)
{
    sim_run(k->s, sim_now(k->s) + ms);
}

static struct exchange_rows rows_of(struct kit *k, size_t node, size_t about)
{
    struct exchange_rows rows;
    struct err e = {0};
    assert_int_equal(exchange_rows(&kit_node(k, node)->world, sim_ods(k->s, about), 0,
                                   INT64_C(4000000000000), &k->a, &rows, &e),
                     0);
    return rows;
}

/* Changes or hides what a node has recorded. */
static void rewrite(struct kit *k, size_t node, size_t about, const struct exchange_row *row,
                    bool hide)
{
    struct kept_change c;
    struct err e = {0};
    const struct loc_world *w = &kit_node(k, node)->world;
    assert_int_equal(exchange_change(sim_ods(k->s, about), row, &k->a, &c, &e), 0);
    c.change = hide ? KEPT_DELETE : KEPT_PUT;
    assert_int_equal(w->write(w->context, &c, 1, NULL, &e), 0);
}

static void nothing_is_found_where_nothing_is_wrong(void **state)
{
    struct kit *k = *state;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(gp_asks(k), ASK_ANSWERED);
        later(k, 1000);
    }
    later(k, 120000);
    assert_int_equal(rows_of(k, GP, HOSPITAL).count, 5);
    assert_int_equal(rows_of(k, HOSPITAL, GP).count, 5);
    assert_int_equal(compare(k, GP, HOSPITAL, NULL), 0);
    assert_int_equal(compare(k, HOSPITAL, GP, NULL), 0);
    assert_int_equal(compare(k, COUNCIL, GP, NULL), 0);
    assert_false(kit_has_alarm(k, GP, "exchange"));
    assert_false(kit_has_alarm(k, HOSPITAL, "exchange"));
}

/* The holder gave, and hides it. */
static void a_holders_hidden_access_is_found(void **state)
{
    struct kit *k = *state;
    struct difference d;
    assert_int_equal(gp_asks(k), ASK_ANSWERED);
    later(k, 120000);
    struct exchange_row row = rows_of(k, HOSPITAL, GP).items[0];
    rewrite(k, HOSPITAL, GP, &row, true);
    assert_int_equal(compare(k, GP, HOSPITAL, &d), 1);
    assert_memory_equal(d.nonce, row.nonce, 16);
    assert_int_equal(d.at_ms, row.at_ms);
    assert_non_null(strstr(d.words, "has no entry about it"));
    assert_true(kit_has_alarm(k, GP, "has no entry about it"));
    /* Once only, though it is looked at again. */
    size_t once = strlen(sim_alarms(k->s, GP));
    (void)compare(k, GP, HOSPITAL, NULL);
    assert_int_equal(strlen(sim_alarms(k->s, GP)), once);
    /* The holder, too: the asker says that it had an answer. */
    assert_int_equal(compare(k, HOSPITAL, GP, &d), 1);
    assert_non_null(strstr(d.words, "which has no entry"));
}

/* The asker looked, and hides it. */
static void an_askers_hidden_access_is_found(void **state)
{
    struct kit *k = *state;
    struct difference d;
    assert_int_equal(gp_asks(k), ASK_ANSWERED);
    later(k, 120000);
    rewrite(k, GP, HOSPITAL, &rows_of(k, GP, HOSPITAL).items[0], true);
    assert_int_equal(compare(k, HOSPITAL, GP, &d), 1);
    assert_true(kit_has_alarm(k, HOSPITAL, "it asked this, and has no entry about it"));
    assert_int_equal(compare(k, GP, HOSPITAL, &d), 1);
    assert_true(kit_has_alarm(k, GP, "in the name of this node"));
}

static void other_leaves_are_found(void **state)
{
    struct kit *k = *state;
    static const struct {
        size_t at, about;
        bool own;
        const char *gp, *hospital;
    } rows[] = {
        {HOSPITAL, GP, true, "another one than its receipt said", "another entry of this node"},
        {HOSPITAL, GP, false, "another entry of this node", "than its statement said"},
        {GP, HOSPITAL, true, "another entry of this node", "than its statement said"},
        {GP, HOSPITAL, false, "than its receipt said", "another entry of this node"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct difference at_gp, at_hospital;
        assert_int_equal(gp_asks(k), ASK_ANSWERED);
        struct exchange_rows all = rows_of(k, rows[i].at, rows[i].about);
        struct exchange_row *row = &all.items[all.count - 1];
        (rows[i].own ? row->own_leaf : row->their_leaf)[7] ^= 1;
        rewrite(k, rows[i].at, rows[i].about, row, false);
        later(k, 1000000);
        assert_int_equal(compare(k, GP, HOSPITAL, &at_gp), 1);
        assert_non_null(strstr(at_gp.words, rows[i].gp));
        assert_int_equal(compare(k, HOSPITAL, GP, &at_hospital), 1);
        assert_non_null(strstr(at_hospital.words, rows[i].hospital));
        later(k, 1000000);
    }
}

/* What was lost on the way is no difference; what was lost on the way back is made whole. */
static void what_was_lost_on_the_way_is_no_difference(void **state)
{
    struct kit *k = *state;
    static const uint8_t none[32];
    struct err e = {0};
    sim_cut(k->s, GP, HOSPITAL, true);
    assert_int_equal(gp_asks(k), ASK_TIMED_OUT);
    sim_cut(k->s, GP, HOSPITAL, false);
    assert_int_equal(ask_probe(kit_node(k, GP)->asking, &e), 0);
    sim_cut(k->s, HOSPITAL, GP, true);
    assert_int_equal(gp_asks(k), ASK_TIMED_OUT);
    sim_cut(k->s, HOSPITAL, GP, false);
    later(k, 120000);
    struct exchange_rows ours = rows_of(k, GP, HOSPITAL);
    assert_int_equal(ours.count, 2);
    assert_memory_equal(ours.items[0].their_leaf, none, 32);
    assert_memory_equal(ours.items[1].their_leaf, none, 32);
    assert_int_equal(compare(k, GP, HOSPITAL, NULL), 0);
    assert_int_equal(compare(k, HOSPITAL, GP, NULL), 0);
    ours = rows_of(k, GP, HOSPITAL);
    struct exchange_rows theirs = rows_of(k, HOSPITAL, GP);
    assert_int_equal(theirs.count, 1);
    assert_memory_equal(ours.items[1].their_leaf, theirs.items[0].own_leaf, 32);
    assert_memory_equal(ours.items[0].their_leaf, none, 32);
}

/* After days without each other nothing is passed over; and it goes on from where it was. */
static void days_of_separation_are_caught_up(void **state)
{
    struct kit *k = *state;
    struct difference d;
    struct difference *found;
    size_t count;
    struct err e = {0};
    struct kit_node *n = kit_node(k, GP);
    assert_int_equal(gp_asks(k), ASK_ANSWERED);
    later(k, 120000);
    assert_int_equal(compare(k, GP, HOSPITAL, NULL), 0);
    assert_int_equal(gp_asks(k), ASK_ANSWERED);
    rewrite(k, HOSPITAL, GP, &rows_of(k, HOSPITAL, GP).items[1], true);
    sim_cut(k->s, GP, HOSPITAL, true);
    kit_days(k, 10);
    assert_int_not_equal(
        reconcile_member(&n->world, n->trust, sim_ods(k->s, HOSPITAL), &k->a, &found, &count, &e),
        0);
    sim_cut(k->s, GP, HOSPITAL, false);
    assert_int_equal(compare(k, GP, HOSPITAL, &d), 1);
    later(k, 1000000);
    assert_int_equal(compare(k, GP, HOSPITAL, NULL), 0);
    /* Rows that nobody asks for any more go. */
    kit_days(k, 91);
    assert_int_equal(compare(k, GP, HOSPITAL, NULL), 0);
    assert_int_equal(rows_of(k, GP, HOSPITAL).count, 0);
}

static size_t times(const char *in, const char *what)
{
    size_t count = 0;
    for (const char *at = strstr(in, what); at; at = strstr(at + 1, what)) {
        count++;
    }
    return count;
}

/* Whoever hides much is found all the same, and fills no list. */
static void many_differences_bury_no_other_alarm(void **state)
{
    struct kit *k = *state;
    for (int i = 0; i < 30; i++) {
        assert_int_equal(gp_asks(k), ASK_ANSWERED);
    }
    later(k, 120000);
    struct exchange_rows rows = rows_of(k, HOSPITAL, GP);
    for (size_t i = 0; i < rows.count; i++) {
        rewrite(k, HOSPITAL, GP, &rows.items[i], true);
    }
    assert_int_equal(compare(k, GP, HOSPITAL, NULL), 30);
    const char *alarms = sim_alarms(k->s, GP);
    assert_int_equal(times(alarms, "has no entry about it"), 20);
    assert_int_equal(times(alarms, "more than 20 differences"), 1);
}

static void the_courier_does_it_once_an_hour(void **state)
{
    struct kit *k = *state;
    struct reconcile_turn turn = {0};
    struct err e = {0};
    struct kit_node *n = kit_node(k, GP);
    assert_int_equal(gp_asks(k), ASK_ANSWERED);
    rewrite(k, HOSPITAL, GP, &rows_of(k, HOSPITAL, GP).items[0], true);
    later(k, 120000);
    assert_int_equal(reconcile_round(&n->world, n->trust, &turn, &e), 0);
    assert_true(kit_has_alarm(k, GP, "has no entry about it"));
    assert_int_equal(gp_asks(k), ASK_ANSWERED);
    rewrite(k, HOSPITAL, GP, &rows_of(k, HOSPITAL, GP).items[0], true);
    size_t once = strlen(sim_alarms(k->s, GP));
    later(k, 600000);
    assert_int_equal(reconcile_round(&n->world, n->trust, &turn, &e), 0);
    assert_int_equal(strlen(sim_alarms(k->s, GP)), once);
    later(k, 3600000);
    assert_int_equal(reconcile_round(&n->world, n->trust, &turn, &e), 0);
    assert_true(strlen(sim_alarms(k->s, GP)) > once);
}

/* However many hang, the round ends soon, and comes again in a minute. */
static void those_that_hang_keep_it_no_longer_than_one(void **state)
{
    struct kit *k = *state;
    struct reconcile_turn turn = {0};
    struct err e = {0};
    struct kit_node *n = kit_node(k, GP);
    kit_days(k, 1);
    k->holds_ms = 60000;
    int64_t begun = sim_now(k->s);
    assert_int_equal(reconcile_round(&n->world, n->trust, &turn, &e), 0);
    assert_in_range(sim_now(k->s) - begun, 5000, 9999);
    begun = sim_now(k->s);
    assert_int_equal(reconcile_round(&n->world, n->trust, &turn, &e), 0);
    assert_true(sim_now(k->s) == begun);
    k->holds_ms = 0;
    later(k, 61000);
    assert_int_equal(reconcile_round(&n->world, n->trust, &turn, &e), 0);
    assert_true(turn.next > NODES); /* all the others had their turn */
}

/* --- what others send ---------------------------------------------------------------------------
 */

static void only_ones_own_rows_are_told(void **state)
{
    struct kit *k = *state;
    struct sim_request r;
    assert_int_equal(gp_asks(k), ASK_ANSWERED);
    text all = T("{\"from\":0,\"until\":4000000000000}");
    assert_int_equal(kit_send(k, HOSPITAL, sim_tls(k->s, GP), "/locality/exchanges", all, &r), 200);
    assert_non_null(memmem(r.answer.p, r.answer.n, "nonce", 5));
    assert_int_equal(kit_send(k, HOSPITAL, sim_tls(k->s, COUNCIL), "/locality/exchanges", all, &r),
                     200);
    assert_true(text_eq(r.answer, T("{\"rows\":[],\"until\":4000000000000}")));
    static const char *const bad[] = {"",
                                      "[]",
                                      "{}",
                                      "{\"from\":0}",
                                      "{\"from\":5,\"until\":4}",
                                      "{\"from\":-1,\"until\":4}",
                                      "{\"from\":0,\"until\":99999999999999999999}",
                                      "{\"from\":0,\"until\":9223372036854775807}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(
            kit_send(k, HOSPITAL, sim_tls(k->s, GP), "/locality/exchanges", text_of(bad[i]), &r),
            400);
    }
}

static void lists_that_are_not_of_the_form_are_refused(void **state)
{
    (void)state;
    static const char row[] =
        "{\"rows\":[{\"nonce\":\"AAAAAAAAAAAAAAAAAAAAAA\",\"at\":5,\"asker\":true,\"own\":"
        "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"their\":"
        "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"status\":200}],\"until\":10}";
    static const struct {
        const char *from, *to;
    } rows[] = {
        {"\"at\":5", "\"at\":10"},
        {"\"at\":5", "\"at\":0"},
        {"\"at\":5", "\"at\":\"x\""},
        {"\"until\":10", "\"until\":11"},
        {"\"until\":10", "\"until\":1"},
        {"\"until\":10", "\"until\":null"},
        {"\"rows\":[", "\"rows\":[1,"},
        {"\"rows\"", "\"lines\""},
        {"\"nonce\":\"", "\"nonce\":\"AAAA"},
        {"\"own\":\"A", "\"own\":\""},
        {"\"their\":\"", "\"their\":5,\"x\":\""},
        {"200", "600"},
    };
    struct arena a;
    struct exchange_rows ret;
    struct err e = {0};
    arena_init(&a, 1 << 20);
    assert_int_equal(exchange_rows_read(text_of(row), 1, 10, &a, &ret, &e), 0);
    assert_int_equal(ret.count, 1);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *at = strstr(row, rows[i].from);
        assert_non_null(at);
        text made = arena_printf(&a, "%.*s%s%s", (int)(at - row), row, rows[i].to,
                                 at + strlen(rows[i].from));
        if (exchange_rows_read(made, 1, 10, &a, &ret, &e) != ERR_SYNTAX) {
            fail_msg("row %zu is read", i);
        }
    }
    arena_done(&a);
}

/* More than one answer has: page after page, each second whole. */
static void many_rows_come_page_by_page(void **state)
{
    struct kit *k = *state;
    enum { ROWS = EXCHANGES_MAX + 700 };
    struct difference *found;
    size_t count;
    struct err e = {0};
    int64_t begun = sim_now(k->s) / 1000 * 1000;
    for (int i = 0; i < ROWS; i++) {
        struct exchange_row row = {.at_ms = begun + i / 50 * 1000, .status = 200};
        memcpy(row.nonce, &i, sizeof i);
        row.nonce[15] = 1;
        row.is_asker = true;
        rewrite(k, GP, HOSPITAL, &row, false);
        row.is_asker = false;
        if (i != ROWS - 1) {
            rewrite(k, HOSPITAL, GP, &row, false);
        }
    }
    later(k, 600000);
    struct kit_node *n = kit_node(k, GP);
    assert_int_equal(
        reconcile_member(&n->world, n->trust, sim_ods(k->s, HOSPITAL), &k->a, &found, &count, &e),
        0);
    assert_int_equal(count, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_found_where_nothing_is_wrong),
        TEST(a_holders_hidden_access_is_found),
        TEST(an_askers_hidden_access_is_found),
        TEST(other_leaves_are_found),
        TEST(what_was_lost_on_the_way_is_no_difference),
        TEST(days_of_separation_are_caught_up),
        TEST(many_differences_bury_no_other_alarm),
        TEST(those_that_hang_keep_it_no_longer_than_one),
        TEST(the_courier_does_it_once_an_hour),
        TEST(only_ones_own_rows_are_told),
        cmocka_unit_test(lists_that_are_not_of_the_form_are_refused),
        TEST(many_rows_come_page_by_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
