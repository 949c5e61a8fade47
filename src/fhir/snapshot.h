/* The snapshot of a StructureDefinition from its differential (R4 profiling.html#snapshot). */
#ifndef KITH_FHIR_SNAPSHOT_H
#define KITH_FHIR_SNAPSHOT_H

#include "fhir/defs.h"

/*
 * The definition with `snapshot.element` made anew from the snapshot of its base and its
 * differential, whether or not it has one: slices and their default slice, choices written as
 * valueQuantity or value[x] with a type slice, children of datatypes, of content references and of
 * profiles that a type names, unfolded where the differential speaks of them; cardinality, types,
 * bindings, constraints (added, each key once), fixed and pattern values and everything else that
 * an element definition carries merged; element ids and base.path, base.min, base.max set. Elements
 * stand in the order of the base.
 *
 * ERR_INVALID, naming the definition and the element: an element that the base does not have,
 * cardinality or types wider than the base's, a slice without slicing, a base that is based on
 * itself. ERR_NOT_FOUND: the base, or a profile that is needed, is not here.
 */
int snapshot_make(struct defs *d, const yyjson_val *definition, struct arena *a,
                  yyjson_val **ret_definition, struct err *e);

#endif
