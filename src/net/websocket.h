/*
 * WebSockets (RFC 6455), the server's side, over connections that the HTTP server gives away.
 *
 * Frames are read by a pure function; one thread has all connections. No extensions, text messages
 * alone, small ones from clients.
 */
#ifndef KITH_NET_WEBSOCKET_H
#define KITH_NET_WEBSOCKET_H

#include "net/http.h"

/* --- frames, without sockets (websocket_frame.c) ------------------------------------------------
 */

enum ws_opcode {
    WS_CONTINUATION = 0,
    WS_TEXT = 1,
    WS_BINARY = 2,
    WS_CLOSE = 8,
    WS_PING = 9,
    WS_PONG = 10
};
enum { WS_HEAD_MAX = 14, WS_CONTROL_MAX = 125 };
/* Why a connection is closed (section 7.4.1). */
enum {
    WS_GOING = 1001,
    WS_PROTOCOL = 1002,
    WS_UNSUPPORTED = 1003,
    WS_POLICY = 1008,
    WS_TOO_LARGE = 1009
};

struct ws_frame {
    enum ws_opcode opcode;
    bool last;    /* FIN */
    text payload; /* unmasked, in the input */
};
enum ws_result { WS_MORE, WS_FRAME, WS_BAD };
/*
 * The first frame of what a client has sent. Its payload is unmasked where it stands: on WS_FRAME
 * the first *ret_taken bytes are done with and are not given again. WS_BAD: *ret_why. `most`: bytes
 * of a payload.
 */
enum ws_result ws_read(char *in, size_t n, size_t most, struct ws_frame *ret, size_t *ret_taken,
                       int *ret_why);
/* A frame of the server: whole, not masked. */
void ws_print(enum ws_opcode opcode, text payload, struct buf *out);
/* Sec-WebSocket-Accept for a key; false: it is no key (16 bytes in base64). */
bool ws_accept(text key, char ret[29]);

/* --- connections (websocket.c) ------------------------------------------------------------------
 */

struct websockets;
struct websockets_config {
    size_t most;        /* connections at once; further ones are refused */
    size_t in_bytes;    /* of a client's message */
    size_t out_bytes;   /* that wait for a client; with more it is closed */
    size_t all_bytes;   /* that wait for all together; with more the one with the most is closed */
    int unkept_seconds; /* so long a client may take until websockets_keep(); else it is closed */
    /* A message; called by the one thread, which may not wait. May send. */
    void (*message)(void *context, uint64_t socket, text message);
    void (*gone)(void *context, uint64_t socket);
    void *context;
};
int websockets_open(const struct websockets_config *config, struct websockets **ret, struct err *e);
/* Closes all connections (1001). NULL is allowed. */
void websockets_close(struct websockets *w);
/* Answers a request for an upgrade; what is no such request, or comes when there are too many, is
 * refused with the code returned. */
int websockets_upgrade(struct websockets *w, const struct http_request *request,
                       struct http_reply *reply, struct err *e);
/* The client has shown that it may be here. */
void websockets_keep(struct websockets *w, uint64_t socket);
/* Queues a text message. False: the connection has gone, or takes too little. From any thread. */
bool websockets_send(struct websockets *w, uint64_t socket, text message);

#endif
