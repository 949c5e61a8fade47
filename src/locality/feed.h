/*
 * What one node has to tell another, in order, once, after days of separation too.
 * docs/locality.md, "Keeping up", K1 to K5. Rows: out (ODS, person, number: the line), sent (ODS,
 * person: the last number and the hash of its line), urgent (ODS, person: something of theirs goes
 * first), in (ODS, person: the same of what was taken), consent (person: version).
 *
 * Each person has a stream of their own between two members, so that one that is held up holds up
 * nobody else, and what must go at once passes all that waits for others. A row is one line of
 * JSON; it names the hash of the line before it, so that a number that was used twice, or a row
 * that was lost on either side, is found (a node that was restored from a backup).
 */
#ifndef KITH_LOCALITY_FEED_H
#define KITH_LOCALITY_FEED_H

#include "locality/person.h"
#include "locality/trust.h"

#define FEED_TABLE(X)               \
    X(ENTRY, "entry")               \
    X(CONSENT, "consent")           \
    X(SEAL, "seal")                 \
    X(MERGE, "merge")               \
    X(UNMERGE, "unmerge")           \
    X(REGISTRATION, "registration") \
    X(DELETION, "deletion")         \
    X(CONTACT, "contact")           \
    X(COPY_ENDED, "copy-ended")     \
    X(MESSAGE, "message")           \
    X(MOVE, "move")
enum feed_kind {
#define FEED_ENUM(name, code) FEED_##name,
    FEED_TABLE(FEED_ENUM)
#undef FEED_ENUM
        FEED_KIND_COUNT
};

const char *feed_code(enum feed_kind k);

enum {
    FEED_BATCH = 1 << 20, /* bytes of a request: so much, or one row that is larger */
    FEED_ROW_MAX =
        18 << 20, /* of a line: a resource or message as large as may be, and its words */
};

struct feed_row {
    enum feed_kind kind;
    uint64_t number;    /* of this sender, receiver and person: 1, 2, 3 ...; feed_queue() sets it */
    uint8_t person[32]; /* feed_person() of the subject's NHS number; zero: of none */
    struct subject subject;
    uint64_t consent_version; /* 0: does not change it */
    bool at_once;             /* takes something away: K2 */
    text what;                /* "Observation/5" at the sender */
    text body;                /* JSON, by kind; empty: none */
    int64_t made_ms;          /* 0: now */
};

struct feed;
/*
 * What a row means here; each is called once a row, in the order of a patient. A code that a
 * second try may change (err_info()->retryable) holds the patient's stream up until it is sent
 * again; with any other the row counts as taken, and both sides have an alarm with the words.
 */
struct feed_take {
    void *context;
    /* The changes that make its effect; written together with the place reached. Called again when
     * somebody else has changed one of them meanwhile (KEPT_ADD, KEPT_SWAP). */
    int (*row)(void *context, text sender, const struct feed_row *row, struct arena *a,
               struct kept_change **ret_changes, size_t *ret_count, struct err *e);
    /* After that is durable: what is not a row (a resource to store). NULL: nothing is. Idempotent:
     * it may be called again after a crash, and before the row is acknowledged. */
    int (*effect)(void *context, text sender, const struct feed_row *row, struct err *e);
};
int feed_open(const struct loc_world *world, struct trust *trust, const struct feed_take *take,
              struct feed **ret, struct err *e);
void feed_close(struct feed *f);

/* The key of a person in rows and between members: HMAC of the number with the locality's name.
 * ERR_NOT_FOUND: this node is in no locality. */
int feed_person(struct feed *f, text nhs_number, uint8_t ret[32], struct err *e);

/* For the commit of what it tells of: the rows to write along. `to`: ODS codes, each once; this
 * node's own is left out. The write is ERR_CONFLICT when another row for the same person was
 * written in between: queue it anew. So one write has one feed_queue() for a person and member. */
int feed_queue(struct feed *f, const text *to, size_t to_count, const struct feed_row *row,
               struct arena *a, struct kept_change **ret_changes, size_t *ret_count, struct err *e);
/* The same with the commit: queues, writes the rows and `more`, again as long as others come in
 * between, and wakes the courier. `more` NULL: none. ERR_CONFLICT: one of `more` is refused. */
int feed_send(struct feed *f, const text *to, size_t to_count, const struct feed_row *row,
              const struct kept_change *more, size_t more_count, struct err *e);
/* The courier: one round to every member that something waits for. Returns when nothing more can
 * be done now, or after some batches; *ret_again_ms: the time (as now_ms()) to come again. */
int feed_round(struct feed *f, int64_t *ret_again_ms, struct err *e);
/* The same of what goes at once alone: for a thread of its own, so that it waits for nothing else
 * that the courier does (K2). */
int feed_round_at_once(struct feed *f, int64_t *ret_again_ms, struct err *e);
/* POST /locality/feed: rows of one sender, a line each; answers, of each person, the number up to
 * which all has been taken:
 * {"people":[{"person","taken","last","why","again"}],"refused":[{"person", "number","why"}]}; why:
 * the stream is held up; again: by something that passes. */
int feed_serve(struct feed *f, const struct member *sender, text body, struct arena *a,
               text *ret_answer, struct err *e);
/* How many rows wait for a member. */
int feed_waiting(struct feed *f, text ods, uint64_t *ret_count, struct err *e);
/* After one side was restored from a backup, and people have looked at what it lacks: takes the
 * member's rows from wherever it goes on. */
int feed_anew(struct feed *f, text ods, struct err *e);

/* --- consent -----------------------------------------------------------------------------------
 */

/* The consent version known of a person, 0: none; never goes back. */
int feed_consent(struct feed *f, const uint8_t person[32], uint64_t *ret_version, struct err *e);
/* The change that raises it, for a commit (SWAP: ERR_CONFLICT when it has changed meanwhile);
 * *ret_raised false: it is not newer, and there is no change. */
int feed_consent_change(struct feed *f, const uint8_t person[32], uint64_t version, struct arena *a,
                        struct kept_change *ret_change, bool *ret_raised, struct err *e);

#endif
