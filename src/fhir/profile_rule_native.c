/* From the engine's tree to native terms. */
#include "fhir/path_run.h"
#include "fhir/profile_rule.h"

enum { STEPS_MOST = 32, LITERALS_MOST = 32, COUNTS_MOST = 16, WORK_MOST = 4000 };

/* What is tried as a chain and is none is tried as a condition: of wheres within wheres, that would
 * be work that doubles with each level. */
struct build {
    struct arena *arena;
    unsigned work; /* terms that may still be looked at */
};

static const struct native_term unsure = {.kind = RULE_UNSURE};

static const struct native_term *truth_of(const struct path_term *term, struct build *b);

static bool is_call(const struct path_term *term, text name, size_t args)
{
    return term->kind == TERM_FUNCTION && term->arg_count == args && text_eq(term->name, name);
}

static const struct native_term *keep(struct native_term term, struct build *b)
{
    struct native_term *kept = arena_alloc(b->arena, sizeof *kept);
    if (!kept) {
        return &unsure;
    }
    *kept = term;
    return kept;
}

/* --- chains -------------------------------------------------------------------------------- */

struct chain {
    struct native_chain head;
    struct native_step steps[STEPS_MOST];
    size_t count;
};

static bool add_step(struct chain *c, struct native_step step)
{
    if (c->count == STEPS_MOST) {
        return false;
    }
    if (c->count) {
        c->steps[c->count - 1].shadow = true;
    }
    c->steps[c->count++] = step;
    return true;
}

static const struct native_chain *keep_chain(struct chain *c, bool asked, struct build *b)
{
    if (asked && c->count) {
        c->steps[c->count - 1].shadow = true;
    }
    struct native_chain *kept = arena_alloc(b->arena, sizeof *kept);
    struct native_step *steps = arena_alloc(b->arena, c->count * sizeof *steps);
    if (!kept || !steps) {
        return NULL;
    }
    if (c->count) {
        memcpy(steps, c->steps, c->count * sizeof *steps);
    }
    *kept = c->head;
    kept->steps = steps;
    kept->count = c->count;
    return kept;
}

static bool build_chain(const struct path_term *term, struct chain *c, struct build *b);

static bool has_upper(text name)
{
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] >= 'A' && name.p[i] <= 'Z') {
            return true;
        }
    }
    return false;
}

static bool add_name(const struct path_term *term, struct chain *c)
{
    text name = term->name;
    if (name.n == 0) {
        return false;
    }
    bool alone = !term->left || term->left->kind == TERM_THIS;
    if (name.p[0] >= 'A' && name.p[0] <= 'Z') {
        c->head.type = fhir_type_of(name);
        return alone && c->count == 0 && c->head.type;
    }
    return add_step(c, (struct native_step){
                           .kind = STEP_MEMBER, .name = name, .may_be_choice = has_upper(name)});
}

static bool add_type(const struct path_term *term, struct chain *c)
{
    struct native_step step = {
        .kind = STEP_AS, .name = term->name, .type = path_type_number(term->name)};
    return step.type && (!term->space.n || text_eq(term->space, T("FHIR"))) && add_step(c, step);
}

/* a.select(b.c) is a.b.c. */
static bool add_projection(const struct path_term *arg, struct chain *c, struct build *b)
{
    struct chain inner;
    if (!build_chain(arg, &inner, b) || inner.head.root != ROOT_THIS || inner.head.type) {
        return false;
    }
    for (size_t i = 0; i < inner.count; i++) {
        if (!add_step(c, inner.steps[i])) {
            return false;
        }
    }
    return true;
}

static bool start_from_first(struct chain *c, struct build *b)
{
    const struct native_chain *from = keep_chain(c, true, b);
    c->head = (struct native_chain){.root = ROOT_FIRST, .from = from};
    c->count = 0;
    return from != NULL;
}

static bool add_call(const struct path_term *term, struct chain *c, struct build *b)
{
    if (is_call(term, T("where"), 1)) {
        return add_step(
            c, (struct native_step){.kind = STEP_WHERE, .where = truth_of(term->args[0], b)});
    }
    if (is_call(term, T("select"), 1)) {
        return add_projection(term->args[0], c, b);
    }
    if (is_call(term, T("first"), 0)) {
        return start_from_first(c, b);
    }
    return text_eq(term->name, T("trace")); /* which changes nothing */
}

static bool start_at(text variable, struct chain *c)
{
    static const struct {
        text name;
        enum native_root root;
    } roots[] = {
        {T("context"), ROOT_CONTEXT},
        {T("resource"), ROOT_RESOURCE},
        {T("rootResource"), ROOT_ROOT_RESOURCE},
    };
    for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++) {
        if (text_eq(variable, roots[i].name)) {
            c->head.root = roots[i].root;
            return true;
        }
    }
    return false;
}

/* The parser keeps trees lower than PATH_DEPTH_MAX. */
static bool build_chain(const struct path_term *term, struct chain *c, struct build *b)
{
    if (!term || term->kind == TERM_THIS) {
        c->head = (struct native_chain){.root = ROOT_THIS};
        c->count = 0;
        return true;
    }
    if (term->kind == TERM_VARIABLE) {
        c->head = (struct native_chain){.root = ROOT_THIS};
        c->count = 0;
        return start_at(term->name, c);
    }
    if (term->kind != TERM_MEMBER && term->kind != TERM_FUNCTION && term->kind != TERM_AS) {
        return false;
    }
    if (b->work == 0) {
        return false;
    }
    b->work--;
    if (!build_chain(term->left, c, b)) {
        return false;
    }
    switch (term->kind) {
    case TERM_MEMBER:
        return add_name(term, c);
    case TERM_AS:
        return add_type(term, c);
    default:
        return add_call(term, c, b);
    }
}

/* asked: a condition is asked of each item. NULL: no chain. */
static const struct native_chain *chain_of(const struct path_term *term, bool asked,
                                           struct build *b)
{
    struct chain c;
    return build_chain(term, &c, b) ? keep_chain(&c, asked, b) : NULL;
}

/* --- operands ------------------------------------------------------------------------------ */

struct numbers {
    const struct native_chain *counts[COUNTS_MOST];
    size_t count;
    int64_t number;
};

static bool add_numbers(const struct path_term *term, struct numbers *n, struct build *b)
{
    if (term->kind == TERM_LITERAL && term->literal.kind == PATH_INTEGER) {
        return !__builtin_add_overflow(n->number, term->literal.u.integer, &n->number);
    }
    if (term->kind == TERM_BINARY && term->op == OP_ADD) {
        return add_numbers(term->left, n, b) && add_numbers(term->right, n, b);
    }
    if (!is_call(term, T("count"), 0) || n->count == COUNTS_MOST) {
        return false;
    }
    n->counts[n->count] = chain_of(term->left, false, b);
    return n->counts[n->count++] != NULL;
}

static bool operand_of(const struct path_term *term, struct native_operand *ret, struct build *b)
{
    *ret = (struct native_operand){.kind = OPERAND_LITERAL, .literal = &term->literal};
    if (term->kind == TERM_LITERAL) {
        return true;
    }
    if (term->kind == TERM_VARIABLE && text_eq(term->name, T("ucum"))) {
        static const struct path_item ucum = {.kind = PATH_STRING,
                                              .u.string = T("http://unitsofmeasure.org")};
        ret->literal = &ucum;
        return true;
    }
    struct numbers n = {.count = 0};
    if (add_numbers(term, &n, b)) {
        ret->kind = OPERAND_NUMBER;
        ret->number = n.number;
        ret->count_count = n.count;
        const struct native_chain **counts = arena_alloc(b->arena, n.count * sizeof *counts);
        if (counts && n.count) {
            memcpy(counts, n.counts, n.count * sizeof *counts);
        }
        ret->counts = counts;
        return counts != NULL;
    }
    ret->kind = OPERAND_CHAIN;
    ret->chain = chain_of(term, true, b);
    if (ret->chain) {
        return true;
    }
    ret->kind = OPERAND_TRUTH;
    ret->truth = truth_of(term, b);
    return ret->truth->kind != RULE_UNSURE;
}

static bool add_literals(const struct path_term *term, const struct path_item **literals,
                         size_t *count)
{
    if (term->kind == TERM_BINARY && term->op == OP_UNION) {
        return add_literals(term->left, literals, count) &&
               add_literals(term->right, literals, count);
    }
    if (term->kind != TERM_LITERAL || *count == LITERALS_MOST) {
        return false;
    }
    literals[(*count)++] = &term->literal;
    return true;
}

static const struct native_term *among(const struct path_term *term, struct build *b)
{
    const struct path_item *literals[LITERALS_MOST];
    struct native_term is = {.kind = RULE_AMONG};
    if (!add_literals(term->right, literals, &is.literal_count) ||
        !operand_of(term->left, &is.a, b)) {
        return &unsure;
    }
    is.literals = arena_alloc(b->arena, is.literal_count * sizeof *is.literals);
    if (!is.literals) {
        return &unsure;
    }
    memcpy(is.literals, literals, is.literal_count * sizeof *is.literals);
    return keep(is, b);
}

/* --- conditions ---------------------------------------------------------------------------- */

static const struct native_term *of_operator(const struct path_term *term, struct build *b)
{
    struct native_term is = {.kind = RULE_LOGIC, .op = term->op};
    switch (term->op) {
    case OP_AND:
    case OP_OR:
    case OP_XOR:
    case OP_IMPLIES:
        is.left = truth_of(term->left, b);
        is.right = truth_of(term->right, b);
        return is.left->kind == RULE_UNSURE ? &unsure : keep(is, b);
    case OP_IN:
        return among(term, b);
    case OP_EQUAL:
    case OP_NOT_EQUAL:
    case OP_LESS:
    case OP_LESS_EQUAL:
    case OP_GREATER:
    case OP_GREATER_EQUAL:
        is.kind = RULE_COMPARE;
        return operand_of(term->left, &is.a, b) && operand_of(term->right, &is.b, b) ? keep(is, b)
                                                                                     : &unsure;
    default:
        return &unsure;
    }
}

static bool is_among_ascii(char c, const char *more)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr(more, c));
}

static enum native_truth all_of(text t, const char *more)
{
    for (size_t i = 0; i < t.n; i++) {
        if (!is_among_ascii(t.p[i], more)) {
            return t.p[i] == '\n' ? NATIVE_UNSURE : NATIVE_FALSE;
        }
    }
    return t.n ? NATIVE_TRUE : NATIVE_FALSE;
}

/* matches() looks for a part that matches: the rest of these two patterns may be nothing. */
static enum native_truth any_upper(text t)
{
    return has_upper(t) ? NATIVE_TRUE : NATIVE_FALSE;
}

static enum native_truth any_letter(text t)
{
    for (size_t i = 0; i < t.n; i++) {
        if ((t.p[i] >= 'a' && t.p[i] <= 'z') || (t.p[i] >= 'A' && t.p[i] <= 'Z')) {
            return NATIVE_TRUE;
        }
    }
    return NATIVE_FALSE;
}

static enum native_truth any_name(text t)
{
    return any_letter(t) == NATIVE_TRUE ? NATIVE_TRUE : NATIVE_UNSURE;
}

static enum native_truth all_type(text t)
{
    return all_of(t, "");
}

static enum native_truth all_type_path(text t)
{
    return all_of(t, ".");
}

static enum native_truth all_slice_name(text t)
{
    return all_of(t, "/-_[]@");
}

/* The patterns of R4 that are asked of every element of a definition. */
static const struct {
    text pattern;
    enum native_truth (*matches)(text t);
} patterns[] = {
    {T("[A-Z]([A-Za-z0-9_]){0,254}"), any_upper},
    {T("[A-Za-z][A-Za-z0-9]*(\\.[a-z][A-Za-z0-9]*(\\[x])?)*"), any_letter},
    {T("[^\\s\\.,:;\\'\"\\/|?!@#$%&*()\\[\\]{}]{1,64}(\\.[^\\s\\.,:;\\'\"\\/"
       "|?!@#$%&*()\\[\\]{}]{1,64}(\\[x\\])?(\\:[^\\s\\.]+)?)*"),
     any_name},
    {T("^[a-zA-Z0-9]+$"), all_type},
    {T("^[a-zA-Z0-9\\.]+$"), all_type_path},
    {T("^[a-zA-Z0-9\\/\\-_\\[\\]\\@]+$"), all_slice_name},
};

static const struct native_term *of_text(const struct path_term *term, struct native_term is,
                                         struct build *b)
{
    if (!is.chain || term->args[0]->kind != TERM_LITERAL ||
        term->args[0]->literal.kind != PATH_STRING) {
        return &unsure;
    }
    is.literal = term->args[0]->literal.u.string;
    if (text_eq(term->name, T("startsWith"))) {
        is.kind = RULE_STARTS_WITH;
        return keep(is, b);
    }
    if (text_eq(term->name, T("contains"))) {
        is.kind = RULE_HAS_TEXT;
        return keep(is, b);
    }
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        if (text_eq(patterns[i].pattern, is.literal)) {
            is.kind = RULE_MATCHES;
            is.matches = patterns[i].matches;
            return keep(is, b);
        }
    }
    return &unsure;
}

/* Functions of a collection without an argument. */
static const struct native_term *of_collection(const struct path_term *term, struct build *b)
{
    static const struct {
        text name;
        enum native_kind kind;
    } kinds[] = {
        {T("exists"), RULE_EXISTS},
        {T("empty"), RULE_NONE},
        {T("hasValue"), RULE_HAS_VALUE},
        {T("isDistinct"), RULE_DISTINCT},
    };
    struct native_term is = {.kind = RULE_UNSURE};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (is_call(term, kinds[i].name, 0)) {
            is.kind = kinds[i].kind;
            is.chain = chain_of(term->left, false, b);
        }
    }
    return is.chain ? keep(is, b) : &unsure;
}

static const struct native_term *of_function(const struct path_term *term, struct build *b)
{
    struct native_term is = {.kind = RULE_NOT};
    if (is_call(term, T("not"), 0) && term->left) {
        is.left = truth_of(term->left, b);
        return is.left->kind == RULE_UNSURE ? &unsure : keep(is, b);
    }
    if (is_call(term, T("all"), 1) || is_call(term, T("exists"), 1)) {
        is.kind = is_call(term, T("all"), 1) ? RULE_ALL : RULE_EXISTS;
        is.chain = chain_of(term->left, true, b);
        is.left = truth_of(term->args[0], b);
        return is.chain ? keep(is, b) : &unsure;
    }
    if (is_call(term, T("startsWith"), 1) || is_call(term, T("contains"), 1) ||
        is_call(term, T("matches"), 1)) {
        is.chain = chain_of(term->left, false, b);
        return of_text(term, is, b);
    }
    return of_collection(term, b);
}

/* The parser keeps trees lower than PATH_DEPTH_MAX. */
static const struct native_term *truth_of(const struct path_term *term, struct build *b)
{
    struct native_term is = {.kind = RULE_TRUTH};
    if (b->work == 0) {
        return &unsure;
    }
    b->work--;
    if (term->kind == TERM_LITERAL && term->literal.kind == PATH_BOOLEAN) {
        is.truth = term->literal.u.boolean;
        return keep(is, b);
    }
    if (term->kind == TERM_BINARY) {
        return of_operator(term, b);
    }
    if (term->kind == TERM_IS) {
        is.kind = RULE_OF_TYPE;
        is.chain = chain_of(term->left, true, b);
        is.space = term->space;
        is.literal = term->name;
        return is.chain ? keep(is, b) : &unsure;
    }
    if (term->kind == TERM_FUNCTION) {
        const struct native_term *found = of_function(term, b);
        if (found->kind != RULE_UNSURE) {
            return found;
        }
    }
    is.kind = RULE_SINGLE;
    is.chain = chain_of(term, false, b);
    return is.chain ? keep(is, b) : &unsure;
}

const struct native_term *native_compile(const struct path *path, struct arena *a)
{
    struct build b = {.arena = a, .work = WORK_MOST};
    const struct native_term *term = truth_of(path->root, &b);
    return term->kind == RULE_UNSURE || b.work == 0 ? NULL : term;
}
