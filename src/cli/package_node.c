#include "cli/package.h"

#include "net/client.h"
#include "rest/definitions.h"

#include <stdlib.h>

/* One way to ask and to write, whether the node is a folder here or a server elsewhere. */

enum { CALL_SECONDS = 600 };
#define ANSWER_MAX ((uint64_t)1 << 30)
#define LOCAL_BASE "http://localhost/fhir"

struct package_node {
    struct limits limits;
    struct store *store; /* of a folder; NULL: elsewhere */
    struct rest rest;
    struct http_client *client; /* elsewhere */
    struct import_target target;
    void *sender;
    text base;
    char *base_memory;
};

static int open_local(struct package_node *n, const char *dir, struct err *e)
{
    struct store_config config = {.dir = dir, .mode = STORE_SERVE, .limits = &n->limits};
    int rc = store_open(&config, &n->store, e);
    n->base = T(LOCAL_BASE);
    n->rest =
        (struct rest){.store = n->store, .limits = &n->limits, .base = n->base, .local = true};
    /* What a node that serves would refuse is refused here, too. */
    return rc ? rc : definitions_open(n->store, &n->limits, dir, &n->rest.definitions, e);
}

static int open_remote(struct package_node *n, const char *url, struct err *e)
{
    n->base_memory = strdup(url);
    if (!n->base_memory) {
        return err_set(e, ERR_MEMORY, "no memory");
    }
    n->base = text_of(n->base_memory);
    while (text_ends(n->base, T("/"))) {
        n->base.n--;
    }
    int rc = import_remote(url, &n->target, e);
    rc = rc ? rc : n->target.open(n->target.context, &n->sender, e);
    return rc ? rc : http_client_new(&n->client, e);
}

int package_node_open(const char *where, struct package_node **ret_node, struct err *e)
{
    struct package_node *n = calloc(1, sizeof *n);
    if (!n) {
        return err_set(e, ERR_MEMORY, "no memory");
    }
    n->limits = limits_default();
    int rc = cli_is_url(where) ? open_remote(n, where, e) : open_local(n, where, e);
    if (rc) {
        package_node_close(n);
        return rc;
    }
    *ret_node = n;
    return 0;
}

void package_node_close(struct package_node *n)
{
    if (!n) {
        return;
    }
    definitions_close(n->rest.definitions);
    if (n->store) {
        store_settle(n->store);
        store_close(n->store);
    }
    if (n->sender) {
        n->target.close(n->sender);
    }
    if (n->target.context) {
        import_remote_done(&n->target);
    }
    if (n->client) {
        http_client_free(n->client);
    }
    free(n->base_memory);
    free(n);
}

/* --- calls --------------------------------------------------------------------------------- */

/* Everything that a reply has to say, also what it would make while it is sent. */
static int whole_body(struct http_reply *reply, struct buf *out, struct err *e)
{
    int more = reply->more ? 1 : 0;
    buf_add(out, buf_text(&reply->body));
    while (more == 1 && !buf_failed(out)) {
        buf_clear(&reply->body);
        more = reply->more(reply, reply->more_state);
        buf_add(out, buf_text(&reply->body));
    }
    if (reply->more_done) {
        reply->more_done(reply->more_state);
    }
    return more < 0          ? err_set(e, ERR_IO, "the store broke off its answer")
           : buf_failed(out) ? err_set(e, ERR_MEMORY, "no memory for an answer of the store")
                             : 0;
}

/* The same interactions as over the network, in this process. */
static int call_local(struct package_node *n, text path, text body, struct arena *a,
                      int *ret_status, struct buf *out, struct err *e)
{
    static const struct http_field fields[] = {
        {{"Host", 4}, {"localhost", 9}},
        {{"Accept", 6}, {"application/fhir+json", 21}},
        {{"Content-Type", 12}, {"application/fhir+json", 21}},
    };
    size_t question = text_find(path, '?');
    text target = arena_printf(a, "/fhir/%.*s", TEXT_ARG(path));
    if (!target.p) {
        return err_set(e, ERR_MEMORY, "no memory");
    }
    struct http_request request = {.method = body.n ? HTTP_POST : HTTP_GET,
                                   .method_name = body.n ? T("POST") : T("GET"),
                                   .target = target,
                                   .path = text_first(target, question + T("/fhir/").n),
                                   .query = text_from(target, question + T("/fhir/?").n),
                                   .fields = fields,
                                   .field_count = body.n ? 3 : 2,
                                   .body = body,
                                   .arena = a};
    struct http_reply reply = {0};
    buf_init(&reply.head, (size_t)1 << 20);
    buf_init(&reply.body, (size_t)ANSWER_MAX);
    if (question == path.n) {
        request.query = (text){0};
    }
    if (path.n == 0) {
        request.path = request.target = T("/fhir");
    }
    rest_handle(&n->rest, &request, &reply);
    *ret_status = reply.status;
    int rc = whole_body(&reply, out, e);
    buf_done(&reply.head);
    buf_done(&reply.body);
    return rc;
}

static int call_remote(struct package_node *n, text path, text body, struct arena *a,
                       int *ret_status, struct buf *out, struct err *e)
{
    struct http_answer answer;
    text url = cli_is_url(path.p ? path.p : "") ? path
                                                : arena_printf(a, "%.*s%s%.*s", TEXT_ARG(n->base),
                                                               path.n ? "/" : "", TEXT_ARG(path));
    if (!url.p) {
        return err_set(e, ERR_MEMORY, "no memory");
    }
    struct http_call call = {.method = body.n ? T("POST") : T("GET"),
                             .url = url,
                             .content_type = body.n ? T("application/fhir+json") : T(""),
                             .body = body,
                             .fields = cli_fields(),
                             .most_bytes = ANSWER_MAX,
                             .seconds = CALL_SECONDS};
    int rc = http_client_call(n->client, &call, &answer, e);
    if (!rc) {
        *ret_status = answer.status;
        buf_add(out, buf_text(&answer.body));
        rc = buf_failed(out) ? err_set(e, ERR_MEMORY, "no memory for an answer") : 0;
        http_answer_done(&answer);
    }
    return rc;
}

int package_node_call(struct package_node *n, text path, text body, struct arena *a,
                      int *ret_status, yyjson_val **ret_root, struct err *e)
{
    struct buf out;
    struct err ignored = {0};
    buf_init(&out, (size_t)ANSWER_MAX);
    int rc = n->store ? call_local(n, path, body, a, ret_status, &out, e)
                      : call_remote(n, path, body, a, ret_status, &out, e);
    text json = rc ? (text){0} : arena_copy(a, buf_text(&out));
    buf_done(&out);
    if (!rc && !json.p) {
        rc = err_set(e, ERR_MEMORY, "no memory for an answer");
    }
    *ret_root = NULL;
    if (!rc && json_read(json, n->limits.json_depth * (size_t)2, a, ret_root, &ignored)) {
        *ret_root = NULL; /* an error page, say */
    }
    return rc;
}

int package_node_take(struct package_node *n, struct rest_item *items, size_t count,
                      struct arena *a, struct err *e)
{
    if (!n->store) {
        return n->target.take(n->sender, items, count, a, e);
    }
    rest_take(&n->rest, policy_local_administrator(), items, count, a);
    for (size_t i = 0; i < count; i++) {
        int code = items[i].result;
        if (code == ERR_FULL || code == ERR_STOPPING || code == ERR_IO) {
            return err_set(e, code, "%s", err_text(&items[i].err));
        }
    }
    return 0;
}

text package_node_path(const struct package_node *n, text url)
{
    return text_starts(url, n->base) ? text_from(url, n->base.n + 1) : url;
}
