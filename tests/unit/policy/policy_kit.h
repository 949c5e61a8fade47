/* Facts from JSON with single quotes, and sheets of them. */
#ifndef KITH_TESTS_POLICY_KIT_H
#define KITH_TESTS_POLICY_KIT_H

#include "policy/grant.h"
#include "policy/sheet.h"

#include <stdlib.h>

#define KIT_KEY ((struct hash_key){0x1234567890abcdefU, 0xfedcba0987654321U})
#define KIT_COMPARTMENT UINT64_C(1024)

static inline uint64_t kit_rid(fhir_type type, uint64_t serial)
{
    return KIT_COMPARTMENT << 28 | (uint64_t)type << 20 | serial;
}

/* The error's code, or 0. */
static inline int kit_facts(struct arena *a, const char *json, const struct label_rules *rules,
                            fhir_type *ret_type, text *ret_id, text *ret_facts, struct err *e)
{
    text copy = arena_copy(a, text_of(json));
    char *p = arena_alloc(a, copy.n + 1);
    for (size_t i = 0; i < copy.n; i++) {
        p[i] = copy.p[i] == '\'' ? '"' : copy.p[i];
    }
    yyjson_val *root = NULL;
    int code = json_read(text_make(p, copy.n), 64, a, &root, e);
    if (code) {
        return code;
    }
    *ret_type = fhir_type_of(json_text(json_get(root, T("resourceType"))));
    *ret_id = json_text(json_get(root, T("id")));
    return policy_facts(*ret_type, root, rules, a, ret_facts, e);
}

#endif
