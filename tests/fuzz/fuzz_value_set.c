/*
 * A value set as JSON, over two code systems and another value set: it compiles or has a reason not
 * to; an expansion has only what the set has.
 */
#include "fhir/terminology.h"
#include "fhir/value_set.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CHECK(holds)    \
    do {                \
        if (!(holds)) { \
            abort();    \
        }               \
    } while (0)

enum { BYTES_MAX = 8192, DEPTH = 32, MEMORY = 16 * 1024 * 1024 };

static const char *const definitions[] = {
    "{\"resourceType\":\"CodeSystem\",\"url\":\"a\",\"status\":\"active\",\"content\":\"complete\","
    "\"concept\":[{\"code\":\"1\",\"concept\":[{\"code\":\"2\",\"property\":[{\"code\":\"p\","
    "\"valueString\":\"x\"}]},{\"code\":\"3\"}]},{\"code\":\"4\"}]}",
    "{\"resourceType\":\"ValueSet\",\"url\":\"v\",\"status\":\"active\",\"compose\":{\"include\":["
    "{\"system\":\"a\",\"filter\":[{\"property\":\"concept\",\"op\":\"is-a\",\"value\":\"1\"}]}]}}",
};

static void expand(struct defs *d, const yyjson_val *root, struct arena *a)
{
    struct err e = {0};
    struct buf out;
    yyjson_val *reply;
    struct term_parameter language = {
        {"displayLanguage", 15}, json_text(json_get(root, T("language"))), NULL};
    struct term_ask ask = {
        .parameters = &language, .count = 1, .instance = root, .codes_most = 100};
    buf_init(&out, 1 << 20);
    int rc = term_expand(d, &ask, a, &out, &e);
    CHECK(rc ? e.code == rc && e.detail[0] : json_read(buf_text(&out), 200, a, &reply, &e) == 0);
    buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena a;
    struct err e = {0};
    struct defs_shelf *shelf = NULL;
    struct defs *d = NULL;
    yyjson_val *root;
    const struct value_set *s = NULL;
    bool taken;
    if (n > BYTES_MAX) {
        return 0;
    }
    arena_init(&a, MEMORY);
    CHECK(defs_shelf_make(&a, &shelf, &e) == 0);
    for (size_t i = 0; i < sizeof definitions / sizeof *definitions; i++) {
        CHECK(json_read(text_of(definitions[i]), DEPTH, &a, &root, &e) == 0);
        CHECK(defs_shelf_add(shelf, root, &taken, &e) == 0);
    }
    struct defs_source source = defs_shelf_source(shelf);
    CHECK(defs_make(&source, 1, MEMORY, &d, &e) == 0);
    if (json_read(text_make((const char *)data, n), DEPTH, &a, &root, &e) == 0 &&
        json_type(root) == YYJSON_TYPE_OBJ) {
        int rc = value_set_compile(d, root, &a, &s, &e);
        CHECK(!rc || (e.code == rc && e.detail[0]));
        if (!rc) {
            (void)value_set_has(s, T("a"), T(""), T("2"), &a);
            (void)value_set_has(s, (text){0}, T(""), T("9"), &a);
            expand(d, root, &a);
        }
    }
    defs_free(d);
    defs_shelf_done(shelf);
    arena_done(&a);
    return 0;
}
