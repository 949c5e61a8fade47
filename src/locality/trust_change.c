/* What administrators do: begin a locality, change it, sign changes. */
#include "locality/trust_int.h"

#include <openssl/crypto.h>
#include <stdlib.h>

enum { TERM_DAYS = 365, NAMES_MAX = 64 };

/* --- the own keys
 * ----------------------------------------------------------------------------------------- */

/* Makes a key and keeps it with the other changes, unless there is one. */
static int make_key(struct trust *t, text ods, const char *row, const struct kept_change *with,
                    struct err *e)
{
    const struct loc_world *w = t->world;
    struct buf key;
    char name[NAMES_MAX];
    (void)snprintf(name, sizeof name, "kith.care/member/%.*s", TEXT_ARG(ods));
    buf_init(&key, 4096);
    int rc = note_signer_make(text_of(name), &key, e);
    struct kept_change puts[2] = {
        {.change = KEPT_ADD, .kind = "own", .key = text_of(row), .value = buf_text(&key)}};
    if (with) {
        puts[1] = *with;
    }
    rc = rc ? rc : w->write(w->context, puts, with ? 2 : 1, NULL, e);
    OPENSSL_cleanse(key.p, key.n);
    buf_done(&key);
    return rc == ERR_CONFLICT ? 0 : rc; /* another process has just made it */
}

int trust_own_key(struct trust *t, text ods, struct err *e)
{
    struct kept_change code = {.change = KEPT_ADD, .kind = "own", .key = T("ods"), .value = ods};
    if (ods.n >= sizeof t->ods || !ods.n) {
        return err_set(e, ERR_VALUE, "an ODS code has 1 to 9 capital letters and digits");
    }
    int rc = trust_read_self(t, e);
    rc = rc || t->signer ? rc : make_key(t, ods, "key", t->ods[0] ? NULL : &code, e);
    rc = rc || t->signer ? rc : trust_read_self(t, e);
    if (!rc && !text_eq(ods, text_of(t->ods))) {
        rc = err_set(e, ERR_CONFLICT, "this node is %s already", t->ods);
    }
    return rc;
}

/* A further one, for TRUST_KEYS: made and kept, or the one that waits already. */
static int next_key(struct trust *t, struct err *e)
{
    int rc = trust_read_self(t, e);
    rc = rc || t->next_signer ? rc : make_key(t, text_of(t->ods), "next", NULL, e);
    return rc || t->next_signer ? rc : trust_read_self(t, e);
}

struct member trust_member_of(const struct trust *t, const struct trust_self_config *self)
{
    struct member m = {.ods = self->ods,
                       .kind = self->kind,
                       .url = self->url,
                       .name = self->name,
                       .key = *note_signer_key(t->signer),
                       .log = self->log,
                       .tls_count = 1};
    memcpy(m.tls[0], self->tls, 32);
    return m;
}

/* --- signing
 * ------------------------------------------------------------------------------------------------
 */

struct earlier {
    const struct trust *t;
    text row; /* number, round */
    text hash;
    bool found;
};

static int look_for_own(void *context, text key, text value)
{
    struct earlier *x = context;
    bool bits[DIRECTORY_MEMBERS_MAX];
    const struct directory *now = &x->t->now->directory;
    const struct member *self = directory_member(now, text_of(x->t->ods));
    if (self && text_starts(key, x->row) && !text_eq(text_from(key, x->row.n), x->hash)) {
        (void)directory_signers(value, now, bits);
        x->found = x->found || bits[self - now->members];
    }
    return 0;
}

/* A node that was put back from a backup does not have its vote any more, but hears from the others
 * what it has signed. */
static int voted_before(struct trust *t, const struct kept_change *vote, bool *ret, struct err *e)
{
    const struct loc_world *w = t->world;
    struct earlier x = {.t = t, .row = vote->key, .hash = vote->value};
    int rc = t->now ? w->each(w->context, "proposal", (text){0}, look_for_own, &x, e) : 0;
    *ret = x.found;
    return rc;
}

/* *ret_new: it has not been signed yet, and the vote has to be written with the text. */
static int look_at_vote(struct trust *t, const struct directory *d, struct kept_change *vote,
                        struct arena *a, bool *ret_new, struct err *e)
{
    const struct loc_world *w = t->world;
    text was = {0};
    bool before = false;
    int rc = w->get(w->context, "vote", vote->key, a, &was, e);
    *ret_new = rc == ERR_NOT_FOUND;
    rc = *ret_new ? voted_before(t, vote, &before, e) : rc;
    if (!rc && (before || (!*ret_new && !text_eq(was, vote->value)))) {
        rc =
            err_set(e, ERR_CONFLICT,
                    "this node has signed another text with the number %llu (round %llu); it signs "
                    "one only. When no text of this round can be signed by enough members any "
                    "more, somebody may propose again",
                    (unsigned long long)d->number, (unsigned long long)d->round);
    }
    return rc;
}

static bool is_key_of(const struct note_signer *signer, const struct directory *d)
{
    const struct note_key *key = signer ? note_signer_key(signer) : NULL;
    for (size_t i = 0; key && i < d->member_count; i++) {
        if (memcmp(d->members[i].key.key, key->key, sizeof key->key) == 0) {
            return true;
        }
    }
    return false;
}

/* With the own key, and with the one that the text itself makes the own one. */
static int sign_note(struct trust *t, const struct directory *d, struct arena *a, text *ret_note,
                     struct err *e)
{
    struct buf note, second;
    text body, lines;
    buf_init(&note, DIRECTORY_MAX);
    buf_init(&second, DIRECTORY_MAX);
    int rc = note_sign(t->signer, d->body, &note, e);
    if (!rc && is_key_of(t->next_signer, d)) {
        rc = note_sign(t->next_signer, d->body, &second, e);
        if (!rc && note_split(buf_text(&second), &body, &lines)) {
            buf_add(&note, lines);
        }
    }
    if (!rc) {
        *ret_note = arena_copy(a, buf_text(&note));
        rc = ret_note->p ? 0 : err_set(e, ERR_MEMORY, "no memory for a directory");
    }
    buf_done(&note);
    buf_done(&second);
    return rc;
}

static int sign_once(struct trust *t, const struct directory *d, struct arena *a, struct err *e)
{
    struct directory_ref *ref = NULL;
    char key[16];
    text note;
    bool is_new = false;
    struct kept_change vote = {.change = KEPT_ADD,
                               .kind = "vote",
                               .key = text_make(key, sizeof key),
                               .value = text_make((const char *)d->hash, 32)};
    int rc = 0;
    /* Who is not a member yet votes for nothing: it says that it wants to be one. */
    if (!t->now || directory_member(&t->now->directory, text_of(t->ods))) {
        trust_row_key(d->number, d->round, key);
        rc = look_at_vote(t, d, &vote, a, &is_new, e);
    }
    rc = rc ? rc : sign_note(t, d, a, &note, e);
    rc = rc ? rc : trust_ref_new(note, &ref, e);
    rc = rc ? rc : trust_consider(t, ref, is_new ? &vote : NULL, e);
    trust_done(ref);
    return rc;
}

/* Whether a text has been decided about meanwhile: its number is in force. */
static bool is_decided(const struct trust *t, const struct directory *d, int *ret_rc, struct err *e)
{
    const struct directory *now = t->now ? &t->now->directory : NULL;
    if (!now || now->number < d->number) {
        return false;
    }
    bool same = now->number == d->number && memcmp(now->hash, d->hash, sizeof d->hash) == 0;
    *ret_rc = same ? 0
                   : err_set(e, ERR_CONFLICT,
                             "number %llu has come into force meanwhile with another change; look "
                             "at 'kith locality list', and propose anew what is still wanted",
                             (unsigned long long)now->number);
    return true;
}

int trust_sign_text(struct trust *t, text body, struct err *e)
{
    struct arena a;
    struct directory d;
    arena_init(&a, TRUST_MEMORY);
    int rc = directory_read(body, &a, &d, e);
    struct arena_mark mark = arena_mark(&a);
    bool again = !rc;
    /* The node that serves beside this process may write about the same text at the same time. */
    for (int i = 0; again && i < TRUST_TRIES; i++) {
        arena_rewind(&a, mark);
        rc = i ? trust_reread(t, e) : 0;
        again = !rc && !(i && is_decided(t, &d, &rc, e));
        rc = again ? sign_once(t, &d, &a, e) : rc;
        again = again && rc == ERR_CONFLICT;
    }
    arena_done(&a);
    return rc;
}

/* --- the first
 * ------------------------------------------------------------------------------------------------
 */

static int create(struct trust *t, text name, const struct trust_self_config *self, struct err *e)
{
    struct buf body;
    int rc = trust_reread(t, e);
    if (!rc && t->now) {
        rc = err_set(e, ERR_CONFLICT,
                     "this node is in the locality '%.*s' already; 'kith locality leave' "
                     "forgets that one",
                     TEXT_ARG(t->now->directory.name));
    }
    rc = rc ? rc : trust_own_key(t, self->ods, e);
    if (rc) {
        return rc;
    }
    struct member m = trust_member_of(t, self);
    int64_t at_ms = t->world->now_ms(t->world->context) / 1000 * 1000;
    struct directory d = {.name = name,
                          .number = 1,
                          .round = 1,
                          .from_ms = at_ms,
                          .until_ms = at_ms + TERM_DAYS * INT64_C(86400000),
                          .quorum = 1,
                          .members = &m,
                          .member_count = 1};
    buf_init(&body, DIRECTORY_MAX);
    rc = directory_print(&d, &body, e);
    rc = rc ? rc : trust_sign_text(t, buf_text(&body), e);
    buf_done(&body);
    return rc;
}

int trust_create(struct trust *t, text name, const struct trust_self_config *self, struct err *e)
{
    pthread_mutex_lock(&t->changing);
    int rc = create(t, name, self, e);
    pthread_mutex_unlock(&t->changing);
    return rc;
}

/* --- rounds
 * ----------------------------------------------------------------------------------------------------
 */

struct tally {
    const struct directory *now;
    uint64_t number, round;
    bool voted[DIRECTORY_MEMBERS_MAX]; /* for any text of the round */
    size_t voters;
    size_t most; /* votes of the text that has most */
};

static int count_votes(void *context, text key, text value)
{
    struct tally *x = context;
    char wanted[16];
    bool bits[DIRECTORY_MEMBERS_MAX];
    trust_row_key(x->number, x->round, wanted);
    if (key.n < 16 || memcmp(key.p, wanted, 16) != 0) {
        return 0;
    }
    size_t count = directory_signers(value, x->now, bits);
    x->most = count > x->most ? count : x->most;
    for (size_t i = 0; i < x->now->member_count; i++) {
        x->voters += bits[i] && !x->voted[i];
        x->voted[i] = x->voted[i] || bits[i];
    }
    return 0;
}

/* Whether no text of this round can come to a quorum any more. */
static int round_is_over(struct trust *t, const struct directory *now, uint64_t round,
                         bool *ret_over, struct err *e)
{
    const struct loc_world *w = t->world;
    struct tally *x = calloc(1, sizeof *x);
    if (!x) {
        return err_set(e, ERR_MEMORY, "no memory to count signatures");
    }
    x->now = now;
    x->number = now->number + 1;
    x->round = round;
    int rc = w->each(w->context, "proposal", (text){0}, count_votes, x, e);
    /* Whoever has not signed yet might sign the one that has most. */
    *ret_over = !rc && x->most + (now->member_count - x->voters) < now->quorum;
    free(x);
    return rc;
}

int trust_open_round(struct trust *t, const struct directory *now, uint64_t *ret_round,
                     struct err *e)
{
    bool over = true;
    int rc = 0;
    uint64_t round = 0;
    while (!rc && over && round < TRUST_ROUNDS_MAX) {
        round++;
        rc = round_is_over(t, now, round, &over, e);
    }
    if (!rc && over) {
        rc = err_set(e, ERR_TOO_MANY,
                     "the members have not agreed in %d rounds; they have to meet and agree who "
                     "proposes, and found the locality anew",
                     TRUST_ROUNDS_MAX);
    }
    *ret_round = round;
    return rc;
}

/* --- proposing
 * ----------------------------------------------------------------------------------------------------
 */

/* This node is a member of the one in force, and signs. */
static int may_sign(struct trust *t, struct err *e)
{
    int rc = trust_reread(t, e);
    if (!rc && !t->now) {
        rc = err_set(e, ERR_NOT_FOUND,
                     "this node is in no locality; 'kith locality create' or 'join' begins");
    }
    if (!rc && !directory_member(&t->now->directory, text_of(t->ods))) {
        rc = err_set(e, ERR_FORBIDDEN,
                     "this node is no member of '%.*s' (not yet, or not any more), so it signs "
                     "nothing",
                     TEXT_ARG(t->now->directory.name));
    }
    return rc;
}

static int propose(struct trust *t, const struct trust_change *change, struct err *e)
{
    struct arena a;
    struct trust_change c = *change;
    text body;
    arena_init(&a, TRUST_MEMORY);
    int rc = may_sign(t, e);
    if (!rc && c.kind == TRUST_KEYS && c.new_key) {
        rc = text_eq(c.member.ods, text_of(t->ods))
                 ? next_key(t, e)
                 : err_set(e, ERR_FORBIDDEN, "a member makes its own key, nobody else does");
        c.member.key = rc ? c.member.key : *note_signer_key(t->next_signer);
    }
    rc = rc ? rc : trust_next_text(t, &c, &a, &body, e);
    rc = rc ? rc : trust_sign_text(t, body, e);
    arena_done(&a);
    return rc;
}

int trust_propose(struct trust *t, const struct trust_change *change, struct err *e)
{
    pthread_mutex_lock(&t->changing);
    int rc = propose(t, change, e);
    pthread_mutex_unlock(&t->changing);
    t->world->wake(t->world->context);
    return rc;
}

/* --- proposals
 * -----------------------------------------------------------------------------------------------------
 */

struct finding {
    text wanted; /* hex */
    uint64_t number;
    struct arena *a;
    text note;
    size_t found;
};

static int find_proposal(void *context, text key, text value)
{
    struct finding *f = context;
    char hex[65];
    if (key.n != 48) {
        return ERR_CORRUPT;
    }
    text_hex(key.p + 16, 32, hex);
    if (trust_row_number(key) == f->number && text_starts(text_make(hex, 64), f->wanted)) {
        f->found++;
        f->note = arena_copy(f->a, value);
    }
    return 0;
}

static int sign_proposal(struct trust *t, text proposal, struct arena *a, struct err *e)
{
    const struct loc_world *w = t->world;
    struct finding f = {.wanted = proposal, .a = a};
    struct directory d;
    text body;
    uint64_t round = 0;
    int rc = may_sign(t, e);
    f.number = rc ? 0 : t->now->directory.number + 1;
    rc = rc ? rc : w->each(w->context, "proposal", (text){0}, find_proposal, &f, e);
    if (!rc && f.found != 1) {
        rc = err_set(e, f.found ? ERR_MULTIPLE : ERR_NOT_FOUND,
                     "%s proposal that waits begins with '%.*s'; 'kith locality list' shows them",
                     f.found ? "more than one" : "no", TEXT_ARG(text_short(proposal, 64)));
    }
    rc = rc ? rc : directory_body(f.note, &body, e);
    rc = rc ? rc : directory_read(body, a, &d, e);
    rc = rc ? rc : trust_open_round(t, &t->now->directory, &round, e);
    if (!rc && d.round > round) {
        rc = err_set(e, ERR_CONFLICT,
                     "this proposal is of round %llu, but a text of round %llu may still be signed "
                     "by enough members as far as is known here; signatures of others may be on "
                     "their way: try again shortly",
                     (unsigned long long)d.round, (unsigned long long)round);
    }
    return rc ? rc : trust_sign_text(t, body, e);
}

int trust_sign(struct trust *t, text proposal, struct err *e)
{
    struct arena a;
    if (proposal.n < 8) {
        return err_set(e, ERR_VALUE, "name a proposal by at least 8 of its digits");
    }
    arena_init(&a, 2 * TRUST_MEMORY);
    pthread_mutex_lock(&t->changing);
    int rc = sign_proposal(t, proposal, &a, e);
    pthread_mutex_unlock(&t->changing);
    arena_done(&a);
    t->world->wake(t->world->context);
    return rc;
}

/* --- as words
 * ------------------------------------------------------------------------------------------------------
 */

struct listing {
    const struct directory *now;
    uint64_t round; /* texts of those before are no choice any more */
    bool over;      /* nor are those of this one */
    struct arena *a;
    text *words;
    size_t count, capacity;
};

static void word_signers(text note, const struct directory *now, struct buf *out)
{
    bool bits[DIRECTORY_MEMBERS_MAX];
    size_t count = directory_signers(note, now, bits);
    buf_printf(out, "; signed by %zu of %zu, %zu are needed:", count, now->member_count,
               now->quorum);
    for (size_t i = 0; i < now->member_count; i++) {
        if (bits[i]) {
            buf_printf(out, " %.*s", TEXT_ARG(now->members[i].ods));
        }
    }
}

static int list_one(void *context, text key, text value)
{
    struct listing *x = context;
    struct directory_ref *ref = NULL;
    struct buf words;
    struct err ignored;
    char hex[17];
    if (trust_row_number(key) != x->now->number + 1 || key.n != 48 ||
        trust_row_number(text_from(key, 8)) < x->round) {
        return 0;
    }
    int rc = trust_ref_new(value, &ref, &ignored);
    text *grown = arena_grow(x->a, x->words, x->count, &x->capacity, sizeof *x->words);
    if (rc || !grown) {
        trust_done(ref);
        return rc ? rc : ERR_MEMORY;
    }
    x->words = grown;
    buf_init(&words, 65536);
    text_hex(ref->directory.hash, 8, hex);
    buf_printf(&words, "%s: number %llu, round %llu", hex,
               (unsigned long long)ref->directory.number, (unsigned long long)ref->directory.round);
    trust_describe(x->now, &ref->directory, &words);
    word_signers(value, x->now, &words);
    if (x->over) {
        buf_add(&words, T("; TOO LATE: the others have signed something else. Who still wants it "
                          "proposes it again"));
    }
    x->words[x->count] = arena_copy(x->a, buf_text(&words));
    rc = x->words[x->count++].p ? 0 : ERR_MEMORY;
    buf_done(&words);
    trust_done(ref);
    return rc;
}

/* Those that can still come into force; where a round has just been split, those of it. */
static int list_all(struct trust *t, struct listing *x, struct err *e)
{
    const struct loc_world *w = t->world;
    int rc = trust_open_round(t, x->now, &x->round, e);
    if (rc == ERR_TOO_MANY) {
        rc = 0;
        x->round = TRUST_ROUNDS_MAX + 1;
    }
    rc = rc ? rc : w->each(w->context, "proposal", (text){0}, list_one, x, e);
    if (!rc && !x->count && x->round > 1) {
        x->round--;
        x->over = true;
        rc = w->each(w->context, "proposal", (text){0}, list_one, x, e);
    }
    return rc;
}

int trust_proposals(struct trust *t, struct arena *a, text **ret_words, size_t *ret_count,
                    struct err *e)
{
    int rc = trust_refresh(t, e);
    struct directory_ref *now = rc ? NULL : trust_hold(t);
    struct listing x = {.now = now ? &now->directory : NULL, .a = a};
    if (now) {
        rc = list_all(t, &x, e);
    }
    trust_done(now);
    if (!rc) {
        *ret_words = x.words;
        *ret_count = x.count;
    }
    return rc == ERR_MEMORY ? err_set(e, rc, "no memory for a list of proposals") : rc;
}
