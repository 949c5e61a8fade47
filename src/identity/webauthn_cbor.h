/*
 * CBOR (RFC 8949) as authenticators write it (CTAP2 canonical form), and nothing else: definite
 * lengths, integers in their shortest form, no tags, no floating point, no key twice, at most
 * CBOR_ITEMS_MAX entries in a map or array, CBOR_DEPTH_MAX deep. Takes no memory.
 */
#ifndef KITH_IDENTITY_WEBAUTHN_CBOR_H
#define KITH_IDENTITY_WEBAUTHN_CBOR_H

#include "base/text.h"

enum { CBOR_ITEMS_MAX = 16, CBOR_DEPTH_MAX = 4 };

struct cbor {
    text rest; /* not read yet */
};

enum cbor_kind {
    CBOR_UNSIGNED,
    CBOR_NEGATIVE,
    CBOR_BYTES,
    CBOR_TEXT,
    CBOR_ARRAY,
    CBOR_MAP,
    CBOR_SIMPLE
};

struct cbor_item {
    enum cbor_kind kind;
    uint64_t value; /* the number (of a negative one: -1 - n), the length, or the count */
    text bytes;     /* of a string */
};

/* All return false where the bytes are not of this form; then nothing more can be read. */

/* One item; what is in an array or map comes next. */
bool cbor_read(struct cbor *c, struct cbor_item *ret);
/* Past one item and all that is in it. */
bool cbor_skip(struct cbor *c);

struct cbor_map {
    uint64_t left;
    text seen[CBOR_ITEMS_MAX]; /* encoded keys */
    size_t count;
};
bool cbor_map_begin(struct cbor *c, struct cbor_map *ret);
/* The next key: an integer or text. The value comes next. Call it `left` times. */
bool cbor_map_key(struct cbor *c, struct cbor_map *m, struct cbor_item *ret_key);

/* Whether it is this integer. */
bool cbor_is(const struct cbor_item *item, int64_t value);

#endif
