/*
 * Inside rest/: entries of the access log, rolled up so that a patient's list stays short: the same
 * person, class, kind and day (UTC) together, what programs read by client and day, newest first.
 * Pure.
 */
#ifndef KITH_REST_ACCESS_ROLLUP_H
#define KITH_REST_ACCESS_ROLLUP_H

#include "audit/audit.h"
#include "base/map.h"

struct rollup_row {
    struct audit_event event; /* of the newest entry; what differs is left empty */
    uint64_t newest;          /* its leaf */
    bool silent;              /* tells its place and time alone: not disclosed yet, or erased */
    bool erased;
    uint64_t *seqs;
    size_t seq_capacity;
    uint64_t *leaves;
    size_t leaf_capacity;
    size_t count;
    text types[8]; /* what it was about, each type once */
    size_t type_count;
    bool one_kind; /* all were of event.kind; else all have read, one way or another */
    bool one_what; /* all were about event.what */
    text peers[8]; /* other organisations that were asked, or have answered, each once: ODS codes */
    size_t peer_count;
};

struct rollup {
    struct arena *arena;
    int64_t now_ms;
    bool tells_all; /* also what is not to be disclosed to the patient yet */
    struct rollup_row *rows;
    size_t count;
    size_t capacity;
    struct map places; /* what rows are told apart by -> its place + 1 */
    int64_t last_ms;
};

void rollup_init(struct rollup *r, struct arena *a, int64_t now_ms, bool tells_all);
/* Newest first. What the entry points to must stay. 0 or ERR_MEMORY. */
int rollup_add(struct rollup *r, const struct audit_entry *entry);
void rollup_done(struct rollup *r);

/* Days since 1970 of an entry, so that a page need not end in the middle of one. */
int64_t rollup_day(const struct audit_entry *entry);

/* Whether an entry is not to be told of to the patient yet, but for its place and time. */
static inline bool rollup_withholds(const struct audit_event *event, int64_t now_ms)
{
    return event->disclose_after_ms && event->disclose_after_ms > now_ms;
}

/* The rows as a JSON array (docs/access-operations.md). Without places: for those who may not know
 * how many entries there are. */
void rollup_print(const struct rollup *r, bool places, struct buf *out);

#endif
