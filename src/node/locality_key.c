/* The keys of connections with members: files of this node. */
#include "node/locality_world_int.h"

#include "base/random.h"
#include "net/certificate.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <unistd.h>

enum { PEM_MOST = 64 * 1024 };

const char *locality_world_pem(const struct locality_world *w)
{
    return w->pem;
}

static int io_error(struct err *e, const char *what, const char *path)
{
    int code = errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_IO;
    return err_set(e, code, "cannot %s %s: %s", what, path, strerrordesc_np(errno));
}

static void wipe(struct buf *b)
{
    if (b->p) {
        OPENSSL_cleanse(b->p, b->capacity);
    }
    buf_done(b);
}

/* ERR_NOT_FOUND: there is no such file. */
static int read_pem(const char *path, struct buf *out, struct stat *ret_seen, struct err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return errno == ENOENT ? err_set(e, ERR_NOT_FOUND, "there is no file %s", path)
                               : io_error(e, "read", path);
    }
    int rc = fstat(fd, ret_seen) != 0 ? io_error(e, "read", path) : 0;
    if (!rc && (!S_ISREG(ret_seen->st_mode) || ret_seen->st_mode & 077)) {
        rc = err_set(e, ERR_FORBIDDEN,
                     "others can read the key in %s: run chmod 600 on it, and consider a new key "
                     "('kith locality rotate-key')",
                     path);
    }
    ssize_t got = 1;
    while (!rc && got > 0 && out->n < PEM_MOST) {
        char *to = buf_reserve(out, 4096);
        got = to ? read(fd, to, 4096) : -1;
        out->n += got > 0 ? (size_t)got : 0;
        rc = got < 0 && !(errno == EINTR && to) ? io_error(e, "read", path) : 0;
        got = got < 0 ? 1 : got;
    }
    (void)close(fd);
    return rc;
}

static int sync_folder(const char *dir, struct err *e)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 || fsync(fd) != 0 ? io_error(e, "make durable", dir) : 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    return rc;
}

static int write_pem(const char *path, text pem, struct err *e)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    int rc = fd < 0 ? io_error(e, "make", path) : 0;
    while (!rc && pem.n) {
        ssize_t put = write(fd, pem.p, pem.n);
        rc = put < 0 && errno != EINTR ? io_error(e, "write", path) : 0;
        pem = text_from(pem, put > 0 ? (size_t)put : 0);
    }
    rc = rc || fsync(fd) == 0 ? rc : io_error(e, "make durable", path);
    if (fd >= 0) {
        (void)close(fd);
    }
    return rc;
}

/* Whole under its name or not there at all; of two that make it at once, one wins. */
static int make_file(const struct locality_world *w, const char *path, text ods, struct err *e)
{
    char temporary[PATH_ROOM + UUID_SIZE + 1];
    char suffix[UUID_SIZE];
    char name[64];
    struct buf pem;
    random_uuid(suffix);
    (void)snprintf(temporary, sizeof temporary, "%s.%s", path, suffix);
    (void)snprintf(name, sizeof name, "kith %.*s", TEXT_ARG(text_first(ods, 20)));
    buf_init(&pem, PEM_MOST);
    int rc = mkdir(w->folder, 0700) != 0 && errno != EEXIST ? io_error(e, "make", w->folder) : 0;
    rc = rc ? rc : certificate_make(text_of(name), &pem, e);
    rc = rc ? rc : write_pem(temporary, buf_text(&pem), e);
    if (!rc && link(temporary, path) != 0 && errno != EEXIST) {
        rc = io_error(e, "make", path);
    }
    (void)unlink(temporary);
    wipe(&pem);
    return rc ? rc : sync_folder(w->folder, e);
}

static int key_of(const char *path, uint8_t ret_spki[32], struct err *e)
{
    struct buf pem;
    struct stat seen;
    buf_init(&pem, PEM_MOST + 4096);
    int rc = read_pem(path, &pem, &seen, e);
    rc = rc ? rc : certificate_key(buf_text(&pem), ret_spki, e);
    wipe(&pem);
    return rc;
}

int locality_world_make_key(struct locality_world *w, bool next, text ods, uint8_t ret_spki[32],
                            struct err *e)
{
    const char *path = next ? w->next_pem : w->pem;
    bool changed;
    int rc = access(path, F_OK) == 0 ? 0 : make_file(w, path, ods, e);
    rc = rc ? rc : key_of(path, ret_spki, e);
    return rc || next ? rc : locality_world_look_at_key(w, &changed, e);
}

int locality_world_drop_key(struct locality_world *w, struct err *e)
{
    const char *paths[] = {w->pem, w->next_pem};
    for (size_t i = 0; i < 2; i++) {
        if (unlink(paths[i]) != 0 && errno != ENOENT) {
            return io_error(e, "remove", paths[i]);
        }
    }
    return sync_folder(w->folder, e);
}

int locality_world_next_key(struct locality_world *w, uint8_t ret_spki[32], struct err *e)
{
    return key_of(w->next_pem, ret_spki, e);
}

int locality_world_turn_key(struct locality_world *w, struct err *e)
{
    bool changed;
    int rc = rename(w->next_pem, w->pem) != 0 ? io_error(e, "rename", w->next_pem) : 0;
    rc = rc ? rc : sync_folder(w->folder, e);
    return rc ? rc : locality_world_look_at_key(w, &changed, e);
}

static bool is_same(const struct stat *x, const struct stat *y)
{
    return x->st_ino == y->st_ino && x->st_dev == y->st_dev && x->st_size == y->st_size &&
           x->st_mtim.tv_sec == y->st_mtim.tv_sec && x->st_mtim.tv_nsec == y->st_mtim.tv_nsec;
}

int locality_world_look_at_key(struct locality_world *w, bool *ret_changed, struct err *e)
{
    struct stat now;
    struct buf pem;
    uint8_t spki[32];
    *ret_changed = false;
    if (stat(w->pem, &now) != 0) {
        return 0;
    }
    pthread_mutex_lock(&w->lock);
    bool known = w->has_key && is_same(&now, &w->seen);
    pthread_mutex_unlock(&w->lock);
    if (known) {
        return 0;
    }
    buf_init(&pem, PEM_MOST + 4096);
    int rc = read_pem(w->pem, &pem, &now, e);
    rc = rc ? rc : certificate_key(buf_text(&pem), spki, e);
    rc = rc ? rc : peers_renew(w->peers, buf_text(&pem), e);
    wipe(&pem);
    if (!rc) {
        pthread_mutex_lock(&w->lock);
        w->has_key = true;
        w->seen = now;
        memcpy(w->spki, spki, sizeof spki);
        pthread_mutex_unlock(&w->lock);
        *ret_changed = true;
    }
    return rc;
}
