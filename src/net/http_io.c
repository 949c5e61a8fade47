#include "net/http_int.h"

#include "base/metrics.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum { WIRE_MAX = 16 * 1024 };

ssize_t conn_recv(struct conn *c, char *to, size_t n)
{
    ssize_t r;
    if (c->ssl) {
        r = tls_read(c->ssl, to, n, &c->want);
    } else {
        do {
            r = recv(c->fd, to, n, 0);
        } while (r < 0 && errno == EINTR);
        if (r < 0) {
            c->want = EPOLLIN;
            r = errno == EAGAIN ? IO_AGAIN : IO_BROKEN;
        }
    }
    if (r > 0) {
        metric_add(METRIC_http_received_bytes_total, r);
    }
    return r;
}

/* Takes what was sent from the front of the pieces. */
static void pieces_consume(struct exchange *x, size_t n)
{
    while (x->piece < 3 && n >= x->pieces[x->piece].n) {
        n -= x->pieces[x->piece].n;
        x->pieces[x->piece++].n = 0;
    }
    if (x->piece < 3) {
        x->pieces[x->piece] = text_from(x->pieces[x->piece], n);
    }
}

static int send_plain(struct conn *c, size_t *sent)
{
    struct exchange *x = c->x;
    while (x->piece < 3) {
        struct iovec iov[3];
        size_t count = 0;
        size_t total = 0;
        for (unsigned i = x->piece; i < 3; i++) {
            if (x->pieces[i].n) {
                union {
                    const char *in;
                    void *out;
                } p = {x->pieces[i].p}; /* sendmsg() only reads, but its type does not say so */
                iov[count++] = (struct iovec){p.out, x->pieces[i].n};
                total += x->pieces[i].n;
            }
        }
        struct msghdr message = {.msg_iov = iov, .msg_iovlen = count};
        ssize_t r = total ? sendmsg(c->fd, &message, MSG_NOSIGNAL) : 0;
        if (r < 0 && errno == EINTR) {
            continue;
        }
        if (r < 0 && errno != EAGAIN) {
            return IO_BROKEN;
        }
        size_t n = r > 0 ? (size_t)r : 0;
        *sent += n;
        pieces_consume(x, n);
        if (n < total) { /* the socket is full: asking again would only say so */
            c->want = EPOLLOUT;
            return IO_AGAIN;
        }
    }
    return 0;
}

/* Small pieces go into one TLS record, so that a reply is one record and one segment. */
static void pieces_join(struct exchange *x)
{
    size_t total = 0;
    for (unsigned i = x->piece; i < 3; i++) {
        total += x->pieces[i].n;
    }
    if (total == 0 || total > WIRE_MAX || total == x->pieces[x->piece].n) {
        return;
    }
    buf_clear(&x->wire);
    for (unsigned i = x->piece; i < 3; i++) {
        buf_add(&x->wire, x->pieces[i]);
    }
    if (!buf_failed(&x->wire)) {
        x->pieces[0] = buf_text(&x->wire);
        x->pieces[1].n = 0;
        x->pieces[2].n = 0;
        x->piece = 0;
    }
}

static int send_tls(struct conn *c, size_t *sent)
{
    struct exchange *x = c->x;
    while (x->piece < 3) {
        if (x->pieces[x->piece].n == 0) {
            x->piece++;
            continue;
        }
        ssize_t r = tls_write(c->ssl, x->pieces[x->piece], &c->want);
        if (r < 0) {
            return (int)r;
        }
        *sent += (size_t)r;
        pieces_consume(x, (size_t)r);
    }
    return 0;
}

int conn_send(struct conn *c, size_t *sent)
{
    size_t before = *sent;
    if (c->ssl && c->x->piece == 0) {
        pieces_join(c->x);
    }
    int r = c->ssl ? send_tls(c, sent) : send_plain(c, sent);
    if (*sent > before) {
        metric_add(METRIC_http_sent_bytes_total, (int64_t)(*sent - before));
    }
    return r;
}

bool conn_has_buffered(const struct conn *c)
{
    return c->ssl && tls_has_buffered(c->ssl);
}

void conn_end_sending(struct conn *c)
{
    if (c->ssl) {
        tls_end_sending(c->ssl);
    }
    (void)shutdown(c->fd, SHUT_WR);
}
