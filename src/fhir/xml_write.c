#include "fhir/xml.h"

#include "fhir/check.h"
#include "fhir/xml_div.h"

/* XML out: the members of each object in the order of the definition of its type. */

enum { DEPTH_MOST = 512 };

struct writer {
    struct arena *arena;
    struct buf *out;
    struct err *e;
    size_t depth;
};

/* The members of one object, by element of its type. */
struct members {
    const yyjson_val *value;
    const yyjson_val *shadow; /* `_name` */
};

static int write_resource(struct writer *w, const yyjson_val *v, const struct place *at);
static int write_children(struct writer *w, const struct model_type *type,
                          const struct members *members, const struct place *at);

static int wrong(struct writer *w, const struct place *at, const char *what)
{
    text path = check_path(at, w->arena);
    return path.p ? err_at(w->e, ERR_INVALID, path, "this cannot be given as XML: %s", what)
                  : err_set(w->e, ERR_MEMORY, "the reply needs more memory than it may have");
}

static bool is_primitive(uint16_t type)
{
    return type >= MODEL_BASE64_BINARY && type <= MODEL_XHTML;
}

static bool is_attribute(const struct model_element *el)
{
    return (el->flags & MODEL_BARE) && el->type != MODEL_XHTML;
}

/* The members of an object, sorted. NULL after an error. */
static struct members *sort_members(struct writer *w, const yyjson_val *v,
                                    const struct model_type *type, const struct place *at, int *rc)
{
    struct members *members = arena_zalloc(w->arena, (size_t)type->count + 1, sizeof *members);
    if (!members) {
        *rc = err_set(w->e, ERR_MEMORY, "the reply needs more memory than it may have");
        return NULL;
    }
    bool resource = type <= &model_types[MODEL_RESOURCE_LAST];
    const yyjson_val *key = v + 1;
    for (size_t left = json_len(v); left; left--, key = json_after(key + 1)) {
        text name = json_text(key);
        bool shadow = name.n > 1 && name.p[0] == '_';
        const struct model_element *el = model_find(type, shadow ? text_from(name, 1) : name);
        if (el && shadow && is_primitive(el->type) && !(el->flags & MODEL_BARE)) {
            members[el - &model_elements[type->first]].shadow = key + 1;
        } else if (el && !shadow) {
            members[el - &model_elements[type->first]].value = key + 1;
        } else if (!resource || !text_eq(name, T("resourceType"))) {
            struct place place = {.up = at, .name = text_short(name, 64), .index = NO_INDEX};
            *rc = wrong(w, &place, "R4 has no such element");
            return NULL;
        }
    }
    return members;
}

static int write_attribute(struct writer *w, text name, text value, const struct place *at)
{
    buf_addc(w->out, ' ');
    buf_add(w->out, name);
    buf_add(w->out, T("=\""));
    int rc = xml_write_chars(value, true, w->out)
                 ? 0
                 : wrong(w, at, "the text has a character that XML does not allow");
    buf_addc(w->out, '"');
    return rc;
}

/* id, and url of an extension. */
static int write_attributes(struct writer *w, const struct model_type *type,
                            const struct members *members, const struct place *at)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < type->count; i++) {
        const struct model_element *el = &model_elements[type->first + i];
        if (members[i].value && is_attribute(el)) {
            struct place place = {.up = at, .element = el, .index = NO_INDEX};
            rc = write_attribute(w, model_text(el->name), json_text(members[i].value), &place);
        }
    }
    return rc;
}

static bool has_children(const struct model_type *type, const struct members *members)
{
    for (size_t i = 0; i < type->count; i++) {
        if ((members[i].value || members[i].shadow) &&
            !is_attribute(&model_elements[type->first + i])) {
            return true;
        }
    }
    return false;
}

/* What stands behind "<name", up to "</name>" or "/>". `value`: the attribute of a primitive. */
static int write_object(struct writer *w, const yyjson_val *v, const struct model_type *type,
                        text name, const yyjson_val *value, const struct place *at)
{
    int rc = 0;
    if (v && json_type(v) != YYJSON_TYPE_OBJ) {
        return wrong(w, at, "an object should stand here");
    }
    struct members *members = v ? sort_members(w, v, type, at, &rc) : NULL;
    rc = members ? write_attributes(w, type, members, at) : rc;
    if (!rc && value) {
        bool boolean = json_type(value) == YYJSON_TYPE_BOOL;
        text t = boolean ? (yyjson_is_true((yyjson_val *)(uintptr_t)value) ? T("true") : T("false"))
                         : json_text(value);
        rc = t.p ? write_attribute(w, T("value"), t, at)
                 : wrong(w, at, "a string, a number or a boolean should stand here");
    }
    if (rc || !members || !has_children(type, members)) {
        buf_add(w->out, T("/>"));
        return rc;
    }
    buf_addc(w->out, '>');
    rc = write_children(w, type, members, at);
    buf_add(w->out, T("</"));
    buf_add(w->out, name);
    buf_addc(w->out, '>');
    return rc;
}

static int write_div(struct writer *w, const yyjson_val *v, const struct place *at)
{
    struct err why = {0};
    int rc = xml_div_write(json_text(v), w->arena, w->out, &why);
    if (rc == ERR_INVALID) {
        text path = check_path(at, w->arena);
        return err_at(w->e, rc, path.p ? path : T(""), "%s", err_text(&why));
    }
    return rc ? err_set(w->e, rc, "%s", err_text(&why)) : 0;
}

/* One repetition: a value, its ids and extensions where it is a primitive, or an object. */
static int write_one(struct writer *w, const yyjson_val *v, const yyjson_val *shadow,
                     const struct model_element *el, const struct place *at)
{
    text name = model_text(el->name);
    const struct model_type *type = &model_types[el->type];
    v = json_type(v) == YYJSON_TYPE_NULL ? NULL : v;
    shadow = json_type(shadow) == YYJSON_TYPE_NULL ? NULL : shadow;
    if (!v && !shadow) {
        return 0;
    }
    if (el->type == MODEL_XHTML) {
        return write_div(w, v, at);
    }
    buf_addc(w->out, '<');
    buf_add(w->out, name);
    if (is_primitive(el->type)) {
        return write_object(w, shadow, &model_types[MODEL_ELEMENT], name, v, at);
    }
    if (el->type != MODEL_RESOURCE) {
        return write_object(w, v, type, name, NULL, at);
    }
    buf_addc(w->out, '>');
    int rc = write_resource(w, v, at);
    buf_add(w->out, T("</"));
    buf_add(w->out, name);
    buf_addc(w->out, '>');
    return rc;
}

static bool is_array(const yyjson_val *v)
{
    return json_type(v) == YYJSON_TYPE_ARR;
}

static int write_repeats(struct writer *w, const struct members *m, const struct model_element *el,
                         struct place *at)
{
    if ((m->value && !is_array(m->value)) || (m->shadow && !is_array(m->shadow))) {
        return wrong(w, at, "an array should stand here");
    }
    size_t values = m->value ? json_len(m->value) : 0;
    size_t shadows = m->shadow ? json_len(m->shadow) : 0;
    const yyjson_val *v = values ? m->value + 1 : NULL;
    const yyjson_val *shadow = shadows ? m->shadow + 1 : NULL;
    int rc = 0;
    for (size_t i = 0; !rc && (i < values || i < shadows); i++) {
        at->index = (uint32_t)i;
        rc = write_one(w, v, shadow, el, at);
        v = i + 1 < values ? json_after(v) : NULL;
        shadow = i + 1 < shadows ? json_after(shadow) : NULL;
    }
    return rc;
}

static int write_children(struct writer *w, const struct model_type *type,
                          const struct members *members, const struct place *at)
{
    if (w->depth >= DEPTH_MOST) {
        return wrong(w, at, "elements are nested too deep");
    }
    int rc = 0;
    w->depth++;
    for (size_t i = 0; !rc && i < type->count; i++) {
        const struct model_element *el = &model_elements[type->first + i];
        const struct members *m = &members[i];
        struct place place = {.up = at, .element = el, .index = NO_INDEX};
        if ((!m->value && !m->shadow) || is_attribute(el)) {
            continue;
        }
        struct arena_mark mark = arena_mark(w->arena);
        rc = el->flags & MODEL_REPEATS ? write_repeats(w, m, el, &place)
                                       : write_one(w, m->value, m->shadow, el, &place);
        arena_rewind(w->arena, mark);
    }
    w->depth--;
    return !rc && buf_failed(w->out)
               ? err_set(w->e, ERR_MEMORY, "the reply needs more memory than it may have")
               : rc;
}

static int write_resource(struct writer *w, const yyjson_val *v, const struct place *at)
{
    static const struct place unnamed = {.name = {"resource", 8}, .index = NO_INDEX};
    fhir_type type = fhir_type_of(json_text(json_get(v, T("resourceType"))));
    if (!type) {
        return wrong(w, at ? at : &unnamed, "a resource of R4 should stand here");
    }
    text name = fhir_type_name(type);
    struct place root = {.name = name, .index = NO_INDEX};
    buf_addc(w->out, '<');
    buf_add(w->out, name);
    if (!at) {
        buf_add(w->out, T(" xmlns=\"http://hl7.org/fhir\""));
    }
    return write_object(w, v, &model_types[type], name, NULL, at ? at : &root);
}

int fhir_xml_write(const yyjson_val *root, struct arena *a, struct buf *out, struct err *e)
{
    struct writer w = {.arena = a, .out = out, .e = e};
    buf_add(out, T("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"));
    int rc = write_resource(&w, root, NULL);
    return !rc && buf_failed(out)
               ? err_set(e, ERR_MEMORY, "the reply needs more memory than it may have")
               : rc;
}
