#include "policy/touched.h"

#include "policy/grant_made.h"

#include <string.h>

enum { FEW = 16 };

/* Compartments are numbers in a row: any odd multiplier spreads them. */
static size_t slot_of(const struct touched *t, uint64_t compartment)
{
    return (size_t)(compartment * UINT64_C(0x9E3779B97F4A7C15) >> 32) & (t->slot_count - 1);
}

static void put_slot(struct touched *t, size_t item)
{
    size_t at = slot_of(t, t->items[item]);
    while (t->slots[at]) {
        at = (at + 1) & (t->slot_count - 1);
    }
    t->slots[at] = (uint32_t)(item + 1);
}

static bool is_there(const struct touched *t, uint64_t compartment)
{
    if (!t->slots) {
        for (size_t i = t->count; i > 0; i--) { /* mostly the last one again */
            if (t->items[i - 1] == compartment) {
                return true;
            }
        }
        return false;
    }
    if (t->items[t->count - 1] == compartment) {
        return true;
    }
    for (size_t at = slot_of(t, compartment); t->slots[at]; at = (at + 1) & (t->slot_count - 1)) {
        if (t->items[t->slots[at] - 1] == compartment) {
            return true;
        }
    }
    return false;
}

/* At most half full. */
static bool grow_slots(struct touched *t)
{
    if (t->count < FEW || (t->slots && t->count * 2 <= t->slot_count)) {
        return true;
    }
    size_t wanted = t->slot_count ? t->slot_count * 4 : (size_t)FEW * 8;
    uint32_t *slots = arena_zalloc(t->arena, wanted, sizeof *slots);
    if (!slots) {
        return false;
    }
    t->slots = slots;
    t->slot_count = wanted;
    for (size_t i = 0; i < t->count; i++) {
        put_slot(t, i);
    }
    return true;
}

void grant_touch(const struct grant *g, uint64_t compartment)
{
    struct touched *t = g->config.touched;
    if (!t || t->failed || is_there(t, compartment)) {
        return;
    }
    uint64_t *items = arena_grow(t->arena, t->items, t->count, &t->capacity, sizeof *items);
    if (!items) {
        t->failed = true;
        return;
    }
    t->items = items;
    t->items[t->count++] = compartment;
    if (t->slots) {
        put_slot(t, t->count - 1);
    }
    t->failed = !grow_slots(t);
}
