/*
 * Bytes from outside as JSON and as a resource: what is read is the same after writing and reading;
 * what is accepted is the same after packing and printing; what is refused has a reason, and the
 * reply is itself a right resource.
 */
#include "fhir/resource.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CHECK(holds)    \
    do {                \
        if (!(holds)) { \
            abort();    \
        }               \
    } while (0)

enum { DEPTH = 64, MEMORY = 64 * 1024 * 1024 };

static void check_outcome(const struct issues *found, struct arena *a)
{
    struct buf out;
    struct err e;
    struct issues is;
    struct resource r;
    yyjson_val *root = NULL;
    buf_init(&out, MEMORY);
    outcome_print(found, &out);
    CHECK(!buf_failed(&out) && json_read(buf_text(&out), DEPTH, a, &root, &e) == 0);
    issues_init(&is, a);
    CHECK(resource_check(root, false, a, &is, &r) == 0 && r.type == FHIR_OPERATION_OUTCOME);
    buf_done(&out);
}

static void check_round_trip(const struct resource *r, struct arena *a)
{
    struct buf packed;
    struct buf printed;
    struct buf again;
    struct err e;
    struct issues is;
    struct resource back;
    yyjson_val *root = NULL;
    const struct resource_head head = {r->type, T("a"), 1, 1600000000000};
    buf_init(&packed, MEMORY);
    buf_init(&printed, MEMORY);
    buf_init(&again, MEMORY);
    resource_pack(r, &packed);
    CHECK(resource_print(&head, buf_text(&packed), &printed, &e) == 0);
    CHECK(json_read(buf_text(&printed), DEPTH, a, &root, &e) == 0);
    issues_init(&is, a);
    CHECK(resource_check(root, true, a, &is, &back) == 0);
    resource_pack(&back, &again);
    CHECK(resource_same(buf_text(&packed), buf_text(&again)));
    CHECK(back.link_count == r->link_count);
    for (size_t i = 0; i < r->link_count; i++) {
        CHECK(resource_path(r, r->links[i].value, a).n);
    }
    buf_done(&packed);
    buf_done(&printed);
    buf_done(&again);
}

static void check_json(const yyjson_val *root, struct arena *a)
{
    struct buf out;
    struct err e;
    yyjson_val *again = NULL;
    buf_init(&out, MEMORY);
    json_write(root, &out);
    CHECK(!buf_failed(&out) && json_read(buf_text(&out), DEPTH, a, &again, &e) == 0);
    CHECK(json_same(root, again) && json_same(again, root));
    buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena a;
    struct err e = {.code = 0};
    struct issues is;
    struct resource r;
    yyjson_val *root = NULL;
    if (n > 1024UL * 1024) {
        return 0;
    }
    arena_init(&a, MEMORY);
    if (json_read((text){(const char *)data, n}, DEPTH, &a, &root, &e)) {
        CHECK(e.code && e.detail[0]);
    } else {
        check_json(root, &a);
        issues_init(&is, &a);
        if (resource_check(root, true, &a, &is, &r) == 0) {
            check_round_trip(&r, &a);
        } else {
            CHECK(is.errors && is.count);
            check_outcome(&is, &a);
        }
    }
    arena_done(&a);
    return 0;
}
