/*
 * Three doors of policy by the first byte: the text of label rules; stored facts, as they may be
 * damaged; and facts of a resource. What is refused has a reason; what is made can be read again.
 */
#include "policy/grant.h"
#include "policy/label_rules.h"
#include "policy/sheet.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CHECK(holds)    \
    do {                \
        if (!(holds)) { \
            abort();    \
        }               \
    } while (0)

static const struct hash_key key = {1, 2};

static void check_rules(text bytes)
{
    struct label_rules *rules = NULL;
    struct err e = {0};
    int code = label_rules_make(bytes, &rules, &e);
    CHECK(code == 0 || (code == e.code && e.detail[0]));
    if (code == 0) {
        uint32_t labels = label_rules_ask(rules, T("urn:x"), text_first(bytes, 100));
        CHECK((labels & ~(uint32_t)LABEL_CATEGORIES) == 0);
    }
    label_rules_free(rules);
}

static void check_sheet(fhir_type type, text facts)
{
    struct sheet *s = NULL;
    struct err e = {0};
    struct sheet_row row = {.rid = UINT64_C(1024) << 28 | (uint64_t)type << 20 | 1,
                            .type = type,
                            .id = T("x"),
                            .facts = facts};
    int code = sheet_make(key, &row, 1, &s, &e);
    CHECK(code == 0 || code == ERR_CORRUPT);
    if (code == 0) {
        struct actor actor = {.kind = ACTOR_SYSTEM};
        struct arena a;
        struct decision d;
        arena_init(&a, 1 << 20);
        const struct grant *g = grant_make(&(struct grant_config){.actor = &actor, .key = key}, &a);
        grant_decide(g, T("x"), s, &d);
        CHECK(!d.reads && !grant_sees(g, &d, s, type, row.rid, false));
        arena_done(&a);
    }
    sheet_free(s);
}

static void check_resource(text bytes)
{
    struct arena a;
    struct err e = {0};
    yyjson_val *root;
    text facts;
    arena_init(&a, 16 << 20);
    if (json_read(bytes, 64, &a, &root, &e) == 0) {
        fhir_type type = fhir_type_of(json_text(json_get(root, T("resourceType"))));
        int code = policy_facts(type, root, NULL, &a, &facts, &e);
        CHECK(code == 0 || e.detail[0]);
        if (code == 0) {
            check_sheet(type, facts);
        }
    }
    arena_done(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n) {
        text rest = {(const char *)data + 1, n - 1};
        switch (data[0]) {
        case 'R':
            check_rules(rest);
            break;
        case 'F':
            check_sheet(FHIR_PATIENT, rest);
            break;
        default:
            check_resource((text){(const char *)data, n});
        }
    }
    return 0;
}
