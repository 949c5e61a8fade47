#include "base/clock.h"
#include "fhir/index.h"
#include "fhir/reference.h"
#include "policy/facts_int.h"

struct look look_items(const yyjson_val *value)
{
    if (json_type(value) != YYJSON_TYPE_ARR) {
        return (struct look){value, value ? 1 : 0};
    }
    return (struct look){value + 1, json_len(value)};
}

const yyjson_val *look_next(struct look *l)
{
    if (l->left == 0) {
        return NULL;
    }
    const yyjson_val *item = l->at;
    if (--l->left) {
        l->at = json_after(item);
    }
    return item;
}

text look_party(const yyjson_val *reference)
{
    text t = json_text(json_get(reference, T("reference")));
    struct reference r = reference_parse(t, T(""));
    if (t.n > FACTS_NAME_MAX) {
        return T("");
    }
    if (r.kind == REFERENCE_LOCAL) {
        /* Without "/_history/n": a party is the same in every version. */
        return text_first(t, fhir_type_name(r.type).n + 1 + r.id.n);
    }
    return r.kind == REFERENCE_ABSOLUTE ? t : T("");
}

text look_refused(const yyjson_val *reference)
{
    text t = json_text(json_get(reference, T("reference")));
    struct reference r = reference_parse(t, T(""));
    if (r.kind != REFERENCE_ABSOLUTE || !r.type || r.id.n == 0 || t.n > FACTS_NAME_MAX) {
        return look_party(reference);
    }
    size_t type_n = fhir_type_name(r.type).n;
    return text_make(r.id.p - 1 - type_n, type_n + 1 + r.id.n);
}

bool look_date(const yyjson_val *value, int64_t *ret_start, int64_t *ret_end)
{
    int64_t start, end;
    if (json_type(value) != YYJSON_TYPE_STR || !index_date(json_text(value), &start, &end)) {
        return false;
    }
    int64_t epoch = clock_days(1, 1, 1) * 86400000;
    *ret_start = start + epoch;
    *ret_end = end + epoch;
    return true;
}

bool look_period(const yyjson_val *period, int64_t *ret_from, int64_t *ret_until)
{
    int64_t unused;
    *ret_from = INT64_MIN;
    *ret_until = INT64_MAX;
    if (!period) {
        return true;
    }
    const yyjson_val *start = json_get(period, T("start"));
    const yyjson_val *end = json_get(period, T("end"));
    return json_type(period) == YYJSON_TYPE_OBJ &&
           (!start || look_date(start, ret_from, &unused)) &&
           (!end || look_date(end, &unused, ret_until));
}

bool look_is(const yyjson_val *value, text word)
{
    return json_type(value) == YYJSON_TYPE_STR && text_eq(json_text(value), word);
}

bool look_concept(const yyjson_val *concepts, text system, text *ret_code)
{
    struct look concept = look_items(concepts);
    for (const yyjson_val *c = look_next(&concept); c; c = look_next(&concept)) {
        struct look coding = look_items(json_get(c, T("coding")));
        for (const yyjson_val *k = look_next(&coding); k; k = look_next(&coding)) {
            if (look_is(json_get(k, T("system")), system)) {
                *ret_code = json_text(json_get(k, T("code")));
                return true;
            }
        }
    }
    *ret_code = T("");
    return false;
}

const yyjson_val *look_extension(const yyjson_val *element, text url, const yyjson_val *after)
{
    bool passed = !after;
    struct look all = look_items(json_get(element, T("extension")));
    for (const yyjson_val *x = look_next(&all); x; x = look_next(&all)) {
        if (passed && look_is(json_get(x, T("url")), url)) {
            return x;
        }
        passed = passed || x == after;
    }
    return NULL;
}
