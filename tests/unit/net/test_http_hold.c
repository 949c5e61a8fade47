/*
 * Replies that wait for something to become durable (http_hold): they leave when it is, not before;
 * no worker is kept meanwhile; and when it never is, another reply leaves in their place.
 */
#include "net_kit.h"

#include "base/err.h"
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 64, SOON_MS = 100 };

/* What the replies wait for. */
struct disk {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct kit *kit;
    uint64_t wakes[MOST];
    int asked;
    bool calls;   /* ask() promises a call */
    bool durable; /* it is there */
    int code;     /* what wait() says then */
    bool stuck;   /* a handler is where it stays until: */
    bool let_go;
};

static bool ask(void *context, uint64_t ticket, uint64_t wake)
{
    struct disk *d = context;
    assert_int_equal(ticket, 7);
    pthread_mutex_lock(&d->lock);
    bool calls = d->calls && !d->durable && d->asked < MOST;
    if (calls) {
        d->wakes[d->asked] = wake;
    }
    d->asked++;
    (void)pthread_cond_broadcast(&d->changed);
    pthread_mutex_unlock(&d->lock);
    return calls;
}

static int wait_for(void *context, uint64_t ticket)
{
    struct disk *d = context;
    (void)ticket;
    pthread_mutex_lock(&d->lock);
    while (!d->durable) {
        (void)pthread_cond_wait(&d->changed, &d->lock);
    }
    pthread_mutex_unlock(&d->lock);
    return d->code;
}

static void stay(struct disk *d)
{
    pthread_mutex_lock(&d->lock);
    d->stuck = true;
    (void)pthread_cond_broadcast(&d->changed);
    while (!d->let_go) {
        (void)pthread_cond_wait(&d->changed, &d->lock);
    }
    pthread_mutex_unlock(&d->lock);
}

static void handle(void *context, const struct http_request *q, struct http_reply *r)
{
    if (text_starts(q->path, T("/stuck"))) {
        stay(context);
    }
    r->status = 200;
    r->content_type = "application/fhir+json";
    buf_add(&r->body, T("secret"));
    if (text_starts(q->path, T("/held"))) {
        r->hold = (struct http_hold){ask, wait_for, context, 7};
    }
}

static void start(struct kit *k, struct disk *d, unsigned workers)
{
    kit_init(k);
    d->kit = k;
    k->config.handle = handle;
    k->config.context = d;
    k->config.workers = workers;
    kit_start(k);
}

static void await_asked(struct disk *d, int count)
{
    pthread_mutex_lock(&d->lock);
    while (d->asked < count) {
        (void)pthread_cond_wait(&d->changed, &d->lock);
    }
    pthread_mutex_unlock(&d->lock);
}

/* It is there, or never will be; all are called, and `times` over. */
static void settle(struct disk *d, int code, int times)
{
    pthread_mutex_lock(&d->lock);
    d->durable = true;
    d->code = code;
    int count = d->calls ? d->asked : 0;
    (void)pthread_cond_broadcast(&d->changed);
    pthread_mutex_unlock(&d->lock);
    for (int i = 0; i < count * times; i++) {
        http_wake(d->kit->server, &d->wakes[i % count], 1);
    }
}

static bool is_silent(int fd)
{
    struct timeval soon = {.tv_usec = SOON_MS * 1000};
    char byte;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
    bool silent = recv(fd, &byte, 1, MSG_PEEK) < 0;
    soon = (struct timeval){.tv_sec = 20};
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
    return silent;
}

static void expect(int fd, int status, bool secret)
{
    struct kit_reply r = {0};
    assert_true(kit_read(fd, &r, false));
    assert_int_equal(r.status, status);
    assert_int_equal(text_eq(buf_text(&r.body), T("secret")), secret);
    kit_reply_done(&r);
}

#define DISK {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER}
#define HELD T("GET /held HTTP/1.1\r\nHost: a\r\n\r\n")
#define FREE T("GET /free HTTP/1.1\r\nHost: a\r\n\r\n")

/* More replies than workers wait, and others are served meanwhile. */
static void test_waits_without_a_worker(void **state)
{
    (void)state;
    struct kit k;
    struct disk d = DISK;
    int fds[8];
    d.calls = true;
    start(&k, &d, 2);
    for (int i = 0; i < 8; i++) {
        fds[i] = kit_connect(&k);
        kit_send(fds[i], HELD);
    }
    await_asked(&d, 8);
    assert_true(is_silent(fds[0]));
    assert_int_equal(kit_status(&k, FREE), 200);
    settle(&d, 0, 3); /* a call too many does no harm */
    for (int i = 0; i < 8; i++) {
        expect(fds[i], 200, true);
        kit_send(fds[i], FREE); /* the connection goes on */
        expect(fds[i], 200, true);
        (void)close(fds[i]);
    }
    kit_stop(&k);
}

/* Of many that are called at once, the first goes on to a request that takes its time: the others
 * do not wait for that. */
static void call_at_once(void)
{
    enum { N = 6 };
    struct kit k;
    struct disk d = DISK;
    int fds[N];
    d.calls = true;
    start(&k, &d, 3);
    for (int i = 0; i < N; i++) {
        fds[i] = kit_connect(&k);
        kit_send(fds[i], i ? HELD
                           : T("GET /held HTTP/1.1\r\nHost: a\r\n\r\n"
                               "GET /stuck HTTP/1.1\r\nHost: a\r\n\r\n"));
        await_asked(&d, i + 1);
    }
    assert_true(is_silent(fds[N - 1]));
    pthread_mutex_lock(&d.lock);
    d.durable = true;
    pthread_mutex_unlock(&d.lock);
    http_wake(k.server, d.wakes, N);
    pthread_mutex_lock(&d.lock);
    while (!d.stuck) {
        (void)pthread_cond_wait(&d.changed, &d.lock);
    }
    pthread_mutex_unlock(&d.lock);
    for (int i = 1; i < N; i++) {
        (void)is_silent(fds[i]); /* from here on with patience of seconds */
        expect(fds[i], 200, true);
        (void)close(fds[i]);
    }
    pthread_mutex_lock(&d.lock);
    d.let_go = true;
    (void)pthread_cond_broadcast(&d.changed);
    pthread_mutex_unlock(&d.lock);
    expect(fds[0], 200, true);
    expect(fds[0], 200, true);
    (void)close(fds[0]);
    kit_stop(&k);
}

static void test_called_at_once(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++) { /* which worker takes which of them is a matter of luck */
        call_at_once();
    }
}

static void test_waits_where_nobody_calls(void **state)
{
    (void)state;
    struct kit k;
    struct disk d = DISK;
    start(&k, &d, 4);
    int fd = kit_connect(&k);
    kit_send(fd, HELD);
    await_asked(&d, 1);
    assert_true(is_silent(fd));
    settle(&d, 0, 1);
    expect(fd, 200, true);
    (void)close(fd);
    kit_stop(&k);
}

static void test_never_durable(void **state)
{
    (void)state;
    for (int calls = 0; calls < 2; calls++) {
        struct kit k;
        struct disk d = DISK;
        d.calls = calls;
        start(&k, &d, 4);
        int fd = kit_connect(&k);
        kit_send(fd, HELD);
        await_asked(&d, 1);
        settle(&d, ERR_IO, 1);
        expect(fd, err_info(ERR_IO)->status, false);
        (void)close(fd);
        kit_stop(&k);
    }
}

/* A client that goes away while its reply waits; then its slot is another one's. */
static void test_client_leaves(void **state)
{
    (void)state;
    struct kit k;
    struct disk d = DISK;
    d.calls = true;
    start(&k, &d, 2);
    int fd = kit_connect(&k);
    kit_send(fd, HELD);
    await_asked(&d, 1);
    (void)close(fd);
    settle(&d, 0, 1);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(kit_status(&k, FREE), 200);
        http_wake(k.server, &d.wakes[0], 1);
    }
    kit_stop(&k);
}

/* Requests in a row on one connection keep their order. */
static void test_pipelined(void **state)
{
    (void)state;
    struct kit k;
    struct disk d = DISK;
    d.calls = true;
    start(&k, &d, 2);
    int fd = kit_connect(&k);
    kit_send(fd, T("GET /held HTTP/1.1\r\nHost: a\r\n\r\nGET /free HTTP/1.1\r\nHost: a\r\n\r\n"));
    await_asked(&d, 1);
    assert_true(is_silent(fd));
    settle(&d, 0, 1);
    expect(fd, 200, true);
    expect(fd, 200, true);
    (void)close(fd);
    kit_stop(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waits_without_a_worker),
        cmocka_unit_test(test_called_at_once),
        cmocka_unit_test(test_waits_where_nobody_calls),
        cmocka_unit_test(test_never_durable),
        cmocka_unit_test(test_client_leaves),
        cmocka_unit_test(test_pipelined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
