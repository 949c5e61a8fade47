/* What the files of the access log share: the opened log. */
#ifndef KITH_AUDIT_AUDIT_INT_H
#define KITH_AUDIT_AUDIT_INT_H

#include "audit/audit.h"
#include "audit/ballast.h"
#include "audit/heads.h"
#include "audit/journal.h"
#include "audit/note.h"
#include "audit/tiles.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    QUEUE_MAX = 64 << 20, /* bytes of lines that wait; who brings more waits, too */
    SEAL_MS = 1000,
    SEAL_LEAVES = 65536,    /* so many leaves get their tiles whatever the time */
    HEADS_LEAVES = 1 << 18, /* the ends of chains are saved after so many */
    SALTS = 128,            /* fetched from the kernel at once */
    REFUSED_MAX = 32,       /* runs of refused tickets that are told from those between them */
};

/* An item of the queue: u32 length of the patient's id, u32 length of the line (the highest bit:
 * the last of its batch), id, line. */
enum { ITEM_HEAD = 8 };
#define ITEM_LAST 0x80000000u

/* What whoever has work_lock uses; the two times may be read by all. */
struct log_work {
    struct sha *sha;
    struct tiles *tiles;
    struct tiles *sealed; /* as they were at the newest checkpoint */
    struct ballast ballast;
    _Atomic int64_t mend_at_ns; /* when the ballast is looked at again; 0: it is whole */
    struct buf taken;           /* of the queue */
    struct buf batch;           /* records */
    struct buf rows;            /* of the index */
    struct log_made *made;      /* a row for each record of the batch */
    size_t made_count, made_capacity;
    struct tlog_hash *unsealed; /* leaf hashes that are durable and in no tile yet */
    size_t unsealed_count, unsealed_capacity;
    char salts[SALTS * SALT_SIZE];
    size_t salts_left;
    uint64_t minute;            /* of the newest leaf */
    uint64_t saved;             /* leaves that heads counts in */
    _Atomic int64_t seal_at_ns; /* when unsealed leaves get their checkpoint */
};

struct log_made {
    struct head *head; /* NULL: about no patient */
    uint64_t leaf, seq;
    struct head before; /* as it was: a batch that is refused is taken back */
};

/* Tickets after `from` up to `to` were refused. */
struct audit_refused {
    uint64_t from, to;
};

/* Somebody who waits for the hashes of these tickets' leaves. */
struct audit_wanted {
    struct audit_wanted *next;
    uint64_t first, count;
    uint8_t (*to)[TLOG_HASH];
};

struct audit_watcher {
    uint64_t ticket, token;
};

struct audit {
    int dir, lock_file, journal, index;
    bool writes;
    int64_t seal_ns;
    struct note_signer *signer; /* NULL: this process cannot sign */
    struct note_key key;
    struct buf key_text;
    bool has_tags;
    struct tag_key tags;
    struct tlog_hash origin;

    pthread_mutex_t lock;            /* all of these */
    pthread_cond_t work, done, room; /* the queue has something; more is durable; it was taken */
    struct buf queue;                /* items: audit_write.c */
    uint64_t queued;                 /* tickets that were given: one for each event */
    uint64_t settled;                /* tickets of which it is known: durable, or refused */
    struct audit_refused refused[REFUSED_MAX];
    size_t refused_count;
    uint64_t size;          /* durable leaves */
    uint64_t offset;        /* of the journal: its durable end */
    uint64_t sealed;        /* leaves of the newest checkpoint */
    struct buf note;        /* that checkpoint, signed */
    struct buf cosigned;    /* one with cosignatures; empty: none */
    uint64_t cosigned_size; /* its leaves */
    struct buf witnesses;   /* who may have cosigned it */
    bool seal_asked, stopping;
    bool called;            /* there is something for the thread */
    uint64_t seals_put_off; /* for lack of room */
    bool full;              /* the newest batch was refused */
    atomic_bool is_short;   /* these two are written by the thread, for anyone */
    atomic_bool whole;      /* the ballast; or none is wanted */
    bool dead;              /* nothing more is taken; why: */
    struct err why;
    void (*tell)(void *context, const uint64_t *tokens, size_t count);
    void *tell_context;
    struct audit_watcher *watchers; /* who wait without a thread */
    size_t watcher_count, watcher_capacity;
    bool telling;
    struct audit_wanted *wanted;

    pthread_mutex_t work_lock; /* who makes things durable: before `lock`, unless tried */
    pthread_mutex_t heads_lock;
    struct heads heads;
    pthread_rwlock_t erasing; /* readers of records share it */
    pthread_t thread;
    bool has_thread;
    struct log_work work_of_thread;

    uint64_t tail_from; /* of a log that is only read: leaves from here on are found by */
    uint64_t *tail;     /* their offsets in memory, the others by the index */

    pthread_mutex_t writes_lock; /* the versions that audit_has_write() knows */
    uint64_t *versions;          /* a hash set; 0: free */
    size_t versions_capacity, versions_count;
    bool versions_known; /* of these leaves */
    uint64_t versions_from, versions_to;
};

/* audit_write.c: the thread of the queue */
int audit_start(struct audit *a, struct err *e);
/* Makes durable what is queued, unless somebody is at it (false). Called with the lock, which it
 * gives back meanwhile. */
bool audit_lead(struct audit *a);
/* audit_queue.c: called with the lock, which it gives back while it tells. */
void audit_tell_watchers(struct audit *a);
/* The leaves of the tickets behind `settled`, which become durable now. Called with the lock. */
void audit_give_leaves(struct audit *a, const struct tlog_hash *leaves, size_t count);

/* audit_seal.c: what is made from the journal. By the thread, or before there is one. */
/*
 * ERR_CORRUPT when somebody has deleted the journal, cut it, or (`by_name`, asked at each seal) put
 * another in its place: what is written then is nowhere, so nothing may be shown any more.
 */
int audit_journal_is_there(struct audit *a, bool by_name, struct err *e);
/* Tiles and checkpoint for all that is durable. ERR_FULL: they are as they were, and it is tried
 * again a little later. */
int audit_seal(struct audit *a, struct err *e);
/* The ends of chains, when many have moved or at_end; after a seal, so that they are never ahead of
 * the checkpoint. ERR_FULL: the same. */
int audit_save_heads(struct audit *a, bool at_end, struct err *e);
/* What durable leaves wait for their tiles. */
bool audit_unsealed_add(struct log_work *w, const struct tlog_hash *leaf);

/* audit_cosigned.c */
/* What the folder has of it. What does not fit this log is passed over: it can be had again. */
int audit_open_cosigned(struct audit *a, struct err *e);
/* Tiles as they are now, for trees of any size until `sealed`. The source reads them through `old`,
 * which must live as long. */
struct old_tiles {
    const int *dir;
    uint64_t sealed;
};
struct tlog_source audit_old_tiles(struct old_tiles *old);

/* audit_read.c */
int audit_offset(struct audit *a, uint64_t leaf, uint64_t *ret_offset, struct err *e);
/* A record and its place in the journal; `to` has RECORD_MAX bytes. */
int audit_record(struct audit *a, uint64_t leaf, char *to, struct record *ret_record,
                 uint64_t *ret_offset, size_t *ret_n, struct err *e);

#endif
