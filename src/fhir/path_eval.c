#include "fhir/path_run.h"

#include "base/clock.h"
#include "base/pace.h"
#include "fhir/model_tables.h"

#include <stdarg.h>
#include <stdio.h>

enum {
    EVAL_STEPS = 5 * 1000 * 1000, /* some tenths of a second */
    EVAL_ITEMS = 250 * 1000,      /* 20 MB of them */
    EVAL_CLOCK = 1024,            /* steps between two looks at the clock */
    EVAL_BYTES = 256,             /* of a text that are looked at in a step */
    /* The parser keeps trees lower than this; it guards what has not come from the parser. */
    EVAL_DEPTH_MAX = 4 * PATH_DEPTH_MAX,
};

struct path_limits path_limits_default(void)
{
    return (struct path_limits){.steps = EVAL_STEPS, .items = EVAL_ITEMS};
}

int path_fail(struct path_run *run, const struct path_term *term, int code, const char *format, ...)
{
    char what[512];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    text all = run->path->expression;
    text shown = text_short(all, 120);
    const char *dots = shown.n < all.n ? "..." : "";
    term = term ? term : run->at;
    if (!term) {
        return err_set(run->e, code, "%s (in `%.*s%s`)", what, TEXT_ARG(shown), dots);
    }
    return err_set(run->e, code, "%s (at character %u of `%.*s%s`)", what, term->at + 1,
                   TEXT_ARG(shown), dots);
}

static int take_steps(struct path_run *run, uint64_t count)
{
    uint64_t before = run->steps;
    run->steps += count;
    if (run->steps > run->limits.steps) {
        return path_fail(run, NULL, ERR_TOO_COSTLY,
                         "the expression takes more than %llu steps; ask for less at once",
                         (unsigned long long)run->limits.steps);
    }
    if (run->steps / EVAL_CLOCK == before / EVAL_CLOCK) {
        return 0;
    }
    pace_give_way();
    if (run->limits.deadline && clock_mono_ns() > run->limits.deadline) {
        return path_fail(run, NULL, ERR_TOO_COSTLY,
                         "the expression takes more time than it may; ask for less at once");
    }
    return 0;
}

int path_step(struct path_run *run)
{
    return take_steps(run, 1);
}

int path_step_on(struct path_run *run, const struct path_item *item)
{
    uint64_t bytes = item->kind == PATH_STRING ? item->u.string.n : 0;
    if (item->kind == PATH_NODE && item->u.node->value) {
        const yyjson_val *v = item->u.node->value;
        text t = json_text(v);
        bytes = json_is_container(v) ? (uint64_t)(json_after(v) - v) * sizeof *v : t.n;
    }
    return take_steps(run, 1 + bytes / EVAL_BYTES);
}

int path_push(struct path_run *run, struct path_items *items, size_t *capacity,
              const struct path_item *item)
{
    if (items->count >= run->limits.items) {
        return path_fail(run, NULL, ERR_TOO_COSTLY,
                         "a collection of the expression has more than %zu items; "
                         "ask for less at once",
                         run->limits.items);
    }
    int code = path_step(run);
    if (code) {
        return code;
    }
    struct path_item *grown =
        arena_grow(run->arena, items->items, items->count, capacity, sizeof *grown);
    if (!grown) {
        return path_fail(run, NULL, ERR_MEMORY, "no memory for a collection of %zu items",
                         items->count + 1);
    }
    items->items = grown;
    items->items[items->count++] = *item;
    return 0;
}

int path_only(struct path_run *run, struct path_items *ret, const struct path_item *item)
{
    struct path_item *only = arena_alloc(run->arena, sizeof *only);
    if (!only) {
        return path_fail(run, NULL, ERR_MEMORY, "no memory for the result");
    }
    *only = *item;
    *ret = (struct path_items){only, 1};
    return 0;
}

int path_give(struct path_run *run, const struct path_item *item, struct path_items *ret)
{
    *ret = (struct path_items){NULL, 0};
    return item->kind == PATH_NOTHING ? 0 : path_only(run, ret, item);
}

/* --- singletons ---------------------------------------------------------------------------- */

/* A boolean is itself, unless it has only extensions; one of anything else is true. */
static void to_boolean(const struct path_item *item, struct path_item *ret)
{
    struct path_item plain;
    if (path_plain(item, &plain) && plain.kind == PATH_BOOLEAN) {
        *ret = plain;
        return;
    }
    if (item->kind == PATH_NODE && item->u.node->type == MODEL_BOOLEAN) {
        ret->kind = PATH_NOTHING;
        return;
    }
    *ret = (struct path_item){.kind = PATH_BOOLEAN, .u.boolean = true};
}

static const char *article(text name)
{
    return name.n && memchr("AEIOaeio", name.p[0], 8) ? "an" : "a";
}

/* The one item of a collection as a kind. */
static int single(struct path_run *run, const struct path_term *term, const char *name,
                  const char *what, const struct path_items *items, enum path_kind kind,
                  struct path_item *ret)
{
    *ret = (struct path_item){.kind = PATH_NOTHING};
    if (!items->count) {
        return 0;
    }
    if (items->count > 1) {
        return path_fail(run, term, ERR_INVALID,
                         "%s needs one item as %s, but there are %zu; choose one with first(), "
                         "where() or [0]",
                         name, what, items->count);
    }
    const struct path_item *item = &items->items[0];
    if (kind == PATH_NOTHING) {
        *ret = *item;
        return 0;
    }
    if (kind == PATH_BOOLEAN) {
        to_boolean(item, ret);
        return 0;
    }
    struct path_item plain;
    if (!path_plain(item, &plain)) {
        return 0;
    }
    if (plain.kind == kind) {
        *ret = plain;
        return 0;
    }
    struct path_item converted;
    if (path_convert_implicitly(&plain, kind, &converted)) {
        *ret = converted;
        return 0;
    }
    return path_fail(run, term, ERR_INVALID,
                     "%s needs %s %.*s as %s, but here is %s %.*s; convert it or choose another",
                     name, article(path_kind_name(kind)), TEXT_ARG(path_kind_name(kind)), what,
                     article(path_item_name(item)), TEXT_ARG(path_item_name(item)));
}

/* How a term is called in messages. */
static void term_name(const struct path_term *term, char *out, size_t size)
{
    if (term->kind == TERM_FUNCTION) {
        snprintf(out, size, "%.*s()", TEXT_ARG(text_short(term->name, 40)));
    } else {
        snprintf(out, size, "%s", "the operator");
    }
}

int path_operand(struct path_run *run, const struct path_term *term, const char *what,
                 const struct path_items *items, enum path_kind kind, struct path_item *ret)
{
    char name[64];
    term_name(term, name, sizeof name);
    return single(run, term, name, what, items, kind, ret);
}

int path_one(struct path_call *call, const struct path_items *items, enum path_kind kind,
             struct path_item *ret)
{
    return path_operand(call->run, call->term,
                        items == call->focus ? "what it is called on" : "an argument", items, kind,
                        ret);
}

/* --- arguments ----------------------------------------------------------------------------- */

int path_arg(struct path_call *call, size_t i, struct path_items *ret)
{
    if (i >= call->term->arg_count) {
        *ret = (struct path_items){NULL, 0};
        return 0;
    }
    return path_run_term(call->run, call->term->args[i], call->scope, ret);
}

int path_arg_on(struct path_call *call, size_t i, const struct path_item *item, int64_t index,
                const struct path_items *total, struct path_items *ret)
{
    if (i >= call->term->arg_count) {
        *ret = (struct path_items){NULL, 0};
        return 0;
    }
    struct path_item *own = arena_alloc(call->run->arena, sizeof *own);
    if (!own) {
        return path_fail(call->run, call->term, ERR_MEMORY, "no memory for an item");
    }
    *own = *item;
    struct path_scope scope = {
        .focus = {own, 1}, .index = index, .total = total ? total : call->scope->total};
    return path_run_term(call->run, call->term->args[i], &scope, ret);
}

int path_arg_one(struct path_call *call, size_t i, enum path_kind kind, struct path_item *ret)
{
    struct path_items items;
    int code = path_arg(call, i, &items);
    return code ? code : path_one(call, &items, kind, ret);
}

/* --- terms --------------------------------------------------------------------------------- */

static bool is_type_name(text name)
{
    return name.n && name.p[0] >= 'A' && name.p[0] <= 'Z';
}

/* Of `(value as Period).start` the type is known even where there is no Period. */
static int check_cast(struct path_run *run, const struct path_term *term)
{
    if (!run->env->strict || !term->left || term->left->kind != TERM_AS) {
        return 0;
    }
    uint16_t type = path_type_number(term->left->name);
    return type && type != MODEL_RESOURCE ? path_check_name(run, type, term->name) : 0;
}

/*
 * A name that stands alone may be the type of what is looked at: `Patient.name` on a Patient. No
 * element of FHIR begins with a capital letter, so that the two cannot be confused.
 */
static int run_member(struct path_run *run, const struct path_term *term,
                      const struct path_items *left, struct path_items *ret)
{
    bool may_be_type = (!term->left || term->left->kind == TERM_THIS) && is_type_name(term->name);
    size_t capacity = 0;
    *ret = (struct path_items){NULL, 0};
    int code = left->count ? 0 : check_cast(run, term);
    for (size_t i = 0; !code && i < left->count; i++) {
        const struct path_item *item = &left->items[i];
        bool known;
        if (may_be_type && path_is(item, T("FHIR"), term->name, &known)) {
            code = path_push(run, ret, &capacity, item);
        } else if (may_be_type && run->env->strict) {
            code = path_fail(run, term, ERR_INVALID,
                             "the expression starts at a %.*s, but is evaluated on a %.*s",
                             TEXT_ARG(text_short(term->name, 64)), TEXT_ARG(path_item_name(item)));
        } else {
            code = path_member(run, item, term->name, ret, &capacity);
        }
    }
    return code;
}

static int run_indexer(struct path_run *run, const struct path_term *term,
                       const struct path_scope *scope, const struct path_items *left,
                       struct path_items *ret)
{
    struct path_items at;
    struct path_item index;
    int code = path_run_term(run, term->args[0], scope, &at);
    if (!code) {
        code = single(run, term, "[ ]", "the index", &at, PATH_INTEGER, &index);
    }
    if (code) {
        return code;
    }
    *ret = (struct path_items){NULL, 0};
    if (index.kind == PATH_INTEGER && index.u.integer >= 0 &&
        (uint64_t)index.u.integer < left->count) {
        *ret = (struct path_items){left->items + index.u.integer, 1};
    }
    return 0;
}

static int unknown_type(struct path_run *run, const struct path_term *term)
{
    return path_fail(run, term, ERR_INVALID,
                     "there is no type %.*s%s%.*s in FHIR R4 nor in System; types are written as "
                     "Patient, code, System.String",
                     TEXT_ARG(term->space), term->space.n ? "." : "",
                     TEXT_ARG(text_short(term->name, 64)));
}

/* is, as: of one item. A type that nobody knows is an error, even where there is no item. */
static int check_type(struct path_run *run, const struct path_term *term,
                      const struct path_items *left)
{
    struct path_item any = {.kind = PATH_BOOLEAN};
    bool known;
    path_is(&any, term->space, term->name, &known);
    if (!known) {
        return unknown_type(run, term);
    }
    struct path_item item;
    bool many = term->all || (term->kind == TERM_AS && run->env->as_of_many);
    return many ? 0
                : single(run, term, term->kind == TERM_IS ? "is" : "as", "its left side", left,
                         PATH_NOTHING, &item);
}

static int run_type(struct path_run *run, const struct path_term *term,
                    const struct path_items *left, struct path_items *ret)
{
    int code = check_type(run, term, left);
    *ret = (struct path_items){NULL, 0};
    size_t capacity = 0;
    for (size_t i = 0; !code && i < left->count; i++) {
        const struct path_item *item = &left->items[i];
        bool known;
        if (term->kind == TERM_IS) {
            struct path_item is = {.kind = PATH_BOOLEAN};
            is.u.boolean = path_is(item, term->space, term->name, &known);
            code = path_push(run, ret, &capacity, &is);
        } else if (path_is_exactly(item, term->space, term->name, &known)) {
            code = path_push(run, ret, &capacity, item);
        } else {
            code = path_step(run);
        }
    }
    return code;
}

static int run_minus(struct path_run *run, const struct path_term *term,
                     const struct path_items *left, struct path_items *ret)
{
    struct path_item item;
    struct path_item plain;
    struct path_item result = {.kind = PATH_NOTHING};
    *ret = (struct path_items){NULL, 0};
    int code = single(run, term, "-", "its operand", left, PATH_NOTHING, &item);
    if (!code && item.kind != PATH_NOTHING && path_plain(&item, &plain)) {
        code = path_negate(run, term, &plain, &result);
    }
    return code ? code : path_give(run, &result, ret);
}

static int run_function(struct path_run *run, const struct path_term *term,
                        const struct path_scope *scope, const struct path_items *left,
                        struct path_items *ret)
{
    struct path_call call = {.run = run, .term = term, .focus = left, .scope = scope};
    *ret = (struct path_items){NULL, 0};
    return term->function->run(&call, ret);
}

/* $index and $total: what a lambda is given beside $this. */
static int run_lambda_value(struct path_run *run, const struct path_term *term,
                            const struct path_scope *scope, struct path_items *ret)
{
    if (term->kind == TERM_TOTAL && scope->total) {
        *ret = *scope->total;
        return 0;
    }
    if (term->kind == TERM_INDEX && scope->index >= 0) {
        struct path_item item = {.kind = PATH_INTEGER, .u.integer = scope->index};
        return path_only(run, ret, &item);
    }
    return path_fail(run, term, ERR_INVALID, "%s means something only in an argument of %s",
                     term->kind == TERM_TOTAL ? "$total" : "$index",
                     term->kind == TERM_TOTAL ? "aggregate()"
                                              : "where(), select(), all(), exists() and the like");
}

static int run_leaf(struct path_run *run, const struct path_term *term,
                    const struct path_scope *scope, struct path_items *ret)
{
    *ret = (struct path_items){NULL, 0};
    switch (term->kind) {
    case TERM_LITERAL:
        return path_only(run, ret, &term->literal);
    case TERM_VARIABLE:
        return path_run_variable(run, term, ret);
    case TERM_THIS:
        *ret = scope->focus;
        return 0;
    case TERM_INDEX:
    case TERM_TOTAL:
        return run_lambda_value(run, term, scope, ret);
    default: /* TERM_EMPTY */
        return 0;
    }
}

/* Choosing by position from what has no order, as children() (N1 "Tree navigation"). */
static bool is_unordered(const struct path_term *term)
{
    static const char *const by_position[] = {"first", "last", "tail", "skip", "take"};
    const struct path_term *left = term->left;
    if (!left || left->kind != TERM_FUNCTION ||
        !(text_eq(left->name, T("children")) || text_eq(left->name, T("descendants")))) {
        return false;
    }
    bool found = term->kind == TERM_INDEXER;
    for (size_t i = 0; i < sizeof by_position / sizeof by_position[0]; i++) {
        found =
            found || (term->kind == TERM_FUNCTION && text_eq(term->name, text_of(by_position[i])));
    }
    return found;
}

static int run_on(struct path_run *run, const struct path_term *term,
                  const struct path_scope *scope, const struct path_items *left,
                  struct path_items *ret)
{
    if (run->env->strict && is_unordered(term)) {
        return path_fail(run, term, ERR_INVALID,
                         "%.*s() has no order that one could choose by; use where()",
                         TEXT_ARG(term->left->name));
    }
    switch (term->kind) {
    case TERM_MEMBER:
        return run_member(run, term, left, ret);
    case TERM_FUNCTION:
        return run_function(run, term, scope, left, ret);
    case TERM_INDEXER:
        return run_indexer(run, term, scope, left, ret);
    case TERM_MINUS:
        return run_minus(run, term, left, ret);
    case TERM_BINARY:
        return path_operate(run, term, scope, left, ret);
    default:
        return run_type(run, term, left, ret);
    }
}

static int run_deeper(struct path_run *run, const struct path_term *term,
                      const struct path_scope *scope, struct path_items *ret)
{
    int code = path_step(run);
    if (code) {
        return code;
    }
    if (term->kind < TERM_MEMBER) {
        return run_leaf(run, term, scope, ret);
    }
    bool may_keep = path_may_keep(term, scope);
    if (may_keep && path_kept(run, term, ret)) {
        return 0;
    }
    struct path_items left = scope->focus;
    if (term->left) {
        code = path_run_term(run, term->left, scope, &left);
    }
    if (!code) {
        code = run_on(run, term, scope, &left, ret);
    }
    if (!code && may_keep) {
        path_keep(run, term, ret);
    }
    return code;
}

int path_run_term(struct path_run *run, const struct path_term *term,
                  const struct path_scope *scope, struct path_items *ret)
{
    if (run->depth >= EVAL_DEPTH_MAX) {
        return path_fail(run, term, ERR_TOO_COSTLY,
                         "the expression is nested too deeply; take it apart");
    }
    const struct path_term *outer = run->at;
    run->at = term;
    run->depth++;
    int code = run_deeper(run, term, scope, ret);
    run->depth--;
    run->at = outer;
    return code;
}

/* --- the whole expression ------------------------------------------------------------------ */

int path_eval(const struct path *path, const struct path_env *env, const struct path_items *focus,
              struct arena *a, struct path_items *ret_items, struct err *e)
{
    static const struct path_env nothing;
    struct path_limits usual = path_limits_default();
    struct path_run run = {
        .path = path, .env = env ? env : &nothing, .focus = focus, .arena = a, .e = e};
    run.limits = run.env->limits;
    run.limits.steps = run.limits.steps ? run.limits.steps : usual.steps;
    run.limits.items = run.limits.items ? run.limits.items : usual.items;
    run.now_ms = run.env->now_ms ? run.env->now_ms : clock_real_ms();
    path_find_resources(&run, focus);
    struct path_scope scope = {.focus = *focus, .index = -1, .total = NULL};
    struct path_items items;
    int code = path_run_term(&run, path->root, &scope, &items);
    if (!code) {
        *ret_items = items;
    }
    return code;
}

int path_holds(const struct path *path, const struct path_env *env, const struct path_items *focus,
               struct arena *a, bool *ret_holds, struct err *e)
{
    struct path_items items;
    int code = path_eval(path, env, focus, a, &items, e);
    if (code) {
        return code;
    }
    if (items.count > 1) {
        return err_set(e, ERR_INVALID,
                       "a condition has one result, but `%.*s` has %zu here; "
                       "close it with exists(), all() or allTrue()",
                       TEXT_ARG(text_short(path->expression, 120)), items.count);
    }
    struct path_item item = {.kind = PATH_NOTHING};
    if (items.count) {
        to_boolean(&items.items[0], &item);
    }
    *ret_holds = item.kind == PATH_BOOLEAN && item.u.boolean;
    return 0;
}
