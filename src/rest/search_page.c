#include "rest/search.h"
#include "rest/withheld.h"

/* The searchset of a search (R4 http.html#paging, search.html#errors): links, matches, what is
 * included, and one OperationOutcome for what else there is to say. */

/* [base], [base]/Patient, [base]/Patient/1/Observation or [base]/Patient/1/'*' */
static text address(struct page *p)
{
    struct call *c = p->call;
    const struct search_compartment *in = &c->route.compartment;
    text type = c->route.type ? fhir_type_name(c->route.type) : T("*");
    if (in->type) {
        return arena_printf(c->arena, "%.*s/%.*s/%.*s/%.*s", TEXT_ARG(c->base),
                            TEXT_ARG(fhir_type_name(in->type)), TEXT_ARG(in->id), TEXT_ARG(type));
    }
    return c->route.type ? arena_printf(c->arena, "%.*s/%.*s", TEXT_ARG(c->base), TEXT_ARG(type))
                         : c->base;
}

/* The part of the self link that says what is found: what stands behind it (search_self.c) only
 * says how it is shown. */
static text what_is_found(text self)
{
    static const char *const shown[] = {"_explain=", "_format=", "_pretty="};
    text rest = self;
    text item;
    size_t n = 0;
    while (text_cut(&rest, '&', &item)) {
        for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
            if (text_starts(item, text_of(shown[i]))) {
                return text_first(self, n ? n - 1 : 0);
            }
        }
        n += item.n + 1;
    }
    return self;
}

text page_scope(struct page *p)
{
    text at = address(p);
    text found = what_is_found(p->search.self);
    /* Without the base: a node may have several names. */
    const text parts[] = {T("search "), text_from(at, p->call->base.n), T("?"), found};
    return at.p ? arena_join(p->call->arena, parts, 4) : at;
}

static text link_to(struct page *p, text token)
{
    text at = address(p);
    text self = p->search.self;
    const text parts[] = {at, self.n || token.n ? T("?") : T(""), self,
                          token.n ? (self.n ? T("&_page=") : T("_page=")) : T(""), token};
    return at.p ? arena_join(p->call->arena, parts, 5) : at;
}

/* --- entries ------------------------------------------------------------------------------- */

int page_part(struct page *p, fhir_type type, bool is_match, struct subset *ret, struct err *e)
{
    const struct search *s = &p->search;
    text *names = arena_alloc(&p->scratch, (s->element_count + 1) * sizeof *names);
    if (!names) {
        return page_no_memory(e);
    }
    *ret = (struct subset){.summary = s->summary, .elements = names};
    for (size_t i = 0; i < s->element_count; i++) {
        text name = s->elements[i];
        size_t dot = text_find(name, '.');
        if (dot == name.n && is_match) {
            names[ret->element_count++] = name;
        } else if (dot < name.n && fhir_type_of(text_first(name, dot)) == type) {
            names[ret->element_count++] = text_from(name, dot + 1);
        }
    }
    return 0;
}

int page_print_entry(struct page *p, const struct version *v, size_t at, bool is_match,
                     struct err *e)
{
    struct call *c = p->call;
    struct subset part;
    arena_reset(&p->scratch);
    int rc = page_part(p, v->type, is_match, &part, e);
    if (rc) {
        return rc;
    }
    /* The tree of a part is needed for a moment only. */
    struct arena *whole = c->arena;
    c->arena = &p->scratch;
    rc = bundle_entry(c, v, &part, at, e);
    c->arena = whole;
    buf_printf(&c->answer.body, ",\"search\":{\"mode\":\"%s\"}}", is_match ? "match" : "include");
    return rc;
}

/* --- what else there is to say ------------------------------------------------------------- */

static void add_issue(struct buf *out, bool *any, const char *severity, const char *code,
                      text details, text diagnostics)
{
    buf_printf(out,
               "%s{\"severity\":\"%s\",\"code\":\"%s\",\"details\":{\"text\":", *any ? "," : "",
               severity, code);
    json_write_string(details, out);
    buf_addc(out, '}');
    if (diagnostics.n) {
        buf_add(out, T(",\"diagnostics\":"));
        json_write_string(diagnostics, out);
    }
    buf_addc(out, '}');
    *any = true;
}

static int add_step(struct page *p, struct buf *out, bool *any, const struct store_explain_step *s,
                    struct err *e)
{
    struct arena *a = p->call->arena;
    text estimate = s->estimate == UINT64_MAX
                        ? T("-")
                        : arena_printf(a, "%llu", (unsigned long long)s->estimate);
    text line = arena_printf(a, "depth=%u estimate=%.*s visited=%llu kept=%llu microseconds=%lld",
                             s->depth, TEXT_ARG(estimate), (unsigned long long)s->visited,
                             (unsigned long long)s->kept, (long long)(s->ns / 1000));
    if (!estimate.p || !line.p) {
        return page_no_memory(e);
    }
    add_issue(out, any, "information", "informational", s->what, line);
    return 0;
}

/* docs/operations.md, "Why is this search slow": the whole, then a step an issue. */
static int add_explanation(struct page *p, struct buf *out, bool *any, struct err *e)
{
    const struct store_explain *x = &p->explain;
    struct arena *a = p->call->arena;
    text line =
        arena_printf(a, "visited=%llu matches=%zu microseconds=%lld",
                     (unsigned long long)x->visited, p->matches.count, (long long)(x->ns / 1000));
    if (!line.p) {
        return page_no_memory(e);
    }
    add_issue(out, any, "information", "informational",
              T("how the search was run: first the whole, then a step each, in their order"), line);
    int rc = 0;
    for (size_t i = 0; !rc && i < x->count; i++) {
        rc = add_step(p, out, any, &x->steps[i], e);
    }
    if (!rc && p->search.include_count) {
        struct store_explain_step step = {.what = T("_include and _revinclude"),
                                          .estimate = UINT64_MAX,
                                          .visited = p->matches.count,
                                          .kept = p->included_count,
                                          .ns = p->include_ns};
        rc = add_step(p, out, any, &step, e);
    }
    return rc;
}

static int print_outcome(struct page *p, size_t *at, struct err *e)
{
    const struct search *s = &p->search;
    struct buf *out = &p->call->answer.body;
    bool any = false;
    bool withheld = false;
    int rc = withheld_from_call(p->call, &withheld, e);
    if (rc || (!s->ignored_count && !s->explain && !withheld)) {
        return rc;
    }
    buf_add(out, (*at)++ ? T(",") : T(",\"entry\":["));
    buf_add(out, T("{\"resource\":{\"resourceType\":\"OperationOutcome\",\"issue\":["));
    for (size_t i = 0; i < s->ignored_count; i++) {
        add_issue(out, &any, "warning", "not-supported", s->ignored[i], T(""));
    }
    if (withheld) {
        buf_add(out, any ? T("," WITHHELD_ISSUE) : T(WITHHELD_ISSUE));
        any = true;
    }
    if (s->explain) {
        rc = add_explanation(p, out, &any, e);
    }
    buf_add(out, T("]},\"search\":{\"mode\":\"outcome\"}}"));
    return rc;
}

/* --- the page ------------------------------------------------------------------------------ */

static int print_links(struct page *p, struct err *e)
{
    struct call *c = p->call;
    struct bundle_link links[3] = {
        {"self", link_to(p, p->search.page)}, {"first", link_to(p, T(""))}, {"next", {0}}};
    if (p->matches.more) {
        text scope = page_scope(p);
        text token = scope.p ? token_make(c, p->matches.next, scope) : scope;
        links[2].url = token.p ? link_to(p, token) : token;
    }
    if (!links[0].url.p || !links[1].url.p || (p->matches.more && !links[2].url.p)) {
        return page_no_memory(e);
    }
    bundle_open(&c->answer.body, "searchset", p->has_total ? &p->total : NULL, links, 3);
    return 0;
}

int page_print(struct page *p, struct err *e)
{
    size_t at = 0;
    int rc = print_links(p, e);
    for (size_t i = 0; !rc && i < p->matches.count; i++) {
        rc = p->search.contained_only ? page_print_contained(p, &p->matches.items[i], &at, e)
                                      : page_print_entry(p, &p->matches.items[i], at++, true, e);
    }
    for (size_t i = 0; !rc && i < p->included_count; i++) {
        rc = page_print_entry(p, &p->included[i], at++, false, e);
    }
    rc = rc ? rc : print_outcome(p, &at, e);
    if (at) {
        buf_addc(&p->call->answer.body, ']');
    }
    bundle_close(&p->call->answer.body);
    return rc;
}
