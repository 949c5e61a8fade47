/* Who asks: as identity found out, and as policy takes it. Texts belong to whoever made it. */
#ifndef KITH_POLICY_ACTOR_H
#define KITH_POLICY_ACTOR_H

#include "policy/roles.h"

enum actor_kind {
    ACTOR_NOBODY,       /* not signed in: may read nothing but what is public */
    ACTOR_NODE,         /* this program itself, and its administrator at the machine */
    ACTOR_PERSON,       /* a patient, who may also be a proxy for others */
    ACTOR_PROFESSIONAL, /* with a role at this organisation */
    ACTOR_SYSTEM,       /* another program, by its scopes alone (SMART backend services) */
};

/* v3-ActReason: why somebody asks. X(NAME, code, words) */
#define PURPOSE_TABLE(X)                                       \
    X(TREAT, "TREAT", "care of the patient")                   \
    X(EMERGENCY, "ETREAT", "care in an emergency")             \
    X(PATIENT, "PATRQT", "the patient's own request")          \
    X(FAMILY, "FAMRQT", "a request by family or carer")        \
    X(OPERATIONS, "HOPERAT", "running the service")            \
    X(PAYMENT, "HPAYMT", "payment")                            \
    X(RESEARCH, "HRESCH", "research")                          \
    X(PUBLIC_HEALTH, "PUBHLTH", "public health")               \
    X(LEGAL, "HLEGAL", "a legal duty")                         \
    X(COMPLIANCE, "HCOMPL", "a check of how records are used") \
    X(SYSTEM, "SYSADMIN", "care of the system")
enum purpose {
#define PURPOSE_ENUM(name, code, words) PURPOSE_##name,
    PURPOSE_TABLE(PURPOSE_ENUM)
#undef PURPOSE_ENUM
        PURPOSE_COUNT
};
const char *purpose_code(enum purpose p);
const char *purpose_words(enum purpose p);
bool purpose_find(text code, enum purpose *ret_purpose);

struct actor {
    enum actor_kind kind;
    text account;      /* of identity; empty: none */
    text name;         /* for people: "Dr Amina Shah" */
    text role;         /* job role code; empty: none */
    text role_name;    /* "General practitioner" */
    text organisation; /* "Organization/x", the one acted for; empty: none */
    text organisation_name;
    /* Every reference that this person is: "Practitioner/x", "PractitionerRole/y", the care teams,
     * the organisation, "Patient/z" of a patient, "RelatedPerson/w" of a proxy. Choices,
     * relationships and seals name these. */
    const text *parties;
    size_t party_count;
    text patient;        /* ACTOR_PERSON: the id of their own Patient; empty: none (a proxy only) */
    text own_record;     /* the same of a professional, too; empty: none is known */
    uint64_t activities; /* ACTOR_PROFESSIONAL */
    enum purpose purpose;
    bool alone; /* a program by itself, with nobody at the screen: polls and prefetches */
    /* ACTOR_PROFESSIONAL of another organisation: the relationship (enum relationship) that their
     * node states and this one accepts, with the patient of the scopes and nobody else. 0: none. */
    uint8_t stated;
};

#endif
