/*
 * A hash map from text to a 64-bit number. Keys are borrowed: they must outlive the map (put copies
 * of them in an arena when they do not). Not safe for several threads without a lock.
 */
#ifndef KITH_BASE_MAP_H
#define KITH_BASE_MAP_H

#include "base/hash.h"

struct map_slot {
    text key; /* p == NULL: free */
    uint64_t hash;
    uint64_t value;
};

struct map {
    struct map_slot *slots;
    size_t count;
    size_t capacity; /* a power of two, or 0 */
    struct hash_key key;
};

void map_init(struct map *m);
void map_done(struct map *m);

/* A place for the value of `key`, found or made (then *ret_new is true and the value 0). NULL: no
 * memory. */
uint64_t *map_put(struct map *m, text key, bool *ret_new);

/* NULL when the key is not there. */
uint64_t *map_get(const struct map *m, text key);

#endif
