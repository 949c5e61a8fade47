/* Existence and sets (N1 "Existence", "Combining"), and the table of the functions on collections.
 */
#include "fhir/path_fn_collection.h"

int path_give_boolean(struct path_call *call, bool is, struct path_items *ret)
{
    struct path_item item = {.kind = PATH_BOOLEAN, .u.boolean = is};
    return path_only(call->run, ret, &item);
}

int path_condition(struct path_call *call, size_t i, const struct path_item *item, int64_t index,
                   bool *ret_is)
{
    struct arena_mark mark = arena_mark(call->run->arena);
    size_t kept = call->run->kept_count;
    struct path_items items;
    struct path_item one;
    int code = path_arg_on(call, i, item, index, NULL, &items);
    if (!code) {
        code = path_one(call, &items, PATH_BOOLEAN, &one);
    }
    if (!code) {
        *ret_is = one.kind == PATH_BOOLEAN && one.u.boolean;
        if (call->run->kept_count == kept) {
            arena_rewind(call->run->arena, mark);
        }
    }
    return code;
}

/* --- existence ----------------------------------------------------------------------------- */

static int run_empty(struct path_call *call, struct path_items *ret)
{
    return path_give_boolean(call, call->focus->count == 0, ret);
}

static int run_exists(struct path_call *call, struct path_items *ret)
{
    bool found = call->term->arg_count == 0 && call->focus->count > 0;
    for (size_t i = 0; call->term->arg_count && !found && i < call->focus->count; i++) {
        int code = path_condition(call, 0, &call->focus->items[i], (int64_t)i, &found);
        if (code) {
            return code;
        }
    }
    return path_give_boolean(call, found, ret);
}

static int run_all(struct path_call *call, struct path_items *ret)
{
    bool all = true;
    for (size_t i = 0; all && i < call->focus->count; i++) {
        int code = path_condition(call, 0, &call->focus->items[i], (int64_t)i, &all);
        if (code) {
            return code;
        }
    }
    return path_give_boolean(call, all, ret);
}

/* Whether a boolean is among the items, all of which have to be booleans. */
static int has_boolean(struct path_call *call, bool wanted, bool *ret_has)
{
    *ret_has = false;
    for (size_t i = 0; i < call->focus->count; i++) {
        struct path_item plain;
        int code = path_step(call->run);
        if (code) {
            return code;
        }
        if (!path_plain(&call->focus->items[i], &plain)) {
            continue;
        }
        if (plain.kind != PATH_BOOLEAN) {
            return path_fail(call->run, call->term, ERR_INVALID,
                             "%.*s() needs booleans, but here is a %.*s; compare it first, "
                             "as in select($this = 'x')",
                             TEXT_ARG(call->term->name),
                             TEXT_ARG(path_item_name(&call->focus->items[i])));
        }
        *ret_has = *ret_has || plain.u.boolean == wanted;
    }
    return 0;
}

static int give_has(struct path_call *call, bool wanted, bool result, struct path_items *ret)
{
    bool has;
    int code = has_boolean(call, wanted, &has);
    return code ? code : path_give_boolean(call, has == result, ret);
}

static int run_all_true(struct path_call *call, struct path_items *ret)
{
    return give_has(call, false, false, ret);
}

static int run_any_true(struct path_call *call, struct path_items *ret)
{
    return give_has(call, true, true, ret);
}

static int run_all_false(struct path_call *call, struct path_items *ret)
{
    return give_has(call, true, false, ret);
}

static int run_any_false(struct path_call *call, struct path_items *ret)
{
    return give_has(call, false, true, ret);
}

static int run_count(struct path_call *call, struct path_items *ret)
{
    struct path_item item = {.kind = PATH_INTEGER, .u.integer = (int64_t)call->focus->count};
    return path_only(call->run, ret, &item);
}

static int run_not(struct path_call *call, struct path_items *ret)
{
    struct path_item item;
    int code = path_one(call, call->focus, PATH_BOOLEAN, &item);
    return code || item.kind == PATH_NOTHING ? code : path_give_boolean(call, !item.u.boolean, ret);
}

/* --- sets ---------------------------------------------------------------------------------- */

/* Whether every item of a is in b. */
static int is_subset(struct path_call *call, const struct path_items *a, const struct path_items *b,
                     struct path_items *ret)
{
    struct path_set set;
    path_set_init(&set, call->run);
    int code = a->count ? path_set_add_all(&set, b) : 0;
    bool is = true;
    for (size_t i = 0; !code && is && i < a->count; i++) {
        code = path_set_has(&set, &a->items[i], &is);
    }
    return code ? code : path_give_boolean(call, is, ret);
}

static int run_subset_of(struct path_call *call, struct path_items *ret)
{
    struct path_items other;
    int code = path_arg(call, 0, &other);
    return code ? code : is_subset(call, call->focus, &other, ret);
}

static int run_superset_of(struct path_call *call, struct path_items *ret)
{
    struct path_items other;
    int code = path_arg(call, 0, &other);
    return code ? code : is_subset(call, &other, call->focus, ret);
}

static int run_distinct(struct path_call *call, struct path_items *ret)
{
    return path_distinct(call->run, call->focus, ret);
}

static int run_is_distinct(struct path_call *call, struct path_items *ret)
{
    struct path_set set;
    path_set_init(&set, call->run);
    bool is_new = true;
    int code = 0;
    for (size_t i = 0; !code && is_new && i < call->focus->count; i++) {
        code = path_set_add(&set, &call->focus->items[i], &is_new);
    }
    return code ? code : path_give_boolean(call, is_new, ret);
}

/* The items of the focus that are, or are not, in the argument. */
static int keep(struct path_call *call, bool in_other, struct path_items *ret)
{
    struct path_items other;
    struct path_set set;
    path_set_init(&set, call->run);
    size_t capacity = 0;
    int code = path_arg(call, 0, &other);
    if (!code) {
        code = path_set_add_all(&set, &other);
    }
    for (size_t i = 0; !code && i < call->focus->count; i++) {
        bool has;
        code = path_set_has(&set, &call->focus->items[i], &has);
        if (!code && has == in_other) {
            code = path_push(call->run, ret, &capacity, &call->focus->items[i]);
        }
    }
    return code;
}

static int run_intersect(struct path_call *call, struct path_items *ret)
{
    struct path_items both = {NULL, 0};
    int code = keep(call, true, &both);
    return code ? code : path_distinct(call->run, &both, ret);
}

static int run_exclude(struct path_call *call, struct path_items *ret)
{
    return keep(call, false, ret);
}

static int run_union(struct path_call *call, struct path_items *ret)
{
    struct path_items other;
    struct path_set set;
    path_set_init(&set, call->run);
    int code = path_arg(call, 0, &other);
    if (!code) {
        code = path_set_add_all(&set, call->focus);
    }
    if (!code) {
        code = path_set_add_all(&set, &other);
    }
    if (!code) {
        *ret = set.items;
    }
    return code;
}

static int run_combine(struct path_call *call, struct path_items *ret)
{
    struct path_items other;
    size_t capacity = 0;
    int code = path_arg(call, 0, &other);
    for (size_t i = 0; !code && i < call->focus->count; i++) {
        code = path_push(call->run, ret, &capacity, &call->focus->items[i]);
    }
    for (size_t i = 0; !code && i < other.count; i++) {
        code = path_push(call->run, ret, &capacity, &other.items[i]);
    }
    return code;
}

/* --- the table ----------------------------------------------------------------------------- */

static const struct path_function functions[] = {
    {"empty", 0, 0, run_empty},
    {"exists", 0, 1, run_exists},
    {"all", 1, 1, run_all},
    {"allTrue", 0, 0, run_all_true},
    {"anyTrue", 0, 0, run_any_true},
    {"allFalse", 0, 0, run_all_false},
    {"anyFalse", 0, 0, run_any_false},
    {"count", 0, 0, run_count},
    {"not", 0, 0, run_not},
    {"subsetOf", 1, 1, run_subset_of},
    {"supersetOf", 1, 1, run_superset_of},
    {"distinct", 0, 0, run_distinct},
    {"isDistinct", 0, 0, run_is_distinct},
    {"intersect", 1, 1, run_intersect},
    {"exclude", 1, 1, run_exclude},
    {"union", 1, 1, run_union},
    {"combine", 1, 1, run_combine},
    {"where", 1, 1, path_run_where},
    {"select", 1, 1, path_run_select},
    {"repeat", 1, 1, path_run_repeat},
    {"children", 0, 0, path_run_children},
    {"descendants", 0, 0, path_run_descendants},
    {"aggregate", 1, 2, path_run_aggregate},
    {"iif", 2, 3, path_run_iif},
    {"trace", 1, 2, path_run_trace},
    {"single", 0, 0, path_run_single},
    {"first", 0, 0, path_run_first},
    {"last", 0, 0, path_run_last},
    {"tail", 0, 0, path_run_tail},
    {"skip", 1, 1, path_run_skip},
    {"take", 1, 1, path_run_take},
    {"sort", 0, UINT8_MAX, path_run_sort},
    {"now", 0, 0, path_run_now},
    {"today", 0, 0, path_run_today},
    {"timeOfDay", 0, 0, path_run_time_of_day},
    {"type", 0, 0, path_run_type},
};

const struct path_function *path_functions_collections(size_t *ret_count)
{
    *ret_count = sizeof functions / sizeof functions[0];
    return functions;
}
