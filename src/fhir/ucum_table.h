/* The unit atoms of UCUM, resolved into base units. Made by spec/gen_ucum.py. For ucum*.c alone. */
#ifndef KITH_FHIR_UCUM_TABLE_H
#define KITH_FHIR_UCUM_TABLE_H

#include "base/text.h"

/* Base units in the order of their codes: C K cd g m rad s. */
enum { UCUM_BASES = 7 };

enum ucum_atom_flag { UCUM_METRIC = 1, UCUM_ARBITRARY = 2 };

/* How a number of a special unit becomes one of its proper unit; see ucum_convert.c. */
enum ucum_function {
    UCUM_LINEAR,
    UCUM_CELSIUS,
    UCUM_FAHRENHEIT,
    UCUM_REAUMUR,
    UCUM_LN,
    UCUM_LD,
    UCUM_LG,
    UCUM_LG_TWICE,
    UCUM_PH,
    UCUM_HP_X,
    UCUM_HP_C,
    UCUM_HP_M,
    UCUM_HP_Q,
    UCUM_TAN100,
    UCUM_SQRT,
};

#define UCUM_U64(n) UINT64_C(n)

/* numerator / denominator * 10^ten * pi^pi of the base units; of a special one, its proper unit. */
struct ucum_atom {
    const char *code;
    uint8_t length;
    uint64_t numerator;
    uint64_t denominator;
    int8_t ten;
    int8_t pi;
    int8_t dimension[UCUM_BASES];
    uint8_t flags;
    uint8_t function;
    const char *same; /* arbitrary: the code under which it is compared */
};

/* By code, in the order of text_cmp(). */
extern const struct ucum_atom ucum_atoms[];
extern const size_t ucum_atom_count;

#endif
