#include "passkey_kit.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct passkey_says passkey_says(bool creates)
{
    return (struct passkey_says){
        .type = creates ? "webauthn.create" : "webauthn.get",
        .challenge = "Y2hhbGxlbmdlLWNoYWxsZW5nZQ",
        .origin = "https://kith.example",
        .more = ",\"crossOrigin\":false",
        .rp_id = "kith.example",
        .flags = creates ? 0x45 : 0x05,
        .format = "none",
    };
}

void passkey_make(struct passkey *p, enum passkey_alg alg, struct arena *a)
{
    *p = (struct passkey){.alg = alg, .a = a, .id = "credential-of-32-bytes-exactly!"};
    p->key = alg == PASSKEY_RS256   ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048)
             : alg == PASSKEY_EDDSA ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
             : alg == PASSKEY_ES384 ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384")
                                    : EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    assert_non_null(p->key);
}

void passkey_done(struct passkey *p)
{
    EVP_PKEY_free(p->key);
}

/* --- CBOR --------------------------------------------------------------------------------------
 */

static void head(struct buf *out, unsigned major, size_t n)
{
    if (n < 24) {
        buf_addc(out, (char)(unsigned char)(major << 5 | n));
    } else if (n < 256) {
        buf_addc(out, (char)(unsigned char)(major << 5 | 24));
        buf_addc(out, (char)(unsigned char)n);
    } else {
        buf_addc(out, (char)(unsigned char)(major << 5 | 25));
        buf_addc(out, (char)(unsigned char)(n >> 8));
        buf_addc(out, (char)(unsigned char)(n & 255));
    }
}

static void number(struct buf *out, int n)
{
    head(out, n < 0, (size_t)(n < 0 ? -1 - n : n));
}

static void string(struct buf *out, unsigned major, text t)
{
    head(out, major, t.n);
    buf_add(out, t);
}

static text keep(struct buf *out, struct arena *a)
{
    assert_false(buf_failed(out));
    text t = arena_copy(a, buf_text(out));
    buf_done(out);
    return t;
}

/* --- parts -------------------------------------------------------------------------------------
 */

static text bn(const struct passkey *p, const char *name, size_t size)
{
    BIGNUM *n = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(p->key, name, &n), 1);
    size = size ? size : (size_t)BN_num_bytes(n);
    unsigned char *to = arena_alloc(p->a, size);
    assert_true(BN_bn2binpad(n, to, (int)size) >= 0);
    BN_free(n);
    return (text){(char *)to, size};
}

static void member(struct buf *out, int key, int value)
{
    number(out, key);
    number(out, value);
}

static void bytes(struct buf *out, int key, text value)
{
    number(out, key);
    string(out, 2, value);
}

text passkey_cose(const struct passkey *p)
{
    struct buf out;
    buf_init(&out, 4096);
    bool rsa = p->alg == PASSKEY_RS256;
    bool ed = p->alg == PASSKEY_EDDSA;
    size_t size = p->alg == PASSKEY_ES384 ? 48 : 32;
    head(&out, 5, rsa || ed ? 4 : 5);
    member(&out, 1, rsa ? 3 : ed ? 1 : 2);
    member(&out, 3, p->alg);
    if (rsa) {
        bytes(&out, -1, bn(p, OSSL_PKEY_PARAM_RSA_N, 0));
        bytes(&out, -2, bn(p, OSSL_PKEY_PARAM_RSA_E, 0));
    } else if (ed) {
        unsigned char raw[32];
        size_t n = sizeof raw;
        assert_int_equal(EVP_PKEY_get_raw_public_key(p->key, raw, &n), 1);
        member(&out, -1, 6);
        bytes(&out, -2, (text){(char *)raw, n});
    } else {
        member(&out, -1, p->alg == PASSKEY_ES384 ? 2 : 1);
        bytes(&out, -2, bn(p, OSSL_PKEY_PARAM_EC_PUB_X, size));
        bytes(&out, -3, bn(p, OSSL_PKEY_PARAM_EC_PUB_Y, size));
    }
    return keep(&out, p->a);
}

text passkey_client(const struct passkey *p, const struct passkey_says *says)
{
    return says->client
               ? text_of(says->client)
               : arena_printf(p->a, "{\"type\":\"%s\",\"challenge\":\"%s\",\"origin\":\"%s\"%s}",
                              says->type, says->challenge, says->origin, says->more);
}

static text sha256(const struct passkey *p, text t)
{
    unsigned char *to = arena_alloc(p->a, 32);
    unsigned n = 0;
    assert_int_equal(EVP_Digest(t.p, t.n, to, &n, EVP_sha256(), NULL), 1);
    return (text){(char *)to, 32};
}

text passkey_data(const struct passkey *p, const struct passkey_says *says, bool creates)
{
    struct buf out;
    buf_init(&out, 8192);
    buf_add(&out, sha256(p, text_of(says->rp_id)));
    buf_addc(&out, (char)(unsigned char)says->flags);
    for (int shift = 24; shift >= 0; shift -= 8) {
        buf_addc(&out, (char)(unsigned char)(says->count >> shift & 255));
    }
    if (creates) {
        buf_add(&out, (text){"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x20", 18});
        buf_add(&out, (text){p->id, 32});
        buf_add(&out, says->cose.p ? says->cose : passkey_cose(p));
    }
    buf_add(&out, says->tail);
    return keep(&out, p->a);
}

text passkey_sign(const struct passkey *p, text data, text client)
{
    const text parts[] = {data, sha256(p, client)};
    text signed_part = arena_join(p->a, parts, 2);
    unsigned char *to = arena_alloc(p->a, 512);
    size_t n = 512;
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    const EVP_MD *digest = p->alg == PASSKEY_EDDSA   ? NULL
                           : p->alg == PASSKEY_ES384 ? EVP_sha384()
                                                     : EVP_sha256();
    assert_int_equal(EVP_DigestSignInit(c, NULL, digest, NULL, p->key), 1);
    assert_int_equal(EVP_DigestSign(c, to, &n, (const unsigned char *)signed_part.p, signed_part.n),
                     1);
    EVP_MD_CTX_free(c);
    return (text){(char *)to, n};
}

text passkey_object(const struct passkey *p, const struct passkey_says *says, text client)
{
    struct buf out;
    buf_init(&out, 16384);
    text data = passkey_data(p, says, true);
    head(&out, 5, 3);
    string(&out, 3, T("fmt"));
    string(&out, 3, text_of(says->format));
    string(&out, 3, T("attStmt"));
    if (strcmp(says->format, "packed") == 0) {
        head(&out, 5, 2);
        string(&out, 3, T("alg"));
        number(&out, p->alg);
        string(&out, 3, T("sig"));
        string(&out, 2, passkey_sign(p, data, client));
    } else {
        head(&out, 5, 0);
    }
    string(&out, 3, T("authData"));
    string(&out, 2, data);
    buf_add(&out, says->object_tail);
    return keep(&out, p->a);
}
