/*
 * What a row of the feed means where it comes, beyond copies and versions of consent (copies.h):
 * docs/locality.md, "Keeping up".
 */
#ifndef KITH_LOCALITY_CHANGED_H
#define KITH_LOCALITY_CHANGED_H

#include "locality/choice.h"
#include "locality/places.h"

/* Written together with the place reached. */
int changed_row(const struct loc_world *w, const struct feed_row *row, struct arena *a,
                struct kept_change **ret_changes, size_t *ret_count, struct err *e);
/*
 * After it is durable; idempotent. contact: to the list of places, or off it, and whoever is home
 * beside this node is named to the sender; consent: the refusal counts here (choice.h);
 * registration, by a home that this node has told: who is home now is told, too; merge, unmerge: an
 * alarm, so that people look at both records (nothing is joined by a member's word).
 */
int changed_effect(const struct loc_world *w, struct places *p, text sender,
                   const struct feed_row *row, struct err *e);

#endif
