/*
 * Roles and what they may do, as data: job roles give activities, an activity opens a class of
 * resource types for interactions (NHS role-based access control; docs/policy.md has the tables).
 *
 * Every R4 type has a class, and every class a row for each activity: policy_complete() says so at
 * start, and the node refuses to run where it does not hold.
 */
#ifndef KITH_POLICY_ROLES_H
#define KITH_POLICY_ROLES_H

#include "base/err.h"
#include "fhir/model.h"

/* X(NAME, code, words). A code is what `kith user role` and tokens say. */
#define ACTIVITY_TABLE(X)                                                                       \
    X(VIEW_DEMOGRAPHICS, "view-demographics", "see names, addresses and identifiers")           \
    X(AMEND_DEMOGRAPHICS, "amend-demographics", "change names, addresses and identifiers")      \
    X(REGISTER_PATIENTS, "register-patients", "add a person, begin and end a registration")     \
    X(VIEW_RECORD, "view-record", "see the health and care record")                             \
    X(WRITE_RECORD, "write-record", "add to and change the health and care record")             \
    X(VIEW_MEDICINES, "view-medicines", "see medicines and allergies")                          \
    X(PRESCRIBE, "prescribe", "prescribe medicines")                                            \
    X(DISPENSE, "dispense", "supply medicines and note it")                                     \
    X(BOOK, "book", "see and change appointments")                                              \
    X(REFER, "refer", "begin and end referrals, admissions and care teams")                     \
    X(RECORD_CONSENT, "record-consent", "write down what a patient has chosen")                 \
    X(SEAL, "seal", "seal and unseal entries")                                                  \
    X(CLAIM, "claim-relationship", "say why a record has to be seen, where nothing gives that") \
    X(OVERRIDE, "override", "open what is withheld, in an emergency and with a reason")         \
    X(SAFEGUARD, "safeguard", "see and write what protects a child or an adult at risk")        \
    X(REVIEW, "review-overrides", "review overrides and alerts")                                \
    X(VIEW_AUDIT, "view-audit", "see who looked at what")                                       \
    X(FINANCE, "finance", "see and write budgets, claims and payments")                         \
    X(RESEARCH, "research", "see what is shared for research")                                  \
    X(EXPORT, "export", "take out many records at once")                                        \
    X(MANAGE_PEOPLE, "manage-people", "add and change people and their roles")                  \
    X(MANAGE_DIRECTORY, "manage-directory", "change organisations, staff and places")           \
    X(MANAGE_NODE, "manage-node", "change definitions and settings of the node")

enum activity {
#define ACTIVITY_ENUM(name, code, words) ACTIVITY_##name,
    ACTIVITY_TABLE(ACTIVITY_ENUM)
#undef ACTIVITY_ENUM
        ACTIVITY_COUNT
};
#define ACTIVITY_BIT(a) (UINT64_C(1) << (a))

struct activity_info {
    const char *code;
    const char *words;
};
const struct activity_info *activity_info(enum activity a);
/* False: there is no such activity. */
bool activity_find(text code, enum activity *ret_activity);

/* A job role: "R8000" "Clinical Practitioner Access Role" and what it gives of itself. */
struct job_role {
    const char *code; /* SDS job role code; own ones begin with "K" */
    const char *name; /* in words for people */
    uint64_t activities;
};
/* Ended by a row without a code. */
extern const struct job_role job_roles[];
const struct job_role *job_role_find(text code); /* NULL: none */

/* Every resource type is of one class. X(NAME, words) */
#define CLASS_TABLE(X)                              \
    X(PATIENT, "the person")                        \
    X(RELATED, "family and carers")                 \
    X(BOOKING, "appointments")                      \
    X(CARE, "encounters, episodes and care teams")  \
    X(REFERRAL, "requests for a service")           \
    X(RECORD, "the health and care record")         \
    X(ALLERGY, "allergies")                         \
    X(MEDICINES, "medicines taken")                 \
    X(PRESCRIPTION, "prescriptions")                \
    X(SUPPLY, "medicines supplied")                 \
    X(CONSENT, "what the patient has chosen")       \
    X(AUDIT, "who looked")                          \
    X(PROVENANCE, "where an entry comes from")      \
    X(MESSAGE, "messages")                          \
    X(TASK, "tasks")                                \
    X(FINANCE, "budgets, claims and payments")      \
    X(DIRECTORY, "organisations, staff and places") \
    X(CATALOGUE, "products and substances")         \
    X(FORM, "questionnaires")                       \
    X(DEFINITION, "definitions and terminology")    \
    X(NODE, "what the node does by itself")
enum type_class {
#define CLASS_ENUM(name, words) CLASS_##name,
    CLASS_TABLE(CLASS_ENUM)
#undef CLASS_ENUM
        CLASS_COUNT
};
enum type_class type_class(fhir_type type);
/* The same of all types that there are, by their number. */
extern const uint8_t type_classes[];
const char *class_words(enum type_class c);
/* Whether a patient or proxy may read resources of the type that are in no patient's record. */
bool person_may_outside(fhir_type type);

/* What may be done to resources of a type, before anything is known of a patient. */
enum { MAY_CREATE = 1, MAY_READ = 2, MAY_UPDATE = 4, MAY_DELETE = 8, MAY_SEARCH = 16 };
/* Bits of these that a professional with these activities has on a type. */
uint8_t activities_may(uint64_t activities, fhir_type type);
/* The same on the types of each class. */
void activities_open(uint64_t activities, uint8_t ret_may[CLASS_COUNT]);
/* The same for a patient or proxy, on a record that is theirs to see. */
uint8_t person_may(fhir_type type);

/* ERR_INTERNAL, naming the first type or role that has no declared policy. */
int policy_complete(struct err *e);

#endif
