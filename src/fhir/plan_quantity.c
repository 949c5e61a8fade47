#include "fhir/search.h"
#include "fhir/ucum.h"

/* --- units of entries ---------------------------------------------------------------------- */

/* index_unit(): parts with 0x1F between; one of more than PART_MAX bytes is shortened, and then
 * there may be a 0x1F in its digest. */
enum { PART_MAX = 100, SEPARATOR = 0x1F, KEPT = INDEX_VALUE_MAX - 32, SHORTENED = KEPT + 17 };

struct unit_parts {
    text system;
    text code;
    text name;
};

static text cut_part(text *rest)
{
    size_t n = text_find(*rest, SEPARATOR);
    if (n > KEPT && rest->n >= SHORTENED && rest->p[KEPT] == 1) {
        n = SHORTENED;
    }
    text part = text_first(*rest, n);
    *rest = text_from(*rest, n + 1);
    return part;
}

static struct unit_parts unit_read(text unit)
{
    struct unit_parts parts;
    parts.system = cut_part(&unit);
    parts.code = cut_part(&unit);
    parts.name = unit;
    return parts;
}

static bool part_is(text part, text asked, struct arena *a)
{
    if (asked.n > PART_MAX) {
        asked = index_shorten(asked, a);
    }
    return text_eq(part, asked);
}

enum fit { FIT_NOT, FIT_SAME, FIT_CONVERTED };

/* units: of the query and of the entry, when they have to be converted. */
static enum fit unit_fits(const struct plan_node *leaf, text unit, struct arena *a,
                          const struct ucum_unit **ret_units)
{
    struct unit_parts parts = unit_read(unit);
    bool same_code = leaf->code.n && part_is(parts.code, leaf->code, a);
    if (leaf->system.n == 0) {
        bool any = leaf->code.n == 0;
        return any || same_code || part_is(parts.name, leaf->code, a) ? FIT_SAME : FIT_NOT;
    }
    if (!part_is(parts.system, leaf->system, a)) {
        return FIT_NOT;
    }
    if (leaf->code.n == 0 || same_code) {
        return FIT_SAME;
    }
    bool converts = text_eq(leaf->system, T(UCUM_SYSTEM)) &&
                    ucum_parse(leaf->code, a, &ret_units[0], NULL) == 0 &&
                    ucum_parse(parts.code, a, &ret_units[1], NULL) == 0 &&
                    ucum_comparable(ret_units[0], ret_units[1]);
    return converts ? FIT_CONVERTED : FIT_NOT;
}

/* --- bounds -------------------------------------------------------------------------------- */

struct bound {
    text decimal; /* empty: open */
    bool included;
};

/* What is greater than the decimal and all that it is the beginning of. */
static text behind(text bytes, struct arena *a)
{
    size_t n = bytes.n;
    char *out = bytes.p ? arena_alloc(a, n) : NULL;
    if (!out) {
        return (text){0};
    }
    memcpy(out, bytes.p, n);
    while ((unsigned char)out[n - 1] == 0xFF) { /* the first is 1, 2 or 3 */
        n--;
    }
    out[n - 1]++;
    return text_make(out, n);
}

/* low: the first bytes in; else the first bytes out. */
static text bound_bytes(const struct bound *b, bool low, struct arena *a)
{
    if (b->decimal.n == 0) {
        return T("");
    }
    text bytes = index_decimal(b->decimal, a);
    return b->included == low ? bytes : behind(bytes, a);
}

/*
 * A bound in the entry's unit. One that does not end lies between two numbers that entries can
 * have; the greater of them is then the first in, or the first out, whether or not the bound itself
 * was included. False: no number of the unit is on the right side.
 */
static bool bound_convert(struct bound *b, bool low, const struct ucum_unit *const *units,
                          struct arena *a, bool *ret_reversed)
{
    text decimal = T("");
    enum ucum_place place = ucum_bound(b->decimal, units[0], units[1], a, &decimal, ret_reversed);
    bool first = low != *ret_reversed; /* whether it is the lower bound now */
    switch (place) {
    case UCUM_AT:
        b->decimal = decimal;
        return true;
    case UCUM_BETWEEN:
        b->decimal = decimal;
        b->included = first;
        return true;
    case UCUM_BELOW:
        b->decimal = T("");
        return first;
    case UCUM_ABOVE:
        b->decimal = T("");
        return !first;
    case UCUM_NOWHERE:
        break;
    }
    return false;
}

bool plan_quantity_range(const struct plan_node *leaf, text unit, struct arena *a, text *ret_low,
                         text *ret_high)
{
    const struct ucum_unit *units[2] = {NULL, NULL};
    struct bound low = {leaf->low, leaf->low_included};
    struct bound high = {leaf->high, leaf->high_included};
    enum fit fit = unit_fits(leaf, unit, a, units);
    bool reversed = false;
    if (fit == FIT_NOT) {
        return false;
    }
    if (fit == FIT_CONVERTED &&
        ((low.decimal.n && !bound_convert(&low, true, units, a, &reversed)) ||
         (high.decimal.n && !bound_convert(&high, false, units, a, &reversed)))) {
        return false;
    }
    *ret_low = bound_bytes(reversed ? &high : &low, true, a);
    *ret_high = bound_bytes(reversed ? &low : &high, false, a);
    return true;
}

/* --- order --------------------------------------------------------------------------------- */

/* index_decimal() bytes -> a decimal: index_value.c has the form. Empty: not such bytes. */
static text decimal_of(text value, struct arena *a)
{
    enum { NEGATIVE = 1, ZERO = 2, FAR_DOWN = 0x3F, FAR_UP = 0xC0, DIGITS = 64 };
    char digits[DIGITS + 2];
    int n = 0;
    int64_t order;
    if (value.n == 1 && value.p[0] == ZERO) {
        return T("0");
    }
    if (value.n < 3) {
        return T("");
    }
    unsigned char flip = value.p[0] == NEGATIVE ? 0xFF : 0;
    size_t at = 2;
    unsigned first = (unsigned char)value.p[1] ^ flip;
    order = (int64_t)first - 0x80;
    if (first == FAR_DOWN || first == FAR_UP) {
        uint32_t shifted = 0;
        for (; at < 6 && at < value.n; at++) {
            shifted = shifted << 8 | ((unsigned char)value.p[at] ^ flip);
        }
        order = (int64_t)shifted - ((int64_t)1 << 31);
    }
    for (; at < value.n && n < DIGITS; at++) {
        int pair = ((unsigned char)value.p[at] ^ flip) - 1;
        if (pair < 0 || pair > 99) {
            break;
        }
        digits[n++] = (char)('0' + pair / 10);
        digits[n++] = (char)('0' + pair % 10);
    }
    return n == 0 ? T("")
                  : arena_printf(a, "%s0.%.*se%lld", flip ? "-" : "", n, digits, (long long)order);
}

text plan_quantity_key(text decimal, text unit, struct arena *a)
{
    struct unit_parts parts = unit_read(unit);
    const struct ucum_unit *from;
    if (!text_eq(parts.system, T(UCUM_SYSTEM))) {
        return decimal;
    }
    int code = ucum_parse(parts.code, a, &from, NULL);
    if (code) {
        return code == ERR_MEMORY ? (text){0} : decimal;
    }
    text plain = decimal_of(decimal, a);
    if (!plain.p) {
        return plain;
    }
    text base = plain.n ? ucum_to_base(plain, from, a) : plain;
    text key = base.n ? index_decimal(base, a) : base;
    return key.n ? key : decimal;
}
