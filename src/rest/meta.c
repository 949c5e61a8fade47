#include "rest/bulk/job.h"
#include "rest/patch.h"

/*
 * $meta, $meta-add, $meta-delete (R4 resource-operations.html): profiles, tags and security labels
 * of a resource. A change makes a new version, as any other does, so that the history tells when a
 * label came and went; one that changes nothing makes none.
 */

static const char *const lists[] = {"profile", "security", "tag"};
enum { LIST_COUNT = sizeof lists / sizeof *lists, GIVEN_MOST = 1000 };

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "the request needs more memory than it may have");
}

/* --- what is asked for --------------------------------------------------------------------- */

static bool is_list(text name)
{
    size_t i = 0;
    while (i < LIST_COUNT && !text_eq(name, text_of(lists[i]))) {
        i++;
    }
    return i < LIST_COUNT;
}

/* Labels are told apart by system and code. */
static int check_labels(struct call *c, const yyjson_val *list, text name, struct err *e)
{
    if (!is_list(name)) {
        return 0;
    }
    if (json_len(list) > GIVEN_MOST) {
        return err_at(e, ERR_TOO_COSTLY, T("Parameters.parameter.value"),
                      "at most %d of one kind can be added or removed at once", GIVEN_MOST);
    }
    if (text_eq(name, T("profile"))) {
        return 0;
    }
    const yyjson_val *item = list + 1;
    for (size_t i = 0; i < json_len(list); i++, item = json_after(item)) {
        if (!json_get(item, T("system")) && !json_get(item, T("code"))) {
            return err_at(
                e, ERR_REQUIRED,
                arena_printf(c->arena, "Parameters.parameter.value.%.*s[%zu]", TEXT_ARG(name), i),
                "a label needs a system or a code: they say which it is");
        }
    }
    return 0;
}

static int check_meta(struct call *c, const yyjson_val *meta, struct err *e)
{
    const yyjson_val *key = meta + 1;
    for (size_t left = json_len(meta); left; left--, key = json_after(key + 1)) {
        text name = json_text(key);
        bool of_the_store = text_eq(name, T("versionId")) || text_eq(name, T("lastUpdated"));
        if (!is_list(name) && !of_the_store && !text_eq(name, T("id"))) {
            return err_at(
                e, ERR_NOT_SUPPORTED, T("Parameters.parameter.value"),
                "meta.%.*s can be changed by an update or a patch; this operation changes "
                "profile, security and tag",
                TEXT_ARG(text_short(name, 60)));
        }
        int rc = check_labels(c, key + 1, name, e);
        if (rc) {
            return rc;
        }
    }
    return 0;
}

static int check_parameters(struct call *c, struct err *e)
{
    struct resource r;
    int rc = read_body(c, e);
    if (rc) {
        return rc;
    }
    rc = resource_check(c->resource, false, c->arena, &c->issues, &r);
    if (rc) {
        return err_set(e, rc, "the parameters are not valid FHIR R4");
    }
    return r.type == FHIR_PARAMETERS
               ? 0
               : err_at(e, ERR_INVALID, T("resourceType"),
                        "this operation takes a Parameters resource, not %.*s",
                        TEXT_ARG(fhir_type_name(r.type)));
}

int read_meta_change(struct call *c, struct err *e)
{
    int rc = check_parameters(c, e);
    if (rc) {
        return rc;
    }
    const yyjson_val *list = json_get(c->resource, T("parameter"));
    yyjson_val *meta = NULL;
    if (list && json_len(list) == 1 &&
        text_eq(json_text(json_get(list + 1, T("name"))), T("meta"))) {
        meta = json_get(list + 1, T("valueMeta"));
    }
    if (!meta) {
        return err_at(e, ERR_REQUIRED, T("Parameters.parameter"),
                      "this operation takes one parameter, 'meta' with a valueMeta: the profiles, "
                      "tags and security labels that it is about");
    }
    rc = check_meta(c, meta, e);
    c->change = rc ? NULL : meta;
    return rc;
}

/* --- what becomes of it -------------------------------------------------------------------- */

/* Profiles are the same by their characters, labels by system and code. */
static bool same_item(const yyjson_val *a, const yyjson_val *b)
{
    if (json_type(a) != YYJSON_TYPE_OBJ || json_type(b) != YYJSON_TYPE_OBJ) {
        return json_type(a) == YYJSON_TYPE_STR && json_type(b) == YYJSON_TYPE_STR &&
               text_eq(json_text(a), json_text(b));
    }
    return text_eq(json_text(json_get(a, T("system"))), json_text(json_get(b, T("system")))) &&
           text_eq(json_text(json_get(a, T("code"))), json_text(json_get(b, T("code"))));
}

/* Whether one of the first `most` items is the same. */
static bool is_among(const yyjson_val *list, size_t most, const yyjson_val *what)
{
    const yyjson_val *item = list ? list + 1 : NULL;
    size_t n = list ? json_len(list) : 0;
    for (size_t i = 0; i < n && i < most; i++, item = json_after(item)) {
        if (same_item(item, what)) {
            return true;
        }
    }
    return false;
}

/*
 * One list on its way through the operation. `shadow` (the extensions of profiles, by position)
 * goes along with it.
 */
struct merge {
    const yyjson_val *have;
    const yyjson_val *given;
    const yyjson_val *shadow;
    bool adds;
};

static bool stays(const struct merge *m, const yyjson_val *item)
{
    return m->adds || !is_among(m->given, SIZE_MAX, item);
}

static bool comes(const struct merge *m, size_t at, const yyjson_val *item)
{
    return m->adds && json_type(item) != YYJSON_TYPE_NULL && !is_among(m->have, SIZE_MAX, item) &&
           !is_among(m->given, at, item);
}

static size_t items_of(const yyjson_val *list)
{
    return list ? json_len(list) : 0;
}

/* NULL stands for a null. */
static void write_item(const yyjson_val *item, bool first, struct buf *out)
{
    if (!out) {
        return;
    }
    buf_add(out, first ? T("") : T(","));
    if (item) {
        json_write(item, out);
    } else {
        buf_add(out, T("null"));
    }
}

/* The items of the list, or of its shadow, with commas; how many of them say something (a null in
 * the shadow does not). out NULL: counts only. */
static size_t write_list(const struct merge *m, bool shadow, struct buf *out)
{
    size_t count = 0;
    size_t written = 0;
    size_t beside_count = items_of(m->shadow);
    const yyjson_val *item = m->have ? m->have + 1 : NULL;
    const yyjson_val *beside = m->shadow ? m->shadow + 1 : NULL;
    for (size_t i = 0; i < items_of(m->have); i++, item = json_after(item)) {
        const yyjson_val *what = !shadow ? item : i < beside_count ? beside : NULL;
        if (stays(m, item)) {
            count += !shadow || (what && json_type(what) != YYJSON_TYPE_NULL);
            write_item(what, written++ == 0, out);
        }
        beside = i < beside_count ? json_after(beside) : NULL;
    }
    item = m->given ? m->given + 1 : NULL;
    for (size_t i = 0; i < items_of(m->given); i++, item = json_after(item)) {
        if (comes(m, i, item)) {
            count += !shadow;
            write_item(shadow ? NULL : item, written++ == 0, out);
        }
    }
    return count;
}

static void write_member(const struct merge *m, const char *name, bool shadow, bool *first,
                         struct buf *out)
{
    if (write_list(m, shadow, NULL) == 0) {
        return;
    }
    buf_printf(out, "%s\"%s%s\":[", *first ? "" : ",", shadow ? "_" : "", name);
    (void)write_list(m, shadow, out);
    buf_addc(out, ']');
    *first = false;
}

static void write_meta(const struct call *c, const yyjson_val *meta, struct buf *out)
{
    bool first = true;
    buf_addc(out, '{');
    const yyjson_val *key = meta + 1;
    for (size_t left = json_len(meta); left; left--, key = json_after(key + 1)) {
        text name = json_text(key);
        if (is_list(name) || text_eq(name, T("_profile"))) {
            continue;
        }
        buf_add(out, first ? T("") : T(","));
        json_write(key, out);
        buf_addc(out, ':');
        json_write(key + 1, out);
        first = false;
    }
    for (size_t i = 0; i < LIST_COUNT; i++) {
        text name = text_of(lists[i]);
        struct merge m = {.have = json_get(meta, name),
                          .given = json_get(c->change, name),
                          .shadow = i == 0 ? json_get(meta, T("_profile")) : NULL,
                          .adds = c->route.interaction == INTERACTION_META_ADD};
        write_member(&m, lists[i], false, &first, out);
        if (m.shadow) {
            write_member(&m, lists[i], true, &first, out);
        }
    }
    buf_addc(out, '}');
}

/* Whether a list of the resource is other than it was. */
static bool changes(const struct call *c, const yyjson_val *meta)
{
    for (size_t i = 0; i < LIST_COUNT; i++) {
        struct merge m = {.have = json_get(meta, text_of(lists[i])),
                          .given = json_get(c->change, text_of(lists[i])),
                          .adds = c->route.interaction == INTERACTION_META_ADD};
        if (write_list(&m, false, NULL) != items_of(m.have)) {
            return true;
        }
    }
    return false;
}

int apply_meta_change(struct call *c, yyjson_val *root, yyjson_val **ret_root, struct err *e)
{
    struct buf json;
    if (!changes(c, json_get(root, T("meta")))) {
        *ret_root = root;
        return 0;
    }
    buf_init(&json, (size_t)c->rest->limits->resource_bytes * 2);
    const yyjson_val *key = root + 1;
    for (size_t left = json_len(root), at = 0; left; left--, at++, key = json_after(key + 1)) {
        buf_addc(&json, at ? ',' : '{');
        json_write(key, &json);
        buf_addc(&json, ':');
        if (text_eq(json_text(key), T("meta"))) {
            write_meta(c, key + 1, &json);
        } else {
            json_write(key + 1, &json);
        }
    }
    buf_addc(&json, '}');
    text copy = buf_failed(&json) ? (text){0} : arena_copy(c->arena, buf_text(&json));
    buf_done(&json);
    return copy.p ? json_read(copy, (size_t)c->rest->limits->json_depth, c->arena, ret_root, e)
                  : no_memory(e);
}

/* --- the answer ---------------------------------------------------------------------------- */

int print_meta(struct call *c, const struct version *v, struct err *e)
{
    yyjson_val *root;
    struct buf *out = &c->answer.body;
    int rc = version_tree(v, c->rest->limits, c->arena, &root, e);
    if (!rc) {
        buf_add(out, T("{\"resourceType\":\"Parameters\",\"parameter\":[{\"name\":\"return\","
                       "\"valueMeta\":"));
        json_write(json_get(root, T("meta")), out);
        buf_add(out, T("}]}"));
    }
    return rc;
}

static int no_input(struct call *c, struct err *e)
{
    struct operation_param *params;
    size_t count;
    int rc = operation_params(c, &params, &count, e);
    return rc || count == 0 ? rc
                            : err_set(e, ERR_NOT_SUPPORTED,
                                      "the parameter '%.*s' is not supported on this operation; it "
                                      "takes _format and _pretty",
                                      TEXT_ARG(text_short(params[0].name, 60)));
}

int do_meta(struct call *c, struct err *e)
{
    struct store_view *view;
    struct version v;
    const struct route *r = &c->route;
    int rc = no_input(c, e);
    c->answer.status = 200;
    if (rc || !r->id.n) {
        return rc ? rc : print_meta_of_all(c, e);
    }
    rc = store_view_begin(c->rest->store, c->grant, STORE_ONE_READ, &view, e);
    if (rc) {
        return rc;
    }
    rc = r->vid ? store_vread(view, r->type, r->id, r->vid, c->arena, &v, e)
                : store_read(view, r->type, r->id, c->arena, &v, e);
    store_view_end(view);
    if (rc) {
        return rc;
    }
    c->answer.has_version = true;
    c->answer.version = v;
    if (v.deleted) {
        return err_set(e, ERR_DELETED, "%.*s/%.*s has been deleted%s",
                       TEXT_ARG(fhir_type_name(r->type)), TEXT_ARG(r->id),
                       r->vid ? " with this version, which therefore has no meta" : "");
    }
    return print_meta(c, &v, e);
}
