/* Answers of other members to what people here have asked of them (docs/requests.md, R8). */
#include "locality/mail_int.h"

#define ODS_SYSTEM "https://fhir.nhs.uk/Id/ods-organization-code"

static const yyjson_val *first_of(const yyjson_val *list)
{
    return json_type(list) == YYJSON_TYPE_ARR && json_len(list) ? list + 1 : NULL;
}

static const yyjson_val *resource_of(const yyjson_val *bundle, text type)
{
    const yyjson_val *list = json_get(bundle, T("entry"));
    const yyjson_val *entry = first_of(list);
    for (size_t left = entry ? json_len(list) : 0; left; left--, entry = json_after(entry)) {
        const yyjson_val *r = json_get(entry, T("resource"));
        if (text_eq(json_text(json_get(r, T("resourceType"))), type)) {
            return r;
        }
    }
    return NULL;
}

/* Of the output with this code: the value of a member; NULL: none. */
static const yyjson_val *output_of(const yyjson_val *task, text code, text member)
{
    const yyjson_val *list = json_get(task, T("output"));
    const yyjson_val *item = first_of(list);
    for (size_t left = item ? json_len(list) : 0; left; left--, item = json_after(item)) {
        const yyjson_val *coding = first_of(json_get(json_get(item, T("type")), T("coding")));
        if (text_eq(json_text(json_get(coding, T("code"))), code)) {
            return json_get(item, member);
        }
    }
    return NULL;
}

static int call_own(struct mailbox *m, struct own_call *call, struct arena *a, struct err *e)
{
    const struct loc_world *w = m->world;
    if (!call->path.p || (call->method.n == 4 && !call->body.p)) {
        return mail_no_memory(e);
    }
    int rc = w->own(w->context, NULL, call, a, e);
    return rc ? rc
           : call->status >= 500 || call->status == 429
               ? err_set(e, ERR_BUSY, "the own record answered with %d", call->status)
               : 0;
}

/* The request is there, in this patient's record, and with whoever answers. *ret_waits: not
 * answered yet. */
static int is_theirs(struct mailbox *m, const struct mail *mail, text id, text *ret_owner,
                     bool *ret_waits, struct arena *a, struct err *e)
{
    yyjson_val *task = NULL;
    struct own_call call = {.method = T("GET"), .path = arena_printf(a, "Task/%.*s", TEXT_ARG(id))};
    int rc = call_own(m, &call, a, e);
    rc = rc || call.status != 200 ? rc : json_read(call.answer, MAIL_DEPTH, a, &task, e);
    if (rc) {
        return rc;
    }
    const yyjson_val *owner = json_get(task, T("owner"));
    const yyjson_val *by = json_get(owner, T("identifier"));
    text whose = json_text(json_get(json_get(task, T("for")), T("reference")));
    text patient = text_starts(whose, T("Patient/")) ? text_from(whose, 8) : T("");
    if (!task || !mail->patient.n || !text_eq(patient, mail->patient) ||
        !text_eq(json_text(json_get(by, T("system"))), T(ODS_SYSTEM)) ||
        !text_eq(json_text(json_get(by, T("value"))), mail->from)) {
        return err_set(e, ERR_INVALID, "it answers nothing that was asked of its sender");
    }
    *ret_owner = json_text(json_get(owner, T("display")));
    *ret_waits = text_eq(json_text(json_get(task, T("status"))), T("requested"));
    return 0;
}

static text parameters(const yyjson_val *task, text by, struct arena *a)
{
    const yyjson_val *concept = output_of(task, T("outcome"), T("valueCodeableConcept"));
    const yyjson_val *coding = first_of(json_get(concept, T("coding")));
    const struct {
        const char *name;
        const char *type;
        text value;
    } all[] = {{"outcome", "Code", json_text(json_get(coding, T("code")))},
               {"words", "String", json_text(output_of(task, T("words"), T("valueString")))},
               {"by", "String", by}};
    struct buf out;
    bool any = false;
    buf_init(&out, 1 << 16);
    buf_add(&out, T("{\"resourceType\":\"Parameters\",\"parameter\":["));
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i].value.n) {
            buf_printf(&out, "%s{\"name\":\"%s\",\"value%s\":", any ? "," : "", all[i].name,
                       all[i].type);
            json_write_string(all[i].value, &out);
            buf_addc(&out, '}');
            any = true;
        }
    }
    buf_add(&out, T("]}"));
    text body = buf_failed(&out) ? (text){0} : arena_copy(a, buf_text(&out));
    buf_done(&out);
    return body;
}

int mail_answer(struct mailbox *m, const struct mail *mail, struct arena *a, struct err *e)
{
    yyjson_val *bundle = NULL;
    text owner = {0};
    bool waits = false;
    if (!text_eq(mail->workflow, T("request"))) {
        return 0;
    }
    int rc = json_read(mail->bundle, MAIL_DEPTH, a, &bundle, e);
    const yyjson_val *header = rc ? NULL : resource_of(bundle, T("MessageHeader"));
    text id = json_text(json_get(json_get(header, T("response")), T("identifier")));
    if (rc || !id.n) {
        return rc; /* it asks, and people answer */
    }
    rc = id.n > 64 ? err_set(e, ERR_INVALID, "it answers nothing that was asked here")
                   : is_theirs(m, mail, id, &owner, &waits, a, e);
    if (!rc && waits) {
        struct own_call call = {.method = T("POST"),
                                .path = arena_printf(a, "Task/%.*s/$answer", TEXT_ARG(id)),
                                .body = parameters(resource_of(bundle, T("Task")), owner, a)};
        rc = call_own(m, &call, a, e);
        if (!rc && call.status != 200) {
            rc = err_set(e, ERR_INVALID, "the answer could not be taken: %d %.*s", call.status,
                         TEXT_ARG(text_short(call.answer, 300)));
        }
    }
    return rc ? rc : mail_settle(m, mail->id, e);
}
