/* What a grant is made of: for policy/, and for tests that need one of a certain shape. */
#ifndef KITH_POLICY_GRANT_MADE_H
#define KITH_POLICY_GRANT_MADE_H

#include "policy/grant.h"

enum { RIGHT_COUNT = 5 }; /* MAY_CREATE .. MAY_SEARCH */

/* Plans of scopes with parameters, a right each. */
struct grant_limits {
    const struct plan *const *plans[RIGHT_COUNT];
    size_t counts[RIGHT_COUNT];
};

struct grant {
    struct grant_config config;
    bool all;               /* the local administrator's, and the node's own */
    bool trusted;           /* a program of the administrator's: every record, by its scopes */
    uint8_t rights[256];    /* MAY_* by fhir_type, of role and scope, before any patient is known */
    uint8_t elsewhere[256]; /* the same without patient-level scopes */
    uint32_t open_classes[2]; /* classes with some right: elsewhere, and in context */
    uint64_t activities;      /* of the role, as far as the purpose leaves them */
    uint32_t role_classes;    /* enum type_class as bits: what the role may read of records */
    uint64_t *parties;        /* hashes of the actor's parties, sorted */
    size_t party_count;
    const struct grant_limits *limits; /* by fhir_type, 256; NULL: no scope has parameters */
};

#endif
