/*
 * AND: keys that it cannot leave narrow everything else; what streams is merged, what does not is
 * asked about the hits of the others. Every other goal that is no plain stream is an AND of one.
 */
#include "store/stream.h"

enum {
    FEW_COMPARTMENTS = 64,
    ESTIMATE_MAX = 2048,
    LEAD_BY_WHEN = 16384,
    LEAD_BY_LIMITS = 131072, /* how few of them are within two limits nobody knows before */
    LEAD_BY_BODY = 262144,
    JOIN_BUDGET = 2000000, /* 0.4 s of looking for all of a join before it is asked one by one */
    JOIN_BUDGET_PAGE = 100000,
    CLOSELY = 16,   /* values of an exact goal that are worth a seek each for every candidate */
    REST_WORTH = 4, /* entries that are passed by as quickly as one is sought */
};

struct parts {
    struct run *r;
    fhir_type type;
    const struct spans *scope;
    bool narrow; /* the scope is a few patients' */
    struct goal **streams;
    struct goal **less;
    struct goal **tests;
    bool *negated;
    bool *spare; /* of tests: what finds the candidates of a CHECK, whose own test says it again */
    bool in_check;
    size_t stream_count, less_count, test_count;
};

/* --- sorting the items --------------------------------------------------------------------- */

static size_t count_items(const struct goal *goal)
{
    size_t n = 1;
    if (goal->kind == GOAL_AND || goal->kind == GOAL_CHECK) {
        for (size_t i = 0; i < goal->count; i++) {
            n += count_items(&goal->items[i]);
        }
    }
    return n;
}

static bool is_narrow(const struct spans *spans)
{
    if (spans->count > (size_t)FEW_COMPARTMENTS * 4) {
        return false;
    }
    size_t compartments = 0;
    for (size_t i = 0; i < spans->count; i++) {
        uint64_t own = rid_compartment(spans->items[i].from);
        if (own != rid_compartment(spans->items[i].to)) {
            return false;
        }
        compartments += i == 0 || own != rid_compartment(spans->items[i - 1].from);
    }
    return compartments <= FEW_COMPARTMENTS;
}

static int narrow_by(struct parts *p, const struct goal *goal)
{
    struct run *r = p->r;
    struct spans *both = arena_zalloc(&r->scratch, 1, sizeof *both);
    if (!both) {
        return run_memory(r);
    }
    *both = goal->spans;
    int rc = p->scope ? spans_cross(r, p->scope, &goal->spans, both) : 0;
    p->scope = both;
    return rc;
}

static void test_by(struct parts *p, struct goal *goal, bool negated)
{
    p->tests[p->test_count] = goal;
    p->spare[p->test_count] = p->in_check && !goal->by_when && !goal->by_t;
    p->negated[p->test_count++] = negated;
}

static int collect(struct parts *p, struct goal *goal)
{
    int rc = 0;
    bool was_in_check = p->in_check;
    if (goal->set) {
        p->streams[p->stream_count++] = goal;
        return 0;
    }
    switch (goal->kind) {
    case GOAL_SPANS:
        return goal_is_everything(goal) ? 0 : narrow_by(p, goal);
    case GOAL_AND:
        for (size_t i = 0; i < goal->count && !rc; i++) {
            rc = collect(p, &goal->items[i]);
        }
        return rc;
    case GOAL_CHECK:
        test_by(p, goal, false);
        p->in_check = true;
        rc = collect(p, &goal->items[0]);
        p->in_check = was_in_check;
        return rc;
    case GOAL_NOT:
        if (goal->items[0].kind == GOAL_NOT) {
            return collect(p, &goal->items[0].items[0]);
        }
        if (goal_streams(&goal->items[0])) {
            p->less[p->less_count++] = &goal->items[0];
        } else {
            test_by(p, &goal->items[0], true);
        }
        return 0;
    default:
        if (goal_streams(goal)) {
            p->streams[p->stream_count++] = goal;
        } else {
            test_by(p, goal, false);
        }
        return 0;
    }
}

/* Within a few patients' records a join the other way round, or many values, cost more than they
 * save; exact entries never do. */
static void ask_in_scope(struct parts *p)
{
    size_t kept = 0;
    for (size_t i = 0; i < p->stream_count; i++) {
        struct goal *goal = p->streams[i];
        if (goal->kind == GOAL_CHAIN || goal->kind == GOAL_HAS) {
            test_by(p, goal, false);
        } else {
            p->streams[kept++] = goal;
        }
    }
    p->stream_count = kept;
    kept = 0;
    for (size_t i = 0; i < p->less_count; i++) {
        struct goal *goal = p->less[i];
        if (goal->kind == GOAL_CHAIN || goal->kind == GOAL_HAS) {
            test_by(p, goal, true);
        } else {
            p->less[kept++] = goal;
        }
    }
    p->less_count = kept;
}

/* --- order --------------------------------------------------------------------------------- */

static int order_streams(struct parts *p)
{
    uint64_t sizes[64];
    size_t n = p->stream_count < 64 ? p->stream_count : 64;
    uint64_t least = UINT64_MAX;
    for (uint64_t cap = 32; n > 1 && cap <= ESTIMATE_MAX && least >= cap; cap *= 8) {
        least = UINT64_MAX;
        for (size_t i = 0; i < n; i++) {
            int rc = goal_estimate(p->r, p->streams[i], p->scope, cap, &sizes[i]);
            if (rc) {
                return rc;
            }
            least = sizes[i] < least ? sizes[i] : least;
        }
    }
    for (size_t i = 1; i < n; i++) {
        for (size_t k = i; k > 0 && sizes[k] < sizes[k - 1]; k--) {
            struct goal *goal = p->streams[k];
            uint64_t size = sizes[k];
            p->streams[k] = p->streams[k - 1];
            sizes[k] = sizes[k - 1];
            p->streams[k - 1] = goal;
            sizes[k - 1] = size;
        }
    }
    size_t kept = n > 1 ? 1 : n;
    for (size_t i = kept; i < p->stream_count; i++) {
        struct goal *goal = p->streams[i];
        bool many =
            goal->kind == GOAL_EXACT && goal->value_count > CLOSELY && goal->node && !goal->set;
        if (many && i < n && sizes[i] > 8 * (sizes[0] + 1)) {
            test_by(p, goal, false);
        } else {
            p->streams[kept++] = goal;
        }
    }
    p->stream_count = kept;
    return 0;
}

/*
 * Where all hits are wanted: of what most resources of the type are, the few that are not are
 * sooner passed by than each hit of the others is looked for among the many.
 */
static int leave_out_rest(struct parts *p)
{
    struct run *r = p->r;
    uint64_t lead = UINT64_MAX;
    size_t kept = r->want == UINT64_MAX && p->stream_count ? 1 : p->stream_count;
    for (size_t i = kept; i < p->stream_count; i++) {
        struct goal *goal = p->streams[i];
        struct goal *rest = goal->kind == GOAL_EXACT && !goal->set ? goal->rest : NULL;
        uint64_t n = UINT64_MAX;
        int rc = 0;
        if (rest && goal_streams(rest)) {
            rc = lead == UINT64_MAX ? goal_estimate(r, p->streams[0], p->scope, r->most, &lead) : 0;
            uint64_t most = lead < r->most ? lead * REST_WORTH + 1 : 0;
            rc = rc ? rc : goal_estimate(r, rest, p->scope, most, &n);
            n = n < most ? n : UINT64_MAX;
        }
        if (rc) {
            return rc;
        }
        if (n < UINT64_MAX) {
            p->less[p->less_count++] = rest;
        } else {
            p->streams[kept++] = goal;
        }
    }
    p->stream_count = kept;
    return 0;
}

static unsigned test_rank(const struct goal *goal)
{
    return goal->kind == GOAL_EXACT || goal->by_when || goal->by_t ? 0
           : goal->kind == GOAL_CHAIN || goal->kind == GOAL_HAS    ? 2
                                                                   : 1;
}

/* Cheap tests first, and none twice. */
static void order_tests(struct parts *p)
{
    size_t kept = 0;
    for (size_t i = 0; i < p->test_count; i++) {
        if (!p->spare[i]) {
            p->tests[kept] = p->tests[i];
            p->negated[kept++] = p->negated[i];
        }
    }
    p->test_count = kept;
    for (size_t i = 1; i < p->test_count; i++) {
        for (size_t k = i; k > 0 && test_rank(p->tests[k]) < test_rank(p->tests[k - 1]); k--) {
            struct goal *goal = p->tests[k];
            bool negated = p->negated[k];
            p->tests[k] = p->tests[k - 1];
            p->negated[k] = p->negated[k - 1];
            p->tests[k - 1] = goal;
            p->negated[k - 1] = negated;
        }
    }
}

/* --- what leads when nothing streams ------------------------------------------------------- */

/* All of a join, if that is found soon. */
static int try_join(struct parts *p, struct goal *goal)
{
    struct run *r = p->r;
    struct set *set = arena_zalloc(&r->scratch, 1, sizeof *set);
    if (!set) {
        return run_memory(r);
    }
    struct trial before = trial_begin(r, r->want == UINT64_MAX ? JOIN_BUDGET : JOIN_BUDGET_PAGE);
    int rc = goal_set(r, goal, NULL, set);
    trial_end(r, before);
    if (!rc) {
        goal->set = set;
    }
    return rc == RUN_ENOUGH && r->cost < r->enough ? 0 : rc;
}

/* How many entries of a goal are worth finding first: for a page, going through all of the type
 * until it is full costs less than more of them, the sooner the cheaper it is to ask about one
 * resource. */
static uint64_t worth(const struct parts *p, const struct goal *goal)
{
    size_t limits = 0;
    for (size_t i = 0; i < p->test_count; i++) {
        limits += p->tests[i]->by_when && !p->negated[i];
    }
    if (p->r->want == UINT64_MAX) {
        return p->r->most + 1;
    }
    return goal->by_when && limits > 1   ? LEAD_BY_LIMITS
           : goal->by_when || goal->by_t ? LEAD_BY_WHEN
                                         : LEAD_BY_BODY;
}

/* SIZE_MAX: nothing leads but the keys of the type. */
static int find_leader(struct parts *p, size_t *ret_best, uint64_t *ret_estimate)
{
    struct run *r = p->r;
    *ret_best = SIZE_MAX;
    *ret_estimate = UINT64_MAX;
    for (size_t i = 0; i < p->test_count; i++) {
        struct goal *goal = p->tests[i];
        uint64_t n = UINT64_MAX;
        uint64_t most = worth(p, goal);
        most = most < *ret_estimate ? most : *ret_estimate;
        if (p->negated[i] || goal->kind == GOAL_CHECK || goal->kind == GOAL_NOT) {
            continue;
        }
        int rc = goal_estimate(r, goal, NULL, most, &n);
        if (!rc && n == UINT64_MAX && (goal->kind == GOAL_CHAIN || goal->kind == GOAL_HAS)) {
            rc = try_join(p, goal);
            n = goal->set ? goal->set->count : n;
        }
        if (rc) {
            return rc;
        }
        n = goal->by_words ? 0 : n;
        if (n < most) {
            *ret_estimate = n;
            *ret_best = i;
        }
    }
    return 0;
}

static int lead_by(struct parts *p, size_t best, struct set *set)
{
    struct goal *goal = p->tests[best];
    p->test_count--;
    p->tests[best] = p->tests[p->test_count];
    p->negated[best] = p->negated[p->test_count];
    p->spare[best] = p->spare[p->test_count];
    if (!goal->by_when) {
        return goal_set(p->r, goal, NULL, set);
    }
    struct goal **dates = arena_alloc(&p->r->scratch, (p->test_count + 1) * sizeof *dates);
    size_t count = 0;
    for (size_t i = 0; dates && i < p->test_count; i++) {
        if (!p->negated[i] && p->tests[i]->by_when) {
            dates[count++] = p->tests[i];
        }
    }
    bool sure = false;
    int rc = dates ? dates_set(p->r, goal, dates, count, set, &sure) : run_memory(p->r);
    for (size_t i = 0; i < p->test_count && !rc && sure; i++) {
        p->spare[i] |= !p->negated[i] && p->tests[i]->by_when;
    }
    return rc;
}

static int choose_leader(struct parts *p)
{
    struct run *r = p->r;
    size_t best;
    uint64_t estimate;
    int rc = find_leader(p, &best, &estimate);
    if (rc || best == SIZE_MAX) {
        return rc;
    }
    struct goal *goal = p->tests[best];
    struct goal *found = arena_zalloc(&r->scratch, 1, sizeof *found);
    struct set *set = arena_zalloc(&r->scratch, 1, sizeof *set);
    if (!found || !set) {
        return run_memory(r);
    }
    struct step *step = explain_step(r, goal, "find all", estimate);
    uint64_t visited = r->visited;
    *found = (struct goal){.kind = GOAL_RANGE, .type = goal->type, .node = goal->node};
    found->set = goal->set ? goal->set : set;
    rc = goal->set ? 0 : lead_by(p, best, set);
    if (goal->set) {
        p->spare[best] = true;
    }
    if (step && !rc) {
        step->shown.visited = r->visited - visited;
        step->shown.kept = found->set->count;
    }
    p->streams[p->stream_count++] = found;
    return rc;
}

/* --- opening ------------------------------------------------------------------------------- */

static int open_parts(struct parts *p, bool real, struct stream **ret_stream)
{
    struct run *r = p->r;
    struct stream **items = arena_alloc(&r->scratch, (p->stream_count + 2) * sizeof *items);
    struct stream *root = NULL;
    size_t count = 0;
    bool has_real = false;
    bool bounded = p->stream_count > 0;
    int rc = items ? 0 : run_memory(r);
    for (size_t i = 0; i < p->stream_count && !rc; i++) {
        struct goal *goal = p->streams[i];
        rc = goal->kind == GOAL_CHAIN || goal->kind == GOAL_HAS
                 ? (goal->set ? stream_open(r, goal, p->scope, false, &items[count])
                              : join_open(r, goal, p->scope, &items[count]))
                 : stream_open(r, goal, p->scope, false, &items[count]);
        has_real |= !rc && stream_is_real(items[count]);
        bounded &= goal->kind == GOAL_EXACT && !goal->set;
        count++;
    }
    /* Sets are of the whole population, and the spans of a scope are no stream of their own. */
    bool needs_keys = !has_real && (real || p->test_count);
    if (!rc && (count == 0 || needs_keys || (p->scope && !bounded))) {
        bool as_real = needs_keys || (count == 0 && real);
        rc = stream_keys(r, p->type, p->scope, as_real, &items[count++]);
        if (!rc && as_real) {
            struct goal *keys = arena_zalloc(&r->scratch, 1, sizeof *keys);
            if (!keys) {
                return run_memory(r);
            }
            *keys = (struct goal){.kind = GOAL_SPANS, .type = p->type};
            keys->spans = p->scope ? *p->scope : (struct spans){0};
            stream_explain(items[count - 1], explain_step(r, keys, "go through", UINT64_MAX));
        }
    }
    rc = rc ? rc : stream_all_of(r, items, count, &root);
    for (size_t i = 0; i < p->less_count && !rc; i++) {
        struct stream *without = NULL;
        explain_step(r, NULL, "without", UINT64_MAX);
        r->level++;
        rc = stream_open(r, p->less[i], p->scope, false, &without);
        r->level--;
        rc = rc ? rc : stream_less(r, root, without, &root);
    }
    if (!rc && p->test_count) {
        rc = stream_filter(r, root, p->tests, p->negated, p->test_count, p->narrow, &root);
        for (size_t i = 0; i < p->test_count && !rc; i++) {
            struct step *step =
                explain_step(r, p->tests[i], p->negated[i] ? "leave out" : "keep", UINT64_MAX);
            if (i == 0) {
                stream_explain(root, step);
            }
        }
    }
    *ret_stream = root;
    return rc;
}

int and_open(struct run *r, struct goal *goal, const struct spans *scope, bool real,
             struct stream **ret_stream)
{
    struct parts p = {.r = r, .type = goal->type, .scope = scope};
    size_t n = count_items(goal);
    p.streams = arena_zalloc(&r->scratch, 2 * n + 2, sizeof(struct goal *));
    p.less = arena_zalloc(&r->scratch, 2 * n + 2, sizeof(struct goal *));
    p.tests = arena_zalloc(&r->scratch, 2 * n + 2, sizeof(struct goal *));
    p.negated = arena_zalloc(&r->scratch, 2 * n + 2, sizeof *p.negated);
    p.spare = arena_zalloc(&r->scratch, 2 * n + 2, sizeof *p.spare);
    if (!p.streams || !p.less || !p.tests || !p.negated || !p.spare) {
        return run_memory(r);
    }
    int rc = collect(&p, goal);
    if (rc) {
        return rc;
    }
    if (p.scope && p.scope->count == 0) {
        return stream_none(r, ret_stream);
    }
    p.narrow = p.scope && is_narrow(p.scope);
    if (p.narrow) {
        ask_in_scope(&p);
    } else {
        rc = order_streams(&p);
        rc = rc ? rc : leave_out_rest(&p);
        rc = rc || p.stream_count ? rc : choose_leader(&p);
    }
    order_tests(&p);
    return rc ? rc : open_parts(&p, real, ret_stream);
}
