/* OAuth 2.1 and SMART App Launch 2.2: what ends a token, clients, launches, each rule with what
 * breaks it. */
#include "oauth_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

static struct kit kit;
static struct kit *const k = &kit;

static int setup(void **state)
{
    (void)state;
    kit_open(k, false);
    kit_sign_in(k, k->patient);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    kit_close(k);
    return 0;
}

/* --- what ends a token at once -----------------------------------------------------------------
 */

static text fresh_token(void)
{
    struct caller caller;
    assert_int_equal(
        kit_exchange(k, "app", kit_code(k, "app", OAUTH_SCOPE, "&prompt=consent"), OAUTH_VERIFIER),
        200);
    text token = arena_copy(&k->a, kit_member(k, "access_token"));
    assert_int_equal(kit_bearer(k, token, &caller), 0);
    assert_int_equal(kit_bearer(k, token, &caller), 0);
    return token;
}

static void test_ends(void **state)
{
    struct account account, changed;
    struct caller caller;
    struct err e = {0};
    struct kept *kept = identity_kept(k->id);
    (void)state;
    text token = fresh_token();
    assert_int_equal(client_disable(kept, T("app"), true, &k->a, &e), 0);
    assert_int_equal(kit_bearer(k, token, &caller), ERR_LOGIN);
    assert_int_equal(client_disable(kept, T("app"), false, &k->a, &e), 0);
    assert_int_equal(kit_bearer(k, token, &caller), 0);
    assert_int_equal(account_read(kept, k->patient, &k->a, &account, &e), 0);
    changed = account;
    changed.epoch++;
    assert_int_equal(account_change(kept, &account, &changed, &k->a, &e), 0);
    assert_int_equal(kit_bearer(k, token, &caller), ERR_LOGIN);
    kit_sign_in(k, k->patient);
    token = fresh_token();
    assert_int_equal(account_read(kept, k->patient, &k->a, &account, &e), 0);
    changed = account;
    changed.disabled = true;
    assert_int_equal(account_change(kept, &account, &changed, &k->a, &e), 0);
    assert_int_equal(kit_bearer(k, token, &caller), ERR_LOGIN);
    assert_int_equal(kit_bearer(k, T("no"), &caller), ERR_LOGIN);
    assert_int_equal(kit_bearer(k, secret_token(&k->a), &caller), ERR_LOGIN);
}

static void test_revoke(void **state)
{
    struct caller caller;
    (void)state;
    text token = fresh_token();
    text body = arena_printf(&k->a, "client_id=app&token=%.*s", TEXT_ARG(token));
    assert_int_equal(kit_send(k, HTTP_POST, "/oauth/revoke", body.p, "Basic b2xkOmh1c2grbm8="),
                     400);
    text other = arena_printf(&k->a, "token=%.*s", TEXT_ARG(token));
    assert_int_equal(kit_send(k, HTTP_POST, "/oauth/revoke", other.p, "Basic b2xkOmh1c2graHVzaA=="),
                     200);
    assert_int_equal(kit_bearer(k, token, &caller), 0); /* not the other client's to revoke */
    assert_int_equal(kit_send(k, HTTP_POST, "/oauth/revoke", body.p, NULL), 200);
    assert_int_equal(kit_bearer(k, token, &caller), ERR_LOGIN);
    assert_int_equal(kit_send(k, HTTP_POST, "/oauth/revoke", body.p, NULL), 200);
    kit_is_error(k, kit_send(k, HTTP_POST, "/oauth/revoke", "client_id=app", NULL), 400,
                 "invalid_request");
}

/* --- clients -----------------------------------------------------------------------------------
 */

static int system_token(text assertion, const char *scope)
{
    text body = arena_printf(&k->a, "grant_type=client_credentials&scope=%s%.*s", scope,
                             TEXT_ARG(assertion));
    return kit_send(k, HTTP_POST, "/oauth/token", body.p, NULL);
}

static void test_backend(void **state)
{
    struct caller caller;
    (void)state;
    text good = kit_assertion(k, "lab", OAUTH_ISSUER "/oauth/token", "j1", 200);
    assert_int_equal(system_token(good, "system/*.rs"), 200);
    assert_true(text_eq(kit_member(k, "scope"), T("system/Observation.rs system/Patient.rs")));
    assert_true(text_eq(kit_member(k, "expires_in"), T("300")));
    assert_true(kit_member(k, "refresh_token").n == 0);
    text token = arena_copy(&k->a, kit_member(k, "access_token"));
    assert_int_equal(kit_bearer(k, token, &caller), 0);
    assert_int_equal(caller.actor.kind, ACTOR_SYSTEM);
    assert_true(caller.actor.activities == 0 && caller.actor.alone);
    kit_is_error(k, system_token(good, "system/*.rs"), 401, "invalid_client"); /* used */
    static const struct {
        const char *aud, *jti;
        int64_t exp;
    } bad[] = {
        {"https://other.example/oauth/token", "j2", 200},
        {OAUTH_ISSUER, NULL, 200},
        {OAUTH_ISSUER, "j3", -100},
        {OAUTH_ISSUER, "j4", 3600},
        {OAUTH_ISSUER, "", 100},
    };
    /* One after another from one address would be held up: throttle_passed() in between. */
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        text assertion = kit_assertion(k, "lab", bad[i].aud, bad[i].jti, bad[i].exp);
        kit_is_error(k, system_token(assertion, "system/*.rs"), 401, "invalid_client");
        char jti[8];
        (void)snprintf(jti, sizeof jti, "ok%zu", i);
        assert_int_equal(
            system_token(kit_assertion(k, "lab", OAUTH_ISSUER, jti, 100), "system/Patient.r"), 200);
    }
    kit_is_error(k, system_token(kit_assertion(k, "lab", OAUTH_ISSUER, "a1", 100), "patient/*.rs"),
                 400, "invalid_scope");
    kit_is_error(k,
                 system_token(kit_assertion(k, "lab", OAUTH_ISSUER, "a2", 100), "system/Claim.r"),
                 400, "invalid_scope");
    kit_is_error(k, system_token(kit_assertion(k, "server", OAUTH_ISSUER, "a3", 100), "system/*.r"),
                 400, "unauthorized_client");
    kit_is_error(k, system_token(kit_assertion(k, "app", OAUTH_ISSUER, "a4", 100), "system/*.r"),
                 401, "invalid_client");
    assert_true(k->events[EVENT_TOKEN] > 6);
}

static void test_secret(void **state)
{
    (void)state;
    kit_sign_in(k, k->doctor);
    text code = kit_code(k, "old", "openid user/Patient.rs", NULL);
    text body = arena_printf(&k->a,
                             "grant_type=authorization_code&code=%.*s&redirect_uri=https%%3A%%2F"
                             "%%2Fapp.example%%2Fcb&code_verifier=" OAUTH_VERIFIER,
                             TEXT_ARG(code));
    text wrong = arena_printf(&k->a, "%.*s&client_id=old", TEXT_ARG(body));
    kit_is_error(k, kit_send(k, HTTP_POST, "/oauth/token", wrong.p, NULL), 401, "invalid_client");
    kit_is_error(k, kit_send(k, HTTP_POST, "/oauth/token", body.p, "Basic b2xkOmh1c2gK"), 401,
                 "invalid_client");
    wrong = arena_printf(&k->a, "%.*s&client_id=old&client_secret=hush+hush", TEXT_ARG(body));
    kit_is_error(k, kit_send(k, HTTP_POST, "/oauth/token", wrong.p, NULL), 400, "invalid_request");
    /* "old:hush+hush", form-encoded as RFC 6749, 2.3.1 asks. */
    assert_int_equal(kit_send(k, HTTP_POST, "/oauth/token", body.p, "Basic b2xkOmh1c2graHVzaA=="),
                     200);
    assert_true(kit_member(k, "patient").n == 0);
}

static void test_introspect(void **state)
{
    (void)state;
    text token = fresh_token();
    text assertion = kit_assertion(k, "lab", OAUTH_ISSUER, "i1", 100);
    text body = arena_printf(&k->a, "token=%.*s%.*s", TEXT_ARG(token), TEXT_ARG(assertion));
    assert_int_equal(kit_send(k, HTTP_POST, "/oauth/introspect", body.p, NULL), 200);
    assert_true(yyjson_is_true(json_get(k->json, T("active"))));
    assert_true(text_eq(kit_member(k, "client_id"), T("app")));
    assert_true(text_eq(kit_member(k, "patient"), T("p1")));
    assert_true(text_eq(kit_member(k, "sub"), k->patient));
    /* A confidential app asks of another's. */
    body = arena_printf(&k->a, "token=%.*s", TEXT_ARG(token));
    assert_int_equal(
        kit_send(k, HTTP_POST, "/oauth/introspect", body.p, "Basic b2xkOmh1c2graHVzaA=="), 200);
    assert_true(text_eq(buf_text(&k->reply.body), T("{\"active\":false}")));
    body = arena_printf(&k->a, "client_id=app&token=%.*s", TEXT_ARG(token));
    kit_is_error(k, kit_send(k, HTTP_POST, "/oauth/introspect", body.p, NULL), 401,
                 "invalid_client");
    assert_int_equal(
        kit_send(k, HTTP_POST, "/oauth/introspect", "token=x", "Basic b2xkOmh1c2graHVzaA=="), 200);
    assert_true(text_eq(buf_text(&k->reply.body), T("{\"active\":false}")));
}

static void test_client_checks(void **state)
{
    static const char *const redirects[] = {
        "http://app.example/cb",
        "https://app.example/cb#x",
        "https://u@app.example/cb",
        "ftp://app.example",
        "https://",
        "http://127.0.0.1.evil.example/",
        "https://app.example/\r\nX",
        "javascript:alert(1)",
        "http://[::1].evil.example/",
    };
    struct err e;
    (void)state;
    for (size_t i = 0; i < sizeof redirects / sizeof *redirects; i++) {
        assert_false(client_address_ok(text_of(redirects[i])));
    }
    assert_true(client_address_ok(T("http://127.0.0.1:8000/cb")));
    assert_true(client_address_ok(T("http://[::1]:8000/cb")));
    text one[] = {T(OAUTH_CALLBACK)};
    struct client good = {.name = T("A"),
                          .kind = CLIENT_PUBLIC,
                          .redirects = one,
                          .redirect_count = 1,
                          .scope = T("openid")};
    struct client bad[6];
    for (size_t i = 0; i < 6; i++) {
        bad[i] = good;
    }
    bad[0].name = T("");
    bad[1].redirect_count = 0;
    bad[2].scope = T("system/*.rs");
    bad[3].secret = T("x");
    bad[4].kind = CLIENT_CONFIDENTIAL;
    bad[5].kind = CLIENT_SYSTEM;
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(client_add(identity_kept(k->id), &bad[i], &k->a, &e), ERR_VALUE);
    }
    assert_int_equal(client_add(identity_kept(k->id), &good, &k->a, &e), 0);
}

static void test_registration(void **state)
{
    static const char body[] = "{\"client_name\":\"X\",\"redirect_uris\":[\"https://x.example/\"],"
                               "\"scope\":\"openid patient/*.rs\",\"unknown\":1}";
    (void)state;
    kit_is_error(k, kit_send(k, HTTP_POST, "/oauth/register", body, NULL), 403, "access_denied");
    kit_close(k);
    kit_open(k, true);
    assert_int_equal(kit_send(k, HTTP_POST, "/oauth/register", body, NULL), 201);
    assert_true(kit_member(k, "client_id").n);
    kit_is_error(k,
                 kit_send(k, HTTP_POST, "/oauth/register",
                          "{\"client_name\":\"X\",\"redirect_uris\":[\"http://x.example/\"]}",
                          NULL),
                 400, "invalid_redirect_uri");
    kit_is_error(k,
                 kit_send(k, HTTP_POST, "/oauth/register",
                          "{\"client_name\":\"X\",\"redirect_uris\":[\"https://x.example/\"],"
                          "\"scope\":\"system/*.rs\"}",
                          NULL),
                 400, "invalid_client_metadata");
    kit_is_error(k,
                 kit_send(k, HTTP_POST, "/oauth/register",
                          "{\"client_name\":\"X\",\"redirect_uris\":[\"https://x.example/\"],"
                          "\"grant_types\":[\"client_credentials\"]}",
                          NULL),
                 400, "invalid_client_metadata");
    kit_sign_in(k, k->patient);
}

/* --- launch, the machine's token, the log ------------------------------------------------------
 */

static void test_launch(void **state)
{
    (void)state;
    kit_sign_in(k, k->doctor);
    kit_is_error(
        k, kit_send(k, HTTP_POST, "/auth/launch", "{\"client\":\"app\",\"patient\":\"p9\"}", NULL),
        404, "not_found");
    assert_int_equal(
        kit_send(k, HTTP_POST, "/auth/launch", "{\"client\":\"app\",\"patient\":\"p2\"}", NULL),
        200);
    text url = arena_copy(&k->a, kit_member(k, "url"));
    assert_true(text_starts(url, T("https://app.example/launch?iss=https%3A%2F%2Fnode.example%2F"
                                   "fhir&launch=")));
    text more = arena_printf(&k->a, "&launch=%.*s", TEXT_ARG(text_from(url, url.n - 47)));
    text code = kit_code(k, "app", "openid launch patient/*.rs", more.p);
    assert_int_equal(kit_exchange(k, "app", code, OAUTH_VERIFIER), 200);
    assert_true(text_eq(kit_member(k, "patient"), T("p2")));
    /* Somebody else's browser got hold of a launch. */
    assert_int_equal(
        kit_send(k, HTTP_POST, "/auth/launch", "{\"client\":\"app\",\"patient\":\"p2\"}", NULL),
        200);
    url = arena_copy(&k->a, kit_member(k, "url"));
    text mine = arena_printf(&k->a, "&launch=%.*s", TEXT_ARG(text_from(url, url.n - 47)));
    kit_sign_in(k, k->patient);
    assert_int_equal(kit_authorize(k, "app", "openid launch patient/*.rs", mine.p), 303);
    kit_is_error(k, kit_send(k, HTTP_GET, kit_consent_target(k).p, NULL, NULL), 403,
                 "other_account");
    kit_sign_in(k, k->doctor);
    assert_int_equal(
        kit_send(k, HTTP_POST, "/auth/launch", "{\"client\":\"app\",\"patient\":\"p2\"}", NULL),
        200);
    url = arena_copy(&k->a, kit_member(k, "url"));
    mine = arena_printf(&k->a, "&launch=%.*s", TEXT_ARG(text_from(url, url.n - 47)));
    assert_int_equal(kit_authorize(k, "app2", "openid launch patient/*.rs", mine.p), 303);
    assert_true(text_eq(kit_redirected(k, "error"), T("invalid_request")));
    assert_int_equal(kit_authorize(k, "app", "openid launch patient/*.rs", more.p), 303);
    assert_true(text_eq(kit_redirected(k, "error"), T("invalid_request"))); /* used */
}

static void test_local_token(void **state)
{
    struct caller caller;
    struct err e = {0};
    text token;
    struct kept *kept = identity_kept(k->id);
    (void)state;
    assert_int_equal(oauth_local_token(kept, T("user/*.rs"), T("x"), 60, &k->a, &token, &e),
                     ERR_VALUE);
    assert_int_equal(oauth_local_token(kept, T("system/*.cruds"), T("x"), 60, &k->a, &token, &e),
                     0);
    assert_int_equal(kit_bearer(k, token, &caller), 0);
    assert_int_equal(caller.actor.kind, ACTOR_SYSTEM);
    assert_true(caller.actor.activities & ACTIVITY_BIT(ACTIVITY_MANAGE_NODE));
    assert_int_equal(oauth_local_token(kept, T("system/Patient.rs"), T("x"), 60, &k->a, &token, &e),
                     0);
    assert_int_equal(kit_bearer(k, token, &caller), 0);
    assert_true(caller.actor.activities == 0);
}

static void test_log_broken(void **state)
{
    (void)state;
    text code = kit_code(k, "app", OAUTH_SCOPE, NULL);
    k->log_broken = true;
    assert_int_equal(kit_exchange(k, "app", code, OAUTH_VERIFIER), 503);
    assert_true(kit_member(k, "access_token").n == 0);
    k->log_broken = false;
    assert_int_equal(kit_exchange(k, "app", code, OAUTH_VERIFIER), 200);
}

static void test_metadata(void **state)
{
    static const char *const members[] = {
        "issuer",         "jwks_uri",
        "token_endpoint", "authorization_endpoint",
        "capabilities",   "code_challenge_methods_supported",
    };
    (void)state;
    assert_int_equal(kit_send(k, HTTP_GET, "/fhir/.well-known/smart-configuration", NULL, NULL),
                     200);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        assert_non_null(json_get(k->json, text_of(members[i])));
    }
    assert_null(json_get(k->json, T("registration_endpoint")));
    assert_int_equal(kit_send(k, HTTP_GET, "/.well-known/openid-configuration", NULL, NULL), 200);
    assert_true(text_eq(kit_member(k, "issuer"), T(OAUTH_ISSUER)));
    assert_int_equal(kit_send(k, HTTP_POST, "/.well-known/openid-configuration", "", NULL), 405);
    assert_int_equal(kit_send(k, HTTP_GET, "/oauth/none", NULL, NULL), 404);
    assert_int_equal(kit_send(k, HTTP_OPTIONS, "/oauth/token", NULL, NULL), 204);
}

static void test_waiting(void **state)
{
    struct oauth_waiting *w = waiting_new(2);
    struct err e = {0};
    text keys[3], value;
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(waiting_put(w, T("value"), 1000, &k->a, &keys[i], &e), 0);
    }
    assert_false(waiting_get(w, keys[0], 999, false, &k->a, &value)); /* made room */
    assert_true(waiting_get(w, keys[1], 999, false, &k->a, &value));
    assert_true(text_eq(value, T("value")));
    assert_false(waiting_get(w, keys[1], 1000, false, &k->a, &value)); /* too late */
    assert_false(waiting_get(w, keys[1], 999, false, &k->a, &value));
    assert_true(waiting_get(w, keys[2], 999, true, &k->a, &value));
    assert_false(waiting_get(w, keys[2], 999, true, &k->a, &value));
    assert_false(waiting_get(w, T("ffffx"), 0, false, &k->a, &value));
    assert_false(waiting_get(w, T(""), 0, false, &k->a, &value));
    waiting_free(w);
}

/* An access token whose time has come is not found, and is swept away. */
static void test_expired(void **state)
{
    struct oauth_token row = {.client = T("kith-token"), .scope = T("system/*.rs"), .local = true};
    struct caller caller;
    struct err e = {0};
    text token = secret_token(&k->a), was;
    row.expires_ms = clock_real_ms() - 1;
    struct kept_change put = {.change = KEPT_PUT,
                              .kind = "token",
                              .key = secret_hash(token, &k->a),
                              .value = row_print(oauth_token_fields, &row, &k->a)};
    (void)state;
    assert_int_equal(kept_write(identity_kept(k->id), &put, 1, NULL, &e), 0);
    assert_int_equal(kit_bearer(k, token, &caller), ERR_LOGIN);
    assert_int_equal(kit_exchange(k, "app", kit_code(k, "app", OAUTH_SCOPE, NULL), OAUTH_VERIFIER),
                     200);
    assert_int_equal(kept_get(identity_kept(k->id), "token", put.key, &k->a, &was, &e),
                     ERR_NOT_FOUND);
    assert_int_equal(kit_bearer(k, kit_member(k, "access_token"), &caller), 0);
}

/* Tokens that were seen are found in memory: printed, not asserted, since machines differ. */
static void test_speed(void **state)
{
    enum { ROUNDS = 20000 };
    struct caller caller;
    (void)state;
    text token = fresh_token();
    int64_t from = clock_mono_ns();
    for (int i = 0; i < ROUNDS; i++) {
        struct arena_mark mark = arena_mark(&k->a);
        assert_int_equal(kit_bearer(k, token, &caller), 0);
        arena_rewind(&k->a, mark);
    }
    printf("oauth_bearer: %lld ns\n", (long long)(clock_mono_ns() - from) / ROUNDS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_ends),         TEST(test_revoke),     TEST(test_backend),
        TEST(test_secret),       TEST(test_introspect), TEST(test_client_checks),
        TEST(test_registration), TEST(test_launch),     TEST(test_local_token),
        TEST(test_log_broken),   TEST(test_metadata),   TEST(test_waiting),
        TEST(test_expired),      TEST(test_speed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
