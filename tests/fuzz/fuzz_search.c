/*
 * A query: the first byte chooses the type, the rest is the form. What is understood must have a
 * plan that is well-formed, and a self link that is understood again, as the same.
 */
#include "fhir/search.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CHECK(holds)    \
    do {                \
        if (!(holds)) { \
            abort();    \
        }               \
    } while (0)

static const text base = {"http://kith.test/fhir", 21};

static int read_query(fhir_type type, text form, struct arena *a, struct search *s)
{
    struct limits limits = limits_default();
    struct err e = {0};
    struct search_pair *pairs;
    size_t count;
    int code = search_decode(form, &limits, a, &pairs, &count, &e);
    code = code ? code
                : search_parse(type, (struct search_compartment){0}, pairs, count, base, &limits, a,
                               s, &e);
    CHECK(code == e.code);
    CHECK(!code || (e.detail[0] && memchr(e.detail, '\0', sizeof(e.detail))));
    return code;
}

static void check_atom(const struct plan_atom *atom, fhir_type type)
{
    CHECK(atom->kind <= PLAN_UPDATED && atom->system_mode <= PLAN_SYSTEM_GIVEN);
    bool has_param = atom->kind != PLAN_ID;
    CHECK(!has_param || atom->param >> 8 == type);
    if (atom->kind == PLAN_RANGE) {
        CHECK(atom->low.p && atom->high.p);
        CHECK(atom->high.n == 0 || text_cmp(atom->low, atom->high) <= 0);
        (void)plan_atom_accepts(atom, atom->low);
        (void)plan_atom_accepts(atom, atom->high);
    } else if (atom->kind == PLAN_VALUE || atom->kind == PLAN_TOKEN) {
        CHECK(atom->value.p && atom->value.n <= INDEX_VALUE_MAX);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena a;
    struct search s, again;
    if (n == 0 || n > 8192) {
        return 0;
    }
    arena_init(&a, (size_t)1 << 28);
    fhir_type type = data[0] == 'P'   ? FHIR_PATIENT
                     : data[0] == 'O' ? fhir_type_of(T("Observation"))
                                      : data[0];
    if (read_query(type, text_make((const char *)data + 1, n - 1), &a, &s) == 0) {
        for (size_t i = 0; i < s.plan.term_count; i++) {
            CHECK(s.plan.terms[i].count > 0);
            for (size_t j = 0; j < s.plan.terms[i].count; j++) {
                check_atom(&s.plan.terms[i].atoms[j], type);
            }
        }
        CHECK(read_query(type, s.self, &a, &again) == 0);
        CHECK(text_eq(s.self, again.self));
        CHECK(again.count == s.count && again.summary == s.summary);
        CHECK(again.plan.sort_count == s.plan.sort_count && again.include_count == s.include_count);
    }
    arena_done(&a);
    return 0;
}
