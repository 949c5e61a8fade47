/* Private to changes*.c. */
#ifndef KITH_NODE_CHANGES_INT_H
#define KITH_NODE_CHANGES_INT_H

#include "locality/choice.h"
#include "locality/copies.h"
#include "node/changes.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    CHANGES_A_TIME = 256,
    CHANGES_MEMORY = 256 << 20, /* the cap only */
    CHANGES_DONE = 255,         /* of changes_place.step: all of that version */
};

/* How far the store has been followed: a version, and how many of its rows are written. */
struct changes_place {
    uint64_t t;
    uint8_t step;
    uint8_t kept[9]; /* as it stands in the row; has_kept false: there is none */
    bool has_kept;
};

struct changes {
    struct changes_config config;
    struct feed *feed;
    struct places *places;
    struct copies *copies;
    pthread_t walker, sender;
    bool walks, sends;
    atomic_bool active; /* in a locality whose directory is in force */
    uint8_t *known;     /* by compartment, a bit each: their home has been looked at */
    size_t known_bytes;

    pthread_mutex_t lock; /* of all that follows */
    pthread_cond_t wake, send, moved;
    bool stopping, noted, urgent, hurry;
    uint64_t handled; /* the t up to which rows are written */
    int failing;
    struct err why;
};

/* One version, and whose it is. */
struct changed {
    const struct version *version;
    text patient; /* the own id */
    yyjson_val *person;
    struct subject subject;
    uint8_t key[32];
    text self; /* ODS code of this node */
    struct arena *a;
};

/* changes_rows.c: the rows of one version, each in one commit with the place. *ret_urgent:
 * something goes at once. */
int changes_tell(struct changes *c, const struct changed *x, struct changes_place *at,
                 bool *ret_urgent, struct err *e);
/* A Linkage, which is of several patients and in nobody's record. */
int changes_tell_linkage(struct changes *c, const struct version *v, struct changes_place *at,
                         struct arena *a, struct err *e);
/* *ret_known false: nobody outside can be told of them (no number, no name), or they are only
 * mentioned here. Of a Patient that is deleted, who it was. */
int changes_identify(struct changes *c, struct changed *x, bool *ret_known, struct err *e);
/* Whether copies that are given of somebody still may be: given anew, or ended. *ret_urgent: ended.
 */
int changes_settle_copies(struct changes *c, const struct changed *x, bool *ret_urgent,
                          struct err *e);
/* A Patient whose number was another one before: what was told and given under that ends, also
 * where there is none any more (`known` false). Idempotent. */
int changes_renumbered(struct changes *c, const struct changed *x, bool known, bool *ret_urgent,
                       struct err *e);
/* changes_home.c: L1, L5. Tells the home, and who has to know that it is another one now. */
int changes_home(struct changes *c, const struct changed *x, struct err *e);

/* That any home was told of them. */
int changes_home_forget(struct changes *c, const struct changed *x, struct err *e);

/* Those of a patient's homes that are members, and not this node. */
int changes_homes(struct changes *c, const struct changed *x, text **ret_ods, size_t *ret_count,
                  struct err *e);

/* The change that moves it there; `to->kept` is then what stands there. */
void changes_place_print(const struct changes_place *at, uint8_t ret[9]);
#define CHANGES_ROWS "changes"
#define CHANGES_TOLD "told"
#define CHANGES_CONTACTS "contacts"

int changes_no_memory(struct err *e);

#endif
