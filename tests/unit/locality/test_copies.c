/* Copies, and withdrawals that reach them (docs/locality.md, K2 to K4). */
#include "places_kit.h"

#include "locality/choice.h"

static void tell(size_t from, enum feed_kind kind, text what, text body, uint64_t consent)
{
    struct node *n = node(from);
    struct err e = {0};
    uint64_t version = 0;
    struct feed_row row = {.kind = kind, .subject = ana(), .what = what, .body = body};
    assert_int_equal(feed_person(n->feed, row.subject.nhs_number, row.person, &e), 0);
    assert_int_equal(feed_consent(n->feed, row.person, &version, &e), 0);
    row.consent_version = consent ? consent : version;
    row.at_once = kind != FEED_ENTRY;
    assert_int_equal(copies_tell(n->copies, &row, NULL, 0, &e), 0);
}

static bool holds_of(size_t at, size_t holder)
{
    struct node *n = node(at);
    struct err e = {0};
    bool yes = false;
    uint8_t person[32];
    assert_int_equal(feed_person(n->feed, ana().nhs_number, person, &e), 0);
    assert_int_equal(copies_hold(n->copies, person, ods(holder), T("Observation/1"), &yes, &e), 0);
    return yes;
}

static bool holds(size_t at)
{
    return holds_of(at, ONE);
}

static void give(void)
{
    const struct subject s = ana();
    struct err e = {0};
    assert_int_equal(copies_give(node(ONE)->copies, &s, ods(TWO), &e), 0);
    tell(ONE, FEED_ENTRY, T("Observation/1"), T("{\"resourceType\":\"Observation\"}"), 0);
    run(5000);
    assert_true(holds(TWO));
    assert_false(holds(ASKER));
}

/* As long as the holder says so, and not a moment longer. */
static void copies_are_renewed(void **state)
{
    (void)state;
    begin(6);
    give();
    run(60 * MINUTE);
    assert_true(holds(TWO));
    sim_cut(seen.s, TWO, ONE, true);
    run(6 * MINUTE);
    assert_false(holds(TWO));
    sim_cut(seen.s, TWO, ONE, false);
    run(2 * MINUTE);
    assert_true(holds(TWO));
    end();
}

/* One holder that is away keeps copies of others from nothing. */
static void one_holder_is_away(void **state)
{
    (void)state;
    static const size_t holders[] = {HOME, ONE, ASKER};
    const struct subject s = ana();
    struct err e = {0};
    begin(18);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(copies_give(node(holders[i])->copies, &s, ods(TWO), &e), 0);
        tell(holders[i], FEED_ENTRY, T("Observation/1"), T("{\"resourceType\":\"Observation\"}"),
             0);
    }
    run(5000);
    for (size_t away = 0; away < 3; away++) {
        sim_cut(seen.s, TWO, holders[away], true);
        run(15 * MINUTE);
        for (size_t i = 0; i < 3; i++) {
            assert_int_equal(holds_of(TWO, holders[i]), i != away);
        }
        sim_cut(seen.s, TWO, holders[away], false);
        run(2 * MINUTE);
    }
    end();
}

/* The patient withdraws at the home, which has no copy: it tells the holder, and that one whoever
 * has copies. */
static void a_withdrawal_reaches_copies(void **state)
{
    (void)state;
    begin(7);
    contact(ONE);
    run(10000);
    give();
    tell(HOME, FEED_CONSENT, T("Consent/1"), T("{}"), 5);
    run(5000);
    assert_false(holds(TWO));
    run(10 * MINUTE);
    assert_false(holds(TWO)); /* not renewed either */
    tell(HOME, FEED_CONSENT, T("Consent/1"), T("{}"), 4);
    run(5000);
    struct err e = {0};
    uint8_t person[32];
    uint64_t version = 0;
    assert_int_equal(feed_person(node(TWO)->feed, ana().nhs_number, person, &e), 0);
    assert_int_equal(feed_consent(node(TWO)->feed, person, &version, &e), 0);
    assert_int_equal(version, 5); /* K3: never back */
    end();
}

/* Who cannot be reached loses the right by itself. */
static void a_withdrawal_that_does_not_arrive(void **state)
{
    (void)state;
    begin(8);
    give();
    sim_cut(seen.s, ONE, TWO, true);
    sim_cut(seen.s, TWO, ONE, true);
    tell(ONE, FEED_CONSENT, T("Consent/1"), T("{}"), 5);
    run(5 * MINUTE);
    assert_false(holds(TWO));
    end();
}

static void a_withdrawal_reaches_who_asked(void **state)
{
    (void)state;
    struct err e = {0};
    uint8_t person[32];
    uint64_t version = 0;
    begin(9);
    struct node *n = node(ONE);
    assert_int_equal(feed_person(n->feed, ana().nhs_number, person, &e), 0);
    assert_int_equal(copies_asked(sim_world(seen.s, ONE), person, ods(TWO), &e), 0);
    run(23 * 60 * MINUTE);
    assert_int_equal(copies_asked(sim_world(seen.s, ONE), person, ods(ASKER), &e), 0);
    run(2 * 60 * MINUTE);
    tell(ONE, FEED_CONSENT, T("Consent/1"), T("{}"), 5);
    run(5000);
    assert_int_equal(feed_consent(node(ASKER)->feed, person, &version, &e), 0);
    assert_int_equal(version, 5);
    assert_int_equal(feed_consent(node(TWO)->feed, person, &version, &e), 0);
    assert_int_equal(version, 0); /* more than 24 hours ago */
    end();
}

static void a_deletion_is_acknowledged(void **state)
{
    (void)state;
    const struct subject s = ana();
    struct err e = {0};
    begin(10);
    give();
    assert_int_equal(copies_end(node(ONE)->copies, &s, ods(TWO), &e), 0);
    run(5000);
    assert_false(holds(TWO));
    assert_int_equal(seen.ended, 1);
    run(10 * MINUTE);
    assert_false(holds(TWO));
    end();
}

static uint64_t version_at(size_t at)
{
    uint8_t person[32];
    uint64_t version = 0;
    struct err e = {0};
    assert_int_equal(feed_person(node(at)->feed, ana().nhs_number, person, &e), 0);
    assert_int_equal(feed_consent(node(at)->feed, person, &version, &e), 0);
    return version;
}

/* `from` has said it; `by` tells it to TWO. `forged`: words of another in the place of its own. */
static void told_on(size_t from, size_t by, const char *consent, const char *forged,
                    uint64_t version)
{
    struct arena a;
    struct err e = {0};
    const struct note_signer *signer;
    const text to = ods(TWO);
    text self;
    yyjson_val *root = NULL;
    struct feed_row row = {.kind = FEED_CONSENT,
                           .subject = ana(),
                           .what = T("Consent/1"),
                           .consent_version = version,
                           .at_once = true};
    arena_init(&a, 16 << 20);
    const struct loc_world *w = sim_world(seen.s, from);
    assert_int_equal(feed_person(node(by)->feed, row.subject.nhs_number, row.person, &e), 0);
    assert_int_equal(trust_self(node(from)->trust, &signer, &self, &e), 0);
    assert_int_equal(json_read(text_of(consent), 16, &a, &root, &e), 0);
    assert_int_equal(choice_print(w, signer, self, &row, root, &a, &row.body, &e), 0);
    if (forged && !*forged) { /* his note, without what he said */
        const char *at = memmem(row.body.p, row.body.n, ",\"consent\"", 10);
        assert_non_null(at);
        row.body = arena_printf(&a, "%.*s}", (int)(at - row.body.p), row.body.p);
    } else if (forged) {
        row.body = text_of(forged);
    }
    assert_int_equal(feed_send(node(by)->feed, &to, 1, &row, NULL, 0, &e), 0);
    run(5000);
    arena_done(&a);
}

/* Who tells a choice on neither changes nor ends it, nor makes one up; nor is its version one after
 * which none comes. */
static void a_choice_told_on_is_as_it_was_said(void **state)
{
    static const char refusal[] =
        "{\"resourceType\":\"Consent\",\"status\":\"active\",\"category\":[{\"coding\":[{"
        "\"code\":\"sharing\"}]}],\"provision\":{\"type\":\"deny\"}}";
    (void)state;
    begin(16);
    told_on(ONE, HOME, refusal, NULL, 5);
    assert_int_equal(version_at(TWO), 5);
    assert_null(strstr(sim_alarms(seen.s, TWO), "feed-refused"));
    told_on(ONE, HOME, refusal, "{\"from\":\"X01\",\"note\":\"\"}", 6);
    assert_int_equal(version_at(TWO), 5);
    assert_non_null(strstr(sim_alarms(seen.s, TWO), "feed-refused X00"));
    told_on(ONE, HOME, refusal, "", 6);
    told_on(ONE, HOME, refusal, "{\"from\":\"X01\",\"consent\":{}}", 7);
    told_on(ONE, HOME, refusal, "{\"consent\":{}}", 8);
    assert_int_equal(version_at(TWO), 5);
    told_on(HOME, HOME, refusal, "{\"from\":\"X00\"}", 9); /* its own */
    assert_int_equal(version_at(TWO), 9);
    told_on(HOME, HOME, refusal, NULL, (uint64_t)sim_now(seen.s) + 2 * 86400000);
    assert_int_equal(version_at(TWO), 9);
    told_on(HOME, HOME, refusal, NULL, 10);
    assert_int_equal(version_at(TWO), 10);
    end();
}

/* What was signed with a key that its member has changed since is told on as before. */
static void a_key_that_was_changed(void **state)
{
    static const char refusal[] =
        "{\"resourceType\":\"Consent\",\"status\":\"active\",\"category\":[{\"coding\":[{"
        "\"code\":\"sharing\"}]}],\"provision\":{\"type\":\"deny\"}}";
    struct directory_ref *ref;
    const char *why;
    (void)state;
    begin(19);
    sim_cut(seen.s, HOME, TWO, true);
    told_on(ONE, HOME, refusal, NULL, 5);
    assert_int_equal(version_at(TWO), 0);
    const struct directory *d = trust_directory(node(ONE)->trust, &ref, &why);
    struct trust_change change = {
        .kind = TRUST_KEYS, .member = *directory_member(d, ods(ONE)), .new_key = true};
    assert_true(members_propose(seen.m, ONE, &change, &why));
    trust_done(ref);
    assert_true(members_settle(seen.m, 600000));
    sim_cut(seen.s, HOME, TWO, false);
    run(120000);
    assert_int_equal(version_at(TWO), 5);
    assert_null(strstr(sim_alarms(seen.s, TWO), "feed-refused"));
    end();
}

static void refuses(size_t at, const char *organisation)
{
    char json[500];
    (void)snprintf(json, sizeof json,
                   "{\"resourceType\":\"Organization\",\"identifier\":[{\"system\":"
                   "\"https://fhir.nhs.uk/Id/ods-organization-code\",\"value\":\"%s\"}]}",
                   organisation);
    sim_put(seen.s, at, T("Organization"), text_of(organisation), text_of(json));
    (void)snprintf(json, sizeof json,
                   "{\"resourceType\":\"Consent\",\"status\":\"active\",\"category\":[{"
                   "\"coding\":[{\"code\":\"sharing\"}]}],\"patient\":{\"reference\":"
                   "\"Patient/1\"},\"provision\":{\"type\":\"deny\",\"actor\":[{\"reference\":{"
                   "\"reference\":\"Organization/%s\"}}]}}",
                   organisation);
    sim_put(seen.s, at, T("Consent"), T("5"), text_of(json));
}

static bool is_refused(size_t at, const char *organisation)
{
    struct arena a;
    yyjson_val *bundle = NULL;
    struct err e = {0};
    const struct loc_world *w = sim_world(seen.s, at);
    struct own_call call = {.method = T("GET"), .path = T("Consent?patient=1")};
    arena_init(&a, 16 << 20);
    assert_int_equal(w->own(w->context, NULL, &call, &a, &e), 0);
    assert_int_equal(json_read(call.answer, 64, &a, &bundle, &e), 0);
    bool is = memmem(call.answer.p, call.answer.n, organisation, strlen(organisation)) &&
              memmem(call.answer.p, call.answer.n, "\"active\"", 8);
    arena_done(&a);
    return is;
}

/* Who holds something only after the patient has refused somebody, hears of it from the home; also
 * of what the home was told by others, as those have signed it. */
static void who_comes_later_hears_of_refusals(void **state)
{
    (void)state;
    struct err e = {0};
    const struct subject s = ana();
    begin(17);
    for (size_t i = 0; i < NODES; i++) {
        person_at(i, "X00");
    }
    refuses(HOME, "X71");
    refuses(ONE, "X72");
    assert_int_equal(choice_tell_standing(sim_world(seen.s, ONE), node(ONE)->trust, node(ONE)->feed,
                                          &s, ods(HOME), &e),
                     0);
    run(5000);
    assert_true(is_refused(HOME, "X71") && is_refused(HOME, "X72"));
    assert_false(is_refused(TWO, "X71") || is_refused(TWO, "X72"));
    contact(TWO);
    run(10000);
    assert_true(is_refused(TWO, "X71") && is_refused(TWO, "X72"));
    assert_string_equal(sim_alarms(seen.s, TWO), "");
    assert_false(is_refused(ASKER, "X71"));
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_are_renewed),
        cmocka_unit_test(one_holder_is_away),
        cmocka_unit_test(a_withdrawal_reaches_copies),
        cmocka_unit_test(a_withdrawal_that_does_not_arrive),
        cmocka_unit_test(a_withdrawal_reaches_who_asked),
        cmocka_unit_test(a_deletion_is_acknowledged),
        cmocka_unit_test(a_choice_told_on_is_as_it_was_said),
        cmocka_unit_test(who_comes_later_hears_of_refusals),
        cmocka_unit_test(a_key_that_was_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
