/* Inside rest/: what is validated when it is written (R4 validation.html). */
#ifndef KITH_REST_VALIDATE_H
#define KITH_REST_VALIDATE_H

#include "fhir/validate.h"
#include "rest/call.h"

/* The definitions that the writes of one request share: taken by the first that needs them. */
struct validate_shelf {
    struct defs *defs;
};
void validate_shelf_done(const struct rest *rest, struct validate_shelf *shelf);

/*
 * Before a write: the base definition's rules hold (an error is ERR_BUSINESS_RULE, its findings in
 * the call), then the profiles that the resource names in meta.profile, by the policy for its type:
 * off, warn (errors are counted) or reject (errors refuse the write). What refuses nothing goes to
 * the call, as warnings, only where the client asked for it: Prefer: return=OperationOutcome.
 */
int validate_on_write(struct call *c, const struct resource *r, struct err *e);

#endif
