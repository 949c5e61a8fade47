/* Sorted sets of keys and of ranges of keys. */
#include "store/plan.h"

#include <stdlib.h>

enum { BYTES_WORTH = 1000 }; /* keys from which on sorting by bytes is quicker */

int set_add(struct run *r, struct set *set, uint64_t rid)
{
    if (set->count >= r->most) {
        if (r->enough != UINT64_MAX) {
            return RUN_ENOUGH;
        }
        return err_set(r->e, ERR_TOO_COSTLY,
                       "the search finds more than %zu resources for one of its criteria; add one "
                       "that fewer match, such as a patient, a code or a shorter time",
                       r->most);
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

/* By bytes, from the last; those that are the same in all keys are passed over. */
static bool sort_by_bytes(struct set *set)
{
    uint64_t *from = set->rids;
    uint64_t *to = malloc(set->count * sizeof *to);
    uint64_t *room = to;
    if (!to) {
        return false;
    }
    for (unsigned shift = 0; shift < 64; shift += 8) {
        size_t starts[257] = {0};
        for (size_t i = 0; i < set->count; i++) {
            starts[(from[i] >> shift & 0xFF) + 1]++;
        }
        if (starts[(from[0] >> shift & 0xFF) + 1] == set->count) {
            continue;
        }
        for (size_t byte = 0; byte < 256; byte++) {
            starts[byte + 1] += starts[byte];
        }
        for (size_t i = 0; i < set->count; i++) {
            to[starts[from[i] >> shift & 0xFF]++] = from[i];
        }
        uint64_t *sorted = to;
        to = from;
        from = sorted;
    }
    if (from != set->rids) {
        memcpy(set->rids, from, set->count * sizeof *from);
    }
    free(room);
    return true;
}

static void sort_rids(struct set *set)
{
    if (set->count < BYTES_WORTH || !sort_by_bytes(set)) {
        qsort(set->rids, set->count, sizeof *set->rids, compare_rids);
    }
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
    sort_rids(set);
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

int spans_add_set(struct run *r, struct spans *spans, const struct set *set)
{
    int rc = 0;
    for (size_t i = 0; i < set->count && !rc; i++) {
        rc = spans_add(r, spans, set->rids[i], set->rids[i]);
    }
    return rc;
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

/* The first span that ends at or behind rid. */
static size_t spans_find(const struct spans *spans, uint64_t rid)
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
    return low;
}

bool spans_have(const struct spans *spans, uint64_t rid)
{
    size_t at = spans_find(spans, rid);
    return at < spans->count && rid >= spans->items[at].from;
}

bool spans_next(const struct spans *spans, uint64_t rid, uint64_t *ret_rid)
{
    size_t at = spans_find(spans, rid);
    if (at == spans->count) {
        return false;
    }
    *ret_rid = rid > spans->items[at].from ? rid : spans->items[at].from;
    return true;
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
