#include "fhir/primitive.h"

#include "fhir/model_tables.h"
#include "fhir/reference.h"

enum { STRING_MOST = 1024 * 1024 };

/* Eight bytes at a time: strings are most of what there is to check. */
static bool has_control(text t)
{
    const uint64_t high = 0x8080808080808080U;
    size_t i = 0;
    for (; i + 8 <= t.n; i += 8) {
        uint64_t x;
        memcpy(&x, t.p + i, 8);
        if ((x - 0x2020202020202020U) & ~x & high) {
            for (size_t k = i; k < i + 8; k++) {
                unsigned char c = (unsigned char)t.p[k];
                if (c < 0x20 && c != '\t' && c != '\n' && c != '\r') {
                    return true;
                }
            }
        }
    }
    for (; i < t.n; i++) {
        unsigned char c = (unsigned char)t.p[i];
        if (c < 0x20 && c != '\t' && c != '\n' && c != '\r') {
            return true;
        }
    }
    return false;
}

static bool string_ok(text t)
{
    return t.n <= STRING_MOST && !has_control(t);
}

/* No white space inside but single spaces, none at the ends. */
static bool code_ok(text t)
{
    bool space = true;
    for (size_t i = 0; i < t.n; i++) {
        unsigned char c = (unsigned char)t.p[i];
        if (c < 0x20 || c == 0x7f || (c == ' ' && space)) {
            return false;
        }
        space = c == ' ';
    }
    return !space && t.n <= STRING_MOST;
}

static bool uri_ok(text t)
{
    for (size_t i = 0; i < t.n; i++) {
        if ((unsigned char)t.p[i] <= 0x20 || t.p[i] == 0x7f) {
            return false;
        }
    }
    return t.n <= STRING_MOST;
}

/* urn:oid:[0-2](\.(0|[1-9][0-9]*))+ */
static bool oid_ok(text t)
{
    if (!text_starts(t, T("urn:oid:"))) {
        return false;
    }
    text rest = text_from(t, sizeof "urn:oid:" - 1);
    text arc;
    size_t arcs = 0;
    while (text_cut(&rest, '.', &arc)) {
        if (arc.n == 0 || (arc.n > 1 && arc.p[0] == '0') ||
            (arcs == 0 && (arc.n != 1 || arc.p[0] > '2'))) {
            return false;
        }
        for (size_t i = 0; i < arc.n; i++) {
            if (arc.p[i] < '0' || arc.p[i] > '9') {
                return false;
            }
        }
        arcs++;
    }
    return arcs >= 2;
}

static bool uuid_ok(text t)
{
    if (t.n != sizeof "urn:uuid:" - 1 + 36 || !text_starts(t, T("urn:uuid:"))) {
        return false;
    }
    text u = text_from(t, sizeof "urn:uuid:" - 1);
    for (size_t i = 0; i < u.n; i++) {
        char c = u.p[i];
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
        if (dash ? c != '-' : !hex) {
            return false;
        }
    }
    return true;
}

static bool base64_char(unsigned char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
}

/* RFC 4648, 4, with white space anywhere: groups of four, at most two '=' and only at the end. */
static bool base64_ok(text t)
{
    size_t count = 0;
    size_t pads = 0;
    for (size_t i = 0; i < t.n; i++) {
        unsigned char c = (unsigned char)t.p[i];
        if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
            continue;
        }
        if (c == '=') {
            pads++;
        } else if (pads || !base64_char(c)) {
            return false;
        }
        count++;
    }
    return count && count % 4 == 0 && pads <= 2;
}

/* The digits of JSON, no fraction and no exponent, from low to 2147483647; -0 is none. */
static bool integer_ok(text t, int64_t low)
{
    bool negative = t.p[0] == '-';
    uint64_t value;
    text digits = text_from(t, negative ? 1 : 0);
    if (digits.n == 0 || digits.n > 10 || (digits.p[0] == '0' && (digits.n > 1 || negative)) ||
        !text_to_u64(digits, &value)) {
        return false;
    }
    int64_t number = negative ? -(int64_t)value : (int64_t)value;
    return number >= low && number <= INT32_MAX;
}

bool primitive_ok(unsigned type, text t)
{
    if (t.n == 0) {
        return type == MODEL_BOOLEAN;
    }
    switch (type) {
    case MODEL_STRING:
    case MODEL_MARKDOWN:
        return string_ok(t);
    case MODEL_CODE:
        return code_ok(t);
    case MODEL_URI:
    case MODEL_URL:
    case MODEL_CANONICAL:
        return uri_ok(t);
    case MODEL_ID:
        return reference_id_ok(t);
    case MODEL_DATE_TIME:
        return primitive_date_time(t);
    case MODEL_DATE:
        return primitive_date(t);
    case MODEL_INSTANT:
        return primitive_instant(t);
    case MODEL_TIME:
        return primitive_time(t);
    case MODEL_INTEGER:
        return integer_ok(t, INT32_MIN);
    case MODEL_UNSIGNED_INT:
        return integer_ok(t, 0);
    case MODEL_POSITIVE_INT:
        return integer_ok(t, 1);
    case MODEL_OID:
        return oid_ok(t);
    case MODEL_UUID:
        return uuid_ok(t);
    case MODEL_BASE64_BINARY:
        return base64_ok(t);
    case MODEL_XHTML:
        return !has_control(t) && primitive_xhtml(t);
    default: /* boolean and decimal: every one that JSON has */
        return true;
    }
}

const char *primitive_form(unsigned type)
{
    static const char *const forms[] = {
        [MODEL_BASE64_BINARY] = "base64: groups of four of A-Z a-z 0-9 + /, with = at the end only",
        [MODEL_BOOLEAN] = "true or false, without quotes",
        [MODEL_CANONICAL] = "a canonical URL: no white space, as http://example.org/thing|1.0",
        [MODEL_CODE] = "a code: no white space but single spaces inside",
        [MODEL_DATE] = "a date of the calendar: 2026, 2026-11 or 2026-11-22",
        [MODEL_DATE_TIME] = "a date of the calendar: 2026, 2026-11 or 2026-11-22; or a date with "
                            "time and zone: 2026-11-22T13:28:17Z or 2026-11-22T13:28:17.239+02:00",
        [MODEL_DECIMAL] = "a number, without quotes",
        [MODEL_ID] = "an id: 1 to 64 of A-Z a-z 0-9 - .",
        [MODEL_INSTANT] = "a moment: 2026-11-22T13:28:17Z or 2026-11-22T13:28:17.239+02:00",
        [MODEL_INTEGER] = "a whole number from -2147483648 to 2147483647, without quotes",
        [MODEL_MARKDOWN] = "text of at most 1 MB without control characters",
        [MODEL_OID] = "an OID: urn:oid:1.2.3",
        [MODEL_POSITIVE_INT] = "a whole number from 1 to 2147483647, without quotes",
        [MODEL_STRING] = "text of at most 1 MB without control characters",
        [MODEL_TIME] = "a time of day: 13:28:17",
        [MODEL_UNSIGNED_INT] = "a whole number from 0 to 2147483647, without quotes",
        [MODEL_URI] = "a URI: no white space",
        [MODEL_URL] = "a URL: no white space",
        [MODEL_UUID] = "a UUID in lower case: urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
        [MODEL_XHTML] =
            "one well-formed XHTML <div> without scripts, forms, frames, objects, event "
            "handlers or a document type",
    };
    return type < sizeof forms / sizeof forms[0] && forms[type] ? forms[type] : "a value";
}

/* --- base64 ---------------------------------------------------------------------------------- */

static int base64_digit(char c)
{
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '+'             ? 62
           : c == '/'             ? 63
                                  : -1;
}

/* White space and the padding are all that is no digit. */
text primitive_base64(text value, struct arena *a)
{
    char *out = arena_alloc(a, value.n + 1);
    size_t n = 0;
    uint32_t group = 0;
    unsigned bits = 0;
    for (size_t i = 0; out && i < value.n; i++) {
        int digit = base64_digit(value.p[i]);
        if (digit >= 0) {
            group = group << 6 | (uint32_t)digit;
            bits += 6;
        }
        if (digit >= 0 && bits >= 8) {
            bits -= 8;
            out[n++] = (char)(unsigned char)(group >> bits);
        }
    }
    return out ? text_make(out, n) : (text){0};
}
