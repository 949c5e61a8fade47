/*
 * OAuth 2.1 and SMART App Launch 2.2: this node as authorisation server. Code flow with PKCE (S256
 * only), exact redirect addresses, `iss` in the answer (RFC 9207), codes for one use and 60 s,
 * refresh tokens that rotate (one used twice ends its family), client credentials with
 * private_key_jwt (backend services), introspection (RFC 7662), revocation (RFC 7009), dynamic
 * registration (RFC 7591, off by default).
 *
 * Access tokens are 256 random bits, kept as SHA-256, 15 min for apps with somebody at the screen
 * and 5 min for backend services.
 */
#ifndef KITH_IDENTITY_OAUTH_H
#define KITH_IDENTITY_OAUTH_H

#include "identity/identity.h"
#include "identity/session.h"

/* Kept by id: {"name","uri","kind":"public|confidential|system","redirect_uris":[],"launch":"...",
 * "jwks":"{...}","scope":"...","secret":"sha256","disabled":false,"added_ms","added_by"} */
struct client {
    text id;
    text name;
    text uri;
    enum client_kind { CLIENT_PUBLIC, CLIENT_CONFIDENTIAL, CLIENT_SYSTEM } kind;
    text *redirects;
    size_t redirect_count;
    text launch; /* where the portal sends a browser to start it (EHR launch); empty: nowhere */
    text jwks;   /* JSON; keys are registered, never fetched from an address in a request */
    text scope;  /* the most that it may have */
    text secret; /* SHA-256 of a client secret; empty: private_key_jwt, or a public client */
    text added_by;
    bool disabled;
    int64_t added_ms;
};
enum { CLIENT_ID_MAX = 128 };
const char *client_kind_name(enum client_kind kind);
/* False: there is no such kind. */
bool client_kind_find(text name, enum client_kind *ret_kind);
/* https, or http on loopback; no fragment, no user. */
bool client_address_ok(text uri);
/* ERR_NOT_FOUND. */
int client_read(struct kept *k, text id, struct arena *a, struct client *ret_client, struct err *e);
/* Checks everything: redirect addresses (https, or http on loopback, no fragment), scopes, keys. */
int client_add(struct kept *k, struct client *client, struct arena *a, struct err *e);
int client_each(struct kept *k, struct arena *a, struct client **ret_clients, size_t *ret_count,
                struct err *e);
int client_disable(struct kept *k, text id, bool disabled, struct arena *a, struct err *e);

struct oauth;
int oauth_open(struct identity *id, struct kept *k, struct sessions *sessions,
               struct oauth **ret_oauth, struct err *e);
void oauth_close(struct oauth *o);

/* Whose token: for identity_caller(). ERR_LOGIN: none that is valid. Found in memory after its
 * first use; ended at once by revocation, by `epoch` of the account, and by its time. */
int oauth_bearer(struct oauth *o, text token, struct arena *a, struct caller *ret_caller,
                 struct err *e);

/* A token for the administrator at the machine (`kith token`): for ACTOR_NODE's stand-in over HTTP,
 * a client of kind system with `scope`; lives `seconds`. Works on a kept file whether or not a node
 * serves it. */
int oauth_local_token(struct kept *k, text scope, text name, int64_t seconds, struct arena *a,
                      text *ret_token, struct err *e);

/* /oauth/..., /.well-known/... and /auth/consent/..., /auth/apps */
bool oauth_serves(text path);
void oauth_handle(struct oauth *o, const struct http_request *request, struct http_reply *reply);

#endif
