/* What comes from other members: messages, and what has become of those that were sent. Nothing in
 * it is believed but who sent it. */
#include "locality/mail_int.h"

int mail_reply(struct mailbox *m, const struct mail *mail, const char *state, const char *why,
               struct arena *a, struct feed_row *ret_row, struct err *e)
{
    struct buf out;
    *ret_row =
        (struct feed_row){.kind = FEED_MESSAGE, .subject.nhs_number = mail->subject.nhs_number};
    int rc = mail->subject.nhs_number.n
                 ? feed_person(m->feed, mail->subject.nhs_number, ret_row->person, e)
                 : 0;
    buf_init(&out, MAIL_LINE_MAX);
    buf_printf(&out, "{\"id\":\"%.*s\",\"state\":\"%s\"", TEXT_ARG(mail->id), state);
    if (why) {
        buf_add(&out, T(",\"why\":"));
        json_write_string(text_short(text_of(why), MAIL_WHY_MAX), &out);
    }
    buf_addc(&out, '}');
    ret_row->body = rc || buf_failed(&out) ? (text){0} : arena_copy(a, buf_text(&out));
    buf_done(&out);
    return rc || ret_row->body.p ? rc : mail_no_memory(e);
}

/* Lower-case hexadecimal digits in groups, as RFC 9562 has it. */
static bool is_uuid(text t)
{
    bool is = t.n == 36;
    for (size_t i = 0; is && i < t.n; i++) {
        char c = t.p[i];
        is = i == 8 || i == 13 || i == 18 || i == 23
                 ? c == '-'
                 : (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    }
    return is;
}

/* The changes of a message or of an answer, and behind them the rows that tell its sender. */
static int with_reply(struct mailbox *m, const struct mail *mail, text to, const char *state,
                      const char *why, struct kept_change *own, size_t own_count, struct arena *a,
                      struct kept_change **ret_changes, size_t *ret_count, struct err *e)
{
    struct feed_row row;
    struct kept_change *queued = NULL;
    size_t n = 0;
    int rc = mail_reply(m, mail, state, why, a, &row, e);
    rc = rc ? rc : feed_queue(m->feed, &to, 1, &row, a, &queued, &n, e);
    struct kept_change *all = rc ? NULL : arena_zalloc(a, own_count + n + 1, sizeof *all);
    if (!all) {
        return rc ? rc : mail_no_memory(e);
    }
    if (own_count) {
        memcpy(all, own, own_count * sizeof *own);
    }
    if (n) {
        memcpy(all + own_count, queued, n * sizeof *queued);
    }
    *ret_changes = all;
    *ret_count = own_count + n;
    return 0;
}

/* NULL: it can be taken. */
static const char *wrong_with(struct mailbox *m, const struct mail *mail, const yyjson_val *bundle)
{
    const struct loc_world *w = m->world;
    struct err none = {0};
    return !mail_workflow_known(mail->workflow) ? "its workflow is not known here"
           : mail_check_bundle(bundle, &none)   ? "it is no Bundle of type message or document"
           : mail->bundle.n > MAIL_MAX          ? "it is too large"
           : w->now_ms(w->context) > mail->until_ms
               ? "it came later than it may; its sender has to be told already"
               : NULL;
}

static int bundle_text(const yyjson_val *bundle, struct arena *a, text *ret, struct err *e)
{
    struct buf out;
    buf_init(&out, 2 * MAIL_MAX);
    json_write(bundle, &out);
    *ret = buf_failed(&out) ? (text){0} : arena_copy(a, buf_text(&out));
    buf_done(&out);
    return ret->p ? 0 : mail_no_memory(e);
}

/* Durable here with the row's place in the feed, so it is here once. */
static int take_message(struct mailbox *m, struct mail *mail, const yyjson_val *bundle,
                        struct arena *a, struct kept_change **ret_changes, size_t *ret_count,
                        struct err *e)
{
    struct mail known;
    text was, line, side = mail_side_key(true, mail->id, a);
    struct err none = {0};
    int rc = bundle_text(bundle, a, &mail->bundle, e);
    int here = rc ? 0 : mail_get(m, true, mail->id, a, &known, &was, &none);
    if (rc || (here && here != ERR_NOT_FOUND)) {
        return rc ? rc : err_set(e, here, "%s", err_text(&none));
    }
    const char *why = wrong_with(m, mail, bundle);
    why = !here && !text_eq(known.from, mail->from) ? "its number is taken" : why;
    if (why) {
        return with_reply(m, mail, mail->from, "refused", why, NULL, 0, a, ret_changes, ret_count,
                          e);
    }
    if (!here) { /* from somebody who has lost that it was sent */
        return with_reply(m, mail, mail->from, mail_state_code(known.state), NULL, NULL, 0, a,
                          ret_changes, ret_count, e);
    }
    rc = mail_print(mail, a, &line, e);
    if (rc || !side.p) {
        return rc ? rc : mail_no_memory(e);
    }
    struct kept_change own[] = {mail_change(KEPT_ADD, MAIL_IN, mail->id, line),
                                mail_change(KEPT_PUT, MAIL_BUNDLE, side, mail->bundle),
                                mail_change(KEPT_PUT, MAIL_SHOW, side, line)};
    return with_reply(m, mail, mail->from, mail_state_code(MAIL_ACCEPTED), NULL, own, 3, a,
                      ret_changes, ret_count, e);
}

/* Which state an answer leads to. False: it changes nothing. A late acceptance counts: what was
 * given up has come after all. */
static bool next_state(enum mail_state now, text said, enum mail_state *ret)
{
    bool accepted = text_eq(said, T("accepted"));
    bool acknowledged = text_eq(said, T("acknowledged"));
    if (acknowledged && now != MAIL_ACKNOWLEDGED) {
        *ret = MAIL_ACKNOWLEDGED;
        return true;
    }
    if (accepted && (now == MAIL_QUEUED || now == MAIL_UNDELIVERABLE)) {
        *ret = MAIL_ACCEPTED;
        return true;
    }
    if (text_eq(said, T("refused")) && now == MAIL_QUEUED) {
        *ret = MAIL_UNDELIVERABLE;
        return true;
    }
    return false;
}

static int take_answer(struct mailbox *m, text sender, text id, const yyjson_val *body,
                       struct arena *a, struct kept_change **ret_changes, size_t *ret_count,
                       struct err *e)
{
    const struct loc_world *w = m->world;
    struct mail mail;
    text was, line, side = mail_side_key(false, id, a);
    text why = json_text(json_get(body, T("why")));
    *ret_count = 0;
    int rc = mail_get(m, false, id, a, &mail, &was, e);
    if (rc == ERR_NOT_FOUND || (!rc && !text_eq(mail.to, sender))) {
        return err_set(e, ERR_INVALID,
                       "something is said about a message that was not sent to this member");
    }
    if (rc || !next_state(mail.state, json_text(json_get(body, T("state"))), &mail.state)) {
        return rc;
    }
    mail.changed_ms = w->now_ms(w->context);
    mail.why = mail.state == MAIL_UNDELIVERABLE
                   ? arena_printf(a, "the recipient's node refused it: %.*s",
                                  TEXT_ARG(text_short(why, MAIL_WHY_MAX)))
                   : T("");
    rc = mail.why.p ? mail_print(&mail, a, &line, e) : mail_no_memory(e);
    struct kept_change *changes = rc ? NULL : arena_zalloc(a, 3, sizeof *changes);
    if (!changes || !side.p) {
        return rc ? rc : mail_no_memory(e);
    }
    changes[0] = mail_change(KEPT_SWAP, MAIL_OUT, mail.id, line);
    changes[0].was = was;
    changes[1] = mail_change(KEPT_PUT, MAIL_SHOW, side, line);
    /* Of one that was refused people are told by the courier, who looks at those that wait. */
    changes[2] = mail_change(KEPT_DELETE, MAIL_WAIT, mail.id, T(""));
    *ret_changes = changes;
    *ret_count = mail.state == MAIL_UNDELIVERABLE ? 2 : 3;
    return 0;
}

int mail_take_row(struct mailbox *m, text sender, const struct feed_row *row, struct arena *a,
                  struct kept_change **ret_changes, size_t *ret_count, struct err *e)
{
    const struct loc_world *w = m->world;
    const struct note_signer *signer;
    yyjson_val *body = NULL;
    text self;
    uint64_t until = 0;
    int rc = json_read(row->body, MAIL_DEPTH, a, &body, e);
    text id = rc ? (text){0} : json_text(json_get(body, T("id")));
    if (!rc && !is_uuid(id)) {
        rc = err_set(e, ERR_INVALID, "a message has no id, or one that is no UUID");
    }
    rc = rc ? rc : trust_self(m->trust, &signer, &self, e);
    if (rc) {
        return rc;
    }
    const yyjson_val *bundle = json_get(body, T("bundle"));
    if (!bundle) {
        return take_answer(m, sender, id, body, a, ret_changes, ret_count, e);
    }
    text author = json_text(json_get(body, T("author")));
    (void)text_to_u64(json_text(json_get(body, T("until"))), &until);
    struct mail mail = {.id = id,
                        .from = sender,
                        .to = self,
                        .workflow = json_text(json_get(body, T("workflow"))),
                        .author = text_short(author, MAIL_WHY_MAX),
                        .subject = row->subject,
                        .is_received = true,
                        .state = MAIL_ACCEPTED,
                        .at_ms = row->made_ms,
                        .changed_ms = w->now_ms(w->context),
                        .until_ms = until < INT64_MAX ? (int64_t)until : 0};
    return take_message(m, &mail, bundle, a, ret_changes, ret_count, e);
}

/* The rows say what is still to be shown; what cannot be now is the courier's. */
int mail_take_effect(struct mailbox *m, struct err *e)
{
    const struct loc_world *w = m->world;
    struct err later = {0};
    (void)e;
    (void)mail_show(m, &later);
    w->wake(w->context);
    return 0;
}
