/* Order and pages of what a plan matches. Internal to store/. */
#ifndef KITH_STORE_SORT_H
#define KITH_STORE_SORT_H

#include "store/plan.h"

enum { SORTS_MAX = 8 };

/*
 * A place in the order. A key is the value of an entry (dates without their class, so by start; ids
 * as text); p == NULL: the resource has none, which stands last. Ties go by rid, in the direction
 * of the first sort.
 */
struct place {
    text keys[SORTS_MAX];
    uint64_t rid;
};

/* The paging token. False: it is not one of this plan's. */
bool place_read(const struct plan *plan, text token, struct place *ret_place);
/* p == NULL: no memory. */
text place_write(const struct plan *plan, const struct place *place, struct arena *a);

/* A page: at most `most` keys behind `from` (NULL: from the start) in the plan's order. */
struct page {
    struct place *items;
    size_t count;
};

/* set == NULL: all resources of the type. */
int sort_page(struct run *r, const struct set *set, const struct place *from, size_t most,
              struct page *ret_page);

#endif
