/*
 * Bodies: one version's bytes, compressed by zstd with a dictionary that was trained on the store's
 * own bodies.
 *
 * A frame names its dictionary and carries a checksum. Dictionaries are only ever added; the newest
 * is used for new bodies. Adding and using are safe from several threads; a struct body_tools
 * belongs to one thread at a time.
 */
#ifndef KITH_STORE_BODY_H
#define KITH_STORE_BODY_H

#include "base/arena.h"
#include "base/buf.h"

enum { DICTIONARY_MAX = 16, DICTIONARY_BYTES = 112 * 1024 };

struct bodies;
struct body_tools; /* working memory for compressing and decompressing */

struct bodies *bodies_new(void);
void bodies_free(struct bodies *b);

/* 0, ERR_MEMORY, or ERR_CORRUPT when the bytes are no dictionary of that number (1 ..
 * DICTIONARY_MAX). */
int bodies_add(struct bodies *b, uint32_t number, text dictionary);
/* Number of the newest dictionary, 0 when there is none. */
uint32_t bodies_newest(const struct bodies *b);

struct body_tools *body_tools_new(void);
void body_tools_free(struct body_tools *tools);

/* p == NULL: no memory. */
text body_pack(struct bodies *b, struct body_tools *tools, text packed, struct arena *a);
/* 0, ERR_MEMORY, ERR_CORRUPT, ERR_NOT_FOUND: its dictionary has not been added. */
int body_unpack(struct bodies *b, struct body_tools *tools, text body, struct arena *a,
                text *ret_packed);
/* Number of the dictionary that a body needs, 0: none. */
uint32_t body_dictionary(text body);
/* Bytes when unpacked; UINT64_MAX when the body is damaged. */
uint64_t body_length(text body);

/* Trains a dictionary: samples one after another, their sizes. 0 or ERR_INVALID (too few or too
 * alike). */
int body_train(text samples, const size_t *sizes, size_t count, uint32_t number, struct buf *out);

#endif
