/* Goals as streams. */
#include "store/stream.h"

enum { CURSORS_MAX = 128, ESTIMATE_SHOWN = 10000 };

bool goal_streams(const struct goal *goal)
{
    if (goal->set) {
        return true;
    }
    switch (goal->kind) {
    case GOAL_NONE:
    case GOAL_SPANS:
        return true;
    case GOAL_EXACT:
        return goal->value_count <= CURSORS_MAX;
    case GOAL_CHECK:
        return goal_streams(&goal->items[0]);
    case GOAL_CHAIN:
    case GOAL_HAS:
        return join_streams(goal);
    case GOAL_AND:
    case GOAL_OR:
        for (size_t i = 0; i < goal->count; i++) {
            if (goal_streams(&goal->items[i]) == (goal->kind == GOAL_AND)) {
                return goal->kind == GOAL_AND;
            }
        }
        return goal->kind == GOAL_OR && goal->count <= CURSORS_MAX;
    case GOAL_RANGE:
    case GOAL_NOT:
        break;
    }
    return false;
}

/* --- all at once --------------------------------------------------------------------------- */

static int stretch_set(struct run *r, const struct stretch *stretch, const struct spans *scope,
                       struct set *set)
{
    struct db_range range = {.param = stretch->param, .low = stretch->low, .high = stretch->high};
    struct db_cursor *c = NULL;
    struct db_entry entry;
    int code = 0;
    int rc = db_index_open(r->db, &range, &c);
    while (!rc && !code && !(rc = db_index_next(c, &entry))) {
        code = run_spend(r, 1);
        if (!code && (!scope || spans_have(scope, entry.rid)) &&
            stretch_takes(stretch, entry.value)) {
            code = set_add(r, set, entry.rid);
        }
    }
    db_cursor_close(c);
    return code ? code : rc == DB_END ? 0 : run_failed(r, rc);
}

static bool fails_date(struct goal *const *others, size_t count, int64_t when, bool *sure)
{
    for (size_t i = 0; i < count; i++) {
        bool has = true;
        if (!goal_by_when(others[i], when, &has)) {
            *sure = false;
        } else if (!has) {
            return true;
        }
    }
    return false;
}

int dates_set(struct run *r, const struct goal *goal, struct goal *const *others, size_t count,
              struct set *set, bool *ret_sure)
{
    int code = 0;
    *ret_sure = true;
    for (size_t i = 0; i < goal->stretch_count && !code; i++) {
        const struct stretch *stretch = &goal->stretches[i];
        struct db_range range = {
            .param = stretch->param, .low = stretch->low, .high = stretch->high};
        struct db_cursor *c = NULL;
        struct db_entry entry;
        int rc = db_index_open(r->db, &range, &c);
        while (!rc && !code && !(rc = db_index_next(c, &entry))) {
            code = run_spend(r, 1);
            if (!code && stretch_takes(stretch, entry.value) &&
                !fails_date(others, count, entry.when, ret_sure)) {
                code = set_add(r, set, entry.rid);
            }
        }
        db_cursor_close(c);
        code = code ? code : rc == DB_END ? 0 : run_failed(r, rc);
    }
    set_order(set);
    return code;
}

static int values_set(struct run *r, const struct goal *goal, const struct spans *scope,
                      struct set *set)
{
    static const struct span everywhere = {0, RID_LAST};
    const struct span *items = scope ? scope->items : &everywhere;
    size_t count = scope ? scope->count : 1;
    int rc = 0;
    for (size_t i = 0; i < goal->value_count && !rc; i++) {
        for (size_t k = 0; k < count && !rc; k++) {
            rc = exact_keys(r, &goal->values[i], items[k], set);
        }
    }
    return rc;
}

int goal_set(struct run *r, struct goal *goal, const struct spans *scope, struct set *set)
{
    int rc = 0;
    if (goal->kind == GOAL_EXACT) {
        rc = values_set(r, goal, scope, set);
    } else if (goal->kind == GOAL_RANGE && goal->by_words) {
        rc = words_set(r, goal, set);
    } else if (goal->kind == GOAL_RANGE) {
        for (size_t i = 0; i < goal->stretch_count && !rc; i++) {
            rc = stretch_set(r, &goal->stretches[i], scope, set);
        }
    } else {
        struct stream *s = NULL;
        uint64_t want = r->want;
        r->want = UINT64_MAX;
        bool join = goal->kind == GOAL_CHAIN || goal->kind == GOAL_HAS;
        rc = join && !goal_streams(goal) ? join_open(r, goal, scope, &s)
                                         : stream_open(r, goal, scope, true, &s);
        rc = rc ? rc : stream_set(r, s, set);
        stream_close(s);
        r->want = want;
    }
    set_order(set);
    return rc;
}

static int open_set(struct run *r, struct goal *goal, const struct spans *scope,
                    struct stream **ret_stream)
{
    struct set *set = goal->set;
    struct step *step = NULL;
    int rc = 0;
    if (!set) {
        set = arena_zalloc(&r->scratch, 1, sizeof *set);
        uint64_t visited = r->visited;
        step = explain_step(r, goal, "find all", UINT64_MAX);
        rc = set ? goal_set(r, goal, scope, set) : run_memory(r);
        if (step && !rc) {
            step->shown.visited = r->visited - visited;
            step->shown.kept = set->count;
        }
    }
    return rc ? rc : stream_of_set(r, set, ret_stream);
}

/* --- one by one ---------------------------------------------------------------------------- */

static int open_exact(struct run *r, struct goal *goal, const struct spans *scope,
                      struct stream **ret_stream)
{
    if (goal->value_count > CURSORS_MAX) {
        return open_set(r, goal, scope, ret_stream);
    }
    struct stream **items = arena_alloc(&r->scratch, (goal->value_count + 1) * sizeof *items);
    uint64_t estimate = UINT64_MAX;
    int rc = items ? 0 : run_memory(r);
    if (!rc && r->explains) {
        rc = goal_estimate(r, goal, scope, ESTIMATE_SHOWN, &estimate);
    }
    struct step *step = explain_step(r, goal, "seek", estimate);
    for (size_t i = 0; i < goal->value_count && !rc; i++) {
        rc = stream_index(r, &goal->values[i], goal->dated, scope, &items[i]);
    }
    rc = rc ? rc : stream_any_of(r, items, goal->value_count, ret_stream);
    if (!rc) {
        stream_explain(*ret_stream, step);
    }
    return rc;
}

static int open_spans(struct run *r, const struct goal *goal, const struct spans *scope, bool real,
                      struct stream **ret_stream)
{
    struct spans *both = arena_zalloc(&r->scratch, 1, sizeof *both);
    if (!both) {
        return run_memory(r);
    }
    *both = goal->spans;
    int rc = scope ? spans_cross(r, &goal->spans, scope, both) : 0;
    rc = rc ? rc : stream_keys(r, goal->type, both, real, ret_stream);
    if (!rc && real) {
        stream_explain(*ret_stream, explain_step(r, goal, "go through", UINT64_MAX));
    }
    return rc;
}

static int open_any(struct run *r, struct goal *goal, const struct spans *scope, bool real,
                    struct stream **ret_stream)
{
    if (goal->count > CURSORS_MAX) {
        struct set *set = arena_zalloc(&r->scratch, 1, sizeof *set);
        int rc = set ? 0 : run_memory(r);
        for (size_t i = 0; i < goal->count && !rc; i++) {
            rc = goal_set(r, &goal->items[i], scope, set);
        }
        return rc ? rc : stream_of_set(r, set, ret_stream);
    }
    struct stream **items = arena_alloc(&r->scratch, (goal->count + 1) * sizeof *items);
    explain_step(r, NULL, "any of", UINT64_MAX);
    r->level++;
    int rc = items ? 0 : run_memory(r);
    for (size_t i = 0; i < goal->count && !rc; i++) {
        rc = stream_open(r, &goal->items[i], scope, real, &items[i]);
    }
    r->level--;
    return rc ? rc : stream_any_of(r, items, goal->count, ret_stream);
}

int stream_open(struct run *r, struct goal *goal, const struct spans *scope, bool real,
                struct stream **ret_stream)
{
    if (goal->set) {
        return open_set(r, goal, scope, ret_stream);
    }
    switch (goal->kind) {
    case GOAL_NONE:
        return stream_none(r, ret_stream);
    case GOAL_SPANS:
        return open_spans(r, goal, scope, real, ret_stream);
    case GOAL_EXACT:
        return open_exact(r, goal, scope, ret_stream);
    case GOAL_OR:
        return open_any(r, goal, scope, real, ret_stream);
    case GOAL_RANGE:
    case GOAL_AND:
    case GOAL_NOT:
    case GOAL_CHECK:
    case GOAL_CHAIN:
    case GOAL_HAS:
        break;
    }
    return and_open(r, goal, scope, real, ret_stream);
}
