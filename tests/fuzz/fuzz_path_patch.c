/*
 * JSON from outside as a FHIRPath Patch of a patient: what is refused has a reason; what is done
 * leaves a tree.
 */
#include "fhir/path_patch.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CHECK(holds)    \
    do {                \
        if (!(holds)) { \
            abort();    \
        }               \
    } while (0)

enum { BYTES_MAX = 16 * 1024, DEPTH = 64, MEMORY = 64 * 1024 * 1024 };

static const char resource[] =
    "{\"resourceType\":\"Patient\",\"id\":\"p1\",\"active\":true,\"birthDate\":\"1974-12-25\","
    "\"_birthDate\":{\"extension\":[{\"url\":\"http://kith.test/time\",\"valueDateTime\":"
    "\"1974-12-25T14:35:45-05:00\"}]},"
    "\"name\":[{\"use\":\"usual\",\"family\":\"Chalmers\",\"given\":[\"Peter\",\"James\"],"
    "\"_given\":[null,{\"id\":\"second\",\"extension\":[{\"url\":\"u\",\"valueCode\":\"x\"}]}]}],"
    "\"multipleBirthInteger\":2,\"contact\":[{\"name\":{\"family\":\"du March\\u00e9\"}}]}";

/* A tree like any other: it is written, and reads as the same data. */
static void check_result(const yyjson_val *made, struct arena *a)
{
    struct buf out;
    struct err e = {0};
    yyjson_val *again = NULL;
    buf_init(&out, MEMORY);
    json_write(made, &out);
    int code = buf_failed(&out) ? ERR_MEMORY : json_read(buf_text(&out), DEPTH, a, &again, &e);
    CHECK(code ? code == ERR_MEMORY : json_same(made, again));
    buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena a;
    struct err e = {0};
    yyjson_val *root = NULL;
    yyjson_val *made = NULL;
    text bytes = {(const char *)data, n};
    if (n > BYTES_MAX) {
        return 0;
    }
    arena_init(&a, MEMORY);
    CHECK(json_read(text_of(resource), DEPTH, &a, &root, &e) == 0);
    yyjson_val *patch = NULL;
    if (json_read(bytes, DEPTH, &a, &patch, &e) == 0) {
        struct err why = {0};
        int code = path_patch(root, patch, DEPTH, &a, &made, &why);
        CHECK(code ? code == why.code && err_text(&why)[0] && !made : made != NULL);
        if (made) {
            check_result(made, &a);
        }
    }
    arena_done(&a);
    return 0;
}
