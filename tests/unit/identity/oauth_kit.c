#include "oauth_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static struct limits limits;

static int record(void *context, const struct audit_event *event, struct err *e)
{
    struct kit *k = context;
    if (k->log_broken) {
        return err_set(e, ERR_IO, "the log is broken");
    }
    k->events[event->kind]++;
    return 0;
}

static int sees(void *context, const struct actor *actor, text patient, struct arena *a,
                text *ret_name, struct err *e)
{
    (void)context;
    (void)a;
    *ret_name = T("Ann Other");
    return actor->kind == ACTOR_PROFESSIONAL && text_eq(patient, T("p2"))
               ? 0
               : err_set(e, ERR_NOT_FOUND, "no such patient");
}

static text add_account(struct kit *k, struct account account)
{
    struct err e = {0};
    account.disabled = false;
    if (account_add(identity_kept(k->id), &account, &k->a, &e)) {
        fail_msg("account_add: %s", err_text(&e));
    }
    return account.id;
}

static void add_client(struct kit *k, struct client client, const char *redirect)
{
    struct err e = {0};
    text redirects[] = {text_of(redirect)};
    client.redirects = redirects;
    client.redirect_count = redirect ? 1 : 0;
    if (client_add(identity_kept(k->id), &client, &k->a, &e)) {
        fail_msg("client_add: %s", err_text(&e));
    }
}

static void add_clients(struct kit *k)
{
    struct err e = {0};
    text jwk, jwks;
    assert_int_equal(jose_key_make(JOSE_ES384, &k->key, &e), 0);
    assert_int_equal(jose_key_print(k->key, false, &k->a, &jwk, &e), 0);
    jwks = arena_printf(&k->a, "{\"keys\":[%.*s]}", TEXT_ARG(jwk));
    add_client(k,
               (struct client){.id = T("app"),
                               .name = T("Step counter"),
                               .kind = CLIENT_PUBLIC,
                               .launch = T("https://app.example/launch"),
                               .scope = T("openid fhirUser profile launch launch/patient "
                                          "offline_access online_access patient/*.cruds "
                                          "user/*.rs")},
               OAUTH_CALLBACK);
    add_client(k,
               (struct client){.id = T("app2"),
                               .name = T("Another app"),
                               .kind = CLIENT_PUBLIC,
                               .scope = T("openid launch patient/*.rs")},
               OAUTH_CALLBACK);
    add_client(k,
               (struct client){.id = T("server"),
                               .name = T("Ward board"),
                               .kind = CLIENT_CONFIDENTIAL,
                               .jwks = jwks,
                               .scope = T("openid offline_access user/*.rs")},
               OAUTH_CALLBACK);
    add_client(k,
               (struct client){.id = T("old"),
                               .name = T("Old server"),
                               .kind = CLIENT_CONFIDENTIAL,
                               .secret = secret_hash(T("hush hush"), &k->a),
                               .scope = T("openid user/*.rs")},
               OAUTH_CALLBACK);
    add_client(k,
               (struct client){.id = T("lab"),
                               .name = T("Laboratory"),
                               .kind = CLIENT_SYSTEM,
                               .jwks = jwks,
                               .scope = T("system/Observation.crus system/Patient.rs")},
               NULL);
}

void kit_open(struct kit *k, bool registration)
{
    struct err e = {0};
    struct account_role role = {.code = T("R8000"), .organisation = T("Organization/o")};
    memset(k, 0, sizeof *k);
    limits = limits_default();
    arena_init(&k->a, (size_t)1 << 28);
    (void)snprintf(k->dir, sizeof k->dir, "/tmp/kith-oauth-XXXXXX");
    assert_non_null(mkdtemp(k->dir));
    struct identity_config config = {.dir = k->dir,
                                     .base = T(OAUTH_ISSUER "/fhir"),
                                     .organisation = T("Y90001"),
                                     .organisation_name = T("Mill Lane Surgery"),
                                     .organisation_reference = T("Organization/o"),
                                     .registration = registration,
                                     .limits = &limits,
                                     .world = {.context = k, .record = record, .sees = sees}};
    if (identity_open(&config, &k->id, &e)) {
        fail_msg("identity_open: %s", err_text(&e));
    }
    k->patient = add_account(k, (struct account){.name = T("Jo Smith"),
                                                 .login = T("jo.smith"),
                                                 .kind = ACTOR_PERSON,
                                                 .person = T("Patient/p1"),
                                                 .patient = T("p1")});
    k->doctor = add_account(k, (struct account){.name = T("Dr Amina Shah"),
                                                .login = T("amina.shah"),
                                                .kind = ACTOR_PROFESSIONAL,
                                                .person = T("Practitioner/d1"),
                                                .roles = &role,
                                                .role_count = 1});
    add_clients(k);
}

static void drop_reply(struct kit *k)
{
    buf_done(&k->reply.head);
    buf_done(&k->reply.body);
    memset(&k->reply, 0, sizeof k->reply);
    k->json = NULL;
}

void kit_close(struct kit *k)
{
    char command[128];
    static const char *const files[] = {"identity.db", "identity.db-wal",  "identity.db-shm",
                                        "secret",      "identity.db.lock", "identity.db-lock"};
    drop_reply(k);
    identity_close(k->id);
    jose_key_free(k->key);
    arena_done(&k->a);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        (void)snprintf(command, sizeof command, "%s/%s", k->dir, files[i]);
        (void)unlink(command);
    }
    (void)rmdir(k->dir);
}

void kit_sign_in(struct kit *k, text account_id)
{
    struct account account;
    struct session session;
    struct err e = {0};
    text cookie;
    assert_int_equal(account_read(identity_kept(k->id), account_id, &k->a, &account, &e), 0);
    assert_int_equal(session_begin(k->id->sessions, &account, SESSION_SIGNED_IN, true, &k->a,
                                   &cookie, &session, &e),
                     0);
    k->cookie = arena_printf(&k->a, "__Host-kith=%.*s", TEXT_ARG(cookie));
    k->csrf = arena_copy(&k->a, session.csrf);
}

static void take_binding(struct kit *k)
{
    text head = buf_text(&k->reply.head), line;
    while (text_cut(&head, '\n', &line)) {
        if (text_starts(line, T("Set-Cookie: "))) {
            text cookie = text_from(line, 12);
            k->binding = arena_copy(&k->a, text_first(cookie, text_find(cookie, ';')));
        }
    }
}

int kit_send(struct kit *k, enum http_method method, const char *target, const char *body,
             const char *authorization)
{
    struct http_field fields[8];
    size_t n = 0;
    text t = arena_copy(&k->a, text_of(target));
    size_t mark = text_find(t, '?');
    bool json = text_starts(t, T("/auth/")) || text_starts(t, T("/oauth/register"));
    text cookie = k->binding.n
                      ? arena_printf(&k->a, "%.*s; %.*s", TEXT_ARG(k->cookie), TEXT_ARG(k->binding))
                      : k->cookie;
    fields[n++] = (struct http_field){T("Host"), T("node.example")};
    fields[n++] = (struct http_field){
        T("Content-Type"), json ? T("application/json") : T("application/x-www-form-urlencoded")};
    if (cookie.n) {
        fields[n++] = (struct http_field){T("Cookie"), cookie};
        fields[n++] = (struct http_field){T("Origin"), T(OAUTH_ISSUER)};
        fields[n++] = (struct http_field){T("X-Kith-CSRF"), k->csrf};
    }
    if (k->site) {
        fields[n++] = (struct http_field){T("Sec-Fetch-Site"), text_of(k->site)};
    }
    if (authorization) {
        fields[n++] = (struct http_field){T("Authorization"), text_of(authorization)};
    }
    struct http_request request = {.method = method,
                                   .target = t,
                                   .path = text_first(t, mark),
                                   .query = text_from(t, mark + 1),
                                   .fields = fields,
                                   .field_count = n,
                                   .body = text_of(body),
                                   .arena = &k->a,
                                   .peer = T("192.0.2.1"),
                                   .tls = true};
    drop_reply(k);
    buf_init(&k->reply.head, 1 << 20);
    buf_init(&k->reply.body, 1 << 20);
    assert_true(identity_serves(request.path));
    identity_handle(k->id, &request, &k->reply);
    take_binding(k);
    struct err e;
    if (k->reply.body.n && json_read(buf_text(&k->reply.body), 20, &k->a, &k->json, &e)) {
        k->json = NULL;
    }
    return k->reply.status;
}

text kit_member(const struct kit *k, const char *name)
{
    text t = json_text(json_get(k->json, text_of(name)));
    return t.p ? t : T("");
}

text kit_redirected(struct kit *k, const char *name)
{
    text head = buf_text(&k->reply.head), line, url = kit_member(k, "redirect");
    struct oauth_form form;
    struct err e;
    while (!url.n && text_cut(&head, '\n', &line)) {
        url = text_starts(line, T("Location: ")) ? text_trim(text_from(line, 10)) : url;
    }
    text query = text_from(url, text_find(url, '?') + 1);
    return oauth_form_read(query, &k->a, &form, &e)
               ? T("")
               : arena_copy(&k->a, oauth_form_get(&form, name));
}

static const char *callback_of(const char *client)
{
    return text_eq(text_of(client), T("kith-portal")) ? "https%3A%2F%2Fnode.example%2F"
                                                      : "https%3A%2F%2Fapp.example%2Fcb";
}

int kit_authorize(struct kit *k, const char *client, const char *scope, const char *more)
{
    text e_scope = uri_escape(text_of(scope), &k->a);
    text target = arena_printf(&k->a,
                               "/oauth/"
                               "authorize?response_type=code&client_id=%s&redirect_uri=%s&scope=%.*"
                               "s&state=s1&aud=" OAUTH_ISSUER "/fhir&code_challenge=" OAUTH_S256
                               "&code_challenge_method=S256%s",
                               client, callback_of(client), TEXT_ARG(e_scope), more ? more : "");
    return kit_send(k, HTTP_GET, target.p, NULL, NULL);
}

/* The key behind /#/consent/ of the last Location. */
static text consent_key(struct kit *k)
{
    text head = buf_text(&k->reply.head), mark = T("/#/consent/");
    for (size_t i = 0; i < head.n; i++) {
        if (text_starts(text_from(head, i), mark)) {
            text key = text_from(head, i + mark.n);
            return arena_copy(&k->a, text_trim(text_first(key, text_find(key, '\n'))));
        }
    }
    return T("");
}

text kit_code(struct kit *k, const char *client, const char *scope, const char *more)
{
    struct buf b;
    if (kit_authorize(k, client, scope, more) != 303) {
        fail_msg("authorize: %d %.*s", k->reply.status, TEXT_ARG(buf_text(&k->reply.body)));
    }
    text key = consent_key(k);
    if (!key.n) {
        return kit_redirected(k, "code");
    }
    text target = arena_printf(&k->a, "/auth/consent/%.*s", TEXT_ARG(key));
    assert_int_equal(kit_send(k, HTTP_GET, target.p, NULL, NULL), 200);
    bool needs = yyjson_is_true(json_get(k->json, T("needs_patient")));
    buf_init(&b, 1 << 16);
    buf_add(&b, T("{\"allow\":true,\"scopes\":["));
    const yyjson_val *list = json_get(k->json, T("scopes"));
    const yyjson_val *item = list + 1;
    for (size_t left = json_len(list); left; left--, item = json_after(item)) {
        json_write_string(json_text(json_get(item, T("scope"))), &b);
        buf_add(&b, left > 1 ? T(",") : T(""));
    }
    buf_add(&b, needs ? T("],\"patient\":\"p2\"}") : T("]}"));
    buf_addc(&b, '\0');
    int status = kit_send(k, HTTP_POST, target.p, b.p, NULL);
    buf_done(&b);
    if (status != 200) {
        fail_msg("consent: %d %.*s", status, TEXT_ARG(buf_text(&k->reply.body)));
    }
    return kit_redirected(k, "code");
}

int kit_exchange(struct kit *k, const char *client, text code, const char *verifier)
{
    text body = arena_printf(&k->a,
                             "grant_type=authorization_code&client_id=%s&code=%.*s&redirect_uri="
                             "%s&code_verifier=%s",
                             client, TEXT_ARG(code), callback_of(client), verifier);
    return kit_send(k, HTTP_POST, "/oauth/token", body.p, NULL);
}

int kit_refresh(struct kit *k, const char *client, text token, const char *scope)
{
    text body = arena_printf(&k->a, "grant_type=refresh_token&client_id=%s&refresh_token=%.*s%s%s",
                             client, TEXT_ARG(token), scope ? "&scope=" : "", scope ? scope : "");
    return kit_send(k, HTTP_POST, "/oauth/token", body.p, NULL);
}

int kit_bearer(struct kit *k, text token, struct caller *ret_caller)
{
    struct err e = {0};
    return oauth_bearer(k->id->oauth, token, &k->a, ret_caller, &e);
}

text kit_assertion(struct kit *k, const char *client, const char *aud, const char *jti,
                   int64_t exp_in_s)
{
    struct err e = {0};
    text jws,
        payload =
            arena_printf(&k->a, "{\"iss\":\"%s\",\"sub\":\"%s\",\"aud\":\"%s\",\"exp\":%lld%s%s%s}",
                         client, client, aud, (long long)(clock_real_ms() / 1000 + exp_in_s),
                         jti ? ",\"jti\":\"" : "", jti ? jti : "", jti ? "\"" : "");
    assert_int_equal(jws_sign(k->key, "JWT", payload, &k->a, &jws, &e), 0);
    return arena_printf(&k->a,
                        "&client_assertion_type=urn%%3Aietf%%3Aparams%%3Aoauth%%3Aclient-assertion"
                        "-type%%3Ajwt-bearer&client_assertion=%.*s",
                        TEXT_ARG(jws));
}

void kit_is_error(struct kit *k, int status, int expected, const char *error)
{
    if (status != expected || !text_eq(kit_member(k, "error"), text_of(error))) {
        fail_msg("%d, not %d %s: %.*s", status, expected, error,
                 TEXT_ARG(buf_text(&k->reply.body)));
    }
}

text kit_consent_target(struct kit *k)
{
    text head = buf_text(&k->reply.head);
    size_t at = 0;
    while (at < head.n && !text_starts(text_from(head, at), T("/consent/"))) {
        at++;
    }
    text key = text_from(head, at);
    return arena_printf(&k->a, "/auth%.*s",
                        TEXT_ARG(text_trim(text_first(key, text_find(key, '\n')))));
}
