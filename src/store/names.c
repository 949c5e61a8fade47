/* Names and systems: from what people call things to the store's numbers. */
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

uint64_t systems_cached(struct systems *systems, text uri)
{
    (void)pthread_rwlock_rdlock(&systems->lock);
    uint64_t *number = map_get(&systems->map, uri);
    uint64_t result = number ? *number : 0;
    (void)pthread_rwlock_unlock(&systems->lock);
    return result;
}

/* Without memory it stays out of the map, which is only a cache. */
void systems_add(struct systems *systems, text uri, uint64_t number)
{
    (void)pthread_rwlock_wrlock(&systems->lock);
    if (!map_get(&systems->map, uri)) {
        text copy = arena_copy(&systems->uris, uri);
        bool is_new = false;
        uint64_t *place = copy.p ? map_put(&systems->map, copy, &is_new) : NULL;
        if (place) {
            *place = number;
        }
    }
    (void)pthread_rwlock_unlock(&systems->lock);
}

int system_number(struct store *s, struct db *db, text uri, uint64_t *ret_number)
{
    *ret_number = systems_cached(&s->systems, uri);
    if (*ret_number) {
        return 0;
    }
    int rc = db_system_find(db, uri, ret_number);
    if (!rc) {
        systems_add(&s->systems, uri, *ret_number);
    }
    return rc;
}
