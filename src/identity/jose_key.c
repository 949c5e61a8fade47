/* From parts to a key and back: the checks of a key are here, once, for JWK and COSE alike. */
#include "identity/jose_int.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <stdlib.h>

enum { POINT_MAX = 1 + 2 * 66, SECRET_MAX = 66 };

void jose_key_free(struct jose_key *key)
{
    if (key) {
        EVP_PKEY_free(key->pkey);
        free(key->kid);
        free(key);
    }
}

void jose_keys_free(struct jose_key *const *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        jose_key_free(keys[i]);
    }
}

/* --- what makes a key weak ---------------------------------------------------------------------
 */

/* Whether n mod p is a power of 65537 mod p. */
static bool is_power(unsigned remainder, unsigned p)
{
    unsigned at = 1;
    do {
        if (at == remainder) {
            return true;
        }
        at = at * (65537U % p) % p;
    } while (at != 1);
    return false;
}

/*
 * Keys of a faulty generator (CVE-2017-15361) can be factored. Their modulus is a power of 65537
 * modulo every small prime; of others one in 2^27 is modulo all of these.
 */
static bool is_guessable(const BIGNUM *n)
{
    static const unsigned char primes[] = {11, 13, 17,  19,  37,  53,  61,  71, 73,
                                           79, 97, 103, 107, 109, 127, 151, 157};
    for (size_t i = 0; i < sizeof primes; i++) {
        if (!is_power((unsigned)BN_mod_word(n, primes[i]), primes[i])) {
            return false;
        }
    }
    return true;
}

static int check_rsa(const BIGNUM *n, const BIGNUM *exponent, struct err *e)
{
    int bits = BN_num_bits(n);
    if (bits < JOSE_RSA_LEAST || bits > JOSE_RSA_MOST || !BN_is_odd(n)) {
        return err_set(e, ERR_INVALID, "an RSA key has %d to %d bits; this one has %d",
                       JOSE_RSA_LEAST, JOSE_RSA_MOST, bits);
    }
    if (BN_num_bits(exponent) < 17 || BN_num_bits(exponent) > 64 || !BN_is_odd(exponent)) {
        return err_set(e, ERR_INVALID,
                       "the public exponent of an RSA key is odd and from 65537 to 2^64");
    }
    if (is_guessable(n)) {
        return err_set(e, ERR_INVALID,
                       "this RSA key was made by a faulty generator and can be guessed; make "
                       "another one");
    }
    return 0;
}

/* --- to OpenSSL --------------------------------------------------------------------------------
 */

struct numbers {
    BIGNUM *of[8];
    size_t count;
};

/* The builder keeps a reference until its parameters are made. */
static bool push(OSSL_PARAM_BLD *b, struct numbers *kept, const char *name, text bytes)
{
    BIGNUM *n = BN_secure_new();
    if (!n) {
        return false;
    }
    kept->of[kept->count++] = n;
    return bytes.n <= JOSE_RSA_MOST / 8 + 1 &&
           BN_bin2bn((const unsigned char *)bytes.p, (int)bytes.n, n) &&
           OSSL_PARAM_BLD_push_BN(b, name, n);
}

static int build_rsa(OSSL_PARAM_BLD *b, const struct jose_parts *k, struct numbers *kept,
                     struct err *e)
{
    if (!push(b, kept, OSSL_PKEY_PARAM_RSA_N, k->n) ||
        !push(b, kept, OSSL_PKEY_PARAM_RSA_E, k->e)) {
        return err_set(e, ERR_INVALID, "an RSA key has n and e, of %d bits at most", JOSE_RSA_MOST);
    }
    int r = check_rsa(kept->of[0], kept->of[1], e);
    if (r || !k->d.n) {
        return r;
    }
    return push(b, kept, OSSL_PKEY_PARAM_RSA_D, k->d) &&
                   push(b, kept, OSSL_PKEY_PARAM_RSA_FACTOR1, k->p) &&
                   push(b, kept, OSSL_PKEY_PARAM_RSA_FACTOR2, k->q) &&
                   push(b, kept, OSSL_PKEY_PARAM_RSA_EXPONENT1, k->dp) &&
                   push(b, kept, OSSL_PKEY_PARAM_RSA_EXPONENT2, k->dq) &&
                   push(b, kept, OSSL_PKEY_PARAM_RSA_COEFFICIENT1, k->qi)
               ? 0
               : err_set(e, ERR_INVALID, "a private RSA key has d, p, q, dp, dq and qi");
}

static int build_ec(OSSL_PARAM_BLD *b, const struct jose_kind *kind, const struct jose_parts *k,
                    unsigned char point[POINT_MAX], struct numbers *kept, struct err *e)
{
    size_t size = kind->size;
    if (k->x.n != size || k->y.n != size || (k->d.n && k->d.n != size)) {
        return err_set(e, ERR_INVALID, "the coordinates of a key on %s are %zu bytes each",
                       kind->curve, size);
    }
    point[0] = 4; /* not compressed */
    memcpy(point + 1, k->x.p, size);
    memcpy(point + 1 + size, k->y.p, size);
    bool ok = OSSL_PARAM_BLD_push_utf8_string(b, OSSL_PKEY_PARAM_GROUP_NAME, kind->group, 0) &&
              OSSL_PARAM_BLD_push_octet_string(b, OSSL_PKEY_PARAM_PUB_KEY, point, size * 2 + 1) &&
              (!k->d.n || push(b, kept, OSSL_PKEY_PARAM_PRIV_KEY, k->d));
    return ok ? 0 : err_set(e, ERR_MEMORY, "%s", "");
}

static int build_okp(OSSL_PARAM_BLD *b, const struct jose_kind *kind, const struct jose_parts *k,
                     struct err *e)
{
    if (k->x.n != kind->size || (k->d.n && k->d.n != kind->size)) {
        return err_set(e, ERR_INVALID, "a key on %s is %zu bytes", kind->curve, kind->size);
    }
    bool ok =
        OSSL_PARAM_BLD_push_octet_string(b, OSSL_PKEY_PARAM_PUB_KEY, k->x.p, k->x.n) &&
        (!k->d.n || OSSL_PARAM_BLD_push_octet_string(b, OSSL_PKEY_PARAM_PRIV_KEY, k->d.p, k->d.n));
    return ok ? 0 : err_set(e, ERR_MEMORY, "%s", "");
}

static const char *type_of(const struct jose_kind *kind)
{
    static const char *const types[] = {"EC", "RSA", "ED25519"};
    return types[kind->family];
}

/* The point is on the curve, the private part belongs to the public one. */
static bool is_sound(EVP_PKEY *pkey, const struct jose_kind *kind, bool secret)
{
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    bool ok = c && (kind->family == JOSE_FAMILY_RSA || EVP_PKEY_public_check(c) == 1) &&
              (!secret || EVP_PKEY_pairwise_check(c) == 1);
    EVP_PKEY_CTX_free(c);
    return ok;
}

static int finish(OSSL_PARAM_BLD *b, const struct jose_kind *kind, bool secret, EVP_PKEY **ret_pkey,
                  struct err *e)
{
    EVP_PKEY *pkey = NULL;
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(b);
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, type_of(kind), NULL);
    bool ok =
        params && c && EVP_PKEY_fromdata_init(c) == 1 &&
        EVP_PKEY_fromdata(c, &pkey, secret ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, params) == 1 &&
        is_sound(pkey, kind, secret);
    EVP_PKEY_CTX_free(c);
    OSSL_PARAM_free(params);
    if (!ok) {
        EVP_PKEY_free(pkey);
        return err_set(e, ERR_INVALID,
                       "this is not a key for %s: its point is not on the curve, "
                       "or its parts do not belong together",
                       kind->name);
    }
    *ret_pkey = pkey;
    return 0;
}

static int make_pkey(const struct jose_kind *kind, const struct jose_parts *parts,
                     EVP_PKEY **ret_pkey, struct err *e)
{
    unsigned char point[POINT_MAX];
    struct numbers kept = {.count = 0};
    OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
    int r = !b                                ? err_set(e, ERR_MEMORY, "%s", "")
            : kind->family == JOSE_FAMILY_RSA ? build_rsa(b, parts, &kept, e)
            : kind->family == JOSE_FAMILY_EC  ? build_ec(b, kind, parts, point, &kept, e)
                                              : build_okp(b, kind, parts, e);
    r = r ? r : finish(b, kind, parts->d.n != 0, ret_pkey, e);
    for (size_t i = 0; i < kept.count; i++) {
        BN_clear_free(kept.of[i]);
    }
    OSSL_PARAM_BLD_free(b);
    return r;
}

int jose_key_wrap(const struct jose_kind *kind, EVP_PKEY *pkey, text kid, bool secret,
                  struct jose_key **ret_key, struct err *e)
{
    struct jose_key *key = calloc(1, sizeof *key);
    char *name = calloc(1, kid.n + 1);
    if (!key || !name) {
        EVP_PKEY_free(pkey);
        free(key);
        free(name);
        return err_set(e, ERR_MEMORY, "%s", "");
    }
    if (kid.n) {
        memcpy(name, kid.p, kid.n);
    }
    *key = (struct jose_key){pkey, kind, name, secret};
    *ret_key = key;
    return 0;
}

int jose_key_from(const struct jose_kind *kind, const struct jose_parts *parts, text kid,
                  struct jose_key **ret_key, struct err *e)
{
    EVP_PKEY *pkey = NULL;
    if (kid.n > JOSE_KID_MAX || (kid.n && memchr(kid.p, '\0', kid.n))) {
        return err_set(e, ERR_INVALID, "the kid of a key is %d bytes at most, without U+0000",
                       JOSE_KID_MAX);
    }
    int r = make_pkey(kind, parts, &pkey, e);
    return r ? r : jose_key_wrap(kind, pkey, kid, parts->d.n != 0, ret_key, e);
}

/* --- back --------------------------------------------------------------------------------------
 */

/* A number as bytes: `size` of them, or as many as it needs where that is 0. */
static bool number(const EVP_PKEY *pkey, const char *name, size_t size, struct arena *a, text *ret)
{
    BIGNUM *n = NULL;
    if (EVP_PKEY_get_bn_param(pkey, name, &n) != 1) {
        return false;
    }
    size_t count = size ? size : (size_t)BN_num_bytes(n);
    unsigned char *to = arena_alloc(a, count + 1);
    bool ok = to && BN_bn2binpad(n, to, (int)count) >= 0;
    BN_clear_free(n);
    *ret = (text){(char *)to, count};
    return ok;
}

static bool octets(const EVP_PKEY *pkey, const char *name, size_t size, struct arena *a, text *ret)
{
    size_t n = 0;
    unsigned char *to = arena_alloc(a, size);
    *ret = (text){(char *)to, size};
    return to && EVP_PKEY_get_octet_string_param(pkey, name, to, size, &n) == 1 && n == size;
}

static bool rsa_parts(const EVP_PKEY *k, bool secret, struct arena *a, struct jose_parts *p)
{
    return number(k, OSSL_PKEY_PARAM_RSA_N, 0, a, &p->n) &&
           number(k, OSSL_PKEY_PARAM_RSA_E, 0, a, &p->e) &&
           (!secret || (number(k, OSSL_PKEY_PARAM_RSA_D, 0, a, &p->d) &&
                        number(k, OSSL_PKEY_PARAM_RSA_FACTOR1, 0, a, &p->p) &&
                        number(k, OSSL_PKEY_PARAM_RSA_FACTOR2, 0, a, &p->q) &&
                        number(k, OSSL_PKEY_PARAM_RSA_EXPONENT1, 0, a, &p->dp) &&
                        number(k, OSSL_PKEY_PARAM_RSA_EXPONENT2, 0, a, &p->dq) &&
                        number(k, OSSL_PKEY_PARAM_RSA_COEFFICIENT1, 0, a, &p->qi)));
}

int jose_key_parts(const struct jose_key *key, bool secret, struct arena *a,
                   struct jose_parts *ret_parts, struct err *e)
{
    const EVP_PKEY *k = key->pkey;
    size_t size = key->kind->size;
    struct jose_parts p = {.x = T("")};
    bool ok = false;
    if (secret && !key->secret) {
        return err_set(e, ERR_INVALID, "this key has no private part");
    }
    if (key->kind->family == JOSE_FAMILY_RSA) {
        ok = rsa_parts(k, secret, a, &p);
    } else if (key->kind->family == JOSE_FAMILY_EC) {
        ok = number(k, OSSL_PKEY_PARAM_EC_PUB_X, size, a, &p.x) &&
             number(k, OSSL_PKEY_PARAM_EC_PUB_Y, size, a, &p.y) &&
             (!secret || number(k, OSSL_PKEY_PARAM_PRIV_KEY, size, a, &p.d));
    } else {
        ok = octets(k, OSSL_PKEY_PARAM_PUB_KEY, size, a, &p.x) &&
             (!secret || octets(k, OSSL_PKEY_PARAM_PRIV_KEY, size, a, &p.d));
    }
    if (!ok) {
        return err_set(e, ERR_MEMORY, "%s", "");
    }
    *ret_parts = p;
    return 0;
}
