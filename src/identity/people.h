/* Private to identity/ and `kith user`: invitations and changes of accounts by an administrator. */
#ifndef KITH_IDENTITY_PEOPLE_H
#define KITH_IDENTITY_PEOPLE_H

#include "audit/event.h"
#include "identity/account.h"

#define INVITE_MS (INT64_C(7) * 24 * 3600 * 1000)
#define INVITE_FIRST_MS (INT64_C(24) * 3600 * 1000) /* of the first administrator */

/*
 * An invitation in the place of the one that the account had: whoever has the token adds a way in
 * to the account, once. Where there is one already, the account keeps when (invited_ms), and its
 * person is told at each sign-in for some time. ERR_CONFLICT: the account was changed meanwhile.
 */
int invite_make(struct kept *k, const struct account *account, int64_t life_ms, struct arena *a,
                text *ret_token, int64_t *ret_expires_ms, struct err *e);
/* Whose it is. ERR_NOT_FOUND: it is none, was used, replaced, or is too old. */
int invite_find(struct kept *k, text token, int64_t now_ms, struct arena *a,
                struct account *ret_account, int64_t *ret_expires_ms, struct err *e);

/* What taking up an invitation ends in a copy that is yet to be kept: with another password to come
 * the one that there was, its codes, sessions and tokens; without, nothing. */
void account_invited(struct account *account, bool password);

/* What ends at once every way in, session and token of an account, in a copy that is yet to be
 * kept. */
void account_reset(struct account *account);

/*
 * Takes away every session, token, app's access and invitation. For a copy that becomes a node:
 * what somebody has ended since it was made would be alive again in it.
 */
int people_end_all(struct kept *k, struct err *e);

/* The address at which people reached the node when it last served, such as
 * "https://kith.example.org": `kith user` makes links of it. ERR_NOT_FOUND: it has never served. */
int people_note_base(struct kept *k, text base, struct err *e);
int people_base(struct kept *k, struct arena *a, text *ret_base, struct err *e);

/* Leaves an event for the node, which takes it over into its access log. */
int event_leave(struct kept *k, const struct audit_event *event, struct err *e);

#endif
