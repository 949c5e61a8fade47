/*
 * The directory in force on this node, and how it changes: proposals, signatures, what other
 * members have. docs/locality.md, D1 to D7. Rows: directory (by number, 8 bytes big endian: the
 * note), proposal (number, round, hash: the note), vote (number, round: the hash that this node
 * signed), double (number, round, ODS code: an alarm that was given), invite (by hash of its code),
 * own (keys, the invitation of a node that is not taken in yet), ally (hash of its number 1,
 * number: the note).
 *
 * Another process may change the rows, too (`kith locality` beside a node that serves): what is
 * written is compared with what is there, and every change begins by reading again.
 */
#ifndef KITH_LOCALITY_TRUST_H
#define KITH_LOCALITY_TRUST_H

#include "locality/directory.h"
#include "locality/world.h"

struct trust;

/* Reads what is kept. No directory yet: trust_directory() gives NULL. ERR_CORRUPT. */
int trust_open(const struct loc_world *world, struct trust **ret_trust, struct err *e);
void trust_close(struct trust *t);

/* The one in force and not expired; it stays until the arena's end (a reference is held). NULL:
 * there is none; *ret_why says why ("expired on ..."). */
struct directory_ref;
const struct directory *trust_directory(struct trust *t, struct directory_ref **ret_ref,
                                        const char **ret_why);
void trust_done(struct directory_ref *ref);
/* When it ends: from 14 days before (TRUST_WARN_MS) the node says so (D4). INT64_MAX: there is
 * none. */
#define TRUST_WARN_MS (14 * INT64_C(86400000))
int64_t trust_ends_ms(struct trust *t);
/* The newest that is kept, in force or not (expired, or this node is no member); NULL. */
const struct directory *trust_newest(struct trust *t, struct directory_ref **ret_ref);
/* Whether this node has asked to be taken in, and goes on asking. */
bool trust_asks(struct trust *t);
/* Whether a key of connections stood in a directory from which this node was taken out. Who was
 * removed may have lost its keys: none of them is used again. */
int trust_tls_spent(struct trust *t, const uint8_t tls[32], bool *ret_spent, struct err *e);
/* Forgets the locality and the own keys in it, in one write, so that the node can begin or join
 * another. What waits for members, and what came from them, stays. No other process and no call may
 * use it meanwhile; afterwards trust_close() alone. */
int trust_leave(struct trust *t, struct err *e);
/* Reads again what is kept, where another process (`kith locality` beside a node that serves) has
 * changed it: own key, directories. Cheap when nothing has changed. */
int trust_refresh(struct trust *t, struct err *e);

/* The own member key and ODS code. ERR_NOT_FOUND: this node is in no locality. */
int trust_self(struct trust *t, const struct note_signer **ret_signer, text *ret_ods,
               struct err *e);

/* --- what administrators do (src/cli/locality*.c, the page) -------------------------------------
 */

struct trust_self_config {
    text ods, name, url;
    enum member_kind kind;
    uint8_t tls[32];
    struct note_key log;
};
/* Number 1 with this node alone (quorum 1). ERR_CONFLICT: it is in one already. */
int trust_create(struct trust *t, text name, const struct trust_self_config *self, struct err *e);
/* An invitation for one organisation, good for 14 days: a text to hand over ("kith-join:..."): the
 * inviter's address and pinned key, the hash of the directory, a code of 128 bits. */
int trust_invite(struct trust *t, text ods, struct arena *a, text *ret_invitation, struct err *e);
/* Reads an invitation, makes the own keys (others than those of a node that was removed), asks the
 * inviter to propose this node, signs the proposal and sends it back. Until it is in force
 * trust_round() goes on, also with another text when members have signed something else meanwhile.
 * Again, it does the same again, and nothing where this node is a member already, as it asks to be.
 * ERR_CONFLICT: in another locality, or otherwise than it asks to be. ERR_FORBIDDEN: the invitation
 * is not (or no longer) good; ERR_IO, ERR_TIMEOUT: the inviter could not be reached: it is tried
 * again. */
int trust_join(struct trust *t, text invitation, const struct trust_self_config *self,
               struct err *e);

enum trust_change_kind { TRUST_ADD, TRUST_REMOVE, TRUST_KEYS, TRUST_RENEW, TRUST_ALLY };
struct trust_change {
    enum trust_change_kind kind;
    struct member member; /* ADD, KEYS (of KEYS the address and name may be others, too) */
    bool new_key;         /* KEYS, of this node itself: with a fresh member key, which signs, too */
    text ods, why;        /* REMOVE */
    struct ally ally;
};
/* A new number, signed by this node, and sent round. */
int trust_propose(struct trust *t, const struct trust_change *change, struct err *e);
/* Signs a proposal (hash as hex, at least 8 digits of it); it comes into force with the last
 * signature that it needs. */
int trust_sign(struct trust *t, text proposal, struct err *e);
/* For `list`: the proposals that wait, as words, one each: what would change, who has signed. Where
 * the members have split and nothing waits, the texts that they have split over, which say so. */
int trust_proposals(struct trust *t, struct arena *a, text **ret_words, size_t *ret_count,
                    struct err *e);

/* --- between members ----------------------------------------------------------------------------
 */

/* GET /locality/directory?after=N: {"notes": [those behind N, and proposals], "number", "hash"} of
 * what is in force; POST: somebody's. */
int trust_serve(struct trust *t, text method, text query, text body, struct arena *a,
                int *ret_status, text *ret_answer, struct err *e);
/* Takes notes that came from anyone: versions in order, proposals, signatures. Forks: alarm. */
int trust_take(struct trust *t, text notes, struct err *e);
/* POST /locality/join, of anyone: {"code", "member"}: the proposal, if the code is good. */
int trust_serve_join(struct trust *t, text body, struct arena *a, int *ret_status, text *ret_answer,
                     struct err *e);
/* D6: a member has said which number it has; what is missing is fetched from it before this
 * returns. ERR_BUSY: it could not be, so this node is behind, and should neither ask nor answer. */
int trust_heard(struct trust *t, text ods, uint64_t number, struct err *e);
/* D6: after a start, before anything is asked or answered: what some of the others have, as far as
 * they can be reached within two seconds. */
int trust_catch_up(struct trust *t, struct err *e);
/* --- allies (D7) --------------------------------------------------------------------------------
 */

/* Notes of an ally's directory ({"notes":[...]}), from its number 1 on, whoever they came from:
 * what does not follow is passed over. ERR_FORBIDDEN: its number 1 is not known, and not among
 * them. */
int trust_ally_take(struct trust *t, const struct ally *ally, text notes, struct err *e);
/* The hash of a note's text, in base64, as `ally` lines have it. */
int trust_first_hash(text note, struct buf *out, struct err *e);
/* A member by its code, of the own directory or of an ally's in force; *ret_ref NULL: of the own,
 * else it lives until trust_done(). NULL: nobody's. */
const struct member *trust_member(struct trust *t, const struct directory *own, text ods,
                                  struct directory_ref **ret_ref);
/* The directory whose member shows this key, or has this code: an ally's (then *ret_ref), or the
 * own one, where nobody else's is. */
const struct directory *trust_of_key(struct trust *t, const struct directory *own,
                                     const uint8_t tls[32], struct directory_ref **ret_ref);
const struct directory *trust_of_member(struct trust *t, const struct directory *own, text ods,
                                        struct directory_ref **ret_ref);

/* One round of asking others (by turns; after a start all) for what is new; the courier calls it.
 */
int trust_round(struct trust *t, struct err *e);

#endif
