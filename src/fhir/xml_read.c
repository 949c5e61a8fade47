#include "fhir/xml.h"

#include "fhir/model_tables.h"
#include "fhir/xml_div.h"

/*
 * XML in: an element of a FHIR type becomes an object, whose members are its attributes id and url
 * and its child elements, gathered by name. A primitive becomes a value and, where it has an id or
 * extensions, an object under `_name`.
 */

enum { NONE = UINT32_MAX, DEPTH_MOST = 512 };

struct reader {
    struct arena *arena;
    struct buf *out;
    size_t most_depth;
    struct err *e;
};

/* One child element, and the next one of the same name. */
struct child {
    const struct xml_node *node;
    uint32_t element; /* index in the type */
    uint32_t next;
};

/* The children of an element, in the order of the document and in chains of one name. */
struct children {
    const struct model_type *type;
    struct child *items;
    uint32_t count;
    uint32_t *first; /* by element; NONE */
    uint32_t *last;
};

static int read_object(struct reader *r, const struct xml_node *n, uint16_t type, bool open,
                       size_t depth);
static int read_resource(struct reader *r, const struct xml_node *n, size_t depth);

static int no_memory(struct reader *r)
{
    return err_set(r->e, ERR_MEMORY, "the resource needs more memory than it may have");
}

static bool is_primitive(uint16_t type)
{
    return type >= MODEL_BASE64_BINARY && type <= MODEL_UUID;
}

/* id of elements, and url of extensions (R4 xml.html): all that has no extensions, but the div. */
static bool is_attribute(const struct model_element *el)
{
    return (el->flags & MODEL_BARE) && el->type != MODEL_XHTML;
}

static bool is_fhir(const struct xml_node *n)
{
    return text_eq(n->space, T("http://hl7.org/fhir"));
}

static void put_name(struct reader *r, bool *open, bool shadow, text name)
{
    if (!*open) {
        buf_addc(r->out, ',');
    }
    *open = false;
    buf_add(r->out, shadow ? T("\"_") : T("\""));
    buf_add(r->out, name);
    buf_add(r->out, T("\":"));
}

/* --- attributes ---------------------------------------------------------------------------- */

/* Attributes of an element of a type; `value` where the element is a primitive. */
static int check_attributes(struct reader *r, const struct xml_node *n,
                            const struct model_type *type, bool value)
{
    for (const struct xml_attribute *a = n->attributes; a; a = a->next) {
        if (a->space.n) {
            if (text_eq(a->space, T("http://www.w3.org/2001/XMLSchema-instance"))) {
                continue; /* where a schema is says nothing about the data */
            }
        } else if (value && text_eq(a->name, T("value"))) {
            continue;
        }
        const struct model_element *el = a->space.n ? NULL : model_find(type, a->name);
        if (!el || !is_attribute(el)) {
            return err_set(r->e, ERR_INVALID,
                           "line %u: <%.*s> (%.*s) has an attribute '%.*s', which cannot stand "
                           "there; values are child elements with an attribute 'value'",
                           n->line, TEXT_ARG(text_short(n->name, 64)),
                           TEXT_ARG(model_text(type->name)), TEXT_ARG(text_short(a->name, 64)));
        }
    }
    return 0;
}

static void put_attributes(struct reader *r, const struct xml_node *n,
                           const struct model_type *type, bool *open)
{
    for (const struct xml_attribute *a = n->attributes; a; a = a->next) {
        const struct model_element *el = a->space.n ? NULL : model_find(type, a->name);
        if (el && is_attribute(el)) {
            put_name(r, open, false, a->name);
            json_write_string(a->value, r->out);
        }
    }
}

/* --- primitives ---------------------------------------------------------------------------- */

/* A number of JSON (RFC 8259, 6); anything else stays a string, which the check will refuse. */
static bool is_number(text t)
{
    size_t at = t.n && t.p[0] == '-';
    size_t digits = at;
    for (; at < t.n && t.p[at] >= '0' && t.p[at] <= '9'; at++) {
    }
    if (at == digits || (t.p[digits] == '0' && at > digits + 1)) {
        return false;
    }
    if (at < t.n && t.p[at] == '.') {
        digits = ++at;
        for (; at < t.n && t.p[at] >= '0' && t.p[at] <= '9'; at++) {
        }
        if (at == digits) {
            return false;
        }
    }
    if (at < t.n && (t.p[at] | 0x20) == 'e') {
        at++;
        at += at < t.n && (t.p[at] == '+' || t.p[at] == '-');
        digits = at;
        for (; at < t.n && t.p[at] >= '0' && t.p[at] <= '9'; at++) {
        }
        if (at == digits) {
            return false;
        }
    }
    return at == t.n;
}

static void put_value(struct reader *r, text value, uint16_t type)
{
    bool number = type == MODEL_DECIMAL || type == MODEL_INTEGER || type == MODEL_POSITIVE_INT ||
                  type == MODEL_UNSIGNED_INT;
    bool boolean =
        type == MODEL_BOOLEAN && (text_eq(value, T("true")) || text_eq(value, T("false")));
    if (boolean || (number && is_number(value))) {
        buf_add(r->out, value);
    } else {
        json_write_string(value, r->out);
    }
}

/* Whether a primitive has an id or anything in it: an object under `_name`. */
static bool has_shadow(const struct xml_node *n)
{
    if (xml_attribute_of(n, T("id")).p) {
        return true;
    }
    for (const struct xml_node *child = n->first; child; child = child->next) {
        if (child->kind == XML_ELEMENT) {
            return true;
        }
    }
    return false;
}

static int check_primitive(struct reader *r, const struct xml_node *n,
                           const struct model_element *el)
{
    int rc = check_attributes(r, n, &model_types[MODEL_ELEMENT], true);
    for (const struct xml_node *c = n->first; !rc && c; c = c->next) {
        if (c->kind == XML_TEXT && text_trim(c->chars).n) {
            rc = err_set(r->e, ERR_INVALID,
                         "line %u: text stands in <%.*s>; its value belongs in the attribute "
                         "'value'",
                         c->line, TEXT_ARG(model_text(el->name)));
        }
    }
    if (!rc && !has_shadow(n) && !xml_attribute_of(n, T("value")).p) {
        rc = err_set(r->e, ERR_INVALID,
                     "line %u: <%.*s> has neither an attribute 'value' nor an extension", n->line,
                     TEXT_ARG(model_text(el->name)));
    }
    return rc;
}

static int put_shadow(struct reader *r, const struct xml_node *n, size_t depth)
{
    buf_addc(r->out, '{');
    int rc = read_object(r, n, MODEL_ELEMENT, true, depth + 1);
    buf_addc(r->out, '}');
    return rc;
}

/* All of one name: the values, then ids and extensions, with null where there is none. */
static int read_primitives(struct reader *r, const struct children *in, uint32_t first,
                           const struct model_element *el, bool *open, size_t depth)
{
    bool repeats = el->flags & MODEL_REPEATS;
    bool values = false;
    bool shadows = false;
    int rc = 0;
    for (uint32_t i = first; !rc && i != NONE; i = in->items[i].next) {
        rc = check_primitive(r, in->items[i].node, el);
        values |= xml_attribute_of(in->items[i].node, T("value")).p != NULL;
        shadows |= has_shadow(in->items[i].node);
    }
    for (int shadow = 0; !rc && shadow < 2; shadow++) {
        if (!(shadow ? shadows : values)) {
            continue;
        }
        put_name(r, open, shadow, model_text(el->name));
        buf_add(r->out, repeats ? T("[") : T(""));
        for (uint32_t i = first; !rc && i != NONE; i = in->items[i].next) {
            const struct xml_node *n = in->items[i].node;
            text value = xml_attribute_of(n, T("value"));
            buf_add(r->out, i == first ? T("") : T(","));
            if (shadow ? !has_shadow(n) : !value.p) {
                buf_add(r->out, T("null"));
            } else if (shadow) {
                rc = put_shadow(r, n, depth);
            } else {
                put_value(r, value, el->type);
            }
        }
        buf_add(r->out, repeats ? T("]") : T(""));
    }
    return rc;
}

/* --- narrative ----------------------------------------------------------------------------- */

static int read_div(struct reader *r, const struct xml_node *n)
{
    struct buf div;
    buf_init(&div, r->out->max);
    int rc = xml_div_text(n, r->arena, &div, r->e);
    if (!rc) {
        json_write_string(buf_text(&div), r->out);
    }
    buf_done(&div);
    return rc;
}

/* --- elements ------------------------------------------------------------------------------ */

/* `contained`, `resource`, `outcome`: an element that has a resource in it. */
static int read_wrapped(struct reader *r, const struct xml_node *n, size_t depth)
{
    const struct xml_node *resource = NULL;
    for (const struct xml_node *child = n->first; child; child = child->next) {
        bool is_text = child->kind == XML_TEXT && text_trim(child->chars).n;
        if (is_text || (child->kind == XML_ELEMENT && resource)) {
            return err_set(r->e, ERR_INVALID, "line %u: <%.*s> holds one resource and nothing else",
                           child->line, TEXT_ARG(n->name));
        }
        resource = child->kind == XML_ELEMENT ? child : resource;
    }
    if (!resource || n->attributes) {
        return err_set(r->e, ERR_INVALID,
                       "line %u: <%.*s> holds a resource, such as <Patient>, and has no attributes",
                       n->line, TEXT_ARG(n->name));
    }
    return read_resource(r, resource, depth);
}

static int read_complex(struct reader *r, const struct children *in, uint32_t first,
                        const struct model_element *el, size_t depth)
{
    bool repeats = el->flags & MODEL_REPEATS;
    int rc = 0;
    buf_add(r->out, repeats ? T("[") : T(""));
    for (uint32_t i = first; !rc && i != NONE; i = in->items[i].next) {
        const struct xml_node *n = in->items[i].node;
        buf_add(r->out, i == first ? T("") : T(","));
        if (el->type == MODEL_XHTML) {
            rc = read_div(r, n);
        } else if (el->type == MODEL_RESOURCE) {
            rc = read_wrapped(r, n, depth + 1);
        } else {
            buf_addc(r->out, '{');
            rc = read_object(r, n, el->type, true, depth + 1);
            buf_addc(r->out, '}');
        }
    }
    buf_add(r->out, repeats ? T("]") : T(""));
    return rc;
}

/* The element of a type that a child is; NULL after an error. */
static const struct model_element *element_of(struct reader *r, const struct xml_node *n,
                                              const struct model_type *type)
{
    const struct model_element *el = model_find(type, n->name);
    bool is_div = el && el->type == MODEL_XHTML;
    if (is_div ? !text_eq(n->space, XHTML_SPACE) : !is_fhir(n)) {
        (void)err_set(r->e, ERR_INVALID, "line %u: <%.*s> is in the namespace '%.*s', not in '%s'",
                      n->line, TEXT_ARG(text_short(n->name, 64)),
                      TEXT_ARG(text_short(n->space, 100)),
                      is_div ? XHTML_SPACE.p : "http://hl7.org/fhir");
        return NULL;
    }
    if (!el) {
        (void)err_set(r->e, ERR_INVALID, "line %u: %.*s has no element <%.*s>", n->line,
                      TEXT_ARG(model_text(type->name)), TEXT_ARG(text_short(n->name, 64)));
        return NULL;
    }
    if (is_attribute(el)) {
        (void)err_set(r->e, ERR_INVALID,
                      "line %u: <%.*s> is an element; in %.*s it must be an attribute", n->line,
                      TEXT_ARG(n->name), TEXT_ARG(model_text(type->name)));
        return NULL;
    }
    return el;
}

static int add_child(struct reader *r, struct children *in, const struct xml_node *n)
{
    const struct model_element *el = element_of(r, n, in->type);
    if (!el) {
        return ERR_INVALID;
    }
    uint32_t index = (uint32_t)(el - &model_elements[in->type->first]);
    if (in->first[index] != NONE && !(el->flags & MODEL_REPEATS)) {
        return err_set(r->e, ERR_INVALID, "line %u: <%.*s> stands twice; %.*s has one at most",
                       n->line, TEXT_ARG(n->name), TEXT_ARG(model_text(in->type->name)));
    }
    in->items[in->count] = (struct child){n, index, NONE};
    if (in->first[index] == NONE) {
        in->first[index] = in->count;
    } else {
        in->items[in->last[index]].next = in->count;
    }
    in->last[index] = in->count++;
    return 0;
}

static int gather(struct reader *r, const struct xml_node *n, struct children *in)
{
    uint32_t count = 0;
    for (const struct xml_node *child = n->first; child; child = child->next) {
        count += child->kind == XML_ELEMENT;
    }
    in->items = arena_zalloc(r->arena, (size_t)count + 1, sizeof *in->items);
    in->first = arena_zalloc(r->arena, 2 * (size_t)in->type->count + 1, sizeof *in->first);
    if (!in->items || !in->first) {
        return no_memory(r);
    }
    in->last = in->first + in->type->count;
    memset(in->first, 0xff, in->type->count * sizeof *in->first);
    for (const struct xml_node *child = n->first; child; child = child->next) {
        int rc = 0;
        if (child->kind == XML_TEXT && text_trim(child->chars).n) {
            rc = err_set(r->e, ERR_INVALID,
                         "line %u: text stands in <%.*s> between elements; values belong in "
                         "attributes 'value'",
                         child->line, TEXT_ARG(text_short(n->name, 64)));
        } else if (child->kind == XML_ELEMENT) {
            rc = add_child(r, in, child);
        }
        if (rc) {
            return rc;
        }
    }
    return 0;
}

/* The members of an object; `open`: none has been written yet. Depth is that of JSON at least. */
static int read_object(struct reader *r, const struct xml_node *n, uint16_t type, bool open,
                       size_t depth)
{
    if (depth > r->most_depth) {
        return err_set(r->e, ERR_INVALID,
                       "line %u: elements are nested more than %zu deep; this node takes no deeper "
                       "content",
                       n->line, r->most_depth);
    }
    struct arena_mark mark = arena_mark(r->arena);
    struct children in = {.type = &model_types[type]};
    int rc = type == MODEL_ELEMENT ? 0 : check_attributes(r, n, in.type, false);
    rc = rc ? rc : gather(r, n, &in);
    if (!rc) {
        put_attributes(r, n, in.type, &open);
    }
    for (uint32_t i = 0; !rc && i < in.count; i++) {
        const struct model_element *el = &model_elements[in.type->first + in.items[i].element];
        if (in.first[in.items[i].element] != i) {
            continue;
        }
        if (is_primitive(el->type)) {
            rc = read_primitives(r, &in, i, el, &open, depth);
        } else {
            put_name(r, &open, false, model_text(el->name));
            rc = read_complex(r, &in, i, el, depth);
        }
    }
    arena_rewind(r->arena, mark);
    return !rc && buf_failed(r->out) ? no_memory(r) : rc;
}

static int read_resource(struct reader *r, const struct xml_node *n, size_t depth)
{
    fhir_type type = fhir_type_of(n->name);
    if (!is_fhir(n)) {
        return err_set(r->e, ERR_INVALID,
                       "line %u: <%.*s> is in the namespace '%.*s', not in 'http://hl7.org/fhir'",
                       n->line, TEXT_ARG(text_short(n->name, 64)),
                       TEXT_ARG(text_short(n->space, 100)));
    }
    if (!type) {
        return err_set(r->e, ERR_INVALID, "line %u: <%.*s> is no resource type of FHIR R4", n->line,
                       TEXT_ARG(text_short(n->name, 64)));
    }
    buf_add(r->out, T("{\"resourceType\":\""));
    buf_add(r->out, fhir_type_name(type));
    buf_addc(r->out, '"');
    int rc = read_object(r, n, type, false, depth + 1);
    buf_addc(r->out, '}');
    return rc;
}

int fhir_xml_read(text bytes, size_t most_depth, struct arena *a, struct buf *ret_json,
                  struct err *e)
{
    const struct xml_node *root = NULL;
    struct reader r = {.arena = a, .out = ret_json, .e = e};
    r.most_depth = most_depth < DEPTH_MOST ? most_depth : DEPTH_MOST;
    int rc = xml_read(bytes, r.most_depth + XML_DIV_DEPTH, a, &root, e);
    return rc ? rc : read_resource(&r, root, 0);
}
