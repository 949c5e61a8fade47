/*
 * Inside rest/: the content of a Binary as it is (R4 binary.html#rest): a read whose Accept names
 * the content's own media type gets the bytes. Whatever they are, they do nothing at this address:
 * they are for saving, under a policy that lets nothing run (Content-Security-Policy: sandbox).
 */
#ifndef KITH_REST_BINARY_H
#define KITH_REST_BINARY_H

#include "rest/call.h"

/* Whether this is a read which may be answered by bytes, so that Accept may name what is no form
 * of FHIR. */
bool binary_may_be_raw(const struct call *c);

/*
 * Answers by the bytes of this version where Accept asks for them. ERR_NOT_ACCEPTABLE: it names
 * neither them nor a form of FHIR.
 */
int binary_answer(struct call *c, const struct version *v, struct err *e);

#endif
