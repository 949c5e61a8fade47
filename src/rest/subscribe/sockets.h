/*
 * Inside rest/subscribe/: which websockets are bound to which subscription. A client asks for a
 * token ($get-ws-binding-token), connects, and sends "bind-with-token TOKEN"; tokens live a minute
 * and count once.
 */
#ifndef KITH_REST_SUBSCRIBE_SOCKETS_H
#define KITH_REST_SUBSCRIBE_SOCKETS_H

#include "net/websocket.h"

enum { SOCKET_TOKEN_ROOM = 33, SOCKET_TOKEN_MS = 60 * 1000 };

struct sockets;

struct sockets_config {
    /* Somebody has bound: prints what greets them. False: the subscription is not there any more.
     * From the thread of the sockets, with no lock held. */
    bool (*bound)(void *context, text subscription, struct buf *out);
    /* And is listening from now on. */
    void (*listens)(void *context);
    void *context;
};
int sockets_open(const struct sockets_config *config, struct sockets **ret, struct err *e);
/* NULL is allowed. */
void sockets_close(struct sockets *s);

/* A token for one subscription. ERR_TOO_MANY. */
int sockets_token(struct sockets *s, text subscription, char ret[SOCKET_TOKEN_ROOM],
                  int64_t *ret_ends_ms, struct err *e);
int sockets_upgrade(struct sockets *s, const struct http_request *request, struct http_reply *reply,
                    struct err *e);

/* The subscription has gone: nobody is bound to it any more, and its tokens do not count. Another
 * one of its id may be somebody else's. */
void sockets_drop(struct sockets *s, text subscription);
/* How many of those that are bound to it have taken a message; 0: nobody listens now. */
size_t sockets_send(struct sockets *s, text subscription, text message);
/* Whether anybody listens. */
bool sockets_has(struct sockets *s, text subscription);

#endif
