/* The functions that R4 adds to FHIRPath (R4 fhirpath.html#functions), and comparable(). */
#include "fhir/model_tables.h"
#include "fhir/path_resolve.h"
#include "fhir/path_run.h"
#include "fhir/primitive.h"

/* --- extensions ---------------------------------------------------------------------------- */

/* extension(url) is extension.where(url = ...). */
static int run_extension(struct path_call *call, struct path_items *ret)
{
    struct path_item url;
    int failed = path_arg_one(call, 0, PATH_STRING, &url);
    if (failed || url.kind == PATH_NOTHING) {
        return failed ? failed : path_nothing(ret);
    }
    size_t capacity = 0;
    *ret = (struct path_items){NULL, 0};
    for (size_t i = 0; !failed && i < call->focus->count; i++) {
        struct path_items all = {NULL, 0};
        size_t all_capacity = 0;
        failed =
            path_member(call->run, call->focus->items + i, T("extension"), &all, &all_capacity);
        for (size_t k = 0; !failed && k < all.count; k++) {
            if (text_eq(path_member_text(all.items + k, T("url")), url.u.string)) {
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
            text url = path_member_text(all.items + k, T("url"));
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
    return path_only_boolean(call->run, has_value(call->focus), ret);
}

static int run_get_value(struct path_call *call, struct path_items *ret)
{
    struct path_item plain;
    if (!has_value(call->focus) || !path_plain(call->focus->items, &plain)) {
        return path_nothing(ret);
    }
    return path_only(call->run, ret, &plain);
}

static int run_html_checks(struct path_call *call, struct path_items *ret)
{
    if (call->focus->count != 1 || call->focus->items[0].kind != PATH_NODE ||
        call->focus->items[0].u.node->type != MODEL_XHTML || !has_value(call->focus)) {
        return path_nothing(ret);
    }
    text html = json_text(call->focus->items[0].u.node->value);
    call->run->steps += html.n / 64;
    int failed = path_step(call->run);
    return failed ? failed : path_only_boolean(call->run, primitive_xhtml(html), ret);
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
        return failed ? failed : path_nothing(ret);
    }
    bool can = path_quantity_convert(&a.u.quantity, b.u.quantity.unit, call->run->arena, &told);
    return path_only_boolean(call->run, can, ret);
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
        {"htmlChecks", 0, 0, run_html_checks},
        {"checkModifiers", 0, UINT8_MAX, run_check_modifiers},
        {"comparable", 1, 1, run_comparable},
    };
    *ret_count = sizeof table / sizeof table[0];
    return table;
}
