/* Nodes that ask to be taken in, on both sides. */
#include "locality/trust_int.h"

#include "format/json.h"

#include <openssl/crypto.h>

enum { DEPTH = 6, FURTHER_CHANCE = 256 / 4 };

/* --- taking somebody in ---------------------------------------------------------------------- */

static int check_code(struct trust *t, text code, text ods, struct arena *a, struct err *e)
{
    const struct loc_world *w = t->world;
    uint8_t hash[32];
    int64_t until = 0;
    text value, invited;
    trust_invite_hash(code, hash);
    int rc = w->get(w->context, "invite", text_make((const char *)hash, 32), a, &value, e);
    bool good = !rc && trust_invite_read(value, &until, &invited) && text_eq(invited, ods) &&
                until > w->now_ms(w->context);
    if (rc == ERR_NOT_FOUND || (!rc && !good)) {
        rc = err_set(e, ERR_FORBIDDEN,
                     "this invitation is not good here: it has ended, or is for another "
                     "organisation; ask the member that invited you for a new one");
    }
    return rc;
}

struct waiting {
    const struct directory *now;
    const struct member *member;
    struct arena *a;
    uint64_t round; /* that is open */
    text note;
    bool other; /* a text of that round that waits, without this member as it is */
};

static bool same_member(const struct member *x, const struct member *y)
{
    return x && text_eq(x->ods, y->ods) && x->kind == y->kind && text_eq(x->url, y->url) &&
           text_eq(x->name, y->name) && x->tls_count == y->tls_count &&
           memcmp(x->key.key, y->key.key, 32) == 0 && memcmp(x->log.key, y->log.key, 32) == 0 &&
           memcmp(x->tls, y->tls, x->tls_count * sizeof *x->tls) == 0;
}

/* A text that waits already, of the round that is open or a later one, with this very member. */
static int find_waiting(void *context, text key, text value)
{
    struct waiting *x = context;
    struct directory_ref *ref = NULL;
    struct err ignored;
    if (trust_row_number(key) != x->now->number + 1 ||
        trust_row_number(text_from(key, 8)) < x->round || x->note.p ||
        trust_ref_new(value, &ref, &ignored)) {
        return 0;
    }
    if (same_member(directory_member(&ref->directory, x->member->ods), x->member)) {
        x->note = arena_copy(x->a, value);
    } else {
        x->other = x->other || ref->directory.round == x->round;
    }
    trust_done(ref);
    return 0;
}

/*
 * D1b. Two members that were asked by two newcomers at once have split a round. Were each to
 * propose its own again in the next, they would go on so until no round is left, without a person.
 */
static int may_propose(struct trust *t, const struct waiting *x, struct err *e)
{
    uint8_t chance = 0;
    if (x->round == 1) {
        return 0;
    }
    if (!x->other) {
        t->world->random(t->world->context, &chance, 1);
    }
    return !x->other && chance < FURTHER_CHANCE
               ? 0
               : err_set(e, ERR_BUSY,
                         "another change was proposed at the same time, and has to be signed "
                         "first");
}

/* The proposal with this member: one that waits, or a new one. */
static int propose_member(struct trust *t, const struct member *m, struct arena *a, text *ret_note,
                          struct err *e)
{
    const struct loc_world *w = t->world;
    struct trust_change change = {.kind = TRUST_ADD, .member = *m};
    struct waiting x = {.now = &t->now->directory, .member = m, .a = a};
    text body;
    int rc = trust_open_round(t, &t->now->directory, &x.round, e);
    rc = rc ? rc : w->each(w->context, "proposal", (text){0}, find_waiting, &x, e);
    if (!rc && !x.note.p) {
        rc = may_propose(t, &x, e);
        rc = rc ? rc : trust_next_text(t, &change, a, &body, e);
        rc = rc ? rc : trust_sign_text(t, body, e);
        rc = rc ? rc : w->each(w->context, "proposal", (text){0}, find_waiting, &x, e);
    }
    if (!rc && !x.note.p) {
        rc = err_set(e, ERR_BUSY, "the proposal could not be made now; try again shortly");
    }
    *ret_note = x.note;
    return rc;
}

static int take_in(struct trust *t, text code, const struct member *m, struct arena *a,
                   text *ret_note, struct err *e)
{
    const char *why;
    struct directory_ref *ref = NULL;
    int rc = trust_reread(t, e);
    rc = rc ? rc : check_code(t, code, m->ods, a, e);
    if (!rc && !trust_directory(t, &ref, &why)) {
        rc = err_set(e, ERR_FORBIDDEN, "nobody can be taken in here: %s", why);
    }
    rc = rc ? rc : propose_member(t, m, a, ret_note, e);
    trust_done(ref);
    return rc;
}

int trust_serve_join(struct trust *t, text body, struct arena *a, int *ret_status, text *ret_answer,
                     struct err *e)
{
    yyjson_val *root = NULL;
    struct member m;
    struct buf out;
    text note;
    int rc = body.n > 65536 ? err_set(e, ERR_TOO_LARGE, "a request to join is smaller than this")
                            : json_read(body, DEPTH, a, &root, e);
    rc = rc ? rc : trust_member_read(json_get(root, T("member")), &m, e);
    if (rc) {
        return rc;
    }
    pthread_mutex_lock(&t->changing);
    rc = take_in(t, json_text(json_get(root, T("code"))), &m, a, &note, e);
    pthread_mutex_unlock(&t->changing);
    if (rc) {
        return rc;
    }
    buf_init(&out, 3 * DIRECTORY_MAX);
    buf_add(&out, T("{\"notes\":["));
    json_write_string(note, &out);
    buf_add(&out, T("]}"));
    *ret_answer = buf_failed(&out) ? (text){0} : arena_copy(a, buf_text(&out));
    *ret_status = 200;
    buf_done(&out);
    t->world->wake(t->world->context);
    return ret_answer->p ? 0 : err_set(e, ERR_MEMORY, "no memory for a directory");
}

/* --- joining ---------------------------------------------------------------------------------- */

/* What a refusal says, an OperationOutcome; anything else as it is. */
static text their_words(text answer, struct arena *a)
{
    yyjson_val *root = NULL;
    struct err ignored;
    if (json_read(answer, DEPTH, a, &root, &ignored)) {
        return answer;
    }
    const yyjson_val *list = json_get(root, T("issue"));
    const yyjson_val *first =
        json_type(list) == YYJSON_TYPE_ARR && json_len(list) ? list + 1 : NULL;
    text words = json_text(json_get(json_get(first, T("details")), T("text")));
    return words.n ? words : answer;
}

static int call_inviter(struct trust *t, const struct invitation *i, struct peer_call *call,
                        struct arena *a, struct err *e)
{
    const struct loc_world *w = t->world;
    call->to = &i->from;
    call->content_type = T("application/json");
    call->most_bytes = 4 * DIRECTORY_MAX;
    w->call(w->context, call, 1, w->now_ms(w->context) + 2 * TRUST_CALL_MS, a);
    if (call->result) {
        return err_set(e, call->result,
                       "%.*s (%.*s) could not be asked: %s. It is tried again as long as this node "
                       "runs",
                       TEXT_ARG(i->from.name), TEXT_ARG(i->from.url), err_text(&call->err));
    }
    text words = text_short(their_words(call->answer, a), 400);
    return call->status == 200 ? 0
           : call->status == 403
               ? err_set(e, ERR_FORBIDDEN, "%.*s says: %.*s", TEXT_ARG(i->from.ods),
                         TEXT_ARG(words))
               : err_set(e, ERR_BUSY,
                         "%.*s does not take this node in yet (%d): %.*s. It is tried again as "
                         "long as this node runs",
                         TEXT_ARG(i->from.ods), call->status, TEXT_ARG(words));
}

/* The directory that the invitation names by its hash is where this node's trust begins. */
static int first_directory(struct trust *t, const struct invitation *i, struct err *e)
{
    struct arena a;
    yyjson_val *root = NULL;
    struct directory_ref *ref = NULL;
    bool done = false;
    arena_init(&a, 8 * TRUST_MEMORY);
    struct peer_call get = {.method = T("GET"),
                            .path = arena_printf(&a, "/locality/directory?after=%llu",
                                                 (unsigned long long)i->number - 1)};
    int rc = call_inviter(t, i, &get, &a, e);
    rc = rc ? rc : json_read(get.answer, 4, &a, &root, e);
    const yyjson_val *list = rc ? NULL : json_get(root, T("notes"));
    const yyjson_val *item = json_type(list) == YYJSON_TYPE_ARR && json_len(list) ? list + 1 : NULL;
    for (size_t left = item ? json_len(list) : 0; !rc && !done && left;
         left--, item = json_after(item)) {
        rc = trust_ref_new(json_text(item), &ref, e);
        if (!rc && memcmp(ref->directory.hash, i->hash, 32) == 0) {
            pthread_mutex_lock(&t->changing);
            rc = t->now ? 0 : trust_enforce(t, ref, NULL, e);
            /* The node that serves beside has been quicker. */
            rc = rc == ERR_CONFLICT ? trust_reread(t, e) : rc;
            pthread_mutex_unlock(&t->changing);
            done = true;
        }
        trust_done(ref);
        ref = NULL;
    }
    if (!rc && !done) {
        rc = err_set(e, ERR_FORBIDDEN,
                     "%.*s does not show the directory that the invitation names; ask for a new "
                     "invitation",
                     TEXT_ARG(i->from.ods));
    }
    rc = rc ? rc : trust_take(t, get.answer, e);
    arena_done(&a);
    return rc;
}

/* A proposal that came back has this node in it as it is, and follows what is in force here. Under
 * `changing`. */
static int sign_now(struct trust *t, const struct directory_ref *ref, const struct member *self,
                    struct err *e)
{
    int rc = trust_reread(t, e);
    rc = rc ? rc : trust_read_self(t, e); /* another process may have made the key */
    const struct directory *now = t->now ? &t->now->directory : NULL;
    if (!rc && now && directory_member(now, self->ods)) {
        return 0; /* by what the node that serves beside has done */
    }
    if (!rc && (!now || ref->directory.number != now->number + 1 ||
                memcmp(ref->directory.previous, now->hash, 32) != 0)) {
        rc = err_set(e, ERR_BUSY,
                     "the proposal is of another number than the next one here; this node asks "
                     "again as long as it runs");
    }
    if (!rc && !same_member(directory_member(&ref->directory, self->ods), self)) {
        rc = err_set(e, ERR_FORBIDDEN, "the proposal tells of this node what is not so");
    }
    rc = rc ? rc : trust_consider(t, ref, NULL, e);
    return rc ? rc : trust_sign_text(t, ref->directory.body, e);
}

static int sign_own(struct trust *t, text note, const struct member *self, struct err *e)
{
    struct directory_ref *ref = NULL;
    int rc = trust_ref_new(note, &ref, e);
    bool again = !rc;
    for (int i = 0; again && i < TRUST_TRIES; i++) {
        pthread_mutex_lock(&t->changing);
        rc = sign_now(t, ref, self, e);
        pthread_mutex_unlock(&t->changing);
        again = rc == ERR_CONFLICT; /* the node that serves beside writes about it, too */
    }
    trust_done(ref);
    return rc;
}

static int ask_in(struct trust *t, const struct invitation *i, const struct member *self,
                  struct arena *a, struct err *e)
{
    struct buf body;
    yyjson_val *root = NULL;
    text ours;
    /* With this node's signature it may be in force here at once, and has to be told all the same.
     */
    struct directory_ref *now = trust_hold(t);
    uint64_t before = now ? now->directory.number : 0;
    trust_done(now);
    buf_init(&body, 65536);
    buf_add(&body, T("{\"code\":"));
    json_write_string(i->code, &body);
    buf_add(&body, T(",\"member\":"));
    trust_member_print(self, &body);
    buf_addc(&body, '}');
    struct peer_call post = {
        .method = T("POST"), .path = T("/locality/join"), .body = buf_text(&body)};
    int rc = call_inviter(t, i, &post, a, e);
    buf_done(&body);
    rc = rc ? rc : json_read(post.answer, 4, a, &root, e);
    const yyjson_val *list = rc ? NULL : json_get(root, T("notes"));
    if (!rc && (json_type(list) != YYJSON_TYPE_ARR || !json_len(list))) {
        rc = err_set(e, ERR_INVALID, "%.*s sent no proposal", TEXT_ARG(i->from.ods));
    }
    rc = rc ? rc : sign_own(t, json_text(list + 1), self, e);
    rc = rc ? rc : trust_tell(t, before, a, &ours, e);
    if (!rc) {
        struct peer_call tell = {
            .method = T("POST"), .path = T("/locality/directory"), .body = ours};
        struct err ignored;
        (void)call_inviter(t, i, &tell, a, &ignored); /* trust_round() tells it again */
    }
    return rc;
}

/* {"invitation","member"}: kept from the first moment until this node is a member. */
static int keep_wish(struct trust *t, text invitation, const struct member *self, struct err *e)
{
    const struct loc_world *w = t->world;
    struct buf value;
    buf_init(&value, 65536);
    buf_add(&value, T("{\"invitation\":"));
    json_write_string(invitation, &value);
    buf_add(&value, T(",\"member\":"));
    trust_member_print(self, &value);
    buf_addc(&value, '}');
    struct kept_change put = {
        .change = KEPT_PUT, .kind = "own", .key = T("invitation"), .value = buf_text(&value)};
    int rc = w->write(w->context, &put, 1, NULL, e);
    OPENSSL_cleanse(value.p, value.n);
    buf_done(&value);
    return rc;
}

/* Whether this node is in already, as it asks to be. */
static int look_at_self(const struct directory *now, const struct invitation *i,
                        const struct trust_self_config *self, bool *ret_in, struct err *e)
{
    const struct member *m = now ? directory_member(now, self->ods) : NULL;
    bool here = now && text_eq(now->name, i->name);
    *ret_in = here && m && text_eq(m->url, self->url) && m->kind == self->kind;
    if (here && m && !*ret_in) {
        return err_set(e, ERR_CONFLICT,
                       "this node is a member of '%.*s' already, as %s at %.*s; 'kith locality "
                       "propose DIR address --url URL' changes the address",
                       TEXT_ARG(now->name), member_kind_words(m->kind), TEXT_ARG(m->url));
    }
    return now && !here ? err_set(e, ERR_CONFLICT,
                                  "this node is in the locality '%.*s' already; 'kith locality "
                                  "leave' forgets that one",
                                  TEXT_ARG(now->name))
                        : 0;
}

static int begin_joining(struct trust *t, const struct invitation *i,
                         const struct trust_self_config *self, text invitation,
                         struct member *ret_self, bool *ret_in, struct err *e)
{
    int rc = trust_reread(t, e);
    const struct directory *now = rc || !t->now ? NULL : &t->now->directory;
    if (!rc && !text_eq(i->ods, self->ods)) {
        rc = err_set(e, ERR_FORBIDDEN, "this invitation is for %.*s, not for %.*s",
                     TEXT_ARG(text_short(i->ods, 20)), TEXT_ARG(self->ods));
    }
    rc = rc ? rc : look_at_self(now, i, self, ret_in, e);
    rc = rc || *ret_in ? rc : trust_forget_spent(t, e);
    rc = rc || *ret_in ? rc : trust_own_key(t, self->ods, e);
    if (!rc && !*ret_in) {
        *ret_self = trust_member_of(t, self);
        rc = keep_wish(t, invitation, ret_self, e);
    }
    return rc;
}

/* The node that serves beside may have come in with this invitation in the meantime: then it is
 * spent, and refused, and yet this node is where it wanted to be. */
static bool came_in_beside(struct trust *t, const struct invitation *i,
                           const struct trust_self_config *self)
{
    struct err ignored;
    bool in = false;
    (void)first_directory(t, i, &ignored); /* the others may have signed meanwhile */
    pthread_mutex_lock(&t->changing);
    int rc = trust_reread(t, &ignored);
    rc = rc ? rc : look_at_self(t->now ? &t->now->directory : NULL, i, self, &in, &ignored);
    pthread_mutex_unlock(&t->changing);
    return !rc && in;
}

int trust_join(struct trust *t, text invitation, const struct trust_self_config *self,
               struct err *e)
{
    struct arena a;
    struct invitation i;
    struct member m;
    bool in = false;
    arena_init(&a, 8 * TRUST_MEMORY);
    int rc = trust_invitation_read(invitation, &a, &i, e);
    if (!rc) {
        pthread_mutex_lock(&t->changing);
        rc = begin_joining(t, &i, self, invitation, &m, &in, e);
        pthread_mutex_unlock(&t->changing);
    }
    if (!rc && !in) {
        /* Who was removed knows the directory, and may have missed some of it since. */
        rc = t->now ? trust_heard(t, i.from.ods, i.number, e) : first_directory(t, &i, e);
        rc = rc ? rc : ask_in(t, &i, &m, &a, e);
        rc = rc == ERR_FORBIDDEN && came_in_beside(t, &i, self) ? 0 : rc;
    }
    arena_done(&a);
    return rc;
}

int trust_join_again(struct trust *t, struct err *e)
{
    const struct loc_world *w = t->world;
    struct arena a;
    yyjson_val *root = NULL;
    struct invitation i;
    struct member m;
    struct err theirs;
    text wish;
    int64_t now = w->now_ms(w->context);
    if (now < t->join_at_ms && t->join_at_ms - now <= TRUST_JOIN_MS) {
        return 0;
    }
    arena_init(&a, 8 * TRUST_MEMORY);
    int rc = w->get(w->context, "own", T("invitation"), &a, &wish, e);
    if (!rc) {
        t->join_at_ms = now + TRUST_JOIN_MS;
        rc = json_read(wish, DEPTH, &a, &root, e);
        rc = rc ? rc : trust_invitation_read(json_text(json_get(root, T("invitation"))), &a, &i, e);
        rc = rc ? rc : trust_member_read(json_get(root, T("member")), &m, e);
        int asked = rc || t->now ? rc : first_directory(t, &i, &theirs);
        if (!rc && !asked && t->now && !directory_member(&t->now->directory, m.ods)) {
            (void)ask_in(t, &i, &m, &a, &theirs);
        }
    }
    arena_done(&a);
    return rc == ERR_NOT_FOUND ? 0 : rc;
}
