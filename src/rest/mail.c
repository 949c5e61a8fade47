#include "rest/mail.h"

#include "rest/operation.h"

/*
 * $process-message (R4 messageheader-operation-process-message.html), and Task/{id}/$acknowledge:
 * messages between organisations. What has become of one stands in Task/mail-<id>; its bundle in
 * the Binary which that names.
 */

#define ODS_SYSTEM "https://fhir.nhs.uk/Id/ods-organization-code"
#define ODS_ADDRESS "urn:nhs-uk:addressing:ods:"
#define MAIL_SYSTEM "https://kith.care/fhir/mail"

static int refuse_here(const struct call *c, struct err *e)
{
    return c->rest->mail.send && c->caller
               ? 0
               : err_set(e, ERR_NOT_SUPPORTED, "this node sends nothing to others");
}

/* By role and scope; whose record it may be about is asked where it is sent. */
static int needs(const struct call *c, uint8_t right, const char *what, struct err *e)
{
    return grant_rights(c->grant, fhir_type_of(T("Task"))) & right
               ? 0
               : err_set(e, ERR_FORBIDDEN,
                         "you may not %s messages of this organisation: it is for staff whose role "
                         "lets them write Tasks (and apps with that scope)",
                         what);
}

static const yyjson_val *first_of(const yyjson_val *list)
{
    return json_type(list) == YYJSON_TYPE_ARR && json_len(list) ? list + 1 : NULL;
}

/* The ODS code that a message's header is addressed to: by its receiver, or by its endpoint. */
static text addressed_to(const yyjson_val *header)
{
    const yyjson_val *to = first_of(json_get(header, T("destination")));
    const yyjson_val *by = json_get(json_get(to, T("receiver")), T("identifier"));
    text endpoint = json_text(json_get(to, T("endpoint")));
    if (text_eq(json_text(json_get(by, T("system"))), T(ODS_SYSTEM))) {
        return json_text(json_get(by, T("value")));
    }
    return text_starts(endpoint, T(ODS_ADDRESS)) ? text_from(endpoint, sizeof ODS_ADDRESS - 1)
                                                 : (text){0};
}

static int take_bundle(const yyjson_val *bundle, struct mail_ask *ask, struct err *e)
{
    const yyjson_val *header = json_get(first_of(json_get(bundle, T("entry"))), T("resource"));
    if (!bundle || !text_eq(json_text(json_get(bundle, T("resourceType"))), T("Bundle"))) {
        return err_at(e, ERR_INVALID, T("resourceType"),
                      "what is sent is a Bundle of type message or document");
    }
    ask->bundle = bundle;
    ask->to = ask->to.n ? ask->to : addressed_to(header);
    return ask->to.n
               ? 0
               : err_set(e, ERR_REQUIRED,
                         "it is not said to whom: MessageHeader.destination.receiver.identifier "
                         "with an ODS code, or ?to=[ODS code]");
}

static int understand(struct call *c, struct mail_ask *ask, struct err *e)
{
    static const char *const names[] = {"to", "workflow", "async", "content", "resource", NULL};
    struct operation_parameter *ps;
    struct resource r;
    size_t count;
    int rc = operation_parameters(c, true, &ps, &count, e);
    rc = rc ? rc : operation_only(ps, count, names, e);
    if (rc) {
        return rc;
    }
    const struct operation_parameter *to = operation_parameter(ps, count, "to");
    const struct operation_parameter *workflow = operation_parameter(ps, count, "workflow");
    const struct operation_parameter *content = operation_parameter(ps, count, "content");
    const struct operation_parameter *lone = operation_parameter(ps, count, "resource");
    ask->caller = c->caller;
    ask->to = to ? to->value : (text){0};
    ask->workflow = workflow ? workflow->value : (text){0};
    if (lone && resource_check(c->resource, false, c->arena, &c->issues, &r)) {
        return err_set(e, ERR_INVALID, "the bundle is not valid FHIR R4");
    }
    return take_bundle(content ? content->tree : lone ? lone->tree : NULL, ask, e);
}

int do_process_message(struct call *c, struct err *e)
{
    struct mail_ask ask = {0};
    const struct mail_source *source = &c->rest->mail;
    struct buf out;
    text id, patient;
    int rc = refuse_here(c, e);
    rc = rc ? rc : needs(c, MAY_CREATE, "send", e);
    rc = rc ? rc : understand(c, &ask, e);
    rc = rc ? rc : source->send(source->context, &ask, c->arena, &id, &patient, e);
    rc = rc || !patient.n ? rc : operation_touch(c, patient, e);
    if (rc) {
        return rc;
    }
    buf_init(&out, 4096);
    buf_printf(
        &out,
        "{\"resourceType\":\"Task\",\"id\":\"mail-%.*s\",\"identifier\":[{\"system\":\"" MAIL_SYSTEM
        "\",\"value\":\"%.*s\"}],\"status\":\"requested\",\"intent\":\"order\","
        "\"focus\":{\"reference\":\"Binary/mail-%.*s\"}}",
        TEXT_ARG(id), TEXT_ARG(id), TEXT_ARG(id));
    rc = operation_reply(c, &out, e);
    c->answer.status = 202;
    return rc;
}

/* The number of a message that a Task is about: of the node's own Tasks alone, or whoever writes
 * one would say that a message was taken which they do not see. */
static text mail_of(text task_id, const yyjson_val *task)
{
    text own = text_starts(task_id, T("mail-")) ? text_from(task_id, 5) : (text){0};
    const yyjson_val *list = json_get(task, T("identifier"));
    const yyjson_val *item = first_of(list);
    for (size_t left = item ? json_len(list) : 0; left; left--, item = json_after(item)) {
        text value = json_text(json_get(item, T("value")));
        if (text_eq(json_text(json_get(item, T("system"))), T(MAIL_SYSTEM)) &&
            text_eq(value, own)) {
            return value;
        }
    }
    return (text){0};
}

int do_acknowledge(struct call *c, struct err *e)
{
    static const char *const names[] = {NULL};
    const struct mail_source *source = &c->rest->mail;
    struct operation_parameter *ps;
    size_t count;
    yyjson_val *task = NULL;
    struct buf out;
    int rc = refuse_here(c, e);
    rc = rc ? rc : needs(c, MAY_UPDATE, "acknowledge", e);
    rc = rc ? rc : operation_parameters(c, false, &ps, &count, e);
    rc = rc ? rc : operation_only(ps, count, names, e);
    rc = rc ? rc : operation_instance(c, &task, e);
    text id = rc ? (text){0} : mail_of(c->route.id, task);
    if (!rc && !id.n) {
        rc = err_set(e, ERR_BUSINESS_RULE, "this Task is not about a message that was received");
    }
    rc = rc ? rc : source->acknowledge(source->context, id, e);
    rc = rc ? rc : operation_instance(c, &task, e);
    if (rc) {
        return rc;
    }
    buf_init(&out, (size_t)c->rest->limits->resource_bytes);
    json_write(task, &out);
    return operation_reply(c, &out, e);
}
