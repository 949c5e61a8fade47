/*
 * Memory that is given back all at once: one arena a request, with a hard cap.
 *
 * There is no free(). arena_alloc() returns NULL when the cap is reached or the system has no more
 * memory; the caller answers ERR_MEMORY. An arena belongs to one thread at a time.
 */
#ifndef KITH_BASE_ARENA_H
#define KITH_BASE_ARENA_H

#include "base/text.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *chunk; /* newest first */
    size_t used;               /* bytes of the newest chunk in use */
    size_t total;              /* bytes of all chunks */
    size_t cap;                /* total never passes this */
};

struct arena_mark {
    struct arena_chunk *chunk;
    size_t used;
};

/* Takes no memory yet. cap in bytes. */
void arena_init(struct arena *a, size_t cap);

/* Gives every chunk back. An arena that was only zeroed may be passed. */
void arena_done(struct arena *a);

/* Forgets everything, keeps one chunk for the next use. */
void arena_reset(struct arena *a);

/* n bytes aligned for any type, not cleared. NULL when out of memory. n may be 0. */
void *arena_alloc(struct arena *a, size_t n) __attribute__((malloc, warn_unused_result));

/* count * size cleared bytes; NULL on overflow too. */
void *arena_zalloc(struct arena *a, size_t count, size_t size) __attribute__((warn_unused_result));

/* A copy, NUL-terminated behind the slice. On failure .p is NULL (also for an empty input). */
text arena_copy(struct arena *a, text t) __attribute__((warn_unused_result));

/* printf into the arena. On failure .p is NULL. */
text arena_printf(struct arena *a, const char *format, ...)
    __attribute__((format(printf, 2, 3), warn_unused_result));

/* The parts behind one another: for long ones, with which printf is slow. On failure .p is NULL. */
text arena_join(struct arena *a, const text *parts, size_t count)
    __attribute__((warn_unused_result));

/* What is allocated after a mark is forgotten by the rewind: for a loop over rows. */
struct arena_mark arena_mark(const struct arena *a);
void arena_rewind(struct arena *a, struct arena_mark mark);

/*
 * Makes room for one more item in an array that grows in an arena: items (may be NULL), *capacity
 * in items. Returns the array, moved if it had to be, or NULL when out of memory.
 */
void *arena_grow(struct arena *a, void *items, size_t count, size_t *capacity, size_t size)
    __attribute__((warn_unused_result));

#endif
