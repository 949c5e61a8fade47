#include "locality/member_key.h"

#include <openssl/crypto.h>

static int read_key(const uint8_t public[32], const uint8_t *seed, struct arena *a,
                    struct jose_key **ret_key, struct err *e)
{
    text x = base64url_print(text_make((const char *)public, 32), a);
    text d = seed ? base64url_print(text_make((const char *)seed, 32), a) : (text){0};
    text jwk = arena_printf(a, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%.*s\"%s%.*s%s}",
                            TEXT_ARG(x), seed ? ",\"d\":\"" : "", TEXT_ARG(d), seed ? "\"" : "");
    yyjson_val *root = NULL;
    int rc = jwk.p ? json_read(jwk, 2, a, &root, e)
                   : err_set(e, ERR_MEMORY, "no memory for the key of a member");
    rc = rc ? rc : jose_key_read(root, JOSE_NONE, ret_key, e);
    if (seed && jwk.p) {
        OPENSSL_cleanse((char *)(uintptr_t)jwk.p, jwk.n);
        OPENSSL_cleanse((char *)(uintptr_t)d.p, d.n);
    }
    return rc;
}

int member_key_public(const struct note_key *key, struct arena *a, struct jose_key **ret_key,
                      struct err *e)
{
    return read_key(key->key, NULL, a, ret_key, e);
}

int member_key_secret(const struct note_signer *key, struct arena *a, struct jose_key **ret_key,
                      struct err *e)
{
    uint8_t seed[32];
    int rc = note_signer_seed(key, seed, e);
    rc = rc ? rc : read_key(note_signer_key(key)->key, seed, a, ret_key, e);
    OPENSSL_cleanse(seed, sizeof seed);
    return rc;
}
