/* Private to move*.c. */
#ifndef KITH_LOCALITY_MOVE_INT_H
#define KITH_LOCALITY_MOVE_INT_H

#include "base/buf.h"
#include "format/json.h"
#include "locality/move.h"

#include <pthread.h>

#define MOVE_STATE_TABLE(X)                                                                 \
    X(WANTED, "wanted")     /* to be given: it is being packed */                           \
    X(OFFERED, "offered")   /* packed; whoever it is for fetches it */                      \
    X(RECEIVED, "received") /* they have signed that they have it; the home is to change */ \
    X(ASKED, "asked")       /* to be taken: whoever has it has been asked */                \
    X(FETCHING, "fetching")                                                                 \
    X(PROPOSED, "proposed") /* it was not asked for, and waits until somebody here does */  \
    X(STORING, "storing")                                                                   \
    X(DONE, "done")                                                                         \
    X(FAILED, "failed")
enum move_state {
#define MOVE_STATE_ENUM(name, code) MOVE_##name,
    MOVE_STATE_TABLE(MOVE_STATE_ENUM)
#undef MOVE_STATE_ENUM
        MOVE_STATE_COUNT
};

enum {
    MOVE_LINE_MAX = 16384,
    MOVE_MEMORY = 256 << 20, /* the cap only */
    MOVE_A_ROUND = 16,       /* moves that are looked at in a round */
    MOVE_PIECES_A_ROUND = 8,
    MOVE_CALL_MS = 20000,
    MOVE_AGAIN_MS = 3000, /* after a member could not be reached */
    MOVE_ROUND_MS = 1000, /* after that the courier's other work comes first */
    MOVE_TREE = 100,
    MOVE_WHY_MAX = 500,
    MOVE_KEPT_DAYS = 30, /* a parcel that nobody fetches */
    MOVE_ID_ROOM = 40,
    MOVE_OPEN_MOST = 100, /* under way with one member: what it asks or offers beyond is refused */
};

struct move {
    text id;      /* of the parcel, too: UUID */
    text peer;    /* ODS code */
    text patient; /* id here; empty: not known yet */
    struct subject subject;
    bool gives;
    bool is_asked; /* whoever gets it has asked for it */
    enum move_state state;
    int64_t at_ms, changed_ms;
    uint64_t pieces; /* of those stored */
    text why;        /* of FAILED; else what people have to know */
    text was;        /* the row's value */
};

struct moves {
    pthread_mutex_t beginning; /* one at a time, so that of two for a patient one is refused */
    const struct loc_world *world;
    struct trust *trust;
    struct feed *feed;
    struct places *places;
    int64_t next_ms; /* the courier's alone, as this: behind which one it goes on */
    char last[MOVE_ID_ROOM];
};

int move_no_memory(struct err *e);
int move_get(struct moves *m, text id, struct arena *a, struct move *ret, struct err *e);
text move_piece_key(text id, size_t i, struct arena *a);
struct kept_change move_kept(enum kept_change_kind change, const char *kind, text key, text value);
/* The changes of a new state: two. One that has failed stays open until nothing is left of it. */
int move_changes(const struct move *v, struct arena *a, struct kept_change ret[2], struct err *e);
/* Writes it, with a row that tells the peer (`said` NULL: none) and `more`. ERR_CONFLICT: it has
 * changed meanwhile. */
int move_to(struct moves *m, struct move *v, enum move_state state, const char *why,
            const char *said, text receipt, const struct kept_change *more, size_t more_count,
            struct arena *a, struct err *e);
/* It ends, with words, here and there; the courier then drops what is left, and tells people. */
int move_fail(struct moves *m, struct move *v, const char *why, struct arena *a, struct err *e);
/* About the patient, in the own log. */
int move_record(struct moves *m, const struct move *v, bool out, struct err *e);
/* How many records are moving between here and a member, and whether this patient's is one of
 * them (`patient` empty: nobody's). */
int move_under_way(struct moves *m, text patient, text peer, struct arena *a, bool *ret_patient,
                   size_t *ret_peer, struct err *e);
/* The patient is told in their own record, once of each; `practice`: it is another one now.
 * ERR_NOT_FOUND: they have no record here. */
enum move_news {
    MOVE_NEWS_REFUSED,
    MOVE_NEWS_LEAVES,
    MOVE_NEWS_LEFT,
    MOVE_NEWS_CAME,
    MOVE_NEWS_FAILED
};
int move_tell(struct moves *m, const struct move *v, enum move_news news, bool practice,
              struct arena *a, struct err *e);
/* The peer has asked for the record in vain: in the patient's log, and a notice. */
int move_refused(struct moves *m, const struct move *v, struct arena *a, struct err *e);
/* The member, of the directory in force; NULL: none. Give the reference back. */
const struct member *move_member(struct moves *m, text ods, struct directory_ref **ret_ref);

/* The text that a new place signs: what it has of which parcel. */
int move_receipt_print(const struct move *v, text manifest, const struct note_signer *by,
                       struct arena *a, text *ret_note, struct err *e);
bool move_receipt_holds(text note, const struct move *v, text manifest, const struct note_key *by);

/* move_give.c, move_take.c, move_home.c: a step each; *ret_more: there is more to be done now. */
int move_pack(struct moves *m, struct move *v, struct arena *a, struct err *e);
int move_leave(struct moves *m, struct move *v, struct arena *a, struct err *e);
int move_fetch(struct moves *m, struct move *v, struct arena *a, bool *ret_more, struct err *e);
int move_store(struct moves *m, struct move *v, struct arena *a, bool *ret_more, struct err *e);
/* The patient here belongs to this member from now on. */
int move_set_home(struct moves *m, text patient, text ods, struct arena *a, struct err *e);
/* Drops the pieces; `keep_log`: not those with entries of the log. */
int move_drop_pieces(struct moves *m, text id, bool keep_log, struct err *e);

#endif
