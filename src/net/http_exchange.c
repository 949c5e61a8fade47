#include "net/http_int.h"

#include <stdlib.h>

enum {
    EXCHANGES_KEPT = 32,
    IN_FIRST = 4096,
    KEEP_MAX = 64 * 1024, /* a larger buffer is not kept for the next request */
};

void exchange_free(struct exchange *x)
{
    arena_done(&x->arena);
    buf_done(&x->reply.head);
    buf_done(&x->reply.body);
    buf_done(&x->body);
    buf_done(&x->plain);
    buf_done(&x->out);
    buf_done(&x->coded);
    buf_done(&x->wire);
    free(x->fields);
    free(x->in);
    free(x);
}

static struct exchange *exchange_new(struct http_server *s)
{
    struct exchange *x = calloc(1, sizeof *x);
    if (!x) {
        return NULL;
    }
    x->in = malloc(IN_FIRST);
    x->in_capacity = IN_FIRST;
    x->fields = calloc(s->limits->head_count, sizeof *x->fields);
    arena_init(&x->arena, s->limits->request_memory);
    buf_init(&x->body, s->limits->body_bytes);
    buf_init(&x->plain, s->limits->body_bytes + 1);
    buf_init(&x->out, KEEP_MAX * 2);
    buf_init(&x->coded, s->limits->request_memory);
    buf_init(&x->wire, KEEP_MAX);
    if (!x->in || !x->fields) {
        exchange_free(x);
        return NULL;
    }
    return x;
}

struct exchange *exchange_take(struct http_server *s)
{
    pthread_mutex_lock(&s->pool_lock);
    struct exchange *x = s->exchanges;
    if (x) {
        s->exchanges = x->next;
        s->exchange_count--;
    }
    pthread_mutex_unlock(&s->pool_lock);
    if (!x) {
        x = exchange_new(s);
    }
    if (x) {
        http_parser_start(&x->parser, s->limits, x->fields);
        x->started = 0;
    }
    return x;
}

static void keep_small(struct buf *b)
{
    if (b->capacity > KEEP_MAX) {
        buf_done(b);
    }
    buf_clear(b);
}

void exchange_reset(struct http_server *s, struct exchange *x)
{
    if (x->sink) {
        x->sink->done(x->sink);
        x->sink = NULL;
        x->body.max = s->limits->body_bytes;
    }
    keep_small(&x->reply.head);
    keep_small(&x->reply.body);
    keep_small(&x->body);
    keep_small(&x->plain);
    keep_small(&x->out);
    keep_small(&x->coded);
    arena_reset(&x->arena);
    x->arena.cap = s->limits->request_memory;
    if (x->charged) {
        atomic_fetch_sub(&s->body_memory, x->charged);
        x->charged = 0;
    }
    x->head_known = false;
    x->linger = false;
    http_parser_start(&x->parser, s->limits, x->fields);
}

void exchange_give(struct http_server *s, struct exchange *x)
{
    exchange_reset(s, x);
    x->in_n = 0;
    x->in_done = 0;
    if (x->in_capacity > KEEP_MAX) {
        exchange_free(x);
        return;
    }
    pthread_mutex_lock(&s->pool_lock);
    if (s->exchange_count < EXCHANGES_KEPT) {
        x->next = s->exchanges;
        s->exchanges = x;
        s->exchange_count++;
        x = NULL;
    }
    pthread_mutex_unlock(&s->pool_lock);
    if (x) {
        exchange_free(x);
    }
}

bool exchange_charge(struct http_server *s, struct exchange *x)
{
    uint64_t held = x->body.capacity + x->plain.capacity;
    if (held <= x->charged) {
        return true;
    }
    uint64_t more = held - x->charged;
    x->charged = held;
    return atomic_fetch_add(&s->body_memory, more) + more <= s->limits->body_memory;
}

bool exchange_grow_in(struct exchange *x, size_t capacity)
{
    if (capacity <= x->in_capacity) {
        return true;
    }
    char *grown = realloc(x->in, capacity);
    if (!grown) {
        return false;
    }
    x->in = grown;
    x->in_capacity = capacity;
    return true;
}
