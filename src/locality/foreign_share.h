/*
 * Servers of another make behind this node, for other members: what a member asks this node for has
 * their entries, too, beside the own ones. docs/locality.md, F6.
 */
#ifndef KITH_LOCALITY_FOREIGN_SHARE_H
#define KITH_LOCALITY_FOREIGN_SHARE_H

#include "locality/ask.h"

/* The asker's deadline is not known here: what a joined record has by default, less what the home
 * may need to name the places (PLACES_MS), less the way. */
enum { FOREIGN_SHARE_MS = 700 };

struct foreigns; /* locality/foreign.h */
struct foreign_share;
struct foreign_share_ask {
    const struct loc_world *world;
    struct foreigns *foreigns;  /* NULL: there are none */
    const struct admission *ad; /* who asks, as the own policy has decided */
    text path;                  /* as it was asked for, with "{patient}" */
    text url;                   /* of the own member in the directory */
};

/*
 * Begins to ask them, beside whatever else is done. *ret NULL: there is none, or this is nothing
 * that they are asked for: only $everything, or a search of one type, and the first page of it.
 * `ask` is copied, what it points to is not. In the own log before anything is sent.
 */
int foreign_share_begin(const struct foreign_share_ask *ask, struct arena *a,
                        struct foreign_share **ret, struct err *e);

/*
 * Waits for them, and ends it, also after an error; in the own log before it returns. `own`: the
 * Bundle of the own record; empty: nothing is given. *ret_answer: the same with their entries
 * (meta.source and fullUrl at their server, tagged unwitnessed, about this node's patient), and at
 * its end an OperationOutcome that says of each server whether it gave all (joined_reading.behind).
 * ERR_TOO_LARGE: what would have to be said does not fit.
 */
int foreign_share_end(struct foreign_share *s, text own, text *ret_answer, struct err *e);

#endif
