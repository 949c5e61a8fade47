#include "identity/webauthn_int.h"

#include <openssl/crypto.h>

enum { DEPTH = 8 };

static int refuse(struct err *e, const char *why)
{
    return err_set(e, ERR_FORBIDDEN, "the passkey does not count: %s", why);
}

static bool same(text a, text b)
{
    return a.n && a.n == b.n && CRYPTO_memcmp(a.p, b.p, a.n) == 0;
}

static bool hash_of(text t, unsigned char to[WEBAUTHN_HASH])
{
    unsigned n = 0;
    return EVP_Digest(t.p, t.n, to, &n, jose_digest("SHA256"), NULL) == 1 && n == WEBAUTHN_HASH;
}

/* --- what the browser says (sections 5.8.1, 7.1 steps 5 to 11) ---------------------------------
 */

static bool is_true_or_odd(const yyjson_val *v)
{
    return v && !(json_type(v) == YYJSON_TYPE_BOOL &&
                  v->tag == (YYJSON_TYPE_BOOL | YYJSON_SUBTYPE_FALSE));
}

static int check_client(const struct webauthn_expect *x, text type, const yyjson_val *client,
                        struct err *e)
{
    text origin = json_text(json_get(client, T("origin")));
    if (!text_eq(json_text(json_get(client, T("type"))), type)) {
        return refuse(e, "its answer is to another kind of question (type)");
    }
    if (!same(json_text(json_get(client, T("challenge"))), x->challenge)) {
        return refuse(e, "its answer is to another question (challenge); start again");
    }
    if (!x->origin.n || !text_eq(origin, x->origin)) {
        return err_set(e, ERR_FORBIDDEN,
                       "the passkey does not count: the page was %.*s, and this node is %.*s",
                       TEXT_ARG(text_short(origin, 100)), TEXT_ARG(x->origin));
    }
    if (is_true_or_odd(json_get(client, T("crossOrigin"))) || json_get(client, T("topOrigin"))) {
        return refuse(e, "the page stood in a page of another site (crossOrigin)");
    }
    const yyjson_val *binding = json_get(client, T("tokenBinding"));
    if (binding && !text_eq(json_text(json_get(binding, T("status"))), T("supported"))) {
        return refuse(e, "it is bound to a connection in a way that is not known here");
    }
    return 0;
}

static int read_client(const struct webauthn_expect *x, text type, text bytes, struct arena *a,
                       struct err *e)
{
    yyjson_val *client = NULL;
    if (bytes.n > WEBAUTHN_CLIENT_DATA_MAX) {
        return err_set(e, ERR_SYNTAX, "the client data is longer than %d bytes",
                       WEBAUTHN_CLIENT_DATA_MAX);
    }
    int r = json_read(bytes, DEPTH, a, &client, e);
    if (!r && (json_type(client) != YYJSON_TYPE_OBJ || jose_unique(client, e))) {
        r = err_set(e, ERR_SYNTAX, "the client data is no JSON object with each member once");
    }
    return r ? r : check_client(x, type, client, e);
}

/* --- what the authenticator says (steps 13 to 18) ----------------------------------------------
 */

static int check_data(const struct webauthn_expect *x, const struct webauthn_data *d, struct err *e)
{
    unsigned char hash[WEBAUTHN_HASH];
    if (!x->rp_id.n || !hash_of(x->rp_id, hash)) {
        return err_set(e, ERR_INTERNAL, "the name of this node is not known");
    }
    if (!same(d->rp_id_hash, (text){(char *)hash, sizeof hash})) {
        return refuse(e, "it is one of another site (rpIdHash)");
    }
    if (!d->user_present) {
        return refuse(e, "nobody touched it (UP)");
    }
    if (x->user_verified && !d->user_verified) {
        return refuse(e, "it did not check who is there: set up a PIN, fingerprint or face (UV)");
    }
    if (d->backed_up && !d->backup_eligible) {
        return refuse(e, "it says to be backed up, and that it cannot be (BS without BE)");
    }
    return 0;
}

/* Over authenticator data and the hash of the client data (step 20). */
static int check_signature(const struct jose_key *key, text data, text client_data_json,
                           text signature, struct arena *a, struct err *e)
{
    unsigned char hash[WEBAUTHN_HASH];
    if (!hash_of(client_data_json, hash)) {
        return err_set(e, ERR_INTERNAL, "SHA-256 is not there");
    }
    const text parts[] = {data, {(char *)hash, sizeof hash}};
    text bytes = arena_join(a, parts, 2);
    if (!bytes.p) {
        return err_set(e, ERR_MEMORY, "%s", "");
    }
    if (signature.n > WEBAUTHN_SIGNATURE_MAX || !jose_verifies(key, JOSE_DER, bytes, signature)) {
        return refuse(e, "its signature is not one of the key that is known");
    }
    return 0;
}

/* --- registration ------------------------------------------------------------------------------
 */

static int check_attestation(const struct webauthn_attestation *t, text key_bytes,
                             text client_data_json, struct arena *a, struct err *e)
{
    struct jose_key *key = NULL;
    int r = webauthn_key_read(key_bytes, &key, e);
    if (!r && t->packed && t->alg != webauthn_algorithm(key)) {
        r = refuse(e, "its attestation is of another algorithm than its key");
    } else if (!r && t->packed) {
        r = check_signature(key, t->data, client_data_json, t->signature, a, e);
    }
    jose_key_free(key);
    return r;
}

int webauthn_register(const struct webauthn_expect *expect, text client_data_json,
                      text attestation_object, struct arena *a,
                      struct webauthn_credential *ret_credential, struct err *e)
{
    struct webauthn_attestation t;
    struct webauthn_data d;
    int r = read_client(expect, T("webauthn.create"), client_data_json, a, e);
    r = r ? r : webauthn_attestation_read(attestation_object, &t, e);
    r = r ? r : webauthn_data_read(t.data, &d, e);
    r = r ? r : check_data(expect, &d, e);
    if (!r && !d.has_credential) {
        r = refuse(e, "it made no credential (AT)");
    }
    r = r ? r : check_attestation(&t, d.key, client_data_json, a, e);
    if (r) {
        return r;
    }
    struct webauthn_credential c = {.id = arena_copy(a, d.id),
                                    .key = arena_copy(a, d.key),
                                    .sign_count = d.sign_count,
                                    .backed_up = d.backed_up};
    if (!c.id.p || !c.key.p) {
        return err_set(e, ERR_MEMORY, "%s", "");
    }
    *ret_credential = c;
    return 0;
}

/* --- sign-in -----------------------------------------------------------------------------------
 */

int webauthn_verify(const struct webauthn_expect *expect, const struct webauthn_credential *known,
                    const struct webauthn_assertion *assertion, struct arena *a,
                    uint64_t *ret_sign_count, bool *ret_regressed, struct err *e)
{
    struct webauthn_data d;
    struct jose_key *key = NULL;
    int r = read_client(expect, T("webauthn.get"), assertion->client_data_json, a, e);
    r = r ? r : webauthn_data_read(assertion->authenticator_data, &d, e);
    r = r ? r : check_data(expect, &d, e);
    if (!r && d.has_credential) {
        r = refuse(e, "it made a credential where it was to use one (AT)");
    }
    r = r ? r : webauthn_key_read(known->key, &key, e);
    r = r ? r
          : check_signature(key, assertion->authenticator_data, assertion->client_data_json,
                            assertion->signature, a, e);
    jose_key_free(key);
    if (r) {
        return r;
    }
    /* The higher one stays: a copy must not make the real one look like the copy. */
    bool counts = d.sign_count || known->sign_count;
    *ret_regressed = counts && d.sign_count <= known->sign_count;
    *ret_sign_count = d.sign_count > known->sign_count ? d.sign_count : known->sign_count;
    return 0;
}
