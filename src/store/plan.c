#include "store/plan.h"

#include "base/clock.h"

#include <stdlib.h>

/*
 * Reading one index row takes about 0.2 us, deriving the rows of one version anew about 100 times
 * that, one seek about 10 times: the choices below weigh with these.
 */
enum {
    DERIVE_COST = 100,
    SEEK_COST = 10,
    DERIVE_MAX = 20000,
    ESTIMATE_MAX = 20000,
    SPANS_MAX = 64
};

/* --- small parts --------------------------------------------------------------------------- */

int run_failed(struct run *r, int rc)
{
    return rc > 0 ? db_error(r->db, rc, r->e) : rc;
}

int run_memory(struct run *r)
{
    return err_set(r->e, ERR_TOO_COSTLY, "the search takes more memory than it may; narrow it");
}

int run_time(struct run *r)
{
    return clock_mono_ns() > r->deadline
               ? err_set(r->e, ERR_TOO_COSTLY, "the search took longer than it may; narrow it")
               : 0;
}

/* --- from goals to keys -------------------------------------------------------------------- */

static struct db_range goal_range(const struct goal *goal)
{
    return (struct db_range){.param = goal->param, .low = goal->low, .high = goal->high};
}

static bool goal_takes(const struct goal *goal, text value)
{
    if (goal->kind == GOAL_SYSTEM) {
        return value.n >= goal->low.n && text_ends(value, goal->low) &&
               text_find(value, '\0') == value.n - goal->low.n;
    }
    return goal->atom->kind != PLAN_RANGE || plan_atom_accepts(goal->atom, value);
}

static int scan_range(struct run *r, const struct goal *goal, const struct spans *scope,
                      struct set *set)
{
    struct db_range range = goal_range(goal);
    if (goal->kind == GOAL_SYSTEM) {
        range.low = (text){0};
    }
    struct db_cursor *c = NULL;
    text value;
    uint64_t rid = 0;
    int rc = db_index_open(r->db, &range, &c);
    int code = 0;
    while (!rc && !code && !(rc = db_index_next(c, &value, &rid))) {
        if (goal_takes(goal, value) && (!scope || spans_have(scope, rid))) {
            code = set_add(r, set, rid);
        }
    }
    db_cursor_close(c);
    return code ? code : rc == DB_END ? 0 : run_failed(r, rc);
}

static int scan_exact(struct run *r, const struct goal *goal, text value, struct span span,
                      const struct spans *scope, struct set *set)
{
    struct db_range range = {.param = goal->param,
                             .exact = true,
                             .low = value,
                             .rid_from = span.from,
                             .rid_to = span.to};
    struct db_cursor *c = NULL;
    uint64_t rid = 0;
    int rc = db_index_open(r->db, &range, &c);
    int code = 0;
    while (!rc && !code && !(rc = db_index_next(c, NULL, &rid))) {
        if (!scope || spans_have(scope, rid)) {
            code = set_add(r, set, rid);
        }
    }
    db_cursor_close(c);
    return code ? code : rc == DB_END ? 0 : run_failed(r, rc);
}

static int scan_values(struct run *r, const struct goal *goal, const struct spans *scope,
                       struct set *set)
{
    int rc = 0;
    bool each = scope && scope->count <= SPANS_MAX;
    for (size_t i = 0; i < goal->value_count && !rc; i++) {
        if (!each) {
            rc = scan_exact(r, goal, goal->values[i], (struct span){0, RID_LAST}, scope, set);
        }
        for (size_t k = 0; each && k < scope->count && !rc; k++) {
            rc = scan_exact(r, goal, goal->values[i], scope->items[k], NULL, set);
        }
    }
    return rc;
}

/* Current resources of the type whose keys are in the spans. */
static int scan_keys(struct run *r, const struct spans *spans, struct set *set)
{
    int rc = 0;
    for (size_t i = 0; i < spans->count && !rc; i++) {
        struct db_cursor *c = NULL;
        struct db_resource row;
        rc = db_resource_open(r->db, spans->items[i].from, spans->items[i].to, false, &c);
        int code = 0;
        while (!rc && !code && !(rc = db_resource_next(c, &row))) {
            if (!row.deleted && rid_type(row.rid) == r->plan->type) {
                code = set_add(r, set, row.rid);
            }
        }
        db_cursor_close(c);
        rc = code ? code : rc == DB_END ? 0 : run_failed(r, rc);
    }
    return rc;
}

static int term_set(struct run *r, const struct term *term, const struct spans *scope,
                    struct set *set)
{
    int rc = 0;
    for (size_t i = 0; i < term->count && !rc; i++) {
        const struct goal *goal = &term->goals[i];
        struct spans both;
        switch (goal->kind) {
        case GOAL_EXACT:
            rc = scan_values(r, goal, scope, set);
            break;
        case GOAL_SPANS:
            rc = scope ? spans_cross(r, scope, &goal->spans, &both) : 0;
            rc = rc ? rc : scan_keys(r, scope ? &both : &goal->spans, set);
            break;
        case GOAL_RANGE:
        case GOAL_SYSTEM:
            rc = scan_range(r, goal, scope, set);
            break;
        }
    }
    set_order(set);
    return rc;
}

static int term_estimate(struct run *r, const struct term *term, uint64_t most, uint64_t *ret)
{
    uint64_t sum = 0;
    int rc = 0;
    for (size_t i = 0; i < term->count && !rc && sum < most; i++) {
        const struct goal *goal = &term->goals[i];
        struct db_range range = goal_range(goal);
        uint64_t n = 0;
        if (goal->kind == GOAL_EXACT) {
            for (size_t k = 0; k < goal->value_count && !rc && sum < most; k++) {
                range = (struct db_range){.param = goal->param,
                                          .exact = true,
                                          .low = goal->values[k],
                                          .rid_to = RID_LAST};
                rc = db_index_count(r->db, &range, most, &n);
                sum += n;
            }
        } else if (goal->kind == GOAL_SPANS) {
            sum += 256 * goal->spans.count;
        } else {
            if (goal->kind == GOAL_SYSTEM) {
                range.low = (text){0};
            }
            rc = db_index_count(r->db, &range, most, &n);
            sum += n;
        }
    }
    *ret = sum;
    return run_failed(r, rc);
}

/* --- narrowing a set ----------------------------------------------------------------------- */

int run_rows(struct run *r, uint64_t rid, struct arena *a, struct row **ret_rows, size_t *ret_count)
{
    struct db_resource resource;
    char shown[ID_TEXT_SIZE];
    text packed = {0};
    text id = {0};
    uint64_t t = 0;
    int rc = db_resource_find(r->db, rid, &resource);
    if (!rc && resource.deleted) {
        rc = DB_END;
    } else if (!rc) {
        t = resource.t;
        id = arena_copy(a, id_show(resource.id, shown));
        rc = stored_body(r->s, r->db, r->v->tools, resource.body, a, &packed, r->e);
    } else {
        rc = run_failed(r, rc);
    }
    db_resource_done(r->db);
    struct index index = {0};
    rc = rc ? rc : stored_index(r->s, rid_type(rid), id, packed, a, &index, r->e);
    if (rc) {
        return rc;
    }
    char *p = arena_alloc(a, 8);
    if (!p || rows_make(r->s, rid_type(rid), &index, a, ret_rows, ret_count)) {
        return run_memory(r);
    }
    rc = run_failed(r, rows_look_up(r->s, r->db, *ret_rows, *ret_count, a));
    put_be64(p, t);
    (*ret_rows)[(*ret_count)++] = (struct row){
        .param = own_param(rid_type(rid), INDEX_LAST_UPDATED), .value = text_make(p, 8)};
    return rc;
}

static bool row_matches(const struct goal *goal, const struct row *row)
{
    if (row->param != goal->param) {
        return false;
    }
    if (goal->kind == GOAL_EXACT) {
        for (size_t i = 0; i < goal->value_count; i++) {
            if (text_eq(goal->values[i], row->value)) {
                return true;
            }
        }
        return false;
    }
    if (goal->kind == GOAL_RANGE && (text_cmp(row->value, goal->low) < 0 ||
                                     (goal->high.n && text_cmp(row->value, goal->high) >= 0))) {
        return false;
    }
    return goal_takes(goal, row->value);
}

bool rows_match(const struct term *term, uint64_t rid, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < term->count; i++) {
        const struct goal *goal = &term->goals[i];
        if (goal->kind == GOAL_SPANS) {
            if (spans_have(&goal->spans, rid)) {
                return true;
            }
            continue;
        }
        for (size_t k = 0; k < count; k++) {
            if (row_matches(goal, &rows[k])) {
                return true;
            }
        }
    }
    return false;
}

/* Keeps the candidates whose own data match all terms that are not done. */
static int derive_each(struct run *r, struct set *set)
{
    size_t kept = 0;
    struct arena a;
    arena_init(&a, r->s->limits.request_memory);
    int rc = 0;
    for (size_t i = 0; i < set->count && !rc; i++) {
        struct row *rows = NULL;
        size_t count = 0;
        arena_reset(&a);
        rc = run_time(r);
        rc = rc ? rc : run_rows(r, set->rids[i], &a, &rows, &count);
        bool matches = !rc;
        for (size_t k = 0; k < r->term_count && matches; k++) {
            matches = r->terms[k].done || rows_match(&r->terms[k], set->rids[i], rows, count);
        }
        if (matches) {
            set->rids[kept++] = set->rids[i];
        }
        rc = rc == DB_END ? 0 : rc;
    }
    set->count = kept;
    arena_done(&a);
    return rc;
}

/* 0: one of the term's entries names the key; DB_END: none does. */
static int probe(struct run *r, const struct term *term, uint64_t rid)
{
    int rc = DB_END;
    for (size_t k = 0; k < term->count && rc == DB_END; k++) {
        const struct goal *goal = &term->goals[k];
        for (size_t n = 0; n < goal->value_count && rc == DB_END; n++) {
            rc = db_index_has(r->db, goal->param, goal->values[n], rid);
        }
    }
    return rc;
}

static int probe_each(struct run *r, const struct term *term, struct set *set)
{
    size_t kept = 0;
    int rc = 0;
    for (size_t i = 0; i < set->count && !rc; i++) {
        rc = run_time(r);
        int found = rc ? rc : probe(r, term, set->rids[i]);
        if (found == 0) {
            set->rids[kept++] = set->rids[i];
        } else if (!rc && found != DB_END) {
            rc = run_failed(r, found);
        }
    }
    set->count = kept;
    return rc;
}

/* One term against a set of candidates; leaves it undone when deriving is cheaper. */
static int narrow(struct run *r, struct term *term, const struct spans *scope, struct set *set)
{
    uint64_t estimate = 0;
    uint64_t worth = set->count * (term->exact ? SEEK_COST : DERIVE_COST);
    bool choice = set->count <= DERIVE_MAX;
    int rc = choice ? term_estimate(r, term, worth + 1, &estimate) : 0;
    if (rc) {
        return rc;
    }
    if (choice && estimate > worth) {
        if (term->exact) {
            rc = probe_each(r, term, set);
            term->done = true;
        }
        return rc;
    }
    struct set other = {0};
    rc = term_set(r, term, scope, &other);
    set_keep(set, &other);
    term->done = true;
    return rc;
}

/* --- the plan ------------------------------------------------------------------------------ */

/* A few entries of a reference beside a compartment are keys as well: then the term narrows. */
static int try_narrow(struct run *r, struct term *term)
{
    bool has_spans = false;
    for (size_t i = 0; i < term->count; i++) {
        has_spans |= term->goals[i].kind == GOAL_SPANS;
        if (term->goals[i].kind == GOAL_RANGE || term->goals[i].kind == GOAL_SYSTEM) {
            return 0;
        }
    }
    int rc = 0;
    for (size_t i = 0; i < term->count && has_spans && !rc; i++) {
        struct goal *goal = &term->goals[i];
        struct term alone = {.goals = goal, .count = 1};
        uint64_t n = 0;
        if (goal->kind == GOAL_EXACT) {
            rc = term_estimate(r, &alone, 257, &n);
            if (rc || n > 256) {
                return rc;
            }
            struct set set = {0};
            rc = term_set(r, &alone, NULL, &set);
            for (size_t k = 0; k < set.count && !rc; k++) {
                rc = spans_add(r, &goal->spans, set.rids[k], set.rids[k]);
            }
            goal->kind = rc ? GOAL_EXACT : GOAL_SPANS;
        }
    }
    term->narrow = has_spans && !rc;
    return rc;
}

static int make_term(struct run *r, const struct plan_term *from, struct term *term)
{
    *term = (struct term){.exact = true};
    term->goals = arena_zalloc(&r->scratch, from->count + 1, sizeof *term->goals);
    if (!term->goals) {
        return run_memory(r);
    }
    for (size_t i = 0; i < from->count; i++) {
        int rc = goal_make(r, &from->atoms[i], &term->goals[i]);
        if (rc) {
            return rc;
        }
        term->count++;
        term->exact &= term->goals[i].kind == GOAL_EXACT;
        term->everything |= from->atoms[i].kind == PLAN_ALL;
    }
    term->done = term->everything;
    return term->everything ? 0 : try_narrow(r, term);
}

int run_begin(struct run *r, struct store_view *v, const struct plan *plan, struct err *e)
{
    *r = (struct run){.v = v, .s = v->s, .db = v->db, .plan = plan, .e = e};
    arena_init(&r->scratch, v->s->limits.request_memory);
    r->deadline = clock_mono_ns() + (int64_t)v->s->limits.search_seconds * 1000000000;
    r->most = v->s->limits.search_matches;
    db_deadline(r->db, r->deadline);
    r->terms = arena_zalloc(&r->scratch, plan->term_count + 1, sizeof *r->terms);
    if (!r->terms) {
        return run_memory(r);
    }
    int rc = 0;
    for (size_t i = 0; i < plan->term_count && !rc; i++) {
        rc = make_term(r, &plan->terms[i], &r->terms[i]);
        r->term_count++;
    }
    return rc;
}

void run_end(struct run *r)
{
    db_deadline(r->db, 0);
    arena_done(&r->scratch);
}

bool run_takes_all(const struct run *r)
{
    for (size_t i = 0; i < r->term_count; i++) {
        if (!r->terms[i].everything) {
            return false;
        }
    }
    return true;
}

static void keep_visible(struct run *r, struct set *set)
{
    if (r->v->reads_all) {
        return;
    }
    size_t kept = 0;
    for (size_t i = 0; i < set->count; i++) {
        if (view_may(r->v, set->rids[i])) {
            set->rids[kept++] = set->rids[i];
        }
    }
    set->count = kept;
}

int run_all(struct run *r, struct set *ret_set)
{
    struct plan_atom atom = {.kind = PLAN_ALL};
    struct goal goal = {
        .kind = GOAL_RANGE, .param = own_param(r->plan->type, INDEX_LAST_UPDATED), .atom = &atom};
    *ret_set = (struct set){0};
    int rc = scan_range(r, &goal, NULL, ret_set);
    set_order(ret_set);
    keep_visible(r, ret_set);
    return rc;
}

/* The keys that all narrow terms allow. False: there is no narrow term. */
static int find_scope(struct run *r, struct spans *ret_scope, bool *ret_has)
{
    int rc = 0;
    *ret_has = false;
    for (size_t i = 0; i < r->term_count && !rc; i++) {
        struct term *term = &r->terms[i];
        if (!term->narrow || term->done) {
            continue;
        }
        struct spans all = {0};
        for (size_t k = 0; k < term->count && !rc; k++) {
            const struct spans *spans = &term->goals[k].spans;
            for (size_t n = 0; n < spans->count && !rc; n++) {
                rc = spans_add(r, &all, spans->items[n].from, spans->items[n].to);
            }
        }
        spans_order(&all);
        if (*ret_has && !rc) {
            rc = spans_cross(r, ret_scope, &all, ret_scope);
        } else {
            *ret_scope = all;
        }
        *ret_has = true;
        term->done = true;
    }
    return rc;
}

/* The first candidates: the smallest exact term, or the scope's keys, or the smallest term. */
static int first_set(struct run *r, const struct spans *scope, struct set *set)
{
    struct term *best = NULL;
    for (size_t i = 0; i < r->term_count; i++) {
        struct term *term = &r->terms[i];
        if (term->done || (scope && !term->exact)) {
            continue;
        }
        /* One alone needs no estimate: the first gets its own when there is a second. */
        int rc = 0;
        if (best && best->estimate == UINT64_MAX) {
            rc = term_estimate(r, best, ESTIMATE_MAX, &best->estimate);
        }
        term->estimate = UINT64_MAX;
        if (best && !rc) {
            rc = term_estimate(r, term, best->estimate, &term->estimate);
        }
        if (rc) {
            return rc;
        }
        if (!best || term->estimate < best->estimate) {
            best = term;
        }
    }
    if (!best) {
        return scope ? scan_keys(r, scope, set) : run_all(r, set);
    }
    best->done = true;
    return term_set(r, best, scope, set);
}

int run_set(struct run *r, struct set *ret_set)
{
    struct spans scope = {0};
    bool has_scope = false;
    struct set set = {0};
    int rc = find_scope(r, &scope, &has_scope);
    if (!rc && (!has_scope || scope.count)) {
        rc = first_set(r, has_scope ? &scope : NULL, &set);
    }
    for (int exact = 1; exact >= 0 && !rc; exact--) {
        for (size_t i = 0; i < r->term_count && !rc && set.count; i++) {
            struct term *term = &r->terms[i];
            if (!term->done && term->exact == (exact != 0)) {
                rc = narrow(r, term, has_scope ? &scope : NULL, &set);
            }
        }
    }
    keep_visible(r, &set);
    bool undone = false;
    for (size_t i = 0; i < r->term_count; i++) {
        undone |= !r->terms[i].done;
    }
    if (!rc && undone && set.count) {
        rc = derive_each(r, &set);
    }
    *ret_set = set;
    return rc;
}
