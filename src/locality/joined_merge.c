#include "locality/joined_int.h"

#include "base/hash.h"
#include "base/map.h"
#include "fhir/reference.h"

#include <stdlib.h>

/*
 * J1 to J3: the entries of all parts as one list. Whatever two have in common that could make them
 * one (address, identifier, code) is a key; those of one key stand together after a sort, and each
 * is compared with those before it that are not over yet, at most WINDOW of them.
 */

enum { WINDOW = 64 };

struct item {
    struct joined_entry entry;
    struct joined_facts facts;
    uint32_t same;  /* a link to another of the same set; the first of a set: itself */
    uint32_t alike; /* likewise */
    uint64_t parts; /* of a first of a set: bits of those that have one in it */
    uint32_t winner;
    uint32_t also;
    bool again; /* the same entry of the same part once more, or as it was before: of two pages */
};

struct key {
    uint64_t hash;
    int64_t start, end;
    uint32_t item;
};

struct merging {
    const struct joined_part *parts;
    size_t part_count;
    struct arena *arena;
    struct item *items;
    size_t count, capacity;
    struct key *keys;
    size_t key_count, key_capacity;
};

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "the joined record needs more memory than a request may have");
}

/* --- what comes in ------------------------------------------------------------------------------
 */

static bool is_at(text source, text base)
{
    text rest = text_from(source, base.n);
    return base.n && text_starts(source, base) && (!rest.n || rest.p[0] == '/');
}

/* Whose base an address is at; empty: of nobody who was asked. */
static text base_at(const struct merging *m, const struct joined_part *part, text source)
{
    for (size_t i = 0; i < m->part_count; i++) {
        if (is_at(source, m->parts[i].base)) {
            return m->parts[i].base;
        }
    }
    for (size_t i = 0; i < part->behind_count; i++) {
        if (is_at(source, part->behind[i].base)) {
            return part->behind[i].base;
        }
    }
    return (text){0};
}

/* A copy says in meta.source whose it is: the base of a custodian, or the entry's address there. */
static void take_custodian(const struct merging *m, struct item *x)
{
    const struct joined_facts *f = &x->facts;
    text base = f->source.n ? base_at(m, x->entry.part, f->source) : (text){0};
    if (!base.n) {
        return;
    }
    struct reference at = reference_parse(f->source, base);
    x->entry.base = base;
    if (at.kind == REFERENCE_LOCAL && text_eq(fhir_type_name(at.type), f->type)) {
        x->entry.id = at.id;
        x->facts.version = at.version.n ? at.version : f->version;
    }
}

static int add_item(struct merging *m, const struct joined_part *part, yyjson_val *resource,
                    const struct map *medicines, struct err *e)
{
    text to = joined_medicine(resource);
    uint64_t *medicine = to.n ? map_get(medicines, to) : NULL;
    struct item *items = arena_grow(m->arena, m->items, m->count, &m->capacity, sizeof *items);
    if (!items) {
        return no_memory(e);
    }
    m->items = items;
    struct item *x = &items[m->count];
    *x = (struct item){.same = (uint32_t)m->count, .alike = (uint32_t)m->count};
    x->parts = part - m->parts < 64 ? UINT64_C(1) << (part - m->parts) : 0;
    joined_facts(resource, medicine ? (const yyjson_val *)(uintptr_t)*medicine : NULL, &x->facts);
    x->entry = (struct joined_entry){.resource = resource,
                                     .part = part,
                                     .base = part->base,
                                     .type = x->facts.type,
                                     .id = x->facts.id};
    take_custodian(m, x);
    m->count++;
    return 0;
}

static int each_entry(struct merging *m, const struct joined_part *part, struct map *medicines,
                      bool collecting, struct err *e)
{
    int rc = 0;
    for (size_t b = 0; !rc && b < part->bundle_count; b++) {
        const yyjson_val *entries = json_get(part->bundles[b], T("entry"));
        const yyjson_val *entry = joined_first(entries);
        for (size_t left = entry ? json_len(entries) : 0; !rc && left;
             left--, entry = json_after(entry)) {
            yyjson_val *resource = json_get(entry, T("resource"));
            text mode = json_text(json_get(json_get(entry, T("search")), T("mode")));
            text type = json_text(json_get(resource, T("resourceType")));
            bool is_new;
            if (collecting && text_eq(type, T("Medication"))) {
                text name = arena_printf(m->arena, "Medication/%.*s",
                                         TEXT_ARG(json_text(json_get(resource, T("id")))));
                uint64_t *to = name.p ? map_put(medicines, name, &is_new) : NULL;
                rc = to ? 0 : no_memory(e);
                if (to) {
                    *to = (uintptr_t)resource;
                }
            } else if (!collecting && type.n && !text_eq(type, T("OperationOutcome")) &&
                       !text_eq(mode, T("include")) && !text_eq(mode, T("outcome"))) {
                rc = add_item(m, part, resource, medicines, e);
            }
        }
    }
    return rc;
}

static int take_part(struct merging *m, const struct joined_part *part, struct err *e)
{
    struct map medicines;
    map_init(&medicines);
    int rc = each_entry(m, part, &medicines, true, e);
    rc = rc ? rc : each_entry(m, part, &medicines, false, e);
    map_done(&medicines);
    return rc;
}

/* --- keys ---------------------------------------------------------------------------------------
 */

static uint64_t hash_of(char kind, text a, text b, text c)
{
    struct hash_key key = {0x6b697468u, (uint64_t)kind};
    uint64_t h = hash_text(key, a);
    key.k0 = h;
    h = hash_text(key, b);
    key.k0 = h;
    return hash_text(key, c);
}

static int add_key(struct merging *m, size_t at, uint64_t hash, bool timed)
{
    struct key *keys = arena_grow(m->arena, m->keys, m->key_count, &m->key_capacity, sizeof *keys);
    if (!keys) {
        return ERR_MEMORY;
    }
    const struct joined_facts *f = &m->items[at].facts;
    m->keys = keys;
    keys[m->key_count++] = (struct key){.hash = hash,
                                        .start = timed ? f->start : INT64_MIN,
                                        .end = timed ? f->end : INT64_MAX,
                                        .item = (uint32_t)at};
    return 0;
}

static int add_keys(struct merging *m, size_t at)
{
    const struct item *x = &m->items[at];
    const struct joined_facts *f = &x->facts;
    char family = (char)('a' + f->family);
    bool timed = f->family != FAMILY_ALLERGY;
    int rc = add_key(m, at, hash_of('=', x->entry.base, x->entry.type, x->entry.id), false);
    for (size_t i = 0; !rc && i < f->identifier_count; i++) {
        rc = add_key(
            m, at, hash_of('#', f->type, f->identifiers[i].system, f->identifiers[i].value), false);
    }
    /* Nothing is like what has no time, or was a mistake. */
    if (f->family == FAMILY_NONE || f->is_mistake || (timed && f->start == INT64_MIN)) {
        return rc;
    }
    for (size_t i = 0; !rc && i < f->code_count; i++) {
        rc = add_key(m, at, hash_of(family, f->codes[i].system, f->codes[i].code, T("")), timed);
    }
    if (!rc && !f->code_count && f->words.n) { /* of few, and compared without case */
        rc = add_key(m, at, hash_of(family, T("words"), T(""), T("")), timed);
    }
    return rc;
}

static int compare_keys(const void *a, const void *b)
{
    const struct key *x = a, *y = b;
    if (x->hash != y->hash) {
        return x->hash < y->hash ? -1 : 1;
    }
    if (x->start != y->start) {
        return x->start < y->start ? -1 : 1;
    }
    return (x->item > y->item) - (x->item < y->item);
}

/* --- sets ---------------------------------------------------------------------------------------
 */

static uint32_t root_same(struct item *items, uint32_t at)
{
    while (items[at].same != at) {
        items[at].same = items[items[at].same].same;
        at = items[at].same;
    }
    return at;
}

static uint32_t root_alike(struct item *items, uint32_t at)
{
    while (items[at].alike != at) {
        items[at].alike = items[items[at].alike].alike;
        at = items[at].alike;
    }
    return at;
}

static enum alikeness relate(const struct item *x, const struct item *y)
{
    if (text_eq(x->entry.base, y->entry.base)) {
        bool one = text_eq(x->entry.type, y->entry.type) && text_eq(x->entry.id, y->entry.id);
        return !one                                          ? ALIKE_NOT
               : text_eq(x->facts.version, y->facts.version) ? ALIKE_SAME
                                                             : ALIKE_LIKELY;
    }
    return x->entry.part == y->entry.part ? ALIKE_NOT : joined_facts_alike(&x->facts, &y->facts);
}

/* Two entries of one place stay two, whatever another place has that is like both. */
static void unite(struct merging *m, uint32_t i, uint32_t k)
{
    struct item *x = &m->items[root_same(m->items, i)], *y = &m->items[root_same(m->items, k)];
    if (x != y && x->parts && y->parts && !(x->parts & y->parts)) {
        x->same = (uint32_t)(y - m->items);
        y->parts |= x->parts;
    }
}

/* Of one entry on two pages, between which it has changed. */
static bool is_newer(const struct item *x, const struct item *than)
{
    uint64_t of_x = 0, of_y = 0;
    (void)text_to_u64(x->facts.version, &of_x);
    (void)text_to_u64(than->facts.version, &of_y);
    return of_x != of_y ? of_x > of_y : x < than;
}

static void join_two(struct merging *m, uint32_t i, uint32_t k)
{
    struct item *x = &m->items[i], *y = &m->items[k];
    enum alikeness how = i == k ? ALIKE_NOT : relate(x, y);
    if (how != ALIKE_NOT && x->entry.part == y->entry.part) {
        m->items[is_newer(x, y) ? k : i].again = true;
        return;
    }
    if (how == ALIKE_SAME) {
        unite(m, i, k);
    }
    if (how != ALIKE_NOT) {
        m->items[root_alike(m->items, i)].alike = root_alike(m->items, k);
    }
}

/* Goes through the keys of one hash. */
static void sweep(struct merging *m, size_t from, size_t to)
{
    uint32_t going[WINDOW];
    size_t count = 0;
    for (size_t i = from; i < to; i++) {
        size_t kept = 0;
        for (size_t k = 0; k < count; k++) {
            const struct key *before = &m->keys[going[k]];
            if (before->end > m->keys[i].start) {
                join_two(m, before->item, m->keys[i].item);
                going[kept++] = going[k];
            }
        }
        if (kept == WINDOW) {
            memmove(going, going + 1, (WINDOW - 1) * sizeof *going);
            kept--;
        }
        going[kept++] = (uint32_t)i;
        count = kept;
    }
}

static int find_sets(struct merging *m, struct err *e)
{
    for (size_t i = 0; i < m->count; i++) {
        if (add_keys(m, i)) {
            return no_memory(e);
        }
    }
    if (m->key_count) {
        qsort(m->keys, m->key_count, sizeof *m->keys, compare_keys);
    }
    for (size_t from = 0, to; from < m->key_count; from = to) {
        for (to = from + 1; to < m->key_count && m->keys[to].hash == m->keys[from].hash; to++) {
        }
        if (to - from > 1) {
            sweep(m, from, to);
        }
    }
    return 0;
}

/* --- what goes out ------------------------------------------------------------------------------
 */

/* Of several that are one: the custodian's own word, then what is held here, then any. */
static bool is_better(const struct item *x, const struct item *than)
{
    bool original_x = text_eq(x->entry.base, x->entry.part->base);
    bool original_y = text_eq(than->entry.base, than->entry.part->base);
    if (original_x != original_y) {
        return original_x;
    }
    if (x->entry.part->is_own != than->entry.part->is_own) {
        return x->entry.part->is_own;
    }
    return text_cmp(x->entry.part->ods, than->entry.part->ods) < 0;
}

static void choose(struct merging *m)
{
    for (uint32_t i = 0; i < m->count; i++) {
        m->items[i].winner = UINT32_MAX;
    }
    for (uint32_t i = 0; i < m->count; i++) {
        struct item *set = &m->items[root_same(m->items, i)];
        if (!m->items[i].again &&
            (set->winner == UINT32_MAX || is_better(&m->items[i], &m->items[set->winner]))) {
            set->winner = i;
        }
    }
    for (uint32_t i = 0; i < m->count; i++) {
        struct item *set = &m->items[root_same(m->items, i)];
        if (!m->items[i].again && set->winner != i) {
            m->items[set->winner].also++;
        }
    }
}

/* The others of each set, at the one that stands for it. */
static int list_also(struct merging *m, struct err *e)
{
    for (uint32_t i = 0; i < m->count; i++) {
        struct item *x = &m->items[i];
        struct item *to = x->again ? x : &m->items[m->items[root_same(m->items, i)].winner];
        if (to == x) {
            continue;
        }
        if (!to->entry.also) {
            to->entry.also = arena_zalloc(m->arena, to->also, sizeof *to->entry.also);
            if (!to->entry.also) {
                return no_memory(e);
            }
        }
        struct joined_also *list = (struct joined_also *)(uintptr_t)to->entry.also;
        list[to->entry.also_count++] = (struct joined_also){x->entry.part, x->facts.id};
    }
    return 0;
}

static bool is_shown(struct merging *m, uint32_t at)
{
    return !m->items[at].again && m->items[root_same(m->items, at)].winner == at;
}

/* The root of a group of likely ones goes along in `alike`, until the groups have numbers. */
static int collect(struct merging *m, struct joined_entry **ret, size_t *ret_count, struct err *e)
{
    struct joined_entry *out = arena_zalloc(m->arena, m->count + 1, sizeof *out);
    uint32_t *members = arena_zalloc(m->arena, m->count + 1, sizeof *members);
    size_t count = 0;
    if (!out || !members) {
        return no_memory(e);
    }
    for (uint32_t i = 0; i < m->count; i++) {
        members[root_alike(m->items, i)] += is_shown(m, i);
    }
    for (uint32_t i = 0; i < m->count; i++) {
        uint32_t root = root_alike(m->items, i);
        if (is_shown(m, i)) {
            out[count] = m->items[i].entry;
            out[count++].alike = members[root] > 1 ? root + 1 : 0;
        }
    }
    *ret = out;
    *ret_count = count;
    return 0;
}

static int number_groups(struct joined_entry *entries, size_t count, size_t items, struct arena *a,
                         struct err *e)
{
    uint32_t *numbers = arena_zalloc(a, items + 2, sizeof *numbers);
    uint32_t last = 0;
    if (!numbers) {
        return no_memory(e);
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t root = entries[i].alike;
        if (root && !numbers[root]) {
            numbers[root] = ++last;
        }
        entries[i].alike = numbers[root];
    }
    return 0;
}

int joined_merge(const struct joined_part *parts, size_t count, const struct plan_sort *sort,
                 size_t sort_count, struct arena *a, struct joined_entry **ret, size_t *ret_count,
                 struct err *e)
{
    struct merging m = {.parts = parts, .part_count = count, .arena = a};
    struct joined_entry *entries = NULL;
    size_t found = 0;
    int rc = 0;
    for (size_t i = 0; !rc && i < count; i++) {
        rc = take_part(&m, &parts[i], e);
    }
    rc = rc ? rc : find_sets(&m, e);
    if (!rc) {
        choose(&m);
        rc = list_also(&m, e);
    }
    rc = rc ? rc : collect(&m, &entries, &found, e);
    rc = rc ? rc : joined_sort(entries, found, sort, sort_count, a, e);
    rc = rc ? rc : number_groups(entries, found, m.count, a, e);
    if (!rc) {
        *ret = entries;
        *ret_count = found;
    }
    return rc;
}
