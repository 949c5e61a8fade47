#include "identity/oauth_int.h"

/*
 * The authorisation request (OAuth 2.1, 4.1.1; SMART App Launch 2.2). What is wrong with the client
 * or its redirect address is shown here; everything else is told to the app.
 */

enum { STATE_MAX = 2048, NONCE_MAX = 512, AGE_MAX_S = 10 * 365 * 86400 };

/* --- what is told here, and never redirected ---------------------------------------------------
 */

static void html_escape(struct buf *b, text t)
{
    for (size_t i = 0; i < t.n; i++) {
        switch (t.p[i]) {
        case '<':
            buf_add(b, T("&lt;"));
            break;
        case '>':
            buf_add(b, T("&gt;"));
            break;
        case '&':
            buf_add(b, T("&amp;"));
            break;
        case '"':
            buf_add(b, T("&quot;"));
            break;
        default:
            buf_addc(b, t.p[i]);
        }
    }
}

static void show(struct oauth_call *c, const char *error, const char *words)
{
    text accept = http_field(c->request, T("Accept"));
    bool page = false;
    for (size_t i = 0; i + 9 <= accept.n && !page; i++) {
        page = text_eq_nocase(text_first(text_from(accept, i), 9), T("text/html"));
    }
    oauth_refuse(c, 400, error, words);
    if (page) {
        struct buf *b = &c->reply->body;
        buf_clear(b);
        buf_add(b,
                T("<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>This app "
                  "cannot go on</title></head><body><main><h1>This app cannot go on</h1><p>"));
        html_escape(b, text_of(words));
        buf_add(b, T("</p><p>Nothing was shared. Go back to the app, or tell the people who make "
                     "it.</p></main></body></html>"));
        c->reply->content_type = "text/html; charset=utf-8";
        http_reply_field(c->reply, T("Content-Security-Policy"),
                         T("default-src 'none'; frame-ancestors 'none'; base-uri 'none'"));
    }
}

static bool read_client(struct oauth_call *c, const struct oauth_form *form,
                        struct client *ret_client)
{
    struct err e = {0};
    text redirect = oauth_form_get(form, "redirect_uri");
    int code = oauth_client_read(c, oauth_form_get(form, "client_id"), ret_client, &e);
    if (code == ERR_NOT_FOUND ||
        (!code && (ret_client->disabled || ret_client->kind == CLIENT_SYSTEM))) {
        show(c, "invalid_client", "The app is not known here, or it has been turned off.");
        return false;
    }
    if (code) {
        oauth_refuse(c, err_info(code)->status, "server_error", err_text(&e));
        return false;
    }
    for (size_t i = 0; i < ret_client->redirect_count; i++) {
        if (text_eq(ret_client->redirects[i], redirect)) {
            return true;
        }
    }
    show(c, "invalid_request",
         "The address that the app wants the answer at (redirect_uri) is not one that it was "
         "registered with.");
    return false;
}

/* --- back to the app ---------------------------------------------------------------------------
 */

text oauth_back(struct oauth_call *c, text redirect, text state, const char *name, text value,
                const char *words)
{
    text value_e = uri_escape(value, c->a), state_e = uri_escape(state, c->a);
    text issuer_e = uri_escape(c->origin, c->a), words_e = uri_escape(text_of(words), c->a);
    if (!value_e.p || !state_e.p || !issuer_e.p || !words_e.p) {
        return (text){NULL, 0};
    }
    return arena_printf(c->a, "%.*s%c%s=%.*s%s%.*s%s%.*s&iss=%.*s", TEXT_ARG(redirect),
                        text_find(redirect, '?') < redirect.n ? '&' : '?', name, TEXT_ARG(value_e),
                        words ? "&error_description=" : "", TEXT_ARG(words_e),
                        state.n ? "&state=" : "", TEXT_ARG(state_e), TEXT_ARG(issuer_e));
}

static void go(struct oauth_call *c, text url)
{
    if (!url.p) {
        oauth_refuse(c, 503, "temporarily_unavailable", "there is no memory for the answer");
        return;
    }
    oauth_json(c, 303);
    c->reply->content_type = NULL;
    buf_clear(&c->reply->body);
    http_reply_field(c->reply, T("Referrer-Policy"), T("no-referrer"));
    http_reply_field(c->reply, T("Location"), url);
}

struct refusal {
    const char *error; /* NULL: none */
    const char *words;
};
#define REFUSE(code, text_of_it) \
    return (struct refusal)      \
    {                            \
        code, text_of_it         \
    }

/* --- what is asked -----------------------------------------------------------------------------
 */

static bool printable(text t, size_t most)
{
    for (size_t i = 0; i < t.n; i++) {
        if ((unsigned char)t.p[i] < 0x20 || (unsigned char)t.p[i] > 0x7e) {
            return false;
        }
    }
    return t.n <= most;
}

static bool is_challenge(text t)
{
    for (size_t i = 0; i < t.n; i++) {
        char ch = t.p[i];
        if (!((ch >= 'A' && ch <= 'Z') || (ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') ||
              ch == '-' || ch == '_')) {
            return false;
        }
    }
    return t.n == 43;
}

static struct refusal check_protocol(struct oauth_call *c, const struct oauth_form *form)
{
    text mode = oauth_form_get(form, "response_mode");
    text aud = oauth_form_get(form, "aud");
    if (oauth_form_get(form, "request").n) {
        REFUSE("request_not_supported", "send the parameters themselves");
    }
    if (oauth_form_get(form, "request_uri").n) {
        REFUSE("request_uri_not_supported", "send the parameters themselves");
    }
    if (!text_eq(oauth_form_get(form, "response_type"), T("code"))) {
        REFUSE("unsupported_response_type", "response_type has to be code");
    }
    if (mode.n && !text_eq(mode, T("query"))) {
        REFUSE("invalid_request", "response_mode has to be query");
    }
    if (!text_eq(oauth_form_get(form, "code_challenge_method"), T("S256")) ||
        !is_challenge(oauth_form_get(form, "code_challenge"))) {
        REFUSE("invalid_request", "PKCE is required: code_challenge_method=S256 and a "
                                  "code_challenge of 43 characters");
    }
    if (!oauth_form_get(form, "state").n || !printable(oauth_form_get(form, "state"), STATE_MAX)) {
        REFUSE("invalid_request", "state is required: up to 2048 characters of ASCII");
    }
    if (!printable(oauth_form_get(form, "nonce"), NONCE_MAX)) {
        REFUSE("invalid_request", "nonce has up to 512 characters of ASCII");
    }
    if (aud.n && aud.p[aud.n - 1] == '/') {
        aud.n--;
    }
    if (!text_eq(aud, c->fhir)) {
        REFUSE("invalid_request", "aud has to be the FHIR address of this node, as in its "
                                  "smart-configuration");
    }
    REFUSE(NULL, NULL);
}

/* prompt and max_age of OpenID Connect. *ret_none: prompt=none. */
static struct refusal check_prompt(struct oauth_call *c, const struct oauth_form *form,
                                   struct oauth_ask *ask, bool *ret_none)
{
    text rest = oauth_form_get(form, "prompt"), word;
    text age = oauth_form_get(form, "max_age");
    uint64_t seconds;
    size_t count = 0;
    rest = rest.n ? rest : (text){NULL, 0};
    while (text_cut(&rest, ' ', &word)) {
        count++;
        if (text_eq(word, T("none"))) {
            *ret_none = true;
        } else if (text_eq(word, T("login"))) {
            ask->fresh_ms = c->now_ms + 1; /* a session of this very millisecond was there */
        } else if (text_eq(word, T("consent"))) {
            ask->asks = true;
        } else if (!text_eq(word, T("select_account"))) {
            REFUSE("invalid_request", "prompt has none, login, consent or select_account");
        }
    }
    if (*ret_none && count > 1) {
        REFUSE("invalid_request", "prompt=none stands alone");
    }
    if (age.n) {
        if (!text_to_u64(age, &seconds) || seconds > AGE_MAX_S) {
            REFUSE("invalid_request", "max_age is a number of seconds");
        }
        int64_t since = c->now_ms - (int64_t)seconds * OAUTH_SECOND;
        ask->fresh_ms = since > ask->fresh_ms ? since : ask->fresh_ms;
    }
    REFUSE(NULL, NULL);
}

/* The context that the portal made for this launch: for one use, by this client. */
static struct refusal take_launch(struct oauth_call *c, text launch, const struct client *client,
                                  struct oauth_ask *ask)
{
    struct oauth_ask made = {0};
    struct err e;
    text row;
    if (!waiting_get(c->o->launches, launch, c->now_ms, true, c->a, &row) ||
        row_read(oauth_ask_fields, row, c->a, &made, &e) || !text_eq(made.client, client->id)) {
        REFUSE("invalid_request", "launch is not one that this node gave to the app in the last 5 "
                                  "minutes, or it has been used; start the app again");
    }
    ask->launched = true;
    ask->patient = made.patient;
    ask->encounter = made.encounter;
    ask->account = made.account;
    ask->from = made.from;
    ask->person = made.person;
    REFUSE(NULL, NULL);
}

static struct refusal check_scope(struct oauth_call *c, const struct oauth_form *form,
                                  const struct client *client, struct oauth_ask *ask,
                                  struct scopes *ret_scopes)
{
    struct scopes asked, allowed;
    struct err e = {0};
    text launch = oauth_form_get(form, "launch");
    if (scopes_parse(oauth_form_get(form, "scope"), c->a, &asked, &e) ||
        scopes_parse(client->scope, c->a, &allowed, &e) ||
        scopes_within(&asked, &allowed, c->a, ret_scopes, &e) ||
        oauth_plan(c->o, ret_scopes, c->a, &e)) {
        text words = arena_printf(c->a, "%s", err_text(&e));
        REFUSE("invalid_scope", words.p ? words.p : "the scope is not right");
    }
    if (asked.launch != (launch.n > 0)) {
        REFUSE("invalid_request", "the scope launch and the parameter launch go together");
    }
    if (launch.n && !ret_scopes->launch) {
        REFUSE("invalid_scope", "the app was not registered for the scope launch");
    }
    if (launch.n) {
        struct refusal r = take_launch(c, launch, client, ask);
        if (r.error) {
            return r;
        }
    }
    /* There is no way to choose an encounter here: only a launch brings one. */
    ret_scopes->launch_encounter = ret_scopes->launch_encounter && ask->encounter.n;
    if (!ret_scopes->openid) {
        ret_scopes->fhir_user = ret_scopes->profile = false;
    }
    if (!ret_scopes->count && !ret_scopes->openid) {
        REFUSE("invalid_scope", "nothing is asked for that the app was registered for");
    }
    ask->scope = scopes_print(ret_scopes, c->a);
    REFUSE(ask->scope.p ? NULL : "server_error", "there is no memory for the scope");
}

/* --- who is there ------------------------------------------------------------------------------
 */

/* A grant that still stands and covers all that is asked: nothing new is there to consent to. */
static bool stands(struct oauth_call *c, const struct oauth_ask *ask, const struct scopes *scopes,
                   const struct caller *caller, uint64_t epoch, text *ret_patient)
{
    struct oauth_grant *grants;
    size_t count;
    struct err e;
    bool needs = oauth_needs_patient(scopes);
    /* Anything on a person's machine can take an address of loopback (RFC 8252, 8.6). */
    if (!text_starts(ask->redirect, T("https://")) ||
        grant_each(c->o->kept, caller->actor.account, c->a, &grants, &count, &e)) {
        return false;
    }
    text patient = !needs ? T("") : ask->launched ? ask->patient : caller->actor.patient;
    for (size_t i = 0; i < count && (!needs || patient.n); i++) {
        struct oauth_grant *g = &grants[i];
        struct scopes given, common;
        struct err why;
        if (g->expires_ms > c->now_ms && text_eq(g->client, ask->client) &&
            text_eq(g->patient, patient) && !scopes_parse(g->scope, c->a, &given, &why) &&
            g->epoch == (int64_t)epoch &&
            (given.offline_access ||
             (given.online_access &&
              oauth_session_lives(c->o, g->session, g->auth_ms, c->now_ms, c->a))) &&
            !scopes_within(scopes, &given, c->a, &common, &why) &&
            text_eq(scopes_print(&common, c->a), ask->scope)) {
            *ret_patient = patient;
            return true;
        }
    }
    return false;
}

static void wait_for_person(struct oauth_call *c, struct oauth_ask *ask, bool signed_in)
{
    struct err e = {0};
    text key, row;
    text name = oauth_binding_cookie(c);
    text value = identity_cookie(c->request, name);
    bool fresh = value.n != 43;
    value = fresh ? secret_token(c->a) : value;
    ask->binding = secret_hash(value, c->a);
    ask->expires_ms = c->now_ms + OAUTH_PENDING_MS;
    row = row_print(oauth_ask_fields, ask, c->a);
    if (!value.p || !ask->binding.p || !row.p ||
        waiting_put(c->o->asks, row, ask->expires_ms, c->a, &key, &e)) {
        oauth_refuse(c, 503, "temporarily_unavailable", "there is no memory for the request");
        return;
    }
    text cookie = arena_printf(c->a, "%.*s=%.*s; Path=/; Max-Age=600; HttpOnly; SameSite=Lax%s",
                               TEXT_ARG(name), TEXT_ARG(value), oauth_secure(c) ? "; Secure" : "");
    text url = arena_printf(
        c->a, signed_in ? "%.*s/#/consent/%.*s" : "%.*s/#/sign-in?then=%%23%%2Fconsent%%2F%.*s",
        TEXT_ARG(c->origin), TEXT_ARG(key));
    go(c, cookie.p ? url : cookie);
    if (cookie.p) {
        http_reply_field(c->reply, T("Set-Cookie"), cookie);
    }
}

static void decide(struct oauth_call *c, struct oauth_ask *ask, const struct scopes *scopes,
                   bool none)
{
    struct caller caller = {0};
    struct session session = {0};
    struct err e = {0};
    text patient = T(""), url;
    /* A cookie comes with a GET alone (SameSite=Lax): after a POST the page looks who is there. */
    bool signed_in = c->request->method == HTTP_GET && !oauth_person(c, &caller, &session, &e) &&
                     session.began_ms >= ask->fresh_ms;
    bool right = signed_in && (!ask->account.n || text_eq(ask->account, caller.actor.account));
    if (right && !ask->asks && stands(c, ask, scopes, &caller, session.epoch, &patient)) {
        if (oauth_allow(c, ask, &caller, &session, scopes, patient, &url, &e)) {
            url = oauth_back(c, ask->redirect, ask->state, "error", T("server_error"),
                             "the code could not be made; try again");
        }
        go(c, url);
    } else if (none) {
        go(c, oauth_back(c, ask->redirect, ask->state, "error",
                         right ? T("consent_required") : T("login_required"),
                         right ? "the person has to be asked" : "the person has to sign in"));
    } else {
        wait_for_person(c, ask, signed_in);
    }
}

/* The node's own page asks nobody: who has signed in there has opened it. It shows where to sign in
 * by itself. */
static void decide_portal(struct oauth_call *c, struct oauth_ask *ask)
{
    struct err e = {0};
    text url;
    int code = portal_allow(c, ask, &url, &e);
    if (code) {
        bool told = code == ERR_NOT_FOUND || code == ERR_FORBIDDEN;
        url = oauth_back(c, ask->redirect, ask->state, "error",
                         code == ERR_LOGIN ? T("login_required")
                         : told            ? T("access_denied")
                                           : T("server_error"),
                         err_text(&e));
    }
    go(c, url);
}

void oauth_authorize(struct oauth_call *c)
{
    struct oauth_form form;
    struct client client;
    struct oauth_ask ask = {0};
    struct scopes scopes;
    struct err e = {0};
    bool none = false;
    if (c->request->method == HTTP_POST) {
        if (!oauth_form_of(c, &form)) {
            return;
        }
    } else if (oauth_form_read(c->request->query, c->a, &form, &e)) {
        show(c, "invalid_request", err_text(&e));
        return;
    }
    if (!read_client(c, &form, &client)) {
        return;
    }
    ask.client = client.id;
    ask.redirect = oauth_form_get(&form, "redirect_uri");
    ask.state = oauth_form_get(&form, "state");
    ask.state = printable(ask.state, STATE_MAX) ? ask.state : T("");
    ask.nonce = oauth_form_get(&form, "nonce");
    ask.challenge = oauth_form_get(&form, "code_challenge");
    struct refusal r = check_protocol(c, &form);
    r = r.error ? r : check_prompt(c, &form, &ask, &none);
    r = r.error ? r : check_scope(c, &form, &client, &ask, &scopes);
    if (r.error) {
        go(c, oauth_back(c, ask.redirect, ask.state, "error", text_of(r.error), r.words));
        return;
    }
    if (portal_is(&client)) {
        decide_portal(c, &ask);
    } else {
        decide(c, &ask, &scopes, none);
    }
}
