/*
 * The expression of an added search parameter, of each type. What is refused has a reason; what is
 * taken gives the same entries however it is asked for.
 */
#include "fhir/search_custom.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CHECK(holds)    \
    do {                \
        if (!(holds)) { \
            abort();    \
        }               \
    } while (0)

enum { BYTES_MAX = 2048, DEPTH = 64 };

static const char resource[] =
    "{\"resourceType\":\"Patient\",\"id\":\"p1\",\"active\":true,\"birthDate\":\"1974-12-25\","
    "\"extension\":[{\"url\":\"http://e/"
    "race\",\"valueCoding\":{\"code\":\"R1\",\"display\":\"R\"}}],"
    "\"name\":[{\"use\":\"usual\",\"family\":\"Chalmers\",\"given\":[\"Peter\",\"James\"],"
    "\"_given\":[null,{\"id\":\"second\"}]},{\"text\":\"a \\\\ b\",\"period\":{\"end\":\"2002\"}}],"
    "\"multipleBirthInteger\":2,\"contact\":[{\"name\":{\"family\":\"du March\\u00e9\"}}],"
    "\"identifier\":[{\"system\":\"http://s\",\"value\":\"1\",\"period\":{\"start\":\"2020\"}}],"
    "\"generalPractitioner\":[{\"reference\":\"Practitioner/d\"},{\"display\":\"x\"}]}";

static const char *const types[] = {"number",    "date",     "string", "token",
                                    "reference", "quantity", "uri"};

static yyjson_val *definition(text expression, const char *type, struct arena *a)
{
    struct buf out;
    yyjson_val *root = NULL;
    struct err e = {0};
    buf_init(&out, 1 << 16);
    buf_printf(&out,
               "{\"resourceType\":\"SearchParameter\",\"code\":\"x\",\"base\":[\"Patient\"],"
               "\"type\":\"%s\",\"expression\":",
               type);
    json_write_string(expression, &out);
    buf_addc(&out, '}');
    if (!buf_failed(&out) && json_read(buf_text(&out), DEPTH, a, &root, &e)) {
        root = NULL; /* no UTF-8 */
    }
    buf_done(&out);
    return root;
}

static void take(text expression, const char *type, struct arena *a)
{
    struct err e = {0};
    const struct search_custom *custom;
    yyjson_val *d = definition(expression, type, a);
    uint16_t number = (uint16_t)(FHIR_PATIENT << 8 | SEARCH_CUSTOM_FIRST);
    if (!d) {
        return;
    }
    int rc = search_custom_make(d, FHIR_PATIENT, number, true, a, &custom, &e);
    if (rc) {
        CHECK(e.code == rc && e.detail[0]);
        return;
    }
    struct search_customs set = {1, &custom, 1};
    struct index_rules rules = {.base = T("http://n/fhir"), .customs = &set};
    struct resource r = {.type = FHIR_PATIENT, .id = T("p1")};
    struct index one;
    struct index all;
    size_t count = 0;
    CHECK(json_read(text_of(resource), DEPTH, a, &r.root, &e) == 0);
    CHECK(index_extract_added(&r, &rules, &custom->param, a, &one) == 0);
    CHECK(index_extract(&r, &rules, a, &all) == 0);
    for (size_t i = 0; i < all.count; i++) {
        if (all.entries[i].param == number) {
            CHECK(count < one.count && text_eq(one.entries[count].value, all.entries[i].value));
            count++;
        }
    }
    CHECK(count == one.count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n > BYTES_MAX) {
        return 0;
    }
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        struct arena a;
        arena_init(&a, (size_t)1 << 26);
        take(text_make((const char *)data, n), types[i], &a);
        arena_done(&a);
    }
    return 0;
}
