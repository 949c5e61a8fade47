/* One request within the writer's transaction: first everything is decided, then everything is
 * changed. */
#include "store/params.h"

#include "base/clock.h"
#include "fhir/defs.h"
#include "policy/facts.h"

/* All conditions of one request may take as long as this many searches: the other writers wait. */
enum { CONDITION_SEARCHES = 4 };

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "the node has no memory for this write");
}

static int find_target(struct writer *w, const struct prepared *p, struct target *ret_target)
{
    struct found found;
    struct target target = {0};
    int rc = writer_engine(w, name_find(w->db, &p->name, true, &found));
    if (!rc) {
        target.known = found.known;
        target.hash = found.hash;
    }
    if (!rc && found.known) {
        const struct db_resource *r = &found.row.resource;
        target.rid = found.row.rid;
        target.exists = found.row.exists;
        target.deleted = r->deleted;
        target.vid = r->vid;
        target.t = r->t;
        target.when = r->when;
        if (target.exists && !target.deleted) {
            target.body = arena_copy(&w->arena, r->body);
            rc = target.body.p ? 0 : no_memory(&w->err);
        }
    }
    db_name_done(w->db);
    *ret_target = target;
    return rc;
}

/* --- deciding ------------------------------------------------------------------------------ */

static int check_expectation(const struct write *write, const struct target *target, struct err *e)
{
    text type = fhir_type_name(write->type);
    if (write->expect == EXPECT_ABSENT && target->exists && !target->deleted) {
        return err_set(e, ERR_CONFLICT, "there is a %.*s/%.*s already", TEXT_ARG(type),
                       TEXT_ARG(write->id));
    }
    if (write->expect != EXPECT_VERSION) {
        return 0;
    }
    if (!target->exists || target->deleted) {
        return err_set(e, ERR_PRECONDITION, "there is no %.*s/%.*s to change", TEXT_ARG(type),
                       TEXT_ARG(write->id));
    }
    if (target->vid != write->expected_vid) {
        return err_set(e, ERR_PRECONDITION,
                       "the current version of %.*s/%.*s is %llu, not %llu: read it again",
                       TEXT_ARG(type), TEXT_ARG(write->id), (unsigned long long)target->vid,
                       (unsigned long long)write->expected_vid);
    }
    return 0;
}

int find_home(struct writer *w, const struct write *write, const struct prepared *p,
              const struct target *target, bool make, uint64_t *ret_compartment)
{
    const struct name *patient = write->type == FHIR_PATIENT ? &p->name : &p->home;
    if (patient->id.n == 0) {
        *ret_compartment = fhir_type_in_patient_compartment(write->type) ? COMPARTMENT_UNATTRIBUTED
                                                                         : COMPARTMENT_SHARED;
        return 0;
    }
    if (write->type == FHIR_PATIENT && target->known) {
        *ret_compartment = rid_compartment(target->rid);
        return 0;
    }
    uint64_t row = 0;
    uint64_t rid = 0;
    int rc;
    if (make) {
        rc = writer_name(w, patient, &row, &rid);
        *ret_compartment = rid_compartment(rid);
        return rc;
    }
    struct found found;
    rc = writer_engine(w, name_find(w->db, patient, false, &found));
    if (!rc) {
        *ret_compartment = found.known ? rid_compartment(found.row.rid) : w->next_compartment;
    }
    db_name_done(w->db);
    return rc;
}

static int check_write(struct writer *w, const struct prepared_request *p, size_t at)
{
    static const struct target none = {0};
    const struct write *write = &p->request->writes[at];
    struct target target;
    int rc = find_target(w, &p->writes[at], &target);
    bool hidden = !rc && target.exists && !permit_sees(w, &target);
    p->writes[at].absent = hidden;
    rc = view_settled(&w->view, rc, &w->err);
    rc = rc ? rc : check_expectation(write, hidden ? &none : &target, &w->err);
    return rc ? rc : permit_write(w, p, at, &target, hidden);
}

static int check_condition(struct writer *w, const struct write_condition *condition)
{
    const struct plan *plan = condition->plan;
    if (ops_touch(w, plan->type) || (plan->root && plan_joins(plan->root))) {
        int rc = ops_flush(w);
        if (rc) {
            return rc;
        }
    }
    struct versions found;
    int rc = store_match(&w->view, plan, 2, &w->arena, &found, &w->err);
    if (rc) {
        return rc;
    }
    bool holds = condition->expected_id.n
                     ? found.count == 1 && text_eq(found.items[0].id, condition->expected_id)
                     : found.count == 0;
    return holds ? 0
                 : err_set(&w->err, ERR_CONFLICT,
                           "what a condition matches has changed in the meantime: send it again");
}

/* --- changing ------------------------------------------------------------------------------ */

static int new_rid(struct writer *w, uint64_t compartment, fhir_type type, uint64_t *ret_rid)
{
    if (type == FHIR_PATIENT) {
        *ret_rid = rid_make(compartment, type, 0);
        return 0;
    }
    uint64_t class = compartment_class(compartment);
    while (true) {
        uint64_t last = 0;
        int rc = db_resource_last(w->db, rid_make(compartment, type, 0),
                                  rid_make(compartment, type, SERIAL_COUNT - 1), &last);
        if (rc && rc != DB_END) {
            return writer_engine(w, rc);
        }
        uint64_t serial = rc == DB_END ? 0 : (last & (SERIAL_COUNT - 1)) + 1;
        if (serial < SERIAL_COUNT) {
            *ret_rid = rid_make(compartment, type, serial);
            return 0;
        }
        compartment++;
        if (class >= COMPARTMENT_PATIENTS || compartment_class(compartment) != class) {
            return err_set(&w->err, ERR_BUSINESS_RULE,
                           "there are %d resources of type %.*s here, which is all that there can "
                           "be for one patient",
                           SERIAL_COUNT, TEXT_ARG(fhir_type_name(type)));
        }
    }
}

static int complete_rows(struct writer *w, const struct row *from, size_t count,
                         struct row **ret_rows, size_t *ret_count)
{
    /* A copy: after a rollback the same rows are completed anew. */
    struct row *rows = arena_alloc(&w->arena, (count + 1) * sizeof *rows);
    if (!rows) {
        return no_memory(&w->err);
    }
    if (count) {
        memcpy(rows, from, count * sizeof *rows);
    }
    int rc = writer_complete_rows(w, rows, count);
    if (rc) {
        return rc == ERR_MEMORY ? no_memory(&w->err) : rc;
    }
    *ret_rows = rows;
    *ret_count = rows_sort(rows, count);
    return 0;
}

static int order_rows(const struct row *a, const struct row *b)
{
    return a->param != b->param ? (a->param < b->param ? -1 : 1) : text_cmp(a->value, b->value);
}

/* The rows of one version, sorted. */
struct version_rows {
    struct row *rows;
    size_t count;
    uint64_t rid;
    int64_t when;
};

static int64_t row_when(const struct version_rows *of, size_t i)
{
    return of->rows[i].dated ? of->when : INDEX_WHEN_NONE;
}

/* The rows of the version that is there now, derived from its body. */
static int current_rows(struct writer *w, const struct write *write, const struct target *target,
                        struct version_rows *ret_rows)
{
    *ret_rows = (struct version_rows){.rid = target->rid, .when = target->when};
    if (!target->exists || target->deleted) {
        return 0;
    }
    text packed;
    struct index index = {0};
    struct row *rows = NULL;
    size_t count = 0;
    int rc = stored_body(w->s, w->db, w->tools, target->body, &w->arena, &packed, &w->err);
    rc = rc ? rc : stored_index(w->s, write->type, write->id, packed, &w->arena, &index, &w->err);
    if (rc) {
        return rc;
    }
    rc = rows_make(w->s, write->type, &index, &w->arena, &rows, &count);
    return rc ? no_memory(&w->err)
              : complete_rows(w, rows, count, &ret_rows->rows, &ret_rows->count);
}

/* The difference goes to the index. Without a common key everything differs. */
static int replace_rows(struct writer *w, const struct version_rows *old,
                        const struct version_rows *new)
{
    int rc = 0;
    size_t i = 0;
    size_t k = 0;
    while (!rc && (i < old->count || k < new->count)) {
        int order = i == old->count   ? 1
                    : k == new->count ? -1
                                      : order_rows(&old->rows[i], &new->rows[k]);
        bool same = order == 0 && old->rid == new->rid;
        if (same && row_when(old, i) == row_when(new, k)) {
            i++;
            k++;
        } else if (order <= 0 && !same) {
            rc =
                ops_add(w, old->rows[i].param, old->rows[i].value, old->rid, INDEX_WHEN_NONE, true);
            i++;
        } else {
            rc = ops_add(w, new->rows[k].param, new->rows[k].value, new->rid, row_when(new, k),
                         false);
            i += same;
            k++;
        }
    }
    return rc ? no_memory(&w->err) : 0;
}

/* The version that is there goes to the history, and its entries with it. */
static int supersede(struct writer *w, fhir_type type, const struct target *target)
{
    int rc = writer_engine(w, db_history_keep(w->db, target->rid));
    if (!rc && !target->deleted) {
        rc = ops_add_number(w, type, INDEX_LAST_UPDATED, target->t, target->rid, true);
        rc = rc ? rc : ops_add_number(w, type, INDEX_SUPERSEDED, target->t, target->rid, false);
        rc = rc ? no_memory(&w->err) : 0;
    }
    return rc;
}

static int put_name(struct writer *w, const struct prepared *p, struct target *target, uint64_t rid)
{
    struct found found;
    int rc = 0;
    if (!target->known) {
        /* A row may have come by an entry of this very resource, or the free place may be taken. */
        rc = writer_engine(w, name_find(w->db, &p->name, false, &found));
        if (!rc) {
            target->known = found.known;
            target->hash = found.hash;
        }
        db_name_done(w->db);
    }
    if (!rc) {
        rc = writer_engine(w, target->known ? db_name_update(w->db, target->hash, rid, T(""))
                                            : db_name_insert(w->db, target->hash, rid, T("")));
    }
    return rc;
}

/* Writes the row of the new version, under a new key when it moves. */
static int put_version(struct writer *w, const struct prepared *p, struct target *target,
                       const struct db_resource *row)
{
    bool moves = target->exists && target->rid != row->rid;
    int rc = 0;
    if (target->exists && !moves) {
        return writer_engine(w, db_resource_update(w->db, row));
    }
    if (moves) {
        rc = writer_engine(w, db_resource_remove(w->db, target->rid));
        rc = rc ? rc : writer_engine(w, db_moved_insert(w->db, target->rid, row->rid));
    }
    rc = rc ? rc : writer_engine(w, db_resource_insert(w->db, row));
    return rc ? rc : put_name(w, p, target, row->rid);
}

static int same_data(struct writer *w, const struct write *write, const struct target *target,
                     bool *ret_same)
{
    *ret_same = false;
    if (!target->exists || target->deleted || body_length(target->body) != write->packed.n) {
        return 0;
    }
    text packed;
    int rc = stored_body(w->s, w->db, w->tools, target->body, &w->arena, &packed, &w->err);
    if (!rc) {
        *ret_same = resource_same(packed, write->packed);
    }
    return rc;
}

static bool is_choice(const struct write *write)
{
    return text_eq(fhir_type_name(write->type), T("Consent")) ||
           (write->facts.n && (facts_labels(write->facts) & (LABEL_SEALED | LABEL_LOCKED)));
}

static int settle(struct writer *w, struct write *write, const struct target *target, bool changed)
{
    write->changed = changed;
    write->created = changed && write->kind == WRITE_PUT && (!target->exists || target->deleted);
    write->vid = changed ? target->vid + 1 : target->vid;
    write->t = changed ? w->last_t : target->t;
    w->changes += changed;
    w->definitions += changed && defs_is_definition(write->type);
    w->choices = changed && is_choice(write) ? write->t : w->choices;
    return changed && write->type == FHIR_SEARCH_PARAMETER ? params_note(w, write->id) : 0;
}

static int choose_key(struct writer *w, const struct write *write, const struct prepared *p,
                      const struct target *target, uint64_t *ret_rid)
{
    uint64_t compartment = 0;
    int rc = find_home(w, write, p, target, true, &compartment);
    if (rc) {
        return rc == ERR_MEMORY ? no_memory(&w->err) : rc;
    }
    if (target->exists &&
        compartment_class(rid_compartment(target->rid)) == compartment_class(compartment)) {
        *ret_rid = target->rid;
        return 0;
    }
    return new_rid(w, compartment, write->type, ret_rid);
}

static int apply_put(struct writer *w, struct write *write, const struct prepared *prepared,
                     struct target *target)
{
    struct prepared fresh;
    const struct prepared *p = &fresh;
    bool same = false;
    struct version_rows old;
    struct version_rows new = {.when = prepared->when};
    struct db_resource row = {.vid = target->vid + 1,
                              .when = prepared->when,
                              .id = prepared->name.id,
                              .body = prepared->body};
    int rc = same_data(w, write, target, &same);
    if (rc || same) {
        return rc ? rc : settle(w, write, target, false);
    }
    rc = params_refresh(w, write, prepared, &fresh);
    rc = rc ? rc : current_rows(w, write, target, &old);
    rc = rc ? rc : choose_key(w, write, p, target, &row.rid);
    if (!rc && target->exists) {
        rc = supersede(w, write->type, target);
    }
    row.t = w->last_t = time_next(w->last_t, w->now_ms);
    rc = rc ? rc : put_version(w, p, target, &row);
    rc = rc ? rc : facts_keep(w, target->exists, target->rid, row.rid, prepared->facts);
    rc = rc ? rc : complete_rows(w, p->rows, p->row_count, &new.rows, &new.count);
    target->rid = new.rid = row.rid;
    rc = rc ? rc : replace_rows(w, &old, &new);
    rc = rc ? rc : writer_show(w, p->shown, p->shown_count);
    if (!rc && ops_add_number(w, write->type, INDEX_LAST_UPDATED, row.t, row.rid, false)) {
        rc = no_memory(&w->err);
    }
    return rc ? rc : settle(w, write, target, true);
}

static int apply_delete(struct writer *w, struct write *write, const struct target *target)
{
    if (!target->exists || target->deleted) {
        return settle(w, write, target, false);
    }
    struct version_rows old;
    struct version_rows none = {.rid = target->rid};
    int rc = current_rows(w, write, target, &old);
    rc = rc ? rc : supersede(w, write->type, target);
    struct db_resource row = {.rid = target->rid, .vid = target->vid + 1, .deleted = true};
    row.t = w->last_t = time_next(w->last_t, w->now_ms);
    rc = rc ? rc : writer_engine(w, db_resource_update(w->db, &row));
    rc = rc ? rc : facts_keep(w, true, target->rid, target->rid, T(""));
    rc = rc ? rc : replace_rows(w, &old, &none);
    if (!rc && ops_add_number(w, write->type, INDEX_SUPERSEDED, row.t, row.rid, false)) {
        rc = no_memory(&w->err);
    }
    return rc ? rc : settle(w, write, target, true);
}

static int check_request(struct writer *w, const struct prepared_request *p)
{
    struct write_request *r = p->request;
    for (size_t i = 0; i < r->write_count; i++) {
        int rc = check_write(w, p, i);
        if (rc) {
            r->failed_write = i;
            return rc;
        }
    }
    int64_t seconds = CONDITION_SEARCHES * (int64_t)w->s->limits.search_seconds;
    int64_t deadline = clock_mono_ns() + seconds * 1000000000;
    for (size_t i = 0; i < r->condition_count; i++) {
        int rc = check_condition(w, &r->conditions[i]);
        if (rc) {
            /* Where it could not be decided, to prepare it again would not help. */
            r->failed_condition = rc == ERR_CONFLICT ? i : SIZE_MAX;
            return rc;
        }
        if (clock_mono_ns() > deadline) {
            return err_set(&w->err, ERR_TOO_COSTLY,
                           "the conditions of this request take longer than they may; use simpler "
                           "ones or fewer");
        }
    }
    return 0;
}

int apply_request(struct writer *w, const struct grant *g, const struct prepared_request *p,
                  bool *ret_dirty)
{
    struct write_request *r = p->request;
    *ret_dirty = false;
    permit_begin(w, g);
    int rc = check_request(w, p);
    view_forget(&w->view);
    for (size_t k = 0; k < r->write_count && !rc; k++) {
        size_t i = p->order[k];
        struct target target;
        struct write *write = &r->writes[i];
        rc = find_target(w, &p->writes[i], &target);
        *ret_dirty = true;
        if (p->writes[i].absent) {
            target = (struct target){0};
        }
        if (!rc) {
            rc = write->kind == WRITE_PUT ? apply_put(w, write, &p->writes[i], &target)
                                          : apply_delete(w, write, &target);
        }
        if (!rc) {
            write->rid = write->vid ? target.rid : 0;
            rc = note_keep(w, write);
        }
        if (rc) {
            r->failed_write = i;
        }
    }
    return rc;
}
