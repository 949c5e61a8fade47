#include "rest/who.h"

#include "base/clock.h"
#include "policy/touched.h"
#include "rest/operation.h"

#include <string.h>

/* --- whose pages ask ----------------------------------------------------------------------- */

/* The host of "host", "host:port", "[::1]:port". */
static text host_name(text authority)
{
    if (text_starts(authority, T("["))) {
        return text_first(authority, text_find(authority, ']') + 1);
    }
    return text_first(authority, text_find(authority, ':'));
}

static bool is_loopback_name(text host)
{
    size_t dots = 0;
    for (size_t i = 0; i < host.n; i++) {
        dots += host.p[i] == '.';
        if (host.p[i] != '.' && (host.p[i] < '0' || host.p[i] > '9')) {
            return text_eq_nocase(host, T("localhost")) || text_eq(host, T("[::1]"));
        }
    }
    return dots == 3 && text_starts(host, T("127."));
}

/* The part of an address between scheme and path: what Host and Origin have. */
static text authority_of(text url)
{
    for (size_t i = 0; i + 3 <= url.n; i++) {
        if (memcmp(url.p + i, "://", 3) == 0) {
            text rest = text_from(url, i + 3);
            return text_first(rest, text_find(rest, '/'));
        }
    }
    return (text){0};
}

/*
 * A browser on this machine runs pages of other sites too, and such a page may give its own name
 * this machine's address. On a loopback listener a request must therefore ask for a name of this
 * node. (A session's cookie opens nothing here, whoever sends it.)
 */
static int own_names_only(const struct call *c, struct err *e)
{
    text host = http_field(c->http, T("Host"));
    text base = authority_of(c->rest->base);
    if (!is_loopback_name(host_name(host)) && !(base.n && text_eq_nocase(host, base))) {
        return err_set(
            e, ERR_FORBIDDEN,
            "this node does not go by the name '%.*s'; ask for it as localhost, or start "
            "it with --base-url",
            TEXT_ARG(text_short(host, 100)));
    }
    return 0;
}

/* --- who ------------------------------------------------------------------------------------ */

/* What anybody may ask: what this node can do. */
static bool is_public(const struct call *c)
{
    return c->route.interaction == INTERACTION_CAPABILITIES;
}

static int nobody(struct call *c, struct err *e)
{
    answer_field(c, T("WWW-Authenticate"), T("Bearer realm=\"kith\""));
    return err_set(e, ERR_LOGIN,
                   "sign in first: open this node's page, or send Authorization: Bearer with an "
                   "access token (how to get one: [base]/.well-known/smart-configuration)");
}

int step_who(struct call *c, struct err *e)
{
    static const struct caller node = {
        .actor = {.kind = ACTOR_NODE, .purpose = PURPOSE_SYSTEM, .name = {"this node", 9}}};
    if (c->rest->local) {
        c->caller = &node;
        return 0;
    }
    if (c->caller) { /* known already: rest_handle_as() */
        return 0;
    }
    int rc = c->rest->loopback ? own_names_only(c, e) : 0;
    struct caller *caller = rc ? NULL : arena_zalloc(c->arena, 1, sizeof *caller);
    if (!rc && !caller) {
        rc = err_set(e, ERR_MEMORY, "the request needs more memory than it may have");
    }
    rc = rc ? rc : identity_caller(c->rest->identity, c->http, caller, e);
    if (rc == ERR_LOGIN) {
        answer_field(c, T("WWW-Authenticate"), T("Bearer realm=\"kith\", error=\"invalid_token\""));
    }
    if (!rc) {
        c->caller = caller;
        rc = caller->actor.kind == ACTOR_NOBODY && !is_public(c) ? nobody(c, e) : 0;
    }
    return rc;
}

/* --- may ------------------------------------------------------------------------------------ */

/* What an interaction needs on its type; 0: nothing, or it is decided elsewhere. */
static uint8_t needs(const struct call *c)
{
    switch (c->route.interaction) {
    case INTERACTION_READ:
    case INTERACTION_VREAD:
    case INTERACTION_META:
    case INTERACTION_EVERYTHING:
        return MAY_READ;
    case INTERACTION_HISTORY:
        return c->route.id.n ? MAY_READ : MAY_SEARCH;
    case INTERACTION_SEARCH:
        return MAY_SEARCH;
    case INTERACTION_CREATE:
        return MAY_CREATE;
    case INTERACTION_UPDATE:
    case INTERACTION_UPDATE_CONDITIONAL:
    case INTERACTION_PATCH:
    case INTERACTION_PATCH_CONDITIONAL:
    case INTERACTION_META_ADD:
    case INTERACTION_META_DELETE:
        return MAY_UPDATE;
    case INTERACTION_DELETE:
    case INTERACTION_DELETE_CONDITIONAL:
        return MAY_DELETE;
    default:
        return 0;
    }
}

static const char *words_of(uint8_t right)
{
    return right == MAY_READ     ? "read"
           : right == MAY_SEARCH ? "search"
           : right == MAY_CREATE ? "add"
           : right == MAY_UPDATE ? "change"
                                 : "delete";
}

static int refuse_right(struct call *c, uint8_t right, struct err *e)
{
    const struct actor *a = grant_actor(c->grant);
    text type = c->route.type ? fhir_type_name(c->route.type) : T("resources");
    if (c->caller->scopes) {
        answer_field(c, T("WWW-Authenticate"),
                     T("Bearer realm=\"kith\", error=\"insufficient_scope\""));
    }
    return err_set(e, ERR_FORBIDDEN, "%s%.*s may not %s %.*s%s", a->role_name.n ? "the role " : "",
                   TEXT_ARG(a->role_name.n ? a->role_name
                            : a->name.n    ? a->name
                                           : T("this client")),
                   words_of(right), TEXT_ARG(type),
                   c->caller->client.n ? " with the scopes of this token"
                                       : "; ask those who manage people and roles here");
}

static int refuse_activity(enum activity a, struct err *e)
{
    const struct activity_info *info = activity_info(a);
    return err_set(e, ERR_FORBIDDEN,
                   "this needs the activity '%s' (%s), which the role does not have", info->code,
                   info->words);
}

/* Work on the node itself, and on many records at once. */
static int may_work(struct call *c, struct err *e)
{
    enum activity a;
    switch (c->route.interaction) {
    case INTERACTION_REINDEX:
    case INTERACTION_REINDEX_STATUS:
    case INTERACTION_IMPORT:
        a = ACTIVITY_MANAGE_NODE;
        break;
    case INTERACTION_EXPORT:
        a = ACTIVITY_EXPORT;
        break;
    case INTERACTION_JOB:
        if (grant_can(c->grant, ACTIVITY_MANAGE_NODE)) {
            return 0;
        }
        a = ACTIVITY_EXPORT;
        break;
    default:
        return 0;
    }
    return grant_can(c->grant, a) ? 0 : refuse_activity(a, e);
}

int may_route(struct call *c, struct err *e)
{
    uint8_t right = needs(c);
    if (right && c->route.type && !(grant_rights(c->grant, c->route.type) & right)) {
        return refuse_right(c, right, e);
    }
    if (c->route.interaction == INTERACTION_OPERATION && c->route.operation->needs) {
        uint8_t wanted = c->route.operation->needs;
        if (!(grant_rights(c->grant, c->route.type) & wanted)) {
            return refuse_right(c, wanted, e);
        }
    }
    return may_work(c, e);
}

static const struct grant *make(const struct rest *rest, const struct caller *caller,
                                struct touched *touched, struct arena *a)
{
    struct grant_config config = {.actor = &caller->actor,
                                  .scopes = caller->scopes,
                                  .key = store_policy_key(rest->store),
                                  .now_ms = clock_real_ms(),
                                  .tells_withheld = rest->tells_withheld,
                                  .touched = touched};
    return grant_make(&config, a);
}

int step_may(struct call *c, struct err *e)
{
    if (c->rest->local) {
        c->grant = policy_local_administrator();
        return 0;
    }
    c->touched = arena_zalloc(c->arena, 1, sizeof *c->touched);
    if (c->touched) {
        c->touched->arena = c->arena;
        c->grant = make(c->rest, c->caller, c->touched, c->arena);
    }
    if (!c->grant) {
        return err_set(e, ERR_MEMORY, "the request needs more memory than it may have");
    }
    return is_public(c) ? 0 : may_route(c, e);
}

bool may_upload(const struct rest *rest, const struct http_request *head)
{
    struct caller caller = {0};
    struct err ignored = {0};
    if (rest->local) {
        return true;
    }
    if (identity_caller(rest->identity, head, &caller, &ignored)) {
        return false;
    }
    const struct grant *g = make(rest, &caller, NULL, head->arena);
    return g && grant_can(g, ACTIVITY_MANAGE_NODE);
}
