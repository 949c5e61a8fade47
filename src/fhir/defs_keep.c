#include "base/clock.h"
#include "fhir/defs_int.h"

/*
 * What is asked for is looked up under a lock that readers share; what is not there yet is made
 * under a second one that one thread has at a time, and that it may take again: to make a profile
 * takes its definition, which takes the one that it is based on.
 */

enum { NESTING_MOST = 64, MISSES_MOST = 10000, KEY_MOST = 2048, COSTLY_MS = 60000 };

/* What came of it: never changed once readers can see it. */
struct entry {
    int rc;
    const struct err *err;
    const void *made;
    int64_t until; /* clock_mono_ns(); 0: for ever */
};

int defs_no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "the definitions need more memory than they may have");
}

static text key_of(const struct defs_ask *ask, char room[KEY_MOST])
{
    if (ask->url.n + ask->version.n + 3 > KEY_MOST) {
        return (text){0};
    }
    size_t n = 0;
    room[n++] = (char)ask->kind;
    room[n++] = (char)ask->type;
    memcpy(room + n, ask->url.p ? ask->url.p : "", ask->url.n);
    n += ask->url.n;
    room[n++] = '|';
    memcpy(room + n, ask->version.p ? ask->version.p : "", ask->version.n);
    return (text){room, n + ask->version.n};
}

static const struct entry *entry_of(const struct defs *d, text key)
{
    const uint64_t *at = map_get(&d->entries, key);
    const struct entry *entry = at ? (const struct entry *)(uintptr_t)*at : NULL;
    return entry && entry->until && clock_mono_ns() > entry->until ? NULL : entry;
}

static int answer(const struct entry *entry, const void **ret_made, struct err *e)
{
    if (!entry->rc) {
        *ret_made = entry->made;
    } else if (e) {
        *e = *entry->err;
    }
    return entry->rc;
}

/* Whether an answer stays true: what fails for want of time may succeed another day. */
static bool is_lasting(int rc)
{
    return rc == 0 || rc == ERR_NOT_FOUND || rc == ERR_INVALID || rc == ERR_NOT_SUPPORTED ||
           rc == ERR_TOO_LARGE;
}

/* False: no memory. */
static bool add_entry(struct defs *d, text key, const struct entry *entry)
{
    bool is_new;
    text kept_key = arena_copy(&d->arena, key);
    struct entry *kept = arena_alloc(&d->arena, sizeof *kept);
    if (!kept_key.p || !kept) {
        return false;
    }
    *kept = *entry;
    pthread_rwlock_wrlock(&d->lock);
    uint64_t *at = map_put(&d->entries, kept_key, &is_new);
    if (at) {
        *at = (uint64_t)(uintptr_t)kept;
    }
    pthread_rwlock_unlock(&d->lock);
    d->kept += at != NULL;
    return at != NULL;
}

/* What was found is always kept, since it stays in the arena anyhow. */
static int keep_made(struct defs *d, text key, const void *made, struct err *e)
{
    struct entry entry = {.made = made};
    return add_entry(d, key, &entry) ? 0 : defs_no_memory(e);
}

/* For want of memory it is not kept: then it is asked for again. */
static void keep_failure(struct defs *d, text key, int rc, const struct err *why)
{
    struct entry entry = {.rc = rc};
    if (rc == ERR_TOO_COSTLY) {
        entry.until = clock_mono_ns() + (int64_t)COSTLY_MS * 1000000;
    }
    struct err *copy = d->misses < MISSES_MOST ? arena_alloc(&d->arena, sizeof *copy) : NULL;
    if (copy) {
        *copy = *why;
        entry.err = copy;
        d->misses += add_entry(d, key, &entry);
    }
}

static bool is_being_made(const struct defs *d, text key)
{
    const struct defs_making *m = d->making;
    while (m && !text_eq(m->key, key)) {
        m = m->up;
    }
    return m != NULL;
}

/* Whether it may be begun. */
static int may_make(const struct defs_ask *ask, text key, struct err *e)
{
    if (is_being_made(ask->d, key)) {
        return err_set(e, ERR_INVALID,
                       "the definition '%.*s' needs itself to be worked out; mend what it is based "
                       "on or imports",
                       TEXT_ARG(text_short(ask->url, 300)));
    }
    if (ask->d->nesting >= NESTING_MOST) {
        return err_set(
            e, ERR_TOO_COSTLY,
            "the definition '%.*s' stands at the end of a chain of more than %d that are "
            "based on each other",
            TEXT_ARG(text_short(ask->url, 300)), NESTING_MOST);
    }
    return 0;
}

/*
 * A failure leaves nothing behind but what others need, so that asking for what is not here cannot
 * use the memory up. What does not fit in a shelf that is half empty fits in no new one either.
 * What takes too long is not tried again for a while, since others wait for the lock meanwhile; the
 * end of a chain may be too long for the chain alone.
 */
static void fail(struct defs *d, text key, struct arena_mark mark, size_t kept, bool roomy, int rc,
                 const struct err *why)
{
    if (d->kept == kept) {
        arena_rewind(&d->arena, mark);
    }
    if (is_lasting(rc) || (rc == ERR_TOO_COSTLY && d->nesting == 0)) {
        keep_failure(d, key, rc, why);
    } else if (rc == ERR_MEMORY && !roomy) {
        d->full = true;
    }
}

/* With the lock of making. */
static int make_once(const struct defs_ask *ask, text key, defs_maker *make, const void **ret_made,
                     struct err *e)
{
    struct defs *d = ask->d;
    struct err why = {0};
    const void *made = NULL;
    const struct entry *entry = entry_of(d, key);
    int rc = entry ? 0 : may_make(ask, key, e);
    if (entry || rc) {
        return entry ? answer(entry, ret_made, e) : rc;
    }
    struct defs_making here = {key, d->making};
    struct arena_mark mark = arena_mark(&d->arena);
    bool roomy = d->arena.total <= d->arena.cap / 2;
    size_t kept = d->kept;
    d->making = &here;
    d->nesting++;
    rc = make(ask, &made, &why);
    rc = rc ? rc : keep_made(d, key, made, &why);
    d->nesting--;
    d->making = here.up;
    if (!rc) {
        *ret_made = made;
        return 0;
    }
    fail(d, key, mark, kept, roomy, rc, &why);
    if (e) {
        *e = why;
    }
    return rc;
}

int defs_get(const struct defs_ask *ask, defs_maker *make, const void **ret_made, struct err *e)
{
    char room[KEY_MOST];
    struct defs *d = ask->d;
    text key = key_of(ask, room);
    if (!key.p) {
        return err_set(e, ERR_NOT_FOUND, "an address of %zu characters means nothing here",
                       ask->url.n + ask->version.n);
    }
    pthread_rwlock_rdlock(&d->lock);
    const struct entry *entry = entry_of(d, key);
    pthread_rwlock_unlock(&d->lock);
    int rc = entry ? answer(entry, ret_made, e) : 0;
    if (!entry) {
        pthread_mutex_lock(&d->make);
        rc = make_once(ask, key, make, ret_made, e);
        pthread_mutex_unlock(&d->make);
    }
    return rc;
}
