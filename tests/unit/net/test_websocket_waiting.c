/* What waits for clients that take little: bounds for each and for all, and that nothing is lost or
 * mixed up meanwhile. The connections are the test's own: its http_taken_* stand before those of
 * the library. */
#include "net/websocket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 4, PATIENCE_MS = 10000 };

struct http_taken {
    int fd;
};

int http_taken_fd(const struct http_taken *t)
{
    return t->fd;
}

static ssize_t again(ssize_t r)
{
    return r >= 0 ? r : errno == EAGAIN ? HTTP_TAKEN_AGAIN : -2;
}

ssize_t http_taken_read(struct http_taken *t, char *to, size_t n, uint32_t *ret_want)
{
    (void)ret_want;
    return again(recv(t->fd, to, n, 0));
}

ssize_t http_taken_write(struct http_taken *t, text bytes, uint32_t *ret_want)
{
    (void)ret_want;
    return again(send(t->fd, bytes.p, bytes.n < 5000 ? bytes.n : 5000, MSG_NOSIGNAL));
}

void http_taken_close(struct http_taken *t)
{
    (void)close(t->fd);
    free(t);
}

static atomic_ullong ended; /* bits of sockets */

static void message(void *context, uint64_t socket, text words)
{
    (void)context;
    (void)socket;
    (void)words;
}

static void gone(void *context, uint64_t socket)
{
    (void)context;
    ended |= UINT64_C(1) << socket;
}

/* Sockets have the numbers 1, 2, 3 ... in their order. */
static struct websockets *open_all(size_t out_bytes, size_t all_bytes, int unkept, int *clients,
                                   size_t count)
{
    struct websockets *w = NULL;
    struct err e;
    const struct websockets_config config = {.most = MOST,
                                             .in_bytes = 4096,
                                             .out_bytes = out_bytes,
                                             .all_bytes = all_bytes,
                                             .unkept_seconds = unkept,
                                             .message = message,
                                             .gone = gone};
    static const struct http_field fields[] = {
        {{"Upgrade", 7}, {"websocket", 9}},
        {{"Connection", 10}, {"Upgrade", 7}},
        {{"Sec-WebSocket-Version", 21}, {"13", 2}},
        {{"Sec-WebSocket-Key", 17}, {"dGhlIHNhbXBsZSBub25jZQ==", 24}}};
    const struct http_request request = {.method = HTTP_GET, .fields = fields, .field_count = 4};
    ended = 0;
    assert_int_equal(websockets_open(&config, &w, &e), 0);
    for (size_t i = 0; i < count; i++) {
        struct http_reply reply = {0};
        struct http_taken *t = calloc(1, sizeof *t);
        int pair[2], small = 4096;
        buf_init(&reply.head, 4096);
        assert_non_null(t);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
        (void)setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
        t->fd = pair[0];
        clients[i] = pair[1];
        assert_int_equal(websockets_upgrade(w, &request, &reply, &e), 0);
        reply.take(reply.take_context, t, T(""));
        buf_done(&reply.head);
    }
    return w;
}

static bool soon(unsigned long long is)
{
    for (int i = 0; i < PATIENCE_MS / 10 && ended != is; i++) {
        (void)usleep(10000);
    }
    return ended == is;
}

static text words_of(char *bytes, size_t n, char first)
{
    for (size_t i = 0; i < n; i++) {
        bytes[i] = (char)(first + (char)(i % 23));
    }
    return text_make(bytes, n);
}

/* A client that takes a little at a time gets all of it, in its order. */
static void slow_ones_get_all(void **state)
{
    enum { BYTES = 3 << 20, MESSAGES = 3 };
    static char bytes[BYTES], got[MESSAGES * (BYTES + WS_HEAD_MAX)];
    int client;
    size_t n = 0, at = 0;
    (void)state;
    struct websockets *w = open_all(16 << 20, 64 << 20, 60, &client, 1);
    for (char m = 0; m < MESSAGES; m++) {
        assert_true(websockets_send(w, 1, words_of(bytes, BYTES, (char)('A' + m))));
    }
    for (int tries = 0; tries < 100000 && n < sizeof got - MESSAGES * 4; tries++) {
        ssize_t r = recv(client, got + n, sizeof got - n, 0);
        n += r > 0 ? (size_t)r : 0;
        (void)(r > 0 || usleep(100));
    }
    for (char m = 0; m < MESSAGES; m++) { /* unmasked frames with a length of 64 bits */
        assert_memory_equal(got + at, "\x81\x7f\0\0\0\0\0\x30\0\0", 10);
        assert_memory_equal(got + at + 10, words_of(bytes, BYTES, (char)('A' + m)).p, BYTES);
        at += 10 + BYTES;
    }
    assert_int_equal(ended, 0);
    websockets_close(w);
    (void)close(client);
}

/* Of all together no more waits than may: whoever lets the most wait ends, and not the others. */
static void all_have_a_bound(void **state)
{
    static char bytes[1 << 20];
    int clients[MOST];
    (void)state;
    struct websockets *w = open_all(8 << 20, (5 << 20) + (1 << 18), 60, clients, 3);
    text message_of = words_of(bytes, sizeof bytes, 'a');
    for (int i = 0; i < 3; i++) {
        assert_true(websockets_send(w, 2, message_of));
    }
    assert_true(websockets_send(w, 1, message_of));
    assert_true(websockets_send(w, 3, message_of));
    assert_int_equal(ended, 0);
    assert_true(websockets_send(w, 3, text_first(message_of, 1 << 19)));
    assert_true(soon(1 << 2));
    assert_false(websockets_send(w, 2, T("x")));
    assert_true(websockets_send(w, 1, message_of)); /* there is room again */
    assert_true(websockets_send(w, 3, message_of));
    (void)usleep(50000);
    assert_int_equal(ended, 1 << 2);
    websockets_close(w);
    for (int i = 0; i < 3; i++) {
        (void)close(clients[i]);
    }
}

/* Who has not shown in time that they may be here is closed, with why. */
static void unkept_ones_end(void **state)
{
    int clients[2];
    unsigned char got[64];
    (void)state;
    struct websockets *w = open_all(1 << 20, 1 << 20, 1, clients, 2);
    websockets_keep(w, 2);
    assert_true(soon(1 << 1));
    assert_int_equal(recv(clients[0], got, sizeof got, 0), 4);
    assert_memory_equal(got, "\x88\x02\x03\xf0", 4);
    assert_true(websockets_send(w, 2, T("x")));
    websockets_close(w);
    (void)close(clients[0]);
    (void)close(clients[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(slow_ones_get_all),
                                       cmocka_unit_test(all_have_a_bound),
                                       cmocka_unit_test(unkept_ones_end)};
    return cmocka_run_group_tests_name("websockets: clients that take little", tests, NULL, NULL);
}
