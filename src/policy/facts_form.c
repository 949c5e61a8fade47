#include "policy/actor.h"
#include "policy/facts_int.h"

static void put(struct buf *b, uint64_t value, size_t bytes)
{
    char raw[8];
    for (size_t i = 0; i < bytes; i++) {
        raw[i] = (char)(value >> (8 * i) & 0xFF);
    }
    buf_add(b, text_make(raw, bytes));
}

static uint64_t take(text *from, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++) {
        value |= (uint64_t)(unsigned char)from->p[i] << (8 * i);
    }
    *from = text_from(*from, bytes);
    return value;
}

void facts_add(struct facts_writer *w, const struct fact *f)
{
    if (w->items >= FACTS_ITEMS_MAX || f->name.n > FACTS_NAME_MAX) {
        w->too_many = true;
        return;
    }
    w->items++;
    buf_addc(&w->out, (char)f->kind);
    buf_addc(&w->out, (char)f->detail);
    buf_addc(&w->out, (char)f->flags);
    put(&w->out, (uint64_t)f->from, 8);
    put(&w->out, (uint64_t)f->until, 8);
    put(&w->out, (uint64_t)f->written, 8);
    put(&w->out, f->categories, 4);
    put(&w->out, f->purposes, 4);
    put(&w->out, f->name.n, 2);
    buf_add(&w->out, f->name);
}

bool facts_open(text facts, uint32_t *ret_labels, text *ret_items)
{
    if (facts.n == 0) {
        *ret_labels = 0;
        *ret_items = T("");
        return true;
    }
    if (facts.n < FACTS_HEAD || facts.p[0] != FACTS_VERSION) {
        return false;
    }
    text rest = text_from(facts, 1);
    *ret_labels = (uint32_t)take(&rest, 4);
    *ret_items = rest;
    return true;
}

static bool sound(const struct fact *f)
{
    switch (f->kind) {
    case FACT_HELD:
    case FACT_DEATH:
        return f->name.n == 0;
    case FACT_KEPT:
        return f->name.n == 0 && f->detail <= 1;
    case FACT_PARTY:
        return f->detail < 32;
    case FACT_BIRTH:
        return f->name.n == 0 && f->from <= f->until;
    case FACT_RELATION:
        return f->detail >= RELATION_REGISTRATION && f->detail <= RELATION_CLAIMED;
    case FACT_CHOICE:
        return f->flags <= CHOICE_FLAGS && (f->categories & ~(uint32_t)LABEL_CATEGORIES) == 0 &&
               f->purposes < 1U << PURPOSE_COUNT;
    case FACT_INSTANCE:
    case FACT_OVERRIDE:
    case FACT_AUTHOR:
    case FACT_ABOUT:
        return f->name.n != 0;
    case FACT_OWN:
        return f->name.n != 0 && f->detail < OWN_FAULTS;
    case FACT_PROXY:
        return f->name.n != 0 && f->detail != 0 && f->detail < 16 && f->flags < BASIS_COUNT;
    default:
        return false;
    }
}

int facts_next(text *items, struct fact *ret_fact)
{
    if (items->n == 0) {
        return 0;
    }
    if (items->n < FACTS_ITEM) {
        return -1;
    }
    struct fact f;
    f.kind = (uint8_t)take(items, 1);
    f.detail = (uint8_t)take(items, 1);
    f.flags = (uint8_t)take(items, 1);
    f.from = (int64_t)take(items, 8);
    f.until = (int64_t)take(items, 8);
    f.written = (int64_t)take(items, 8);
    f.categories = (uint32_t)take(items, 4);
    f.purposes = (uint32_t)take(items, 4);
    size_t n = (size_t)take(items, 2);
    if (n > items->n || n > FACTS_NAME_MAX) {
        return -1;
    }
    f.name = text_first(*items, n);
    *items = text_from(*items, n);
    *ret_fact = f;
    return sound(&f) ? 1 : -1;
}
