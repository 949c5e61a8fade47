/* Private to trust*.c. */
#ifndef KITH_LOCALITY_TRUST_INT_H
#define KITH_LOCALITY_TRUST_INT_H

#include "format/json.h"
#include "locality/trust.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    TRUST_MEMORY = 8 << 20,     /* for one note and what is made of it */
    TRUST_TELL_BYTES = 2 << 20, /* of notes in one answer, unless the first alone is larger */
    TRUST_NOTES_MAX = 200,      /* in one answer */
    TRUST_ROUNDS_MAX = 100,     /* of one number; texts of later ones are nobody's */
    TRUST_CALL_MS = 2000,       /* how long a member is waited for */
    TRUST_JOIN_MS = 5000,       /* between two times that a node asks to be taken in */
    TRUST_INVITATION_DAYS = 14,
    TRUST_SPREAD_MEMBERS = 16, /* that are told at once of what is new */
    TRUST_TRIES = 4,           /* where another process of this node has been quicker */
};

struct directory_ref {
    atomic_int holders;
    struct arena arena; /* the note and what was read of it */
    text note;
    struct directory directory;
};

/* A key that was the own one stays until the end: somebody may be signing with it. */
struct old_signer {
    struct note_signer *signer;
    struct old_signer *next;
};

struct allied;
struct trust {
    const struct loc_world *world;
    pthread_mutex_t changing;        /* one change at a time: rows first, then what is below */
    pthread_mutex_t looking;         /* around what is below, for a moment */
    struct directory_ref *now;       /* NULL: none */
    struct note_signer *signer;      /* NULL: this node is in no locality */
    struct note_signer *next_signer; /* a key that waits for the number that says it; mostly NULL */
    struct old_signer *old;
    char ods[10];
    uint64_t asked;        /* members that were asked by trust_round(), so that each has its turn */
    uint64_t spread;       /* of what there was when it was told last (trust_round()) */
    atomic_bool news;      /* something came in since the last round */
    bool hearing;          /* trust_heard() fetches; under `looking` */
    int64_t join_at_ms;    /* when it is asked again to be taken in */
    struct allied *allies; /* trust_ally.c; under `looking` */
    uint64_t asked_ally;
    int64_t allies_at_ms; /* when they are looked at again */
};

/* A text that was read; release with trust_done(). */
int trust_ref_new(text note, struct directory_ref **ret, struct err *e);
/* A further holder of the one in force; NULL. */
struct directory_ref *trust_hold(struct trust *t);
/* The rows that others may have changed; under `changing`. */
int trust_reread(struct trust *t, struct err *e);
/* Reads "own" rows anew: key, next key, code. Under `changing`. */
int trust_read_self(struct trust *t, struct err *e);

/*
 * A note of a text that may follow the one in force (its name, number and hash of the one before
 * fit; `now` NULL: number 1): kept with what is known of its signatures, and put in force when it
 * may be. `vote`: to be written with it, in one write; NULL. Under `changing`.
 */
int trust_consider(struct trust *t, const struct directory_ref *next,
                   const struct kept_change *vote, struct err *e);
/* Puts a note in force without a look at who signed it: of an invitation that names its hash. */
int trust_enforce(struct trust *t, struct directory_ref *next, const struct kept_change *vote,
                  struct err *e);

/* Signs a text for this node, once a number and round, and considers it. ERR_CONFLICT: another text
 * of that round was signed, or another one has come into force meanwhile. Under `changing`. */
int trust_sign_text(struct trust *t, text body, struct err *e);

/* The round in which a text of the next number may be signed now. */
int trust_open_round(struct trust *t, const struct directory *now, uint64_t *ret_round,
                     struct err *e);

/* The text of the next number, in a round that is open, with a change. In the arena. */
int trust_next_text(struct trust *t, const struct trust_change *c, struct arena *a, text *ret_body,
                    struct err *e);
int trust_apply(struct directory *d, const struct trust_change *c, int64_t at_ms, struct arena *a,
                struct err *e);
/* What a text would change, in words: all of it. */
void trust_describe(const struct directory *now, const struct directory *next, struct buf *out);

/* Of a node that was removed: its member key, and the one that waited, go from the rows, so that
 * trust_own_key() makes another. Under `changing`. */
int trust_forget_spent(struct trust *t, struct err *e);
/* The key of this node, made and kept unless there is one for this code. */
int trust_own_key(struct trust *t, text ods, struct err *e);
struct member trust_member_of(const struct trust *t, const struct trust_self_config *self);

/* {"notes": [...], "number", "hash"}: numbers behind one, and the texts that wait. */
int trust_tell(struct trust *t, uint64_t after, struct arena *a, text *ret, struct err *e);
/* --- trust_invite.c -----------------------------------------------------------------------------
 */

struct invitation {
    text ods, name; /* who is invited, into which locality */
    uint64_t number;
    uint8_t hash[32];   /* of the directory in force when it was written */
    text code;          /* base64url */
    struct member from; /* the inviter */
};
/* ERR_SYNTAX: this is none, or not whole. */
int trust_invitation_read(text t, struct arena *a, struct invitation *ret, struct err *e);
/* A member as JSON: in invitations, and in what asks to be taken in. */
void trust_member_print(const struct member *m, struct buf *out);
int trust_member_read(const yyjson_val *v, struct member *ret, struct err *e);
/* The key of a row of invite: of its code. */
void trust_invite_hash(text code, uint8_t ret[32]);
/* A row of invite: until when it is good, and for whom; false: it is not of its form. */
bool trust_invite_read(text value, int64_t *ret_until_ms, text *ret_ods);
/* Of a node that has asked to be taken in and is not: asks again. */
int trust_join_again(struct trust *t, struct err *e);

/* D7. A round of asking after allies' directories; what is kept of one (?ally=HASH&after=NUMBER).
 */
int trust_ally_round(struct trust *t, const struct directory *d, struct err *e);
int trust_ally_tell(struct trust *t, text query, struct arena *a, text *ret, struct err *e);
void trust_allies_done(struct trust *t);

/* Big endian, so that rows stand in order. */
void trust_row_key(uint64_t number, uint64_t round, char ret_key[16]);
uint64_t trust_row_number(text key);

#endif
