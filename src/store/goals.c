/* Nodes of a plan as goals: names, systems and units looked up. */
#include "store/plan.h"

enum { VALUES_MAX = 64, NARROW_MAX = 256 };

int goal_value(struct run *r, struct goal *goal, uint16_t param, text bytes)
{
    struct value *values = arena_grow(&r->scratch, goal->values, goal->value_count,
                                      &goal->value_capacity, sizeof *values);
    if (!values || (bytes.n && !bytes.p)) {
        return run_memory(r);
    }
    goal->values = values;
    values[goal->value_count++] = (struct value){param, bytes};
    return 0;
}

int goal_stretch(struct run *r, struct goal *goal, const struct stretch *stretch)
{
    struct stretch *stretches = arena_grow(&r->scratch, goal->stretches, goal->stretch_count,
                                           &goal->stretch_capacity, sizeof *stretches);
    if (!stretches) {
        return run_memory(r);
    }
    goal->stretches = stretches;
    stretches[goal->stretch_count++] = *stretch;
    return 0;
}

int goal_everything(struct run *r, fhir_type type, struct goal *ret_goal)
{
    *ret_goal = (struct goal){.kind = GOAL_SPANS, .type = type};
    return spans_add(r, &ret_goal->spans, 0, RID_LAST);
}

bool goal_is_everything(const struct goal *goal)
{
    return goal->kind == GOAL_SPANS && goal->spans.count == 1 && goal->spans.items[0].from == 0 &&
           goal->spans.items[0].to == RID_LAST;
}

int exact_keys(struct run *r, const struct value *value, struct span within, struct set *set)
{
    struct db_range range = {.param = value->param,
                             .exact = true,
                             .low = value->bytes,
                             .rid_from = within.from,
                             .rid_to = within.to};
    struct db_cursor *c = NULL;
    struct db_entry entry;
    int code = run_spend(r, COST_SEEK);
    int rc = code ? 0 : db_index_open(r->db, &range, &c);
    while (!rc && !code && !(rc = db_index_next(c, &entry))) {
        code = set_add(r, set, entry.rid);
        code = code ? code : run_spend(r, 1);
    }
    db_cursor_close(c);
    return code ? code : rc == DB_END ? 0 : run_failed(r, rc);
}

/* --- entries ------------------------------------------------------------------------------- */

int reference_value(struct run *r, fhir_type type, text id, text *ret_value)
{
    struct name n;
    struct found found;
    name_make(&r->s->hasher, type, id, &n);
    int rc = run_failed(r, name_find(r->db, &n, false, &found));
    text value = {0};
    if (!rc && found.known) {
        char *p = arena_alloc(&r->scratch, REFERENCE_SIZE);
        if (p) {
            put_be64(p, found.hash);
            value = text_make(p, REFERENCE_SIZE);
        } else {
            rc = run_memory(r);
        }
    }
    db_name_done(r->db);
    *ret_value = value;
    return rc;
}

static int make_reference(struct run *r, const struct plan_node *node, struct goal *goal)
{
    text value = {0};
    int rc = reference_value(r, node->target, node->value, &value);
    return rc || !value.p ? rc : goal_value(r, goal, node->param, value);
}

/* A token as the store keeps it; one of a Reference's identifier stands behind eight 0xFF. */
static text stored_token(struct run *r, const struct plan_node *node, uint64_t system)
{
    text value = token_value(node->value, system, &r->scratch);
    if (!node->of_reference || !value.p) {
        return value;
    }
    char *p = arena_alloc(&r->scratch, REFERENCE_SIZE + value.n);
    if (!p) {
        return (text){0};
    }
    memset(p, 0xFF, REFERENCE_SIZE);
    memcpy(p + REFERENCE_SIZE, value.p, value.n);
    return text_make(p, REFERENCE_SIZE + value.n);
}

/* The distinct values with this code: one seek each. Too many of them are better walked through. */
static int any_system(struct run *r, const struct plan_node *node, struct goal *goal)
{
    text low = stored_token(r, node, 0);
    text high = stored_token(r, node, 0);
    if (!low.p || !high.p) {
        return run_memory(r);
    }
    memcpy((char *)(uintptr_t)high.p + high.n - 1, "\1", 1);
    text begin = low;
    int rc = 0;
    while (!rc && goal->value_count < VALUES_MAX) {
        struct db_range range = {.param = node->param, .low = low, .high = high};
        struct db_cursor *c = NULL;
        struct db_entry entry;
        rc = run_failed(r, db_index_open(r->db, &range, &c));
        rc = rc ? rc : run_failed(r, db_index_next(c, &entry));
        rc = rc ? rc : run_spend(r, COST_SEEK);
        text copy = rc ? (text){0} : arena_copy(&r->scratch, entry.value);
        db_cursor_close(c);
        if (!rc) {
            rc = copy.p ? goal_value(r, goal, node->param, copy) : run_memory(r);
            low = text_make(copy.p, copy.n + 1); /* with the NUL behind the copy */
        }
    }
    if (rc) {
        return rc == DB_END ? 0 : rc;
    }
    goal->kind = GOAL_RANGE;
    goal->value_count = 0;
    struct stretch all = {.param = node->param, .low = begin, .high = high};
    return goal_stretch(r, goal, &all);
}

static int make_token(struct run *r, const struct plan_node *node, struct goal *goal)
{
    if (node->system_mode == PLAN_SYSTEM_ANY) {
        return any_system(r, node, goal);
    }
    uint64_t number = 0;
    if (node->system_mode == PLAN_SYSTEM_GIVEN) {
        int rc = system_number(r->s, r->db, node->system, &number);
        if (rc) {
            return rc == DB_END ? 0 : run_failed(r, rc);
        }
    }
    text value = stored_token(r, node, number);
    goal->apart = true;
    return value.p ? goal_value(r, goal, node->param, value) : run_memory(r);
}

static int make_system(struct run *r, const struct plan_node *node, struct goal *goal)
{
    uint64_t number = 0;
    int rc = system_number(r->s, r->db, node->system, &number);
    if (rc) {
        return rc == DB_END ? 0 : run_failed(r, rc);
    }
    goal->kind = GOAL_RANGE;
    struct stretch all = {.param = node->param, .suffix = token_value(T(""), number, &r->scratch)};
    if (!all.suffix.p) {
        return run_memory(r);
    }
    if (node->of_reference) {
        all.low = T("\xff\xff\xff\xff\xff\xff\xff\xff");
    }
    return goal_stretch(r, goal, &all);
}

static uint64_t first_t(int64_t ms)
{
    return ms <= 0 ? 0 : ms >= INT64_MAX >> 16 ? (uint64_t)INT64_MAX : (uint64_t)ms << 16;
}

static int make_updated(struct run *r, const struct plan_node *node, struct goal *goal)
{
    char *p = arena_alloc(&r->scratch, 16);
    if (!p) {
        return run_memory(r);
    }
    put_be64(p, first_t(node->start_from));
    put_be64(p + 8, first_t(node->start_to));
    struct stretch all = {.param = own_param(goal->type, INDEX_LAST_UPDATED),
                          .low = text_make(p, 8),
                          .high = text_make(p + 8, 8)};
    goal->kind = GOAL_RANGE;
    goal->by_t = true;
    return goal_stretch(r, goal, &all);
}

static int make_range(struct run *r, const struct plan_node *node, struct goal *goal)
{
    struct stretch all = {
        .param = node->param, .low = node->low, .high = node->high, .accepts = node};
    if (node->kind == PLAN_EXISTS) {
        /* What is behind the exception mark. */
        all = (struct stretch){.param = node->param, .low = T("\0\0")};
    }
    goal->kind = GOAL_RANGE;
    goal->by_when = node->kind == PLAN_RANGE && node->test == PLAN_TEST_DATE &&
                    node->param == search_when(goal->type) && node->param != 0;
    return goal_stretch(r, goal, &all);
}

/* One stretch for each unit that is known and can be compared. */
static int make_quantity(struct run *r, const struct plan_node *node, struct goal *goal)
{
    struct unit *units = NULL;
    size_t count = 0;
    goal->kind = GOAL_RANGE;
    int rc = run_failed(r, units_all(r->s, r->db, &r->scratch, &units, &count));
    for (size_t i = 0; i < count && !rc; i++) {
        text low = {0};
        text high = {0};
        if (!plan_quantity_range(node, units[i].unit, &r->scratch, &low, &high)) {
            continue;
        }
        struct stretch one = {.param = node->param,
                              .low = unit_value(units[i].number, low, &r->scratch),
                              .high =
                                  unit_value(units[i].number + (high.n == 0), high, &r->scratch)};
        rc = one.low.p && one.high.p ? goal_stretch(r, goal, &one) : run_memory(r);
    }
    return rc;
}

/* --- leaves and checks --------------------------------------------------------------------- */

static int make_leaf(struct run *r, const struct plan_node *node, struct goal *goal)
{
    const struct search_param *param = search_param_by_number(r->v->rules.customs, node->param);
    goal->kind = GOAL_EXACT;
    goal->dated = param && param->dated;
    switch (node->kind) {
    case PLAN_ID:
    case PLAN_HOME:
    case PLAN_HOMED:
    case PLAN_COMPARTMENT:
        return keys_goal(r, node, goal);
    case PLAN_VALUE:
        goal->apart = true;
        return goal_value(r, goal, node->param, node->value);
    case PLAN_TOKEN:
        return make_token(r, node, goal);
    case PLAN_SYSTEM:
        return make_system(r, node, goal);
    case PLAN_RANGE:
    case PLAN_EXISTS:
        return make_range(r, node, goal);
    case PLAN_QUANTITY:
        return make_quantity(r, node, goal);
    case PLAN_REFERENCE:
        goal->apart = true;
        return make_reference(r, node, goal);
    case PLAN_UPDATED:
        return make_updated(r, node, goal);
    case PLAN_TEXT:
        return text_goal(r, node, goal);
    case PLAN_WORDS:
        goal->kind = GOAL_RANGE;
        goal->by_words = true;
        return 0;
    default:
        return err_set(r->e, ERR_INTERNAL, "a plan has a node of an unknown kind");
    }
}

static int make_items(struct run *r, const struct plan_node *node, enum goal_kind kind,
                      struct goal *goal)
{
    goal->kind = kind;
    goal->items = arena_zalloc(&r->scratch, node->count + 1, sizeof *goal->items);
    int rc = goal->items ? 0 : run_memory(r);
    for (size_t i = 0; i < node->count && !rc; i++) {
        rc = goal_make(r, goal->type, &node->items[i], &goal->items[goal->count++]);
    }
    return rc;
}

static int make_check(struct run *r, const struct plan_node *node, struct goal *goal)
{
    goal->kind = GOAL_CHECK;
    goal->items = arena_zalloc(&r->scratch, 1, sizeof *goal->items);
    struct plan_node *alone = arena_zalloc(&r->scratch, 1, sizeof *alone);
    if (!goal->items || !alone) {
        return run_memory(r);
    }
    goal->count = 1;
    if (node->count && plan_joins(&node->items[0])) {
        /* What finds the candidates is asked about by itself. */
        size_t n = node->count;
        *alone = *node;
        alone->items = arena_zalloc(&r->scratch, n, sizeof *alone->items);
        if (!alone->items) {
            return run_memory(r);
        }
        memcpy(alone->items, node->items, n * sizeof *alone->items);
        alone->items[0] = (struct plan_node){.kind = PLAN_ALL, .type = node->type};
        goal->node = alone;
        goal->asks_item = true;
    }
    return goal_make(r, goal->type, node->count ? &node->items[0] : NULL, &goal->items[0]);
}

static int make_join(struct run *r, const struct plan_node *node, struct goal *goal)
{
    goal->kind = node->kind == PLAN_CHAIN ? GOAL_CHAIN : GOAL_HAS;
    goal->items = arena_zalloc(&r->scratch, 1, sizeof *goal->items);
    if (!goal->items) {
        return run_memory(r);
    }
    goal->count = 1;
    goal->memo = UINT64_MAX;
    int rc = goal_make(r, node->target, node->count ? &node->items[0] : NULL, &goal->items[0]);
    return rc ? rc : join_settle(r, goal);
}

/* --- AND and OR ---------------------------------------------------------------------------- */

/* Adds what one alternative finds to what others of the same kind do. */
static int merge_item(struct run *r, const struct goal *item, struct goal *into)
{
    int rc = 0;
    into->by_when &= item->by_when;
    into->dated &= item->dated;
    into->rest = NULL;
    for (size_t k = 0; k < item->stretch_count && !rc; k++) {
        rc = goal_stretch(r, into, &item->stretches[k]);
    }
    for (size_t k = 0; k < item->value_count && !rc; k++) {
        rc = goal_value(r, into, item->values[k].param, item->values[k].bytes);
    }
    for (size_t k = 0; k < item->spans.count && !rc; k++) {
        rc = spans_add(r, &into->spans, item->spans.items[k].from, item->spans.items[k].to);
    }
    return rc;
}

/* Alternatives that are all stretches, all values or all keys are one. */
static int merge_items(struct run *r, struct goal *goal, enum goal_kind kind)
{
    struct plan_node *node = arena_zalloc(&r->scratch, 1, sizeof *node);
    struct plan_node *nodes = arena_zalloc(&r->scratch, goal->count + 1, sizeof *nodes);
    if (!node || !nodes) {
        return run_memory(r);
    }
    *node = (struct plan_node){.kind = PLAN_OR, .type = goal->type, .items = nodes};
    struct goal into = {
        .kind = kind, .type = goal->type, .node = node, .by_when = true, .dated = true};
    size_t kept = 0;
    size_t merged = 0;
    bool testable = true;
    int rc = 0;
    for (size_t i = 0; i < goal->count && !rc; i++) {
        struct goal *item = &goal->items[i];
        if (item->kind != kind || item->by_words || item->by_t) {
            goal->items[kept++] = *item;
            continue;
        }
        into = merged == 0 ? *item : into;
        if (merged++ > 0) {
            into.apart = false;
            rc = merge_item(r, item, &into);
        }
        testable &= item->node != NULL;
        if (item->node) {
            nodes[node->count++] = *item->node;
        }
    }
    spans_order(&into.spans);
    if (merged) {
        into.node = !testable ? NULL : node->count == 1 ? &nodes[0] : node;
        goal->items[kept++] = into;
    }
    goal->count = kept;
    return rc;
}

/* A few entries beside keys are keys as well: so that together they say where to look at all. */
static int narrow_items(struct run *r, struct goal *goal)
{
    bool has_keys = false;
    uint64_t sum = 0;
    for (size_t i = 0; i < goal->count; i++) {
        struct goal *item = &goal->items[i];
        uint64_t n = 0;
        has_keys |= item->kind == GOAL_SPANS && !goal_is_everything(item);
        if (item->kind == GOAL_SPANS) {
            continue;
        }
        int rc = item->kind == GOAL_EXACT ? goal_estimate(r, item, NULL, NARROW_MAX + 1, &n) : 0;
        if (rc || item->kind != GOAL_EXACT || (sum += n) > NARROW_MAX) {
            return rc;
        }
    }
    for (size_t i = 0; i < goal->count && has_keys; i++) {
        struct goal *item = &goal->items[i];
        struct set keys = {0};
        int rc = item->kind == GOAL_EXACT ? goal_set(r, item, NULL, &keys) : 0;
        rc = rc ? rc : spans_add_set(r, &item->spans, &keys);
        if (rc) {
            return rc;
        }
        item->kind = GOAL_SPANS;
    }
    return 0;
}

static int make_or(struct run *r, const struct plan_node *node, struct goal *goal)
{
    int rc = make_items(r, node, GOAL_OR, goal);
    size_t kept = 0;
    for (size_t i = 0; i < goal->count && !rc; i++) {
        const struct goal *item = &goal->items[i];
        bool nothing = item->kind == GOAL_NONE || (item->kind == GOAL_EXACT && !item->value_count);
        if (!nothing) {
            goal->items[kept++] = goal->items[i];
        }
    }
    goal->count = kept;
    rc = rc ? rc : narrow_items(r, goal);
    rc = rc ? rc : merge_items(r, goal, GOAL_RANGE);
    rc = rc ? rc : merge_items(r, goal, GOAL_EXACT);
    rc = rc ? rc : merge_items(r, goal, GOAL_SPANS);
    if (!rc && goal->count == 0) {
        goal->kind = GOAL_NONE;
    } else if (!rc && goal->count == 1) {
        struct goal only = goal->items[0];
        *goal = only;
    }
    return rc;
}

/* Leaves on facets are answered together, once. */
static int make_and(struct run *r, const struct plan_node *node, struct goal *goal)
{
    struct plan_node *facets = arena_zalloc(&r->scratch, 1, sizeof *facets);
    struct plan_node *others = arena_zalloc(&r->scratch, 1, sizeof *others);
    struct plan_node *items = arena_zalloc(&r->scratch, 2 * node->count + 1, sizeof *items);
    if (!facets || !others || !items) {
        return run_memory(r);
    }
    *facets = (struct plan_node){.kind = PLAN_AND, .type = node->type, .items = items};
    *others =
        (struct plan_node){.kind = PLAN_AND, .type = node->type, .items = items + node->count};
    for (size_t i = 0; i < node->count; i++) {
        struct plan_node *to = facets_answer(r, &node->items[i]) ? facets : others;
        to->items[to->count++] = node->items[i];
    }
    int rc = make_items(r, others, GOAL_AND, goal);
    if (!rc && facets->count) {
        struct goal *all = arena_zalloc(&r->scratch, goal->count + 1, sizeof *all);
        if (!all) {
            return run_memory(r);
        }
        memcpy(all, goal->items, goal->count * sizeof *all);
        goal->items = all;
        rc = facets_goal(r, goal->type, facets, &goal->items[goal->count++]);
    }
    if (!rc && goal->count == 0) {
        return goal_everything(r, goal->type, goal);
    }
    if (!rc && goal->count == 1) {
        struct goal only = goal->items[0];
        *goal = only;
    }
    return rc;
}

int goal_make(struct run *r, fhir_type type, const struct plan_node *node, struct goal *ret_goal)
{
    if (!node || node->kind == PLAN_ALL) {
        return goal_everything(r, type, ret_goal);
    }
    *ret_goal = (struct goal){.kind = GOAL_NONE, .type = type, .node = node};
    int rc = run_spend(r, 0);
    if (rc || node->kind == PLAN_NONE) {
        return rc;
    }
    if (facets_answer(r, node)) {
        return facets_goal(r, type, node, ret_goal);
    }
    switch (node->kind) {
    case PLAN_AND:
        return make_and(r, node, ret_goal);
    case PLAN_OR:
        return make_or(r, node, ret_goal);
    case PLAN_NOT:
        return make_items(r, node, GOAL_NOT, ret_goal);
    case PLAN_CHECK:
        return make_check(r, node, ret_goal);
    case PLAN_CHAIN:
    case PLAN_HAS:
        return make_join(r, node, ret_goal);
    default:
        return make_leaf(r, node, ret_goal);
    }
}
