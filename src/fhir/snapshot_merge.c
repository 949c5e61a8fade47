/* One element: its base, and what the differential says over it. */
#include "fhir/snapshot_int.h"

#include <stdarg.h>
#include <stdio.h>

const text snapshot_list_names[SNAPSHOT_LISTS] = {
    {"constraint", 10}, {"extension", 9}, {"condition", 9}, {"alias", 5},
    {"code", 4},        {"example", 7},   {"mapping", 7},
};

/* The member that tells two items of a list apart; none: the whole item does. */
static const char *const list_keys[SNAPSHOT_LISTS] = {"key", "url", NULL, NULL, NULL, NULL, NULL};

int snapshot_wrong(struct snapshot_work *w, text element, const char *format, ...)
{
    char what[400];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(what, sizeof what, format, args);
    va_end(args);
    text shown = text_short(text_of(what), sizeof what - 1);
    return err_at(w->e, ERR_INVALID, text_short(element, 200), "%.*s, %.*s: %.*s",
                  TEXT_ARG(text_short(w->url, 150)), TEXT_ARG(text_short(element, 150)),
                  TEXT_ARG(shown));
}

int snapshot_memory(struct snapshot_work *w)
{
    return err_set(w->e, ERR_MEMORY, "the snapshot of %.*s takes more memory than it may have",
                   TEXT_ARG(text_short(w->url, 200)));
}

/* --- lists ---------------------------------------------------------------------------------- */

static bool same_item(const yyjson_val *a, const yyjson_val *b, const char *key)
{
    if (!key) {
        return json_same(a, b);
    }
    text name = text_of(key);
    return text_eq(json_text(json_get(a, name)), json_text(json_get(b, name)));
}

static bool push(struct snapshot_work *w, struct snapshot_values *list, const yyjson_val *value)
{
    const yyjson_val **items =
        arena_grow(&w->scratch, list->items, list->count, &list->capacity, sizeof *items);
    if (!items) {
        return false;
    }
    list->items = items;
    list->items[list->count++] = value;
    return true;
}

/* An extension says one thing, so that the newer replaces the older with the same url; a constraint
 * that is there cannot be lifted by another with its key. */
static int add_items(struct snapshot_work *w, struct snapshot_values *list, size_t number,
                     const yyjson_val *array)
{
    bool replaces = text_eq(snapshot_list_names[number], T("extension"));
    size_t before = list->count;
    const yyjson_val *item = array + 1;
    for (size_t left = json_len(array); left; left--, item = json_after(item)) {
        size_t i = 0;
        while (i < before && !same_item(list->items[i], item, list_keys[number])) {
            i++;
        }
        w->steps += i;
        if (i < before && replaces) {
            list->items[i] = item;
        } else if (i == before && !push(w, list, item)) {
            return snapshot_memory(w);
        }
    }
    return 0;
}

static size_t list_of(text name)
{
    size_t i = 0;
    while (i < SNAPSHOT_LISTS && !text_eq(snapshot_list_names[i], name)) {
        i++;
    }
    return i;
}

/* --- members -------------------------------------------------------------------------------- */

/* What takes the place of what: fixedUri of fixedCode, and fixed of pattern, for an element has one
 * of the two. */
static text place_of(text name)
{
    static const text stems[] = {
        {"fixed", 5}, {"pattern", 7}, {"defaultValue", 12}, {"minValue", 8}, {"maxValue", 8}};
    bool shadow = name.n && name.p[0] == '_';
    text bare = shadow ? text_from(name, 1) : name;
    for (size_t i = 0; i < sizeof stems / sizeof *stems; i++) {
        if (text_starts(bare, stems[i])) {
            return i == 1 ? stems[0] : stems[i];
        }
    }
    return bare;
}

static bool is_prose(text name)
{
    return text_eq(name, T("definition")) || text_eq(name, T("comment")) ||
           text_eq(name, T("requirements")) || text_eq(name, T("short"));
}

/* What the newer say, and its twin for extensions (fixedUri and _fixedUri), replaces the older. */
static const yyjson_val *forget(struct snapshot_made *m, text place, size_t fresh)
{
    const yyjson_val *found = NULL;
    size_t kept = 0;
    for (size_t i = 0; i < m->member_count; i++) {
        bool old = i < fresh && text_eq(place_of(m->members[i].name), place);
        found = old ? m->members[i].value : found;
        if (!old) {
            m->members[kept++] = m->members[i];
        }
    }
    m->member_count = kept;
    return found;
}

static int put(struct snapshot_work *w, text name, const yyjson_val *value, size_t *fresh,
               struct snapshot_made *m)
{
    size_t count = m->member_count;
    const yyjson_val *old = forget(m, place_of(name), *fresh);
    text t = json_text(value);
    *fresh -= count - m->member_count;
    if (m->member_count == SNAPSHOT_MEMBERS_MAX) {
        return snapshot_wrong(w, m->id, "an element definition has more members than R4 knows");
    }
    bool continues =
        is_prose(name) && text_starts(t, T("...")) && json_type(old) == YYJSON_TYPE_STR;
    m->members[m->member_count++] = (struct snapshot_member){name, value, continues ? old : NULL};
    return 0;
}

static int check_max(struct snapshot_work *w, text max, bool soft, struct snapshot_made *m)
{
    uint64_t now = UINT64_MAX;
    uint64_t before = UINT64_MAX;
    if (!text_eq(max, T("*")) && !text_to_u64(max, &now)) {
        return snapshot_wrong(w, m->id, "max is a whole number or *");
    }
    if (m->limit.n && !text_eq(m->limit, T("*"))) {
        (void)text_to_u64(m->limit, &before);
    }
    if (now > before) {
        return snapshot_wrong(w, m->id,
                              "max %.*s is more than the %.*s of the base; a profile can only "
                              "narrow",
                              TEXT_ARG(text_short(max, 20)), TEXT_ARG(m->limit));
    }
    m->max = max;
    m->limit = soft ? m->limit : max;
    return 0;
}

static int check_min(struct snapshot_work *w, const yyjson_val *value, struct snapshot_made *m)
{
    uint64_t least = 0;
    if (json_type(value) != YYJSON_TYPE_RAW || !text_to_u64(json_text(value), &least)) {
        return snapshot_wrong(w, m->id, "min is a whole number");
    }
    if (least < m->least) {
        return snapshot_wrong(w, m->id,
                              "min %llu is less than the %llu of the base; a profile can only "
                              "narrow",
                              (unsigned long long)least, (unsigned long long)m->least);
    }
    m->least = least;
    return 0;
}

/* Members that are not kept as they are; false: any other. */
static bool take_special(struct snapshot_work *w, text name, const yyjson_val *value, bool soft,
                         struct snapshot_made *m, int *ret_code)
{
    size_t list = json_type(value) == YYJSON_TYPE_ARR ? list_of(name) : SNAPSHOT_LISTS;
    *ret_code = 0;
    if (text_eq(name, T("min"))) {
        *ret_code = soft ? 0 : check_min(w, value, m);
    } else if (text_eq(name, T("max"))) {
        *ret_code = check_max(w, json_text(value), soft, m);
    } else if (text_eq(name, T("slicing"))) {
        m->slicing = soft ? m->slicing : value;
    } else if (text_eq(name, T("binding"))) {
        m->bindings.count = json_get(value, T("valueSet")) ? 0 : m->bindings.count;
        *ret_code = push(w, &m->bindings, value) ? 0 : snapshot_memory(w);
    } else if (list < SNAPSHOT_LISTS) {
        *ret_code = add_items(w, &m->lists[list], list, value);
    } else {
        return text_eq(name, T("id")) || text_eq(name, T("path")) || text_eq(name, T("base")) ||
               text_eq(name, T("sliceName")) || text_eq(name, T("type")) ||
               text_eq(name, T("contentReference")) || text_eq(name, T("_path")) ||
               text_eq(name, T("_min")) || text_eq(name, T("_max")) ||
               text_eq(name, T("_contentReference"));
    }
    return true;
}

static int lay(struct snapshot_work *w, const yyjson_val *value, bool soft, struct snapshot_made *m)
{
    size_t fresh = m->member_count;
    const yyjson_val *key = value + 1;
    int code = 0;
    if (json_type(value) != YYJSON_TYPE_OBJ) {
        return snapshot_wrong(w, m->id, "an element is an object");
    }
    for (size_t left = json_len(value); left && !code; left--, key = json_after(key + 1)) {
        if (!take_special(w, json_text(key), key + 1, soft, m, &code)) {
            code = put(w, json_text(key), key + 1, &fresh, m);
        }
    }
    return code;
}

int snapshot_begin(struct snapshot_work *w, const yyjson_val *base, struct snapshot_made *m)
{
    m->base = json_get(base, T("base"));
    m->base_path = json_text(json_get(base, T("path")));
    m->reference = json_text(json_get(base, T("contentReference")));
    int code = lay(w, base, false, m);
    m->first_max = m->max;
    m->first_least = m->least;
    return code ? code : snapshot_types_read(w, json_get(base, T("type")), m);
}

int snapshot_apply(struct snapshot_work *w, const yyjson_val *change, bool soft,
                   struct snapshot_made *m)
{
    uint64_t max;
    const yyjson_val *types = json_get(change, T("type"));
    int code = lay(w, change, soft, m);
    if (!code && types) {
        code = snapshot_types_apply(w, types, m);
    }
    if (!code && text_to_u64(m->max, &max) && m->least > max) {
        return snapshot_wrong(w, m->id, "min %llu is more than max %.*s",
                              (unsigned long long)m->least, TEXT_ARG(m->max));
    }
    return code;
}
