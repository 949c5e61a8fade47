/*
 * Inside ecl*.c: the properties of an image that are attributes in the sense of SNOMED CT (their
 * code is a concept), and those of one concept.
 */
#ifndef KITH_FHIR_ECL_ATTRIBUTE_H
#define KITH_FHIR_ECL_ATTRIBUTE_H

#include "fhir/ecl_int.h"

/* One attribute of a concept with its value. */
struct ecl_fact {
    uint32_t attribute; /* its number */
    uint32_t concept;   /* or CODES_NONE */
    uint32_t group;
    enum codes_kind kind;
    text value;
};

/* Once before the others; kept in the run. */
int ecl_attributes_open(struct ecl_run *r);
/* In the arena; associations of inactive concepts left out. */
int ecl_facts(struct ecl_run *r, uint32_t concept, const struct ecl_fact **ret_facts,
              size_t *ret_count);
/* Whose concept is in the set of the node; a bit each. */
int ecl_attribute_names(struct ecl_run *r, const struct ecl_node *name, uint64_t **ret_names);
size_t ecl_attribute_count(const struct ecl_run *r, const uint64_t *names);
/* The code of the next one from *at on, which is moved behind it. */
bool ecl_attribute_next(const struct ecl_run *r, const uint64_t *names, size_t *at, text *ret_code);

#endif
