/*
 * A query: the first byte chooses the type (or several), the rest is the form. What is understood
 * must have plans that are well-formed and can be run on a resource, and a self link that is
 * understood again, as the same.
 */
#include "fhir/search.h"

#include <stdlib.h>
#include <utf8proc.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CHECK(holds)    \
    do {                \
        if (!(holds)) { \
            abort();    \
        }               \
    } while (0)

static const struct index_rules rules = {.base = {"http://kith.test/fhir", 21}};

/* A small terminology, so that :in, :above and :below are read to their end. */
static int members(void *context, text value_set, struct arena *a, struct search_codes *ret_codes,
                   struct err *e)
{
    (void)context;
    struct search_code *codes = arena_zalloc(a, 2, sizeof(*codes));
    if (!codes || value_set.n > 100) {
        return err_set(e, codes ? ERR_NOT_FOUND : ERR_MEMORY, "no such value set");
    }
    codes[0] = (struct search_code){value_set, T("x")};
    codes[1] = (struct search_code){T("http://all"), T("")};
    *ret_codes = (struct search_codes){codes, 2};
    return 0;
}

static int related(void *context, text system, text code, bool above, struct arena *a,
                   struct search_codes *ret_codes, struct err *e)
{
    (void)context;
    struct search_code *codes = arena_zalloc(a, 1, sizeof(*codes));
    if (!codes) {
        return err_set(e, ERR_MEMORY, "no memory");
    }
    *codes = (struct search_code){system, above ? T("top") : code};
    *ret_codes = (struct search_codes){codes, 1};
    return 0;
}

static bool is_utf8(text t)
{
    while (t.n) {
        int32_t c;
        utf8proc_ssize_t n =
            utf8proc_iterate((const unsigned char *)t.p, (utf8proc_ssize_t)t.n, &c);
        if (n <= 0) {
            return false;
        }
        t = text_from(t, (size_t)n);
    }
    return true;
}

static int read_query(uint8_t choice, text form, struct arena *a, struct search *s)
{
    struct limits limits = limits_default();
    struct search_terms terms = {.members = members, .related = related};
    fhir_type type = choice == 'P'   ? FHIR_PATIENT
                     : choice == 'O' ? fhir_type_of(T("Observation"))
                                     : choice;
    struct search_question q = {.types = &type,
                                .type_count = type ? 1 : 0,
                                .rules = &rules,
                                .limits = &limits,
                                .terms = &terms,
                                .lenient = choice & 1};
    struct err e = {0};
    struct search_pair *pairs;
    int code = search_decode(form, &limits, a, &pairs, &q.count, &e);
    q.pairs = pairs;
    code = code ? code : search_parse(&q, a, s, &e);
    CHECK(!code || code == e.code);
    CHECK(!code || (e.detail[0] && memchr(e.detail, '\0', sizeof(e.detail))));
    CHECK(!code || is_utf8(text_of(e.detail)));
    return code;
}

static size_t inside(const struct plan_node *n)
{
    switch (n->kind) {
    case PLAN_NOT:
    case PLAN_CHAIN:
    case PLAN_HAS:
        CHECK(n->count == 1);
        break;
    case PLAN_CHECK:
        CHECK(n->count >= 1 && n->check != CHECK_NONE);
        CHECK(n->check != CHECK_CONTAINED || n->count == 2);
        CHECK(n->check != CHECK_TUPLE ||
              (n->checked->composite && n->count == 1 + (size_t)n->checked->composite->count));
        break;
    case PLAN_AND:
    case PLAN_OR:
        CHECK(n->count >= 2);
        break;
    default:
        CHECK(n->count == 0);
    }
    return n->count;
}

static void check_node(const struct plan_node *n, fhir_type type, bool candidates)
{
    CHECK(n->kind <= PLAN_CHECK && n->system_mode <= PLAN_SYSTEM_GIVEN && n->type == type);
    CHECK(!candidates || n->param == 0 || n->param >> 8 == type || n->kind == PLAN_HAS);
    if (n->kind == PLAN_RANGE) {
        CHECK(n->low.p && n->high.p);
        CHECK(n->high.n == 0 || text_cmp(n->low, n->high) <= 0);
        (void)plan_range_accepts(n, n->low);
        (void)plan_range_accepts(n, n->high);
    } else if (n->kind == PLAN_VALUE || n->kind == PLAN_TOKEN) {
        CHECK(n->value.p && n->value.n <= INDEX_VALUE_MAX && n->value.n);
    }
    size_t count = inside(n);
    for (size_t i = 0; i < count; i++) {
        bool joins = n->kind == PLAN_CHAIN || n->kind == PLAN_HAS;
        bool other = joins || (n->kind == PLAN_CHECK && n->check == CHECK_CONTAINED && i == 1);
        bool test = n->kind == PLAN_CHECK && i > 0;
        check_node(&n->items[i], other ? n->target : type, candidates && !test);
    }
}

static bool same(const struct plan_node *a, const struct plan_node *b)
{
    if (!a || !b) {
        return !a && !b;
    }
    bool equal = a->kind == b->kind && a->type == b->type && a->param == b->param &&
                 a->target == b->target && a->test == b->test && a->check == b->check &&
                 a->count == b->count && text_eq(a->value, b->value) &&
                 text_eq(a->system, b->system) && text_eq(a->code, b->code);
    for (size_t i = 0; equal && i < a->count; i++) {
        equal = same(&a->items[i], &b->items[i]);
    }
    return equal;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena a;
    struct search s, again;
    if (n == 0 || n > 8192) {
        return 0;
    }
    arena_init(&a, (size_t)1 << 28);
    if (read_query(data[0], text_make((const char *)data + 1, n - 1), &a, &s) == 0) {
        CHECK(read_query(data[0], s.self, &a, &again) == 0);
        CHECK(text_eq(s.self, again.self));
        CHECK(again.count == s.count && again.summary == s.summary && again.ignored_count == 0);
        CHECK(again.plan.sort_count == s.plan.sort_count && again.include_count == s.include_count);
        const struct plan *q = &again.plan;
        for (const struct plan *p = &s.plan; p; p = p->also, q = q->also) {
            if (p->root) {
                check_node(p->root, p->type, true);
            }
            CHECK(q && q->type == p->type && same(p->root, q->root));
        }
    }
    arena_done(&a);
    return 0;
}
