#include "net_kit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct stream {
    struct kit *kit;
    uint64_t left;
    bool breaks;
};

static int next_piece(struct http_reply *reply, void *state)
{
    struct stream *s = state;
    if (s->left == 0) {
        return s->breaks ? -1 : 0;
    }
    char *to = buf_reserve(&reply->body, KIT_PIECE);
    if (!to) {
        return -1;
    }
    for (size_t i = 0; i < KIT_PIECE; i++) {
        to[i] = (char)('a' + i % 23);
    }
    reply->body.n += KIT_PIECE;
    s->left--;
    return s->left > 0 || s->breaks ? 1 : 0;
}

static void stream_done(void *state)
{
    struct stream *s = state;
    atomic_fetch_add(&s->kit->streams_ended, 1);
}

static void start_stream(struct kit *k, const struct http_request *q, struct http_reply *r)
{
    struct stream *s = arena_zalloc(q->arena, 1, sizeof *s);
    assert_non_null(s);
    s->kit = k;
    s->breaks = text_eq(q->path, T("/break"));
    s->left = s->breaks ? 2 : strtoull(q->path.p + 8, NULL, 10);
    r->content_type = "application/fhir+ndjson";
    r->more = next_piece;
    r->more_done = stream_done;
    r->more_state = s;
}

static void tell(const struct http_request *q, struct http_reply *r)
{
    r->content_type = "text/plain";
    buf_printf(&r->body, "%d|%.*s|%.*s|%.*s|%.*s|%zu|%.*s\n", (int)q->method,
               TEXT_ARG(q->method_name), TEXT_ARG(q->target), TEXT_ARG(q->path), TEXT_ARG(q->query),
               q->field_count, TEXT_ARG(q->body));
    for (size_t i = 0; i < q->field_count; i++) {
        buf_printf(&r->body, "<%.*s>=<%.*s>\n", TEXT_ARG(q->fields[i].name),
                   TEXT_ARG(q->fields[i].value));
    }
}

static void handle(void *context, const struct http_request *q, struct http_reply *r)
{
    struct kit *k = context;
    atomic_fetch_add(&k->requests, 1);
    r->status = 200;
    r->content_type = "application/fhir+json";
    if (text_eq(q->path, T("/hello"))) {
        buf_add(&r->body, T("hello"));
    } else if (text_eq(q->path, T("/key"))) {
        for (size_t i = 0; q->client_key && i < 32; i++) {
            buf_printf(&r->body, "%02x", q->client_key[i]);
        }
        buf_add(&r->body, q->client_key ? T("") : T("none"));
    } else if (text_eq(q->path, T("/echo"))) {
        buf_add(&r->body, q->body);
    } else if (text_eq(q->path, T("/big"))) {
        for (size_t i = 0; r->body.n < KIT_BIG; i++) {
            buf_printf(&r->body, "{\"n\":%06zu}", i);
        }
        r->body.n = KIT_BIG;
    } else if (text_starts(q->path, T("/stream/")) || text_eq(q->path, T("/break"))) {
        start_stream(k, q, r);
    } else if (text_starts(q->path, T("/slow/"))) {
        (void)usleep((useconds_t)strtoul(q->path.p + 6, NULL, 10) * 1000);
        buf_add(&r->body, T("slow"));
    } else if (text_eq(q->path, T("/field"))) {
        http_reply_field(r, T("X-Name"), T("a\r\nSet-Cookie: b"));
    } else if (text_eq(q->path, T("/empty"))) {
        r->status = 204;
        http_reply_field(r, T("ETag"), T("W/\"1\""));
    } else if (text_eq(q->path, T("/huge"))) {
        (void)buf_reserve(&r->body, (size_t)k->limits.request_memory + 1);
    } else {
        tell(q, r);
    }
}

static void refuse(void *context, const struct err *why, struct http_reply *reply)
{
    (void)context;
    reply->content_type = "application/fhir+json";
    buf_printf(&reply->body, "{\"refused\":\"%s\",\"text\":\"%s\"}", err_info(why->code)->name,
               err_text(why));
}

void kit_init(struct kit *k)
{
    *k = (struct kit){.limits = limits_default()};
    k->config = (struct http_config){
        .workers = 4,
        .limits = &k->limits,
        .handle = handle,
        .refuse = refuse,
        .context = k,
    };
}

void kit_start(struct kit *k)
{
    struct err e = {0};
    int r = http_server_start(&k->config, &k->server, &e);
    if (r != 0) {
        fail_msg("%s", err_text(&e));
    }
}

void kit_stop(struct kit *k)
{
    http_server_stop(k->server, 2);
    k->server = NULL;
}

int kit_socket(void)
{
    struct timeval patience = {.tv_sec = 10};
    int on = 1; /* so that a byte sent alone arrives alone */
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    return fd;
}

void kit_connect_socket(const struct kit *k, int fd)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons(http_server_port(k->server)),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
}

int kit_connect(const struct kit *k)
{
    int fd = kit_socket();
    kit_connect_socket(k, fd);
    return fd;
}

void kit_send(int fd, text t)
{
    while (t.n) {
        ssize_t n = send(fd, t.p, t.n, MSG_NOSIGNAL);
        if (n < 0) {
            return; /* the server has ended the connection: the test sees it when it reads */
        }
        t = text_from(t, (size_t)n);
    }
}

static bool read_byte(int fd, char *c)
{
    return recv(fd, c, 1, 0) == 1;
}

static bool read_line(int fd, struct buf *to)
{
    size_t start = to->n;
    char c;
    while (read_byte(fd, &c)) {
        buf_addc(to, c);
        if (c == '\n') {
            return to->n - start >= 2;
        }
    }
    return false;
}

static bool read_bytes(int fd, struct buf *to, uint64_t n)
{
    while (n) {
        char piece[65536];
        ssize_t got = recv(fd, piece, n < sizeof piece ? (size_t)n : sizeof piece, 0);
        if (got <= 0) {
            return false;
        }
        buf_add(to, (text){piece, (size_t)got});
        n -= (uint64_t)got;
    }
    return true;
}

static bool read_chunks(int fd, struct buf *to)
{
    for (;;) {
        struct buf line;
        buf_init(&line, 100);
        bool ok = read_line(fd, &line);
        buf_addc(&line, '\0');
        uint64_t n = ok ? strtoull(line.p, NULL, 16) : 0;
        buf_done(&line);
        buf_init(&line, 2);
        ok = ok && (!n || read_bytes(fd, to, n)) && read_line(fd, &line) && line.n == 2;
        buf_done(&line);
        if (!ok || n == 0) {
            return ok;
        }
    }
}

static text field_of(const struct kit_reply *r, const char *name)
{
    text rest = buf_text(&r->head);
    text line;
    while (text_cut(&rest, '\n', &line)) {
        size_t colon = text_find(line, ':');
        if (colon < line.n && text_eq_nocase(text_first(line, colon), text_of(name))) {
            return text_trim(text_from(line, colon + 1));
        }
    }
    return (text){NULL, 0};
}

bool kit_read_head(int fd, struct kit_reply *r)
{
    *r = (struct kit_reply){0};
    buf_init(&r->head, 100000);
    buf_init(&r->body, 1 << 30);
    size_t before = 0;
    do {
        before = r->head.n;
        if (!read_line(fd, &r->head)) {
            return false;
        }
    } while (r->head.n - before > 2);
    r->status = atoi(r->head.p + 9);
    r->chunked = field_of(r, "Transfer-Encoding").p != NULL;
    return true;
}

bool kit_read_bytes(int fd, uint64_t n)
{
    struct buf waste;
    buf_init(&waste, n);
    bool ok = read_bytes(fd, &waste, n);
    buf_done(&waste);
    return ok;
}

bool kit_read(int fd, struct kit_reply *r, bool is_head)
{
    if (!kit_read_head(fd, r)) {
        return false;
    }
    text length = field_of(r, "Content-Length");
    uint64_t n = 0;
    if (is_head || r->status == 204 || r->status == 304 || r->status < 200) {
        return true;
    }
    if (r->chunked) {
        r->broken = !read_chunks(fd, &r->body);
    } else if (length.p) {
        r->broken = !text_to_u64(length, &n) || !read_bytes(fd, &r->body, n);
    } else {
        errno = 0;
        (void)read_bytes(fd, &r->body, UINT64_MAX);
        r->error = errno;
    }
    return true;
}

void kit_reply_done(struct kit_reply *r)
{
    buf_done(&r->head);
    buf_done(&r->body);
}

bool kit_has(const struct kit_reply *r, const char *needle)
{
    return r->head.n && memmem(r->head.p, r->head.n, needle, strlen(needle)) != NULL;
}

bool kit_ended(int fd, int ms)
{
    int64_t until = clock_mono_ns() + (int64_t)ms * 1000000;
    char waste[4096];
    for (;;) {
        int64_t left = (until - clock_mono_ns()) / 1000000;
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, left > 0 ? (int)left : 0) <= 0) {
            return false;
        }
        ssize_t n = recv(fd, waste, sizeof waste, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN)) {
            return true;
        }
    }
}

int kit_status(const struct kit *k, text request)
{
    struct kit_reply r;
    int fd = kit_connect(k);
    kit_send(fd, request);
    int status = kit_read(fd, &r, text_starts(request, T("HEAD"))) ? r.status : 0;
    kit_reply_done(&r);
    (void)close(fd);
    return status;
}
