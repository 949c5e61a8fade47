/* dom-3, that something refers to each contained resource: by one walk of the resource, instead of
 * one for each contained resource. */
#include "base/map.h"
#include "fhir/path_run.h"
#include "fhir/profile_rule.h"

enum { DEEPEST = 250, FEW = 16, OUTSIDE = -1 };

struct search {
    text *ids;
    bool *found;
    size_t count;
    struct map by_id; /* id -> the first place; where they are more than FEW */
    ptrdiff_t inside; /* the contained resource that is walked, or OUTSIDE */
    unsigned depth;
};

static void walk_object(struct search *s, const yyjson_val *object, uint16_t type);

/* A string that may refer: '#' means the container, and what says so belongs to it. */
static void look_at(struct search *s, text t, text name, uint16_t type)
{
    bool is_reference = text_eq(name, T("reference"));
    bool refers = is_reference || type == MODEL_CANONICAL || type == MODEL_URI || type == MODEL_URL;
    if (!refers || t.n == 0 || t.p[0] != '#') {
        return;
    }
    if (t.n == 1) {
        if (s->inside != OUTSIDE && (is_reference || type == MODEL_CANONICAL)) {
            s->found[s->inside] = true;
        }
        return;
    }
    text id = text_from(t, 1);
    const uint64_t *at = s->count > FEW ? map_get(&s->by_id, id) : NULL;
    for (size_t i = 0; s->count <= FEW && i < s->count; i++) {
        s->found[i] = s->found[i] || text_eq(id, s->ids[i]);
    }
    if (at) {
        s->found[*at] = true;
    }
}

static void walk_value(struct search *s, const yyjson_val *v, text name, uint16_t type)
{
    if (json_type(v) == YYJSON_TYPE_STR) {
        look_at(s, json_text(v), name, type);
    } else if (json_type(v) == YYJSON_TYPE_OBJ && s->depth < DEEPEST) {
        if (type == MODEL_RESOURCE) {
            type = fhir_type_of(json_text(json_get(v, T("resourceType"))));
        }
        s->depth++;
        walk_object(s, v, type);
        s->depth--;
    }
}

static void walk_member(struct search *s, const yyjson_val *v, text name, uint16_t type)
{
    if (json_type(v) != YYJSON_TYPE_ARR) {
        walk_value(s, v, name, type);
        return;
    }
    bool is_contained = s->depth == 0 && text_eq(name, T("contained"));
    const yyjson_val *item = v + 1;
    size_t count = json_len(v);
    for (size_t i = 0; i < count; i++, item = json_after(item)) {
        s->inside = is_contained ? (ptrdiff_t)i : s->inside;
        walk_value(s, item, name, type);
    }
    s->inside = is_contained ? OUTSIDE : s->inside;
}

static void walk_object(struct search *s, const yyjson_val *object, uint16_t type)
{
    const struct model_type *of = &model_types[type];
    const yyjson_val *key = object + 1;
    for (size_t left = json_len(object); left; left--, key = json_after(key + 1)) {
        text name = json_text(key);
        if (name.n && name.p[0] == '_') {
            walk_member(s, key + 1, name, MODEL_ELEMENT);
            continue;
        }
        const struct model_element *el = model_find(of, name);
        if (el) {
            walk_member(s, key + 1, name, el->type);
        }
    }
}

/* The ids; one that stands twice counts once, since nothing tells them apart. */
static bool note_ids(struct search *s, const yyjson_val *contained)
{
    const yyjson_val *item = contained + 1;
    for (size_t i = 0; i < s->count; i++, item = json_after(item)) {
        bool is_new = false;
        s->ids[i] = json_text(json_get(item, T("id")));
        s->found[i] = s->ids[i].n == 0; /* one without an id cannot be told of */
        uint64_t *at =
            s->count > FEW && s->ids[i].n ? map_put(&s->by_id, s->ids[i], &is_new) : NULL;
        if (at && is_new) {
            *at = i;
        } else if (at) {
            s->found[i] = true;
        }
        if (!at && s->count > FEW && s->ids[i].n) {
            return false;
        }
    }
    return true;
}

static enum native_truth all_found(const struct search *s)
{
    size_t i = 0;
    while (i < s->count && s->found[i]) {
        i++;
    }
    return i < s->count ? NATIVE_FALSE : NATIVE_TRUE;
}

enum native_truth profile_rule_contained(struct profile_run *run, const struct path_node *at)
{
    text ids[FEW];
    bool found[FEW];
    const yyjson_val *contained = json_get(at->value, T("contained"));
    if (json_type(contained) != YYJSON_TYPE_ARR || !run->resource ||
        run->resource->value != at->value || at->type > MODEL_RESOURCE_LAST) {
        return NATIVE_UNSURE;
    }
    struct arena_mark mark = arena_mark(run->arena);
    struct search s = {.ids = ids, .found = found, .count = json_len(contained), .inside = OUTSIDE};
    if (s.count > FEW) {
        s.ids = arena_zalloc(run->arena, s.count, sizeof *s.ids);
        s.found = arena_zalloc(run->arena, s.count, sizeof *s.found);
    }
    map_init(&s.by_id);
    enum native_truth truth = NATIVE_UNSURE;
    if (s.ids && s.found && note_ids(&s, contained)) {
        walk_object(&s, at->value, at->type);
        truth = all_found(&s);
    }
    map_done(&s.by_id);
    arena_rewind(run->arena, mark);
    return truth;
}
