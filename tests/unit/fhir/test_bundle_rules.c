/* Rules of bundles that no invariant says (R4 bundle.html, documents.html, messaging.html). */
#include "rules_kit.h"

#define BUNDLE(type, entries) "{'resourceType':'Bundle','type':'" type "','entry':[" entries "]}"
#define BASE "http://a.example/fhir/"
#define UUID(n) "urn:uuid:0b6ad1a5-0000-4000-8000-00000000000" n
#define PATIENT(id) "'resource':{'resourceType':'Patient','id':'" id "'}"
#define ENTRY(url, resource) "{'fullUrl':'" url "'," resource "}"

static void addresses(void **state)
{
    (void)state;
    static const struct finding_case cases[] = {
        {BUNDLE("collection", ENTRY(BASE "Patient/1", PATIENT("1"))), NULL, NULL, false},
        {BUNDLE("collection", ENTRY(UUID("1"), PATIENT("1"))), NULL, NULL, false},
        {BUNDLE("collection", ENTRY("urn:oid:1.2.3", PATIENT("1"))), NULL, NULL, false},
        {BUNDLE("collection", ENTRY("Patient/1", PATIENT("1"))), "Bundle.entry[0].fullUrl",
         "absolute", false},
        {BUNDLE("collection", ENTRY("urn:uuid:1", PATIENT("1"))), "Bundle.entry[0].fullUrl", "UUID",
         false},
        {BUNDLE("collection", ENTRY(BASE "Group/1", PATIENT("1"))), "Bundle.entry[0].fullUrl",
         "of type Patient", false},
        {BUNDLE("collection", ENTRY(BASE "Patient/2", PATIENT("1"))), "Bundle.entry[0].fullUrl",
         "has the id '1'", false},
        {BUNDLE("collection", ENTRY(UUID("1"), PATIENT("1")) "," ENTRY(UUID("1"), PATIENT("2"))),
         "Bundle.entry[1].fullUrl", "entry[0]", false},
        {BUNDLE("collection",
                ENTRY(UUID("1"),
                      "'resource':{'resourceType':'Patient','meta':{'"
                      "versionId':'1'}}") "," ENTRY(UUID("1"),
                                                    "'resource':{'resourceType':'Patient','"
                                                    "meta':{'versionId':'2'}}")),
         NULL, NULL, false},
    };
    CASES(bundle_rules, cases);
}

#define COMPOSITION(more)                                                                        \
    ENTRY(UUID("1"), "'resource':{'resourceType':'Composition','status':'final','type':{'text':" \
                     "'t'},'date':'2020','title':'t'," more "}")
#define SUBJECT "'subject':{'reference':'" UUID("2") "'},"
#define AUTHOR "'author':[{'reference':'" UUID("3") "'}]"
#define PEOPLE                                    \
    "," ENTRY(UUID("2"), PATIENT("p")) "," ENTRY( \
        UUID("3"), "'resource':{'resourceType':'Practitioner','id':'d'}")

static void documents(void **state)
{
    (void)state;
    static const struct finding_case cases[] = {
        {BUNDLE("document", COMPOSITION(SUBJECT AUTHOR) PEOPLE), NULL, NULL, false},
        {BUNDLE("document", ENTRY(UUID("2"), PATIENT("p"))), "Bundle.entry[0].resource",
         "Composition", false},
        {BUNDLE("document", COMPOSITION(SUBJECT AUTHOR) "," ENTRY(
                                UUID("3"), "'resource':{'resourceType':'Practitioner','id':'d'}")),
         "Bundle.entry[0].resource.subject.reference", "leads to no entry", false},
        /* a relative reference beside a urn: means nothing */
        {BUNDLE("document",
                COMPOSITION("'section':[{'entry':[{'reference':'Patient/p'}]}]," SUBJECT AUTHOR)
                    PEOPLE),
         "Bundle.entry[0].resource.section[0].entry[0].reference", "fullUrl is not what", false},
        /* nothing leads to it */
        {BUNDLE("document", COMPOSITION(SUBJECT AUTHOR) PEOPLE "," ENTRY(UUID("4"), PATIENT("q"))),
         "Bundle.entry[3]", "no reference leads here", true},
        /* but by way of another */
        {BUNDLE("document",
                COMPOSITION(SUBJECT AUTHOR) "," ENTRY(
                    UUID("2"),
                    "'resource':{'resourceType':'Patient','generalPractitioner':[{'"
                    "reference':'" UUID(
                        "4") "'}]}") "," ENTRY(UUID("3"),
                                               "'resource':{'resourceType':'Practitioner'"
                                               "}") "," ENTRY(UUID("4"),
                                                              "'resource':{'resourceType':"
                                                              "'Organization','name':'o'"
                                                              "}")),
         NULL, NULL, false},
        /* what another refers to may stand elsewhere */
        {BUNDLE(
             "document",
             COMPOSITION(SUBJECT AUTHOR) "," ENTRY(
                 UUID("2"),
                 "'resource':{'resourceType':'Patient','generalPractitioner':[{'reference':'http://"
                 "b/Organization/4'}]}") "," ENTRY(UUID("3"),
                                                   "'resource':{'resourceType':'Practitioner'}")),
         NULL, NULL, false},
        {BUNDLE("message",
                ENTRY(BASE "MessageHeader/m",
                      "'resource':{'resourceType':'MessageHeader','id':'m',"
                      "'eventUri':'http://e','source':{'endpoint':'http://"
                      "s'},'focus':[{'reference':'Patient/1'}]}") "," ENTRY(BASE "Patient/1",
                                                                            PATIENT("1"))),
         NULL, NULL, false},
        {BUNDLE("message",
                ENTRY(BASE "MessageHeader/m",
                      "'resource':{'resourceType':'MessageHeader','id':'m','eventUri':'http://"
                      "e','source':{'endpoint':'http://s'},'focus':[{'reference':'Patient/2'}]}")),
         "Bundle.entry[0].resource.focus[0].reference", "leads to no entry", false},
    };
    CASES(bundle_rules, cases);
}

#define REQUEST(method, url) "'request':{'method':'" method "','url':'" url "'}"

static void requests(void **state)
{
    (void)state;
    static const struct finding_case cases[] = {
        {BUNDLE("transaction",
                "{" PATIENT("1") "," REQUEST("PUT", "Patient/1") "},{" REQUEST(
                    "DELETE", "Patient/2") "},{" REQUEST("GET", "Patient?name=x") "}"),
         NULL, NULL, false},
        {BUNDLE("batch", "{" PATIENT("1") "," REQUEST("POST", "Group") "}"),
         "Bundle.entry[0].request.url", "of type Patient", false},
        {BUNDLE("batch", "{" PATIENT("1") "," REQUEST("POST", "Patient/1") "}"),
         "Bundle.entry[0].request.url", "without an id", false},
        {BUNDLE("batch", "{" PATIENT("1") "," REQUEST("PUT", "Patient/2") "}"),
         "Bundle.entry[0].request.url", "has the id '1'", false},
        {BUNDLE("batch", "{" PATIENT("1") "," REQUEST("PUT", "Patient") "}"),
         "Bundle.entry[0].request.url", "[type]/[id]", false},
        {BUNDLE("batch", "{" PATIENT("1") "," REQUEST("PUT", "Patient?identifier=x") "}"), NULL,
         NULL, false},
        {BUNDLE("batch", "{" REQUEST("PUT", "Patient/2") "}"), "Bundle.entry[0]",
         "needs a resource", false},
        {BUNDLE("batch", "{" PATIENT("1") "," REQUEST("PATCH", "Patient/1") "}"),
         "Bundle.entry[0].resource", "Parameters", false},
        {BUNDLE("batch", "{" PATIENT("1") "," REQUEST("DELETE", "Patient/1") "}"),
         "Bundle.entry[0].resource", "no resource", true},
        {BUNDLE("batch", "{" REQUEST("DELETE", "Patient") "}"), "Bundle.entry[0].request.url",
         "DELETE", false},
        {BUNDLE("batch", "{" REQUEST("DELETE", "http://x/Patient/1") "}"),
         "Bundle.entry[0].request.url", "relative to the base", false},
        {BUNDLE("transaction", "{" PATIENT("1") "," REQUEST("PUT", "Patient/1") "},{" REQUEST(
                                   "DELETE", "Patient/1") "}"),
         "Bundle.entry[1].request.url", "entry[0]", false},
        {BUNDLE("transaction",
                "{'resource':{'resourceType':'Patient','managingOrganization':{'reference':'" UUID(
                    "7") "'}}," REQUEST("POST", "Patient") "}"),
         "Bundle.entry[0].resource.managingOrganization.reference", "leads to no entry", false},
        {BUNDLE("batch-response",
                "{'response':{'status':'201 Created'}},{'response':{'status':'200'}}"),
         NULL, NULL, false},
        {BUNDLE("batch-response", "{'response':{'status':'Created'}}"),
         "Bundle.entry[0].response.status", "three digits", false},
        {BUNDLE("searchset", "{" PATIENT("1") ",'search':{'mode':'match'}}"), NULL, NULL, false},
        {BUNDLE("searchset", "{" PATIENT("1") "}"), "Bundle.entry[0]", "search.mode", true},
        {BUNDLE("searchset", "{" PATIENT("1") ",'search':{'mode':'outcome'}}"),
         "Bundle.entry[0].search.mode", "OperationOutcome", false},
        {BUNDLE("history", "{" REQUEST("PUT", "Patient/1") ",'response':{'status':'200'}}"),
         "Bundle.entry[0]", "as it was after", true},
    };
    CASES(bundle_rules, cases);
}

/* Ten thousand entries take about as long each as ten. */
/* A bundle in an entry has its own references: they are looked at with that bundle. */
static void nested(void **state)
{
    (void)state;
#define INNER BUNDLE("document", COMPOSITION(SUBJECT AUTHOR) PEOPLE)
    static const struct finding_case cases[] = {
        {BUNDLE("transaction", "{'resource':" INNER ",'request':{'method':'POST','url':'Bundle'}}"),
         NULL, NULL, false},
        {BUNDLE("transaction", "{'resource':{'resourceType':'Parameters','parameter':[{'name':'x',"
                               "'resource':" INNER "}]},'request':{'method':'POST','url':"
                               "'Parameters'}}"),
         NULL, NULL, false},
    };
    CASES(bundle_rules, cases);
}

static void large(void **state)
{
    (void)state;
    struct buf json;
    buf_init(&json, 1 << 26);
    buf_add(&json, T("{'resourceType':'Bundle','type':'message','entry':["));
    for (unsigned i = 0; i < 10000; i++) {
        buf_printf(&json,
                   "%s{'fullUrl':'http://a/Patient/%u','resource':{'resourceType':'Patient',"
                   "'id':'%u','link':[{'other':{'reference':'Patient/%u'},'type':'seealso'}]}}",
                   i ? "," : "", i, i, i + 1);
    }
    buf_add(&json, T("]}"));
    buf_addc(&json, '\0');
    struct issues is = find(bundle_rules, json.p);
    buf_done(&json);
    /* The first is no header; the last leads nowhere. */
    assert_int_equal(is.count, 2);
    assert_int_equal(is.errors, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(addresses), TEST(documents), TEST(requests), TEST(nested), TEST(large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
