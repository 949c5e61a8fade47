/* Histories: of one resource, of a type, of everything. Newest first, by t. */
#include "base/clock.h"
#include "store/inner.h"

#include <stdlib.h>

struct moment {
    uint64_t t;
    uint64_t rid;
    bool past; /* not the current version, or a deletion */
};

struct history {
    struct store_view *v;
    const struct history_scope *scope;
    struct arena *a;
    struct err *e;
    uint64_t below; /* only versions with a smaller t; 0: all */
    size_t count;
    struct moment *items; /* one more than a page */
    size_t item_count;
    uint64_t total;
    bool want_total;
    bool ascending; /* store_changes() */
    int64_t deadline;
};

static int failed(struct history *h, int rc)
{
    return rc > 0 ? db_error(h->v->db, rc, h->e) : rc;
}

static int no_memory(struct history *h)
{
    return err_set(h->e, ERR_MEMORY, "this history takes more memory than a request may have");
}

static void note_later(uint64_t t, uint64_t after, uint64_t *next)
{
    if (t > after && (*next == 0 || t < *next)) {
        *next = t;
    }
}

static int later_under(struct history *h, uint64_t rid, uint64_t after, uint64_t *next)
{
    struct db_cursor *c = NULL;
    struct db_resource row;
    int rc = db_history_open(h->v->db, rid, false, &c);
    while (!rc && !(rc = db_history_next(c, &row)) && row.t > after) {
        note_later(row.t, after, next);
    }
    db_cursor_close(c);
    return rc == DB_END ? 0 : rc;
}

/* The t of the version that followed; 0: none did. */
static int successor(struct history *h, struct moment m, uint64_t *ret_t)
{
    struct db *db = h->v->db;
    struct db_cursor *c = NULL;
    struct db_resource row;
    uint64_t root = m.rid;
    uint64_t old_rid = 0;
    *ret_t = 0;
    int rc = db_moved_to(db, m.rid, &root);
    if (rc && rc != DB_END) {
        return rc;
    }
    rc = db_resource_find(db, root, &row);
    if (!rc) {
        note_later(row.t, m.t, ret_t);
    }
    db_resource_done(db);
    rc = rc == DB_END ? 0 : rc;
    rc = rc ? rc : later_under(h, root, m.t, ret_t);
    rc = rc ? rc : db_moved_open(db, root, &c);
    while (!rc && !(rc = db_moved_next(c, &old_rid))) {
        rc = later_under(h, old_rid, m.t, ret_t);
    }
    db_cursor_close(c);
    return rc == DB_END ? 0 : rc;
}

/* Whether a version belongs in the answer, paging aside. */
static int belongs(struct history *h, struct moment m, bool *ret)
{
    const struct history_scope *scope = h->scope;
    int64_t ms = (int64_t)(m.t >> 16);
    *ret = (scope->since_ms == INT64_MIN || ms >= scope->since_ms) &&
           (m.past ? view_may_past(h->v, m.rid, m.t) : view_may(h->v, m.rid));
    if (!*ret || scope->at_ms == INT64_MIN) {
        return 0;
    }
    if (ms >= scope->at_until_ms || ms >= scope->at_ms) {
        *ret = ms < scope->at_until_ms;
        return 0;
    }
    uint64_t next = 0;
    int rc = successor(h, m, &next);
    *ret = next == 0 || (int64_t)(next >> 16) > scope->at_ms;
    return rc;
}

/* Sets *ret_done when nothing more is wanted. */
static int visit(struct history *h, struct moment m, bool *ret_done)
{
    bool in = false;
    bool page_full = h->item_count > h->count;
    *ret_done = page_full && !h->want_total;
    if (*ret_done) {
        return 0;
    }
    if (clock_mono_ns() > h->deadline) {
        return err_set(h->e, ERR_TOO_COSTLY,
                       "this history takes longer than it may; narrow it with _since");
    }
    int rc = failed(h, belongs(h, m, &in));
    if (rc || !in) {
        return rc;
    }
    h->total++;
    if (!page_full && (h->below == 0 || m.t < h->below)) {
        h->items[h->item_count++] = m;
    }
    return 0;
}

/* --- one resource -------------------------------------------------------------------------- */

struct moments {
    struct moment *items;
    size_t count;
    size_t capacity;
};

static int add_moment(struct history *h, struct moments *m, uint64_t t, uint64_t rid, bool past)
{
    struct moment *items = arena_grow(h->a, m->items, m->count, &m->capacity, sizeof *items);
    if (!items) {
        return no_memory(h);
    }
    m->items = items;
    m->items[m->count++] = (struct moment){t, rid, past};
    return 0;
}

static int add_older(struct history *h, struct moments *m, uint64_t rid)
{
    struct db_cursor *c = NULL;
    struct db_resource row;
    int rc = failed(h, db_history_open(h->v->db, rid, false, &c));
    int end = rc;
    while (!rc && !end && !(end = db_history_next(c, &row))) {
        rc = add_moment(h, m, row.t, rid, true);
    }
    db_cursor_close(c);
    return rc ? rc : end == DB_END ? 0 : failed(h, end);
}

static int newest_first(const void *x, const void *y)
{
    const struct moment *a = x;
    const struct moment *b = y;
    return a->t > b->t ? -1 : a->t < b->t;
}

static int of_instance(struct history *h)
{
    struct name n;
    struct found found;
    struct moments all = {0};
    name_make(&h->v->s->hasher, h->scope->type, h->scope->id, &n);
    int rc = failed(h, name_find(h->v->db, &n, false, &found));
    bool exists = !rc && found.known && found.row.exists;
    uint64_t rid = exists ? found.row.rid : 0;
    uint64_t t = exists ? found.row.resource.t : 0;
    bool deleted = exists && found.row.resource.deleted;
    db_name_done(h->v->db);
    exists = exists && (deleted ? view_may_past(h->v, rid, t) : view_may(h->v, rid));
    if (!rc && !exists) {
        return err_set(h->e, ERR_NOT_FOUND, "there is no %.*s/%.*s here",
                       TEXT_ARG(fhir_type_name(h->scope->type)), TEXT_ARG(h->scope->id));
    }
    rc = rc ? rc : add_moment(h, &all, t, rid, deleted);
    rc = rc ? rc : add_older(h, &all, rid);
    struct db_cursor *c = NULL;
    uint64_t old_rid = 0;
    int end = rc ? rc : db_moved_open(h->v->db, rid, &c);
    while (!rc && !end && !(end = db_moved_next(c, &old_rid))) {
        rc = add_older(h, &all, old_rid);
    }
    db_cursor_close(c);
    if (all.count) {
        qsort(all.items, all.count, sizeof *all.items, newest_first);
    }
    bool done = false;
    for (size_t i = 0; i < all.count && !rc && !done; i++) {
        rc = visit(h, all.items[i], &done);
    }
    return rc ? rc : end > 0 ? failed(h, end) : 0;
}

/* --- a type, or all ------------------------------------------------------------------------ */

/* The lists of versions of the types asked for, merged by t. */
struct merge {
    struct db_cursor **cursors;
    struct moment *heads;
    size_t count;
};

static int merge_step(struct merge *m, size_t i)
{
    struct db_entry entry;
    int rc = db_index_next(m->cursors[i], &entry);
    bool good = !rc && entry.value.n == 8;
    m->heads[i].rid = good ? entry.rid : 0;
    m->heads[i].t = good ? get_be64(entry.value.p) : 0;
    return rc == DB_END ? 0 : rc;
}

static int merge_open(struct history *h, fhir_type type, const char *since, const char *below,
                      struct merge *m)
{
    for (unsigned own = INDEX_LAST_UPDATED; own <= INDEX_SUPERSEDED; own++) {
        struct db_range range = {.param = own_param(type, own), .descending = !h->ascending};
        range.low = text_make(since, 8);
        range.high = text_make(below, below ? 8 : 0);
        int rc = db_index_open(h->v->db, &range, &m->cursors[m->count]);
        m->count += !rc;
        rc = rc ? rc : merge_step(m, m->count - 1);
        if (rc) {
            return failed(h, rc);
        }
        m->heads[m->count - 1].past = own == INDEX_SUPERSEDED;
        if (m->heads[m->count - 1].t == 0) {
            db_cursor_close(m->cursors[--m->count]);
        }
    }
    return 0;
}

static int of_types(struct history *h)
{
    char since[8] = {0};
    char below[8];
    size_t most = (size_t)fhir_type_count() * 2;
    struct merge m = {.cursors = arena_zalloc(h->a, most, sizeof *m.cursors),
                      .heads = arena_zalloc(h->a, most, sizeof *m.heads)};
    if (!m.cursors || !m.heads) {
        return no_memory(h);
    }
    if (h->scope->since_ms > 0) {
        put_be64(since, (uint64_t)h->scope->since_ms << 16);
    }
    bool cut = h->below && !h->want_total;
    put_be64(below, h->below);
    int rc = 0;
    bool done = false;
    for (unsigned type = 1; type < fhir_type_count() && !rc; type++) {
        if (h->scope->type == 0 || h->scope->type == type) {
            rc = merge_open(h, (fhir_type)type, since, cut ? below : NULL, &m);
        }
    }
    while (!rc && !done) {
        size_t best = 0;
        for (size_t i = 1; i < m.count; i++) {
            best = m.heads[i].t > m.heads[best].t ? i : best;
        }
        if (m.count == 0 || m.heads[best].t == 0) {
            break;
        }
        rc = visit(h, m.heads[best], &done);
        rc = rc ? rc : failed(h, merge_step(&m, best));
    }
    for (size_t i = 0; i < m.count; i++) {
        db_cursor_close(m.cursors[i]);
    }
    return rc;
}

/* The oldest first, of what is later than `after`. */
static int following(struct history *h, const bool *types, uint64_t after)
{
    char low[8];
    size_t most = (size_t)fhir_type_count() * 2;
    struct merge m = {.cursors = arena_zalloc(h->a, most, sizeof *m.cursors),
                      .heads = arena_zalloc(h->a, most, sizeof *m.heads)};
    int rc = m.cursors && m.heads ? 0 : no_memory(h);
    bool done = false;
    put_be64(low, after + 1);
    for (unsigned type = 1; type < fhir_type_count() && !rc; type++) {
        rc = !types || types[type] ? merge_open(h, (fhir_type)type, low, NULL, &m) : 0;
    }
    while (!rc && !done) {
        size_t best = m.count;
        for (size_t i = 0; i < m.count; i++) {
            if (m.heads[i].t && (best == m.count || m.heads[i].t < m.heads[best].t)) {
                best = i;
            }
        }
        if (best == m.count) {
            break;
        }
        rc = visit(h, m.heads[best], &done);
        rc = rc ? rc : failed(h, merge_step(&m, best));
    }
    for (size_t i = 0; i < m.count; i++) {
        db_cursor_close(m.cursors[i]);
    }
    return rc;
}

/* --- the page ------------------------------------------------------------------------------ */

static int id_of(struct history *h, uint64_t rid, text *ret_id)
{
    struct db_resource row;
    uint64_t root = rid;
    int rc = db_moved_to(h->v->db, rid, &root);
    rc = rc == DB_END ? 0 : rc;
    rc = rc ? rc : db_resource_find(h->v->db, root, &row);
    if (!rc) {
        *ret_id = arena_copy(h->a, row.id);
        rc = ret_id->p ? 0 : ERR_MEMORY;
    }
    db_resource_done(h->v->db);
    return rc == DB_END ? ERR_CORRUPT : rc;
}

static int load(struct history *h, struct moment m, struct version *ret_version)
{
    struct db_resource row;
    text id = {0};
    struct store_view *v = h->v;
    int rc = id_of(h, m.rid, &id);
    if (rc) {
        return failed(h, rc);
    }
    if (!(m.past ? view_may_past(v, m.rid, m.t) : view_may(v, m.rid))) {
        return view_not_sent(v, h->e);
    }
    rc = db_resource_find(v->db, m.rid, &row);
    if (!rc && row.t == m.t) {
        rc = version_of(v, &row, id, true, h->a, ret_version, h->e);
        db_resource_done(v->db);
        return rc;
    }
    db_resource_done(v->db);
    rc = db_history_find(v->db, m.t, &row);
    rc = rc ? rc : version_of(v, &row, id, true, h->a, ret_version, h->e);
    db_history_done(v->db);
    return rc == DB_END ? err_set(h->e, ERR_CORRUPT, "the index names a version that is not there")
                        : rc;
}

static int emit(struct history *h, struct versions *ret_versions)
{
    struct versions versions = {.more = h->item_count > h->count};
    versions.count = versions.more ? h->count : h->item_count;
    versions.items = arena_zalloc(h->a, versions.count + 1, sizeof *versions.items);
    char *next = arena_alloc(h->a, 8);
    int rc = versions.items && next ? 0 : no_memory(h);
    for (size_t i = 0; i < versions.count && !rc; i++) {
        rc = load(h, h->items[i], &versions.items[i]);
    }
    if (!rc && versions.more && versions.count) {
        put_be64(next, h->items[versions.count - 1].t);
        versions.next = text_make(next, 8);
    }
    if (!rc) {
        *ret_versions = versions;
    }
    return rc;
}

/* Where nothing has to be looked at one by one, a total is a count of entries. */
static int quick_total(struct history *h, uint64_t *ret_total)
{
    char since[8] = {0};
    if (h->scope->since_ms > 0) {
        put_be64(since, (uint64_t)h->scope->since_ms << 16);
    }
    *ret_total = 0;
    for (unsigned type = 1; type < fhir_type_count(); type++) {
        for (unsigned own = INDEX_LAST_UPDATED; own <= INDEX_SUPERSEDED; own++) {
            uint64_t n = 0;
            struct db_range range = {.param = own_param((fhir_type)type, own),
                                     .low = text_make(since, 8)};
            int rc = 0;
            if (h->scope->type == 0 || h->scope->type == type) {
                rc = db_index_count(h->v->db, &range, UINT64_MAX, &n);
            }
            if (rc) {
                return failed(h, rc);
            }
            *ret_total += n;
        }
    }
    return 0;
}

int store_history(struct store_view *v, const struct history_scope *scope, size_t count, text from,
                  struct arena *a, struct versions *ret_versions, uint64_t *ret_total,
                  struct err *e)
{
    struct err own;
    struct history h = {.v = v, .scope = scope, .a = a, .e = e ? e : &own, .count = count};
    if (from.n != 0 && from.n != 8) {
        return err_set(e, ERR_INVALID, "this is not a page of a history: start at its first page");
    }
    h.below = from.n ? get_be64(from.p) : 0;
    h.deadline = clock_mono_ns() + (int64_t)v->s->limits.search_seconds * 1000000000;
    h.items = arena_alloc(a, (count + 1) * sizeof *h.items);
    if (!h.items) {
        return no_memory(&h);
    }
    bool quick = ret_total && scope->id.n == 0 && scope->at_ms == INT64_MIN && v->reads_all;
    h.want_total = ret_total && !quick;
    v->asks = scope->type && scope->id.n ? MAY_READ : MAY_SEARCH;
    uint64_t total = 0;
    int rc = view_enter(v, e);
    if (rc) {
        return rc;
    }
    rc = scope->type && scope->id.n ? of_instance(&h) : of_types(&h);
    rc = rc || !quick ? rc : quick_total(&h, &total);
    rc = view_settled(v, rc, e);
    rc = rc ? rc : emit(&h, ret_versions);
    view_leave(v);
    if (!rc && ret_total) {
        *ret_total = quick ? total : h.total;
    }
    return rc;
}

int store_changes(struct store_view *v, uint64_t after, const bool *types, size_t most,
                  struct arena *a, struct versions *ret_versions, struct err *e)
{
    struct err own;
    struct history_scope all = {.since_ms = INT64_MIN, .at_ms = INT64_MIN};
    struct history h = {
        .v = v, .scope = &all, .a = a, .e = e ? e : &own, .count = most, .ascending = true};
    h.deadline = clock_mono_ns() + (int64_t)v->s->limits.search_seconds * 1000000000;
    h.items = arena_alloc(a, (most + 1) * sizeof *h.items);
    if (!h.items) {
        return no_memory(&h);
    }
    v->asks = MAY_SEARCH;
    int rc = view_enter(v, e);
    if (rc) {
        return rc;
    }
    rc = following(&h, types, after);
    rc = view_settled(v, rc, e);
    rc = rc ? rc : emit(&h, ret_versions);
    view_leave(v);
    return rc;
}
