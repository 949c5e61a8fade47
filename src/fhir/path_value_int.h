/* What the files of fhir/path_value.h share: for path_value.c, path_compare.c, path_quantity.c and
 * path_convert.c alone. */
#ifndef KITH_FHIR_PATH_VALUE_INT_H
#define KITH_FHIR_PATH_VALUE_INT_H

#include "fhir/path_value.h"

/* Of model_types: Quantity, Age, Duration ... */
bool path_is_quantity(uint16_t type);
/* The System kind that a type of FHIR stands for; PATH_NODE: none. */
enum path_kind path_plain_kind(uint16_t type);

/* The two in one unit: the more granular one (finer), or the less. false: not comparable. years and
 * months are 'a' and 'mo' where definite is set (for ~), else comparable with each other alone. */
bool path_quantity_align(const struct path_quantity *a, const struct path_quantity *b, bool finer,
                         bool definite, struct arena *s, struct path_decimal *ret_a,
                         struct path_decimal *ret_b);

#endif
