#include "synth/observations.h"

#include "synth/conditions.h"

#define NONE INT32_MIN
#define U(literal) {literal, sizeof(literal) - 1}
#define VITAL_PROFILE(tail) U("Observation-VitalSigns-" tail)

enum kind { KIND_VITAL, KIND_LAB, KIND_SURVEY, KIND_SOCIAL, KIND_EXAM, KIND_PROCEDURE };

static const struct measure_row {
    struct concept code;
    struct concept other; /* the same in the second code system; text only: none */
    text unit;            /* of vital signs: the words that UK Core fixes, with the word of UCUM */
    text ucum;
    text profile;
    int digits;
    int32_t low;
    int32_t high;
    enum kind kind;
} rows[MEASURE_COUNT] = {
    [M_WEIGHT] = {LOINC("29463-7", "Body weight"), SNOMED("27113001", "Body weight"), U("kilogram"),
                  U("kg"), VITAL_PROFILE("BodyWeight"), 1, NONE, NONE, KIND_VITAL},
    [M_HEIGHT] = {LOINC("8302-2", "Body height"), SNOMED("50373000", "Body height measure"),
                  U("cm"), U("cm"), VITAL_PROFILE("BodyHeight"), 1, NONE, NONE, KIND_VITAL},
    [M_BMI] = {LOINC("39156-5", "Body mass index (BMI) [Ratio]"),
               SNOMED("60621009", "Body mass index"), U("kg/m2"), U("kg/m2"), VITAL_PROFILE("BMI"),
               1, 185, 249, KIND_VITAL},
    [M_PULSE] = {LOINC("8867-4", "Heart rate"), SNOMED("364075005", "Heart rate"), U("per minute"),
                 U("/min"), VITAL_PROFILE("HeartRate"), 0, 51, 90, KIND_VITAL},
    [M_TEMPERATURE] = {LOINC("8310-5", "Body temperature"), SNOMED("386725007", "Body temperature"),
                       U("degree Celsius"), U("Cel"), VITAL_PROFILE("BodyTemperature"), 1, 361, 380,
                       KIND_VITAL},
    [M_RESPIRATION] = {LOINC("9279-1", "Respiratory rate"), SNOMED("86290005", "Respiratory rate"),
                       U("per minute"), U("/min"), VITAL_PROFILE("RespirationRate"), 0, 12, 20,
                       KIND_VITAL},
    [M_SATURATION] = {LOINC("2708-6", "Oxygen saturation in Arterial blood"),
                      SNOMED("103228002", "Hemoglobin saturation with oxygen"), U("percent"),
                      U("%"), VITAL_PROFILE("OxygenSaturation"), 0, 96, 100, KIND_VITAL},
    [M_HBA1C] = {LOINC("59261-8", "Hemoglobin A1c/Hemoglobin.total in Blood by IFCC protocol"),
                 SNOMED("999791000000106",
                        "Haemoglobin A1c level - International Federation of Clinical Chemistry "
                        "and Laboratory Medicine standardised"),
                 U("mmol/mol"), U("mmol/mol"), U("Observation-Lab"), 0, 20, 41, KIND_LAB},
    [M_CREATININE] = {LOINC("14682-9", "Creatinine [Moles/volume] in Serum or Plasma"),
                      SNOMED("1000731000000107", "Serum creatinine level"), U("umol/L"),
                      U("umol/L"), U("Observation-Lab"), 0, 49, 104, KIND_LAB},
    [M_EGFR] = {LOINC("62238-1",
                      "Glomerular filtration rate/1.73 sq M.predicted [Volume Rate/Area] in Serum, "
                      "Plasma or Blood by Creatinine-based formula (CKD-EPI)"),
                WORDS(""), U("mL/min/1.73m2"), U("mL/min/{1.73_m2}"), U("Observation-Lab"), 0, 90,
                NONE, KIND_LAB},
    [M_SODIUM] = {LOINC("2951-2", "Sodium [Moles/volume] in Serum or Plasma"),
                  SNOMED("1000661000000107", "Serum sodium level"), U("mmol/L"), U("mmol/L"),
                  U("Observation-Lab"), 0, 133, 146, KIND_LAB},
    [M_POTASSIUM] = {LOINC("2823-3", "Potassium [Moles/volume] in Serum or Plasma"),
                     SNOMED("1000651000000109", "Serum potassium level"), U("mmol/L"), U("mmol/L"),
                     U("Observation-Lab"), 1, 35, 53, KIND_LAB},
    [M_UREA] = {LOINC("22664-7", "Urea [Moles/volume] in Serum or Plasma"), WORDS(""), U("mmol/L"),
                U("mmol/L"), U("Observation-Lab"), 1, 25, 78, KIND_LAB},
    [M_CHOLESTEROL] = {LOINC("14647-2", "Cholesterol [Moles/volume] in Serum or Plasma"), WORDS(""),
                       U("mmol/L"), U("mmol/L"), U("Observation-Lab"), 1, NONE, 50, KIND_LAB},
    [M_HDL] = {LOINC("14646-4", "Cholesterol in HDL [Moles/volume] in Serum or Plasma"), WORDS(""),
               U("mmol/L"), U("mmol/L"), U("Observation-Lab"), 2, 100, NONE, KIND_LAB},
    [M_LDL] = {LOINC("22748-8", "Cholesterol in LDL [Moles/volume] in Serum or Plasma"), WORDS(""),
               U("mmol/L"), U("mmol/L"), U("Observation-Lab"), 2, NONE, 300, KIND_LAB},
    [M_TRIGLYCERIDES] = {LOINC("14927-8", "Triglyceride [Moles/volume] in Serum or Plasma"),
                         WORDS(""), U("mmol/L"), U("mmol/L"), U("Observation-Lab"), 2, NONE, 170,
                         KIND_LAB},
    [M_HAEMOGLOBIN] = {LOINC("718-7", "Hemoglobin [Mass/volume] in Blood"),
                       SNOMED("1022431000000105", "Haemoglobin estimation"), U("g/L"), U("g/L"),
                       U("Observation-Lab"), 0, 115, 175, KIND_LAB},
    [M_WHITE_CELLS] = {LOINC("6690-2", "Leukocytes [#/volume] in Blood by Automated count"),
                       WORDS(""), U("10*9/L"), U("10*9/L"), U("Observation-Lab"), 1, 40, 110,
                       KIND_LAB},
    [M_PLATELETS] = {LOINC("777-3", "Platelets [#/volume] in Blood by Automated count"), WORDS(""),
                     U("10*9/L"), U("10*9/L"), U("Observation-Lab"), 0, 150, 400, KIND_LAB},
    [M_CELL_VOLUME] = {LOINC("787-2", "MCV [Entitic volume] by Automated count"), WORDS(""),
                       U("fL"), U("fL"), U("Observation-Lab"), 1, 800, 1000, KIND_LAB},
    [M_TSH] = {LOINC("3016-3", "Thyrotropin [Units/volume] in Serum or Plasma"), WORDS(""),
               U("mIU/L"), U("m[IU]/L"), U("Observation-Lab"), 2, 27, 420, KIND_LAB},
    [M_FREE_T4] = {LOINC("14920-3", "Thyroxine (T4) free [Moles/volume] in Serum or Plasma"),
                   WORDS(""), U("pmol/L"), U("pmol/L"), U("Observation-Lab"), 1, 120, 220,
                   KIND_LAB},
    [M_ALT] = {LOINC("1742-6",
                     "Alanine aminotransferase [Enzymatic activity/volume] in Serum or Plasma"),
               WORDS(""), U("U/L"), U("U/L"), U("Observation-Lab"), 0, 5, 50, KIND_LAB},
    [M_ALP] = {LOINC("6768-6",
                     "Alkaline phosphatase [Enzymatic activity/volume] in Serum or Plasma"),
               WORDS(""), U("U/L"), U("U/L"), U("Observation-Lab"), 0, 30, 130, KIND_LAB},
    [M_BILIRUBIN] = {LOINC("14631-6", "Bilirubin.total [Moles/volume] in Serum or Plasma"),
                     WORDS(""), U("umol/L"), U("umol/L"), U("Observation-Lab"), 0, NONE, 21,
                     KIND_LAB},
    [M_ALBUMIN] = {LOINC("1751-7", "Albumin [Mass/volume] in Serum or Plasma"), WORDS(""), U("g/L"),
                   U("g/L"), U("Observation-Lab"), 0, 35, 50, KIND_LAB},
    [M_CRP] = {LOINC("1988-5", "C reactive protein [Mass/volume] in Serum or Plasma"), WORDS(""),
               U("mg/L"), U("mg/L"), U("Observation-Lab"), 0, NONE, 5, KIND_LAB},
    [M_FERRITIN] = {LOINC("2276-4", "Ferritin [Mass/volume] in Serum or Plasma"), WORDS(""),
                    U("ug/L"), U("ug/L"), U("Observation-Lab"), 0, 15, 300, KIND_LAB},
    [M_ALBUMIN_CREATININE] = {LOINC("32294-1", "Albumin/Creatinine [Ratio] in Urine"), WORDS(""),
                              U("mg/mmol"), U("mg/mmol"), U("Observation-Lab"), 1, NONE, 30,
                              KIND_LAB},
    [M_PSA] = {LOINC("2857-1", "Prostate specific Ag [Mass/volume] in Serum or Plasma"), WORDS(""),
               U("ug/L"), U("ug/L"), U("Observation-Lab"), 2, NONE, 400, KIND_LAB},
    [M_FEV1] = {LOINC("20150-9", "FEV1"), SNOMED("59328004", "Forced expired volume in 1 second"),
                U("L"), U("L"), U("Observation"), 2, NONE, NONE, KIND_PROCEDURE},
    [M_FVC] = {SNOMED("50834005", "Forced vital capacity"), WORDS(""), U("L"), U("L"),
               U("Observation"), 2, NONE, NONE, KIND_PROCEDURE},
    [M_PEAK_FLOW] = {SNOMED("18491006", "Peak expiratory flow rate"), WORDS(""), U("L/min"),
                     U("L/min"), U("Observation"), 0, NONE, NONE, KIND_EXAM},
    [M_PHQ9] = {LOINC("44261-6",
                      "Patient Health Questionnaire 9 item (PHQ-9) total score [Reported]"),
                SNOMED("720433000", "Patient Health Questionnaire Nine Item score"), U("{score}"),
                U("{score}"), U("Observation"), 0, NONE, 4, KIND_SURVEY},
    [M_GAD7] = {LOINC("70274-6",
                      "Generalized anxiety disorder 7 item (GAD-7) total score [Reported.PHQ]"),
                SNOMED("445455005", "Generalized Anxiety Disorder 7 item score"), U("{score}"),
                U("{score}"), U("Observation"), 0, NONE, 4, KIND_SURVEY},
    [M_QRISK] = {WORDS("QRISK3 cardiovascular disease 10 year risk score"), WORDS(""), U("%"),
                 U("%"), U("Observation"), 1, NONE, 100, KIND_SURVEY},
    [M_MMSE] = {SNOMED("447316007", "Mini-mental state examination score"), WORDS(""), U("{score}"),
                U("{score}"), U("Observation"), 0, 25, 30, KIND_SURVEY},
    [M_ALCOHOL] = {WORDS("Alcohol units consumed per week"), WORDS(""), U("units/week"),
                   U("{unit}/wk"), U("Observation"), 0, NONE, 14, KIND_SOCIAL},
    [M_NEWS2] = {SNOMED("1104051000000101",
                        "Royal College of Physicians NEWS2 (National Early Warning Score 2) total "
                        "score"),
                 WORDS(""), U("{ScoreOf}"), U("{ScoreOf}"), U("Observation-EarlyWarningTotalScore"),
                 0, NONE, NONE, KIND_SURVEY},
    [M_CLINICAL_FRAILTY] = {WORDS("Clinical Frailty Scale"), WORDS(""), U("{score}"), U("{score}"),
                            U("Observation"), 0, NONE, 4, KIND_SURVEY},
};

static void put_category(struct gen *g, enum kind kind)
{
    static const char *const codes[] = {"vital-signs",    "laboratory", "survey",
                                        "social-history", "exam",       "procedure"};
    put(g, ",'status':'final','category':[{'coding':[{'system':"
           "'http://terminology.hl7.org/CodeSystem/observation-category','code':'");
    buf_add(&g->out, text_of(codes[kind]));
    put(g, "'}]}],'code':");
}

/* Who, when, where; behind the code. */
static void put_circumstances(struct gen *g, const struct visit *v, bool laboratory)
{
    put_subject(g);
    put_encounter(g, v->serial);
    put(g, ",'effectiveDateTime':'");
    put_time(g, v->day, v->minute);
    if (laboratory && v->day < g->p->end) {
        put(g, "','issued':'");
        put_time(g, v->day + 1, 10 * 60 + v->minute % 60);
    }
    put(g, "','performer':[");
    if (laboratory) {
        put_org(g, ORG_TRUST);
    } else {
        put_staff(g, v->staff);
    }
    put(g, "]");
}

static void put_quantity(struct gen *g, const struct measure_row *row, int64_t value)
{
    put(g, "{'value':");
    put_decimal(g, value, row->digits);
    put(g, ",'unit':'");
    buf_add(&g->out, row->unit);
    put(g, "','system':'http://unitsofmeasure.org','code':'");
    buf_add(&g->out, row->ucum);
    put(g, "'}");
}

static void put_interpretation(struct gen *g, text code, text display)
{
    put(g, ",'interpretation':[{'coding':[{'system':"
           "'http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation','code':'");
    buf_add(&g->out, code);
    put(g, "','display':'");
    buf_add(&g->out, display);
    put(g, "'}]}]");
}

static void put_range(struct gen *g, const struct measure_row *row, int64_t value)
{
    if (row->low == NONE && row->high == NONE) {
        return;
    }
    if (row->low != NONE && value < row->low) {
        put_interpretation(g, T("L"), T("Low"));
    } else if (row->high != NONE && value > row->high) {
        put_interpretation(g, T("H"), T("High"));
    } else {
        put_interpretation(g, T("N"), T("Normal"));
    }
    put(g, ",'referenceRange':[{");
    if (row->low != NONE) {
        put(g, "'low':");
        put_quantity(g, row, row->low);
    }
    if (row->high != NONE) {
        put_literal(&g->out, row->low != NONE ? T(",'high':") : T("'high':"));
        put_quantity(g, row, row->high);
    }
    put(g, "}]");
}

uint32_t observe(struct gen *g, const struct visit *v, enum measure what, int64_t value)
{
    const struct measure_row *row = &rows[what];
    uint32_t serial = res_begin(g, SYNTH_Observation, row->profile);
    put_category(g, row->kind);
    put_concepts(g, &row->code, &row->other);
    put_circumstances(g, v, row->kind == KIND_LAB);
    put(g, ",'valueQuantity':");
    put_quantity(g, row, value);
    put_range(g, row, value);
    res_end(g);
    return serial;
}

static void put_component(struct gen *g, const struct concept *loinc, const struct concept *snomed,
                          int64_t value)
{
    put(g, "{'code':");
    put_concepts(g, loinc, snomed);
    put(g, ",'valueQuantity':{'value':");
    put_decimal(g, value, 0);
    put(g,
        ",'unit':'millimeter of mercury','system':'http://unitsofmeasure.org','code':'mm[Hg]'}}");
}

void observe_pressure(struct gen *g, const struct visit *v)
{
    static const struct concept code[2] = {
        LOINC("85354-9", "Blood pressure panel with all children optional"),
        SNOMED("75367002", "Blood pressure")};
    static const struct concept upper[2] = {LOINC("8480-6", "Systolic blood pressure"),
                                            SNOMED("72313002", "Systolic arterial pressure")};
    static const struct concept lower[2] = {
        LOINC("8462-4", "Diastolic blood pressure"),
        SNOMED("1091811000000102", "Diastolic arterial pressure")};
    const struct person *p = g->p;
    int64_t systolic = p->systolic + (age_on(p, v->day) - 40) / 3 + noise(g, 7);
    if (age_on(p, v->day) < 16) {
        systolic = 92 + age_on(p, v->day) + noise(g, 5);
    } else if (has(p, COND_HYPERTENSION, v->day)) {
        int64_t months = (v->day - p->onset[COND_HYPERTENSION]) / 30; /* treatment takes a year */
        systolic += months < 12 ? 26 - months : 12 + p->drift / 20;
    }
    int64_t diastolic = systolic * 57 / 100 + 4 + noise(g, 4);
    res_begin(g, SYNTH_Observation, T("Observation-VitalSigns-BloodPressure"));
    put_category(g, KIND_VITAL);
    put_concepts(g, &code[0], &code[1]);
    put_circumstances(g, v, false);
    if (systolic >= 140 || diastolic >= 90) {
        put_interpretation(g, T("H"), T("High"));
    }
    put(g, ",'component':[");
    put_component(g, &upper[0], &upper[1], systolic);
    put(g, ",");
    put_component(g, &lower[0], &lower[1], diastolic);
    put(g, "]");
    res_end(g);
}

void observe_smoking(struct gen *g, const struct visit *v)
{
    static const struct concept code[2] = {LOINC("72166-2", "Tobacco smoking status"), WORDS("")};
    static const struct concept values[3] = {SNOMED("266919005", "Never smoked tobacco"),
                                             SNOMED("8517006", "Ex-smoker"),
                                             SNOMED("77176002", "Smoker")};
    res_begin(g, SYNTH_Observation, T("Observation"));
    put_category(g, KIND_SOCIAL);
    put_concepts(g, &code[0], &code[1]);
    put_circumstances(g, v, false);
    put(g, ",'valueCodeableConcept':");
    put_concept(g, &values[g->p->smoking]);
    res_end(g);
}

void observe_body(struct gen *g, const struct visit *v)
{
    int64_t height = measure_on(g, M_HEIGHT, v->day);
    int64_t bmi = measure_on(g, M_BMI, v->day);
    int64_t weight = bmi * height * height / 1000000; /* tenths of a kg, height in mm */
    if (age_on(g->p, v->day) < 20 || chance(g, 250)) {
        observe(g, v, M_HEIGHT, height);
    }
    observe(g, v, M_WEIGHT, weight);
    if (age_on(g->p, v->day) >= 2) {
        observe(g, v, M_BMI, bmi);
    }
}

void observe_ward(struct gen *g, const struct visit *v, int illness)
{
    observe(g, v, M_PULSE, 72 + illness * 9 + noise(g, 8));
    observe(g, v, M_TEMPERATURE, 367 + illness * 4 + noise(g, 4));
    observe(g, v, M_RESPIRATION, 14 + illness * 2 + noise(g, 2));
    int64_t saturation = 98 - illness * 2 - (has(g->p, COND_COPD, v->day) ? 3 : 0) - noise(g, 1);
    observe(g, v, M_SATURATION, saturation > 100 ? 100 : saturation);
}

void observe_lungs(struct gen *g, const struct visit *v, bool spirometry)
{
    if (!spirometry) {
        observe(g, v, M_PEAK_FLOW, measure_on(g, M_PEAK_FLOW, v->day));
        return;
    }
    int64_t volume = measure_on(g, M_FVC, v->day);
    int64_t ratio =
        has(g->p, COND_COPD, v->day) ? 58 - (v->day - g->p->onset[COND_COPD]) / 730 : 79;
    observe(g, v, M_FEV1, volume * (ratio + noise(g, 2)) / 100);
    observe(g, v, M_FVC, volume);
}
