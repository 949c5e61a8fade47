#include "net/http_int.h"

#include <unistd.h>

/*
 * Many workers wait for the few that are in a handler which blocks; but when many wait for events,
 * the kernel wakes another one for each request, and switching threads costs as much as serving. So
 * only about as many as there are processors poll, and the rest is parked. Whoever goes into a
 * handler and leaves no poller behind calls one in; whoever comes out and finds enough pollers is
 * parked.
 */
bool gate_open(struct http_server *s)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    s->pollers_wanted = processors < 2 ? 2 : processors > 256 ? 256 : (int)processors;
    return pthread_mutex_init(&s->gate_lock, NULL) == 0;
}

/* The caller is a poller. Returns when it has to poll, or at the end. */
void gate_poll(struct worker *w)
{
    struct http_server *s = w->server;
    int pollers = atomic_load_explicit(&s->pollers, memory_order_relaxed);
    if (pollers <= s->pollers_wanted) {
        return;
    }
    bool parked = false;
    pthread_mutex_lock(&s->gate_lock);
    while (pollers > s->pollers_wanted && !parked && !atomic_load(&s->halted)) {
        parked = atomic_compare_exchange_weak(&s->pollers, &pollers, pollers - 1);
    }
    if (parked) {
        w->parked_behind = s->parked;
        s->parked = w;
    }
    pthread_mutex_unlock(&s->gate_lock);
    while (parked && sem_wait(&w->wake) != 0) {
    }
}

static bool call_one(struct http_server *s)
{
    pthread_mutex_lock(&s->gate_lock);
    struct worker *w = s->parked;
    if (w) {
        s->parked = w->parked_behind;
        atomic_fetch_add(&s->pollers, 1);
    }
    pthread_mutex_unlock(&s->gate_lock);
    return w && sem_post(&w->wake) == 0;
}

void gate_enter(struct worker *w)
{
    if (atomic_fetch_sub(&w->server->pollers, 1) == 1) {
        (void)call_one(w->server);
    }
}

void gate_leave(struct worker *w)
{
    atomic_fetch_add(&w->server->pollers, 1);
}

void gate_halt(struct http_server *s)
{
    while (call_one(s)) {
    }
}
