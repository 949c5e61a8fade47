/* Private to feed*.c. */
#ifndef KITH_LOCALITY_FEED_INT_H
#define KITH_LOCALITY_FEED_INT_H

#include "base/buf.h"
#include "locality/feed.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    FEED_ODS = 10,                        /* a code in a key, filled with zeros */
    FEED_STREAM = FEED_ODS + 32,          /* key of sent, in */
    FEED_OUT = FEED_STREAM + 8,           /* key of out: with the number, the highest byte first */
    FEED_OUT_HEAD = 9,                    /* value of out: when, whether at once; then the line */
    FEED_PLACE = 8 + 1 + 32,              /* value of sent, in */
    FEED_PLACE_DONE = 1,                  /* a bit of its ninth byte */
    FEED_TAKING_MAX = 64,                 /* people whose rows are being taken at a time */
    FEED_LINES_MAX = FEED_ROW_MAX + 4096, /* of a request */
    FEED_TRIES = 8,
    FEED_URGENT_MAX = 64,   /* streams of urgent that go first */
    FEED_HELD_UP_MAX = 512, /* streams that a round passes over */
    FEED_BACKOFF_MS = 1000,
    FEED_ENOUGH = -1, /* ends a walk over rows: no code of err.h */
};

/* What people do about a stream that is held up: feed_anew(). */
#define FEED_BACKUP                                                                          \
    "; one of both nodes may have been restored from a backup: look at what it lacks, then " \
    "'kith locality anew' at the node that does not take the rows lets them go on"

/* How far a stream has come. */
struct feed_place {
    uint64_t number;
    bool done; /* the effect of the last one is there, too */
    uint8_t hash[32];
    text was; /* as kept; p == NULL: nothing is */
};

/* Who sends: the courier, with time for what is large, or whoever brings what goes at once, who has
 * none (K2). Each has its own tries of a member, so that neither waits for the other's. */
enum feed_pace { FEED_BY_TURNS, FEED_AT_ONCE, FEED_PACES };

/* What is known of a member as a receiver: only in memory. */
struct feed_peer {
    char ods[FEED_ODS];
    unsigned failures[FEED_PACES];
    int64_t next_ms[FEED_PACES];
    int64_t turned_away_ms; /* since when it turns away all that comes; 0: it does not */
    bool told;              /* that it refuses; once until it takes something again */
    bool urgent;            /* something waits for it that goes at once */
};

struct feed {
    const struct loc_world *world;
    struct trust *trust;
    struct feed_take take;
    pthread_mutex_t lock; /* for moments only: never held while the world is called */
    struct {
        char stream[FEED_STREAM];
        bool used;
    } taking[FEED_TAKING_MAX];
    struct feed_peer *peers;
    size_t peer_count;
    size_t peer_capacity;
    atomic_uint_fast64_t turn; /* where the next round begins */
};

/* A line, as sent and as hashed. ERR_TOO_LARGE, ERR_INVALID. */
int feed_line_print(const struct feed_row *row, const uint8_t before[32], struct arena *a,
                    text *ret_line, struct err *e);
/* Texts are in the arena. *ret_whose: whether ret_row->person is set, also when the rest is not of
 * its form. */
int feed_line_read(text line, struct arena *a, struct feed_row *ret_row, uint8_t ret_before[32],
                   bool *ret_whose, struct err *e);

void feed_stream_key(text ods, const uint8_t person[32], char ret[FEED_STREAM]);
int feed_place_get(struct feed *f, const char *kind, const char stream[FEED_STREAM],
                   struct arena *a, struct feed_place *ret, struct err *e);
void feed_put_u64(uint64_t v, char to[8]);
uint64_t feed_get_u64(const char from[8]);
int feed_place_change(const struct feed_place *to, const char *kind, text stream, struct arena *a,
                      struct kept_change *ret, struct err *e);
/* A key of the locality in force. */
int feed_key(struct trust *t, uint8_t ret[32], struct err *e);

/* --- batches ------------------------------------------------------------------------------------
 */

struct feed_sent {
    char key[FEED_OUT];
    uint8_t hash[32];
    bool is_taken;
};

/* Streams that are held up: for one round. */
struct feed_held_up {
    char streams[FEED_HELD_UP_MAX][FEED_STREAM];
    size_t count;
};

struct feed_batch {
    const struct member *to;
    struct buf lines;
    struct feed_sent *rows;
    size_t count, capacity;
    const struct feed_held_up *held;
    struct arena *a;
    enum feed_pace pace;
    bool at_once, no_memory;
    bool passed_over; /* a stream that begins with what is too large for this pace */
    bool progress;    /* some were taken */
};

/* Rows for a member, what goes at once first (FEED_AT_ONCE: that alone, and no row larger than a
 * batch); those of streams that are held up are passed over. *ret is to be given back whatever is
 * returned. */
int feed_batch_make(struct feed *f, const struct member *to, enum feed_pace pace,
                    const struct feed_held_up *held, struct arena *a, struct feed_batch *ret,
                    struct err *e);
void feed_batch_done(struct feed_batch *b);
struct peer_call feed_batch_call(const struct feed_batch *b);
/* Drops what was taken, and adds to `held`. What the member does wrong is no error of this node's.
 */
int feed_batch_settle(struct feed *f, struct feed_batch *b, const struct peer_call *call,
                      struct feed_held_up *held, struct arena *a, struct err *e);
/* What goes at once does not wait for the next try of a member that was away. */
void feed_hurry(struct feed *f, text ods);
/* When a member is tried again; *ret_fails: it did not take anything the last time. */
int64_t feed_next_try(struct feed *f, text ods, enum feed_pace pace, bool *ret_fails);

#endif
