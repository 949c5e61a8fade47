/* Tables of resources with the findings that a set of rules has about them. */
#ifndef KITH_TESTS_RULES_KIT_H
#define KITH_TESTS_RULES_KIT_H

#include "fhir/validate.h"
#include "fhir_kit.h"

#include "arena_kit.h"

struct finding_case {
    const char *resource;
    const char *path;  /* of the first finding; NULL: there is none */
    const char *words; /* that it has */
    bool warning;
};

typedef int rules_fn(struct profile_run *run, const struct path_node *resource);

static inline struct issues find(rules_fn *rules, const char *json)
{
    struct path_item item;
    struct issues is;
    struct err e = {0};
    issues_init(&is, &a);
    struct resource r = kit_check(json, &a);
    assert_int_equal(path_of_resource(r.root, &a, &item, &e), 0);
    struct profile_run run = {.arena = &a, .issues = &is, .e = &e};
    run.root = run.resource = item.u.node;
    if (rules(&run, item.u.node)) {
        fail_msg("%s: %s", json, e.detail);
    }
    assert_int_equal(run.errors, is.errors);
    return is;
}

static inline void check_cases(rules_fn *rules, const struct finding_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct finding_case *c = &cases[i];
        struct issues is = find(rules, c->resource);
        const struct issue *first = is.items;
        bool good = is.count == (c->path != NULL);
        if (good && c->path) {
            enum issue_severity severity = c->warning ? ISSUE_WARNING : ISSUE_ERROR;
            good = text_eq(first->expression, text_of(c->path)) && first->severity == severity &&
                   memmem(first->details.p, first->details.n, c->words, strlen(c->words));
        }
        if (!good) {
            kit_show(&is);
            fail_msg("%s: %zu findings, not %s", c->resource, is.count, c->path ? c->path : "none");
        }
    }
}

#define CASES(rules, cases) check_cases(rules, cases, sizeof(cases) / sizeof *(cases))

#endif
