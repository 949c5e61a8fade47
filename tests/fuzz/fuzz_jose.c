/*
 * The first byte chooses what the rest is: a JWK, a set of keys, a JWS for a known key, claims, or
 * base64url. What is read must print and be read again as the same; nothing that an outsider wrote
 * may verify.
 */
#include "identity/jose_int.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CHECK(holds)    \
    do {                \
        if (!(holds)) { \
            abort();    \
        }               \
    } while (0)

static void fuzz_key(text in, struct arena *a)
{
    struct err e;
    yyjson_val *root = NULL;
    struct jose_key *key = NULL;
    struct jose_key *again = NULL;
    text jwk = {NULL, 0};
    if (json_read(in, 16, a, &root, &e) || jose_key_read(root, JOSE_RS384, &key, &e)) {
        return;
    }
    CHECK(jose_key_print(key, jose_key_is_secret(key), a, &jwk, &e) == 0);
    CHECK(json_read(jwk, 16, a, &root, &e) == 0);
    CHECK(jose_key_read(root, JOSE_RS384, &again, &e) == 0);
    CHECK(jose_key_algorithm(key) == jose_key_algorithm(again));
    CHECK(text_eq(jose_key_id(key), jose_key_id(again)));
    jose_key_free(key);
    jose_key_free(again);
}

static void fuzz_set(text in)
{
    struct err e;
    struct jose_key *keys[JOSE_KEYS_MAX];
    size_t count = 0;
    if (jose_keys_read(in, keys, &count, &e) == 0) {
        CHECK(count <= JOSE_KEYS_MAX);
        jose_keys_free(keys, count);
    }
}

/* A key whose private part nobody has kept. */
static struct jose_key *known_key(void)
{
    static struct jose_key *key;
    struct err e;
    if (!key) {
        CHECK(jose_key_make(JOSE_ES256, &key, &e) == 0);
    }
    return key;
}

static void fuzz_jws(text in, struct arena *a)
{
    struct err e = {0};
    yyjson_val *header = NULL;
    text payload = {NULL, 0};
    struct jose_key *key = known_key();
    CHECK(jws_verify(in, &key, 1, NULL, a, &header, &payload, &e) != 0);
    CHECK(e.code == ERR_FORBIDDEN || e.code == ERR_MEMORY);
    CHECK(!header && !payload.p);
    (void)jws_key_id(in, a);
}

static void fuzz_claims(text in, struct arena *a)
{
    struct err e;
    yyjson_val *claims = NULL;
    const struct jwt_expect expect = {T("i"), T("s"), T("a"), T("n"), 1000, 300, 60};
    if (jwt_check(in, &expect, a, &claims, &e) == 0) {
        CHECK(text_eq(json_text(json_get(claims, T("iss"))), T("i")));
        CHECK(text_eq(json_text(json_get(claims, T("nonce"))), T("n")));
    }
}

static void fuzz_base64url(text in, struct arena *a)
{
    struct err e;
    text bytes = {NULL, 0};
    if (base64url_read(in, a, &bytes, &e) == 0) {
        CHECK(text_eq(base64url_print(bytes, a), in));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena a;
    if (n == 0) {
        return 0;
    }
    text in = {(const char *)data + 1, n - 1};
    arena_init(&a, 16U * 1024 * 1024);
    switch (data[0]) {
    case 'k':
        fuzz_key(in, &a);
        break;
    case 's':
        fuzz_set(in);
        break;
    case 'j':
        fuzz_jws(in, &a);
        break;
    case 'c':
        fuzz_claims(in, &a);
        break;
    default:
        fuzz_base64url(in, &a);
    }
    arena_done(&a);
    return 0;
}
