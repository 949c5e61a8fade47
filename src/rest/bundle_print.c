#include "rest/call.h"

#include "base/hash.h"
#include "base/pace.h"
#include "format/json.h"

#include <stdio.h>

/* What bundles of every type have in common: links, entries, paging tokens. */

const char *status_line(int status)
{
    switch (status) {
    case 200:
        return "200 OK";
    case 201:
        return "201 Created";
    case 204:
        return "204 No Content";
    case 304:
        return "304 Not Modified";
    default:
        return "500 Internal Server Error";
    }
}

void bundle_open(struct buf *out, const char *type, const uint64_t *total,
                 const struct bundle_link *links, size_t link_count)
{
    buf_printf(out, "{\"resourceType\":\"Bundle\",\"type\":\"%s\"", type);
    if (total) {
        buf_printf(out, ",\"total\":%llu", (unsigned long long)*total);
    }
    const char *before = ",\"link\":[";
    for (size_t i = 0; i < link_count; i++) {
        if (links[i].url.p) {
            pace_give_way();
            buf_printf(out, "%s{\"relation\":\"%s\",\"url\":", before, links[i].relation);
            json_write_string(links[i].url, out);
            buf_addc(out, '}');
            before = ",";
        }
    }
    if (before[1] == '\0') {
        buf_addc(out, ']');
    }
}

/* An empty `entry` array would not be valid JSON of FHIR: the member appears with the first entry.
 */
int bundle_entry(struct call *c, const struct version *v, const struct subset *s, size_t at,
                 struct err *e)
{
    struct buf *out = &c->answer.body;
    pace_give_way();
    buf_add(out, at ? T(",") : T(",\"entry\":["));
    buf_add(out, T("{\"fullUrl\":\""));
    buf_add(out, c->base);
    buf_addc(out, '/');
    buf_add(out, fhir_type_name(v->type));
    buf_addc(out, '/');
    buf_add(out, v->id);
    buf_addc(out, '"');
    if (v->deleted) {
        return 0;
    }
    buf_add(out, T(",\"resource\":"));
    return s ? print_part(v, s, c->rest->limits, c->arena, out, e) : print_version(v, out, e);
}

void bundle_close(struct buf *out)
{
    buf_add(out, T("}"));
}

/* --- parameters ----------------------------------------------------------------------------- */

int call_pairs(const struct call *c, struct search_pair **ret_pairs, size_t *ret_count,
               struct err *e)
{
    text form = c->query.p ? c->query : T("");
    if (c->form.p && c->form.n) {
        const text parts[] = {form, T("&"), c->form};
        form = form.n ? arena_join(c->arena, parts, 3) : c->form;
        if (!form.p) {
            return err_set(e, ERR_MEMORY, "the request needs more memory than it may have");
        }
    }
    return search_decode(form, c->rest->limits, c->arena, ret_pairs, ret_count, e);
}

int call_no_parameters(const struct call *c, struct err *e)
{
    struct search_pair *pairs;
    size_t count;
    int rc = c->query.p ? call_pairs(c, &pairs, &count, e) : 0;
    for (size_t i = 0; !rc && c->query.p && i < count; i++) {
        if (!text_eq(pairs[i].name, T("_format")) && !text_eq(pairs[i].name, T("_pretty"))) {
            return err_set(
                e, ERR_NOT_SUPPORTED,
                "the parameter '%.*s' is not supported on this interaction; it takes _format and "
                "_pretty%s",
                TEXT_ARG(text_short(pairs[i].name, 60)),
                c->route.interaction == INTERACTION_CREATE
                    ? ", and a conditional create has its search in If-None-Exist"
                    : "");
        }
    }
    return rc;
}
