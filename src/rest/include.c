#include "rest/search.h"

#include "base/clock.h"
#include "base/pace.h"
#include "fhir/reference.h"
#include "fhir/search_custom.h"

/*
 * _include and _revinclude (R4 search.html#revinclude).
 *
 * Rounds: in the first, every parameter follows the matches; in each further one those with
 * :iterate follow what the round before brought, until it brought nothing new. So each resource is
 * parsed once, and each is followed once by each parameter.
 */

enum { FRONTS_A_SEARCH = 200 };

/* A resource that is being followed. */
struct front {
    fhir_type type;
    text id;
    text url; /* its canonical URL; empty: it has none */
};

struct wanted {
    fhir_type type;
    text name; /* an id, or a canonical URL */
};

struct wants {
    struct wanted *items;
    size_t count;
    size_t capacity;
};

struct round {
    struct page *page;
    const struct version *versions;
    size_t count;
    bool first;
    struct front *fronts;
    struct wants ids;
    struct wants urls;
    int64_t deadline; /* clock_mono_ns() */
};

int page_no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY,
                   "the reply needs more memory than it may have; ask for fewer with _count");
}

static int in_time(const struct round *r, struct err *e)
{
    return clock_mono_ns() < r->deadline
               ? 0
               : err_set(e, ERR_TOO_COSTLY,
                         "_include and _revinclude took longer than %llu seconds; ask for fewer "
                         "matches with _count, or name the parameters instead of '*'",
                         (unsigned long long)r->page->call->rest->limits->search_seconds);
}

/* --- what is on the page ------------------------------------------------------------------- */

static int see(struct page *p, fhir_type type, char between, text id, bool *ret_new, struct err *e)
{
    text key = arena_printf(p->call->arena, "%.*s%c%.*s", TEXT_ARG(fhir_type_name(type)), between,
                            TEXT_ARG(id));
    return key.p && map_put(&p->seen, key, ret_new) ? 0 : page_no_memory(e);
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
        return page_no_memory(e);
    }
    p->included = items;
    p->included[p->included_count++] = *v;
    return 0;
}

/* Each result of a plan that is not on the page yet. */
static int include_found(struct round *r, const struct plan *plan, struct err *e)
{
    struct page *p = r->page;
    struct versions found = {.more = true};
    while (found.more) {
        size_t most = (size_t)p->call->rest->limits->page_entries;
        int rc = in_time(r, e);
        rc = rc ? rc
                : store_search(p->view, plan, most, found.next, p->call->arena, &found, NULL, NULL,
                               e);
        for (size_t i = 0; !rc && i < found.count; i++) {
            bool is_new;
            rc = see(p, found.items[i].type, '/', found.items[i].id, &is_new, e);
            rc = !rc && is_new ? include(p, &found.items[i], e) : rc;
        }
        if (rc) {
            return rc;
        }
    }
    return 0;
}

/* --- forward ------------------------------------------------------------------------------- */

static int want(struct round *r, struct wants *list, fhir_type type, text name, struct err *e)
{
    bool is_new;
    struct arena *a = r->page->call->arena;
    int rc = see(r->page, type, list == &r->urls ? '|' : '/', name, &is_new, e);
    if (rc || !is_new) {
        return rc;
    }
    struct wanted *items = arena_grow(a, list->items, list->count, &list->capacity, sizeof *items);
    text copy = arena_copy(a, name);
    if (!items || !copy.p) {
        return page_no_memory(e);
    }
    list->items = items;
    items[list->count++] = (struct wanted){type, copy};
    return 0;
}

static const struct search_param *url_param(const struct page *p, fhir_type type)
{
    const struct search_param *param = search_param_of(p->rules.customs, type, T("url"));
    return param && param->type == SEARCH_URI ? param : NULL;
}

/* A canonical: whichever of the types that it may mean has that URL; its version does not matter.
 */
static int want_url(struct round *r, const struct search_param *param, fhir_type only, text url,
                    struct err *e)
{
    text plain = text_first(url, text_find(url, '|'));
    int rc = 0;
    for (unsigned t = 1; !rc && t < fhir_type_count(); t++) {
        fhir_type type = (fhir_type)t;
        if ((!only || only == type) && search_may_target(param, type) && url_param(r->page, type)) {
            rc = want(r, &r->urls, type, plain, e);
        }
    }
    return rc;
}

/* A canonical that is the address of a resource of this node leads to that one, too. */
static int follow_url(struct round *r, const struct search_param *param, fhir_type only, text url,
                      struct err *e)
{
    struct reference ref =
        reference_parse(text_first(url, text_find(url, '|')), r->page->rules.base);
    bool here = ref.kind == REFERENCE_LOCAL && (!only || only == ref.type) &&
                search_may_target(param, ref.type);
    int rc = here ? want(r, &r->ids, ref.type, ref.id, e) : 0;
    return rc ? rc : want_url(r, param, only, url, e);
}

static int follow_param(struct round *r, const struct resource *res,
                        const struct search_param *param, fhir_type only, struct err *e)
{
    struct search_target *targets;
    size_t count;
    struct page *p = r->page;
    if (search_targets(res, param, &p->rules, &p->scratch, &targets, &count)) {
        return page_no_memory(e);
    }
    int rc = 0;
    for (size_t i = 0; !rc && i < count; i++) {
        if (!targets[i].type) {
            rc = follow_url(r, param, only, targets[i].id, e);
        } else if (!only || only == targets[i].type) {
            rc = want(r, &r->ids, targets[i].type, targets[i].id, e);
        }
    }
    return rc;
}

/* Calls `use` with every reference parameter of a type, the added ones too. */
static int each_reference(const struct page *p, fhir_type type,
                          int (*use)(void *context, const struct search_param *param,
                                     struct err *e),
                          void *context, struct err *e)
{
    size_t count;
    int rc = 0;
    const struct search_param *params = search_params(type, &count);
    for (size_t i = 0; !rc && i < count; i++) {
        rc = params[i].type == SEARCH_REFERENCE ? use(context, &params[i], e) : 0;
    }
    const struct search_custom *const *customs =
        p->rules.customs ? search_customs_of(p->rules.customs, type, &count) : NULL;
    for (size_t i = 0; !rc && customs && i < count; i++) {
        if (customs[i]->usable && customs[i]->param.type == SEARCH_REFERENCE) {
            rc = use(context, &customs[i]->param, e);
        }
    }
    return rc;
}

struct following {
    struct round *round;
    const struct resource *resource;
    fhir_type only;
};

static int follow_each(void *context, const struct search_param *param, struct err *e)
{
    struct following *f = context;
    return follow_param(f->round, f->resource, param, f->only, e);
}

static bool applies(const struct round *r, const struct search_include *inc, bool reverse)
{
    return inc->reverse == reverse && (r->first || inc->iterate);
}

static bool needs_tree(const struct round *r, const struct version *v)
{
    const struct search *s = &r->page->search;
    bool has_url = url_param(r->page, v->type) != NULL;
    for (size_t i = 0; i < s->include_count; i++) {
        const struct search_include *inc = &s->includes[i];
        bool from = !inc->source || inc->source == v->type;
        if ((applies(r, inc, false) && from) || (applies(r, inc, true) && has_url)) {
            return true;
        }
    }
    return false;
}

/* One resource: its tree is read once for all parameters. */
static int follow(struct round *r, const struct version *v, struct front *ret_front, struct err *e)
{
    struct page *p = r->page;
    struct call *c = p->call;
    struct resource res = {.type = v->type, .id = v->id};
    *ret_front = (struct front){v->type, v->id, {0}};
    if (!needs_tree(r, v)) {
        return 0;
    }
    pace_give_way();
    arena_reset(&p->scratch);
    int rc = version_tree(v, c->rest->limits, &p->scratch, &res.root, e);
    res.meta = rc ? NULL : json_get(res.root, T("meta"));
    text url = rc || !url_param(p, v->type) ? (text){0} : json_text(json_get(res.root, T("url")));
    if (url.n) {
        ret_front->url = arena_copy(c->arena, url);
        rc = ret_front->url.p ? 0 : page_no_memory(e);
    }
    for (size_t i = 0; !rc && i < p->search.include_count; i++) {
        const struct search_include *inc = &p->search.includes[i];
        struct following f = {r, &res, inc->target};
        if (!applies(r, inc, false) || (inc->source && inc->source != v->type)) {
            continue;
        }
        rc = inc->param ? follow_param(r, &res, inc->param, inc->target, e)
                        : each_reference(p, v->type, follow_each, &f, e);
    }
    return rc;
}

static int read_wanted(struct round *r, struct err *e)
{
    struct page *p = r->page;
    for (size_t i = 0; i < r->ids.count; i++) {
        struct version v;
        const struct wanted *w = &r->ids.items[i];
        pace_give_way();
        int rc = store_read(p->view, w->type, w->name, p->call->arena, &v, e);
        if (rc == ERR_NOT_FOUND || (!rc && v.deleted)) {
            continue; /* the reference leads nowhere on this node */
        }
        rc = rc ? rc : include(p, &v, e);
        rc = rc || i % 64 ? rc : in_time(r, e);
        if (rc) {
            return rc;
        }
    }
    return 0;
}

/* One search a type for all its URLs. */
static int find_urls(struct round *r, fhir_type type, struct err *e)
{
    struct arena *a = r->page->call->arena;
    const struct search_param *param = url_param(r->page, type);
    struct plan_node *root = arena_zalloc(a, 1, sizeof *root);
    struct plan_node *items = arena_zalloc(a, r->urls.count + 1, sizeof *items);
    if (!root || !items || !param) {
        return page_no_memory(e);
    }
    *root = (struct plan_node){.kind = PLAN_OR, .type = type, .items = items};
    for (size_t i = 0; i < r->urls.count; i++) {
        const struct wanted *w = &r->urls.items[i];
        if (w->type != type) {
            continue;
        }
        text value = index_uri(w->name, a);
        if (!value.p) {
            return page_no_memory(e);
        }
        items[root->count++] = (struct plan_node){
            .kind = PLAN_VALUE, .type = type, .param = param->number, .value = value};
    }
    struct plan plan = {.type = type, .root = root};
    return root->count ? include_found(r, &plan, e) : 0;
}

/* --- backward ------------------------------------------------------------------------------ */

struct backward {
    struct round *round;
    const struct search_include *inc;
    fhir_type source;
    size_t from; /* fronts [from, to) */
    size_t to;
    struct plan_node *items;
    size_t count;
    size_t capacity;
};

static int backward_add(struct backward *b, const struct plan_node *node, struct err *e)
{
    struct plan_node *items =
        arena_grow(b->round->page->call->arena, b->items, b->count, &b->capacity, sizeof *items);
    if (!items) {
        return page_no_memory(e);
    }
    b->items = items;
    items[b->count++] = *node;
    return 0;
}

/* The same words as a client would search with: so an implied parameter is understood here too. */
static int backward_plan(struct backward *b, const struct search_param *param, text value,
                         struct err *e)
{
    struct page *p = b->round->page;
    struct call *c = p->call;
    struct search_pair pair = {param->name, value};
    struct limits limits = *c->rest->limits; /* the words are ours, not the client's */
    limits.search_values = FRONTS_A_SEARCH;
    struct search_question q = {.types = &b->source,
                                .type_count = 1,
                                .pairs = &pair,
                                .count = 1,
                                .rules = &p->rules,
                                .limits = &limits};
    struct plan plan = {0};
    int rc = search_parse_criteria(&q, c->arena, &plan, e);
    if (rc) {
        return rc;
    }
    return plan.root ? backward_add(b, plan.root, e) : page_no_memory(e);
}

static bool is_asked(const struct backward *b, const struct search_param *param,
                     const struct front *f)
{
    return search_may_target(param, f->type) && (!b->inc->target || b->inc->target == f->type);
}

/* By their URLs, whatever these look like: as words of a query not all of them would be understood.
 */
static int backward_urls(struct backward *b, const struct search_param *param, uint16_t number,
                         struct err *e)
{
    int rc = 0;
    for (size_t i = b->from; !rc && i < b->to; i++) {
        const struct front *f = &b->round->fronts[i];
        struct plan_node leaf = {
            .kind = PLAN_REFERENCE, .type = b->source, .param = number, .value = f->url};
        rc = f->url.n && is_asked(b, param, f) ? backward_add(b, &leaf, e) : 0;
    }
    return rc;
}

static int backward_param(void *context, const struct search_param *param, struct err *e)
{
    struct backward *b = context;
    struct buf value;
    buf_init(&value, 4 << 20);
    for (size_t i = b->from; i < b->to; i++) {
        const struct front *f = &b->round->fronts[i];
        if (is_asked(b, param, f)) {
            buf_printf(&value, "%s%.*s/%.*s", value.n ? "," : "", TEXT_ARG(fhir_type_name(f->type)),
                       TEXT_ARG(f->id));
        }
    }
    bool any = value.n > 0;
    text copy = buf_failed(&value) ? (text){0}
                : any              ? arena_copy(b->round->page->call->arena, buf_text(&value))
                                   : T("");
    buf_done(&value);
    if (!copy.p) {
        return page_no_memory(e);
    }
    int rc = any ? backward_plan(b, param, copy, e) : 0;
    if (!param->parts) {
        return rc ? rc : backward_urls(b, param, param->number, e);
    }
    for (const uint16_t *part = param->parts; !rc && *part; part++) {
        rc = backward_urls(b, param, *part, e);
    }
    return rc;
}

/* All of one type that refer to some of the fronts, by one parameter or by any. */
static int backward_type(struct round *r, const struct search_include *inc, fhir_type source,
                         struct err *e)
{
    for (size_t from = 0; from < r->count; from += FRONTS_A_SEARCH) {
        size_t to = from + FRONTS_A_SEARCH < r->count ? from + FRONTS_A_SEARCH : r->count;
        struct backward b = {.round = r, .inc = inc, .source = source, .from = from, .to = to};
        int rc = inc->param ? backward_param(&b, inc->param, e)
                            : each_reference(r->page, source, backward_param, &b, e);
        if (!rc && b.count) {
            struct plan_node root = {
                .kind = PLAN_OR, .type = source, .items = b.items, .count = b.count};
            struct plan plan = {.type = source, .root = b.count == 1 ? b.items : &root};
            rc = include_found(r, &plan, e);
        }
        if (rc) {
            return rc;
        }
    }
    return 0;
}

static int backward_all(struct round *r, struct err *e)
{
    struct page *p = r->page;
    int rc = 0;
    for (size_t i = 0; !rc && i < p->search.include_count; i++) {
        const struct search_include *inc = &p->search.includes[i];
        if (!applies(r, inc, true)) {
            continue;
        }
        if (inc->source) {
            rc = backward_type(r, inc, inc->source, e);
        }
        for (unsigned t = 1; !rc && !inc->source && t < fhir_type_count(); t++) {
            rc = backward_type(r, inc, (fhir_type)t, e);
        }
    }
    return rc;
}

/* --- rounds -------------------------------------------------------------------------------- */

static int run_round(struct round *r, struct err *e)
{
    int rc = 0;
    r->fronts = arena_zalloc(r->page->call->arena, r->count + 1, sizeof *r->fronts);
    if (!r->fronts) {
        return page_no_memory(e);
    }
    for (size_t i = 0; !rc && i < r->count; i++) {
        rc = follow(r, &r->versions[i], &r->fronts[i], e);
        rc = rc || i % 64 ? rc : in_time(r, e);
    }
    rc = rc ? rc : read_wanted(r, e);
    for (unsigned t = 1; !rc && r->urls.count && t < fhir_type_count(); t++) {
        rc = url_param(r->page, (fhir_type)t) ? find_urls(r, (fhir_type)t, e) : 0;
    }
    return rc ? rc : backward_all(r, e);
}

static bool iterates(const struct search *s)
{
    for (size_t i = 0; i < s->include_count; i++) {
        if (s->includes[i].iterate) {
            return true;
        }
    }
    return false;
}

int page_include(struct page *p, struct err *e)
{
    int64_t start = clock_mono_ns();
    int64_t deadline = start + (int64_t)p->call->rest->limits->search_seconds * 1000000000;
    struct round r = {.page = p,
                      .versions = p->matches.items,
                      .count = p->matches.count,
                      .first = true,
                      .deadline = deadline};
    int rc = 0;
    for (size_t i = 0; !rc && i < p->matches.count; i++) {
        bool is_new;
        rc = see(p, p->matches.items[i].type, '/', p->matches.items[i].id, &is_new, e);
    }
    while (!rc && r.count) {
        size_t before = p->included_count;
        rc = run_round(&r, e);
        size_t brought = iterates(&p->search) ? p->included_count - before : 0;
        /* The list of included resources may move while it grows: the next round has its own. */
        struct version *next = arena_zalloc(p->call->arena, brought + 1, sizeof *next);
        if (!rc && !next) {
            rc = page_no_memory(e);
        }
        if (!rc && brought) {
            memcpy(next, p->included + before, brought * sizeof *next);
        }
        r = (struct round){.page = p, .versions = next, .count = brought, .deadline = deadline};
    }
    p->include_ns = clock_mono_ns() - start;
    return rc;
}
