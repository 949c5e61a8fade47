/* The side that holds copies of others' entries: read, lost; and what rows mean here. */
#include "locality/copies_int.h"

#include "format/json.h"
#include "locality/changed.h"
#include "locality/choice.h"

#include <stdlib.h>

enum {
    KEY_MAX = COPIES_KEY + 1024,
    DROP_MAX = 100000, /* copies of one person from one holder */
    DROP_MEMORY = 64 << 20,
    CLOCKS_MS = 2 * STATEMENT_SKEW_S * 1000, /* so far two clocks may be from each other */
};

static int64_t now_ms(const struct copies *c)
{
    return c->world->now_ms(c->world->context);
}

/* --- reading ------------------------------------------------------------------------------------
 */

static int copy_key(const uint8_t person[32], text holder, text what, char ret[KEY_MAX],
                    size_t *ret_n, struct err *e)
{
    if (!what.n || what.n > KEY_MAX - COPIES_KEY) {
        return err_set(e, ERR_INVALID, "a copy has a name of 1 to %d bytes", KEY_MAX - COPIES_KEY);
    }
    copies_key(person, holder, ret);
    memcpy(ret + COPIES_KEY, what.p, what.n);
    *ret_n = COPIES_KEY + what.n;
    return 0;
}

/* *ret_until_ms: until then; 0: not now. */
static int may_show(struct copies *c, const char key[COPIES_KEY], const uint8_t person[32],
                    int64_t *ret_until_ms, struct err *e)
{
    struct copies_pair hold = {0};
    uint64_t newest = 0;
    bool found = false;
    int rc = copies_pair_get(c, "hold", key, &hold, &found, e);
    rc = rc ? rc : feed_consent(c->feed, person, &newest, e);
    bool may = !rc && found && hold.at_ms > now_ms(c) && hold.consent >= newest;
    *ret_until_ms = may ? hold.at_ms : 0;
    return rc;
}

int copies_read(struct copies *c, const uint8_t person[32], text holder, text what, struct arena *a,
                text *ret_body, struct err *e)
{
    const struct loc_world *w = c->world;
    char key[KEY_MAX];
    size_t n = 0;
    int64_t until_ms = 0;
    int rc = copy_key(person, holder, what, key, &n, e);
    rc = rc ? rc : may_show(c, key, person, &until_ms, e);
    if (!rc && !until_ms) {
        rc = err_set(e, ERR_NOT_FOUND, "there is no copy that may be shown");
    }
    return rc ? rc : w->get(w->context, "copy", text_make(key, n), a, ret_body, e);
}

int copies_hold(struct copies *c, const uint8_t person[32], text holder, text what, bool *ret_holds,
                struct err *e)
{
    struct arena a;
    text body;
    struct err why;
    arena_init(&a, DROP_MEMORY);
    int rc = copies_read(c, person, holder, what, &a, &body, &why);
    arena_done(&a);
    *ret_holds = rc == 0;
    return rc && rc != ERR_NOT_FOUND ? err_set(e, rc, "%s", err_text(&why)) : 0;
}

struct all {
    struct arena *a;
    text *bodies;
    size_t count, bytes;
    int rc;
};

static int add_body(void *context, text key, text value)
{
    struct all *all = context;
    (void)key;
    all->bytes += value.n;
    if (all->count == COPIES_SHOWN_MOST || all->bytes > COPIES_SHOWN_BYTES) {
        all->rc = ERR_TOO_LARGE;
        return all->rc;
    }
    text body = arena_copy(all->a, value);
    all->rc = body.p ? 0 : ERR_MEMORY;
    all->bodies[all->count++] = body;
    return all->rc;
}

int copies_all(struct copies *c, const uint8_t person[32], text holder, struct arena *a,
               text **ret_bodies, size_t *ret_count, int64_t *ret_until_ms, struct err *e)
{
    const struct loc_world *w = c->world;
    struct all all = {.a = a, .bodies = arena_zalloc(a, COPIES_SHOWN_MOST, sizeof *all.bodies)};
    char key[COPIES_KEY];
    copies_key(person, holder, key);
    *ret_count = 0;
    int rc = all.bodies ? may_show(c, key, person, ret_until_ms, e) : copies_no_memory(e);
    if (rc || !*ret_until_ms) {
        return rc;
    }
    rc = w->each(w->context, "copy", text_make(key, sizeof key), add_body, &all, e);
    if (all.rc == ERR_TOO_LARGE) {
        return err_set(e, all.rc, "there are more copies than can be shown at once");
    }
    rc = all.rc ? copies_no_memory(e) : rc;
    *ret_bodies = all.bodies;
    *ret_count = rc ? 0 : all.count;
    return rc;
}

/* --- losing -------------------------------------------------------------------------------------
 */

struct dropping {
    struct arena *a;
    struct kept_change *changes;
    size_t count;
    bool too_many;
};

static int drop_one(void *context, text key, text value)
{
    struct dropping *d = context;
    (void)value;
    text copy = d->count < DROP_MAX ? arena_copy(d->a, key) : (text){0};
    d->too_many = !copy.p;
    if (copy.p) {
        d->changes[d->count++] =
            (struct kept_change){.change = KEPT_DELETE, .kind = "copy", .key = copy};
    }
    return copy.p ? 0 : -1;
}

int copies_drop(struct copies *c, const char key[COPIES_KEY], struct arena *a,
                struct kept_change **ret_changes, size_t *ret_count, struct err *e)
{
    const struct loc_world *w = c->world;
    struct dropping d = {.a = a, .changes = arena_zalloc(a, DROP_MAX + 2, sizeof *d.changes)};
    text own = arena_copy(a, text_make(key, COPIES_KEY));
    if (!d.changes || !own.p) {
        return copies_no_memory(e);
    }
    /* First that none may be shown; what does not fit here cannot be read any more. */
    d.changes[d.count++] = (struct kept_change){.change = KEPT_DELETE, .kind = "hold", .key = own};
    int rc = w->each(w->context, "copy", own, drop_one, &d, e);
    if (rc && !d.too_many) {
        return rc;
    }
    *ret_changes = d.changes;
    *ret_count = d.count;
    return 0;
}

/* --- what rows mean here ------------------------------------------------------------------------
 */

static int take_entry(struct copies *c, text sender, const struct feed_row *row, struct arena *a,
                      struct kept_change **ret, size_t *ret_count, struct err *e)
{
    char key[KEY_MAX], value[COPIES_PLAIN];
    size_t n = 0;
    /* A row that was long on its way may be older than a withdrawal: it is renewed first. Its time
     * is the sender's, and both clocks may be wrong: never longer than from when it was made (K3).
     */
    int64_t now = now_ms(c), made = row->made_ms < now ? row->made_ms : now;
    const struct copies_pair hold = {row->consent_version,
                                     made + COPIES_MINUTES * INT64_C(60000) - CLOCKS_MS};
    int rc = copy_key(row->person, sender, row->what, key, &n, e);
    struct kept_change *changes = rc ? NULL : arena_zalloc(a, 2, sizeof *changes);
    if (!changes) {
        return rc ? rc : copies_no_memory(e);
    }
    copies_value(&hold, value);
    changes[0] = (struct kept_change){.change = row->body.n ? KEPT_PUT : KEPT_DELETE,
                                      .kind = "copy",
                                      .key = arena_copy(a, text_make(key, n)),
                                      .value = row->body};
    changes[1] = (struct kept_change){.change = KEPT_PUT,
                                      .kind = "hold",
                                      .key = arena_copy(a, text_make(key, COPIES_KEY)),
                                      .value = arena_copy(a, text_make(value, sizeof value))};
    *ret = changes;
    *ret_count = 2;
    return changes[0].key.p && changes[1].key.p && changes[1].value.p ? 0 : copies_no_memory(e);
}

/* One entry, or all; the holder is told that they are gone: K4. */
static int take_deletion(struct copies *c, text sender, const struct feed_row *row, struct arena *a,
                         struct kept_change **ret, size_t *ret_count, struct err *e)
{
    char key[KEY_MAX];
    size_t n = 0, told = 0;
    struct kept_change *gone = NULL, *rows = NULL;
    struct feed_row ended = {.kind = FEED_COPY_ENDED, .subject = row->subject, .what = row->what};
    memcpy(ended.person, row->person, 32);
    int rc = 0;
    if (row->what.n) {
        rc = copy_key(row->person, sender, row->what, key, &n, e);
        gone = rc ? NULL : arena_zalloc(a, 1, sizeof *gone);
        if (!gone) {
            return rc ? rc : copies_no_memory(e);
        }
        gone[0] = (struct kept_change){
            .change = KEPT_DELETE, .kind = "copy", .key = arena_copy(a, text_make(key, n))};
        rc = gone[0].key.p ? 0 : copies_no_memory(e);
        n = 1;
    } else {
        copies_key(row->person, sender, key);
        rc = copies_drop(c, key, a, &gone, &n, e);
    }
    rc = rc ? rc : feed_queue(c->feed, &sender, 1, &ended, a, &rows, &told, e);
    struct kept_change *all = rc ? NULL : arena_zalloc(a, n + told, sizeof *all);
    if (!all) {
        return rc ? rc : copies_no_memory(e);
    }
    memcpy(all, gone, n * sizeof *gone);
    if (told) {
        memcpy(all + n, rows, told * sizeof *rows);
    }
    *ret = all;
    *ret_count = n + told;
    return 0;
}

static int append(struct kept_change **all, size_t *count, const struct kept_change *more,
                  size_t more_count, struct arena *a, struct err *e)
{
    struct kept_change *both = arena_zalloc(a, *count + more_count + 1, sizeof *both);
    if (!both) {
        return copies_no_memory(e);
    }
    if (*count) {
        memcpy(both, *all, *count * sizeof *both);
    }
    if (more_count) {
        memcpy(both + *count, more, more_count * sizeof *both);
    }
    *all = both;
    *count += more_count;
    return 0;
}

struct holding {
    struct arena *a;
    struct kept_change *changes;
    size_t count, capacity;
    int64_t now_ms;
    bool no_memory;
};

static int hold_due(void *context, text key, text value)
{
    struct holding *h = context;
    struct copies_pair pair;
    char plain[COPIES_PLAIN];
    if (key.n != COPIES_KEY || !copies_pair_read(value, &pair)) {
        return 0;
    }
    struct kept_change *all = arena_grow(h->a, h->changes, h->count, &h->capacity, sizeof *all);
    h->no_memory = !all;
    if (!all) {
        return -1;
    }
    pair.at_ms = pair.at_ms < h->now_ms ? pair.at_ms : h->now_ms;
    copies_value(&pair, plain);
    h->changes = all;
    all[h->count++] =
        (struct kept_change){.change = KEPT_PUT,
                             .kind = "hold",
                             .key = arena_copy(h->a, key),
                             .value = arena_copy(h->a, text_make(plain, sizeof plain))};
    return 0;
}

/* Copies under an older version are not shown any more: their holders are asked at once. And what
 * this node has given of the person has to be decided anew (copies_unsettled()). */
static int consent_moves(struct copies *c, const struct feed_row *row, struct arena *a,
                         struct kept_change **ret, size_t *ret_count, struct err *e)
{
    const struct loc_world *w = c->world;
    struct holding h = {.a = a, .now_ms = now_ms(c)};
    text person = arena_copy(a, text_make((const char *)row->person, 32));
    int rc = w->each(w->context, "hold", person, hold_due, &h, e);
    struct kept_change *all = arena_grow(a, h.changes, h.count, &h.capacity, sizeof *all);
    if (h.no_memory || !all || !person.p) {
        return copies_no_memory(e);
    }
    all[h.count++] = (struct kept_change){.change = KEPT_PUT,
                                          .kind = "unsettled",
                                          .key = person,
                                          .value = arena_copy(a, row->subject.nhs_number)};
    *ret = all;
    *ret_count = h.count;
    return rc;
}

/* Whether a choice is newer than what is known of that choice. The newest version known of the
 * person does not say so: two holders' choices come in any order. */
static int choice_news(struct copies *c, const struct feed_row *row, struct arena *a, bool *ret,
                       struct err *e)
{
    struct kept_change *changes;
    size_t count = 0;
    int rc = row->body.n ? choice_changes(c->world, row, a, &changes, &count, e) : 0;
    *ret = count;
    return rc;
}

/* What is news goes on to whom this node knows: the home tells the places. K3: never back. */
static int take_consent(struct copies *c, text sender, const struct feed_row *row, struct arena *a,
                        struct kept_change **ret, size_t *ret_count, struct err *e)
{
    struct kept_change raise, *rows = NULL;
    bool raised = false, news = false;
    text *to = NULL;
    size_t count = 0, n = 0, told = 0;
    struct feed_row on = *row;
    int rc = feed_consent_change(c->feed, row->person, row->consent_version, a, &raise, &raised, e);
    *ret_count = 0;
    rc = rc ? rc : choice_news(c, row, a, &news, e);
    if (rc || (!raised && !news)) {
        return rc;
    }
    rc = copies_to(c, row->kind, row->person, row->subject.nhs_number, a, &to, &count, e);
    for (size_t i = 0; !rc && i < count; i++) {
        if (!text_eq(to[i], sender)) {
            to[n++] = to[i];
        }
    }
    rc = rc ? rc : feed_queue(c->feed, to, n, &on, a, &rows, &told, e);
    rc = rc ? rc : consent_moves(c, row, a, ret, ret_count, e);
    rc = rc ? rc : append(ret, ret_count, &raise, raised ? 1 : 0, a, e);
    return rc ? rc : append(ret, ret_count, rows, told, a, e);
}

static int row(void *context, text sender, const struct feed_row *row, struct arena *a,
               struct kept_change **ret_changes, size_t *ret_count, struct err *e)
{
    struct copies_take *t = context;
    struct kept_change *others = NULL;
    size_t count = 0;
    int rc = 0;
    *ret_changes = NULL;
    *ret_count = 0;
    if (row->kind == FEED_ENTRY) {
        rc = take_entry(t->copies, sender, row, a, ret_changes, ret_count, e);
    } else if (row->kind == FEED_DELETION || (row->kind == FEED_SEAL && row->at_once)) {
        rc = take_deletion(t->copies, sender, row, a, ret_changes, ret_count, e);
    } else if (row->consent_version) {
        bool own = false;
        rc = choice_check(t->copies->world, t->copies->trust, sender, row, a, &own, e);
        if (rc || own) {
            return rc; /* what was chosen here does not come back as another choice */
        }
        rc = take_consent(t->copies, sender, row, a, ret_changes, ret_count, e);
    }
    if (!rc) {
        rc = changed_row(t->copies->world, row, a, &others, &count, e);
        rc = rc ? rc : append(ret_changes, ret_count, others, count, a, e);
    }
    return rc;
}

static int effect(void *context, text sender, const struct feed_row *row, struct err *e)
{
    struct copies_take *t = context;
    const struct copies *c = t->copies;
    int rc = changed_effect(c->world, t->places, sender, row, e);
    if (!rc && row->kind == FEED_CONTACT && !row->body.n) {
        rc = choice_tell_standing(c->world, c->trust, c->feed, &row->subject, sender, e);
    }
    return rc;
}

struct feed_take copies_take(struct copies_take *take)
{
    return (struct feed_take){take, row, effect};
}
