/* Tables of expressions with what is told of their results. */
#ifndef KITH_TESTS_PATH_FUNCTION_KIT_H
#define KITH_TESTS_PATH_FUNCTION_KIT_H

#include "fhir/path.h"
#include "fhir_kit.h"

/* Behind the headers, whose arenas are called as its own is. */
#include "arena_kit.h"

struct row {
    const char *expression;
    const char *wanted;
};

static inline void tell_item(const struct path_item *item, struct buf *out)
{
    if (item->kind == PATH_NODE && item->u.node->value &&
        json_get(item->u.node->value, T("resourceType"))) {
        buf_printf(out, "%.*s/%.*s",
                   TEXT_ARG(json_text(json_get(item->u.node->value, T("resourceType")))),
                   TEXT_ARG(json_text(json_get(item->u.node->value, T("id")))));
        return;
    }
    text t = path_string(item, &a);
    const char *quote = item->kind == PATH_STRING ? "'" : "";
    if (t.p) {
        buf_printf(out, "%s%.*s%s", quote, TEXT_ARG(t), quote);
    } else {
        buf_printf(out, "<%.*s>", TEXT_ARG(item->kind == PATH_NODE ? item->u.node->name : T("?")));
    }
}

/*
 * 'a', 1, true ...; several with a blank between; a resource as Type/id, another element without a
 * text by its name; nothing: {}. An error: its code's name and its words.
 */
static inline text told(text expression, const char *resource, const struct path_env *env)
{
    struct err e = {.code = 0};
    const struct path *path = NULL;
    struct path_item root = {.kind = PATH_NOTHING};
    struct path_items focus = {&root, resource != NULL};
    struct path_items items = {NULL, 0};
    int code = path_compile(expression, &a, &path, &e);
    if (!code && resource) {
        code = path_of_resource(kit_read(resource, &a), &a, &root, &e);
    }
    code = code ? code : path_eval(path, env, &focus, &a, &items, &e);
    assert_int_equal(code, e.code);
    if (code) {
        return arena_printf(&a, "%s %s", err_info(code)->name, e.detail);
    }
    struct buf out;
    buf_init(&out, 1 << 20);
    for (size_t i = 0; i < items.count; i++) {
        buf_add(&out, i ? T(" ") : T(""));
        tell_item(items.items + i, &out);
    }
    text t = items.count ? arena_copy(&a, buf_text(&out)) : T("{}");
    buf_done(&out);
    assert_non_null(t.p);
    return t;
}

/* whole: exactly so; else what is told starts with the code that is wanted, or has the words. */
static inline void check(const struct row *rows, size_t count, const char *resource,
                         const struct path_env *env, bool whole)
{
    for (size_t i = 0; i < count; i++) {
        text got = told(text_of(rows[i].expression), resource, env);
        if (whole ? !text_eq(got, text_of(rows[i].wanted)) : !strstr(got.p, rows[i].wanted)) {
            fail_msg("%s\n  is %s\n  not %s", rows[i].expression, got.p, rows[i].wanted);
        }
    }
}

#define IS(rows, resource, env) check(rows, sizeof(rows) / sizeof((rows)[0]), resource, env, true)
#define SAYS(rows, resource, env) \
    check(rows, sizeof(rows) / sizeof((rows)[0]), resource, env, false)

#endif
