/*
 * A chunked body must be the same, and end at the same byte, whether its bytes came together or one
 * by one; and a second, simple reader must agree about where it ends.
 */
#include "net/http_parse.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CHECK(holds)    \
    do {                \
        if (!(holds)) { \
            abort();    \
        }               \
    } while (0)

static const char head[] = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

static void start(struct http_parser *p, const struct limits *limits, struct http_field *fields,
                  struct buf *body)
{
    struct refusal why;
    http_parser_start(p, limits, fields);
    CHECK(http_parse_head(p, (text){head, sizeof head - 1}, &why) == PARSE_DONE);
    CHECK(p->head.chunked);
    buf_init(body, limits->body_bytes);
}

static enum parse_result parse_stepwise(struct http_parser *p, text in, struct buf *body,
                                        size_t *ret_taken)
{
    struct refusal why;
    size_t step = in.n > 4096 ? 7 : 1;
    for (size_t at = 0; at < in.n; at += step) {
        text piece = text_first(text_from(in, at), step);
        size_t taken;
        enum parse_result r = http_parse_chunks(p, piece, body, &taken, &why);
        if (r != PARSE_MORE) {
            *ret_taken = at + (r == PARSE_DONE ? taken : 0);
            return r;
        }
    }
    return PARSE_MORE;
}

/* Bytes to the next CRLF, which is skipped; false when there is none. */
static bool take_line(text *in, text *ret_line)
{
    for (size_t i = 0; i + 1 < in->n; i++) {
        if (in->p[i] == '\r' && in->p[i + 1] == '\n') {
            *ret_line = text_first(*in, i);
            *in = text_from(*in, i + 2);
            return true;
        }
    }
    return false;
}

/* Reads what was accepted, by the grammar of RFC 9112, 7.1, and nothing but it. */
static void check_by_hand(text in, text body)
{
    for (;;) {
        text line;
        CHECK(take_line(&in, &line));
        size_t size = 0;
        size_t digits = 0;
        for (; digits < line.n; digits++) {
            char c = (char)(line.p[digits] | 0x20);
            if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f')) {
                break;
            }
            size = size * 16 + (size_t)(c <= '9' ? c - '0' : c - 'a' + 10);
        }
        CHECK(digits && (digits == line.n || line.p[digits] == ';'));
        if (size == 0) {
            break;
        }
        CHECK(size <= body.n && in.n >= size + 2);
        CHECK(memcmp(in.p, body.p, size) == 0 && memcmp(in.p + size, "\r\n", 2) == 0);
        body = text_from(body, size);
        in = text_from(in, size + 2);
    }
    CHECK(body.n == 0);
    text trailer;
    do {
        CHECK(take_line(&in, &trailer));
    } while (trailer.n);
    CHECK(in.n == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct http_field fields[100];
    struct limits limits = limits_default();
    struct http_parser whole;
    struct http_parser steps;
    struct buf body;
    struct buf step_body;
    struct refusal why = {0};
    size_t taken = 0;
    size_t step_taken = 0;
    text in = {(const char *)data, n};
    if (n == 0) {
        return 0;
    }
    start(&whole, &limits, fields, &body);
    enum parse_result r = http_parse_chunks(&whole, in, &body, &taken, &why);
    start(&steps, &limits, fields, &step_body);
    enum parse_result s = parse_stepwise(&steps, in, &step_body, &step_taken);
    if (r == PARSE_DONE) {
        CHECK(s == PARSE_DONE && taken == step_taken && taken <= n);
        CHECK(text_eq(buf_text(&body), buf_text(&step_body)));
        check_by_hand(text_first(in, taken), buf_text(&body));
    }
    CHECK(s != PARSE_DONE || r == PARSE_DONE);
    buf_done(&body);
    buf_done(&step_body);
    return 0;
}
