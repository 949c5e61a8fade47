/* Index entries (fhir/index.h) as rows of the one ordered index. */
#include "store/inner.h"

#include <stdlib.h>

static int make_row(struct store *s, const struct index_entry *entry, struct arena *a,
                    struct row *ret_row)
{
    *ret_row = (struct row){.param = entry->param, .value = entry->value};
    if (entry->kind == INDEX_TOKEN) {
        uint64_t system = entry->system.n ? systems_cached(&s->systems, entry->system) : 0;
        if (entry->system.n && !system) {
            ret_row->kind = ROW_SYSTEM;
            ret_row->system = entry->system;
            return 0;
        }
        ret_row->value = token_value(entry->value, system, a);
        return ret_row->value.p ? 0 : ERR_MEMORY;
    }
    if (entry->kind == INDEX_REFERENCE) {
        ret_row->kind = ROW_REFERENCE;
        ret_row->name = arena_alloc(a, sizeof *ret_row->name);
        if (!ret_row->name) {
            return ERR_MEMORY;
        }
        name_make(&s->hasher, entry->target, entry->value, ret_row->name);
    }
    return 0;
}

int rows_make(struct store *s, fhir_type type, const struct index *index, struct arena *a,
              struct row **ret_rows, size_t *ret_count)
{
    size_t count = index->count + index->member_count;
    struct row *rows = arena_alloc(a, (count + 1) * sizeof *rows);
    if (!rows) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < index->count; i++) {
        int rc = make_row(s, &index->entries[i], a, &rows[i]);
        if (rc) {
            return rc;
        }
    }
    for (size_t i = 0; i < index->member_count; i++) {
        struct row *row = &rows[index->count + i];
        *row = (struct row){.param = own_param(type, INDEX_MEMBER), .kind = ROW_MEMBER};
        row->name = arena_alloc(a, sizeof *row->name);
        if (!row->name) {
            return ERR_MEMORY;
        }
        name_make(&s->hasher, FHIR_PATIENT, index->members[i], row->name);
    }
    *ret_rows = rows;
    *ret_count = count;
    return 0;
}

static int look_up(struct store *s, struct db *db, struct row *row, struct arena *a)
{
    uint64_t number = 0;
    int rc;
    if (row->kind == ROW_SYSTEM) {
        rc = system_number(s, db, row->system, &number);
        row->value = rc ? (text){0} : token_value(row->value, number, a);
        return rc;
    }
    struct found found;
    rc = name_find(db, row->name, false, &found);
    if (!rc && found.known) {
        number = row->kind == ROW_MEMBER ? rid_compartment(found.row.rid) : found.hash;
    }
    db_name_done(db);
    row->value = (text){0};
    if (!rc && found.known) {
        char *p = arena_alloc(a, 8);
        if (!p) {
            return ERR_MEMORY;
        }
        put_be64(p, number);
        row->value = text_make(p, 8);
    }
    return rc;
}

int rows_look_up(struct store *s, struct db *db, struct row *rows, size_t count, struct arena *a)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].kind != ROW_READY) {
            int rc = look_up(s, db, &rows[i], a);
            if (rc && rc != DB_END) {
                return rc;
            }
            rows[i].kind = ROW_READY;
        }
    }
    return 0;
}

static int compare_rows(const void *x, const void *y)
{
    const struct row *a = x;
    const struct row *b = y;
    return a->param != b->param ? (a->param < b->param ? -1 : 1) : text_cmp(a->value, b->value);
}

size_t rows_sort(struct row *rows, size_t count)
{
    qsort(rows, count, sizeof *rows, compare_rows);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || compare_rows(&rows[kept - 1], &rows[i]) != 0) {
            rows[kept++] = rows[i];
        }
    }
    return kept;
}

int stored_index(const struct store *s, fhir_type type, text id, text packed, struct arena *a,
                 struct index *ret_index, struct err *e)
{
    struct resource_head head = {.type = type, .id = id, .version = 1};
    struct buf printed;
    buf_init(&printed, packed.n * 2 + 4096);
    struct resource r = {.type = type, .id = id};
    int rc = resource_print(&head, packed, &printed, e);
    rc = rc ? rc : json_read(buf_text(&printed), s->limits.json_depth + 8, a, &r.root, e);
    if (!rc) {
        r.meta = json_get(r.root, T("meta"));
        rc = index_extract(&r, s->base, a, ret_index);
        rc = rc ? err_set(e, rc, "the index of a stored resource cannot be derived") : 0;
    }
    buf_done(&printed);
    return rc;
}
