#include "net/http_int.h"

#include "base/clock.h"
#include "base/metrics.h"
#include "base/pace.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum {
    TURN_BYTES = 1024 * 1024, /* a connection that has sent so much lets others go first */
    TURN_REQUESTS = 16,       /* likewise for pipelined requests */
    LINGER_SECONDS = 2,       /* for a client to read the last reply */
    CPU_SAMPLED = 16,         /* one request in so many: that clock is a call of the system */
    LINGER_BYTES = 16 << 20,  /* of what it still sends: a reset could overtake the reply */
};

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

enum step conn_refuse(struct worker *w, struct conn *c, const struct refusal *why)
{
    struct exchange *x = c->x;
    x->keep_alive = false;
    x->linger = true;
    reply_refuse(w, x, why);
    c->phase = PHASE_REPLY;
    conn_deadline(c, clock_mono_ns(), w->server->limits->send_seconds);
    return STEP_GO;
}

enum step conn_refuse_code(struct worker *w, struct conn *c, int code, const char *detail)
{
    return conn_refuse(w, c, &(struct refusal){0, code, detail});
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

void conn_fill_request(struct conn *c, text body)
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
        .client_key = c->has_client_key ? c->client_key : NULL,
        .takes_gzip = h->takes_gzip,
    };
}

int conn_pass_on(struct exchange *x, text bytes)
{
    return bytes.n ? x->sink->take(x->sink, bytes) : 0;
}

static bool decode_body(struct worker *w, struct exchange *x, text *body, struct refusal *ret_why)
{
    struct charge_state state = {w->server, x};
    if (x->sink) {
        int code = conn_pass_on(x, *body);
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
        (void)conn_refuse(w, c, &why);
        return;
    }
    conn_fill_request(c, body);
    reply_start(s, x);
    s->config.handle(s->config.context, &x->request, &x->reply);
    x->keep_alive =
        x->parser.head.keep_alive && !atomic_load_explicit(&s->stopping, memory_order_relaxed);
    reply_compose(w, x);
}

/* The whole request is here: runs it. Bytes behind in_done belong to the next one. */
enum step conn_serve(struct worker *w, struct conn *c, text body)
{
    int64_t wall = clock_mono_ns();
    bool sampled = w->served++ % CPU_SAMPLED == 0;
    int64_t cpu = sampled ? clock_thread_cpu_ns() : 0;
    pace_begin(wall);
    gate_enter(w);
    run_handler(w, c, body);
    gate_leave(w);
    int64_t end = clock_mono_ns();
    if (sampled) {
        metric_observe(METRIC_request_cpu_seconds, clock_thread_cpu_ns() - cpu);
    }
    c->x->served = wall;
    if (c->x->reply.hold.ask) {
        c->phase = PHASE_HELD;
        return STEP_GO;
    }
    metric_observe(METRIC_http_request_seconds, end - wall);
    c->phase = PHASE_REPLY;
    conn_deadline(c, end, w->server->limits->send_seconds);
    return STEP_GO;
}

/* The worker goes on with others meanwhile. It waits itself where nobody will call. */
static enum step step_held(struct worker *w, struct conn *c)
{
    struct exchange *x = c->x;
    const struct http_hold *hold = &x->reply.hold;
    if (!x->asked) {
        x->asked = true;
        atomic_store_explicit(&c->deadline, INT64_MAX, memory_order_relaxed);
        if (hold->ask(hold->context, hold->ticket, slot_data(c))) {
            return STEP_PARK;
        }
    }
    gate_enter(w);
    int code = hold->wait(hold->context, hold->ticket);
    gate_leave(w);
    if (code) {
        reply_end(w->server, x);
        return conn_refuse_code(w, c, code,
                                code == ERR_FULL
                                    ? "the disk of the access log is full, so nothing can "
                                      "be read; make room and try again"
                                    : "the access log takes no entries; nothing can be "
                                      "read");
    }
    int64_t now = clock_mono_ns();
    metric_observe(METRIC_http_request_seconds, now - x->served);
    c->phase = PHASE_REPLY;
    conn_deadline(c, now, w->server->limits->send_seconds);
    return STEP_GO;
}

/* --- the head ------------------------------------------------------------------------------ */

static void become_idle(struct worker *w, struct conn *c)
{
    int64_t now = clock_mono_ns();
    exchange_give(w->server, c->x);
    c->x = NULL;
    c->phase = PHASE_HEAD;
    c->want = EPOLLIN;
    conn_deadline(c, now, w->server->limits->idle_seconds);
    atomic_store_explicit(&c->idle_since, now, memory_order_relaxed);
}

static enum step refuse_head(struct worker *w, struct conn *c, const struct refusal *why)
{
    metric_add(METRIC_http_bad_heads_total, 1);
    return conn_refuse(w, c, why);
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
        conn_deadline(c, x->started, w->server->limits->head_seconds);
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
                return r == PARSE_DONE ? conn_head_done(w, c) : refuse_head(w, c, &why);
            }
        }
        if (x->in_n == x->in_capacity && !exchange_grow_in(x, x->in_capacity * 2)) {
            return conn_refuse_code(w, c, ERR_MEMORY, NULL);
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
    if (x->reply.status == 101 && x->reply.take) {
        (void)conn_give_away(s, c);
        return STEP_CLOSE;
    }
    if (!x->keep_alive) {
        if (!x->linger && x->in_n == x->in_done && !c->ssl) {
            return STEP_CLOSE;
        }
        conn_end_sending(c);
        exchange_give(s, x);
        c->x = NULL;
        c->phase = PHASE_LINGER;
        c->dropped = 0;
        conn_deadline(c, clock_mono_ns(), LINGER_SECONDS);
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
    conn_deadline(c, clock_mono_ns(), s->limits->send_seconds);
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
            conn_deadline(c, clock_mono_ns(), w->server->limits->send_seconds);
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
    int r = tls_handshake(c->ssl, &c->want);
    if (r == IO_AGAIN) {
        return STEP_WAIT;
    }
    if (r != 0) {
        return STEP_CLOSE;
    }
    c->has_client_key = w->server->config.asks_client && tls_client_key(c->ssl, c->client_key);
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

/* The caller has other things to do: whoever gets the next event serves it. */
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
        [PHASE_HANDSHAKE] = step_handshake, [PHASE_HEAD] = step_head,
        [PHASE_BODY] = conn_body,           [PHASE_HELD] = step_held,
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
        armed = next == STEP_PARK ? slot_park(c) : slot_arm(w->server, c, false);
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
        (void)conn_refuse_code(w, c, ERR_TIMEOUT, NULL);
        conn_run(w, c);
        return;
    }
    if (c->phase == PHASE_REPLY) {
        reset_on_close(c);
    }
    conn_close(w->server, c);
}
