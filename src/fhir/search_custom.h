/*
 * Search parameters that people have added while the node runs: SearchParameter resources (R4
 * searchparameter.html) made into the same tables that the standard's own have.
 *
 * What the standard's own search parameters use of FHIRPath (paths, |, as/ofType(), where(name =
 * 'value'), where(resolve() is Type), extension('url'), first() and [0]) becomes tables like
 * theirs; any other expression runs on FHIRPath's engine (index_path.c), once for each resource.
 * Number, date, string, token, reference, quantity and uri parameters can be added; composite and
 * special ones cannot.
 */
#ifndef KITH_FHIR_SEARCH_CUSTOM_H
#define KITH_FHIR_SEARCH_CUSTOM_H

#include "fhir/index.h"
#include "format/json.h"

/* The standard's ordinals of a type end below this; those that people add begin there. */
enum { SEARCH_CUSTOM_FIRST = 0x80, SEARCH_CUSTOM_LAST = 0xEF };

struct search_tables; /* search_tables.h: one parameter's own trie */

struct search_custom {
    struct search_param param;          /* .number as given, .stored true */
    const struct search_tables *tables; /* NULL: by the path */
    const struct path *path;            /* NULL: by the tables */
    bool usable; /* its entries are complete: queries may use it. Extraction always does */
    text id;     /* of the SearchParameter resource */
};

/*
 * Whether a definition is to be added at all: its status is active, and it is not the standard's
 * own (by its url), nor one derived from those, which say again what every node has.
 */
bool search_custom_wanted(yyjson_val *definition);

/*
 * Reads a definition. ERR_INVALID or ERR_NOT_SUPPORTED say at which element (FHIRPath) and why: no
 * code, base or expression, a name that the standard has for the type already, an expression that
 * cannot be understood (with the position) or leads nowhere. *ret_types: its base types, by number.
 */
int search_custom_check(yyjson_val *definition, struct arena *a, fhir_type **ret_types,
                        size_t *ret_count, struct err *e);
/* One base type of a definition that has been checked. Everything lives in the arena. */
int search_custom_make(yyjson_val *definition, fhir_type type, uint16_t number, bool usable,
                       struct arena *a, const struct search_custom **ret_custom, struct err *e);

/* The expression as tables: *ret_identifiers says whether it takes identifiers; *ret_beyond, where
 * it failed, that FHIRPath's engine may have it all the same. For search_custom.c. */
int search_expression(text expression, fhir_type base, enum search_type type, uint8_t ordinal,
                      struct arena *a, const struct search_tables **ret_tables,
                      bool *ret_identifiers, bool *ret_beyond, struct err *e);

/* A set of them. generation: tells index_extract()s by different sets apart; 0 is that of none. */
struct search_customs {
    uint64_t generation;
    const struct search_custom *const *items; /* by number */
    size_t count;
};

/* NULL: there is none. Those that are not usable yet are found as well. */
const struct search_custom *search_custom_find(const struct search_customs *customs, fhir_type type,
                                               text name);
/* Those of a type: *ret_count, side by side. */
const struct search_custom *const *search_customs_of(const struct search_customs *customs,
                                                     fhir_type type, size_t *ret_count);

#endif
