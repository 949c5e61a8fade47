/* What resources are sorted by. */
#include "store/sort.h"

static text key_keep(text key, char room[KEY_MAX])
{
    key = text_first(key, KEY_MAX);
    if (key.n) {
        memcpy(room, key.p, key.n);
    }
    return text_make(room, key.n);
}

static text date_key(int64_t start, char room[KEY_MAX])
{
    put_be64(room, start < 0 ? 0 : (uint64_t)start);
    return text_make(room, 8);
}

/* The principal date without the body. False: `when` does not say. */
static bool key_of_when(const struct candidate *c, char room[KEY_MAX], text *ret_key)
{
    int64_t start = 0;
    int64_t end = 0;
    if (!c->hit.dated || c->hit.when == INDEX_WHEN_NONE) {
        return false;
    }
    (void)index_when_read(c->hit.when, &start, &end);
    *ret_key = date_key(start, room);
    return true;
}

/* One entry as a key. p == NULL and 0: it says nothing. */
static int entry_key(struct run *r, const struct search_param *param,
                     const struct index_entry *entry, struct arena *a, char room[KEY_MAX],
                     text *ret_key)
{
    uint64_t number = 0;
    int64_t start = 0;
    int64_t end = 0;
    text key = entry->value;
    int rc = 0;
    *ret_key = (text){0};
    switch ((enum index_kind)entry->kind) {
    case INDEX_BYTES:
        if (text_eq(key, T("\1"))) {
            return 0;
        }
        if (param->type == SEARCH_DATE) {
            if (!index_date_read(key, &start, &end)) {
                return 0;
            }
            *ret_key = date_key(start, room);
            return 0;
        }
        break;
    case INDEX_TOKEN:
    case INDEX_IDENTIFIER:
        rc = entry->system.n ? system_number(r->s, r->db, entry->system, &number) : 0;
        rc = rc == DB_END ? 0 : run_failed(r, rc);
        key = token_value(entry->value, number, a);
        break;
    case INDEX_QUANTITY:
        key = plan_quantity_key(entry->value, entry->system, a);
        break;
    case INDEX_REFERENCE:
        if (entry->target) {
            key = arena_printf(a, "%.*s/%.*s", TEXT_ARG(fhir_type_name(entry->target)),
                               TEXT_ARG(entry->value));
        }
        break;
    }
    if (rc || !key.p) {
        return rc ? rc : run_memory(r);
    }
    *ret_key = key_keep(key, room);
    return 0;
}

static int param_key(struct run *r, const struct plan_sort *sort, struct candidate *c,
                     char room[KEY_MAX], text *ret_key)
{
    struct index_entry *entries = NULL;
    size_t count = 0;
    char other[KEY_MAX];
    int rc = candidate_resource(c);
    if (rc) {
        return rc;
    }
    if (index_extract_one(&c->resource, &r->v->rules, sort->param, &c->arena, &entries, &count)) {
        return run_memory(r);
    }
    text best = {0};
    for (size_t i = 0; i < count && !rc; i++) {
        text key = {0};
        rc = entry_key(r, sort->param, &entries[i], &c->arena, other, &key);
        if (!rc && key.p && key_compare(sort, key, best) < 0) {
            best = key_keep(key, room);
        }
    }
    *ret_key = best;
    return rc;
}

static int one_key(struct run *r, fhir_type type, const struct plan_sort *sort, struct candidate *c,
                   char room[KEY_MAX], text *ret_key)
{
    *ret_key = (text){0};
    if (sort->param) {
        bool principal = sort->param->number == search_when(type);
        int rc = principal && !c->hit.dated ? candidate_row(c) : 0;
        if (rc || (principal && key_of_when(c, room, ret_key))) {
            return rc;
        }
        return param_key(r, sort, c, room, ret_key);
    }
    int rc = candidate_row(c);
    if (rc) {
        return rc;
    }
    if (sort->own == INDEX_LAST_UPDATED) {
        put_be64(room, c->t);
        *ret_key = text_make(room, 8);
    } else {
        *ret_key = key_keep(c->id, room);
    }
    return 0;
}

int sort_keys(struct run *r, const struct plan *plan, size_t first, struct candidate *c,
              struct keys_room *room, struct place *place)
{
    int rc = 0;
    place->rid = c->hit.rid;
    for (size_t i = first; i < plan->sort_count && !rc; i++) {
        rc = one_key(r, plan->type, &plan->sorts[i], c, room->bytes[i], &place->keys[i]);
    }
    return rc;
}
