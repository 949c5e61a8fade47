/*
 * Inside node/: how a locality is, as `kith locality list --json` and the page of administrators
 * and privacy officers show it. docs/locality.md, "In the node".
 */
#ifndef KITH_NODE_LOCALITY_STATE_H
#define KITH_NODE_LOCALITY_STATE_H

#include "locality/locality.h"
#include "node/locality_world.h"

enum { LOCALITY_ALARMS_SHOWN = 50 };

struct locality_state {
    const struct loc_world *world;
    struct trust *trust;
    struct witness *witness;
    struct asking *asking; /* NULL: the command line, which knows nobody to be away */
};

/*
 * JSON: {"name","number","quorum","from","until","self","members":[{"ods","kind","name","url",
 * "keys","away","witness":{"entries","since"}}],"removed","allies","proposals","alarms"}, without a
 * directory in force {"none": why, ...}. `witness`: how many entries of the own log that member has
 * not cosigned yet, and when it last did ("" never); not of this node itself.
 */
int locality_state_print(const struct locality_state *of, struct arena *a, struct buf *out,
                         struct err *e);

#endif
