#include "locality/foreign_int.h"

#include "identity/jose.h"

/* SMART backend services: a token for what this node is known by there (private_key_jwt). */

enum {
    CONFIGURATION_MOST = 256 * 1024,
    TOKEN_ANSWER_MOST = 64 * 1024,
    DEPTH = 32,
    ASSERTION_S = 240,
    SPARE_MS = 10000, /* a token that ends so soon is not used any more */
    LIFE_LEAST_S = 30,
    LIFE_MOST_S = 3600,
};

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "no memory for a server of another make");
}

static int64_t now_ms(const struct foreign_going *g)
{
    return g->f->world->now_ms(g->f->world->context);
}

static int fetch(struct foreign_going *g, struct fetch_call *call, yyjson_val **ret_tree,
                 struct err *e)
{
    const struct loc_world *w = g->f->world;
    call->deadline_ms = g->ask->deadline_ms;
    int rc = w->fetch(w->context, call, &g->a, e);
    return rc ? rc : json_read(call->answer, DEPTH, &g->a, ret_tree, e);
}

static int find_endpoint(struct foreign_going *g, text *ret_url, struct err *e)
{
    yyjson_val *root = NULL;
    struct fetch_call call = {.method = T("GET"),
                              .url = arena_printf(&g->a, "%.*s/.well-known/smart-configuration",
                                                  TEXT_ARG(g->server.base)),
                              .most_bytes = CONFIGURATION_MOST};
    int rc = call.url.p ? fetch(g, &call, &root, e) : no_memory(e);
    *ret_url = json_text(json_get(root, T("token_endpoint")));
    return rc                                 ? rc
           : call.status == 200 && ret_url->n ? 0
                                              : err_set(e, ERR_IO,
                                                        "it does not say where tokens are had "
                                                        "(.well-known/smart-configuration)");
}

static int make_assertion(struct foreign_going *g, text audience, text *ret_jws, struct err *e)
{
    const struct loc_world *w = g->f->world;
    struct jose_key *key = NULL;
    yyjson_val *jwk = NULL;
    struct buf claims;
    text secret = {0};
    uint8_t jti[16];
    w->random(w->context, jti, sizeof jti);
    text unique = base64url_print(text_make((const char *)jti, sizeof jti), &g->a);
    int rc = w->unseal(w->context, g->server.key, &g->a, &secret, e);
    rc = rc ? rc : json_read(secret, DEPTH, &g->a, &jwk, e);
    rc = rc ? rc : jose_key_read(jwk, JOSE_RS384, &key, e);
    if (rc) {
        return rc;
    }
    long long now_s = (long long)(now_ms(g) / 1000);
    buf_init(&claims, JOSE_MAX / 2);
    buf_add(&claims, T("{\"iss\":"));
    json_write_string(g->server.client, &claims);
    buf_add(&claims, T(",\"sub\":"));
    json_write_string(g->server.client, &claims);
    buf_add(&claims, T(",\"aud\":"));
    json_write_string(audience, &claims);
    buf_printf(&claims, ",\"iat\":%lld,\"exp\":%lld,\"jti\":\"%.*s\"}", now_s, now_s + ASSERTION_S,
               TEXT_ARG(unique));
    rc = buf_failed(&claims) || !unique.p
             ? no_memory(e)
             : jws_sign(key, "JWT", buf_text(&claims), &g->a, ret_jws, e);
    buf_done(&claims);
    jose_key_free(key);
    return rc;
}

static void add_form(struct buf *out, const char *name, text value)
{
    buf_printf(out, "%s%s=", out->n ? "&" : "", name);
    for (size_t i = 0; i < value.n; i++) {
        char c = value.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '_' || c == '.';
        if (plain) {
            buf_addc(out, c);
        } else {
            buf_printf(out, "%%%02X", (unsigned)(unsigned char)c);
        }
    }
}

/* A token goes into a header field: nothing but what one may have (RFC 6750). */
static bool token_ok(text token)
{
    bool ok = token.n && token.n < FOREIGN_TOKEN_ROOM;
    for (size_t i = 0; ok && i < token.n; i++) {
        ok = token.p[i] > 0x20 && token.p[i] < 0x7f;
    }
    return ok;
}

static int take_token(struct foreign_going *g, const yyjson_val *root, struct err *e)
{
    uint64_t seconds = 0;
    text token = json_text(json_get(root, T("access_token")));
    if (!token_ok(token)) {
        return err_set(e, ERR_IO, "it gave no token that can be used");
    }
    (void)text_to_u64(json_text(json_get(root, T("expires_in"))), &seconds);
    seconds = seconds < LIFE_LEAST_S ? LIFE_LEAST_S : seconds;
    seconds = seconds > LIFE_MOST_S ? LIFE_MOST_S : seconds;
    (void)pthread_mutex_lock(&g->f->lock);
    struct foreign_known *known = foreign_known(g->f, &g->server);
    memcpy(known->token, token.p, token.n);
    known->token[token.n] = '\0';
    known->expires_ms = now_ms(g) + (int64_t)seconds * 1000 - SPARE_MS;
    (void)pthread_mutex_unlock(&g->f->lock);
    g->token = token;
    return 0;
}

static int ask_for_token(struct foreign_going *g, struct err *e)
{
    yyjson_val *root = NULL;
    struct buf form;
    text url, jws = {0};
    int rc = find_endpoint(g, &url, e);
    rc = rc ? rc : make_assertion(g, url, &jws, e);
    if (rc) {
        return rc;
    }
    buf_init(&form, TOKEN_ANSWER_MOST);
    add_form(&form, "grant_type", T("client_credentials"));
    add_form(&form, "scope", g->server.scope);
    add_form(&form, "client_assertion_type",
             T("urn:ietf:params:oauth:client-assertion-type:jwt-bearer"));
    add_form(&form, "client_assertion", jws);
    struct fetch_call call = {.method = T("POST"),
                              .url = url,
                              .content_type = T("application/x-www-form-urlencoded"),
                              .body = buf_text(&form),
                              .most_bytes = TOKEN_ANSWER_MOST};
    rc = buf_failed(&form) ? no_memory(e) : fetch(g, &call, &root, e);
    buf_done(&form);
    if (!rc && call.status != 200) {
        rc = err_set(e, ERR_FORBIDDEN, "it gave this node no token (status %d)", call.status);
    }
    return rc ? rc : take_token(g, root, e);
}

int foreign_token(struct foreign_going *g, bool again, struct err *e)
{
    (void)pthread_mutex_lock(&g->f->lock);
    struct foreign_known *known = foreign_known(g->f, &g->server);
    bool has = !again && known->expires_ms > now_ms(g);
    text token = has ? arena_copy(&g->a, text_of(known->token)) : (text){0};
    known->expires_ms = again ? 0 : known->expires_ms;
    (void)pthread_mutex_unlock(&g->f->lock);
    if (has && !token.p) {
        return no_memory(e);
    }
    g->token = token;
    return has ? 0 : ask_for_token(g, e);
}
