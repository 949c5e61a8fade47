/* Messages as people send them: whom they are about, and whether whoever sends may. */
#include "locality/mail_post.h"
#include "base/buf.h"
#include "format/json.h"
#include "identity/identity.h"
#include "locality/mail_int.h"
#include "policy/grant.h"

static const yyjson_val *first_of(const yyjson_val *list)
{
    return json_type(list) == YYJSON_TYPE_ARR && json_len(list) ? list + 1 : NULL;
}

/* The one Patient in it. *ret NULL: none. */
static int patient_in(const yyjson_val *bundle, const yyjson_val **ret, struct err *e)
{
    const yyjson_val *list = json_get(bundle, T("entry")), *entry = first_of(list);
    *ret = NULL;
    for (size_t left = entry ? json_len(list) : 0; left; left--, entry = json_after(entry)) {
        const yyjson_val *r = json_get(entry, T("resource"));
        if (!text_eq(json_text(json_get(r, T("resourceType"))), T("Patient"))) {
            continue;
        }
        if (*ret) {
            return err_set(e, ERR_INVALID, "a message between members is about one patient");
        }
        *ret = r;
    }
    return *ret ? 0
                : err_set(e, ERR_REQUIRED,
                          "the bundle has no Patient: whoever gets it has to know whom it is "
                          "about");
}

/* Whoever sends something about a patient has to be somebody who may write in their record. */
static int may_send(struct mailbox *m, const struct caller *as, text patient, struct err *e)
{
    const struct loc_world *w = m->world;
    struct decision d = {0};
    int rc = w->decide(w->context, as, patient, &d, e);
    return rc ? rc
           : d.reads && d.writes && !d.demographics_only
               ? 0
               : err_set(e, ERR_FORBIDDEN,
                         "you may not send anything about "
                         "this patient: you have no "
                         "relationship with them that "
                         "lets you write in their record");
}

static text author_of(const struct caller *as)
{
    return as->actor.name.n ? as->actor.name : as->actor.account;
}

static int fill(struct mailbox *m, const struct mail_ask *ask, struct mail *mail, struct arena *a,
                struct err *e)
{
    const yyjson_val *patient = NULL;
    struct buf out;
    int rc = mail_check_bundle(ask->bundle, e);
    rc = rc ? rc : patient_in(ask->bundle, &patient, e);
    rc = rc ? rc : person_of(patient, &mail->subject, e);
    if (rc == ERR_NOT_FOUND) {
        return err_set(e, ERR_REQUIRED,
                       "the Patient in the bundle needs a valid NHS number, a family name and a "
                       "birth date: without them the recipient cannot know whom it is about");
    }
    rc = rc ? rc : person_find(m->world, &mail->subject, a, &mail->patient, e);
    if (rc == ERR_NOT_FOUND) {
        return err_set(e, ERR_BUSINESS_RULE,
                       "the patient of this bundle has no record here; register them first");
    }
    rc = rc ? rc : may_send(m, ask->caller, mail->patient, e);
    buf_init(&out, MAIL_MAX + 1);
    if (!rc) {
        json_write(ask->bundle, &out);
        mail->bundle = buf_failed(&out) ? (text){0} : arena_copy(a, buf_text(&out));
        rc = buf_failed(&out) ? err_set(e, ERR_TOO_LARGE,
                                        "a message of more than %d bytes cannot be sent", MAIL_MAX)
             : mail->bundle.p ? 0
                              : mail_no_memory(e);
    }
    buf_done(&out);
    return rc;
}

int mail_post(struct mailbox *m, const struct mail_ask *ask, struct arena *a, text *ret_id,
              text *ret_patient, struct err *e)
{
    text type = json_text(json_get(ask->bundle, T("type")));
    struct mail mail = {.id = ask->id,
                        .to = ask->to,
                        .workflow = ask->workflow.n                ? ask->workflow
                                    : text_eq(type, T("document")) ? T("letter")
                                                                   : T("referral"),
                        .author = author_of(ask->caller)};
    int rc = fill(m, ask, &mail, a, e);
    rc = rc ? rc : mail_send(m, &mail, a, ret_id, e);
    if (!rc) {
        *ret_patient = mail.patient;
    }
    return rc;
}
