/* A member's Ed25519 key as a key of JWS (RFC 8037). */
#ifndef KITH_LOCALITY_MEMBER_KEY_H
#define KITH_LOCALITY_MEMBER_KEY_H

#include "audit/note.h"
#include "identity/jose.h"

/* Free with jose_key_free(). */
int member_key_public(const struct note_key *key, struct arena *a, struct jose_key **ret_key,
                      struct err *e);
int member_key_secret(const struct note_signer *key, struct arena *a, struct jose_key **ret_key,
                      struct err *e);

#endif
