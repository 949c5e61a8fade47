/*
 * FHIR Subscriptions as the topic-based backport has them for R4: a program is told of what changes
 * in the records that it may see. docs/subscriptions.md.
 *
 * What was committed is followed by its t (store_changes()); how far, what waits for whom, and the
 * numbers of events stand in DIR/subscriptions.db, so that nothing is lost by a crash: an event has
 * its number before it is sent, and is sent again until it was taken.
 */
#ifndef KITH_REST_SUBSCRIBE_SUBSCRIBE_H
#define KITH_REST_SUBSCRIBE_SUBSCRIBE_H

#include "rest/rest.h"

struct subscriptions;

struct subscriptions_config {
    const char *dir;         /* of the node */
    const struct rest *rest; /* must outlive them */
    bool private_too; /* notifications may go to addresses of private networks: those who run the
                         node have said so */
};
int subscriptions_open(const struct subscriptions_config *config, struct subscriptions **ret,
                       struct err *e);
/* Begins to follow and to send. `base`: the FHIR base that notifications name where the node has
 * none of its own; copied. */
int subscriptions_start(struct subscriptions *s, text base, struct err *e);
/* Something was committed. Quick, from any thread. NULL is allowed. */
void subscriptions_wake(struct subscriptions *s);
/* The address of websockets, SUBSCRIPTIONS_WEBSOCKET: an upgrade, or a refusal. */
#define SUBSCRIPTIONS_WEBSOCKET "/subscriptions/websocket"
void subscriptions_upgrade(struct subscriptions *s, const struct http_request *request,
                           struct http_reply *reply);
/* Ends the threads; what was being sent is sent again after the next start. NULL is allowed. */
void subscriptions_stop(struct subscriptions *s);
void subscriptions_close(struct subscriptions *s);

#endif
