#include "store/kept.h"

#include "base/clock.h"
#include "store/kept_engine.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* Kinds that fall together only make a cache read again what has not changed. */
enum { KINDS = 64 };
#define LOOK_NS INT64_C(200000000)

struct kept {
    struct kept_db *db;
    pthread_mutex_t lock;
    _Atomic uint64_t changes[KINDS]; /* made through this */
    _Atomic uint64_t others;         /* commits of other processes that were noticed */
    _Atomic int64_t look_ns;         /* when the file is asked again */
    int64_t version;                 /* of the file, when it was asked; under the lock */
    int file; /* the file that is locked while this process may write; -1: it only looks */
};

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "no memory for what the node keeps");
}

static int io_error(struct err *e, const char *what, const char *path)
{
    int code = errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_IO;
    return err_set(e, code, "cannot %s %s: %s", what, path, strerror(errno));
}

/* A file beside it: to close any descriptor of the database itself would drop the engine's locks.
 */
static int take_lock(struct kept *k, const char *path, bool shared, struct err *e)
{
    char name[4200];
    if (snprintf(name, sizeof name, "%s-lock", path) >= (int)sizeof name) {
        return err_set(e, ERR_VALUE, "the name of the file is too long");
    }
    k->file = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (k->file < 0) {
        return io_error(e, "open", name);
    }
    if (flock(k->file, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0) {
        return err_set(e, ERR_CONFLICT, "another process has %s open: end it first", path);
    }
    return 0;
}

/* The mode is set where the file is made, so that nobody else ever has it open. */
static int make_file(const char *path, struct err *e)
{
    /* One that is there is not opened: to close it would drop the engine's locks of whoever has it
     * open in this process. */
    int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) {
        return errno == EEXIST ? 0 : io_error(e, "make", path);
    }
    (void)close(file);
    return 0;
}

enum opening { OPEN_TO_LOOK, OPEN_ALONE, OPEN_SHARED };

static int open_kept(const char *path, enum opening how, struct kept **ret_kept, struct err *e)
{
    bool writes = how != OPEN_TO_LOOK;
    struct kept *k = calloc(1, sizeof *k);
    if (!k) {
        return no_memory(e);
    }
    k->file = -1;
    (void)pthread_mutex_init(&k->lock, NULL);
    int rc = writes ? take_lock(k, path, how == OPEN_SHARED, e) : 0;
    rc = rc || !writes ? rc : make_file(path, e);
    rc = rc ? rc : kept_db_open(path, writes, &k->db, e);
    if (!rc) {
        rc = kept_db_version(k->db, &k->version);
        rc = rc ? kept_db_error(k->db, rc, e) : 0;
    }
    if (rc) {
        kept_close(k);
        return rc;
    }
    *ret_kept = k;
    return 0;
}

int kept_open(const char *path, struct kept **ret_kept, struct err *e)
{
    return open_kept(path, OPEN_ALONE, ret_kept, e);
}

int kept_open_shared(const char *path, struct kept **ret_kept, struct err *e)
{
    return open_kept(path, OPEN_SHARED, ret_kept, e);
}

int kept_look(const char *path, struct kept **ret_kept, struct err *e)
{
    return open_kept(path, OPEN_TO_LOOK, ret_kept, e);
}

static int sync_copy(const char *path, struct err *e)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    int rc = file < 0 || fsync(file) != 0 ? io_error(e, "make durable", path) : 0;
    if (file >= 0) {
        (void)close(file);
    }
    return rc;
}

int kept_copy(const char *path, const char *to, struct err *e)
{
    struct kept *k = NULL;
    int rc = kept_look(path, &k, e);
    if (rc) {
        return rc;
    }
    int file = open(to, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) {
        rc = errno == EEXIST ? err_set(e, ERR_CONFLICT, "there is a file %s already", to)
                             : io_error(e, "make", to);
    } else {
        (void)close(file);
        rc = kept_db_copy(k->db, to, e);
        rc = rc ? rc : sync_copy(to, e);
        if (rc) {
            (void)unlink(to);
        }
    }
    kept_close(k);
    return rc;
}

void kept_close(struct kept *k)
{
    if (!k) {
        return;
    }
    kept_db_close(k->db);
    if (k->file >= 0) {
        (void)close(k->file);
    }
    (void)pthread_mutex_destroy(&k->lock);
    free(k);
}

int kept_get(struct kept *k, const char *kind, text key, struct arena *a, text *ret_value,
             struct err *e)
{
    text value = {0};
    (void)pthread_mutex_lock(&k->lock);
    int rc = kept_db_find(k->db, kind, key, &value);
    if (!rc) {
        text copy = value.n ? arena_copy(a, value) : T("");
        rc = copy.p ? 0 : no_memory(e);
        value = copy;
    } else {
        rc = rc == KEPT_END ? err_set(e, ERR_NOT_FOUND, "there is no such %s", kind)
                            : kept_db_error(k->db, rc, e);
    }
    kept_db_done(k->db);
    (void)pthread_mutex_unlock(&k->lock);
    if (!rc) {
        *ret_value = value;
    }
    return rc;
}

/* --- changes ------------------------------------------------------------------------------- */

/* Whether the change fits what is there. */
static int check_change(struct kept *k, const struct kept_change *c, struct err *e)
{
    text value = {0};
    if (c->change == KEPT_PUT || c->change == KEPT_DELETE) {
        return 0;
    }
    int rc = kept_db_find(k->db, c->kind, c->key, &value);
    bool there = rc == 0;
    bool same = there && text_eq(value, c->was);
    kept_db_done(k->db);
    if (rc && rc != KEPT_END) {
        return kept_db_error(k->db, rc, e);
    }
    if (c->change == KEPT_ADD && there) {
        return err_set(e, ERR_CONFLICT, "there is such a %s already", c->kind);
    }
    if (c->change == KEPT_SWAP && !same) {
        return err_set(e, ERR_CONFLICT, "this %s has been changed in the meantime: read it again",
                       c->kind);
    }
    return 0;
}

static int apply_change(struct kept *k, const struct kept_change *c, struct err *e)
{
    int rc = check_change(k, c, e);
    if (rc) {
        return rc;
    }
    rc = c->change == KEPT_DELETE ? kept_db_remove(k->db, c->kind, c->key)
                                  : kept_db_put(k->db, c->kind, c->key, c->value);
    return rc ? kept_db_error(k->db, rc, e) : 0;
}

static int apply_all(struct kept *k, const struct kept_change *changes, size_t count,
                     size_t *ret_failed, struct err *e)
{
    int rc = kept_db_begin(k->db);
    if (rc) {
        return kept_db_error(k->db, rc, e);
    }
    for (size_t i = 0; i < count && !rc; i++) {
        rc = apply_change(k, &changes[i], e);
        if (rc && ret_failed) {
            *ret_failed = i;
        }
    }
    if (!rc) {
        rc = kept_db_commit(k->db);
        rc = rc ? kept_db_error(k->db, rc, e) : 0;
    }
    if (rc) {
        kept_db_rollback(k->db);
    }
    return rc;
}

static _Atomic uint64_t *changes_of(struct kept *k, const char *kind)
{
    uint32_t h = 2166136261U;
    for (; *kind; kind++) {
        h = (h ^ (unsigned char)*kind) * 16777619U;
    }
    return &k->changes[(h ^ h >> 16) % KINDS];
}

int kept_write(struct kept *k, const struct kept_change *changes, size_t count, size_t *ret_failed,
               struct err *e)
{
    if (ret_failed) {
        *ret_failed = SIZE_MAX;
    }
    if (k->file < 0) {
        return err_set(e, ERR_NOT_SUPPORTED, "this was opened for reading only");
    }
    (void)pthread_mutex_lock(&k->lock);
    int rc = apply_all(k, changes, count, ret_failed, e);
    /* Also of what failed: a commit may have been made whose end could not be told. */
    for (size_t i = 0; i < count; i++) {
        (void)atomic_fetch_add(changes_of(k, changes[i].kind), 1);
    }
    (void)pthread_mutex_unlock(&k->lock);
    return rc;
}

uint64_t kept_changes(struct kept *k, const char *kind)
{
    int64_t now = clock_mono_ns();
    /* Whoever finds the file in use asks at the next call. */
    if (now >= atomic_load_explicit(&k->look_ns, memory_order_relaxed) &&
        pthread_mutex_trylock(&k->lock) == 0) {
        int64_t version = k->version;
        if (kept_db_version(k->db, &version) || version != k->version) {
            k->version = version;
            (void)atomic_fetch_add(&k->others, 1);
        }
        atomic_store_explicit(&k->look_ns, now + LOOK_NS, memory_order_relaxed);
        (void)pthread_mutex_unlock(&k->lock);
    }
    /* Both only grow, so the sum is another one when either is. */
    return atomic_load(changes_of(k, kind)) + atomic_load(&k->others);
}

/* --- in order ------------------------------------------------------------------------------ */

/* The first key behind all that begin with the prefix; p == NULL: there is none. False: no memory.
 */
static bool end_of(text prefix, char **ret_room, text *ret_high)
{
    while (prefix.n && (unsigned char)prefix.p[prefix.n - 1] == 0xFF) {
        prefix.n--;
    }
    *ret_high = (text){0};
    *ret_room = NULL;
    if (prefix.n == 0) {
        return true;
    }
    char *room = malloc(prefix.n);
    if (!room) {
        return false;
    }
    memcpy(room, prefix.p, prefix.n);
    room[prefix.n - 1]++;
    *ret_room = room;
    *ret_high = text_make(room, prefix.n);
    return true;
}

int kept_each(struct kept *k, const char *kind, text prefix,
              int (*each)(void *context, text key, text value), void *context, struct err *e)
{
    char *room = NULL;
    text high;
    text key;
    text value;
    int answer = 0;
    if (!end_of(prefix, &room, &high)) {
        return no_memory(e);
    }
    (void)pthread_mutex_lock(&k->lock);
    int rc = kept_db_range(k->db, kind, prefix, high);
    while (!rc && !answer && !(rc = kept_db_next(k->db, &key, &value))) {
        answer = each(context, key, value);
    }
    rc = rc && rc != KEPT_END ? kept_db_error(k->db, rc, e) : 0;
    kept_db_range_done(k->db);
    (void)pthread_mutex_unlock(&k->lock);
    free(room);
    return answer ? answer : rc;
}
