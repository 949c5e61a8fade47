/* OAuth 2.1 and SMART App Launch 2.2: asking, consenting and the code, each rule with what breaks
 * it. */
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

/* --- authorize -------------------------------------------------------------------------------- */

static void test_authorize_shown(void **state)
{
    (void)state;
    kit_is_error(k, kit_authorize(k, "nobody", OAUTH_SCOPE, NULL), 400, "invalid_client");
    kit_is_error(k, kit_authorize(k, "lab", OAUTH_SCOPE, NULL), 400, "invalid_client");
    kit_is_error(k,
                 kit_send(k, HTTP_GET,
                          "/oauth/authorize?client_id=app&response_type=code&redirect_uri="
                          "https%3A%2F%2Fapp.example%2Fcb%2F",
                          NULL, NULL),
                 400, "invalid_request");
    kit_is_error(k, kit_authorize(k, "app", OAUTH_SCOPE, "&client_id=app"), 400, "invalid_request");
    assert_int_equal(k->reply.status, 400);
}

/* Each is right but for one thing. */
static void test_authorize_aud(void **state)
{
    static const char *const auds[] = {"", "&aud=https://other.example/fhir",
                                       ("&aud=" OAUTH_ISSUER)};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        text target = arena_printf(
            &k->a,
            "/oauth/authorize?response_type=code&client_id=app&state=s&redirect_uri="
            "https%%3A%%2F%%2Fapp.example%%2Fcb&scope=openid&code_challenge=" OAUTH_S256
            "&code_challenge_method=S256%s",
            auds[i]);
        assert_int_equal(kit_send(k, HTTP_GET, target.p, NULL, NULL), 303);
        assert_true(text_eq(kit_redirected(k, "error"), T("invalid_request")));
    }
}

static const struct {
    const char *scope, *more, *error;
} told[] = {
    {OAUTH_SCOPE, "&response_mode=fragment", "invalid_request"},
    {OAUTH_SCOPE, "&request=x", "request_not_supported"},
    {OAUTH_SCOPE, "&request_uri=x", "request_uri_not_supported"},
    {OAUTH_SCOPE, "&prompt=never", "invalid_request"},
    {OAUTH_SCOPE, "&prompt=none+login", "invalid_request"},
    {OAUTH_SCOPE, "&prompt=none", "consent_required"},
    {OAUTH_SCOPE, "&max_age=soon", "invalid_request"},
    {OAUTH_SCOPE, "&launch=0000abc", "invalid_request"},
    {"openid launch patient/*.rs", NULL, "invalid_request"},
    {"openid launch patient/*.rs", "&launch=0000abc", "invalid_request"},
    {"email", NULL, "invalid_scope"},
    {"", NULL, "invalid_scope"},
    {"system/*.rs", NULL, "invalid_scope"},
    {"patient/Observation.rs?no-such=1", NULL, "invalid_scope"},
};

static void test_authorize_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        int status = kit_authorize(k, "app", told[i].scope, told[i].more);
        text error = kit_redirected(k, "error");
        if (status != 303 || !text_eq(error, text_of(told[i].error))) {
            fail_msg("%s %s gave %d %.*s", told[i].scope, told[i].more ? told[i].more : "", status,
                     TEXT_ARG(error));
        }
        assert_true(text_eq(kit_redirected(k, "state"), T("s1")));
        assert_true(text_eq(kit_redirected(k, "iss"), T(OAUTH_ISSUER)));
    }
}

static void test_authorize_pkce(void **state)
{
    static const char *const queries[] = {
        "",
        "&code_challenge=" OAUTH_S256,
        "&code_challenge=" OAUTH_S256 "&code_challenge_method=plain",
        "&code_challenge=short&code_challenge_method=S256",
    };
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        text target = arena_printf(
            &k->a,
            "/oauth/authorize?response_type=code&client_id=app&state=s&redirect_uri="
            "https%%3A%%2F%%2Fapp.example%%2Fcb&scope=openid&aud=" OAUTH_ISSUER "/fhir%s",
            queries[i]);
        assert_int_equal(kit_send(k, HTTP_GET, target.p, NULL, NULL), 303);
        assert_true(text_eq(kit_redirected(k, "error"), T("invalid_request")));
    }
}

static void test_authorize_signed_out(void **state)
{
    (void)state;
    k->cookie = T("");
    assert_int_equal(kit_authorize(k, "app", OAUTH_SCOPE, "&prompt=none"), 303);
    assert_true(text_eq(kit_redirected(k, "error"), T("login_required")));
    assert_int_equal(kit_authorize(k, "app", OAUTH_SCOPE, NULL), 303);
    assert_true(text_starts(kit_redirected(k, "then"), T("#/consent/")));
}

/* --- code and tokens -------------------------------------------------------------------------- */

static void test_code_flow(void **state)
{
    struct caller caller;
    (void)state;
    text code = kit_code(k, "app", OAUTH_SCOPE, "&nonce=n1");
    assert_true(code.n && text_eq(kit_redirected(k, "iss"), T(OAUTH_ISSUER)));
    assert_int_equal(k->events[EVENT_TOKEN], 0);
    assert_int_equal(kit_exchange(k, "app", code, OAUTH_VERIFIER), 200);
    assert_int_equal(k->events[EVENT_TOKEN], 1);
    assert_true(text_eq(kit_member(k, "token_type"), T("Bearer")));
    assert_true(text_eq(kit_member(k, "expires_in"), T("900")));
    assert_true(text_eq(kit_member(k, "patient"), T("p1")));
    assert_true(text_eq(kit_member(k, "scope"), T(OAUTH_SCOPE)));
    assert_true(kit_member(k, "refresh_token").n && kit_member(k, "id_token").n);
    assert_int_equal(kit_bearer(k, kit_member(k, "access_token"), &caller), 0);
    assert_int_equal(caller.actor.kind, ACTOR_PERSON);
    assert_true(text_eq(caller.actor.account, k->patient));
    assert_true(text_eq(caller.launch_patient, T("p1")) && text_eq(caller.client, T("app")));
    assert_true(caller.session.n == 0 && caller.scopes->count == 1);
    assert_true(text_eq(caller.scopes->patient, T("p1")));
    assert_true(text_eq(caller.scopes->items[0].words, T("patient/Observation.rs")));
}

static void test_id_token(void **state)
{
    struct jose_key *keys[JOSE_KEYS_MAX];
    size_t count;
    struct err e = {0};
    yyjson_val *header, *claims;
    text payload;
    (void)state;
    text code = kit_code(k, "app", OAUTH_SCOPE, "&nonce=n1");
    assert_int_equal(kit_exchange(k, "app", code, OAUTH_VERIFIER), 200);
    text jws = arena_copy(&k->a, kit_member(k, "id_token"));
    assert_int_equal(kit_send(k, HTTP_GET, "/oauth/jwks", NULL, NULL), 200);
    assert_int_equal(jose_keys_read(buf_text(&k->reply.body), keys, &count, &e), 0);
    assert_int_equal(count, 1);
    assert_int_equal(jws_verify(jws, keys, count, "JWT", &k->a, &header, &payload, &e), 0);
    struct jwt_expect expect = {.issuer = T(OAUTH_ISSUER),
                                .subject = k->patient,
                                .audience = T("app"),
                                .nonce = T("n1"),
                                .now_s = clock_real_ms() / 1000};
    assert_int_equal(jwt_check(payload, &expect, &k->a, &claims, &e), 0);
    assert_true(
        text_eq(json_text(json_get(claims, T("fhirUser"))), T(OAUTH_ISSUER "/fhir/Patient/p1")));
    assert_true(json_get(claims, T("auth_time")));
    jose_keys_free(keys, count);
}

static void test_code_refused(void **state)
{
    struct caller caller;
    (void)state;
    text code = kit_code(k, "app", OAUTH_SCOPE, NULL);
    kit_is_error(k, kit_exchange(k, "app", code, "wrong-wrong-wrong-wrong-wrong-wrong-wrong-wrong"),
                 400, "invalid_grant");
    kit_is_error(k, kit_exchange(k, "app", T("none"), OAUTH_VERIFIER), 400, "invalid_grant");
    kit_is_error(k, kit_exchange(k, "nobody", code, OAUTH_VERIFIER), 401, "invalid_client");
    kit_is_error(k, kit_exchange(k, "app2", code, OAUTH_VERIFIER), 400, "invalid_grant");
    struct err e = {0};
    assert_int_equal(client_disable(identity_kept(k->id), T("app"), true, &k->a, &e), 0);
    kit_is_error(k, kit_exchange(k, "app", code, OAUTH_VERIFIER), 401, "invalid_client");
    kit_is_error(k, kit_authorize(k, "app", OAUTH_SCOPE, NULL), 400, "invalid_client");
    assert_int_equal(client_disable(identity_kept(k->id), T("app"), false, &k->a, &e), 0);
    text body = arena_printf(&k->a,
                             "grant_type=authorization_code&client_id=app&code=%.*s&redirect_uri="
                             "https%%3A%%2F%%2Fapp.example%%2F&code_verifier=" OAUTH_VERIFIER,
                             TEXT_ARG(code));
    kit_is_error(k, kit_send(k, HTTP_POST, "/oauth/token", body.p, NULL), 400, "invalid_grant");
    assert_int_equal(kit_exchange(k, "app", code, OAUTH_VERIFIER), 200);
    text token = arena_copy(&k->a, kit_member(k, "access_token"));
    text refresh = arena_copy(&k->a, kit_member(k, "refresh_token"));
    assert_int_equal(kit_bearer(k, token, &caller), 0);
    /* The second use ends what the first one got. */
    kit_is_error(k, kit_exchange(k, "app", code, OAUTH_VERIFIER), 400, "invalid_grant");
    assert_int_equal(kit_bearer(k, token, &caller), ERR_LOGIN);
    kit_is_error(k, kit_refresh(k, "app", refresh, NULL), 400, "invalid_grant");
    assert_int_equal(k->events[EVENT_TOKEN_REVOKED], 1);
}

static void test_code_expires(void **state)
{
    struct err e = {0};
    struct oauth_ask ask = {0};
    text row;
    (void)state;
    text code = kit_code(k, "app", OAUTH_SCOPE, NULL);
    text key = secret_hash(code, &k->a);
    assert_int_equal(kept_get(identity_kept(k->id), "code", key, &k->a, &row, &e), 0);
    assert_int_equal(row_read(oauth_ask_fields, row, &k->a, &ask, &e), 0);
    assert_true(ask.expires_ms <= clock_real_ms() + OAUTH_CODE_MS);
    ask.expires_ms = clock_real_ms() - 1;
    struct kept_change put = {.change = KEPT_PUT,
                              .kind = "code",
                              .key = key,
                              .value = row_print(oauth_ask_fields, &ask, &k->a)};
    assert_int_equal(kept_write(identity_kept(k->id), &put, 1, NULL, &e), 0);
    k->id->oauth->swept_ms = clock_real_ms(); /* it is still there, and not good */
    kit_is_error(k, kit_exchange(k, "app", code, OAUTH_VERIFIER), 400, "invalid_grant");
}

static void test_refresh(void **state)
{
    struct caller caller;
    (void)state;
    assert_int_equal(kit_exchange(k, "app", kit_code(k, "app", OAUTH_SCOPE, NULL), OAUTH_VERIFIER),
                     200);
    text first = arena_copy(&k->a, kit_member(k, "refresh_token"));
    kit_is_error(k, kit_refresh(k, "app", first, "patient/Condition.rs"), 400, "invalid_scope");
    kit_is_error(k, kit_refresh(k, "app2", first, NULL), 400, "invalid_grant");
    assert_int_equal(kit_refresh(k, "app", first, "patient/Observation.r"), 200);
    assert_true(text_eq(kit_member(k, "scope"), T("patient/Observation.r")));
    text narrow = arena_copy(&k->a, kit_member(k, "access_token"));
    text second = arena_copy(&k->a, kit_member(k, "refresh_token"));
    assert_int_equal(kit_bearer(k, narrow, &caller), 0);
    assert_int_equal(caller.scopes->items[0].rights, MAY_READ);
    assert_false(text_eq(first, second));
    assert_int_equal(kit_refresh(k, "app", second, NULL), 200);
    assert_true(text_eq(kit_member(k, "scope"), T(OAUTH_SCOPE)));
    text third = arena_copy(&k->a, kit_member(k, "refresh_token"));
    text token = arena_copy(&k->a, kit_member(k, "access_token"));
    assert_int_equal(kit_bearer(k, token, &caller), 0);
    /* Somebody has a copy: nothing of the family is good any more. */
    kit_is_error(k, kit_refresh(k, "app", first, NULL), 400, "invalid_grant");
    kit_is_error(k, kit_refresh(k, "app", third, NULL), 400, "invalid_grant");
    assert_int_equal(kit_bearer(k, token, &caller), ERR_LOGIN);
    assert_int_equal(kit_bearer(k, narrow, &caller), ERR_LOGIN);
    assert_int_equal(k->events[EVENT_TOKEN_REVOKED], 1);
}

static void test_online(void **state)
{
    struct err e = {0};
    struct session session;
    (void)state;
    text code = kit_code(k, "app", "openid online_access patient/*.rs", NULL);
    assert_int_equal(kit_exchange(k, "app", code, OAUTH_VERIFIER), 200);
    assert_int_equal(kit_refresh(k, "app", kit_member(k, "refresh_token"), NULL), 200);
    text token = arena_copy(&k->a, kit_member(k, "refresh_token"));
    assert_int_equal(session_find(k->id->sessions, text_from(k->cookie, 12), &k->a, &session, &e),
                     0);
    assert_int_equal(session_end(k->id->sessions, session.hash, &e), 0);
    kit_is_error(k, kit_refresh(k, "app", token, NULL), 400, "invalid_grant");
}

/* --- consent ---------------------------------------------------------------------------------- */

static void test_consent(void **state)
{
    (void)state;
    assert_int_equal(kit_authorize(k, "app", OAUTH_SCOPE, NULL), 303);
    text head = buf_text(&k->reply.head);
    size_t at = 0;
    while (at < head.n && !text_starts(text_from(head, at), T("/#/consent/"))) {
        at++;
    }
    text key = text_from(head, at + 11);
    text target = arena_printf(&k->a, "/auth/consent/%.*s",
                               TEXT_ARG(text_trim(text_first(key, text_find(key, '\n')))));
    /* Another browser. */
    text binding = k->binding;
    k->binding = T("");
    kit_is_error(k, kit_send(k, HTTP_GET, target.p, NULL, NULL), 404, "not_found");
    k->binding = binding;
    kit_is_error(k, kit_send(k, HTTP_POST, target.p, "{\"allow\":true,\"scopes\":[]}", NULL), 400,
                 "choice");
    kit_is_error(k,
                 kit_send(k, HTTP_POST, target.p,
                          "{\"allow\":true,\"scopes\":[\"patient/Condition.rs\"]}", NULL),
                 400, "choice");
    kit_is_error(k,
                 kit_send(k, HTTP_POST, target.p,
                          "{\"allow\":true,\"scopes\":[\"patient/*.cruds\"],\"patient\":\"p2\"}",
                          NULL),
                 404, "choice");
    kit_is_error(k, kit_send(k, HTTP_POST, target.p, "{\"allow\":1}", NULL), 400, "invalid");
    kit_is_error(k, kit_send(k, HTTP_POST, target.p, "{\"allow\":true,\"allow\":true}", NULL), 400,
                 "invalid");
    /* Without the page's token. */
    text csrf = k->csrf;
    k->csrf = T("x");
    assert_int_equal(kit_send(k, HTTP_POST, target.p, "{\"allow\":true}", NULL), 403);
    k->csrf = csrf;
    /* More than was asked gives what was asked; once. */
    assert_int_equal(
        kit_send(k, HTTP_POST, target.p, "{\"allow\":true,\"scopes\":[\"patient/*.cruds\"]}", NULL),
        200);
    text code = kit_redirected(k, "code");
    kit_is_error(k,
                 kit_send(k, HTTP_POST, target.p, "{\"allow\":true,\"scopes\":[\"openid\"]}", NULL),
                 404, "not_found");
    assert_int_equal(kit_exchange(k, "app", code, OAUTH_VERIFIER), 200);
    assert_true(text_eq(kit_member(k, "scope"), T("launch/patient patient/Observation.rs")));
    assert_true(kit_member(k, "id_token").n == 0 && kit_member(k, "refresh_token").n == 0);
}

static void test_consent_again(void **state)
{
    (void)state;
    text code = kit_code(k, "app", OAUTH_SCOPE, NULL);
    assert_int_equal(kit_exchange(k, "app", code, OAUTH_VERIFIER), 200);
    /* The same or less, while the grant stands: nothing new to ask. */
    assert_int_equal(kit_authorize(k, "app", "openid patient/Observation.r", "&prompt=none"), 303);
    assert_true(kit_redirected(k, "code").n);
    assert_int_equal(kit_authorize(k, "app", "openid patient/Condition.r", "&prompt=none"), 303);
    assert_true(text_eq(kit_redirected(k, "error"), T("consent_required")));
    assert_int_equal(kit_authorize(k, "app", OAUTH_SCOPE, "&prompt=consent"), 303);
    assert_true(kit_redirected(k, "code").n == 0);
    /* Ended by the person. */
    assert_int_equal(kit_send(k, HTTP_GET, "/auth/apps", NULL, NULL), 200);
    const yyjson_val *apps = json_get(k->json, T("apps"));
    assert_int_equal(json_len(apps), 1);
    text grant = json_text(json_get(apps + 1, T("grant")));
    text body = arena_printf(&k->a, "{\"grant\":\"%.*s\"}", TEXT_ARG(grant));
    kit_sign_in(k, k->doctor);
    kit_is_error(k, kit_send(k, HTTP_POST, "/auth/apps/revoke", body.p, NULL), 404, "not_found");
    kit_sign_in(k, k->patient);
    assert_int_equal(kit_send(k, HTTP_POST, "/auth/apps/revoke", body.p, NULL), 200);
    assert_int_equal(json_len(json_get(k->json, T("apps"))), 0);
    assert_int_equal(kit_authorize(k, "app", OAUTH_SCOPE, "&prompt=none"), 303);
    assert_true(text_eq(kit_redirected(k, "error"), T("consent_required")));
}

static void test_consent_fresh(void **state)
{
    (void)state;
    struct timespec moment = {.tv_nsec = 5000000};
    k->binding = T("");
    assert_int_equal(kit_authorize(k, "app", OAUTH_SCOPE, "&prompt=login"), 303);
    assert_true(text_starts(kit_redirected(k, "then"), T("#/consent/")));
    text head = buf_text(&k->reply.head);
    size_t at = 0;
    while (at < head.n && !text_starts(text_from(head, at), T("consent%2F"))) {
        at++;
    }
    text key = text_from(head, at + 10);
    text target = arena_printf(&k->a, "/auth/consent/%.*s",
                               TEXT_ARG(text_trim(text_first(key, text_find(key, '\n')))));
    kit_is_error(k, kit_send(k, HTTP_GET, target.p, NULL, NULL), 401, "login");
    (void)nanosleep(&moment, NULL);
    kit_sign_in(k, k->patient);
    assert_int_equal(kit_send(k, HTTP_GET, target.p, NULL, NULL), 200);
}

/* A grant that has run out does not stand for consent. */
static void test_consent_not_again(void **state)
{
    struct oauth_grant *grants;
    size_t count;
    struct err e = {0};
    struct kept *kept = identity_kept(k->id);
    (void)state;
    assert_int_equal(kit_exchange(k, "app", kit_code(k, "app", OAUTH_SCOPE, NULL), OAUTH_VERIFIER),
                     200);
    assert_int_equal(grant_each(kept, k->patient, &k->a, &grants, &count, &e), 0);
    assert_int_equal(count, 1);
    grants[0].expires_ms = clock_real_ms() - 1;
    struct kept_change put = {.change = KEPT_PUT,
                              .kind = "grant",
                              .key = grants[0].key,
                              .value = row_print(oauth_grant_fields, &grants[0], &k->a)};
    assert_int_equal(kept_write(kept, &put, 1, NULL, &e), 0);
    assert_int_equal(kit_authorize(k, "app", OAUTH_SCOPE, "&prompt=none"), 303);
    assert_true(text_eq(kit_redirected(k, "error"), T("consent_required")));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_authorize_shown),
        TEST(test_authorize_aud),
        TEST(test_authorize_told),
        TEST(test_authorize_pkce),
        TEST(test_authorize_signed_out),
        TEST(test_code_flow),
        TEST(test_id_token),
        TEST(test_code_refused),
        TEST(test_code_expires),
        TEST(test_refresh),
        TEST(test_online),
        TEST(test_consent),
        TEST(test_consent_again),
        TEST(test_consent_fresh),
        TEST(test_consent_not_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
