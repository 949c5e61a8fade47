/*
 * Scopes: what is understood is printed in a form that is understood again as the same; what two
 * sets have in common is within each of them; words and plans can be made of every one.
 */
#include "policy/scope.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CHECK(holds)    \
    do {                \
        if (!(holds)) { \
            abort();    \
        }               \
    } while (0)

static const struct index_rules rules = {.base = {"http://kith.test/fhir", 21}};

/* No right on any type that the other set does not give. */
static void check_inside(const struct scopes *part, const struct scopes *whole)
{
    for (unsigned type = 1; type < fhir_type_count(); type++) {
        bool limited, whole_limited;
        uint8_t mine = scopes_rights(part, (fhir_type)type, true, &limited);
        uint8_t all = scopes_rights(whole, (fhir_type)type, true, &whole_limited);
        CHECK((mine & ~all) == 0);
        CHECK(!mine || !whole_limited || limited);
    }
}

static void check_common(const struct scopes *s, text other, struct arena *a)
{
    struct scopes allowed, common, again;
    struct err e = {0};
    if (scopes_parse(other, a, &allowed, &e)) {
        return;
    }
    int code = scopes_within(s, &allowed, a, &common, &e);
    CHECK(!code || code == ERR_TOO_LARGE);
    if (!code) {
        check_inside(&common, s);
        check_inside(&common, &allowed);
        /* Once more changes nothing (parameters joined anew may stand there in addition). */
        code = scopes_within(&common, &allowed, a, &again, &e);
        CHECK(!code || code == ERR_TOO_LARGE);
        if (!code) {
            check_inside(&again, &common);
            check_inside(&common, &again);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena a;
    struct scopes s, again;
    struct err e = {0};
    text all = {(const char *)data, n};
    text first = text_first(all, text_find(all, '\n'));
    arena_init(&a, (size_t)1 << 26);
    int code = scopes_parse(first, &a, &s, &e);
    CHECK(!code || (code == e.code && e.detail[0]));
    if (!code) {
        text out = scopes_print(&s, &a);
        CHECK(out.p && scopes_parse(out, &a, &again, &e) == 0);
        CHECK(s.count == again.count && text_eq(scopes_print(&again, &a), out));
        for (size_t i = 0; i < s.count; i++) {
            CHECK(s.items[i].rights && scope_words(&s.items[i], &a).n);
        }
        (void)scopes_plan(&s, &rules, &a, &e);
        check_common(&s, text_from(all, first.n + 1), &a);
    }
    arena_done(&a);
    return 0;
}
