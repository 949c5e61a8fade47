/* store_check(): every current version, and the older ones behind it. */
#include "store/checker.h"

#include <stdlib.h>

int check_derive(struct checker *c, const struct db_resource *row, bool report,
                 struct row **ret_rows, size_t *ret_count, struct index *ret_index)
{
    char shown[ID_TEXT_SIZE];
    struct err e = {0};
    text packed;
    fhir_type type = rid_type(row->rid);
    text stored = arena_copy(&c->arena, row->id);
    text id = arena_copy(&c->arena, id_show(stored, shown));
    int rc = stored_body(c->s, c->db, c->v->tools, row->body, &c->arena, &packed, &e);
    rc = rc ? rc : stored_index(c->s, type, id, packed, &c->arena, ret_index, &e);
    if (rc == ERR_MEMORY) {
        return rc;
    }
    if (rc) {
        if (report) {
            check_report(c, "I6", "%.*s cannot be read: %s", TEXT_ARG(check_label(c, type, stored)),
                         err_text(&e));
        }
        return DB_END;
    }
    rc = rows_make(c->s, type, ret_index, &c->arena, ret_rows, ret_count);
    rc = rc ? rc : rows_look_up(c->s, c->db, *ret_rows, *ret_count, &c->arena);
    if (!rc) {
        *ret_count = rows_sort(*ret_rows, *ret_count);
    }
    return rc;
}

static void check_list(struct checker *c, const struct db_resource *row, enum index_own own,
                       uint64_t t, uint64_t rid)
{
    char value[8];
    put_be64(value, t);
    c->index_rows++;
    if (db_index_has(c->db, own_param(rid_type(rid), own), text_make(value, 8), rid)) {
        check_report(c, "I8", "%.*s: version at t %llu is not in its list",
                     TEXT_ARG(check_label(c, rid_type(rid), row->id)), (unsigned long long)t);
    }
}

static void check_key(struct checker *c, const struct db_resource *row)
{
    uint64_t compartment = rid_compartment(row->rid);
    fhir_type type = rid_type(row->rid);
    bool in_patient = fhir_type_in_patient_compartment(type) || type == FHIR_PATIENT;
    bool good = type != 0 && type < fhir_type_count() && row->id.n && row->vid > 0;
    if (type == FHIR_PATIENT) {
        good &= compartment >= COMPARTMENT_PATIENTS && (row->rid & (SERIAL_COUNT - 1)) == 0;
    } else if (!in_patient) {
        good &= compartment_class(compartment) == COMPARTMENT_SHARED ||
                compartment >= COMPARTMENT_PATIENTS;
    } else {
        good &= compartment >= COMPARTMENT_UNATTRIBUTED;
    }
    if (!good) {
        check_report(c, "I2", "key %llu is not one that the store would give",
                     (unsigned long long)row->rid);
    }
    if (compartment >= COMPARTMENT_PATIENTS && compartment >= c->next_compartment) {
        check_report(c, "I12", "compartment %llu is in use but counts as free",
                     (unsigned long long)compartment);
    }
}

static int check_own_name(struct checker *c, const struct db_resource *row)
{
    struct name n;
    struct found found;
    char shown[ID_TEXT_SIZE];
    name_make(&c->s->hasher, rid_type(row->rid), id_show(row->id, shown), &n);
    int rc = name_find(c->db, &n, false, &found);
    if (!rc && (!found.known || found.row.rid != row->rid)) {
        check_report(c, "I3", "%.*s cannot be found by its name",
                     TEXT_ARG(check_label(c, rid_type(row->rid), row->id)));
    }
    db_name_done(c->db);
    return rc;
}

static int check_home(struct checker *c, const struct db_resource *row, const struct index *index)
{
    fhir_type type = rid_type(row->rid);
    uint64_t compartment = rid_compartment(row->rid);
    uint64_t home =
        fhir_type_in_patient_compartment(type) ? COMPARTMENT_UNATTRIBUTED : COMPARTMENT_SHARED;
    int rc = 0;
    if (type == FHIR_PATIENT) {
        home = compartment;
    } else if (index->home.n) {
        rc = patient_compartment(c->s, c->db, index->home, &home);
    }
    if (rc == DB_END || (!rc && compartment_class(home) != compartment_class(compartment))) {
        check_report(c, "I9", "%.*s is not in the compartment of its patient",
                     TEXT_ARG(check_label(c, type, row->id)));
    }
    return rc == DB_END ? 0 : rc;
}

static int check_index(struct checker *c, const struct db_resource *row)
{
    struct index index = {0};
    struct row *rows = NULL;
    size_t count = 0;
    int rc = check_derive(c, row, true, &rows, &count, &index);
    if (rc) {
        return rc == DB_END ? 0 : rc;
    }
    for (size_t i = 0; i < count; i++) {
        c->index_rows++;
        if (!rows[i].value.p) {
            check_report(c, "I11", "%.*s: parameter %u points to a name or system that is unknown",
                         TEXT_ARG(check_label(c, rid_type(row->rid), row->id)), rows[i].param);
        } else if (db_index_has(c->db, rows[i].param, rows[i].value, row->rid)) {
            check_report(c, "I7", "%.*s lacks an entry of parameter %u",
                         TEXT_ARG(check_label(c, rid_type(row->rid), row->id)), rows[i].param);
        }
    }
    return check_home(c, row, &index);
}

/* --- older versions ------------------------------------------------------------------------ */

struct older {
    uint64_t vid;
    uint64_t t;
};

struct chain {
    struct older *items;
    size_t count;
    size_t capacity;
};

static int add_older(struct checker *c, const struct db_resource *row, uint64_t rid,
                     struct chain *chain)
{
    struct db_cursor *cursor = NULL;
    struct db_resource old;
    int rc = db_history_open(c->db, rid, true, &cursor);
    while (!rc && !(rc = db_history_next(cursor, &old))) {
        struct older *items =
            arena_grow(&c->arena, chain->items, chain->count, &chain->capacity, sizeof *items);
        text packed;
        if (!items) {
            rc = ERR_MEMORY;
            break;
        }
        chain->items = items;
        chain->items[chain->count++] = (struct older){old.vid, old.t};
        check_list(c, row, INDEX_SUPERSEDED, old.t, rid);
        struct arena_mark mark = arena_mark(&c->arena);
        if (!old.deleted &&
            stored_body(c->s, c->db, c->v->tools, old.body, &c->arena, &packed, NULL)) {
            check_report(c, "I6", "version %llu of %.*s cannot be read",
                         (unsigned long long)old.vid,
                         TEXT_ARG(check_label(c, rid_type(rid), row->id)));
        }
        arena_rewind(&c->arena, mark);
    }
    db_cursor_close(cursor);
    return rc == DB_END ? 0 : rc;
}

static int newest_first(const void *x, const void *y)
{
    const struct older *a = x;
    const struct older *b = y;
    return a->vid > b->vid ? -1 : a->vid < b->vid;
}

static int check_versions(struct checker *c, const struct db_resource *row)
{
    struct chain chain = {0};
    struct db_cursor *cursor = NULL;
    uint64_t old_rid = 0;
    int rc = add_older(c, row, row->rid, &chain);
    rc = rc ? rc : db_moved_open(c->db, row->rid, &cursor);
    while (!rc && !(rc = db_moved_next(cursor, &old_rid))) {
        rc = add_older(c, row, old_rid, &chain);
    }
    db_cursor_close(cursor);
    if (rc && rc != DB_END) {
        return rc;
    }
    c->history_rows += chain.count;
    if (chain.count) {
        qsort(chain.items, chain.count, sizeof *chain.items, newest_first);
    }
    bool good = chain.count + 1 == row->vid;
    struct older next = {row->vid, row->t};
    for (size_t i = 0; i < chain.count; i++) {
        good &= chain.items[i].vid + 1 == next.vid && chain.items[i].t < next.t;
        next = chain.items[i];
    }
    if (!good) {
        check_report(c, "I4", "%.*s: its versions are not 1 to %llu in order of time",
                     TEXT_ARG(check_label(c, rid_type(row->rid), row->id)),
                     (unsigned long long)row->vid);
    }
    return 0;
}

static int check_time(struct checker *c, const struct db_resource *row)
{
    struct db_resource old;
    uint64_t *times =
        arena_grow(&c->times_arena, c->times, c->time_count, &c->time_capacity, sizeof *times);
    if (!times) {
        return ERR_MEMORY;
    }
    c->times = times;
    c->times[c->time_count++] = row->t;
    int rc = db_history_find(c->db, row->t, &old);
    db_history_done(c->db);
    if (!rc) {
        check_report(c, "I5", "two versions have t %llu", (unsigned long long)row->t);
    }
    return rc == DB_END ? 0 : rc;
}

static int check_one(struct checker *c, const struct db_resource *row)
{
    arena_reset(&c->arena);
    c->resources++;
    check_key(c, row);
    check_list(c, row, row->deleted ? INDEX_SUPERSEDED : INDEX_LAST_UPDATED, row->t, row->rid);
    int rc = check_own_name(c, row);
    rc = rc ? rc : check_time(c, row);
    rc = rc || row->deleted ? rc : check_index(c, row);
    rc = rc ? rc : check_versions(c, row);
    if (c->done++ % 1024 == 0 && c->to && c->to->progress) {
        c->to->progress(c->to->context, c->done, c->all);
    }
    return rc;
}

int check_resources(struct checker *c)
{
    struct db_cursor *cursor = NULL;
    struct db_resource row;
    int rc = db_resource_open(c->db, 0, RID_LAST, true, &cursor);
    while (!rc && !(rc = db_resource_next(cursor, &row))) {
        rc = check_one(c, &row);
    }
    db_cursor_close(cursor);
    return rc == DB_END ? 0 : rc;
}
