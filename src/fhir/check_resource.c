#include "fhir/check.h"

#include <stdlib.h>

static int by_id(const void *a, const void *b)
{
    const struct contained *x = a;
    const struct contained *y = b;
    int order = text_cmp(x->id, y->id);
    return order ? order : (x->index > y->index) - (x->index < y->index);
}

static void check_unique(struct check *c, const struct container *in, const struct place *at)
{
    for (size_t i = 1; i < in->count; i++) {
        const struct contained *item = &in->items[i];
        if (text_eq(item->id, in->items[i - 1].id)) {
            struct place array = {.up = at, .name = T("contained"), .index = item->index};
            check_issue_of(c, ERR_DUPLICATE, &array, T("id"),
                           "another contained resource has the id \"%.*s\" too; each needs its own",
                           TEXT_ARG(text_short(item->id, 64)));
        }
    }
}

/* Notes the contained resources of v, sorted, so that each "#id" is found quickly. */
static void note_contained(struct check *c, const yyjson_val *v, struct container *in,
                           const struct place *at)
{
    const yyjson_val *array = json_get(v, T("contained"));
    if (json_type(array) != YYJSON_TYPE_ARR || json_len(array) == 0) {
        return;
    }
    in->items = arena_zalloc(c->arena, json_len(array), sizeof *in->items);
    if (!in->items) {
        c->out_of_memory = true;
        return;
    }
    const yyjson_val *item = array + 1;
    for (size_t i = 0; i < json_len(array); i++, item = json_after(item)) {
        text id = json_text(json_get(item, T("id")));
        if (id.n) {
            in->items[in->count++] = (struct contained){
                id, fhir_type_of(json_text(json_get(item, T("resourceType")))), (uint32_t)i};
        }
    }
    qsort(in->items, in->count, sizeof *in->items, by_id);
    check_unique(c, in, at);
}

/* The type of a resource; 0 after a finding. */
static fhir_type type_of(struct check *c, const yyjson_val *v, const struct place *at)
{
    const yyjson_val *named = json_get(v, T("resourceType"));
    if (!named) {
        check_issue(c, ERR_REQUIRED, at, "resourceType is missing; every resource names its type");
        return 0;
    }
    fhir_type type = fhir_type_of(json_text(named));
    if (json_type(named) != YYJSON_TYPE_STR || !type) {
        char shown[SHOWN_SIZE];
        check_issue(c, ERR_SYNTAX, at, "\"%s\" is no resource type of FHIR R4",
                    check_shown(json_text(named), shown));
        return 0;
    }
    return type;
}

static void walk_container(struct check *c, const yyjson_val *v, fhir_type type,
                           const struct place *at)
{
    struct container *outer = c->container;
    struct container in = {.type = type};
    bool collect = c->collect;
    note_contained(c, v, &in, at);
    c->container = &in;
    c->collect = collect && type != FHIR_BUNDLE;
    check_object(c, v, type, at);
    c->collect = collect;
    c->container = outer;
}

/* dom-2, dom-4, dom-5. */
static void contained_rules(struct check *c, const yyjson_val *v, const struct place *at)
{
    static const char *const of_stored[] = {"versionId", "lastUpdated", "security"};
    if (!json_get(v, T("id"))) {
        check_issue_of(c, ERR_REQUIRED, at, T("id"),
                       "a contained resource needs an id, for others to point to it");
    }
    if (json_get(v, T("contained"))) {
        check_issue_of(c, ERR_INVALID, at, T("contained"),
                       "a contained resource cannot contain others; put all of them in the "
                       "outermost resource");
    }
    const yyjson_val *meta = json_get(v, T("meta"));
    for (size_t i = 0; i < 3; i++) {
        if (json_get(meta, text_of(of_stored[i]))) {
            struct place place = {.up = at, .name = T("meta"), .index = NO_INDEX};
            check_issue_of(c, ERR_INVALID, &place, text_of(of_stored[i]),
                           "a contained resource has no %s of its own; leave it out", of_stored[i]);
        }
    }
}

void check_inner_resource(struct check *c, const yyjson_val *v, bool contained,
                          const struct place *at)
{
    fhir_type type = type_of(c, v, at);
    if (!type) {
        return;
    }
    if (!contained) {
        walk_container(c, v, type, at);
        return;
    }
    if (c->container->inside) {
        return; /* its container has the finding already */
    }
    contained_rules(c, v, at);
    c->container->inside = true;
    if (type == FHIR_BUNDLE) {
        bool collect = c->collect;
        c->collect = false;
        check_object(c, v, type, at);
        c->collect = collect;
    } else {
        check_object(c, v, type, at);
    }
    c->container->inside = false;
}

int resource_check(yyjson_val *root, bool allow_conditional, struct arena *a, struct issues *issues,
                   struct resource *ret_resource)
{
    struct check c = {
        .arena = a, .issues = issues, .allow_conditional = allow_conditional, .collect = true};
    struct place at = {.index = NO_INDEX};
    size_t errors = issues->errors;
    if (json_type(root) != YYJSON_TYPE_OBJ) {
        check_issue(&c, ERR_SYNTAX, &at, "%s stands here; a resource is an object",
                    check_kind(root));
        return c.out_of_memory ? ERR_MEMORY : ERR_INVALID;
    }
    fhir_type type = type_of(&c, root, &at);
    if (type) {
        at.name = fhir_type_name(type);
        walk_container(&c, root, type, &at);
    }
    if (c.out_of_memory) {
        return ERR_MEMORY;
    }
    if (issues->errors > errors) {
        return ERR_INVALID;
    }
    *ret_resource = (struct resource){.type = type,
                                      .root = root,
                                      .id = json_text(json_get(root, T("id"))),
                                      .meta = json_get(root, T("meta")),
                                      .links = c.links,
                                      .link_count = c.link_count};
    return 0;
}
