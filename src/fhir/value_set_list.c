#include "base/random.h"
#include "fhir/value_set_int.h"

/* Lists of codes: of an include, and of an expansion that a value set states. */

enum { NESTED_MOST = 64, SYSTEMS_MOST = 1000 };

int value_set_index(struct value_set_part *p, struct arena *a, struct err *e)
{
    size_t size = 4;
    while (size < p->entry_count * 2) {
        size *= 2;
    }
    p->table = arena_zalloc(a, size, sizeof *p->table);
    if (!p->table) {
        return value_set_no_memory(e);
    }
    p->table_size = size;
    random_bytes(&p->table_key, sizeof p->table_key); /* a request may bring codes that collide */
    for (size_t i = p->entry_count; i; i--) {
        uint32_t *slot = &p->table[hash_text(p->table_key, p->entries[i - 1].code) & (size - 1)];
        p->entries[i - 1].next = *slot;
        *slot = (uint32_t)i;
    }
    return 0;
}

const struct value_set_entry *value_set_entry(const struct value_set_part *p, text code)
{
    uint32_t at = p->table_size ? p->table[hash_text(p->table_key, code) & (p->table_size - 1)] : 0;
    while (at && !text_eq(p->entries[at - 1].code, code)) {
        at = p->entries[at - 1].next;
    }
    return at ? &p->entries[at - 1] : NULL;
}

static struct value_set_entry entry_of(const yyjson_val *value)
{
    return (struct value_set_entry){.code = json_text(json_get(value, T("code"))),
                                    .display = json_text(json_get(value, T("display"))),
                                    .version = json_text(json_get(value, T("version"))),
                                    .value = value};
}

int value_set_list(struct value_set_part *p, const yyjson_val *concepts, struct arena *a,
                   struct err *e)
{
    size_t count = json_type(concepts) == YYJSON_TYPE_ARR ? json_len(concepts) : 0;
    p->entries = count < CODES_MOST ? arena_zalloc(a, count + 1, sizeof *p->entries) : NULL;
    if (!p->entries) {
        return value_set_no_memory(e);
    }
    const yyjson_val *item = concepts ? concepts + 1 : NULL;
    for (size_t i = 0; i < count; i++, item = json_after(item)) {
        struct value_set_entry entry = entry_of(item);
        if (entry.code.n) {
            p->entries[p->entry_count++] = entry;
        }
    }
    return value_set_index(p, a, e);
}

/* --- expansions ------------------------------------------------------------------------------- */

/* The part of a system, made where there is none yet. */
static int part_of(struct value_set *s, size_t *capacity, text system, struct arena *a,
                   struct value_set_part **ret_part, struct err *e)
{
    for (size_t i = s->include_count; i; i--) {
        if (text_eq(s->includes[i - 1].system, system)) {
            *ret_part = &s->includes[i - 1];
            return 0;
        }
    }
    if (s->include_count == SYSTEMS_MOST) {
        return err_at(e, ERR_TOO_COSTLY, T("ValueSet.expansion.contains"),
                      "the expansion has codes of more than %d systems; split the value set",
                      SYSTEMS_MOST);
    }
    struct value_set_part *parts =
        arena_grow(a, s->includes, s->include_count, capacity, sizeof *parts);
    if (!parts) {
        return value_set_no_memory(e);
    }
    s->includes = parts;
    parts[s->include_count] =
        (struct value_set_part){.kind = VALUE_SET_LIST, .system = system, .from_expansion = true};
    *ret_part = &parts[s->include_count++];
    return 0;
}

struct level {
    const yyjson_val *item;
    size_t left;
};

static int add_stated(struct value_set *s, const yyjson_val *item, size_t *capacity,
                      struct arena *a, struct err *e)
{
    struct value_set_entry entry = entry_of(item);
    const yyjson_val *abstract = json_get(item, T("abstract"));
    if (entry.code.n == 0 || json_is_true(abstract)) {
        return 0;
    }
    struct value_set_part *p = NULL;
    int rc = part_of(s, capacity, json_text(json_get(item, T("system"))), a, &p, e);
    if (rc || !p) {
        return rc ? rc : value_set_no_memory(e);
    }
    size_t room = p->table_size; /* the capacity, until the table is made */
    struct value_set_entry *entries =
        arena_grow(a, p->entries, p->entry_count, &room, sizeof *entries);
    if (!entries) {
        return value_set_no_memory(e);
    }
    p->entries = entries;
    p->table_size = room;
    entries[p->entry_count++] = entry;
    return 0;
}

int value_set_stated(struct value_set *s, const yyjson_val *expansion, struct arena *a,
                     struct err *e)
{
    struct level levels[NESTED_MOST];
    size_t depth = 0;
    size_t capacity = 0;
    const yyjson_val *list = json_get(expansion, T("contains"));
    if (json_type(list) == YYJSON_TYPE_ARR) {
        levels[depth++] = (struct level){list + 1, json_len(list)};
    }
    while (depth) {
        struct level *at = &levels[depth - 1];
        if (at->left == 0) {
            depth--;
            continue;
        }
        const yyjson_val *item = at->item;
        at->left--;
        at->item = json_after(item);
        int rc = add_stated(s, item, &capacity, a, e);
        if (rc) {
            return rc;
        }
        list = json_get(item, T("contains"));
        if (json_type(list) == YYJSON_TYPE_ARR && json_len(list)) {
            if (depth == NESTED_MOST) {
                return err_at(e, ERR_INVALID, T("ValueSet.expansion.contains"),
                              "the expansion is nested deeper than %d levels", NESTED_MOST);
            }
            levels[depth++] = (struct level){list + 1, json_len(list)};
        }
    }
    int rc = 0;
    for (size_t i = 0; !rc && i < s->include_count; i++) {
        s->includes[i].table_size = 0;
        rc = value_set_index(&s->includes[i], a, e);
    }
    return rc;
}
