/* Choosing, projecting and walking (N1 "Filtering and projection", "Subsetting", "Tree
 * navigation", "Aggregates"). */
#include "fhir/path_fn_collection.h"

static int push_all(struct path_run *run, struct path_items *ret, size_t *capacity,
                    const struct path_items *items)
{
    int code = 0;
    for (size_t i = 0; !code && i < items->count; i++) {
        code = path_push(run, ret, capacity, &items->items[i]);
    }
    return code;
}

/* --- filtering and projection -------------------------------------------------------------- */

int path_run_where(struct path_call *call, struct path_items *ret)
{
    size_t capacity = 0;
    for (size_t i = 0; i < call->focus->count; i++) {
        bool is;
        int code = path_condition(call, 0, &call->focus->items[i], (int64_t)i, &is);
        if (!code && is) {
            code = path_push(call->run, ret, &capacity, &call->focus->items[i]);
        }
        if (code) {
            return code;
        }
    }
    return 0;
}

static int project(struct path_call *call, size_t arg, struct path_items *ret)
{
    size_t capacity = 0;
    for (size_t i = 0; i < call->focus->count; i++) {
        struct path_items items;
        int code = path_arg_on(call, arg, &call->focus->items[i], (int64_t)i, NULL, &items);
        if (!code) {
            code = push_all(call->run, ret, &capacity, &items);
        }
        if (code) {
            return code;
        }
    }
    return 0;
}

int path_run_select(struct path_call *call, struct path_items *ret)
{
    return project(call, 0, ret);
}

/* What the projection of an item has that was not there before. */
static int repeat_on(struct path_call *call, const struct path_item *item, size_t index,
                     struct path_set *set)
{
    struct path_item own = *item; /* the array that it stands in may move */
    struct path_items items;
    int code = path_arg_on(call, 0, &own, (int64_t)index, NULL, &items);
    return code ? code : path_set_add_all(set, &items);
}

/*
 * Each new item is projected once. What equals an item that is there already is not new, so that
 * a circle ends; a projection that always makes something new ends at the limits.
 */
int path_run_repeat(struct path_call *call, struct path_items *ret)
{
    struct path_set set;
    path_set_init(&set, call->run);
    int code = 0;
    for (size_t i = 0; !code && i < call->focus->count; i++) {
        code = repeat_on(call, &call->focus->items[i], i, &set);
    }
    for (size_t i = 0; !code && i < set.items.count; i++) {
        code = repeat_on(call, &set.items.items[i], i, &set);
    }
    if (!code) {
        *ret = set.items;
    }
    return code;
}

/* --- the tree ------------------------------------------------------------------------------ */

static int add_children(struct path_call *call, const struct path_items *items,
                        struct path_items *ret, size_t *capacity)
{
    int code = 0;
    for (size_t i = 0; !code && i < items->count; i++) {
        code = path_children(call->run, &items->items[i], ret, capacity);
    }
    return code;
}

int path_run_children(struct path_call *call, struct path_items *ret)
{
    size_t capacity = 0;
    return add_children(call, call->focus, ret, &capacity);
}

/* Every element once, level by level; a tree has no circles, so that nothing need be compared. */
int path_run_descendants(struct path_call *call, struct path_items *ret)
{
    size_t capacity = 0;
    int code = add_children(call, call->focus, ret, &capacity);
    for (size_t i = 0; !code && i < ret->count; i++) {
        struct path_item own = ret->items[i]; /* the array may move */
        code = path_children(call->run, &own, ret, &capacity);
    }
    return code;
}

/* --- aggregate, iif, trace ----------------------------------------------------------------- */

int path_run_aggregate(struct path_call *call, struct path_items *ret)
{
    struct path_items total;
    int code = path_arg(call, 1, &total);
    for (size_t i = 0; !code && i < call->focus->count; i++) {
        struct path_items next;
        code = path_arg_on(call, 0, &call->focus->items[i], (int64_t)i, &total, &next);
        if (!code) {
            total = next;
        }
    }
    if (!code) {
        *ret = total;
    }
    return code;
}

/* Only the branch that is chosen is evaluated; $index and $total stay what they are outside. */
int path_run_iif(struct path_call *call, struct path_items *ret)
{
    struct path_item item;
    int code = path_one(call, call->focus, PATH_NOTHING, &item);
    if (code) {
        return code;
    }
    struct path_scope scope = *call->scope;
    scope.focus = *call->focus;
    struct path_items items;
    code = path_run_term(call->run, call->term->args[0], &scope, &items);
    if (!code) {
        code = path_one(call, &items, PATH_NOTHING, &item);
    }
    if (code) {
        return code;
    }
    struct path_item plain = {.kind = PATH_NOTHING};
    bool has_value = item.kind != PATH_NOTHING && path_plain(&item, &plain);
    if (has_value && plain.kind != PATH_BOOLEAN) {
        return path_fail(call->run, call->term, ERR_INVALID,
                         "the first argument of iif() is a condition, but here is a %.*s; "
                         "ask with exists() or compare it",
                         TEXT_ARG(path_item_name(&item)));
    }
    size_t chosen = has_value && plain.u.boolean ? 1 : 2;
    if (chosen >= call->term->arg_count) {
        return 0;
    }
    return path_run_term(call->run, call->term->args[chosen], &scope, ret);
}

int path_run_trace(struct path_call *call, struct path_items *ret)
{
    const struct path_world *world = call->run->env->world;
    struct path_item name;
    int code = path_arg_one(call, 0, PATH_STRING, &name);
    struct path_items shown = *call->focus;
    if (!code && call->term->arg_count > 1) {
        shown = (struct path_items){NULL, 0};
        code = project(call, 1, &shown);
    }
    if (code) {
        return code;
    }
    if (world && world->trace) {
        world->trace(world->context, name.kind == PATH_STRING ? name.u.string : T(""), &shown);
    }
    *ret = *call->focus;
    return 0;
}

/* --- subsetting ---------------------------------------------------------------------------- */

static int give_range(const struct path_items *items, size_t from, size_t count,
                      struct path_items *ret)
{
    if (from < items->count && count) {
        size_t left = items->count - from;
        *ret = (struct path_items){items->items + from, count < left ? count : left};
    }
    return 0;
}

int path_run_single(struct path_call *call, struct path_items *ret)
{
    struct path_item item;
    int code = path_one(call, call->focus, PATH_NOTHING, &item);
    return code ? code : give_range(call->focus, 0, 1, ret);
}

int path_run_first(struct path_call *call, struct path_items *ret)
{
    return give_range(call->focus, 0, 1, ret);
}

int path_run_last(struct path_call *call, struct path_items *ret)
{
    return call->focus->count ? give_range(call->focus, call->focus->count - 1, 1, ret) : 0;
}

int path_run_tail(struct path_call *call, struct path_items *ret)
{
    return give_range(call->focus, 1, SIZE_MAX, ret);
}

int path_run_skip(struct path_call *call, struct path_items *ret)
{
    struct path_item n;
    int code = path_arg_one(call, 0, PATH_INTEGER, &n);
    if (code || n.kind == PATH_NOTHING) {
        return code;
    }
    return give_range(call->focus, n.u.integer > 0 ? (size_t)n.u.integer : 0, SIZE_MAX, ret);
}

int path_run_take(struct path_call *call, struct path_items *ret)
{
    struct path_item n;
    int code = path_arg_one(call, 0, PATH_INTEGER, &n);
    if (code || n.kind == PATH_NOTHING) {
        return code;
    }
    return give_range(call->focus, 0, n.u.integer > 0 ? (size_t)n.u.integer : 0, ret);
}
