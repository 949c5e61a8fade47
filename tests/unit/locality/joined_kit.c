#include "joined_kit.h"

yyjson_val *tree(const char *json, struct arena *a)
{
    yyjson_val *root = NULL;
    struct err e = {0};
    /* What stands in the tests has ' for ", so that it can be read. */
    text copy = arena_copy(a, text_of(json));
    for (size_t i = 0; i < copy.n; i++) {
        char *c = (char *)(uintptr_t)&copy.p[i];
        *c = *c == '\'' ? '"' : *c;
    }
    if (json_read(copy, JOINED_DEPTH, a, &root, &e)) {
        print_message("%s: %s\n", json, e.detail);
        fail();
    }
    return root;
}

struct joined_part *part_of(struct joined_part *p, const char *ods, const char *base,
                            const char *entries, struct arena *a)
{
    text json =
        arena_printf(a, "{'resourceType':'Bundle','type':'searchset','entry':[%s]}", entries);
    *p = (struct joined_part){.ods = text_of(ods),
                              .name = text_of(ods),
                              .base = text_of(base),
                              .outcome = ASK_ANSWERED,
                              .until_ms = INT64_MAX};
    p->bundles = arena_zalloc(a, 1, sizeof *p->bundles);
    p->bundles[p->bundle_count++] = tree(json.p, a);
    return p;
}

size_t merge(const struct joined_part *parts, size_t count, struct arena *a,
             struct joined_entry **ret)
{
    struct err e = {0};
    size_t n = 0;
    assert_int_equal(joined_merge(parts, count, NULL, 0, a, ret, &n, &e), 0);
    return n;
}
