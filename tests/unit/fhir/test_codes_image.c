/*
 * Images of code systems: built, opened, damaged; and all of the public definitions (KITH_DATA)
 * against their JSON.
 */
#include "fhir/codes.h"

#include "fhir_kit.h"
/* After the other: it has a global of the name of its parameters. */
#include "arena_kit.h"

#include <dirent.h>
#include <stdlib.h>

/* --- the builder --------------------------------------------------------------------------- */

static int append(void *context, text bytes, struct err *e)
{
    struct buf *out = context;
    buf_add(out, bytes);
    return buf_failed(out) ? err_set(e, ERR_MEMORY, "no memory") : 0;
}

/* Ten thousand concepts in a chain of tens, with groups, members and an index of words. */
static struct codes_build *large(void)
{
    enum { COUNT = 10000 };
    static const char *const words[] = {"red",  "reddish", "green", "greenish",
                                        "blue", "bluish",  "black"};
    struct codes_about x = {.url = T("http://example.org/large"), .case_sensitive = true};
    struct codes_build *b = codes_build_begin(&x);
    assert_non_null(b);
    for (uint32_t i = 0; i < COUNT; i++) {
        bool is_new;
        assert_int_equal(codes_build_concept(b, arena_printf(&a, "c%u", i), &is_new), i);
        assert_true(is_new);
        codes_build_display(b, i, arena_printf(&a, "%s thing %u", words[i % 7], i));
        struct codes_designation d = {.language = T("en"),
                                      .value = arena_printf(&a, "%s object", words[i % 5])};
        codes_build_designation(b, i, &d);
        struct codes_property p = {.code = T("next"),
                                   .kind = CODES_CODE,
                                   .value = arena_printf(&a, "c%u", (i + 1) % 100),
                                   .group = i % 3};
        codes_build_property(b, i, &p);
        if (i >= 10) {
            codes_build_parent(b, i, i / 10);
        }
        if (i % 2) {
            codes_build_member(b, i % 4, i);
            codes_build_member(b, i % 4, i);
        }
    }
    return b;
}

static void built(void **state)
{
    (void)state;
    struct codes_build *b = large();
    struct buf out;
    struct err e = {0};
    const struct codes *c;
    bool is_new;
    size_t n;
    uint32_t *found;
    assert_int_equal(codes_build_concept(b, T("c77"), &is_new), 77);
    assert_false(is_new);
    assert_int_equal(codes_build_find(b, T("c9999")), 9999);
    assert_int_equal(codes_build_find(b, T("red thing 0")), CODES_NONE);
    assert_int_equal(codes_build_find(b, T("none")), CODES_NONE);
    buf_init(&out, 1 << 26);
    assert_int_equal(codes_build_end(b, true, append, &out, &e), 0);
    codes_build_drop(b);
    if (codes_open(buf_text(&out), &a, &c, &e)) {
        fail_msg("%s", err_text(&e));
    }
    for (uint32_t i = 0; i < 10000; i++) {
        text code = arena_printf(&a, "c%u", i);
        assert_int_equal(codes_find(c, code), i);
        (void)codes_ancestors(c, i, &n);
        assert_int_equal(n, i < 10 ? 0 : i < 100 ? 1 : i < 1000 ? 2 : 3);
        assert_true(i < 100 || codes_is_below(c, i, i / 100));
        assert_int_equal(codes_property(c, i, 0).group, i % 3);
        assert_int_equal(codes_property(c, i, 0).concept, (i + 1) % 100);
    }
    (void)codes_with(c, T("next"), 5, &n);
    assert_int_equal(n, 100);
    (void)codes_members(c, 1, &n);
    assert_int_equal(n, 2500);
    (void)codes_members(c, 3, &n);
    assert_int_equal(n, 2500);
    assert_null(codes_members(c, 2, &n));
    /* Every answer of the index is the answer of looking at each. */
    static const char *const asked[] = {"red", "red thing",    "r t",     "green o",
                                        "gr",  "t 99",         "bl",      "blue object",
                                        "zz",  "object thing", "thing 9", "black"};
    struct buf plain;
    const struct codes *each;
    b = large();
    buf_init(&plain, 1 << 26);
    assert_int_equal(codes_build_end(b, false, append, &plain, &e), 0);
    codes_build_drop(b);
    assert_int_equal(codes_open(buf_text(&plain), &a, &each, &e), 0);
    assert_true(plain.n < out.n);
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        uint32_t *expected;
        size_t count;
        assert_int_equal(codes_search(c, text_of(asked[i]), &a, &found, &n, &e), 0);
        assert_int_equal(codes_search(each, text_of(asked[i]), &a, &expected, &count, &e), 0);
        if (n != count || (n && memcmp(found, expected, n * sizeof *found) != 0)) {
            fail_msg("%s: %zu by the index, %zu by looking", asked[i], n, count);
        }
    }
    assert_int_equal(codes_search(c, T("red thing"), &a, &found, &n, &e), 0);
    assert_true(n == 2858);
    buf_done(&out);
    buf_done(&plain);
}

/* A chain has as many ancestors as the square of its length: a long one is refused, and a concept
 * that is not there. */
static void too_deep(void **state)
{
    (void)state;
    static const struct {
        uint32_t length, parent;
        int expected;
    } rows[] = {{2500, 0, 0}, {5000, 0, ERR_TOO_LARGE}, {10, 10, ERR_INTERNAL}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct codes_about x = {.case_sensitive = true};
        struct codes_build *b = codes_build_begin(&x);
        struct err e = {0};
        struct buf out;
        bool is_new;
        buf_init(&out, 1 << 26);
        for (uint32_t k = 0; k < rows[i].length; k++) {
            (void)codes_build_concept(b, arena_printf(&a, "%u", k), &is_new);
            if (k) {
                codes_build_parent(b, k, rows[i].parent ? rows[i].parent : k - 1);
            }
        }
        assert_int_equal(codes_build_end(b, false, append, &out, &e), rows[i].expected);
        assert_true(!rows[i].expected || (e.code == rows[i].expected && e.detail[0]));
        codes_build_drop(b);
        buf_done(&out);
    }
    codes_build_drop(NULL);
}

/* An image that was cut anywhere, or whose header was changed, is told. */
static void damaged(void **state)
{
    (void)state;
    struct codes_build *b = large();
    struct buf out;
    struct err e = {0};
    const struct codes *c;
    buf_init(&out, 1 << 26);
    assert_int_equal(codes_build_end(b, true, append, &out, &e), 0);
    codes_build_drop(b);
    for (size_t n = 0; n < out.n; n += n < 1000 ? 1 : 5003) {
        assert_int_equal(codes_open(text_make(out.p, n), &a, &c, &e), ERR_CORRUPT);
    }
    assert_int_equal(codes_open(text_make(out.p, out.n - 1), &a, &c, &e), ERR_CORRUPT);
    assert_non_null(strstr(err_text(&e), "cut"));
    for (size_t i = 0; i < 500; i++) {
        out.p[i] = (char)(out.p[i] ^ 0x10);
        assert_int_equal(codes_open(buf_text(&out), &a, &c, &e), ERR_CORRUPT);
        out.p[i] = (char)(out.p[i] ^ 0x10);
    }
    /* Where it lies does not matter. */
    char *other = arena_alloc(&a, out.n + 1);
    memcpy(other + 1, out.p, out.n);
    assert_int_equal(codes_open(text_make(other + 1, out.n), &a, &c, &e), 0);
    assert_int_equal(codes_find(c, T("c4711")), 4711);
    buf_done(&out);
}

/* --- the public definitions ---------------------------------------------------------------- */

static text file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        return (text){0};
    }
    enum { MOST = 1 << 25 };
    char *bytes = arena_alloc(&a, MOST);
    assert_non_null(bytes);
    size_t n = fread(bytes, 1, MOST, f);
    fclose(f);
    return text_make(bytes, n);
}

static void same_text(text got, const yyjson_val *expected, const char *path, const char *what)
{
    if (!text_eq(got, json_text(expected))) {
        fail_msg("%s: %s is '%.*s'", path, what, TEXT_ARG(got));
    }
}

/* The members of the list and those within them; how many there are. */
static uint32_t same_concepts(const struct codes *c, yyjson_val *list, uint32_t parent,
                              const char *path)
{
    yyjson_val *v, *d;
    size_t i, k, count, inner;
    uint32_t seen = 0;
    yyjson_arr_foreach(list, i, count, v)
    {
        uint32_t concept = codes_find(c, json_text(json_get(v, T("code"))));
        assert_int_not_equal(concept, CODES_NONE);
        same_text(codes_code(c, concept), json_get(v, T("code")), path, "code");
        same_text(codes_display(c, concept), json_get(v, T("display")), path, "display");
        same_text(codes_definition(c, concept), json_get(v, T("definition")), path, "definition");
        assert_true(parent == CODES_NONE || codes_is_below(c, concept, parent));
        yyjson_val *designations = json_get(v, T("designation"));
        yyjson_arr_foreach(designations, k, inner, d)
        {
            struct codes_designation got = codes_designation(c, concept, k);
            same_text(got.value, json_get(d, T("value")), path, "designation.value");
            same_text(got.language, json_get(d, T("language")), path, "designation.language");
            same_text(got.use_code, json_get(json_get(d, T("use")), T("code")), path, "use");
        }
        assert_int_equal(codes_designation_count(c, concept), yyjson_arr_size(designations));
        yyjson_val *properties = json_get(v, T("property"));
        yyjson_arr_foreach(properties, k, inner, d)
        {
            struct codes_property got = codes_property(c, concept, k);
            same_text(got.code, json_get(d, T("code")), path, "property.code");
            if (got.kind == CODES_CODE) {
                same_text(got.value, json_get(d, T("valueCode")), path, "property.valueCode");
            }
        }
        assert_int_equal(codes_property_count(c, concept), yyjson_arr_size(properties));
        seen += 1 + same_concepts(c, json_get(v, T("concept")), concept, path);
    }
    return seen;
}

static bool same_as_file(const char *path)
{
    yyjson_val *root;
    struct err e = {0};
    const struct codes *c;
    if (json_read(file(path), 128, &a, &root, &e) ||
        !text_eq(json_text(json_get(root, T("resourceType"))), T("CodeSystem"))) {
        return false;
    }
    if (codes_of_resource(root, &a, &c, &e)) {
        fail_msg("%s: %s", path, err_text(&e));
    }
    same_text(codes_about(c)->url, json_get(root, T("url")), path, "url");
    uint32_t seen = same_concepts(c, json_get(root, T("concept")), CODES_NONE, path);
    assert_int_equal(seen, codes_about(c)->count);
    return true;
}

static size_t same_as_folder(const char *data, const char *folder)
{
    text path = arena_printf(&a, "%s/%s", data, folder);
    DIR *d = opendir(path.p);
    size_t count = 0;
    for (struct dirent *entry; d && (entry = readdir(d));) {
        struct arena_mark mark = arena_mark(&a);
        if (text_ends(text_of(entry->d_name), T(".json"))) {
            text name = arena_printf(&a, "%s/%s", path.p, entry->d_name);
            if (strstr(entry->d_name, "odesystem") || strstr(entry->d_name, "odeSystem")) {
                count += same_as_file(name.p);
            }
        }
        arena_rewind(&a, mark);
    }
    if (d) {
        closedir(d);
    }
    return count;
}

static void public_definitions(void **state)
{
    (void)state;
    static const char *const folders[] = {
        "tx-ecosystem-dev/deprecated", "tx-ecosystem-dev/simple",   "tx-ecosystem-dev/inactive",
        "tx-ecosystem-dev/version",    "tx-ecosystem-dev/language",
    };
    const char *data = getenv("KITH_DATA");
    size_t count = data ? same_as_folder(data, "hl7.fhir.r4.core-4.0.1") : 0;
    if (count == 0) {
        print_message("skipped: no definitions (KITH_DATA names the folder of test data)\n");
        skip();
    }
    assert_true(count > 1000);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        assert_true(same_as_folder(data, folders[i]) > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(built),
        TEST(damaged),
        TEST(too_deep),
        TEST(public_definitions),
    };
    return cmocka_run_group_tests_name("codes_image", tests, NULL, NULL);
}
