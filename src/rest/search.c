#include "rest/call.h"

#include "base/clock.h"
#include "base/map.h"
#include "base/metrics.h"

/* search-type and compartment search, with _include and _revinclude (R4 search.html). */

enum { DEFAULT_COUNT = 50 };

struct page {
    struct call *call;
    struct search search;
    struct store_view *view;
    struct versions matches;
    uint64_t total;
    bool has_total;
    struct map seen; /* "Type/id" of what is on the page */
    struct version *included;
    size_t included_count;
    size_t included_capacity;
};

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY,
                   "the reply needs more memory than it may have; ask for fewer with _count");
}

static int see(struct page *p, fhir_type type, text id, bool *ret_new, struct err *e)
{
    text key =
        arena_printf(p->call->arena, "%.*s/%.*s", TEXT_ARG(fhir_type_name(type)), TEXT_ARG(id));
    if (!key.p || !map_put(&p->seen, key, ret_new)) {
        return no_memory(e);
    }
    return 0;
}

static int include(struct page *p, const struct version *v, struct err *e)
{
    struct call *c = p->call;
    if (p->included_count == c->rest->limits->include_entries) {
        return err_set(
            e, ERR_TOO_COSTLY,
            "_include and _revinclude would bring more than %llu resources; ask for fewer matches "
            "with _count",
            (unsigned long long)c->rest->limits->include_entries);
    }
    struct version *items =
        arena_grow(c->arena, p->included, p->included_count, &p->included_capacity, sizeof *items);
    if (!items) {
        return no_memory(e);
    }
    p->included = items;
    p->included[p->included_count++] = *v;
    return 0;
}

static int include_target(struct page *p, fhir_type type, text id, struct err *e)
{
    bool is_new;
    struct version v;
    int rc = see(p, type, id, &is_new, e);
    if (rc || !is_new) {
        return rc;
    }
    rc = store_read(p->view, type, id, p->call->arena, &v, e);
    if (rc == ERR_NOT_FOUND || (!rc && v.deleted)) {
        return 0; /* the reference leads nowhere on this node */
    }
    return rc ? rc : include(p, &v, e);
}

static int tree_of(struct call *c, const struct version *v, struct resource *ret, struct err *e)
{
    struct buf json;
    buf_init(&json, (size_t)c->rest->limits->resource_bytes * 2);
    int rc = print_version(v, &json, e);
    text copy = rc ? (text){0} : arena_copy(c->arena, buf_text(&json));
    buf_done(&json);
    if (!rc && !copy.p) {
        rc = no_memory(e);
    }
    *ret = (struct resource){.type = v->type, .id = v->id};
    return rc ? rc : json_read(copy, (size_t)c->rest->limits->json_depth, c->arena, &ret->root, e);
}

static int run_include(struct page *p, const struct search_include *inc, struct err *e)
{
    struct call *c = p->call;
    for (size_t i = 0; i < p->matches.count; i++) {
        struct resource r;
        struct search_target *targets;
        size_t count;
        if (p->matches.items[i].type != inc->source) {
            continue;
        }
        int rc = tree_of(c, &p->matches.items[i], &r, e);
        if (!rc && search_targets(&r, inc->param, c->base, c->arena, &targets, &count)) {
            rc = no_memory(e);
        }
        for (size_t k = 0; !rc && k < count; k++) {
            if (!inc->target || inc->target == targets[k].type) {
                rc = include_target(p, targets[k].type, targets[k].id, e);
            }
        }
        if (rc) {
            return rc;
        }
    }
    return 0;
}

/* The same words as a client would search with: so that an implied parameter is understood here
 * too. */
static int revinclude_plan(struct page *p, const struct search_include *inc, struct search *ret,
                           struct err *e)
{
    struct call *c = p->call;
    struct buf value;
    buf_init(&value, 1 << 20);
    for (size_t i = 0; i < p->matches.count; i++) {
        const struct version *v = &p->matches.items[i];
        buf_printf(&value, "%s%.*s/%.*s", i ? "," : "", TEXT_ARG(fhir_type_name(v->type)),
                   TEXT_ARG(v->id));
    }
    text copy = buf_failed(&value) ? (text){0} : arena_copy(c->arena, buf_text(&value));
    buf_done(&value);
    if (!copy.p) {
        return no_memory(e);
    }
    struct search_pair pair = {inc->param->name, copy};
    return search_parse(inc->source, (struct search_compartment){0}, &pair, 1, c->base,
                        c->rest->limits, c->arena, ret, e);
}

static int run_revinclude(struct page *p, const struct search_include *inc, struct err *e)
{
    struct search search;
    struct versions found;
    struct call *c = p->call;
    if (p->matches.count == 0) {
        return 0;
    }
    int rc = revinclude_plan(p, inc, &search, e);
    if (!rc) {
        rc = store_search(p->view, &search.plan, (size_t)c->rest->limits->include_entries + 1,
                          (text){0}, c->arena, &found, NULL, e);
    }
    for (size_t i = 0; !rc && i < found.count; i++) {
        bool is_new;
        rc = see(p, found.items[i].type, found.items[i].id, &is_new, e);
        if (!rc && is_new) {
            rc = include(p, &found.items[i], e);
        }
    }
    return rc;
}

static int run_includes(struct page *p, struct err *e)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < p->matches.count; i++) {
        bool is_new;
        rc = see(p, p->matches.items[i].type, p->matches.items[i].id, &is_new, e);
    }
    for (size_t i = 0; !rc && i < p->search.include_count; i++) {
        const struct search_include *inc = &p->search.includes[i];
        rc = inc->reverse ? run_revinclude(p, inc, e) : run_include(p, inc, e);
    }
    return rc;
}

static int run(struct page *p, struct err *e)
{
    struct call *c = p->call;
    struct search *s = &p->search;
    text from = {0};
    int64_t start = clock_mono_ns();
    bool only_total = s->summary == SUMMARY_COUNT || (s->count_given && s->count == 0);
    p->has_total = only_total || (s->total_given && s->total != TOTAL_NONE);
    if (s->page.n) {
        int rc = token_read(c, s->page, s->self, &from, e);
        if (rc) {
            return rc;
        }
    }
    size_t count = only_total ? 0 : s->count_given ? (size_t)s->count : DEFAULT_COUNT;
    int rc = store_view_begin(c->rest->store, c->grant, STORE_SNAPSHOT, &p->view, e);
    if (rc) {
        return rc;
    }
    rc = store_search(p->view, &s->plan, count, from, c->arena, &p->matches,
                      p->has_total ? &p->total : NULL, e);
    if (!rc && s->include_count) {
        rc = run_includes(p, e);
    }
    store_view_end(p->view);
    metric_observe(METRIC_search_seconds, clock_mono_ns() - start);
    return rc;
}

static text link_to(struct page *p, text token)
{
    struct call *c = p->call;
    const struct search_compartment *in = &c->route.compartment;
    text scope = in->type ? arena_printf(c->arena, "%.*s/%.*s/", TEXT_ARG(fhir_type_name(in->type)),
                                         TEXT_ARG(in->id))
                          : T("");
    text self = p->search.self;
    return arena_printf(c->arena, "%.*s/%.*s%.*s%s%.*s%s%.*s", TEXT_ARG(c->base), TEXT_ARG(scope),
                        TEXT_ARG(fhir_type_name(c->route.type)), self.n || token.n ? "?" : "",
                        TEXT_ARG(self), token.n ? (self.n ? "&_page=" : "_page=") : "",
                        TEXT_ARG(token));
}

static int print_entry(struct page *p, const struct version *v, size_t at, const char *mode,
                       struct err *e)
{
    struct call *c = p->call;
    int rc = bundle_entry(c, v, at, e);
    buf_printf(&c->answer.body, ",\"search\":{\"mode\":\"%s\"}}", mode);
    return rc;
}

static int print_page(struct page *p, struct err *e)
{
    struct call *c = p->call;
    struct buf *out = &c->answer.body;
    struct bundle_link links[2] = {{"self", link_to(p, p->search.page)}, {"next", {0}}};
    if (p->matches.more) {
        links[1].url = link_to(p, token_make(c, p->matches.next, p->search.self));
    }
    if (!links[0].url.p || (p->matches.more && !links[1].url.p)) {
        return no_memory(e);
    }
    bundle_open(out, "searchset", p->has_total ? &p->total : NULL, links, 2);
    size_t at = 0;
    int rc = 0;
    for (size_t i = 0; !rc && i < p->matches.count; i++) {
        rc = print_entry(p, &p->matches.items[i], at++, "match", e);
    }
    for (size_t i = 0; !rc && i < p->included_count; i++) {
        rc = print_entry(p, &p->included[i], at++, "include", e);
    }
    if (at) {
        buf_addc(out, ']');
    }
    bundle_close(out);
    return rc;
}

int do_search(struct call *c, struct err *e)
{
    struct page p = {.call = c};
    struct search_pair *pairs;
    size_t count;
    int rc = call_pairs(c, &pairs, &count, e);
    if (!rc) {
        rc = search_parse(c->route.type, c->route.compartment, pairs, count, c->base,
                          c->rest->limits, c->arena, &p.search, e);
    }
    if (rc) {
        return rc;
    }
    map_init(&p.seen);
    rc = run(&p, e);
    map_done(&p.seen);
    c->answer.status = 200;
    return rc ? rc : print_page(&p, e);
}
