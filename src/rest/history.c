#include "rest/call.h"

#include "base/clock.h"

/* history of an instance, a type or the system (R4 http.html#history). */

enum { DEFAULT_COUNT = 100 };

struct history {
    struct history_scope scope;
    size_t count;
    text page;
    text self; /* the parameters as understood */
};

static int bad(struct err *e, const struct search_pair *pair, const char *right)
{
    return err_set(e, ERR_INVALID, "the parameter %.*s=%.*s is not understood: %s",
                   TEXT_ARG(pair->name), TEXT_ARG(text_short(pair->value, 60)), right);
}

static int take_time(const struct search_pair *pair, int64_t *ret_from, int64_t *ret_until,
                     struct err *e)
{
    int64_t start;
    int64_t end;
    if (!index_date(pair->value, &start, &end)) {
        return bad(e, pair, "it must be a date or instant, such as 2026-01-31T10:00:00Z");
    }
    *ret_from = start - index_ms_from_1970(0);
    *ret_until = end - index_ms_from_1970(0);
    return 0;
}

static int take(struct call *c, struct history *h, const struct search_pair *pair, struct err *e)
{
    int64_t until;
    uint64_t number;
    if (text_eq(pair->name, T("_format")) || text_eq(pair->name, T("_pretty"))) {
        return 0;
    }
    if (text_eq(pair->name, T("_since"))) {
        return take_time(pair, &h->scope.since_ms, &until, e);
    }
    if (text_eq(pair->name, T("_at"))) {
        return take_time(pair, &h->scope.at_ms, &h->scope.at_until_ms, e);
    }
    if (text_eq(pair->name, T("_page"))) {
        if (pair->value.n == 0) {
            return bad(e, pair, "follow the 'next' link as it is");
        }
        h->page = pair->value;
        return 0;
    }
    if (text_eq(pair->name, T("_count"))) {
        if (!text_to_u64(pair->value, &number)) {
            return bad(e, pair, "it must be a whole number");
        }
        size_t most = (size_t)c->rest->limits->page_entries;
        h->count = number < most ? (size_t)number : most;
        return 0;
    }
    return err_set(
        e, ERR_NOT_SUPPORTED,
        "the parameter '%.*s' is not supported on a history; it takes _count, _since and _at",
        TEXT_ARG(text_short(pair->name, 60)));
}

static int no_repeats(const struct search_pair *pairs, size_t at, struct err *e)
{
    for (size_t i = 0; i < at; i++) {
        if (text_eq(pairs[i].name, pairs[at].name)) {
            return err_set(e, ERR_INVALID, "%.*s stands twice in the query; give it once",
                           TEXT_ARG(text_short(pairs[at].name, 60)));
        }
    }
    return 0;
}

static int understand(struct call *c, struct history *h, struct err *e)
{
    struct search_pair *pairs;
    size_t count;
    int rc = call_pairs(c, &pairs, &count, e);
    *h = (struct history){.count = DEFAULT_COUNT, .self = T("")};
    h->scope = (struct history_scope){c->route.type, c->route.id, INT64_MIN, INT64_MIN, INT64_MIN};
    for (size_t i = 0; !rc && i < count; i++) {
        rc = no_repeats(pairs, i, e);
        rc = rc ? rc : take(c, h, &pairs[i], e);
        bool shown = text_eq(pairs[i].name, T("_since")) || text_eq(pairs[i].name, T("_at"));
        if (!rc && shown) {
            /* Dates need no escape but '+'. */
            text zone = pairs[i].value;
            size_t plus = text_find(zone, '+');
            h->self = arena_printf(c->arena, "%.*s&%.*s=%.*s%s%.*s", TEXT_ARG(h->self),
                                   TEXT_ARG(pairs[i].name), TEXT_ARG(text_first(zone, plus)),
                                   plus < zone.n ? "%2B" : "", TEXT_ARG(text_from(zone, plus + 1)));
        }
    }
    return rc;
}

/* A paging token is good for the history it was made for. */
static text scope_of(struct call *c, const struct history *h)
{
    return arena_printf(c->arena, "history %.*s/%.*s%.*s", TEXT_ARG(fhir_type_name(c->route.type)),
                        TEXT_ARG(c->route.id), TEXT_ARG(h->self));
}

static text link_to(struct call *c, const struct history *h, text token)
{
    text type = fhir_type_name(c->route.type);
    return arena_printf(c->arena, "%.*s%s%.*s%s%.*s/_history?_count=%zu%.*s%s%.*s",
                        TEXT_ARG(c->base), type.n ? "/" : "", TEXT_ARG(type),
                        c->route.id.n ? "/" : "", TEXT_ARG(c->route.id), h->count,
                        TEXT_ARG(h->self), token.n ? "&_page=" : "", TEXT_ARG(token));
}

static int print_entry(struct call *c, const struct version *v, size_t at, struct err *e)
{
    char instant[CLOCK_INSTANT_SIZE];
    struct buf *out = &c->answer.body;
    int rc = bundle_entry(c, v, NULL, at, e);
    text type = fhir_type_name(v->type);
    const char *method = v->deleted ? "DELETE" : v->vid == 1 ? "POST" : "PUT";
    clock_instant(version_instant(v), instant);
    buf_printf(out, ",\"request\":{\"method\":\"%s\",\"url\":\"%.*s", method, TEXT_ARG(type));
    if (v->deleted || v->vid > 1) {
        buf_printf(out, "/%.*s", TEXT_ARG(v->id));
    }
    buf_printf(
        out,
        "\"},\"response\":{\"status\":\"%s\",\"etag\":\"W/\\\"%llu\\\"\",\"lastModified\":\"%s\"}}",
        status_line(v->deleted    ? 204
                    : v->vid == 1 ? 201
                                  : 200),
        (unsigned long long)v->vid, instant);
    return rc;
}

static int print_history(struct call *c, const struct history *h, const struct versions *vs,
                         uint64_t total, struct err *e)
{
    struct buf *out = &c->answer.body;
    struct bundle_link links[2] = {{"self", link_to(c, h, h->page)}, {"next", {0}}};
    if (vs->more && h->count) {
        links[1].url = link_to(c, h, token_make(c, vs->next, scope_of(c, h)));
    }
    bundle_open(out, "history", &total, links, 2);
    int rc = 0;
    for (size_t i = 0; !rc && i < vs->count; i++) {
        rc = print_entry(c, &vs->items[i], i, e);
    }
    if (vs->count) {
        buf_addc(out, ']');
    }
    bundle_close(out);
    return rc;
}

int do_history(struct call *c, struct err *e)
{
    struct history h;
    struct store_view *view;
    struct versions found = {0};
    uint64_t total = 0;
    text from = {0};
    int rc = understand(c, &h, e);
    if (!rc && h.page.n) {
        rc = token_read(c, h.page, scope_of(c, &h), &from, e);
    }
    if (!rc) {
        rc = store_view_begin(c->rest->store, c->grant, STORE_SNAPSHOT, &view, e);
    }
    if (rc) {
        return rc;
    }
    rc = store_history(view, &h.scope, h.count, from, c->arena, &found, &total, e);
    store_view_end(view);
    c->answer.status = 200;
    return rc ? rc : print_history(c, &h, &found, total, e);
}
