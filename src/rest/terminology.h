/* Inside rest/: the operations of a terminology service (R4 terminology-service.html). */
#ifndef KITH_REST_TERMINOLOGY_H
#define KITH_REST_TERMINOLOGY_H

#include "rest/call.h"

/* For the table in rest/operation.c. */
int do_expand(struct call *c, struct err *e);
int do_validate_code(struct call *c, struct err *e);
int do_lookup(struct call *c, struct err *e);
int do_subsumes(struct call *c, struct err *e);
int do_translate(struct call *c, struct err *e);
int do_preferred_id(struct call *c, struct err *e);
int do_versions(struct call *c, struct err *e);

/* GET /metadata?mode=terminology. */
int do_terminology_capabilities(struct call *c, struct err *e);

#endif
