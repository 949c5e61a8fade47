/* Inside rest/: what is validated when it is written (R4 validation.html). */
#ifndef KITH_REST_VALIDATE_H
#define KITH_REST_VALIDATE_H

#include "fhir/validate.h"
#include "rest/call.h"

/*
 * Before a write: the base definition's rules hold (an error is ERR_BUSINESS_RULE, its findings in
 * the call), then the profiles that the resource names in meta.profile, by the policy for its type:
 * off, warn (findings go to the call as warnings and are counted) or reject (errors refuse the
 * write).
 */
int validate_on_write(struct call *c, const struct resource *r, struct err *e);

#endif
