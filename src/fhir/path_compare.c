#include "fhir/path_value_int.h"

#include "base/clock.h"
#include "fhir/model_tables.h"

#include <utf8proc.h>

enum {
    DEEPEST = 200,            /* of elements within elements; no resource is read that is deeper */
    BUDGET = 4 * 1000 * 1000, /* pairs of elements looked at, as lists in any order may ask for many
                               */
    DAY_MS = 24 * 60 * 60 * 1000,
    ZONE_MS = 14 * 60 * 60 * 1000, /* the farthest zone of FHIR, either way */
};

/* --- dates --------------------------------------------------------------------------------- */

/* The milliseconds that a value may mean, both ends included. */
struct span {
    int64_t low;
    int64_t high;
};

static struct span span_of(const struct path_time *t)
{
    int64_t day = clock_days(t->year, t->month, t->day) * DAY_MS;
    int64_t low = day + ((t->hour * 60 + t->minute) * 60 + t->second) * INT64_C(1000) +
                  t->millisecond - (t->has_zone ? t->zone * INT64_C(60000) : 0);
    int64_t length = 1;
    switch (t->precision) {
    case PATH_YEAR:
        length = clock_days(t->year + 1, 1, 1) * DAY_MS - day;
        break;
    case PATH_MONTH:
        length = (t->month == 12 ? clock_days(t->year + 1, 1, 1)
                                 : clock_days(t->year, t->month + 1, 1)) *
                     DAY_MS -
                 day;
        break;
    case PATH_DAY:
        length = DAY_MS;
        break;
    case PATH_HOUR:
        length = DAY_MS / 24;
        break;
    case PATH_MINUTE:
        length = DAY_MS / 24 / 60;
        break;
    default:
        break; /* seconds and milliseconds are one precision */
    }
    return (struct span){low, low + length - 1};
}

/* Without a zone it may be any. */
static struct span anywhere(struct span s)
{
    return (struct span){s.low - ZONE_MS, s.high + ZONE_MS};
}

static enum path_truth order_times(const struct path_time *a, const struct path_time *b,
                                   int *ret_order)
{
    struct span x = span_of(a);
    struct span y = span_of(b);
    bool both = a->has_zone == b->has_zone;
    x = a->has_zone || both ? x : anywhere(x);
    y = b->has_zone || both ? y : anywhere(y);
    if (x.high < y.low || x.low > y.high) {
        *ret_order = x.high < y.low ? -1 : 1;
        return PATH_TRUE;
    }
    if (!both || x.low != y.low || x.high != y.high) {
        return PATH_EMPTY;
    }
    *ret_order = 0;
    return PATH_TRUE;
}

/* --- strings ------------------------------------------------------------------------------- */

static bool is_ascii(text t)
{
    for (size_t i = 0; i < t.n; i++) {
        if ((unsigned char)t.p[i] > 0x7f) {
            return false;
        }
    }
    return true;
}

static char fold_ascii(char c)
{
    if (c == '\t' || c == '\n' || c == '\r') {
        return ' ';
    }
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* The characters without case. NULL: no memory, or no UTF-8. */
static int32_t *fold(text t, struct arena *s, size_t *ret_n)
{
    const utf8proc_option_t options = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD;
    const uint8_t *p = (const uint8_t *)t.p;
    utf8proc_ssize_t n = utf8proc_decompose(p, (utf8proc_ssize_t)t.n, NULL, 0, options);
    int32_t *out = n < 0 ? NULL : arena_alloc(s, (size_t)n * sizeof *out);
    if (!out || utf8proc_decompose(p, (utf8proc_ssize_t)t.n, out, n, options) != n) {
        return NULL;
    }
    for (utf8proc_ssize_t i = 0; i < n; i++) {
        if (out[i] == '\t' || out[i] == '\n' || out[i] == '\r') {
            out[i] = ' ';
        }
    }
    *ret_n = (size_t)n;
    return out;
}

static bool equivalent_texts(text a, text b, struct arena *s)
{
    if (text_eq(a, b)) {
        return true;
    }
    if (is_ascii(a) && is_ascii(b)) {
        size_t i = 0;
        while (a.n == b.n && i < a.n && fold_ascii(a.p[i]) == fold_ascii(b.p[i])) {
            i++;
        }
        return a.n == b.n && i == a.n;
    }
    struct arena_mark mark = arena_mark(s);
    size_t n = 0;
    size_t m = 0;
    const int32_t *x = fold(a, s, &n);
    const int32_t *y = fold(b, s, &m);
    bool same = x && y && n == m && memcmp(x, y, n * sizeof *x) == 0;
    arena_rewind(s, mark);
    return same;
}

/* --- System values ------------------------------------------------------------------------- */

/* To the lesser precision; zeros at the end are none (N1). */
static bool equivalent_decimals(struct path_decimal a, struct path_decimal b)
{
    struct path_decimal *of[] = {&a, &b};
    for (size_t i = 0; i < 2; i++) {
        while (of[i]->scale > 0 && of[i]->digits % 10 == 0) {
            of[i]->digits /= 10;
            of[i]->scale--;
        }
    }
    int scale = a.scale < b.scale ? a.scale : b.scale;
    return path_decimal_round(a, scale, &a) && path_decimal_round(b, scale, &b) &&
           path_decimal_compare(a, b) == 0;
}

/* Two plain values as one kind. */
static bool meet(struct path_item *a, struct path_item *b)
{
    return a->kind == b->kind || path_convert_implicitly(a, b->kind, a) ||
           path_convert_implicitly(b, a->kind, b);
}

/* Both of one kind, no nodes. */
static enum path_truth equal_plain(const struct path_item *a, const struct path_item *b,
                                   struct arena *s)
{
    int order = 1;
    enum path_truth known = PATH_TRUE;
    struct path_decimal x;
    struct path_decimal y;
    switch (a->kind) {
    case PATH_BOOLEAN:
        return a->u.boolean == b->u.boolean ? PATH_TRUE : PATH_FALSE;
    case PATH_STRING:
        return text_eq(a->u.string, b->u.string) ? PATH_TRUE : PATH_FALSE;
    case PATH_INTEGER:
        return a->u.integer == b->u.integer ? PATH_TRUE : PATH_FALSE;
    case PATH_DECIMAL:
        order = path_decimal_compare(a->u.decimal, b->u.decimal);
        break;
    case PATH_DATE:
    case PATH_DATE_TIME:
    case PATH_TIME:
        known = order_times(&a->u.time, &b->u.time, &order);
        break;
    case PATH_QUANTITY:
        if (!path_quantity_align(&a->u.quantity, &b->u.quantity, true, false, s, &x, &y)) {
            return PATH_EMPTY;
        }
        order = path_decimal_compare(x, y);
        break;
    case PATH_TYPE:
        order =
            !text_eq(a->u.type.space, b->u.type.space) || !text_eq(a->u.type.name, b->u.type.name);
        break;
    default:
        return PATH_FALSE;
    }
    return known == PATH_TRUE && order ? PATH_FALSE : known;
}

static enum path_truth equivalent_plain(const struct path_item *a, const struct path_item *b,
                                        struct arena *s)
{
    struct path_decimal x;
    struct path_decimal y;
    bool same;
    switch (a->kind) {
    case PATH_STRING:
        same = equivalent_texts(a->u.string, b->u.string, s);
        break;
    case PATH_DECIMAL:
        same = equivalent_decimals(a->u.decimal, b->u.decimal);
        break;
    case PATH_QUANTITY:
        same = path_quantity_align(&a->u.quantity, &b->u.quantity, false, true, s, &x, &y) &&
               equivalent_decimals(x, y);
        break;
    default:
        same = equal_plain(a, b, s) == PATH_TRUE;
        break;
    }
    return same ? PATH_TRUE : PATH_FALSE;
}

/* --- elements ------------------------------------------------------------------------------ */

struct deep {
    struct arena *s;
    bool equivalent;
    unsigned depth;
    unsigned budget;
};

static enum path_truth same_item(struct deep *d, const struct path_item *a,
                                 const struct path_item *b);

static enum path_truth truth_of(bool is)
{
    return is ? PATH_TRUE : PATH_FALSE;
}

static enum path_truth same_value(struct deep *d, uint16_t type, const yyjson_val *a,
                                  const yyjson_val *b)
{
    if (type == MODEL_RESOURCE) {
        type = fhir_type_of(json_text(json_get(a, T("resourceType"))));
    }
    if (type == MODEL_NONE || json_type(a) != json_type(b) || json_type(a) == YYJSON_TYPE_NULL) {
        return truth_of(json_same(a, b));
    }
    const struct path_node nodes[] = {{.value = a, .type = type}, {.value = b, .type = type}};
    const struct path_item x = {.kind = PATH_NODE, .u.node = &nodes[0]};
    const struct path_item y = {.kind = PATH_NODE, .u.node = &nodes[1]};
    return same_item(d, &x, &y);
}

static enum path_truth same_ordered(struct deep *d, uint16_t type, const yyjson_val *a,
                                    const yyjson_val *b)
{
    enum path_truth all = PATH_TRUE;
    const yyjson_val *x = a + 1;
    const yyjson_val *y = b + 1;
    for (size_t left = json_len(a); left; left--, x = json_after(x), y = json_after(y)) {
        enum path_truth one = same_value(d, type, x, y);
        if (one == PATH_FALSE) {
            return PATH_FALSE;
        }
        all = one == PATH_EMPTY ? PATH_EMPTY : all;
    }
    return all;
}

/* Each item of the one finds one of its own in the other; mostly the one at the same place. */
static bool match_items(struct deep *d, uint16_t type, const yyjson_val *a,
                        const yyjson_val **others, bool *taken, size_t n)
{
    const yyjson_val *v = a + 1;
    for (size_t i = 0; i < n; i++, v = json_after(v)) {
        size_t tried = 0;
        size_t k = i;
        while (tried < n && (taken[k] || same_value(d, type, v, others[k]) != PATH_TRUE)) {
            tried++;
            k = k + 1 < n ? k + 1 : 0;
        }
        if (tried == n || d->budget == 0) {
            return false;
        }
        taken[k] = true;
    }
    return true;
}

static enum path_truth same_unordered(struct deep *d, uint16_t type, const yyjson_val *a,
                                      const yyjson_val *b)
{
    size_t n = json_len(a);
    struct arena_mark mark = arena_mark(d->s);
    bool *taken = arena_zalloc(d->s, n, sizeof *taken);
    const yyjson_val **others = arena_alloc(d->s, n * sizeof(const yyjson_val *));
    const yyjson_val *v = b + 1;
    for (size_t i = 0; others && i < n; i++, v = json_after(v)) {
        others[i] = v;
    }
    bool same = taken && others && match_items(d, type, a, others, taken, n);
    arena_rewind(d->s, mark);
    return truth_of(same);
}

static enum path_truth same_member(struct deep *d, const struct model_type *type, text name,
                                   const yyjson_val *a, const yyjson_val *b)
{
    const struct model_element *element = model_find(type, name);
    uint16_t of = element ? element->type : MODEL_NONE;
    if (!b) {
        return PATH_FALSE;
    }
    if (json_type(a) != YYJSON_TYPE_ARR || json_type(b) != YYJSON_TYPE_ARR) {
        return same_value(d, of, a, b);
    }
    if (json_len(a) != json_len(b)) {
        return PATH_FALSE;
    }
    if (json_len(a) == 0) {
        return PATH_TRUE;
    }
    return d->equivalent ? same_unordered(d, of, a, b) : same_ordered(d, of, a, b);
}

static enum path_truth same_members(struct deep *d, const struct model_type *type,
                                    const yyjson_val *a, const yyjson_val *b)
{
    enum path_truth all = PATH_TRUE;
    if (json_len(a) != json_len(b)) {
        return PATH_FALSE;
    }
    const yyjson_val *name = a + 1;
    for (size_t left = json_len(a); left; left--, name = json_after(name + 1)) {
        text t = json_text(name);
        enum path_truth one = same_member(d, type, t, name + 1, json_get(b, t));
        if (one == PATH_FALSE) {
            return PATH_FALSE;
        }
        all = one == PATH_EMPTY ? PATH_EMPTY : all;
    }
    return all;
}

static enum path_truth same_node(struct deep *d, const struct path_node *a,
                                 const struct path_node *b)
{
    bool kin = a->type == b->type || (path_is_quantity(a->type) && path_is_quantity(b->type));
    if (!kin) {
        return PATH_FALSE;
    }
    if (!a->value || !b->value) { /* nothing but extensions */
        return truth_of(!a->value && !b->value && a->shadow && b->shadow &&
                        json_same(a->shadow, b->shadow));
    }
    if (json_type(a->value) != YYJSON_TYPE_OBJ || json_type(b->value) != YYJSON_TYPE_OBJ ||
        a->type >= model_type_count) {
        return truth_of(json_same(a->value, b->value));
    }
    if (d->depth >= DEEPEST || d->budget == 0) {
        return PATH_EMPTY;
    }
    d->depth++;
    enum path_truth same = same_members(d, &model_types[a->type], a->value, b->value);
    d->depth--;
    return same;
}

static bool is_quantity(const struct path_item *item)
{
    return item->kind == PATH_QUANTITY ||
           (item->kind == PATH_NODE && path_is_quantity(item->u.node->type));
}

static enum path_truth same_item(struct deep *d, const struct path_item *a,
                                 const struct path_item *b)
{
    struct path_item x = *a;
    struct path_item y = *b;
    if (d->budget == 0) {
        return PATH_EMPTY;
    }
    d->budget--;
    bool plain =
        path_plain(a, &x) && x.kind != PATH_NODE && path_plain(b, &y) && y.kind != PATH_NODE;
    if (a->kind == PATH_NODE && b->kind == PATH_NODE && (!plain || is_quantity(a))) {
        enum path_truth same = same_node(d, a->u.node, b->u.node);
        if (!plain || same == PATH_TRUE) {
            return same;
        }
    }
    if (!plain) { /* a Quantity of FHIR with a unit of its own, or a comparator, cannot be told */
        return is_quantity(a) && is_quantity(b) ? PATH_EMPTY : PATH_FALSE;
    }
    if (!meet(&x, &y)) {
        return PATH_FALSE;
    }
    return d->equivalent ? equivalent_plain(&x, &y, d->s) : equal_plain(&x, &y, d->s);
}

/* --- */

enum path_truth path_equal(const struct path_item *a, const struct path_item *b, struct arena *s)
{
    struct deep d = {.s = s, .budget = BUDGET};
    return same_item(&d, a, b);
}

bool path_equivalent(const struct path_item *a, const struct path_item *b, struct arena *s)
{
    struct deep d = {.s = s, .equivalent = true, .budget = BUDGET};
    return same_item(&d, a, b) == PATH_TRUE;
}

enum path_truth path_order(const struct path_item *a, const struct path_item *b, struct arena *s,
                           int *ret_order)
{
    struct path_item x;
    struct path_item y;
    struct path_decimal d;
    struct path_decimal e;
    if (!path_plain(a, &x) || !path_plain(b, &y)) {
        return PATH_EMPTY;
    }
    if (x.kind == PATH_NODE || y.kind == PATH_NODE || !meet(&x, &y)) {
        return is_quantity(a) && is_quantity(b) ? PATH_EMPTY : PATH_FALSE;
    }
    switch (x.kind) {
    case PATH_STRING:
        *ret_order = text_cmp(x.u.string, y.u.string);
        *ret_order = (*ret_order > 0) - (*ret_order < 0);
        return PATH_TRUE;
    case PATH_INTEGER:
        *ret_order = (x.u.integer > y.u.integer) - (x.u.integer < y.u.integer);
        return PATH_TRUE;
    case PATH_DECIMAL:
        *ret_order = path_decimal_compare(x.u.decimal, y.u.decimal);
        return PATH_TRUE;
    case PATH_DATE:
    case PATH_DATE_TIME:
    case PATH_TIME:
        return order_times(&x.u.time, &y.u.time, ret_order);
    case PATH_QUANTITY:
        if (!path_quantity_align(&x.u.quantity, &y.u.quantity, true, false, s, &d, &e)) {
            return PATH_EMPTY;
        }
        *ret_order = path_decimal_compare(d, e);
        return PATH_TRUE;
    default:
        return PATH_FALSE;
    }
}
