/* What authenticators send, taken apart. */
#include "identity/webauthn_cbor.h"
#include "identity/webauthn_int.h"

enum {
    FLAG_PRESENT = 0x01,
    FLAG_VERIFIED = 0x04,
    FLAG_ELIGIBLE = 0x08,
    FLAG_BACKED_UP = 0x10,
    FLAG_CREDENTIAL = 0x40,
    FLAG_EXTENSIONS = 0x80,
    HEAD = 37, /* hash, flags, counter */
    AAGUID = 16,
};

static int cut_off(struct err *e)
{
    return err_set(e, ERR_SYNTAX, "the authenticator data is cut off, or not of its form");
}

static unsigned byte_of(text t, size_t at)
{
    return (unsigned char)t.p[at];
}

static int read_credential(text *rest, struct webauthn_data *d, struct err *e)
{
    if (rest->n < AAGUID + 2) {
        return cut_off(e);
    }
    size_t n = byte_of(*rest, AAGUID) << 8 | byte_of(*rest, AAGUID + 1);
    *rest = text_from(*rest, AAGUID + 2);
    if (n == 0 || n > WEBAUTHN_ID_MAX || n > rest->n) {
        return cut_off(e);
    }
    d->id = text_first(*rest, n);
    *rest = text_from(*rest, n);
    struct cbor c = {*rest};
    if (!cbor_skip(&c)) {
        return cut_off(e);
    }
    d->key = text_first(*rest, rest->n - c.rest.n);
    *rest = c.rest;
    return 0;
}

int webauthn_data_read(text bytes, struct webauthn_data *ret, struct err *e)
{
    if (bytes.n < HEAD || bytes.n > WEBAUTHN_DATA_MAX) {
        return cut_off(e);
    }
    unsigned flags = byte_of(bytes, WEBAUTHN_HASH);
    struct webauthn_data d = {
        .rp_id_hash = text_first(bytes, WEBAUTHN_HASH),
        .user_present = flags & FLAG_PRESENT,
        .user_verified = flags & FLAG_VERIFIED,
        .backup_eligible = flags & FLAG_ELIGIBLE,
        .backed_up = flags & FLAG_BACKED_UP,
        .has_credential = flags & FLAG_CREDENTIAL,
        .sign_count = (uint32_t)byte_of(bytes, 33) << 24 | (uint32_t)byte_of(bytes, 34) << 16 |
                      (uint32_t)byte_of(bytes, 35) << 8 | (uint32_t)byte_of(bytes, 36),
    };
    text rest = text_from(bytes, HEAD);
    int r = d.has_credential ? read_credential(&rest, &d, e) : 0;
    if (r) {
        return r;
    }
    struct cbor c = {rest};
    struct cbor_item extensions;
    if (flags & FLAG_EXTENSIONS) {
        if (!cbor_read(&c, &extensions) || extensions.kind != CBOR_MAP) {
            return cut_off(e);
        }
        c.rest = rest;
        if (!cbor_skip(&c)) {
            return cut_off(e);
        }
    }
    if (c.rest.n) {
        return err_set(e, ERR_SYNTAX, "there are bytes behind the authenticator data");
    }
    *ret = d;
    return 0;
}

/* --- keys --------------------------------------------------------------------------------------
 */

/* RFC 9053: kty, alg, crv; x and y, or n and e (RFC 8230). */
struct cose {
    int64_t kty;
    int64_t alg;
    int64_t crv;
    text minus1; /* n of RSA */
    text minus2;
    text minus3;
};

static bool small(const struct cbor_item *item, int64_t *ret)
{
    if (item->value > 0xFFFF || *ret) {
        return false;
    }
    *ret = item->kind == CBOR_UNSIGNED ? (int64_t)item->value : -1 - (int64_t)item->value;
    return item->kind == CBOR_UNSIGNED || item->kind == CBOR_NEGATIVE;
}

/* Keys of passkeys have no other members (section 6.5.1.1), so one that has is not understood. */
static bool take(struct cose *k, const struct cbor_item *key, const struct cbor_item *value)
{
    if (cbor_is(key, 1)) {
        return small(value, &k->kty);
    }
    if (cbor_is(key, 3)) {
        return small(value, &k->alg);
    }
    if (cbor_is(key, -1) && value->kind != CBOR_BYTES) {
        return small(value, &k->crv);
    }
    text *to = cbor_is(key, -1)   ? &k->minus1
               : cbor_is(key, -2) ? &k->minus2
               : cbor_is(key, -3) ? &k->minus3
                                  : NULL;
    if (!to || value->kind != CBOR_BYTES) {
        return false;
    }
    *to = value->bytes;
    return true;
}

struct cose_kind {
    enum jose_algorithm alg;
    int64_t cose;
    int64_t kty;
    int64_t crv;
};
static const struct cose_kind kinds[] = {
    {JOSE_ES256, -7, 2, 1},
    {JOSE_EDDSA, -8, 1, 6},
    {JOSE_RS256, -257, 3, 0},
};

int64_t webauthn_algorithm(const struct jose_key *key)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (kinds[i].alg == key->kind->alg) {
            return kinds[i].cose;
        }
    }
    return 0;
}

static int make_key(const struct cose *k, struct jose_key **ret_key, struct err *e)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const struct cose_kind *kind = &kinds[i];
        if (k->alg != kind->cose) {
            continue;
        }
        bool rsa = kind->alg == JOSE_RS256;
        if (k->kty != kind->kty || k->crv != kind->crv ||
            (kind->alg != JOSE_ES256 && k->minus3.n) || (!rsa && k->minus1.n)) {
            return err_set(e, ERR_INVALID, "the parts of the passkey's key do not fit each other");
        }
        struct jose_parts parts = {.x = rsa ? T("") : k->minus2,
                                   .y = k->minus3,
                                   .n = k->minus1,
                                   .e = rsa ? k->minus2 : T("")};
        return jose_key_from(jose_kind(kind->alg), &parts, T(""), ret_key, e);
    }
    return err_set(
        e, ERR_INVALID,
        "the passkey signs with an algorithm that is not known here: it has to be ES256, "
        "EdDSA or RS256");
}

int webauthn_key_read(text cose, struct jose_key **ret_key, struct err *e)
{
    struct cbor c = {cose};
    struct cbor_map m;
    struct cbor_item key;
    struct cbor_item value;
    struct cose k = {.kty = 0};
    bool ok = cbor_map_begin(&c, &m);
    while (ok && m.left) {
        ok = cbor_map_key(&c, &m, &key) && cbor_read(&c, &value) && take(&k, &key, &value);
    }
    return ok && !c.rest.n ? make_key(&k, ret_key, e)
                           : err_set(e, ERR_INVALID, "this is no COSE key of a passkey");
}

/* --- attestation -------------------------------------------------------------------------------
 */

static bool take_packed(struct cbor *c, struct webauthn_attestation *t)
{
    struct cbor_map m;
    struct cbor_item key;
    struct cbor_item value;
    bool ok = cbor_map_begin(c, &m) && m.left == 2;
    while (ok && m.left) {
        ok = cbor_map_key(c, &m, &key) && key.kind == CBOR_TEXT && cbor_read(c, &value);
        if (ok && text_eq(key.bytes, T("alg"))) {
            ok = small(&value, &t->alg);
        } else if (ok) {
            ok = text_eq(key.bytes, T("sig")) && value.kind == CBOR_BYTES;
            t->signature = value.bytes;
        }
    }
    return ok && t->alg && t->signature.n;
}

static int take_statement(text format, text statement, struct webauthn_attestation *t,
                          struct err *e)
{
    struct cbor c = {statement};
    struct cbor_map m;
    if (text_eq(format, T("none"))) {
        if (cbor_map_begin(&c, &m) && m.left == 0) {
            return 0;
        }
        return err_set(e, ERR_SYNTAX, "an attestation of the form none has nothing in it");
    }
    t->packed = text_eq(format, T("packed")) && take_packed(&c, t);
    return t->packed
               ? 0
               : err_set(e, ERR_FORBIDDEN,
                         "the passkey came with an attestation, which was not asked for; only "
                         "none and a passkey's own (packed) are taken");
}

int webauthn_attestation_read(text bytes, struct webauthn_attestation *ret, struct err *e)
{
    struct cbor c = {bytes};
    struct cbor_map m;
    struct cbor_item key;
    struct cbor_item value;
    struct webauthn_attestation t = {.packed = false};
    text format = {NULL, 0};
    text statement = {NULL, 0};
    bool ok = bytes.n <= WEBAUTHN_DATA_MAX && cbor_map_begin(&c, &m) && m.left == 3;
    while (ok && m.left) {
        ok = cbor_map_key(&c, &m, &key) && key.kind == CBOR_TEXT;
        text before = c.rest;
        if (ok && text_eq(key.bytes, T("attStmt"))) {
            ok = cbor_skip(&c);
            statement = text_first(before, before.n - c.rest.n);
        } else if (ok && text_eq(key.bytes, T("fmt"))) {
            ok = cbor_read(&c, &value) && value.kind == CBOR_TEXT;
            format = value.bytes;
        } else if (ok) {
            ok = text_eq(key.bytes, T("authData")) && cbor_read(&c, &value) &&
                 value.kind == CBOR_BYTES;
            t.data = value.bytes;
        }
    }
    if (!ok || c.rest.n) {
        return err_set(e, ERR_SYNTAX,
                       "this is no attestation object: it has fmt, attStmt and "
                       "authData, in CBOR, and nothing behind them");
    }
    int r = take_statement(format, statement, &t, e);
    if (!r) {
        *ret = t;
    }
    return r;
}
