/*
 * Sign-in by an OpenID provider outside: NHS login (patients) and NHS CIS2 (professionals) in
 * shape: code flow with PKCE, private_key_jwt, `nonce`, vectors of trust (vtr, vot) or acr, keys by
 * the provider's jwks_uri (asked through the one outgoing door, kept 15 min, asked again for an
 * unknown kid once a minute).
 *
 * Kept under `provider`: {"name","words","issuer","client_id","key":"sealed JWK",
 * "authorization_endpoint","token_endpoint","jwks_uri","userinfo_endpoint","scope",
 * "vtr":["P9.Cp.Cd"],"least_proofing":"P9","acr_values":"","kind":"patient|professional",
 * "link":"nhs_number|subject","alg":"RS256","max_age":0,"says_issuer":false,"private":false}
 * alg: what its ID tokens are signed with; max_age: seconds since the person proved who they are
 * (0: not asked); says_issuer: its answers name it (RFC 9207), so that one that does not is
 * refused; private: it may be at an address that is not of the internet.
 */
#ifndef KITH_IDENTITY_OIDC_H
#define KITH_IDENTITY_OIDC_H

#include "identity/account.h"
#include "identity/identity.h"
#include "identity/jose.h"
#include "identity/secret.h"

/* A provider as it is kept, all in an arena. */
struct oidc_provider {
    text name;
    text words;
    text issuer;
    text client_id;
    text key; /* the client's own, sealed */
    text authorization_endpoint;
    text token_endpoint;
    text jwks_uri;
    text userinfo_endpoint; /* empty: what the ID token says is all there is */
    text scope;
    text *vtr;
    size_t vtr_count;
    text least_proofing;
    text acr_values;
    bool professional;  /* kind */
    bool by_nhs_number; /* link: an account is found by NHS number, else by subject */
    enum jose_algorithm alg;
    int64_t max_age;
    bool says_issuer;
    bool is_private;
};
/* ERR_NOT_FOUND. */
int oidc_provider_read(struct kept *k, text name, struct arena *a, struct oidc_provider *ret,
                       struct err *e);
int oidc_provider_each(struct kept *k, struct arena *a, struct oidc_provider **ret,
                       size_t *ret_count, struct err *e);
int oidc_provider_remove(struct kept *k, text name, struct arena *a, struct err *e);

/* What an administrator says of a provider; the rest comes from its discovery document (OpenID
 * Connect Discovery 1.0, section 3). */
struct oidc_new {
    text name;      /* small letters, digits and '-' */
    text words;     /* for the button */
    text issuer;    /* empty: that of the document */
    text discovery; /* the document */
    text client_id;
    text scope;          /* with openid */
    text vtr;            /* words apart by space */
    text least_proofing; /* P0, P5, P9; empty: whatever vtr asks */
    text acr_values;
    bool professional;
    bool by_nhs_number;
    enum jose_algorithm alg;     /* JOSE_NONE: RS256 where the provider has it, else its first */
    enum jose_algorithm key_alg; /* JOSE_NONE: ES256 where the provider takes it, else RSA */
    int64_t max_age;
    bool is_private;
};
/* Checks all of it, makes the client's key and keeps the provider (ERR_CONFLICT: there is one of
 * that name). *ret_jwk: the public key, to give to the provider. */
int oidc_provider_add(struct kept *k, const struct seal_key *seal, const struct oidc_new *given,
                      struct arena *a, text *ret_jwk, struct err *e);
/* The public key of one that is kept. */
int oidc_provider_key(struct kept *k, const struct seal_key *seal, text name, struct arena *a,
                      text *ret_jwk, struct err *e);
/* Reads an address of a provider: https (http on loopback), no redirects, no private networks
 * unless `is_private`. */
int oidc_fetch(text url, bool is_private, struct arena *a, text *ret_body, struct err *e);

struct oidc;
int oidc_open(struct identity *id, struct kept *k, struct oidc **ret_oidc, struct err *e);
void oidc_close(struct oidc *o);

struct oidc_provider_info {
    text name;
    text words; /* for the button: "NHS login" */
};
int oidc_providers(struct oidc *o, struct arena *a, struct oidc_provider_info **ret_providers,
                   size_t *ret_count, struct err *e);

/* The address to send the browser to; what has to come back is kept for 10 minutes, bound to
 * `binding` (a value in a cookie of this browser). */
int oidc_start(struct oidc *o, text provider, text redirect_uri, text binding, struct arena *a,
               text *ret_url, struct err *e);

struct oidc_person {
    text provider;
    text subject;
    text name;
    text nhs_number; /* only when the provider vouches for it (proofing P9) */
    text birthdate;
    text proofing; /* "P9" */
    text roles;    /* of CIS2: JSON, as given */
    bool strong;   /* with a second factor */
};
/* The query of the callback. ERR_FORBIDDEN with which check failed. */
int oidc_finish(struct oidc *o, text provider, text query, text redirect_uri, text binding,
                struct arena *a, struct oidc_person *ret_person, struct err *e);

#endif
