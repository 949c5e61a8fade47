/* What members tell each other of third parties' logs, and how that is decided. */
#include "locality/witness_int.h"

#include "format/json.h"

#include <stdio.h>

enum { HEARD_MAX = 16, SETTLE_MAX = 64, WHEN = 8, HOUR_MS = 3600000, DEPTH = 4, TURN = 3 };

/* --- what waits to be proved ---------------------------------------------------------------------
 */

struct waiting {
    struct arena *a;
    text key[SETTLE_MAX];
    text value[SETTLE_MAX]; /* the time, the note */
    size_t count, most;
};

static int one_waiting(void *context, text key, text value)
{
    struct waiting *x = context;
    if (x->count < x->most && value.n > WHEN) {
        x->key[x->count] = arena_copy(x->a, key);
        x->value[x->count] = arena_copy(x->a, value);
        x->count += x->key[x->count].p && x->value[x->count].p;
    }
    return 0;
}

static int64_t when_of(text value)
{
    uint64_t ms = 0;
    for (size_t i = 0; i < WHEN; i++) {
        ms = ms << 8 | (unsigned char)value.p[i];
    }
    return (int64_t)ms;
}

static int wait_for_proof(struct witness *w, const struct member *m, const struct sighting *s,
                          struct err *e)
{
    const struct loc_world *world = w->world;
    uint64_t now = (uint64_t)world->now_ms(world->context);
    char key[WITNESS_KEY_MAX], name[24], when[WHEN];
    struct buf row;
    (void)snprintf(name, sizeof name, "%016llx", (unsigned long long)s->checkpoint.size);
    for (int i = 0; i < WHEN; i++) {
        when[i] = (char)(now >> (56 - 8 * i));
    }
    buf_init(&row, WHEN + WITNESS_NOTE_MAX);
    buf_add(&row, text_make(when, sizeof when));
    buf_add(&row, s->note);
    struct kept_change add = {.change = KEPT_ADD,
                              .kind = "witness-heard",
                              .key = witness_log_key(m, text_of(name), key),
                              .value = buf_text(&row)};
    int rc = buf_failed(&row) ? err_set(e, ERR_MEMORY, "no memory for a checkpoint")
                              : world->write(world->context, &add, 1, NULL, e);
    buf_done(&row);
    if (rc == ERR_CONFLICT) {
        rc = 0; /* somebody else has told the same just now */
    }
    atomic_store(&w->heard, true);
    world->wake(world->context);
    return rc;
}

/* One of the same size among those that wait. *ret_other: empty: none; *ret_full: too many wait. */
static int among_waiting(struct witness *w, const struct member *m, uint64_t size, struct arena *a,
                         struct sighting *ret_other, bool *ret_full, struct err *e)
{
    char key[WITNESS_KEY_MAX];
    text prefix = witness_log_key(m, T("0"), key), body, lines;
    prefix.n--;
    struct waiting *x = arena_zalloc(a, 1, sizeof *x);
    if (!x) {
        return err_set(e, ERR_MEMORY, "no memory for checkpoints");
    }
    x->a = a;
    x->most = HEARD_MAX;
    int rc = w->world->each(w->world->context, "witness-heard", prefix, one_waiting, x, e);
    *ret_full = x->count == HEARD_MAX;
    *ret_other = (struct sighting){0};
    for (size_t i = 0; i < x->count && !rc; i++) {
        struct sighting s = {.note = text_from(x->value[i], WHEN)};
        struct err ignored;
        if (note_split(s.note, &body, &lines) &&
            checkpoint_read(body, &s.checkpoint, &ignored) == 0 && s.checkpoint.size == size) {
            *ret_other = s;
        }
    }
    return rc;
}

static int consider(struct witness *w, const struct member *m, const struct sighting *s,
                    struct arena *a, struct err *e)
{
    struct sighting other = {0};
    struct known known;
    bool full = false;
    int rc = witness_find(w, m, s->checkpoint.size, a, &other, e);
    if (rc == ERR_NOT_FOUND) {
        rc = among_waiting(w, m, s->checkpoint.size, a, &other, &full, e);
    }
    if (rc || other.note.n) {
        return rc || tlog_same(&other.checkpoint.root, &s->checkpoint.root)
                   ? rc
                   : witness_found_fork(w, m, &other, s, e);
    }
    rc = witness_known(w, m, a, &known, e);
    if (!rc && !known.any) {
        rc = witness_take(w, m, &known, s, e);
        return rc == ERR_CONFLICT ? wait_for_proof(w, m, s, e) : rc;
    }
    return rc || full ? rc : wait_for_proof(w, m, s, e);
}

int witness_consider(struct witness *w, const struct member *m, const struct sighting *s,
                     struct err *e)
{
    struct arena a;
    if (s->checkpoint.size == 0) {
        return 0; /* every history begins with it */
    }
    arena_init(&a, WITNESS_MEMORY);
    int rc = consider(w, m, s, &a, e);
    arena_done(&a);
    return rc;
}

/* --- proofs of what waits ------------------------------------------------------------------------
 */

struct question {
    const struct member *m;
    struct sighting heard;
    struct known known;
    text key;
    int64_t since_ms;
};

static int forget(struct witness *w, text key, struct err *e)
{
    struct kept_change drop = {.change = KEPT_DELETE, .kind = "witness-heard", .key = key};
    return w->world->write(w->world->context, &drop, 1, NULL, e);
}

/* What a row asks, if anything: it is decided already, or of a log that there is no more. */
static int question_of(struct witness *w, const struct directory *d, text key, text value,
                       struct arena *a, struct question *ret, bool *ret_asks, struct err *e)
{
    struct question q = {.key = key, .since_ms = when_of(value)};
    struct sighting seen;
    struct err why;
    char prefix[WITNESS_KEY_MAX];
    *ret_asks = false;
    q.m = directory_member(d, text_first(key, text_find(key, '/')));
    if (!q.m || !text_starts(key, witness_log_key(q.m, T(""), prefix)) ||
        witness_sight(text_from(value, WHEN), q.m, a, &q.heard, &why)) {
        return forget(w, key, e);
    }
    int rc = witness_find(w, q.m, q.heard.checkpoint.size, a, &seen, e);
    if (rc != ERR_NOT_FOUND) {
        bool same = !rc && tlog_same(&seen.checkpoint.root, &q.heard.checkpoint.root);
        rc = rc || same ? rc : witness_found_fork(w, q.m, &seen, &q.heard, e);
        return rc ? rc : forget(w, key, e);
    }
    rc = witness_known(w, q.m, a, &q.known, e);
    if (!rc && !q.known.any) {
        rc = witness_take(w, q.m, &q.known, &q.heard, e);
        return rc ? rc : forget(w, key, e);
    }
    *ret_asks = !rc;
    *ret = q;
    return rc;
}

static struct peer_call call_of(const struct question *q, struct arena *a)
{
    uint64_t x = q->heard.checkpoint.size, y = q->known.newest.checkpoint.size;
    return (struct peer_call){.to = q->m,
                              .method = T("GET"),
                              .path = arena_printf(a, "/locality/consistency?from=%llu&to=%llu",
                                                   (unsigned long long)(x < y ? x : y),
                                                   (unsigned long long)(x < y ? y : x)),
                              .most_bytes = WITNESS_NOTE_MAX};
}

static bool is_proved(const struct question *q, text answer)
{
    const struct checkpoint *x = &q->heard.checkpoint, *y = &q->known.newest.checkpoint;
    const struct checkpoint *old = x->size < y->size ? x : y, *now = old == x ? y : x;
    struct tlog_hash proof[TLOG_PROOF_MAX];
    size_t count = 0;
    struct sha *sha = sha_new();
    bool good = sha && witness_hashes_read(answer, proof, &count) &&
                tlog_check_old(sha, old->size, now->size, &old->root, &now->root, proof, count);
    sha_free(sha);
    return good;
}

static int alarm_unproved(struct witness *w, const struct question *q, struct err *e)
{
    struct buf words;
    buf_init(&words, 4096);
    buf_printf(&words,
               "%.*s (%.*s) has signed checkpoints of its access log of %llu and of %llu entries, "
               "and does not show that they belong to one log. It is asked again; if it can be "
               "reached, ask the organisation why.",
               TEXT_ARG(q->m->name), TEXT_ARG(q->m->ods),
               (unsigned long long)q->known.newest.checkpoint.size,
               (unsigned long long)q->heard.checkpoint.size);
    int rc = witness_alarm(w, "log-unproved", q->m->ods, buf_text(&words), e);
    buf_done(&words);
    return rc;
}

static int decide(struct witness *w, const struct question *q, const struct peer_call *call,
                  struct err *e)
{
    bool answered = call->result == 0 && (call->status == 200 || call->status == 422);
    int64_t now = w->world->now_ms(w->world->context);
    if (!answered) {
        return now - q->since_ms > HOUR_MS ? alarm_unproved(w, q, e) : 0;
    }
    int rc = call->status == 200 && is_proved(q, call->answer)
                 ? witness_take(w, q->m, &q->known, &q->heard, e)
                 : witness_found_fork(w, q->m, &q->known.newest, &q->heard, e);
    if (rc == ERR_CONFLICT) {
        atomic_store(&w->heard, true); /* something newer was taken meanwhile: once more */
        return 0;
    }
    return rc ? rc : forget(w, q->key, e);
}

static int settle(struct witness *w, const struct directory *d, struct waiting *x, struct arena *a,
                  struct err *e)
{
    const struct loc_world *world = w->world;
    struct question *q = arena_zalloc(a, SETTLE_MAX, sizeof *q);
    struct peer_call *calls = arena_zalloc(a, SETTLE_MAX, sizeof *calls);
    size_t count = 0;
    int rc = q && calls ? 0 : err_set(e, ERR_MEMORY, "no memory for checkpoints");
    for (size_t i = 0; i < x->count && !rc; i++) {
        bool asks = false;
        rc = question_of(w, d, x->key[i], x->value[i], a, &q[count], &asks, e);
        if (rc == ERR_CONFLICT) {
            rc = 0;
            atomic_store(&w->heard, true);
        } else if (!rc && asks) {
            calls[count] = call_of(&q[count], a);
            rc = calls[count].path.p ? 0 : err_set(e, ERR_MEMORY, "no memory for checkpoints");
            count++;
        }
    }
    if (!rc && count) {
        world->call(world->context, calls, count, world->now_ms(world->context) + WITNESS_WAIT_MS,
                    a);
    }
    for (size_t i = 0; i < count && !rc; i++) {
        rc = decide(w, &q[i], &calls[i], e);
    }
    return rc;
}

int witness_settle(struct witness *w, const struct directory *d, struct err *e)
{
    struct arena a;
    arena_init(&a, 2 * WITNESS_MEMORY);
    struct waiting *x = arena_zalloc(&a, 1, sizeof *x);
    int rc = x ? 0 : err_set(e, ERR_MEMORY, "no memory for checkpoints");
    if (!rc) {
        x->a = &a;
        x->most = SETTLE_MAX;
        rc = w->world->each(w->world->context, "witness-heard", (text){0}, one_waiting, x, e);
    }
    rc = rc || !x->count ? rc : settle(w, d, x, &a, e);
    arena_done(&a);
    return rc;
}

/* --- exchanges ----------------------------------------------------------------------------------
 */

/* What waits to be proved is told, too, so that each can ask the log itself. */
static int waiting_note(struct witness *w, const struct member *m, struct arena *a, text *ret_note,
                        struct err *e)
{
    char key[WITNESS_KEY_MAX];
    text prefix = witness_log_key(m, T("0"), key);
    struct waiting *x = arena_zalloc(a, 1, sizeof *x);
    if (!x) {
        return err_set(e, ERR_MEMORY, "no memory for checkpoints");
    }
    prefix.n--;
    x->a = a;
    x->most = 1;
    int rc = w->world->each(w->world->context, "witness-heard", prefix, one_waiting, x, e);
    *ret_note = x->count ? text_from(x->value[0], WHEN) : (text){0};
    return rc;
}

int witness_gossip(struct witness *w, struct arena *a, text *ret_notes, struct err *e)
{
    struct directory_ref *ref = NULL;
    const struct directory *d;
    text self, notes[2 * TURN], waiting = {0};
    size_t count = 0, logs = 0;
    int rc = witness_directory(w, &ref, &d, &self, e);
    for (size_t i = 0; !rc && i < d->member_count && logs < TURN; i++) {
        const struct member *m = &d->members[atomic_fetch_add(&w->notes_turn, 1) % d->member_count];
        struct known known = {0};
        if (!text_eq(m->ods, self)) {
            rc = witness_known(w, m, a, &known, e);
        }
        if (!rc && known.any) {
            logs++;
            notes[count++] = known.newest.note;
            rc = waiting_note(w, m, a, &waiting, e);
        }
        if (!rc && known.any && waiting.n) {
            notes[count++] = waiting;
        }
    }
    trust_done(ref);
    return rc ? rc : witness_notes_print(notes, count, a, ret_notes, e);
}

/* The very same, byte for byte: most of what is told. It was verified then. */
static bool was_taken(struct witness *w, const struct member *m, uint64_t size, text note,
                      struct arena *a)
{
    struct sighting seen;
    struct err ignored;
    return witness_find(w, m, size, a, &seen, &ignored) == 0 && text_eq(seen.note, note);
}

static int hear_one(struct witness *w, const struct directory *d, text self, text from, text note,
                    struct arena *a, struct err *e)
{
    text body, lines;
    struct checkpoint c;
    struct sighting s;
    struct err ignored;
    if (note.n > WITNESS_NOTE_MAX || !note_split(note, &body, &lines) ||
        checkpoint_read(body, &c, &ignored)) {
        return err_set(e, ERR_INVALID, "%.*s tells of something that is no checkpoint",
                       TEXT_ARG(from));
    }
    /* Of a log that is unknown, or has another key here: the directories differ for a moment. */
    const struct member *m = witness_member(d, c.origin);
    if (!m || was_taken(w, m, c.size, note, a) || witness_sight(note, m, a, &s, &ignored)) {
        return 0;
    }
    return text_eq(m->ods, self) ? witness_consider_own(w, &s, from, e)
                                 : witness_consider(w, m, &s, e);
}

int witness_hear(struct witness *w, text from, text notes, struct err *e)
{
    struct directory_ref *ref = NULL;
    const struct directory *d;
    struct arena a;
    yyjson_val *root = NULL;
    text self;
    if (notes.n > WITNESS_BODY_MAX) {
        return err_set(e, ERR_TOO_LARGE, "too many checkpoints at once");
    }
    arena_init(&a, WITNESS_MEMORY);
    int rc = json_read(notes, DEPTH, &a, &root, e);
    const yyjson_val *list = rc ? NULL : json_get(root, T("notes"));
    if (!rc && (json_type(list) != YYJSON_TYPE_ARR || json_len(list) > WITNESS_NOTES_MAX)) {
        rc = err_set(e, ERR_INVALID, "{\"notes\": [...]} is expected, at most %d of them",
                     WITNESS_NOTES_MAX);
    }
    rc = rc ? rc : witness_directory(w, &ref, &d, &self, e);
    const yyjson_val *item = rc || !json_len(list) ? NULL : list + 1;
    for (size_t left = item ? json_len(list) : 0; !rc && left; left--, item = json_after(item)) {
        rc = hear_one(w, d, self, from, json_text(item), &a, e);
    }
    trust_done(ref);
    arena_done(&a);
    return rc;
}

int witness_exchange(struct witness *w, text from, text body, struct arena *a, text *ret_answer,
                     struct err *e)
{
    int rc = witness_hear(w, from, body, e);
    return rc ? rc : witness_gossip(w, a, ret_answer, e);
}
