/* Private to the files of rest/links.h. */
#ifndef KITH_REST_LINKS_INT_H
#define KITH_REST_LINKS_INT_H

#include "base/hash.h"
#include "rest/links.h"

#include <pthread.h>

/* How often somebody may ask: so much at once, and as much again in a minute (links_gate.c). */
enum { GATE_SETS = 512, GATE_WAYS = 4, GATE_OF_ADDRESS = 120, GATE_OF_LINK = 10 };

struct gate_row {
    uint64_t key; /* 0: free */
    int64_t at_ms;
    int64_t left; /* a request is 60,000 of these, one for each ms of its minute */
};
struct gate {
    pthread_mutex_t lock;
    struct hash_key key;
    struct gate_row rows[GATE_SETS][GATE_WAYS];
};
void gate_init(struct gate *g);
void gate_done(struct gate *g);
/* Takes one request of `most` a minute from whoever `name` is. False: there is none left. */
bool gate_take(struct gate *g, text name, int64_t most, int64_t now_ms);

struct links {
    struct kept *kept;
    pthread_mutex_t lock; /* of a row from its reading to its writing */
    struct gate gate;
    pthread_t sweeper;
    pthread_mutex_t wake_lock;
    pthread_cond_t wake;
    bool sweeps, ends;
};

#endif
