#include "fhir/check.h"

#include "fhir/reference.h"

static const struct contained *find_contained(const struct container *in, text id)
{
    size_t low = 0;
    size_t high = in->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = text_cmp(id, in->items[middle].id);
        if (order == 0) {
            return &in->items[middle];
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}

/* The type of what a #fragment points to; 0 after a finding. */
static fhir_type fragment_type(struct check *c, text id, const struct place *at)
{
    char shown[SHOWN_SIZE];
    if (id.n == 0) {
        if (!c->container->inside) {
            check_issue(c, ERR_INVALID, at,
                        "\"#\" means the container, and only contained resources have one; write "
                        "#id of a contained resource");
            return 0;
        }
        return c->container->type;
    }
    const struct contained *found = find_contained(c->container, id);
    if (!found) {
        check_issue(c, ERR_INVALID, at,
                    "no contained resource has the id \"%s\"; put it in `contained`, or write the "
                    "reference as Type/id",
                    check_shown(id, shown));
        return 0;
    }
    return found->type;
}

/* The type that a reference points to; 0 when nobody can tell, or after a finding. */
static fhir_type pointed_type(struct check *c, text t, const struct place *at)
{
    char shown[SHOWN_SIZE];
    struct reference r = reference_parse(t, T(""));
    switch (r.kind) {
    case REFERENCE_LOCAL:
    case REFERENCE_ABSOLUTE:
        return r.type;
    case REFERENCE_FRAGMENT:
        return fragment_type(c, r.id, at);
    case REFERENCE_CONDITIONAL:
        if (!c->allow_conditional) {
            check_issue(c, ERR_VALUE, at,
                        "\"%s\" is a search; references of that form are for transactions only. "
                        "Write Type/id",
                        check_shown(t, shown));
        }
        return r.type;
    case REFERENCE_URI:
        return 0;
    case REFERENCE_BAD:
    default:
        check_issue(c, ERR_VALUE, at,
                    "\"%s\" is not a reference; it must be Type/id, an absolute URL, urn:uuid:..., "
                    "urn:oid:... or #id of a contained resource",
                    check_shown(t, shown));
        return 0;
    }
}

static void check_target(struct check *c, fhir_type type, uint16_t targets, const struct place *at)
{
    if (type && !fhir_target_ok(targets, type)) {
        char list[LIST_SIZE];
        check_issue(c, ERR_INVALID, at, "this cannot point to a resource of type %.*s; allowed: %s",
                    TEXT_ARG(fhir_type_name(type)), check_target_list(c, targets, list));
    }
}

void check_reference(struct check *c, const yyjson_val *v, const struct model_element *el,
                     const struct place *at)
{
    const yyjson_val *reference = json_get(v, T("reference"));
    const yyjson_val *named = json_get(v, T("type"));
    fhir_type said = named ? fhir_type_of(json_text(named)) : 0;
    fhir_type type = 0;
    if (json_type(reference) == YYJSON_TYPE_STR && json_len(reference)) {
        struct place place = {.up = at, .name = T("reference"), .index = NO_INDEX};
        type = pointed_type(c, json_text(reference), &place);
        check_target(c, type, el->targets, &place);
        if (c->collect) {
            check_link(c, reference,
                       (struct resource_link){.is_reference = true, .targets = el->targets});
        }
    }
    if (said && type && said != type) {
        check_issue_of(c, ERR_INVALID, at, T("type"),
                       "the type says %.*s but the reference points to %.*s; make them agree",
                       TEXT_ARG(fhir_type_name(said)), TEXT_ARG(fhir_type_name(type)));
    } else if (said && !type) {
        struct place place = {.up = at, .name = T("type"), .index = NO_INDEX};
        check_target(c, said, el->targets, &place);
    }
}
