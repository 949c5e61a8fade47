#include "synth/conditions.h"
#include "synth/immunisations.h"
#include "synth/medicines.h"
#include "synth/observations.h"
#include "synth/socialcare.h"

static const struct illness {
    struct concept what;
    int from_age;
    int to_age;
    int days;
    int course; /* enum course, or -1 */
    uint32_t permille;
    bool telephone;
} illnesses[] = {
    {SNOMED("54150009", "Upper respiratory infection"), 0, 130, 10, -1, 0, true},
    {SNOMED("65363002", "Otitis media"), 0, 12, 10, COURSE_AMOXICILLIN, 500, false},
    {SNOMED("90176007", "Tonsillitis"), 3, 35, 8, COURSE_AMOXICILLIN, 300, false},
    {SNOMED("38907003", "Varicella"), 1, 10, 14, -1, 0, true},
    {SNOMED("50417007", "Lower respiratory tract infection"), 30, 130, 14, COURSE_DOXYCYCLINE, 650,
     false},
    {SNOMED("10509002", "Acute bronchitis"), 15, 130, 21, COURSE_AMOXICILLIN, 400, false},
    {SNOMED("68566005", "Urinary tract infectious disease"), 15, 130, 7, COURSE_NITROFURANTOIN, 900,
     true},
    {SNOMED("128045006", "Cellulitis"), 25, 130, 14, COURSE_FLUCLOXACILLIN, 950, false},
    {SNOMED("161891005", "Backache"), 20, 90, 42, COURSE_IBUPROFEN, 350, false},
    {SNOMED("25064002", "Headache"), 8, 80, 10, COURSE_PARACETAMOL, 200, true},
    {SNOMED("271807003", "Eruption of skin"), 0, 130, 21, -1, 0, false},
    {SNOMED("9826008", "Conjunctivitis"), 0, 60, 7, -1, 0, true},
    {SNOMED("25374005", "Gastroenteritis"), 0, 130, 5, -1, 0, true},
    {SNOMED("44465007", "Sprain of ankle"), 8, 70, 28, COURSE_IBUPROFEN, 300, false},
    {SNOMED("29857009", "Chest pain"), 30, 130, 14, -1, 0, false},
    {SNOMED("21522001", "Abdominal pain"), 5, 130, 14, -1, 0, false},
    {SNOMED("267036007", "Dyspnea"), 45, 130, 21, COURSE_PREDNISOLONE, 180, false},
    {SNOMED("22253000", "Pain"), 40, 130, 30, COURSE_CODEINE, 300, true},
};

static void consultation(struct gen *g, int64_t day)
{
    const struct person *p = g->p;
    const struct illness *i;
    int tries = 0;
    do {
        i = &illnesses[between(g, 0, (int64_t)(sizeof illnesses / sizeof *illnesses) - 1)];
    } while ((age_on(p, day) < i->from_age || age_on(p, day) > i->to_age) && tries++ < 40);
    enum visit_kind kind = i->telephone && chance(g, 600)      ? VISIT_TELEPHONE
                           : p->frailty == 3 && chance(g, 500) ? VISIT_HOME
                                                               : VISIT_SURGERY;
    struct visit v = visit_write(g, kind, day, -1, 0, &i->what);
    uint32_t condition =
        chance(g, 450) ? illness_write(g, &i->what, v.day, i->days, v.serial, v.staff) : 0;
    if (i->course >= 0 && age_on(p, v.day) >= 12 && chance(g, i->permille)) {
        course_write(g, &v, (enum course)i->course, condition);
    }
    if (kind != VISIT_TELEPHONE && age_on(p, v.day) < 12) {
        observe(g, &v, M_TEMPERATURE, 374 + noise(g, 8));
        if (age_on(p, v.day) < 3) {
            observe_body(g, &v);
        }
    } else if (kind != VISIT_TELEPHONE && chance(g, 280)) {
        observe_pressure(g, &v);
    }
    if (age_on(p, v.day) >= 30 && chance(g, 130)) {
        panel_write(g, &v, PANEL_BLOOD_COUNT);
        panel_write(g, &v, PANEL_RENAL);
        if (chance(g, 400)) {
            panel_write(g, &v, PANEL_LIVER);
        }
        if (!p->m->female && age_on(p, v.day) > 50 && chance(g, 250)) {
            panel_write(g, &v, PANEL_PSA);
        }
    }
}

/* What each condition asks for at its yearly review. */
static void review_tests(struct gen *g, const struct visit *v)
{
    const struct person *p = g->p;
    bool diabetic = has(p, COND_TYPE_2_DIABETES, v->day) || has(p, COND_TYPE_1_DIABETES, v->day);
    bool renal = diabetic || has(p, COND_HYPERTENSION, v->day) || has(p, COND_CKD, v->day) ||
                 has(p, COND_HEART_FAILURE, v->day);
    if (diabetic) {
        panel_write(g, v, PANEL_HBA1C);
        panel_write(g, v, PANEL_LIPIDS);
        panel_write(g, v, PANEL_URINE);
    } else if (has(p, COND_HYPERLIPIDAEMIA, v->day) || has(p, COND_ISCHAEMIC_HEART, v->day)) {
        panel_write(g, v, PANEL_LIPIDS);
    }
    if (renal) {
        panel_write(g, v, PANEL_RENAL);
    }
    if (has(p, COND_HYPOTHYROIDISM, v->day)) {
        panel_write(g, v, PANEL_THYROID);
    }
    if (has(p, COND_RHEUMATOID_ARTHRITIS, v->day) || has(p, COND_ANAEMIA, v->day)) {
        panel_write(g, v, PANEL_BLOOD_COUNT);
        panel_write(g, v, PANEL_INFLAMMATION);
    }
    if (has(p, COND_COPD, v->day) || has(p, COND_ASTHMA, v->day)) {
        observe_lungs(g, v, has(p, COND_COPD, v->day));
    }
    if (has(p, COND_DEPRESSION, v->day) || has(p, COND_ANXIETY, v->day)) {
        int64_t better = (v->day - p->start) / 400;
        int64_t score = 13 - better + noise(g, 3);
        observe(g, v, M_PHQ9, score < 0 ? 0 : score);
        observe(g, v, M_GAD7, score < 2 ? 0 : score - 2 + between(g, 0, 2));
    }
    if (has(p, COND_DEMENTIA, v->day)) {
        int64_t score = 23 - (v->day - p->onset[COND_DEMENTIA]) / 300 + noise(g, 1);
        observe(g, v, M_MMSE, score < 2 ? 2 : score);
    }
}

static void annual_review(struct gen *g, int64_t day)
{
    static const struct concept medication_review = SNOMED("182836005", "Review of medication");
    static const struct concept feet = SNOMED("401191002", "Diabetic foot examination");
    const struct person *p = g->p;
    struct visit v = visit_write(g, VISIT_NURSE, day, -1, 0, NULL);
    observe_pressure(g, &v);
    observe_body(g, &v);
    if (age_on(p, v.day) >= 16) {
        observe_smoking(g, &v);
        if (chance(g, 600)) {
            int64_t units = between(g, 0, 24);
            observe(g, &v, M_ALCOHOL, chance(g, 500) ? units : 0);
        }
    }
    review_tests(g, &v);
    if (medicines_on(p, v.day) > 2) {
        procedure_write(g, &v, &medication_review, 0);
    }
    if (has(p, COND_TYPE_2_DIABETES, v.day)) {
        procedure_write(g, &v, &feet, p->serial_of[COND_TYPE_2_DIABETES]);
    }
    if (age_on(p, v.day) >= 65 && p->frailty) {
        int64_t years = (p->end - v.day) / 500;
        observe(g, &v, M_CLINICAL_FRAILTY, p->frailty + 4 - (years > 3 ? 3 : years));
    }
    if (conditions_on(p, v.day) >= 3 && chance(g, 350)) {
        clinical_plan_write(g, &v);
    }
}

static void health_check(struct gen *g, int64_t day)
{
    struct visit v = visit_write(g, VISIT_NURSE, day, -1, 0, NULL);
    observe_pressure(g, &v);
    observe_body(g, &v);
    observe_smoking(g, &v);
    panel_write(g, &v, PANEL_LIPIDS);
    panel_write(g, &v, PANEL_HBA1C);
    int64_t risk = (age_on(g->p, day) - 38) * (g->p->m->female ? 4 : 6) + noise(g, 15) +
                   (g->p->smoking == SMOKING_CURRENT ? 45 : 0);
    observe(g, &v, M_QRISK, risk < 3 ? 3 : risk);
}

static void screening(struct gen *g, int64_t from, int64_t to)
{
    static const struct concept cervix = SNOMED("171149006", "Screening for malignant neoplasm of "
                                                             "cervix");
    static const struct concept breast = SNOMED("24623002", "Screening mammography");
    const struct person *p = g->p;
    int age = age_on(p, to);
    if (!p->m->female || age_on(p, from) < 25 || to - from < 300) {
        return;
    }
    if (age <= 64 && chance(g, age < 50 ? 240 : 150)) {
        struct visit v = visit_write(g, VISIT_NURSE, between(g, from, to), -1, 0, &cervix);
        procedure_write(g, &v, &cervix, 0);
    }
    if (age >= 50 && age <= 71 && chance(g, 230)) {
        struct visit v =
            visit_write(g, VISIT_OUTPATIENT, between(g, from, to), SPEC_SURGERY, 0, &breast);
        procedure_write(g, &v, &breast, 0);
    }
}

static void new_conditions(struct gen *g, struct person *p, int64_t from, int64_t to)
{
    for (int i = 0; i < COND_COUNT; i++) {
        if (p->onset[i] < from || p->onset[i] >= to || p->serial_of[i]) {
            continue;
        }
        struct visit v =
            visit_write(g, VISIT_SURGERY, p->onset[i], -1, 0, &condition_rows[i].concept);
        condition_write(g, p, i, v.serial, v.staff);
        if (age_on(p, v.day) >= 18) {
            observe_pressure(g, &v);
        }
        review_tests(g, &v);
        if (condition_rows[i].specialty >= 0) {
            referral_write(g, &v, condition_rows[i].specialty, p->serial_of[i], NULL,
                           condition_rows[i].specialty == SPEC_ONCOLOGY);
        }
    }
}

static void year(struct gen *g, struct person *p, int64_t from, int64_t to)
{
    int age = age_on(p, from);
    int n = conditions_on(p, to - 1);
    int64_t share = (to - from) * 1000 / 365;
    new_conditions(g, p, from, to);
    int64_t mean = 650 +
                   (age < 5                    ? 1500
                    : age < 16                 ? 250
                    : p->m->female && age < 50 ? 450
                                               : 0) +
                   n * 170 + p->frailty * 700 + (age > 70 ? 400 : 0);
    for (int i = count_of(g, mean * share / 1000); i > 0; i--) {
        consultation(g, between(g, from, to - 1));
    }
    if (n && (n > 1 || age > 40 || chance(g, 400)) && chance(g, (uint32_t)(share * 9 / 10))) {
        annual_review(g, between(g, from, to - 1));
    }
    if (has(p, COND_TYPE_2_DIABETES, from) && to - from > 200) { /* seen twice a year */
        struct visit v =
            visit_write(g, VISIT_NURSE, from + between(g, 0, to - from - 1), -1, 0, NULL);
        panel_write(g, &v, PANEL_HBA1C);
        observe_pressure(g, &v);
    }
    if (!n && age >= 40 && age < 75 && chance(g, (uint32_t)(share / 5))) {
        health_check(g, between(g, from, to - 1));
    }
    if (n == 0 && age >= 18 && chance(g, (uint32_t)(share / 6))) {
        struct visit v = visit_write(g, VISIT_NURSE, between(g, from, to - 1), -1, 0, NULL);
        observe_pressure(g, &v);
        observe_smoking(g, &v);
        observe_body(g, &v);
    }
    bool severe = has(p, COND_SCHIZOPHRENIA, from) || has(p, COND_BIPOLAR, from);
    for (int i = severe ? count_of(g, 6000 * share / 1000) : 0; i > 0; i--) {
        visit_write(g, VISIT_MENTAL_HEALTH, between(g, from, to - 1), -1, 0, NULL);
    }
    screening(g, from, to - 1);
    hospital_year(g, from, to - 1);
}

/* What is booked in the weeks behind today. */
static void booked(struct gen *g)
{
    const struct person *p = g->p;
    if (p->dead || !chance(g, (uint32_t)(40 + 30 * conditions_on(p, p->end)))) {
        return;
    }
    int64_t day = p->end + between(g, 1, 60);
    int64_t weekday = (day + 3) % 7;
    day += weekday > 4 ? 7 - weekday : 0;
    appointment_write(g, day, 9 * 60 + (int)between(g, 0, 40) * 10, -1, 0, "booked");
}

void life_write(struct gen *g, struct person *p)
{
    allergies_write(g);
    for (int i = 0; i < COND_COUNT; i++) {
        if (p->onset[i] < p->start) {
            condition_write(g, p, i, 0, p->gp);
        }
    }
    immunisations_write(g);
    for (int64_t from = p->start; from < p->end; from += 365) {
        year(g, p, from, from + 365 < p->end ? from + 365 : p->end);
    }
    repeats_write(g);
    flags_write(g);
    social_care_write(g);
    community_nursing_write(g);
    booked(g);
}
