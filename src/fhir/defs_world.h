/*
 * What an expression may ask of definitions (struct path_world): memberOf(), conformsTo(),
 * subsumes(), elementDefinition().
 */
#ifndef KITH_FHIR_DEFS_WORLD_H
#define KITH_FHIR_DEFS_WORLD_H

#include "fhir/profile.h"

struct defs_world {
    struct profile_run *run;         /* .defs and .arena; of a validation: the one under way */
    const struct path_world *beyond; /* resolves references and traces; NULL: nobody does */
    unsigned conforming;             /* conformsTo() in rules that conformsTo() asks */
};

/* w and its run must outlive it. */
struct path_world defs_world(struct defs_world *w);

#endif
