/* What the walker reads for one piece. What it finds is a suspicion until the writer has seen that
 * it still holds. */
#include "store/params.h"

#include <stdlib.h>

enum { OTHERS_MAX = 16, STEPS_A_RESOURCE = 8 };

/* --- resources in order of key ------------------------------------------------------------- */

/* Current versions of a type (0: all), from a key on. */
struct resources {
    struct walk_reader *r;
    fhir_type type;
    struct db_cursor *cursor;
    unsigned others; /* rows of other types in a row */
    size_t steps;
    size_t steps_max;
    uint64_t at; /* the last key that was looked at */
};

static int resources_open(struct resources *rs, uint64_t from)
{
    db_cursor_close(rs->cursor);
    rs->cursor = NULL;
    rs->others = 0;
    return db_resource_open(rs->r->db, from, RID_LAST, true, &rs->cursor);
}

/* The first key of the type behind a key of another type. */
static uint64_t next_of_type(uint64_t rid, fhir_type type)
{
    uint64_t compartment = rid_compartment(rid);
    return rid_make(rid_type(rid) < type ? compartment : compartment + 1, type, 0);
}

/* *ret_found false: enough for one piece. DB_END: that was all. */
static int resources_next(struct resources *rs, struct db_resource *ret_row, bool *ret_found)
{
    *ret_found = false;
    while (rs->steps++ < rs->steps_max) {
        int rc = db_resource_next(rs->cursor, ret_row);
        if (rc) {
            return rc;
        }
        rs->at = ret_row->rid;
        if (rs->type == 0 || rid_type(ret_row->rid) == rs->type) {
            rs->others = 0;
            *ret_found = true;
            return 0;
        }
        if (++rs->others == OTHERS_MAX) {
            rs->at = next_of_type(ret_row->rid, rs->type) - 1;
            rc = resources_open(rs, rs->at + 1);
            if (rc) {
                return rc;
            }
        }
    }
    return 0;
}

/* Of a body that is damaged there is nothing: store_check() tells. DB_END stands for that. */
static int read_resource(struct walk_reader *r, const struct db_resource *row,
                         struct resource *ret_resource)
{
    char shown[ID_TEXT_SIZE];
    struct err e;
    text packed;
    int rc = stored_body(r->s, r->db, r->tools, row->body, &r->scratch, &packed, &e);
    text id = arena_copy(&r->scratch, id_show(row->id, shown));
    rc = rc ? rc : id.p ? 0 : ERR_MEMORY;
    rc = rc ? rc
            : stored_resource(r->s, rid_type(row->rid), id, packed, &r->scratch, ret_resource, &e);
    return rc && rc != ERR_MEMORY ? DB_END : rc;
}

static struct piece_item *new_item(struct piece *p, const struct db_resource *row)
{
    struct piece_item *item = &p->items[p->item_count++];
    *item = (struct piece_item){.rid = row->rid, .t = row->t};
    return item;
}

/* --- BUILD --------------------------------------------------------------------------------- */

static bool copy_text(struct arena *a, text *t)
{
    *t = t->n ? arena_copy(a, *t) : T("");
    return t->p != NULL;
}

/* Out of the scratch arena. */
static int copy_index(struct arena *a, struct index *index)
{
    struct index_entry *entries = arena_alloc(a, (index->count + 1) * sizeof *entries);
    struct index_display *displays = arena_alloc(a, (index->display_count + 1) * sizeof *displays);
    bool good = entries && displays;
    for (size_t i = 0; i < index->count && good; i++) {
        entries[i] = index->entries[i];
        good = copy_text(a, &entries[i].value) && copy_text(a, &entries[i].system);
    }
    for (size_t i = 0; i < index->display_count && good; i++) {
        displays[i] = index->displays[i];
        good = copy_text(a, &displays[i].words) && copy_text(a, &displays[i].code) &&
               copy_text(a, &displays[i].system);
    }
    index->entries = entries;
    index->displays = displays;
    return good ? 0 : ERR_MEMORY;
}

static int build_item(struct walk_reader *r, const struct index_rules *rules,
                      const struct search_param *param, const struct db_resource *row,
                      struct piece *p)
{
    struct resource resource;
    struct index index;
    arena_reset(&r->scratch);
    int rc = read_resource(r, row, &resource);
    rc = rc ? rc : index_extract_added(&resource, rules, param, &r->scratch, &index);
    if (rc || (index.count == 0 && index.display_count == 0)) {
        return rc == DB_END ? 0 : rc;
    }
    struct piece_item *item = new_item(p, row);
    rc = copy_index(&p->arena, &index);
    rc = rc ? rc
            : rows_make(r->s, rid_type(row->rid), &index, &p->arena, &item->rows, &item->row_count);
    return rc ? rc : shown_make(r->s, &index, &p->arena, &item->shown, &item->shown_count);
}

/* Calls `take` with each current version, until the piece is full. */
static int each_resource(struct walk_reader *r, fhir_type type, size_t most, struct piece *p,
                         int (*take)(void *context, const struct db_resource *row), void *context)
{
    struct resources rs = {.r = r, .type = type, .at = p->from};
    struct db_resource row;
    bool found = true;
    rs.steps_max = most * STEPS_A_RESOURCE;
    p->items = arena_zalloc(&p->arena, most, sizeof *p->items);
    int rc = p->items ? resources_open(&rs, p->from + 1) : ERR_MEMORY;
    while (!rc && p->looked < most && !(rc = resources_next(&rs, &row, &found)) && found) {
        p->looked++;
        rc = take(context, &row);
    }
    db_cursor_close(rs.cursor);
    p->end = rc == DB_END;
    p->done = p->end ? RID_LAST : rs.at;
    return rc == DB_END ? 0 : rc;
}

struct building {
    struct walk_reader *r;
    const struct search_param *param;
    struct index_rules rules;
    struct piece *piece;
};

static int take_for_param(void *context, const struct db_resource *row)
{
    struct building *b = context;
    return row->deleted ? 0 : build_item(b->r, &b->rules, b->param, row, b->piece);
}

int walk_build(struct walk_reader *r, const struct search_param *param, size_t most,
               struct piece *p)
{
    struct building b = {r, param, store_rules(r->s), p};
    return each_resource(r, (fhir_type)(param->number >> 8), most, p, take_for_param, &b);
}

/* --- REMOVE -------------------------------------------------------------------------------- */

static int add_entry(struct piece *p, uint16_t param, const struct db_entry *entry)
{
    struct piece_entry *to = &p->entries[p->entry_count++];
    *to = (struct piece_entry){param, arena_copy(&p->arena, entry->value), entry->rid};
    return to->value.p ? 0 : ERR_MEMORY;
}

int walk_remove(struct walk_reader *r, size_t most, struct piece *p)
{
    struct db_range range = {.param = p->number, .low = T("")};
    struct db_cursor *c = NULL;
    struct db_entry entry;
    p->entries = arena_zalloc(&p->arena, most, sizeof *p->entries);
    int rc = p->entries ? db_index_open(r->db, &range, &c) : ERR_MEMORY;
    while (!rc && p->entry_count < most && !(rc = db_index_next(c, &entry))) {
        rc = add_entry(p, p->number, &entry);
    }
    db_cursor_close(c);
    p->end = rc == DB_END;
    p->looked = p->entry_count;
    return rc == DB_END ? 0 : rc;
}

/* --- $reindex: resources ------------------------------------------------------------------- */

struct whole {
    struct index index;
    struct row *rows;
    size_t count;
};

static int derive(struct walk_reader *r, const struct index_rules *rules,
                  const struct db_resource *row, struct whole *w)
{
    struct resource resource;
    int rc = read_resource(r, row, &resource);
    rc = rc ? rc : index_extract(&resource, rules, &r->scratch, &w->index);
    rc = rc ? rc : rows_make(r->s, rid_type(row->rid), &w->index, &r->scratch, &w->rows, &w->count);
    rc = rc ? rc : rows_look_up(r->s, r->db, w->rows, w->count, &r->scratch);
    if (!rc) {
        w->count = rows_sort(w->rows, w->count);
    }
    return rc;
}

static int lacks(struct walk_reader *r, uint16_t param, text value, uint64_t rid, int64_t when,
                 bool *ret_wrong)
{
    int64_t there = INDEX_WHEN_NONE;
    int rc = value.p ? db_index_find(r->db, param, value, rid, &there) : DB_END;
    *ret_wrong = *ret_wrong || rc == DB_END || there != when;
    return rc == DB_END ? 0 : rc;
}

static int lacks_display(struct walk_reader *r, const struct index *index, bool *ret_wrong)
{
    int rc = 0;
    for (size_t i = 0; i < index->display_count && !rc && !*ret_wrong; i++) {
        const struct index_display *d = &index->displays[i];
        uint64_t system = 0;
        rc = d->system.n ? system_number(r->s, r->db, d->system, &system) : 0;
        text token = rc ? (text){0} : token_value(d->code, system, &r->scratch);
        rc = rc ? rc : token.p ? db_display_has(r->db, d->words, token) : ERR_MEMORY;
        *ret_wrong = rc == DB_END;
        rc = rc == DB_END ? 0 : rc;
    }
    return rc;
}

/* Not counted: those that are being built. */
static bool is_building(const struct index_rules *rules, uint16_t number)
{
    size_t count;
    const struct search_custom *const *items =
        search_customs_of(rules->customs, (fhir_type)(number >> 8), &count);
    for (size_t i = 0; i < count; i++) {
        if (items[i]->param.number == number) {
            return !items[i]->usable;
        }
    }
    return false;
}

static int is_wrong(struct walk_reader *r, const struct index_rules *rules,
                    const struct db_resource *row, bool *ret_wrong)
{
    struct whole w = {0};
    char value[8];
    put_be64(value, row->t);
    int rc = lacks(
        r, own_param(rid_type(row->rid), row->deleted ? INDEX_SUPERSEDED : INDEX_LAST_UPDATED),
        text_make(value, 8), row->rid, INDEX_WHEN_NONE, ret_wrong);
    if (rc || row->deleted || *ret_wrong) {
        return rc;
    }
    rc = derive(r, rules, row, &w);
    if (rc) {
        return rc == DB_END ? 0 : rc;
    }
    *ret_wrong = row->when != w.index.when;
    for (size_t i = 0; i < w.count && !rc && !*ret_wrong; i++) {
        if (!is_building(rules, w.rows[i].param)) {
            rc = lacks(r, w.rows[i].param, w.rows[i].value, row->rid,
                       w.rows[i].dated ? w.index.when : INDEX_WHEN_NONE, ret_wrong);
        }
    }
    return rc || *ret_wrong ? rc : lacks_display(r, &w.index, ret_wrong);
}

/* Of the key, and of those that the resource had before. */
static int wrong_facts(struct walk_reader *r, const struct db_resource *row, bool *ret_wrong)
{
    struct db_cursor *c = NULL;
    struct db_policy ignored;
    struct err e;
    char shown[ID_TEXT_SIZE];
    uint64_t old_rid = 0;
    bool right = true;
    text id = arena_copy(&r->scratch, id_show(row->id, shown));
    int code = id.p ? facts_right(r->s, r->db, r->tools, row->rid, row, id, &r->scratch, &ignored,
                                  &right, &e)
                    : ERR_MEMORY;
    int rc = code ? 0 : db_moved_open(r->db, row->rid, &c);
    while (!rc && !code && right && !(rc = db_moved_next(c, &old_rid))) {
        code = facts_right(r->s, r->db, r->tools, old_rid, NULL, id, &r->scratch, &ignored, &right,
                           &e);
    }
    db_cursor_close(c);
    *ret_wrong = *ret_wrong || !right;
    return code ? code : rc == DB_END ? 0 : rc;
}

static int take_for_reindex(void *context, const struct db_resource *row)
{
    struct building *b = context;
    bool wrong = false;
    arena_reset(&b->r->scratch);
    int rc = is_wrong(b->r, &b->rules, row, &wrong);
    rc = rc || wrong ? rc : wrong_facts(b->r, row, &wrong);
    if (!rc && wrong) {
        (void)new_item(b->piece, row);
    }
    return rc;
}

int walk_resources(struct walk_reader *r, fhir_type type, size_t most, struct piece *p)
{
    struct building b = {r, NULL, store_rules(r->s), p};
    return each_resource(r, type, most, p, take_for_reindex, &b);
}

/* --- $reindex: entries --------------------------------------------------------------------- */

static int compare_rids(const void *x, const void *y)
{
    const struct piece_entry *a = x;
    const struct piece_entry *b = y;
    return a->rid < b->rid ? -1 : a->rid > b->rid;
}

/* The entries of a piece in their order, from the place on. */
static int gather(struct walk_reader *r, fhir_type type, size_t most, struct walk_place *place,
                  struct piece *p)
{
    unsigned last = type ? (unsigned)type << 8 | 0xFFU : fhir_type_count() << 8;
    unsigned param = place->inside ? place->param : (unsigned)p->from;
    int rc = 0;
    p->done = param;
    while (!rc && p->entry_count < most && param <= last) {
        struct db_cursor *c = NULL;
        struct db_entry entry;
        struct db_range range = {.param = (uint16_t)param};
        if (place->inside) {
            range.low = text_make(place->bytes, place->n);
            range.rid_from = place->rid + 1;
        }
        rc = (param & 0xFF) == INDEX_SUPERSEDED ? DB_END : db_index_open(r->db, &range, &c);
        while (!rc && p->entry_count < most && !(rc = db_index_next(c, &entry))) {
            rc = add_entry(p, (uint16_t)param, &entry);
        }
        db_cursor_close(c);
        p->done = param;
        if (rc == DB_END) {
            place->inside = false;
            rc = 0;
            p->done = ++param;
        }
    }
    p->end = param > last;
    p->looked = p->entry_count;
    return rc;
}

static void remember(struct walk_place *place, const struct piece *p)
{
    if (p->entry_count == 0 || p->end || p->entries[p->entry_count - 1].param != p->done) {
        place->inside = false;
        return;
    }
    const struct piece_entry *e = &p->entries[p->entry_count - 1];
    place->param = e->param;
    place->n = e->value.n < sizeof place->bytes ? e->value.n : sizeof place->bytes;
    memcpy(place->bytes, e->value.p, place->n);
    place->rid = e->rid;
    place->inside = true;
}

static bool has(const struct whole *w, const struct piece_entry *entry)
{
    for (size_t i = 0; i < w->count; i++) {
        if (w->rows[i].param == entry->param && text_eq(w->rows[i].value, entry->value)) {
            return true;
        }
    }
    return false;
}

/* Of the entries of one key, those that its current version does not give are kept. */
static int keep_stale(struct walk_reader *r, const struct index_rules *rules,
                      const struct piece_entry *entries, size_t count, struct piece *p)
{
    struct db_resource row;
    struct whole w = {0};
    arena_reset(&r->scratch);
    int rc = db_resource_find(r->db, entries[0].rid, &row);
    bool exists = rc == 0 && !row.deleted;
    uint64_t t = exists ? row.t : 0;
    bool derived = false;
    for (size_t i = 0; i < count && (!rc || rc == DB_END); i++) {
        const struct piece_entry *e = &entries[i];
        bool good = false;
        if (exists && (e->param & 0xFF) == INDEX_LAST_UPDATED) {
            good =
                e->value.n == 8 && get_be64(e->value.p) == t && e->param >> 8 == rid_type(e->rid);
        } else if (exists) {
            rc = derived ? 0 : derive(r, rules, &row, &w);
            derived = true;
            good = has(&w, e);
        }
        if (!good) {
            p->entries[p->entry_count++] = *e;
        }
    }
    db_resource_done(r->db);
    return rc == DB_END ? 0 : rc;
}

int walk_entries(struct walk_reader *r, fhir_type type, size_t most, struct walk_place *place,
                 struct piece *p)
{
    struct index_rules rules = store_rules(r->s);
    p->entries = arena_zalloc(&p->arena, most, sizeof *p->entries);
    struct piece_entry *all = arena_zalloc(&p->arena, most, sizeof *all);
    int rc = p->entries && all ? gather(r, type, most, place, p) : ERR_MEMORY;
    if (rc) {
        return rc;
    }
    remember(place, p);
    size_t count = p->entry_count;
    memcpy(all, p->entries, count * sizeof *all);
    qsort(all, count, sizeof *all, compare_rids);
    p->entry_count = 0;
    for (size_t i = 0, end; i < count && !rc; i = end) {
        end = i + 1;
        while (end < count && all[end].rid == all[i].rid) {
            end++;
        }
        rc = keep_stale(r, &rules, &all[i], end - i, p);
    }
    return rc;
}
