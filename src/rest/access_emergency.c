#include "rest/access.h"

#include "base/clock.h"

/*
 * Patient/{id}/$open (break-glass) and $claim (a relationship by one's own word): for a while, with
 * a reason, seen by privacy officers, told to the patient.
 */

enum { OPEN_MINUTES = 60, CLAIM_HOURS = 8, MINUTE_MS = 60 * 1000 };

struct opening {
    enum consent_kind kind;
    enum activity activity;
    enum event_kind event;
    const char *task;
    const char *title;
    const char *did;
    int64_t minutes;
    struct access_reason reason;
};

int access_exists(struct access *a, struct err *e)
{
    struct store_view *view;
    struct version v;
    struct err ignored = {0};
    int rc = store_view_begin(a->call->rest->store, policy_local_administrator(), STORE_ONE_READ,
                              &view, e);
    if (rc) {
        return rc;
    }
    rc = store_read(view, FHIR_PATIENT, a->patient, a->arena, &v, &ignored);
    store_view_end(view);
    if (rc == ERR_NOT_FOUND || (!rc && v.deleted)) {
        return err_set(e, ERR_NOT_FOUND, "there is nobody here with the id %.*s",
                       TEXT_ARG(a->patient));
    }
    if (rc) {
        *e = ignored;
    }
    return rc;
}

static int draft_consent(struct access *a, const struct opening *o, text id, text *ret_json,
                         struct err *e)
{
    char from[CLOCK_INSTANT_SIZE];
    char until[CLOCK_INSTANT_SIZE];
    clock_instant(a->now_ms, from);
    clock_instant(a->now_ms + o->minutes * MINUTE_MS, until);
    text who = actor_reference(a->actor);
    struct access_reason code = o->reason;
    code.words = (text){0};
    struct consent_draft d = {.kind = o->kind,
                              .permit = true,
                              .party = who,
                              .party_display = a->actor->name,
                              .start = text_of(from),
                              .end = text_of(until),
                              .reason = &code,
                              .performer = who};
    return consent_print(a, id, &d, ret_json, e);
}

/* The words that somebody wrote in haste are for the reviewers, and stand in the Task alone;
 * notice, Consent and log, which the patient reads, have the reason's code. */
static text notice_words(struct access *a, const struct opening *o)
{
    const struct actor *who = a->actor;
    return arena_printf(
        a->arena,
        "%.*s%s%.*s%s%s%.*s %s. The reason given: %s. This lasts %lld %s. A privacy "
        "officer will look at it. If you have questions, ask us.",
        TEXT_ARG(who->name.n ? who->name : T("Somebody on our staff")),
        who->role_name.n ? ", " : "", TEXT_ARG(who->role_name), who->role_name.n ? "," : "",
        who->organisation_name.n ? " of " : "", TEXT_ARG(who->organisation_name), o->did,
        o->reason.display, (long long)(o->minutes >= 120 ? o->minutes / 60 : o->minutes),
        o->minutes >= 120 ? "hours" : "minutes");
}

static int write_all(struct access *a, const struct opening *o, struct access_write *w,
                     struct err *e)
{
    static const char *const types[] = {"Consent", "Task", "Communication"};
    for (size_t i = 0; i < 3; i++) {
        w[i] = (struct access_write){.type = fhir_type_of(text_of(types[i])), .id = access_id(a)};
        w[i].event = EVENT_CREATE;
        if (!w[i].id.p) {
            return access_no_memory(e);
        }
    }
    w[0].event = o->event;
    w[0].reason = o->reason.code;
    text focus = arena_printf(a->arena, "Consent/%.*s", TEXT_ARG(w[0].id));
    struct task_draft task = {.kind = o->task,
                              .title = o->title,
                              .focus = focus,
                              .reason = &o->reason,
                              .words = o->reason.words,
                              .for_reviewers = true};
    int rc = draft_consent(a, o, w[0].id, &w[0].json, e);
    rc = rc ? rc : task_print(a, w[1].id, &task, &w[1].json, e);
    rc = rc ? rc : notice_print(a, w[2].id, focus, notice_words(a, o), true, &w[2].json, e);
    return rc ? rc : access_commit(a, w, 3, e);
}

static int answer(struct access *a, const struct opening *o, const struct access_write *w,
                  struct err *e)
{
    struct buf out;
    buf_init(&out, 64 * 1024);
    access_params_open(&out);
    part_time(&out, "until", a->now_ms + o->minutes * MINUTE_MS);
    part_reference(&out, "consent", arena_printf(a->arena, "Consent/%.*s", TEXT_ARG(w[0].id)),
                   (text){0});
    part_text(&out, "words", "String",
              T("This has been noted with your name and the reason. A privacy officer will look at "
                "it, and the person has been told."));
    access_params_close(&out);
    return operation_reply(a->call, &out, e);
}

static int take_hours(const struct access_input *in, struct opening *o, struct err *e)
{
    uint64_t hours;
    int rc = input_hours(in, CLAIM_HOURS, &hours, e);
    if (rc) {
        return rc;
    }
    o->minutes = (int64_t)hours * 60;
    return 0;
}

static int run(struct access *a, struct opening *o, const char *const *names, struct err *e)
{
    struct access_input in;
    struct access_write w[3];
    int rc = access_allow(a, BY_STRANGER, o->activity, e);
    if (!rc && !actor_reference(a->actor).n) {
        rc = err_set(e, ERR_FORBIDDEN,
                     "your account says of no Practitioner that it is you, so nobody could be "
                     "named; ask those who manage people here to add it");
    }
    rc = rc ? rc : access_input(a->call, names, NULL, &in, e);
    rc = rc ? rc : input_reason(&in, &o->reason, e);
    rc = rc || o->kind != CONSENT_CLAIM ? rc : take_hours(&in, o, e);
    rc = rc ? rc : access_exists(a, e);
    rc = rc ? rc : write_all(a, o, w, e);
    return rc ? rc : answer(a, o, w, e);
}

int do_break_glass(struct call *c, struct err *e)
{
    static const char *const names[] = {"reason", "words", NULL};
    struct opening o = {.kind = CONSENT_OVERRIDE,
                        .activity = ACTIVITY_OVERRIDE,
                        .event = EVENT_OVERRIDE,
                        .task = "override-review",
                        .title = "Look at an emergency opening of a record",
                        .did = "opened your record, which was closed to them",
                        .minutes = OPEN_MINUTES};
    struct access a;
    int rc = access_open(c, c->route.id, &a, e);
    rc = rc ? rc : run(&a, &o, names, e);
    access_close(&a);
    return rc;
}

int do_claim(struct call *c, struct err *e)
{
    static const char *const names[] = {"reason", "words", "hours", NULL};
    struct opening o = {.kind = CONSENT_CLAIM,
                        .activity = ACTIVITY_CLAIM,
                        .event = EVENT_CLAIM,
                        .task = "claim-review",
                        .title = "Look at a relationship that somebody claimed",
                        .did = "said that they need to see your record"};
    struct access a;
    int rc = access_open(c, c->route.id, &a, e);
    rc = rc ? rc : run(&a, &o, names, e);
    access_close(&a);
    return rc;
}
