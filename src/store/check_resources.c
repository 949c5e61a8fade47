/* store_check(): every current version, and the older ones behind it. */
#include "store/checker.h"

#include <stdlib.h>

int check_derive(struct checker *c, const struct db_resource *row, bool report,
                 struct derived *ret_derived)
{
    char shown[ID_TEXT_SIZE];
    struct err e = {0};
    text packed;
    fhir_type type = rid_type(row->rid);
    struct derived *d = ret_derived;
    text stored = arena_copy(&c->arena, row->id);
    text id = arena_copy(&c->arena, id_show(stored, shown));
    int rc = stored_body(c->s, c->db, c->v->tools, row->body, &c->arena, &packed, &e);
    rc = rc ? rc : stored_resource(c->s, type, id, packed, &c->arena, &d->resource, &e);
    rc = rc ? rc : index_extract(&d->resource, &c->v->rules, &c->arena, &d->index);
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
    rc = rows_make(c->s, type, &d->index, &c->arena, &d->rows, &d->count);
    rc = rc ? rc : rows_look_up(c->s, c->db, d->rows, d->count, &c->arena);
    if (!rc) {
        d->count = rows_sort(d->rows, d->count);
    }
    return rc;
}

static void check_list(struct checker *c, const struct db_resource *row, enum index_own own,
                       uint64_t t, uint64_t rid)
{
    char value[8];
    int64_t when = INDEX_WHEN_NONE;
    put_be64(value, t);
    c->index_rows++;
    if (db_index_find(c->db, own_param(rid_type(rid), own), text_make(value, 8), rid, &when) ||
        when != INDEX_WHEN_NONE) {
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

static void check_row(struct checker *c, const struct db_resource *row, const struct derived *d,
                      size_t i)
{
    const struct row *entry = &d->rows[i];
    fhir_type type = rid_type(row->rid);
    int64_t when = INDEX_WHEN_NONE;
    bool lacks =
        !entry->value.p || db_index_find(c->db, entry->param, entry->value, row->rid, &when) != 0;
    if (lacks && check_may_lack(c, entry->param, row->rid)) {
        return;
    }
    c->index_rows++;
    if (!entry->value.p) {
        check_report(c, "I11", "%.*s: parameter %u needs a name, system or unit that is unknown",
                     TEXT_ARG(check_label(c, type, row->id)), entry->param);
    } else if (lacks) {
        check_report(c, "I7", "%.*s lacks an entry of parameter %u",
                     TEXT_ARG(check_label(c, type, row->id)), entry->param);
    } else if (when != check_when(d, i)) {
        check_report(c, "I7", "%.*s: an entry of parameter %u has another date than its data",
                     TEXT_ARG(check_label(c, type, row->id)), entry->param);
    }
}

/* Searches rely on the type's mark: without it, each resource has a combination. */
static int check_mark(struct checker *c, const struct db_resource *row, const struct derived *d)
{
    fhir_type type = rid_type(row->rid);
    const struct facet *facets = NULL;
    size_t count = 0;
    bool single = false;
    for (size_t i = 0; i < d->count; i++) {
        if (d->rows[i].param == own_param(type, INDEX_FACETS)) {
            return 0;
        }
    }
    int rc = facets_of(c->s, c->db, type, &facets, &count, &single);
    if (!rc && !single) {
        check_report(c, "I7", "%.*s has no facets, which its type is not marked for",
                     TEXT_ARG(check_label(c, type, row->id)));
    }
    return rc;
}

static int check_index(struct checker *c, const struct db_resource *row,
                       struct check_version *version)
{
    struct derived d = {0};
    int rc = check_derive(c, row, true, &d);
    if (rc) {
        version->t = rc == DB_END ? UINT64_MAX : version->t; /* its words are not known */
        return rc == DB_END ? 0 : rc;
    }
    for (size_t i = 0; i < d.count; i++) {
        check_row(c, row, &d, i);
    }
    if (row->when != d.index.when) {
        check_report(c, "I7", "%.*s is kept with another date than its data give",
                     TEXT_ARG(check_label(c, rid_type(row->rid), row->id)));
    }
    rc = check_mark(c, row, &d);
    rc = rc ? rc : check_displays(c, row, &d);
    rc = rc ? rc : check_words(c, &d, version);
    return rc ? rc : check_home(c, row, &d.index);
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

static int check_time(struct checker *c, const struct db_resource *row,
                      struct check_version **ret_version)
{
    struct db_resource old;
    struct check_version *versions = arena_grow(&c->versions_arena, c->versions, c->version_count,
                                                &c->version_capacity, sizeof *versions);
    if (!versions) {
        return ERR_MEMORY;
    }
    c->versions = versions;
    *ret_version = &versions[c->version_count++];
    **ret_version = (struct check_version){.t = row->t, .rid = row->rid};
    int rc = db_history_find(c->db, row->t, &old);
    db_history_done(c->db);
    if (!rc) {
        check_report(c, "I5", "two versions have t %llu", (unsigned long long)row->t);
    }
    return rc == DB_END ? 0 : rc;
}

static int check_one(struct checker *c, const struct db_resource *row)
{
    struct check_version *version = NULL;
    arena_reset(&c->arena);
    c->resources++;
    check_key(c, row);
    check_list(c, row, row->deleted ? INDEX_SUPERSEDED : INDEX_LAST_UPDATED, row->t, row->rid);
    int rc = check_own_name(c, row);
    rc = rc ? rc : check_time(c, row, &version);
    rc = rc || row->deleted ? rc : check_index(c, row, version);
    rc = rc ? rc : check_versions(c, row);
    rc = rc ? rc : check_policy(c, row);
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
