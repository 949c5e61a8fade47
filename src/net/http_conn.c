#include "net/http_int.h"

#include "base/clock.h"
#include "base/metrics.h"
#include "base/pace.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum {
    BODY_GRACE = 5,           /* seconds before body_rate is asked for */
    BODY_STEP = 64 * 1024,    /* bytes that one read may bring */
    SINK_STEP = 256 * 1024,   /* bytes that a sink is given at once */
    CHUNK_ROOM = 8 * 1024,    /* room behind a head for the bytes of a chunked body */
    TURN_BYTES = 1024 * 1024, /* a connection that has sent so much lets others go first */
    TURN_REQUESTS = 16,       /* likewise for pipelined requests */
    TURN_READS = 64,          /* likewise for reading */
    LINGER_SECONDS = 2,       /* for a client to read the last reply */
    LINGER_BYTES = 16 << 20,  /* of what it still sends: a reset could overtake the reply */
};

enum step { STEP_GO, STEP_WAIT, STEP_CLOSE };

static void set_deadline(struct conn *c, int64_t from, uint64_t seconds)
{
    atomic_store_explicit(&c->deadline, from + (int64_t)seconds * SECOND_NS, memory_order_relaxed);
}

void conn_close(struct http_server *s, struct conn *c)
{
    if (c->x) {
        reply_end(s, c->x);
        exchange_give(s, c->x);
        c->x = NULL;
    }
    slot_free(s, c);
}

/* For a reply whose end is the end of the connection: a reset says that it is not whole. */
static void reset_on_close(struct conn *c)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

static enum step refuse(struct worker *w, struct conn *c, const struct refusal *why)
{
    struct exchange *x = c->x;
    x->keep_alive = false;
    x->linger = true;
    reply_refuse(w, x, why);
    c->phase = PHASE_REPLY;
    set_deadline(c, clock_mono_ns(), w->server->limits->send_seconds);
    return STEP_GO;
}

static enum step refuse_code(struct worker *w, struct conn *c, int code, const char *detail)
{
    return refuse(w, c, &(struct refusal){0, code, detail});
}

/* --- the request --------------------------------------------------------------------------- */

struct charge_state {
    struct http_server *server;
    struct exchange *x;
};

static bool charge_plain(void *state)
{
    struct charge_state *c = state;
    return exchange_charge(c->server, c->x);
}

text http_field(const struct http_request *r, text name)
{
    for (size_t i = 0; i < r->field_count; i++) {
        if (text_eq_nocase(r->fields[i].name, name)) {
            return r->fields[i].value;
        }
    }
    return (text){NULL, 0};
}

static void fill_request(struct conn *c, text body)
{
    struct exchange *x = c->x;
    const struct http_head *h = &x->parser.head;
    x->request = (struct http_request){
        .method = h->method,
        .method_name = h->method_name,
        .target = h->target,
        .path = h->path,
        .query = h->query,
        .fields = x->fields,
        .field_count = h->field_count,
        .body = body,
        .sink = x->sink,
        .arena = &x->arena,
        .peer = text_of(c->peer),
        .tls = c->ssl != NULL,
        .takes_gzip = h->takes_gzip,
    };
}

static int pass_on(struct exchange *x, text bytes)
{
    return bytes.n ? x->sink->take(x->sink, bytes) : 0;
}

static bool decode_body(struct worker *w, struct exchange *x, text *body, struct refusal *ret_why)
{
    struct charge_state state = {w->server, x};
    if (x->sink) {
        int code = pass_on(x, *body);
        *ret_why = (struct refusal){0, code, NULL};
        *body = (text){0};
        return code == 0;
    }
    if (x->parser.head.body_coding == CODING_NONE || !body->p) {
        return true;
    }
    if (gzip_inflate(*body, &x->plain, charge_plain, &state, ret_why) != 0) {
        return false;
    }
    *body = buf_text(&x->plain);
    return true;
}

static void run_handler(struct worker *w, struct conn *c, text body)
{
    struct exchange *x = c->x;
    struct http_server *s = w->server;
    struct refusal why;
    if (!decode_body(w, x, &body, &why)) {
        (void)refuse(w, c, &why);
        return;
    }
    fill_request(c, body);
    reply_start(s, x);
    s->config.handle(s->config.context, &x->request, &x->reply);
    x->keep_alive =
        x->parser.head.keep_alive && !atomic_load_explicit(&s->stopping, memory_order_relaxed);
    reply_compose(w, x);
}

/* The whole request is here: runs it. Bytes behind in_done belong to the next one. */
static enum step serve(struct worker *w, struct conn *c, text body)
{
    int64_t wall = clock_mono_ns();
    int64_t cpu = clock_thread_cpu_ns();
    pace_begin(wall);
    gate_enter(w);
    run_handler(w, c, body);
    gate_leave(w);
    int64_t end = clock_mono_ns();
    metric_observe(METRIC_http_request_seconds, end - wall);
    metric_observe(METRIC_request_cpu_seconds, clock_thread_cpu_ns() - cpu);
    c->phase = PHASE_REPLY;
    set_deadline(c, end, w->server->limits->send_seconds);
    return STEP_GO;
}

/* --- the body ------------------------------------------------------------------------------ */

static void set_body_deadline(struct worker *w, struct conn *c)
{
    uint64_t earned = c->x->body_seen / w->server->limits->body_rate;
    set_deadline(c, c->x->started, BODY_GRACE + earned);
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
    int code = pass_on(x, buf_text(&x->body));
    gate_leave(w);
    buf_clear(&x->body);
    return code ? refuse_code(w, c, code, NULL) : STEP_WAIT;
}

/* Whether a sink takes the body. A large one passes through x->body, a piece at a time. */
static void ask_for_sink(struct worker *w, struct conn *c)
{
    struct exchange *x = c->x;
    const struct http_config *config = &w->server->config;
    if (config->sink) {
        fill_request(c, (text){0});
        x->sink = config->sink(config->context, &x->request);
    }
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
            return refuse_code(w, c, ERR_MEMORY, NULL);
        }
        make_sink_room(x);
    } else if (h->length > x->in_capacity - h->bytes) {
        make_sink_room(x);
        buf_add(&x->body, (text){x->in + h->bytes, have});
        x->body_seen = have;
        x->in_n = h->bytes;
        if (buf_failed(&x->body) || !exchange_charge(w->server, x)) {
            return refuse_code(w, c, ERR_BUSY, "too many bodies are being received");
        }
    }
    if (h->expects_continue && have == 0 && !send_continue(c)) {
        return STEP_CLOSE;
    }
    return STEP_GO;
}

static enum step head_done(struct worker *w, struct conn *c)
{
    struct exchange *x = c->x;
    const struct http_head *h = &x->parser.head;
    x->head_known = true;
    atomic_store_explicit(&c->idle_since, 0, memory_order_relaxed);
    if (h->chunked || h->length) {
        ask_for_sink(w, c);
    }
    if (h->length > (x->sink ? x->sink->most : w->server->limits->body_bytes)) {
        return refuse_code(w, c, ERR_TOO_LARGE, "the body is larger than this node takes");
    }
    if (h->chunked || h->length > x->in_n - h->bytes) {
        return start_body(w, c);
    }
    x->in_done = h->bytes + (size_t)h->length;
    return serve(w, c, (text){h->length ? x->in + h->bytes : NULL, (size_t)h->length});
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
        return refuse(w, c, &why);
    }
    if (x->sink && x->body_seen > x->sink->most) {
        return refuse_code(w, c, ERR_TOO_LARGE, "the body is larger than this node takes");
    }
    if (!exchange_charge(w->server, x)) {
        return refuse_code(w, c, ERR_BUSY, "too many bodies are being received");
    }
    if (r == PARSE_DONE) {
        x->in_done += taken;
        return serve(w, c, (text){x->body.p ? x->body.p : x->in, x->body.n});
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
        return x->body_seen == h->length ? serve(w, c, buf_text(&x->body)) : fill_sink(w, c);
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
    return serve(w, c, (text){x->in + h->bytes, (size_t)h->length});
}

static enum step step_body(struct worker *w, struct conn *c)
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
            return refuse_code(w, c, ERR_BUSY, "too many bodies are being received");
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

/* --- the head ------------------------------------------------------------------------------ */

static void become_idle(struct worker *w, struct conn *c)
{
    int64_t now = clock_mono_ns();
    exchange_give(w->server, c->x);
    c->x = NULL;
    c->phase = PHASE_HEAD;
    c->want = EPOLLIN;
    set_deadline(c, now, w->server->limits->idle_seconds);
    atomic_store_explicit(&c->idle_since, now, memory_order_relaxed);
}

static enum step refuse_head(struct worker *w, struct conn *c, const struct refusal *why)
{
    metric_add(METRIC_http_bad_heads_total, 1);
    return refuse(w, c, why);
}

static enum step wait_for_head(struct worker *w, struct conn *c, bool is_first)
{
    struct exchange *x = c->x;
    if (x->in_n == 0) {
        become_idle(w, c);
        return atomic_load(&w->server->stopping) ? STEP_CLOSE : STEP_WAIT;
    }
    if (is_first) {
        x->started = clock_mono_ns();
        atomic_store_explicit(&c->idle_since, 0, memory_order_relaxed);
        set_deadline(c, x->started, w->server->limits->head_seconds);
    }
    return STEP_WAIT;
}

static enum step step_head(struct worker *w, struct conn *c)
{
    if (!c->x && !(c->x = exchange_take(w->server))) {
        return STEP_CLOSE;
    }
    struct exchange *x = c->x;
    bool is_first = x->started == 0;
    for (;;) {
        if (x->in_n) {
            struct refusal why;
            enum parse_result r = http_parse_head(&x->parser, (text){x->in, x->in_n}, &why);
            if (r != PARSE_MORE) {
                return r == PARSE_DONE ? head_done(w, c) : refuse_head(w, c, &why);
            }
        }
        if (x->in_n == x->in_capacity && !exchange_grow_in(x, x->in_capacity * 2)) {
            return refuse_code(w, c, ERR_MEMORY, NULL);
        }
        ssize_t n = conn_recv(c, x->in + x->in_n, x->in_capacity - x->in_n);
        if (n == IO_AGAIN) {
            return wait_for_head(w, c, is_first);
        }
        if (n <= 0) {
            return STEP_CLOSE;
        }
        x->in_n += (size_t)n;
    }
}

/* --- the reply ----------------------------------------------------------------------------- */

static enum step reply_sent(struct worker *w, struct conn *c)
{
    struct exchange *x = c->x;
    struct http_server *s = w->server;
    reply_end(s, x);
    if (!x->keep_alive) {
        if (!x->linger && x->in_n == x->in_done && !c->ssl) {
            return STEP_CLOSE;
        }
        conn_end_sending(c);
        exchange_give(s, x);
        c->x = NULL;
        c->phase = PHASE_LINGER;
        c->dropped = 0;
        set_deadline(c, clock_mono_ns(), LINGER_SECONDS);
        return STEP_GO;
    }
    size_t left = x->in_n - x->in_done;
    if (left == 0 && !conn_has_buffered(c)) {
        become_idle(w, c);
        return atomic_load_explicit(&s->stopping, memory_order_relaxed) ? STEP_CLOSE : STEP_WAIT;
    }
    memmove(x->in, x->in + x->in_done, left);
    exchange_reset(s, x);
    x->in_n = left;
    x->in_done = 0;
    x->started = 0;
    c->phase = PHASE_HEAD;
    if (++c->turns % TURN_REQUESTS) {
        return STEP_GO;
    }
    c->want = EPOLLOUT; /* the queue of the epoll set is fair; one that pipelines is not */
    set_deadline(c, clock_mono_ns(), s->limits->send_seconds);
    return STEP_WAIT;
}

static int next_piece(struct worker *w, struct exchange *x)
{
    gate_enter(w);
    int r = reply_next(x);
    gate_leave(w);
    return r;
}

static enum step step_reply(struct worker *w, struct conn *c)
{
    struct exchange *x = c->x;
    size_t sent = 0;
    for (;;) {
        int r = conn_send(c, &sent);
        if (r == IO_BROKEN) {
            return STEP_CLOSE;
        }
        if (sent) {
            set_deadline(c, clock_mono_ns(), w->server->limits->send_seconds);
        }
        if (r == IO_AGAIN) {
            return STEP_WAIT;
        }
        if (sent > TURN_BYTES && x->streaming) {
            c->want = EPOLLOUT;
            return STEP_WAIT;
        }
        int more = x->streaming ? next_piece(w, x) : 0;
        if (more == 0) {
            return reply_sent(w, c);
        }
        if (more < 0) {
            reset_on_close(c);
            return STEP_CLOSE;
        }
    }
}

/* --- the rest ------------------------------------------------------------------------------ */

static enum step step_handshake(struct worker *w, struct conn *c)
{
    (void)w;
    int r = tls_handshake(c->ssl, &c->want);
    if (r == IO_AGAIN) {
        return STEP_WAIT;
    }
    if (r != 0) {
        return STEP_CLOSE;
    }
    c->phase = PHASE_HEAD;
    atomic_store_explicit(&c->idle_since, 0, memory_order_relaxed);
    return STEP_GO;
}

static enum step step_linger(struct worker *w, struct conn *c)
{
    char waste[8192];
    (void)w;
    c->want = EPOLLIN;
    while (c->dropped < LINGER_BYTES) {
        ssize_t n = recv(c->fd, waste, sizeof waste, 0);
        if (n < 0 && errno == EAGAIN) {
            return STEP_WAIT;
        }
        if (n <= 0) {
            return STEP_CLOSE;
        }
        c->dropped += (uint64_t)n;
    }
    return STEP_CLOSE;
}

/* The caller has the listener, which others wait for: whoever gets the first event serves it. */
void conn_start(struct http_server *s, struct conn *c)
{
    enum arming armed = slot_arm(s, c, true);
    while (armed == ARM_EVENT) {
        armed = slot_arm(s, c, false);
    }
    if (armed == ARM_FAILED) {
        conn_close(s, c);
    }
}

void conn_run(struct worker *w, struct conn *c)
{
    static enum step (*const steps[PHASE_COUNT])(struct worker *, struct conn *) = {
        [PHASE_HANDSHAKE] = step_handshake, [PHASE_HEAD] = step_head,     [PHASE_BODY] = step_body,
        [PHASE_REPLY] = step_reply,         [PHASE_LINGER] = step_linger,
    };
    enum arming armed = ARM_EVENT;
    while (armed == ARM_EVENT) {
        enum step next;
        do {
            next = steps[c->phase](w, c);
        } while (next == STEP_GO);
        if (next == STEP_CLOSE) {
            conn_close(w->server, c);
            return;
        }
        armed = slot_arm(w->server, c, false);
    }
    if (armed == ARM_FAILED) {
        conn_close(w->server, c);
    }
}

void conn_late(struct worker *w, struct conn *c)
{
    bool is_idle = c->phase == PHASE_HEAD && atomic_load(&c->idle_since) != 0;
    if (!is_idle && c->phase != PHASE_LINGER) {
        metric_add(METRIC_http_timeouts_total, 1);
    }
    if ((c->phase == PHASE_HEAD || c->phase == PHASE_BODY) && c->x && !is_idle) {
        (void)refuse_code(w, c, ERR_TIMEOUT, NULL);
        conn_run(w, c);
        return;
    }
    if (c->phase == PHASE_REPLY) {
        reset_on_close(c);
    }
    conn_close(w->server, c);
}
