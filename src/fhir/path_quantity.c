#include "fhir/path_value_int.h"

#include "fhir/ucum.h"

/* From coarse to fine; the first two have no fixed length. */
enum calendar { CALENDAR_YEAR, CALENDAR_MONTH, CALENDAR_WEEK, CALENDAR_COUNT = 8 };

static const struct {
    text name;
    text code; /* the definite duration of UCUM */
} calendars[CALENDAR_COUNT] = {
    {T("year"), T("a")},   {T("month"), T("mo")},       {T("week"), T("wk")},
    {T("day"), T("d")},    {T("hour"), T("h")},         {T("minute"), T("min")},
    {T("second"), T("s")}, {T("millisecond"), T("ms")},
};

/* CALENDAR_COUNT: none. */
static int calendar_of(text name)
{
    int i = 0;
    while (i < CALENDAR_COUNT && !text_eq(name, calendars[i].name)) {
        i++;
    }
    return i;
}

text path_calendar_unit(text name)
{
    int i = calendar_of(name);
    if (i == CALENDAR_COUNT && text_ends(name, T("s"))) {
        i = calendar_of(text_first(name, name.n - 1));
    }
    return i < CALENDAR_COUNT ? calendars[i].name : (text){NULL, 0};
}

/* p == NULL: a year or month, which are no definite durations (N1). */
static text code_of(text unit, bool definite)
{
    int i = calendar_of(unit);
    if (i == CALENDAR_COUNT) {
        return unit.n ? unit : T("1");
    }
    return i > CALENDAR_MONTH || definite ? calendars[i].code : (text){NULL, 0};
}

static bool convert_code(struct path_decimal value, text from, text to, struct arena *s,
                         struct path_decimal *ret)
{
    if (text_eq(from, to)) {
        *ret = value;
        return true;
    }
    struct arena_mark mark = arena_mark(s);
    const struct ucum_unit *a;
    const struct ucum_unit *b;
    text digits = path_decimal_print(value, s);
    bool ok = digits.p && !ucum_parse(from, s, &a, NULL) && !ucum_parse(to, s, &b, NULL) &&
              path_decimal_read_rounded(ucum_convert(digits, a, b, s), ret);
    arena_rewind(s, mark);
    return ok;
}

/* Years and months among themselves. */
static bool convert_months(struct path_decimal value, int from, int to, struct path_decimal *ret)
{
    static const struct path_decimal twelve = {12, 0};
    if (from == to) {
        *ret = value;
        return true;
    }
    return from == CALENDAR_YEAR ? path_decimal_multiply(value, twelve, ret)
                                 : path_decimal_divide(value, twelve, ret);
}

static bool convert(struct path_decimal value, text from, text to, bool definite, struct arena *s,
                    struct path_decimal *ret)
{
    int a = calendar_of(from);
    int b = calendar_of(to);
    if (a <= CALENDAR_MONTH && b <= CALENDAR_MONTH) {
        return convert_months(value, a, b, ret);
    }
    text from_code = code_of(from, definite);
    text to_code = code_of(to, definite);
    return from_code.p && to_code.p && convert_code(value, from_code, to_code, s, ret);
}

bool path_quantity_convert(const struct path_quantity *q, text unit, struct arena *s,
                           struct path_quantity *ret)
{
    struct path_quantity to = {.unit = unit, .is_calendar = calendar_of(unit) < CALENDAR_COUNT};
    if (!convert(q->value, q->unit, unit, false, s, &to.value)) {
        return false;
    }
    *ret = to;
    return true;
}

bool path_quantity_align(const struct path_quantity *a, const struct path_quantity *b, bool finer,
                         bool definite, struct arena *s, struct path_decimal *ret_a,
                         struct path_decimal *ret_b)
{
    static const struct path_decimal one = {1, 0};
    struct path_decimal worth;
    if (!convert(one, a->unit, b->unit, definite, s, &worth)) {
        return false;
    }
    *ret_a = a->value;
    *ret_b = b->value;
    bool is_b = (path_decimal_compare(worth, one) >= 0) == finer;
    return is_b ? convert(a->value, a->unit, b->unit, definite, s, ret_a)
                : convert(b->value, b->unit, a->unit, definite, s, ret_b);
}

/* --- products ------------------------------------------------------------------------------ */

static bool is_one(const struct path_quantity *q)
{
    return q->unit.n == 0 || text_eq(q->unit, T("1"));
}

static bool is_unit(text code, struct arena *s)
{
    const struct ucum_unit *unit;
    return code.p && !ucum_parse(code, s, &unit, NULL);
}

static bool comparable(text a, text b, struct arena *s)
{
    const struct ucum_unit *x;
    const struct ucum_unit *y;
    return !ucum_parse(a, s, &x, NULL) && !ucum_parse(b, s, &y, NULL) && ucum_comparable(x, y);
}

/* A letter or bracket at the end and no operator: a power may follow. */
static bool takes_power(text code)
{
    for (size_t i = 0; i < code.n; i++) {
        if (memchr("./(){}", code.p[i], 6)) {
            return false;
        }
    }
    return code.n && (code.p[code.n - 1] < '0' || code.p[code.n - 1] > '9');
}

static text product_unit(text a, text b, struct arena *s)
{
    if (!text_eq(a, b)) {
        return arena_printf(s, "%.*s.%.*s", TEXT_ARG(a), TEXT_ARG(b));
    }
    return takes_power(a) ? arena_printf(s, "%.*s2", TEXT_ARG(a))
                          : arena_printf(s, "(%.*s).(%.*s)", TEXT_ARG(a), TEXT_ARG(a));
}

static text quotient_unit(text a, text b, struct arena *s)
{
    bool simple = text_find(b, '.') == b.n && text_find(b, '/') == b.n;
    return simple ? arena_printf(s, "%.*s/%.*s", TEXT_ARG(a), TEXT_ARG(b))
                  : arena_printf(s, "%.*s/(%.*s)", TEXT_ARG(a), TEXT_ARG(b));
}

/* Both in the one unit of the two that is finer, or coarser: 2 'cm' * 2 'm' = 0.04 'm2'. */
static bool unify(struct path_quantity *x, struct path_quantity *y, bool finer, struct arena *s)
{
    static const struct path_decimal one = {1, 0};
    struct path_decimal worth;
    if (!convert_code(one, x->unit, y->unit, s, &worth)) {
        return false;
    }
    bool into_y = (path_decimal_compare(worth, one) >= 0) == finer;
    struct path_quantity *from = into_y ? x : y;
    text unit = into_y ? y->unit : x->unit;
    bool ok = convert_code(from->value, from->unit, unit, s, &from->value);
    from->unit = unit;
    return ok;
}

/* With UCUM codes for units. false: a calendar year or month, whose square has no meaning. */
static bool codes(const struct path_quantity *a, const struct path_quantity *b,
                  struct path_quantity *ret_a, struct path_quantity *ret_b)
{
    *ret_a = (struct path_quantity){a->value, code_of(a->unit, false), false};
    *ret_b = (struct path_quantity){b->value, code_of(b->unit, false), false};
    return ret_a->unit.p && ret_b->unit.p;
}

bool path_quantity_multiply(const struct path_quantity *a, const struct path_quantity *b,
                            struct arena *s, struct path_quantity *ret)
{
    struct path_quantity x;
    struct path_quantity y;
    struct path_quantity product;
    if (is_one(a) || is_one(b)) {
        product = is_one(a) ? *b : *a;
    } else {
        if (!codes(a, b, &x, &y) || (comparable(x.unit, y.unit, s) && !unify(&x, &y, false, s))) {
            return false;
        }
        product = (struct path_quantity){.unit = product_unit(x.unit, y.unit, s)};
        if (!is_unit(product.unit, s)) {
            return false;
        }
        a = &x;
        b = &y;
    }
    if (!path_decimal_multiply(a->value, b->value, &product.value)) {
        return false;
    }
    *ret = product;
    return true;
}

bool path_quantity_divide(const struct path_quantity *a, const struct path_quantity *b,
                          struct arena *s, struct path_quantity *ret)
{
    struct path_quantity x = *a;
    struct path_quantity y = *b;
    struct path_quantity quotient = *a;
    if (text_eq(a->unit, b->unit)) {
        quotient = (struct path_quantity){.unit = T("1")};
    } else if (calendar_of(a->unit) <= CALENDAR_MONTH && calendar_of(b->unit) <= CALENDAR_MONTH) {
        quotient = (struct path_quantity){.unit = T("1")};
        if (!path_quantity_align(a, b, true, false, s, &x.value, &y.value)) {
            return false;
        }
    } else if (!is_one(b)) {
        if (!codes(a, b, &x, &y)) {
            return false;
        }
        bool same = comparable(x.unit, y.unit, s);
        text unit = quotient_unit(x.unit, y.unit, s);
        if (!is_unit(unit, s) || (same && !unify(&x, &y, true, s))) {
            return false;
        }
        quotient = (struct path_quantity){.unit = same ? T("1") : unit};
    }
    if (!path_decimal_divide(x.value, y.value, &quotient.value)) {
        return false;
    }
    *ret = quotient;
    return true;
}
