/* Providers as they are kept. */
#include "identity/oidc_int.h"

static const char kind[] = "provider";

static text text_in(const yyjson_val *root, const char *name)
{
    const yyjson_val *v = json_get(root, text_of(name));
    return json_type(v) == YYJSON_TYPE_STR ? json_text(v) : T("");
}

static bool is_true(const yyjson_val *v)
{
    return v && v->tag == (YYJSON_TYPE_BOOL | YYJSON_SUBTYPE_TRUE);
}

static int read_vtr(const yyjson_val *list, struct arena *a, struct oidc_provider *p)
{
    if (json_type(list) != YYJSON_TYPE_ARR || json_len(list) > OIDC_VTR_MAX) {
        return list ? ERR_CORRUPT : 0;
    }
    p->vtr = arena_zalloc(a, json_len(list) + 1, sizeof *p->vtr);
    const yyjson_val *v = list + 1;
    for (size_t left = json_len(list); left && p->vtr; left--, v = json_after(v)) {
        p->vtr[p->vtr_count] = json_text(v);
        if (!trust_is_vector(p->vtr[p->vtr_count++])) {
            return ERR_CORRUPT;
        }
    }
    return p->vtr ? 0 : ERR_MEMORY;
}

static int read_row(text name, text row, struct arena *a, struct oidc_provider *ret, struct err *e)
{
    yyjson_val *root = NULL;
    uint64_t max_age = 0;
    int r = json_read(row, 4, a, &root, e);
    if (r) {
        return r;
    }
    struct oidc_provider p = {
        .name = name,
        .words = text_in(root, "words"),
        .issuer = text_in(root, "issuer"),
        .client_id = text_in(root, "client_id"),
        .key = text_in(root, "key"),
        .authorization_endpoint = text_in(root, "authorization_endpoint"),
        .token_endpoint = text_in(root, "token_endpoint"),
        .jwks_uri = text_in(root, "jwks_uri"),
        .userinfo_endpoint = text_in(root, "userinfo_endpoint"),
        .scope = text_in(root, "scope"),
        .least_proofing = text_in(root, "least_proofing"),
        .acr_values = text_in(root, "acr_values"),
        .professional = text_eq(text_in(root, "kind"), T("professional")),
        .by_nhs_number = text_eq(text_in(root, "link"), T("nhs_number")),
        .alg = jose_named(text_in(root, "alg")),
        .says_issuer = is_true(json_get(root, T("says_issuer"))),
        .is_private = is_true(json_get(root, T("private"))),
    };
    (void)text_to_u64(json_text(json_get(root, T("max_age"))), &max_age);
    p.max_age = max_age <= INT32_MAX ? (int64_t)max_age : 0;
    r = read_vtr(json_get(root, T("vtr")), a, &p);
    if (r || p.alg == JOSE_NONE || !p.issuer.n || !p.client_id.n || !p.token_endpoint.n ||
        !p.jwks_uri.n) {
        return err_set(e, r ? r : ERR_CORRUPT,
                       "what is kept of the provider %.*s is not whole; remove it and add it again",
                       TEXT_ARG(text_short(name, 40)));
    }
    *ret = p;
    return 0;
}

int oidc_provider_read(struct kept *k, text name, struct arena *a, struct oidc_provider *ret,
                       struct err *e)
{
    text row = {NULL, 0};
    struct err why = {0};
    text own = arena_copy(a, name);
    if (!own.p) {
        return err_set(e, ERR_MEMORY, "%s", "");
    }
    int r = kept_get(k, kind, name, a, &row, &why);
    if (r) {
        return err_set(e, r, "%s",
                       r == ERR_NOT_FOUND ? "there is no provider of this name" : err_text(&why));
    }
    return read_row(own, row, a, ret, e);
}

struct walk {
    struct arena *a;
    struct oidc_provider *all;
    size_t count;
    size_t capacity;
    struct err *e;
};

static int take(void *context, text key, text value)
{
    struct walk *w = context;
    struct oidc_provider *all = arena_grow(w->a, w->all, w->count, &w->capacity, sizeof *all);
    text name = arena_copy(w->a, key);
    if (!all || !name.p) {
        return err_set(w->e, ERR_MEMORY, "%s", "");
    }
    w->all = all;
    int r = read_row(name, value, w->a, &all[w->count], w->e);
    w->count += r == 0;
    return r;
}

int oidc_provider_each(struct kept *k, struct arena *a, struct oidc_provider **ret,
                       size_t *ret_count, struct err *e)
{
    struct walk w = {.a = a, .e = e};
    int r = kept_each(k, kind, T(""), take, &w, e);
    if (!r) {
        *ret = w.all;
        *ret_count = w.count;
    }
    return r;
}

int oidc_provider_remove(struct kept *k, text name, struct arena *a, struct err *e)
{
    struct oidc_provider p;
    struct err why = {0};
    int r = oidc_provider_read(k, name, a, &p, &why);
    if (r == ERR_NOT_FOUND) {
        return err_set(e, r, "%s", err_text(&why));
    }
    const struct kept_change change = {.change = KEPT_DELETE, .kind = kind, .key = name};
    return kept_write(k, &change, 1, NULL, e);
}

int oidc_provider_key(struct kept *k, const struct seal_key *seal, text name, struct arena *a,
                      text *ret_jwk, struct err *e)
{
    struct oidc_provider p;
    text secret = {NULL, 0};
    yyjson_val *jwk = NULL;
    struct jose_key *key = NULL;
    int r = oidc_provider_read(k, name, a, &p, e);
    r = r ? r : seal_read(seal, "provider", p.key, a, &secret, e);
    r = r ? r : json_read(secret, 2, a, &jwk, e);
    r = r ? r : jose_key_read(jwk, JOSE_RS256, &key, e);
    r = r ? r : jose_key_print(key, false, a, ret_jwk, e);
    jose_key_free(key);
    return r;
}
