#include "net/websocket.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    TURN_MS = 1000,
    READ_BYTES = 4096,
    FRAMES_A_TURN = 64,
    PING_SECONDS = 30,
    SILENT_SECONDS = 75,
    CONSUME_BYTES = 1 << 20, /* moved to the front so seldom that it costs little */
};
#define SECOND INT64_C(1000000000)

struct socket {
    struct socket *behind;
    uint64_t id;
    struct http_taken *conn;
    struct buf in;      /* bytes that are not looked at yet */
    struct buf message; /* the parts of one that came in several */
    struct buf out;     /* under the lock, as this: so much of it has been sent */
    size_t sent;
    atomic_bool kept;
    atomic_bool closing; /* ends when `out` has been sent */
    atomic_bool broken;
    uint32_t wants; /* of EPOLLIN, EPOLLOUT, by TLS */
    int64_t opened_ns, heard_ns, pinged_ns;
};

struct websockets {
    struct websockets_config config;
    pthread_t thread;
    bool running;
    int wake;
    atomic_bool stopping;
    struct pollfd *polls;
    struct socket **order;
    pthread_mutex_t lock; /* of all that follows */
    struct socket *sockets;
    size_t count;
    size_t waiting; /* bytes for all clients together */
    uint64_t last_id;
};

/* --- out ----------------------------------------------------------------------------------------
 */

static void wake(struct websockets *w)
{
    uint64_t one = 1;
    ssize_t ignored = write(w->wake, &one, sizeof one);
    (void)ignored;
}

/* Its bytes wait no more; the thread drops it. */
static void break_off(struct websockets *w, struct socket *s)
{
    s->broken = true;
    w->waiting -= s->out.n - s->sent;
    s->sent = s->out.n;
}

/* The one that takes the least of what is sent ends first. */
static void make_room(struct websockets *w)
{
    struct socket *worst = NULL;
    for (struct socket *s = w->sockets; s; s = s->behind) {
        bool worse = !s->broken && (!worst || s->out.n - s->sent > worst->out.n - worst->sent);
        worst = worse ? s : worst;
    }
    if (worst) {
        break_off(w, worst);
    }
}

/* Under the lock. False: more waits than may. */
static bool queue(struct websockets *w, struct socket *s, enum ws_opcode opcode, text payload)
{
    size_t before = s->out.n;
    ws_print(opcode, payload, &s->out);
    w->waiting += s->out.n - before;
    if (buf_failed(&s->out)) {
        break_off(w, s);
    }
    if (w->waiting > w->config.all_bytes) {
        make_room(w);
    }
    return !s->broken;
}

static void end_with(struct websockets *w, struct socket *s, int why)
{
    char code[2] = {(char)(why >> 8), (char)(why & 0xff)};
    (void)pthread_mutex_lock(&w->lock);
    (void)queue(w, s, WS_CLOSE, text_make(code, sizeof code));
    s->closing = true;
    (void)pthread_mutex_unlock(&w->lock);
}

bool websockets_send(struct websockets *w, uint64_t socket, text message)
{
    bool sent = false;
    (void)pthread_mutex_lock(&w->lock);
    for (struct socket *s = w->sockets; s && !sent; s = s->behind) {
        if (s->id == socket && !s->closing && !s->broken) {
            sent = queue(w, s, WS_TEXT, message);
        }
    }
    (void)pthread_mutex_unlock(&w->lock);
    wake(w);
    return sent;
}

void websockets_keep(struct websockets *w, uint64_t socket)
{
    (void)pthread_mutex_lock(&w->lock);
    for (struct socket *s = w->sockets; s; s = s->behind) {
        if (s->id == socket) {
            s->kept = true;
        }
    }
    (void)pthread_mutex_unlock(&w->lock);
}

static void flush(struct websockets *w, struct socket *s)
{
    (void)pthread_mutex_lock(&w->lock);
    while (s->out.n && !s->broken) {
        ssize_t n = http_taken_write(s->conn, text_from(buf_text(&s->out), s->sent), &s->wants);
        if (n <= 0) {
            s->broken = n != HTTP_TAKEN_AGAIN;
            break;
        }
        s->sent += (size_t)n;
        w->waiting -= (size_t)n;
        if (s->sent >= CONSUME_BYTES || s->sent == s->out.n) {
            buf_consume(&s->out, s->sent);
            s->sent = 0;
        }
    }
    s->broken = s->broken || (s->closing && !s->out.n);
    (void)pthread_mutex_unlock(&w->lock);
}

/* --- in -----------------------------------------------------------------------------------------
 */

static void take_data(struct websockets *w, struct socket *s, const struct ws_frame *f)
{
    bool first = f->opcode != WS_CONTINUATION;
    if (f->opcode == WS_BINARY) {
        end_with(w, s, WS_UNSUPPORTED);
        return;
    }
    if (first != !s->message.capacity) { /* a part of nothing, or a beginning within another */
        end_with(w, s, WS_PROTOCOL);
        return;
    }
    if (first && f->last) {
        w->config.message(w->config.context, s->id, f->payload);
        return;
    }
    if (!buf_reserve(&s->message, f->payload.n + 1)) {
        end_with(w, s, WS_TOO_LARGE);
        return;
    }
    buf_add(&s->message, f->payload);
    if (f->last) {
        w->config.message(w->config.context, s->id, buf_text(&s->message));
        buf_done(&s->message);
    }
}

static void take_frame(struct websockets *w, struct socket *s, const struct ws_frame *f)
{
    switch (f->opcode) {
    case WS_PING:
        (void)pthread_mutex_lock(&w->lock);
        (void)queue(w, s, WS_PONG, f->payload);
        (void)pthread_mutex_unlock(&w->lock);
        return;
    case WS_PONG:
        return;
    case WS_CLOSE:
        end_with(w, s, 1000);
        return;
    default:
        take_data(w, s, f);
    }
}

static void take_frames(struct websockets *w, struct socket *s)
{
    struct ws_frame f;
    size_t taken = 0;
    int why = 0;
    enum ws_result r = WS_FRAME;
    while (r == WS_FRAME && !s->closing && s->in.n) {
        r = ws_read(s->in.p, s->in.n, w->config.in_bytes, &f, &taken, &why);
        if (r == WS_FRAME) {
            take_frame(w, s, &f);
            buf_consume(&s->in, taken);
        }
    }
    if (r == WS_BAD) {
        end_with(w, s, why);
    }
}

static void receive(struct websockets *w, struct socket *s)
{
    for (int i = 0; i < FRAMES_A_TURN && !s->closing; i++) {
        char *to = buf_reserve(&s->in, READ_BYTES);
        ssize_t n = to ? http_taken_read(s->conn, to, READ_BYTES, &s->wants) : 0;
        if (n <= 0) {
            s->broken = s->broken || n != HTTP_TAKEN_AGAIN;
            return;
        }
        s->in.n += (size_t)n;
        s->heard_ns = clock_mono_ns();
        take_frames(w, s);
    }
}

/* --- the thread ---------------------------------------------------------------------------------
 */

static void keep_alive(struct websockets *w, struct socket *s, int64_t now)
{
    if (now - s->heard_ns > SILENT_SECONDS * SECOND) {
        s->broken = true;
    } else if (!s->kept && !s->closing && now - s->opened_ns > w->config.unkept_seconds * SECOND) {
        end_with(w, s, WS_POLICY);
    } else if (now - s->pinged_ns > PING_SECONDS * SECOND) {
        (void)pthread_mutex_lock(&w->lock);
        (void)queue(w, s, WS_PING, T(""));
        (void)pthread_mutex_unlock(&w->lock);
        s->pinged_ns = now;
    }
}

static void drop(struct websockets *w, struct socket *s)
{
    (void)pthread_mutex_lock(&w->lock);
    struct socket **at = &w->sockets;
    while (*at != s) {
        at = &(*at)->behind;
    }
    *at = s->behind;
    w->count--;
    w->waiting -= s->out.n - s->sent;
    (void)pthread_mutex_unlock(&w->lock);
    w->config.gone(w->config.context, s->id);
    http_taken_close(s->conn);
    buf_done(&s->in);
    buf_done(&s->message);
    buf_done(&s->out);
    free(s);
}

/* What there is now, and what each waits for. */
static size_t line_up(struct websockets *w)
{
    size_t n = 0;
    (void)pthread_mutex_lock(&w->lock);
    for (struct socket *s = w->sockets; s; s = s->behind, n++) {
        bool writes = s->out.n || s->closing || (s->wants & EPOLLOUT);
        w->order[n] = s;
        w->polls[n] = (struct pollfd){.fd = http_taken_fd(s->conn),
                                      .events = (short)(POLLIN | (writes ? POLLOUT : 0))};
    }
    (void)pthread_mutex_unlock(&w->lock);
    w->polls[n] = (struct pollfd){.fd = w->wake, .events = POLLIN};
    return n;
}

static void *run(void *context)
{
    struct websockets *w = context;
    (void)pthread_setname_np(pthread_self(), "websockets");
    while (!atomic_load(&w->stopping)) {
        uint64_t ignored;
        size_t n = line_up(w);
        (void)poll(w->polls, n + 1, TURN_MS);
        if (w->polls[n].revents) {
            ssize_t got = read(w->wake, &ignored, sizeof ignored);
            (void)got;
        }
        int64_t now = clock_mono_ns();
        for (size_t i = 0; i < n; i++) {
            struct socket *s = w->order[i];
            s->wants = 0;
            if (w->polls[i].revents || s->in.n) {
                take_frames(w, s);
                receive(w, s);
            }
            keep_alive(w, s, now);
            flush(w, s);
            if (s->broken) {
                drop(w, s);
            }
        }
    }
    return NULL;
}

/* --- from outside -------------------------------------------------------------------------------
 */

int websockets_open(const struct websockets_config *config, struct websockets **ret, struct err *e)
{
    struct websockets *w = calloc(1, sizeof *w);
    if (!w) {
        return err_set(e, ERR_MEMORY, "no memory for websockets");
    }
    w->config = *config;
    w->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    w->polls = calloc(config->most + 1, sizeof *w->polls);
    w->order = calloc(config->most + 1, sizeof(struct socket *));
    (void)pthread_mutex_init(&w->lock, NULL);
    w->running =
        w->wake >= 0 && w->polls && w->order && pthread_create(&w->thread, NULL, run, w) == 0;
    if (!w->running) {
        websockets_close(w);
        return err_set(e, ERR_MEMORY, "the thread of websockets cannot be started");
    }
    *ret = w;
    return 0;
}

void websockets_close(struct websockets *w)
{
    if (!w) {
        return;
    }
    if (w->running) {
        atomic_store(&w->stopping, true);
        wake(w);
        (void)pthread_join(w->thread, NULL);
    }
    while (w->sockets) {
        end_with(w, w->sockets, WS_GOING);
        flush(w, w->sockets);
        drop(w, w->sockets);
    }
    if (w->wake >= 0) {
        (void)close(w->wake);
    }
    free(w->polls);
    free(w->order);
    (void)pthread_mutex_destroy(&w->lock);
    free(w);
}

/* Called by a worker of the server, once the 101 has been sent. */
static void take(void *context, struct http_taken *conn, text received)
{
    struct websockets *w = context;
    struct socket *s = calloc(1, sizeof *s);
    bool fits = false;
    if (s) {
        s->conn = conn;
        s->opened_ns = s->heard_ns = s->pinged_ns = clock_mono_ns();
        buf_init(&s->in, w->config.in_bytes + WS_HEAD_MAX + READ_BYTES);
        buf_init(&s->message, w->config.in_bytes);
        buf_init(&s->out, w->config.out_bytes);
        buf_add(&s->in, received);
        (void)pthread_mutex_lock(&w->lock);
        fits = w->count < w->config.most && !buf_failed(&s->in);
        if (fits) {
            s->id = ++w->last_id;
            s->behind = w->sockets;
            w->sockets = s;
            w->count++;
        }
        (void)pthread_mutex_unlock(&w->lock);
    }
    if (!fits) {
        http_taken_close(conn);
        if (s) {
            buf_done(&s->in);
        }
        free(s);
        return;
    }
    wake(w);
}

static bool has_word(text list, text word)
{
    text item;
    bool has = false;
    while (!has && text_cut(&list, ',', &item)) {
        has = text_eq_nocase(text_trim(item), word);
    }
    return has;
}

int websockets_upgrade(struct websockets *w, const struct http_request *request,
                       struct http_reply *reply, struct err *e)
{
    char accept[29];
    if (request->method != HTTP_GET ||
        !has_word(http_field(request, T("Upgrade")), T("websocket")) ||
        !has_word(http_field(request, T("Connection")), T("upgrade"))) {
        return err_set(e, ERR_INVALID,
                       "this address is for websockets: GET with Upgrade: "
                       "websocket and Connection: Upgrade (RFC 6455)");
    }
    if (!text_eq(http_field(request, T("Sec-WebSocket-Version")), T("13")) ||
        !ws_accept(http_field(request, T("Sec-WebSocket-Key")), accept)) {
        return err_set(e, ERR_INVALID,
                       "websockets are of version 13, with a Sec-WebSocket-Key of "
                       "16 bytes in base64 (RFC 6455)");
    }
    (void)pthread_mutex_lock(&w->lock);
    bool full = w->count >= w->config.most;
    (void)pthread_mutex_unlock(&w->lock);
    if (full) {
        return err_set(e, ERR_BUSY, "there are too many websockets already; try again shortly");
    }
    reply->status = 101;
    http_reply_field(reply, T("Upgrade"), T("websocket"));
    http_reply_field(reply, T("Connection"), T("Upgrade"));
    http_reply_field(reply, T("Sec-WebSocket-Accept"), text_of(accept));
    reply->take = take;
    reply->take_context = w;
    return 0;
}
