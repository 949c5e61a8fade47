/*
 * Calls to nodes whose keys are known beforehand: TLS 1.3 with certificates on both sides, each
 * pinned by its key. Names, dates and authorities of certificates are not looked at, and addresses
 * of private networks are allowed: whoever gives address and pins vouches for both.
 *
 * Several calls at once with one deadline; connections are kept between calls. Redirects are not
 * followed, no proxy stands between, and nothing is decompressed.
 */
#ifndef KITH_NET_PEERS_H
#define KITH_NET_PEERS_H

#include "net/client.h"

struct peers;

/* `pem`: the own certificate and its key (net/certificate.h); copied. Empty: none is shown. */
int peers_new(text pem, struct peers **ret_peers, struct err *e);
/* Nobody may be calling any more. NULL is allowed. */
void peers_free(struct peers *p);
/* Another certificate for calls from now on; connections that were kept are closed. ERR_MEMORY. */
int peers_renew(struct peers *p, text pem, struct err *e);

enum { PEER_PINS_MAX = 4 };

struct peer_exchange {
    text method;       /* "GET", "POST" ... */
    text url;          /* "https://..." */
    text content_type; /* empty: no body is sent */
    text body;
    const uint8_t (*pins)[32]; /* SHA-256 of the SubjectPublicKeyInfo: one of these */
    size_t pin_count;          /* 1 to PEER_PINS_MAX */
    uint64_t most_bytes;       /* of the answer's body; with more the call fails as they arrive */
    /* Set: */
    int result; /* ERR_TIMEOUT: no whole answer by the deadline; ERR_FORBIDDEN: another key;
                   ERR_TOO_LARGE; ERR_IO: no way to it; ERR_INVALID, ERR_MEMORY */
    struct err err;
    struct http_answer answer; /* with result 0; http_answer_done() */
    int64_t took_ms;
};

/* All at once, from any thread; returns when each has its result, at the deadline (clock_mono_ns())
 * at the latest. */
void peers_call(struct peers *p, struct peer_exchange *calls, size_t count, int64_t deadline_ns);

#endif
