#include "identity/client_int.h"

#include "identity/jose.h"

enum { NAME_MAX_BYTES = 200, URI_MAX = 2000, REDIRECTS_MAX = 10 };

/* Printable ASCII without what would end an address or a header, or hide where it leads. */
static bool characters_ok(text t)
{
    for (size_t i = 0; i < t.n; i++) {
        unsigned char c = (unsigned char)t.p[i];
        if (c <= 0x20 || c > 0x7e || memchr("\"<>\\^`{|}", c, 9)) {
            return false;
        }
    }
    return true;
}

static bool loopback(text authority)
{
    text host = authority;
    if (text_starts(host, T("[::1]"))) {
        host = text_from(host, 5);
        return host.n == 0 || host.p[0] == ':';
    }
    host = text_first(host, text_find(host, ':'));
    return text_eq(host, T("localhost")) || text_eq(host, T("127.0.0.1"));
}

bool client_address_ok(text uri)
{
    bool https = text_starts(uri, T("https://"));
    if ((!https && !text_starts(uri, T("http://"))) || uri.n > URI_MAX || !characters_ok(uri) ||
        text_find(uri, '#') < uri.n) {
        return false;
    }
    text rest = text_from(uri, https ? 8 : 7);
    size_t end = 0;
    while (end < rest.n && rest.p[end] != '/' && rest.p[end] != '?') {
        end++;
    }
    text authority = text_first(rest, end);
    return authority.n && text_find(authority, '@') == authority.n && authority.p[0] != ':' &&
           (https || loopback(authority));
}

static int check_addresses(const struct client *c, struct err *e)
{
    static const char form[] = "https (or http on this machine), without a fragment or a user";
    if (c->redirect_count > REDIRECTS_MAX) {
        return err_set(e, ERR_VALUE, "a client has at most %d redirect addresses", REDIRECTS_MAX);
    }
    for (size_t i = 0; i < c->redirect_count; i++) {
        if (!client_address_ok(c->redirects[i])) {
            return err_set(e, ERR_VALUE, "redirect address %zu is not %s", i + 1, form);
        }
    }
    if (c->launch.n && !client_address_ok(c->launch)) {
        return err_set(e, ERR_VALUE, "the launch address is not %s", form);
    }
    if (c->uri.n && !client_address_ok(c->uri)) {
        return err_set(e, ERR_VALUE, "the client's own address is not %s", form);
    }
    return 0;
}

static int check_keys(const struct client *c, struct err *e)
{
    struct jose_key *keys[JOSE_KEYS_MAX];
    size_t count = 0;
    if (c->kind == CLIENT_PUBLIC && (c->jwks.n || c->secret.n)) {
        return err_set(e, ERR_VALUE,
                       "a public client keeps no secret: it has neither keys nor a "
                       "secret; add it as confidential");
    }
    if (c->kind == CLIENT_SYSTEM && (!c->jwks.n || c->secret.n)) {
        return err_set(e, ERR_VALUE, "a system proves who it is with a key: give its JWK Set");
    }
    if (c->kind == CLIENT_CONFIDENTIAL && !c->jwks.n == !c->secret.n) {
        return err_set(e, ERR_VALUE,
                       "a confidential client has either a JWK Set or a secret, and not both");
    }
    if (!c->jwks.n) {
        return 0;
    }
    int code = jose_keys_read(c->jwks, keys, &count, e);
    if (!code) {
        jose_keys_free(keys, count);
    }
    return !code && !count ? err_set(e, ERR_VALUE,
                                     "the JWK Set has no key for signatures of a "
                                     "kind that is taken here")
                           : code;
}

static int check_scope(struct client *c, struct arena *a, struct err *e)
{
    struct scopes s;
    int code = scopes_parse(c->scope, a, &s, e);
    if (code) {
        return code;
    }
    for (size_t i = 0; i < s.count; i++) {
        if ((s.items[i].level == SCOPE_SYSTEM) != (c->kind == CLIENT_SYSTEM)) {
            return err_set(e, ERR_VALUE,
                           c->kind == CLIENT_SYSTEM
                               ? "a system has scopes that begin with system/, and no others"
                               : "scopes that begin with system/ are for clients of kind system");
        }
    }
    if (c->kind == CLIENT_SYSTEM && (s.openid || s.launch || s.launch_patient || s.offline_access ||
                                     s.online_access || s.fhir_user || s.profile)) {
        return err_set(e, ERR_VALUE, "a system has nobody signed in: only scopes of system/");
    }
    if (!s.count && !s.openid) {
        return err_set(e, ERR_VALUE, "the client's scope is empty; say the most that it may have");
    }
    c->scope = scopes_print(&s, a);
    return c->scope.p ? 0 : err_set(e, ERR_MEMORY, "there is no memory for a client");
}

static bool name_ok(text t)
{
    for (size_t i = 0; i < t.n; i++) {
        if ((unsigned char)t.p[i] < 0x20 || t.p[i] == 0x7f) {
            return false;
        }
    }
    return t.n && t.n <= NAME_MAX_BYTES;
}

int client_check(struct client *client, struct arena *a, struct err *e)
{
    if (!name_ok(client->name)) {
        return err_set(e, ERR_VALUE, "a client needs a name of up to %d bytes, for people to read",
                       NAME_MAX_BYTES);
    }
    if (client->kind == CLIENT_SYSTEM ? client->redirect_count > 0 : client->redirect_count == 0) {
        return err_set(e, ERR_VALUE,
                       client->kind == CLIENT_SYSTEM
                           ? "a system has no redirect address: nobody signs in"
                           : "a client that people use needs a redirect address");
    }
    int code = check_addresses(client, e);
    code = code ? code : check_keys(client, e);
    return code ? code : check_scope(client, a, e);
}
