/* Terms: texts that have numbers. */
#include "store/inner.h"

#include <string.h>

uint64_t terms_cached(struct terms *terms, text bytes)
{
    (void)pthread_rwlock_rdlock(&terms->lock);
    uint64_t *number = map_get(&terms->map, bytes);
    uint64_t result = number ? *number : 0;
    (void)pthread_rwlock_unlock(&terms->lock);
    return result;
}

/* Without memory it stays out of the map, which is only a cache. */
void terms_add(struct terms *terms, text bytes, uint64_t number)
{
    (void)pthread_rwlock_wrlock(&terms->lock);
    if (!map_get(&terms->map, bytes)) {
        text copy = arena_copy(&terms->bytes, bytes);
        bool is_new = false;
        uint64_t *place = copy.p ? map_put(&terms->map, copy, &is_new) : NULL;
        if (place) {
            *place = number;
        }
    }
    (void)pthread_rwlock_unlock(&terms->lock);
}

int terms_number(struct store *s, struct db *db, text bytes, uint64_t *ret_number)
{
    *ret_number = terms_cached(&s->terms, bytes);
    if (*ret_number) {
        return 0;
    }
    int rc = db_term_find(db, bytes, ret_number);
    /* What the writer sees may be rolled back: it adds its own when they are committed. */
    if (!rc && (!s->writer || !writer_owns(s->writer, db))) {
        terms_add(&s->terms, bytes, *ret_number);
    }
    return rc;
}

text term_bytes(char kind, text t, struct arena *a)
{
    char *p = arena_alloc(a, t.n + 1);
    if (!p) {
        return (text){0};
    }
    p[0] = kind;
    if (t.n) {
        memcpy(p + 1, t.p, t.n);
    }
    return text_make(p, t.n + 1);
}

int system_number(struct store *s, struct db *db, text uri, uint64_t *ret_number)
{
    struct arena a;
    arena_init(&a, uri.n + 4096);
    text bytes = term_bytes('s', uri, &a);
    int rc = bytes.p ? terms_number(s, db, bytes, ret_number) : ERR_MEMORY;
    arena_done(&a);
    return rc;
}

/* --- units --------------------------------------------------------------------------------- */

text unit_value(uint64_t number, text decimal, struct arena *a)
{
    char *p = arena_alloc(a, decimal.n + 3);
    if (!p) {
        return (text){0};
    }
    p[0] = (char)(number >> 16);
    p[1] = (char)(number >> 8);
    p[2] = (char)number;
    if (decimal.n) {
        memcpy(p + 3, decimal.p, decimal.n);
    }
    return text_make(p, decimal.n + 3);
}

int units_all(struct store *s, struct db *db, struct arena *a, struct unit **ret_units,
              size_t *ret_count)
{
    (void)s;
    struct db_cursor *c = NULL;
    struct unit *units = NULL;
    size_t count = 0;
    size_t capacity = 0;
    uint64_t number = 0;
    text bytes;
    int rc = db_term_open(db, TERM_UNITS, TERM_UNITS + UNIT_COUNT_MAX - 1, &c);
    while (!rc && !(rc = db_term_next(c, &number, &bytes))) {
        struct unit *more = arena_grow(a, units, count, &capacity, sizeof *units);
        text copy = arena_copy(a, text_from(bytes, 1));
        if (!more || !copy.p) {
            rc = ERR_MEMORY;
            break;
        }
        units = more;
        units[count++] = (struct unit){number - TERM_UNITS, copy};
    }
    db_cursor_close(c);
    if (rc != DB_END) {
        return rc;
    }
    *ret_units = units;
    *ret_count = count;
    return 0;
}
