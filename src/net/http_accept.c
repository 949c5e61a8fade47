#include "net/http_int.h"

#include "base/clock.h"
#include "base/metrics.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024, ACCEPT_TURN = 32 };

static bool is_loopback(const struct sockaddr *a)
{
    if (a->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, a, sizeof in);
        return ntohl(in.sin_addr.s_addr) >> 24 == 127;
    }
    struct sockaddr_in6 in6;
    memcpy(&in6, a, sizeof in6);
    return a->sa_family == AF_INET6 &&
           (IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr) ||
            (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr) && in6.sin6_addr.s6_addr[12] == 127));
}

static uint16_t port_of(int fd)
{
    struct sockaddr_storage a;
    socklen_t n = sizeof a;
    if (getsockname(fd, (struct sockaddr *)&a, &n) != 0) {
        return 0;
    }
    char port[8] = "0";
    (void)getnameinfo((struct sockaddr *)&a, n, NULL, 0, port, sizeof port, NI_NUMERICSERV);
    uint64_t number = 0;
    return text_to_u64(text_of(port), &number) ? (uint16_t)number : 0;
}

static int bind_address(struct http_server *s, const struct addrinfo *a, const char *host,
                        struct err *e)
{
    if (!s->config.tls_cert && !is_loopback(a->ai_addr)) {
        return err_set(
            e, ERR_FORBIDDEN,
            "%s can be reached from other machines, and without TLS everybody on the way "
            "could read along: give --tls-cert and --tls-key, or listen on 127.0.0.1",
            host);
    }
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        bind(fd, a->ai_addr, a->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
        int code = errno;
        if (fd >= 0) {
            (void)close(fd);
        }
        return err_set(e, ERR_IO, "cannot listen on %s, port %u: %s", host,
                       (unsigned)s->config.port, strerrordesc_np(code));
    }
    s->listener = fd;
    s->port = port_of(fd);
    return 0;
}

int listener_open(struct http_server *s, struct err *e)
{
    const char *host = s->config.host && *s->config.host ? s->config.host : "127.0.0.1";
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *list;
    char port[8];
    (void)snprintf(port, sizeof port, "%u", (unsigned)s->config.port);
    int r = getaddrinfo(host, port, &hints, &list);
    if (r != 0) {
        return err_set(e, ERR_INVALID, "%s is not an address to listen on: %s", host,
                       gai_strerror(r));
    }
    r = bind_address(s, list, host, e);
    freeaddrinfo(list);
    bool bare_v6 = strchr(host, ':') && *host != '[';
    (void)snprintf(s->url, sizeof s->url, bare_v6 ? "%s://[%.200s]:%u" : "%s://%.200s:%u",
                   s->config.tls_cert ? "https" : "http", host, (unsigned)s->port);
    return r;
}

bool listener_arm(struct http_server *s, bool is_new)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT, .data.u64 = TAG_LISTENER};
    return epoll_ctl(s->epoll, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, s->listener, &event) == 0;
}

/* No slot: a short reply as far as the socket takes it at once, and gone. */
static void turn_away(struct worker *w, int fd)
{
    metric_add(METRIC_http_connections_refused_total, 1);
    struct exchange *x = w->server->config.tls_cert ? NULL : exchange_take(w->server);
    if (x) {
        struct conn c = {.fd = fd, .x = x};
        size_t sent = 0;
        x->keep_alive = false;
        reply_refuse(w, x, &(struct refusal){0, ERR_BUSY, "too many connections are open"});
        (void)conn_send(&c, &sent);
        reply_end(w->server, x);
        exchange_give(w->server, x);
    }
    (void)close(fd);
}

static struct conn *find_slot(struct http_server *s, int fd)
{
    struct conn *c = slot_take(s, fd);
    if (!c) {
        struct conn *idle = slot_own_oldest_idle(s);
        if (idle) {
            metric_add(METRIC_http_connections_refused_total, 1);
            conn_close(s, idle);
            c = slot_take(s, fd);
        }
    }
    return c;
}

static void welcome(struct worker *w, int fd, const struct sockaddr_storage *a, socklen_t a_n)
{
    struct http_server *s = w->server;
    struct conn *c = find_slot(s, fd);
    if (!c) {
        turn_away(w, fd);
        return;
    }
    int64_t now = clock_mono_ns();
    uint64_t seconds = s->config.tls_cert ? s->limits->handshake_seconds : s->limits->idle_seconds;
    metric_add(METRIC_http_connections_total, 1);
    c->phase = s->config.tls_cert ? PHASE_HANDSHAKE : PHASE_HEAD;
    c->want = EPOLLIN;
    c->x = NULL;
    c->turns = 0;
    c->has_client_key = false;
    atomic_store_explicit(&c->idle_since, now, memory_order_relaxed);
    atomic_store_explicit(&c->deadline, now + (int64_t)seconds * SECOND_NS, memory_order_relaxed);
    if (getnameinfo((const struct sockaddr *)a, a_n, c->peer, sizeof c->peer, NULL, 0,
                    NI_NUMERICHOST) != 0) {
        c->peer[0] = '\0';
    }
    if (s->config.tls_cert && !(c->ssl = tls_new(s, fd))) {
        conn_close(s, c);
        return;
    }
    conn_start(s, c);
}

/*
 * Without a file descriptor for it a connection stays in the kernel's queue. The listener is not
 * armed then, since it would be ready at once again; the sweep arms it when some time has passed.
 */
static void out_of_files(struct http_server *s)
{
    struct conn *idle = slot_own_oldest_idle(s);
    if (idle) {
        conn_close(s, idle);
    }
    atomic_store(&s->accept_paused, true);
}

void listener_accept(struct worker *w)
{
    struct http_server *s = w->server;
    for (int i = 0; i < ACCEPT_TURN && !atomic_load(&s->stopping); i++) {
        struct sockaddr_storage a;
        socklen_t n = sizeof a;
        int fd = accept4(s->listener, (struct sockaddr *)&a, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            int on = 1;
            (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            welcome(w, fd, &a, n);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            out_of_files(s);
            return;
        } else if (errno == EAGAIN) {
            break;
        }
        /* Anything else concerns that one connection (accept(2), "Error handling"). */
    }
    if (!atomic_load(&s->stopping) && !listener_arm(s, false)) {
        atomic_store(&s->accept_paused, true);
    }
}
