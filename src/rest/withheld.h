/*
 * Inside rest/: that something of a record is withheld from the asker, told in the bundles that
 * show it (never what; docs/policy.md says to whom).
 */
#ifndef KITH_REST_WITHHELD_H
#define KITH_REST_WITHHELD_H

#include "rest/call.h"

/* Whether the view's grant has to be told so of this patient. */
int withheld_from(struct store_view *v, const struct grant *g, text patient, bool *ret_withheld,
                  struct err *e);

/* The same of any of the patients whom the request has in hand, or whose compartment it asks. */
int withheld_from_call(struct call *c, bool *ret_withheld, struct err *e);

/* An issue of an OperationOutcome. */
#define WITHHELD_ISSUE                                                                            \
    "{\"severity\":\"information\",\"code\":\"suppressed\",\"details\":{\"text\":\"something of " \
    "this record is withheld from you; ask the patient, or open it with a reason if care cannot " \
    "wait\"}}"
/* An entry of a searchset. */
#define WITHHELD_ENTRY                                                                \
    "{\"resource\":{\"resourceType\":\"OperationOutcome\",\"issue\":[" WITHHELD_ISSUE \
    "]},\"search\":{\"mode\":\"outcome\"}}"

#endif
