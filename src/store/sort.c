/* A page: from the stream of what matches, or by walking through the index in its order. */
#include "store/sort.h"

enum { TRIAL_FIRST = 4000, TRIAL_GROWTH = 4, FEW_SORTED = 100 };

/* --- in order of keys ---------------------------------------------------------------------- */

static int page_in_order(struct run *r, struct goal *goal, struct page *page, bool total,
                         uint64_t *ret_total)
{
    struct stream *s = NULL;
    struct hit hit;
    uint64_t count = 0;
    bool first = page->from == NULL;
    uint64_t at = first ? 0 : page->from->rid + 1;
    r->want = total && first ? UINT64_MAX : page->most;
    int rc = stream_open(r, goal, NULL, true, &s);
    while (!rc && !(rc = stream_seek(s, at, &hit))) {
        at = hit.rid + 1;
        if (!view_may(r->v, hit.rid)) {
            rc = run_spend(r, 0);
            continue;
        }
        count++;
        bool full = page->count == page->most;
        if (!full || (page->most && hit.rid < page->items[0].rid)) {
            page_offer(page, &(struct place){.rid = hit.rid});
        } else if (!total || !first) {
            break;
        }
    }
    stream_close(s);
    *ret_total = rc == DB_END && first ? count : UINT64_MAX;
    return rc == DB_END ? 0 : rc;
}

/* --- sorted -------------------------------------------------------------------------------- */

/* Offers all matches. */
static int page_of_all(struct run *r, const struct plan *plan, struct goal *goal, struct page *page,
                       uint64_t *ret_total)
{
    struct stream *s = NULL;
    struct hit hit;
    uint64_t at = 0;
    uint64_t count = 0;
    struct keys_room room;
    r->want = UINT64_MAX;
    int rc = stream_open(r, goal, NULL, true, &s);
    while (!rc && !(rc = stream_seek(s, at, &hit))) {
        struct candidate *c = NULL;
        struct place place = {0};
        at = hit.rid + 1;
        if (!view_may(r->v, hit.rid)) {
            continue;
        }
        rc = candidate_new(r, &hit, &c);
        rc = rc ? rc : sort_keys(r, plan, 0, c, &room, &place);
        if (!rc) {
            count++;
            page_offer(page, &place);
        }
        candidate_done(c);
        rc = rc == DB_END ? 0 : rc;
    }
    stream_close(s);
    *ret_total = count;
    return rc == DB_END ? 0 : rc;
}

/* Whether all of the goal's keys are in a few compartments: then nothing else is walked through. */
static bool is_small(const struct goal *goal)
{
    if (goal->kind == GOAL_SPANS) {
        return !goal_is_everything(goal) && goal->spans.count &&
               rid_compartment(goal->spans.items[0].from) ==
                   rid_compartment(goal->spans.items[0].to);
    }
    for (size_t i = 0; i < goal->count && goal->kind == GOAL_AND; i++) {
        if (is_small(&goal->items[i])) {
            return true;
        }
    }
    return goal->kind == GOAL_CHECK && is_small(&goal->items[0]);
}

/* Puts a page back to what it was before a trial that did not end. */
struct page_state {
    struct place *items;
    char *keys;
    size_t count;
};

static int page_save(struct page *page, struct page_state *ret_state)
{
    struct run *r = page->r;
    size_t size = (page->most + 1) * (page->plan->sort_count * KEY_MAX + 1);
    *ret_state = (struct page_state){.count = page->count};
    if (page->count == 0) {
        return 0;
    }
    ret_state->items = arena_alloc(&r->scratch, (page->most + 1) * sizeof *page->items);
    ret_state->keys = arena_alloc(&r->scratch, size);
    if (!ret_state->items || !ret_state->keys) {
        return run_memory(r);
    }
    memcpy(ret_state->items, page->items, page->count * sizeof *page->items);
    memcpy(ret_state->keys, page->keys, size);
    return 0;
}

static void page_restore(struct page *page, const struct page_state *state)
{
    page->count = state->count;
    if (state->count) {
        memcpy(page->items, state->items, state->count * sizeof *page->items);
        memcpy(page->keys, state->keys, (page->most + 1) * (page->plan->sort_count * KEY_MAX + 1));
    }
}

/*
 * Few matches are quicker sorted, many are quicker met on a walk; which it is shows by trying each
 * for a while, then for four times as long. So a search costs at most a few times what the better
 * way would have.
 */
static int page_sorted(struct run *r, const struct plan *plan, struct goal *goal, struct page *page,
                       uint64_t *ret_total)
{
    struct page_state before;
    int rc = page_save(page, &before);
    bool can_walk = page->most > 0 && !is_small(goal);
    uint64_t few = UINT64_MAX;
    if (!rc && can_walk) {
        rc = goal_estimate(r, goal, NULL, FEW_SORTED, &few);
        can_walk = few >= FEW_SORTED;
    }
    struct step *steps = r->steps;
    for (uint64_t budget = TRIAL_FIRST; !rc && can_walk; budget *= TRIAL_GROWTH) {
        struct trial trial = trial_begin(r, budget);
        rc = sort_walk(r, plan, goal, page);
        trial_end(r, trial);
        if (rc == DB_END) {
            rc = 0;
            break;
        }
        if (rc != RUN_ENOUGH) {
            struct step *step = explain_step(r, goal, "walk in order, keep", UINT64_MAX);
            if (step) {
                step->shown.visited = r->visited;
                step->shown.kept = page->count;
            }
            *ret_total = UINT64_MAX;
            return rc;
        }
        page_restore(page, &before);
        trial = trial_begin(r, budget);
        rc = page_of_all(r, plan, goal, page, ret_total);
        trial_end(r, trial);
        if (rc != RUN_ENOUGH) {
            return rc;
        }
        r->steps = steps;
        page_restore(page, &before);
        rc = run_look(r);
    }
    return rc ? rc : page_of_all(r, plan, goal, page, ret_total);
}

int sort_page(struct run *r, const struct plan *plan, struct goal *goal, struct page *page,
              bool total, uint64_t *ret_total)
{
    if (plan->sort_count == 0) {
        return page_in_order(r, goal, page, total, ret_total);
    }
    return page_sorted(r, plan, goal, page, ret_total);
}
