#include "identity/oauth_int.h"

/* Introspection (RFC 7662, and SMART App Launch 2.2 "Token introspection"), revocation (RFC 7009).
 */

static void inactive(struct oauth_call *c)
{
    buf_add(&c->reply->body, T("{\"active\":false}"));
    oauth_json(c, 200);
}

static void print_active(struct oauth_call *c, const struct oauth_token *row,
                         const struct caller *caller)
{
    struct buf *b = &c->reply->body;
    struct oauth_grant grant = {0};
    struct account account = {0};
    struct scopes scopes = {0};
    struct err e = {0};
    text was;
    if ((row->grant.n && (grant_read(c->o->kept, row->grant, c->a, &grant, &was, &e) ||
                          account_read(c->o->kept, grant.account, c->a, &account, &e))) ||
        scopes_parse(row->scope, c->a, &scopes, &e)) {
        inactive(c);
        return;
    }
    buf_addc(b, '{');
    oauth_member_bool(b, "active", true);
    oauth_member(b, "scope", row->scope);
    oauth_member(b, "client_id", row->client);
    oauth_member(b, "token_type", T("Bearer"));
    oauth_member(b, "iss", c->origin);
    oauth_member_i64(b, "iat", row->issued_ms / 1000);
    oauth_member_i64(b, "exp", row->expires_ms / 1000);
    oauth_member(b, "sub", row->grant.n ? grant.account : row->client);
    if (caller->launch_patient.n) {
        oauth_member(b, "patient", caller->launch_patient);
    }
    if (grant.encounter.n && scopes.launch_encounter) {
        oauth_member(b, "encounter", grant.encounter);
    }
    if (scopes.fhir_user && account.person.n) {
        text url = arena_printf(c->a, "%.*s/%.*s", TEXT_ARG(c->fhir), TEXT_ARG(account.person));
        oauth_member(b, "fhirUser", url.p ? url : T(""));
    }
    buf_addc(b, '}');
    oauth_json(c, 200);
}

void oauth_introspect(struct oauth_call *c)
{
    struct oauth_form form;
    struct client client;
    struct oauth_token row;
    struct caller caller = {0};
    struct err e = {0};
    text was;
    if (!oauth_form_of(c, &form) || !oauth_client(c, &form, &client)) {
        return;
    }
    if (client.kind == CLIENT_PUBLIC) {
        oauth_refuse(c, 401, "invalid_client", "a public client cannot ask about tokens");
        return;
    }
    text token = oauth_form_get(&form, "token");
    if (!token.n) {
        oauth_refuse(c, 400, "invalid_request", "token is missing");
        return;
    }
    /* A confidential app learns of its own tokens alone; a system (a resource server) of all. */
    if (oauth_token_read(c->o->kept, "token", token, c->now_ms, c->a, &row, &was, &e) ||
        row.local || (client.kind != CLIENT_SYSTEM && !text_eq(row.client, client.id)) ||
        oauth_bearer(c->o, token, c->a, &caller, &e)) {
        inactive(c);
        return;
    }
    print_active(c, &row, &caller);
}

/* A refresh token takes the whole family with it, an access token itself alone. */
static int revoke(struct oauth_call *c, const struct client *client, text token, struct err *e)
{
    struct oauth_token row;
    struct actor actor = {.kind = ACTOR_SYSTEM};
    text was, patient = T("");
    struct oauth_grant grant = {0};
    const char *kind = "refresh";
    int code = oauth_token_read(c->o->kept, kind, token, c->now_ms, c->a, &row, &was, e);
    if (code == ERR_NOT_FOUND) {
        kind = "token";
        code = oauth_token_read(c->o->kept, kind, token, c->now_ms, c->a, &row, &was, e);
    }
    if (code == ERR_NOT_FOUND || (!code && !text_eq(row.client, client->id))) {
        return 0;
    }
    if (!code && row.grant.n && !grant_read(c->o->kept, row.grant, c->a, &grant, &was, e)) {
        actor.account = grant.account;
        patient = grant.patient;
    }
    bool family = kind[0] == 'r';
    struct kept_change gone = {.change = KEPT_DELETE,
                               .kind = family ? "grant" : "token",
                               .key = family ? row.grant : secret_hash(token, c->a)};
    if (!code && !gone.key.p) {
        return err_set(e, ERR_MEMORY, "there is no memory for a token");
    }
    code = code ? code : kept_write(c->o->kept, &gone, 1, NULL, e);
    return code ? code
                : oauth_note(c, EVENT_TOKEN_REVOKED, EVENT_OK, &actor, client, patient,
                             "by the app itself", e);
}

void oauth_revoke(struct oauth_call *c)
{
    struct oauth_form form;
    struct client client;
    struct err e = {0};
    if (!oauth_form_of(c, &form) || !oauth_client(c, &form, &client)) {
        return;
    }
    text token = oauth_form_get(&form, "token");
    if (!token.n) {
        oauth_refuse(c, 400, "invalid_request", "token is missing");
        return;
    }
    if (portal_is(&client)) {
        oauth_refuse(c, 400, "unsupported_token_type",
                     "a token of the portal ends with its session: sign out");
        return;
    }
    if (revoke(c, &client, token, &e)) {
        oauth_refuse(c, 503, "temporarily_unavailable", err_text(&e));
        return;
    }
    buf_add(&c->reply->body, T("{}"));
    oauth_json(c, 200);
}
