/* Private to spread*.c: the bundle of one person while it is being spread. */
#ifndef KITH_SYNTH_SPREAD_INT_H
#define KITH_SYNTH_SPREAD_INT_H

#include "format/json.h"
#include "synth/emit.h"
#include "synth/spread.h"

struct spread_entry {
    const yyjson_val *resource;
    text type, id;
    uint8_t places; /* bits: 1 << enum synth_place */
};

struct spreading {
    struct spread_entry *entries;
    size_t count;
    text patient;                             /* its id in the population */
    char patient_at[SYNTH_PLACES][UUID_SIZE]; /* and at each place */
    char trust[UUID_SIZE], community[UUID_SIZE], council[UUID_SIZE], pharmacy[UUID_SIZE],
        pharmacist[UUID_SIZE];
    uint64_t own; /* what is invented for this person here follows from it */
};

/* Which places have each entry. */
void spread_decide(struct spreading *p);
/* NULL: not of this bundle. reference: "Type/id". */
const struct spread_entry *spread_entry_of(const struct spreading *p, text reference);

/* Entries of a bundle, each with a comma before it unless it is the first. */
void spread_put_entry(const struct spreading *p, enum synth_place at, const struct spread_entry *x,
                      struct buf *out, bool first);
/* What the pharmacy handed over upon a prescription. */
void spread_put_dispense(const struct spreading *p, const struct spread_entry *prescription,
                         struct buf *out);
/* What the person has measured at home. */
void spread_put_own(const struct spreading *p, int64_t today, struct buf *out);

#endif
