/*
 * Cosignatures of checkpoints (C2SP tlog-cosignature, version 1, Ed25519): a witness says that, at
 * a time, this was the largest tree of the log that it had seen, and that each tree before was the
 * beginning of it.
 */
#ifndef KITH_AUDIT_COSIGN_H
#define KITH_AUDIT_COSIGN_H

#include "audit/note.h"

enum { COSIGN_LINE_MAX = 512, COSIGN_KEYS_MAX = 1000 };

/* Of a witness. Plain memory; another type than a note_key, since what one of them has signed must
 * never be taken for what the other has. */
struct cosign_key {
    char name[NOTE_NAME_MAX + 1];
    uint32_t id;
    uint8_t key[32];
};

/* The key by which somebody with this key of notes cosigns: the same name and key, another id. */
int cosign_key_of(const struct note_key *key, struct cosign_key *ret_key, struct err *e);
/* "name+id+base64", of a cosignature (kind 4) or of notes (kind 1, as cosign_key_of()). ERR_VALUE.
 */
int cosign_key_read(text t, struct cosign_key *ret_key, struct err *e);
void cosign_key_print(const struct cosign_key *key, struct buf *out);
/* A line each; what stands behind a space is for people, as are lines with # and empty ones.
 * ERR_DUPLICATE: two names of one key are still one witness. ERR_TOO_LARGE: more than
 * COSIGN_KEYS_MAX. */
int cosign_keys_read(text lines, struct arena *a, struct cosign_key **ret_keys, size_t *ret_count,
                     struct err *e);

/* The line of signature, with its line feed, of a text at a time (seconds since 1970, >= 0). */
int cosign(const struct note_signer *s, text body, int64_t seconds, struct buf *out, struct err *e);
/* Whether a line (without its line feed) is of this key, and right. */
bool cosign_line_holds(text line, text body, const struct cosign_key *key, int64_t *ret_seconds);

/*
 * Which of `keys` have cosigned a note: ret_seconds[i] says when, -1 that it has not (may be NULL).
 * Lines of others are passed over. ERR_FORBIDDEN: a line that one of them should have made is not
 * right, as signed-note wants; ERR_SYNTAX: no note.
 */
int cosign_look(text note, const struct cosign_key *keys, size_t count, int64_t *ret_seconds,
                size_t *ret_cosigned, struct err *e);

/* What a client asks of a checkpoint before it is taken. */
struct cosign_policy {
    const struct cosign_key *witnesses;
    size_t count;
    size_t quorum;
};
/* A checkpoint signed by the log's own key, and cosigned by as many as are asked for; the log's key
 * is no witness of itself. ERR_FORBIDDEN says what is missing. ret_cosigned: by how many. */
int cosign_verify(text note, const struct note_key *log, const struct cosign_policy *policy,
                  struct checkpoint *ret_checkpoint, size_t *ret_cosigned, struct err *e);

#endif
