#include "synth/medicines.h"

#include "synth/conditions.h"
#include "synth/observations.h"

/*
 * The name is that of the dm+d product. The code is of the product where it is certain, else of
 * its substance; the text is always the product.
 */
struct drug {
    struct concept code;
    text name;
    text dose; /* as a patient reads it */
    int quantity;
    text unit;
    int a_day; /* 0: when needed */
    int days;  /* of supply */
};
#define DRUG(code_, substance, name_, dose_, quantity_, unit_, a_day_, days_) \
    {SNOMED(code_, substance),                                                \
     {name_, sizeof(name_) - 1},                                              \
     {dose_, sizeof(dose_) - 1},                                              \
     quantity_,                                                               \
     {unit_, sizeof(unit_) - 1},                                              \
     a_day_,                                                                  \
     days_}

static const struct repeat {
    int condition;
    int after; /* days from onset */
    int permille;
    struct drug drug;
} repeats[] = {
    {COND_HYPERTENSION, 0, 620,
     DRUG("386864001", "Amlodipine", "Amlodipine 5mg tablets", "Take one tablet once a day", 28,
          "tablet", 1, 28)},
    {COND_HYPERTENSION, 120, 560,
     DRUG("386872004", "Ramipril", "Ramipril 5mg capsules", "Take one capsule once a day", 28,
          "capsule", 1, 28)},
    {COND_HYPERTENSION, 700, 150,
     DRUG("373567002", "Losartan", "Losartan 50mg tablets", "Take one tablet once a day", 28,
          "tablet", 1, 28)},
    {COND_HYPERLIPIDAEMIA, 20, 820,
     DRUG("373444002", "Atorvastatin", "Atorvastatin 20mg tablets", "Take one tablet at night", 28,
          "tablet", 1, 28)},
    {COND_TYPE_2_DIABETES, 30, 860,
     DRUG("372567009", "Metformin", "Metformin 500mg tablets",
          "Take two tablets twice a day with food", 112, "tablet", 2, 28)},
    {COND_TYPE_2_DIABETES, 1200, 330,
     DRUG("395731004", "Gliclazide", "Gliclazide 80mg tablets",
          "Take one tablet twice a day before meals", 56, "tablet", 2, 28)},
    {COND_TYPE_2_DIABETES, 1500, 280,
     DRUG("423307000", "Sitagliptin", "Sitagliptin 100mg tablets", "Take one tablet once a day", 28,
          "tablet", 1, 28)},
    {COND_TYPE_1_DIABETES, 0, 1000,
     DRUG("411529005", "Insulin glargine",
          "Insulin glargine 100units/ml solution for injection 3ml pre-filled pens",
          "Inject 18 units at night", 5, "pen", 1, 84)},
    {COND_ASTHMA, 0, 900,
     DRUG("372897005", "Salbutamol", "Salbutamol 100micrograms/dose inhaler CFC free",
          "Inhale two puffs when needed for wheeze", 1, "inhaler", 0, 56)},
    {COND_COPD, 0, 900,
     DRUG("372897005", "Salbutamol", "Salbutamol 100micrograms/dose inhaler CFC free",
          "Inhale two puffs up to four times a day when needed", 1, "inhaler", 0, 28)},
    {COND_COPD, 60, 700,
     DRUG("409169006", "Tiotropium", "Tiotropium bromide 18microgram inhalation powder capsules",
          "Inhale the contents of one capsule once a day", 30, "capsule", 1, 30)},
    {COND_ISCHAEMIC_HEART, 0, 760,
     DRUG("387458008", "Aspirin", "Aspirin 75mg dispersible tablets",
          "Take one tablet in water once a day", 28, "tablet", 1, 28)},
    {COND_ISCHAEMIC_HEART, 0, 690,
     DRUG("386868003", "Bisoprolol", "Bisoprolol 2.5mg tablets", "Take one tablet each morning", 28,
          "tablet", 1, 28)},
    {COND_ISCHAEMIC_HEART, 0, 850,
     DRUG("373444002", "Atorvastatin", "Atorvastatin 80mg tablets", "Take one tablet at night", 28,
          "tablet", 1, 28)},
    {COND_INFARCTION, 0, 700,
     DRUG("386952008", "Clopidogrel", "Clopidogrel 75mg tablets", "Take one tablet once a day", 28,
          "tablet", 1, 28)},
    {COND_ATRIAL_FIBRILLATION, 5, 300,
     DRUG("372756006", "Warfarin", "Warfarin 1mg tablets",
          "Take as shown in your yellow book, once a day at 6pm", 56, "tablet", 1, 28)},
    {COND_HEART_FAILURE, 0, 880,
     DRUG("317972000", "Furosemide 40mg tablets", "Furosemide 40mg tablets",
          "Take one tablet each morning", 28, "tablet", 1, 28)},
    {COND_HEART_FAILURE, 200, 420,
     DRUG("387078006", "Spironolactone", "Spironolactone 25mg tablets",
          "Take one tablet once a day", 28, "tablet", 1, 28)},
    {COND_STROKE, 14, 800,
     DRUG("386952008", "Clopidogrel", "Clopidogrel 75mg tablets", "Take one tablet once a day", 28,
          "tablet", 1, 28)},
    {COND_HYPOTHYROIDISM, 0, 970,
     DRUG("710809001", "Levothyroxine", "Levothyroxine sodium 100microgram tablets",
          "Take one tablet each morning before breakfast", 28, "tablet", 1, 28)},
    {COND_GORD, 0, 800,
     DRUG("387137007", "Omeprazole", "Omeprazole 20mg gastro-resistant capsules",
          "Take one capsule once a day before food", 28, "capsule", 1, 28)},
    {COND_DEPRESSION, 10, 640,
     DRUG("372594008", "Sertraline", "Sertraline 50mg tablets", "Take one tablet once a day", 28,
          "tablet", 1, 28)},
    {COND_DEPRESSION, 600, 160,
     DRUG("386847004", "Mirtazapine", "Mirtazapine 15mg tablets", "Take one tablet at night", 28,
          "tablet", 1, 28)},
    {COND_ANXIETY, 30, 240,
     DRUG("372772003", "Propranolol", "Propranolol 40mg tablets",
          "Take one tablet up to three times a day when needed", 56, "tablet", 0, 28)},
    {COND_EPILEPSY, 0, 620,
     DRUG("387562000", "Lamotrigine", "Lamotrigine 100mg tablets", "Take one tablet twice a day",
          56, "tablet", 2, 28)},
    {COND_EPILEPSY, 200, 420,
     DRUG("387000003", "Levetiracetam", "Levetiracetam 500mg tablets",
          "Take one tablet twice a day", 56, "tablet", 2, 28)},
    {COND_SCHIZOPHRENIA, 0, 800,
     DRUG("386849001", "Olanzapine", "Olanzapine 10mg tablets", "Take one tablet at night", 28,
          "tablet", 1, 28)},
    {COND_DEMENTIA, 90, 420,
     DRUG("386855006", "Donepezil", "Donepezil 10mg tablets", "Take one tablet at night", 28,
          "tablet", 1, 28)},
    {COND_DEMENTIA, 900, 300,
     DRUG("406458000", "Memantine", "Memantine 20mg tablets", "Take one tablet once a day", 28,
          "tablet", 1, 28)},
    {COND_OSTEOARTHRITIS, 0, 480,
     DRUG("322236009", "Paracetamol 500mg tablets", "Paracetamol 500mg tablets",
          "Take two tablets up to four times a day", 200, "tablet", 0, 28)},
    {COND_OSTEOARTHRITIS, 900, 170,
     DRUG("322341003", "Co-codamol 30mg/500mg tablets", "Co-codamol 30mg/500mg tablets",
          "Take one or two tablets up to four times a day when needed", 100, "tablet", 0, 28)},
    {COND_OSTEOPOROSIS, 20, 720,
     DRUG("18414002", "Colecalciferol", "Colecalciferol 800unit capsules",
          "Take one capsule once a day", 30, "capsule", 1, 30)},
    {COND_RHEUMATOID_ARTHRITIS, 40, 750,
     DRUG("387381009", "Methotrexate", "Methotrexate 2.5mg tablets",
          "Take six tablets once a week, on Mondays", 24, "tablet", 0, 28)},
    {COND_RHEUMATOID_ARTHRITIS, 40, 750,
     DRUG("63718003", "Folic acid", "Folic acid 5mg tablets",
          "Take one tablet once a week, on Fridays", 4, "tablet", 0, 28)},
    {COND_GOUT, 60, 720,
     DRUG("387135004", "Allopurinol", "Allopurinol 300mg tablets", "Take one tablet once a day", 28,
          "tablet", 1, 28)},
    {COND_ANAEMIA, 0, 500,
     DRUG("387402000", "Ferrous sulfate", "Ferrous sulfate 200mg tablets",
          "Take one tablet once a day", 28, "tablet", 1, 28)},
    {COND_PROSTATE_ENLARGED, 0, 760,
     DRUG("372509009", "Tamsulosin", "Tamsulosin 400microgram modified-release capsules",
          "Take one capsule once a day after breakfast", 30, "capsule", 1, 30)},
    {COND_PROSTATE_ENLARGED, 500, 350,
     DRUG("386963006", "Finasteride", "Finasteride 5mg tablets", "Take one tablet once a day", 28,
          "tablet", 1, 28)},
    {COND_BREAST_CANCER, 120, 600,
     DRUG("386911004", "Letrozole", "Letrozole 2.5mg tablets", "Take one tablet once a day", 28,
          "tablet", 1, 28)},
    {COND_GLAUCOMA, 0, 820,
     DRUG("386926002", "Latanoprost", "Latanoprost 50micrograms/ml eye drops",
          "Put one drop in the affected eye at night", 1, "bottle", 1, 28)},
    {COND_HAY_FEVER, 0, 350,
     DRUG("372523007", "Cetirizine", "Cetirizine 10mg tablets",
          "Take one tablet once a day in the pollen season", 30, "tablet", 1, 30)},
    {COND_ADHD, 200, 480,
     DRUG("373337007", "Methylphenidate", "Methylphenidate 18mg modified-release tablets",
          "Take one tablet each morning", 30, "tablet", 1, 30)},
    {COND_LOW_BACK_PAIN, 100, 220,
     DRUG("372588000", "Naproxen", "Naproxen 250mg tablets",
          "Take one tablet twice a day with food", 56, "tablet", 2, 28)},
    {COND_MIGRAINE, 200, 150,
     DRUG("372726002", "Amitriptyline", "Amitriptyline 10mg tablets", "Take one tablet at night",
          28, "tablet", 1, 28)},
};
#define REPEATS (sizeof repeats / sizeof *repeats)

static const struct drug courses[COURSE_COUNT] = {
    [COURSE_AMOXICILLIN] =
        DRUG("372687004", "Amoxicillin", "Amoxicillin 500mg capsules",
             "Take one capsule three times a day for five days", 15, "capsule", 3, 5),
    [COURSE_NITROFURANTOIN] =
        DRUG("373543005", "Nitrofurantoin", "Nitrofurantoin 100mg modified-release capsules",
             "Take one capsule twice a day for three days", 6, "capsule", 2, 3),
    [COURSE_FLUCLOXACILLIN] =
        DRUG("387544009", "Flucloxacillin", "Flucloxacillin 500mg capsules",
             "Take one capsule four times a day on an empty stomach", 28, "capsule", 4, 7),
    [COURSE_DOXYCYCLINE] =
        DRUG("372478003", "Doxycycline", "Doxycycline 100mg capsules",
             "Take two on the first day, then one once a day", 6, "capsule", 1, 5),
    [COURSE_PREDNISOLONE] =
        DRUG("325427002", "Prednisolone 5mg tablets", "Prednisolone 5mg tablets",
             "Take six tablets each morning for five days", 30, "tablet", 1, 5),
    [COURSE_IBUPROFEN] =
        DRUG("387207008", "Ibuprofen", "Ibuprofen 400mg tablets",
             "Take one tablet three times a day with food when needed", 42, "tablet", 0, 14),
    [COURSE_PARACETAMOL] =
        DRUG("322236009", "Paracetamol 500mg tablets", "Paracetamol 500mg tablets",
             "Take two tablets up to four times a day when needed", 32, "tablet", 0, 4),
    [COURSE_CODEINE] =
        DRUG("387494007", "Codeine", "Codeine 30mg tablets",
             "Take one tablet up to four times a day when needed", 28, "tablet", 0, 7),
};

static bool takes(const struct person *p, size_t i)
{
    const struct repeat *r = &repeats[i];
    if (p->onset[r->condition] == NOT_HAD ||
        (int)(mix(p->index, i, (uint64_t)p->birth) % 1000) >= r->permille) {
        return false;
    }
    for (size_t k = 0; k < i; k++) { /* one product once: a statin for the heart and for lipids */
        if (text_eq(repeats[k].drug.code.code, r->drug.code.code) && takes(p, k)) {
            return false;
        }
    }
    return true;
}

static void put_medicine(struct gen *g, const struct drug *d)
{
    put(g, ",'medicationCodeableConcept':{'coding':[{'system':'http://snomed.info/sct','code':'");
    buf_add(&g->out, d->code.code);
    put(g, "','display':'");
    buf_add(&g->out, d->code.display);
    put(g, "'}],'text':'");
    buf_add(&g->out, d->name);
    put(g, "'}");
}

static void put_dosage(struct gen *g, const struct drug *d)
{
    put(g, ",'dosageInstruction':[{'text':'");
    buf_add(&g->out, d->dose);
    put(g, "'");
    if (d->a_day) {
        put(g, ",'timing':{'repeat':{'frequency':");
        put_number(g, (uint64_t)d->a_day);
        put(g, ",'period':1,'periodUnit':'d'}}");
    } else {
        put(g, ",'asNeededBoolean':true");
    }
    put(g, "}]");
}

static void put_supply(struct gen *g, const struct drug *d, int64_t from, int64_t until,
                       int repeats_left)
{
    put(g, ",'dispenseRequest':{'validityPeriod':{'start':'");
    put_date(g, from);
    put(g, "','end':'");
    put_date(g, until);
    put(g, "'}");
    if (repeats_left) {
        put(g, ",'numberOfRepeatsAllowed':");
        put_number(g, (uint64_t)repeats_left);
    }
    put(g, ",'quantity':{'value':");
    put_number(g, (uint64_t)d->quantity);
    put(g, ",'unit':'");
    buf_add(&g->out, d->unit);
    put(g, "'},'expectedSupplyDuration':{'value':");
    put_number(g, (uint64_t)d->days);
    put(g, ",'unit':'day','system':'http://unitsofmeasure.org','code':'d'},'performer':");
    put_org(g, (uint32_t)(ORG_PHARMACY + g->p->pharmacy));
    put(g, "},'substitution':{'allowedBoolean':false}");
}

static void put_head(struct gen *g, text status, text intent)
{
    put(g, ",'status':'");
    buf_add(&g->out, status);
    put(g, "','intent':'");
    buf_add(&g->out, intent);
    put(g, "','category':[{'coding':[{'system':"
           "'http://terminology.hl7.org/CodeSystem/medicationrequest-category',"
           "'code':'community','display':'Community'}]}]");
}

static void put_therapy(struct gen *g, bool acute)
{
    put(g, ",'courseOfTherapyType':{'coding':[{'system':"
           "'http://terminology.hl7.org/CodeSystem/medicationrequest-course-of-therapy','code':'");
    put_literal(&g->out, acute ? T("acute','display':'Short course (acute) therapy'}]}")
                               : T("continuous','display':'Continuous long term therapy'}]}"));
}

void course_write(struct gen *g, const struct visit *v, enum course what, uint32_t condition)
{
    const struct drug *d = &courses[what];
    bool over = v->day + d->days <= g->p->end;
    res_begin(g, SYNTH_MedicationRequest, T("MedicationRequest"));
    put_head(g, over ? T("completed") : g->p->dead ? T("stopped") : T("active"), T("order"));
    put_medicine(g, d);
    put_subject(g);
    put_encounter(g, v->serial);
    put(g, ",'authoredOn':'");
    put_time(g, v->day, v->minute);
    put(g, "','requester':");
    put_staff(g, v->staff);
    if (condition) {
        put(g, ",'reasonReference':[");
        put_own(g, SYNTH_Condition, condition);
        put(g, "]");
    }
    put_therapy(g, true);
    put_dosage(g, d);
    put_supply(g, d, v->day, v->day + 28, 0);
    res_end(g);
}

struct supply {
    const struct repeat *r;
    int64_t from;
    int64_t until; /* of the year's authorisation */
    bool last;
};

static void put_reason(struct gen *g, const struct repeat *r)
{
    uint32_t condition = g->p->serial_of[r->condition];
    if (condition) {
        put(g, ",'reasonReference':[");
        put_own(g, SYNTH_Condition, condition);
        put(g, "]");
    }
}

static uint32_t authorise(struct gen *g, const struct supply *s)
{
    const struct drug *d = &s->r->drug;
    int issues = 364 / d->days;
    uint32_t serial = res_begin(g, SYNTH_MedicationRequest, T("MedicationRequest"));
    put(g, ",'extension':[{'url':'https://fhir.hl7.org.uk/StructureDefinition/"
           "Extension-UKCore-MedicationRepeatInformation','extension':[{'url':"
           "'numberOfPrescriptionsIssued','valueUnsignedInt':");
    put_number(g, (uint64_t)((s->until - s->from) / d->days));
    put(g, "},{'url':'authorisationExpiryDate','valueDateTime':'");
    put_date(g, s->from + 365);
    put(g, "'}]}]");
    put_head(g, !s->last ? T("completed") : g->p->dead ? T("stopped") : T("active"), T("plan"));
    put_medicine(g, d);
    put_subject(g);
    put(g, ",'authoredOn':'");
    put_time(g, s->from, 9 * 60 + 30);
    put(g, "','requester':");
    put_staff(g, g->p->gp);
    put_reason(g, s->r);
    put_therapy(g, false);
    put_dosage(g, d);
    put_supply(g, d, s->from, s->from + 365, issues > 1 ? issues - 1 : 1);
    res_end(g);
    return serial;
}

static void issue(struct gen *g, const struct supply *s, uint32_t plan, int64_t day)
{
    const struct drug *d = &s->r->drug;
    bool over = day + d->days <= g->p->end;
    res_begin(g, SYNTH_MedicationRequest, T("MedicationRequest"));
    put(g, ",'basedOn':[");
    put_own(g, SYNTH_MedicationRequest, plan);
    put(g, "]");
    put_head(g, over ? T("completed") : g->p->dead ? T("stopped") : T("active"), T("order"));
    put_medicine(g, d);
    put_subject(g);
    put(g, ",'authoredOn':'");
    put_time(g, day, 9 * 60 + 30);
    put(g, "','requester':");
    put_staff(g, g->p->gp);
    put_reason(g, s->r);
    put_therapy(g, false);
    put_dosage(g, d);
    put_supply(g, d, day, day + 28, 0);
    res_end(g);
}

/* Each year's authorisation; single issues only for lately, further back for the frail. */
void repeats_write(struct gen *g)
{
    const struct person *p = g->p;
    static const int64_t issued_for[] = {60, 90, 270, 560};
    int64_t issues_from = p->end - issued_for[p->frailty];
    for (size_t i = 0; i < REPEATS; i++) {
        if (!takes(p, i)) {
            continue;
        }
        const struct repeat *r = &repeats[i];
        int64_t day = p->onset[r->condition] + r->after;
        day = day < p->start ? p->start + (int64_t)(i % 28) : day;
        for (; day <= p->end; day += 365) {
            struct supply s = {r, day, day + 365 > p->end ? p->end : day + 365, day + 365 > p->end};
            uint32_t plan = authorise(g, &s);
            for (int64_t at = day; at < s.until; at += r->drug.days) {
                if (at >= issues_from) {
                    issue(g, &s, plan, at);
                }
            }
        }
    }
}

void medicines_describe(const struct person *p, int64_t day, struct buf *to)
{
    for (size_t i = 0; i < REPEATS; i++) {
        const struct repeat *r = &repeats[i];
        if (p->onset[r->condition] != NOT_HAD && p->onset[r->condition] + r->after <= day &&
            takes(p, i)) {
            buf_add(to, T("- "));
            buf_add(to, r->drug.name);
            buf_add(to, T(": "));
            buf_add(to, r->drug.dose);
            buf_add(to, T("\n"));
        }
    }
}

int medicines_on(const struct person *p, int64_t day)
{
    int n = 0;
    for (size_t i = 0; i < REPEATS; i++) {
        const struct repeat *r = &repeats[i];
        n += p->onset[r->condition] != NOT_HAD && p->onset[r->condition] + r->after <= day &&
             takes(p, i);
    }
    return n;
}
