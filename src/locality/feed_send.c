/* The courier's rounds: what waits goes to its members. */
#include "locality/feed_int.h"

#include <stdlib.h>

enum {
    CALLS_MAX = 16,       /* members at a time */
    BYTES_MAX = 64 << 20, /* of all their batches */
    TURNS_MAX = 64,       /* batches of a round */
    CALL_MS = 4000,
    CALL_URGENT_MS = 2000,
    BYTES_A_MS = 500, /* of a slow line, beside that */
    /* K2: so long, and no longer, whoever hangs keeps what goes at once from others. */
    CALL_AT_ONCE_MS = 3000,
    IDLE_MS = 60000,
    DROPPED_A_TIME = 1000,
    MEMORY = 96 << 20,
};

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "no memory for what goes to other members");
}

static int64_t now_ms(const struct feed *f)
{
    return f->world->now_ms(f->world->context);
}

/* --- a round ------------------------------------------------------------------------------------
 */

struct round {
    struct feed *f;
    const struct directory *d;
    text self;
    struct feed_held_up *held;
    enum feed_pace pace;
    struct arena a;
    struct feed_batch batches[CALLS_MAX];
    size_t count;
    size_t bytes;
    bool at_once; /* one of the batches */
    int64_t again_ms;
};

static void come_again(struct round *r, int64_t at_ms)
{
    r->again_ms = at_ms < r->again_ms ? at_ms : r->again_ms;
}

/* A member's batch, where it is its turn and something waits for it. */
static int add_batch(struct round *r, const struct member *m, bool fails, struct err *e)
{
    struct feed *f = r->f;
    struct feed_batch *b = &r->batches[r->count];
    bool failed;
    int64_t at = feed_next_try(f, m->ods, r->pace, &failed);
    if (at > now_ms(f)) {
        come_again(r, at);
        return 0;
    }
    if (failed != fails || text_eq(m->ods, r->self)) {
        return 0;
    }
    int rc = feed_batch_make(f, m, r->pace, r->held, &r->a, b, e);
    if (rc || !b->count) {
        feed_batch_done(b);
        return rc;
    }
    r->bytes += b->lines.n;
    r->at_once = r->at_once || b->at_once;
    r->count++;
    return 0;
}

/* The batches of this turn: of some members, others have theirs in the next. Those that did not
 * take anything the last time come when all others have had theirs: they are waited for. */
static int fill_turn(struct round *r, struct err *e)
{
    uint64_t turn = atomic_load(&r->f->turn);
    int rc = 0;
    r->count = 0;
    r->bytes = 0;
    r->at_once = false;
    for (int fails = 0; !rc && fails < 2 && !r->count; fails++) {
        for (size_t i = 0; !rc && i < r->d->member_count; i++) {
            rc = add_batch(r, &r->d->members[(i + turn) % r->d->member_count], fails, e);
            if (r->count == CALLS_MAX || r->bytes > BYTES_MAX) {
                atomic_store(&r->f->turn, turn + i + 1);
                return rc;
            }
        }
    }
    return rc;
}

static int run_turn(struct round *r, struct err *e)
{
    const struct loc_world *w = r->f->world;
    struct peer_call calls[CALLS_MAX];
    int rc = 0;
    for (size_t i = 0; i < r->count; i++) {
        calls[i] = feed_batch_call(&r->batches[i]);
    }
    int64_t most = r->pace == FEED_AT_ONCE
                       ? CALL_AT_ONCE_MS
                       : (r->at_once ? CALL_URGENT_MS : CALL_MS) + (int64_t)r->bytes / BYTES_A_MS;
    w->call(w->context, calls, r->count, now_ms(r->f) + most, &r->a);
    for (size_t i = 0; i < r->count; i++) {
        struct err why = {0};
        int failed = feed_batch_settle(r->f, &r->batches[i], &calls[i], r->held, &r->a, &why);
        if (failed && !rc) {
            rc = err_set(e, failed, "%s", err_text(&why));
        }
        feed_batch_done(&r->batches[i]);
    }
    return rc;
}

struct dropping {
    struct kept_change *changes;
    size_t count;
    struct arena *a;
};

static int drop_row(void *context, text key, text value)
{
    struct dropping *d = context;
    (void)value;
    text copy = arena_copy(d->a, key);
    if (!copy.p) {
        return FEED_ENOUGH;
    }
    d->changes[d->count++] =
        (struct kept_change){.change = KEPT_DELETE, .kind = "out", .key = copy};
    return d->count == DROPPED_A_TIME ? FEED_ENOUGH : 0;
}

/* Nothing more is told to who is no member any more. */
static int drop_removed(struct round *r, struct err *e)
{
    const struct loc_world *w = r->f->world;
    int rc = 0;
    for (size_t i = 0; !rc && i < r->d->removed_count; i++) {
        struct dropping d = {.a = &r->a};
        char ods[FEED_STREAM];
        static const uint8_t any[32];
        text code = r->d->removed[i].ods;
        if (directory_member(r->d, code)) {
            continue; /* taken in again */
        }
        arena_reset(&r->a);
        d.changes = arena_zalloc(&r->a, DROPPED_A_TIME, sizeof *d.changes);
        if (!d.changes) {
            return no_memory(e);
        }
        feed_stream_key(code, any, ods);
        rc = w->each(w->context, "out", text_make(ods, FEED_ODS), drop_row, &d, e);
        rc = rc == FEED_ENOUGH ? 0 : rc;
        rc = rc || !d.count ? rc : w->write(w->context, d.changes, d.count, NULL, e);
        if (d.count == DROPPED_A_TIME) {
            come_again(r, now_ms(r->f));
        }
    }
    return rc;
}

static int go_round(struct feed *f, enum feed_pace pace, int64_t *ret_again_ms, struct err *e)
{
    struct directory_ref *ref;
    const char *why;
    const struct note_signer *signer;
    struct round r = {.f = f, .pace = pace, .again_ms = now_ms(f) + IDLE_MS};
    *ret_again_ms = r.again_ms;
    r.d = trust_directory(f->trust, &ref, &why);
    if (!r.d) {
        return 0;
    }
    r.held = calloc(1, sizeof *r.held);
    int rc = r.held ? trust_self(f->trust, &signer, &r.self, e) : no_memory(e);
    arena_init(&r.a, MEMORY);
    rc = rc || pace == FEED_AT_ONCE ? rc : drop_removed(&r, e);
    for (int turn = 0; !rc && turn < TURNS_MAX; turn++) {
        arena_reset(&r.a);
        rc = fill_turn(&r, e);
        if (rc || !r.count) {
            break;
        }
        rc = run_turn(&r, e);
        if (turn + 1 == TURNS_MAX) {
            come_again(&r, now_ms(f));
        }
    }
    if (r.held && r.held->count) {
        come_again(&r, now_ms(f) + FEED_BACKOFF_MS);
    }
    arena_done(&r.a);
    free(r.held);
    trust_done(ref);
    *ret_again_ms = r.again_ms;
    return rc;
}

int feed_round(struct feed *f, int64_t *ret_again_ms, struct err *e)
{
    return go_round(f, FEED_BY_TURNS, ret_again_ms, e);
}

int feed_round_at_once(struct feed *f, int64_t *ret_again_ms, struct err *e)
{
    return go_round(f, FEED_AT_ONCE, ret_again_ms, e);
}
