/*
 * Nodes of a simulated locality that have trust, feed, places and copies alone: 0 the home, 1 and 2
 * hold, 3 asks. For tests of places*.c and copies*.c.
 */
#ifndef KITH_TESTS_LOCALITY_PLACES_KIT_H
#define KITH_TESTS_LOCALITY_PLACES_KIT_H

#include "locality/ask.h"
#include "locality/copies.h"
#include "members.h"
#include "sim.h"

#include <openssl/sha.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { HOME, ONE, TWO, ASKER, NODES };
#define MINUTE INT64_C(60000)

struct node {
    size_t at;
    struct trust *trust;
    struct feed *feed;
    struct places *places;
    struct copies *copies;
    struct copies_take take;
    struct feed_take inner; /* of `take` */
};

/* What a test sees; it outlives crashes. */
struct places_seen {
    struct sim *s;
    struct members *m;
    bool says_yes[NODES];
    unsigned ended; /* copy-ended rows that came */
};
extern struct places_seen seen;

void begin(uint64_t seed);
void end(void);
void run(int64_t ms);
struct node *node(size_t i);
text ods(size_t i);
struct subject ana(void);
/* The holder tells the home. */
void contact(size_t holder);
/* Patient/1, as ana(), registered with a practice. */
void person_at(size_t at, const char *practice);

#endif
