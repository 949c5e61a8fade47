/* Messages as they are kept, sent, listed, taken by people, and given up. mail_take.c has what
 * comes from other members, mail_show.c what people see. */
#include "locality/mail_int.h"

#include "base/random.h"

#include <inttypes.h>
#include <stdlib.h>

static const char *const workflows[] = {"referral", "letter", "transfer-of-care", "request"};

int mail_no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "no memory for a message between members");
}

const char *mail_state_code(enum mail_state s)
{
    static const char *const codes[] = {
#define MAIL_STATE_CODE(name, code) code,
        MAIL_STATE_TABLE(MAIL_STATE_CODE)
#undef MAIL_STATE_CODE
    };
    return codes[s];
}

bool mail_workflow_known(text workflow)
{
    for (size_t i = 0; i < sizeof workflows / sizeof *workflows; i++) {
        if (text_eq(workflow, text_of(workflows[i]))) {
            return true;
        }
    }
    return false;
}

int mail_open(const struct loc_world *world, struct trust *trust, struct feed *feed,
              struct mailbox **ret, struct err *e)
{
    struct mailbox *m = calloc(1, sizeof *m);
    if (!m) {
        return mail_no_memory(e);
    }
    m->world = world;
    m->trust = trust;
    m->feed = feed;
    (void)pthread_mutex_init(&m->showing, NULL);
    *ret = m;
    return 0;
}

void mail_close(struct mailbox *m)
{
    if (m) {
        (void)pthread_mutex_destroy(&m->showing);
        free(m);
    }
}

/* --- as kept ------------------------------------------------------------------------------------
 */

enum { FIELDS = 13 };

struct field {
    const char *name;
    text *at;
};

static void fields_of(struct mail *mail, struct field ret[FIELDS])
{
    const struct field all[FIELDS] = {{"from", &mail->from},
                                      {"to", &mail->to},
                                      {"workflow", &mail->workflow},
                                      {"patient", &mail->patient},
                                      {"author", &mail->author},
                                      {"why", &mail->why},
                                      {"nhs", &mail->subject.nhs_number},
                                      {"family", &mail->subject.family},
                                      {"given", &mail->subject.given},
                                      {"birth", &mail->subject.birth_date},
                                      {"gender", &mail->subject.gender},
                                      {"postcode", &mail->subject.postcode},
                                      {"id", &mail->id}};
    memcpy(ret, all, sizeof all);
}

int mail_print(const struct mail *mail, struct arena *a, text *ret_line, struct err *e)
{
    struct mail copy = *mail;
    struct field fields[FIELDS];
    struct buf out;
    fields_of(&copy, fields);
    buf_init(&out, MAIL_LINE_MAX);
    buf_printf(&out,
               "{\"state\":\"%s\",\"at\":%" PRId64 ",\"until\":%" PRId64 ",\"changed\":%" PRId64,
               mail_state_code(mail->state), mail->at_ms, mail->until_ms, mail->changed_ms);
    for (size_t i = 0; i < FIELDS; i++) {
        if (fields[i].at->n) {
            buf_printf(&out, ",\"%s\":", fields[i].name);
            json_write_string(*fields[i].at, &out);
        }
    }
    buf_addc(&out, '}');
    bool failed = buf_failed(&out);
    *ret_line = failed ? (text){0} : arena_copy(a, buf_text(&out));
    buf_done(&out);
    return failed        ? err_set(e, ERR_TOO_LARGE, "what is said about a message is too long")
           : ret_line->p ? 0
                         : mail_no_memory(e);
}

static int64_t number_of(const yyjson_val *root, text name)
{
    uint64_t n = 0;
    return text_to_u64(json_text(json_get(root, name)), &n) && n < INT64_MAX ? (int64_t)n : 0;
}

static int parse(text id, bool received, text line, struct arena *a, struct mail *ret,
                 struct err *e)
{
    yyjson_val *root = NULL;
    struct field fields[FIELDS];
    struct mail mail = {.is_received = received, .state = MAIL_STATE_COUNT};
    if (json_read(line, 3, a, &root, NULL)) {
        return err_set(e, ERR_CORRUPT, "the message %.*s cannot be read", TEXT_ARG(id));
    }
    fields_of(&mail, fields);
    for (size_t i = 0; i < FIELDS; i++) {
        text value = json_text(json_get(root, text_of(fields[i].name)));
        *fields[i].at = value.p ? value : T("");
    }
    text state = json_text(json_get(root, T("state")));
    for (int s = 0; s < MAIL_STATE_COUNT; s++) {
        if (text_eq(state, text_of(mail_state_code((enum mail_state)s)))) {
            mail.state = (enum mail_state)s;
        }
    }
    mail.at_ms = number_of(root, T("at"));
    mail.until_ms = number_of(root, T("until"));
    mail.changed_ms = number_of(root, T("changed"));
    if (mail.state == MAIL_STATE_COUNT || !text_eq(mail.id, id)) {
        return err_set(e, ERR_CORRUPT, "the message %.*s cannot be read", TEXT_ARG(id));
    }
    *ret = mail;
    return 0;
}

int mail_get(struct mailbox *m, bool received, text id, struct arena *a, struct mail *ret,
             text *ret_line, struct err *e)
{
    const struct loc_world *w = m->world;
    int rc = w->get(w->context, received ? MAIL_IN : MAIL_OUT, id, a, ret_line, e);
    return rc ? rc : parse(id, received, *ret_line, a, ret, e);
}

text mail_side_key(bool received, text id, struct arena *a)
{
    return arena_printf(a, "%c%.*s", received ? 'i' : 'o', TEXT_ARG(id));
}

struct kept_change mail_change(enum kept_change_kind change, const char *kind, text key, text value)
{
    return (struct kept_change){.change = change, .kind = kind, .key = key, .value = value};
}

/* --- sending ------------------------------------------------------------------------------------
 */

int mail_check_bundle(const yyjson_val *bundle, struct err *e)
{
    text type = json_text(json_get(bundle, T("type")));
    if (!text_eq(json_text(json_get(bundle, T("resourceType"))), T("Bundle")) ||
        (!text_eq(type, T("message")) && !text_eq(type, T("document")))) {
        return err_at(e, ERR_INVALID, T("Bundle.type"),
                      "what is sent between members is a Bundle of type message or document");
    }
    return 0;
}

static int check_member(struct mailbox *m, text ods, struct err *e)
{
    struct directory_ref *ref;
    const char *why;
    const struct directory *d = trust_directory(m->trust, &ref, &why);
    if (!d) {
        return err_set(e, ERR_NOT_FOUND, "nothing can be sent: %s", why);
    }
    bool is = directory_member(d, ods) != NULL;
    trust_done(ref);
    return is ? 0
              : err_set(e, ERR_NOT_FOUND,
                        "no member of this locality has the ODS code '%.*s'; 'kith locality list' "
                        "names them",
                        TEXT_ARG(text_short(ods, 20)));
}

static int check_mail(struct mailbox *m, const struct mail *mail, text self, struct arena *a,
                      struct err *e)
{
    yyjson_val *bundle = NULL;
    if (!mail_workflow_known(mail->workflow)) {
        return err_set(e, ERR_INVALID,
                       "'%.*s' is no workflow between members; it is referral, letter, "
                       "transfer-of-care or request",
                       TEXT_ARG(text_short(mail->workflow, 40)));
    }
    if (mail->bundle.n > MAIL_MAX) {
        return err_set(e, ERR_TOO_LARGE, "a message of more than %d bytes cannot be sent",
                       MAIL_MAX);
    }
    if (text_eq(mail->to, self)) {
        return err_set(e, ERR_INVALID, "this message is to this node itself; it goes to others");
    }
    int rc = check_member(m, mail->to, e);
    rc = rc ? rc : json_read(mail->bundle, MAIL_DEPTH, a, &bundle, e);
    return rc ? rc : mail_check_bundle(bundle, e);
}

static int message_row(struct mailbox *m, const struct mail *mail, struct arena *a,
                       struct feed_row *ret, struct err *e)
{
    struct buf out;
    *ret = (struct feed_row){.kind = FEED_MESSAGE, .subject = mail->subject};
    int rc = mail->subject.nhs_number.n
                 ? feed_person(m->feed, mail->subject.nhs_number, ret->person, e)
                 : 0;
    buf_init(&out, MAIL_MAX + MAIL_LINE_MAX);
    buf_printf(&out, "{\"id\":\"%.*s\",\"workflow\":\"%.*s\",\"until\":%" PRId64 ",\"author\":",
               TEXT_ARG(mail->id), TEXT_ARG(mail->workflow), mail->until_ms);
    json_write_string(mail->author, &out);
    buf_add(&out, T(",\"bundle\":"));
    buf_add(&out, mail->bundle);
    buf_addc(&out, '}');
    ret->body = rc || buf_failed(&out) ? (text){0} : arena_copy(a, buf_text(&out));
    buf_done(&out);
    return rc || ret->body.p ? rc : mail_no_memory(e);
}

static int commit(struct mailbox *m, const struct mail *mail, struct arena *a, struct err *e)
{
    struct feed_row row;
    text line, side = mail_side_key(false, mail->id, a);
    int rc = mail_print(mail, a, &line, e);
    rc = rc ? rc : message_row(m, mail, a, &row, e);
    if (rc || !side.p) {
        return rc ? rc : mail_no_memory(e);
    }
    const struct kept_change more[] = {mail_change(KEPT_ADD, MAIL_OUT, mail->id, line),
                                       mail_change(KEPT_PUT, MAIL_BUNDLE, side, mail->bundle),
                                       mail_change(KEPT_PUT, MAIL_WAIT, mail->id, T("")),
                                       mail_change(KEPT_PUT, MAIL_SHOW, side, T("1"))};
    return feed_send(m->feed, &mail->to, 1, &row, more, sizeof more / sizeof *more, e);
}

/* Whether it was sent before, under this id. */
static bool is_sent(struct mailbox *m, text id, struct arena *a)
{
    struct mail known;
    struct err none = {0};
    text line;
    return id.n && !mail_get(m, false, id, a, &known, &line, &none);
}

int mail_send(struct mailbox *m, const struct mail *mail, struct arena *a, text *ret_id,
              struct err *e)
{
    const struct loc_world *w = m->world;
    const struct note_signer *signer;
    struct mail copy = *mail;
    char id[UUID_SIZE];
    struct arena own;
    struct err later = {0};
    int rc = trust_self(m->trust, &signer, &copy.from, e);
    if (!copy.id.n) {
        random_uuid(id);
        copy.id = text_of(id);
    }
    copy.is_received = false;
    copy.state = MAIL_QUEUED;
    copy.at_ms = copy.changed_ms = w->now_ms(w->context);
    copy.until_ms = copy.at_ms + MAIL_DAYS * INT64_C(86400000);
    copy.author = text_short(copy.author, MAIL_WHY_MAX);
    copy.why = T("");
    arena_init(&own, MAIL_MEMORY);
    rc = rc ? rc : check_mail(m, &copy, copy.from, &own, e);
    rc = rc || is_sent(m, mail->id, &own) ? rc : commit(m, &copy, &own, e);
    arena_done(&own);
    *ret_id = rc ? (text){0} : arena_copy(a, copy.id);
    if (rc || !ret_id->p) {
        return rc ? rc : mail_no_memory(e);
    }
    (void)mail_show(m, &later); /* the courier does it otherwise */
    return 0;
}

/* --- taken by somebody --------------------------------------------------------------------------
 */

static int acknowledge_once(struct mailbox *m, text id, struct arena *a, struct err *e)
{
    const struct loc_world *w = m->world;
    struct mail mail;
    struct feed_row row;
    text was, line, side = mail_side_key(true, id, a);
    int rc = mail_get(m, true, id, a, &mail, &was, e);
    if (rc == ERR_NOT_FOUND) {
        return err_set(e, rc, "no message %.*s has been received here",
                       TEXT_ARG(text_short(id, 60)));
    }
    if (rc || mail.state != MAIL_ACCEPTED) {
        return rc;
    }
    mail.state = MAIL_ACKNOWLEDGED;
    mail.changed_ms = w->now_ms(w->context);
    rc = mail_print(&mail, a, &line, e);
    rc = rc ? rc : mail_reply(m, &mail, mail_state_code(MAIL_ACKNOWLEDGED), NULL, a, &row, e);
    if (rc || !side.p) {
        return rc ? rc : mail_no_memory(e);
    }
    struct kept_change more[] = {mail_change(KEPT_SWAP, MAIL_IN, id, line),
                                 mail_change(KEPT_PUT, MAIL_SHOW, side, line)};
    more[0].was = was;
    return feed_send(m->feed, &mail.from, 1, &row, more, 2, e);
}

int mail_settle(struct mailbox *m, text id, struct err *e)
{
    int rc = ERR_CONFLICT;
    for (int i = 0; rc == ERR_CONFLICT && i < MAIL_TRIES; i++) {
        struct arena a;
        arena_init(&a, 1 << 20);
        rc = acknowledge_once(m, id, &a, e);
        arena_done(&a);
    }
    return rc;
}

int mail_acknowledge(struct mailbox *m, text id, struct err *e)
{
    struct err later = {0};
    int rc = mail_settle(m, id, e);
    if (!rc) {
        (void)mail_show(m, &later);
    }
    return rc;
}

/* --- given up -----------------------------------------------------------------------------------
 */

struct waiting {
    struct arena *a;
    text ids[MAIL_A_ROUND * 16];
    size_t count;
};

static int waiting_one(void *context, text key, text value)
{
    struct waiting *x = context;
    (void)value;
    text id = x->count < sizeof x->ids / sizeof *x->ids ? arena_copy(x->a, key) : (text){0};
    if (id.p) {
        x->ids[x->count++] = id;
    }
    return id.p ? 0 : -1;
}

/* People are told, and then nothing waits any more: in this order, so that a crash loses no alarm.
 */
static int report(struct mailbox *m, const struct mail *mail, struct arena *a, struct err *e)
{
    const struct loc_world *w = m->world;
    const struct kept_change gone = mail_change(KEPT_DELETE, MAIL_WAIT, mail->id, T(""));
    text words = arena_printf(a, "the message %.*s (%.*s) could not be delivered: %.*s",
                              TEXT_ARG(mail->id), TEXT_ARG(mail->workflow), TEXT_ARG(mail->why));
    int rc = words.p ? w->alarm(w->context, "mail-undeliverable", mail->to, words, e)
                     : mail_no_memory(e);
    return rc ? rc : w->write(w->context, &gone, 1, NULL, e);
}

static int give_up(struct mailbox *m, struct mail *mail, text was, const char *why, struct arena *a,
                   struct err *e)
{
    const struct loc_world *w = m->world;
    text line, side = mail_side_key(false, mail->id, a);
    mail->state = MAIL_UNDELIVERABLE;
    mail->changed_ms = w->now_ms(w->context);
    mail->why = text_of(why);
    int rc = mail_print(mail, a, &line, e);
    if (rc || !side.p) {
        return rc ? rc : mail_no_memory(e);
    }
    struct kept_change changes[] = {mail_change(KEPT_SWAP, MAIL_OUT, mail->id, line),
                                    mail_change(KEPT_PUT, MAIL_SHOW, side, line)};
    changes[0].was = was;
    rc = w->write(w->context, changes, 2, NULL, e);
    if (rc == ERR_CONFLICT) {
        return 0; /* an answer has come meanwhile */
    }
    return rc ? rc : report(m, mail, a, e);
}

/* By a directory in force: without one nobody knows. */
static bool has_left(struct mailbox *m, text ods)
{
    struct directory_ref *ref;
    const char *why;
    const struct directory *d = trust_directory(m->trust, &ref, &why);
    bool left = d && !directory_member(d, ods);
    if (d) {
        trust_done(ref);
    }
    return left;
}

static int look_at(struct mailbox *m, text id, struct arena *a, struct err *e)
{
    const struct loc_world *w = m->world;
    struct mail mail;
    text was;
    const char *why = NULL;
    int rc = mail_get(m, false, id, a, &mail, &was, e);
    if (!rc && mail.state == MAIL_UNDELIVERABLE) {
        return report(m, &mail, a, e);
    }
    if (rc || mail.state != MAIL_QUEUED) {
        const struct kept_change gone = mail_change(KEPT_DELETE, MAIL_WAIT, id, T(""));
        return rc && rc != ERR_NOT_FOUND ? rc : w->write(w->context, &gone, 1, NULL, e);
    }
    if (w->now_ms(w->context) > mail.until_ms + MAIL_GRACE_MS) {
        why = "for 5 days it has not been taken by the node of the recipient, which may be away; "
              "reach them in another way";
    } else if (has_left(m, mail.to)) {
        why = "the recipient is not a member of the locality any more; reach them in another way";
    }
    return why ? give_up(m, &mail, was, why, a, e) : 0;
}

static int look_for_old(struct mailbox *m, struct err *e)
{
    const struct loc_world *w = m->world;
    struct arena names, a;
    int64_t now = w->now_ms(w->context);
    if (now < m->look_ms) {
        return 0;
    }
    arena_init(&names, 1 << 20);
    arena_init(&a, 1 << 20);
    struct waiting *x = arena_zalloc(&names, 1, sizeof *x);
    int rc = x ? 0 : mail_no_memory(e);
    if (x) {
        x->a = &names;
        rc = w->each(w->context, MAIL_WAIT, T(""), waiting_one, x, e);
        rc = rc == -1 ? 0 : rc;
    }
    for (size_t i = 0; !rc && i < x->count; i++) {
        arena_reset(&a);
        rc = look_at(m, x->ids[i], &a, e);
    }
    m->look_ms = rc ? now : now + MAIL_LOOK_MS;
    arena_done(&a);
    arena_done(&names);
    return rc;
}

int mail_round(struct mailbox *m, struct err *e)
{
    struct err late = {0};
    int rc = look_for_old(m, e);
    int shown = mail_show(m, &late);
    return rc || !shown ? rc : err_set(e, shown, "%s", err_text(&late));
}
