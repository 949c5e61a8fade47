/* What was current at a moment that is over, in order of keys. */
#include "store/inner.h"

#include "base/clock.h"

/* Keys looked at in one call: a view must not be held for long where little of it is wanted. */
enum { KEYS_A_CALL = 20000 };

int store_moment(struct store *s, const struct grant *g, uint64_t *ret_t, struct err *e)
{
    struct arena a;
    struct store_view *view;
    struct versions newest = {0};
    struct history_scope all = {.since_ms = INT64_MIN, .at_ms = INT64_MIN};
    int64_t now = clock_real_ms();
    /* The newest version of all, whoever asks: it tells them nothing but what the time is. */
    int rc = store_view_begin(s, policy_local_administrator(), STORE_ONE_READ, &view, e);
    if (rc) {
        return rc;
    }
    arena_init(&a, s->limits.request_memory);
    rc = store_history(view, &all, 1, (text){0}, &a, &newest, NULL, e);
    store_view_end(view);
    /* The clock may have been set back: then the last version is later than now. */
    uint64_t last = newest.count ? newest.items[0].t : 0;
    arena_done(&a);
    if (rc) {
        return rc;
    }
    uint64_t ms = now > 1 ? (uint64_t)now - 1 : 1;
    ms = last >> 16 > ms ? last >> 16 : ms;
    uint64_t t = ((ms + 1) << 16) - 1;
    uint64_t floor = atomic_load(&s->floor);
    while (floor < t && !atomic_compare_exchange_weak(&s->floor, &floor, t)) {
    }
    /* What the writer began before it saw the floor is committed when an empty request comes back.
     */
    struct write_request fence = {0};
    store_commit(s, g, &fence, 1);
    if (fence.result) {
        return err_set(e, fence.result, "%s", err_text(&fence.err));
    }
    *ret_t = t;
    return 0;
}

bool store_patients_compartment(uint64_t rid, uint64_t *ret_compartment)
{
    uint64_t compartment = rid_compartment(rid);
    if (compartment < COMPARTMENT_PATIENTS) {
        return false;
    }
    *ret_compartment = compartment;
    return true;
}

uint64_t store_patients_first(void)
{
    return rid_make(COMPARTMENT_PATIENTS, 0, 0);
}

uint64_t store_keys_last(void)
{
    return RID_LAST;
}

/* --- the scan ------------------------------------------------------------------------------ */

struct past {
    struct store_view *v;
    const struct store_past *what;
    struct arena *a;
    struct err *e;
    size_t count;
    size_t bytes;
    size_t bytes_used;
    size_t looked;
    struct versions found;
    size_t capacity;
};

static int no_memory(struct past *p)
{
    return err_set(p->e, ERR_MEMORY, "this takes more memory than a request may have");
}

static int failed(struct past *p, int rc)
{
    return rc > 0 ? db_error(p->v->db, rc, p->e) : 0;
}

static bool wanted(const struct past *p, const struct db_resource *row, bool past)
{
    fhir_type type = rid_type(row->rid);
    return row->t > p->what->since && (!row->deleted || p->what->deletions) &&
           (!p->what->types || p->what->types[type]) &&
           (past || row->deleted ? view_may_past(p->v, row->rid, row->t)
                                 : view_may(p->v, row->rid));
}

static int add(struct past *p, const struct db_resource *row, text id, bool past)
{
    if (!wanted(p, row, past)) {
        return 0;
    }
    struct version *items =
        arena_grow(p->a, p->found.items, p->found.count, &p->capacity, sizeof *items);
    if (!items) {
        return no_memory(p);
    }
    p->found.items = items;
    struct version *to = &items[p->found.count];
    int rc = version_of(p->v, row, id, true, p->a, to, p->e);
    if (!rc) {
        p->bytes_used += to->packed.n;
        p->found.count++;
    }
    return rc;
}

/* The newest version under one key that is no later than the moment, where it is newer than *ret_t.
 */
static int newest_under(struct past *p, uint64_t rid, uint64_t *ret_rid, uint64_t *ret_t)
{
    struct db_cursor *c = NULL;
    struct db_resource row;
    int rc = db_history_open(p->v->db, rid, false, &c);
    while (!rc && !(rc = db_history_next(c, &row)) && row.t > p->what->until) {
    }
    if (!rc && row.t > *ret_t) {
        *ret_t = row.t;
        *ret_rid = rid;
    }
    db_cursor_close(c);
    return rc == DB_END ? 0 : rc;
}

/*
 * A resource that has been changed since, whose key is now `root`: the version that was current.
 * It is listed only when it stood under the key `at`, so that it comes once, whatever keys it has
 * had. Of the history's rows only the root's row knows the id.
 */
static int add_former(struct past *p, uint64_t root, uint64_t at, text id)
{
    struct db *db = p->v->db;
    struct db_cursor *c = NULL;
    uint64_t old_rid = 0;
    uint64_t rid = 0;
    uint64_t t = 0;
    int rc = newest_under(p, root, &rid, &t);
    rc = rc ? rc : db_moved_open(db, root, &c);
    while (!rc && !(rc = db_moved_next(c, &old_rid))) {
        rc = newest_under(p, old_rid, &rid, &t);
    }
    db_cursor_close(c);
    rc = rc == DB_END ? 0 : rc;
    if (rc || t == 0 || rid != at) {
        return failed(p, rc);
    }
    struct db_resource row;
    rc = db_history_find(db, t, &row);
    rc = rc ? (rc == DB_END ? ERR_CORRUPT : rc) : 0;
    int code = rc ? db_error(db, rc, p->e) : 0;
    if (!rc) {
        row.rid = rid;
        code = add(p, &row, id, true);
    }
    db_history_done(db);
    return code;
}

/* A key that a resource had before: listed when it had it at the moment. */
static int add_moved(struct past *p, uint64_t old_rid, uint64_t root)
{
    struct db *db = p->v->db;
    struct db_resource row;
    text id = {0};
    int rc = db_resource_find(db, root, &row);
    bool since = !rc && row.t > p->what->until;
    if (since) {
        id = arena_copy(p->a, row.id);
    }
    db_resource_done(db);
    if (rc) {
        return rc == DB_END ? err_set(p->e, ERR_CORRUPT, "a key leads to no resource")
                            : db_error(db, rc, p->e);
    }
    if (!since) {
        return 0;
    }
    return id.p ? add_former(p, root, old_rid, id) : no_memory(p);
}

static int add_current(struct past *p, const struct db_resource *row)
{
    if (row->t <= p->what->until) {
        return add(p, row, row->id, false);
    }
    text id = arena_copy(p->a, row->id);
    return id.p ? add_former(p, row->rid, row->rid, id) : no_memory(p);
}

/* Keys that are in use and keys that were, merged. */
static int scan(struct past *p, uint64_t from, uint64_t to, uint64_t *ret_next)
{
    struct db *db = p->v->db;
    struct db_cursor *rows = NULL;
    struct db_cursor *moves = NULL;
    struct db_resource row = {0};
    uint64_t old_rid = 0;
    uint64_t root = 0;
    int code = 0;
    int rc = db_resource_open(db, from, to, true, &rows);
    rc = rc ? rc : db_moved_range_open(db, from, to, &moves);
    int row_rc = rc ? rc : db_resource_next(rows, &row);
    int move_rc = rc ? rc : db_moved_range_next(moves, &old_rid, &root);
    while (row_rc <= 0 && move_rc <= 0 && (!row_rc || !move_rc) && !code) {
        bool is_row = !row_rc && (move_rc || row.rid <= old_rid);
        uint64_t at = is_row ? row.rid : old_rid;
        if (p->found.count == p->count || p->bytes_used >= p->bytes || p->looked == KEYS_A_CALL) {
            p->found.more = true;
            *ret_next = at;
            break;
        }
        p->looked++;
        code = is_row ? add_current(p, &row) : add_moved(p, old_rid, root);
        if (is_row) {
            row_rc = db_resource_next(rows, &row);
        } else {
            move_rc = db_moved_range_next(moves, &old_rid, &root);
        }
    }
    db_cursor_close(rows);
    db_cursor_close(moves);
    return code ? code : failed(p, row_rc > 0 ? row_rc : move_rc);
}

int store_scan_past(struct store_view *v, const struct store_past *past, uint64_t from, uint64_t to,
                    size_t count, size_t bytes, struct arena *a, struct versions *ret_versions,
                    uint64_t *ret_next, struct err *e)
{
    struct err own;
    struct past p = {
        .v = v, .what = past, .a = a, .e = e ? e : &own, .count = count, .bytes = bytes};
    int rc = view_enter(v, e);
    if (rc) {
        return rc;
    }
    v->asks = MAY_SEARCH;
    rc = scan(&p, from, to, ret_next);
    view_leave(v);
    rc = view_settled(v, rc, e);
    if (!rc) {
        *ret_versions = p.found;
    }
    return rc;
}

/* --- a patient's keys ---------------------------------------------------------------------- */

/* How many there are is already something to know. */
static void see_members(struct store_view *v, int rc, uint64_t *rids, size_t *count)
{
    size_t kept = 0;
    for (size_t i = 0; !rc && i < *count; i++) {
        if (view_may(v, rids[i])) {
            rids[kept++] = rids[i];
        }
    }
    *count = rc ? *count : kept;
}

int store_patient_keys(struct store_view *v, text patient, struct arena *a, uint64_t *ret_from,
                       uint64_t *ret_to, uint64_t **ret_others, size_t *ret_other_count,
                       struct err *e)
{
    struct err own;
    uint64_t compartment = 0;
    e = e ? e : &own;
    int rc = view_enter(v, e);
    if (rc) {
        return rc;
    }
    rc = patient_compartment(v->s, v->db, patient, &compartment);
    if (rc == DB_END || (!rc && !view_may_enter(v, compartment))) {
        rc = err_set(e, ERR_NOT_FOUND, "there is no Patient/%.*s here",
                     TEXT_ARG(text_first(patient, 64)));
    } else {
        rc = rc ? db_error(v->db, rc, e)
                : view_members(v, compartment, a, ret_others, ret_other_count, e);
        see_members(v, rc, *ret_others, ret_other_count);
    }
    view_leave(v);
    rc = view_settled(v, rc, e);
    if (!rc) {
        *ret_from = rid_make(compartment, 0, 0);
        *ret_to = rid_make(compartment + 1, 0, 0) - 1;
    }
    return rc;
}
