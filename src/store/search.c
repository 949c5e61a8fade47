/* Searches: one page, a total, or both. */
#include "base/clock.h"
#include "base/metrics.h"
#include "store/sort.h"

/* Asked once more: a step of a plan that forgot to ask must not hand anything out. */
static int version_at(struct run *r, uint64_t rid, bool with_body, struct arena *a,
                      struct version *ret_version)
{
    struct db_resource row;
    if (!view_may(r->v, rid)) {
        return view_not_sent(r->v, r->e);
    }
    int rc = db_resource_find(r->db, rid, &row);
    if (rc == DB_END || (!rc && row.deleted)) {
        rc = err_set(r->e, ERR_CORRUPT, "the index names a resource that is not there");
    } else {
        rc = rc ? run_failed(r, rc)
                : version_of(r->v, &row, row.id, with_body, a, ret_version, r->e);
    }
    db_resource_done(r->db);
    return rc;
}

static int emit(struct run *r, const struct page *page, size_t count, struct arena *a,
                struct versions *ret_versions)
{
    struct versions versions = {.more = page->count > count};
    size_t n = versions.more ? count : page->count;
    versions.items = arena_zalloc(a, n + 1, sizeof *versions.items);
    int rc = versions.items ? 0 : run_memory(r);
    for (size_t i = 0; i < n && !rc; i++) {
        rc = version_at(r, page->items[i].rid, true, a, &versions.items[i]);
    }
    versions.count = n;
    if (!rc && versions.more && n) {
        versions.next = place_write(page->plan, &page->items[n - 1], a);
        rc = versions.next.p ? 0 : run_memory(r);
    }
    if (!rc) {
        *ret_versions = versions;
        metric_add(METRIC_store_reads_total, (int64_t)n);
    }
    return rc;
}

/* --- totals -------------------------------------------------------------------------------- */

/* Whether its entries are as many as its hits. */
static bool counts_itself(const struct goal *goal)
{
    return !goal->set && goal->kind == GOAL_EXACT && (goal->apart || goal->value_count <= 1);
}

struct seen_count {
    struct run *r;
    int rc;         /* why it came to an end */
    uint64_t part;  /* compartment and type of the last entry: most come in a row */
    bool all_of_it; /* every entry there is seen */
};

static int count_seen_one(void *context, uint64_t rid, bool *ret_counts)
{
    struct seen_count *c = context;
    uint64_t part = rid_make(rid_compartment(rid), rid_type(rid), 0);
    if (part != c->part) {
        c->part = part;
        c->all_of_it = view_sees_whole(c->r->v, rid);
    }
    *ret_counts = c->all_of_it || view_may(c->r->v, rid);
    c->rc = run_spend(c->r, 1);
    return c->rc;
}

/* Without a stream: the engine goes through the entries, and asks of each whether it is seen. */
static int count_seen(struct run *r, const struct goal *goal, uint64_t *ret_total)
{
    struct seen_count seen = {.r = r};
    struct db_counting counting = {count_seen_one, &seen};
    uint64_t total = 0;
    int rc = 0;
    for (size_t i = 0; !rc && i < goal->value_count; i++) {
        struct db_range range = {.param = goal->values[i].param,
                                 .exact = true,
                                 .low = goal->values[i].bytes,
                                 .rid_to = RID_LAST};
        uint64_t count = 0;
        rc = run_spend(r, COST_SEEK);
        rc = rc ? rc : db_index_count_if(r->db, &range, &counting, &count);
        rc = !rc || seen.rc ? rc : run_failed(r, rc);
        total += count;
    }
    *ret_total = total;
    return rc;
}

static int count_all(struct run *r, struct goal *goal, uint64_t *ret_total)
{
    if (counts_itself(goal)) {
        return r->v->reads_all ? goal_estimate(r, goal, NULL, UINT64_MAX, ret_total)
                               : count_seen(r, goal, ret_total);
    }
    if (r->v->reads_all && goal_is_everything(goal)) {
        return type_count(r, goal->type, UINT64_MAX, ret_total);
    }
    struct stream *s = NULL;
    struct hit hit;
    uint64_t count = 0;
    uint64_t at = 0;
    r->want = UINT64_MAX;
    int rc = stream_open(r, goal, NULL, true, &s);
    while (!rc && !(rc = stream_seek(s, at, &hit))) {
        at = hit.rid + 1;
        count += view_may(r->v, hit.rid);
    }
    stream_close(s);
    *ret_total = count;
    return rc == DB_END ? 0 : rc;
}

/* --- searches ------------------------------------------------------------------------------ */

static int search_type(struct run *r, const struct plan *plan, struct page *page, uint64_t *total)
{
    struct goal *goal = arena_zalloc(&r->scratch, 1, sizeof *goal);
    int rc = goal ? goal_make(r, plan->type, plan->root, goal) : run_memory(r);
    uint64_t known = UINT64_MAX;
    bool cheap = !rc && total && (counts_itself(goal) || goal_is_everything(goal));
    if (!rc && page->most) {
        rc = sort_page(r, plan, goal, page, total && !cheap, &known);
    }
    if (!rc && total && known == UINT64_MAX) {
        rc = count_all(r, goal, &known);
    }
    if (!rc && total) {
        *total += known;
    }
    return rc;
}

static int search(struct run *r, const struct plan *plan, size_t count, const struct place *from,
                  struct arena *a, struct versions *ret_versions, uint64_t *ret_total)
{
    struct page page;
    uint64_t total = 0;
    int rc = page_make(r, plan, from, count ? count + 1 : 0, &page);
    for (const struct plan *p = plan; p && !rc; p = p->also) {
        rc = search_type(r, p, &page, ret_total ? &total : NULL);
    }
    page_finish(&page);
    rc = rc ? rc : emit(r, &page, count, a, ret_versions);
    if (!rc && ret_total) {
        *ret_total = total;
    }
    return rc;
}

int store_search(struct store_view *v, const struct plan *plan, size_t count, text from,
                 struct arena *a, struct versions *ret_versions, uint64_t *ret_total,
                 struct store_explain *ret_explain, struct err *e)
{
    struct place place;
    if (plan->sort_count > SORTS_MAX) {
        return err_set(e, ERR_NOT_SUPPORTED, "at most %d sort keys can be given", SORTS_MAX);
    }
    if (from.n && !place_read(plan, from, &place)) {
        return err_set(e, ERR_INVALID,
                       "this is not a page of this search: start at its first page");
    }
    struct err own;
    struct run r;
    e = e ? e : &own;
    int rc = plan_is_current(v, plan, e);
    rc = rc ? rc : view_enter(v, e);
    if (rc) {
        return rc;
    }
    run_begin(&r, v, true, e);
    v->asks = MAY_SEARCH;
    r.explains = ret_explain && v->reads_all;
    rc = search(&r, plan, count, from.n ? &place : NULL, a, ret_versions, ret_total);
    rc = view_settled(v, rc, e);
    if (!rc && ret_explain) {
        rc = explain_give(&r, plan, a, ret_explain);
    }
    metric_observe(METRIC_search_seconds, clock_mono_ns() - r.began);
    run_end(&r);
    view_leave(v);
    return rc;
}

int store_match(struct store_view *v, const struct plan *plan, size_t most, struct arena *a,
                struct versions *ret_versions, struct err *e)
{
    struct err own;
    struct run r;
    struct page page;
    struct versions versions = {0};
    struct plan unsorted = *plan;
    e = e ? e : &own;
    int rc = plan_is_current(v, plan, e);
    rc = rc ? rc : view_enter(v, e);
    if (rc) {
        return rc;
    }
    unsorted.sort_count = 0;
    v->asks = MAY_SEARCH;
    run_begin(&r, v, false, e);
    rc = page_make(&r, &unsorted, NULL, most + 1, &page);
    for (const struct plan *p = plan; p && !rc; p = p->also) {
        struct plan one = *p;
        one.sort_count = 0;
        rc = search_type(&r, &one, &page, NULL);
    }
    page_finish(&page);
    rc = view_settled(v, rc, e);
    if (!rc) {
        versions.more = page.count > most;
        versions.count = versions.more ? most : page.count;
        versions.items = arena_zalloc(a, versions.count + 1, sizeof *versions.items);
        rc = versions.items ? 0 : run_memory(&r);
    }
    for (size_t i = 0; i < versions.count && !rc; i++) {
        rc = version_at(&r, page.items[i].rid, false, a, &versions.items[i]);
    }
    run_end(&r);
    view_leave(v);
    if (!rc) {
        *ret_versions = versions;
    }
    return rc;
}
