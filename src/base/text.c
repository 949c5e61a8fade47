#include "base/text.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

bool text_eq_nocase(text a, text b)
{
    if (a.n != b.n) {
        return false;
    }
    for (size_t i = 0; i < a.n; i++) {
        if (lower(a.p[i]) != lower(b.p[i])) {
            return false;
        }
    }
    return true;
}

int text_cmp(text a, text b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, n) : 0;
    if (order != 0) {
        return order;
    }
    return a.n < b.n ? -1 : a.n > b.n;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

text text_trim(text t)
{
    while (t.n && is_space(t.p[0])) {
        t.p++;
        t.n--;
    }
    while (t.n && is_space(t.p[t.n - 1])) {
        t.n--;
    }
    return t;
}

bool text_cut(text *rest, char separator, text *ret_head)
{
    if (rest->p == NULL) {
        return false;
    }
    size_t at = text_find(*rest, separator);
    *ret_head = text_first(*rest, at);
    *rest = at < rest->n ? (text){rest->p + at + 1, rest->n - at - 1} : (text){NULL, 0};
    return true;
}

bool text_is_among(text word, const char *words)
{
    text rest = text_of(words);
    text one;
    bool is = false;
    while (!is && word.n && text_cut(&rest, ' ', &one)) {
        is = text_eq(word, one);
    }
    return is;
}

bool text_to_u64(text t, uint64_t *ret)
{
    uint64_t value = 0;
    if (t.n == 0) {
        return false;
    }
    for (size_t i = 0; i < t.n; i++) {
        if (t.p[i] < '0' || t.p[i] > '9' || __builtin_mul_overflow(value, 10U, &value) ||
            __builtin_add_overflow(value, (uint64_t)(t.p[i] - '0'), &value)) {
            return false;
        }
    }
    *ret = value;
    return true;
}

void text_hex(const void *bytes, size_t n, char *ret)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *p = bytes;
    for (size_t i = 0; i < n; i++) {
        ret[2 * i] = digits[p[i] >> 4];
        ret[2 * i + 1] = digits[p[i] & 15];
    }
    ret[2 * n] = 0;
}
