#include "rest/write.h"

#include "policy/facts.h"

/*
 * The mark on what patients write themselves. Apps need not know of it: the node puts it on, so
 * that a search (_tag), a page and other nodes tell a person's own words from everybody else's.
 */

static const char mark[] =
    "{\"system\":\"" OWN_SYSTEM "\",\"code\":\"" OWN_CODE "\",\"display\":\"" OWN_DISPLAY "\"}";

static void put_member(const yyjson_val *name, struct buf *out)
{
    if (out->n && out->p[out->n - 1] != '{') {
        buf_addc(out, ',');
    }
    json_write(name, out);
    buf_addc(out, ':');
}

static void put_tags(const yyjson_val *tags, struct buf *out)
{
    const yyjson_val *tag = tags + 1;
    buf_addc(out, '[');
    for (size_t left = json_len(tags); left; left--, tag = json_after(tag)) {
        json_write(tag, out);
        buf_addc(out, ',');
    }
    buf_add(out, text_of(mark));
    buf_addc(out, ']');
}

static void put_meta(const yyjson_val *meta, struct buf *out)
{
    bool tagged = false;
    const yyjson_val *name = meta + 1;
    buf_addc(out, '{');
    for (size_t left = json_len(meta); left; left--, name = json_after(name + 1)) {
        bool is = text_eq(json_text(name), T("tag")) && json_type(name + 1) == YYJSON_TYPE_ARR;
        put_member(name, out);
        if (is) {
            put_tags(name + 1, out);
        } else {
            json_write(name + 1, out);
        }
        tagged = tagged || text_eq(json_text(name), T("tag"));
    }
    if (!tagged) {
        buf_printf(out, "%s\"tag\":[%s]", json_len(meta) ? "," : "", mark);
    }
    buf_addc(out, '}');
}

static void put_marked(const yyjson_val *root, struct buf *out)
{
    bool has_meta = false;
    const yyjson_val *name = root + 1;
    buf_addc(out, '{');
    for (size_t left = json_len(root); left; left--, name = json_after(name + 1)) {
        bool is_meta = text_eq(json_text(name), T("meta"));
        put_member(name, out);
        if (is_meta && json_type(name + 1) == YYJSON_TYPE_OBJ) {
            put_meta(name + 1, out);
        } else {
            json_write(name + 1, out); /* of another form: resource_check() says so */
        }
        has_meta = has_meta || is_meta;
    }
    if (!has_meta) {
        buf_printf(out, "%s\"meta\":{\"tag\":[%s]}", json_len(root) ? "," : "", mark);
    }
    buf_addc(out, '}');
}

int mark_own(struct call *c, struct err *e)
{
    struct buf json;
    if (grant_actor(c->grant)->kind != ACTOR_PERSON || !policy_own_type(c->route.type) ||
        json_type(c->resource) != YYJSON_TYPE_OBJ || policy_is_marked_own(c->resource)) {
        return 0;
    }
    buf_init(&json, (size_t)c->rest->limits->resource_bytes * 2);
    put_marked(c->resource, &json);
    text copy = buf_failed(&json) ? (text){0} : arena_copy(c->arena, buf_text(&json));
    buf_done(&json);
    return copy.p ? json_read(copy, (size_t)c->rest->limits->json_depth, c->arena, &c->resource, e)
                  : err_set(e, ERR_MEMORY, "the request needs more memory than it may have");
}
