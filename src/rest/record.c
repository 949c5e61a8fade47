#include "rest/record.h"

#include "base/clock.h"
#include "base/metrics.h"
#include "policy/touched.h"
#include "rest/operation.h"

#include <string.h>

enum { QUERY_MOST = 4000 };

struct record {
    struct audit_event *events;
    size_t count;
    size_t capacity;
    size_t drained; /* places of c->touched that have their entries */
};

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "the request needs more memory than it may have");
}

int record_begin(struct call *c, struct err *e)
{
    c->record = arena_zalloc(c->arena, 1, sizeof *c->record);
    return c->record ? 0 : no_memory(e);
}

static bool is_recorded(const struct call *c)
{
    /* of nobody nothing is known but that nothing was handed out */
    return !c->rest->local && c->caller && c->caller->actor.kind != ACTOR_NOBODY;
}

/* --- what it was --------------------------------------------------------------------------- */

bool call_writes(const struct call *c)
{
    switch (c->route.interaction) {
    case INTERACTION_CREATE:
    case INTERACTION_UPDATE:
    case INTERACTION_UPDATE_CONDITIONAL:
    case INTERACTION_PATCH:
    case INTERACTION_PATCH_CONDITIONAL:
    case INTERACTION_DELETE:
    case INTERACTION_DELETE_CONDITIONAL:
    case INTERACTION_META_ADD:
    case INTERACTION_META_DELETE:
        return true;
    default:
        return false;
    }
}

static enum event_kind kind_of(const struct call *c)
{
    switch (c->route.interaction) {
    case INTERACTION_READ:
    case INTERACTION_META:
        return EVENT_READ;
    case INTERACTION_VREAD:
    case INTERACTION_HISTORY:
        return EVENT_HISTORY;
    case INTERACTION_SEARCH:
        return EVENT_SEARCH;
    case INTERACTION_CREATE:
        return EVENT_CREATE;
    case INTERACTION_UPDATE:
    case INTERACTION_UPDATE_CONDITIONAL:
    case INTERACTION_PATCH:
    case INTERACTION_PATCH_CONDITIONAL:
    case INTERACTION_META_ADD:
    case INTERACTION_META_DELETE:
        return c->answer.status == 201 ? EVENT_CREATE : EVENT_UPDATE;
    case INTERACTION_DELETE:
    case INTERACTION_DELETE_CONDITIONAL:
        return EVENT_DELETE;
    case INTERACTION_EXPORT:
    case INTERACTION_JOB:
        return EVENT_EXPORT;
    case INTERACTION_IMPORT:
        return EVENT_IMPORT;
    default:
        return EVENT_OPERATION;
    }
}

/* "Observation/5", "Observation", "Patient/5/$everything" */
static text what_of(const struct call *c)
{
    const struct answer *a = &c->answer;
    if (call_writes(c) && a->has_version) {
        return arena_printf(c->arena, "%.*s/%.*s", TEXT_ARG(fhir_type_name(a->version.type)),
                            TEXT_ARG(a->version.id));
    }
    if (kind_of(c) == EVENT_OPERATION || kind_of(c) == EVENT_EXPORT) {
        return text_short(c->path, 200);
    }
    text type = c->route.type ? fhir_type_name(c->route.type) : (text){0};
    return c->route.id.n ? arena_printf(c->arena, "%.*s/%.*s", TEXT_ARG(type),
                                        TEXT_ARG(text_short(c->route.id, 64)))
                         : type;
}

/* Whether an interaction that touched nobody is told of all the same: it asked for records. */
static bool is_about_people(const struct call *c)
{
    switch (c->route.interaction) {
    case INTERACTION_EXPORT:
    case INTERACTION_IMPORT:
    case INTERACTION_REINDEX:
        return true;
    case INTERACTION_JOB:
        return c->route.file.n || c->method == HTTP_DELETE; /* not each look at its state */
    case INTERACTION_OPERATION:
        return c->route.operation->needs != 0;
    case INTERACTION_NONE:
    case INTERACTION_CAPABILITIES:
    case INTERACTION_BUNDLE:
    case INTERACTION_REINDEX_STATUS:
    case INTERACTION_PARAM_STATUS:
        return false;
    default:
        return call_writes(c) || !c->route.type || fhir_type_in_patient_compartment(c->route.type);
    }
}

static int add(struct call *c, const struct audit_event *event, struct err *e)
{
    struct record *r = c->record;
    struct audit_event *events =
        arena_grow(c->arena, r->events, r->count, &r->capacity, sizeof *events);
    if (!events) {
        return no_memory(e);
    }
    r->events = events;
    r->events[r->count++] = *event;
    return 0;
}

/* --- about whom ------------------------------------------------------------------------------- */

/* What is seen by a legal request is told of when the law allows it. */
static int by_law(struct call *c, struct audit_event *event, struct err *e)
{
    int rc = access_told_from(c, event->patient, &event->disclose_after_ms, e);
    if (!rc && event->disclose_after_ms) {
        event->access = ACCESS_LEGAL;
        event->relation = T("by a legal request");
    }
    return rc;
}

static int add_about(struct call *c, struct store_view *view, uint64_t compartment,
                     const struct audit_event *common, struct err *e)
{
    struct audit_event event = *common;
    struct decision decision = {0};
    text patient = {0};
    int rc = store_decide_in(view, compartment, &patient, &decision, e);
    event.patient = arena_copy(c->arena, patient);
    if (rc || (patient.n && !event.patient.p)) {
        return rc ? rc : no_memory(e);
    }
    event.relation = text_of(relationship_words((enum relationship)decision.relation));
    rc = record_class(c->rest, &c->caller->actor, view, event.patient, c->arena, &event.access, e);
    rc = rc || !decision.overridden ? rc : by_law(c, &event, e);
    return rc ? rc : add(c, &event, e);
}

static int add_touched(struct call *c, const struct audit_event *common, struct err *e)
{
    struct touched *t = c->touched;
    struct store_view *view;
    if (t->failed) {
        return no_memory(e);
    }
    if (c->record->drained == t->count) {
        return 0;
    }
    int rc = store_view_begin(c->rest->store, c->grant, STORE_ONE_READ, &view, e);
    if (rc) {
        return rc;
    }
    while (!rc && c->record->drained < t->count) {
        rc = add_about(c, view, t->items[c->record->drained++], common, e);
    }
    store_view_end(view);
    return rc;
}

/* Of a write: the patient whose resource it is. */
static int add_written(struct call *c, const struct audit_event *common, struct err *e)
{
    struct store_view *view;
    uint64_t compartment;
    if (!store_patients_compartment(c->answer.version.rid, &compartment)) {
        return 0;
    }
    int rc = store_view_begin(c->rest->store, c->grant, STORE_ONE_READ, &view, e);
    if (!rc) {
        rc = add_about(c, view, compartment, common, e);
        store_view_end(view);
    }
    return rc;
}

/* What an operation has done besides: an entry for each. */
static int add_extra(struct call *c, const struct audit_event *common, struct err *e)
{
    struct store_view *view = NULL;
    int rc =
        c->extra_count ? store_view_begin(c->rest->store, c->grant, STORE_ONE_READ, &view, e) : 0;
    for (size_t i = 0; !rc && i < c->extra_count; i++) {
        const struct audit_event *x = &c->extra_event[i];
        struct audit_event event = *common;
        event.kind = x->kind;
        event.patient = x->patient;
        event.what = x->what.n ? x->what : common->what;
        event.reason = x->reason;
        event.why = x->why;
        event.query = (text){0};
        event.version_t = x->version_t;
        event.disclose_after_ms = x->disclose_after_ms;
        rc = record_class(c->rest, &c->caller->actor, view, x->patient, c->arena, &event.access, e);
        rc = rc ? rc : add(c, &event, e);
    }
    store_view_end(view);
    return rc;
}

/* An entry for each patient touched; those of the next interaction are counted anew. */
static int add_call(struct call *c, const struct audit_event *common, struct err *e)
{
    size_t before = c->record->count;
    bool is_job = c->route.interaction == INTERACTION_JOB; /* its files bring nobody in hand */
    int rc = call_writes(c) && common->outcome == EVENT_OK ? add_written(c, common, e)
                                                           : add_touched(c, common, e);
    if (!rc && c->extra_event) {
        rc = add_extra(c, common, e);
    } else if (!rc && c->record->count == before && !c->noted && (!c->answer.more || is_job) &&
               is_about_people(c)) {
        struct audit_event event = *common;
        rc = record_class(c->rest, &c->caller->actor, NULL, (text){0}, c->arena, &event.access, e);
        rc = rc ? rc : add(c, &event, e);
    }
    return rc;
}

static void forget_touched(struct call *c)
{
    struct touched *t = c->touched;
    *t = (struct touched){
        .arena = t->arena, .items = t->items, .capacity = t->capacity, .failed = t->failed};
    c->record->drained = 0;
}

static bool is_refusal(int rc)
{
    return rc == ERR_FORBIDDEN || rc == ERR_LOGIN;
}

int record_call(struct call *c, int rc, const struct err *why, struct err *e)
{
    if (!is_recorded(c) || (c->noted && !rc && call_writes(c)) ||
        (c->rest->unrecorded && !call_writes(c))) {
        return 0;
    }
    struct audit_event common = {.at_ms = clock_real_ms(),
                                 .kind = is_refusal(rc) ? EVENT_REFUSED : kind_of(c),
                                 .outcome = is_refusal(rc) ? EVENT_SERIOUS
                                            : rc           ? EVENT_MINOR
                                                           : EVENT_OK,
                                 .what = what_of(c),
                                 .query = c->form.p ? c->form : c->query};
    caller_event(c->caller, &common);
    if (rc && is_refusal(rc)) {
        common.why = text_short(arena_copy(c->arena, text_of(err_text(why))), 300);
    }
    if (call_writes(c) && !rc && c->answer.has_version && common.kind != EVENT_DELETE) {
        common.kind = EVENT_READ; /* it was there already, as it is */
    }
    common.query = text_short(common.query, QUERY_MOST);
    int failed = 0;
    if (is_refusal(rc) && (!c->touched || c->touched->count == 0)) {
        failed =
            record_class(c->rest, &c->caller->actor, NULL, (text){0}, c->arena, &common.access, e);
        failed = failed ? failed : add(c, &common, e);
    } else if (c->touched) {
        failed = add_call(c, &common, e);
    }
    if (c->touched && !c->answer.more) {
        forget_touched(c);
    }
    return failed;
}

int record_queue(struct call *c, uint64_t *ret_ticket, struct err *e)
{
    struct record *r = c->record;
    uint64_t ticket = 0;
    int rc = 0;
    *ret_ticket = 0;
    if (!r || r->count == 0) {
        return 0;
    }
    for (size_t at = 0; !rc && at < r->count; at += AUDIT_BATCH_MAX) {
        size_t n = r->count - at < AUDIT_BATCH_MAX ? r->count - at : AUDIT_BATCH_MAX;
        /* Whoever waits for the last batch does not hear of one before that was refused. */
        rc = ticket ? audit_wait(c->rest->audit, ticket, e) : 0;
        rc = rc ? rc : audit_append(c->rest->audit, r->events + at, n, &ticket, e);
    }
    r->count = 0;
    *ret_ticket = rc ? 0 : ticket;
    return rc;
}

int record_flush(struct call *c, struct err *e)
{
    uint64_t ticket;
    int rc = record_queue(c, &ticket, e);
    return rc || !ticket ? rc : audit_wait(c->rest->audit, ticket, e);
}

/* --- of writes: kept with them ------------------------------------------------------------------
 */

/* Of a deletion, what is there now tells whose it is. Empty: nobody's. */
static int patient_of(struct store_view *v, const struct prepared *p, struct arena *a,
                      text *ret_patient)
{
    struct version version;
    struct err ignored = {0};
    uint64_t compartment;
    *ret_patient = (text){0};
    if (p->write.type == FHIR_PATIENT) {
        *ret_patient = p->write.id;
    } else if (p->write.kind == WRITE_PUT) {
        *ret_patient = p->index.home;
    } else if (!store_read(v, p->write.type, p->write.id, a, &version, &ignored) &&
               store_patients_compartment(version.rid, &compartment) &&
               !store_patient_of(v, compartment, ret_patient)) {
        *ret_patient = arena_copy(a, *ret_patient);
        return ret_patient->p ? 0 : ERR_MEMORY;
    }
    return 0;
}

static int fill_relation(struct call *c, const struct prepared *p, struct audit_event *event,
                         struct err *e)
{
    struct store_view *view;
    struct decision decision = {0};
    const struct sheet *sheet;
    text patient;
    int rc = store_view_begin(c->rest->store, c->grant, STORE_ONE_READ, &view, e);
    if (rc) {
        return rc;
    }
    rc = patient_of(view, p, c->arena, &patient);
    rc = rc ? no_memory(e) : patient.n ? store_decide(view, patient, &decision, &sheet, e) : 0;
    if (!rc && patient.n) {
        event->relation = text_of(relationship_words((enum relationship)decision.relation));
    }
    rc = rc ? rc
            : record_class(c->rest, &c->caller->actor, view, patient, c->arena, &event->access, e);
    store_view_end(view);
    return rc;
}

int record_note_as(struct call *c, struct prepared *p, const struct audit_event *x, struct err *e)
{
    struct buf line;
    struct audit_event event = *x;
    if (!is_recorded(c)) {
        return 0;
    }
    int rc = c->rest->feed.takes ? c->rest->feed.takes(c->rest->feed.context, e) : 0;
    event.at_ms = clock_real_ms();
    caller_event(c->caller, &event);
    rc = rc ? rc : fill_relation(c, p, &event, e);
    if (rc) {
        return rc;
    }
    buf_init(&line, EVENT_LINE_MAX + 1);
    rc = event_print(&event, &line, e);
    if (!rc) {
        p->write.note = arena_copy(c->arena, buf_text(&line));
        rc = p->write.note.p ? 0 : no_memory(e);
    }
    buf_done(&line);
    return rc;
}

int record_note(struct call *c, struct prepared *p, struct err *e)
{
    bool is_new = p->write.new_id || p->write.expect == EXPECT_ABSENT;
    struct audit_event event = {.kind = p->write.kind == WRITE_DELETE ? EVENT_DELETE
                                        : is_new                      ? EVENT_CREATE
                                                                      : EVENT_UPDATE,
                                .what = arena_printf(c->arena, "%.*s/%.*s",
                                                     TEXT_ARG(fhir_type_name(p->write.type)),
                                                     TEXT_ARG(p->write.id)),
                                .query = text_short(c->query, QUERY_MOST)};
    return record_note_as(c, p, &event, e);
}

int record_settle(const struct rest *rest, struct err *e)
{
    return rest->feed.settle ? rest->feed.settle(rest->feed.context, e) : 0;
}

/* --- replies in pieces -------------------------------------------------------------------------
 */

struct stream {
    struct call call; /* a copy: the request's own has ended */
    struct audit_event common;
    int (*more)(struct http_reply *reply, void *state);
    void (*more_done)(void *state);
    void *state;
};

static int stream_more(struct http_reply *reply, void *state)
{
    struct stream *s = state;
    struct err e = {0};
    int more = s->more(reply, s->state);
    s->common.at_ms = clock_real_ms();
    if (more >= 0 && (add_touched(&s->call, &s->common, &e) || record_flush(&s->call, &e))) {
        buf_clear(&reply->body); /* it may not leave without its entry */
        return -1;
    }
    return more;
}

static void stream_done(void *state)
{
    struct stream *s = state;
    if (s->more_done) {
        s->more_done(s->state);
    }
}

int record_stream(struct call *c, struct err *e)
{
    if (c->rest->local || c->rest->unrecorded || !c->answer.more || !c->touched) {
        return 0;
    }
    struct stream *s = arena_zalloc(c->arena, 1, sizeof *s);
    if (!s) {
        return no_memory(e);
    }
    s->call = *c;
    s->common = (struct audit_event){.kind = kind_of(c), .what = what_of(c), .query = c->query};
    caller_event(c->caller, &s->common);
    s->more = c->answer.more;
    s->more_done = c->answer.more_done;
    s->state = c->answer.more_state;
    c->answer.more = stream_more;
    c->answer.more_done = stream_done;
    c->answer.more_state = s;
    return 0;
}
