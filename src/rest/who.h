/* Inside rest/: who asks, and what they may do before any record is looked at. */
#ifndef KITH_REST_WHO_H
#define KITH_REST_WHO_H

#include "rest/call.h"

/* The step `who`: finds c->caller. ERR_LOGIN: nobody, where somebody is needed. */
int step_who(struct call *c, struct err *e);

/* The step `may`: makes c->grant, and asks may_route(). */
int step_may(struct call *c, struct err *e);

/*
 * Whether role and scope leave the interaction on the route's type, whatever the patient: of a
 * request, and of each entry of a bundle. The rest is decided by the store, key by key.
 */
int may_route(struct call *c, struct err *e);

/* For a request whose body is still to come: whether its sender may bring one for $import. */
bool may_upload(const struct rest *rest, const struct http_request *head);

#endif
