#include "synth/places.h"

#include <stdio.h>

static const struct concept kind_provider = {
    {"http://terminology.hl7.org/CodeSystem/organization-type", 55},
    {"prov", 4},
    {"Healthcare Provider", 19}};
static const struct concept kind_council = {
    {"http://terminology.hl7.org/CodeSystem/organization-type", 55},
    {"govt", 4},
    {"Government", 10}};

static void put_ods(struct gen *g, uint32_t org)
{
    char code[8];
    (void)snprintf(code, sizeof code, "Y90%03u", (unsigned)org % 1000);
    put_string(g, text_of(code));
}

static void put_phone(struct gen *g, uint32_t org)
{
    char phone[32];
    (void)snprintf(phone, sizeof phone, "01632 960%03u", 900U + (unsigned)org % 100);
    put(g, ",'telecom':[{'system':'phone','value':");
    put_string(g, text_of(phone));
    put(g, ",'use':'work'},{'system':'email','value':'office.");
    put_number(g, org);
    put(g, "@example.org','use':'work'}]");
}

static int area_of(uint32_t org)
{
    if (org >= ORG_CARE_HOME) {
        return care_home_area((int)(org - ORG_CARE_HOME));
    }
    return org < ORG_PRACTICE ? 2 : (int)(org % 10) % AREA_COUNT;
}

static void put_address(struct gen *g, uint32_t org)
{
    const struct area *a = &areas[area_of(org)];
    char line[64];
    if (org >= ORG_CARE_HOME) {
        (void)snprintf(line, sizeof line, "%.*s",
                       TEXT_ARG(care_home_street((int)org - ORG_CARE_HOME)));
    } else {
        (void)snprintf(line, sizeof line, "%u Market Street", 1 + (unsigned)org * 3);
    }
    put(g, "{'use':'work','line':[");
    put_string(g, text_of(line));
    put(g, ",");
    put_string(g, text_of(a->name));
    put(g, "],'city':'Aldermarsh','district':'Wexshire','postalCode':'WX");
    put_number(g, (uint64_t)a->district);
    put(g, " ");
    put_number(g, (uint64_t)a->sector);
    put(g, "AA','country':'GBR'}");
}

static void organization(struct gen *g, uint32_t org)
{
    g->serial = org;
    res_begin(g, SYNTH_Organization, T("Organization"));
    put(g, ",'identifier':[{'system':'https://fhir.nhs.uk/Id/ods-organization-code','value':");
    put_ods(g, org);
    put(g, "}],'active':true,'type':[");
    put_concept(g, org == ORG_COUNCIL ? &kind_council : &kind_provider);
    put(g, "],'name':");
    put_string(g, org_name(org));
    put_phone(g, org);
    put(g, ",'address':[");
    put_address(g, org);
    put(g, "]");
    res_end(g);
    g->serial = LOCATION_OF_ORG + org;
    res_begin(g, SYNTH_Location, T("Location"));
    put(g, ",'status':'active','name':");
    put_string(g, org_name(org));
    put(g, ",'mode':'instance'");
    put_phone(g, org);
    put(g, ",'address':");
    put_address(g, org);
    put(g, ",'managingOrganization':");
    put_org(g, org);
    res_end(g);
}

static void place(struct gen *g, uint32_t serial, const char *what, int specialty)
{
    uint32_t org = specialty == SPEC_PSYCHIATRY ? ORG_COMMUNITY : ORG_TRUST;
    g->serial = serial;
    res_begin(g, SYNTH_Location, T("Location"));
    put(g, ",'status':'active','name':'");
    put_inside(g, specialties[specialty].display);
    put(g, " ");
    put_inside(g, text_of(what));
    put(g, "','mode':'instance','managingOrganization':");
    put_org(g, org);
    put(g, ",'partOf':");
    put_shared(g, SYNTH_Location, LOCATION_OF_ORG + org, org_name(org));
    res_end(g);
}

/* specialty: -1: none. */
static void service(struct gen *g, uint32_t serial, uint32_t org, text name, int specialty)
{
    g->serial = serial;
    res_begin(g, SYNTH_HealthcareService, T("HealthcareService"));
    put(g, ",'active':true,'providedBy':");
    put_org(g, org);
    if (specialty >= 0) {
        put(g, ",'specialty':[");
        put_specialty(g, specialty);
        put(g, "]");
    }
    put(g, ",'location':[");
    put_shared(g, SYNTH_Location, LOCATION_OF_ORG + org, org_name(org));
    put(g, "],'name':");
    put_string(g, name);
    put(g, ",'appointmentRequired':true,'availableTime':[{'daysOfWeek':['mon','tue','wed','thu',"
           "'fri'],'availableStartTime':'08:30:00','availableEndTime':'17:30:00'}]");
    res_end(g);
}

static void specialty_places(struct gen *g, int i)
{
    char name[80];
    (void)snprintf(name, sizeof name, "%.*s%s", TEXT_ARG(specialties[i].display),
                   i == SPEC_EMERGENCY ? "" : " outpatients");
    place(g, (uint32_t)(LOCATION_WARD + i), "ward", i);
    place(g, (uint32_t)(LOCATION_CLINIC + i), "clinic", i);
    service(g, (uint32_t)(SERVICE_SPECIALTY + i), i == SPEC_PSYCHIATRY ? ORG_COMMUNITY : ORG_TRUST,
            text_of(name), i);
}

static void put_staff_id(struct gen *g, int i)
{
    char number[16];
    (void)snprintf(number, sizeof number, "9990000%05d", i);
    put(g, ",'identifier':[{'system':'https://fhir.nhs.uk/Id/sds-user-id','value':");
    put_string(g, text_of(number));
    put(g, "}],'active':true");
}

static void staff(struct gen *g, int i)
{
    const struct staff *s = &g->l->staff[i];
    g->serial = (uint32_t)(PRACTITIONER + i);
    res_begin(g, SYNTH_Practitioner, T("Practitioner"));
    put_staff_id(g, i);
    put(g, ",'name':[{'use':'official','text':");
    put_string(g, text_of(s->name));
    put(g, ",'family':");
    put_string(g, text_of(s->family));
    put(g, ",'given':[");
    put_string(g, text_of(s->given));
    put(g, "],'prefix':[");
    put_string(g, text_of(s->title));
    put(g, "]}],'gender':'");
    buf_add(&g->out, s->female ? T("female") : T("male"));
    put(g, "'");
    res_end(g);
    g->serial = (uint32_t)(PRACTITIONER_ROLE + i);
    res_begin(g, SYNTH_PractitionerRole, T("PractitionerRole"));
    put(g, ",'active':true,'practitioner':");
    put_staff(g, i);
    put(g, ",'organization':");
    put_org(g, s->org);
    put(g, ",'code':[{'coding':[{'system':'https://fhir.hl7.org.uk/CodeSystem/"
           "UKCore-SDSJobRoleName','code':'");
    buf_add(&g->out, text_of(s->job));
    put(g, "','display':");
    put_string(g, text_of(s->job_name));
    put(g, "}]}]");
    if (s->specialty >= 0) {
        put(g, ",'specialty':[");
        put_specialty(g, s->specialty);
        put(g, "],'healthcareService':[");
        put_shared(g, SYNTH_HealthcareService, (uint32_t)(SERVICE_SPECIALTY + s->specialty),
                   specialties[s->specialty].display);
        put(g, "]");
    }
    put(g, ",'location':[");
    put_shared(g, SYNTH_Location, LOCATION_OF_ORG + s->org, org_name(s->org));
    put(g, "]");
    res_end(g);
}

static void questionnaire(struct gen *g)
{
    g->serial = QUESTIONNAIRE_CARE;
    res_begin(g, SYNTH_Questionnaire, T("Questionnaire"));
    put(g, ",'url':'" CARE_QUESTIONNAIRE_URL "','version':'1.0.0','name':'CareNeedsAssessment',"
           "'title':'Adult care and support: needs assessment','status':'active',"
           "'subjectType':['Patient'],'publisher':");
    put_string(g, org_name(ORG_COUNCIL));
    put(g, ",'item':[");
    for (int i = 0; i < CARE_DOMAINS; i++) {
        put(g, "{'linkId':'need-");
        put_number(g, (uint64_t)i + 1);
        put(g, "','text':");
        put_string(g, text_of(care_domains[i]));
        put(g, ",'type':'choice','required':true,'answerOption':["
               "{'valueString':'Can achieve without help'},"
               "{'valueString':'Can achieve with difficulty or prompting'},"
               "{'valueString':'Needs the help of one person'},"
               "{'valueString':'Needs the help of two people'}]},");
    }
    put(g, "{'linkId':'wellbeing','text':'Is there a significant impact on wellbeing?',"
           "'type':'boolean'},{'linkId':'eligible','text':'Eligible needs',"
           "'type':'boolean'},{'linkId':'hours','text':'Hours of support a week',"
           "'type':'decimal'},{'linkId':'wishes','text':'What matters to me','type':'text'}]");
    res_end(g);
}

void locality_write(struct gen *g)
{
    bundle_begin(g, locality_base(g->seed));
    for (uint32_t i = ORG_TRUST; i <= ORG_COUNCIL; i++) {
        organization(g, i);
    }
    for (uint32_t i = 0; i < PRACTICE_COUNT; i++) {
        organization(g, ORG_PRACTICE + i);
    }
    for (uint32_t i = 0; i < PHARMACY_COUNT; i++) {
        organization(g, ORG_PHARMACY + i);
    }
    for (uint32_t i = 0; i < CARE_HOME_COUNT; i++) {
        organization(g, ORG_CARE_HOME + i);
    }
    for (int i = 0; i < SPECIALTY_COUNT; i++) {
        specialty_places(g, i);
    }
    service(g, SERVICE_ADULT_CARE, ORG_COUNCIL, T("Adult social care front door"), -1);
    service(g, SERVICE_DISTRICT_NURSES, ORG_COMMUNITY, T("District nursing"), -1);
    for (int i = 0; i < STAFF_COUNT; i++) {
        staff(g, i);
    }
    questionnaire(g);
    bundle_end(g);
}
