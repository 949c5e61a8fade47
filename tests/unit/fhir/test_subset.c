/* _summary and _elements (R4 search.html#summary): what stays, in which order and form. */
#include "fhir_kit.h"

#include "fhir/subset.h"

#define TAG \
    "{'system':'http://terminology.hl7.org/CodeSystem/v3-ObservationValue','code':'SUBSETTED'}"
#define META "'meta':{'tag':[" TAG "]}"

struct subset_case {
    enum search_summary summary;
    const char *elements; /* names with commas; "" for none */
    const char *json;
    const char *part;
};

static const struct subset_case cases[] = {
    /* Of a Patient, contact, text and multipleBirth are not in the summary; nor are extensions. */
    {SUMMARY_TRUE, "",
     "{'resourceType':'Patient','id':'p','text':{'status':'generated','div':'<div/"
     ">'},'active':true,"
     "'contact':[{'name':{'family':'K'}}],'name':[{'family':'C','extension':[{'url':'u','valueCode'"
     ":"
     "'a'}]}],'birthDate':'2000-01-01','_birthDate':{'extension':[{'url':'u','valueCode':'a'}]},"
     "'multipleBirthInteger':2}",
     "{'resourceType':'Patient','id':'p','active':true,'name':[{'family':'C'}],'birthDate':"
     "'2000-01-01','_birthDate':{'extension':[{'url':'u','valueCode':'a'}]}," META "}"},
    /* Digits stay; the tag goes beside those that are there. */
    {SUMMARY_TRUE, "",
     "{'resourceType':'Observation','meta':{'versionId':'3','tag':[{'code':'x'}]},'status':'final',"
     "'note':[{'text':'n'}],'code':{'text':'c'},'valueQuantity':{'value':1.500E2,'extension':[]}}",
     "{'resourceType':'Observation','meta':{'versionId':'3','tag':[{'code':'x'}," TAG
     "]},'status':'final','code':{'text':'c'},'valueQuantity':{'value':1.500E2}}"},
    /* An element of which nothing is in the summary goes, unless it must be there. */
    {SUMMARY_TRUE, "",
     "{'resourceType':'Observation','status':'final','code':{'extension':[{'url':'u','valueCode':"
     "'a'}]},'subject':{'extension':[{'url':'u','valueCode':'a'}]},'performer':[{'id':'1'},{"
     "'display':'d'}]}",
     "{'resourceType':'Observation','status':'final','code':{'extension':[{'url':'u','valueCode':"
     "'a'}]},'performer':[{'display':'d'}]," META "}"},
    /* A modifierExtension changes what the rest means: it stays, whole. */
    {SUMMARY_TRUE, "",
     "{'resourceType':'Patient','modifierExtension':[{'url':'u','valueCode':'a'}],'contained':[{"
     "'resourceType':'Basic'}]}",
     "{'resourceType':'Patient','modifierExtension':[{'url':'u','valueCode':'a'}]," META "}"},
    /* Binary content is not in the summary of an attachment. */
    {SUMMARY_TRUE, "",
     "{'resourceType':'DocumentReference','status':'current','content':[{'attachment':{"
     "'contentType':'text/plain','data':'aGk=','url':'http://a'}}]}",
     "{'resourceType':'DocumentReference','status':'current','content':[{'attachment':{"
     "'contentType':'text/plain','url':'http://a'}}]," META "}"},
    {SUMMARY_TEXT, "",
     "{'resourceType':'Observation','id':'o','meta':{'versionId':'1'},'text':{'status':'empty',"
     "'div':'<div/>'},'status':'final','code':{'text':'c','id':'1'},'subject':{'display':'d'}}",
     "{'resourceType':'Observation','id':'o','meta':{'versionId':'1','tag':[" TAG
     "]},'text':{'status':'empty','div':'<div/>'},'status':'final','code':{'text':'c','id':'1'}}"},
    {SUMMARY_DATA, "",
     "{'resourceType':'Patient','text':{'status':'empty','div':'<div/>'},'contact':[{'id':'1'}]}",
     "{'resourceType':'Patient','contact':[{'id':'1'}]," META "}"},
    {SUMMARY_FALSE, "birthDate,multipleBirth",
     "{'resourceType':'Patient','id':'p','active':true,'multipleBirthInteger':2,'birthDate':'2000',"
     "'_birthDate':{'id':'1'},'implicitRules':'http://a'}",
     "{'resourceType':'Patient','id':'p','multipleBirthInteger':2,'birthDate':'2000','_birthDate':{"
     "'id':'1'},'implicitRules':'http://a'," META "}"},
    {SUMMARY_FALSE, "valueQuantity",
     "{'resourceType':'Observation','status':'final','code':{'text':'c'},'valueQuantity':{'value':"
     "1.0,'extension':[]},'subject':{'display':'d'}}",
     "{'resourceType':'Observation','status':'final','code':{'text':'c'},'valueQuantity':{'value':"
     "1.0,'extension':[]}," META "}"},
    /* Asked for again, it is tagged once. */
    {SUMMARY_DATA, "", "{'resourceType':'Basic','code':{'text':'c'}," META "}",
     "{'resourceType':'Basic','code':{'text':'c'}," META "}"},
};

static void keeps_what_is_asked(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena a;
        struct buf out;
        text names[8];
        struct subset s = {.summary = cases[i].summary, .elements = names};
        text rest = text_of(cases[i].elements);
        arena_init(&a, KIT_MEMORY);
        buf_init(&out, KIT_MEMORY);
        while (rest.n && text_cut(&rest, ',', &names[s.element_count])) {
            s.element_count++;
        }
        assert_true(subset_is_part(&s));
        yyjson_val *root = kit_read(cases[i].json, &a);
        fhir_type type = fhir_type_of(json_text(json_get(root, T("resourceType"))));
        subset_print(root, type, &s, &out);
        text expected = kit_quoted(cases[i].part, &a);
        if (!text_eq(buf_text(&out), expected)) {
            fail_msg("case %zu:\n is     %.*s\n should %.*s", i, TEXT_ARG(buf_text(&out)),
                     TEXT_ARG(expected));
        }
        yyjson_val *again;
        struct err e;
        assert_int_equal(json_read(buf_text(&out), KIT_DEPTH, &a, &again, &e), 0);
        assert_true(subset_tagged(again));
        buf_done(&out);
        arena_done(&a);
    }
}

static void knows_elements(void **state)
{
    (void)state;
    fhir_type observation = fhir_type_of(T("Observation"));
    assert_true(subset_has_element(observation, T("status")));
    assert_true(subset_has_element(observation, T("value")));
    assert_true(subset_has_element(observation, T("valueQuantity")));
    assert_false(subset_has_element(observation, T("val")));
    assert_false(subset_has_element(observation, T("valueq")));
    assert_false(subset_has_element(observation, T("name")));
    assert_false(subset_has_element(observation, T("")));
    assert_false(subset_has_element(observation, T("code.text")));
}

static void knows_the_tag(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, KIT_MEMORY);
    assert_true(subset_tagged(kit_read("{" META "}", &a)));
    assert_false(subset_tagged(kit_read("{'meta':{'tag':[{'code':'SUBSETTED'}]}}", &a)));
    assert_false(subset_tagged(kit_read("{'meta':{'tag':'SUBSETTED'}}", &a)));
    assert_false(subset_tagged(kit_read("{'meta':{}}", &a)));
    assert_false(subset_is_part(&(struct subset){.summary = SUMMARY_COUNT}));
    assert_false(subset_is_part(&(struct subset){0}));
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_what_is_asked),
        cmocka_unit_test(knows_elements),
        cmocka_unit_test(knows_the_tag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
