#include "fhir/index_take.h"

#include <math.h>
#include <stdlib.h>

text extract_member(yyjson_val *v, text name)
{
    return json_text(json_get(v, name));
}

void extract_add(struct extract *x, const struct search_leaf *leaf, enum index_kind kind,
                 fhir_type target, text value, text system)
{
    struct index_entry *entries =
        arena_grow(x->arena, x->entries, x->count, &x->capacity, sizeof(*entries));
    if (!entries || !value.p) {
        x->no_memory = true;
        return;
    }
    x->entries = entries;
    x->entries[x->count++] = (struct index_entry){.param = (uint16_t)(x->type << 8 | leaf->ordinal),
                                                  .kind = (uint8_t)kind,
                                                  .target = target,
                                                  .value = value,
                                                  .system = system};
    extract_set_add(&x->given, leaf->ordinal);
}

/* --- date (R4 search.html#date) ------------------------------------------------------------ */

static void add_date(struct extract *x, const struct search_leaf *leaf, int64_t start, int64_t end)
{
    extract_add(x, leaf, INDEX_BYTES, 0, index_date_value(start, end, x->arena), T(""));
}

static void take_date(struct extract *x, const struct search_leaf *leaf, text t)
{
    int64_t start, end;
    if (index_date(t, &start, &end)) {
        add_date(x, leaf, start, end);
    }
}

/* False when neither end is given. */
static bool period(yyjson_val *v, int64_t *start, int64_t *end)
{
    int64_t low, high, other;
    bool from = index_date(extract_member(v, T("start")), &low, &other);
    bool to = index_date(extract_member(v, T("end")), &other, &high);
    *start = from ? low : INT64_MIN;
    *end = to ? high : INT64_MAX;
    return from || to;
}

static void take_period(struct extract *x, const struct search_leaf *leaf, yyjson_val *v)
{
    int64_t start, end;
    if (period(v, &start, &end)) {
        add_date(x, leaf, start, end);
    }
}

/* Only the outer limits of a schedule count: of its events and its bounds. */
static void take_timing(struct extract *x, const struct search_leaf *leaf, yyjson_val *v)
{
    int64_t start = INT64_MAX, end = INT64_MIN, from, to;
    yyjson_val *event;
    size_t i, count;
    yyjson_val *events = json_get(v, T("event"));
    yyjson_arr_foreach(events, i, count, event)
    {
        if (index_date(json_text(event), &from, &to)) {
            start = from < start ? from : start;
            end = to > end ? to : end;
        }
    }
    if (period(json_get(json_get(v, T("repeat")), T("boundsPeriod")), &from, &to)) {
        start = from < start ? from : start;
        end = to > end ? to : end;
    }
    if (start < end) {
        add_date(x, leaf, start, end);
    }
}

/* --- string (R4 search.html#string) -------------------------------------------------------- */

text extract_fold(struct extract *x, text t)
{
    if (t.p && t.p == x->unfolded.p && t.n == x->unfolded.n) {
        return x->folded;
    }
    text folded = index_fold(index_beginning(t), x->arena);
    if (!folded.p) {
        x->no_memory = true;
        return T("");
    }
    x->unfolded = t;
    x->folded = folded;
    return folded;
}

static void take_string(struct extract *x, const struct search_leaf *leaf, text t)
{
    text folded = t.n ? extract_fold(x, t) : T("");
    if (folded.n) {
        extract_add(x, leaf, INDEX_BYTES, 0, index_shorten(folded, x->arena), T(""));
    }
}

static const text name_parts[] = {{"text", 4},   {"family", 6}, {"given", 5},
                                  {"prefix", 6}, {"suffix", 6}, {NULL, 0}};
static const text address_parts[] = {{"text", 4},     {"line", 4},  {"city", 4},
                                     {"district", 8}, {"state", 5}, {"postalCode", 10},
                                     {"country", 7},  {NULL, 0}};

void extract_parts(struct extract *x, const struct search_leaf *leaf, yyjson_val *v,
                   extract_part_taker *take)
{
    const text *names = leaf->take == TAKE_NAME ? name_parts : address_parts;
    for (; names->n; names++) {
        yyjson_val *part = json_get(v, *names);
        yyjson_val *item;
        size_t i, count;
        if (!yyjson_is_arr(part)) {
            take(x, leaf, json_text(part));
            continue;
        }
        yyjson_arr_foreach(part, i, count, item)
        {
            take(x, leaf, json_text(item));
        }
    }
}

/* --- number and quantity (R4 search.html#number, #quantity) -------------------------------- */

/* p == NULL: not a decimal, or no memory, which is then noted. */
static text decimal(struct extract *x, text t)
{
    enum { DECIMAL_MOST = 64 }; /* more than index_decimal() takes */
    text value = index_decimal(t, x->arena);
    if (!value.p && !arena_alloc(x->arena, DECIMAL_MOST)) {
        x->no_memory = true;
    }
    return value;
}

static void take_number(struct extract *x, const struct search_leaf *leaf, text t)
{
    text value = decimal(x, t);
    if (value.p) {
        extract_add(x, leaf, INDEX_BYTES, 0, value, T(""));
    }
}

static void add_quantity(struct extract *x, const struct search_leaf *leaf, text number,
                         text system, text code, text name)
{
    text value = number.n ? decimal(x, number) : (text){0};
    if (value.p) {
        text unit = index_unit(system, code, name, x->arena);
        extract_add(x, leaf, INDEX_QUANTITY, 0, unit.p ? value : unit, unit);
    }
}

static void take_quantity(struct extract *x, const struct search_leaf *leaf, yyjson_val *v)
{
    add_quantity(x, leaf, extract_member(v, T("value")), extract_member(v, T("system")),
                 extract_member(v, T("code")), extract_member(v, T("unit")));
}

static void take_money(struct extract *x, const struct search_leaf *leaf, yyjson_val *v)
{
    text currency = extract_member(v, T("currency"));
    add_quantity(x, leaf, extract_member(v, T("value")),
                 currency.n ? T("urn:iso:std:iso:4217") : T(""), currency, T(""));
}

/* --- position (R4 location.html#search) ---------------------------------------------------- */

/* degrees + most, in units of 1e-7 degrees. False: not a number from -most to most. */
static bool position_part(text t, double most, uint32_t *ret)
{
    char digits[64];
    char *end;
    if (t.n == 0 || t.n >= sizeof digits) {
        return false;
    }
    memcpy(digits, t.p, t.n);
    digits[t.n] = '\0';
    double degrees = strtod(digits, &end);
    if (end != digits + t.n || !(degrees >= -most && degrees <= most)) {
        return false;
    }
    *ret = (uint32_t)llround((degrees + most) * 1e7);
    return true;
}

static void take_position(struct extract *x, const struct search_leaf *leaf, yyjson_val *v)
{
    uint32_t parts[2];
    if (!position_part(extract_member(v, T("latitude")), 90, &parts[0]) ||
        !position_part(extract_member(v, T("longitude")), 180, &parts[1])) {
        return;
    }
    char *out = arena_alloc(x->arena, 8);
    for (int i = 0; out && i < 8; i++) {
        out[i] = (char)(unsigned char)(parts[i / 4] >> (24 - 8 * (i % 4)));
    }
    extract_add(x, leaf, INDEX_BYTES, 0, text_make(out, out ? 8 : 0), T(""));
}

/* --- */

static void take_text(struct extract *x, const struct search_leaf *leaf, text t)
{
    if (t.n == 0) {
        return;
    }
    switch ((enum search_take)leaf->take) {
    case TAKE_CODE:
        extract_token(x, leaf, t, x->tables->systems[leaf->system]);
        break;
    case TAKE_WORD:
        extract_token(x, leaf, t, T(""));
        break;
    case TAKE_LINK:
        extract_link(x, leaf, t);
        break;
    case TAKE_DATE:
        take_date(x, leaf, t);
        break;
    case TAKE_STRING:
        take_string(x, leaf, t);
        break;
    case TAKE_NUMBER:
        take_number(x, leaf, t);
        break;
    case TAKE_URI:
        extract_add(x, leaf, INDEX_BYTES, 0, index_uri(t, x->arena), T(""));
        size_t bar = text_find(t, '|');
        if (bar && bar < t.n) {
            extract_add(x, leaf, INDEX_BYTES, 0, index_uri(text_first(t, bar), x->arena), T(""));
        }
        break;
    default:
        break;
    }
}

static void take_object(struct extract *x, const struct search_leaf *leaf, yyjson_val *v)
{
    switch ((enum search_take)leaf->take) {
    case TAKE_CODING:
        extract_coding(x, leaf, v);
        break;
    case TAKE_CONCEPT:
        extract_concept(x, leaf, v);
        break;
    case TAKE_IDENTIFIER:
        extract_token(x, leaf, extract_member(v, T("value")), extract_member(v, T("system")));
        break;
    case TAKE_CONTACT:
        extract_token(x, leaf, extract_member(v, T("value")), T(""));
        break;
    case TAKE_DECEASED:
        extract_deceased(x, leaf, v);
        break;
    case TAKE_REFERENCE:
        extract_reference(x, leaf, v);
        break;
    case TAKE_RESOURCE:
        extract_resource(x, leaf, v);
        break;
    case TAKE_PERIOD:
        take_period(x, leaf, v);
        break;
    case TAKE_TIMING:
        take_timing(x, leaf, v);
        break;
    case TAKE_NAME:
    case TAKE_ADDRESS:
        extract_parts(x, leaf, v, take_string);
        break;
    case TAKE_QUANTITY:
        take_quantity(x, leaf, v);
        break;
    case TAKE_MONEY:
        take_money(x, leaf, v);
        break;
    case TAKE_POSITION:
        take_position(x, leaf, v);
        break;
    case TAKE_RANGE:
        take_quantity(x, leaf, json_get(v, T("low")));
        take_quantity(x, leaf, json_get(v, T("high")));
        break;
    default:
        break;
    }
}

void extract_take(struct extract *x, const struct search_leaf *leaf, yyjson_val *v)
{
    if ((x->some && !extract_set_has(&x->only, leaf->ordinal)) || yyjson_is_null(v)) {
        return; /* null keeps a place in an array: there is no value, as where the member is absent
                 */
    }
    if (leaf->take != TAKE_RESOURCE) { /* one of another type is not what the parameter is for */
        extract_set_add(&x->touched, leaf->ordinal);
    }
    if (yyjson_is_obj(v)) {
        take_object(x, leaf, v);
    } else if (yyjson_is_bool(v)) {
        if (leaf->take == TAKE_BOOLEAN) {
            extract_boolean(x, leaf, yyjson_is_true(v));
        }
    } else {
        take_text(x, leaf, json_text(v));
    }
}

/* resolve() finds what is inside the same resource as well. */
static fhir_type contained_type(const struct extract *x, text id)
{
    yyjson_val *contained = json_get(x->root, T("contained"));
    yyjson_val *item;
    size_t i, count;
    yyjson_arr_foreach(contained, i, count, item)
    {
        if (text_eq(extract_member(item, T("id")), id)) {
            return fhir_type_of(extract_member(item, T("resourceType")));
        }
    }
    return 0;
}

static bool leads_to(struct extract *x, yyjson_val *v, fhir_type target)
{
    text t = extract_member(v, T("reference"));
    struct reference r = extract_parse(x, t);
    if (r.kind == REFERENCE_LOCAL || r.kind == REFERENCE_ABSOLUTE) {
        return r.type == target;
    }
    if (t.n && t.p[0] == '#' && contained_type(x, text_from(t, 1)) == target) {
        return true;
    }
    return t.n && text_eq(extract_member(v, T("type")), fhir_type_name(target));
}

static bool has_extension(yyjson_val *v, text url)
{
    yyjson_val *extension;
    size_t i, count;
    yyjson_val *extensions = json_get(v, T("extension"));
    yyjson_arr_foreach(extensions, i, count, extension)
    {
        if (text_eq(extract_member(extension, T("url")), url)) {
            return true;
        }
    }
    return false;
}

bool extract_passes(struct extract *x, const struct search_filter *filter, yyjson_val *v,
                    size_t position)
{
    switch ((enum search_filter_kind)filter->kind) {
    case FILTER_NONE:
        return true;
    case FILTER_EQUALS:
        return text_eq(extract_member(v, filter->name), filter->value);
    case FILTER_TARGET:
        return leads_to(x, v, filter->target);
    case FILTER_HAS_EXTENSION:
        return has_extension(v, filter->name);
    case FILTER_FIRST:
        return position == 0;
    }
    return false;
}
