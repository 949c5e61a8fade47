#include "fhir/check.h"

enum { DEPTH_MOST = 512, SET_WORDS = MODEL_WIDEST / 64 };

/* One object being walked: which elements of its type were there. */
struct walk {
    const struct model_type *type;
    const yyjson_val *object;
    const struct place *at;
    uint64_t seen[SET_WORDS];           /* by `name` */
    uint64_t shadowed[SET_WORDS];       /* by `_name` */
    uint16_t chosen[MODEL_CHOICES + 1]; /* 1 + index of the element that a choice was made with */
    bool is_resource;
    bool has_type; /* the member resourceType was there */
};

static bool test_and_set(uint64_t *set, size_t i)
{
    uint64_t bit = (uint64_t)1 << (i & 63);
    bool was = set[i >> 6] & bit;
    set[i >> 6] |= bit;
    return was;
}

static bool is_primitive(uint16_t type)
{
    return type >= MODEL_BASE64_BINARY && type <= MODEL_XHTML;
}

static void check_value(struct check *c, const yyjson_val *v, const struct model_element *el,
                        const struct place *at)
{
    if (is_primitive(el->type)) {
        check_primitive(c, v, el, at);
        return;
    }
    if (json_type(v) != YYJSON_TYPE_OBJ || json_len(v) == 0) {
        check_issue(c, ERR_SYNTAX, at, "%s stands here; it must be an object (%.*s) with members",
                    check_kind(v), TEXT_ARG(model_text(model_types[el->type].name)));
        return;
    }
    if (el->type == MODEL_RESOURCE) {
        check_inner_resource(c, v, text_eq(model_text(el->name), T("contained")), at);
        return;
    }
    check_object(c, v, el->type, at);
    if (el->type == MODEL_REFERENCE) {
        check_reference(c, v, el, at);
    } else if (el->codes) {
        check_codings(c, v, el, at);
    }
}

static void check_array(struct check *c, const struct walk *w, const yyjson_val *v,
                        const struct model_element *el)
{
    struct place at = {.up = w->at, .element = el, .index = NO_INDEX};
    if (json_type(v) != YYJSON_TYPE_ARR) {
        check_issue(c, ERR_SYNTAX, &at,
                    "%s stands here; the element repeats, so it must be an array, even of one",
                    check_kind(v));
        return;
    }
    size_t count = json_len(v);
    if (count == 0) {
        check_issue(c, ERR_SYNTAX, &at, "the array is empty; leave the element out");
        return;
    }
    struct shadow_cursor shadow = {.index = 0};
    const yyjson_val *item = v + 1;
    for (size_t i = 0; i < count; i++, item = json_after(item)) {
        at.index = (uint32_t)i;
        if (json_type(item) == YYJSON_TYPE_NULL && is_primitive(el->type)) {
            if (!check_has_shadow(&shadow, w->object, model_text(el->name), i)) {
                check_issue(c, ERR_SYNTAX, &at,
                            "null stands here; it may do so only where the array _%.*s has an "
                            "extension at the same position",
                            TEXT_ARG(model_text(el->name)));
            }
            continue;
        }
        check_value(c, item, el, &at);
    }
}

static void unknown_member(struct check *c, const struct walk *w, text name)
{
    char shown[SHOWN_SIZE];
    char list[LIST_SIZE];
    check_issue(c, ERR_SYNTAX, w->at, "%.*s has no element \"%s\"%s",
                TEXT_ARG(model_text(w->type->name)), check_shown(name, shown),
                check_close_names(c, w->type, name, list));
}

static void duplicate_member(struct check *c, const struct walk *w, text name,
                             const struct model_element *el)
{
    char shown[SHOWN_SIZE];
    struct place at = {.up = w->at, .element = el, .name = name, .index = NO_INDEX};
    check_issue(c, ERR_DUPLICATE, &at,
                "the member \"%s\" stands twice in one object; keep one, or make an array of an "
                "element that repeats",
                check_shown(name, shown));
}

static void note_choice(struct check *c, struct walk *w, const struct model_element *el,
                        size_t index)
{
    uint16_t *chosen = &w->chosen[el->choice];
    if (*chosen && *chosen != index + 1) {
        const struct model_element *other = &model_elements[w->type->first + *chosen - 1];
        text base = check_base_name(el);
        check_issue_of(c, ERR_INVALID, w->at, base,
                       "%.*s and %.*s both stand here; %.*s[x] has one value at most",
                       TEXT_ARG(model_text(other->name)), TEXT_ARG(model_text(el->name)),
                       TEXT_ARG(base));
    }
    *chosen = (uint16_t)(index + 1);
}

/* `_name` of a primitive that can have extensions; NULL otherwise. */
static const struct model_element *shadowed_element(const struct walk *w, text name)
{
    const struct model_element *el = model_find(w->type, text_from(name, 1));
    return el && is_primitive(el->type) && !(el->flags & MODEL_BARE) ? el : NULL;
}

static void check_member(struct check *c, struct walk *w, const yyjson_val *key)
{
    text name = json_text(key);
    bool shadow = name.n > 1 && name.p[0] == '_';
    const struct model_element *el = shadow ? shadowed_element(w, name) : model_find(w->type, name);
    if (!el) {
        if (!w->is_resource || !text_eq(name, T("resourceType"))) {
            unknown_member(c, w, name);
        } else if (w->has_type) {
            duplicate_member(c, w, name, NULL);
        }
        w->has_type |= w->is_resource;
        return;
    }
    size_t index = (size_t)(el - &model_elements[w->type->first]);
    if (test_and_set(shadow ? w->shadowed : w->seen, index)) {
        duplicate_member(c, w, name, el);
        return;
    }
    if (el->choice) {
        note_choice(c, w, el, index);
    }
    if (shadow) {
        check_shadow(c, w->object, key + 1, el, w->at);
    } else if (el->flags & MODEL_REPEATS) {
        check_array(c, w, key + 1, el);
    } else {
        struct place at = {.up = w->at, .element = el, .index = NO_INDEX};
        check_value(c, key + 1, el, &at);
    }
}

static bool was_there(const struct walk *w, size_t index)
{
    return ((w->seen[index >> 6] | w->shadowed[index >> 6]) >> (index & 63)) & 1;
}

static void missing(struct check *c, const struct walk *w, uint16_t required)
{
    const struct model_element *el = &model_elements[w->type->first];
    if (required & 0x8000) {
        while (el->choice != (required & 0xff)) {
            el++;
        }
        text base = check_base_name(el);
        check_issue_of(c, ERR_REQUIRED, w->at, base, "%.*s[x] is missing; %.*s needs it",
                       TEXT_ARG(base), TEXT_ARG(model_text(w->type->name)));
        return;
    }
    text name = model_text(el[required].name);
    check_issue_of(c, ERR_REQUIRED, w->at, name, "%.*s is missing; %.*s needs it", TEXT_ARG(name),
                   TEXT_ARG(model_text(w->type->name)));
}

static void check_required(struct check *c, const struct walk *w)
{
    const uint16_t *required = &model_required[w->type->required];
    for (size_t i = 0; i < w->type->required_count; i++) {
        bool there =
            required[i] & 0x8000 ? w->chosen[required[i] & 0xff] != 0 : was_there(w, required[i]);
        if (!there) {
            missing(c, w, required[i]);
        }
    }
}

/* ext-1: extensions or a value, not both. */
static void check_extension(struct check *c, const struct walk *w)
{
    const struct model_element *el = model_find(w->type, T("extension"));
    bool nested = el && was_there(w, (size_t)(el - &model_elements[w->type->first]));
    if (nested == (w->chosen[1] != 0)) {
        check_issue(c, ERR_INVALID, w->at,
                    nested ? "the extension has both a value and extensions; it can have only one "
                             "of the two"
                           : "the extension has neither a value nor extensions; give it value[x], "
                             "or leave it out");
    }
}

bool check_only_id(const yyjson_val *v)
{
    return json_len(v) == 1 && text_eq(json_text(v + 1), T("id"));
}

void check_object(struct check *c, const yyjson_val *v, uint16_t type, const struct place *at)
{
    if (c->depth >= DEPTH_MOST) {
        check_issue(c, ERR_INVALID, at, "elements are nested more than %d deep", DEPTH_MOST);
        return;
    }
    c->depth++;
    struct walk w = {.type = &model_types[type],
                     .object = v,
                     .at = at,
                     .is_resource = type <= MODEL_RESOURCE_LAST};
    size_t count = json_len(v);
    const yyjson_val *key = v + 1;
    for (size_t i = 0; i < count; i++, key = json_after(key + 1)) {
        check_member(c, &w, key);
    }
    check_required(c, &w);
    if (type == MODEL_EXTENSION) {
        check_extension(c, &w);
    } else if (!w.is_resource && type != MODEL_ELEMENT && check_only_id(v)) {
        check_issue(c, ERR_SYNTAX, at,
                    "the element has nothing but an id; it needs a value or members");
    }
    c->depth--;
}
