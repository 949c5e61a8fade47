/* A new provider: what its discovery document says, and what the administrator says of it. */
#include "identity/oidc_int.h"

#include <openssl/crypto.h>

enum { DEPTH = 16, LABEL_MAX = 32, WORDS_MAX = 60, FIELD_MAX = 500 };

static int bad(struct err *e, const char *what)
{
    return err_set(e, ERR_INVALID, "the provider cannot be added: %s", what);
}

/* --- what the administrator says ---------------------------------------------------------------
 */

static bool is_name(text t)
{
    for (size_t i = 0; i < t.n; i++) {
        char c = t.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c == '-' && i))) {
            return false;
        }
    }
    return t.n && t.n <= LABEL_MAX;
}

/* Printable ASCII, as identifiers and scopes are. */
static bool is_plain(text t)
{
    for (size_t i = 0; i < t.n; i++) {
        if (t.p[i] < ' ' || t.p[i] > '~' || t.p[i] == '"' || t.p[i] == '\\') {
            return false;
        }
    }
    return t.n <= FIELD_MAX;
}

static bool has_word(text words, text word)
{
    text rest = words;
    text w;
    while (text_cut(&rest, ' ', &w)) {
        if (text_eq(w, word)) {
            return true;
        }
    }
    return false;
}

static int read_vtr(text words, struct arena *a, struct oidc_provider *p, struct err *e)
{
    text rest = words;
    text w;
    p->vtr = arena_zalloc(a, OIDC_VTR_MAX, sizeof *p->vtr);
    if (!p->vtr) {
        return err_set(e, ERR_MEMORY, "%s", "");
    }
    while (words.n && text_cut(&rest, ' ', &w)) {
        if (!trust_is_vector(w) || p->vtr_count == OIDC_VTR_MAX) {
            return bad(e, "vtr is up to eight vectors of trust with a space between, such as "
                          "'P9.Cp.Cd P9.Cp.Ck P9.Cm'");
        }
        p->vtr[p->vtr_count++] = w;
    }
    return 0;
}

static int check_given(const struct oidc_new *n, struct err *e)
{
    if (!is_name(n->name)) {
        return bad(e, "its name is up to 32 small letters, digits and '-'");
    }
    if (!n->words.n || n->words.n > WORDS_MAX) {
        return bad(e, "the words of its button are 1 to 60 bytes, such as 'NHS login'");
    }
    if (!n->client_id.n || !is_plain(n->client_id)) {
        return bad(e, "the client id is what the provider calls this node");
    }
    if (!is_plain(n->scope) || !has_word(n->scope, T("openid"))) {
        return bad(e, "scope is words with a space between, openid one of them");
    }
    if (!is_plain(n->acr_values) || n->max_age < 0 || n->max_age > INT32_MAX) {
        return bad(e, "acr_values is words with a space between; max_age is seconds");
    }
    if (n->least_proofing.n &&
        (n->least_proofing.n != 2 || trust_proofing(n->least_proofing) < 0)) {
        return bad(e, "the least proofing is P0 to P9");
    }
    if (n->least_proofing.n && !n->vtr.n) {
        return bad(e, "the least proofing is said by vot, for which vtr has to ask");
    }
    if (n->by_nhs_number && trust_proofing(n->least_proofing) != 9) {
        return bad(e, "accounts can be found by NHS number only where P9 is the least proofing");
    }
    return 0;
}

/* --- what the provider says --------------------------------------------------------------------
 */

/* https, or http on loopback; nothing behind '#'; the rest the client checks at each call. */
static bool is_address(text t)
{
    bool loopback = text_starts(t, T("http://127.0.0.1:")) ||
                    text_starts(t, T("http://localhost:")) || text_starts(t, T("http://[::1]:"));
    return is_plain(t) && (loopback || (text_starts(t, T("https://")) && t.n > 8)) &&
           text_find(t, '#') == t.n && text_find(t, ' ') == t.n && text_find(t, '@') == t.n;
}

static int endpoint(const yyjson_val *doc, const char *name, bool required, text *ret,
                    struct err *e)
{
    const yyjson_val *v = json_get(doc, text_of(name));
    *ret = v ? json_text(v) : T("");
    if ((!v && !required) || (json_type(v) == YYJSON_TYPE_STR && is_address(*ret))) {
        return 0;
    }
    return err_set(e, ERR_INVALID,
                   "the provider cannot be added: %s of its discovery document is no https address",
                   name);
}

/* Whether a list of strings has it; no list at all: `otherwise`. */
static bool lists(const yyjson_val *doc, const char *name, const char *what, bool otherwise)
{
    const yyjson_val *list = json_get(doc, text_of(name));
    if (json_type(list) != YYJSON_TYPE_ARR) {
        return otherwise;
    }
    const yyjson_val *v = list + 1;
    for (size_t left = json_len(list); left; left--, v = json_after(v)) {
        if (text_eq(json_text(v), text_of(what))) {
            return true;
        }
    }
    return false;
}

/* The first of `wanted` that the provider has. */
static enum jose_algorithm choose(const yyjson_val *doc, const char *name,
                                  const enum jose_algorithm *wanted)
{
    for (; *wanted != JOSE_NONE; wanted++) {
        if (lists(doc, name, jose_name(*wanted), *wanted == JOSE_RS256)) {
            return *wanted;
        }
    }
    return JOSE_NONE;
}

/* RS256 is what an ID token is signed with unless something else was agreed (Core 2). */
static const enum jose_algorithm token_algs[] = {JOSE_RS256, JOSE_PS256, JOSE_ES256,
                                                 JOSE_EDDSA, JOSE_RS512, JOSE_RS384,
                                                 JOSE_PS384, JOSE_ES384, JOSE_NONE};
static const enum jose_algorithm key_algs[] = {JOSE_ES256, JOSE_ES384, JOSE_EDDSA,
                                               JOSE_PS384, JOSE_PS256, JOSE_RS512,
                                               JOSE_RS384, JOSE_RS256, JOSE_NONE};

static int read_document(const struct oidc_new *n, struct arena *a, struct oidc_provider *p,
                         enum jose_algorithm *ret_key_alg, struct err *e)
{
    yyjson_val *doc = NULL;
    int r = json_read(n->discovery, DEPTH, a, &doc, e);
    r = r ? r : jose_unique(doc, e);
    if (r) {
        return r;
    }
    r = endpoint(doc, "issuer", true, &p->issuer, e);
    r = r ? r : endpoint(doc, "authorization_endpoint", true, &p->authorization_endpoint, e);
    r = r ? r : endpoint(doc, "token_endpoint", true, &p->token_endpoint, e);
    r = r ? r : endpoint(doc, "jwks_uri", true, &p->jwks_uri, e);
    r = r ? r : endpoint(doc, "userinfo_endpoint", false, &p->userinfo_endpoint, e);
    if (r) {
        return r;
    }
    if (n->issuer.n && !text_eq(n->issuer, p->issuer)) { /* Discovery 4.3 */
        return bad(e, "the discovery document is of another issuer than was asked for");
    }
    if (!lists(doc, "response_types_supported", "code", true) ||
        !lists(doc, "token_endpoint_auth_methods_supported", "private_key_jwt", true)) {
        return bad(e, "it does not have the code flow with private_key_jwt");
    }
    const yyjson_val *iss = json_get(doc, T("authorization_response_iss_parameter_supported"));
    p->says_issuer = iss && iss->tag == (YYJSON_TYPE_BOOL | YYJSON_SUBTYPE_TRUE);
    p->alg = n->alg ? n->alg : choose(doc, "id_token_signing_alg_values_supported", token_algs);
    *ret_key_alg = n->key_alg
                       ? n->key_alg
                       : choose(doc, "token_endpoint_auth_signing_alg_values_supported", key_algs);
    if (p->alg == JOSE_NONE || *ret_key_alg == JOSE_NONE) {
        return bad(e, "it signs, or lets sign, with no algorithm that is known here");
    }
    return 0;
}

/* --- keeping -----------------------------------------------------------------------------------
 */

static void put(struct buf *out, const char *name, text value)
{
    buf_printf(out, "%s\"%s\":", out->n > 1 ? "," : "", name);
    json_write_string(value, out);
}

static text print_row(const struct oidc_provider *p, struct arena *a)
{
    struct buf out;
    buf_init(&out, OIDC_ANSWER_MAX);
    buf_addc(&out, '{');
    put(&out, "name", p->name);
    put(&out, "words", p->words);
    put(&out, "issuer", p->issuer);
    put(&out, "client_id", p->client_id);
    put(&out, "key", p->key);
    put(&out, "authorization_endpoint", p->authorization_endpoint);
    put(&out, "token_endpoint", p->token_endpoint);
    put(&out, "jwks_uri", p->jwks_uri);
    put(&out, "userinfo_endpoint", p->userinfo_endpoint);
    put(&out, "scope", p->scope);
    buf_add(&out, T(",\"vtr\":["));
    for (size_t i = 0; i < p->vtr_count; i++) {
        buf_printf(&out, "%s", i ? "," : "");
        json_write_string(p->vtr[i], &out);
    }
    buf_addc(&out, ']');
    put(&out, "least_proofing", p->least_proofing);
    put(&out, "acr_values", p->acr_values);
    put(&out, "kind", p->professional ? T("professional") : T("patient"));
    put(&out, "link", p->by_nhs_number ? T("nhs_number") : T("subject"));
    put(&out, "alg", text_of(jose_name(p->alg)));
    buf_printf(&out, ",\"max_age\":%lld,\"says_issuer\":%s,\"private\":%s}", (long long)p->max_age,
               p->says_issuer ? "true" : "false", p->is_private ? "true" : "false");
    text row = buf_failed(&out) ? (text){NULL, 0} : arena_copy(a, buf_text(&out));
    buf_done(&out);
    return row;
}

/* The client's own key: sealed into the row; its public part for the provider. */
static int make_key(const struct seal_key *seal, enum jose_algorithm alg, struct arena *a,
                    text *ret_sealed, text *ret_jwk, struct err *e)
{
    struct jose_key *key = NULL;
    text secret = {NULL, 0};
    int r = jose_key_make(alg, &key, e);
    r = r ? r : jose_key_print(key, true, a, &secret, e);
    r = r ? r : seal_make(seal, "provider", secret, a, ret_sealed, e);
    r = r ? r : jose_key_print(key, false, a, ret_jwk, e);
    OPENSSL_cleanse((void *)(uintptr_t)secret.p, secret.n);
    jose_key_free(key);
    return r;
}

int oidc_provider_add(struct kept *k, const struct seal_key *seal, const struct oidc_new *given,
                      struct arena *a, text *ret_jwk, struct err *e)
{
    struct oidc_provider p = {
        .name = given->name,
        .words = given->words,
        .client_id = given->client_id,
        .scope = given->scope,
        .least_proofing = given->least_proofing,
        .acr_values = given->acr_values,
        .professional = given->professional,
        .by_nhs_number = given->by_nhs_number,
        .max_age = given->max_age,
        .is_private = given->is_private,
    };
    enum jose_algorithm key_alg = JOSE_NONE;
    text jwk = {NULL, 0};
    int r = check_given(given, e);
    r = r ? r : read_vtr(given->vtr, a, &p, e);
    r = r ? r : read_document(given, a, &p, &key_alg, e);
    r = r ? r : make_key(seal, key_alg, a, &p.key, &jwk, e);
    if (r) {
        return r;
    }
    const struct kept_change change = {
        .change = KEPT_ADD, .kind = "provider", .key = p.name, .value = print_row(&p, a)};
    if (!change.value.p) {
        return err_set(e, ERR_MEMORY, "%s", "");
    }
    r = kept_write(k, &change, 1, NULL, e);
    if (r == ERR_CONFLICT) {
        return err_set(e, r, "there is a provider %.*s already; remove it first", TEXT_ARG(p.name));
    }
    if (!r) {
        *ret_jwk = jwk;
    }
    return r;
}
