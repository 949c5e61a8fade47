/* What the files of the verifier share. */
#ifndef KITH_AUDIT_VERIFY_INT_H
#define KITH_AUDIT_VERIFY_INT_H

#include "audit/heads.h"
#include "audit/journal.h"
#include "audit/verify.h"

struct verifier {
    int dir, journal, index;
    bool writing; /* another process does */
    bool live;    /* what stands behind the checkpoint may be half there */
    struct sha *sha;
    struct arena arena; /* of one line */
    struct note_key key;
    struct tlog_hash origin;
    bool has_tags;
    struct tag_key tags;
    text note;
    struct checkpoint checkpoint;
    uint64_t journal_end, index_rows;

    uint64_t leaves; /* looked at */
    uint64_t whole;  /* of them, up to the end of the last whole batch */
    uint64_t record_n;
    uint64_t minute;
    struct heads heads; /* by the journal */
    struct heads saved; /* by the file */
    struct heads_place heads_place;
    bool has_heads, heads_checked;
    uint64_t *erased, *told; /* leaves whose words are gone; leaves that an entry says so of */
    size_t erased_count, erased_capacity, told_count, told_capacity;

    /* The right edge of the tree, worked out from the leaves alone. */
    struct tlog_hash edge[TLOG_LEVELS][TLOG_TILE];
    unsigned count[TLOG_LEVELS];
    uint64_t index_of[TLOG_LEVELS];
    uint64_t since;
    uint64_t cosigned;
    size_t cosigners;
};

/* ERR_CORRUPT with the leaf and what is wrong. */
int verify_wrong(struct err *e, uint64_t leaf, const char *what);
int verify_index_row(struct verifier *v, uint64_t offset, struct err *e);

/* The file of the ends of chains: read; compared when the journal is where it was saved. */
int verify_heads_open(struct verifier *v, struct err *e);
int verify_heads_at(struct verifier *v, uint64_t offset, struct err *e);

/* A leaf joins the edge; tiles that are full by it, or partial at the checkpoint, are compared with
 * their files. */
int verify_tile_leaf(struct verifier *v, const struct tlog_hash *leaf, struct err *e);
/* Root, and files of tiles that nobody has asked for yet. */
int verify_tiles_end(struct verifier *v, struct err *e);
int verify_since(struct verifier *v, text note, struct err *e);
int verify_cosigned(struct verifier *v, const struct cosign_policy *policy, struct err *e);

#endif
