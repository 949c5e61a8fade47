/*
 * The demonstration (`kith serve --demo`): accounts that one click enters, and the story that they
 * are part of. Everything is looked up in the store, which is to hold the synthetic population
 * (synth/synth.h): the practice that runs the node, its staff, the hospital, the council, and one
 * patient with something that is to be shared with care.
 */
#ifndef KITH_NODE_DEMO_H
#define KITH_NODE_DEMO_H

#include "node/world.h"
#include "rest/rest.h"

/*
 * Writes the story once and makes the accounts that are missing, each with an entry in the access
 * log. Accounts whose people are not in the store are left out. ERR_FORBIDDEN: somebody real may be
 * here: an account that is not of the demonstration, or a patient whose NHS number may be in use.
 */
int demo_open(struct world *world, struct identity *identity, const struct rest *rest,
              struct err *e);

#endif
