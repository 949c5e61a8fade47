/* Keys from the inside: for the files of jose*.c and for passkeys, whose keys are the same in
 * another wrapping. */
#ifndef KITH_IDENTITY_JOSE_INT_H
#define KITH_IDENTITY_JOSE_INT_H

#include "identity/jose.h"

#include <openssl/evp.h>

enum jose_family { JOSE_FAMILY_EC, JOSE_FAMILY_RSA, JOSE_FAMILY_OKP };

/* What an algorithm asks of its key and how it signs. */
struct jose_kind {
    enum jose_algorithm alg;
    const char *name; /* of the JOSE registry */
    enum jose_family family;
    const char *curve; /* "crv"; NULL for RSA */
    const char *group; /* OpenSSL's name of the curve */
    size_t size;       /* bytes of a coordinate */
    const char *digest;
    bool pss;
};

/* NULL: none such. */
const struct jose_kind *jose_kind(enum jose_algorithm alg);
const struct jose_kind *jose_kind_named(text name);

struct jose_key {
    EVP_PKEY *pkey;
    const struct jose_kind *kind;
    char *kid; /* of the key, NUL-terminated */
    bool secret;
};

/* Parts of a key as big-endian bytes; empty: not there. */
struct jose_parts {
    text x; /* EC, OKP */
    text y; /* EC */
    text n; /* RSA */
    text e;
    text d; /* the private part of any */
    text p; /* RSA's, all or none */
    text q;
    text dp;
    text dq;
    text qi;
};

enum { JOSE_KID_MAX = 256, JOSE_RSA_LEAST = 2048, JOSE_RSA_MOST = 8192, JOSE_MEMBERS_MAX = 256 };

/* Checks the parts and makes the key. ERR_INVALID. */
int jose_key_from(const struct jose_kind *kind, const struct jose_parts *parts, text kid,
                  struct jose_key **ret_key, struct err *e);
/* Takes pkey, also on failure. */
int jose_key_wrap(const struct jose_kind *kind, EVP_PKEY *pkey, text kid, bool secret,
                  struct jose_key **ret_key, struct err *e);
/* EVP_PKEY -> parts, in the arena. */
int jose_key_parts(const struct jose_key *key, bool secret, struct arena *a,
                   struct jose_parts *ret_parts, struct err *e);

/* SHA-256, SHA-384 or SHA-512 by name, fetched once. */
const EVP_MD *jose_digest(const char *name);

/* As jws_sign(), with a header that the caller wrote. */
int jws_sign_header(const struct jose_key *key, text header, text payload, struct arena *a,
                    text *ret_jws, struct err *e);

/* The kid that a JWS says it has, before anything of it is verified; empty: none. */
text jws_key_id(text jws, struct arena *a);

enum jose_form { JOSE_PLAIN /* r and s behind one another */, JOSE_DER };
/* Whether `signature` is one of `bytes`; the form is that of elliptic curves only. */
bool jose_verifies(const struct jose_key *key, enum jose_form form, text bytes, text signature);

#endif
