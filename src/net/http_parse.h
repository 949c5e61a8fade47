/*
 * Requests from bytes, without sockets (private to net/ and its tests).
 *
 * A head is parsed once it is whole: llhttp in strict mode reads it, and what RFC 9112 leaves to
 * the recipient or llhttp lets pass is refused here, so that no other party can see the end of a
 * request at another byte than this one does. Slices of a parsed head point into the caller's
 * bytes.
 */
#ifndef KITH_NET_HTTP_PARSE_H
#define KITH_NET_HTTP_PARSE_H

#include "net/http.h"

/* llhttp's enum uses some of the names of enum http_method. */
#define HTTP_GET LLHTTP_METHOD_GET
#define HTTP_HEAD LLHTTP_METHOD_HEAD
#define HTTP_POST LLHTTP_METHOD_POST
#define HTTP_PUT LLHTTP_METHOD_PUT
#define HTTP_PATCH LLHTTP_METHOD_PATCH
#define HTTP_DELETE LLHTTP_METHOD_DELETE
#define HTTP_OPTIONS LLHTTP_METHOD_OPTIONS
#include <llhttp.h>
#undef HTTP_GET
#undef HTTP_HEAD
#undef HTTP_POST
#undef HTTP_PUT
#undef HTTP_PATCH
#undef HTTP_DELETE
#undef HTTP_OPTIONS

/* Why a request is not served. The connection ends after the reply. */
struct refusal {
    int status;         /* of HTTP; 0: that of the code */
    int code;           /* of base/err.h */
    const char *detail; /* a constant */
};

enum http_coding { CODING_NONE, CODING_GZIP, CODING_ZSTD };

struct http_head {
    size_t bytes; /* of the input, the empty line included */
    enum http_method method;
    text method_name;
    text target;
    text path;
    text query;
    size_t field_count;
    bool http10;
    bool keep_alive;
    bool has_length;
    uint64_t length;
    bool chunked;
    bool expects_continue;
    enum http_coding body_coding;  /* of the request */
    enum http_coding reply_coding; /* the best one that the client takes */
    bool takes_gzip;
};

struct http_parser {
    const struct limits *limits;
    struct http_field *fields; /* room for limits->head_count */
    struct http_head head;     /* valid once the head is whole */
    size_t scanned;            /* bytes already searched for the end of the head */
    size_t line;               /* where the line being searched starts */
    size_t start;              /* where the request line starts: 0, or 2 after one empty line */
    bool found;                /* the end of the head is known: it is at `scanned` */
    bool in_head;
    struct refusal why;
    llhttp_t ll;
    /* The chunked coding. */
    struct buf *body;
    uint64_t body_most; /* that `body` may hold: limits->body_bytes, until somebody empties it */
    const char *mark;   /* framing bytes from here on are not checked yet */
    char before;        /* the last framing byte */
    size_t line_bytes;
    uint64_t framing_bytes;
    uint64_t chunks;
    bool whole;
};

enum parse_result { PARSE_MORE, PARSE_DONE, PARSE_BAD };

/* Ready for the head of a new request. */
void http_parser_start(struct http_parser *p, const struct limits *limits,
                       struct http_field *fields);

/*
 * Looks at all bytes received so far (the same ones and more at each call; they may have moved).
 * PARSE_DONE: p->head and p->fields are filled. May then be called again with moved bytes.
 */
enum parse_result http_parse_head(struct http_parser *p, text in, struct refusal *ret_why);

/*
 * Feeds bytes of a chunked body, after a head with `chunked`. What they carry is appended to body;
 * *ret_taken is set on PARSE_DONE: bytes of `in` that belong to this request. Trailers are dropped.
 */
enum parse_result http_parse_chunks(struct http_parser *p, text in, struct buf *body,
                                    size_t *ret_taken, struct refusal *ret_why);

#endif
