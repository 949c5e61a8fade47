/*
 * A mailbox between members: FHIR message and document bundles, each delivered once.
 * docs/locality.md, "Messages". Rows: mail-out, mail-in (id: all but the bundle), mail-bundle (the
 * letter o or i, and the id: until it is in the own record), mail-wait (id: sent, and not known to
 * have come), mail-show (as mail-bundle: the own record does not show the newest state yet).
 *
 * The rows are the truth. What people see of it are two resources of the own record, written by the
 * node itself and again after a crash: Task/mail-<id> (state, workflow, from and to) and
 * Binary/mail-<id> (the bundle), both in the record of the patient, where they are known here.
 */
#ifndef KITH_LOCALITY_MAIL_H
#define KITH_LOCALITY_MAIL_H

#include "locality/feed.h"

#define MAIL_STATE_TABLE(X)         \
    X(QUEUED, "queued")             \
    X(ACCEPTED, "accepted")         \
    X(ACKNOWLEDGED, "acknowledged") \
    X(UNDELIVERABLE, "undeliverable")
enum mail_state {
#define MAIL_STATE_ENUM(name, code) MAIL_##name,
    MAIL_STATE_TABLE(MAIL_STATE_ENUM)
#undef MAIL_STATE_ENUM
        MAIL_STATE_COUNT
};
const char *mail_state_code(enum mail_state s);

enum {
    MAIL_MAX = 8 << 20, /* bytes of a bundle: in base64 it has to fit into a resource */
    MAIL_DAYS = 5,
    MAIL_WHY_MAX = 500,
};

struct mail {
    text id; /* UUID; mail_send() makes one where it is empty */
    text from, to, workflow;
    text bundle;            /* JSON */
    struct subject subject; /* whom it is about; no NHS number: nobody who is known by one */
    text patient;           /* their id here; empty: not known */
    text author;            /* who sent it, in words */
    bool is_received;
    enum mail_state state;
    int64_t at_ms, until_ms, changed_ms;
    text why; /* of UNDELIVERABLE */
};

struct mailbox;
int mail_open(const struct loc_world *world, struct trust *trust, struct feed *feed,
              struct mailbox **ret, struct err *e);
void mail_close(struct mailbox *m);

/* Durable when it returns, then shown in the own record. ERR_NOT_FOUND: no such member;
 * ERR_INVALID: no bundle of type message or document, or no such workflow; ERR_TOO_LARGE. */
int mail_send(struct mailbox *m, const struct mail *mail, struct arena *a, text *ret_id,
              struct err *e);
/* A person or service has taken it: tells the sender. Once more is no error. ERR_NOT_FOUND: nothing
 * of this id has been received. */
int mail_acknowledge(struct mailbox *m, text id, struct err *e);
/* For the courier: those too old, and those to members who are none any more, become undeliverable,
 * with an alarm; what the own record does not show yet is shown. */
int mail_round(struct mailbox *m, struct err *e);

/* The take of a feed for rows of the kind `message` (feed.h). */
int mail_take_row(struct mailbox *m, text sender, const struct feed_row *row, struct arena *a,
                  struct kept_change **ret_changes, size_t *ret_count, struct err *e);
int mail_take_effect(struct mailbox *m, struct err *e);

#endif
