#include "fhir/index.h"

#include <openssl/evp.h>

enum { PREFIX_MAX = INDEX_VALUE_MAX - 32, DIGEST_KEPT = 16 };

text index_shorten(text value, struct arena *a)
{
    if (value.n <= PREFIX_MAX) {
        return value.n ? value : T("");
    }
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    char *out = arena_alloc(a, PREFIX_MAX + 1 + DIGEST_KEPT);
    if (!out || EVP_Digest(value.p, value.n, digest, &size, EVP_sha256(), NULL) != 1) {
        return (text){0};
    }
    memcpy(out, value.p, PREFIX_MAX);
    out[PREFIX_MAX] = 1;
    memcpy(out + PREFIX_MAX + 1, digest, DIGEST_KEPT);
    return text_make(out, PREFIX_MAX + 1 + DIGEST_KEPT);
}

/*
 * Most of a profile's URI says the same in every resource. The bytes are part of what stores keep:
 * add to the end only, and a longer beginning before a shorter one that it starts with.
 */
static const struct {
    char byte;
    text start;
} uri_starts[] = {
    {0x10, {"http://hl7.org/fhir/us/core/StructureDefinition/", 48}},
    {0x11, {"http://hl7.org/fhir/StructureDefinition/", 40}},
    {0x12, {"https://fhir.hl7.org.uk/StructureDefinition/", 44}},
    {0x13, {"https://fhir.nhs.uk/StructureDefinition/", 40}},
    {0x14, {"http://hl7.org/fhir/", 20}},
    {0x15, {"urn:uuid:", 9}},
};

bool index_uri_start(size_t i, text *ret_start)
{
    if (i >= sizeof uri_starts / sizeof *uri_starts) {
        return false;
    }
    *ret_start = uri_starts[i].start;
    return true;
}

text index_uri(text uri, struct arena *a)
{
    for (size_t i = 0; i < sizeof uri_starts / sizeof *uri_starts; i++) {
        if (text_starts(uri, uri_starts[i].start)) {
            text rest = text_from(uri, uri_starts[i].start.n);
            char *out = arena_alloc(a, rest.n + 1);
            if (!out) {
                return (text){0};
            }
            out[0] = uri_starts[i].byte;
            memcpy(out + 1, rest.p, rest.n);
            return index_shorten(text_make(out, rest.n + 1), a);
        }
    }
    return index_shorten(uri, a);
}

text index_code(text code, struct arena *a)
{
    size_t i = 0;
    while (i < code.n && !(code.p[i] >= 'A' && code.p[i] <= 'Z')) {
        i++;
    }
    if (i == code.n) {
        return index_shorten(code, a);
    }
    char *out = arena_alloc(a, code.n);
    if (!out) {
        return (text){0};
    }
    memcpy(out, code.p, code.n);
    for (; i < code.n; i++) {
        if (out[i] >= 'A' && out[i] <= 'Z') {
            out[i] = (char)(out[i] + ('a' - 'A'));
        }
    }
    return index_shorten(text_make(out, code.n), a);
}

/*
 * Decimals: sign | order | digits | end, all bytes after the sign complemented for a negative
 * number.
 *
 *   sign    1 negative, 2 zero (and nothing more), 3 positive
 *   order   the n of 0.d1d2d3... * 10^n with d1 != 0: one byte 0x80 + n for |n| <= ORDER_SHORT,
 * else 0x3F or 0xC0 and four bytes digits  two to a byte, plus one, so that the end (0) sorts
 * before any of them
 *
 * No encoding is the start of another, so that more may follow it.
 */
enum { DIGITS_MAX = 64, ORDER_SHORT = 60, ORDER_MAX = 1000000000 };

struct decimal {
    bool negative;
    int64_t order;
    char digits[DIGITS_MAX]; /* without zeros at either end; more digits than fit are cut */
    size_t count;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Takes digits from *at on; *position counts those that stand before the decimal point. */
static bool decimal_digits(text t, size_t *at, bool whole, struct decimal *d)
{
    size_t start = *at;
    for (; *at < t.n && is_digit(t.p[*at]); (*at)++) {
        char c = t.p[*at];
        bool leading = d->count == 0 && c == '0';
        if (leading) {
            d->order -= whole ? 0 : 1;
            continue;
        }
        d->order += whole ? 1 : 0;
        if (d->count < DIGITS_MAX) {
            d->digits[d->count++] = c;
        }
    }
    return *at > start;
}

static bool decimal_exponent(text t, struct decimal *d)
{
    bool negative = t.n && t.p[0] == '-';
    if (t.n && (t.p[0] == '-' || t.p[0] == '+')) {
        t = text_from(t, 1);
    }
    uint64_t value;
    if (!text_to_u64(t, &value) || value > ORDER_MAX) {
        return false;
    }
    d->order += negative ? -(int64_t)value : (int64_t)value;
    return true;
}

static bool decimal_read(text t, struct decimal *d)
{
    size_t at = 0;
    d->negative = t.n && t.p[0] == '-';
    d->order = 0;
    d->count = 0;
    at += d->negative ? 1 : 0;
    if (!decimal_digits(t, &at, true, d)) {
        return false;
    }
    if (at < t.n && t.p[at] == '.') {
        at++;
        if (!decimal_digits(t, &at, false, d)) {
            return false;
        }
    }
    if (at < t.n) {
        if ((t.p[at] != 'e' && t.p[at] != 'E') || !decimal_exponent(text_from(t, at + 1), d)) {
            return false;
        }
    }
    while (d->count && d->digits[d->count - 1] == '0') {
        d->count--;
    }
    return d->order >= -ORDER_MAX && d->order <= ORDER_MAX;
}

static size_t decimal_order_bytes(int64_t order, unsigned char *out)
{
    if (order >= -ORDER_SHORT && order <= ORDER_SHORT) {
        out[0] = (unsigned char)(0x80 + order);
        return 1;
    }
    uint32_t shifted = (uint32_t)(order + ((int64_t)1 << 31));
    out[0] = order < 0 ? 0x3F : 0xC0;
    for (int i = 0; i < 4; i++) {
        out[1 + i] = (unsigned char)(shifted >> (24 - 8 * i));
    }
    return 5;
}

text index_decimal(text decimal, struct arena *a)
{
    struct decimal d;
    if (!decimal_read(decimal, &d)) {
        return (text){0};
    }
    unsigned char *out = arena_alloc(a, 7 + DIGITS_MAX / 2);
    if (!out) {
        return (text){0};
    }
    if (d.count == 0) {
        out[0] = 2;
        return text_make((char *)out, 1);
    }
    out[0] = d.negative ? 1 : 3;
    size_t n = 1 + decimal_order_bytes(d.order, out + 1);
    for (size_t i = 0; i < d.count; i += 2) {
        int high = d.digits[i] - '0';
        int low = i + 1 < d.count ? d.digits[i + 1] - '0' : 0;
        out[n++] = (unsigned char)(high * 10 + low + 1);
    }
    out[n++] = 0;
    for (size_t i = 1; d.negative && i < n; i++) {
        out[i] = (unsigned char)~out[i];
    }
    return text_make((char *)out, n);
}

/* --- units --------------------------------------------------------------------------------- */

enum { UNIT_PART_MAX = 100, UNIT_PARTS = 3, UNIT_SEPARATOR = 0x1F };

text index_unit(text system, text code, text name, struct arena *a)
{
    text parts[UNIT_PARTS] = {system, code, name};
    size_t n = UNIT_PARTS - 1;
    for (size_t i = 0; i < UNIT_PARTS; i++) {
        if (parts[i].n > UNIT_PART_MAX) {
            parts[i] = index_shorten(parts[i], a);
            if (!parts[i].p) {
                return (text){0};
            }
        }
        n += parts[i].n;
    }
    char *out = arena_alloc(a, n);
    if (!out) {
        return (text){0};
    }
    char *at = out;
    for (size_t i = 0; i < UNIT_PARTS; i++) {
        if (i) {
            *at++ = UNIT_SEPARATOR;
        }
        if (parts[i].n) {
            memcpy(at, parts[i].p, parts[i].n);
            at += parts[i].n;
        }
    }
    return text_make(out, n);
}
