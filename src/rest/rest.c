#include "rest/rest.h"

#include "base/clock.h"
#include "base/metrics.h"
#include "base/pace.h"
#include "rest/access.h"
#include "rest/binary.h"
#include "rest/forms.h"
#include "rest/operation.h"
#include "rest/patch.h"
#include "rest/record.h"
#include "rest/reindex.h"
#include "rest/who.h"

#include <stdio.h>
#include <time.h>

/* The steps of a request, and its way in from HTTP and out again. */

static const char fhir_json[] = "application/fhir+json; charset=utf-8";
static const char fhir_xml[] = "application/fhir+xml; charset=utf-8";

static int step_route(struct call *c, struct err *e)
{
    return route_call(c, e);
}

/* Notes the form that was asked for. */
static int take_form(struct call *c, enum form form, text asked, struct err *e)
{
    if (form == FORM_NONE) {
        return err_set(e, ERR_NOT_ACCEPTABLE,
                       "replies are application/fhir+json or application/fhir+xml; '%.*s' was "
                       "asked for",
                       TEXT_ARG(text_short(asked, 100)));
    }
    c->xml = form == FORM_XML;
    return 0;
}

/* _format rules over Accept (R4 http.html#parameters). */
static int take_format(struct call *c, struct err *e)
{
    struct search_pair *pairs;
    struct err unwanted = {0};
    size_t count = 0;
    bool has_format = false;
    text accept = c->http ? http_field(c->http, T("Accept")) : (text){0};
    bool own_forms =
        c->route.interaction == INTERACTION_JOB || /* manifests and files: one form each */
        binary_may_be_raw(c);
    int accepted = accept.n ? take_form(c, form_of_accept(accept), accept, &unwanted) : 0;
    int rc = c->query.p || c->form.p ? call_pairs(c, &pairs, &count, e) : 0;
    for (size_t i = 0; !rc && i < count; i++) {
        text value = pairs[i].value;
        if (text_eq(pairs[i].name, T("_pretty"))) {
            c->pretty = text_eq(value, T("true"));
            if (!c->pretty && !text_eq(value, T("false"))) {
                rc = err_set(e, ERR_VALUE, "_pretty must be true or false");
            }
        } else if (text_eq(pairs[i].name, T("_format"))) {
            has_format = true;
            rc = take_form(c, form_of_parameter(value), value, e);
        }
    }
    c->has_form = true;
    c->asks_form = has_format;
    if (!rc && accepted && !has_format && !own_forms) {
        *e = unwanted;
        rc = accepted;
    }
    return rc;
}

static int take_content(struct call *c, struct err *e)
{
    text type = http_field(c->http, T("Content-Type"));
    if (c->body.n == 0) {
        return 0;
    }
    if (c->form.p) {
        text media = text_trim(text_first(type, text_find(type, ';')));
        return text_eq_nocase(media, T("application/x-www-form-urlencoded"))
                   ? 0
                   : err_set(
                         e, ERR_MEDIA_TYPE,
                         "a search by POST needs Content-Type: application/x-www-form-urlencoded");
    }
    if (c->method == HTTP_PATCH) {
        return patch_media(c, type, e);
    }
    if (c->method != HTTP_POST && c->method != HTTP_PUT) {
        return err_set(e, ERR_INVALID, "this interaction takes no body");
    }
    bool ndjson = c->route.interaction == INTERACTION_IMPORT && is_ndjson(type);
    enum form form = form_of_media(type);
    if (form == FORM_XML) {
        return form_read_xml(c, e);
    }
    return form == FORM_JSON || ndjson
               ? 0
               : err_set(e, ERR_MEDIA_TYPE,
                         "application/fhir+json and application/fhir+xml are read; Content-Type is "
                         "'%.*s'",
                         TEXT_ARG(text_short(type, 100)));
}

/* Prefer: return=minimal, handling=lenient, respond-async; others of its preferences are not for us
 * (RFC 7240). */
static void take_prefer(struct call *c, text value)
{
    text item;
    while (text_cut(&value, ',', &item)) {
        item = text_trim(text_first(item, text_find(item, ';')));
        c->async = c->async || text_eq_nocase(item, T("respond-async"));
        c->prefer = text_eq_nocase(item, T("return=minimal"))            ? PREFER_MINIMAL
                    : text_eq_nocase(item, T("return=representation"))   ? PREFER_REPRESENTATION
                    : text_eq_nocase(item, T("return=OperationOutcome")) ? PREFER_OUTCOME
                                                                         : c->prefer;
        c->lenient = text_eq_nocase(item, T("handling=lenient"))  ? true
                     : text_eq_nocase(item, T("handling=strict")) ? false
                                                                  : c->lenient;
    }
}

static int step_what(struct call *c, struct err *e)
{
    if (!c->http) {
        return 0;
    }
    c->if_match = http_field(c->http, T("If-Match"));
    c->if_none_match = http_field(c->http, T("If-None-Match"));
    c->if_modified_since = http_field(c->http, T("If-Modified-Since"));
    c->if_none_exist = http_field(c->http, T("If-None-Exist"));
    for (size_t i = 0; i < c->http->field_count; i++) {
        if (text_eq_nocase(c->http->fields[i].name, T("Prefer"))) {
            take_prefer(c, c->http->fields[i].value);
        }
    }
    int rc = take_content(c, e);
    return rc ? rc : take_format(c, e);
}

static int do_operation(struct call *c, struct err *e)
{
    return c->route.operation->run(c, e);
}

int do_call(struct call *c, struct err *e)
{
    static int (*const interactions[INTERACTION_COUNT])(struct call *, struct err *) = {
        [INTERACTION_READ] = do_read,
        [INTERACTION_VREAD] = do_read,
        [INTERACTION_CREATE] = do_write,
        [INTERACTION_UPDATE] = do_write,
        [INTERACTION_UPDATE_CONDITIONAL] = do_write,
        [INTERACTION_PATCH] = do_write,
        [INTERACTION_PATCH_CONDITIONAL] = do_write,
        [INTERACTION_DELETE] = do_write,
        [INTERACTION_DELETE_CONDITIONAL] = do_write,
        [INTERACTION_HISTORY] = do_history,
        [INTERACTION_SEARCH] = do_search,
        [INTERACTION_BUNDLE] = do_bundle,
        [INTERACTION_CAPABILITIES] = do_capabilities,
        [INTERACTION_EVERYTHING] = do_everything,
        [INTERACTION_META] = do_meta,
        [INTERACTION_META_ADD] = do_write,
        [INTERACTION_META_DELETE] = do_write,
        [INTERACTION_REINDEX] = do_reindex,
        [INTERACTION_REINDEX_STATUS] = do_reindex_status,
        [INTERACTION_PARAM_STATUS] = do_param_status,
        [INTERACTION_EXPORT] = do_jobs,
        [INTERACTION_IMPORT] = do_jobs,
        [INTERACTION_OPERATION] = do_operation,
        [INTERACTION_JOB] = do_jobs,
    };
    if (access_log_serves(c)) {
        return do_access_log(c, e);
    }
    return interactions[c->route.interaction](c, e);
}

static const struct step {
    int (*run)(struct call *, struct err *);
    enum metric seconds;
} steps[] = {
    {step_route, METRIC_step_route_seconds_total}, {step_who, METRIC_step_who_seconds_total},
    {step_what, METRIC_step_what_seconds_total},   {step_may, METRIC_step_may_seconds_total},
    {do_call, METRIC_step_do_seconds_total},
};

/* In the order of enum interaction. */
static const enum metric interaction_metrics[INTERACTION_COUNT] = {
    METRIC_interactions_unknown_total,      METRIC_interactions_read_total,
    METRIC_interactions_vread_total,        METRIC_interactions_create_total,
    METRIC_interactions_update_total,       METRIC_interactions_update_conditional_total,
    METRIC_interactions_patch_total,        METRIC_interactions_patch_conditional_total,
    METRIC_interactions_delete_total,       METRIC_interactions_delete_conditional_total,
    METRIC_interactions_history_total,      METRIC_interactions_search_total,
    METRIC_interactions_bundle_total,       METRIC_interactions_capabilities_total,
    METRIC_interactions_everything_total,   METRIC_interactions_meta_total,
    METRIC_interactions_meta_add_total,     METRIC_interactions_meta_delete_total,
    METRIC_interactions_reindex_total,      METRIC_interactions_reindex_status_total,
    METRIC_interactions_param_status_total, METRIC_interactions_export_total,
    METRIC_interactions_import_total,       METRIC_interactions_operation_total,
    METRIC_interactions_job_total,
};

static int run_steps(struct call *c, int64_t *at, struct err *e)
{
    int rc = record_begin(c, e);
    for (size_t i = 0; !rc && i < sizeof steps / sizeof *steps; i++) {
        pace_give_way();
        rc = steps[i].run(c, e);
        int64_t now = clock_mono_ns();
        metric_add(steps[i].seconds, now - *at);
        *at = now;
    }
    metric_add(interaction_metrics[c->route.interaction], 1);
    return rc;
}

/* The entries of the access log. A reply that cannot be recorded is not sent, and none is before
 * they are durable: hold_reply(). */
static int step_record(struct call *c, int rc, struct err *e, int64_t *at, uint64_t *ret_ticket)
{
    struct err why = *e;
    int failed = record_call(c, rc, &why, e);
    failed = failed ? failed : ret_ticket ? record_queue(c, ret_ticket, e) : record_flush(c, e);
    if (!failed && !rc) {
        failed = record_stream(c, e);
    }
    int64_t now = clock_mono_ns();
    metric_add(METRIC_step_record_seconds_total, now - *at);
    *at = now;
    if (failed) {
        c->issues.count = c->issues.errors = 0;
        return failed;
    }
    *e = why;
    return rc;
}

/* --- the wait for the log ------------------------------------------------------------------ */

static bool ask_log(void *context, uint64_t ticket, uint64_t wake)
{
    return audit_watch(context, ticket, wake);
}

static int wait_for_log(void *context, uint64_t ticket)
{
    struct err ignored = {0};
    return audit_wait(context, ticket, &ignored);
}

/* The reply is printed and packed while the disk is busy; it leaves when the entries are there. */
static void hold_reply(const struct rest *rest, uint64_t ticket, struct http_reply *reply)
{
    if (ticket) {
        reply->hold = (struct http_hold){ask_log, wait_for_log, rest->audit, ticket};
    }
}

/* --- reply --------------------------------------------------------------------------------- */

void answer_field(struct call *c, text name, text value)
{
    size_t room = sizeof c->answer.fields / sizeof *c->answer.fields;
    if (value.p && c->answer.field_count < room) {
        c->answer.fields[c->answer.field_count++] = (struct http_field){name, value};
    }
}

static void http_time(int64_t ms, char out[40])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    (void)gmtime_r(&seconds, &tm);
    (void)strftime(out, 40, "%a, %d %b %Y %H:%M:%S GMT", &tm);
}

static void reply_version_fields(struct call *c, struct http_reply *reply)
{
    const struct version *v = &c->answer.version;
    char word[200];
    char when[40];
    int n = snprintf(word, sizeof word, "W/\"%llu\"", (unsigned long long)v->vid);
    http_reply_field(reply, T("ETag"), text_make(word, (size_t)n));
    http_time(version_instant(v), when);
    http_reply_field(reply, T("Last-Modified"), text_of(when));
    if (c->answer.location) {
        text at = arena_printf(c->arena, "%.*s/%.*s/%.*s/_history/%llu", TEXT_ARG(c->base),
                               TEXT_ARG(fhir_type_name(v->type)), TEXT_ARG(v->id),
                               (unsigned long long)v->vid);
        http_reply_field(reply, T("Location"), at);
    }
}

static int make_pretty(struct call *c, struct buf *body, struct err *e)
{
    yyjson_val *root;
    int rc = json_read(buf_text(body), 2 * (size_t)c->rest->limits->json_depth, c->arena, &root, e);
    if (!rc) {
        struct buf pretty;
        buf_init(&pretty, body->max);
        json_write_pretty(root, &pretty);
        buf_addc(&pretty, '\n');
        buf_done(body);
        *body = pretty;
    }
    return rc;
}

/* What has been stored is stored, whether or not the reply to it can be said in XML: then it is
 * JSON. */
static int make_xml(const struct call *c, struct http_reply *reply, struct err *e)
{
    int rc = form_write_xml(c, reply, e);
    if (!rc) {
        reply->content_type = fhir_xml;
    }
    bool reads = c->method == HTTP_GET || c->method == HTTP_HEAD;
    return rc == ERR_NOT_ACCEPTABLE && !reads ? 0 : rc;
}

static int reply_answer(struct call *c, struct http_reply *reply, struct err *e)
{
    struct answer *a = &c->answer;
    int rc = 0;
    reply->status = a->status;
    if (a->has_version) {
        reply_version_fields(c, reply);
    }
    if (a->body.n) {
        buf_done(&reply->body);
        reply->body = a->body;
        a->body = (struct buf){0};
    } else if (a->show_version) {
        rc = print_version(&a->version, &reply->body, e);
    }
    if (!rc && buf_failed(&reply->body)) {
        rc = err_set(e, ERR_MEMORY,
                     "the reply needs more memory than it may have; ask for fewer with _count");
    }
    reply->content_type = a->content_type ? a->content_type : reply->body.n ? fhir_json : NULL;
    reply->no_compression = a->no_compression;
    reply->more = a->more;
    reply->more_done = a->more_done;
    reply->more_state = a->more_state;
    bool is_fhir = reply->content_type == fhir_json;
    if (!rc && c->xml && is_fhir) {
        rc = make_xml(c, reply, e);
    } else if (!rc && c->pretty && reply->body.n && !a->more) {
        rc = make_pretty(c, &reply->body, e);
    }
    return rc;
}

static void reply_error(struct call *c, int rc, const struct err *e, struct http_reply *reply)
{
    struct issues *is = &c->issues;
    reply->status = err_info(rc)->status;
    reply->content_type = fhir_json;
    buf_clear(&reply->body);
    if (reply->more) {
        reply->more_done(reply->more_state);
        reply->more = NULL;
        reply->more_done = NULL;
    }
    if (c->answer.has_version && rc == ERR_DELETED) {
        reply_version_fields(c, reply);
    }
    if (rc == ERR_METHOD && c->allow) {
        http_reply_field(reply, T("Allow"), text_of(c->allow));
    }
    if (is->errors == 0) {
        issues_add(is, ISSUE_ERROR, rc, text_of(e->expression), "%s", err_text(e));
    }
    outcome_print(is, &reply->body);
    struct err ignored = {0};
    if (!c->has_form) {
        (void)take_format(c, &ignored); /* the request failed before it came to that */
    }
    if (c->xml && form_write_xml(c, reply, &ignored) == 0) {
        reply->content_type = fhir_xml;
    } else if (c->pretty && !c->xml) {
        (void)make_pretty(c, &reply->body, &ignored);
    }
}

/* Records are nobody's to keep on the way, and no page. */
static void private_reply(struct http_reply *reply)
{
    http_reply_field(reply, T("Cache-Control"), T("no-store"));
    http_reply_field(reply, T("X-Content-Type-Options"), T("nosniff"));
}

static text request_base(const struct rest *rest, const struct http_request *r)
{
    text host = http_field(r, T("Host"));
    return rest->base.n ? rest->base
                        : arena_printf(r->arena, "%s://%.*s/fhir", r->tls ? "https" : "http",
                                       TEXT_ARG(host));
}

/*
 * Apps in a browser are pages of other sites. They bring a token with each request, never a cookie
 * (no Allow-Credentials), so every site may ask.
 */
bool rest_allow_sites(const struct http_request *request, struct http_reply *reply)
{
    if (!http_field(request, T("Origin")).p) {
        return false;
    }
    http_reply_field(reply, T("Access-Control-Allow-Origin"), T("*"));
    http_reply_field(reply, T("Access-Control-Expose-Headers"),
                     T("ETag, Location, Content-Location, Last-Modified, WWW-Authenticate"));
    if (request->method == HTTP_OPTIONS) {
        http_reply_field(reply, T("Access-Control-Allow-Methods"),
                         T("GET, HEAD, POST, PUT, PATCH, DELETE"));
        http_reply_field(reply, T("Access-Control-Allow-Headers"),
                         T("authorization, content-type, accept, prefer, if-match, if-none-match, "
                           "if-none-exist, if-modified-since"));
        http_reply_field(reply, T("Access-Control-Max-Age"), T("600"));
        reply->status = 204;
    }
    return request->method == HTTP_OPTIONS;
}

void rest_handle(void *context, const struct http_request *request, struct http_reply *reply)
{
    rest_handle_as(context, NULL, request, reply);
}

/* What somebody is told that they have withdrawn is on its way to whoever else has it. What the
 * node does by itself is waited for by nobody. */
static int settle_choices(const struct call *c, struct err *e)
{
    const struct choice_feed *f = &c->rest->choices;
    bool reads = c->method == HTTP_GET || c->method == HTTP_HEAD;
    bool by_node = c->caller && c->caller->actor.kind == ACTOR_NODE;
    return f->settle && !reads && !by_node ? f->settle(f->context, e) : 0;
}

void rest_handle_as(const struct rest *rest, const struct caller *caller,
                    const struct http_request *request, struct http_reply *reply)
{
    if (rest_allow_sites(request, reply)) {
        return;
    }
    struct call c = {.rest = rest,
                     .caller = caller,
                     .arena = request->arena,
                     .method = request->method,
                     .path = text_from(request->path, T("/fhir/").n),
                     .query = request->query,
                     .body = request->body,
                     .http = request};
    struct err e = {0};
    c.base = request_base(rest, request);
    issues_init(&c.issues, c.arena);
    buf_init(&c.answer.body, (size_t)rest->limits->request_memory);
    int64_t at = clock_mono_ns();
    uint64_t ticket = 0;
    /* whoever knows the caller is in this process, and has the reply at once */
    int64_t started = at;
    int rc = run_steps(&c, &at, &e);
    absent_wait(&c, rc, started);
    rc = rc ? rc : settle_choices(&c, &e);
    at = clock_mono_ns();
    rc = step_record(&c, rc, &e, &at, caller ? NULL : &ticket);
    if (!rc) {
        rc = reply_answer(&c, reply, &e);
    }
    if (rc) {
        reply_error(&c, rc, &e, reply);
    }
    for (size_t i = 0; i < c.answer.field_count; i++) {
        http_reply_field(reply, c.answer.fields[i].name, c.answer.fields[i].value);
    }
    private_reply(reply);
    hold_reply(rest, ticket, reply);
    metric_add(METRIC_step_reply_seconds_total, clock_mono_ns() - at);
    buf_done(&c.answer.body);
}

void rest_refuse(const struct err *why, struct http_reply *reply)
{
    reply->content_type = fhir_json;
    outcome_print_err(why, &reply->body);
}
