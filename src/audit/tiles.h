/* The tiles of a log as files below its folder: made leaf by leaf, and read. */
#ifndef KITH_AUDIT_TILES_H
#define KITH_AUDIT_TILES_H

#include "audit/tlog.h"
#include "base/err.h"

/* The right edge of the tree: of each level what is in its last tile. About 70 kB. */
struct tiles {
    int dir;
    struct sha *sha;
    uint64_t size;
    uint64_t index[TLOG_LEVELS]; /* of the tile that is being filled */
    unsigned count[TLOG_LEVELS]; /* hashes in it, below 256 */
    bool changed[TLOG_LEVELS];   /* since it was written */
    struct tlog_hash edge[TLOG_LEVELS][TLOG_TILE];
};

/* The edge of a tree of this size, from the files. ERR_CORRUPT: a tile is missing or of a wrong
 * length. */
int tiles_open(struct tiles *t, int dir, struct sha *sha, uint64_t size, struct err *e);
/* Writes what becomes full. */
int tiles_add(struct tiles *t, const struct tlog_hash *leaf, struct err *e);
/* Writes the partial ones. */
int tiles_flush(struct tiles *t, struct err *e);
/* A checkpoint of `now` is there: partial tiles that `before` had and that are full now may go. */
void tiles_settle(const struct tiles *before, const struct tiles *now);
/* There will be none: removes what tiles_add() and tiles_flush() have written since `before`. */
void tiles_withdraw(const struct tiles *before, const struct tiles *now);
struct tlog_hash tiles_root(const struct tiles *t);

/* Tiles from files below an open folder, whose number must live as long. A partial one may also be
 * the beginning of the full one. */
struct tlog_source tiles_source(const int *dir);

#endif
