/* Private to witness*.c. */
#ifndef KITH_LOCALITY_WITNESS_INT_H
#define KITH_LOCALITY_WITNESS_INT_H

#include "audit/cosign.h"
#include "locality/witness.h"

#include <stdatomic.h>

enum {
    WITNESS_MEMORY = 8 << 20, /* of one piece of work */
    WITNESS_NOTE_MAX = 4096,  /* a checkpoint with one signature */
    WITNESS_KEY_MAX = 64,
    WITNESS_WAIT_MS = 5000, /* for others */
};

struct witness {
    const struct loc_world *world;
    struct trust *trust;
    atomic_uint_fast64_t notes_turn, peers_turn;
    atomic_int_fast64_t next_ms; /* of the next round */
    atomic_bool heard;           /* something waits to be proved */
    atomic_bool handed_out;      /* what is cosigned was published since the start */
};

/* A checkpoint of a member, signed by its log and nobody else. */
struct sighting {
    text note;
    struct checkpoint checkpoint;
};

/* The directory with this node in it. ERR_FORBIDDEN where there is none; release ref. */
int witness_directory(struct witness *w, struct directory_ref **ret_ref,
                      const struct directory **ret_directory, text *ret_self, struct err *e);
/* Whose log it is; NULL: no member's. */
const struct member *witness_member(const struct directory *d, text origin);
/* Verifies, and leaves the log's own signature only. ERR_FORBIDDEN, ERR_SYNTAX. In the arena. */
int witness_sight(text note, const struct member *m, struct arena *a, struct sighting *ret,
                  struct err *e);

/* --- witness_seen.c: what is kept of a log ------------------------------------------------------
 */

struct known {
    bool any;
    uint64_t serial; /* counts what was taken */
    struct sighting newest;
    text row; /* as it is kept */
};
int witness_known(struct witness *w, const struct member *m, struct arena *a, struct known *ret,
                  struct err *e);
/* A checkpoint that is consistent with all that was taken; the newest becomes it when it is larger.
 * ERR_CONFLICT: another was taken since witness_known(). */
int witness_take(struct witness *w, const struct member *m, const struct known *known,
                 const struct sighting *s, struct err *e);
/* The one of this size among those that were taken. ERR_NOT_FOUND. */
int witness_find(struct witness *w, const struct member *m, uint64_t size, struct arena *a,
                 struct sighting *ret, struct err *e);
/* "ODS/id of the log's key" and what stands behind it. */
text witness_log_key(const struct member *m, text behind, char to[WITNESS_KEY_MAX]);

/* An alarm, once a day for a kind and member. */
int witness_alarm(struct witness *w, const char *kind, text ods, text words, struct err *e);

/* --- witness_fork.c ----------------------------------------------------------------------------
 */

int witness_found_fork(struct witness *w, const struct member *m, const struct sighting *one,
                       const struct sighting *other, struct err *e);
int witness_tell_forks(struct witness *w, const struct directory *d, text self, struct err *e);

/* --- witness_hear.c ----------------------------------------------------------------------------
 */

/* Compares with what was taken and heard; what cannot be decided is kept to be proved. */
int witness_consider(struct witness *w, const struct member *m, const struct sighting *s,
                     struct err *e);
/* Asks the logs themselves about what waits. */
int witness_settle(struct witness *w, const struct directory *d, struct err *e);
/* {"notes": [...]} in the arena. */
int witness_notes_print(const text *notes, size_t count, struct arena *a, text *ret, struct err *e);

/* --- witness_own.c: the own log ----------------------------------------------------------------
 */

int witness_offer(struct witness *w, const struct directory *d, text self, struct err *e);
/* A checkpoint of the own log that somebody has: it must be one of this log. */
int witness_consider_own(struct witness *w, const struct sighting *s, text from, struct err *e);
/* Base64 hashes, a line each; false: not of that form, or too many. */
bool witness_hashes_read(text lines, struct tlog_hash *to, size_t *ret_count);

#endif
