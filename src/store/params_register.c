/* Added search parameters, the writer's side: what a batch has done to SearchParameters becomes
 * rows in the same transaction, and the set in force after it. */
#include "store/params.h"

#include "base/metrics.h"

#include <stdlib.h>

static int no_memory(struct writer *w)
{
    return err_set(&w->err, ERR_MEMORY, "the node has no memory for this write");
}

int params_note(struct writer *w, text id)
{
    struct params *p = w->s->params;
    struct noted *noted = arena_alloc(&w->arena, sizeof *noted);
    if (!noted) {
        return no_memory(w);
    }
    *noted = (struct noted){id, p->noted};
    p->noted = noted;
    return 0;
}

struct params_state *params_change(struct writer *w)
{
    struct params *p = w->s->params;
    if (p->next) {
        return p->next;
    }
    struct params_state *next = arena_alloc(&w->arena, sizeof *next);
    struct param_row *rows = arena_zalloc(&w->arena, p->now.count + 1, sizeof *rows);
    if (!next || !rows) {
        (void)no_memory(w);
        return NULL;
    }
    *next = p->now;
    next->rows = rows;
    if (p->now.count) {
        memcpy(rows, p->now.rows, p->now.count * sizeof *rows);
    }
    p->next = next;
    return next;
}

int params_put(struct writer *w, const struct param_row *row)
{
    return writer_engine(w, db_param_put(w->db, &(struct db_param){.number = row->number,
                                                                   .state = row->state,
                                                                   .done = row->done,
                                                                   .looked = row->looked,
                                                                   .id = row->id,
                                                                   .definition = row->definition}));
}

/* --- one SearchParameter ------------------------------------------------------------------- */

static bool lives(const struct param_row *row)
{
    return row->state == PARAM_BUILDING || row->state == PARAM_USABLE;
}

struct wanted {
    text id;
    text definition;  /* JSON */
    yyjson_val *root; /* NULL: not to be added */
    fhir_type *types;
    size_t count;
};

/* The definition as it is now, within the transaction. */
static int read_definition(struct writer *w, struct wanted *wanted)
{
    struct name n;
    struct found found;
    struct resource r = {0};
    text body = {0};
    text packed;
    name_make(&w->s->hasher, FHIR_SEARCH_PARAMETER, wanted->id, &n);
    int rc = writer_engine(w, name_find(w->db, &n, true, &found));
    if (!rc && found.known && found.row.exists && !found.row.resource.deleted) {
        body = arena_copy(&w->arena, found.row.resource.body);
        rc = body.p ? 0 : no_memory(w);
    }
    db_name_done(w->db);
    if (rc || !body.p) {
        return rc;
    }
    rc = stored_body(w->s, w->db, w->tools, body, &w->arena, &packed, &w->err);
    rc = rc ? rc
            : stored_resource(w->s, FHIR_SEARCH_PARAMETER, wanted->id, packed, &w->arena, &r,
                              &w->err);
    if (rc || !search_custom_wanted(r.root)) {
        return rc;
    }
    /* rest/ has refused what is wrong; other ways in are data only. */
    struct err ignored;
    rc = search_custom_check(r.root, &w->arena, &wanted->types, &wanted->count, &ignored);
    if (rc) {
        wanted->count = 0;
        return rc == ERR_MEMORY ? no_memory(w) : 0;
    }
    struct buf printed;
    buf_init(&printed, (size_t)64 << 20);
    json_write(r.root, &printed);
    wanted->definition = arena_copy(&w->s->params->arena, buf_text(&printed));
    bool failed = buf_failed(&printed);
    buf_done(&printed);
    wanted->root = r.root;
    return failed || !wanted->definition.p ? no_memory(w) : 0;
}

static bool has_type(const struct wanted *wanted, fhir_type type)
{
    for (size_t i = 0; i < wanted->count; i++) {
        if (wanted->types[i] == type) {
            return true;
        }
    }
    return false;
}

static int make(struct writer *w, const struct wanted *wanted, struct param_row *row)
{
    struct err ignored;
    int rc = search_custom_make(wanted->root, (fhir_type)(row->number >> 8), row->number,
                                row->state == PARAM_USABLE, &w->s->params->arena, &row->custom,
                                &ignored);
    return rc ? no_memory(w) : 0;
}

static bool same_entries(const struct search_custom *a, const struct search_custom *b)
{
    return text_eq(a->param.name, b->param.name) && a->param.type == b->param.type &&
           text_eq(a->param.expression, b->param.expression);
}

/* A row that there is: it stays as it is, gets the new wording, or goes. */
static int update_row(struct writer *w, const struct wanted *wanted, struct param_row *row,
                      bool *ret_removed)
{
    struct param_row changed = *row;
    int rc = 0;
    bool stays = has_type(wanted, (fhir_type)(row->number >> 8));
    if (stays) {
        rc = make(w, wanted, &changed);
        stays = !rc && same_entries(changed.custom, row->custom);
        changed.definition = wanted->definition;
        w->s->params->ready = true; /* its url and targets may be others */
    }
    if (!rc && !stays) {
        changed = *row;
        changed.state = PARAM_REMOVING;
        changed.done = changed.looked = 0;
        changed.custom = NULL;
        *ret_removed = w->s->params->joins_or_leaves = true;
    }
    rc = rc ? rc : params_put(w, &changed);
    if (!rc) {
        *row = changed;
    }
    return rc;
}

/* The free number for a parameter of this type: SEARCH_CUSTOM_LAST + 1: there is none, or the type
 * has one of this name. *ret_at: where its row stands or is to stand. */
static unsigned free_ordinal(const struct params_state *state, fhir_type type, text code,
                             size_t *ret_at)
{
    unsigned ordinal = SEARCH_CUSTOM_FIRST;
    size_t at = 0;
    while (at < state->count && state->rows[at].number >> 8 < type) {
        at++;
    }
    bool found = false;
    *ret_at = at;
    for (; at < state->count && state->rows[at].number >> 8 == type; at++) {
        const struct param_row *row = &state->rows[at];
        if (row->custom && text_eq(row->custom->param.name, code)) {
            return SEARCH_CUSTOM_LAST + 1;
        }
        found = found || (row->number & 0xFFU) != ordinal || row->free;
        if (!found) {
            ordinal++;
            *ret_at = at + 1;
        }
    }
    return ordinal;
}

static int add_row(struct writer *w, struct params_state *state, const struct wanted *wanted,
                   fhir_type type)
{
    size_t at = 0;
    text code = json_text(json_get(wanted->root, T("code")));
    unsigned ordinal = free_ordinal(state, type, code, &at);
    if (ordinal > SEARCH_CUSTOM_LAST) {
        return 0;
    }
    uint16_t number = (uint16_t)((unsigned)type << 8 | ordinal);
    struct param_row row = {.number = number,
                            .state = PARAM_BUILDING,
                            .id = arena_copy(&w->s->params->arena, wanted->id),
                            .definition = wanted->definition};
    int rc = row.id.p ? make(w, wanted, &row) : no_memory(w);
    rc = rc ? rc : params_put(w, &row);
    if (rc) {
        return rc;
    }
    w->s->params->joins_or_leaves = true;
    if (at < state->count && state->rows[at].number == number) {
        state->rows[at] = row;
        return 0;
    }
    struct param_row *rows = arena_zalloc(&w->arena, state->count + 1, sizeof *rows);
    if (!rows) {
        return no_memory(w);
    }
    memcpy(rows, state->rows, at * sizeof *rows);
    rows[at] = row;
    memcpy(rows + at + 1, state->rows + at, (state->count - at) * sizeof *rows);
    state->rows = rows;
    state->count++;
    return 0;
}

static bool has_row(const struct params_state *state, text id, fhir_type type)
{
    for (size_t i = 0; i < state->count; i++) {
        const struct param_row *row = &state->rows[i];
        if (lives(row) && row->number >> 8 == type && text_eq(row->id, id)) {
            return true;
        }
    }
    return false;
}

static int sync_one(struct writer *w, text id, bool *ret_removed)
{
    struct wanted wanted = {.id = id};
    struct params_state *state = params_change(w);
    int rc = state ? read_definition(w, &wanted) : ERR_MEMORY;
    for (size_t i = 0; !rc && i < state->count; i++) {
        if (lives(&state->rows[i]) && text_eq(state->rows[i].id, id)) {
            rc = update_row(w, &wanted, &state->rows[i], ret_removed);
        }
    }
    for (size_t i = 0; !rc && i < wanted.count; i++) {
        if (!has_row(state, id, wanted.types[i])) {
            rc = add_row(w, state, &wanted, wanted.types[i]);
        }
    }
    return rc;
}

/* A name has become free: another SearchParameter may have waited for it. */
static int sync_all(struct writer *w)
{
    struct db_cursor *c = NULL;
    struct noted *all = NULL;
    struct db_range range = {.param = own_param(FHIR_SEARCH_PARAMETER, INDEX_LAST_UPDATED)};
    struct db_entry entry;
    char shown[ID_TEXT_SIZE];
    int rc = ops_flush(w);
    rc = rc ? rc : writer_engine(w, db_index_open(w->db, &range, &c));
    while (!rc && !(rc = writer_engine(w, db_index_next(c, &entry)))) {
        struct db_resource row;
        struct noted *noted = arena_alloc(&w->arena, sizeof *noted);
        rc = noted ? writer_engine(w, db_resource_find(w->db, entry.rid, &row)) : no_memory(w);
        if (!rc) {
            *noted = (struct noted){arena_copy(&w->arena, id_show(row.id, shown)), all};
            all = noted;
            rc = noted->id.p ? 0 : no_memory(w);
        }
        db_resource_done(w->db);
    }
    db_cursor_close(c);
    rc = rc == DB_END ? 0 : rc;
    for (; all && !rc; all = all->next) {
        bool removed = false;
        rc = sync_one(w, all->id, &removed);
    }
    return rc;
}

/* So that settling cannot fail. */
static int make_room(struct writer *w)
{
    struct params *p = w->s->params;
    if (!p->next || p->next->count <= p->room_kept) {
        return 0;
    }
    size_t room = p->next->count + 16;
    struct param_row *rows = arena_zalloc(&p->arena, room, sizeof *rows);
    if (!rows) {
        return no_memory(w);
    }
    p->kept = rows;
    p->room_kept = room;
    return 0;
}

int params_register(struct writer *w)
{
    struct params *p = w->s->params;
    bool removed = false;
    int rc = 0;
    for (; p->noted && !rc; p->noted = p->noted->next) {
        rc = sync_one(w, p->noted->id, &removed);
    }
    rc = rc || !removed ? rc : sync_all(w);
    if (!rc && (p->joins_or_leaves || p->ready)) {
        rc = params_set(p->next, p->generation + p->joins_or_leaves, &p->arena, &p->fresh);
        rc = rc ? no_memory(w) : 0;
    }
    return rc ? rc : make_room(w);
}

/* --- after the batch ----------------------------------------------------------------------- */

void params_forget(struct writer *w)
{
    struct params *p = w->s->params;
    p->next = NULL;
    p->fresh = NULL;
    p->noted = NULL;
    p->joins_or_leaves = p->ready = false;
}

static void show_metrics(const struct params_state *state)
{
    int64_t building = 0;
    for (size_t i = 0; i < state->count; i++) {
        building += state->rows[i].state == PARAM_BUILDING;
    }
    metric_set(METRIC_reindex_building, building);
    metric_set(METRIC_reindex_running,
               state->reindex.phase == REINDEX_MISSING || state->reindex.phase == REINDEX_STALE);
}

void params_settle(struct writer *w)
{
    struct params *p = w->s->params;
    atomic_store(&p->written, w->committed_t);
    if (!p->next) {
        return;
    }
    (void)pthread_mutex_lock(&p->lock);
    struct param_row *rows = p->kept;
    if (p->next->count) {
        memcpy(rows, p->next->rows, p->next->count * sizeof *rows);
    }
    p->kept = p->now.rows;
    size_t room = p->room_now;
    p->room_now = p->room_kept;
    p->room_kept = room;
    p->now = *p->next;
    p->now.rows = rows;
    (void)pthread_mutex_unlock(&p->lock);
    if (p->fresh) {
        p->generation = p->fresh->generation;
        atomic_store(&w->s->customs, p->fresh);
    }
    show_metrics(&p->now);
    params_forget(w);
    walker_wake(p);
}

/* --- writes that were prepared under another set -------------------------------------------- */

int params_refresh(struct writer *w, const struct write *write, const struct prepared *p,
                   struct prepared *ret_prepared)
{
    struct index index;
    *ret_prepared = *p;
    const struct search_customs *customs = atomic_load(&w->s->customs);
    if (p->generation == (customs ? customs->generation : 0)) {
        return 0;
    }
    int rc = stored_index(w->s, write->type, write->id, write->packed, &w->arena, &index, &w->err);
    rc = rc ? rc
            : rows_make(w->s, write->type, &index, &w->arena, &ret_prepared->rows,
                        &ret_prepared->row_count);
    rc = rc ? rc
            : shown_make(w->s, &index, &w->arena, &ret_prepared->shown, &ret_prepared->shown_count);
    return rc ? no_memory(w) : 0;
}
