/* Reading by name. */
#include "store/inner.h"

#include "base/metrics.h"
#include "policy/touched.h"

int stored_body(struct store *s, struct db *db, struct body_tools *tools, text body,
                struct arena *a, text *ret_packed, struct err *e)
{
    int rc = body_unpack(s->bodies, tools, body, a, ret_packed);
    uint32_t number = rc == ERR_NOT_FOUND ? body_dictionary(body) : 0;
    if (number) {
        text bytes;
        rc = db_dictionary_find(db, number, &bytes);
        rc = rc == 0 ? bodies_add(s->bodies, number, bytes) : ERR_CORRUPT;
        db_dictionary_done(db);
        rc = rc ? rc : body_unpack(s->bodies, tools, body, a, ret_packed);
    }
    if (rc) {
        return err_set(e, rc,
                       rc == ERR_MEMORY ? "this takes more memory than a request may have"
                                        : "a stored resource failed its checksum");
    }
    return 0;
}

int version_of(struct store_view *v, const struct db_resource *row, text id, bool with_body,
               struct arena *a, struct version *ret_version, struct err *e)
{
    char shown[ID_TEXT_SIZE];
    struct version version = {.rid = row->rid,
                              .type = rid_type(row->rid),
                              .vid = row->vid,
                              .t = row->t,
                              .deleted = row->deleted};
    version.id = arena_copy(a, id_show(id, shown));
    if (!version.id.p && id.n) {
        return err_set(e, ERR_MEMORY, "this takes more memory than a request may have");
    }
    if (with_body && !row->deleted) {
        int rc = stored_body(v->s, v->db, v->tools, row->body, a, &version.packed, e);
        if (rc) {
            return rc;
        }
        if (version.rid >= store_patients_first()) {
            grant_touch(v->g, rid_compartment(version.rid));
        }
    }
    *ret_version = version;
    return 0;
}

static int not_found(struct err *e, fhir_type type, text id)
{
    return err_set(e, ERR_NOT_FOUND, "there is no %.*s/%.*s here", TEXT_ARG(fhir_type_name(type)),
                   TEXT_ARG(id));
}

static bool may_row(struct store_view *v, const struct db_resource *row)
{
    return row->deleted ? view_may_past(v, row->rid, row->t) : view_may(v, row->rid);
}

int store_read(struct store_view *v, fhir_type type, text id, struct arena *a,
               struct version *ret_version, struct err *e)
{
    struct name n;
    struct found found;
    name_make(&v->s->hasher, type, id, &n);
    int rc = name_find(v->db, &n, true, &found);
    if (rc) {
        rc = db_error(v->db, rc, e);
    } else if (!found.known || !found.row.exists || !may_row(v, &found.row.resource)) {
        rc = view_settled(v, not_found(e, type, id), e);
    } else {
        rc = version_of(v, &found.row.resource, found.row.resource.id, true, a, ret_version, e);
    }
    db_name_done(v->db);
    if (!rc) {
        metric_add(METRIC_store_reads_total, 1);
    }
    return rc;
}

/* Among the older versions under one key. DB_END: it is not there. */
static int vread_key(struct store_view *v, uint64_t rid, text id, uint64_t vid, struct arena *a,
                     struct version *ret_version, struct err *e)
{
    struct db_cursor *c = NULL;
    struct db_resource row;
    int rc = db_history_open(v->db, rid, true, &c);
    while (!rc && !(rc = db_history_next(c, &row)) && row.vid != vid) {
    }
    if (!rc) {
        rc = view_may_past(v, rid, row.t) ? version_of(v, &row, id, true, a, ret_version, e)
                                          : DB_END;
    } else if (rc != DB_END) {
        rc = db_error(v->db, rc, e);
    }
    db_cursor_close(c);
    return rc;
}

static int vread_older(struct store_view *v, uint64_t rid, text id, uint64_t vid, struct arena *a,
                       struct version *ret_version, struct err *e)
{
    int rc = vread_key(v, rid, id, vid, a, ret_version, e);
    if (rc != DB_END) {
        return rc;
    }
    struct db_cursor *c = NULL;
    uint64_t old_rid = 0;
    rc = db_moved_open(v->db, rid, &c);
    while (!rc && !(rc = db_moved_next(c, &old_rid))) {
        rc = vread_key(v, old_rid, id, vid, a, ret_version, e);
        if (rc != DB_END) {
            break;
        }
        rc = 0;
    }
    db_cursor_close(c);
    return rc;
}

int store_vread(struct store_view *v, fhir_type type, text id, uint64_t vid, struct arena *a,
                struct version *ret_version, struct err *e)
{
    struct name n;
    struct found found;
    name_make(&v->s->hasher, type, id, &n);
    int rc = view_enter(v, e);
    if (rc) {
        return rc;
    }
    rc = name_find(v->db, &n, true, &found);
    rc = rc ? db_error(v->db, rc, e) : 0;
    bool exists = !rc && found.known && found.row.exists;
    uint64_t rid = exists ? found.row.rid : 0;
    if (exists && found.row.resource.vid == vid && may_row(v, &found.row.resource)) {
        rc = version_of(v, &found.row.resource, n.id, true, a, ret_version, e);
    } else if (!rc) {
        rc = DB_END;
    }
    db_name_done(v->db);
    if (rc == DB_END && exists) {
        rc = vread_older(v, rid, n.id, vid, a, ret_version, e);
    }
    view_leave(v);
    rc = view_settled(v, rc, e);
    if (!rc) {
        metric_add(METRIC_store_reads_total, 1);
    }
    return rc == DB_END
               ? err_set(e, ERR_NOT_FOUND, "there is no version %llu of %.*s/%.*s here",
                         (unsigned long long)vid, TEXT_ARG(fhir_type_name(type)), TEXT_ARG(id))
               : rc;
}
