/*
 * Public vectors of JOSE: the IETF's cookbook (RFC 7520, 7797, 8037) and Wycheproof. Those of kinds
 * that are known here verify or are refused as the vector says; those of kinds that are refused by
 * design (HMAC, encryption, other curves, exponents below 65537) have to be refused, and are
 * counted apart.
 */
#include "conformance_kit.h"

#include "identity/jose_int.h"

#include <stdio.h>

struct row {
    const char *name;
    unsigned verified; /* valid, and found so */
    unsigned refused;  /* invalid, and refused */
    unsigned either;   /* acceptable */
    unsigned design;   /* of a kind that is not known here, and refused */
    unsigned failed;
};
enum { ROWS_MAX = 16 };

struct suite {
    struct arena arena;
    struct row rows[ROWS_MAX];
    size_t count;
    struct row *row;
};

static void fail(struct suite *s, text what, text number, const char *why)
{
    s->row->failed++;
    (void)printf("FAILED %s: %.*s %.*s: %s\n", s->row->name, TEXT_ARG(what), TEXT_ARG(number), why);
}

static struct row *row_named(struct suite *s, const char *name)
{
    for (size_t i = 0; i < s->count; i++) {
        if (strcmp(s->rows[i].name, name) == 0) {
            return &s->rows[i];
        }
    }
    s->rows[s->count].name = name;
    return &s->rows[s->count++];
}

static text string(const yyjson_val *object, const char *name)
{
    return json_text(json_get(object, text_of(name)));
}

/* What a vector says: "valid", "invalid" or "acceptable"; whether its kind is known here. */
static void judge(struct suite *s, const yyjson_val *test, bool known, bool holds)
{
    text result = string(test, "result");
    text number = string(test, "tcId");
    if (!known && holds) {
        fail(s, string(test, "comment"), number, "it counts, though its kind is refused by design");
    } else if (!known) {
        s->row->design++;
    } else if (text_eq(result, T("acceptable"))) {
        s->row->either++;
    } else if (text_eq(result, T("valid")) != holds) {
        fail(s, string(test, "comment"), number, holds ? "it counts" : "it does not count");
    } else if (holds) {
        s->row->verified++;
    } else {
        s->row->refused++;
    }
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static text unhex(struct suite *s, text hex)
{
    char *to = arena_zalloc(&s->arena, hex.n / 2 + 1, 1);
    for (size_t i = 0; to && i + 1 < hex.n; i += 2) {
        to[i / 2] = (char)(digit(hex.p[i]) * 16 + digit(hex.p[i + 1]));
    }
    return (text){to, hex.n / 2};
}

/* --- Wycheproof --------------------------------------------------------------------------------
 */

/* A coordinate as it stands in a JWK: without the sign byte, as long as the curve's. */
static text coordinate(struct suite *s, text hex, size_t size)
{
    text bytes = unhex(s, hex);
    while (bytes.n > size) {
        bytes = text_from(bytes, 1);
    }
    char *to = arena_zalloc(&s->arena, size, 1);
    if (to && bytes.n) {
        memcpy(to + size - bytes.n, bytes.p, bytes.n);
    }
    return (text){to, size};
}

static struct jose_key *key_of_group(struct suite *s, const yyjson_val *group,
                                     enum jose_algorithm alg)
{
    struct err e;
    struct jose_key *key = NULL;
    yyjson_val *jwk = json_get(group, alg == JOSE_RS256 ? T("keyJwk") : T("publicKeyJwk"));
    if (jwk) {
        return jose_key_read(jwk, alg, &key, &e) ? NULL : key;
    }
    const struct jose_kind *kind = jose_kind(alg);
    const yyjson_val *public = json_get(group, T("publicKey"));
    struct jose_parts parts = {.x = coordinate(s, string(public, "wx"), kind->size),
                               .y = coordinate(s, string(public, "wy"), kind->size)};
    return jose_key_from(kind, &parts, T(""), &key, &e) ? NULL : key;
}

/* Signatures of bytes. */
static void group_of_signatures(struct suite *s, const yyjson_val *group, enum jose_algorithm alg)
{
    struct jose_key *key = key_of_group(s, group, alg);
    const yyjson_val *tests = json_get(group, T("tests"));
    const yyjson_val *test = tests + 1;
    text exponent = string(json_get(group, T("keyJwk")), "e");
    if (!key && !text_eq(exponent, T("Aw"))) {
        fail(s, T("a key"), T(""), "it could not be read");
    }
    for (size_t left = json_len(tests); left; left--, test = json_after(test)) {
        text message = unhex(s, string(test, "msg"));
        text signature = unhex(s, string(test, "sig"));
        judge(s, test, key != NULL, key && jose_verifies(key, JOSE_PLAIN, message, signature));
    }
    jose_key_free(key);
}

/* HMAC and AES: a key for them is none here, and neither is what was made with it a signature. */
static void group_of_secrets(struct suite *s, const yyjson_val *group, const char *alg)
{
    const yyjson_val *tests = json_get(group, T("tests"));
    const yyjson_val *test = tests + 1;
    for (size_t left = json_len(tests); left; left--, test = json_after(test)) {
        struct err e;
        struct jose_key *key = NULL;
        yyjson_val *jwk = NULL;
        yyjson_val *header = NULL;
        text payload;
        text k = base64url_print(unhex(s, string(test, "key")), &s->arena);
        text json =
            arena_printf(&s->arena, "{\"kty\":\"oct\",\"alg\":\"%s\",\"k\":\"%s\"}", alg, k.p);
        text head = arena_printf(&s->arena, "{\"alg\":\"%s\"}", alg);
        text jws = arena_printf(&s->arena, "%s.%s.%s", base64url_print(head, &s->arena).p,
                                base64url_print(unhex(s, string(test, "msg")), &s->arena).p,
                                base64url_print(unhex(s, string(test, "tag")), &s->arena).p);
        bool read = json_read(json, 4, &s->arena, &jwk, &e) ||
                    jose_key_read(jwk, JOSE_RS256, &key, &e) == 0;
        judge(s, test, false,
              read || jws_verify(jws, NULL, 0, NULL, &s->arena, &header, &payload, &e) == 0);
        jose_key_free(key);
    }
}

/* Sets of keys, and compact signatures. */
static void group_of_sets(struct suite *s, const yyjson_val *group)
{
    const yyjson_val *set = json_get(group, T("public"));
    const yyjson_val *list = json_get(set ? set : json_get(group, T("private")), T("keys"));
    const yyjson_val *tests = json_get(group, T("tests"));
    struct jose_key *keys[JOSE_KEYS_MAX];
    size_t count = 0;
    bool symmetric = false;
    yyjson_val *jwk = (yyjson_val *)(uintptr_t)(list + 1);
    for (size_t left = json_len(list); left; left--, jwk = json_after(jwk)) {
        struct err e;
        symmetric = symmetric || text_eq(string(jwk, "kty"), T("oct"));
        count += jose_key_read(jwk, JOSE_RS256, &keys[count], &e) == 0;
    }
    const yyjson_val *test = tests + 1;
    for (size_t left = json_len(tests); left; left--, test = json_after(test)) {
        struct err e;
        yyjson_val *header = NULL;
        text payload;
        bool holds = jws_verify(string(test, "jws"), keys, count, NULL, &s->arena, &header,
                                &payload, &e) == 0;
        judge(s, test, !symmetric, holds);
    }
    jose_keys_free(keys, count);
}

static void wycheproof(struct suite *s, text path, const yyjson_val *root)
{
    static const struct {
        const char *file;
        const char *name;
        enum jose_algorithm alg;
        const char *secret;
    } kinds[] = {
        {"ecdsa_secp256r1_sha256_p1363_test.json", "Wycheproof: ES256", JOSE_ES256, NULL},
        {"ecdsa_secp384r1_sha384_p1363_test.json", "Wycheproof: ES384", JOSE_ES384, NULL},
        {"rsa_signature_2048_sha256_test.json", "Wycheproof: RS256", JOSE_RS256, NULL},
        {"json_web_key_test.json", "Wycheproof: sets of keys", JOSE_NONE, NULL},
        {"hmac_sha256_test.json", "Wycheproof: HMAC", JOSE_NONE, "HS256"},
        {"aes_gcm_test.json", "Wycheproof: AES-GCM", JOSE_NONE, "A256GCM"},
    };
    const yyjson_val *groups = json_get(root, T("testGroups"));
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (!text_eq(path, text_of(kinds[i].file))) {
            continue;
        }
        s->row = row_named(s, kinds[i].name);
        const yyjson_val *group = groups + 1;
        for (size_t left = json_len(groups); left; left--, group = json_after(group)) {
            if (kinds[i].secret) {
                group_of_secrets(s, group, kinds[i].secret);
            } else if (kinds[i].alg) {
                group_of_signatures(s, group, kinds[i].alg);
            } else {
                group_of_sets(s, group);
            }
        }
    }
}

/* --- the cookbook ------------------------------------------------------------------------------
 */

static bool is_known(text alg)
{
    return jose_kind_named(alg) != NULL;
}

/* One signature: holds with the key, and no longer when a letter is changed. */
static void check_signature(struct suite *s, text path, yyjson_val *jwk, text alg, text jws,
                            text wanted)
{
    struct err e = {0};
    struct jose_key *key = NULL;
    yyjson_val *header = NULL;
    text payload = {NULL, 0};
    bool read = jose_key_read(jwk, jose_named(alg), &key, &e) == 0;
    bool holds = jws_verify(jws, &key, read, NULL, &s->arena, &header, &payload, &e) == 0;
    if (!is_known(alg)) {
        if (holds) {
            fail(s, path, alg, "it counts, though its kind is refused by design");
        } else {
            s->row->design++;
        }
    } else if (!holds || !text_eq(payload, wanted)) {
        fail(s, path, alg, holds ? "its content is another" : e.detail);
    } else {
        text changed = arena_copy(&s->arena, jws);
        char *letter = (char *)(uintptr_t)changed.p + text_find(jws, '.') + 2;
        *letter = *letter == 'A' ? 'B' : 'A';
        holds = jws_verify(changed, &key, 1, NULL, &s->arena, &header, &payload, &e) == 0;
        s->row->verified++;
        if (holds) {
            fail(s, path, alg, "it counts with another content");
        }
    }
    jose_key_free(key);
}

static yyjson_val *nth(yyjson_val *one_or_list, size_t n)
{
    if (json_type(one_or_list) != YYJSON_TYPE_ARR) {
        return one_or_list;
    }
    yyjson_val *v = one_or_list + 1;
    while (n--) {
        v = json_after(v);
    }
    return v;
}

/* Whatever form it was printed in, made compact: that is the only one that is read here. */
static void signatures(struct suite *s, text path, const yyjson_val *root)
{
    const yyjson_val *input = json_get(root, T("input"));
    yyjson_val *keys = json_get(input, T("key"));
    yyjson_val *algs = json_get(input, T("alg"));
    const yyjson_val *json = json_get(json_get(root, T("output")), T("json"));
    const yyjson_val *list = json_get(json, T("signatures"));
    text wanted = string(input, "payload");
    text compact = string(json_get(root, T("output")), "compact");
    if (compact.p && text_find(compact, '.') + 1 < compact.n) {
        check_signature(s, path, keys, json_text(algs), compact, wanted);
    }
    const yyjson_val *one = list ? list + 1 : NULL;
    for (size_t i = 0; list && i < json_len(list); i++, one = json_after(one)) {
        text jws =
            arena_printf(&s->arena, "%.*s.%s.%.*s", TEXT_ARG(string(one, "protected")),
                         base64url_print(wanted, &s->arena).p, TEXT_ARG(string(one, "signature")));
        check_signature(s, path, nth(keys, i), json_text(nth(algs, i)), jws, wanted);
    }
}

/* Encrypted: five parts, or JSON; neither is a signature. */
static void encrypted(struct suite *s, text path, const yyjson_val *root)
{
    struct buf out;
    struct err e;
    yyjson_val *header = NULL;
    text payload;
    const yyjson_val *output = json_get(root, T("output"));
    text compact = string(output, "compact");
    struct jose_key *key = NULL;
    buf_init(&out, 1U << 20);
    json_write(output, &out);
    bool holds = jws_verify(compact.p ? compact : buf_text(&out), &key, 0, NULL, &s->arena, &header,
                            &payload, &e) == 0;
    buf_done(&out);
    if (holds) {
        fail(s, path, T(""), "it counts");
    } else {
        s->row->design++;
    }
}

static void key(struct suite *s, text path, yyjson_val *jwk)
{
    struct err e;
    struct jose_key *k = NULL;
    bool known = text_eq(string(jwk, "kty"), T("RSA"));
    bool read = jose_key_read(jwk, JOSE_RS256, &k, &e) == 0;
    if (read != known || (read && jose_key_is_secret(k) != (json_get(jwk, T("d")) != NULL))) {
        fail(s, path, T(""), read ? "it was read" : e.detail);
    } else if (known) {
        s->row->verified++;
    } else {
        s->row->design++;
    }
    jose_key_free(k);
}

static void cookbook(struct suite *s, text path, yyjson_val *root)
{
    if (text_starts(path, T("jwk/"))) {
        s->row = row_named(s, "Cookbook: keys");
        key(s, path, root);
    } else if (text_starts(path, T("jwe/")) || text_ends(path, T("ecdh-es.json"))) {
        s->row = row_named(s, "Cookbook: encryption");
        encrypted(s, path, root);
    } else if (json_get(root, T("sign"))) {
        s->row = row_named(s, "Cookbook: signatures");
        signatures(s, path, json_get(root, T("sign")));
        s->row = row_named(s, "Cookbook: encryption");
        encrypted(s, path, json_get(root, T("encrypt")));
    } else {
        s->row = row_named(s, "Cookbook: signatures");
        signatures(s, path, root);
    }
}

/* --- all ---------------------------------------------------------------------------------------
 */

static void visit(void *ctx, text path, text bytes)
{
    struct suite *s = ctx;
    struct err e = {.code = 0};
    yyjson_val *root = NULL;
    arena_reset(&s->arena);
    if (!text_ends(path, T(".json"))) {
        return;
    }
    if (json_read(bytes, KIT_DEPTH, &s->arena, &root, &e)) {
        s->row = row_named(s, "files");
        fail(s, path, T(""), e.detail);
    } else if (json_get(root, T("testGroups"))) {
        wycheproof(s, path, root);
    } else {
        cookbook(s, path, root);
    }
}

int main(int argc, char **argv)
{
    struct suite s = {.count = 0};
    struct row all = {.name = "all"};
    arena_init(&s.arena, 256U * 1024 * 1024);
    bool whole = argc == 2 && kit_visit(argv[1], visit, &s);
    arena_done(&s.arena);
    (void)printf("%-26s %8s %8s %8s %10s %10s %6s\n", "vectors", "all", "verified", "refused",
                 "acceptable", "by design", "failed");
    for (size_t i = 0; i <= s.count; i++) {
        const struct row *r = i == s.count ? &all : &s.rows[i];
        (void)printf("%-26s %8u %8u %8u %10u %10u %6u\n", r->name,
                     r->verified + r->refused + r->either + r->design + r->failed, r->verified,
                     r->refused, r->either, r->design, r->failed);
        all.verified += r->verified;
        all.refused += r->refused;
        all.either += r->either;
        all.design += r->design;
        all.failed += r->failed;
    }
    if (!whole || all.verified == 0 || all.design == 0) {
        (void)printf("the suite could not be read\n");
        return 1;
    }
    return all.failed ? 1 : 0;
}
