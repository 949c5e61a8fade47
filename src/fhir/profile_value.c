/* fixed[x], pattern[x], minValue[x], maxValue[x], maxLength (R4 elementdefinition.html). */
#include "fhir/check.h"
#include "fhir/path_value_int.h"
#include "fhir/profile_int.h"

enum {
    DEEPEST = 200,              /* of values within values; no resource is read that is deeper */
    WORK_MOST = 2 * 1000 * 1000 /* pairs of values looked at: items in any order may ask for many */
};

/* --- fixed and pattern --------------------------------------------------------------------- */

struct compare {
    bool pattern;
    unsigned depth;
    unsigned work;
};

static bool same_value(struct compare *c, const yyjson_val *wanted, const yyjson_val *found);

/* 1.0 is 1: what is fixed is the value. */
static bool same_number(const yyjson_val *wanted, const yyjson_val *found)
{
    text a = json_text(wanted);
    text b = json_text(found);
    struct path_decimal x;
    struct path_decimal y;
    if (text_eq(a, b)) {
        return true;
    }
    return path_decimal_read(a, &x) && path_decimal_read(b, &y) && path_decimal_compare(x, y) == 0;
}

static bool same_object(struct compare *c, const yyjson_val *wanted, const yyjson_val *found)
{
    if (!c->pattern && json_len(wanted) != json_len(found)) {
        return false;
    }
    const yyjson_val *key = wanted + 1;
    for (size_t left = json_len(wanted); left; left--, key = json_after(key + 1)) {
        const yyjson_val *v = json_get(found, json_text(key));
        if (!v || !same_value(c, key + 1, v)) {
            return false;
        }
    }
    return true;
}

static bool same_items(struct compare *c, const yyjson_val *wanted, const yyjson_val *found)
{
    if (json_len(wanted) != json_len(found)) {
        return false;
    }
    const yyjson_val *a = wanted + 1;
    const yyjson_val *b = found + 1;
    for (size_t left = json_len(wanted); left; left--, a = json_after(a), b = json_after(b)) {
        if (!same_value(c, a, b)) {
            return false;
        }
    }
    return true;
}

static bool has_item(struct compare *c, const yyjson_val *wanted, const yyjson_val *items)
{
    const yyjson_val *item = items + 1;
    for (size_t left = json_len(items); left; left--, item = json_after(item)) {
        if (same_value(c, wanted, item)) {
            return true;
        }
    }
    return false;
}

/* Each item of a pattern is found somewhere among the items; one may serve for several. A null
 * only keeps a place for what stands in the array with _ in front of its name. */
static bool has_items(struct compare *c, const yyjson_val *wanted, const yyjson_val *found)
{
    const yyjson_val *item = wanted + 1;
    for (size_t left = json_len(wanted); left; left--, item = json_after(item)) {
        if (json_type(item) != YYJSON_TYPE_NULL && !has_item(c, item, found)) {
            return false;
        }
    }
    return true;
}

static bool same_value(struct compare *c, const yyjson_val *wanted, const yyjson_val *found)
{
    if (json_type(wanted) != json_type(found) || c->depth >= DEEPEST || c->work == 0) {
        return false;
    }
    c->work--;
    c->depth++;
    bool same;
    switch (json_type(wanted)) {
    case YYJSON_TYPE_OBJ:
        same = same_object(c, wanted, found);
        break;
    case YYJSON_TYPE_ARR:
        same = c->pattern ? has_items(c, wanted, found) : same_items(c, wanted, found);
        break;
    case YYJSON_TYPE_RAW:
        same = same_number(wanted, found);
        break;
    default:
        same = json_same(wanted, found);
        break;
    }
    c->depth--;
    return same;
}

bool profile_fixed_holds(const yyjson_val *fixed, const struct path_node *at)
{
    struct compare c = {.pattern = false, .work = WORK_MOST};
    /* What the fixed value lacks must be lacking: ids and extensions of a primitive too. */
    return at->value && !at->shadow && same_value(&c, fixed, at->value);
}

bool profile_pattern_holds(const yyjson_val *pattern, const struct path_node *at)
{
    struct compare c = {.pattern = true, .work = WORK_MOST};
    return at->value && same_value(&c, pattern, at->value);
}

/* --- ranges -------------------------------------------------------------------------------- */

/* Of minValueDate, without minValue. A Quantity is of the element's own type: Age, Duration ... */
static uint16_t type_of_bound(text of, const struct path_node *at)
{
    static const struct {
        text name;
        uint16_t type;
    } types[] = {
        {T("Date"), MODEL_DATE},
        {T("DateTime"), MODEL_DATE_TIME},
        {T("Instant"), MODEL_INSTANT},
        {T("Time"), MODEL_TIME},
        {T("Decimal"), MODEL_DECIMAL},
        {T("Integer"), MODEL_INTEGER},
        {T("PositiveInt"), MODEL_POSITIVE_INT},
        {T("UnsignedInt"), MODEL_UNSIGNED_INT},
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (text_eq(of, types[i].name)) {
            return types[i].type;
        }
    }
    return text_eq(of, T("Quantity")) && path_is_quantity(at->type) ? at->type : MODEL_NONE;
}

/* Quantities without UCUM codes have an order where they say the same unit. */
static bool order_by_unit(const yyjson_val *a, const yyjson_val *b, int *ret_order)
{
    static const text names[] = {T("system"), T("code"), T("unit")};
    struct path_decimal x;
    struct path_decimal y;
    bool coded = json_get(a, T("code")) && json_get(b, T("code"));
    for (size_t i = coded ? 0 : 2; i < (coded ? 2 : 3); i++) {
        text unit = json_text(json_get(a, names[i]));
        if (!text_eq(unit, json_text(json_get(b, names[i])))) {
            return false;
        }
    }
    if (json_get(a, T("comparator")) || json_get(b, T("comparator")) ||
        !path_decimal_read(json_text(json_get(a, T("value"))), &x) ||
        !path_decimal_read(json_text(json_get(b, T("value"))), &y)) {
        return false;
    }
    *ret_order = path_decimal_compare(x, y);
    return true;
}

/* A value for a message: of a Quantity its number and unit. */
static const char *shown(const yyjson_val *v, char out[SHOWN_SIZE])
{
    if (json_type(v) != YYJSON_TYPE_OBJ) {
        return check_shown(json_text(v), out);
    }
    text unit = json_text(json_get(v, T("unit")));
    unit = unit.n ? unit : json_text(json_get(v, T("code")));
    char all[SHOWN_SIZE + 32];
    struct buf line;
    buf_init(&line, sizeof all);
    buf_add(&line, text_short(json_text(json_get(v, T("value"))), 40));
    buf_addc(&line, ' ');
    buf_add(&line, text_short(unit, 40));
    (void)check_shown(buf_text(&line), out);
    buf_done(&line);
    return out;
}

static void say_units(struct profile_run *run, const yyjson_val *bound, const struct path_node *at)
{
    char a[SHOWN_SIZE];
    char b[SHOWN_SIZE];
    if (json_get(at->value, T("value")) && !json_get(at->value, T("comparator"))) {
        profile_issue(
            run, ISSUE_WARNING, ERR_VALUE, at,
            "%s cannot be compared with the bound %s, since their units differ; give it in "
            "the unit of the bound, with its system and code",
            shown(at->value, a), shown(bound, b));
    }
}

int profile_range_check(struct profile_run *run, text name, const yyjson_val *bound,
                        const struct path_node *at)
{
    bool least = text_starts(name, T("minValue"));
    uint16_t type = type_of_bound(text_from(name, sizeof "minValue" - 1), at);
    if (type == MODEL_NONE || !at->value) {
        return 0;
    }
    const struct path_node other = {.value = bound, .type = type};
    const struct path_item a = {.kind = PATH_NODE, .u.node = at};
    const struct path_item b = {.kind = PATH_NODE, .u.node = &other};
    struct arena_mark mark = arena_mark(run->arena);
    int order = 0;
    enum path_truth known = path_order(&a, &b, run->arena, &order);
    arena_rewind(run->arena, mark);
    if (known != PATH_TRUE && path_is_quantity(type)) {
        known = order_by_unit(at->value, bound, &order) ? PATH_TRUE : PATH_EMPTY;
        if (known != PATH_TRUE) {
            say_units(run, bound, at);
        }
    }
    /* A date of less precision than the bound may lie on either side: it is no fault. */
    if (known == PATH_TRUE && (least ? order < 0 : order > 0)) {
        char x[SHOWN_SIZE];
        char y[SHOWN_SIZE];
        profile_issue(run, ISSUE_ERROR, ERR_VALUE, at, "%s is %s than %s, which is the %s allowed",
                      shown(at->value, x), least ? "less" : "more", shown(bound, y),
                      least ? "least" : "most");
    }
    return profile_step(run);
}

/* --- lengths ------------------------------------------------------------------------------- */

int profile_length_check(struct profile_run *run, uint64_t most, const struct path_node *at)
{
    if (json_type(at->value) != YYJSON_TYPE_STR) {
        return 0;
    }
    text t = json_text(at->value);
    if (t.n <= most) {
        return 0;
    }
    uint64_t count = 0;
    for (size_t i = 0; i < t.n; i++) {
        count += ((unsigned char)t.p[i] & 0xC0) != 0x80;
    }
    if (count > most) {
        profile_issue(run, ISSUE_ERROR, ERR_VALUE, at,
                      "this has %llu characters, but at most %llu are allowed; shorten it",
                      (unsigned long long)count, (unsigned long long)most);
    }
    return profile_step(run);
}
