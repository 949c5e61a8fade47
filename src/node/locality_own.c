/* The own record, asked on behalf of members: as rest/ and policy/ answer it. */
#include "base/clock.h"
#include "identity/identity.h"
#include "node/locality_world_int.h"
#include "node/parcel_record.h"
#include "policy/grant.h"

enum { HEAD_MOST = 64 * 1024 };

static const struct caller node_itself = {
    .actor = {.kind = ACTOR_NODE, .purpose = PURPOSE_SYSTEM, .name = {"this node", 9}}};

static int not_here(struct err *e)
{
    return err_set(e, ERR_NOT_SUPPORTED, "this is only possible in a node that serves");
}

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "no memory for an answer of the own record");
}

int locality_world_known_as(struct locality_world *w, text url, struct err *e)
{
    int rc = 0;
    pthread_mutex_lock(&w->lock);
    text known = w->base.n ? text_first(w->base, w->base.n - T("/fhir").n) : (text){0};
    if (!text_eq(known, url)) {
        text base = arena_printf(&w->names, "%.*s/fhir", TEXT_ARG(url));
        rc = base.p ? 0 : err_set(e, ERR_MEMORY, "no memory for the address of this node");
        w->base = base.p ? base : w->base;
    }
    pthread_mutex_unlock(&w->lock);
    return rc;
}

/* --- one request ------------------------------------------------------------------------------ */

static enum http_method method_of(text name)
{
    static const struct {
        const char *name;
        enum http_method method;
    } rows[] = {{"GET", HTTP_GET}, {"HEAD", HTTP_HEAD},   {"POST", HTTP_POST},
                {"PUT", HTTP_PUT}, {"PATCH", HTTP_PATCH}, {"DELETE", HTTP_DELETE}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (text_eq(name, text_of(rows[i].name))) {
            return rows[i].method;
        }
    }
    return HTTP_OTHER;
}

/* Large replies come piece by piece. */
static int gather(struct http_reply *reply, struct buf *out, struct err *e)
{
    int more = reply->more ? 1 : 0;
    buf_add(out, buf_text(&reply->body));
    while (more > 0 && !buf_failed(out)) {
        buf_clear(&reply->body);
        more = reply->more(reply, reply->more_state);
        buf_add(out, buf_text(&reply->body));
    }
    if (reply->more && reply->more_done) {
        reply->more_done(reply->more_state);
    }
    return more < 0 ? err_set(e, ERR_INTERNAL, "the own record could not be read to the end")
           : buf_failed(out) ? err_set(e, ERR_TOO_LARGE, "an answer of the own record is too large")
                             : 0;
}

static int serve(const struct rest *rest, const struct caller *as, struct own_call *call,
                 struct arena *a, struct err *e)
{
    static const struct http_field fields[] = {
        {{"Host", 4}, {"localhost", 9}},
        {{"Accept", 6}, {"application/fhir+json", 21}},
        {{"Content-Type", 12}, {"application/fhir+json", 21}}};
    struct http_reply reply = {0};
    struct buf all;
    text target = arena_printf(a, "/fhir/%.*s", TEXT_ARG(call->path));
    struct http_request request = {.method = method_of(call->method),
                                   .method_name = call->method,
                                   .target = target,
                                   .path = text_first(target, text_find(target, '?')),
                                   .fields = fields,
                                   .field_count = call->body.n ? 3 : 2,
                                   .body = call->body,
                                   .arena = a,
                                   .peer = T("")};
    if (!target.p) {
        return no_memory(e);
    }
    if (request.path.n < target.n) {
        request.query = text_from(target, request.path.n + 1);
    }
    buf_init(&reply.head, HEAD_MOST);
    buf_init(&reply.body, (size_t)rest->limits->request_memory);
    buf_init(&all, (size_t)rest->limits->request_memory);
    rest_handle_as(rest, as, &request, &reply);
    int rc = gather(&reply, &all, e);
    call->status = reply.status;
    call->answer = rc || !all.n ? T("") : arena_copy(a, buf_text(&all));
    buf_done(&all);
    buf_done(&reply.body);
    buf_done(&reply.head);
    return rc || call->answer.p ? rc : no_memory(e);
}

/* --- what the policy says --------------------------------------------------------------------- */

static const struct grant *grant_of(const struct locality_world *w, const struct caller *as,
                                    struct arena *a)
{
    struct grant_config config = {.key = store_policy_key(w->node->store),
                                  .now_ms = clock_real_ms(),
                                  .tells_withheld = w->rest->tells_withheld};
    if (!as) {
        return policy_local_administrator();
    }
    config.actor = &as->actor;
    config.scopes = as->scopes;
    return grant_make(&config, a);
}

static int decide(const struct locality_world *w, const struct caller *as, text patient,
                  struct arena *a, struct decision *ret_decision, uint32_t *ret_withheld,
                  struct err *e)
{
    struct store_view *view;
    const struct sheet *sheet = NULL;
    const struct grant *g = grant_of(w, as, a);
    if (!g) {
        return no_memory(e);
    }
    int rc = store_view_begin(w->node->store, g, STORE_ONE_READ, &view, e);
    if (rc) {
        return rc;
    }
    rc = store_decide(view, patient, ret_decision, &sheet, e);
    *ret_withheld = rc ? 0 : grant_withheld(g, ret_decision, sheet);
    store_view_end(view);
    return rc;
}

int locality_decide(void *context, const struct caller *as, text patient,
                    struct decision *ret_decision, struct err *e)
{
    struct locality_world *w = context;
    struct arena a;
    uint32_t withheld;
    if (!w->node) {
        return not_here(e);
    }
    arena_init(&a, (size_t)w->node->limits->request_memory);
    int rc = decide(w, as, patient, &a, ret_decision, &withheld, e);
    arena_done(&a);
    return rc;
}

static text id_at(text t)
{
    size_t n = 0;
    while (n < t.n && t.p[n] != '/' && t.p[n] != '?' && t.p[n] != '&') {
        n++;
    }
    return text_first(t, n);
}

/* Of a path about one patient: "Patient/5/...", "Observation?patient=5". Empty: of none. */
static text patient_in(text path)
{
    static const text names[] = {{"patient=", 8}, {"subject=", 8}};
    size_t mark = text_find(path, '?');
    text type = T("Patient/");
    text query = text_from(path, mark + 1);
    text pair;
    if (text_starts(path, type)) {
        return id_at(text_from(path, type.n));
    }
    if (text_eq(text_first(path, mark), T("Patient")) && text_starts(query, T("_id="))) {
        return id_at(text_from(query, 4));
    }
    while (text_cut(&query, '&', &pair)) {
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            if (text_starts(pair, names[i])) {
                text value = text_from(pair, names[i].n);
                return id_at(text_starts(value, type) ? text_from(value, type.n) : value);
            }
        }
    }
    return (text){0};
}

int locality_own(void *context, const struct caller *as, struct own_call *call, struct arena *a,
                 struct err *e)
{
    struct locality_world *w = context;
    struct decision decision;
    if (!w->rest) {
        return not_here(e);
    }
    bool reads = text_eq(call->method, T("GET"));
    text patient = reads && as ? patient_in(call->path) : (text){0};
    struct rest rest = *w->rest;
    rest.unrecorded = reads;
    pthread_mutex_lock(&w->lock);
    rest.base = w->base.n ? w->base : rest.base;
    pthread_mutex_unlock(&w->lock);
    call->withheld = 0;
    int rc = serve(&rest, as ? as : &node_itself, call, a, e);
    if (!rc && patient.n) {
        rc = decide(w, as, patient, a, &decision, &call->withheld, e);
    }
    return rc;
}

/* --- a whole record --------------------------------------------------------------------------- */

int locality_pack(void *context, text patient, const struct record_lines *to, struct err *e)
{
    struct locality_world *w = context;
    struct arena a;
    text note;
    if (!w->rest) {
        return not_here(e);
    }
    struct parcel_source from = {.store = w->node->store,
                                 .audit = w->node->audit,
                                 .limits = w->node->limits,
                                 .base = w->node->base,
                                 .now_ms = clock_real_ms()};
    arena_init(&a, HEAD_MOST);
    /* A checkpoint that covers all that is in the log by now, so that each entry can be proved. */
    int rc = w->rest->feed.settle ? w->rest->feed.settle(w->rest->feed.context, e) : 0;
    rc = rc ? rc : audit_checkpoint(w->node->audit, true, &a, &note, e);
    arena_done(&a);
    return rc ? rc : parcel_pack(&from, patient, to, e);
}

static int own_organisation(void *context, text ods, struct arena *a, text *ret_reference,
                            struct err *e)
{
    struct locality_world *w = context;
    return world_organisation(w->node, ods, a, ret_reference, e);
}

int locality_unpack(void *context, const struct record_ask *ask, text lines,
                    struct record_taken *ret_taken, struct err *e)
{
    struct locality_world *w = context;
    if (!w->rest) {
        return not_here(e);
    }
    const struct parcel_target to = {.store = w->node->store,
                                     .limits = w->node->limits,
                                     .organisation = own_organisation,
                                     .context = w};
    return parcel_unpack(&to, ask, lines, ret_taken, e);
}
