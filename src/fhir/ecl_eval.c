#include "fhir/ecl_int.h"

#include "base/clock.h"

static int no_memory(struct ecl_run *r)
{
    return err_set(r->e, ERR_MEMORY,
                   "the constraint expression needs more memory than it may have");
}

int ecl_worked(struct ecl_run *r, uint64_t work)
{
    enum { A_LOOK_AT_THE_CLOCK = 1 << 16 };
    r->work += work;
    if (r->work < A_LOOK_AT_THE_CLOCK) {
        return 0;
    }
    r->work = 0;
    if (r->deadline && clock_mono_ns() > r->deadline) {
        return err_set(r->e, ERR_TOO_COSTLY,
                       "the constraint expression would take too much time; ask for less, as "
                       "descendants of a narrower concept");
    }
    return 0;
}

uint64_t *ecl_bits(struct ecl_run *r)
{
    uint64_t *bits = arena_zalloc(r->arena, r->words + 1, sizeof *bits);
    if (!bits) {
        (void)no_memory(r);
    }
    return bits;
}

bool ecl_bit_next(const struct ecl_run *r, const uint64_t *bits, uint32_t *at)
{
    size_t word = *at / 64;
    if (word >= r->words) {
        return false;
    }
    uint64_t rest = bits[word] & (~(uint64_t)0 << (*at % 64));
    while (!rest) {
        if (++word >= r->words) {
            return false;
        }
        rest = bits[word];
    }
    *at = (uint32_t)(word * 64 + (size_t)__builtin_ctzll(rest));
    return true;
}

bool ecl_counts(const struct ecl_run *r, uint32_t concept)
{
    return r->inactive || !(codes_flags(r->codes, concept) & CODES_INACTIVE);
}

/* --- hierarchies --------------------------------------------------------------------------- */

typedef const uint32_t *neighbours(const struct codes *c, uint32_t concept, size_t *ret_count);

/* One step, or as many as there are. What is reached is set; the start only where it is reached. */
static int spread(struct ecl_run *r, const uint64_t *from, neighbours *next, bool far,
                  uint64_t *out)
{
    struct arena_mark mark = arena_mark(r->arena);
    uint32_t *stack = arena_alloc(r->arena, ((size_t)r->universe + 1) * sizeof *stack);
    size_t depth = 0;
    int rc = stack ? 0 : no_memory(r);
    for (uint32_t start = 0; !rc && ecl_bit_next(r, from, &start); start++) {
        uint32_t concept = start;
        for (bool more = true; more && !rc;
             more = depth != 0, concept = more ? stack[--depth] : 0) {
            size_t count = 0;
            const uint32_t *near = next(r->codes, concept, &count);
            for (size_t i = 0; i < count; i++) {
                if (!ecl_bit(out, near[i])) {
                    ecl_bit_set(out, near[i]);
                    if (far) {
                        stack[depth++] = near[i];
                    }
                }
            }
            rc = ecl_worked(r, count + 1);
        }
    }
    arena_rewind(r->arena, mark);
    return rc;
}

static int run_edge(struct ecl_run *r, const struct ecl_node *n, const uint64_t *from,
                    uint64_t *out)
{
    bool top = n->operator_ == ECL_TOP;
    int rc = spread(r, from, top ? codes_children : codes_parents, true, out);
    for (size_t i = 0; i < r->words; i++) {
        out[i] = from[i] & ~out[i];
    }
    return rc;
}

static int run_hierarchy(struct ecl_run *r, const struct ecl_node *n, uint64_t *out)
{
    static const struct {
        neighbours *next;
        bool far, self;
    } rows[] = {
        [ECL_DESCENDANT] = {codes_children, true, false},
        [ECL_DESCENDANT_OR_SELF] = {codes_children, true, true},
        [ECL_CHILD] = {codes_children, false, false},
        [ECL_CHILD_OR_SELF] = {codes_children, false, true},
        [ECL_ANCESTOR] = {codes_parents, true, false},
        [ECL_ANCESTOR_OR_SELF] = {codes_parents, true, true},
        [ECL_PARENT] = {codes_parents, false, false},
        [ECL_PARENT_OR_SELF] = {codes_parents, false, true},
    };
    uint64_t *from = ecl_bits(r);
    int rc = from ? ecl_run_node(r, n->left, from) : ERR_MEMORY;
    if (rc) {
        return rc;
    }
    if (n->operator_ == ECL_TOP || n->operator_ == ECL_BOTTOM) {
        return run_edge(r, n, from, out);
    }
    rc = spread(r, from, rows[n->operator_].next, rows[n->operator_].far, out);
    for (size_t i = 0; rows[n->operator_].self && i < r->words; i++) {
        out[i] |= from[i];
    }
    return rc;
}

/* --- sets ---------------------------------------------------------------------------------- */

static int run_any(struct ecl_run *r, uint64_t *out)
{
    for (uint32_t i = 0; i < r->universe; i++) {
        if (ecl_counts(r, i)) {
            ecl_bit_set(out, i);
        }
    }
    return ecl_worked(r, r->universe / 8);
}

static int run_concept(struct ecl_run *r, const struct ecl_node *n, uint64_t *out)
{
    uint32_t concept = codes_find(r->codes, n->code);
    if (concept != CODES_NONE && ecl_counts(r, concept)) {
        ecl_bit_set(out, concept);
    }
    return ecl_worked(r, 1);
}

static int run_members(struct ecl_run *r, const struct ecl_node *n, uint64_t *out)
{
    uint64_t *sets = ecl_bits(r);
    int rc = sets ? ecl_run_node(r, n->left, sets) : ERR_MEMORY;
    for (uint32_t set = 0; !rc && ecl_bit_next(r, sets, &set); set++) {
        size_t count = 0;
        const uint32_t *members = codes_members(r->codes, set, &count);
        for (size_t i = 0; members && i < count; i++) {
            if (ecl_counts(r, members[i])) {
                ecl_bit_set(out, members[i]);
            }
        }
        rc = ecl_worked(r, members ? count : 1);
    }
    return rc;
}

/* Long chains (a OR b OR c ...) lean to the left, so their depth is their length: taken in a loop.
 */
static int run_chain(struct ecl_run *r, const struct ecl_node *n, uint64_t *out)
{
    enum ecl_kind kind = n->kind;
    uint64_t *part = ecl_bits(r);
    int rc = part ? ecl_run_node(r, n->right, out) : ERR_MEMORY;
    for (const struct ecl_node *at = n->left; !rc && at;) {
        bool link = at->kind == kind;
        rc = ecl_run_node(r, link ? at->right : at, part);
        for (size_t i = 0; !rc && i < r->words; i++) {
            out[i] = kind == ECL_OR ? out[i] | part[i] : out[i] & part[i];
        }
        at = link ? at->left : NULL;
    }
    return rc;
}

static int run_minus(struct ecl_run *r, const struct ecl_node *n, uint64_t *out)
{
    uint64_t *right = ecl_bits(r);
    int rc = right ? ecl_run_node(r, n->left, out) : ERR_MEMORY;
    rc = rc ? rc : ecl_run_node(r, n->right, right);
    for (size_t i = 0; !rc && i < r->words; i++) {
        out[i] &= ~right[i];
    }
    return rc;
}

static int run_kind(struct ecl_run *r, const struct ecl_node *n, uint64_t *out)
{
    switch (n->kind) {
    case ECL_ANY:
        return run_any(r, out);
    case ECL_CONCEPT:
        return run_concept(r, n, out);
    case ECL_HIERARCHY:
        return run_hierarchy(r, n, out);
    case ECL_MEMBER_OF:
        return run_members(r, n, out);
    case ECL_AND:
    case ECL_OR:
        return run_chain(r, n, out);
    case ECL_MINUS:
        return run_minus(r, n, out);
    case ECL_REFINED:
        return ecl_run_refined(r, n, out);
    case ECL_DOTTED:
        return ecl_run_dotted(r, n, out);
    case ECL_FILTERED:
        return ecl_run_filters(r, n, out);
    case ECL_HISTORY:
        return ecl_run_history(r, n, out);
    }
    return err_set(r->e, ERR_INTERNAL, "an unknown part of a constraint expression");
}

/* As deep as the brackets at most; what an operator takes of the arena is given back when it is
 * done. */
int ecl_run_node(struct ecl_run *r, const struct ecl_node *n, uint64_t *out)
{
    struct arena_mark mark = arena_mark(r->arena);
    memset(out, 0, r->words * sizeof *out);
    int rc = run_kind(r, n, out);
    arena_rewind(r->arena, mark);
    return rc;
}

/* --- from outside -------------------------------------------------------------------------- */

static struct ecl_run begin(const struct ecl *x, const struct codes *c, int64_t deadline,
                            struct arena *a, struct err *e)
{
    uint32_t universe = codes_about(c)->count;
    return (struct ecl_run){.ecl = x,
                            .codes = c,
                            .arena = a,
                            .deadline = deadline,
                            .universe = universe,
                            .words = ((size_t)universe + 63) / 64,
                            .e = e};
}

int ecl_evaluate(const struct ecl *x, const struct codes *c, int64_t deadline, struct arena *a,
                 struct ecl_set *ret_set, struct err *e)
{
    struct ecl_run r = begin(x, c, deadline, a, e);
    uint64_t *out = ecl_bits(&r);
    int rc = out ? ecl_run_node(&r, x->root, out) : ERR_MEMORY;
    if (rc) {
        return rc;
    }
    uint32_t count = 0;
    for (size_t i = 0; i < r.words; i++) {
        count += (uint32_t)__builtin_popcountll(out[i]);
    }
    *ret_set = (struct ecl_set){.words = out, .universe = r.universe, .count = count};
    return 0;
}

uint32_t *ecl_set_list(const struct ecl_set *s, struct arena *a)
{
    uint32_t *list = arena_alloc(a, ((size_t)s->count + 1) * sizeof *list);
    size_t n = 0;
    for (uint32_t i = 0; list && i < s->universe && n < s->count; i++) {
        if (s->words[i / 64] == 0) {
            i |= 63;
        } else if (ecl_set_has(s, i)) {
            list[n++] = i;
        }
    }
    return list;
}

/* The simple ones, without a set; *ret_known false: not one of these. */
static bool quick(struct ecl_run *r, const struct ecl_node *n, uint32_t concept, bool *ret_known)
{
    uint32_t other = n->kind == ECL_CONCEPT ? codes_find(r->codes, n->code) : CODES_NONE;
    if (n->kind == ECL_HIERARCHY && n->left->kind == ECL_CONCEPT) {
        other = codes_find(r->codes, n->left->code);
        bool some = other != CODES_NONE && ecl_counts(r, other);
        bool self = n->operator_ == ECL_DESCENDANT_OR_SELF || n->operator_ == ECL_ANCESTOR_OR_SELF;
        bool down = n->operator_ == ECL_DESCENDANT || n->operator_ == ECL_DESCENDANT_OR_SELF;
        bool up = n->operator_ == ECL_ANCESTOR || n->operator_ == ECL_ANCESTOR_OR_SELF;
        *ret_known &= down || up;
        return some &&
               ((self && concept == other) || (down && codes_is_below(r->codes, concept, other)) ||
                (up && codes_is_below(r->codes, other, concept)));
    }
    if (n->kind == ECL_ANY || n->kind == ECL_CONCEPT) {
        return (n->kind == ECL_ANY || concept == other) && ecl_counts(r, concept);
    }
    *ret_known = false;
    return false;
}

/* As deep as the chain of operators: a longer one than this is evaluated as a set. */
static bool has(struct ecl_run *r, const struct ecl_node *n, uint32_t concept, unsigned depth,
                bool *ret_known)
{
    if (depth > 2 * ECL_DEPTH_MOST || !*ret_known) {
        *ret_known = false;
        return false;
    }
    if (n->kind != ECL_AND && n->kind != ECL_OR && n->kind != ECL_MINUS) {
        return quick(r, n, concept, ret_known);
    }
    bool left = has(r, n->left, concept, depth + 1, ret_known);
    bool right = has(r, n->right, concept, depth + 1, ret_known);
    return n->kind == ECL_AND ? left && right : n->kind == ECL_OR ? left || right : left && !right;
}

int ecl_has(const struct ecl *x, const struct codes *c, uint32_t concept, int64_t deadline,
            struct arena *a, bool *ret_has, struct err *e)
{
    struct ecl_run r = begin(x, c, deadline, a, e);
    bool known = true;
    bool answer = concept < r.universe && has(&r, x->root, concept, 0, &known);
    if (!known) {
        struct arena_mark mark = arena_mark(a);
        struct ecl_set set;
        int rc = ecl_evaluate(x, c, deadline, a, &set, e);
        answer = !rc && ecl_set_has(&set, concept);
        arena_rewind(a, mark);
        if (rc) {
            return rc;
        }
    }
    *ret_has = answer;
    return 0;
}
