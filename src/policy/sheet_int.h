/* What a sheet is made of, for decide.c and sees.c. All arrays are in one allocation. */
#ifndef KITH_POLICY_SHEET_INT_H
#define KITH_POLICY_SHEET_INT_H

#include "policy/facts_int.h"
#include "policy/sheet.h"

/* Each array is sorted by party, so that a party's are found by a binary search; parties that are
 * nobody in particular are 0. What says the same of times that meet is one. */
struct sheet_relation {
    uint64_t party;
    int64_t from;
    int64_t until;
    uint8_t relation; /* RELATION_OVERRIDE: an override */
};
struct sheet_choice {
    uint64_t party;
    int64_t from;
    int64_t until;
    uint32_t categories;
    uint32_t purposes;
    uint32_t first_instance;
    uint32_t instance_count;
    uint8_t flags; /* enum fact_choice */
};
struct sheet_proxy {
    uint64_t party;
    int64_t from;
    int64_t until;
    int64_t written;
    uint8_t functions;
    uint8_t basis;
};

/* A labelled entry. */
struct sheet_mark {
    uint64_t rid;
    uint32_t labels;
    uint32_t past;
    int64_t held_until;
    uint32_t first_party;
    uint32_t party_count;
    fhir_type type;
    bool named;     /* by a choice */
    bool asked;     /* a request of somebody's: no second look is for it */
    bool gone;      /* deleted: for what is said about it, the labels that it had count */
    uint32_t about; /* is seen only where that one is: its place in marks + 1; 0: no other */
};
struct sheet_mark_party {
    uint64_t party; /* 0: not understood */
    uint32_t label;
};

enum { AGE_CHILD_MAY_REFUSE = 11, AGE_CONFIRM = 13, AGE_ADULT_RECORD = 16, AGE_ADULT = 18 };

struct sheet {
    struct sheet_relation *relations;
    size_t relation_count;
    struct sheet_choice *choices;
    size_t choice_count;
    size_t common_choices; /* of them, those that name no party: the first */
    struct sheet_proxy *proxies;
    size_t proxy_count;
    struct sheet_mark *marks; /* in order of rid */
    size_t mark_count;
    struct sheet_mark_party *mark_parties;
    size_t mark_party_count;
    uint64_t *instances; /* rids that choices name */
    size_t instance_count;
    struct sheet_entry *entries;
    size_t entry_count;
    uint64_t seen[8];     /* a filter of the marks' rids: most entries are in none */
    uint64_t parties[16]; /* a filter of all parties: who asks is mostly few of them, or none */
    int64_t birth_from;   /* INT64_MIN: not known */
    int64_t birth_until;
    int64_t died;            /* INT64_MAX: not that is known */
    uint32_t labels;         /* of all marks, ever */
    uint32_t patient_labels; /* of the Patient itself, ever */
    bool has_instances;
    bool asked;      /* some mark is */
    bool restricted; /* the Patient must not be found without a relationship */
};

static inline unsigned sheet_filter(uint64_t rid)
{
    return (unsigned)((rid * UINT64_C(0x9E3779B97F4A7C15)) >> 55);
}

/* False: no relationship, choice or proxy names the party. */
static inline bool sheet_may_name(const struct sheet *s, uint64_t party)
{
    unsigned bit = (unsigned)(party >> 54);
    return s->parties[bit / 64] >> (bit % 64) & 1;
}

/* NULL: the entry has no label and no choice names it. */
const struct sheet_mark *sheet_mark_find(const struct sheet *s, uint64_t rid);

/* The moment of a birthday. `birth` INT64_MIN stays so. */
int64_t sheet_birthday(int64_t birth, int years);

#endif
