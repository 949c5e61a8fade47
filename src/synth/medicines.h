/* Prescriptions: repeat ones that follow the conditions, and short courses. */
#ifndef KITH_SYNTH_MEDICINES_H
#define KITH_SYNTH_MEDICINES_H

#include "synth/events.h"

enum course {
    COURSE_AMOXICILLIN,
    COURSE_NITROFURANTOIN,
    COURSE_FLUCLOXACILLIN,
    COURSE_DOXYCYCLINE,
    COURSE_PREDNISOLONE,
    COURSE_IBUPROFEN,
    COURSE_PARACETAMOL,
    COURSE_CODEINE,
    COURSE_COUNT
};

void course_write(struct gen *g, const struct visit *v, enum course what, uint32_t condition);
/* All repeat prescriptions of a life. */
void repeats_write(struct gen *g);
/* The medicines of a day in words for a letter: one a line. */
void medicines_describe(const struct person *p, int64_t day, struct buf *to);
int medicines_on(const struct person *p, int64_t day);

#endif
