/*
 * A StructureDefinition: its snapshot, made from the definitions of R4 and itself, and the profile
 * that is compiled from it. What is made of a right resource is a right one, in which each element
 * has a name of its own and stands below another; what is refused has a reason.
 */
#include "base/map.h"
#include "fhir/profile.h"
#include "fhir/resource.h"
#include "fhir/snapshot.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CHECK(holds)    \
    do {                \
        if (!(holds)) { \
            abort();    \
        }               \
    } while (0)

enum { BYTES_MAX = 64 * 1024, DEPTH = 64, MADE_DEPTH = 256, MEMORY = 256 * 1024 * 1024 };

static bool is_right(yyjson_val *root, struct arena *a)
{
    struct issues is;
    struct resource r;
    issues_init(&is, a);
    return resource_check(root, true, a, &is, &r) == 0 &&
           r.type == fhir_type_of(T("StructureDefinition"));
}

static void check_error(int code, const struct err *e)
{
    CHECK(code == e->code && e->detail[0]);
}

static text without_last(text path)
{
    while (path.n && path.p[path.n - 1] != '.') {
        path.n--;
    }
    return text_first(path, path.n ? path.n - 1 : 0);
}

static void check_elements(const yyjson_val *made)
{
    const yyjson_val *list = json_get(json_get(made, T("snapshot")), T("element"));
    const yyjson_val *el = list + 1;
    bool is_new = false;
    struct map ids;
    map_init(&ids);
    CHECK(json_type(list) == YYJSON_TYPE_ARR && json_len(list));
    for (size_t left = json_len(list); left; left--, el = json_after(el)) {
        text id = json_text(json_get(el, T("id")));
        text above = without_last(id);
        CHECK(id.n && json_get(el, T("base")) && json_get(el, T("max")));
        CHECK(!above.n || map_get(&ids, above));
        CHECK(map_put(&ids, id, &is_new) && is_new);
    }
    map_done(&ids);
}

static void compile(struct defs *d, const yyjson_val *made, struct arena *a)
{
    struct err e = {0};
    const struct profile *profile = NULL;
    int code = profile_compile(d, made, a, &profile, &e);
    if (code) {
        check_error(code, &e);
    }
    CHECK(code || text_eq(profile_url(profile), json_text(json_get(made, T("url")))));
}

static void make(struct defs *d, yyjson_val *root, struct arena *a)
{
    struct err e = {0};
    yyjson_val *made = NULL;
    struct buf out;
    int code = snapshot_make(d, root, a, &made, &e);
    if (code) {
        check_error(code, &e);
        return;
    }
    buf_init(&out, MEMORY);
    json_write(made, &out);
    CHECK(!buf_failed(&out) && json_read(buf_text(&out), MADE_DEPTH, a, &made, &e) == 0);
    buf_done(&out);
    CHECK(is_right(made, a));
    check_elements(made);
    compile(d, made, a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena a;
    struct err e = {0};
    bool taken = false;
    yyjson_val *root = NULL;
    struct defs_shelf *shelf = NULL;
    struct defs *d = NULL;
    arena_init(&a, MEMORY);
    if (n <= BYTES_MAX && json_read(text_make((const char *)data, n), DEPTH, &a, &root, &e) == 0 &&
        is_right(root, &a)) {
        CHECK(defs_shelf_make(&a, &shelf, &e) == 0 && defs_shelf_add(shelf, root, &taken, &e) == 0);
        struct defs_source source = defs_shelf_source(shelf);
        CHECK(defs_make(&source, 1, MEMORY, &d, &e) == 0);
        make(d, root, &a);
        defs_free(d);
        defs_shelf_done(shelf);
    }
    arena_done(&a);
    return 0;
}
