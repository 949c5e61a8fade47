#include "leaks.h"

#include <stdio.h>
#include <stdlib.h>

/* What is asked: templates of every interaction that reads, and pairs of writes. */

static const struct reading {
    enum http_method method;
    const char *path;
    const char *body;
    bool ordered;
} readings[] = {
    {HTTP_GET, "<any>", NULL, false},
    {HTTP_GET, "<any>", NULL, false},
    {HTTP_HEAD, "<any>", NULL, false},
    {HTTP_GET, "<any>?_elements=id,code", NULL, false},
    {HTTP_GET, "<any>?_summary=<true|text|data>", NULL, false},
    {HTTP_GET, "<any>/_history", NULL, true},
    {HTTP_GET, "<any>/_history", NULL, true},
    {HTTP_GET, "<any>/_history?_count=1", NULL, true},
    {HTTP_GET, "<type>/_history?_count=<3|7|100>", NULL, true},
    {HTTP_GET, "_history?_count=<5|20|100>", NULL, true},
    {HTTP_GET, "_history?_since=<2000|2090>-01-01T00:00:00Z&_count=50", NULL, true},
    {HTTP_GET, "<type>", NULL, false},
    {HTTP_GET, "<type>?_count=<1|2|5>", NULL, false},
    {HTTP_GET, "<type>?_summary=count", NULL, false},
    {HTTP_GET, "<type>?_count=0&_total=accurate", NULL, false},
    {HTTP_GET, "<type>?_total=<none|estimate|accurate>&_count=3", NULL, false},
    {HTTP_GET, "<type>?_tag=urn:v%7C<anytag>", NULL, false},
    {HTTP_GET, "<type>?_tag:not=urn:v%7C<anytag>&_summary=count", NULL, false},
    {HTTP_GET, "<type>?_tag=urn:c%7C<x|y>&_count=<2|50>", NULL, false},
    {HTTP_GET, "<type>?_id=<#Observation>,<#Condition>,<#Patient>", NULL, false},
    {HTTP_GET, "<type>?_sort=<|->_id&_count=<2|5|50>", NULL, true},
    {HTTP_GET, "<type>?_security=<MH|SEX|sealed|held|R|NOPAT|third-party>", NULL, false},
    {HTTP_GET, "<type>?_security:not=sealed&_summary=count", NULL, false},
    {HTTP_GET, "<type>?_security:missing=<true|false>&_summary=count", NULL, false},
    {HTTP_GET, "<type>?_lastUpdated=<gt|lt>2024-01-01&_count=4", NULL, false},
    {HTTP_GET, "<type>?_elements=id&_count=10", NULL, false},
    {HTTP_GET, "<type>?_filter=_id eq <#Observation> or _tag eq <anytag>", NULL, false},
    {HTTP_GET, "<type>?_content=<@family>&_count=<3|50>", NULL, false},
    {HTTP_GET, "Patient?_text=<@family>", NULL, false},
    {HTTP_GET, "<type>?_profile=http://example.org/none", NULL, false},
    {HTTP_GET, "<type>?_source=http://example.org/none&_summary=count", NULL, false},
    {HTTP_GET, "<type>?_tag=urn:c%7C<x|y>&nothing=such&_count=5", NULL, false},
    {HTTP_GET, "<type>?_tag=urn:c%7C<x|y>&_explain=true", NULL, false},
    {HTTP_GET, "Observation?code=<13746004|271649006>&patient=<#Patient>&_explain=true", NULL,
     false},
    {HTTP_GET,
     "?_type=Patient,Observation&_has:Provenance:target:agent=Practitioner/<#Practitioner>", NULL,
     false},
    {HTTP_GET, "?_type=Observation,Condition&_list=<#List>", NULL, false},
    {HTTP_GET, "?_type=Observation,Condition&_filter=_tag eq <anytag>", NULL, false},
    {HTTP_GET, "?_type=Observation,Condition&_id=Observation-<d:24>,Condition-<d:12>", NULL, false},
    {HTTP_GET, "?_type=Observation,Patient&_lastUpdated=gt2024-01-01&_summary=count", NULL, false},
    {HTTP_GET, "Patient?name:exact=<@family>", NULL, false},
    {HTTP_GET, "Patient?name:contains=<e|ir|as>&_count=2", NULL, false},
    {HTTP_GET, "Patient?identifier:of-type=urn:type%7CMR%7C<d:4>", NULL, false},
    {HTTP_GET, "Observation?code:not-in=http://example.org/none", NULL, false},
    {HTTP_GET, "Observation?code:<above|below>=http://snomed.info/sct%7C<13746004|271649006>", NULL,
     false},
    {HTTP_GET, "Questionnaire?url:<above|below>=http://example.org/none", NULL, false},
    {HTTP_GET, "Observation?subject:Patient=Patient-<d:5>&_count=3", NULL, false},
    {HTTP_GET, "Observation?subject:identifier=urn:nhs%7C<d:4>&_summary=count", NULL, false},
    {HTTP_GET, "Patient?name=<@family>", NULL, false},
    {HTTP_GET, "Patient?identifier=urn:nhs%7C<d:4>", NULL, false},
    {HTTP_GET, "Patient?birthdate=<ge|lt>2000-01-01&gender=<male|female>", NULL, false},
    {HTTP_GET, "Patient?_sort=<family|-birthdate|gender>,_id&_count=<1|2>", NULL, true},
    {HTTP_GET, "Patient?general-practitioner=Practitioner/<#Practitioner>", NULL, false},
    {HTTP_GET, "Patient?general-practitioner.name=<@family>", NULL, false},
    {HTTP_GET, "Patient?link=Patient/<#Patient>", NULL, false},
    {HTTP_GET, "Patient?_has:Observation:patient:code=<13746004|271649006|15628003>", NULL, false},
    {HTTP_GET, "Patient?_has:Observation:patient:_tag=urn:v%7C<anytag>", NULL, false},
    {HTTP_GET, "Patient?_has:Condition:patient:code=<13746004|86406008>&_summary=count", NULL,
     false},
    {HTTP_GET, "Patient?_has:Consent:patient:status=active", NULL, false},
    {HTTP_GET, "Patient?_has:Encounter:patient:_has:Observation:encounter:status=final", NULL,
     false},
    {HTTP_GET, "Patient?_has:Group:member:_id=Group-0", NULL, false},
    {HTTP_GET, "Patient?_has:Task:patient:owner=Practitioner/Practitioner-0", NULL, false},
    {HTTP_GET, "Patient?_revinclude=Observation:patient&_revinclude=Condition:patient", NULL,
     false},
    {HTTP_GET, "Patient?_revinclude=Provenance:target&_revinclude=Consent:patient", NULL, false},
    {HTTP_GET, "Patient?_include=Patient:<general-practitioner|organization|link>&_count=2", NULL,
     false},
    {HTTP_GET, "Patient?name:missing=<true|false>", NULL, false},
    {HTTP_GET, "Patient?active:not=false&_summary=count", NULL, false},
    {HTTP_GET, "Patient?_filter=birthdate gt 2000-01-01 and not (gender eq male)", NULL, false},
    {HTTP_GET, "Observation?patient=<#Patient>", NULL, false},
    {HTTP_GET, "Observation?subject=Patient/<#Patient>&_count=2", NULL, false},
    {HTTP_GET, "Observation?subject:Patient.name=<@family>", NULL, false},
    {HTTP_GET, "Observation?patient.birthdate=<lt|gt>2000-01-01&_summary=count", NULL, false},
    {HTTP_GET, "Observation?patient.general-practitioner.name=<@family>", NULL, false},
    {HTTP_GET, "Observation?subject.identifier=urn:nhs%7C<d:4>", NULL, false},
    {HTTP_GET, "Observation?encounter.status=<finished|in-progress>", NULL, false},
    {HTTP_GET, "Observation?encounter.class=AMB&_total=accurate&_count=1", NULL, false},
    {HTTP_GET, "Observation?performer:Practitioner.name=<@family>", NULL, false},
    {HTTP_GET, "Observation?has-member.code=<13746004|271649006>", NULL, false},
    {HTTP_GET, "Observation?has-member._tag=urn:v%7C<anytag>", NULL, false},
    {HTTP_GET, "Observation?code=http://snomed.info/sct%7C<271649006|13746004|15628003>", NULL,
     false},
    {HTTP_GET, "Observation?code:not=13746004&_count=4", NULL, false},
    {HTTP_GET, "Observation?code:text=Blood&_count=5", NULL, false},
    {HTTP_GET, "Observation?category=laboratory&status=<final|amended>", NULL, false},
    {HTTP_GET, "Observation?date=<ge2021|2022-02|lt2023>", NULL, false},
    {HTTP_GET, "Observation?_sort=<date|-date|code|-value-quantity|status>,_id&_count=<2|4>", NULL,
     true},
    {HTTP_GET, "Observation?patient=Patient-<d:5>&_sort=-date,_id&_count=<1|2>", NULL, true},
    {HTTP_GET, "Observation?value-quantity=<gt10|lt20>", NULL, false},
    {HTTP_GET, "Observation?code-value-quantity=271649006$gt<d:30>", NULL, false},
    {HTTP_GET, "Observation?encounter:missing=<true|false>&_summary=count", NULL, false},
    {HTTP_GET, "Observation?_include=Observation:<patient|encounter|has-member|performer|subject>",
     NULL, false},
    {HTTP_GET,
     "Observation?_include=Observation:has-member&_include:iterate=Observation:has-member&_include:"
     "iterate=Observation:encounter",
     NULL, false},
    {HTTP_GET, "Observation?_include=*&_count=3", NULL, false},
    {HTTP_GET, "Observation?_revinclude=DiagnosticReport:result&_revinclude=Provenance:target",
     NULL, false},
    {HTTP_GET,
     "Observation?_revinclude=Observation:has-member&_revinclude:iterate=DiagnosticReport:result&_"
     "count=3",
     NULL, false},
    {HTTP_GET, "Observation?_has:DiagnosticReport:result:code=<13746004|271649006>", NULL, false},
    {HTTP_GET, "Observation?_has:Provenance:target:agent=Practitioner/Practitioner-<d:3>", NULL,
     false},
    {HTTP_GET, "Observation?_has:Observation:has-member:_tag=urn:c%7Cx", NULL, false},
    {HTTP_GET, "Observation?_filter=patient re Patient/<#Patient> and code eq 271649006", NULL,
     false},
    {HTTP_GET, "Observation?_list=<#List>", NULL, false},
    {HTTP_GET, "Condition?patient=<#Patient>&_include=Condition:encounter", NULL, false},
    {HTTP_GET, "Condition?clinical-status=<active|resolved>&_total=accurate&_count=1", NULL, false},
    {HTTP_GET, "Condition?asserter.name=<@family>&_contained=<true|both|false>", NULL, false},
    {HTTP_GET, "Practitioner?name=<@family>&_contained=<true|both>", NULL, false},
    {HTTP_GET, "Practitioner?_contained=both&_containedType=<container|contained>", NULL, false},
    {HTTP_GET, "Condition?code:in=http://example.org/none", NULL, false},
    {HTTP_GET, "Condition?encounter.participant.name=<@family>", NULL, false},
    {HTTP_GET,
     "Encounter?patient=<#Patient>&_revinclude=Observation:encounter&_revinclude=Condition:"
     "encounter",
     NULL, false},
    {HTTP_GET, "Encounter?_has:Condition:encounter:code=13746004", NULL, false},
    {HTTP_GET, "Encounter?participant=Practitioner/<#Practitioner>&_summary=count", NULL, false},
    {HTTP_GET, "MedicationRequest?medication.code=<13746004|271649006>", NULL, false},
    {HTTP_GET,
     "MedicationRequest?_include=MedicationRequest:medication&_include=MedicationRequest:patient",
     NULL, false},
    {HTTP_GET, "Medication?_has:MedicationRequest:medication:status=active", NULL, false},
    {HTTP_GET, "Medication?_has:MedicationRequest:medication:patient.name=<@family>", NULL, false},
    {HTTP_GET, "Practitioner?_has:Observation:performer:code=<13746004|271649006>", NULL, false},
    {HTTP_GET, "Practitioner?_has:Patient:general-practitioner:name=<@family>", NULL, false},
    {HTTP_GET,
     "Practitioner?_revinclude=<Patient:general-practitioner|Encounter:participant|"
     "PractitionerRole:practitioner|Task:owner>",
     NULL, false},
    {HTTP_GET, "Practitioner?_sort=name,_id&_revinclude=ServiceRequest:requester", NULL, true},
    {HTTP_GET,
     "Organization?_revinclude=Patient:organization&_revinclude=EpisodeOfCare:organization", NULL,
     false},
    {HTTP_GET, "Organization?_has:Patient:organization:gender=male", NULL, false},
    {HTTP_GET, "DiagnosticReport?result.code=13746004&_include=DiagnosticReport:result", NULL,
     false},
    {HTTP_GET, "Consent?patient=<#Patient>&status=active", NULL, false},
    {HTTP_GET, "Consent?_include=Consent:<patient|actor|data>", NULL, false},
    {HTTP_GET, "Consent?_sort=-date,_id", NULL, true},
    {HTTP_GET, "CareTeam?participant=Practitioner/<#Practitioner>", NULL, false},
    {HTTP_GET, "Provenance?target=<any>", NULL, false},
    {HTTP_GET, "Provenance?_include=Provenance:target", NULL, false},
    {HTTP_GET, "Provenance?target:Observation.code=13746004", NULL, false},
    {HTTP_GET, "Task?focus:Observation.status=final", NULL, false},
    {HTTP_GET, "Task?_include=Task:focus&_include=Task:patient", NULL, false},
    {HTTP_GET, "List?item=<any>", NULL, false},
    {HTTP_GET, "List?_include=List:item", NULL, false},
    {HTTP_GET, "List?item:Observation.code=<13746004|271649006>", NULL, false},
    {HTTP_GET, "Group?member=Patient/<#Patient>", NULL, false},
    {HTTP_GET, "Group?_include=Group:member", NULL, false},
    {HTTP_GET, "Composition?entry:Observation.code=13746004&_include=Composition:entry", NULL,
     false},
    {HTTP_GET, "CarePlan?goal.description:missing=false&_include=CarePlan:goal", NULL, false},
    {HTTP_GET, "Communication?sender=<@performer>", NULL, false},
    {HTTP_GET, "Appointment?actor=<@party>&_sort=date,_id", NULL, true},
    {HTTP_GET, "RelatedPerson?patient=<#Patient>&_revinclude=Consent:actor", NULL, false},
    {HTTP_GET, "RelatedPerson?patient.name=<@family>", NULL, false},
    {HTTP_GET, "Patient/<#Patient>/<type>", NULL, false},
    {HTTP_GET, "Patient/<#Patient>/Observation?_count=2", NULL, false},
    {HTTP_GET, "Patient/<#Patient>/Condition?_summary=count", NULL, false},
    {HTTP_GET, "Patient/<#Patient>/*?_count=10", NULL, false},
    {HTTP_GET, "Encounter/<#Encounter>/Observation", NULL, false},
    {HTTP_GET, "Practitioner/<#Practitioner>/<Patient|Encounter|Observation|Task>", NULL, false},
    {HTTP_GET, "RelatedPerson/<#RelatedPerson>/<Observation|Communication|Patient>", NULL, false},
    {HTTP_GET, "?_type=Patient,Observation,Condition&_tag=urn:c%7C<x|y>&_count=5", NULL, false},
    {HTTP_GET, "?_type=<type>,<type>&_sort=_id&_count=4", NULL, true},
    {HTTP_GET, "?_tag=urn:v%7C<anytag>", NULL, false},
    {HTTP_GET, "?_type=Patient,Encounter,Task&_summary=count", NULL, false},
    {HTTP_GET, "?_security=sealed&_count=5", NULL, false},
    {HTTP_POST, "<type>/_search", "_tag=urn:c%7C<x|y>&_count=3", false},
    {HTTP_POST, "Observation/_search?_total=accurate",
     "patient.name=<@family>&_include=Observation:patient", false},
    {HTTP_GET, "Patient/<#Patient>/$everything", NULL, false},
    {HTTP_GET, "Patient/<#Patient>/$everything?_count=<2|5>", NULL, false},
    {HTTP_GET, "Patient/<#Patient>/$everything?_type=Observation,Consent,Practitioner", NULL,
     false},
    {HTTP_GET, "Patient/<#Patient>/$everything?start=2021-01-01&end=2022-12-31", NULL, false},
    {HTTP_GET, "Patient/$everything?_count=<5|50>", NULL, false},
    {HTTP_GET, "Encounter/<#Encounter>/$everything", NULL, false},
    {HTTP_GET, "<any>/$meta", NULL, false},
    {HTTP_GET, "<type>/$meta", NULL, false},
    {HTTP_GET, "$meta", NULL, false},
    {HTTP_GET, "Patient/<#Patient>/$summary", NULL, false},
    {HTTP_GET, "Patient/<#Patient>/$joined", NULL, false},
    {HTTP_GET, "Patient/<#Patient>/$move", NULL, false},
    {HTTP_GET, "Patient/<#Patient>/$ask", NULL, false},
    {HTTP_GET, "Observation/<#Observation>/$ask", NULL, false},
    {HTTP_GET, "$ask", NULL, false},
    {HTTP_GET, "Subscription/$topics", NULL, false},
    {HTTP_GET, "Subscription/s/$status", NULL, false},
    {HTTP_GET, "Subscription/s/$events", NULL, false},
    {HTTP_GET, "Subscription/s/$get-ws-binding-token", NULL, false},
    {HTTP_POST, "$process-message",
     "{'resourceType':'Bundle','type':'message','entry':[{'resource':{'resourceType':"
     "'MessageHeader','eventCoding':{'system':'urn:v','code':'referral'},'source':{'endpoint':"
     "'urn:here'},'destination':[{'endpoint':'urn:there'}],'focus':[{'reference':"
     "'Patient/<#Patient>'}]}}]}",
     false},
    {HTTP_GET, "Patient/$summary?identifier=urn:nhs%7C<d:4>", NULL, false},
    {HTTP_GET, "Composition/<#Composition>/$document", NULL, false},
    {HTTP_GET, "Composition/$document?id=<#Composition>", NULL, false},
    {HTTP_GET, "ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/administrative-gender", NULL,
     false},
    {HTTP_GET,
     "ValueSet/$validate-code?url=http://hl7.org/fhir/ValueSet/administrative-gender&system=http://"
     "hl7.org/fhir/administrative-gender&code=<male|none>",
     NULL, false},
    {HTTP_GET, "CodeSystem/$lookup?system=http://snomed.info/sct&code=<13746004|271649006>", NULL,
     false},
    {HTTP_GET, "CodeSystem/$validate-code?url=http://snomed.info/sct&code=<13746004|271649006>",
     NULL, false},
    {HTTP_GET, "CodeSystem/$subsumes?system=http://snomed.info/sct&codeA=13746004&codeB=38341003",
     NULL, false},
    {HTTP_GET,
     "ConceptMap/$translate?url=http://example.org/map&system=http://snomed.info/sct&code=13746004",
     NULL, false},
    {HTTP_GET, "NamingSystem/$preferred-id?id=urn:nhs&type=uri", NULL, false},
    {HTTP_GET, "$versions", NULL, false},
    {HTTP_POST, "$convert",
     "{'resourceType':'Observation','id':'new','status':'final','code':{'text':'x'},"
     "'subject':{'reference':'Patient/<#Patient>'}}",
     false},
    {HTTP_POST, "Observation/$validate",
     "{'resourceType':'Observation','status':'final','code':<@code>,'subject':{'reference':'"
     "Patient/"
     "<#Patient>'},'hasMember':[{'reference':'Observation/<#Observation>'}]}",
     false},
    {HTTP_POST, "Patient/$match",
     "{'resourceType':'Parameters','parameter':[{'name':'resource','resource':{'resourceType':"
     "'Patient','name':[{'family':'<@family>','given':['<@given>']}],'gender':'<male|female>',"
     "'birthDate':'<1970-01-02|1950-05-05>','identifier':[{'system':'urn:nhs','value':'<d:4>'}]}},{"
     "'name':'count','valueInteger':<1|10>},{'name':'onlyCertainMatches','valueBoolean':<true|"
     "false>}]}",
     false},
    {HTTP_POST, "",
     "{'resourceType':'Bundle','type':'<batch|transaction>','entry':[{'request':{'method':'GET','"
     "url':'<any>'}},{"
     "'request':{'method':'GET','url':'Observation?_count=0'}},{'request':{'method':'GET','url':'<"
     "any>/_history'}},{"
     "'request':{'method':'GET','url':'Patient?name=<@family>&_summary=count'}},{'request':{"
     "'method':'GET','url':'Condition?code=13746004&_summary=count'}}]}",
     true},
};

/* The number of a version is another in B where versions before it are hidden. */
static bool vread(struct world *w, struct ask *for_a, struct ask *for_b)
{
    const struct op *op = &w->ops[any(w, (unsigned)w->count)];
    uint64_t vid = 1 + any(w, 4);
    uint64_t vid_b = ID_NEVER + vid;
    for (size_t i = 0; i < w->count; i++) {
        const struct op *o = &w->ops[i];
        if (strcmp(o->id, op->id) == 0 && o->vid == vid && o->vid_b) {
            vid_b = o->vid_b;
        }
    }
    for_a->path =
        arena_printf(&w->a, "%s/%s/_history/%llu", op->type, op->id, (unsigned long long)vid).p;
    for_b->path =
        arena_printf(&w->a, "%s/%s/_history/%llu", op->type, op->id, (unsigned long long)vid_b).p;
    return true;
}

/* What an error says of the number of a version is not compared. */
static text without_number(struct world *w, text t)
{
    char *p = arena_alloc(&w->a, t.n + 1);
    size_t n = 0;
    static const char word[] = "version ";
    for (size_t i = 0; i < t.n; i++) {
        p[n++] = t.p[i];
        if (n >= sizeof word - 1 && memcmp(p + n - (sizeof word - 1), word, sizeof word - 1) == 0) {
            while (i + 1 < t.n && t.p[i + 1] >= '0' && t.p[i + 1] <= '9') {
                i++;
            }
        }
    }
    p[n] = 0;
    return text_make(p, n);
}

static bool may_bundle(struct world *w, const struct ask *ask)
{
    static const char *const types[] = {"Observation", "Patient", "Condition"};
    bool may = true;
    for (size_t i = 0; i < 3; i++) {
        may = may && (grant_rights(w->g, fhir_type_of(text_of(types[i]))) & MAY_SEARCH);
    }
    const char *at = strstr(ask->body, "\"url\":\"");
    for (; at; at = strstr(at, "\"url\":\"")) {
        at += strlen("\"url\":\"");
        text url = text_make(at, strcspn(at, "\""));
        struct ask one = {.path = arena_copy(&w->a, url).p};
        may = may && role_may_ask(w, &one);
    }
    return may;
}

const char *ask_reading(struct world *w, struct side *a, struct side *b, uint64_t seed,
                        const char **ret_words)
{
    const char *why, *ignored;
    int status_a, status_b;
    prng_seed(&w->p, seed);
    if (any(w, w->caller.actor.kind == ACTOR_SYSTEM ? 6 : 60) == 0) {
        return ask_export(w, a, b, ret_words);
    }
    if (any(w, 12) == 0) {
        return ask_events(w, a, b, ret_words);
    }
    const struct reading *r = &readings[any(w, sizeof readings / sizeof *readings)];
    bool lenient = strstr(r->path, "nothing=such");
    struct ask ask = {.method = r->method,
                      .ordered = r->ordered,
                      .field = lenient ? "Prefer" : NULL,
                      .value = lenient ? "handling=lenient" : NULL};
    ask.path = fill(w, r->path, "", any(w, 2), 0);
    ask.body = r->body ? fill(w, r->body, "", 0, 0) : NULL;
    for (char *p = (char *)(uintptr_t)ask.path; *p; p++) {
        *p = *p == ' ' ? '+' : *p;
    }
    struct ask for_b = ask;
    if (any(w, 14) == 0) {
        ask = for_b = (struct ask){.method = HTTP_GET};
        vread(w, &ask, &for_b);
    }
    *ret_words = arena_printf(&w->a, "%s %s %s", ask.method == HTTP_GET ? "GET" : "POST or HEAD",
                              ask.path, ask.body ? ask.body : "")
                     .p;
    text of_a = answer_text(w, a, &ask, true, &ask, &status_a, &why);
    text of_b = answer_text(w, b, &for_b, false, &ask, &status_b, &ignored);
    if (status_a == 403) {
        bool may = strncmp(ask.path, "?", 1) == 0 ? true
                   : ask.path[0]                  ? role_may_ask(w, &ask)
                                                  : may_bundle(w, &ask);
        return may ? arena_printf(&w->a, "refused: %.*s", TEXT_ARG(of_a)).p : NULL;
    }
    if (why) {
        return why;
    }
    if (!text_eq(without_number(w, of_a), without_number(w, of_b))) {
        return arena_printf(&w->a, "A: %.*s\nB: %.*s", TEXT_ARG(of_a), TEXT_ARG(of_b)).p;
    }
    return NULL;
}
