/* Private to parcel_*.c of node/: under which ids a record is kept that came from another node. */
#ifndef KITH_NODE_PARCEL_INT_H
#define KITH_NODE_PARCEL_INT_H

#include "base/map.h"
#include "node/parcel_record.h"

/* The same at every node that it comes to, and no other's. In the arena; p NULL: no memory. */
text parcel_derived_id(text from, text type, text id, struct arena *a);
bool parcel_is_derived(text id);

/* The entries here of the person whose record comes, by the ids that they have elsewhere; listed
 * when the first is asked for. */
struct parcel_ids {
    struct arena a;
    struct map own; /* "Observation/p...": its place in `list` */
    text *list;     /* the own id */
    size_t count, capacity;
    bool listed;
};
void parcel_ids_init(struct parcel_ids *ids);
void parcel_ids_done(struct parcel_ids *ids);
/* A derived id: the own one of what comes back to where it began; else itself. */
int parcel_ids_back(struct parcel_ids *ids, struct store *store, const struct record_ask *ask,
                    text type, text id, text *ret, struct err *e);

#endif
