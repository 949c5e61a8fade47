#include "fhir/index_check.h"
#include "fhir/search.h"

/* The parser's own limits are far below; this one is for plans that were made otherwise. */
enum { DEPTH_MAX = 1000 };

struct tester {
    struct arena *arena;
    size_t depth;
    int code; /* the first failure; nothing is asked any more */
};

/* Too deep to tell counts as having some. */
static bool joins(const struct plan_node *node, size_t depth)
{
    bool found = node->kind == PLAN_CHAIN || node->kind == PLAN_HAS || depth > DEPTH_MAX;
    for (size_t i = 0; i < node->count && !found; i++) {
        found = joins(&node->items[i], depth + 1);
    }
    return found;
}

bool plan_joins(const struct plan_node *node)
{
    return joins(node, 0);
}

static bool is_byte(const struct index_entry *entry, char byte)
{
    return entry->kind == INDEX_BYTES && entry->value.n == 1 && entry->value.p[0] == byte;
}

/* --- one entry ----------------------------------------------------------------------------- */

static bool is_token(const struct plan_node *leaf, const struct index_entry *entry)
{
    return entry->kind == (leaf->of_reference ? INDEX_IDENTIFIER : INDEX_TOKEN);
}

static bool system_fits(const struct plan_node *leaf, text system)
{
    switch (leaf->system_mode) {
    case PLAN_SYSTEM_ANY:
        return true;
    case PLAN_SYSTEM_NONE:
        return system.n == 0;
    case PLAN_SYSTEM_GIVEN:
        return text_eq(system, leaf->system);
    }
    return false;
}

static bool in_stretch(text value, text low, text high)
{
    return text_cmp(value, low) >= 0 && (high.n == 0 || text_cmp(value, high) < 0);
}

static bool quantity_fits(struct tester *t, const struct plan_node *leaf,
                          const struct index_entry *entry)
{
    text low, high;
    struct arena_mark mark = arena_mark(t->arena);
    if (!plan_quantity_range(leaf, entry->system, t->arena, &low, &high)) {
        return false;
    }
    if (!low.p || !high.p) {
        t->code = ERR_MEMORY;
        return false;
    }
    bool fits = in_stretch(entry->value, low, high);
    arena_rewind(t->arena, mark);
    return fits;
}

/* Without looking at the entry's parameter. */
static bool entry_fits(struct tester *t, const struct plan_node *leaf,
                       const struct index_entry *entry)
{
    switch (leaf->kind) {
    case PLAN_VALUE:
        return entry->kind == INDEX_BYTES && text_eq(entry->value, leaf->value);
    case PLAN_TOKEN:
        return is_token(leaf, entry) && text_eq(entry->value, leaf->value) &&
               system_fits(leaf, entry->system);
    case PLAN_SYSTEM:
        return is_token(leaf, entry) && text_eq(entry->system, leaf->system);
    case PLAN_RANGE:
        return entry->kind == INDEX_BYTES && in_stretch(entry->value, leaf->low, leaf->high) &&
               plan_range_accepts(leaf, entry->value);
    case PLAN_QUANTITY:
        return entry->kind == INDEX_QUANTITY && quantity_fits(t, leaf, entry);
    case PLAN_EXISTS:
        return !is_byte(entry, '\0');
    case PLAN_TEXT:
        return entry->kind == INDEX_BYTES && entry->value.n && entry->value.p[0] == 2 &&
               plan_text_accepts(leaf->value, text_from(entry->value, 1));
    case PLAN_REFERENCE:
    case PLAN_HOME: /* of an entry alone: there is no key that would say it instead */
        return entry->kind == INDEX_REFERENCE && entry->target == leaf->target &&
               text_eq(entry->value, leaf->value);
    default:
        return false;
    }
}

/* --- a resource's entries and keys --------------------------------------------------------- */

/* The first entry of a parameter, or where it would stand. */
static size_t entries_begin(const struct index *index, uint16_t param)
{
    size_t low = 0, high = index->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (index->entries[middle].param < param) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool has_exception(const struct index *index, uint16_t param)
{
    for (size_t i = entries_begin(index, param);
         i < index->count && index->entries[i].param == param; i++) {
        if (is_byte(&index->entries[i], '\0')) {
            return true;
        }
    }
    return false;
}

static int beside_compare(const struct index_display *d, const struct index_entry *entry)
{
    int order = text_cmp(d->code, entry->value);
    return order ? order : text_cmp(d->system, entry->system);
}

/* Displays are in order of their tokens. */
static bool is_beside(const struct index *index, const struct index_entry *entry, text query)
{
    size_t low = 0, high = index->display_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (beside_compare(&index->displays[middle], entry) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (; entry->kind == INDEX_TOKEN && low < index->display_count &&
           beside_compare(&index->displays[low], entry) == 0;
         low++) {
        if (plan_text_accepts(query, index->displays[low].words)) {
            return true;
        }
    }
    return false;
}

static bool an_entry_fits(struct tester *t, const struct plan_node *leaf, const struct index *index)
{
    for (size_t i = entries_begin(index, leaf->param);
         i < index->count && index->entries[i].param == leaf->param && !t->code; i++) {
        const struct index_entry *entry = &index->entries[i];
        if (entry_fits(t, leaf, entry) ||
            (leaf->kind == PLAN_TEXT && is_beside(index, entry, leaf->value))) {
            return true;
        }
    }
    return false;
}

static bool in_compartment(const struct index *index, text patient)
{
    bool found = index->home.n && text_eq(index->home, patient);
    for (size_t i = 0; !found && i < index->member_count; i++) {
        found = text_eq(index->members[i], patient);
    }
    return found;
}

/* Subjects of entries alone cannot answer it. */
static bool has_resource(struct tester *t, const struct plan_subject *s)
{
    if (!s->r) {
        t->code = ERR_NOT_SUPPORTED;
    }
    return s->r;
}

static bool has_words(struct tester *t, const struct plan_node *leaf, const struct resource *r)
{
    struct arena_mark mark = arena_mark(t->arena);
    text words = index_words(r, leaf->narrative, t->arena);
    if (!words.p) {
        t->code = ERR_MEMORY;
        return false;
    }
    bool found = plan_words_accept(leaf->value, words);
    arena_rewind(t->arena, mark);
    return found;
}

/* --- checks -------------------------------------------------------------------------------- */

static bool matches(struct tester *t, const struct plan_node *node, const struct plan_subject *s);

static bool failed(struct tester *t, int code)
{
    t->code = t->code ? t->code : code;
    return t->code != 0;
}

static text folded(struct tester *t, text as_written)
{
    text words = index_fold(as_written, t->arena);
    if (!words.p) {
        t->code = ERR_MEMORY;
    }
    return words;
}

static bool contains(text whole, text part)
{
    return part.n == 0 || (whole.n && memmem(whole.p, whole.n, part.p, part.n));
}

static bool check_strings(struct tester *t, const struct plan_node *node,
                          const struct plan_subject *s)
{
    text *strings;
    size_t count;
    if (failed(t, index_strings(s->r, s->rules, node->checked, t->arena, &strings, &count))) {
        return false;
    }
    for (size_t i = 0; i < count && !t->code; i++) {
        text string = node->check == CHECK_EXACT ? strings[i] : folded(t, strings[i]);
        if (node->check == CHECK_EXACT ? text_eq(string, node->value)
            : node->at_start           ? text_starts(string, node->value)
            : node->at_end             ? text_ends(string, node->value)
                                       : contains(string, node->value)) {
            return !t->code;
        }
    }
    return false;
}

static bool check_texts(struct tester *t, const struct plan_node *node,
                        const struct plan_subject *s)
{
    struct index_concept *concepts;
    size_t count;
    if (failed(t, index_concepts(s->r, s->rules, node->checked, t->arena, &concepts, &count))) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < concepts[i].count && !t->code; j++) {
            if (plan_text_accepts(node->value, folded(t, concepts[i].texts[j]))) {
                return true;
            }
        }
    }
    return false;
}

/* Codes and values as in a token: the case of ASCII letters does not matter. */
static bool check_of_type(struct tester *t, const struct plan_node *node,
                          const struct plan_subject *s)
{
    struct index_identifier *ids;
    size_t count;
    if (failed(t, index_identifiers(s->r, s->rules, node->checked, t->arena, &ids, &count))) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (text_eq(ids[i].type_system, node->system) &&
            text_eq_nocase(ids[i].type_code, node->value) &&
            text_eq_nocase(ids[i].value, node->code)) {
            return true;
        }
    }
    return false;
}

/* AND, OR and NOT of leaves, all about the same entry. */
static bool entry_matches(struct tester *t, const struct plan_node *node,
                          const struct index_entry *entry)
{
    bool all = node->kind == PLAN_AND, found = false;
    if (node->kind == PLAN_ALL) {
        return true;
    }
    if (!all && node->kind != PLAN_OR && node->kind != PLAN_NOT) {
        return entry_fits(t, node, entry);
    }
    if (++t->depth > DEPTH_MAX) {
        t->code = ERR_NOT_SUPPORTED;
        return false;
    }
    found = all;
    for (size_t i = 0; i < node->count && found == all && !t->code; i++) {
        found = entry_matches(t, &node->items[i], entry);
    }
    t->depth--;
    return node->kind == PLAN_NOT ? !found : found;
}

static bool an_entry_matches(struct tester *t, const struct plan_node *node,
                             const struct index_entry *entries, size_t count)
{
    for (size_t i = 0; i < count && !t->code; i++) {
        if (entry_matches(t, node, &entries[i])) {
            return true;
        }
    }
    return false;
}

static bool check_param(struct tester *t, const struct plan_node *node,
                        const struct plan_subject *s)
{
    struct index_entry *entries;
    size_t count;
    return !failed(t,
                   index_extract_one(s->r, s->rules, node->checked, t->arena, &entries, &count)) &&
           an_entry_matches(t, &node->items[1], entries, count);
}

static bool check_tuple(struct tester *t, const struct plan_node *node,
                        const struct plan_subject *s)
{
    struct index_tuple *tuples;
    size_t count, parts = node->count - 1;
    if (failed(t, index_tuples(s->r, s->rules, node->checked, t->arena, &tuples, &count)) ||
        parts > INDEX_COMPONENTS) {
        return false;
    }
    for (size_t i = 0; i < count && !t->code; i++) {
        size_t part = 0;
        while (part < parts && an_entry_matches(t, &node->items[1 + part], tuples[i].entries[part],
                                                tuples[i].counts[part])) {
            part++;
        }
        if (part == parts) {
            return !t->code;
        }
    }
    return false;
}

static bool contained_matches(struct tester *t, const struct plan_node *node,
                              const struct plan_subject *s, yyjson_val *root)
{
    text id = json_text(json_get(root, T("id")));
    struct resource r = {.type = node->target,
                         .root = root,
                         .id = id.p ? id : T(""),
                         .meta = json_get(root, T("meta"))};
    struct index index;
    if (fhir_type_of(json_text(json_get(root, T("resourceType")))) != node->target ||
        failed(t, index_extract(&r, s->rules, t->arena, &index))) {
        return false;
    }
    struct plan_subject inside = {&r, &index, s->updated, s->rules};
    return matches(t, &node->items[1], &inside);
}

static bool check_contained(struct tester *t, const struct plan_node *node,
                            const struct plan_subject *s)
{
    yyjson_val *contained = json_get(s->r->root, T("contained"));
    if (json_type(contained) != YYJSON_TYPE_ARR) {
        return false;
    }
    yyjson_val *item = contained + 1;
    for (size_t left = json_len(contained); left && !t->code; left--, item = json_after(item)) {
        if (contained_matches(t, node, s, item)) {
            return true;
        }
    }
    return false;
}

static bool passes(struct tester *t, const struct plan_node *node, const struct plan_subject *s)
{
    switch (node->check) {
    case CHECK_NONE:
        return true;
    case CHECK_EXACT:
    case CHECK_CONTAINS:
        return check_strings(t, node, s);
    case CHECK_TEXT:
        return check_texts(t, node, s);
    case CHECK_OF_TYPE:
        return check_of_type(t, node, s);
    case CHECK_PARAM:
        return node->count > 1 && check_param(t, node, s);
    case CHECK_TUPLE:
        return node->count > 1 && check_tuple(t, node, s);
    case CHECK_CONTAINED:
        return node->count > 1 && check_contained(t, node, s);
    }
    return false;
}

/* --- the tree ------------------------------------------------------------------------------ */

static bool some_match(struct tester *t, const struct plan_node *node, const struct plan_subject *s)
{
    bool all = node->kind == PLAN_AND, found = all;
    for (size_t i = 0; i < node->count && found == all && !t->code; i++) {
        found = matches(t, &node->items[i], s);
    }
    return node->kind == PLAN_NOT ? !found : found;
}

static bool check_matches(struct tester *t, const struct plan_node *node,
                          const struct plan_subject *s)
{
    struct arena_mark mark = arena_mark(t->arena);
    bool found = node->count && matches(t, &node->items[0], s) && !t->code && passes(t, node, s);
    arena_rewind(t->arena, mark);
    return found;
}

static bool node_matches(struct tester *t, const struct plan_node *node,
                         const struct plan_subject *s)
{
    const struct index *index = s->index;
    switch (node->kind) {
    case PLAN_NONE:
        return false;
    case PLAN_ALL:
        return true;
    case PLAN_AND:
    case PLAN_OR:
    case PLAN_NOT:
        return some_match(t, node, s);
    case PLAN_ID:
        return has_resource(t, s) && text_eq(node->value, s->r->id);
    case PLAN_HOME:
        return index->home.n && text_eq(index->home, node->value) &&
               !has_exception(index, node->param);
    case PLAN_HOMED:
        return index->home.n && !has_exception(index, node->param);
    case PLAN_COMPARTMENT:
        return in_compartment(index, node->value);
    case PLAN_UPDATED:
        return s->updated >= node->start_from && s->updated < node->start_to;
    case PLAN_WORDS:
        return has_resource(t, s) && has_words(t, node, s->r);
    case PLAN_CHECK:
        return has_resource(t, s) && check_matches(t, node, s);
    case PLAN_CHAIN:
    case PLAN_HAS:
        t->code = ERR_NOT_SUPPORTED;
        return false;
    default:
        return an_entry_fits(t, node, index);
    }
}

static bool matches(struct tester *t, const struct plan_node *node, const struct plan_subject *s)
{
    if (++t->depth > DEPTH_MAX) {
        t->code = ERR_NOT_SUPPORTED;
        return false;
    }
    bool found = node_matches(t, node, s);
    t->depth--;
    return found && !t->code;
}

int plan_test(const struct plan_node *node, const struct plan_subject *subject, struct arena *a,
              bool *ret_matches)
{
    struct tester t = {.arena = a};
    if (plan_joins(node)) {
        return ERR_NOT_SUPPORTED;
    }
    bool right = !subject->r || node->type == subject->r->type;
    bool found = right && matches(&t, node, subject);
    if (t.code == 0) {
        *ret_matches = found;
    }
    return t.code;
}
