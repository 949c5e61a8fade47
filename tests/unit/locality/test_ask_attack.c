/* Attacks on asking and answering: each is refused, and seen by somebody. docs/locality.md, A2, A6,
 * J6. */
#include "kit.h"

#include "identity/jose.h"
#include "locality/ask_int.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/sha.h>

/* --- attacks ------------------------------------------------------------------------------------
 */

/* Everything of a removed member: its certificate, its member key, its statement. */
static void a_removed_members_certificate_opens_nothing(void **state)
{
    struct kit *k = *state;
    struct ask_one one;
    struct sim_request r;
    const char *why;
    kit_put_admission(k, HOSPITAL, COUNCIL);
    struct caller c = kit_caller("R8014");
    struct ask ask = kit_ask(k, &c);
    assert_int_equal(kit_run(k, COUNCIL, HOSPITAL, &ask, &one), ASK_ANSWERED);
    /* Signed before the removal, and sent afterwards. */
    sim_cut(k->s, COUNCIL, HOSPITAL, true);
    (void)kit_run(k, COUNCIL, HOSPITAL, &ask, &one);
    struct trust_change change = {
        .kind = TRUST_REMOVE, .ods = sim_ods(k->s, COUNCIL), .why = T("its keys were stolen")};
    assert_true(members_propose(k->m, GP, &change, &why));
    assert_true(members_settle(k->m, 3600000));
    assert_false(members_is_member(k->m, HOSPITAL, COUNCIL));
    sim_cut(k->s, COUNCIL, HOSPITAL, false);
    assert_int_equal(kit_send(k, HOSPITAL, sim_tls(k->s, COUNCIL), "/locality/ask", k->request, &r),
                     403);
    assert_int_equal(r.receipt.n, 0);
    assert_true(kit_has_alarm(k, HOSPITAL, "stranger"));
    assert_true(kit_has_alarm(k, HOSPITAL, "no member of this locality"));
    text named = arena_printf(&k->a, "stolen-certificate %.*s: ", TEXT_ARG(sim_ods(k->s, COUNCIL)));
    assert_true(kit_has_alarm(k, HOSPITAL, named.p));
    text line;
    uint8_t hash[32];
    assert_int_equal(kit_entries(k, HOSPITAL, "gave", &line, hash), 1);
}

static void replayed_and_altered_statements_are_refused_and_told(void **state)
{
    struct kit *k = *state;
    struct ask_one one;
    struct sim_request r;
    text line;
    uint8_t hash[32];
    kit_put_admission(k, HOSPITAL, GP);
    assert_int_equal(kit_gp_asks(k, &one), ASK_ANSWERED);
    text body = k->request;
    assert_int_equal(kit_send(k, HOSPITAL, sim_tls(k->s, GP), "/locality/ask", body, &r), 403);
    assert_int_equal(r.receipt.n, 0);
    assert_true(kit_has_alarm(k, HOSPITAL, "it has been used"));
    assert_int_equal(kit_entries(k, HOSPITAL, "refused", &line, hash), 1);
    assert_true(kit_has(line, T("\"peer\":")));
    /* By somebody else's connection. */
    assert_int_equal(kit_send(k, HOSPITAL, sim_tls(k->s, COUNCIL), "/locality/ask", body, &r), 403);
    assert_true(kit_has_alarm(k, HOSPITAL, "another connection"));
    /* To somebody else. */
    assert_int_equal(kit_send(k, PHARMACY, sim_tls(k->s, GP), "/locality/ask", body, &r), 403);
    assert_true(kit_has_alarm(k, PHARMACY, "not meant for this node"));
    /* With another request. */
    char *bytes = arena_alloc(&k->a, body.n);
    memcpy(bytes, body.p, body.n);
    char *at = memmem(bytes, body.n, "Observation?", 12);
    assert_non_null(at);
    memcpy(at, "Composition?", 12);
    assert_int_equal(
        kit_send(k, HOSPITAL, sim_tls(k->s, GP), "/locality/ask", text_make(bytes, body.n), &r),
        403);
    assert_true(kit_has_alarm(k, HOSPITAL, "another request"));
    /* Each byte of it. */
    for (size_t i = 0; i < body.n; i += 13) {
        memcpy(bytes, body.p, body.n);
        bytes[i] ^= 1;
        assert_true(kit_send(k, HOSPITAL, sim_tls(k->s, GP), "/locality/ask",
                             text_make(bytes, body.n), &r) >= 400);
    }
    assert_int_equal(kit_entries(k, HOSPITAL, "gave", &line, hash), 1);
    /* Clocks that differ are no attack. */
    sim_run(k->s, sim_now(k->s) + 200000);
    size_t before = strlen(sim_alarms(k->s, HOSPITAL));
    assert_int_equal(kit_send(k, HOSPITAL, sim_tls(k->s, GP), "/locality/ask", body, &r), 412);
    assert_int_equal(strlen(sim_alarms(k->s, HOSPITAL)), before);
}

static void the_same_alarm_is_raised_once_an_hour(void **state)
{
    struct kit *k = *state;
    struct ask_one one;
    struct sim_request r;
    kit_put_admission(k, HOSPITAL, GP);
    (void)kit_gp_asks(k, &one);
    (void)kit_send(k, HOSPITAL, sim_tls(k->s, GP), "/locality/ask", k->request, &r);
    size_t once = strlen(sim_alarms(k->s, HOSPITAL));
    for (int i = 0; i < 5; i++) {
        (void)kit_send(k, HOSPITAL, sim_tls(k->s, GP), "/locality/ask", k->request, &r);
    }
    assert_int_equal(strlen(sim_alarms(k->s, HOSPITAL)), once);
    sim_run(k->s, sim_now(k->s) + 3600000);
    (void)kit_gp_asks(k, &one);
    (void)kit_send(k, HOSPITAL, sim_tls(k->s, GP), "/locality/ask", k->request, &r);
    assert_true(strlen(sim_alarms(k->s, HOSPITAL)) > once);
}

/* The holder's answer, replaced: it is signed by the holder again, so that only J6 can find it. */
struct lying {
    text from, to;
    void (*receipt)(struct receipt *r);
    bool unsigned_;
    bool answer_only;
};
static struct lying lying;

static void lie(struct kit *k, size_t from, size_t to, struct sim_request *request, struct arena *a)
{
    const struct note_signer *signer;
    text self, rest = request->receipt, part, bytes;
    yyjson_val *claims;
    struct err e = {0};
    (void)from;
    if (to != HOSPITAL || !text_eq(request->path, T("/locality/ask")) || !request->receipt.n) {
        return;
    }
    char *at = lying.from.n
                   ? memmem(request->answer.p, request->answer.n, lying.from.p, lying.from.n)
                   : NULL;
    if (at) {
        size_t before = (size_t)(at - request->answer.p);
        const text parts[] = {text_first(request->answer, before), lying.to,
                              text_from(request->answer, before + lying.from.n)};
        request->answer = arena_join(a, parts, 3);
    }
    if (lying.answer_only) {
        return;
    }
    (void)text_cut(&rest, '.', &part);
    (void)text_cut(&rest, '.', &part);
    assert_int_equal(base64url_read(part, a, &bytes, &e), 0);
    assert_int_equal(json_read(bytes, 4, a, &claims, &e), 0);
    struct receipt r = {.holder = sim_ods(k->s, HOSPITAL),
                        .asker = sim_ods(k->s, GP),
                        .made_ms = sim_now(k->s) / 1000 * 1000,
                        .until_ms = sim_now(k->s) / 1000 * 1000 + 300000,
                        .status = request->status,
                        .patient = T("p1"),
                        .subject = kit_ana};
    text nonce, leaf;
    assert_int_equal(base64url_read(json_text(json_get(claims, T("jti"))), a, &nonce, &e), 0);
    assert_int_equal(base64url_read(json_text(json_get(claims, T("leaf"))), a, &leaf, &e), 0);
    memcpy(r.nonce, nonce.p, 16);
    memcpy(r.leaf, leaf.p, 32);
    SHA256((const unsigned char *)request->answer.p, request->answer.n, r.body);
    if (lying.receipt) {
        lying.receipt(&r);
    }
    size_t signs = lying.unsigned_ ? COUNCIL : HOSPITAL;
    assert_int_equal(trust_self(kit_node(k, signs)->trust, &signer, &self, &e), 0);
    assert_int_equal(receipt_sign(&r, signer, a, &request->receipt, &e), 0);
}

static struct kit *lying_kit(void **state, struct lying with)
{
    struct kit *k = *state;
    kit_put_admission(k, HOSPITAL, GP);
    lying = with;
    k->lie = lie;
    return k;
}

static void a_wrong_patient_in_the_answer_is_found(void **state)
{
    static const struct {
        const char *from, *to, *words;
    } rows[] = {
        {"Patient/p1", "Patient/p2", "about another person"},
        {"Patient/p1", "https://elsewhere/fhir/Patient/p1", "about another person"},
        {"\"subject\":{\"reference\":\"Patient/p1\"},", "", "does not say"},
        {"\"subject\":{\"reference\":\"Patient/p1\"}", "\"focus\":[{\"reference\":\"Patient/p2\"}]",
         "does not say"},
        {"\"resourceType\":\"Observation\"", "\"resourceType\":\"Nothing\"", "no FHIR resource"},
        {"\"resourceType\":\"Bundle\"", "\"resourceType\":\"Observation\"", "does not say"},
        {"{\"resourceType\":\"Observation\"",
         "{\"resourceType\":\"Patient\",\"id\":\"p1\",\"identifier\":[{\"system\":\"https://"
         "fhir.nhs.uk/Id/nhs-number\",\"value\":\"9434765870\"}],\"name\":[{\"family\":\"Jones\"}],"
         "\"birthDate\":\"1970-01-02\"},\"x\":{\"resourceType\":\"Observation\"",
         "another one than was asked for"},
        {"{\"resourceType\":\"Bundle\"", "{{\"resourceType\":\"Bundle\"", ""},
        {"\"entry\":[", "\"entry\":7,\"x\":[", "no FHIR Bundle"},
        {"\"subject\":{\"reference\":\"Patient/p1\"}",
         "\"subject\":{\"reference\":\"Patient/p1\"},\"contained\":[{\"resourceType\":"
         "\"Condition\",\"subject\":{\"reference\":\"Patient/p2\"}}]",
         "about another person"},
        {"\"subject\":{\"reference\":\"Patient/p1\"}",
         "\"contained\":[{\"resourceType\":\"Basic\",\"author\":{\"reference\":\"Patient/p1\"}}]",
         "does not say"},
        {"{\"resourceType\":\"Observation\"",
         "{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":{\"resourceType\":\"Condition\","
         "\"subject\":{\"reference\":\"Patient/p2\"}}}],\"x\":\"Observation\"",
         "about another person"},
    };
    struct kit *k = lying_kit(state, (struct lying){0});
    struct ask_one one;
    assert_int_equal(kit_gp_asks(k, &one), ASK_ANSWERED); /* the lie alone is not what is found */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        lying.from = text_of(rows[i].from);
        lying.to = text_of(rows[i].to);
        if (kit_gp_asks(k, &one) != ASK_BROKEN) {
            fail_msg("row %zu: %s", i, one.why ? one.why : "is answered");
        }
        assert_non_null(strstr(one.why, rows[i].words));
        assert_null(one.body.p);
        assert_null(one.tree);
        assert_true(kit_has_alarm(k, GP, rows[i].words));
    }
}

static void other_person(struct receipt *r)
{
    r->subject.birth_date = T("1971-01-02");
}
static void other_number(struct receipt *r)
{
    r->subject.nhs_number = T("9434765870");
}
static void superseded_number(struct receipt *r)
{
    r->subject.nhs_number = T("9434765870");
    r->superseded = kit_ana.nhs_number;
}
static void superseded_other(struct receipt *r)
{
    superseded_number(r);
    r->subject.family = T("Jones");
    r->subject.postcode = T("AB1 2CD");
    r->subject.given = T("Una");
}
static void no_person(struct receipt *r)
{
    r->patient = (text){0};
}
static void other_hash(struct receipt *r)
{
    r->body[0]++;
}
static void other_nonce(struct receipt *r)
{
    r->nonce[0]++;
}
static void other_asker(struct receipt *r)
{
    r->asker = T("X09");
}
static void other_status(struct receipt *r)
{
    r->status = 404;
}
static void too_long(struct receipt *r)
{
    r->until_ms += 1000;
}

static void a_forged_receipt_is_found(void **state)
{
    static const struct {
        void (*receipt)(struct receipt *r);
        bool good;
    } rows[] = {{other_person, false}, {other_number, false},     {superseded_number, true},
                {no_person, false},    {superseded_other, false}, {other_hash, false},
                {other_nonce, false},  {other_asker, false},      {other_status, false},
                {too_long, false}};
    struct kit *k = lying_kit(state, (struct lying){0});
    struct ask_one one;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        lying.receipt = rows[i].receipt;
        if (kit_gp_asks(k, &one) != (rows[i].good ? ASK_ANSWERED : ASK_BROKEN)) {
            fail_msg("row %zu: %s", i, one.why ? one.why : "is answered");
        }
    }
    lying = (struct lying){.unsigned_ = true};
    assert_int_equal(kit_gp_asks(k, &one), ASK_BROKEN);
    lying = (struct lying){.answer_only = true, .from = T("pulse"), .to = T("PULSE")};
    assert_int_equal(kit_gp_asks(k, &one), ASK_BROKEN);
    assert_true(kit_has_alarm(k, GP, "receipt X02") || kit_has_alarm(k, GP, "receipt "));
    assert_true(kit_has_alarm(k, GP, "it is of another answer"));
}

/* Huge and endless: never heard further than the cap. Slow: never longer than the deadline. */
static void make_huge(struct kit *k, size_t from, size_t to, struct sim_request *request,
                      struct arena *a)
{
    (void)k;
    (void)from;
    (void)a;
    if (to == HOSPITAL && text_eq(request->path, T("/locality/ask"))) {
        static char huge[ASK_ANSWER_MAX + 1];
        memset(huge, ' ', sizeof huge);
        request->answer = text_make(huge, sizeof huge);
    }
}

static void huge_slow_and_endless_answers_cost_no_more_than_the_caps(void **state)
{
    struct kit *k = *state;
    struct ask_one one;
    kit_put_admission(k, HOSPITAL, GP);
    k->lie = make_huge;
    assert_int_equal(kit_gp_asks(k, &one), ASK_BROKEN);
    assert_true(kit_has_alarm(k, GP, "answer "));
    k->lie = NULL;
    k->holds_ms = 60000;
    int64_t begun = sim_now(k->s);
    assert_int_equal(kit_gp_asks(k, &one), ASK_TIMED_OUT);
    assert_true(sim_now(k->s) - begun <= 1600);
    assert_int_equal(kit_gp_asks(k, &one), ASK_AWAY);
    k->holds_ms = 0;
}

/* Somebody who is there whenever it is looked, and never answers in time. */
static void a_member_that_is_late_again_and_again_is_named(void **state)
{
    struct kit *k = *state;
    struct ask_one one;
    struct err e = {0};
    kit_put_admission(k, HOSPITAL, GP);
    k->holds_ms = 3000;
    for (int i = 0; i < ASK_LATE; i++) {
        assert_false(kit_has_alarm(k, GP, "slow "));
        assert_int_equal(kit_gp_asks(k, &one), ASK_TIMED_OUT);
        assert_int_equal(ask_probe(kit_node(k, GP)->asking, &e), 0);
    }
    assert_true(kit_has_alarm(k, GP, "slow X01: "));
    k->holds_ms = 0;
}

/* A member that makes this node say something else each time does not bury what it says of others.
 */
static void alarms_about_one_member_have_a_bound(void **state)
{
    struct kit *k = *state;
    struct asking *asking = kit_node(k, HOSPITAL)->asking;
    for (int i = 0; i < 3 * ASK_ALARMS; i++) {
        ask_alarm(asking, "statement", T("X02"), arena_printf(&k->a, "words %d", i));
    }
    /* Nor does it help to make up people by the thousand. */
    sim_run(k->s, sim_now(k->s) + 1000);
    for (int i = 0; i < 2 * ASK_COUNTED_MAX; i++) {
        (void)ask_count(asking, "guess", T("X02"), arena_printf(&k->a, "account-%d", i));
    }
    ask_alarm(asking, "statement", T("X02"), T("words once more"));
    size_t lines = 0;
    for (const char *at = sim_alarms(k->s, HOSPITAL); (at = strstr(at, "words ")); at++) {
        lines++;
    }
    assert_int_equal(lines, ASK_ALARMS);
    ask_alarm(asking, "statement", T("X03"), T("of another"));
    ask_alarm(asking, "answer", T("X02"), T("of another kind"));
    assert_true(kit_has_alarm(k, HOSPITAL, "of another\n"));
    assert_true(kit_has_alarm(k, HOSPITAL, "of another kind"));
}

static void too_many_entries_are_refused(void **state)
{
    (void)state;
    struct arena a;
    struct buf out;
    struct err e = {0};
    yyjson_val *tree;
    struct receipt r = {.patient = T("p1"), .subject = kit_ana};
    const struct member holder = {.url = T("https://h")};
    arena_init(&a, 64 << 20);
    for (int over = 0; over < 2; over++) {
        buf_init(&out, ASK_ANSWER_MAX);
        buf_add(&out, T("{\"resourceType\":\"Bundle\",\"entry\":["));
        for (int i = 0; i < ASK_ENTRIES_MAX + over; i++) {
            buf_printf(&out, "%s{\"resource\":{\"resourceType\":\"Organization\"}}", i ? "," : "");
        }
        buf_add(&out, T("]}"));
        assert_int_equal(ask_check(buf_text(&out), &kit_ana, &r, &holder, &a, &tree, &e),
                         over ? ERR_TOO_LARGE : 0);
        buf_done(&out);
    }
    arena_done(&a);
}

/* A stranger to the patients asks for one after another: who is where is not found out, and it is
 * seen that somebody tries. */
static void a_location_probe_by_a_stranger_is_seen(void **state)
{
    struct kit *k = *state;
    struct ask_one one;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(kit_gp_asks(k, &one), ASK_REFUSED);
    }
    assert_false(kit_has_alarm(k, HOSPITAL, "location-probe"));
    assert_int_equal(kit_gp_asks(k, &one), ASK_REFUSED);
    assert_true(kit_has_alarm(k, HOSPITAL, "location-probe"));
    assert_true(kit_has_alarm(k, HOSPITAL, "Dr Amina Shah"));
}

/* The accounts are the asker's word. */
static void another_account_each_time_hides_nobody(void **state)
{
    struct kit *k = *state;
    struct ask_one one;
    struct caller c = kit_caller("R0260");
    c.actor.party_count = 0; /* else the person is known, whatever the account */
    for (int i = 0; i < 201; i++) {
        struct ask ask = kit_ask(k, &c);
        assert_false(kit_has_alarm(k, HOSPITAL, "location-probe"));
        c.actor.account = arena_printf(&k->a, "account-%d", i);
        assert_int_equal(kit_run(k, GP, HOSPITAL, &ask, &one), ASK_REFUSED);
    }
    assert_true(kit_has_alarm(k, HOSPITAL, "more than 200 people"));
}

static void who_shows_no_members_key_is_a_stranger(void **state)
{
    struct kit *k = *state;
    struct ask_one one;
    struct sim_request r;
    const uint8_t tls[32] = {0xEE};
    uint64_t before = sim_leaves(k->s, HOSPITAL);
    kit_put_admission(k, HOSPITAL, GP);
    sim_cut(k->s, GP, HOSPITAL, true);
    (void)kit_gp_asks(k, &one);
    assert_int_equal(kit_send(k, HOSPITAL, tls, "/locality/ask", k->request, &r), 403);
    assert_true(kit_has_alarm(k, HOSPITAL, "stranger"));
    assert_int_equal(sim_leaves(k->s, HOSPITAL), before); /* strangers fill no log */
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, kit_with_ana, kit_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_removed_members_certificate_opens_nothing),
        TEST(replayed_and_altered_statements_are_refused_and_told),
        TEST(the_same_alarm_is_raised_once_an_hour),
        TEST(a_wrong_patient_in_the_answer_is_found),
        TEST(a_forged_receipt_is_found),
        TEST(huge_slow_and_endless_answers_cost_no_more_than_the_caps),
        TEST(a_member_that_is_late_again_and_again_is_named),
        TEST(alarms_about_one_member_have_a_bound),
        cmocka_unit_test(too_many_entries_are_refused),
        TEST(a_location_probe_by_a_stranger_is_seen),
        TEST(another_account_each_time_hides_nobody),
        TEST(who_shows_no_members_key_is_a_stranger),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
