/* Private to places*.c. */
#ifndef KITH_LOCALITY_PLACES_INT_H
#define KITH_LOCALITY_PLACES_INT_H

#include "locality/places.h"

#include <pthread.h>

enum {
    PLACES_ODS = 10,         /* a code, filled with zeros: its length tells nothing */
    PLACES_ROW = 32 + 16,    /* key of place: person, member */
    PLACES_PROBES = 1024,    /* askers that are remembered */
    PLACES_PROBES_HOUR = 20, /* L4 */
    PLACES_HEALINGS = 64,    /* homes that are remembered */
    PLACES_PROBES_ALL = 200, /* ... by all of a member, whose word the accounts are */
};

/* Somebody who asks about places and is told of none. */
struct places_probe {
    uint64_t who; /* hash; 0: free */
    int64_t since_ms;
    unsigned count;
    bool told;
};

/* A home that has compared its list with what this node has told it. */
struct places_healing {
    uint64_t who; /* hash; 0: free */
    int64_t since_ms;
    unsigned count;
};

struct places {
    const struct loc_world *world;
    struct trust *trust;
    struct feed *feed;
    struct places_away away; /* is == NULL: nobody is known to be */
    uint8_t person_key[32], member_key[32], seal_key[32];
    pthread_mutex_t lock; /* of the probes */
    struct places_probe probes[PLACES_PROBES];
    int64_t heal_ms; /* when to heal next */
    struct places_healing healings[PLACES_HEALINGS];
};

/* AES-256-GCM; `row` is the key of the row, so that none can be put at another's place. */
int places_seal(const struct places *p, text row, text plain, struct arena *a, text *ret,
                struct err *e);
int places_unseal(const struct places *p, text row, text sealed, struct arena *a, text *ret,
                  struct err *e);

void places_row_key(const struct places *p, text nhs_number, text ods, char ret[PLACES_ROW]);
/* What was told to a home. */
struct places_contact_row {
    text home;
    text by; /* the home that named it; empty: the own record does */
    struct subject subject;
};
int places_contact_read(const struct places *p, text key, text value, struct arena *a,
                        struct places_contact_row *ret, struct err *e);
/* A row `contact` to a home, in one commit with `more`. */
int places_tell(struct places *p, const struct subject *s, text home, text body,
                const struct kept_change *more, size_t more_count, struct err *e);

/* Whether the own record names other homes alone: the list here is none then, or an old one. */
int places_is_elsewhere(struct places *p, const struct subject *s, bool *ret, struct err *e);
/* The homes that this node has told of a person. */
int places_told(struct places *p, text nhs_number, struct arena *a, text **ret_ods,
                size_t *ret_count, struct err *e);

/* L4: counts one who was told of no place; of no account: all of the member. *ret_tell: it is the
 * one too many. */
void places_count_probe(struct places *p, text asker, text account, bool any, bool *ret_tell);
/* Whether a home may compare once more: each time all contacts are read. */
bool places_may_heal(struct places *p, text home);

/* What a home and a holder compare: how many, and the sum (XOR) of hashes of the people. */
struct places_digest {
    uint64_t count;
    uint8_t sum[32];
};
void places_digest_add(struct places_digest *d, const uint8_t person[32]);

#endif
