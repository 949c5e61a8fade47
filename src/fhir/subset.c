#include "fhir/subset.h"

#include "fhir/model_tables.h"

#define SUBSETTED_SYSTEM "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"
#define SUBSETTED_TAG "{\"system\":\"" SUBSETTED_SYSTEM "\",\"code\":\"SUBSETTED\"}"

enum { DEPTH_MOST = 512 };

bool subset_is_part(const struct subset *s)
{
    return s->element_count || s->summary == SUMMARY_TRUE || s->summary == SUMMARY_TEXT ||
           s->summary == SUMMARY_DATA;
}

static bool is_tag(const yyjson_val *coding)
{
    return text_eq(json_text(json_get(coding, T("code"))), T("SUBSETTED")) &&
           text_eq(json_text(json_get(coding, T("system"))), T(SUBSETTED_SYSTEM));
}

bool subset_tagged(const yyjson_val *root)
{
    const yyjson_val *tags = json_get(json_get(root, T("meta")), T("tag"));
    if (json_type(tags) != YYJSON_TYPE_ARR) {
        return false;
    }
    const yyjson_val *tag = tags + 1;
    for (size_t left = json_len(tags); left; left--, tag = json_after(tag)) {
        if (is_tag(tag)) {
            return true;
        }
    }
    return false;
}

/* "value" of valueQuantity: a choice is named without its type, too. */
static bool names_choice(const struct model_element *el, text name)
{
    text whole = model_text(el->name);
    return el->choice && text_starts(whole, name) && whole.n > name.n && whole.p[name.n] >= 'A' &&
           whole.p[name.n] <= 'Z';
}

bool subset_has_element(fhir_type type, text name)
{
    const struct model_type *t = &model_types[type];
    if (model_find(t, name)) {
        return true;
    }
    for (size_t i = 0; i < t->count && name.n; i++) {
        if (names_choice(&model_elements[t->first + i], name)) {
            return true;
        }
    }
    return false;
}

/* The element of a member or of its `_name`. */
static const struct model_element *element_of(const struct model_type *type, text name,
                                              bool *ret_shadow)
{
    *ret_shadow = name.n > 1 && name.p[0] == '_';
    return model_find(type, *ret_shadow ? text_from(name, 1) : name);
}

/* A type that is kept or left out as a whole: what stands in an extension is one statement. */
static bool is_whole(const struct model_element *el, bool shadow)
{
    return shadow || el->type < MODEL_CODEABLE_CONCEPT || el->type == MODEL_EXTENSION ||
           el->type == MODEL_RESOURCE || el->type == MODEL_ELEMENT;
}

static void begin_member(const yyjson_val *key, bool first, struct buf *out)
{
    if (!first) {
        buf_addc(out, ',');
    }
    json_write(key, out);
    buf_addc(out, ':');
}

static bool write_summary(const yyjson_val *v, uint16_t type, size_t depth, struct buf *out);

/* False, and nothing written: no item has anything in the summary. */
static bool write_items(const yyjson_val *array, uint16_t type, size_t depth, struct buf *out)
{
    size_t start = out->n;
    bool any = false;
    const yyjson_val *item = array + 1;
    buf_addc(out, '[');
    for (size_t left = json_len(array); left; left--, item = json_after(item)) {
        size_t before = out->n;
        if (any) {
            buf_addc(out, ',');
        }
        if (write_summary(item, type, depth, out)) {
            any = true;
        } else {
            out->n = before;
        }
    }
    buf_addc(out, ']');
    out->n = any ? out->n : start;
    return any;
}

/* The summary of an element's value; a required one of which nothing would stay is kept whole. */
static bool write_element(const yyjson_val *v, const struct model_element *el, bool shadow,
                          size_t depth, struct buf *out)
{
    bool any = false;
    if (!is_whole(el, shadow) && depth < DEPTH_MOST) {
        any = el->flags & MODEL_REPEATS && json_type(v) == YYJSON_TYPE_ARR
                  ? write_items(v, el->type, depth, out)
                  : write_summary(v, el->type, depth, out);
        if (any || !(el->flags & MODEL_REQUIRED)) {
            return any;
        }
    }
    json_write(v, out);
    return true;
}

static bool write_summary(const yyjson_val *v, uint16_t type, size_t depth, struct buf *out)
{
    if (json_type(v) != YYJSON_TYPE_OBJ) {
        json_write(v, out);
        return true;
    }
    size_t start = out->n;
    bool any = false;
    const yyjson_val *key = v + 1;
    buf_addc(out, '{');
    for (size_t left = json_len(v); left; left--, key = json_after(key + 1)) {
        bool shadow;
        const struct model_element *el = element_of(&model_types[type], json_text(key), &shadow);
        size_t before = out->n;
        if (!el || !(el->flags & (MODEL_SUMMARY | MODEL_REQUIRED))) {
            continue;
        }
        begin_member(key, !any, out);
        if (write_element(key + 1, el, shadow, depth + 1, out)) {
            any = true;
        } else {
            out->n = before;
        }
    }
    buf_addc(out, '}');
    out->n = any ? out->n : start;
    return any;
}

static bool is_asked(const struct subset *s, const struct model_element *el)
{
    for (size_t i = 0; i < s->element_count; i++) {
        if (text_eq(s->elements[i], model_text(el->name)) || names_choice(el, s->elements[i])) {
            return true;
        }
    }
    return false;
}

static bool stays(const struct subset *s, const struct model_element *el)
{
    text name = model_text(el->name);
    if (el->flags & MODEL_REQUIRED || text_eq(name, T("id")) || text_eq(name, T("implicitRules")) ||
        text_eq(name, T("modifierExtension"))) {
        return true;
    }
    if (s->element_count) {
        return is_asked(s, el);
    }
    bool is_text = text_eq(name, T("text"));
    return s->summary == SUMMARY_TEXT   ? is_text
           : s->summary == SUMMARY_DATA ? !is_text
                                        : (el->flags & MODEL_SUMMARY) != 0;
}

static void write_tags(const yyjson_val *tags, struct buf *out)
{
    bool any = false;
    bool tagged = false;
    buf_addc(out, '[');
    if (json_type(tags) == YYJSON_TYPE_ARR) {
        const yyjson_val *tag = tags + 1;
        for (size_t left = json_len(tags); left; left--, tag = json_after(tag)) {
            buf_add(out, any ? T(",") : T(""));
            json_write(tag, out);
            any = true;
            tagged |= is_tag(tag);
        }
    }
    if (!tagged) {
        buf_add(out, any ? T(",") : T(""));
        buf_add(out, T(SUBSETTED_TAG));
    }
    buf_addc(out, ']');
}

/* meta, NULL for none, with the tag. */
static void write_meta(const yyjson_val *meta, struct buf *out)
{
    bool any = false;
    bool has_tags = false;
    buf_addc(out, '{');
    if (json_type(meta) == YYJSON_TYPE_OBJ) {
        const yyjson_val *key = meta + 1;
        for (size_t left = json_len(meta); left; left--, key = json_after(key + 1)) {
            begin_member(key, !any, out);
            any = true;
            if (text_eq(json_text(key), T("tag"))) {
                has_tags = true;
                write_tags(key + 1, out);
            } else {
                json_write(key + 1, out);
            }
        }
    }
    if (!has_tags) {
        buf_add(out, any ? T(",\"tag\":") : T("\"tag\":"));
        write_tags(NULL, out);
    }
    buf_addc(out, '}');
}

/* One member of the resource itself. False: it is left out, and nothing is written. */
static bool write_root_member(const yyjson_val *key, fhir_type type, const struct subset *s,
                              bool first, struct buf *out)
{
    bool shadow;
    text name = json_text(key);
    const struct model_element *el = element_of(&model_types[type], name, &shadow);
    bool is_type = text_eq(name, T("resourceType"));
    bool nested = s->summary == SUMMARY_TRUE && !s->element_count;
    size_t before = out->n;
    if (!is_type && (!el || !stays(s, el))) {
        return false;
    }
    begin_member(key, first, out);
    if (is_type || !nested) {
        json_write(key + 1, out);
        return true;
    }
    if (!write_element(key + 1, el, shadow, 1, out)) {
        out->n = before;
        return false;
    }
    return true;
}

void subset_print(const yyjson_val *root, fhir_type type, const struct subset *s, struct buf *out)
{
    bool any = false;
    bool has_meta = false;
    const yyjson_val *key = root + 1;
    buf_addc(out, '{');
    for (size_t left = json_len(root); left; left--, key = json_after(key + 1)) {
        if (text_eq(json_text(key), T("meta"))) {
            begin_member(key, !any, out);
            write_meta(key + 1, out);
            any = has_meta = true;
        } else if (write_root_member(key, type, s, !any, out)) {
            any = true;
        }
    }
    if (!has_meta) {
        buf_add(out, any ? T(",\"meta\":") : T("\"meta\":"));
        write_meta(NULL, out);
    }
    buf_addc(out, '}');
}
