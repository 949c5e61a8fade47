/*
 * Passkeys: Web Authentication level 2, sections 7.1 and 7.2, on the relying party's side.
 * Attestation is not asked for ("none"): what matters is that the same key comes back.
 */
#ifndef KITH_IDENTITY_WEBAUTHN_H
#define KITH_IDENTITY_WEBAUTHN_H

#include "base/arena.h"
#include "base/err.h"

struct webauthn_expect {
    text challenge;     /* as it was given out: base64url */
    text origin;        /* "https://host", "http://localhost:8080" */
    text rp_id;         /* "host" */
    bool user_verified; /* the UV flag has to be set */
};

struct webauthn_credential {
    text id;  /* bytes */
    text key; /* COSE_Key bytes (RFC 9053): ES256, EdDSA or RS256 */
    uint64_t sign_count;
    bool backed_up;
};

/* Bytes as the browser sent them (base64url removed). ERR_FORBIDDEN with which step failed;
 * ERR_SYNTAX: not of this form. All outputs in the arena. */
int webauthn_register(const struct webauthn_expect *expect, text client_data_json,
                      text attestation_object, struct arena *a,
                      struct webauthn_credential *ret_credential, struct err *e);

struct webauthn_assertion {
    text client_data_json;
    text authenticator_data;
    text signature;
    text user_handle; /* empty: none */
};
/* *ret_regressed: the counter went back: perhaps a copy of the key; a flag, not a lock. */
int webauthn_verify(const struct webauthn_expect *expect, const struct webauthn_credential *known,
                    const struct webauthn_assertion *assertion, struct arena *a,
                    uint64_t *ret_sign_count, bool *ret_regressed, struct err *e);

#endif
