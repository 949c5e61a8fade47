/* Private to locality_*.c of node/. */
#ifndef KITH_NODE_LOCALITY_WORLD_INT_H
#define KITH_NODE_LOCALITY_WORLD_INT_H

#include "locality/directory.h"
#include "net/peers.h"
#include "node/locality_world.h"

#include <pthread.h>
#include <sys/stat.h>

enum { PATH_ROOM = 4096, NAMES_BYTES = 1 << 16 };

struct locality_world {
    struct loc_world face;
    struct world *node;
    const struct rest *rest;
    struct kept *kept;
    struct peers *peers;
    char dir[PATH_ROOM];
    char folder[PATH_ROOM];
    char pem[PATH_ROOM];
    char next_pem[PATH_ROOM];
    char log[PATH_ROOM]; /* folder of the access log, read where no node is here */

    pthread_mutex_t lock; /* of all that follows */
    pthread_cond_t wake;
    bool woken;
    bool has_key;
    uint8_t spki[32];
    struct stat seen;   /* of tls.pem, when it was read */
    text base;          /* FHIR base as members see it; empty: they do not know this node yet */
    struct arena names; /* of bases; those that were used stay */
};

/* locality_own.c */
int locality_own(void *context, const struct caller *as, struct own_call *call, struct arena *a,
                 struct err *e);
int locality_decide(void *context, const struct caller *as, text patient,
                    struct decision *ret_decision, struct err *e);
int locality_pack(void *context, text patient, const struct record_lines *to, struct err *e);
int locality_unpack(void *context, const struct record_ask *ask, text lines,
                    struct record_taken *ret_taken, struct err *e);
/* locality_fetch.c */
int locality_fetch(void *context, struct fetch_call *call, struct arena *a, struct err *e);
int locality_seal(void *context, text bytes, struct arena *a, text *ret_sealed, struct err *e);
int locality_unseal(void *context, text sealed, struct arena *a, text *ret_bytes, struct err *e);
/* locality_alarm.c */
int locality_alarm(void *context, const char *kind, text member, text words, struct err *e);

#endif
