/*
 * Pages without a script: HTML from the node itself, for whoever cannot run the portal (an old
 * telephone, a text browser, a locked-down computer). docs/plain.md.
 *
 * A page is a client of the node like any other, in this process: it signs people in through
 * identity_handle(), reads through rest_handle_as() and access_pages() as whoever the session is,
 * and knows nothing of the store. So each rule and each entry of the access log is the same.
 */
#ifndef KITH_PLAIN_PLAIN_H
#define KITH_PLAIN_PLAIN_H

#include "net/http.h"
#include "rest/rest.h"

/* Whether a request is for these pages: below /plain; or somebody opened an entry of a record (a
 * summary, a result, a letter, the access log) in a browser, and is shown the way to its page. */
bool plain_serves(const struct http_request *request);
void plain_handle(const struct rest *rest, const struct http_request *request,
                  struct http_reply *reply);

#endif
