/* CodeSystem resources as images: what a resource says is what the image has, member by member. */
#include "fhir/codes.h"

#include "fhir_kit.h"
/* After the other: it has a global of the name of its parameters. */
#include "arena_kit.h"

static const struct codes *codes_from(const char *json)
{
    struct err e = {0};
    const struct codes *c = NULL;
    if (codes_of_resource(kit_read(json, &a), &a, &c, &e)) {
        fail_msg("%s: %s", json, err_text(&e));
    }
    return c;
}

static void same(text got, const char *expected, const char *what)
{
    if (!text_eq(got, text_of(expected))) {
        fail_msg("%s: '%.*s', not '%s'", what, TEXT_ARG(got), expected);
    }
}

static uint32_t at(const struct codes *c, const char *code)
{
    uint32_t concept = codes_find(c, text_of(code));
    if (concept == CODES_NONE) {
        fail_msg("no code %s", code);
    }
    return concept;
}

/* The codes of some concepts, a space between. */
static void are(const struct codes *c, const uint32_t *concepts, size_t count, const char *expected)
{
    text got = T("");
    for (size_t i = 0; i < count; i++) {
        const text parts[] = {got, i ? T(" ") : T(""), codes_code(c, concepts[i])};
        got = arena_join(&a, parts, 3);
        assert_true(i == 0 || concepts[i - 1] < concepts[i]);
    }
    same(got, expected, "concepts");
}

#define ANIMALS                                                                                   \
    "{'resourceType':'CodeSystem','language':'en-GB','url':'http://example.org/animals',"         \
    "'version':'3','name':'Animals','title':'All animals','status':'active','experimental':true," \
    "'caseSensitive':true,'versionNeeded':true,'valueSet':'http://example.org/all',"              \
    "'hierarchyMeaning':'is-a','content':'complete',"                                             \
    "'extension':[{'url':'http://hl7.org/fhir/StructureDefinition/structuredefinition-standards-" \
    "status','valueCode':'trial-use'}],"                                                          \
    "'property':[{'code':'up','uri':'http://hl7.org/fhir/concept-properties#parent',"             \
    "'type':'code'},{'code':'legs','type':'integer'},"                                            \
    "{'code':'grouper','uri':'http://hl7.org/fhir/concept-properties#notSelectable',"             \
    "'type':'boolean'},{'code':'eats','type':'code'}],'concept':["                                \
    "{'code':'mammal','display':'Mammal','property':[{'code':'grouper','valueBoolean':true}],"    \
    "'concept':[{'code':'dog','display':'Dog','definition':'Barks','property':["                  \
    "{'code':'legs','valueInteger':4},{'code':'eats','valueCode':'cat'},"                         \
    "{'code':'eats','valueCode':'nothing'},"                                                      \
    "{'code':'seen','valueCoding':{'system':'http://s','code':'x','display':'X'}}],"              \
    "'designation':[{'language':'de','use':{'system':'http://u','code':'syn','display':'S'},"     \
    "'value':'Hund'},{'value':'Hound of the Baskervilles'}]},"                                    \
    "{'code':'cat','display':'Cat\u00e9','property':[{'code':'eats','valueCode':'mouse'},"        \
    "{'code':'status','valueCode':'deprecated'}]}]},"                                             \
    "{'code':'mouse','display':'House mouse','property':[{'code':'up','valueCode':'rodent'},"     \
    "{'code':'grouper','valueBoolean':false},{'code':'inactive','valueBoolean':true}]},"          \
    "{'code':'rodent','property':[{'code':'up','valueCode':'mammal'},"                            \
    "{'code':'status','valueCode':'retired'}]},"                                                  \
    "{'code':'dodo','extension':[{'url':'http://hl7.org/fhir/StructureDefinition/"                \
    "structuredefinition-standards-status','valueCode':'deprecated'}]},"                          \
    "{'code':'wyvern','property':[{'code':'deprecationDate','valueDateTime':'2020'},"             \
    "{'code':'child','valueCode':'drake'}]},{'code':'drake'}]}"

static void about(void **state)
{
    (void)state;
    const struct codes *c = codes_from(ANIMALS);
    const struct codes_about *x = codes_about(c);
    same(x->url, "http://example.org/animals", "url");
    same(x->version, "3", "version");
    same(x->name, "Animals", "name");
    same(x->title, "All animals", "title");
    same(x->status, "active", "status");
    same(x->language, "en-GB", "language");
    same(x->value_set, "http://example.org/all", "valueSet");
    same(x->hierarchy_meaning, "is-a", "hierarchyMeaning");
    same(x->standards_status, "trial-use", "standards-status");
    assert_int_equal(x->content, CODES_COMPLETE);
    assert_true(x->case_sensitive && x->experimental && x->version_needed);
    assert_int_equal(x->count, 8);
}

static void content(void **state)
{
    (void)state;
    static const struct {
        const char *content;
        enum codes_content expected;
    } rows[] = {
        {"complete", CODES_COMPLETE},     {"fragment", CODES_FRAGMENT},
        {"example", CODES_EXAMPLE},       {"not-present", CODES_NOT_PRESENT},
        {"supplement", CODES_SUPPLEMENT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        text json = arena_printf(&a, "{'content':'%s'}", rows[i].content);
        const struct codes *c = codes_from(json.p);
        assert_int_equal(codes_about(c)->content, rows[i].expected);
        assert_int_equal(codes_about(c)->count, 0);
        assert_int_equal(codes_find(c, T("x")), CODES_NONE);
        assert_int_equal(codes_find(c, T("")), CODES_NONE);
    }
}

static void concepts(void **state)
{
    (void)state;
    static const struct {
        const char *code, *display, *definition, *status;
        unsigned flags;
    } rows[] = {
        {"mammal", "Mammal", "", "", CODES_ABSTRACT},
        {"dog", "Dog", "Barks", "", 0},
        {"cat", "Cat\xC3\xA9", "", "deprecated", CODES_DEPRECATED},
        {"mouse", "House mouse", "", "", CODES_INACTIVE},
        {"rodent", "", "", "retired", CODES_INACTIVE},
        {"dodo", "", "", "deprecated", CODES_DEPRECATED},
        {"wyvern", "", "", "", CODES_DEPRECATED},
        {"drake", "", "", "", 0},
    };
    const struct codes *c = codes_from(ANIMALS);
    for (uint32_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(at(c, rows[i].code), i);
        same(codes_code(c, i), rows[i].code, "code");
        same(codes_display(c, i), rows[i].display, rows[i].code);
        same(codes_definition(c, i), rows[i].definition, rows[i].code);
        same(codes_status(c, i), rows[i].status, rows[i].code);
        assert_int_equal(codes_flags(c, i), rows[i].flags);
    }
    assert_int_equal(codes_find(c, T("Dog")), CODES_NONE);
    assert_int_equal(codes_find(c, T("do")), CODES_NONE);
    assert_int_equal(codes_find(c, T("")), CODES_NONE);
}

static void hierarchy(void **state)
{
    (void)state;
    static const struct {
        const char *code, *parents, *children, *ancestors;
    } rows[] = {
        {"mammal", "", "dog cat rodent", ""},
        {"dog", "mammal", "", "mammal"},
        {"mouse", "rodent", "", "mammal rodent"},
        {"rodent", "mammal", "mouse", "mammal"},
        {"wyvern", "", "drake", ""},
        {"drake", "wyvern", "", "wyvern"},
    };
    const struct codes *c = codes_from(ANIMALS);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t n;
        uint32_t concept = at(c, rows[i].code);
        const uint32_t *p = codes_parents(c, concept, &n);
        are(c, p, n, rows[i].parents);
        p = codes_children(c, concept, &n);
        are(c, p, n, rows[i].children);
        p = codes_ancestors(c, concept, &n);
        are(c, p, n, rows[i].ancestors);
    }
    assert_true(codes_is_below(c, at(c, "mouse"), at(c, "mammal")));
    assert_true(codes_is_below(c, at(c, "mouse"), at(c, "rodent")));
    assert_false(codes_is_below(c, at(c, "mammal"), at(c, "mammal")));
    assert_false(codes_is_below(c, at(c, "mammal"), at(c, "mouse")));
    assert_false(codes_is_below(c, at(c, "drake"), at(c, "mammal")));
}

static void designations(void **state)
{
    (void)state;
    const struct codes *c = codes_from(ANIMALS);
    uint32_t dog = at(c, "dog");
    assert_int_equal(codes_designation_count(c, dog), 2);
    assert_int_equal(codes_designation_count(c, at(c, "cat")), 0);
    struct codes_designation d = codes_designation(c, dog, 0);
    same(d.language, "de", "language");
    same(d.use_system, "http://u", "use.system");
    same(d.use_code, "syn", "use.code");
    same(d.use_display, "S", "use.display");
    same(d.value, "Hund", "value");
    d = codes_designation(c, dog, 1);
    same(d.language, "", "language");
    same(d.use_code, "", "use.code");
    same(d.value, "Hound of the Baskervilles", "value");
}

static void properties(void **state)
{
    (void)state;
    static const struct {
        const char *code;
        enum codes_kind kind;
        const char *value, *system, *display, *concept;
    } rows[] = {
        {"legs", CODES_INTEGER, "4", "", "", NULL},
        {"eats", CODES_CODE, "cat", "", "", "cat"},
        {"eats", CODES_CODE, "nothing", "", "", NULL},
        {"seen", CODES_CODING, "x", "http://s", "X", NULL},
    };
    const struct codes *c = codes_from(ANIMALS);
    uint32_t dog = at(c, "dog");
    assert_int_equal(codes_property_count(c, dog), 4);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct codes_property p = codes_property(c, dog, i);
        same(p.code, rows[i].code, "code");
        assert_int_equal(p.kind, rows[i].kind);
        same(p.value, rows[i].value, "value");
        same(p.system, rows[i].system, "system");
        same(p.display, rows[i].display, "display");
        assert_int_equal(p.concept, rows[i].concept ? at(c, rows[i].concept) : CODES_NONE);
        assert_int_equal(p.group, 0);
    }
    same(codes_property(c, at(c, "mammal"), 0).value, "true", "boolean");
    assert_int_equal(codes_property_definitions(c), 4);
    struct codes_property_definition d = codes_property_definition(c, 0);
    same(d.code, "up", "code");
    same(d.uri, "http://hl7.org/fhir/concept-properties#parent", "uri");
    assert_int_equal(d.kind, CODES_CODE);
    assert_int_equal(codes_property_definition(c, 1).kind, CODES_INTEGER);
    size_t n;
    const uint32_t *p = codes_with(c, T("eats"), at(c, "cat"), &n);
    are(c, p, n, "dog");
    p = codes_with(c, T("eats"), at(c, "mouse"), &n);
    are(c, p, n, "cat");
    p = codes_with(c, T("up"), at(c, "mammal"), &n);
    are(c, p, n, "rodent");
    assert_null(codes_with(c, T("eats"), at(c, "dog"), &n));
    assert_null(codes_with(c, T("legs"), at(c, "dog"), &n));
    assert_null(codes_with(c, T("none"), at(c, "cat"), &n));
    assert_int_equal(n, 0);
}

/* Whether case counts is said, or not: then the code that is written so goes first. */
static void letters(void **state)
{
    (void)state;
#define LETTERS "'concept':[{'code':'Ab'},{'code':'AB'},{'code':'q'}]}"
    const struct codes *c = codes_from("{'content':'complete','caseSensitive':false," LETTERS);
    assert_int_equal(codes_find(c, T("Ab")), 0);
    assert_int_equal(codes_find(c, T("AB")), 1);
    assert_int_not_equal(codes_find(c, T("ab")), CODES_NONE);
    assert_int_equal(codes_find(c, T("Q")), 2);
    c = codes_from("{'content':'complete'," LETTERS);
    assert_int_equal(codes_find(c, T("Q")), 2);
    c = codes_from("{'content':'complete','caseSensitive':true," LETTERS);
    assert_int_equal(codes_find(c, T("AB")), 1);
    assert_int_equal(codes_find(c, T("ab")), CODES_NONE);
    assert_int_equal(codes_find(c, T("Q")), CODES_NONE);
}

static void search(void **state)
{
    (void)state;
    static const struct {
        const char *words, *expected;
    } rows[] = {
        {"dog", "dog"},
        {"HU", "dog"},
        {"ho", "dog mouse"},
        {"house m", "mouse"},
        {"m house", "mouse"},
        {"hound mouse", ""},
        {"cate", "cat"},
        {"og", ""},
        {"bask hound of", "dog"},
        {"dog hund", ""},
        {"m", "mammal mouse"},
        {"zzz", ""},
        {"", "mammal dog cat mouse rodent dodo wyvern drake"},
        {" - ", "mammal dog cat mouse rodent dodo wyvern drake"},
    };
    const struct codes *c = codes_from(ANIMALS);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t *found;
        size_t n;
        assert_int_equal(codes_search(c, text_of(rows[i].words), &a, &found, &n, NULL), 0);
        are(c, found, n, rows[i].expected);
    }
}

static void refuses(void **state)
{
    (void)state;
    static const struct {
        const char *json, *says;
    } rows[] = {
        {"{'concept':[{'code':'a'},{'code':'b','concept':[{'code':'a'}]}]}",
         "'a' is defined twice"},
        {"{'concept':[{'display':'a'}]}", "no code"},
        {"{'concept':[{'code':'a','property':[{'code':'parent','valueCode':'a'}]}]}",
         "'a' is its own ancestor"},
        {"{'concept':[{'code':'x'},{'code':'a','concept':[{'code':'b','concept':[{'code':'c',"
         "'property':[{'code':'child','valueCode':'b'}]}]}]}]}",
         "is its own ancestor"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err e = {0};
        const struct codes *c;
        assert_int_equal(codes_of_resource(kit_read(rows[i].json, &a), &a, &c, &e), ERR_INVALID);
        if (!strstr(err_text(&e), rows[i].says)) {
            fail_msg("%s: %s", rows[i].json, err_text(&e));
        }
    }
}

static void supplements(void **state)
{
    (void)state;
    const struct codes *c = codes_from(ANIMALS), *more;
    const yyjson_val *const list[] = {
        kit_read("{'content':'supplement','property':[{'code':'noise','type':'string'},"
                 "{'code':'legs','type':'string'}],'concept':[{'code':'dog','display':'ignored',"
                 "'designation':[{'language':'fr','value':'chien'}],'property':[{'code':'noise',"
                 "'valueString':'bow'},{'code':'eats','valueCode':'mouse'}]},{'code':'unicorn'}]}",
                 &a),
        kit_read("{'concept':[{'code':'mammal','concept':[{'code':'cat','designation':[{'language':"
                 "'fr','value':'chat'}]}]}]}",
                 &a),
    };
    assert_int_equal(codes_with_supplements(c, list, 0, &a, &more, NULL), 0);
    assert_ptr_equal(more, c);
    assert_int_equal(codes_with_supplements(c, list, 2, &a, &more, NULL), 0);
    assert_int_equal(codes_about(more)->count, 8);
    same(codes_about(more)->url, "http://example.org/animals", "url");
    same(codes_display(more, 1), "Dog", "display");
    assert_int_equal(codes_flags(more, 3), CODES_INACTIVE);
    assert_int_equal(codes_designation_count(more, 1), 3);
    same(codes_designation(more, 1, 2).value, "chien", "designation");
    same(codes_designation(more, at(more, "cat"), 0).value, "chat", "designation");
    assert_int_equal(codes_property_count(more, 1), 6);
    same(codes_property(more, 1, 4).value, "bow", "property");
    assert_int_equal(codes_property_definitions(more), 5);
    assert_int_equal(codes_property_definition(more, 1).kind, CODES_INTEGER);
    assert_true(codes_is_below(more, at(more, "mouse"), at(more, "mammal")));
    size_t n;
    const uint32_t *p = codes_with(more, T("eats"), at(more, "mouse"), &n);
    are(more, p, n, "dog cat");
    uint32_t *found;
    assert_int_equal(codes_search(more, T("ch"), &a, &found, &n, NULL), 0);
    are(more, found, n, "dog cat");
}

/* What is said twice counts once in lists; both properties stay. */
static void repeated(void **state)
{
    (void)state;
    const struct codes *c = codes_from(
        "{'content':'complete','concept':[{'code':'a','property':[{'code':'child','valueCode':'b'}]"
        ","
        "'concept':[{'code':'b','property':[{'code':'parent','valueCode':'a'},{'code':'parent',"
        "'valueCode':'a'},{'code':'x','valueString':'a'}]}]},{'code':'c','property':[{'code':"
        "'status','valueCode':'withdrawn'},{'code':'parent','valueCode':'nowhere'}]}]}");
    size_t n;
    const uint32_t *p = codes_parents(c, 1, &n);
    are(c, p, n, "a");
    p = codes_children(c, 0, &n);
    are(c, p, n, "b");
    p = codes_with(c, T("parent"), 0, &n);
    are(c, p, n, "b");
    assert_null(codes_with(c, T("x"), 0, &n));
    assert_int_equal(codes_property_count(c, 1), 3);
    assert_int_equal(codes_flags(c, 2), CODES_INACTIVE | CODES_DEPRECATED);
    (void)codes_parents(c, 2, &n);
    assert_int_equal(n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(about),        TEST(content),     TEST(concepts), TEST(hierarchy),
        TEST(designations), TEST(properties),  TEST(letters),  TEST(search),
        TEST(refuses),      TEST(supplements), TEST(repeated),
    };
    return cmocka_run_group_tests_name("codes", tests, NULL, NULL);
}
