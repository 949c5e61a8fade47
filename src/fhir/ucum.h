/*
 * UCUM, the Unified Code for Units of Measure: what a unit is worth in base units, exactly.
 *
 * Implements the grammar and the tables of the UCUM specification, case-sensitive ("c/s") codes:
 * prefixes, powers, products, quotients, parentheses, annotations in braces, special units (Cel,
 * [degF], [pH], dB, Np ...) and arbitrary units ([iU] ...), which are comparable with themselves
 * alone. Factors are exact rationals where UCUM defines them so; pi has 64 decimals. Scales that
 * are not rational ([pH], B, Np ...) are approximate, to 15 digits.
 */
#ifndef KITH_FHIR_UCUM_H
#define KITH_FHIR_UCUM_H

#include "base/arena.h"
#include "base/err.h"

#define UCUM_SYSTEM "http://unitsofmeasure.org"

struct ucum_unit; /* lives in the arena it was parsed into */

/* ERR_INVALID says at which character and why. */
int ucum_parse(text code, struct arena *a, const struct ucum_unit **ret_unit, struct err *e);

/* Same dimension (and, for arbitrary units, the same ones). */
bool ucum_comparable(const struct ucum_unit *a, const struct ucum_unit *b);

/* The dimension in base units in UCUM's own notation and a fixed order, as "g.m-1.s-2"; "1" for
 * none. p == NULL: no memory. */
text ucum_base(const struct ucum_unit *unit, struct arena *a);

/*
 * A decimal given in `from` as a decimal in `to`: exact where it ends within 40 significant digits,
 * else rounded half to even there, so that equal quantities give equal texts. p == NULL: not a
 * decimal, not comparable, beyond 1e+-900000000, or no memory.
 */
text ucum_convert(text decimal, const struct ucum_unit *from, const struct ucum_unit *to,
                  struct arena *a);
/* The same into base units (of a special unit: its proper unit's base). */
text ucum_to_base(text decimal, const struct ucum_unit *from, struct arena *a);

/* Where a bound lies among the numbers of another unit. */
enum ucum_place {
    UCUM_NOWHERE, /* not a decimal, not comparable, or no number of any unit (a pH of 1e9) */
    UCUM_AT,      /* it is one of them */
    UCUM_BETWEEN, /* it does not end; there is no number of at most 64 digits between it and the one
                     returned, which is greater */
    UCUM_BELOW,   /* less than all numbers of a logarithmic unit */
    UCUM_ABOVE,
};

/*
 * A bound given in `from` among decimals of `to`. *ret_reversed: greater numbers of the one are
 * smaller numbers of the other ([pH] and mol/L). *ret_bound is set for AT and BETWEEN; p == NULL:
 * no memory. Logarithmic units are approximate: AT, with 15 digits.
 */
enum ucum_place ucum_bound(text decimal, const struct ucum_unit *from, const struct ucum_unit *to,
                           struct arena *a, text *ret_bound, bool *ret_reversed);

#endif
