#include "fhir/index_take.h"
#include "fhir/search.h"
#include "fhir/search_custom.h"

#include <stdlib.h>

/* --- the walk: the trie is finite and has no loops, so its depth bounds the recursion ------ */

static void walk_object(struct extract *x, const struct search_node *node, yyjson_val *v);

static void walk_element(struct extract *x, const struct search_edge *edge, yyjson_val *v,
                         size_t position)
{
    if (edge->filter && !extract_passes(x, &x->tables->filters[edge->filter], v, position)) {
        return;
    }
    const struct search_node *node = &x->tables->nodes[edge->node];
    for (size_t i = 0; i < node->leaf_count; i++) {
        x->take(x, &x->tables->leaves[node->leaf + i], v);
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
static size_t edge_find(const struct search_edge *edges, const struct search_node *node,
                        const char *name, size_t n)
{
    size_t low = 0, high = node->edge_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (edge_compare(&edges[node->edge + middle], name, n) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void walk_object(struct extract *x, const struct search_node *node, yyjson_val *v)
{
    const struct search_edge *edges = x->tables->edges;
    size_t i, count;
    yyjson_val *name, *value;
    yyjson_obj_foreach(v, i, count, name, value)
    {
        const char *p = yyjson_get_str(name);
        size_t n = yyjson_get_len(name);
        for (size_t at = edge_find(edges, node, p, n); at < node->edge_count; at++) {
            const struct search_edge *edge = &edges[node->edge + at];
            if (edge_compare(edge, p, n) != 0) {
                break;
            }
            walk_member(x, edge, value);
        }
    }
}

void extract_walk(struct extract *x, uint16_t root, yyjson_val *v)
{
    const struct search_node *node = &x->tables->nodes[root];
    for (size_t i = 0; i < node->leaf_count; i++) {
        x->take(x, &x->tables->leaves[node->leaf + i], v);
    }
    if (yyjson_is_obj(v)) {
        walk_object(x, node, v);
    }
}

static void walk_custom(struct extract *x, const struct search_custom *custom)
{
    if (custom->path) {
        extract_path(x, custom);
        return;
    }
    x->tables = custom->tables;
    extract_walk(x, x->tables->root, x->root);
}

/* The parameters that people have added, each with a trie or a path of its own. */
static void walk_customs(struct extract *x)
{
    size_t count;
    const struct search_custom *const *customs =
        search_customs_of(x->rules->customs, x->type, &count);
    for (size_t i = 0; i < count; i++) {
        if (!x->some || extract_set_has(&x->only, customs[i]->param.number & 0xFF)) {
            walk_custom(x, customs[i]);
        }
    }
    x->tables = &search_standard;
}

struct extract extract_start(const struct resource *r, const struct index_rules *rules,
                             extract_taker *take, struct arena *a)
{
    fhir_type type = r->type < search_type_count ? r->type : 0;
    return (struct extract){.table = &search_types[type],
                            .tables = &search_standard,
                            .type = type,
                            .rules = rules,
                            .arena = a,
                            .take = take,
                            .root = r->root};
}

void extract_param(struct extract *x, const struct search_param *param)
{
    if (x->type == 0 || param->number >> 8 != x->type || param->composite) {
        return;
    }
    x->some = true;
    x->only = (struct extract_set){0};
    extract_set_add(&x->only, param->number & 0xFF);
    for (const uint16_t *part = param->parts; part && *part; part++) {
        extract_set_add(&x->only, *part & 0xFF);
    }
    if ((param->number & 0xFF) < x->table->count) {
        extract_walk(x, x->table->root, x->root);
    } else {
        walk_customs(x);
    }
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

/* A reference of a type that has no parameter for it. */
static void take_patient(struct extract *x, yyjson_val *reference)
{
    text t = reference ? json_text(json_get(reference, T("reference"))) : (text){0};
    struct reference r = t.p ? extract_parse(x, t) : (struct reference){0};
    if (!t.p || r.kind != REFERENCE_LOCAL || r.type != FHIR_PATIENT) {
        return;
    }
    struct extract_patient *patients = arena_grow(x->arena, x->patients, x->patient_count,
                                                  &x->patient_capacity, sizeof(*patients));
    if (!patients) {
        x->no_memory = true;
        return;
    }
    x->patients = patients;
    x->patients[x->patient_count++] = (struct extract_patient){.id = r.id};
}

/*
 * Whose record a Binary or a stored Bundle is: of the patient whose securityContext it has (R4
 * binary.html), or who is the subject of its first entry (a document's Composition).
 */
static void take_unnamed(struct extract *x, const struct resource *r)
{
    if (x->type == FHIR_BINARY) {
        take_patient(x, json_get(r->root, T("securityContext")));
    } else if (x->type == FHIR_BUNDLE) {
        yyjson_val *first = yyjson_arr_get_first(json_get(r->root, T("entry")));
        yyjson_val *resource = first ? json_get(first, T("resource")) : NULL;
        if (resource) {
            take_patient(x, json_get(resource, T("subject")));
            take_patient(x, json_get(resource, T("patient")));
        }
    }
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

static void add_mark(struct extract *x, unsigned ordinal, text mark)
{
    struct search_leaf leaf = {.ordinal = (uint8_t)ordinal};
    extract_add(x, &leaf, INDEX_BYTES, 0, mark, T(""));
}

/* Elements that gave nothing: something is there all the same. */
static void mark_touched(struct extract *x)
{
    for (unsigned word = 0; word < 4; word++) {
        uint64_t left = x->touched.words[word] & ~x->given.words[word];
        for (; left; left &= left - 1) {
            add_mark(x, word << 6 | (unsigned)__builtin_ctzll(left), T("\001"));
        }
    }
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
        if (e->kind == INDEX_REFERENCE && ordinal < x->table->count &&
            x->table->params[ordinal].implied && e->target == target &&
            text_eq(e->value, home->id)) {
            held[ordinal] = true;
            continue;
        }
        x->entries[kept++] = *e;
    }
    x->count = kept;
    for (unsigned i = 0; i < x->table->count; i++) {
        if (x->table->params[i].implied && !held[i]) {
            add_mark(x, i, text_make("\0", 1));
        }
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

void extract_sort(struct extract *x)
{
    sort_entries(x->entries, x->count);
    x->count = drop_duplicates(x->entries, x->count);
}

static int display_compare(const struct index_display *a, const struct index_display *b)
{
    int order = text_cmp(a->code, b->code);
    order = order ? order : text_cmp(a->system, b->system);
    return order ? order : text_cmp(a->words, b->words);
}

static int display_compare_void(const void *a, const void *b)
{
    return display_compare(a, b);
}

/* Returns how many are left. */
static size_t sort_displays(struct index_display *displays, size_t count)
{
    size_t kept = 0;
    if (count > INSERTION_MAX) {
        qsort(displays, count, sizeof(*displays), display_compare_void);
    }
    for (size_t i = 1; i < count && count <= INSERTION_MAX; i++) {
        struct index_display d = displays[i];
        size_t at = i;
        for (; at > 0 && display_compare(&displays[at - 1], &d) > 0; at--) {
            displays[at] = displays[at - 1];
        }
        displays[at] = d;
    }
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || display_compare(&displays[kept - 1], &displays[i]) != 0) {
            displays[kept++] = displays[i];
        }
    }
    return kept;
}

/* Of the one date that the principal parameter has. */
static int64_t when_of(const struct extract *x)
{
    int64_t start, end, when = INDEX_WHEN_NONE;
    size_t count = 0;
    for (size_t i = 0; i < x->count && x->table->when; i++) {
        const struct index_entry *e = &x->entries[i];
        if (e->param == x->table->when && index_date_read(e->value, &start, &end)) {
            when = index_when(start, end);
            count++;
        }
    }
    return count == 1 ? when : INDEX_WHEN_NONE;
}

int index_extract(const struct resource *r, const struct index_rules *rules, struct arena *a,
                  struct index *ret_index)
{
    struct extract x = extract_start(r, rules, extract_take, a);
    struct index result = {.home = T("")};
    x.whole = true;
    result.generation = rules->customs ? rules->customs->generation : 0;
    if (x.type) {
        extract_walk(&x, x.table->root, r->root);
    }
    if (rules->customs) {
        walk_customs(&x);
    }
    mark_touched(&x);
    take_unnamed(&x, r);
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
    extract_sort(&x);
    result.entries = x.entries;
    result.count = x.count;
    result.when = when_of(&x);
    result.displays = x.displays;
    result.display_count = sort_displays(x.displays, x.display_count);
    *ret_index = result;
    return 0;
}

int index_extract_added(const struct resource *r, const struct index_rules *rules,
                        const struct search_param *param, struct arena *a, struct index *ret_index)
{
    struct extract x = extract_start(r, rules, extract_take, a);
    x.whole = true;
    extract_param(&x, param);
    mark_touched(&x);
    if (x.no_memory) {
        return ERR_MEMORY;
    }
    extract_sort(&x);
    *ret_index = (struct index){.entries = x.entries,
                                .count = x.count,
                                .home = T(""),
                                .when = INDEX_WHEN_NONE,
                                .displays = x.displays,
                                .display_count = sort_displays(x.displays, x.display_count),
                                .generation = rules->customs ? rules->customs->generation : 0};
    return 0;
}

int index_extract_one(const struct resource *r, const struct index_rules *rules,
                      const struct search_param *param, struct arena *a,
                      struct index_entry **ret_entries, size_t *ret_count)
{
    struct extract x = extract_start(r, rules, extract_take, a);
    extract_param(&x, param);
    if (x.no_memory) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < x.count; i++) {
        x.entries[i].param = param->number; /* of a union, whatever the part's was */
    }
    extract_sort(&x);
    *ret_entries = x.entries;
    *ret_count = x.count;
    return 0;
}

/* Resources elsewhere are not followed; canonicals, which have no target either, are. */
static void take_followed(struct extract *x, const struct search_leaf *leaf, yyjson_val *v)
{
    size_t first = x->count, kept = first;
    extract_take(x, leaf, v);
    for (size_t i = first; i < x->count; i++) {
        const struct index_entry *e = &x->entries[i];
        if (e->kind == INDEX_REFERENCE && (e->target || leaf->take == TAKE_LINK)) {
            x->entries[kept++] = *e;
        }
    }
    x->count = kept;
}

int search_targets(const struct resource *r, const struct search_param *param,
                   const struct index_rules *rules, struct arena *a,
                   struct search_target **ret_targets, size_t *ret_count)
{
    struct extract x = extract_start(r, rules, take_followed, a);
    extract_param(&x, param);
    struct search_target *targets = arena_zalloc(a, x.count ? x.count : 1, sizeof(*targets));
    if (x.no_memory || !targets) {
        return ERR_MEMORY;
    }
    extract_sort(&x);
    for (size_t i = 0; i < x.count; i++) {
        targets[i] = (struct search_target){x.entries[i].target, x.entries[i].value};
    }
    *ret_targets = targets;
    *ret_count = x.count;
    return 0;
}
