/* Index entries (fhir/index.h) as rows of the one ordered index. */
#include "store/inner.h"

#include <stdlib.h>
#include <string.h>

/* An identifier of a Reference stands apart from its tokens, behind what no code begins with. */
static text identifier_value(text token, struct arena *a)
{
    char *p = token.p ? arena_alloc(a, token.n + IDENTIFIER_MARK) : NULL;
    if (!p) {
        return (text){0};
    }
    memset(p, 0xFF, IDENTIFIER_MARK);
    memcpy(p + IDENTIFIER_MARK, token.p, token.n);
    return text_make(p, token.n + IDENTIFIER_MARK);
}

static text coded_value(const struct row *row, uint64_t system, struct arena *a)
{
    text token = token_value(row->value, system, a);
    return row->identifier ? identifier_value(token, a) : token;
}

static int make_token(struct store *s, const struct index_entry *entry, struct arena *a,
                      struct row *row)
{
    uint64_t system = 0;
    row->identifier = entry->kind == INDEX_IDENTIFIER;
    if (entry->system.n) {
        row->system = term_bytes('s', entry->system, a);
        if (!row->system.p) {
            return ERR_MEMORY;
        }
        system = terms_cached(&s->terms, row->system);
        if (!system) {
            row->kind = ROW_SYSTEM;
            return 0;
        }
    }
    row->value = coded_value(row, system, a);
    return row->value.p ? 0 : ERR_MEMORY;
}

static int make_quantity(struct store *s, const struct index_entry *entry, struct arena *a,
                         struct row *row)
{
    row->system = term_bytes('u', entry->system, a);
    if (!row->system.p) {
        return ERR_MEMORY;
    }
    uint64_t unit = terms_cached(&s->terms, row->system);
    if (!unit) {
        row->kind = ROW_UNIT;
        return 0;
    }
    row->value = unit_value(unit - TERM_UNITS, row->value, a);
    return row->value.p ? 0 : ERR_MEMORY;
}

static int make_row(struct store *s, const struct index_entry *entry, bool dated, struct arena *a,
                    struct row *row)
{
    *row = (struct row){.param = entry->param, .value = entry->value, .dated = dated};
    switch ((enum index_kind)entry->kind) {
    case INDEX_TOKEN:
    case INDEX_IDENTIFIER:
        return make_token(s, entry, a, row);
    case INDEX_QUANTITY:
        return make_quantity(s, entry, a, row);
    case INDEX_REFERENCE:
        row->kind = ROW_REFERENCE;
        row->name = arena_alloc(a, sizeof *row->name);
        if (!row->name) {
            return ERR_MEMORY;
        }
        name_make(&s->hasher, entry->target, entry->value, row->name);
        return 0;
    case INDEX_BYTES:
        break;
    }
    return 0;
}

/* --- facets -------------------------------------------------------------------------------- */

static int ready_facets(struct row *row, uint64_t number, struct arena *a)
{
    char *p = arena_alloc(a, FACET_VALUE_SIZE);
    if (!p) {
        return ERR_MEMORY;
    }
    row->value = facet_value(number, p);
    row->kind = ROW_READY;
    return 0;
}

/*
 * One row for all of them when their combination is known; else also the rows that stand for them
 * should it get no number. A resource with none, or too many, has no combination, which the row
 * without a term says.
 */
static int make_facets(struct store *s, fhir_type type, const struct index_entry *entries,
                       size_t count, struct arena *a, struct row *rows, size_t *row_count)
{
    struct row *row = &rows[*row_count];
    uint64_t number = 0;
    int rc = 0;
    if (count > 0 && count <= FACET_ENTRIES_MAX) {
        *row =
            (struct row){.param = own_param(type, INDEX_FACETS), .kind = ROW_FACETS, .dated = true};
        row->system = facet_term(type, entries, count, a);
        number = row->system.p ? terms_cached(&s->terms, row->system) : 0;
        rc = !row->system.p ? ERR_MEMORY : number ? ready_facets(row, number, a) : 0;
    } else {
        *row = (struct row){.param = own_param(type, INDEX_FACETS), .kind = ROW_FACETS};
    }
    ++*row_count;
    for (size_t i = 0; i < count && !number && !rc; i++) {
        /* Facets are the standard's own. */
        const struct search_param *p = search_param_by_number(NULL, entries[i].param);
        struct row *to = &rows[(*row_count)++];
        rc = make_row(s, &entries[i], p && p->dated, a, to);
        to->single = true;
    }
    return rc;
}

/* --- all of a resource --------------------------------------------------------------------- */

/* Rows of all entries but facets, which are gathered. */
static int make_entries(struct store *s, const struct index *index, struct arena *a,
                        struct row *rows, size_t *row_count, struct index_entry *facets,
                        size_t *facet_count)
{
    const struct search_param *p = NULL;
    for (size_t i = 0; i < index->count; i++) {
        const struct index_entry *entry = &index->entries[i];
        if (!p || p->number != entry->param) {
            p = search_param_by_number(NULL,
                                       entry->param); /* added ones are neither facet nor dated */
        }
        if (p && p->facet) {
            facets[(*facet_count)++] = *entry;
            continue;
        }
        int rc = make_row(s, entry, p && p->dated, a, &rows[(*row_count)++]);
        if (rc) {
            return rc;
        }
    }
    return 0;
}

int rows_make(struct store *s, fhir_type type, const struct index *index, struct arena *a,
              struct row **ret_rows, size_t *ret_count)
{
    struct row *rows = arena_alloc(a, (index->count + index->member_count + 2) * sizeof *rows);
    struct index_entry *facets = arena_alloc(a, (index->count + 1) * sizeof *facets);
    size_t count = 0;
    size_t facet_count = 0;
    if (!rows || !facets) {
        return ERR_MEMORY;
    }
    int rc = make_entries(s, index, a, rows, &count, facets, &facet_count);
    rc = rc ? rc : make_facets(s, type, facets, facet_count, a, rows, &count);
    for (size_t i = 0; i < index->member_count && !rc; i++) {
        struct row *row = &rows[count++];
        *row = (struct row){.param = own_param(type, INDEX_MEMBER), .kind = ROW_MEMBER};
        row->name = arena_alloc(a, sizeof *row->name);
        if (!row->name) {
            return ERR_MEMORY;
        }
        name_make(&s->hasher, FHIR_PATIENT, index->members[i], row->name);
    }
    *ret_rows = rows;
    *ret_count = count;
    return rc;
}

/* --- completing ---------------------------------------------------------------------------- */

int row_complete(struct row *row, uint64_t number, struct arena *a)
{
    int rc = 0;
    char *p;
    switch ((enum row_kind)row->kind) {
    case ROW_SYSTEM:
        row->value = coded_value(row, number, a);
        break;
    case ROW_UNIT:
        row->value = unit_value(number - TERM_UNITS, row->value, a);
        break;
    case ROW_FACETS:
        rc = ready_facets(row, number, a);
        break;
    case ROW_REFERENCE:
    case ROW_MEMBER:
        p = arena_alloc(a, 8);
        if (p) {
            put_be64(p, number);
        }
        row->value = text_make(p, p ? 8 : 0);
        break;
    case ROW_READY:
    case ROW_DROPPED:
        return 0;
    }
    row->kind = ROW_READY;
    return rc || row->value.p ? rc : ERR_MEMORY;
}

static int look_up_name(struct db *db, const struct row *row, uint64_t *ret_number)
{
    struct found found;
    int rc = name_find(db, row->name, false, &found);
    if (!rc && found.known) {
        *ret_number = row->kind == ROW_MEMBER ? rid_compartment(found.row.rid) : found.hash;
    }
    db_name_done(db);
    return rc ? rc : found.known ? 0 : DB_END;
}

int rows_look_up(struct store *s, struct db *db, struct row *rows, size_t count, struct arena *a)
{
    bool together = false;
    for (size_t i = 0; i < count; i++) {
        struct row *row = &rows[i];
        uint64_t number = 0;
        int rc = 0;
        if (row->single && together) {
            row->kind = ROW_DROPPED;
        }
        if (row->kind == ROW_READY || row->kind == ROW_DROPPED) {
            continue;
        }
        if (row->kind == ROW_REFERENCE || row->kind == ROW_MEMBER) {
            rc = look_up_name(db, row, &number);
        } else {
            rc = row->system.n ? terms_number(s, db, row->system, &number) : DB_END;
        }
        if (rc && rc != DB_END) {
            return rc;
        }
        bool facets = row->kind == ROW_FACETS;
        if (facets) {
            together = rc == 0;
        }
        if (rc == DB_END) {
            row->kind = facets ? ROW_DROPPED : ROW_READY;
            row->value = (text){0};
            continue;
        }
        rc = row_complete(row, number, a);
        if (rc) {
            return rc;
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
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        if (rows[i].kind != ROW_DROPPED) {
            rows[used++] = rows[i];
        }
    }
    qsort(rows, used, sizeof *rows, compare_rows);
    size_t kept = 0;
    for (size_t i = 0; i < used; i++) {
        if (kept == 0 || compare_rows(&rows[kept - 1], &rows[i]) != 0) {
            rows[kept++] = rows[i];
        }
    }
    return kept;
}

/* --- stored versions ----------------------------------------------------------------------- */

int stored_resource(const struct store *s, fhir_type type, text id, text packed, struct arena *a,
                    struct resource *ret_resource, struct err *e)
{
    struct resource_head head = {.type = type, .id = id, .version = 1};
    struct buf printed;
    buf_init(&printed, packed.n * 2 + 4096);
    struct resource r = {.type = type, .id = id};
    int rc = resource_print(&head, packed, &printed, e);
    rc = rc ? rc : json_read(buf_text(&printed), s->limits.json_depth + 8, a, &r.root, e);
    buf_done(&printed);
    if (!rc) {
        r.meta = json_get(r.root, T("meta"));
        *ret_resource = r;
    }
    return rc;
}

int stored_index(const struct store *s, fhir_type type, text id, text packed, struct arena *a,
                 struct index *ret_index, struct err *e)
{
    struct resource r;
    int rc = stored_resource(s, type, id, packed, a, &r, e);
    if (!rc) {
        struct index_rules rules = store_rules(s);
        rc = index_extract(&r, &rules, a, ret_index);
        rc = rc ? err_set(e, rc, "the index of a stored resource cannot be derived") : 0;
    }
    return rc;
}
