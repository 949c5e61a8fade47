/* JSON (RFC 8259) in and out: what is refused and where, digits that stay, escapes, sameness,
 * memory. */
#include "format/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { DEPTH = 8, MEMORY = 1024 * 1024 };

static int read_text(text t, struct arena *a, yyjson_val **ret_root, struct err *e)
{
    return json_read(t, DEPTH, a, ret_root, e);
}

static yyjson_val *must_read(const char *json, struct arena *a)
{
    struct err e;
    yyjson_val *root = NULL;
    if (read_text(text_of(json), a, &root, &e)) {
        fail_msg("%s: %s", json, e.detail);
    }
    return root;
}

static void refuses_and_says_where(void **state)
{
    (void)state;
    static const struct {
        text json;
        int code;
        const char *says;
    } cases[] = {
        {T(""), ERR_SYNTAX, "empty"},
        {T(" \n"), ERR_SYNTAX, "line 1"},
        {T("{"), ERR_SYNTAX, "where the content ends"},
        {T("{\"a\":1,}"), ERR_SYNTAX, "line 1, column 7, before \",}\""},
        {T("{\n  \"a\": 1\n  \"b\": 2\n}"), ERR_SYNTAX, "line 3, column 3, before \"\"b\": 2"},
        {T("[1 2]"), ERR_SYNTAX, "line 1, column 4"},
        {T("{\"a\" 1}"), ERR_SYNTAX, "line 1, column 6"},
        {T("{a:1}"), ERR_SYNTAX, "line 1, column 2"},
        {T("'a'"), ERR_SYNTAX, "line 1, column 1"},
        {T("[01]"), ERR_SYNTAX, "line 1"},
        {T("[1.]"), ERR_SYNTAX, "line 1"},
        {T("[.5]"), ERR_SYNTAX, "line 1"},
        {T("[+1]"), ERR_SYNTAX, "line 1"},
        {T("[-]"), ERR_SYNTAX, "line 1"},
        {T("[1e]"), ERR_SYNTAX, "line 1"},
        {T("[NaN]"), ERR_SYNTAX, "line 1"},
        {T("[Infinity]"), ERR_SYNTAX, "line 1"},
        {T("[0x1]"), ERR_SYNTAX, "line 1"},
        {T("[True]"), ERR_SYNTAX, "line 1"},
        {T("[nul]"), ERR_SYNTAX, "line 1"},
        {T("[1]x"), ERR_SYNTAX, "column 4, before \"x\""},
        {T("[1] [2]"), ERR_SYNTAX, "column 5"},
        {T("[1]\0"), ERR_SYNTAX, "column 4"},
        {T("/* a */ 1"), ERR_SYNTAX, "column 1"},
        {T("\xEF\xBB\xBF{}"), ERR_SYNTAX, "byte order mark"},
        {T("[\"a\tb\"]"), ERR_SYNTAX, "line 1"},
        {T("[\"\\x\"]"), ERR_SYNTAX, "line 1"},
        {T("[\"\\u12\"]"), ERR_SYNTAX, "line 1"},
        {T("[\"\\ud800\"]"), ERR_SYNTAX, "line 1"},
        {T("[\"\\ud800\\u0041\"]"), ERR_SYNTAX, "line 1"},
        {T("[\"\\udc00\"]"), ERR_SYNTAX, "line 1"},
        {T("[\"\xff\"]"), ERR_SYNTAX, "line 1"},
        {T("[\"\xc0\xaf\"]"), ERR_SYNTAX, "line 1"},
        {T("[\"\xed\xa0\x80\"]"), ERR_SYNTAX, "line 1"},
        {T("[\"\xf4\x90\x80\x80\"]"), ERR_SYNTAX, "line 1"},
        {T("[[[[[[[[[]]]]]]]]]"), ERR_INVALID, "more than 8 deep"},
        {T("{\"a\":[{\"a\":[{\"a\":[{\"a\":[{}]}]}]}]}"), ERR_INVALID, "more than 8 deep"},
    };
    struct arena a;
    arena_init(&a, MEMORY);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err e = {.code = 0};
        yyjson_val *root = NULL;
        int code = read_text(cases[i].json, &a, &root, &e);
        if (code != cases[i].code || e.code != code || root || !strstr(e.detail, cases[i].says)) {
            fail_msg("%.*s: %d %s", TEXT_ARG(cases[i].json), code, e.detail);
        }
        arena_reset(&a);
    }
    arena_done(&a);
}

static void writes_what_it_read(void **state)
{
    (void)state;
    static const char *const same[] = {
        "{}",
        "[]",
        "null",
        "true",
        "\"\"",
        "0",
        "[1.00,1.0,1,-0,-0.0,1E5,1e+5,0.1e-7]",
        "[123456789012345678901234567890.123456789012345678901234567890]",
        "{\"a\":{\"b\":[true,false,null,{}]},\"c\":[]}",
        "[\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\"]",
        "[\"/\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\x7f\"]",
        "{\"a\\nb\":1}",
        "[[[[[[[[]]]]]]]]",
    };
    static const char *const other[][2] = {
        {" [ 1 , 2 ] \n", "[1,2]"},
        {"[\"\\u00e9\\u20ac\\ud83d\\ude00\\/\"]", "[\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80/\"]"},
        {"[\"\\u0041\\u000A\\u0022\"]", "[\"A\\n\\\"\"]"},
    };
    struct arena a;
    struct buf out;
    arena_init(&a, MEMORY);
    buf_init(&out, MEMORY);
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        buf_clear(&out);
        json_write(must_read(same[i], &a), &out);
        assert_int_equal(out.n, strlen(same[i]));
        assert_memory_equal(out.p, same[i], out.n);
    }
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
        buf_clear(&out);
        json_write(must_read(other[i][0], &a), &out);
        assert_int_equal(out.n, strlen(other[i][1]));
        assert_memory_equal(out.p, other[i][1], out.n);
    }
    buf_clear(&out);
    json_write_pretty(must_read("{\"a\":[1,{}],\"b\":{\"c\":\"d\"}}", &a), &out);
    static const char pretty[] =
        "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": {\n    \"c\": \"d\"\n  }\n}";
    assert_int_equal(out.n, sizeof pretty - 1);
    assert_memory_equal(out.p, pretty, out.n);
    buf_done(&out);
    arena_done(&a);
}

static void finds_members(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, MEMORY);
    yyjson_val *v = must_read("{\"a\":{\"x\":[1,2]},\"b\":\"text\",\"ab\":2.50,\"\":null}", &a);
    assert_true(text_eq(json_text(json_get(v, T("b"))), T("text")));
    assert_true(text_eq(json_text(json_get(v, T("ab"))), T("2.50")));
    assert_int_equal(json_len(json_get(json_get(v, T("a")), T("x"))), 2);
    assert_non_null(json_get(v, T("")));
    assert_null(json_get(v, T("c")));
    assert_null(json_get(NULL, T("c")));
    assert_null(json_get(json_get(v, T("b")), T("c")));
    assert_null(json_text(json_get(v, T("a"))).p);
    assert_null(json_text(json_get(v, T(""))).p);
    assert_null(json_text(NULL).p);
    size_t items = 0;
    yyjson_val *key = v + 1;
    for (size_t left = json_len(v); left; left--, key = json_after(key + 1)) {
        items++;
    }
    assert_int_equal(items, 4);
    assert_ptr_equal(key, json_after(v));
    json_set_string(json_get(v, T("b")), T("other \"one\""));
    struct buf out;
    buf_init(&out, MEMORY);
    json_write(json_get(v, T("b")), &out);
    assert_true(text_eq(buf_text(&out), T("\"other \\\"one\\\"\"")));
    buf_done(&out);
    arena_done(&a);
}

static void tells_same_data(void **state)
{
    (void)state;
    static const struct {
        const char *a;
        const char *b;
        bool same;
    } cases[] = {
        {"{\"a\":1,\"b\":[2,3]}", " {\"b\":[2,3], \"a\":1}", true},
        {"{\"a\":1}", "{\"a\":1.0}", false},
        {"{\"a\":1}", "{\"a\":\"1\"}", false},
        {"{\"a\":1}", "{\"a\":1,\"b\":2}", false},
        {"{\"a\":1,\"b\":2}", "{\"a\":1,\"c\":2}", false},
        {"{\"a\":1,\"a\":2}", "{\"a\":1,\"a\":2}", true},
        {"{\"a\":1,\"a\":2}", "{\"a\":1,\"a\":3}", false},
        {"{\"a\":1,\"a\":1}", "{\"a\":1,\"b\":2}", false},
        {"{\"a\":1,\"b\":2}", "{\"a\":1,\"a\":1}", false},
        {"[1,2]", "[2,1]", false},
        {"[1,2]", "[1,2,3]", false},
        {"\"\\u00e9\"", "\"\xc3\xa9\"", true},
        {"true", "true", true},
        {"true", "false", false},
        {"null", "null", true},
        {"null", "false", false},
        {"{}", "[]", false},
    };
    struct arena a;
    arena_init(&a, MEMORY);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool same = json_same(must_read(cases[i].a, &a), must_read(cases[i].b, &a));
        if (same != cases[i].same) {
            fail_msg("%s %s", cases[i].a, cases[i].b);
        }
    }
    arena_done(&a);
}

static void tells_same_data_of_large_objects(void **state)
{
    (void)state;
    struct arena a;
    struct buf forward;
    struct buf backward;
    arena_init(&a, 16 * MEMORY);
    buf_init(&forward, MEMORY);
    buf_init(&backward, MEMORY);
    enum { MEMBERS = 20000 };
    for (int i = 0; i < MEMBERS; i++) {
        buf_printf(&forward, "%c\"m%d\":%d", i ? ',' : '{', i, i);
        buf_printf(&backward, "%c\"m%d\":%d", i ? ',' : '{', MEMBERS - 1 - i, MEMBERS - 1 - i);
    }
    buf_addc(&forward, '}');
    buf_addc(&backward, '}');
    struct err e;
    yyjson_val *x = NULL;
    yyjson_val *y = NULL;
    assert_int_equal(read_text(buf_text(&forward), &a, &x, &e), 0);
    assert_int_equal(read_text(buf_text(&backward), &a, &y, &e), 0);
    assert_true(json_same(x, y));
    y[4].tag = x[4].tag;
    y[4].uni.str = "99999";
    assert_false(json_same(x, y));
    buf_done(&forward);
    buf_done(&backward);
    arena_done(&a);
}

static void keeps_to_its_memory(void **state)
{
    (void)state;
    char json[4096];
    size_t n = 0;
    json[n++] = '[';
    for (int i = 0; i < 1000; i++) {
        n += (size_t)snprintf(json + n, sizeof json - n, "%s1", i ? "," : "");
    }
    json[n++] = ']';
    bool read = false;
    for (size_t cap = 0; cap < 64 * 1024 && !read; cap += 64) {
        struct arena a;
        struct err e = {.code = 0};
        yyjson_val *root = NULL;
        arena_init(&a, cap);
        int code = read_text((text){json, n}, &a, &root, &e);
        assert_true(code == 0 || code == ERR_MEMORY);
        assert_true(a.total <= cap);
        read = code == 0;
        arena_done(&a);
    }
    assert_true(read);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_and_says_where),
        cmocka_unit_test(writes_what_it_read),
        cmocka_unit_test(finds_members),
        cmocka_unit_test(tells_same_data),
        cmocka_unit_test(tells_same_data_of_large_objects),
        cmocka_unit_test(keeps_to_its_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
