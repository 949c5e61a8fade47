/* A tree with one member changed: what the member is not in is copied as it stands. */
#include "fhir/path_patch_int.h"
#include "fhir/path_run.h"

text patch_name(const struct model_element *el)
{
    text name = model_text(el->name);
    return el->choice ? text_first(name, name.n - model_text(model_types[el->type].name).n) : name;
}

const struct model_type *patch_type(uint16_t type)
{
    return &model_types[path_is_primitive(type) ? MODEL_ELEMENT : type];
}

static bool is_null(const yyjson_val *v)
{
    return !v || json_type(v) == YYJSON_TYPE_NULL;
}

/* Whether b stands in a, or is it: a tree is one array in the order of its text. */
static bool holds(const yyjson_val *a, const yyjson_val *b)
{
    return (uintptr_t)b >= (uintptr_t)a && (uintptr_t)b < (uintptr_t)json_after(a);
}

/* --- members ------------------------------------------------------------------------------- */

static text bare(const yyjson_val *key)
{
    text name = json_text(key);
    return name.n && name.p[0] == '_' ? text_from(name, 1) : name;
}

/* The value and the shadow of a name. */
static void find_member(const yyjson_val *object, text name, const yyjson_val **ret_value,
                        const yyjson_val **ret_shadow)
{
    *ret_value = NULL;
    *ret_shadow = NULL;
    const yyjson_val *key = object + 1;
    for (size_t left = json_len(object); left; left--, key = json_after(key + 1)) {
        if (text_eq(json_text(key), name)) {
            *ret_value = key + 1;
        } else if (text_eq(bare(key), name)) {
            *ret_shadow = key + 1;
        }
    }
}

static size_t items_of(const yyjson_val *v)
{
    return json_type(v) == YYJSON_TYPE_ARR ? json_len(v) : is_null(v) ? 0 : 1;
}

static void spread(const yyjson_val *v, struct patch_piece *pieces, bool shadows)
{
    const yyjson_val *item = json_type(v) == YYJSON_TYPE_ARR ? v + 1 : v;
    for (size_t i = 0, n = items_of(v); i < n; i++, item = i < n ? json_after(item) : NULL) {
        *(shadows ? &pieces[i].shadow : &pieces[i].value) = is_null(item) ? NULL : item;
    }
}

int patch_pieces(struct patching *p, struct patch_member *m)
{
    const yyjson_val *value;
    const yyjson_val *shadow;
    find_member(m->object, m->name, &value, &shadow);
    size_t values = items_of(value);
    size_t shadows = items_of(shadow);
    m->count = values > shadows ? values : shadows;
    m->pieces = arena_zalloc(p->arena, m->count + 1, sizeof *m->pieces);
    if (!m->pieces) {
        return patch_no_memory(p);
    }
    spread(value, m->pieces, false);
    spread(shadow, m->pieces, true);
    return 0;
}

/* The name in JSON under which an object has an element. */
static text json_name_of(const yyjson_val *object, const struct model_type *type, text name)
{
    const yyjson_val *key = object + 1;
    for (size_t left = json_len(object); left; left--, key = json_after(key + 1)) {
        const struct model_element *el = model_find(type, bare(key));
        if (el && text_eq(patch_name(el), name)) {
            return model_text(el->name);
        }
    }
    return (text){0};
}

int patch_member_of(struct patching *p, const struct path_node *node, struct patch_member *ret,
                    size_t *ret_at)
{
    const struct path_node *parent = node->parent;
    if (node->value == p->root) {
        return patch_fail(p, ERR_BUSINESS_RULE,
                          "this is the resource itself, which a patch cannot change as a whole; "
                          "send an update (PUT)");
    }
    const yyjson_val *object = !parent                           ? NULL
                               : path_is_primitive(parent->type) ? parent->shadow
                                                                 : parent->value;
    text name = {0};
    if (object && json_type(object) == YYJSON_TYPE_OBJ && holds(p->root, object)) {
        name = json_name_of(object, patch_type(parent->type), node->name);
    }
    if (!name.n) {
        return patch_fail(p, ERR_BUSINESS_RULE, "this leads to no element of the resource");
    }
    *ret = (struct patch_member){.object = object, .name = name, .repeats = node->repeats};
    int code = patch_pieces(p, ret);
    if (!code && node->index >= ret->count) {
        code = patch_fail(p, ERR_BUSINESS_RULE, "this leads to no element of the resource");
    }
    *ret_at = node->index;
    return code;
}

/* --- writing ------------------------------------------------------------------------------- */

/* The values, or the shadows, of all pieces; nothing where there are none. */
static void write_side(struct buf *out, text name, bool repeats, const struct patch_piece *pieces,
                       size_t count, bool shadows, bool *ret_any)
{
    bool some = false;
    for (size_t i = 0; i < count && !some; i++) {
        some = !is_null(shadows ? pieces[i].shadow : pieces[i].value);
    }
    if (!some) {
        return;
    }
    buf_add(out, *ret_any ? T(",\"") : T("\""));
    *ret_any = true;
    buf_add(out, shadows ? T("_") : T(""));
    buf_add(out, name);
    buf_add(out, repeats ? T("\":[") : T("\":"));
    for (size_t i = 0; i < count; i++) {
        const yyjson_val *v = shadows ? pieces[i].shadow : pieces[i].value;
        buf_add(out, i ? T(",") : T(""));
        if (v) {
            json_write(v, out);
        } else {
            buf_add(out, T("null"));
        }
    }
    buf_add(out, repeats ? T("]") : T(""));
}

void patch_write_pieces(struct buf *out, text name, bool repeats, const struct patch_piece *pieces,
                        size_t count, bool *ret_any)
{
    write_side(out, name, repeats, pieces, count, false, ret_any);
    write_side(out, name, repeats, pieces, count, true, ret_any);
}

static void write_changed(const struct patch_member *m, struct buf *out)
{
    bool any = false;
    bool done = false;
    text name = m->new_name.n ? m->new_name : m->name;
    const yyjson_val *key = m->object + 1;
    buf_addc(out, '{');
    for (size_t left = json_len(m->object); left; left--, key = json_after(key + 1)) {
        if (!text_eq(bare(key), m->name)) {
            buf_add(out, any ? T(",") : T(""));
            json_write(key, out);
            buf_addc(out, ':');
            json_write(key + 1, out);
            any = true;
        } else if (!done) {
            patch_write_pieces(out, name, m->repeats, m->pieces, m->count, &any);
            done = true;
        }
    }
    if (!done) {
        patch_write_pieces(out, name, m->repeats, m->pieces, m->count, &any);
    }
    buf_addc(out, '}');
}

/* Goes down the one way to the member's object; the tree's depth has a limit. */
static void write_tree(const yyjson_val *v, const struct patch_member *m, struct buf *out)
{
    if (v == m->object) {
        write_changed(m, out);
        return;
    }
    if (!holds(v, m->object)) {
        json_write(v, out);
        return;
    }
    bool object = json_type(v) == YYJSON_TYPE_OBJ;
    const yyjson_val *item = v + 1;
    buf_addc(out, object ? '{' : '[');
    for (size_t i = 0; i < json_len(v); i++, item = json_after(item)) {
        buf_add(out, i ? T(",") : T(""));
        if (object) {
            json_write(item, out);
            buf_addc(out, ':');
            item++;
        }
        write_tree(item, m, out);
    }
    buf_addc(out, object ? '}' : ']');
}

int patch_read(struct patching *p, text json, struct arena *a, yyjson_val **ret)
{
    struct err why = {0};
    int code = json_read(json, p->most_depth, a, ret, &why);
    return !code                ? 0
           : code == ERR_MEMORY ? patch_no_memory(p)
                                : patch_fail(p, code, "%s", err_text(&why));
}

/* What was written, read again; gives the buffer back. */
static int take(struct patching *p, struct buf *out, struct arena *a, yyjson_val **ret)
{
    p->bytes += out->n;
    int code = 0;
    if (p->bytes > PATH_PATCH_BYTES_MAX) {
        code = patch_fail(p, ERR_TOO_COSTLY,
                          "so many operations on so large a resource take too much work; send the "
                          "whole resource instead");
    } else if (buf_failed(out)) {
        code = patch_no_memory(p);
    }
    code = code ? code : patch_read(p, buf_text(out), a, ret);
    buf_done(out);
    return code;
}

int patch_change(struct patching *p, const struct patch_member *m, struct arena *a,
                 yyjson_val **ret_root)
{
    struct buf out;
    buf_init(&out, PATH_PATCH_BYTES_MAX);
    write_tree(p->root, m, &out);
    return take(p, &out, a, ret_root);
}

/* --- pruning ------------------------------------------------------------------------------- */

static bool is_empty(const yyjson_val *v)
{
    if (is_null(v)) {
        return true;
    }
    if (!json_is_container(v)) {
        return false;
    }
    const yyjson_val *item = v + 1;
    bool object = json_type(v) == YYJSON_TYPE_OBJ;
    for (size_t left = json_len(v); left; left--, item = json_after(item)) {
        item += object ? 1 : 0;
        if (!is_empty(item)) {
            return false;
        }
    }
    return true;
}

/* Whether an object or array in it has no content. */
static bool has_empty(const yyjson_val *v)
{
    if (!json_is_container(v)) {
        return false;
    }
    const yyjson_val *item = v + 1;
    bool object = json_type(v) == YYJSON_TYPE_OBJ;
    for (size_t left = json_len(v); left; left--, item = json_after(item)) {
        item += object ? 1 : 0;
        if (has_empty(item)) {
            return true;
        }
    }
    return json_len(v) == 0;
}

static int prune_object(struct patching *p, const yyjson_val *v, struct buf *out);

static int prune_value(struct patching *p, const yyjson_val *v, struct buf *out)
{
    if (json_type(v) == YYJSON_TYPE_OBJ) {
        return prune_object(p, v, out);
    }
    json_write(v, out);
    return 0;
}

/* The same pieces without those that have nothing, so that values and shadows stay together. */
static int prune_side(struct patching *p, const struct patch_member *m, bool shadows,
                      struct buf *out, bool *ret_any)
{
    bool some = false;
    for (size_t i = 0; i < m->count && !some; i++) {
        some = !is_empty(shadows ? m->pieces[i].shadow : m->pieces[i].value);
    }
    if (!some) {
        return 0;
    }
    int code = 0;
    buf_add(out, *ret_any ? T(",\"") : T("\""));
    *ret_any = true;
    buf_add(out, shadows ? T("_") : T(""));
    buf_add(out, m->name);
    buf_add(out, m->repeats ? T("\":[") : T("\":"));
    bool comma = false;
    for (size_t i = 0; !code && i < m->count; i++) {
        const struct patch_piece *piece = &m->pieces[i];
        const yyjson_val *v = shadows ? piece->shadow : piece->value;
        if (is_empty(piece->value) && is_empty(piece->shadow)) {
            continue;
        }
        buf_add(out, comma ? T(",") : T(""));
        comma = true;
        if (is_empty(v)) {
            buf_add(out, T("null"));
        } else {
            code = prune_value(p, v, out);
        }
    }
    buf_add(out, m->repeats ? T("]") : T(""));
    return code;
}

/* Values and their shadows are looked for by name: no element has so many that this is much work,
 * but what a patch brings has not been checked yet. */
enum { MEMBERS_MOST = 2 * MODEL_WIDEST + 2 };

static int prune_object(struct patching *p, const yyjson_val *v, struct buf *out)
{
    bool any = false;
    int code = 0;
    const yyjson_val *key = v + 1;
    if (json_len(v) > MEMBERS_MOST) {
        return err_set(p->e, ERR_INVALID,
                       "the patch makes an object of %zu members, more than any element of R4 has",
                       json_len(v));
    }
    buf_addc(out, '{');
    for (size_t left = json_len(v); !code && left; left--, key = json_after(key + 1)) {
        struct patch_member m = {.object = v, .name = bare(key)};
        const yyjson_val *value;
        const yyjson_val *shadow;
        find_member(v, m.name, &value, &shadow);
        m.repeats = json_type(key + 1) == YYJSON_TYPE_ARR;
        if (key + 1 == shadow && value) {
            continue; /* with its value */
        }
        code = patch_pieces(p, &m);
        code = code ? code : prune_side(p, &m, false, out, &any);
        code = code ? code : prune_side(p, &m, true, out, &any);
    }
    buf_addc(out, '}');
    return code;
}

int patch_prune(struct patching *p, struct arena *a, const yyjson_val **ret_root)
{
    struct buf out;
    yyjson_val *made = NULL;
    *ret_root = p->root;
    if (!has_empty(p->root)) {
        return 0;
    }
    buf_init(&out, PATH_PATCH_BYTES_MAX);
    int code = prune_object(p, p->root, &out);
    if (code) {
        buf_done(&out);
        return code;
    }
    code = take(p, &out, a, &made);
    if (!code) {
        *ret_root = made;
    }
    return code;
}
