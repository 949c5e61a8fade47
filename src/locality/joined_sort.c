#include "locality/joined_int.h"

#include "fhir/index.h"

#include <stdlib.h>

/* J1: the order of the whole is that of one store which has all entries. */

enum { KEY_BYTES = 64 }; /* of a value that is sorted by, as in a store */

struct row {
    struct joined_entry entry;
    text *keys;   /* one each; p == NULL: it has none, and stands last */
    int64_t date; /* without a sort; INT64_MIN: none */
    bool is_person;
};

struct sorting {
    const struct plan_sort *sort;
    size_t sort_count;
    struct arena *arena;
};

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "the joined record needs more memory than a request may have");
}

/* --- what is sorted by --------------------------------------------------------------------------
 */

static text time_key(int64_t ms, struct arena *a)
{
    unsigned char *p = arena_alloc(a, 8);
    uint64_t value = ms < 0 ? 0 : (uint64_t)ms;
    for (size_t i = 0; p && i < 8; i++) {
        p[i] = (unsigned char)(value >> (56 - 8 * i));
    }
    return text_make((const char *)p, p ? 8 : 0);
}

/* p == NULL: it says nothing. */
static text entry_key(const struct search_param *param, const struct index_entry *x,
                      struct arena *a)
{
    int64_t start = 0, end = 0;
    switch ((enum index_kind)x->kind) {
    case INDEX_BYTES:
        if (text_eq(x->value, T("\1"))) {
            return (text){0};
        }
        if (param->type == SEARCH_DATE) {
            return index_date_read(x->value, &start, &end) ? time_key(start, a) : (text){0};
        }
        return x->value;
    case INDEX_QUANTITY:
        return plan_quantity_key(x->value, x->system, a);
    case INDEX_REFERENCE:
        return x->target ? arena_printf(a, "%.*s/%.*s", TEXT_ARG(fhir_type_name(x->target)),
                                        TEXT_ARG(x->value))
                         : x->value;
    default:
        return x->value;
    }
}

/* Those that have none stand last, whatever the direction. */
static int compare_key(const struct plan_sort *sort, text x, text y)
{
    if (!x.p || !y.p) {
        return (x.p == NULL) - (y.p == NULL);
    }
    int order = text_cmp(x, y);
    return sort->descending ? -order : order;
}

static int param_key(const struct sorting *s, const struct plan_sort *sort,
                     const struct joined_entry *x, text *ret_key, struct err *e)
{
    struct resource r = {.type = fhir_type_of(x->type), .root = x->resource, .id = x->id};
    struct index_rules rules = {.base = x->part->base};
    struct index_entry *entries = NULL;
    size_t count = 0;
    if (sort->param->number >> 8 != r.type) {
        return 0;
    }
    if (index_extract_one(&r, &rules, sort->param, s->arena, &entries, &count)) {
        return no_memory(e);
    }
    for (size_t i = 0; i < count; i++) {
        text key = text_first(entry_key(sort->param, &entries[i], s->arena), KEY_BYTES);
        if (key.p && compare_key(sort, key, *ret_key) < 0) {
            *ret_key = key;
        }
    }
    return 0;
}

static int64_t updated(const struct joined_entry *x)
{
    int64_t start = 0, end = 0;
    text at = json_text(json_get(json_get(x->resource, T("meta")), T("lastUpdated")));
    return at.n && index_date(at, &start, &end) ? start : 0;
}

static int sort_keys(const struct sorting *s, struct row *row, struct err *e)
{
    int rc = 0;
    row->keys = arena_zalloc(s->arena, s->sort_count, sizeof *row->keys);
    if (!row->keys) {
        return no_memory(e);
    }
    for (size_t i = 0; !rc && i < s->sort_count; i++) {
        const struct plan_sort *sort = &s->sort[i];
        if (sort->param) {
            rc = param_key(s, sort, &row->entry, &row->keys[i], e);
        } else if (sort->own == INDEX_LAST_UPDATED) {
            row->keys[i] = time_key(updated(&row->entry), s->arena);
        } else {
            row->keys[i] = text_first(row->entry.id, KEY_BYTES);
        }
    }
    return rc;
}

/* The type's principal date: when it began. A birth is no date of care. */
static int principal_date(const struct sorting *s, struct row *row, struct err *e)
{
    struct joined_entry *x = &row->entry;
    struct resource r = {.type = fhir_type_of(x->type), .root = x->resource, .id = x->id};
    struct index_rules rules = {.base = x->part->base};
    struct index_entry *entries = NULL;
    size_t count = 0;
    uint16_t number = search_when(r.type);
    const struct search_param *param = number ? search_param_by_number(NULL, number) : NULL;
    row->date = INT64_MIN;
    row->is_person = r.type == FHIR_PATIENT;
    if (!param || text_eq(param->name, T("birthdate"))) {
        return 0;
    }
    struct arena_mark mark = arena_mark(s->arena);
    if (index_extract_one(&r, &rules, param, s->arena, &entries, &count)) {
        return no_memory(e);
    }
    for (size_t i = 0; i < count; i++) {
        int64_t start, end;
        if (index_date_read(entries[i].value, &start, &end) && start > row->date) {
            row->date = start;
        }
    }
    arena_rewind(s->arena, mark);
    return 0;
}

/* --- the order ----------------------------------------------------------------------------------
 */

static int compare_names(const struct joined_entry *x, const struct joined_entry *y)
{
    int order = text_cmp(x->type, y->type);
    order = order ? order : text_cmp(x->id, y->id);
    order = order ? order : text_cmp(x->base, y->base);
    return order ? order
                 : text_cmp(json_text(json_get(json_get(x->resource, T("meta")), T("versionId"))),
                            json_text(json_get(json_get(y->resource, T("meta")), T("versionId"))));
}

static int compare_rows(const void *a, const void *b, void *context)
{
    const struct row *x = a, *y = b;
    const struct sorting *s = context;
    int order = 0;
    for (size_t i = 0; !order && i < s->sort_count; i++) {
        order = compare_key(&s->sort[i], x->keys[i], y->keys[i]);
    }
    if (!order && !s->sort_count && x->is_person != y->is_person) {
        order = x->is_person ? -1 : 1;
    }
    if (!order && !s->sort_count && x->date != y->date) {
        order = x->date > y->date ? -1 : 1;
    }
    return order ? order : compare_names(&x->entry, &y->entry);
}

int joined_sort(struct joined_entry *entries, size_t count, const struct plan_sort *sort,
                size_t sort_count, struct arena *a, struct err *e)
{
    struct sorting s = {.sort = sort, .sort_count = sort_count, .arena = a};
    struct row *rows = arena_zalloc(a, count + 1, sizeof *rows);
    int rc = rows ? 0 : no_memory(e);
    for (size_t i = 0; !rc && i < count; i++) {
        rows[i].entry = entries[i];
        rc = sort_count ? sort_keys(&s, &rows[i], e) : principal_date(&s, &rows[i], e);
    }
    if (!rc && count > 1) {
        qsort_r(rows, count, sizeof *rows, compare_rows, &s);
    }
    for (size_t i = 0; !rc && i < count; i++) {
        entries[i] = rows[i].entry;
    }
    return rc;
}
