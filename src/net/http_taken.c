#include "net/http_int.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* A connection that has become another protocol's: it leaves its slot, and the epoll set. */

struct http_taken {
    int fd;
    struct ssl_st *ssl;
};

bool conn_give_away(struct http_server *s, struct conn *c)
{
    struct exchange *x = c->x;
    struct http_taken *t = calloc(1, sizeof *t);
    if (!t || epoll_ctl(s->epoll, EPOLL_CTL_DEL, c->fd, NULL) != 0) {
        free(t);
        return false;
    }
    *t = (struct http_taken){c->fd, c->ssl};
    c->fd = -1;
    c->ssl = NULL;
    x->reply.take(x->reply.take_context, t, text_make(x->in + x->in_done, x->in_n - x->in_done));
    return true;
}

int http_taken_fd(const struct http_taken *t)
{
    return t->fd;
}

ssize_t http_taken_read(struct http_taken *t, char *to, size_t n, uint32_t *ret_want)
{
    ssize_t r;
    if (t->ssl) {
        return tls_read(t->ssl, to, n, ret_want);
    }
    do {
        r = recv(t->fd, to, n, 0);
    } while (r < 0 && errno == EINTR);
    return r >= 0 ? r : errno == EAGAIN ? IO_AGAIN : IO_BROKEN;
}

ssize_t http_taken_write(struct http_taken *t, text bytes, uint32_t *ret_want)
{
    ssize_t r;
    if (t->ssl) {
        return tls_write(t->ssl, bytes, ret_want);
    }
    do {
        r = send(t->fd, bytes.p, bytes.n, MSG_NOSIGNAL);
    } while (r < 0 && errno == EINTR);
    return r >= 0 ? r : errno == EAGAIN ? IO_AGAIN : IO_BROKEN;
}

void http_taken_close(struct http_taken *t)
{
    if (t->ssl) {
        tls_end_sending(t->ssl);
        tls_free(t->ssl);
    }
    (void)shutdown(t->fd, SHUT_WR);
    (void)close(t->fd);
    free(t);
}
