/* Passkeys from the inside: for webauthn*.c. */
#ifndef KITH_IDENTITY_WEBAUTHN_INT_H
#define KITH_IDENTITY_WEBAUTHN_INT_H

#include "identity/jose_int.h"
#include "identity/webauthn.h"

enum {
    WEBAUTHN_CLIENT_DATA_MAX = 8192,
    WEBAUTHN_DATA_MAX = 65536,
    WEBAUTHN_SIGNATURE_MAX = 1024,
    WEBAUTHN_ID_MAX = 1023,
    WEBAUTHN_HASH = 32,
};

/* Authenticator data (section 6.1). All texts are slices of it. */
struct webauthn_data {
    text rp_id_hash;
    bool user_present;
    bool user_verified;
    bool backup_eligible;
    bool backed_up;
    bool has_credential;
    uint32_t sign_count;
    text id;  /* of the credential */
    text key; /* COSE_Key */
};

/* ERR_SYNTAX: not of this form, cut off, or with bytes behind its end. */
int webauthn_data_read(text bytes, struct webauthn_data *ret, struct err *e);

/* A COSE_Key and nothing behind it. ERR_INVALID. Free with jose_key_free(). */
int webauthn_key_read(text cose, struct jose_key **ret_key, struct err *e);

/* The attestation statement: "none", or "packed" signed by the credential's own key, which proves
 * no more than that. */
struct webauthn_attestation {
    text data;   /* authenticator data */
    bool packed; /* else: none */
    int64_t alg; /* of packed, by COSE's number */
    text signature;
};
int webauthn_attestation_read(text bytes, struct webauthn_attestation *ret, struct err *e);

/* COSE's number of what a key signs with. */
int64_t webauthn_algorithm(const struct jose_key *key);

#endif
