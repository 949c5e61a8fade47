#include "fhir/search_parse.h"

#include <stdlib.h>

/* The order of the parameters in a self link: conditions by name and value, then these. */
static const char *const last[] = {"_include", "_revinclude", "_sort",   "_count",
                                   "_total",   "_summary",    "_format", "_pretty"};
enum { LAST_COUNT = sizeof(last) / sizeof(last[0]) };

static unsigned rank_of(text name)
{
    for (unsigned i = 0; i < LAST_COUNT; i++) {
        if (text_eq(name, text_of(last[i]))) {
            return i + 1;
        }
    }
    return 0;
}

static int compare(const void *a, const void *b)
{
    const struct search_pair *x = a;
    const struct search_pair *y = b;
    unsigned rx = rank_of(x->name), ry = rank_of(y->name);
    if (rx != ry) {
        return rx < ry ? -1 : 1;
    }
    int order = text_cmp(x->name, y->name);
    return order ? order : text_cmp(x->value, y->value);
}

static bool plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("-._~:/,@!$'()*;?", c));
}

static size_t encode(char *out, text t)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t n = 0;
    for (size_t i = 0; i < t.n; i++) {
        if (plain(t.p[i])) {
            out[n++] = t.p[i];
            continue;
        }
        out[n++] = '%';
        out[n++] = digits[(unsigned char)t.p[i] >> 4];
        out[n++] = digits[(unsigned char)t.p[i] & 15];
    }
    return n;
}

static bool same(const struct search_pair *a, const struct search_pair *b)
{
    return text_eq(a->name, b->name) && text_eq(a->value, b->value);
}

int search_self(struct search_reader *r, const struct search_pair *pairs, size_t count)
{
    struct search_pair *sorted = arena_zalloc(r->arena, count ? count : 1, sizeof(*sorted));
    size_t kept = 0, size = 1;
    if (!sorted) {
        return search_no_memory(r->e);
    }
    for (size_t i = 0; i < count; i++) {
        if (text_eq(pairs[i].name, T("_page"))) {
            continue;
        }
        sorted[kept] = pairs[i];
        if (text_eq(pairs[i].name, T("_count"))) {
            sorted[kept].value =
                arena_printf(r->arena, "%llu", (unsigned long long)r->search->count);
        }
        size += 3 * (sorted[kept].name.n + sorted[kept].value.n) + 2;
        kept++;
    }
    char *out = arena_alloc(r->arena, size);
    size_t n = 0;
    if (!out) {
        return search_no_memory(r->e);
    }
    qsort(sorted, kept, sizeof(*sorted), compare);
    for (size_t i = 0; i < kept; i++) {
        if (i && same(&sorted[i - 1], &sorted[i])) {
            continue;
        }
        if (n) {
            out[n++] = '&';
        }
        n += encode(out + n, sorted[i].name);
        out[n++] = '=';
        n += encode(out + n, sorted[i].value);
    }
    r->search->self = text_make(out, n);
    return 0;
}
