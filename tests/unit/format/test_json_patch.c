/* JSON Patch (RFC 6902): the examples of its appendix A, what is refused and with which words,
 * digits that stay, depth, work and memory, and the public suite where it is at hand. */
#include "format/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { DEPTH = 64, MEMORY = 64 * 1024 * 1024 };

static struct arena a;

static int set_up(void **state)
{
    (void)state;
    arena_init(&a, MEMORY);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_done(&a);
    return 0;
}

/* JSON with ' for ". */
static yyjson_val *read_json(const char *json)
{
    struct err e = {.code = 0};
    yyjson_val *root = NULL;
    text t = arena_copy(&a, text_of(json));
    char *p = (char *)(uintptr_t)t.p;
    assert_non_null(p);
    for (size_t i = 0; i < t.n; i++) {
        p[i] = p[i] == '\'' ? '"' : p[i];
    }
    if (json_read(t, DEPTH, &a, &root, &e)) {
        fail_msg("%s: %s", json, e.detail);
    }
    return root;
}

static text written(const yyjson_val *v)
{
    struct buf out;
    buf_init(&out, MEMORY);
    json_write(v, &out);
    assert_false(buf_failed(&out));
    text t = arena_copy(&a, buf_text(&out));
    assert_non_null(t.p);
    buf_done(&out);
    return t;
}

/* The result as text with ' for ", or "CODE detail". */
static text patched(const char *json, const char *patch)
{
    struct err e = {.code = 0};
    yyjson_val *root = read_json(json);
    yyjson_val *result = NULL;
    text before = written(root);
    int code = json_patch(root, read_json(patch), DEPTH, &a, &result, &e);
    assert_true(text_eq(before, written(root)));
    assert_int_equal(code, e.code);
    if (code) {
        assert_null(result);
        return arena_printf(&a, "%s %s", err_info(code)->name, e.detail);
    }
    text t = written(result);
    char *p = (char *)(uintptr_t)t.p;
    for (size_t i = 0; i < t.n; i++) {
        p[i] = p[i] == '"' ? '\'' : p[i];
    }
    return t;
}

struct row {
    const char *json;
    const char *patch;
    const char *wanted; /* the result, or a part of the error */
};

static void check_rows(const struct row *rows, size_t count, bool whole)
{
    for (size_t i = 0; i < count; i++) {
        text got = patched(rows[i].json, rows[i].patch);
        if (whole ? !text_eq(got, text_of(rows[i].wanted)) : !strstr(got.p, rows[i].wanted)) {
            fail_msg("%s\n  patched with %s\n  is %s\n  not %s", rows[i].json, rows[i].patch, got.p,
                     rows[i].wanted);
        }
    }
}

static void appendix_a(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"{'foo':'bar'}", "[{'op':'add','path':'/baz','value':'qux'}]",
         "{'foo':'bar','baz':'qux'}"},
        {"{'foo':['bar','baz']}", "[{'op':'add','path':'/foo/1','value':'qux'}]",
         "{'foo':['bar','qux','baz']}"},
        {"{'baz':'qux','foo':'bar'}", "[{'op':'remove','path':'/baz'}]", "{'foo':'bar'}"},
        {"{'foo':['bar','qux','baz']}", "[{'op':'remove','path':'/foo/1'}]",
         "{'foo':['bar','baz']}"},
        {"{'baz':'qux','foo':'bar'}", "[{'op':'replace','path':'/baz','value':'boo'}]",
         "{'baz':'boo','foo':'bar'}"},
        {"{'foo':{'bar':'baz','waldo':'fred'},'qux':{'corge':'grault'}}",
         "[{'op':'move','from':'/foo/waldo','path':'/qux/thud'}]",
         "{'foo':{'bar':'baz'},'qux':{'corge':'grault','thud':'fred'}}"},
        {"{'foo':['all','grass','cows','eat']}", "[{'op':'move','from':'/foo/1','path':'/foo/3'}]",
         "{'foo':['all','cows','eat','grass']}"},
        {"{'baz':'qux','foo':['a',2,'c']}",
         "[{'op':'test','path':'/baz','value':'qux'},{'op':'test','path':'/foo/1','value':2}]",
         "{'baz':'qux','foo':['a',2,'c']}"},
        {"{'foo':'bar'}", "[{'op':'add','path':'/child','value':{'grandchild':{}}}]",
         "{'foo':'bar','child':{'grandchild':{}}}"},
        {"{'foo':'bar'}", "[{'op':'add','path':'/baz','value':'qux','xyz':123}]",
         "{'foo':'bar','baz':'qux'}"},
        {"{'/':9,'~1':10}", "[{'op':'test','path':'/~01','value':10}]", "{'/':9,'~1':10}"},
        {"{'foo':['bar']}", "[{'op':'add','path':'/foo/-','value':['abc','def']}]",
         "{'foo':['bar',['abc','def']]}"},
    };
    check_rows(rows, sizeof rows / sizeof rows[0], true);
}

static void whatever_can_be_done(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"{'a':1}", "[]", "{'a':1}"},
        {"{'a':1}", "[{'op':'add','path':'','value':[2]}]", "[2]"},
        {"{'a':1}", "[{'op':'replace','path':'','value':null}]", "null"},
        {"{'a':{'b':2}}", "[{'op':'move','from':'/a/b','path':''}]", "2"},
        {"{'a':{'b':2}}", "[{'op':'copy','from':'','path':'/a/c'}]",
         "{'a':{'b':2,'c':{'a':{'b':2}}}}"},
        {"{'a':1}", "[{'op':'test','path':'','value':{'a':1}}]", "{'a':1}"},
        {"{'a':1,'b':2,'c':3}", "[{'op':'add','path':'/b','value':9}]", "{'a':1,'b':9,'c':3}"},
        {"{'a':[1,2,3]}", "[{'op':'replace','path':'/a/0','value':[]}]", "{'a':[[],2,3]}"},
        {"{'a':[1,2,3]}", "[{'op':'add','path':'/a/3','value':4}]", "{'a':[1,2,3,4]}"},
        {"{'a':[]}", "[{'op':'add','path':'/a/0','value':{}}]", "{'a':[{}]}"},
        {"[1]", "[{'op':'remove','path':'/0'}]", "[]"},
        {"[1,[2]]", "[{'op':'move','from':'/0','path':'/0'}]", "[1,[2]]"},
        {"[1,[2]]", "[{'op':'move','from':'/1/0','path':'/0'}]", "[2,1,[]]"},
        {"{'a':1}", "[{'op':'move','from':'/a','path':'/ab'}]", "{'ab':1}"},
        {"{'':{'':1}}", "[{'op':'replace','path':'//','value':2}]", "{'':{'':2}}"},
        {"{'a/b':1,'m~n':2}",
         "[{'op':'remove','path':'/a~1b'},{'op':'replace','path':'/m~0n','value':3}]", "{'m~n':3}"},
        {"{'\xC3\xA9':1}", "[{'op':'copy','from':'/\xC3\xA9','path':'/\xE2\x82\xAC'}]",
         "{'\xC3\xA9':1,'\xE2\x82\xAC':1}"},
        {"{'a':1}", "[{'op':'remove','path':'/a','value':'passed over','from':7}]", "{}"},
        /* digit for digit */
        {"{'a':1.50,'b':12345678901234567890.10}",
         "[{'op':'add','path':'/c','value':0.10e-7},{'op':'copy','from':'/b','path':'/d'}]",
         "{'a':1.50,'b':12345678901234567890.10,'c':0.10e-7,'d':12345678901234567890.10}"},
        /* numbers by their value, members in any order */
        {"{'a':1.50}", "[{'op':'test','path':'/a','value':1.5}]", "{'a':1.50}"},
        {"[100]", "[{'op':'test','path':'/0','value':1E2}]", "[100]"},
        {"[0.001]", "[{'op':'test','path':'/0','value':10e-4}]", "[0.001]"},
        {"[-0.0]", "[{'op':'test','path':'/0','value':0e9}]", "[-0.0]"},
        {"[120.0]", "[{'op':'test','path':'/0','value':1.2e+2}]", "[120.0]"},
        {"{'a':{'b':[1,{'x':true}],'c':null}}",
         "[{'op':'test','path':'/a','value':{'c':null,'b':[1.0,{'x':true}]}}]",
         "{'a':{'b':[1,{'x':true}],'c':null}}"},
    };
    check_rows(rows, sizeof rows / sizeof rows[0], true);
}

static void refuses_and_says_which(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"{}", "{}", "INVALID a JSON Patch is an array"},
        {"{}", "'add'", "INVALID a JSON Patch is an array"},
        {"{}", "[1]", "INVALID operation 0 ( \"\"): an operation is an object"},
        {"{}", "[{'path':'/a','value':1}]", "INVALID operation 0 ( \"\"): \"op\" is missing"},
        {"{}", "[{'op':'add','value':1}]", "INVALID operation 0 (add \"\"): \"path\" is missing"},
        {"{}", "[{'op':1,'path':''}]", "\"op\" must be a string"},
        {"{}", "[{'op':'add','path':null,'value':1}]", "\"path\" must be a string"},
        {"{}", "[{'op':'add','path':'/a'}]", "INVALID operation 0 (add \"/a\"): \"value\" is mis"},
        {"{}", "[{'op':'test','path':'/a'}]", "\"value\" is missing"},
        {"{}", "[{'op':'move','path':'/a'}]", "\"from\" is missing"},
        {"{}", "[{'op':'copy','path':'/a','from':[]}]", "\"from\" must be a string"},
        {"{}", "[{'op':'add','op':'remove','path':'/a','value':1}]", "\"op\" stands twice"},
        {"{}", "[{'op':'add','path':'/a','value':1,'value':2}]", "\"value\" stands twice"},
        {"{}", "[{'op':'spam','path':'/a'}]", "INVALID operation 0 (spam \"/a\"): this is no op"},
        {"{}", "[{'op':'ADD','path':'/a','value':1}]", "this is no operation"},
        {"{}", "[{'op':'add','path':'a','value':1}]", "starts with a slash"},
        {"{}", "[{'op':'add','path':'/~2','value':1}]", "a tilde is written ~0"},
        {"{}", "[{'op':'add','path':'/~','value':1}]", "a tilde is written ~0"},
        {"{'foo':'bar'}", "[{'op':'add','path':'/baz/bat','value':'qux'}]",
         "BUSINESS_RULE operation 0 (add \"/baz/bat\"): there is no \"baz\" in which \"bat\""},
        {"{'baz':'qux'}", "[{'op':'test','path':'/baz','value':'bar'}]",
         "BUSINESS_RULE operation 0 (test \"/baz\"): what stands there is not"},
        {"{'/':9,'~1':10}", "[{'op':'test','path':'/~01','value':'10'}]", "is not the value"},
        {"{'a':1}", "[{'op':'add','path':'/b','value':2},{'op':'remove','path':'/c'}]",
         "BUSINESS_RULE operation 1 (remove \"/c\"): there is nothing at \"/c\""},
        {"{'a':1}", "[{'op':'replace','path':'/b','value':2}]", "nothing at \"/b\""},
        {"{'a':1}", "[{'op':'test','path':'/b','value':null}]", "nothing at \"/b\""},
        {"{'a':1}", "[{'op':'move','from':'/b','path':'/c'}]", "nothing at \"/b\""},
        {"{'a':1}", "[{'op':'copy','from':'/b','path':'/c'}]", "nothing at \"/b\""},
        {"{'a':1}", "[{'op':'remove','path':''}]", "the whole document cannot"},
        {"{'a':{'b':1}}", "[{'op':'move','from':'/a','path':'/a/b'}]", "moved into itself"},
        {"{'a':1}", "[{'op':'move','from':'','path':'/a'}]", "moved into itself"},
        {"{'a':1}", "[{'op':'add','path':'/a/b','value':1}]", "in an object or an array only"},
        {"[1]", "[{'op':'add','path':'/2','value':1}]", "no place 2 in this array, which has 1"},
        {"[1]", "[{'op':'add','path':'/-1','value':1}]", "is no place in an array"},
        {"[1]", "[{'op':'add','path':'/01','value':1}]", "is no place in an array"},
        {"[1]", "[{'op':'add','path':'/1e0','value':1}]", "is no place in an array"},
        {"[1]", "[{'op':'add','path':'/','value':1}]", "is no place in an array"},
        {"[1]", "[{'op':'add','path':'/99999999999999999999','value':1}]", "no place 99999"},
        {"[1]", "[{'op':'remove','path':'/1'}]", "nothing at \"/1\""},
        {"[1]", "[{'op':'remove','path':'/-'}]", "nothing at \"/-\""},
        {"[1]", "[{'op':'replace','path':'/-','value':2}]", "nothing at \"/-\""},
        {"[[1]]", "[{'op':'move','from':'/0/0','path':'/1/0'}]", "no \"1\" in which \"0\""},
        {"[1,2]", "[{'op':'test','path':'','value':[1]}]", "is not the value"},
        {"[1,2]", "[{'op':'test','path':'','value':[1,3]}]", "is not the value"},
        {"{'a':1}", "[{'op':'test','path':'','value':{'b':1}}]", "is not the value"},
        {"[1]", "[{'op':'test','path':'/0','value':-1}]", "is not the value"},
        {"[1]", "[{'op':'test','path':'/0','value':10}]", "is not the value"},
        {"[1.05]", "[{'op':'test','path':'/0','value':1.5}]", "is not the value"},
        {"[12]", "[{'op':'test','path':'/0','value':123}]", "is not the value"},
        {"[0]", "[{'op':'test','path':'/0','value':0.1}]", "is not the value"},
        {"[true]", "[{'op':'test','path':'/0','value':false}]", "is not the value"},
        {"[null]", "[{'op':'test','path':'/0','value':0}]", "is not the value"},
    };
    check_rows(rows, sizeof rows / sizeof rows[0], false);
}

/* A chain of copies doubles the depth each time; memory alone would let it go very deep. */
static void no_deeper_than_told(void **state)
{
    (void)state;
    struct err e = {.code = 0};
    yyjson_val *result = NULL;
    const yyjson_val *root = read_json("{'a':{'a':{'a':{}}}}");
    const yyjson_val *patch = read_json("[{'op':'copy','from':'','path':'/a/a/a/a'},"
                                        "{'op':'copy','from':'','path':'/a/a/a/a/a/a/a/a'}]");
    assert_int_equal(json_patch(root, patch, 16, &a, &result, &e), 0);
    assert_int_equal(json_patch(root, patch, 15, &a, &result, &e), ERR_INVALID);
    assert_non_null(strstr(e.detail, "operation 1 (copy"));
    assert_non_null(strstr(e.detail, "more than 15 deep"));
}

static text repeated(const char *first, const char *one, size_t count, const char *last)
{
    struct buf out;
    buf_init(&out, MEMORY);
    buf_add(&out, text_of(first));
    for (size_t i = 0; i < count; i++) {
        buf_add(&out, i ? T(",") : T(""));
        buf_add(&out, text_of(one));
    }
    buf_add(&out, text_of(last));
    text t = arena_copy(&a, buf_text(&out));
    assert_non_null(t.p);
    buf_done(&out);
    return t;
}

static void many_operations(void **state)
{
    (void)state;
    struct err e = {.code = 0};
    yyjson_val *result = NULL;
    const char *one = "{'op':'add','path':'/-','value':1}";
    const yyjson_val *root = read_json("[]");
    const yyjson_val *most = read_json(repeated("[", one, JSON_PATCH_OPERATIONS_MAX, "]").p);
    assert_int_equal(json_patch(root, most, DEPTH, &a, &result, &e), 0);
    assert_int_equal(json_len(result), JSON_PATCH_OPERATIONS_MAX);
    const yyjson_val *more = read_json(repeated("[", one, JSON_PATCH_OPERATIONS_MAX + 1, "]").p);
    assert_int_equal(json_patch(root, more, DEPTH, &a, &result, &e), ERR_TOO_LARGE);
    assert_non_null(strstr(e.detail, "at most 1000"));
}

static void much_work(void **state)
{
    (void)state;
    struct err e = {.code = 0};
    yyjson_val *result = NULL;
    const yyjson_val *root = read_json(repeated("[", "1", 100000, "]").p);
    const yyjson_val *patch =
        read_json(repeated("[", "{'op':'test','path':'/99999','value':1}", 900, "]").p);
    assert_int_equal(json_patch(root, patch, DEPTH, &a, &result, &e), ERR_TOO_COSTLY);
    assert_non_null(strstr(e.detail, "operation 199 (test \"/99999\")"));
}

static void much_memory(void **state)
{
    (void)state;
    struct err e = {.code = 0};
    yyjson_val *result = NULL;
    struct arena small;
    const yyjson_val *root = read_json(repeated("[", "1", 1000, "]").p);
    const yyjson_val *patch =
        read_json(repeated("[", "{'op':'copy','from':'','path':'/-'}", 30, "]").p);
    arena_init(&small, 1 << 20);
    assert_int_equal(json_patch(root, patch, DEPTH, &small, &result, &e), ERR_MEMORY);
    arena_done(&small);
}

/* --- the public suite (json-patch-tests) ----------------------------------------------------- */

static text file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        return (text){0};
    }
    enum { MOST = 1 << 20 };
    char *bytes = arena_alloc(&a, MOST);
    assert_non_null(bytes);
    size_t n = fread(bytes, 1, MOST, f);
    fclose(f);
    return text_make(bytes, n);
}

static bool suite_case(const yyjson_val *one)
{
    struct err e = {.code = 0};
    yyjson_val *result = NULL;
    const yyjson_val *wanted = json_get(one, T("expected"));
    int code =
        json_patch(json_get(one, T("doc")), json_get(one, T("patch")), DEPTH, &a, &result, &e);
    bool must_fail = json_get(one, T("error")) != NULL;
    bool ok = must_fail ? code != 0 : code == 0 && (!wanted || json_same(result, wanted));
    if (!ok) {
        print_message("%.*s\n  got %s %s\n", TEXT_ARG(written(one)),
                      code ? e.detail : written(result).p, code ? "" : "(no error)");
    }
    return ok;
}

static void public_suite(void **state)
{
    (void)state;
    const char *data = getenv("KITH_DATA");
    text path =
        arena_printf(&a, "%s/fhirpath-r4-suite/patch/json-patch-tests.json", data ? data : "");
    text json = file(path.p);
    if (!json.p) {
        print_message("skipped: no %s (KITH_DATA names the folder of test data)\n", path.p);
        skip();
    }
    struct err e = {.code = 0};
    yyjson_val *root = NULL;
    assert_int_equal(json_read(json, DEPTH, &a, &root, &e), 0);
    size_t bad = 0;
    size_t count = 0;
    const yyjson_val *one = root + 1;
    for (size_t left = json_len(root); left; left--, one = json_after(one)) {
        if (json_get(one, T("patch")) && !json_get(one, T("disabled"))) {
            count++;
            bad += !suite_case(one);
        }
    }
    print_message("%zu cases\n", count);
    assert_int_equal(bad, 0);
    assert_true(count > 15);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(appendix_a),          TEST(whatever_can_be_done), TEST(refuses_and_says_which),
        TEST(no_deeper_than_told), TEST(many_operations),      TEST(much_work),
        TEST(much_memory),         TEST(public_suite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
