/*
 * A part of a resource: what _summary and _elements ask for (R4 search.html#summary, #elements).
 *
 * Members keep their order and values their digits. resourceType, id, meta, implicitRules,
 * modifierExtension and the elements that the type requires stay in every part; meta.tag says
 * SUBSETTED, so that nobody takes the part for the whole. What stays of an element has its `_name`
 * with it. An element that must be there and of which nothing else would be left stays whole.
 */
#ifndef KITH_FHIR_SUBSET_H
#define KITH_FHIR_SUBSET_H

#include "fhir/model.h"
#include "fhir/search.h"
#include "format/json.h"

struct subset {
    enum search_summary summary; /* COUNT counts as FALSE */
    const text *elements; /* names of elements of the resource itself; a choice by its name with or
                             without the type ("value", "valueQuantity") */
    size_t element_count; /* 0: all */
};

/* Whether it asks for less than the whole. */
bool subset_is_part(const struct subset *s);

/* Writes the part of a resource that has passed resource_check(). */
void subset_print(const yyjson_val *root, fhir_type type, const struct subset *s, struct buf *out);

/* Whether meta.tag says SUBSETTED: such a resource is not whole and must not replace one. */
bool subset_tagged(const yyjson_val *root);

/* Whether the type has an element of that name, for _elements. */
bool subset_has_element(fhir_type type, text name);

#endif
