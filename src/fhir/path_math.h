/* The functions of the table in fhir/path_fn_math.c that stand in files of their own. */
#ifndef KITH_FHIR_PATH_MATH_H
#define KITH_FHIR_PATH_MATH_H

#include "fhir/path_int.h"

/* --- path_fn_boundary.c -------------------------------------------------------------------- */

int path_fn_low_boundary(struct path_call *call, struct path_items *ret);
int path_fn_high_boundary(struct path_call *call, struct path_items *ret);
int path_fn_precision(struct path_call *call, struct path_items *ret);

/* --- path_fn_convert.c --------------------------------------------------------------------- */

int path_fn_to_boolean(struct path_call *call, struct path_items *ret);
int path_fn_to_integer(struct path_call *call, struct path_items *ret);
int path_fn_to_decimal(struct path_call *call, struct path_items *ret);
int path_fn_to_string(struct path_call *call, struct path_items *ret);
int path_fn_to_date(struct path_call *call, struct path_items *ret);
int path_fn_to_date_time(struct path_call *call, struct path_items *ret);
int path_fn_to_time(struct path_call *call, struct path_items *ret);
int path_fn_to_quantity(struct path_call *call, struct path_items *ret);
int path_fn_converts_to_boolean(struct path_call *call, struct path_items *ret);
int path_fn_converts_to_integer(struct path_call *call, struct path_items *ret);
int path_fn_converts_to_decimal(struct path_call *call, struct path_items *ret);
int path_fn_converts_to_string(struct path_call *call, struct path_items *ret);
int path_fn_converts_to_date(struct path_call *call, struct path_items *ret);
int path_fn_converts_to_date_time(struct path_call *call, struct path_items *ret);
int path_fn_converts_to_time(struct path_call *call, struct path_items *ret);
int path_fn_converts_to_quantity(struct path_call *call, struct path_items *ret);

#endif
