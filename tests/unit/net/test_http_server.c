/* Connections: order, streaming, slow and many clients. */
#include "net_kit.h"

#include "net/http_int.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define H "Host: a\r\n"
#define HELLO "GET /hello HTTP/1.1\r\n" H "\r\n"

/*
 * What must happen before something else is awaited, however busy the machine is; this is only how
 * long a test waits for what never comes.
 */
enum { PATIENCE = 2000, /* pauses of 10 ms */ PATIENCE_MS = 20000 };

static void expect_reply(int fd, int status, text body)
{
    struct kit_reply r;
    assert_true(kit_read(fd, &r, false));
    assert_int_equal(r.status, status);
    assert_false(r.broken);
    if (!text_eq(buf_text(&r.body), body)) {
        fail_msg("%.*s instead of %.*s", TEXT_ARG(buf_text(&r.body)), TEXT_ARG(body));
    }
    kit_reply_done(&r);
}

static void expect_hello(const struct kit *k)
{
    int fd = kit_connect(k);
    kit_send(fd, T(HELLO));
    expect_reply(fd, 200, T("hello"));
    (void)close(fd);
}

static void connections_are_kept(void **state)
{
    struct kit k;
    (void)state;
    kit_init(&k);
    kit_start(&k);
    int fd = kit_connect(&k);
    for (int i = 0; i < 100; i++) {
        kit_send(fd, T(HELLO));
        expect_reply(fd, 200, T("hello"));
    }
    kit_send(fd, T("GET /hello HTTP/1.1\r\n" H "Connection: close\r\n\r\n"));
    expect_reply(fd, 200, T("hello"));
    assert_true(kit_ended(fd, 2000));
    (void)close(fd);

    fd = kit_connect(&k);
    kit_send(fd, T("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    struct kit_reply r;
    assert_true(kit_read(fd, &r, false));
    assert_true(kit_has(&r, "Connection: keep-alive\r\n"));
    kit_reply_done(&r);
    kit_send(fd, T("GET /hello HTTP/1.0\r\n\r\n"));
    assert_true(kit_read(fd, &r, false));
    assert_true(kit_has(&r, "Connection: close\r\n"));
    assert_true(kit_has(&r, "Date: "));
    kit_reply_done(&r);
    assert_true(kit_ended(fd, 2000));
    (void)close(fd);
    kit_stop(&k);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    enum { N = 500 };
    struct kit k;
    struct buf q;
    (void)state;
    kit_init(&k);
    kit_start(&k);
    buf_init(&q, 1 << 20);
    for (int i = 0; i < N; i++) {
        buf_printf(&q, "POST /echo HTTP/1.1\r\n" H "Content-Length: 4\r\n\r\n%04d", i);
    }
    int fd = kit_connect(&k);
    kit_send(fd, buf_text(&q));
    for (int i = 0; i < N; i++) {
        char body[16];
        (void)snprintf(body, sizeof body, "%04d", i);
        expect_reply(fd, 200, text_of(body));
    }
    (void)close(fd);
    buf_done(&q);
    kit_stop(&k);
}

static void bodies_arrive_whole(void **state)
{
    static const size_t sizes[] = {0, 1, 4000, 4096, 8192, 20000, 65536, 1000000};
    struct kit k;
    (void)state;
    kit_init(&k);
    kit_start(&k);
    int fd = kit_connect(&k);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t n = sizes[i];
        struct buf body;
        struct buf q;
        buf_init(&body, n + 1);
        buf_init(&q, 3 * n + 1000);
        for (size_t j = 0; j < n; j++) {
            buf_addc(&body, (char)('a' + (j + j / 251) % 26));
        }
        buf_printf(&q, "POST /echo HTTP/1.1\r\n" H "Content-Length: %zu\r\n\r\n", n);
        buf_add(&q, buf_text(&body));
        buf_add(&q, T("POST /echo HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n"));
        for (size_t at = 0; at < n; at += 777) {
            text piece = text_first(text_from(buf_text(&body), at), 777);
            buf_printf(&q, "%zx\r\n%.*s\r\n", piece.n, TEXT_ARG(piece));
        }
        buf_add(&q, T("0\r\n\r\n" HELLO));
        kit_send(fd, buf_text(&q));
        expect_reply(fd, 200, buf_text(&body));
        expect_reply(fd, 200, buf_text(&body));
        expect_reply(fd, 200, T("hello"));
        buf_done(&body);
        buf_done(&q);
    }
    (void)close(fd);
    kit_stop(&k);
}

static void continue_is_sent_when_waited_for(void **state)
{
    struct kit k;
    struct kit_reply r;
    (void)state;
    kit_init(&k);
    kit_start(&k);
    int fd = kit_connect(&k);
    kit_send(fd,
             T("POST /echo HTTP/1.1\r\n" H "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"));
    assert_true(kit_read(fd, &r, false));
    assert_int_equal(r.status, 100);
    kit_reply_done(&r);
    kit_send(fd, T("hello"));
    expect_reply(fd, 200, T("hello"));
    /* The body is here already: no interim reply. HTTP/1.0 knows none. */
    kit_send(fd, T("POST /echo HTTP/1.1\r\n" H
                   "Expect: 100-Continue\r\nContent-Length: 5\r\n\r\nhello"));
    expect_reply(fd, 200, T("hello"));
    kit_send(fd, T("POST /echo HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"));
    (void)usleep(50000);
    kit_send(fd, T("hello"));
    expect_reply(fd, 200, T("hello"));
    (void)close(fd);
    kit_stop(&k);
}

static void replies_have_the_right_shape(void **state)
{
    struct kit k;
    struct kit_reply r;
    (void)state;
    kit_init(&k);
    kit_start(&k);
    int fd = kit_connect(&k);
    kit_send(fd, T("HEAD /hello HTTP/1.1\r\n" H "\r\n"));
    assert_true(kit_read(fd, &r, true));
    assert_true(kit_has(&r, "Content-Length: 5\r\n"));
    kit_reply_done(&r);
    kit_send(fd, T("HEAD /stream/3 HTTP/1.1\r\n" H "\r\n"));
    assert_true(kit_read(fd, &r, true));
    assert_true(r.chunked);
    kit_reply_done(&r);
    assert_int_equal(atomic_load(&k.streams_ended), 1);
    kit_send(fd, T("GET /empty HTTP/1.1\r\n" H "\r\n"));
    assert_true(kit_read(fd, &r, false));
    assert_int_equal(r.status, 204);
    assert_false(kit_has(&r, "Content-Length"));
    assert_true(kit_has(&r, "ETag: W/\"1\"\r\n"));
    kit_reply_done(&r);
    kit_send(fd, T(HELLO)); /* the replies before had no body: this one is in step */
    expect_reply(fd, 200, T("hello"));
    (void)close(fd);
    assert_int_equal(kit_status(&k, T("GET /field HTTP/1.1\r\n" H "\r\n")), 500);
    k.limits.request_memory = 1048576;
    assert_int_equal(kit_status(&k, T("GET /huge HTTP/1.1\r\n" H "\r\n")), 503);
    kit_stop(&k);
}

static void streams_are_chunked_and_whole(void **state)
{
    struct kit k;
    struct kit_reply r;
    (void)state;
    kit_init(&k);
    kit_start(&k);
    int fd = kit_connect(&k);
    kit_send(fd, T("GET /stream/100 HTTP/1.1\r\n" H "\r\n" HELLO));
    assert_true(kit_read(fd, &r, false));
    assert_true(r.chunked);
    assert_false(r.broken);
    assert_int_equal(r.body.n, 100 * KIT_PIECE);
    for (size_t i = 0; i < r.body.n; i++) {
        assert_int_equal(r.body.p[i], 'a' + i % KIT_PIECE % 23);
    }
    kit_reply_done(&r);
    expect_reply(fd, 200, T("hello"));
    kit_send(fd, T("GET /stream/0 HTTP/1.1\r\n" H "\r\n"));
    expect_reply(fd, 200, T(""));
    kit_send(fd, T("GET /break HTTP/1.1\r\n" H "\r\n"));
    assert_true(kit_read(fd, &r, false));
    assert_true(r.broken);
    assert_true(kit_ended(fd, 0));
    kit_reply_done(&r);
    (void)close(fd);
    fd = kit_connect(&k); /* where only the end of the connection ends the body, a reset says so */
    kit_send(fd, T("GET /break HTTP/1.0\r\n\r\n"));
    assert_true(kit_read(fd, &r, false));
    assert_int_equal(r.error, ECONNRESET);
    kit_reply_done(&r);
    (void)close(fd);
    fd = kit_connect(&k);
    kit_send(fd, T("GET /stream/5 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    assert_true(kit_read(fd, &r, false));
    assert_false(r.chunked);
    assert_int_equal(r.body.n, 5 * KIT_PIECE);
    assert_true(kit_has(&r, "Connection: close\r\n"));
    kit_reply_done(&r);
    (void)close(fd);
    kit_stop(&k);
    assert_int_equal(atomic_load(&k.streams_ended), 5);
}

static void stuck_readers_hold_no_worker(void **state)
{
    enum { N = 12 };
    struct kit k;
    int stuck[N];
    (void)state;
    kit_init(&k);
    k.config.workers = 2;
    k.limits.send_seconds = 3;
    kit_start(&k);
    for (int i = 0; i < N; i++) { /* more than the socket buffers take, and nobody reads */
        stuck[i] = kit_connect(&k);
        kit_send(stuck[i], T("GET /stream/1000 HTTP/1.1\r\n" H "\r\n"));
    }
    for (int i = 0; i < PATIENCE && atomic_load(&k.requests) < N; i++) {
        (void)usleep(10000);
    }
    assert_int_equal(atomic_load(&k.requests), N);
    for (int i = 0; i < 10; i++) {
        expect_hello(&k);
    }
    assert_int_equal(atomic_load(&k.streams_ended), 0); /* answered beside them, not after them */
    for (int i = 0; i < PATIENCE && atomic_load(&k.streams_ended) < N; i++) {
        (void)usleep(10000);
    }
    assert_int_equal(atomic_load(&k.streams_ended), N); /* send_seconds has passed */
    for (int i = 0; i < N; i++) {
        (void)close(stuck[i]);
    }
    kit_stop(&k);
}

static void slow_readers_are_waited_for(void **state)
{
    struct kit k;
    struct kit_reply r;
    (void)state;
    kit_init(&k);
    k.limits.send_seconds = 2;
    kit_start(&k);
    int fd = kit_connect(&k);
    kit_send(fd, T("GET /stream/400 HTTP/1.1\r\n" H "\r\n"));
    assert_true(kit_read_head(fd, &r));
    for (int i = 0; i < 8; i++) { /* each time so much that the kernel tells the server */
        (void)usleep(400000);
        assert_true(kit_read_bytes(fd, 2000000));
    }
    kit_reply_done(&r);
    (void)close(fd);
    kit_stop(&k);
}

static void slow_clients_are_ended(void **state)
{
    struct kit k;
    struct kit_reply r;
    (void)state;
    kit_init(&k);
    k.limits.head_seconds = 1;
    k.limits.idle_seconds = 1;
    kit_start(&k);
    int idle = kit_connect(&k);
    int used = kit_connect(&k);
    kit_send(used, T(HELLO));
    expect_reply(used, 200, T("hello"));
    int slow = kit_connect(&k);
    kit_send(slow, T("GET /hello HTTP/1.1\r\n"));
    struct pollfd reply = {.fd = slow, .events = POLLIN};
    int sent = 0;
    while (sent < 200 && poll(&reply, 1, 100) == 0) { /* bytes that go on do not help */
        kit_send(slow, T("X: y\r\n"));
        sent++;
    }
    assert_in_range(sent, 1, 199);
    assert_true(kit_read(slow, &r, false));
    assert_int_equal(r.status, 408);
    kit_reply_done(&r);
    assert_true(kit_ended(slow, PATIENCE_MS));
    assert_true(kit_ended(idle, PATIENCE_MS));
    assert_true(kit_ended(used, PATIENCE_MS));
    (void)close(idle);
    (void)close(used);
    (void)close(slow);
    kit_stop(&k);
}

static void slow_bodies_are_ended(void **state)
{
    struct kit k;
    struct kit_reply r;
    (void)state;
    kit_init(&k);
    kit_start(&k);
    int fd = kit_connect(&k);
    int64_t start = clock_mono_ns();
    kit_send(fd, T("POST /echo HTTP/1.1\r\n" H "Content-Length: 1000000\r\n\r\nhello"));
    assert_true(kit_read(fd, &r, false));
    assert_int_equal(r.status, 408);
    assert_in_range((uint64_t)(clock_mono_ns() - start) / 1000000, 4900, 10000);
    kit_reply_done(&r);
    (void)close(fd);
    kit_stop(&k);
}

/* A reply arrives before its connection is idle: waits until so many are. */
static void expect_idle(const struct kit *k, unsigned want)
{
    unsigned idle = 0;
    for (int64_t end = clock_mono_ns() + PATIENCE_MS * INT64_C(1000000); idle != want;) {
        assert_true(clock_mono_ns() < end);
        idle = 0;
        for (uint32_t i = 0; i < slot_count(k->server); i++) {
            const struct conn *c = &k->server->conns[i];
            bool armed = (atomic_load(&c->word) & STATE_MASK) == STATE_ARMED;
            idle += armed && atomic_load(&c->idle_since) != 0;
        }
    }
}

static void connections_are_limited(void **state)
{
    enum { N = 10 };
    struct kit k;
    int fds[N];
    struct kit_reply r;
    (void)state;
    kit_init(&k);
    k.limits.connections = N;
    kit_start(&k);
    for (int i = 0; i < N; i++) {
        fds[i] = kit_connect(&k);
        kit_send(fds[i], T(HELLO));
        expect_reply(fds[i], 200, T("hello"));
        expect_idle(&k, (unsigned)i + 1);
    }
    expect_hello(&k); /* the oldest idle one gave way */
    assert_true(kit_ended(fds[0], PATIENCE_MS));
    for (int i = 1; i < N; i++) {
        assert_false(kit_ended(fds[i], 1));
        kit_send(fds[i], T(HELLO "GET /half"));
        expect_reply(fds[i], 200, T("hello")); /* so the half is there, too */
    }
    int last = kit_connect(&k);
    kit_send(last, T(HELLO "GET /half"));
    expect_reply(last, 200, T("hello"));
    int over = kit_connect(&k); /* none is idle */
    assert_true(kit_read(over, &r, false));
    assert_int_equal(r.status, 503);
    assert_true(kit_has(&r, "Retry-After: "));
    kit_reply_done(&r);
    (void)close(over);
    (void)close(last);
    for (int i = 0; i < N; i++) {
        (void)close(fds[i]);
    }
    kit_stop(&k);
}

static void body_memory_is_limited(void **state)
{
    enum { N = 8, FIT_MOST = 3 };
    struct kit k;
    int fds[N];
    int refused = 0;
    (void)state;
    kit_init(&k);
    k.limits.body_memory = 1048576;
    kit_start(&k);
    struct buf half;
    buf_init(&half, 1 << 20);
    buf_add(&half, T("POST /echo HTTP/1.1\r\n" H "Content-Length: 800000\r\n\r\n"));
    for (int i = 0; i < 400000; i++) {
        buf_addc(&half, 'x');
    }
    for (int i = 0; i < N; i++) { /* announced alone costs nothing */
        fds[i] = kit_connect(&k);
        kit_send(fds[i], T("POST /echo HTTP/1.1\r\n" H "Content-Length: 800000\r\n\r\n"));
    }
    expect_hello(&k);
    for (int i = 0; i < N; i++) {
        assert_false(kit_ended(fds[i], 1));
        (void)close(fds[i]);
        fds[i] = kit_connect(&k);
        kit_send(fds[i], buf_text(&half));
        if (i < FIT_MOST) { /* there may be nothing to wait for */
            struct timeval short_wait = {.tv_usec = 300000};
            (void)setsockopt(fds[i], SOL_SOCKET, SO_RCVTIMEO, &short_wait, sizeof short_wait);
        }
        struct kit_reply r;
        refused += kit_read(fds[i], &r, false) && r.status == 503;
        kit_reply_done(&r);
    }
    assert_in_range(refused, N - FIT_MOST, N - 1);
    for (int i = 0; i < N; i++) {
        (void)close(fds[i]);
    }
    (void)usleep(100000);
    int fd = kit_connect(&k); /* what was taken is given back */
    kit_send(fd, buf_text(&half));
    kit_send(fd, text_from(buf_text(&half), half.n - 400000));
    struct kit_reply r;
    assert_true(kit_read(fd, &r, false));
    assert_int_equal(r.status, 200);
    kit_reply_done(&r);
    (void)close(fd);
    buf_done(&half);
    kit_stop(&k);
}

static int64_t cpu_us(void)
{
    struct rusage use;
    (void)getrusage(RUSAGE_SELF, &use);
    return (use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1000000 + use.ru_utime.tv_usec +
           use.ru_stime.tv_usec;
}

static void running_out_of_files_is_survived(void **state)
{
    struct kit k;
    struct rlimit before;
    (void)state;
    kit_init(&k);
    kit_start(&k);
    int fd = kit_socket();
    int first_free = dup(fd);
    (void)close(first_free);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit tight = {.rlim_cur = (rlim_t)first_free, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    kit_connect_socket(&k, fd); /* the server has no number for its end */
    kit_send(fd, T(HELLO));
    int64_t cpu = cpu_us();
    (void)usleep(1200000);
    cpu = cpu_us() - cpu;
    assert_int_equal(atomic_load(&k.requests), 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_in_range(cpu, 0, 100000);
    expect_reply(fd, 200, T("hello")); /* served once there are files again */
    (void)close(fd);
    kit_stop(&k);
}

static void only_loopback_without_tls(void **state)
{
    static const char *const open_hosts[] = {"0.0.0.0", "::", "192.0.2.1"};
    struct kit k;
    struct err e = {0};
    (void)state;
    kit_init(&k);
    for (size_t i = 0; i < sizeof open_hosts / sizeof *open_hosts; i++) {
        k.config.host = open_hosts[i];
        assert_int_equal(http_server_start(&k.config, &k.server, &e), ERR_FORBIDDEN);
        assert_non_null(strstr(err_text(&e), "--tls-cert"));
    }
    k.config.host = "no such host.invalid";
    assert_int_equal(http_server_start(&k.config, &k.server, &e), ERR_INVALID);
    k.config.host = "127.0.0.2";
    kit_start(&k);
    assert_true(text_starts(http_server_url(k.server), T("http://127.0.0.2:")));
    struct kit second = k;
    second.config.port = http_server_port(k.server);
    assert_int_equal(http_server_start(&second.config, &second.server, &e), ERR_IO);
    kit_stop(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections_are_kept),
        cmocka_unit_test(pipelined_requests_are_answered_in_order),
        cmocka_unit_test(bodies_arrive_whole),
        cmocka_unit_test(continue_is_sent_when_waited_for),
        cmocka_unit_test(replies_have_the_right_shape),
        cmocka_unit_test(streams_are_chunked_and_whole),
        cmocka_unit_test(stuck_readers_hold_no_worker),
        cmocka_unit_test(slow_readers_are_waited_for),
        cmocka_unit_test(slow_clients_are_ended),
        cmocka_unit_test(slow_bodies_are_ended),
        cmocka_unit_test(connections_are_limited),
        cmocka_unit_test(body_memory_is_limited),
        cmocka_unit_test(running_out_of_files_is_survived),
        cmocka_unit_test(only_loopback_without_tls),
    };
    return cmocka_run_group_tests_name("http: server", tests, NULL, NULL);
}
