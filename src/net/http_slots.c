#include "net/http_int.h"

#include "base/metrics.h"

#include <sys/epoll.h>
#include <unistd.h>

/* The word: generation << 32 | arming << 8 | state. */
enum { ARMING_SHIFT = 8, GENERATION_SHIFT = 32 };

static uint64_t word_with(uint64_t word, unsigned state)
{
    return (word & ~(uint64_t)STATE_MASK) | state;
}

static uint64_t event_data(const struct conn *c, uint64_t word)
{
    return word >> GENERATION_SHIFT << GENERATION_SHIFT | c->slot;
}

uint32_t slot_count(const struct http_server *s)
{
    return atomic_load_explicit(&s->used_slots, memory_order_acquire);
}

struct conn *slot_take(struct http_server *s, int fd)
{
    pthread_mutex_lock(&s->slots_lock);
    struct conn *c = NULL;
    uint32_t used = atomic_load_explicit(&s->used_slots, memory_order_relaxed);
    if (s->free_count) {
        c = &s->conns[s->free_slots[--s->free_count]];
    } else if (used < s->limits->connections) {
        c = &s->conns[used];
        c->slot = used;
        atomic_store_explicit(&s->used_slots, used + 1, memory_order_release);
    }
    pthread_mutex_unlock(&s->slots_lock);
    if (c) {
        c->fd = fd;
        uint64_t word = atomic_load_explicit(&c->word, memory_order_relaxed);
        atomic_store_explicit(&c->word, word_with(word, STATE_OWNED), memory_order_release);
        atomic_fetch_add(&s->open, 1);
        metric_add(METRIC_http_connections_open, 1);
    }
    return c;
}

void slot_free(struct http_server *s, struct conn *c)
{
    tls_free(c->ssl);
    c->ssl = NULL;
    if (c->fd >= 0) { /* else it was given away */
        (void)close(c->fd);
    }
    c->fd = -1;
    uint64_t word = atomic_load_explicit(&c->word, memory_order_relaxed);
    uint64_t next = ((word >> GENERATION_SHIFT) + 1) & UINT32_MAX;
    if (next == UINT32_MAX) { /* would look like one of the TAG_ numbers */
        next = 0;
    }
    atomic_store_explicit(&c->word, next << GENERATION_SHIFT | STATE_FREE, memory_order_release);
    pthread_mutex_lock(&s->slots_lock);
    s->free_slots[s->free_count++] = c->slot;
    pthread_mutex_unlock(&s->slots_lock);
    atomic_fetch_sub(&s->open, 1);
    metric_add(METRIC_http_connections_open, -1);
}

enum arming slot_arm(struct http_server *s, struct conn *c, bool is_new)
{
    uint64_t word = atomic_load_explicit(&c->word, memory_order_relaxed);
    struct epoll_event event = {.events = c->want | EPOLLONESHOT, .data.u64 = event_data(c, word)};
    if (epoll_ctl(s->epoll, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, c->fd, &event) != 0) {
        return ARM_FAILED;
    }
    /* In this order: from the moment it is armed, the sweep may close the socket. */
    return slot_park(c);
}

uint64_t slot_data(const struct conn *c)
{
    return event_data(c, atomic_load_explicit(&c->word, memory_order_relaxed));
}

/* The generation does not change while the caller owns the connection; the state may: EVENT. */
enum arming slot_park(struct conn *c)
{
    uint64_t word = atomic_load_explicit(&c->word, memory_order_relaxed);
    uint64_t armings = ((word >> ARMING_SHIFT) + 1) & 0xffffff;
    uint64_t armed =
        word >> GENERATION_SHIFT << GENERATION_SHIFT | armings << ARMING_SHIFT | STATE_ARMED;
    uint64_t expected = word_with(word, STATE_OWNED);
    if (atomic_compare_exchange_strong_explicit(&c->word, &expected, armed, memory_order_release,
                                                memory_order_relaxed)) {
        return ARM_DONE;
    }
    atomic_store_explicit(&c->word, word_with(word, STATE_OWNED), memory_order_relaxed);
    return ARM_EVENT;
}

bool slot_own_event(struct http_server *s, uint64_t data, struct conn **ret_conn)
{
    struct conn *c = &s->conns[data & UINT32_MAX];
    uint64_t word = atomic_load_explicit(&c->word, memory_order_relaxed);
    for (;;) {
        unsigned state = word & STATE_MASK;
        if (word >> GENERATION_SHIFT != data >> GENERATION_SHIFT ||
            (state != STATE_ARMED && state != STATE_OWNED)) {
            return false;
        }
        unsigned next = state == STATE_ARMED ? STATE_OWNED : STATE_EVENT;
        if (atomic_compare_exchange_weak_explicit(&c->word, &word, word_with(word, next),
                                                  memory_order_acquire, memory_order_relaxed)) {
            *ret_conn = c;
            return next == STATE_OWNED;
        }
    }
}

static bool own_armed(struct conn *c, uint64_t word)
{
    return atomic_compare_exchange_strong_explicit(&c->word, &word, word_with(word, STATE_OWNED),
                                                   memory_order_acquire, memory_order_relaxed);
}

bool slot_own_late(struct conn *c, int64_t now)
{
    /* Armed again since means another word: then the deadline that was read is not its own. */
    uint64_t word = atomic_load_explicit(&c->word, memory_order_acquire);
    return (word & STATE_MASK) == STATE_ARMED &&
           atomic_load_explicit(&c->deadline, memory_order_relaxed) < now && own_armed(c, word);
}

bool slot_own_idle(struct conn *c)
{
    uint64_t word = atomic_load_explicit(&c->word, memory_order_acquire);
    return (word & STATE_MASK) == STATE_ARMED &&
           atomic_load_explicit(&c->idle_since, memory_order_relaxed) && own_armed(c, word);
}

struct conn *slot_own_oldest_idle(struct http_server *s)
{
    for (int attempt = 0; attempt < 3; attempt++) {
        struct conn *oldest = NULL;
        int64_t since = INT64_MAX;
        uint32_t n = slot_count(s);
        for (uint32_t i = 0; i < n; i++) {
            uint64_t word = atomic_load_explicit(&s->conns[i].word, memory_order_acquire);
            int64_t idle = atomic_load_explicit(&s->conns[i].idle_since, memory_order_relaxed);
            if ((word & STATE_MASK) == STATE_ARMED && idle && idle < since) {
                since = idle;
                oldest = &s->conns[i];
            }
        }
        if (!oldest || slot_own_idle(oldest)) {
            return oldest;
        }
    }
    return NULL;
}
