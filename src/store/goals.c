/* Atoms of a plan as ranges of the index or of keys. */
#include "store/plan.h"

enum { VALUES_MAX = 64 };

static void span_of_type(uint64_t compartment, fhir_type type, struct span *ret_span)
{
    ret_span->from = rid_make(compartment, type, 0);
    ret_span->to = rid_make(compartment, type, SERIAL_COUNT - 1);
}

static int add_exact_rids(struct run *r, uint16_t param, text value, struct span within,
                          struct spans *spans)
{
    struct db_range range = {
        .param = param, .exact = true, .low = value, .rid_from = within.from, .rid_to = within.to};
    struct db_cursor *c = NULL;
    uint64_t rid = 0;
    int rc = db_index_open(r->db, &range, &c);
    while (!rc && !(rc = db_index_next(c, NULL, &rid))) {
        rc = spans_add(r, spans, rid, rid);
    }
    db_cursor_close(c);
    return rc == DB_END ? 0 : run_failed(r, rc);
}

/* The compartment's keys of the type, without those whose entry says that the parameter holds
 * somebody else. */
static int make_home(struct run *r, const struct plan_atom *atom, struct goal *goal)
{
    uint64_t compartment = 0;
    int rc = patient_compartment(r->s, r->db, atom->value, &compartment);
    if (rc) {
        return rc == DB_END ? 0 : run_failed(r, rc);
    }
    struct spans exceptions = {0};
    struct span all;
    span_of_type(compartment, r->plan->type, &all);
    rc = add_exact_rids(r, atom->param, text_make("\0", 1), all, &exceptions);
    uint64_t from = all.from;
    for (size_t i = 0; i < exceptions.count && !rc; i++) {
        uint64_t rid = exceptions.items[i].from;
        rc = rid > from ? spans_add(r, &goal->spans, from, rid - 1) : 0;
        from = rid + 1;
    }
    return rc ? rc : from <= all.to ? spans_add(r, &goal->spans, from, all.to) : 0;
}

static int make_compartment(struct run *r, const struct plan_atom *atom, struct goal *goal)
{
    uint64_t compartment = 0;
    int rc = patient_compartment(r->s, r->db, atom->value, &compartment);
    if (rc) {
        return rc == DB_END ? 0 : run_failed(r, rc);
    }
    struct span all;
    char value[8];
    span_of_type(compartment, r->plan->type, &all);
    put_be64(value, compartment);
    rc = spans_add(r, &goal->spans, all.from, all.to);
    rc = rc ? rc
            : add_exact_rids(r, own_param(r->plan->type, INDEX_MEMBER), text_make(value, 8),
                             (struct span){0, RID_LAST}, &goal->spans);
    spans_order(&goal->spans);
    return rc;
}

static int make_id(struct run *r, const struct plan_atom *atom, struct goal *goal)
{
    struct name n;
    struct found found;
    name_make(&r->s->hasher, r->plan->type, atom->value, &n);
    int rc = name_find(r->db, &n, false, &found);
    if (!rc && found.known && found.row.exists && !found.row.resource.deleted) {
        rc = spans_add(r, &goal->spans, found.row.rid, found.row.rid);
    } else {
        rc = run_failed(r, rc);
    }
    db_name_done(r->db);
    return rc;
}

static int one_value(struct run *r, struct goal *goal, text value)
{
    goal->values = arena_alloc(&r->scratch, sizeof *goal->values);
    if (!goal->values || !value.p) {
        return run_memory(r);
    }
    goal->values[0] = value;
    goal->value_count = 1;
    return 0;
}

static int make_reference(struct run *r, const struct plan_atom *atom, struct goal *goal)
{
    struct name n;
    struct found found;
    name_make(&r->s->hasher, atom->target, atom->value, &n);
    int rc = run_failed(r, name_find(r->db, &n, false, &found));
    char *p = !rc && found.known ? arena_alloc(&r->scratch, 8) : NULL;
    if (!rc && found.known) {
        if (p) {
            put_be64(p, found.hash);
        }
        rc = one_value(r, goal, text_make(p, 8));
    }
    db_name_done(r->db);
    return rc;
}

/* The distinct values with this code: one seek each. Too many of them are better walked through. */
static int any_system(struct run *r, text code, struct goal *goal)
{
    text low = token_value(code, 0, &r->scratch);
    text high = token_value(code, 0, &r->scratch);
    goal->values = arena_alloc(&r->scratch, VALUES_MAX * sizeof *goal->values);
    if (!low.p || !high.p || !goal->values) {
        return run_memory(r);
    }
    memcpy((char *)(uintptr_t)high.p + code.n, "\1", 1);
    goal->low = low;
    goal->high = high;
    int rc = 0;
    while (!rc && goal->value_count < VALUES_MAX) {
        struct db_range range = {.param = goal->param, .low = low, .high = high};
        struct db_cursor *c = NULL;
        text value;
        uint64_t rid = 0;
        rc = db_index_open(r->db, &range, &c);
        rc = rc ? rc : db_index_next(c, &value, &rid);
        char *p = rc ? NULL : arena_alloc(&r->scratch, value.n + 1);
        if (!rc && !p) {
            rc = ERR_MEMORY;
        } else if (!rc) {
            memcpy(p, value.p, value.n);
            p[value.n] = '\0';
            goal->values[goal->value_count++] = text_make(p, value.n);
            low = text_make(p, value.n + 1);
        }
        db_cursor_close(c);
    }
    if (!rc) {
        goal->kind = GOAL_RANGE;
    }
    return rc == DB_END ? 0 : run_failed(r, rc);
}

static int make_token(struct run *r, const struct plan_atom *atom, struct goal *goal)
{
    if (atom->system_mode == PLAN_SYSTEM_ANY) {
        return any_system(r, atom->value, goal);
    }
    uint64_t number = 0;
    if (atom->system_mode == PLAN_SYSTEM_GIVEN) {
        int rc = system_number(r->s, r->db, atom->system, &number);
        if (rc) {
            return rc == DB_END ? 0 : run_failed(r, rc);
        }
    }
    return one_value(r, goal, token_value(atom->value, number, &r->scratch));
}

static int make_system(struct run *r, const struct plan_atom *atom, struct goal *goal)
{
    uint64_t number = 0;
    int rc = system_number(r->s, r->db, atom->system, &number);
    if (rc) {
        return rc == DB_END ? 0 : run_failed(r, rc);
    }
    goal->kind = GOAL_SYSTEM;
    text suffix = token_value(T(""), number, &r->scratch);
    goal->low = suffix;
    return suffix.p ? 0 : run_memory(r);
}

static uint64_t first_t(int64_t ms)
{
    return ms <= 0 ? 0 : ms >= INT64_MAX >> 16 ? (uint64_t)INT64_MAX : (uint64_t)ms << 16;
}

static int make_updated(struct run *r, const struct plan_atom *atom, struct goal *goal)
{
    goal->kind = GOAL_RANGE;
    goal->param = own_param(r->plan->type, INDEX_LAST_UPDATED);
    if (atom->kind == PLAN_ALL) {
        return 0;
    }
    char *p = arena_alloc(&r->scratch, 16);
    if (!p) {
        return run_memory(r);
    }
    put_be64(p, first_t(atom->start_from));
    put_be64(p + 8, first_t(atom->start_to));
    goal->low = text_make(p, 8);
    goal->high = text_make(p + 8, 8);
    return 0;
}

int goal_make(struct run *r, const struct plan_atom *atom, struct goal *ret_goal)
{
    *ret_goal = (struct goal){.kind = GOAL_EXACT, .param = atom->param, .atom = atom};
    switch (atom->kind) {
    case PLAN_NONE:
        return 0;
    case PLAN_ALL:
    case PLAN_UPDATED:
        return make_updated(r, atom, ret_goal);
    case PLAN_VALUE:
        return one_value(r, ret_goal, atom->value.p ? atom->value : T(""));
    case PLAN_TOKEN:
        return make_token(r, atom, ret_goal);
    case PLAN_SYSTEM:
        return make_system(r, atom, ret_goal);
    case PLAN_RANGE:
        ret_goal->kind = GOAL_RANGE;
        ret_goal->low = atom->low;
        ret_goal->high = atom->high;
        return 0;
    case PLAN_REFERENCE:
        return make_reference(r, atom, ret_goal);
    case PLAN_ID:
        ret_goal->kind = GOAL_SPANS;
        return make_id(r, atom, ret_goal);
    case PLAN_HOME:
        ret_goal->kind = GOAL_SPANS;
        return make_home(r, atom, ret_goal);
    case PLAN_COMPARTMENT:
        ret_goal->kind = GOAL_SPANS;
        return make_compartment(r, atom, ret_goal);
    }
    return err_set(r->e, ERR_INTERNAL, "a plan has an atom of an unknown kind");
}
