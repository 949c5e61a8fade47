/*
 * Where the chain of each patient ends: a table in memory, saved now and then. It is made from the
 * journal, so what is saved is only a quick start.
 */
#ifndef KITH_AUDIT_HEADS_H
#define KITH_AUDIT_HEADS_H

#include "audit/record.h"
#include "base/arena.h"

struct head {
    struct tlog_hash tag;  /* zeros: a free place */
    struct tlog_hash hash; /* leaf hash of the newest entry */
    uint64_t seq;
    uint64_t leaf;
    uint64_t shown; /* of these two, what is durable: readers look at this only */
    uint64_t shown_seq;
};

struct heads {
    struct head *rows; /* a power of two, or NULL */
    size_t capacity;
    size_t count;
};

struct heads_place {
    uint64_t size;   /* leaves that are counted in */
    uint64_t offset; /* of the journal: where the next record begins */
};

void heads_done(struct heads *h);
/* Room for so many more, so that rows stay where they are. False: no memory. */
bool heads_reserve(struct heads *h, size_t more);
struct head *heads_find(const struct heads *h, const struct tlog_hash *tag);
/* Found or made (all zero but the tag). There must be room. */
struct head *heads_put(struct heads *h, const struct tlog_hash *tag);

/* A leaf takes its place in its chain; NULL, or what is wrong with it in words. For whoever reads
 * the journal. There must be room. */
const char *heads_follow(struct heads *h, const struct leaf *l, const struct tlog_hash *leaf_hash,
                         uint64_t leaf, uint64_t before);

/* Writes DIR/heads. */
int heads_save(const struct heads *h, const struct heads_place *place, int dir, struct err *e);
/* ERR_NOT_FOUND: there is no such file. ERR_CORRUPT. Rows are read as durable. */
int heads_load(struct heads *h, struct heads_place *ret_place, int dir, struct err *e);

#endif
