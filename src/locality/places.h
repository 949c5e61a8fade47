/*
 * Where a patient's record is: the home's list, and how it stays whole. docs/locality.md, L1 to L5.
 */
#ifndef KITH_LOCALITY_PLACES_H
#define KITH_LOCALITY_PLACES_H

#include "locality/feed.h"

struct places;

/* Whose home it is (L5): ODS codes; empty: none is known. Both keep a list. */
struct places_home {
    text platform; /* that the patient chose, last */
    text practice; /* that they are registered with */
};

/* `key`: 32 bytes, of DIR/secret, for rows of this module. Rows: place (keyed hashes of the person
 * and of the member: sealed), contact (the same of the home: sealed). */
int places_open(const struct loc_world *world, struct trust *trust, struct feed *feed,
                const uint8_t key[32], struct places **ret_places, struct err *e);
void places_close(struct places *p);

/* Who is away, as others have found out (ask.h): not asked, and noted where it shows here (J5).
 * Before the first request. */
struct places_away {
    void *context;
    bool (*is)(void *context, text ods);
    void (*note)(void *context, text ods);
};
void places_know_away(struct places *p, const struct places_away *away);

/* --- as a holder --------------------------------------------------------------------------------
 */

/* The own node has its first entry about a person, or their home is another one now: tells the home
 * (by the feed, so it is never lost), once. */
int places_contact(struct places *p, const struct subject *s, text home, struct err *e);
/* The own record does not name that home any more: it forgets this node, unless another home names
 * it. */
int places_left(struct places *p, const struct subject *s, text home, struct err *e);
/* A home that this node goes by says who is: another practice, which is told instead; a platform,
 * which is told as well, until that practice says otherwise. Nothing from one that was not told. */
int places_moved(struct places *p, const struct subject *s, text from, const struct places_home *to,
                 struct err *e);
/* POST /locality/known {"statement": JWS} by a home, to whom that statement was made:
 * {"known":true}. ERR_FORBIDDEN: it does not count. */
int places_serve_known(struct places *p, const struct member *home, text body, struct arena *a,
                       text *ret_answer, struct err *e);
/* POST /locality/heal {"count","digest"} by a home: what it has noted of this node's contacts. When
 * that is not what this node has told it, everything is told again: {"same":false}. ERR_BUSY: it
 * has compared too often. */
int places_serve_heal(struct places *p, const struct member *home, text body, struct arena *a,
                      text *ret_answer, struct err *e);

/* --- as a home ----------------------------------------------------------------------------------
 */

/* From the feed. */
int places_note(struct places *p, text holder, const struct subject *s, struct err *e);
int places_forget(struct places *p, text holder, const struct subject *s, struct err *e);
/* A holder has told this node of a person whose record here names another home: the holder hears of
 * that one. */
int places_redirect(struct places *p, text holder, const struct subject *s, struct err *e);
/* POST /locality/places: names the holders that let the asker know, asked until the deadline.
 * *ret_unasked: some could not be asked (they are not named). */
int places_ask(struct places *p, text jws, const struct statement *s, const struct member *asker,
               int64_t deadline_ms, struct arena *a, text **ret_ods, size_t *ret_count,
               bool *ret_unasked, struct err *e);
/* The list as it is, for the node's own work (a withdrawal has to reach all holders); nobody
 * outside is given it. */
int places_of(struct places *p, text nhs_number, struct arena *a, text **ret_ods, size_t *ret_count,
              struct err *e);
/* The courier: heals at the start and once a day, those that were away sooner. */
int places_round(struct places *p, int64_t *ret_again_ms, struct err *e);

/* --- as an asker --------------------------------------------------------------------------------
 */

/* By the own record. */
int places_home(struct places *p, const yyjson_val *patient, struct arena *a,
                struct places_home *ret, struct err *e);
/* Whoever may keep a list of somebody's places: both, and those that this node has told of them. */
enum { PLACES_KEEPERS = 4 };
int places_keepers(struct places *p, const yyjson_val *patient, text nhs_number, struct arena *a,
                   text ret[PLACES_KEEPERS], size_t *ret_count, struct err *e);
/* Both, and each practice that the patient names: whoever may be asked where something is. */
int places_homes(struct places *p, const yyjson_val *patient, struct arena *a, text **ret_ods,
                 size_t *ret_count, struct err *e);
/* The platform alone that a patient (an own id) chose last; empty: none. */
int places_platform(struct places *p, text patient, struct arena *a, text *ret_ods, struct err *e);

#endif
