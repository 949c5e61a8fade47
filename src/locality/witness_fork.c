/* Forks: proof kept, a person alarmed, all members told. */
#include "locality/witness_int.h"

#include "format/json.h"

#include <stdio.h>

enum { FORKS_MAX = 8, FORKS_TOLD = 64, DEPTH = 4, TELL_AT_ONCE = 100 };

int witness_notes_print(const text *notes, size_t count, struct arena *a, text *ret, struct err *e)
{
    struct buf out;
    buf_init(&out, WITNESS_BODY_MAX);
    buf_add(&out, T("{\"notes\":["));
    for (size_t i = 0; i < count; i++) {
        buf_add(&out, i ? T(",") : T(""));
        json_write_string(notes[i], &out);
    }
    buf_add(&out, T("]}"));
    *ret = buf_failed(&out) ? (text){0} : arena_copy(a, buf_text(&out));
    buf_done(&out);
    return ret->p ? 0 : err_set(e, ERR_MEMORY, "no memory for checkpoints");
}

static int alarm_fork(struct witness *w, const struct member *m, const struct sighting *one,
                      const struct sighting *other, struct err *e)
{
    struct buf words;
    buf_init(&words, 4096);
    buf_printf(&words,
               "%.*s (%.*s) has shown two histories of its access log: it has signed a checkpoint "
               "of %llu entries and one of %llu, and they do not belong to one log. Both are kept "
               "as proof ('kith locality fork DIR %.*s' prints them). Ask the organisation what "
               "has happened: an access there may have been "
               "hidden, or its log was put back from a backup.",
               TEXT_ARG(m->name), TEXT_ARG(m->ods), (unsigned long long)one->checkpoint.size,
               (unsigned long long)other->checkpoint.size, TEXT_ARG(m->ods));
    int rc = w->world->alarm(w->world->context, "log-fork", m->ods, buf_text(&words), e);
    buf_done(&words);
    return rc;
}

struct counting {
    size_t count;
};

static int count_one(void *context, text key, text value)
{
    struct counting *c = context;
    (void)key;
    (void)value;
    c->count++;
    return 0;
}

/* Two of one size prove it to anyone. Of two sizes the log itself has to be asked, so several pairs
 * are kept: what it says to one it may not say to another. */
static text pair_name(const struct sighting *one, const struct sighting *other, char to[16])
{
    uint32_t mix = 0;
    if (one->checkpoint.size == other->checkpoint.size) {
        return T("same");
    }
    for (size_t i = 0; i < 4; i++) {
        mix = mix << 8 | (uint32_t)(one->checkpoint.root.b[i] ^ other->checkpoint.root.b[i]);
    }
    int n = snprintf(to, 16, "%08x", mix);
    return text_make(to, n > 0 ? (size_t)n : 0);
}

static int keep_fork(struct witness *w, const struct member *m, const struct sighting *one,
                     const struct sighting *other, const struct kept_change *add, struct err *e)
{
    const struct loc_world *world = w->world;
    char prefix[WITNESS_KEY_MAX];
    struct counting c = {0};
    text log = witness_log_key(m, T("x"), prefix);
    log.n--;
    int rc = world->each(world->context, "witness-fork", log, count_one, &c, e);
    if (rc || (c.count >= FORKS_MAX && one->checkpoint.size != other->checkpoint.size)) {
        return rc;
    }
    /* Before the row, so that a crash between them cannot leave it untold. */
    rc = c.count ? 0 : alarm_fork(w, m, one, other, e);
    rc = rc ? rc : world->write(world->context, add, 1, NULL, e);
    /* The next round tells the others, and comes soon. */
    atomic_store(&w->heard, true);
    world->wake(world->context);
    return rc == ERR_CONFLICT ? 0 : rc;
}

int witness_found_fork(struct witness *w, const struct member *m, const struct sighting *one,
                       const struct sighting *other, struct err *e)
{
    const struct loc_world *world = w->world;
    char key[WITNESS_KEY_MAX], name[16];
    const text notes[] = {one->note, other->note};
    struct arena a;
    struct kept_change add = {.change = KEPT_ADD,
                              .kind = "witness-fork",
                              .key = witness_log_key(m, pair_name(one, other, name), key)};
    text was;
    arena_init(&a, WITNESS_MEMORY);
    int rc = world->get(world->context, add.kind, add.key, &a, &was, e);
    if (rc == ERR_NOT_FOUND) {
        rc = witness_notes_print(notes, 2, &a, &add.value, e);
        rc = rc ? rc : keep_fork(w, m, one, other, &add, e);
    }
    arena_done(&a);
    return rc;
}

/* --- telling ------------------------------------------------------------------------------------
 */

struct forks {
    struct arena *a;
    text keys[FORKS_TOLD], notes[FORKS_TOLD];
    size_t count;
};

static int one_fork(void *context, text key, text value)
{
    struct forks *f = context;
    if (f->count < FORKS_TOLD) {
        f->keys[f->count] = arena_copy(f->a, key);
        f->notes[f->count] = arena_copy(f->a, value);
        f->count += f->keys[f->count].p && f->notes[f->count].p;
    }
    return 0;
}

static text told_key(text fork, text ods, char to[WITNESS_KEY_MAX])
{
    int n = snprintf(to, WITNESS_KEY_MAX, "%.*s/%.*s", TEXT_ARG(fork), TEXT_ARG(ods));
    return text_make(to, n > 0 && n < WITNESS_KEY_MAX ? (size_t)n : 0);
}

static bool was_told(struct witness *w, text fork, text ods, struct arena *a)
{
    char key[WITNESS_KEY_MAX];
    struct err ignored;
    text value;
    return w->world->get(w->world->context, "witness-told", told_key(fork, ods, key), a, &value,
                         &ignored) == 0;
}

static int tell_one(struct witness *w, const struct directory *d, text self, text fork, text notes,
                    struct arena *a, struct err *e)
{
    const struct loc_world *world = w->world;
    struct peer_call calls[TELL_AT_ONCE];
    size_t count = 0;
    int rc = 0;
    text liar = text_first(fork, text_find(fork, '/'));
    for (size_t i = 0; i < d->member_count && count < TELL_AT_ONCE; i++) {
        text ods = d->members[i].ods;
        if (!text_eq(ods, self) && !text_eq(ods, liar) && !was_told(w, fork, ods, a)) {
            calls[count++] = (struct peer_call){.to = &d->members[i],
                                                .method = T("POST"),
                                                .path = T("/locality/checkpoints"),
                                                .content_type = T("application/json"),
                                                .body = notes,
                                                .most_bytes = WITNESS_BODY_MAX};
        }
    }
    if (count) {
        world->call(world->context, calls, count, world->now_ms(world->context) + WITNESS_WAIT_MS,
                    a);
    }
    for (size_t i = 0; i < count && !rc; i++) {
        char key[WITNESS_KEY_MAX];
        struct kept_change put = {.change = KEPT_PUT,
                                  .kind = "witness-told",
                                  .key = told_key(fork, calls[i].to->ods, key),
                                  .value = T("1")};
        rc = calls[i].result == 0 && calls[i].status == 200
                 ? world->write(world->context, &put, 1, NULL, e)
                 : 0;
    }
    return rc;
}

int witness_tell_forks(struct witness *w, const struct directory *d, text self, struct err *e)
{
    const struct loc_world *world = w->world;
    struct arena a;
    arena_init(&a, 4 * WITNESS_MEMORY);
    struct forks f = {.a = &a};
    int rc = world->each(world->context, "witness-fork", (text){0}, one_fork, &f, e);
    for (size_t i = 0; i < f.count && !rc; i++) {
        rc = tell_one(w, d, self, f.keys[i], f.notes[i], &a, e);
    }
    arena_done(&a);
    return rc;
}

int witness_fork(struct witness *w, text ods, struct arena *a, text ret_notes[2], struct err *e)
{
    const struct loc_world *world = w->world;
    char prefix[WITNESS_KEY_MAX];
    struct forks f = {.a = a};
    yyjson_val *root = NULL;
    int n = snprintf(prefix, sizeof prefix, "%.*s/", TEXT_ARG(text_first(ods, 9)));
    int rc =
        world->each(world->context, "witness-fork", text_make(prefix, (size_t)n), one_fork, &f, e);
    if (rc || !f.count) {
        return rc ? rc : err_set(e, ERR_NOT_FOUND, "no fork of that log is known");
    }
    size_t best = 0;
    for (size_t i = 0; i < f.count; i++) {
        best = text_ends(f.keys[i], T("/same")) ? i : best;
    }
    rc = json_read(f.notes[best], DEPTH, a, &root, e);
    const yyjson_val *list = rc ? NULL : json_get(root, T("notes"));
    if (!rc && (json_type(list) != YYJSON_TYPE_ARR || json_len(list) != 2)) {
        rc = err_set(e, ERR_CORRUPT, "what is kept of a fork is not of its form");
    }
    if (!rc) {
        ret_notes[0] = json_text(list + 1);
        ret_notes[1] = json_text(json_after(list + 1));
    }
    return rc;
}
