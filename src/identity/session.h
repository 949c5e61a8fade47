/*
 * Sessions of the portal. The cookie is __Host-kith (kith on a plain loopback listener): Secure,
 * HttpOnly, SameSite=Lax, 256 random bits, a new one at each sign-in and step-up. Ends after 15 min
 * (professionals) or 30 min (patients) without a request, and after 12 h in any case. Kept, so that
 * a restart signs nobody out; the time of last use is in memory.
 */
#ifndef KITH_IDENTITY_SESSION_H
#define KITH_IDENTITY_SESSION_H

#include "identity/account.h"
#include "identity/identity.h"

struct session {
    text hash;    /* of the cookie: its key */
    text account; /* id */
    size_t role;  /* of account.roles */
    text csrf;
    enum session_step { SESSION_SIGNED_IN, SESSION_WANTS_TOTP, SESSION_WANTS_ENROL } step;
    bool strong;    /* by a passkey, or with a second factor */
    bool invited;   /* began by an invitation: may add ways in beside those that there are */
    uint64_t epoch; /* of the account */
    int64_t began_ms;
    int64_t used_ms;
};

struct sessions;
int sessions_open(struct kept *k, struct sessions **ret_sessions, struct err *e);
void sessions_close(struct sessions *s);
/* Gives a cookie's value. */
int session_begin(struct sessions *s, const struct account *account, enum session_step step,
                  bool strong, struct arena *a, text *ret_cookie, struct session *ret_session,
                  struct err *e);
/* ERR_LOGIN: no such session, or it has ended. Counts as use. */
int session_find(struct sessions *s, text cookie, struct arena *a, struct session *ret_session,
                 struct err *e);
/* The same, by the hash of the cookie: for a token that the portal has of its session. */
int session_use(struct sessions *s, text hash, struct arena *a, struct session *ret_session,
                struct err *e);
int session_change(struct sessions *s, const struct session *session, struct err *e);
/* How long such a session lasts without a request. */
int64_t session_idle_ms(enum session_step step, bool professional);
int session_end(struct sessions *s, text hash, struct err *e);
int session_end_all(struct sessions *s, text account, struct err *e);

/*
 * Throttling that locks nobody out: tries count for (account, address of the client) and for the
 * address; past 5 in 15 minutes a try has to wait, longer each time, up to 15 minutes. The owner
 * from another address, or with a passkey, is not held up. ERR_TOO_MANY with the seconds.
 */
struct throttle;
struct throttle *throttle_new(void);
void throttle_free(struct throttle *t);
int throttle_ask(struct throttle *t, text account, text address, int64_t now_ms,
                 unsigned *ret_seconds, struct err *e);
void throttle_failed(struct throttle *t, text account, text address, int64_t now_ms);
void throttle_passed(struct throttle *t, text account, text address);
/* One-time codes of an account, from wherever they come: past 50 wrong ones within 15 minutes each
 * has to wait in the same way, until one was right from an address (throttle_passed()). */
int throttle_ask_code(struct throttle *t, text account, int64_t now_ms, unsigned *ret_seconds,
                      struct err *e);
void throttle_failed_code(struct throttle *t, text account, int64_t now_ms);

#endif
