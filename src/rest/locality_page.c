#include "base/clock.h"
#include "identity/identity.h"
#include "rest/rest.h"

/*
 * How the locality is, for the page of administrators and privacy officers: who is in it, who is
 * away, what waits for a signature, alarms. Nothing in it is about a patient, so it leaves no entry
 * in the access log.
 */

static const enum activity may_see[] = {ACTIVITY_MANAGE_NODE, ACTIVITY_MANAGE_PEOPLE,
                                        ACTIVITY_REVIEW};

bool locality_page_serves(text path)
{
    return text_eq(path, T("/locality-state"));
}

static int allow(const struct rest *rest, const struct http_request *request, struct err *e)
{
    struct caller caller = {0};
    int rc = identity_caller(rest->identity, request, &caller, e);
    if (!rc && caller.actor.kind == ACTOR_NOBODY) {
        rc = err_set(e, ERR_LOGIN, "sign in first, on this node's page");
    }
    struct grant_config config = {.actor = &caller.actor,
                                  .scopes = caller.scopes,
                                  .key = store_policy_key(rest->store),
                                  .now_ms = clock_real_ms()};
    const struct grant *g = rc ? NULL : grant_make(&config, request->arena);
    bool may = caller.actor.kind == ACTOR_NODE; /* at the machine */
    for (size_t i = 0; i < sizeof may_see / sizeof *may_see; i++) {
        may = may || (caller.actor.kind == ACTOR_PROFESSIONAL && grant_can(g, may_see[i]));
    }
    return rc || may ? rc
                     : err_set(e, ERR_FORBIDDEN,
                               "this is for those who manage this node, and for privacy officers");
}

static int serve(const struct rest *rest, const struct http_request *request,
                 struct http_reply *reply, struct err *e)
{
    if (request->method != HTTP_GET && request->method != HTTP_HEAD) {
        http_reply_field(reply, T("Allow"), T("GET, HEAD"));
        return err_set(e, ERR_METHOD,
                       "how the locality is can only be read; 'kith locality' changes it");
    }
    if (!rest->identity || !rest->locality.print) {
        return err_set(e, ERR_NOT_FOUND, "this node can be in no locality");
    }
    int rc = allow(rest, request, e);
    rc = rc ? rc : rest->locality.print(rest->locality.context, request->arena, &reply->body, e);
    reply->status = 200;
    reply->content_type = "application/json; charset=utf-8";
    return rc;
}

void locality_page(const struct rest *rest, const struct http_request *request,
                   struct http_reply *reply)
{
    struct err e = {0};
    if (rest_allow_sites(request, reply)) {
        return;
    }
    int rc = serve(rest, request, reply, &e);
    http_reply_field(reply, T("Cache-Control"), T("no-store"));
    http_reply_field(reply, T("X-Content-Type-Options"), T("nosniff"));
    if (rc) {
        e.code = rc;
        buf_clear(&reply->body);
        reply->status = err_info(rc)->status;
        rest_refuse(&e, reply);
    }
}
