/* Keyed hashing (SipHash-1-3): outsiders cannot choose inputs that collide. Not a cryptographic
 * digest. */
#ifndef KITH_BASE_HASH_H
#define KITH_BASE_HASH_H

#include "base/text.h"

struct hash_key {
    uint64_t k0;
    uint64_t k1;
};

uint64_t hash_text(struct hash_key key, text t);

#endif
