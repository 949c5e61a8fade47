/* The one door to randomness, and a small seeded generator for work that must be repeatable. */
#ifndef KITH_BASE_RANDOM_H
#define KITH_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* n unpredictable bytes from the kernel. Never fails: without randomness the process ends. */
void random_bytes(void *to, size_t n);

#define UUID_SIZE 37

/*
 * A new UUID, version 7 (RFC 9562): 48 bits of time in milliseconds, then random bits. Lower case,
 * NUL-terminated. Ids that are made one after another stand near each other in an index.
 */
void random_uuid(char out[UUID_SIZE]);

/* xoshiro256**: fast, repeatable, not for secrets. */
struct prng {
    uint64_t s[4];
};

void prng_seed(struct prng *p, uint64_t seed);
uint64_t prng_next(struct prng *p);
/* Evenly in 0 .. below-1; 0 when below is 0. */
uint64_t prng_below(struct prng *p, uint64_t below);

#endif
