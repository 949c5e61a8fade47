#include "locality/joined_int.h"

/* J2: whether two entries are one, or look alike. */

/* --- content ------------------------------------------------------------------------------------
 */

/* What each node says for itself, which makes no other content. */
static bool is_local(text name)
{
    static const char *const local[] = {"id", "meta", "text", "identifier", "masterIdentifier"};
    bool is = false;
    for (size_t i = 0; !is && i < sizeof local / sizeof *local; i++) {
        is = text_eq(name, text_of(local[i]));
    }
    return is;
}

static bool is_reference(const yyjson_val *v)
{
    return json_type(json_get(v, T("reference"))) == YYJSON_TYPE_STR;
}

/*
 * Ids differ from node to node. Two references are the same when both name one business identifier
 * or have the same words; without either they may lead to different things. The person is checked
 * already.
 */
static bool same_reference(text name, const yyjson_val *x, const yyjson_val *y)
{
    const yyjson_val *of_x = json_get(x, T("identifier")), *of_y = json_get(y, T("identifier"));
    text words_x = json_text(json_get(x, T("display")));
    text words_y = json_text(json_get(y, T("display")));
    if (text_eq(name, T("subject")) || text_eq(name, T("patient"))) {
        return true;
    }
    if (of_x && of_y) {
        return json_same(of_x, of_y);
    }
    text to = json_text(json_get(x, T("reference")));
    return (words_x.n && text_eq(words_x, words_y)) ||
           (text_starts(to, T("#")) && text_eq(to, json_text(json_get(y, T("reference")))));
}

static bool same_value(text name, const yyjson_val *x, const yyjson_val *y, unsigned depth);

static bool same_object(const yyjson_val *x, const yyjson_val *y, bool is_top, unsigned depth)
{
    size_t count_x = 0, count_y = 0;
    const yyjson_val *key = json_len(x) ? x + 1 : NULL;
    for (size_t left = key ? json_len(x) : 0; left; left--, key = json_after(key + 1)) {
        text name = json_text(key);
        if (is_top && is_local(name)) {
            continue;
        }
        const yyjson_val *other = json_get(y, name);
        count_x++;
        if (!other || !same_value(name, key + 1, other, depth)) {
            return false;
        }
    }
    key = json_len(y) ? y + 1 : NULL;
    for (size_t left = key ? json_len(y) : 0; left; left--, key = json_after(key + 1)) {
        count_y += !(is_top && is_local(json_text(key)));
    }
    return count_x == count_y;
}

static bool same_value(text name, const yyjson_val *x, const yyjson_val *y, unsigned depth)
{
    uint8_t type = json_type(x);
    if (type != json_type(y) || depth > JOINED_DEPTH) {
        return false;
    }
    if (type == YYJSON_TYPE_OBJ) {
        return is_reference(x) && is_reference(y) ? same_reference(name, x, y)
                                                  : same_object(x, y, false, depth + 1);
    }
    if (type != YYJSON_TYPE_ARR) {
        return json_same(x, y);
    }
    const yyjson_val *a = joined_first(x), *b = joined_first(y);
    bool same = x && y && json_len(x) == json_len(y);
    for (size_t left = a && b ? json_len(x) : 0; same && left;
         left--, a = json_after(a), b = json_after(b)) {
        same = same_value(name, a, b, depth + 1);
    }
    return same;
}

/* Every member but id, meta, narrative and identifiers. */
static bool same_content(const yyjson_val *x, const yyjson_val *y)
{
    return json_type(x) == YYJSON_TYPE_OBJ && json_type(y) == YYJSON_TYPE_OBJ &&
           same_object(x, y, true, 0);
}

/* One identifier in common. */
static bool same_business(const struct joined_facts *x, const struct joined_facts *y)
{
    bool same = false;
    for (size_t i = 0; !same && i < x->identifier_count; i++) {
        for (size_t k = 0; !same && k < y->identifier_count; k++) {
            same = text_eq(x->identifiers[i].value, y->identifiers[k].value) &&
                   text_eq(x->identifiers[i].system, y->identifiers[k].system);
        }
    }
    return same && text_eq(x->type, y->type);
}

/* --- likeness -----------------------------------------------------------------------------------
 */

static bool share_code(const struct joined_facts *x, const struct joined_facts *y)
{
    bool same = false;
    for (size_t i = 0; !same && i < x->code_count; i++) {
        for (size_t k = 0; !same && k < y->code_count; k++) {
            same = text_eq(x->codes[i].code, y->codes[k].code) &&
                   text_eq(x->codes[i].system, y->codes[k].system);
        }
    }
    return same || (!x->code_count && !y->code_count && x->words.n &&
                    text_eq_nocase(text_trim(x->words), text_trim(y->words)));
}

/* An allergy is the same one whenever it was noted; of the others without a time nobody knows. */
static bool overlap(const struct joined_facts *x, const struct joined_facts *y)
{
    if (x->family == FAMILY_ALLERGY) {
        return true;
    }
    return x->start != INT64_MIN && y->start != INT64_MIN && x->start < y->end && y->start < x->end;
}

/* Two measurements of a day are two, unless they say the same. */
static bool same_result(const yyjson_val *x, const yyjson_val *y)
{
    static const char *const values[] = {
        "valueQuantity", "valueCodeableConcept", "valueString", "valueBoolean",
        "valueInteger",  "valueRange",           "valueRatio",  "valueSampledData",
        "valueTime",     "valueDateTime",        "valuePeriod", "dataAbsentReason",
        "component"};
    bool same = true, any = false;
    for (size_t i = 0; same && i < sizeof values / sizeof *values; i++) {
        const yyjson_val *a = json_get(x, text_of(values[i])), *b = json_get(y, text_of(values[i]));
        any = any || a;
        same = (!a && !b) || (a && b && json_same(a, b));
    }
    return same && any;
}

/* Not by identifiers. */
static bool is_likely(const struct joined_facts *x, const struct joined_facts *y)
{
    return x->family != FAMILY_NONE && x->family == y->family && share_code(x, y) &&
           overlap(x, y) && (x->family != FAMILY_RESULT || same_result(x->resource, y->resource));
}

enum alikeness joined_facts_alike(const struct joined_facts *x, const struct joined_facts *y)
{
    if (x->is_mistake || y->is_mistake) {
        return ALIKE_NOT;
    }
    if (same_business(x, y)) {
        if (same_content(x->resource, y->resource)) {
            return ALIKE_SAME;
        }
        /* Of a laboratory's order, all results have its number. */
        if (x->family == FAMILY_NONE || share_code(x, y)) {
            return ALIKE_LIKELY;
        }
    }
    return is_likely(x, y) ? ALIKE_LIKELY : ALIKE_NOT;
}
