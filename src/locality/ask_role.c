/* What the directory lets a kind of member say of its people (A4). */
#include "locality/ask_int.h"

/*
 * Job roles that work at such organisations and care for patients. Those whose task opens records
 * without a relationship (privacy officers, researchers, administrators) do that at their own node
 * only.
 */
static const char *const gp_roles[] = {"R8000", "R0260", "R8001", "R8002", "R8003",
                                       "R8004", "R8006", "R8008", "R8009", "R8010",
                                       "R8016", "R1290", "R1070", "K1005", NULL};
static const char *const hospital_roles[] = {"R8000", "R8001", "R8002", "R8003", "R8004", "R8006",
                                             "R8008", "R8009", "R8010", "R8014", "R8016", "R8017",
                                             "R1290", "R1070", "K1005", NULL};
static const char *const council_roles[] = {"R8003", "R8008", "R8009", "R8010",
                                            "R8014", "K1001", "K1005", NULL};
static const char *const pharmacy_roles[] = {"R1290", NULL};
static const char *const other_roles[] = {"R8001", "R8003", NULL};

/* A relationship that the record here does not have yet, because it has begun there. */
static const enum relationship gp_stated[] = {RELATION_REGISTRATION, RELATION_REFERRAL,
                                              RELATION_NONE};
static const enum relationship hospital_stated[] = {RELATION_ADMISSION, RELATION_REFERRAL,
                                                    RELATION_NONE};
static const enum relationship referred[] = {RELATION_REFERRAL, RELATION_NONE};
static const enum relationship none[] = {RELATION_NONE};

static const struct {
    const char *const *roles; /* NULL: its people are patients only */
    const enum relationship *stated;
} kinds[MEMBER_KIND_COUNT] = {
    [MEMBER_GP] = {gp_roles, gp_stated},
    [MEMBER_HOSPITAL] = {hospital_roles, hospital_stated},
    [MEMBER_COUNCIL] = {council_roles, referred},
    [MEMBER_PHARMACY] = {pharmacy_roles, referred},
    [MEMBER_PLATFORM] = {NULL, none},
    [MEMBER_OTHER] = {other_roles, none},
};

const struct job_role *ask_role(enum member_kind kind, text role)
{
    const char *const *may = (unsigned)kind < MEMBER_KIND_COUNT ? kinds[kind].roles : NULL;
    for (; may && *may; may++) {
        if (text_eq(role, text_of(*may))) {
            return job_role_find(role);
        }
    }
    return NULL;
}

enum relationship ask_stated(enum member_kind kind, text relation)
{
    const enum relationship *may = (unsigned)kind < MEMBER_KIND_COUNT ? kinds[kind].stated : none;
    for (; *may != RELATION_NONE; may++) {
        if (text_eq(relation, text_of(relationship_words(*may)))) {
            return *may;
        }
    }
    return RELATION_NONE;
}
