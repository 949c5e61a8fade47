#include "node/node.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "identity/people.h"
#include "net/http.h"
#include "node/assets.h"
#include "node/changes.h"
#include "node/courier.h"
#include "node/demo.h"
#include "node/feeder.h"
#include "node/world.h"
#include "plain/plain.h"
#include "rest/access.h"
#include "rest/definitions.h"
#include "rest/jobs.h"
#include "rest/links.h"
#include "rest/rest.h"
#include "rest/subscribe/subscribe.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

struct node {
    struct node_config config;
    struct store *store;
    struct audit *audit;
    struct feeder *feeder;
    struct subscriptions *subscriptions;
    struct world world;
    struct demo_nodes demo_nodes;
    struct identity *identity;
    struct arena arena; /* texts that live as long as the node */
    struct rest rest;
    struct courier *courier;
    struct changes *_Atomic changes; /* the store's writer tells it of commits */
    struct http_server *http;
};

enum {
    GRACE_SECONDS = 30,
    WORKERS_MOST = 64,  /* unless said otherwise */
    FILES_A_WORKER = 4, /* the store's, when all of them read at once */
    OTHER_FILES = 64,
    ARENA_BYTES = 1 << 20,
    SPARED_FIRST = 256 << 10, /* of the log's ballast, where a start lacks room */
    HEALTH_BYTES = 16 << 10,
};

/* What a page may do is said once, here: everything from this node, nothing from anywhere else. */
static void page_fields(struct http_reply *reply)
{
    http_reply_field(
        reply, T("Content-Security-Policy"),
        T("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
          "connect-src 'self'; worker-src 'self'; font-src 'self'; base-uri 'none'; form-action "
          "'none'; "
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

static const char *log_health(enum audit_state log, bool behind)
{
    switch (log) {
    case AUDIT_WELL:
    case AUDIT_NO_BALLAST:
        return behind ? "warn" : "pass";
    case AUDIT_SHORT:
        return "warn";
    default:
        return "fail";
    }
}

static void serve_health(struct node *n, struct http_reply *reply)
{
    struct buf locality;
    struct store_view *view;
    struct store_stats stats;
    struct err e = {0};
    int rc = store_view_begin(n->store, policy_local_administrator(), STORE_ONE_READ, &view, &e);
    if (!rc) {
        rc = store_stats(view, &stats, &e);
        store_view_end(view);
    }
    enum audit_state log = audit_state(n->audit);
    bool fails = rc || log == AUDIT_DEAD;
    bool behind = feeder_is_behind(n->feeder);
    bool full = store_is_full(n->store) || audit_is_short(n->audit);
    buf_init(&locality, HEALTH_BYTES);
    bool warns = courier_health(n->courier, &locality);
    reply->status = fails ? 503 : 200;
    reply->content_type = "application/health+json";
    buf_printf(
        &reply->body,
        "{\"status\":\"%s\",\"version\":\"%s\",\"checks\":{\"store:reads\":[{\"status\":\"%s\"}],"
        "\"store:writes\":[{\"status\":\"%s\"}],\"log:entries\":[{\"status\":\"%s\"}]%.*s}}\n",
        fails                     ? "fail"
        : full || behind || warns ? "warn"
                                  : "pass",
        KITH_VERSION, rc ? "fail" : "pass", full || log == AUDIT_DEAD ? "fail" : "pass",
        log_health(log, behind), TEXT_ARG(buf_text(&locality)));
    buf_done(&locality);
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
    if (plain_serves(request)) {
        plain_handle(&n->rest, request, reply);
        return;
    }
    bool fhir = text_eq(path, T("/fhir")) || text_starts(path, T("/fhir/"));
    if (fhir && !identity_serves(path)) {
        rest_handle(&n->rest, request, reply);
        return;
    }
    if (identity_serves(path)) {
        identity_handle(n->identity, request, reply);
        return;
    }
    if (text_starts(path, T("/audit/"))) {
        access_pages(&n->rest, NULL, request, reply);
        return;
    }
    if (links_serves(path)) {
        links_page(&n->rest, request, reply);
        return;
    }
    if (locality_page_serves(path)) {
        locality_page(&n->rest, request, reply);
        return;
    }
    if (text_eq(path, T(SUBSCRIPTIONS_WEBSOCKET))) {
        subscriptions_upgrade(n->subscriptions, request, reply);
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
                      "there is nothing here; the page is at /, pages without a script are below "
                      "/plain/, the FHIR API below /fhir");
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

/* By the store's writer, which is not to wait: they are only woken. */
static void noted(void *context)
{
    const struct node *n = context;
    feeder_noted(n->feeder);
    changes_noted(n->changes);
    subscriptions_wake(n->subscriptions);
}

static int open_store(struct node *n, struct err *e)
{
    struct store_config config = {.dir = n->config.dir,
                                  .mode = STORE_SERVE,
                                  .limits = &n->config.limits,
                                  .rules.base = n->config.base,
                                  .noted = noted,
                                  .noted_context = n};
    int rc = feeder_new(&n->feeder, e);
    return rc ? rc : store_open(&config, &n->store, e);
}

static void durable(void *http, const uint64_t *wakes, size_t count)
{
    http_wake(http, wakes, count);
}

static void halted(void *context)
{
    const struct node *n = context;
    audit_tell(n->audit, NULL, NULL);
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
                                 .halted = halted,
                                 .context = n};
    /* Nobody asks, or is asked, by a directory of before. */
    int rc = trust_catch_up(locality_trust(courier_locality(n->courier)), e);
    rc = rc ? rc : http_server_start(&config, &n->http, e);
    uint16_t own = rc ? 0 : http_server_port(n->http);
    uint16_t behind = n->config.port && own < UINT16_MAX ? (uint16_t)(own + 1) : 0;
    rc = rc ? rc
            : courier_start(
                  n->courier,
                  n->config.locality_port < 0 ? behind : (uint16_t)n->config.locality_port, e);
    rc = rc ? rc : changes_start(n->changes, e);
    if (!rc) {
        audit_tell(n->audit, durable, n->http);
    }
    return rc;
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
    uint64_t best = wanted + COURIER_CONNECTIONS;
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= best) {
        return;
    }
    files.rlim_cur = files.rlim_max < best ? files.rlim_max : best;
    if (setrlimit(RLIMIT_NOFILE, &files) != 0) {
        (void)getrlimit(RLIMIT_NOFILE, &files);
    }
    if (files.rlim_cur < wanted) {
        config->limits.connections = files.rlim_cur > others ? files.rlim_cur - others : 1;
    }
}

static int open_audit(struct node *n, struct err *e)
{
    struct store_identity who = store_identity(n->store);
    text dir = arena_printf(&n->arena, "%s/audit", n->config.dir);
    text origin = arena_printf(&n->arena, "kith.care/log/%.*s", TEXT_ARG(who.organisation));
    if (!dir.p || !origin.p) {
        return err_set(e, ERR_MEMORY, "no memory");
    }
    struct audit_config config = {
        .dir = dir.p, .origin = origin, .writes = true, .ballast = AUDIT_BALLAST};
    int rc = audit_open(&config, &n->audit, e);
    if (!rc && audit_state(n->audit) == AUDIT_NO_BALLAST) {
        log_line(LOG_AUDIT_NO_BALLAST, LOG_WORD("folder", dir));
    }
    return rc;
}

static int open_identity(struct node *n, struct err *e)
{
    struct store_identity who = store_identity(n->store);
    struct identity_config config = {.dir = n->config.dir,
                                     .base = n->config.base,
                                     .organisation = who.organisation,
                                     .organisation_name = who.name,
                                     .loopback = is_loopback(n->config.host),
                                     .demo = n->config.demo,
                                     .demo_nodes =
                                         n->config.demo_nodes ? &n->demo_nodes.face : NULL,
                                     .registration = n->config.registration,
                                     .version = KITH_VERSION_TEXT,
                                     .limits = &n->config.limits,
                                     .world = world_of(&n->world)};
    demo_nodes_open(n->config.demo_nodes, who.organisation, &n->demo_nodes);
    if (config.demo && !config.loopback) {
        return err_set(e, ERR_FORBIDDEN,
                       "--demo lets anybody in, so it works on a loopback address only");
    }
    if (!config.loopback && n->config.tls_cert && !config.base.n) {
        /* Else whoever asks would say by Host for which name tokens and passkeys are. */
        return err_set(e, ERR_VALUE,
                       "to serve others it has to be known under which name: --base-url "
                       "https://.../fhir");
    }
    int rc = world_organisation(&n->world, who.organisation, &n->arena,
                                &config.organisation_reference, e);
    return rc ? rc : identity_open(&config, &n->identity, e);
}

/* What the locality does for those who ask here, and what it has to know of writes. */
static int open_changes(struct node *n, struct err *e)
{
    struct changes *changes = NULL;
    const struct changes_config config = {.node = &n->world,
                                          .world = courier_world(n->courier),
                                          .locality = courier_locality(n->courier)};
    int rc = changes_open(&config, &changes, e);
    if (!rc) {
        n->rest.joined = (struct joined_source){courier_locality(n->courier), locality_joined};
        n->rest.mail = (struct mail_source){courier_locality(n->courier), locality_mail_send,
                                            locality_mail_acknowledge};
        n->rest.locality = (struct locality_view){n->courier, courier_state, courier_name};
        n->rest.move = (struct move_source){courier_locality(n->courier), locality_move_begin,
                                            locality_move_show};
        n->rest.choices = changes_face(changes);
        n->changes = changes;
    }
    return rc;
}

/* Everything behind the listener, in the order in which one needs the other. */
static int open_parts(struct node *n, struct err *e)
{
    struct subscriptions_config subscriptions = {n->config.dir, &n->rest,
                                                 n->config.private_subscribers};
    int rc = policy_complete(e);
    /* Before the store, whose writer wakes them. */
    rc = rc ? rc : subscriptions_open(&subscriptions, &n->subscriptions, e);
    rc = rc ? rc : open_store(n, e);
    rc = rc ? rc : open_audit(n, e);
    rc = rc ? rc : feeder_start(n->feeder, n->store, n->audit, e);
    if (rc) {
        return rc;
    }
    n->world = (struct world){n->store, n->audit, &n->config.limits, n->config.base, &n->rest};
    rc = open_identity(n, e);
    if (rc) {
        return rc;
    }
    n->rest = (struct rest){.store = n->store,
                            .limits = &n->config.limits,
                            .base = n->config.base,
                            .version = KITH_VERSION_TEXT,
                            .identity = n->identity,
                            .audit = n->audit,
                            .feed = feeder_face(n->feeder),
                            .tells_withheld = !n->config.hides_withheld,
                            .loopback = is_loopback(n->config.host)};
    memcpy(n->rest.profiles, n->config.profiles, sizeof n->rest.profiles);
    struct jobs_config jobs = {n->config.dir, n->config.import_dir, &n->rest};
    rc = definitions_open(n->store, &n->config.limits, n->config.dir, &n->rest.definitions, e);
    rc = rc ? rc : jobs_open(&jobs, &n->rest.jobs, e);
    rc = rc ? rc : links_open(n->config.dir, &n->rest.links, e);
    n->rest.subscriptions = n->subscriptions;
    struct courier_config courier = {.dir = n->config.dir,
                                     .node = &n->world,
                                     .rest = &n->rest,
                                     .limits = &n->config.limits,
                                     .host = n->config.host};
    rc = rc ? rc : courier_open(&courier, &n->courier, e);
    return rc ? rc : open_changes(n, e);
}

/* The store's writer may tell of commits until it has ended. */
static void close_parts(struct node *n)
{
    struct changes *changes = n->changes;
    if (n->courier) {
        courier_stop(n->courier);
    }
    if (changes) {
        changes_stop(changes);
    }
    n->changes = NULL;
    subscriptions_stop(n->subscriptions);
    jobs_close(n->rest.jobs);
    links_close(n->rest.links);
    definitions_close(n->rest.definitions);
    identity_close(n->identity);
    feeder_stop(n->feeder);
    audit_close(n->audit);
    store_close(n->store);
    changes_close(changes);
    courier_close(n->courier);
    subscriptions_close(n->subscriptions); /* the store's writer wakes it until then */
    arena_done(&n->arena);
}

/*
 * What has to be written before anything can be read is little, but on a full disk even that has no
 * room. So the access log spares some of what it keeps for that day: the more, the more often that
 * was not enough.
 */
static int open_with_room(struct node *n, struct err *e)
{
    char log[4096];
    size_t wanted = SPARED_FIRST;
    int rc = open_parts(n, e);
    int length = snprintf(log, sizeof log, "%s/audit", n->config.dir);
    bool named = length > 0 && (size_t)length < sizeof log;
    while (rc == ERR_FULL && named) {
        struct node_config config = n->config;
        close_parts(n);
        *n = (struct node){.config = config};
        arena_init(&n->arena, ARENA_BYTES);
        if (!audit_spare(log, wanted)) {
            return err_set(e, rc,
                           "the disk is full, and what the access log kept for that is used up; "
                           "make room on the disk of %s (some megabytes) and start again",
                           n->config.dir);
        }
        wanted *= 2;
        rc = open_parts(n, e);
    }
    return rc;
}

static int note_start(struct node *n, struct err *e)
{
    struct audit_event event = {.at_ms = clock_real_ms(),
                                .kind = EVENT_START,
                                .access = ACCESS_SYSTEM,
                                .name = T("this node"),
                                .purpose = text_of(purpose_code(PURPOSE_SYSTEM)),
                                .why = KITH_VERSION_TEXT};
    return feeder_tell(n->feeder, &event, e);
}

/* For links that `kith user` prints. Passkeys belong to a name, so loopback goes by its own. That
 * nothing can be written (a full disk) keeps nobody from being served. */
static void note_address(struct node *n)
{
    struct err ignored = {0};
    text base = n->config.base;
    base.n -= text_ends(base, T("/fhir")) ? T("/fhir").n : 0;
    if (!base.n) {
        base = n->rest.loopback ? arena_printf(&n->arena, "http://localhost:%u",
                                               (unsigned)http_server_port(n->http))
                                : http_server_url(n->http);
    }
    (void)people_note_base(identity_kept(n->identity), base, &ignored);
}

static int start_subscriptions(struct node *n, struct err *e)
{
    text url = http_server_url(n->http);
    text base = arena_printf(&n->arena, "%.*s/fhir", TEXT_ARG(url));
    return base.p ? subscriptions_start(n->subscriptions, base, e)
                  : err_set(e, ERR_MEMORY, "no memory");
}

int node_start(const struct node_config *config, struct node **ret_node, struct err *e)
{
    struct node *n = calloc(1, sizeof *n);
    if (!n) {
        return err_set(e, ERR_MEMORY, "no memory");
    }
    n->config = *config;
    arena_init(&n->arena, ARENA_BYTES);
    raise_files(&n->config);
    int rc = open_with_room(n, e);
    rc = rc ? rc : note_start(n, e);
    if (!rc && n->config.demo) {
        rc = demo_open(&n->world, n->identity, &n->rest, n->config.demo_patient, e);
    }
    rc = rc ? rc : start_http(n, e);
    rc = rc ? rc : start_subscriptions(n, e);
    if (rc) {
        http_server_stop(n->http, 0);
        close_parts(n);
        free(n);
        return rc;
    }
    note_address(n);
    log_line(LOG_NODE_START, LOG_WORD("address", http_server_url(n->http)),
             LOG_WORD("version", n->rest.version));
    *ret_node = n;
    return 0;
}

text node_url(const struct node *n)
{
    return http_server_url(n->http);
}

text node_locality_url(const struct node *n)
{
    return courier_url(n->courier);
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
    courier_stop(n->courier);
    subscriptions_stop(n->subscriptions);
    http_server_stop(n->http, GRACE_SECONDS);
    close_parts(n);
    free(n);
    log_line(LOG_NODE_STOP, LOG_END);
}
