#include "rest/access.h"

#include "fhir/reference.h"

/*
 * Patient/{id}/$query-access ("I don't recognise this") makes a Task for the privacy officers;
 * Task/{id}/$review is their answer to it, to emergencies and claims, and to alarms about other
 * members of the locality, which are about no patient.
 */

/* --- the question -------------------------------------------------------------------------------
 */

/* The same words whether there is no such entry, or one about somebody else. */
static int leaf_is_theirs(struct access *a, text leaf, struct err *e)
{
    uint64_t number;
    struct audit_entry entry = {0};
    struct err ignored = {0};
    int rc = 0;
    if (!text_to_u64(leaf, &number)) {
        return err_set(e, ERR_REQUIRED,
                       "say which entry of the access log you mean, by its number in the parameter "
                       "leaf");
    }
    rc = a->call->rest->audit ? audit_read(a->call->rest->audit, number, a->arena, &entry, &ignored)
                              : ERR_NOT_FOUND;
    if (rc == ERR_NOT_FOUND || (!rc && !text_eq(entry.event.patient, a->patient))) {
        return err_set(e, ERR_NOT_FOUND, "the access log of this record has no entry %llu",
                       (unsigned long long)number);
    }
    if (rc) {
        *e = ignored;
    }
    return rc;
}

static int ask(struct access *a, struct err *e)
{
    static const char *const names[] = {"leaf", "words", NULL};
    struct access_input in;
    struct access_write w = {
        .type = fhir_type_of(T("Task")), .id = access_id(a), .event = EVENT_CREATE};
    struct task_draft d = {.kind = "access-query", .title = "A question about who looked"};
    int rc =
        w.id.p ? access_allow(a, BY_SELF | BY_PROXY, ACTIVITY_VIEW_AUDIT, e) : access_no_memory(e);
    rc = rc ? rc : access_input(a->call, names, NULL, &in, e);
    rc = rc ? rc : input_words(&in, "leaf", &d.leaf, e);
    rc = rc ? rc : input_words(&in, "words", &d.words, e);
    rc = rc ? rc : leaf_is_theirs(a, d.leaf, e);
    rc = rc ? rc : task_print(a, w.id, &d, &w.json, e);
    w.reason = d.words;
    rc = rc ? rc : access_commit(a, &w, 1, e);
    text what = rc ? (text){0} : arena_printf(a->arena, "Task/%.*s", TEXT_ARG(w.id));
    rc = rc || what.p ? rc : access_no_memory(e);
    if (rc) {
        return rc;
    }
    struct buf out;
    buf_init(&out, 64 * 1024);
    access_params_open(&out);
    part_reference(&out, "task", what, (text){0});
    part_text(&out, "words", "String",
              T("Thank you. A privacy officer will look at this and write to you."));
    access_params_close(&out);
    return operation_reply(a->call, &out, e);
}

int do_query_access(struct call *c, struct err *e)
{
    struct access a;
    int rc = access_open(c, c->route.id, &a, e);
    rc = rc ? rc : ask(&a, e);
    access_close(&a);
    return rc;
}

/* --- the answer ---------------------------------------------------------------------------------
 */

struct review {
    const yyjson_val *root;
    struct version version;
    text kind;
    bool concern;
    text words;
    struct access_write writes[ACCESS_WRITES_MAX];
    size_t count;
};

static text task_kind(const yyjson_val *root)
{
    const yyjson_val *coding = tree_first(json_get(json_get(root, T("code")), T("coding")));
    bool ours = text_eq(json_text(json_get(coding, T("system"))), T(KITH_SYSTEM "task-kind"));
    return ours ? json_text(json_get(coding, T("code"))) : (text){0};
}

/* What the Task was made with; p == NULL: nothing of that name. */
static text task_input(const yyjson_val *root, const char *name)
{
    const yyjson_val *list = json_get(root, T("input"));
    const yyjson_val *item = tree_first(list);
    for (size_t left = tree_items(list); left; left--, item = json_after(item)) {
        const yyjson_val *coding = tree_first(json_get(json_get(item, T("type")), T("coding")));
        if (text_eq(json_text(json_get(coding, T("code"))), text_of(name))) {
            return json_text(json_get(item, T("valueString")));
        }
    }
    return (text){0};
}

/* Alarms are about members; whoever is named by one has a Task of their own. */
static bool is_about_nobody(const struct review *r)
{
    return text_eq(r->kind, T("locality-alarm")) && !json_get(r->root, T("for"));
}

static int read_task(struct access *a, struct review *r, struct err *e)
{
    yyjson_val *root;
    int rc = access_read(a, fhir_type_of(T("Task")), a->call->route.id, &r->version, &root, e);
    if (rc) {
        return rc;
    }
    text whose = json_text(json_get(json_get(root, T("for")), T("reference")));
    struct reference patient = reference_parse(whose, a->call->base);
    r->root = root;
    r->kind = task_kind(root);
    bool about_patient = patient.kind == REFERENCE_LOCAL && patient.type == FHIR_PATIENT;
    if (!r->kind.n || (!about_patient && !is_about_nobody(r))) {
        return err_set(e, ERR_BUSINESS_RULE,
                       "this Task is none of those that a privacy officer reviews");
    }
    if (!text_eq(json_text(json_get(root, T("status"))), T("requested"))) {
        return err_set(e, ERR_BUSINESS_RULE, "this has been reviewed already");
    }
    if (actor_is(a->actor, json_text(json_get(json_get(root, T("requester")), T("reference")))) ||
        text_eq(a->actor->account, task_input(root, "by")) ||
        (about_patient && text_eq(a->actor->own_record, patient.id))) {
        return err_set(e, ERR_FORBIDDEN,
                       "this is about what you did yourself, or about your own record; somebody "
                       "else has to review it");
    }
    a->patient = about_patient ? patient.id : (text){0};
    return 0;
}

static int take_outcome(struct access *a, struct review *r, struct err *e)
{
    static const char *const names[] = {"outcome", "words", NULL};
    struct access_input in;
    text outcome;
    int rc = access_input(a->call, names, NULL, &in, e);
    rc = rc ? rc : input_code(&in, "outcome", &outcome, e);
    rc = rc ? rc : input_words(&in, "words", &r->words, e);
    if (rc) {
        return rc;
    }
    r->concern = text_eq(outcome, T("concern"));
    if (!r->concern && !text_eq(outcome, T("accepted"))) {
        return err_set(e, outcome.p ? ERR_CODE_INVALID : ERR_REQUIRED,
                       "say what came of it: outcome, accepted or concern");
    }
    bool question = text_eq(r->kind, T("access-query"));
    if ((r->concern || question) && !r->words.n) {
        return err_set(e, ERR_REQUIRED, "%s, with the parameter words",
                       question ? "answer the person who asked"
                                : "a concern needs to be explained");
    }
    return 0;
}

/* The list of notes with one more. */
static int more_notes(struct access *a, const struct review *r, text *ret_json, struct err *e)
{
    struct buf out;
    const yyjson_val *list = json_get(r->root, T("note"));
    const yyjson_val *item = tree_first(list);
    buf_init(&out, (size_t)a->call->rest->limits->resource_bytes);
    buf_addc(&out, '[');
    for (size_t left = tree_items(list); left; left--, item = json_after(item)) {
        put_comma(&out);
        json_write(item, &out);
    }
    if (r->words.n) {
        put_comma(&out);
        buf_addc(&out, '{');
        put_reference(&out, "authorReference", actor_reference(a->actor), a->actor->name);
        access_put_time(&out, "time", a->now_ms);
        put_text(&out, "text", r->words);
        buf_addc(&out, '}');
    }
    buf_addc(&out, ']');
    return access_text(a, &out, ret_json, e);
}

static int finish_task(struct access *a, struct review *r, struct err *e)
{
    struct buf out;
    text parts[4] = {0};
    const char *code = r->concern ? "concern" : "accepted";
    const char *words = r->concern ? "a concern was raised" : "in order";
    buf_init(&out, 4096);
    access_put_time(&out, "lastModified", a->now_ms);
    int rc = access_text(a, &out, &parts[0], e);
    buf_init(&out, 4096);
    put_reference(&out, "owner", actor_reference(a->actor), a->actor->name);
    rc = rc ? rc : access_text(a, &out, &parts[1], e);
    rc = rc ? rc : more_notes(a, r, &parts[2], e);
    parts[3] = arena_printf(a->arena,
                            "{\"coding\":[{\"system\":\"" KITH_SYSTEM
                            "task-status\",\"code\":\"%s\",\"display\":\"%s\"}]}",
                            code, words);
    text output =
        arena_printf(a->arena,
                     "[{\"type\":{\"coding\":[{\"system\":\"" KITH_SYSTEM
                     "task-output\",\"code\":\"outcome\"}]},\"valueCodeableConcept\":%.*s}]",
                     TEXT_ARG(parts[3]));
    if (!rc && (!parts[3].p || !output.p)) {
        rc = access_no_memory(e);
    }
    const struct tree_change changes[] = {
        {"status", T("\"completed\"")},
        {"businessStatus", parts[3]},
        {"lastModified", text_from(parts[0], text_find(parts[0], ':') + 1)},
        {"owner", text_from(parts[1], text_find(parts[1], ':') + 1)},
        {"note", parts[2].n > 2 ? parts[2] : (text){0}},
        {"output", output},
    };
    size_t count = sizeof changes / sizeof *changes;
    struct access_write *w = &r->writes[r->count++];
    *w = (struct access_write){.type = r->version.type, .id = r->version.id, .vid = r->version.vid};
    return rc ? rc : tree_change(a, r->root, changes, count, &w->json, e);
}

/* What somebody has opened without good reason is closed. */
static int close_consent(struct access *a, struct review *r, struct err *e)
{
    text focus = json_text(json_get(json_get(r->root, T("focus")), T("reference")));
    struct consent c;
    struct err ignored = {0};
    if (!r->concern || !text_starts(focus, T("Consent/"))) {
        return 0;
    }
    struct access_write *w = &r->writes[r->count];
    int rc = consent_end(a, text_from(focus, T("Consent/").n),
                         1u << CONSENT_OVERRIDE | 1u << CONSENT_CLAIM, w, &c, &ignored);
    if (rc == ERR_NOT_FOUND || rc == ERR_BUSINESS_RULE) {
        return 0; /* it has ended already */
    }
    r->count += !rc;
    if (rc) {
        *e = ignored;
    }
    return rc;
}

/* Before the Task says so: what is ended twice is ended. */
static int close_account(struct access *a, const struct review *r, struct err *e)
{
    text account = task_input(r->root, "account");
    bool closes = r->concern && account.n && text_eq(r->kind, T("account-review"));
    return closes ? identity_end_invited(a->call->rest->identity, account, a->actor, a->arena, e)
                  : 0;
}

static int answer_patient(struct access *a, struct review *r, struct err *e)
{
    if (!text_eq(r->kind, T("access-query"))) {
        return 0;
    }
    text task = arena_printf(a->arena, "Task/%.*s", TEXT_ARG(r->version.id));
    text words = arena_printf(a->arena, "You asked us about who looked at your record. %.*s",
                              TEXT_ARG(r->words));
    struct access_write *w = &r->writes[r->count++];
    *w = (struct access_write){.type = fhir_type_of(T("Communication")), .id = access_id(a)};
    /* The answer is for whoever asked: of the patient's own question a proxy is told nothing. */
    text asker = json_text(json_get(json_get(r->root, T("requester")), T("reference")));
    bool own = text_eq(asker, arena_printf(a->arena, "Patient/%.*s", TEXT_ARG(a->patient)));
    return w->id.p && task.p && words.p ? notice_print(a, w->id, task, words, own, &w->json, e)
                                        : access_no_memory(e);
}

static int run_review(struct access *a, struct err *e)
{
    struct review r = {0};
    int rc = grant_can(a->call->grant, ACTIVITY_REVIEW)
                 ? 0
                 : err_set(e, ERR_FORBIDDEN, "reviews are for privacy officers (activity '%s')",
                           activity_info(ACTIVITY_REVIEW)->code);
    rc = rc ? rc : read_task(a, &r, e);
    rc = rc ? rc : take_outcome(a, &r, e);
    rc = rc ? rc : finish_task(a, &r, e);
    rc = rc ? rc : close_consent(a, &r, e);
    rc = rc ? rc : answer_patient(a, &r, e);
    rc = rc ? rc : close_account(a, &r, e);
    for (size_t i = 0; i < r.count; i++) {
        struct access_write *w = &r.writes[i];
        w->event = i == 0 ? EVENT_REVIEW : w->vid ? EVENT_CONSENT : EVENT_CREATE;
        w->reason = i > 0 ? (text){0} : r.concern ? T("concern") : T("accepted");
    }
    rc = rc ? rc : access_commit(a, r.writes, r.count, e);
    if (rc == ERR_PRECONDITION) {
        return err_set(e, ERR_CONFLICT,
                       "somebody else has changed this just now; look at it again");
    }
    if (rc) {
        return rc;
    }
    struct buf out;
    buf_init(&out, 64 * 1024);
    access_params_open(&out);
    part_text(&out, "outcome", "Code", r.concern ? T("concern") : T("accepted"));
    part_text(&out, "words", "String", T("The review has been noted."));
    access_params_close(&out);
    return operation_reply(a->call, &out, e);
}

int do_review(struct call *c, struct err *e)
{
    struct access a;
    int rc = access_open(c, (text){0}, &a, e);
    rc = rc ? rc : run_review(&a, e);
    access_close(&a);
    return rc;
}
