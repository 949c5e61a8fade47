/*
 * The access log of a node: events, each one a leaf of an append-only Merkle tree (RFC 6962 hashes,
 * C2SP tlog-tiles) with signed checkpoints (C2SP tlog-checkpoint). docs/audit.md has the form.
 *
 * An event is one line of JSON (audit/event.h). Its leaf holds no personal data: a commitment
 * SHA-256(salt || line), and the place of the event in the numbered chain of its patient. Salt and
 * line stay in the node and can be erased; the tree stays.
 *
 * Folder: journal (events, salts and leaves, in order: the truth), tile/ and checkpoint (made from
 * it, for anyone), keys, heads (places of chains: made from it, so that a start is quick).
 *
 * Durability: audit_wait() returns when the event is fsynced. Events of all threads share one
 * write and one fsync. After an I/O error nothing more is taken: ERR_IO, and whoever serves records
 * must stop doing so.
 *
 * Full disk: a file in the folder, the ballast, keeps room that is given up piece by piece, so that
 * accesses can still be noted (and records read) until somebody has made room. When that is gone,
 * too, events are refused with ERR_FULL until there is room; then all goes on by itself.
 */
#ifndef KITH_AUDIT_AUDIT_H
#define KITH_AUDIT_AUDIT_H

#include "audit/event.h"
#include "audit/tlog.h"
#include "base/arena.h"

struct audit;

struct audit_config {
    const char *dir;  /* made if absent */
    text origin;      /* name of the log in its checkpoints: "kith.care/log/Y90001" */
    bool writes;      /* takes the folder's lock; else reading only, also while a node serves */
    unsigned seal_ms; /* a checkpoint at the latest so long after an event; 0: 1000 */
    size_t ballast;   /* bytes of room that are kept for a full disk; 0: none is made */
};

/* Some 30,000 entries: what a node that serves records keeps. */
#define AUDIT_BALLAST ((size_t)16 << 20)

/* ERR_CONFLICT: another process writes; ERR_CORRUPT: the log does not fit itself, with what and
 * where. A half-written last batch is cut off (it was never acknowledged). */
int audit_open(const struct audit_config *config, struct audit **ret_audit, struct err *e);
/*
 * For a start on a full disk, before audit_open(): gives back to the disk at least so many bytes of
 * the ballast in a log's folder, or all of it. False: there is nothing left to give, or no log.
 */
bool audit_spare(const char *dir, size_t bytes);
/* Waits for what is queued; writes a checkpoint. NULL is allowed. */
void audit_close(struct audit *a);

/* --- writing ---------------------------------------------------------------------------------- */

/*
 * Queues events (copied), in order, as one batch that is written whole or not at all. *ret_ticket
 * is for audit_wait(). At most AUDIT_BATCH_MAX at once.
 * Whoever appends has to call audit_wait() or audit_watch() for the ticket: who comes first and
 * finds nobody writing writes, so that a lone entry wakes no other thread.
 */
enum { AUDIT_BATCH_MAX = 10000 };
int audit_append(struct audit *a, const struct audit_event *events, size_t count,
                 uint64_t *ret_ticket, struct err *e);
/* Until it is durable. ERR_IO: it may not be.
 * ERR_FULL: it was not written and never will be, for lack of room; the same may be asked again. */
int audit_wait(struct audit *a, uint64_t ticket, struct err *e);
/* Both in one, with the leaf hash of each: 32 bytes an event into ret_leaves. */
int audit_append_leaves(struct audit *a, const struct audit_event *events, size_t count,
                        uint8_t (*ret_leaves)[32], struct err *e);

/*
 * Waiting without a thread: tell(context, tokens, count) is called by a thread of the log, for many
 * at once, when ticket's events are durable, or never will be; audit_wait() says which, without
 * waiting. False: nobody will be told (it is so already, or no one is there to tell): call
 * audit_wait().
 */
bool audit_watch(struct audit *a, uint64_t ticket, uint64_t token);
/* Who is told. NULL: nobody; when it returns, no call is under way or to come. */
void audit_tell(struct audit *a, void (*tell)(void *context, const uint64_t *tokens, size_t count),
                void *context);

/* --- how it is ---------------------------------------------------------------------------------
 */

enum audit_state {
    AUDIT_WELL,
    AUDIT_NO_BALLAST, /* well, but the disk had no room for the ballast: it is tried now and then */
    AUDIT_SHORT,      /* the disk is full; entries go on at the cost of the ballast */
    AUDIT_FULL,       /* so is the ballast gone: entries are refused until there is room */
    AUDIT_DEAD,       /* an I/O error: nothing more is taken before a restart */
};
enum audit_state audit_state(struct audit *a);
/* SHORT or FULL. What is not needed to read records should not take the room that is left: stores
 * are to refuse writes. Without a lock. */
bool audit_is_short(const struct audit *a);

/* --- reading ---------------------------------------------------------------------------------- */

struct audit_entry {
    uint64_t leaf;            /* index in the tree */
    uint64_t patient_seq;     /* 1, 2, 3 ... in the patient's chain; 0: about no patient */
    bool erased;              /* salt and line have been erased; `line` is empty */
    text line;                /* as committed */
    struct audit_event event; /* parsed from the line */
};

uint64_t audit_size(struct audit *a);
/* ERR_NOT_FOUND. */
int audit_read(struct audit *a, uint64_t leaf, struct arena *arena, struct audit_entry *ret_entry,
               struct err *e);
/* The chain of a patient (id), newest first, from `before` (a patient_seq, UINT64_MAX: the newest)
 * on. *ret_total: how many the chain has. */
int audit_of_patient(struct audit *a, text patient, uint64_t before, size_t most,
                     struct arena *arena, struct audit_entry **ret_entries, size_t *ret_count,
                     uint64_t *ret_total, struct err *e);
/* All, newest first, before a leaf, that `wanted` takes; looks at no more than `look` entries.
 * *ret_next: where to go on, 0: that was all. */
int audit_scan(struct audit *a, uint64_t before, size_t most, size_t look,
               bool (*wanted)(void *context, const struct audit_entry *entry), void *context,
               struct arena *arena, struct audit_entry **ret_entries, size_t *ret_count,
               uint64_t *ret_next, struct err *e);
/* How many leaves there were at a time, by the node's clock, or some more (up to two minutes'): the
 * `before` of a scan that looks for what happened until then. */
uint64_t audit_at(struct audit *a, int64_t ms);

/* --- proofs ------------------------------------------------------------------------------------
 */

/* The signed note of the newest checkpoint (tlog-checkpoint), which covers all durable events when
 * `fresh`. */
int audit_checkpoint(struct audit *a, bool fresh, struct arena *arena, text *ret_note,
                     struct err *e);
/* Consistency of two trees of this log, from < to <= what its newest checkpoint covers (RFC 6962,
 * section 2.1.2). Nothing has to be proved from 0, or of equal sizes: no hashes. ERR_VALUE. */
int audit_consistency(struct audit *a, uint64_t from, uint64_t to, struct arena *arena,
                      struct tlog_hash **ret_hashes, size_t *ret_count, struct err *e);
/*
 * A checkpoint of this log with cosignatures of witnesses (audit/cosign.h), kept in the folder for
 * proofs and for anyone who asks, in the place of the one before. witnesses: the keys of those who
 * may have cosigned, a line each, then a space and a name for people; empty: as they are.
 * ERR_VALUE: it is not one of this log's own checkpoints.
 */
int audit_put_cosigned(struct audit *a, text note, text witnesses, struct err *e);
/* ERR_NOT_FOUND: nobody has cosigned one yet. */
int audit_cosigned(struct audit *a, struct arena *arena, text *ret_note, struct err *e);
int audit_witnesses(struct audit *a, struct arena *arena, text *ret_lines, struct err *e);
/* A tlog-proof@v1 of one entry; its `extra` holds what opens the commitment (docs/audit.md). The
 * checkpoint in it is the one with cosignatures, where that covers the entry. */
int audit_proof(struct audit *a, uint64_t leaf, struct arena *arena, text *ret_proof,
                struct err *e);
/* "This patient's chain has n entries at tree size N", signed: a note (docs/audit.md). */
int audit_statement(struct audit *a, text patient, struct arena *arena, text *ret_note,
                    struct err *e);
/* The key that verifies notes of this log ("name+hash+base64", as C2SP signed-note has it). */
text audit_verifier_key(const struct audit *a);
/* The bytes of a public file of the log: "checkpoint", "checkpoint.cosigned", "witnesses",
 * "tile/0/x001/067", "tile/entries/000.p/5".
 * ERR_NOT_FOUND. */
int audit_file(struct audit *a, text path, struct arena *arena, text *ret_bytes, struct err *e);

/* Takes salt and line of an entry away for good (UK GDPR art. 17); the leaf stays. */
int audit_erase(struct audit *a, uint64_t leaf, struct err *e);

/* --- copies ------------------------------------------------------------------------------------
 */

struct audit_copied {
    uint64_t leaves;
    int64_t newest_ms; /* INT64_MIN: it has no entry */
};
/*
 * Copies a log, also while a node writes it, with its keys into the new folder `to`, and verifies
 * the copy: it has all that the log's checkpoint said when it began. On failure what it made stays.
 * ERR_NOT_FOUND: no log in `from`; ERR_CONFLICT: `to` is there; ERR_CORRUPT: the log is not whole.
 */
int audit_copy(const char *from, const char *to, struct audit_copied *ret_copied, struct err *e);

/* --- after a crash ------------------------------------------------------------------------------
 */

/* Of the writes noted in the last `window_ms` of the log: whether a version (its t) is among them.
 * For the node's start, which adds an event for each version that has none. */
int audit_has_write(struct audit *a, uint64_t t, int64_t since_ms, bool *ret_has, struct err *e);
/* The time of the newest event; INT64_MIN: none. */
int64_t audit_newest_ms(struct audit *a);

#endif
