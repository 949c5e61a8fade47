#include "synth/conditions.h"
#include "synth/observations.h"

/* Years times ten that somebody has had a condition. */
static int64_t tenths_with(const struct person *p, int condition, int64_t day)
{
    return has(p, condition, day) ? (day - p->onset[condition]) / 37 : 0;
}

/* Children: rough centiles in mm by age, then a straight line. */
static int64_t height_on(const struct person *p, int64_t day)
{
    static const int by_age[] = {500,  755,  875,  960,  1030, 1100, 1160, 1220,
                                 1275, 1330, 1385, 1440, 1500, 1560, 1615, 1650};
    int age = age_on(p, day);
    if (age >= 16) {
        return p->height_mm - (age > 60 ? age - 60 : 0);
    }
    int64_t part = (day - p->birth) * 100 / 36525 == age ? (day - p->birth) % 365 : 0;
    int next = age + 1 < 16 ? by_age[age + 1] : 1680;
    return (by_age[age] + (next - by_age[age]) * part / 365) * p->height_mm / 1690;
}

static int64_t bmi_on(const struct person *p, int64_t day)
{
    int age = age_on(p, day);
    if (age < 16) {
        return (age < 1 ? 140 : age < 6 ? 160 : 150 + age * 4) + (p->bmi10 - 262) / 3;
    }
    int64_t bmi = p->bmi10 - (age < 50 ? (50 - age) * 6 / 10 : age > 70 ? (age - 70) * 2 : 0);
    if (has(p, COND_OBESITY, day)) {
        bmi = bmi < 310 ? 310 + bmi % 40 : bmi;
    } else if (bmi > 299) {
        bmi = 299 - bmi % 25;
    }
    return bmi < 165 ? 165 : bmi;
}

static int64_t egfr_on(struct gen *g, int64_t day)
{
    const struct person *p = g->p;
    int64_t age = age_on(p, day);
    int64_t egfr = 112 - (age > 25 ? (age - 25) * 65 / 100 : 0) + noise(g, 5);
    if (has(p, COND_CKD, day)) {
        egfr = 57 - tenths_with(p, COND_CKD, day) * (100 + p->drift) / 1000 + noise(g, 3);
    }
    return egfr < 8 ? 8 : egfr > 120 ? 120 : egfr;
}

/* Falls after diagnosis as treatment begins, then drifts up, faster in some. */
static int64_t hba1c_on(struct gen *g, int64_t day)
{
    const struct person *p = g->p;
    int type = has(p, COND_TYPE_1_DIABETES, day) ? COND_TYPE_1_DIABETES : COND_TYPE_2_DIABETES;
    if (!has(p, type, day)) {
        return 36 + (p->bmi10 > 290 ? 2 : 0) + noise(g, 2);
    }
    int64_t tenths = tenths_with(p, type, day);
    int64_t start = type == COND_TYPE_1_DIABETES ? 82 : 62 + p->drift / 6;
    int64_t fall = tenths > 10 ? 14 : tenths * 14 / 10;
    int64_t value = start - fall + tenths * (60 + p->drift) / 1000 + noise(g, 4);
    return value < 38 ? 38 : value;
}

static bool on_statin(const struct person *p, int64_t day)
{
    return has(p, COND_HYPERLIPIDAEMIA, day - 90) || has(p, COND_ISCHAEMIC_HEART, day - 60) ||
           has(p, COND_TYPE_2_DIABETES, day - 200);
}

static int64_t blood_on(struct gen *g, enum measure what, int64_t day)
{
    const struct person *p = g->p;
    switch (what) {
    case M_HAEMOGLOBIN: {
        int64_t months = has(p, COND_ANAEMIA, day) ? (day - p->onset[COND_ANAEMIA]) / 30 : 24;
        return (p->m->female ? 133 : 147) - (months < 12 ? 36 - months * 3 : 0) + noise(g, 6);
    }
    case M_WHITE_CELLS:
        return 68 + noise(g, 15);
    case M_PLATELETS:
        return 255 + noise(g, 45);
    case M_CELL_VOLUME:
        return (has(p, COND_ANAEMIA, day) ? 805 : 905) + noise(g, 30);
    case M_FERRITIN:
        return (has(p, COND_ANAEMIA, day) ? 24 : 110) + noise(g, 18);
    case M_TSH: {
        int64_t months =
            has(p, COND_HYPOTHYROIDISM, day) ? (day - p->onset[COND_HYPOTHYROIDISM]) / 30 : 24;
        return (months < 6 ? 1150 - months * 140 : 210) + noise(g, 70);
    }
    case M_FREE_T4:
        return 156 + noise(g, 16);
    case M_ALT:
        return 24 + (p->bmi10 > 310 ? 14 : 0) + noise(g, 8);
    case M_ALP:
        return 78 + noise(g, 18);
    case M_BILIRUBIN:
        return 9 + noise(g, 3);
    case M_ALBUMIN:
        return 42 - p->frailty * 2 + noise(g, 2);
    case M_CRP:
        return 2 + (has(p, COND_RHEUMATOID_ARTHRITIS, day) ? 9 : 0) + noise(g, 1);
    case M_SODIUM:
        return 140 + noise(g, 2);
    case M_POTASSIUM:
        return 43 + (has(p, COND_CKD, day) ? 3 : 0) + noise(g, 3);
    default:
        return 0;
    }
}

int64_t measure_on(struct gen *g, enum measure what, int64_t day)
{
    const struct person *p = g->p;
    int64_t value;
    switch (what) {
    case M_HEIGHT:
        return height_on(p, day);
    case M_BMI:
        return bmi_on(p, day) + noise(g, 3);
    case M_HBA1C:
        return hba1c_on(g, day);
    case M_EGFR:
        return egfr_on(g, day);
    case M_CREATININE:
        value = (p->m->female ? 6200 : 7900) / egfr_on(g, day);
        return value + noise(g, 3);
    case M_UREA:
        value = 620 * 8 / egfr_on(g, day);
        return value + noise(g, 6);
    case M_CHOLESTEROL:
        return (on_statin(p, day) ? 41 : has(p, COND_HYPERLIPIDAEMIA, day) ? 66 : 52) + noise(g, 5);
    case M_HDL:
        return (p->m->female ? 155 : 132) + noise(g, 22);
    case M_LDL:
        return (on_statin(p, day) ? 195 : 305) + noise(g, 45);
    case M_TRIGLYCERIDES:
        return 110 + (p->bmi10 > 290 ? 70 : 0) + noise(g, 40);
    case M_ALBUMIN_CREATININE:
        return has(p, COND_CKD, day) ? 34 + tenths_with(p, COND_CKD, day) + noise(g, 15)
                                     : 11 + noise(g, 5);
    case M_PSA:
        return 110 + (has(p, COND_PROSTATE_ENLARGED, day) ? 290 : 0) + noise(g, 50);
    case M_PEAK_FLOW:
        return (p->m->female ? 410 : 540) - (age_on(p, day) > 40 ? (age_on(p, day) - 40) * 2 : 0) -
               (has(p, COND_ASTHMA, day) ? 50 : 0) + noise(g, 30);
    case M_FVC: {
        int64_t volume = (p->m->female ? 345 : 470) - (age_on(p, day) - 40) * 3 + noise(g, 12);
        return volume < 150 ? 150 : volume;
    }
    default:
        return blood_on(g, what, day);
    }
}

#define PANEL_MAX 6
static const struct panel_row {
    struct concept code;
    struct concept other;
    enum measure measures[PANEL_MAX];
    int count;
} panels[PANEL_COUNT] = {
    [PANEL_RENAL] = {LOINC("24326-1", "Electrolytes 1998 panel - Serum or Plasma"),
                     WORDS(""),
                     {M_SODIUM, M_POTASSIUM, M_UREA, M_CREATININE, M_EGFR},
                     5},
    [PANEL_LIPIDS] = {LOINC("24331-1", "Lipid 1996 panel - Serum or Plasma"),
                      WORDS(""),
                      {M_CHOLESTEROL, M_HDL, M_LDL, M_TRIGLYCERIDES},
                      4},
    [PANEL_BLOOD_COUNT] = {LOINC("58410-2", "CBC panel - Blood by Automated count"),
                           SNOMED("26604007", "Full blood count"),
                           {M_HAEMOGLOBIN, M_WHITE_CELLS, M_PLATELETS, M_CELL_VOLUME},
                           4},
    [PANEL_LIVER] = {LOINC("24325-3", "Hepatic function 2000 panel - Serum or Plasma"),
                     WORDS(""),
                     {M_ALT, M_ALP, M_BILIRUBIN, M_ALBUMIN},
                     4},
    [PANEL_THYROID] = {LOINC("24348-5", "Thyroxine free and Thyrotropin panel - Serum or Plasma"),
                       WORDS(""),
                       {M_TSH, M_FREE_T4},
                       2},
    [PANEL_HBA1C] = {LOINC("59261-8", "Hemoglobin A1c/Hemoglobin.total in Blood by IFCC protocol"),
                     WORDS(""),
                     {M_HBA1C},
                     1},
    [PANEL_INFLAMMATION] = {WORDS("Inflammation and iron studies"),
                            WORDS(""),
                            {M_CRP, M_FERRITIN},
                            2},
    [PANEL_PSA] = {LOINC("2857-1", "Prostate specific Ag [Mass/volume] in Serum or Plasma"),
                   WORDS(""),
                   {M_PSA},
                   1},
    [PANEL_URINE] = {LOINC("32294-1", "Albumin/Creatinine [Ratio] in Urine"),
                     WORDS(""),
                     {M_ALBUMIN_CREATININE},
                     1},
};

void panel_write(struct gen *g, const struct visit *v, enum panel what)
{
    const struct panel_row *panel = &panels[what];
    uint32_t results[PANEL_MAX];
    for (int i = 0; i < panel->count; i++) {
        int64_t value = measure_on(g, panel->measures[i], v->day);
        results[i] = observe(g, v, panel->measures[i], value < 1 ? 1 : value);
    }
    res_begin(g, SYNTH_DiagnosticReport, T("DiagnosticReport-Lab"));
    put(g, ",'status':'final','category':[{'coding':[{'system':"
           "'http://terminology.hl7.org/CodeSystem/v2-0074','code':'LAB','display':'Laboratory'}]}]"
           ",'code':");
    put_concepts(g, &panel->code, &panel->other);
    put_subject(g);
    put_encounter(g, v->serial);
    put(g, ",'effectiveDateTime':'");
    put_time(g, v->day, v->minute);
    if (v->day < g->p->end) {
        put(g, "','issued':'");
        put_time(g, v->day + 1, 10 * 60 + v->minute % 60);
    }
    put(g, "','performer':[");
    put_org(g, ORG_TRUST);
    put(g, "],'result':[");
    for (int i = 0; i < panel->count; i++) {
        if (i) {
            put(g, ",");
        }
        put_own(g, SYNTH_Observation, results[i]);
    }
    put(g, "]");
    res_end(g);
}
