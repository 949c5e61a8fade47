#include "fhir/index.h"
#include "fhir/reference.h"
#include "fhir/summary_int.h"

size_t summary_count(const yyjson_val *array)
{
    return json_type(array) == YYJSON_TYPE_ARR ? json_len(array) : 0;
}

const yyjson_val *summary_at(const yyjson_val *array, size_t i)
{
    if (i >= summary_count(array)) {
        return NULL;
    }
    const yyjson_val *item = array + 1;
    while (i--) {
        item = json_after(item);
    }
    return item;
}

const yyjson_val *summary_choice(const yyjson_val *root, text name, text *ret_type)
{
    const yyjson_val *key = root ? root + 1 : NULL;
    size_t left = json_type(root) == YYJSON_TYPE_OBJ ? json_len(root) : 0;
    for (; left; left--, key = json_after(key + 1)) {
        text member = json_text(key);
        text rest = text_from(member, name.n);
        if (text_starts(member, name) && (!rest.n || (rest.p[0] >= 'A' && rest.p[0] <= 'Z'))) {
            *ret_type = rest;
            return key + 1;
        }
    }
    return NULL;
}

bool summary_is_one(text t, const char *const *list)
{
    size_t i = 0;
    while (list[i] && !text_eq(t, text_of(list[i]))) {
        i++;
    }
    return list[i] != NULL;
}

static bool has_code(const yyjson_val *concept, text system, const char *const *codes)
{
    const yyjson_val *codings = json_get(concept, T("coding"));
    size_t count = summary_count(codings);
    const yyjson_val *coding = count ? codings + 1 : NULL;
    bool has = false;
    for (; count && !has; count--, coding = json_after(coding)) {
        has = summary_is_one(json_text(json_get(coding, T("code"))), codes) &&
              (!system.n || text_eq(json_text(json_get(coding, T("system"))), system));
    }
    return has;
}

bool summary_has_code(const yyjson_val *concept, text system, const char *const *codes)
{
    if (json_type(concept) == YYJSON_TYPE_OBJ) {
        return has_code(concept, system, codes);
    }
    size_t count = summary_count(concept);
    const yyjson_val *one = count ? concept + 1 : NULL;
    bool has = false;
    for (; count && !has; count--, one = json_after(one)) {
        has = has_code(one, system, codes);
    }
    return has;
}

static bool date_of(const yyjson_val *value, int64_t *ret_start)
{
    int64_t end;
    text t = json_text(value);
    if (json_type(value) == YYJSON_TYPE_OBJ) {
        t = json_text(json_get(value, T("start")));
        t = t.n ? t : json_text(json_get(value, T("end")));
    }
    return t.n && index_date(t, ret_start, &end);
}

int64_t summary_date(const yyjson_val *root)
{
    static const char *const names[] = {"effective",    "performed", "occurrence", "authoredOn",
                                        "onset",        "timing",    "recordedOn", "recordedDate",
                                        "dateAsserted", "dateTime",  "issued",     "period",
                                        "created",      "date",      NULL};
    text type;
    int64_t start;
    for (size_t i = 0; names[i]; i++) {
        const yyjson_val *value = summary_choice(root, text_of(names[i]), &type);
        if (value && date_of(value, &start)) {
            return start;
        }
    }
    return INT64_MIN;
}

text summary_concept(const yyjson_val *concept)
{
    text found = json_text(json_get(concept, T("text")));
    const yyjson_val *codings = json_get(concept, T("coding"));
    size_t left = summary_count(codings);
    const yyjson_val *coding = left ? codings + 1 : NULL;
    text code = {0};
    for (; !found.n && left; left--, coding = json_after(coding)) {
        found = json_text(json_get(coding, T("display")));
        code = code.n ? code : json_text(json_get(coding, T("code")));
    }
    return found.n ? found : code;
}

/* What '#id' means. */
static const yyjson_val *contained(const yyjson_val *root, text id)
{
    const yyjson_val *list = json_get(root, T("contained"));
    size_t left = summary_count(list);
    const yyjson_val *one = left ? list + 1 : NULL;
    for (; left; left--, one = json_after(one)) {
        if (text_eq(json_text(json_get(one, T("id"))), id)) {
            return one;
        }
    }
    return NULL;
}

static const yyjson_val *target(const struct summary_ask *ask, const yyjson_val *root,
                                text reference)
{
    struct reference r = reference_parse(reference, ask->base);
    if (r.kind == REFERENCE_FRAGMENT) {
        return contained(root, r.id);
    }
    return r.kind == REFERENCE_LOCAL && ask->find ? ask->find(ask->context, reference) : NULL;
}

const yyjson_val *summary_subject_code(const struct summary_ask *ask, const yyjson_val *root,
                                       text *ret_display)
{
    static const char *const concepts[] = {"code", "vaccineCode", "medicationCodeableConcept",
                                           "scope", NULL};
    const yyjson_val *found = NULL;
    *ret_display = T("");
    for (size_t i = 0; !found && concepts[i]; i++) {
        found = json_get(root, text_of(concepts[i]));
    }
    if (found) {
        *ret_display = summary_concept(found);
        return found;
    }
    const yyjson_val *link = json_get(root, T("medicationReference"));
    link = link ? link : json_get(root, T("device"));
    const yyjson_val *to = target(ask, root, json_text(json_get(link, T("reference"))));
    const yyjson_val *code = json_get(to, T("code"));
    code = code ? code : json_get(to, T("type"));
    text words = json_text(json_get(link, T("display")));
    words = words.n ? words : summary_concept(code);
    text device = json_text(json_get(summary_at(json_get(to, T("deviceName")), 0), T("name")));
    words = words.n ? words : device;
    *ret_display = words.n ? words : json_text(json_get(link, T("reference")));
    return code;
}

text summary_dosage(const yyjson_val *dosage)
{
    text found = json_text(json_get(dosage, T("text")));
    return found.n ? found : json_text(json_get(dosage, T("patientInstruction")));
}
