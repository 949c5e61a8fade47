/*
 * Asking members, and answering them. docs/locality.md, "Asking", A1 to A6.
 */
#ifndef KITH_LOCALITY_ASK_H
#define KITH_LOCALITY_ASK_H

#include "format/json.h"
#include "identity/identity.h"
#include "locality/person.h"
#include "locality/trust.h"
#include "policy/grant.h"

/* Most of an answer: J6. */
enum { ASK_ANSWER_MAX = 8 << 20, ASK_ENTRIES_MAX = 10000, ASK_PATH_MAX = 4096 };

struct feed;     /* locality/feed.h */
struct places;   /* locality/places.h */
struct foreigns; /* locality/foreign.h */

struct asking;
struct asking_config {
    const struct loc_world *world;
    struct trust *trust;
    struct places *places;
    struct feed *feed;         /* knows the consent versions; NULL: none is known (tests) */
    struct foreigns *foreigns; /* servers of another make behind this node; NULL: none */
    struct copies *copies;     /* what others have sent of theirs; NULL: nothing */
};
int asking_open(const struct asking_config *config, struct asking **ret, struct err *e);
void asking_close(struct asking *k);

/* --- as an asker --------------------------------------------------------------------------------
 */

enum ask_outcome {
    ASK_ANSWERED,
    ASK_TIMED_OUT, /* or could not be reached: it is away now (J5) */
    ASK_AWAY,      /* it was away already, and was not asked */
    ASK_REFUSED,   /* by the holder; or it is no member any more */
    ASK_BROKEN,    /* what came does not hold (J6): an alarm was raised */
};
struct ask_one {
    text ods;
    /* Set: */
    enum ask_outcome outcome;
    const char *why; /* for people; NULL: answered */
    /* JSON of a Bundle or resource, which fits its receipt, is within the caps, and whose entries
     * name the patient of the receipt, who is certainly the subject: J6. That each is valid R4 is
     * for whoever uses them (joined_read()). */
    text body;
    yyjson_val *tree; /* the same, read */
    struct receipt receipt;
    int64_t took_ms;
};
struct ask {
    const struct caller *caller;
    text patient; /* the own id of the patient, for the own log; empty: there is none */
    struct subject subject;
    text relation;       /* relationship_words(): as the own policy sees it */
    text reason;         /* of an override: "code: words"; empty: none */
    text path;           /* of a GET, with its query, as ask_path_allowed() has it */
    int64_t deadline_ms; /* a time of the world's clock */
};
/*
 * All at once; those that are away are passed over (J5). Durable in the own log before it is sent,
 * and before it returns: A1, A5. What one member does is in its ask_one; an error is of this node
 * (no directory in force: ERR_FORBIDDEN with why; the log takes nothing: ERR_IO), and then nothing
 * that came may be shown.
 */
int ask_members(struct asking *k, const struct ask *ask, struct ask_one *ones, size_t count,
                struct arena *a, struct err *e);

/* The one question that is asked at /locality/places: in the statement its hash, in the body
 * itself.
 */
#define PLACES_REQUEST "{\"method\":\"GET\",\"path\":\"places\"}"
enum { PLACES_MS = 700 }; /* so long a home asks holders at most: it has to answer in time itself */
/*
 * The places of a person, of their home (the own node, too): L3. `ask`: its path does not matter.
 * In the log before it is sent. *ret_unasked: some could not be asked, or the home could not; no
 * places are then named, and that is no error. Errors as of ask_members().
 */
int ask_places(struct asking *k, struct places *places, const struct ask *ask, text home,
               struct arena *a, text **ret_ods, size_t *ret_count, bool *ret_unasked,
               struct err *e);
/*
 * POST /locality/places, for a home: body as of /locality/ask, with PLACES_REQUEST. *ret_answer:
 * {"places":["X26"],"unasked":false}. ERR_...: the statement does not count.
 */
int ask_places_serve(struct asking *k, struct places *places, const uint8_t tls[32], text body,
                     struct arena *a, text *ret_answer, struct err *e);

/* Who is away, for pages and health. */
size_t ask_away(struct asking *k, struct arena *a, text **ret_ods);
/* Probes those that are away: the courier calls it. */
int ask_probe(struct asking *k, struct err *e);

/* --- as a holder --------------------------------------------------------------------------------
 */

/*
 * POST /locality/ask: body as received; tls: of the connection. 0: decided, with a receipt.
 * ERR_...: the statement does not count (A2), so there is nothing that a receipt could be about; it
 * is in the log and, but for clocks that differ, an alarm.
 */
int ask_serve(struct asking *k, const uint8_t tls[32], text body, struct arena *a, int *ret_status,
              text *ret_answer, text *ret_receipt, struct err *e);

/* Whoever shows a key that is no member's (any more): an alarm, and of a former member's or a
 * former key another one that names whose it was. ERR_FORBIDDEN, always. */
int ask_stranger(struct asking *k, const uint8_t tls[32], struct err *e);

/*
 * What may be asked: `Patient/{patient}`, `Patient/{patient}/$everything`, `.../$summary`,
 * `Type/id`, and `Type?...` with exactly one of patient=, subject= or (of Patient) _id= whose value
 * is
 * `{patient}` (also `Patient/{patient}`), which stands for the holder's id. Nothing else: no
 * writes, no request that would be asked on. ERR_FORBIDDEN.
 */
int ask_path_allowed(text path, struct err *e);

/* Who a member's person is here, and about whom they ask: A3, A4. */
struct admission {
    text patient; /* the own id; what is read as `caller` can be about nobody else */
    struct caller caller;
    struct decision decision;
    text relation; /* words for the log; of the asker's word: says so */
    text conflict; /* with *ret_conflict: the own patient who has the number; may be empty */
    text conflict_why;
    bool opens; /* an emergency with a reason: it has to be written down before it counts */
};
/*
 * The own policy decides, by the record, by what the asker states and its kind lets it state, and
 * by the patient's choices. ERR_NOT_FOUND, alike: nobody here, somebody who is not certainly the
 * same (*ret_conflict says so, for people here), nobody whom the asker may see, or of whom it may
 * know; then only ret->patient is set, for the own log. ERR_FORBIDDEN: a role or purpose that the
 * directory does not let this kind of member claim. Also for /locality/known.
 */
int ask_admit(const struct loc_world *world, const struct statement *s, const struct member *asker,
              struct arena *a, struct admission *ret, bool *ret_conflict, struct err *e);

#endif
