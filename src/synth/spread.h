/*
 * One population at the organisations that keep its records, as in life: each person's entries by
 * who made them. docs/locality.md has what joins them up again.
 *
 *   gp        registration, consultations, problems, medicines; letters that came from the hospital
 *   hospital  visits and stays, results, letters; allergies as they were told there
 *   council   assessments, plans and packages of social care
 *   pharmacy  what was handed over
 *   platform  what people of whom an e-mail address is known have measured themselves
 *
 * Each place has the locality, and the Patient (with an id of its own) of those of whom it has
 * anything. A reference to an entry that is elsewhere names it by identifier: urn:uuid and its id.
 */
#ifndef KITH_SYNTH_SPREAD_H
#define KITH_SYNTH_SPREAD_H

#include "base/arena.h"
#include "base/buf.h"
#include "synth/synth.h"

enum synth_place {
    SYNTH_AT_GP,
    SYNTH_AT_HOSPITAL,
    SYNTH_AT_COUNCIL,
    SYNTH_AT_PHARMACY,
    SYNTH_AT_PLATFORM,
    SYNTH_PLACES
};

/* kind: as `kith locality` has it, and the name of the folder. */
struct synth_holder {
    const char *kind;
    const char *ods;
    const char *name;
};
extern const struct synth_holder synth_holders[SYNTH_PLACES];

/* A sink (ctx) of synth_population() with options.one_practice, and what each place is given. */
struct synth_spread {
    uint64_t seed; /* of the population */
    const struct synth_sink *sinks[SYNTH_PLACES];
    struct arena arena;
    struct buf out;
};
void synth_spread_open(struct synth_spread *s, uint64_t seed);
/* To be the `write` of a sink. ERR_MEMORY, or the error of the place's sink. */
int synth_spread_write(void *ctx, const char *file, text bundle, struct err *e);
void synth_spread_close(struct synth_spread *s);

#endif
