/* Everything in order of keys, counts and figures. */
#include "store/inner.h"

#include <stdlib.h>

struct scan {
    struct store_view *v;
    struct arena *a;
    struct err *e;
    size_t count;
    size_t bytes;
    size_t bytes_used;
    struct versions found;
    size_t capacity;
    bool full;
};

static int no_memory(struct scan *s)
{
    return err_set(s->e, ERR_MEMORY, "this takes more memory than a request may have");
}

static int add(struct scan *s, const struct db_resource *row)
{
    if (row->deleted || !view_may(s->v, row->rid)) {
        return 0;
    }
    if (s->found.count == s->count || (s->found.count && s->bytes_used >= s->bytes)) {
        s->full = true;
        return 0;
    }
    struct version *items =
        arena_grow(s->a, s->found.items, s->found.count, &s->capacity, sizeof *items);
    if (!items) {
        return no_memory(s);
    }
    s->found.items = items;
    struct version *to = &items[s->found.count];
    int rc = version_of(s->v, row, row->id, true, s->a, to, s->e);
    if (!rc) {
        s->bytes_used += to->packed.n;
        s->found.count++;
    }
    return rc;
}

static int scan_range(struct scan *s, uint64_t from, uint64_t to)
{
    struct db_cursor *c = NULL;
    struct db_resource row;
    if (s->full || from > to) {
        return 0;
    }
    int code = 0;
    int rc = db_resource_open(s->v->db, from, to, true, &c);
    while (!rc && !code && !s->full && !(rc = db_resource_next(c, &row))) {
        code = add(s, &row);
    }
    db_cursor_close(c);
    return code ? code : rc > 0 ? db_error(s->v->db, rc, s->e) : 0;
}

static int compare_rids(const void *x, const void *y)
{
    uint64_t a = *(const uint64_t *)x;
    uint64_t b = *(const uint64_t *)y;
    return a < b ? -1 : a > b;
}

int view_members(struct store_view *v, uint64_t compartment, struct arena *a, uint64_t **ret_rids,
                 size_t *ret_count, struct err *e)
{
    char value[8];
    uint64_t *all = NULL;
    size_t count = 0;
    size_t capacity = 0;
    int rc = 0;
    put_be64(value, compartment);
    for (unsigned type = 1; type < fhir_type_count() && !rc; type++) {
        struct db_range range = {.param = own_param((fhir_type)type, INDEX_MEMBER),
                                 .exact = true,
                                 .low = text_make(value, 8),
                                 .rid_to = RID_LAST};
        struct db_cursor *c = NULL;
        struct db_entry entry;
        if (!fhir_type_in_patient_compartment((fhir_type)type)) {
            continue;
        }
        rc = db_index_open(v->db, &range, &c);
        while (!rc && !(rc = db_index_next(c, &entry))) {
            uint64_t *rids = arena_grow(a, all, count, &capacity, sizeof *rids);
            if (!rids) {
                db_cursor_close(c);
                return err_set(e, ERR_MEMORY, "this takes more memory than a request may have");
            }
            all = rids;
            all[count++] = entry.rid;
        }
        db_cursor_close(c);
        rc = rc == DB_END ? 0 : db_error(v->db, rc, e);
    }
    if (count) {
        qsort(all, count, sizeof *all, compare_rids);
    }
    *ret_rids = all;
    *ret_count = count;
    return rc;
}

static int scan_patient(struct scan *s, text patient, uint64_t from)
{
    uint64_t compartment = 0;
    uint64_t *members = NULL;
    size_t count = 0;
    int rc = patient_compartment(s->v->s, s->v->db, patient, &compartment);
    if (rc == DB_END || (!rc && !view_may_enter(s->v, compartment))) {
        return err_set(s->e, ERR_NOT_FOUND, "there is no Patient/%.*s here", TEXT_ARG(patient));
    }
    rc = rc ? db_error(s->v->db, rc, s->e)
            : view_members(s->v, compartment, s->a, &members, &count, s->e);
    uint64_t first = rid_make(compartment, 0, 0);
    uint64_t last = rid_make(compartment + 1, 0, 0) - 1;
    bool own = false;
    for (size_t i = 0; i <= count && !rc && !s->full; i++) {
        bool is_last = i == count;
        if (!own && (is_last || members[i] > last)) {
            rc = scan_range(s, from > first ? from : first, last);
            own = true;
        }
        if (!rc && !is_last && members[i] >= from && (i == 0 || members[i] != members[i - 1])) {
            rc = scan_range(s, members[i], members[i]);
        }
    }
    return rc;
}

int store_scan(struct store_view *v, text patient, size_t count, size_t bytes, text from,
               struct arena *a, struct versions *ret_versions, struct err *e)
{
    struct err own;
    struct scan s = {.v = v, .a = a, .e = e ? e : &own, .count = count, .bytes = bytes};
    if (from.n != 0 && from.n != 8) {
        return err_set(e, ERR_INVALID, "this is not a place in a list: start at its first page");
    }
    uint64_t at = from.n ? get_be64(from.p) + 1 : 0;
    int rc = view_enter(v, e);
    if (rc) {
        return rc;
    }
    v->asks = MAY_SEARCH;
    rc = patient.n ? scan_patient(&s, patient, at) : scan_range(&s, at, RID_LAST);
    view_leave(v);
    rc = view_settled(v, rc, e);
    if (!rc && s.full && s.found.count) {
        char *next = arena_alloc(a, 8);
        if (!next) {
            return no_memory(&s);
        }
        put_be64(next, s.found.items[s.found.count - 1].rid);
        s.found.next = text_make(next, 8);
    }
    s.found.more = s.full;
    if (!rc) {
        *ret_versions = s.found;
    }
    return rc;
}

int store_count(struct store_view *v, fhir_type type, uint64_t *ret_count, struct err *e)
{
    struct db_range range = {.param = own_param(type, INDEX_LAST_UPDATED)};
    if (v->reads_all) {
        int rc = db_index_count(v->db, &range, UINT64_MAX, ret_count);
        return rc ? db_error(v->db, rc, e) : 0;
    }
    struct db_cursor *c = NULL;
    struct db_entry entry;
    uint64_t count = 0;
    v->asks = MAY_SEARCH;
    int rc = db_index_open(v->db, &range, &c);
    while (!rc && !(rc = db_index_next(c, &entry))) {
        count += view_may(v, entry.rid);
    }
    db_cursor_close(c);
    if (rc != DB_END) {
        return db_error(v->db, rc, e);
    }
    rc = view_settled(v, 0, e);
    if (rc) {
        return rc;
    }
    *ret_count = count;
    return 0;
}

int store_stats(struct store_view *v, struct store_stats *ret_stats, struct err *e)
{
    struct store_stats stats = {.bytes = v->reads_all ? db_bytes(v->s->dir) : 0};
    int rc = view_enter(v, e);
    if (rc) {
        return rc;
    }
    for (unsigned type = 1; type < fhir_type_count() && !rc; type++) {
        uint64_t count = 0;
        rc = store_count(v, (fhir_type)type, &count, e);
        stats.resources += count;
    }
    view_leave(v);
    if (!rc) {
        *ret_stats = stats;
    }
    return rc;
}
