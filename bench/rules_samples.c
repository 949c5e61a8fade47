#include "rules.h"

#include "base/buf.h"
#include "fhir/core.h"
#include "fhir/xml.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

enum { FILES_MOST = 100 * 1000, OPEN_MOST = 32, RULES_MOST = 64 };
#define FILE_MOST ((size_t)1 << 30)
#define NOW_MS 1763856000000

/* --- resources ------------------------------------------------------------------------------ */

static bool add(struct samples *s, text json, struct arena *a)
{
    struct sample *grown = arena_grow(a, s->items, s->count, &s->capacity, sizeof *s->items);
    text kept = grown ? arena_copy(a, json) : (text){0};
    if (!kept.p) {
        return false;
    }
    s->items = grown;
    s->items[s->count++] = (struct sample){.json = kept};
    s->bytes += kept.n;
    return true;
}

void samples_none(struct samples *s, size_t count, struct arena *a)
{
    while (s->count < count && add(s, T("{}"), a)) {
    }
}

/* The resources of a Bundle, else the resource itself. */
static bool add_parts(struct samples *s, text json, struct arena *a)
{
    yyjson_val *root;
    struct buf one;
    if (json_read(json, SAMPLES_DEPTH, a, &root, NULL)) {
        return true;
    }
    text type = json_text(json_get(root, T("resourceType")));
    const yyjson_val *entries = json_get(root, T("entry"));
    size_t left =
        text_eq(type, T("Bundle")) && json_type(entries) == YYJSON_TYPE_ARR ? json_len(entries) : 0;
    if (!left) {
        return type.n == 0 || add(s, json, a);
    }
    const yyjson_val *item = entries + 1;
    bool fine = true;
    for (; fine && left; left--, item = json_after(item)) {
        const yyjson_val *resource = json_get(item, T("resource"));
        if (resource) {
            buf_init(&one, FILE_MOST);
            json_write(resource, &one);
            fine = add(s, buf_text(&one), a);
            buf_done(&one);
        }
    }
    return fine;
}

/* --- files ---------------------------------------------------------------------------------- */

static bool read_whole(const char *path, struct buf *bytes)
{
    char room[65536];
    size_t n;
    FILE *f = fopen(path, "re");
    while (f && (n = fread(room, 1, sizeof room, f)) > 0) {
        buf_add(bytes, text_make(room, n));
    }
    bool fine = f && !ferror(f) && !buf_failed(bytes);
    if (f) {
        (void)fclose(f);
    }
    return fine;
}

static bool add_lines(struct samples *s, text bytes, struct arena *a)
{
    text line;
    bool fine = true;
    while (fine && text_cut(&bytes, '\n', &line)) {
        fine = !text_trim(line).n || add_parts(s, line, a);
    }
    return fine;
}

static bool add_xml(struct samples *s, text bytes, struct arena *a)
{
    struct buf json;
    buf_init(&json, FILE_MOST);
    bool fine = fhir_xml_read(bytes, SAMPLES_DEPTH, a, &json, NULL) != 0 ||
                add_parts(s, buf_text(&json), a);
    buf_done(&json);
    return fine;
}

static bool add_file(struct samples *s, text name, struct arena *a)
{
    struct buf bytes;
    bool fine = true;
    buf_init(&bytes, FILE_MOST);
    if (!read_whole(name.p, &bytes)) {
        fprintf(stderr, "rules: %s cannot be read\n", name.p);
        fine = false;
    } else if (text_ends(name, T(".ndjson"))) {
        fine = add_lines(s, buf_text(&bytes), a);
    } else if (text_ends(name, T(".json"))) {
        fine = add_parts(s, buf_text(&bytes), a);
    } else if (text_ends(name, T(".xml"))) {
        fine = add_xml(s, buf_text(&bytes), a);
    }
    buf_done(&bytes);
    return fine;
}

/* nftw() has no context of its own: the names, kept while it runs. */
static struct {
    char *names[FILES_MOST];
    size_t count;
} listed;

static int list(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)at;
    if (kind == FTW_F && listed.count < FILES_MOST) {
        listed.names[listed.count] = strdup(path);
        listed.count += listed.names[listed.count] != NULL;
    }
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

bool samples_read(struct samples *s, const char *path, struct arena *a)
{
    bool fine = nftw(path, list, OPEN_MOST, FTW_PHYS) == 0;
    qsort(listed.names, listed.count, sizeof listed.names[0], by_name);
    for (size_t i = 0; i < listed.count; i++) {
        fine = fine && add_file(s, text_of(listed.names[i]), a);
        free(listed.names[i]);
    }
    listed.count = 0;
    if (!fine) {
        fprintf(stderr, "rules: %s: not everything could be read\n", path);
    }
    return fine;
}

/* --- invariants by the engine alone ----------------------------------------------------------- */

struct sample_rule {
    const struct path *paths[RULES_MOST];
    size_t count;
    fhir_type type;
    const struct sample_rule *next;
};

/* Those of the resource itself; of elements below it they are too small to be told apart. */
static bool compile_rules(fhir_type type, struct arena *a, struct sample_rule *r)
{
    text json;
    yyjson_val *root;
    text url = arena_printf(a, "http://hl7.org/fhir/StructureDefinition/%.*s",
                            TEXT_ARG(fhir_type_name(type)));
    r->type = type;
    if (!core_find(fhir_type_of(T("StructureDefinition")), url, &json) ||
        json_read(json, SAMPLES_DEPTH, a, &root, NULL)) {
        return false;
    }
    const yyjson_val *elements = json_get(json_get(root, T("snapshot")), T("element"));
    const yyjson_val *rules = elements ? json_get(elements + 1, T("constraint")) : NULL;
    size_t left = rules ? json_len(rules) : 0;
    const yyjson_val *one = left ? rules + 1 : NULL;
    for (; left && r->count < RULES_MOST; left--, one = json_after(one)) {
        text expression = json_text(json_get(one, T("expression")));
        r->count += expression.n && path_compile(expression, a, &r->paths[r->count], NULL) == 0;
    }
    return true;
}

static const struct sample_rule *rules_of(const struct sample_rule **all, fhir_type type,
                                          struct arena *a)
{
    for (const struct sample_rule *r = *all; r; r = r->next) {
        if (r->type == type) {
            return r;
        }
    }
    struct sample_rule *made = arena_zalloc(a, 1, sizeof *made);
    if (!made || !compile_rules(type, a, made)) {
        return NULL;
    }
    made->next = *all;
    *all = made;
    return made;
}

int samples_ask_rules(const struct sample *s, struct arena *a, uint64_t *asked)
{
    struct path_item item;
    struct path_items found;
    int rc = path_of_resource(s->root, a, &item, NULL);
    const struct path_items focus = {&item, 1};
    for (size_t i = 0; !rc && i < s->rules->count; i++) {
        struct path_env env = {.resource = item,
                               .root = item,
                               .now_ms = NOW_MS,
                               .as_of_many = true,
                               .limits = path_limits_default()};
        struct arena_mark mark = arena_mark(a);
        rc = path_eval(s->rules->paths[i], &env, &focus, a, &found, NULL);
        arena_rewind(a, mark);
        ++*asked;
    }
    return rc;
}

/* --- before the measurement ---------------------------------------------------------------------
 */

static bool prepare(struct sample *s, unsigned needs, struct arena *a,
                    const struct sample_rule **rules)
{
    if (json_read(s->json, SAMPLES_DEPTH, a, &s->root, NULL)) {
        return false;
    }
    if (needs & SAMPLES_RULES) {
        fhir_type type = fhir_type_of(json_text(json_get(s->root, T("resourceType"))));
        s->rules = rules_of(rules, type, a);
        return s->rules != NULL;
    }
    struct buf xml;
    buf_init(&xml, FILE_MOST);
    bool fine = fhir_xml_write(s->root, a, &xml, NULL) == 0;
    s->xml = fine ? arena_copy(a, buf_text(&xml)) : (text){0};
    buf_done(&xml);
    return s->xml.p != NULL;
}

/* Those that cannot be prepared are left out. */
bool samples_prepare(struct samples *s, unsigned needs, struct arena *a)
{
    const struct sample_rule *rules = NULL;
    size_t kept = 0;
    if (!(needs & (SAMPLES_TREES | SAMPLES_XML | SAMPLES_RULES))) {
        return true;
    }
    s->bytes = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (prepare(&s->items[i], needs, a, &rules)) {
            s->items[kept] = s->items[i];
            s->bytes += needs & SAMPLES_RULES ? s->items[kept].json.n : s->items[kept].xml.n;
            kept++;
        }
    }
    s->count = kept;
    return kept > 0;
}
