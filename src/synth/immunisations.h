/* The routine schedule, and the yearly vaccines. */
#ifndef KITH_SYNTH_IMMUNISATIONS_H
#define KITH_SYNTH_IMMUNISATIONS_H

#include "synth/person.h"

void immunisations_write(struct gen *g);

#endif
