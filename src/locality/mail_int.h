/* Private to mail*.c. */
#ifndef KITH_LOCALITY_MAIL_INT_H
#define KITH_LOCALITY_MAIL_INT_H

#include "base/buf.h"
#include "format/json.h"
#include "locality/mail.h"

#include <pthread.h>

enum {
    MAIL_DEPTH = 100,
    MAIL_LINE_MAX = 16384,      /* of a row without its bundle */
    MAIL_MEMORY = 256 << 20,    /* the cap only: a bundle, its tree and its base64 */
    MAIL_A_ROUND = 64,          /* so many are looked at a round */
    MAIL_LOOK_MS = 30000,       /* between two looks for those that are too old */
    MAIL_GRACE_MS = 10 * 60000, /* for clocks that differ, and an answer that is on its way */
    MAIL_TRIES = 8,
};
#define MAIL_OUT "mail-out"
#define MAIL_IN "mail-in"
#define MAIL_BUNDLE "mail-bundle"
#define MAIL_WAIT "mail-wait"
#define MAIL_SHOW "mail-show"

struct mailbox {
    const struct loc_world *world;
    struct trust *trust;
    struct feed *feed;
    pthread_mutex_t showing; /* one thread at a time brings states to the own record */
    int64_t look_ms;         /* the courier's alone */
};

int mail_no_memory(struct err *e);
/* A row's value, as kept. ERR_CORRUPT. */
int mail_print(const struct mail *mail, struct arena *a, text *ret_line, struct err *e);
/* *ret_line: the value, for KEPT_SWAP. ERR_NOT_FOUND. */
int mail_get(struct mailbox *m, bool received, text id, struct arena *a, struct mail *ret,
             text *ret_line, struct err *e);
/* "referral", "letter", "transfer-of-care", "request" */
bool mail_workflow_known(text workflow);
/* What a bundle is: ERR_INVALID with words. */
int mail_check_bundle(const yyjson_val *bundle, struct err *e);
/* "o<id>", "i<id>" */
text mail_side_key(bool received, text id, struct arena *a);
struct kept_change mail_change(enum kept_change_kind change, const char *kind, text key,
                               text value);
/* As mail_acknowledge(), but what is shown of it is left to the courier. */
int mail_settle(struct mailbox *m, text id, struct err *e);
/*
 * A message of the workflow `request` that answers one which was sent from here: the request in the
 * own record is answered with it, by whoever owns it and nobody else. Nothing of any other message.
 * ERR_INVALID: it answers nothing that was asked of its sender.
 */
int mail_answer(struct mailbox *m, const struct mail *mail, struct arena *a, struct err *e);
/* All that waits to be shown, as far as it can be now. */
int mail_show(struct mailbox *m, struct err *e);
/* The row that tells the sender of a message what has become of it. */
int mail_reply(struct mailbox *m, const struct mail *mail, const char *state, const char *why,
               struct arena *a, struct feed_row *ret_row, struct err *e);

#endif
