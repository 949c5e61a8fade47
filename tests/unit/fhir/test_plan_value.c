/* The pieces of a plan that a store asks for by themselves: stretches of quantities in an entry's
 * own unit, their order, and words. */
#include "fhir/search.h"
#include "fhir/ucum.h"

#include "arena_kit.h"

struct range_row {
    const char *low;
    bool low_included;
    const char *high;
    bool high_included;
    const char *system, *code;      /* of the query */
    const char *entry, *entry_code; /* a UCUM quantity */
    bool found;
};

static void finds_quantity(const struct range_row *r)
{
    struct plan_node node = {.kind = PLAN_QUANTITY,
                             .low = text_of(r->low),
                             .high = text_of(r->high),
                             .low_included = r->low_included,
                             .high_included = r->high_included,
                             .system = text_of(r->system),
                             .code = text_of(r->code)};
    text low, high, value = index_decimal(text_of(r->entry), &a);
    text unit = index_unit(T(UCUM_SYSTEM), text_of(r->entry_code), T("name"), &a);
    bool found = plan_quantity_range(&node, unit, &a, &low, &high);
    assert_true(!found || (low.p && high.p));
    found = found && text_cmp(value, low) >= 0 && (high.n == 0 || text_cmp(value, high) < 0);
    if (found != r->found) {
        fail_msg("%s %s between %s and %s %s", r->entry, r->entry_code, r->low, r->high, r->code);
    }
}

static void quantity_ranges(void **state)
{
    (void)state;
#define U UCUM_SYSTEM
    static const struct range_row rows[] = {
        {"5", true, "", false, U, "mg", "0.005", "g", true},
        {"5", false, "", false, U, "mg", "0.005", "g", false},
        {"5", false, "", false, U, "mg", "0.00500000000000001", "g", true},
        {"", false, "5", true, U, "mg", "0.005", "g", true},
        {"", false, "5", false, U, "mg", "0.005", "g", false},
        {"", false, "5", false, U, "mg", "0.00499999999999999", "g", true},
        {"-5", true, "-5", true, U, "mg", "-0.005", "g", true},
        {"-5", false, "", false, U, "mg", "-0.005", "g", false},
        /* a minute is no decimal of hours: the digits next to it */
        {"1", true, "", false, U, "min", "0.01666666666666666666666666666666666667", "h", true},
        {"1", true, "", false, U, "min", "0.01666666666666666666666666666666666666", "h", false},
        {"1", false, "", false, U, "min", "0.01666666666666666666666666666666666667", "h", true},
        {"", false, "1", true, U, "min", "0.01666666666666666666666666666666666667", "h", false},
        {"", false, "1", true, U, "min", "0.01666666666666666666666666666666666666", "h", true},
        {"-1", true, "", false, U, "min", "-0.01666666666666666666666666666666666666", "h", true},
        {"-1", true, "", false, U, "min", "-0.01666666666666666666666666666666666667", "h", false},
        {"1", false, "", false, U, "min",
         "0.01666666666666666666666666666666666666666666666666666666666666667", "h", true},
        {"", false, "1", true, U, "min",
         "0.01666666666666666666666666666666666666666666666666666666666666667", "h", false},
        /* no voltage is no number of bels */
        {"0", false, "", false, U, "V", "1", "B[V]", true},
        {"", false, "0", true, U, "V", "1", "B[V]", false},
        /* 98.6 degF and 37 Cel */
        {"98.6", true, "98.6", true, U, "[degF]", "37", "Cel", true},
        {"98.6", true, "98.6", true, U, "[degF]", "37.0000000000000001", "Cel", false},
        {"36.5", true, "37.5", false, U, "Cel", "98.6", "[degF]", true},
        /* sour is less of it: the bounds change places */
        {"", false, "7", true, U, "[pH]", "0.000001", "mol/L", true},
        {"", false, "7", true, U, "[pH]", "0.00000001", "mol/L", false},
        {"7", true, "", false, U, "[pH]", "0.0000001", "mol/L", true},
        {"7", false, "", false, U, "[pH]", "0.0000001", "mol/L", false},
        {"0", false, "", false, U, "mol/L", "7", "[pH]", true},
        {"", false, "0", true, U, "mol/L", "7", "[pH]", false},
        {"", false, "1e-6", false, U, "mol/L", "7", "[pH]", true},
        /* annotations, arbitrary units */
        {"70", true, "75", true, U, "/min", "72", "{beats}/min", true},
        {"70", true, "75", true, U, "{beats}/min", "1.2", "Hz", true},
        {"5", true, "5", true, U, "[iU]/mL", "5", "k[IU]/L", true},
        {"5", true, "5", true, U, "[iU]/mL", "5000", "U/L", false},
        {"5", true, "5", true, U, "{score}", "5", "1", true},
        /* the same code, though it is no code */
        {"5", true, "5", true, U, "mmHg", "5", "mmHg", true},
        {"5", true, "5", true, U, "mmHg", "5", "mm[Hg]", false},
        {"5", true, "5", true, U, "mm[Hg]", "5", "mmHg", false},
        {"5", true, "5", true, "", "mg", "5", "mg", true},
        {"5", true, "5", true, "", "name", "5", "mg", true},
        {"5", true, "5", true, "", "nam", "5", "mg", false},
        {"5", true, "5", true, "", "mg", "0.005", "g", false},
        {"5", true, "5", true, "", "", "5", "g", true},
        {"5", true, "5", true, U, "", "5", "g", true},
        {"5", true, "5", true, "http://x", "", "5", "g", false},
        {"5", true, "5", true, "http://x", "g", "5", "g", false},
        /* a query of more digits than results of conversions have */
        {"1.2345678901234567890123456789012345678901234567890", false, "", false, U, "g",
         "1234.5678901234567890123456789012345678901234567890", "mg", false},
        {"1.2345678901234567890123456789012345678901234567890", true, "", false, U, "g",
         "1234.5678901234567890123456789012345678901234567890", "mg", true},
    };
#undef U
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        finds_quantity(&rows[i]);
    }
}

/* Parts that index_unit() shortens are still found, whatever their digest has in it. */
static void long_units(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 300; i++) {
        text code = arena_printf(&a, "{%0120u}", i);
        text system = arena_printf(&a, "http://example.org/%0120u", i);
        text unit = index_unit(system, code, T("name"), &a), low, high;
        struct plan_node node = {.kind = PLAN_QUANTITY, .code = code};
        assert_true(plan_quantity_range(&node, unit, &a, &low, &high));
        node.system = system;
        assert_true(plan_quantity_range(&node, unit, &a, &low, &high));
        node.system = T("");
        node.code = T("name");
        assert_true(plan_quantity_range(&node, unit, &a, &low, &high));
        node.code = arena_printf(&a, "{%0120u}", i + 1);
        assert_false(plan_quantity_range(&node, unit, &a, &low, &high));
    }
}

static text key(const char *decimal, const char *system, const char *code)
{
    text unit = index_unit(text_of(system), text_of(code), T(""), &a);
    return plan_quantity_key(index_decimal(text_of(decimal), &a), unit, &a);
}

static void quantity_order(void **state)
{
    (void)state;
    static const struct {
        const char *decimal, *code;
    } rising[] = {{"-3", "kg"},  {"-20.5", "g"},     {"0", "kg"},       {"1e-70", "kg"},
                  {"999", "ug"}, {"0.0010001", "g"}, {"1.00012", "mg"}, {"5", "g"},
                  {"0.5", "kg"}, {"1e70", "g"}};
    for (size_t i = 1; i < sizeof rising / sizeof *rising; i++) {
        text less = key(rising[i - 1].decimal, UCUM_SYSTEM, rising[i - 1].code);
        text more = key(rising[i].decimal, UCUM_SYSTEM, rising[i].code);
        if (text_cmp(less, more) >= 0) {
            fail_msg("%s %s is not above", rising[i].decimal, rising[i].code);
        }
    }
    assert_true(text_eq(key("0.5", UCUM_SYSTEM, "kg"), key("500", UCUM_SYSTEM, "g")));
    assert_true(text_eq(key("-12.345", UCUM_SYSTEM, "m"), key("-1234.5", UCUM_SYSTEM, "cm")));
    assert_true(text_eq(key("37", UCUM_SYSTEM, "Cel"), key("98.6", UCUM_SYSTEM, "[degF]")));
    assert_true(text_eq(key("5", "http://x", "kg"), index_decimal(T("5"), &a)));
    assert_true(text_eq(key("5", UCUM_SYSTEM, "mmHg"), index_decimal(T("5"), &a)));
}

/* What is not a value is in no range, however open. */
static void marks(void **state)
{
    (void)state;
    struct plan_node open = {.kind = PLAN_RANGE};
    assert_false(plan_range_accepts(&open, T("\0")));
    assert_false(plan_range_accepts(&open, T("\1")));
    assert_true(plan_range_accepts(&open, T("\2"))); /* the number 0 */
    open.test = PLAN_TEST_CONTAINS;
    open.value = T("x");
    assert_false(plan_range_accepts(&open, T("\1")));
    assert_false(plan_range_accepts(&open, T("")));
    static const char text_of_x[300] = {'a', 'b'};
    text cut = index_shorten(text_make(text_of_x, sizeof text_of_x), &a);
    assert_true(plan_range_accepts(&open, cut));
    assert_true(plan_text_accepts(T("zzz"), cut));
}

/* --- words --------------------------------------------------------------------------------- */

static void words(void **state)
{
    (void)state;
    assert_true(plan_text_accepts(T("head inj"), T("a head injury")));
    assert_true(plan_text_accepts(T("a"), T("ba ab")));
    assert_false(plan_text_accepts(T("ead"), T("head")));
    assert_false(plan_text_accepts(T("injury head"), T("head injury")));
    assert_false(plan_text_accepts(T("head injury"), T("head")));
    assert_false(plan_text_accepts(T(""), T("head")));
    assert_true(plan_words_accept(T("b a"), T("a b")));
    assert_true(plan_words_accept(T(""), T("")));
    assert_true(plan_words_accept(T("ab"), T("abc ab")));
    assert_false(plan_words_accept(T("ab"), T("abc cab")));
    assert_false(plan_words_accept(T("a"), T("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(quantity_ranges), TEST(long_units),
                                       TEST(quantity_order), TEST(marks), TEST(words)};
    return cmocka_run_group_tests_name("plan_value", tests, NULL, NULL);
}
