#include "identity/oauth_int.h"

/* A person's apps, and the start of one from the portal (docs/identity.md). */

static void print_grant(struct oauth_call *c, const struct oauth_grant *g)
{
    struct buf *b = &c->reply->body;
    struct client client = {0};
    struct scopes scopes = {0};
    struct err e = {0};
    char since[CLOCK_INSTANT_SIZE], used[CLOCK_INSTANT_SIZE];
    clock_instant(g->began_ms, since);
    clock_instant(g->used_ms, used);
    if (client_read(c->o->kept, g->client, c->a, &client, &e)) {
        client.name = g->client;
    }
    (void)scopes_parse(g->scope, c->a, &scopes, &e);
    buf_addc(b, '{');
    oauth_member(b, "grant", g->key);
    oauth_member(b, "client", g->client);
    oauth_member(b, "name", client.name);
    oauth_member(b, "uri", client.uri);
    oauth_name(b, "scopes");
    buf_addc(b, '[');
    for (size_t i = 0; i < scopes.count; i++) {
        struct scopes one = {.items = &scopes.items[i], .count = 1};
        buf_add(b, i ? T(",{") : T("{"));
        oauth_member(b, "scope", scopes_print(&one, c->a));
        oauth_member(b, "words", scope_words(&scopes.items[i], c->a));
        buf_addc(b, '}');
    }
    buf_addc(b, ']');
    oauth_member(b, "since", text_of(since));
    oauth_member(b, "used", text_of(used));
    if (g->patient.n) {
        oauth_member(b, "patient", g->patient);
    }
    buf_addc(b, '}');
}

static void print_all(struct oauth_call *c, const struct caller *caller)
{
    struct oauth_grant *grants;
    size_t count, shown = 0;
    struct err e = {0};
    int code = grant_each(c->o->kept, caller->actor.account, c->a, &grants, &count, &e);
    if (code) {
        auth_refuse(c, err_info(code)->status, "failed", err_text(&e));
        return;
    }
    buf_add(&c->reply->body, T("{\"apps\":["));
    for (size_t i = 0; i < count; i++) {
        if (grants[i].expires_ms > c->now_ms) {
            if (shown++) {
                buf_addc(&c->reply->body, ',');
            }
            print_grant(c, &grants[i]);
        }
    }
    buf_add(&c->reply->body, T("]}"));
    oauth_json(c, 200);
}

void oauth_apps(struct oauth_call *c)
{
    struct caller caller;
    struct session session;
    if (oauth_person_or_refuse(c, &caller, &session)) {
        print_all(c, &caller);
    }
}

void oauth_apps_revoke(struct oauth_call *c)
{
    static const char *const known[] = {"grant", NULL};
    struct caller caller;
    struct session session;
    struct oauth_grant grant = {0};
    struct client client = {0};
    struct err e = {0};
    yyjson_val *root;
    text was;
    if (!oauth_person_or_refuse(c, &caller, &session)) {
        return;
    }
    if (oauth_object_read(c->request->body, known, c->a, &root, &e)) {
        auth_refuse(c, 400, "invalid", err_text(&e));
        return;
    }
    text key = json_text(json_get(root, T("grant")));
    text own = arena_printf(c->a, "%.*s/", TEXT_ARG(caller.actor.account));
    if (!own.p || !text_starts(key, own) || grant_read(c->o->kept, key, c->a, &grant, &was, &e)) {
        auth_refuse(c, 404, "not_found", "You have no such app. Look at the list again.");
        return;
    }
    client.id = grant.client;
    (void)client_read(c->o->kept, grant.client, c->a, &client, &e);
    int code = oauth_note(c, EVENT_TOKEN_REVOKED, EVENT_OK, &caller.actor, &client, grant.patient,
                          "by the person", &e);
    code = code ? code : grant_end(c->o->kept, key, &e);
    if (code) {
        auth_refuse(c, err_info(code)->status, "failed", err_text(&e));
        return;
    }
    print_all(c, &caller);
}

/* --- launch -------------------------------------------------------------------------------------
 */

static bool may_launch(struct oauth_call *c, const struct client *client)
{
    struct scopes allowed;
    struct err e;
    return client->launch.n && !client->disabled && client->kind != CLIENT_SYSTEM &&
           !scopes_parse(client->scope, c->a, &allowed, &e) && allowed.launch;
}

static int make_launch(struct oauth_call *c, const struct client *client,
                       const struct caller *caller, text patient, text *ret_url, struct err *e)
{
    struct oauth_ask ask = {
        .client = client->id, .account = caller->actor.account, .patient = patient};
    text row = row_print(oauth_ask_fields, &ask, c->a);
    text key, issuer = uri_escape(c->fhir, c->a);
    if (!row.p || !issuer.p) {
        return err_set(e, ERR_MEMORY, "there is no memory for a launch");
    }
    int code = waiting_put(c->o->launches, row, c->now_ms + OAUTH_LAUNCH_MS, c->a, &key, e);
    if (code) {
        return code;
    }
    *ret_url = arena_printf(c->a, "%.*s%ciss=%.*s&launch=%.*s", TEXT_ARG(client->launch),
                            text_find(client->launch, '?') < client->launch.n ? '&' : '?',
                            TEXT_ARG(issuer), TEXT_ARG(key));
    return ret_url->p ? 0 : err_set(e, ERR_MEMORY, "there is no memory for a launch");
}

void oauth_launch(struct oauth_call *c)
{
    static const char *const known[] = {"client", "patient", NULL};
    struct caller caller;
    struct session session;
    struct client client;
    struct err e = {0};
    yyjson_val *root;
    text name, url;
    if (!oauth_person_or_refuse(c, &caller, &session)) {
        return;
    }
    if (oauth_object_read(c->request->body, known, c->a, &root, &e)) {
        auth_refuse(c, 400, "invalid", err_text(&e));
        return;
    }
    text patient = json_text(json_get(root, T("patient")));
    if (client_read(c->o->kept, json_text(json_get(root, T("client"))), c->a, &client, &e) ||
        !may_launch(c, &client)) {
        auth_refuse(c, 404, "not_found", "There is no such app that can be started from here.");
        return;
    }
    if (oauth_patient(c, &caller.actor, patient, &name, &e)) {
        auth_refuse(c, 404, "not_found", "There is no such record that you may see.");
        return;
    }
    int code = make_launch(c, &client, &caller, patient, &url, &e);
    if (code) {
        auth_refuse(c, err_info(code)->status, "failed", err_text(&e));
        return;
    }
    buf_addc(&c->reply->body, '{');
    oauth_member(&c->reply->body, "url", url);
    buf_addc(&c->reply->body, '}');
    oauth_json(c, 200);
}

/* The apps that can be started from the portal: those that were registered with an address for it.
 */
void oauth_launches(struct oauth_call *c)
{
    struct buf *b = &c->reply->body;
    struct caller caller;
    struct session session;
    struct client *clients;
    size_t count, shown = 0;
    struct err e = {0};
    if (!oauth_person_or_refuse(c, &caller, &session)) {
        return;
    }
    int code = client_each(c->o->kept, c->a, &clients, &count, &e);
    if (code) {
        auth_refuse(c, err_info(code)->status, "failed", err_text(&e));
        return;
    }
    buf_add(b, T("{\"apps\":["));
    for (size_t i = 0; i < count; i++) {
        if (may_launch(c, &clients[i])) {
            buf_add(b, shown++ ? T(",{") : T("{"));
            oauth_member(b, "client", clients[i].id);
            oauth_member(b, "name", clients[i].name);
            oauth_member(b, "uri", clients[i].uri);
            buf_addc(b, '}');
        }
    }
    buf_add(b, T("]}"));
    oauth_json(c, 200);
}
