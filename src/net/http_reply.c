#include "net/http_int.h"

#include "base/clock.h"
#include "base/metrics.h"

#include <stdio.h>

enum { HEAD_MAX = 64 * 1024, COMPRESS_MIN = 1024 };

static const char *reason_phrase(int status)
{
    static const struct {
        int status;
        const char *phrase;
    } phrases[] = {
        {101, "Switching Protocols"},
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {416, "Range Not Satisfiable"},
        {417, "Expectation Failed"},
        {422, "Unprocessable Content"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
        {507, "Insufficient Storage"},
    };
    for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++) {
        if (phrases[i].status == status) {
            return phrases[i].phrase;
        }
    }
    return "";
}

static bool is_field_value(text value)
{
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] == '\r' || value.p[i] == '\n' || value.p[i] == '\0') {
            return false;
        }
    }
    return true;
}

void http_reply_field(struct http_reply *reply, text name, text value)
{
    if (!is_field_value(value) || !is_field_value(name) || name.n == 0) {
        reply->head.failed = true;
        return;
    }
    buf_add(&reply->head, name);
    buf_add(&reply->head, T(": "));
    buf_add(&reply->head, value);
    buf_add(&reply->head, T("\r\n"));
}

/* The date of RFC 9110, 5.6.7; made once a second by each worker. */
static text date_now(struct worker *w)
{
    static const char days[] = "ThuFriSatSunMonTueWed";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int64_t second = clock_real_ms() / 1000;
    if (second != w->date_second) {
        int year;
        int month;
        int day;
        clock_civil(second / 86400, &year, &month, &day);
        (void)snprintf(w->date, sizeof w->date, "%.3s, %02u %.3s %04u %02u:%02u:%02u GMT",
                       days + second / 86400 % 7 * 3, (unsigned)day % 100, months + (month - 1) * 3,
                       (unsigned)year % 10000, (unsigned)(second / 3600 % 24),
                       (unsigned)(second / 60 % 60), (unsigned)(second % 60));
        w->date_second = second;
    }
    return (text){w->date, sizeof w->date - 1};
}

void reply_start(struct http_server *s, struct exchange *x)
{
    buf_clear(&x->reply.head);
    buf_clear(&x->reply.body);
    x->reply = (struct http_reply){.head = x->reply.head, .body = x->reply.body};
    x->reply.head.max = HEAD_MAX;
    x->reply.body.max = s->limits->request_memory;
    x->piece = 3;
    x->streaming = false;
    x->chunked = false;
    x->bodiless = false;
    x->asked = false;
}

static void stream_end(struct exchange *x)
{
    if (x->streaming) {
        x->streaming = false;
        if (x->reply.more_done) {
            x->reply.more_done(x->reply.more_state);
        }
    }
}

void reply_end(struct http_server *s, struct exchange *x)
{
    stream_end(x);
    if (x->coder) {
        coder_give(s, x->coder);
        x->coder = NULL;
    }
    x->piece = 3;
}

/* --- compression --------------------------------------------------------------------------- */

static bool is_compressible(text type)
{
    text t = text_trim(text_first(type, text_find(type, ';')));
    return text_starts(t, T("text/")) || text_ends(t, T("json")) || text_ends(t, T("xml")) ||
           text_ends(t, T("javascript"));
}

/* The body as sent. Leaves the coding of the reply in *ret_coding; Vary is owed where *ret_varies.
 */
static text code_body(struct http_server *s, struct exchange *x, enum http_coding *ret_coding,
                      bool *ret_varies)
{
    struct http_reply *r = &x->reply;
    enum http_coding coding = x->head_known ? x->parser.head.reply_coding : CODING_NONE;
    text body = buf_text(&r->body);
    bool large = r->more || body.n >= COMPRESS_MIN;
    *ret_coding = CODING_NONE;
    *ret_varies =
        r->content_type && !r->no_compression && large && is_compressible(text_of(r->content_type));
    if (!*ret_varies || coding == CODING_NONE || r->status == 206) {
        return body;
    }
    x->coder = coder_take(s, coding);
    if (!x->coder) {
        return body;
    }
    if (r->more) {
        *ret_coding = coding;
        return body;
    }
    buf_clear(&x->coded);
    if (coder_run(x->coder, body, true, &x->coded) && x->coded.n < body.n) {
        *ret_coding = coding;
        body = buf_text(&x->coded);
    }
    coder_give(s, x->coder);
    x->coder = NULL;
    return body;
}

/* --- the head ------------------------------------------------------------------------------ */

static void add_status_line(struct worker *w, struct exchange *x)
{
    int status = x->reply.status;
    buf_clear(&x->out);
    buf_add(&x->out, T("HTTP/1.1 "));
    buf_add_u64(&x->out, (uint64_t)status);
    buf_addc(&x->out, ' ');
    buf_add(&x->out, text_of(reason_phrase(status)));
    buf_add(&x->out, T("\r\nDate: "));
    buf_add(&x->out, date_now(w));
    buf_add(&x->out, T("\r\n"));
}

static void add_connection(struct exchange *x)
{
    bool http10 = x->head_known && x->parser.head.http10;
    if (x->reply.status == 101) {
        return; /* says that it is upgraded */
    }
    if (!x->keep_alive) {
        buf_add(&x->out, T("Connection: close\r\n"));
    } else if (http10) {
        buf_add(&x->out, T("Connection: keep-alive\r\n"));
    }
}

static void add_body_fields(struct exchange *x, enum http_coding coding, bool varies, size_t n)
{
    const struct http_reply *r = &x->reply;
    if (r->content_type) {
        buf_add(&x->out, T("Content-Type: "));
        buf_add(&x->out, text_of(r->content_type));
        buf_add(&x->out, T("\r\n"));
    }
    if (coding != CODING_NONE) {
        buf_add(&x->out, coding == CODING_GZIP ? T("Content-Encoding: gzip\r\n")
                                               : T("Content-Encoding: zstd\r\n"));
    }
    if (varies) {
        buf_add(&x->out, T("Vary: Accept-Encoding\r\n"));
    }
    if (x->chunked) {
        buf_add(&x->out, T("Transfer-Encoding: chunked\r\n"));
    } else if (!r->more && r->status != 204 && r->status != 304 && r->status != 101) {
        buf_add(&x->out, T("Content-Length: "));
        buf_add_u64(&x->out, n);
        buf_add(&x->out, T("\r\n"));
    }
}

static void count_reply(int status)
{
    metric_add(METRIC_http_requests_total, 1);
    if (status >= 500) {
        metric_add(METRIC_http_server_errors_total, 1);
    } else if (status >= 400) {
        metric_add(METRIC_http_client_errors_total, 1);
    }
}

static void frame_piece(struct exchange *x, text piece, bool last)
{
    if (!x->chunked) {
        x->pieces[1] = piece;
        x->pieces[2] = T("");
        return;
    }
    if (piece.n) {
        buf_printf(&x->out, "%zx\r\n", piece.n);
        x->pieces[1] = piece;
        x->pieces[2] = last ? T("\r\n0\r\n\r\n") : T("\r\n");
    } else {
        x->pieces[1] = T("");
        x->pieces[2] = last ? T("0\r\n\r\n") : T("");
    }
}

/* Fits the reply to what the client speaks and to what the handler left. */
static void settle(struct exchange *x)
{
    struct http_reply *r = &x->reply;
    bool bodiless = r->status == 204 || r->status == 304 || !r->content_type;
    if (bodiless) {
        stream_end(x);
        r->more = NULL;
        r->content_type = NULL;
        buf_clear(&r->body);
    }
    x->bodiless = x->head_known && x->parser.head.method == HTTP_HEAD;
    x->chunked = r->more && !(x->head_known && x->parser.head.http10);
    x->keep_alive = x->keep_alive && !r->close && (!r->more || x->chunked || x->bodiless);
}

/* Coded and framed, or false: the coder failed. */
static bool code_piece(struct exchange *x, text piece, bool last)
{
    if (x->coder) {
        buf_clear(&x->coded);
        if (!coder_run(x->coder, piece, last, &x->coded)) {
            return false;
        }
        piece = buf_text(&x->coded);
    }
    frame_piece(x, piece, last);
    return true;
}

static void compose(struct worker *w, struct exchange *x)
{
    struct http_reply *r = &x->reply;
    enum http_coding coding;
    bool varies;
    settle(x);
    text body = code_body(w->server, x, &coding, &varies);
    add_status_line(w, x);
    add_body_fields(x, coding, varies, body.n);
    buf_add(&x->out, buf_text(&r->head));
    add_connection(x);
    buf_add(&x->out, T("\r\n"));
    x->pieces[1] = T("");
    x->pieces[2] = T("");
    x->piece = 0;
    if (x->bodiless) {
        stream_end(x);
    } else if (!r->more) {
        x->pieces[1] = body;
    } else if (body.n && !code_piece(x, body, false)) {
        buf_done(&x->out);
        x->out.failed = true;
    }
    x->pieces[0] = buf_text(&x->out);
}

void reply_compose(struct worker *w, struct exchange *x)
{
    struct http_reply *r = &x->reply;
    x->streaming = r->more != NULL;
    struct refusal why = {0};
    bool becomes = r->status == 101 && r->take;
    if ((r->status < 200 && !becomes) || r->status > 599 || buf_failed(&r->head) ||
        (r->content_type && !is_field_value(text_of(r->content_type)))) {
        why.code = ERR_INTERNAL;
    } else if (buf_failed(&r->body)) {
        why = (struct refusal){0, ERR_MEMORY, "the reply is larger than a request may hold"};
    } else {
        compose(w, x);
        if (!buf_failed(&x->out)) {
            count_reply(r->status);
            return;
        }
        why.code = ERR_MEMORY;
    }
    reply_end(w->server, x);
    reply_refuse(w, x, &why);
}

void reply_refuse(struct worker *w, struct exchange *x, const struct refusal *why)
{
    struct http_server *s = w->server;
    struct http_reply *r = &x->reply;
    struct err e = {0};
    (void)err_set(&e, why->code, "%s", why->detail ? why->detail : "");
    int status = why->status ? why->status : err_info(why->code)->status;
    reply_start(s, x);
    r->status = status;
    if (s->config.refuse) {
        s->config.refuse(s->config.context, &e, r);
    }
    if (!s->config.refuse || buf_failed(&r->body) || buf_failed(&r->head)) {
        reply_start(s, x);
        r->content_type = "text/plain; charset=utf-8";
        buf_add(&r->body, text_of(err_text(&e)));
    }
    r->status = status;
    r->more = NULL;
    r->close = true;
    if (err_info(why->code)->retryable && status == 503) {
        http_reply_field(r, T("Retry-After"), T("1"));
    }
    compose(w, x);
    count_reply(status);
}

int reply_next(struct exchange *x)
{
    struct http_reply *r = &x->reply;
    while (x->streaming) {
        buf_clear(&r->body);
        buf_clear(&x->out);
        int more = r->more(r, r->more_state);
        if (more < 0 || buf_failed(&r->body)) {
            return -1;
        }
        if (!code_piece(x, buf_text(&r->body), more == 0) || buf_failed(&x->out)) {
            return -1;
        }
        if (more == 0) {
            stream_end(x);
        }
        x->pieces[0] = buf_text(&x->out);
        x->piece = 0;
        if (x->pieces[0].n + x->pieces[1].n + x->pieces[2].n) {
            return 1;
        }
    }
    return 0;
}
