/*
 * Signed notes (C2SP signed-note, Ed25519), the checkpoints in them (C2SP tlog-checkpoint), and
 * proofs of inclusion as text (C2SP tlog-proof).
 */
#ifndef KITH_AUDIT_NOTE_H
#define KITH_AUDIT_NOTE_H

#include "audit/tlog.h"
#include "base/buf.h"

enum {
    NOTE_MAX = 65536,    /* bytes of a note */
    NOTE_LINES_MAX = 64, /* signatures that are looked at */
    NOTE_NAME_MAX = 255, /* bytes of a key's name */
    NOTE_EXTRA_MAX = 131072,
    PROOF_MAX = 262144, /* bytes of a proof */
};

/* --- base64 (RFC 4648, section 4), exact: no white space, padding as it must be ----------------
 */

void base64_print(text bytes, struct buf *out);
/* False: not base64, or longer than room. */
bool base64_read(text t, uint8_t *to, size_t room, size_t *ret_n);
/* Of one hash. */
bool base64_hash(text t, struct tlog_hash *ret_hash);

/* --- keys -------------------------------------------------------------------------------------
 */

/* Of a log that signs. */
struct note_signer;
/* Of anyone who checks. Plain memory. */
struct note_key {
    char name[NOTE_NAME_MAX + 1];
    uint32_t id;
    uint8_t key[32];
};

/* Whether a key may have this name: not empty, UTF-8, no white space, control character or plus. */
bool note_name_valid(text name);
/* A fresh key; its text is "PRIVATE+KEY+name+id+base64", a secret. */
int note_signer_make(text name, struct buf *ret_text, struct err *e);
int note_signer_read(text key, struct note_signer **ret_signer, struct err *e);
void note_signer_free(struct note_signer *s);
const struct note_key *note_signer_key(const struct note_signer *s);
/* The private part (RFC 8032), a secret. */
int note_signer_seed(const struct note_signer *s, uint8_t ret_seed[32], struct err *e);

/* "name+id+base64". ERR_VALUE. */
int note_key_read(text t, struct note_key *ret_key, struct err *e);
void note_key_print(const struct note_key *key, struct buf *out);

/* --- notes ------------------------------------------------------------------------------------
 */

/* The text (which ends in a line feed), an empty line, the signature. */
int note_sign(const struct note_signer *s, text body, struct buf *out, struct err *e);
/* *ret_body is a slice of the note: the text that the key signed. ERR_FORBIDDEN: it did not;
 * ERR_SYNTAX: no note. Signatures of other keys are passed over. */
int note_verify(text note, const struct note_key *key, text *ret_body, struct err *e);
/* For notes that many sign, and of any length: the text and the lines of signatures, unchecked.
 * False: no note. */
bool note_split(text note, text *ret_body, text *ret_lines);
/* Whether a line of signature (without its line feed) is of this key, and right. */
bool note_line_holds(text line, text body, const struct note_key *key);

struct checkpoint {
    text origin;
    uint64_t size;
    struct tlog_hash root;
};

void checkpoint_print(const struct checkpoint *c, struct buf *out);
/* The origin is a slice of the body. Extension lines are refused: this log has none. */
int checkpoint_read(text body, struct checkpoint *ret_checkpoint, struct err *e);
/* note_verify() and checkpoint_read(); the origin must be the key's name. */
int checkpoint_verify(text note, const struct note_key *key, struct checkpoint *ret_checkpoint,
                      struct err *e);

/* --- proofs -----------------------------------------------------------------------------------
 */

struct proof {
    text extra; /* decoded; empty: none */
    uint64_t index;
    struct tlog_hash hashes[TLOG_PROOF_MAX];
    size_t count;
    text note; /* the signed checkpoint */
};

void proof_print(const struct proof *p, struct buf *out);
/* Not checked against anything. ERR_SYNTAX. */
int proof_read(text t, struct arena *a, struct proof *ret_proof, struct err *e);

#endif
