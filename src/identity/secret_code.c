/* One-time codes (RFC 6238, 4226) and recovery codes. */
#include "identity/secret_int.h"

#include "base/random.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

enum { SECRET_BYTES = 20, STEP_SECONDS = 30, RECOVERY_CODES = 10, RECOVERY_CHARACTERS = 12 };

text base32_print(text bytes, struct arena *a)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    size_t n = (bytes.n * 8 + 4) / 5;
    char *to = arena_alloc(a, n + 1);
    uint32_t bits = 0;
    unsigned held = 0;
    size_t at = 0;
    if (!to) {
        return (text){0};
    }
    for (size_t i = 0; i < bytes.n; i++) {
        bits = bits << 8 | (unsigned char)bytes.p[i];
        for (held += 8; held >= 5; held -= 5) {
            to[at++] = letters[bits >> (held - 5) & 31];
        }
    }
    if (held) {
        to[at++] = letters[bits << (5 - held) & 31];
    }
    to[at] = '\0';
    return text_make(to, at);
}

/* RFC 4226, 5.3: six digits, and the wrong ones when the digest fails. */
static bool code_at(text secret, uint64_t step, char out[6])
{
    unsigned char counter[8];
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    for (int i = 0; i < 8; i++) {
        counter[i] = (unsigned char)(step >> (56 - 8 * i));
    }
    if (!HMAC(EVP_sha1(), secret.p, (int)secret.n, counter, sizeof counter, mac, &n) || n != 20) {
        return false;
    }
    unsigned at = mac[19] & 15;
    uint32_t number = ((uint32_t)mac[at] & 0x7f) << 24 | (uint32_t)mac[at + 1] << 16 |
                      (uint32_t)mac[at + 2] << 8 | mac[at + 3];
    for (int i = 5; i >= 0; i--, number /= 10) {
        out[i] = (char)('0' + number % 10);
    }
    return true;
}

int totp_verify(text secret, text code, int64_t now_s, uint64_t *step, struct err *e)
{
    char expected[6];
    uint64_t found = 0;
    if (secret.n == 0 || secret.n > 128 || now_s < STEP_SECONDS) {
        return err_set(e, ERR_FORBIDDEN, "the code is not right");
    }
    uint64_t now = (uint64_t)now_s / STEP_SECONDS;
    /* All three are always made and compared. */
    for (uint64_t at = now - 1; at <= now + 1; at++) {
        bool same =
            code_at(secret, at, expected) && secret_eq(code, text_make(expected, sizeof expected));
        if (same && at > *step) {
            found = at;
        }
    }
    if (!found) {
        return err_set(e, ERR_FORBIDDEN,
                       "the code is not right, or has been used already; wait for the next one");
    }
    *step = found;
    return 0;
}

/* As RFC 3986 wants it in a path and a query. */
static bool add_escaped(struct arena *a, text t, text *ret_text)
{
    static const char hex[] = "0123456789ABCDEF";
    char *to = t.n > 4096 ? NULL : arena_alloc(a, 3 * t.n + 1);
    size_t n = 0;
    if (!to) {
        return false;
    }
    for (size_t i = 0; i < t.n; i++) {
        unsigned char c = (unsigned char)t.p[i];
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
            c == '-' || c == '.' || c == '_') {
            to[n++] = (char)c;
        } else {
            to[n++] = '%';
            to[n++] = hex[c >> 4];
            to[n++] = hex[c & 15];
        }
    }
    *ret_text = text_make(to, n);
    return true;
}

int totp_make(text issuer, text login, struct arena *a, text *ret_secret, text *ret_base32,
              text *ret_uri, struct err *e)
{
    unsigned char bytes[SECRET_BYTES];
    text label;
    text name;
    random_bytes(bytes, sizeof bytes);
    text secret = arena_copy(a, text_make((const char *)bytes, sizeof bytes));
    explicit_bzero(bytes, sizeof bytes);
    if (!secret.p || !add_escaped(a, issuer, &label) || !add_escaped(a, login, &name)) {
        return err_set(e, ERR_MEMORY, "no memory");
    }
    text words = base32_print(secret, a);
    text uri = words.p
                   ? arena_printf(a,
                                  "otpauth://totp/%.*s:%.*s?secret=%.*s&issuer=%.*s&algorithm="
                                  "SHA1&digits=6&period=30",
                                  TEXT_ARG(label), TEXT_ARG(name), TEXT_ARG(words), TEXT_ARG(label))
                   : (text){0};
    if (!uri.p) {
        return err_set(e, ERR_MEMORY, "no memory");
    }
    *ret_secret = secret;
    *ret_base32 = words;
    *ret_uri = uri;
    return 0;
}

/* No i, l, o and u: they are read as others. */
static const char recovery_letters[] = "0123456789abcdefghjkmnpqrstvwxyz";

int recovery_make(struct arena *a, text codes[10], struct err *e)
{
    for (size_t i = 0; i < RECOVERY_CODES; i++) {
        unsigned char bytes[RECOVERY_CHARACTERS];
        char word[RECOVERY_CHARACTERS + 2];
        size_t n = 0;
        random_bytes(bytes, sizeof bytes);
        for (size_t k = 0; k < RECOVERY_CHARACTERS; k++) {
            if (k && k % 4 == 0) {
                word[n++] = '-';
            }
            word[n++] = recovery_letters[bytes[k] & 31];
        }
        codes[i] = arena_copy(a, text_make(word, n));
        explicit_bzero(word, sizeof word);
        if (!codes[i].p) {
            return err_set(e, ERR_MEMORY, "no memory");
        }
    }
    return 0;
}

text recovery_normal(text typed, struct arena *a)
{
    char word[RECOVERY_CHARACTERS + 2];
    size_t n = 0;
    for (size_t i = 0; i < typed.n; i++) {
        char c = typed.p[i];
        c = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
        c = c == 'o' ? '0' : c == 'i' || c == 'l' ? '1' : c;
        if (c == '-' || c == ' ') {
            continue;
        }
        if (n % 5 == 4 && n < sizeof word) {
            word[n++] = '-';
        }
        if (n == sizeof word || !strchr(recovery_letters, c) || c == '\0') {
            return T("");
        }
        word[n++] = c;
    }
    return n == sizeof word ? arena_copy(a, text_make(word, n)) : T("");
}
