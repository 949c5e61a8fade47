/* Sign-in by a provider outside, from the inside: for oidc*.c and their tests. */
#ifndef KITH_IDENTITY_OIDC_INT_H
#define KITH_IDENTITY_OIDC_INT_H

#include "base/random.h"
#include "identity/jose_int.h"
#include "identity/oidc.h"

#include <pthread.h>

enum {
    OIDC_ANSWER_MAX = 65536,
    OIDC_QUERY_MAX = 8192,
    OIDC_URL_MAX = 2048,
    OIDC_SECONDS = 10, /* for one call */
    OIDC_USED = 65536, /* answers that are remembered, so that none counts twice */
    OIDC_PROVIDERS = 16,
    OIDC_VTR_MAX = 8,
};
#define OIDC_PENDING_MS (INT64_C(10) * 60 * 1000)
#define OIDC_KEYS_MS (INT64_C(15) * 60 * 1000)
#define OIDC_KEYS_AGAIN_MS (INT64_C(60) * 1000)
#define OIDC_SKEW_S 60
#define OIDC_FRESH_S 600 /* an ID token is not older */

/* What the provider's keys were, when they were asked for. */
struct oidc_keys {
    pthread_mutex_t lock;
    char uri[OIDC_URL_MAX + 1]; /* empty: a free place */
    struct jose_key *keys[JOSE_KEYS_MAX];
    size_t count;
    int64_t fetched_ms; /* 0: never */
    int64_t tried_ms;
};

struct oidc_used {
    uint64_t hash;
    int64_t until_ms;
};

struct oidc {
    struct kept *kept;
    struct seal_key *seal;
    int64_t (*clock)(void);
    char boot[UUID_SIZE]; /* what was begun before a restart has ended */
    pthread_mutex_t lock; /* of `used`, and of which place of `keys` is whose */
    struct oidc_used used[OIDC_USED];
    size_t newest;
    struct oidc_keys keys[OIDC_PROVIDERS];
};

/* oidc_open() without the rest of identity. */
int oidc_open_with(struct kept *k, const char *dir, int64_t (*clock)(void), struct oidc **ret_oidc,
                   struct err *e);

/* --- what waits for its answer (oidc_state.c) --------------------------------------------------
 */

struct oidc_state {
    text nonce;
    text verifier; /* PKCE */
};
/* Gives `state` of the request: sealed, so that nothing is kept of those who never come back. */
int oidc_state_make(struct oidc *o, text provider, text redirect_uri, text binding, struct arena *a,
                    struct oidc_state *ret_state, text *ret_sealed, struct err *e);
/* ERR_FORBIDDEN: not of this browser, provider or start of the node; too old; or used before. */
int oidc_state_take(struct oidc *o, text sealed, text provider, text redirect_uri, text binding,
                    struct arena *a, struct oidc_state *ret_state, struct err *e);

/* --- calls (oidc_call.c) -----------------------------------------------------------------------
 */

/* POST where `form` has something. `bearer`: an access token, or empty. 200 only. */
int oidc_call(text url, bool is_private, text form, text bearer, struct arena *a,
              yyjson_val **ret_root, struct err *e);
/* "&name=value", without '&' in the front. */
void oidc_form_add(struct buf *out, const char *name, text value, struct arena *a);

/* --- tokens (oidc_token.c) ---------------------------------------------------------------------
 */

int oidc_keys_verify(struct oidc *o, const struct oidc_provider *p, text jws, struct arena *a,
                     yyjson_val **ret_header, text *ret_payload, struct err *e);
void oidc_keys_close(struct oidc *o);

/* All checks of OpenID Connect Core 3.1.3.7 and 3.1.3.8. ERR_FORBIDDEN. */
int oidc_token_check(struct oidc *o, const struct oidc_provider *p, text id_token,
                     text access_token, text nonce, struct arena *a, yyjson_val **ret_claims,
                     struct err *e);

/* --- vectors of trust (oidc_trust.c, RFC 8485) --------------------------------------------------
 */

/* 0 to 9 of P0 ... P9 in a vector; -1: none. */
int trust_proofing(text vector);
/* Whether `vot` is at least one of what was asked. */
bool trust_is_enough(text vot, const text *vtr, size_t count);
/* A second factor, or a key: Cd beside Cp; Ck; Cm. */
bool trust_is_strong(text vot);
/* Components apart by '.', each a capital letter and a letter or digit, none twice. */
bool trust_is_vector(text t);

int oidc_person_make(const struct oidc_provider *p, const yyjson_val *claims,
                     const yyjson_val *userinfo, struct arena *a, struct oidc_person *ret_person,
                     struct err *e);

#endif
