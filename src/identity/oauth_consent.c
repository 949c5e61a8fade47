#include "identity/oauth_int.h"

/* What a person is asked, and what they say (docs/identity.md, /auth/consent). */

static const char gone[] =
    "This request is no longer there. Go back to the app and start again from it.";

struct consent {
    text key;
    struct oauth_ask ask;
    struct scopes scopes;
    struct client client;
    struct caller caller;
    struct session session;
};

/* The request that this browser was sent here with, and who is there; or the refusal is written. */
static bool find(struct oauth_call *c, struct consent *s)
{
    struct err e = {0};
    text row;
    if (!oauth_person_or_refuse(c, &s->caller, &s->session)) {
        return false;
    }
    s->key = text_from(c->request->path, sizeof "/auth/consent/" - 1);
    text bound = secret_hash(identity_cookie(c->request, oauth_binding_cookie(c)), c->a);
    if (!waiting_get(c->o->asks, s->key, c->now_ms, false, c->a, &row) ||
        row_read(oauth_ask_fields, row, c->a, &s->ask, &e) || !bound.p ||
        !secret_eq(bound, s->ask.binding)) {
        auth_refuse(c, 404, "not_found", gone);
        return false;
    }
    if (s->ask.account.n && !text_eq(s->ask.account, s->caller.actor.account)) {
        auth_refuse(c, 403, "other_account",
                    "Somebody else started this app. Sign in as the same person, or start again.");
        return false;
    }
    if (s->session.began_ms < s->ask.fresh_ms) {
        auth_refuse(c, 401, "login", "The app asks you to sign in again.");
        return false;
    }
    if (client_read(c->o->kept, s->ask.client, c->a, &s->client, &e) || s->client.disabled ||
        scopes_parse(s->ask.scope, c->a, &s->scopes, &e)) {
        auth_refuse(c, 404, "not_found", gone);
        return false;
    }
    return true;
}

/* --- what is shown -----------------------------------------------------------------------------
 */

static void add_scope(struct buf *b, text scope, text words, bool writes)
{
    if (b->n && b->p[b->n - 1] != '[') {
        buf_addc(b, ',');
    }
    buf_addc(b, '{');
    oauth_member(b, "scope", scope);
    oauth_member(b, "words", words);
    oauth_member_bool(b, "writes", writes);
    oauth_member_bool(b, "on", true);
    buf_addc(b, '}');
}

static void print_scopes(struct oauth_call *c, const struct scopes *s, struct buf *b)
{
    oauth_name(b, "scopes");
    buf_addc(b, '[');
    if (s->openid) {
        add_scope(b, T("openid"), T("Know that it is you"), false);
    }
    if (s->fhir_user || s->profile) {
        add_scope(b, s->fhir_user ? T("fhirUser") : T("profile"), T("Know your name"), false);
    }
    for (size_t i = 0; i < s->count; i++) {
        struct scopes one = {.items = &s->items[i], .count = 1};
        add_scope(b, scopes_print(&one, c->a), scope_words(&s->items[i], c->a),
                  s->items[i].rights & (MAY_CREATE | MAY_UPDATE | MAY_DELETE));
    }
    if (s->offline_access || s->online_access) {
        add_scope(b, s->offline_access ? T("offline_access") : T("online_access"),
                  s->offline_access ? T("Go on when you are not using it, until you stop it")
                                    : T("Go on for as long as you are signed in"),
                  false);
    }
    buf_addc(b, ']');
}

/* The patient it will be about, as far as that is settled. Empty: there is none, or it is chosen.
 */
static text settled_patient(const struct consent *s)
{
    return !oauth_needs_patient(&s->scopes) ? T("")
           : s->ask.launched                ? s->ask.patient
                                            : s->caller.actor.patient;
}

static void print(struct oauth_call *c, const struct consent *s)
{
    struct buf *b = &c->reply->body;
    struct err e = {0};
    text patient = settled_patient(s), name = T("");
    bool chosen = oauth_needs_patient(&s->scopes) && !patient.n;
    if (patient.n && oauth_patient(c, &s->caller.actor, patient, &name, &e)) {
        auth_refuse(c, 403, "patient", "You can no longer see the record that this app is about.");
        return;
    }
    buf_add(b, T("{\"client\":{"));
    oauth_member(b, "id", s->client.id);
    oauth_member(b, "name", s->client.name);
    oauth_member(b, "uri", s->client.uri);
    buf_add(b, T("},\"account\":{"));
    oauth_member(b, "name", s->caller.actor.name);
    buf_addc(b, '}');
    print_scopes(c, &s->scopes, b);
    oauth_member_bool(b, "needs_patient", chosen);
    if (patient.n) {
        buf_add(b, T(",\"patient\":{"));
        oauth_member(b, "id", patient);
        oauth_member(b, "name", name);
        buf_addc(b, '}');
    }
    oauth_member_bool(b, "offline", s->scopes.offline_access);
    buf_addc(b, '}');
    oauth_json(c, 200);
}

/* --- what is said ------------------------------------------------------------------------------
 */

struct answer {
    bool allow;
    text scopes; /* ticked, as one text */
    text patient;
};

static int read_answer(struct oauth_call *c, struct answer *ret_answer, struct err *e)
{
    static const char *const known[] = {"allow", "scopes", "patient", NULL};
    yyjson_val *root;
    struct answer out = {0};
    int code = oauth_object_read(c->request->body, known, c->a, &root, e);
    if (code) {
        return code;
    }
    yyjson_val *allow = json_get(root, T("allow"));
    yyjson_val *list = json_get(root, T("scopes"));
    yyjson_val *patient = json_get(root, T("patient"));
    if (json_type(allow) != YYJSON_TYPE_BOOL ||
        (list && (json_type(list) != YYJSON_TYPE_ARR || json_len(list) > SCOPES_MAX + 10)) ||
        (patient && json_type(patient) != YYJSON_TYPE_STR)) {
        return err_set(e, ERR_INVALID, "allow is true or false, scopes a list, patient an id");
    }
    out.allow = yyjson_is_true(allow);
    out.patient = patient ? json_text(patient) : T("");
    out.scopes = T("");
    yyjson_val *item = list ? list + 1 : NULL;
    for (size_t left = list ? json_len(list) : 0; left; left--, item = json_after(item)) {
        if (json_type(item) != YYJSON_TYPE_STR) {
            return err_set(e, ERR_INVALID, "scopes is a list of texts");
        }
        out.scopes =
            arena_printf(c->a, "%.*s %.*s", TEXT_ARG(out.scopes), TEXT_ARG(json_text(item)));
        if (!out.scopes.p) {
            return err_set(e, ERR_MEMORY, "there is no memory for the scopes");
        }
    }
    *ret_answer = out;
    return 0;
}

static void send_back(struct oauth_call *c, text url)
{
    if (!url.p) {
        auth_refuse(c, 503, "memory", "The node has no memory for the answer. Try again.");
        return;
    }
    buf_addc(&c->reply->body, '{');
    oauth_member(&c->reply->body, "redirect", url);
    buf_addc(&c->reply->body, '}');
    oauth_json(c, 200);
}

static void deny(struct oauth_call *c, struct consent *s)
{
    struct err e = {0};
    text row;
    if (oauth_note(c, EVENT_TOKEN, EVENT_MINOR, &s->caller.actor, &s->client, s->ask.patient,
                   "the person did not allow it", &e)) {
        auth_refuse(c, 503, "log", "The access log cannot be written. Try again later.");
        return;
    }
    if (!waiting_get(c->o->asks, s->key, c->now_ms, true, c->a, &row)) {
        auth_refuse(c, 404, "not_found", gone);
        return;
    }
    send_back(c, oauth_back(c, s->ask.redirect, s->ask.state, "error", T("access_denied"),
                            "the person did not allow it"));
}

/* asked AND ticked. Launch contexts are no choice: they come with the request. */
static int common_scopes(struct oauth_call *c, struct consent *s, const struct answer *answer,
                         struct scopes *ret_given, struct err *e)
{
    struct scopes ticked;
    int code = scopes_parse(answer->scopes, c->a, &ticked, e);
    if (code) {
        return code;
    }
    ticked.launch = ticked.launch_patient = ticked.launch_encounter = true;
    ticked.profile = ticked.profile || ticked.fhir_user;
    code = scopes_within(&s->scopes, &ticked, c->a, ret_given, e);
    if (!code && !ret_given->openid) {
        ret_given->fhir_user = ret_given->profile = false;
    }
    if (!code && !ret_given->count && !ret_given->openid) {
        return err_set(e, ERR_INVALID, "Choose at least one thing, or do not allow the app.");
    }
    return code;
}

static int choose_patient(struct oauth_call *c, struct consent *s, const struct answer *answer,
                          const struct scopes *given, text *ret_patient, struct err *e)
{
    text name, patient = settled_patient(s);
    if (!oauth_needs_patient(given)) {
        *ret_patient = T("");
        return 0;
    }
    if (s->ask.launched && answer->patient.n && !text_eq(answer->patient, patient)) {
        return err_set(e, ERR_INVALID, "This app was started for another person.");
    }
    patient = answer->patient.n ? answer->patient : patient;
    if (!patient.n) {
        return err_set(e, ERR_INVALID, "Choose whose record the app may see.");
    }
    int code = oauth_patient(c, &s->caller.actor, patient, &name, e);
    *ret_patient = patient;
    return code == ERR_NOT_FOUND ? err_set(e, code, "Choose a person whose record you may see.")
                                 : code;
}

static void allow(struct oauth_call *c, struct consent *s, const struct answer *answer)
{
    struct err e = {0};
    struct scopes given;
    text patient, row, url;
    int code = common_scopes(c, s, answer, &given, &e);
    code = code ? code : choose_patient(c, s, answer, &given, &patient, &e);
    if (code) {
        auth_refuse(c, err_info(code)->status, "choice", err_text(&e));
        return;
    }
    /* Two answers to one question: the second finds nothing. */
    if (!waiting_get(c->o->asks, s->key, c->now_ms, true, c->a, &row)) {
        auth_refuse(c, 404, "not_found", gone);
        return;
    }
    code = oauth_allow(c, &s->ask, &s->caller, &s->session, &given, patient, &url, &e);
    if (code) {
        auth_refuse(c, err_info(code)->status, "refused", err_text(&e));
        return;
    }
    send_back(c, url);
}

void oauth_consent(struct oauth_call *c)
{
    struct consent s = {0};
    struct answer answer = {0};
    struct err e = {0};
    if (!find(c, &s)) {
        return;
    }
    if (c->request->method != HTTP_POST) {
        print(c, &s);
    } else if (read_answer(c, &answer, &e)) {
        auth_refuse(c, 400, "invalid", err_text(&e));
    } else if (answer.allow) {
        allow(c, &s, &answer);
    } else {
        deny(c, &s);
    }
}
