/* Order and pages of what a plan matches. Internal to store/. */
#ifndef KITH_STORE_SORT_H
#define KITH_STORE_SORT_H

#include "store/plan.h"

enum { SORTS_MAX = 8, KEY_MAX = 64 };

/*
 * A place in the order. A key is the first KEY_MAX bytes of the sorted value (dates: the start
 * alone; ids and references as text; quantities in base units); p == NULL: the resource has none,
 * which stands last. Ties go by rid, in the direction of the first sort.
 */
struct place {
    text keys[SORTS_MAX];
    uint64_t rid;
    char *room; /* in a page: where the keys stand */
};

/* place.c: the paging token. False: it is not one of this plan's. */
bool place_read(const struct plan *plan, text token, struct place *ret_place);
/* p == NULL: no memory. */
text place_write(const struct plan *plan, const struct place *place, struct arena *a);
int key_compare(const struct plan_sort *sort, text a, text b);

/* The first `most` places behind `from` (NULL: all) of those that were offered. */
struct page {
    struct run *r;
    const struct plan *plan;
    const struct place *from;
    struct place *items; /* a heap, the last place first, until page_finish() */
    char *keys;          /* room for the keys of each item */
    size_t count;
    size_t most;
};

int page_make(struct run *r, const struct plan *plan, const struct place *from, size_t most,
              struct page *ret_page);
void page_offer(struct page *page, const struct place *place);
bool page_has(const struct page *page, uint64_t rid);
/* Puts the items in order. */
void page_finish(struct page *page);

/* sort_key.c: the keys of one resource from the `first`th sort on; texts live in `c` or room. */
struct keys_room {
    char bytes[SORTS_MAX][KEY_MAX];
};
int sort_keys(struct run *r, const struct plan *plan, size_t first, struct candidate *c,
              struct keys_room *room, struct place *place);

/* sort_walk.c: in the order of the index, for as long as the run's trial lasts. DB_END: there is no
 * such order in the index. */
int sort_walk(struct run *r, const struct plan *plan, struct goal *goal, struct page *page);

/* sort.c: offers all that the goal, which is of plan->type, means. *ret_total: how many those are,
 * UINT64_MAX when they were not all looked at. */
int sort_page(struct run *r, const struct plan *plan, struct goal *goal, struct page *page,
              bool total, uint64_t *ret_total);

#endif
