/* Leaves on facet parameters: which of the type's combinations answer them all. */
#include "store/plan.h"

static bool is_facet(const struct run *r, const struct plan_node *leaf)
{
    const struct search_param *param = search_param_by_number(r->v->rules.customs, leaf->param);
    return param && param->facet;
}

/* The depth is that of the query, which its parser has limited. */
bool facets_answer(const struct run *r, const struct plan_node *node)
{
    switch (node->kind) {
    case PLAN_VALUE:
    case PLAN_TOKEN:
    case PLAN_SYSTEM:
    case PLAN_RANGE:
    case PLAN_EXISTS:
    case PLAN_TEXT:
        return is_facet(r, node);
    case PLAN_AND:
    case PLAN_OR:
    case PLAN_NOT:
        for (size_t i = 0; i < node->count; i++) {
            if (!facets_answer(r, &node->items[i])) {
                return false;
            }
        }
        return node->count > 0;
    default:
        return false;
    }
}

/* PLAN_TEXT looks at more than entries; that there is an entry is all that can be said. */
static int without_text(struct run *r, const struct plan_node *node, struct plan_node *ret_node)
{
    *ret_node = *node;
    if (node->kind == PLAN_TEXT) {
        ret_node->kind = PLAN_EXISTS;
    }
    if (node->count) {
        ret_node->items = arena_zalloc(&r->scratch, node->count, sizeof *ret_node->items);
        if (!ret_node->items) {
            return run_memory(r);
        }
    }
    int rc = 0;
    for (size_t i = 0; i < node->count && !rc; i++) {
        rc = without_text(r, &node->items[i], &ret_node->items[i]);
    }
    return rc;
}

static int answers(struct run *r, const struct plan_node *node, const struct index_entry *entries,
                   size_t count, bool *ret_matches)
{
    struct index index = {.entries = (struct index_entry *)(uintptr_t)entries,
                          .count = count,
                          .when = INDEX_WHEN_NONE};
    struct plan_subject subject = {.index = &index, .rules = &r->v->rules};
    struct arena_mark mark = arena_mark(&r->scratch);
    int rc = plan_test(node, &subject, &r->scratch, ret_matches);
    arena_rewind(&r->scratch, mark);
    return rc == ERR_MEMORY ? run_memory(r)
           : rc             ? err_set(r->e, rc, "a plan cannot be tested on facets")
                            : 0;
}

/* All entries of the leaves' parameters: few resources, or none, have such by themselves. */
static int single_stretches(struct run *r, const struct plan_node *node, struct goal *goal)
{
    int rc = 0;
    if (node->count == 0) {
        struct stretch all = {.param = node->param};
        struct db_range range = {.param = node->param};
        uint64_t n = 0;
        rc = run_failed(r, db_index_count(r->db, &range, 1, &n));
        rc = rc ? rc : run_spend(r, COST_SEEK);
        return rc || !n ? rc : goal_stretch(r, goal, &all);
    }
    for (size_t i = 0; i < node->count && !rc; i++) {
        rc = single_stretches(r, &node->items[i], goal);
    }
    return rc;
}

/* Beside the combinations: resources whose entries stand one by one, each tested. */
static int with_singles(struct run *r, fhir_type type, const struct plan_node *node,
                        const struct goal *facets, struct goal *ret_goal)
{
    struct goal *items = arena_zalloc(&r->scratch, 3, sizeof *items);
    if (!items) {
        return run_memory(r);
    }
    items[0] = *facets;
    items[1] = (struct goal){
        .kind = GOAL_CHECK, .type = type, .node = node, .items = &items[2], .count = 1};
    items[2] = (struct goal){.kind = GOAL_RANGE, .type = type};
    int rc = single_stretches(r, node, &items[2]);
    *ret_goal = items[2].stretch_count == 0
                    ? *facets
                    : (struct goal){
                          .kind = GOAL_OR, .type = type, .node = node, .items = items, .count = 2};
    return rc;
}

static int add_facet(struct run *r, const struct facet *facet, fhir_type type, struct goal *goal)
{
    char number[FACET_VALUE_SIZE];
    text value = arena_copy(&r->scratch, facet_value(facet->number, number));
    return value.p ? goal_value(r, goal, own_param(type, INDEX_FACETS), value) : run_memory(r);
}

int facets_goal(struct run *r, fhir_type type, const struct plan_node *node, struct goal *ret_goal)
{
    const struct facet *facets = NULL;
    size_t count = 0;
    bool single = false;
    bool of_none = false;
    struct plan_node *plain = arena_zalloc(&r->scratch, 1, sizeof *plain);
    int rc = plain ? without_text(r, node, plain) : run_memory(r);
    rc = rc ? rc : run_failed(r, facets_of(r->s, r->db, type, &facets, &count, &single));
    rc = rc ? rc : answers(r, plain, NULL, 0, &of_none);
    struct goal goal = {
        .kind = GOAL_EXACT, .type = type, .node = plain, .dated = true, .apart = true};
    struct goal *rest = arena_zalloc(&r->scratch, 1, sizeof *rest);
    struct plan_node *denied = arena_zalloc(&r->scratch, 1, sizeof *denied);
    if (rc || !rest || !denied) {
        return rc ? rc : run_memory(r);
    }
    *denied = (struct plan_node){.kind = PLAN_NOT, .type = type, .items = plain, .count = 1};
    goal.node = of_none ? denied : plain;
    *rest = goal;
    rest->node = of_none ? plain : denied;
    /* What matches resources without any facet is said by what it leaves out. */
    for (size_t i = 0; i < count && !rc; i++) {
        bool has = false;
        rc = answers(r, plain, facets[i].entries, facets[i].count, &has);
        rc = rc ? rc : add_facet(r, &facets[i], type, has != of_none ? &goal : rest);
    }
    goal.rest = single ? NULL : rest;
    struct goal found = goal;
    if (!rc && single) {
        rc = with_singles(r, type, goal.node, &goal, &found);
    }
    if (rc || !of_none) {
        *ret_goal = found;
        return rc;
    }
    struct goal *item = arena_zalloc(&r->scratch, 1, sizeof *item);
    if (!item) {
        return run_memory(r);
    }
    *item = found;
    if (!single) {
        /* Each resource has a combination: then those that answer it are what is left. */
        rest->rest = item;
        *ret_goal = *rest;
        return 0;
    }
    *ret_goal =
        (struct goal){.kind = GOAL_NOT, .type = type, .node = plain, .items = item, .count = 1};
    return 0;
}
