/* One ElementDefinition, compiled. */
#include "base/map.h"
#include "fhir/profile_tables.h"

uint16_t profile_model_of(text name)
{
    fhir_type resource = fhir_type_of(name);
    if (resource) {
        return resource;
    }
    if (text_eq(name, T("DomainResource"))) {
        return MODEL_RESOURCE;
    }
    for (unsigned i = MODEL_BASE64_BINARY; i < model_type_count; i++) {
        if (text_eq(model_text(model_types[i].name), name)) {
            return (uint16_t)i;
        }
    }
    return MODEL_NONE;
}

static size_t count_of(const yyjson_val *array)
{
    return json_type(array) == YYJSON_TYPE_ARR ? json_len(array) : 0;
}

/* --- numbers -------------------------------------------------------------------------------- */

static bool read_count(const yyjson_val *v, uint32_t *ret)
{
    uint64_t n;
    text t = json_text(v);
    if (text_eq(t, T("*"))) {
        *ret = PROFILE_ANY;
        return true;
    }
    if (!text_to_u64(t, &n) || n >= PROFILE_ANY) {
        return false;
    }
    *ret = (uint32_t)n;
    return true;
}

/* resource_check() has held what the base definitions say: of them only "at most 3" is left. */
static int read_cardinality(struct profile_made *m, const yyjson_val *definition,
                            struct profile_element *el)
{
    uint32_t base_min = 0;
    uint32_t base_max = PROFILE_ANY;
    const yyjson_val *min = json_get(definition, T("min"));
    const yyjson_val *max = json_get(definition, T("max"));
    el->max = PROFILE_ANY;
    if ((min && (!read_count(min, &el->min) || el->min == PROFILE_ANY)) ||
        (max && !read_count(max, &el->max)) || el->min > el->max) {
        return err_set(m->e, ERR_INVALID,
                       "the element '%.*s' of '%.*s' has no possible cardinality; min is a number, "
                       "max a number that is not less, or *",
                       TEXT_ARG(text_short(el->path, 200)),
                       TEXT_ARG(text_short(m->profile->url, 200)));
    }
    if (m->profile->is_base) {
        el->check_max = el->max > 1 && el->max != PROFILE_ANY;
        return 0;
    }
    const yyjson_val *base = json_get(definition, T("base"));
    (void)read_count(json_get(base, T("min")), &base_min);
    (void)read_count(json_get(base, T("max")), &base_max);
    el->check_min = el->min > base_min || (el->slice.n && el->min);
    el->check_max = el->max < base_max || (el->slice.n && el->max != PROFILE_ANY);
    return 0;
}

/* --- types ---------------------------------------------------------------------------------- */

static int read_links(struct profile_made *m, const yyjson_val *array, struct profile_link **ret,
                      size_t *ret_count)
{
    size_t count = count_of(array);
    *ret_count = 0;
    *ret = NULL;
    if (!count) {
        return 0;
    }
    struct profile_link *links = arena_zalloc(m->arena, count, sizeof *links);
    if (!links) {
        return profile_no_memory(m->e);
    }
    const yyjson_val *one = array + 1;
    for (size_t i = 0; i < count; i++, one = json_after(one)) {
        links[i].canonical = json_text(one);
    }
    *ret = links;
    *ret_count = count;
    return 0;
}

static uint8_t aggregation_of(const yyjson_val *array)
{
    uint8_t found = 0;
    const yyjson_val *one = count_of(array) ? array + 1 : NULL;
    for (size_t i = 0; i < count_of(array); i++, one = json_after(one)) {
        text t = json_text(one);
        found |= text_eq(t, T("contained")) ? PROFILE_CONTAINED : 0;
        found |= text_eq(t, T("referenced")) ? PROFILE_REFERENCED : 0;
        found |= text_eq(t, T("bundled")) ? PROFILE_BUNDLED : 0;
    }
    return found;
}

/* The definitions of primitives say nothing that resource_check() has not held; those of Element
 * and BackboneElement are everywhere and say nothing either. */
static int read_type_base(struct profile_made *m, struct profile_type *type)
{
    bool is_plain = type->model == MODEL_NONE || profile_is_primitive(type->model) ||
                    type->model == MODEL_ELEMENT || type->model == MODEL_RESOURCE ||
                    profile_is_resource(type->model) || text_eq(type->name, T("BackboneElement"));
    if (!m->profile->is_base || !m->profile->root || is_plain) {
        return 0;
    }
    type->base = arena_zalloc(m->arena, 1, sizeof *type->base);
    if (!type->base) {
        return profile_no_memory(m->e);
    }
    type->base->canonical = type->name;
    return 0;
}

static int read_type(struct profile_made *m, const yyjson_val *definition,
                     struct profile_type *type)
{
    type->name = json_text(json_get(definition, T("code")));
    type->model = profile_model_of(type->name);
    type->is_domain = text_eq(type->name, T("DomainResource"));
    type->aggregation = aggregation_of(json_get(definition, T("aggregation")));
    text versioning = json_text(json_get(definition, T("versioning")));
    type->versioning = text_eq(versioning, T("independent")) ? VERSIONING_INDEPENDENT
                       : text_eq(versioning, T("specific"))  ? VERSIONING_SPECIFIC
                                                             : VERSIONING_EITHER;
    int rc = read_type_base(m, type);
    rc = rc ? rc
            : read_links(m, json_get(definition, T("profile")), &type->profiles,
                         &type->profile_count);
    return rc ? rc
              : read_links(m, json_get(definition, T("targetProfile")), &type->targets,
                           &type->target_count);
}

static int read_types(struct profile_made *m, const yyjson_val *definition,
                      struct profile_element *el)
{
    const yyjson_val *array = json_get(definition, T("type"));
    size_t count = count_of(array);
    if (!count) {
        return 0;
    }
    el->types = arena_zalloc(m->arena, count, sizeof *el->types);
    if (!el->types) {
        return profile_no_memory(m->e);
    }
    const yyjson_val *one = array + 1;
    int rc = 0;
    for (; el->type_count < count && !rc; one = json_after(one)) {
        rc = read_type(m, one, &el->types[el->type_count++]);
    }
    el->is_extension = count == 1 && text_eq(el->types[0].name, T("Extension"));
    return rc;
}

/* --- what the base says already -------------------------------------------------------------- */

/* The base definition's element of the same place; NULL: in a datatype, or not known. */
static const yyjson_val *base_of(const struct profile_made *m, text path)
{
    const uint64_t *at = map_get(m->base_paths, path);
    return at ? (const yyjson_val *)(uintptr_t)*at : NULL;
}

static bool same_member(const yyjson_val *a, const yyjson_val *b, text name)
{
    const yyjson_val *x = json_get(a, name);
    const yyjson_val *y = json_get(b, name);
    return x == y || (x && y && json_same(x, y));
}

static bool has_rule(const yyjson_val *definition, text key)
{
    const yyjson_val *array = json_get(definition, T("constraint"));
    const yyjson_val *one = count_of(array) ? array + 1 : NULL;
    for (size_t i = 0; i < count_of(array); i++, one = json_after(one)) {
        if (text_eq(json_text(json_get(one, T("key"))), key)) {
            return true;
        }
    }
    return false;
}

/* A rule of a type of R4 itself: its source is a name without a profile's hyphens. */
static bool is_of_base(text source)
{
    text name =
        text_starts(source, T(DEFS_BASE)) ? text_from(source, sizeof DEFS_BASE - 1) : source;
    return name.n && name.p[0] >= 'A' && name.p[0] <= 'Z' && profile_model_of(name) != MODEL_NONE;
}

static int read_rules(struct profile_made *m, const yyjson_val *definition,
                      struct profile_element *el)
{
    const yyjson_val *array = json_get(definition, T("constraint"));
    size_t count = count_of(array);
    if (!count) {
        return 0;
    }
    const yyjson_val *base = base_of(m, el->path);
    el->rules = arena_zalloc(m->arena, count, sizeof(const struct profile_rule *));
    if (!el->rules) {
        return profile_no_memory(m->e);
    }
    const yyjson_val *one = array + 1;
    for (size_t i = 0; i < count; i++, one = json_after(one)) {
        const struct profile_rule *rule = NULL;
        text source = json_text(json_get(one, T("source")));
        if (!m->profile->is_base &&
            (is_of_base(source) || has_rule(base, json_text(json_get(one, T("key")))))) {
            continue;
        }
        int rc =
            profile_rule_compile(one, source.n ? source : m->profile->url, m->arena, &rule, m->e);
        if (rc) {
            return rc;
        }
        if (rule) {
            el->rules[el->rule_count++] = rule;
        }
    }
    return 0;
}

static bool is_coded(const struct profile_element *el)
{
    for (size_t i = 0; i < el->type_count; i++) {
        uint16_t model = el->types[i].model;
        if (model == MODEL_CODING || model == MODEL_CODEABLE_CONCEPT ||
            text_eq(el->types[i].name, T("Quantity"))) {
            return true;
        }
    }
    return false;
}

static int read_binding(struct profile_made *m, const yyjson_val *definition,
                        struct profile_element *el)
{
    const yyjson_val *binding = json_get(definition, T("binding"));
    const yyjson_val *base = json_get(base_of(m, el->path), T("binding"));
    bool is_same = binding && base && same_member(binding, base, T("strength")) &&
                   same_member(binding, base, T("valueSet")) &&
                   same_member(binding, base, T("extension"));
    if (binding && !is_same) {
        int rc = profile_binding_compile(binding, m->arena, &el->binding, m->e);
        if (rc) {
            return rc;
        }
    }
    el->codings = m->profile->is_base && !el->binding && is_coded(el);
    return 0;
}

/* --- values --------------------------------------------------------------------------------- */

/* fixed[x], pattern[x], minValue[x], maxValue[x], maxLength. */
static void read_values(const yyjson_val *definition, struct profile_element *el)
{
    const yyjson_val *key = definition + 1;
    for (size_t left = json_len(definition); left; left--, key = json_after(key + 1)) {
        text name = json_text(key);
        if (text_starts(name, T("fixed"))) {
            el->fixed_name = name;
            el->fixed = key + 1;
        } else if (text_starts(name, T("pattern"))) {
            el->pattern = key + 1;
        } else if (text_starts(name, T("minValue")) && !text_eq(name, T("minValueSet"))) {
            el->least_name = name;
            el->least = key + 1;
        } else if (text_starts(name, T("maxValue")) && !text_eq(name, T("maxValueSet"))) {
            el->most_name = name;
            el->most = key + 1;
        } else if (text_eq(name, T("maxLength"))) {
            (void)text_to_u64(json_text(key + 1), &el->longest);
        }
    }
}

static void read_content(const yyjson_val *definition, struct profile_element *el)
{
    text reference = json_text(json_get(definition, T("contentReference")));
    size_t hash = text_find(reference, '#');
    el->content_name = text_from(reference, hash + 1);
}

int profile_element_make(struct profile_made *m, const yyjson_val *definition,
                         struct profile_element *el)
{
    if (json_type(definition) != YYJSON_TYPE_OBJ) {
        return err_set(m->e, ERR_INVALID, "the snapshot of '%.*s' has an element that is no object",
                       TEXT_ARG(text_short(m->profile->url, 200)));
    }
    bool is_root = !m->profile->root;
    el->id = json_text(json_get(definition, T("id")));
    el->slice = is_root ? (text){NULL, 0} : json_text(json_get(definition, T("sliceName")));
    read_values(definition, el);
    read_content(definition, el);
    int rc = read_cardinality(m, definition, el);
    rc = rc ? rc : read_types(m, definition, el);
    rc = rc ? rc : read_rules(m, definition, el);
    rc = rc ? rc : read_binding(m, definition, el);
    rc = rc ? rc : profile_slicing_make(m, json_get(definition, T("slicing")), el);
    if (is_root) {
        m->profile->is_modifier = json_is_true(json_get(definition, T("isModifier")));
    }
    return rc;
}
