/*
 * Pieces of background work, the writer's side. A piece was made from a state that may be older
 * than the batch: what it says of a resource holds only while that resource has the same version.
 */
#include "store/params.h"

#include "base/clock.h"
#include "base/metrics.h"

static int no_memory(struct writer *w)
{
    return err_set(&w->err, ERR_MEMORY, "the node has no memory for this work");
}

/* --- one resource, from its body ----------------------------------------------------------- */

struct fresh {
    struct db_resource row; /* copied */
    struct index index;
    struct row *rows;
    size_t count;
};

/* DB_END: there is no such key. */
static int find_row(struct writer *w, uint64_t rid, struct db_resource *ret_row)
{
    int rc = writer_engine(w, db_resource_find(w->db, rid, ret_row));
    if (!rc) {
        ret_row->id = arena_copy(&w->arena, ret_row->id);
        ret_row->body = ret_row->deleted ? (text){0} : arena_copy(&w->arena, ret_row->body);
        rc = ret_row->id.p && (ret_row->deleted || ret_row->body.p) ? 0 : no_memory(w);
    }
    db_resource_done(w->db);
    return rc;
}

/* What the current version gives. DB_END: there is none, or (f->row.body is set) its body is
 * damaged: store_check() tells. */
static int derive(struct writer *w, uint64_t rid, struct fresh *f)
{
    char shown_id[ID_TEXT_SIZE];
    struct shown *shown;
    size_t shown_count;
    text packed;
    fhir_type type = rid_type(rid);
    int rc = find_row(w, rid, &f->row);
    if (rc || f->row.deleted) {
        return rc ? rc : DB_END;
    }
    struct err e = {0};
    text id = id_show(f->row.id, shown_id);
    rc = stored_body(w->s, w->db, w->tools, f->row.body, &w->arena, &packed, &e);
    rc = rc ? rc : stored_index(w->s, type, id, packed, &w->arena, &f->index, &e);
    if (rc) {
        return rc == ERR_MEMORY ? no_memory(w) : DB_END;
    }
    rc = rows_make(w->s, type, &f->index, &w->arena, &f->rows, &f->count);
    rc = rc ? rc : shown_make(w->s, &f->index, &w->arena, &shown, &shown_count);
    if (rc) {
        return no_memory(w);
    }
    rc = writer_complete_rows(w, f->rows, f->count);
    rc = rc ? rc : writer_show(w, shown, shown_count);
    if (rc) {
        return rc == ERR_MEMORY ? no_memory(w) : rc;
    }
    f->count = rows_sort(f->rows, f->count);
    return 0;
}

static int64_t row_when(const struct fresh *f, size_t i)
{
    return f->rows[i].dated ? f->index.when : INDEX_WHEN_NONE;
}

static int put_entry(struct writer *w, uint16_t param, text value, uint64_t rid, int64_t when,
                     bool needed, uint64_t *missing)
{
    int64_t there = INDEX_WHEN_NONE;
    int rc = writer_engine(w, db_index_find(w->db, param, value, rid, &there));
    if (rc == DB_END || (!rc && there != when)) {
        *missing += needed;
        rc = writer_engine(w, db_index_insert(w->db, param, value, rid, when));
    }
    return rc;
}

static bool is_building(const struct params_state *state, uint16_t param)
{
    const struct param_row *row = params_find(state, param);
    return row && row->state == PARAM_BUILDING;
}

/* In the list of current versions, or of deletions. */
static int put_in_list(struct writer *w, const struct db_resource *row, uint64_t *missing)
{
    char value[8];
    put_be64(value, row->t);
    return put_entry(
        w, own_param(rid_type(row->rid), row->deleted ? INDEX_SUPERSEDED : INDEX_LAST_UPDATED),
        text_make(value, 8), row->rid, INDEX_WHEN_NONE, true, missing);
}

/* `row` NULL: the key is one that the resource had before. */
static int repair_facts(struct writer *w, uint64_t rid, const struct db_resource *row, text id,
                        uint64_t *missing)
{
    struct db_policy wanted = {0};
    bool right = false;
    int rc = facts_right(w->s, w->db, w->tools, rid, row, id, &w->arena, &wanted, &right, &w->err);
    return rc || right ? rc : facts_repair(w, rid, wanted.past, wanted.facts, missing);
}

static int recheck_facts(struct writer *w, const struct db_resource *row, uint64_t *missing)
{
    struct db_cursor *c = NULL;
    char shown[ID_TEXT_SIZE];
    uint64_t old_rid = 0;
    text id = arena_copy(&w->arena, id_show(row->id, shown));
    int code = id.p ? repair_facts(w, row->rid, row, id, missing) : no_memory(w);
    int rc = code ? 0 : writer_engine(w, db_moved_open(w->db, row->rid, &c));
    while (!rc && !code && !(rc = writer_engine(w, db_moved_next(c, &old_rid)))) {
        code = repair_facts(w, old_rid, NULL, id, missing);
    }
    db_cursor_close(c);
    return code ? code : rc == DB_END ? 0 : rc;
}

static int recheck_policy(struct writer *w, uint64_t rid, uint64_t *missing)
{
    struct db_resource row;
    int rc = find_row(w, rid, &row);
    return rc ? (rc == DB_END ? 0 : rc) : recheck_facts(w, &row, missing);
}

static int recheck(struct writer *w, uint64_t rid, uint64_t *missing)
{
    struct fresh f = {0};
    int rc = ops_flush(w); /* so that the index is what this batch has made of it */
    rc = rc ? rc : derive(w, rid, &f);
    if (rc == DB_END && f.row.deleted) {
        return put_in_list(w, &f.row, missing);
    }
    if (rc) {
        return rc == DB_END ? 0 : rc;
    }
    rc = put_in_list(w, &f.row, missing);
    for (size_t i = 0; i < f.count && !rc; i++) {
        rc = put_entry(w, f.rows[i].param, f.rows[i].value, rid, row_when(&f, i),
                       !is_building(&w->s->params->now, f.rows[i].param), missing);
    }
    if (!rc && f.row.when != f.index.when) {
        f.row.when = f.index.when;
        ++*missing;
        rc = writer_engine(w, db_resource_update(w->db, &f.row));
    }
    return rc;
}

/* --- BUILD --------------------------------------------------------------------------------- */

static int put_item(struct writer *w, uint16_t number, struct piece_item *item, struct arena *a)
{
    struct row *rows = arena_alloc(a, (item->row_count + 1) * sizeof *rows);
    if (!rows) {
        return no_memory(w);
    }
    memcpy(rows, item->rows, item->row_count * sizeof *rows);
    int rc = writer_complete_rows(w, rows, item->row_count);
    for (size_t i = 0; i < item->row_count && !rc; i++) {
        if (rows[i].kind != ROW_DROPPED && rows[i].param == number) {
            rc = ops_add(w, rows[i].param, rows[i].value, item->rid, INDEX_WHEN_NONE, false);
        }
    }
    rc = rc ? rc : writer_show(w, item->shown, item->shown_count);
    return rc == ERR_MEMORY ? no_memory(w) : rc;
}

/* Whether the resource has still the version that the piece was made from. */
static int is_same(struct writer *w, const struct piece *p, const struct piece_item *item,
                   bool *ret_same)
{
    struct db_resource row;
    *ret_same = p->seen == w->last_t;
    if (*ret_same) {
        return 0;
    }
    int rc = writer_engine(w, db_resource_find(w->db, item->rid, &row));
    *ret_same = !rc && !row.deleted && row.t == item->t;
    db_resource_done(w->db);
    return rc == DB_END ? 0 : rc;
}

static int apply_build(struct writer *w, struct piece *p, struct param_row *row)
{
    int rc = 0;
    for (size_t i = 0; i < p->item_count && !rc; i++) {
        bool same = false;
        uint64_t ignored = 0;
        rc = is_same(w, p, &p->items[i], &same);
        rc = rc     ? rc
             : same ? put_item(w, p->number, &p->items[i], &w->arena)
                    : recheck(w, p->items[i].rid, &ignored);
    }
    row->done = p->done;
    row->looked += p->looked;
    if (!rc && p->end) {
        struct search_custom *usable = arena_alloc(&w->s->params->arena, sizeof *usable);
        if (!usable) {
            return no_memory(w);
        }
        *usable = *row->custom;
        usable->usable = true;
        row->custom = usable;
        row->state = PARAM_USABLE;
        w->s->params->ready = true;
    }
    metric_add(METRIC_reindex_resources_total, (int64_t)p->looked);
    return rc ? rc : params_put(w, row);
}

/* --- REMOVE -------------------------------------------------------------------------------- */

static int apply_remove(struct writer *w, struct piece *p, struct param_row *row)
{
    int rc = 0;
    for (size_t i = 0; i < p->entry_count && !rc; i++) {
        rc = ops_add(w, p->entries[i].param, p->entries[i].value, p->entries[i].rid,
                     INDEX_WHEN_NONE, true);
        rc = rc ? no_memory(w) : 0;
    }
    if (!rc && p->end) {
        row->state = PARAM_REMOVED;
        row->definition = T("");
    }
    row->looked += p->looked;
    return rc ? rc : params_put(w, row);
}

/* --- $reindex ------------------------------------------------------------------------------ */

static bool runs(const struct reindex *r)
{
    return r->phase == REINDEX_MISSING || r->phase == REINDEX_STALE;
}

static int apply_start(struct writer *w, struct piece *p, struct reindex *r)
{
    if (runs(r)) {
        p->reindex = r->number;
        p->result = err_set(&p->err, ERR_CONFLICT, "a $reindex is under way");
        return 0;
    }
    *r = (struct reindex){.number = r->number + 1,
                          .type = p->type,
                          .phase = REINDEX_MISSING,
                          .began = (uint64_t)clock_real_ms()};
    p->reindex = r->number;
    return writer_engine(w, params_reindex_put(w->db, r));
}

static int apply_recheck(struct writer *w, struct piece *p, struct reindex *r)
{
    uint64_t before = r->missing;
    int rc = 0;
    for (size_t i = 0; i < p->item_count && !rc; i++) {
        rc = recheck(w, p->items[i].rid, &r->missing);
        rc = rc ? rc : recheck_policy(w, p->items[i].rid, &r->missing);
    }
    r->done = p->done;
    r->looked += p->looked;
    if (p->end) {
        r->phase = REINDEX_STALE;
        r->done = (r->type ? r->type : 1) << 8;
    }
    metric_add(METRIC_reindex_resources_total, (int64_t)p->looked);
    metric_add(METRIC_reindex_missing_total, (int64_t)(r->missing - before));
    return rc ? rc : writer_engine(w, params_reindex_put(w->db, r));
}

/* Whether the current version of its resource gives an entry; one that cannot be read gives all. */
static int gives(struct writer *w, const struct piece_entry *entry, bool *ret_gives)
{
    struct fresh f = {0};
    unsigned own = entry->param & 0xFFU;
    *ret_gives = false;
    if (own == INDEX_LAST_UPDATED) {
        int rc = find_row(w, entry->rid, &f.row);
        *ret_gives = !rc && !f.row.deleted && entry->param >> 8 == rid_type(entry->rid) &&
                     entry->value.n == 8 && get_be64(entry->value.p) == f.row.t;
        return rc == DB_END ? 0 : rc;
    }
    int rc = derive(w, entry->rid, &f);
    for (size_t i = 0; i < f.count && !rc && !*ret_gives; i++) {
        *ret_gives = f.rows[i].param == entry->param && text_eq(f.rows[i].value, entry->value);
    }
    *ret_gives = *ret_gives || (rc == DB_END && f.row.body.p);
    return rc == DB_END ? 0 : rc;
}

static int apply_stale(struct writer *w, struct piece *p, struct reindex *r)
{
    uint64_t before = r->stale;
    int rc = ops_flush(w);
    for (size_t i = 0; i < p->entry_count && !rc; i++) {
        const struct piece_entry *entry = &p->entries[i];
        const struct param_row *row = params_find(&w->s->params->now, entry->param);
        bool given = row && row->state == PARAM_REMOVING;
        rc = given ? 0 : gives(w, entry, &given);
        if (!rc && !given) {
            rc = writer_engine(w, db_index_has(w->db, entry->param, entry->value, entry->rid));
            r->stale += rc == 0;
            rc = rc ? rc
                    : writer_engine(w,
                                    db_index_remove(w->db, entry->param, entry->value, entry->rid));
            rc = rc == DB_END ? 0 : rc;
        }
    }
    r->done = p->done;
    r->entries += p->looked;
    if (p->end) {
        rc = rc ? rc : writer_engine(w, db_policy_sweep(w->db));
        r->phase = REINDEX_DONE;
        r->ended = (uint64_t)clock_real_ms();
    }
    metric_add(METRIC_reindex_stale_total, (int64_t)(r->stale - before));
    return rc ? rc : writer_engine(w, params_reindex_put(w->db, r));
}

/* --- all ----------------------------------------------------------------------------------- */

static struct param_row *row_of(struct params_state *state, uint16_t number)
{
    const struct param_row *row = params_find(state, number);
    return row ? &state->rows[row - state->rows] : NULL;
}

int piece_apply(struct writer *w, struct piece *p)
{
    struct params_state *state = params_change(w);
    if (!state) {
        return ERR_MEMORY;
    }
    p->result = 0;
    struct param_row *row = row_of(state, p->number);
    struct reindex *r = &state->reindex;
    bool goes_on = runs(r) && r->number == p->reindex && r->done == p->from;
    w->worked = true;
    switch (p->kind) {
    case PIECE_START:
        return apply_start(w, p, r);
    case PIECE_BUILD:
        if (row && row->state == PARAM_BUILDING && row->done == p->from) {
            return apply_build(w, p, row);
        }
        break;
    case PIECE_REMOVE:
        if (row && row->state == PARAM_REMOVING) {
            return apply_remove(w, p, row);
        }
        break;
    case PIECE_RECHECK:
        if (goes_on && r->phase == REINDEX_MISSING) {
            return apply_recheck(w, p, r);
        }
        break;
    case PIECE_STALE:
        if (goes_on && r->phase == REINDEX_STALE) {
            return apply_stale(w, p, r);
        }
        break;
    }
    p->result = err_set(&p->err, ERR_CONFLICT, "this work is no longer wanted");
    return 0;
}

void piece_submit(struct writer *w, struct piece *p)
{
    p->job = (struct job){.piece = p};
    job_submit(w, &p->job);
}

int piece_await(struct writer *w, struct piece *p)
{
    job_await(w, &p->job);
    return p->result;
}
