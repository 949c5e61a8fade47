/* The stored form and back: only what the store knows itself is left out, nothing else changes. */
#include "fhir_kit.h"

struct pack_case {
    const char *json;
    const char *meta; /* what the packed form has of meta, and of the rest */
    const char *rest;
    const char *printed;
};

#define HEAD                                                                                       \
    "{'resourceType':'Patient','id':'p1','meta':{'versionId':'7','lastUpdated':'2020-09-13T12:26:" \
    "40.123Z'"

static const struct pack_case cases[] = {
    {"{'resourceType':'Patient'}", "", "", HEAD "}}"},
    {"{ 'id' : 'x' , 'resourceType' : 'Patient' }", "", "", HEAD "}}"},
    {"{'resourceType':'Patient','meta':{'versionId':'1','lastUpdated':'2020-01-01T00:00:00Z'},'"
     "active':true}",
     "", "'active':true", HEAD "},'active':true}"},
    {"{'resourceType':'Patient','active':true,'meta':{'versionId':'1','profile':['http://"
     "a'],'source':'b'},"
     "'gender':'male','id':'c'}",
     "'profile':['http://a'],'source':'b'", "'active':true,'gender':'male'",
     HEAD ",'profile':['http://a'],'source':'b'},'active':true,'gender':'male'}"},
    {"{'resourceType':'Patient','multipleBirthInteger':1,'extension':[{'url':'a','valueDecimal':1."
     "500E2}]}",
     "", "'multipleBirthInteger':1,'extension':[{'url':'a','valueDecimal':1.500E2}]",
     HEAD "},'multipleBirthInteger':1,'extension':[{'url':'a','valueDecimal':1.500E2}]}"},
    {"{'resourceType':'Patient','name':[{'text':'a\\n\\\\ \\u00e9'}]}", "",
     "'name':[{'text':'a\\n\\\\ \xc3\xa9'}]", HEAD "},'name':[{'text':'a\\n\\\\ \xc3\xa9'}]}"},
};

static const struct resource_head head = {.id = {"p1", 2}, .version = 7, .instant = 1600000000123};

static void packs_and_prints(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena a;
        struct buf packed;
        struct buf printed;
        struct err e;
        arena_init(&a, KIT_MEMORY);
        buf_init(&packed, KIT_MEMORY);
        buf_init(&printed, KIT_MEMORY);
        struct resource r = kit_check(cases[i].json, &a);
        resource_pack(&r, &packed);
        text meta = kit_quoted(cases[i].meta, &a);
        text rest = kit_quoted(cases[i].rest, &a);
        assert_int_equal((unsigned char)packed.p[0], meta.n);
        assert_true(text_eq((text){packed.p + 1, meta.n}, meta));
        assert_true(text_eq(text_from(buf_text(&packed), 1 + meta.n), rest));
        struct resource_head h = head;
        h.type = r.type;
        assert_int_equal(resource_print(&h, buf_text(&packed), &printed, &e), 0);
        text wanted = kit_quoted(cases[i].printed, &a);
        if (!text_eq(buf_text(&printed), wanted)) {
            fail_msg("%.*s\n%.*s", TEXT_ARG(buf_text(&printed)), TEXT_ARG(wanted));
        }
        buf_done(&packed);
        buf_done(&printed);
        arena_done(&a);
    }
}

/* The length of meta takes one byte up to 127, two up to 16383, then three. */
static void packs_meta_of_any_length(void **state)
{
    (void)state;
    for (size_t n = 1; n < 20000; n += n < 200 ? 1 : 997) {
        struct arena a;
        struct buf json;
        struct buf packed;
        struct buf printed;
        struct err e;
        yyjson_val *root = NULL;
        struct issues is;
        struct resource r = {.type = 0};
        arena_init(&a, KIT_MEMORY);
        buf_init(&json, KIT_MEMORY);
        buf_init(&packed, KIT_MEMORY);
        buf_init(&printed, KIT_MEMORY);
        buf_add(&json, T("{\"resourceType\":\"Patient\",\"meta\":{\"source\":\""));
        for (size_t i = 0; i < n; i++) {
            buf_addc(&json, 'a');
        }
        buf_add(&json, T("\"},\"active\":true}"));
        assert_int_equal(json_read(buf_text(&json), KIT_DEPTH, &a, &root, &e), 0);
        issues_init(&is, &a);
        assert_int_equal(resource_check(root, false, &a, &is, &r), 0);
        buf_add(&packed, T("before"));
        resource_pack(&r, &packed);
        struct resource_head h = head;
        h.type = r.type;
        assert_int_equal(resource_print(&h, text_from(buf_text(&packed), 6), &printed, &e), 0);
        yyjson_val *again = NULL;
        assert_int_equal(json_read(buf_text(&printed), KIT_DEPTH, &a, &again, &e), 0);
        assert_int_equal(json_len(json_get(json_get(again, T("meta")), T("source"))), n);
        assert_true(json_same(json_get(again, T("active")), json_get(root, T("active"))));
        buf_done(&json);
        buf_done(&packed);
        buf_done(&printed);
        arena_done(&a);
    }
}

static void refuses_what_it_did_not_write(void **state)
{
    (void)state;
    static const text broken[] = {T(""),
                                  T("\x05"
                                    "abc"),
                                  T("\xff"), T("\xff\xff\xff\xff\xff\xff\xff\xff\xff"), T("\x80")};
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct buf out;
        struct err e;
        buf_init(&out, KIT_MEMORY);
        struct resource_head h = head;
        h.type = FHIR_PATIENT;
        assert_int_equal(resource_print(&h, broken[i], &out, &e), ERR_CORRUPT);
        assert_int_equal(out.n, 0);
        buf_done(&out);
    }
    struct buf out;
    struct err e;
    buf_init(&out, KIT_MEMORY);
    assert_int_equal(resource_print(&head, T("\0"), &out, &e), ERR_CORRUPT);
    buf_done(&out);
}

static void same_data_is_found_by_bytes(void **state)
{
    (void)state;
    struct arena a;
    struct buf x;
    struct buf y;
    arena_init(&a, KIT_MEMORY);
    buf_init(&x, KIT_MEMORY);
    buf_init(&y, KIT_MEMORY);
    struct resource r = kit_check("{'resourceType':'Patient','id':'a','active':true}", &a);
    struct resource s =
        kit_check("{'meta':{'versionId':'4'}, 'active' : true, 'resourceType':'Patient'}", &a);
    resource_pack(&r, &x);
    resource_pack(&s, &y);
    assert_true(resource_same(buf_text(&x), buf_text(&y)));
    struct resource t = kit_check("{'resourceType':'Patient','id':'a','active':false}", &a);
    buf_clear(&y);
    resource_pack(&t, &y);
    assert_false(resource_same(buf_text(&x), buf_text(&y)));
    buf_done(&x);
    buf_done(&y);
    arena_done(&a);
}

static void full_buffers_are_told(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, KIT_MEMORY);
    struct resource r =
        kit_check("{'resourceType':'Patient','meta':{'source':'abc'},'active':true}", &a);
    for (size_t most = 0; most < 200; most++) {
        struct buf packed;
        struct err e;
        buf_init(&packed, most);
        resource_pack(&r, &packed);
        assert_true(packed.n <= most);
        assert_int_equal(buf_failed(&packed), most < 28);
        struct buf printed;
        struct resource_head h = head;
        h.type = r.type;
        buf_init(&printed, most);
        int code = resource_print(&h, T("\0"), &printed, &e);
        assert_true(code == 0 || (code == ERR_MEMORY && most < 120));
        buf_done(&packed);
        buf_done(&printed);
    }
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packs_and_prints),
        cmocka_unit_test(packs_meta_of_any_length),
        cmocka_unit_test(refuses_what_it_did_not_write),
        cmocka_unit_test(same_data_is_found_by_bytes),
        cmocka_unit_test(full_buffers_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
