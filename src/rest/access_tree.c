#include "rest/access.h"

/* Trees of stored resources: looking into them, and printing them changed. */

size_t tree_items(const yyjson_val *v)
{
    return !v ? 0 : json_type(v) == YYJSON_TYPE_ARR ? json_len(v) : 1;
}

const yyjson_val *tree_first(const yyjson_val *v)
{
    return json_type(v) != YYJSON_TYPE_ARR ? v : json_len(v) ? v + 1 : NULL;
}

bool tree_true(const yyjson_val *v)
{
    return json_type(v) == YYJSON_TYPE_BOOL &&
           (v->tag & YYJSON_SUBTYPE_MASK) == YYJSON_SUBTYPE_TRUE;
}

const yyjson_val *tree_extension(const yyjson_val *v, const char *url, const char *value)
{
    const yyjson_val *list = json_get(v, T("extension"));
    const yyjson_val *item = tree_first(list);
    for (size_t left = tree_items(list); left; left--, item = json_after(item)) {
        if (text_eq(json_text(json_get(item, T("url"))), text_of(url))) {
            return json_get(item, text_of(value));
        }
    }
    return NULL;
}

static const struct tree_change *change_of(const struct tree_change *changes, size_t count,
                                           text name)
{
    for (size_t i = 0; i < count; i++) {
        if (text_eq(text_of(changes[i].name), name)) {
            return &changes[i];
        }
    }
    return NULL;
}

static void write_changed(const struct tree_change *change, struct buf *out)
{
    put_comma(out);
    json_write_string(text_of(change->name), out);
    buf_addc(out, ':');
    buf_add(out, change->json);
}

int tree_change(struct access *a, const yyjson_val *root, const struct tree_change *changes,
                size_t count, text *ret_json, struct err *e)
{
    struct buf out;
    buf_init(&out, (size_t)a->call->rest->limits->resource_bytes * 2);
    buf_addc(&out, '{');
    const yyjson_val *key = root + 1;
    for (size_t left = json_len(root); left; left--, key = json_after(key + 1)) {
        const struct tree_change *change = change_of(changes, count, json_text(key));
        if (change && change->json.n) {
            write_changed(change, &out);
        } else if (!change) {
            put_comma(&out);
            json_write(key, &out);
            buf_addc(&out, ':');
            json_write(key + 1, &out);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (changes[i].json.n && !json_get(root, text_of(changes[i].name))) {
            write_changed(&changes[i], &out);
        }
    }
    buf_addc(&out, '}');
    return access_text(a, &out, ret_json, e);
}
