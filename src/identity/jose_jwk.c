/* JSON Web Keys (RFC 7517, RFC 7518 section 6, RFC 8037) and sets of them. */
#include "identity/jose_int.h"

#include <openssl/crypto.h>

enum { DEPTH = 8, MEMBER_MAX = JOSE_RSA_MOST / 8 * 4 / 3 + 8, SCRATCH = 65536 };
static const size_t RSA_BITS = 3072;

/* --- reading -----------------------------------------------------------------------------------
 */

static int member(const yyjson_val *jwk, text name, struct arena *a, text *ret, struct err *e)
{
    const yyjson_val *v = json_get(jwk, name);
    if (!v) {
        *ret = (text){NULL, 0};
        return 0;
    }
    text t = json_text(v);
    if (json_type(v) != YYJSON_TYPE_STR || t.n == 0 || t.n > MEMBER_MAX ||
        base64url_read(t, a, ret, NULL)) {
        return err_set(e, ERR_INVALID, "\"%.*s\" of a JWK is base64url of up to %d letters",
                       TEXT_ARG(name), MEMBER_MAX);
    }
    return 0;
}

/* Only what the kind has: a private member of another kind must not slip in. */
static int read_parts(const yyjson_val *jwk, const struct jose_kind *kind, struct arena *a,
                      struct jose_parts *p, struct err *e)
{
    int r = member(jwk, T("d"), a, &p->d, e);
    if (kind->family != JOSE_FAMILY_RSA) {
        r = r ? r : member(jwk, T("x"), a, &p->x, e);
        return r || kind->family == JOSE_FAMILY_OKP ? r : member(jwk, T("y"), a, &p->y, e);
    }
    r = r ? r : member(jwk, T("n"), a, &p->n, e);
    r = r ? r : member(jwk, T("e"), a, &p->e, e);
    r = r || !p->d.n ? r : member(jwk, T("p"), a, &p->p, e);
    r = r || !p->d.n ? r : member(jwk, T("q"), a, &p->q, e);
    r = r || !p->d.n ? r : member(jwk, T("dp"), a, &p->dp, e);
    r = r || !p->d.n ? r : member(jwk, T("dq"), a, &p->dq, e);
    return r || !p->d.n ? r : member(jwk, T("qi"), a, &p->qi, e);
}

static enum jose_algorithm by_curve(text curve, enum jose_family family)
{
    static const enum jose_algorithm algs[] = {JOSE_ES256, JOSE_ES384, JOSE_EDDSA};
    for (size_t i = 0; i < sizeof algs / sizeof *algs; i++) {
        const struct jose_kind *kind = jose_kind(algs[i]);
        if (kind->family == family && text_eq(text_of(kind->curve), curve)) {
            return algs[i];
        }
    }
    return JOSE_NONE;
}

/* What the key signs with. NULL: a kind that is not known here. */
static const struct jose_kind *kind_of(const yyjson_val *jwk, enum jose_algorithm fallback)
{
    text kty = json_text(json_get(jwk, T("kty")));
    enum jose_family family = JOSE_FAMILY_RSA;
    const struct jose_kind *natural = NULL;
    if (text_eq(kty, T("EC")) || text_eq(kty, T("OKP"))) {
        family = text_eq(kty, T("EC")) ? JOSE_FAMILY_EC : JOSE_FAMILY_OKP;
        natural = jose_kind(by_curve(json_text(json_get(jwk, T("crv"))), family));
    } else if (text_eq(kty, T("RSA"))) {
        natural = jose_kind(fallback);
        natural = natural && natural->family == JOSE_FAMILY_RSA ? natural : jose_kind(JOSE_RS256);
    }
    const yyjson_val *alg = json_get(jwk, T("alg"));
    const struct jose_kind *named = alg ? jose_kind_named(json_text(alg)) : natural;
    if (!natural || !named || named->family != family) {
        return NULL;
    }
    return family == JOSE_FAMILY_RSA || named == natural ? named : NULL;
}

/* `use` and `key_ops`, where they are given, have to speak of signatures. */
static bool is_for_signing(const yyjson_val *jwk)
{
    const yyjson_val *use = json_get(jwk, T("use"));
    const yyjson_val *ops = json_get(jwk, T("key_ops"));
    if (use && (json_type(use) != YYJSON_TYPE_STR || !text_eq(json_text(use), T("sig")))) {
        return false;
    }
    if (!ops || json_type(ops) != YYJSON_TYPE_ARR) {
        return !ops;
    }
    const yyjson_val *op = ops + 1;
    for (size_t left = json_len(ops); left; left--, op = json_after(op)) {
        if (text_eq(json_text(op), T("verify")) || text_eq(json_text(op), T("sign"))) {
            return true;
        }
    }
    return false;
}

/* The arena gives memory back as it is. */
static void wipe(const struct jose_parts *p)
{
    const text secrets[] = {p->d, p->p, p->q, p->dp, p->dq, p->qi};
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
        OPENSSL_cleanse((void *)(uintptr_t)secrets[i].p, secrets[i].n);
    }
}

static int read_key(yyjson_val *jwk, enum jose_algorithm fallback, struct arena *a,
                    struct jose_key **ret_key, struct err *e)
{
    struct jose_parts parts = {.x = T("")};
    const yyjson_val *kid = json_get(jwk, T("kid"));
    if (json_type(jwk) != YYJSON_TYPE_OBJ) {
        return err_set(e, ERR_INVALID, "a JWK is a JSON object");
    }
    int r = jose_unique(jwk, e);
    const struct jose_kind *kind = r ? NULL : kind_of(jwk, fallback);
    if (r) {
        return r;
    }
    if (!kind) {
        return err_set(e, ERR_INVALID,
                       "this is no key that is known here: kty is EC (P-256, P-384), OKP (Ed25519) "
                       "or RSA, and alg, where given, one that such a key has (no HMAC)");
    }
    if (!is_for_signing(jwk)) {
        return err_set(e, ERR_INVALID,
                       "this key is not for signatures: use is sig, and key_ops, "
                       "where given, names verify or sign");
    }
    if (kid && json_type(kid) != YYJSON_TYPE_STR) {
        return err_set(e, ERR_INVALID, "the kid of a key is a string");
    }
    r = read_parts(jwk, kind, a, &parts, e);
    r = r ? r : jose_key_from(kind, &parts, json_text(kid), ret_key, e);
    wipe(&parts);
    return r;
}

int jose_key_read(yyjson_val *jwk, enum jose_algorithm fallback, struct jose_key **ret_key,
                  struct err *e)
{
    struct arena a;
    arena_init(&a, SCRATCH);
    int r = read_key(jwk, fallback, &a, ret_key, e);
    arena_done(&a);
    return r;
}

/* Of a set: what cannot be used is no error, but is not taken. */
static int take(yyjson_val *jwk, enum jose_algorithm fallback, struct jose_key **keys, size_t *n,
                struct err *e)
{
    if (json_get(jwk, T("d"))) {
        return err_set(e, ERR_INVALID,
                       "the set holds a private key, which is no longer secret now: make a new "
                       "one, and give its public part only");
    }
    struct err why = {0};
    int r = jose_key_read(jwk, fallback, &keys[*n], &why);
    if (r == ERR_MEMORY) {
        return err_set(e, r, "%s", "");
    }
    *n += r == 0;
    return 0;
}

int jose_keys_read_as(text json, enum jose_algorithm fallback, struct jose_key *keys[JOSE_KEYS_MAX],
                      size_t *ret_count, struct err *e)
{
    struct arena a;
    yyjson_val *root = NULL;
    size_t n = 0;
    if (json.n > JOSE_SET_MAX) {
        return err_set(e, ERR_TOO_LARGE, "a set of keys is %d bytes at most", JOSE_SET_MAX);
    }
    arena_init(&a, (size_t)JOSE_SET_MAX * 32);
    int r = json_read(json, DEPTH, &a, &root, e);
    r = r ? r : jose_unique(root, e);
    yyjson_val *list = r ? NULL : json_get(root, T("keys"));
    if (!r && json_type(list) != YYJSON_TYPE_ARR) {
        r = err_set(e, ERR_INVALID, "a JWK Set is an object with an array \"keys\"");
    }
    if (!r && json_len(list) > JOSE_KEYS_MAX) {
        r = err_set(e, ERR_TOO_LARGE, "a set has %d keys at most", JOSE_KEYS_MAX);
    }
    yyjson_val *jwk = r ? NULL : list + 1;
    for (size_t left = r ? 0 : json_len(list); left && !r; left--, jwk = json_after(jwk)) {
        r = take(jwk, fallback, keys, &n, e);
    }
    arena_done(&a);
    if (r) {
        jose_keys_free(keys, n);
        return r;
    }
    *ret_count = n;
    return 0;
}

int jose_keys_read(text json, struct jose_key *keys[JOSE_KEYS_MAX], size_t *ret_count,
                   struct err *e)
{
    return jose_keys_read_as(json, JOSE_RS384, keys, ret_count, e);
}

/* --- writing -----------------------------------------------------------------------------------
 */

static void put(struct buf *out, const char *name, text value)
{
    buf_printf(out, "%s\"%s\":", out->n > 1 ? "," : "", name);
    json_write_string(value, out);
}

static void put_bytes(struct buf *out, const char *name, text bytes, struct arena *a)
{
    text t = base64url_print(bytes, a);
    out->failed = out->failed || !t.p;
    if (t.p) {
        put(out, name, t);
    }
}

/* The members of a thumbprint, in its order (RFC 7638 section 3.2). */
static void put_public(struct buf *out, const struct jose_kind *kind, const struct jose_parts *p,
                       struct arena *a)
{
    static const char *const types[] = {"EC", "RSA", "OKP"};
    text kty = text_of(types[kind->family]);
    if (kind->family == JOSE_FAMILY_RSA) {
        put_bytes(out, "e", p->e, a);
        put(out, "kty", kty);
        put_bytes(out, "n", p->n, a);
        return;
    }
    put(out, "crv", text_of(kind->curve));
    put(out, "kty", kty);
    put_bytes(out, "x", p->x, a);
    if (kind->family == JOSE_FAMILY_EC) {
        put_bytes(out, "y", p->y, a);
    }
}

static void put_secret(struct buf *out, const struct jose_parts *p, struct arena *a)
{
    put_bytes(out, "d", p->d, a);
    if (p->p.n) {
        put_bytes(out, "p", p->p, a);
        put_bytes(out, "q", p->q, a);
        put_bytes(out, "dp", p->dp, a);
        put_bytes(out, "dq", p->dq, a);
        put_bytes(out, "qi", p->qi, a);
    }
}

int jose_key_print(const struct jose_key *key, bool secret, struct arena *a, text *ret_jwk,
                   struct err *e)
{
    struct jose_parts parts;
    struct buf out;
    int r = jose_key_parts(key, secret, a, &parts, e);
    if (r) {
        return r;
    }
    buf_init(&out, JOSE_MAX);
    buf_addc(&out, '{');
    put_public(&out, key->kind, &parts, a);
    if (key->kid[0]) {
        put(&out, "kid", text_of(key->kid));
    }
    put(&out, "alg", text_of(key->kind->name));
    put(&out, "use", T("sig"));
    if (secret) {
        put_secret(&out, &parts, a);
        wipe(&parts);
    }
    buf_addc(&out, '}');
    text jwk = buf_failed(&out) ? (text){NULL, 0} : arena_copy(a, buf_text(&out));
    OPENSSL_cleanse(out.p, out.n);
    buf_done(&out);
    if (!jwk.p) {
        return err_set(e, ERR_MEMORY, "%s", "");
    }
    *ret_jwk = jwk;
    return 0;
}

/* --- making ------------------------------------------------------------------------------------
 */

int jose_key_thumbprint(const struct jose_key *key, struct arena *a, text *ret_print, struct err *e)
{
    struct jose_parts parts;
    struct buf out;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    int r = jose_key_parts(key, false, a, &parts, e);
    if (r) {
        return r;
    }
    buf_init(&out, JOSE_MAX);
    buf_addc(&out, '{');
    put_public(&out, key->kind, &parts, a);
    buf_addc(&out, '}');
    bool ok = !buf_failed(&out) &&
              EVP_Digest(out.p, out.n, digest, &size, jose_digest("SHA256"), NULL) == 1;
    buf_done(&out);
    text print = ok ? base64url_print((text){(char *)digest, size}, a) : (text){NULL, 0};
    if (!print.p) {
        return err_set(e, ERR_MEMORY, "%s", "");
    }
    *ret_print = print;
    return 0;
}

int jose_key_make(enum jose_algorithm alg, struct jose_key **ret_key, struct err *e)
{
    const struct jose_kind *kind = jose_kind(alg);
    struct jose_key key = {.kind = kind};
    struct arena a;
    text kid = {NULL, 0};
    if (!kind) {
        return err_set(e, ERR_INVALID, "no key of this kind is made here");
    }
    key.pkey = kind->family == JOSE_FAMILY_RSA  ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", RSA_BITS)
               : kind->family == JOSE_FAMILY_EC ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", kind->group)
                                                : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    if (!key.pkey) {
        return err_set(e, ERR_INTERNAL, "no key could be made");
    }
    arena_init(&a, SCRATCH);
    int r = jose_key_thumbprint(&key, &a, &kid, e);
    if (r) {
        EVP_PKEY_free(key.pkey);
    } else {
        r = jose_key_wrap(kind, key.pkey, kid, true, ret_key, e);
    }
    arena_done(&a);
    return r;
}
