/*
 * Nodes of a simulated locality that have trust and a feed alone: for tests of feed*.c. What rows
 * mean there is the test's: each leaves a row "seen", and counts.
 */
#ifndef KITH_TESTS_LOCALITY_FEED_KIT_H
#define KITH_TESTS_LOCALITY_FEED_KIT_H

#include "locality/feed_int.h"
#include "members.h"
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { NODES = 3, PEOPLE = 4 };

struct node_state {
    size_t node;
    const struct loc_world *world;
    struct trust *trust;
    struct feed *feed;
};

/* What a test sees; it outlives crashes. */
struct feed_seen {
    struct sim *s;
    struct members *m;
    uint64_t effects[NODES][NODES][PEOPLE]; /* the number of the last */
    uint64_t again;                         /* effects that were called again */
    size_t largest;                         /* body of a request */
    uint64_t requests;
    int row_fails, effect_fails; /* a code that they return; 0: none */
    bool slow;                   /* effects take time */
    bool turns_away;             /* nobody is a member here yet */
    bool ends;                   /* hasten() */
};
extern struct feed_seen seen;

void begin(uint64_t seed);
void end(void);
void run(int64_t ms);
struct node_state *node(size_t i);
struct feed_row row_about(struct feed *f, size_t person, text what);
int tell(size_t from, size_t person, const text *to, size_t count, text what, bool at_once);
bool was_seen(size_t at, size_t from, size_t person, text what);
uint64_t waiting(size_t at, size_t to);
bool alarmed(size_t at, const char *words);
text nhs_of(size_t person);
void hasten(void *context);

#endif
