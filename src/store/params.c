/* Which added search parameters there are: rows of the table, the set that they make, and who may
 * know of them. */
#include "store/params.h"

#include <stdlib.h>

static const char *const reindex_keys[] = {
    "reindex",         "reindex_type",    "reindex_phase", "reindex_done",  "reindex_looked",
    "reindex_entries", "reindex_missing", "reindex_stale", "reindex_began", "reindex_ended"};

const struct param_row *params_find(const struct params_state *state, uint16_t number)
{
    for (size_t i = 0; i < state->count; i++) {
        if (state->rows[i].number == number) {
            return &state->rows[i];
        }
    }
    return NULL;
}

/* --- reading ------------------------------------------------------------------------------- */

struct reading {
    struct arena *arena;
    struct params_state *state;
    size_t capacity;
};

/* The definition was checked when it was registered. */
static int make_custom(struct param_row *row, struct arena *a)
{
    yyjson_val *root = NULL;
    struct err e;
    int rc = json_read(row->definition, 128, a, &root, &e);
    rc = rc ? rc
            : search_custom_make(root, (fhir_type)(row->number >> 8), row->number,
                                 row->state == PARAM_USABLE, a, &row->custom, &e);
    return rc == 0 || rc == ERR_MEMORY ? rc : ERR_CORRUPT;
}

static int read_row(void *context, const struct db_param *param)
{
    struct reading *r = context;
    struct params_state *state = r->state;
    struct param_row *rows =
        arena_grow(r->arena, state->rows, state->count, &r->capacity, sizeof *rows);
    if (!rows) {
        return ERR_MEMORY;
    }
    state->rows = rows;
    struct param_row *row = &rows[state->count++];
    *row = (struct param_row){.number = param->number,
                              .state = param->state,
                              .free = param->state == PARAM_REMOVED,
                              .done = param->done,
                              .looked = param->looked,
                              .id = arena_copy(r->arena, param->id),
                              .definition = arena_copy(r->arena, param->definition)};
    if (!row->id.p || !row->definition.p) {
        return ERR_MEMORY;
    }
    bool lives = row->state == PARAM_BUILDING || row->state == PARAM_USABLE;
    return lives ? make_custom(row, r->arena) : 0;
}

static int reindex_read(struct db *db, struct reindex *ret_reindex)
{
    struct reindex found = {0};
    uint64_t *fields[] = {&found.number,  &found.type,    &found.phase, &found.done,  &found.looked,
                          &found.entries, &found.missing, &found.stale, &found.began, &found.ended};
    _Static_assert(sizeof fields / sizeof *fields == sizeof reindex_keys / sizeof *reindex_keys,
                   "a key for each field");
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        int rc = db_meta_number(db, reindex_keys[i], fields[i]);
        if (rc && rc != DB_END) {
            return rc;
        }
    }
    *ret_reindex = found;
    return 0;
}

int params_reindex_put(struct db *db, const struct reindex *r)
{
    const uint64_t fields[] = {r->number,  r->type,    r->phase, r->done,  r->looked,
                               r->entries, r->missing, r->stale, r->began, r->ended};
    int rc = 0;
    for (size_t i = 0; i < sizeof fields / sizeof *fields && !rc; i++) {
        rc = db_meta_put(db, reindex_keys[i], fields[i]);
    }
    return rc;
}

int params_read(struct db *db, struct arena *a, struct params_state *ret_state)
{
    struct params_state state = {0};
    struct reading r = {.arena = a, .state = &state};
    int rc = db_param_each(db, read_row, &r);
    rc = rc ? rc : reindex_read(db, &state.reindex);
    if (!rc) {
        *ret_state = state;
    }
    return rc;
}

int params_set(const struct params_state *state, uint64_t generation, struct arena *a,
               const struct search_customs **ret_set)
{
    struct search_customs *set = arena_zalloc(a, 1, sizeof *set);
    const struct search_custom **items = arena_zalloc(a, state->count + 1, sizeof(void *));
    if (!set || !items) {
        return ERR_MEMORY;
    }
    *set = (struct search_customs){.generation = generation, .items = items};
    for (size_t i = 0; i < state->count; i++) {
        if (state->rows[i].custom) {
            items[set->count++] = state->rows[i].custom;
        }
    }
    *ret_set = set;
    return 0;
}

/* --- life ---------------------------------------------------------------------------------- */

int params_open(struct store *s, struct db *db, struct err *e)
{
    struct params *p = calloc(1, sizeof *p);
    if (!p) {
        return err_set(e, ERR_MEMORY, "no memory to open the store");
    }
    s->params = p;
    arena_init(&p->arena, (size_t)1 << 30);
    (void)pthread_mutex_init(&p->lock, NULL);
    int rc = params_read(db, &p->arena, &p->now);
    p->room_now = p->now.count;
    if (!rc && p->now.count) {
        const struct search_customs *set = NULL;
        rc = params_set(&p->now, ++p->generation, &p->arena, &set);
        if (!rc) {
            atomic_store(&s->customs, set);
        }
    }
    return rc == ERR_MEMORY    ? err_set(e, rc, "no memory to open the store")
           : rc == ERR_CORRUPT ? err_set(e, rc,
                                         "the table of added search parameters in %s is damaged: "
                                         "use a copy (kith restore)",
                                         s->dir)
           : rc                ? db_error(db, rc, e)
                               : 0;
}

void params_close(struct store *s)
{
    if (s->params) {
        arena_done(&s->params->arena);
        (void)pthread_mutex_destroy(&s->params->lock);
        free(s->params);
        s->params = NULL;
    }
}

struct index_rules store_rules(const struct store *s)
{
    return (struct index_rules){.base = s->base, .customs = atomic_load(&s->customs)};
}

/* --- what people may see ------------------------------------------------------------------- */

int store_params(struct store *s, text id, struct arena *a, struct store_param **ret_params,
                 size_t *ret_count)
{
    struct params *p = s->params;
    size_t count = 0;
    (void)pthread_mutex_lock(&p->lock);
    struct store_param *params = arena_zalloc(a, p->now.count + 1, sizeof *params);
    for (size_t i = 0; params && i < p->now.count; i++) {
        const struct param_row *row = &p->now.rows[i];
        if (row->state != PARAM_REMOVED && text_eq(row->id, id)) {
            params[count++] = (struct store_param){
                .type = (fhir_type)(row->number >> 8), .state = row->state, .looked = row->looked};
        }
    }
    (void)pthread_mutex_unlock(&p->lock);
    *ret_params = params;
    *ret_count = count;
    return params ? 0 : ERR_MEMORY;
}

void store_reindex_status(struct store *s, struct store_reindex *ret_status)
{
    struct params *p = s->params;
    (void)pthread_mutex_lock(&p->lock);
    struct reindex r = p->now.reindex;
    (void)pthread_mutex_unlock(&p->lock);
    *ret_status = (struct store_reindex){
        .number = r.number,
        .type = (fhir_type)r.type,
        .running = r.phase == REINDEX_MISSING || r.phase == REINDEX_STALE,
        .second = r.phase == REINDEX_STALE,
        .looked = r.looked,
        .entries = r.entries,
        .missing = r.missing,
        .stale = r.stale,
        .began_ms = (int64_t)r.began,
        .ended_ms = (int64_t)r.ended,
    };
}
