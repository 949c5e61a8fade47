/* Asking members and answering them, A1 to A6, J5, J6; and attacks on it, each with its alarm. */
#include "kit.h"

#include "identity/jose.h"
#include "locality/ask_int.h"
#include "locality/feed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/sha.h>

/* --- A1, A5, A6 ---------------------------------------------------------------------------------
 */

static void an_answer_is_in_both_logs(void **state)
{
    struct kit *k = *state;
    struct ask_one one;
    text asked, gave, answered;
    uint8_t asked_hash[32], gave_hash[32], answered_hash[32];
    kit_put_admission(k, HOSPITAL, GP);
    assert_int_equal(kit_gp_asks(k, &one), ASK_ANSWERED);
    assert_null(one.why);
    assert_non_null(one.tree);
    assert_true(kit_has(one.body, T("\"o1\"")) && kit_has(one.body, T("Patient/p1")));
    assert_int_equal(kit_entries(k, GP, "asked", &asked, asked_hash), 1);
    assert_int_equal(kit_entries(k, HOSPITAL, "gave", &gave, gave_hash), 1);
    assert_int_equal(kit_entries(k, GP, "answered", &answered, answered_hash), 1);
    assert_memory_equal(one.receipt.leaf, gave_hash, 32);
    assert_true(kit_has(gave, ask_base64(asked_hash, 32, &k->a)));
    assert_true(kit_has(answered, ask_base64(gave_hash, 32, &k->a)));
    assert_true(kit_has(gave, T("\"relation\":\"treats the patient")) &&
                kit_has(gave, T("Dr Amina Shah")) && kit_has(gave, T("\"patient\":\"p1\"")) &&
                kit_has(gave, T("\"role\":\"R0260\"")));
    assert_true(kit_has(asked, T("\"patient\":\"own\"")));
    /* The account is not told; the role is by its name here, not the asker's words. */
    assert_false(kit_has(gave, T("account-1")));
    assert_int_equal(one.receipt.until_ms - one.receipt.made_ms, 300000);
    assert_true(text_eq(one.receipt.patient, T("p1")));
}

/* Nothing leaves, and nothing is shown, that no log has. */
static void without_the_log_nothing_goes(void **state)
{
    struct kit *k = *state;
    struct caller c = kit_caller("R0260");
    struct ask ask = kit_ask(k, &c);
    struct ask_one one = {.ods = sim_ods(k->s, HOSPITAL)};
    struct err e = {0};
    struct sim_request r;
    kit_put_admission(k, HOSPITAL, GP);
    k->log_fails = true;
    assert_int_equal(ask_members(kit_node(k, GP)->asking, &ask, &one, 1, &k->a, &e), ERR_IO);
    assert_int_equal(k->request.n, 0);
    k->log_fails = false;
    sim_cut(k->s, GP, HOSPITAL, true);
    (void)kit_gp_asks(k, &one);
    assert_int_equal(k->request.n, 0);
    sim_cut(k->s, GP, HOSPITAL, false);
    assert_int_equal(ask_probe(kit_node(k, GP)->asking, &e), 0);
    sim_cut(k->s, HOSPITAL, GP, true); /* it is asked, but its answer is lost */
    (void)kit_gp_asks(k, &one);
    k->log_fails = true;
    text body = k->request;
    assert_true(body.n != 0);
    /* The same statement again does not count; but nor would a good one be answered. */
    assert_true(kit_send(k, HOSPITAL, sim_tls(k->s, GP), "/locality/ask", body, &r) >= 400);
    assert_int_equal(r.receipt.n, 0);
    k->log_fails = false;
}

/* --- A3, A4 -------------------------------------------------------------------------------------
 */

/* About her, without her number and what was asked for. */
static void task_of_ana(void *context, text id, text json)
{
    (void)context;
    assert_true(text_starts(id, T("conflict-")));
    assert_true(kit_has(json, T("\"code\":\"identity-conflict\"")) &&
                kit_has(json, T("\"reference\":\"Patient/p1\"")) &&
                kit_has(json, T("birth dates")) && kit_has(json, T("\"versionId\":\"1\"")));
    assert_false(kit_has(json, T("9434765919")) || kit_has(json, T("1970-02-01")));
}

static void who_is_not_here_and_who_may_not_be_seen_look_alike(void **state)
{
    struct kit *k = *state;
    struct ask_one one;
    struct caller c = kit_caller("R0260");
    struct ask ask = kit_ask(k, &c);
    text line;
    uint8_t hash[32], nothing[32];
    /* Nobody's relationship. */
    assert_int_equal(kit_gp_asks(k, &one), ASK_REFUSED);
    assert_int_equal(one.receipt.status, 404);
    memcpy(nothing, one.receipt.body, 32);
    assert_int_equal(one.receipt.patient.n, 0);
    assert_int_equal(kit_entries(k, HOSPITAL, "refused", &line, hash), 1);
    assert_true(kit_has(line, T("\"patient\":\"p1\""))); /* Ana sees who tried */
    /* The patient does not share it with the practice. */
    kit_put_admission(k, HOSPITAL, GP);
    kit_put_consent(k, HOSPITAL, "sharing", GP);
    assert_int_equal(kit_gp_asks(k, &one), ASK_REFUSED);
    assert_memory_equal(one.receipt.body, nothing, 32);
    /* Somebody who is not here. */
    ask.subject.nhs_number = T("9434765870");
    assert_int_equal(kit_run(k, GP, HOSPITAL, &ask, &one), ASK_REFUSED);
    assert_memory_equal(one.receipt.body, nothing, 32);
    assert_false(kit_has_alarm(k, HOSPITAL, "identity-conflict"));
    /* Somebody with this number, but of another birth date: people have to look. */
    ask.subject = kit_ana;
    ask.subject.birth_date = T("1970-02-01");
    assert_int_equal(kit_run(k, GP, HOSPITAL, &ask, &one), ASK_REFUSED);
    assert_memory_equal(one.receipt.body, nothing, 32);
    assert_true(kit_has_alarm(k, HOSPITAL, "identity-conflict"));
    assert_false(kit_has_alarm(k, HOSPITAL, "9434765919"));
    assert_int_equal(sim_count(k->s, HOSPITAL, T("Task")), 1);
    sim_each(k->s, HOSPITAL, T("Task"), task_of_ana, NULL);
    assert_int_equal(kit_run(k, GP, HOSPITAL, &ask, &one), ASK_REFUSED);
    assert_int_equal(sim_count(k->s, HOSPITAL, T("Task")), 1); /* of one member, one, as it was */
    sim_each(k->s, HOSPITAL, T("Task"), task_of_ana, NULL);
    assert_int_equal(kit_entries(k, HOSPITAL, "gave", &line, hash), 0);
}

static void a_member_claims_only_what_its_kind_may(void **state)
{
    struct kit *k = *state;
    static const struct {
        size_t from;
        const char *role;
        enum purpose purpose;
        enum ask_outcome outcome;
    } rows[] = {
        {GP, "R0260", PURPOSE_TREAT, ASK_ANSWERED},
        {GP, "R0001", PURPOSE_TREAT, ASK_REFUSED}, /* privacy officers look at home */
        {GP, "K1004", PURPOSE_TREAT, ASK_REFUSED},
        {GP, "R1860", PURPOSE_TREAT, ASK_REFUSED},
        {GP, "R9999", PURPOSE_TREAT, ASK_REFUSED},
        {GP, "R0260", PURPOSE_RESEARCH, ASK_REFUSED},
        {GP, "R0260", PURPOSE_PATIENT, ASK_REFUSED}, /* a patient has no role */
        {COUNCIL, "R8014", PURPOSE_TREAT, ASK_ANSWERED},
        {COUNCIL, "R0260", PURPOSE_TREAT, ASK_REFUSED},
        {PHARMACY, "R8000", PURPOSE_TREAT, ASK_REFUSED},
        {PLATFORM, "R0260", PURPOSE_TREAT, ASK_REFUSED},
        {PLATFORM, "", PURPOSE_TREAT, ASK_REFUSED},
    };
    for (size_t i = 0; i < NODES; i++) {
        kit_put_admission(k, HOSPITAL, i);
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct caller c = kit_caller(rows[i].role);
        struct ask ask = kit_ask(k, &c);
        struct ask_one one;
        c.actor.purpose = rows[i].purpose;
        if (kit_run(k, rows[i].from, HOSPITAL, &ask, &one) != rows[i].outcome) {
            fail_msg("%zu as %s: %s", rows[i].from, rows[i].role, one.why ? one.why : "answered");
        }
    }
}

/* A relationship that has begun at the asker, and of which the record here does not know yet. */
static void the_askers_word_counts_for_its_kind_and_is_marked(void **state)
{
    struct kit *k = *state;
    static const struct {
        size_t from;
        const char *role;
        enum relationship relation;
        enum ask_outcome outcome;
    } rows[] = {
        {GP, "R0260", RELATION_NONE, ASK_REFUSED},
        {GP, "R0260", RELATION_REGISTRATION, ASK_ANSWERED},
        {GP, "R0260", RELATION_ADMISSION, ASK_REFUSED},
        {GP, "R0260", RELATION_GRANT, ASK_REFUSED},
        {GP, "R0260", RELATION_OVERRIDE, ASK_REFUSED},
        {GP, "R0260", RELATION_DUTY, ASK_REFUSED},
        {PHARMACY, "R1290", RELATION_REGISTRATION, ASK_REFUSED},
        {COUNCIL, "R8014", RELATION_REFERRAL, ASK_ANSWERED},
        {COUNCIL, "R8014", RELATION_ADMISSION, ASK_REFUSED},
    };
    text line;
    uint8_t hash[32];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct caller c = kit_caller(rows[i].role);
        struct ask ask = kit_ask(k, &c);
        struct ask_one one;
        ask.relation = text_of(relationship_words(rows[i].relation));
        if (kit_run(k, rows[i].from, HOSPITAL, &ask, &one) != rows[i].outcome) {
            fail_msg("row %zu: %s", i, one.why ? one.why : "answered");
        }
    }
    assert_int_equal(kit_entries(k, HOSPITAL, "gave", &line, hash), 2);
    text word =
        arena_printf(&k->a, "\"relation\":\"%s, as %.*s says\"",
                     relationship_words(RELATION_REFERRAL), TEXT_ARG(sim_ods(k->s, COUNCIL)));
    assert_true(kit_has(line, word));
    /* The patient's refusal counts all the same. */
    struct caller c = kit_caller("R0260");
    struct ask ask = kit_ask(k, &c);
    struct ask_one one;
    ask.relation = text_of(relationship_words(RELATION_REGISTRATION));
    kit_put_consent(k, HOSPITAL, "sharing", GP);
    assert_int_equal(kit_run(k, GP, HOSPITAL, &ask, &one), ASK_REFUSED);
}

static void a_patient_asks_by_the_home_that_they_chose(void **state)
{
    struct kit *k = *state;
    struct caller c = kit_patient();
    struct ask ask = kit_ask(k, &c);
    struct ask_one one;
    assert_int_equal(kit_run(k, PLATFORM, HOSPITAL, &ask, &one), ASK_REFUSED);
    assert_int_equal(one.receipt.status, 404);
    kit_put_admission(k, HOSPITAL, PLATFORM); /* a relationship is no choice of the patient's */
    assert_int_equal(kit_run(k, PLATFORM, HOSPITAL, &ask, &one), ASK_REFUSED);
    kit_put_consent(k, HOSPITAL, "home", COUNCIL);
    assert_int_equal(kit_run(k, PLATFORM, HOSPITAL, &ask, &one), ASK_REFUSED);
    kit_put_consent(k, HOSPITAL, "home", PLATFORM);
    assert_int_equal(kit_run(k, PLATFORM, HOSPITAL, &ask, &one), ASK_ANSWERED);
    /* Who acts for them is not them: what that one may see is known at the asker alone. */
    struct ask by_proxy = ask;
    by_proxy.relation = text_of(relationship_words(RELATION_PROXY));
    assert_int_equal(kit_run(k, PLATFORM, HOSPITAL, &by_proxy, &one), ASK_REFUSED);
    assert_int_equal(one.receipt.status, 404);
    /* Their practice is their home by registration; others are not. */
    assert_int_equal(kit_run(k, GP, HOSPITAL, &ask, &one), ASK_REFUSED);
    kit_put_admission(k, HOSPITAL, GP);
    assert_int_equal(kit_run(k, GP, HOSPITAL, &ask, &one), ASK_REFUSED);
    sim_put(k->s, HOSPITAL, T("Patient"), T("p1"),
            arena_printf(&k->a,
                         "{\"resourceType\":\"Patient\",\"identifier\":[{\"system\":"
                         "\"https://fhir.nhs.uk/Id/nhs-number\",\"value\":\"9434765919\"}],"
                         "\"name\":[{\"family\":\"Smith\",\"given\":[\"Ana\"]}],\"birthDate\":"
                         "\"1970-01-02\",\"generalPractitioner\":[{\"reference\":"
                         "\"Organization/org-%.*s\"}]}",
                         TEXT_ARG(sim_ods(k->s, GP))));
    assert_int_equal(kit_run(k, GP, HOSPITAL, &ask, &one), ASK_ANSWERED);
}

static void an_emergency_is_opened_by_the_holders_own_rules(void **state)
{
    struct kit *k = *state;
    struct caller c = kit_caller("R0260");
    struct ask ask = kit_ask(k, &c);
    struct ask_one one;
    text line;
    uint8_t hash[32];
    ask.reason = T("emergency: found unconscious");
    assert_int_equal(kit_run(k, GP, HOSPITAL, &ask, &one), ASK_REFUSED); /* not for TREAT */
    c.actor.purpose = PURPOSE_EMERGENCY;
    ask.reason = T("because: I want to");
    assert_int_equal(kit_run(k, GP, HOSPITAL, &ask, &one), ASK_REFUSED);
    assert_int_equal(one.receipt.status, 403);
    ask.reason = T("emergency: found unconscious");
    c.actor.role = T("R8009"); /* a receptionist opens nothing */
    assert_int_equal(kit_run(k, GP, HOSPITAL, &ask, &one), ASK_REFUSED);
    assert_int_equal(k->opened, 0);
    c.actor.role = T("R0260");
    assert_int_equal(kit_run(k, GP, HOSPITAL, &ask, &one), ASK_ANSWERED);
    assert_int_equal(k->opened, 1);
    assert_int_equal(kit_run(k, GP, HOSPITAL, &ask, &one), ASK_ANSWERED);
    assert_int_equal(k->opened, 1); /* it lasts; nobody is told twice */
    assert_int_equal(kit_entries(k, HOSPITAL, "gave", &line, hash), 2);
    assert_true(kit_has(line, T("\"reason\":\"emergency\"")) && !kit_has(line, T("unconscious")));
    assert_int_equal(sim_count(k->s, HOSPITAL, T("Practitioner")), 1);
}

/* --- what may be asked --------------------------------------------------------------------------
 */

static void only_one_patient_is_asked_about(void **state)
{
    (void)state;
    static const char *const good[] = {
        "Observation?patient={patient}",
        "Observation?patient=Patient/{patient}&_count=5&_sort=-date",
        "Condition?subject={patient}&_include=Condition:encounter",
        "Patient/{patient}",
        "Patient/{patient}?_elements=name",
        "Patient/{patient}/$everything?_count=10",
        "Patient/{patient}/$summary",
        "Patient?_id={patient}&_revinclude=Observation:subject",
        "DocumentReference/5",
    };
    static const char *const bad[] = {
        "",
        "Observation",
        "Observation?",
        "Observation?code=5",
        "Observation?patient=p1",
        "Observation?patient={patient}&patient=p2",
        "Observation?patient={patient},p2",
        "Observation?patient={patient}&subject={patient}",
        "Observation?pa%74ient=p2&patient={patient}",
        "Observation?patient={patient}&_joined=true",
        "Observation?patient:not={patient}",
        "Observation/5/_history",
        "Observation/5/$seal",
        "Observation/../Patient/5",
        "Patient",
        "Patient?patient={patient}",
        "Patient/5",
        "Patient/{patient}/$joined",
        "Patient/{patient}/$open",
        "Patient/{patient}/Observation",
        "/Patient/{patient}",
        "http://elsewhere/Patient/{patient}",
        "Nothing?patient={patient}",
        "metadata",
        "$export",
        "Observation?patient={patient} ",
        "Observation?patient={patient}\r\nHost:x",
        "Observation?patient={patient}#x",
    };
    struct err e = {0};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        if (ask_path_allowed(text_of(good[i]), &e)) {
            fail_msg("%s: %s", good[i], err_text(&e));
        }
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (ask_path_allowed(text_of(bad[i]), &e) != ERR_FORBIDDEN) {
            fail_msg("%s may be asked", bad[i]);
        }
    }
    struct arena a;
    arena_init(&a, 1 << 20);
    assert_true(text_eq(ask_path_with(T("Observation?patient={patient}&x={"), T("p-1"), &a),
                        T("Observation?patient=p-1&x={")));
    assert_true(text_eq(ask_path_with(T("{patient}{patient}"), T("p"), &a), T("pp")));
    arena_done(&a);
}

/* What the asker's own code would not send: the holder looks for itself. */
static void the_holder_looks_at_the_path_itself(void **state)
{
    struct kit *k = *state;
    struct ask_one one;
    struct err e = {0};
    static const char *const paths[] = {"Observation?patient=p2", "Patient/{patient}/$open"};
    kit_put_admission(k, HOSPITAL, GP);
    assert_int_equal(kit_gp_asks(k, &one), ASK_ANSWERED);
    const struct note_signer *signer;
    text self, jws;
    assert_int_equal(trust_self(kit_node(k, GP)->trust, &signer, &self, &e), 0);
    for (size_t i = 0; i < 2; i++) {
        text request = arena_printf(&k->a, "{\"method\":\"GET\",\"path\":\"%s\"}", paths[i]);
        struct statement s = {.asker = self,
                              .holder = sim_ods(k->s, HOSPITAL),
                              .made_ms = sim_now(k->s) / 1000 * 1000,
                              .ends_ms = sim_now(k->s) / 1000 * 1000 + 60000,
                              .nonce = {(uint8_t)(i + 1)},
                              .locality = T("Riverside"),
                              .number = 1,
                              .account = T("x"),
                              .name = T("x"),
                              .role = T("R0260"),
                              .purpose = PURPOSE_TREAT,
                              .subject = kit_ana};
        struct sim_request r;
        SHA256((const unsigned char *)request.p, request.n, s.request);
        memcpy(s.tls, sim_tls(k->s, GP), 32);
        assert_int_equal(statement_sign(&s, signer, &k->a, &jws, &e), 0);
        assert_int_equal(kit_send(k, HOSPITAL, sim_tls(k->s, GP), "/locality/ask",
                                  ask_body_print(jws, request, &k->a), &r),
                         403);
        assert_true(r.receipt.n != 0); /* A6 */
    }
}

/* --- J5 -----------------------------------------------------------------------------------------
 */

static void who_is_away_is_not_waited_for_again(void **state)
{
    struct kit *k = *state;
    struct ask_one one;
    struct err e = {0};
    text *away;
    kit_put_admission(k, HOSPITAL, GP);
    sim_crash(k->s, HOSPITAL);
    int64_t begun = sim_now(k->s);
    assert_int_equal(kit_gp_asks(k, &one), ASK_TIMED_OUT);
    assert_true(sim_now(k->s) - begun <= 1600);
    begun = sim_now(k->s);
    assert_int_equal(kit_gp_asks(k, &one), ASK_AWAY);
    assert_int_equal(sim_now(k->s), begun);
    assert_int_equal(ask_away(kit_node(k, GP)->asking, &k->a, &away), 1);
    assert_true(text_eq(away[0], sim_ods(k->s, HOSPITAL)));
    assert_int_equal(ask_probe(kit_node(k, GP)->asking, &e), 0);
    assert_int_equal(kit_gp_asks(k, &one), ASK_AWAY);
    sim_restart(k->s, HOSPITAL);
    sim_run(k->s, sim_now(k->s) + 2000);
    assert_int_equal(ask_probe(kit_node(k, GP)->asking, &e), 0);
    assert_int_equal(kit_gp_asks(k, &one), ASK_ANSWERED);
    assert_int_equal(ask_away(kit_node(k, GP)->asking, &k->a, &away), 0);
}

/* One that is slow costs no more than the deadline, and the others answer. */
static void all_are_asked_at_once(void **state)
{
    struct kit *k = *state;
    struct caller c = kit_caller("R0260");
    struct ask ask = kit_ask(k, &c);
    struct ask_one ones[4];
    struct err e = {0};
    for (size_t i = 0; i < 4; i++) {
        ones[i] = (struct ask_one){.ods = sim_ods(k->s, i + 1)};
        kit_put_ana(k, i + 1);
        kit_put_admission(k, i + 1, GP);
    }
    sim_cut(k->s, COUNCIL, GP, true);
    assert_int_equal(ask_members(kit_node(k, GP)->asking, &ask, ones, 4, &k->a, &e), 0);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(ones[i].outcome, i + 1 == COUNCIL ? ASK_TIMED_OUT : ASK_ANSWERED);
    }
    assert_true(sim_now(k->s) <= ask.deadline_ms + 100);
    struct ask_one odd[2] = {{.ods = sim_ods(k->s, GP)}, {.ods = T("NOBODY")}};
    assert_int_equal(ask_members(kit_node(k, GP)->asking, &ask, odd, 2, &k->a, &e), 0);
    assert_int_equal(odd[0].outcome, ASK_REFUSED);
    assert_int_equal(odd[1].outcome, ASK_REFUSED);
}

/* --- D4, D6 -------------------------------------------------------------------------------------
 */

static void after_its_end_nobody_asks_or_answers(void **state)
{
    struct kit *k = *state;
    struct caller c = kit_caller("R0260");
    struct ask ask = kit_ask(k, &c);
    struct ask_one one;
    struct err e = {0};
    struct sim_request r;
    kit_put_admission(k, HOSPITAL, GP);
    assert_int_equal(kit_gp_asks(k, &one), ASK_ANSWERED);
    kit_days(k, 401);
    one = (struct ask_one){.ods = sim_ods(k->s, HOSPITAL)};
    assert_int_equal(ask_members(kit_node(k, GP)->asking, &ask, &one, 1, &k->a, &e), ERR_FORBIDDEN);
    assert_int_equal(kit_send(k, HOSPITAL, sim_tls(k->s, GP), "/locality/ask", k->request, &r),
                     403);
}

/* --- a choice while an answer is made
 * ---------------------------------------------------------------------------------------------------
 */

static struct {
    struct loc_world world, real;
    struct feed *feed;
} race;

static void choose_now(struct arena *a)
{
    uint8_t person[32];
    struct kept_change change;
    bool raised;
    struct err e;
    assert_int_equal(feed_person(race.feed, kit_ana.nhs_number, person, &e), 0);
    assert_int_equal(feed_consent_change(race.feed, person, 5, a, &change, &raised, &e), 0);
    if (raised) {
        assert_int_equal(race.real.write(race.real.context, &change, 1, NULL, &e), 0);
    }
}

static int own_and_choose(void *context, const struct caller *as, struct own_call *call,
                          struct arena *a, struct err *e)
{
    int rc = race.real.own(context, as, call, a, e);
    if (as && text_starts(call->path, T("Observation"))) {
        choose_now(a);
    }
    return rc;
}

/* What was read under a choice is not given as of the one that came behind it: K3. */
static void a_choice_while_an_answer_is_made_is_not_heeded_by_it(void **state)
{
    struct kit *k = *state;
    struct kit_node *n = kit_node(k, HOSPITAL);
    const struct feed_take take = {0};
    struct err e;
    struct ask_one one;
    race.real = race.world = n->world;
    race.world.own = own_and_choose;
    assert_int_equal(feed_open(&race.real, n->trust, &take, &race.feed, &e), 0);
    const struct asking_config config = {
        .world = &race.world, .trust = n->trust, .feed = race.feed};
    struct asking *before = n->asking;
    assert_int_equal(asking_open(&config, &n->asking, &e), 0);
    kit_put_admission(k, HOSPITAL, GP);
    sim_run(k->s, sim_now(k->s) + 2000); /* statements of before it began do not count */
    struct caller c = kit_caller("R0260");
    struct ask ask = kit_ask(k, &c);
    assert_int_equal(kit_run(k, GP, HOSPITAL, &ask, &one), ASK_ANSWERED);
    assert_int_equal(one.receipt.consent, 0);
    assert_int_equal(kit_run(k, GP, HOSPITAL, &ask, &one), ASK_ANSWERED);
    assert_int_equal(one.receipt.consent, 5);
    asking_close(n->asking);
    n->asking = before;
    feed_close(race.feed);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, kit_with_ana, kit_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_answer_is_in_both_logs),
        TEST(without_the_log_nothing_goes),
        TEST(who_is_not_here_and_who_may_not_be_seen_look_alike),
        TEST(a_member_claims_only_what_its_kind_may),
        TEST(the_askers_word_counts_for_its_kind_and_is_marked),
        TEST(a_patient_asks_by_the_home_that_they_chose),
        TEST(an_emergency_is_opened_by_the_holders_own_rules),
        cmocka_unit_test(only_one_patient_is_asked_about),
        TEST(the_holder_looks_at_the_path_itself),
        TEST(who_is_away_is_not_waited_for_again),
        TEST(all_are_asked_at_once),
        TEST(after_its_end_nobody_asks_or_answers),
        TEST(a_choice_while_an_answer_is_made_is_not_heeded_by_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
