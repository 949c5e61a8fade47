/* What the files of oauth.h share. */
#ifndef KITH_IDENTITY_OAUTH_INT_H
#define KITH_IDENTITY_OAUTH_INT_H

#include "base/clock.h"
#include "base/hash.h"
#include "base/random.h"
#include "fhir/search.h"
#include "format/json.h"
#include "identity/jose.h"
#include "identity/oauth.h"
#include "identity/oauth_row.h"
#include "identity/secret.h"

#include <openssl/evp.h>
#include <pthread.h>

/* Lives, in milliseconds. */
#define OAUTH_SECOND INT64_C(1000)
#define OAUTH_MINUTE (60 * OAUTH_SECOND)
#define OAUTH_DAY (24 * 60 * OAUTH_MINUTE)
#define OAUTH_PENDING_MS (10 * OAUTH_MINUTE)
#define OAUTH_LAUNCH_MS (5 * OAUTH_MINUTE)
#define OAUTH_CODE_MS (60 * OAUTH_SECOND)
#define OAUTH_ACCESS_MS (15 * OAUTH_MINUTE)
#define OAUTH_SYSTEM_MS (5 * OAUTH_MINUTE)
#define OAUTH_OFFLINE_MS (90 * OAUTH_DAY)
#define OAUTH_ONLINE_MS (12 * 60 * OAUTH_MINUTE)
#define OAUTH_SWEEP_MS (10 * OAUTH_MINUTE)
#define OAUTH_SKEW_S 30

enum {
    OAUTH_WAITING_MAX = 10000, /* authorisation requests that wait for a person's consent */
    OAUTH_LAUNCHES_MAX = 1000,
    OAUTH_FORM_MAX = 65536,
    OAUTH_PARAMETERS_MAX = 100,
    OAUTH_GRANTS_MAX = 100,     /* of one account; the one unused longest goes */
    OAUTH_CLIENTS_MAX = 10000,  /* dynamic registration stops there */
    OAUTH_REGISTER_MINUTE = 10, /* dynamic registrations a minute */
    OAUTH_SYSTEM_MINUTE = 600,  /* tokens a minute for one backend service */
};

/* --- values that wait in memory for a moment ---------------------------------------------------
 */

/* A ring: the newest takes the place of the oldest. The key that is given out is 256 random bits
 * and the place. */
struct oauth_waiting;
struct oauth_waiting *waiting_new(size_t most);
void waiting_free(struct oauth_waiting *w);
int waiting_put(struct oauth_waiting *w, text value, int64_t expires_ms, struct arena *a,
                text *ret_key, struct err *e);
/* False: there is none (any more). `take`: it is gone afterwards. */
bool waiting_get(struct oauth_waiting *w, text key, int64_t now_ms, bool take, struct arena *a,
                 text *ret_value);

/* --- tokens that were seen ---------------------------------------------------------------------
 */

struct oauth_cache;
struct oauth_cache *cache_new(void);
void cache_free(struct oauth_cache *c);

/* --- the whole ---------------------------------------------------------------------------------
 */

struct oauth {
    struct identity *id;
    const struct identity_config *config;
    struct kept *kept;
    struct sessions *sessions;
    struct jose_key *key; /* signs ID tokens */
    struct oauth_waiting *asks;
    struct oauth_waiting *launches;
    struct oauth_waiting *portal_codes;
    struct oauth_cache *cache;
    struct throttle *throttle;
    pthread_mutex_t lock; /* of what follows */
    int64_t swept_ms;
    int64_t minute; /* the one that is counted */
    uint32_t registrations;
    uint32_t system_tokens[256]; /* by hash of the client */
    struct hash_key hash_key;
    unsigned char portal_key[32]; /* of this run: what a token of the portal is sealed with */
    struct scopes *portal_scopes;
    struct arena keep; /* as long as the node runs */
};

struct oauth_call {
    struct oauth *o;
    const struct http_request *request;
    struct http_reply *reply;
    struct arena *a;
    int64_t now_ms;
    text origin; /* the issuer: "https://host" */
    text fhir;   /* "https://host/fhir" */
    text token_endpoint;
};

/* --- replies (oauth_reply.c) --------------------------------------------------------------------
 */

void oauth_json(struct oauth_call *c, int status);
/* {"error":...,"error_description":...} of RFC 6749, 5.2. */
void oauth_refuse(struct oauth_call *c, int status, const char *error, const char *words);
/* {"error":...,"words":...} of the portal's addresses. */
void auth_refuse(struct oauth_call *c, int status, const char *error, const char *words);
/* A member's name and colon, with a comma before it unless it is the first of its object. */
void oauth_name(struct buf *b, const char *name);
void oauth_member(struct buf *b, const char *name, text value);
void oauth_member_bool(struct buf *b, const char *name, bool value);
void oauth_member_i64(struct buf *b, const char *name, int64_t value);
/* Words apart by one space, as a list of strings. */
void oauth_member_words(struct buf *b, const char *name, const char *words);
/* application/x-www-form-urlencoded; p == NULL: no memory. */
text uri_escape(text t, struct arena *a);

/* --- forms (oauth_form.c) -----------------------------------------------------------------------
 */

struct oauth_form {
    struct search_pair *pairs;
    size_t count;
};
/* ERR_DUPLICATE: a parameter stands twice (RFC 6749, 3.1). */
int oauth_form_read(text encoded, struct arena *a, struct oauth_form *ret_form, struct err *e);
/* Empty: not given, or without a value, which is the same. */
text oauth_form_get(const struct oauth_form *form, const char *name);
/* The form of a POST, or the refusal has been written. */
bool oauth_form_of(struct oauth_call *c, struct oauth_form *ret_form);
/* The members of a JSON object that are strings or bools; unknown or repeated ones: ERR_INVALID. */
int oauth_object_read(text body, const char *const *known, struct arena *a, yyjson_val **ret_root,
                      struct err *e);
/* `iss` of a JWT that nobody has verified yet: to find its keys. Empty: not of this form. */
text oauth_assertion_issuer(text jwt, struct arena *a);

/* --- what is kept (oauth_kept.c) ----------------------------------------------------------------
 */

/* An authorisation request, from the moment it is valid until its code has been exchanged. */
struct oauth_ask {
    text client;
    text redirect;
    text state;
    text scope;
    text challenge;
    text nonce;
    text patient;   /* of the launch, then of the grant */
    text encounter; /* of the launch */
    text account;   /* of the launch, then of who allowed it; empty: not known yet */
    text binding;   /* hash of the browser's cookie */
    text session;   /* hash */
    text grant;     /* of a code that was used */
    text from;      /* of a launch of the portal: the client whose link it was */
    text person;    /* for whom it was made: "Practitioner/x"; empty: anybody */
    int64_t role;
    int64_t epoch;
    int64_t fresh_ms; /* the session has to have begun by then at the earliest */
    int64_t auth_ms;
    int64_t expires_ms;
    bool launched; /* from the portal: the patient is fixed */
    bool asks;     /* prompt=consent */
    bool used;
};
extern const struct row_field oauth_ask_fields[];

/* What a person let an app do: the family of its tokens. Its key is account/uuid. */
struct oauth_grant {
    text key;
    text account;
    text client;
    text scope;
    text patient;
    text encounter;
    text session;
    int64_t role;
    int64_t epoch;
    int64_t began_ms;
    int64_t used_ms;
    int64_t expires_ms;
    int64_t auth_ms;
};
extern const struct row_field oauth_grant_fields[];
int grant_read(struct kept *k, text key, struct arena *a, struct oauth_grant *ret_grant,
               text *ret_was, struct err *e);
/* Ends it, and with it every token. */
int grant_end(struct kept *k, text key, struct err *e);
int grant_each(struct kept *k, text account, struct arena *a, struct oauth_grant **ret_grants,
               size_t *ret_count, struct err *e);

struct oauth_token {
    text grant; /* empty: a backend service's, or the administrator's */
    text client;
    text scope;
    text name; /* of the administrator's */
    int64_t issued_ms;
    int64_t expires_ms;
    bool local;
    bool used;  /* of a refresh token */
    bool alone; /* taken by the app while the person was not signed in */
};
extern const struct row_field oauth_token_fields[];
/* kind: "token" or "refresh". ERR_NOT_FOUND, also for one that has expired. */
int oauth_token_read(struct kept *k, const char *kind, text token, int64_t now_ms, struct arena *a,
                     struct oauth_token *ret_token, text *ret_was, struct err *e);

/* Removes what has expired, at most once in OAUTH_SWEEP_MS. */
void oauth_sweep(struct oauth_call *c);
/* Takes one of `most` a minute; false: none is left. */
bool oauth_rate(struct oauth_call *c, uint32_t *counter, uint32_t most);

/* Whether a session, by its hash, goes on. */
bool oauth_session_lives(struct oauth *o, text hash, int64_t auth_ms, int64_t now_ms,
                         struct arena *a);

/* --- who asks (oauth_who.c) ---------------------------------------------------------------------
 */

/* The person at the portal, fully signed in. ERR_LOGIN, ERR_FORBIDDEN (another site sends it). */
int oauth_person(struct oauth_call *c, struct caller *ret_caller, struct session *ret_session,
                 struct err *e);
/* The same, with the refusal written. */
bool oauth_person_or_refuse(struct oauth_call *c, struct caller *ret_caller,
                            struct session *ret_session);
/* The name of a patient that this person may choose: ERR_NOT_FOUND. */
int oauth_patient(struct oauth_call *c, const struct actor *actor, text patient, text *ret_name,
                  struct err *e);

/* The client of a POST to /oauth/...: authenticated as its kind asks, or the refusal is written. */
bool oauth_client(struct oauth_call *c, const struct oauth_form *form, struct client *ret_client);

/* A JWT of a client is good for once: its jti is kept until it has expired. ERR_FORBIDDEN. */
int oauth_use_once(struct oauth_call *c, const struct client *client, const yyjson_val *claims,
                   struct err *e);

/* A durable line in the access log. `actor`, `client` may be NULL. */
int oauth_note(struct oauth_call *c, enum event_kind kind, enum event_outcome outcome,
               const struct actor *actor, const struct client *client, text patient,
               const char *why, struct err *e);

/* scopes_plan() with what the node knows of search parameters. */
int oauth_plan(struct oauth *o, struct scopes *s, struct arena *a, struct err *e);

/* --- steps -------------------------------------------------------------------------------------
 */

/* Sends the browser back to the app (303), or gives the address as JSON. */
text oauth_back(struct oauth_call *c, text redirect, text state, const char *name, text value,
                const char *words);
/* Notes in `ask` who allowed it, by which session. */
void oauth_ask_by(struct oauth_call *c, struct oauth_ask *ask, const struct caller *caller,
                  const struct session *session);
/* A code for what was asked and allowed: *ret_url is where the browser goes. */
int oauth_allow(struct oauth_call *c, struct oauth_ask *ask, const struct caller *caller,
                const struct session *session, const struct scopes *given, text patient,
                text *ret_url, struct err *e);
/* Whether patient-level scopes are asked for, or the context of a patient. */
bool oauth_needs_patient(const struct scopes *s);
/* The name of the cookie that binds an authorisation request to a browser; whether cookies of this
 * listener are Secure. */
text oauth_binding_cookie(const struct oauth_call *c);
bool oauth_secure(const struct oauth_call *c);

/* --- the portal of this node (oauth_portal.c) ---------------------------------------------------
 *
 * A public client like any other, but that it is not registered: it is the node's own page, so that
 * signing in there is the consent. Its token is bound to the session: nothing is kept of it.
 */

#define PORTAL_ID "kith-portal"
enum { OAUTH_PORTAL_TOKEN = 98 }; /* characters: no other token has as many */
int portal_open(struct oauth *o, struct err *e);
bool portal_is(const struct client *client);
/* client_read(), with the portal as it is at c->origin. */
int oauth_client_read(struct oauth_call *c, text id, struct client *ret_client, struct err *e);
/* A code for the session of this browser, without asking: *ret_url. ERR_LOGIN: there is none (or it
 * is older than asked for), or another site asks. Of a launch: ERR_NOT_FOUND (no patient whom they
 * may know of), ERR_FORBIDDEN (made for somebody else). */
int portal_allow(struct oauth_call *c, struct oauth_ask *ask, text *ret_url, struct err *e);
/* What the code was given for; `take`: it is gone. False: there is none. */
bool portal_code(struct oauth_call *c, text code, bool take, struct oauth_ask *ret_ask);
/* A token of a session that goes on. ERR_LOGIN. */
int portal_token(struct oauth_call *c, const struct oauth_ask *ask, int64_t expires_ms,
                 text *ret_token, struct err *e);
/* Ends with the session, and with the role that it acted in. ERR_LOGIN. Counts as use. */
int portal_bearer(struct oauth *o, text token, struct arena *a, struct caller *ret_caller,
                  struct err *e);

/* --- addresses ---------------------------------------------------------------------------------
 */

void oauth_smart_configuration(struct oauth_call *c);
void oauth_openid_configuration(struct oauth_call *c);
void oauth_jwks(struct oauth_call *c);
void oauth_authorize(struct oauth_call *c);
void oauth_token(struct oauth_call *c);
void oauth_introspect(struct oauth_call *c);
void oauth_revoke(struct oauth_call *c);
void oauth_register(struct oauth_call *c);
void oauth_consent(struct oauth_call *c);
void oauth_apps(struct oauth_call *c);
void oauth_apps_revoke(struct oauth_call *c);
void oauth_launch(struct oauth_call *c);
void oauth_launches(struct oauth_call *c);
void oauth_open_link(struct oauth_call *c);

/* RFC 7636, 4.2: base64url of SHA-256. p == NULL: no memory. */
text oauth_challenge(text verifier, struct arena *a);

#endif
