#include "rest/subscribe/engine.h"

/* A request to the own API, in this process, as somebody who is known: decided, read and logged as
 * one that came over the network. */

enum { HEAD_MOST = 64 * 1024 };

static enum http_method method_of(text name)
{
    return text_eq(name, T("GET"))     ? HTTP_GET
           : text_eq(name, T("PATCH")) ? HTTP_PATCH
           : text_eq(name, T("PUT"))   ? HTTP_PUT
                                       : HTTP_OTHER;
}

int inside_ask(const struct rest *rest, const struct caller *as, struct inside *x, struct arena *a,
               struct err *e)
{
    static const struct caller node = {
        .actor = {.kind = ACTOR_NODE, .purpose = PURPOSE_SYSTEM, .name = {"this node", 9}}};
    struct http_field fields[4] = {{{"Host", 4}, {"localhost", 9}},
                                   {{"Accept", 6}, {"application/fhir+json", 21}}};
    size_t count = 2;
    struct http_reply reply = {0};
    text target = arena_printf(a, "/fhir/%.*s", TEXT_ARG(x->path));
    if (!target.p) {
        return err_set(e, ERR_MEMORY, "no memory for a notification");
    }
    if (x->content_type.n) {
        fields[count++] = (struct http_field){T("Content-Type"), x->content_type};
    }
    if (x->if_match.n) {
        fields[count++] = (struct http_field){T("If-Match"), x->if_match};
    }
    struct http_request request = {.method = method_of(x->method),
                                   .method_name = x->method,
                                   .target = target,
                                   .path = target,
                                   .fields = fields,
                                   .field_count = count,
                                   .body = x->body,
                                   .arena = a,
                                   .peer = T("")};
    buf_init(&reply.head, HEAD_MOST);
    buf_init(&reply.body, (size_t)rest->limits->request_memory);
    rest_handle_as(rest, as ? as : &node, &request, &reply);
    if (reply.more && reply.more_done) {
        reply.more_done(reply.more_state);
    }
    x->status = reply.status;
    x->answer = reply.body.n ? arena_copy(a, buf_text(&reply.body)) : T("");
    bool fine = x->answer.p && !buf_failed(&reply.body);
    buf_done(&reply.body);
    buf_done(&reply.head);
    return fine ? 0 : err_set(e, ERR_MEMORY, "no memory for a notification");
}
