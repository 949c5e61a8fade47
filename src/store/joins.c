/*
 * CHAIN and HAS: other resources decide.
 *
 * Forwards the other side's hits lead to this side's keys; where the reference is to the patient in
 * whose compartment a resource is kept, the keys say so without any entry. Backwards one resource's
 * own references, or the entries that refer to it, are followed and the other side is asked.
 */
#include "store/plan.h"

enum { SETTLE_COST = 8000, SETTLE_HITS = 64 };

static bool by_home(const struct goal *goal)
{
    fhir_type patients = goal->kind == GOAL_CHAIN ? goal->node->target : goal->type;
    return goal->node->implied && patients == FHIR_PATIENT && !goal->node->by_url;
}

bool join_streams(const struct goal *goal)
{
    return goal->set || (by_home(goal) && goal_streams(&goal->items[0]));
}

/* --- the other side ------------------------------------------------------------------------ */

/* Whether the resource exists, may be seen and is what the other side's goal means. */
static int other_has(struct run *r, struct goal *goal, uint64_t rid, bool scoped, bool *ret_has)
{
    *ret_has = false;
    if (!view_may(r->v, rid) || rid_type(rid) != goal->items[0].type) {
        return 0;
    }
    if (goal->memo == rid) {
        *ret_has = goal->memo_has;
        return 0;
    }
    struct candidate *c = NULL;
    struct hit hit = {.rid = rid};
    bool has = false;
    int rc = candidate_new(r, &hit, &c);
    rc = rc ? rc : candidate_row(c);
    rc = rc ? rc : goal_has(r, &goal->items[0], c, scoped, &has);
    candidate_done(c);
    if (rc == 0 || rc == DB_END) {
        goal->memo = rid;
        goal->memo_has = *ret_has = !rc && has;
        return 0;
    }
    return rc;
}

/* The resource that a row of names stands for. DB_END: none, or not of the type. */
static int named(struct run *r, uint64_t row, fhir_type type, uint64_t *ret_rid)
{
    struct db_name name;
    int rc = run_spend(r, COST_SEEK);
    if (rc) {
        return rc;
    }
    rc = db_name_find(r->db, row, false, &name);
    bool there = !rc && name.exists && !name.resource.deleted && rid_type(name.rid) == type;
    *ret_rid = rc ? 0 : name.rid;
    db_name_done(r->db);
    return rc ? run_failed(r, rc) : there ? 0 : DB_END;
}

/* The value of references to a resource; p == NULL: nobody refers to it. */
static int value_of(struct run *r, const struct plan_node *node, struct candidate *c,
                    text *ret_value)
{
    *ret_value = (text){0};
    int rc = node->by_url ? candidate_resource(c) : candidate_row(c);
    if (rc) {
        return rc == DB_END ? 0 : rc;
    }
    rc = run_spend(r, COST_NAME);
    if (rc) {
        return rc;
    }
    if (!node->by_url) {
        return reference_value(r, rid_type(c->hit.rid), c->id, ret_value);
    }
    text url = json_text(json_get(c->resource.root, T("url")));
    return url.n ? reference_value(r, 0, url, ret_value) : 0;
}

/* Keys of the type whose own URL is this. */
static int keys_by_url(struct run *r, uint16_t param, text url, struct set *set)
{
    struct value value = {param, index_uri(url, &r->scratch)};
    return value.bytes.p ? exact_keys(r, &value, (struct span){0, RID_LAST}, set) : run_memory(r);
}

/* What a resource refers to: keys of current versions of `type`. */
static int follow(struct run *r, const struct plan_node *node, fhir_type type, struct candidate *c,
                  struct set *set)
{
    const struct search_param *param = search_param_by_number(r->v->rules.customs, node->param);
    struct index_entry *entries = NULL;
    size_t count = 0;
    int rc = param ? candidate_resource(c)
                   : err_set(r->e, ERR_INTERNAL, "a join by a parameter that does not exist");
    if (rc) {
        return rc == DB_END ? 0 : rc;
    }
    if (index_extract_one(&c->resource, &r->v->rules, param, &c->arena, &entries, &count)) {
        return run_memory(r);
    }
    for (size_t i = 0; i < count && !rc; i++) {
        const struct index_entry *entry = &entries[i];
        if (node->by_url && entry->target == 0) {
            rc = keys_by_url(r, node->target_url, entry->value, set);
        } else if (!node->by_url && entry->kind == INDEX_REFERENCE && entry->target == type) {
            struct name n;
            struct found found;
            name_make(&r->s->hasher, type, entry->value, &n);
            rc = run_failed(r, name_find(r->db, &n, false, &found));
            bool there = !rc && found.known && found.row.exists && !found.row.resource.deleted;
            uint64_t rid = there ? found.row.rid : 0;
            db_name_done(r->db);
            rc = rc ? rc : run_spend(r, COST_NAME);
            rc = rc || !there ? rc : set_add(r, set, rid);
        }
    }
    return rc;
}

/* --- forwards ------------------------------------------------------------------------------ */

/* What one hit of the other side leads to: values of references, keys in compartments, keys. */
static int lead_on(struct run *r, const struct goal *goal, uint64_t rid, struct goal *values,
                   struct spans *homes, struct set *keys)
{
    struct candidate *c = NULL;
    struct hit hit = {.rid = rid};
    const struct plan_node *node = goal->node;
    int rc = candidate_new(r, &hit, &c);
    if (!rc && goal->kind == GOAL_HAS) {
        rc = follow(r, node, goal->type, c, keys);
    } else if (!rc) {
        text value;
        rc = value_of(r, node, c, &value);
        rc = rc || !value.p ? rc : goal_value(r, values, node->param, value);
        if (!rc && by_home(goal)) {
            rc = home_spans(r, rid_compartment(rid), goal->type, node->param, homes);
        }
    }
    candidate_done(c);
    return rc;
}

/* HAS by the entries of the parameter: those whose resource is among the other side's hits. */
static int walk_entries(struct run *r, const struct goal *goal, const struct set *others,
                        struct set *keys)
{
    struct db_range range = {.param = goal->node->param};
    struct db_cursor *c = NULL;
    struct db_entry entry;
    uint64_t last = 0;
    bool has_last = false;
    int code = 0;
    int rc = db_index_open(r->db, &range, &c);
    while (!rc && !code && !(rc = db_index_next(c, &entry))) {
        code = run_spend(r, 1);
        if (code || entry.value.n != 8 || (has_last && get_be64(entry.value.p) == last) ||
            !set_has(others, entry.rid) || !view_may(r->v, entry.rid)) {
            continue;
        }
        uint64_t rid = 0;
        has_last = true;
        last = get_be64(entry.value.p);
        code = named(r, last, goal->type, &rid);
        code = code == DB_END ? 0 : code ? code : set_add(r, keys, rid);
    }
    db_cursor_close(c);
    return code ? code : rc == DB_END ? 0 : run_failed(r, rc);
}

/* Following many hits' references from their bodies costs more than walking through the entries of
 * the parameter. *ret_done: it was done so. */
static int try_entries(struct run *r, struct goal *goal, struct set *keys, bool *ret_done)
{
    struct set others = {0};
    struct db_range range = {.param = goal->node->param};
    uint64_t n = 0;
    *ret_done = false;
    if (goal->kind != GOAL_HAS || goal->node->by_url || by_home(goal)) {
        return 0;
    }
    int rc = goal_set(r, &goal->items[0], NULL, &others);
    uint64_t most = others.count * COST_BODY + 1;
    rc = rc ? rc : run_failed(r, db_index_count(r->db, &range, most, &n));
    rc = rc ? rc : run_spend(r, n / 4);
    if (!rc && n < most) {
        *ret_done = true;
        rc = walk_entries(r, goal, &others, keys);
    }
    return rc;
}

/* All of the other side, at most `most` hits (then RUN_ENOUGH). */
static int lead_all(struct run *r, struct goal *goal, size_t most, struct goal *values,
                    struct spans *homes, struct set *keys)
{
    struct stream *other = NULL;
    struct hit hit;
    uint64_t at = 0;
    size_t hits = 0;
    uint64_t want = r->want;
    r->want = UINT64_MAX;
    int rc = stream_open(r, &goal->items[0], NULL, true, &other);
    r->want = want;
    while (!rc && !(rc = stream_seek(other, at, &hit))) {
        at = hit.rid + 1;
        if (view_may(r->v, hit.rid)) {
            rc = hits++ == most ? RUN_ENOUGH : lead_on(r, goal, hit.rid, values, homes, keys);
        }
    }
    stream_close(other);
    spans_order(homes);
    set_order(keys);
    return rc == DB_END ? 0 : rc;
}

static int settled(struct run *r, struct goal *goal, const struct goal *values,
                   const struct spans *homes, const struct set *keys)
{
    struct goal *items = arena_zalloc(&r->scratch, 2, sizeof *items);
    if (!items) {
        return run_memory(r);
    }
    struct goal found = {.kind = GOAL_SPANS, .type = goal->type, .spans = *homes};
    int rc = spans_add_set(r, &found.spans, keys);
    spans_order(&found.spans);
    if (values->value_count == 0) {
        *goal = found;
        return rc;
    }
    uint64_t n = 0;
    rc = rc ? rc : goal_estimate(r, values, NULL, SETTLE_HITS + 1, &n);
    if (!rc && found.spans.count && n <= SETTLE_HITS) {
        struct set few = {0};
        struct goal asked = *values;
        rc = goal_set(r, &asked, NULL, &few);
        rc = rc ? rc : spans_add_set(r, &found.spans, &few);
        spans_order(&found.spans);
        *goal = found;
        return rc;
    }
    if (!found.spans.count) {
        *goal = *values;
        return rc;
    }
    items[0] = found;
    items[1] = *values;
    *goal = (struct goal){.kind = GOAL_OR, .type = goal->type, .items = items, .count = 2};
    return rc;
}

int join_settle(struct run *r, struct goal *goal)
{
    struct goal values = {.kind = GOAL_EXACT, .type = goal->type};
    struct spans homes = {0};
    struct set keys = {0};
    bool explains = r->explains;
    r->explains = false;
    struct trial before = trial_begin(r, SETTLE_COST);
    int rc = lead_all(r, goal, SETTLE_HITS, &values, &homes, &keys);
    trial_end(r, before);
    r->explains = explains;
    if (rc == RUN_ENOUGH && r->cost < r->enough) {
        return 0;
    }
    return rc ? rc : settled(r, goal, &values, &homes, &keys);
}

/* --- forwards, one by one ------------------------------------------------------------------ */

/* References by an implied parameter to others than the home patient: few, so each is asked. */
static int others_set(struct run *r, struct goal *goal, struct set *set)
{
    struct db_range range = {.param = goal->node->param, .low = T("\0\0")};
    struct db_cursor *c = NULL;
    struct db_entry entry;
    int code = 0;
    int rc = db_index_open(r->db, &range, &c);
    while (!rc && !code && !(rc = db_index_next(c, &entry))) {
        uint64_t to = 0;
        uint64_t from = entry.rid;
        bool has = false;
        bool chain = goal->kind == GOAL_CHAIN;
        code = run_spend(r, 1);
        if (code || entry.value.n != 8) {
            continue;
        }
        code = named(r, get_be64(entry.value.p), chain ? goal->node->target : goal->type, &to);
        if (!code) {
            code = other_has(r, goal, chain ? to : from, false, &has);
        }
        code = code == DB_END ? 0 : code;
        code = code || !has ? code : set_add(r, set, chain ? from : to);
    }
    db_cursor_close(c);
    set_order(set);
    return code ? code : rc == DB_END ? 0 : run_failed(r, rc);
}

static int open_homes(struct run *r, struct goal *goal, struct stream **ret_stream)
{
    struct stream **items = arena_alloc(&r->scratch, 2 * sizeof *items);
    struct set *others = arena_zalloc(&r->scratch, 1, sizeof *others);
    if (!items || !others) {
        return run_memory(r);
    }
    struct value mark = {goal->node->param, T("\0")};
    struct stream *inner = NULL;
    struct stream *marks = NULL;
    explain_step(r, goal, "by the patient's compartment", UINT64_MAX);
    r->level++;
    int rc = stream_open(r, &goal->items[0], NULL, true, &inner);
    r->level--;
    rc = rc ? rc : stream_index(r, &mark, false, NULL, &marks);
    if (!rc && goal->kind == GOAL_CHAIN) {
        rc = stream_homes(r, inner, goal->type, &inner);
        rc = rc ? rc : stream_less(r, inner, marks, &items[0]);
    } else if (!rc) {
        rc = stream_less(r, inner, marks, &inner);
        rc = rc ? rc : stream_patients(r, inner, goal->node->target, &items[0]);
    }
    rc = rc ? rc : others_set(r, goal, others);
    rc = rc ? rc : stream_of_set(r, others, &items[1]);
    return rc ? rc : stream_any_of(r, items, others->count ? 2 : 1, ret_stream);
}

int join_open(struct run *r, struct goal *goal, const struct spans *scope,
              struct stream **ret_stream)
{
    if (by_home(goal) && goal_streams(&goal->items[0])) {
        return open_homes(r, goal, ret_stream);
    }
    struct goal *values = arena_zalloc(&r->scratch, 1, sizeof *values);
    struct spans homes = {0};
    struct set *keys = arena_zalloc(&r->scratch, 1, sizeof *keys);
    if (!values || !keys) {
        return run_memory(r);
    }
    *values = (struct goal){.kind = GOAL_EXACT, .type = goal->type};
    explain_step(r, goal, "follow all", UINT64_MAX);
    r->level++;
    bool done = false;
    int rc = try_entries(r, goal, keys, &done);
    rc = rc || done ? rc : lead_all(r, goal, r->most, values, &homes, keys);
    r->level--;
    rc = rc ? rc : goal_set(r, values, scope, keys);
    if (!rc && homes.count) {
        struct stream *at_home = NULL;
        rc = stream_keys(r, goal->type, &homes, true, &at_home);
        rc = rc ? rc : stream_set(r, at_home, keys);
        stream_close(at_home);
        set_order(keys);
    }
    return rc ? rc : stream_of_set(r, keys, ret_stream);
}

/* --- backwards ----------------------------------------------------------------------------- */

/* Whether an implied parameter has entries besides the exception marks. */
static int has_others(struct run *r, struct goal *goal, bool *ret_has)
{
    if (!goal->knows_others) {
        struct db_range range = {.param = goal->node->param, .low = T("\0\0")};
        uint64_t n = 0;
        int rc = run_failed(r, db_index_count(r->db, &range, 1, &n));
        if (rc) {
            return rc;
        }
        goal->knows_others = true;
        goal->has_others = n > 0;
    }
    *ret_has = goal->has_others;
    return 0;
}

static int is_marked(struct run *r, uint16_t param, uint64_t rid, bool *ret_is)
{
    int rc = run_spend(r, COST_SEEK);
    int found = rc ? rc : db_index_has(r->db, param, T("\0"), rid);
    *ret_is = !rc && found == 0;
    return rc ? rc : found == DB_END ? 0 : run_failed(r, found);
}

static int chain_has(struct run *r, struct goal *goal, struct candidate *c, bool scoped,
                     bool *ret_has)
{
    uint64_t compartment = rid_compartment(c->hit.rid);
    int rc = 0;
    if (by_home(goal)) {
        bool others = true;
        bool marked = true;
        if (compartment >= COMPARTMENT_PATIENTS) {
            rc = is_marked(r, goal->node->param, c->hit.rid, &marked);
        }
        if (!rc && !marked) {
            rc = other_has(r, goal, rid_make(compartment, FHIR_PATIENT, 0), scoped, ret_has);
        }
        rc = rc ? rc : has_others(r, goal, &others);
        if (rc || *ret_has || !others) {
            return rc;
        }
    }
    /* Scratch memory lasts for the whole search: what one candidate needs goes with it. */
    struct arena_mark before = arena_mark(&r->scratch);
    struct set to = {0};
    rc = follow(r, goal->node, goal->node->target, c, &to);
    size_t count = rc ? 0 : to.count;
    uint64_t *rids = arena_alloc(&c->arena, (count + 1) * sizeof *rids);
    if (!rids) {
        return run_memory(r);
    }
    if (count) {
        memcpy(rids, to.rids, count * sizeof *rids);
    }
    arena_rewind(&r->scratch, before);
    for (size_t i = 0; i < count && !rc && !*ret_has; i++) {
        rc = other_has(r, goal, rids[i], scoped, ret_has);
    }
    return rc;
}

/* The other side's resources in one patient's compartment. */
static int home_refers(struct run *r, struct goal *goal, uint64_t compartment, bool *ret_has)
{
    struct span span = {rid_make(compartment, goal->node->target, 0),
                        rid_make(compartment, goal->node->target, SERIAL_COUNT - 1)};
    struct spans scope = {&span, 1, 1};
    struct stream *s = NULL;
    struct hit hit;
    uint64_t at = span.from;
    bool marked = true;
    struct arena_mark before = arena_mark(&r->scratch);
    int rc = stream_open(r, &goal->items[0], &scope, true, &s);
    while (!rc && marked && !(rc = stream_seek(s, at, &hit))) {
        at = hit.rid + 1;
        if (view_may(r->v, hit.rid)) {
            rc = is_marked(r, goal->node->param, hit.rid, &marked);
        }
    }
    *ret_has = !rc && !marked;
    stream_close(s);
    arena_rewind(&r->scratch, before);
    return rc == DB_END ? 0 : rc;
}

static int entries_refer(struct run *r, struct goal *goal, struct candidate *c, bool scoped,
                         bool *ret_has)
{
    struct arena_mark before = arena_mark(&r->scratch);
    char bytes[REFERENCE_SIZE];
    text value;
    int rc = value_of(r, goal->node, c, &value);
    if (rc || !value.p) {
        return rc;
    }
    memcpy(bytes, value.p, REFERENCE_SIZE);
    arena_rewind(&r->scratch, before);
    struct db_range range = {.param = goal->node->param,
                             .exact = true,
                             .low = text_make(bytes, REFERENCE_SIZE),
                             .rid_to = RID_LAST};
    struct db_cursor *cursor = NULL;
    struct db_entry entry;
    int code = 0;
    rc = db_index_open(r->db, &range, &cursor);
    while (!rc && !code && !*ret_has && !(rc = db_index_next(cursor, &entry))) {
        code = run_spend(r, 1);
        code = code ? code : other_has(r, goal, entry.rid, scoped, ret_has);
    }
    db_cursor_close(cursor);
    return code ? code : rc == DB_END ? 0 : run_failed(r, rc);
}

static int other_way_has(struct run *r, struct goal *goal, struct candidate *c, bool scoped,
                         bool *ret_has)
{
    uint64_t compartment = rid_compartment(c->hit.rid);
    if (by_home(goal)) {
        bool others = true;
        bool may = view_may(r->v, c->hit.rid);
        int rc = may ? home_refers(r, goal, compartment, ret_has) : 0;
        rc = rc ? rc : has_others(r, goal, &others);
        if (rc || *ret_has || !others) {
            return rc;
        }
    }
    return entries_refer(r, goal, c, scoped, ret_has);
}

int join_has(struct run *r, struct goal *goal, struct candidate *c, bool scoped, bool *ret_has)
{
    bool explains = r->explains;
    *ret_has = false;
    r->explains = false;
    int rc = goal->kind == GOAL_CHAIN ? chain_has(r, goal, c, scoped, ret_has)
                                      : other_way_has(r, goal, c, scoped, ret_has);
    r->explains = explains;
    return rc;
}
