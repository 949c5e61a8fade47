/* The values of FHIR's primitive types (R4 datatypes.html#primitive), checked without regular
 * expressions. */
#ifndef KITH_FHIR_PRIMITIVE_H
#define KITH_FHIR_PRIMITIVE_H

#include "base/arena.h"

/*
 * Whether t, the characters of a JSON string or number, is a value of a primitive type
 * (MODEL_BASE64_BINARY .. MODEL_XHTML of fhir/model_tables.h). An empty t never is; any t is a
 * boolean, whose values are no text.
 */
bool primitive_ok(unsigned type, text t);

/* What a value of the type looks like, for an error message: "a date: 2026, 2026-11 or 2026-11-22".
 */
const char *primitive_form(unsigned type);

/* The dates among them, with a real calendar: years 0001 to 9999, no 31 February. Seconds may
 * be 60. */
bool primitive_date(text t);
bool primitive_date_time(text t);
bool primitive_instant(text t);
bool primitive_time(text t);

/*
 * Whether t can be the XHTML of a Narrative: one well-formed <div>, with no document type,
 * processing instruction, script, form, frame, object or event handler (R4 narrative.html#xhtml).
 */
bool primitive_xhtml(text t);

/* The bytes of a base64Binary that has passed primitive_ok(). p == NULL: no memory. */
text primitive_base64(text value, struct arena *a);

#endif
