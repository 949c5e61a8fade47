/* Long-term conditions: who gets which, when, and the Condition resources. */
#ifndef KITH_SYNTH_CONDITIONS_H
#define KITH_SYNTH_CONDITIONS_H

#include "synth/person.h"

/*
 * X(name, code, display, youngest age at onset, permille of people aged 10, 30, 50, 70 and 90,
 *   percent for women, percent for men, percent more per decile of deprivation below the tenth,
 *   specialty that sees it, or -1)
 * What makes others likelier stands before them.
 */
#define CONDITION_TABLE(X)                                                                         \
    X(OBESITY, "414916001", "Obesity", 6, 40, 190, 280, 270, 110, 100, 95, 5, -1)                  \
    X(LEARNING_DISABILITY, "110359009", "Intellectual disability", 1, 12, 10, 8, 5, 2, 75, 125, 3, \
      -1)                                                                                          \
    X(AUTISM, "408856003", "Autistic disorder", 3, 22, 14, 6, 1, 0, 50, 150, 1, SPEC_PAEDIATRICS)  \
    X(ADHD, "406506008", "Attention deficit hyperactivity disorder", 5, 35, 28, 10, 0, 0, 60, 140, \
      3, SPEC_PSYCHIATRY)                                                                          \
    X(EPILEPSY, "84757009", "Epilepsy", 1, 6, 9, 11, 13, 13, 95, 105, 4, SPEC_NEUROLOGY)           \
    X(ASTHMA, "195967001", "Asthma", 3, 90, 100, 105, 110, 85, 108, 92, 3, SPEC_RESPIRATORY)       \
    X(ECZEMA, "43116000", "Eczema", 1, 130, 70, 50, 60, 70, 105, 95, 0, SPEC_DERMATOLOGY)          \
    X(HAY_FEVER, "21719001", "Allergic rhinitis caused by pollen", 5, 90, 150, 110, 60, 20, 100,   \
      100, 0, -1)                                                                                  \
    X(PSORIASIS, "9014002", "Psoriasis", 10, 5, 20, 32, 38, 25, 100, 100, 1, SPEC_DERMATOLOGY)     \
    X(TYPE_1_DIABETES, "46635009", "Type 1 diabetes mellitus", 3, 4, 6, 6, 4, 1, 90, 110, 0,       \
      SPEC_DIABETES)                                                                               \
    X(COELIAC, "396331005", "Coeliac disease", 2, 4, 8, 11, 9, 5, 140, 60, 0, SPEC_GASTRO)         \
    X(MIGRAINE, "37796009", "Migraine", 9, 40, 130, 120, 50, 15, 145, 55, 1, -1)                   \
    X(DEPRESSION, "35489007", "Depressive disorder", 13, 6, 135, 165, 120, 95, 130, 70, 6, -1)     \
    X(ANXIETY, "197480006", "Anxiety disorder", 9, 20, 120, 110, 75, 45, 130, 70, 5, -1)           \
    X(SCHIZOPHRENIA, "58214004", "Schizophrenia", 17, 0, 7, 9, 6, 3, 80, 120, 12, SPEC_PSYCHIATRY) \
    X(BIPOLAR, "13746004", "Bipolar disorder", 17, 0, 6, 8, 6, 2, 105, 95, 5, SPEC_PSYCHIATRY)     \
    X(HYPOTHYROIDISM, "40930008", "Hypothyroidism", 16, 2, 20, 50, 95, 125, 165, 35, 0, -1)        \
    X(GORD, "235595009", "Gastroesophageal reflux disease", 18, 2, 40, 100, 150, 160, 105, 95, 3,  \
      -1)                                                                                          \
    X(IBS, "10743008", "Irritable bowel syndrome", 15, 4, 60, 70, 50, 30, 140, 60, 1, -1)          \
    X(COLITIS, "64766004", "Ulcerative colitis", 12, 1, 4, 6, 7, 5, 95, 105, 0, SPEC_GASTRO)       \
    X(CROHNS, "34000006", "Crohn's disease", 12, 1, 4, 4, 3, 2, 105, 95, 0, SPEC_GASTRO)           \
    X(MULTIPLE_SCLEROSIS, "24700007", "Multiple sclerosis", 20, 0, 2, 5, 4, 2, 145, 55, 0,         \
      SPEC_NEUROLOGY)                                                                              \
    X(RHEUMATOID_ARTHRITIS, "69896004", "Rheumatoid arthritis", 25, 0, 2, 11, 21, 20, 145, 55, 2,  \
      SPEC_RHEUMATOLOGY)                                                                           \
    X(HYPERTENSION, "38341003", "Hypertensive disorder", 25, 0, 22, 190, 520, 640, 95, 105, 3, -1) \
    X(HYPERLIPIDAEMIA, "55822004", "Hyperlipidemia", 25, 0, 15, 110, 210, 170, 95, 105, 1, -1)     \
    X(TYPE_2_DIABETES, "44054006", "Type 2 diabetes mellitus", 25, 0, 8, 70, 165, 150, 82, 118, 8, \
      -1)                                                                                          \
    X(RETINOPATHY, "4855003", "Retinopathy due to diabetes mellitus", 28, 0, 1, 4, 9, 7, 95, 105,  \
      4, SPEC_OPHTHALMOLOGY)                                                                       \
    X(GOUT, "90560007", "Gout", 30, 0, 5, 25, 65, 75, 35, 165, 2, -1)                              \
    X(ISCHAEMIC_HEART, "414545008", "Ischemic heart disease", 38, 0, 1, 28, 125, 190, 65, 135, 6,  \
      SPEC_CARDIOLOGY)                                                                             \
    X(INFARCTION, "22298006", "Myocardial infarction", 38, 0, 0, 7, 24, 35, 55, 145, 7,            \
      SPEC_CARDIOLOGY)                                                                             \
    X(ATRIAL_FIBRILLATION, "49436004", "Atrial fibrillation", 40, 0, 1, 10, 75, 190, 82, 118, 1,   \
      SPEC_CARDIOLOGY)                                                                             \
    X(HEART_FAILURE, "84114007", "Heart failure", 45, 0, 0, 5, 24, 85, 85, 115, 6,                 \
      SPEC_CARDIOLOGY)                                                                             \
    X(STROKE, "230690007", "Cerebrovascular accident", 40, 0, 1, 10, 48, 110, 92, 108, 5,          \
      SPEC_NEUROLOGY)                                                                              \
    X(CKD, "433144002", "Chronic kidney disease stage 3", 35, 0, 1, 18, 125, 330, 112, 88, 3,      \
      SPEC_RENAL)                                                                                  \
    X(COPD, "13645005", "Chronic obstructive lung disease", 38, 0, 0, 20, 75, 80, 95, 105, 14,     \
      SPEC_RESPIRATORY)                                                                            \
    X(OSTEOARTHRITIS, "396275006", "Osteoarthritis", 38, 0, 4, 95, 310, 430, 125, 75, 3,           \
      SPEC_ORTHOPAEDICS)                                                                           \
    X(OSTEOPOROSIS, "64859006", "Osteoporosis", 48, 0, 0, 14, 85, 200, 165, 35, 0,                 \
      SPEC_RHEUMATOLOGY)                                                                           \
    X(BREAST_CANCER, "254837009", "Malignant neoplasm of breast", 32, 0, 1, 22, 50, 60, 198, 2, 0, \
      SPEC_ONCOLOGY)                                                                               \
    X(PROSTATE_CANCER, "399068003", "Malignant tumour of prostate", 48, 0, 0, 5, 55, 80, 0, 200,   \
      0, SPEC_ONCOLOGY)                                                                            \
    X(COLON_CANCER, "363406005", "Malignant tumour of colon", 40, 0, 0, 4, 17, 28, 85, 115, 1,     \
      SPEC_ONCOLOGY)                                                                               \
    X(LUNG_CANCER, "363358000", "Malignant tumour of lung", 48, 0, 0, 2, 9, 11, 92, 108, 12,       \
      SPEC_ONCOLOGY)                                                                               \
    X(PARKINSONS, "49049000", "Parkinson's disease", 50, 0, 0, 1, 11, 28, 75, 125, 0,              \
      SPEC_NEUROLOGY)                                                                              \
    X(CATARACT, "193570009", "Cataract", 50, 0, 0, 12, 110, 280, 110, 90, 1, SPEC_OPHTHALMOLOGY)   \
    X(GLAUCOMA, "23986001", "Glaucoma", 42, 0, 0, 8, 38, 75, 100, 100, 0, SPEC_OPHTHALMOLOGY)      \
    X(HEARING_LOSS, "15188001", "Hearing loss", 40, 0, 4, 30, 150, 350, 88, 112, 1, SPEC_ENT)      \
    X(ANAEMIA, "87522002", "Iron deficiency anaemia", 14, 4, 30, 38, 40, 75, 155, 45, 2, -1)       \
    X(PROSTATE_ENLARGED, "266569009", "Benign prostatic hyperplasia", 48, 0, 0, 18, 110, 180, 0,   \
      200, 0, SPEC_SURGERY)                                                                        \
    X(LOW_BACK_PAIN, "279039007", "Low back pain", 18, 4, 90, 150, 140, 110, 105, 95, 5, -1)       \
    X(DEMENTIA, "52448006", "Dementia", 62, 0, 0, 0, 32, 230, 112, 88, 2, SPEC_GERIATRICS)

enum condition {
#define CONDITION_ENUM(name, ...) COND_##name,
    CONDITION_TABLE(CONDITION_ENUM)
#undef CONDITION_ENUM
        COND_COUNT
};

struct condition_row {
    struct concept concept;
    int youngest;
    int permille[5];
    int women;
    int men;
    int poverty;
    int specialty;
};

extern const struct condition_row condition_rows[COND_COUNT];

/* Decides p->onset, p->frailty, p->social_care and p->is_carer. */
void conditions_make(struct gen *g, struct person *p);
/* How many long-term conditions they had on that day. */
int conditions_on(const struct person *p, int64_t day);

/* Writes the Condition of a long-term condition; encounter 0: none. */
void condition_write(struct gen *g, struct person *p, int condition, uint32_t encounter, int staff);
/* A passing illness: resolved `days` later. Returns the serial. */
uint32_t illness_write(struct gen *g, const struct concept *what, int64_t day, int days,
                       uint32_t encounter, int staff);
void allergies_write(struct gen *g);

#endif
