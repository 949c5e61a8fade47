/*
 * The one door for outgoing HTTP (libcurl). Used by `kith import URL`, `kith export URL`, sign-in
 * by a provider outside, and the tests.
 *
 * http and https only; redirects are not followed; TLS certificates are verified; a user and
 * password in the address are refused.
 */
#ifndef KITH_NET_CLIENT_H
#define KITH_NET_CLIENT_H

#include "base/buf.h"
#include "base/err.h"

#include <stdatomic.h>

struct http_client;

/* A client keeps its connection open between calls. One thread at a time. */
int http_client_new(struct http_client **ret_client, struct err *e);
void http_client_free(struct http_client *c);

struct http_call {
    text method;       /* "GET", "POST" ... */
    text url;          /* absolute */
    text content_type; /* empty: no body is sent */
    text body;
    const char *const *fields; /* "Name: value", ended by NULL; may be NULL */
    uint64_t most_bytes;       /* of the reply's body */
    unsigned seconds;          /* for the whole call */
    unsigned ms;               /* in the place of `seconds`, where it is not 0 */
    bool secure;               /* https only; http to a loopback address counts as such */
    bool public_only; /* refuses addresses that are not of the internet (net/address.h), looked
                       * at when the name was resolved and just before that very address is
                       * connected to; goes through no proxy */
    const atomic_bool *broken_off; /* NULL, or: once it is true the call fails within a second or
                                      so, as if nobody had answered */
};

struct http_answer {
    int status;
    struct buf head; /* raw head fields, one a line, CRLF */
    struct buf body;
};

/* The answer's buffers are initialised here and belong to the caller. Errors: ERR_IO, TOO_LARGE,
 * TIMEOUT; ERR_FORBIDDEN: `secure` or `public_only` does not hold. */
int http_client_call(struct http_client *c, const struct http_call *call,
                     struct http_answer *ret_answer, struct err *e);
void http_answer_done(struct http_answer *a);

/* The value of a field of the answer, or p == NULL. */
text http_answer_field(const struct http_answer *a, text name);

#endif
