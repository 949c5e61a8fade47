/* Asking: A1, A5, and what comes back. */
#include "identity/jose.h"
#include "locality/ask_int.h"
#include "locality/reconcile.h"

#include <openssl/sha.h>

/* One member that is asked. */
struct going {
    struct ask_one *one;
    const struct member *to;
    struct directory_ref *ally; /* whose member it is; NULL: of the own locality (D7) */
    struct statement statement;
    struct exchange_row row;
    bool answered; /* with a receipt that counts */
};

struct asks {
    struct asking *k;
    const struct ask *ask;
    const struct directory *d;
    const struct note_signer *signer;
    text self, request;
    uint8_t tls[32], request_hash[32];
    struct arena *a;
    struct going *going;
    struct peer_call *calls; /* as many as going */
    size_t count;
};

text ask_base64(const void *p, size_t n, struct arena *a)
{
    return base64url_print(text_make(p, n), a);
}

/* --- the statement ------------------------------------------------------------------------------
 */

text ask_account(text self, const struct caller *caller, struct arena *a)
{
    const struct actor *actor = &caller->actor;
    text who =
        actor->kind == ACTOR_PROFESSIONAL && actor->party_count ? actor->parties[0] : (text){0};
    return person_account(self, who, actor->account, a);
}

static struct statement make_statement(const struct asks *x, const struct member *to, text account)
{
    const struct loc_world *w = x->k->world;
    const struct actor *actor = &x->ask->caller->actor;
    int64_t now = ask_now(x->k) / 1000 * 1000; /* as it is sent: both sides have the same */
    struct statement s = {.asker = x->self,
                          .holder = to->ods,
                          .made_ms = now,
                          .ends_ms = now + STATEMENT_SECONDS * INT64_C(1000),
                          .locality = x->d->name,
                          .number = x->d->number,
                          .account = account,
                          .name = actor->name.n ? actor->name : T("somebody without a name"),
                          .role = actor->role,
                          .role_name = actor->role_name,
                          .purpose = actor->purpose,
                          .relation = x->ask->relation,
                          .reason = x->ask->reason,
                          .subject = x->ask->subject};
    memcpy(s.tls, x->tls, sizeof s.tls);
    memcpy(s.request, x->request_hash, sizeof s.request);
    w->random(w->context, s.nonce, sizeof s.nonce);
    return s;
}

static int make_request(struct asks *x, struct err *e)
{
    struct buf out;
    buf_init(&out, 4 * ASK_PATH_MAX);
    buf_add(&out, T("{\"method\":\"GET\",\"path\":"));
    json_write_string(x->ask->path, &out);
    buf_addc(&out, '}');
    x->request = buf_failed(&out) ? (text){0} : arena_copy(x->a, buf_text(&out));
    buf_done(&out);
    if (!x->request.p) {
        return ask_no_memory(e);
    }
    SHA256((const unsigned char *)x->request.p, x->request.n, x->request_hash);
    return 0;
}

/* --- the own log --------------------------------------------------------------------------------
 */

static enum access_class class_of(const struct ask *ask)
{
    const struct actor *a = &ask->caller->actor;
    if (a->purpose == PURPOSE_LEGAL) {
        return ACCESS_LEGAL;
    }
    if (a->kind == ACTOR_PERSON) {
        return a->patient.n && text_eq(a->patient, ask->patient) ? ACCESS_SELF : ACCESS_PROXY;
    }
    return a->kind != ACTOR_PROFESSIONAL ? ACCESS_SYSTEM
           : a->alone                    ? ACCESS_PREFETCH
                                         : ACCESS_PERSON;
}

struct audit_event ask_event(const struct ask *ask, enum event_kind kind, text peer, int64_t now_ms)
{
    struct audit_event event = {.at_ms = now_ms,
                                .kind = kind,
                                .access = class_of(ask),
                                .patient = ask->patient,
                                .what = ask_path_what(ask->path),
                                .query = ask_path_query(ask->path),
                                .relation = ask->relation,
                                .reason = text_first(ask->reason, text_find(ask->reason, ':')),
                                .peer = peer};
    caller_event(ask->caller, &event);
    return event;
}

static struct audit_event make_event(const struct asks *x, enum event_kind kind,
                                     const struct going *g)
{
    struct audit_event event = ask_event(x->ask, kind, g->to->ods, ask_now(x->k));
    event.nonce = ask_base64(g->statement.nonce, 16, x->a);
    return event;
}

/* The rows for the reconciler, in one batch. */
static int write_rows(struct asks *x, struct going *const *which, size_t count, struct err *e)
{
    const struct loc_world *w = x->k->world;
    struct kept_change *changes = arena_zalloc(x->a, count + 1, sizeof *changes);
    int rc = changes ? 0 : ask_no_memory(e);
    for (size_t i = 0; !rc && i < count; i++) {
        rc = exchange_change(which[i]->to->ods, &which[i]->row, x->a, &changes[i], e);
    }
    return rc ? rc : w->write(w->context, changes, count, NULL, e);
}

static int log_all(struct asks *x, const struct audit_event *events, size_t count,
                   uint8_t (**ret_leaves)[32], struct err *e)
{
    const struct loc_world *w = x->k->world;
    *ret_leaves = arena_alloc(x->a, (count + 1) * sizeof **ret_leaves);
    return *ret_leaves ? w->record(w->context, events, count, *ret_leaves, e) : ask_no_memory(e);
}

static int note_asked(struct asks *x, struct err *e)
{
    struct audit_event *events = arena_zalloc(x->a, x->count, sizeof *events);
    struct going **which = arena_zalloc(x->a, x->count, sizeof *which);
    if (!events || !which) {
        return ask_no_memory(e);
    }
    for (size_t i = 0; i < x->count; i++) {
        struct going *g = &x->going[i];
        which[i] = g;
        events[i] = make_event(x, EVENT_ASKED, g);
        g->row = (struct exchange_row){.at_ms = g->statement.made_ms, .is_asker = true};
        memcpy(g->row.nonce, g->statement.nonce, sizeof g->row.nonce);
    }
    uint8_t(*leaves)[32];
    int rc = log_all(x, events, x->count, &leaves, e);
    for (size_t i = 0; !rc && i < x->count; i++) {
        memcpy(which[i]->row.own_leaf, leaves[i], 32);
        memcpy(which[i]->statement.leaf, leaves[i], 32);
    }
    return rc ? rc : write_rows(x, which, x->count, e);
}

static int note_answered(struct asks *x, struct err *e)
{
    struct audit_event *events = arena_zalloc(x->a, x->count, sizeof *events);
    struct going **which = arena_zalloc(x->a, x->count, sizeof *which);
    size_t n = 0;
    if (!events || !which) {
        return ask_no_memory(e);
    }
    for (size_t i = 0; i < x->count; i++) {
        struct going *g = &x->going[i];
        if (g->answered) {
            bool good = g->one->outcome == ASK_ANSWERED;
            which[n] = g;
            events[n] = make_event(x, EVENT_ANSWERED, g);
            events[n].outcome = good                             ? EVENT_OK
                                : g->one->outcome == ASK_REFUSED ? EVENT_MINOR
                                                                 : EVENT_SERIOUS;
            events[n].why = good ? (text){0} : text_of(g->one->why);
            events[n].peer_leaf = ask_base64(g->one->receipt.leaf, 32, x->a);
            memcpy(g->row.their_leaf, g->one->receipt.leaf, 32);
            g->row.status = g->one->receipt.status;
            n++;
        }
    }
    /* The rows first: after a crash between them the reconciler asks for what came, at least. */
    uint8_t(*leaves)[32];
    int rc = n ? write_rows(x, which, n, e) : 0;
    return rc || !n ? rc : log_all(x, events, n, &leaves, e);
}

/* --- what came ----------------------------------------------------------------------------------
 */

static void end(struct going *g, enum ask_outcome outcome, const char *why)
{
    g->one->outcome = outcome;
    g->one->why = why;
}

/* Somebody has to look at this: who, and what does not hold. */
static void broken(struct asks *x, struct going *g, const char *kind, text words)
{
    text copy = arena_copy(x->a, words);
    ask_alarm(x->k, kind, g->to->ods, words);
    end(g, ASK_BROKEN, copy.p ? copy.p : "what came cannot be used");
}

static const char *refusal(int status)
{
    return status == 404   ? "it does not say whether it holds anything"
           : status == 412 ? "did not accept the time of the request; compare the clocks of both"
           : status >= 500 ? "has a fault, or is busy"
           : status == 413
               ? "what it holds is more than one answer may have; ask for a part of the record"
               : "its rules let it give nothing to this role or for this purpose";
}

/* Who is not there is asked once, and not again until a probe reaches it; so only somebody who says
 * that they are there can be late again and again. */
static void count_late(struct asking *k, text ods, int result)
{
    if (result == ERR_TIMEOUT && ask_count(k, "late", ods, (text){0}) == ASK_LATE) {
        ask_alarm(k, "slow", ods,
                  T("it says that it is there, and again and again its answers did not come in "
                    "time, within an hour; what it holds is missing in joined records"));
    }
}

static void judge_failed(struct asks *x, struct going *g, const struct peer_call *c)
{
    if (c->result == ERR_TIMEOUT || c->result == ERR_IO) {
        ask_set_away(x->k, g->to->ods, true);
        count_late(x->k, g->to->ods, c->result);
        end(g, ASK_TIMED_OUT, c->result == ERR_IO ? "cannot be reached" : "did not answer in time");
    } else if (c->result == ERR_FORBIDDEN) {
        broken(x, g, "wrong-certificate",
               T("whoever answers at its address has not the key that the directory says"));
    } else if (c->result == ERR_TOO_LARGE) {
        broken(x, g, "answer",
               T("it sent more than an answer may have, and was not heard to the "
                 "end"));
    } else {
        end(g, ASK_TIMED_OUT, "could not be asked");
    }
}

static void judge(struct asks *x, struct going *g, const struct peer_call *c)
{
    uint8_t hash[32];
    struct err e = {0};
    struct receipt *r = &g->one->receipt;
    g->one->took_ms = c->took_ms;
    if (c->result) {
        judge_failed(x, g, c);
        return;
    }
    if (!c->receipt.n && c->status >= 400) {
        end(g, ASK_REFUSED, refusal(c->status));
        return;
    }
    SHA256((const unsigned char *)c->answer.p, c->answer.n, hash);
    if (!c->receipt.n) {
        broken(x, g, "answer", T("it answered without a receipt"));
        return;
    }
    if (receipt_read(c->receipt, g->to, &g->statement, hash, ask_now(x->k), x->a, r, &e)) {
        broken(x, g, "receipt", text_of(err_text(&e)));
        return;
    }
    /* The holder's clock may be ahead: no longer than from when it was asked, by the own one (K3).
     */
    int64_t most = g->statement.made_ms + RECEIPT_MINUTES * INT64_C(60000);
    r->until_ms = r->until_ms < most ? r->until_ms : most;
    g->answered = true;
    ask_newer(x->k, g->to->ods, r->number, x->d->number);
    if (r->status != c->status) {
        broken(x, g, "receipt", T("its receipt is of another status than its answer"));
    } else if (r->status != 200) {
        end(g, ASK_REFUSED, refusal(r->status));
    } else if (ask_check(c->answer, &x->ask->subject, r, g->to, x->a, &g->one->tree, &e)) {
        broken(x, g, "answer", text_of(err_text(&e)));
    } else {
        end(g, ASK_ANSWERED, NULL);
        g->one->body = c->answer;
    }
}

/* --- all of it ----------------------------------------------------------------------------------
 */

/* Whom to ask. */
static int choose(struct asks *x, struct ask_one *ones, size_t count, struct err *e)
{
    text account = ask_account(x->self, x->ask->caller, x->a);
    x->going = arena_zalloc(x->a, count + 1, sizeof *x->going);
    if (!x->going || !account.p) {
        return ask_no_memory(e);
    }
    for (size_t i = 0; i < count; i++) {
        struct ask_one *one = &ones[i];
        text ods = one->ods;
        struct directory_ref *ally;
        const struct member *to = trust_member(x->k->trust, x->d, ods, &ally);
        *one = (struct ask_one){.ods = ods, .outcome = ASK_REFUSED};
        if (!to || text_eq(ods, x->self)) {
            one->why = to ? "is this node itself" : "is no member of this locality";
        } else if (ask_is_away(x->k, ods)) {
            one->outcome = ASK_AWAY;
            one->why = "is away; it was not asked";
        } else {
            struct going *g = &x->going[x->count++];
            *g = (struct going){
                .one = one, .to = to, .ally = ally, .statement = make_statement(x, to, account)};
            ally = NULL;
        }
        trust_done(ally);
    }
    return 0;
}

static int make_calls(struct asks *x, struct err *e)
{
    x->calls = arena_zalloc(x->a, x->count + 1, sizeof *x->calls);
    int rc = x->calls ? 0 : ask_no_memory(e);
    for (size_t i = 0; !rc && i < x->count; i++) {
        struct going *g = &x->going[i];
        text jws;
        rc = statement_sign(&g->statement, x->signer, x->a, &jws, e);
        if (!rc) {
            x->calls[i] = (struct peer_call){.to = g->to,
                                             .method = T("POST"),
                                             .path = T("/locality/ask"),
                                             .content_type = T("application/json"),
                                             .body = ask_body_print(jws, x->request, x->a),
                                             .most_bytes = ASK_ANSWER_MAX};
            rc = x->calls[i].body.p ? 0 : ask_no_memory(e);
        }
    }
    return rc;
}

static int run(struct asks *x, struct ask_one *ones, size_t count, struct err *e)
{
    const struct loc_world *w = x->k->world;
    int rc = trust_self(x->k->trust, &x->signer, &x->self, e);
    if (!rc && !directory_member(x->d, x->self)) {
        rc = err_set(e, ERR_FORBIDDEN,
                     "no other place can be asked: this node is not a member of %.*s any more",
                     TEXT_ARG(x->d->name));
    }
    rc = rc ? rc : w->own_tls(w->context, x->tls, e);
    rc = rc ? rc : make_request(x, e);
    rc = rc ? rc : choose(x, ones, count, e);
    if (rc || !x->count) {
        return rc;
    }
    rc = note_asked(x, e);
    rc = rc ? rc : make_calls(x, e);
    if (rc) {
        return rc;
    }
    w->call(w->context, x->calls, x->count, x->ask->deadline_ms, x->a);
    for (size_t i = 0; i < x->count; i++) {
        judge(x, &x->going[i], &x->calls[i]);
    }
    return note_answered(x, e);
}

int ask_members(struct asking *k, const struct ask *ask, struct ask_one *ones, size_t count,
                struct arena *a, struct err *e)
{
    struct directory_ref *ref;
    const char *why = NULL;
    struct asks x = {.k = k, .ask = ask, .a = a};
    int rc = ask_path_allowed(ask->path, e);
    if (rc) {
        return rc;
    }
    if (!ask->caller || ask->caller->actor.kind == ACTOR_NOBODY) {
        return err_set(e, ERR_LOGIN, "sign in first: other places are asked in somebody's name");
    }
    x.d = trust_directory(k->trust, &ref, &why);
    if (!x.d) {
        return err_set(e, ERR_FORBIDDEN, "no other place can be asked: %s",
                       why ? why : "this node is in no locality");
    }
    rc = run(&x, ones, count, e);
    for (size_t i = 0; i < x.count; i++) {
        trust_done(x.going[i].ally);
    }
    trust_done(ref);
    return rc;
}
