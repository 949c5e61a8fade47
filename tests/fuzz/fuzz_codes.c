/*
 * Bytes as an image of a code system: whatever is opened can be read from end to end by every
 * accessor. The numbers that guard the header are set here, since no mutation would find them. A
 * text that begins with '{' is a CodeSystem, whose image opens and says what went in.
 */
#include "fhir/codes_int.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CHECK(holds)    \
    do {                \
        if (!(holds)) { \
            abort();    \
        }               \
    } while (0)

enum { LISTS_MOST = 1 << 16 };

static volatile size_t sink;

/* Reads every byte. */
static void read_text(text t)
{
    size_t sum = 0;
    for (size_t i = 0; i < t.n; i++) {
        sum += (unsigned char)t.p[i];
    }
    sink = sink + sum;
}

static void read_list(const struct codes *c, const uint32_t *p, size_t n)
{
    for (size_t i = 0; i < n && i < LISTS_MOST; i++) {
        CHECK(p[i] < codes_about(c)->count);
    }
}

static void read_rows(const struct codes *c, uint32_t concept)
{
    size_t n;
    for (size_t i = 0; i < codes_designation_count(c, concept) && i < LISTS_MOST; i++) {
        struct codes_designation d = codes_designation(c, concept, i);
        read_text(d.language);
        read_text(d.use_system);
        read_text(d.use_code);
        read_text(d.use_display);
        read_text(d.value);
    }
    for (size_t i = 0; i < codes_property_count(c, concept) && i < LISTS_MOST; i++) {
        struct codes_property p = codes_property(c, concept, i);
        read_text(p.code);
        read_text(p.value);
        read_text(p.system);
        read_text(p.display);
        CHECK(p.concept == CODES_NONE || p.concept < codes_about(c)->count);
        if (p.concept != CODES_NONE) {
            const uint32_t *list = codes_with(c, p.code, p.concept, &n);
            read_list(c, list, n);
        }
    }
}

static void read_concept(const struct codes *c, uint32_t concept)
{
    size_t n;
    uint32_t found = codes_find(c, codes_code(c, concept));
    CHECK(found == CODES_NONE || found < codes_about(c)->count);
    read_text(codes_code(c, concept));
    read_text(codes_display(c, concept));
    read_text(codes_definition(c, concept));
    read_text(codes_status(c, concept));
    sink = sink + codes_flags(c, concept);
    const uint32_t *list = codes_parents(c, concept, &n);
    read_list(c, list, n);
    list = codes_children(c, concept, &n);
    read_list(c, list, n);
    list = codes_ancestors(c, concept, &n);
    read_list(c, list, n);
    list = codes_members(c, concept, &n);
    read_list(c, list, n);
    sink = sink + codes_is_below(c, concept, codes_about(c)->count / 2);
    read_rows(c, concept);
}

static void read_all(const struct codes *c, struct arena *a)
{
    static const text asked[] = {{"", 0}, {"a", 1}, {"h m", 3}, {"dog hou", 7}};
    const struct codes_about *x = codes_about(c);
    read_text(x->url);
    read_text(x->version);
    read_text(x->standards_status);
    for (uint32_t i = 0; i < x->count; i++) {
        read_concept(c, i);
    }
    for (size_t i = 0; i < codes_property_definitions(c); i++) {
        struct codes_property_definition d = codes_property_definition(c, i);
        read_text(d.code);
        read_text(d.uri);
        CHECK(d.kind <= CODES_DECIMAL);
    }
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        uint32_t *found;
        size_t n;
        if (codes_search(c, asked[i], a, &found, &n, NULL) == 0) {
            read_list(c, found, n);
        }
    }
    CHECK(codes_find(c, T("no such code")) == CODES_NONE || x->count);
}

static void open_image(text bytes, struct arena *a)
{
    struct codes_header h;
    struct err e = {0};
    const struct codes *c;
    char *image = arena_alloc(a, bytes.n + 1);
    if (!image) {
        return;
    }
    if (bytes.n) {
        memcpy(image, bytes.p, bytes.n);
    }
    if (bytes.n >= sizeof h) {
        memcpy(&h, image, sizeof h);
        memcpy(h.magic, codes_magic, sizeof h.magic);
        h.size = bytes.n;
        h.format = CODES_FORMAT;
        h.sections = CODES_SECTIONS;
        h.check = codes_header_check(&h);
        memcpy(image, &h, sizeof h);
    }
    int failed = codes_open(text_make(image, bytes.n), a, &c, &e);
    CHECK(!failed || (e.code == failed && e.detail[0]));
    if (!failed) {
        read_all(c, a);
    }
}

static void open_resource(text json, struct arena *a)
{
    struct err e = {0};
    yyjson_val *root;
    const struct codes *c;
    if (json_read(json, 64, a, &root, &e) == 0 && codes_of_resource(root, a, &c, &e) == 0) {
        read_all(c, a);
        for (uint32_t i = 0; i < codes_about(c)->count; i++) {
            CHECK(codes_find(c, codes_code(c, i)) == i);
            CHECK(!codes_is_below(c, i, i));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    text bytes = text_make((const char *)data, n);
    struct arena a;
    arena_init(&a, 1 << 24);
    if (n && data[0] == '{') {
        open_resource(bytes, &a);
    } else {
        open_image(bytes, &a);
    }
    arena_done(&a);
    return 0;
}
