#include "fhir/ucum_number.h"

#include <math.h>
#include <stdio.h>

/* --- naturals ------------------------------------------------------------------------------ */

void ucum_big_set(struct ucum_big *b, uint64_t value)
{
    b->limbs[0] = value;
    b->n = value ? 1 : 0;
}

/* b * factor + carry */
static bool times_plus(struct ucum_big *b, uint64_t factor, uint64_t carry)
{
    for (size_t i = 0; i < b->n; i++) {
        unsigned __int128 product = (unsigned __int128)b->limbs[i] * factor + carry;
        b->limbs[i] = (uint64_t)product;
        carry = (uint64_t)(product >> 64);
    }
    if (carry) {
        if (b->n == UCUM_LIMBS) {
            return false;
        }
        b->limbs[b->n++] = carry;
    }
    return true;
}

bool ucum_big_times(struct ucum_big *b, uint64_t factor)
{
    return factor == 1 || times_plus(b, factor, 0);
}

bool ucum_big_times_limbs(struct ucum_big *b, const uint64_t *limbs, size_t n)
{
    if (n == 1) {
        return ucum_big_times(b, limbs[0]);
    }
    if (b->n == 0 || n == 0) {
        b->n = 0;
        return true;
    }
    if (b->n + n > UCUM_LIMBS) {
        return false;
    }
    uint64_t out[UCUM_LIMBS] = {0};
    for (size_t i = 0; i < b->n; i++) {
        uint64_t carry = 0;
        for (size_t j = 0; j < n; j++) {
            unsigned __int128 sum = (unsigned __int128)b->limbs[i] * limbs[j] + out[i + j] + carry;
            out[i + j] = (uint64_t)sum;
            carry = (uint64_t)(sum >> 64);
        }
        out[i + n] = carry;
    }
    b->n += n;
    memcpy(b->limbs, out, b->n * sizeof *out);
    while (b->n && b->limbs[b->n - 1] == 0) {
        b->n--;
    }
    return true;
}

bool ucum_big_times_ten(struct ucum_big *b, uint64_t power)
{
    const uint64_t most = UINT64_C(10000000000000000000); /* 10^19 */
    if (b->n == 0) {
        return true;
    }
    for (; power >= 19; power -= 19) {
        if (!times_plus(b, most, 0)) {
            return false;
        }
    }
    uint64_t rest = 1;
    while (power--) {
        rest *= 10;
    }
    return ucum_big_times(b, rest);
}

static int big_cmp(const struct ucum_big *a, const struct ucum_big *b)
{
    if (a->n != b->n) {
        return a->n < b->n ? -1 : 1;
    }
    for (size_t i = a->n; i-- > 0;) {
        if (a->limbs[i] != b->limbs[i]) {
            return a->limbs[i] < b->limbs[i] ? -1 : 1;
        }
    }
    return 0;
}

/* a - b, of a >= b. */
static void big_minus(struct ucum_big *a, const struct ucum_big *b)
{
    uint64_t borrow = 0;
    for (size_t i = 0; i < a->n; i++) {
        uint64_t take = i < b->n ? b->limbs[i] : 0, less;
        bool under = __builtin_sub_overflow(a->limbs[i], take, &less);
        under |= __builtin_sub_overflow(less, borrow, &less);
        a->limbs[i] = less;
        borrow = under ? 1 : 0;
    }
    while (a->n && a->limbs[a->n - 1] == 0) {
        a->n--;
    }
}

static bool big_plus(struct ucum_big *a, const struct ucum_big *b)
{
    uint64_t carry = 0;
    size_t n = a->n > b->n ? a->n : b->n;
    for (size_t i = 0; i < n; i++) {
        unsigned __int128 sum = carry;
        sum += i < a->n ? a->limbs[i] : 0;
        sum += i < b->n ? b->limbs[i] : 0;
        a->limbs[i] = (uint64_t)sum;
        carry = (uint64_t)(sum >> 64);
    }
    a->n = n;
    if (carry) {
        if (n == UCUM_LIMBS) {
            return false;
        }
        a->limbs[a->n++] = carry;
    }
    return true;
}

/* Of a number that is not 0. */
static int64_t big_bits(const struct ucum_big *b)
{
    return (int64_t)(b->n * 64) - __builtin_clzll(b->limbs[b->n - 1]);
}

/* mantissa * 2^*ret_exponent, of a number that is not 0 */
static long double big_approximate(const struct ucum_big *b, int *ret_exponent)
{
    long double mantissa = (long double)b->limbs[b->n - 1];
    *ret_exponent = (int)(b->n - 1) * 64;
    if (b->n > 1) {
        mantissa += ldexpl((long double)b->limbs[b->n - 2], -64);
    }
    return mantissa;
}

/* --- values -------------------------------------------------------------------------------- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool read_exponent(text t, int64_t *ten)
{
    bool negative = t.n && t.p[0] == '-';
    uint64_t value;
    if (t.n && (t.p[0] == '-' || t.p[0] == '+')) {
        t = text_from(t, 1);
    }
    if (!text_to_u64(t, &value) || value > 1000000000) {
        return false;
    }
    *ten += negative ? -(int64_t)value : (int64_t)value;
    return true;
}

struct digits_read {
    size_t kept; /* significant ones */
    bool more;   /* one that was not kept was not 0 */
};

/* Digits from *at on into v->n; those behind the point, and those kept no more, move the ten. */
static bool read_digits(text t, size_t *at, bool fraction, struct ucum_value *v,
                        struct digits_read *r)
{
    size_t begin = *at;
    for (; *at < t.n && is_digit(t.p[*at]); (*at)++) {
        unsigned digit = (unsigned)(t.p[*at] - '0');
        bool keep = r->kept < UCUM_DIGITS;
        v->ten += (keep ? 0 : 1) - (fraction ? 1 : 0);
        if (!keep) {
            r->more |= digit != 0;
            continue;
        }
        if (!times_plus(&v->n, 10, digit)) {
            return false;
        }
        r->kept += v->n.n ? 1 : 0;
    }
    return *at > begin;
}

bool ucum_value_read(text decimal, struct ucum_value *v)
{
    struct digits_read r = {0};
    size_t at = decimal.n && decimal.p[0] == '-' ? 1 : 0;
    v->negative = at == 1;
    v->approximate = false;
    v->ten = 0;
    ucum_big_set(&v->n, 0);
    ucum_big_set(&v->d, 1);
    if (!read_digits(decimal, &at, false, v, &r)) {
        return false;
    }
    if (at < decimal.n && decimal.p[at] == '.') {
        at++;
        if (!read_digits(decimal, &at, true, v, &r)) {
            return false;
        }
    }
    if (at < decimal.n && ((decimal.p[at] != 'e' && decimal.p[at] != 'E') ||
                           !read_exponent(text_from(decimal, at + 1), &v->ten))) {
        return false;
    }
    if (r.more) { /* a digit for what was left out keeps the side of every tie */
        v->ten--;
        return times_plus(&v->n, 10, 1);
    }
    return true;
}

bool ucum_value_times(struct ucum_value *v, const struct ucum_factor *f, bool inverse)
{
    struct ucum_big *up = inverse ? &v->d : &v->n, *down = inverse ? &v->n : &v->d;
    v->ten += inverse ? -f->ten : f->ten;
    return ucum_big_times_limbs(up, f->n, f->n_count) &&
           ucum_big_times_limbs(down, f->d, f->d_count);
}

bool ucum_value_times_pi(struct ucum_value *v, int power)
{
    /* The digits that UCUM gives, as 18, 18, 18 and 11 of them. */
    static const struct {
        uint64_t shift, digits;
    } parts[] = {{UINT64_C(1000000000000000000), UINT64_C(314159265358979323)},
                 {UINT64_C(1000000000000000000), UINT64_C(846264338327950288)},
                 {UINT64_C(1000000000000000000), UINT64_C(419716939937510582)},
                 {UINT64_C(100000000000), UINT64_C(9749445923)}};
    struct ucum_big pi = {0};
    struct ucum_big *onto = power < 0 ? &v->d : &v->n;
    for (size_t i = 0; power && i < sizeof parts / sizeof *parts; i++) {
        if (!times_plus(&pi, parts[i].shift, parts[i].digits)) {
            return false;
        }
    }
    v->ten -= power * 64;
    for (int left = power < 0 ? -power : power; left; left--) {
        if (!ucum_big_times_limbs(onto, pi.limbs, pi.n)) {
            return false;
        }
    }
    return true;
}

bool ucum_value_add(struct ucum_value *v, bool negative, uint64_t hundredths)
{
    struct ucum_big other = v->d;
    if (v->n.n == 0) {
        v->ten = -2;
    }
    /* Both over d, in the smaller of the two powers of ten. */
    if (!ucum_big_times(&other, hundredths)) {
        return false;
    }
    int64_t shift = v->ten + 2;
    if (shift > UCUM_LIMBS * 19 || shift < -UCUM_LIMBS * 19 ||
        !ucum_big_times_ten(shift > 0 ? &v->n : &other, (uint64_t)(shift > 0 ? shift : -shift))) {
        return false;
    }
    v->ten = shift > 0 ? -2 : v->ten;
    if (v->negative == negative || v->n.n == 0) {
        v->negative = negative;
        return big_plus(&v->n, &other);
    }
    if (big_cmp(&v->n, &other) >= 0) {
        big_minus(&v->n, &other);
        return true;
    }
    big_minus(&other, &v->n);
    v->n = other;
    v->negative = negative;
    return true;
}

long double ucum_value_log10(const struct ucum_value *v)
{
    int up, down;
    long double n = big_approximate(&v->n, &up), d = big_approximate(&v->d, &down);
    return log10l(n) - log10l(d) + (long double)(up - down) * log10l(2.0L) + (long double)v->ten;
}

long double ucum_value_approximate(const struct ucum_value *v)
{
    if (v->n.n == 0) {
        return 0;
    }
    int up, down;
    long double n = big_approximate(&v->n, &up), d = big_approximate(&v->d, &down);
    long double ten = v->ten > 9999 ? 9999.0L : v->ten < -9999 ? -9999.0L : (long double)v->ten;
    /* Dividing by a power of ten is exact more often than multiplying by its inverse. */
    long double x = ldexpl(n / d, up - down);
    x = ten < 0 ? x / powl(10.0L, -ten) : x * powl(10.0L, ten);
    return v->negative ? -x : x;
}

bool ucum_value_from(long double x, struct ucum_value *ret)
{
    char out[64];
    if (!isfinite(x)) {
        return false;
    }
    int n = snprintf(out, sizeof out, "%.17Le", x);
    bool read = n > 0 && ucum_value_read(text_make(out, (size_t)n), ret);
    ret->approximate = true;
    return read;
}

/* --- printing ------------------------------------------------------------------------------ */

enum { APPROXIMATE_DIGITS = 15 };

struct digits {
    char p[UCUM_DIGITS];
    size_t n;
    int64_t order; /* d.ddd * 10^order */
    bool exact;
};

/* Makes 1 <= n/d < 10 with powers of ten; returns what the quotient was above that. */
static bool normalise(struct ucum_value *v, int64_t *ret_order)
{
    int64_t order = (big_bits(&v->n) - big_bits(&v->d)) * 30103 / 100000;
    if (!ucum_big_times_ten(order > 0 ? &v->d : &v->n, (uint64_t)(order > 0 ? order : -order))) {
        return false;
    }
    while (big_cmp(&v->n, &v->d) < 0) {
        if (!ucum_big_times(&v->n, 10)) {
            return false;
        }
        order--;
    }
    struct ucum_big most = v->d;
    if (!ucum_big_times(&most, 10)) {
        return false;
    }
    while (big_cmp(&v->n, &most) >= 0) {
        v->d = most;
        order++;
        if (!ucum_big_times(&most, 10)) {
            return false;
        }
    }
    *ret_order = order;
    return true;
}

static void increment(struct digits *d)
{
    size_t i = d->n;
    while (i && d->p[i - 1] == '9') {
        d->p[--i] = '0';
    }
    if (i) {
        d->p[i - 1]++;
        return;
    }
    d->p[0] = '1'; /* 99.9 -> 100: the other digits are zeros already */
    d->order++;
}

static bool further_from_zero(struct ucum_value *v, const struct digits *d, bool up)
{
    if (up) {
        return !v->negative;
    }
    struct ucum_big twice = v->n;
    if (!ucum_big_times(&twice, 2)) {
        return false;
    }
    int half = big_cmp(&twice, &v->d);
    return half > 0 || (half == 0 && (d->p[d->n - 1] - '0') % 2 == 1);
}

/* Long division, digit by digit: most quotients end after a few. */
static bool divide(struct ucum_value *v, size_t most, bool up, struct digits *d)
{
    if (!normalise(v, &d->order)) {
        return false;
    }
    d->order += v->ten;
    d->n = 0;
    for (;;) {
        char digit = '0';
        while (big_cmp(&v->n, &v->d) >= 0) {
            big_minus(&v->n, &v->d);
            digit++;
        }
        d->p[d->n++] = digit;
        if (v->n.n == 0 || d->n == most) {
            break;
        }
        if (!ucum_big_times(&v->n, 10)) {
            return false;
        }
    }
    d->exact = v->n.n == 0;
    if (!d->exact && further_from_zero(v, d, up)) {
        increment(d);
    }
    while (d->n > 1 && d->p[d->n - 1] == '0') {
        d->n--;
    }
    return true;
}

static text print(const struct digits *d, bool negative, struct arena *a)
{
    const char *sign = negative ? "-" : "";
    const char *zeros = "000000000000000000000";
    int n = (int)d->n, order = (int)d->order;
    if (d->order < -7 || d->order > 20) {
        return n == 1 ? arena_printf(a, "%s%ce%lld", sign, d->p[0], (long long)d->order)
                      : arena_printf(a, "%s%c.%.*se%lld", sign, d->p[0], n - 1, d->p + 1,
                                     (long long)d->order);
    }
    if (order < 0) {
        return arena_printf(a, "%s0.%.*s%.*s", sign, -order - 1, zeros, n, d->p);
    }
    if (order >= n - 1) {
        return arena_printf(a, "%s%.*s%.*s", sign, n, d->p, order - n + 1, zeros);
    }
    return arena_printf(a, "%s%.*s.%.*s", sign, order + 1, d->p, n - order - 1, d->p + order + 1);
}

text ucum_value_print(const struct ucum_value *v, size_t digits, bool up, struct arena *a,
                      bool *ret_exact)
{
    struct ucum_value left = *v;
    struct digits d = {.exact = true};
    *ret_exact = true;
    if (v->n.n == 0) {
        return T("0");
    }
    if (!divide(&left, v->approximate ? APPROXIMATE_DIGITS : digits, up && !v->approximate, &d)) {
        return (text){0};
    }
    *ret_exact = d.exact || v->approximate;
    return print(&d, v->negative, a);
}
