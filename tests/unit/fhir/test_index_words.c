/* The words of _text and _content: which members are texts, and what is text in XHTML. */
#include "search_kit.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct {
    const char *json;
    bool narrative;
    const char *words;
} cases[] = {
    /* Names, addresses, displays, texts and notes are; codes, ids, URIs, dates, base64 are not. */
    {"{'resourceType':'Patient','id':'pat-1','language':'en','implicitRules':'http://rules',"
     "'meta':{'profile':['http://profile'],'tag':[{'system':'http://sys','version':'ver',"
     "'code':'cod','display':'Tag Display'}]},'active':true,'gender':'male',"
     "'birthDate':'1974-12-25','name':[{'id':'n1','use':'official','family':'Chalmérs',"
     "'given':['Peter','James']}],'identifier':[{'system':'urn:x','value':'123',"
     "'type':{'text':'Record No.'}}],'telecom':[{'system':'phone','value':'555 1'}],"
     "'address':[{'line':['1 High St'],'postalCode':'LS1'}],'photo':[{'contentType':'image/png',"
     "'data':'aGFsbG8=','title':'Portrait','url':'http://photo'}],"
     "'managingOrganization':{'reference':'Organization/org','display':'The Surgery'}}",
     false, "tag display chalmers peter james record no 555 1 1 high st ls1 portrait the surgery"},
    /* Extensions, also beside primitive values, contained resources, markdown and the narrative. */
    {"{'resourceType':'Observation','text':{'status':'generated','div':'<div>Tall</div>'},"
     "'contained':[{'resourceType':'Practitioner','id':'c','name':[{'family':'Who'}]}],"
     "'status':'final','_status':{'extension':[{'url':'http://e','valueString':'Nearly'}]},"
     "'extension':[{'url':'http://e','extension':[{'url':'k','valueMarkdown':'*Bold* move'},"
     "{'url':'l','valueCode':'no'},{'url':'m','valueUri':'http://no'}]}],"
     "'code':{'coding':[{'code':'8302-2','display':'Height'}],'text':'Body height'},"
     "'note':[{'text':'On tip-toe','time':'2020-01-01T00:00:00Z'}],"
     "'valueQuantity':{'value':180,'unit':'cm','code':'centimetre','system':'http://u'}}",
     false, "tall who nearly bold move height body height on tip toe cm"},
    {"{'resourceType':'Bundle','entry':[{'fullUrl':'urn:uuid:x','resource':{'resourceType':"
     "'Organization','name':'Acme'}},{'resource':{'resourceType':'Nothing','name':'x'}}]}",
     false, "acme"},
    {"{'resourceType':'Observation','code':{'text':'Body height'}}", true, ""},
    {"{'resourceType':'Device','version':[{'value':'Two'}],'udiCarrier':[{'deviceIdentifier':"
     "'DI'}]}",
     false, "two di"},
    /* XHTML. */
    {"{'resourceType':'Basic','code':{'text':'no'},'text':{'div':'<div xmlns=\\\"http://w3\\\">"
     "<p title=\\\"a > b\\\">One<br/>two</p><!-- not > this --><td>Three</td><td>four</td>"
     "five &amp; six&nbsp;seven &lt;eight&gt;</div>'}}",
     true, "one two three four five & six seven eight"},
    {"{'resourceType':'Basic','text':{'div':'<div>Caf&eacute; &Oslash;rsted &#233;t&#xE9; "
     "O&rsquo;Brien &beta;-blocker a&unknown;b a&#0;b &#x110000;c &#xD800;d</div>'}}",
     true, "cafe orsted ete obrien β blocker a b a b c d"},
    {"{'resourceType':'Basic','text':{'div':'<div>a & b; c <p'}}", true, "a c"},
    {"{'resourceType':'Basic','text':{'div':'<!-- a'}}", true, ""},
    {"{'resourceType':'Basic','text':{'div':'a &amp'}}", true, "a amp"},
    {"{'resourceType':'Basic','text':'odd','code':[['x',{'text':'y'}]],'author':null}", false, ""},
};

static void words(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct arena a;
        arena_init(&a, 1 << 24);
        struct resource r = kit_resource(cases[i].json, &a);
        text got = index_words(&r, cases[i].narrative, &a);
        assert_non_null(got.p);
        if (!text_eq(got, text_of(cases[i].words))) {
            fail_msg("%s gives\n%.*s", cases[i].json, TEXT_ARG(got));
        }
        arena_done(&a);
    }
}

static void no_memory(void **state)
{
    (void)state;
    struct arena a, small;
    arena_init(&a, 1 << 24);
    arena_init(&small, 64);
    struct resource r = kit_resource(cases[0].json, &a);
    assert_null(index_words(&r, false, &small).p);
    arena_done(&small);
    arena_done(&a);
}

/* Many texts: what is kept grows with them. */
static void many(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    struct arena a;
    struct buf json;
    arena_init(&a, 1 << 24);
    buf_init(&json, 1 << 22);
    buf_add(&json, T("{'resourceType':'Patient','name':[{'text':'w0'}"));
    for (unsigned i = 1; i < COUNT; i++) {
        buf_printf(&json, ",{'text':'w%u'}", i);
    }
    buf_add(&json, T("]}"));
    buf_addc(&json, '\0');
    struct resource r = kit_resource(json.p, &a);
    text got = index_words(&r, false, &a), word;
    unsigned count = 0;
    while (text_cut(&got, ' ', &word)) {
        text expected = arena_printf(&a, "w%u", count++);
        assert_true(text_eq(word, expected));
    }
    assert_int_equal(count, COUNT);
    buf_done(&json);
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),
        cmocka_unit_test(no_memory),
        cmocka_unit_test(many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
