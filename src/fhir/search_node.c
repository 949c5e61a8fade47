#include "fhir/search_parse.h"

#include <stdarg.h>
#include <stdio.h>

int search_no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "the query needs more memory than a request may have");
}

__attribute__((format(printf, 3, 0))) static int fail(struct search_reader *r, int code,
                                                      const char *format, va_list args)
{
    char words[sizeof(r->e->detail)];
    vsnprintf(words, sizeof(words), format, args);
    return err_set(r->e, code, "%.*s: %s", TEXT_ARG(text_short(r->where, 200)), words);
}

int search_bad(struct search_reader *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int code = fail(r, ERR_INVALID, format, args);
    va_end(args);
    return code;
}

int search_fail(struct search_reader *r, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fail(r, code, format, args);
    va_end(args);
    return code;
}

int search_over(struct search_reader *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int code = fail(r, ERR_INVALID, format, args);
    va_end(args);
    r->over = true;
    return code;
}

static int count_nodes(struct search_reader *r, unsigned count)
{
    r->nodes += count;
    if (r->nodes > SEARCH_NODES_MAX) {
        return search_over(r,
                           "the query stands for more than %d comparisons; name types (Patient/23, "
                           "subject:Patient.name), or ask in several queries",
                           SEARCH_NODES_MAX);
    }
    return 0;
}

/* Most lists stay at one node: they grow from one, not from what arena_grow() begins with. */
int search_append(struct search_reader *r, struct search_nodes *nodes, const struct plan_node *node)
{
    int code = count_nodes(r, 1);
    if (code) {
        return code;
    }
    struct plan_node *items = nodes->items;
    if (!items) {
        items = arena_zalloc(r->arena, 1, sizeof(*items));
        nodes->capacity = 1;
    } else {
        items = arena_grow(r->arena, items, nodes->count, &nodes->capacity, sizeof(*items));
    }
    if (!items) {
        return search_no_memory(r->e);
    }
    items[nodes->count++] = *node;
    nodes->items = items;
    return 0;
}

int search_add(struct search_reader *r, enum plan_kind kind, struct search_nodes *nodes,
               const struct plan_node *node)
{
    if (node->kind == (kind == PLAN_AND ? PLAN_ALL : PLAN_NONE)) {
        return 0;
    }
    if (node->kind != kind) {
        return search_append(r, nodes, node);
    }
    int code = 0;
    for (size_t i = 0; i < node->count && code == 0; i++) {
        code = search_append(r, nodes, &node->items[i]);
    }
    return code;
}

struct plan_node search_join(fhir_type type, enum plan_kind kind, const struct search_nodes *nodes)
{
    enum plan_kind settles = kind == PLAN_AND ? PLAN_NONE : PLAN_ALL;
    for (size_t i = 0; i < nodes->count; i++) {
        if (nodes->items[i].kind == settles) {
            return (struct plan_node){.kind = settles, .type = type};
        }
    }
    if (nodes->count == 0) {
        return (struct plan_node){.kind = kind == PLAN_AND ? PLAN_ALL : PLAN_NONE, .type = type};
    }
    if (nodes->count == 1) {
        return nodes->items[0];
    }
    return (struct plan_node){
        .kind = kind, .type = type, .items = nodes->items, .count = nodes->count};
}

int search_negate(struct search_reader *r, struct plan_node *node)
{
    if (node->kind == PLAN_NOT) {
        *node = node->items[0];
        return 0;
    }
    if (node->kind == PLAN_ALL || node->kind == PLAN_NONE) {
        node->kind = node->kind == PLAN_ALL ? PLAN_NONE : PLAN_ALL;
        return 0;
    }
    struct plan_node inner = *node, outer = {.kind = PLAN_NOT, .type = node->type};
    return search_wrap(r, &outer, &inner, NULL, node);
}

int search_wrap(struct search_reader *r, const struct plan_node *outer,
                const struct plan_node *inner, const struct plan_node *second,
                struct plan_node *ret)
{
    size_t count = second ? 2 : 1;
    int code = count_nodes(r, (unsigned)count);
    if (code) {
        return code;
    }
    struct plan_node node = *outer;
    node.items = arena_zalloc(r->arena, count, sizeof(*node.items));
    node.count = count;
    if (!node.items) {
        return search_no_memory(r->e);
    }
    node.items[0] = *inner;
    if (second) {
        node.items[1] = *second;
    }
    *ret = node;
    return 0;
}
