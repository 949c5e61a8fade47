/* A batch of rows on its way to a member, and what was answered. */
#include "locality/feed_int.h"

#include "base/buf.h"
#include "format/json.h"

#include <inttypes.h>
#include <openssl/sha.h>
#include <stdlib.h>

enum {
    ROWS_MAX = 4096,      /* of a batch */
    ANSWER_MAX = 4 << 20, /* of a receiver */
    BACKOFF_MOST_MS = 30000,
    BACKOFF_AT_ONCE_MS = 1500, /* K2: what takes something away is tried so often */
    /* So long a member may turn this node away before people hear of it: it may not have the
     * directory yet that names this node, or has a new key. Nothing is lost meanwhile. */
    TURNED_AWAY_MS = 300000,
};

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "no memory for what goes to other members");
}

static int64_t now_ms(const struct feed *f)
{
    return f->world->now_ms(f->world->context);
}

/* --- members ------------------------------------------------------------------------------------
 */

/* Under the lock. NULL: no memory. */
static struct feed_peer *peer_of(struct feed *f, text ods)
{
    for (size_t i = 0; i < f->peer_count; i++) {
        if (text_eq(text_of(f->peers[i].ods), ods)) {
            return &f->peers[i];
        }
    }
    if (f->peer_count == f->peer_capacity) {
        size_t more = f->peer_capacity ? 2 * f->peer_capacity : 16;
        struct feed_peer *peers = more <= 2 * (size_t)DIRECTORY_MEMBERS_MAX
                                      ? realloc(f->peers, more * sizeof *peers)
                                      : NULL;
        if (!peers) {
            return NULL;
        }
        f->peers = peers;
        f->peer_capacity = more;
    }
    struct feed_peer *p = &f->peers[f->peer_count++];
    *p = (struct feed_peer){0};
    memcpy(p->ods, ods.p, ods.n < FEED_ODS ? ods.n : FEED_ODS - 1);
    return p;
}

void feed_hurry(struct feed *f, text ods)
{
    pthread_mutex_lock(&f->lock);
    struct feed_peer *p = peer_of(f, ods);
    if (p) {
        memset(p->next_ms, 0, sizeof p->next_ms);
        p->urgent = true;
    }
    pthread_mutex_unlock(&f->lock);
}

int64_t feed_next_try(struct feed *f, text ods, enum feed_pace pace, bool *ret_fails)
{
    pthread_mutex_lock(&f->lock);
    struct feed_peer *p = peer_of(f, ods);
    int64_t at = p ? p->next_ms[pace] : 0;
    *ret_fails = p && p->failures[pace];
    pthread_mutex_unlock(&f->lock);
    return at;
}

/* What a member does with what it is told. */
enum refusal {
    NO_REFUSAL,
    TURNS_AWAY, /* all of it, before it looks: for now, or for good */
    REFUSES,    /* rows of somebody, as no second try mends */
};

/* Whether somebody has to be told that it refuses: once, until it takes something again. */
static bool note_try(struct feed *f, const struct feed_batch *b, enum refusal refusal)
{
    int64_t now = now_ms(f);
    bool tell = false, large = b->lines.n > FEED_BATCH;
    pthread_mutex_lock(&f->lock);
    struct feed_peer *p = peer_of(f, b->to->ods);
    if (p && b->progress) {
        memset(p->failures, 0, sizeof p->failures);
        memset(p->next_ms, 0, sizeof p->next_ms);
        p->told = false;
        p->turned_away_ms = 0;
        p->urgent = p->urgent && !b->at_once;
    } else if (p) {
        /* A batch that was under way when something urgent came fails for it, too. */
        p->urgent = p->urgent || b->at_once;
        unsigned failures = p->failures[b->pace]++;
        int64_t wait = FEED_BACKOFF_MS << (failures < 6 ? failures : 6);
        /* What is large takes the courier's time from all others. */
        int64_t most = p->urgent && !large ? BACKOFF_AT_ONCE_MS : BACKOFF_MOST_MS;
        p->next_ms[b->pace] = now + (wait < most ? wait : most);
        if (refusal != TURNS_AWAY) {
            p->turned_away_ms = 0;
        } else if (!p->turned_away_ms || now < p->turned_away_ms) {
            p->turned_away_ms = now;
        }
        bool lasts = refusal == TURNS_AWAY && now - p->turned_away_ms >= TURNED_AWAY_MS;
        tell = (refusal == REFUSES || lasts) && !p->told;
        p->told = p->told || tell;
    }
    pthread_mutex_unlock(&f->lock);
    return tell;
}

/* --- a batch ------------------------------------------------------------------------------------
 */

static uint64_t number_of(const char key[FEED_OUT])
{
    uint64_t v = 0;
    for (int i = 0; i < 8; i++) {
        v = v << 8 | (unsigned char)key[FEED_STREAM + i];
    }
    return v;
}

static bool is_held_up(const struct feed_held_up *h, const char *stream)
{
    for (size_t i = 0; h && i < h->count; i++) {
        if (memcmp(h->streams[i], stream, FEED_STREAM) == 0) {
            return true;
        }
    }
    return false;
}

static int gather(void *context, text key, text value)
{
    struct feed_batch *b = context;
    if (key.n != FEED_OUT || value.n <= FEED_OUT_HEAD || is_held_up(b->held, key.p)) {
        return 0;
    }
    text line = text_from(value, FEED_OUT_HEAD);
    if (b->pace == FEED_AT_ONCE && line.n >= FEED_BATCH) {
        b->passed_over = true;
        return FEED_ENOUGH;
    }
    if (b->count && (b->lines.n + line.n + 1 > FEED_BATCH || b->count == ROWS_MAX)) {
        return FEED_ENOUGH;
    }
    struct feed_sent *rows = arena_grow(b->a, b->rows, b->count, &b->capacity, sizeof *rows);
    if (!rows) {
        b->no_memory = true;
        return FEED_ENOUGH;
    }
    b->rows = rows;
    memcpy(rows[b->count].key, key.p, FEED_OUT);
    rows[b->count].is_taken = false;
    (void)SHA256((const unsigned char *)line.p, line.n, rows[b->count++].hash);
    buf_add(&b->lines, line);
    buf_addc(&b->lines, '\n');
    b->at_once = b->at_once || value.p[8];
    return 0;
}

static int gather_stream(struct feed *f, text prefix, struct feed_batch *b, struct err *e)
{
    const struct loc_world *w = f->world;
    int rc = w->each(w->context, "out", prefix, gather, b, e);
    return rc == FEED_ENOUGH ? 0 : rc;
}

/* A mark of urgent, and what stood there: the number of the last row (none in those of older
 * versions). */
struct urgent_mark {
    char stream[FEED_STREAM];
    char last[8];
    size_t last_n;
};

struct urgent {
    struct urgent_mark marks[FEED_URGENT_MAX];
    size_t count;
    const struct feed_held_up *held;
};

static int urgent_one(void *context, text key, text value)
{
    struct urgent *u = context;
    if (key.n == FEED_STREAM && value.n <= 8 && !is_held_up(u->held, key.p)) {
        struct urgent_mark *m = &u->marks[u->count++];
        memcpy(m->stream, key.p, FEED_STREAM);
        memcpy(m->last, value.p, value.n);
        m->last_n = value.n;
    }
    return u->count == FEED_URGENT_MAX ? FEED_ENOUGH : 0;
}

/* Nothing waits any more: unless something else that goes at once was queued since it was read. */
static int urgent_no_more(struct feed *f, const struct urgent_mark *m, struct err *e)
{
    const struct loc_world *w = f->world;
    text stream = text_make(m->stream, FEED_STREAM), last = text_make(m->last, m->last_n);
    const struct kept_change past[] = {
        {.change = KEPT_SWAP, .kind = "urgent", .key = stream, .value = last, .was = last},
        {.change = KEPT_DELETE, .kind = "urgent", .key = stream}};
    struct err changed = {0};
    int rc = w->write(w->context, past, 2, NULL, &changed);
    return rc && rc != ERR_CONFLICT ? err_set(e, rc, "%s", err_text(&changed)) : 0;
}

/* K2: the streams of those of whom something goes at once, before all others. */
static int gather_urgent(struct feed *f, text member, struct feed_batch *b, struct err *e)
{
    const struct loc_world *w = f->world;
    struct urgent u = {.held = b->held};
    int rc = w->each(w->context, "urgent", member, urgent_one, &u, e);
    rc = rc == FEED_ENOUGH ? 0 : rc;
    for (size_t i = 0; !rc && i < u.count; i++) {
        rc = gather_stream(f, text_make(u.marks[i].stream, FEED_STREAM), b, e);
        if (!rc && !b->count && !b->passed_over) { /* else it may only have had no room */
            rc = urgent_no_more(f, &u.marks[i], e);
        }
    }
    return rc;
}

int feed_batch_make(struct feed *f, const struct member *to, enum feed_pace pace,
                    const struct feed_held_up *held, struct arena *a, struct feed_batch *ret,
                    struct err *e)
{
    char stream[FEED_STREAM];
    static const uint8_t any[32];
    *ret = (struct feed_batch){.to = to, .held = held, .pace = pace, .a = a};
    buf_init(&ret->lines, FEED_LINES_MAX);
    feed_stream_key(to->ods, any, stream);
    text prefix = text_make(stream, FEED_ODS);
    int rc = gather_urgent(f, prefix, ret, e);
    if (!rc && !ret->count && pace != FEED_AT_ONCE) {
        rc = gather_stream(f, prefix, ret, e);
    }
    return ret->no_memory || buf_failed(&ret->lines) ? no_memory(e) : rc;
}

void feed_batch_done(struct feed_batch *b)
{
    buf_done(&b->lines);
}

struct peer_call feed_batch_call(const struct feed_batch *b)
{
    return (struct peer_call){.to = b->to,
                              .method = T("POST"),
                              .path = T("/locality/feed"),
                              .content_type = T("application/x-ndjson"),
                              .body = buf_text(&b->lines),
                              .most_bytes = ANSWER_MAX};
}

/* --- what was answered --------------------------------------------------------------------------
 */

struct answered {
    struct feed *f;
    struct feed_batch *b;
    struct feed_held_up *held; /* NULL: not wanted */
    struct arena *a;
    bool refuses; /* a stream is held up by what does not pass */
    text why;
};

static void hold_up(struct feed_held_up *h, const char *stream)
{
    if (h && h->count < FEED_HELD_UP_MAX && !is_held_up(h, stream)) {
        memcpy(h->streams[h->count++], stream, FEED_STREAM);
    }
}

static bool read_hash(const yyjson_val *o, const char *name, uint8_t ret[32])
{
    size_t n = 0;
    return base64_read(json_text(json_get(o, text_of(name))), ret, 32, &n) && n == 32;
}

/* Whether a receiver has more than was ever sent: then this node has lost rows. */
static int check_ahead(struct answered *x, const char *stream, uint64_t taken, bool *ret_ahead,
                       struct err *e)
{
    struct feed_place place;
    int rc = feed_place_get(x->f, "sent", stream, x->a, &place, e);
    *ret_ahead = !rc && taken > place.number;
    return rc;
}

static int take_person(struct answered *x, const yyjson_val *item, struct err *e)
{
    struct feed_batch *b = x->b;
    uint8_t person[32], last[32];
    char stream[FEED_STREAM];
    uint64_t taken = 0;
    bool has_last = read_hash(item, "last", last), is_ahead = false;
    if (!read_hash(item, "person", person) ||
        !text_to_u64(json_text(json_get(item, T("taken"))), &taken)) {
        return err_set(e, ERR_SYNTAX, "it answered with something else than what it has taken");
    }
    feed_stream_key(b->to->ods, person, stream);
    int rc = check_ahead(x, stream, taken, &is_ahead, e);
    text why = json_text(json_get(item, T("why")));
    if (!rc && is_ahead) {
        why = T("it has taken more rows than this node has sent" FEED_BACKUP);
        x->refuses = true;
    }
    for (size_t i = 0; !rc && !is_ahead && i < b->count; i++) {
        struct feed_sent *row = &b->rows[i];
        if (memcmp(row->key, stream, FEED_STREAM) != 0 || number_of(row->key) > taken) {
            continue;
        }
        if (number_of(row->key) == taken && (!has_last || memcmp(row->hash, last, 32) != 0)) {
            why = T("it has taken another row under a number than was sent" FEED_BACKUP);
            x->refuses = true;
            break;
        }
        row->is_taken = true;
        b->progress = true;
    }
    if (why.n) {
        hold_up(x->held, stream);
        x->why = why;
        x->refuses = x->refuses || !json_is_true(json_get(item, T("again")));
    }
    return rc;
}

/* Rows that count as taken, but had no effect there. */
static int take_refused(struct answered *x, const yyjson_val *item, struct err *e)
{
    const struct loc_world *w = x->f->world;
    text words = arena_printf(x->a, "a row had no effect there: %.*s",
                              TEXT_ARG(text_short(json_text(json_get(item, T("why"))), 400)));
    return words.p ? w->alarm(w->context, "feed-refused", x->b->to->ods, words, e) : no_memory(e);
}

static int each_item(struct answered *x, const yyjson_val *root, const char *name,
                     int (*one)(struct answered *x, const yyjson_val *item, struct err *e),
                     struct err *e)
{
    const yyjson_val *list = json_get(root, text_of(name));
    int rc = 0;
    if (json_type(list) == YYJSON_TYPE_ARR && json_len(list)) {
        const yyjson_val *item = list + 1;
        for (size_t left = json_len(list); !rc && left; left--, item = json_after(item)) {
            rc = one(x, item, e);
        }
    }
    return rc;
}

static int drop_taken(struct answered *x, struct err *e)
{
    const struct loc_world *w = x->f->world;
    struct kept_change *drop = arena_zalloc(x->a, x->b->count + 1, sizeof *drop);
    size_t n = 0;
    if (!drop) {
        return no_memory(e);
    }
    for (size_t i = 0; i < x->b->count; i++) {
        if (x->b->rows[i].is_taken) {
            drop[n++] = (struct kept_change){.change = KEPT_DELETE,
                                             .kind = "out",
                                             .key = text_make(x->b->rows[i].key, FEED_OUT)};
        }
    }
    return n ? w->write(w->context, drop, n, NULL, e) : 0;
}

/* Drops what was taken. An answer that is none is the member's fault, not this node's. */
int feed_batch_settle(struct feed *f, struct feed_batch *b, const struct peer_call *call,
                      struct feed_held_up *held, struct arena *a, struct err *e)
{
    const struct loc_world *w = f->world;
    struct answered x = {.f = f, .b = b, .held = held, .a = a};
    struct err why = {0};
    yyjson_val *root = NULL;
    bool came = !call->result && call->status == 200;
    enum refusal refusal = NO_REFUSAL;
    int rc = came ? json_read(call->answer, 8, a, &root, &why) : 0;
    rc = rc || !came ? rc : each_item(&x, root, "people", take_person, &why);
    rc = rc || !came ? rc : each_item(&x, root, "refused", take_refused, &why);
    if (rc == ERR_SYNTAX || rc == ERR_INVALID) {
        x.refuses = true;
        x.why = T("it answered with something else than what it has taken");
        rc = 0;
    }
    if (came) {
        rc = rc ? rc : drop_taken(&x, &why);
        refusal = x.refuses ? REFUSES : NO_REFUSAL;
    } else {
        bool turns_away = call->result == ERR_FORBIDDEN ||
                          (!call->result && call->status >= 400 && call->status < 500 &&
                           call->status != 408 && call->status != 429);
        refusal = turns_away ? TURNS_AWAY : NO_REFUSAL;
        x.why = call->result ? text_of(err_text(&call->err)) : text_short(call->answer, 400);
    }
    if (note_try(f, b, refusal)) {
        text words =
            arena_printf(a, "it does not take what this node tells it: %.*s", TEXT_ARG(x.why));
        rc = rc        ? rc
             : words.p ? w->alarm(w->context, "feed-held-up", b->to->ods, words, &why)
                       : no_memory(&why);
    }
    return rc ? err_set(e, rc, "%s", err_text(&why)) : 0;
}
