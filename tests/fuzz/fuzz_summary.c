/*
 * JSON from outside as a patient's record: whatever passes resource_check() can be summed up, and
 * the Composition that comes of it is valid, its narratives too.
 */
#include "fhir/resource.h"
#include "fhir/summary.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CHECK(holds)    \
    do {                \
        if (!(holds)) { \
            abort();    \
        }               \
    } while (0)

enum { BYTES_MAX = 64 * 1024, DEPTH = 64, MEMORY = 64 * 1024 * 1024 };

static void check_result(struct arena *a, struct buf *out)
{
    struct issues issues;
    struct resource r;
    struct err e = {0};
    yyjson_val *root;
    issues_init(&issues, a);
    CHECK(!buf_failed(out) && json_read(buf_text(out), DEPTH, a, &root, &e) == 0);
    CHECK(resource_check(root, false, a, &issues, &r) == 0);
}

static const yyjson_val *find(void *context, text reference)
{
    return text_ends(reference, T("/1")) ? context : NULL;
}

static void sum_up(struct arena *a, const yyjson_val *list)
{
    size_t most = json_len(list);
    struct summary_item *items = arena_zalloc(a, most + 1, sizeof *items);
    struct summary_ask ask = {.patient_id = T("p"),
                              .base = T("http://node/fhir"),
                              .author = T("urn:uuid:00000000-0000-4000-8000-000000000009"),
                              .document = T("00000000-0000-4000-8000-000000000000"),
                              .now_ms = 1795305600000,
                              .items = items,
                              .find = find};
    yyjson_val *at = (yyjson_val *)(uintptr_t)list + 1;
    for (size_t i = 0; i < most; i++, at = json_after(at)) {
        struct issues issues;
        struct resource r;
        issues_init(&issues, a);
        if (resource_check(at, false, a, &issues, &r) == 0) {
            ask.patient = r.type == FHIR_PATIENT ? r.root : ask.patient;
            ask.context = r.root;
            items[ask.count++] =
                (struct summary_item){r.type, r.id.n ? r.id : T("x"), r.root, (int64_t)i};
        }
    }
    struct summary s;
    struct buf out;
    buf_init(&out, MEMORY);
    for (size_t i = 0; i < SUMMARY_REQUIRED; i++) {
        ask.absent[i] = T("00000000-0000-4000-8000-000000000001");
    }
    CHECK(summary_choose(&ask, a, &s) == 0 && summary_composition(&ask, &s, &out) == 0);
    check_result(a, &out);
    buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena a;
    struct err e = {0};
    yyjson_val *root = NULL;
    if (n > BYTES_MAX) {
        return 0;
    }
    arena_init(&a, MEMORY);
    if (json_read(text_make((const char *)data, n), DEPTH, &a, &root, &e) == 0 &&
        json_type(root) == YYJSON_TYPE_ARR) {
        sum_up(&a, root);
    }
    arena_done(&a);
    return 0;
}
