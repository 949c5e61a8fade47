/* What is not a request by RFC 9112, or could be read in two ways, ends the connection with an
 * error. */
#include "net_kit.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define H "Host: a\r\n"
#define NEXT "GET /smuggled HTTP/1.1\r\n" H "\r\n"

struct bad {
    const char *name;
    int status;
    text request;
};

#define BAD(name, status, request) {name, status, {request, sizeof(request) - 1}}

static const struct bad bad_requests[] = {
    /* The request line. */
    BAD("no version", 400, "GET /\r\n" H "\r\n"),
    BAD("two spaces", 400, "GET  / HTTP/1.1\r\n" H "\r\n"),
    BAD("space behind the version", 400, "GET / HTTP/1.1 \r\n" H "\r\n"),
    BAD("space in the target", 400, "GET /a b HTTP/1.1\r\n" H "\r\n"),
    BAD("tab instead of a space", 400, "GET\t/ HTTP/1.1\r\n" H "\r\n"),
    BAD("lower-case method", 400, "get / HTTP/1.1\r\n" H "\r\n"),
    BAD("unknown method", 400, "FETCH / HTTP/1.1\r\n" H "\r\n"),
    BAD("space before the method", 400, " GET / HTTP/1.1\r\n" H "\r\n"),
    BAD("two empty lines first", 400, "\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n"),
    BAD("lower-case version", 400, "GET / http/1.1\r\n" H "\r\n"),
    BAD("HTTP/1.2", 505, "GET / HTTP/1.2\r\n" H "\r\n"),
    BAD("HTTP/2.0", 505, "GET / HTTP/2.0\r\n" H "\r\n"),
    BAD("HTTP/2 preface", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    BAD("HTTP/1.10", 400, "GET / HTTP/1.10\r\n" H "\r\n"),
    BAD("another protocol", 400, "SOURCE /x ICE/1.0\r\n" H "\r\n"),
    BAD("TLS to a plain port", 400, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    /* The target. */
    BAD("NUL in the target", 400, "GET /a\0b HTTP/1.1\r\n" H "\r\n"),
    BAD("control character in the target", 400, "GET /a\x01 HTTP/1.1\r\n" H "\r\n"),
    BAD("DEL in the target", 400, "GET /a\x7f HTTP/1.1\r\n" H "\r\n"),
    BAD("raw UTF-8 in the target", 400, "GET /\xc3\xa9 HTTP/1.1\r\n" H "\r\n"),
    BAD("CR in the target", 400, "GET /a\rb HTTP/1.1\r\n" H "\r\n"),
    BAD("fragment", 400, "GET /a#b HTTP/1.1\r\n" H "\r\n"),
    BAD("no slash", 400, "GET hello HTTP/1.1\r\n" H "\r\n"),
    BAD("asterisk with GET", 400, "GET * HTTP/1.1\r\n" H "\r\n"),
    BAD("authority-form", 400, "CONNECT a:80 HTTP/1.1\r\n" H "\r\n"),
    BAD("absolute-form of another host", 400, "GET http://b/hello HTTP/1.1\r\n" H "\r\n"),
    BAD("absolute-form with a user", 400, "GET http://u@a/hello HTTP/1.1\r\n" H "\r\n"),
    BAD("absolute-form without a host", 400, "GET http:///hello HTTP/1.1\r\n" H "\r\n"),
    BAD("absolute-form of another scheme", 400, "GET ftp://a/hello HTTP/1.1\r\n" H "\r\n"),
    /* Lines. */
    BAD("bare LF", 400, "GET / HTTP/1.1\n" H "\r\n"),
    BAD("bare LF after a field", 400, "GET / HTTP/1.1\r\nHost: a\n\r\n"),
    BAD("bare LF as the empty line", 400, "GET / HTTP/1.1\r\n" H "\n"),
    BAD("bare CR in a value", 400, "GET / HTTP/1.1\r\n" H "X: a\rb\r\n\r\n"),
    BAD("bare CR before a field", 400, "GET / HTTP/1.1\r\n" H "\rX: b\r\n\r\n"),
    BAD("CR CR LF", 400, "GET / HTTP/1.1\r\n" H "X: a\r\r\n\r\n"),
    BAD("head ends with CR LF CR", 400, "GET / HTTP/1.1\r\n" H "\r" NEXT),
    BAD("obs-fold", 400, "GET / HTTP/1.1\r\n" H "X: a\r\n b\r\n\r\n"),
    BAD("obs-fold with a tab", 400, "GET / HTTP/1.1\r\n" H "X: a\r\n\tb\r\n\r\n"),
    BAD("fold before the first field", 400, "GET / HTTP/1.1\r\n X: a\r\n" H "\r\n"),
    /* Fields. */
    BAD("space before the colon", 400, "GET / HTTP/1.1\r\nHost : a\r\n\r\n"),
    BAD("tab before the colon", 400, "GET / HTTP/1.1\r\n" H "X\t: a\r\n\r\n"),
    BAD("no colon", 400, "GET / HTTP/1.1\r\n" H "X\r\n\r\n"),
    BAD("empty name", 400, "GET / HTTP/1.1\r\n" H ": a\r\n\r\n"),
    BAD("space in a name", 400, "GET / HTTP/1.1\r\n" H "X Y: a\r\n\r\n"),
    BAD("NUL in a name", 400, "GET / HTTP/1.1\r\n" H "X\0: a\r\n\r\n"),
    BAD("NUL in a value", 400, "GET / HTTP/1.1\r\n" H "X: a\0b\r\n\r\n"),
    BAD("control character in a value", 400, "GET / HTTP/1.1\r\n" H "X: a\x08\r\n\r\n"),
    BAD("high byte in a name", 400, "GET / HTTP/1.1\r\n" H "X\xe9: a\r\n\r\n"),
    BAD("no Host", 400, "GET / HTTP/1.1\r\n\r\n"),
    BAD("two Hosts", 400, "GET / HTTP/1.1\r\n" H H "\r\n"),
    BAD("two Hosts in 1.0", 400, "GET / HTTP/1.0\r\n" H "host: b\r\n\r\n"),
    BAD("empty Host", 400, "GET / HTTP/1.1\r\nHost:\r\n\r\n"),
    BAD("Host with a path", 400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
    BAD("Host with a user", 400, "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"),
    BAD("list of Hosts", 400, "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"),
    /* Lengths. */
    BAD("both lengths", 400,
        "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
        "0\r\n\r\n" NEXT),
    BAD("both lengths, other order", 400,
        "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"
        "0\r\n\r\n" NEXT),
    BAD("length twice", 400,
        "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
    BAD("two lengths", 400,
        "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello" NEXT),
    BAD("plus", 400, "POST / HTTP/1.1\r\n" H "Content-Length: +5\r\n\r\nhello"),
    BAD("minus", 400, "POST / HTTP/1.1\r\n" H "Content-Length: -5\r\n\r\nhello"),
    BAD("list of lengths", 400, "POST / HTTP/1.1\r\n" H "Content-Length: 5, 5\r\n\r\nhello"),
    BAD("hexadecimal", 400, "POST / HTTP/1.1\r\n" H "Content-Length: 0x5\r\n\r\nhello"),
    BAD("space inside", 400, "POST / HTTP/1.1\r\n" H "Content-Length: 1 2\r\n\r\nhello"),
    BAD("decimal point", 400, "POST / HTTP/1.1\r\n" H "Content-Length: 5.0\r\n\r\nhello"),
    BAD("empty length", 400, "POST / HTTP/1.1\r\n" H "Content-Length:\r\n\r\nhello"),
    BAD("overflow", 400,
        "POST / HTTP/1.1\r\n" H "Content-Length: 18446744073709551621\r\n\r\nhello"),
    BAD("too large", 413, "POST / HTTP/1.1\r\n" H "Content-Length: 9000000000\r\n\r\nhello"),
    /* Transfer codings. */
    BAD("identity", 400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: identity\r\n\r\n" NEXT),
    BAD("gzip, chunked", 400,
        "POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" NEXT),
    BAD("chunked, gzip", 400,
        "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n" NEXT),
    BAD("chunked twice", 400,
        "POST / HTTP/1.1\r\n" H
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    BAD("chunked, chunked", 400,
        "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
    BAD("xchunked", 400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    BAD("chunked;a=b", 400,
        "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked;a=b\r\n\r\n0\r\n\r\n"),
    BAD("quoted", 400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"),
    BAD("vertical tab", 400,
        "POST / HTTP/1.1\r\n" H "Transfer-Encoding: \x0b"
        "chunked\r\n\r\n0\r\n\r\n"),
    BAD("empty coding", 400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding:\r\n\r\n0\r\n\r\n"),
    BAD("chunked in 1.0", 400,
        "POST / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" NEXT),
    /* What follows the framing. */
    BAD("other expectation", 417,
        "POST /echo HTTP/1.1\r\n" H "Expect: 200-ok\r\nContent-Length: 2\r\n\r\n"),
    BAD("100-continue and too large", 413,
        "POST /echo HTTP/1.1\r\n" H "Expect: 100-continue\r\nContent-Length: 999999999\r\n\r\n"),
    BAD("unknown Content-Encoding", 415,
        "POST /echo HTTP/1.1\r\n" H "Content-Encoding: br\r\nContent-Length: 2\r\n\r\nhi"),
    BAD("two Content-Encodings", 415,
        "POST /echo HTTP/1.1\r\n" H "Content-Encoding: gzip, gzip\r\nContent-Length: 2\r\n\r\nhi"),
    BAD("two Content-Encoding fields", 415,
        "POST /echo HTTP/1.1\r\n" H
        "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nhi"),
    BAD("not gzip", 400,
        "POST /echo HTTP/1.1\r\n" H "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nhi"),
};

#define CHUNKED "POST /echo HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n"

static const struct bad bad_chunks[] = {
    BAD("bare LF after the size", 400, CHUNKED "5\nhello\r\n0\r\n\r\n"),
    BAD("bare LF after the data", 400, CHUNKED "5\r\nhello\n0\r\n\r\n"),
    BAD("nothing after the data", 400, CHUNKED "5\r\nhello0\r\n\r\n"),
    BAD("data longer than the size", 400, CHUNKED "3\r\nhello\r\n0\r\n\r\n"),
    BAD("bare LF after the last size", 400, CHUNKED "0\n\r\n"),
    BAD("bare LF at the end", 400, CHUNKED "0\r\n\n" NEXT),
    BAD("bare CR after the size", 400, CHUNKED "5\rhello\r\n0\r\n\r\n"),
    BAD("CR CR LF", 400, CHUNKED "5\r\r\nhello\r\n0\r\n\r\n"),
    BAD("space after the size", 400, CHUNKED "5 \r\nhello\r\n0\r\n\r\n"),
    BAD("space before the size", 400, CHUNKED " 5\r\nhello\r\n0\r\n\r\n"),
    BAD("tab after the size", 400, CHUNKED "5\t\r\nhello\r\n0\r\n\r\n"),
    BAD("0x", 400, CHUNKED "0x5\r\nhello\r\n0\r\n\r\n"),
    BAD("plus", 400, CHUNKED "+5\r\nhello\r\n0\r\n\r\n"),
    BAD("minus", 400, CHUNKED "-5\r\nhello\r\n0\r\n\r\n"),
    BAD("underscore", 400, CHUNKED "0_5\r\nhello\r\n0\r\n\r\n"),
    BAD("no size", 400, CHUNKED "\r\nhello\r\n0\r\n\r\n"),
    BAD("only an extension", 400, CHUNKED ";a\r\nhello\r\n0\r\n\r\n"),
    BAD("overflow", 400, CHUNKED "10000000000000005\r\nhello\r\n0\r\n\r\n"),
    BAD("LF in an extension", 400, CHUNKED "5;a\nb\r\nhello\r\n0\r\n\r\n"),
    BAD("LF in a quoted extension", 400, CHUNKED "5;a=\"\n\"\r\nhello\r\n0\r\n\r\n"),
    BAD("CR in an extension", 400, CHUNKED "5;a\rb\r\nhello\r\n0\r\n\r\n"),
    BAD("NUL in an extension", 400, CHUNKED "5;a\0b\r\nhello\r\n0\r\n\r\n"),
    BAD("bare LF in a trailer", 400, CHUNKED "5\r\nhello\r\n0\r\nX: a\n\r\n"),
    BAD("bare CR in a trailer", 400, CHUNKED "5\r\nhello\r\n0\r\nX: a\rb\r\n\r\n"),
    BAD("trailer ends with CR LF CR", 400, CHUNKED "5\r\nhello\r\n0\r\nX: a\r\n\r" NEXT),
    BAD("NUL in a trailer", 400, CHUNKED "5\r\nhello\r\n0\r\nX: a\0\r\n\r\n"),
    BAD("space before a trailer's colon", 400, CHUNKED "5\r\nhello\r\n0\r\nX : a\r\n\r\n"),
};

static void try_bad(const struct kit *k, const struct bad *b, bool slowly)
{
    struct kit_reply r;
    int fd = kit_connect(k);
    for (size_t i = 0; slowly && i < b->request.n; i++) {
        kit_send(fd, (text){b->request.p + i, 1});
    }
    kit_send(fd, slowly ? (text){0} : b->request);
    bool answered = kit_read(fd, &r, false);
    if (!answered || r.status != b->status || !kit_has(&r, "Connection: close\r\n") ||
        !memmem(r.body.p ? r.body.p : "", r.body.n, "refused", 7) || !kit_ended(fd, 5000)) {
        fail_msg("%s%s: status %d instead of %d, or the connection goes on", b->name,
                 slowly ? ", byte by byte" : "", answered ? r.status : 0, b->status);
    }
    kit_reply_done(&r);
    (void)close(fd);
}

static void bad_requests_end_the_connection(void **state)
{
    struct kit *k = *state;
    for (size_t i = 0; i < sizeof bad_requests / sizeof *bad_requests; i++) {
        try_bad(k, &bad_requests[i], false);
        try_bad(k, &bad_requests[i], true);
    }
}

static void bad_chunks_end_the_connection(void **state)
{
    struct kit *k = *state;
    for (size_t i = 0; i < sizeof bad_chunks / sizeof *bad_chunks; i++) {
        int before = atomic_load(&k->requests);
        try_bad(k, &bad_chunks[i], false);
        try_bad(k, &bad_chunks[i], true);
        assert_int_equal(atomic_load(&k->requests), before);
    }
}

struct good {
    const char *name;
    text request;
    const char *answer; /* how the body starts */
};

#define GOOD(name, request, answer) {name, {request, sizeof(request) - 1}, answer}

static const struct good good_requests[] = {
    GOOD("plain", "GET /x HTTP/1.1\r\n" H "\r\n", "0|GET|/x|/x||1|"),
    GOOD("query", "GET /x?a=b|c%20d HTTP/1.1\r\n" H "\r\n", "0|GET|/x?a=b|c%20d|/x|a=b|c%20d|1|"),
    GOOD("one empty line first", "\r\nGET /x HTTP/1.1\r\n" H "\r\n", "0|GET|/x|/x||1|"),
    GOOD("absolute-form", "GET http://A/x?y HTTP/1.1\r\n" H "\r\n", "0|GET|/x?y|/x|y|1|"),
    GOOD("absolute-form, no path", "GET http://a HTTP/1.1\r\n" H "\r\n", "0|GET|/|/||1|"),
    GOOD("asterisk", "OPTIONS * HTTP/1.1\r\n" H "\r\n", "6|OPTIONS|*|*||1|"),
    GOOD("other method", "PROPFIND /x HTTP/1.1\r\n" H "\r\n", "7|PROPFIND|/x|/x||1|"),
    GOOD("PATCH", "PATCH /x HTTP/1.1\r\n" H "Content-Length: 2\r\n\r\nhi", "4|PATCH|/x|/x||2|hi\n"),
    GOOD("1.0 without Host", "GET /x HTTP/1.0\r\n\r\n", "0|GET|/x|/x||0|"),
    GOOD("values are trimmed", "GET /x HTTP/1.1\r\nHost:\t a \t\r\nX:\r\nY:  b c \r\n\r\n",
         "0|GET|/x|/x||3|\n<Host>=<a>\n<X>=<>\n<Y>=<b c>\n"),
    GOOD("upgrade is ignored",
         "GET /x HTTP/1.1\r\n" H "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n", "0|GET|/x|/x||3|"),
    GOOD("upgrade with a body",
         "POST /x HTTP/1.1\r\n" H
         "Connection: Upgrade\r\nUpgrade: a\r\nTransfer-Encoding: chunked\r\n\r\n"
         "2\r\nhi\r\n0\r\n\r\n",
         "2|POST|/x|/x||4|hi\n"),
    GOOD("leading zeros", "POST /x HTTP/1.1\r\n" H "Content-Length: 002\r\n\r\nhi",
         "2|POST|/x|/x||2|hi\n"),
    GOOD("Chunked in any case",
         "POST /x HTTP/1.1\r\n" H "transfer-encoding: Chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
         "2|POST|/x|/x||2|hi\n"),
    GOOD("several chunks, extension, trailer",
         "POST /x HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n"
         "2;a=b;c=\"d\"\r\nhe\r\n00003\r\nllo\r\n0\r\nX-Sum: 1\r\nHost: b\r\n\r\n",
         "2|POST|/x|/x||2|hello\n"),
    GOOD("GET with a body", "GET /x HTTP/1.1\r\n" H "Content-Length: 2\r\n\r\nhi",
         "0|GET|/x|/x||2|hi\n"),
};

static void good_requests_are_served(void **state)
{
    struct kit *k = *state;
    for (size_t i = 0; i < sizeof good_requests / sizeof *good_requests; i++) {
        const struct good *g = &good_requests[i];
        for (int slowly = 0; slowly < 2; slowly++) {
            struct kit_reply r;
            int fd = kit_connect(k);
            for (size_t at = 0; slowly && at < g->request.n; at++) {
                kit_send(fd, (text){g->request.p + at, 1});
            }
            kit_send(fd, slowly ? (text){0} : g->request);
            if (!kit_read(fd, &r, false) || r.status != 200 ||
                !text_starts(buf_text(&r.body), text_of(g->answer))) {
                fail_msg("%s: %d %.*s", g->name, r.status, TEXT_ARG(buf_text(&r.body)));
            }
            kit_reply_done(&r);
            (void)close(fd);
        }
    }
}

static void nothing_is_smuggled(void **state)
{
    struct kit *k = *state;
    int before = atomic_load(&k->requests);
    /* A body that looks like a request stays a body. */
    static const char inner[] = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
    struct buf q;
    buf_init(&q, 10000);
    buf_printf(&q, "POST /x HTTP/1.1\r\n" H "Content-Length: %zu\r\n\r\n%s", sizeof inner - 1,
               inner);
    buf_printf(&q,
               "POST /x HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n%zx\r\n%s\r\n0\r\n\r\n",
               sizeof inner - 1, inner);
    int fd = kit_connect(k);
    kit_send(fd, buf_text(&q));
    for (int i = 0; i < 2; i++) {
        struct kit_reply r;
        assert_true(kit_read(fd, &r, false));
        assert_int_equal(r.status, 200);
        assert_true(text_starts(buf_text(&r.body), T("2|POST|/x|/x||2|GET /smuggled")));
        kit_reply_done(&r);
    }
    (void)close(fd);
    buf_done(&q);
    assert_int_equal(atomic_load(&k->requests), before + 2);
}

static void repeat(struct buf *b, const char *what, size_t times)
{
    for (size_t i = 0; i < times; i++) {
        buf_add(b, text_of(what));
    }
}

static int status_of(const struct kit *k, struct buf *q)
{
    int status = kit_status(k, buf_text(q));
    buf_clear(q);
    return status;
}

static void sizes_are_limited(void **state)
{
    struct kit *k = *state;
    struct buf q;
    buf_init(&q, 10000000);

    buf_add(&q, T("GET /"));
    repeat(&q, "a", k->limits.uri_bytes - 1);
    buf_add(&q, T(" HTTP/1.1\r\n" H "\r\n"));
    assert_int_equal(status_of(k, &q), 200);
    buf_add(&q, T("GET /"));
    repeat(&q, "a", k->limits.uri_bytes);
    buf_add(&q, T(" HTTP/1.1\r\n" H "\r\n"));
    assert_int_equal(status_of(k, &q), 414);
    buf_add(&q, T("GET /")); /* the end of the line never comes */
    repeat(&q, "a", k->limits.uri_bytes + 100);
    assert_int_equal(status_of(k, &q), 414);

    buf_add(&q, T("GET / HTTP/1.1\r\n" H));
    repeat(&q, "X: y\r\n", k->limits.head_count - 1);
    buf_add(&q, T("\r\n"));
    assert_int_equal(status_of(k, &q), 200);
    buf_add(&q, T("GET / HTTP/1.1\r\n" H));
    repeat(&q, "X: y\r\n", k->limits.head_count);
    buf_add(&q, T("\r\n"));
    assert_int_equal(status_of(k, &q), 431);

    buf_add(&q, T("GET / HTTP/1.1\r\n" H "X: "));
    repeat(&q, "y", k->limits.head_bytes - q.n - 4);
    buf_add(&q, T("\r\n\r\n"));
    assert_int_equal(status_of(k, &q), 200);
    buf_add(&q, T("GET / HTTP/1.1\r\n" H "X: "));
    repeat(&q, "y", k->limits.head_bytes - q.n - 3);
    buf_add(&q, T("\r\n\r\n"));
    assert_int_equal(status_of(k, &q), 431);
    buf_add(&q, T("GET / HTTP/1.1\r\n" H "X: ")); /* the end never comes */
    repeat(&q, "y", k->limits.head_bytes);
    assert_int_equal(status_of(k, &q), 431);

    buf_add(&q, T(CHUNKED "5;"));
    repeat(&q, "e", 2000);
    assert_int_equal(status_of(k, &q), 400);
    buf_add(&q, T(CHUNKED));
    repeat(&q, "0", 2000);
    assert_int_equal(status_of(k, &q), 400);
    buf_add(&q, T(CHUNKED "0\r\n"));
    repeat(&q, "X: y\r\n", 5000);
    assert_int_equal(status_of(k, &q), 431);
    buf_add(&q, T(CHUNKED));
    repeat(&q, "1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\nx\r\n", 5000);
    assert_int_equal(status_of(k, &q), 431);
    buf_done(&q);
}

static int set_up(void **state)
{
    static struct kit k;
    kit_init(&k);
    k.limits.body_bytes = 1 << 20;
    kit_start(&k);
    *state = &k;
    return 0;
}

static int tear_down(void **state)
{
    kit_stop(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_requests_end_the_connection),
        cmocka_unit_test(bad_chunks_end_the_connection),
        cmocka_unit_test(good_requests_are_served),
        cmocka_unit_test(nothing_is_smuggled),
        cmocka_unit_test(sizes_are_limited),
    };
    return cmocka_run_group_tests_name("http: strict", tests, set_up, tear_down);
}
