#include "rest/search.h"

#include "policy/touched.h"

#include "base/pace.h"
#include "rest/operation.h"
#include "rest/terms.h"

/*
 * search-type, search-system and compartment search (R4 http.html#search, search.html).
 *
 *   words -> search_parse() -> store_search() -> page_include() -> page_print()
 */

/* A whole node at once is nobody's question: GET [base] wants at least one word. */
static int needs_question(const struct call *c, const struct search_pair *pairs, size_t count,
                          struct err *e)
{
    for (size_t i = 0; i < count; i++) {
        if (!text_eq(pairs[i].name, T("_format")) && !text_eq(pairs[i].name, T("_pretty"))) {
            return 0;
        }
    }
    return c->route.type || c->route.compartment.type
               ? 0
               : err_set(e, ERR_REQUIRED,
                         "a search over all types needs parameters, such as "
                         "?_type=Patient,Observation&_lastUpdated=gt2026-01-01; search one type as "
                         "in /Patient?name=..., and read what this node can do at /metadata");
}

/* _joined=false is what a search is without it. */
static size_t without_joined(struct search_pair *pairs, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (!text_eq(pairs[i].name, T("_joined"))) {
            pairs[kept++] = pairs[i];
        }
    }
    return kept;
}

/* R4 search.html#summary. */
static int check_parts(const struct search *s, struct err *e)
{
    return s->summary == SUMMARY_TEXT && s->include_count
               ? err_set(e, ERR_INVALID,
                         "_summary=text cannot be mixed with _include or _revinclude (R4 "
                         "search.html#summary); leave one out")
               : 0;
}

static int understand(struct page *p, struct err *e)
{
    struct call *c = p->call;
    struct search_pair *pairs;
    size_t count;
    struct terms terms;
    struct search_terms face;
    int rc = call_pairs(c, &pairs, &count, e);
    rc = rc ? rc : needs_question(c, pairs, count, e);
    if (rc) {
        return rc;
    }
    count = without_joined(pairs, count);
    terms_init(&terms, c, &face);
    struct search_question q = {.types = &c->route.type,
                                .type_count = c->route.type ? 1 : 0,
                                .in = c->route.compartment,
                                .pairs = pairs,
                                .count = count,
                                .rules = &p->rules,
                                .limits = c->rest->limits,
                                .terms = &face,
                                .lenient = c->lenient};
    rc = search_parse(&q, c->arena, &p->search, e);
    terms_done(&terms);
    return rc ? rc : check_parts(&p->search, e);
}

static int look(struct page *p, text from, struct err *e)
{
    struct call *c = p->call;
    struct search *s = &p->search;
    bool only_total = s->summary == SUMMARY_COUNT || (s->count_given && s->count == 0);
    p->has_total = only_total || (s->total_given && s->total != TOTAL_NONE);
    int rc = store_search(p->view, &s->plan, only_total ? 0 : (size_t)s->count, from, c->arena,
                          &p->matches, p->has_total ? &p->total : NULL,
                          s->explain ? &p->explain : NULL, e);
    return !rc && s->include_count && p->matches.count ? page_include(p, e) : rc;
}

/* The patient to whom a plan is confined; empty: to nobody. */
static text confined_to(const struct plan_node *n)
{
    text patient = {0};
    if (!n) {
        return patient;
    }
    switch (n->kind) {
    case PLAN_HOME:
        return n->target == FHIR_PATIENT ? n->value : patient;
    case PLAN_COMPARTMENT:
        return n->value;
    case PLAN_REFERENCE:
        return n->target == FHIR_PATIENT ? n->value : patient;
    case PLAN_AND:
        for (size_t i = 0; i < n->count && !patient.n; i++) {
            patient = confined_to(&n->items[i]);
        }
        return patient;
    case PLAN_OR: /* the key says it, or an entry: the same patient */
        for (size_t i = 0; i < n->count; i++) {
            text one = confined_to(&n->items[i]);
            if (one.n == 0 || (patient.n && !text_eq(one, patient))) {
                return (text){0};
            }
            patient = one;
        }
        return patient;
    default:
        return patient;
    }
}

/*
 * A number, or that there is nothing, tells of a patient too: a search within one record is in that
 * patient's part of the access log whatever it found.
 */
static int touch_asked(struct page *p, struct err *e)
{
    text patient = confined_to(p->search.plan.root);
    return patient.n ? operation_touch(p->call, patient, e) : 0;
}

static int run(struct page *p, struct err *e)
{
    struct call *c = p->call;
    text from = {0};
    if (p->search.page.n) {
        text scope = page_scope(p);
        int rc = scope.p ? token_read(c, p->search.page, scope, &from, e) : page_no_memory(e);
        if (rc) {
            return rc;
        }
    }
    int rc = store_view_begin(c->rest->store, c->grant, STORE_SNAPSHOT, &p->view, e);
    if (rc) {
        return rc;
    }
    rc = look(p, from, e);
    store_view_end(p->view);
    return rc || p->matches.count ? rc : touch_asked(p, e);
}

int do_search(struct call *c, struct err *e)
{
    struct page p = {.call = c, .rules = call_rules(c)};
    bool joined = false;
    int rc = joined_wanted(c, &joined, e);
    if (joined && !rc) {
        return do_joined_search(c, e);
    }
    rc = rc ? rc : understand(&p, e);
    if (rc) {
        return rc;
    }
    map_init(&p.seen);
    arena_init(&p.scratch, (size_t)c->rest->limits->request_memory);
    rc = run(&p, e);
    pace_give_way();
    rc = rc ? rc : page_print(&p, e);
    arena_done(&p.scratch);
    map_done(&p.seen);
    c->answer.status = 200;
    return rc;
}
