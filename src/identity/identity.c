#include "identity/inner.h"

#include "identity/auth.h"

#include <stdio.h>
#include <stdlib.h>

static int open_parts(struct identity *id, struct err *e)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/identity.db", id->config.dir) >= (int)sizeof path) {
        return err_set(e, ERR_INVALID, "the path '%s' is too long", id->config.dir);
    }
    int rc = seal_open(id->config.dir, &id->seal, e);
    rc = rc ? rc : kept_open_shared(path, &id->kept, e);
    rc = rc ? rc : sessions_open(id->kept, &id->sessions, e);
    id->throttle = throttle_new();
    id->ceremonies = ceremonies_new();
    id->actors = actors_new();
    id->staff = staff_new();
    if (!rc && (!id->throttle || !id->ceremonies || !id->actors || !id->staff)) {
        rc = err_set(e, ERR_MEMORY, "no memory");
    }
    rc = rc ? rc : oidc_open(id, id->kept, &id->oidc, e);
    rc = rc ? rc : oauth_open(id, id->kept, id->sessions, &id->oauth, e);
    return rc ? rc : identity_drain(id, e);
}

int identity_open(const struct identity_config *config, struct identity **ret_identity,
                  struct err *e)
{
    if (config->demo && !config->loopback) {
        return err_set(e, ERR_FORBIDDEN,
                       "the demonstration signs in anybody: it is served on "
                       "loopback only, such as --listen 127.0.0.1:8080");
    }
    struct identity *id = calloc(1, sizeof *id);
    if (!id) {
        return err_set(e, ERR_MEMORY, "no memory");
    }
    id->config = *config;
    (void)pthread_mutex_init(&id->drain_lock, NULL);
    int rc = open_parts(id, e);
    if (rc) {
        identity_close(id);
        return rc;
    }
    *ret_identity = id;
    return 0;
}

void identity_close(struct identity *id)
{
    if (!id) {
        return;
    }
    oauth_close(id->oauth);
    oidc_close(id->oidc);
    sessions_close(id->sessions);
    throttle_free(id->throttle);
    ceremonies_free(id->ceremonies);
    actors_free(id->actors);
    staff_free(id->staff);
    kept_close(id->kept);
    seal_free(id->seal);
    (void)pthread_mutex_destroy(&id->drain_lock);
    free(id);
}

struct kept *identity_kept(struct identity *id)
{
    return id->kept;
}

const struct identity_config *identity_config(const struct identity *id)
{
    return &id->config;
}

const struct seal_key *identity_seal(const struct identity *id)
{
    return id->seal;
}

/* --- who asks ----------------------------------------------------------------------------------
 */

static int caller_of_session(struct identity *id, const struct http_request *request, text cookie,
                             struct caller *caller, struct err *e)
{
    struct session session;
    struct arena *a = request->arena;
    int rc = session_find(id->sessions, cookie, a, &session, e);
    if (!rc && session.step != SESSION_SIGNED_IN) {
        rc = err_set(e, ERR_LOGIN, "finish signing in first");
    }
    rc =
        rc ? rc
           : identity_actor(id, session.account, session.role, session.epoch, a, &caller->actor, e);
    caller->session = rc ? T("") : session.hash;
    if (rc || request->method == HTTP_GET || request->method == HTTP_HEAD) {
        return rc;
    }
    rc = identity_same_origin(id, request, e);
    if (!rc && !secret_eq(http_field(request, T("X-Kith-CSRF")), session.csrf)) {
        rc = err_set(e, ERR_FORBIDDEN,
                     "this request lacks the page's own token; load the page "
                     "again");
    }
    return rc;
}

int identity_caller(struct identity *id, const struct http_request *request,
                    struct caller *ret_caller, struct err *e)
{
    struct caller caller = {0};
    text authorization = http_field(request, T("Authorization"));
    text scheme = text_first(authorization, sizeof "Bearer " - 1);
    int rc = identity_drain(id, e);
    if (!rc && authorization.p && !text_eq_nocase(scheme, T("Bearer "))) {
        rc = err_set(e, ERR_LOGIN, "Authorization must be: Bearer, and an access token");
    }
    if (!rc && authorization.p) {
        rc = oauth_bearer(id->oauth, text_trim(text_from(authorization, scheme.n)), request->arena,
                          &caller, e);
    }
    if (!rc) {
        *ret_caller = caller;
    }
    return rc;
}

int identity_page_caller(struct identity *id, const struct http_request *request,
                         struct caller *ret_caller, struct err *e)
{
    struct caller caller = {0};
    text cookie = session_cookie(id, request);
    int rc = identity_drain(id, e);
    rc = rc || !cookie.n ? rc : caller_of_session(id, request, cookie, &caller, e);
    if (!rc) {
        *ret_caller = caller;
    }
    return rc;
}

/* --- addresses ----------------------------------------------------------------------------------
 */

bool identity_serves(text path)
{
    return text_eq(path, T("/open")) || text_starts(path, T("/auth/")) ||
           text_starts(path, T("/oauth/")) || text_starts(path, T("/.well-known/")) ||
           text_starts(path, T("/fhir/.well-known/"));
}

void identity_handle(struct identity *id, const struct http_request *request,
                     struct http_reply *reply)
{
    struct err e = {0};
    if (identity_drain(id, &e)) {
        auth_answer_error(&e, 0, reply);
    } else if (oauth_serves(request->path)) {
        oauth_handle(id->oauth, request, reply);
    } else {
        auth_handle(id, request, reply);
    }
}

int identity_organisation_name(struct identity *id, text reference, struct arena *a, text *ret_name,
                               struct err *e)
{
    const struct identity_world *world = &id->config.world;
    *ret_name = T("");
    if (text_eq(reference, id->config.organisation_reference)) {
        *ret_name = id->config.organisation_name;
        return 0;
    }
    if (!world->organisation || !reference.n) {
        return 0;
    }
    int rc = world->organisation(world->context, reference, a, ret_name, e);
    return rc == ERR_NOT_FOUND ? 0 : rc;
}
