/* sort(): by any number of keys, each ascending, or descending with a - before it. */
#include "fhir/path_fn_collection.h"

struct sorting {
    struct path_call *call;
    struct path_item *keys; /* of the items, one row each */
    size_t width;           /* keys of a row */
};

/* `-family` sorts texts, too, so that the - is no minus: it turns the order of its key. */
static bool is_descending(const struct path_call *call, size_t key)
{
    return key < call->term->arg_count && call->term->args[key]->kind == TERM_MINUS;
}

/* $this and $index of a key are those of the item. */
static int read_key(struct sorting *s, size_t i, size_t key)
{
    struct path_call *call = s->call;
    const struct path_item *item = &call->focus->items[i];
    struct path_item *to = &s->keys[i * s->width + key];
    if (!call->term->arg_count) {
        *to = *item;
        return path_step(call->run);
    }
    struct path_items items;
    int code;
    if (is_descending(call, key)) {
        struct path_item own = *item;
        struct path_scope scope = {
            .focus = {&own, 1}, .index = (int64_t)i, .total = call->scope->total};
        code = call->term->args[key]->left
                   ? path_run_term(call->run, call->term->args[key]->left, &scope, &items)
                   : path_arg_on(call, key, item, (int64_t)i, NULL, &items);
        if (code) {
            return code;
        }
        /* `$this` is the item on the stack: its copy is made before it goes. */
        return path_one(call, &items, PATH_NOTHING, to);
    }
    code = path_arg_on(call, key, item, (int64_t)i, NULL, &items);
    return code ? code : path_one(call, &items, PATH_NOTHING, to);
}

/* An item without a key stands behind all that have one. */
static int compare_keys(struct sorting *s, const struct path_item *a, const struct path_item *b,
                        int *ret_order)
{
    *ret_order = 0;
    if (a->kind == PATH_NOTHING || b->kind == PATH_NOTHING) {
        *ret_order = (a->kind == PATH_NOTHING) - (b->kind == PATH_NOTHING);
        return 0;
    }
    struct arena_mark mark = arena_mark(s->call->run->arena);
    int order = 0;
    enum path_truth truth = path_order(a, b, s->call->run->arena, &order);
    arena_rewind(s->call->run->arena, mark);
    if (truth == PATH_FALSE) {
        return path_fail(s->call->run, s->call->term, ERR_INVALID,
                         "sort() cannot order a %.*s and a %.*s; give it a key that all have",
                         TEXT_ARG(path_item_name(a)), TEXT_ARG(path_item_name(b)));
    }
    *ret_order = truth == PATH_TRUE ? order : 0;
    return 0;
}

static int compare_rows(struct sorting *s, uint32_t a, uint32_t b, int *ret_order)
{
    int code = path_step(s->call->run);
    *ret_order = 0;
    for (size_t key = 0; !code && !*ret_order && key < s->width; key++) {
        code =
            compare_keys(s, &s->keys[a * s->width + key], &s->keys[b * s->width + key], ret_order);
        if (is_descending(s->call, key)) {
            *ret_order = -*ret_order;
        }
    }
    return code;
}

/* Two sorted runs of `from` into one of `to`; what is equal keeps its order. */
static int merge(struct sorting *s, const uint32_t *from, size_t left, size_t middle, size_t end,
                 uint32_t *to)
{
    size_t right = middle;
    for (size_t at = left; at < end; at++) {
        int order = left < middle ? -1 : 1;
        if (left < middle && right < end) {
            int code = compare_rows(s, from[left], from[right], &order);
            if (code) {
                return code;
            }
        }
        to[at] = order <= 0 ? from[left++] : from[right++];
    }
    return 0;
}

/* Merging runs of 1, 2, 4 ... between two arrays; *ret_order is the one with the result. */
static int merge_all(struct sorting *s, uint32_t *order, uint32_t *other, size_t count,
                     uint32_t **ret_order)
{
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t left = 0; left < count; left += 2 * width) {
            size_t middle = count - left < width ? count : left + width;
            size_t end = count - left < 2 * width ? count : left + 2 * width;
            int code = merge(s, order, left, middle, end, other);
            if (code) {
                return code;
            }
        }
        uint32_t *sorted = other;
        other = order;
        order = sorted;
    }
    *ret_order = order;
    return 0;
}

int path_run_sort(struct path_call *call, struct path_items *ret)
{
    size_t count = call->focus->count;
    if (!count) {
        return 0;
    }
    struct arena *a = call->run->arena;
    struct sorting s = {.call = call, .width = call->term->arg_count ? call->term->arg_count : 1};
    s.keys = arena_zalloc(a, count * s.width, sizeof *s.keys);
    uint32_t *order = arena_zalloc(a, count, sizeof *order);
    uint32_t *other = arena_zalloc(a, count, sizeof *other);
    if (!s.keys || !order || !other) {
        return path_fail(call->run, call->term, ERR_MEMORY, "no memory to sort %zu items", count);
    }
    for (size_t i = 0; i < count; i++) {
        order[i] = (uint32_t)i;
        for (size_t key = 0; key < s.width; key++) {
            int code = read_key(&s, i, key);
            if (code) {
                return code;
            }
        }
    }
    size_t capacity = 0;
    int code = merge_all(&s, order, other, count, &order);
    for (size_t i = 0; !code && i < count; i++) {
        code = path_push(call->run, ret, &capacity, &call->focus->items[order[i]]);
    }
    return code;
}
