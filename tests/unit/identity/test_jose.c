/* Keys, signatures and claims of JOSE, and what is refused of them. */
#include "identity/jose_int.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct arena arena;

static int begin(void **state)
{
    (void)state;
    arena_init(&arena, 64U * 1024 * 1024);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

static yyjson_val *json(const char *t)
{
    struct err e = {0};
    yyjson_val *root = NULL;
    if (json_read(text_of(t), 16, &arena, &root, &e)) {
        fail_msg("%s: %s", t, e.detail);
    }
    return root;
}

static struct jose_key *key_of(const char *jwk)
{
    struct err e = {0};
    struct jose_key *key = NULL;
    if (jose_key_read(json(jwk), JOSE_RS256, &key, &e)) {
        fail_msg("%s: %s", jwk, e.detail);
    }
    return key;
}

static struct jose_key *make(enum jose_algorithm alg)
{
    struct err e = {0};
    struct jose_key *key = NULL;
    if (jose_key_make(alg, &key, &e)) {
        fail_msg("%s", e.detail);
    }
    return key;
}

static text sign(const struct jose_key *key, const char *typ, const char *payload)
{
    struct err e = {0};
    text jws = {NULL, 0};
    if (jws_sign(key, typ, text_of(payload), &arena, &jws, &e)) {
        fail_msg("%s", e.detail);
    }
    return jws;
}

static int verify(text jws, struct jose_key *key, const char *typ, struct err *e)
{
    yyjson_val *header = NULL;
    text payload = {NULL, 0};
    int r = jws_verify(jws, &key, 1, typ, &arena, &header, &payload, e);
    assert_int_equal(r == 0, payload.p != NULL && header != NULL);
    return r;
}

/* --- base64url ---------------------------------------------------------------------------------
 */

static void base64url_goes_both_ways(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        /* RFC 4648 section 10, without padding */
        {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
        {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xfe", "-__-"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err e = {0};
        text back = {NULL, 0};
        text printed = base64url_print(text_of(rows[i][0]), &arena);
        assert_string_equal(printed.p, rows[i][1]);
        assert_int_equal(base64url_read(printed, &arena, &back, &e), 0);
        assert_true(text_eq(back, text_of(rows[i][0])));
    }
}

static void base64url_is_strict(void **state)
{
    (void)state;
    static const char *const rows[] = {"Zg==", "Z",     "Zh", "Zm9",   "Zm 9v", "Zm9v\n", "Zm+v",
                                       "Zm/v", "Zm9vZ", "=",  "Zm9v.", "Z\x80", "Zm9vA",  "A"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err e = {0};
        text back = {NULL, 0};
        assert_int_equal(base64url_read(text_of(rows[i]), &arena, &back, &e), ERR_SYNTAX);
        assert_null(back.p);
    }
    struct err e = {0};
    text back;
    assert_int_equal(base64url_read((text){"Zm9\0", 4}, &arena, &back, &e), ERR_SYNTAX);
}

/* --- keys --------------------------------------------------------------------------------------
 */

/* RFC 7517 appendix A.1 and RFC 8037 appendix A.2. */
#define P256_X "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4"
#define P256_Y "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"
#define ED_X "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define EC "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\""

static void keys_that_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *jwk;
        enum jose_algorithm alg;
        const char *kid;
    } rows[] = {
        {"{" EC "}", JOSE_ES256, ""},
        {"{" EC ",\"kid\":\"a\",\"use\":\"sig\",\"alg\":\"ES256\"}", JOSE_ES256, "a"},
        {"{" EC ",\"key_ops\":[\"verify\"],\"x5t\":\"\"}", JOSE_ES256, ""},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED_X "\"}", JOSE_EDDSA, ""},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED_X "\",\"alg\":\"EdDSA\"}", JOSE_EDDSA,
         ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct jose_key *key = key_of(rows[i].jwk);
        assert_int_equal(jose_key_algorithm(key), rows[i].alg);
        assert_string_equal(jose_key_id(key).p, rows[i].kid);
        assert_false(jose_key_is_secret(key));
        jose_key_free(key);
    }
}

static void keys_that_are_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "[]",
        "{}",
        "{\"kty\":\"oct\",\"k\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\"}",
        "{" EC ",\"alg\":\"HS256\"}",
        "{" EC ",\"alg\":\"none\"}",
        "{" EC ",\"alg\":\"ES384\"}",
        "{" EC ",\"alg\":\"RS256\"}",
        "{" EC ",\"alg\":256}",
        "{" EC ",\"use\":\"enc\"}",
        "{" EC ",\"use\":[\"sig\"]}",
        "{" EC ",\"key_ops\":[\"deriveKey\"]}",
        "{" EC ",\"key_ops\":\"verify\"}",
        "{" EC ",\"kid\":1}",
        "{" EC ",\"kid\":\"a\\u0000b\"}",
        "{" EC ",\"x\":\"" P256_X "\"}",
        /* not on the curve; too short; a coordinate too few; another curve */
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_X "\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AQ\",\"y\":\"AQ\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}",
        "{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}",
        "{\"kty\":\"OKP\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}",
        "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" ED_X "\"}",
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AQ\"}",
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\"}",
        /* a private part of another key */
        "{" EC ",\"d\":\"" P256_X "\"}",
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED_X "\",\"d\":\"" P256_X "\"}",
        "{\"kty\":\"RSA\"}",
        "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err e = {0};
        struct jose_key *key = NULL;
        int r = jose_key_read(json(rows[i]), JOSE_RS256, &key, &e);
        if (r != ERR_INVALID || key || !e.detail[0]) {
            fail_msg("%s gave %d, %s", rows[i], r, e.detail);
        }
    }
}

static text printed(const struct jose_key *key, bool secret)
{
    struct err e = {0};
    text jwk = {NULL, 0};
    assert_int_equal(jose_key_print(key, secret, &arena, &jwk, &e), 0);
    return jwk;
}

/* The same key with another exponent. */
static void rsa_exponents(void **state)
{
    (void)state;
    static const struct {
        const char *exponent;
        int code;
    } rows[] = {{"AQAB", 0},
                {"Aw", ERR_INVALID},
                {"AQ", ERR_INVALID},
                {"AQAA", ERR_INVALID},
                {"AQAAAAAAAAAB", ERR_INVALID}};
    struct jose_key *key = make(JOSE_RS384);
    text n = json_text(json_get(json(printed(key, false).p), T("n")));
    jose_key_free(key);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err e = {0};
        key = NULL;
        text jwk = arena_printf(&arena, "{\"kty\":\"RSA\",\"n\":\"%.*s\",\"e\":\"%s\"}",
                                TEXT_ARG(n), rows[i].exponent);
        assert_int_equal(jose_key_read(json(jwk.p), JOSE_RS256, &key, &e), rows[i].code);
        jose_key_free(key);
    }
}

static void keys_are_made_and_come_back(void **state)
{
    (void)state;
    static const enum jose_algorithm rows[] = {JOSE_ES256, JOSE_ES384, JOSE_EDDSA, JOSE_RS512,
                                               JOSE_PS256};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err e = {0};
        text ignored = {NULL, 0};
        struct jose_key *key = make(rows[i]);
        struct jose_key *other = make(rows[i]);
        struct jose_key *open = key_of(printed(key, false).p);
        struct jose_key *secret = key_of(printed(key, true).p);
        assert_int_equal(jose_key_id(key).n, 43);
        assert_true(jose_key_is_secret(secret));
        assert_false(jose_key_is_secret(open));
        assert_null(json_get(json(printed(secret, false).p), T("d")));
        assert_int_equal(jose_key_print(open, true, &arena, &ignored, &e), ERR_INVALID);
        assert_int_equal(jws_sign(open, NULL, T("x"), &arena, &ignored, &e), ERR_INVALID);
        text jws = sign(secret, "JWT", "hello");
        assert_int_equal(verify(jws, open, "JWT", &e), 0);
        assert_int_equal(verify(jws, other, "JWT", &e), ERR_FORBIDDEN);
        jose_key_free(key);
        jose_key_free(other);
        jose_key_free(open);
        jose_key_free(secret);
    }
}

/* RFC 8037 appendix A.3. */
static void the_thumbprint(void **state)
{
    (void)state;
    struct jose_key *key = make(JOSE_ES256);
    const yyjson_val *jwk = json(printed(key, false).p);
    assert_true(text_eq(json_text(json_get(jwk, T("kid"))), jose_key_id(key)));
    jose_key_free(key);
    key = NULL;
    /* That of a key that is read is its own, if it has one. */
    key = key_of("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED_X "\"}");
    struct err e = {0};
    text print = {NULL, 0};
    assert_int_equal(jose_key_thumbprint(key, &arena, &print, &e), 0);
    assert_string_equal(print.p, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    jose_key_free(key);
}

static int read_set(const char *set, size_t *ret_count)
{
    struct err e = {0};
    struct jose_key *keys[JOSE_KEYS_MAX];
    int r = jose_keys_read(text_of(set), keys, ret_count, &e);
    if (!r) {
        jose_keys_free(keys, *ret_count);
    }
    return r;
}

static void sets_of_keys(void **state)
{
    (void)state;
    static const struct {
        const char *set;
        int code;
        size_t count;
    } rows[] = {
        {"{\"keys\":[]}", 0, 0},
        {"{\"keys\":[{" EC "}]}", 0, 1},
        {"{\"keys\":[{\"kty\":\"oct\",\"k\":\"AA\"},{" EC "},{\"kty\":\"what\"},7,"
         "{" EC ",\"use\":\"enc\"},{" EC ",\"kid\":\"b\"}]}",
         0, 2},
        {"{\"keys\":[{" EC ",\"d\":\"AA\"}]}", ERR_INVALID, 0},
        {"{\"keys\":[{" EC "},{" EC ",\"kid\":\"a\",\"kid\":\"b\"}]}", ERR_INVALID, 0},
        {"{\"keys\":{}}", ERR_INVALID, 0},
        {"[]", ERR_INVALID, 0},
        {"{\"keys\":[]", ERR_SYNTAX, 0},
        {"{\"keys\":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]}",
         ERR_TOO_LARGE, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t count = 0;
        assert_int_equal(read_set(rows[i].set, &count), rows[i].code);
        assert_int_equal(count, rows[i].count);
    }
}

/* --- signatures --------------------------------------------------------------------------------
 */

/* A JWS with the header as given, signed well. */
static text with_header(const struct jose_key *key, const char *header, const char *payload)
{
    text jws = {NULL, 0};
    struct err e = {0};
    assert_int_equal(jws_sign_header(key, text_of(header), text_of(payload), &arena, &jws, &e), 0);
    return jws;
}

static void headers(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        const char *typ;
        const char *why; /* NULL: it holds */
    } rows[] = {
        {"{\"alg\":\"ES256\"}", NULL, NULL},
        {"{\"alg\":\"ES256\",\"kid\":\"k\"}", NULL, NULL},
        {"{\"alg\":\"ES256\",\"typ\":\"jwt\"}", "JWT", NULL},
        {"{\"alg\":\"ES256\",\"typ\":\"application/at+jwt\"}", "at+jwt", NULL},
        {"{\"alg\":\"ES256\",\"typ\":\"anything\"}", NULL, NULL},
        /* an address or key in the header is nobody's key */
        {"{\"alg\":\"ES256\",\"jku\":\"https://evil.example/jwks\"}", NULL, NULL},
        {"{\"alg\":\"ES256\",\"kid\":\"other\"}", NULL, "kid"},
        {"{\"alg\":\"ES256\",\"kid\":\"\"}", NULL, "kid"},
        {"{\"alg\":\"ES256\",\"kid\":7}", NULL, "kid"},
        {"{\"alg\":\"none\"}", NULL, "algorithm"},
        {"{\"alg\":\"None\"}", NULL, "algorithm"},
        {"{\"alg\":\"HS256\"}", NULL, "algorithm"},
        {"{\"alg\":\"ES384\"}", NULL, "algorithm"},
        {"{\"alg\":\"RS256\"}", NULL, "algorithm"},
        {"{\"alg\":\"es256\"}", NULL, "algorithm"},
        {"{\"alg\":[\"ES256\"]}", NULL, "algorithm"},
        {"{}", NULL, "algorithm"},
        {"[]", NULL, "object"},
        {"{\"alg\":\"ES256\"", NULL, "JSON"},
        {"", NULL, "JSON"},
        {"{\"alg\":\"ES256\",\"alg\":\"ES256\"}", NULL, "twice"},
        {"{\"alg\":\"ES256\",\"crit\":[\"exp\"]}", NULL, "crit"},
        {"{\"alg\":\"ES256\",\"crit\":[]}", NULL, "crit"},
        {"{\"alg\":\"ES256\",\"b64\":false}", NULL, "b64"},
        {"{\"alg\":\"ES256\"}", "JWT", "typ"},
        {"{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}", "JWT", "typ"},
        {"{\"alg\":\"ES256\",\"typ\":[]}", NULL, "typ"},
    };
    struct err e = {0};
    struct jose_key *made = make(JOSE_ES256);
    text jwk = printed(made, true);
    /* The same with a kid of our own. */
    text at = text_from(jwk, (size_t)(strstr(jwk.p, "\"kid\":\"") - jwk.p));
    text with = arena_printf(&arena, "%.*s\"kid\":\"k\"%s", (int)(jwk.n - at.n), jwk.p, at.p + 51);
    struct jose_key *key = key_of(with.p);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        text jws = with_header(key, rows[i].header, "x");
        e = (struct err){0};
        int r = verify(jws, key, rows[i].typ, &e);
        if (rows[i].why ? r != ERR_FORBIDDEN || !strstr(e.detail, rows[i].why) : r) {
            fail_msg("%s gave %d, %s", rows[i].header, r, e.detail);
        }
    }
    jose_key_free(made);
    jose_key_free(key);
}

static void a_header_that_brings_its_own_key(void **state)
{
    (void)state;
    struct err e = {0};
    struct jose_key *ours = make(JOSE_ES256);
    struct jose_key *theirs = make(JOSE_ES256);
    text header = arena_printf(&arena, "{\"alg\":\"ES256\",\"jwk\":%s}", printed(theirs, false).p);
    text jws = with_header(theirs, header.p, "x");
    assert_int_equal(verify(jws, theirs, NULL, &e), 0);
    assert_int_equal(verify(jws, ours, NULL, &e), ERR_FORBIDDEN);
    jose_key_free(ours);
    jose_key_free(theirs);
}

static void every_changed_letter_is_seen(void **state)
{
    (void)state;
    struct jose_key *key = make(JOSE_ES256);
    text jws = sign(key, "JWT", "{\"sub\":\"a\"}");
    struct err e = {0};
    assert_int_equal(verify(jws, key, "JWT", &e), 0);
    for (size_t i = 0; i < jws.n; i++) {
        text changed = arena_copy(&arena, jws);
        char *p = (char *)(uintptr_t)changed.p;
        p[i] = p[i] == 'A' ? 'B' : 'A';
        assert_int_equal(verify(changed, key, "JWT", &e), ERR_FORBIDDEN);
        assert_int_equal(verify(text_first(jws, i), key, "JWT", &e), ERR_FORBIDDEN);
    }
    jose_key_free(key);
}

static void forms_of_a_jws(void **state)
{
    (void)state;
    struct err e = {0};
    struct jose_key *key = make(JOSE_EDDSA);
    text jws = sign(key, NULL, "x");
    const text dot[] = {jws, T(".")};
    const text more[] = {jws, T(".AAAA")};
    const text padded[] = {jws, T("=")};
    const text space[] = {jws, T("\n")};
    assert_int_equal(verify(arena_join(&arena, dot, 2), key, NULL, &e), ERR_FORBIDDEN);
    assert_int_equal(verify(arena_join(&arena, more, 2), key, NULL, &e), ERR_FORBIDDEN);
    assert_int_equal(verify(arena_join(&arena, padded, 2), key, NULL, &e), ERR_FORBIDDEN);
    assert_int_equal(verify(arena_join(&arena, space, 2), key, NULL, &e), ERR_FORBIDDEN);
    assert_int_equal(verify(T(""), key, NULL, &e), ERR_FORBIDDEN);
    assert_int_equal(verify(T(".."), key, NULL, &e), ERR_FORBIDDEN);
    char *large = arena_zalloc(&arena, 1, JOSE_MAX);
    memset(large, 'A', JOSE_MAX);
    assert_int_equal(jws_sign(key, NULL, (text){large, JOSE_MAX}, &arena, &jws, &e), ERR_TOO_LARGE);
    const text long_one[] = {{large, JOSE_MAX - 3}, T(".A.A")};
    assert_int_equal(verify(arena_join(&arena, long_one, 2), key, NULL, &e), ERR_FORBIDDEN);
    assert_non_null(strstr(e.detail, "8192"));
    jose_key_free(key);
}

/* ES256 with zero for r or s, or r and s of one byte less. */
static void odd_signatures(void **state)
{
    (void)state;
    struct err e = {0};
    struct jose_key *key = make(JOSE_ES256);
    text jws = sign(key, NULL, "x");
    text signature = {NULL, 0};
    size_t at = jws.n - 86;
    assert_int_equal(base64url_read(text_from(jws, at), &arena, &signature, &e), 0);
    assert_int_equal(signature.n, 64);
    static const struct {
        size_t from;
        size_t n;
        size_t length;
    } rows[] = {{0, 32, 64}, {32, 32, 64}, {0, 64, 64}, {0, 0, 65},
                {0, 0, 63},  {0, 0, 62},   {0, 0, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char bytes[65] = {0};
        memcpy(bytes, signature.p, 64);
        memset(bytes + rows[i].from, 0, rows[i].n);
        const text parts[] = {text_first(jws, at),
                              base64url_print((text){bytes, rows[i].length}, &arena)};
        assert_int_equal(verify(arena_join(&arena, parts, 2), key, NULL, &e), ERR_FORBIDDEN);
    }
    jose_key_free(key);
}

static void two_keys_of_one_kid(void **state)
{
    (void)state;
    struct err e = {0};
    yyjson_val *header = NULL;
    text payload = {NULL, 0};
    struct jose_key *a = make(JOSE_ES256);
    struct jose_key *b = make(JOSE_ES256);
    struct jose_key *c = make(JOSE_ES384);
    struct jose_key *both[] = {a, a};
    struct jose_key *all[] = {c, b, a};
    text jws = sign(a, NULL, "x");
    assert_int_equal(jws_verify(jws, both, 2, NULL, &arena, &header, &payload, &e), ERR_FORBIDDEN);
    assert_int_equal(jws_verify(jws, all, 3, NULL, &arena, &header, &payload, &e), 0);
    assert_int_equal(jws_verify(jws, all, 2, NULL, &arena, &header, &payload, &e), ERR_FORBIDDEN);
    assert_int_equal(jws_verify(jws, all, 0, NULL, &arena, &header, &payload, &e), ERR_FORBIDDEN);
    assert_true(text_eq(payload, T("x")));
    jose_key_free(a);
    jose_key_free(b);
    jose_key_free(c);
}

/* --- claims ------------------------------------------------------------------------------------
 */

static void claims(void **state)
{
    (void)state;
#define GOOD "\"iss\":\"i\",\"sub\":\"s\",\"aud\":\"a\",\"nonce\":\"n\",\"exp\":1300"
    static const struct {
        const char *payload;
        const char *why; /* NULL: they hold */
    } rows[] = {
        {"{" GOOD "}", NULL},
        {"{" GOOD ",\"iat\":1060,\"nbf\":1000.5}", NULL},
        {"{\"iss\":\"i\",\"sub\":\"s\",\"aud\":[\"b\",\"a\"],\"nonce\":\"n\",\"exp\":941}", NULL},
        {"{\"iss\":\"i\",\"sub\":\"s\",\"aud\":\"a\",\"nonce\":\"n\",\"exp\":1360}", NULL},
        {"{\"iss\":\"i\",\"sub\":\"s\",\"aud\":\"a\",\"nonce\":\"n\",\"exp\":1361}", "exp"},
        {"{\"iss\":\"i\",\"sub\":\"s\",\"aud\":\"a\",\"nonce\":\"n\",\"exp\":940}", "exp"},
        {"{\"iss\":\"i\",\"sub\":\"s\",\"aud\":\"a\",\"nonce\":\"n\",\"exp\":\"1300\"}", "exp"},
        {"{\"iss\":\"i\",\"sub\":\"s\",\"aud\":\"a\",\"nonce\":\"n\",\"exp\":1e3}", "exp"},
        {"{\"iss\":\"i\",\"sub\":\"s\",\"aud\":\"a\",\"nonce\":\"n\",\"exp\":-1}", "exp"},
        {"{\"iss\":\"i\",\"sub\":\"s\",\"aud\":\"a\",\"nonce\":\"n\",\"exp\":9999999999999999}",
         "exp"},
        {"{\"iss\":\"i\",\"sub\":\"s\",\"aud\":\"a\",\"nonce\":\"n\"}", "exp"},
        {"{" GOOD ",\"iat\":1061}", "iat"},
        {"{" GOOD ",\"iat\":null}", "iat"},
        {"{" GOOD ",\"nbf\":1061}", "nbf"},
        {"{\"iss\":\"j\",\"sub\":\"s\",\"aud\":\"a\",\"nonce\":\"n\",\"exp\":1300}", "iss"},
        {"{\"iss\":\"i/\",\"sub\":\"s\",\"aud\":\"a\",\"nonce\":\"n\",\"exp\":1300}", "iss"},
        {"{\"iss\":[\"i\"],\"sub\":\"s\",\"aud\":\"a\",\"nonce\":\"n\",\"exp\":1300}", "iss"},
        {"{\"iss\":\"i\",\"sub\":\"S\",\"aud\":\"a\",\"nonce\":\"n\",\"exp\":1300}", "sub"},
        {"{\"iss\":\"i\",\"sub\":\"s\",\"aud\":\"ab\",\"nonce\":\"n\",\"exp\":1300}", "aud"},
        {"{\"iss\":\"i\",\"sub\":\"s\",\"aud\":[],\"nonce\":\"n\",\"exp\":1300}", "aud"},
        {"{\"iss\":\"i\",\"sub\":\"s\",\"aud\":[\"a\",1],\"nonce\":\"n\",\"exp\":1300}", "aud"},
        {"{\"iss\":\"i\",\"sub\":\"s\",\"aud\":[\"b\"],\"nonce\":\"n\",\"exp\":1300}", "aud"},
        {"{\"iss\":\"i\",\"sub\":\"s\",\"nonce\":\"n\",\"exp\":1300}", "aud"},
        {"{\"iss\":\"i\",\"sub\":\"s\",\"aud\":\"a\",\"exp\":1300}", "nonce"},
        {"{\"iss\":\"i\",\"sub\":\"s\",\"aud\":\"a\",\"nonce\":\"m\",\"exp\":1300}", "nonce"},
        {"{" GOOD ",\"iss\":\"i\"}", "twice"},
        {"{" GOOD ",\"x\":{\"y\":1,\"y\":2}}", "twice"},
        {"[1]", "object"},
        {"\"\"", "object"},
        {"", "object"},
        {"{" GOOD "} ?", "object"},
    };
    const struct jwt_expect expect = {T("i"), T("s"), T("a"), T("n"), 1000, 300, 60};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err e = {0};
        yyjson_val *got = NULL;
        int r = jwt_check(text_of(rows[i].payload), &expect, &arena, &got, &e);
        if (rows[i].why ? r != ERR_FORBIDDEN || got || !strstr(e.detail, rows[i].why) : r || !got) {
            fail_msg("%s gave %d, %s", rows[i].payload, r, e.detail);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(base64url_goes_both_ways, begin, end),
        cmocka_unit_test_setup_teardown(base64url_is_strict, begin, end),
        cmocka_unit_test_setup_teardown(keys_that_are_read, begin, end),
        cmocka_unit_test_setup_teardown(keys_that_are_refused, begin, end),
        cmocka_unit_test_setup_teardown(rsa_exponents, begin, end),
        cmocka_unit_test_setup_teardown(keys_are_made_and_come_back, begin, end),
        cmocka_unit_test_setup_teardown(the_thumbprint, begin, end),
        cmocka_unit_test_setup_teardown(sets_of_keys, begin, end),
        cmocka_unit_test_setup_teardown(headers, begin, end),
        cmocka_unit_test_setup_teardown(a_header_that_brings_its_own_key, begin, end),
        cmocka_unit_test_setup_teardown(every_changed_letter_is_seen, begin, end),
        cmocka_unit_test_setup_teardown(forms_of_a_jws, begin, end),
        cmocka_unit_test_setup_teardown(odd_signatures, begin, end),
        cmocka_unit_test_setup_teardown(two_keys_of_one_kid, begin, end),
        cmocka_unit_test_setup_teardown(claims, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
