/* A differential as a tree. */
#include "fhir/snapshot_int.h"

struct growing {
    struct arena *arena;
    text url;
    struct map at; /* key -> the change's address */
    struct snapshot_change *root;
    struct snapshot_change *open[SNAPSHOT_DEPTH_MAX]; /* the last at each depth */
    struct err *e;
};

static int wrong(struct growing *g, text element, const char *what)
{
    return err_at(g->e, ERR_INVALID, text_short(element, 200),
                  "the differential of %.*s cannot be read: %s", TEXT_ARG(text_short(g->url, 200)),
                  what);
}

static int no_memory(struct growing *g)
{
    return err_set(g->e, ERR_MEMORY, NULL);
}

static void link_child(struct snapshot_change *parent, struct snapshot_change *c)
{
    if (parent->last) {
        parent->last->next = c;
    } else {
        parent->first = c;
    }
    parent->last = c;
}

static void link_slice(struct snapshot_change *whole, struct snapshot_change *c)
{
    if (whole->last_slice) {
        whole->last_slice->next = c;
    } else {
        whole->first_slice = c;
    }
    whole->last_slice = c;
}

static size_t last_separator(text key)
{
    size_t i = key.n;
    while (i && key.p[i - 1] != '.' && key.p[i - 1] != ':' && key.p[i - 1] != '/') {
        i--;
    }
    return i ? i - 1 : key.n;
}

static struct snapshot_change *new_change(struct growing *g, text key)
{
    bool fresh = false;
    struct snapshot_change *c = arena_zalloc(g->arena, 1, sizeof *c);
    uint64_t *place = c ? map_put(&g->at, key, &fresh) : NULL;
    if (!place) {
        return NULL;
    }
    c->key = key;
    *place = (uint64_t)(uintptr_t)c;
    return c;
}

/* Everything that a key stands in has a key that is the start of it; so it is found, or made, from
 * its start on. Keys have been looked at: each part has a name. */
static struct snapshot_change *change_of(struct growing *g, text key)
{
    struct snapshot_change *in = NULL;
    for (size_t end = 1; end <= key.n; end++) {
        char c = end < key.n ? key.p[end] : '.';
        if (c != '.' && c != ':' && c != '/') {
            continue;
        }
        text start = text_first(key, end);
        uint64_t *place = map_get(&g->at, start);
        struct snapshot_change *made =
            place ? (struct snapshot_change *)(uintptr_t)*place : new_change(g, start);
        if (!made) {
            return NULL;
        }
        size_t cut = last_separator(start);
        if (!place && cut < start.n && start.p[cut] == '.') {
            made->name = text_from(start, cut + 1);
            made->parent = in;
            made->depth = in->depth + 1;
            link_child(in, made);
        } else if (!place && cut < start.n) {
            size_t colon = start.n;
            while (start.p[colon - 1] != ':') {
                colon--;
            }
            made->name = in->name;
            made->slice = text_from(start, colon);
            made->parent = in->parent;
            made->depth = in->depth;
            link_slice(in, made);
        } else if (!place) {
            made->name = start;
        }
        in = made;
    }
    return in;
}

/* Whether an id is the path with slice names in it, the last of them this one. */
static bool id_agrees(text id, text path, text slice)
{
    text id_part;
    text path_part;
    text last = {NULL, 0};
    while (text_cut(&path, '.', &path_part)) {
        if (!text_cut(&id, '.', &id_part)) {
            return false;
        }
        size_t colon = text_find(id_part, ':');
        last = text_from(id_part, colon + 1);
        if (!text_eq(text_first(id_part, colon), path_part) || (colon < id_part.n && !last.n)) {
            return false;
        }
    }
    return id.p == NULL && text_eq(last, slice);
}

/* Without an id to say it, what a path names stands in the last element (or slice) of that path. */
static text key_by_place(struct growing *g, text path, text slice)
{
    text part;
    text key = {NULL, 0};
    uint32_t depth = 0;
    bool same = true;
    while (text_cut(&path, '.', &part)) {
        bool last = path.p == NULL;
        struct snapshot_change *open = same ? g->open[depth] : NULL;
        same = open && text_eq(open->name, part);
        const text parts[] = {key, depth ? T(".") : T(""), part, last && slice.n ? T(":") : T(""),
                              last ? slice : T("")};
        key = same && !last ? open->key : arena_join(g->arena, parts, 5);
        if (!key.p) {
            return key;
        }
        depth++;
    }
    return key;
}

static const char *check_names(text path, text slice)
{
    size_t depth = 1;
    bool empty = true;
    if (path.n > SNAPSHOT_PATH_MAX || !snapshot_slice_fits(slice)) {
        return "a path has at most 1000 characters, a slice's name at most 8 parts";
    }
    for (size_t i = 0; i < path.n; i++) {
        bool dot = path.p[i] == '.';
        if ((dot && empty) || path.p[i] == ':' || path.p[i] == '/') {
            return "a path is names with full stops between";
        }
        empty = dot;
        depth += dot;
    }
    if (empty || depth > SNAPSHOT_DEPTH_MAX) {
        return empty ? "a path is names with full stops between" : "a path has more than 32 names";
    }
    empty = true;
    for (size_t i = 0; i < slice.n; i++) {
        if (slice.p[i] == '.' || slice.p[i] == ':' || (slice.p[i] == '/' && empty)) {
            return "a slice's name has no . or :, and / only between names";
        }
        empty = slice.p[i] == '/';
    }
    return slice.n && empty ? "a slice's name cannot end with /" : NULL;
}

static bool slices_are_right(text id)
{
    text part;
    if (id.n > 2 * SNAPSHOT_PATH_MAX) {
        return false;
    }
    while (text_cut(&id, '.', &part)) {
        size_t colon = text_find(part, ':');
        if (check_names(T("a"), text_from(part, colon + 1))) {
            return false;
        }
    }
    return true;
}

static int add(struct growing *g, const yyjson_val *value)
{
    text path = json_text(json_get(value, T("path")));
    text id = json_text(json_get(value, T("id")));
    text slice = json_text(json_get(value, T("sliceName")));
    const char *what = check_names(path, slice);
    if (what) {
        return wrong(g, path, what);
    }
    bool by_id = id_agrees(id, path, slice) && slices_are_right(id);
    text key = by_id ? id : key_by_place(g, path, slice);
    struct snapshot_change *c = key.p ? change_of(g, key) : NULL;
    if (!c) {
        return no_memory(g);
    }
    g->root = g->root ? g->root
                      : (struct snapshot_change *)(uintptr_t)*map_get(
                            &g->at, text_first(key, text_find(path, '.')));
    if (!text_eq(text_first(path, text_find(path, '.')), g->root->name)) {
        return wrong(g, path, "all paths start with the same name, that of the type");
    }
    if (c->value) {
        return wrong(g, key, "this element stands twice; join the two");
    }
    c->value = value;
    for (struct snapshot_change *at = c; at; at = at->parent) {
        g->open[at->depth] = at;
    }
    for (size_t i = c->depth + 1; i < SNAPSHOT_DEPTH_MAX; i++) {
        g->open[i] = NULL;
    }
    return 0;
}

int snapshot_changes_make(const yyjson_val *definition, struct arena *a,
                          struct snapshot_change **ret_root, struct err *e)
{
    const yyjson_val *elements = json_get(json_get(definition, T("differential")), T("element"));
    struct growing g = {.arena = a, .url = json_text(json_get(definition, T("url"))), .e = e};
    int code = 0;
    if (json_type(elements) != YYJSON_TYPE_ARR || !json_len(elements)) {
        *ret_root = NULL;
        return 0;
    }
    if (json_len(elements) > SNAPSHOT_ELEMENTS_MAX) {
        return wrong(&g, T(""), "it has more than 20000 elements");
    }
    map_init(&g.at);
    const yyjson_val *value = elements + 1;
    for (size_t left = json_len(elements); left && !code; left--, value = json_after(value)) {
        code = add(&g, value);
    }
    map_done(&g.at);
    if (!code) {
        *ret_root = g.root;
    }
    return code;
}
