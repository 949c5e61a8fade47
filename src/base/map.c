#include "base/map.h"

#include "base/random.h"

#include <stdlib.h>

void map_init(struct map *m)
{
    *m = (struct map){0};
    random_bytes(&m->key, sizeof m->key);
}

void map_done(struct map *m)
{
    free(m->slots);
    *m = (struct map){0};
}

static struct map_slot *find(struct map_slot *slots, size_t capacity, uint64_t hash, text key)
{
    size_t at = (size_t)hash & (capacity - 1);
    while (slots[at].key.p && !(slots[at].hash == hash && text_eq(slots[at].key, key))) {
        at = (at + 1) & (capacity - 1);
    }
    return &slots[at];
}

static bool grow(struct map *m)
{
    size_t capacity = m->capacity ? m->capacity * 2 : 16;
    struct map_slot *slots = calloc(capacity, sizeof *slots);
    if (!slots) {
        return false;
    }
    for (size_t i = 0; i < m->capacity; i++) {
        if (m->slots[i].key.p) {
            *find(slots, capacity, m->slots[i].hash, m->slots[i].key) = m->slots[i];
        }
    }
    free(m->slots);
    m->slots = slots;
    m->capacity = capacity;
    return true;
}

uint64_t *map_put(struct map *m, text key, bool *ret_new)
{
    if (key.p == NULL) {
        key = T("");
    }
    if (m->count * 4 >= m->capacity * 3 && !grow(m)) {
        return NULL;
    }
    uint64_t hash = hash_text(m->key, key);
    struct map_slot *slot = find(m->slots, m->capacity, hash, key);
    *ret_new = slot->key.p == NULL;
    if (*ret_new) {
        *slot = (struct map_slot){key, hash, 0};
        m->count++;
    }
    return &slot->value;
}

uint64_t *map_get(const struct map *m, text key)
{
    if (m->capacity == 0) {
        return NULL;
    }
    struct map_slot *slot = find(m->slots, m->capacity, hash_text(m->key, key), key);
    return slot->key.p ? &slot->value : NULL;
}
