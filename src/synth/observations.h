/* Measurements with their units, ranges and trends, and the reports that group them. */
#ifndef KITH_SYNTH_OBSERVATIONS_H
#define KITH_SYNTH_OBSERVATIONS_H

#include "synth/events.h"

enum measure {
    M_WEIGHT,
    M_HEIGHT,
    M_BMI,
    M_PULSE,
    M_TEMPERATURE,
    M_RESPIRATION,
    M_SATURATION,
    M_HBA1C,
    M_CREATININE,
    M_EGFR,
    M_SODIUM,
    M_POTASSIUM,
    M_UREA,
    M_CHOLESTEROL,
    M_HDL,
    M_LDL,
    M_TRIGLYCERIDES,
    M_HAEMOGLOBIN,
    M_WHITE_CELLS,
    M_PLATELETS,
    M_CELL_VOLUME,
    M_TSH,
    M_FREE_T4,
    M_ALT,
    M_ALP,
    M_BILIRUBIN,
    M_ALBUMIN,
    M_CRP,
    M_FERRITIN,
    M_ALBUMIN_CREATININE,
    M_PSA,
    M_FEV1,
    M_FVC,
    M_PEAK_FLOW,
    M_PHQ9,
    M_GAD7,
    M_QRISK,
    M_MMSE,
    M_ALCOHOL,
    M_NEWS2,
    M_CLINICAL_FRAILTY,
    MEASURE_COUNT
};

enum panel {
    PANEL_RENAL,
    PANEL_LIPIDS,
    PANEL_BLOOD_COUNT,
    PANEL_LIVER,
    PANEL_THYROID,
    PANEL_HBA1C,
    PANEL_INFLAMMATION,
    PANEL_PSA,
    PANEL_URINE,
    PANEL_COUNT
};

/* One observation; value in units of the measure's last digit. Returns its serial. */
uint32_t observe(struct gen *g, const struct visit *v, enum measure what, int64_t value);
/* The value that a person would have on that day. */
int64_t measure_on(struct gen *g, enum measure what, int64_t day);

void observe_pressure(struct gen *g, const struct visit *v);
/* Weight, BMI, and height now and then. */
void observe_body(struct gen *g, const struct visit *v);
void observe_smoking(struct gen *g, const struct visit *v);
/* Pulse, temperature, breathing, oxygen; how ill: 0 .. 3. */
void observe_ward(struct gen *g, const struct visit *v, int illness);
/* FEV1 and FVC, or peak flow. */
void observe_lungs(struct gen *g, const struct visit *v, bool spirometry);
/* Observations of the laboratory and the DiagnosticReport. */
void panel_write(struct gen *g, const struct visit *v, enum panel what);

#endif
