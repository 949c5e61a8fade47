#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_MIN = 32 * 1024, KEEP_MAX = 256 * 1024, ALIGN = 16 };

struct arena_chunk {
    struct arena_chunk *older;
    size_t size; /* of data */
    alignas(ALIGN) char data[];
};

void arena_init(struct arena *a, size_t cap)
{
    *a = (struct arena){.cap = cap};
}

static void drop_newest(struct arena *a)
{
    struct arena_chunk *c = a->chunk;
    a->chunk = c->older;
    a->total -= c->size;
    free(c);
}

void arena_done(struct arena *a)
{
    while (a->chunk) {
        drop_newest(a);
    }
    a->used = 0;
}

void arena_reset(struct arena *a)
{
    while (a->chunk && (a->chunk->older || a->chunk->size > KEEP_MAX)) {
        drop_newest(a);
    }
    a->used = 0;
}

static bool add_chunk(struct arena *a, size_t need)
{
    size_t size = a->chunk ? a->chunk->size * 2 : CHUNK_MIN;
    if (size > 4U * 1024 * 1024) {
        size = 4U * 1024 * 1024;
    }
    if (size < need) {
        size = need;
    }
    if (size > a->cap - a->total) {
        size = need;
    }
    if (size > a->cap - a->total || size > SIZE_MAX - sizeof(struct arena_chunk)) {
        return false;
    }
    struct arena_chunk *c = malloc(sizeof *c + size);
    if (!c) {
        return false;
    }
    c->older = a->chunk;
    c->size = size;
    a->chunk = c;
    a->used = 0;
    a->total += size;
    return true;
}

void *arena_alloc(struct arena *a, size_t n)
{
    if (n > SIZE_MAX - ALIGN) {
        return NULL;
    }
    n = (n + (ALIGN - 1)) & ~(size_t)(ALIGN - 1);
    if ((!a->chunk || a->chunk->size - a->used < n) && !add_chunk(a, n)) {
        return NULL;
    }
    void *p = a->chunk->data + a->used;
    a->used += n;
    return p;
}

void *arena_zalloc(struct arena *a, size_t count, size_t size)
{
    size_t n;
    if (__builtin_mul_overflow(count, size, &n)) {
        return NULL;
    }
    void *p = arena_alloc(a, n);
    return p ? memset(p, 0, n) : NULL;
}

text arena_copy(struct arena *a, text t)
{
    if (t.n == SIZE_MAX) {
        return (text){NULL, 0};
    }
    char *p = arena_alloc(a, t.n + 1);
    if (!p) {
        return (text){NULL, 0};
    }
    if (t.n) {
        memcpy(p, t.p, t.n);
    }
    p[t.n] = '\0';
    return (text){p, t.n};
}

text arena_printf(struct arena *a, const char *format, ...)
{
    char usual[256];
    va_list args;
    va_list again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(usual, sizeof usual, format, args);
    va_end(args);
    char *p = n < 0 ? NULL : arena_alloc(a, (size_t)n + 1);
    if (p && (size_t)n < sizeof usual) {
        memcpy(p, usual, (size_t)n + 1);
    } else if (p) {
        (void)vsnprintf(p, (size_t)n + 1, format, again);
    }
    va_end(again);
    return p ? (text){p, (size_t)n} : (text){NULL, 0};
}

text arena_join(struct arena *a, const text *parts, size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (__builtin_add_overflow(n, parts[i].n, &n)) {
            return (text){NULL, 0};
        }
    }
    char *p = n == SIZE_MAX ? NULL : arena_alloc(a, n + 1);
    char *at = p;
    for (size_t i = 0; p && i < count; i++) {
        if (parts[i].n) {
            memcpy(at, parts[i].p, parts[i].n);
            at += parts[i].n;
        }
    }
    return p ? (text){p, n} : (text){NULL, 0};
}

struct arena_mark arena_mark(const struct arena *a)
{
    return (struct arena_mark){a->chunk, a->used};
}

void arena_rewind(struct arena *a, struct arena_mark mark)
{
    while (a->chunk != mark.chunk) {
        drop_newest(a);
    }
    a->used = mark.used;
}

void *arena_grow(struct arena *a, void *items, size_t count, size_t *capacity, size_t size)
{
    if (items && count < *capacity) {
        return items;
    }
    size_t wanted = *capacity && items ? *capacity * 2 : 8;
    size_t n;
    if (wanted < *capacity || __builtin_mul_overflow(wanted, size, &n)) {
        return NULL;
    }
    void *grown = arena_alloc(a, n);
    if (!grown) {
        return NULL;
    }
    if (items && count) {
        memcpy(grown, items, count * size);
    }
    *capacity = wanted;
    return grown;
}
