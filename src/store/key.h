/* The arithmetic of keys, ids and index values. Pure: knows no engine. docs/storage.md, "Keys". */
#ifndef KITH_STORE_KEY_H
#define KITH_STORE_KEY_H

#include "base/arena.h"
#include "base/hash.h"
#include "fhir/model.h"

enum {
    SERIAL_BITS = 20,
    TYPE_BITS = 8,
    COMPARTMENT_SHIFT = SERIAL_BITS + TYPE_BITS,
    COMPARTMENT_SHARED = 0,
    COMPARTMENT_UNATTRIBUTED = 512,
    COMPARTMENT_PATIENTS = 1024,
    SERIAL_COUNT = 1 << SERIAL_BITS,
};

#define RID_LAST ((uint64_t)INT64_MAX)

static inline uint64_t rid_make(uint64_t compartment, fhir_type type, uint64_t serial)
{
    return compartment << COMPARTMENT_SHIFT | (uint64_t)type << SERIAL_BITS | serial;
}

static inline uint64_t rid_compartment(uint64_t rid)
{
    return rid >> COMPARTMENT_SHIFT;
}

static inline fhir_type rid_type(uint64_t rid)
{
    return (fhir_type)(rid >> SERIAL_BITS);
}

/* Shared, unattributed or one patient's: a resource moves only when this changes. */
static inline uint64_t compartment_class(uint64_t compartment)
{
    return compartment >= COMPARTMENT_PATIENTS       ? compartment
           : compartment >= COMPARTMENT_UNATTRIBUTED ? COMPARTMENT_UNATTRIBUTED
                                                     : COMPARTMENT_SHARED;
}

/* A lower-case UUID in canonical form is kept as 0x01 and its 16 bytes, any other id as it is. */
enum { ID_UUID_SIZE = 17, ID_TEXT_SIZE = 36 };
text id_store(text id, char buffer[ID_UUID_SIZE]);
text id_show(text stored, char buffer[ID_TEXT_SIZE]);

/* The name of a resource, hashed for the table of names. */
struct name {
    fhir_type type; /* 0: a URL */
    text id;        /* as stored; may point into `uuid` */
    uint64_t hash;
    uint64_t check; /* a second, independent hash: for caches */
    char uuid[ID_UUID_SIZE];
};

struct name_hasher {
    struct hash_key key;
    uint64_t mask; /* of the bits of `hash` that are used */
};

/* *ret_name points into itself: do not copy it. id must live as long as it. */
void name_make(const struct name_hasher *hasher, fhir_type type, text id, struct name *ret_name);

/* 8 bytes, big-endian: memcmp order is numeric order. */
void put_be64(char to[8], uint64_t value);
uint64_t get_be64(const char *from);

/* The number of a system behind a token's 0x00: 1 to 4 bytes. */
enum { SYSTEM_SUFFIX_MAX = 4, SYSTEM_COUNT_MAX = 1 << 29 };
size_t system_suffix(uint64_t number, char to[SYSTEM_SUFFIX_MAX]);

/* code | 0x00 | number of the system (0: nothing). p == NULL: no memory. */
text token_value(text code, uint64_t system, struct arena *a);

/* The time of the next version: unique and increasing whatever the clock does. */
static inline uint64_t time_next(uint64_t last, int64_t now_ms)
{
    uint64_t now = now_ms > 0 ? (uint64_t)now_ms << 16 : 0;
    return now > last ? now : last + 1;
}

#endif
