/*
 * What is committed in the node's store becomes rows of the feed (docs/locality.md, "Keeping up"),
 * in the order of the commits and none lost: the place reached is a row of DIR/locality.db, written
 * with the rows of each change in one commit. A Consent, a seal, a merge, another practice, a new
 * version of an entry that somebody has a copy of; and, for whoever comes into the record for the
 * first time, the word to their home.
 *
 * Two threads: one follows the store, one sends what goes at once.
 */
#ifndef KITH_NODE_CHANGES_H
#define KITH_NODE_CHANGES_H

#include "locality/locality.h"
#include "node/world.h"

struct changes_config {
    struct world *node;
    const struct loc_world *world;
    struct locality *locality;
};
struct changes;
int changes_open(const struct changes_config *config, struct changes **ret, struct err *e);
int changes_start(struct changes *c, struct err *e);
/* store_config.noted: quick. NULL is allowed. */
void changes_noted(struct changes *c);
/* For rest/: whether what was refused so far is durable in the feed. */
struct choice_feed changes_face(struct changes *c);
void changes_stop(struct changes *c);
/* Stops, and frees. NULL is allowed. */
void changes_close(struct changes *c);

#endif
