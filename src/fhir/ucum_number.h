/* Exact numbers for units: a fraction of capped size times a power of ten. For ucum*.c alone. */
#ifndef KITH_FHIR_UCUM_NUMBER_H
#define KITH_FHIR_UCUM_NUMBER_H

#include "base/arena.h"

/* Enough for a decimal of UCUM_DIGITS digits through two units of UCUM_UNIT_LIMBS with pi^8. */
enum { UCUM_LIMBS = 96, UCUM_UNIT_LIMBS = 12, UCUM_DIGITS = 100 };

/* A natural number, lowest limb first; the highest is not 0, and zero has none. Every operation
 * that could make it longer than UCUM_LIMBS returns false instead. */
struct ucum_big {
    size_t n;
    uint64_t limbs[UCUM_LIMBS];
};

void ucum_big_set(struct ucum_big *b, uint64_t value);
bool ucum_big_times(struct ucum_big *b, uint64_t factor);
bool ucum_big_times_limbs(struct ucum_big *b, const uint64_t *limbs, size_t n);
bool ucum_big_times_ten(struct ucum_big *b, uint64_t power);

/* +-n/d * 10^ten, not reduced. */
struct ucum_value {
    bool negative;
    bool approximate; /* came from a scale that is not rational */
    struct ucum_big n;
    struct ucum_big d;
    int64_t ten;
};

/* What a unit is worth: limbs as in ucum_big. */
struct ucum_factor {
    const uint64_t *n;
    const uint64_t *d;
    size_t n_count;
    size_t d_count;
    int64_t ten;
    int pi; /* power of pi */
};

/* A decimal as FHIR writes it. Beyond UCUM_DIGITS digits it is only known whether there was more.
 */
bool ucum_value_read(text decimal, struct ucum_value *ret);
/* Times (inverse: through) a factor without its pi. */
bool ucum_value_times(struct ucum_value *v, const struct ucum_factor *f, bool inverse);
/* Times pi^power. |power| <= 8. */
bool ucum_value_times_pi(struct ucum_value *v, int power);
/* Plus (negative: minus) hundredths / 100. */
bool ucum_value_add(struct ucum_value *v, bool negative, uint64_t hundredths);

/* Approximations, for what is not rational anyway. log10: of a value above 0. */
long double ucum_value_log10(const struct ucum_value *v);
long double ucum_value_approximate(const struct ucum_value *v);
/* As many digits as there are. False: not finite. */
bool ucum_value_from(long double x, struct ucum_value *ret);

/*
 * As a decimal of at most `digits` significant digits (at most UCUM_DIGITS): shortest form, plain
 * from 1e-7 up to 1e21, else with an exponent. up: rounded towards +infinity, else half to even. An
 * approximate value has 15 digits, which count as exact. p == NULL: no memory.
 */
text ucum_value_print(const struct ucum_value *v, size_t digits, bool up, struct arena *a,
                      bool *ret_exact);

#endif
