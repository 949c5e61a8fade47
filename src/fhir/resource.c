#include "fhir/check.h"

enum { PATH_STEPS = 512 };

/* The values of a tree stand in the order of its text: what is inside of a value lies between it
 * and the next. */
static bool holds(const yyjson_val *outer, const yyjson_val *v)
{
    return v >= outer && v < json_after(outer);
}

struct steps {
    struct place step[PATH_STEPS + 1];
    size_t count;
    const struct model_type *type; /* of the object that the last step leads to */
};

static void add_step(struct steps *s, struct place step)
{
    step.up = s->count ? &s->step[s->count - 1] : NULL;
    s->step[s->count++] = step;
}

/* From an object to the member that holds v. */
static const yyjson_val *enter_object(struct steps *s, const yyjson_val *object,
                                      const yyjson_val *v)
{
    text type_name = json_text(json_get(object, T("resourceType")));
    if (type_name.n && fhir_type_of(type_name)) {
        s->type = &model_types[fhir_type_of(type_name)];
    }
    const yyjson_val *key = object + 1;
    for (size_t left = json_len(object); left; left--, key = json_after(key + 1)) {
        if (holds(key + 1, v)) {
            text name = json_text(key);
            bool shadow = name.n && name.p[0] == '_';
            name = text_from(name, shadow);
            const struct model_element *el = model_find(s->type, name);
            add_step(s, (struct place){.element = el, .name = name, .index = NO_INDEX});
            s->type = &model_types[shadow ? MODEL_ELEMENT : el ? el->type : MODEL_NONE];
            return key + 1;
        }
    }
    return NULL;
}

static const yyjson_val *enter_array(struct steps *s, const yyjson_val *array, const yyjson_val *v)
{
    const yyjson_val *item = array + 1;
    for (size_t i = 0; i < json_len(array); i++, item = json_after(item)) {
        if (holds(item, v)) {
            s->step[s->count - 1].index = (uint32_t)i;
            return item;
        }
    }
    return NULL;
}

text resource_path(const struct resource *r, const yyjson_val *value, struct arena *a)
{
    struct steps *s = arena_zalloc(a, 1, sizeof *s);
    if (!s || !value || !holds(r->root, value)) {
        return (text){NULL, 0};
    }
    s->type = &model_types[r->type];
    add_step(s, (struct place){.name = fhir_type_name(r->type), .index = NO_INDEX});
    const yyjson_val *at = r->root;
    while (at && at != value && s->count <= PATH_STEPS) {
        at = json_type(at) == YYJSON_TYPE_OBJ ? enter_object(s, at, value)
                                              : enter_array(s, at, value);
    }
    return at == value ? check_path(&s->step[s->count - 1], a) : (text){NULL, 0};
}
