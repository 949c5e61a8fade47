#include "rest/binary.h"

#include <stdio.h>
#include <time.h>

/* read, vread and their conditions (R4 http.html#read, #vread, #cread). */

int print_version(const struct version *v, struct buf *out, struct err *e)
{
    struct resource_head head = {
        .type = v->type, .id = v->id, .version = v->vid, .instant = version_instant(v)};
    return resource_print(&head, v->packed, out, e);
}

int version_tree(const struct version *v, const struct limits *limits, struct arena *a,
                 yyjson_val **ret_root, struct err *e)
{
    struct buf json;
    buf_init(&json, (size_t)limits->resource_bytes * 2);
    int rc = print_version(v, &json, e);
    text copy = rc ? (text){0} : arena_copy(a, buf_text(&json));
    buf_done(&json);
    if (!rc && !copy.p) {
        rc = err_set(e, ERR_MEMORY, "the reply needs more memory than it may have");
    }
    return rc ? rc : json_read(copy, (size_t)limits->json_depth, a, ret_root, e);
}

int print_part(const struct version *v, const struct subset *s, const struct limits *limits,
               struct arena *a, struct buf *out, struct err *e)
{
    yyjson_val *root;
    if (!subset_is_part(s)) {
        return print_version(v, out, e);
    }
    int rc = version_tree(v, limits, a, &root, e);
    if (!rc) {
        subset_print(root, v->type, s, out);
    }
    return rc;
}

bool etag_read(text field, uint64_t *ret_vid)
{
    text t = text_trim(field);
    if (text_starts(t, T("W/"))) {
        t = text_from(t, 2);
    }
    if (t.n >= 2 && t.p[0] == '"' && t.p[t.n - 1] == '"') {
        t = text_make(t.p + 1, t.n - 2);
    }
    return text_to_u64(t, ret_vid);
}

/* RFC 9110 5.6.7: IMF-fixdate only; what cannot be read is ignored, as 13.1.3 asks. */
static bool http_date(text field, int64_t *ret_seconds)
{
    char copy[40];
    struct tm tm = {0};
    if (field.n >= sizeof copy) {
        return false;
    }
    memcpy(copy, field.p, field.n);
    copy[field.n] = '\0';
    const char *end = strptime(copy, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    if (!end || *end) {
        return false;
    }
    *ret_seconds = timegm(&tm);
    return true;
}

/* RFC 9110 13.2.2: If-None-Match decides where it is given, If-Modified-Since only else. */
static bool not_modified(const struct call *c, const struct version *v)
{
    text rest = c->if_none_match;
    text item;
    if (rest.p) {
        while (text_cut(&rest, ',', &item)) {
            uint64_t vid;
            if (text_eq(text_trim(item), T("*")) || (etag_read(item, &vid) && vid == v->vid)) {
                return true;
            }
        }
        return false;
    }
    int64_t since;
    int64_t end;
    if (!c->http) { /* an entry of a bundle has an instant, to the millisecond */
        return c->if_modified_since.p && index_date(c->if_modified_since, &since, &end) &&
               version_instant(v) <= index_ms_to_1970(since);
    }
    return c->if_modified_since.p && http_date(c->if_modified_since, &since) &&
           version_instant(v) / 1000 <= since;
}

static int tell_deleted(const struct call *c, struct err *e)
{
    return err_set(e, ERR_DELETED,
                   "%.*s/%.*s has been deleted; its earlier versions are at %.*s/%.*s/_history",
                   TEXT_ARG(fhir_type_name(c->route.type)), TEXT_ARG(c->route.id),
                   TEXT_ARG(fhir_type_name(c->route.type)), TEXT_ARG(c->route.id));
}

static int take_elements(struct call *c, struct subset *s, text value, struct err *e)
{
    size_t capacity = 0;
    text *names = NULL;
    text item;
    while (text_cut(&value, ',', &item)) {
        item = text_trim(item);
        if (!subset_has_element(c->route.type, item)) {
            return err_set(e, ERR_INVALID,
                           "_elements: %.*s has no element '%.*s'; name elements of the resource "
                           "itself, with commas between them",
                           TEXT_ARG(fhir_type_name(c->route.type)), TEXT_ARG(text_short(item, 60)));
        }
        text *grown = arena_grow(c->arena, names, s->element_count, &capacity, sizeof *names);
        if (!grown) {
            return err_set(e, ERR_MEMORY, "the request needs more memory than it may have");
        }
        names = grown;
        names[s->element_count++] = item;
    }
    s->elements = names;
    return 0;
}

static int take_summary(struct subset *s, text value, struct err *e)
{
    static const char *const words[] = {"false", "true", "text", "data"};
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++) {
        if (text_eq(value, text_of(words[i]))) {
            s->summary = (enum search_summary)i;
            return 0;
        }
    }
    return err_set(e, ERR_INVALID,
                   "_summary: '%.*s' is not true, text, data or false (count is for searches)",
                   TEXT_ARG(text_short(value, 60)));
}

/* _summary and _elements, which a read has as well as a search (R4 search.html#summary). */
static int take_part(struct call *c, struct subset *ret_part, struct err *e)
{
    struct search_pair *pairs;
    size_t count;
    bool has_summary = false;
    struct subset s = {0};
    int rc = c->query.p ? call_pairs(c, &pairs, &count, e) : 0;
    for (size_t i = 0; !rc && c->query.p && i < count; i++) {
        text name = pairs[i].name;
        if (text_eq(name, T("_elements")) && !s.element_count) {
            rc = take_elements(c, &s, pairs[i].value, e);
        } else if (text_eq(name, T("_summary")) && !has_summary) {
            has_summary = true;
            rc = take_summary(&s, pairs[i].value, e);
        } else if (text_eq(name, T("_elements")) || text_eq(name, T("_summary"))) {
            rc = err_set(e, ERR_DUPLICATE, "%.*s stands twice in the query; give it once",
                         TEXT_ARG(name));
        } else if (!text_eq(name, T("_format")) && !text_eq(name, T("_pretty"))) {
            rc = err_set(e, ERR_NOT_SUPPORTED,
                         "the parameter '%.*s' is not supported on a read; it takes _summary, "
                         "_elements, _format and _pretty",
                         TEXT_ARG(text_short(name, 60)));
        }
    }
    if (!rc && s.element_count && s.summary != SUMMARY_FALSE) {
        rc = err_set(e, ERR_INVALID, "_summary and _elements both say what to return; give one");
    }
    *ret_part = s;
    return rc;
}

int do_read(struct call *c, struct err *e)
{
    struct store_view *view;
    struct version v;
    struct subset part;
    int rc = take_part(c, &part, e);
    if (rc) {
        return rc;
    }
    rc = store_view_begin(c->rest->store, c->grant, STORE_ONE_READ, &view, e);
    if (rc) {
        return rc;
    }
    rc = c->route.interaction == INTERACTION_VREAD
             ? store_vread(view, c->route.type, c->route.id, c->route.vid, c->arena, &v, e)
             : store_read(view, c->route.type, c->route.id, c->arena, &v, e);
    store_view_end(view);
    if (rc) {
        return rc;
    }
    if (v.deleted) {
        c->answer.has_version = true;
        c->answer.version = v;
        return tell_deleted(c, e);
    }
    c->answer.has_version = true;
    c->answer.version = v;
    c->answer.status = not_modified(c, &v) ? 304 : 200;
    c->answer.show_version = c->answer.status == 200 && !subset_is_part(&part);
    if (c->answer.show_version && binary_may_be_raw(c) && !c->asks_form) {
        return binary_answer(c, &v, e);
    }
    return c->answer.status == 200 && subset_is_part(&part)
               ? print_part(&v, &part, c->rest->limits, c->arena, &c->answer.body, e)
               : 0;
}
