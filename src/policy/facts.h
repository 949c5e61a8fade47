/*
 * What policy has to know of a resource, derived from the resource alone when it is written and
 * kept beside it in the store as opaque bytes: its labels, and for the types that make policy
 * (Patient, Consent, CareTeam, EpisodeOfCare, Encounter, ServiceRequest, Appointment,
 * RelatedPerson) what they say of relationships, choices, overrides and proxies.
 */
#ifndef KITH_POLICY_FACTS_H
#define KITH_POLICY_FACTS_H

#include "base/arena.h"
#include "base/err.h"
#include "fhir/resource.h"

/*
 * Labels. Categories are given by rules on codes and by hand (meta.security); `normal` by hand
 * takes the rules' categories away. X(NAME, bit, system, code, words)
 */
#define LABEL_SYSTEM_KITH "https://kith.care/fhir/CodeSystem/label"
#define LABEL_SYSTEM_ACT "http://terminology.hl7.org/CodeSystem/v3-ActCode"
#define LABEL_SYSTEM_CONFIDENTIALITY "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
#define LABEL_TABLE(X)                                                                            \
    X(MENTAL_HEALTH, 0, LABEL_SYSTEM_ACT, "MH", "mental health")                                  \
    X(SEXUAL_HEALTH, 1, LABEL_SYSTEM_ACT, "SEX", "sexual and reproductive health")                \
    X(HIV, 2, LABEL_SYSTEM_ACT, "HIV", "HIV")                                                     \
    X(SUBSTANCE_USE, 3, LABEL_SYSTEM_ACT, "SUD", "alcohol and drugs")                             \
    X(VIOLENCE, 4, LABEL_SYSTEM_ACT, "VIO", "violence and abuse")                                 \
    X(GENETIC, 5, LABEL_SYSTEM_ACT, "GDIS", "inherited conditions")                               \
    X(SOCIAL_CARE, 6, LABEL_SYSTEM_KITH, "social-care", "social care")                            \
    X(SAFEGUARDING, 7, LABEL_SYSTEM_KITH, "safeguarding", "safeguarding")                         \
    X(SEALED, 16, LABEL_SYSTEM_KITH, "sealed", "sealed")                                          \
    X(LOCKED, 17, LABEL_SYSTEM_KITH, "sealed-and-locked", "sealed and locked")                    \
    X(NOT_PATIENT, 18, LABEL_SYSTEM_ACT, "NOPAT", "may cause serious harm if the patient saw it") \
    X(THIRD_PARTY, 19, LABEL_SYSTEM_KITH, "third-party", "about somebody else")                   \
    X(NOT_PROXY, 20, LABEL_SYSTEM_KITH, "not-proxy", "not for proxies")                           \
    X(HELD, 21, LABEL_SYSTEM_KITH, "held", "not released to the patient yet")                     \
    X(PROTECTS, 22, LABEL_SYSTEM_KITH, "protects-from", "hidden from those it protects from")     \
    X(RESTRICTED, 23, LABEL_SYSTEM_CONFIDENTIALITY, "R", "not to be found without a relationship")
enum label {
#define LABEL_ENUM(name, bit, system, code, words) LABEL_##name = 1 << (bit),
    LABEL_TABLE(LABEL_ENUM)
#undef LABEL_ENUM
        LABEL_CATEGORIES = 0xffff, /* what a patient's choices may name */
};

/* Rules on codes: "system|code" gives categories. Immutable once made. */
struct label_rules;
/*
 * The built-in rules and, behind them, those of a text: a line each,
 *     <category code> <system>|<code>       also  <system>|<code>*  for every code that begins so
 * and '#' comments. ERR_INVALID with the line's number.
 */
int label_rules_make(text more, struct label_rules **ret_rules, struct err *e);
void label_rules_free(struct label_rules *rules);

/*
 * Empty for a resource that policy need not remember anything of. `rules` NULL: the built-in ones.
 * ERR_NOT_SUPPORTED: a Consent whose provisions are nested more than two levels below the first;
 * ERR_TOO_LARGE: more parties than FACTS_ITEMS_MAX; ERR_MEMORY.
 */
enum { FACTS_ITEMS_MAX = 4096 };
int policy_facts(fhir_type type, yyjson_val *root, const struct label_rules *rules, struct arena *a,
                 text *ret_facts, struct err *e);

/* Bits of enum label. Facts that are empty have none; facts that cannot be read have all. */
uint32_t facts_labels(text facts);

/*
 * Whether the resource is what a second look stands on: the Task for the privacy officers, or the
 * notice to the patient; or what people asked, which has one owner (docs/requests.md). Only the
 * operations that they belong to write these, or those who opened a record could take their own
 * review out of the queue. Facts that cannot be read are not.
 */
#define KEPT_TASKS "https://kith.care/fhir/CodeSystem/task-kind"       /* Task.code */
#define KEPT_NOTICES "https://kith.care/fhir/CodeSystem/notice-kind"   /* Communication.category */
#define KEPT_REQUESTS "https://kith.care/fhir/CodeSystem/request-kind" /* of both */
bool facts_kept(text facts);
bool policy_keeps(fhir_type type, const yyjson_val *root);

/*
 * What a person writes into their own record carries this mark (meta.tag), which rest/ puts on when
 * a person writes one of these types, and which nobody else may put on or take off. docs/policy.md,
 * "Own entries", says what may stand in such an entry.
 */
#define OWN_SYSTEM "https://kith.care/fhir/CodeSystem/entry"
#define OWN_CODE "own"
#define OWN_DISPLAY "Written by the patient"
bool policy_own_type(fhir_type type);
bool policy_is_marked_own(const yyjson_val *root);
/* ERR_FORBIDDEN, with the element and what to do: the mark is there, and something in the entry is
 * not a person's own to say. 0: nothing is wrong, or there is no mark. */
int policy_own_fault(fhir_type type, text facts, struct arena *a, struct err *e);

/* Whether a person or role ("Practitioner/x") is in a CareTeam now: by the team's status and
 * period, and by the member's own period. */
bool policy_team_has(const yyjson_val *team, text member, int64_t now_ms);
/* A Period as [from, until) in ms; without a bound INT64_MIN, INT64_MAX. False: it is of no form
 * that is understood. */
bool policy_period(const yyjson_val *period, int64_t *ret_from, int64_t *ret_until);

#endif
