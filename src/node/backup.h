/*
 * A copy of a whole node in a folder, and a node from such a copy: the records (store.db), accounts
 * and what belongs to them (identity.db, secret), subscriptions, what is kept of the locality and
 * the keys of its connections (locality.db, locality/), the access log (audit/). Not the files of
 * code systems and not bulk jobs.
 *
 * The log is copied last, so that it covers every version that is in the copy of the records.
 */
#ifndef KITH_NODE_BACKUP_H
#define KITH_NODE_BACKUP_H

#include "audit/audit.h"
#include "base/err.h"

struct node_copied {
    bool has_log;
    struct audit_copied log; /* all zero without one */
};

/*
 * Makes the folder `to`, also while the node in `dir` serves. It has its name only when it is whole
 * and its log has been verified; until then it is to.part. That it was made is left for the log of
 * the node. ERR_CONFLICT: `to`, or to.part, is there.
 */
int node_backup(const char *dir, const char *to, struct node_copied *ret_copied, struct err *e);

/*
 * Makes a node of a folder made by node_backup(), or of a file made by store_backup() (records
 * alone: there are no accounts and no log then). ERR_CONFLICT: there is something of a node in
 * `dir`. Log and databases are verified before anything is made. All sessions, tokens and
 * invitations of the copy end, and the log says that it was continued from a copy.
 */
int node_restore(const char *from, const char *dir, struct node_copied *ret_copied, struct err *e);

/* Leaves an event about the whole node for its log, when it has accounts; who did it is `name`. */
int node_note(const char *dir, enum event_kind kind, text name, text why, struct err *e);

/* The same straight into the log, before it returns, where a node has one and no process serves it;
 * otherwise left for it. */
int node_note_now(const char *dir, enum event_kind kind, text name, text why, struct err *e);

#endif
