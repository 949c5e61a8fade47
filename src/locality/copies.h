/*
 * Copies: what another node holds of this one's entries, and what this node holds of others'.
 * docs/locality.md, K2 to K5. Rows at a holder: given (person, ODS: the consent version and when),
 * asked-by (person, ODS: when). Rows at whoever holds a copy: hold (person, holder: until when, and
 * the consent version), copy (person, holder, what: the entry). A copy is beside the own record,
 * never in it.
 */
#ifndef KITH_LOCALITY_COPIES_H
#define KITH_LOCALITY_COPIES_H

#include "locality/places.h"

enum {
    COPIES_MINUTES = RECEIPT_MINUTES, /* so long a copy may be shown without asking again */
    COPIES_ASKED_HOURS = 24,
    COPIES_UNDECIDED = 1, /* as `until`: a time long past */
};

struct copies;
int copies_open(const struct loc_world *world, struct trust *trust, struct feed *feed,
                struct places *places, struct copies **ret, struct err *e);
void copies_close(struct copies *c);

/* --- as a holder --------------------------------------------------------------------------------
 */

/* A member is answered about a person: it hears of withdrawals for 24 hours. Kept before the answer
 * leaves. */
int copies_asked(const struct loc_world *world, const uint8_t person[32], text ods, struct err *e);
/* A member is to have copies of a person's entries from now on (a platform that they chose), or no
 * longer: then what it has ends, and it says so (`copy-ended`). */
int copies_give(struct copies *c, const struct subject *s, text ods, struct err *e);
int copies_end(struct copies *c, const struct subject *s, text ods, struct err *e);
/* Whom a row of this kind about a person goes to: those that have copies (an entry: under the
 * newest consent version; after a choice they are given anew first); of what changes what may be
 * seen (consent, seal, merge, registration) also those that asked within 24 hours, and the places
 * that this node knows as the home. Each once. */
int copies_to(struct copies *c, enum feed_kind kind, const uint8_t person[32], text nhs_number,
              struct arena *a, text **ret_ods, size_t *ret_count, struct err *e);
/* Those that have copies alone, under whichever version of consent. */
int copies_given(struct copies *c, const uint8_t person[32], struct arena *a, text **ret_ods,
                 size_t *ret_count, struct err *e);
/* Tells them, and `also` (members), of what goes to all of them: one row, in one commit with `more`
 * (the place reached in what changed). */
int copies_tell_also(struct copies *c, const struct feed_row *row, const text *also,
                     size_t also_count, const struct kept_change *more, size_t more_count,
                     struct err *e);
int copies_tell(struct copies *c, const struct feed_row *row, const struct kept_change *more,
                size_t more_count, struct err *e);
/* For the patient: members that have copies of theirs, or have not acknowledged all that they were
 * told of them (a withdrawal, a correction, a deletion). In the arena. */
struct copies_where {
    text ods, name;
    int64_t since_ms; /* since when it has copies; 0: it has none */
    uint64_t waiting; /* what is not acknowledged */
    int64_t waiting_since_ms;
};
int copies_shown(struct copies *c, const uint8_t person[32], struct arena *a,
                 struct copies_where **ret, size_t *ret_count, struct err *e);
/* POST /locality/renew {"people":[...]} by a member that holds copies: {"people":[{"person",
 * "until","consent"}]}; until 0: it may not hold them any more. A copy is renewed under the consent
 * version that it was given under; after a change it has to be given anew (copies_give()). For a
 * minute after it, until COPIES_UNDECIDED: not to be shown, and not to be deleted either. */
int copies_serve_renew(struct copies *c, const struct member *asker, text body, struct arena *a,
                       text *ret_answer, struct err *e);

/* --- as one that holds copies -------------------------------------------------------------------
 */

/* Whether a copy may be shown now: its end has not come, and its consent version is the newest
 * known. */
int copies_hold(struct copies *c, const uint8_t person[32], text holder, text what, bool *ret_holds,
                struct err *e);
/* The entry. ERR_NOT_FOUND: there is none, or it may not be shown. */
int copies_read(struct copies *c, const uint8_t person[32], text holder, text what, struct arena *a,
                text *ret_body, struct err *e);
/* All that is held of a person from one holder and may be shown now, until *ret_until_ms; none: no
 * copies. Each in the arena. ERR_TOO_LARGE: more than COPIES_SHOWN_MOST, or COPIES_SHOWN_BYTES. */
enum { COPIES_SHOWN_MOST = 10000, COPIES_SHOWN_BYTES = 8 << 20 };
int copies_all(struct copies *c, const uint8_t person[32], text holder, struct arena *a,
               text **ret_bodies, size_t *ret_count, int64_t *ret_until_ms, struct err *e);
/* People of whom another member has told a new version of consent, so that what this node has given
 * of them has to be given anew, or ended: the person, and their NHS number. At most `most`. */
struct copies_unsettled {
    uint8_t person[32];
    text nhs_number;
};
int copies_unsettled(struct copies *c, size_t most, struct arena *a, struct copies_unsettled **ret,
                     size_t *ret_count, struct err *e);
int copies_settled(struct copies *c, const struct copies_unsettled *one, struct err *e);
/* The courier: asks holders again before copies end, deletes those that have ended for good. */
int copies_round(struct copies *c, int64_t *ret_again_ms, struct err *e);

/* --- what rows mean here ------------------------------------------------------------------------
 */

/* The take of a feed (feed.h): contacts go to the list of places, copies and consent are kept here,
 * a withdrawal that is news goes on to whom this node knows. Both are filled before the first row
 * comes. */
struct copies_take {
    struct copies *copies;
    struct places *places;
};
struct feed_take copies_take(struct copies_take *take);

#endif
