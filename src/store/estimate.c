/* How many hits a goal has, as far as a few look-ups say. */
#include "store/plan.h"

enum { GUESS_COMPARTMENT = 128 };

int type_count(struct run *r, fhir_type type, uint64_t most, uint64_t *ret_count)
{
    struct db_range range = {.param = own_param(type, INDEX_LAST_UPDATED)};
    int rc = run_failed(r, db_index_count(r->db, &range, most, ret_count));
    return rc ? rc : run_spend(r, COST_SEEK + *ret_count / 4);
}

static int count_range(struct run *r, const struct db_range *range, uint64_t most, uint64_t *sum)
{
    uint64_t n = 0;
    int rc = run_failed(r, db_index_count(r->db, range, most, &n));
    *sum += n;
    return rc ? rc : run_spend(r, COST_SEEK + n / 4);
}

static int estimate_exact(struct run *r, const struct goal *goal, const struct spans *scope,
                          uint64_t most, uint64_t *sum)
{
    int rc = 0;
    if (scope && !scope->count) {
        return 0;
    }
    for (size_t i = 0; i < goal->value_count && !rc && *sum < most; i++) {
        struct db_range range = {.param = goal->values[i].param,
                                 .exact = true,
                                 .low = goal->values[i].bytes,
                                 .rid_from = scope ? scope->items[0].from : 0,
                                 .rid_to = scope ? scope->items[scope->count - 1].to : RID_LAST};
        rc = count_range(r, &range, most - *sum, sum);
    }
    return rc;
}

static int estimate_range(struct run *r, const struct goal *goal, uint64_t most, uint64_t *sum)
{
    int rc = 0;
    for (size_t i = 0; i < goal->stretch_count && !rc && *sum < most; i++) {
        struct db_range range = {.param = goal->stretches[i].param,
                                 .low = goal->stretches[i].low,
                                 .high = goal->stretches[i].high};
        rc = count_range(r, &range, most - *sum, sum);
    }
    return rc;
}

static int estimate_spans(struct run *r, const struct goal *goal, uint64_t most, uint64_t *sum)
{
    for (size_t i = 0; i < goal->spans.count && *sum < most; i++) {
        const struct span *span = &goal->spans.items[i];
        if (rid_compartment(span->from) != rid_compartment(span->to)) {
            return type_count(r, goal->type, most, sum);
        }
        uint64_t room = span->to - span->from + 1;
        *sum += room < GUESS_COMPARTMENT ? room : GUESS_COMPARTMENT;
    }
    return 0;
}

static int estimate_items(struct run *r, const struct goal *goal, const struct spans *scope,
                          uint64_t most, uint64_t *ret_count)
{
    bool any = goal->kind == GOAL_OR;
    uint64_t result = any ? 0 : UINT64_MAX;
    for (size_t i = 0; i < goal->count; i++) {
        uint64_t n = 0;
        if (goal->items[i].kind == GOAL_NOT && !any) {
            continue;
        }
        int rc = goal_estimate(r, &goal->items[i], scope, most, &n);
        if (rc) {
            return rc;
        }
        if (any) {
            result = n > UINT64_MAX - result ? UINT64_MAX : result + n;
        } else {
            result = n < result ? n : result;
            most = n < most ? n : most;
        }
    }
    *ret_count = result;
    return 0;
}

int goal_estimate(struct run *r, const struct goal *goal, const struct spans *scope, uint64_t most,
                  uint64_t *ret_count)
{
    *ret_count = 0;
    if (goal->set) {
        *ret_count = goal->set->count;
        return 0;
    }
    switch (goal->kind) {
    case GOAL_NONE:
        return 0;
    case GOAL_SPANS:
        return estimate_spans(r, goal, most, ret_count);
    case GOAL_EXACT:
        return estimate_exact(r, goal, scope, most, ret_count);
    case GOAL_RANGE:
        if (goal->by_words) {
            break;
        }
        return estimate_range(r, goal, most, ret_count);
    case GOAL_AND:
    case GOAL_OR:
        return estimate_items(r, goal, scope, most, ret_count);
    case GOAL_NOT:
        return type_count(r, goal->type, most, ret_count);
    case GOAL_CHECK:
        return goal_estimate(r, &goal->items[0], scope, most, ret_count);
    case GOAL_CHAIN:
    case GOAL_HAS:
        break;
    }
    *ret_count = UINT64_MAX;
    return 0;
}
