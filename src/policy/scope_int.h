/* What the files of scope.h share. */
#ifndef KITH_POLICY_SCOPE_INT_H
#define KITH_POLICY_SCOPE_INT_H

#include "policy/scope.h"

/* One scope in version 2's form. p == NULL: no memory. */
text scope_print(const struct scope *s, struct arena *a);
/* Rights of the same level, type and query are one scope. s->items has room for SCOPES_MAX;
 * ERR_TOO_LARGE. */
int scopes_add(struct scopes *s, const struct scope *one, struct err *e);

#endif
