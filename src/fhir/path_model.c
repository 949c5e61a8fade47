/* From an element to those in it, by the tables of the R4 model. */
#include "fhir/model_tables.h"
#include "fhir/path_run.h"

/* One value of an element, and what stands beside it as `_name`. */
struct place {
    const struct path_node *parent;
    const struct model_element *el;
    text name; /* without the type of a choice */
    bool repeats;
};

static bool is_present(const yyjson_val *v)
{
    return v && json_type(v) != YYJSON_TYPE_NULL;
}

static const yyjson_val *object_of(const yyjson_val *v)
{
    return json_type(v) == YYJSON_TYPE_OBJ ? v : NULL;
}

/* A resource inside another one is of the type that it says; of one that R4 does not know, only
 * that it is a resource is known. */
static uint16_t type_of_value(const struct model_element *el, const yyjson_val *value)
{
    fhir_type own = 0;
    if (el->type == MODEL_RESOURCE) {
        own = fhir_type_of(json_text(json_get(value, T("resourceType"))));
    }
    return own ? own : el->type;
}

static int add_node(struct path_run *run, const struct place *place, const yyjson_val *value,
                    const yyjson_val *shadow, size_t index, struct path_items *items,
                    size_t *capacity)
{
    shadow = object_of(shadow);
    value = is_present(value) ? value : NULL;
    if (!value && !shadow) {
        return 0;
    }
    struct path_node *node = arena_alloc(run->arena, sizeof *node);
    if (!node) {
        return path_fail(run, NULL, ERR_MEMORY, "no memory for the elements of a resource");
    }
    *node = (struct path_node){
        .value = value,
        .shadow = shadow,
        .type = type_of_value(place->el, value),
        .name = place->name,
        .index = (uint32_t)index,
        .repeats = place->repeats,
        .parent = place->parent,
    };
    struct path_item item = {.kind = PATH_NODE, .u.node = node};
    return path_push(run, items, capacity, &item);
}

/* The next item of an array, or NULL after the last one. */
struct walk {
    const yyjson_val *at;
    size_t left;
};

static struct walk walk_of(const yyjson_val *v)
{
    if (json_type(v) != YYJSON_TYPE_ARR) {
        return (struct walk){NULL, 0};
    }
    return (struct walk){v + 1, json_len(v)};
}

static const yyjson_val *walk_next(struct walk *walk)
{
    if (!walk->left) {
        return NULL;
    }
    const yyjson_val *v = walk->at;
    walk->left--;
    walk->at = json_after(v);
    return v;
}

/* A value and its shadow, or two arrays matched by position, where null holds a place. */
static int add_element(struct path_run *run, const struct place *place, const yyjson_val *value,
                       const yyjson_val *shadow, struct path_items *items, size_t *capacity)
{
    bool many = json_type(value) == YYJSON_TYPE_ARR || json_type(shadow) == YYJSON_TYPE_ARR;
    if (!many) {
        return add_node(run, place, value, shadow, 0, items, capacity);
    }
    struct walk values = walk_of(value);
    struct walk shadows = walk_of(shadow);
    int code = 0;
    for (size_t i = 0; !code && (values.left || shadows.left); i++) {
        const yyjson_val *one = walk_next(&values);
        const yyjson_val *other = walk_next(&shadows);
        code = add_node(run, place, one, other, i, items, capacity);
    }
    return code;
}

/* "value" of valueQuantity: the name of a choice ends with its type, in upper case. */
static text name_of(const struct model_element *el)
{
    text name = model_text(el->name);
    if (!el->choice) {
        return name;
    }
    return text_first(name, name.n - model_text(model_types[el->type].name).n);
}

static const struct model_type *type_of_members(uint16_t type)
{
    return &model_types[path_is_primitive(type) ? MODEL_ELEMENT : type];
}

/* What holds the members of a node: of a primitive its shadow, which is an Element. */
static const yyjson_val *members_of(const struct path_node *node)
{
    return object_of(path_is_primitive(node->type) ? node->shadow : node->value);
}

/* The name in JSON without the `_` of a shadow. */
static text bare_name(const yyjson_val *key)
{
    text name = json_text(key);
    return name.n && name.p[0] == '_' ? text_from(name, 1) : name;
}

/*
 * Visits a member of an object: the value where it has a value and its shadow with it; a shadow
 * alone otherwise. name: only elements that FHIRPath calls so; empty: any.
 */
static int add_member(struct path_run *run, const struct path_node *node,
                      const struct model_type *type, const yyjson_val *object,
                      const yyjson_val *key, text name, struct path_items *items, size_t *capacity)
{
    text json_name = bare_name(key);
    if (name.n && !text_starts(json_name, name)) {
        return 0;
    }
    const struct model_element *el = model_find(type, json_name);
    struct place place = {.parent = node, .el = el};
    if (!el) {
        return 0;
    }
    place.name = name_of(el);
    place.repeats = (el->flags & MODEL_REPEATS) != 0;
    if (name.n && !text_eq(place.name, name)) {
        return 0;
    }
    bool is_shadow = json_text(key).n != json_name.n;
    if (is_shadow) {
        /* With a value beside it, it is visited by the value's name. */
        return json_get(object, json_name)
                   ? 0
                   : add_element(run, &place, NULL, key + 1, items, capacity);
    }
    const yyjson_val *shadow = NULL;
    char shadow_name[256];
    if (path_is_primitive(el->type) && json_name.n < sizeof shadow_name) {
        shadow_name[0] = '_';
        memcpy(shadow_name + 1, json_name.p, json_name.n);
        shadow = json_get(object, text_make(shadow_name, json_name.n + 1));
    }
    return add_element(run, &place, key + 1, shadow, items, capacity);
}

static int add_members(struct path_run *run, const struct path_node *node, text name,
                       struct path_items *items, size_t *capacity)
{
    const struct model_type *type = type_of_members(node->type);
    const yyjson_val *object = members_of(node);
    if (!object) {
        return 0;
    }
    const yyjson_val *key = object + 1;
    int code = 0;
    for (size_t left = json_len(object); !code && left; left--, key = json_after(key + 1)) {
        code = path_step(run);
        if (!code) {
            code = add_member(run, node, type, object, key, name, items, capacity);
        }
    }
    return code;
}

/* SimpleTypeInfo and ClassInfo, as far as they are told. */
static int add_of_type(struct path_run *run, const struct path_item *item, text name,
                       struct path_items *items, size_t *capacity)
{
    struct path_item found = {.kind = PATH_STRING};
    if (text_eq(name, T("namespace"))) {
        found.u.string = item->u.type.space;
    } else if (text_eq(name, T("name"))) {
        found.u.string = item->u.type.name;
    } else {
        return 0;
    }
    return path_push(run, items, capacity, &found);
}

static bool is_choice(const struct model_type *type, text name)
{
    for (size_t i = 0; i < type->count; i++) {
        const struct model_element *el = &model_elements[type->first + i];
        if (el->choice && text_eq(name_of(el), name)) {
            return true;
        }
    }
    return false;
}

/* valueQuantity is a name of JSON only: that it is no element here must not pass as "nothing
 * there" (R4 fhirpath.html#types). */
int path_check_name(struct path_run *run, uint16_t type, text name)
{
    const struct model_type *of = type_of_members(type);
    const struct model_element *el = model_find(of, name);
    if (el && el->choice) {
        text choice = name_of(el);
        return path_fail(run, NULL, ERR_INVALID,
                         "%.*s is called %.*s in FHIRPath; write %.*s.ofType(%.*s)", TEXT_ARG(name),
                         TEXT_ARG(choice), TEXT_ARG(choice),
                         TEXT_ARG(model_text(model_types[el->type].name)));
    }
    if (el || !run->env->strict || is_choice(of, name)) {
        return 0;
    }
    return path_fail(run, NULL, ERR_INVALID,
                     "%.*s has no element %.*s in R4; see its definition for those that it has",
                     TEXT_ARG(model_text(model_types[type].name)), TEXT_ARG(text_short(name, 64)));
}

int path_member(struct path_run *run, const struct path_item *item, text name,
                struct path_items *items, size_t *capacity)
{
    if (item->kind == PATH_TYPE) {
        return add_of_type(run, item, name, items, capacity);
    }
    if (item->kind != PATH_NODE || !name.n) {
        return path_step(run);
    }
    const struct path_node *node = item->u.node;
    int code = path_check_name(run, node->type, name);
    return code ? code : add_members(run, node, name, items, capacity);
}

int path_children(struct path_run *run, const struct path_item *item, struct path_items *items,
                  size_t *capacity)
{
    if (item->kind != PATH_NODE) {
        return path_step(run);
    }
    return add_members(run, item->u.node, (text){NULL, 0}, items, capacity);
}

int path_of_resource(const yyjson_val *root, struct arena *a, struct path_item *ret_item,
                     struct err *e)
{
    text name = json_text(json_get(root, T("resourceType")));
    fhir_type type = fhir_type_of(name);
    if (!type) {
        return err_set(e, ERR_INVALID,
                       "a resource says its type in resourceType, but here stands \"%.*s\"; "
                       "send one of the resource types of FHIR R4",
                       TEXT_ARG(text_short(name, 64)));
    }
    struct path_node *node = arena_alloc(a, sizeof *node);
    if (!node) {
        return err_set(e, ERR_MEMORY, "no memory for a resource");
    }
    *node = (struct path_node){.value = root, .type = type, .name = fhir_type_name(type)};
    *ret_item = (struct path_item){.kind = PATH_NODE, .u.node = node};
    return 0;
}
