#include "fhir/index_take.h"

static text member(yyjson_val *v, text name)
{
    return json_text(json_get(v, name));
}

static uint16_t number_of(const struct extract *x, const struct search_leaf *leaf)
{
    return (uint16_t)(x->type << 8 | leaf->ordinal);
}

static void add(struct extract *x, const struct search_leaf *leaf, enum index_kind kind,
                fhir_type target, text value, text system)
{
    struct index_entry *entries =
        arena_grow(x->arena, x->entries, x->count, &x->capacity, sizeof(*entries));
    if (!entries || !value.p) {
        x->no_memory = true;
        return;
    }
    x->entries = entries;
    x->entries[x->count++] = (struct index_entry){.param = number_of(x, leaf),
                                                  .kind = (uint8_t)kind,
                                                  .target = target,
                                                  .value = value,
                                                  .system = system};
}

/* --- token (R4 search.html#token) ---------------------------------------------------------- */

static void add_token(struct extract *x, const struct search_leaf *leaf, text code, text system)
{
    if (code.n == 0 && system.n == 0) {
        return;
    }
    add(x, leaf, INDEX_TOKEN, 0, index_code(code, x->arena), system);
}

static void take_coding(struct extract *x, const struct search_leaf *leaf, yyjson_val *v)
{
    add_token(x, leaf, member(v, T("code")), member(v, T("system")));
}

static void take_concept(struct extract *x, const struct search_leaf *leaf, yyjson_val *v)
{
    yyjson_val *codings = json_get(v, T("coding"));
    size_t i, count;
    yyjson_val *coding;
    yyjson_arr_foreach(codings, i, count, coding)
    {
        take_coding(x, leaf, coding);
    }
}

static void take_boolean(struct extract *x, const struct search_leaf *leaf, bool value)
{
    add_token(x, leaf, value ? T("true") : T("false"), search_systems[leaf->system]);
}

static void take_deceased(struct extract *x, const struct search_leaf *leaf, yyjson_val *root)
{
    bool said = yyjson_is_true(json_get(root, T("deceasedBoolean")));
    take_boolean(x, leaf, said || json_get(root, T("deceasedDateTime")) != NULL);
}

/* --- reference (R4 search.html#reference) -------------------------------------------------- */

/* Remembers a patient when the parameter is one of those that put a resource in a compartment. */
static void note_patient(struct extract *x, const struct search_leaf *leaf, text id, bool elsewhere)
{
    const uint8_t *ordinals = x->table->compartments[0];
    for (unsigned rank = 0; ordinals && ordinals[rank] != SEARCH_COMPARTMENT_END; rank++) {
        if (ordinals[rank] != leaf->ordinal) {
            continue;
        }
        struct extract_patient *patients = arena_grow(x->arena, x->patients, x->patient_count,
                                                      &x->patient_capacity, sizeof(*patients));
        if (!patients) {
            x->no_memory = true;
            return;
        }
        x->patients = patients;
        x->patients[x->patient_count++] = (struct extract_patient){rank, elsewhere, id};
        return;
    }
}

static void take_reference(struct extract *x, const struct search_leaf *leaf, yyjson_val *v)
{
    text t = member(v, T("reference"));
    if (t.n == 0) {
        return;
    }
    struct reference r = reference_parse(t, x->base);
    switch (r.kind) {
    case REFERENCE_LOCAL:
        add(x, leaf, INDEX_REFERENCE, r.type, r.id, T(""));
        if (r.type == FHIR_PATIENT) {
            note_patient(x, leaf, r.id, false);
        }
        break;
    case REFERENCE_ABSOLUTE:
        if (r.version.n) {
            t = text_first(t, (size_t)(r.id.p + r.id.n - t.p));
        }
        add(x, leaf, INDEX_REFERENCE, 0, t, T(""));
        if (r.type == FHIR_PATIENT) {
            note_patient(x, leaf, t, true);
        }
        break;
    case REFERENCE_URI:
        add(x, leaf, INDEX_REFERENCE, 0, t, T(""));
        break;
    default: /* inside the same resource, or a reference that nobody can follow */
        break;
    }
}

/* A canonical URL gives itself without its version, and itself. */
static void take_link(struct extract *x, const struct search_leaf *leaf, text t)
{
    size_t bar = text_find(t, '|');
    if (bar) {
        add(x, leaf, INDEX_REFERENCE, 0, text_first(t, bar), T(""));
    }
    if (bar && bar + 1 < t.n) {
        add(x, leaf, INDEX_REFERENCE, 0, t, T(""));
    }
}

static void take_resource(struct extract *x, const struct search_leaf *leaf, yyjson_val *v)
{
    fhir_type type = fhir_type_of(member(v, T("resourceType")));
    text id = member(v, T("id"));
    const fhir_type *targets = x->table->params[leaf->ordinal].targets;
    while (targets && *targets && *targets != type) {
        targets++;
    }
    if (type && id.n && (!targets || *targets)) {
        add(x, leaf, INDEX_REFERENCE, type, id, T(""));
    }
}

/* --- date (R4 search.html#date) ------------------------------------------------------------ */

static void add_date(struct extract *x, const struct search_leaf *leaf, int64_t start, int64_t end)
{
    add(x, leaf, INDEX_BYTES, 0, index_date_value(start, end, x->arena), T(""));
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
    bool from = index_date(member(v, T("start")), &low, &other);
    bool to = index_date(member(v, T("end")), &other, &high);
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

static void take_string(struct extract *x, const struct search_leaf *leaf, text t)
{
    size_t n = t.n;
    if (n > EXTRACT_STRING_MAX) {
        for (n = EXTRACT_STRING_MAX; n > 0 && ((unsigned char)t.p[n] & 0xC0) == 0x80; n--) {
        }
    }
    text folded = index_fold(text_first(t, n), x->arena);
    if (folded.n) {
        add(x, leaf, INDEX_BYTES, 0, index_shorten(folded, x->arena), T(""));
    } else if (!folded.p) {
        x->no_memory = true;
    }
}

static void take_members(struct extract *x, const struct search_leaf *leaf, yyjson_val *v,
                         const text *names)
{
    for (; names->n; names++) {
        yyjson_val *part = json_get(v, *names);
        yyjson_val *item;
        size_t i, count;
        if (!yyjson_is_arr(part)) {
            take_string(x, leaf, json_text(part));
            continue;
        }
        yyjson_arr_foreach(part, i, count, item)
        {
            take_string(x, leaf, json_text(item));
        }
    }
}

static const text name_parts[] = {{"text", 4},   {"family", 6}, {"given", 5},
                                  {"prefix", 6}, {"suffix", 6}, {NULL, 0}};
static const text address_parts[] = {{"text", 4},     {"line", 4},  {"city", 4},
                                     {"district", 8}, {"state", 5}, {"postalCode", 10},
                                     {"country", 7},  {NULL, 0}};

/* --- number and quantity (R4 search.html#number, #quantity) -------------------------------- */

static void take_number(struct extract *x, const struct search_leaf *leaf, text t)
{
    text value = index_decimal(t, x->arena);
    if (value.p) {
        add(x, leaf, INDEX_BYTES, 0, value, T(""));
    }
}

static void add_quantity(struct extract *x, const struct search_leaf *leaf, text number, text unit,
                         text system)
{
    text value = index_quantity(number, unit, system, x->arena);
    if (value.p) {
        add(x, leaf, INDEX_BYTES, 0, value, T(""));
    }
}

/* The coded unit with its system, and the unit's name where that is something else. */
static void take_quantity(struct extract *x, const struct search_leaf *leaf, yyjson_val *v)
{
    text number = member(v, T("value"));
    text code = member(v, T("code"));
    text unit = member(v, T("unit"));
    if (number.n == 0) {
        return;
    }
    if (code.n || unit.n == 0) {
        add_quantity(x, leaf, number, code, member(v, T("system")));
    }
    if (unit.n && !text_eq(unit, code)) {
        add_quantity(x, leaf, number, unit, T(""));
    }
}

static void take_money(struct extract *x, const struct search_leaf *leaf, yyjson_val *v)
{
    text number = member(v, T("value"));
    text currency = member(v, T("currency"));
    if (number.n) {
        add_quantity(x, leaf, number, currency, currency.n ? T("urn:iso:std:iso:4217") : T(""));
    }
}

/* --- */

static void take_text(struct extract *x, const struct search_leaf *leaf, text t)
{
    if (t.n == 0) {
        return;
    }
    switch ((enum search_take)leaf->take) {
    case TAKE_CODE:
        add_token(x, leaf, t, search_systems[leaf->system]);
        break;
    case TAKE_WORD:
        add_token(x, leaf, t, T(""));
        break;
    case TAKE_LINK:
        take_link(x, leaf, t);
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
        add(x, leaf, INDEX_BYTES, 0, index_uri(t, x->arena), T(""));
        size_t bar = text_find(t, '|');
        if (bar && bar < t.n) {
            add(x, leaf, INDEX_BYTES, 0, index_uri(text_first(t, bar), x->arena), T(""));
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
        take_coding(x, leaf, v);
        break;
    case TAKE_CONCEPT:
        take_concept(x, leaf, v);
        break;
    case TAKE_IDENTIFIER:
        add_token(x, leaf, member(v, T("value")), member(v, T("system")));
        break;
    case TAKE_CONTACT:
        add_token(x, leaf, member(v, T("value")), T(""));
        break;
    case TAKE_DECEASED:
        take_deceased(x, leaf, v);
        break;
    case TAKE_REFERENCE:
        take_reference(x, leaf, v);
        break;
    case TAKE_RESOURCE:
        take_resource(x, leaf, v);
        break;
    case TAKE_PERIOD:
        take_period(x, leaf, v);
        break;
    case TAKE_TIMING:
        take_timing(x, leaf, v);
        break;
    case TAKE_NAME:
        take_members(x, leaf, v, name_parts);
        break;
    case TAKE_ADDRESS:
        take_members(x, leaf, v, address_parts);
        break;
    case TAKE_QUANTITY:
        take_quantity(x, leaf, v);
        break;
    case TAKE_MONEY:
        take_money(x, leaf, v);
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
    if (x->only >= 0 && x->only != leaf->ordinal) {
        return;
    }
    if (yyjson_is_obj(v)) {
        take_object(x, leaf, v);
    } else if (yyjson_is_bool(v)) {
        if (leaf->take == TAKE_BOOLEAN) {
            take_boolean(x, leaf, yyjson_is_true(v));
        }
    } else {
        take_text(x, leaf, json_text(v));
    }
}

static bool leads_to(const struct extract *x, yyjson_val *v, fhir_type target)
{
    text t = member(v, T("reference"));
    struct reference r = reference_parse(t, x->base);
    if (r.kind == REFERENCE_LOCAL || r.kind == REFERENCE_ABSOLUTE) {
        return r.type == target;
    }
    return t.n && text_eq(member(v, T("type")), fhir_type_name(target));
}

static bool has_extension(yyjson_val *v, text url)
{
    yyjson_val *extension;
    size_t i, count;
    yyjson_val *extensions = json_get(v, T("extension"));
    yyjson_arr_foreach(extensions, i, count, extension)
    {
        if (text_eq(member(extension, T("url")), url)) {
            return true;
        }
    }
    return false;
}

bool extract_passes(const struct extract *x, const struct search_filter *filter, yyjson_val *v,
                    size_t position)
{
    switch ((enum search_filter_kind)filter->kind) {
    case FILTER_NONE:
        return true;
    case FILTER_EQUALS:
        return text_eq(member(v, filter->name), filter->value);
    case FILTER_TARGET:
        return leads_to(x, v, filter->target);
    case FILTER_HAS_EXTENSION:
        return has_extension(v, filter->name);
    case FILTER_FIRST:
        return position == 0;
    }
    return false;
}
