/* What is told to others, and what others are asked. */
#include "locality/trust_int.h"

#include "format/json.h"

/* --- what is told
 * ---------------------------------------------------------------------------------------------- */

struct telling {
    struct buf *out;
    uint64_t after;
    size_t count;
    bool full;
};

static int tell(void *context, text key, text value)
{
    struct telling *x = context;
    if (trust_row_number(key) <= x->after || x->full) {
        return 0;
    }
    x->full = x->count == TRUST_NOTES_MAX || (x->count && x->out->n + value.n > TRUST_TELL_BYTES);
    if (!x->full) {
        buf_add(x->out, x->count ? T(",") : T(""));
        json_write_string(value, x->out);
        x->count++;
    }
    return 0;
}

int trust_tell(struct trust *t, uint64_t after, struct arena *a, text *ret, struct err *e)
{
    const struct loc_world *w = t->world;
    struct buf out;
    struct directory_ref *now = trust_hold(t);
    struct telling x = {.out = &out, .after = after};
    buf_init(&out, 4 * DIRECTORY_MAX);
    buf_add(&out, T("{\"notes\":["));
    int rc = w->each(w->context, "directory", (text){0}, tell, &x, e);
    x.after = now ? now->directory.number : UINT64_MAX;
    rc = rc ? rc : w->each(w->context, "proposal", (text){0}, tell, &x, e);
    buf_printf(&out, "],\"number\":\"%llu\",\"hash\":\"",
               (unsigned long long)(now ? now->directory.number : 0));
    base64_print(now ? text_make((const char *)now->directory.hash, 32) : (text){0}, &out);
    buf_add(&out, T("\"}"));
    *ret = rc ? (text){0} : arena_copy(a, buf_text(&out));
    rc = rc || !buf_failed(&out) ? rc : err_set(e, ERR_TOO_LARGE, "too many directories at once");
    buf_done(&out);
    trust_done(now);
    return rc || ret->p ? rc : err_set(e, ERR_MEMORY, "no memory for the directory");
}

static uint64_t number_now(struct trust *t)
{
    struct directory_ref *now = trust_hold(t);
    uint64_t number = now ? now->directory.number : 0;
    trust_done(now);
    return number;
}

int trust_serve(struct trust *t, text method, text query, text body, struct arena *a,
                int *ret_status, text *ret_answer, struct err *e)
{
    uint64_t after = 0;
    int rc = 0;
    if (text_eq(method, T("POST"))) {
        rc = trust_take(t, body, e);
        after = number_now(t);
        if (atomic_load(&t->news)) {
            t->world->wake(t->world->context); /* others should have it, too */
        }
    } else if (text_starts(query, T("ally="))) {
        rc = trust_ally_tell(t, query, a, ret_answer, e);
        *ret_status = rc ? *ret_status : 200;
        return rc;
    } else if (query.n &&
               (!text_starts(query, T("after=")) || !text_to_u64(text_from(query, 6), &after))) {
        rc = err_set(e, ERR_INVALID, "GET /locality/directory takes ?after=NUMBER");
    }
    rc = rc ? rc : trust_tell(t, after, a, ret_answer, e);
    if (!rc) {
        *ret_status = 200;
    }
    return rc;
}

/* --- what others are asked
 * ---------------------------------------------------------------------------------------- */

/* What a member has in force, as it says. */
struct theirs {
    uint64_t number;
    uint8_t hash[32];
};

/* Takes what a member has behind a number. What it says that does not hold is its own affair: the
 * error is the call's, or of this node's disk. */
static int ask(struct trust *t, const struct member *from, uint64_t after, struct theirs *ret,
               struct err *e)
{
    const struct loc_world *w = t->world;
    struct arena a;
    struct err why;
    yyjson_val *root = NULL;
    size_t n = 0;
    arena_init(&a, 8 * TRUST_MEMORY);
    struct peer_call get = {
        .to = from,
        .method = T("GET"),
        .path = arena_printf(&a, "/locality/directory?after=%llu", (unsigned long long)after),
        .most_bytes = 4 * DIRECTORY_MAX};
    w->call(w->context, &get, 1, w->now_ms(w->context) + TRUST_CALL_MS, &a);
    int rc = get.result                                  ? get.result
             : get.status != 200                         ? ERR_IO
             : json_read(get.answer, 4, &a, &root, &why) ? ERR_IO
                                                         : 0;
    if (!rc && (!text_to_u64(json_text(json_get(root, T("number"))), &ret->number) ||
                !base64_read(json_text(json_get(root, T("hash"))), ret->hash, 32, &n))) {
        rc = ERR_IO;
    }
    if (rc) {
        rc = err_set(e, rc, "%.*s did not tell which directory it has", TEXT_ARG(from->ods));
    } else {
        int took = trust_take(t, get.answer, &why);
        rc = took == ERR_IO || took == ERR_FULL || took == ERR_MEMORY
                 ? err_set(e, took, "%s", why.detail)
                 : 0;
    }
    arena_done(&a);
    return rc;
}

/* Fetches from one member until it has nothing newer that follows what is in force here. */
static int fetch(struct trust *t, const struct member *from, struct theirs *ret, struct err *e)
{
    int rc = 0;
    for (bool more = true; !rc && more;) {
        uint64_t number = number_now(t);
        rc = ask(t, from, number, ret, e);
        more = !rc && number_now(t) > number;
    }
    return rc;
}

/* What stands behind a number here, told to one member. */
static int push(struct trust *t, const struct member *to, uint64_t after, struct err *e)
{
    const struct loc_world *w = t->world;
    struct arena a;
    text ours;
    arena_init(&a, 8 * TRUST_MEMORY);
    int rc = trust_tell(t, after, &a, &ours, e);
    if (!rc && !text_starts(ours, T("{\"notes\":[]"))) {
        struct peer_call post = {.to = to,
                                 .method = T("POST"),
                                 .path = T("/locality/directory"),
                                 .content_type = T("application/json"),
                                 .body = ours,
                                 .most_bytes = 4 * DIRECTORY_MAX};
        w->call(w->context, &post, 1, w->now_ms(w->context) + TRUST_CALL_MS, &a);
    }
    arena_done(&a);
    return rc;
}

/*
 * Both sides have what the other had. Where the texts of one number are not the same, the text of
 * that number goes along as well, so that both find the fork.
 */
static int exchange(struct trust *t, const struct member *with, struct err *e)
{
    struct theirs theirs;
    struct err away;
    if (fetch(t, with, &theirs, &away)) {
        return 0;
    }
    struct directory_ref *now = trust_hold(t);
    uint64_t ours = now ? now->directory.number : 0;
    bool other = now && (theirs.number > ours ||
                         (theirs.number == ours && memcmp(theirs.hash, now->directory.hash, 32)));
    trust_done(now);
    if (other && ours) {
        (void)ask(t, with, ours - 1, &theirs, &away);
    }
    uint64_t least = theirs.number < ours ? theirs.number : ours;
    return push(t, with, (other || theirs.number < ours) && least ? least - 1 : ours, e);
}

/* Some members at once, by chance: whoever is asked by turns may be one that hangs. */
static int ask_some(struct trust *t, const struct directory *d, struct err *e)
{
    const struct loc_world *w = t->world;
    struct arena a;
    struct peer_call calls[TRUST_SPREAD_MEMBERS];
    size_t count = 0;
    uint32_t first = 0;
    int rc = 0;
    arena_init(&a, (size_t)TRUST_SPREAD_MEMBERS * TRUST_MEMORY);
    text path = arena_printf(&a, "/locality/directory?after=%llu", (unsigned long long)d->number);
    w->random(w->context, (uint8_t *)&first, sizeof first);
    for (size_t i = 0; path.p && i < d->member_count && count < TRUST_SPREAD_MEMBERS; i++) {
        const struct member *m = &d->members[(first + i) % d->member_count];
        if (!text_eq(m->ods, text_of(t->ods))) {
            calls[count++] = (struct peer_call){
                .to = m, .method = T("GET"), .path = path, .most_bytes = 4 * DIRECTORY_MAX};
        }
    }
    if (count) {
        w->call(w->context, calls, count, w->now_ms(w->context) + TRUST_CALL_MS, &a);
    }
    for (size_t i = 0; !rc && i < count; i++) {
        struct err why;
        int took =
            !calls[i].result && calls[i].status == 200 ? trust_take(t, calls[i].answer, &why) : 0;
        rc = took == ERR_IO || took == ERR_FULL || took == ERR_MEMORY
                 ? err_set(e, took, "%s", why.detail)
                 : 0;
    }
    arena_done(&a);
    return rc;
}

int trust_catch_up(struct trust *t, struct err *e)
{
    uint64_t before;
    int rc = 0;
    do {
        struct directory_ref *now = trust_hold(t);
        before = now ? now->directory.number : 0;
        rc = now ? ask_some(t, &now->directory, e) : 0;
        trust_done(now);
    } while (!rc && number_now(t) > before);
    return rc;
}

/* One at a time: whoever says that they have more, and does not give it, keeps one of those who
 * serve waiting, and not all. */
static bool begin_hearing(struct trust *t)
{
    pthread_mutex_lock(&t->looking);
    bool may = !t->hearing;
    t->hearing = true;
    pthread_mutex_unlock(&t->looking);
    return may;
}

static void end_hearing(struct trust *t)
{
    pthread_mutex_lock(&t->looking);
    t->hearing = false;
    pthread_mutex_unlock(&t->looking);
}

int trust_heard(struct trust *t, text ods, uint64_t number, struct err *e)
{
    struct directory_ref *now = trust_hold(t);
    const struct member *from = now ? directory_member(&now->directory, ods) : NULL;
    struct theirs theirs;
    struct err why;
    bool behind = now && number > now->directory.number;
    if (behind && from && begin_hearing(t)) {
        (void)fetch(t, from, &theirs, &why);
        end_hearing(t);
    }
    int rc = !behind || number_now(t) >= number
                 ? 0
                 : err_set(e, ERR_BUSY,
                           "%.*s has number %llu of the directory, which this node could not "
                           "fetch yet; try again shortly",
                           TEXT_ARG(ods), (unsigned long long)number);
    trust_done(now);
    return rc;
}

/* The member whose turn it is. */
static const struct member *next_in_turn(struct trust *t, const struct directory *d)
{
    const struct member *m = &d->members[t->asked++ % d->member_count];
    return text_eq(m->ods, text_of(t->ods)) ? &d->members[t->asked++ % d->member_count] : m;
}

/* --- what is new is told at once, not by turns
 * ---------------------------------------------------------------------- */

struct mark {
    uint64_t number; /* in force */
    uint64_t sum;
};

/* FNV-1a: it only has to differ where something was added. */
static void mix(uint64_t *sum, text t)
{
    for (size_t i = 0; i < t.n; i++) {
        *sum = (*sum ^ (uint8_t)t.p[i]) * UINT64_C(0x100000001b3);
    }
}

static int mix_proposal(void *context, text key, text value)
{
    struct mark *m = context;
    if (trust_row_number(key) > m->number) {
        mix(&m->sum, key);
        mix(&m->sum, value);
    }
    return 0;
}

/* Some members at once, from the next in turn on; whoever is away hears it when it is back. */
static int tell_some(struct trust *t, const struct directory *d, uint64_t after, struct err *e)
{
    const struct loc_world *w = t->world;
    struct arena a;
    struct peer_call calls[TRUST_SPREAD_MEMBERS];
    size_t count = 0;
    text ours;
    arena_init(&a, (size_t)8 * TRUST_MEMORY);
    int rc = trust_tell(t, after, &a, &ours, e);
    for (size_t i = 0; !rc && i < d->member_count && count < TRUST_SPREAD_MEMBERS; i++) {
        const struct member *m = &d->members[(t->asked + i) % d->member_count];
        if (!text_eq(m->ods, text_of(t->ods))) {
            calls[count++] = (struct peer_call){.to = m,
                                                .method = T("POST"),
                                                .path = T("/locality/directory"),
                                                .content_type = T("application/json"),
                                                .body = ours,
                                                .most_bytes = DIRECTORY_MAX};
        }
    }
    if (count) {
        w->call(w->context, calls, count, w->now_ms(w->context) + TRUST_CALL_MS, &a);
    }
    arena_done(&a);
    return rc;
}

/* A number or a signature that was not here in the last round, wherever it came from. */
static int spread(struct trust *t, const struct directory *d, struct err *e)
{
    const struct loc_world *w = t->world;
    struct mark m = {.number = d->number, .sum = UINT64_C(0xcbf29ce484222325)};
    atomic_store(&t->news, false);
    mix(&m.sum, text_make((const char *)d->hash, sizeof d->hash));
    int rc = w->each(w->context, "proposal", (text){0}, mix_proposal, &m, e);
    if (rc || m.sum == t->spread) {
        return rc;
    }
    bool first = !t->spread;
    t->spread = m.sum;
    return first ? 0 : tell_some(t, d, d->number - 1, e);
}

int trust_round(struct trust *t, struct err *e)
{
    int rc = trust_refresh(t, e);
    struct directory_ref *now = rc ? NULL : trust_hold(t);
    const struct directory *d = now ? &now->directory : NULL;
    if (d && (d->member_count > 1 || !directory_member(d, text_of(t->ods)))) {
        rc = spread(t, d, e);
        /* After a start everyone is asked once, so that whatever was missed comes; but no longer at
         * a time than one is waited for: those that hang keep the courier from all else. */
        const struct loc_world *w = t->world;
        int64_t most = w->now_ms(w->context) + TRUST_CALL_MS;
        size_t turns = t->asked < d->member_count ? d->member_count - (size_t)t->asked : 1;
        for (; !rc && turns && (turns == 1 || w->now_ms(w->context) < most); turns--) {
            rc = exchange(t, next_in_turn(t, d), e);
        }
    }
    rc = rc || !d ? rc : trust_ally_round(t, d, e);
    rc = rc ? rc : trust_join_again(t, e);
    trust_done(now);
    return rc;
}
