/* The home's list: written, read, asked about. */
#include "locality/places_int.h"

#include "format/json.h"
#include "locality/ask.h"

#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdlib.h>

enum { MEMORY = 4 << 20, KNOWN_ANSWER_MAX = 4096, PLAIN = 32 + PLACES_ODS };

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "no memory for the list of places");
}

static void derive(const uint8_t key[32], const char *purpose, uint8_t ret[32])
{
    unsigned n = 32;
    (void)HMAC(EVP_sha256(), key, 32, (const unsigned char *)purpose, strlen(purpose), ret, &n);
}

int places_open(const struct loc_world *world, struct trust *trust, struct feed *feed,
                const uint8_t key[32], struct places **ret_places, struct err *e)
{
    struct places *p = calloc(1, sizeof *p);
    if (!p) {
        return no_memory(e);
    }
    p->world = world;
    p->trust = trust;
    p->feed = feed;
    derive(key, "kith.care/places/person", p->person_key);
    derive(key, "kith.care/places/member", p->member_key);
    derive(key, "kith.care/places/seal", p->seal_key);
    pthread_mutex_init(&p->lock, NULL);
    *ret_places = p;
    return 0;
}

void places_close(struct places *p)
{
    if (p) {
        pthread_mutex_destroy(&p->lock);
        explicit_bzero(p, sizeof *p);
        free(p);
    }
}

/* --- the list -----------------------------------------------------------------------------------
 */

int places_note(struct places *p, text holder, const struct subject *s, struct err *e)
{
    const struct loc_world *w = p->world;
    char key[PLACES_ROW];
    uint8_t plain[PLAIN] = {0};
    struct arena a;
    text sealed;
    arena_init(&a, 65536);
    places_row_key(p, s->nhs_number, holder, key);
    memcpy(plain + 32, holder.p, holder.n < PLACES_ODS ? holder.n : PLACES_ODS - 1);
    int rc = feed_person(p->feed, s->nhs_number, plain, e);
    rc = rc ? rc
            : places_seal(p, text_make(key, sizeof key), text_make((char *)plain, sizeof plain), &a,
                          &sealed, e);
    if (!rc) {
        const struct kept_change put = {.change = KEPT_PUT,
                                        .kind = "place",
                                        .key = text_make(key, sizeof key),
                                        .value = sealed};
        rc = w->write(w->context, &put, 1, NULL, e);
    }
    arena_done(&a);
    return rc;
}

int places_forget(struct places *p, text holder, const struct subject *s, struct err *e)
{
    const struct loc_world *w = p->world;
    char key[PLACES_ROW];
    places_row_key(p, s->nhs_number, holder, key);
    const struct kept_change gone = {
        .change = KEPT_DELETE, .kind = "place", .key = text_make(key, sizeof key)};
    return w->write(w->context, &gone, 1, NULL, e);
}

struct listing {
    const struct places *p;
    struct arena *a;
    text *ods;
    size_t count, capacity;
    struct err why;
};

static int list_one(void *context, text key, text value)
{
    struct listing *l = context;
    text plain;
    int rc = places_unseal(l->p, key, value, l->a, &plain, &l->why);
    if (rc || plain.n != PLAIN) {
        return rc ? rc : err_set(&l->why, ERR_CORRUPT, "a row of the list of places is damaged");
    }
    text *ods = arena_grow(l->a, l->ods, l->count, &l->capacity, sizeof *ods);
    if (!ods) {
        return no_memory(&l->why);
    }
    l->ods = ods;
    text code = text_make(plain.p + 32, strnlen(plain.p + 32, PLACES_ODS));
    ods[l->count++] = code;
    return 0;
}

int places_of(struct places *p, text nhs_number, struct arena *a, text **ret_ods, size_t *ret_count,
              struct err *e)
{
    const struct loc_world *w = p->world;
    struct listing l = {.p = p, .a = a};
    char key[PLACES_ROW];
    places_row_key(p, nhs_number, (text){0}, key);
    int rc = w->each(w->context, "place", text_make(key, 32), list_one, &l, e);
    if (rc && l.why.code) {
        return err_set(e, l.why.code, "%s", err_text(&l.why));
    }
    if (!rc) {
        *ret_ods = l.ods;
        *ret_count = l.count;
    }
    return rc;
}

/* --- who may know -------------------------------------------------------------------------------
 */

/* Whether an asker may know that something is held here. `s` came enclosed. */
static int is_known(struct places *p, const struct statement *s, const struct member *asker,
                    bool *ret_yes, struct err *e)
{
    struct admission admission;
    struct arena a;
    struct err why = {0};
    bool conflict = false;
    arena_init(&a, MEMORY);
    int rc = ask_admit(p->world, s, asker, &a, &admission, &conflict, &why);
    arena_done(&a);
    *ret_yes = rc == 0;
    return rc == 0 || rc == ERR_NOT_FOUND || rc == ERR_FORBIDDEN
               ? 0
               : err_set(e, rc, "%s", err_text(&why));
}

/* An ally's member may have asked the home, too (D7). */
static int read_enclosed(struct places *p, const struct directory *d,
                         struct directory_ref **ret_ally, const struct member *home, text body,
                         struct arena *a, struct statement *ret, const struct member **ret_asker,
                         struct err *e)
{
    yyjson_val *root = NULL;
    uint8_t request[32];
    (void)SHA256((const unsigned char *)PLACES_REQUEST, sizeof PLACES_REQUEST - 1, request);
    struct statement_expect expect = {
        .self = home->ods, .request = request, .now_ms = p->world->now_ms(p->world->context)};
    text issuer, jws;
    int rc = json_read(body, 2, a, &root, e);
    jws = rc ? (text){0} : json_text(json_get(root, T("statement")));
    rc = rc ? rc : statement_issuer(jws, a, &issuer, e);
    if (rc) {
        return rc;
    }
    expect.directory = trust_of_member(p->trust, d, issuer, ret_ally);
    return statement_read(jws, &expect, a, ret, ret_asker, e);
}

int places_serve_known(struct places *p, const struct member *home, text body, struct arena *a,
                       text *ret_answer, struct err *e)
{
    struct directory_ref *ref, *ally = NULL;
    const char *why;
    struct statement s;
    const struct member *asker = NULL;
    bool yes = false;
    const struct directory *d = trust_directory(p->trust, &ref, &why);
    if (!d) {
        return err_set(e, ERR_FORBIDDEN, "nobody is answered: %s", why);
    }
    int rc = read_enclosed(p, d, &ally, home, body, a, &s, &asker, e);
    rc = rc ? rc : is_known(p, &s, asker, &yes, e);
    trust_done(ally);
    trust_done(ref);
    if (!rc) {
        *ret_answer = yes ? T("{\"known\":true}") : T("{\"known\":false}");
    }
    return rc;
}

/* --- asking holders -----------------------------------------------------------------------------
 */

struct inquiry {
    struct places *p;
    const struct directory *d;
    text self, asker, body;
    text *ods; /* of the list; then: of those that said yes */
    size_t count;
    struct peer_call *calls;
    size_t call_count;
};

static bool is_away(const struct places *p, text ods)
{
    return p->away.is && p->away.is(p->away.context, ods);
}

static void note_away(const struct places *p, const struct peer_call *call)
{
    if (p->away.note && (call->result == ERR_TIMEOUT || call->result == ERR_IO)) {
        p->away.note(p->away.context, call->to->ods);
    }
}

void places_know_away(struct places *p, const struct places_away *away)
{
    p->away = *away;
}

static int make_calls(struct inquiry *q, struct arena *a, bool *ret_unasked, struct err *e)
{
    q->calls = arena_zalloc(a, q->count + 1, sizeof *q->calls);
    for (size_t i = 0; q->calls && i < q->count; i++) {
        const struct member *m = directory_member(q->d, q->ods[i]);
        if (!m || is_away(q->p, m->ods)) {
            *ret_unasked = true; /* one that has left, or came from elsewhere; or it is away */
        } else if (!text_eq(m->ods, q->self) && !text_eq(m->ods, q->asker)) {
            q->calls[q->call_count++] = (struct peer_call){.to = m,
                                                           .method = T("POST"),
                                                           .path = T("/locality/known"),
                                                           .content_type = T("application/json"),
                                                           .body = q->body,
                                                           .most_bytes = KNOWN_ANSWER_MAX};
        }
    }
    return q->calls ? 0 : no_memory(e);
}

/* Those that said yes stay. Whoever says no is passed over like one that has nothing: the asker
 * cannot tell them from each other. */
static int read_answers(struct inquiry *q, struct arena *a, bool *ret_unasked, struct err *e)
{
    q->count = 0;
    for (size_t i = 0; i < q->call_count; i++) {
        const struct peer_call *c = &q->calls[i];
        yyjson_val *root = NULL;
        struct err why = {0};
        bool came = !c->result && c->status == 200 && json_read(c->answer, 2, a, &root, &why) == 0;
        if (!came) {
            *ret_unasked = true;
            note_away(q->p, c);
        } else if (json_is_true(json_get(root, T("known")))) {
            q->ods[q->count] = arena_copy(a, c->to->ods);
            if (!q->ods[q->count++].p) {
                return no_memory(e);
            }
        }
    }
    return 0;
}

static int count_probe(struct places *p, const struct statement *s, bool any, struct err *e)
{
    const struct loc_world *w = p->world;
    bool somebody, many;
    places_count_probe(p, s->asker, s->account, any, &somebody);
    places_count_probe(p, s->asker, (text){0}, any, &many);
    int rc = somebody ? w->alarm(w->context, "location-probe", s->asker,
                                 T("somebody there has asked more than 20 times within an hour "
                                   "where people's records are, and may know none of them"),
                                 e)
                      : 0;
    return rc || !many ? rc
                       : w->alarm(w->context, "location-probe", s->asker,
                                  T("people there have asked more than 200 times within an hour "
                                    "where records are of which they may know nothing"),
                                  e);
}

static int inquire(struct inquiry *q, const struct statement *s, int64_t deadline_ms,
                   struct arena *a, bool *ret_unasked, struct err *e)
{
    const struct loc_world *w = q->p->world;
    int rc = places_of(q->p, s->subject.nhs_number, a, &q->ods, &q->count, e);
    rc = rc ? rc : make_calls(q, a, ret_unasked, e);
    if (!rc && q->call_count) {
        w->call(w->context, q->calls, q->call_count, deadline_ms, a);
    }
    return rc ? rc : read_answers(q, a, ret_unasked, e);
}

int places_ask(struct places *p, text jws, const struct statement *s, const struct member *asker,
               int64_t deadline_ms, struct arena *a, text **ret_ods, size_t *ret_count,
               bool *ret_unasked, struct err *e)
{
    struct directory_ref *ref;
    const char *why;
    const struct note_signer *signer;
    const text parts[] = {T("{\"statement\":\""), jws, T("\"}")};
    struct inquiry q = {.p = p, .asker = s->asker, .body = arena_join(a, parts, 3)};
    bool unasked = false, elsewhere = false;
    if (!q.body.p) {
        return no_memory(e);
    }
    int rc = trust_self(p->trust, &signer, &q.self, e);
    q.d = rc ? NULL : trust_directory(p->trust, &ref, &why);
    if (!q.d) {
        return rc ? rc : err_set(e, ERR_FORBIDDEN, "nobody is answered: %s", why);
    }
    rc = inquire(&q, s, deadline_ms, a, &unasked, e);
    trust_done(ref);
    rc = rc ? rc : places_is_elsewhere(p, &s->subject, &elsewhere, e);
    /* L4: whoever may know that the home has a record, as its own people may, does not guess. */
    bool may = q.count != 0 || text_eq(s->asker, q.self);
    rc = rc || may ? rc : is_known(p, s, asker, &may, e);
    rc = rc ? rc : count_probe(p, s, may, e);
    if (!rc) {
        *ret_ods = q.ods;
        *ret_count = q.count;
        *ret_unasked = unasked || elsewhere;
    }
    return rc;
}
