#include "base/hash.h"
#include "fhir/path_run.h"

enum { SET_SLOTS_FIRST = 32 };

/* The key may be known to anyone: every probe is a step, so that chosen collisions end at the
 * limit of steps as any other long work does. */
static const struct hash_key set_key = {0x6b6974682d706174, 0x682d7365742d3031};

void path_set_init(struct path_set *set, struct path_run *run)
{
    *set = (struct path_set){.run = run};
}

static bool string_of(const struct path_item *item, text *ret)
{
    struct path_item plain;
    if (!path_plain(item, &plain) || plain.kind != PATH_STRING) {
        return false;
    }
    *ret = plain.u.string;
    return true;
}

/* What is compared leaves nothing behind in the arena. */
static bool same(struct path_run *run, const struct path_item *a, const struct path_item *b)
{
    struct arena_mark mark = arena_mark(run->arena);
    bool is = path_equal(a, b, run->arena) == PATH_TRUE;
    arena_rewind(run->arena, mark);
    return is;
}

/* The slot of a string that equals the item, or the free one where it belongs. */
static int find_slot(struct path_set *set, const struct path_item *item, text string,
                     size_t *ret_at)
{
    size_t mask = set->slot_count - 1;
    int hashed = path_step_on(set->run, item);
    if (hashed) {
        return hashed;
    }
    size_t at = (size_t)hash_text(set_key, string) & mask;
    while (set->slots[at]) {
        int code = path_step_on(set->run, item);
        if (code) {
            return code;
        }
        if (same(set->run, item, &set->items.items[set->slots[at] - 1])) {
            break;
        }
        at = (at + 1) & mask;
    }
    *ret_at = at;
    return 0;
}

static int find_other(struct path_set *set, const struct path_item *item, bool *ret_has)
{
    for (size_t i = 0; i < set->other_count; i++) {
        int code = path_step_on(set->run, item);
        if (code) {
            return code;
        }
        if (same(set->run, item, &set->items.items[set->others[i]])) {
            *ret_has = true;
            return 0;
        }
    }
    *ret_has = false;
    return 0;
}

int path_set_has(struct path_set *set, const struct path_item *item, bool *ret_has)
{
    text string;
    if (!string_of(item, &string)) {
        return find_other(set, item, ret_has);
    }
    if (!set->slot_count) {
        *ret_has = false;
        return 0;
    }
    size_t at;
    int code = find_slot(set, item, string, &at);
    if (!code) {
        *ret_has = set->slots[at] != 0;
    }
    return code;
}

/* Twice the slots; none of the strings equals another, so each takes the first free one. */
static int grow_slots(struct path_set *set)
{
    size_t count = set->slot_count ? set->slot_count * 2 : SET_SLOTS_FIRST;
    uint32_t *slots = arena_zalloc(set->run->arena, count, sizeof *slots);
    if (!slots) {
        return path_fail(set->run, NULL, ERR_MEMORY, "no memory for a set of %zu items", count);
    }
    for (size_t i = 0; i < set->slot_count; i++) {
        text string;
        if (!set->slots[i] || !string_of(&set->items.items[set->slots[i] - 1], &string)) {
            continue;
        }
        size_t at = (size_t)hash_text(set_key, string) & (count - 1);
        while (slots[at]) {
            at = (at + 1) & (count - 1);
        }
        slots[at] = set->slots[i];
    }
    set->slots = slots;
    set->slot_count = count;
    return 0;
}

static int add_string(struct path_set *set, const struct path_item *item, text string,
                      bool *ret_new)
{
    int code = set->string_count * 2 >= set->slot_count ? grow_slots(set) : 0;
    size_t at = 0;
    if (!code) {
        code = find_slot(set, item, string, &at);
    }
    if (code) {
        return code;
    }
    *ret_new = !set->slots[at];
    if (!*ret_new) {
        return 0;
    }
    code = path_push(set->run, &set->items, &set->capacity, item);
    if (!code) {
        set->slots[at] = (uint32_t)set->items.count;
        set->string_count++;
    }
    return code;
}

static int add_other(struct path_set *set, const struct path_item *item, bool *ret_new)
{
    bool has;
    int code = find_other(set, item, &has);
    if (code) {
        return code;
    }
    *ret_new = !has;
    if (has) {
        return 0;
    }
    uint32_t *others = arena_grow(set->run->arena, set->others, set->other_count,
                                  &set->other_capacity, sizeof *others);
    if (!others) {
        return path_fail(set->run, NULL, ERR_MEMORY, "no memory for a set of items");
    }
    set->others = others;
    code = path_push(set->run, &set->items, &set->capacity, item);
    if (!code) {
        set->others[set->other_count++] = (uint32_t)(set->items.count - 1);
    }
    return code;
}

int path_set_add(struct path_set *set, const struct path_item *item, bool *ret_new)
{
    text string;
    return string_of(item, &string) ? add_string(set, item, string, ret_new)
                                    : add_other(set, item, ret_new);
}

int path_set_add_all(struct path_set *set, const struct path_items *items)
{
    int code = 0;
    for (size_t i = 0; !code && i < items->count; i++) {
        bool is_new;
        code = path_set_add(set, &items->items[i], &is_new);
    }
    return code;
}

int path_distinct(struct path_run *run, const struct path_items *items, struct path_items *ret)
{
    struct path_set set;
    path_set_init(&set, run);
    int code = path_set_add_all(&set, items);
    if (!code) {
        *ret = set.items;
    }
    return code;
}
