/*
 * The invented locality: Aldermarsh and the villages around it, in Wexshire, postcode area WX
 * (which does not exist), ODS codes from Y90001 on (which are not in use).
 *
 * Everything shared has a fixed serial (see emit.h), so any record can refer to it.
 */
#ifndef KITH_SYNTH_PLACES_H
#define KITH_SYNTH_PLACES_H

#include "synth/emit.h"

enum {
    PRACTICE_COUNT = 10,
    PHARMACY_COUNT = 8,
    CARE_HOME_COUNT = 6,
    SPECIALTY_COUNT = 19,
    AREA_COUNT = 12,

    ORG_TRUST = 1,
    ORG_COMMUNITY = 2,
    ORG_COUNCIL = 3,
    ORG_PRACTICE = 10, /* + 0 .. PRACTICE_COUNT-1 */
    ORG_PHARMACY = 30,
    ORG_CARE_HOME = 50,
    LOCATION_OF_ORG = 100, /* + the organisation's serial */
    LOCATION_WARD = 200,   /* + a specialty */
    LOCATION_CLINIC = 230, /* + a specialty */
    SERVICE_SPECIALTY = 300,
    SERVICE_ADULT_CARE = 340,
    SERVICE_DISTRICT_NURSES = 341,
    PRACTITIONER = 400,      /* + an index of locality.staff */
    PRACTITIONER_ROLE = 700, /* + the same */
    QUESTIONNAIRE_CARE = 900,

    STAFF_PER_PRACTICE = 8, /* GPs first, then nurses, then a pharmacist */
    GPS_PER_PRACTICE = 5,
    STAFF_CONSULTANT = PRACTICE_COUNT * STAFF_PER_PRACTICE,        /* two a specialty */
    STAFF_DISTRICT_NURSE = STAFF_CONSULTANT + 2 * SPECIALTY_COUNT, /* 8 */
    STAFF_MENTAL_NURSE = STAFF_DISTRICT_NURSE + 8,                 /* 4 */
    STAFF_THERAPIST = STAFF_MENTAL_NURSE + 4,                      /* 4 */
    STAFF_SOCIAL_WORKER = STAFF_THERAPIST + 4,                     /* 8 */
    STAFF_PHARMACIST = STAFF_SOCIAL_WORKER + 8,                    /* one a pharmacy */
    STAFF_COUNT = STAFF_PHARMACIST + PHARMACY_COUNT,
};

enum specialty {
    SPEC_EMERGENCY,
    SPEC_MEDICINE,
    SPEC_GERIATRICS,
    SPEC_CARDIOLOGY,
    SPEC_RESPIRATORY,
    SPEC_DIABETES,
    SPEC_RENAL,
    SPEC_NEUROLOGY,
    SPEC_GASTRO,
    SPEC_RHEUMATOLOGY,
    SPEC_ONCOLOGY,
    SPEC_SURGERY,
    SPEC_ORTHOPAEDICS,
    SPEC_OPHTHALMOLOGY,
    SPEC_DERMATOLOGY,
    SPEC_ENT,
    SPEC_OBSTETRICS,
    SPEC_PAEDIATRICS,
    SPEC_PSYCHIATRY, /* of the community trust */
};

struct staff {
    char name[96]; /* "Dr Aoife Murphy" */
    char family[48];
    char given[48];
    bool female;
    const char *title;
    const char *job; /* code of UKCore-SDSJobRoleName */
    const char *job_name;
    uint32_t org;
    int specialty; /* -1: none */
};

struct area {
    const char *name; /* line 2 of an address */
    int district;     /* of the postcode: WX1 .. */
    int sector;
    int decile; /* of deprivation: 1 the most deprived, 10 the least */
    int practice[2];
};

struct locality {
    struct staff staff[STAFF_COUNT];
};

extern const struct area areas[AREA_COUNT];
extern const struct concept specialties[SPECIALTY_COUNT];
/* A specialty as a CodeableConcept, with the code of UK Core's practice settings; -1: general
 * practice. */
void put_specialty(struct gen *g, int specialty);

void locality_make(struct locality *l, uint64_t seed);
/* Writes the bundle of what all share into g->out. */
void locality_write(struct gen *g);

text org_name(uint32_t org);
text care_home_street(int home);
int care_home_area(int home);
/* {"reference":"Practitioner/...","display":...} */
void put_staff(struct gen *g, int staff);
/* {"reference":"Organization/...","display":...} */
void put_org(struct gen *g, uint32_t org);

#define CARE_QUESTIONNAIRE_URL "https://aldermarsh.example.org/fhir/Questionnaire/care-needs"
#define CARE_DOMAINS 10
extern const char *const care_domains[CARE_DOMAINS];

#endif
