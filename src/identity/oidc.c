#include "identity/oidc_int.h"

#include "fhir/search.h"

#include <stdlib.h>

static const char assertion_type[] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

int oidc_open_with(struct kept *k, const char *dir, int64_t (*clock)(void), struct oidc **ret_oidc,
                   struct err *e)
{
    struct oidc *o = calloc(1, sizeof *o);
    if (!o) {
        return err_set(e, ERR_MEMORY, "%s", "");
    }
    int r = seal_open(dir, &o->seal, e);
    if (r) {
        free(o);
        return r;
    }
    o->kept = k;
    o->clock = clock;
    random_uuid(o->boot);
    (void)pthread_mutex_init(&o->lock, NULL);
    for (size_t i = 0; i < OIDC_PROVIDERS; i++) {
        (void)pthread_mutex_init(&o->keys[i].lock, NULL);
    }
    *ret_oidc = o;
    return 0;
}

void oidc_close(struct oidc *o)
{
    if (o) {
        oidc_keys_close(o);
        seal_free(o->seal);
        (void)pthread_mutex_destroy(&o->lock);
        free(o);
    }
}

int oidc_providers(struct oidc *o, struct arena *a, struct oidc_provider_info **ret_providers,
                   size_t *ret_count, struct err *e)
{
    struct oidc_provider *all = NULL;
    size_t count = 0;
    int r = oidc_provider_each(o->kept, a, &all, &count, e);
    struct oidc_provider_info *infos = r ? NULL : arena_zalloc(a, count + 1, sizeof *infos);
    if (r || !infos) {
        return r ? r : err_set(e, ERR_MEMORY, "%s", "");
    }
    for (size_t i = 0; i < count; i++) {
        infos[i] = (struct oidc_provider_info){all[i].name, all[i].words};
    }
    *ret_providers = infos;
    *ret_count = count;
    return 0;
}

/* --- there -------------------------------------------------------------------------------------
 */

/* ["P9.Cp.Cd","P9.Ck"] */
static text print_vtr(const struct oidc_provider *p, struct arena *a)
{
    struct buf out;
    buf_init(&out, OIDC_QUERY_MAX);
    for (size_t i = 0; i < p->vtr_count; i++) {
        buf_addc(&out, i ? ',' : '[');
        json_write_string(p->vtr[i], &out);
    }
    buf_addc(&out, ']');
    text t = buf_failed(&out) ? (text){NULL, 0} : arena_copy(a, buf_text(&out));
    buf_done(&out);
    return t;
}

static text challenge_of(text verifier, struct arena *a)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    bool ok = EVP_Digest(verifier.p, verifier.n, digest, &n, jose_digest("SHA256"), NULL) == 1;
    return ok ? base64url_print((text){(char *)digest, n}, a) : (text){NULL, 0};
}

static void put_question(struct buf *out, const struct oidc_provider *p, text redirect_uri,
                         const struct oidc_state *s, text sealed, struct arena *a)
{
    oidc_form_add(out, "response_type", T("code"), a);
    oidc_form_add(out, "client_id", p->client_id, a);
    oidc_form_add(out, "redirect_uri", redirect_uri, a);
    oidc_form_add(out, "scope", p->scope, a);
    oidc_form_add(out, "state", sealed, a);
    oidc_form_add(out, "nonce", s->nonce, a);
    oidc_form_add(out, "code_challenge", challenge_of(s->verifier, a), a);
    oidc_form_add(out, "code_challenge_method", T("S256"), a);
    if (p->vtr_count) {
        oidc_form_add(out, "vtr", print_vtr(p, a), a);
    }
    if (p->acr_values.n) {
        oidc_form_add(out, "acr_values", p->acr_values, a);
    }
    if (p->max_age) {
        oidc_form_add(out, "max_age", arena_printf(a, "%lld", (long long)p->max_age), a);
    }
}

int oidc_start(struct oidc *o, text provider, text redirect_uri, text binding, struct arena *a,
               text *ret_url, struct err *e)
{
    struct oidc_provider p;
    struct oidc_state s;
    struct buf query;
    text sealed = {NULL, 0};
    int r = oidc_provider_read(o->kept, provider, a, &p, e);
    r = r ? r : oidc_state_make(o, provider, redirect_uri, binding, a, &s, &sealed, e);
    if (r) {
        return r;
    }
    buf_init(&query, OIDC_QUERY_MAX);
    put_question(&query, &p, redirect_uri, &s, sealed, a);
    text at = p.authorization_endpoint;
    const text parts[] = {at, text_find(at, '?') < at.n ? T("&") : T("?"), buf_text(&query)};
    text url = buf_failed(&query) ? (text){NULL, 0} : arena_join(a, parts, 3);
    buf_done(&query);
    if (!url.p) {
        return err_set(e, ERR_MEMORY, "%s", "");
    }
    *ret_url = url;
    return 0;
}

/* --- and back ----------------------------------------------------------------------------------
 */

struct answer {
    text code;
    text state;
    text issuer;
    text error;
};

static int refuse(struct err *e, const char *why)
{
    return err_set(e, ERR_FORBIDDEN, "the provider's answer does not count: %s", why);
}

static int read_answer(text query, struct arena *a, struct answer *ret, struct err *e)
{
    struct limits limits = limits_default();
    struct search_pair *pairs = NULL;
    size_t count = 0;
    struct answer answer = {.code = {NULL, 0}};
    struct err why = {0};
    if (query.n > OIDC_QUERY_MAX || search_decode(query, &limits, a, &pairs, &count, &why)) {
        return refuse(e, "its address cannot be read");
    }
    for (size_t i = 0; i < count; i++) {
        text *to = text_eq(pairs[i].name, T("code"))    ? &answer.code
                   : text_eq(pairs[i].name, T("state")) ? &answer.state
                   : text_eq(pairs[i].name, T("iss"))   ? &answer.issuer
                   : text_eq(pairs[i].name, T("error")) ? &answer.error
                                                        : NULL;
        if (to && to->p) {
            return refuse(e, "a part of its address stands twice");
        }
        if (to) {
            *to = pairs[i].value.p ? pairs[i].value : T("");
        }
    }
    *ret = answer;
    return 0;
}

/* RFC 9207, then what the provider says. Its words are not shown: only codes of RFC 6749, 4.1.2.1
 * and OpenID Connect have a form that is safe anywhere. */
static int check_answer(const struct oidc_provider *p, const struct answer *answer, struct err *e)
{
    if ((p->says_issuer && !answer->issuer.p) ||
        (answer->issuer.p && !text_eq(answer->issuer, p->issuer))) {
        return refuse(e, "it comes from another provider (iss)");
    }
    if (answer->error.p) {
        text code = answer->error;
        for (size_t i = 0; i < code.n; i++) {
            if (!((code.p[i] >= 'a' && code.p[i] <= 'z') || code.p[i] == '_') || i >= 40) {
                code = T("unknown");
            }
        }
        return err_set(e, ERR_FORBIDDEN, "the provider did not sign you in (%.*s); %s",
                       TEXT_ARG(code),
                       text_eq(code, T("access_denied")) ? "you or it said no" : "try again later");
    }
    if (!answer->code.n) {
        return refuse(e, "it has no code");
    }
    return 0;
}

/* private_key_jwt (OpenID Connect Core 9, RFC 7523). */
static int assertion_of(struct oidc *o, const struct oidc_provider *p, struct arena *a,
                        text *ret_jwt, struct err *e)
{
    yyjson_val *jwk = NULL;
    struct jose_key *key = NULL;
    struct buf out;
    text secret = {NULL, 0};
    int64_t now_s = o->clock() / 1000;
    int r = seal_read(o->seal, "provider", p->key, a, &secret, e);
    r = r ? r : json_read(secret, 2, a, &jwk, e);
    r = r ? r : jose_key_read(jwk, JOSE_RS256, &key, e);
    if (r) {
        return r;
    }
    buf_init(&out, JOSE_MAX);
    buf_add(&out, T("{\"iss\":"));
    json_write_string(p->client_id, &out);
    buf_add(&out, T(",\"sub\":"));
    json_write_string(p->client_id, &out);
    buf_add(&out, T(",\"aud\":"));
    json_write_string(p->token_endpoint, &out);
    buf_add(&out, T(",\"jti\":"));
    json_write_string(secret_token(a), &out);
    buf_printf(&out, ",\"iat\":%lld,\"exp\":%lld}", (long long)now_s, (long long)now_s + 60);
    r = buf_failed(&out) ? err_set(e, ERR_MEMORY, "%s", "")
                         : jws_sign(key, "JWT", buf_text(&out), a, ret_jwt, e);
    buf_done(&out);
    jose_key_free(key);
    return r;
}

struct tokens {
    text id_token;
    text access_token;
};

static int exchange(struct oidc *o, const struct oidc_provider *p, text code, text redirect_uri,
                    const struct oidc_state *s, struct arena *a, struct tokens *ret, struct err *e)
{
    struct buf form;
    yyjson_val *root = NULL;
    text assertion = {NULL, 0};
    int r = assertion_of(o, p, a, &assertion, e);
    if (r) {
        return r;
    }
    buf_init(&form, OIDC_ANSWER_MAX);
    oidc_form_add(&form, "grant_type", T("authorization_code"), a);
    oidc_form_add(&form, "code", code, a);
    oidc_form_add(&form, "redirect_uri", redirect_uri, a);
    oidc_form_add(&form, "code_verifier", s->verifier, a);
    oidc_form_add(&form, "client_id", p->client_id, a);
    oidc_form_add(&form, "client_assertion_type", text_of(assertion_type), a);
    oidc_form_add(&form, "client_assertion", assertion, a);
    r = buf_failed(&form)
            ? err_set(e, ERR_MEMORY, "%s", "")
            : oidc_call(p->token_endpoint, p->is_private, buf_text(&form), T(""), a, &root, e);
    buf_done(&form);
    if (r) {
        return r;
    }
    struct tokens t = {json_text(json_get(root, T("id_token"))),
                       json_text(json_get(root, T("access_token")))};
    if (!text_eq_nocase(json_text(json_get(root, T("token_type"))), T("Bearer")) || !t.id_token.n ||
        !t.access_token.n) {
        return refuse(e, "it has no ID token, or no access token of the type Bearer");
    }
    *ret = t;
    return 0;
}

/* Core 5.3.2: it is about the same person, or it is not used. */
static int ask_userinfo(const struct oidc_provider *p, text access_token, const yyjson_val *claims,
                        struct arena *a, yyjson_val **ret_userinfo, struct err *e)
{
    yyjson_val *root = NULL;
    if (!p->userinfo_endpoint.n) {
        *ret_userinfo = NULL;
        return 0;
    }
    int r = oidc_call(p->userinfo_endpoint, p->is_private, T(""), access_token, a, &root, e);
    if (r) {
        return r;
    }
    const yyjson_val *sub = json_get(root, T("sub"));
    if (json_type(sub) != YYJSON_TYPE_STR ||
        !text_eq(json_text(sub), json_text(json_get(claims, T("sub"))))) {
        return refuse(e, "what it says of the person is about somebody else (sub of userinfo)");
    }
    *ret_userinfo = root;
    return 0;
}

int oidc_finish(struct oidc *o, text provider, text query, text redirect_uri, text binding,
                struct arena *a, struct oidc_person *ret_person, struct err *e)
{
    struct oidc_provider p;
    struct answer answer = {.code = {NULL, 0}};
    struct oidc_state s;
    struct tokens tokens;
    yyjson_val *claims = NULL;
    yyjson_val *userinfo = NULL;
    int r = oidc_provider_read(o->kept, provider, a, &p, e);
    r = r ? r : read_answer(query, a, &answer, e);
    r = r ? r : oidc_state_take(o, answer.state, provider, redirect_uri, binding, a, &s, e);
    r = r ? r : check_answer(&p, &answer, e);
    r = r ? r : exchange(o, &p, answer.code, redirect_uri, &s, a, &tokens, e);
    r = r ? r
          : oidc_token_check(o, &p, tokens.id_token, tokens.access_token, s.nonce, a, &claims, e);
    r = r ? r : ask_userinfo(&p, tokens.access_token, claims, a, &userinfo, e);
    return r ? r : oidc_person_make(&p, claims, userinfo, a, ret_person, e);
}
