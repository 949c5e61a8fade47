/*
 * The first byte chooses what the rest is: CBOR, authenticator data, an attestation object, a COSE
 * key, or client data. What is taken apart lies within what was given.
 */
#include "identity/webauthn_cbor.h"
#include "identity/webauthn_int.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CHECK(holds)    \
    do {                \
        if (!(holds)) { \
            abort();    \
        }               \
    } while (0)

static bool inside(text t, text in)
{
    return t.n == 0 || (t.p >= in.p && t.p + t.n <= in.p + in.n);
}

static void fuzz_data(text in)
{
    struct err e;
    struct webauthn_data d;
    if (webauthn_data_read(in, &d, &e) == 0) {
        CHECK(inside(d.rp_id_hash, in) && inside(d.id, in) && inside(d.key, in));
        CHECK(d.has_credential == (d.id.n != 0) && d.id.n <= WEBAUTHN_ID_MAX);
    }
}

static void fuzz_object(text in, struct arena *a)
{
    struct err e;
    struct webauthn_attestation t;
    struct webauthn_credential c = {.id = T("")};
    const struct webauthn_expect expect = {T("Y2hhbGxlbmdl"), T("https://kith.example"),
                                           T("kith.example"), true};
    const text client = T("{\"type\":\"webauthn.create\",\"challenge\":\"Y2hhbGxlbmdl\","
                          "\"origin\":\"https://kith.example\"}");
    if (webauthn_attestation_read(in, &t, &e) == 0) {
        CHECK(inside(t.data, in) && inside(t.signature, in));
        fuzz_data(t.data);
    }
    if (webauthn_register(&expect, client, in, a, &c, &e) == 0) {
        CHECK(c.id.n && c.key.n);
    }
}

static void fuzz_key(text in)
{
    struct err e;
    struct jose_key *key = NULL;
    if (webauthn_key_read(in, &key, &e) == 0) {
        CHECK(webauthn_algorithm(key) != 0 && !jose_key_is_secret(key));
        jose_key_free(key);
    }
}

static void fuzz_client(text in, struct arena *a)
{
    struct err e;
    uint64_t count = 0;
    bool regressed = false;
    const struct webauthn_expect expect = {T("Y2hhbGxlbmdl"), T("https://kith.example"),
                                           T("kith.example"), true};
    const struct webauthn_credential known = {.key = T("\xa0")};
    const struct webauthn_assertion given = {in, in, in, T("")};
    CHECK(webauthn_verify(&expect, &known, &given, a, &count, &regressed, &e) != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena a;
    if (n == 0) {
        return 0;
    }
    text in = {(const char *)data + 1, n - 1};
    struct cbor c = {in};
    arena_init(&a, 4U * 1024 * 1024);
    switch (data[0]) {
    case 'd':
        fuzz_data(in);
        break;
    case 'o':
        fuzz_object(in, &a);
        break;
    case 'k':
        fuzz_key(in);
        break;
    case 'c':
        fuzz_client(in, &a);
        break;
    default:
        CHECK(!cbor_skip(&c) || inside(c.rest, in));
    }
    arena_done(&a);
    return 0;
}
