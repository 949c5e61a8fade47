/* Nodes that are about keys: by id, or by whose compartment they are in. */
#include "store/plan.h"

static struct span span_of_type(uint64_t compartment, fhir_type type)
{
    return (struct span){rid_make(compartment, type, 0),
                         rid_make(compartment, type, SERIAL_COUNT - 1)};
}

int home_spans(struct run *r, uint64_t compartment, fhir_type type, uint16_t param,
               struct spans *spans)
{
    struct set exceptions = {0};
    struct span all = span_of_type(compartment, type);
    struct value mark = {param, T("\0")};
    int rc = exact_keys(r, &mark, all, &exceptions);
    uint64_t from = all.from;
    for (size_t i = 0; i < exceptions.count && !rc; i++) {
        uint64_t rid = exceptions.rids[i];
        rc = rid > from ? spans_add(r, spans, from, rid - 1) : 0;
        from = rid + 1;
    }
    return rc ? rc : from <= all.to ? spans_add(r, spans, from, all.to) : 0;
}

static int make_home(struct run *r, const struct plan_node *node, struct goal *goal)
{
    uint64_t compartment = 0;
    goal->kind = GOAL_SPANS;
    int rc = patient_compartment(r->s, r->db, node->value, &compartment);
    if (rc) {
        return rc == DB_END ? 0 : run_failed(r, rc);
    }
    return home_spans(r, compartment, goal->type, node->param, &goal->spans);
}

static int make_compartment(struct run *r, const struct plan_node *node, struct goal *goal)
{
    uint64_t compartment = 0;
    goal->kind = GOAL_SPANS;
    int rc = patient_compartment(r->s, r->db, node->value, &compartment);
    if (rc) {
        return rc == DB_END ? 0 : run_failed(r, rc);
    }
    char bytes[8];
    put_be64(bytes, compartment);
    struct span all = span_of_type(compartment, goal->type);
    struct value member = {own_param(goal->type, INDEX_MEMBER), text_make(bytes, 8)};
    struct set members = {0};
    rc = spans_add(r, &goal->spans, all.from, all.to);
    rc = rc ? rc : exact_keys(r, &member, (struct span){0, RID_LAST}, &members);
    rc = rc ? rc : spans_add_set(r, &goal->spans, &members);
    spans_order(&goal->spans);
    return rc;
}

static int make_id(struct run *r, const struct plan_node *node, struct goal *goal)
{
    struct name n;
    struct found found;
    goal->kind = GOAL_SPANS;
    name_make(&r->s->hasher, goal->type, node->value, &n);
    int rc = name_find(r->db, &n, false, &found);
    if (!rc && found.known && found.row.exists && !found.row.resource.deleted) {
        rc = spans_add(r, &goal->spans, found.row.rid, found.row.rid);
    } else {
        rc = run_failed(r, rc);
    }
    db_name_done(r->db);
    return rc;
}

/* Keys in any patient's compartment without the exceptions: not looked at one by one here. */
static int make_homed(struct run *r, const struct plan_node *node, struct goal *goal)
{
    goal->kind = GOAL_AND;
    goal->items = arena_zalloc(&r->scratch, 3, sizeof *goal->items);
    if (!goal->items) {
        return run_memory(r);
    }
    struct goal *keys = &goal->items[0];
    struct goal *mark = &goal->items[2];
    goal->count = 2;
    *keys = (struct goal){.kind = GOAL_SPANS, .type = goal->type};
    goal->items[1] = (struct goal){.kind = GOAL_NOT, .type = goal->type, .items = mark, .count = 1};
    *mark = (struct goal){.kind = GOAL_EXACT, .type = goal->type, .apart = true};
    int rc = spans_add(r, &keys->spans, rid_make(COMPARTMENT_PATIENTS, 0, 0), RID_LAST);
    return rc ? rc : goal_value(r, mark, node->param, T("\0"));
}

int keys_goal(struct run *r, const struct plan_node *node, struct goal *goal)
{
    switch (node->kind) {
    case PLAN_ID:
        return make_id(r, node, goal);
    case PLAN_HOME:
        return make_home(r, node, goal);
    case PLAN_HOMED:
        return make_homed(r, node, goal);
    default:
        return make_compartment(r, node, goal);
    }
}
