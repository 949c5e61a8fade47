/* The tree of a profile's elements as tables by the numbers of the model. */
#include "fhir/profile_tables.h"

static bool is_choice(const struct profile_element *el)
{
    return text_ends(el->path, T("[x]"));
}

static const struct model_type *members_type(uint16_t model)
{
    return &model_types[profile_is_primitive(model) ? MODEL_ELEMENT : model];
}

text profile_short_name(const struct model_element *el)
{
    text name = model_text(el->name);
    return el->choice ? text_first(name, name.n - model_text(model_types[el->type].name).n) : name;
}

bool profile_is_meant(const struct model_element *of, const struct profile_element *el)
{
    return is_choice(el)
               ? of->choice && text_eq(profile_short_name(of), profile_bare_name(el->path))
               : text_eq(model_text(of->name), profile_last_of(el->path));
}

/* The type of the values of an element, where there is but one. */
static uint16_t model_under(uint16_t parent, const struct profile_element *el)
{
    uint16_t named = el->type_count == 1 ? el->types[0].model : MODEL_NONE;
    if (parent == MODEL_NONE || is_choice(el)) {
        return named;
    }
    const struct model_element *of = model_find(members_type(parent), profile_last_of(el->path));
    if (!of) {
        return MODEL_NONE;
    }
    return of->type == MODEL_RESOURCE ? named : of->type;
}

/* --- contentReference ------------------------------------------------------------------------ */

static struct profile_element *named(struct profile_element *el, text name, bool by_path,
                                     unsigned depth)
{
    if (depth > PROFILE_DEPTH_MAX) {
        return NULL;
    }
    if (text_eq(by_path ? el->path : el->id, name)) {
        return el;
    }
    struct profile_element *found = NULL;
    for (struct profile_element *c = el->first_child; c && !found; c = c->next) {
        found = named(c, name, by_path, depth + 1);
    }
    for (struct profile_element *s = el->first_slice; s && !found; s = s->next) {
        found = named(s, name, by_path, depth + 1);
    }
    return found;
}

static int find_content(struct profile_made *m, struct profile_element *el)
{
    if (!el->content_name.n) {
        return 0;
    }
    el->content = named(m->profile->root, el->content_name, false, 0);
    el->content = el->content ? el->content : named(m->profile->root, el->content_name, true, 0);
    if (!el->content || el->content == el || el->content->content_name.n) {
        return err_set(m->e, ERR_INVALID,
                       "the element '%.*s' of '%.*s' has the contentReference '#%.*s', which is no "
                       "element of its snapshot with content of its own",
                       TEXT_ARG(text_short(el->path, 200)),
                       TEXT_ARG(text_short(m->profile->url, 200)),
                       TEXT_ARG(text_short(el->content_name, 100)));
    }
    return 0;
}

/* --- what there is to check ------------------------------------------------------------------- */

/* Whether the target profiles allow no less than the base definition does. */
static bool targets_are_base(const struct profile_type *type, uint16_t allowed)
{
    uint64_t set[MODEL_TARGET_WORDS] = {0};
    for (size_t i = 0; i < type->target_count; i++) {
        text url = type->targets[i].canonical;
        text name = text_from(url, sizeof DEFS_BASE - 1);
        fhir_type t = fhir_type_of(name);
        if (!text_starts(url, T(DEFS_BASE)) || (!t && !text_eq(name, T("Resource")))) {
            return false;
        }
        if (!t) {
            return true;
        }
        set[t >> 6] |= (uint64_t)1 << (t & 63);
    }
    for (size_t i = 0; i < MODEL_TARGET_WORDS; i++) {
        uint64_t most = allowed ? model_targets[allowed][i] : UINT64_MAX;
        if (most & ~set[i]) {
            return false;
        }
    }
    return true;
}

static void look_at_types(const struct profile_made *m, uint16_t parent, struct profile_element *el)
{
    if (m->profile->is_base || parent == MODEL_NONE) {
        return;
    }
    const struct model_type *type = members_type(parent);
    size_t possible = 0;
    uint16_t allowed = 0;
    for (size_t i = 0; i < type->count; i++) {
        const struct model_element *of = &model_elements[type->first + i];
        if (!profile_is_meant(of, el)) {
            continue;
        }
        possible++;
        allowed = of->type == MODEL_REFERENCE ? of->targets : allowed;
        el->check_types |= of->type == MODEL_RESOURCE && el->type_count &&
                           !(el->type_count == 1 && text_eq(el->types[0].name, T("Resource")));
    }
    el->check_types |= is_choice(el) && el->type_count && el->type_count < possible;
    for (size_t i = 0; i < el->type_count; i++) {
        const struct profile_type *t = &el->types[i];
        bool narrowed = t->target_count && !targets_are_base(t, allowed);
        el->check_targets |= t->model == MODEL_REFERENCE &&
                             (narrowed || t->aggregation || t->versioning != VERSIONING_EITHER);
    }
}

static bool has_profiles(const struct profile_element *el)
{
    for (size_t i = 0; i < el->type_count; i++) {
        if (el->types[i].profile_count || el->types[i].base) {
            return true;
        }
    }
    return false;
}

static bool is_idle(const struct profile_made *m, const struct profile_element *el)
{
    bool is_plain = !el->rule_count && !el->binding && !el->fixed && !el->pattern && !el->least &&
                    !el->most && !el->longest && !el->check_min && !el->check_max &&
                    !el->check_types && !el->check_targets && !el->codings && !has_profiles(el) &&
                    !el->content && !el->children;
    bool is_closed = el->slicing && el->slicing->rules == SLICING_CLOSED && !el->is_extension;
    bool is_resource = el->type_count == 1 && text_eq(el->types[0].name, T("Resource"));
    bool needs_walk = m->profile->is_base && (el->is_extension || is_resource);
    for (size_t i = 0; is_plain && i < el->slice_count; i++) {
        is_plain =
            el->slices[i]->is_idle && !el->slicing->ordered && el->slicing->rules == SLICING_OPEN;
    }
    return is_plain && !is_closed && !needs_walk;
}

/* --- the tables ----------------------------------------------------------------------------- */

static bool is_needed(const struct profile_element *el, unsigned depth)
{
    if (el->max == 0 || depth > PROFILE_LEVELS_MAX) {
        return false;
    }
    bool needed = el->check_min && el->min > 0;
    for (size_t i = 0; !needed && i < el->slice_count; i++) {
        needed = is_needed(el->slices[i], depth + 1);
    }
    return needed;
}

/* Only what has something to check is in the table. */
static int fill(struct profile_made *m, struct profile_element *el, uint16_t model)
{
    const struct model_type *type = members_type(model);
    struct profile_children *c = arena_zalloc(m->arena, 1, sizeof *c);
    if (!c) {
        return profile_no_memory(m->e);
    }
    c->model = (uint16_t)(type - model_types);
    c->items = arena_zalloc(m->arena, el->child_count, sizeof(struct profile_element *));
    c->of_element = arena_zalloc(m->arena, type->count, sizeof *c->of_element);
    c->needed = arena_zalloc(m->arena, el->child_count, sizeof *c->needed);
    if (!c->items || !c->of_element || !c->needed) {
        return profile_no_memory(m->e);
    }
    bool plain = false;
    for (struct profile_element *child = el->first_child; child; child = child->next) {
        bool is_known = false;
        for (size_t i = 0; !child->is_idle && i < type->count; i++) {
            const struct model_element *of = &model_elements[type->first + i];
            if (profile_is_meant(of, child)) {
                c->of_element[i] = (uint16_t)(c->count + 1);
                is_known = true;
                plain |= profile_is_primitive(of->type) && !child->is_spare;
            }
        }
        if (is_known && is_needed(child, 0)) {
            c->needed[c->needed_count++] = c->count;
        }
        if (is_known) {
            c->items[c->count++] = child;
        }
    }
    c->spares_plain = !plain && !c->needed_count;
    el->children = c->count ? c : NULL;
    return 0;
}

static int list_slices(struct profile_made *m, struct profile_element *el)
{
    if (!el->slice_count) {
        return 0;
    }
    el->slices = arena_zalloc(m->arena, el->slice_count, sizeof(struct profile_element *));
    if (!el->slices) {
        return profile_no_memory(m->e);
    }
    size_t i = 0;
    for (struct profile_element *s = el->first_slice; s; s = s->next) {
        el->slices[i++] = s;
    }
    return 0;
}

static int too_deep(struct profile_made *m)
{
    return err_set(m->e, ERR_INVALID, "the slices of '%.*s' are nested too deep",
                   TEXT_ARG(text_short(m->profile->url, 200)));
}

/* The element by which slices are counted: the one that is no slice itself. */
static struct profile_element *outermost(struct profile_element *el)
{
    struct profile_element *of = el;
    while (of->parent && of->slice.n) {
        of = of->parent;
    }
    return of;
}

/* parent: the type that the element is one of; depth: of the recursion. */
static int finish(struct profile_made *m, struct profile_element *el, uint16_t parent,
                  unsigned depth)
{
    uint16_t model = depth ? model_under(parent, el) : profile_model_of(m->profile->type);
    if (depth > PROFILE_DEPTH_MAX) {
        return too_deep(m);
    }
    int rc = list_slices(m, el);
    rc = rc ? rc : find_content(m, el);
    for (struct profile_element *c = el->first_child; c && !rc; c = c->next) {
        rc = finish(m, c, model, depth + 1);
    }
    struct profile_element *whole = el->slice_count ? outermost(el) : NULL;
    for (size_t i = 0; i < el->slice_count && !rc; i++) {
        el->slices[i]->number = whole->slice_total++;
        rc = finish(m, el->slices[i], parent, depth + 1);
    }
    if (!rc && el->first_child && model != MODEL_NONE && model != MODEL_RESOURCE) {
        rc = fill(m, el, model);
    }
    rc = rc ? rc : profile_quick_make(m, el);
    if (depth) {
        look_at_types(m, parent, el);
    }
    el->is_idle = is_idle(m, el);
    el->is_spare =
        profile_element_is_spare(m, el, parent == MODEL_NONE ? NULL : members_type(parent));
    return rc;
}

int profile_tables_make(struct profile_made *m, struct profile_element *root)
{
    return finish(m, root, MODEL_NONE, 0);
}
