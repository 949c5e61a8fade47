#include "fhir/path_value.h"

#include "fhir/model_tables.h"
#include "fhir/path_value_int.h"
#include "fhir/ucum.h"

bool path_is_quantity(uint16_t type)
{
    static const text names[] = {T("Quantity"), T("SimpleQuantity"), T("MoneyQuantity"), T("Age"),
                                 T("Count"),    T("Distance"),       T("Duration")};
    text name = type < model_type_count ? model_text(model_types[type].name) : T("");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (text_eq(name, names[i])) {
            return true;
        }
    }
    return false;
}

enum path_kind path_plain_kind(uint16_t type)
{
    switch (type) {
    case MODEL_BOOLEAN:
        return PATH_BOOLEAN;
    case MODEL_INTEGER:
    case MODEL_POSITIVE_INT:
    case MODEL_UNSIGNED_INT:
        return PATH_INTEGER;
    case MODEL_DECIMAL:
        return PATH_DECIMAL;
    case MODEL_DATE:
        return PATH_DATE;
    case MODEL_DATE_TIME:
    case MODEL_INSTANT:
        return PATH_DATE_TIME;
    case MODEL_TIME:
        return PATH_TIME;
    default:
        break;
    }
    if (type >= MODEL_BASE64_BINARY && type <= MODEL_XHTML) {
        return PATH_STRING;
    }
    return path_is_quantity(type) ? PATH_QUANTITY : PATH_NODE;
}

/* R4 fhirpath.html: UCUM's codes of time stand for calendar durations in a FHIR Quantity. */
static text calendar_of_code(text code)
{
    static const struct {
        text code;
        text unit;
    } units[] = {{T("a"), T("year")}, {T("mo"), T("month")},   {T("d"), T("day")},
                 {T("h"), T("hour")}, {T("min"), T("minute")}, {T("s"), T("second")}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (text_eq(code, units[i].code)) {
            return units[i].unit;
        }
    }
    return (text){NULL, 0};
}

/* Only one with a UCUM code and an exact value has a meaning in System. */
static bool plain_quantity(const yyjson_val *v, struct path_quantity *ret)
{
    text code = json_text(json_get(v, T("code")));
    if (code.n == 0 || !text_eq(json_text(json_get(v, T("system"))), T(UCUM_SYSTEM)) ||
        json_get(v, T("comparator")) ||
        !path_decimal_read(json_text(json_get(v, T("value"))), &ret->value)) {
        return false;
    }
    text calendar = calendar_of_code(code);
    ret->is_calendar = calendar.p != NULL;
    ret->unit = calendar.p ? calendar : code;
    return true;
}

static bool plain_primitive(enum path_kind kind, const yyjson_val *v, struct path_item *ret)
{
    if (kind == PATH_BOOLEAN) {
        ret->u.boolean = json_type(v) == YYJSON_TYPE_BOOL && v->tag & YYJSON_SUBTYPE_TRUE;
        return json_type(v) == YYJSON_TYPE_BOOL;
    }
    uint8_t form = kind == PATH_INTEGER || kind == PATH_DECIMAL ? YYJSON_TYPE_RAW : YYJSON_TYPE_STR;
    if (json_type(v) != form) {
        return false;
    }
    text t = json_text(v);
    struct path_decimal d;
    switch (kind) {
    case PATH_STRING:
        ret->u.string = t;
        return true;
    case PATH_INTEGER:
        return path_decimal_read(t, &d) && path_decimal_integer(d, &ret->u.integer);
    case PATH_DECIMAL:
        return path_decimal_read(t, &ret->u.decimal);
    default:
        return path_time_read(kind, t, &ret->u.time);
    }
}

bool path_plain(const struct path_item *item, struct path_item *ret)
{
    if (item->kind != PATH_NODE) {
        *ret = *item;
        return true;
    }
    const struct path_node *node = item->u.node;
    struct path_item plain = {.kind = path_plain_kind(node->type)};
    if (!node->value) {
        return false;
    }
    if (plain.kind == PATH_QUANTITY && !plain_quantity(node->value, &plain.u.quantity)) {
        plain.kind = PATH_NODE;
    }
    if (plain.kind == PATH_NODE) {
        *ret = *item;
        return true;
    }
    if (plain.kind != PATH_QUANTITY && !plain_primitive(plain.kind, node->value, &plain)) {
        return false;
    }
    *ret = plain;
    return true;
}
