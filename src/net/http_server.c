#include "net/http_int.h"

#include "base/clock.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    WORKERS = 64,
    WORKERS_MAX = 1024,
    STACK_BYTES = 2048 * 1024, /* of deep content and expressions; touched as it is needed */
    SWEEP_MS = 500,
    STOP_MS = 10,
};

/* --- the threads --------------------------------------------------------------------------- */

static void *worker_main(void *argument)
{
    struct worker *w = argument;
    struct http_server *s = w->server;
    while (!atomic_load_explicit(&s->halted, memory_order_relaxed)) {
        gate_poll(w);
        struct epoll_event event;
        int n = epoll_wait(s->epoll, &event, 1, -1);
        if (n < 0 && errno != EINTR) {
            abort(); /* a wrong descriptor: nothing could be served any more */
        }
        if (n <= 0 || event.data.u64 == TAG_HALT) {
            continue;
        }
        struct conn *c;
        if (event.data.u64 == TAG_LISTENER) {
            listener_accept(w);
        } else if (event.data.u64 == TAG_READY) {
            while ((c = ready_take(s))) {
                conn_run(w, c);
            }
        } else if (slot_own_event(s, event.data.u64, &c)) {
            conn_run(w, c);
        }
    }
    return NULL;
}

static void sweep(struct worker *w)
{
    struct http_server *s = w->server;
    int64_t now = clock_mono_ns();
    uint32_t n = slot_count(s);
    for (uint32_t i = 0; i < n; i++) {
        if (slot_own_late(&s->conns[i], now)) {
            conn_late(w, &s->conns[i]);
        }
    }
    if (atomic_load(&s->accept_paused) && !atomic_load(&s->stopping)) {
        atomic_store(&s->accept_paused, false);
        (void)listener_arm(s, false);
    }
}

static void wait_ms(struct http_server *s, int ms)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long)ms * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&s->sweep_lock);
    if (!atomic_load(&s->halted)) {
        (void)pthread_cond_timedwait(&s->sweep_wake, &s->sweep_lock, &until);
    }
    pthread_mutex_unlock(&s->sweep_lock);
}

static void *sweeper_main(void *argument)
{
    struct worker *w = argument;
    while (!atomic_load(&w->server->halted)) {
        wait_ms(w->server, SWEEP_MS);
        sweep(w);
    }
    return NULL;
}

/* --- start --------------------------------------------------------------------------------- */

static bool start_thread(struct worker *w, void *(*run)(void *))
{
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0) {
        return false;
    }
    bool ok = pthread_attr_setstacksize(&attributes, STACK_BYTES) == 0 &&
              pthread_create(&w->thread, &attributes, run, w) == 0;
    (void)pthread_attr_destroy(&attributes);
    return ok;
}

static int start_threads(struct http_server *s, struct err *e)
{
    sigset_t all;
    sigset_t before;
    /* Signals are the program's main thread's; and a write to a closed socket must not end the
     * process. */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, &before);
    s->sweeper.server = s;
    s->sweeper_started = start_thread(&s->sweeper, sweeper_main);
    for (unsigned i = 0; s->sweeper_started && i < s->worker_count; i++) {
        s->workers[i].server = s;
        (void)sem_init(&s->workers[i].wake, 0, 0);
        if (!start_thread(&s->workers[i], worker_main)) {
            break;
        }
        s->workers_started++;
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return s->workers_started == s->worker_count
               ? 0
               : err_set(e, ERR_MEMORY, "the system allows no more threads");
}

static int open_epoll(struct http_server *s, struct err *e)
{
    struct epoll_event halt = {.events = EPOLLIN, .data.u64 = TAG_HALT};
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    s->halt_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (s->epoll < 0 || s->halt_event < 0 ||
        epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->halt_event, &halt) != 0 || !ready_open(s) ||
        !listener_arm(s, true)) {
        return err_set(e, ERR_IO, "epoll cannot be used: %s", strerrordesc_np(errno));
    }
    return 0;
}

static struct http_server *server_new(const struct http_config *config)
{
    struct http_server *s = calloc(1, sizeof *s);
    if (!s) {
        return NULL;
    }
    s->config = *config;
    s->limits = config->limits;
    s->epoll = -1;
    s->listener = -1;
    s->halt_event = -1;
    s->ready_event = -1;
    s->worker_count = config->workers ? config->workers : WORKERS;
    s->worker_count = s->worker_count > WORKERS_MAX ? WORKERS_MAX : s->worker_count;
    s->workers = calloc(s->worker_count, sizeof *s->workers);
    s->conns = calloc(s->limits->connections, sizeof *s->conns);
    s->free_slots = calloc(s->limits->connections, sizeof *s->free_slots);
    pthread_condattr_t monotonic;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&s->sweep_wake, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    (void)gate_open(s);
    atomic_store(&s->pollers, (int)s->worker_count);
    (void)pthread_mutex_init(&s->tls_lock, NULL);
    (void)pthread_mutex_init(&s->sweep_lock, NULL);
    (void)pthread_mutex_init(&s->slots_lock, NULL);
    (void)pthread_mutex_init(&s->pool_lock, NULL);
    (void)pthread_mutex_init(&s->ready_lock, NULL);
    return s;
}

int http_server_start(const struct http_config *config, struct http_server **ret_server,
                      struct err *e)
{
    struct http_server *s = server_new(config);
    if (!s || !s->workers || !s->conns || !s->free_slots) {
        http_server_stop(s, 0);
        return err_set(e, ERR_MEMORY, "there is no memory for the HTTP server");
    }
    int r = 0;
    if ((config->tls_cert != NULL) != (config->tls_key != NULL)) {
        r = err_set(e, ERR_REQUIRED, "TLS needs both --tls-cert and --tls-key");
    } else if (config->tls_cert) {
        r = tls_context_new(config, &s->tls, e);
    } else if (config->asks_client) {
        r = err_set(e, ERR_REQUIRED, "a listener for other nodes needs a certificate and its key");
    }
    if (r == 0) {
        r = listener_open(s, e);
    }
    if (r == 0) {
        r = open_epoll(s, e);
    }
    if (r == 0) {
        r = start_threads(s, e);
    }
    if (r != 0) {
        http_server_stop(s, 0);
        return r;
    }
    *ret_server = s;
    return 0;
}

uint16_t http_server_port(const struct http_server *s)
{
    return s->port;
}

text http_server_url(const struct http_server *s)
{
    return text_of(s->url);
}

/* --- stop ---------------------------------------------------------------------------------- */

static void close_idle(struct http_server *s)
{
    uint32_t n = slot_count(s);
    for (uint32_t i = 0; i < n; i++) {
        if (slot_own_idle(&s->conns[i])) {
            conn_close(s, &s->conns[i]);
        }
    }
}

static void halt(struct http_server *s)
{
    pthread_mutex_lock(&s->sweep_lock);
    atomic_store(&s->halted, true);
    (void)pthread_cond_broadcast(&s->sweep_wake);
    pthread_mutex_unlock(&s->sweep_lock);
    if (s->halt_event >= 0) { /* never read, so that every worker sees it */
        (void)eventfd_write(s->halt_event, 1);
    }
    gate_halt(s);
    for (unsigned i = 0; i < s->workers_started; i++) {
        (void)pthread_join(s->workers[i].thread, NULL);
        (void)sem_destroy(&s->workers[i].wake);
    }
    if (s->sweeper_started) {
        (void)pthread_join(s->sweeper.thread, NULL);
    }
}

static void server_free(struct http_server *s)
{
    for (uint32_t i = 0; s->conns && i < slot_count(s); i++) {
        if ((atomic_load(&s->conns[i].word) & STATE_MASK) != STATE_FREE) {
            conn_close(s, &s->conns[i]);
        }
    }
    for (struct exchange *x = s->exchanges; x;) {
        struct exchange *next = x->next;
        exchange_free(x);
        x = next;
    }
    coder_free_all(s->coders);
    const int files[] = {s->listener, s->epoll, s->halt_event, s->ready_event};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (files[i] >= 0) {
            (void)close(files[i]);
        }
    }
    tls_context_free(s->tls);
    (void)pthread_cond_destroy(&s->sweep_wake);
    (void)pthread_mutex_destroy(&s->gate_lock);
    (void)pthread_mutex_destroy(&s->tls_lock);
    (void)pthread_mutex_destroy(&s->sweep_lock);
    (void)pthread_mutex_destroy(&s->slots_lock);
    (void)pthread_mutex_destroy(&s->pool_lock);
    (void)pthread_mutex_destroy(&s->ready_lock);
    free(s->workers);
    free(s->conns);
    free(s->free_slots);
    free(s);
}

void http_server_stop(struct http_server *s, unsigned grace_seconds)
{
    if (!s) {
        return;
    }
    int64_t until = clock_mono_ns() + (int64_t)grace_seconds * SECOND_NS;
    atomic_store(&s->stopping, true);
    if (s->listener >= 0) {
        (void)shutdown(s->listener, SHUT_RDWR);
    }
    if (s->workers_started) {
        close_idle(s);
        while (atomic_load(&s->open) && clock_mono_ns() < until) {
            wait_ms(s, STOP_MS);
            close_idle(s);
        }
    }
    halt(s);
    if (s->config.halted) {
        s->config.halted(s->config.context);
    }
    server_free(s);
}
