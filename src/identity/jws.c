/* JSON Web Signatures in their compact form (RFC 7515 sections 5.2 and 7.1). */
#include "identity/jose_int.h"

#include <openssl/ecdsa.h>
#include <openssl/rsa.h>

enum { DEPTH = 8 };

struct jws {
    text signed_part; /* header and payload, with the dot */
    text header;
    text payload; /* both base64url */
    text signature;
};

static int refuse(struct err *e, const char *why)
{
    return err_set(e, ERR_FORBIDDEN, "the signature does not count: %s", why);
}

static bool split(text t, struct jws *ret)
{
    text rest = t;
    struct jws j = {.header = T("")};
    if (!text_cut(&rest, '.', &j.header) || !rest.p || !text_cut(&rest, '.', &j.payload) ||
        !rest.p || text_find(rest, '.') < rest.n) {
        return false;
    }
    j.signature = rest;
    j.signed_part = text_first(t, j.header.n + 1 + j.payload.n);
    *ret = j;
    return true;
}

static bool typ_is(text typ, text wanted)
{
    const text application = T("application/");
    if (text_eq_nocase(text_first(typ, application.n), application)) {
        typ = text_from(typ, application.n);
    }
    return text_eq_nocase(typ, wanted);
}

/* RFC 8725 section 3: what the header may not do, and what it has to say. */
static int check_header(const yyjson_val *header, const char *typ, struct err *e)
{
    struct err why = {0};
    if (json_type(header) != YYJSON_TYPE_OBJ) {
        return refuse(e, "its header is no JSON object");
    }
    if (jose_unique(header, &why)) {
        return refuse(e, "a member of its header stands twice");
    }
    if (json_get(header, T("crit")) || json_get(header, T("b64"))) {
        return refuse(e, "its header asks for an extension (crit, b64) that is not known here");
    }
    if (json_type(json_get(header, T("alg"))) != YYJSON_TYPE_STR) {
        return refuse(e, "its header names no algorithm");
    }
    const yyjson_val *kid = json_get(header, T("kid"));
    if (kid && (json_type(kid) != YYJSON_TYPE_STR || json_len(kid) == 0)) {
        return refuse(e, "the kid of its header is no name");
    }
    const yyjson_val *given = json_get(header, T("typ"));
    if (given && json_type(given) != YYJSON_TYPE_STR) {
        return refuse(e, "the typ of its header is no string");
    }
    if (typ && !typ_is(json_text(given), text_of(typ))) {
        return err_set(e, ERR_FORBIDDEN, "the signature does not count: its typ has to be %s", typ);
    }
    return 0;
}

/* With a kid, two keys that both fit could stand for two signers. */
static int verify_with(const struct jws *j, const yyjson_val *header, text signature,
                       struct jose_key *const *keys, size_t count, struct err *e)
{
    text alg = json_text(json_get(header, T("alg")));
    text kid = json_text(json_get(header, T("kid")));
    size_t named = 0;
    size_t fit = 0;
    bool holds = false;
    for (size_t i = 0; i < count; i++) {
        bool is_named = !kid.p || text_eq(text_of(keys[i]->kid), kid);
        bool fits = is_named && text_eq(text_of(keys[i]->kind->name), alg);
        named += is_named;
        fit += fits;
        holds = holds || (fits && jose_verifies(keys[i], JOSE_PLAIN, j->signed_part, signature));
    }
    if (!named) {
        return refuse(e, "no key with its kid is known");
    }
    if (!fit) {
        return refuse(e, "its algorithm is not that of the key");
    }
    if (kid.p && fit > 1) {
        return refuse(e, "two keys have its kid");
    }
    return holds ? 0 : refuse(e, "it was not made with this key, or the content was changed");
}

int jws_verify(text jws, struct jose_key *const *keys, size_t key_count, const char *typ,
               struct arena *a, yyjson_val **ret_header, text *ret_payload, struct err *e)
{
    struct jws j;
    text header = {NULL, 0};
    text payload = {NULL, 0};
    text signature = {NULL, 0};
    yyjson_val *root = NULL;
    struct err why = {0};
    if (jws.n > JOSE_MAX) {
        return refuse(e, "it is longer than 8192 bytes");
    }
    if (!split(jws, &j)) {
        return refuse(e, "it is not three parts with a dot between each");
    }
    int r = base64url_read(j.header, a, &header, &why);
    r = r ? r : base64url_read(j.payload, a, &payload, &why);
    r = r ? r : base64url_read(j.signature, a, &signature, &why);
    r = r ? r : json_read(header, DEPTH, a, &root, &why);
    if (r) {
        return r == ERR_MEMORY ? err_set(e, r, "%s", "")
                               : refuse(e, "a part is not base64url, or its header is not JSON");
    }
    r = check_header(root, typ, e);
    r = r ? r : verify_with(&j, root, signature, keys, key_count, e);
    if (r) {
        return r;
    }
    *ret_header = root;
    *ret_payload = payload;
    return 0;
}

text jws_key_id(text jws, struct arena *a)
{
    text header = {NULL, 0};
    yyjson_val *root = NULL;
    struct err why = {0};
    if (jws.n > JOSE_MAX ||
        base64url_read(text_first(jws, text_find(jws, '.')), a, &header, &why) ||
        json_read(header, DEPTH, a, &root, &why)) {
        return T("");
    }
    const yyjson_val *kid = json_get(root, T("kid"));
    return json_type(kid) == YYJSON_TYPE_STR ? json_text(kid) : T("");
}

/* --- signing -----------------------------------------------------------------------------------
 */

/* DER to r and s behind one another. */
static text plain_of(const unsigned char *der, size_t n, size_t size, struct arena *a)
{
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)n);
    unsigned char *to = sig ? arena_alloc(a, size * 2) : NULL;
    bool ok = to && BN_bn2binpad(ECDSA_SIG_get0_r(sig), to, (int)size) >= 0 &&
              BN_bn2binpad(ECDSA_SIG_get0_s(sig), to + size, (int)size) >= 0;
    ECDSA_SIG_free(sig);
    return ok ? (text){(char *)to, size * 2} : (text){NULL, 0};
}

/* p == NULL: could not be done. */
static text sign_bytes(const struct jose_key *key, text bytes, struct arena *a)
{
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options = NULL;
    const EVP_MD *digest = jose_digest(key->kind->digest);
    const unsigned char *from = (const unsigned char *)bytes.p;
    size_t n = (size_t)EVP_PKEY_get_size(key->pkey);
    unsigned char *to = arena_alloc(a, n);
    bool ok = c && to && EVP_DigestSignInit(c, &options, digest, NULL, key->pkey) == 1;
    if (ok && key->kind->pss) {
        ok = EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1 &&
             EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) == 1 &&
             EVP_PKEY_CTX_set_rsa_mgf1_md(options, digest) == 1;
    }
    ok = ok && EVP_DigestSign(c, to, &n, from, bytes.n) == 1;
    EVP_MD_CTX_free(c);
    if (!ok) {
        return (text){NULL, 0};
    }
    return key->kind->family == JOSE_FAMILY_EC ? plain_of(to, n, key->kind->size, a)
                                               : (text){(char *)to, n};
}

int jws_sign_header(const struct jose_key *key, text header, text payload, struct arena *a,
                    text *ret_jws, struct err *e)
{
    if (!key->secret) {
        return err_set(e, ERR_INVALID, "this key has no private part, so it cannot sign");
    }
    const text parts[] = {base64url_print(header, a), T("."), base64url_print(payload, a)};
    text bytes = parts[0].p && parts[2].p ? arena_join(a, parts, 3) : (text){NULL, 0};
    text signature = bytes.p ? sign_bytes(key, bytes, a) : (text){NULL, 0};
    const text all[] = {bytes, T("."), base64url_print(signature, a)};
    text jws = signature.p && all[2].p ? arena_join(a, all, 3) : (text){NULL, 0};
    if (!jws.p) {
        return err_set(e, ERR_MEMORY, "%s", "");
    }
    if (jws.n > JOSE_MAX) {
        return err_set(e, ERR_TOO_LARGE, "what is signed is longer than %d bytes", JOSE_MAX);
    }
    *ret_jws = jws;
    return 0;
}

int jws_sign(const struct jose_key *key, const char *typ, text payload, struct arena *a,
             text *ret_jws, struct err *e)
{
    struct buf out;
    buf_init(&out, JOSE_MAX);
    buf_printf(&out, "{\"alg\":\"%s\"", key->kind->name);
    if (typ) {
        buf_add(&out, T(",\"typ\":"));
        json_write_string(text_of(typ), &out);
    }
    if (key->kid[0]) {
        buf_add(&out, T(",\"kid\":"));
        json_write_string(text_of(key->kid), &out);
    }
    buf_addc(&out, '}');
    int r = buf_failed(&out) ? err_set(e, ERR_MEMORY, "%s", "")
                             : jws_sign_header(key, buf_text(&out), payload, a, ret_jws, e);
    buf_done(&out);
    return r;
}
