/* From an element to those in it by a chain of names, without making nodes in an arena. */
#include "fhir/path_run.h"
#include "fhir/profile_rule.h"

struct walk {
    struct native_run *run;
    const struct native_chain *chain;
    native_visit *visit;
    void *context;
};

static enum native_truth go(struct walk *w, size_t step, const struct path_node *at);

static const yyjson_val *present(const yyjson_val *v)
{
    return json_type(v) == YYJSON_TYPE_NULL ? NULL : v;
}

static const yyjson_val *object_of(const yyjson_val *v)
{
    return json_type(v) == YYJSON_TYPE_OBJ ? v : NULL;
}

static enum native_truth go_item(struct walk *w, size_t step, const struct model_element *el,
                                 const yyjson_val *value, const yyjson_val *shadow)
{
    struct path_node node = {
        .value = present(value), .shadow = object_of(shadow), .type = el->type};
    if (!node.value && !node.shadow) {
        return NATIVE_TRUE;
    }
    if (w->run->work == 0) {
        return NATIVE_UNSURE;
    }
    w->run->work--;
    if (el->type == MODEL_RESOURCE) {
        fhir_type own = fhir_type_of(json_text(json_get(node.value, T("resourceType"))));
        node.type = own ? own : el->type;
    }
    return go(w, step + 1, &node);
}

/* A value and its shadow, or two arrays matched by position, where null holds a place. */
static enum native_truth go_items(struct walk *w, size_t step, const struct model_element *el,
                                  const yyjson_val *value, const yyjson_val *shadow)
{
    bool is_list = json_type(value) == YYJSON_TYPE_ARR;
    bool is_shadow_list = json_type(shadow) == YYJSON_TYPE_ARR;
    if (!is_list && !is_shadow_list) {
        return go_item(w, step, el, value, shadow);
    }
    size_t values = is_list ? json_len(value) : 0;
    size_t shadows = is_shadow_list ? json_len(shadow) : 0;
    const yyjson_val *v = values ? value + 1 : NULL;
    const yyjson_val *s = shadows ? shadow + 1 : NULL;
    enum native_truth truth = NATIVE_TRUE;
    for (; truth == NATIVE_TRUE && (values || shadows);) {
        truth = go_item(w, step, el, v, s);
        v = values && --values ? json_after(v) : NULL;
        s = shadows && --shadows ? json_after(s) : NULL;
    }
    return truth;
}

/* What a name stands for in an object. */
struct found {
    const struct model_element *el; /* NULL: nothing */
    const yyjson_val *value;
    const yyjson_val *shadow;
};

/* The element of a member, when FHIRPath calls it by the name. NATIVE_UNSURE: it is a choice called
 * by its name in JSON, which is an error that the engine tells of. */
static enum native_truth is_called(const struct model_type *type, text member, text name,
                                   const struct model_element **ret_el)
{
    const struct model_element *el = model_find(type, member);
    if (!el || (!el->choice && member.n != name.n)) {
        return NATIVE_FALSE;
    }
    if (el->choice && member.n - model_text(model_types[el->type].name).n != name.n) {
        return member.n == name.n ? NATIVE_UNSURE : NATIVE_FALSE;
    }
    *ret_el = el;
    return NATIVE_TRUE;
}

static enum native_truth find_members(const struct model_type *type, const yyjson_val *object,
                                      const struct native_step *step, struct found *ret)
{
    text name = step->name;
    const yyjson_val *key = object + 1;
    for (size_t left = json_len(object); left; left--, key = json_after(key + 1)) {
        const char *p = key->uni.str;
        size_t n = json_len(key);
        bool is_shadow = n && *p == '_';
        p += is_shadow;
        n -= is_shadow;
        if (n < name.n || *p != *name.p || memcmp(p, name.p, name.n) != 0) {
            continue;
        }
        const struct model_element *el = NULL;
        enum native_truth is = is_called(type, text_make(p, n), name, &el);
        if (is == NATIVE_UNSURE || (el && ret->el && ret->el != el)) {
            return NATIVE_UNSURE;
        }
        if (!el) {
            continue;
        }
        ret->el = el;
        ret->value = is_shadow ? ret->value : key + 1;
        ret->shadow = is_shadow ? key + 1 : ret->shadow;
        uint8_t form = json_type(key + 1);
        if (!is_shadow &&
            (!path_is_primitive(el->type) ||
             (!step->shadow && form != YYJSON_TYPE_ARR && form != YYJSON_TYPE_NULL))) {
            return NATIVE_TRUE; /* what stands beside it makes no difference */
        }
    }
    return NATIVE_TRUE;
}

static enum native_truth go_member(struct walk *w, size_t at_step, const struct path_node *at)
{
    const struct native_step *step = &w->chain->steps[at_step];
    bool is_primitive = path_is_primitive(at->type);
    const yyjson_val *object = object_of(is_primitive ? at->shadow : at->value);
    const struct model_type *type = &model_types[is_primitive ? MODEL_ELEMENT : at->type];
    if (step->may_be_choice) {
        const struct model_element *el = model_find(type, step->name);
        if (el && el->choice) {
            return NATIVE_UNSURE;
        }
    }
    struct found found = {.el = NULL};
    enum native_truth truth = object ? find_members(type, object, step, &found) : NATIVE_TRUE;
    if (truth != NATIVE_TRUE || !found.el) {
        return truth;
    }
    return go_items(w, at_step, found.el, found.value, found.shadow);
}

static enum native_truth go(struct walk *w, size_t step, const struct path_node *at)
{
    if (step == w->chain->count) {
        return w->visit(w->context, at);
    }
    const struct native_step *s = &w->chain->steps[step];
    if (s->kind == STEP_MEMBER) {
        return go_member(w, step, at);
    }
    bool passes;
    if (s->kind == STEP_WHERE) {
        enum native_truth truth = native_eval(w->run, s->where, at);
        if (truth == NATIVE_UNSURE) {
            return truth;
        }
        passes = truth == NATIVE_TRUE;
    } else {
        bool known;
        const struct path_item item = {.kind = PATH_NODE, .u.node = at};
        passes = at->type == s->type || path_is_exactly(&item, T("FHIR"), s->name, &known);
    }
    return passes ? go(w, step + 1, at) : NATIVE_TRUE;
}

struct first {
    struct path_node node;
    bool found;
};

static enum native_truth take_first(void *context, const struct path_node *item)
{
    struct first *first = context;
    first->node = *item;
    first->found = true;
    return NATIVE_FALSE;
}

enum native_truth native_walk(struct native_run *run, const struct native_chain *chain,
                              const struct path_node *at, native_visit *visit, void *context)
{
    struct walk w = {.run = run, .chain = chain, .visit = visit, .context = context};
    struct first first = {.found = false};
    switch (chain->root) {
    case ROOT_CONTEXT:
        at = run->context;
        break;
    case ROOT_RESOURCE:
        at = run->resource;
        break;
    case ROOT_ROOT_RESOURCE:
        at = run->root;
        break;
    case ROOT_FIRST:
        if (native_walk(run, chain->from, at, take_first, &first) == NATIVE_UNSURE) {
            return NATIVE_UNSURE;
        }
        if (!first.found) {
            return NATIVE_TRUE;
        }
        at = &first.node;
        break;
    default:
        break;
    }
    if (!at || (chain->type && at->type != chain->type)) {
        return NATIVE_UNSURE;
    }
    return go(&w, 0, at);
}
