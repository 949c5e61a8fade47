/* Inside index_extract(): what an element gives for a parameter. For index_*.c alone. */
#ifndef KITH_FHIR_INDEX_TAKE_H
#define KITH_FHIR_INDEX_TAKE_H

#include "fhir/reference.h"
#include "fhir/search_tables.h"

/* A patient that a parameter of the patient compartment leads to. */
struct extract_patient {
    unsigned rank; /* of the parameter in the compartment's definition */
    bool elsewhere;
    text id; /* elsewhere: the URL */
};

struct extract {
    const struct search_type_table *table;
    fhir_type type;
    text base;
    struct arena *arena;
    int only; /* one parameter's ordinal; -1: all */
    struct index_entry *entries;
    size_t count;
    size_t capacity;
    struct extract_patient *patients;
    size_t patient_count;
    size_t patient_capacity;
    bool no_memory;
};

/* Strings are indexed by at most this many of their first bytes: search matches their beginning. */
enum { EXTRACT_STRING_MAX = 1024 };

/* Adds what the leaf takes from v. Values that do not have the form of their type are passed over.
 */
void extract_take(struct extract *x, const struct search_leaf *leaf, yyjson_val *v);

/* Whether an element passes a filter. position: in its array. */
bool extract_passes(const struct extract *x, const struct search_filter *filter, yyjson_val *v,
                    size_t position);

#endif
