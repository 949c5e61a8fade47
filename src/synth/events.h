/* Contacts with services over the years: the thread on which everything else hangs. */
#ifndef KITH_SYNTH_EVENTS_H
#define KITH_SYNTH_EVENTS_H

#include "synth/person.h"

enum visit_kind {
    VISIT_SURGERY,
    VISIT_TELEPHONE,
    VISIT_NURSE,
    VISIT_HOME,
    VISIT_OUTPATIENT,
    VISIT_EMERGENCY,
    VISIT_ADMISSION,
    VISIT_PLANNED_ADMISSION,
    VISIT_COMMUNITY_NURSE,
    VISIT_MENTAL_HEALTH,
    VISIT_SOCIAL_CARE,
};

struct visit {
    uint32_t serial; /* of the Encounter; never 0 */
    enum visit_kind kind;
    int64_t day;
    int64_t last; /* the day of discharge; == day but for admissions */
    int minute;
    int staff;
    uint32_t org;
    int specialty; /* of hospital visits */
};

/* Writes the Encounter. specialty is used by hospital visits; nights by admissions; reason may be
 * NULL. The caller sees to it that the person lives. */
struct visit visit_write(struct gen *g, enum visit_kind kind, int64_t day, int specialty,
                         int nights, const struct concept *reason);

void procedure_write(struct gen *g, const struct visit *v, const struct concept *what,
                     uint32_t condition);
/* A referral by the practice; returns the serial of the ServiceRequest. */
uint32_t referral_write(struct gen *g, const struct visit *v, int specialty, uint32_t condition,
                        const struct concept *reason, bool urgent);
/* An appointment at a clinic, or at the practice for specialty -1; status is one of FHIR's. */
void appointment_write(struct gen *g, int64_t day, int minute, int specialty, uint32_t referral,
                       const char *status);

/* Hospital episodes and what comes of them, for one year of life that ends on `to`. */
void hospital_year(struct gen *g, int64_t from, int64_t to);

#endif
