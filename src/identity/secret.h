/* Secrets of accounts: passwords, one-time codes, tokens; and the sealing of what is kept. */
#ifndef KITH_IDENTITY_SECRET_H
#define KITH_IDENTITY_SECRET_H

#include "base/arena.h"
#include "base/err.h"

/* Argon2id, 19 MiB, t=2, p=1 (encoded form). At most four at once, one of each `address` (of
 * whoever asks); others wait, those whose addresses had the fewest lately first. ERR_BUSY: too many
 * wait. ERR_VALUE: shorter than 12 characters, longer than 128, one of the commonest, or the login
 * itself. */
int password_hash(text password, text login, text address, struct arena *a, text *ret_hash,
                  struct err *e);
/* The same of a short code that somebody may try only a few times: 4 to 64 characters. */
int passcode_hash(text passcode, text address, struct arena *a, text *ret_hash, struct err *e);
/* Takes the same time for an empty hash (nobody of that name). ERR_FORBIDDEN, ERR_BUSY. */
int password_verify(text hash, text password, text address, struct err *e);

/* RFC 6238: SHA-1, 6 digits, 30 s, one step to either side; `*step` is the last one used and moves
 * on. ERR_FORBIDDEN. */
int totp_verify(text secret, text code, int64_t now_s, uint64_t *step, struct err *e);
/* A fresh secret of 20 bytes; base32 for people; "otpauth://totp/..." for apps. */
int totp_make(text issuer, text login, struct arena *a, text *ret_secret, text *ret_base32,
              text *ret_uri, struct err *e);

/* 256 random bits, base64url. p == NULL: no memory. */
text secret_token(struct arena *a);
/* Ten recovery codes, "abcd-efgh-jkmn" each: 60 bits. */
int recovery_make(struct arena *a, text codes[10], struct err *e);
/* As it was made, from what somebody typed (capitals, spaces, o for 0, l for 1); empty: it is none.
 * Its secret_hash() is what is kept. */
text recovery_normal(text typed, struct arena *a);
/* SHA-256 as hex: what is kept of a token. */
text secret_hash(text token, struct arena *a);
/* In constant time. */
bool secret_eq(text a, text b);

/* AES-256-GCM with the key in DIR/secret (made with mode 0600 where there is none). `purpose` is
 * bound to it. Base64url. */
struct seal_key;
int seal_open(const char *dir, struct seal_key **ret_key, struct err *e);
void seal_free(struct seal_key *key);
/* A key of its own for some purpose, always the same (HMAC-SHA-256 of the purpose). */
int seal_derive(const struct seal_key *key, const char *purpose, uint8_t ret_key[32],
                struct err *e);
int seal_make(const struct seal_key *key, const char *purpose, text bytes, struct arena *a,
              text *ret_sealed, struct err *e);
int seal_read(const struct seal_key *key, const char *purpose, text sealed, struct arena *a,
              text *ret_bytes, struct err *e);

#endif
