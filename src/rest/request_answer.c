#include "rest/request.h"

#include "fhir/reference.h"

/*
 * Task/{id}/$take, $hand-over, $answer: who owns a request, and what they say to it; $withdraw, of
 * whoever asked. A Task has one owner at any time; each change of that stands in its notes.
 */

struct held_task {
    struct version version;
    yyjson_val *root;
    const struct request_kind *kind;
    text name; /* "Task/5" */
    text by;   /* whom the node answers for: another organisation */
    struct request_party owner;
    struct access_write writes[2];
    size_t count;
};

/* --- the request -------------------------------------------------------------------------------
 */

static text referred(const yyjson_val *root, const char *member)
{
    return json_text(json_get(json_get(root, text_of(member)), T("reference")));
}

static bool is_feedback(const struct request_kind *kind)
{
    return kind && text_eq(text_of(kind->code), T("feedback"));
}

static int not_here(const struct access *a, struct err *e)
{
    return err_set(e, ERR_NOT_FOUND, "there is no %.*s/%.*s here that you may see",
                   TEXT_ARG(fhir_type_name(a->call->route.type)),
                   TEXT_ARG(text_short(a->call->route.id, 64)));
}

/* As the asker sees it. Of feedback, those who manage the node see all; of what they asked
 * themselves, those who asked (`own`): a proxy reads no Tasks. */
static int read_request(struct access *a, bool own, struct held_task *t, struct err *e)
{
    const struct route *r = &a->call->route;
    struct access node;
    struct err why = {0};
    int rc = access_read(a, r->type, r->id, &t->version, &t->root, &why);
    if (rc == ERR_NOT_FOUND) {
        rc = request_as_node(a, &node, e);
        rc = rc ? rc : access_read(&node, r->type, r->id, &t->version, &t->root, e);
        request_node_done(&node);
        t->kind = rc ? NULL : request_kind_of(t->root);
        bool may =
            t->kind && ((is_feedback(t->kind) && grant_can(a->call->grant, ACTIVITY_MANAGE_NODE)) ||
                        (own && actor_is(a->actor, referred(t->root, "requester"))) ||
                        (own && actor_is(a->actor, referred(t->root, "sender"))));
        if (!may) {
            return rc && rc != ERR_NOT_FOUND ? rc : not_here(a, e);
        }
    } else if (rc) {
        *e = why;
        return rc;
    }
    t->kind = request_kind_of(t->root);
    t->name =
        arena_printf(a->arena, "%.*s/%.*s", TEXT_ARG(fhir_type_name(r->type)), TEXT_ARG(r->id));
    if (!t->kind && !request_is_away(t->root)) {
        return err_set(e, ERR_BUSINESS_RULE, "%.*s is none of the requests of people ($ask)",
                       TEXT_ARG(t->name));
    }
    struct reference patient = reference_parse(referred(t->root, "for"), a->call->base);
    t->owner = (struct request_party){
        .reference = referred(t->root, "owner"),
        .name = json_text(json_get(json_get(t->root, T("owner")), T("display")))};
    return patient.kind == REFERENCE_LOCAL ? access_about(a, patient.id, e) : 0;
}

static int may_deal(struct access *a, const struct held_task *t, struct err *e)
{
    const struct actor *actor = a->actor;
    bool is_mine = (a->patient.n && text_eq(actor->own_record, a->patient)) ||
                   (is_feedback(t->kind) && actor_is(actor, referred(t->root, "requester")));
    bool may = actor->kind == ACTOR_NODE ||
               (actor->kind == ACTOR_PROFESSIONAL &&
                ((a->sees && grant_can(a->call->grant, ACTIVITY_WRITE_RECORD)) ||
                 (is_feedback(t->kind) && grant_can(a->call->grant, ACTIVITY_MANAGE_NODE))));
    if (!may) {
        return err_set(e, ERR_FORBIDDEN,
                       "requests are dealt with by staff whose role lets them write in the record "
                       "(activity '%s')%s",
                       activity_info(ACTIVITY_WRITE_RECORD)->code,
                       is_feedback(t->kind) ? ", and feedback by those who look after the node"
                                            : "");
    }
    if (is_mine) {
        return err_set(e, ERR_FORBIDDEN,
                       "this is about your own record, or your own feedback; somebody else has to "
                       "deal with it");
    }
    if (t->kind && !request_waits(t->root)) {
        return err_set(e, ERR_BUSINESS_RULE, "%.*s has been answered or withdrawn already",
                       TEXT_ARG(t->name));
    }
    return 0;
}

/* What another member keeps is answered there, and its answer brought here by the node. */
static int must_own(const struct access *a, const struct held_task *t, struct err *e)
{
    if (!t->kind) {
        return err_set(e, ERR_BUSINESS_RULE,
                       "%.*s is a message of another organisation: answer or acknowledge it",
                       TEXT_ARG(t->name));
    }
    if (a->actor->kind == ACTOR_NODE || actor_is(a->actor, t->owner.reference)) {
        return 0;
    }
    text whose = t->owner.name.n ? t->owner.name : t->owner.reference;
    return err_set(e, ERR_FORBIDDEN,
                   "%.*s is with %.*s: take it over first ($take), so that one person alone deals "
                   "with it",
                   TEXT_ARG(t->name), TEXT_ARG(whose));
}

/* --- changing it -------------------------------------------------------------------------------
 */

static int more_notes(struct access *a, const struct held_task *t, text said, text *ret_json,
                      struct err *e)
{
    struct buf out;
    const yyjson_val *list = json_get(t->root, T("note"));
    const yyjson_val *item = tree_first(list);
    buf_init(&out, (size_t)a->call->rest->limits->resource_bytes);
    buf_addc(&out, '[');
    for (size_t left = tree_items(list); left; left--, item = json_after(item)) {
        put_comma(&out);
        json_write(item, &out);
    }
    put_comma(&out);
    buf_addc(&out, '{');
    put_reference(&out, "authorReference", actor_reference(a->actor),
                  t->by.n ? t->by : a->actor->name);
    access_put_time(&out, "time", a->now_ms);
    put_text(&out, "text", said);
    buf_add(&out, T("}]"));
    return access_text(a, &out, ret_json, e);
}

static int quoted(struct access *a, text plain, text *ret_json, struct err *e)
{
    struct buf out;
    buf_init(&out, 8 * REQUEST_BYTES_MAX);
    json_write_string(plain, &out);
    return access_text(a, &out, ret_json, e);
}

static int party_json(struct access *a, const struct request_party *party, text *ret_json,
                      struct err *e)
{
    struct buf out;
    buf_init(&out, 8192);
    buf_addc(&out, '{');
    put_text(&out, "reference", party->reference);
    put_text(&out, "display", party->name);
    buf_addc(&out, '}');
    return access_text(a, &out, ret_json, e);
}

/* What every change of a Task has: when, by whom, in words. */
static int change(struct access *a, struct held_task *t, text said, struct tree_change *more,
                  size_t count, struct err *e)
{
    struct tree_change changes[8] = {{"lastModified", {0}}, {"note", {0}}};
    struct buf out;
    size_t n = 2;
    buf_init(&out, 256);
    access_put_time(&out, "at", a->now_ms);
    int rc = access_text(a, &out, &changes[0].json, e);
    rc = rc ? rc : more_notes(a, t, said, &changes[1].json, e);
    if (rc) {
        return rc;
    }
    changes[0].json = text_from(changes[0].json, text_find(changes[0].json, '"') + 1);
    changes[0].json = text_from(changes[0].json, text_find(changes[0].json, ':') + 1);
    for (size_t i = 0; i < count && n < sizeof changes / sizeof *changes; i++) {
        changes[n++] = more[i];
    }
    struct access_write *w = &t->writes[t->count++];
    *w = (struct access_write){
        .type = t->version.type, .id = t->version.id, .vid = t->version.vid, .event = EVENT_UPDATE};
    return tree_change(a, t->root, changes, n, &w->json, e);
}

static int commit(struct access *a, struct held_task *t, struct err *e)
{
    int rc = access_commit(a, t->writes, t->count, e);
    if (rc == ERR_PRECONDITION) {
        return err_set(e, ERR_CONFLICT, "somebody else has changed %.*s just now; look at it again",
                       TEXT_ARG(t->name));
    }
    return rc ? rc : request_reply(a, t->version.type, t->version.id, 200, e);
}

static text with_words(struct access *a, text said, text words)
{
    return words.n ? arena_printf(a->arena, "%.*s: %.*s", TEXT_ARG(said), TEXT_ARG(words)) : said;
}

static int pass_to(struct access *a, struct held_task *t, const struct request_party *to,
                   const char *status, text said, struct err *e)
{
    struct tree_change more[] = {{"status", text_of(status)}, {"owner", {0}}};
    int rc = said.p ? party_json(a, to, &more[1].json, e) : access_no_memory(e);
    rc = rc ? rc : change(a, t, said, more, 2, e);
    return rc ? rc : commit(a, t, e);
}

/* --- who owns it -------------------------------------------------------------------------------
 */

static int run_take(struct access *a, struct err *e)
{
    static const char *const names[] = {"words", NULL};
    struct access_input in;
    struct held_task t = {0};
    text words;
    struct request_party me = {.reference = actor_reference(a->actor)};
    int rc = read_request(a, false, &t, e);
    rc = rc ? rc : may_deal(a, &t, e);
    rc = rc || t.kind ? rc : must_own(a, &t, e);
    rc = rc ? rc : access_input(a->call, names, NULL, &in, e);
    rc = rc ? rc : request_words(&in, false, &words, e);
    if (!rc && t.owner.reference.n == 0) {
        rc = err_set(e, ERR_BUSINESS_RULE,
                     "%.*s has this: it keeps the entry, and answers from there",
                     TEXT_ARG(t.owner.name));
    }
    if (!rc && !me.reference.n) {
        rc = err_set(
            e, ERR_BUSINESS_RULE,
            "your account does not say which person of the directory you are, so you "
            "cannot own this yourself; as one of the owning organisation you can answer it");
    }
    if (!rc && text_eq(me.reference, t.owner.reference)) {
        return request_reply(a, t.version.type, t.version.id, 200, e);
    }
    rc = rc ? rc : access_name(a, me.reference, a->actor->name, &me.name, e);
    text from = t.owner.name.n ? t.owner.name : t.owner.reference;
    text said = rc ? (text){0} : arena_printf(a->arena, "Taken from %.*s", TEXT_ARG(from));
    return rc ? rc : pass_to(a, &t, &me, "\"in-progress\"", with_words(a, said, words), e);
}

static int run_hand_over(struct access *a, struct err *e)
{
    static const char *const names[] = {"to", "words", NULL};
    struct access_input in;
    struct held_task t = {0};
    struct request_party to;
    text words;
    int rc = read_request(a, false, &t, e);
    rc = rc ? rc : may_deal(a, &t, e);
    rc = rc ? rc : must_own(a, &t, e);
    rc = rc ? rc : access_input(a->call, names, NULL, &in, e);
    rc = rc ? rc : request_words(&in, false, &words, e);
    rc = rc ? rc : request_to(a, &in, &to, e);
    if (!rc && !to.reference.n) {
        rc = err_set(e, ERR_REQUIRED,
                     "say to whom: the parameter to, a Practitioner, PractitionerRole, CareTeam or "
                     "your own Organization");
    }
    if (rc) {
        return rc;
    }
    text from = t.owner.name.n ? t.owner.name : t.owner.reference;
    text said =
        arena_printf(a->arena, "Handed over from %.*s to %.*s", TEXT_ARG(from), TEXT_ARG(to.name));
    return pass_to(a, &t, &to, "\"requested\"", with_words(a, said, words), e);
}

/* --- the answer --------------------------------------------------------------------------------
 */

static const char *outcome_words(text code)
{
    static const struct {
        const char *code;
        const char *words;
    } all[] = {{"corrected", "It has been put right"},
               {"not-changed", "It stays as it is"},
               {"done", "Done"},
               {"refused", "Not this time"},
               {"answered", "Answered"},
               {"not-done", "Not done"}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (text_eq(code, text_of(all[i].code))) {
            return all[i].words;
        }
    }
    return "";
}

static int take_outcome(struct access *a, struct held_task *t, text *ret_outcome, text *ret_words,
                        struct err *e)
{
    static const char *const names[] = {"outcome", "words", NULL, NULL};
    static const char *const of_node[] = {"outcome", "words", "by", NULL};
    bool node = a->actor->kind == ACTOR_NODE;
    const char *outcomes =
        t->kind ? t->kind->outcomes : "corrected not-changed done refused answered";
    struct access_input in;
    int rc = access_input(a->call, node ? of_node : names, NULL, &in, e);
    rc = rc || !node ? rc : input_words(&in, "by", &t->by, e);
    rc = rc ? rc : input_code(&in, "outcome", ret_outcome, e);
    if (!rc && !text_is_among(*ret_outcome, outcomes)) {
        return err_set(e, ret_outcome->p ? ERR_CODE_INVALID : ERR_REQUIRED,
                       "say what came of it: outcome, one of: %s", outcomes);
    }
    return rc ? rc : request_words(&in, !text_eq(*ret_outcome, T("done")), ret_words, e);
}

/* The person reads it in their record. About the Task, so that it is seen where that is. */
static int tell(struct access *a, struct held_task *t, text outcome, text words, struct err *e)
{
    struct buf out;
    text person = arena_printf(a->arena, "Patient/%.*s", TEXT_ARG(a->patient));
    text said = with_words(a, text_of(outcome_words(outcome)), words);
    struct access_write *w = &t->writes[t->count];
    if (t->kind->by_staff || !a->patient.n) {
        return 0;
    }
    *w = (struct access_write){
        .type = fhir_type_of(T("Communication")), .id = access_id(a), .event = EVENT_CREATE};
    if (!person.p || !said.p || !w->id.p) {
        return access_no_memory(e);
    }
    buf_init(&out, 16 * REQUEST_BYTES_MAX);
    buf_add(&out, T("{\"resourceType\":\"Communication\""));
    put_text(&out, "id", w->id);
    /* Of the patient's own question proxies are told nothing. */
    if (text_eq(referred(t->root, "requester"), person)) {
        buf_add(&out, T(",\"meta\":{\"security\":[{\"system\":\"" LABEL_SYSTEM_KITH
                        "\",\"code\":\"not-proxy\"}]}"));
    }
    buf_add(&out, T(",\"status\":\"completed\",\"category\":[{\"coding\":[{\"system\":"
                    "\"http://terminology.hl7.org/CodeSystem/communication-category\","
                    "\"code\":\"notification\",\"display\":\"Notification\"}]},{\"coding\":[{"
                    "\"system\":\"" KEPT_REQUESTS "\",\"code\":\"answer\"}]}]"));
    put_reference(&out, "subject", person, (text){0});
    buf_add(&out, T(",\"about\":[{"));
    put_text(&out, "reference", t->name);
    buf_add(&out, T("}]"));
    access_put_time(&out, "sent", a->now_ms);
    buf_add(&out, T(",\"recipient\":[{"));
    put_text(&out, "reference", referred(t->root, "requester"));
    buf_add(&out, T("}]"));
    put_reference(&out, "sender", actor_reference(a->actor), t->by.n ? t->by : a->actor->name);
    buf_add(&out, T(",\"payload\":[{"));
    put_text(&out, "contentString", said);
    buf_add(&out, T("}]}"));
    t->count++;
    return access_text(a, &out, &w->json, e);
}

/* Task.output, and the outcome by itself. */
static int print_output(struct access *a, text outcome, text words, text *ret_concept,
                        text *ret_output, struct err *e)
{
    text json = {0};
    *ret_concept = arena_printf(a->arena,
                                "{\"coding\":[{\"system\":\"" KITH_SYSTEM
                                "request-outcome\",\"code\":\"%.*s\",\"display\":\"%s\"}]}",
                                TEXT_ARG(outcome), outcome_words(outcome));
    int rc = words.n ? quoted(a, words, &json, e) : 0;
    *ret_output = arena_printf(
        a->arena,
        "[{\"type\":{\"coding\":[{\"system\":\"" KITH_SYSTEM
        "task-output\",\"code\":\"outcome\"}]},\"valueCodeableConcept\":%.*s}%s%.*s%s]",
        TEXT_ARG(*ret_concept),
        json.n ? ",{\"type\":{\"coding\":[{\"system\":\"" KITH_SYSTEM
                 "task-output\",\"code\":\"words\"}]},\"valueString\":"
               : "",
        TEXT_ARG(json), json.n ? "}" : "");
    return rc ? rc : ret_concept->p && ret_output->p ? 0 : access_no_memory(e);
}

static int complete(struct access *a, struct held_task *t, text outcome, text concept, text output,
                    struct err *e)
{
    struct tree_change more[] = {
        {"status", T("\"completed\"")}, {"businessStatus", concept}, {"output", output}};
    return change(a, t, text_of(outcome_words(outcome)), more, 3, e);
}

/* To whoever asked, at another organisation. */
static int answer_there(struct access *a, struct held_task *t, text outcome, text output,
                        struct err *e)
{
    int rc = request_answer_away(a, t->root, outcome, output, e);
    return rc ? rc : request_reply(a, t->version.type, t->version.id, 200, e);
}

static int run_answer(struct access *a, struct err *e)
{
    struct held_task t = {0};
    text outcome, words, concept, output;
    int rc = read_request(a, false, &t, e);
    rc = rc ? rc : may_deal(a, &t, e);
    rc = rc || !t.kind ? rc : must_own(a, &t, e);
    rc = rc ? rc : take_outcome(a, &t, &outcome, &words, e);
    rc = rc ? rc : print_output(a, outcome, words, &concept, &output, e);
    if (!rc && !t.kind) {
        return answer_there(a, &t, outcome, output, e);
    }
    rc = rc ? rc : complete(a, &t, outcome, concept, output, e);
    rc = rc ? rc : tell(a, &t, outcome, words, e);
    return rc ? rc : commit(a, &t, e);
}

/* --- withdrawn ---------------------------------------------------------------------------------
 */

/* Feedback about nobody's record names the account. */
static bool asked_by(const struct access *a, const yyjson_val *root)
{
    const yyjson_val *list = json_get(root, T("input"));
    const yyjson_val *item = tree_first(list);
    bool is = actor_is(a->actor, referred(root, "requester")) ||
              actor_is(a->actor, referred(root, "sender"));
    for (size_t left = tree_items(list); !is && left; left--, item = json_after(item)) {
        const yyjson_val *coding = tree_first(json_get(json_get(item, T("type")), T("coding")));
        is = text_eq(json_text(json_get(coding, T("code"))), T("by")) && a->actor->account.n &&
             text_eq(json_text(json_get(item, T("valueString"))), a->actor->account);
    }
    return is;
}

static int run_withdraw(struct access *a, struct err *e)
{
    static const char *const names[] = {NULL};
    struct access_input in;
    struct held_task t = {0};
    int rc = read_request(a, true, &t, e);
    rc = rc || t.kind ? rc : must_own(a, &t, e);
    rc = rc ? rc : access_input(a->call, names, NULL, &in, e);
    if (rc) {
        return rc;
    }
    bool is_task = t.kind->days;
    if (!asked_by(a, t.root)) {
        return err_set(e, ERR_FORBIDDEN, "%.*s is withdrawn by whoever asked or said it",
                       TEXT_ARG(t.name));
    }
    if (is_task ? !request_waits(t.root)
                : !text_eq(json_text(json_get(t.root, T("status"))), T("completed"))) {
        return err_set(e, ERR_BUSINESS_RULE, "%.*s has been answered or withdrawn already",
                       TEXT_ARG(t.name));
    }
    struct tree_change status = {"status",
                                 is_task ? T("\"cancelled\"") : T("\"entered-in-error\"")};
    if (is_task) {
        rc = change(a, &t, T("Withdrawn"), &status, 1, e);
    } else {
        t.writes[t.count] = (struct access_write){.type = t.version.type,
                                                  .id = t.version.id,
                                                  .vid = t.version.vid,
                                                  .event = EVENT_UPDATE};
        rc = tree_change(a, t.root, &status, 1, &t.writes[t.count++].json, e);
    }
    return rc ? rc : commit(a, &t, e);
}

static int with_access(struct call *c, int (*run)(struct access *a, struct err *e), struct err *e)
{
    struct access a;
    int rc = access_open(c, (text){0}, &a, e);
    rc = rc ? rc : run(&a, e);
    access_close(&a);
    return rc;
}

int do_take(struct call *c, struct err *e)
{
    return with_access(c, run_take, e);
}

int do_hand_over(struct call *c, struct err *e)
{
    return with_access(c, run_hand_over, e);
}

int do_answer(struct call *c, struct err *e)
{
    return with_access(c, run_answer, e);
}

int do_withdraw(struct call *c, struct err *e)
{
    return with_access(c, run_withdraw, e);
}
