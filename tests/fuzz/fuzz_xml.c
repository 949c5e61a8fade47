/*
 * Bytes from outside as XML: what is refused has a reason; what is read becomes JSON, and where
 * that is a right resource it is written as XML that reads as the same data. The same bytes as a
 * narrative: what is written is read again as a div.
 */
#include "fhir/primitive.h"
#include "fhir/resource.h"
#include "fhir/xml.h"
#include "fhir/xml_div.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CHECK(holds)    \
    do {                \
        if (!(holds)) { \
            abort();    \
        }               \
    } while (0)

enum { DEPTH = 64, MEMORY = 64 * 1024 * 1024 };

static void check_again(const yyjson_val *root, text xml, struct arena *a)
{
    struct buf json;
    struct err e;
    yyjson_val *again = NULL;
    buf_init(&json, MEMORY);
    CHECK(fhir_xml_read(xml, DEPTH, a, &json, &e) == 0);
    CHECK(json_read(buf_text(&json), DEPTH, a, &again, &e) == 0);
    CHECK(json_same(root, again));
    buf_done(&json);
}

static void check_resource(yyjson_val *root, struct arena *a)
{
    struct issues is;
    struct resource r;
    struct buf xml;
    struct err e = {0};
    issues_init(&is, a);
    buf_init(&xml, MEMORY);
    if (resource_check(root, true, a, &is, &r) == 0) {
        int rc = fhir_xml_write(root, a, &xml, &e);
        CHECK(rc == 0 || (rc == ERR_INVALID && e.detail[0] && e.expression[0]));
        if (!rc) {
            check_again(root, buf_text(&xml), a);
        }
    }
    buf_done(&xml);
}

static void check_div(text div, struct arena *a)
{
    struct buf xml;
    struct buf back;
    struct err e = {0};
    const struct xml_node *root = NULL;
    buf_init(&xml, MEMORY);
    buf_init(&back, MEMORY);
    if (primitive_xhtml(div) && xml_div_write(div, a, &xml, &e) == 0) {
        CHECK(xml_read(buf_text(&xml), XML_DIV_DEPTH, a, &root, &e) == 0);
        CHECK(text_eq(root->name, T("div")) && text_eq(root->space, XHTML_SPACE));
        CHECK(xml_div_text(root, a, &back, &e) == 0);
        CHECK(text_eq(buf_text(&xml), buf_text(&back)));
    }
    buf_done(&xml);
    buf_done(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena a;
    struct buf json;
    struct err e = {0};
    yyjson_val *root = NULL;
    text bytes = {(const char *)data, n};
    if (n > 256UL * 1024) {
        return 0;
    }
    arena_init(&a, MEMORY);
    buf_init(&json, MEMORY);
    if (fhir_xml_read(bytes, DEPTH, &a, &json, &e)) {
        CHECK(e.code && e.detail[0]);
    } else if (json_read(buf_text(&json), DEPTH, &a, &root, &e)) {
        CHECK(e.code == ERR_INVALID || e.code == ERR_MEMORY); /* deeper than what is taken */
    } else {
        check_resource(root, &a);
    }
    check_div(bytes, &a);
    buf_done(&json);
    arena_done(&a);
    return 0;
}
