/* Sorting by walking through the index in its own order, asking about each resource. */
#include "store/sort.h"

struct walk {
    struct run *r;
    const struct plan_sort *sort;
    struct db_cursor *cursors[INDEX_DATE_CLASSES];
    text keys[INDEX_DATE_CLASSES];
    struct hit hits[INDEX_DATE_CLASSES];
    char room[INDEX_DATE_CLASSES][KEY_MAX];
    bool live[INDEX_DATE_CLASSES];
    size_t count;
    uint16_t param;
    bool date;
    bool dated;
};

/* Whether the entries of the sort stand in its order. Facets, unions and references do not; nor do
 * quantities, which stand by unit. */
static bool can_walk(fhir_type type, const struct plan_sort *sort, struct walk *w)
{
    if (!sort->param) {
        w->param = own_param(type, INDEX_LAST_UPDATED);
        return sort->own == INDEX_LAST_UPDATED;
    }
    const struct search_param *param = sort->param;
    w->param = param->number;
    w->date = param->type == SEARCH_DATE;
    w->dated = param->dated && param->number == search_when(type);
    return param->stored && !param->facet && !param->parts && !param->implied &&
           (param->type == SEARCH_DATE || param->type == SEARCH_STRING ||
            param->type == SEARCH_NUMBER || param->type == SEARCH_URI ||
            param->type == SEARCH_TOKEN);
}

static int walk_step(struct walk *w, size_t i)
{
    struct db_entry entry;
    int rc = db_index_next(w->cursors[i], &entry);
    w->live[i] = rc == 0;
    if (rc) {
        return rc == DB_END ? 0 : run_failed(w->r, rc);
    }
    text key = entry.value;
    if (w->date) {
        char *room = w->room[i];
        room[0] = 0;
        key = text_first(text_from(key, 1), 7);
        memcpy(room + 1, key.p, key.n);
        w->keys[i] = text_make(room, key.n + 1);
    } else {
        key = text_first(key, KEY_MAX);
        if (key.n) {
            memcpy(w->room[i], key.p, key.n);
        }
        w->keys[i] = text_make(w->room[i], key.n);
    }
    w->hits[i] = (struct hit){.rid = entry.rid, .when = entry.when, .dated = w->dated};
    return run_spend(w->r, 1);
}

/* The first bytes that stand behind all that begin with `prefix`; empty: there are none. */
static text behind(struct run *r, text prefix)
{
    while (prefix.n && (unsigned char)prefix.p[prefix.n - 1] == 0xFF) {
        prefix.n--;
    }
    text copy = arena_copy(&r->scratch, prefix);
    if (copy.n) {
        ((char *)(uintptr_t)copy.p)[copy.n - 1]++;
    }
    return copy;
}

static int walk_open(struct walk *w, size_t i, const struct place *from)
{
    static const char classes[] = {0, 1, 2, 3, 4};
    struct run *r = w->r;
    struct db_range range = {.param = w->param, .descending = w->sort->descending};
    if (w->date) {
        range.low = text_make(&classes[i], 1);
        range.high = text_make(&classes[i + 1], 1);
    }
    if (from && from->keys[0].p) {
        text key = arena_copy(&r->scratch, from->keys[0]);
        if (!key.p) {
            return run_memory(r);
        }
        if (w->date && key.n) {
            *(char *)(uintptr_t)key.p = classes[i];
        }
        text high = w->sort->descending ? behind(r, key) : (text){0};
        if (w->sort->descending) {
            range.high = high.n ? high : range.high;
        } else {
            range.low = key;
        }
    }
    range.rid_to = RID_LAST;
    int rc = run_failed(r, db_index_open(r->db, &range, &w->cursors[i]));
    return rc ? rc : walk_step(w, i);
}

/* The cursor that stands first; SIZE_MAX: the end. */
static size_t walk_head(const struct walk *w)
{
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < w->count; i++) {
        if (!w->live[i]) {
            continue;
        }
        if (best == SIZE_MAX || key_compare(w->sort, w->keys[i], w->keys[best]) < 0) {
            best = i;
        }
    }
    return best;
}

/* Offers the resource of an entry, if this is where it stands. */
static int offer(struct walk *w, size_t head, const struct plan *plan, struct goal *goal,
                 struct page *page)
{
    struct run *r = w->r;
    struct candidate *c = NULL;
    struct keys_room room;
    struct place place = {.rid = w->hits[head].rid};
    bool has = view_may(r->v, place.rid);
    bool single = (w->dated && w->hits[head].when != INDEX_WHEN_NONE) || !w->sort->param;
    if (!has) {
        return 0;
    }
    int rc = candidate_new(r, &w->hits[head], &c);
    rc = rc ? rc : goal_has(r, goal, c, false, &has);
    if (!rc && has) {
        place.keys[0] = w->keys[head];
        rc = sort_keys(r, plan, single ? 1 : 0, c, &room, &place);
    }
    /* Of several values one is the key; two that are cut may look like it. */
    if (!rc && has && text_eq(place.keys[0], w->keys[head]) &&
        (single || !page_has(page, place.rid))) {
        page_offer(page, &place);
    }
    candidate_done(c);
    return rc == DB_END ? 0 : rc;
}

/* Resources without a value stand last, in the order of the other keys. */
static int offer_rest(struct walk *w, const struct plan *plan, struct goal *goal, struct page *page)
{
    struct run *r = w->r;
    struct goal valued = {.kind = GOAL_RANGE, .type = plan->type};
    struct stretch all = {.param = w->param};
    struct set with = {0};
    struct set entries_of_nothing = {0};
    struct stream *s = NULL;
    struct hit hit;
    uint64_t at = 0;
    int rc = goal_stretch(r, &valued, &all);
    rc = rc ? rc : goal_set(r, &valued, NULL, &with);
    struct value nothing = {w->param, T("\1")};
    rc = rc ? rc : exact_keys(r, &nothing, (struct span){0, RID_LAST}, &entries_of_nothing);
    rc = rc ? rc : stream_open(r, goal, NULL, true, &s);
    while (!rc && !(rc = stream_seek(s, at, &hit))) {
        struct candidate *c = NULL;
        struct keys_room room;
        struct place place = {.rid = hit.rid};
        at = hit.rid + 1;
        bool nothing_else = !set_has(&with, hit.rid);
        bool may_be = nothing_else || set_has(&entries_of_nothing, hit.rid);
        if (!may_be || !view_may(r->v, hit.rid)) {
            continue;
        }
        rc = candidate_new(r, &hit, &c);
        rc = rc ? rc : sort_keys(r, plan, nothing_else ? 1 : 0, c, &room, &place);
        if (!rc && !place.keys[0].p) {
            page_offer(page, &place);
        }
        candidate_done(c);
        rc = rc == DB_END ? 0 : rc;
    }
    stream_close(s);
    return rc == DB_END ? 0 : rc;
}

static int walk_all(struct walk *w, const struct plan *plan, struct goal *goal, struct page *page)
{
    int rc = 0;
    while (!rc) {
        size_t head = walk_head(w);
        if (head == SIZE_MAX) {
            return w->sort->param ? offer_rest(w, plan, goal, page) : 0;
        }
        if (page->count == page->most &&
            key_compare(w->sort, w->keys[head], page->items[0].keys[0]) > 0) {
            return 0;
        }
        rc = offer(w, head, plan, goal, page);
        rc = rc ? rc : walk_step(w, head);
    }
    return rc;
}

int sort_walk(struct run *r, const struct plan *plan, struct goal *goal, struct page *page)
{
    struct walk *w = arena_zalloc(&r->scratch, 1, sizeof *w);
    if (!w) {
        return run_memory(r);
    }
    w->r = r;
    w->sort = &plan->sorts[0];
    if (!can_walk(plan->type, w->sort, w)) {
        return DB_END;
    }
    w->count = w->date ? INDEX_DATE_CLASSES : 1;
    bool in_rest = page->from && !page->from->keys[0].p;
    int rc = 0;
    for (size_t i = 0; i < w->count && !rc && !in_rest; i++) {
        rc = walk_open(w, i, page->from);
    }
    rc = rc ? rc : walk_all(w, plan, goal, page);
    for (size_t i = 0; i < w->count; i++) {
        db_cursor_close(w->cursors[i]);
    }
    return rc;
}
