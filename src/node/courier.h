/*
 * Inside node/: the node's part in a locality. Its world, the listener for other members, which is
 * open as soon as the node has a key for it; the courier, the thread that sends what waits and
 * notices within a second what `kith locality` has changed; and the watcher, which does what may
 * wait (locality_watch()).
 */
#ifndef KITH_NODE_COURIER_H
#define KITH_NODE_COURIER_H

#include "locality/locality.h"
#include "node/locality_world.h"

enum {
    COURIER_CONNECTIONS = 512, /* of members, at most */
    COURIER_BODY = 20 << 20,   /* of a request: the largest row of the feed, and some */
};

struct courier_config {
    const char *dir;
    struct world *node;
    const struct rest *rest;
    const struct limits *limits;
    const char *host; /* of the listener for members */
    uint16_t port;    /* 0: any free one */
};
struct courier;
/* The locality alone: rest/ may use it from now on. */
int courier_open(const struct courier_config *config, struct courier **ret, struct err *e);
struct locality *courier_locality(struct courier *c);
const struct loc_world *courier_world(struct courier *c);
/* Listener and thread. `port` as courier_config has it. */
int courier_start(struct courier *c, uint16_t port, struct err *e);
/* "https://127.0.0.1:8081"; empty: nobody is listened to yet. */
text courier_url(struct courier *c);
/* struct locality_view of rest/: `context` is the courier. */
text courier_name(void *context, text ods, struct arena *a);
int courier_state(void *context, struct arena *a, struct buf *out, struct err *e);
/* Members of a health reply, each with a comma before it; true: something has to be looked at. */
bool courier_health(struct courier *c, struct buf *out);
/* No further calls from members, and no thread. */
void courier_stop(struct courier *c);
/* Stops, and frees. NULL is allowed. */
void courier_close(struct courier *c);

#endif
