/* Adult social care, flags, care plans and the teams around a person. */
#ifndef KITH_SYNTH_SOCIALCARE_H
#define KITH_SYNTH_SOCIALCARE_H

#include "synth/events.h"

void flags_write(struct gen *g);
/* Assessments, plan, goals, team and package of those who have social care. */
void social_care_write(struct gen *g);
/* The annual plan of somebody with long-term conditions. */
void clinical_plan_write(struct gen *g, const struct visit *v);
/* District nursing of the very frail. */
void community_nursing_write(struct gen *g);

#endif
