/* What ucum.c makes of a code and ucum_convert.c works with. For ucum*.c alone. */
#ifndef KITH_FHIR_UCUM_UNIT_H
#define KITH_FHIR_UCUM_UNIT_H

#include "fhir/ucum.h"
#include "fhir/ucum_number.h"
#include "fhir/ucum_table.h"

enum { UCUM_ARBITRARIES = 4 };

struct ucum_arbitrary {
    const struct ucum_atom *atom; /* the one under whose code it is compared */
    int32_t power;
};

struct ucum_unit {
    struct ucum_factor factor; /* of a special unit: what its numbers are multiplied by first */
    const struct ucum_atom *special; /* NULL: a ratio scale */
    int32_t dimension[UCUM_BASES];
    struct ucum_arbitrary arbitrary[UCUM_ARBITRARIES]; /* by code, powers not 0 */
    size_t arbitrary_count;
};

#endif
