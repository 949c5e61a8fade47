/*
 * Private to net/: what the files of the server share.
 *
 * A connection stands in a slot that is never given back while the server lives. Its `word` holds
 * the generation of the slot, a number that grows with each arming, and the state:
 *
 *   FREE    no connection
 *   ARMED   waits in the epoll set; whoever changes ARMED to OWNED owns the connection
 *   OWNED   one thread works on it and nobody else touches it
 *   EVENT   OWNED, and an event has arrived meanwhile: the owner goes on instead of arming
 *
 * The sweep takes a connection whose deadline has passed in the same way as a worker does, so that
 * an owner never shares a connection with it.
 */
#ifndef KITH_NET_HTTP_INT_H
#define KITH_NET_HTTP_INT_H

#include "net/http_parse.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/types.h>

struct ssl_st;
struct ssl_ctx_st;
struct coder;

#define SECOND_NS INT64_C(1000000000)

enum { STATE_FREE, STATE_ARMED, STATE_OWNED, STATE_EVENT, STATE_MASK = 0xff };

enum phase {
    PHASE_HANDSHAKE,
    PHASE_HEAD,
    PHASE_BODY,
    PHASE_HELD, /* the reply is made, and may not leave yet: http_hold */
    PHASE_REPLY,
    PHASE_LINGER,
    PHASE_COUNT
};

/* The buffers of a request being received or answered; idle connections have none. */
struct exchange {
    struct exchange *next; /* in the pool */
    char *in;              /* received: the head, what fits of the body, and requests behind it */
    size_t in_n;
    size_t in_capacity;
    size_t in_done; /* bytes of `in` that belong to this request */
    struct http_field *fields;
    struct http_parser parser;
    bool head_known;
    bool keep_alive;
    struct arena arena;
    struct http_request request;
    struct http_reply reply;

    struct buf body;  /* received, where `in` does not hold it */
    struct buf plain; /* the body without its Content-Encoding */
    uint64_t charged; /* bytes counted in the server's body_memory */
    uint64_t body_seen;
    struct http_sink *sink; /* `body` is passed on to it and emptied */
    int64_t started;        /* when the phase began, clock_mono_ns() */

    struct buf out;   /* status line and fields, or the framing of a chunk */
    struct buf coded; /* the body as sent, when it is compressed */
    struct buf wire;  /* for TLS: small pieces put together */
    text pieces[3];   /* what is to be sent next */
    unsigned piece;
    struct coder *coder;
    bool streaming; /* more_done is still owed, and more() has more */
    bool chunked;
    bool bodiless;  /* the reply to HEAD */
    int64_t served; /* when the handler began, clock_mono_ns() */
    bool asked;     /* the reply's hold.ask() has been called */
    bool linger;    /* the client may still be sending: let it read the reply before the reset */
};

struct conn {
    _Atomic uint64_t word;
    _Atomic int64_t deadline;   /* clock_mono_ns() */
    _Atomic int64_t idle_since; /* 0: not idle */
    int fd;
    uint32_t slot;
    uint32_t want; /* events to wait for */
    enum phase phase;
    unsigned turns;   /* pipelined requests served in a row */
    uint64_t dropped; /* bytes read and thrown away while lingering */
    struct ssl_st *ssl;
    bool has_client_key; /* since the handshake */
    uint8_t client_key[32];
    struct exchange *x;
    struct conn *ready_behind; /* in the list of those that may go on */
    char peer[46];
};

struct worker {
    struct http_server *server;
    pthread_t thread;
    sem_t wake;
    struct worker *parked_behind;
    unsigned served; /* requests */
    int64_t date_second;
    char date[30]; /* "Sun, 06 Nov 1994 08:49:37 GMT" */
};

struct http_server {
    struct http_config config;
    const struct limits *limits;
    struct ssl_ctx_st *tls; /* NULL: none; else it may be exchanged, under: */
    pthread_mutex_t tls_lock;
    int epoll;
    int listener;
    int halt_event;
    uint16_t port;
    char url[320];
    struct worker *workers;
    unsigned worker_count;
    unsigned workers_started;
    struct worker sweeper;
    bool sweeper_started;

    int pollers_wanted;
    _Atomic int pollers; /* workers that are neither in a handler nor parked */
    pthread_mutex_t gate_lock;
    struct worker *parked;

    struct conn *conns; /* limits->connections slots */
    pthread_mutex_t slots_lock;
    uint32_t *free_slots;
    uint32_t free_count;
    _Atomic uint32_t used_slots; /* slots that have ever been used */
    _Atomic uint32_t open;

    int ready_event; /* readable while there are any: */
    pthread_mutex_t ready_lock;
    struct conn *ready, *ready_last;

    pthread_mutex_t pool_lock;
    struct exchange *exchanges;
    unsigned exchange_count;
    struct coder *coders;
    unsigned coder_count;

    _Atomic uint64_t body_memory;
    _Atomic bool accept_paused; /* the sweep arms the listener again */
    _Atomic bool stopping;
    _Atomic bool halted;
    pthread_mutex_t sweep_lock;
    pthread_cond_t sweep_wake;
};

/* --- http_slots.c -------------------------------------------------------------------------- */

/* Event data that is not a connection. */
#define TAG_LISTENER UINT64_MAX
#define TAG_HALT (UINT64_MAX - 1)
#define TAG_READY (UINT64_MAX - 2)

/* Takes a free slot for a new socket, as its owner; NULL when all are in use. */
struct conn *slot_take(struct http_server *s, int fd);
/* Closes the socket and frees the slot. The caller owns the connection. */
void slot_free(struct http_server *s, struct conn *c);
enum arming {
    ARM_DONE,   /* the connection is no longer the caller's */
    ARM_EVENT,  /* an event has come already: go on */
    ARM_FAILED, /* the kernel has no memory for it */
};
/* Waits for c->want. */
enum arming slot_arm(struct http_server *s, struct conn *c, bool is_new);
/* Waits for slot_own_event() by somebody else's hand: no event of the socket counts. */
enum arming slot_park(struct conn *c);
/* What slot_own_event() knows it by. */
uint64_t slot_data(const struct conn *c);
/* Becomes the owner because of an event. False: somebody else is, or the connection has gone. */
bool slot_own_event(struct http_server *s, uint64_t data, struct conn **ret_conn);
/* Becomes the owner of an armed connection whose deadline is before `now`. */
bool slot_own_late(struct conn *c, int64_t now);
/* Becomes the owner of an armed connection that is idle. */
bool slot_own_idle(struct conn *c);
/* Becomes the owner of the connection that has been idle for longest. */
struct conn *slot_own_oldest_idle(struct http_server *s);
/* The slots that may be in use. */
uint32_t slot_count(const struct http_server *s);

/* --- http_ready.c ------------------------------------------------------------------------- */

bool ready_open(struct http_server *s);
/* The next one that http_wake() was called for, and the caller owns it; NULL: none. */
struct conn *ready_take(struct http_server *s);

/* --- http_accept.c ------------------------------------------------------------------------- */

/* Binds and listens: s->listener, s->port, s->url. */
int listener_open(struct http_server *s, struct err *e);
/* Waits for connections (again). */
bool listener_arm(struct http_server *s, bool is_new);
/* Takes the connections that wait. */
void listener_accept(struct worker *w);

/* --- http_gate.c --------------------------------------------------------------------------- */

bool gate_open(struct http_server *s);
/* Before waiting for an event. */
void gate_poll(struct worker *w);
/* Around what may take long or block. */
void gate_enter(struct worker *w);
void gate_leave(struct worker *w);
/* After `halted` is set: parked workers come back. */
void gate_halt(struct http_server *s);

/* --- http_body.c -------------------------------------------------------------------------- */

enum step { STEP_GO, STEP_WAIT, STEP_PARK, STEP_CLOSE };

/* A whole head is there: goes on with the body, or with the request where it has none. */
enum step conn_head_done(struct worker *w, struct conn *c);
/* PHASE_BODY. */
enum step conn_body(struct worker *w, struct conn *c);

/* --- http_conn.c --------------------------------------------------------------------------- */

/* Goes on with a connection that the caller owns until it waits or ends. */
void conn_start(struct http_server *s, struct conn *c);
void conn_run(struct worker *w, struct conn *c);
/* For the sweep: the client was too slow. */
void conn_late(struct worker *w, struct conn *c);
void conn_close(struct http_server *s, struct conn *c);
static inline void conn_deadline(struct conn *c, int64_t from, uint64_t seconds)
{
    atomic_store_explicit(&c->deadline, from + (int64_t)seconds * SECOND_NS, memory_order_relaxed);
}
/* The server's own reply, and then the end of the connection. */
enum step conn_refuse(struct worker *w, struct conn *c, const struct refusal *why);
enum step conn_refuse_code(struct worker *w, struct conn *c, int code, const char *detail);
/* The request as a handler sees it; its run. */
void conn_fill_request(struct conn *c, text body);
enum step conn_serve(struct worker *w, struct conn *c, text body);
/* Bytes to the sink: 0 or its code. */
int conn_pass_on(struct exchange *x, text bytes);

/* --- http_taken.c -------------------------------------------------------------------------- */

/* The caller's connection is given to reply.take(); its slot is left to be freed. False: it could
 * not be. */
bool conn_give_away(struct http_server *s, struct conn *c);

/* --- http_exchange.c ----------------------------------------------------------------------- */

struct exchange *exchange_take(struct http_server *s);
void exchange_give(struct http_server *s, struct exchange *x);
void exchange_free(struct exchange *x);
/* Counts the memory of body buffers; false when all bodies together pass the limit. */
bool exchange_charge(struct http_server *s, struct exchange *x);
/* Ready for the next request; what is received of it stays. */
void exchange_reset(struct http_server *s, struct exchange *x);
/* Makes `in` at least so large. It may move: parse the head again. False: no memory. */
bool exchange_grow_in(struct exchange *x, size_t capacity);

/* --- http_io.c ----------------------------------------------------------------------------- */

enum { IO_AGAIN = -1, IO_BROKEN = -2 };

/* Bytes read; 0: the client has ended its side; IO_AGAIN: c->want says for what to wait. */
ssize_t conn_recv(struct conn *c, char *to, size_t n);
/* Sends x->pieces as far as the socket takes them: 0 when all is sent, or IO_*. Adds to *sent. */
int conn_send(struct conn *c, size_t *sent);
/* Bytes that are read but not yet asked for: epoll will not tell about them. */
bool conn_has_buffered(const struct conn *c);
/* Says that nothing more will be sent. */
void conn_end_sending(struct conn *c);

/* --- http_reply.c -------------------------------------------------------------------------- */

/* Leaves the reply empty, ready for a handler. */
void reply_start(struct http_server *s, struct exchange *x);
/* From a filled reply to bytes: sets x->pieces and what follows them. */
void reply_compose(struct worker *w, struct exchange *x);
/* Composes a reply of the server itself. */
void reply_refuse(struct worker *w, struct exchange *x, const struct refusal *why);
/* The next pieces: 1 there are some, 0 the reply is complete, -1 the handler broke it off. */
int reply_next(struct exchange *x);
/* Ends a reply, whole or not. */
void reply_end(struct http_server *s, struct exchange *x);

/* --- http_coding.c ------------------------------------------------------------------------- */

/* NULL: no memory. */
struct coder *coder_take(struct http_server *s, enum http_coding coding);
void coder_give(struct http_server *s, struct coder *c);
void coder_free_all(struct coder *c);
/* Compresses a piece behind out; `last` ends the stream. False: no memory, or out is full. */
bool coder_run(struct coder *c, text piece, bool last, struct buf *out);
/*
 * Inflates a whole gzip body (RFC 1952, one member). Errors: SYNTAX; TOO_LARGE (out's max is
 * reached, or more than 100 times the input beyond 1 MB); MEMORY; BUSY. `charge` is asked after
 * each growth of out.
 */
int gzip_inflate(text in, struct buf *out, bool (*charge)(void *state), void *state,
                 struct refusal *ret_why);

/* --- tls.c --------------------------------------------------------------------------------- */

int tls_context_new(const struct http_config *config, struct ssl_ctx_st **ret_context,
                    struct err *e);
void tls_context_free(struct ssl_ctx_st *context);
struct ssl_st *tls_new(struct http_server *s, int fd);
/* After the handshake: http_request.client_key. False: the client has shown no certificate. */
bool tls_client_key(struct ssl_st *ssl, uint8_t ret_key[32]);
void tls_free(struct ssl_st *ssl);
/* 0 when the handshake is done, or IO_*. */
int tls_handshake(struct ssl_st *ssl, uint32_t *ret_want);
ssize_t tls_read(struct ssl_st *ssl, char *to, size_t n, uint32_t *ret_want);
ssize_t tls_write(struct ssl_st *ssl, text t, uint32_t *ret_want);
bool tls_has_buffered(struct ssl_st *ssl);
void tls_end_sending(struct ssl_st *ssl);

#endif
