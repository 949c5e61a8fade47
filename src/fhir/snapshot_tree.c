/* A snapshot as a tree. */
#include "fhir/snapshot_int.h"

static int wrong(const yyjson_val *definition, text element, const char *what, struct err *e)
{
    text url = json_text(json_get(definition, T("url")));
    return err_at(e, ERR_INVALID, element,
                  "the snapshot of %.*s cannot be read: %s; publish the definition with a right "
                  "snapshot, or with its differential alone",
                  TEXT_ARG(url), what);
}

bool snapshot_slice_fits(text slice)
{
    size_t parts = 1;
    for (size_t i = 0; i < slice.n && slice.n <= SNAPSHOT_PATH_MAX; i++) {
        parts += slice.p[i] == '/';
    }
    return slice.n <= SNAPSHOT_PATH_MAX && parts <= SNAPSHOT_SLICES_MAX;
}

/* How many names a path has, and the last of them. */
static uint32_t names_in(text path, text *ret_last)
{
    uint32_t count = 1;
    size_t start = 0;
    for (size_t i = 0; i < path.n; i++) {
        if (path.p[i] == '.') {
            count++;
            start = i + 1;
        }
    }
    *ret_last = text_from(path, start);
    return count;
}

struct growing {
    struct snapshot_tree *tree;
    uint32_t open[SNAPSHOT_DEPTH_MAX]; /* the element of each depth that the next may stand below */
    uint32_t depth;
    text root;
};

static void close_below(struct growing *g, uint32_t depth)
{
    while (g->depth > depth) {
        g->tree->items[g->open[--g->depth]].end = g->tree->count;
    }
}

static const char *add(struct growing *g, const yyjson_val *value)
{
    struct snapshot_element el = {.value = value,
                                  .slice = json_text(json_get(value, T("sliceName")))};
    text path = json_text(json_get(value, T("path")));
    uint32_t names = names_in(path, &el.name);
    if (!el.name.n || names > SNAPSHOT_DEPTH_MAX) {
        return "a path is empty or too deep";
    }
    if (!snapshot_slice_fits(el.slice)) {
        return "a slice's name is too long";
    }
    el.depth = names - 1;
    if (g->tree->count == 0 ? el.depth != 0 : el.depth == 0 || el.depth > g->depth) {
        return "an element does not stand below the one that its path names";
    }
    close_below(g, el.depth);
    if (el.depth && !text_starts(path, g->root)) {
        return "its paths do not start with one name";
    }
    if (el.depth == 0) {
        g->root = path;
    }
    g->open[g->depth++] = g->tree->count;
    g->tree->items[g->tree->count++] = el;
    return NULL;
}

int snapshot_tree_make(const yyjson_val *definition, struct arena *a,
                       struct snapshot_tree *ret_tree, struct err *e)
{
    const yyjson_val *elements = json_get(json_get(definition, T("snapshot")), T("element"));
    if (json_type(elements) != YYJSON_TYPE_ARR || !json_len(elements)) {
        return wrong(definition, T(""), "it has no elements", e);
    }
    size_t count = json_len(elements);
    if (count > SNAPSHOT_ELEMENTS_MAX) {
        return wrong(definition, T(""), "it has more than 20000 elements", e);
    }
    struct snapshot_tree tree = {.definition = definition,
                                 .items = arena_zalloc(a, count, sizeof *tree.items)};
    struct growing g = {.tree = &tree};
    if (!tree.items) {
        return err_set(e, ERR_MEMORY, NULL);
    }
    const yyjson_val *value = elements + 1;
    for (size_t left = count; left; left--, value = json_after(value)) {
        const char *what = add(&g, value);
        if (what) {
            return wrong(definition, text_short(json_text(json_get(value, T("path"))), 200), what,
                         e);
        }
    }
    close_below(&g, 0);
    *ret_tree = tree;
    return 0;
}

uint32_t snapshot_tree_find(const struct snapshot_tree *tree, text id)
{
    for (uint32_t i = 0; i < tree->count; i++) {
        if (text_eq(json_text(json_get(tree->items[i].value, T("id"))), id)) {
            return i;
        }
    }
    return SNAPSHOT_NONE;
}
