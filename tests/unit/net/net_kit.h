/* A server with a handler for tests, and raw sockets to try it with. */
#ifndef KITH_TESTS_NET_KIT_H
#define KITH_TESTS_NET_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "net/http.h"

#include <stdatomic.h>

enum { KIT_BIG = 20000, KIT_PIECE = 65536 };

struct kit {
    struct limits limits;
    struct http_config config;
    struct http_server *server;
    _Atomic int streams_ended;
    _Atomic int requests;
};

/*
 * Paths of the handler: /hello, /key (of the client's certificate, as hex; or "none"), /echo (the
 * body), /what (method, target, path, query, fields), /big (KIT_BIG bytes of JSON), /stream/N (N
 * pieces), /break (a stream that breaks off), /slow/MS (sleeps), /field (a field that would split
 * the reply), /empty (204), /huge (passes request_memory).
 */
void kit_init(struct kit *k);
void kit_start(struct kit *k);
void kit_stop(struct kit *k);

int kit_socket(void);
void kit_connect_socket(const struct kit *k, int fd);
int kit_connect(const struct kit *k);
void kit_send(int fd, text t);
/* One reply: head and body, chunked coding removed. False: the connection ended before. */
struct kit_reply {
    int status;
    struct buf head;
    struct buf body;
    bool chunked;
    int error;   /* of a body that ends with the connection: errno */
    bool broken; /* the connection ended inside the reply */
};
bool kit_read(int fd, struct kit_reply *r, bool is_head);
bool kit_read_head(int fd, struct kit_reply *r);
/* Reads and drops n bytes. */
bool kit_read_bytes(int fd, uint64_t n);
void kit_reply_done(struct kit_reply *r);
bool kit_has(const struct kit_reply *r, const char *needle);
/* True when the other side ends the connection within ms. Bytes on the way are dropped. */
bool kit_ended(int fd, int ms);
/* Sends, reads one reply, closes: its status; 0 when there was none. */
int kit_status(const struct kit *k, text request);

#endif
