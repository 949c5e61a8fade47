#include "net/http_int.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

/*
 * Connections whose replies may leave, in the order in which they were called. They come in
 * batches, a sync of the disk each: one event for a batch, in place of a call of the system and an
 * event for each connection. The event stands as long as somebody is in the list, so that no worker
 * sleeps meanwhile, whatever those do who have taken some of them.
 */

bool ready_open(struct http_server *s)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = TAG_READY};
    s->ready_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return s->ready_event >= 0 && epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->ready_event, &event) == 0;
}

/* Called once too often, or for a request that has ended, it does no harm: a turn for nothing. */
void http_wake(struct http_server *s, const uint64_t *wakes, size_t count)
{
    pthread_mutex_lock(&s->ready_lock);
    bool was_empty = !s->ready;
    for (size_t i = 0; i < count; i++) {
        struct conn *c;
        if (slot_own_event(s, wakes[i], &c)) {
            c->ready_behind = NULL;
            *(s->ready ? &s->ready_last->ready_behind : &s->ready) = c;
            s->ready_last = c;
        }
    }
    if (was_empty && s->ready) {
        (void)eventfd_write(s->ready_event, 1);
    }
    pthread_mutex_unlock(&s->ready_lock);
}

struct conn *ready_take(struct http_server *s)
{
    eventfd_t was;
    pthread_mutex_lock(&s->ready_lock);
    struct conn *c = s->ready;
    if (c) {
        s->ready = c->ready_behind;
        if (!s->ready) {
            (void)eventfd_read(s->ready_event, &was);
        }
    }
    pthread_mutex_unlock(&s->ready_lock);
    return c;
}
