/* What stands below an element of a type: in that type's definition. */
#include "fhir/snapshot_int.h"

#define SYSTEM_TYPE "http://hl7.org/fhirpath/System."
#define FHIR_TYPE "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type"

int snapshot_tree_of(struct snapshot_work *w, text canonical, const struct snapshot_tree **ret_tree)
{
    bool fresh = false;
    const yyjson_val *root = NULL;
    uint64_t *place = map_get(&w->at, canonical);
    if (place && *place) {
        *ret_tree = w->trees[*place - 1];
        return 0;
    }
    if (w->tree_count == SNAPSHOT_TREES_MAX) {
        return snapshot_wrong(w, T(""), "it speaks of more than %d other definitions",
                              SNAPSHOT_TREES_MAX);
    }
    int code = defs_snapshot(w->defs, canonical, &root, w->e);
    struct snapshot_tree *tree = code ? NULL : arena_alloc(w->arena, sizeof *tree);
    text key = code ? canonical : arena_copy(w->arena, canonical);
    if (code || !tree || !key.p) {
        return code ? code : snapshot_memory(w);
    }
    code = snapshot_tree_make(root, w->arena, tree, w->e);
    place = code ? NULL : map_put(&w->at, key, &fresh);
    if (!place) {
        return code ? code : snapshot_memory(w);
    }
    w->trees[w->tree_count++] = tree;
    *place = w->tree_count;
    *ret_tree = tree;
    return 0;
}

/* The canonical of a base type; types of logical models are addresses themselves. */
static text address_of(struct snapshot_work *w, text code)
{
    const text parts[] = {T(DEFS_BASE), code};
    return text_find(code, ':') < code.n ? code : arena_join(&w->scratch, parts, 2);
}

/* A type of FHIRPath stands for the type of FHIR that an extension of it names. */
static text fhir_type_name_of(const struct snapshot_type *t)
{
    const yyjson_val *extensions = t->parts[TYPE_EXTENSION];
    if (!text_starts(t->code, T(SYSTEM_TYPE))) {
        return t->code;
    }
    if (json_type(extensions) != YYJSON_TYPE_ARR) {
        return T("Element");
    }
    const yyjson_val *x = extensions + 1;
    for (size_t left = json_len(extensions); left; left--, x = json_after(x)) {
        if (text_eq(json_text(json_get(x, T("url"))), T(FHIR_TYPE))) {
            return json_text(json_get(x, T("valueUrl")));
        }
    }
    return T("Element");
}

/* The one profile that the one type names: not this definition, whose snapshot is being made, nor a
 * part of a definition. Empty: none. */
static text profile_of(const struct snapshot_work *w, const struct snapshot_made *m)
{
    const yyjson_val *profiles = m->type_count == 1 ? m->types[0].parts[TYPE_PROFILE] : NULL;
    if (json_type(profiles) != YYJSON_TYPE_ARR || json_len(profiles) != 1) {
        return T("");
    }
    text url = json_text(profiles + 1);
    bool whole = text_find(url, '#') == url.n;
    return whole && !text_eq(text_first(url, text_find(url, '|')), w->url) ? url : T("");
}

static int unfold_reference(struct snapshot_work *w, const struct snapshot_tree *home,
                            struct snapshot_made *m, const struct snapshot_tree **ret_tree,
                            uint32_t *ret_at)
{
    text url = text_first(m->reference, text_find(m->reference, '#'));
    text id = text_from(m->reference, url.n + 1);
    const struct snapshot_tree *tree = NULL;
    url = url.n ? url : address_of(w, json_text(json_get(home->definition, T("type"))));
    if (!url.p) {
        return snapshot_memory(w);
    }
    int code = snapshot_tree_of(w, url, &tree);
    if (code) {
        return code;
    }
    uint32_t at = snapshot_tree_find(tree, id);
    if (at == SNAPSHOT_NONE) {
        return snapshot_wrong(w, m->id, "its contentReference %.*s names no element",
                              TEXT_ARG(text_short(m->reference, 150)));
    }
    m->reference = T("");
    *ret_tree = tree;
    *ret_at = at;
    return snapshot_types_read(w, json_get(tree->items[at].value, T("type")), m);
}

int snapshot_unfold(struct snapshot_work *w, const struct snapshot_tree *home,
                    struct snapshot_made *m, const struct snapshot_tree **ret_tree,
                    uint32_t *ret_at)
{
    if (m->reference.n && home) {
        return unfold_reference(w, home, m, ret_tree, ret_at);
    }
    text url = profile_of(w, m);
    if (!url.n && m->type_count == 0) {
        return snapshot_wrong(w, m->id, "it has no type, so nothing can stand below it");
    }
    if (!url.n) {
        url = address_of(w, m->type_count == 1 ? fhir_type_name_of(&m->types[0]) : T("Element"));
    }
    *ret_at = 0;
    return url.p ? snapshot_tree_of(w, url, ret_tree) : snapshot_memory(w);
}

int snapshot_extension_max(struct snapshot_work *w, struct snapshot_made *m)
{
    uint64_t now = UINT64_MAX;
    uint64_t most = 0;
    struct err e;
    const yyjson_val *root = NULL;
    text url = profile_of(w, m);
    if (!url.n) {
        return 0;
    }
    int code = defs_resource(w->defs, fhir_type_of(T("StructureDefinition")), url, &root, &e);
    if (code) {
        return code == ERR_MEMORY ? snapshot_memory(w) : 0;
    }
    const yyjson_val *from = json_get(root, T("snapshot"));
    const yyjson_val *list =
        json_get(from ? from : json_get(root, T("differential")), T("element"));
    bool any = json_type(list) == YYJSON_TYPE_ARR && json_len(list) > 0;
    text path = any ? json_text(json_get(list + 1, T("path"))) : T(".");
    text max = any ? json_text(json_get(list + 1, T("max"))) : T("");
    (void)text_to_u64(m->max, &now);
    if (text_find(path, '.') == path.n && text_to_u64(max, &most) && most >= m->least &&
        most < now) {
        m->max = max;
    }
    return 0;
}
