#include "node/node.h"

#include "base/log.h"
#include "base/metrics.h"
#include "net/http.h"
#include "node/assets.h"
#include "rest/definitions.h"
#include "rest/jobs.h"
#include "rest/rest.h"

#include <stdlib.h>
#include <sys/resource.h>

struct node {
    struct node_config config;
    struct store *store;
    struct rest rest;
    struct http_server *http;
};

enum {
    GRACE_SECONDS = 30,
    WORKERS_MOST = 64,  /* unless said otherwise */
    FILES_A_WORKER = 4, /* the store's, when all of them read at once */
    OTHER_FILES = 64,
};

/* What a page may do is said once, here: everything from this node, nothing from anywhere else. */
static void page_fields(struct http_reply *reply)
{
    http_reply_field(
        reply, T("Content-Security-Policy"),
        T("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
          "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; "
          "frame-ancestors 'none'"));
    http_reply_field(reply, T("X-Content-Type-Options"), T("nosniff"));
    http_reply_field(reply, T("Referrer-Policy"), T("no-referrer"));
}

static void serve_asset(const struct asset *asset, const struct http_request *request,
                        struct http_reply *reply)
{
    page_fields(reply);
    http_reply_field(reply, T("ETag"), asset->etag);
    http_reply_field(reply, T("Cache-Control"), asset->cache_control);
    if (text_eq(http_field(request, T("If-None-Match")), asset->etag)) {
        reply->status = 304;
        return;
    }
    reply->status = 200;
    reply->content_type = asset->content_type.p;
    reply->no_compression = true;
    http_reply_field(reply, T("Vary"), T("Accept-Encoding"));
    if (asset->gzip.n && request->takes_gzip) {
        http_reply_field(reply, T("Content-Encoding"), T("gzip"));
        buf_add(&reply->body, asset->gzip);
    } else {
        buf_add(&reply->body, asset->bytes);
    }
}

static void serve_health(struct node *n, struct http_reply *reply)
{
    struct store_view *view;
    struct store_stats stats;
    struct err e = {0};
    int rc = store_view_begin(n->store, policy_local_administrator(), STORE_ONE_READ, &view, &e);
    if (!rc) {
        rc = store_stats(view, &stats, &e);
        store_view_end(view);
    }
    bool full = store_is_full(n->store);
    reply->status = rc ? 503 : 200;
    reply->content_type = "application/health+json";
    buf_printf(
        &reply->body,
        "{\"status\":\"%s\",\"version\":\"%s\",\"checks\":{\"store:reads\":[{\"status\":\"%s\"}],"
        "\"store:writes\":[{\"status\":\"%s\"}]}}\n",
        rc     ? "fail"
        : full ? "warn"
               : "pass",
        KITH_VERSION, rc ? "fail" : "pass", full ? "fail" : "pass");
}

static void serve_metrics(struct http_reply *reply)
{
    reply->status = 200;
    reply->content_type = "text/plain; version=0.0.4; charset=utf-8";
    metrics_print(&reply->body);
}

static void serve(void *context, const struct http_request *request, struct http_reply *reply)
{
    struct node *n = context;
    text path = request->path;
    bool get = request->method == HTTP_GET || request->method == HTTP_HEAD;
    if (text_eq(path, T("/fhir")) || text_starts(path, T("/fhir/"))) {
        rest_handle(&n->rest, request, reply);
        return;
    }
    const struct asset *asset = asset_find(path);
    if (!get) {
        struct err e = {0};
        reply->status = 405;
        http_reply_field(reply, T("Allow"), T("GET, HEAD"));
        (void)err_set(&e, ERR_METHOD, "only GET is possible here; the FHIR API is below /fhir");
        rest_refuse(&e, reply);
    } else if (asset) {
        serve_asset(asset, request, reply);
    } else if (text_eq(path, T("/health"))) {
        serve_health(n, reply);
    } else if (text_eq(path, T("/metrics"))) {
        serve_metrics(reply);
    } else {
        struct err e = {0};
        reply->status = 404;
        (void)err_set(&e, ERR_NOT_FOUND,
                      "there is nothing here; the page is at /, the FHIR API below /fhir");
        rest_refuse(&e, reply);
    }
}

static struct http_sink *sink(void *context, const struct http_request *head)
{
    const struct node *n = context;
    return upload_sink(&n->rest, head);
}

static void refuse(void *context, const struct err *why, struct http_reply *reply)
{
    (void)context;
    rest_refuse(why, reply);
}

static int open_store(struct node *n, struct err *e)
{
    struct store_config config = {.dir = n->config.dir,
                                  .mode = STORE_SERVE,
                                  .limits = &n->config.limits,
                                  .rules.base = n->config.base};
    return store_open(&config, &n->store, e);
}

static int start_http(struct node *n, struct err *e)
{
    struct http_config config = {.host = n->config.host,
                                 .port = n->config.port,
                                 .workers = n->config.workers,
                                 .limits = &n->config.limits,
                                 .tls_cert = n->config.tls_cert,
                                 .tls_key = n->config.tls_key,
                                 .handle = serve,
                                 .sink = sink,
                                 .refuse = refuse,
                                 .context = n};
    return http_server_start(&config, &n->http, e);
}

static bool is_loopback(const char *host)
{
    return !host || !*host || strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 ||
           strcmp(host, "localhost") == 0;
}

/*
 * Many systems give a process 1,024 files unless it asks for more. Where it may not have as many as
 * its limit of connections needs, that limit goes down: a refused connection is better than a store
 * that cannot open its file.
 */
static void raise_files(struct node_config *config)
{
    uint64_t others =
        OTHER_FILES + FILES_A_WORKER * (config->workers ? config->workers : WORKERS_MOST);
    uint64_t wanted = config->limits.connections + others;
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= wanted) {
        return;
    }
    files.rlim_cur = files.rlim_max < wanted ? files.rlim_max : wanted;
    if (setrlimit(RLIMIT_NOFILE, &files) != 0) {
        (void)getrlimit(RLIMIT_NOFILE, &files);
    }
    if (files.rlim_cur < wanted) {
        config->limits.connections = files.rlim_cur > others ? files.rlim_cur - others : 1;
    }
}

int node_start(const struct node_config *config, struct node **ret_node, struct err *e)
{
    struct node *n = calloc(1, sizeof *n);
    if (!n) {
        return err_set(e, ERR_MEMORY, "no memory");
    }
    n->config = *config;
    raise_files(&n->config);
    int rc = open_store(n, e);
    if (rc) {
        free(n);
        return rc;
    }
    n->rest = (struct rest){.store = n->store,
                            .limits = &n->config.limits,
                            .base = n->config.base,
                            .version = KITH_VERSION_TEXT,
                            .loopback = is_loopback(config->host)};
    memcpy(n->rest.profiles, config->profiles, sizeof n->rest.profiles);
    struct jobs_config jobs = {n->config.dir, n->config.import_dir, &n->rest};
    rc = definitions_open(n->store, &n->config.limits, n->config.dir, &n->rest.definitions, e);
    rc = rc ? rc : jobs_open(&jobs, &n->rest.jobs, e);
    rc = rc ? rc : start_http(n, e);
    if (rc) {
        jobs_close(n->rest.jobs);
        definitions_close(n->rest.definitions);
        store_close(n->store);
        free(n);
        return rc;
    }
    log_line(LOG_NODE_START, LOG_WORD("address", http_server_url(n->http)),
             LOG_WORD("version", n->rest.version));
    *ret_node = n;
    return 0;
}

text node_url(const struct node *n)
{
    return http_server_url(n->http);
}

uint64_t node_resources(const struct node *n)
{
    struct store_view *view;
    struct store_stats stats = {0};
    struct err e = {0};
    if (!store_view_begin(n->store, policy_local_administrator(), STORE_ONE_READ, &view, &e)) {
        (void)store_stats(view, &stats, &e);
        store_view_end(view);
    }
    return stats.resources;
}

void node_stop(struct node *n)
{
    if (!n) {
        return;
    }
    log_line(LOG_NODE_DRAIN, LOG_END);
    http_server_stop(n->http, GRACE_SECONDS);
    jobs_close(n->rest.jobs);
    definitions_close(n->rest.definitions);
    store_close(n->store);
    log_line(LOG_NODE_STOP, LOG_END);
    free(n);
}
