/*
 * Whether two records are about the same person: NHS number and demographics must agree.
 * docs/locality.md, "The same person".
 */
#ifndef KITH_LOCALITY_PERSON_H
#define KITH_LOCALITY_PERSON_H

#include "format/json.h"
#include "locality/statement.h"
#include "locality/world.h"

enum sameness {
    /* Certain, as fhir/match.h has it, and more: the birth date is equal, and the family name, or
     * given name and postcode, after folding. */
    SAME_PERSON,
    SAME_CONFLICT, /* the number is equal, but people have to look: never joined */
    SAME_NOT,
};
/* *ret_why: of a conflict, in words without values. ERR_MEMORY. */
int person_same(const struct subject *s, const yyjson_val *patient, struct arena *a,
                enum sameness *ret, text *ret_why, struct err *e);

/* Of a Patient resource, by its current name and address; slices of it. ERR_NOT_FOUND: no valid NHS
 * number, family name or birth date. */
int person_of(const yyjson_val *patient, struct subject *ret, struct err *e);

/* The own Patient that is this person: follows replaced-by (at most 4 steps). ERR_NOT_FOUND: none;
 * ERR_CONFLICT: one with this number, who is not certainly this person, with why; *ret_patient is
 * then that one (or empty): people have to look, and whoever asked from outside is told the same as
 * of none. */
int person_find(const struct loc_world *world, const struct subject *s, struct arena *a,
                text *ret_patient, struct err *e);

/* Of somebody who works at a member, as it names them in statements: the identifier, and the
 * Practitioner that they are at every other node. In the arena; p NULL: no memory. */
#define PERSON_MEMBER_SYSTEM "https://kith.care/fhir/NamingSystem/member-person"
text person_member(text ods, text account, struct arena *a);
text person_practitioner(text member, struct arena *a);
/* The pseudonym: of the person that an account is of, so that two accounts of one are one; else of
 * the account. */
text person_account(text self, text who, text account, struct arena *a);

/* A key for rows about a person, which tells nothing without `key` (32 bytes): HMAC-SHA-256 of the
 * number. */
void person_key(const uint8_t key[32], text nhs_number, uint8_t ret[32]);

#endif
