/* Private to copies*.c. */
#ifndef KITH_LOCALITY_COPIES_INT_H
#define KITH_LOCALITY_COPIES_INT_H

#include "locality/copies.h"

enum { COPIES_KEY = 32 + 10, COPIES_PLAIN = 16, COPIES_ROW_MEMORY = 1 << 20, COPIES_RESTING = 64 };

/* A holder that is not asked again before some time. */
struct copies_resting {
    char ods[10];
    int64_t until_ms;
};

struct copies {
    const struct loc_world *world;
    struct trust *trust;
    struct feed *feed;
    struct places *places;
    struct copies_resting resting[COPIES_RESTING]; /* of the courier alone */
};

/* given, hold: two numbers under person and ODS code. */
struct copies_pair {
    uint64_t consent;
    int64_t at_ms; /* given: since when; hold: until when */
};
void copies_key(const uint8_t person[32], text ods, char ret[COPIES_KEY]);
void copies_value(const struct copies_pair *pair, char ret[COPIES_PLAIN]);
bool copies_pair_read(text value, struct copies_pair *ret);
/* *ret_found false: there is none. */
int copies_pair_get(struct copies *c, const char *kind, const char key[COPIES_KEY],
                    struct copies_pair *ret, bool *ret_found, struct err *e);
int copies_no_memory(struct err *e);

/* The changes that end all copies of a person from a holder. */
int copies_drop(struct copies *c, const char key[COPIES_KEY], struct arena *a,
                struct kept_change **ret_changes, size_t *ret_count, struct err *e);

#endif
