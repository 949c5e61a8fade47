#include "identity/oauth_int.h"

/* The token endpoint: three grants (RFC 6749, 4.1.3, 6 and 4.4; SMART App Launch 2.2). */

static void refuse_grant(struct oauth_call *c, const char *words)
{
    oauth_refuse(c, 400, "invalid_grant", words);
}

static void refuse_err(struct oauth_call *c, int code, const struct err *e)
{
    oauth_refuse(c, err_info(code)->status >= 500 ? 503 : 400,
                 err_info(code)->status >= 500 ? "temporarily_unavailable" : "invalid_grant",
                 err_text(e));
}

/* --- the answer --------------------------------------------------------------------------------
 */

struct issuance {
    const struct client *client;
    struct oauth_grant grant; /* key empty: a backend service's */
    text scope;
    struct scopes scopes;
    const struct actor *actor; /* NULL: a backend service */
    text person;               /* for fhirUser: "Practitioner/x" */
    text nonce;
    bool with_id_token;
    int64_t live_ms;
    text access;
    text refresh;
    bool alone; /* nobody is at the screen */
};

static text id_token(struct oauth_call *c, const struct issuance *s, struct err *e)
{
    struct buf b;
    text jws = {NULL, 0};
    int64_t now_s = c->now_ms / 1000;
    buf_init(&b, JOSE_MAX);
    buf_addc(&b, '{');
    oauth_member(&b, "iss", c->origin);
    oauth_member(&b, "sub", s->grant.account);
    oauth_member(&b, "aud", s->client->id);
    oauth_member_i64(&b, "iat", now_s);
    oauth_member_i64(&b, "exp", now_s + OAUTH_ACCESS_MS / OAUTH_SECOND);
    oauth_member_i64(&b, "auth_time", s->grant.auth_ms / 1000);
    if (s->nonce.n) {
        oauth_member(&b, "nonce", s->nonce);
    }
    if (s->scopes.fhir_user && s->person.n) {
        text url = arena_printf(c->a, "%.*s/%.*s", TEXT_ARG(c->fhir), TEXT_ARG(s->person));
        oauth_member(&b, "fhirUser", url.p ? url : T(""));
    }
    if (s->scopes.profile || s->scopes.fhir_user) {
        oauth_member(&b, "name", s->actor->name);
    }
    buf_addc(&b, '}');
    if (buf_failed(&b)) {
        (void)err_set(e, ERR_MEMORY, "there is no memory for an ID token");
    } else {
        (void)jws_sign(c->o->key, "JWT", buf_text(&b), c->a, &jws, e);
    }
    buf_done(&b);
    return jws;
}

static void answer(struct oauth_call *c, const struct issuance *s, text id)
{
    struct buf *b = &c->reply->body;
    buf_addc(b, '{');
    oauth_member(b, "access_token", s->access);
    oauth_member(b, "token_type", T("Bearer"));
    oauth_member_i64(b, "expires_in", s->live_ms / OAUTH_SECOND);
    oauth_member(b, "scope", s->scope);
    if (s->refresh.n) {
        oauth_member(b, "refresh_token", s->refresh);
    }
    if (id.n) {
        oauth_member(b, "id_token", id);
    }
    if (s->grant.patient.n) {
        oauth_member(b, "patient", s->grant.patient);
        oauth_member_bool(b, "need_patient_banner", true);
    }
    if (s->grant.encounter.n && s->scopes.launch_encounter) {
        oauth_member(b, "encounter", s->grant.encounter);
    }
    if (s->scopes.fhir_user && s->person.n) {
        text url = arena_printf(c->a, "%.*s/%.*s", TEXT_ARG(c->fhir), TEXT_ARG(s->person));
        oauth_member(b, "fhirUser", url.p ? url : T(""));
    }
    buf_addc(b, '}');
    oauth_json(c, 200);
}

/* --- what is written ----------------------------------------------------------------------------
 */

static int token_change(struct oauth_call *c, const char *kind, const struct oauth_token *row,
                        text *ret_token, struct kept_change *ret_change, struct err *e)
{
    *ret_token = secret_token(c->a);
    *ret_change = (struct kept_change){.change = KEPT_ADD,
                                       .kind = kind,
                                       .key = secret_hash(*ret_token, c->a),
                                       .value = row_print(oauth_token_fields, row, c->a)};
    return ret_token->p && ret_change->key.p && ret_change->value.p
               ? 0
               : err_set(e, ERR_MEMORY, "there is no memory for a token");
}

/* The access token, and a refresh token where the grant outlives it. `changes` has room. */
static int add_tokens(struct oauth_call *c, struct issuance *s, bool refresh,
                      struct kept_change *changes, size_t *count, struct err *e)
{
    struct oauth_token row = {.grant = s->grant.key,
                              .client = s->client->id,
                              .scope = s->scope,
                              .issued_ms = c->now_ms,
                              .expires_ms = c->now_ms + s->live_ms,
                              .alone = s->alone};
    int code = token_change(c, "token", &row, &s->access, &changes[*count], e);
    *count += !code;
    if (!code && refresh) {
        row.scope = T("");
        row.expires_ms = s->grant.expires_ms;
        code = token_change(c, "refresh", &row, &s->refresh, &changes[*count], e);
        *count += !code;
    }
    return code;
}

static int64_t grant_end_of(const struct scopes *s, int64_t now_ms, int64_t auth_ms)
{
    return s->offline_access  ? now_ms + OAUTH_OFFLINE_MS
           : s->online_access ? auth_ms + OAUTH_ONLINE_MS
                              : now_ms + OAUTH_ACCESS_MS;
}

/* --- ends ---------------------------------------------------------------------------------------
 */

/* A code or a refresh token came twice: somebody has a copy. All that came of it ends. */
static void end_family(struct oauth_call *c, const struct client *client, text key,
                       const char *what)
{
    struct err e = {0};
    struct oauth_grant grant = {0};
    text was;
    if (grant_read(c->o->kept, key, c->a, &grant, &was, &e) == 0) {
        struct actor actor = {.kind = ACTOR_SYSTEM, .account = grant.account};
        int code = grant_end(c->o->kept, key, &e);
        code = code ? code
                    : oauth_note(c, EVENT_TOKEN_REVOKED, EVENT_SERIOUS, &actor, client,
                                 grant.patient, what, &e);
        if (code) {
            refuse_err(c, code, &e);
            return;
        }
    }
    text words = arena_printf(c->a, "%s; the app's access has ended", what);
    refuse_grant(c, words.p ? words.p : what);
}

/* --- authorization_code --------------------------------------------------------------------------
 */

static const char *check_code(struct oauth_call *c, const struct oauth_form *form,
                              const struct oauth_ask *ask)
{
    text verifier = oauth_form_get(form, "code_verifier");
    text challenge = oauth_challenge(verifier, c->a);
    if (ask->expires_ms <= c->now_ms) {
        return "the code has expired; it is good for 60 seconds";
    }
    if (!text_eq(ask->redirect, oauth_form_get(form, "redirect_uri"))) {
        return "redirect_uri is not the one that the code was made for";
    }
    if (verifier.n < 43 || verifier.n > 128 || !challenge.p ||
        !secret_eq(challenge, ask->challenge)) {
        return "code_verifier is not the one that code_challenge was made of";
    }
    return NULL;
}

static int make_grant(struct oauth_call *c, const struct oauth_ask *ask, struct issuance *s,
                      struct err *e)
{
    char uuid[UUID_SIZE];
    int code = scopes_parse(ask->scope, c->a, &s->scopes, e);
    if (code) {
        return code;
    }
    random_uuid(uuid);
    s->scope = ask->scope;
    s->nonce = ask->nonce;
    s->grant =
        (struct oauth_grant){.key = arena_printf(c->a, "%.*s/%s", TEXT_ARG(ask->account), uuid),
                             .account = ask->account,
                             .client = ask->client,
                             .scope = ask->scope,
                             .patient = ask->patient,
                             .encounter = ask->encounter,
                             .session = ask->session,
                             .role = ask->role,
                             .epoch = ask->epoch,
                             .began_ms = c->now_ms,
                             .used_ms = c->now_ms,
                             .expires_ms = grant_end_of(&s->scopes, c->now_ms, ask->auth_ms),
                             .auth_ms = ask->auth_ms};
    return s->grant.key.p ? 0 : err_set(e, ERR_MEMORY, "there is no memory for a grant");
}

static int read_person(struct oauth_call *c, struct issuance *s, struct actor *ret_actor,
                       struct err *e)
{
    struct account account;
    int code = identity_actor(c->o->id, s->grant.account, (size_t)s->grant.role,
                              (uint64_t)s->grant.epoch, c->a, ret_actor, e);
    code = code ? code : account_read(c->o->kept, s->grant.account, c->a, &account, e);
    if (!code) {
        s->actor = ret_actor;
        s->person = account.person;
        if (!s->person.n && account.patient.n) {
            s->person = arena_printf(c->a, "Patient/%.*s", TEXT_ARG(account.patient));
        }
    }
    return code;
}

static int write_exchange(struct oauth_call *c, struct oauth_ask *ask, text key, text was,
                          struct issuance *s, struct err *e)
{
    struct kept_change changes[4];
    size_t count = 2;
    ask->used = true;
    ask->grant = s->grant.key;
    ask->expires_ms = c->now_ms + OAUTH_DAY; /* until then a second use is known as one */
    changes[0] = (struct kept_change){.change = KEPT_SWAP,
                                      .kind = "code",
                                      .key = key,
                                      .was = was,
                                      .value = row_print(oauth_ask_fields, ask, c->a)};
    changes[1] = (struct kept_change){.change = KEPT_ADD,
                                      .kind = "grant",
                                      .key = s->grant.key,
                                      .value = row_print(oauth_grant_fields, &s->grant, c->a)};
    if (!changes[0].value.p || !changes[1].value.p) {
        return err_set(e, ERR_MEMORY, "there is no memory for a grant");
    }
    bool refresh = s->scopes.offline_access || s->scopes.online_access;
    int code = add_tokens(c, s, refresh, changes, &count, e);
    return code ? code : kept_write(c->o->kept, changes, count, NULL, e);
}

static void finish(struct oauth_call *c, struct issuance *s, struct err *e)
{
    text id = s->scopes.openid && s->with_id_token ? id_token(c, s, e) : T("");
    if (s->scopes.openid && s->with_id_token && !id.p) {
        refuse_err(c, ERR_INTERNAL, e);
        return;
    }
    answer(c, s, id);
}

static void exchange_code(struct oauth_call *c, const struct oauth_form *form,
                          const struct client *client)
{
    struct oauth_ask ask = {0};
    struct issuance s = {.client = client, .live_ms = OAUTH_ACCESS_MS, .with_id_token = true};
    struct actor actor = {0};
    struct err e = {0};
    text key = secret_hash(oauth_form_get(form, "code"), c->a), was;
    int code = key.p ? kept_get(c->o->kept, "code", key, c->a, &was, &e) : ERR_MEMORY;
    code = code ? code : row_read(oauth_ask_fields, was, c->a, &ask, &e);
    if (code == ERR_NOT_FOUND || (!code && !text_eq(ask.client, client->id))) {
        refuse_grant(c, "the code is not one that was given to this app, or it is too old");
        return;
    }
    if (!code && ask.used) {
        end_family(c, client, ask.grant, "the code was used a second time");
        return;
    }
    const char *wrong = code ? NULL : check_code(c, form, &ask);
    if (wrong) {
        refuse_grant(c, wrong);
        return;
    }
    code = code ? code : make_grant(c, &ask, &s, &e);
    code = code ? code : read_person(c, &s, &actor, &e);
    code = code ? code
                : oauth_note(c, EVENT_TOKEN, EVENT_OK, &actor, client, s.grant.patient, NULL, &e);
    code = code ? code : write_exchange(c, &ask, key, was, &s, &e);
    if (code == ERR_CONFLICT && !kept_get(c->o->kept, "code", key, c->a, &was, &e) &&
        !row_read(oauth_ask_fields, was, c->a, &ask, &e)) {
        end_family(c, client, ask.grant, "the code was used a second time");
    } else if (code) {
        refuse_err(c, code, &e);
    } else {
        finish(c, &s, &e);
    }
}

/* What the portal has lives in memory: neither code nor token is kept, and the log has the sign-in
 * that they come of. */
static void exchange_portal(struct oauth_call *c, const struct oauth_form *form,
                            const struct client *client)
{
    struct oauth_ask ask = {0};
    struct issuance s = {.client = client, .live_ms = OAUTH_ACCESS_MS, .with_id_token = true};
    struct actor actor = {0};
    struct err e = {0};
    text code_text = oauth_form_get(form, "code");
    const char *wrong = portal_code(c, code_text, false, &ask)
                            ? check_code(c, form, &ask)
                            : "the code is not one that was given to this page, or it is too old";
    if (!wrong && !portal_code(c, code_text, true, &ask)) {
        wrong = "the code was used a second time";
    }
    if (wrong) {
        refuse_grant(c, wrong);
        return;
    }
    int code = make_grant(c, &ask, &s, &e);
    code = code ? code : read_person(c, &s, &actor, &e);
    code = code ? code : portal_token(c, &ask, c->now_ms + s.live_ms, &s.access, &e);
    if (code) {
        refuse_err(c, code, &e);
    } else {
        finish(c, &s, &e);
    }
}

/* --- refresh_token
 * -------------------------------------------------------------------------------- */

/* RFC 6749, 6: no more than was granted; the grant itself stays as wide as it was. */
static const char *narrow(struct oauth_call *c, const struct oauth_form *form, struct issuance *s)
{
    struct scopes asked, within;
    struct err e = {0};
    text wanted = oauth_form_get(form, "scope");
    if (scopes_parse(s->grant.scope, c->a, &s->scopes, &e)) {
        return "the grant cannot be read";
    }
    s->scope = s->grant.scope;
    if (!wanted.n) {
        return NULL;
    }
    if (scopes_parse(wanted, c->a, &asked, &e) ||
        scopes_within(&asked, &s->scopes, c->a, &within, &e) ||
        !text_eq(scopes_print(&asked, c->a), scopes_print(&within, c->a))) {
        return "the scope asks for more than was granted; leave it out, or ask for less";
    }
    s->scopes = within;
    s->scope = scopes_print(&within, c->a);
    return s->scope.p ? NULL : "there is no memory for the scope";
}

static int write_refresh(struct oauth_call *c, text key, text was, struct oauth_token *old,
                         text grant_was, struct issuance *s, struct err *e)
{
    struct kept_change changes[4];
    struct scopes granted;
    size_t count = 2;
    int code = scopes_parse(s->grant.scope, c->a, &granted, e);
    if (code) {
        return code;
    }
    s->grant.used_ms = c->now_ms;
    s->grant.expires_ms = grant_end_of(&granted, c->now_ms, s->grant.auth_ms);
    old->used = true;
    changes[0] = (struct kept_change){.change = KEPT_SWAP,
                                      .kind = "refresh",
                                      .key = key,
                                      .was = was,
                                      .value = row_print(oauth_token_fields, old, c->a)};
    changes[1] = (struct kept_change){.change = KEPT_SWAP,
                                      .kind = "grant",
                                      .key = s->grant.key,
                                      .was = grant_was,
                                      .value = row_print(oauth_grant_fields, &s->grant, c->a)};
    if (!changes[0].value.p || !changes[1].value.p) {
        return err_set(e, ERR_MEMORY, "there is no memory for a token");
    }
    code = add_tokens(c, s, true, changes, &count, e);
    return code ? code : kept_write(c->o->kept, changes, count, NULL, e);
}

static void refresh(struct oauth_call *c, const struct oauth_form *form,
                    const struct client *client)
{
    struct oauth_token old = {0};
    struct issuance s = {.client = client, .live_ms = OAUTH_ACCESS_MS};
    struct actor actor = {0};
    struct err e = {0};
    text token = oauth_form_get(form, "refresh_token"), was = T(""), grant_was = T("");
    int code = oauth_token_read(c->o->kept, "refresh", token, c->now_ms, c->a, &old, &was, &e);
    if (code == ERR_NOT_FOUND || (!code && !text_eq(old.client, client->id))) {
        refuse_grant(c, "the refresh token is not one of this app's, or it has expired");
        return;
    }
    if (!code && old.used) {
        end_family(c, client, old.grant, "the refresh token was used a second time");
        return;
    }
    code = code ? code : grant_read(c->o->kept, old.grant, c->a, &s.grant, &grant_was, &e);
    if (code == ERR_NOT_FOUND || (!code && s.grant.expires_ms <= c->now_ms)) {
        refuse_grant(c, "the person or the node has ended this app's access");
        return;
    }
    const char *wrong = code ? NULL : narrow(c, form, &s);
    if (wrong) {
        oauth_refuse(c, 400, "invalid_scope", wrong);
        return;
    }
    code = code ? code : read_person(c, &s, &actor, &e);
    struct scopes granted;
    code = code ? code : scopes_parse(s.grant.scope, c->a, &granted, &e);
    s.alone =
        !code && !oauth_session_lives(c->o, s.grant.session, s.grant.auth_ms, c->now_ms, c->a);
    if (s.alone && !granted.offline_access) {
        refuse_grant(c, "the person has signed out; access was for as long as they are signed in");
        return;
    }
    text key = secret_hash(token, c->a);
    code = code ? code : write_refresh(c, key, was, &old, grant_was, &s, &e);
    if (code == ERR_CONFLICT) {
        end_family(c, client, old.grant, "the refresh token was used a second time");
    } else if (code) {
        refuse_err(c, code, &e);
    } else {
        finish(c, &s, &e);
    }
}

/* --- client_credentials
 * ---------------------------------------------------------------------------- */

static const char *system_scopes(struct oauth_call *c, const struct oauth_form *form,
                                 const struct client *client, struct issuance *s)
{
    struct scopes asked, allowed;
    struct err e = {0};
    text wanted = oauth_form_get(form, "scope");
    if (!wanted.n) {
        return "scope is required, such as system/Observation.rs";
    }
    if (scopes_parse(wanted, c->a, &asked, &e) || scopes_parse(client->scope, c->a, &allowed, &e) ||
        scopes_within(&asked, &allowed, c->a, &s->scopes, &e) ||
        oauth_plan(c->o, &s->scopes, c->a, &e)) {
        text words = arena_printf(c->a, "%s", err_text(&e));
        return words.p ? words.p : "the scope is not right";
    }
    for (size_t i = 0; i < asked.count; i++) {
        if (asked.items[i].level != SCOPE_SYSTEM) {
            return "a backend service has scopes of system/ alone";
        }
    }
    if (!s->scopes.count) {
        return "nothing is asked for that the service was registered for";
    }
    s->scope = scopes_print(&s->scopes, c->a);
    return s->scope.p ? NULL : "there is no memory for the scope";
}

static void credentials(struct oauth_call *c, const struct oauth_form *form,
                        const struct client *client)
{
    struct issuance s = {.client = client, .live_ms = OAUTH_SYSTEM_MS};
    struct actor actor = {.kind = ACTOR_SYSTEM, .name = client->name};
    struct kept_change changes[2];
    struct err e = {0};
    size_t count = 0;
    uint8_t slot = (uint8_t)hash_text(c->o->hash_key, client->id);
    if (client->kind != CLIENT_SYSTEM) {
        oauth_refuse(c, 400, "unauthorized_client",
                     "client_credentials is for backend services: clients of kind system");
        return;
    }
    const char *wrong = system_scopes(c, form, client, &s);
    if (wrong) {
        oauth_refuse(c, 400, "invalid_scope", wrong);
        return;
    }
    if (!oauth_rate(c, &c->o->system_tokens[slot], OAUTH_SYSTEM_MINUTE)) {
        http_reply_field(c->reply, T("Retry-After"), T("60"));
        oauth_refuse(c, 429, "slow_down", "use a token until it expires before asking for another");
        return;
    }
    int code = add_tokens(c, &s, false, changes, &count, &e);
    code = code ? code : oauth_note(c, EVENT_TOKEN, EVENT_OK, &actor, client, T(""), NULL, &e);
    code = code ? code : kept_write(c->o->kept, changes, count, NULL, &e);
    if (code) {
        refuse_err(c, code, &e);
    } else {
        finish(c, &s, &e);
    }
}

void oauth_token(struct oauth_call *c)
{
    struct oauth_form form;
    struct client client;
    if (!oauth_form_of(c, &form) || !oauth_client(c, &form, &client)) {
        return;
    }
    oauth_sweep(c);
    text type = oauth_form_get(&form, "grant_type");
    if (text_eq(type, T("client_credentials"))) {
        credentials(c, &form, &client);
    } else if (client.kind == CLIENT_SYSTEM) {
        oauth_refuse(c, 400, "unauthorized_client", "a system has only client_credentials");
    } else if (text_eq(type, T("authorization_code"))) {
        (portal_is(&client) ? exchange_portal : exchange_code)(c, &form, &client);
    } else if (text_eq(type, T("refresh_token"))) {
        refresh(c, &form, &client);
    } else {
        oauth_refuse(c, 400, "unsupported_grant_type",
                     "grant_type has to be authorization_code, refresh_token or "
                     "client_credentials");
    }
}
