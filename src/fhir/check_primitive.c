#include "fhir/check.h"

#include "fhir/primitive.h"

void check_link(struct check *c, const yyjson_val *v, struct resource_link link)
{
    struct resource_link *links =
        arena_grow(c->arena, c->links, c->link_count, &c->link_capacity, sizeof *links);
    if (!links) {
        c->out_of_memory = true;
        return;
    }
    /* The walk is const, but the links are there to be rewritten: the tree is the caller's own. */
    link.value = (yyjson_val *)(uintptr_t)v;
    c->links = links;
    c->links[c->link_count++] = link;
}

/* The kind of JSON value that a primitive type has. */
static uint8_t json_kind_of(uint16_t type)
{
    switch (type) {
    case MODEL_BOOLEAN:
        return YYJSON_TYPE_BOOL;
    case MODEL_DECIMAL:
    case MODEL_INTEGER:
    case MODEL_POSITIVE_INT:
    case MODEL_UNSIGNED_INT:
        return YYJSON_TYPE_RAW;
    default:
        return YYJSON_TYPE_STR;
    }
}

static void collect(struct check *c, const yyjson_val *v, uint16_t type, text t)
{
    switch (type) {
    case MODEL_URI:
    case MODEL_URL:
    case MODEL_CANONICAL:
    case MODEL_OID:
    case MODEL_UUID:
        if (text_starts(t, T("urn:uuid:")) || text_starts(t, T("urn:oid:"))) {
            check_link(c, v, (struct resource_link){0});
        }
        break;
    case MODEL_XHTML:
        if (memmem(t.p, t.n, "urn:", 4)) {
            check_link(c, v, (struct resource_link){.is_narrative = true});
        }
        break;
    default:
        break;
    }
}

static void wrong_kind(struct check *c, const yyjson_val *v, uint16_t type, const struct place *at)
{
    char shown[SHOWN_SIZE];
    uint8_t kind = json_type(v);
    if (kind == YYJSON_TYPE_STR || kind == YYJSON_TYPE_RAW) {
        check_issue(c, ERR_SYNTAX, at, "%s \"%s\" stands here; the value must be %s, %s",
                    kind == YYJSON_TYPE_STR ? "the string" : "the number",
                    check_shown(json_text(v), shown), primitive_form(type),
                    json_kind_of(type) == YYJSON_TYPE_STR ? "as a JSON string" : "not a string");
        return;
    }
    check_issue(c, ERR_SYNTAX, at, "%s stands here; the value must be %s", check_kind(v),
                primitive_form(type));
}

void check_primitive(struct check *c, const yyjson_val *v, const struct model_element *el,
                     const struct place *at)
{
    char shown[SHOWN_SIZE];
    uint16_t type = el->type;
    if (json_type(v) != json_kind_of(type)) {
        wrong_kind(c, v, type, at);
        return;
    }
    if (type == MODEL_BOOLEAN) {
        return;
    }
    text t = json_text(v);
    if (t.n == 0) {
        check_issue(c, ERR_VALUE, at, "the string is empty; leave the element out, or give %s",
                    primitive_form(type));
        return;
    }
    if (!primitive_ok(type, t)) {
        check_issue(c, ERR_VALUE, at, "\"%s\" is not a valid %.*s; it must be %s",
                    check_shown(t, shown), TEXT_ARG(model_text(model_types[type].name)),
                    primitive_form(type));
        return;
    }
    if (el->codes && !model_has_code(el->codes, (text){NULL, 0}, t)) {
        char list[LIST_SIZE];
        check_issue(c, ERR_CODE_INVALID, at, "\"%s\" is not one of the required codes; %s",
                    check_shown(t, shown), check_code_list(c, el->codes, (text){NULL, 0}, list));
    }
    if (c->collect) {
        collect(c, v, type, t);
    }
}

static void check_coding(struct check *c, const yyjson_val *v, uint16_t codes,
                         const struct place *at)
{
    text system = json_text(json_get(v, T("system")));
    text code = json_text(json_get(v, T("code")));
    if (!system.n || !code.n || !model_has_system(codes, system) ||
        model_has_code(codes, system, code)) {
        return;
    }
    char shown[SHOWN_SIZE];
    char list[LIST_SIZE];
    check_issue_of(c, ERR_CODE_INVALID, at, T("code"),
                   "\"%s\" is not one of the required codes; %s", check_shown(code, shown),
                   check_code_list(c, codes, system, list));
}

void check_codings(struct check *c, const yyjson_val *v, const struct model_element *el,
                   const struct place *at)
{
    if (el->type == MODEL_CODING) {
        check_coding(c, v, el->codes, at);
        return;
    }
    const yyjson_val *codings = json_get(v, T("coding"));
    if (json_type(codings) != YYJSON_TYPE_ARR) {
        return;
    }
    const yyjson_val *item = codings + 1;
    for (size_t i = 0; i < json_len(codings); i++, item = json_after(item)) {
        struct place place = {.up = at, .name = T("coding"), .index = (uint32_t)i};
        check_coding(c, item, el->codes, &place);
    }
}
