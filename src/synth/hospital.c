#include "synth/conditions.h"
#include "synth/documents.h"
#include "synth/events.h"
#include "synth/medicines.h"
#include "synth/observations.h"

/* Why people come to hospital unplanned. */
static const struct urgent {
    struct concept why;
    int from_age;
    int to_age;
    int specialty;
    int nights;    /* of those who stay */
    int condition; /* only with this one; -1: anybody */
    int days;      /* until it is over */
} urgents[] = {
    {SNOMED("233604007", "Pneumonia"), 45, 130, SPEC_RESPIRATORY, 6, -1, 40},
    {SNOMED("68566005", "Urinary tract infectious disease"), 65, 130, SPEC_GERIATRICS, 5, -1, 14},
    {SNOMED("195951007", "Acute exacerbation of chronic obstructive airways disease"), 40, 130,
     SPEC_RESPIRATORY, 5, COND_COPD, 21},
    {SNOMED("281239006", "Exacerbation of asthma"), 3, 60, SPEC_RESPIRATORY, 2, COND_ASTHMA, 14},
    {SNOMED("84114007", "Heart failure"), 50, 130, SPEC_CARDIOLOGY, 8, COND_HEART_FAILURE, 60},
    {SNOMED("5913000", "Fracture of neck of femur"), 72, 130, SPEC_ORTHOPAEDICS, 14, -1, 120},
    {SNOMED("29857009", "Chest pain"), 30, 130, SPEC_CARDIOLOGY, 1, -1, 7},
    {SNOMED("21522001", "Abdominal pain"), 8, 90, SPEC_SURGERY, 2, -1, 7},
    {SNOMED("128045006", "Cellulitis"), 30, 130, SPEC_MEDICINE, 4, -1, 21},
    {SNOMED("74400008", "Appendicitis"), 7, 45, SPEC_SURGERY, 2, -1, 21},
    {SNOMED("1912002", "Fall"), 70, 130, SPEC_GERIATRICS, 4, -1, 14},
    {SNOMED("82271004", "Injury of head"), 2, 130, SPEC_EMERGENCY, 1, -1, 14},
    {SNOMED("44465007", "Sprain of ankle"), 8, 60, SPEC_EMERGENCY, 0, -1, 28},
    {SNOMED("65966004", "Fracture of forearm"), 5, 80, SPEC_ORTHOPAEDICS, 1, -1, 60},
    {SNOMED("5505005", "Acute bronchiolitis"), 0, 2, SPEC_PAEDIATRICS, 2, -1, 14},
    {SNOMED("386661006", "Fever"), 0, 8, SPEC_PAEDIATRICS, 1, -1, 5},
    {SNOMED("25374005", "Gastroenteritis"), 0, 130, SPEC_MEDICINE, 1, -1, 7},
};
#define URGENTS (sizeof urgents / sizeof *urgents)

static const struct urgent *pick_urgent(struct gen *g, int64_t day)
{
    const struct person *p = g->p;
    int age = age_on(p, day);
    const struct urgent *found = &urgents[URGENTS - 1];
    uint64_t seen = 0;
    for (size_t i = 0; i < URGENTS; i++) {
        const struct urgent *u = &urgents[i];
        if (age < u->from_age || age > u->to_age ||
            (u->condition >= 0 && !has(p, u->condition, day))) {
            continue;
        }
        seen += u->condition >= 0 ? 3 : 1; /* what one has brings one in */
        if (prng_below(&g->r, seen) < (u->condition >= 0 ? 3 : 1)) {
            found = u;
        }
    }
    return found;
}

static const struct concept chest_x_ray = SNOMED("399208008", "Plain chest X-ray");
static const struct concept ecg = SNOMED("29303009", "Electrocardiographic procedure");
static const struct concept appendicectomy = SNOMED("80146002", "Appendectomy");

static void emergency(struct gen *g, int64_t day)
{
    const struct urgent *u = pick_urgent(g, day);
    struct visit v = visit_write(g, VISIT_EMERGENCY, day, SPEC_EMERGENCY, 0, &u->why);
    uint32_t condition = illness_write(g, &u->why, v.day, u->days, v.serial, v.staff);
    observe_ward(g, &v, u->nights > 1);
    observe(g, &v, M_NEWS2, between(g, 0, 3) + (u->nights > 3 ? 2 : 0));
    if (u->specialty == SPEC_CARDIOLOGY) {
        procedure_write(g, &v, &ecg, condition);
    }
    if (chance(g, 350)) {
        clinic_letter(g, &v, &u->why);
    }
}

static void admission(struct gen *g, int64_t day)
{
    const struct urgent *u = pick_urgent(g, day);
    int nights = 1 + (int)between(g, 0, 2 * u->nights) + g->p->frailty;
    struct visit v = visit_write(g, VISIT_ADMISSION, day, u->specialty, nights, &u->why);
    uint32_t condition = illness_write(g, &u->why, v.day, u->days, v.serial, v.staff);
    struct visit round = v;
    for (int i = 0; i <= nights && i < 8 && v.day + i <= v.last; i++) {
        round.day = v.day + i;
        observe_ward(g, &round, i < 2 ? 3 - i : 0);
        observe(g, &round, M_NEWS2, i < 2 ? 6 - i * 2 + between(g, 0, 1) : between(g, 0, 2));
    }
    panel_write(g, &v, PANEL_BLOOD_COUNT);
    panel_write(g, &v, PANEL_RENAL);
    panel_write(g, &v, PANEL_INFLAMMATION);
    const struct concept *done = u->specialty == SPEC_RESPIRATORY      ? &chest_x_ray
                                 : u->specialty == SPEC_CARDIOLOGY     ? &ecg
                                 : text_eq(u->why.code, T("74400008")) ? &appendicectomy
                                                                       : NULL;
    if (done) {
        procedure_write(g, &v, done, condition);
    }
    discharge_letter(g, &v, &u->why, done);
}

/* Referral, appointment, clinic and letter; now and then the person does not come. */
static void outpatient(struct gen *g, int64_t day, int specialty, const struct concept *why,
                       uint32_t condition)
{
    const struct person *p = g->p;
    uint32_t referral = 0;
    if (day - 70 >= p->start && chance(g, 550)) {
        struct visit v = visit_write(g, VISIT_SURGERY, day - 60, -1, 0, why);
        referral = referral_write(g, &v, specialty, condition, why, chance(g, 120));
    }
    bool missed = chance(g, 70);
    int64_t weekday = (day + 3) % 7;
    int64_t held = weekday > 4 && day - 2 >= p->start ? day - (weekday - 4) : day;
    int minute = 9 * 60 + (int)between(g, 0, 40) * 10;
    appointment_write(g, held, minute, specialty, referral, missed ? "noshow" : "fulfilled");
    if (missed) {
        return;
    }
    struct visit v = visit_write(g, VISIT_OUTPATIENT, held, specialty, 0, why);
    if (specialty == SPEC_CARDIOLOGY) {
        procedure_write(g, &v, &ecg, condition);
        observe_pressure(g, &v);
    } else if (specialty == SPEC_RESPIRATORY) {
        observe_lungs(g, &v, true);
    } else if (specialty == SPEC_RENAL || specialty == SPEC_DIABETES) {
        panel_write(g, &v, PANEL_RENAL);
        observe_pressure(g, &v);
    }
    clinic_letter(g, &v, why);
}

static const struct planned {
    struct concept what;
    int condition;
    int specialty;
    int nights;
    uint32_t permille; /* a year with the condition */
} operations[] = {
    {SNOMED("54885007", "Extraction of cataract"), COND_CATARACT, SPEC_OPHTHALMOLOGY, 0, 110},
    {SNOMED("52734007", "Total replacement of hip"), COND_OSTEOARTHRITIS, SPEC_ORTHOPAEDICS, 3, 9},
    {SNOMED("609588000", "Total replacement of knee joint"), COND_OSTEOARTHRITIS, SPEC_ORTHOPAEDICS,
     3, 10},
    {SNOMED("73761001", "Colonoscopy"), COND_COLITIS, SPEC_GASTRO, 0, 160},
    {SNOMED("73761001", "Colonoscopy"), COND_COLON_CANCER, SPEC_GASTRO, 0, 300},
    {SNOMED("415070008", "Percutaneous coronary intervention"), COND_INFARCTION, SPEC_CARDIOLOGY, 1,
     60},
    {SNOMED("392021009", "Lumpectomy of breast"), COND_BREAST_CANCER, SPEC_SURGERY, 1, 60},
    {SNOMED("367336001", "Chemotherapy"), COND_LUNG_CANCER, SPEC_ONCOLOGY, 0, 400},
    {SNOMED("40701008", "Echocardiography"), COND_HEART_FAILURE, SPEC_CARDIOLOGY, 0, 250},
};

static void operation(struct gen *g, const struct planned *o, int64_t day)
{
    const struct concept *why = &condition_rows[o->condition].concept;
    enum visit_kind kind = o->nights ? VISIT_PLANNED_ADMISSION : VISIT_OUTPATIENT;
    struct visit v = visit_write(g, kind, day, o->specialty, o->nights, why);
    procedure_write(g, &v, &o->what, g->p->serial_of[o->condition]);
    if (o->nights) {
        observe_ward(g, &v, 0);
        panel_write(g, &v, PANEL_BLOOD_COUNT);
        discharge_letter(g, &v, why, &o->what);
    } else {
        clinic_letter(g, &v, why);
    }
}

void hospital_year(struct gen *g, int64_t from, int64_t to)
{
    const struct person *p = g->p;
    int age = age_on(p, from);
    int64_t share = (to - from) * 1000 / 365;
    bool chest = has(p, COND_COPD, to) || has(p, COND_HEART_FAILURE, to);
    for (int i = 0; i < COND_COUNT; i++) {
        int specialty = condition_rows[i].specialty;
        if (specialty >= 0 && has(p, i, to) && p->serial_of[i] &&
            chance(g, (uint32_t)(220 * share / 1000))) {
            int64_t first = p->onset[i] > from ? p->onset[i] : from;
            outpatient(g, between(g, first, to), specialty, &condition_rows[i].concept,
                       p->serial_of[i]);
        }
    }
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        int cond = operations[i].condition;
        if (has(p, cond, from) && p->serial_of[cond] &&
            chance(g, (uint32_t)((int64_t)operations[i].permille * share / 1000))) {
            operation(g, &operations[i], between(g, from, to));
        }
    }
    int64_t emergencies = 130 + p->frailty * 220 + (age < 5 ? 180 : 0) + (10 - p->decile) * 12;
    for (int n = count_of(g, emergencies * share / 1000); n > 0; n--) {
        emergency(g, between(g, from, to));
    }
    int64_t admissions = (age > 64 ? 45 : 14) + p->frailty * 170 + (chest ? 160 : 0);
    for (int n = count_of(g, admissions * share / 1000); n > 0; n--) {
        admission(g, between(g, from, to));
    }
}
