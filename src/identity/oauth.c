#include "identity/oauth_int.h"

#include <stdlib.h>

/* --- the key that signs ID tokens ---------------------------------------------------------------
 */

static int make_key(struct oauth *o, struct arena *a, struct err *e)
{
    struct jose_key *key = NULL;
    struct kept_change add = {.change = KEPT_ADD, .kind = "key", .key = T("oauth")};
    text jwk;
    int code = jose_key_make(JOSE_ES256, &key, e);
    if (code) {
        return code;
    }
    code = jose_key_print(key, true, a, &jwk, e);
    code = code ? code : seal_make(identity_seal(o->id), "oauth", jwk, a, &add.value, e);
    jose_key_free(key);
    code = code ? code : kept_write(o->kept, &add, 1, NULL, e);
    return code == ERR_CONFLICT ? 0 : code; /* another process has just made it */
}

static int read_key(struct oauth *o, struct arena *a, struct err *e)
{
    yyjson_val *jwk;
    text sealed, json;
    int code = kept_get(o->kept, "key", T("oauth"), a, &sealed, e);
    if (code == ERR_NOT_FOUND) {
        code = make_key(o, a, e);
        code = code ? code : kept_get(o->kept, "key", T("oauth"), a, &sealed, e);
    }
    code = code ? code : seal_read(identity_seal(o->id), "oauth", sealed, a, &json, e);
    code = code ? code : json_read(json, 8, a, &jwk, e);
    return code ? code : jose_key_read(jwk, JOSE_ES256, &o->key, e);
}

/* --- the whole ----------------------------------------------------------------------------------
 */

int oauth_open(struct identity *id, struct kept *k, struct sessions *sessions,
               struct oauth **ret_oauth, struct err *e)
{
    struct arena a;
    struct oauth *o = calloc(1, sizeof *o);
    if (!o) {
        return err_set(e, ERR_MEMORY, "there is no memory for OAuth");
    }
    o->id = id;
    o->config = identity_config(id);
    o->kept = k;
    o->sessions = sessions;
    pthread_mutex_init(&o->lock, NULL);
    random_bytes(&o->hash_key, sizeof o->hash_key);
    arena_init(&o->keep, 1 << 16);
    o->asks = waiting_new(OAUTH_WAITING_MAX);
    o->launches = waiting_new(OAUTH_LAUNCHES_MAX);
    o->cache = cache_new();
    o->throttle = throttle_new();
    arena_init(&a, 1 << 20);
    int code = o->asks && o->launches && o->cache && o->throttle
                   ? read_key(o, &a, e)
                   : err_set(e, ERR_MEMORY, "there is no memory for OAuth");
    arena_done(&a);
    code = code ? code : portal_open(o, e);
    if (code) {
        oauth_close(o);
        return code;
    }
    *ret_oauth = o;
    return 0;
}

void oauth_close(struct oauth *o)
{
    if (!o) {
        return;
    }
    waiting_free(o->asks);
    waiting_free(o->launches);
    waiting_free(o->portal_codes);
    arena_done(&o->keep);
    explicit_bzero(o->portal_key, sizeof o->portal_key);
    cache_free(o->cache);
    throttle_free(o->throttle);
    jose_key_free(o->key);
    pthread_mutex_destroy(&o->lock);
    free(o);
}

int oauth_local_token(struct kept *k, text scope, text name, int64_t seconds, struct arena *a,
                      text *ret_token, struct err *e)
{
    struct scopes scopes;
    struct oauth_token row = {.client = T("kith-token"), .name = name, .local = true};
    int code = scopes_parse(scope, a, &scopes, e);
    for (size_t i = 0; !code && i < scopes.count; i++) {
        if (scopes.items[i].level != SCOPE_SYSTEM) {
            code = err_set(e, ERR_VALUE,
                           "a token of the machine has scopes of system/ alone, such "
                           "as system/*.cruds");
        }
    }
    if (!code && (!scopes.count || seconds <= 0 || seconds > 31 * 86400)) {
        code = err_set(e, ERR_VALUE, "a token needs a scope, and lives 31 days at most");
    }
    if (code) {
        return code;
    }
    row.scope = scopes_print(&scopes, a);
    row.issued_ms = clock_real_ms();
    row.expires_ms = row.issued_ms + seconds * OAUTH_SECOND;
    text token = secret_token(a);
    struct kept_change add = {.change = KEPT_ADD,
                              .kind = "token",
                              .key = secret_hash(token, a),
                              .value = row_print(oauth_token_fields, &row, a)};
    if (!token.p || !row.scope.p || !add.key.p || !add.value.p) {
        return err_set(e, ERR_MEMORY, "there is no memory for a token");
    }
    code = kept_write(k, &add, 1, NULL, e);
    if (!code) {
        *ret_token = token;
    }
    return code;
}

/* --- addresses ----------------------------------------------------------------------------------
 */

enum { MAY_GET = 1, MAY_POST = 2, ANY_ORIGIN = 4 };

struct address {
    const char *path;
    unsigned how;
    void (*run)(struct oauth_call *c);
};
static const struct address addresses[] = {
    {"/.well-known/smart-configuration", MAY_GET | ANY_ORIGIN, oauth_smart_configuration},
    {"/fhir/.well-known/smart-configuration", MAY_GET | ANY_ORIGIN, oauth_smart_configuration},
    {"/.well-known/openid-configuration", MAY_GET | ANY_ORIGIN, oauth_openid_configuration},
    {"/.well-known/oauth-authorization-server", MAY_GET | ANY_ORIGIN, oauth_openid_configuration},
    {"/oauth/authorize", MAY_GET | MAY_POST, oauth_authorize},
    {"/oauth/token", MAY_POST | ANY_ORIGIN, oauth_token},
    {"/oauth/introspect", MAY_POST, oauth_introspect},
    {"/oauth/revoke", MAY_POST | ANY_ORIGIN, oauth_revoke},
    {"/oauth/register", MAY_POST | ANY_ORIGIN, oauth_register},
    {"/oauth/jwks", MAY_GET | ANY_ORIGIN, oauth_jwks},
    {"/auth/apps", MAY_GET, oauth_apps},
    {"/auth/apps/revoke", MAY_POST, oauth_apps_revoke},
    {"/auth/launch", MAY_POST, oauth_launch},
    {"/auth/launches", MAY_GET, oauth_launches},
    {"/open", MAY_GET | MAY_POST, oauth_open_link},
};

static const struct address consent = {"/auth/consent/", MAY_GET | MAY_POST, oauth_consent};

static const struct address *find(text path)
{
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        if (text_eq(path, text_of(addresses[i].path))) {
            return &addresses[i];
        }
    }
    return text_starts(path, text_of(consent.path)) ? &consent : NULL;
}

bool oauth_serves(text path)
{
    static const char *const begin[] = {"/oauth/", "/.well-known/", "/fhir/.well-known/",
                                        "/auth/consent/"};
    bool serves = find(path);
    for (size_t i = 0; !serves && i < sizeof begin / sizeof *begin; i++) {
        serves = text_starts(path, text_of(begin[i]));
    }
    return serves;
}

/* These addresses take no cookie, so that any page may ask them (CORS, without credentials). */
static void preflight(struct oauth_call *c, const struct address *at)
{
    c->reply->status = 204;
    c->reply->content_type = NULL;
    http_reply_field(c->reply, T("Access-Control-Allow-Origin"), T("*"));
    http_reply_field(c->reply, T("Access-Control-Allow-Methods"),
                     at->how & MAY_POST ? T("POST") : T("GET"));
    http_reply_field(c->reply, T("Access-Control-Allow-Headers"), T("authorization, content-type"));
    http_reply_field(c->reply, T("Access-Control-Max-Age"), T("600"));
}

static bool open_call(struct oauth_call *c)
{
    struct err e = {0};
    int code = identity_origin(c->o->id, c->request, &c->origin, &e);
    if (code) {
        oauth_refuse(c, err_info(code)->status, "invalid_request", err_text(&e));
        return false;
    }
    c->fhir = c->o->config->base.n ? c->o->config->base
                                   : arena_printf(c->a, "%.*s/fhir", TEXT_ARG(c->origin));
    if (c->fhir.n && c->fhir.p[c->fhir.n - 1] == '/') {
        c->fhir.n--;
    }
    c->token_endpoint = arena_printf(c->a, "%.*s/oauth/token", TEXT_ARG(c->origin));
    if (!c->fhir.p || !c->token_endpoint.p) {
        oauth_refuse(c, 503, "temporarily_unavailable", "there is no memory for the request");
        return false;
    }
    return true;
}

void oauth_handle(struct oauth *o, const struct http_request *request, struct http_reply *reply)
{
    struct oauth_call c = {
        .o = o, .request = request, .reply = reply, .a = request->arena, .now_ms = clock_real_ms()};
    const struct address *at = find(request->path);
    bool get = request->method == HTTP_GET || request->method == HTTP_HEAD;
    if (!at) {
        oauth_refuse(&c, 404, "not_found", "there is nothing at this address");
    } else if (request->method == HTTP_OPTIONS && (at->how & ANY_ORIGIN)) {
        preflight(&c, at);
    } else if (!(get && (at->how & MAY_GET)) &&
               !(request->method == HTTP_POST && (at->how & MAY_POST))) {
        http_reply_field(reply, T("Allow"),
                         (at->how & MAY_GET) && (at->how & MAY_POST) ? T("GET, POST")
                         : at->how & MAY_GET                         ? T("GET")
                                                                     : T("POST"));
        oauth_refuse(&c, 405, "invalid_request", "this cannot be done here");
    } else if (open_call(&c)) {
        at->run(&c);
        if (request->method == HTTP_POST && (at->how & ANY_ORIGIN)) {
            http_reply_field(reply, T("Access-Control-Allow-Origin"), T("*"));
        }
    }
}
