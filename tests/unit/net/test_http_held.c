/*
 * Requests whose handlers take their time: others are answered meanwhile, and the end waits for
 * them. What is meant by "meanwhile" is an order of events, not a time: the test holds the handlers
 * and lets them go.
 */
#include "net_kit.h"

#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define H "Host: a\r\n"
#define HELLO "GET /hello HTTP/1.1\r\n" H "\r\n"

/* How long a test waits for what never comes. */
enum { PATIENCE_MS = 20000 };

/* A handler that stays where it is until the test lets it go. */
struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int inside;
    bool open;
};

#define GATE {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER}

static void handle_held(void *context, const struct http_request *q, struct http_reply *r)
{
    struct gate *g = context;
    if (text_eq(q->path, T("/held"))) {
        pthread_mutex_lock(&g->lock);
        g->inside++;
        (void)pthread_cond_broadcast(&g->changed);
        while (!g->open) {
            (void)pthread_cond_wait(&g->changed, &g->lock);
        }
        pthread_mutex_unlock(&g->lock);
    }
    r->status = 200;
    r->content_type = "application/fhir+json";
    buf_add(&r->body, T("hello"));
}

static void start_held(struct kit *k, struct gate *g)
{
    k->config.handle = handle_held;
    k->config.context = g;
    kit_start(k);
}

/* False: they do not come. */
static bool await_inside(struct gate *g, int count)
{
    struct timespec until;
    int rc = 0;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_MS / 1000;
    pthread_mutex_lock(&g->lock);
    while (g->inside < count && rc == 0) {
        rc = pthread_cond_timedwait(&g->changed, &g->lock, &until);
    }
    bool all = g->inside == count;
    pthread_mutex_unlock(&g->lock);
    return all;
}

static void let_go(struct gate *g)
{
    pthread_mutex_lock(&g->lock);
    g->open = true;
    (void)pthread_cond_broadcast(&g->changed);
    pthread_mutex_unlock(&g->lock);
}

struct held_call {
    int fd;
    int status;
    bool told_to_close;
};

static void await_reply(struct held_call *c)
{
    struct kit_reply r;
    struct timeval patience = {.tv_sec = 3 * PATIENCE_MS / 1000};
    (void)setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    c->status = kit_read(c->fd, &r, false) ? r.status : 0;
    c->told_to_close = kit_has(&r, "Connection: close\r\n");
    kit_reply_done(&r);
    (void)close(c->fd);
}

static struct held_call call_held(const struct kit *k)
{
    struct held_call c = {.fd = kit_connect(k)};
    kit_send(c.fd, T("GET /held HTTP/1.1\r\n" H "\r\n"));
    return c;
}

static int status_of(int fd)
{
    struct kit_reply r;
    int status = kit_read(fd, &r, false) ? r.status : 0;
    kit_reply_done(&r);
    return status;
}

static void blocked_handlers_do_not_stop_others(void **state)
{
    enum { N = 20 };
    struct kit k;
    struct gate gate = GATE;
    struct held_call calls[N];
    (void)state;
    kit_init(&k);
    k.config.workers = N + 2;
    start_held(&k, &gate);
    for (int i = 0; i < N; i++) {
        calls[i] = call_held(&k);
    }
    bool side_by_side = await_inside(&gate, N);
    int status = kit_status(&k, T(HELLO)); /* while all of them are held */
    let_go(&gate);
    assert_true(side_by_side);
    assert_int_equal(status, 200);
    for (int i = 0; i < N; i++) {
        await_reply(&calls[i]);
        assert_int_equal(calls[i].status, 200);
    }
    kit_stop(&k);
}

struct stopping {
    struct http_server *server;
    unsigned grace;
    atomic_bool over;
};

static void *stop_server(void *state)
{
    struct stopping *s = state;
    http_server_stop(s->server, s->grace);
    atomic_store(&s->over, true);
    return NULL;
}

static void stopping_lets_requests_finish(void **state)
{
    struct kit k;
    struct gate gate = GATE;
    pthread_t thread;
    (void)state;
    kit_init(&k);
    start_held(&k, &gate);
    struct held_call call = call_held(&k);
    assert_true(await_inside(&gate, 1));
    int idle = kit_connect(&k);
    kit_send(idle, T(HELLO));
    assert_int_equal(status_of(idle), 200);
    uint16_t port = http_server_port(k.server);
    struct stopping stopping = {.server = k.server, .grace = 3 * PATIENCE_MS / 1000};
    assert_int_equal(pthread_create(&thread, NULL, stop_server, &stopping), 0);
    bool idle_ended = kit_ended(idle, PATIENCE_MS); /* so it is about to stop */
    bool over = atomic_load(&stopping.over);
    let_go(&gate);
    (void)pthread_join(thread, NULL);
    await_reply(&call);
    assert_true(idle_ended);
    assert_false(over); /* it has waited for the request */
    assert_int_equal(call.status, 200);
    assert_true(call.told_to_close);
    (void)close(idle);
    k.config.port = port; /* free again at once */
    kit_start(&k);
    int half = kit_connect(&k);
    kit_send(half, T(HELLO "GET /hel"));
    assert_int_equal(status_of(half), 200);
    int64_t start = clock_mono_ns();
    http_server_stop(k.server, 1); /* the grace ends before that head does */
    assert_in_range((clock_mono_ns() - start) / 1000000, 900, PATIENCE_MS);
    (void)close(half);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocked_handlers_do_not_stop_others),
        cmocka_unit_test(stopping_lets_requests_finish),
    };
    return cmocka_run_group_tests_name("http: held", tests, NULL, NULL);
}
