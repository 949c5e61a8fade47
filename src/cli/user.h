/* `kith user`, and what `kith init` needs of it. */
#ifndef KITH_CLI_USER_H
#define KITH_CLI_USER_H

#include "base/arena.h"
#include "base/err.h"

/* Where a node is reached unless it is said. */
#define USER_BASE "http://localhost:8080"

/* Makes the first administrator of a new node; the link opens once, within a day. In the arena. */
int user_first_administrator(const char *dir, const char *base, struct arena *a, text *ret_link,
                             struct err *e);

#endif
