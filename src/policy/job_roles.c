/* Job roles and their activities. R codes are those of the Spine Directory Service (UK Core code
 * system SDSJobRoleName); K codes are this product's own, where there is none. */
#include "policy/roles.h"

#define A(name) ACTIVITY_BIT(ACTIVITY_##name)

#define RECEPTION (A(VIEW_DEMOGRAPHICS) | A(AMEND_DEMOGRAPHICS) | A(REGISTER_PATIENTS) | A(BOOK))
#define CARE (A(VIEW_DEMOGRAPHICS) | A(VIEW_RECORD) | A(WRITE_RECORD) | A(BOOK) | A(CLAIM))
#define CLINICAL (CARE | A(VIEW_MEDICINES) | A(REFER) | A(RECORD_CONSENT) | A(OVERRIDE))
#define DOCTOR (CLINICAL | A(AMEND_DEMOGRAPHICS) | A(PRESCRIBE) | A(SEAL) | A(SAFEGUARD))
#define NURSE (CLINICAL | A(AMEND_DEMOGRAPHICS) | A(SEAL))
#define SOCIAL_WORK (CARE | A(REFER) | A(RECORD_CONSENT) | A(OVERRIDE) | A(SEAL) | A(SAFEGUARD))
#define PHARMACY                                                                             \
    (A(VIEW_DEMOGRAPHICS) | A(VIEW_MEDICINES) | A(DISPENSE) | A(RECORD_CONSENT) | A(CLAIM) | \
     A(OVERRIDE))

const struct job_role job_roles[] = {
    {"R8000", "Clinical practitioner", DOCTOR},
    {"R0260", "General practitioner", DOCTOR},
    {"R8001", "Nurse", NURSE},
    {"R8002", "Nurse manager", NURSE | A(SAFEGUARD)},
    {"R8003", "Health professional", CLINICAL},
    {"R8004", "Healthcare student", A(VIEW_DEMOGRAPHICS) | A(VIEW_RECORD)},
    {"R8016", "Midwife", NURSE | A(SAFEGUARD)},
    {"R8017", "Midwife manager", NURSE | A(SAFEGUARD)},
    {"R8014", "Social worker", SOCIAL_WORK},
    {"R1290", "Pharmacist", PHARMACY},
    {"R1070", "Paramedic", CARE | A(VIEW_MEDICINES) | A(OVERRIDE)},
    {"R8006", "Medical secretary", A(VIEW_DEMOGRAPHICS) | A(VIEW_RECORD) | A(BOOK) | A(REFER)},
    {"R8008", "Administrative and clinical support", RECEPTION | A(REFER)},
    {"R8009", "Receptionist", RECEPTION},
    {"R8010", "Clerk", RECEPTION},
    {"R0001", "Privacy officer", A(VIEW_DEMOGRAPHICS) | A(REVIEW) | A(VIEW_AUDIT)},
    {"R5105", "Caldicott guardian",
     A(VIEW_DEMOGRAPHICS) | A(REVIEW) | A(VIEW_AUDIT) | A(SAFEGUARD) | A(SEAL)},
    {"R1860", "Researcher", A(RESEARCH)},
    {"K1001", "Social worker of this organisation", SOCIAL_WORK},
    {"K1003", "Commissioner of care", A(FINANCE)},
    {"K1004", "Administrator of the node", A(MANAGE_PEOPLE) | A(MANAGE_DIRECTORY) | A(MANAGE_NODE)},
    {"K1005", "Safeguarding lead",
     A(VIEW_DEMOGRAPHICS) | A(VIEW_RECORD) | A(WRITE_RECORD) | A(SAFEGUARD) | A(SEAL) | A(CLAIM) |
         A(OVERRIDE)},
    {NULL, NULL, 0},
};

const struct job_role *job_role_find(text code)
{
    for (const struct job_role *r = job_roles; r->code; r++) {
        if (text_eq(code, text_of(r->code))) {
            return r;
        }
    }
    return NULL;
}
