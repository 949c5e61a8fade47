/* Private to `kith locality`: what its actions share. */
#ifndef KITH_CLI_LOCALITY_H
#define KITH_CLI_LOCALITY_H

#include "cli/cli.h"
#include "locality/trust.h"
#include "node/locality_world.h"
#include "store/store.h"

struct locality_tool {
    const struct cli_args *args;
    const char *dir;
    struct arena a;
    text ods, name; /* of the node */
    struct locality_world *world;
    const struct loc_world *face;
    struct trust *trust;
    int status; /* of the command, when all went well */
};

/* Positional `i` after the folder; ERR_REQUIRED with what it is. */
int tool_word(const struct locality_tool *t, size_t i, const char *what, text *ret, struct err *e);
/* An event for the access log of the node. */
int tool_note(const struct locality_tool *t, enum event_kind kind, text why, struct err *e);

/* locality_change.c, locality_list.c */
int locality_create(struct locality_tool *t, struct err *e);
int locality_invite(struct locality_tool *t, struct err *e);
int locality_join(struct locality_tool *t, struct err *e);
int locality_propose(struct locality_tool *t, struct err *e);
int locality_sign(struct locality_tool *t, struct err *e);
int locality_remove(struct locality_tool *t, struct err *e);
int locality_leave(struct locality_tool *t, struct err *e);
int locality_rotate(struct locality_tool *t, struct err *e);
int locality_ally(struct locality_tool *t, struct err *e);
int locality_list(struct locality_tool *t, struct err *e);
int locality_reconcile(struct locality_tool *t, struct err *e);
/* locality_anew.c, locality_fork.c, locality_foreign.c, locality_verify.c */
int locality_anew(struct locality_tool *t, struct err *e);
int locality_fork(struct locality_tool *t, struct err *e);
int locality_foreign(struct locality_tool *t, struct err *e);
int locality_verify(struct locality_tool *t, struct err *e);
/* What waits for signatures, in words, after something was proposed. */
int locality_tell_waiting(struct locality_tool *t, struct err *e);

#endif
