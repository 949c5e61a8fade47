/*
 * Inside node/: a patient's record out of a store, line by line, and into another one.
 * docs/locality.md, "Moving", has the form of the lines.
 */
#ifndef KITH_NODE_PARCEL_RECORD_H
#define KITH_NODE_PARCEL_RECORD_H

#include "audit/audit.h"
#include "locality/world.h"
#include "store/store.h"

struct parcel_source {
    struct store *store;
    struct audit *audit; /* NULL: no entries of the log */
    const struct limits *limits;
    text base;       /* of the node; empty: its own absolute references are not known */
    uint64_t before; /* leaves that are proved: those below; 0: all there are */
    int64_t now_ms;
};
/* As loc_world.pack (locality/world.h). ERR_NOT_FOUND: no such patient. */
int parcel_pack(const struct parcel_source *from, text patient, const struct record_lines *to,
                struct err *e);

struct parcel_target {
    struct store *store;
    const struct limits *limits;
    /* The own Organization with this ODS code, "Organization/x"; empty: none. NULL: not asked. */
    int (*organisation)(void *context, text ods, struct arena *a, text *ret_reference,
                        struct err *e);
    void *context;
};
/* As loc_world.unpack. */
int parcel_unpack(const struct parcel_target *to, const struct record_ask *ask, text lines,
                  struct record_taken *ret_taken, struct err *e);

#endif
