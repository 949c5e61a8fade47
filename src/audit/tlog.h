/*
 * Merkle trees of RFC 6962 (section 2.1) over tiles of C2SP tlog-tiles, and the checks of proofs
 * (RFC 9162, sections 2.1.3.2 and 2.1.4.2). What makes a log and what checks one share nothing but
 * this. No I/O but through a `struct tlog_source`.
 */
#ifndef KITH_AUDIT_TLOG_H
#define KITH_AUDIT_TLOG_H

#include "base/arena.h"
#include "base/err.h"

enum {
    TLOG_HASH = 32,
    TLOG_TILE = 256, /* hashes of a full tile */
    TLOG_LEVELS = 8, /* levels of tiles: 256^8 leaves are more than a number can count */
    TLOG_PROOF_MAX = 64,
    TLOG_PATH_MAX = 64, /* "tile/0/x001/x234/067.p/255", with its NUL */
};

struct tlog_hash {
    uint8_t b[TLOG_HASH];
};

/* SHA-256, with what is costly to set up kept for the next call. One thread at a time. */
struct sha;
struct sha *sha_new(void); /* NULL: no memory */
void sha_free(struct sha *s);
struct tlog_hash sha_of(struct sha *s, const text *parts, size_t count);
struct tlog_hash sha_leaf(struct sha *s, text data);
struct tlog_hash sha_node(struct sha *s, const struct tlog_hash *left,
                          const struct tlog_hash *right);

bool tlog_same(const struct tlog_hash *a, const struct tlog_hash *b);
/* Of no leaves at all. */
struct tlog_hash tlog_empty(struct sha *s);

/* --- tiles ------------------------------------------------------------------------------------ */

struct tlog_place {
    bool entries;   /* a bundle of entries; level is 0 */
    unsigned level; /* below TLOG_LEVELS */
    uint64_t index;
    unsigned width; /* 1 to 256; 256 is full */
};

/* How many hashes a tree of this size has at a level, outside its full tiles included. */
uint64_t tlog_level_size(uint64_t size, unsigned level);
/* NUL-terminated into out. Returns its length. */
size_t tlog_path(const struct tlog_place *place, char out[TLOG_PATH_MAX]);
/* The exact form that tlog_path() writes, nothing else. */
bool tlog_path_read(text path, struct tlog_place *ret_place);

/* Where tiles come from: width hashes, 32 bytes each, into `to`. */
struct tlog_source {
    int (*tile)(void *context, const struct tlog_place *place, uint8_t *to, struct err *e);
    void *context;
};

/* A tree of one size, read from tiles. Keeps the tile last read of each level (64 kB). */
struct tlog_tree;
struct tlog_tree *tlog_tree_new(const struct tlog_source *source, uint64_t size);
void tlog_tree_free(struct tlog_tree *t);

int tlog_root(struct tlog_tree *t, struct tlog_hash *ret_root, struct err *e);
int tlog_leaf(struct tlog_tree *t, uint64_t leaf, struct tlog_hash *ret_hash, struct err *e);
/* RFC 6962, 2.1.1. leaf < size. */
int tlog_prove_leaf(struct tlog_tree *t, uint64_t leaf, struct tlog_hash proof[TLOG_PROOF_MAX],
                    size_t *ret_count, struct err *e);
/* RFC 6962, 2.1.2. 0 < old <= size. */
int tlog_prove_old(struct tlog_tree *t, uint64_t old, struct tlog_hash proof[TLOG_PROOF_MAX],
                   size_t *ret_count, struct err *e);

/* --- checks ----------------------------------------------------------------------------------- */

bool tlog_check_leaf(struct sha *s, uint64_t leaf, uint64_t size, const struct tlog_hash *leaf_hash,
                     const struct tlog_hash *proof, size_t count, const struct tlog_hash *root);
/* That the tree of the old size is the beginning of the other. False for an old size of 0, of which
 * nothing can be proved: every tree begins with the empty one. */
bool tlog_check_old(struct sha *s, uint64_t old, uint64_t size, const struct tlog_hash *old_root,
                    const struct tlog_hash *root, const struct tlog_hash *proof, size_t count);

#endif
