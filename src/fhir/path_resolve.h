/*
 * What a reference means (R4 references.html, bundle.html#references): '#id' among the contained
 * resources, an entry of a Bundle that the focus stands in by its fullUrl, else what the world
 * knows.
 */
#ifndef KITH_FHIR_PATH_RESOLVE_H
#define KITH_FHIR_PATH_RESOLVE_H

#include "fhir/path_int.h"

/* item: a Reference, or a string that is a reference itself. ret->kind stays PATH_NOTHING where it
 * is none, or means nothing that is known here. */
int path_resolve(struct path_call *call, const struct path_item *item, struct path_item *ret);

#endif
