/*
 * A growable run of bytes that owns its memory and is told its maximum at the start.
 *
 * Appending never reports an error: a buffer that would pass its maximum, or that gets no memory,
 * keeps what it has and becomes failed; look once, with buf_failed(), when all is written.
 */
#ifndef KITH_BASE_BUF_H
#define KITH_BASE_BUF_H

#include "base/text.h"

struct buf {
    char *p;
    size_t n;
    size_t capacity;
    size_t max;
    bool failed;
};

/* Takes no memory yet. */
void buf_init(struct buf *b, size_t max);
/* Frees the memory; the buffer may be used again. A zeroed buffer may be passed. */
void buf_done(struct buf *b);

/* Room for n more bytes behind b->p + b->n, or NULL (failed). The caller adds to b->n what it
 * wrote. */
char *buf_reserve(struct buf *b, size_t n);

void buf_add(struct buf *b, text t);
void buf_addc(struct buf *b, char c);
void buf_add_u64(struct buf *b, uint64_t value);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Empties it, keeps the memory, forgets a failure. */
static inline void buf_clear(struct buf *b)
{
    b->n = 0;
    b->failed = false;
}

/* Drops the first n bytes. */
void buf_consume(struct buf *b, size_t n);

static inline bool buf_failed(const struct buf *b)
{
    return b->failed;
}

static inline text buf_text(const struct buf *b)
{
    return (text){b->p, b->n};
}

#endif
