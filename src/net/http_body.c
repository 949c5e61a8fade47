#include "net/http_int.h"

#include "base/clock.h"
#include "base/metrics.h"

#include <sys/epoll.h>

/* How the body of a request arrives: by its length, or in chunks, into memory or into a sink. */

enum {
    TURN_READS = 64,        /* a connection that has read so often lets others go first */
    BODY_GRACE = 5,         /* seconds before body_rate is asked for */
    BODY_STEP = 64 * 1024,  /* bytes that one read may bring */
    SINK_STEP = 256 * 1024, /* bytes that a sink is given at once */
    CHUNK_ROOM = 8 * 1024,  /* room behind a head for the bytes of a chunked body */
};

static void set_body_deadline(struct worker *w, struct conn *c)
{
    uint64_t earned = c->x->body_seen / w->server->limits->body_rate;
    conn_deadline(c, c->x->started, BODY_GRACE + earned);
}

/* Not a whole step of the connection: where the interim reply cannot be sent now it is left out. */
static bool send_continue(struct conn *c)
{
    static const text line = {"HTTP/1.1 100 Continue\r\n\r\n", 25};
    struct exchange *x = c->x;
    size_t sent = 0;
    x->pieces[0] = line;
    x->pieces[1] = T("");
    x->pieces[2] = T("");
    x->piece = 0;
    int r = conn_send(c, &sent);
    x->piece = 3;
    return r == 0 || (r == IO_AGAIN && sent == 0 && !c->ssl);
}

/* The bytes of a chunked body pass through `in`, behind the head, whose slices must not move later.
 */
static bool make_chunk_room(struct exchange *x)
{
    size_t head = x->parser.head.bytes;
    struct refusal why;
    return x->in_capacity - head >= CHUNK_ROOM ||
           (exchange_grow_in(x, head + CHUNK_ROOM) &&
            http_parse_head(&x->parser, (text){x->in, x->in_n}, &why) == PARSE_DONE);
}

/* What is there goes on to the sink once it is worth a call. */
static enum step fill_sink(struct worker *w, struct conn *c)
{
    struct exchange *x = c->x;
    if (!x->sink || x->body.n < SINK_STEP) {
        return STEP_WAIT;
    }
    gate_enter(w);
    int code = conn_pass_on(x, buf_text(&x->body));
    gate_leave(w);
    buf_clear(&x->body);
    return code ? conn_refuse_code(w, c, code, NULL) : STEP_WAIT;
}

/* Whether a sink takes the body. A large one passes through x->body, a piece at a time. */
static void ask_for_sink(struct worker *w, struct conn *c)
{
    struct exchange *x = c->x;
    const struct http_config *config = &w->server->config;
    if (config->sink) {
        conn_fill_request(c, (text){0});
        x->sink = config->sink(config->context, &x->request);
    }
}

static uint64_t body_most(struct worker *w, struct conn *c)
{
    struct exchange *x = c->x;
    const struct http_config *config = &w->server->config;
    uint64_t most = w->server->limits->body_bytes, here = most;
    if (config->body_most) {
        conn_fill_request(c, (text){0});
        here = config->body_most(config->context, &x->request);
        here = here < most ? here : most;
        x->body.max = x->parser.body_most = here;
        x->plain.max = here + 1;
    }
    return here;
}

static void make_sink_room(struct exchange *x)
{
    if (x->sink) {
        x->body.max = x->parser.body_most = (size_t)SINK_STEP + BODY_STEP + x->in_capacity;
    }
}

static enum step start_body(struct worker *w, struct conn *c)
{
    struct exchange *x = c->x;
    const struct http_head *h = &x->parser.head;
    size_t have = x->in_n - h->bytes;
    x->started = clock_mono_ns();
    x->body_seen = 0;
    x->in_done = h->bytes;
    buf_clear(&x->body);
    c->phase = PHASE_BODY;
    set_body_deadline(w, c);
    if (h->chunked) {
        if (!make_chunk_room(x)) {
            return conn_refuse_code(w, c, ERR_MEMORY, NULL);
        }
        make_sink_room(x);
    } else if (h->length > x->in_capacity - h->bytes) {
        make_sink_room(x);
        buf_add(&x->body, (text){x->in + h->bytes, have});
        x->body_seen = have;
        x->in_n = h->bytes;
        if (buf_failed(&x->body) || !exchange_charge(w->server, x)) {
            return conn_refuse_code(w, c, ERR_BUSY, "too many bodies are being received");
        }
    }
    if (h->expects_continue && have == 0 && !send_continue(c)) {
        return STEP_CLOSE;
    }
    return STEP_GO;
}

enum step conn_head_done(struct worker *w, struct conn *c)
{
    struct exchange *x = c->x;
    const struct http_head *h = &x->parser.head;
    x->head_known = true;
    atomic_store_explicit(&c->idle_since, 0, memory_order_relaxed);
    uint64_t most = 0;
    if (h->chunked || h->length) {
        most = body_most(w, c);
        ask_for_sink(w, c);
    }
    if (h->length > (x->sink ? x->sink->most : most)) {
        return conn_refuse_code(w, c, ERR_TOO_LARGE, "the body is larger than this node takes");
    }
    if (h->chunked || h->length > x->in_n - h->bytes) {
        return start_body(w, c);
    }
    x->in_done = h->bytes + (size_t)h->length;
    return conn_serve(w, c, (text){h->length ? x->in + h->bytes : NULL, (size_t)h->length});
}

static enum step chunks_arrived(struct worker *w, struct conn *c)
{
    struct exchange *x = c->x;
    struct refusal why;
    size_t taken = 0;
    size_t before = x->body.n;
    text fresh = {x->in + x->in_done, x->in_n - x->in_done};
    enum parse_result r = http_parse_chunks(&x->parser, fresh, &x->body, &taken, &why);
    x->body_seen += x->body.n - before;
    if (r == PARSE_BAD) {
        return conn_refuse(w, c, &why);
    }
    if (x->sink && x->body_seen > x->sink->most) {
        return conn_refuse_code(w, c, ERR_TOO_LARGE, "the body is larger than this node takes");
    }
    if (!exchange_charge(w->server, x)) {
        return conn_refuse_code(w, c, ERR_BUSY, "too many bodies are being received");
    }
    if (r == PARSE_DONE) {
        x->in_done += taken;
        return conn_serve(w, c, (text){x->body.p ? x->body.p : x->in, x->body.n});
    }
    x->in_n = x->in_done; /* all of it was framing or is copied */
    return fill_sink(w, c);
}

/* Where the next bytes of the body go, and how many may be read. */
static char *body_room(struct worker *w, struct exchange *x, size_t *ret_n)
{
    const struct http_head *h = &x->parser.head;
    if (h->chunked || h->length <= x->in_capacity - h->bytes) {
        *ret_n = x->in_capacity - x->in_n;
        return x->in + x->in_n;
    }
    uint64_t left = h->length - x->body_seen;
    *ret_n = left < BODY_STEP ? (size_t)left : BODY_STEP;
    char *to = buf_reserve(&x->body, *ret_n);
    return to && exchange_charge(w->server, x) ? to : NULL;
}

/* STEP_WAIT: more is needed. */
static enum step body_arrived(struct worker *w, struct conn *c, size_t n)
{
    struct exchange *x = c->x;
    const struct http_head *h = &x->parser.head;
    bool apart = !h->chunked && h->length > x->in_capacity - h->bytes;
    if (apart) {
        x->body.n += n;
        x->body_seen += n;
        return x->body_seen == h->length ? conn_serve(w, c, buf_text(&x->body)) : fill_sink(w, c);
    }
    x->in_n += n;
    if (h->chunked) {
        return x->in_n > x->in_done ? chunks_arrived(w, c) : STEP_WAIT;
    }
    x->body_seen = x->in_n - h->bytes;
    if (x->body_seen < h->length) {
        return STEP_WAIT;
    }
    x->in_done = h->bytes + (size_t)h->length;
    return conn_serve(w, c, (text){x->in + h->bytes, (size_t)h->length});
}

enum step conn_body(struct worker *w, struct conn *c)
{
    ssize_t n = 0; /* at first: what came together with the head */
    for (int i = 0; i < TURN_READS; i++) {
        enum step next = body_arrived(w, c, (size_t)n);
        if (next != STEP_WAIT) {
            return next;
        }
        set_body_deadline(w, c);
        size_t room;
        char *to = body_room(w, c->x, &room);
        if (!to) {
            return conn_refuse_code(w, c, ERR_BUSY, "too many bodies are being received");
        }
        n = conn_recv(c, to, room);
        if (n == IO_AGAIN) {
            return STEP_WAIT;
        }
        if (n <= 0) {
            return STEP_CLOSE;
        }
    }
    enum step next = body_arrived(w, c, (size_t)n);
    if (next == STEP_WAIT && conn_has_buffered(c)) {
        return STEP_GO;
    }
    c->want = EPOLLIN;
    return next;
}
