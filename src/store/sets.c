/* Sorted sets of keys and of ranges of keys. */
#include "store/plan.h"

#include <stdlib.h>

int set_add(struct run *r, struct set *set, uint64_t rid)
{
    if (set->count >= r->most) {
        return err_set(r->e, ERR_TOO_COSTLY,
                       "the search matches more than %zu resources; narrow it", r->most);
    }
    uint64_t *rids = arena_grow(&r->scratch, set->rids, set->count, &set->capacity, sizeof *rids);
    if (!rids) {
        return run_memory(r);
    }
    set->rids = rids;
    set->rids[set->count++] = rid;
    return 0;
}

static int compare_rids(const void *x, const void *y)
{
    uint64_t a = *(const uint64_t *)x;
    uint64_t b = *(const uint64_t *)y;
    return a < b ? -1 : a > b;
}

void set_order(struct set *set)
{
    size_t i = 1;
    while (i < set->count && set->rids[i - 1] < set->rids[i]) {
        i++;
    }
    if (i >= set->count) {
        return;
    }
    qsort(set->rids, set->count, sizeof *set->rids, compare_rids);
    size_t kept = 1;
    for (i = 1; i < set->count; i++) {
        if (set->rids[i] != set->rids[kept - 1]) {
            set->rids[kept++] = set->rids[i];
        }
    }
    set->count = kept;
}

bool set_has(const struct set *set, uint64_t rid)
{
    return set->count && bsearch(&rid, set->rids, set->count, sizeof rid, compare_rids) != NULL;
}

int spans_add(struct run *r, struct spans *spans, uint64_t from, uint64_t to)
{
    struct span *items =
        arena_grow(&r->scratch, spans->items, spans->count, &spans->capacity, sizeof *items);
    if (!items) {
        return run_memory(r);
    }
    spans->items = items;
    spans->items[spans->count++] = (struct span){from, to};
    return 0;
}

static int compare_spans(const void *x, const void *y)
{
    const struct span *a = x;
    const struct span *b = y;
    return a->from < b->from ? -1 : a->from > b->from;
}

void spans_order(struct spans *spans)
{
    if (spans->count < 2) {
        return;
    }
    qsort(spans->items, spans->count, sizeof *spans->items, compare_spans);
    size_t kept = 0;
    for (size_t i = 1; i < spans->count; i++) {
        struct span *last = &spans->items[kept];
        if (spans->items[i].from > last->to) {
            spans->items[++kept] = spans->items[i];
        } else if (spans->items[i].to > last->to) {
            last->to = spans->items[i].to;
        }
    }
    spans->count = kept + 1;
}

bool spans_have(const struct spans *spans, uint64_t rid)
{
    size_t low = 0;
    size_t high = spans->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (rid > spans->items[middle].to) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < spans->count && rid >= spans->items[low].from;
}

int spans_cross(struct run *r, const struct spans *a, const struct spans *b, struct spans *ret)
{
    struct spans both = {0};
    int rc = 0;
    for (size_t i = 0, k = 0; i < a->count && k < b->count && !rc;) {
        uint64_t from = a->items[i].from > b->items[k].from ? a->items[i].from : b->items[k].from;
        uint64_t to = a->items[i].to < b->items[k].to ? a->items[i].to : b->items[k].to;
        if (from <= to) {
            rc = spans_add(r, &both, from, to);
        }
        if (a->items[i].to < b->items[k].to) {
            i++;
        } else {
            k++;
        }
    }
    *ret = both;
    return rc;
}

void set_keep(struct set *set, const struct set *other)
{
    size_t kept = 0;
    size_t k = 0;
    for (size_t i = 0; i < set->count; i++) {
        size_t step = 1;
        while (k + step < other->count && other->rids[k + step] < set->rids[i]) {
            k += step;
            step *= 2;
        }
        while (k < other->count && other->rids[k] < set->rids[i]) {
            k++;
        }
        if (k < other->count && other->rids[k] == set->rids[i]) {
            set->rids[kept++] = set->rids[i];
        }
    }
    set->count = kept;
}
