/* FHIR's XML (R4 xml.html, json.html): both ways, narratives, and what is refused and where. */
#include "fhir/resource.h"
#include "fhir/xml.h"
#include "fhir/xml_div.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { DEPTH = 16, MEMORY = 8 * 1024 * 1024 };

#define HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
#define FHIR " xmlns=\"http://hl7.org/fhir\""
#define XHTML " xmlns=\"http://www.w3.org/1999/xhtml\""

static yyjson_val *must_json(text json, struct arena *a)
{
    struct err e = {0};
    yyjson_val *root = NULL;
    if (json_read(json, DEPTH, a, &root, &e)) {
        fail_msg("%.*s: %s", TEXT_ARG(json), e.detail);
    }
    return root;
}

/* JSON -> XML is as it stands here, and XML -> JSON is the same data as before. */
static const struct {
    const char *json;
    const char *xml;
} both_ways[] = {
    {"{\"resourceType\":\"Patient\"}", "<Patient" FHIR "/>"},
    /* the order of the definition, whatever that of the members */
    {"{\"birthDate\":\"1970\",\"active\":true,\"id\":\"a\",\"resourceType\":\"Patient\"}",
     "<Patient" FHIR "><id value=\"a\"/><active value=\"true\"/><birthDate value=\"1970\"/>"
     "</Patient>"},
    /* digits stay */
    {"{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":\"x\"},"
     "\"valueQuantity\":{\"value\":-1.2300E+05}}",
     "<Observation" FHIR "><status value=\"final\"/><code><text value=\"x\"/></code>"
     "<valueQuantity><value value=\"-1.2300E+05\"/></valueQuantity></Observation>"},
    /* white space and markup in strings */
    {"{\"resourceType\":\"Basic\",\"code\":{\"text\":\" a\\n\\t\\r<&>\\\"' \xC3\xA9 \"}}",
     "<Basic" FHIR "><code><text value=\" a&#10;&#9;&#13;&lt;&amp;&gt;&quot;' \xC3\xA9 \"/></code>"
     "</Basic>"},
    /* ids are attributes but for that of a resource; so is the url of an extension */
    {"{\"resourceType\":\"Patient\",\"extension\":[{\"id\":\"e\",\"url\":\"u:a?b&c\","
     "\"extension\":[{\"url\":\"v\",\"valueInteger\":7}]}],"
     "\"name\":[{\"id\":\"n\",\"family\":\"F\"},{\"family\":\"G\"}]}",
     "<Patient" FHIR "><extension id=\"e\" url=\"u:a?b&amp;c\"><extension url=\"v\">"
     "<valueInteger value=\"7\"/></extension></extension><name id=\"n\"><family value=\"F\"/>"
     "</name><name><family value=\"G\"/></name></Patient>"},
    /* ids and extensions of primitives; arrays matched by null */
    {"{\"resourceType\":\"Patient\",\"active\":false,\"_active\":{\"id\":\"i\"},"
     "\"_gender\":{\"extension\":[{\"url\":\"u:a\",\"valueBoolean\":true}]},"
     "\"name\":[{\"given\":[\"A\",null,\"C\"],\"_given\":[null,{\"id\":\"g\",\"extension\":[{"
     "\"url\":\"u:a\",\"valueCode\":\"x\"}]},{\"id\":\"h\"}]}]}",
     "<Patient" FHIR "><active id=\"i\" value=\"false\"/>"
     "<name><given value=\"A\"/><given id=\"g\"><extension url=\"u:a\"><valueCode value=\"x\"/>"
     "</extension></given><given id=\"h\" value=\"C\"/></name>"
     "<gender><extension url=\"u:a\"><valueBoolean value=\"true\"/></extension></gender>"
     "</Patient>"},
    /* resources in resources */
    {"{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[{\"fullUrl\":\"u:1\","
     "\"resource\":{\"resourceType\":\"Basic\",\"contained\":[{\"resourceType\":\"Basic\","
     "\"id\":\"c\",\"code\":{\"text\":\"x\"}}],\"code\":{\"text\":\"y\"}}},{\"resource\":{"
     "\"resourceType\":\"Parameters\",\"parameter\":[{\"name\":\"a\",\"resource\":{"
     "\"resourceType\":\"Basic\",\"code\":{\"text\":\"z\"}}}]}}]}",
     "<Bundle" FHIR "><type value=\"collection\"/><entry><fullUrl value=\"u:1\"/><resource><Basic>"
     "<contained><Basic><id value=\"c\"/><code><text value=\"x\"/></code></Basic></contained>"
     "<code><text value=\"y\"/></code></Basic></resource></entry><entry><resource><Parameters>"
     "<parameter><name value=\"a\"/><resource><Basic><code><text value=\"z\"/></code></Basic>"
     "</resource></parameter></Parameters></resource></entry></Bundle>"},
    /* a narrative keeps its bytes */
    {"{\"resourceType\":\"Basic\",\"text\":{\"status\":\"generated\",\"div\":\"<div class='a' "
     "xmlns='http://www.w3.org/1999/xhtml' ><p>&#160;&lt;\\r\\n<br/><!-- c --></p>\\n</div>\"},"
     "\"code\":{\"text\":\"x\"}}",
     "<Basic" FHIR "><text><status value=\"generated\"/><div class='a' "
     "xmlns='http://www.w3.org/1999/xhtml' ><p>&#160;&lt;\r\n<br/><!-- c --></p>\n</div></text>"
     "<code><text value=\"x\"/></code></Basic>"},
};

static void goes_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof both_ways / sizeof *both_ways; i++) {
        struct arena a;
        struct buf xml;
        struct buf json;
        struct err e = {0};
        struct issues is;
        struct resource r;
        arena_init(&a, MEMORY);
        buf_init(&xml, MEMORY);
        buf_init(&json, MEMORY);
        issues_init(&is, &a);
        yyjson_val *root = must_json(text_of(both_ways[i].json), &a);
        if (resource_check(root, true, &a, &is, &r)) {
            fail_msg("%s: %.*s", both_ways[i].json, TEXT_ARG(is.items[0].details));
        }
        assert_int_equal(fhir_xml_write(root, &a, &xml, &e), 0);
        text body = text_from(buf_text(&xml), sizeof HEAD - 1);
        if (!text_starts(buf_text(&xml), T(HEAD)) || !text_eq(body, text_of(both_ways[i].xml))) {
            fail_msg("is %.*s\nshould be %s", TEXT_ARG(body), both_ways[i].xml);
        }
        assert_int_equal(fhir_xml_read(buf_text(&xml), DEPTH, &a, &json, &e), 0);
        if (!json_same(root, must_json(buf_text(&json), &a))) {
            fail_msg("is %.*s\nshould be %s", TEXT_ARG(buf_text(&json)), both_ways[i].json);
        }
        buf_done(&xml);
        buf_done(&json);
        arena_done(&a);
    }
}

/* Forms of XML that are not written here. */
static void reads_what_others_write(void **state)
{
    (void)state;
    static const struct {
        const char *xml;
        const char *json;
    } cases[] = {
        {"<f:Patient xmlns:f='http://hl7.org/fhir'>\n <!-- c -->\n <f:active value='true'/>\n"
         "</f:Patient>",
         "{\"resourceType\":\"Patient\",\"active\":true}"},
        {"<Patient" FHIR " xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' "
         "xsi:schemaLocation='http://hl7.org/fhir p.xsd'/>",
         "{\"resourceType\":\"Patient\"}"},
        /* repeats that something stands between, and other orders */
        {"<Patient" FHIR "><name><given value='A'/><family value='F'/><given value='B'/></name>"
         "<id value='x'/></Patient>",
         "{\"resourceType\":\"Patient\",\"name\":[{\"given\":[\"A\",\"B\"],\"family\":\"F\"}],"
         "\"id\":\"x\"}"},
        {"<Basic" FHIR "><code><text value='a'></text></code></Basic>",
         "{\"resourceType\":\"Basic\",\"code\":{\"text\":\"a\"}}"},
        /* what is no value of its type stays as it is, for the check to refuse */
        {"<Patient" FHIR "><active value='yes'/><multipleBirthInteger value='01'/></Patient>",
         "{\"resourceType\":\"Patient\",\"active\":\"yes\",\"multipleBirthInteger\":\"01\"}"},
        {"<Basic" FHIR "><code><text value=''/></code></Basic>",
         "{\"resourceType\":\"Basic\",\"code\":{\"text\":\"\"}}"},
        /* the prefix of a narrative, and where it is declared, says nothing */
        {"<Basic" FHIR " xmlns:h='http://www.w3.org/1999/xhtml'><text><h:div class='a&lt;'><h:p "
         "xml:lang='en'>a&lt;<![CDATA[<b>&]]></h:p><h:br/><!--c--></h:div></text></Basic>",
         "{\"resourceType\":\"Basic\",\"text\":{\"div\":\"<div "
         "xmlns=\\\"http://www.w3.org/1999/xhtml\\\" class=\\\"a&lt;\\\"><p "
         "xml:lang=\\\"en\\\">a&lt;&lt;b&gt;&amp;</p><br/><!--c--></div>\"}}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena a;
        struct buf json;
        struct err e = {0};
        arena_init(&a, MEMORY);
        buf_init(&json, MEMORY);
        if (fhir_xml_read(text_of(cases[i].xml), DEPTH, &a, &json, &e)) {
            fail_msg("%s: %s", cases[i].xml, e.detail);
        }
        if (!json_same(must_json(buf_text(&json), &a), must_json(text_of(cases[i].json), &a))) {
            fail_msg("is %.*s\nshould be %s", TEXT_ARG(buf_text(&json)), cases[i].json);
        }
        buf_done(&json);
        arena_done(&a);
    }
}

static void refuses_and_says_where(void **state)
{
    (void)state;
    static const struct {
        const char *xml;
        const char *says;
    } cases[] = {
        {"<Patient/>", "line 1: <Patient> is in the namespace '', not in 'http://hl7.org/fhir'"},
        {"<Patient xmlns='urn:x'/>", "namespace 'urn:x'"},
        {"<Person2" FHIR "/>", "<Person2> is no resource type"},
        {"<HumanName" FHIR "/>", "<HumanName> is no resource type"},
        {"<Patient" FHIR ">\n<nothing/></Patient>", "line 2: Patient has no element <nothing>"},
        {"<Patient" FHIR "><name><xyz value='a'/></name></Patient>",
         "HumanName has no element <xyz>"},
        {"<Patient" FHIR "><active xmlns='u:x' value='true'/></Patient>", "namespace 'u:x'"},
        {"<Patient" FHIR ">a</Patient>", "line 1: text stands in <Patient>"},
        {"<Patient" FHIR "><active>true</active></Patient>", "text stands in <active>"},
        {"<Patient" FHIR "><active/></Patient>", "neither an attribute 'value' nor an extension"},
        {"<Patient" FHIR "><active value='true' x='1'/></Patient>", "an attribute 'x'"},
        {"<Patient" FHIR " id='a'/>", "an attribute 'id'"},
        {"<Patient" FHIR " value='a'/>", "an attribute 'value'"},
        {"<Patient" FHIR "><name url='a'/></Patient>", "an attribute 'url'"},
        {"<Patient" FHIR "><name value='a'/></Patient>", "an attribute 'value'"},
        {"<Patient" FHIR "><name><id value='a'/></name></Patient>", "must be an attribute"},
        {"<Patient" FHIR "><extension><url value='a'/></extension></Patient>",
         "must be an attribute"},
        {"<Patient" FHIR "><active value='true'/>\n<active value='true'/></Patient>",
         "line 2: <active> stands twice"},
        {"<Patient" FHIR "><text><div/></text></Patient>", "not in 'http://www.w3.org/1999/xhtml'"},
        {"<Patient" FHIR "><contained/></Patient>", "<contained> holds a resource"},
        {"<Patient" FHIR "><contained id='a'><Basic/></contained></Patient>", "has no attributes"},
        {"<Patient" FHIR "><contained><Basic/><Basic/></contained></Patient>",
         "holds one resource"},
        {"<Patient" FHIR "><contained>a<Basic/></contained></Patient>", "holds one resource"},
        {"<Patient" FHIR "><active value='true'><x/></active></Patient>",
         "Element has no element <x>"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena a;
        struct buf json;
        struct err e = {0};
        arena_init(&a, MEMORY);
        buf_init(&json, MEMORY);
        int rc = fhir_xml_read(text_of(cases[i].xml), DEPTH, &a, &json, &e);
        if (rc != ERR_INVALID || !strstr(e.detail, cases[i].says)) {
            fail_msg("%s: %d %s", cases[i].xml, rc, e.detail);
        }
        buf_done(&json);
        arena_done(&a);
    }
}

static void refuses_deep_content(void **state)
{
    (void)state;
    struct arena a;
    struct buf xml;
    struct buf json;
    struct err e = {0};
    arena_init(&a, MEMORY);
    buf_init(&json, MEMORY);
    for (unsigned depth = DEPTH - 1; depth <= 400; depth += depth < DEPTH ? 1 : 128) {
        buf_init(&xml, MEMORY);
        buf_add(&xml, T("<Patient" FHIR ">"));
        for (unsigned i = 1; i < depth; i++) {
            buf_add(&xml, T("<extension url='u'>"));
        }
        for (unsigned i = 1; i < depth; i++) {
            buf_add(&xml, T("</extension>"));
        }
        buf_add(&xml, T("</Patient>"));
        buf_clear(&json);
        assert_int_equal(fhir_xml_read(buf_text(&xml), DEPTH, &a, &json, &e),
                         depth <= DEPTH ? 0 : ERR_INVALID);
        buf_done(&xml);
    }
    buf_done(&json);
    arena_done(&a);
}

static void mends_narratives(void **state)
{
    (void)state;
    static const struct {
        const char *div;
        const char *xml; /* NULL: it is refused */
    } cases[] = {
        {" <div" XHTML ">a</div>\n", "<div" XHTML ">a</div>"},
        {"<div>a</div>", "<div" XHTML ">a</div>"},
        {"<div class=\"a\"/>", "<div" XHTML " class=\"a\"/>"},
        {"<div" XHTML ">a&nbsp;&eacute;&hellip;&euro;&amp;</div>",
         "<div" XHTML ">a\xC2\xA0\xC3\xA9\xE2\x80\xA6\xE2\x82\xAC&amp;</div>"},
        {"<div" XHTML " title='&copy;'>&foo;&#0;&#xD800;&#x41;&#zz;</div>",
         "<div" XHTML " title='\xC2\xA9'>&amp;foo;&amp;#0;&amp;#xD800;&#x41;&amp;#zz;</div>"},
        {"<div>a ]]> b<!-- &nbsp; --></div>", "<div" XHTML ">a ]]&gt; b<!-- &nbsp; --></div>"},
        {"<div" XHTML "><o:p>a</o:p></div>", NULL},
        {"<div" XHTML "><p a='1' a='2'/></div>", NULL},
        {"<div xmlns=\"http://hl7.org/fhir\"/>", NULL},
        {"<p/>", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena a;
        struct buf xml;
        struct err e = {0};
        arena_init(&a, MEMORY);
        buf_init(&xml, MEMORY);
        int rc = xml_div_write(text_of(cases[i].div), &a, &xml, &e);
        text should = text_of(cases[i].xml ? cases[i].xml : "");
        if (rc != (cases[i].xml ? 0 : ERR_INVALID) || !text_eq(buf_text(&xml), should)) {
            fail_msg("%s: %d %s %.*s", cases[i].div, rc, e.detail, TEXT_ARG(buf_text(&xml)));
        }
        buf_done(&xml);
        arena_done(&a);
    }
}

static void says_what_cannot_be_written(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        const char *expression;
    } cases[] = {
        {"{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"a\"},{\"family\":\"\\uFFFF\"}]}",
         "Patient.name[1].family"},
        {"{\"resourceType\":\"Basic\",\"text\":{\"div\":\"<div><o:p/></div>\"}}", "Basic.text.div"},
        {"{\"resourceType\":\"Patient\",\"nothing\":1}", "Patient.nothing"},
        {"{\"resourceType\":\"Patient\",\"name\":{}}", "Patient.name"},
        {"{\"resourceType\":\"Patient\",\"name\":[1]}", "Patient.name[0]"},
        {"{\"resourceType\":\"Patient\",\"active\":{}}", "Patient.active"},
        {"{\"resourceType\":\"Patient\",\"contained\":[{}]}", "Patient.contained[0]"},
        {"{}", "resource"},
        {"[]", "resource"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena a;
        struct buf xml;
        struct err e = {0};
        arena_init(&a, MEMORY);
        buf_init(&xml, MEMORY);
        int rc = fhir_xml_write(must_json(text_of(cases[i].json), &a), &a, &xml, &e);
        if (rc != ERR_INVALID || strcmp(e.expression, cases[i].expression) != 0 || !e.detail[0]) {
            fail_msg("%s: %d %s %s", cases[i].json, rc, e.expression, e.detail);
        }
        buf_done(&xml);
        arena_done(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_both_ways),         cmocka_unit_test(reads_what_others_write),
        cmocka_unit_test(refuses_and_says_where), cmocka_unit_test(refuses_deep_content),
        cmocka_unit_test(mends_narratives),       cmocka_unit_test(says_what_cannot_be_written),
    };
    return cmocka_run_group_tests_name("fhir/xml", tests, NULL, NULL);
}
