/* The operations of a FHIRPath Patch. */
#include "fhir/path_patch.h"

#include "fhir/path_int.h"
#include "fhir/path_patch_int.h"
#include "fhir/path_run.h"

#include <stdarg.h>
#include <stdio.h>

enum part {
    PART_TYPE,
    PART_PATH,
    PART_NAME,
    PART_VALUE,
    PART_INDEX,
    PART_SOURCE,
    PART_DESTINATION,
    PART_COUNT
};

static const char *const part_names[PART_COUNT] = {"type",  "path",   "name",       "value",
                                                   "index", "source", "destination"};

struct operation {
    const yyjson_val *parts[PART_COUNT]; /* NULL: not given */
    text name;
    size_t index;
    size_t source;
    size_t destination;
};

/* What its path leads to. */
struct targets {
    const struct path *path;
    struct path_items items;
};

int patch_fail(struct patching *p, int code, const char *format, ...)
{
    char detail[512];
    char place[64];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    int n = snprintf(place, sizeof place, "Parameters.parameter[%zu]", p->position);
    text path = text_short(p->path, 120);
    if (!p->type.n) {
        return err_at(p->e, code, text_make(place, (size_t)n), "operation %zu: %s", p->number,
                      detail);
    }
    return err_at(p->e, code, text_make(place, (size_t)n), "operation %zu (%.*s `%.*s`): %s",
                  p->number, TEXT_ARG(text_short(p->type, 16)), TEXT_ARG(path), detail);
}

int patch_no_memory(struct patching *p)
{
    return err_set(p->e, ERR_MEMORY, "the patch needs more memory than it may have");
}

/* --- reading an operation ------------------------------------------------------------------ */

/* The value[x] of a part as text; p == NULL: none, or no text. */
static text text_value(const yyjson_val *part)
{
    if (json_type(part) != YYJSON_TYPE_OBJ) {
        return (text){0};
    }
    const yyjson_val *key = part + 1;
    for (size_t left = json_len(part); left; left--, key = json_after(key + 1)) {
        if (text_starts(json_text(key), T("value"))) {
            return json_text(key + 1);
        }
    }
    return (text){0};
}

static int read_parts(struct patching *p, const yyjson_val *parameter, struct operation *o)
{
    const yyjson_val *parts = json_get(parameter, T("part"));
    if (json_type(parts) != YYJSON_TYPE_ARR) {
        return patch_fail(p, ERR_INVALID, "an operation has parts: type, path ...");
    }
    const yyjson_val *part = parts + 1;
    for (size_t left = json_len(parts); left; left--, part = json_after(part)) {
        text name = json_text(json_get(part, T("name")));
        size_t i = 0;
        while (i < PART_COUNT && !text_eq(name, text_of(part_names[i]))) {
            i++;
        }
        if (i == PART_COUNT) {
            return patch_fail(p, ERR_INVALID,
                              "'%.*s' is no part of an operation; there are type, path, name, "
                              "value, index, source and destination",
                              TEXT_ARG(text_short(name, 64)));
        }
        if (o->parts[i]) {
            return patch_fail(p, ERR_INVALID, "the part '%s' stands twice", part_names[i]);
        }
        o->parts[i] = part;
    }
    return 0;
}

static int read_text(struct patching *p, const struct operation *o, enum part part, text *ret)
{
    *ret = text_value(o->parts[part]);
    return ret->n ? 0
                  : patch_fail(p, ERR_INVALID, "the part '%s' must be a string", part_names[part]);
}

static int read_number(struct patching *p, const struct operation *o, enum part part, size_t *ret)
{
    uint64_t n = 0;
    if (!o->parts[part]) {
        return 0;
    }
    if (!text_to_u64(text_value(o->parts[part]), &n) || n > INT32_MAX) {
        return patch_fail(p, ERR_INVALID,
                          "the part '%s' must be an integer from 0 on (valueInteger)",
                          part_names[part]);
    }
    *ret = (size_t)n;
    return 0;
}

/* Which parts a type of operation has, as bits: all of them, and no other. */
static int check_parts(struct patching *p, const struct operation *o, unsigned needed)
{
    for (unsigned i = 0; i < PART_COUNT; i++) {
        bool needs = needed >> i & 1;
        if (needs != (o->parts[i] != NULL)) {
            return patch_fail(p, ERR_INVALID,
                              needs ? "the part '%s' is missing"
                                    : "the part '%s' is not for this type of operation",
                              part_names[i]);
        }
    }
    return 0;
}

/* --- where --------------------------------------------------------------------------------- */

/* Items of the result may be those of the focus, so that is in the arena. */
static int evaluate(struct patching *p, const struct path *path, struct path_items *ret)
{
    struct path_item *focus = arena_alloc(p->arena, sizeof *focus);
    struct path_items items = {focus, 1};
    struct err why = {0};
    struct path_env env = {.strict = true, .limits = path_limits_default()};
    env.limits.steps = p->steps < env.limits.steps ? p->steps : env.limits.steps;
    if (!focus) {
        return patch_no_memory(p);
    }
    int code = path_of_resource(p->root, p->arena, focus, &why);
    code = code ? code : path_eval(path, &env, &items, p->arena, ret, &why);
    return code ? patch_fail(p, code, "%s", err_text(&why)) : 0;
}

static int find_targets(struct patching *p, struct targets *ret)
{
    struct err why = {0};
    int code = path_compile(p->path, p->arena, &ret->path, &why);
    if (code) {
        return patch_fail(p, code == ERR_MEMORY ? code : ERR_INVALID, "%s", err_text(&why));
    }
    return evaluate(p, ret->path, &ret->items);
}

/* The one element that is meant (R4 fhirpatch.html: a single element). */
static int one_target(struct patching *p, const struct path_items *items,
                      const struct path_node **ret)
{
    if (items->count == 0) {
        return patch_fail(
            p, ERR_BUSINESS_RULE,
            "there is nothing at the path; it must lead to one element that is there");
    }
    if (items->count > 1) {
        return patch_fail(p, ERR_BUSINESS_RULE,
                          "the path leads to %zu elements, but must lead to one; narrow it by an "
                          "index or where()",
                          items->count);
    }
    if (items->items[0].kind != PATH_NODE) {
        return patch_fail(p, ERR_BUSINESS_RULE,
                          "the path gives a value that was computed, not an element of the "
                          "resource");
    }
    *ret = items->items[0].u.node;
    return 0;
}

/* The object in which the members of a node stand; NULL: a primitive without an id or extension. */
static const yyjson_val *object_of(const struct path_node *node)
{
    const yyjson_val *v = path_is_primitive(node->type) ? node->shadow : node->value;
    return json_type(v) == YYJSON_TYPE_OBJ ? v : NULL;
}

/* Whether an object has an element, under any type of a choice. */
static const struct model_element *present(const yyjson_val *object, uint16_t type, text name)
{
    const yyjson_val *key = object + 1;
    for (size_t left = json_len(object); left; left--, key = json_after(key + 1)) {
        text said = json_text(key);
        said = said.n && said.p[0] == '_' ? text_from(said, 1) : said;
        const struct model_element *el = model_find(patch_type(type), said);
        if (el && text_eq(patch_name(el), name)) {
            return el;
        }
    }
    return NULL;
}

/* --- the operations ------------------------------------------------------------------------ */

/* The first id or extension of a primitive: its `_name` is not there yet. */
static int add_shadow(struct patching *p, const struct path_node *node,
                      const struct model_element *el, const struct patch_piece *piece,
                      struct arena *next, yyjson_val **ret)
{
    struct patch_member m;
    size_t at;
    struct buf out;
    bool any = false;
    yyjson_val *shadow = NULL;
    int code = patch_member_of(p, node, &m, &at);
    if (code) {
        return code;
    }
    const struct model_element *own = model_find(patch_type(node->parent->type), m.name);
    if (own && (own->flags & MODEL_BARE)) {
        return patch_fail(p, ERR_INVALID, "this element cannot have an id or extensions");
    }
    buf_init(&out, PATH_PATCH_BYTES_MAX);
    buf_addc(&out, '{');
    patch_write_pieces(&out, model_text(el->name), (el->flags & MODEL_REPEATS) != 0, piece, 1,
                       &any);
    buf_addc(&out, '}');
    code = buf_failed(&out) ? patch_no_memory(p) : patch_read(p, buf_text(&out), p->arena, &shadow);
    buf_done(&out);
    if (code) {
        return code;
    }
    m.pieces[at].shadow = shadow;
    return patch_change(p, &m, next, ret);
}

static int do_add(struct patching *p, const struct operation *o, struct arena *next,
                  yyjson_val **ret)
{
    struct targets t;
    const struct path_node *node = NULL;
    const struct model_element *el = NULL;
    struct patch_piece piece;
    int code = find_targets(p, &t);
    code = code ? code : one_target(p, &t.items, &node);
    code = code ? code : patch_value(p, o->parts[PART_VALUE], node->type, o->name, &el, &piece);
    if (code) {
        return code;
    }
    struct patch_member m = {.object = object_of(node), .name = model_text(el->name)};
    if (!m.object) {
        return add_shadow(p, node, el, &piece, next, ret);
    }
    m.repeats = (el->flags & MODEL_REPEATS) != 0;
    if (!m.repeats && present(m.object, node->type, o->name)) {
        return patch_fail(p, ERR_BUSINESS_RULE,
                          "'%.*s' is there already and does not repeat; use the type replace",
                          TEXT_ARG(o->name));
    }
    code = patch_pieces(p, &m);
    if (!code) {
        m.pieces[m.count++] = piece;
        code = patch_change(p, &m, next, ret);
    }
    return code;
}

static int do_delete(struct patching *p, const struct operation *o, struct arena *next,
                     yyjson_val **ret)
{
    struct targets t;
    struct patch_member m;
    size_t at;
    const struct path_node *node = NULL;
    (void)o;
    int code = find_targets(p, &t);
    if (code || t.items.count == 0) {
        return code; /* what is not there need not be deleted */
    }
    code = one_target(p, &t.items, &node);
    code = code ? code : patch_member_of(p, node, &m, &at);
    if (code) {
        return code;
    }
    m.count--;
    memmove(&m.pieces[at], &m.pieces[at + 1], (m.count - at) * sizeof *m.pieces);
    return patch_change(p, &m, next, ret);
}

static int do_replace(struct patching *p, const struct operation *o, struct arena *next,
                      yyjson_val **ret)
{
    struct targets t;
    struct patch_member m;
    size_t at;
    const struct path_node *node = NULL;
    const struct model_element *el = NULL;
    struct patch_piece piece;
    int code = find_targets(p, &t);
    code = code ? code : one_target(p, &t.items, &node);
    code = code ? code : patch_member_of(p, node, &m, &at);
    code = code ? code
                : patch_value(p, o->parts[PART_VALUE], node->parent->type, node->name, &el, &piece);
    if (code) {
        return code;
    }
    m.new_name = model_text(el->name);
    m.pieces[at] = piece;
    return patch_change(p, &m, next, ret);
}

/* --- lists --------------------------------------------------------------------------------- */

/* A list that is not there yet: `parent.name`, where the parent is. */
static int absent_list(struct patching *p, const struct targets *t, uint16_t *ret_type,
                       text *ret_name, struct patch_member *ret)
{
    const struct path_term *term = t->path->root;
    const struct path_node *node = NULL;
    struct path parent = {.expression = t->path->expression, .root = term->left};
    static const struct path_term here = {.kind = TERM_THIS};
    struct path_items items;
    if (term->kind != TERM_MEMBER) {
        return patch_fail(p, ERR_BUSINESS_RULE,
                          "there is nothing at the path; to begin a list it must end with the "
                          "name of the list");
    }
    parent.root = parent.root ? parent.root : &here;
    int code = evaluate(p, &parent, &items);
    code = code ? code : one_target(p, &items, &node);
    if (code) {
        return code;
    }
    *ret_type = node->type;
    *ret_name = term->name;
    *ret = (struct patch_member){.object = object_of(node), .name = term->name, .repeats = true};
    const struct model_element *el = model_find(patch_type(node->type), term->name);
    if (!el || !(el->flags & MODEL_REPEATS) || !ret->object) {
        return patch_fail(p, ERR_BUSINESS_RULE,
                          "the path leads to no list; an element that does "
                          "not repeat is added by the type add");
    }
    return patch_pieces(p, ret);
}

/* The list whose items the path leads to: all of them. */
static int find_list(struct patching *p, const struct targets *t, struct patch_member *ret,
                     uint16_t *ret_type, text *ret_name)
{
    struct patch_member other;
    size_t at;
    for (size_t i = 0; i < t->items.count; i++) {
        const struct path_item *item = &t->items.items[i];
        if (item->kind != PATH_NODE || !item->u.node->repeats) {
            return patch_fail(p, ERR_BUSINESS_RULE, "the path leads to something that is no list");
        }
        if (item->u.node->parent != t->items.items[0].u.node->parent ||
            !text_eq(item->u.node->name, t->items.items[0].u.node->name)) {
            return patch_fail(p, ERR_BUSINESS_RULE,
                              "the path leads to the items of several lists; narrow it to one");
        }
    }
    const struct path_node *first = t->items.items[0].u.node;
    int code = patch_member_of(p, first, &other, &at);
    if (code) {
        return code;
    }
    if (other.count != t->items.count) {
        return patch_fail(p, ERR_BUSINESS_RULE,
                          "the path leads to %zu of the %zu items of a list; it must lead to the "
                          "whole list, without index or where()",
                          t->items.count, other.count);
    }
    *ret = other;
    *ret_type = first->parent->type;
    *ret_name = first->name;
    return 0;
}

static int do_insert(struct patching *p, const struct operation *o, struct arena *next,
                     yyjson_val **ret)
{
    struct targets t;
    struct patch_member m;
    uint16_t type = 0;
    text name = {0};
    const struct model_element *el = NULL;
    struct patch_piece piece;
    int code = find_targets(p, &t);
    if (!code) {
        code = t.items.count ? find_list(p, &t, &m, &type, &name)
                             : absent_list(p, &t, &type, &name, &m);
    }
    if (!code && o->index > m.count) {
        code = patch_fail(p, ERR_BUSINESS_RULE,
                          "the index %zu is past the end of the list, which has %zu items",
                          o->index, m.count);
    }
    code = code ? code : patch_value(p, o->parts[PART_VALUE], type, name, &el, &piece);
    if (code) {
        return code;
    }
    memmove(&m.pieces[o->index + 1], &m.pieces[o->index], (m.count - o->index) * sizeof *m.pieces);
    m.pieces[o->index] = piece;
    m.count++;
    return patch_change(p, &m, next, ret);
}

/* The item is taken out, then put in at the destination. */
static int do_move(struct patching *p, const struct operation *o, struct arena *next,
                   yyjson_val **ret)
{
    struct targets t;
    struct patch_member m;
    uint16_t type;
    text name;
    size_t from = o->source;
    size_t to = o->destination;
    int code = find_targets(p, &t);
    if (!code && !t.items.count) {
        code = patch_fail(p, ERR_BUSINESS_RULE,
                          "there is nothing at the path; it must lead to a "
                          "list");
    }
    code = code ? code : find_list(p, &t, &m, &type, &name);
    if (code) {
        return code;
    }
    if (from >= m.count || to >= m.count) {
        return patch_fail(
            p, ERR_BUSINESS_RULE, "the %s %zu is past the end of the list, which has %zu items",
            from >= m.count ? "source" : "destination", from >= m.count ? from : to, m.count);
    }
    struct patch_piece moved = m.pieces[from];
    memmove(&m.pieces[from], &m.pieces[from + 1], (m.count - from - 1) * sizeof *m.pieces);
    memmove(&m.pieces[to + 1], &m.pieces[to], (m.count - to - 1) * sizeof *m.pieces);
    m.pieces[to] = moved;
    return patch_change(p, &m, next, ret);
}

/* --- the patch ----------------------------------------------------------------------------- */

#define BIT(part) (1U << (part))
#define BITS (BIT(PART_TYPE) | BIT(PART_PATH))

static const struct kind {
    const char *name;
    unsigned parts;
    int (*run)(struct patching *p, const struct operation *o, struct arena *next, yyjson_val **ret);
} kinds[] = {
    {"add", BITS | BIT(PART_NAME) | BIT(PART_VALUE), do_add},
    {"insert", BITS | BIT(PART_VALUE) | BIT(PART_INDEX), do_insert},
    {"delete", BITS, do_delete},
    {"replace", BITS | BIT(PART_VALUE), do_replace},
    {"move", BITS | BIT(PART_SOURCE) | BIT(PART_DESTINATION), do_move},
};

static const struct kind *kind_of(text type)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (text_eq(type, text_of(kinds[i].name))) {
            return &kinds[i];
        }
    }
    return NULL;
}

/* *ret stays NULL where the tree stays as it is. */
static int operate(struct patching *p, const yyjson_val *parameter, struct arena *next,
                   yyjson_val **ret)
{
    struct operation o = {0};
    text type = {0};
    p->type = (text){0};
    p->path = (text){0};
    if (!text_eq(json_text(json_get(parameter, T("name"))), T("operation"))) {
        return patch_fail(p, ERR_INVALID,
                          "the parameters of a patch are called 'operation'; this is '%.*s'",
                          TEXT_ARG(text_short(json_text(json_get(parameter, T("name"))), 64)));
    }
    int code = read_parts(p, parameter, &o);
    code = code ? code : read_text(p, &o, PART_TYPE, &type);
    p->path = o.parts[PART_PATH] ? text_value(o.parts[PART_PATH]) : (text){0};
    p->type = type;
    const struct kind *kind = code ? NULL : kind_of(type);
    if (code) {
        return code;
    }
    if (!kind) {
        return patch_fail(p, ERR_INVALID, "the type must be add, insert, delete, replace or move");
    }
    code = check_parts(p, &o, kind->parts);
    code = code ? code : read_text(p, &o, PART_PATH, &p->path);
    if (!code && o.parts[PART_NAME]) {
        code = read_text(p, &o, PART_NAME, &o.name);
    }
    code = code ? code : read_number(p, &o, PART_INDEX, &o.index);
    code = code ? code : read_number(p, &o, PART_SOURCE, &o.source);
    code = code ? code : read_number(p, &o, PART_DESTINATION, &o.destination);
    return code ? code : kind->run(p, &o, next, ret);
}

/*
 * Each operation begins with a tree in one of two arenas and leaves the next in the other, so that
 * a long patch takes no more memory than a short one.
 */
static int operate_all(struct patching *p, const yyjson_val *parameters, struct arena work[2])
{
    int code = 0;
    const yyjson_val *parameter = parameters + 1;
    size_t count = json_len(parameters);
    for (size_t i = 0; !code && i < count; i++, parameter = json_after(parameter)) {
        yyjson_val *made = NULL;
        struct arena *next = &work[p->arena == &work[0]];
        p->number = i;
        p->position = i;
        code = operate(p, parameter, next, &made);
        if (!code && made) {
            p->root = made;
            arena_reset(p->arena);
            p->arena = next;
        }
    }
    return code;
}

int path_patch(const yyjson_val *root, const yyjson_val *parameters, size_t most_depth,
               struct arena *a, yyjson_val **ret_root, struct err *e)
{
    struct arena work[2];
    const yyjson_val *list = json_get(parameters, T("parameter"));
    if (!text_eq(json_text(json_get(parameters, T("resourceType"))), T("Parameters"))) {
        return err_at(e, ERR_INVALID, T("resourceType"),
                      "a FHIRPath Patch is a Parameters resource with an 'operation' for each "
                      "change");
    }
    if (list && (json_type(list) != YYJSON_TYPE_ARR || !json_len(list))) {
        return err_at(e, ERR_INVALID, T("Parameters.parameter"),
                      "parameter must be an array of operations");
    }
    size_t count = list ? json_len(list) : 0;
    if (count > PATH_PATCH_OPERATIONS_MAX) {
        return err_at(e, ERR_TOO_LARGE, T("Parameters.parameter"),
                      "a patch may have at most %d operations; this has %zu",
                      PATH_PATCH_OPERATIONS_MAX, count);
    }
    struct patching p = {.root = root, .arena = &work[0], .most_depth = most_depth, .e = e};
    p.steps = PATH_PATCH_STEPS_MAX / (count ? count : 1);
    arena_init(&work[0], a->cap);
    arena_init(&work[1], a->cap);
    int code = list ? operate_all(&p, list, work) : 0;
    const yyjson_val *made = NULL;
    code = code ? code : patch_prune(&p, &work[p.arena == &work[0]], &made);
    struct buf out;
    buf_init(&out, PATH_PATCH_BYTES_MAX);
    if (!code) {
        json_write(made, &out);
        code = buf_failed(&out) ? patch_no_memory(&p) : patch_read(&p, buf_text(&out), a, ret_root);
    }
    buf_done(&out);
    arena_done(&work[0]);
    arena_done(&work[1]);
    return code;
}
