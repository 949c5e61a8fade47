/*
 * What was decided about each patient: a table of the view's, filled as patients are come to. Who
 * comes to many of them gets the table that an earlier request of the same caller left (policy/
 * grant.h: grant_decides_as()), without the verdicts about patients whose sheets have changed since
 * (store/sheets.h), and only while nothing has begun or ended by the clock. A table has one owner
 * at a time; what is taken from the shelf is not on it.
 */
#ifndef KITH_STORE_VERDICTS_H
#define KITH_STORE_VERDICTS_H

#include "store/inner.h"

/* An answer about one version under the parameters of the scopes. */
struct asked {
    uint64_t rid;
    uint64_t t; /* 0: the current version */
    uint8_t rights;
    bool has;
};

struct verdict_table {
    struct verdict *slots;
    uint32_t *used;  /* where the `count` verdicts stand: most requests ask about one patient */
    size_t capacity; /* a power of two */
    size_t count;
    uint64_t stamp;   /* of policy: all that is not stale is right for it */
    int64_t from_ms;  /* all were right at this moment, and are */
    int64_t until_ms; /* before this one, as far as the clock goes */
};

struct verdicts {
    struct verdict_table table;
    struct verdict *last;      /* the one that was asked for last */
    struct kept_sheet **given; /* sheets that outlive a table that began anew */
    size_t given_count;
    bool recalled;  /* the shelf was asked */
    bool stays;     /* some verdict's sheet was given to somebody */
    size_t as_size; /* the table goes on the shelf under these bytes; 0: it does not */
    unsigned char as[DECIDES_AS_MOST];
    uint8_t limits[2][256]; /* by MAY_READ or MAY_SEARCH, and type */
    struct asked *asked;    /* ASKED of them; NULL: none yet */
};
enum { ASKED = 256 };

/* NULL: no memory. */
struct verdicts *verdicts_of(struct store_view *v);
/* Says that what may be seen could not be looked at, by view_settled(). */
void verdicts_no_memory(struct store_view *v);

/* Tables of requests that have ended, a bounded number. NULL: no memory. */
struct verdict_shelf *verdict_shelf_new(void);
/* NULL is allowed. */
void verdict_shelf_free(struct verdict_shelf *shelf);

#endif
