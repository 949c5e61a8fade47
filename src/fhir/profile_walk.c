/* A resource or element walked along a profile's tables. */
#include "fhir/profile_tables.h"

/* --- the values of one element ---------------------------------------------------------------- */

static bool is_present(const yyjson_val *v)
{
    return v && json_type(v) != YYJSON_TYPE_NULL;
}

static uint16_t type_of_value(const struct model_element *el, const yyjson_val *value)
{
    fhir_type own = 0;
    if (el->type == MODEL_RESOURCE) {
        own = fhir_type_of(json_text(json_get(value, T("resourceType"))));
    }
    return own ? own : el->type;
}

void profile_values_begin(struct profile_values *v, const struct path_node *parent,
                          const struct model_element *el, const yyjson_val *value,
                          const yyjson_val *shadow)
{
    bool values = json_type(value) == YYJSON_TYPE_ARR;
    bool shadows = json_type(shadow) == YYJSON_TYPE_ARR;
    *v = (struct profile_values){.el = el, .many = values || shadows};
    v->node = (struct path_node){
        .name = profile_short_name(el),
        .repeats = (el->flags & MODEL_REPEATS) != 0,
        .parent = parent,
        .index = UINT32_MAX, /* before the first */
    };
    v->values_left = values ? json_len(value) : 0;
    v->shadows_left = shadows ? json_len(shadow) : 0;
    v->value = values ? (v->values_left ? value + 1 : NULL) : value;
    v->shadow = shadows ? (v->shadows_left ? shadow + 1 : NULL) : shadow;
}

static bool take(struct profile_values *v)
{
    v->node.value = is_present(v->value) ? v->value : NULL;
    v->node.shadow = json_type(v->shadow) == YYJSON_TYPE_OBJ ? v->shadow : NULL;
    v->node.type = type_of_value(v->el, v->node.value);
    v->node.index++;
    return v->node.value || v->node.shadow;
}

static void move(const yyjson_val **at, size_t *left)
{
    if (*left) {
        (*left)--;
        *at = *left ? json_after(*at) : NULL;
    }
}

bool profile_values_next(struct profile_values *v)
{
    if (!v->many) {
        bool first = !v->done;
        v->done = true;
        return first && take(v);
    }
    while (v->values_left || v->shadows_left) {
        bool found = take(v);
        move(&v->value, &v->values_left);
        move(&v->shadow, &v->shadows_left);
        if (found) {
            return true;
        }
    }
    return false;
}

/* --- the members of an object ------------------------------------------------------------------
 */

const yyjson_val *profile_members(const struct path_node *node)
{
    const yyjson_val *v = profile_is_primitive(node->type) ? node->shadow : node->value;
    return json_type(v) == YYJSON_TYPE_OBJ ? v : NULL;
}

static const struct model_type *members_type(uint16_t type)
{
    return &model_types[profile_is_primitive(type) ? MODEL_ELEMENT : type];
}

static const yyjson_val *shadow_of(const yyjson_val *object, text name)
{
    char room[256];
    if (name.n >= sizeof room) {
        return NULL;
    }
    room[0] = '_';
    memcpy(room + 1, name.p, name.n);
    return json_get(object, text_make(room, name.n + 1));
}

static bool has_shadows(const yyjson_val *object)
{
    const yyjson_val *key = object + 1;
    for (size_t left = json_len(object); left; left--, key = json_after(key + 1)) {
        text name = json_text(key);
        if (name.n && name.p[0] == '_') {
            return true;
        }
    }
    return false;
}

/* A member with what stands beside it. A shadow alone counts for itself; with a value beside it it
 * is passed over (NULL), since the value brings it. */
struct member {
    const struct model_element *el;
    const yyjson_val *value, *shadow;
};

static bool read_member(const struct model_type *type, const yyjson_val *object,
                        const yyjson_val *key, bool shadows, struct member *ret)
{
    text name = json_text(key);
    bool is_shadow = name.n && name.p[0] == '_';
    text bare = is_shadow ? text_from(name, 1) : name;
    *ret = (struct member){.el = model_find(type, bare)};
    if (!ret->el || (is_shadow && json_get(object, bare))) {
        return false;
    }
    if (is_shadow) {
        ret->shadow = key + 1;
    } else {
        ret->value = key + 1;
        ret->shadow =
            shadows && profile_is_primitive(ret->el->type) ? shadow_of(object, bare) : NULL;
    }
    return true;
}

int profile_each_member(const struct path_node *node, text name, profile_visit *visit,
                        void *context)
{
    const struct model_type *type = members_type(node->type);
    const yyjson_val *object = profile_members(node);
    if (!object) {
        return 0;
    }
    bool shadows = has_shadows(object);
    const yyjson_val *key = object + 1;
    int rc = 0;
    for (size_t left = json_len(object); left && !rc; left--, key = json_after(key + 1)) {
        struct member m;
        struct profile_values values;
        if (!read_member(type, object, key, shadows, &m) ||
            !text_eq(profile_short_name(m.el), name)) {
            continue;
        }
        profile_values_begin(&values, node, m.el, m.value, m.shadow);
        while (!rc && profile_values_next(&values)) {
            rc = visit(context, &values.node);
        }
    }
    return rc;
}

static int members_check(struct profile_run *run, const struct profile *p,
                         const struct profile_children *children, const struct path_node *node);

static bool is_contained(const struct path_node *node)
{
    return profile_is_resource(node->type) && node->parent &&
           profile_is_resource(node->parent->type) && text_eq(node->name, T("contained"));
}

/* The resource in `contained` by its own definition, and by the profiles that it claims. */
static int contained_check(struct profile_run *run, const struct path_node *node)
{
    const struct profile *p = NULL;
    int rc = defs_profile(run->defs, fhir_type_name((fhir_type)node->type), &p, run->e);
    if (rc) {
        return rc == ERR_MEMORY || rc == ERR_TOO_COSTLY ? rc : 0;
    }
    rc = profile_apply(run, p, node);
    const yyjson_val *claims = json_get(json_get(node->value, T("meta")), T("profile"));
    const yyjson_val *one = json_type(claims) == YYJSON_TYPE_ARR ? claims + 1 : NULL;
    for (size_t left = one ? json_len(claims) : 0; left && !rc; left--, one = json_after(one)) {
        struct profile_link link = {.canonical = json_text(one)};
        if (!link.canonical.n) {
            continue;
        }
        rc = profile_link_find(run, &link, &p);
        if (!rc && !p) {
            rc = profile_unknown(run, node, link.canonical);
        } else if (!rc) {
            rc = profile_apply(run, p, node);
        }
    }
    return rc;
}

/* Of an element that the definition says nothing about: the extensions in it. */
static int plain_check(struct profile_run *run, const struct profile *p, const struct path_node *at,
                       const struct member *m)
{
    struct profile_values values;
    profile_values_begin(&values, at, m->el, m->value, m->shadow);
    int rc = 0;
    while (!rc && profile_values_next(&values)) {
        if (m->el->type == MODEL_EXTENSION) {
            rc = profile_extension_check(run, &values.node);
        } else if (is_contained(&values.node)) {
            rc = contained_check(run, &values.node);
        } else if (values.node.shadow) {
            rc = members_check(run, p, NULL, &values.node);
        }
    }
    return rc;
}

static int member_check(struct profile_run *run, const struct profile *p,
                        const struct profile_element *el, const struct path_node *at,
                        const struct member *m)
{
    struct profile_values values;
    if (el && el->is_spare && run->spares) {
        return 0;
    }
    if (el) {
        profile_values_begin(&values, at, m->el, m->value, m->shadow);
        return profile_items_check(run, p, el, &values);
    }
    bool has_more = p->is_base &&
                    (m->el->type == MODEL_EXTENSION || m->el->type == MODEL_RESOURCE || m->shadow);
    return has_more ? plain_check(run, p, at, m) : 0;
}

static void needed_check(struct profile_run *run, const struct profile *p,
                         const struct profile_children *children, const uint64_t *seen,
                         const struct path_node *node)
{
    for (size_t i = 0; i < children->needed_count; i++) {
        uint16_t item = children->needed[i];
        if (!(seen[item >> 6] >> (item & 63) & 1)) {
            profile_missing(run, p, children->items[item], node);
        }
    }
}

static int members_check(struct profile_run *run, const struct profile *p,
                         const struct profile_children *children, const struct path_node *node)
{
    uint64_t seen[MODEL_WIDEST / 64] = {0};
    const struct model_type *type = members_type(node->type);
    const yyjson_val *object = profile_members(node);
    if (children && (children->model != type - model_types || children->count > MODEL_WIDEST)) {
        children = NULL;
    }
    bool shadows = object && !run->spares && has_shadows(object);
    bool spares_plain = run->spares && children && children->spares_plain;
    const yyjson_val *key = object ? object + 1 : NULL;
    int rc = 0;
    for (size_t left = object ? json_len(object) : 0; left && !rc && !profile_is_over(run);
         left--, key = json_after(key + 1)) {
        struct member m;
        if ((spares_plain && !json_is_container(key + 1)) ||
            !read_member(type, object, key, shadows, &m)) {
            continue;
        }
        uint16_t item = children ? children->of_element[m.el - &model_elements[type->first]] : 0;
        if (item) {
            seen[(item - 1) >> 6] |= (uint64_t)1 << ((item - 1) & 63);
        }
        rc = member_check(run, p, item ? children->items[item - 1] : NULL, node, &m);
    }
    if (!rc && children) {
        needed_check(run, p, children, seen, node);
    }
    return rc;
}

/* --- all values of an element ------------------------------------------------------------------
 */

/* The element as a whole, for what is said of all its values. */
static struct path_node whole_of(const struct profile_values *values)
{
    struct path_node node = values->node;
    node.repeats = false;
    return node;
}

static void count_check(struct profile_run *run, const struct profile *p,
                        const struct profile_element *el, const struct profile_values *values,
                        uint32_t count)
{
    struct path_node node = whole_of(values);
    if (el->check_max && el->max == 0 && count) {
        profile_issue(run, ISSUE_ERROR, ERR_BUSINESS_RULE, &node,
                      "%.*s may not stand here by the profile %.*s; leave it out",
                      TEXT_ARG(el->path), TEXT_ARG(p->url));
    } else if (el->check_max && count > el->max) {
        profile_issue(run, ISSUE_ERROR, ERR_BUSINESS_RULE, &node,
                      "%u times %.*s stand here, but the profile %.*s allows at most %u", count,
                      TEXT_ARG(el->path), TEXT_ARG(p->url), el->max);
    }
    if (el->check_min && count < el->min) {
        profile_issue(run, ISSUE_ERROR, ERR_REQUIRED, &node,
                      "%u of %.*s stand here, but the profile %.*s needs at least %u", count,
                      TEXT_ARG(el->path), TEXT_ARG(p->url), el->min);
    }
}

enum { COUNTS_NEAR = 32 }; /* slices whose counts need no memory */

int profile_items_check(struct profile_run *run, const struct profile *p,
                        const struct profile_element *el, struct profile_values *values)
{
    uint32_t near[COUNTS_NEAR] = {0};
    struct profile_count slices = {.of_slice = near};
    const struct path_node *at = values->node.parent;
    if (el->slice_total > COUNTS_NEAR) {
        slices.of_slice = arena_zalloc(run->arena, el->slice_total, sizeof *slices.of_slice);
        if (!slices.of_slice) {
            return err_set(run->e, ERR_MEMORY, "no memory to validate a resource");
        }
    }
    uint32_t count = 0;
    int rc = 0;
    while (!rc && !profile_is_over(run) && profile_values_next(values)) {
        count++;
        rc = profile_element_check(run, p, el, &values->node);
        if (!rc && el->slicing) {
            rc = profile_slices_check(run, p, el, &values->node, &slices);
        }
    }
    if (rc || profile_is_over(run)) {
        return rc;
    }
    if (!count) {
        profile_missing(run, p, el, at);
        return 0;
    }
    if (el->check_min || el->check_max) {
        count_check(run, p, el, values, count);
    }
    if (el->slice_count) {
        profile_slices_end(run, p, el, at, slices.of_slice);
    }
    return 0;
}

void profile_missing(struct profile_run *run, const struct profile *p,
                     const struct profile_element *el, const struct path_node *at)
{
    if (el->check_min && el->min) {
        profile_issue(run, ISSUE_ERROR, ERR_REQUIRED, at,
                      "%.*s is missing; the profile %.*s needs at least %u", TEXT_ARG(el->path),
                      TEXT_ARG(p->url), el->min);
    } else if (el->slice_count) {
        profile_slices_end(run, p, el, at, NULL);
    }
}

/* --- one element --------------------------------------------------------------------------------
 */

static const struct profile_type *type_of(const struct profile_element *el,
                                          const struct path_node *node)
{
    const struct profile_type *any = NULL;
    for (size_t i = 0; i < el->type_count; i++) {
        const struct profile_type *t = &el->types[i];
        if (t->model == node->type) {
            return t;
        }
        bool fits = t->model == MODEL_RESOURCE && profile_is_resource(node->type);
        if (fits && (!t->is_domain || model_find(&model_types[node->type], T("contained")))) {
            any = t;
        }
        if (text_eq(t->name, T("Resource")) && profile_is_resource(node->type)) {
            any = t;
        }
    }
    if (!any && el->type_count == 1 && !el->check_types) {
        any = &el->types[0]; /* a backbone element, by its path */
    }
    return any;
}

static void wrong_type(struct profile_run *run, const struct profile *p,
                       const struct profile_element *el, const struct path_node *node)
{
    char list[256];
    size_t n = 0;
    for (size_t i = 0; i < el->type_count; i++) {
        text name = el->types[i].name;
        if (name.n + 2 > sizeof list - n) {
            break;
        }
        if (n) {
            list[n++] = ',';
            list[n++] = ' ';
        }
        memcpy(list + n, name.p ? name.p : "", name.n);
        n += name.n;
        if (sizeof list - n < 3) {
            break;
        }
    }
    profile_issue(run, ISSUE_ERROR, ERR_BUSINESS_RULE, node,
                  "%.*s is a %.*s here; the profile %.*s allows %.*s", TEXT_ARG(el->path),
                  TEXT_ARG(model_text(model_types[node->type].name)), TEXT_ARG(p->url), (int)n,
                  list);
}

/* A profile is one of several that will do; of one alone its findings are told. */
static int type_profiles_check(struct profile_run *run, const struct profile_type *type,
                               const struct path_node *node)
{
    bool conforms = false;
    bool unknown = false;
    int rc = 0;
    for (size_t i = 0; i < type->profile_count && !rc && !conforms; i++) {
        const struct profile *p = NULL;
        struct profile_link *link = &type->profiles[i];
        rc = profile_link_find(run, link, &p);
        if (rc) {
            return rc;
        }
        if (!p) {
            unknown = true;
            rc = profile_unknown(run, node, link->canonical);
        } else if (type->profile_count == 1) {
            return profile_apply(run, p, node);
        } else {
            rc = profile_try(run, p, node, &conforms);
        }
    }
    if (!rc && !conforms && !unknown) {
        profile_issue(run, ISSUE_ERROR, ERR_BUSINESS_RULE, node,
                      "this conforms to none of the %zu profiles that it may have, as %.*s",
                      type->profile_count, TEXT_ARG(type->profiles[0].canonical));
    }
    return rc;
}

/* An extension that its slice names by its profile has been checked by its url already. */
static bool is_by_url(const struct profile_type *type, const struct path_node *node)
{
    if (node->type != MODEL_EXTENSION || type->profile_count != 1) {
        return false;
    }
    text canonical = type->profiles[0].canonical;
    return text_eq(text_first(canonical, text_find(canonical, '|')),
                   json_text(json_get(node->value, T("url"))));
}

static int type_check(struct profile_run *run, const struct profile *p,
                      const struct profile_element *el, const struct path_node *node)
{
    const struct profile_type *type = type_of(el, node);
    int rc = 0;
    if (!type) {
        if (el->check_types) {
            wrong_type(run, p, el, node);
        }
        return 0;
    }
    if (type->base) {
        const struct profile *base = NULL;
        rc = node->type == MODEL_EXTENSION ? profile_extension_check(run, node)
                                           : profile_link_find(run, type->base, &base);
        rc = rc || !base ? rc : profile_apply(run, base, node);
    }
    if (!rc && type->profile_count && !is_by_url(type, node)) {
        rc = type_profiles_check(run, type, node);
    }
    if (!rc && node->type == MODEL_REFERENCE && el->check_targets) {
        rc = profile_reference_check(run, p, type, node);
    }
    if (!rc && node->type == MODEL_REFERENCE && p->is_base) {
        rc = profile_reference_exists(run, node);
    }
    return rc;
}

static int value_check(struct profile_run *run, const struct profile *p,
                       const struct profile_element *el, const struct path_node *node)
{
    const yyjson_val *wanted = el->fixed ? el->fixed : el->pattern ? el->pattern : NULL;
    bool holds = (!el->fixed || profile_fixed_holds(el->fixed, node)) &&
                 (!el->pattern || profile_pattern_holds(el->pattern, node));
    bool is_told = !run->silent && !run->options.no_texts;
    if (!holds && is_told) {
        struct buf shown;
        buf_init(&shown, 4096);
        json_write(wanted, &shown);
        profile_issue(run, ISSUE_ERROR, ERR_VALUE, node,
                      "%.*s %s %.*s by the profile %.*s, but something else stands here",
                      TEXT_ARG(el->path), el->fixed ? "has to be exactly" : "has to have at least",
                      TEXT_ARG(text_short(buf_text(&shown), 300)), TEXT_ARG(p->url));
        buf_done(&shown);
    } else if (!holds) {
        profile_issue(run, ISSUE_ERROR, ERR_VALUE, node, "%s", "");
    }
    int rc = 0;
    if (el->least) {
        rc = profile_range_check(run, el->least_name, el->least, node);
    }
    if (!rc && el->most) {
        rc = profile_range_check(run, el->most_name, el->most, node);
    }
    if (!rc && el->longest) {
        rc = profile_length_check(run, el->longest, node);
    }
    return rc;
}

static int rules_check(struct profile_run *run, const struct profile *p,
                       const struct profile_element *el, const struct path_node *node)
{
    int rc = 0;
    if (p->is_base && run->options.base_held) {
        return 0;
    }
    for (size_t i = 0; i < el->rule_count && !rc && !profile_is_over(run); i++) {
        rc = profile_rule_check(run, el->rules[i], node);
    }
    return rc;
}

static int coded_check(struct profile_run *run, const struct profile *p,
                       const struct profile_element *el, const struct path_node *node)
{
    bool no_bindings = run->options.no_bindings;
    if (!node->value) {
        return 0;
    }
    if (el->binding) {
        bool is_kept = p->is_base && el->binding->strength == STRENGTH_REQUIRED;
        return no_bindings && !is_kept ? 0 : profile_binding_check(run, el->binding, node);
    }
    bool is_coded = node->type == MODEL_CODING || node->type == MODEL_CODEABLE_CONCEPT ||
                    text_eq(model_text(model_types[node->type].name), T("Quantity"));
    return is_coded && !no_bindings ? profile_coding_check(run, node) : 0;
}

static int inner_check(struct profile_run *run, const struct profile *p,
                       const struct profile_element *el, const struct path_node *node)
{
    const struct profile_element *of = el->content ? el->content : el;
    if (p->is_base && el != p->root && is_contained(node)) {
        return contained_check(run, node);
    }
    bool has_shadow = p->is_base && node->shadow;
    return of->children || has_shadow ? members_check(run, p, of->children, node) : 0;
}

static int parts_check(struct profile_run *run, const struct profile *p,
                       const struct profile_element *el, const struct path_node *node)
{
    int rc = rules_check(run, p, el, node);
    if (!rc && el->content) {
        rc = rules_check(run, p, el->content, node);
    }
    bool has_limits = el->fixed || el->pattern || el->least || el->most || el->longest;
    if (!rc && has_limits && (!el->check_types || type_of(el, node))) { /* a wrong type is told */
        rc = value_check(run, p, el, node);
    }
    if (!rc && (el->binding || el->codings)) {
        rc = coded_check(run, p, el, node);
    }
    if (!rc && el->type_count && !profile_is_over(run)) {
        rc = type_check(run, p, el, node);
    }
    return rc || profile_is_over(run) ? rc : inner_check(run, p, el, node);
}

int profile_element_check(struct profile_run *run, const struct profile *p,
                          const struct profile_element *el, const struct path_node *node)
{
    int rc = profile_step(run);
    if (rc) {
        return rc;
    }
    if (run->depth >= PROFILE_DEPTH_MAX) {
        return err_set(run->e, ERR_TOO_COSTLY,
                       "elements and profiles are nested more than %d deep at the profile %.*s; "
                       "look whether it needs itself",
                       PROFILE_DEPTH_MAX, TEXT_ARG(text_short(p->url, 200)));
    }
    run->depth++;
    rc = parts_check(run, p, el, node);
    run->depth--;
    return rc;
}
