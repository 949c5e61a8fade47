/*
 * One walk over the elements of the base, each with the layers of changes that speak of it: those
 * of the differential and, within a new slice, those of the element that is sliced, under its own.
 */
#include "fhir/snapshot_int.h"

#define BY_URL                                                                                \
    "{\"discriminator\":[{\"type\":\"value\",\"path\":\"url\"}],\"ordered\":false,\"rules\":" \
    "\"open\"}"
#define BY_TYPE(rules)                                                                         \
    "{\"discriminator\":[{\"type\":\"type\",\"path\":\"$this\"}],\"ordered\":false,\"rules\":" \
    "\"" rules "\"}"

struct layers {
    const struct snapshot_change **items;
    size_t count;
    size_t capacity;
    size_t soft; /* the first so many are of the element that is sliced */
};

/* An element to be written. */
struct spot {
    const struct snapshot_tree *tree; /* of its base; NULL: it has none */
    uint32_t at;
    bool is_new_slice;
    text name;
    text slice;
    text path;
    text id;
    struct layers layers;
    text type; /* of a slice of a choice that its name alone tells; or empty */
    uint32_t depth;
};

/* Elements of one name below one element: the whole, and its slices. */
struct cut {
    struct spot spot;
    size_t inside;            /* the cut that it is a slice of, or SIZE_MAX */
    size_t first, last, next; /* slices of it; SIZE_MAX: none */
};

struct group {
    const struct snapshot_tree *tree;
    uint32_t first, end;
    const struct spot *parent;
    struct spot whole;
    struct snapshot_made *made; /* the whole */
    struct cut *cuts;
    size_t count, capacity;
    size_t shortcuts; /* cuts named as valueQuantity, without more */
    size_t fresh;     /* cuts that the base does not have */
    struct map at;    /* slice name -> one more than the number of the cut */
};

/* The changes below an element whose element the base has. */
struct found {
    const struct snapshot_change **items;
    size_t count;
    size_t most;
};

static int write_spot(struct snapshot_work *w, const struct spot *s, struct snapshot_made *m);

static bool add_layer(struct snapshot_work *w, struct layers *ls, const struct snapshot_change *c)
{
    const struct snapshot_change **items =
        arena_grow(&w->scratch, ls->items, ls->count, &ls->capacity, sizeof *items);
    if (!items) {
        return false;
    }
    ls->items = items;
    ls->items[ls->count++] = c;
    return true;
}

/* A snapshot that has an element in two places finds its change twice. */
static int note_found(struct snapshot_work *w, struct found *found, const struct snapshot_change *c)
{
    if (found->count == found->most) {
        return snapshot_wrong(w, c->key,
                              "the snapshot of the base has this element in two places; correct it "
                              "or publish the base with its differential alone");
    }
    found->items[found->count++] = c;
    return 0;
}

static int step(struct snapshot_work *w)
{
    return w->steps++ < SNAPSHOT_STEPS_MAX
               ? 0
               : err_set(w->e, ERR_TOO_COSTLY,
                         "the snapshot of %.*s takes too much work; divide the profile",
                         TEXT_ARG(text_short(w->url, 200)));
}

static bool is_choice(text name)
{
    return text_ends(name, T("[x]"));
}

static bool is_extension(text name)
{
    return text_eq(name, T("extension")) || text_eq(name, T("modifierExtension"));
}

/* --- one element ---------------------------------------------------------------------------- */

static int begin(struct snapshot_work *w, const struct spot *s, struct snapshot_made *m)
{
    *m = (struct snapshot_made){.path = s->path, .id = s->id, .slice = s->slice};
    int code = s->tree ? snapshot_begin(w, s->tree->items[s->at].value, m) : 0;
    if (s->is_new_slice) {
        m->least = 0;
        m->slicing = NULL;
    }
    return code;
}

/* Whether the changes of the slice itself, if it is one, have this member. */
static bool says(const struct spot *s, text member)
{
    for (size_t i = s->layers.soft; i < s->layers.count; i++) {
        if (s->layers.items[i]->value && json_get(s->layers.items[i]->value, member)) {
            return true;
        }
    }
    return false;
}

static int merge(struct snapshot_work *w, const struct spot *s, struct snapshot_made *m)
{
    int code = begin(w, s, m);
    for (size_t i = 0; i < s->layers.count && !code; i++) {
        const struct snapshot_change *c = s->layers.items[i];
        code = c->value ? snapshot_apply(w, c->value, i < s->layers.soft, m) : 0;
        if (!code && !s->tree) {
            m->first_max = m->max;
            m->first_least = m->least;
            m->reference = json_text(json_get(c->value, T("contentReference")));
        }
    }
    if (!code && s->is_new_slice && is_extension(s->name) && !says(s, T("max"))) {
        code = snapshot_extension_max(w, m);
    }
    return code || !s->type.n ? code : snapshot_narrow(w, &s->type, 1, m);
}

static int write_element(struct snapshot_work *w, const struct snapshot_made *m)
{
    if (++w->elements > SNAPSHOT_ELEMENTS_MAX) {
        return snapshot_wrong(w, m->id, "the snapshot would have more than %d elements",
                              SNAPSHOT_ELEMENTS_MAX);
    }
    buf_add(&w->out, w->elements == 1 ? T("") : T(",\n"));
    snapshot_element_write(m, &w->out);
    return buf_failed(&w->out) ? snapshot_memory(w) : 0;
}

/* Path and id of what stands below a spot. */
static int name_spot(struct snapshot_work *w, const struct spot *parent, struct spot *s)
{
    const text path[] = {parent->path, T("."), s->name};
    const text id[] = {parent->id, T("."), s->name, s->slice.n ? T(":") : T(""), s->slice};
    s->path = arena_join(&w->scratch, path, 3);
    s->id = arena_join(&w->scratch, id, 5);
    s->depth = parent->depth + 1;
    if (!s->path.p || !s->id.p) {
        return snapshot_memory(w);
    }
    return s->depth < SNAPSHOT_DEPTH_MAX ? 0 : snapshot_wrong(w, s->id, "it stands too deep");
}

/* --- slices --------------------------------------------------------------------------------- */

static int add_cut(struct snapshot_work *w, struct group *g, const struct cut *cut, size_t *ret_at)
{
    bool fresh = false;
    struct cut *cuts = arena_grow(&w->scratch, g->cuts, g->count, &g->capacity, sizeof *cuts);
    uint64_t *place = cuts ? map_put(&g->at, cut->spot.slice, &fresh) : NULL;
    if (!place) {
        return snapshot_memory(w);
    }
    g->cuts = cuts;
    g->cuts[g->count] = *cut;
    g->cuts[g->count].inside = g->cuts[g->count].first = SIZE_MAX;
    g->cuts[g->count].last = g->cuts[g->count].next = SIZE_MAX;
    *ret_at = g->count++;
    *place = g->count;
    return 0;
}

static int base_slices(struct snapshot_work *w, struct group *g)
{
    int code = 0;
    for (uint32_t i = g->first; i < g->end && !code; i = g->tree->items[i].end) {
        const struct snapshot_element *el = &g->tree->items[i];
        size_t at;
        if (el->slice.n && !map_get(&g->at, el->slice)) {
            struct cut cut = {
                .spot = {.tree = g->tree, .at = i, .name = g->whole.name, .slice = el->slice}};
            code = add_cut(w, g, &cut, &at);
        }
    }
    return code;
}

/* The cut of a slice's name, made when it is new: from the slice it is in, or from the whole. */
static int find_cut(struct snapshot_work *w, struct group *g, text slice, struct cut **ret_cut)
{
    uint64_t *place = map_get(&g->at, slice);
    size_t at = 0;
    if (place) {
        *ret_cut = &g->cuts[*place - 1];
        return 0;
    }
    size_t n = slice.n;
    while (n && slice.p[n - 1] != '/') {
        n--;
    }
    place = n ? map_get(&g->at, text_first(slice, n - 1)) : NULL;
    struct cut cut = {.spot = place ? g->cuts[*place - 1].spot : g->whole};
    struct layers *ls = &cut.spot.layers;
    cut.spot.slice = slice;
    cut.spot.is_new_slice = true;
    ls->soft = ls->count;
    ls->capacity = 0;
    const struct snapshot_change **items = arena_zalloc(&w->scratch, ls->count + 2, sizeof *items);
    if (!items) {
        return snapshot_memory(w);
    }
    for (size_t i = 0; i < ls->count; i++) {
        items[i] = ls->items[i];
    }
    ls->items = items;
    ls->capacity = ls->count + 2;
    g->fresh++;
    int code = add_cut(w, g, &cut, &at);
    if (!code) {
        *ret_cut = &g->cuts[at];
    }
    return code;
}

static int slices_of(struct snapshot_work *w, struct group *g, const struct snapshot_change *whole)
{
    int code = 0;
    for (const struct snapshot_change *c = whole->first_slice; c && !code; c = c->next) {
        struct cut *cut = NULL;
        code = step(w);
        code = code ? code : find_cut(w, g, c->slice, &cut);
        if (!code) {
            (void)snapshot_type_of_choice(g->made, g->whole.name, c->slice, &cut->spot.type);
            cut->spot.type = c->value && json_get(c->value, T("type")) ? T("") : cut->spot.type;
            code = add_layer(w, &cut->spot.layers, c) ? slices_of(w, g, c) : snapshot_memory(w);
        }
    }
    return code;
}

/* valueQuantity below what has value[x]: the slice of that type. */
static int shortcuts_of(struct snapshot_work *w, struct group *g, struct found *found)
{
    const struct layers *ls = &g->parent->layers;
    int code = 0;
    for (size_t i = 0; is_choice(g->whole.name) && i < ls->count; i++) {
        for (const struct snapshot_change *c = ls->items[i]->first; c && !code; c = c->next) {
            text type = {NULL, 0};
            struct cut *cut = NULL;
            code = step(w);
            if (code || !snapshot_type_of_choice(g->made, g->whole.name, c->name, &type)) {
                continue;
            }
            g->shortcuts++;
            code = note_found(w, found, c);
            if (code) {
                break;
            }
            code = c->first_slice ? snapshot_wrong(w, c->key, "it cannot be sliced by this name")
                                  : find_cut(w, g, c->name, &cut);
            if (!code) {
                cut->spot.type = cut->spot.is_new_slice ? type : T("");
                code = add_layer(w, &cut->spot.layers, c) ? 0 : snapshot_memory(w);
            }
        }
    }
    return code;
}

/* A choice that is spoken of by its type alone has only that type. */
static int close_choice(struct snapshot_work *w, struct group *g)
{
    text *types = arena_zalloc(&w->scratch, g->count + 1, sizeof *types);
    if (!types) {
        return snapshot_memory(w);
    }
    for (size_t i = 0; i < g->count; i++) {
        types[i] = g->cuts[i].spot.type;
    }
    g->made->implied_slicing = BY_TYPE("closed");
    return snapshot_narrow(w, types, g->count, g->made);
}

static int imply_slicing(struct snapshot_work *w, struct group *g)
{
    if (!g->fresh || g->made->slicing) {
        return 0;
    }
    if (is_extension(g->whole.name)) {
        g->made->implied_slicing = BY_URL;
        return 0;
    }
    if (is_choice(g->whole.name)) {
        g->made->implied_slicing = BY_TYPE("open");
        bool only = g->shortcuts == g->count && !says(&g->whole, T("type"));
        return only ? close_choice(w, g) : 0;
    }
    return snapshot_wrong(w, g->made->id,
                          "it has slices, but nothing says how they are told apart; add slicing, "
                          "with a discriminator, before them");
}

static int write_cut(struct snapshot_work *w, struct group *g, size_t at)
{
    struct arena_mark mark = arena_mark(&w->scratch);
    struct cut *cut = &g->cuts[at];
    struct snapshot_made *m = arena_alloc(&w->scratch, sizeof *m);
    if (!m) {
        return snapshot_memory(w);
    }
    int code = name_spot(w, g->parent, &cut->spot);
    code = code ? code : merge(w, &cut->spot, m);
    code = code ? code : write_spot(w, &cut->spot, m);
    arena_rewind(&w->scratch, mark);
    for (size_t i = cut->first; i != SIZE_MAX && !code; i = g->cuts[i].next) {
        code = write_cut(w, g, i); /* as deep as a slice's name has parts, which is bounded */
    }
    return code;
}

/* A slice of a slice is written behind that. */
static void nest_cuts(struct group *g)
{
    for (size_t i = 0; i < g->count; i++) {
        text slice = g->cuts[i].spot.slice;
        size_t n = slice.n;
        while (n && slice.p[n - 1] != '/') {
            n--;
        }
        uint64_t *place = n ? map_get(&g->at, text_first(slice, n - 1)) : NULL;
        if (!place || *place - 1 == i) {
            continue;
        }
        size_t in = (size_t)*place - 1;
        g->cuts[i].inside = in;
        if (g->cuts[in].last == SIZE_MAX) {
            g->cuts[in].first = i;
        } else {
            g->cuts[g->cuts[in].last].next = i;
        }
        g->cuts[in].last = i;
    }
}

static int write_slices(struct snapshot_work *w, struct group *g)
{
    int code = 0;
    nest_cuts(g);
    for (size_t i = 0; i < g->count && !code; i++) {
        code = g->cuts[i].inside == SIZE_MAX ? write_cut(w, g, i) : 0;
    }
    return code;
}

/* --- elements of one name ------------------------------------------------------------------- */

static int take_layers(struct snapshot_work *w, struct group *g, struct found *found)
{
    const struct layers *ls = &g->parent->layers;
    for (size_t i = 0; i < ls->count; i++) {
        for (const struct snapshot_change *c = ls->items[i]->first; c; c = c->next) {
            bool same = text_eq(c->name, g->whole.name);
            int code = step(w);
            code = code || !same ? code : note_found(w, found, c);
            if (code) {
                return code;
            }
            if (same) {
                if (!add_layer(w, &g->whole.layers, c)) {
                    return snapshot_memory(w);
                }
                break;
            }
        }
    }
    return 0;
}

static int write_group_in(struct snapshot_work *w, struct group *g, struct found *found)
{
    g->made = arena_alloc(&w->scratch, sizeof *g->made);
    int code = g->made ? name_spot(w, g->parent, &g->whole) : snapshot_memory(w);
    code = code ? code : take_layers(w, g, found);
    code = code ? code : merge(w, &g->whole, g->made);
    code = code || !g->tree ? code : base_slices(w, g);
    for (size_t i = 0; i < g->whole.layers.count && !code; i++) {
        code = slices_of(w, g, g->whole.layers.items[i]);
    }
    code = code ? code : shortcuts_of(w, g, found);
    code = code ? code : imply_slicing(w, g);
    code = code ? code : write_spot(w, &g->whole, g->made);
    return code ? code : write_slices(w, g);
}

/* tree NULL: the name is new. */
static int write_group(struct snapshot_work *w, const struct spot *parent,
                       const struct snapshot_tree *tree, uint32_t first, uint32_t end, text name,
                       struct found *found)
{
    struct arena_mark mark = arena_mark(&w->scratch);
    struct group g = {.tree = tree, .first = first, .end = end, .parent = parent};
    bool only_slices = tree && tree->items[first].slice.n;
    g.whole = (struct spot){.tree = tree, .at = first, .name = name};
    g.whole.slice = only_slices ? tree->items[first].slice : T("");
    g.first = only_slices ? tree->items[first].end : first;
    map_init(&g.at);
    int code = write_group_in(w, &g, found);
    map_done(&g.at);
    arena_rewind(&w->scratch, mark);
    return code;
}

/* --- what stands below an element ----------------------------------------------------------- */

static bool is_found(const struct found *found, const struct snapshot_change *c)
{
    size_t i = 0;
    while (i < found->count && found->items[i] != c) {
        i++;
    }
    return i < found->count;
}

/* The elements that the base does not have: new ones of a type, a mistake in a profile. */
static int write_new(struct snapshot_work *w, const struct spot *s,
                     const struct snapshot_change *in, struct found *found)
{
    int code = 0;
    for (const struct snapshot_change *c = in->first; c && !code; c = c->next) {
        w->steps += found->count;
        code = step(w);
        if (code || is_found(found, c)) {
            continue;
        }
        code = w->constrains
                   ? snapshot_wrong(w, c->key,
                                    "the base has no element %.*s.%.*s; a profile can only narrow "
                                    "what its base has",
                                    TEXT_ARG(text_short(s->path, 100)),
                                    TEXT_ARG(text_short(c->name, 100)))
                   : write_group(w, s, NULL, 0, 0, c->name, found);
    }
    return code;
}

static size_t spoken_of(const struct layers *ls)
{
    size_t count = 0;
    for (size_t i = 0; i < ls->count; i++) {
        for (const struct snapshot_change *c = ls->items[i]->first; c; c = c->next) {
            count++;
        }
    }
    return count;
}

static int write_below(struct snapshot_work *w, const struct spot *s,
                       const struct snapshot_tree *tree, uint32_t at)
{
    size_t all = spoken_of(&s->layers);
    struct found found = {.items = arena_zalloc(&w->scratch, all + 1, sizeof(void *)), .most = all};
    int code = found.items ? 0 : snapshot_memory(w);
    uint32_t end = tree ? tree->items[at].end : 0;
    for (uint32_t i = at + 1; i < end && !code;) {
        uint32_t next = tree->items[i].end;
        while (next < end && text_eq(tree->items[next].name, tree->items[i].name)) {
            next = tree->items[next].end;
        }
        code = write_group(w, s, tree, i, next, tree->items[i].name, &found);
        i = next;
    }
    for (size_t i = 0; i < s->layers.count && found.count < all && !code; i++) {
        code = write_new(w, s, s->layers.items[i], &found);
    }
    return code;
}

/* m: the element, merged. */
static int write_spot(struct snapshot_work *w, const struct spot *s, struct snapshot_made *m)
{
    const struct snapshot_tree *tree = s->tree;
    uint32_t at = s->at;
    int code = 0;
    bool goes_on = false;
    for (size_t i = 0; i < s->layers.count; i++) {
        goes_on = goes_on || s->layers.items[i]->first;
    }
    if (goes_on && s->depth && (!tree || tree->items[at].end == at + 1)) {
        code = snapshot_unfold(w, tree, m, &tree, &at);
    }
    code = code ? code : write_element(w, m);
    return code ? code : write_below(w, s, tree, at);
}

int snapshot_walk(struct snapshot_work *w, const struct snapshot_tree *base,
                  const struct snapshot_change *root)
{
    struct snapshot_made *m = arena_alloc(&w->scratch, sizeof *m);
    struct spot s = {.tree = base, .name = w->type, .path = w->type, .id = w->type};
    if (root && !add_layer(w, &s.layers, root)) {
        return snapshot_memory(w);
    }
    if (root && root->first_slice) {
        return snapshot_wrong(w, root->first_slice->key, "what is the whole cannot be sliced");
    }
    int code = m ? merge(w, &s, m) : snapshot_memory(w);
    if (!code && !w->constrains) {
        m->base = NULL; /* a type of its own */
        m->base_path = w->type;
    }
    return code ? code : write_spot(w, &s, m);
}
