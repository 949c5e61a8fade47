/* The side that holds copies of others' entries asks before they end whether they may stay (K2):
 * all holders at once, so that one that is away keeps no other from its turn. */
#include "locality/copies_int.h"

#include "base/buf.h"
#include "format/json.h"

enum {
    HOLDERS_MAX = 16,  /* that are asked at a time */
    RENEWED_MAX = 500, /* people, of each */
    RENEW_ANSWER_MAX = 1 << 20,
    RENEW_CALL_MS = 4000,
    RENEW_AHEAD_MS = 120000, /* so long before the end */
    IDLE_MS = 60000,
    REST_MS = 1000,       /* what is not decided yet is asked again so soon */
    REST_AWAY_MS = 20000, /* one that has not answered */
    DROP_MEMORY = 64 << 20,
    MEMORY = 32 << 20,
};

static int64_t now_ms(const struct copies *c)
{
    return c->world->now_ms(c->world->context);
}

/* --- who was asked lately -----------------------------------------------------------------------
 */

static int64_t rests_until(const struct copies *c, text ods)
{
    for (size_t i = 0; i < COPIES_RESTING; i++) {
        if (text_eq(text_of(c->resting[i].ods), ods)) {
            return c->resting[i].until_ms;
        }
    }
    return 0;
}

/* In the place of its own, or of the one that rests the shortest. */
static void rest(struct copies *c, text ods, int64_t ms)
{
    struct copies_resting *at = &c->resting[0];
    for (size_t i = 0; i < COPIES_RESTING; i++) {
        struct copies_resting *one = &c->resting[i];
        if (text_eq(text_of(one->ods), ods)) {
            at = one;
            break;
        }
        at = one->until_ms < at->until_ms ? one : at;
    }
    *at = (struct copies_resting){.until_ms = now_ms(c) + ms};
    memcpy(at->ods, ods.p, ods.n < sizeof at->ods ? ods.n : sizeof at->ods - 1);
}

/* --- what is due --------------------------------------------------------------------------------
 */

struct batch {
    text holder;
    text *keys;
    size_t count;
    bool full; /* there is more of it */
};

struct due {
    struct copies *c;
    struct arena *a;
    struct batch batches[HOLDERS_MAX];
    size_t count;
    int64_t now_ms, next_ms;
    bool no_memory;
};

static void come_again(struct due *d, int64_t at_ms)
{
    d->next_ms = at_ms < d->next_ms ? at_ms : d->next_ms;
}

/* NULL: it is asked another time. */
static struct batch *batch_of(struct due *d, text holder)
{
    int64_t rests = rests_until(d->c, holder);
    for (size_t i = 0; i < d->count; i++) {
        if (text_eq(d->batches[i].holder, holder)) {
            return &d->batches[i];
        }
    }
    bool later = rests > d->now_ms && rests <= d->now_ms + REST_AWAY_MS;
    if (later || d->count == HOLDERS_MAX) {
        come_again(d, later ? rests : d->now_ms);
        return NULL;
    }
    struct batch *b = &d->batches[d->count];
    *b = (struct batch){.holder = arena_copy(d->a, holder),
                        .keys = arena_zalloc(d->a, RENEWED_MAX, sizeof *b->keys)};
    d->no_memory = d->no_memory || !b->holder.p || !b->keys;
    d->count += !d->no_memory;
    return d->no_memory ? NULL : b;
}

static int due_one(void *context, text key, text value)
{
    struct due *d = context;
    struct copies_pair hold;
    if (key.n != COPIES_KEY || !copies_pair_read(value, &hold)) {
        return 0;
    }
    if (hold.at_ms > d->now_ms + RENEW_AHEAD_MS) {
        come_again(d, hold.at_ms - RENEW_AHEAD_MS);
        return 0;
    }
    struct batch *b = batch_of(d, text_make(key.p + 32, strnlen(key.p + 32, 10)));
    if (b && b->count == RENEWED_MAX) {
        b->full = true;
        come_again(d, d->now_ms);
    } else if (b) {
        text copy = arena_copy(d->a, key);
        d->no_memory = d->no_memory || !copy.p;
        b->keys[b->count] = copy;
        b->count += copy.p != NULL;
    }
    return d->no_memory ? -1 : 0;
}

/* --- asking -------------------------------------------------------------------------------------
 */

static text renew_body(const struct batch *b, struct arena *a)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    for (size_t i = 0; i < b->count; i++) {
        buf_add(&out, i ? T(",\"") : T("{\"people\":[\""));
        base64_print(text_make(b->keys[i].p, 32), &out);
        buf_addc(&out, '"');
    }
    buf_add(&out, T("]}"));
    text body = buf_failed(&out) ? (text){0} : arena_copy(a, buf_text(&out));
    buf_done(&out);
    return body;
}

static int end_copies(struct copies *c, const char key[COPIES_KEY], struct err *e)
{
    const struct loc_world *w = c->world;
    struct arena a;
    struct kept_change *changes = NULL;
    size_t n = 0;
    arena_init(&a, DROP_MEMORY);
    int rc = copies_drop(c, key, &a, &changes, &n, e);
    rc = rc ? rc : w->write(w->context, changes, n, NULL, e);
    arena_done(&a);
    return rc;
}

/* What the holder says about one person. Its clock may be wrong: never longer than by this one. */
static int renewed(struct copies *c, const char key[COPIES_KEY], const yyjson_val *item,
                   int64_t asked_ms, struct err *e)
{
    const struct loc_world *w = c->world;
    struct copies_pair hold;
    uint64_t until = 0;
    char value[COPIES_PLAIN];
    if (!text_to_u64(json_text(json_get(item, T("until"))), &until) ||
        !text_to_u64(json_text(json_get(item, T("consent"))), &hold.consent) || !until) {
        return end_copies(c, key, e);
    }
    int64_t most = asked_ms + COPIES_MINUTES * INT64_C(60000);
    hold.at_ms = until < (uint64_t)most ? (int64_t)until : most;
    copies_value(&hold, value);
    const struct kept_change put = {.change = KEPT_PUT,
                                    .kind = "hold",
                                    .key = text_make(key, COPIES_KEY),
                                    .value = text_make(value, sizeof value)};
    return w->write(w->context, &put, 1, NULL, e);
}

/* Without an answer it is asked again; what has ended meanwhile is not shown. */
static int take_renewed(struct copies *c, const struct batch *b, const struct peer_call *call,
                        int64_t asked_ms, struct arena *a, struct err *e)
{
    yyjson_val *root = NULL;
    struct err why;
    bool came = !call->result && call->status == 200 && !json_read(call->answer, 4, a, &root, &why);
    const yyjson_val *people = came ? json_get(root, T("people")) : NULL;
    const yyjson_val *item =
        json_type(people) == YYJSON_TYPE_ARR && json_len(people) == b->count ? people + 1 : NULL;
    int rc = 0;
    for (size_t i = 0; !rc && item && i < b->count; i++, item = json_after(item)) {
        rc = renewed(c, b->keys[i].p, item, asked_ms, e);
    }
    if (!item || !b->full) {
        rest(c, b->holder, item ? REST_MS : REST_AWAY_MS);
    }
    return rc;
}

static int ask_all(struct due *due, const struct directory *d, struct err *e)
{
    struct copies *c = due->c;
    const struct loc_world *w = c->world;
    struct peer_call calls[HOLDERS_MAX];
    const struct batch *asked[HOLDERS_MAX];
    size_t n = 0;
    int rc = 0;
    for (size_t i = 0; !rc && i < due->count; i++) {
        const struct batch *b = &due->batches[i];
        const struct member *m = directory_member(d, b->holder);
        for (size_t k = 0; !rc && !m && k < b->count; k++) {
            rc = end_copies(c, b->keys[k].p, e); /* nobody can renew them */
        }
        if (!rc && m) {
            asked[n] = b;
            calls[n] = (struct peer_call){.to = m,
                                          .method = T("POST"),
                                          .path = T("/locality/renew"),
                                          .content_type = T("application/json"),
                                          .body = renew_body(b, due->a),
                                          .most_bytes = RENEW_ANSWER_MAX};
            rc = calls[n++].body.p ? 0 : copies_no_memory(e);
        }
    }
    int64_t now = now_ms(c);
    if (!rc && n) {
        w->call(w->context, calls, n, now + RENEW_CALL_MS, due->a);
    }
    for (size_t i = 0; !rc && i < n; i++) {
        rc = take_renewed(c, asked[i], &calls[i], now, due->a, e);
    }
    if (n) {
        come_again(due, now + REST_MS);
    }
    return rc;
}

int copies_round(struct copies *c, int64_t *ret_again_ms, struct err *e)
{
    const struct loc_world *w = c->world;
    struct directory_ref *ref;
    const char *why;
    struct arena a;
    struct due due = {.c = c, .a = &a, .now_ms = now_ms(c)};
    due.next_ms = *ret_again_ms = due.now_ms + IDLE_MS;
    const struct directory *d = trust_directory(c->trust, &ref, &why);
    if (!d) {
        return 0;
    }
    arena_init(&a, MEMORY);
    int rc = w->each(w->context, "hold", (text){0}, due_one, &due, e);
    rc = due.no_memory ? copies_no_memory(e) : rc;
    rc = rc ? rc : ask_all(&due, d, e);
    *ret_again_ms = due.next_ms;
    arena_done(&a);
    trust_done(ref);
    return rc;
}
