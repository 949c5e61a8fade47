#include "fhir/search_parse.h"

/* Numbers in queries: decimal strings, so that no digit is lost. value = +-digits * 10^exponent. */
enum {
    DIGITS_MAX = 60,          /* so that a bound, one digit longer, is exact in the index */
    EXPONENT_MAX = 999999900, /* so that a bound of that many digits is within the index's 10^9 */
};

struct number {
    bool negative;
    char digits[DIGITS_MAX + 2];
    size_t count;
    int64_t exponent;
};

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool read_exponent(text t, struct number *n)
{
    bool negative = t.n && t.p[0] == '-';
    uint64_t value;
    if (t.n && (t.p[0] == '-' || t.p[0] == '+')) {
        t = text_from(t, 1);
    }
    if (!text_to_u64(t, &value) || value > EXPONENT_MAX) {
        return false;
    }
    n->exponent += negative ? -(int64_t)value : (int64_t)value;
    return true;
}

static bool read_number(text t, struct number *n)
{
    size_t at = 0, point = SIZE_MAX, begin;
    *n = (struct number){.negative = t.n && t.p[0] == '-'};
    at = begin = n->negative ? 1 : 0;
    for (; at < t.n && (digit(t.p[at]) || (t.p[at] == '.' && point == SIZE_MAX)); at++) {
        if (t.p[at] == '.') {
            point = at;
            continue;
        }
        if (n->count == DIGITS_MAX) {
            return false;
        }
        n->digits[n->count++] = t.p[at];
        n->exponent -= point == SIZE_MAX ? 0 : 1;
    }
    if (n->count == 0 || point == begin || (point != SIZE_MAX && point + 1 == at)) {
        return false;
    }
    if (at == t.n) {
        return true;
    }
    /* The standard reads 1e2 as 95 to 105: a whole number with an exponent has one more digit. */
    if (point == SIZE_MAX && n->count < DIGITS_MAX) {
        n->digits[n->count++] = '0';
        n->exponent--;
    }
    return (t.p[at] == 'e' || t.p[at] == 'E') && read_exponent(text_from(t, at + 1), n);
}

static bool is_zero(const struct number *n)
{
    for (size_t i = 0; i < n->count; i++) {
        if (n->digits[i] != '0') {
            return false;
        }
    }
    return true;
}

/* As people write it where that is short: 54.5, else 545e-70. */
static text written(const struct number *n, struct arena *a)
{
    const char *sign = n->negative ? "-" : "";
    size_t skipped = 0;
    while (skipped + 1 < n->count && n->digits[skipped] == '0') {
        skipped++;
    }
    const char *digits = n->digits + skipped;
    int count = (int)(n->count - skipped);
    if (n->exponent == 0) {
        return arena_printf(a, "%s%.*s", sign, count, digits);
    }
    if (n->exponent > 0 || n->exponent < -DIGITS_MAX) {
        return arena_printf(a, "%s%.*se%lld", sign, count, digits, (long long)n->exponent);
    }
    static const char zeros[DIGITS_MAX + 1] =
        "000000000000000000000000000000000000000000000000000000000000";
    int before = count + (int)n->exponent; /* digits before the point */
    if (before > 0) {
        return arena_printf(a, "%s%.*s.%.*s", sign, before, digits, count - before,
                            digits + before);
    }
    return arena_printf(a, "%s0.%.*s%.*s", sign, -before, zeros, count, digits);
}

/* Half a unit of the last digit further from zero, or nearer to it. */
static struct number half(struct number n, bool further)
{
    n.exponent--;
    if (further) {
        n.digits[n.count++] = '5';
        return n;
    }
    if (is_zero(&n)) {
        n.negative = !n.negative;
        n.digits[n.count++] = '5';
        return n;
    }
    size_t i = n.count;
    while (n.digits[i - 1] == '0') {
        n.digits[--i] = '9';
    }
    n.digits[i - 1]--;
    n.digits[n.count++] = '5';
    return n;
}

/* Times 9/10 or 11/10. */
static struct number tenths(struct number n, int factor)
{
    struct number out = n;
    int carry = 0;
    out.exponent--;
    out.count = n.count + 2;
    for (size_t i = n.count; i-- > 0;) {
        int value = (n.digits[i] - '0') * factor + carry;
        out.digits[i + 2] = (char)('0' + value % 10);
        carry = value / 10;
    }
    out.digits[1] = (char)('0' + carry % 10);
    out.digits[0] = (char)('0' + carry / 10);
    return out;
}

bool search_bounds(text number, struct arena *a, struct search_bounds *ret)
{
    struct number n;
    if (!read_number(number, &n)) {
        return false;
    }
    struct number low = half(n, n.negative), high = half(n, !n.negative);
    struct number less = tenths(n, n.negative ? 11 : 9), more = tenths(n, n.negative ? 9 : 11);
    if (is_zero(&n)) {
        less = low;
        more = high;
    }
    ret->exact = written(&n, a);
    ret->low = written(&low, a);
    ret->high = written(&high, a);
    ret->approximate_low = written(&less, a);
    ret->approximate_high = written(&more, a);
    return true;
}

/* eq, ne and ap have a range; the others compare with exactly the number that stands there. */
unsigned search_stretches(enum search_prefix prefix, const struct search_bounds *b,
                          struct search_stretch out[2])
{
    const text open = T("");
    switch (prefix) {
    case PREFIX_EQ:
    case PREFIX_PO:
        out[0] = (struct search_stretch){b->low, b->high, true, false};
        return 1;
    case PREFIX_NE:
        out[0] = (struct search_stretch){open, b->low, false, false};
        out[1] = (struct search_stretch){b->high, open, true, false};
        return 2;
    case PREFIX_GT:
    case PREFIX_SA:
        out[0] = (struct search_stretch){b->exact, open, false, false};
        return 1;
    case PREFIX_GE:
        out[0] = (struct search_stretch){b->exact, open, true, false};
        return 1;
    case PREFIX_LT:
    case PREFIX_EB:
        out[0] = (struct search_stretch){open, b->exact, false, false};
        return 1;
    case PREFIX_LE:
        out[0] = (struct search_stretch){open, b->exact, false, true};
        return 1;
    case PREFIX_AP:
        out[0] = (struct search_stretch){b->approximate_low, b->approximate_high, true, true};
        return 1;
    }
    return 0;
}

text search_successor(text t, struct arena *a)
{
    size_t n = t.n;
    while (n && (unsigned char)t.p[n - 1] == 0xFF) {
        n--;
    }
    if (n == 0) {
        return T("");
    }
    char *out = arena_alloc(a, n);
    if (!out) {
        return (text){0};
    }
    memcpy(out, t.p, n);
    out[n - 1]++;
    return text_make(out, n);
}
