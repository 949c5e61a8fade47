#include "rest/access.h"
#include "rest/record.h"

#include "base/clock.h"

/*
 * Patient/{id}/$legal-access: the law lets somebody see a record, and forbids to tell the person
 * until a day. Whoever decides is not who looks, and a second officer looks at the decision. What
 * is written for it, and each look that rests on it, is told of to the person on that day; until
 * then the access log has its place, its time, and that it is a legal duty.
 */

#define UNTIL KITH_STRUCTURE "label-until"

enum { LOOK_HOURS = 8, SECRET_DAYS_MAX = 366, MINUTE_MS = 60 * 1000, DAY_MS = 24 * 60 * 60 * 1000 };

struct order {
    text person; /* who is to look */
    text name;
    uint64_t hours;
    struct access_reason reason;
    struct access_date tell;
};

/* --- what is asked ------------------------------------------------------------------------------
 */

static int take_reason(const struct access_input *in, struct order *o, struct err *e)
{
    int rc = input_reason(in, &o->reason, e);
    if (!rc && !text_eq(o->reason.code, T("court-order")) &&
        !text_eq(o->reason.code, T("statute")) && !text_eq(o->reason.code, T("public-interest"))) {
        rc = err_set(e, ERR_CODE_INVALID,
                     "a legal request has the reason court-order, statute or public-interest");
    }
    if (!rc && !o->reason.words.n) {
        rc = err_set(e, ERR_REQUIRED,
                     "say which order or law it is, with the parameter words: the second officer "
                     "has to find it");
    }
    return rc;
}

static int take_day(struct access *a, const struct access_input *in, struct order *o, struct err *e)
{
    int rc = input_date(in, "disclose-after", &o->tell, e);
    if (!rc && !o->tell.as_written.p) {
        rc = err_set(e, ERR_REQUIRED,
                     "say from when on the person is told, with the parameter disclose-after; if "
                     "they may be told now, use $open");
    }
    if (!rc && (o->tell.from_ms <= a->now_ms ||
                o->tell.from_ms > a->now_ms + SECRET_DAYS_MAX * (int64_t)DAY_MS)) {
        rc = err_set(e, ERR_VALUE, "disclose-after must be a time to come, %d days ahead at most",
                     SECRET_DAYS_MAX);
    }
    return rc;
}

static int take_person(struct access *a, const struct access_input *in, struct order *o,
                       struct err *e)
{
    struct version v;
    struct err ignored = {0};
    int rc = input_reference(a, in, "person", "Practitioner", &o->person, e);
    if (!rc && !o->person.n) {
        return err_set(e, ERR_REQUIRED,
                       "say who is to look, with the parameter person: a Practitioner");
    }
    if (!rc && actor_is(a->actor, o->person)) {
        return err_set(e, ERR_FORBIDDEN,
                       "whoever decides about a legal request does not look: name somebody else");
    }
    if (rc) {
        return rc;
    }
    text id = text_from(o->person, T("Practitioner/").n);
    rc = store_read(a->view, fhir_type_of(T("Practitioner")), id, a->arena, &v, &ignored);
    if (rc == ERR_NOT_FOUND || (!rc && v.deleted)) {
        return err_set(e, ERR_VALUE, "nobody here is %.*s; name somebody of the directory",
                       TEXT_ARG(o->person));
    }
    if (rc) {
        *e = ignored;
        return rc;
    }
    return access_name(a, o->person, (text){0}, &o->name, e);
}

static int take(struct access *a, struct order *o, struct err *e)
{
    static const char *const names[] = {"person",         "reason", "words",
                                        "disclose-after", "hours",  NULL};
    struct access_input in;
    int rc = access_input(a->call, names, NULL, &in, e);
    rc = rc ? rc : take_person(a, &in, o, e);
    rc = rc ? rc : take_reason(&in, o, e);
    rc = rc ? rc : take_day(a, &in, o, e);
    return rc ? rc : input_hours(&in, LOOK_HOURS, &o->hours, e);
}

/* --- what is written ----------------------------------------------------------------------------
 */

/* The resource with labels: not told to the person before the day, and to no proxy. */
static int hold(struct access *a, const struct order *o, text *json, struct err *e)
{
    struct buf out;
    buf_init(&out, 64 * 1024);
    buf_add(&out, T("{\"meta\":{\"security\":[{\"system\":\"" LABEL_SYSTEM_KITH
                    "\",\"code\":\"not-proxy\"},{\"extension\":[{\"url\":\"" UNTIL "\""));
    put_text(&out, "valueDateTime", o->tell.as_written);
    buf_add(&out, T("}],\"system\":\"" LABEL_SYSTEM_KITH "\",\"code\":\"held\"}]},"));
    buf_add(&out, text_from(*json, 1));
    return access_text(a, &out, json, e);
}

static int draft_consent(struct access *a, const struct order *o, text id, text *ret_json,
                         struct err *e)
{
    char from[CLOCK_INSTANT_SIZE];
    char until[CLOCK_INSTANT_SIZE];
    clock_instant(a->now_ms, from);
    clock_instant(a->now_ms + (int64_t)o->hours * 60 * MINUTE_MS, until);
    struct access_reason code = o->reason;
    code.words = (text){0}; /* for the officers: they stand in the Task alone */
    struct consent_draft d = {.kind = CONSENT_OVERRIDE,
                              .permit = true,
                              .party = o->person,
                              .party_display = o->name,
                              .start = text_of(from),
                              .end = text_of(until),
                              .reason = &code,
                              .performer = actor_reference(a->actor)};
    int rc = consent_print(a, id, &d, ret_json, e);
    return rc ? rc : hold(a, o, ret_json, e);
}

static int draft_notice(struct access *a, const struct order *o, text id, text about,
                        text *ret_json, struct err *e)
{
    text words = arena_printf(a->arena,
                              "%.*s was let see your record for %llu hours, because of a legal "
                              "request. The reason given: %s. We were not allowed to tell you "
                              "before. If you have questions, ask us.",
                              TEXT_ARG(o->name), (unsigned long long)o->hours, o->reason.display);
    int rc = words.p ? notice_print(a, id, about, words, false, ret_json, e) : access_no_memory(e);
    return rc ? rc : hold(a, o, ret_json, e);
}

static int write_all(struct access *a, const struct order *o, struct err *e)
{
    static const char *const types[] = {"Consent", "Task", "Communication"};
    struct access_write w[3];
    for (size_t i = 0; i < 3; i++) {
        w[i] = (struct access_write){.type = fhir_type_of(text_of(types[i])),
                                     .id = access_id(a),
                                     .event = EVENT_CREATE,
                                     .disclose_after_ms = o->tell.from_ms};
        if (!w[i].id.p) {
            return access_no_memory(e);
        }
    }
    w[0].event = EVENT_OVERRIDE;
    w[0].reason = o->reason.code;
    text focus = arena_printf(a->arena, "Consent/%.*s", TEXT_ARG(w[0].id));
    struct task_draft task = {.kind = "legal-review",
                              .title = "Look at a legal request to see a record",
                              .focus = focus,
                              .reason = &o->reason,
                              .words = o->reason.words,
                              .for_reviewers = true};
    int rc = draft_consent(a, o, w[0].id, &w[0].json, e);
    rc = rc ? rc : task_print(a, w[1].id, &task, &w[1].json, e);
    rc = rc ? rc : draft_notice(a, o, w[2].id, focus, &w[2].json, e);
    return rc ? rc : access_commit(a, w, 3, e);
}

static int run(struct access *a, struct err *e)
{
    struct order o = {0};
    struct buf out;
    int rc = access_allow(a, BY_STRANGER, ACTIVITY_REVIEW, e);
    if (!rc && !actor_reference(a->actor).n) {
        rc = err_set(e, ERR_FORBIDDEN,
                     "your account says of no Practitioner that it is you, so nobody could be "
                     "named; ask those who manage people here to add it");
    }
    rc = rc ? rc : take(a, &o, e);
    rc = rc ? rc : access_exists(a, e);
    rc = rc ? rc : write_all(a, &o, e);
    if (rc) {
        return rc;
    }
    buf_init(&out, 64 * 1024);
    access_params_open(&out);
    part_time(&out, "until", a->now_ms + (int64_t)o.hours * 60 * MINUTE_MS);
    part_text(&out, "words", "String",
              T("This has been noted with your name and the reason. Another privacy officer will "
                "look at it. The person is told on the day that you named."));
    access_params_close(&out);
    return operation_reply(a->call, &out, e);
}

int do_legal_access(struct call *c, struct err *e)
{
    struct access a;
    int rc = access_open(c, c->route.id, &a, e);
    rc = rc ? rc : run(&a, e);
    access_close(&a);
    return rc;
}

/* --- looks that rest on it ----------------------------------------------------------------------
 */

/* When the person may know of a Consent; 0: now. */
static int64_t told_from(const struct consent *c)
{
    const yyjson_val *list = json_get(json_get(c->root, T("meta")), T("security"));
    const yyjson_val *item = tree_first(list);
    for (size_t left = tree_items(list); left; left--, item = json_after(item)) {
        int64_t start;
        int64_t end;
        if (text_eq(json_text(json_get(item, T("code"))), T("held")) &&
            index_date(json_text(tree_extension(item, UNTIL, "valueDateTime")), &start, &end)) {
            return index_ms_to_1970(start);
        }
    }
    return 0;
}

int access_told_from(struct call *c, text patient, int64_t *ret_ms, struct err *e)
{
    struct access a = {.call = c,
                       .arena = c->arena,
                       .actor = &c->caller->actor,
                       .patient = patient,
                       .now_ms = clock_real_ms()};
    struct consent *all = NULL;
    size_t count = 0;
    *ret_ms = 0;
    int rc =
        store_view_begin(c->rest->store, policy_local_administrator(), STORE_ONE_READ, &a.view, e);
    if (rc) {
        return rc;
    }
    rc = consents_read(&a, CONSENT_OVERRIDE, &all, &count, e);
    for (size_t i = 0; !rc && i < count; i++) {
        text display;
        int64_t from = told_from(&all[i]);
        if (all[i].from_ms <= a.now_ms && a.now_ms < all[i].until_ms && from > *ret_ms &&
            actor_is(a.actor, consent_party(&all[i], 0, &display))) {
            *ret_ms = from;
        }
    }
    store_view_end(a.view);
    return rc;
}
