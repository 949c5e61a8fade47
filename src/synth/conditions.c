#include "synth/conditions.h"

#define ROW(name, code, display, youngest, p10, p30, p50, p70, p90, women, men, poverty, spec) \
    {SNOMED(code, display), youngest, {p10, p30, p50, p70, p90}, women, men, poverty, spec},
const struct condition_row condition_rows[COND_COUNT] = {CONDITION_TABLE(ROW)};
#undef ROW

_Static_assert(COND_COUNT <= CONDITIONS_MAX, "a person has room for each condition");

static int interpolate(const int permille[5], int age)
{
    if (age <= 10) {
        return permille[0];
    }
    if (age >= 90) {
        return permille[4];
    }
    int i = (age - 10) / 20;
    int part = (age - 10) % 20;
    return permille[i] + (permille[i + 1] - permille[i]) * part / 20;
}

/* What one condition does to the chance of another, in percent. */
static const struct {
    enum condition cause;
    enum condition effect;
    int percent;
} boosts[] = {
    {COND_OBESITY, COND_TYPE_2_DIABETES, 230},
    {COND_OBESITY, COND_HYPERTENSION, 135},
    {COND_OBESITY, COND_GORD, 140},
    {COND_OBESITY, COND_OSTEOARTHRITIS, 130},
    {COND_LEARNING_DISABILITY, COND_EPILEPSY, 900},
    {COND_ECZEMA, COND_HAY_FEVER, 200},
    {COND_ASTHMA, COND_HAY_FEVER, 220},
    {COND_DEPRESSION, COND_ANXIETY, 280},
    {COND_HYPERTENSION, COND_CKD, 160},
    {COND_HYPERTENSION, COND_ISCHAEMIC_HEART, 150},
    {COND_HYPERTENSION, COND_STROKE, 160},
    {COND_TYPE_2_DIABETES, COND_CKD, 180},
    {COND_TYPE_2_DIABETES, COND_ISCHAEMIC_HEART, 170},
    {COND_ISCHAEMIC_HEART, COND_INFARCTION, 380},
    {COND_ISCHAEMIC_HEART, COND_HEART_FAILURE, 250},
    {COND_ATRIAL_FIBRILLATION, COND_STROKE, 200},
    {COND_ATRIAL_FIBRILLATION, COND_HEART_FAILURE, 180},
    {COND_RHEUMATOID_ARTHRITIS, COND_OSTEOPOROSIS, 200},
    {COND_STROKE, COND_DEMENTIA, 180},
    {COND_PARKINSONS, COND_DEMENTIA, 300},
};

static int likelihood(const struct person *p, int i)
{
    const struct condition_row *row = &condition_rows[i];
    int64_t permille = interpolate(row->permille, p->age);
    permille = permille * (p->m->female ? row->women : row->men) / 100;
    permille = permille * (100 + row->poverty * (10 - p->decile) - row->poverty * 5) / 100;
    for (size_t k = 0; k < sizeof boosts / sizeof *boosts; k++) {
        if ((int)boosts[k].effect == i && p->onset[boosts[k].cause] != NOT_HAD) {
            permille = permille * boosts[k].percent / 100;
        }
    }
    if (p->smoking != SMOKING_NEVER && (i == COND_COPD || i == COND_LUNG_CANCER)) {
        permille *= 3;
    } else if (i == COND_COPD || i == COND_LUNG_CANCER) {
        permille /= 4;
    }
    if (i == COND_RETINOPATHY) {
        bool diabetic =
            p->onset[COND_TYPE_2_DIABETES] != NOT_HAD || p->onset[COND_TYPE_1_DIABETES] != NOT_HAD;
        permille = diabetic ? permille * 14 : 0;
    }
    if (i == COND_TYPE_2_DIABETES && p->onset[COND_TYPE_1_DIABETES] != NOT_HAD) {
        permille = 0;
    }
    if (i == COND_DEMENTIA && p->home->kind == HOME_CARE) {
        permille = permille * 2 + 250;
    }
    return (int)(permille > 950 ? 950 : permille);
}

static void frailty(struct gen *g, struct person *p)
{
    int n = conditions_on(p, p->end);
    int score = p->age < 60 ? 0 : (p->age - 60) * 2 + n * 5 + (int)noise(g, 12);
    score += p->home->kind == HOME_CARE ? 30 : 0;
    score += has(p, COND_DEMENTIA, p->end) ? 18 : 0;
    p->frailty = score > 98 ? 3 : score > 76 ? 2 : score > 58 ? 1 : 0;
    uint32_t care = p->frailty == 3                            ? 800
                    : p->frailty == 2                          ? 380
                    : p->frailty == 1                          ? 90
                    : has(p, COND_LEARNING_DISABILITY, p->end) ? 550
                    : has(p, COND_SCHIZOPHRENIA, p->end)       ? 300
                    : has(p, COND_MULTIPLE_SCLEROSIS, p->end)  ? 250
                                                               : 2;
    p->social_care = p->age >= 18 && (p->home->kind == HOME_CARE || chance(g, care));
    p->is_carer = p->age >= 30 && p->age < 85 && p->frailty < 2 && p->home->count > 1 &&
                  !p->social_care && chance(g, 70);
}

void conditions_make(struct gen *g, struct person *p)
{
    for (int i = 0; i < CONDITIONS_MAX; i++) {
        p->onset[i] = NOT_HAD;
    }
    for (int i = 0; i < COND_COUNT; i++) {
        int youngest = condition_rows[i].youngest;
        bool got = p->age >= youngest && chance(g, (uint32_t)likelihood(p, i));
        int span = p->age - youngest;
        span = span > 30 && i != COND_LEARNING_DISABILITY ? 30 : span;
        int64_t back =
            between(g, 20, (int64_t)span * 365 + 200); /* drawn for all: keeps the order */
        if (got) {
            p->onset[i] = p->end - back < p->birth + 60 ? p->birth + 60 : p->end - back;
            p->onset[i] = p->onset[i] > p->end ? p->end : p->onset[i];
        }
    }
    frailty(g, p);
}

int conditions_on(const struct person *p, int64_t day)
{
    int n = 0;
    for (int i = 0; i < COND_COUNT; i++) {
        n += has(p, i, day);
    }
    return n;
}

static void put_status(struct gen *g, bool active)
{
    put(g, ",'clinicalStatus':{'coding':[{'system':"
           "'http://terminology.hl7.org/CodeSystem/condition-clinical','code':'");
    buf_add(&g->out, active ? T("active") : T("resolved"));
    put(g, "'}]},'verificationStatus':{'coding':[{'system':"
           "'http://terminology.hl7.org/CodeSystem/condition-ver-status','code':'confirmed'}]}");
}

void condition_write(struct gen *g, struct person *p, int condition, uint32_t encounter, int staff)
{
    const struct condition_row *row = &condition_rows[condition];
    int64_t onset = p->onset[condition];
    bool major = row->specialty >= 0 || condition == COND_TYPE_2_DIABETES;
    uint32_t serial = res_begin(g, SYNTH_Condition, T("Condition"));
    put(g, ",'extension':[{'url':'https://fhir.hl7.org.uk/StructureDefinition/"
           "Extension-UKCore-ProblemSignificance','valueCode':'");
    buf_add(&g->out, major ? T("major") : T("minor"));
    put(g, "'}]");
    put_status(g, true);
    put(g, ",'category':[{'coding':[{'system':"
           "'http://terminology.hl7.org/CodeSystem/condition-category',"
           "'code':'problem-list-item','display':'Problem List Item'}]}],'code':");
    put_concept(g, &row->concept);
    put_subject(g);
    put_encounter(g, encounter);
    put(g, ",'onsetDateTime':'");
    put_date(g, onset);
    put(g, "','recordedDate':'");
    put_date(g, onset > p->start ? onset : p->start);
    put(g, "','recorder':");
    put_staff(g, staff);
    res_end(g);
    p->serial_of[condition] = serial;
}

uint32_t illness_write(struct gen *g, const struct concept *what, int64_t day, int days,
                       uint32_t encounter, int staff)
{
    bool over = day + days <= g->p->end;
    uint32_t serial = res_begin(g, SYNTH_Condition, T("Condition"));
    put_status(g, !over);
    put(g, ",'category':[{'coding':[{'system':"
           "'http://terminology.hl7.org/CodeSystem/condition-category',"
           "'code':'encounter-diagnosis','display':'Encounter Diagnosis'}]}],'code':");
    put_concept(g, what);
    put_subject(g);
    put_encounter(g, encounter);
    put(g, ",'onsetDateTime':'");
    put_date(g, day);
    if (over) {
        put(g, "','abatementDateTime':'");
        put_date(g, day + days);
    }
    put(g, "','recordedDate':'");
    put_date(g, day);
    put(g, "','recorder':");
    put_staff(g, staff);
    res_end(g);
    return serial;
}

static const struct allergy {
    struct concept what;
    const char *category;
    struct concept reaction;
    int severity; /* 0 mild, 1 moderate, 2 severe */
    uint32_t permille;
} allergies[] = {
    {SNOMED("91936005", "Allergy to penicillin"), "medication", SNOMED("271807003", "Rash"), 1, 55},
    {SNOMED("293586001", "Allergy to aspirin"), "medication", SNOMED("56018004", "Wheezing"), 1,
     10},
    {SNOMED("300916003", "Latex allergy"), "environment", SNOMED("126485001", "Urticaria"), 0, 8},
    {SNOMED("91935009", "Allergy to peanuts"), "food", SNOMED("39579001", "Anaphylaxis"), 2, 13},
    {SNOMED("91934008", "Allergy to nuts"), "food", SNOMED("126485001", "Urticaria"), 1, 12},
    {SNOMED("91930004", "Allergy to eggs"), "food", SNOMED("422400008", "Vomiting"), 0, 8},
    {SNOMED("300913006", "Allergy to shellfish"), "food", SNOMED("126485001", "Urticaria"), 1, 7},
    {SNOMED("232347008", "Allergy to animal dander"), "environment", SNOMED("56018004", "Wheezing"),
     0, 18},
};

static void allergy(struct gen *g, const struct allergy *a)
{
    static const char *const severity[] = {"mild", "moderate", "severe"};
    const struct person *p = g->p;
    res_begin(g, SYNTH_AllergyIntolerance, T("AllergyIntolerance"));
    put(g, ",'clinicalStatus':{'coding':[{'system':"
           "'http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical','code':'active'}]},"
           "'verificationStatus':{'coding':[{'system':"
           "'http://terminology.hl7.org/CodeSystem/allergyintolerance-verification',"
           "'code':'confirmed'}]},'type':'allergy','category':['");
    buf_add(&g->out, text_of(a->category));
    put(g, "'],'criticality':'");
    buf_add(&g->out, a->severity == 2 ? T("high") : T("low"));
    put(g, "','code':");
    put_concept(g, &a->what);
    put(g, ",'patient':{'reference':'Patient/");
    buf_add(&g->out, text_of(g->subject));
    put(g, "'},'recordedDate':'");
    put_date(g, between(g, p->start, p->end));
    put(g, "','recorder':");
    put_staff(g, p->gp);
    put(g, ",'reaction':[{'manifestation':[");
    put_concept(g, &a->reaction);
    put(g, "],'severity':'");
    buf_add(&g->out, text_of(severity[a->severity]));
    put(g, "'}]");
    res_end(g);
}

static void no_allergy(struct gen *g)
{
    static const struct concept none = SNOMED("716186003", "No known allergy");
    res_begin(g, SYNTH_AllergyIntolerance, T("AllergyIntolerance"));
    put(g, ",'clinicalStatus':{'coding':[{'system':"
           "'http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical','code':'active'}]},"
           "'verificationStatus':{'coding':[{'system':"
           "'http://terminology.hl7.org/CodeSystem/allergyintolerance-verification',"
           "'code':'confirmed'}]},'code':");
    put_concept(g, &none);
    put(g, ",'patient':{'reference':'Patient/");
    buf_add(&g->out, text_of(g->subject));
    put(g, "'},'recordedDate':'");
    put_date(g, g->p->start);
    put(g, "'");
    res_end(g);
}

void allergies_write(struct gen *g)
{
    int n = 0;
    for (size_t i = 0; i < sizeof allergies / sizeof *allergies; i++) {
        if (chance(g, allergies[i].permille)) {
            allergy(g, &allergies[i]);
            n++;
        }
    }
    if (!n && chance(g, 350)) {
        no_allergy(g);
    }
}
