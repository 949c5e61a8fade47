/* Private to identity/: what the files of secret.h share. */
#ifndef KITH_IDENTITY_SECRET_INT_H
#define KITH_IDENTITY_SECRET_INT_H

#include "identity/secret.h"

#include <openssl/types.h>

enum { PASSWORD_LEAST = 12, PASSWORD_MOST = 128, PASSCODE_LEAST = 4, PASSCODE_MOST = 64 };

/* Compatible characters made one (NFKC), and letters folded where `fold`. ERR_VALUE: not UTF-8. */
int text_normal(text t, bool fold, struct arena *a, text *ret_text, struct err *e);
size_t text_characters(text t);

/* secret_hash() by a digest that is at hand: looking for it takes longer than the hash. */
text secret_hash_by(const EVP_MD *sha256, text token, struct arena *a);

/* Whether a folded password is one of the commonest, or is made of the login, of this program's
 * name, or of a few characters. */
bool password_is_common(text folded, text folded_login);

/* secret_gate.c, the gate: before and after each Argon2id. ERR_BUSY: too many wait. */
int hashing_enter(text address, uint64_t *ret_place, struct err *e);
void hashing_leave(uint64_t place);

/* The bytes of a base32 text (RFC 4648 section 6) without padding, and back. */
text base32_print(text bytes, struct arena *a);

#endif
