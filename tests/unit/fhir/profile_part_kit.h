/* One element of a resource, by a FHIRPath, and a run to check parts of a profile in. */
#ifndef KITH_TESTS_PROFILE_PART_KIT_H
#define KITH_TESTS_PROFILE_PART_KIT_H

#include "fhir/path.h"
#include "fhir/profile_int.h"
#include "fhir_kit.h"

/* Behind the headers, whose arenas are called as its own is. */
#include "arena_kit.h"

static inline const struct path_node *node_of(const char *json, const char *at)
{
    struct path_item item;
    struct path_items items;
    const struct path *path;
    struct err e = {.code = 0};
    const struct path_items focus = {&item, 1};
    if (path_of_resource(kit_read(json, &a), &a, &item, &e) ||
        path_compile(text_of(at), &a, &path, &e) || path_eval(path, NULL, &focus, &a, &items, &e)) {
        fail_msg("%s of %s: %s", at, json, e.detail);
    }
    if (items.count != 1 || items.items[0].kind != PATH_NODE) {
        fail_msg("%s of %s: %zu items", at, json, items.count);
    }
    return items.items[0].u.node;
}

static inline const struct path_node *root_of(const struct path_node *node)
{
    while (node->parent) {
        node = node->parent;
    }
    return node;
}

/* The findings, as "error Patient.name: ..." in lines. */
static inline text told(const struct issues *is)
{
    static const char *const names[] = {"error", "warning", "information"};
    text all = T("");
    for (size_t i = 0; i < is->count; i++) {
        const struct issue *one = &is->items[i];
        all = arena_printf(&a, "%.*s%s%s %.*s: %.*s", TEXT_ARG(all), i ? "\n" : "",
                           names[one->severity], TEXT_ARG(one->expression), TEXT_ARG(one->details));
        assert_non_null(all.p);
    }
    return all;
}

/* parts: what stands in the findings, parted by bars; "": there are none. */
static inline void expect_told(const struct issues *is, const char *parts, const char *what)
{
    text got = told(is);
    if (!*parts && got.n) {
        fail_msg("%s: %.*s", what, TEXT_ARG(got));
    }
    text rest = text_of(parts);
    text part;
    while (*parts && text_cut(&rest, '|', &part)) {
        if (got.n < part.n || !memmem(got.p, got.n, part.p, part.n)) {
            fail_msg("%s: no '%.*s' in: %.*s", what, TEXT_ARG(part), TEXT_ARG(got));
        }
    }
}

static struct err fault;

static inline struct profile_run run_of(const struct path_node *node, struct issues *is)
{
    issues_init(is, &a);
    return (struct profile_run){
        .arena = &a, .issues = is, .root = root_of(node), .resource = root_of(node), .e = &fault};
}

#endif
