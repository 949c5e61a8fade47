#include "fhir/path_resolve.h"

#include "fhir/model_tables.h"
#include "fhir/reference.h"

enum { ENTRIES_STEP = 8 }; /* entries of a Bundle looked at that count as a step */

static bool is_resource(const struct path_node *node)
{
    return node->type && node->type <= MODEL_RESOURCE_LAST;
}

/* The resource that an element is in, and the one that contains that. */
static const struct path_node *container_of(const struct path_node *node)
{
    while (node && !is_resource(node)) {
        node = node->parent;
    }
    while (node && node->parent && is_resource(node->parent)) {
        node = node->parent;
    }
    return node;
}

static int no_memory(struct path_call *call)
{
    return path_fail(call->run, call->term, ERR_MEMORY, "%s", err_info(ERR_MEMORY)->text);
}

static int make_node(struct path_call *call, const struct path_node *like,
                     const struct path_node **ret)
{
    struct path_node *node = arena_alloc(call->run->arena, sizeof *node);
    if (!node) {
        return no_memory(call);
    }
    *node = *like;
    *ret = node;
    return 0;
}

/* A resource that stands in another: `resource` of an entry, an item of `contained`. A type that R4
 * does not know is nothing that could be resolved. */
static int make_resource(struct path_call *call, const struct path_node *parent, text name,
                         const yyjson_val *value, size_t index, struct path_item *ret)
{
    fhir_type type = fhir_type_of(json_text(json_get(value, T("resourceType"))));
    if (!type) {
        return 0;
    }
    const struct path_node like = {.value = value,
                                   .type = type,
                                   .name = name,
                                   .index = (uint32_t)index,
                                   .repeats = text_eq(name, T("contained")),
                                   .parent = parent};
    const struct path_node *node = NULL;
    int failed = make_node(call, &like, &node);
    if (!failed) {
        *ret = (struct path_item){.kind = PATH_NODE, .u.node = node};
    }
    return failed;
}

/* '#' is the container itself. */
static int resolve_contained(struct path_call *call, const struct path_node *container, text id,
                             struct path_item *ret)
{
    if (!container) {
        return 0;
    }
    if (id.n == 0) {
        *ret = (struct path_item){.kind = PATH_NODE, .u.node = container};
        return 0;
    }
    const yyjson_val *all = json_get(container->value, T("contained"));
    size_t count = json_type(all) == YYJSON_TYPE_ARR ? json_len(all) : 0;
    const yyjson_val *one = count ? all + 1 : NULL;
    call->run->steps += count / ENTRIES_STEP;
    for (size_t i = 0; i < count; i++, one = json_after(one)) {
        if (text_eq(json_text(json_get(one, T("id"))), id)) {
            return make_resource(call, container, T("contained"), one, i, ret);
        }
    }
    return 0;
}

/* --- entries of a Bundle ------------------------------------------------------------------- */

/* Cuts /_history/version off. */
static text without_version(text url, text *ret_version)
{
    static const text history = T("/_history/");
    size_t slash = url.n;
    while (slash && url.p[slash - 1] != '/') {
        slash--;
    }
    text version = text_from(url, slash);
    if (slash >= history.n && text_ends(text_first(url, slash), history) && version.n) {
        *ret_version = version;
        return text_first(url, slash - history.n);
    }
    *ret_version = (text){NULL, 0};
    return url;
}

/* The fullUrl of the entry that a resource stands in, without the Type/id at its end: what a
 * relative reference in it is relative to. p == NULL: it has no such address. */
static text root_of(const struct path_node *entry)
{
    text url = json_text(json_get(entry->value, T("fullUrl")));
    struct reference r = reference_parse(url, T(""));
    if (r.kind != REFERENCE_ABSOLUTE) {
        return (text){NULL, 0};
    }
    text version;
    url = without_version(url, &version);
    size_t tail = fhir_type_name(r.type).n + 1 + r.id.n;
    return text_first(url, url.n - tail);
}

/* Whether a fullUrl is `root` and then `rest`, without their being put together. */
static bool is_joined(text url, text root, text rest)
{
    return url.n == root.n + rest.n && text_starts(url, root) &&
           text_eq(text_from(url, root.n), rest);
}

static int make_entry(struct path_call *call, const struct path_node *bundle,
                      const yyjson_val *value, size_t index, struct path_item *ret)
{
    const struct model_element *el = model_find(&model_types[bundle->type], T("entry"));
    const struct path_node like = {.value = value,
                                   .type = el ? el->type : 0,
                                   .name = T("entry"),
                                   .index = (uint32_t)index,
                                   .repeats = true,
                                   .parent = bundle};
    const struct path_node *entry = NULL;
    int failed = make_node(call, &like, &entry);
    return failed
               ? failed
               : make_resource(call, entry, T("resource"), json_get(value, T("resource")), 0, ret);
}

static int look_in_bundle(struct path_call *call, const struct path_node *bundle, text root,
                          text reference, struct path_item *ret)
{
    text version;
    text wanted = without_version(reference, &version);
    const yyjson_val *all = json_get(bundle->value, T("entry"));
    size_t count = json_type(all) == YYJSON_TYPE_ARR ? json_len(all) : 0;
    const yyjson_val *one = count ? all + 1 : NULL;
    call->run->steps += count / ENTRIES_STEP;
    int failed = path_step(call->run);
    for (size_t i = 0; !failed && i < count; i++, one = json_after(one)) {
        if (!is_joined(json_text(json_get(one, T("fullUrl"))), root, wanted)) {
            continue;
        }
        const yyjson_val *resource = json_get(one, T("resource"));
        text has = json_text(json_get(json_get(resource, T("meta")), T("versionId")));
        if (resource && (version.n == 0 || text_eq(version, has))) {
            return make_entry(call, bundle, one, i, ret);
        }
    }
    return failed;
}

/* From the innermost Bundle out. */
static int resolve_in_bundles(struct path_call *call, const struct path_node *container,
                              const struct reference *r, text reference, struct path_item *ret)
{
    const struct path_node *entry = NULL;
    for (const struct path_node *n = container; n; n = n->parent) {
        if (n->type == FHIR_BUNDLE && entry) {
            text root = r->kind == REFERENCE_LOCAL ? root_of(entry) : T("");
            int failed = root.p ? look_in_bundle(call, n, root, reference, ret) : 0;
            if (failed || ret->kind != PATH_NOTHING) {
                return failed;
            }
        }
        entry = n;
    }
    return 0;
}

/* --- all together -------------------------------------------------------------------------- */

static int ask_world(struct path_call *call, text reference, struct path_item *ret)
{
    const struct path_env *env = call->run->env;
    const struct path_world *world = env ? env->world : NULL;
    if (!world || !world->resolve) {
        return 0;
    }
    const yyjson_val *root = NULL;
    struct err fault = {.code = 0};
    int failed = world->resolve(world->context, reference, call->run->arena, &root, &fault);
    if (failed == ERR_NOT_FOUND || (!failed && !root)) {
        return 0;
    }
    failed = failed ? failed : path_of_resource(root, call->run->arena, ret, &fault);
    return failed ? path_fail(call->run, call->term, failed, "resolve() of \"%.*s\": %s",
                              TEXT_ARG(text_short(reference, 200)), err_text(&fault))
                  : 0;
}

/* The reference that an item is or has; p == NULL: none. */
static text reference_of(const struct path_item *item)
{
    if (item->kind == PATH_NODE && item->u.node->type == MODEL_REFERENCE) {
        return json_text(json_get(item->u.node->value, T("reference")));
    }
    struct path_item plain;
    return path_plain(item, &plain) && plain.kind == PATH_STRING ? plain.u.string : (text){NULL, 0};
}

/* Where an item that is no element (a string of the expression, a part of one) stands: in the
 * resource of the evaluation. */
static const struct path_node *place_of(const struct path_call *call, const struct path_item *item)
{
    if (item->kind == PATH_NODE) {
        return item->u.node;
    }
    const struct path_item *root = &call->run->root;
    if (root->kind != PATH_NODE) {
        root = &call->run->resource;
    }
    return root->kind == PATH_NODE ? root->u.node : NULL;
}

int path_resolve(struct path_call *call, const struct path_item *item, struct path_item *ret)
{
    text reference = reference_of(item);
    struct reference r = reference_parse(reference, T(""));
    if (r.kind == REFERENCE_BAD) {
        return 0;
    }
    const struct path_node *container = container_of(place_of(call, item));
    if (r.kind == REFERENCE_FRAGMENT) {
        return resolve_contained(call, container, r.id, ret);
    }
    int failed = resolve_in_bundles(call, container, &r, reference, ret);
    if (!failed && ret->kind == PATH_NOTHING && r.kind != REFERENCE_CONDITIONAL) {
        failed = ask_world(call, reference, ret);
    }
    return failed;
}
