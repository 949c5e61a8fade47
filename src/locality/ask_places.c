/* Where somebody's record is: asking their home, and answering as one. L3. */
#include "locality/ask_int.h"
#include "locality/places.h"

#include <openssl/sha.h>

enum { PLACES_ANSWER_MAX = 256 << 10, PLACES_DEPTH = 4 };

/* --- as an asker --------------------------------------------------------------------------------
 */

struct seeking {
    struct asking *k;
    struct places *places;
    const struct ask *ask;
    const struct directory *d;
    const struct member *home;
    struct directory_ref *ally; /* whose member that is; NULL: of the own locality (D7) */
    const struct note_signer *signer;
    text self;
    struct statement statement;
    text jws;
    struct arena *a;
};

static int make_statement(struct seeking *x, struct err *e)
{
    const struct loc_world *w = x->k->world;
    const struct actor *actor = &x->ask->caller->actor;
    int64_t now = ask_now(x->k) / 1000 * 1000;
    x->statement =
        (struct statement){.asker = x->self,
                           .holder = x->home->ods,
                           .made_ms = now,
                           .ends_ms = now + STATEMENT_SECONDS * INT64_C(1000),
                           .locality = x->d->name,
                           .number = x->d->number,
                           .account = ask_account(x->self, x->ask->caller, x->a),
                           .name = actor->name.n ? actor->name : T("somebody without a name"),
                           .role = actor->role,
                           .role_name = actor->role_name,
                           .purpose = actor->purpose,
                           .relation = x->ask->relation,
                           .reason = x->ask->reason,
                           .subject = x->ask->subject};
    w->random(w->context, x->statement.nonce, sizeof x->statement.nonce);
    SHA256((const unsigned char *)PLACES_REQUEST, sizeof PLACES_REQUEST - 1, x->statement.request);
    return x->statement.account.p ? w->own_tls(w->context, x->statement.tls, e) : ask_no_memory(e);
}

/* A1. That the home was asked is in the log; it names the places, and gives nothing of a record. */
static int note(struct seeking *x, struct err *e)
{
    const struct loc_world *w = x->k->world;
    struct audit_event event = ask_event(x->ask, EVENT_ASKED, x->home->ods, ask_now(x->k));
    event.what = T("places");
    event.query = (text){0};
    event.nonce = ask_base64(x->statement.nonce, 16, x->a);
    return w->record(w->context, &event, 1, &x->statement.leaf, e);
}

static int take_answer(struct seeking *x, text answer, text **ret_ods, size_t *ret_count,
                       bool *ret_unasked, struct err *e)
{
    yyjson_val *root = NULL;
    int rc = json_read(answer, PLACES_DEPTH, x->a, &root, e);
    const yyjson_val *list = rc ? NULL : json_get(root, T("places"));
    bool is_list = json_type(list) == YYJSON_TYPE_ARR;
    size_t most = is_list ? json_len(list) : 0, count = 0;
    text *ods = is_list ? arena_zalloc(x->a, most + 1, sizeof *ods) : NULL;
    if (!ods) {
        return rc ? rc : err_set(e, ERR_SYNTAX, "the home's answer is no list of places");
    }
    const yyjson_val *item = list + 1;
    for (size_t left = most; left; left--, item = json_after(item)) {
        struct directory_ref *ally;
        const struct member *m = trust_member(x->k->trust, x->d, json_text(item), &ally);
        if (m) { /* others could not be asked */
            ods[count] = arena_copy(x->a, m->ods);
        }
        trust_done(ally);
        if (m && !ods[count++].p) {
            return ask_no_memory(e);
        }
    }
    *ret_ods = ods;
    *ret_count = count;
    *ret_unasked = json_is_true(json_get(root, T("unasked"))) || count < most;
    return 0;
}

/* Whatever the home does or does not, the places that are known without it can be asked. */
static int ask_home(struct seeking *x, text **ret_ods, size_t *ret_count, bool *ret_unasked,
                    struct err *e)
{
    const struct loc_world *w = x->k->world;
    struct err ignored = {0};
    struct peer_call call = {.to = x->home,
                             .method = T("POST"),
                             .path = T("/locality/places"),
                             .content_type = T("application/json"),
                             .body = ask_body_print(x->jws, T(PLACES_REQUEST), x->a),
                             .most_bytes = PLACES_ANSWER_MAX};
    if (!call.body.p) {
        return ask_no_memory(e);
    }
    w->call(w->context, &call, 1, x->ask->deadline_ms, x->a);
    if (call.result == ERR_TIMEOUT || call.result == ERR_IO) {
        ask_set_away(x->k, x->home->ods, true);
    } else if (call.result == ERR_FORBIDDEN) {
        ask_alarm(x->k, "wrong-certificate", x->home->ods,
                  T("whoever answers at its address has not the key that the directory says"));
    }
    *ret_unasked = true;
    if (call.result || call.status != 200) {
        return 0;
    }
    int rc = take_answer(x, call.answer, ret_ods, ret_count, ret_unasked, &ignored);
    if (rc == ERR_MEMORY) {
        return ask_no_memory(e);
    }
    if (rc) {
        ask_alarm(x->k, "answer", x->home->ods, T("it answered with something else than places"));
    }
    return 0;
}

static int seek(struct seeking *x, text home, text **ret_ods, size_t *ret_count, bool *ret_unasked,
                struct err *e)
{
    int rc = trust_self(x->k->trust, &x->signer, &x->self, e);
    if (rc) {
        return rc;
    }
    x->home = trust_member(x->k->trust, x->d, home, &x->ally);
    if (!x->home || ask_is_away(x->k, home)) {
        *ret_unasked = true;
        return 0;
    }
    rc = make_statement(x, e);
    rc = rc ? rc : note(x, e);
    rc = rc ? rc : statement_sign(&x->statement, x->signer, x->a, &x->jws, e);
    if (rc) {
        return rc;
    }
    return text_eq(home, x->self)
               ? places_ask(x->places, x->jws, &x->statement, x->home, x->ask->deadline_ms, x->a,
                            ret_ods, ret_count, ret_unasked, e)
               : ask_home(x, ret_ods, ret_count, ret_unasked, e);
}

int ask_places(struct asking *k, struct places *places, const struct ask *ask, text home,
               struct arena *a, text **ret_ods, size_t *ret_count, bool *ret_unasked, struct err *e)
{
    struct directory_ref *ref;
    const char *why = NULL;
    struct seeking x = {.k = k, .places = places, .ask = ask, .a = a};
    text *ods = NULL;
    size_t count = 0;
    bool unasked = false;
    x.d = trust_directory(k->trust, &ref, &why);
    if (!x.d) {
        return err_set(e, ERR_FORBIDDEN, "no other place can be asked: %s",
                       why ? why : "this node is in no locality");
    }
    int rc = seek(&x, home, &ods, &count, &unasked, e);
    trust_done(x.ally);
    trust_done(ref);
    if (!rc) {
        *ret_ods = ods;
        *ret_count = count;
        *ret_unasked = unasked;
    }
    return rc;
}

/* --- as a home ----------------------------------------------------------------------------------
 */

static int print_answer(const text *ods, size_t count, bool unasked, struct arena *a,
                        text *ret_answer, struct err *e)
{
    struct buf out;
    buf_init(&out, PLACES_ANSWER_MAX);
    buf_add(&out, T("{\"places\":["));
    for (size_t i = 0; i < count; i++) {
        if (i) {
            buf_addc(&out, ',');
        }
        json_write_string(ods[i], &out);
    }
    buf_printf(&out, "],\"unasked\":%s}", unasked ? "true" : "false");
    *ret_answer = buf_failed(&out) ? (text){0} : arena_copy(a, buf_text(&out));
    buf_done(&out);
    return ret_answer->p ? 0 : ask_no_memory(e);
}

/* A2, of the one question that there is. */
static int read_question(struct asking *k, const struct directory *d, const uint8_t tls[32],
                         text body, struct arena *a, text *ret_jws, struct statement *ret,
                         const struct member **ret_asker, struct err *e)
{
    const struct note_signer *signer;
    text self, request;
    uint8_t hash[32];
    int rc = trust_self(k->trust, &signer, &self, e);
    rc = rc ? rc
         : body.n > ASK_STATEMENT_MAX
             ? err_set(e, ERR_TOO_LARGE, "a request between members has at most %d bytes",
                       ASK_STATEMENT_MAX)
             : ask_body_read(body, ret_jws, &request, e);
    if (!rc && !text_eq(request, T(PLACES_REQUEST))) {
        rc = err_set(e, ERR_SYNTAX, "this address is for the question where a record is alone");
    }
    if (rc) {
        return rc;
    }
    SHA256((const unsigned char *)request.p, request.n, hash);
    struct statement_expect expect = {.directory = d,
                                      .self = self,
                                      .tls = tls,
                                      .request = hash,
                                      .now_ms = ask_now(k),
                                      .nonces = k->nonces};
    return statement_read(*ret_jws, &expect, a, ret, ret_asker, e);
}

static int serve(struct asking *k, struct places *places, const struct directory *d,
                 const uint8_t tls[32], text body, struct arena *a, text *ret_answer, struct err *e)
{
    const struct member *by = directory_by_tls(d, tls), *asker = NULL;
    struct statement s;
    struct err why = {0};
    text jws, *ods = NULL;
    size_t count = 0;
    bool unasked = false;
    if (!by) {
        return ask_stranger(k, tls, e);
    }
    int rc = read_question(k, d, tls, body, a, &jws, &s, &asker, &why);
    if (rc) {
        return ask_turned_away(k, by, rc, &why, e);
    }
    rc = places_ask(places, jws, &s, asker, ask_now(k) + PLACES_MS, a, &ods, &count, &unasked, e);
    return rc ? rc : print_answer(ods, count, unasked, a, ret_answer, e);
}

int ask_places_serve(struct asking *k, struct places *places, const uint8_t tls[32], text body,
                     struct arena *a, text *ret_answer, struct err *e)
{
    struct directory_ref *ref;
    const char *why = NULL;
    const struct directory *d = trust_directory(k->trust, &ref, &why);
    if (!d) {
        return err_set(e, ERR_FORBIDDEN, "nobody is answered: %s",
                       why ? why : "this node is in no locality");
    }
    struct directory_ref *ally;
    const struct directory *of = trust_of_key(k->trust, d, tls, &ally);
    int rc = serve(k, places, of, tls, body, a, ret_answer, e);
    trust_done(ally);
    trust_done(ref);
    return rc;
}
