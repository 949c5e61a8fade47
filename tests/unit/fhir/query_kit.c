#include "search_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct index_rules kit_rules = {.base = {KIT_BASE, sizeof(KIT_BASE) - 1}};

int kit_search(const char *type, const char *query, struct arena *a, struct search *ret_search,
               struct err *e)
{
    struct limits limits = limits_default();
    struct search_pair *pairs;
    size_t count;
    fhir_type t = fhir_type_of(text_of(type));
    struct search_question q = {.types = &t, .type_count = 1, .rules = &kit_rules};
    int code = search_decode(text_of(query), &limits, a, &pairs, &count, e);
    if (code) {
        return code;
    }
    q.pairs = pairs;
    q.count = count;
    q.limits = &limits;
    return search_parse(&q, a, ret_search, e);
}

bool kit_matches(const struct search *s, const struct resource *r, struct arena *a)
{
    struct index index;
    bool matches = true;
    assert_int_equal(index_extract(r, &kit_rules, a, &index), 0);
    struct plan_subject subject = {.r = r, .index = &index, .rules = &kit_rules};
    if (s->plan.root) {
        assert_int_equal(plan_test(s->plan.root, &subject, a, &matches), 0);
    }
    return matches && s->plan.type == r->type;
}

bool kit_finds(const char *query, const char *json)
{
    struct arena a;
    struct search s;
    struct err e = {0};
    arena_init(&a, 1 << 26);
    struct resource r = kit_resource(json, &a);
    text type = arena_copy(&a, fhir_type_name(r.type));
    if (kit_search(type.p, query, &a, &s, &e)) {
        fail_msg("%s?%s: %s", type.p, query, err_text(&e));
    }
    bool result = kit_matches(&s, &r, &a);
    arena_done(&a);
    return result;
}

/* --- plans as text ------------------------------------------------------------------------- */

struct printer {
    struct buf out;
    struct arena *arena;
};

static text name_of(uint16_t number)
{
    const struct search_param *param = search_param_by_number(NULL, number);
    return param ? param->name : T("?");
}

static void bytes(struct printer *p, text t)
{
    for (size_t i = 0; i < t.n; i++) {
        unsigned char c = (unsigned char)t.p[i];
        if (c >= ' ' && c < 0x7F) {
            buf_addc(&p->out, (char)c);
        } else {
            buf_printf(&p->out, "<%02x>", c);
        }
    }
}

/* 2013-01-14T00:00Z: no more than there is. */
static void moment(struct printer *p, int64_t ms)
{
    if (ms == INT64_MIN || ms == INT64_MAX) {
        return;
    }
    text t = kit_moment(ms, p->arena);
    text_ends(t, T(":00.000Z")) ? (t.n -= 8) : t.n;
    text_ends(t, T("T00:00")) ? (t.n -= 6) : t.n;
    buf_add(&p->out, t);
}

static void stretch(struct printer *p, int64_t from, int64_t to)
{
    moment(p, from);
    buf_add(&p->out, T(".."));
    moment(p, to);
}

static void range(struct printer *p, const struct plan_node *n)
{
    text name = name_of(n->param);
    switch (n->test) {
    case PLAN_TEST_DATE:
        buf_printf(&p->out, "%.*s/%d(", TEXT_ARG(name), n->low.p[0]);
        stretch(p, n->start_from, n->start_to);
        buf_add(&p->out, T(", "));
        stretch(p, n->end_from, n->end_to);
        buf_addc(&p->out, ')');
        return;
    case PLAN_TEST_NEAR:
        buf_printf(&p->out, "near(%g %g, %g m)", n->latitude, n->longitude, n->metres);
        return;
    case PLAN_TEST_CONTAINS:
        buf_printf(&p->out, "%.*s~%.*s", TEXT_ARG(name), TEXT_ARG(n->value));
        return;
    case PLAN_TEST_NONE:
        break;
    }
    buf_printf(&p->out, "%.*s[", TEXT_ARG(name));
    bytes(p, n->low);
    buf_add(&p->out, T(".."));
    bytes(p, n->high);
    buf_addc(&p->out, ')');
}

static void quantity(struct printer *p, const struct plan_node *n)
{
    buf_printf(&p->out, "%.*s%c%.*s..%.*s%c", TEXT_ARG(name_of(n->param)),
               n->low_included ? '[' : '(', TEXT_ARG(n->low), TEXT_ARG(n->high),
               n->high_included ? ']' : ')');
    if (n->system.n || n->code.n) {
        buf_printf(&p->out, " %.*s|%.*s", TEXT_ARG(n->system), TEXT_ARG(n->code));
    }
}

static void token(struct printer *p, const struct plan_node *n)
{
    buf_printf(&p->out, "%.*s%s=", TEXT_ARG(name_of(n->param)),
               n->of_reference ? ":identifier" : "");
    if (n->kind == PLAN_SYSTEM || n->system_mode != PLAN_SYSTEM_ANY) {
        buf_printf(&p->out, "%.*s|", TEXT_ARG(n->system));
    }
    if (n->kind == PLAN_TOKEN) {
        buf_add(&p->out, n->value);
    }
}

static void target(struct printer *p, const struct plan_node *n)
{
    if (n->target) {
        buf_printf(&p->out, "%.*s/", TEXT_ARG(fhir_type_name(n->target)));
    }
    buf_add(&p->out, n->value);
}

static void print(struct printer *p, const struct plan_node *n);

static void items(struct printer *p, const struct plan_node *n, const char *open, const char *next,
                  const char *close)
{
    buf_add(&p->out, text_of(open));
    for (size_t i = 0; i < n->count; i++) {
        buf_add(&p->out, i ? text_of(next) : T(""));
        print(p, &n->items[i]);
    }
    buf_add(&p->out, text_of(close));
}

static void check(struct printer *p, const struct plan_node *n)
{
    static const char *const names[] = {"?",       "exact", "contains", "text",
                                        "of-type", "param", "tuple",    "contained"};
    buf_printf(&p->out, "%s(", n->at_end ? "ends" : names[n->check]);
    if (n->check == CHECK_CONTAINED) {
        buf_add(&p->out, fhir_type_name(n->target));
    } else {
        assert_non_null(n->checked);
        buf_add(&p->out, n->checked->name);
    }
    if (n->check == CHECK_OF_TYPE) {
        buf_printf(&p->out, ", %.*s|%.*s|%.*s", TEXT_ARG(n->system), TEXT_ARG(n->value),
                   TEXT_ARG(n->code));
    } else if (n->value.n) {
        buf_printf(&p->out, ", %.*s", TEXT_ARG(n->value));
    }
    items(p, n, "){", "; ", "}");
}

static void join(struct printer *p, const struct plan_node *n)
{
    if (n->kind == PLAN_CHAIN) {
        buf_printf(&p->out, "%.*s->%.*s", TEXT_ARG(name_of(n->param)),
                   TEXT_ARG(fhir_type_name(n->target)));
    } else {
        buf_printf(&p->out, "%.*s.%.*s<-", TEXT_ARG(fhir_type_name(n->target)),
                   TEXT_ARG(name_of(n->param)));
    }
    buf_add(&p->out, n->implied ? T("+home") : T(""));
    buf_add(&p->out, n->by_url ? T("+url") : T(""));
    assert_int_equal(n->by_url, n->target_url != 0);
    assert_int_equal(n->count, 1);
    items(p, n, "{", "", "}");
}

static void words(struct printer *p, const struct plan_node *n, const char *what)
{
    buf_printf(&p->out, "%s '%.*s'", what, TEXT_ARG(n->value));
}

static void print(struct printer *p, const struct plan_node *n)
{
    text name = name_of(n->param);
    switch (n->kind) {
    case PLAN_NONE:
        buf_add(&p->out, T("none"));
        return;
    case PLAN_ALL:
        buf_add(&p->out, T("all"));
        return;
    case PLAN_AND:
        items(p, n, "and(", ", ", ")");
        return;
    case PLAN_OR:
        items(p, n, "or(", ", ", ")");
        return;
    case PLAN_NOT:
        items(p, n, "not(", ", ", ")");
        return;
    case PLAN_ID:
        buf_printf(&p->out, "id=%.*s", TEXT_ARG(n->value));
        return;
    case PLAN_VALUE:
        buf_printf(&p->out, "%.*s=", TEXT_ARG(name));
        bytes(p, n->value);
        return;
    case PLAN_TOKEN:
    case PLAN_SYSTEM:
        token(p, n);
        return;
    case PLAN_RANGE:
        range(p, n);
        return;
    case PLAN_QUANTITY:
        quantity(p, n);
        return;
    case PLAN_EXISTS:
        buf_printf(&p->out, "has %.*s", TEXT_ARG(name));
        return;
    case PLAN_TEXT:
        buf_printf(&p->out, "%.*s:", TEXT_ARG(name));
        words(p, n, "text");
        return;
    case PLAN_REFERENCE:
        buf_printf(&p->out, "%.*s=", TEXT_ARG(name));
        target(p, n);
        return;
    case PLAN_HOME:
        buf_printf(&p->out, "home(%.*s)=", TEXT_ARG(name));
        target(p, n);
        return;
    case PLAN_HOMED:
        buf_printf(&p->out, "homed(%.*s)", TEXT_ARG(name));
        return;
    case PLAN_COMPARTMENT:
        buf_add(&p->out, T("in "));
        target(p, n);
        return;
    case PLAN_UPDATED:
        buf_add(&p->out, T("updated["));
        stretch(p, index_ms_from_1970(n->start_from), index_ms_from_1970(n->start_to));
        buf_addc(&p->out, ')');
        return;
    case PLAN_WORDS:
        words(p, n, n->narrative ? "narrative" : "words");
        return;
    case PLAN_CHAIN:
    case PLAN_HAS:
        join(p, n);
        return;
    case PLAN_CHECK:
        check(p, n);
        return;
    }
}

text kit_plan(const struct plan_node *node, struct arena *a)
{
    struct printer p = {.arena = a};
    if (!node) {
        return T("all");
    }
    buf_init(&p.out, 1 << 24);
    print(&p, node);
    text result = arena_copy(a, buf_text(&p.out));
    buf_done(&p.out);
    return result;
}

void kit_plan_is(const char *type, const char *query, const char *plan)
{
    struct arena a;
    struct search s, again;
    struct err e = {0};
    arena_init(&a, 1 << 28);
    if (kit_search(type, query, &a, &s, &e)) {
        fail_msg("%s?%s: %s", type, query, err_text(&e));
    }
    text got = kit_plan(s.plan.root, &a);
    if (!text_eq(got, text_of(plan))) {
        fail_msg("%s?%s\n got    %.*s\n wanted %s", type, query, TEXT_ARG(got), plan);
    }
    text self = arena_copy(&a, s.self);
    if (kit_search(type, self.p, &a, &again, &e)) {
        fail_msg("%s?%s: self %s: %s", type, query, self.p, err_text(&e));
    }
    if (!text_eq(kit_plan(again.plan.root, &a), got) || !text_eq(again.self, self)) {
        fail_msg("%s?%s: self %s stands for something else", type, query, self.p);
    }
    arena_done(&a);
}

void kit_refused(const char *type, const char *query, int code, const char *words)
{
    struct arena a;
    struct search s;
    struct err e = {0};
    arena_init(&a, 1 << 28);
    int got = kit_search(type, query, &a, &s, &e);
    if (got != code || e.code != code || !text_starts(text_of(err_text(&e)), text_of(words))) {
        fail_msg("%s?%s\n got    %s: %s\n wanted %s: %s", type, query, err_info(got)->name,
                 err_text(&e), err_info(code)->name, words);
    }
    arena_done(&a);
}
