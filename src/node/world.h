/* Inside node/: what identity asks of the node around it (identity.h, struct identity_world). */
#ifndef KITH_NODE_WORLD_H
#define KITH_NODE_WORLD_H

#include "audit/audit.h"
#include "identity/identity.h"
#include "rest/rest.h"
#include "store/store.h"

struct world {
    struct store *store;
    struct audit *audit;
    const struct limits *limits;
    text base;
    const struct rest *rest; /* NULL: not there yet */
};

/* `w` must outlive what it is given to. */
struct identity_world world_of(struct world *w);

/* "Organization/x" with this ODS code, of the organisation that runs the node; empty: there is none
 * (yet). In the arena. */
int world_organisation(struct world *w, text ods, struct arena *a, text *ret_reference,
                       struct err *e);

/* The resources of a type that parameters find, at most `most` of them, by the node's own right:
 * their ids, without what is in them. */
int world_find(struct world *w, fhir_type type, const struct search_pair *pairs, size_t pair_count,
               size_t most, struct arena *a, struct versions *ret, struct err *e);
/* The current version of "Type/id", by the node's own right; ERR_NOT_FOUND. In the arena. */
int world_read(struct world *w, text reference, struct arena *a, yyjson_val **ret_root,
               struct err *e);
/* The same of one version by number; ERR_NOT_FOUND also where that was a deletion. */
int world_read_version(struct world *w, fhir_type type, text id, uint64_t vid, struct arena *a,
                       yyjson_val **ret_root, struct err *e);
/* "Callum Beaumont": of the first name of a person's resource. p == NULL: no memory. */
text world_name(const yyjson_val *person, struct arena *a);

#endif
