#include "fhir/path_value.h"

#include <math.h>
#include <stdio.h>

typedef unsigned __int128 u128;

enum {
    DIGITS = 38,       /* of a decimal at most, and its scale at most */
    EXPONENT = 100000, /* beyond it nothing fits whatever the digits */
    QUOTIENT = 8,      /* decimals of a quotient that does not end, beyond those of its operands */
};

static u128 ten_to(int power)
{
    u128 n = 1;
    while (power-- > 0) {
        n *= 10;
    }
    return n;
}

static u128 size_of(__int128 digits)
{
    return digits < 0 ? (u128)0 - (u128)digits : (u128)digits;
}

static __int128 signed_of(u128 n, bool negative)
{
    return negative ? -(__int128)n : (__int128)n;
}

static int count_of(u128 n)
{
    int count = 0;
    for (; n; n /= 10) {
        count++;
    }
    return count;
}

static void strip(struct path_decimal *d, int least_scale)
{
    while (d->scale > least_scale && d->digits % 10 == 0) {
        d->digits /= 10;
        d->scale--;
    }
}

/* n through 10^places, half away from zero. */
static u128 shorten(u128 n, int places)
{
    if (places > DIGITS) {
        return 0;
    }
    u128 by = ten_to(places);
    u128 rest = n % by;
    return n / by + (rest >= by - rest && rest ? 1 : 0);
}

/* --- reading ------------------------------------------------------------------------------- */

/* What a text says before it is known to fit: n * 10^-scale, n of at most DIGITS digits. */
struct reading {
    u128 n;
    int64_t scale;
    int64_t dropped; /* digits that n has no room for */
    unsigned first;  /* of those that were dropped */
    bool lossy;      /* one of them is not 0 */
};

static void read_digit(struct reading *r, unsigned digit, bool decimals)
{
    if (r->dropped == 0 && r->n < ten_to(DIGITS - 1)) {
        r->n = r->n * 10 + digit;
        r->scale += decimals;
        return;
    }
    if (r->dropped == 0) {
        r->first = digit;
    }
    r->dropped++;
    r->lossy |= digit != 0;
    r->scale -= !decimals;
}

static bool read_exponent(text t, size_t at, int64_t *ret)
{
    bool negative = at < t.n && t.p[at] == '-';
    int64_t value = 0;
    at += at < t.n && (t.p[at] == '-' || t.p[at] == '+');
    if (at >= t.n) {
        return false;
    }
    for (; at < t.n; at++) {
        unsigned digit = (unsigned)(unsigned char)t.p[at] - '0';
        if (digit > 9) {
            return false;
        }
        value = value < EXPONENT ? value * 10 + digit : value;
    }
    *ret = negative ? -value : value;
    return true;
}

static bool read_parts(text t, struct reading *r, bool *ret_negative)
{
    size_t digits = 0;
    size_t at = t.n && (t.p[0] == '-' || t.p[0] == '+');
    bool decimals = false;
    *ret_negative = at && t.p[0] == '-';
    for (; at < t.n; at++) {
        unsigned digit = (unsigned)(unsigned char)t.p[at] - '0';
        if (digit <= 9) {
            read_digit(r, digit, decimals);
            digits++;
        } else if (t.p[at] == '.' && !decimals && digits && at + 1 < t.n && t.p[at + 1] >= '0' &&
                   t.p[at + 1] <= '9') {
            decimals = true;
        } else {
            break;
        }
    }
    if (digits == 0) {
        return false;
    }
    if (at < t.n) {
        int64_t exponent;
        if ((t.p[at] != 'e' && t.p[at] != 'E') || !read_exponent(t, at + 1, &exponent)) {
            return false;
        }
        r->scale -= exponent;
    }
    return true;
}

static bool read_decimal(text t, bool rounded, struct path_decimal *ret)
{
    struct reading r = {0};
    bool negative;
    if (!read_parts(t, &r, &negative) || (r.lossy && !rounded)) {
        return false;
    }
    if (r.first >= 5 && ++r.n == ten_to(DIGITS)) {
        r.n /= 10;
        r.scale--;
    }
    while (r.scale > DIGITS && r.n && r.n % 10 == 0) {
        r.n /= 10;
        r.scale--;
    }
    if (r.n == 0) {
        r.scale = r.scale < 0 ? 0 : r.scale > DIGITS ? DIGITS : r.scale;
    }
    if (r.scale > DIGITS) {
        if (!rounded) {
            return false;
        }
        r.n = shorten(r.n, r.scale - DIGITS > DIGITS ? DIGITS + 1 : (int)(r.scale - DIGITS));
        r.scale = DIGITS;
    }
    if (r.scale < 0) {
        if (r.scale < -DIGITS || count_of(r.n) - r.scale > DIGITS) {
            return false;
        }
        r.n *= ten_to((int)-r.scale);
        r.scale = 0;
    }
    *ret = (struct path_decimal){signed_of(r.n, negative), (int)r.scale};
    return true;
}

bool path_decimal_read(text t, struct path_decimal *ret)
{
    return read_decimal(t, false, ret);
}

bool path_decimal_read_rounded(text t, struct path_decimal *ret)
{
    return read_decimal(t, true, ret);
}

text path_decimal_print(struct path_decimal d, struct arena *a)
{
    char out[DIGITS + 4]; /* sign, point, and a 0 before the point */
    size_t at = sizeof out;
    u128 n = size_of(d.digits);
    for (int place = 0; n || place <= d.scale; place++, n /= 10) {
        if (place == d.scale && place) {
            out[--at] = '.';
        }
        out[--at] = (char)('0' + (int)(n % 10));
    }
    if (d.digits < 0) {
        out[--at] = '-';
    }
    return arena_copy(a, text_make(out + at, sizeof out - at));
}

/* --- arithmetic ---------------------------------------------------------------------------- */

/* With more decimals. false: no room for them. */
static bool widen(struct path_decimal *d, int scale)
{
    u128 n = size_of(d->digits);
    if (scale > DIGITS || count_of(n) + scale - d->scale > DIGITS) {
        return false;
    }
    d->digits *= (__int128)ten_to(scale - d->scale);
    d->scale = scale;
    return true;
}

/* Both to the same scale. Zeros at the end make room where there is none. */
static bool align(struct path_decimal *a, struct path_decimal *b)
{
    struct path_decimal *less = a->scale < b->scale ? a : b;
    struct path_decimal *more = less == a ? b : a;
    if (widen(less, more->scale)) {
        return true;
    }
    strip(more, less->scale);
    return widen(less, more->scale);
}

int path_decimal_compare(struct path_decimal a, struct path_decimal b)
{
    int sign_a = (a.digits > 0) - (a.digits < 0);
    int sign_b = (b.digits > 0) - (b.digits < 0);
    if (sign_a != sign_b || sign_a == 0) {
        return (sign_a > sign_b) - (sign_a < sign_b);
    }
    if (align(&a, &b)) {
        return (a.digits > b.digits) - (a.digits < b.digits);
    }
    /* The one that has no room for the other's decimals is the greater number by far. */
    return a.scale < b.scale ? sign_a : -sign_a;
}

bool path_decimal_add(struct path_decimal a, struct path_decimal b, struct path_decimal *ret)
{
    if (!align(&a, &b)) {
        return false;
    }
    struct path_decimal sum = {0, a.scale};
    if (__builtin_add_overflow(a.digits, b.digits, &sum.digits) ||
        size_of(sum.digits) >= ten_to(DIGITS)) {
        return false;
    }
    *ret = sum;
    return true;
}

bool path_decimal_subtract(struct path_decimal a, struct path_decimal b, struct path_decimal *ret)
{
    b.digits = -b.digits;
    return path_decimal_add(a, b, ret);
}

/* a * b as limbs, lowest first. */
static void multiply_wide(u128 a, u128 b, uint64_t limbs[4])
{
    const uint64_t x[2] = {(uint64_t)a, (uint64_t)(a >> 64)};
    const uint64_t y[2] = {(uint64_t)b, (uint64_t)(b >> 64)};
    memset(limbs, 0, 4 * sizeof *limbs);
    for (size_t i = 0; i < 2; i++) {
        uint64_t carry = 0;
        for (size_t k = 0; k < 2; k++) {
            u128 sum = (u128)x[i] * y[k] + limbs[i + k] + carry;
            limbs[i + k] = (uint64_t)sum;
            carry = (uint64_t)(sum >> 64);
        }
        limbs[i + 2] = carry;
    }
}

/* Through ten; the digit that falls off. */
static unsigned drop_digit(uint64_t limbs[4])
{
    u128 rest = 0;
    for (size_t i = 4; i-- > 0;) {
        u128 part = rest << 64 | limbs[i];
        limbs[i] = (uint64_t)(part / 10);
        rest = part % 10;
    }
    return (unsigned)rest;
}

/* Exact where it fits; decimals for which there is no room are rounded off. */
bool path_decimal_multiply(struct path_decimal a, struct path_decimal b, struct path_decimal *ret)
{
    uint64_t limbs[4];
    bool negative = (a.digits < 0) != (b.digits < 0);
    int scale = a.scale + b.scale;
    unsigned digit = 0;
    multiply_wide(size_of(a.digits), size_of(b.digits), limbs);
    u128 n = (u128)limbs[1] << 64 | limbs[0];
    while (limbs[3] || limbs[2] || n >= ten_to(DIGITS) || scale > DIGITS) {
        if (scale == 0) {
            return false;
        }
        digit = drop_digit(limbs);
        n = (u128)limbs[1] << 64 | limbs[0];
        scale--;
    }
    n += digit >= 5;
    if (n == ten_to(DIGITS)) {
        n /= 10;
        if (--scale < 0) {
            return false;
        }
    }
    *ret = (struct path_decimal){signed_of(n, negative), scale};
    return true;
}

/* The next digit of a long division: 10 * *rest through by; added up, as it may not fit. */
static unsigned next_digit(u128 *rest, u128 by)
{
    unsigned digit = 0;
    u128 sum = 0;
    for (int i = 0; i < 10; i++) {
        if (sum >= by - *rest) {
            sum -= by - *rest;
            digit++;
        } else {
            sum += *rest;
        }
    }
    *rest = sum;
    return digit;
}

bool path_decimal_divide(struct path_decimal a, struct path_decimal b, struct path_decimal *ret)
{
    if (b.digits == 0) {
        return false;
    }
    u128 by = size_of(b.digits);
    u128 n = size_of(a.digits) / by;
    u128 rest = size_of(a.digits) % by;
    bool negative = (a.digits < 0) != (b.digits < 0);
    int scale = a.scale - b.scale; /* of n */
    while (scale < 0 || rest) {
        if (n >= ten_to(DIGITS - 1) || scale >= DIGITS) {
            break;
        }
        n = n * 10 + next_digit(&rest, by);
        scale++;
    }
    if (scale < 0) {
        return false;
    }
    if (rest) { /* it does not end: fewer decimals, but as many of value where it starts with 0s */
        int most = (a.scale > b.scale ? a.scale : b.scale) + QUOTIENT;
        int zeros = scale - count_of(n);
        most += zeros > 0 ? zeros : 0;
        if (scale > most) {
            n = shorten(n, scale - most);
            scale = most;
        } else if (rest >= by - rest && n < ten_to(DIGITS) - 1) {
            n++;
        }
    }
    struct path_decimal quotient = {signed_of(n, negative), scale};
    strip(&quotient, 0);
    *ret = quotient;
    return quotient.scale <= DIGITS;
}

bool path_decimal_div(struct path_decimal a, struct path_decimal b, struct path_decimal *ret)
{
    if (b.digits == 0 || !align(&a, &b)) {
        return false;
    }
    *ret = (struct path_decimal){a.digits / b.digits, 0};
    return true;
}

bool path_decimal_mod(struct path_decimal a, struct path_decimal b, struct path_decimal *ret)
{
    if (b.digits == 0 || !align(&a, &b)) {
        return false;
    }
    *ret = (struct path_decimal){a.digits % b.digits, a.scale};
    return true;
}

/* --- rounding ------------------------------------------------------------------------------ */

bool path_decimal_round(struct path_decimal d, int scale, struct path_decimal *ret)
{
    if (scale < 0) {
        return false;
    }
    if (scale < d.scale) {
        u128 n = shorten(size_of(d.digits), d.scale - scale);
        d = (struct path_decimal){signed_of(n, d.digits < 0), scale};
    }
    *ret = d;
    return true;
}

bool path_decimal_whole(struct path_decimal d, int direction, struct path_decimal *ret)
{
    __int128 by = (__int128)ten_to(d.scale);
    __int128 whole = d.digits / by;
    __int128 rest = d.digits % by;
    if (direction < 0 && rest < 0) {
        whole--;
    } else if (direction > 0 && rest > 0) {
        whole++;
    }
    *ret = (struct path_decimal){whole, 0};
    return size_of(whole) < ten_to(DIGITS);
}

bool path_decimal_integer(struct path_decimal d, int64_t *ret)
{
    strip(&d, 0);
    if (d.scale > 0 || d.digits < INT32_MIN || d.digits > INT32_MAX) {
        return false;
    }
    *ret = (int64_t)d.digits;
    return true;
}

long double path_decimal_approximate(struct path_decimal d)
{
    return (long double)d.digits / powl(10.0L, d.scale);
}

bool path_decimal_from(long double x, struct path_decimal *ret)
{
    char out[80];
    struct path_decimal d;
    if (!isfinite(x) || fabsl(x) >= 1e38L) {
        return false;
    }
    /* 15 digits are what a chain of approximate operations leaves right. */
    int n = snprintf(out, sizeof out, "%.14Le", x);
    if (n <= 0 || (size_t)n >= sizeof out ||
        !path_decimal_read_rounded(text_make(out, (size_t)n), &d)) {
        return false;
    }
    strip(&d, 0);
    *ret = d;
    return true;
}
