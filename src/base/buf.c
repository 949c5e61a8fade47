#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){.max = max};
}

void buf_done(struct buf *b)
{
    free(b->p);
    *b = (struct buf){.max = b->max};
}

char *buf_reserve(struct buf *b, size_t n)
{
    if (b->failed || n > b->max - b->n) {
        b->failed = true;
        return NULL;
    }
    if (b->capacity - b->n < n) {
        size_t wanted = b->capacity < 256 ? 256 : b->capacity;
        while (wanted - b->n < n) {
            wanted = wanted > b->max / 2 ? b->max : wanted * 2;
        }
        char *p = realloc(b->p, wanted);
        if (!p) {
            b->failed = true;
            return NULL;
        }
        b->p = p;
        b->capacity = wanted;
    }
    return b->p + b->n;
}

void buf_add(struct buf *b, text t)
{
    char *to = t.n ? buf_reserve(b, t.n) : NULL;
    if (to) {
        memcpy(to, t.p, t.n);
        b->n += t.n;
    }
}

void buf_addc(struct buf *b, char c)
{
    char *to = buf_reserve(b, 1);
    if (to) {
        *to = c;
        b->n++;
    }
}

void buf_add_u64(struct buf *b, uint64_t value)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    buf_add(b, (text){digits + at, sizeof digits - at});
}

void buf_printf(struct buf *b, const char *format, ...)
{
    va_list args;
    va_list again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *to = n < 0 ? NULL : buf_reserve(b, (size_t)n + 1);
    if (to) {
        (void)vsnprintf(to, (size_t)n + 1, format, again);
        b->n += (size_t)n;
    } else if (n < 0) {
        b->failed = true;
    }
    va_end(again);
}

void buf_consume(struct buf *b, size_t n)
{
    if (n >= b->n) {
        b->n = 0;
        return;
    }
    memmove(b->p, b->p + n, b->n - n);
    b->n -= n;
}
