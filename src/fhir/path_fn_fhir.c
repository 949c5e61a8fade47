/* The functions that R4 adds to FHIRPath (R4 fhirpath.html#functions), and comparable(). */
#include "fhir/model_tables.h"
#include "fhir/path_resolve.h"
#include "fhir/path_run.h"
#include "fhir/primitive.h"

static int nothing(struct path_items *ret)
{
    *ret = (struct path_items){NULL, 0};
    return 0;
}

static int only_boolean(struct path_call *call, bool is, struct path_items *ret)
{
    struct path_item item = {.kind = PATH_BOOLEAN, .u.boolean = is};
    return path_only(call->run, ret, &item);
}

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

/* A node's own member, as it stands in JSON. */
static text member_text(const struct path_item *item, text name)
{
    return item->kind == PATH_NODE ? json_text(json_get(item->u.node->value, name))
                                   : (text){NULL, 0};
}

/* --- extensions ---------------------------------------------------------------------------- */

/* extension(url) is extension.where(url = ...). */
static int run_extension(struct path_call *call, struct path_items *ret)
{
    struct path_item url;
    int failed = path_arg_one(call, 0, PATH_STRING, &url);
    if (failed || url.kind == PATH_NOTHING) {
        return failed ? failed : nothing(ret);
    }
    size_t capacity = 0;
    *ret = (struct path_items){NULL, 0};
    for (size_t i = 0; !failed && i < call->focus->count; i++) {
        struct path_items all = {NULL, 0};
        size_t all_capacity = 0;
        failed =
            path_member(call->run, call->focus->items + i, T("extension"), &all, &all_capacity);
        for (size_t k = 0; !failed && k < all.count; k++) {
            if (text_eq(member_text(all.items + k, T("url")), url.u.string)) {
                failed = path_push(call->run, ret, &capacity, all.items + k);
            }
        }
    }
    return failed;
}

static int among_args(struct path_call *call, text url, bool *ret_is)
{
    *ret_is = false;
    for (size_t i = 0; i < call->term->arg_count; i++) {
        struct path_item known;
        int failed = path_arg_one(call, i, PATH_STRING, &known);
        if (failed) {
            return failed;
        }
        if (known.kind == PATH_STRING && text_eq(known.u.string, url)) {
            *ret_is = true;
            return 0;
        }
    }
    return 0;
}

/* The input, unless an item has a modifier extension that is not named: that is an error. */
static int run_check_modifiers(struct path_call *call, struct path_items *ret)
{
    for (size_t i = 0; i < call->focus->count; i++) {
        struct path_items all = {NULL, 0};
        size_t capacity = 0;
        int failed =
            path_member(call->run, call->focus->items + i, T("modifierExtension"), &all, &capacity);
        for (size_t k = 0; !failed && k < all.count; k++) {
            text url = member_text(all.items + k, T("url"));
            bool known = false;
            failed = among_args(call, url, &known);
            if (!failed && !known) {
                failed = path_fail(call->run, call->term, ERR_BUSINESS_RULE,
                                   "checkModifiers(): there is a modifier extension \"%.*s\", "
                                   "which the expression does not know; what it means could "
                                   "change everything beside it",
                                   TEXT_ARG(text_short(url, 200)));
            }
        }
        if (failed) {
            return failed;
        }
    }
    *ret = *call->focus;
    return 0;
}

/* --- values -------------------------------------------------------------------------------- */

/* The one item, when it is a primitive with a value of its own, not with extensions alone. */
static bool has_value(const struct path_items *focus)
{
    if (focus->count != 1) {
        return false;
    }
    const struct path_item *item = focus->items;
    if (item->kind == PATH_NODE) {
        const struct path_node *node = item->u.node;
        return path_is_primitive(node->type) && node->value &&
               json_type(node->value) != YYJSON_TYPE_NULL && !json_is_container(node->value);
    }
    return item->kind != PATH_NOTHING && item->kind != PATH_TYPE;
}

static int run_has_value(struct path_call *call, struct path_items *ret)
{
    return only_boolean(call, has_value(call->focus), ret);
}

static int run_get_value(struct path_call *call, struct path_items *ret)
{
    struct path_item plain;
    if (!has_value(call->focus) || !path_plain(call->focus->items, &plain)) {
        return nothing(ret);
    }
    return path_only(call->run, ret, &plain);
}

static int run_html_checks(struct path_call *call, struct path_items *ret)
{
    if (call->focus->count != 1 || call->focus->items[0].kind != PATH_NODE ||
        call->focus->items[0].u.node->type != MODEL_XHTML || !has_value(call->focus)) {
        return nothing(ret);
    }
    text html = json_text(call->focus->items[0].u.node->value);
    call->run->steps += html.n / 64;
    int failed = path_step(call->run);
    return failed ? failed : only_boolean(call, primitive_xhtml(html), ret);
}

/* Whether a quantity can be told in the unit of another, so that they have an order. */
static int run_comparable(struct path_call *call, struct path_items *ret)
{
    struct path_item a;
    struct path_item b;
    struct path_quantity told;
    int failed = path_one(call, call->focus, PATH_QUANTITY, &a);
    failed = failed ? failed : path_arg_one(call, 0, PATH_QUANTITY, &b);
    if (failed || a.kind == PATH_NOTHING || b.kind == PATH_NOTHING) {
        return failed ? failed : nothing(ret);
    }
    bool can = path_quantity_convert(&a.u.quantity, b.u.quantity.unit, call->run->arena, &told);
    return only_boolean(call, can, ret);
}

/* --- codes --------------------------------------------------------------------------------- */

static int run_member_of(struct path_call *call, struct path_items *ret)
{
    struct path_item set;
    int failed = path_arg_one(call, 0, PATH_STRING, &set);
    if (failed || set.kind == PATH_NOTHING || call->focus->count != 1) {
        return failed ? failed : nothing(ret);
    }
    const struct path_world *world = world_of(call);
    if (!world->member_of) {
        return not_supported(call, "no value sets are at hand");
    }
    bool is = false;
    struct err fault = {.code = 0};
    failed = world->member_of(world->context, call->focus->items, set.u.string, &is, &fault);
    if (failed == ERR_NOT_FOUND) {
        return nothing(ret);
    }
    return failed ? world_failed(call, failed, &fault) : only_boolean(call, is, ret);
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

/* Whether a code stands on both sides: then each subsumes the other, whatever the hierarchy. */
static int same_coding(struct path_call *call, const struct path_item *a, const struct path_item *b,
                       bool *ret_same)
{
    struct coding *x;
    struct coding *y;
    size_t x_count;
    size_t y_count;
    int failed = codings_of(call, a, &x, &x_count);
    failed = failed ? failed : codings_of(call, b, &y, &y_count);
    *ret_same = false;
    for (size_t i = 0; !failed && i < x_count; i++) {
        call->run->steps += y_count;
        failed = path_step(call->run);
        for (size_t k = 0; !failed && k < y_count; k++) {
            *ret_same = *ret_same || (x[i].code.n && text_eq(x[i].system, y[k].system) &&
                                      text_eq(x[i].code, y[k].code));
        }
    }
    return failed;
}

static int run_subsumes(struct path_call *call, struct path_items *ret)
{
    struct path_item a;
    struct path_item b;
    bool same = false;
    int failed = path_one(call, call->focus, PATH_NOTHING, &a);
    failed = failed ? failed : path_arg_one(call, 0, PATH_NOTHING, &b);
    if (failed || a.kind == PATH_NOTHING || b.kind == PATH_NOTHING) {
        return failed ? failed : nothing(ret);
    }
    failed = same_coding(call, &a, &b, &same);
    if (failed) {
        return failed;
    }
    if (!same) {
        return not_supported(call, "the two have no code in common, and no hierarchy of codes is "
                                   "at hand");
    }
    return only_boolean(call, true, ret);
}

/* --- definitions --------------------------------------------------------------------------- */

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
        return failed ? failed : nothing(ret);
    }
    const struct path_item *item = call->focus->items;
    text name;
    bool known = false;
    if (base_type(url.u.string, &name)) {
        bool is = path_is(item, T("FHIR"), name, &known);
        if (known) {
            return only_boolean(call, is, ret);
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
        return only_boolean(call, false, ret);
    }
    bool does = false;
    struct err fault = {.code = 0};
    failed = world->conforms_to(world->context, item->u.node->value, url.u.string, &does, &fault);
    return failed ? world_failed(call, failed, &fault) : only_boolean(call, does, ret);
}

static int run_element_definition(struct path_call *call, struct path_items *ret)
{
    (void)ret;
    return not_supported(call, "the definitions of elements are not at hand");
}

static int run_slice(struct path_call *call, struct path_items *ret)
{
    (void)ret;
    return not_supported(call, "the slices of profiles are not at hand; select the items by what "
                               "discriminates them, with where()");
}

/* --- references ---------------------------------------------------------------------------- */

/* What resolves to nothing is left out. */
static int run_resolve(struct path_call *call, struct path_items *ret)
{
    size_t capacity = 0;
    *ret = (struct path_items){NULL, 0};
    for (size_t i = 0; i < call->focus->count; i++) {
        struct path_item found = {.kind = PATH_NOTHING};
        int failed = path_step(call->run);
        failed = failed ? failed : path_resolve(call, call->focus->items + i, &found);
        if (!failed && found.kind != PATH_NOTHING) {
            failed = path_push(call->run, ret, &capacity, &found);
        }
        if (failed) {
            return failed;
        }
    }
    return 0;
}

/* --- the table ----------------------------------------------------------------------------- */

const struct path_function *path_functions_fhir(size_t *ret_count)
{
    static const struct path_function table[] = {
        {"extension", 1, 1, run_extension},
        {"hasValue", 0, 0, run_has_value},
        {"getValue", 0, 0, run_get_value},
        {"resolve", 0, 0, run_resolve},
        {"memberOf", 1, 1, run_member_of},
        {"subsumes", 1, 1, run_subsumes},
        {"subsumedBy", 1, 1, run_subsumes}, /* is as far as it is answered the same both ways */
        {"conformsTo", 1, 1, run_conforms_to},
        {"htmlChecks", 0, 0, run_html_checks},
        {"elementDefinition", 0, 0, run_element_definition},
        {"slice", 2, 2, run_slice},
        {"checkModifiers", 0, UINT8_MAX, run_check_modifiers},
        {"comparable", 1, 1, run_comparable},
    };
    *ret_count = sizeof table / sizeof table[0];
    return table;
}
