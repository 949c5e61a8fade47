#include "identity/secret_int.h"

#include "base/random.h"
#include "identity/jose.h"

#include <argon2.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <utf8proc.h>

enum {
    ARGON_KIB = 19 * 1024,
    ARGON_PASSES = 2,
    ARGON_SALT = 16,
    ARGON_HASH = 32,
    ARGON_ENCODED = 160,
    TEXT_MOST = 4096, /* bytes that are looked at: many times what a password may have */
};

int text_normal(text t, bool fold, struct arena *a, text *ret_text, struct err *e)
{
    utf8proc_uint8_t *made = NULL;
    unsigned options = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT;
    if (fold) {
        options |= UTF8PROC_CASEFOLD | UTF8PROC_IGNORE;
    }
    if (t.n > TEXT_MOST) {
        return err_set(e, ERR_VALUE, "this text is too long");
    }
    utf8proc_ssize_t n = utf8proc_map((const utf8proc_uint8_t *)(t.n ? t.p : ""),
                                      (utf8proc_ssize_t)t.n, &made, (utf8proc_option_t)options);
    if (n < 0) {
        free(made);
        return err_set(e, n == UTF8PROC_ERROR_NOMEM ? ERR_MEMORY : ERR_VALUE,
                       "this text cannot be read as UTF-8");
    }
    text copy = arena_copy(a, text_make((const char *)made, (size_t)n));
    explicit_bzero(made, (size_t)n);
    free(made);
    if (!copy.p) {
        return err_set(e, ERR_MEMORY, "no memory");
    }
    *ret_text = copy;
    return 0;
}

size_t text_characters(text t)
{
    size_t count = 0;
    for (size_t i = 0; i < t.n; i++) {
        count += ((unsigned char)t.p[i] & 0xC0) != 0x80;
    }
    return count;
}

static int check_password(text password, text login, struct arena *a, text *ret_normal,
                          struct err *e)
{
    text normal;
    text folded;
    text folded_login;
    int rc = text_normal(password, false, a, &normal, e);
    rc = rc ? rc : text_normal(password, true, a, &folded, e);
    rc = rc ? rc : text_normal(login, true, a, &folded_login, e);
    if (rc) {
        return rc;
    }
    size_t characters = text_characters(normal);
    if (characters < PASSWORD_LEAST) {
        return err_set(e, ERR_VALUE,
                       "the password is too short: use 12 characters or more, such as four words");
    }
    if (characters > PASSWORD_MOST) {
        return err_set(e, ERR_VALUE, "the password is too long: use 128 characters at most");
    }
    if (memchr(normal.p, '\0', normal.n)) {
        return err_set(e, ERR_VALUE, "the password has a character that cannot be typed");
    }
    if (password_is_common(folded, folded_login)) {
        return err_set(e, ERR_VALUE,
                       "this password is easy to guess: it is one of the commonest, or made of the "
                       "name for signing in; use four words that do not belong together");
    }
    *ret_normal = normal;
    return 0;
}

static int hash_normal(text normal, text address, struct arena *a, text *ret_hash, struct err *e)
{
    unsigned char salt[ARGON_SALT];
    char encoded[ARGON_ENCODED];
    uint64_t place = 0;
    int rc = hashing_enter(address, &place, e);
    if (rc) {
        return rc;
    }
    random_bytes(salt, sizeof salt);
    int argon = argon2id_hash_encoded(ARGON_PASSES, ARGON_KIB, 1, normal.p, normal.n, salt,
                                      sizeof salt, ARGON_HASH, encoded, sizeof encoded);
    hashing_leave(place);
    if (argon != ARGON2_OK) {
        return err_set(e, ERR_MEMORY, "the password could not be hashed: %s",
                       argon2_error_message(argon));
    }
    text copy = arena_copy(a, text_of(encoded));
    if (!copy.p) {
        return err_set(e, ERR_MEMORY, "no memory");
    }
    *ret_hash = copy;
    return 0;
}

int password_hash(text password, text login, text address, struct arena *a, text *ret_hash,
                  struct err *e)
{
    text normal = T("");
    int rc = check_password(password, login, a, &normal, e);
    return rc ? rc : hash_normal(normal, address, a, ret_hash, e);
}

int passcode_hash(text passcode, text address, struct arena *a, text *ret_hash, struct err *e)
{
    text normal = T("");
    int rc = text_normal(passcode, false, a, &normal, e);
    size_t characters = rc ? 0 : text_characters(normal);
    if (!rc && (characters < PASSCODE_LEAST || characters > PASSCODE_MOST ||
                memchr(normal.p, '\0', normal.n))) {
        rc = err_set(e, ERR_VALUE, "a passcode has %d to %d characters", PASSCODE_LEAST,
                     PASSCODE_MOST);
    }
    return rc ? rc : hash_normal(normal, address, a, ret_hash, e);
}

/* A hash of random bytes that nobody knows, made with the parameters above. */
static const char nobody[] = "$argon2id$v=19$m=19456,t=2,p=1$M1hXb0p2R2J6cVRuWTRsUQ$"
                             "b0FhR3VxZ1RyV0pYc0x2bnpDa1BmRXlIZDVtMlN3Nm0";

int password_verify(text hash, text password, text address, struct err *e)
{
    struct arena a;
    text normal;
    char encoded[ARGON_ENCODED];
    bool somebody = hash.n > 0 && hash.n < sizeof encoded;
    arena_init(&a, 64 * 1024);
    /* What is too long to be a password costs the same as one that is wrong. */
    if (text_normal(text_first(password, TEXT_MOST), false, &a, &normal, NULL)) {
        normal = T("");
        somebody = false;
    }
    (void)memcpy(encoded, somebody ? hash.p : nobody, somebody ? hash.n : sizeof nobody - 1);
    encoded[somebody ? hash.n : sizeof nobody - 1] = '\0';
    uint64_t place = 0;
    int rc = hashing_enter(address, &place, e);
    if (!rc) {
        int argon = argon2id_verify(encoded, normal.p, normal.n);
        hashing_leave(place);
        if (argon != ARGON2_OK && argon != ARGON2_VERIFY_MISMATCH) {
            rc = err_set(e, argon == ARGON2_MEMORY_ALLOCATION_ERROR ? ERR_MEMORY : ERR_CORRUPT,
                         "the password could not be checked: %s", argon2_error_message(argon));
        } else if (argon != ARGON2_OK || !somebody || password.n > TEXT_MOST) {
            rc = err_set(e, ERR_FORBIDDEN, "the name or the password is not right");
        }
    }
    explicit_bzero((char *)(uintptr_t)normal.p, normal.n);
    arena_done(&a);
    return rc;
}

text secret_token(struct arena *a)
{
    unsigned char bytes[32];
    random_bytes(bytes, sizeof bytes);
    text token = base64url_print(text_make((const char *)bytes, sizeof bytes), a);
    explicit_bzero(bytes, sizeof bytes);
    return token;
}

text secret_hash(text token, struct arena *a)
{
    return secret_hash_by(EVP_sha256(), token, a);
}

text secret_hash_by(const EVP_MD *sha256, text token, struct arena *a)
{
    unsigned char digest[32];
    unsigned n = 0;
    if (EVP_Digest(token.n ? token.p : "", token.n, digest, &n, sha256, NULL) != 1) {
        return (text){0};
    }
    char *to = arena_alloc(a, 2 * sizeof digest + 1);
    if (!to) {
        return (text){0};
    }
    text_hex(digest, sizeof digest, to);
    return text_make(to, 2 * sizeof digest);
}

bool secret_eq(text a, text b)
{
    return a.n == b.n && (a.n == 0 || CRYPTO_memcmp(a.p, b.p, a.n) == 0);
}
