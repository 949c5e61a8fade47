/*
 * What a run for errors alone may pass over (R4 http.html#create: every write is held to the rules
 * of the standard itself). Most elements have no rule that is an error, no binding that
 * resource_check() has not held, and types of which the same is true: nothing can come of them but
 * by an extension. So it is told once for an element when its definition is compiled, and a
 * resource without extensions is walked only where a finding may be.
 */
#include "fhir/profile_tables.h"

static bool has_error_rule(const struct profile_element *el)
{
    bool has = false;
    for (size_t i = 0; !has && i < el->rule_count; i++) {
        has = profile_rule_is_error(el->rules[i]);
    }
    return has;
}

/* A required binding to the list of codes that resource_check() has, for every element of the type
 * that the definition means: of a code alone, since of a concept there is more to say (words
 * without a code, a code of another system). Others are left out of such a run. */
static bool binding_is_held(const struct profile_element *el, const struct model_type *type)
{
    const struct profile_binding *b = el->binding;
    if (!b || b->strength != STRENGTH_REQUIRED) {
        return true;
    }
    text url = text_first(b->value_set, text_find(b->value_set, '|'));
    bool held = b->is_base && !b->max_value_set.n && type;
    for (size_t i = 0; held && i < type->count; i++) {
        const struct model_element *of = &model_elements[type->first + i];
        held = !profile_is_meant(of, el) ||
               (of->codes && profile_is_primitive(of->type) &&
                text_eq(model_text(model_code_sets[of->codes].name), url));
    }
    return held;
}

/* A definition that is being made itself is not known yet: then the element is walked. */
static bool types_are_spare(const struct profile_made *m, const struct profile_element *el)
{
    bool spare = true;
    for (size_t i = 0; spare && i < el->type_count; i++) {
        const struct profile_type *t = &el->types[i];
        const struct profile *base = NULL;
        struct err ignored;
        bool is_resource = t->model == MODEL_RESOURCE || profile_is_resource(t->model) ||
                           text_eq(t->name, T("Resource"));
        spare = !is_resource && t->profile_count == 0 &&
                (!t->base || (defs_profile(m->defs, t->base->canonical, &base, &ignored) == 0 &&
                              base->root->is_spare));
    }
    return spare;
}

bool profile_element_is_spare(const struct profile_made *m, const struct profile_element *el,
                              const struct model_type *type)
{
    bool plain = !el->fixed && !el->pattern && !el->least && !el->most && !el->longest &&
                 !el->check_min && !el->check_max && !el->check_types && !el->check_targets &&
                 !el->slice_count && !el->content;
    if (!m->defs || !m->profile->is_base || text_eq(m->profile->type, T("Extension")) || !plain) {
        return false;
    }
    if (el->is_extension) {
        return true;
    }
    if (has_error_rule(el) || !binding_is_held(el, type)) {
        return false;
    }
    const struct profile_children *c = el->children;
    bool spare = true;
    for (size_t i = 0; c && spare && i < c->count; i++) {
        spare = c->items[i]->is_spare;
    }
    return spare && (el == m->profile->root || types_are_spare(m, el));
}

/* Keys and values alike: a text that only looks so costs time, no more. */
bool profile_has_extensions(const yyjson_val *root)
{
    static const text plain = T("extension");
    static const text modifier = T("modifierExtension");
    const yyjson_val *end = json_after(root);
    for (const yyjson_val *v = root; v < end; v++) {
        if (json_type(v) != YYJSON_TYPE_STR || !json_len(v)) {
            continue;
        }
        text t = text_make(v->uni.str, json_len(v));
        if (t.p[0] == '_' || (t.n == plain.n && text_eq(t, plain)) ||
            (t.n == modifier.n && text_eq(t, modifier))) {
            return true;
        }
    }
    return false;
}
