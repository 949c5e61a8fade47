/* XML Patch (RFC 5261) on resources: tables of operations with what they make of a patient. */
#include "fhir/xml_patch.h"

#include "fhir_kit.h"

#include "arena_kit.h"

static const char before[] =
    "{'resourceType':'Patient','id':'p','text':{'status':'generated','div':"
    "'<div xmlns=\\u0022http://www.w3.org/1999/xhtml\\u0022><p>One</p><p>Two</p></div>'},"
    "'active':true,'identifier':[{'system':'http://s','value':'1'},{'system':'http://t','value':"
    "'2'}],'name':[{'use':'official','family':'Chalmers','given':['Peter','James']}],"
    "'birthDate':'1974-12-25','contact':[{'gender':'female'}]}";

static text print(const yyjson_val *v)
{
    struct buf out;
    buf_init(&out, KIT_MEMORY);
    json_write(v, &out);
    text t = arena_copy(&a, buf_text(&out));
    buf_done(&out);
    return t;
}

static int patch(const char *operations, yyjson_val **ret, struct err *e)
{
    text whole = arena_printf(&a, "%s%s%s", operations[0] == '<' ? "<diff>" : "", operations,
                              operations[0] == '<' ? "</diff>" : "");
    if (operations[0] == '!') {
        whole = text_of(operations + 1); /* the whole patch */
    }
    return xml_patch(kit_read(before, &a), whole, KIT_DEPTH, &a, ret, e);
}

struct change {
    const char *operations;
    const char *at;
    const char *result; /* NULL: it is gone */
};

static void check_changes(const struct change *changes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct change *c = &changes[i];
        struct err e = {0};
        struct issues is;
        struct resource r;
        yyjson_val *made = NULL;
        if (patch(c->operations, &made, &e)) {
            fail_msg("%s: %s", c->operations, e.detail);
        }
        issues_init(&is, &a);
        if (resource_check(made, false, &a, &is, &r)) {
            kit_show(&is);
            fail_msg("%s", c->operations);
        }
        const yyjson_val *v = json_get(made, text_of(c->at));
        if (!c->result != !v || (v && !json_same(v, kit_read(c->result, &a)))) {
            fail_msg("%s: %s is %.*s", c->operations, c->at, TEXT_ARG(v ? print(v) : T("none")));
        }
    }
}

#define CHANGES(changes) check_changes(changes, sizeof(changes) / sizeof *(changes))
#define NAME(given) "[{'use':'official','family':'Chalmers','given':" given "}]"

static void add(void **state)
{
    (void)state;
    static const struct change changes[] = {
        {"<add sel='Patient'><gender value='male'/></add>", "gender", "'male'"},
        {"<add sel='/Patient'><gender value='male'/></add>", "gender", "'male'"},
        {"<add sel='Patient/name'><given value='J'/></add>", "name", NAME("['Peter','James','J']")},
        {"<add sel='Patient/name/given[1]' pos='before'><given value='J'/><given value='K'/></add>",
         "name", NAME("['J','K','Peter','James']")},
        {"<add sel='Patient/name/given[1]' pos='after'><given value='J'/><given value='K'/></add>",
         "name", NAME("['Peter','J','K','James']")},
        {"<add sel='Patient/name' pos='prepend'><given value='J'/><given value='K'/></add>", "name",
         NAME("['J','K','Peter','James']")},
        {"<add sel='Patient/name/given[2]' type='@id'>x</add>"
         "<add sel='Patient/name/given[2]'><extension url='http://e'><valueString value='&lt;'/>"
         "</extension></add><remove sel='Patient/name/given[1]'/>",
         "name",
         "[{'use':'official','family':'Chalmers','given':['James'],'_given':[{'id':'x',"
         "'extension':[{'url':'http://e','valueString':'<'}]}]}]"},
        {"<add sel='Patient'><maritalStatus><text value='a &amp; b'/></maritalStatus></add>",
         "maritalStatus", "{'text':'a & b'}"},
        /* in the narrative */
        {"<add sel='Patient/text/h:div'><p xmlns='http://www.w3.org/1999/xhtml'>Three</p></add>"
         "<remove sel='Patient/text/h:div/h:p[1]'/>",
         "text",
         "{'status':'generated','div':'<div xmlns=\\\"http://www.w3.org/1999/xhtml\\\"><p>Two</p>"
         "<p>Three</p></div>'}"},
        /* prefixes as the patch declares them */
        {"!<diff xmlns:q='http://hl7.org/fhir'><add sel='q:Patient/q:name'><q:given value='J'/>"
         "</add></diff>",
         "name", NAME("['Peter','James','J']")},
        {"!<p:patch xmlns:p='urn:ietf:params:xml:ns:pidf-diff' xmlns='http://hl7.org/fhir'>\n"
         "<p:add sel='Patient/name'>\n<given value='J'/>\n</p:add>\n</p:patch>",
         "name", NAME("['Peter','James','J']")},
        {"<add sel='f:Patient/fhir:name'><given value='J'/></add>", "name",
         NAME("['Peter','James','J']")},
        {"!<diff/>", "active", "true"},
    };
    CHANGES(changes);
}

static void replace(void **state)
{
    (void)state;
    static const struct change changes[] = {
        {"<replace sel='Patient/birthDate/@value'>1980-01-01</replace>", "birthDate",
         "'1980-01-01'"},
        {"<replace sel='Patient/birthDate'><birthDate value='1980'/></replace>", "birthDate",
         "'1980'"},
        {"<replace sel='Patient/birthDate'>\n  <birthDate value='1980'/>\n</replace>", "birthDate",
         "'1980'"},
        {"<replace sel=\"Patient/identifier[system/@value='http://t']/value/@value\">3</replace>",
         "identifier", "[{'system':'http://s','value':'1'},{'system':'http://t','value':'3'}]"},
        {"<replace sel=\"//identifier[system[@value='http://t'] and position() = 2]/value/@value\">"
         "3</replace>",
         "identifier", "[{'system':'http://s','value':'1'},{'system':'http://t','value':'3'}]"},
        {"<replace sel='Patient/*[last()]'><contact><gender value='male'/></contact></replace>",
         "contact", "[{'gender':'male'}]"},
        {"<replace sel='/Patient/name/given[. = \"\"][2]/@value'>J</replace>", "name",
         NAME("['Peter','J']")},
        {"<replace sel='Patient/text/h:div/h:p[1]/text()'>Uno &amp; one</replace>"
         "<remove sel='Patient/text/h:div/h:p[. = \"Two\"]'/>",
         "text",
         "{'status':'generated','div':'<div xmlns=\\\"http://www.w3.org/1999/xhtml\\\"><p>Uno "
         "&amp; one</p></div>'}"},
        {"<replace sel='/Patient'><Patient><id value='p'/><active value='false'/></Patient>"
         "</replace>",
         "active", "false"},
        {"<replace sel='Patient/active/@value'><![CDATA[false]]></replace>", "active", "false"},
    };
    CHANGES(changes);
}

static void remove_(void **state)
{
    (void)state;
    static const struct change changes[] = {
        {"<remove sel='Patient/birthDate'/>", "birthDate", NULL},
        {"<remove sel='Patient/birthDate' ws='both'/>", "birthDate", NULL},
        {"<remove sel='Patient/child::name/descendant::given[1]'/>", "name", NAME("['James']")},
        {"<remove sel='Patient/identifier[2]'/><remove sel='Patient/identifier'/>", "identifier",
         NULL},
        {"<remove sel='Patient/text'/>", "text", NULL},
    };
    CHANGES(changes);
}

struct refusal {
    const char *operations;
    int code;
    const char *words;
};

static void refused(void **state)
{
    (void)state;
    static const struct refusal refusals[] = {
        {"<add sel='Patient/photo'><title value='x'/></add>", ERR_BUSINESS_RULE, "nothing that"},
        {"<remove sel='Patient/identifier'/>", ERR_BUSINESS_RULE, "2 nodes"},
        {"<remove sel='Patient'/>", ERR_BUSINESS_RULE, "whole resource"},
        {"<remove sel='/'/>", ERR_INVALID, "document itself"},
        {"<remove sel='Patient/birthDate/@value'/>", ERR_INVALID, "birthDate"},
        {"<remove sel='Patient/birthDate'>x</remove>", ERR_INVALID, "no content"},
        {"<remove sel='Patient/birthDate' ws='x'/>", ERR_INVALID, "ws"},
        {"<remove sel='Patient/birthDate' pos='before'/>", ERR_INVALID, "pos"},
        {"<remove/>", ERR_INVALID, "sel is missing"},
        {"<remove sel=''/>", ERR_INVALID, "empty"},
        {"<remove sel='Patient/('/>", ERR_INVALID, "no XPath"},
        {"<remove sel='Patient/x:y'/>", ERR_INVALID, "no XPath"},
        {"<remove sel='count(Patient)'/>", ERR_INVALID, "gives a value"},
        {"<remove sel='document(\"/etc/passwd\")'/>", ERR_INVALID, "function"},
        {"<remove sel='Patient/birthDate/..'/>", ERR_INVALID, ".."},
        {"<remove sel='Patient/birthDate/parent::*'/>", ERR_INVALID, "axis"},
        {"<remove sel='Patient/namespace::*'/>", ERR_INVALID, "axis"},
        {"<remove sel='//name//given'/>", ERR_INVALID, "more than once"},
        {"<remove sel='Patient/name[//given]'/>", ERR_INVALID, "absolute"},
        {"<remove sel='Patient/name[/Patient]'/>", ERR_INVALID, "absolute"},
        {"<remove sel='Patient/name[x//given]'/>", ERR_INVALID, "in brackets"},
        {"<remove sel='Patient/name[$x]'/>", ERR_INVALID, "variable"},
        {"<remove sel='Patient/name[\"]'/>", ERR_INVALID, "no end"},
        {"<explode sel='Patient'/>", ERR_INVALID, "add, replace and remove"},
        {"<add sel='Patient'/>", ERR_INVALID, "missing"},
        {"<add sel='Patient' pos='up'><active value='true'/></add>", ERR_INVALID, "prepend"},
        {"<add sel='Patient' pos='after'><active value='true'/></add>", ERR_BUSINESS_RULE,
         "beside the resource"},
        {"<add sel='Patient/active/@value' pos='after'><active value='true'/></add>",
         ERR_BUSINESS_RULE, "beside"},
        {"<add sel='Patient/active/@value'><active value='true'/></add>", ERR_BUSINESS_RULE, "in"},
        {"<add sel='Patient/active' type='@value'>false</add>", ERR_BUSINESS_RULE, "already"},
        {"<add sel='Patient/active' type='id'>false</add>", ERR_INVALID, "@value"},
        {"<add sel='Patient/active' type='@a b'>false</add>", ERR_INVALID, "@value"},
        {"<add sel='Patient/active' type='@id'><x/></add>", ERR_INVALID, "text should"},
        {"<add sel='Patient'>words</add>", ERR_INVALID, "no resource of FHIR R4"},
        {"<add sel='Patient'><nonsense value='1'/></add>", ERR_INVALID, "nonsense"},
        {"<add sel='Patient'><active xmlns='urn:x' value='1'/></add>", ERR_INVALID,
         "no resource of FHIR R4"},
        {"<replace sel='Patient/active'>x</replace>", ERR_INVALID, "one element"},
        {"<replace sel='Patient/active'><active value='true'/><active/></replace>", ERR_INVALID,
         "one element"},
        {"<replace sel='Patient/active/@value'><x/></replace>", ERR_INVALID, "text should"},
        {"<remove sel='Patient/active'/><remove sel='Patient/active'/>", ERR_BUSINESS_RULE,
         "operation 1 (remove `Patient/active`)"},
        {"!", ERR_SYNTAX, "empty"},
        {"!<diff>", ERR_SYNTAX, ""},
        {"!<diff>text</diff>", ERR_INVALID, "between the operations"},
        {"!<!DOCTYPE diff [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><diff>&x;</diff>", ERR_SYNTAX,
         "DOCTYPE"},
        {"!<diff><add sel='Patient'>&x;</add></diff>", ERR_SYNTAX, ""},
        {"![{\"op\":\"remove\"}]", ERR_SYNTAX, ""},
    };
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        const struct refusal *r = &refusals[i];
        struct err e = {0};
        yyjson_val *made = NULL;
        int code = patch(r->operations, &made, &e);
        if (code != r->code || !strstr(e.detail, r->words) || made) {
            fail_msg("%s: %s: %s", r->operations, err_info(code)->name, e.detail);
        }
    }
}

/* Digits of decimals stay; many operations, and selectors that look at everything, come to an end.
 */
static void bounds(void **state)
{
    (void)state;
    static const char one[] = "<add sel='Patient/name[1]'><given value='x'/></add>";
    struct buf all;
    struct err e = {0};
    yyjson_val *made = NULL;
    buf_init(&all, 1 << 20);
    buf_add(&all, T("<diff>"));
    for (size_t i = 0; i < 1000; i++) {
        buf_add(&all, text_of(one));
    }
    text most = arena_printf(&a, "%.*s</diff>", TEXT_ARG(buf_text(&all)));
    text more = arena_printf(&a, "%.*s%s</diff>", TEXT_ARG(buf_text(&all)), one);
    assert_int_equal(xml_patch(kit_read(before, &a), most, KIT_DEPTH, &a, &made, &e), 0);
    assert_int_equal(xml_patch(kit_read(before, &a), more, KIT_DEPTH, &a, &made, &e),
                     ERR_TOO_LARGE);
    buf_done(&all);
    const yyjson_val *quantity =
        kit_read("{'resourceType':'Observation','status':'final','code':{'text':'c'},"
                 "'valueQuantity':{'value':1.500}}",
                 &a);
    assert_int_equal(xml_patch(quantity,
                               T("<diff><replace sel='Observation/status/@value'>amended"
                                 "</replace></diff>"),
                               KIT_DEPTH, &a, &made, &e),
                     0);
    assert_true(text_eq(print(json_get(made, T("valueQuantity"))), T("{\"value\":1.500}")));
}

/* Each operation goes deeper into what the one before brought: too deep in the end, no more. */
static void deep(void **state)
{
    (void)state;
    struct err e = {0};
    yyjson_val *made = NULL;
    struct buf all;
    buf_init(&all, 1 << 20);
    buf_add(&all, T("<diff><add sel='Patient'><x0/></add>"));
    for (int i = 0; i < 900; i++) {
        buf_printf(&all, "<add sel='//x%d'>", i);
        for (int k = 0; k < 20; k++) {
            buf_add(&all, T("<y>"));
        }
        buf_printf(&all, "<x%d/>", i + 1);
        for (int k = 0; k < 20; k++) {
            buf_add(&all, T("</y>"));
        }
        buf_add(&all, T("</add>"));
    }
    buf_add(&all, T("</diff>"));
    int rc = xml_patch(kit_read(before, &a), buf_text(&all), KIT_DEPTH, &a, &made, &e);
    assert_true(rc == ERR_INVALID || rc == ERR_TOO_COSTLY);
    buf_done(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(add), TEST(replace), TEST(remove_), TEST(refused), TEST(bounds), TEST(deep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
