#include "base/clock.h"
#include "rest/operation.h"
#include "rest/subscribe/engine.h"

/* $status, $events and $topics: how a subscription stands, what was missed, what there is. */

enum { STATUSES_MOST = 200, ANSWER_BYTES = 16384 };

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "the request needs more memory than it may have");
}

static int is_here(const struct call *c, struct err *e)
{
    return c->rest->subscriptions
               ? 0
               : err_set(e, ERR_NOT_SUPPORTED, "this is only possible in a node that serves");
}

/* --- one of them --------------------------------------------------------------------------------
 */

struct asked {
    struct subscription s;
    struct progress progress;
    text error;
};

static int read_one(struct call *c, struct asked *x, struct err *e)
{
    yyjson_val *root = NULL;
    struct index_rules rules = call_rules(c);
    int rc = operation_instance(c, &root, e);
    rc = rc ? rc : subscription_allows(c, root, e);
    if (!rc && !subscription_is_served(root)) {
        rc = err_set(e, ERR_NOT_SUPPORTED,
                     "Subscription/%.*s names no topic of this node, so nobody is told by it",
                     TEXT_ARG(c->route.id));
    }
    rc = rc ? rc : subscription_read(root, &rules, c->rest->limits, c->arena, &x->s, e);
    x->error = json_text(json_get(root, T("error")));
    return rc ? rc
              : rows_progress(c->rest->subscriptions->kept, c->route.id, c->arena, &x->progress, e);
}

static struct notification notification_of(const struct call *c, const struct asked *x,
                                           const char *type)
{
    return (struct notification){.type = type,
                                 .base = c->base,
                                 .id = x->s.id,
                                 .topic = x->s.topic_url,
                                 .status = x->s.status,
                                 .content = x->s.content,
                                 .number = x->progress.number,
                                 .error = x->error};
}

/* --- $status ------------------------------------------------------------------------------------
 */

static void put_status(const struct call *c, const struct asked *x, size_t at, struct buf *out)
{
    struct notification n = notification_of(c, x, "query-status");
    buf_printf(out,
               "%s{\"fullUrl\":\"%.*s/Subscription/%.*s/$status\",\"resource\":", at ? "," : "",
               TEXT_ARG(c->base), TEXT_ARG(x->s.id));
    notification_print_status(&n, out);
    buf_add(out, T(",\"search\":{\"mode\":\"match\"}}"));
}

/* The ids that were asked for; at the type there has to be one at least. */
static int ids_of(struct call *c, text ids[STATUSES_MOST], size_t *ret_count, struct err *e)
{
    struct operation_parameter *params;
    size_t count, n = 0;
    static const char *const names[] = {"id", NULL};
    int rc = operation_parameters(c, false, &params, &count, e);
    rc = rc ? rc : operation_only(params, count, names, e);
    if (!rc && c->route.id.n) {
        ids[n++] = c->route.id;
    }
    for (size_t i = 0; !rc && i < count && n < STATUSES_MOST; i++) {
        text rest = params[i].value, one;
        while (n < STATUSES_MOST && text_cut(&rest, ',', &one)) {
            ids[n++] = one;
        }
    }
    *ret_count = n;
    return rc || n ? rc
                   : err_set(e, ERR_REQUIRED,
                             "name the subscriptions: Subscription/$status?id=1,2, or ask "
                             "Subscription/1/$status");
}

int do_subscription_status(struct call *c, struct err *e)
{
    struct buf out;
    text ids[STATUSES_MOST];
    size_t count = 0;
    int rc = is_here(c, e);
    rc = rc ? rc : ids_of(c, ids, &count, e);
    buf_init(&out, (size_t)c->rest->limits->request_memory);
    buf_printf(&out,
               "{\"resourceType\":\"Bundle\",\"type\":\"searchset\",\"total\":%zu,\"entry\":[",
               count);
    for (size_t i = 0; !rc && i < count; i++) {
        struct asked x;
        c->route.id = ids[i];
        rc = read_one(c, &x, e);
        if (!rc) {
            put_status(c, &x, i, &out);
        }
    }
    buf_add(&out, T("]}"));
    if (rc) {
        buf_done(&out);
        return rc;
    }
    return operation_reply(c, &out, e);
}

/* --- $events ------------------------------------------------------------------------------------
 */

struct range {
    uint64_t from, to;
    enum content content;
};

static int take_range(struct call *c, const struct subscription *s, struct range *r, struct err *e)
{
    static const char *const names[] = {"eventsSinceNumber", "eventsUntilNumber", "content", NULL};
    struct operation_parameter *params;
    size_t count;
    *r = (struct range){.from = 1, .to = UINT64_MAX, .content = s->content};
    int rc = operation_parameters(c, false, &params, &count, e);
    rc = rc ? rc : operation_only(params, count, names, e);
    if (rc) {
        return rc;
    }
    const struct operation_parameter *since = operation_parameter(params, count, names[0]);
    const struct operation_parameter *until = operation_parameter(params, count, names[1]);
    const struct operation_parameter *content = operation_parameter(params, count, names[2]);
    if ((since && !text_to_u64(since->value, &r->from)) ||
        (until && !text_to_u64(until->value, &r->to))) {
        return err_set(e, ERR_VALUE, "the number of an event is a whole number");
    }
    return content && !content_find(content->value, &r->content)
               ? err_set(e, ERR_CODE_INVALID, "content is empty, id-only or full-resource")
               : 0;
}

int do_subscription_events(struct call *c, struct err *e)
{
    struct asked x;
    struct range r;
    struct event *events = NULL;
    size_t count = 0;
    struct buf out;
    int rc = is_here(c, e);
    rc = rc ? rc : read_one(c, &x, e);
    rc = rc ? rc : take_range(c, &x.s, &r, e);
    rc = rc ? rc
            : rows_events(c->rest->subscriptions->kept, x.s.id, r.from, r.to, EVENTS_KEPT, c->arena,
                          &events, &count, e);
    struct rest rest = *c->rest;
    rest.base = c->base;
    rc = rc ? rc : deliver_look(&rest, c->caller, r.content, events, count, c->arena, e);
    if (rc) {
        return rc;
    }
    struct notification n = notification_of(c, &x, "query-event");
    n.content = r.content;
    n.events = events;
    n.count = count;
    buf_init(&out, (size_t)c->rest->limits->request_memory);
    notification_print(&n, &out);
    return operation_reply(c, &out, e);
}

/* --- $get-ws-binding-token ----------------------------------------------------------------------
 */

/* "https://host/fhir" -> "wss://host/subscriptions/websocket". */
static text websocket_url(const struct call *c)
{
    text site = text_ends(c->base, T("/fhir")) ? text_first(c->base, c->base.n - 5) : c->base;
    return text_starts(site, T("http")) ? arena_printf(c->arena, "ws%.*s" SUBSCRIPTIONS_WEBSOCKET,
                                                       TEXT_ARG(text_from(site, 4)))
                                        : (text){0};
}

int do_subscription_token(struct call *c, struct err *e)
{
    struct asked x;
    struct buf out;
    text ids[STATUSES_MOST];
    size_t count = 0;
    char token[SOCKET_TOKEN_ROOM], ends[CLOCK_INSTANT_SIZE];
    int64_t ends_ms = 0;
    int rc = is_here(c, e);
    rc = rc ? rc : ids_of(c, ids, &count, e);
    if (!rc && count != 1) {
        rc = err_set(e, ERR_NOT_SUPPORTED,
                     "a token is for one subscription; ask for each, and bind "
                     "as many as you like on one connection");
    }
    c->route.id = rc ? c->route.id : ids[0];
    rc = rc ? rc : read_one(c, &x, e);
    if (!rc && x.s.channel != CHANNEL_WEBSOCKET) {
        rc = err_set(e, ERR_BUSINESS_RULE, "this subscription is told by rest-hook");
    }
    rc = rc ? rc : sockets_token(c->rest->subscriptions->sockets, x.s.id, token, &ends_ms, e);
    text url = websocket_url(c);
    if (rc || !url.p) {
        return rc ? rc : no_memory(e);
    }
    clock_instant(ends_ms, ends);
    buf_init(&out, ANSWER_BYTES);
    buf_printf(&out,
               "{\"resourceType\":\"Parameters\",\"parameter\":[{\"name\":\"token\","
               "\"valueString\":\"%s\"},{\"name\":\"expiration\",\"valueDateTime\":\"%s\"},"
               "{\"name\":\"subscription\",\"valueString\":\"%.*s\"},{\"name\":"
               "\"websocket-url\",\"valueUrl\":\"%.*s\"}]}",
               token, ends, TEXT_ARG(x.s.id), TEXT_ARG(url));
    return operation_reply(c, &out, e);
}

/* --- $topics ------------------------------------------------------------------------------------
 */

int do_subscription_topics(struct call *c, struct err *e)
{
    struct buf out;
    int rc = call_no_parameters(c, e);
    if (rc) {
        return rc;
    }
    buf_init(&out, (size_t)c->rest->limits->request_memory);
    topics_print(&out);
    return buf_failed(&out) ? no_memory(e) : operation_reply(c, &out, e);
}
