#include "locality/witness_int.h"

#include <stdlib.h>

enum { PROOF_LINES_MAX = 63, ATTEMPTS = 8 };

int witness_open(const struct loc_world *world, struct trust *trust, struct witness **ret,
                 struct err *e)
{
    struct witness *w = calloc(1, sizeof *w);
    if (!w) {
        return err_set(e, ERR_MEMORY, "no memory for the witness");
    }
    w->world = world;
    w->trust = trust;
    atomic_init(&w->next_ms, INT64_MIN);
    atomic_init(&w->heard, true); /* there may be something of before the start */
    *ret = w;
    return 0;
}

void witness_close(struct witness *w)
{
    free(w);
}

int witness_directory(struct witness *w, struct directory_ref **ret_ref,
                      const struct directory **ret_directory, text *ret_self, struct err *e)
{
    const char *why = NULL;
    const struct note_signer *signer;
    int rc = trust_self(w->trust, &signer, ret_self, e);
    if (rc) {
        return rc;
    }
    *ret_directory = trust_directory(w->trust, ret_ref, &why);
    return *ret_directory ? 0 : err_set(e, ERR_FORBIDDEN, "%s", why);
}

const struct member *witness_member(const struct directory *d, text origin)
{
    text prefix = T("kith.care/log/");
    const struct member *m =
        text_starts(origin, prefix) ? directory_member(d, text_from(origin, prefix.n)) : NULL;
    return m && text_eq(origin, text_of(m->log.name)) ? m : NULL;
}

/* Whether a line may be of the log: "— name ". */
static bool names_log(text line, const struct member *m)
{
    text name = text_from(line, T("\xE2\x80\x94 ").n), log = text_of(m->log.name);
    return text_starts(line, T("\xE2\x80\x94 ")) && text_starts(name, log) && name.n > log.n &&
           name.p[log.n] == ' ';
}

int witness_sight(text note, const struct member *m, struct arena *a, struct sighting *ret,
                  struct err *e)
{
    text body, lines, line;
    if (note.n > NOTE_MAX || !note_split(note, &body, &lines)) {
        return err_set(e, ERR_SYNTAX, "this is no signed note: text, an empty line, signatures");
    }
    for (int at = 0; at < NOTE_LINES_MAX && text_cut(&lines, '\n', &line); at++) {
        if (!names_log(line, m) || body.n + line.n > WITNESS_NOTE_MAX - 2) {
            continue;
        }
        const text parts[] = {body, T("\n"), line, T("\n")};
        struct sighting s = {.note = arena_join(a, parts, 4)};
        if (!s.note.p) {
            return err_set(e, ERR_MEMORY, "no memory for a checkpoint");
        }
        if (checkpoint_verify(s.note, &m->log, &s.checkpoint, e) == 0) {
            *ret = s;
            return 0;
        }
    }
    return err_set(e, ERR_FORBIDDEN, "the checkpoint is not signed by %s", m->log.name);
}

/* --- add-checkpoint -----------------------------------------------------------------------------
 */

struct offer {
    uint64_t old;
    struct tlog_hash proof[TLOG_PROOF_MAX];
    size_t count;
    text note;
};

/* A decimal in its one form. */
static bool read_size(text t, uint64_t *ret)
{
    return text_to_u64(t, ret) && (t.n == 1 || t.p[0] != '0');
}

static bool read_offer(text body, struct offer *ret)
{
    text rest = body, line;
    struct offer o = {0};
    if (body.n > WITNESS_BODY_MAX || !text_cut(&rest, '\n', &line) ||
        !text_starts(line, T("old ")) || !read_size(text_from(line, 4), &o.old)) {
        return false;
    }
    while (text_cut(&rest, '\n', &line) && line.n) {
        if (o.count == PROOF_LINES_MAX || !base64_hash(line, &o.proof[o.count++])) {
            return false;
        }
    }
    o.note = rest;
    *ret = o;
    return rest.p && rest.n;
}

struct reply {
    int status;
    text answer;
};

static int say(struct reply *r, int status, text words)
{
    *r = (struct reply){status, words};
    return 0;
}

static int say_size(struct reply *r, uint64_t size, struct arena *a)
{
    *r = (struct reply){409, arena_printf(a, "%llu\n", (unsigned long long)size)};
    return r->answer.p ? 0 : ERR_MEMORY;
}

static int cosign_it(struct witness *w, const struct sighting *s, struct arena *a, struct reply *r,
                     struct err *e)
{
    const struct note_signer *signer;
    text self, body, lines;
    struct buf line;
    int rc = trust_self(w->trust, &signer, &self, e);
    buf_init(&line, COSIGN_LINE_MAX);
    (void)note_split(s->note, &body, &lines);
    rc = rc ? rc : cosign(signer, body, w->world->now_ms(w->world->context) / 1000, &line, e);
    if (!rc) {
        *r = (struct reply){200, arena_copy(a, buf_text(&line))};
        rc = r->answer.p ? 0 : err_set(e, ERR_MEMORY, "no memory for a cosignature");
    }
    buf_done(&line);
    return rc;
}

/* That the tree that is known is the beginning of the one that is offered. */
static bool proof_holds(const struct offer *o, const struct known *known, const struct sighting *s,
                        struct sha *sha)
{
    if (o->old == 0 || o->old == s->checkpoint.size) {
        return o->count == 0;
    }
    return tlog_check_old(sha, o->old, s->checkpoint.size, &known->newest.checkpoint.root,
                          &s->checkpoint.root, o->proof, o->count);
}

static bool root_is_of_nothing(const struct checkpoint *c, struct sha *sha)
{
    struct tlog_hash none = tlog_empty(sha);
    return c->size || tlog_same(&c->root, &none);
}

/* Against what is known now. ERR_CONFLICT: something else was taken meanwhile. */
static int judge(struct witness *w, const struct member *m, const struct offer *o,
                 const struct sighting *s, struct sha *sha, struct arena *a, struct reply *r,
                 struct err *e)
{
    struct known known;
    int rc = witness_known(w, m, a, &known, e);
    if (rc) {
        return rc;
    }
    uint64_t size = known.any ? known.newest.checkpoint.size : 0;
    if (o->old != size) {
        /* Smaller than what it has shown before: it may have gone back. */
        rc = s->checkpoint.size <= size && s->checkpoint.size ? witness_consider(w, m, s, e) : 0;
        return rc ? rc : say_size(r, size, a);
    }
    bool same = known.any && s->checkpoint.size == size;
    if (same && !tlog_same(&s->checkpoint.root, &known.newest.checkpoint.root)) {
        rc = witness_found_fork(w, m, &known.newest, s, e);
        return rc ? rc : say_size(r, size, a);
    }
    if (!proof_holds(o, &known, s, sha) || !root_is_of_nothing(&s->checkpoint, sha)) {
        rc = s->checkpoint.size ? witness_consider(w, m, s, e) : 0;
        return rc ? rc : say(r, 422, T("the consistency proof does not hold\n"));
    }
    rc = same ? 0 : witness_take(w, m, &known, s, e);
    return rc ? rc : cosign_it(w, s, a, r, e);
}

static int answer(struct witness *w, const struct directory *d, text self, text body,
                  struct arena *a, struct reply *r, struct err *e)
{
    struct offer o;
    struct sighting s;
    struct checkpoint c;
    struct err why = {0};
    text text_of_it, lines;
    if (!read_offer(body, &o) || !note_split(o.note, &text_of_it, &lines) ||
        checkpoint_read(text_of_it, &c, &why)) {
        return say(r, 400,
                   T("the body is 'old N', hashes in base64, an empty line, a checkpoint\n"));
    }
    const struct member *m = witness_member(d, c.origin);
    if (!m || text_eq(m->ods, self)) {
        return say(r, 404, T("this is not the log of another member\n"));
    }
    int rc = witness_sight(o.note, m, a, &s, &why);
    if (rc) {
        return rc == ERR_MEMORY ? rc : say(r, 403, T("the log has not signed this checkpoint\n"));
    }
    if (o.old > c.size) {
        return say(r, 400, T("the old size is larger than that of the checkpoint\n"));
    }
    struct sha *sha = sha_new();
    rc = sha ? ERR_CONFLICT : err_set(e, ERR_MEMORY, "no memory for a checkpoint");
    for (int i = 0; rc == ERR_CONFLICT && i < ATTEMPTS; i++) {
        rc = judge(w, m, &o, &s, sha, a, r, e);
    }
    sha_free(sha);
    return rc == ERR_CONFLICT ? err_set(e, ERR_BUSY, "too many checkpoints of this log at once")
                              : rc;
}

int witness_serve(struct witness *w, text body, struct arena *a, int *ret_status, text *ret_answer,
                  struct err *e)
{
    struct directory_ref *ref = NULL;
    const struct directory *d;
    struct reply r = {0};
    text self;
    int rc = witness_directory(w, &ref, &d, &self, e);
    rc = rc ? rc : answer(w, d, self, body, a, &r, e);
    trust_done(ref);
    if (!rc) {
        *ret_status = r.status;
        *ret_answer = r.answer;
    }
    return rc;
}

/* --- rounds ------------------------------------------------------------------------------------
 */

/* With three members, by turns: what each has of others. */
static int exchange_some(struct witness *w, const struct directory *d, text self, struct err *e)
{
    const struct loc_world *world = w->world;
    struct peer_call calls[3] = {0};
    size_t count = 0;
    text ours;
    struct arena a;
    arena_init(&a, WITNESS_MEMORY);
    int rc = witness_gossip(w, &a, &ours, e);
    size_t others = d->member_count - 1;
    for (size_t tried = 0; !rc && tried < d->member_count && count < 3 && count < others; tried++) {
        const struct member *m = &d->members[atomic_fetch_add(&w->peers_turn, 1) % d->member_count];
        if (!text_eq(m->ods, self)) {
            calls[count++] = (struct peer_call){.to = m,
                                                .method = T("POST"),
                                                .path = T("/locality/checkpoints"),
                                                .content_type = T("application/json"),
                                                .body = ours,
                                                .most_bytes = WITNESS_BODY_MAX};
        }
    }
    if (!rc && count) {
        world->call(world->context, calls, count, world->now_ms(world->context) + WITNESS_WAIT_MS,
                    &a);
    }
    for (size_t i = 0; i < count && !rc; i++) {
        struct err why = {0};
        if (calls[i].result == 0 && calls[i].status == 200) {
            rc = witness_hear(w, calls[i].to->ods, calls[i].answer, &why);
            /* What one of them says badly is no reason not to listen to the next. */
            rc = rc == ERR_IO || rc == ERR_FULL ? err_set(e, rc, "%s", err_text(&why)) : 0;
        }
    }
    arena_done(&a);
    return rc;
}

int witness_round(struct witness *w, struct err *e)
{
    int64_t now = w->world->now_ms(w->world->context);
    bool due = now >= atomic_load(&w->next_ms), heard = atomic_exchange(&w->heard, false);
    struct directory_ref *ref = NULL;
    const struct directory *d;
    struct err why = {0};
    text self;
    if (!due && !heard) {
        return 0;
    }
    if (witness_directory(w, &ref, &d, &self, &why)) {
        return 0; /* alone: nobody to witness, and nobody who would */
    }
    int rc = 0;
    if (due) {
        atomic_store(&w->next_ms, now + WITNESS_EVERY_MS);
        rc = witness_offer(w, d, self, e);
        rc = rc ? rc : exchange_some(w, d, self, e);
    }
    rc = rc ? rc : witness_settle(w, d, e);
    rc = rc ? rc : witness_tell_forks(w, d, self, e);
    trust_done(ref);
    return rc;
}
