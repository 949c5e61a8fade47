/*
 * The HTTP/1.1 server (RFC 9112), with or without TLS.
 *
 * N workers share one epoll set with EPOLLONESHOT. Idle, half-read and half-written connections
 * hold no worker: their state stands in the connection. A worker that has a complete request (head
 * and body) calls `handle`, which runs plain blocking code and returns; the reply is then sent as
 * far as the socket takes it and the rest when it takes more. Requests of one connection are
 * answered in order (pipelining).
 *
 * Strict: llhttp without lenient flags; both lengths, a repeated length, bare LF, NUL, obs-fold, a
 * missing or repeated Host, and any transfer coding but chunked end the connection with 400.
 * Limits: base/limits.h.
 */
#ifndef KITH_NET_HTTP_H
#define KITH_NET_HTTP_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"

#include <sys/types.h>

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_OTHER,
};

struct http_field {
    text name; /* as sent; compare with text_eq_nocase() */
    text value;
};

/*
 * Where a body goes as it arrives, so that it may be larger than memory. Both are called by any
 * worker, one at a time.
 */
struct http_sink {
    uint64_t most; /* bytes; with more the request is refused (413) */
    /* The next bytes: chunked coding removed, Content-Encoding as it is. A code of base/err.h ends
     * the request. May block. */
    int (*take)(struct http_sink *sink, text bytes);
    /* Called once, when the request has been answered or has come to nothing. */
    void (*done)(struct http_sink *sink);
};

struct http_request {
    enum http_method method;
    text method_name;
    text target; /* as sent, origin-form: "/fhir/Patient?name=x" */
    text path;   /* of target, before '?', still percent-encoded */
    text query;  /* after '?', still encoded; p == NULL when there is no '?' */
    const struct http_field *fields;
    size_t field_count;
    text body;              /* whole, chunked coding removed, Content-Encoding gzip removed */
    struct http_sink *sink; /* it has taken the whole body, and `body` is empty; mostly NULL */
    struct arena *arena;    /* lives until the reply is sent; cap: limit request_memory */
    text peer;              /* address of the client, for the log */
    bool tls;
    /* SHA-256 of the SubjectPublicKeyInfo of the certificate that the client has shown, and whose
     * key it has used; 32 bytes. NULL: none. Only where http_config.asks_client. */
    const uint8_t *client_key;
    bool takes_gzip; /* a reply's body may be gzip (Accept-Encoding) */
};

/* The value of the first field of that name, or p == NULL. */
text http_field(const struct http_request *r, text name);

/*
 * A reply. The handler sets status and fields and writes the body into `body`, or, when the body
 * may be large, sets `more` too: it is called (by any worker, one at a time) whenever `body` has
 * been sent, to put the next piece into `body`; it returns 1 when there is more to come, 0 when
 * this was the last piece, and a negative number to break the connection off, so that the client
 * sees that the reply is not whole. With `more`, the chunked coding is used. The server adds Date,
 * Content-Length, Connection and Content-Encoding (gzip or zstd, where the client asked and the
 * body is of a compressible type >= 1 kB).
 */
/*
 * What a reply waits for before any of it leaves: something that becomes durable. ask() is called
 * once: true promises that http_wake() will be called with `wake` when it is time, and the
 * connection waits without a thread; false promises nothing. wait() blocks until it is time, and
 * decides: another answer than 0 (a code of base/err.h) is sent in place of the reply.
 */
struct http_hold {
    bool (*ask)(void *context, uint64_t ticket,
                uint64_t wake); /* NULL: the reply waits for nothing */
    int (*wait)(void *context, uint64_t ticket);
    void *context;
    uint64_t ticket;
};

/* A connection that is no longer HTTP; it never blocks. One thread at a time. */
struct http_taken;
enum {
    HTTP_TAKEN_AGAIN = -1
}; /* nothing now: *ret_want (EPOLLIN, EPOLLOUT) says for what to wait;
      below that it is broken. Reading, 0 is the end */
int http_taken_fd(const struct http_taken *t);
ssize_t http_taken_read(struct http_taken *t, char *to, size_t n, uint32_t *ret_want);
ssize_t http_taken_write(struct http_taken *t, text bytes, uint32_t *ret_want);
void http_taken_close(struct http_taken *t);

struct http_reply {
    int status;
    struct buf head; /* further fields, each "Name: value\r\n": use http_reply_field() */
    struct buf body;
    const char *content_type; /* NULL: no body */
    int (*more)(struct http_reply *reply, void *state);
    void (*more_done)(void *state); /* called once, also when the connection broke; may be NULL */
    void *more_state;
    bool no_compression; /* already compressed, or not worth it */
    bool close;          /* end the connection after this reply */
    /*
     * With status 101: when it has been sent, the connection is another protocol's (RFC 9110, 7.8),
     * and the callee's, who has to close it; `received` is what has come behind the request. Where
     * that cannot be, the connection ends without a call.
     */
    void (*take)(void *context, struct http_taken *conn, text received);
    void *take_context;
    struct http_hold hold;
};

/* Adds a field. CR, LF and NUL in the value are an error of the caller: the reply becomes a 500. */
void http_reply_field(struct http_reply *reply, text name, text value);

struct http_config {
    const char *host; /* address to listen on; NULL or "" means 127.0.0.1 */
    uint16_t port;    /* 0: any free one */
    unsigned workers; /* 0: the default, 64 (workers that wait for a commit cost nothing) */
    const struct limits *limits;
    const char *tls_cert; /* PEM chain; NULL: no TLS */
    const char *tls_key;  /* PEM; may be the same file */
    /*
     * For a listener that other nodes use: TLS 1.3 alone, and whoever connects is asked for a
     * certificate, which they need not have. Any certificate is taken, whoever signed it and
     * whatever its dates: what its key may do is the handler's to decide (client_key). Not for a
     * listener that browsers use: they would ask their user to choose a certificate.
     */
    bool asks_client;
    void (*handle)(void *context, const struct http_request *request, struct http_reply *reply);
    /*
     * Asked once for a request that has a body, when its head is there (its texts stay only for
     * the call): a sink, or NULL, and the body is collected in memory. May be NULL.
     */
    struct http_sink *(*sink)(void *context, const struct http_request *head);
    /* Asked the same: how large the body may be, collected and as it is without its coding (413);
     * NULL: limits->body_bytes, which is the most in any case. */
    uint64_t (*body_most)(void *context, const struct http_request *head);
    /* Writes the body of a reply that the server makes itself (400, 408, 413, 431, 503 ...). */
    void (*refuse)(void *context, const struct err *why, struct http_reply *reply);
    /* All handlers have ended: when it returns, nobody calls http_wake() any more. May be NULL. */
    void (*halted)(void *context);
    void *context;
};

struct http_server;

/*
 * Binds, listens and starts the workers. Refuses (ERR_FORBIDDEN) an address that is not loopback
 * when there is no TLS. The config's strings and limits must outlive the server.
 */
int http_server_start(const struct http_config *config, struct http_server **ret_server,
                      struct err *e);

/* From any thread: what http_hold.ask() was promised. `wakes` are what it was given. */
void http_wake(struct http_server *s, const uint64_t *wakes, size_t count);

/* Reads tls_cert and tls_key again, for connections from now on. On failure the old ones stay. */
int http_server_renew(struct http_server *s, struct err *e);

/* The port it listens on, and "http://127.0.0.1:8080" or "https://..." (valid until the stop). */
uint16_t http_server_port(const struct http_server *s);
text http_server_url(const struct http_server *s);

/*
 * Graceful: stops accepting, lets requests in progress finish and their replies be sent (up to
 * grace_seconds), closes idle connections at once, joins the workers and frees everything. NULL is
 * allowed.
 */
void http_server_stop(struct http_server *s, unsigned grace_seconds);

#endif
