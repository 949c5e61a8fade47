/* The truth of native terms (N1 "Boolean logic", "Existence", "Equality", "Comparison"). */
#include "fhir/path_run.h"
#include "fhir/path_value_int.h"
#include "fhir/profile_rule.h"

enum { DISTINCT_MOST = 16 }; /* more are compared by the engine, which has a hash */

static enum native_truth truth_of(bool is)
{
    return is ? NATIVE_TRUE : NATIVE_FALSE;
}

static enum native_truth opposite(enum native_truth t)
{
    return t == NATIVE_TRUE ? NATIVE_FALSE : t == NATIVE_FALSE ? NATIVE_TRUE : t;
}

/* --- walking ------------------------------------------------------------------------------- */

static enum native_truth stop(void *context, const struct path_node *item)
{
    (void)item;
    *(bool *)context = true;
    return NATIVE_FALSE;
}

static enum native_truth exists(struct native_run *run, const struct native_chain *chain,
                                const struct path_node *at)
{
    bool found = false;
    return native_walk(run, chain, at, stop, &found) == NATIVE_UNSURE ? NATIVE_UNSURE
                                                                      : truth_of(found);
}

struct count {
    uint64_t count;
    uint64_t most; /* where counting may end */
    struct path_node first;
};

static enum native_truth count_item(void *context, const struct path_node *item)
{
    struct count *c = context;
    if (c->count == 0) {
        c->first = *item;
    }
    return ++c->count < c->most ? NATIVE_TRUE : NATIVE_FALSE;
}

/* The first item, and whether there are none, one or more. false: it cannot be told. */
static bool first_of(struct native_run *run, const struct native_chain *chain,
                     const struct path_node *at, struct count *ret)
{
    ret->count = 0;
    ret->most = 2;
    return native_walk(run, chain, at, count_item, ret) != NATIVE_UNSURE;
}

struct condition {
    struct native_run *run;
    const struct native_term *term;
    enum native_truth wanted; /* true: one is enough; false: one that is not true ends it */
    bool met;
};

static enum native_truth ask(void *context, const struct path_node *item)
{
    struct condition *c = context;
    enum native_truth truth = native_eval(c->run, c->term, item);
    if (truth == NATIVE_UNSURE) {
        return truth;
    }
    c->met = (truth == NATIVE_TRUE) == (c->wanted == NATIVE_TRUE);
    return c->met ? NATIVE_FALSE : NATIVE_TRUE;
}

/* exists(condition), all(condition). */
static enum native_truth quantify(struct native_run *run, const struct native_term *term,
                                  const struct path_node *at)
{
    bool all = term->kind == RULE_ALL;
    struct condition c = {
        .run = run, .term = term->left, .wanted = all ? NATIVE_FALSE : NATIVE_TRUE};
    if (native_walk(run, term->chain, at, ask, &c) == NATIVE_UNSURE) {
        return NATIVE_UNSURE;
    }
    return truth_of(all ? !c.met : c.met);
}

/* --- single items -------------------------------------------------------------------------- */

static enum native_truth single(struct native_run *run, const struct native_chain *chain,
                                const struct path_node *at)
{
    struct count c;
    if (!first_of(run, chain, at, &c) || c.count > 1) {
        return NATIVE_UNSURE;
    }
    if (c.count == 0) {
        return NATIVE_EMPTY;
    }
    if (c.first.type != MODEL_BOOLEAN) {
        return NATIVE_TRUE;
    }
    if (json_type(c.first.value) != YYJSON_TYPE_BOOL) {
        return NATIVE_EMPTY;
    }
    return truth_of((c.first.value->tag & YYJSON_SUBTYPE_TRUE) != 0);
}

/* A string, or something that stands for one. */
static bool string_of(const struct path_node *node, text *ret)
{
    if (json_type(node->value) != YYJSON_TYPE_STR || path_plain_kind(node->type) != PATH_STRING) {
        return false;
    }
    *ret = json_text(node->value);
    return true;
}

static bool has_part(text t, text part)
{
    return part.n == 0 || (t.n >= part.n && memmem(t.p, t.n, part.p, part.n) != NULL);
}

static enum native_truth test_text(struct native_run *run, const struct native_term *term,
                                   const struct path_node *at)
{
    struct count c;
    text t;
    if (!first_of(run, term->chain, at, &c) || c.count > 1) {
        return NATIVE_UNSURE;
    }
    if (c.count == 0) {
        return NATIVE_EMPTY;
    }
    if (!string_of(&c.first, &t)) {
        return NATIVE_UNSURE;
    }
    switch (term->kind) {
    case RULE_STARTS_WITH:
        return truth_of(text_starts(t, term->literal));
    case RULE_HAS_TEXT:
        return truth_of(has_part(t, term->literal));
    default:
        return term->matches(t);
    }
}

static enum native_truth has_value(struct native_run *run, const struct native_term *term,
                                   const struct path_node *at)
{
    struct count c;
    if (!first_of(run, term->chain, at, &c)) {
        return NATIVE_UNSURE;
    }
    return truth_of(c.count == 1 && path_is_primitive(c.first.type) && c.first.value &&
                    !json_is_container(c.first.value));
}

static enum native_truth is_of_type(struct native_run *run, const struct native_term *term,
                                    const struct path_node *at)
{
    struct count c;
    if (!first_of(run, term->chain, at, &c) || c.count > 1) {
        return NATIVE_UNSURE;
    }
    if (c.count == 0) {
        return NATIVE_EMPTY;
    }
    const struct path_item item = {.kind = PATH_NODE, .u.node = &c.first};
    bool known;
    bool is = path_is(&item, term->space, term->literal, &known);
    return known ? truth_of(is) : NATIVE_UNSURE;
}

struct strings {
    text items[DISTINCT_MOST];
    size_t count;
    bool twice;
};

static enum native_truth add_string(void *context, const struct path_node *item)
{
    struct strings *s = context;
    text t;
    if (s->count == DISTINCT_MOST || !string_of(item, &t)) {
        return NATIVE_UNSURE;
    }
    for (size_t i = 0; i < s->count; i++) {
        if (text_eq(s->items[i], t)) {
            s->twice = true;
            return NATIVE_FALSE;
        }
    }
    s->items[s->count++] = t;
    return NATIVE_TRUE;
}

static enum native_truth is_distinct(struct native_run *run, const struct native_term *term,
                                     const struct path_node *at)
{
    struct strings s;
    s.count = 0;
    s.twice = false;
    return native_walk(run, term->chain, at, add_string, &s) == NATIVE_UNSURE ? NATIVE_UNSURE
                                                                              : truth_of(!s.twice);
}

/* --- comparing ----------------------------------------------------------------------------- */

/* An operand's one item; node keeps it where it is an element. */
struct value {
    struct path_item item;
    struct path_node node;
    uint64_t count; /* 2: more than one */
};

static bool sum(struct native_run *run, const struct native_operand *o, const struct path_node *at,
                int64_t *ret)
{
    *ret = o->number;
    for (size_t i = 0; i < o->count_count; i++) {
        struct count c = {.count = 0, .most = UINT32_MAX};
        if (native_walk(run, o->counts[i], at, count_item, &c) == NATIVE_UNSURE) {
            return false;
        }
        if (__builtin_add_overflow(*ret, (int64_t)c.count, ret)) {
            return false;
        }
    }
    return true;
}

/* false: it cannot be told. */
static bool value_of(struct native_run *run, const struct native_operand *o,
                     const struct path_node *at, struct value *ret)
{
    struct count c;
    enum native_truth truth;
    ret->count = 1;
    switch (o->kind) {
    case OPERAND_LITERAL:
        ret->item = *o->literal;
        return true;
    case OPERAND_NUMBER:
        ret->item.kind = PATH_INTEGER;
        return sum(run, o, at, &ret->item.u.integer);
    case OPERAND_TRUTH:
        truth = native_eval(run, o->truth, at);
        ret->count = truth != NATIVE_EMPTY;
        ret->item.kind = PATH_BOOLEAN;
        ret->item.u.boolean = truth == NATIVE_TRUE;
        return truth != NATIVE_UNSURE;
    default:
        if (!first_of(run, o->chain, at, &c)) {
            return false;
        }
        ret->count = c.count;
        ret->node = c.first;
        ret->item.kind = PATH_NODE;
        ret->item.u.node = &ret->node;
        return true;
    }
}

static enum native_truth equal(struct native_run *run, const struct path_item *a,
                               const struct path_item *b)
{
    text t;
    if (a->kind == PATH_NODE && b->kind == PATH_STRING && string_of(a->u.node, &t)) {
        return truth_of(text_eq(t, b->u.string));
    }
    if (a->kind == PATH_NODE && b->kind == PATH_NODE &&
        json_type(a->u.node->value) >= YYJSON_TYPE_ARR && !path_is_quantity(a->u.node->type)) {
        return NATIVE_UNSURE; /* the engine counts what comparing them costs */
    }
    struct arena_mark mark = arena_mark(run->arena);
    enum path_truth truth = path_equal(a, b, run->arena);
    arena_rewind(run->arena, mark);
    return truth == PATH_EMPTY ? NATIVE_EMPTY : truth_of(truth == PATH_TRUE);
}

static enum native_truth order(struct native_run *run, enum path_operator op, struct value *a,
                               struct value *b)
{
    struct path_item x;
    struct path_item y;
    if (a->count > 1 || b->count > 1) {
        return NATIVE_UNSURE;
    }
    if (!a->count || !b->count || !path_plain(&a->item, &x) || !path_plain(&b->item, &y)) {
        return NATIVE_EMPTY;
    }
    int is = 0;
    struct arena_mark mark = arena_mark(run->arena);
    enum path_truth truth = path_order(&x, &y, run->arena, &is);
    arena_rewind(run->arena, mark);
    if (truth != PATH_TRUE) {
        return truth == PATH_EMPTY ? NATIVE_EMPTY : NATIVE_UNSURE;
    }
    switch (op) {
    case OP_LESS:
        return truth_of(is < 0);
    case OP_LESS_EQUAL:
        return truth_of(is <= 0);
    case OP_GREATER:
        return truth_of(is > 0);
    default:
        return truth_of(is >= 0);
    }
}

static enum native_truth compare(struct native_run *run, const struct native_term *term,
                                 const struct path_node *at)
{
    struct value a;
    struct value b;
    if (!value_of(run, &term->a, at, &a) || !value_of(run, &term->b, at, &b)) {
        return NATIVE_UNSURE;
    }
    if (term->op != OP_EQUAL && term->op != OP_NOT_EQUAL) {
        return order(run, term->op, &a, &b);
    }
    enum native_truth truth;
    if (!a.count || !b.count) {
        truth = NATIVE_EMPTY;
    } else if (a.count > 1 && b.count > 1) {
        truth = NATIVE_UNSURE;
    } else {
        truth = a.count != b.count ? NATIVE_FALSE : equal(run, &a.item, &b.item);
    }
    return term->op == OP_EQUAL ? truth : opposite(truth);
}

static enum native_truth is_among(struct native_run *run, const struct native_term *term,
                                  const struct path_node *at)
{
    struct value v;
    if (!value_of(run, &term->a, at, &v) || v.count > 1) {
        return NATIVE_UNSURE;
    }
    if (v.count == 0) {
        return NATIVE_EMPTY;
    }
    for (size_t i = 0; i < term->literal_count; i++) {
        if (equal(run, &v.item, term->literals[i]) == NATIVE_TRUE) {
            return NATIVE_TRUE;
        }
    }
    return NATIVE_FALSE;
}

/* --- logic --------------------------------------------------------------------------------- */

static enum native_truth decide(enum path_operator op, enum native_truth l, enum native_truth r)
{
    switch (op) {
    case OP_AND:
        return r == NATIVE_FALSE || l == NATIVE_TRUE ? r : NATIVE_EMPTY;
    case OP_XOR:
        return l == NATIVE_EMPTY || r == NATIVE_EMPTY ? NATIVE_EMPTY : truth_of(l != r);
    case OP_OR:
        return r == NATIVE_TRUE || l == NATIVE_FALSE ? r : NATIVE_EMPTY;
    default: /* implies; left is true or empty */
        return r == NATIVE_TRUE || l == NATIVE_TRUE ? r : NATIVE_EMPTY;
    }
}

static enum native_truth logic(struct native_run *run, const struct native_term *term,
                               const struct path_node *at)
{
    enum native_truth l = native_eval(run, term->left, at);
    if (l == NATIVE_UNSURE) {
        return l;
    }
    if (term->op == OP_AND && l == NATIVE_FALSE) {
        return l;
    }
    if ((term->op == OP_OR && l == NATIVE_TRUE) || (term->op == OP_IMPLIES && l == NATIVE_FALSE)) {
        return NATIVE_TRUE;
    }
    enum native_truth r = native_eval(run, term->right, at);
    return r == NATIVE_UNSURE ? r : decide(term->op, l, r);
}

/* The tree is no higher than PATH_DEPTH_MAX. */
enum native_truth native_eval(struct native_run *run, const struct native_term *term,
                              const struct path_node *at)
{
    switch (term->kind) {
    case RULE_TRUTH:
        return truth_of(term->truth);
    case RULE_LOGIC:
        return logic(run, term, at);
    case RULE_NOT:
        return opposite(native_eval(run, term->left, at));
    case RULE_EXISTS:
        return term->left ? quantify(run, term, at) : exists(run, term->chain, at);
    case RULE_NONE:
        return opposite(exists(run, term->chain, at));
    case RULE_ALL:
        return quantify(run, term, at);
    case RULE_SINGLE:
        return single(run, term->chain, at);
    case RULE_HAS_VALUE:
        return has_value(run, term, at);
    case RULE_STARTS_WITH:
    case RULE_HAS_TEXT:
    case RULE_MATCHES:
        return test_text(run, term, at);
    case RULE_DISTINCT:
        return is_distinct(run, term, at);
    case RULE_OF_TYPE:
        return is_of_type(run, term, at);
    case RULE_AMONG:
        return is_among(run, term, at);
    case RULE_COMPARE:
        return compare(run, term, at);
    default:
        return NATIVE_UNSURE;
    }
}
