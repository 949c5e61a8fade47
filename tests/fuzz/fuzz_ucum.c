/*
 * A number and two units, a line each. Units that are understood are comparable exactly when their
 * bases are the same; what a conversion gives is a decimal that stays as it is; bounds and keys of
 * quantities have the form of entries.
 */
#include "fhir/search.h"
#include "fhir/ucum.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CHECK(holds)    \
    do {                \
        if (!(holds)) { \
            abort();    \
        }               \
    } while (0)

static const struct ucum_unit *unit_of(text code, struct arena *a)
{
    struct err e = {0};
    const struct ucum_unit *unit = NULL;
    int failed = ucum_parse(code, a, &unit, &e);
    CHECK(failed ? failed == ERR_INVALID && e.code == failed && e.detail[0] : unit != NULL);
    return unit;
}

static void check_conversion(text decimal, const struct ucum_unit *from, const struct ucum_unit *to,
                             struct arena *a)
{
    text result = ucum_convert(decimal, from, to, a), bound = {0};
    bool reversed;
    enum ucum_place place = ucum_bound(decimal, from, to, a, &bound, &reversed);
    bool comparable = ucum_comparable(from, to);
    CHECK(comparable == text_eq(ucum_base(from, a), ucum_base(to, a)));
    CHECK(comparable == ucum_comparable(to, from));
    CHECK(comparable || (place == UCUM_NOWHERE && !result.p));
    if (place == UCUM_AT || place == UCUM_BETWEEN) {
        CHECK(result.p && bound.p && index_decimal(bound, a).p);
    }
    if (result.p) {
        text again = ucum_convert(result, to, to, a);
        CHECK(text_eq(again, result));
    }
}

static void check_quantity(text decimal, text from, text to, struct arena *a)
{
    text value = index_decimal(decimal, a), low, high;
    text unit = index_unit(T(UCUM_SYSTEM), to, T(""), a);
    struct plan_node leaf = {.kind = PLAN_QUANTITY,
                             .system = T(UCUM_SYSTEM),
                             .code = from,
                             .low = decimal,
                             .high = decimal,
                             .low_included = true,
                             .high_included = true};
    if (value.p && plan_quantity_range(&leaf, unit, a, &low, &high)) {
        CHECK(low.p && high.p);
        CHECK(low.n == 0 || high.n == 0 || text_cmp(low, high) <= 0);
    }
    if (value.p) {
        CHECK(plan_quantity_key(value, unit, a).n);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena a;
    text rest = text_make((const char *)data, n), decimal, from, to;
    if (n > 4096 || !text_cut(&rest, '\n', &decimal) || !text_cut(&rest, '\n', &from) ||
        !text_cut(&rest, '\n', &to)) {
        return 0;
    }
    arena_init(&a, (size_t)1 << 24);
    const struct ucum_unit *units[2] = {unit_of(from, &a), unit_of(to, &a)};
    if (units[0] && units[1]) {
        check_conversion(decimal, units[0], units[1], &a);
    }
    for (size_t i = 0; i < 2; i++) {
        text base = units[i] ? ucum_to_base(decimal, units[i], &a) : (text){0};
        CHECK(!base.p || base.n);
    }
    check_quantity(decimal, from, to, &a);
    arena_done(&a);
    return 0;
}
