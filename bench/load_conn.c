#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

/* The states within a chunked body. */
enum { CHUNK_SIZE, CHUNK_EXTENSION, CHUNK_DATA, CHUNK_END, CHUNK_TRAILER, CHUNK_TRAILER_LINE };

bool conn_open(struct conn *c, const struct options *o)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(o->port)};
    int on = 1;
    c->state = CONN_FREE;
    c->fd = -1;
    if (inet_pton(AF_INET, o->host, &a.sin_addr) != 1) {
        errno = EINVAL;
        return false;
    }
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&a, sizeof a) != 0) {
        return false;
    }
    (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return true;
}

void conn_close(struct conn *c)
{
    if (c->fd >= 0) {
        (void)close(c->fd);
    }
    c->fd = -1;
    c->state = CONN_FREE;
}

void conn_begin(struct conn *c, const char *request, size_t n, int64_t started)
{
    c->state = CONN_BUSY;
    c->started = started;
    c->out = request;
    c->out_n = n;
    c->out_done = 0;
    c->head_n = 0;
    c->in_body = false;
    c->chunked = false;
    c->closes = false;
    c->status = 0;
    c->left = 0;
    c->chunk_state = CHUNK_SIZE;
    c->tail_n = 0;
    c->found = 0;
    c->body_bytes = 0;
}

bool conn_send(struct conn *c)
{
    while (c->out_done < c->out_n) {
        ssize_t n =
            send(c->fd, c->out + c->out_done, c->out_n - c->out_done, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0) {
            return errno == EAGAIN;
        }
        c->out_done += (size_t)n;
    }
    return true;
}

/* --- the body ------------------------------------------------------------------------------ */

static uint64_t count_in(const char *p, size_t n, const char *needle, size_t needle_n)
{
    uint64_t found = 0;
    const char *end = p + n;
    while ((p = memmem(p, (size_t)(end - p), needle, needle_n)) != NULL) {
        p += needle_n;
        found++;
    }
    return found;
}

/* Counts the needle in `p`, and across the border to what came before. */
static void body_bytes(struct conn *c, const char *p, size_t n, const char *needle)
{
    char both[2 * NEEDLE_MAX];
    c->body_bytes += n;
    if (!needle || n == 0) {
        return;
    }
    size_t keep = strlen(needle) - 1;
    size_t first = n < keep ? n : keep;
    memcpy(both, c->tail, c->tail_n);
    memcpy(both + c->tail_n, p, first);
    c->found += count_in(both, c->tail_n + first, needle, keep + 1);
    c->found += count_in(p, n, needle, keep + 1);
    if (n >= keep) {
        memcpy(c->tail, p + n - keep, keep);
        c->tail_n = keep;
    } else {
        size_t all = c->tail_n + first;
        size_t from = all > keep ? all - keep : 0;
        memcpy(c->tail, both + from, all - from);
        c->tail_n = all - from;
    }
}

static int hex_digit(char ch)
{
    if (ch >= '0' && ch <= '9') {
        return ch - '0';
    }
    ch = (char)(ch | 0x20);
    return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}

/* One byte of framing. True: the body is over. */
static bool chunk_byte(struct conn *c, char ch)
{
    switch (c->chunk_state) {
    case CHUNK_SIZE:
        if (hex_digit(ch) >= 0) {
            c->left = c->left * 16 + (uint64_t)hex_digit(ch);
            return false;
        }
        c->chunk_state = CHUNK_EXTENSION;
        __attribute__((fallthrough));
    case CHUNK_EXTENSION:
        if (ch == '\n') {
            c->chunk_state = c->left ? CHUNK_DATA : CHUNK_TRAILER;
        }
        return false;
    case CHUNK_END:
        if (ch == '\n') {
            c->chunk_state = CHUNK_SIZE;
            c->left = 0;
        }
        return false;
    case CHUNK_TRAILER:
        if (ch == '\n') {
            return true;
        }
        c->chunk_state = ch == '\r' ? CHUNK_TRAILER : CHUNK_TRAILER_LINE;
        return false;
    default:
        if (ch == '\n') {
            c->chunk_state = CHUNK_TRAILER;
        }
        return false;
    }
}

static enum conn_result take_chunks(struct conn *c, const char *p, size_t n, const char *needle)
{
    while (n) {
        if (c->chunk_state == CHUNK_DATA) {
            size_t part = c->left < n ? (size_t)c->left : n;
            body_bytes(c, p, part, needle);
            p += part;
            n -= part;
            c->left -= part;
            c->chunk_state = c->left ? CHUNK_DATA : CHUNK_END;
            continue;
        }
        if (chunk_byte(c, *p)) {
            return CONN_DONE;
        }
        p++;
        n--;
    }
    return CONN_MORE;
}

static enum conn_result take_body(struct conn *c, const char *p, size_t n, const char *needle)
{
    if (c->chunked) {
        return take_chunks(c, p, n, needle);
    }
    if (n > c->left) {
        return CONN_BROKEN;
    }
    body_bytes(c, p, n, needle);
    c->left -= n;
    return c->left ? CONN_MORE : CONN_DONE;
}

/* --- the head ------------------------------------------------------------------------------ */

static bool field(const char *line, const char *name, const char **ret_value)
{
    size_t n = strlen(name);
    if (strncasecmp(line, name, n) != 0) {
        return false;
    }
    *ret_value = line + n + strspn(line + n, " ");
    return true;
}

static bool read_head(struct conn *c)
{
    const char *value;
    c->head[c->head_n] = '\0';
    if (strncmp(c->head, "HTTP/1.1 ", 9) != 0) {
        return false;
    }
    c->status = atoi(c->head + 9);
    for (const char *line = strstr(c->head, "\r\n"); line; line = strstr(line, "\r\n")) {
        line += 2;
        if (field(line, "content-length:", &value)) {
            c->left = strtoull(value, NULL, 10);
        } else if (field(line, "transfer-encoding:", &value)) {
            c->chunked = strncasecmp(value, "chunked", 7) == 0;
        } else if (field(line, "connection:", &value)) {
            c->closes = strncasecmp(value, "close", 5) == 0;
        }
    }
    c->in_body = true;
    return true;
}

/* The bytes of a head up to its end; the rest is body. */
static enum conn_result take(struct conn *c, const char *p, size_t n, const char *needle)
{
    if (c->in_body) {
        return take_body(c, p, n, needle);
    }
    size_t before = c->head_n;
    size_t room = HEAD_ROOM - 1 - before;
    size_t part = n < room ? n : room;
    memcpy(c->head + before, p, part);
    c->head_n += part;
    const char *end = memmem(c->head, c->head_n, "\r\n\r\n", 4);
    if (!end) {
        return part == room ? CONN_BROKEN : CONN_MORE;
    }
    size_t head = (size_t)(end - c->head) + 4;
    c->head_n = head;
    if (!read_head(c)) {
        return CONN_BROKEN;
    }
    size_t used = head - before;
    if (!c->chunked && c->left == 0) {
        return used == n ? CONN_DONE : CONN_BROKEN;
    }
    return take_body(c, p + used, n - used, needle);
}

enum conn_result conn_receive(struct conn *c, char *room, size_t room_n, const char *needle)
{
    for (;;) {
        ssize_t n = recv(c->fd, room, room_n, MSG_DONTWAIT);
        if (n < 0) {
            return errno == EAGAIN ? CONN_MORE : CONN_BROKEN;
        }
        if (n == 0) {
            return CONN_BROKEN;
        }
        enum conn_result r = take(c, room, (size_t)n, needle);
        if (r != CONN_MORE || (size_t)n < room_n) {
            return r;
        }
    }
}
