/* How the directory changes (docs/locality.md, D1 to D3), the real code over the simulator. */
#include "trust_kit.h"

#include "format/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define DAY INT64_C(86400000)

/* --- D1
 * ----------------------------------------------------------------------------------------------------
 */

static void test_founded(void **state)
{
    (void)state;
    struct world w = locality_begin(1, 5, 5);
    const char *why;
    struct directory_ref *ref;
    const struct directory *d = locality_in_force(&w, 4, &ref, &why);
    assert_non_null(d);
    assert_int_equal(d->member_count, 5);
    assert_int_equal(d->number, 5);
    assert_int_equal(d->quorum, 3);
    assert_true(members_agree(w.m));
    trust_done(ref);
    locality_end(&w);
}

/* Not before the quorum has signed, and then at once. */
static void test_quorum(void **state)
{
    (void)state;
    struct world w = locality_begin(2, 5, 5);
    struct trust_change change = change_removal(&w, 4, T("closed"));
    assert_true(members_propose(w.m, 0, &change, NULL));
    locality_run(&w, 60000);
    assert_int_equal(members_waiting(w.m, 3), 1);
    assert_int_equal(members_number(w.m, 0), 5);
    assert_true(members_sign(w.m, 1, 0, NULL));
    locality_run(&w, 60000);
    assert_int_equal(members_number(w.m, 0), 5);
    assert_true(members_sign(w.m, 2, 0, NULL));
    assert_int_equal(members_number(w.m, 2), 6);
    locality_run(&w, 60000);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(members_number(w.m, i), 6);
        assert_false(members_is_member(w.m, i, 4));
    }
    assert_int_equal(members_waiting(w.m, 3), 0);
    locality_end(&w);
}

/* A new member is in no directory that it has not signed itself: with its key lost before that, the
 * quorum of the others is not enough. */
static void test_newcomer_signs(void **state)
{
    (void)state;
    struct world w = locality_begin(3, 4, 3);
    struct trust_self_config self;
    members_self(w.m, 3, &self);
    struct trust_change change = {.kind = TRUST_ADD};
    struct buf key;
    struct note_signer *signer = NULL;
    buf_init(&key, 4096);
    assert_int_equal(note_signer_make(T("kith.care/member/X03"), &key, NULL), 0);
    assert_int_equal(note_signer_read(buf_text(&key), &signer, NULL), 0);
    change.member = (struct member){.ods = self.ods,
                                    .name = self.name,
                                    .url = self.url,
                                    .log = self.log,
                                    .key = *note_signer_key(signer),
                                    .tls_count = 1};
    assert_true(members_propose(w.m, 0, &change, NULL));
    locality_run(&w, 10000);
    assert_true(members_sign(w.m, 1, 0, NULL));
    assert_true(members_sign(w.m, 2, 0, NULL));
    locality_run(&w, 60000);
    assert_int_equal(members_number(w.m, 0), 3);
    note_signer_free(signer);
    buf_done(&key);
    locality_end(&w);
}

/* An invitation is for one organisation, is not made by somebody else, and ends. */
static void test_invitations(void **state)
{
    (void)state;
    struct world w = locality_begin(4, 4, 2);
    struct arena a;
    struct err e;
    text invitation;
    struct trust_self_config self;
    arena_init(&a, 1 << 20);
    assert_int_equal(trust_invite(sim_state(w.s, 0), T("X02"), &a, &invitation, &e), 0);
    members_self(w.m, 3, &self);
    assert_int_equal(trust_join(sim_state(w.s, 3), invitation, &self, &e), ERR_FORBIDDEN);
    members_self(w.m, 2, &self);
    text wrong = arena_copy(&a, text_first(invitation, invitation.n - 4));
    assert_int_equal(trust_join(sim_state(w.s, 2), wrong, &self, &e), ERR_SYNTAX);
    assert_int_equal(trust_join(sim_state(w.s, 2), T("hello"), &self, &e), ERR_SYNTAX);
    assert_int_equal(trust_invite(sim_state(w.s, 0), T("X01"), &a, &invitation, &e), ERR_CONFLICT);
    assert_int_equal(trust_invite(sim_state(w.s, 3), T("X02"), &a, &invitation, &e), ERR_FORBIDDEN);
    assert_int_equal(trust_invite(sim_state(w.s, 0), T("X02"), &a, &invitation, &e), 0);
    for (size_t i = 0; i < 4; i++) {
        sim_crash(w.s, i); /* so that the days pass quickly */
    }
    locality_run(&w, 15 * DAY);
    for (size_t i = 0; i < 4; i++) {
        sim_restart(w.s, i);
    }
    locality_run(&w, 10000);
    assert_int_equal(trust_join(sim_state(w.s, 2), invitation, &self, &e), ERR_FORBIDDEN);
    assert_non_null(strstr(e.detail, "ended"));
    arena_done(&a);
    locality_end(&w);
}

/* --- D1a
 * ---------------------------------------------------------------------------------------------------
 */

/* Four members, two texts with two signatures each: a second round decides. */
static void test_split_votes(void **state)
{
    (void)state;
    struct world w = locality_begin(5, 4, 4);
    struct trust_change one = change_renew(), other = change_removal(&w, 3, T("other"));
    const char *why;
    for (size_t i = 0; i < 4; i++) {
        for (size_t k = 0; k < 4; k++) {
            sim_cut(w.s, i, k, true);
        }
    }
    assert_true(members_propose(w.m, 0, &one, NULL));
    assert_true(members_propose(w.m, 2, &other, NULL));
    assert_false(members_propose(w.m, 0, &other, &why));
    assert_non_null(strstr(why, "it signs one only"));
    sim_cut(w.s, 0, 1, false);
    sim_cut(w.s, 1, 0, false);
    sim_cut(w.s, 2, 3, false);
    sim_cut(w.s, 3, 2, false);
    locality_run(&w, 30000);
    assert_true(members_sign(w.m, 1, 0, NULL));
    assert_true(members_sign(w.m, 3, 0, NULL));
    for (size_t i = 0; i < 4; i++) {
        for (size_t k = 0; k < 4; k++) {
            sim_cut(w.s, i, k, false);
        }
    }
    locality_run(&w, 60000);
    assert_int_equal(members_number(w.m, 0), 4);
    assert_int_equal(members_waiting(w.m, 0), 2);
    assert_true(members_propose(w.m, 0, &other, NULL));
    locality_run(&w, 30000);
    assert_int_equal(members_waiting(w.m, 1), 1); /* what is too late is shown no longer */
    assert_true(members_settle(w.m, 600000));
    assert_int_equal(members_number(w.m, 1), 5);
    assert_true(members_agree(w.m));
    locality_end(&w);
}

static struct note_key own_key(struct trust *t)
{
    const struct note_signer *signer = NULL;
    text ods;
    struct err e;
    assert_int_equal(trust_self(t, &signer, &ods, &e), 0);
    return *note_signer_key(signer);
}

/* Two members, asked by a newcomer each at the same moment: nobody uses up rounds meanwhile, and a
 * signature at a time takes in both. An invitation is good once. */
static void test_two_newcomers(void **state)
{
    (void)state;
    struct world w = locality_begin(9, 4, 2);
    struct arena a;
    struct err e;
    text invitation;
    struct trust_self_config self;
    struct trust *t = sim_state(w.s, 0);
    arena_init(&a, 1 << 20);
    assert_int_equal(trust_invite(t, T("X02"), &a, &invitation, &e), 0);
    sim_cut(w.s, 0, 1, true);
    sim_cut(w.s, 1, 0, true);
    assert_true(members_join(w.m, 2, 0, NULL));
    assert_true(members_join(w.m, 3, 1, NULL));
    sim_cut(w.s, 0, 1, false);
    sim_cut(w.s, 1, 0, false);
    locality_run(&w, 300000);
    struct directory_ref *ref = trust_hold(t);
    uint64_t round = 0;
    assert_int_equal(trust_open_round(t, &ref->directory, &round, &e), 0);
    trust_done(ref);
    assert_in_range(round, 2, 6);
    assert_int_equal(members_waiting(w.m, 0), 1);
    for (int i = 0; i < 4; i++) {
        (void)members_sign(w.m, 0, 0, NULL);
        (void)members_sign(w.m, 1, 0, NULL);
        (void)members_sign(w.m, i < 2 ? 2 : 3, 0, NULL);
        locality_run(&w, 30000);
    }
    assert_int_equal(members_number(w.m, 0), 4);
    assert_true(members_is_member(w.m, 1, 2) && members_is_member(w.m, 1, 3));

    struct trust_change out = change_removal(&w, 2, T("closed"));
    assert_true(members_propose(w.m, 0, &out, NULL));
    assert_true(members_settle(w.m, 600000));
    assert_false(members_is_member(w.m, 0, 2));
    struct note_key old = own_key(sim_state(w.s, 2));
    members_self(w.m, 2, &self);
    assert_int_equal(trust_join(sim_state(w.s, 2), invitation, &self, &e), ERR_FORBIDDEN);

    /* Whoever was removed may have lost its keys: with another one it is taken in again, and asks
     * with that one however often. */
    bool spent = false;
    assert_int_equal(trust_tls_spent(sim_state(w.s, 2), self.tls, &spent, &e), 0);
    assert_true(spent);
    assert_true(members_join(w.m, 2, 0, NULL));
    struct note_key fresh = own_key(sim_state(w.s, 2));
    assert_memory_not_equal(fresh.key, old.key, sizeof old.key);
    assert_true(members_join(w.m, 2, 0, NULL));
    assert_memory_equal(own_key(sim_state(w.s, 2)).key, fresh.key, sizeof old.key);
    assert_true(members_settle(w.m, 600000));
    assert_true(members_is_member(w.m, 1, 2));
    assert_int_equal(trust_tls_spent(sim_state(w.s, 2), self.tls, &spent, &e), 0);
    assert_false(spent);
    arena_done(&a);
    locality_end(&w);
}

/* What is signed is what was read: no part of a text is left out of the words. */
static void test_all_in_words(void **state)
{
    (void)state;
    struct world w = locality_begin(10, 3, 3);
    struct directory_ref *ref = trust_hold(sim_state(w.s, 0));
    struct ally allies[2] = {{.name = T("Hill")}, {.name = T("Dale")}};
    struct removed gone[2] = {{.ods = T("X09"), .at_ms = 1000, .why = T("closed")},
                              {.ods = T("X08"), .at_ms = 1000, .why = T("moved")}};
    struct directory now = ref->directory, next;
    now.allies = allies;
    now.ally_count = 1;
    now.removed = gone;
    now.removed_count = 1;
    struct ally other = {.name = T("Hill"), .first = {7}};
    struct buf words;
    buf_init(&words, 1 << 16);
    struct {
        const char *expected;
        struct directory next;
    } cases[6];
    for (size_t i = 0; i < 6; i++) {
        cases[i].next = now;
    }
    cases[0].expected = "recognises the locality Hill no longer";
    cases[0].next.ally_count = 0;
    cases[1].expected = "recognises the locality Hill whose first directory has the hash BwAA";
    cases[1].next.allies = &other;
    cases[2].expected = "no longer says that X09 was removed: closed";
    cases[2].next.removed_count = 0;
    cases[3].expected = "says that X08 was removed before: moved";
    cases[3].next.removed_count = 2;
    cases[4].expected = "further changes need 3 of 3 signatures";
    cases[4].next.quorum = 3;
    cases[5].expected = "all else as it is; good until 1970-01-03";
    cases[5].next.until_ms = 2 * DAY;
    for (size_t i = 0; i < 6; i++) {
        buf_clear(&words);
        next = cases[i].next;
        trust_describe(&now, &next, &words);
        buf_addc(&words, 0);
        assert_non_null(strstr(words.p, cases[i].expected));
        assert_true(i == 5 || !strstr(words.p, "all else as it is"));
    }
    buf_done(&words);
    trust_done(ref);
    locality_end(&w);
}

/* The same text in the second round may not be signed while one of the first may still win. */
static void test_second_round_waits(void **state)
{
    (void)state;
    struct world w = locality_begin(6, 4, 4);
    struct trust_change one = change_renew(), other = change_removal(&w, 3, T("other"));
    struct trust *t = sim_state(w.s, 1);
    struct err e;
    uint64_t round = 0;
    assert_true(members_propose(w.m, 0, &one, NULL));
    assert_true(members_propose(w.m, 2, &other, NULL));
    locality_run(&w, 60000);
    struct directory_ref *ref = trust_hold(t);
    assert_int_equal(trust_open_round(t, &ref->directory, &round, &e), 0);
    assert_int_equal(round, 1);
    trust_done(ref);
    locality_end(&w);
}

/* A node that came back from a backup has no vote any more, but hears what it has signed. */
static void test_vote_lost(void **state)
{
    (void)state;
    struct world w = locality_begin(11, 4, 4);
    struct trust_change one = change_renew(), other = change_removal(&w, 3, T("other"));
    struct trust *t = sim_state(w.s, 0);
    const char *why;
    char key[16];
    struct err e;
    assert_true(members_propose(w.m, 0, &one, NULL));
    locality_run(&w, 10000);
    trust_row_key(5, 1, key);
    struct kept_change lose = {
        .change = KEPT_DELETE, .kind = "vote", .key = text_make(key, sizeof key)};
    assert_int_equal(t->world->write(t->world->context, &lose, 1, NULL, &e), 0);
    assert_false(members_propose(w.m, 0, &other, &why));
    assert_non_null(strstr(why, "it signs one only"));
    assert_true(members_sign(w.m, 0, 0, NULL)); /* the same one again is nothing new */
    locality_end(&w);
}

/* --- D2, D6
 * ------------------------------------------------------------------------------------------------
 */

static void test_missed_numbers(void **state)
{
    (void)state;
    struct world w = locality_begin(7, 4, 4);
    struct trust_change change = change_renew();
    sim_crash(w.s, 3);
    for (int i = 0; i < 12; i++) {
        assert_true(members_propose(w.m, 0, &change, NULL));
        locality_run(&w, 5000);
        assert_true(members_sign(w.m, 1, 0, NULL));
        locality_run(&w, 5000);
        assert_true(members_sign(w.m, 2, 0, NULL));
        locality_run(&w, 5000);
    }
    assert_int_equal(members_number(w.m, 0), 16);
    sim_restart(w.s, 3);
    locality_run(&w, 1000);
    assert_int_equal(members_number(w.m, 3), 16); /* its first round asks everyone */
    assert_true(members_agree(w.m));
    locality_end(&w);
}

static void test_heard(void **state)
{
    (void)state;
    struct world w = locality_begin(8, 3, 3);
    struct trust_change change = change_renew();
    struct err e;
    for (size_t i = 0; i < 2; i++) {
        sim_cut(w.s, 2, i, true);
        sim_cut(w.s, i, 2, true);
    }
    assert_true(members_propose(w.m, 0, &change, NULL));
    locality_run(&w, 10000);
    assert_true(members_sign(w.m, 1, 0, NULL));
    locality_run(&w, 10000);
    assert_int_equal(members_number(w.m, 0), 4);
    assert_int_equal(members_number(w.m, 2), 3);
    assert_int_equal(trust_heard(sim_state(w.s, 2), T("X00"), 4, &e), ERR_BUSY);
    assert_int_equal(trust_heard(sim_state(w.s, 2), T("X00"), 3, &e), 0);
    sim_cut(w.s, 2, 0, false);
    sim_cut(w.s, 0, 2, false);
    /* While one is asked what it has, nobody else waits for that. */
    struct trust *t = sim_state(w.s, 2);
    t->hearing = true;
    int64_t before = sim_now(w.s);
    assert_int_equal(trust_heard(t, T("X00"), 4, &e), ERR_BUSY);
    assert_true(sim_now(w.s) == before && t->hearing);
    t->hearing = false;
    assert_int_equal(trust_heard(t, T("X00"), 4, &e), 0);
    assert_false(t->hearing);
    assert_int_equal(members_number(w.m, 2), 4);
    locality_end(&w);
}

/* --- D3
 * ----------------------------------------------------------------------------------------------------
 */

/* X04 signs a text with X00 and X01, and another with X02 and X03, who do not see each other: both
 * count where they come first. When they meet, everyone knows who lied. */
static void test_fork_names_liars(void **state)
{
    (void)state;
    struct world w = locality_begin(9, 5, 5);
    struct arena a;
    arena_init(&a, 32 << 20);
    struct trust_change one = change_renew(), other = change_removal(&w, 1, T("false"));
    members_liar(w.m, 4);
    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 2; k < 4; k++) {
            sim_cut(w.s, i, k, true);
            sim_cut(w.s, k, i, true);
        }
        sim_cut(w.s, i, 4, true);
        sim_cut(w.s, 4, i, true);
        sim_cut(w.s, i + 2, 4, true);
        sim_cut(w.s, 4, i + 2, true);
    }
    text first = locality_forge(&w, (size_t[]){4}, 1, &one, 1, &a);
    text second = locality_forge(&w, (size_t[]){4}, 1, &other, 1, &a);
    locality_give(&w, 0, first);
    locality_give(&w, 2, second);
    locality_run(&w, 10000);
    assert_true(members_sign(w.m, 0, 0, NULL));
    assert_true(members_sign(w.m, 2, 0, NULL));
    locality_run(&w, 10000);
    assert_true(members_sign(w.m, 1, 0, NULL));
    assert_true(members_sign(w.m, 3, 0, NULL));
    locality_run(&w, 10000);
    assert_int_equal(members_number(w.m, 0), 6);
    assert_int_equal(members_number(w.m, 2), 6);
    assert_false(members_agree(w.m));
    assert_string_equal(sim_alarms(w.s, 0), "");
    locality_give(
        &w, 0,
        locality_forge(&w, (size_t[]){2, 3}, 2, &one, 1, &a)); /* of number 7: nothing here */
    for (size_t i = 0; i < 5; i++) {
        for (size_t k = 0; k < 5; k++) {
            sim_cut(w.s, i, k, false);
        }
    }
    /* Whoever has another text of the number shows it when asked for what stands behind 5. */
    struct sim_request r = {
        .method = T("GET"), .path = T("/locality/directory"), .query = T("after=5")};
    assert_int_equal(sim_ask(w.s, 2, &r, &a, NULL), 0);
    struct sim_request post = {
        .method = T("POST"), .path = T("/locality/directory"), .body = r.answer};
    assert_int_equal(sim_ask(w.s, 0, &post, &a, NULL), 0);
    const char *alarms = sim_alarms(w.s, 0);
    assert_non_null(strstr(alarms, "directory-fork X04: "));
    assert_non_null(strstr(alarms, "Signed both: X04\n"));
    size_t once = strlen(alarms);
    assert_int_equal(sim_ask(w.s, 0, &post, &a, NULL), 0);
    assert_int_equal(strlen(sim_alarms(w.s, 0)), once);
    assert_int_equal(members_number(w.m, 0), 6);
    arena_done(&a);
    locality_end(&w);
}

/* The two meet by themselves, too: nodes that have other texts of one number tell each other. */
static void test_fork_is_found(void **state)
{
    (void)state;
    struct world w = locality_begin(10, 3, 3);
    struct arena a;
    arena_init(&a, 32 << 20);
    struct trust_change one = change_renew(), other = change_removal(&w, 2, T("false"));
    members_liar(w.m, 2);
    sim_cut(w.s, 0, 1, true);
    sim_cut(w.s, 1, 0, true);
    text first = locality_forge(&w, (size_t[]){0, 2}, 2, &one, 1, &a);
    text second = locality_forge(&w, (size_t[]){1, 2}, 2, &other, 1, &a);
    sim_crash(w.s, 2);
    locality_give(&w, 0, first);
    locality_give(&w, 1, second);
    assert_int_equal(members_number(w.m, 0), 4);
    assert_int_equal(members_number(w.m, 1), 4);
    sim_cut(w.s, 0, 1, false);
    sim_cut(w.s, 1, 0, false);
    locality_run(&w, 60000);
    assert_non_null(strstr(sim_alarms(w.s, 0), "directory-fork X02"));
    assert_non_null(strstr(sim_alarms(w.s, 1), "directory-fork X02"));
    arena_done(&a);
    sim_free(w.s);
    members_free(w.m);
}

/* Who signs two texts that do not count yet is named before there is a fork, and cannot fill
 * anybody's disk: one text is kept of those that it alone has signed. */
static void test_signing_twice(void **state)
{
    (void)state;
    struct world w = locality_begin(11, 5, 5);
    struct arena a;
    arena_init(&a, 64 << 20);
    members_liar(w.m, 4);
    for (size_t i = 0; i < 4; i++) {
        sim_cut(w.s, i, 4, true);
        sim_cut(w.s, 4, i, true);
    }
    struct trust_change change = change_removal(&w, 1, T("one"));
    locality_give(&w, 0, locality_forge(&w, (size_t[]){4}, 1, &change, 1, &a));
    assert_string_equal(sim_alarms(w.s, 0), "");
    for (int i = 0; i < 20; i++) {
        change.why = arena_printf(&a, "reason %d", i);
        locality_give(&w, 0, locality_forge(&w, (size_t[]){4}, 1, &change, 1, &a));
    }
    assert_int_equal(members_waiting(w.m, 0), 1);
    const char *alarms = sim_alarms(w.s, 0);
    assert_non_null(strstr(alarms, "directory-double X04: "));
    assert_null(strchr(strchr(alarms, '\n') + 1, '\n'));
    /* With somebody honest below it, a text counts. */
    locality_give(&w, 0, locality_forge(&w, (size_t[]){4, 1}, 2, &change, 1, &a));
    assert_int_equal(members_waiting(w.m, 0), 2);
    arena_done(&a);
    sim_free(w.s);
    members_free(w.m);
}

/* What is no signature of anyone concerned is not kept. */
static void test_junk_below_a_text(void **state)
{
    (void)state;
    struct world w = locality_begin(12, 3, 3);
    struct arena a;
    arena_init(&a, 32 << 20);
    struct trust_change change = change_removal(&w, 2, T("x"));
    text note = locality_forge(&w, (size_t[]){1}, 1, &change, 1, &a);
    text junk = arena_printf(
        &a, "%.*s\xE2\x80\x94 kith.care/member/X00 %s\n\xE2\x80\x94 somebody AAAAAAAAAA==\n",
        TEXT_ARG(note),
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        "AAAAAA==");
    locality_give(&w, 0, junk);
    assert_int_equal(members_waiting(w.m, 0), 1);
    struct sim_request r = {
        .method = T("GET"), .path = T("/locality/directory"), .query = T("after=3")};
    assert_int_equal(sim_ask(w.s, 0, &r, &a, NULL), 0);
    assert_non_null(memmem(r.answer.p, r.answer.n, "member/X01 ", 11));
    assert_null(memmem(r.answer.p, r.answer.n, "somebody", 8));
    assert_null(memmem(r.answer.p, r.answer.n, "member/X00 AAAA", 15));
    arena_done(&a);
    locality_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_founded),
        cmocka_unit_test(test_quorum),
        cmocka_unit_test(test_newcomer_signs),
        cmocka_unit_test(test_invitations),
        cmocka_unit_test(test_split_votes),
        cmocka_unit_test(test_two_newcomers),
        cmocka_unit_test(test_all_in_words),
        cmocka_unit_test(test_vote_lost),
        cmocka_unit_test(test_second_round_waits),
        cmocka_unit_test(test_missed_numbers),
        cmocka_unit_test(test_heard),
        cmocka_unit_test(test_fork_names_liars),
        cmocka_unit_test(test_fork_is_found),
        cmocka_unit_test(test_signing_twice),
        cmocka_unit_test(test_junk_below_a_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
