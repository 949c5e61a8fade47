/* Inside fhir/profile_binding*.c: codings, and what was looked up for them. */
#ifndef KITH_FHIR_PROFILE_BINDING_H
#define KITH_FHIR_PROFILE_BINDING_H

#include "fhir/profile_int.h"

#include <stdatomic.h>

/* Kept with a binding: what its shelf of definitions answered, which never changes. Any thread may
 * write it; all write the same. */
struct profile_found {
    _Atomic(const struct value_set *) set;
    _Atomic(const struct value_set *) max;
    _Atomic(const struct codes *) codes; /* of the system that was asked for last, any version */
};

struct coding {
    text system; /* p == NULL: of an element of type code; empty: none given */
    text version;
    text code;
    text display;
    bool is_quantity;
};

struct coding profile_coding_of(const struct path_node *at);

/* The codings of a Coding, CodeableConcept or Quantity against their own systems. found may be
 * NULL. (profile_coding.c) */
int profile_codings_own(struct profile_run *run, struct profile_found *found,
                        const struct path_node *at);

/* Adds a warning that stands once among the findings, whatever element it is found at first. */
void profile_issue_once(struct profile_run *run, int code, const struct path_node *at, text words);

enum { SYSTEM_MOST = 200, CODE_MOST = 100 }; /* characters of what is shown */

#endif
