/* Texts: tokens by what stands beside them, and full text. */
#include "store/plan.h"

static int tokens_beside(struct run *r, const struct plan_node *node, struct goal *goal)
{
    struct db_cursor *c = NULL;
    text words;
    text token;
    int code = 0;
    int rc = db_display_open(r->db, &c);
    while (!rc && !code && !(rc = db_display_next(c, &words, &token))) {
        code = run_spend(r, 1);
        if (!code && plan_text_accepts(node->value, words)) {
            text copy = arena_copy(&r->scratch, token);
            code = copy.p ? goal_value(r, goal, node->param, copy) : run_memory(r);
        }
    }
    db_cursor_close(c);
    return code ? code : rc == DB_END ? 0 : run_failed(r, rc);
}

/* Tokens beside such texts, and the texts that stand alone. */
int text_goal(struct run *r, const struct plan_node *node, struct goal *goal)
{
    struct goal *items = arena_zalloc(&r->scratch, 2, sizeof *items);
    if (!items) {
        return run_memory(r);
    }
    bool dated = goal->dated;
    items[0] = (struct goal){.kind = GOAL_EXACT, .type = goal->type, .node = node, .dated = dated};
    items[1] = (struct goal){.kind = GOAL_RANGE, .type = goal->type, .node = node};
    struct stretch texts = {.param = node->param, .low = T("\2"), .high = T("\3"), .accepts = node};
    int rc = tokens_beside(r, node, &items[0]);
    rc = rc ? rc : goal_stretch(r, &items[1], &texts);
    *goal = (struct goal){
        .kind = GOAL_OR, .type = goal->type, .node = node, .items = items, .count = 2};
    return rc;
}

/* The resource whose current version has the time t. DB_END: none of this type. */
static int rid_of_time(struct run *r, fhir_type type, uint64_t t, uint64_t *ret_rid)
{
    char bytes[8];
    put_be64(bytes, t);
    struct db_range range = {.param = own_param(type, INDEX_LAST_UPDATED),
                             .exact = true,
                             .low = text_make(bytes, 8),
                             .rid_to = RID_LAST};
    struct db_cursor *c = NULL;
    struct db_entry entry = {0};
    int rc = db_index_open(r->db, &range, &c);
    rc = rc ? rc : db_index_next(c, &entry);
    db_cursor_close(c);
    *ret_rid = entry.rid;
    return run_failed(r, rc);
}

static int words_indexed(struct run *r, const struct goal *goal, struct set *set)
{
    struct db_cursor *c = NULL;
    uint64_t t = 0;
    int code = 0;
    int rc = db_words_open(r->db, goal->node->narrative, goal->node->value, &c);
    while (!rc && !code && !(rc = db_words_next(c, &t))) {
        uint64_t rid = 0;
        code = run_spend(r, COST_SEEK);
        int found = code ? DB_END : rid_of_time(r, goal->type, t, &rid);
        if (found == 0) {
            code = set_add(r, set, rid);
        } else if (found != DB_END) {
            code = found;
        }
    }
    db_cursor_close(c);
    return code ? code : rc == DB_END ? 0 : run_failed(r, rc);
}

/* Versions that the idle writer has not come to yet are looked at themselves. */
static int words_behind(struct run *r, const struct goal *goal, uint64_t until, struct set *set)
{
    char bytes[8];
    put_be64(bytes, until + 1);
    struct goal behind = {.kind = GOAL_RANGE, .type = goal->type};
    struct stretch all = {.param = own_param(goal->type, INDEX_LAST_UPDATED),
                          .low = text_make(bytes, 8)};
    struct set rids = {0};
    int rc = goal_stretch(r, &behind, &all);
    rc = rc ? rc : goal_set(r, &behind, NULL, &rids);
    for (size_t i = 0; i < rids.count && !rc; i++) {
        struct candidate *c = NULL;
        struct hit hit = {.rid = rids.rids[i]};
        bool has = false;
        rc = candidate_new(r, &hit, &c);
        rc = rc ? rc : node_has(c, goal->node, &has);
        candidate_done(c);
        rc = rc || !has ? rc : set_add(r, set, rids.rids[i]);
    }
    return rc;
}

int words_set(struct run *r, const struct goal *goal, struct set *set)
{
    uint64_t until = 0;
    int rc = run_failed(r, words_until(r->db, &until));
    rc = rc == DB_END ? 0 : rc;
    rc = rc ? rc : words_indexed(r, goal, set);
    rc = rc ? rc : words_behind(r, goal, until, set);
    set_order(set);
    return rc;
}
