/*
 * Some members of a locality in one process, for tests of witnesses alone: rows in memory, logs as
 * plain lists of leaf hashes with roots and proofs worked out by the definition (RFC 6962, 2.1), a
 * network that loses what it is told to lose. One of them may have two faces: two histories, each
 * shown to some of the others.
 */
#ifndef KITH_TESTS_WITNESS_WORLD_H
#define KITH_TESTS_WITNESS_WORLD_H

#include "audit/cosign.h"
#include "base/random.h"
#include "locality/witness.h"

enum { WORLD_NODES_MAX = 9, WORLD_LEAVES_MAX = 400, WORLD_ROWS_MAX = 4000 };

struct scene;

struct tree {
    struct tlog_hash leaf[WORLD_LEAVES_MAX];
    size_t size;
};

struct kept_row {
    char kind[24];
    char *key, *value;
    size_t key_n, value_n;
};

struct node {
    struct scene *scene;
    size_t index; /* of the member */
    struct tree log;
    struct kept_row *rows;
    size_t row_count;
    char alarms[16384];
    bool up;
    bool silent; /* answers no questions for consistency */
    /* A crash at the so-manyth write from now (0: none), which is done (or not) before it. */
    unsigned crash_at;
    bool crash_done;
    struct buf published;
    struct loc_world world;
    struct trust *trust;
    struct witness *witness;
};

struct scene {
    size_t count;
    struct node node[WORLD_NODES_MAX + 1]; /* [count]: the other face of the first */
    bool two_faced;
    bool sees_other[WORLD_NODES_MAX]; /* who is shown the other face */
    int64_t now;
    struct prng random;
    unsigned drop; /* of 100 requests and answers */
    struct arena arena;
};

/* All up, with empty logs, in one directory. */
void world_new(struct scene *s, size_t count, uint64_t seed);
void world_free(struct scene *s);
void world_start(struct scene *s, size_t node);
void world_stop(struct scene *s, size_t node);
/* A new directory for all: without the last `without` members, or with another key for the log of
 * one (-1: none). */
void world_directory(struct scene *s, size_t without, int other_log_key);

const char *world_ods(size_t member);
const struct note_signer *world_log_key(size_t member);
const struct note_key *world_member_key(size_t member);

void tree_grow(struct tree *t, struct prng *random, size_t by);
struct tlog_hash tree_root(const struct tree *t, size_t size);
/* Consistency from one size to another, both above 0. */
size_t tree_proof(const struct tree *t, size_t from, size_t to, struct tlog_hash *ret);
/* The checkpoint of a member's log at a size of a history, signed. */
text world_note(struct scene *s, size_t member, const struct tree *t, size_t size);
/* The body of add-checkpoint. */
text world_offer(struct scene *s, size_t old, const struct tlog_hash *proof, size_t count,
                 text note);
/* All do a round, one after another, then the clock moves on. */
void world_rounds(struct scene *s, unsigned count);
bool world_alarmed(const struct node *n, const char *kind, size_t member);

/* How many have cosigned a member's checkpoint, which has to hold; and its size. */
size_t world_cosigners(struct scene *s, size_t member, text note, uint64_t *ret_size);
/* The first member's two histories, which part after so many entries. */
void world_fork_at(struct scene *s, size_t common, size_t one, size_t other);

#endif
