/* Places in an order: paging tokens, and the first ones of many. */
#include "store/sort.h"

#include <stdlib.h>

/* --- tokens -------------------------------------------------------------------------------- */

text place_write(const struct plan *plan, const struct place *place, struct arena *a)
{
    size_t n = 9;
    for (size_t i = 0; i < plan->sort_count; i++) {
        n += 1 + place->keys[i].n;
    }
    char *p = arena_alloc(a, n);
    if (!p) {
        return (text){0};
    }
    char *to = p;
    *to++ = (char)plan->sort_count;
    for (size_t i = 0; i < plan->sort_count; i++) {
        text key = place->keys[i];
        *to++ = (char)(key.p ? key.n + 1 : 0);
        if (key.n) {
            memcpy(to, key.p, key.n);
        }
        to += key.n;
    }
    put_be64(to, place->rid);
    return text_make(p, n);
}

bool place_read(const struct plan *plan, text token, struct place *ret_place)
{
    *ret_place = (struct place){0};
    if (token.n < 9 || (unsigned char)token.p[0] != plan->sort_count) {
        return false;
    }
    text rest = text_from(token, 1);
    for (size_t i = 0; i < plan->sort_count; i++) {
        size_t n = rest.n ? (unsigned char)rest.p[0] : SIZE_MAX;
        rest = text_from(rest, 1);
        if (n > KEY_MAX + 1 || (n && rest.n < n - 1)) {
            return false;
        }
        ret_place->keys[i] = n ? text_make(rest.p, n - 1) : (text){0};
        rest = text_from(rest, n ? n - 1 : 0);
    }
    if (rest.n != 8) {
        return false;
    }
    ret_place->rid = get_be64(rest.p);
    return ret_place->rid <= RID_LAST;
}

/* --- order --------------------------------------------------------------------------------- */

int key_compare(const struct plan_sort *sort, text a, text b)
{
    if (!a.p || !b.p) {
        return (a.p == NULL) - (b.p == NULL);
    }
    int order = text_cmp(a, b);
    return sort->descending ? -order : order;
}

static int place_compare(const struct plan *plan, const struct place *a, const struct place *b)
{
    for (size_t i = 0; i < plan->sort_count; i++) {
        int order = key_compare(&plan->sorts[i], a->keys[i], b->keys[i]);
        if (order) {
            return order;
        }
    }
    int order = a->rid < b->rid ? -1 : a->rid > b->rid;
    return plan->sort_count && plan->sorts[0].descending ? -order : order;
}

/* --- the first ones ------------------------------------------------------------------------ */

int page_make(struct run *r, const struct plan *plan, const struct place *from, size_t most,
              struct page *ret_page)
{
    *ret_page = (struct page){.r = r, .plan = plan, .from = from, .most = most};
    ret_page->items = arena_zalloc(&r->lasting, most + 1, sizeof *ret_page->items);
    ret_page->keys = arena_zalloc(&r->lasting, most + 1, plan->sort_count * KEY_MAX + 1);
    return ret_page->items && ret_page->keys ? 0 : run_memory(r);
}

/* Swaps what two slots say; each keeps its own room for keys. */
static void swap(struct page *page, size_t a, size_t b)
{
    struct place *x = &page->items[a];
    struct place *y = &page->items[b];
    struct place kept = *x;
    *x = *y;
    *y = kept;
}

static void rise(struct page *page, size_t at)
{
    while (at > 0) {
        size_t above = (at - 1) / 2;
        if (place_compare(page->plan, &page->items[at], &page->items[above]) <= 0) {
            return;
        }
        swap(page, at, above);
        at = above;
    }
}

static void sink(struct page *page)
{
    size_t at = 0;
    while (true) {
        size_t last = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < page->count; child++) {
            if (place_compare(page->plan, &page->items[child], &page->items[last]) > 0) {
                last = child;
            }
        }
        if (last == at) {
            return;
        }
        swap(page, at, last);
        at = last;
    }
}

/* Writes the place's keys to room, which nothing else uses. */
static void keep(const struct page *page, const struct place *place, char *room,
                 struct place *ret_kept)
{
    *ret_kept = (struct place){.rid = place->rid};
    for (size_t i = 0; i < page->plan->sort_count; i++) {
        if (place->keys[i].p) {
            memcpy(room + i * KEY_MAX, place->keys[i].p, place->keys[i].n);
            ret_kept->keys[i] = text_make(room + i * KEY_MAX, place->keys[i].n);
        }
    }
}

void page_offer(struct page *page, const struct place *place)
{
    const struct plan *plan = page->plan;
    size_t size = plan->sort_count * KEY_MAX + 1;
    if (page->from && place_compare(plan, place, page->from) <= 0) {
        return;
    }
    if (page->count < page->most) {
        size_t at = page->count++;
        keep(page, place, page->keys + at * size, &page->items[at]);
        page->items[at].room = page->keys + at * size;
        rise(page, at);
    } else if (page->most && place_compare(plan, place, &page->items[0]) < 0) {
        char *room = page->items[0].room;
        keep(page, place, room, &page->items[0]);
        page->items[0].room = room;
        sink(page);
    }
}

bool page_has(const struct page *page, uint64_t rid)
{
    for (size_t i = 0; i < page->count; i++) {
        if (page->items[i].rid == rid) {
            return true;
        }
    }
    return false;
}

static int compare_items(const void *x, const void *y, void *context)
{
    return place_compare(context, x, y);
}

void page_finish(struct page *page)
{
    qsort_r(page->items, page->count, sizeof *page->items, compare_items,
            (void *)(uintptr_t)page->plan);
}
