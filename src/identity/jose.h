/*
 * JSON Web Keys and Signatures (RFC 7515, 7517, 7518, 8037) as far as OAuth and OpenID Connect need
 * them, with the care of RFC 8725: the algorithm is the key's, never the header's; no `none`, no
 * HMAC; no jku, x5u, x5c or jwk from a header; `crit` refused; duplicate members refused; strict
 * base64url; at most JOSE_MAX bytes (JOSE_SET_MAX of a set of keys).
 */
#ifndef KITH_IDENTITY_JOSE_H
#define KITH_IDENTITY_JOSE_H

#include "base/arena.h"
#include "base/err.h"
#include "format/json.h"

enum { JOSE_MAX = 8192, JOSE_KEYS_MAX = 32, JOSE_SET_MAX = 65536 };

enum jose_algorithm {
    JOSE_NONE,
    JOSE_ES256,
    JOSE_ES384,
    JOSE_RS256,
    JOSE_RS384,
    JOSE_PS256,
    JOSE_PS384,
    JOSE_EDDSA,
    JOSE_RS512 /* NHS login signs with it, and asks it of its clients */
};
const char *jose_name(enum jose_algorithm alg);
/* By its registered name; JOSE_NONE: not one of these. */
enum jose_algorithm jose_named(text name);

/* base64url without padding (RFC 4648 section 5). Reading: ERR_SYNTAX for padding, white space,
 * bits behind the end. */
text base64url_print(text bytes, struct arena *a);
int base64url_read(text t, struct arena *a, text *ret_bytes, struct err *e);

struct jose_key; /* a public key, or a private one with it; reference to OpenSSL's */

/* Of a JWK. `alg` of the key where it has one; else `fallback` (RS384 or RS256 for RSA; by the
 * curve for EC). RSA keys below 2048 bits, wrong curves, points not on them, `use` other than sig:
 * ERR_INVALID. Free with jose_key_free(). */
int jose_key_read(yyjson_val *jwk, enum jose_algorithm fallback, struct jose_key **ret_key,
                  struct err *e);
void jose_key_free(struct jose_key *key);
text jose_key_id(const struct jose_key *key); /* kid, or empty */
enum jose_algorithm jose_key_algorithm(const struct jose_key *key);
bool jose_key_is_secret(const struct jose_key *key);
/* A fresh one (RSA: of 3072 bits) with a kid: its thumbprint (RFC 7638). */
int jose_key_make(enum jose_algorithm alg, struct jose_key **ret_key, struct err *e);
/* RFC 7638, SHA-256, base64url. */
int jose_key_thumbprint(const struct jose_key *key, struct arena *a, text *ret_print,
                        struct err *e);
/* As JWK; `secret`: with the private part. */
int jose_key_print(const struct jose_key *key, bool secret, struct arena *a, text *ret_jwk,
                   struct err *e);
/* The public keys of a JWK Set, with RS384 as fallback; those of kinds that are not known here, or
 * that are not for signatures, are left out. ERR_INVALID: one of them holds a private part. */
int jose_keys_read(text json, struct jose_key *keys[JOSE_KEYS_MAX], size_t *ret_count,
                   struct err *e);
int jose_keys_read_as(text json, enum jose_algorithm fallback, struct jose_key *keys[JOSE_KEYS_MAX],
                      size_t *ret_count, struct err *e);
void jose_keys_free(struct jose_key *const *keys, size_t count);

/* ERR_INVALID where an object of the tree has a member twice, or more than 256: of two, one reader
 * takes the first and another the last. */
int jose_unique(const yyjson_val *root, struct err *e);

/* Verifies a compact JWS. `keys`: those that may have signed; where the header has a kid, only the
 * one that has it. `typ`: what the header's has to be ("application/" may stand before it); NULL:
 * any, and it is the caller's to look. *ret_payload, *ret_header: in the arena. ERR_FORBIDDEN with
 * why. */
int jws_verify(text jws, struct jose_key *const *keys, size_t key_count, const char *typ,
               struct arena *a, yyjson_val **ret_header, text *ret_payload, struct err *e);
int jws_sign(const struct jose_key *key, const char *typ, text payload, struct arena *a,
             text *ret_jws, struct err *e);

/* The claims of a JWT whose signature holds: iss, sub, aud exact (or one of several), exp and
 * iat/nbf within `skew_s` of now, exp no further than `most_s` ahead (0: any). Empty: not asked
 * for. ERR_FORBIDDEN with the claim. */
struct jwt_expect {
    text issuer;
    text subject;
    text audience;
    text nonce;
    int64_t now_s;
    int64_t most_s;
    int64_t skew_s;
};
int jwt_check(text payload, const struct jwt_expect *expect, struct arena *a,
              yyjson_val **ret_claims, struct err *e);

#endif
