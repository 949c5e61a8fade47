/* The values that a patch brings: value[x], a resource, or parts for a complex element. */
#include "fhir/path_patch_int.h"
#include "fhir/path_run.h"

/* What a part gives beside its name; exactly one of value or shadow, parts and resource. */
struct given {
    const struct model_element *as; /* value[x] of Parameters.parameter */
    const yyjson_val *value;
    const yyjson_val *shadow;
    const yyjson_val *parts;
    const yyjson_val *resource;
};

/* --- what is given ------------------------------------------------------------------------- */

static int wrong(struct patching *p, text name, const char *what)
{
    return patch_fail(p, ERR_INVALID, "the value of '%.*s' %s", TEXT_ARG(text_short(name, 64)),
                      what);
}

static int take_member(struct patching *p, text name, const struct model_type *type,
                       const yyjson_val *key, struct given *g)
{
    text said = json_text(key);
    bool shadow = said.n && said.p[0] == '_';
    const struct model_element *el = model_find(type, shadow ? text_from(said, 1) : said);
    if (text_eq(said, T("part"))) {
        g->parts = key + 1;
    } else if (text_eq(said, T("resource"))) {
        g->resource = key + 1;
    } else if (el && el->choice) {
        if (g->as && g->as != el) {
            return wrong(p, name, "has two types; give one value");
        }
        g->as = el;
        *(shadow ? &g->shadow : &g->value) = key + 1;
    } else if (!el || text_eq(said, T("resourceType"))) {
        return patch_fail(p, ERR_INVALID, "'%.*s' is no element of a parameter in R4",
                          TEXT_ARG(text_short(said, 64)));
    }
    return 0;
}

static int read_given(struct patching *p, const yyjson_val *part, text name, struct given *ret)
{
    const struct model_element *parameter =
        model_find(&model_types[FHIR_PARAMETERS], T("parameter"));
    int code = 0;
    *ret = (struct given){0};
    if (json_type(part) != YYJSON_TYPE_OBJ) {
        return wrong(p, name, "must be an object");
    }
    const yyjson_val *key = part + 1;
    for (size_t left = json_len(part); !code && left; left--, key = json_after(key + 1)) {
        code = take_member(p, name, &model_types[parameter->type], key, ret);
    }
    int kinds = (ret->as != NULL) + (ret->parts != NULL) + (ret->resource != NULL);
    if (!code && kinds != 1) {
        code = wrong(p, name,
                     kinds ? "stands there in several ways; give a value[x], parts or a resource"
                           : "is missing; give a value[x], parts or a resource");
    }
    return code;
}

/* --- which element it is for --------------------------------------------------------------- */

/* The form of a primitive in JSON. */
static int form_of(uint16_t type)
{
    switch (type) {
    case MODEL_BOOLEAN:
        return 1;
    case MODEL_DECIMAL:
        return 3;
    case MODEL_INTEGER:
    case MODEL_POSITIVE_INT:
    case MODEL_UNSIGNED_INT:
        return 2;
    default:
        return 4;
    }
}

static bool is_quantity(uint16_t type)
{
    static const char *const names[] = {"Quantity", "Age", "Count", "Distance", "Duration"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (text_eq(model_text(model_types[type].name), text_of(names[i]))) {
            return true;
        }
    }
    return false;
}

/* Whether a value of a type may stand where an element wants another: what is wrong with the text
 * of a primitive is found when the whole is checked. */
static bool fits(uint16_t wanted, uint16_t given)
{
    if (path_is_primitive(wanted) && path_is_primitive(given)) {
        return form_of(wanted) == form_of(given) || (form_of(wanted) == 3 && form_of(given) == 2);
    }
    return wanted == given || (is_quantity(wanted) && is_quantity(given));
}

static int no_element(struct patching *p, uint16_t type, text name)
{
    text owner = model_text(patch_type(type)->name);
    const struct model_element *el = model_find(patch_type(type), name);
    if (el) {
        return patch_fail(p, ERR_INVALID,
                          "'%.*s' is called '%.*s' here; its type comes with the value, as in "
                          "\"value%.*s\"",
                          TEXT_ARG(name), TEXT_ARG(patch_name(el)),
                          TEXT_ARG(text_from(name, patch_name(el).n)));
    }
    return patch_fail(p, ERR_INVALID, "%.*s has no element '%.*s' in R4", TEXT_ARG(owner),
                      TEXT_ARG(text_short(name, 64)));
}

/* The types of a choice, for an error. */
static text types_of(struct patching *p, const struct model_type *type, text name)
{
    text all = {0};
    for (size_t i = 0; i < type->count; i++) {
        const struct model_element *el = &model_elements[type->first + i];
        if (el->choice && text_eq(patch_name(el), name)) {
            all = arena_printf(p->arena, "%.*s%s%.*s", TEXT_ARG(all), all.n ? ", " : "",
                               TEXT_ARG(model_text(model_types[el->type].name)));
        }
    }
    return all;
}

static int choose(struct patching *p, const struct given *g, uint16_t type, text name,
                  const struct model_element **ret)
{
    const struct model_type *of = patch_type(type);
    bool is_choice = false;
    *ret = NULL;
    for (size_t i = 0; i < of->count && !*ret; i++) {
        const struct model_element *el = &model_elements[of->first + i];
        bool named = text_eq(patch_name(el), name);
        is_choice |= named && el->choice;
        *ret = named && (!el->choice || (g->as && el->type == g->as->type)) ? el : NULL;
    }
    if (!*ret && !is_choice) {
        return no_element(p, type, name);
    }
    if (!*ret) {
        text all = types_of(p, of, name);
        return patch_fail(p, ERR_INVALID,
                          "'%.*s' may be of several types, so it needs a value[x] of one of them: "
                          "%.*s",
                          TEXT_ARG(name), TEXT_ARG(text_short(all, 300)));
    }
    return 0;
}

/* --- parts --------------------------------------------------------------------------------- */

struct group {
    const struct model_element *el;
    struct patch_piece *pieces;
    size_t count;
    size_t capacity;
};

static int build(struct patching *p, const yyjson_val *parts, uint16_t type, text name,
                 size_t depth, struct patch_piece *ret);

static int read_value(struct patching *p, const yyjson_val *part, uint16_t type, text name,
                      size_t depth, const struct model_element **ret_element,
                      struct patch_piece *ret_piece);

static int add_part(struct patching *p, const yyjson_val *part, uint16_t type, size_t depth,
                    struct group *groups)
{
    const struct model_type *of = patch_type(type);
    const struct model_element *el = NULL;
    struct patch_piece piece;
    text name = json_text(json_get(part, T("name")));
    if (!name.n) {
        return patch_fail(p, ERR_INVALID, "a part of the value has no name");
    }
    int code = read_value(p, part, type, name, depth, &el, &piece);
    if (code) {
        return code;
    }
    /* A choice is one element, whichever type it has. */
    size_t at = (size_t)(el - &model_elements[of->first]);
    while (el->choice && at && model_elements[of->first + at - 1].choice == el->choice) {
        at--;
    }
    struct group *g = &groups[at];
    if (g->count && !(el->flags & MODEL_REPEATS)) {
        return patch_fail(p, ERR_INVALID, "the part '%.*s' stands twice, but does not repeat",
                          TEXT_ARG(text_short(name, 64)));
    }
    struct patch_piece *grown =
        arena_grow(p->arena, g->pieces, g->count, &g->capacity, sizeof *g->pieces);
    if (!grown) {
        return patch_no_memory(p);
    }
    g->el = el;
    g->pieces = grown;
    g->pieces[g->count++] = piece;
    return 0;
}

static int write_groups(struct patching *p, const struct group *groups, size_t count,
                        yyjson_val **ret)
{
    struct buf out;
    bool any = false;
    buf_init(&out, PATH_PATCH_BYTES_MAX);
    buf_addc(&out, '{');
    for (size_t i = 0; i < count; i++) {
        const struct group *g = &groups[i];
        if (g->count) {
            patch_write_pieces(&out, model_text(g->el->name), (g->el->flags & MODEL_REPEATS) != 0,
                               g->pieces, g->count, &any);
        }
    }
    buf_addc(&out, '}');
    int code = buf_failed(&out) ? patch_no_memory(p) : patch_read(p, buf_text(&out), p->arena, ret);
    buf_done(&out);
    return code;
}

static int build(struct patching *p, const yyjson_val *parts, uint16_t type, text name,
                 size_t depth, struct patch_piece *ret)
{
    const struct model_type *of = &model_types[type];
    yyjson_val *made = NULL;
    if (depth >= p->most_depth) {
        return wrong(p, name, "is nested deeper than this node takes content");
    }
    if (json_type(parts) != YYJSON_TYPE_ARR || !json_len(parts)) {
        return wrong(p, name, "has no parts");
    }
    struct group *groups = arena_zalloc(p->arena, (size_t)of->count + 1, sizeof *groups);
    if (!groups) {
        return patch_no_memory(p);
    }
    int code = 0;
    const yyjson_val *part = parts + 1;
    for (size_t left = json_len(parts); !code && left; left--, part = json_after(part)) {
        code = add_part(p, part, type, depth + 1, groups);
    }
    code = code ? code : write_groups(p, groups, of->count, &made);
    *ret = (struct patch_piece){.value = made};
    return code;
}

static int mismatch(struct patching *p, const struct given *g, const struct model_element *el)
{
    text wanted = model_text(model_types[el->type].name);
    if (el->type == MODEL_RESOURCE || g->resource) {
        return patch_fail(p, ERR_INVALID,
                          el->type == MODEL_RESOURCE
                              ? "'%.*s' is a resource: give it in \"resource\""
                              : "'%.*s' is no resource: give a value[x] or parts",
                          TEXT_ARG(model_text(el->name)));
    }
    text given = g->as ? model_text(model_types[g->as->type].name) : T("parts");
    return patch_fail(p, ERR_INVALID, "'%.*s' is of type %.*s, but the value is given as %.*s",
                      TEXT_ARG(model_text(el->name)), TEXT_ARG(wanted), TEXT_ARG(given));
}

static int read_value(struct patching *p, const yyjson_val *part, uint16_t type, text name,
                      size_t depth, const struct model_element **ret_element,
                      struct patch_piece *ret_piece)
{
    struct given g;
    const struct model_element *el = NULL;
    int code = read_given(p, part, name, &g);
    code = code ? code : choose(p, &g, type, name, &el);
    if (code) {
        return code;
    }
    *ret_element = el;
    if (el->type == MODEL_RESOURCE) {
        *ret_piece = (struct patch_piece){.value = g.resource};
        return g.resource ? 0 : mismatch(p, &g, el);
    }
    if (g.parts && !path_is_primitive(el->type)) {
        return build(p, g.parts, el->type, name, depth, ret_piece);
    }
    if (!g.as || !fits(el->type, g.as->type)) {
        return mismatch(p, &g, el);
    }
    if (g.shadow && (el->flags & MODEL_BARE)) {
        return wrong(p, name, "cannot have an id or extensions");
    }
    *ret_piece = (struct patch_piece){.value = g.value, .shadow = g.shadow};
    return 0;
}

int patch_value(struct patching *p, const yyjson_val *part, uint16_t type, text name,
                const struct model_element **ret_element, struct patch_piece *ret_piece)
{
    return read_value(p, part, type, name, 0, ret_element, ret_piece);
}
