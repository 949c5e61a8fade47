/*
 * What a patient has refused at one member, as others are told of it, and what it means there:
 * docs/locality.md, "Keeping up". Only what takes something away travels, and what is said of whole
 * organisations or of single persons: a permission counts where it was given; an entry is its
 * custodian's, who decides about it each time.
 *
 * Body of a row `consent`: {"from": ODS code, "note": ..., "consent": {...}}. The Consent has no
 * patient (that is the subject of the row); it names organisations by their ODS code, and persons
 * as their member names them when they ask (ask_account()). Without it that choice has ended, or
 * says nothing to others. The note is signed by `from`, so that nobody who tells it on can end or
 * change it.
 */
#ifndef KITH_LOCALITY_CHOICE_H
#define KITH_LOCALITY_CHOICE_H

#include "locality/feed.h"

/* Marks a Consent here that came from another member: it is told to nobody again. */
#define CHOICE_SYSTEM "https://kith.care/fhir/NamingSystem/told-choice"
bool choice_is_told(const yyjson_val *consent);
/* Whether others hear that it was written at all: one that came from them is told on by the row
 * that brought it; emergencies, claims and proxies are this node's alone, and private. */
bool choice_is_news(const yyjson_val *consent);

/* The body, in the arena. `row` has person, what and version; `consent` NULL: it was deleted. `by`:
 * the own member key. */
int choice_print(const struct loc_world *w, const struct note_signer *by, text from,
                 const struct feed_row *row, const yyjson_val *consent, struct arena *a,
                 text *ret_body, struct err *e);
/* Whether the member that it names has said so: it is the sender, or has signed it. ERR_INVALID: it
 * has not, or its version is of a time that is not here yet. *ret_own: this node has said it, and
 * hears it from others, who tell it on. */
int choice_check(const struct loc_world *w, struct trust *trust, text sender,
                 const struct feed_row *row, struct arena *a, bool *ret_own, struct err *e);

/* Tells a member what the patient has refused so far, here and by what was told to this node: it
 * holds something of theirs only now, or is their home. Nobody here is certainly this person:
 * nothing. */
int choice_tell_standing(const struct loc_world *w, struct trust *trust, struct feed *feed,
                         const struct subject *s, text to, struct err *e);

/* The changes along which its version is kept (K3: an older one has no effect any more). */
int choice_changes(const struct loc_world *w, const struct feed_row *row, struct arena *a,
                   struct kept_change **ret_changes, size_t *ret_count, struct err *e);
/* Its effect: a Consent of the patient here, that ends when the refusal does. Idempotent. Nobody
 * here who is certainly this person: none. */
int choice_effect(const struct loc_world *w, const struct feed_row *row, struct err *e);

#endif
