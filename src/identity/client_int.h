/* What the files of clients share. */
#ifndef KITH_IDENTITY_CLIENT_INT_H
#define KITH_IDENTITY_CLIENT_INT_H

#include "identity/oauth.h"

/* Whether everything about a client is right; its scope becomes canonical. ERR_VALUE with what is
 * wrong. */
int client_check(struct client *client, struct arena *a, struct err *e);

#endif
