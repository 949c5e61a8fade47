/*
 * FHIR servers of another make behind this node: read as a SMART backend service, for the joined
 * record alone. docs/locality.md, "Not only Kith".
 *
 * They sign nothing, keep no log that others witness, and know nothing of this patient's choices.
 * So this node decides before it asks; what comes is held against J6 as a member's answer is, and
 * is marked as unwitnessed. Rows: foreign (name: JSON).
 */
#ifndef KITH_LOCALITY_FOREIGN_H
#define KITH_LOCALITY_FOREIGN_H

#include "locality/joined.h"
#include "policy/grant.h"

enum { FOREIGN_MAX = 16, FOREIGN_NAME_MAX = 40, FOREIGN_AWAY_MS = 30000 };

struct foreign {
    text name;   /* letters, digits and hyphens; stands in logs and manifests */
    text base;   /* "https://host/fhir", without a slash at the end */
    text client; /* id that the server knows this node by */
    text scope;
    text key; /* private JWK; sealed where it is kept */
};

/* For `kith locality foreign`. Checks everything; the key may be any that SMART allows (RS384,
 * ES384 ...). ERR_CONFLICT: there is one of this name; ERR_VALUE with what is wrong; ERR_TOO_MANY.
 */
int foreign_add(const struct loc_world *w, const struct foreign *f, struct arena *a, struct err *e);
int foreign_remove(const struct loc_world *w, text name, struct arena *a, struct err *e);
/* In order of their names; keys stay sealed. */
int foreign_list(const struct loc_world *w, struct arena *a, struct foreign **ret,
                 size_t *ret_count, struct err *e);

/* Those of a node that serves: tokens are kept until they expire. */
struct foreigns;
int foreigns_open(const struct loc_world *w, struct foreigns **ret, struct err *e);
void foreigns_close(struct foreigns *f);

struct foreign_ask {
    const struct caller *caller;
    text patient; /* own id */
    struct subject subject;
    const struct decision *decision; /* of the own policy */
    text relation;                   /* words */
    text path; /* "{patient}" for the id there: $everything, or a search of one type */
    int64_t deadline_ms;
};
struct foreign_round;
/*
 * Asks all at once, each by a thread of its own; returns at once. In the own log before anything is
 * sent. *ret NULL: there is none to ask. `ask` and what it points to stay until the end.
 */
int foreigns_begin(struct foreigns *f, const struct foreign_ask *ask, struct arena *a,
                   struct foreign_round **ret, struct err *e);
/* Waits until all have answered, or the deadline; in the own log before it returns. The parts stay
 * until foreigns_done(). */
int foreigns_end(struct foreign_round *r, struct joined_part **ret_parts, size_t *ret_count,
                 struct err *e);
void foreigns_done(struct foreign_round *r);

#endif
