/* The addresses below /auth as a browser uses them, and what must not be possible there. */
#include "auth_kit.h"

#include "base/clock.h"
#include "identity/people.h"

static struct account_role gp = {.code = {"R8000", 5}};
static struct account_role admin = {.code = {"K1004", 5}};

static void test_password(void **state)
{
    struct node n;
    text id;
    struct caller caller;
    open_node(&n, *state, false);
    assert_int_equal(get(&n, "/auth/session"), 200);
    assert_false(json_get(n.answer, T("account")));
    text path = invited(&n, "Amina", &gp, &id);
    (void)enrol(&n, path.p, "amina");
    assert_int_equal(get(&n, "/auth/session"), 200);
    assert_true(text_eq(member(&n, "step"), T("done")));
    assert_int_equal(who(&n, &caller), 0);
    assert_true(caller.actor.activities & ACTIVITY_BIT(ACTIVITY_PRESCRIBE));
    assert_true(text_eq(caller.actor.organisation, T("Organization/o")));
    assert_true(text_eq(caller.actor.organisation_name, T("Mill Lane")));
    assert_true(n.events[EVENT_SIGN_IN] == 1 && n.events[EVENT_ACCOUNT] >= 2);
    /* CSRF: another token, another site, no site. */
    text csrf = n.csrf;
    n.csrf = T("x");
    assert_int_equal(post(&n, "/auth/sign-out", "{}"), 403);
    n.csrf = csrf;
    n.origin = "http://evil.example";
    assert_int_equal(post(&n, "/auth/sign-out", "{}"), 403);
    assert_int_equal(post(&n, "/auth/password", "{\"login\":\"amina\"," PASSWORD "}"), 403);
    n.origin = NULL;
    assert_int_equal(post(&n, "/auth/sign-out", "{}"), 403);
    n.origin = "http://localhost:8080";
    text gone = n.session;
    assert_int_equal(post(&n, "/auth/sign-out", "{}"), 200);
    n.session = gone;
    assert_int_equal(who(&n, &caller), ERR_LOGIN);
    forget(&n);
    /* Nobody and a wrong password are told alike. */
    assert_int_equal(post(&n, "/auth/password", "{\"login\":\"nobody\"," PASSWORD "}"), 403);
    text words = member(&n, "words");
    assert_int_equal(post(&n, "/auth/password", "{\"login\":\"amina\",\"password\":\"wrong\"}"),
                     403);
    assert_true(text_eq(words, member(&n, "words")));
    assert_int_equal(n.events[EVENT_SIGN_IN_FAILED], 2);
    /* The right one leads to the code, and to nothing before it. */
    assert_int_equal(post(&n, "/auth/password", "{\"login\":\"AMINA\"," PASSWORD "}"), 200);
    assert_true(text_eq(member(&n, "step"), T("totp")));
    assert_int_equal(who(&n, &caller), ERR_LOGIN);
    assert_int_equal(post(&n, "/auth/totp/new", "{}"), 403);
    assert_int_equal(post(&n, "/auth/recovery", "{\"code\":\"aaaa-aaaa-aaaa\"}"), 403);
    identity_close(n.id);
}

static void test_codes(void **state)
{
    struct node n;
    text id;
    struct caller caller;
    open_node(&n, *state, false);
    text path = invited(&n, "Amina", &gp, &id);
    text secret = enrol(&n, path.p, "amina");
    text once = n.recovery;
    const char *used = code_of(&n, secret, n.enrolled_s);
    const char *next = code_of(&n, secret, n.enrolled_s + 30);
    const char *body = arena_printf(&n.kit->a, "{\"code\":\"%.*s\"}", TEXT_ARG(once)).p;
    const struct {
        const char *address;
        const char *body;
        int status;
    } rows[] = {{"/auth/totp", used, 403}, /* the one that confirmed it */
                {"/auth/totp", next, 200},
                {"/auth/totp", next, 403},
                {"/auth/recovery", body, 200},
                {"/auth/recovery", body, 403}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        forget(&n);
        assert_int_equal(post(&n, "/auth/password", "{\"login\":\"amina\"," PASSWORD "}"), 200);
        text half = n.session;
        assert_int_equal(post(&n, rows[i].address, rows[i].body), rows[i].status);
        assert_int_equal(text_eq(half, n.session), rows[i].status != 200);
        assert_int_equal(who(&n, &caller), rows[i].status == 200 ? 0 : ERR_LOGIN);
    }
    identity_close(n.id);
}

static void test_throttled(void **state)
{
    struct node n;
    text id;
    open_node(&n, *state, false);
    text path = invited(&n, "Amina", &gp, &id);
    (void)enrol(&n, path.p, "amina");
    forget(&n);
    n.peer = "203.0.113.9";
    for (int i = 0; i < 5; i++) {
        assert_int_equal(post(&n, "/auth/password", "{\"login\":\"amina\",\"password\":\"wrong\"}"),
                         403);
    }
    assert_int_equal(post(&n, "/auth/password", "{\"login\":\"amina\"," PASSWORD "}"), 429);
    assert_true(json_get(n.answer, T("seconds")) != NULL);
    /* The owner, from where the owner is. */
    n.peer = "198.51.100.7";
    assert_int_equal(post(&n, "/auth/password", "{\"login\":\"amina\"," PASSWORD "}"), 200);
    identity_close(n.id);
}

static void test_ends_at_once(void **state)
{
    struct node n;
    struct kept *other;
    struct account was;
    struct caller caller;
    text id;
    open_node(&n, *state, false);
    text path = invited(&n, "Amina", &gp, &id);
    (void)enrol(&n, path.p, "amina");
    assert_int_equal(who(&n, &caller), 0);
    /* As `kith user disable` does it, in another process. */
    assert_int_equal(kept_open_shared(n.kit->path, &other, NULL), 0);
    assert_int_equal(account_read(other, id, &n.kit->a, &was, NULL), 0);
    struct account changed = was;
    changed.disabled = true;
    struct audit_event event = {.at_ms = clock_real_ms(), .kind = EVENT_ACCOUNT};
    int before = n.events[EVENT_ACCOUNT];
    assert_int_equal(event_leave(other, &event, NULL), 0);
    assert_int_equal(account_change(other, &was, &changed, &n.kit->a, NULL), 0);
    (void)usleep(400 * 1000);
    assert_int_equal(who(&n, &caller), ERR_LOGIN);
    assert_int_equal(n.events[EVENT_ACCOUNT], before + 1);
    kept_close(other);
    identity_close(n.id);
}

static void test_log_broken(void **state)
{
    struct node n;
    text id;
    open_node(&n, *state, false);
    text path = invited(&n, "Amina", &gp, &id);
    text secret = enrol(&n, path.p, "amina");
    const char *next = code_of(&n, secret, n.enrolled_s + 30);
    forget(&n);
    assert_int_equal(post(&n, "/auth/password", "{\"login\":\"amina\"," PASSWORD "}"), 200);
    n.log_broken = true;
    text half = n.session;
    assert_int_equal(post(&n, "/auth/totp", next), 500);
    assert_true(text_eq(half, n.session));
    identity_close(n.id);
}

static void test_bodies(void **state)
{
    static const struct {
        const char *body;
        int status;
    } rows[] = {{"", 400},
                {"[]", 400},
                {"{", 400},
                {"{\"login\":\"a\"}", 400},
                {"{\"login\":\"a\",\"password\":1}", 400},
                {"{\"login\":\"a\",\"password\":\"b\",\"more\":1}", 400},
                {"{\"login\":\"a\",\"login\":\"b\",\"password\":\"c\"}", 400},
                {"{\"login\":\"a\\u0000\",\"password\":\"c\"}", 400},
                {"{\"login\":\"a\",\"password\":\"c\"}", 403}};
    struct node n;
    open_node(&n, *state, false);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(post(&n, "/auth/password", rows[i].body), rows[i].status);
    }
    char *large = malloc(20000);
    memset(large, ' ', 20000);
    assert_int_equal(ask(&n, HTTP_POST, "/auth/password", text_make(large, 20000)), 413);
    free(large);
    assert_int_equal(get(&n, "/auth/password"), 405);
    assert_int_equal(get(&n, "/auth/nothing"), 404);
    assert_int_equal(get(&n, "/auth/demo"), 404);
    assert_int_equal(get(&n, "/auth/people"), 401);
    assert_int_equal(get(&n, "/auth/invite/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), 404);
    identity_close(n.id);
}

static void test_people(void **state)
{
    struct node n;
    text id;
    open_node(&n, *state, false);
    text path = invited(&n, "Gita", &gp, &id);
    (void)enrol(&n, path.p, "gita");
    assert_int_equal(get(&n, "/auth/people"), 403);
    assert_int_equal(post(&n, "/auth/people", "{\"name\":\"X\",\"kind\":\"professional\"}"), 403);
    forget(&n);
    path = invited(&n, "Root", &admin, &id);
    (void)enrol(&n, path.p, "root");
    assert_int_equal(get(&n, "/auth/people"), 200);
    assert_int_equal(json_len(json_get(n.answer, T("people"))), 2);
    assert_int_equal(post(&n, "/auth/people",
                          "{\"name\":\"Ben\",\"kind\":\"professional\",\"roles\":[{\"code\":"
                          "\"R8009\"}]}"),
                     200);
    text ben = member(&n, "id");
    assert_true(text_starts(member(&n, "invite"), T("http://localhost:8080/#/invite/")));
    const char *address = arena_printf(&n.kit->a, "/auth/people/%.*s", TEXT_ARG(ben)).p;
    assert_int_equal(post(&n, address, "{\"roles\":[{\"code\":\"nope\"}]}"), 400);
    assert_int_equal(post(&n, address, "{\"disabled\":true}"), 200);
    assert_int_equal(post(&n, address, "{\"invite\":true}"), 409);
    address = arena_printf(&n.kit->a, "/auth/people/%.*s", TEXT_ARG(id)).p;
    assert_int_equal(post(&n, address, "{\"roles\":[{\"code\":\"R8000\"}]}"), 403);
    assert_int_equal(post(&n, address, "{\"disabled\":true}"), 403);
    identity_close(n.id);
}

static void test_demo(void **state)
{
    struct node n;
    struct caller caller;
    text id;
    struct account a = {.name = T("Dr Demo"),
                        .login = T("demo-gp"),
                        .kind = ACTOR_PROFESSIONAL,
                        .roles = &gp,
                        .role_count = 1};
    open_node(&n, *state, true);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(identity_demo_account(n.id, &a, "A GP", &n.kit->a, &id, NULL), 0);
    }
    struct account real = a;
    real.login = T("real");
    assert_int_equal(account_add(identity_kept(n.id), &real, &n.kit->a, NULL), 0);
    assert_int_equal(get(&n, "/auth/demo"), 200);
    assert_int_equal(json_len(json_get(n.answer, T("accounts"))), 1);
    assert_int_equal(post(&n, "/auth/demo", "{\"login\":\"demo-gp\"}"), 200);
    assert_int_equal(who(&n, &caller), 0);
    assert_int_equal(post(&n, "/auth/demo", "{\"login\":\"real\"}"), 404);
    n.peer = "192.0.2.1";
    assert_int_equal(post(&n, "/auth/demo", "{\"login\":\"demo-gp\"}"), 404);
    identity_close(n.id);
    /* A node that is no demonstration lets none of them in. */
    open_node(&n, *state, false);
    assert_int_equal(post(&n, "/auth/demo", "{\"login\":\"demo-gp\"}"), 404);
    assert_int_equal(identity_demo_account(n.id, &a, "A GP", &n.kit->a, &id, NULL), ERR_FORBIDDEN);
    identity_close(n.id);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_password, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_codes, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_throttled, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_ends_at_once, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_log_broken, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_bodies, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_people, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(test_demo, kit_setup, kit_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
