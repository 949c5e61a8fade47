#include "leaks.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>

/* The world: who and what there is, by templates. */

#define KITH "https://kith.care/fhir/"
#define HL7 "http://terminology.hl7.org/CodeSystem/"

unsigned any(struct world *w, unsigned below)
{
    return (unsigned)prng_below(&w->p, below);
}

static const struct kind {
    const char *type;
    unsigned ids;
    unsigned weight;
    const char *body; /* behind id and meta */
} kinds[] = {
    {"Patient", PATIENTS, 6,
     "'identifier':[{'system':'urn:nhs','value':'<d:4>'}],'name':[{'family':'<@family>','given':["
     "'<@given>']}],'gender':'<male|female>','birthDate':'<1970-01-02|2012-03|2015|1950-05-05>'<|,"
     "'generalPractitioner':[{'reference':'<@carer>'}]><|,'managingOrganization':{'reference':"
     "'Organization/<#Organization>'}><|||,'active':false><|,'link':[{'other':{'reference':"
     "'Patient/<#Patient>'},'type':'seealso'}]>"},
    {"Practitioner", 3, 3, "'name':[{'family':'<@family>'}],'identifier':[{'value':'<d:3>'}]"},
    {"PractitionerRole", 3, 3,
     "'practitioner':{'reference':'Practitioner/<#Practitioner>'},'organization':{'reference':"
     "'Organization/<#Organization>'}"},
    {"Organization", 2, 2, "'name':'<@family>'"},
    {"Location", 2, 2, "'name':'<@family>','status':'active'"},
    {"RelatedPerson", 4, 4, "'active':true<S!:patient>,'name':[{'family':'<@family>'}]"},
    {"Encounter", 8, 8,
     "'status':'<finished|in-progress|planned|cancelled>','class':{'system':'urn:v','code':'<AMB|"
     "IMP>'}<S:subject>,'participant':[{'individual':{'reference':'<@carer1>'}}],'period':{"
     "'start':'2020-01-01','end':'<2020-01-02|2099-01-01>'}"},
    {"EpisodeOfCare", 4, 4,
     "'status':'<active|planned|finished>'<S!:patient>,'managingOrganization':{'reference':"
     "'Organization/<#Organization>'},'period':{'start':'2020-01-01'}"},
    {"CareTeam", 4, 5,
     "'status':'<active|inactive>'<S!:subject>,'participant':[{'member':{'reference':'<@carer>'}}"
     "]"},
    {"Observation", 24, 30,
     "'status':'<final|amended>','category':[{'coding':[{'system':'" HL7
     "observation-category','code':'<odd:laboratory|vital-signs>'}]}],'code':<@code><S:subject><|,"
     "'encounter':{'reference':'Encounter/<#Encounter>'}><|||,'performer':[{'reference':"
     "'<@performer>'}]>,'effectiveDateTime':'202<d:4>-0<1|2|3|4>-11'<|,'valueQuantity':{'value':"
     "<d:40>,'unit':'mg','system':'http://unitsofmeasure.org','code':'mg'}|,'valueString':'v<d:9>'>"
     "<|||,'hasMember':[{'reference':'Observation/<#Observation>'}]><||,'note':[{'text':'<@family>'"
     "}]>"},
    {"Condition", 12, 14,
     "'clinicalStatus':{'coding':[{'system':'" HL7
     "condition-clinical','code':'<odd:active|resolved>'}]},'code':<@code><S!:subject><|,"
     "'encounter':{'reference':'Encounter/<#Encounter>'}><||,'contained':[{'resourceType':"
     "'Practitioner','id':'c','name':[{'family':'<@family>'}]}],'asserter':{'reference':'#c'}>"},
    {"MedicationRequest", 8, 8,
     "'status':'<active|stopped>','intent':'order','medication<odd:Reference|CodeableConcept>':<"
     "odd:{'reference':'Medication/<#Medication>'}|<@code>><S!:subject>,'requester':{'reference':"
     "'<@carer1>'}"},
    {"Medication", 3, 3, "'code':<@code>"},
    {"AllergyIntolerance", 5, 5,
     "'clinicalStatus':{'coding':[{'system':'" HL7
     "allergyintolerance-clinical','code':'active'}]},'code':<@code><S!:patient>"},
    {"Procedure", 5, 5, "'status':'completed','code':<@code><S!:subject>"},
    {"DiagnosticReport", 5, 6,
     "'status':'final','code':<@code><S:subject>,'result':[{'reference':'Observation/"
     "<#Observation>'},{'reference':'Observation/<#Observation>'}]"},
    {"DocumentReference", 4, 4,
     "'status':'current','type':<@code><S:subject>,'content':[{'attachment':{'contentType':"
     "'text/plain','title':'<@family>'}}]"},
    {"Composition", 4, 5,
     "'status':'final','type':<@code><S:subject>,'date':'2020-01-01','author':[{'reference':"
     "'Practitioner/<#Practitioner>'}],'title':'<@family>','section':[{'title':'x','entry':[{"
     "'reference':'Observation/<#Observation>'},{'reference':'Condition/<#Condition>'}]}]"},
    {"Appointment", 6, 6,
     "'status':'<booked|cancelled>','start':'<2020-01-01T10:00:00Z|2026-11-22T10:00:00Z>','end':"
     "'2026-11-23T10:00:00Z','participant':[{'actor':{'reference':'Patient/<subject>'},'status':"
     "'accepted'},{'actor':{'reference':'<@carer1>'},'status':'accepted'}]"},
    {"Consent", 14, 16, "<@consent>"},
    {"Task", 5, 5,
     "'status':'requested','intent':'order'<S:for><|,'owner':{'reference':'<@carer1>'}>,'focus':{"
     "'reference':'<any>'}"},
    {"Communication", 5, 6,
     "'status':'completed'<S:subject>,'sender':{'reference':'<@performer>'},'recipient':[{"
     "'reference':'<@performer>'}],'payload':[{'contentString':'<@family>'}]"},
    {"Provenance", 5, 6,
     "'target':[{'reference':'<any>'}],'recorded':'2020-01-01T10:00:00Z','agent':[{'who':{"
     "'reference':'<@carer1>'}}]"},
    {"ServiceRequest", 5, 6,
     "'status':'<active|revoked>','intent':'order','code':<@code><S!:subject>,'requester':{"
     "'reference':'<@carer1>'},'performer':[{'reference':'<@carer>'}]"},
    {"Immunization", 3, 3,
     "'status':'completed','vaccineCode':<@code><S!:patient>,'occurrenceDateTime':'2020-01-0<1|2>"
     "'"},
    {"CarePlan", 3, 3,
     "'status':'active','intent':'plan'<S!:subject>,'goal':[{'reference':'Goal/<#Goal>'}]"},
    {"Goal", 3, 3, "'lifecycleStatus':'active','description':{'text':'<@family>'}<S!:subject>"},
    {"Group", 2, 2,
     "'type':'person','actual':true,'member':[{'entity':{'reference':'Patient/<#Patient>'}}]"},
    {"List", 3, 4,
     "'status':'current','mode':'working'<S:subject>,'entry':[{'item':{'reference':'<any>'}},{"
     "'item':{'reference':'<any>'}}]"},
    {"Coverage", 2, 2,
     "'status':'active'<S!:beneficiary>,'payor':[{'reference':'Organization/<#Organization>'}]"},
    {"Questionnaire", 1, 1, "'status':'active','title':'<@family>'"},
    {"QuestionnaireResponse", 3, 3, "'status':'completed'<S:subject>"},
    {"Basic", 2, 2, "'code':<@code><S:subject>"},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

#define ACTOR_OF(reference)                                \
    "'actor':[{'role':{'coding':[{'system':'" HL7          \
    "v3-ParticipationType','code':'IRCP'}]},'reference':{" \
    "'reference':'" reference "'}}]"
#define CONSENT_KIND(kind)                                                              \
    "'status':'<active|active|active|inactive>','scope':{'coding':[{'system':'" HL7     \
    "consentscope','code':'patient-privacy'}]},'category':[{'coding':[{'system':'" KITH \
    "CodeSystem/consent-kind','code':'" kind "'}]}]<S!:patient>,"                       \
    "'policyRule':{'coding':[{'system':'" HL7 "v3-ActCode','code':'<OPTIN|OPTOUT>'}]}," \
    "'dateTime':'<2020-01-01|2026-01-01>','performer':[{'reference':'<Patient/"         \
    "<subject>|<@carer1>>'}],"
#define PERIOD "<||,'period':{'start':'2020-01-01'<||,'end':'2021-01-01'|,'end':'2099-01-01'>}>"
#define LABEL_PARTY                 \
    "<|,'extension':[{'url':'" KITH \
    "StructureDefinition/label-party','valueReference':{'reference':'<@party>'}}]>"

static const struct {
    const char *name;
    const char *body;
} parts[] = {
    {"family", "<Ash|Birch|Cedar|Dill>"},
    {"given", "<Ana|Ben|Cat>"},
    {"carer1", "<Practitioner/<#Practitioner>|PractitionerRole/<#PractitionerRole>>"},
    {"carer", "<<@carer1>|<@carer1>|Organization/<#Organization>>"},
    {"performer", "<<@carer1>|Patient/<#Patient>|RelatedPerson/<#RelatedPerson>>"},
    {"party", "<<@carer>|CareTeam/<#CareTeam>|<@performer>>"},
    {"code",
     "{'coding':[{'system':'http://snomed.info/sct','code':'<271649006|38341003|13746004|15628003|"
     "86406008|38341003>','display':'D<d:3>'}],'text':'Blood <sugar|pressure>'}"},
    {"security", "<|||'security':[<@label><||,<@label>>],>"},
    {"label",
     "<{'system':'" HL7 "v3-ActCode','code':'<MH|SEX|HIV|SUD|VIO|NOPAT>'}|{'system':'" KITH
     "CodeSystem/label','code':'<sealed|sealed-and-locked|protects-from>'" LABEL_PARTY
     "}|{'system':'" KITH
     "CodeSystem/label','code':'<third-party|not-proxy|safeguarding|social-care>'}|{'system':'" KITH
     "CodeSystem/label','code':'held'<|,'extension':[{'url':'" KITH
     "StructureDefinition/label-until','valueDateTime':'<2001|2099>-01-01'}]>}|{'system':'" HL7
     "v3-Confidentiality','code':'<R|V|N>'}>"},
    {"consent",
     "<<@sharing>|<@sharing>|<@sharing>|<@grant>|<@grant>|<@override>|<@proxy>|<@proxy>>"},
    {"sharing",
     CONSENT_KIND("sharing") "'provision':{'type':'<deny|permit>'" PERIOD "<|," ACTOR_OF(
         "<@party>") "><||,'securityLabel':[{'system':'" HL7
                     "v3-ActCode','code':'<MH|SEX|HIV>'}]><|||,'purpose':[{'system':'" HL7
                     "v3-ActReason','code':'<TREAT|HRESCH|ETREAT>'}]><|||,'data':[{'meaning':'"
                     "instance','reference':{"
                     "'reference':'Observation/<#Observation>'}}]>}<||,'extension':[{'url':'" KITH
                     "StructureDefinition/consent-firm','valueBoolean':true}]>"},
    {"grant",
     CONSENT_KIND("grant") "'provision':{'type':'permit'" PERIOD "," ACTOR_OF("<@carer>") "}"},
    {"override", CONSENT_KIND("<override|claim>") "'provision':{'type':'permit'" PERIOD
                                                  "," ACTOR_OF("<@carer1>") "}"},
    {"proxy",
     CONSENT_KIND(
         "proxy") "'extension':[{'url':'" KITH "StructureDefinition/"
                  "proxy-basis','valueCode':'<parent|attorney|carer>'}],'provision':{'type':"
                  "'permit'" PERIOD "," ACTOR_OF("<RelatedPerson/<#RelatedPerson>|Patient/"
                                                 "<#Patient>>") ",'action':[{'coding':[{'system':"
                                                                "'" KITH "CodeSystem/"
                                                                "proxy-function','code':'<"
                                                                "view|view|view|book|"
                                                                "order|message>'}]}]}"},
};

static const struct kind *kind_of(text type)
{
    for (size_t i = 0; i < KINDS; i++) {
        if (text_eq(text_of(kinds[i].type), type)) {
            return &kinds[i];
        }
    }
    (void)fprintf(stderr, "no such type in the world: %.*s\n", TEXT_ARG(type));
    abort();
}

/* --- templates -----------------------------------------------------------------------------------
 */

struct filling {
    struct world *w;
    struct buf out;
    const char *type;
    unsigned n;
    unsigned tag;
};

static void expand(struct filling *f, text t);

/* The place of c outside of <>; t.n: none. */
static size_t find_outside(text t, char c)
{
    unsigned depth = 0;
    for (size_t i = 0; i < t.n; i++) {
        if (depth == 0 && t.p[i] == c) {
            return i;
        }
        depth += t.p[i] == '<';
        depth -= t.p[i] == '>';
    }
    return t.n;
}

static void one_of(struct filling *f, text t, bool odd)
{
    text options[24];
    unsigned count = 0;
    for (bool more = true; more && count < 24;) {
        size_t at = find_outside(t, '|');
        options[count++] = text_first(t, at);
        more = at < t.n;
        t = text_from(t, at + 1);
    }
    expand(f, options[odd ? f->n % count : any(f->w, count)]);
}

/* Whose a resource is goes by its id, so that it stays so in all versions. */
static void subject(struct filling *f, text member, bool always)
{
    unsigned k = (f->n * 7 + (unsigned)strlen(f->type)) % (PATIENTS + 2);
    if (always) {
        k %= PATIENTS;
    }
    if (k < PATIENTS) {
        buf_printf(&f->out, ",\"%.*s\":{\"reference\":\"Patient/Patient-%u\"}", TEXT_ARG(member),
                   k);
    } else if (k == PATIENTS && text_eq(member, T("subject")) &&
               text_eq(text_of(f->type), T("Observation"))) {
        buf_printf(&f->out, ",\"subject\":{\"reference\":\"Group/Group-0\"}");
    }
}

static void special(struct filling *f, text t)
{
    struct world *w = f->w;
    uint64_t below = 0;
    if (text_starts(t, T("#"))) {
        text type = text_from(t, 1);
        buf_printf(&f->out, "%.*s-%u", TEXT_ARG(type), any(w, kind_of(type)->ids));
    } else if (text_starts(t, T("@"))) {
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
            if (text_eq(text_of(parts[i].name), text_from(t, 1))) {
                expand(f, text_of(parts[i].body));
                return;
            }
        }
        abort();
    } else if (text_starts(t, T("d:")) && text_to_u64(text_from(t, 2), &below)) {
        buf_add_u64(&f->out, any(w, (unsigned)below));
    } else if (text_starts(t, T("S:"))) {
        subject(f, text_from(t, 2), false);
    } else if (text_starts(t, T("S!:"))) {
        subject(f, text_from(t, 3), true);
    } else if (text_eq(t, T("subject"))) {
        buf_printf(&f->out, "Patient-%u",
                   (f->n * 7 + (unsigned)strlen(f->type)) % (PATIENTS + 2) % PATIENTS);
    } else if (text_starts(t, T("odd:"))) {
        one_of(f, text_from(t, 4), true);
    } else if (text_eq(t, T("soon"))) {
        /* Mostly a day that a legal request may name: 366 ahead at most. */
        char at[CLOCK_INSTANT_SIZE];
        clock_instant(clock_real_ms() + (int64_t)(1 + any(w, 450)) * 24 * 3600 * 1000, at);
        buf_add(&f->out, text_make(at, 10));
    } else if (text_eq(t, T("tag"))) {
        buf_add_u64(&f->out, f->tag);
    } else if (text_eq(t, T("anytag"))) {
        buf_add_u64(&f->out, 1 + any(w, (unsigned)w->count + 3));
    } else if (text_eq(t, T("type"))) {
        buf_add(&f->out, text_of(kinds[any(w, KINDS)].type));
    } else if (text_eq(t, T("any"))) {
        const struct kind *k = &kinds[any(w, KINDS)];
        buf_printf(&f->out, "%s/%s-%u", k->type, k->type, any(w, k->ids));
    } else {
        one_of(f, t, false);
    }
}

static void expand(struct filling *f, text t)
{
    while (t.n) {
        size_t open = text_find(t, '<');
        for (size_t i = 0; i < open; i++) {
            buf_addc(&f->out, t.p[i] == '\'' ? '"' : t.p[i]);
        }
        if (open == t.n) {
            return;
        }
        t = text_from(t, open + 1);
        size_t close = find_outside(t, '>');
        special(f, text_first(t, close));
        t = text_from(t, close + 1);
    }
}

const char *fill(struct world *w, const char *template, const char *type, unsigned n, unsigned tag)
{
    struct filling f = {.w = w, .type = type, .n = n, .tag = tag};
    buf_init(&f.out, 1 << 16);
    expand(&f, text_of(template));
    const char *made = arena_copy(&w->a, buf_text(&f.out)).p;
    buf_done(&f.out);
    return made;
}

/* --- the world
 * ------------------------------------------------------------------------------------ */

static const char *resource(struct world *w, const struct kind *k, const char *id, unsigned n,
                            unsigned tag)
{
    text parts_of[] = {T("{'resourceType':'"),
                       text_of(k->type),
                       T("',"),
                       text_of(id),
                       T("'meta':{<@security>'tag':[{'system':'urn:v','code':'<tag>'},{'system':'"
                         "urn:c','code':'<x|"
                         "y>'}]},"),
                       text_of(k->body),
                       T("}")};
    text template = arena_join(&w->a, parts_of, sizeof parts_of / sizeof *parts_of);
    return fill(w, arena_copy(&w->a, template).p, k->type, n, tag);
}

const char *world_body(struct world *w, const char *type, unsigned tag)
{
    const struct kind *k = kind_of(text_of(type));
    return resource(w, k, "", any(w, k->ids), tag);
}

static bool is_live(const struct world *w, const char *id)
{
    for (size_t i = w->count; i-- > 0;) {
        if (strcmp(w->ops[i].id, id) == 0) {
            return w->ops[i].json != NULL;
        }
    }
    return false;
}

static void add(struct world *w, const struct kind *k, unsigned n)
{
    struct op *op = &w->ops[w->count];
    const char *id = arena_printf(&w->a, "%s-%u", k->type, n).p;
    bool stays =
        w->limited && (strcmp(k->type, "Observation") == 0 || strcmp(k->type, "Condition") == 0);
    bool deletes = is_live(w, id) && any(w, 12) == 0 && !stays;
    const char *id_member = arena_printf(&w->a, "'id':'%s',", id).p;
    unsigned tag = (unsigned)w->count + 1;
    *op = (struct op){.type = k->type,
                      .id = id,
                      .n = n,
                      .tag = tag,
                      .json = deletes ? NULL : resource(w, k, id_member, n, tag)};
    w->count++;
}

void world_make(struct world *w, uint64_t seed)
{
    unsigned writes = 60;
    unsigned all = 0;
    w->seed = seed;
    prng_seed(&w->p, seed);
    arena_init(&w->a, ARENA);
    writes += any(w, 120);
    w->ops = arena_zalloc(&w->a, writes + 20, sizeof *w->ops);
    actor_make(w);
    w->tells = any(w, 2);
    for (size_t i = 0; i < KINDS; i++) {
        all += kinds[i].weight;
    }
    for (unsigned i = 0; i + 1 < PATIENTS; i++) {
        add(w, &kinds[0], i);
    }
    for (unsigned i = 0; i < 3; i++) {
        add(w, &kinds[1], i);
        add(w, &kinds[2], i);
    }
    for (unsigned i = 0; i < writes; i++) {
        unsigned at = any(w, all);
        const struct kind *k = kinds;
        while (at >= k->weight) {
            at -= k->weight;
            k++;
        }
        add(w, k, any(w, k->ids));
    }
}
