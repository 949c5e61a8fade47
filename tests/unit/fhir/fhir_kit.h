/* What the tests of fhir/ share: JSON in single quotes, read and checked. */
#ifndef KITH_TESTS_FHIR_KIT_H
#define KITH_TESTS_FHIR_KIT_H

#include "fhir/resource.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { KIT_DEPTH = 64, KIT_MEMORY = 8 * 1024 * 1024 };

/* A copy of JSON that is written with ' for ", to be readable in C. */
static inline text kit_quoted(const char *json, struct arena *a)
{
    text t = arena_copy(a, text_of(json));
    assert_non_null(t.p);
    char *p = (char *)(uintptr_t)t.p;
    for (size_t i = 0; i < t.n; i++) {
        p[i] = p[i] == '\'' ? '"' : p[i];
    }
    return t;
}

static inline yyjson_val *kit_read(const char *json, struct arena *a)
{
    struct err e;
    yyjson_val *root = NULL;
    if (json_read(kit_quoted(json, a), KIT_DEPTH, a, &root, &e)) {
        fail_msg("%s: %s", json, e.detail);
    }
    return root;
}

static inline void kit_show(const struct issues *is)
{
    for (size_t i = 0; i < is->count; i++) {
        print_message("  %s at %.*s: %.*s\n", err_info(is->items[i].code)->name,
                      TEXT_ARG(is->items[i].expression), TEXT_ARG(is->items[i].details));
    }
}

/* Reads and checks a resource that must be right. */
static inline struct resource kit_check(const char *json, struct arena *a)
{
    struct issues is;
    struct resource r = {.type = 0};
    issues_init(&is, a);
    if (resource_check(kit_read(json, a), true, a, &is, &r)) {
        kit_show(&is);
        fail_msg("%s", json);
    }
    return r;
}

#endif
