/* What R4 adds to FHIRPath that hangs on definitions: value sets, code systems, profiles (R4
 * fhirpath.html#functions, #txapi). They are the world's (struct path_world). */
#include "fhir/model_tables.h"
#include "fhir/path_run.h"

static const struct path_world *world_of(const struct path_call *call)
{
    static const struct path_world empty = {.context = NULL};
    const struct path_env *env = call->run->env;
    return env && env->world ? env->world : &empty;
}

/* An error that the world gave, with its place in the expression. */
static int world_failed(struct path_call *call, int code, const struct err *fault)
{
    return path_fail(call->run, call->term, code, "%.*s(): %s", TEXT_ARG(call->term->name),
                     err_text(fault));
}

static int not_supported(struct path_call *call, const char *why)
{
    return path_fail(call->run, call->term, ERR_NOT_SUPPORTED, "%.*s() cannot be answered here: %s",
                     TEXT_ARG(call->term->name), why);
}

/* --- codes --------------------------------------------------------------------------------- */

static int run_member_of(struct path_call *call, struct path_items *ret)
{
    struct path_item set;
    int failed = path_arg_one(call, 0, PATH_STRING, &set);
    if (failed || set.kind == PATH_NOTHING || call->focus->count != 1) {
        return failed ? failed : path_nothing(ret);
    }
    const struct path_world *world = world_of(call);
    if (!world->member_of) {
        return not_supported(call, "no value sets are at hand");
    }
    bool is = false;
    struct err fault = {.code = 0};
    failed = world->member_of(world->context, call->focus->items, set.u.string, &is, &fault);
    if (failed == ERR_NOT_FOUND) {
        return path_nothing(ret);
    }
    return failed ? world_failed(call, failed, &fault) : path_only_boolean(call->run, is, ret);
}

struct coding {
    text system;
    text code;
};

static struct coding coding_of(const yyjson_val *v)
{
    return (struct coding){json_text(json_get(v, T("system"))), json_text(json_get(v, T("code")))};
}

/* The codings of a Coding or a CodeableConcept, in the run's arena. */
static int codings_of(struct path_call *call, const struct path_item *item,
                      struct coding **ret_codings, size_t *ret_count)
{
    uint16_t type = item->kind == PATH_NODE ? item->u.node->type : 0;
    if (type != MODEL_CODING && type != MODEL_CODEABLE_CONCEPT) {
        text name = path_item_name(item);
        return path_fail(call->run, call->term, ERR_INVALID,
                         "%.*s() needs a Coding or a CodeableConcept, not %.*s",
                         TEXT_ARG(call->term->name), TEXT_ARG(name));
    }
    const yyjson_val *value = item->u.node->value;
    const yyjson_val *all = type == MODEL_CODING ? value : json_get(value, T("coding"));
    bool many = json_type(all) == YYJSON_TYPE_ARR;
    size_t count = many ? json_len(all) : type == MODEL_CODING;
    struct coding *codings = arena_zalloc(call->run->arena, count, sizeof *codings);
    if (!codings) {
        return path_fail(call->run, call->term, ERR_MEMORY, "%s", err_info(ERR_MEMORY)->text);
    }
    const yyjson_val *one = many ? all + 1 : all;
    for (size_t i = 0; i < count; i++) {
        codings[i] = coding_of(one);
        one = json_after(one);
    }
    *ret_codings = codings;
    *ret_count = count;
    return 0;
}

/* The run over pairs of codings: `up` is to subsume `down`. */
struct subsuming {
    struct path_call *call;
    bool alone; /* a Coding on each side: of one system they must be */
    bool found; /* one does */
    bool undecided;
    struct err why;
};

static int ask_hierarchy(struct subsuming *s, const struct coding *up, const struct coding *down)
{
    const struct path_world *world = world_of(s->call);
    if (!world->subsumes) {
        s->undecided = true;
        (void)err_set(&s->why, ERR_NOT_SUPPORTED,
                      "the two have no code in common, and no hierarchy of codes is at hand");
        return 0;
    }
    struct err fault = {.code = 0};
    bool does = false;
    int failed = world->subsumes(world->context, up->system, up->code, down->code, &does, &fault);
    if (failed == ERR_MEMORY || failed == ERR_TOO_COSTLY) {
        return world_failed(s->call, failed, &fault);
    }
    if (failed) {
        s->undecided = true;
        s->why = fault;
    }
    s->found = s->found || (!failed && does);
    return 0;
}

static int ask_pair(struct subsuming *s, const struct coding *up, const struct coding *down)
{
    if (!up->code.n || !down->code.n) {
        return 0;
    }
    if (!text_eq(up->system, down->system)) {
        return !s->alone ? 0
                         : path_fail(s->call->run, s->call->term, ERR_INVALID,
                                     "%.*s(): the codes are of different systems, between which "
                                     "there is no hierarchy",
                                     TEXT_ARG(s->call->term->name));
    }
    if (text_eq(up->code, down->code)) {
        s->found = true;
        return 0;
    }
    return up->system.n ? ask_hierarchy(s, up, down) : 0;
}

/* A pair that does answers for all; one that cannot be told leaves open what no other one says. */
static int any_subsumes(struct subsuming *s, const struct path_item *up,
                        const struct path_item *down)
{
    struct coding *x;
    struct coding *y;
    size_t x_count;
    size_t y_count;
    int failed = codings_of(s->call, up, &x, &x_count);
    failed = failed ? failed : codings_of(s->call, down, &y, &y_count);
    for (size_t i = 0; !failed && !s->found && i < x_count; i++) {
        s->call->run->steps += y_count;
        failed = path_step(s->call->run);
        for (size_t k = 0; !failed && !s->found && k < y_count; k++) {
            failed = ask_pair(s, x + i, y + k);
        }
    }
    return failed;
}

static bool is_coding(const struct path_item *item)
{
    return item->kind == PATH_NODE && item->u.node->type == MODEL_CODING;
}

static int run_subsumes(struct path_call *call, struct path_items *ret)
{
    struct path_item a;
    struct path_item b;
    int failed = path_one(call, call->focus, PATH_NOTHING, &a);
    failed = failed ? failed : path_arg_one(call, 0, PATH_NOTHING, &b);
    if (failed || a.kind == PATH_NOTHING || b.kind == PATH_NOTHING) {
        return failed ? failed : path_nothing(ret);
    }
    bool turned = text_eq(call->term->name, T("subsumedBy"));
    struct subsuming s = {.call = call, .alone = is_coding(&a) && is_coding(&b)};
    failed = any_subsumes(&s, turned ? &b : &a, turned ? &a : &b);
    if (failed) {
        return failed;
    }
    if (!s.found && s.undecided) {
        return s.why.code == ERR_NOT_SUPPORTED ? not_supported(call, err_text(&s.why))
                                               : world_failed(call, s.why.code, &s.why);
    }
    return path_only_boolean(call->run, s.found, ret);
}

/* --- profiles ------------------------------------------------------------------------------ */

/* The type that a definition of R4 itself is of: ".../StructureDefinition/Patient|4.0.1". */
static bool base_type(text url, text *ret_name)
{
    static const text prefix = T("http://hl7.org/fhir/StructureDefinition/");
    if (!text_starts(url, prefix)) {
        return false;
    }
    text rest = text_from(url, prefix.n);
    size_t bar = text_find(rest, '|');
    if (bar < rest.n && !text_eq(text_from(rest, bar), T("|4.0.1")) &&
        !text_eq(text_from(rest, bar), T("|4.0"))) {
        return false;
    }
    *ret_name = text_first(rest, bar);
    return ret_name->n > 0;
}

/*
 * A tree has passed the checks of the base definitions before anybody evaluates on it: whether it
 * conforms to one of them is a question of its type. Profiles are the world's.
 */
static int run_conforms_to(struct path_call *call, struct path_items *ret)
{
    struct path_item url;
    int failed = path_arg_one(call, 0, PATH_STRING, &url);
    if (failed || url.kind == PATH_NOTHING || call->focus->count != 1) {
        return failed ? failed : path_nothing(ret);
    }
    const struct path_item *item = call->focus->items;
    text name;
    bool known = false;
    if (base_type(url.u.string, &name)) {
        bool is = path_is(item, T("FHIR"), name, &known);
        if (known) {
            return path_only_boolean(call->run, is, ret);
        }
    }
    const struct path_world *world = world_of(call);
    if (!world->conforms_to) {
        text shown = text_short(url.u.string, 200);
        return path_fail(call->run, call->term, ERR_NOT_SUPPORTED,
                         "conformsTo() cannot be answered here: the profile \"%.*s\" is not at "
                         "hand",
                         TEXT_ARG(shown));
    }
    if (item->kind != PATH_NODE || !item->u.node->value) {
        return path_only_boolean(call->run, false, ret);
    }
    bool does = false;
    struct err fault = {.code = 0};
    failed = world->conforms_to(world->context, item->u.node->value, url.u.string, &does, &fault);
    return failed ? world_failed(call, failed, &fault) : path_only_boolean(call->run, does, ret);
}

/* --- definitions of elements ----------------------------------------------------------------- */

/* "Patient.contact.name", or "HumanName.family" of an element of a datatype; p == NULL: it has
 * none, or no memory. */
static text path_of(struct path_run *run, const struct path_node *node)
{
    bool is_root = node->type && node->type <= MODEL_RESOURCE_LAST;
    if (!node->parent || is_root) {
        return model_text(model_types[node->type].name);
    }
    uint16_t up = path_is_primitive(node->parent->type) ? MODEL_ELEMENT : node->parent->type;
    return arena_printf(run->arena, "%.*s.%.*s", TEXT_ARG(model_text(model_types[up].name)),
                        TEXT_ARG(node->name));
}

/* A choice is called value[x] in definitions. */
static bool is_path(text path, text wanted)
{
    return text_eq(path, wanted) ||
           (path.n == wanted.n + 3 && text_starts(path, wanted) && text_ends(path, T("[x]")));
}

static int push_definition(struct path_call *call, const yyjson_val *root, text path,
                           struct path_items *ret, size_t *capacity)
{
    struct path_run *run = call->run;
    struct path_item definition;
    struct path_items snapshot = {NULL, 0};
    struct path_items elements = {NULL, 0};
    size_t room[2] = {0, 0};
    struct err fault = {.code = 0};
    int failed = path_of_resource(root, run->arena, &definition, &fault);
    if (failed) {
        return world_failed(call, failed, &fault);
    }
    failed = path_member(run, &definition, T("snapshot"), &snapshot, &room[0]);
    if (!failed && snapshot.count) {
        failed = path_member(run, snapshot.items, T("element"), &elements, &room[1]);
    }
    for (size_t i = 0; !failed && i < elements.count; i++) {
        if (is_path(path_member_text(elements.items + i, T("path")), path)) {
            return path_push(run, ret, capacity, elements.items + i);
        }
    }
    return failed;
}

/* What R4 itself says of each element; values that no element has are left out. */
static int run_element_definition(struct path_call *call, struct path_items *ret)
{
    const struct path_world *world = world_of(call);
    size_t capacity = 0;
    int failed = 0;
    *ret = (struct path_items){NULL, 0};
    if (!world->definition) {
        return not_supported(call, "the definitions of elements are not at hand");
    }
    for (size_t i = 0; !failed && i < call->focus->count; i++) {
        const struct path_item *item = call->focus->items + i;
        text path = item->kind == PATH_NODE ? path_of(call->run, item->u.node) : T("");
        const yyjson_val *root = NULL;
        struct err fault = {.code = 0};
        failed = path.p ? path_step(call->run) : ERR_MEMORY;
        if (failed || !path.n) {
            continue;
        }
        failed = world->definition(world->context, text_first(path, text_find(path, '.')), &root,
                                   &fault);
        if (failed == ERR_NOT_FOUND) {
            failed = 0;
        } else if (failed) {
            failed = world_failed(call, failed, &fault);
        } else {
            failed = push_definition(call, root, path, ret, &capacity);
        }
    }
    return failed;
}

static int run_slice(struct path_call *call, struct path_items *ret)
{
    (void)ret;
    return not_supported(call, "the slices of profiles are not at hand; select the items by what "
                               "discriminates them, with where()");
}

/* --- the table ------------------------------------------------------------------------------- */

const struct path_function *path_functions_definitions(size_t *ret_count)
{
    static const struct path_function table[] = {
        {"memberOf", 1, 1, run_member_of},
        {"subsumes", 1, 1, run_subsumes},
        {"subsumedBy", 1, 1, run_subsumes},
        {"conformsTo", 1, 1, run_conforms_to},
        {"elementDefinition", 0, 0, run_element_definition},
        {"slice", 2, 2, run_slice},
    };
    *ret_count = sizeof table / sizeof table[0];
    return table;
}
