/* The provider's keys, and its ID tokens. */
#include "identity/oidc_int.h"

static int refuse(struct err *e, const char *why)
{
    return err_set(e, ERR_FORBIDDEN, "the provider's ID token does not count: %s", why);
}

/* --- keys --------------------------------------------------------------------------------------
 */

/* Its place, locked. NULL: there are more providers than places. */
static struct oidc_keys *place_of(struct oidc *o, text uri)
{
    struct oidc_keys *free_one = NULL;
    struct oidc_keys *found = NULL;
    (void)pthread_mutex_lock(&o->lock);
    for (size_t i = 0; i < OIDC_PROVIDERS && !found; i++) {
        struct oidc_keys *k = &o->keys[i];
        if (text_eq(text_of(k->uri), uri)) {
            found = k;
        } else if (!k->uri[0] && !free_one) {
            free_one = k;
        }
    }
    if (!found && free_one && uri.n <= OIDC_URL_MAX) {
        found = free_one;
        memcpy(found->uri, uri.p, uri.n);
        found->uri[uri.n] = '\0';
    }
    (void)pthread_mutex_unlock(&o->lock);
    if (found) {
        (void)pthread_mutex_lock(&found->lock);
    }
    return found;
}

/* Those that are there stay when the new ones cannot be had. */
static int fetch(struct oidc_keys *k, const struct oidc_provider *p, int64_t now_ms,
                 struct arena *a, struct err *e)
{
    text set = {NULL, 0};
    struct jose_key *keys[JOSE_KEYS_MAX];
    size_t count = 0;
    k->tried_ms = now_ms;
    int r = oidc_fetch(p->jwks_uri, p->is_private, a, &set, e);
    r = r ? r : jose_keys_read_as(set, p->alg, keys, &count, e);
    if (r) {
        return r;
    }
    jose_keys_free(k->keys, k->count);
    memcpy(k->keys, keys, count * sizeof *keys);
    k->count = count;
    k->fetched_ms = now_ms;
    return 0;
}

static bool knows(const struct oidc_keys *k, text kid)
{
    for (size_t i = 0; i < k->count; i++) {
        if (text_eq(jose_key_id(k->keys[i]), kid)) {
            return true;
        }
    }
    return false;
}

int oidc_keys_verify(struct oidc *o, const struct oidc_provider *p, text jws, struct arena *a,
                     yyjson_val **ret_header, text *ret_payload, struct err *e)
{
    int64_t now_ms = o->clock();
    text kid = jws_key_id(jws, a);
    struct oidc_keys *k = place_of(o, p->jwks_uri);
    if (!k) {
        return err_set(e, ERR_TOO_MANY, "there are more than %d providers; remove one",
                       OIDC_PROVIDERS);
    }
    int64_t age = now_ms - k->fetched_ms;
    bool stale = !k->fetched_ms || age < 0 || age > OIDC_KEYS_MS;
    bool again = now_ms - k->tried_ms >= OIDC_KEYS_AGAIN_MS && !knows(k, kid);
    int r = stale || again ? fetch(k, p, now_ms, a, e) : 0;
    r = r ? r : jws_verify(jws, k->keys, k->count, NULL, a, ret_header, ret_payload, e);
    (void)pthread_mutex_unlock(&k->lock);
    return r;
}

void oidc_keys_close(struct oidc *o)
{
    for (size_t i = 0; i < OIDC_PROVIDERS; i++) {
        jose_keys_free(o->keys[i].keys, o->keys[i].count);
        (void)pthread_mutex_destroy(&o->keys[i].lock);
    }
}

/* --- claims ------------------------------------------------------------------------------------
 */

static int check_header(const struct oidc_provider *p, const yyjson_val *header, struct err *e)
{
    text typ = json_text(json_get(header, T("typ")));
    if (!text_eq(json_text(json_get(header, T("alg"))), text_of(jose_name(p->alg)))) {
        return err_set(e, ERR_FORBIDDEN,
                       "the provider's ID token does not count: it is not signed with %s, as was "
                       "agreed with the provider",
                       jose_name(p->alg));
    }
    if (typ.p && !text_eq_nocase(typ, T("JWT"))) { /* such as a logout token */
        return refuse(e, "it is a token of another kind (typ)");
    }
    return 0;
}

/* Core 3.1.3.7, steps 3 to 5. */
static int check_party(const struct oidc_provider *p, const yyjson_val *claims, struct err *e)
{
    const yyjson_val *aud = json_get(claims, T("aud"));
    const yyjson_val *azp = json_get(claims, T("azp"));
    bool several = json_type(aud) == YYJSON_TYPE_ARR && json_len(aud) > 1;
    if (azp ? !text_eq(json_text(azp), p->client_id) : several) {
        return refuse(e, "it was given to another client (azp)");
    }
    text sub = json_text(json_get(claims, T("sub")));
    if (json_type(json_get(claims, T("sub"))) != YYJSON_TYPE_STR || !sub.n || sub.n > 255) {
        return refuse(e, "it names nobody (sub)");
    }
    return 0;
}

static bool seconds(const yyjson_val *claims, text name, int64_t *ret)
{
    const yyjson_val *v = json_get(claims, name);
    text t = json_text(v);
    uint64_t n = 0;
    bool ok = json_type(v) == YYJSON_TYPE_RAW && t.n <= 15 &&
              text_to_u64(text_first(t, text_find(t, '.')), &n);
    *ret = (int64_t)n;
    return ok;
}

static int check_age(const struct oidc_provider *p, const yyjson_val *claims, int64_t now_s,
                     struct err *e)
{
    int64_t at = 0;
    if (!seconds(claims, T("iat"), &at) || at < now_s - OIDC_FRESH_S) {
        return refuse(e, "it was not made just now (iat)");
    }
    if (p->max_age &&
        (!seconds(claims, T("auth_time"), &at) || at < now_s - p->max_age - OIDC_SKEW_S)) {
        return refuse(e, "the person has not signed in recently enough (auth_time)");
    }
    return 0;
}

/* Core 3.1.3.8: the left half of the hash of the access token. */
static int check_at_hash(const struct oidc_provider *p, const yyjson_val *claims, text access_token,
                         struct arena *a, struct err *e)
{
    const yyjson_val *given = json_get(claims, T("at_hash"));
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    const char *name = jose_kind(p->alg)->digest;
    const EVP_MD *md = jose_digest(name ? name : "SHA512"); /* Ed25519 is built on that */
    if (!given) {
        return 0;
    }
    if (EVP_Digest(access_token.p, access_token.n, digest, &n, md, NULL) != 1) {
        return err_set(e, ERR_INTERNAL, "a hash is not there");
    }
    text half = base64url_print((text){(char *)digest, n / 2}, a);
    if (!half.p) {
        return err_set(e, ERR_MEMORY, "%s", "");
    }
    return secret_eq(json_text(given), half) ? 0
                                             : refuse(e, "its access token is another (at_hash)");
}

static bool is_word_of(text word, text words)
{
    text rest = words;
    text w;
    while (text_cut(&rest, ' ', &w)) {
        if (w.n && text_eq(w, word)) {
            return true;
        }
    }
    return false;
}

static int check_trust(const struct oidc_provider *p, const yyjson_val *claims, struct err *e)
{
    text vot = json_text(json_get(claims, T("vot")));
    if (p->vtr_count && !trust_is_enough(vot, p->vtr, p->vtr_count)) {
        return refuse(e, "it does not say what was asked about proof and sign-in (vot)");
    }
    if (p->least_proofing.n && trust_proofing(vot) < trust_proofing(p->least_proofing)) {
        return err_set(e, ERR_FORBIDDEN,
                       "the provider has not proved who this is as well as is asked here (%.*s); "
                       "prove it there, then sign in again",
                       TEXT_ARG(p->least_proofing));
    }
    if (p->acr_values.n && !is_word_of(json_text(json_get(claims, T("acr"))), p->acr_values)) {
        return refuse(e, "it does not say what was asked about sign-in (acr)");
    }
    return 0;
}

int oidc_token_check(struct oidc *o, const struct oidc_provider *p, text id_token,
                     text access_token, text nonce, struct arena *a, yyjson_val **ret_claims,
                     struct err *e)
{
    yyjson_val *header = NULL;
    yyjson_val *claims = NULL;
    text payload = {NULL, 0};
    int64_t now_s = o->clock() / 1000;
    const struct jwt_expect expect = {.issuer = p->issuer,
                                      .audience = p->client_id,
                                      .nonce = nonce,
                                      .now_s = now_s,
                                      .skew_s = OIDC_SKEW_S};
    if (!nonce.n || !p->issuer.n || !p->client_id.n) { /* empty would mean: not asked for */
        return refuse(e, "there is nothing to hold it against");
    }
    int r = oidc_keys_verify(o, p, id_token, a, &header, &payload, e);
    r = r ? r : check_header(p, header, e);
    r = r ? r : jwt_check(payload, &expect, a, &claims, e);
    r = r ? r : check_party(p, claims, e);
    r = r ? r : check_age(p, claims, now_s, e);
    r = r ? r : check_at_hash(p, claims, access_token, a, e);
    r = r ? r : check_trust(p, claims, e);
    if (!r) {
        *ret_claims = claims;
    }
    return r;
}
