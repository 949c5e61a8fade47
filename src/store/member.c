/* Whether one resource is what a goal means: by its `when`, by the index, or by its own data. */
#include "store/plan.h"

#include "base/buf.h"

enum { PROBES_MAX = 8, SETTLE_FIRST = 200 * COST_BODY };

/* --- what is read of a resource ------------------------------------------------------------ */

int candidate_new(struct run *r, const struct hit *hit, struct candidate **ret_candidate)
{
    if (r->depth == JOINS_DEEP) {
        return err_set(r->e, ERR_TOO_COSTLY, "the search has more joins than it may");
    }
    struct candidate *c = r->candidates[r->depth];
    if (!c) {
        c = arena_zalloc(&r->lasting, 1, sizeof *c);
        if (!c) {
            return run_memory(r);
        }
        arena_init(&c->arena, r->s->limits.request_memory);
        r->candidates[r->depth] = c;
    }
    struct arena arena = c->arena;
    *c = (struct candidate){.r = r, .hit = *hit, .arena = arena};
    r->depth++;
    *ret_candidate = c;
    return 0;
}

void candidate_done(struct candidate *c)
{
    if (!c) {
        return;
    }
    if (c->has_row) {
        arena_reset(&c->arena);
    }
    c->r->depth--;
}

int candidate_row(struct candidate *c)
{
    if (c->has_row || c->gone) {
        return c->gone ? DB_END : 0;
    }
    struct run *r = c->r;
    struct db_resource row;
    char shown[ID_TEXT_SIZE];
    int rc = run_spend(r, COST_SEEK);
    if (rc) {
        return rc;
    }
    rc = db_resource_find(r->db, c->hit.rid, &row);
    if (!rc && !row.deleted) {
        c->t = row.t;
        c->hit.when = row.when;
        c->hit.dated = true;
        c->id = arena_copy(&c->arena, id_show(row.id, shown));
        c->body = arena_copy(&c->arena, row.body);
        rc = c->id.p && c->body.p ? 0 : run_memory(r);
        c->has_row = true;
    } else {
        c->gone = !rc || rc == DB_END;
        rc = rc ? run_failed(r, rc) : DB_END;
    }
    db_resource_done(r->db);
    return rc;
}

static int parse(struct candidate *c, text packed)
{
    struct run *r = c->r;
    struct resource_head head = {
        .type = rid_type(c->hit.rid), .id = c->id, .version = 1, .instant = (int64_t)(c->t >> 16)};
    struct buf printed;
    buf_init(&printed, packed.n * 2 + 4096);
    c->resource = (struct resource){.type = head.type, .id = c->id};
    int rc = resource_print(&head, packed, &printed, r->e);
    rc = rc ? rc
            : json_read(buf_text(&printed), r->s->limits.json_depth + 8, &c->arena,
                        &c->resource.root, r->e);
    if (!rc) {
        c->resource.meta = json_get(c->resource.root, T("meta"));
        c->has_body = true;
    }
    buf_done(&printed);
    return rc;
}

int candidate_resource(struct candidate *c)
{
    int rc = candidate_row(c);
    if (rc || c->has_body) {
        return rc;
    }
    struct run *r = c->r;
    text packed;
    rc = run_spend(r, COST_BODY);
    rc = rc ? rc : stored_body(r->s, r->db, r->v->tools, c->body, &c->arena, &packed, r->e);
    return rc ? rc : parse(c, packed);
}

int candidate_index(struct candidate *c)
{
    int rc = candidate_resource(c);
    if (rc || c->has_index) {
        return rc;
    }
    c->has_index = true;
    return index_extract(&c->resource, &c->r->v->rules, &c->arena, &c->index) ? run_memory(c->r)
                                                                              : 0;
}

int node_has(struct candidate *c, const struct plan_node *node, bool *ret_has)
{
    *ret_has = false;
    /* What is hidden is not looked into: neither what it costs nor what cannot be tested of it may
     * show. It is left out further on, whatever stands around this node. */
    if (!view_may(c->r->v, c->hit.rid)) {
        return 0;
    }
    int rc = candidate_index(c);
    if (rc) {
        return rc == DB_END ? 0 : rc;
    }
    struct plan_subject subject = {.r = &c->resource,
                                   .index = &c->index,
                                   .updated = (int64_t)(c->t >> 16),
                                   .rules = &c->r->v->rules};
    rc = plan_test(node, &subject, &c->arena, ret_has);
    return rc == ERR_MEMORY ? run_memory(c->r)
           : rc             ? err_set(c->r->e, rc, "a part of the plan cannot be tested")
                            : 0;
}

/* --- stretches ----------------------------------------------------------------------------- */

bool stretch_takes(const struct stretch *stretch, text value)
{
    if (stretch->suffix.n) {
        text token = stretch->low.n ? text_from(value, 8) : value;
        return text_ends(token, stretch->suffix) &&
               text_find(token, '\0') == token.n - stretch->suffix.n;
    }
    if (stretch->accepts && stretch->accepts->kind == PLAN_TEXT) {
        return plan_text_accepts(stretch->accepts->value, text_from(value, 1));
    }
    return !stretch->accepts || plan_range_accepts(stretch->accepts, value);
}

/* A date entry's value from `when`, without memory. False: `when` does not say. */
static bool when_value(int64_t when, char bytes[16], text *ret_value)
{
    int64_t start = 0;
    int64_t end = 0;
    if (!index_when_read(when, &start, &end) || start < 0) {
        return false;
    }
    char number[8];
    put_be64(number, (uint64_t)start);
    memcpy(bytes, number, 8);
    bytes[0] = 0; /* the class of short ones, in front of seven bytes of the start */
    put_be64(number, (uint64_t)(end - start));
    size_t skip = 0;
    while (skip < 7 && number[skip] == 0) {
        skip++;
    }
    memcpy(bytes + 8, number + skip, 8 - skip);
    *ret_value = text_make(bytes, 16 - skip);
    return true;
}

bool goal_by_when(const struct goal *goal, int64_t when, bool *ret_has)
{
    char bytes[16];
    text value;
    if (!when_value(when, bytes, &value)) {
        return false;
    }
    *ret_has = false;
    for (size_t i = 0; i < goal->stretch_count && !*ret_has; i++) {
        const struct stretch *stretch = &goal->stretches[i];
        *ret_has = text_cmp(value, stretch->low) >= 0 &&
                   (!stretch->high.n || text_cmp(value, stretch->high) < 0) &&
                   stretch_takes(stretch, value);
    }
    return true;
}

static int range_has(const struct goal *goal, struct candidate *c, bool *ret_has)
{
    *ret_has = false;
    if (goal->by_when && !c->has_index) {
        if (!c->hit.dated) {
            int rc = candidate_row(c);
            if (rc) {
                return rc == DB_END ? 0 : rc;
            }
        }
        if (goal_by_when(goal, c->hit.when, ret_has)) {
            return 0;
        }
    }
    if (goal->by_t) {
        int rc = candidate_row(c);
        int64_t ms = (int64_t)(c->t >> 16);
        *ret_has = !rc && ms >= goal->node->start_from && ms < goal->node->start_to;
        return rc == DB_END ? 0 : rc;
    }
    return node_has(c, goal->node, ret_has);
}

/* --- any goal ------------------------------------------------------------------------------ */

static int exact_has(struct run *r, const struct goal *goal, struct candidate *c, bool *ret_has)
{
    if (goal->node && (c->has_index || goal->value_count > PROBES_MAX)) {
        return node_has(c, goal->node, ret_has);
    }
    int found = DB_END;
    int rc = 0;
    for (size_t i = 0; i < goal->value_count && found == DB_END && !rc; i++) {
        rc = run_spend(r, COST_SEEK);
        found = rc ? DB_END
                   : db_index_has(r->db, goal->values[i].param, goal->values[i].bytes, c->hit.rid);
    }
    *ret_has = found == 0;
    return rc ? rc : found == DB_END ? 0 : run_failed(r, found);
}

static int check_has(struct run *r, struct goal *goal, struct candidate *c, bool scoped,
                     bool *ret_has)
{
    bool has = true;
    int rc = 0;
    if (goal->asks_item) {
        rc = goal_has(r, &goal->items[0], c, scoped, &has);
    }
    if (rc || !has) {
        *ret_has = false;
        return rc;
    }
    return node_has(c, goal->node, ret_has);
}

static int items_have(struct run *r, struct goal *goal, struct candidate *c, bool scoped,
                      bool *ret_has)
{
    bool all = goal->kind == GOAL_AND;
    bool has = all;
    int rc = 0;
    for (size_t i = 0; i < goal->count && !rc && has == all; i++) {
        rc = goal_has(r, &goal->items[i], c, scoped, &has);
    }
    *ret_has = has;
    return rc;
}

static int has_once(struct run *r, struct goal *goal, struct candidate *c, bool scoped,
                    bool *ret_has)
{
    int rc = 0;
    *ret_has = false;
    switch (goal->kind) {
    case GOAL_NONE:
        return 0;
    case GOAL_SPANS:
        *ret_has = spans_have(&goal->spans, c->hit.rid);
        return 0;
    case GOAL_EXACT:
        return exact_has(r, goal, c, ret_has);
    case GOAL_RANGE:
        return range_has(goal, c, ret_has);
    case GOAL_AND:
    case GOAL_OR:
        return items_have(r, goal, c, scoped, ret_has);
    case GOAL_NOT:
        rc = goal_has(r, &goal->items[0], c, scoped, ret_has);
        *ret_has = !rc && !*ret_has;
        return rc;
    case GOAL_CHECK:
        return check_has(r, goal, c, scoped, ret_has);
    case GOAL_CHAIN:
    case GOAL_HAS:
        return join_has(r, goal, c, scoped, ret_has);
    }
    return err_set(r->e, ERR_INTERNAL, "a goal is of an unknown kind");
}

/*
 * Asking about one resource after another has cost as much as it may: all that the goal means is
 * looked for, which may cost as much again. So neither way is ever followed for much longer than
 * the other would have taken.
 */
static int settle(struct run *r, struct goal *goal)
{
    struct set *set = arena_zalloc(&r->scratch, 1, sizeof *set);
    if (!set) {
        return run_memory(r);
    }
    struct trial before = trial_begin(r, goal->spent);
    int rc = goal_set(r, goal, NULL, set);
    trial_end(r, before);
    goal->settle = goal->spent * 2;
    if (!rc) {
        goal->set = set;
    }
    return rc == RUN_ENOUGH && r->cost < r->enough ? 0 : rc;
}

int goal_has(struct run *r, struct goal *goal, struct candidate *c, bool scoped, bool *ret_has)
{
    bool settles = goal->kind == GOAL_RANGE || goal->kind == GOAL_EXACT ||
                   goal->kind == GOAL_CHAIN || goal->kind == GOAL_HAS;
    if (goal->set) {
        *ret_has = set_has(goal->set, c->hit.rid);
        return run_spend(r, 1);
    }
    uint64_t cost = r->cost;
    int rc = has_once(r, goal, c, scoped, ret_has);
    goal->spent += r->cost - cost;
    goal->settle = goal->settle ? goal->settle : SETTLE_FIRST;
    if (!rc && settles && !scoped && goal->spent > goal->settle) {
        rc = settle(r, goal);
    }
    return rc;
}
