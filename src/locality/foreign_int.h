/* Private to foreign*.c. */
#ifndef KITH_LOCALITY_FOREIGN_INT_H
#define KITH_LOCALITY_FOREIGN_INT_H

#include "locality/foreign.h"
#include "locality/joined_int.h"

#include <pthread.h>

enum { FOREIGN_TOKEN_ROOM = 4096, FOREIGN_MEMORY = 256 << 20 };

/* What is remembered of one between requests. Under the lock of foreigns. */
struct foreign_known {
    char name[FOREIGN_NAME_MAX + 1];
    char base[1024]; /* whose token it is */
    char token[FOREIGN_TOKEN_ROOM];
    int64_t expires_ms; /* of the token; 0: none */
    int64_t away_ms;    /* not asked before */
};

struct foreigns {
    const struct loc_world *world;
    pthread_mutex_t lock;
    struct foreign_known known[FOREIGN_MAX];
};

/* One server, while it is asked. */
struct foreign_going {
    struct foreigns *f;
    const struct foreign_ask *ask;
    struct foreign server;
    struct arena a;
    struct joined_part part;
    text token;
    size_t bytes; /* that have come */
    /* A choice withholds something from somebody who may not be told so: it is asked for the person
     * and for nothing else, and what is said is what is said of a server that does not have them.
     */
    bool as_nobody;
    bool started;
    pthread_t thread;
};

/* What is remembered of a server of this name at this base, and of no other: a token goes nowhere
 * else. Under the lock; good until it is released. */
struct foreign_known *foreign_known(struct foreigns *f, const struct foreign *server);

/* foreign_token.c: a token that is valid for some time yet; `again`: the one before was refused. */
int foreign_token(struct foreign_going *g, bool again, struct err *e);

struct foreign_request {
    text url;  /* below the base, or at an address of the same origin */
    text form; /* by POST; empty: GET */
};
/* With the token: the answer as a tree; *ret_status of HTTP. ERR_TIMEOUT, ERR_IO, ERR_TOO_LARGE,
 * ERR_INVALID. */
int foreign_request(struct foreign_going *g, const struct foreign_request *r, int *ret_status,
                    yyjson_val **ret_tree, text *ret_body, struct err *e);

/* foreign_record.c: finds the person, fetches what was asked for, and holds it against J6. */
void foreign_fetch(struct foreign_going *g);

#endif
