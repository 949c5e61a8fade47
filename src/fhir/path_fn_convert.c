/* toX() and convertsToX() (N1 5.5 "Conversion"). */
#include "fhir/path_math.h"

/* toQuantity('mg'), toQuantity('days'): a string without its own quotes. unit->p == NULL: none. */
static int unit_of(struct path_call *call, text *unit)
{
    struct path_item item;
    *unit = (text){NULL, 0};
    int failed = path_arg_one(call, 0, PATH_STRING, &item);
    if (failed || item.kind == PATH_NOTHING) {
        return failed;
    }
    text calendar = path_calendar_unit(item.u.string);
    *unit = calendar.p ? calendar : item.u.string;
    return 0;
}

/* ret->kind PATH_NOTHING: it does not convert. *ret_given: there was something to convert. */
static int convert(struct path_call *call, enum path_kind kind, struct path_item *ret,
                   bool *ret_given)
{
    struct path_item item;
    text unit = {NULL, 0};
    int failed = path_one(call, call->focus, PATH_NOTHING, &item);
    if (!failed && call->term->arg_count) {
        failed = unit_of(call, &unit);
    }
    if (failed) {
        return failed;
    }
    *ret_given = item.kind != PATH_NOTHING;
    ret->kind = PATH_NOTHING;
    struct path_item to;
    struct arena *arena = call->run->arena;
    if (*ret_given && path_convert(&item, kind, arena, &to) &&
        (!unit.p || path_quantity_convert(&to.u.quantity, unit, arena, &to.u.quantity))) {
        *ret = to;
    }
    return 0;
}

static int to_kind(struct path_call *call, enum path_kind kind, struct path_items *ret)
{
    struct path_item item;
    bool given;
    int failed = convert(call, kind, &item, &given);
    if (failed || item.kind == PATH_NOTHING) {
        *ret = (struct path_items){NULL, 0};
        return failed;
    }
    return path_only(call->run, ret, &item);
}

static int converts_to_kind(struct path_call *call, enum path_kind kind, struct path_items *ret)
{
    struct path_item item;
    bool given;
    int failed = convert(call, kind, &item, &given);
    if (failed || !given) {
        *ret = (struct path_items){NULL, 0};
        return failed;
    }
    item = (struct path_item){.kind = PATH_BOOLEAN, .u.boolean = item.kind != PATH_NOTHING};
    return path_only(call->run, ret, &item);
}

#define CONVERSION(name, kind)                                                     \
    int path_fn_to_##name(struct path_call *call, struct path_items *ret)          \
    {                                                                              \
        return to_kind(call, kind, ret);                                           \
    }                                                                              \
    int path_fn_converts_to_##name(struct path_call *call, struct path_items *ret) \
    {                                                                              \
        return converts_to_kind(call, kind, ret);                                  \
    }

CONVERSION(boolean, PATH_BOOLEAN)
CONVERSION(integer, PATH_INTEGER)
CONVERSION(decimal, PATH_DECIMAL)
CONVERSION(string, PATH_STRING)
CONVERSION(date, PATH_DATE)
CONVERSION(date_time, PATH_DATE_TIME)
CONVERSION(time, PATH_TIME)
CONVERSION(quantity, PATH_QUANTITY)
