/* Between grant.c, decide.c and sees.c. */
#ifndef KITH_POLICY_GRANT_INT_H
#define KITH_POLICY_GRANT_INT_H

#include "policy/grant_made.h"
#include "policy/sheet_int.h"

#define CLASS_BIT(c) (UINT32_C(1) << CLASS_##c)

enum { MAY_SEE = MAY_READ | MAY_SEARCH, MAY_ALL = 31 };

/* What privacy officers see of every patient. */
#define DUTY_CLASSES                                                                   \
    (CLASS_BIT(CONSENT) | CLASS_BIT(TASK) | CLASS_BIT(AUDIT) | CLASS_BIT(PROVENANCE) | \
     CLASS_BIT(MESSAGE))
/* Classes of types that are about nobody. */
#define PUBLIC_CLASSES                                                                       \
    (CLASS_BIT(DIRECTORY) | CLASS_BIT(CATALOGUE) | CLASS_BIT(FORM) | CLASS_BIT(DEFINITION) | \
     CLASS_BIT(NODE))
#define ALL_CLASSES ((UINT32_C(1) << CLASS_COUNT) - 1)

static inline bool grant_is(const struct grant *g, enum actor_kind kind)
{
    return g->config.actor && g->config.actor->kind == kind;
}

static inline bool grant_has(const struct grant *g, enum activity a)
{
    return (g->activities & ACTIVITY_BIT(a)) != 0;
}

bool grant_is_party(const struct grant *g, uint64_t party);

/* choose.c: what the patient's choices say to this grant, now. */
struct choosing {
    uint32_t denied; /* categories */
    bool plain;      /* what has no category is shared */
    bool any;        /* anything is */
    bool of_entries; /* some choices name single entries */
};
/* `rid` 0: of the record; else of this entry alone. */
struct choosing choices_of(const struct grant *g, const struct sheet *s, bool overridden,
                           uint64_t rid);
/* The refusals that name this proxy. `grown`: the child's own refusals count. */
struct choosing choices_about_proxy(const struct grant *g, const struct sheet *s, bool grown,
                                    uint64_t rid);
/* The same of one entry, as the decision has it. */
struct choosing choices_of_entry(const struct grant *g, const struct decision *d,
                                 const struct sheet *s, uint64_t rid);

#endif
