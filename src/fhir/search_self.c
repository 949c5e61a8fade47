#include "fhir/search_parse.h"

#include <stdlib.h>

/* The order of the parameters in a self link: conditions by name and value, then these. _type
 * stands before all. */
static const char *const last[] = {
    "_contained", "_containedType", "_include", "_revinclude", "_sort",   "_count", "_total",
    "_summary",   "_elements",      "_explain", "_format",     "_pretty", "_page"};
enum { LAST_COUNT = sizeof(last) / sizeof(last[0]) };

static unsigned rank_of(text name)
{
    text head = text_first(name, text_find(name, ':'));
    for (unsigned i = 0; i < LAST_COUNT; i++) {
        if (text_eq(head, text_of(last[i]))) {
            return i + 2;
        }
    }
    return text_eq(head, T("_type")) ? 0 : 1;
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

static bool same(const struct search_pair *a, const struct search_pair *b)
{
    return text_eq(a->name, b->name) && text_eq(a->value, b->value);
}

int search_order(struct search_reader *r, struct search_pair **ret_pairs, size_t *ret_count)
{
    size_t count = r->q->count, kept = 0;
    struct search_pair *sorted = arena_zalloc(r->arena, count ? count : 1, sizeof(*sorted));
    if (!sorted) {
        return search_no_memory(r->e);
    }
    if (count) {
        memcpy(sorted, r->q->pairs, count * sizeof(*sorted));
    }
    qsort(sorted, count, sizeof(*sorted), compare);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || !same(&sorted[kept - 1], &sorted[i])) {
            sorted[kept++] = sorted[i];
        }
    }
    *ret_pairs = sorted;
    *ret_count = kept;
    return 0;
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

int search_self(struct search_reader *r, const struct search_pair *pairs, size_t count)
{
    size_t size = 64, n = 0;
    text number = arena_printf(r->arena, "%llu", (unsigned long long)r->search->count);
    for (size_t i = 0; i < count; i++) {
        size += 3 * (pairs[i].name.n + pairs[i].value.n) + 2;
    }
    char *out = arena_alloc(r->arena, size);
    if (!out || !number.p) {
        return search_no_memory(r->e);
    }
    for (size_t i = 0; i < count; i++) {
        if (text_eq(pairs[i].name, T("_page"))) {
            continue;
        }
        if (n) {
            out[n++] = '&';
        }
        n += encode(out + n, pairs[i].name);
        out[n++] = '=';
        n += encode(out + n, text_eq(pairs[i].name, T("_count")) ? number : pairs[i].value);
    }
    r->search->self = text_make(out, n);
    return 0;
}
