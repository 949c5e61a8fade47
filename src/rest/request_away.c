#include "rest/request.h"

#include "fhir/reference.h"

/*
 * Requests to other members of the locality, who keep the entry: a message of the workflow
 * `request` (docs/locality.md, "Messages") goes there under the id of the Task here; $answer of the
 * Task that it becomes there sends one back, which answers the Task here (locality/mail_answer.c).
 */

#define ODS_SYSTEM "https://fhir.nhs.uk/Id/ods-organization-code"
#define ADDRESS "urn:nhs-uk:addressing:ods:"
#define MAIL_SYSTEM KITH_SYSTEM "mail-workflow"
#define TASK_URN "urn:uuid:00000000-0000-4000-8000-000000000002"
#define PATIENT_URN "urn:uuid:00000000-0000-4000-8000-000000000003"

enum { ODS_MAX = 12 };

bool request_is_away(const yyjson_val *root)
{
    const yyjson_val *list = json_get(json_get(root, T("code")), T("coding"));
    const yyjson_val *coding = tree_first(list);
    bool inbox = false;
    bool request = false;
    for (size_t left = tree_items(list); left; left--, coding = json_after(coding)) {
        text code = json_text(json_get(coding, T("code")));
        text system = json_text(json_get(coding, T("system")));
        inbox = inbox || (text_eq(system, T(KITH_SYSTEM "mailbox")) && text_eq(code, T("inbox")));
        request = request || (text_eq(system, T(MAIL_SYSTEM)) && text_eq(code, T("request")));
    }
    return inbox && request;
}

/* "Observation/5", as a Reference or as words. */
static text entry_of(const struct access_input *in)
{
    const struct operation_parameter *p = operation_parameter(in->items, in->count, "entry");
    text said = !p           ? (text){0}
                : p->value.p ? p->value
                             : json_text(json_get(p->tree, T("reference")));
    return p && !said.n ? T("?") : said;
}

int request_place(struct access *a, const struct access_input *in, struct request_draft *d,
                  struct err *e)
{
    struct call *c = a->call;
    text type = {0};
    int rc = input_words(in, "place", &d->place, e);
    d->entry = rc ? (text){0} : entry_of(in);
    if (rc || (!d->place.n && !d->entry.n)) {
        return rc;
    }
    struct reference r = reference_parse(d->entry, T(""));
    type = r.kind == REFERENCE_LOCAL ? fhir_type_name(r.type) : (text){0};
    bool ask = text_eq(text_of(d->kind->code), T("correction")) ||
               text_eq(text_of(d->kind->code), T("question")) ||
               (text_eq(text_of(d->kind->code), T("repeat")) && text_starts(type, T("Medication")));
    if (!d->place.n || d->place.n > ODS_MAX || !type.n || c->route.type != FHIR_PATIENT || !ask) {
        return err_set(e, ERR_VALUE,
                       "of an entry that another organisation keeps: place (its ODS code) and "
                       "entry (such as Observation/5 there), asked as Patient/{id}/$ask with the "
                       "kind correction, question or repeat");
    }
    if (!c->rest->mail.send || !c->rest->locality.name || !c->caller) {
        return err_set(e, ERR_NOT_SUPPORTED,
                       "this node sends nothing to others: ask the organisation %.*s itself, which "
                       "keeps this entry",
                       TEXT_ARG(d->place));
    }
    d->owner = (struct request_party){
        .ods = d->place,
        .name = c->rest->locality.name(c->rest->locality.context, d->place, a->arena)};
    return d->owner.name.p ? 0 : access_no_memory(e);
}

/* Whom it is about, without what only this node's directory knows. */
static int put_patient(struct access *a, struct buf *out, struct err *e)
{
    static const struct tree_change without[] = {{"id", {0}},
                                                 {"meta", {0}},
                                                 {"generalPractitioner", {0}},
                                                 {"managingOrganization", {0}},
                                                 {"contact", {0}},
                                                 {"link", {0}},
                                                 {"extension", {0}},
                                                 {"text", {0}}};
    struct access node;
    struct version v;
    yyjson_val *root = NULL;
    text json = {0};
    int rc = request_as_node(a, &node, e);
    rc = rc ? rc : access_read(&node, FHIR_PATIENT, a->patient, &v, &root, e);
    rc = rc ? rc : tree_change(a, root, without, sizeof without / sizeof *without, &json, e);
    request_node_done(&node);
    buf_add(out, json);
    return rc;
}

/* `answers`: the id of what is answered; empty: it asks. `task`: JSON. */
static int send(struct access *a, text to, text id, text kind, text answers, text task,
                struct err *e)
{
    struct call *c = a->call;
    struct mail_ask ask = {.caller = c->caller, .to = to, .workflow = T("request"), .id = id};
    struct buf out;
    yyjson_val *bundle = NULL;
    text json = {0};
    text sent, patient;
    const struct identity_config *config = identity_config(c->rest->identity);
    buf_init(&out, (size_t)c->rest->limits->resource_bytes);
    buf_add(&out, T("{\"resourceType\":\"Bundle\",\"type\":\"message\",\"entry\":[{\"fullUrl\":"
                    "\"urn:uuid:00000000-0000-4000-8000-000000000001\",\"resource\":{"
                    "\"resourceType\":\"MessageHeader\",\"eventCoding\":{\"system\":"
                    "\"" KEPT_REQUESTS "\""));
    put_text(&out, "code", kind);
    buf_printf(&out,
               "},\"destination\":[{\"endpoint\":\"" ADDRESS "%.*s\"}],\"source\":{\"endpoint\":"
               "\"" ADDRESS "%.*s\"}",
               TEXT_ARG(to), TEXT_ARG(config->organisation));
    if (answers.n) {
        buf_add(&out, T(",\"response\":{"));
        put_text(&out, "identifier", answers);
        buf_add(&out, T(",\"code\":\"ok\"}"));
    }
    buf_add(&out, T(",\"focus\":[{\"reference\":\"" TASK_URN "\"}]}},{\"fullUrl\":\"" TASK_URN
                    "\",\"resource\":"));
    buf_add(&out, task);
    buf_add(&out, T("},{\"fullUrl\":\"" PATIENT_URN "\",\"resource\":"));
    int rc = put_patient(a, &out, e);
    buf_add(&out, T("}]}"));
    int copied = access_text(a, &out, &json, e);
    rc = rc ? rc : copied;
    rc = rc ? rc : json_read(json, (size_t)c->rest->limits->json_depth, a->arena, &bundle, e);
    ask.bundle = bundle;
    return rc ? rc : c->rest->mail.send(c->rest->mail.context, &ask, a->arena, &sent, &patient, e);
}

int request_send(struct access *a, const struct request_draft *d, text task, struct err *e)
{
    yyjson_val *root;
    text json = {0};
    struct buf out;
    text who = {0};
    int rc = json_read(task, (size_t)a->call->rest->limits->json_depth, a->arena, &root, e);
    buf_init(&out, 4096);
    buf_addc(&out, '{');
    put_text(&out, "display", a->actor->name);
    buf_addc(&out, '}');
    int copied = access_text(a, &out, &who, e);
    rc = rc ? rc : copied;
    const struct tree_change there[] = {{"id", {0}},
                                        {"for", T("{\"reference\":\"" PATIENT_URN "\"}")},
                                        {"requester", who.n > 2 ? who : (text){0}}};
    rc = rc ? rc : tree_change(a, root, there, 3, &json, e);
    return rc ? rc : send(a, d->place, d->id, text_of(d->kind->code), (text){0}, json, e);
}

/* The same answer sent again is sent once. */
static text answer_id(struct access *a, text id)
{
    struct hash_key key = store_policy_key(a->call->rest->store);
    return request_uuid(a, hash_text(key, id),
                        hash_text(key, arena_printf(a->arena, "answer %.*s", TEXT_ARG(id))));
}

int request_answer_away(struct access *a, const yyjson_val *root, text outcome, text output,
                        struct err *e)
{
    struct call *c = a->call;
    const yyjson_val *by = json_get(json_get(root, T("requester")), T("identifier"));
    text to = json_text(json_get(by, T("value")));
    text id = text_starts(c->route.id, T("mail-")) ? text_from(c->route.id, 5) : (text){0};
    if (!a->patient.n) {
        return err_set(e, ERR_BUSINESS_RULE,
                       "it is not known here whom this is about, so that nothing can be said; "
                       "acknowledge it, and write to its sender");
    }
    if (!text_eq(json_text(json_get(root, T("status"))), T("received"))) {
        return err_set(e, ERR_BUSINESS_RULE, "this has been answered already");
    }
    if (!c->rest->mail.send || !to.n || !id.n) {
        return err_set(e, ERR_BUSINESS_RULE, "this is no message that can be answered from here");
    }
    text task =
        arena_printf(a->arena,
                     "{\"resourceType\":\"Task\",\"status\":\"completed\",\"intent\":"
                     "\"order\",\"for\":{\"reference\":\"" PATIENT_URN "\"},\"output\":%.*s}",
                     TEXT_ARG(output));
    text mine = answer_id(a, id);
    int rc = task.p && mine.p ? 0 : access_no_memory(e);
    rc = rc ? rc : send(a, to, mine, outcome, id, task, e);
    return rc ? rc : c->rest->mail.acknowledge(c->rest->mail.context, id, e);
}
