#include "synth/events.h"

#include "synth/conditions.h"

#define TXT(literal) {literal, sizeof(literal) - 1}

static const struct visit_row {
    text class_code;
    text class_display;
    struct concept type;
    int minutes;
} kinds[] = {
    [VISIT_SURGERY] = {TXT("AMB"), TXT("ambulatory"), SNOMED("185345009", "Encounter for symptom"),
                       12},
    [VISIT_TELEPHONE] = {TXT("VR"), TXT("virtual"), SNOMED("185317003", "Telephone encounter"), 9},
    [VISIT_NURSE] = {TXT("AMB"), TXT("ambulatory"), SNOMED("185349003", "Encounter for check up"),
                     20},
    [VISIT_HOME] = {TXT("HH"), TXT("home health"), SNOMED("439708006", "Home visit"), 30},
    [VISIT_OUTPATIENT] = {TXT("AMB"), TXT("ambulatory"),
                          SNOMED("698314001", "Consultation for treatment"), 20},
    [VISIT_EMERGENCY] = {TXT("EMER"), TXT("emergency"),
                         SNOMED("4525004", "Emergency department patient visit"), 215},
    [VISIT_ADMISSION] = {TXT("IMP"), TXT("inpatient encounter"),
                         SNOMED("183452005", "Emergency hospital admission"), 0},
    [VISIT_PLANNED_ADMISSION] = {TXT("IMP"), TXT("inpatient encounter"),
                                 SNOMED("8715000", "Hospital admission, elective"), 0},
    [VISIT_COMMUNITY_NURSE] = {TXT("HH"), TXT("home health"), SNOMED("439708006", "Home visit"),
                               35},
    [VISIT_MENTAL_HEALTH] = {TXT("AMB"), TXT("ambulatory"), SNOMED("11429006", "Consultation"), 45},
    [VISIT_SOCIAL_CARE] = {TXT("HH"), TXT("home health"), SNOMED("439708006", "Home visit"), 75},
};

static void staff_visit(struct gen *g, struct visit *v)
{
    const struct person *p = g->p;
    v->org = (uint32_t)(ORG_PRACTICE + p->practice);
    switch (v->kind) {
    case VISIT_NURSE:
        v->staff = p->practice * STAFF_PER_PRACTICE + GPS_PER_PRACTICE + (int)between(g, 0, 1);
        break;
    case VISIT_OUTPATIENT:
    case VISIT_EMERGENCY:
    case VISIT_ADMISSION:
    case VISIT_PLANNED_ADMISSION:
        v->org = v->specialty == SPEC_PSYCHIATRY ? ORG_COMMUNITY : ORG_TRUST;
        v->staff = STAFF_CONSULTANT + 2 * v->specialty + (int)between(g, 0, 1);
        break;
    case VISIT_COMMUNITY_NURSE:
        v->org = ORG_COMMUNITY;
        v->staff = STAFF_DISTRICT_NURSE + (int)between(g, 0, 7);
        break;
    case VISIT_MENTAL_HEALTH:
        v->org = ORG_COMMUNITY;
        v->staff = STAFF_MENTAL_NURSE + (int)between(g, 0, 3);
        break;
    case VISIT_SOCIAL_CARE:
        v->org = ORG_COUNCIL;
        v->staff = STAFF_SOCIAL_WORKER + (int)(p->index % 8);
        break;
    default: /* mostly one's own doctor */
        v->staff = chance(g, 650) ? p->gp
                                  : p->practice * STAFF_PER_PRACTICE +
                                        (int)between(g, 0, GPS_PER_PRACTICE - 1);
        break;
    }
}

static void put_hospitalization(struct gen *g, const struct visit *v)
{
    bool emergency = v->kind == VISIT_ADMISSION;
    bool died = g->p->dead && v->last == g->p->end;
    put(g, ",'hospitalization':{'extension':[{'url':'https://fhir.hl7.org.uk/StructureDefinition/"
           "Extension-UKCore-AdmissionMethod','valueCodeableConcept':{'coding':[{'system':"
           "'https://fhir.hl7.org.uk/CodeSystem/UKCore-AdmissionMethodEngland','code':'");
    put_literal(&g->out, emergency
                             ? T("21','display':'Emergency Admission: Emergency Care Department or "
                                 "dental casualty department of the Health Care Provider")
                             : T("11','display':'Elective Admission: Waiting list"));
    put(g, "'}]}}],'admitSource':{'coding':[{'system':"
           "'https://fhir.hl7.org.uk/CodeSystem/UKCore-SourceOfAdmissionEngland','code':'");
    buf_add(&g->out, g->p->home->kind == HOME_CARE ? T("85") : T("19"));
    put(g, "'}]},'dischargeDisposition':{'coding':[{'system':"
           "'https://fhir.hl7.org.uk/CodeSystem/UKCore-DischargeDestinationEngland','code':'");
    buf_add(&g->out, died ? T("79") : g->p->home->kind == HOME_CARE ? T("85") : T("19"));
    put(g, "'}]}}");
}

static void put_place(struct gen *g, const struct visit *v)
{
    uint32_t place = LOCATION_OF_ORG + v->org;
    text name = org_name(v->org);
    if (v->kind == VISIT_HOME || v->kind == VISIT_COMMUNITY_NURSE || v->kind == VISIT_SOCIAL_CARE) {
        return;
    }
    if (v->org == ORG_TRUST) {
        place = (uint32_t)((v->kind == VISIT_OUTPATIENT ? LOCATION_CLINIC : LOCATION_WARD) +
                           v->specialty);
        name = specialties[v->specialty].display;
    }
    put(g, ",'location':[{'location':");
    put_shared(g, SYNTH_Location, place, name);
    put(g, "}]");
}

static void write_encounter(struct gen *g, struct visit *v, const struct concept *reason)
{
    const struct visit_row *row = &kinds[v->kind];
    v->serial = res_begin(g, SYNTH_Encounter, T("Encounter"));
    put(g, ",'status':'finished','class':{'system':"
           "'http://terminology.hl7.org/CodeSystem/v3-ActCode','code':'");
    buf_add(&g->out, row->class_code);
    put(g, "','display':'");
    buf_add(&g->out, row->class_display);
    put(g, "'},'type':[");
    put_concept(g, &row->type);
    put(g, "]");
    put_subject(g);
    put(g, ",'participant':[{'individual':");
    put_staff(g, v->staff);
    put(g, "}],'period':{'start':'");
    put_time(g, v->day, v->minute);
    put(g, "','end':'");
    if (v->last > v->day) {
        put_time(g, v->last, 11 * 60 + v->minute % 300);
    } else {
        put_time(g, v->day, v->minute + (row->minutes ? row->minutes : 240));
    }
    put(g, "'}");
    if (reason) {
        put(g, ",'reasonCode':[");
        put_concept(g, reason);
        put(g, "]");
    }
    if (v->kind == VISIT_ADMISSION || v->kind == VISIT_PLANNED_ADMISSION) {
        put_hospitalization(g, v);
    }
    put_place(g, v);
    put(g, ",'serviceProvider':");
    put_org(g, v->org);
    res_end(g);
}

struct visit visit_write(struct gen *g, enum visit_kind kind, int64_t day, int specialty,
                         int nights, const struct concept *reason)
{
    struct visit v = {.kind = kind, .day = day, .specialty = specialty};
    int64_t weekday = (day + 3) % 7; /* 0: Monday; only hospitals work at weekends */
    bool hospital = kind == VISIT_EMERGENCY || kind == VISIT_ADMISSION;
    if (!hospital && weekday > 4 && v.day - 2 >= g->p->start) {
        v.day -= weekday - 4;
    }
    v.minute = hospital ? (int)between(g, 30, 1150) : 8 * 60 + 10 + (int)between(g, 0, 100) * 5;
    v.last = v.day + nights > g->p->end ? g->p->end : v.day + nights;
    staff_visit(g, &v);
    write_encounter(g, &v, reason);
    return v;
}

void procedure_write(struct gen *g, const struct visit *v, const struct concept *what,
                     uint32_t condition)
{
    res_begin(g, SYNTH_Procedure, T("Procedure"));
    put(g, ",'status':'completed','code':");
    put_concept(g, what);
    put_subject(g);
    put_encounter(g, v->serial);
    put(g, ",'performedDateTime':'");
    put_time(g, v->last > v->day ? v->day + 1 : v->day, v->minute);
    put(g, "','performer':[{'actor':");
    put_staff(g, v->staff);
    put(g, "}]");
    if (condition) {
        put(g, ",'reasonReference':[");
        put_own(g, SYNTH_Condition, condition);
        put(g, "]");
    }
    res_end(g);
}

uint32_t referral_write(struct gen *g, const struct visit *v, int specialty, uint32_t condition,
                        const struct concept *reason, bool urgent)
{
    static const struct concept category = SNOMED("3457005", "Patient referral");
    uint32_t serial = res_begin(g, SYNTH_ServiceRequest, T("ServiceRequest"));
    bool done = v->day + 120 < g->p->end;
    put(g, ",'status':'");
    buf_add(&g->out, done ? T("completed") : g->p->dead ? T("revoked") : T("active"));
    put(g, "','intent':'order','category':[");
    put_concept(g, &category);
    put(g, "],'priority':'");
    buf_add(&g->out, urgent ? T("urgent") : T("routine"));
    put(g, "','code':");
    put_concept(g, &specialties[specialty]);
    put_subject(g);
    put_encounter(g, v->serial);
    put(g, ",'authoredOn':'");
    put_time(g, v->day, v->minute);
    put(g, "','requester':");
    put_staff(g, v->staff);
    put(g, ",'performer':[");
    put_org(g, specialty == SPEC_PSYCHIATRY ? ORG_COMMUNITY : ORG_TRUST);
    put(g, ",");
    put_shared(g, SYNTH_HealthcareService, (uint32_t)(SERVICE_SPECIALTY + specialty),
               specialties[specialty].display);
    put(g, "]");
    if (condition) {
        put(g, ",'reasonReference':[");
        put_own(g, SYNTH_Condition, condition);
        put(g, "]");
    } else if (reason) {
        put(g, ",'reasonCode':[");
        put_concept(g, reason);
        put(g, "]");
    }
    res_end(g);
    return serial;
}

void appointment_write(struct gen *g, int64_t day, int minute, int specialty, uint32_t referral,
                       const char *status)
{
    const struct person *p = g->p;
    res_begin(g, SYNTH_Appointment, T("Appointment"));
    put(g, ",'status':'");
    buf_add(&g->out, text_of(status));
    put(g, "','specialty':[");
    put_specialty(g, specialty);
    put(g, "],'start':'");
    put_time(g, day, minute);
    put(g, "','end':'");
    put_time(g, day, minute + 20);
    put(g, "','minutesDuration':20,'created':'");
    int64_t created = day - 21 - (int64_t)(p->index % 14);
    created = created > p->end ? p->end : created < p->birth ? p->birth : created;
    put_date(g, created);
    put(g, "'");
    if (referral) {
        put(g, ",'basedOn':[");
        put_own(g, SYNTH_ServiceRequest, referral);
        put(g, "]");
    }
    bool missed = text_eq(text_of(status), T("noshow"));
    put(g, ",'participant':[{'actor':{'reference':'Patient/");
    buf_add(&g->out, text_of(g->subject));
    put_literal(&g->out, missed ? T("'},'status':'declined'},{'actor':")
                                : T("'},'status':'accepted'},{'actor':"));
    if (specialty < 0) {
        put_staff(g, p->gp);
    } else {
        put_shared(g, SYNTH_Location, (uint32_t)(LOCATION_CLINIC + specialty),
                   specialties[specialty].display);
    }
    put(g, ",'status':'accepted'}]");
    res_end(g);
}
