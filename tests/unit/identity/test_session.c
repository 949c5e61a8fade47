/* Sessions by a clock of the test, and the throttle. */
#include "identity_kit.h"

#define MINUTE INT64_C(60000)
#define START INT64_C(1800000000000)

static int64_t now;

static int64_t clock_of_test(void)
{
    return now;
}

static const struct account gp = {
    .id = {"gp", 2}, .name = {"G", 1}, .kind = ACTOR_PROFESSIONAL, .epoch = 3};
static const struct account patient = {
    .id = {"pat", 3}, .name = {"P", 1}, .kind = ACTOR_PERSON, .epoch = 1};

static struct sessions *open_sessions(struct kit *k)
{
    struct sessions *s = NULL;
    struct err e = {0};
    if (sessions_open_at(k->kept, clock_of_test, &s, &e)) {
        fail_msg("%s", err_text(&e));
    }
    return s;
}

static text begin(struct kit *k, struct sessions *s, const struct account *account,
                  enum session_step step, struct session *ret_session)
{
    text cookie = {0};
    assert_int_equal(session_begin(s, account, step, false, &k->a, &cookie, ret_session, NULL), 0);
    assert_int_equal(cookie.n, 43);
    return cookie;
}

static int find(struct kit *k, struct sessions *s, text cookie)
{
    struct session found;
    return session_find(s, cookie, &k->a, &found, NULL);
}

static void test_times(void **state)
{
    static const struct {
        const struct account *account;
        enum session_step step;
        int64_t idle;
        int64_t most;
    } rows[] = {{&gp, SESSION_SIGNED_IN, 15, 12 * 60},
                {&patient, SESSION_SIGNED_IN, 30, 12 * 60},
                {&gp, SESSION_WANTS_TOTP, 10, 30}};
    struct kit *k = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct session session;
        now = START;
        struct sessions *s = open_sessions(k);
        text cookie = begin(k, s, rows[i].account, rows[i].step, &session);
        now += rows[i].idle * MINUTE;
        assert_int_equal(find(k, s, cookie), 0);
        now += rows[i].idle * MINUTE + 1;
        assert_int_equal(find(k, s, cookie), ERR_LOGIN);
        now = START;
        cookie = begin(k, s, rows[i].account, rows[i].step, &session);
        for (; now <= START + rows[i].most * MINUTE; now += 5 * MINUTE) {
            assert_int_equal(find(k, s, cookie), 0);
        }
        assert_int_equal(find(k, s, cookie), ERR_LOGIN);
        sessions_close(s);
    }
}

static void test_restart(void **state)
{
    struct kit *k = *state;
    struct session session;
    struct session found;
    now = START;
    struct sessions *s = open_sessions(k);
    text cookie = begin(k, s, &gp, SESSION_SIGNED_IN, &session);
    text ended = begin(k, s, &gp, SESSION_SIGNED_IN, &session);
    assert_int_equal(session_end(s, session.hash, NULL), 0);
    now += 9 * MINUTE;
    assert_int_equal(session_find(s, cookie, &k->a, &session, NULL), 0);
    session.role = 2;
    assert_int_equal(session_change(s, &session, NULL), 0);
    sessions_close(s);
    now += 14 * MINUTE;
    s = open_sessions(k);
    assert_int_equal(find(k, s, ended), ERR_LOGIN);
    assert_int_equal(session_find(s, cookie, &k->a, &found, NULL), 0);
    assert_int_equal(found.role, 2);
    assert_int_equal(found.epoch, 3);
    assert_true(text_eq(found.csrf, session.csrf) && text_eq(found.account, T("gp")));
    sessions_close(s);
    now += 25 * MINUTE;
    s = open_sessions(k);
    assert_int_equal(find(k, s, cookie), ERR_LOGIN);
    sessions_close(s);
}

static void test_end(void **state)
{
    struct kit *k = *state;
    struct session session;
    text cookies[3];
    now = START;
    struct sessions *s = open_sessions(k);
    for (size_t i = 0; i < 3; i++) {
        cookies[i] = begin(k, s, i < 2 ? &gp : &patient, SESSION_SIGNED_IN, &session);
    }
    assert_int_equal(session_end_all(s, gp.id, NULL), 0);
    assert_int_equal(find(k, s, cookies[0]), ERR_LOGIN);
    assert_int_equal(find(k, s, cookies[1]), ERR_LOGIN);
    assert_int_equal(find(k, s, cookies[2]), 0);
    assert_int_equal(find(k, s, T("")), ERR_LOGIN);
    assert_int_equal(find(k, s, session.hash), ERR_LOGIN);
    /* An account has fifty; the one that was used longest ago goes. */
    now += 1;
    text first = begin(k, s, &gp, SESSION_SIGNED_IN, &session);
    for (size_t i = 0; i < 50; i++) {
        now += 1;
        (void)begin(k, s, &gp, SESSION_SIGNED_IN, &session);
    }
    assert_int_equal(find(k, s, first), ERR_LOGIN);
    assert_int_equal(find(k, s, cookies[2]), 0);
    sessions_close(s);
}

static bool held(struct throttle *t, const char *account, const char *address, int64_t at)
{
    unsigned seconds = 0;
    int rc = throttle_ask(t, text_of(account), text_of(address), at, &seconds, NULL);
    assert_true(rc == 0 || (rc == ERR_TOO_MANY && seconds >= 1 && seconds <= 900));
    return rc != 0;
}

static void test_throttle(void **state)
{
    (void)state;
    struct throttle *t = throttle_new();
    int64_t at = START;
    for (int i = 0; i < 5; i++) {
        assert_false(held(t, "amina", "10.0.0.1", at));
        throttle_failed(t, T("amina"), T("10.0.0.1"), at);
    }
    assert_true(held(t, "amina", "10.0.0.1", at));
    /* The owner elsewhere, and another person here, are not held up. */
    assert_false(held(t, "amina", "10.0.0.2", at));
    assert_false(held(t, "ben", "10.0.0.1", at));
    at += 5000;
    assert_false(held(t, "amina", "10.0.0.1", at));
    throttle_failed(t, T("amina"), T("10.0.0.1"), at);
    assert_true(held(t, "amina", "10.0.0.1", at + 9000));
    assert_false(held(t, "amina", "10.0.0.1", at + 10000));
    for (int i = 0; i < 20; i++) {
        throttle_failed(t, T("amina"), T("10.0.0.1"), at);
    }
    assert_true(held(t, "amina", "10.0.0.1", at + 15 * MINUTE - 1));
    assert_false(held(t, "amina", "10.0.0.1", at + 15 * MINUTE));
    assert_false(held(t, "amina", "10.0.0.2", at));
    throttle_passed(t, T("amina"), T("10.0.0.1"));
    assert_false(held(t, "amina", "10.0.0.1", at));
    throttle_free(t);
}

/* One address that tries many names is held up as an address; a /64 of IPv6 is one. */
static void test_throttle_address(void **state)
{
    (void)state;
    struct throttle *t = throttle_new();
    for (int i = 0; i < 50; i++) {
        char name[16];
        char address[40];
        (void)snprintf(name, sizeof name, "name%d", i);
        (void)snprintf(address, sizeof address, "2001:db8::%x", i + 1);
        assert_false(held(t, name, address, START));
        throttle_failed(t, text_of(name), text_of(address), START);
    }
    assert_true(held(t, "somebody", "2001:db8::ffff", START));
    assert_false(held(t, "somebody", "2001:db8:0:1::1", START));
    /* Mapped or not, it is the same address. */
    for (int i = 0; i < 5; i++) {
        throttle_failed(t, T("amina"), T("::ffff:10.0.0.1"), START);
    }
    assert_true(held(t, "amina", "10.0.0.1", START));
    throttle_free(t);
}

/* One-time codes are guessed from a thousand addresses: then they count for the account. */
static void test_throttle_codes(void **state)
{
    (void)state;
    struct throttle *t = throttle_new();
    unsigned seconds = 0;
    for (int i = 0; i < 50; i++) {
        assert_int_equal(throttle_ask_code(t, T("amina"), START, &seconds, NULL), 0);
        throttle_failed_code(t, T("amina"), START);
    }
    assert_int_equal(throttle_ask_code(t, T("amina"), START, &seconds, NULL), ERR_TOO_MANY);
    assert_int_equal(seconds, 5);
    assert_int_equal(throttle_ask_code(t, T("ben"), START, &seconds, NULL), 0);
    assert_false(held(t, "amina", "10.0.0.1", START)); /* passwords and recovery codes go on */
    for (int i = 0; i < 20; i++) {
        throttle_failed_code(t, T("amina"), START);
    }
    assert_int_equal(throttle_ask_code(t, T("amina"), START + 15 * MINUTE - 1, &seconds, NULL),
                     ERR_TOO_MANY);
    assert_int_equal(throttle_ask_code(t, T("amina"), START + 15 * MINUTE, &seconds, NULL), 0);
    throttle_passed(t, T("amina"), T("10.0.0.1"));
    assert_int_equal(throttle_ask_code(t, T("amina"), START, &seconds, NULL), 0);
    throttle_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_times, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_restart, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_end, kit_setup, kit_teardown),
        cmocka_unit_test(test_throttle),
        cmocka_unit_test(test_throttle_address),
        cmocka_unit_test(test_throttle_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
