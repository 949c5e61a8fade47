#include "identity/jose.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

text base64url_print(text bytes, struct arena *a)
{
    size_t size = 0;
    if (__builtin_mul_overflow(bytes.n, (size_t)4, &size)) {
        return (text){NULL, 0};
    }
    size = (size + 2) / 3;
    char *to = arena_alloc(a, size + 1);
    if (!to) {
        return (text){NULL, 0};
    }
    const unsigned char *from = (const unsigned char *)bytes.p;
    uint32_t bits = 0;
    unsigned count = 0;
    size_t n = 0;
    for (size_t i = 0; i < bytes.n; i++) {
        bits = (bits << 8 | from[i]) & 0xFFFFU;
        for (count += 8; count >= 6; count -= 6) {
            to[n++] = letters[bits >> (count - 6) & 63];
        }
    }
    if (count) {
        to[n++] = letters[bits << (6 - count) & 63];
    }
    to[n] = '\0';
    return (text){to, n};
}

/* The value of a letter, or -1. */
static int value_of(unsigned char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

int base64url_read(text t, struct arena *a, text *ret_bytes, struct err *e)
{
    if (t.n % 4 == 1) {
        return err_set(e, ERR_SYNTAX, "this is not base64url: a letter is missing");
    }
    char *to = arena_alloc(a, t.n / 4 * 3 + 3);
    if (!to) {
        return err_set(e, ERR_MEMORY, "%s", "");
    }
    uint32_t bits = 0;
    unsigned count = 0;
    size_t n = 0;
    for (size_t i = 0; i < t.n; i++) {
        int value = value_of((unsigned char)t.p[i]);
        if (value < 0) {
            return err_set(e, ERR_SYNTAX,
                           "this is not base64url: byte %zu is none of A-Z a-z 0-9 - _ (padding "
                           "and white space are not allowed)",
                           i);
        }
        bits = (bits << 6 | (uint32_t)value) & 0xFFFFU;
        count += 6;
        if (count >= 8) {
            count -= 8;
            to[n++] = (char)(unsigned char)(bits >> count & 0xFF);
        }
    }
    if (bits & ((1U << count) - 1)) { /* two texts would mean the same bytes */
        return err_set(e, ERR_SYNTAX, "this is not base64url: there are bits behind its end");
    }
    *ret_bytes = (text){to, n};
    return 0;
}
