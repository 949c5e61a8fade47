/* A StructureDefinition with its snapshot, compiled. */
#include "base/map.h"
#include "fhir/profile_tables.h"

int profile_no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "no memory for a profile");
}

text profile_url(const struct profile *p)
{
    return p->url;
}

text profile_version(const struct profile *p)
{
    return p->version;
}

text profile_type(const struct profile *p)
{
    return p->type;
}

bool profile_is_abstract(const struct profile *p)
{
    return p->is_abstract;
}

/* --- where an element belongs ---------------------------------------------------------------- */

static size_t level_of(text path)
{
    size_t dots = 0;
    for (size_t i = 0; i < path.n; i++) {
        dots += path.p[i] == '.';
    }
    return dots;
}

text profile_last_of(text path)
{
    size_t at = path.n;
    while (at && path.p[at - 1] != '.') {
        at--;
    }
    return text_from(path, at);
}

text profile_bare_name(text path)
{
    text name = profile_last_of(path);
    return text_ends(name, T("[x]")) ? text_first(name, name.n - 3) : name;
}

static bool is_choice_path(text path)
{
    return text_ends(path, T("[x]"));
}

static void add_child(struct profile_element *parent, struct profile_element *el)
{
    el->parent = parent;
    if (parent->last_child) {
        parent->last_child->next = el;
    } else {
        parent->first_child = el;
    }
    parent->last_child = el;
    parent->child_count++;
}

static void add_slice(struct profile_element *of, struct profile_element *el)
{
    el->parent = of;
    if (of->last_slice) {
        of->last_slice->next = el;
    } else {
        of->first_slice = el;
    }
    of->last_slice = el;
    of->slice_count++;
}

/* valueQuantity is a slice of value[x], whose types are those of the choice. */
static bool is_of_choice(text choice, text name)
{
    text stem = text_first(choice, choice.n - 3);
    if (name.n <= stem.n || !text_starts(name, stem)) {
        return false;
    }
    char first = name.p[stem.n];
    return first >= 'A' && first <= 'Z';
}

/* The element of which a slice is one: its path without a slice's name, else the choice that a
 * concrete name belongs to. */
static struct profile_element *sliced_of(struct profile_element *parent, text path)
{
    text name = profile_last_of(path);
    struct profile_element *choice = NULL;
    for (struct profile_element *c = parent->first_child; c; c = c->next) {
        text other = profile_last_of(c->path);
        if (text_eq(other, name)) {
            return c;
        }
        if (is_choice_path(c->path) && is_of_choice(other, name)) {
            choice = c;
        }
    }
    return choice;
}

/* A slice "a/b" is one of the slice "a". */
static struct profile_element *slice_within(struct profile_element *of, text name)
{
    struct profile_element *in = of;
    for (size_t level = 0; level < PROFILE_LEVELS_MAX; level++) {
        struct profile_element *next = NULL;
        for (struct profile_element *s = in->first_slice; s && !next; s = s->next) {
            bool is_within =
                text_starts(name, s->slice) && name.n > s->slice.n + 1 && name.p[s->slice.n] == '/';
            next = is_within ? s : NULL;
        }
        if (!next) {
            return in;
        }
        in = next;
    }
    return in;
}

static int place_element(struct profile_made *m, struct profile_element *parent,
                         struct profile_element *el)
{
    struct profile_element *of = sliced_of(parent, el->path);
    if (!of) {
        add_child(parent, el);
        return 0;
    }
    if (!el->slice.n && text_eq(of->path, el->path)) {
        return err_set(m->e, ERR_INVALID,
                       "the snapshot of '%.*s' has the element '%.*s' twice, and neither is a "
                       "slice; give one a sliceName, or leave it out",
                       TEXT_ARG(text_short(m->profile->url, 200)),
                       TEXT_ARG(text_short(el->path, 200)));
    }
    if (!el->slice.n) {
        el->slice = profile_last_of(el->path);
    }
    of = slice_within(of, el->slice);
    if (!of->slicing) {
        of->slicing = arena_zalloc(m->arena, 1, sizeof *of->slicing);
        if (!of->slicing) {
            return profile_no_memory(m->e);
        }
    }
    of->slicing->by_choice |= is_choice_path(of->path);
    add_slice(of, el);
    return 0;
}

/* --- the snapshot's list as a tree ----------------------------------------------------------- */

static int no_place(struct profile_made *m, text path)
{
    return err_set(m->e, ERR_INVALID,
                   "the element '%.*s' of the snapshot of '%.*s' stands behind no element that it "
                   "could be in; make the snapshot anew",
                   TEXT_ARG(text_short(path, 200)), TEXT_ARG(text_short(m->profile->url, 200)));
}

static int read_element(struct profile_made *m, const yyjson_val *definition,
                        struct profile_element **open, size_t *levels)
{
    struct profile_element *el = arena_zalloc(m->arena, 1, sizeof *el);
    if (!el) {
        return profile_no_memory(m->e);
    }
    el->path = json_text(json_get(definition, T("path")));
    size_t level = level_of(el->path);
    int rc = profile_element_make(m, definition, el);
    if (rc) {
        return rc;
    }
    if (!m->profile->root) {
        m->profile->root = el;
        open[0] = el;
        *levels = 1;
        return level || !el->path.n ? no_place(m, el->path) : 0;
    }
    if (level == 0 || level > *levels || level >= PROFILE_LEVELS_MAX ||
        !text_starts(el->path, open[level - 1]->path) ||
        el->path.p[open[level - 1]->path.n] != '.') {
        return no_place(m, el->path);
    }
    open[level] = el;
    *levels = level + 1;
    return place_element(m, open[level - 1], el);
}

static int read_elements(struct profile_made *m, const yyjson_val *elements)
{
    struct profile_element *open[PROFILE_LEVELS_MAX] = {0};
    size_t levels = 0;
    if (json_type(elements) != YYJSON_TYPE_ARR || !json_len(elements)) {
        return err_set(m->e, ERR_INVALID,
                       "the StructureDefinition '%.*s' has no snapshot; have one made first",
                       TEXT_ARG(text_short(m->profile->url, 200)));
    }
    if (json_len(elements) > PROFILE_ELEMENTS_MAX) {
        return err_set(m->e, ERR_INVALID, "the snapshot of '%.*s' has more than %d elements",
                       TEXT_ARG(text_short(m->profile->url, 200)), PROFILE_ELEMENTS_MAX);
    }
    const yyjson_val *one = elements + 1;
    int rc = 0;
    for (size_t left = json_len(elements); left && !rc; left--, one = json_after(one)) {
        rc = read_element(m, one, open, &levels);
    }
    return rc;
}

/* --- where an extension may stand ------------------------------------------------------------- */

static int read_contexts(struct profile_made *m, const yyjson_val *contexts)
{
    size_t count = json_type(contexts) == YYJSON_TYPE_ARR ? json_len(contexts) : 0;
    struct profile *p = m->profile;
    p->contexts = arena_zalloc(m->arena, count, sizeof *p->contexts);
    if (!p->contexts) {
        return profile_no_memory(m->e);
    }
    const yyjson_val *one = count ? contexts + 1 : NULL;
    for (size_t i = 0; i < count; i++, one = json_after(one)) {
        struct profile_context *c = &p->contexts[p->context_count++];
        c->type = json_text(json_get(one, T("type")));
        c->expression = json_text(json_get(one, T("expression")));
        if (text_eq(c->type, T("fhirpath"))) {
            int rc = path_compile(c->expression, m->arena, &c->path, m->e);
            if (rc) {
                return rc;
            }
        }
    }
    return 0;
}

static int read_invariants(struct profile_made *m, const yyjson_val *list)
{
    size_t count = json_type(list) == YYJSON_TYPE_ARR ? json_len(list) : 0;
    struct profile *p = m->profile;
    p->invariants = arena_zalloc(m->arena, count, sizeof(const struct path *));
    p->invariant_words = arena_zalloc(m->arena, count, sizeof *p->invariant_words);
    if (!p->invariants || !p->invariant_words) {
        return profile_no_memory(m->e);
    }
    const yyjson_val *one = count ? list + 1 : NULL;
    int rc = 0;
    for (size_t i = 0; i < count && !rc; i++, one = json_after(one)) {
        p->invariant_words[i] = json_text(one);
        rc = path_compile(json_text(one), m->arena, &p->invariants[i], m->e);
        p->invariant_count = i + 1;
    }
    return rc;
}

/* --- what it is compared with ------------------------------------------------------------------
 */

/* The base definition holds of every resource, and is checked by itself: a profile repeats most of
 * it. Without it everything is checked. */
static int read_base(struct profile_made *m)
{
    const yyjson_val *base = NULL;
    struct err ignored;
    if (m->profile->is_base || !m->defs ||
        defs_snapshot(m->defs, m->profile->type, &base, &ignored)) {
        return 0;
    }
    const yyjson_val *elements = json_get(json_get(base, T("snapshot")), T("element"));
    const yyjson_val *one = elements ? elements + 1 : NULL;
    size_t count = json_type(elements) == YYJSON_TYPE_ARR ? json_len(elements) : 0;
    for (size_t i = 0; i < count; i++, one = json_after(one)) {
        bool is_new;
        uint64_t *at = map_put(m->base_paths, json_text(json_get(one, T("path"))), &is_new);
        if (!at) {
            return profile_no_memory(m->e);
        }
        *at = is_new ? (uint64_t)(uintptr_t)one : *at;
    }
    return 0;
}

static int compile(struct profile_made *m, const yyjson_val *definition)
{
    struct profile *p = m->profile;
    p->url = json_text(json_get(definition, T("url")));
    p->version = json_text(json_get(definition, T("version")));
    p->type = json_text(json_get(definition, T("type")));
    p->is_base = !text_eq(json_text(json_get(definition, T("derivation"))), T("constraint"));
    p->is_abstract = json_is_true(json_get(definition, T("abstract")));
    int rc = read_base(m);
    rc = rc ? rc : read_elements(m, json_get(json_get(definition, T("snapshot")), T("element")));
    rc = rc ? rc : profile_tables_make(m, p->root);
    rc = rc ? rc : read_contexts(m, json_get(definition, T("context")));
    return rc ? rc : read_invariants(m, json_get(definition, T("contextInvariant")));
}

int profile_compile(struct defs *d, const yyjson_val *definition, struct arena *a,
                    const struct profile **ret_profile, struct err *e)
{
    struct map base_paths;
    struct profile_made m = {.defs = d, .arena = a, .e = e, .base_paths = &base_paths};
    m.profile = arena_zalloc(a, 1, sizeof *m.profile);
    if (!m.profile) {
        return profile_no_memory(e);
    }
    map_init(&base_paths);
    int rc = compile(&m, definition);
    map_done(&base_paths);
    if (!rc) {
        *ret_profile = m.profile;
    }
    return rc;
}
