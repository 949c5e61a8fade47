/* What the path of an added search parameter leads to, by its type (R4 search.html#ptypes). */
#include "fhir/index_take.h"
#include "fhir/path.h"
#include "fhir/search_custom.h"
#include "fhir/search_path.h"

/*
 * What one expression may take of one resource. The same for whoever asks, wherever: the entries of
 * a resource must not depend on how busy a node is. Past them the resource has none.
 */
enum { STEPS_MAX = 500 * 1000, ITEMS_MAX = 20 * 1000, MEMORY_MAX = 32 << 20, VALUE_MAX = 1 << 20 };

struct path_taking {
    struct extract *x;
    const struct search_param *param;
    text systems[2]; /* as the tables have them: that of leaf.system 1 */
    struct search_tables tables;
};

/* --- other resources ------------------------------------------------------------------------ */

/* Of a resource elsewhere its type and id are known from the reference, and no more is asked: an
 * entry hangs on the resource that it is of alone. */
static int resolve(void *context, text reference, struct arena *a, const yyjson_val **ret_root,
                   struct err *e)
{
    struct extract *x = ((struct path_taking *)context)->x;
    struct reference r = reference_parse(reference, x->rules->base);
    (void)a; /* forgotten before the entries are */
    if ((r.kind != REFERENCE_LOCAL && r.kind != REFERENCE_ABSOLUTE) || !r.type) {
        return ERR_NOT_FOUND;
    }
    text type = fhir_type_name(r.type);
    text json = arena_printf(x->arena, "{\"resourceType\":\"%.*s\",\"id\":\"%.*s\"}",
                             TEXT_ARG(type), TEXT_ARG(r.id));
    yyjson_val *root;
    int rc = json.p ? json_read(json, 2, x->arena, &root, e) : ERR_MEMORY;
    x->no_memory = x->no_memory || rc == ERR_MEMORY;
    *ret_root = rc ? NULL : root;
    return rc;
}

/* --- items to entries ------------------------------------------------------------------------ */

static void take(struct path_taking *t, uint16_t type, const struct model_element *el,
                 const yyjson_val *v)
{
    int how = search_take_of((enum search_type)t->param->type, type);
    if (how < 0) {
        return;
    }
    t->systems[1] = search_implied_system(how, el);
    const struct search_leaf leaf = {
        .ordinal = (uint8_t)t->param->number, .take = (uint8_t)how, .system = 1};
    t->x->take(t->x, &leaf, (yyjson_val *)(uintptr_t)v);
}

/* An extension stands for its value. */
static void take_extension(struct path_taking *t, const yyjson_val *extension)
{
    const struct model_type *type = &model_types[MODEL_EXTENSION];
    if (json_type(extension) != YYJSON_TYPE_OBJ) {
        return;
    }
    const yyjson_val *name = extension + 1;
    for (size_t left = json_len(extension); left; left--, name = json_after(name + 1)) {
        const struct model_element *el = model_find(type, json_text(name));
        if (el && el->choice) {
            take(t, el->type, el, name + 1);
        }
    }
}

static void take_node(struct path_taking *t, const struct path_node *node)
{
    if (!node->value) {
        return;
    }
    if (node->type == MODEL_EXTENSION) {
        take_extension(t, node->value);
        return;
    }
    /* The codes of an element that is no choice are those of its binding. */
    const struct model_element *el =
        node->parent ? model_find(&model_types[node->parent->type], node->name) : NULL;
    take(t, node->type, el, node->value);
}

static uint16_t type_called(text name)
{
    for (unsigned i = 0; i < model_type_count; i++) {
        if (text_eq(model_text(model_types[i].name), name)) {
            return (uint16_t)i;
        }
    }
    return MODEL_NONE;
}

/* The type of FHIR that a value of FHIRPath is written as. */
static uint16_t type_of(const struct path_item *item, enum search_type search)
{
    switch (item->kind) {
    case PATH_BOOLEAN:
        return MODEL_BOOLEAN;
    case PATH_STRING:
        return search == SEARCH_URI || search == SEARCH_REFERENCE ? MODEL_URI : MODEL_STRING;
    case PATH_INTEGER:
        return MODEL_INTEGER;
    case PATH_DECIMAL:
        return MODEL_DECIMAL;
    case PATH_DATE:
        return MODEL_DATE;
    case PATH_DATE_TIME:
        return MODEL_DATE_TIME;
    case PATH_QUANTITY:
        return type_called(T("Quantity"));
    default:
        return MODEL_NONE;
    }
}

static void write_value(const struct path_item *item, struct arena *a, struct buf *out)
{
    switch (item->kind) {
    case PATH_STRING:
        json_write_string(item->u.string, out);
        break;
    case PATH_DATE:
    case PATH_DATE_TIME:
        json_write_string(path_time_print(item->kind, &item->u.time, a), out);
        break;
    case PATH_QUANTITY:
        buf_add(out, T("{\"value\":"));
        buf_add(out, path_decimal_print(item->u.quantity.value, a));
        buf_add(out, T(",\"system\":\"http://unitsofmeasure.org\",\"code\":"));
        json_write_string(item->u.quantity.unit, out);
        buf_addc(out, '}');
        break;
    default:
        buf_add(out, path_print_value(item, a));
        break;
    }
}

/* A value that the expression has made, as the JSON that would say it. */
static void take_value(struct path_taking *t, const struct path_item *item, struct arena *scratch)
{
    struct extract *x = t->x;
    uint16_t type = type_of(item, (enum search_type)t->param->type);
    struct buf out;
    yyjson_val *root;
    struct err unused = {0};
    if (type == MODEL_NONE || search_take_of((enum search_type)t->param->type, type) < 0) {
        return;
    }
    buf_init(&out, VALUE_MAX);
    write_value(item, scratch, &out);
    int rc =
        buf_failed(&out) ? ERR_TOO_LARGE : json_read(buf_text(&out), 4, x->arena, &root, &unused);
    buf_done(&out);
    x->no_memory = x->no_memory || rc == ERR_MEMORY;
    if (!rc) {
        take(t, type, NULL, root);
    }
}

/* --- the face -------------------------------------------------------------------------------- */

static void run(struct path_taking *t, const struct path *path, struct arena *scratch)
{
    const struct path_world world = {.resolve = resolve, .context = t};
    const struct path_env env = {
        .world = &world,
        .now_ms = 1, /* nothing that is evaluated here asks for the time */
        .as_of_many = true,
        .limits = {.steps = STEPS_MAX, .items = ITEMS_MAX},
    };
    struct path_item resource;
    struct path_items focus = {&resource, 1};
    struct path_items items = {NULL, 0};
    struct err unused = {0};
    int rc = path_of_resource(t->x->root, scratch, &resource, &unused);
    rc = rc ? rc : path_eval(path, &env, &focus, scratch, &items, &unused);
    for (size_t i = 0; !rc && i < items.count; i++) {
        if (items.items[i].kind == PATH_NODE) {
            take_node(t, items.items[i].u.node);
        } else {
            take_value(t, &items.items[i], scratch);
        }
    }
}

void extract_path(struct extract *x, const struct search_custom *custom)
{
    struct path_taking t = {.x = x, .param = &custom->param, .systems = {T(""), T("")}};
    struct arena scratch;
    t.tables.systems = t.systems;
    x->tables = &t.tables;
    arena_init(&scratch, MEMORY_MAX);
    run(&t, custom->path, &scratch);
    arena_done(&scratch);
    x->tables = &search_standard;
}
