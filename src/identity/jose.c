#include "identity/jose_int.h"

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/rsa.h>
#include <pthread.h>

static const struct jose_kind kinds[] = {
    {JOSE_ES256, "ES256", JOSE_FAMILY_EC, "P-256", "prime256v1", 32, "SHA256", false},
    {JOSE_ES384, "ES384", JOSE_FAMILY_EC, "P-384", "secp384r1", 48, "SHA384", false},
    {JOSE_RS256, "RS256", JOSE_FAMILY_RSA, NULL, NULL, 0, "SHA256", false},
    {JOSE_RS384, "RS384", JOSE_FAMILY_RSA, NULL, NULL, 0, "SHA384", false},
    {JOSE_RS512, "RS512", JOSE_FAMILY_RSA, NULL, NULL, 0, "SHA512", false},
    {JOSE_PS256, "PS256", JOSE_FAMILY_RSA, NULL, NULL, 0, "SHA256", true},
    {JOSE_PS384, "PS384", JOSE_FAMILY_RSA, NULL, NULL, 0, "SHA384", true},
    {JOSE_EDDSA, "EdDSA", JOSE_FAMILY_OKP, "Ed25519", "ED25519", 32, NULL, false},
};
enum { KIND_COUNT = sizeof kinds / sizeof *kinds };

const struct jose_kind *jose_kind(enum jose_algorithm alg)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (kinds[i].alg == alg) {
            return &kinds[i];
        }
    }
    return NULL;
}

const struct jose_kind *jose_kind_named(text name)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (text_eq(text_of(kinds[i].name), name)) {
            return &kinds[i];
        }
    }
    return NULL;
}

const char *jose_name(enum jose_algorithm alg)
{
    const struct jose_kind *kind = jose_kind(alg);
    return kind ? kind->name : "none";
}

enum jose_algorithm jose_named(text name)
{
    const struct jose_kind *kind = jose_kind_named(name);
    return kind ? kind->alg : JOSE_NONE;
}

text jose_key_id(const struct jose_key *key)
{
    return text_of(key->kid);
}

enum jose_algorithm jose_key_algorithm(const struct jose_key *key)
{
    return key->kind->alg;
}

bool jose_key_is_secret(const struct jose_key *key)
{
    return key->secret;
}

/* A fetch by name takes locks; what was fetched never changes. */
static EVP_MD *digests[3];
static const char *const digest_names[3] = {"SHA256", "SHA384", "SHA512"};

static void fetch_digests(void)
{
    for (size_t i = 0; i < 3; i++) {
        digests[i] = EVP_MD_fetch(NULL, digest_names[i], NULL);
    }
}

const EVP_MD *jose_digest(const char *name)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, fetch_digests);
    for (size_t i = 0; name && i < 3; i++) {
        if (strcmp(name, digest_names[i]) == 0) {
            return digests[i];
        }
    }
    return NULL;
}

/* --- one member once ---------------------------------------------------------------------------
 */

static int unique_object(const yyjson_val *object, struct err *e)
{
    if (json_len(object) > JOSE_MEMBERS_MAX) {
        return err_set(e, ERR_INVALID, "an object has more than %d members", JOSE_MEMBERS_MAX);
    }
    const yyjson_val *name = object + 1;
    for (size_t left = json_len(object); left; left--, name = json_after(name + 1)) {
        /* The first that has this name must be this one. */
        if (json_get(object, json_text(name)) != name + 1) {
            return err_set(e, ERR_INVALID, "the member \"%.*s\" stands twice",
                           TEXT_ARG(text_short(json_text(name), 40)));
        }
    }
    return 0;
}

int jose_unique(const yyjson_val *root, struct err *e)
{
    int r = 0;
    const yyjson_val *end = json_after(root);
    for (const yyjson_val *v = root; v < end && !r; v++) {
        r = json_type(v) == YYJSON_TYPE_OBJ ? unique_object(v, e) : 0;
    }
    return r;
}

/* --- verifying ---------------------------------------------------------------------------------
 */

/* r and s behind one another, each of the curve's size, as DER. Free with OPENSSL_free(). */
static unsigned char *der_of(text plain, size_t size, size_t *ret_n)
{
    const unsigned char *from = (const unsigned char *)plain.p;
    unsigned char *der = NULL;
    ECDSA_SIG *sig = plain.n == size * 2 ? ECDSA_SIG_new() : NULL;
    BIGNUM *r = sig ? BN_bin2bn(from, (int)size, NULL) : NULL;
    BIGNUM *s = sig ? BN_bin2bn(from + size, (int)size, NULL) : NULL;
    int n = 0;
    if (r && s && ECDSA_SIG_set0(sig, r, s) == 1) {
        n = i2d_ECDSA_SIG(sig, &der);
    } else {
        BN_free(r);
        BN_free(s);
    }
    ECDSA_SIG_free(sig);
    if (n <= 0) {
        return NULL;
    }
    *ret_n = (size_t)n;
    return der;
}

static bool verify(const struct jose_key *key, text bytes, const unsigned char *sig, size_t n)
{
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options = NULL;
    const EVP_MD *digest = jose_digest(key->kind->digest);
    bool ok = c && (digest || !key->kind->digest) &&
              EVP_DigestVerifyInit(c, &options, digest, NULL, key->pkey) == 1;
    if (ok && key->kind->pss) {
        ok = EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1 &&
             EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) == 1 &&
             EVP_PKEY_CTX_set_rsa_mgf1_md(options, digest) == 1;
    }
    ok = ok && EVP_DigestVerify(c, sig, n, (const unsigned char *)bytes.p, bytes.n) == 1;
    EVP_MD_CTX_free(c);
    return ok;
}

bool jose_verifies(const struct jose_key *key, enum jose_form form, text bytes, text signature)
{
    if (key->kind->family != JOSE_FAMILY_EC || form == JOSE_DER) {
        return signature.n && verify(key, bytes, (const unsigned char *)signature.p, signature.n);
    }
    size_t n = 0;
    unsigned char *der = der_of(signature, key->kind->size, &n);
    bool ok = der && verify(key, bytes, der, n);
    OPENSSL_free(der);
    return ok;
}
