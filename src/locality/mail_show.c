/* What people see of messages: a Task and a Binary each, written by the node into the own record
 * until they stand there as the rows have them. */
#include "locality/mail_int.h"

#include "base/clock.h"

#define OWN "https://kith.care/fhir/"
#define ODS_SYSTEM "https://fhir.nhs.uk/Id/ods-organization-code"

/* --- the two resources --------------------------------------------------------------------------
 */

static void put_member(struct buf *out, const char *name, text ods)
{
    buf_printf(out, ",\"%s\":{\"identifier\":{\"system\":\"" ODS_SYSTEM "\",\"value\":", name);
    json_write_string(ods, out);
    buf_add(out, T("}}"));
}

static void put_time(struct buf *out, const char *name, int64_t ms)
{
    char instant[CLOCK_INSTANT_SIZE];
    clock_instant(ms, instant);
    buf_printf(out, ",\"%s\":\"%s\"", name, instant);
}

/* A sent message that was accepted waits for a person there; a received one for a person here. */
static const char *task_status(const struct mail *mail)
{
    static const char *const status[] = {[MAIL_QUEUED] = "requested",
                                         [MAIL_ACCEPTED] = "received",
                                         [MAIL_ACKNOWLEDGED] = "completed",
                                         [MAIL_UNDELIVERABLE] = "failed"};
    return status[mail->state];
}

static void put_words(struct buf *out, const struct mail *mail)
{
    buf_add(out, T(",\"description\":"));
    json_write_string(mail->is_received ? T("A message of another organisation")
                                        : T("A message to another organisation"),
                      out);
    if (mail->why.n) {
        buf_add(out, T(",\"statusReason\":{\"text\":"));
        json_write_string(mail->why, out);
        buf_addc(out, '}');
    }
    if (mail->author.n) {
        buf_add(out, T(",\"note\":[{\"authorString\":"));
        json_write_string(mail->author, out);
        buf_add(out, T(",\"text\":\"Sent by\"}]"));
    }
}

static int task_text(const struct mail *mail, struct arena *a, text *ret, struct err *e)
{
    struct buf out;
    buf_init(&out, 65536);
    buf_printf(
        &out,
        "{\"resourceType\":\"Task\",\"id\":\"mail-%.*s\",\"identifier\":[{\"system\":\"" OWN
        "mail\",\"value\":\"%.*s\"}],\"status\":\"%s\",\"intent\":\"order\",\"priority\":\"%s\"",
        TEXT_ARG(mail->id), TEXT_ARG(mail->id), task_status(mail),
        mail->state == MAIL_UNDELIVERABLE ? "urgent" : "routine");
    buf_printf(&out,
               ",\"businessStatus\":{\"coding\":[{\"system\":\"" OWN
               "CodeSystem/mail-state\",\"code\":\"%s\"}]}",
               mail_state_code(mail->state));
    buf_printf(&out,
               ",\"code\":{\"coding\":[{\"system\":\"" OWN
               "CodeSystem/mailbox\",\"code\":\"%s\"},{\"system\":\"" OWN
               "CodeSystem/mail-workflow\",\"code\":\"%.*s\"}]}",
               mail->is_received ? "inbox" : "outbox", TEXT_ARG(mail->workflow));
    put_words(&out, mail);
    buf_printf(&out, ",\"focus\":{\"reference\":\"Binary/mail-%.*s\"}", TEXT_ARG(mail->id));
    if (mail->patient.n) {
        buf_printf(&out, ",\"for\":{\"reference\":\"Patient/%.*s\"}", TEXT_ARG(mail->patient));
    }
    put_time(&out, "authoredOn", mail->at_ms);
    put_time(&out, "lastModified", mail->changed_ms);
    put_member(&out, "requester", mail->from);
    put_member(&out, "owner", mail->to);
    buf_add(&out, T(",\"restriction\":{\"period\":{"));
    char instant[CLOCK_INSTANT_SIZE];
    clock_instant(mail->until_ms, instant);
    buf_printf(&out, "\"end\":\"%s\"}}}", instant);
    *ret = buf_failed(&out) ? (text){0} : arena_copy(a, buf_text(&out));
    buf_done(&out);
    return ret->p ? 0 : mail_no_memory(e);
}

static int binary_text(const struct mail *mail, struct arena *a, text *ret, struct err *e)
{
    struct buf out;
    buf_init(&out, 2 * MAIL_MAX);
    buf_printf(&out,
               "{\"resourceType\":\"Binary\",\"id\":\"mail-%.*s\",\"contentType\":"
               "\"application/fhir+json\"",
               TEXT_ARG(mail->id));
    if (mail->patient.n) {
        buf_printf(&out, ",\"securityContext\":{\"reference\":\"Patient/%.*s\"}",
                   TEXT_ARG(mail->patient));
    }
    buf_add(&out, T(",\"data\":\""));
    base64_print(mail->bundle, &out);
    buf_add(&out, T("\"}"));
    *ret = buf_failed(&out) ? (text){0} : arena_copy(a, buf_text(&out));
    buf_done(&out);
    return ret->p ? 0 : mail_no_memory(e);
}

/* --- into the own record ------------------------------------------------------------------------
 */

static int put(struct mailbox *m, const char *type, text id, text body, struct arena *a,
               struct err *e)
{
    const struct loc_world *w = m->world;
    struct own_call call = {.method = T("PUT"),
                            .path = arena_printf(a, "%s/mail-%.*s", type, TEXT_ARG(id)),
                            .body = body};
    int rc = call.path.p ? w->own(w->context, NULL, &call, a, e) : mail_no_memory(e);
    if (rc || call.status == 200 || call.status == 201) {
        return rc;
    }
    return err_set(e, call.status >= 500 || call.status == 429 ? ERR_BUSY : ERR_INVALID,
                   "the own record answered with %d to %s/mail-%.*s", call.status, type,
                   TEXT_ARG(id));
}

/* Whose record it belongs to here; of a message that was sent its sender has said it. */
static int find_patient(struct mailbox *m, struct mail *mail, struct arena *a, struct err *e)
{
    struct err why = {0};
    if (!mail->is_received || !mail->subject.nhs_number.n) {
        return 0;
    }
    int rc = person_find(m->world, &mail->subject, a, &mail->patient, &why);
    return !rc || rc == ERR_NOT_FOUND || rc == ERR_CONFLICT ? 0
                                                            : err_set(e, rc, "%s", err_text(&why));
}

static int show_parts(struct mailbox *m, struct mail *mail, text side, bool *ret_bundle,
                      struct arena *a, struct err *e)
{
    const struct loc_world *w = m->world;
    text json;
    struct err none = {0};
    int rc = find_patient(m, mail, a, e);
    int has = rc ? rc : w->get(w->context, MAIL_BUNDLE, side, a, &mail->bundle, &none);
    *ret_bundle = !has;
    if (!rc && !has) {
        rc = binary_text(mail, a, &json, e);
        rc = rc ? rc : put(m, "Binary", mail->id, json, a, e);
    } else if (!rc && has != ERR_NOT_FOUND) {
        rc = err_set(e, has, "%s", err_text(&none));
    }
    rc = rc ? rc : task_text(mail, a, &json, e);
    return rc ? rc : put(m, "Task", mail->id, json, a, e);
}

/* What stands there is not to be shown again; a state that came meanwhile is. `mark`: the value of
 * the row mail-show that was there before. */
static int settle(struct mailbox *m, text side, text mark, bool bundle, struct err *e)
{
    const struct loc_world *w = m->world;
    struct kept_change changes[3] = {mail_change(KEPT_SWAP, MAIL_SHOW, side, mark),
                                     mail_change(KEPT_DELETE, MAIL_SHOW, side, T("")),
                                     mail_change(KEPT_DELETE, MAIL_BUNDLE, side, T(""))};
    changes[0].was = mark;
    int rc = w->write(w->context, changes, bundle ? 3 : 2, NULL, e);
    return rc == ERR_CONFLICT ? 0 : rc;
}

static int show_one(struct mailbox *m, text side, struct arena *a, struct err *e)
{
    const struct loc_world *w = m->world;
    struct mail mail;
    text line, mark;
    bool received = side.p[0] == 'i', bundle = false;
    struct err why = {0};
    int rc = w->get(w->context, MAIL_SHOW, side, a, &mark, e);
    if (rc) {
        return rc == ERR_NOT_FOUND ? 0 : rc;
    }
    rc = mail_get(m, received, text_from(side, 1), a, &mail, &line, e);
    rc = rc ? rc : show_parts(m, &mail, side, &bundle, a, &why);
    rc = rc || !received || !bundle ? rc : mail_answer(m, &mail, a, &why);
    if (rc == ERR_INVALID) { /* no second try changes that: it stays in the rows, and people look */
        rc = w->alarm(w->context, "mail-not-shown", received ? mail.from : mail.to,
                      text_of(err_text(&why)), e);
        bundle = false;
    } else if (rc && why.code) {
        return err_set(e, rc, "%s", err_text(&why));
    }
    return rc ? rc : settle(m, side, mark, bundle, e);
}

struct pending {
    struct arena *a;
    text keys[MAIL_A_ROUND];
    size_t count;
};

static int pending_one(void *context, text key, text value)
{
    struct pending *p = context;
    (void)value;
    text copy = p->count < MAIL_A_ROUND && key.n > 1 ? arena_copy(p->a, key) : (text){0};
    if (copy.p) {
        p->keys[p->count++] = copy;
    }
    return copy.p ? 0 : -1;
}

int mail_show(struct mailbox *m, struct err *e)
{
    const struct loc_world *w = m->world;
    struct arena names, a;
    struct pending p = {.a = &names};
    arena_init(&names, 65536);
    arena_init(&a, MAIL_MEMORY);
    pthread_mutex_lock(&m->showing);
    int rc = w->each(w->context, MAIL_SHOW, T(""), pending_one, &p, e);
    rc = rc == -1 ? 0 : rc;
    for (size_t i = 0; !rc && i < p.count; i++) {
        arena_reset(&a);
        rc = show_one(m, p.keys[i], &a, e);
    }
    pthread_mutex_unlock(&m->showing);
    arena_done(&a);
    arena_done(&names);
    return rc;
}
