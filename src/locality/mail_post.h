/* Messages of people to other members: what rest/ asks for (rest/mail.h). */
#ifndef KITH_LOCALITY_MAIL_POST_H
#define KITH_LOCALITY_MAIL_POST_H

#include "locality/mail.h"
#include "rest/mail.h"

/* As mail_source.send of rest/mail.h. */
int mail_post(struct mailbox *m, const struct mail_ask *ask, struct arena *a, text *ret_id,
              text *ret_patient, struct err *e);

#endif
