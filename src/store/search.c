#include "base/clock.h"
#include "base/metrics.h"
#include "store/sort.h"

static int version_at(struct run *r, uint64_t rid, bool with_body, struct arena *a,
                      struct version *ret_version)
{
    struct db_resource row;
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
        versions.next = place_write(r->plan, &page->items[n - 1], a);
        rc = versions.next.p ? 0 : run_memory(r);
    }
    if (!rc) {
        *ret_versions = versions;
        metric_add(METRIC_store_reads_total, (int64_t)n);
    }
    return rc;
}

static int count_all(struct run *r, uint64_t *ret_total)
{
    if (r->v->reads_all) {
        struct db_range range = {.param = own_param(r->plan->type, INDEX_LAST_UPDATED)};
        return run_failed(r, db_index_count(r->db, &range, UINT64_MAX, ret_total));
    }
    struct set all;
    int rc = run_all(r, &all);
    *ret_total = all.count;
    return rc;
}

static int search(struct run *r, size_t count, const struct place *from, struct arena *a,
                  struct versions *ret_versions, uint64_t *ret_total)
{
    bool all = run_takes_all(r);
    struct set set = {0};
    struct page page = {0};
    uint64_t total = 0;
    int rc = all ? 0 : run_set(r, &set);
    if (!rc && ret_total) {
        total = set.count;
        rc = all ? count_all(r, &total) : 0;
    }
    if (!rc && count) {
        rc = sort_page(r, all ? NULL : &set, from, count + 1, &page);
    }
    rc = rc ? rc : emit(r, &page, count, a, ret_versions);
    if (!rc && ret_total) {
        *ret_total = total;
    }
    return rc;
}

int store_search(struct store_view *v, const struct plan *plan, size_t count, text from,
                 struct arena *a, struct versions *ret_versions, uint64_t *ret_total, struct err *e)
{
    struct place place;
    if (plan->sort_count > SORTS_MAX) {
        return err_set(e, ERR_NOT_SUPPORTED, "at most %d sort keys can be given", SORTS_MAX);
    }
    if (from.n && !place_read(plan, from, &place)) {
        return err_set(e, ERR_INVALID,
                       "this is not a page of this search: start at its first page");
    }
    int64_t start = clock_mono_ns();
    struct err own;
    struct run r;
    e = e ? e : &own;
    int rc = view_enter(v, e);
    if (rc) {
        return rc;
    }
    rc = run_begin(&r, v, plan, e);
    rc = rc ? rc : search(&r, count, from.n ? &place : NULL, a, ret_versions, ret_total);
    run_end(&r);
    view_leave(v);
    metric_observe(METRIC_search_seconds, clock_mono_ns() - start);
    return rc;
}

int store_match(struct store_view *v, const struct plan *plan, size_t most, struct arena *a,
                struct versions *ret_versions, struct err *e)
{
    struct err own;
    struct run r;
    struct set set = {0};
    struct versions versions = {0};
    e = e ? e : &own;
    int rc = view_enter(v, e);
    if (rc) {
        return rc;
    }
    rc = run_begin(&r, v, plan, e);
    rc = rc ? rc : run_set(&r, &set);
    if (!rc) {
        versions.more = set.count > most;
        versions.count = versions.more ? most : set.count;
        versions.items = arena_zalloc(a, versions.count + 1, sizeof *versions.items);
        rc = versions.items ? 0 : run_memory(&r);
    }
    for (size_t i = 0; i < versions.count && !rc; i++) {
        rc = version_at(&r, set.rids[i], false, a, &versions.items[i]);
    }
    run_end(&r);
    view_leave(v);
    if (!rc) {
        *ret_versions = versions;
    }
    return rc;
}
