#include "identity/oauth_int.h"

/* Dynamic registration (RFC 7591) of public clients that people use; off by default. */

static const char default_scope[] = "openid fhirUser launch/patient offline_access patient/*.rs";

static text string_of(const yyjson_val *root, const char *name)
{
    yyjson_val *v = json_get(root, text_of(name));
    return json_type(v) == YYJSON_TYPE_STR ? json_text(v) : T("");
}

/* A list of texts, each one of `known` (NULL: any). False: it is not. */
static bool list_of(const yyjson_val *root, const char *name, const char *const *known,
                    struct arena *a, text **ret_items, size_t *ret_count)
{
    yyjson_val *list = json_get(root, text_of(name));
    if (!list) {
        return true;
    }
    if (json_type(list) != YYJSON_TYPE_ARR || json_len(list) > 100) {
        return false;
    }
    text *items = arena_zalloc(a, json_len(list) + 1, sizeof *items);
    size_t n = 0;
    yyjson_val *item = list + 1;
    for (size_t left = json_len(list); items && left; left--, item = json_after(item)) {
        bool fine = json_type(item) == YYJSON_TYPE_STR && !known;
        for (size_t i = 0; known && known[i]; i++) {
            fine = fine || text_eq(json_text(item), text_of(known[i]));
        }
        if (!fine) {
            return false;
        }
        items[n++] = json_text(item);
    }
    *ret_items = items;
    *ret_count = n;
    return items;
}

/* NULL, or what is wrong. Members that are not known here are not looked at (RFC 7591, 2). */
static const char *read_metadata(const yyjson_val *root, struct arena *a, struct client *client)
{
    static const char *const grants[] = {"authorization_code", "refresh_token", NULL};
    static const char *const responses[] = {"code", NULL};
    text method = string_of(root, "token_endpoint_auth_method");
    text *none = NULL;
    size_t count = 0;
    if (json_get(root, T("software_statement")) || json_get(root, T("jwks")) ||
        json_get(root, T("jwks_uri"))) {
        return "only public clients register themselves: no keys and no software statement";
    }
    if (method.n && !text_eq(method, T("none"))) {
        return "token_endpoint_auth_method has to be none: only public clients register themselves";
    }
    if (!list_of(root, "grant_types", grants, a, &none, &count) ||
        !list_of(root, "response_types", responses, a, &none, &count)) {
        return "grant_types has authorization_code and refresh_token, response_types has code";
    }
    if (!list_of(root, "redirect_uris", NULL, a, &client->redirects, &client->redirect_count)) {
        return "redirect_uris is a list of texts";
    }
    client->name = string_of(root, "client_name");
    client->uri = string_of(root, "client_uri");
    client->scope = string_of(root, "scope");
    client->scope = client->scope.n ? client->scope : text_of(default_scope);
    return NULL;
}

static void print_list(struct buf *b, const char *name, const text *items, size_t count)
{
    oauth_name(b, name);
    buf_addc(b, '[');
    for (size_t i = 0; i < count; i++) {
        if (i) {
            buf_addc(b, ',');
        }
        json_write_string(items[i], b);
    }
    buf_addc(b, ']');
}

static void print(struct oauth_call *c, const struct client *client)
{
    struct buf *b = &c->reply->body;
    buf_addc(b, '{');
    oauth_member(b, "client_id", client->id);
    oauth_member_i64(b, "client_id_issued_at", client->added_ms / 1000);
    oauth_member(b, "client_name", client->name);
    if (client->uri.n) {
        oauth_member(b, "client_uri", client->uri);
    }
    print_list(b, "redirect_uris", client->redirects, client->redirect_count);
    oauth_member_words(b, "grant_types", "authorization_code refresh_token");
    oauth_member_words(b, "response_types", "code");
    oauth_member(b, "token_endpoint_auth_method", T("none"));
    oauth_member(b, "scope", client->scope);
    buf_addc(b, '}');
    oauth_json(c, 201);
}

static bool room(struct oauth_call *c)
{
    struct client *clients;
    size_t count;
    struct err e;
    return oauth_rate(c, &c->o->registrations, OAUTH_REGISTER_MINUTE) &&
           !client_each(c->o->kept, c->a, &clients, &count, &e) && count < OAUTH_CLIENTS_MAX;
}

void oauth_register(struct oauth_call *c)
{
    struct client client = {.kind = CLIENT_PUBLIC, .added_by = T("registration")};
    struct err e = {0};
    yyjson_val *root;
    if (!c->o->config->registration) {
        oauth_refuse(c, 403, "access_denied",
                     "apps cannot register themselves here; ask the people who run this node");
        return;
    }
    if (c->request->body.n > OAUTH_FORM_MAX || json_read(c->request->body, 8, c->a, &root, &e) ||
        json_type(root) != YYJSON_TYPE_OBJ) {
        oauth_refuse(c, 400, "invalid_client_metadata", "the body is not a JSON object");
        return;
    }
    const char *wrong = read_metadata(root, c->a, &client);
    if (wrong) {
        oauth_refuse(c, 400, "invalid_client_metadata", wrong);
        return;
    }
    bool addresses = client.redirect_count > 0;
    for (size_t i = 0; i < client.redirect_count; i++) {
        addresses = addresses && client_address_ok(client.redirects[i]);
    }
    if (!addresses) {
        oauth_refuse(c, 400, "invalid_redirect_uri",
                     "redirect_uris has https addresses (or http on this machine), without a "
                     "fragment or a user");
        return;
    }
    if (!room(c)) {
        oauth_refuse(c, 429, "slow_down", "too many apps register at once, or there are too many");
        return;
    }
    int code = client_add(c->o->kept, &client, c->a, &e);
    code = code ? code
                : oauth_note(c, EVENT_TOKEN, EVENT_OK, NULL, &client, T(""),
                             "the app registered itself", &e);
    if (code) {
        bool here = err_info(code)->status >= 500;
        oauth_refuse(c, here ? 503 : 400,
                     here ? "temporarily_unavailable" : "invalid_client_metadata", err_text(&e));
        return;
    }
    print(c, &client);
}
