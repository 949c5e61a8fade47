/* Private to identity/: the whole, and what its files share. */
#ifndef KITH_IDENTITY_INNER_H
#define KITH_IDENTITY_INNER_H

#include "identity/account.h"
#include "identity/identity.h"
#include "identity/oauth.h"
#include "identity/oidc.h"
#include "identity/secret.h"
#include "identity/session.h"

#include <pthread.h>
#include <stdatomic.h>

struct actors;
struct ceremonies;
struct staff;

struct identity {
    struct identity_config config;
    struct kept *kept;
    struct sessions *sessions;
    struct throttle *throttle;
    struct seal_key *seal;
    struct oauth *oauth;
    struct oidc *oidc;
    struct ceremonies *ceremonies;
    struct actors *actors;
    struct staff *staff;
    pthread_mutex_t drain_lock;
    _Atomic uint64_t drained; /* kept_changes() of the events that were taken over */
};

/* Whether cookies have the attribute Secure, and the prefix that goes with it. */
bool identity_secure(const struct identity *id, text origin);
text session_cookie_name(bool secure);
/* The session's cookie of a request, under the name that this listener gives it. */
text session_cookie(const struct identity *id, const struct http_request *request);

/* --- actors.c: what accounts are just now, in memory --------------------------------------------
 */

struct actors *actors_new(void);
void actors_free(struct actors *a);

/* --- staff.c: identity_is_staff() ---------------------------------------------------------------
 */

#define OWN_RECORD "own-record" /* kind of rows in identity.db */
struct staff *staff_new(void);
void staff_free(struct staff *s);

/* --- events.c ----------------------------------------------------------------------------------
 */

/* Takes over into the access log what the command line did. Cheap when there is nothing new. */
int identity_drain(struct identity *id, struct err *e);
/* An event about an account (NULL: nobody known) by itself, with its names. */
struct audit_event account_event(const struct identity *id, const struct account *account,
                                 enum event_kind kind);

/* --- ceremonies.c: what a browser has begun and not yet finished --------------------------------
 */

enum ceremony_kind { CEREMONY_NONE, CEREMONY_SIGN_IN, CEREMONY_PASSKEY, CEREMONY_TOTP };
enum { CEREMONIES_MAX = 10000, CEREMONIES_OF_ADDRESS = 2000, CEREMONY_MS = 5 * 60 * 1000 };

struct ceremony {
    enum ceremony_kind kind;
    text binding; /* SHA-256 of the cookie that has to come with the answer, or a session's hash */
    text account; /* id; empty: not known yet */
    text challenge; /* base64url; of CEREMONY_TOTP the secret's bytes */
};

struct ceremonies *ceremonies_new(void);
void ceremonies_free(struct ceremonies *c);
/* The newest takes the place of the oldest. ERR_TOO_MANY: one address has begun too many. */
int ceremony_begin(struct ceremonies *c, const struct ceremony *ceremony, text address,
                   int64_t now_ms, struct arena *a, text *ret_id, struct err *e);
/* For one use: it is gone, whatever comes of it. ERR_FORBIDDEN. */
int ceremony_take(struct ceremonies *c, text id, enum ceremony_kind kind, text binding,
                  int64_t now_ms, struct arena *a, struct ceremony *ret_ceremony, struct err *e);
/* The newest of a kind with this binding; it stays. ERR_FORBIDDEN. */
int ceremony_find(struct ceremonies *c, enum ceremony_kind kind, text binding, int64_t now_ms,
                  struct arena *a, struct ceremony *ret_ceremony, struct err *e);
/* Ends those with this binding. */
void ceremony_end(struct ceremonies *c, text binding);

/* For people: of this organisation, or as the world knows it; empty: nobody knows it. */
int identity_organisation_name(struct identity *id, text reference, struct arena *a, text *ret_name,
                               struct err *e);

#endif
