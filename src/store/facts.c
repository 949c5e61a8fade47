/* What policy has to know of each key, kept in step with the versions. */
#include "store/writer.h"

/* --- derived ------------------------------------------------------------------------------- */

int facts_of_body(struct store *s, struct db *db, struct body_tools *tools,
                  const struct db_resource *row, text id, struct arena *a, text *ret_facts,
                  struct err *e)
{
    struct resource r;
    text packed;
    fhir_type type = rid_type(row->rid);
    *ret_facts = T("");
    if (row->deleted) {
        return 0;
    }
    int rc = stored_body(s, db, tools, row->body, a, &packed, e);
    rc = rc ? rc : stored_resource(s, type, id, packed, a, &r, e);
    if (rc) {
        return rc == ERR_MEMORY ? rc : ERR_CORRUPT;
    }
    return policy_facts(type, r.root, s->labels, a, ret_facts, e);
}

int facts_past(struct store *s, struct db *db, struct body_tools *tools, uint64_t rid, text id,
               struct arena *a, uint32_t *ret_past, struct err *e)
{
    struct db_cursor *c = NULL;
    struct db_resource row;
    uint32_t past = 0;
    int code = 0;
    int rc = db_history_open(db, rid, true, &c);
    while (!rc && !code && !(rc = db_history_next(c, &row))) {
        struct arena_mark mark = arena_mark(a);
        text facts = T("");
        row.rid = rid;
        code = facts_of_body(s, db, tools, &row, id, a, &facts, e);
        past |= code ? 0 : facts_labels(facts);
        code = code == ERR_MEMORY ? code : 0;
        arena_rewind(a, mark);
    }
    db_cursor_close(c);
    *ret_past = past;
    return code ? code : rc == DB_END ? 0 : db_error(db, rc, e);
}

int facts_right(struct store *s, struct db *db, struct body_tools *tools, uint64_t rid,
                const struct db_resource *row, text id, struct arena *a, struct db_policy *ret_row,
                bool *ret_right, struct err *e)
{
    struct db_policy is = {.facts = T("")};
    struct db_policy wanted = {.rid = rid, .facts = T("")};
    int rc = row ? facts_of_body(s, db, tools, row, id, a, &wanted.facts, e) : 0;
    rc = rc ? rc : facts_past(s, db, tools, rid, id, a, &wanted.past, e);
    *ret_right = rc && rc != ERR_MEMORY;
    if (rc) {
        return rc == ERR_MEMORY ? rc : 0;
    }
    rc = db_policy_find(db, rid, &is);
    *ret_right = (!rc || rc == DB_END) && is.past == wanted.past && text_eq(is.facts, wanted.facts);
    db_policy_done(db);
    *ret_row = wanted;
    return rc == DB_END ? 0 : rc ? db_error(db, rc, e) : 0;
}

/* --- the writer's -------------------------------------------------------------------------- */

uint64_t writer_stamp(const struct writer *w)
{
    return w->stamp;
}

bool writer_changed(const struct writer *w, uint64_t compartment)
{
    char key[8];
    put_be64(key, compartment);
    return map_get(&w->changed, text_make(key, sizeof key)) != NULL;
}

static int note_change(struct writer *w, uint64_t rid)
{
    char key[8];
    bool is_new = false;
    uint64_t compartment = rid_compartment(rid);
    put_be64(key, compartment);
    if (compartment < COMPARTMENT_PATIENTS || writer_changed(w, compartment)) {
        return 0;
    }
    text copy = arena_copy(&w->arena, text_make(key, sizeof key));
    uint64_t *value = copy.p ? map_put(&w->changed, copy, &is_new) : NULL;
    if (!value) {
        return err_set(&w->err, ERR_MEMORY, "the node has no memory for this write");
    }
    *value = compartment;
    return 0;
}

/* DB_END becomes an empty row. The facts are copied. */
static int find_row(struct writer *w, uint64_t rid, struct db_policy *ret_row)
{
    struct db_policy row = {.rid = rid, .facts = T("")};
    int rc = writer_engine(w, db_policy_find(w->db, rid, &row));
    if (!rc && row.facts.n) {
        row.facts = arena_copy(&w->arena, row.facts);
        rc =
            row.facts.p ? 0 : err_set(&w->err, ERR_MEMORY, "the node has no memory for this write");
    }
    db_policy_done(w->db);
    *ret_row = row;
    return rc == DB_END ? 0 : rc;
}

int facts_of_key(struct writer *w, uint64_t rid, text *ret_facts)
{
    struct db_policy row;
    int rc = find_row(w, rid, &row);
    *ret_facts = rc ? T("") : row.facts;
    return rc;
}

static int put_row(struct writer *w, const struct db_policy *was, const struct db_policy *is)
{
    if (was->past == is->past && text_eq(was->facts, is->facts)) {
        return 0;
    }
    int rc = is->past == 0 && is->facts.n == 0 ? db_policy_remove(w->db, is->rid)
                                               : db_policy_put(w->db, is);
    rc = writer_engine(w, rc);
    return rc ? rc : note_change(w, is->rid);
}

int facts_keep(struct writer *w, bool existed, uint64_t old_rid, uint64_t rid, text facts)
{
    struct db_policy was = {.rid = rid, .facts = T("")};
    struct db_policy is = {.rid = rid, .facts = facts};
    int rc = 0;
    if (existed) {
        rc = find_row(w, old_rid, &was);
        is.past = was.past | facts_labels(was.facts);
    } else if (rid_type(rid) == FHIR_PATIENT) {
        rc = note_change(w, rid); /* whose compartment it is has become known */
    }
    if (!rc && existed && old_rid != rid) {
        struct db_policy left = {.rid = old_rid, .past = is.past, .facts = T("")};
        rc = put_row(w, &was, &left);
        was = (struct db_policy){.rid = rid, .facts = T("")};
        is.past = 0;
    }
    return rc ? rc : put_row(w, &was, &is);
}

int facts_repair(struct writer *w, uint64_t rid, uint32_t past, text facts, uint64_t *missing)
{
    struct db_policy was;
    struct db_policy is = {.rid = rid, .past = past, .facts = facts};
    int rc = find_row(w, rid, &was);
    *missing += !rc && (was.past != past || !text_eq(was.facts, facts));
    return rc ? rc : put_row(w, &was, &is);
}

static void tell(struct writer *w, uint64_t stamp)
{
    for (size_t i = 0; i < w->changed.capacity; i++) {
        if (w->changed.slots[i].key.p) {
            sheets_change(w->s->sheets, w->changed.slots[i].value, stamp);
        }
    }
}

int facts_begin(struct writer *w)
{
    if (w->changed.count == 0) {
        return 0;
    }
    int rc = writer_engine(w, db_policy_stamp(w->db, w->stamp + 1));
    if (!rc) {
        tell(w, w->stamp + 1);
    }
    return rc;
}

void facts_settle(struct writer *w, bool committed)
{
    if (w->changed.count && committed) {
        w->stamp++;
    } else if (w->changed.count) {
        tell(w, w->stamp);
    }
}
