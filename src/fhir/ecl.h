/*
 * The Expression Constraint Language of SNOMED CT (versions 1.x and 2.x, short and long form of its
 * operators): parsed once, evaluated on the image of any code system that has hierarchies,
 * relationships as properties and reference sets (codes.h).
 *
 * Not supported, and refused with ERR_NOT_SUPPORTED: filters of members {{ M }}, of dialects and of
 * effective times of descriptions, the fields of reference sets (^ [...]). Concepts are named by
 * their own identifiers alone. One that the image does not have is no error: it matches nothing.
 */
#ifndef KITH_FHIR_ECL_H
#define KITH_FHIR_ECL_H

#include "fhir/codes.h"

struct ecl;

enum {
    ECL_LENGTH_MOST = 32 * 1024, /* bytes of an expression */
    ECL_DEPTH_MOST = 40,         /* brackets within brackets */
    ECL_PARTS_MOST = 4096,       /* operators, concepts, refinements, filters */
};

/* Takes a copy. ERR_INVALID names the character (from 1) and what was expected there. */
int ecl_parse(text expression, struct arena *a, const struct ecl **ret_ecl, struct err *e);

/* A set of concepts of one image: a bit each. */
struct ecl_set {
    uint64_t *words;
    uint32_t universe; /* concepts of the image */
    uint32_t count;    /* of the set */
};

static inline bool ecl_set_has(const struct ecl_set *s, uint32_t concept)
{
    return concept < s->universe && (s->words[concept / 64] >> (concept % 64) & 1);
}

/*
 * Inactive concepts belong to the result only where a filter asks for them ({{ C active = 0 }},
 * {{ + HISTORY }}). deadline: of clock_mono_ns(), past it ERR_TOO_COSTLY; 0: none. What is
 * between lies in the arena too: a bit a concept for each operator that is being evaluated.
 */
int ecl_evaluate(const struct ecl *x, const struct codes *c, int64_t deadline, struct arena *a,
                 struct ecl_set *ret_set, struct err *e);

/* Ascending. NULL: no memory. */
uint32_t *ecl_set_list(const struct ecl_set *s, struct arena *a);

/* Whether one concept is in it, for a single question: cheap for hierarchies and their
 * combinations, else by evaluating. */
int ecl_has(const struct ecl *x, const struct codes *c, uint32_t concept, int64_t deadline,
            struct arena *a, bool *ret_has, struct err *e);

#endif
