/*
 * What a view may hand out. About a patient the decision is made once a view; about an entry it is
 * then a look at the entry's labels, and, where a scope has parameters, at the entry itself.
 */
#include "store/verdicts.h"

#include <stdlib.h>

enum { LIMIT_UNKNOWN, LIMIT_NONE, LIMIT_PLANS };

int view_settled(struct store_view *v, int rc, struct err *e)
{
    if (!v->trouble.code) {
        return rc;
    }
    struct err trouble = v->trouble;
    v->trouble.code = 0;
    return err_set(e, trouble.code, "%s", err_text(&trouble));
}

/* --- scopes with parameters ---------------------------------------------------------------- */

int only_has(struct store_view *v, fhir_type type, uint8_t rights, const struct resource *r,
             const struct index *index, uint64_t t, bool *ret_has)
{
    size_t count = 0;
    const struct plan *const *plans = grant_only(v->g, type, rights, &count);
    struct plan_subject subject = {
        .r = r, .index = index, .updated = (int64_t)(t >> 16), .rules = &v->rules};
    struct arena a;
    int rc = 0;
    *ret_has = count == 0;
    arena_init(&a, v->s->limits.request_memory);
    for (size_t i = 0; i < count && !rc && !*ret_has; i++) {
        const struct plan *plan = plans[i];
        if (plan->type == type && plan->root && !plan_joins(plan->root)) {
            rc = plan_test(plan->root, &subject, &a, ret_has);
        }
    }
    arena_done(&a);
    return rc;
}

/* Which of the two rights is asked for: searching, where only that is given, gives reading no
 * wider limits. */
static uint8_t right_of(const struct store_view *v, fhir_type type)
{
    uint8_t rights = grant_rights(v->g, type);
    uint8_t other = v->asks == MAY_READ ? MAY_SEARCH : MAY_READ;
    return (rights & v->asks) || !(rights & other) ? v->asks : other;
}

static bool is_limited(struct store_view *v, fhir_type type, uint8_t right)
{
    uint8_t *limit = &v->verdicts->limits[right == MAY_SEARCH][type];
    if (*limit == LIMIT_UNKNOWN) {
        size_t count = 0;
        (void)grant_only(v->g, type, right, &count);
        *limit = count ? LIMIT_PLANS : LIMIT_NONE;
    }
    return *limit == LIMIT_PLANS;
}

static int test_row(struct store_view *v, const struct db_resource *row, text id, uint8_t right,
                    struct arena *a, bool *ret_has)
{
    struct resource r;
    struct index index;
    text packed;
    fhir_type type = rid_type(row->rid);
    int rc = stored_body(v->s, v->db, v->tools, row->body, a, &packed, &v->trouble);
    rc = rc ? rc : stored_resource(v->s, type, id, packed, a, &r, &v->trouble);
    if (rc) {
        return rc;
    }
    rc = index_extract(&r, &v->rules, a, &index);
    return rc ? rc : only_has(v, type, right, &r, &index, row->t, ret_has);
}

/* Older versions do not carry the id, which stands in the row that the key leads to now. */
static int id_under(struct store_view *v, uint64_t rid, struct arena *a, text *ret_id)
{
    struct db_cursor *c = NULL;
    struct db_resource row;
    char shown[ID_TEXT_SIZE];
    uint64_t root = rid;
    int rc = db_moved_to(v->db, rid, &root);
    rc = rc == DB_END ? 0 : rc;
    rc = rc ? rc : db_resource_open(v->db, root, root, false, &c);
    rc = rc ? rc : db_resource_next(c, &row);
    if (!rc) {
        *ret_id = arena_copy(a, id_show(row.id, shown));
        rc = ret_id->p ? 0 : ERR_MEMORY;
    }
    db_cursor_close(c);
    return rc;
}

/* Cursors of its own: the caller may be in the midst of a row. */
static int test_version(struct store_view *v, uint64_t rid, uint64_t t, uint8_t right,
                        bool *ret_has)
{
    struct arena a;
    struct db_cursor *c = NULL;
    struct db_resource row;
    text id = {0};
    *ret_has = false;
    arena_init(&a, v->s->limits.request_memory);
    int rc = id_under(v, rid, &a, &id);
    if (!rc && t == 0) {
        rc = db_resource_open(v->db, rid, rid, true, &c);
        rc = rc ? rc : db_resource_next(c, &row);
    } else if (!rc) {
        rc = db_history_open(v->db, rid, true, &c);
        while (!rc && !(rc = db_history_next(c, &row)) && row.t != t) {
        }
    }
    if (!rc && !row.deleted) {
        rc = test_row(v, &row, id, right, &a, ret_has);
    }
    db_cursor_close(c);
    arena_done(&a);
    return rc == DB_END ? 0 : rc;
}

static bool matches_only(struct store_view *v, uint64_t rid, uint64_t t, uint8_t right)
{
    struct verdicts *table = v->verdicts;
    if (!table->asked) {
        table->asked = calloc(ASKED, sizeof *table->asked);
    }
    if (!table->asked) {
        verdicts_no_memory(v);
        return false;
    }
    struct asked *asked = &table->asked[(rid ^ rid >> COMPARTMENT_SHIFT ^ t) % ASKED];
    if (asked->rid == rid && asked->t == t && asked->rights == right) {
        return asked->has;
    }
    bool has = false;
    int rc = test_version(v, rid, t, right, &has);
    if (rc) {
        if (!v->trouble.code) {
            (void)db_error(v->db, rc, &v->trouble);
        }
        return false;
    }
    *asked = (struct asked){rid, t, right, has};
    return has;
}

/* --- one version --------------------------------------------------------------------------- */

static bool sees(struct store_view *v, uint64_t rid, bool past)
{
    uint64_t compartment = rid_compartment(rid);
    if (compartment < COMPARTMENT_PATIENTS) {
        return grant_sees(v->g, NULL, NULL, rid_type(rid), rid, past);
    }
    const struct verdict *verdict = view_verdict(v, compartment);
    return verdict && verdict->decision.reads &&
           grant_sees(v->g, &verdict->decision, verdict->kept->sheet, rid_type(rid), rid, past);
}

bool view_decides(struct store_view *v, uint64_t rid, bool past, uint64_t t)
{
    fhir_type type = rid_type(rid);
    if (!verdicts_of(v)) {
        verdicts_no_memory(v);
        return false;
    }
    if (!sees(v, rid, past)) {
        return false;
    }
    uint8_t right = right_of(v, type);
    return !is_limited(v, type, right) || matches_only(v, rid, past ? t : 0, right);
}

bool view_sees_whole(struct store_view *v, uint64_t rid)
{
    uint64_t compartment = rid_compartment(rid);
    fhir_type type = rid_type(rid);
    if (v->reads_all) {
        return true;
    }
    const struct verdict *verdict =
        compartment >= COMPARTMENT_PATIENTS ? view_verdict(v, compartment) : NULL;
    return verdict && grant_sees_whole(v->g, &verdict->decision, verdict->kept->sheet, type) &&
           !is_limited(v, type, right_of(v, type));
}

bool view_may_enter(struct store_view *v, uint64_t compartment)
{
    if (v->reads_all) {
        return true;
    }
    const struct verdict *verdict =
        compartment >= COMPARTMENT_PATIENTS ? view_verdict(v, compartment) : NULL;
    return verdict && verdict->decision.reads;
}

int view_not_sent(struct store_view *v, struct err *e)
{
    int rc = view_settled(v, 0, e);
    return rc ? rc
              : err_set(e, ERR_INTERNAL,
                        "a search came to an entry that may not be seen; nothing was handed out");
}

/* --- what others ask ----------------------------------------------------------------------- */

int store_decide(struct store_view *v, text patient, struct decision *ret_decision,
                 const struct sheet **ret_sheet, struct err *e)
{
    uint64_t compartment = 0;
    struct err own;
    e = e ? e : &own;
    int rc = view_enter(v, e);
    if (rc) {
        return rc;
    }
    rc = patient_compartment(v->s, v->db, patient, &compartment);
    if (rc == DB_END) {
        *ret_sheet = NULL;
        grant_decide(v->g, patient, NULL, ret_decision);
        rc = 0;
    } else if (rc) {
        rc = db_error(v->db, rc, e);
    } else {
        const struct verdict *verdict = view_verdict_stays(v, compartment);
        rc = verdict ? 0 : view_settled(v, ERR_INTERNAL, e);
        if (verdict) {
            *ret_decision = verdict->decision;
            *ret_sheet = verdict->kept->sheet;
        }
    }
    view_leave(v);
    return rc;
}

int store_decide_in(struct store_view *v, uint64_t compartment, text *ret_patient,
                    struct decision *ret_decision, struct err *e)
{
    const struct verdict *verdict = NULL;
    text patient = {0};
    if (compartment >= COMPARTMENT_PATIENTS) {
        verdict = view_verdict_stays(v, compartment);
        if (!verdict) {
            return view_settled(v, ERR_INTERNAL, e);
        }
        patient = kept_patient(verdict->kept);
    }
    if (patient.n) {
        *ret_decision = verdict->decision;
    } else {
        grant_decide(v->g, patient, NULL, ret_decision);
    }
    *ret_patient = patient;
    return 0;
}

int store_patient_of(struct store_view *v, uint64_t compartment, text *ret_id)
{
    struct err e;
    if (compartment < COMPARTMENT_PATIENTS) {
        return ERR_NOT_FOUND;
    }
    const struct verdict *verdict = view_verdict_stays(v, compartment);
    if (!verdict) {
        return view_settled(v, ERR_INTERNAL, &e);
    }
    *ret_id = kept_patient(verdict->kept);
    return ret_id->n ? 0 : ERR_NOT_FOUND;
}
