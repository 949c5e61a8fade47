#include "rest/call.h"

#include <stdio.h>
#include <time.h>

/* read, vread and their conditions (R4 http.html#read, #vread, #cread). */

int print_version(const struct version *v, struct buf *out, struct err *e)
{
    struct resource_head head = {
        .type = v->type, .id = v->id, .version = v->vid, .instant = version_instant(v)};
    return resource_print(&head, v->packed, out, e);
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

int do_read(struct call *c, struct err *e)
{
    struct store_view *view;
    struct version v;
    int rc = call_no_parameters(c, e);
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
    c->answer.show_version = c->answer.status == 200;
    return 0;
}
