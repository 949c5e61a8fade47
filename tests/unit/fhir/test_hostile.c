/* Definitions that mean harm: what would never end does end, says why, and is not tried over and
 * over while others wait. */
#include "base/clock.h"
#include "fhir/validate.h"
#include "fhir/value_set.h"

#include "fhir_kit.h"

#include "arena_kit.h" /* behind the others: its arena has the name of their parameters */

enum { MEMORY = 256 * 1024 * 1024, SECONDS_MOST = 30 };

#define URL "http://hostile.test/"

struct world {
    struct defs_shelf *shelf;
    struct defs *defs;
};

static void world_add(struct world *w, struct buf *json)
{
    struct err e = {0};
    yyjson_val *root;
    bool taken = false;
    assert_false(buf_failed(json));
    if (json_read(arena_copy(&a, buf_text(json)), KIT_DEPTH, &a, &root, &e)) {
        fail_msg("%s", e.detail);
    }
    assert_int_equal(defs_shelf_add(w->shelf, root, &taken, &e), 0);
    assert_true(taken);
    buf_done(json);
}

static void world_begin(struct world *w)
{
    struct err e = {0};
    assert_int_equal(defs_shelf_make(&a, &w->shelf, &e), 0);
    struct defs_source source = defs_shelf_source(w->shelf);
    assert_int_equal(defs_make(&source, 1, MEMORY, &w->defs, &e), 0);
}

static void world_end(struct world *w)
{
    defs_free(w->defs);
    defs_shelf_done(w->shelf);
}

static void add_profile(struct world *w, const char *name, const char *expression)
{
    struct buf json;
    buf_init(&json, 1 << 20);
    buf_printf(&json,
               "{\"resourceType\":\"StructureDefinition\",\"url\":\"" URL "%s\",\"name\":\"Kith\","
               "\"status\":\"draft\",\"kind\":\"resource\",\"abstract\":false,\"type\":\"Patient\","
               "\"baseDefinition\":\"http://hl7.org/fhir/StructureDefinition/Patient\","
               "\"derivation\":\"constraint\",\"differential\":{\"element\":[{\"id\":\"Patient\","
               "\"path\":\"Patient\",\"constraint\":[{\"key\":\"x-1\",\"severity\":\"error\","
               "\"human\":\"holds\",\"expression\":\"%s\"}]}]}}",
               name, expression);
    world_add(w, &json);
}

/* --- rules ---------------------------------------------------------------------------------- */

/* A rule that asks whether what it is a rule of holds: past a depth it was not checked. */
static void test_conforms_to_itself(void **state)
{
    static const struct {
        const char *name, *expression;
    } rows[] = {
        {"itself", "conformsTo('" URL "itself')"},
        {"both", "conformsTo('" URL "both') and conformsTo('" URL "both')"},
        {"one", "conformsTo('" URL "other')"},
        {"other", "conformsTo('" URL "one')"},
        {"parts", "contained.all(%resource.conformsTo('" URL "parts'))"},
    };
    (void)state;
    struct world w;
    world_begin(&w);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        add_profile(&w, rows[i].name, rows[i].expression);
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err e = {0};
        struct issues found;
        text profile = arena_printf(&a, URL "%s", rows[i].name);
        struct validate_ask ask = {.profiles = &profile,
                                   .profile_count = 1,
                                   .deadline =
                                       clock_mono_ns() + (int64_t)SECONDS_MOST * 1000000000};
        issues_init(&found, &a);
        yyjson_val *root = kit_read("{'resourceType':'Patient','active':true,'contained':["
                                    "{'resourceType':'Patient','id':'a'}]}",
                                    &a);
        int rc = validate_tree(w.defs, root, &ask, &a, &found, &e);
        if (rc) {
            fail_msg("%s: %s", rows[i].name, err_text(&e));
        }
    }
    world_end(&w);
}

/* --- value sets ------------------------------------------------------------------------------ */

static void add_system(struct world *w, const char *name, size_t count, bool in_a_row)
{
    struct buf json;
    buf_init(&json, 1 << 26);
    buf_printf(&json,
               "{\"resourceType\":\"CodeSystem\",\"url\":\"" URL "%s\",\"status\":\"draft\","
               "\"content\":\"complete\",\"concept\":[",
               name);
    for (size_t i = 0; i < count; i++) {
        buf_printf(&json, "%s{\"code\":\"aaaaaaaaaaaaaaaaaaaaaaaa%zu\"", i ? "," : "", i);
        if (in_a_row && i) {
            buf_printf(&json,
                       ",\"property\":[{\"code\":\"parent\",\"valueCode\":"
                       "\"aaaaaaaaaaaaaaaaaaaaaaaa%zu\"}]",
                       i - 1);
        }
        buf_addc(&json, '}');
    }
    buf_add(&json, T("]}"));
    world_add(w, &json);
}

/* regexes: so many filters. */
static void add_set(struct world *w, const char *name, const char *system, size_t regexes)
{
    struct buf json;
    buf_init(&json, 1 << 24);
    buf_printf(&json,
               "{\"resourceType\":\"ValueSet\",\"url\":\"" URL "%s\",\"status\":\"draft\","
               "\"compose\":{\"include\":[{\"system\":\"" URL "%s\"%s",
               name, system, regexes ? ",\"filter\":[" : "");
    for (size_t i = 0; i < regexes; i++) {
        buf_printf(&json,
                   "%s{\"property\":\"code\",\"op\":\"regex\",\"value\":\"(a|a)*.*[0-9]{%zu}x?\"}",
                   i ? "," : "", i % 3);
    }
    buf_add(&json, regexes ? T("]}]}}") : T("}]}}"));
    world_add(w, &json);
}

static int64_t timed(struct defs *d, text url, int *ret_rc)
{
    struct err e = {0};
    const struct value_set *set;
    int64_t began = clock_mono_ns();
    *ret_rc = defs_value_set(d, url, &set, &e);
    assert_true(!*ret_rc || e.detail[0]);
    return (clock_mono_ns() - began) / 1000000;
}

/* What is too costly ends soon, and the second one who asks is told at once. */
static void test_costly_sets(void **state)
{
    static const struct {
        const char *name, *system;
        size_t regexes;
        int code;
    } rows[] = {
        {"regexes", "letters", 2000, ERR_TOO_COSTLY},
        {"row", "ladder", 0, ERR_TOO_LARGE},
        {"all", "letters", 0, 0},
        {"one", "letters", 1, 0},
    };
    (void)state;
    struct world w;
    world_begin(&w);
    add_system(&w, "letters", 20000, false);
    add_system(&w, "ladder", 20000, true);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int rc;
        text url = arena_printf(&a, URL "%s", rows[i].name);
        add_set(&w, rows[i].name, rows[i].system, rows[i].regexes);
        int64_t first = timed(w.defs, url, &rc);
        assert_int_equal(rc, rows[i].code);
        assert_true(first < SECONDS_MOST * 1000);
        int64_t second = timed(w.defs, url, &rc);
        assert_int_equal(rc, rows[i].code);
        assert_true(second <= first / 4 + 50);
    }
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_conforms_to_itself),
        TEST(test_costly_sets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
