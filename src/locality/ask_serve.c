/* Answering: A2 to A6. */
#include "locality/ask_int.h"
#include "locality/copies.h"
#include "locality/foreign_share.h"
#include "locality/reconcile.h"

#include "identity/jose.h"

#include <openssl/sha.h>

/* One request that is answered. */
struct serve {
    struct asking *k;
    struct arena *a;
    const uint8_t *tls;
    text body;
    struct directory_ref *ref;
    const struct directory *in_force;
    struct directory_ref *ally; /* NULL: a member of the own locality asks (D7) */
    const struct directory *d;  /* whose member asks */
    const struct note_signer *signer;
    text self;
    const struct member *asker;
    struct statement s;
    text path; /* as it was asked for */
    struct admission ad;
    struct receipt given; /* whose record it is, and the consent version, as of before it is read */
    struct own_call own;
    const char *why; /* of a refusal */
    text answer;
    int status;
};

/* --- whether the statement counts (A2) ----------------------------------------------------------
 */

static int read_statement(struct serve *x, const struct member *by, bool first, text *ret_request,
                          struct err *e)
{
    uint8_t hash[32];
    text jws;
    int rc = x->body.n > ASK_STATEMENT_MAX
                 ? err_set(e, ERR_TOO_LARGE, "a request between members has at most %d bytes",
                           ASK_STATEMENT_MAX)
                 : ask_body_read(x->body, &jws, ret_request, e);
    if (rc) {
        return rc;
    }
    SHA256((const unsigned char *)ret_request->p, ret_request->n, hash);
    struct statement_expect expect = {.directory = x->d,
                                      .self = x->self,
                                      .tls = x->tls,
                                      .request = hash,
                                      .now_ms = ask_now(x->k),
                                      .nonces = first ? x->k->nonces : NULL};
    rc = statement_read(jws, &expect, x->a, &x->s, &x->asker, e);
    if (!rc && x->asker != by) {
        rc = err_set(e, ERR_FORBIDDEN,
                     "the statement does not count: it belongs to another connection");
    }
    return rc;
}

static void let_go(struct serve *x)
{
    trust_done(x->ally);
    trust_done(x->in_force ? x->ref : NULL);
    x->in_force = x->d = NULL;
    x->ally = NULL;
}

static int take_directory(struct serve *x, struct err *e)
{
    const char *why = NULL;
    let_go(x);
    x->in_force = trust_directory(x->k->trust, &x->ref, &why);
    if (!x->in_force) {
        return err_set(e, ERR_FORBIDDEN, "nobody is answered here: %s",
                       why ? why : "this node is in no locality");
    }
    x->d = trust_of_key(x->k->trust, x->in_force, x->tls, &x->ally);
    return trust_self(x->k->trust, &x->signer, &x->self, e);
}

/* Who asks, and for what. */
static int identify(struct serve *x, text *ret_request, struct err *e)
{
    struct err why = {0};
    int rc = take_directory(x, e);
    const struct member *by = rc ? NULL : directory_by_tls(x->d, x->tls);
    if (rc || !by) {
        return rc ? rc : ask_stranger(x->k, x->tls, e);
    }
    rc = read_statement(x, by, true, ret_request, &why);
    if (rc) {
        return ask_turned_away(x->k, by, rc, &why, e);
    }
    /* An ally's number comes by itself (trust_round()); what is here is in force. */
    if (x->s.number <= x->d->number || x->ally) {
        return 0;
    }
    /* This node is behind (D6). Where it cannot catch up at once, what it has is in force. */
    text ods = arena_copy(x->a, by->ods);
    if (trust_heard(x->k->trust, ods, x->s.number, &why)) {
        ask_newer(x->k, ods, x->s.number, x->d->number);
    }
    rc = take_directory(x, e);
    by = rc ? NULL : directory_by_tls(x->d, x->tls);
    if (rc || !by) {
        return rc ? rc : ask_stranger(x->k, x->tls, e);
    }
    rc = read_statement(x, by, false, ret_request, &why);
    return rc ? ask_turned_away(x->k, by, rc, &why, e) : 0;
}

/* --- the answer ---------------------------------------------------------------------------------
 */

static int refuse(struct serve *x, int status, const char *why, struct err *e)
{
    struct buf out;
    text copy = arena_copy(x->a, text_of(why));
    buf_init(&out, 16384);
    buf_printf(&out,
               "{\"resourceType\":\"OperationOutcome\",\"issue\":[{\"severity\":\"error\","
               "\"code\":\"%s\",\"details\":{\"text\":",
               status == 404   ? "not-found"
               : status == 403 ? "forbidden"
               : status == 413 ? "too-long"
                               : "transient");
    json_write_string(copy, &out);
    buf_add(&out, T("}}]}"));
    x->status = status;
    x->why = copy.p;
    x->answer = buf_failed(&out) ? (text){0} : arena_copy(x->a, buf_text(&out));
    buf_done(&out);
    return x->answer.p && copy.p ? 0 : ask_no_memory(e);
}

static int refuse_as(struct serve *x, const struct err *why, struct err *e)
{
    return refuse(x, err_info(why->code)->status, err_text(why), e);
}

/* Somebody who asks about people of whom they may know nothing, again and again. */
static void count_guess(struct serve *x)
{
    if (ask_count(x->k, "guess", x->asker->ods, x->s.account) == ASK_GUESSES + 1) {
        text words =
            arena_printf(x->a,
                         "somebody there (%.*s) has asked about more than %d people within "
                         "an hour about whom they may know nothing",
                         TEXT_ARG(x->s.name), ASK_GUESSES);
        ask_alarm(x->k, "location-probe", x->asker->ods, words);
    }
    /* The accounts are the asker's word: a member that lies has a new one each time. */
    if (ask_count(x->k, "guesses", x->asker->ods, (text){0}) == ASK_GUESSES_ALL + 1) {
        text words = arena_printf(x->a,
                                  "people there have asked about more than %d people within an "
                                  "hour about whom they may know nothing",
                                  ASK_GUESSES_ALL);
        ask_alarm(x->k, "location-probe", x->asker->ods, words);
    }
}

/* The request itself, from its JSON. */
static int read_request(struct serve *x, text request, struct err *e)
{
    yyjson_val *root = NULL;
    int rc = json_read(request, 4, x->a, &root, e);
    rc = rc ? rc : jose_unique(root, e);
    x->path = json_text(json_get(root, T("path")));
    if (!rc && !text_eq(json_text(json_get(root, T("method"))), T("GET"))) {
        rc = err_set(e, ERR_FORBIDDEN, "members are asked by GET alone; nothing is written here");
    }
    return rc ? rc : ask_path_allowed(x->path, e);
}

/* 0: admitted, or refused with words (x->status). */
static int admit(struct serve *x, struct err *e)
{
    const struct loc_world *w = x->k->world;
    struct err why = {0};
    bool conflict = false;
    int rc = ask_admit(w, &x->s, x->asker, x->a, &x->ad, &conflict, &why);
    if (conflict) {
        struct err ignored; /* the alarm is there all the same, and whoever asks is told nothing */
        (void)ask_conflict(w, x->asker, &x->ad, x->a, &ignored);
        ask_alarm(x->k, "identity-conflict", x->asker->ods,
                  T("it asked about somebody whose NHS number is here with other details; people "
                    "at both places have to compare them: see the Tasks identity-conflict"));
    }
    if (rc == ERR_NOT_FOUND) {
        count_guess(x);
    }
    if (!rc && x->ad.opens) {
        rc = ask_open(w, &x->s, &x->ad, x->a, &why);
        rc = rc ? rc : w->decide(w->context, &x->ad.caller, x->ad.patient, &x->ad.decision, &why);
        if (!rc) {
            x->ad.relation = text_of(relationship_words(RELATION_OVERRIDE));
        }
    }
    if (rc == ERR_NOT_FOUND || rc == ERR_FORBIDDEN) {
        return refuse_as(x, &why, e);
    }
    if (rc) {
        *e = why;
    }
    return rc;
}

static int fetch_own(struct serve *x, struct err *e)
{
    const struct loc_world *w = x->k->world;
    x->own =
        (struct own_call){.method = T("GET"), .path = ask_path_with(x->path, x->ad.patient, x->a)};
    int rc = x->own.path.p ? w->own(w->context, &x->ad.caller, &x->own, x->a, e) : ask_no_memory(e);
    if (rc) {
        return rc;
    }
    if (x->own.status == 200 && x->own.answer.n <= ASK_ANSWER_MAX) {
        x->status = 200;
        x->answer = x->own.answer;
        return 0;
    }
    switch (x->own.status) {
    case 200:
        return refuse(x, 413, "the answer would be larger than members take; ask for less", e);
    case 403:
        return refuse(x, 403, "this role is not shown this", e);
    case 404:
    case 410:
        return refuse(x, 404, "nothing is held here that may be shown", e);
    default:
        return refuse(x, x->own.status < 500 ? 403 : 503,
                      x->own.status < 500 ? "this cannot be asked here"
                                          : "this node could not read its record; ask again later",
                      e);
    }
}

/* Whose record it is, as it stands here. */
static int read_subject(struct serve *x, struct err *e)
{
    struct receipt *r = &x->given;
    struct own_call call = {.method = T("GET"),
                            .path = arena_printf(x->a, "Patient/%.*s", TEXT_ARG(x->ad.patient))};
    const struct loc_world *w = x->k->world;
    yyjson_val *patient = NULL;
    int rc = call.path.p ? w->own(w->context, NULL, &call, x->a, e) : ask_no_memory(e);
    rc = rc                   ? rc
         : call.status == 200 ? json_read(call.answer, ASK_DEPTH, x->a, &patient, e)
                              : err_set(e, ERR_IO, "the patient cannot be read (%d)", call.status);
    rc = rc ? rc : person_of(patient, &r->subject, e);
    if (!rc) {
        r->patient = x->ad.patient;
        r->superseded = text_eq(r->subject.nhs_number, x->s.subject.nhs_number)
                            ? (text){0}
                            : x->s.subject.nhs_number;
    }
    return rc;
}

/* Before anything is read: a choice that comes meanwhile must not be taken for one that was heeded,
 * and reaches the asker since it is among those who have asked (K2). */
static int note_consent(struct serve *x, struct err *e)
{
    uint8_t person[32];
    int rc = read_subject(x, e);
    if (!rc && x->k->feed) {
        rc = feed_person(x->k->feed, x->given.subject.nhs_number, person, e);
        /* Allies have no feed of this locality: what they were given ends by itself. */
        rc = rc || x->ally ? rc : copies_asked(x->k->world, person, x->asker->ods, e);
        rc = rc ? rc : feed_consent(x->k->feed, person, &x->given.consent, e);
    }
    return rc;
}

static int begin_share(struct serve *x, struct foreign_share **ret, struct err *e)
{
    const struct member *self = directory_member(x->in_force, x->self);
    const struct foreign_share_ask ask = {.world = x->k->world,
                                          .foreigns = self ? x->k->foreigns : NULL,
                                          .ad = &x->ad,
                                          .path = x->path,
                                          .url = self ? self->url : (text){0}};
    return foreign_share_begin(&ask, x->a, ret, e);
}

/* The own answer, and beside it those of servers of another make (F6). */
static int fetch(struct serve *x, struct err *e)
{
    struct foreign_share *share = NULL;
    struct err why = {0};
    int rc = begin_share(x, &share, e);
    rc = rc ? rc : fetch_own(x, e);
    if (!share) {
        return rc;
    }
    bool gives = !rc && x->status == 200;
    int ended = foreign_share_end(share, gives ? x->answer : (text){0}, &x->answer, &why);
    if (rc || !ended) {
        return rc;
    }
    if (ended == ERR_TOO_LARGE) {
        return refuse_as(x, &why, e);
    }
    *e = why;
    return ended;
}

/* --- what is said of it -------------------------------------------------------------------------
 */

static int record(struct serve *x, uint8_t ret_leaf[32], struct err *e)
{
    const struct loc_world *w = x->k->world;
    const struct actor *actor = &x->ad.caller.actor;
    bool gave = x->status == 200, is_self = x->s.purpose == PURPOSE_PATIENT;
    text code = x->s.reason;
    struct audit_event event = {.at_ms = ask_now(x->k),
                                .kind = gave ? EVENT_GAVE : EVENT_REFUSED,
                                .access = is_self ? ACCESS_SELF : ACCESS_PERSON,
                                .outcome = gave ? EVENT_OK : EVENT_MINOR,
                                .why = text_of(x->why),
                                .patient = x->ad.patient,
                                .what = ask_path_what(x->path),
                                .query = ask_path_query(x->path),
                                .account = x->s.account,
                                .who = actor->party_count ? actor->parties[0] : (text){0},
                                .name = x->s.name,
                                .role = x->s.role,
                                .role_name = x->s.role_name,
                                .organisation = actor->organisation,
                                .organisation_name = x->asker->name,
                                .relation = x->ad.relation,
                                .purpose = text_of(purpose_code(x->s.purpose)),
                                .reason = text_first(code, text_find(code, ':')),
                                .peer = x->asker->ods,
                                .peer_leaf = ask_base64(x->s.leaf, 32, x->a),
                                .nonce = ask_base64(x->s.nonce, 16, x->a)};
    struct exchange_row row = {.at_ms = x->s.made_ms, .status = x->status};
    uint8_t leaf[1][32];
    struct kept_change change;
    int rc = w->record(w->context, &event, 1, leaf, e);
    if (!rc) {
        memcpy(row.nonce, x->s.nonce, sizeof row.nonce);
        memcpy(row.own_leaf, leaf[0], 32);
        memcpy(row.their_leaf, x->s.leaf, 32);
        memcpy(ret_leaf, leaf[0], 32);
        rc = exchange_change(x->asker->ods, &row, x->a, &change, e);
    }
    return rc ? rc : w->write(w->context, &change, 1, NULL, e);
}

static int sign(struct serve *x, text *ret_receipt, struct err *e)
{
    int64_t now = ask_now(x->k) / 1000 * 1000;
    struct receipt r = x->status == 200 ? x->given : (struct receipt){0};
    r.holder = x->self;
    r.asker = x->asker->ods;
    r.made_ms = now;
    r.until_ms = now + RECEIPT_MINUTES * INT64_C(60000);
    r.status = x->status;
    r.withheld = x->status == 200 ? x->own.withheld : 0;
    r.number = x->d->number;
    memcpy(r.nonce, x->s.nonce, sizeof r.nonce);
    SHA256((const unsigned char *)x->answer.p, x->answer.n, r.body);
    int rc = record(x, r.leaf, e);
    return rc ? rc : receipt_sign(&r, x->signer, x->a, ret_receipt, e);
}

static int run(struct serve *x, text *ret_receipt, struct err *e)
{
    struct err why = {0};
    text request = {0};
    int rc = identify(x, &request, e);
    if (rc) {
        return rc;
    }
    rc = read_request(x, request, &why) ? refuse(x, 403, err_text(&why), e) : admit(x, e);
    rc = rc || x->status ? rc : note_consent(x, e);
    rc = rc || x->status ? rc : fetch(x, e);
    return rc ? rc : sign(x, ret_receipt, e);
}

int ask_serve(struct asking *k, const uint8_t tls[32], text body, struct arena *a, int *ret_status,
              text *ret_answer, text *ret_receipt, struct err *e)
{
    struct serve x = {.k = k, .a = a, .tls = tls, .body = body};
    text receipt = {0};
    int rc = run(&x, &receipt, e);
    let_go(&x);
    if (!rc) {
        *ret_status = x.status;
        *ret_answer = x.answer;
        *ret_receipt = receipt;
    }
    return rc;
}
