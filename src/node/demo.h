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
 * log. Accounts whose people are not in the store are left out. `patient`: NHS number of whom it is
 * about; empty: somebody fitting is chosen. ERR_FORBIDDEN: somebody real may be
 * here: an account that is not of the demonstration, or a patient whose NHS number may be in use.
 */
int demo_open(struct world *world, struct identity *identity, const struct rest *rest, text patient,
              struct err *e);

/*
 * The other nodes of the demonstration, as tools/demo-locality has them in `folder`: nodes.json is
 * what it says of them, and ODS.want (the word run or stop) is what it is asked for.
 */
struct demo_nodes {
    const char *folder;
    text self; /* ODS code of this node, which cannot stop itself */
    struct identity_demo face;
};
/* *ret stays where it is as long as the face is used. */
void demo_nodes_open(const char *folder, text self, struct demo_nodes *ret);

#endif
