#include "rest/bundle.h"
#include "rest/record.h"
#include "rest/who.h"

#include "base/clock.h"
#include "base/metrics.h"

/* Entries in, answers out; batch. Transactions are in transaction.c. */

enum { TRIES = 8 };

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "the bundle needs more memory than a request may have");
}

text bundle_place(struct bundle *b, size_t at, const char *below)
{
    return arena_printf(b->arena, "Bundle.entry[%zu]%s", at, below);
}

/* The members of an object that a bundle may have; anything else, or twice, must not be overlooked.
 */
static int check_members(yyjson_val *object, const char *const *names, text place, struct err *e)
{
    yyjson_obj_iter it = yyjson_obj_iter_with(object);
    uint32_t seen = 0;
    yyjson_val *key;
    while ((key = yyjson_obj_iter_next(&it))) {
        text name = json_text(key);
        unsigned at = 0;
        while (names[at] && !text_eq(name, text_of(names[at]))) {
            at++;
        }
        if (!names[at] && text_eq(name, T("modifierExtension"))) {
            return err_at(e, ERR_NOT_SUPPORTED, place,
                          "a modifierExtension changes what this means, and none is known here");
        }
        if (!names[at]) {
            return err_at(e, ERR_INVALID, place,
                          "there is no element '%.*s' here; check its spelling",
                          TEXT_ARG(text_short(name, 60)));
        }
        if (seen & 1U << at) {
            return err_at(e, ERR_DUPLICATE, place, "the element '%.*s' stands twice",
                          TEXT_ARG(name));
        }
        seen |= 1U << at;
    }
    return 0;
}

static int read_method(struct bundle_item *item, text method, text place, struct err *e)
{
    static const struct {
        const char *name;
        enum http_method method;
    } methods[] = {{"GET", HTTP_GET}, {"HEAD", HTTP_HEAD},     {"POST", HTTP_POST},
                   {"PUT", HTTP_PUT}, {"DELETE", HTTP_DELETE}, {"PATCH", HTTP_PATCH}};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (text_eq(method, text_of(methods[i].name))) {
            item->call.method = methods[i].method;
            return 0;
        }
    }
    return err_at(e, ERR_VALUE, place,
                  "request.method must be GET, HEAD, POST, PUT, PATCH or DELETE; it is '%.*s'",
                  TEXT_ARG(text_short(method, 20)));
}

static int read_url(struct bundle *b, struct bundle_item *item, text url, text place, struct err *e)
{
    if (b->call->base.n && text_starts(url, b->call->base)) {
        url = text_from(url, b->call->base.n);
    }
    if (text_starts(url, T("/"))) {
        url = text_from(url, 1);
    }
    if (text_find(url, ':') < text_find(url, '?')) {
        return err_at(
            e, ERR_VALUE, place,
            "request.url must be relative to this node's base, such as Patient/123; it is '%.*s'",
            TEXT_ARG(text_short(url, 200)));
    }
    size_t mark = text_find(url, '?');
    item->call.path = text_first(url, mark);
    item->call.query = mark < url.n ? text_from(url, mark + 1) : (text){NULL, 0};
    return 0;
}

/* A member that is there and is no string must not count as absent: a condition would be lost. */
static int read_string(yyjson_val *object, text name, text place, text *ret, struct err *e)
{
    yyjson_val *value = json_get(object, name);
    if (value && !yyjson_is_str(value)) {
        return err_at(e, ERR_VALUE, place, "the element '%.*s' must be a string", TEXT_ARG(name));
    }
    *ret = json_text(value);
    return 0;
}

/* request.ifModifiedSince is an instant, unlike the field of HTTP. */
static int read_since(struct bundle_item *item, yyjson_val *request, text place, struct err *e)
{
    int64_t start;
    int64_t end;
    text since = {0};
    int rc = read_string(request, T("ifModifiedSince"), place, &since, e);
    if (!rc && since.p && !index_date(since, &start, &end)) {
        rc = err_at(e, ERR_VALUE, place,
                    "request.ifModifiedSince must be an instant, such as 2026-01-31T10:00:00Z");
    }
    item->call.if_modified_since = since;
    return rc;
}

static int read_request(struct bundle *b, struct bundle_item *item, yyjson_val *request, text place,
                        struct err *e)
{
    static const char *const names[] = {"method",  "url",         "ifNoneMatch", "ifModifiedSince",
                                        "ifMatch", "ifNoneExist", "id",          "extension",
                                        "_method", "_url",        NULL};
    struct call *c = &item->call;
    if (!yyjson_is_obj(request)) {
        return err_at(e, ERR_REQUIRED, place,
                      "an entry of a batch or transaction needs a request with method and url");
    }
    int rc = check_members(request, names, place, e);
    if (!rc) {
        rc = read_method(item, json_text(json_get(request, T("method"))), place, e);
    }
    if (!rc) {
        rc = read_url(b, item, json_text(json_get(request, T("url"))), place, e);
    }
    rc = rc ? rc : read_string(request, T("ifMatch"), place, &c->if_match, e);
    rc = rc ? rc : read_string(request, T("ifNoneMatch"), place, &c->if_none_match, e);
    rc = rc ? rc : read_string(request, T("ifNoneExist"), place, &c->if_none_exist, e);
    return rc ? rc : read_since(item, request, place, e);
}

static int read_entry(struct bundle *b, size_t at, yyjson_val *entry, struct err *e)
{
    static const char *const names[] = {"fullUrl", "resource", "request",   "search",   "response",
                                        "link",    "id",       "extension", "_fullUrl", NULL};
    struct bundle_item *item = &b->items[at];
    text place = bundle_place(b, at, "");
    item->call = (struct call){.rest = b->call->rest,
                               .caller = b->call->caller,
                               .grant = b->call->grant,
                               .touched = b->call->touched,
                               .record = b->call->record,
                               .arena = b->arena,
                               .base = b->call->base,
                               .prefer = PREFER_MINIMAL,
                               .lenient = b->call->lenient,
                               .shelf = &b->shelf};
    buf_init(&item->call.answer.body, (size_t)b->call->rest->limits->request_memory);
    issues_init(&item->call.issues, b->arena);
    if (!place.p) {
        return no_memory(e);
    }
    if (!yyjson_is_obj(entry)) {
        return err_at(e, ERR_INVALID, place, "an entry must be an object");
    }
    int rc = check_members(entry, names, place, e);
    if (!rc) {
        rc = read_request(b, item, json_get(entry, T("request")), place, e);
    }
    rc = rc ? rc : read_string(entry, T("fullUrl"), place, &item->full_url, e);
    if (rc) {
        return rc;
    }
    item->call.resource = json_get(entry, T("resource"));
    if (b->call->prefer == PREFER_REPRESENTATION || b->call->prefer == PREFER_OUTCOME) {
        item->call.prefer = b->call->prefer;
    }
    return 0;
}

static int route_entry(struct bundle_item *item, struct err *e)
{
    struct call *c = &item->call;
    int rc = route_call(c, e);
    rc = rc ? rc : may_route(c, e);
    if (rc) {
        return rc;
    }
    switch (c->route.interaction) {
    case INTERACTION_CREATE:
    case INTERACTION_UPDATE:
    case INTERACTION_UPDATE_CONDITIONAL:
    case INTERACTION_PATCH:
    case INTERACTION_PATCH_CONDITIONAL:
    case INTERACTION_META_ADD:
    case INTERACTION_META_DELETE:
        item->is_write = true;
        return c->resource
                   ? 0
                   : err_set(e, ERR_REQUIRED,
                             "an entry with the method POST, PUT or PATCH needs a resource");
    case INTERACTION_DELETE:
    case INTERACTION_DELETE_CONDITIONAL:
        item->is_write = true;
        return 0;
    case INTERACTION_BUNDLE:
        return err_set(e, ERR_NOT_SUPPORTED, "a batch or transaction cannot stand inside another");
    default:
        return 0;
    }
}

int bundle_read(struct call *c, yyjson_val *root, struct bundle *ret_bundle, struct err *e)
{
    static const char *const names[] = {"resourceType", "id",         "meta",       "implicitRules",
                                        "language",     "identifier", "type",       "timestamp",
                                        "total",        "link",       "entry",      "signature",
                                        "_type",        "_id",        "_timestamp", NULL};
    struct bundle *b = ret_bundle;
    *b = (struct bundle){.call = c, .arena = c->arena};
    map_init(&b->urls);
    yyjson_val *entries = json_get(root, T("entry"));
    b->is_transaction = text_eq(json_text(json_get(root, T("type"))), T("transaction"));
    int rc = check_members(root, names, T("Bundle"), e);
    if (rc) {
        return rc;
    }
    if (entries && !yyjson_is_arr(entries)) {
        return err_at(e, ERR_INVALID, T("Bundle.entry"), "entry must be an array");
    }
    b->count = yyjson_arr_size(entries);
    if (b->count > c->rest->limits->bundle_entries) {
        return err_at(e, ERR_TOO_LARGE, T("Bundle.entry"),
                      "a bundle may have at most %llu entries; this has %zu",
                      (unsigned long long)c->rest->limits->bundle_entries, b->count);
    }
    b->items = arena_zalloc(c->arena, b->count + 1, sizeof *b->items);
    if (!b->items) {
        return no_memory(e);
    }
    size_t at;
    size_t most;
    yyjson_val *entry;
    yyjson_arr_foreach(entries, at, most, entry)
    {
        struct bundle_item *item = &b->items[at];
        rc = read_entry(b, at, entry, &item->err);
        if (!rc) {
            rc = route_entry(item, &item->err);
        }
        item->result = rc;
        if (rc && !item->err.expression[0]) {
            struct err why = item->err;
            err_at(&item->err, rc, bundle_place(b, at, ".request"), "%s", err_text(&why));
        }
        /* A reading entry that is refused at the door never comes to bundle_run_read(). */
        if (rc == ERR_FORBIDDEN && !call_writes(&item->call)) {
            rc = record_call(&item->call, rc, &item->err, e);
            if (rc) {
                return rc;
            }
        }
    }
    return 0;
}

void bundle_done(struct bundle *b)
{
    for (size_t i = 0; i < b->count && b->items; i++) {
        buf_done(&b->items[i].call.answer.body);
    }
    map_done(&b->urls);
    if (b->call) {
        validate_shelf_done(b->call->rest, &b->shelf);
    }
}

text bundle_item_name(struct bundle *b, const struct bundle_item *item)
{
    return arena_printf(b->arena, "%.*s/%.*s", TEXT_ARG(fhir_type_name(item->prepared.write.type)),
                        TEXT_ARG(item->prepared.write.id));
}

/*
 * Together the answers may have half of what one request may have, since they are printed into one
 * reply; one that was cut is no answer. Nor may many searches, each within its own limit, hold a
 * worker for hours.
 */
int bundle_run_read(struct bundle *b, struct bundle_item *item, struct call *c)
{
    struct answer *a = &c->answer;
    const struct limits *limits = b->call->rest->limits;
    int64_t start = clock_mono_ns();
    if (b->read_ns > (int64_t)limits->bundle_read_seconds * 1000000000) {
        return err_set(&item->err, ERR_TOO_COSTLY,
                       "the reading entries together took longer than %llu seconds; ask for less "
                       "in one bundle",
                       (unsigned long long)limits->bundle_read_seconds);
    }
    a->body.max = (size_t)limits->request_memory / 2 - b->answer_bytes;
    int rc = do_call(c, &item->err);
    struct err why = item->err;
    int failed = record_call(c, rc, &why, &item->err);
    rc = failed ? failed : rc;
    b->read_ns += clock_mono_ns() - start;
    if (!rc && buf_failed(&a->body)) {
        rc = err_set(&item->err, ERR_MEMORY,
                     "the answers together need more memory than a request may have; ask for less "
                     "in one bundle");
    }
    if (rc) {
        buf_done(&a->body);
    }
    b->answer_bytes += a->body.n;
    return rc;
}

/* --- batch --------------------------------------------------------------------------------- */

/* Every write that could be prepared shares one commit; those whose condition changed meanwhile run
 * alone. */
static void batch_writes(struct bundle *b)
{
    struct write_request *requests = arena_zalloc(b->arena, b->count + 1, sizeof *requests);
    struct bundle_item **owners = arena_zalloc(b->arena, b->count + 1, sizeof(void *));
    size_t n = 0;
    for (size_t i = 0; i < b->count; i++) {
        struct bundle_item *item = &b->items[i];
        struct prepared *p = &item->prepared;
        if (!item->is_write || item->result) {
            continue;
        }
        item->result =
            requests && owners ? prepare_write(&item->call, p, &item->err) : no_memory(&item->err);
        if (item->result || p->exists || p->write.id.n == 0) {
            continue;
        }
        item->result = record_note(&item->call, p, &item->err);
        if (item->result) {
            continue;
        }
        owners[n] = item;
        requests[n++] = (struct write_request){.writes = &p->write,
                                               .write_count = 1,
                                               .conditions = p->conditions,
                                               .condition_count = p->condition_count};
    }
    store_commit(b->call->rest->store, b->call->grant, requests, n);
    for (size_t i = 0; i < n; i++) {
        owners[i]->err = requests[i].err;
        owners[i]->result = refused_write(&owners[i]->call, requests[i].result, &owners[i]->err);
        if (write_again(&owners[i]->prepared, &requests[i])) {
            owners[i]->call.issues.count = 0;
            owners[i]->is_write = false; /* has its answer already */
            owners[i]->result = do_write(&owners[i]->call, &owners[i]->err);
        }
    }
}

void batch_run(struct bundle *b)
{
    batch_writes(b);
    for (size_t i = 0; i < b->count; i++) {
        struct bundle_item *item = &b->items[i];
        if (item->result || item->call.answer.status) {
            continue;
        }
        item->result = item->is_write ? answer_write(&item->prepared, &item->err)
                                      : bundle_run_read(b, item, &item->call);
    }
}

/* What the writing entries leave in the access log; the reading ones have left theirs. */
static int record_writes(struct bundle *b, struct err *e)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < b->count; i++) {
        struct bundle_item *item = &b->items[i];
        if (call_writes(&item->call)) {
            rc = record_call(&item->call, item->result, &item->err, e);
        }
    }
    return rc;
}

/* --- the reply ----------------------------------------------------------------------------- */

static void print_outcome(struct bundle *b, struct bundle_item *item, size_t at, struct buf *out)
{
    struct issues *is = &item->call.issues;
    if (is->errors == 0) {
        text place =
            item->err.expression[0] ? text_of(item->err.expression) : bundle_place(b, at, "");
        issues_add(is, ISSUE_ERROR, item->result, place, "%s", err_text(&item->err));
    }
    buf_add(out, T(",\"outcome\":"));
    outcome_print(is, out);
}

static int print_answer(struct bundle *b, struct bundle_item *item, size_t at, struct buf *out,
                        struct err *e)
{
    struct answer *a = &item->call.answer;
    char instant[CLOCK_INSTANT_SIZE];
    int rc = 0;
    bool shows = !item->result && a->show_version && item->call.prefer == PREFER_REPRESENTATION;
    buf_add(out, at ? T(",{") : T("{"));
    if (!item->result && (shows || (!item->is_write && a->show_version))) {
        buf_add(out, T("\"resource\":"));
        rc = print_version(&a->version, out, e);
        buf_addc(out, ',');
    } else if (!item->result && a->body.n) {
        buf_add(out, T("\"resource\":"));
        buf_add(out, buf_text(&a->body));
        buf_addc(out, ',');
    }
    int status = item->result ? err_info(item->result)->status : a->status;
    buf_printf(out, "\"response\":{\"status\":\"%d\"", status);
    if (!item->result && a->has_version) {
        const struct version *v = &a->version;
        if (a->location) {
            buf_printf(out, ",\"location\":\"%.*s/%.*s/%.*s/_history/%llu\"",
                       TEXT_ARG(b->call->base), TEXT_ARG(fhir_type_name(v->type)), TEXT_ARG(v->id),
                       (unsigned long long)v->vid);
        }
        clock_instant(version_instant(v), instant);
        buf_printf(out, ",\"etag\":\"W/\\\"%llu\\\"\",\"lastModified\":\"%s\"",
                   (unsigned long long)v->vid, instant);
    }
    if (item->result) {
        print_outcome(b, item, at, out);
    } else if (item->call.issues.count) {
        buf_add(out, T(",\"outcome\":")); /* what is no error, but worth knowing */
        outcome_print(&item->call.issues, out);
    }
    buf_add(out, T("}}"));
    return rc;
}

static int print_bundle(struct bundle *b, struct err *e)
{
    struct buf *out = &b->call->answer.body;
    buf_printf(out, "{\"resourceType\":\"Bundle\",\"type\":\"%s-response\"",
               b->is_transaction ? "transaction" : "batch");
    if (b->count) {
        buf_add(out, T(",\"entry\":["));
    }
    int rc = 0;
    for (size_t i = 0; !rc && i < b->count; i++) {
        rc = print_answer(b, &b->items[i], i, out, e);
    }
    buf_add(out, b->count ? T("]}") : T("}"));
    return rc;
}

static int check_bundle(struct call *c, struct err *e)
{
    text type = json_text(json_get(c->resource, T("type")));
    if (text_eq(json_text(json_get(c->resource, T("resourceType"))), T("Bundle")) &&
        (text_eq(type, T("batch")) || text_eq(type, T("transaction")))) {
        return 0;
    }
    return err_set(e, ERR_INVALID,
                   "what is posted to the base must be a Bundle of type batch or transaction; post "
                   "a single resource to "
                   "its type, as in POST [base]/Patient");
}

static int run_once(struct call *c, bool *ret_again, struct err *e)
{
    struct bundle b = {0};
    *ret_again = false;
    int rc = read_body(c, e);
    if (!rc) {
        rc = check_bundle(c, e);
    }
    if (rc) {
        return rc;
    }
    rc = bundle_read(c, c->resource, &b, e);
    if (!rc && b.is_transaction) {
        rc = transaction_run(&b, ret_again, e);
    } else if (!rc) {
        batch_run(&b);
    }
    c->absent = 0;
    for (size_t i = 0; i < b.count && b.items; i++) {
        c->absent += call_absent(&b.items[i].call, b.items[i].result);
    }
    rc = rc ? rc : record_writes(&b, e);
    if (!rc) {
        rc = print_bundle(&b, e);
    }
    bundle_done(&b);
    return rc;
}

int do_bundle(struct call *c, struct err *e)
{
    int rc = call_no_parameters(c, e);
    if (rc) {
        return rc;
    }
    c->answer.status = 200;
    for (int i = 0; i < TRIES; i++) {
        bool again;
        rc = run_once(c, &again, e);
        if (!again) {
            return rc;
        }
        c->resource = NULL;
        metric_add(METRIC_store_retries_total, 1);
    }
    return err_set(
        e, ERR_BUSY,
        "others keep changing what this transaction's conditions match; try again shortly");
}
