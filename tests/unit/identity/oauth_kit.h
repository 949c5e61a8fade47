/* A node's identity with one patient, one professional and some clients, and requests to it. */
#ifndef KITH_TESTS_OAUTH_KIT_H
#define KITH_TESTS_OAUTH_KIT_H

#include "identity/inner.h"
#include "identity/oauth_int.h"

#define OAUTH_ISSUER "https://node.example"
#define OAUTH_CALLBACK "https://app.example/cb"
#define OAUTH_SCOPE "openid fhirUser launch/patient offline_access patient/Observation.rs"
/* RFC 7636, appendix B. */
#define OAUTH_VERIFIER "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define OAUTH_S256 "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

struct kit {
    char dir[64];
    struct identity *id;
    struct arena a;
    text patient; /* accounts */
    text doctor;
    text cookie; /* of the session in use: "__Host-kith=..." */
    text csrf;
    text binding;     /* "__Host-kith-app=..." */
    const char *site; /* Sec-Fetch-Site; NULL: not sent */
    struct jose_key *key;
    unsigned events[EVENT_COUNT];
    bool log_broken;
    /* of the last reply */
    struct http_reply reply;
    yyjson_val *json;
};

void kit_open(struct kit *k, bool registration);
void kit_close(struct kit *k);
/* Signs a person in: the following requests are theirs. */
void kit_sign_in(struct kit *k, text account);
/* Sends a request; the reply's status. `body` of a POST; `bearer`: Authorization, or NULL. */
int kit_send(struct kit *k, enum http_method method, const char *target, const char *body,
             const char *authorization);
/* A member of the last reply, that is text or a number; empty: none. */
text kit_member(const struct kit *k, const char *name);
/* A parameter of the Location or of "redirect" of the last reply, decoded; empty: none. */
text kit_redirected(struct kit *k, const char *name);
/* The last reply has this status, or says what it was instead; `error` is its member of that name.
 */
void kit_is_error(struct kit *k, int status, int expected, const char *error);
/* The same question again: its key, of the last Location. */
text kit_consent_target(struct kit *k);
/* authorize, with these further parameters; the status. */
int kit_authorize(struct kit *k, const char *client, const char *scope, const char *more);
/* authorize, consent to all of it, and the code. */
text kit_code(struct kit *k, const char *client, const char *scope, const char *more);
/* The code for tokens; the status. */
int kit_exchange(struct kit *k, const char *client, text code, const char *verifier);
int kit_refresh(struct kit *k, const char *client, text token, const char *scope);
/* 0, or the code of oauth_bearer(). */
int kit_bearer(struct kit *k, text token, struct caller *ret_caller);
/* A client assertion, with which the request is sent. */
text kit_assertion(struct kit *k, const char *client, const char *aud, const char *jti,
                   int64_t exp_in_s);

#endif
