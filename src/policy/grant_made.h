/* What a grant is made of: for policy/, and for tests that need one of a certain shape. */
#ifndef KITH_POLICY_GRANT_MADE_H
#define KITH_POLICY_GRANT_MADE_H

#include "policy/grant.h"

/* Compartments, both ends included. */
struct grant_span {
    uint64_t from;
    uint64_t to;
};

struct grant {
    bool reads_all;
    bool writes_all;
    const struct grant_span *reads; /* where not all may be read */
    size_t read_count;
};

#endif
