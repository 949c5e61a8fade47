/* The strings of a resource that a transaction may have to rewrite (R4 http.html#trules), and their
 * places. */
#include "fhir_kit.h"

struct link_case {
    const char *json;
    const char *places; /* of the links, each ended by a space; reference: R, narrative: N, other: U
                           in front */
};

#define O "{'resourceType':'Observation','status':'final','code':{'text':'a'},"
#define UUID "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"

static const struct link_case cases[] = {
    {O "'subject':{'reference':'Patient/1'}}", "R:Observation.subject.reference "},
    {O "'subject':{'reference':'" UUID
       "'},'performer':[{'display':'a'},{'reference':'Patient?name=a'}]}",
     "R:Observation.subject.reference R:Observation.performer[1].reference "},
    {O "'contained':[{'resourceType':'Patient','id':'a','managingOrganization':{'reference':'" UUID
       "'}}],'subject':{'reference':'#a'}}",
     "R:Observation.contained[0].managingOrganization.reference R:Observation.subject.reference "},
    {O "'identifier':[{'system':'urn:oid:1.2.3','value':'a'}]}",
     "U:Observation.identifier[0].system "},
    {O "'identifier':[{'system':'http://a','value':'" UUID "'}]}", ""},
    {O "'implicitRules':'" UUID "','meta':{'profile':['http://a','" UUID "']}}",
     "U:Observation.implicitRules U:Observation.meta.profile[1] "},
    {O "'extension':[{'url':'a','valueUuid':'" UUID "'},{'url':'a','valueOid':'urn:oid:1.2'},"
       "{'url':'a','valueUrl':'" UUID "'},{'url':'a','valueString':'" UUID "'},"
       "{'url':'a','valueReference':{'reference':'" UUID "'}}]}",
     "U:Observation.extension[0].value.ofType(uuid) U:Observation.extension[1].value.ofType(oid) "
     "U:Observation.extension[2].value.ofType(url) "
     "R:Observation.extension[4].value.ofType(Reference).reference "},
    {O "'text':{'status':'generated','div':'<div><a href=\\'" UUID "\\'>a</a></div>'}}",
     "N:Observation.text.div "},
    {O "'text':{'status':'generated','div':'<div>a</div>'}}", ""},
    {"{'resourceType':'Patient','_birthDate':{'extension':[{'url':'a','valueUri':'" UUID "'}]}}",
     "U:Patient.birthDate.extension[0].value.ofType(uri) "},
    {"{'resourceType':'Bundle','type':'batch','entry':[{'fullUrl':'" UUID "','resource':" O
     "'subject':{'reference':'" UUID "'}}}]}",
     ""},
    {"{'resourceType':'Parameters','parameter':[{'name':'a','valueReference':{'reference':'Patient/"
     "1'}},"
     "{'name':'b','resource':" O "'subject':{'reference':'Patient/2'}}}]}",
     "R:Parameters.parameter[0].value.ofType(Reference).reference "
     "R:Parameters.parameter[1].resource.subject.reference "},
};

static void collects_the_links(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena a;
        struct buf places;
        arena_init(&a, KIT_MEMORY);
        buf_init(&places, KIT_MEMORY);
        struct resource r = kit_check(cases[i].json, &a);
        for (size_t k = 0; k < r.link_count; k++) {
            const struct resource_link *l = &r.links[k];
            buf_printf(&places, "%c:%.*s ",
                       l->is_reference   ? 'R'
                       : l->is_narrative ? 'N'
                                         : 'U',
                       TEXT_ARG(resource_path(&r, l->value, &a)));
        }
        if (!text_eq(buf_text(&places), text_of(cases[i].places))) {
            fail_msg("%s\n  %.*s", cases[i].json, TEXT_ARG(buf_text(&places)));
        }
        buf_done(&places);
        arena_done(&a);
    }
}

static void links_can_be_rewritten(void **state)
{
    (void)state;
    struct arena a;
    struct buf out;
    arena_init(&a, KIT_MEMORY);
    buf_init(&out, KIT_MEMORY);
    struct resource r = kit_check(O "'subject':{'reference':'" UUID "'}}", &a);
    assert_int_equal(r.link_count, 1);
    assert_true(fhir_target_ok(r.links[0].targets, FHIR_PATIENT));
    assert_false(fhir_target_ok(r.links[0].targets, FHIR_PRACTITIONER));
    json_set_string(r.links[0].value, T("Patient/77"));
    resource_pack(&r, &out);
    assert_non_null(memmem(out.p, out.n, "{\"reference\":\"Patient/77\"}", 26));
    assert_null(resource_path(&r, NULL, &a).p);
    assert_true(text_eq(resource_path(&r, r.root, &a), T("Observation")));
    buf_done(&out);
    arena_done(&a);
}

static void no_targets_means_any(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, KIT_MEMORY);
    struct resource r = kit_check(O "'focus':[{'reference':'Patient/1'}]}", &a);
    for (unsigned type = 1; type < fhir_type_count(); type++) {
        assert_true(fhir_target_ok(r.links[0].targets, (fhir_type)type));
    }
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(collects_the_links),
        cmocka_unit_test(links_can_be_rewritten),
        cmocka_unit_test(no_targets_means_any),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
