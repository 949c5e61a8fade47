/*
 * The patients of whom something has been handed out under a grant: what the access log has to
 * tell of. The store notes each compartment whose bodies it gives; rest/ writes the entries before
 * anything leaves the node. Of what is written a note is kept with the version (struct write.note).
 */
#ifndef KITH_POLICY_TOUCHED_H
#define KITH_POLICY_TOUCHED_H

#include "base/arena.h"
#include "policy/grant.h"

struct touched {
    struct arena *arena;
    uint64_t *items; /* compartments, each once, in the order in which they came */
    size_t count;
    size_t capacity;
    uint32_t *slots; /* an open hash of places in `items` + 1; NULL while there are few */
    size_t slot_count;
    bool failed; /* there was no memory to note one: nothing may be handed out */
};

/* The store's: compartments that belong to nobody are left out by it. One thread at a time. */
void grant_touch(const struct grant *g, uint64_t compartment);

#endif
