/* Names: from what people call things to the store's numbers. */
#include "store/inner.h"

static bool is_name(const struct name *n, const struct db_name *row)
{
    if (row->exists) {
        return rid_type(row->rid) == n->type && text_eq(row->resource.id, n->id);
    }
    return row->mention.n == n->id.n + 1 && (fhir_type)row->mention.p[0] == n->type &&
           text_eq(text_from(row->mention, 1), n->id);
}

int name_find(struct db *db, const struct name *n, bool with_body, struct found *ret_found)
{
    uint64_t hash = n->hash;
    while (true) {
        int rc = db_name_find(db, hash, with_body, &ret_found->row);
        if (rc && rc != DB_END) {
            return rc;
        }
        if (rc == DB_END || is_name(n, &ret_found->row)) {
            ret_found->known = rc == 0;
            ret_found->hash = hash;
            return 0;
        }
        db_name_done(db);
        hash++;
    }
}

int patient_compartment(struct store *s, struct db *db, text patient, uint64_t *ret_compartment)
{
    struct name n;
    struct found found;
    name_make(&s->hasher, FHIR_PATIENT, patient, &n);
    int rc = name_find(db, &n, false, &found);
    if (!rc) {
        rc = found.known ? 0 : DB_END;
        if (found.known) {
            *ret_compartment = rid_compartment(found.row.rid);
        }
    }
    db_name_done(db);
    return rc;
}
