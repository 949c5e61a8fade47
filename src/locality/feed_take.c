/* The receiver's side of a feed: rows are taken in order, once. */
#include "locality/feed_int.h"

#include "base/buf.h"
#include "format/json.h"

#include <inttypes.h>
#include <openssl/sha.h>

enum {
    ANSWER_MAX = 4 << 20,
    LINE_MEMORY = 512 << 20, /* the cap only: of a line, its tree and its changes */
    WAIT_MS = 2000,
    WAIT_STEP_MS = 20,
    WHY_MAX = 512,
    ANEW_DAYS = 7,
    FORGET_A_TIME = 256,
};

static const uint8_t nobody[32];

/* The rows of one person that stand together in a request: held, so that nobody else takes rows of
 * theirs meanwhile. */
struct run {
    uint8_t person[32];
    char stream[FEED_STREAM];
    int slot; /* of feed.taking; -1: none */
    struct feed_place place;
    uint8_t place_was[FEED_PLACE]; /* what place.was points to */
    bool stopped;                  /* nothing more of it in this request */
    bool again;
    char why[WHY_MAX];
};

struct serving {
    struct feed *f;
    text sender;
    uint8_t key[32];
    struct arena arena; /* of one line */
    struct run run;
    bool running;
    bool is_anew; /* feed_anew() */
    struct buf people, refused;
};

/* --- one at a time ------------------------------------------------------------------------------
 */

static int try_claim(struct feed *f, const char stream[FEED_STREAM])
{
    int slot = -1;
    pthread_mutex_lock(&f->lock);
    for (int i = 0; i < FEED_TAKING_MAX; i++) {
        if (f->taking[i].used && memcmp(f->taking[i].stream, stream, FEED_STREAM) == 0) {
            slot = -1;
            break;
        }
        slot = slot < 0 && !f->taking[i].used ? i : slot;
    }
    if (slot >= 0) {
        f->taking[slot].used = true;
        memcpy(f->taking[slot].stream, stream, FEED_STREAM);
    }
    pthread_mutex_unlock(&f->lock);
    return slot;
}

static int claim(struct feed *f, const char stream[FEED_STREAM])
{
    const struct loc_world *w = f->world;
    int slot = try_claim(f, stream);
    for (int waited = 0; slot < 0 && waited < WAIT_MS; waited += WAIT_STEP_MS) {
        w->sleep(w->context, WAIT_STEP_MS);
        slot = try_claim(f, stream);
    }
    return slot;
}

static void release(struct feed *f, int slot)
{
    if (slot >= 0) {
        pthread_mutex_lock(&f->lock);
        f->taking[slot].used = false;
        pthread_mutex_unlock(&f->lock);
    }
}

/* --- saying why ---------------------------------------------------------------------------------
 */

static void stop(struct run *r, bool again, const char *words)
{
    r->stopped = true;
    r->again = again;
    (void)snprintf(r->why, sizeof r->why, "%s", words);
}

/* What no second try mends: people have to look. */
static int refuse(struct serving *s, const char *words, struct err *e)
{
    const struct loc_world *w = s->f->world;
    stop(&s->run, false, words);
    return w->alarm(w->context, "feed-refused", s->sender, text_of(words), e);
}

static void add_person(struct buf *out, const uint8_t person[32])
{
    buf_add(out, out->n ? T(",{\"person\":\"") : T("{\"person\":\""));
    base64_print(text_make((const char *)person, 32), out);
    buf_addc(out, '"');
}

static void add_why(struct buf *out, const char *why)
{
    buf_add(out, T(",\"why\":"));
    json_write_string(text_short(text_of(why), WHY_MAX), out);
}

/* --- a place ------------------------------------------------------------------------------------
 */

/* With further changes, in one write. */
static int move_place(struct serving *s, const struct kept_change *more, size_t count,
                      const struct feed_place *to, struct err *e)
{
    const struct loc_world *w = s->f->world;
    struct run *r = &s->run;
    struct kept_change *all = arena_zalloc(&s->arena, count + 1, sizeof *all);
    if (!all) {
        return err_set(e, ERR_MEMORY, "no memory for a row of another member");
    }
    if (count) {
        memcpy(all, more, count * sizeof *more);
    }
    int rc =
        feed_place_change(to, "in", text_make(r->stream, FEED_STREAM), &s->arena, &all[count], e);
    rc = rc ? rc : w->write(w->context, all, count + 1, NULL, e);
    if (!rc) {
        memcpy(r->place_was, all[count].value.p, FEED_PLACE);
        r->place = *to;
        r->place.was = text_make((const char *)r->place_was, FEED_PLACE);
    }
    return rc;
}

/* Before anybody is told that the last row was taken, it is kept that its effect is there. */
static int settle(struct serving *s, struct err *e)
{
    struct run *r = &s->run;
    struct feed_place to = r->place;
    bool is_kept = !to.was.p || (r->place_was[8] & FEED_PLACE_DONE);
    return is_kept || !to.done ? 0 : move_place(s, NULL, 0, &to, e);
}

static int end_run(struct serving *s, struct err *e)
{
    struct run *r = &s->run;
    if (!s->running) {
        return 0;
    }
    int rc = settle(s, e);
    bool is_done = !rc && r->place.done;
    uint64_t taken = r->place.number - (r->place.number && !is_done ? 1 : 0);
    release(s->f, r->slot);
    s->running = false;
    add_person(&s->people, r->person);
    buf_printf(&s->people, ",\"taken\":%" PRIu64, taken);
    if (is_done && taken) {
        buf_add(&s->people, T(",\"last\":\""));
        base64_print(text_make((const char *)r->place.hash, 32), &s->people);
        buf_addc(&s->people, '"');
    }
    if (r->stopped) {
        add_why(&s->people, r->why);
        buf_add(&s->people, r->again ? T(",\"again\":true") : T(""));
    }
    buf_addc(&s->people, '}');
    return rc;
}

static int begin_run(struct serving *s, const uint8_t person[32], struct err *e)
{
    struct run *r = &s->run;
    *r = (struct run){.place = {.done = true}};
    memcpy(r->person, person, 32);
    feed_stream_key(s->sender, person, r->stream);
    r->slot = claim(s->f, r->stream);
    s->running = true;
    int rc = feed_place_get(s->f, "in", r->stream, &s->arena, &r->place, e);
    if (!rc && r->place.was.p) {
        memcpy(r->place_was, r->place.was.p, FEED_PLACE);
        r->place.was = text_make((const char *)r->place_was, FEED_PLACE);
    }
    if (!rc && r->slot < 0) {
        stop(r, true, "other rows of this person are being taken");
    }
    return rc;
}

/* --- a row --------------------------------------------------------------------------------------
 */

/* Counts as taken, with no effect. */
static int give_up(struct serving *s, const struct feed_row *row, const struct err *why,
                   struct err *e)
{
    const struct loc_world *w = s->f->world;
    add_person(&s->refused, row->person);
    buf_printf(&s->refused, ",\"number\":%" PRIu64, row->number);
    add_why(&s->refused, err_text(why));
    buf_addc(&s->refused, '}');
    text words = arena_printf(&s->arena, "a row of the kind '%s' about %.*s had no effect here: %s",
                              feed_code(row->kind),
                              TEXT_ARG(row->what.n ? row->what : T("nothing")), err_text(why));
    return words.p ? w->alarm(w->context, "feed-refused", s->sender, words, e)
                   : err_set(e, ERR_MEMORY, "no memory for an alarm");
}

static bool passes(int rc)
{
    return rc == ERR_MEMORY || err_info(rc)->retryable;
}

static int effect(struct serving *s, const struct feed_row *row, struct err *e)
{
    struct err why = {0};
    struct feed_take *take = &s->f->take;
    int rc = take->effect ? take->effect(take->context, s->sender, row, &why) : 0;
    if (rc && passes(rc)) {
        stop(&s->run, true, err_text(&why));
        return 0;
    }
    rc = rc ? give_up(s, row, &why, e) : 0;
    s->run.place.done = !rc; /* kept with the next row, or at the end of the run */
    return rc;
}

/* Its changes and the place, in one write. */
static int take_next(struct serving *s, const struct feed_row *row, const uint8_t hash[32],
                     struct err *e)
{
    struct feed_take *take = &s->f->take;
    struct feed_place to = {.number = row->number, .done = !take->effect, .was = s->run.place.was};
    struct err why = {0};
    int rc = ERR_CONFLICT;
    memcpy(to.hash, hash, 32);
    for (int i = 0; rc == ERR_CONFLICT && i < FEED_TRIES; i++) {
        struct kept_change *changes = NULL;
        size_t count = 0;
        rc = take->row(take->context, s->sender, row, &s->arena, &changes, &count, &why);
        if (rc) {
            break;
        }
        rc = move_place(s, changes, count, &to, &why);
        if (rc && rc != ERR_CONFLICT) {
            stop(&s->run, true, "what came could not be kept");
            return 0;
        }
    }
    if (rc == ERR_CONFLICT || (rc && passes(rc))) {
        stop(&s->run, true, err_text(&why));
        return 0;
    }
    if (rc) {
        to.done = true;
        rc = move_place(s, NULL, 0, &to, e);
        return rc ? rc : give_up(s, row, &why, e);
    }
    return take->effect ? effect(s, row, e) : 0;
}

static int take_in_order(struct serving *s, const struct feed_row *row, const uint8_t before[32],
                         const uint8_t hash[32], struct err *e)
{
    struct run *r = &s->run;
    struct feed_place *p = &r->place;
    if (!p->was.p && s->is_anew) {
        return take_next(s, row, hash, e); /* people have looked at what one of both has lost */
    }
    if (row->number < p->number) {
        return 0; /* here already */
    }
    if (p->number && row->number == p->number) {
        if (memcmp(hash, p->hash, 32) != 0) {
            return refuse(s, "a number has come twice, with different rows" FEED_BACKUP, e);
        }
        return p->done ? 0 : effect(s, row, e);
    }
    if (row->number > p->number + 1) {
        return refuse(s, "rows are missing before the one that came" FEED_BACKUP, e);
    }
    if (memcmp(before, p->hash, 32) != 0) {
        return refuse(s, "a row does not follow the one that was taken here before it" FEED_BACKUP,
                      e);
    }
    return take_next(s, row, hash, e);
}

/* Whose row it is follows from the number in it. */
static bool is_theirs(struct serving *s, const struct feed_row *row)
{
    uint8_t person[32];
    if (!row->subject.nhs_number.n) {
        return memcmp(row->person, nobody, 32) == 0;
    }
    person_key(s->key, row->subject.nhs_number, person);
    return memcmp(row->person, person, 32) == 0;
}

static int turn_to(struct serving *s, const uint8_t person[32], struct err *e)
{
    if (s->running && memcmp(s->run.person, person, 32) == 0) {
        return 0;
    }
    int rc = end_run(s, e);
    return rc ? rc : begin_run(s, person, e);
}

static int take_line(struct serving *s, text line, struct err *e)
{
    struct feed_row row;
    uint8_t before[32], hash[32];
    struct err why = {0};
    bool is_somebodys;
    int read = feed_line_read(line, &s->arena, &row, before, &is_somebodys, &why);
    if (read == ERR_MEMORY || (read && !is_somebodys)) {
        if (read != ERR_MEMORY) {
            const struct loc_world *w = s->f->world;
            (void)w->alarm(w->context, "feed-refused", s->sender, text_of(err_text(&why)), e);
        }
        return err_set(e, read, "%s", err_text(&why));
    }
    int rc = turn_to(s, row.person, e);
    if (rc || s->run.stopped) {
        return rc;
    }
    if (read) {
        return refuse(s, err_text(&why), e);
    }
    if (!is_theirs(s, &row)) {
        return refuse(s, "a row has another person's key than its NHS number gives", e);
    }
    (void)SHA256((const unsigned char *)line.p, line.n, hash);
    return take_in_order(s, &row, before, hash, e);
}

static int answer(struct serving *s, struct arena *a, text *ret_answer, struct err *e)
{
    const text parts[] = {T("{\"people\":["), buf_text(&s->people), T("],\"refused\":["),
                          buf_text(&s->refused), T("]}")};
    if (buf_failed(&s->people) || buf_failed(&s->refused)) {
        return err_set(e, ERR_TOO_LARGE, "the answer to these rows is too long; send fewer");
    }
    *ret_answer = arena_join(a, parts, 5);
    return ret_answer->p ? 0 : err_set(e, ERR_MEMORY, "no memory for an answer");
}

/* --- after a backup -----------------------------------------------------------------------------
 */

static int look_anew(struct feed *f, text ods, bool *ret, struct err *e)
{
    const struct loc_world *w = f->world;
    struct arena a;
    text at;
    arena_init(&a, 4096);
    int rc = w->get(w->context, "anew", ods, &a, &at, e);
    *ret = !rc && at.n == 8 &&
           w->now_ms(w->context) < (int64_t)feed_get_u64(at.p) + ANEW_DAYS * INT64_C(86400000);
    arena_done(&a);
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

struct forgetting {
    struct kept_change changes[FORGET_A_TIME];
    size_t count;
    struct arena a;
};

static int forget(void *context, text key, text value)
{
    struct forgetting *x = context;
    (void)value;
    text copy = arena_copy(&x->a, key);
    if (!copy.p || x->count == FORGET_A_TIME) {
        return FEED_ENOUGH;
    }
    x->changes[x->count++] = (struct kept_change){.change = KEPT_DELETE, .kind = "in", .key = copy};
    return 0;
}

int feed_anew(struct feed *f, text ods, struct err *e)
{
    const struct loc_world *w = f->world;
    char at[8], stream[FEED_STREAM];
    struct forgetting x = {0};
    int rc = 0;
    feed_put_u64((uint64_t)w->now_ms(w->context), at);
    feed_stream_key(ods, nobody, stream);
    arena_init(&x.a, 1 << 20);
    do {
        arena_reset(&x.a);
        x.count = 0;
        rc = w->each(w->context, "in", text_make(stream, FEED_ODS), forget, &x, e);
        rc = rc == FEED_ENOUGH ? 0 : rc;
        rc = rc || !x.count ? rc : w->write(w->context, x.changes, x.count, NULL, e);
    } while (!rc && x.count);
    arena_done(&x.a);
    const struct kept_change put = {
        .change = KEPT_PUT, .kind = "anew", .key = ods, .value = text_make(at, 8)};
    return rc ? rc : w->write(w->context, &put, 1, NULL, e);
}

int feed_serve(struct feed *f, const struct member *sender, text body, struct arena *a,
               text *ret_answer, struct err *e)
{
    struct serving s = {.f = f, .sender = sender->ods};
    text rest = body, line;
    if (body.n > FEED_LINES_MAX) {
        return err_set(e, ERR_TOO_LARGE, "rows of more than %d bytes at a time are refused",
                       FEED_LINES_MAX);
    }
    int rc = feed_key(f->trust, s.key, e);
    rc = rc ? rc : look_anew(f, sender->ods, &s.is_anew, e);
    arena_init(&s.arena, LINE_MEMORY);
    buf_init(&s.people, ANSWER_MAX);
    buf_init(&s.refused, ANSWER_MAX);
    while (!rc && text_cut(&rest, '\n', &line)) {
        if (line.n) {
            arena_reset(&s.arena);
            rc = take_line(&s, line, e);
        }
    }
    struct err late = {0};
    int end = end_run(&s, &late);
    if (!rc && end) {
        rc = err_set(e, end, "%s", err_text(&late));
    }
    rc = rc ? rc : answer(&s, a, ret_answer, e);
    buf_done(&s.people);
    buf_done(&s.refused);
    arena_done(&s.arena);
    return rc;
}
