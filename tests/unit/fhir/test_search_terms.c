/* :in, :not-in, :above and :below of codes: what a terminology says becomes part of the plan. */
#include "search_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { LARGE = 15000 };

static const struct search_code colours[] = {
    {{"http://c", 8}, {"red", 3}}, {{"http://c", 8}, {"Blue", 4}}, {{"http://all", 10}, {"", 0}}};

static int members(void *context, text value_set, struct arena *a, struct search_codes *ret_codes,
                   struct err *e)
{
    (void)context;
    ret_codes->items = arena_zalloc(a, LARGE, sizeof(*ret_codes->items));
    assert_non_null(ret_codes->items);
    if (text_eq(value_set, T("http://colours|1"))) {
        memcpy(ret_codes->items, colours, sizeof(colours));
        ret_codes->count = 3;
        return 0;
    }
    if (text_eq(value_set, T("ValueSet/empty"))) {
        return 0;
    }
    if (text_starts(value_set, T("http://large"))) {
        for (unsigned i = 0; i < LARGE; i++) {
            ret_codes->items[i].code = arena_printf(a, "%u", i);
        }
        ret_codes->count = LARGE;
        return 0;
    }
    return err_set(e, ERR_NOT_FOUND, "no value set '%.*s'", TEXT_ARG(value_set));
}

static int related(void *context, text system, text code, bool above, struct arena *a,
                   struct search_codes *ret_codes, struct err *e)
{
    (void)context;
    (void)e;
    ret_codes->items = arena_zalloc(a, 2, sizeof(*ret_codes->items));
    assert_non_null(ret_codes->items);
    ret_codes->items[0] = (struct search_code){system, code};
    ret_codes->items[1] = (struct search_code){system, above ? T("top") : T("leaf")};
    ret_codes->count = 2;
    return 0;
}

static int ask(struct arena *a, const char *query, struct search *search, struct err *e)
{
    struct limits limits = limits_default();
    struct index_rules rules = {.base = T(KIT_BASE)};
    struct search_terms terms = {.members = members, .related = related};
    struct search_pair *pairs;
    fhir_type type = fhir_type_of(T("Observation"));
    struct search_question q = {
        .types = &type, .type_count = 1, .rules = &rules, .limits = &limits, .terms = &terms};
    assert_int_equal(search_decode(text_of(query), &limits, a, &pairs, &q.count, e), 0);
    q.pairs = pairs;
    return search_parse(&q, a, search, e);
}

static void plans(void **state)
{
    (void)state;
    static const struct {
        const char *query;
        const char *plan;
    } rows[] = {
        {"code:in=http://colours|1", "or(code=http://c|red, code=http://c|blue, code=http://all|)"},
        {"code:not-in=http://colours|1",
         "not(or(code=http://c|red, code=http://c|blue, code=http://all|))"},
        {"code:in=ValueSet/empty", "none"},
        {"code:not-in=ValueSet/empty", "all"},
        {"code:above=http://s|x", "or(code=http://s|x, code=http://s|top)"},
        {"code:below=http://s|x", "or(code=http://s|x, code=http://s|leaf)"},
        {"code:below=http://s|x,http://t|y", "or(code=http://s|x, code=http://s|leaf, "
                                             "code=http://t|y, code=http://t|leaf)"},
        {"code:below=x", "or(code=x, code=leaf)"},
        {"combo-code:below=http://s|x",
         "or(code=http://s|x, code=http://s|leaf, component-code=http://s|x, "
         "component-code=http://s|leaf)"},
        {"_filter=code in http://colours|1",
         "or(code=http://c|red, code=http://c|blue, code=http://all|)"},
        {"_filter=code ss http://s|x", "or(code=http://s|x, code=http://s|leaf)"},
        {"_filter=code sb http://s|x", "or(code=http://s|x, code=http://s|top)"},
        {"has-member.code:below=http://s|x",
         "has-member->Observation{or(code=http://s|x, code=http://s|leaf)}"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct arena a;
        struct search search;
        struct err e = {0};
        arena_init(&a, 1 << 28);
        if (ask(&a, rows[i].query, &search, &e)) {
            fail_msg("%s: %s", rows[i].query, err_text(&e));
        }
        text plan = kit_plan(search.plan.root, &a);
        if (!text_eq(plan, text_of(rows[i].plan))) {
            fail_msg("%s\n got    %.*s\n wanted %s", rows[i].query, TEXT_ARG(plan), rows[i].plan);
        }
        arena_done(&a);
    }
}

static void errors(void **state)
{
    (void)state;
    static const struct {
        const char *query;
        int code;
        const char *words;
    } rows[] = {
        {"code:in=x", ERR_NOT_FOUND, "code:in: no value set 'x'"},
        {"code:above=http://s|", ERR_INVALID,
         "code:above: 'http://s|' has no place in a hierarchy"},
        {"code:in=http://large1,http://large2", ERR_INVALID,
         "code:in: the value sets of the query have more than 20000 codes"},
        {"code:in=http://large1&category:in=http://large2", ERR_INVALID, "more than 20000 codes"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct arena a;
        struct search search;
        struct err e = {0};
        arena_init(&a, 1 << 28);
        int code = ask(&a, rows[i].query, &search, &e);
        if (code != rows[i].code || !strstr(err_text(&e), rows[i].words)) {
            fail_msg("%s: %s: %s", rows[i].query, err_info(code)->name, err_text(&e));
        }
        arena_done(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans),
        cmocka_unit_test(errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
