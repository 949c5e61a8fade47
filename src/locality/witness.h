/*
 * Members cosign each other's checkpoints (C2SP tlog-witness, tlog-cosignature v1), and find forks.
 * docs/locality.md, "Witnesses". A member cosigns with its member key (audit/cosign.h).
 *
 * Rows: witness (of a log: the newest checkpoint that was taken), witness-seen (the last 64 of it),
 * witness-heard (told by others, to be compared), witness-fork, witness-told (who knows of a fork),
 * witness-by (how far others are with the own log), witness-own (the cosigned checkpoint),
 * witness-alarm (what was said, and when). A log is its member's code and the id of its key: a
 * member that begins a new log gets a new key for it, which the others sign (D1).
 */
#ifndef KITH_LOCALITY_WITNESS_H
#define KITH_LOCALITY_WITNESS_H

#include "locality/trust.h"
#include "locality/world.h"

enum {
    WITNESS_EVERY_MS = 10000, /* between two rounds */
    WITNESS_NOTES_MAX = 8,    /* checkpoints that go along at once; three, or a proof of a fork */
    WITNESS_BODY_MAX = 1 << 16,
    WITNESS_LINES_MAX = 60, /* cosignatures that are published with a checkpoint */
};

struct witness;
int witness_open(const struct loc_world *world, struct trust *trust, struct witness **ret,
                 struct err *e);
void witness_close(struct witness *w);

/* --- what members ask for -----------------------------------------------------------------------
 */

/*
 * POST /locality/add-checkpoint, the body of tlog-witness. Status 200: a line of cosignature; 400:
 * not of that form; 404: no member's log; 403: not signed by it; 409: the size that is known, a
 * line of text/x.tlog.size; 422: the proof does not hold. What is cosigned is durable before.
 */
int witness_serve(struct witness *w, text body, struct arena *a, int *ret_status, text *ret_answer,
                  struct err *e);
/* GET /locality/consistency?from=N&to=M of the own log (RFC 6962, 2.1.2): a hash in base64 a line.
 * 422: this log has not had those sizes; whoever has a checkpoint of them that it signed has found
 * something. 400: not of that form. */
int witness_prove(struct witness *w, text query, struct arena *a, int *ret_status, text *ret_answer,
                  struct err *e);
/* POST /locality/checkpoints of a member (its code): hears its notes, answers with own ones. */
int witness_exchange(struct witness *w, text from, text body, struct arena *a, text *ret_answer,
                     struct err *e);

/* --- by itself ----------------------------------------------------------------------------------
 */

/* Every WITNESS_EVERY_MS: offers the own newest checkpoint to all who have not seen it and keeps
 * their cosignatures, exchanges checkpoints with three members, tells of forks. At each call: asks
 * for proof of what was heard. Cheap where nothing is due. */
int witness_round(struct witness *w, struct err *e);
/* How far each member is behind with the own log. */
struct witness_lag {
    text ods;
    uint64_t entries; /* that it has not cosigned yet */
    int64_t since_ms; /* when it last cosigned; INT64_MIN: never */
};
int witness_lags(struct witness *w, struct arena *a, struct witness_lag **ret, size_t *ret_count,
                 struct err *e);

/*
 * {"notes": [...]}: the newest checkpoints of three others, by turns. What is heard is compared
 * with what was seen. Of the same size and another root: a fork, proved by the two notes. Of a size
 * that was not seen: the log is asked for consistency (in the next round); where it says that it
 * cannot prove it, that is a fork, too. A fork is an alarm (log-fork) with the name of the member;
 * both notes are kept and told to all, and each finds for itself.
 */
int witness_gossip(struct witness *w, struct arena *a, text *ret_notes, struct err *e);
int witness_hear(struct witness *w, text from, text notes, struct err *e);
/* The notes that prove a fork of a member's log; ERR_NOT_FOUND: none is known. */
int witness_fork(struct witness *w, text ods, struct arena *a, text ret_notes[2], struct err *e);

#endif
