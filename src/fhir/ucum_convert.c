#include "fhir/ucum_unit.h"

#include <math.h>

/* Significant digits of results: as ucum.h has them. */
enum { EQUAL_DIGITS = 40, BOUND_DIGITS = 64 };
/* So that everybody who reads decimals takes the results. */
enum { TEN_MAX = 900000000 };

/* --- scales -------------------------------------------------------------------------------- */

/*
 * A special unit's number x (times its own factor) is one of its proper unit by
 *   temperatures   x + offset
 *   logarithms     10 ^ (x * decades)
 *   others         as their function says
 */
struct scale {
    uint64_t offset;     /* hundredths */
    long double decades; /* 0: not a logarithm */
};

static struct scale scale_of(uint8_t function)
{
    switch ((enum ucum_function)function) {
    case UCUM_CELSIUS:
        return (struct scale){.offset = 27315};
    case UCUM_FAHRENHEIT:
        return (struct scale){.offset = 45967};
    case UCUM_REAUMUR:
        return (struct scale){.offset = 21852};
    case UCUM_LN:
        return (struct scale){.decades = log10l(expl(1.0L))};
    case UCUM_LD:
        return (struct scale){.decades = log10l(2.0L)};
    case UCUM_LG:
        return (struct scale){.decades = 1.0L};
    case UCUM_LG_TWICE:
        return (struct scale){.decades = 0.5L};
    case UCUM_PH:
    case UCUM_HP_X:
        return (struct scale){.decades = -1.0L};
    case UCUM_HP_C:
        return (struct scale){.decades = -2.0L};
    case UCUM_HP_M:
        return (struct scale){.decades = -3.0L};
    case UCUM_HP_Q:
        return (struct scale){.decades = -log10l(50000.0L)};
    case UCUM_LINEAR:
    case UCUM_TAN100:
    case UCUM_SQRT:
        break;
    }
    return (struct scale){0};
}

/* 10^y for powers that no floating-point number has. */
static bool ten_to(long double y, struct ucum_value *v)
{
    if (!(y > -1e8L && y < 1e8L)) {
        return false;
    }
    long double whole = floorl(y);
    if (!ucum_value_from(powl(10.0L, y - whole), v)) {
        return false;
    }
    v->ten += (int64_t)whole;
    return true;
}

static struct ucum_factor proper(const struct ucum_atom *atom)
{
    return (struct ucum_factor){&atom->numerator, &atom->denominator, 1, 1, atom->ten, atom->pi};
}

static bool square(struct ucum_value *v)
{
    struct ucum_value again = *v;
    v->negative = false;
    v->ten *= 2;
    return ucum_big_times_limbs(&v->n, again.n.limbs, again.n.n) &&
           ucum_big_times_limbs(&v->d, again.d.limbs, again.d.n);
}

/* A number of the unit -> one of base units, its pi left to the caller. */
static bool to_base(struct ucum_value *v, const struct ucum_unit *from)
{
    if (!ucum_value_times(v, &from->factor, false)) {
        return false;
    }
    if (!from->special) {
        return true;
    }
    struct scale scale = scale_of(from->special->function);
    struct ucum_factor unit = proper(from->special);
    bool ok = true;
    if (scale.offset) {
        ok = ucum_value_add(v, false, scale.offset);
    } else if (scale.decades != 0) {
        ok = ten_to(ucum_value_approximate(v) * scale.decades, v);
    } else if (from->special->function == UCUM_SQRT) {
        ok = square(v);
    } else {
        ok = ucum_value_from(atanl(ucum_value_approximate(v) / 100.0L), v);
    }
    return ok && ucum_value_times(v, &unit, false);
}

/* A number of the proper unit of a scale that is not rational -> one on the scale. */
static enum ucum_place onto_scale(struct ucum_value *v, uint8_t function, long double decades)
{
    bool positive = v->n.n && !v->negative;
    long double x;
    if (decades != 0) {
        if (!positive) {
            return decades > 0 ? UCUM_BELOW : UCUM_ABOVE;
        }
        x = ucum_value_log10(v) / decades;
    } else if (function == UCUM_SQRT) {
        if (v->negative && v->n.n) {
            return UCUM_BELOW;
        }
        x = sqrtl(ucum_value_approximate(v));
    } else {
        x = ucum_value_approximate(v);
        if (fabsl(x) >= acosl(0.0L)) {
            return x > 0 ? UCUM_ABOVE : UCUM_BELOW;
        }
        x = 100.0L * tanl(x);
    }
    return ucum_value_from(x, v) ? UCUM_AT : UCUM_NOWHERE;
}

static bool is_sane(const struct ucum_value *v)
{
    return v->ten <= TEN_MAX && v->ten >= -TEN_MAX;
}

static enum ucum_place from_base(struct ucum_value *v, const struct ucum_unit *to)
{
    enum ucum_place place = UCUM_AT;
    if (to->special) {
        struct scale scale = scale_of(to->special->function);
        struct ucum_factor unit = proper(to->special);
        if (!ucum_value_times(v, &unit, true)) {
            return UCUM_NOWHERE;
        }
        if (!scale.offset) {
            place = onto_scale(v, to->special->function, scale.decades);
        } else if (!ucum_value_add(v, true, scale.offset)) {
            return UCUM_NOWHERE;
        }
    }
    bool ok = place != UCUM_AT || (ucum_value_times(v, &to->factor, true) && is_sane(v));
    return ok ? place : UCUM_NOWHERE;
}

/* --- conversion ---------------------------------------------------------------------------- */

static enum ucum_place convert(text decimal, const struct ucum_unit *from,
                               const struct ucum_unit *to, struct ucum_value *v)
{
    if (!ucum_comparable(from, to) || !ucum_value_read(decimal, v)) {
        return UCUM_NOWHERE;
    }
    if (from->special && from->special == to->special) { /* dB and B: no need to leave the scale */
        bool ok = ucum_value_times(v, &from->factor, false) &&
                  ucum_value_times(v, &to->factor, true) && is_sane(v);
        return ok ? UCUM_AT : UCUM_NOWHERE;
    }
    if (!to_base(v, from) || !ucum_value_times_pi(v, from->factor.pi - to->factor.pi)) {
        return UCUM_NOWHERE;
    }
    return from_base(v, to);
}

text ucum_convert(text decimal, const struct ucum_unit *from, const struct ucum_unit *to,
                  struct arena *a)
{
    struct ucum_value v;
    bool exact;
    if (convert(decimal, from, to, &v) != UCUM_AT) {
        return (text){0};
    }
    return ucum_value_print(&v, EQUAL_DIGITS, false, a, &exact);
}

text ucum_to_base(text decimal, const struct ucum_unit *from, struct arena *a)
{
    struct ucum_value v;
    bool exact;
    if (!ucum_value_read(decimal, &v) || !to_base(&v, from) ||
        !ucum_value_times_pi(&v, from->factor.pi) || !is_sane(&v)) {
        return (text){0};
    }
    return ucum_value_print(&v, EQUAL_DIGITS, false, a, &exact);
}

static bool falls(const struct ucum_unit *unit)
{
    return unit->special && scale_of(unit->special->function).decades < 0;
}

enum ucum_place ucum_bound(text decimal, const struct ucum_unit *from, const struct ucum_unit *to,
                           struct arena *a, text *ret_bound, bool *ret_reversed)
{
    struct ucum_value v;
    bool exact;
    enum ucum_place place = convert(decimal, from, to, &v);
    *ret_reversed = falls(from) != falls(to);
    if (place == UCUM_AT) {
        *ret_bound = ucum_value_print(&v, BOUND_DIGITS, true, a, &exact);
        place = exact ? UCUM_AT : UCUM_BETWEEN;
    }
    return place;
}
