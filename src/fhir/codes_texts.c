/* What the builder keeps texts and rows of numbers in: outside any arena, growing by halves. */
#include "base/random.h"
#include "fhir/codes_int.h"

#include <stdlib.h>

enum { FIRST = 64 };

void codes_texts_init(struct codes_texts *s)
{
    *s = (struct codes_texts){0};
    random_bytes(&s->key, sizeof s->key);
}

void codes_texts_done(struct codes_texts *s)
{
    free(s->heap);
    free(s->at);
    free(s->hash);
    free(s->slots);
    *s = (struct codes_texts){0};
}

static bool grow_slots(struct codes_texts *s)
{
    size_t count = s->slot_count ? s->slot_count * 2 : (size_t)FIRST * 2;
    uint32_t *slots = calloc(count, sizeof *slots);
    if (!slots) {
        return false;
    }
    for (size_t i = 0; i < s->n; i++) {
        size_t at = s->hash[i] & (count - 1);
        while (slots[at]) {
            at = (at + 1) & (count - 1);
        }
        slots[at] = (uint32_t)i + 1;
    }
    free(s->slots);
    s->slots = slots;
    s->slot_count = count;
    return true;
}

/* Room for one more text of n bytes. */
static bool grow(struct codes_texts *s, size_t n)
{
    if (s->n == s->capacity) {
        size_t capacity = s->capacity ? s->capacity + s->capacity / 2 : FIRST;
        uint32_t *at = realloc(s->at, (capacity + 1) * sizeof *at);
        if (!at) {
            return false;
        }
        at[0] = 0;
        s->at = at;
        uint32_t *hash = realloc(s->hash, capacity * sizeof *hash);
        if (!hash) {
            return false;
        }
        s->hash = hash;
        s->capacity = capacity;
    }
    if (s->heap_capacity - s->heap_n < n || !s->heap) {
        size_t capacity = s->heap_capacity + s->heap_capacity / 2 + n + 1024;
        char *heap = realloc(s->heap, capacity);
        if (!heap) {
            return false;
        }
        s->heap = heap;
        s->heap_capacity = capacity;
    }
    return s->n * 4 < s->slot_count * 3 || grow_slots(s);
}

static size_t find_slot(const struct codes_texts *s, uint32_t hash, text t)
{
    size_t at = hash & (s->slot_count - 1);
    while (s->slots[at] && !(s->hash[s->slots[at] - 1] == hash &&
                             text_eq(codes_texts_get(s, s->slots[at] - 1), t))) {
        at = (at + 1) & (s->slot_count - 1);
    }
    return at;
}

int codes_texts_put(struct codes_texts *s, text t, uint32_t *ret_number)
{
    if (t.n > UINT32_MAX - s->heap_n || s->n >= UINT32_MAX / 16) {
        return ERR_TOO_LARGE;
    }
    if (!grow(s, t.n)) {
        return ERR_MEMORY;
    }
    uint32_t hash = (uint32_t)hash_text(s->key, t);
    size_t slot = find_slot(s, hash, t);
    if (s->slots[slot]) {
        *ret_number = s->slots[slot] - 1;
        return 0;
    }
    if (t.n) {
        memcpy(s->heap + s->heap_n, t.p, t.n);
    }
    s->heap_n += t.n;
    s->hash[s->n] = hash;
    *ret_number = (uint32_t)s->n++;
    s->at[s->n] = (uint32_t)s->heap_n;
    s->slots[slot] = (uint32_t)s->n;
    return 0;
}

uint32_t codes_texts_find(const struct codes_texts *s, text t)
{
    if (s->slot_count == 0) {
        return CODES_NONE;
    }
    size_t slot = find_slot(s, (uint32_t)hash_text(s->key, t), t);
    return s->slots[slot] ? s->slots[slot] - 1 : CODES_NONE;
}

int codes_rows_add(struct codes_rows *r, const uint32_t *row, size_t width)
{
    if (r->capacity - r->n < width) {
        size_t capacity = r->capacity + r->capacity / 2 + width + FIRST;
        uint32_t *p = realloc(r->p, capacity * sizeof *p);
        if (!p) {
            return ERR_MEMORY;
        }
        r->p = p;
        r->capacity = capacity;
    }
    memcpy(r->p + r->n, row, width * sizeof *row);
    r->n += width;
    return 0;
}
