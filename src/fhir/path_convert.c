#include "fhir/path_value_int.h"

/* --- implicitly ---------------------------------------------------------------------------- */

bool path_convert_implicitly(const struct path_item *item, enum path_kind kind,
                             struct path_item *ret)
{
    struct path_item from;
    struct path_item to = {.kind = kind};
    if (!path_plain(item, &from)) {
        return false;
    }
    if (from.kind == kind) {
        *ret = from;
        return true;
    }
    struct path_decimal number =
        from.kind == PATH_INTEGER ? (struct path_decimal){from.u.integer, 0} : from.u.decimal;
    if (from.kind == PATH_INTEGER && kind == PATH_DECIMAL) {
        to.u.decimal = number;
    } else if ((from.kind == PATH_INTEGER || from.kind == PATH_DECIMAL) && kind == PATH_QUANTITY) {
        to.u.quantity = (struct path_quantity){.value = number, .unit = T("1")};
    } else if (from.kind == PATH_DATE && kind == PATH_DATE_TIME) {
        to.u.time = from.u.time;
    } else {
        return false;
    }
    *ret = to;
    return true;
}

/* --- from strings -------------------------------------------------------------------------- */

/* Sign, digits, and where allowed a point and digits; where they end. 0: none. */
static size_t number_end(text t, bool decimals)
{
    size_t at = t.n && (t.p[0] == '+' || t.p[0] == '-');
    size_t from = at;
    while (at < t.n && t.p[at] >= '0' && t.p[at] <= '9') {
        at++;
    }
    if (at == from) {
        return 0;
    }
    if (decimals && at + 1 < t.n && t.p[at] == '.' && t.p[at + 1] >= '0' && t.p[at + 1] <= '9') {
        at++;
        while (at < t.n && t.p[at] >= '0' && t.p[at] <= '9') {
            at++;
        }
    }
    return at;
}

static bool boolean_of(text t, bool *ret)
{
    static const text yes[] = {T("true"), T("t"), T("yes"), T("y"), T("1"), T("1.0")};
    static const text no[] = {T("false"), T("f"), T("no"), T("n"), T("0"), T("0.0")};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        if (text_eq_nocase(t, yes[i]) || text_eq_nocase(t, no[i])) {
            *ret = text_eq_nocase(t, yes[i]);
            return true;
        }
    }
    return false;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* 4.5 'mg', 4 days, 4 (N1 toQuantity). */
static bool quantity_of(text t, struct path_quantity *ret)
{
    struct path_quantity q = {.unit = T("1")};
    size_t at = number_end(t, true);
    if (at == 0 || !path_decimal_read(text_first(t, at), &q.value)) {
        return false;
    }
    while (at < t.n && is_space(t.p[at])) {
        at++;
    }
    text unit = text_from(t, at);
    if (unit.n && unit.p[0] == '\'') {
        unit = text_from(unit, 1);
        q.unit = text_first(unit, text_find(unit, '\''));
        if (q.unit.n == 0 || q.unit.n + 1 != unit.n) {
            return false;
        }
    } else if (unit.n) {
        q.unit = path_calendar_unit(unit);
        q.is_calendar = true;
        if (!q.unit.p) {
            return false;
        }
    }
    *ret = q;
    return true;
}

static bool from_string(text t, struct path_item *to)
{
    struct path_decimal d;
    switch (to->kind) {
    case PATH_BOOLEAN:
        return boolean_of(t, &to->u.boolean);
    case PATH_INTEGER:
        return t.n && number_end(t, false) == t.n && path_decimal_read(t, &d) &&
               path_decimal_integer(d, &to->u.integer);
    case PATH_DECIMAL:
        return t.n && number_end(t, true) == t.n && path_decimal_read(t, &to->u.decimal);
    case PATH_QUANTITY:
        return quantity_of(t, &to->u.quantity);
    case PATH_DATE:
    case PATH_DATE_TIME:
    case PATH_TIME:
        return path_time_read(to->kind, t, &to->u.time);
    default:
        return false;
    }
}

/* --- the table of N1 ----------------------------------------------------------------------- */

static bool from_boolean(bool is, struct path_item *to)
{
    const struct path_decimal number = {is ? 10 : 0, 1};
    switch (to->kind) {
    case PATH_INTEGER:
        to->u.integer = is;
        return true;
    case PATH_DECIMAL:
        to->u.decimal = number;
        return true;
    case PATH_QUANTITY:
        to->u.quantity = (struct path_quantity){.value = number, .unit = T("1")};
        return true;
    default:
        return false;
    }
}

/* Only 1 and 0 are truths. */
static bool from_number(struct path_decimal d, struct path_item *to)
{
    int64_t n;
    if (to->kind != PATH_BOOLEAN || !path_decimal_integer(d, &n) || n < 0 || n > 1) {
        return false;
    }
    to->u.boolean = n == 1;
    return true;
}

/* A date of a moment: as far as it goes. */
static bool from_date_time(const struct path_time *t, struct path_item *to)
{
    struct path_time date = {.year = t->year, .month = t->month, .day = t->day};
    date.precision = t->precision > PATH_DAY ? PATH_DAY : t->precision;
    if (to->kind != PATH_DATE) {
        return false;
    }
    to->u.time = date;
    return true;
}

bool path_convert(const struct path_item *item, enum path_kind kind, struct arena *s,
                  struct path_item *ret)
{
    struct path_item from;
    struct path_item to = {.kind = kind};
    bool ok = false;
    if (kind == PATH_STRING) {
        to.u.string = path_string(item, s);
        ok = to.u.string.p != NULL;
    } else if (path_convert_implicitly(item, kind, &to)) {
        ok = true;
    } else if (path_plain(item, &from)) {
        switch (from.kind) {
        case PATH_STRING:
            ok = from_string(from.u.string, &to);
            break;
        case PATH_BOOLEAN:
            ok = from_boolean(from.u.boolean, &to);
            break;
        case PATH_INTEGER:
            ok = from_number((struct path_decimal){from.u.integer, 0}, &to);
            break;
        case PATH_DECIMAL:
            ok = from_number(from.u.decimal, &to);
            break;
        case PATH_DATE_TIME:
            ok = from_date_time(&from.u.time, &to);
            break;
        default:
            break;
        }
    }
    if (ok) {
        *ret = to;
    }
    return ok;
}

/* --- to strings ---------------------------------------------------------------------------- */

/* As the literals: 4 'mg', 1 day, 4 days. */
static text quantity_string(const struct path_quantity *q, struct arena *s)
{
    static const struct path_decimal one = {1, 0};
    text value = path_decimal_print(q->value, s);
    if (!value.p) {
        return value;
    }
    if (!q->is_calendar) {
        return arena_printf(s, "%.*s '%.*s'", TEXT_ARG(value), TEXT_ARG(q->unit));
    }
    const char *plural = path_decimal_compare(q->value, one) ? "s" : "";
    return arena_printf(s, "%.*s %.*s%s", TEXT_ARG(value), TEXT_ARG(q->unit), plural);
}

text path_string(const struct path_item *item, struct arena *s)
{
    struct path_item v;
    if (!path_plain(item, &v)) {
        return (text){NULL, 0};
    }
    switch (v.kind) {
    case PATH_BOOLEAN:
        return v.u.boolean ? T("true") : T("false");
    case PATH_STRING:
        return v.u.string.p ? v.u.string : T("");
    case PATH_INTEGER:
        return arena_printf(s, "%lld", (long long)v.u.integer);
    case PATH_DECIMAL:
        return path_decimal_print(v.u.decimal, s);
    case PATH_DATE:
    case PATH_DATE_TIME:
    case PATH_TIME:
        /* What an element says stays as it is written: more decimals of a second, +00:00. */
        return item->kind == PATH_NODE ? json_text(item->u.node->value)
                                       : path_time_print(v.kind, &v.u.time, s);
    case PATH_QUANTITY:
        return quantity_string(&v.u.quantity, s);
    default:
        return (text){NULL, 0};
    }
}
