/* Letters as plain text. */
#ifndef KITH_SYNTH_DOCUMENTS_H
#define KITH_SYNTH_DOCUMENTS_H

#include "synth/events.h"

void clinic_letter(struct gen *g, const struct visit *v, const struct concept *about);
void discharge_letter(struct gen *g, const struct visit *v, const struct concept *about,
                      const struct concept *done);
void care_letter(struct gen *g, const struct visit *v, int64_t hours10);

#endif
