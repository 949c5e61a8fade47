#include "fhir/defs.h"

#include "base/map.h"

/* Definitions in memory: by type and URL, those of one URL in a chain. */

struct kept {
    yyjson_val *root;
    text version;
    const struct kept *next;
};

struct defs_shelf {
    struct arena *arena;
    struct map by_url; /* type name | url -> struct kept */
    const struct kept *supplements;
    size_t count;
};

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "no memory for the definitions");
}

int defs_shelf_make(struct arena *a, struct defs_shelf **ret_shelf, struct err *e)
{
    struct defs_shelf *s = arena_zalloc(a, 1, sizeof *s);
    if (!s) {
        return no_memory(e);
    }
    s->arena = a;
    map_init(&s->by_url);
    *ret_shelf = s;
    return 0;
}

void defs_shelf_done(struct defs_shelf *s)
{
    if (s) {
        map_done(&s->by_url);
    }
}

static text key_of(text type, text url, struct arena *a)
{
    return arena_printf(a, "%.*s|%.*s", TEXT_ARG(type), TEXT_ARG(url));
}

static bool is_supplement(const yyjson_val *root)
{
    return text_eq(json_text(json_get(root, T("content"))), T("supplement"));
}

static int put(struct defs_shelf *s, text type, text url, yyjson_val *root, struct err *e)
{
    bool is_new;
    struct kept *kept = arena_zalloc(s->arena, 1, sizeof *kept);
    text key = key_of(type, url, s->arena);
    if (!kept || !key.p) {
        return no_memory(e);
    }
    *kept = (struct kept){.root = root, .version = json_text(json_get(root, T("version")))};
    if (is_supplement(root)) {
        kept->next = s->supplements;
        s->supplements = kept;
        return 0;
    }
    uint64_t *at = map_put(&s->by_url, key, &is_new);
    if (!at) {
        return no_memory(e);
    }
    kept->next = is_new ? NULL : (const struct kept *)(uintptr_t)*at;
    *at = (uint64_t)(uintptr_t)kept;
    return 0;
}

/* By each name of the system. */
static int add_naming(struct defs_shelf *s, yyjson_val *root, bool *ret_taken, struct err *e)
{
    const yyjson_val *list = json_get(root, T("uniqueId"));
    const yyjson_val *item = list ? list + 1 : NULL;
    int rc = 0;
    *ret_taken = false;
    for (size_t left = json_type(list) == YYJSON_TYPE_ARR ? json_len(list) : 0; !rc && left;
         left--, item = json_after(item)) {
        text id = json_text(json_get(item, T("value")));
        *ret_taken |= id.n > 0;
        rc = id.n ? put(s, T("NamingSystem"), id, root, e) : 0;
    }
    return rc;
}

int defs_shelf_add(struct defs_shelf *s, yyjson_val *root, bool *ret_taken, struct err *e)
{
    text type = json_text(json_get(root, T("resourceType")));
    text url = json_text(json_get(root, T("url")));
    if (text_eq(type, T("NamingSystem"))) {
        return add_naming(s, root, ret_taken, e);
    }
    *ret_taken = url.n > 0 && fhir_type_of(type);
    return *ret_taken ? put(s, type, url, root, e) : 0;
}

static int find(void *context, fhir_type type, text url, text version, struct arena *a,
                yyjson_val **ret_root, struct err *e)
{
    const struct defs_shelf *s = context;
    const struct kept *best = NULL;
    struct arena_mark mark = arena_mark(a);
    text key = key_of(fhir_type_name(type), url, a);
    if (!key.p) {
        return no_memory(e);
    }
    const uint64_t *at = map_get(&s->by_url, key);
    arena_rewind(a, mark);
    for (const struct kept *k = at ? (const struct kept *)(uintptr_t)*at : NULL; k; k = k->next) {
        bool fits = version.n == 0 || text_eq(version, k->version);
        if (fits && (!best || defs_version_compare(k->version, best->version) > 0)) {
            best = k;
        }
    }
    if (!best) {
        return ERR_NOT_FOUND;
    }
    *ret_root = best->root;
    return 0;
}

static int supplements(void *context, text system, struct arena *a,
                       int (*visit)(void *visitor, const yyjson_val *root, struct err *e),
                       void *visitor, struct err *e)
{
    (void)a;
    const struct defs_shelf *s = context;
    int rc = 0;
    for (const struct kept *k = s->supplements; !rc && k; k = k->next) {
        text of = json_text(json_get(k->root, T("supplements")));
        if (text_eq(text_first(of, text_find(of, '|')), system)) {
            rc = visit(visitor, k->root, e);
        }
    }
    return rc;
}

struct defs_source defs_shelf_source(struct defs_shelf *s)
{
    return (struct defs_source){.find = find, .supplements = supplements, .context = s};
}

/* --- versions ------------------------------------------------------------------------------- */

static bool is_digit(text t, size_t at)
{
    return at < t.n && t.p[at] >= '0' && t.p[at] <= '9';
}

/* The digits from *at on without leading zeros; *at moves behind them. */
static text digits_of(text t, size_t *at)
{
    while (is_digit(t, *at) && t.p[*at] == '0' && is_digit(t, *at + 1)) {
        (*at)++;
    }
    size_t from = *at;
    while (is_digit(t, *at)) {
        (*at)++;
    }
    return (text){t.p + from, *at - from};
}

int defs_version_compare(text a, text b)
{
    size_t i = 0;
    size_t j = 0;
    while (i < a.n && j < b.n) {
        int order;
        if (is_digit(a, i) && is_digit(b, j)) {
            text x = digits_of(a, &i);
            text y = digits_of(b, &j);
            order = x.n != y.n ? (x.n > y.n ? 1 : -1) : text_cmp(x, y);
        } else {
            order = (unsigned char)a.p[i] - (unsigned char)b.p[j];
            i++;
            j++;
        }
        if (order) {
            return order > 0 ? 1 : -1;
        }
    }
    return (i < a.n) - (j < b.n);
}
