/* Witnesses: docs/locality.md, "Witnesses", and I5. */
#include "witness_world.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on
#include <stdio.h>

/* --- one witness ---------------------------------------------------------------------------------
 */

struct reply {
    int status;
    text answer;
};

static struct reply offer(struct scene *s, size_t to, text body)
{
    struct reply r = {0};
    struct err e = {0};
    int rc = witness_serve(s->node[to].witness, body, &s->arena, &r.status, &r.answer, &e);
    if (rc) {
        r.status = err_info(rc)->status;
    }
    return r;
}

/* Of a member's history, from a size that the witness is thought to know. */
static struct reply offer_size(struct scene *s, size_t to, size_t member, const struct tree *t,
                               size_t old, size_t size)
{
    struct tlog_hash proof[TLOG_PROOF_MAX];
    size_t count = old && old <= size ? tree_proof(t, old, size, proof) : 0;
    return offer(s, to, world_offer(s, old, proof, count, world_note(s, member, t, size)));
}

static bool cosigned_by(struct scene *s, const struct reply *r, size_t witness, size_t member,
                        const struct tree *t, size_t size)
{
    struct cosign_key key;
    struct err e = {0};
    text body, lines, line, rest = r->answer;
    int64_t at = 0;
    assert_int_equal(cosign_key_of(world_member_key(witness), &key, &e), 0);
    assert_true(note_split(world_note(s, member, t, size), &body, &lines));
    assert_true(text_cut(&rest, '\n', &line) && rest.p && rest.n == 0);
    return cosign_line_holds(line, body, &key, &at) && at == s->now / 1000;
}

static void answers_as_the_standard_says(void **state)
{
    struct scene *s = *state;
    struct tree t = {0}, other;
    struct tlog_hash proof[TLOG_PROOF_MAX];
    world_new(s, 3, 1);
    tree_grow(&t, &s->random, 20);
    struct reply r = offer_size(s, 1, 0, &t, 0, 7);
    assert_int_equal(r.status, 200);
    assert_true(cosigned_by(s, &r, 1, 0, &t, 7));
    r = offer_size(s, 1, 0, &t, 7, 7); /* again */
    assert_int_equal(r.status, 200);
    assert_true(cosigned_by(s, &r, 1, 0, &t, 7));
    /* Another size than the one it knows. */
    for (size_t old = 0; old < 12; old++) {
        r = offer_size(s, 1, 0, &t, old, 12);
        assert_int_equal(r.status, old == 7 ? 200 : 409);
        if (old != 7) {
            assert_true(text_eq(r.answer, old < 7 ? T("7\n") : T("12\n")));
        }
    }
    assert_int_equal(offer_size(s, 1, 0, &t, 13, 12).status, 400);
    /* A proof that is not one. */
    text note = world_note(s, 0, &t, 20);
    size_t count = tree_proof(&t, 12, 20, proof);
    assert_true(count > 1);
    assert_int_equal(offer(s, 1, world_offer(s, 12, proof, count - 1, note)).status, 422);
    proof[0].b[5] ^= 1;
    assert_int_equal(offer(s, 1, world_offer(s, 12, proof, count, note)).status, 422);
    assert_int_equal(offer(s, 2, world_offer(s, 0, proof, 1, note)).status, 422);
    proof[0].b[5] ^= 1;
    assert_int_equal(offer(s, 1, world_offer(s, 12, proof, count, note)).status, 200);
    /* Whose log it is, and who signed. */
    char *forged = arena_alloc(&s->arena, note.n);
    memcpy(forged, note.p, note.n);
    forged[note.n - 20] = forged[note.n - 20] == 'A' ? 'B' : 'A';
    assert_int_equal(offer(s, 1, world_offer(s, 20, NULL, 0, text_make(forged, note.n))).status,
                     403);
    assert_int_equal(offer(s, 0, world_offer(s, 0, NULL, 0, note)).status, 404);
    assert_int_equal(offer_size(s, 1, 5, &t, 0, 5).status, 404); /* no member here */
    /* Another root of the same size: a fork. */
    other = t;
    other.leaf[3].b[0] ^= 1;
    r = offer_size(s, 1, 0, &other, 20, 20);
    assert_int_equal(r.status, 409);
    assert_true(text_eq(r.answer, T("20\n")));
    assert_true(world_alarmed(&s->node[1], "log-fork", 0));
    world_free(s);
}

static void refuses_other_forms(void **state)
{
    struct scene *s = *state;
    struct tree t = {0};
    static const char *const heads[] = {
        "",
        "old\n\n",
        "old 00\n\n",
        "old -1\n\n",
        "old 1 \n\n",
        "old  0\n\n",
        "Old 0\n\n",
        "old 0\n",
        "old 0\nAAAA\n\n",
        "old 0\n\n\n",
        "old 18446744073709551616\n\n",
        "\n\n",
    };
    world_new(s, 3, 1);
    tree_grow(&t, &s->random, 5);
    text note = world_note(s, 0, &t, 5);
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        const text parts[] = {text_of(heads[i]), note};
        int status = offer(s, 1, arena_join(&s->arena, parts, 2)).status;
        if (status != 400) {
            fail_msg("status %d for %s", status, heads[i]);
        }
    }
    assert_int_equal(offer(s, 1, T("old 0\n\n")).status, 400);
    struct buf many;
    buf_init(&many, 1 << 20);
    buf_add(&many, T("old 0\n"));
    for (int i = 0; i < 64; i++) {
        buf_add(&many, T("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"));
    }
    buf_addc(&many, '\n');
    buf_add(&many, note);
    assert_int_equal(offer(s, 1, buf_text(&many)).status, 400);
    buf_done(&many);
    /* A log begins with nothing, of which there is one root only. */
    struct tree none = {0};
    assert_int_equal(offer_size(s, 1, 0, &none, 0, 0).status, 200);
    assert_int_equal(offer_size(s, 1, 0, &t, 0, 5).status, 200);
    world_free(s);
}

/* For each write of the witness, done or not, a crash at it: of two histories one is cosigned. */
static void a_crash_never_makes_it_cosign_a_fork(void **state)
{
    struct scene *s = *state;
    unsigned crashes = 0, kept = 0;
    for (unsigned at = 1; at <= 4; at++) {
        for (int done = 0; done < 2; done++) {
            struct tree t = {0}, other;
            world_new(s, 3, at);
            tree_grow(&t, &s->random, 10);
            other = t;
            other.leaf[8].b[0] ^= 1;
            bool begun = at % 2 == 0;
            if (begun) {
                assert_int_equal(offer_size(s, 1, 0, &t, 0, 8).status, 200);
            }
            s->node[1].crash_at = (at + 1) / 2;
            s->node[1].crash_done = done;
            struct reply r = offer_size(s, 1, 0, &t, begun ? 8 : 0, 10);
            bool crashed = !s->node[1].up;
            assert_int_equal(r.status, crashed ? 500 : 200);
            crashes += crashed;
            world_stop(s, 1);
            world_start(s, 1);
            struct reply again = offer_size(s, 1, 0, &other, begun ? 8 : 0, 10);
            /* What was told is remembered; what may have been told is, too. */
            if (r.status == 200 || done) {
                assert_int_equal(again.status, 409);
                kept++;
            } else {
                assert_int_equal(again.status, 200);
                assert_int_equal(offer_size(s, 1, 0, &t, 10, 10).status, 409);
            }
            world_free(s);
        }
    }
    assert_true(crashes >= 4 && kept >= 4);
}

/* --- rounds --------------------------------------------------------------------------------------
 */

static struct witness_lag *lags_of(struct scene *s, size_t node, size_t *ret_count)
{
    struct witness_lag *lags = NULL;
    struct err e = {0};
    assert_int_equal(witness_lags(s->node[node].witness, &s->arena, &lags, ret_count, &e), 0);
    return lags;
}

static void all_cosign_for_all(void **state)
{
    struct scene *s = *state;
    for (size_t n = 2; n <= WORLD_NODES_MAX; n++) {
        world_new(s, n, n);
        for (int round = 0; round < 3; round++) {
            for (size_t i = 0; i < n; i++) {
                tree_grow(&s->node[i].log, &s->random, 1 + prng_below(&s->random, 20));
            }
            world_rounds(s, 1);
            for (size_t i = 0; i < n; i++) {
                uint64_t size = 0;
                size_t lags = 0;
                struct witness_lag *lag = lags_of(s, i, &lags);
                assert_int_equal(world_cosigners(s, i, buf_text(&s->node[i].published), &size),
                                 n - 1);
                assert_int_equal(size, s->node[i].log.size);
                assert_int_equal(lags, n - 1);
                for (size_t k = 0; k < lags; k++) {
                    assert_int_equal(lag[k].entries, 0);
                }
            }
        }
        for (size_t i = 0; i < n; i++) {
            assert_string_equal(s->node[i].alarms, "");
        }
        world_free(s);
    }
}

static void who_is_away_is_behind_and_catches_up(void **state)
{
    struct scene *s = *state;
    uint64_t size = 0;
    size_t lags = 0;
    world_new(s, 5, 3);
    tree_grow(&s->node[0].log, &s->random, 10);
    world_rounds(s, 2);
    int64_t then = s->now - 2 * WITNESS_EVERY_MS;
    world_stop(s, 4);
    tree_grow(&s->node[0].log, &s->random, 7);
    world_rounds(s, 2);
    struct witness_lag *lag = lags_of(s, 0, &lags);
    assert_int_equal(lags, 4);
    assert_int_equal(lag[3].entries, 7);
    assert_int_equal(lag[3].since_ms, then);
    assert_int_equal(lag[2].entries, 0);
    assert_int_equal(world_cosigners(s, 0, buf_text(&s->node[0].published), &size), 3);
    assert_int_equal(size, 17);
    /* Three of four away: what has one cosignature does not take the place of what had three. */
    world_stop(s, 3);
    world_stop(s, 2);
    tree_grow(&s->node[0].log, &s->random, 1);
    world_rounds(s, 2);
    assert_int_equal(world_cosigners(s, 0, buf_text(&s->node[0].published), &size), 3);
    assert_int_equal(size, 17);
    for (size_t i = 2; i < 5; i++) {
        world_start(s, i);
    }
    world_rounds(s, 2);
    assert_int_equal(world_cosigners(s, 0, buf_text(&s->node[0].published), &size), 4);
    assert_int_equal(size, 18);
    world_free(s);
}

/* A node that has lost what it knew of the others' sizes asks once more, with what they tell. */
static void lost_rows_and_answers_heal(void **state)
{
    struct scene *s = *state;
    uint64_t size = 0;
    world_new(s, 4, 9);
    tree_grow(&s->node[0].log, &s->random, 30);
    world_rounds(s, 1);
    tree_grow(&s->node[0].log, &s->random, 30);
    s->drop = 60;
    world_rounds(s, 6);
    s->drop = 0;
    for (size_t k = 0; k < s->node[0].row_count; k++) {
        if (strcmp(s->node[0].rows[k].kind, "witness-by") == 0) {
            s->node[0].rows[k].value_n = 0;
        }
    }
    tree_grow(&s->node[0].log, &s->random, 1);
    world_rounds(s, 1);
    assert_int_equal(world_cosigners(s, 0, buf_text(&s->node[0].published), &size), 3);
    assert_int_equal(size, 61);
    assert_string_equal(s->node[0].alarms, "");
    world_free(s);
}

/* --- liars ---------------------------------------------------------------------------------------
 */

static void check_evidence(struct scene *s, size_t node)
{
    text notes[2];
    struct checkpoint c[2];
    struct err e = {0};
    const struct note_key *key = note_signer_key(world_log_key(0));
    assert_int_equal(
        witness_fork(s->node[node].witness, text_of(world_ods(0)), &s->arena, notes, &e), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(checkpoint_verify(notes[i], key, &c[i], &e), 0);
    }
    assert_true(c[0].size != c[1].size || !tlog_same(&c[0].root, &c[1].root));
}

static void two_histories_of_one_size_are_found(void **state)
{
    struct scene *s = *state;
    world_new(s, 3, 5);
    world_fork_at(s, 10, 5, 5);
    s->sees_other[2] = true;
    world_rounds(s, 3); /* shown, told to the other, and told what that has found */
    for (size_t i = 1; i < 3; i++) {
        assert_true(world_alarmed(&s->node[i], "log-fork", 0));
        check_evidence(s, i);
    }
    assert_null(strstr(s->node[1].alarms, world_ods(2)));
    world_free(s);
}

static void two_histories_of_other_sizes_are_found(void **state)
{
    struct scene *s = *state;
    for (size_t other = 1; other < 40; other += 6) {
        world_new(s, 3, 6);
        world_fork_at(s, 10, 5, other == 7 ? 6 : other);
        s->sees_other[2] = true;
        world_rounds(s, 4);
        for (size_t i = 1; i < 3; i++) {
            assert_true(world_alarmed(&s->node[i], "log-fork", 0));
            check_evidence(s, i);
        }
        world_free(s);
    }
}

/* All hear of it, also those that were shown one history only, and each once. */
static void all_are_told(void **state)
{
    struct scene *s = *state;
    world_new(s, 9, 7);
    world_fork_at(s, 20, 3, 9);
    s->sees_other[5] = true;
    world_stop(s, 8);
    world_rounds(s, 12);
    world_start(s, 8);
    world_rounds(s, 12);
    for (size_t i = 1; i < 9; i++) {
        assert_true(world_alarmed(&s->node[i], "log-fork", 0));
        const char *first = strstr(s->node[i].alarms, "log-fork");
        assert_null(strstr(first + 1, "log-fork"));
    }
    world_free(s);
}

/* Growth that two have seen at different moments is no fork. */
static void who_grows_is_no_liar(void **state)
{
    struct scene *s = *state;
    world_new(s, 5, 8);
    s->drop = 50;
    for (int i = 0; i < 30; i++) {
        tree_grow(&s->node[0].log, &s->random, 1 + prng_below(&s->random, 9));
        world_rounds(s, 1);
    }
    s->drop = 0;
    world_rounds(s, 6);
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(s->node[i].alarms, "");
    }
    world_free(s);
}

/* A log that is put back to an older state, and goes on from there. */
static void who_goes_back_is_found(void **state)
{
    struct scene *s = *state;
    world_new(s, 4, 10);
    tree_grow(&s->node[0].log, &s->random, 30);
    world_rounds(s, 2);
    s->node[0].log.size = 20;
    world_rounds(s, 2);
    assert_true(strstr(s->node[0].alarms, "own-log-behind ") != NULL);
    for (size_t i = 1; i < 4; i++) {
        /* It has not signed anything else yet, and what it has signed is not shown to be wrong. */
        assert_false(world_alarmed(&s->node[i], "log-unproved", 0));
    }
    tree_grow(&s->node[0].log, &s->random, 15);
    world_rounds(s, 3);
    assert_true(strstr(s->node[0].alarms, "own-log-fork ") != NULL);
    for (size_t i = 1; i < 4; i++) {
        assert_true(world_alarmed(&s->node[i], "log-fork", 0));
    }
    world_free(s);
}

/* Who shows two histories and then answers no questions is named all the same. */
static void who_is_silent_is_named(void **state)
{
    struct scene *s = *state;
    world_new(s, 3, 11);
    world_fork_at(s, 10, 5, 9);
    s->sees_other[2] = true;
    s->node[0].silent = s->node[3].silent = true;
    world_rounds(s, 3);
    assert_string_equal(s->node[1].alarms, "");
    s->now += 3600000;
    world_rounds(s, 3);
    for (size_t i = 1; i < 3; i++) {
        assert_true(world_alarmed(&s->node[i], "log-unproved", 0));
        assert_false(world_alarmed(&s->node[i], "log-fork", 0));
    }
    world_free(s);
}

/* Who was removed is nobody's log; a new key begins a new log; what others make up is not heard. */
static void directories_decide_whose_log_it_is(void **state)
{
    struct scene *s = *state;
    struct tree t = {0}, other = {0};
    struct err e = {0};
    world_new(s, 4, 12);
    tree_grow(&t, &s->random, 10);
    tree_grow(&other, &s->random, 10);
    assert_int_equal(offer_size(s, 1, 3, &t, 0, 10).status, 200);
    world_directory(s, 1, -1);
    assert_int_equal(offer_size(s, 1, 3, &t, 10, 10).status, 404);
    world_directory(s, 0, 3);
    assert_int_equal(offer_size(s, 1, 3, &t, 10, 10).status, 403);
    world_directory(s, 0, -1);
    assert_int_equal(offer_size(s, 1, 3, &other, 10, 10).status, 409);
    assert_true(world_alarmed(&s->node[1], "log-fork", 3));
    assert_int_equal(witness_hear(s->node[2].witness, T("B10002"), T("{\"notes\":[\"x\"]}"), &e),
                     ERR_INVALID);
    assert_int_equal(witness_hear(s->node[2].witness, T("B10002"), T("{\"notes\":0}"), &e),
                     ERR_INVALID);
    assert_int_equal(
        witness_hear(s->node[2].witness, T("B10002"), T("{\"notes\":[1,2,3,4,5,6,7,8,9]}"), &e),
        ERR_INVALID);
    world_free(s);
}

static void proves_its_own_log(void **state)
{
    struct scene *s = *state;
    struct err e = {0};
    text answer;
    int status;
    static const struct {
        const char *query;
        int status;
    } rows[] = {
        {"from=5&to=10", 200},
        {"from=0&to=10", 200},
        {"from=10&to=10", 200},
        {"from=10&to=11", 422},
        {"from=6&to=5", 400},
        {"from=5", 400},
        {"", 400},
        {"to=5&from=4", 400},
        {"from=a&to=5", 400},
        {"from=1&to=5&x", 400},
    };
    world_new(s, 3, 13);
    assert_int_equal(
        witness_prove(s->node[0].witness, T("from=1&to=2"), &s->arena, &status, &answer, &e), 0);
    assert_int_equal(status, 422);
    tree_grow(&s->node[0].log, &s->random, 10);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(witness_prove(s->node[0].witness, text_of(rows[i].query), &s->arena,
                                       &status, &answer, &e),
                         0);
        assert_int_equal(status, rows[i].status);
    }
    world_free(s);
}

static int setup(void **state)
{
    static struct scene s;
    *state = &s;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_as_the_standard_says),
        cmocka_unit_test(refuses_other_forms),
        cmocka_unit_test(a_crash_never_makes_it_cosign_a_fork),
        cmocka_unit_test(all_cosign_for_all),
        cmocka_unit_test(who_is_away_is_behind_and_catches_up),
        cmocka_unit_test(lost_rows_and_answers_heal),
        cmocka_unit_test(two_histories_of_one_size_are_found),
        cmocka_unit_test(two_histories_of_other_sizes_are_found),
        cmocka_unit_test(all_are_told),
        cmocka_unit_test(who_grows_is_no_liar),
        cmocka_unit_test(who_goes_back_is_found),
        cmocka_unit_test(who_is_silent_is_named),
        cmocka_unit_test(directories_decide_whose_log_it_is),
        cmocka_unit_test(proves_its_own_log),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
