/* What the record of a patient says of their account. */
#ifndef KITH_REST_ACCESS_ACCOUNT_H
#define KITH_REST_ACCESS_ACCOUNT_H

#include "rest/rest.h"

/*
 * An administrator let somebody add a way in to the account of a patient that had one: writes, in
 * one transaction, a notice to the patient (Communication) and a Task for the privacy officers
 * (code account-review, with the inputs account and by). By the node's own right. For struct
 * identity_world.
 */
int access_account_invited(const struct rest *rest, const struct identity_invited *invited,
                           struct arena *a, struct err *e);

#endif
