#include "rest/access.h"

#include "base/clock.h"
#include "base/random.h"
#include "rest/record.h"

/* What the operations about access write, and what they note of it. */

enum { EVENTS_MAX = 4, RETRIES = 8 };

text access_id(struct access *a)
{
    char uuid[UUID_SIZE];
    random_uuid(uuid);
    return arena_copy(a->arena, text_of(uuid));
}

bool access_retry(int rc, int attempt)
{
    return rc == ERR_PRECONDITION && attempt < RETRIES;
}

int access_note(struct access *a, enum event_kind kind, text what, struct err *e)
{
    struct call *c = a->call;
    if (!c->extra_event) {
        c->extra_event = arena_zalloc(a->arena, EVENTS_MAX, sizeof *c->extra_event);
        c->extra_count = 0;
    }
    if (!c->extra_event) {
        return access_no_memory(e);
    }
    if (c->extra_count == EVENTS_MAX) {
        return err_set(e, ERR_INTERNAL, "an operation did more than it has room to tell of");
    }
    c->extra_event[c->extra_count++] =
        (struct audit_event){.at_ms = a->now_ms, .kind = kind, .patient = a->patient, .what = what};
    return 0;
}

/* The node writes this for the asker, so that nothing of the request itself may change how. */
static void make_call(struct access *a, const struct access_write *w, struct call *ret_call)
{
    const struct call *c = a->call;
    *ret_call =
        (struct call){.rest = c->rest,
                      .caller = c->caller,
                      .grant = policy_local_administrator(),
                      .arena = a->arena,
                      .base = c->base,
                      .method = HTTP_PUT,
                      .route = {.interaction = INTERACTION_UPDATE, .type = w->type, .id = w->id}};
    issues_init(&ret_call->issues, a->arena);
    if (w->vid) {
        ret_call->if_match = arena_printf(a->arena, "W/\"%llu\"", (unsigned long long)w->vid);
    } else {
        ret_call->if_none_match = T("*");
    }
}

static int prepare(struct access *a, const struct access_write *w, struct prepared *ret_prepared,
                   struct err *e)
{
    struct call *sub = arena_alloc(a->arena, sizeof *sub);
    if (!sub) {
        return access_no_memory(e);
    }
    make_call(a, w, sub);
    int rc =
        json_read(w->json, (size_t)a->call->rest->limits->json_depth, a->arena, &sub->resource, e);
    rc = rc ? rc : prepare_write(sub, ret_prepared, e);
    if (rc && sub->issues.count) {
        const struct issue *first = &sub->issues.items[0];
        rc = err_at(e, rc, first->expression, "this cannot be stored: %.*s",
                    TEXT_ARG(first->details));
    }
    return rc;
}

/* By the right of whoever asked, not by the node's that writes it. */
static int note(struct access *a, const struct access_write *w, struct prepared *p, struct err *e)
{
    struct audit_event event = {.kind = w->event,
                                .reason = text_short(w->reason, 3000),
                                .disclose_after_ms = w->disclose_after_ms};
    event.what =
        arena_printf(a->arena, "%.*s/%.*s", TEXT_ARG(fhir_type_name(w->type)), TEXT_ARG(w->id));
    return record_note_as(a->call, p, &event, e);
}

int access_commit(struct access *a, const struct access_write *writes, size_t count, struct err *e)
{
    struct prepared *prepared = arena_zalloc(a->arena, count, sizeof *prepared);
    struct write *all = arena_zalloc(a->arena, count, sizeof *all);
    int rc = prepared && all ? 0 : access_no_memory(e);
    for (size_t i = 0; !rc && i < count; i++) {
        rc = prepare(a, &writes[i], &prepared[i], e);
        rc = rc ? rc : note(a, &writes[i], &prepared[i], e);
        all[i] = prepared[i].write;
    }
    if (rc) {
        return rc;
    }
    struct write_request request = {.writes = all, .write_count = count};
    store_commit(a->call->rest->store, policy_local_administrator(), &request, 1);
    if (request.result) {
        *e = request.err;
        return request.result;
    }
    a->call->noted = true;
    return 0;
}
