#include "fhir/index_take.h"
#include "fhir/search.h"

#include <stdlib.h>

/* --- the walk: the trie is finite and has no loops, so its depth bounds the recursion ------ */

static void walk_object(struct extract *x, const struct search_node *node, yyjson_val *v);

static void walk_element(struct extract *x, const struct search_edge *edge, yyjson_val *v,
                         size_t position)
{
    if (edge->filter && !extract_passes(x, &search_filters[edge->filter], v, position)) {
        return;
    }
    const struct search_node *node = &search_nodes[edge->node];
    for (size_t i = 0; i < node->leaf_count; i++) {
        extract_take(x, &search_leaves[node->leaf + i], v);
    }
    if (node->edge_count && yyjson_is_obj(v)) {
        walk_object(x, node, v);
    }
}

static void walk_member(struct extract *x, const struct search_edge *edge, yyjson_val *v)
{
    yyjson_val *item;
    size_t i, count;
    if (!yyjson_is_arr(v)) {
        walk_element(x, edge, v, 0);
        return;
    }
    yyjson_arr_foreach(v, i, count, item)
    {
        walk_element(x, edge, item, i);
    }
}

static int edge_compare(const struct search_edge *edge, const char *name, size_t n)
{
    if (edge->length != n) {
        return edge->length < n ? -1 : 1;
    }
    return memcmp(edge->member, name, n);
}

/* The first of the node's edges that is not before this member. */
static size_t edge_find(const struct search_node *node, const char *name, size_t n)
{
    size_t low = 0, high = node->edge_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (edge_compare(&search_edges[node->edge + middle], name, n) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void walk_object(struct extract *x, const struct search_node *node, yyjson_val *v)
{
    size_t i, count;
    yyjson_val *name, *value;
    yyjson_obj_foreach(v, i, count, name, value)
    {
        const char *p = yyjson_get_str(name);
        size_t n = yyjson_get_len(name);
        for (size_t at = edge_find(node, p, n); at < node->edge_count; at++) {
            const struct search_edge *edge = &search_edges[node->edge + at];
            if (edge_compare(edge, p, n) != 0) {
                break;
            }
            walk_member(x, edge, value);
        }
    }
}

static void walk(struct extract *x, const struct resource *r)
{
    const struct search_node *root = &search_nodes[x->table->root];
    for (size_t i = 0; i < root->leaf_count; i++) {
        extract_take(x, &search_leaves[root->leaf + i], r->root);
    }
    walk_object(x, root, r->root);
}

static struct extract start(const struct resource *r, text base, struct arena *a)
{
    fhir_type type = r->type < search_type_count ? r->type : 0;
    return (struct extract){
        .table = &search_types[type], .type = type, .base = base, .arena = a, .only = -1};
}

/* --- home and members ---------------------------------------------------------------------- */

static bool same_patient(const struct extract_patient *a, const struct extract_patient *b)
{
    return a->elsewhere == b->elsewhere && text_eq(a->id, b->id);
}

static int compare_texts(const void *a, const void *b)
{
    return text_cmp(*(const text *)a, *(const text *)b);
}

static int choose_members(const struct extract *x, const struct extract_patient *home,
                          struct index *ret)
{
    text *members = arena_zalloc(x->arena, x->patient_count, sizeof(*members));
    size_t count = 0, kept = 0;
    if (!members) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < x->patient_count; i++) {
        if (!same_patient(&x->patients[i], home)) {
            members[count++] = x->patients[i].id;
        }
    }
    if (count > 1) {
        qsort(members, count, sizeof(*members), compare_texts);
    }
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || !text_eq(members[kept - 1], members[i])) {
            members[kept++] = members[i];
        }
    }
    ret->members = members;
    ret->member_count = kept;
    return 0;
}

/* The patient of the first parameter, in the compartment's order, that leads to one. */
static struct extract_patient choose_home(const struct extract *x, const struct resource *r)
{
    struct extract_patient home = {.id = T("")};
    if (x->type == FHIR_PATIENT) {
        home.id = r->id;
        return home;
    }
    for (size_t i = 0; i < x->patient_count; i++) {
        if (home.id.n == 0 || x->patients[i].rank < home.rank) {
            home = x->patients[i];
        }
    }
    return home;
}

/* Takes out what the home says already, and marks the implied parameters that do not hold it. */
static void apply_home(struct extract *x, const struct extract_patient *home)
{
    bool held[256] = {false};
    size_t kept = 0;
    fhir_type target = home->elsewhere ? 0 : FHIR_PATIENT;
    for (size_t i = 0; i < x->count; i++) {
        const struct index_entry *e = &x->entries[i];
        unsigned ordinal = e->param & 0xFF;
        if (e->kind == INDEX_REFERENCE && x->table->params[ordinal].implied &&
            e->target == target && text_eq(e->value, home->id)) {
            held[ordinal] = true;
            continue;
        }
        x->entries[kept++] = *e;
    }
    x->count = kept;
    for (unsigned i = 0; i < x->table->count; i++) {
        if (!x->table->params[i].implied || held[i]) {
            continue;
        }
        struct index_entry *entries =
            arena_grow(x->arena, x->entries, x->count, &x->capacity, sizeof(*entries));
        if (!entries) {
            x->no_memory = true;
            return;
        }
        x->entries = entries;
        x->entries[x->count++] = (struct index_entry){.param = x->table->params[i].number,
                                                      .kind = INDEX_BYTES,
                                                      .value = text_make("\0", 1),
                                                      .system = T("")};
    }
}

/* --- order --------------------------------------------------------------------------------- */

static int entry_compare(const struct index_entry *a, const struct index_entry *b)
{
    if (a->param != b->param) {
        return a->param < b->param ? -1 : 1;
    }
    if (a->kind != b->kind) {
        return a->kind < b->kind ? -1 : 1;
    }
    int order = text_cmp(a->value, b->value);
    order = order ? order : text_cmp(a->system, b->system);
    return order ? order : (int)a->target - (int)b->target;
}

static int entry_compare_void(const void *a, const void *b)
{
    return entry_compare(a, b);
}

/* Nearly all resources have few entries: those are sorted in place, without a call for each
 * comparison. */
enum { INSERTION_MAX = 24 };

static void sort_entries(struct index_entry *entries, size_t count)
{
    if (count > INSERTION_MAX) {
        qsort(entries, count, sizeof(*entries), entry_compare_void);
        return;
    }
    for (size_t i = 1; i < count; i++) {
        struct index_entry e = entries[i];
        size_t at = i;
        for (; at > 0 && entry_compare(&entries[at - 1], &e) > 0; at--) {
            entries[at] = entries[at - 1];
        }
        entries[at] = e;
    }
}

static size_t drop_duplicates(struct index_entry *entries, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || entry_compare(&entries[kept - 1], &entries[i]) != 0) {
            entries[kept++] = entries[i];
        }
    }
    return kept;
}

int index_extract(const struct resource *r, text base, struct arena *a, struct index *ret_index)
{
    struct extract x = start(r, base, a);
    struct index result = {.home = T("")};
    walk(&x, r);
    struct extract_patient home = choose_home(&x, r);
    if (home.id.n) {
        result.home = home.id;
        if (x.patient_count) {
            int code = choose_members(&x, &home, &result);
            if (code) {
                return code;
            }
        }
        apply_home(&x, &home);
    }
    if (x.no_memory) {
        return ERR_MEMORY;
    }
    sort_entries(x.entries, x.count);
    result.entries = x.entries;
    result.count = drop_duplicates(x.entries, x.count);
    *ret_index = result;
    return 0;
}

int search_targets(const struct resource *r, const struct search_param *param, text base,
                   struct arena *a, struct search_target **ret_targets, size_t *ret_count)
{
    struct extract x = start(r, base, a);
    x.only = param->number & 0xFF;
    size_t count = 0;
    if (param->number >> 8 == r->type) {
        walk(&x, r);
    }
    struct search_target *targets = arena_zalloc(a, x.count ? x.count : 1, sizeof(*targets));
    if (x.no_memory || !targets) {
        return ERR_MEMORY;
    }
    sort_entries(x.entries, x.count);
    x.count = drop_duplicates(x.entries, x.count);
    for (size_t i = 0; i < x.count; i++) {
        const struct index_entry *e = &x.entries[i];
        if (e->kind == INDEX_REFERENCE && e->target) {
            targets[count++] = (struct search_target){e->target, e->value};
        }
    }
    *ret_targets = targets;
    *ret_count = count;
    return 0;
}
