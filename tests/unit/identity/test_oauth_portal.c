/* The portal of the node as an app: no consent, a token that is as long-lived as the session. */
#include "oauth_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define PORTAL "kith-portal"
#define WHOLE "openid fhirUser user/*.cruds"

static struct kit kit;
static struct kit *k = &kit;

static int setup(void **state)
{
    (void)state;
    kit_open(k, false);
    kit_sign_in(k, k->doctor);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    kit_close(k);
    return 0;
}

static text code_of(const char *more)
{
    assert_int_equal(kit_authorize(k, PORTAL, WHOLE, more), 303);
    return kit_redirected(k, "code");
}

static text token_of(void)
{
    assert_int_equal(kit_exchange(k, PORTAL, code_of("&prompt=none"), OAUTH_VERIFIER), 200);
    return kit_member(k, "access_token");
}

static text session_of(void)
{
    return secret_hash(text_from(k->cookie, sizeof "__Host-kith=" - 1), &k->a);
}

static void test_no_consent(void **state)
{
    struct caller caller = {0};
    (void)state;
    text code = code_of("&nonce=n");
    assert_true(code.n > 0);
    assert_true(text_eq(kit_redirected(k, "iss"), T(OAUTH_ISSUER)));
    assert_true(text_eq(kit_redirected(k, "state"), T("s1")));
    assert_int_equal(kit_exchange(k, PORTAL, code, OAUTH_VERIFIER), 200);
    assert_true(text_eq(kit_member(k, "expires_in"), T("900")));
    assert_true(text_eq(kit_member(k, "scope"), T(WHOLE)));
    assert_true(text_eq(kit_member(k, "fhirUser"), T(OAUTH_ISSUER "/fhir/Practitioner/d1")));
    assert_true(kit_member(k, "id_token").n > 0);
    assert_int_equal(kit_member(k, "refresh_token").n, 0);
    text token = kit_member(k, "access_token");
    assert_int_equal(token.n, OAUTH_PORTAL_TOKEN);
    assert_int_equal(kit_bearer(k, token, &caller), 0);
    assert_true(text_eq(caller.actor.account, k->doctor));
    assert_true(text_eq(caller.session, session_of()));
    assert_int_equal(caller.client.n, 0);
    assert_false(caller.actor.alone);
    assert_int_equal(caller.scopes->count, 1);
    assert_true(text_eq(scopes_print(caller.scopes, &k->a), T("user/*.cruds")));
}

/* Nothing is kept, noted or listed of it. */
static void test_leaves_nothing(void **state)
{
    struct oauth_grant *grants;
    size_t count = 9;
    struct err e;
    (void)state;
    (void)token_of();
    assert_int_equal(grant_each(identity_kept(k->id), k->doctor, &k->a, &grants, &count, &e), 0);
    assert_int_equal(count, 0);
    assert_int_equal(k->events[EVENT_TOKEN], 0);
    assert_int_equal(kit_send(k, HTTP_GET, "/auth/apps", NULL, NULL), 200);
    assert_int_equal(json_len(json_get(k->json, T("apps"))), 0);
}

static void needs_login(const char *more)
{
    assert_int_equal(kit_authorize(k, PORTAL, WHOLE, more), 303);
    assert_true(text_eq(kit_redirected(k, "error"), T("login_required")));
    assert_int_equal(kit_redirected(k, "code").n, 0);
}

static void test_needs_session(void **state)
{
    static const char *const sites[] = {"cross-site", "same-site", "", "nonsense"};
    (void)state;
    for (size_t i = 0; i < sizeof sites / sizeof *sites; i++) {
        k->site = sites[i];
        needs_login("&prompt=none");
    }
    k->site = "same-origin";
    assert_true(code_of("&prompt=none").n > 0);
    k->site = NULL;
    needs_login("&prompt=login");
    k->cookie = T("");
    needs_login("&prompt=none");
    needs_login("");
}

/* A form of another page brings no cookie, but nobody has to rely on that. */
static void test_not_by_post(void **state)
{
    (void)state;
    assert_int_equal(kit_send(k, HTTP_POST, "/oauth/authorize",
                              "response_type=code&client_id=" PORTAL
                              "&redirect_uri=https%3A%2F%2Fnode.example%2F"
                              "&scope=user%2F*.cruds&state=s&aud=" OAUTH_ISSUER
                              "/fhir&code_challenge=" OAUTH_S256 "&code_challenge_method=S256",
                              NULL),
                     303);
    assert_true(text_eq(kit_redirected(k, "error"), T("login_required")));
}

static void test_only_home(void **state)
{
    static const char *const elsewhere[] = {
        "https%3A%2F%2Fapp.example%2Fcb", "https%3A%2F%2Fnode.example",
        "https%3A%2F%2Fnode.example%2Fx", "http%3A%2F%2Fnode.example%2F",
        "https%3A%2F%2Fnode.example.evil%2F"};
    (void)state;
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++) {
        text target =
            arena_printf(&k->a,
                         "/oauth/authorize?response_type=code&client_id=" PORTAL "&redirect_uri=%s"
                         "&scope=user%%2F*.cruds&state=s&aud=" OAUTH_ISSUER
                         "/fhir&code_challenge=" OAUTH_S256 "&code_challenge_method=S256",
                         elsewhere[i]);
        assert_int_equal(kit_send(k, HTTP_GET, target.p, NULL, NULL), 400);
    }
}

static void test_code_once(void **state)
{
    static const char other[] = "aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgHiJkLmNoPq";
    (void)state;
    text code = code_of("");
    assert_int_equal(kit_exchange(k, PORTAL, code, other), 400);
    assert_int_equal(kit_exchange(k, "app", code, OAUTH_VERIFIER), 400);
    assert_int_equal(kit_exchange(k, PORTAL, code, OAUTH_VERIFIER), 200);
    kit_is_error(k, kit_exchange(k, PORTAL, code, OAUTH_VERIFIER), 400, "invalid_grant");
    kit_is_error(k, kit_exchange(k, PORTAL, T("0000x"), OAUTH_VERIFIER), 400, "invalid_grant");
    /* another app's code is none of the portal's */
    kit_sign_in(k, k->patient);
    text theirs = kit_code(k, "app", OAUTH_SCOPE, NULL);
    kit_is_error(k, kit_exchange(k, PORTAL, theirs, OAUTH_VERIFIER), 400, "invalid_grant");
}

static void test_ends_with_session(void **state)
{
    struct caller caller;
    struct err e;
    (void)state;
    text token = token_of(), code = code_of("");
    assert_int_equal(kit_bearer(k, token, &caller), 0);
    assert_int_equal(session_end(k->id->sessions, session_of(), &e), 0);
    assert_int_equal(kit_bearer(k, token, &caller), ERR_LOGIN);
    kit_is_error(k, kit_exchange(k, PORTAL, code, OAUTH_VERIFIER), 400, "invalid_grant");
}

static void test_ends_with_role(void **state)
{
    struct caller caller;
    struct session session;
    struct err e;
    (void)state;
    text token = token_of();
    assert_int_equal(session_use(k->id->sessions, session_of(), &k->a, &session, &e), 0);
    session.role = 1;
    assert_int_equal(session_change(k->id->sessions, &session, &e), 0);
    assert_int_equal(kit_bearer(k, token, &caller), ERR_LOGIN);
    session.role = 0;
    session.step = SESSION_WANTS_TOTP;
    assert_int_equal(session_change(k->id->sessions, &session, &e), 0);
    assert_int_equal(kit_bearer(k, token, &caller), ERR_LOGIN);
}

/* Each character says something: the session, the time, the role, the seal. */
static void test_sealed(void **state)
{
    struct caller caller;
    (void)state;
    text token = token_of();
    for (size_t i = 0; i < token.n; i++) {
        char *changed = arena_alloc(&k->a, token.n);
        memcpy(changed, token.p, token.n);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        assert_int_equal(kit_bearer(k, text_make(changed, token.n), &caller), ERR_LOGIN);
    }
    assert_int_equal(kit_bearer(k, text_first(token, token.n - 1), &caller), ERR_LOGIN);
    assert_int_equal(kit_bearer(k, token, &caller), 0);
}

static void test_expires(void **state)
{
    struct oauth_call c = {.o = k->id->oauth, .a = &k->a, .now_ms = clock_real_ms()};
    struct oauth_ask ask = {.session = session_of()};
    struct caller caller;
    struct err e;
    text token;
    (void)state;
    assert_int_equal(portal_token(&c, &ask, c.now_ms - 1, &token, &e), 0);
    assert_int_equal(kit_bearer(k, token, &caller), ERR_LOGIN);
    assert_int_equal(portal_token(&c, &ask, c.now_ms + 60000, &token, &e), 0);
    assert_int_equal(kit_bearer(k, token, &caller), 0);
}

/* It cannot be refreshed or revoked by itself, and says so; and it opens no page of /auth/. */
static void test_nothing_else(void **state)
{
    (void)state;
    text token = token_of();
    kit_is_error(k, kit_refresh(k, PORTAL, token, NULL), 400, "invalid_grant");
    text body = arena_printf(&k->a, "client_id=" PORTAL "&token=%.*s", TEXT_ARG(token));
    kit_is_error(k, kit_send(k, HTTP_POST, "/oauth/revoke", body.p, NULL), 400,
                 "unsupported_token_type");
    k->cookie = T("");
    text bearer = arena_printf(&k->a, "Bearer %.*s", TEXT_ARG(token));
    assert_int_equal(kit_send(k, HTTP_GET, "/auth/apps", NULL, bearer.p), 401);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_no_consent),        TEST(test_leaves_nothing), TEST(test_needs_session),
        TEST(test_not_by_post),       TEST(test_only_home),      TEST(test_code_once),
        TEST(test_ends_with_session), TEST(test_ends_with_role), TEST(test_sealed),
        TEST(test_expires),           TEST(test_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
