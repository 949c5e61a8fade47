/* resource_check(): what is refused, with its place and words; what is accepted; limits. */
#include "base/clock.h"
#include "fhir_kit.h"
#include "test_check_cases.h"

static void finds_each_fault(void **state)
{
    (void)state;
    size_t failed = 0;
    for (size_t i = 0; i < sizeof check_cases / sizeof check_cases[0]; i++) {
        const struct check_case *c = &check_cases[i];
        struct arena a;
        struct issues is;
        struct resource r = {.type = 0};
        arena_init(&a, KIT_MEMORY);
        issues_init(&is, &a);
        int code = resource_check(kit_read(c->json, &a), false, &a, &is, &r);
        bool right = code == ERR_INVALID && is.count == 1 && is.errors == 1 && !r.root &&
                     is.items[0].code == c->code &&
                     text_eq(is.items[0].expression, text_of(c->expression)) &&
                     strstr(is.items[0].details.p, c->says);
        if (!right) {
            failed++;
            print_message("%s\n  wanted %s at %s: %s\n", c->json, err_info(c->code)->name,
                          c->expression, c->says);
            kit_show(&is);
        }
        arena_done(&a);
    }
    assert_int_equal(failed, 0);
}

static const char *const good[] = {
    "{'resourceType':'Patient'}",
    "{'id':'a','resourceType':'Patient'}",
    P "'active':false,'birthDate':'2000-02-29','deceasedDateTime':'2020-01'}",
    P "'name':[{'given':['a','b'],'_given':[null,{'extension':[{'url':'a','valueCode':'b'}]}]}]}",
    P "'name':[{'given':['a',null],'_given':[null,{'extension':[{'url':'a','valueCode':'b'}]}]}]}",
    P "'name':[{'_given':[{'extension':[{'url':'a','valueCode':'b'}]},null],'given':[null,'a']}]}",
    P "'name':[{'_given':[{'extension':[{'url':'a','valueCode':'b'}]}]}]}",
    P
    "'birthDate':'2000','_birthDate':{'id':'a','extension':[{'url':'a','valueTime':'10:00:00'}]}}",
    P "'_birthDate':{'extension':[{'url':'a','valueCode':'b'}]}}",
    P "'gender':'male','_gender':{'id':'a'},'name':[{'given':['a'],'_given':[{'id':'b'}]}]}",
    P "'_id':{'extension':[{'url':'a','valueCode':'b'}]}}",
    P "'extension':[{'url':'a','extension':[{'url':'b','valueBoolean':true}]}]}",
    P "'extension':[{'url':'a','_valueCode':{'extension':[{'url':'b','valueCode':'c'}]}}]}",
    P "'modifierExtension':[{'url':'a','valueCode':'b'}]}",
    P "'contact':[{'id':'a','gender':'male','modifierExtension':[{'url':'a','valueCode':'b'}]}]}",
    P "'photo':[{'contentType':'text/plain; charset=UTF-8','language':'en-GB','data':'YWJj'}]}",
    P "'text':{'status':'generated','div':'<div>a</div>'}}",
    "{'resourceType':'Observation','_status':{'extension':[{'url':'a','valueCode':'b'}]},'code':{'"
    "text':"
    "'a'}}",
    O "'valueQuantity':{'value':1.50,'comparator':'<','unit':'mg'}}",
    O "'valueInteger':0,'_valueInteger':{'extension':[{'url':'a','valueCode':'b'}]}}",
    O "'subject':{'reference':'Patient/1/_history/2','type':'Patient'}}",
    O "'subject':{'reference':'https://a.b/Patient/1'},'focus':[{'reference':'Binary/1'}]}",
    O "'subject':{'reference':'urn:uuid:c757873d-ec9a-4326-a141-556f43239520','type':'Patient'}}",
    O "'subject':{'reference':'urn:oid:1.2.3','type':'http://a/b'}}",
    O "'subject':{'display':'a'},'encounter':{'identifier':{'value':'1'}}}",
    O "'subject':{'extension':[{'url':'a','valueCode':'b'}]}}",
    O "'contained':[{'resourceType':'Patient','id':'a','link':[{'other':{'reference':'#b'},'type':"
      "'seealso'}]},{'resourceType':'RelatedPerson','id':'b','patient':{'reference':'#a'}}],"
      "'subject':{'reference':'#a'}}",
    O "'contained':[{'resourceType':'Provenance','id':'a','target':[{'reference':'#'}],'recorded':"
      "'2020-01-01T00:00:00Z','agent':[{'who':{'display':'a'}}]}]}",
    "{'resourceType':'Condition','subject':{'display':'a'},'clinicalStatus':{'coding':[{'system':'"
    "http://a',"
    "'code':'own'}]}}",
    "{'resourceType':'Condition','subject':{'display':'a'},'clinicalStatus':{'coding':[{'code':'"
    "own'},"
    "{'system':'http://terminology.hl7.org/CodeSystem/"
    "condition-clinical','code':'relapse'}],'text':'a'}}",
    "{'resourceType':'Parameters'}",
    "{'resourceType':'Parameters','parameter':[{'name':'a','resource':{'resourceType':'Patient'}},"
    "{'name':'b','valueDecimal':-0.0}]}",
    B "{'resourceType':'Patient','id':'a','contained':[{'resourceType':'Patient','id':'a'}]}}]}",
    X
    "'contained':[{'resourceType':'Bundle','id':'a','type':'collection','entry':[{'resource':"
    "{'resourceType':'Basic','code':{'text':'a'},'contained':[{'resourceType':'Patient','id':'p'}],"
    "'subject':{'reference':'#p'}}}]}]}",
};

static void accepts_what_is_right(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct arena a;
        arena_init(&a, KIT_MEMORY);
        struct resource r = kit_check(good[i], &a);
        assert_int_not_equal(r.type, 0);
        assert_non_null(r.root);
        arena_done(&a);
    }
}

static void takes_searches_as_references_only_when_told(void **state)
{
    (void)state;
    struct arena a;
    struct issues is;
    struct resource r;
    arena_init(&a, KIT_MEMORY);
    issues_init(&is, &a);
    yyjson_val *right = kit_read(O "'subject':{'reference':'Patient?identifier=a|b'}}", &a);
    assert_int_equal(resource_check(right, true, &a, &is, &r), 0);
    assert_int_equal(resource_check(right, false, &a, &is, &r), ERR_INVALID);
    yyjson_val *wrong = kit_read(O "'subject':{'reference':'Practitioner?identifier=a|b'}}", &a);
    assert_int_equal(resource_check(wrong, true, &a, &is, &r), ERR_INVALID);
    arena_done(&a);
}

static void describes_the_resource(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, KIT_MEMORY);
    struct resource r = kit_check(P "'id':'x1','meta':{'versionId':'3'}}", &a);
    assert_int_equal(r.type, FHIR_PATIENT);
    assert_true(text_eq(r.id, T("x1")));
    assert_non_null(json_get(r.meta, T("versionId")));
    r = kit_check("{'resourceType':'Basic','code':{'text':'a'}}", &a);
    assert_int_equal(r.id.n, 0);
    assert_null(r.meta);
    assert_int_equal(r.link_count, 0);
    arena_done(&a);
}

static void finds_all_faults_of_a_resource(void **state)
{
    (void)state;
    struct arena a;
    struct issues is;
    struct resource r;
    arena_init(&a, KIT_MEMORY);
    issues_init(&is, &a);
    yyjson_val *v =
        kit_read(P "'gender':'x','birthDate':'y','nam':1,'name':[{'use':'z','given':[]}]}", &a);
    assert_int_equal(resource_check(v, false, &a, &is, &r), ERR_INVALID);
    assert_int_equal(is.count, 5);
    arena_done(&a);
}

static void bounds_the_list_of_findings(void **state)
{
    (void)state;
    struct arena a;
    struct buf json;
    struct issues is;
    struct resource r;
    struct err e;
    yyjson_val *root = NULL;
    arena_init(&a, KIT_MEMORY);
    buf_init(&json, KIT_MEMORY);
    buf_add(&json, T("{\"resourceType\":\"Patient\",\"name\":[{\"use\":\"x\"}"));
    for (int i = 0; i < 9999; i++) {
        buf_add(&json, T(",{\"use\":\"x\"}"));
    }
    buf_add(&json, T("]}"));
    assert_int_equal(json_read(buf_text(&json), KIT_DEPTH, &a, &root, &e), 0);
    issues_init(&is, &a);
    assert_int_equal(resource_check(root, false, &a, &is, &r), ERR_INVALID);
    assert_int_equal(is.count, ISSUES_MAX);
    assert_int_equal(is.errors, 10000);
    assert_int_equal(is.dropped, 10000 - ISSUES_MAX);
    buf_done(&json);
    arena_done(&a);
}

/* Nulls beside extensions, unknown members, contained resources: their cost grows with their number
 * only. */
static void large_resources_take_no_longer_than_their_size(void **state)
{
    (void)state;
    static const char *const parts[][5] = {
        /* before, each, between, each, after; '%d' is the number */
        {"{'resourceType':'Patient','name':[{'given':[", "null", "],'_given':[",
         "{'extension':[{'url':'a','valueCode':'b'}]}", "]}]}"},
        {"{'resourceType':'StructureDefinition','snapshot':{'element':[{",
         "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx%d':1", "}]},'differential':{'element':[{",
         "'y%d':1", "}]}}"},
        {"{'resourceType':'List','status':'current','mode':'working','contained':[",
         "{'resourceType':'Basic','id':'c%d','code':{'text':'a'}}", "],'entry':[",
         "{'item':{'reference':'#c%d'}}", "]}"},
    };
    enum { NUMBER = 100000 };
    for (size_t i = 0; i < 3; i++) {
        struct arena a;
        struct buf json;
        struct issues is;
        struct resource r;
        arena_init(&a, 256U * 1024 * 1024);
        buf_init(&json, 4U * KIT_MEMORY);
        for (int part = 0; part < 5; part++) {
            int number = part % 2 ? NUMBER : 1;
            text words = text_of(parts[i][part]);
            size_t at = text_find(words, '%');
            for (int k = 0; k < number; k++) {
                if (k) {
                    buf_addc(&json, ',');
                }
                buf_add(&json, text_first(words, at));
                if (at < words.n) {
                    buf_add_u64(&json, (uint64_t)k);
                    buf_add(&json, text_from(words, at + 2));
                }
            }
        }
        buf_addc(&json, '\0');
        assert_false(buf_failed(&json));
        issues_init(&is, &a);
        int64_t start = clock_thread_cpu_ns();
        int code = resource_check(kit_read(json.p, &a), false, &a, &is, &r);
        int64_t ms = (clock_thread_cpu_ns() - start) / 1000000;
        assert_int_equal(code, i == 1 ? ERR_INVALID : 0);
        assert_in_range(ms, 0, 2000);
        buf_done(&json);
        arena_done(&a);
    }
}

/* Long names and values from outside are cut at a character in findings, and paths stay bounded. */
static void cuts_what_it_shows(void **state)
{
    (void)state;
    struct arena a;
    struct buf json;
    struct issues is;
    struct resource r;
    struct err e;
    yyjson_val *root = NULL;
    arena_init(&a, KIT_MEMORY);
    buf_init(&json, KIT_MEMORY);
    buf_add(&json, T("{\"resourceType\":\"Patient\",\"gender\":\""));
    for (int i = 0; i < 5000; i++) {
        buf_add(&json, T("\xe2\x82\xac"));
    }
    buf_add(&json, T("\",\""));
    for (int i = 0; i < 5000; i++) {
        buf_add(&json, T("\xe2\x82\xac"));
    }
    buf_add(&json, T("\":1}"));
    assert_int_equal(json_read(buf_text(&json), KIT_DEPTH, &a, &root, &e), 0);
    issues_init(&is, &a);
    assert_int_equal(resource_check(root, false, &a, &is, &r), ERR_INVALID);
    assert_int_equal(is.count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_true(is.items[i].details.n < 400);
        assert_non_null(strstr(is.items[i].details.p, "\xe2\x82\xac..."));
    }
    buf_done(&json);
    arena_done(&a);
}

static void extensions_nest_as_deep_as_json_does(void **state)
{
    (void)state;
    enum { LEVELS = 250 };
    struct arena a;
    struct buf json;
    struct issues is;
    struct resource r;
    struct err e;
    yyjson_val *root = NULL;
    arena_init(&a, KIT_MEMORY);
    buf_init(&json, KIT_MEMORY);
    buf_add(&json, T("{\"resourceType\":\"Patient\",\"extension\":["));
    for (int i = 0; i < LEVELS; i++) {
        buf_add(&json, T("{\"url\":\"a\",\"extension\":["));
    }
    buf_add(&json, T("{\"url\":\"a\",\"valueCode\":\" \"}"));
    for (int i = 0; i < LEVELS; i++) {
        buf_add(&json, T("]}"));
    }
    buf_add(&json, T("]}"));
    assert_int_equal(json_read(buf_text(&json), 512, &a, &root, &e), 0);
    issues_init(&is, &a);
    assert_int_equal(resource_check(root, false, &a, &is, &r), ERR_INVALID);
    assert_int_equal(is.count, 1);
    assert_true(is.items[0].expression.n <= 2048);
    buf_done(&json);
    arena_done(&a);
}

/* With any cap of memory: an answer, or ERR_MEMORY; never a wrong "it is right". */
static void keeps_to_its_memory(void **state)
{
    (void)state;
    static const char *const resources[] = {
        O "'contained':[{'resourceType':'Patient','id':'a'},{'resourceType':'Patient','id':'b'}],"
          "'subject':{'reference':'#a'},'focus':[{'reference':'Patient/1'},{'reference':'Patient/"
          "2'}]}",
        P "'gender':'x','birthDate':'y','nam':1,'name':[{'use':'z','given':[]}],'active':'a'}",
    };
    for (size_t i = 0; i < 2; i++) {
        struct arena tree;
        arena_init(&tree, KIT_MEMORY);
        yyjson_val *root = kit_read(resources[i], &tree);
        int code = ERR_MEMORY;
        for (size_t cap = 0; cap < 64 * 1024 && code == ERR_MEMORY; cap += 16) {
            struct arena a;
            struct issues is;
            struct resource r = {.type = 0};
            arena_init(&a, cap);
            issues_init(&is, &a);
            code = resource_check(root, false, &a, &is, &r);
            assert_true(a.total <= cap);
            assert_true((code == 0) == (r.root != NULL));
            assert_true(cap > 0 || code == ERR_MEMORY);
            arena_done(&a);
        }
        assert_int_equal(code, i == 0 ? 0 : ERR_INVALID);
        arena_done(&tree);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_each_fault),
        cmocka_unit_test(accepts_what_is_right),
        cmocka_unit_test(takes_searches_as_references_only_when_told),
        cmocka_unit_test(describes_the_resource),
        cmocka_unit_test(finds_all_faults_of_a_resource),
        cmocka_unit_test(bounds_the_list_of_findings),
        cmocka_unit_test(large_resources_take_no_longer_than_their_size),
        cmocka_unit_test(cuts_what_it_shows),
        cmocka_unit_test(extensions_nest_as_deep_as_json_does),
        cmocka_unit_test(keeps_to_its_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
