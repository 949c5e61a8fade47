/*
 * A record that moves from one member to another: docs/locality.md, "Moving", M1 to M6. Rows: move
 * (id: its state), move-open (id: it is not at its end), parcel (id: the manifest), parcel-piece
 * (id, number: the bytes), parcel-receipt (id: what the new place has signed).
 *
 * The courier does one step after another; each ends in one write, so that a crash in the middle
 * repeats a step and none is left out.
 */
#ifndef KITH_LOCALITY_MOVE_H
#define KITH_LOCALITY_MOVE_H

#include "locality/feed.h"
#include "locality/parcel.h"
#include "locality/places.h"
#include "rest/move.h"

struct moves;
int moves_open(const struct loc_world *world, struct trust *trust, struct feed *feed,
               struct places *places, struct moves **ret, struct err *e);
void moves_close(struct moves *m);

/* As move_source of rest/move.h: to another member, by the patient; or from another one to which
 * the patient belonged, by whoever registers them here. */
int move_begin(struct moves *m, const struct move_ask *ask, struct arena *a, text *ret_id,
               struct err *e);
/* Of a patient here, the newest: Parameters. ERR_NOT_FOUND: none. */
int move_show(struct moves *m, const struct caller *as, text patient, struct arena *a,
              text *ret_json, struct err *e);

/* GET /locality/parcel/<id>[/<piece>], by the member that it is for. */
int parcel_serve(struct moves *m, const struct member *asker, text path, struct arena *a,
                 int *ret_status, text *ret_answer, struct err *e);
/* The take of a feed for rows of the kind `move`. */
int moves_take_row(struct moves *m, text sender, const struct feed_row *row, struct arena *a,
                   struct kept_change **ret_changes, size_t *ret_count, struct err *e);
/* The courier: a step of each that is under way. */
int moves_round(struct moves *m, int64_t *ret_again_ms, struct err *e);

#endif
