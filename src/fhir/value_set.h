/* A value set (R4 valueset.html) compiled: whether it has a code, without expanding it. */
#ifndef KITH_FHIR_VALUE_SET_H
#define KITH_FHIR_VALUE_SET_H

#include "fhir/codes.h"
#include "fhir/defs.h"

struct value_set;

/*
 * Never fails for what is missing: a code system or value set that is not here makes the answers
 * that depend on it VALUE_SET_UNKNOWN, and value_set_problem() tells of the first. ERR_INVALID: a
 * filter that cannot be (an unknown operator, a regular expression that does not compile), a value
 * set that imports itself.
 */
int value_set_compile(struct defs *d, const yyjson_val *root, struct arena *a,
                      const struct value_set **ret_set, struct err *e);

/*
 * A value set that has no resource but an address that says what is in it: SNOMED CT's
 * http://snomed.info/sct[/...]?fhir_vs[=...], LOINC's http://loinc.org/vs[/...]. ERR_NOT_FOUND: the
 * address is not of that kind; ERR_INVALID: it is, and is wrong.
 */
int value_set_implicit(struct defs *d, text canonical, struct arena *a,
                       const struct value_set **ret_set, struct err *e);

enum value_set_answer {
    VALUE_SET_NO,
    VALUE_SET_YES,
    VALUE_SET_UNKNOWN, /* cannot be told with what is here */
};

/*
 * system.p == NULL: of any system, as of an element of type code. version: of the Coding; empty for
 * none. Constant time, or O(log n) for hierarchies; allocates nothing but for codes made by a
 * grammar, in the arena.
 */
enum value_set_answer value_set_has(const struct value_set *s, text system, text version, text code,
                                    struct arena *a);

/* Why an answer may be VALUE_SET_UNKNOWN; code 0: nothing is missing. */
const struct err *value_set_problem(const struct value_set *s);

#endif
