#include "fhir/check.h"

static const yyjson_val *shadow_array_of(const yyjson_val *object, text name)
{
    char shadow[128];
    if (name.n + 1 > sizeof shadow) {
        return NULL;
    }
    shadow[0] = '_';
    memcpy(shadow + 1, name.p, name.n);
    const yyjson_val *array = json_get(object, (text){shadow, name.n + 1});
    return json_type(array) == YYJSON_TYPE_ARR ? array : NULL;
}

bool check_has_shadow(struct shadow_cursor *s, const yyjson_val *object, text name, size_t index)
{
    if (!s->end) {
        const yyjson_val *array = shadow_array_of(object, name);
        s->item = array ? array + 1 : object;
        s->end = array ? json_after(array) : object;
    }
    for (; s->index < index && s->item < s->end; s->index++) {
        s->item = json_after(s->item);
    }
    return s->item < s->end && json_type(s->item) == YYJSON_TYPE_OBJ;
}

static void shadow_item(struct check *c, const yyjson_val *v, bool has_value,
                        const struct place *at)
{
    if (json_type(v) != YYJSON_TYPE_OBJ || json_len(v) == 0) {
        check_issue(
            c, ERR_SYNTAX, at,
            "%s stands here; the member with _ in front of its name holds an object with id "
            "or extension",
            check_kind(v));
        return;
    }
    if (!has_value && check_only_id(v)) {
        check_issue(c, ERR_SYNTAX, at,
                    "the element has nothing but an id; it needs a value or an extension");
    }
    check_object(c, v, MODEL_ELEMENT, at);
}

static void shadow_array(struct check *c, const yyjson_val *values, const yyjson_val *v,
                         const struct model_element *el, const struct place *up)
{
    struct place at = {.up = up, .element = el, .index = NO_INDEX};
    bool paired = json_type(values) == YYJSON_TYPE_ARR;
    if (paired && json_len(values) != json_len(v)) {
        check_issue(c, ERR_SYNTAX, &at,
                    "there are %zu values but %zu items in the array with _ in front of its name; "
                    "both need one for each position, null where there is none",
                    json_len(values), json_len(v));
        return;
    }
    const yyjson_val *item = v + 1;
    const yyjson_val *value = paired ? values + 1 : NULL;
    for (size_t i = 0; i < json_len(v); i++, item = json_after(item)) {
        at.index = (uint32_t)i;
        if (json_type(item) != YYJSON_TYPE_NULL) {
            shadow_item(c, item, value && json_type(value) != YYJSON_TYPE_NULL, &at);
        } else if (!value) {
            check_issue(c, ERR_SYNTAX, &at, "there is neither a value nor an extension here");
        }
        value = value ? json_after(value) : NULL;
    }
}

void check_shadow(struct check *c, const yyjson_val *object, const yyjson_val *v,
                  const struct model_element *el, const struct place *up)
{
    struct place at = {.up = up, .element = el, .index = NO_INDEX};
    if (!(el->flags & MODEL_REPEATS)) {
        shadow_item(c, v, json_get(object, model_text(el->name)) != NULL, &at);
        return;
    }
    if (json_type(v) != YYJSON_TYPE_ARR || json_len(v) == 0) {
        check_issue(c, ERR_SYNTAX, &at,
                    "%s stands here; the element repeats, so its extensions are an array that is "
                    "not empty",
                    check_kind(v));
        return;
    }
    shadow_array(c, json_get(object, model_text(el->name)), v, el, up);
}
