/*
 * What entries cannot say, taken from the resource itself: the whole texts, concepts, identifiers
 * and tuples of one parameter, for the checks of a plan (fhir/search.h, enum plan_check). Inside
 * fhir/.
 *
 * param: of the resource's type; for another type the result is empty. A union gives what its parts
 * give. Results live in the arena, texts in the resource's tree. 0 or ERR_MEMORY.
 */
#ifndef KITH_FHIR_INDEX_CHECK_H
#define KITH_FHIR_INDEX_CHECK_H

#include "fhir/index.h"

/* CHECK_EXACT, CHECK_CONTAINS: the texts of a string parameter as they were written; of a HumanName
 * or Address each part. */
int index_strings(const struct resource *r, const struct index_rules *rules,
                  const struct search_param *param, struct arena *a, text **ret_strings,
                  size_t *ret_count);

/*
 * CHECK_TEXT: what a person reads at one element, as it was written: of a CodeableConcept the
 * displays and the text, of a Coding its display, of an Identifier the text of its type, of a
 * Reference its display. Elements without any are left out.
 */
struct index_concept {
    text *texts;
    size_t count;
};
int index_concepts(const struct resource *r, const struct index_rules *rules,
                   const struct search_param *param, struct arena *a,
                   struct index_concept **ret_concepts, size_t *ret_count);

/* CHECK_OF_TYPE: the identifiers of a token parameter and, for a reference parameter, those of its
 * References; one item for each coding of the type. As written; what is not given is empty. */
struct index_identifier {
    text type_system;
    text type_code;
    text value;
    text system;
};
int index_identifiers(const struct resource *r, const struct index_rules *rules,
                      const struct search_param *param, struct arena *a,
                      struct index_identifier **ret_identifiers, size_t *ret_count);

/*
 * CHECK_TUPLE: one tuple for each context element of a composite: what each component gives there,
 * as index_extract_one() would. No more components than INDEX_COMPONENTS are in R4.
 */
enum { INDEX_COMPONENTS = 4 };
struct index_tuple {
    struct index_entry *entries[INDEX_COMPONENTS];
    size_t counts[INDEX_COMPONENTS];
};
int index_tuples(const struct resource *r, const struct index_rules *rules,
                 const struct search_param *param, struct arena *a, struct index_tuple **ret_tuples,
                 size_t *ret_count);

#endif
