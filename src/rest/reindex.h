/* Search parameters that people add, and $reindex. */
#ifndef KITH_REST_REINDEX_H
#define KITH_REST_REINDEX_H

#include "rest/call.h"

/* ERR_BUSINESS_RULE, with place and reason, for an active SearchParameter that cannot be added.
 * Other resources, and definitions that are only kept, pass. */
int search_parameter_check(struct call *c, const struct resource *r, struct err *e);

int do_reindex(struct call *c, struct err *e);
int do_reindex_status(struct call *c, struct err *e);
int do_param_status(struct call *c, struct err *e);

#endif
