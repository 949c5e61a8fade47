/*
 * Turns of searches that run for long, so that they never take all processors: first come, first
 * served. Whoever has had its time while others wait goes to the end of the queue. Its next turn is
 * twice as long, so that with many of them some come to their end instead of all running out of
 * time.
 */
#include "base/clock.h"
#include "store/plan.h"

#include <time.h>
#include <unistd.h>

enum { FIRST_TURN_NS = 10000000 };

struct turn_waiter {
    pthread_cond_t called;
    bool has_turn;
    struct turn_waiter *next;
};

void turns_init(struct turns *t, const struct limits *limits)
{
    long pairs = sysconf(_SC_NPROCESSORS_ONLN) / 2;
    t->most = (unsigned)limits->search_heavy * (pairs > 1 ? (unsigned)pairs : 1);
    t->last = &t->first;
    (void)pthread_mutex_init(&t->lock, NULL);
}

void turns_done(struct turns *t)
{
    (void)pthread_mutex_destroy(&t->lock);
}

/* The lock is held. */
static void queue(struct turns *t, struct turn_waiter *w)
{
    *t->last = w;
    t->last = &w->next;
    atomic_fetch_add(&t->waiting, 1);
}

/* The lock is held. */
static void leave_queue(struct turns *t, const struct turn_waiter *w)
{
    struct turn_waiter **at = &t->first;
    while (*at != w) {
        at = &(*at)->next;
    }
    *at = w->next;
    if (!*at) {
        t->last = at;
    }
    atomic_fetch_sub(&t->waiting, 1);
}

/* The lock is held. Returns whether it has a turn. */
static bool wait_for_call(struct turns *t, int64_t deadline)
{
    struct turn_waiter w = {0};
    pthread_condattr_t monotonic;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&w.called, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    struct timespec until = {deadline / 1000000000, deadline % 1000000000};
    queue(t, &w);
    while (!w.has_turn && clock_mono_ns() <= deadline) {
        (void)pthread_cond_timedwait(&w.called, &t->lock, &until);
    }
    if (!w.has_turn) {
        leave_queue(t, &w);
    }
    (void)pthread_cond_destroy(&w.called);
    return w.has_turn;
}

static int heavy_wait(struct run *r)
{
    struct turns *t = &r->s->turns;
    (void)pthread_mutex_lock(&t->lock);
    r->has_turn = t->running < t->most;
    if (r->has_turn) {
        t->running++;
    } else {
        r->has_turn = wait_for_call(t, r->deadline);
    }
    (void)pthread_mutex_unlock(&t->lock);
    if (!r->has_turn) {
        return err_set(r->e, ERR_TOO_COSTLY,
                       "the node is busy with other long searches, and the time of this one is "
                       "over: try again shortly, or narrow it by a patient, a code or a date");
    }
    r->turn_ns = r->turn_ns ? 2 * r->turn_ns : FIRST_TURN_NS;
    r->turn_until = clock_mono_ns() + r->turn_ns;
    return 0;
}

void heavy_done(struct run *r)
{
    if (!r->has_turn) {
        return;
    }
    r->has_turn = false;
    struct turns *t = &r->s->turns;
    (void)pthread_mutex_lock(&t->lock);
    struct turn_waiter *w = t->first;
    if (w) {
        leave_queue(t, w);
        w->has_turn = true;
        (void)pthread_cond_signal(&w->called);
    } else {
        t->running--;
    }
    (void)pthread_mutex_unlock(&t->lock);
}

int heavy_look(struct run *r, int64_t now)
{
    if (now <= r->heavy_at) {
        return 0;
    }
    if (r->has_turn && now > r->turn_until && atomic_load(&r->s->turns.waiting)) {
        heavy_done(r);
    }
    return r->has_turn ? 0 : heavy_wait(r);
}
