/* Whether an item belongs to a slice, by its discriminators (R4 profiling.html#discriminator). */
#include "fhir/profile_tables.h"

enum verdict {
    UNDECIDED, /* the definition says nothing that could be compared */
    DIFFERS,
    AGREES,
};

struct match {
    struct profile_run *run;
    const struct profile *p;
    const struct profile_discriminator *d;
    unsigned absent; /* definitions of what is not there that were looked into */
};

/* A profile may name itself in many places, and where nothing stands nothing ends the search. */
enum { ABSENT_MOST = 10 * 1000 };

/* --- by a string --------------------------------------------------------------------------------
 */

static bool has_string(const yyjson_val *v, const struct profile_step_to *steps, size_t left,
                       text wanted)
{
    if (json_type(v) == YYJSON_TYPE_ARR) {
        const yyjson_val *item = v + 1;
        for (size_t n = json_len(v); n; n--, item = json_after(item)) {
            if (json_type(item) != YYJSON_TYPE_ARR && has_string(item, steps, left, wanted)) {
                return true;
            }
        }
        return false;
    }
    if (left) {
        return json_type(v) == YYJSON_TYPE_OBJ &&
               has_string(json_get(v, steps->name), steps + 1, left - 1, wanted);
    }
    return json_type(v) == YYJSON_TYPE_STR && text_eq(json_text(v), wanted);
}

/* --- by what the slice says at the discriminator's place ----------------------------------------
 */

static int match_at(struct match *m, const struct profile_element *def,
                    const struct path_node *node, size_t step, enum verdict *ret);
static int value_verdict(struct match *m, const struct profile_element *def,
                         const struct path_node *node, enum verdict *ret);

/* One of several will do; that none is said to fit is the answer else. */
static enum verdict either(enum verdict a, enum verdict b)
{
    return a > b ? a : b;
}

/* The definition that the element's one type names; NULL: none, or not here. */
static int crossed(struct match *m, const struct profile_element *def, const struct profile **ret)
{
    *ret = NULL;
    bool has_one = def->type_count == 1 && def->types[0].profile_count == 1;
    return has_one ? profile_link_find(m->run, &def->types[0].profiles[0], ret) : 0;
}

static int deeper(struct match *m, const struct path_node *node)
{
    m->absent += node ? 0 : 1;
    if (m->run->depth >= PROFILE_DEPTH_MAX || m->absent > ABSENT_MOST) {
        return err_set(m->run->e, ERR_TOO_COSTLY,
                       "the discriminator %.*s of the profile %.*s leads too deep, or to too many "
                       "definitions; look whether the profile needs itself",
                       TEXT_ARG(text_short(m->d->path, 100)), TEXT_ARG(text_short(m->p->url, 200)));
    }
    int rc = profile_step(m->run);
    m->run->depth += rc ? 0 : 1;
    return rc;
}

static const struct profile_element *child_of(const struct profile_element *def, text name)
{
    const struct profile_element *of = def->content ? def->content : def;
    for (const struct profile_element *c = of->first_child; c; c = c->next) {
        if (text_eq(profile_bare_name(c->path), name)) {
            return c;
        }
    }
    return NULL;
}

/* --- values -------------------------------------------------------------------------------------
 */

static int binding_verdict(struct match *m, const struct profile_element *def,
                           const struct path_node *node, enum verdict *ret)
{
    if (!def->binding || def->binding->strength != STRENGTH_REQUIRED) {
        return 0;
    }
    *ret = DIFFERS;
    if (!node || !node->value) {
        return 0;
    }
    struct profile_run quiet = *m->run;
    quiet.silent = true;
    quiet.errors = 0;
    quiet.issues = NULL;
    quiet.options.no_bindings = false; /* which slice it is, is no matter of what is told */
    int rc = profile_binding_check(&quiet, def->binding, node);
    m->run->steps = quiet.steps;
    *ret = quiet.errors ? DIFFERS : AGREES;
    return rc;
}

struct values {
    struct match *m;
    const struct profile_element *def;
    enum verdict verdict;
    bool any;
};

static int one_value(void *context, const struct path_node *node)
{
    struct values *v = context;
    enum verdict verdict = UNDECIDED;
    int rc = value_verdict(v->m, v->def, node, &verdict);
    v->verdict = either(v->verdict, verdict);
    v->any = true;
    return rc;
}

static int child_verdict(struct match *m, const struct profile_element *child,
                         const struct path_node *node, enum verdict *ret)
{
    struct values v = {.m = m, .def = child};
    int rc = node ? profile_each_member(node, profile_bare_name(child->path), one_value, &v) : 0;
    if (!rc && !v.any) {
        rc = value_verdict(m, child, NULL, &v.verdict);
    }
    *ret = v.verdict;
    return rc;
}

/* All that is required below has to agree. */
static int below_verdict(struct match *m, const struct profile_element *def,
                         const struct path_node *node, enum verdict *ret)
{
    enum verdict all = UNDECIDED;
    int rc = deeper(m, node);
    if (rc) {
        return rc;
    }
    for (const struct profile_element *c = def->first_child; c && !rc; c = c->next) {
        const struct profile_element *one = c;
        for (bool first = true; one && !rc; one = first ? c->first_slice : one->next) {
            enum verdict verdict = UNDECIDED;
            first = one == c;
            rc = one->min ? child_verdict(m, one, node, &verdict) : 0;
            if (verdict != UNDECIDED && all != DIFFERS) {
                all = verdict;
            }
            if (first && !c->first_slice) {
                break;
            }
        }
    }
    m->run->depth--;
    *ret = all;
    return rc;
}

static int value_verdict(struct match *m, const struct profile_element *def,
                         const struct path_node *node, enum verdict *ret)
{
    const struct profile *p = NULL;
    *ret = UNDECIDED;
    if (def->fixed || def->pattern) {
        bool holds = node && (!def->fixed || profile_fixed_holds(def->fixed, node)) &&
                     (!def->pattern || profile_pattern_holds(def->pattern, node));
        *ret = holds ? AGREES : DIFFERS;
        return 0;
    }
    int rc = def->first_child ? below_verdict(m, def, node, ret) : 0;
    if (!rc && *ret == UNDECIDED) {
        rc = binding_verdict(m, def, node, ret);
    }
    if (rc || *ret != UNDECIDED) {
        return rc;
    }
    rc = crossed(m, def, &p);
    if (!rc && p && p->root != def) {
        rc = deeper(m, node);
        if (!rc) {
            rc = value_verdict(m, p->root, node, ret);
            m->run->depth--;
        }
    }
    return rc;
}

/* --- types and profiles --------------------------------------------------------------------------
 */

static void type_verdict(const struct profile_element *def, const struct path_node *node,
                         enum verdict *ret)
{
    *ret = def->type_count ? DIFFERS : UNDECIDED;
    for (size_t i = 0; node && i < def->type_count; i++) {
        const struct profile_type *t = &def->types[i];
        bool is_resource = profile_is_resource(node->type) &&
                           (t->model == MODEL_RESOURCE || text_eq(t->name, T("Resource")));
        if (t->model == node->type || is_resource) {
            *ret = AGREES;
        }
    }
}

static int links_verdict(struct match *m, struct profile_link *links, size_t count,
                         const struct path_node *node, enum verdict *ret)
{
    *ret = count ? DIFFERS : UNDECIDED;
    int rc = 0;
    for (size_t i = 0; i < count && node && *ret != AGREES && !rc; i++) {
        const struct profile *p = NULL;
        bool conforms = false;
        rc = profile_link_find(m->run, &links[i], &p);
        if (!rc && p) {
            rc = profile_try(m->run, p, node, &conforms);
        }
        *ret = conforms ? AGREES : *ret;
    }
    return rc;
}

static int profiles_verdict(struct match *m, const struct profile_element *def,
                            const struct path_node *node, enum verdict *ret)
{
    *ret = UNDECIDED;
    int rc = 0;
    for (size_t i = 0; i < def->type_count && !rc && *ret != AGREES; i++) {
        enum verdict one;
        rc = links_verdict(m, def->types[i].profiles, def->types[i].profile_count, node, &one);
        *ret = either(*ret, one);
    }
    return rc;
}

static int leaf_verdict(struct match *m, const struct profile_element *def,
                        const struct path_node *node, enum verdict *ret)
{
    *ret = UNDECIDED;
    switch (m->d->by) {
    case BY_VALUE:
    case BY_PATTERN:
        return value_verdict(m, def, node, ret);
    case BY_EXISTS:
        if (def->max == 0) {
            *ret = node ? DIFFERS : AGREES;
        } else if (def->min) {
            *ret = node ? AGREES : DIFFERS;
        }
        return 0;
    case BY_TYPE:
        type_verdict(def, node, ret);
        return 0;
    case BY_PROFILE:
        return profiles_verdict(m, def, node, ret);
    }
    return 0;
}

/* --- along the path ------------------------------------------------------------------------------
 */

struct along {
    struct match *m;
    const struct profile_element *child; /* with its slices */
    text url;                            /* of extensions; p == NULL: any */
    size_t step;
    enum verdict verdict;
    bool any;
};

/* The child and its slices; one slice that agrees is enough. */
static int candidates(struct along *a, const struct path_node *node)
{
    enum verdict one = UNDECIDED;
    int rc = match_at(a->m, a->child, node, a->step, &one);
    a->verdict = either(a->verdict, one);
    for (const struct profile_element *s = a->child->first_slice; s && !rc; s = s->next) {
        if (a->url.p &&
            !(s->quick && a->child->slicing->discriminator_count && text_eq(s->quick[0], a->url))) {
            continue;
        }
        rc = match_at(a->m, s, node, a->step, &one);
        a->verdict = either(a->verdict, one);
    }
    return rc;
}

static int one_along(void *context, const struct path_node *node)
{
    struct along *a = context;
    if (a->url.p && !text_eq(json_text(json_get(node->value, T("url"))), a->url)) {
        return 0;
    }
    a->any = true;
    return candidates(a, node);
}

static int match_member(struct match *m, const struct profile_element *def,
                        const struct path_node *node, size_t step, enum verdict *ret)
{
    const struct profile_step_to *to = &m->d->steps[step];
    bool is_extension = to->kind == STEP_EXTENSION;
    text name = is_extension ? T("extension") : to->name;
    const struct profile_element *child = child_of(def, name);
    const struct profile *p = NULL;
    if (!child) {
        int rc = crossed(m, def, &p);
        return rc || !p || p->root == def ? rc : match_at(m, p->root, node, step, ret);
    }
    struct along a = {.m = m, .child = child, .step = step + 1};
    if (is_extension) {
        a.url = to->name;
    }
    int rc = node ? profile_each_member(node, name, one_along, &a) : 0;
    if (!rc && !a.any) {
        rc = candidates(&a, NULL);
    }
    *ret = a.verdict;
    return rc;
}

/* What the target profiles of a reference say: of its type alone where the target is not here. */
static int target_verdict(struct match *m, struct profile_link *link, fhir_type type,
                          const struct path_node *target, size_t step, enum verdict *ret)
{
    fhir_type wanted = 0;
    const struct profile *p = NULL;
    int rc = profile_target_type(m->run, link, &wanted, &p);
    bool is_type = type && (!wanted || wanted == type);
    *ret = DIFFERS;
    if (rc || !is_type) {
        return rc;
    }
    if (step < m->d->step_count) {
        return p && target ? match_at(m, p->root, target, step, ret) : 0;
    }
    if (m->d->by != BY_PROFILE || (p && p->is_base)) {
        *ret = AGREES;
        return 0;
    }
    return target ? links_verdict(m, link, 1, target, ret) : 0;
}

static int match_resolved(struct match *m, const struct profile_element *def,
                          const struct path_node *node, size_t step, enum verdict *ret)
{
    const struct path_node *target = NULL;
    int rc = node && node->value ? profile_resolve(m->run, node, &target) : 0;
    fhir_type type = target                ? (fhir_type)target->type
                     : node && node->value ? profile_reference_type(node)
                                           : 0;
    for (size_t i = 0; i < def->type_count && !rc; i++) {
        const struct profile_type *t = &def->types[i];
        for (size_t j = 0; j < t->target_count && !rc; j++) {
            enum verdict one = UNDECIDED;
            rc = target_verdict(m, &t->targets[j], type, target, step + 1, &one);
            *ret = either(*ret, one);
        }
    }
    return rc;
}

static int match_step(struct match *m, const struct profile_element *def,
                      const struct path_node *node, size_t step, enum verdict *ret)
{
    const struct profile_step_to *to = &m->d->steps[step];
    if (to->kind == STEP_RESOLVE) {
        return match_resolved(m, def, node, step, ret);
    }
    if (to->kind == STEP_OF_TYPE) {
        bool is_type = node && text_eq(model_text(model_types[node->type].name), to->name);
        return match_at(m, def, is_type ? node : NULL, step + 1, ret);
    }
    return match_member(m, def, node, step, ret);
}

static int match_at(struct match *m, const struct profile_element *def,
                    const struct path_node *node, size_t step, enum verdict *ret)
{
    *ret = UNDECIDED;
    int rc = deeper(m, node);
    if (rc) {
        return rc;
    }
    bool by_value = m->d->by == BY_VALUE || m->d->by == BY_PATTERN;
    if (step == m->d->step_count) {
        rc = leaf_verdict(m, def, node, ret);
    } else if (by_value && (def->fixed || def->pattern)) {
        rc = value_verdict(m, def, node, ret); /* said of the whole, it is said of the part */
    } else {
        rc = match_step(m, def, node, step, ret);
    }
    m->run->depth--;
    return rc;
}

/* --- slices
 * --------------------------------------------------------------------------------------- */

int profile_slice_matches(struct profile_run *run, const struct profile *p,
                          const struct profile_slicing *slicing,
                          const struct profile_element *slice, const struct path_node *node,
                          bool *ret_does)
{
    enum verdict all = UNDECIDED;
    if (!slicing->discriminator_count && !slicing->by_choice) {
        return profile_try_element(run, p, slice, node, ret_does);
    }
    if (!slicing->discriminator_count) {
        type_verdict(slice, node, &all);
    }
    for (size_t i = 0; i < slicing->discriminator_count && all != DIFFERS; i++) {
        const struct profile_discriminator *d = &slicing->discriminators[i];
        enum verdict one = UNDECIDED;
        if (slice->quick && slice->quick[i].p) {
            bool has = has_string(node->value, d->steps, d->step_count, slice->quick[i]);
            one = has ? AGREES : DIFFERS;
        } else {
            struct match m = {.run = run, .p = p, .d = d};
            int rc = match_at(&m, slice, node, 0, &one);
            if (rc) {
                return rc;
            }
        }
        all = one == UNDECIDED ? all : one;
    }
    *ret_does = all == AGREES;
    return 0;
}
