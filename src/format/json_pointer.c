#include "format/json_patch.h"

static bool is_digits(text t)
{
    for (size_t i = 0; i < t.n; i++) {
        if (t.p[i] < '0' || t.p[i] > '9') {
            return false;
        }
    }
    return t.n > 0;
}

/* ~1 is a slash and ~0 a tilde; any other tilde is wrong. */
static int unescape(struct json_patching *p, text token, text *ret)
{
    if (text_find(token, '~') == token.n) {
        *ret = token;
        return 0;
    }
    char *to = arena_alloc(p->arena, token.n);
    if (!to) {
        return err_set(p->e, ERR_MEMORY, "%s", "");
    }
    size_t n = 0;
    for (size_t i = 0; i < token.n; i++) {
        char c = token.p[i];
        if (c == '~') {
            char next = i + 1 < token.n ? token.p[i + 1] : '\0';
            if (next != '0' && next != '1') {
                return json_patch_fail(p, ERR_INVALID,
                                       "\"%.*s\" is not a JSON Pointer: a tilde is written ~0, a "
                                       "slash in a name ~1",
                                       TEXT_ARG(text_short(token, 80)));
            }
            c = next == '0' ? '~' : '/';
            i++;
        }
        to[n++] = c;
    }
    *ret = text_make(to, n);
    return 0;
}

static int in_object(struct json_patching *p, struct json_place *at)
{
    int failed = json_patch_work(p, 1 + yyjson_mut_obj_size(at->parent));
    at->value = failed ? NULL : yyjson_mut_obj_getn(at->parent, at->name.p, at->name.n);
    return failed;
}

/* "-" is the place behind the last item. */
static int in_array(struct json_patching *p, struct json_place *at)
{
    size_t count = yyjson_mut_arr_size(at->parent);
    uint64_t index = count;
    bool behind = text_eq(at->name, T("-"));
    if (!behind && (!is_digits(at->name) || (at->name.n > 1 && at->name.p[0] == '0'))) {
        return json_patch_fail(p, ERR_BUSINESS_RULE,
                               "\"%.*s\" is no place in an array: write a number without leading "
                               "zeros, or - for the end",
                               TEXT_ARG(text_short(at->name, 80)));
    }
    if (!behind && (!text_to_u64(at->name, &index) || index > count)) {
        return json_patch_fail(p, ERR_BUSINESS_RULE,
                               "there is no place %.*s in this array, which has %zu items",
                               TEXT_ARG(text_short(at->name, 24)), count);
    }
    at->index = (size_t)index;
    int failed = json_patch_work(p, 1 + at->index);
    at->value = failed || at->index == count ? NULL : yyjson_mut_arr_get(at->parent, at->index);
    return failed;
}

static int step(struct json_patching *p, text token, struct json_place *at)
{
    if (at->parent && !at->value) {
        return json_patch_fail(p, ERR_BUSINESS_RULE,
                               "there is no \"%.*s\" in which \"%.*s\" could be",
                               TEXT_ARG(text_short(at->name, 80)), TEXT_ARG(text_short(token, 80)));
    }
    yyjson_mut_val *into = at->value;
    text name = {NULL, 0};
    int failed = unescape(p, token, &name);
    if (failed) {
        return failed;
    }
    if (!yyjson_mut_is_ctn(into)) {
        return json_patch_fail(p, ERR_BUSINESS_RULE,
                               "\"%.*s\" can be in an object or an array only, and there is "
                               "neither",
                               TEXT_ARG(text_short(token, 80)));
    }
    *at = (struct json_place){.parent = into, .name = name, .depth = at->depth + 1};
    return yyjson_mut_is_arr(into) ? in_array(p, at) : in_object(p, at);
}

int json_pointer(struct json_patching *p, text pointer, struct json_place *ret)
{
    struct json_place at = {.value = p->root};
    if (pointer.n && pointer.p[0] != '/') {
        return json_patch_fail(p, ERR_INVALID,
                               "\"%.*s\" is not a JSON Pointer: it starts with a slash, or is "
                               "empty for the whole document",
                               TEXT_ARG(text_short(pointer, 80)));
    }
    text rest = pointer.n ? text_from(pointer, 1) : (text){NULL, 0};
    text token;
    while (text_cut(&rest, '/', &token)) {
        int failed = step(p, token, &at);
        if (failed) {
            return failed;
        }
    }
    *ret = at;
    return 0;
}
