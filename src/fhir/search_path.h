/*
 * Added search parameters on FHIRPath's engine: expressions that the tables of search_expression.c
 * cannot have (search_custom.h), and what a parameter takes from an element of a type. For
 * search_custom.c, search_expression.c and index_path.c.
 */
#ifndef KITH_FHIR_SEARCH_PATH_H
#define KITH_FHIR_SEARCH_PATH_H

#include "fhir/model_tables.h"
#include "fhir/path.h"
#include "fhir/search_tables.h"

/*
 * Compiles an expression and looks, as far as the types of R4 tell, whether it leads somewhere from
 * a resource of type `base` and to something that a parameter of this type can hold. ERR_INVALID
 * names the character. Refused is also what depends on more than the resource (the time of day,
 * value sets, profiles, hierarchies of codes): an index entry says what the resource says, whenever
 * it is made. *ret_identifiers: it takes identifiers.
 */
int search_path_compile(text expression, fhir_type base, enum search_type type, struct arena *a,
                        const struct path **ret_path, bool *ret_identifiers, struct err *e);

/* enum search_take; -1: nothing that this type of parameter can hold. type: of model_types. */
int search_take_of(enum search_type search, unsigned type);

/* The system that a value without one has; empty: none. element: NULL where it is not known. */
text search_implied_system(int take, const struct model_element *element);

#endif
