/* What note.c and cosign.c share: keys of signed notes by their kind (C2SP signed-note). */
#ifndef KITH_AUDIT_NOTE_INT_H
#define KITH_AUDIT_NOTE_INT_H

#include "audit/note.h"

enum { NOTE_KEY = 32, NOTE_SIGNATURE = 64 };
/* Signs the text itself; signs a text with the time before it. */
enum note_kind { NOTE_ED25519 = 1, NOTE_COSIGNATURE = 4 };

/* SHA-256(name, line feed, kind, key), its first four bytes. */
int note_key_id(text name, enum note_kind kind, const uint8_t key[NOTE_KEY], uint32_t *ret_id,
                struct err *e);
/* "name+id+base64(kind, 32 bytes)"; the id is read, not checked. False: not of this form. */
bool note_key_parts(text t, enum note_kind kind, text *ret_name, text *ret_id,
                    uint8_t bytes[NOTE_KEY]);
void note_key_write(struct buf *out, const char *prefix, const char *name, uint32_t id,
                    enum note_kind kind, const uint8_t bytes[NOTE_KEY]);
/* A line of signature (without its line feed): whose, and what is signed with. False: no such line,
 * or more than `room` bytes behind the id. */
bool note_line_read(text line, text *ret_name, uint32_t *ret_id, uint8_t *to, size_t room,
                    size_t *ret_n);
void note_line_write(struct buf *out, const char *name, uint32_t id, text signature);

int note_sign_bytes(const struct note_signer *s, text message, uint8_t signature[NOTE_SIGNATURE],
                    struct err *e);
bool note_signature_holds(text message, const uint8_t key[NOTE_KEY],
                          const uint8_t signature[NOTE_SIGNATURE]);

#endif
