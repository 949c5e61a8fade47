/*
 * An authenticator in software: makes what a browser would send, well or with one thing wrong.
 */
#ifndef KITH_TESTS_PASSKEY_KIT_H
#define KITH_TESTS_PASSKEY_KIT_H

#include "identity/webauthn.h"

#include "base/buf.h"

#include <openssl/evp.h>

enum passkey_alg {
    PASSKEY_ES256 = -7,
    PASSKEY_EDDSA = -8,
    PASSKEY_RS256 = -257,
    PASSKEY_ES384 = -35
};

struct passkey {
    EVP_PKEY *key;
    enum passkey_alg alg;
    struct arena *a;
    char id[32];
};

/* What the next answer says. passkey_says() is a good one. */
struct passkey_says {
    const char *client; /* the client data as a whole; NULL: made of what follows */
    const char *type;
    const char *challenge;
    const char *origin;
    const char *more; /* members behind, such as ,"crossOrigin":false */
    const char *rp_id;
    unsigned flags;
    uint32_t count;
    const char *format; /* of the attestation */
    text tail;          /* behind the authenticator data */
    text object_tail;   /* behind the attestation object */
    text cose;          /* instead of its own key */
};
struct passkey_says passkey_says(bool creates);

void passkey_make(struct passkey *p, enum passkey_alg alg, struct arena *a);
void passkey_done(struct passkey *p);
text passkey_cose(const struct passkey *p);
text passkey_client(const struct passkey *p, const struct passkey_says *says);
text passkey_data(const struct passkey *p, const struct passkey_says *says, bool creates);
text passkey_sign(const struct passkey *p, text data, text client);
text passkey_object(const struct passkey *p, const struct passkey_says *says, text client);

#endif
