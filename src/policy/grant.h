/*
 * A grant says what one request may touch. Only policy/ makes grants; every call of the store that
 * touches a record asks for one, so that a forgotten check does not compile.
 */
#ifndef KITH_POLICY_GRANT_H
#define KITH_POLICY_GRANT_H

#include "base/text.h"

struct grant;

/* For the administrator of this node on this machine: everything. Never given to a network request
 * beyond loopback. */
const struct grant *policy_local_administrator(void);

/* What the store asks. */
bool grant_may_read(const struct grant *g, uint64_t compartment);
bool grant_may_write(const struct grant *g, uint64_t compartment);
/* Whether every compartment may be read, so that a plan needs no further predicate. */
bool grant_reads_all(const struct grant *g);

#endif
