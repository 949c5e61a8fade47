#include "audit/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int io_error(struct err *e, const char *doing, const char *name)
{
    int code = errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_IO;
    return err_set(e, code, "the access log could not %s %s: %s", doing, name, strerror(errno));
}

int read_at(int fd, void *to, size_t n, uint64_t offset, const char *name, struct err *e)
{
    char *p = to;
    while (n) {
        ssize_t got = pread(fd, p, n, (off_t)offset);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return io_error(e, "read", name);
        }
        if (got == 0) {
            return err_set(e, ERR_CORRUPT, "the file %s of the access log ends too early", name);
        }
        p += got;
        n -= (size_t)got;
        offset += (uint64_t)got;
    }
    return 0;
}

int write_at(int fd, text bytes, uint64_t offset, const char *name, struct err *e)
{
    while (bytes.n) {
        ssize_t done = pwrite(fd, bytes.p, bytes.n, (off_t)offset);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done < 0) {
            return io_error(e, "write", name);
        }
        bytes = text_from(bytes, (size_t)done);
        offset += (uint64_t)done;
    }
    return 0;
}

int file_sync(int fd, const char *name, struct err *e)
{
    return fdatasync(fd) == 0 ? 0 : io_error(e, "sync", name);
}

/* What a failed sync has left on the disk nobody knows, whatever the cause it gives. */
int file_sync_live(int fd, const char *name, struct err *e)
{
    return fdatasync(fd) == 0
               ? 0
               : err_set(e, ERR_IO, "the access log could not sync %s: %s", name, strerror(errno));
}

int dir_sync(int dir, struct err *e)
{
    return fsync(dir) == 0 ? 0
                           : err_set(e, ERR_IO, "the access log could not sync its folder: %s",
                                     strerror(errno));
}

void file_free(text bytes)
{
    union {
        const char *from;
        char *to;
    } p = {.from = bytes.p};
    free(p.to);
}

int file_read(int dir, const char *name, size_t most, text *ret_bytes, struct err *e)
{
    struct stat st;
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return errno == ENOENT || errno == ENOTDIR
                   ? err_set(e, ERR_NOT_FOUND, "the access log has no file %s", name)
                   : io_error(e, "open", name);
    }
    int r = fstat(fd, &st) == 0 ? 0 : io_error(e, "read", name);
    if (r == 0 && (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > most)) {
        r = err_set(e, ERR_CORRUPT, "the file %s of the access log is larger than it may be", name);
    }
    size_t n = r ? 0 : (size_t)st.st_size;
    char *p = r ? NULL : malloc(n + 1);
    if (!r && !p) {
        r = err_set(e, ERR_MEMORY, "no memory to read %s", name);
    }
    r = r ? r : read_at(fd, p, n, 0, name, e);
    (void)close(fd);
    if (r) {
        free(p);
        return r;
    }
    p[n] = 0;
    *ret_bytes = text_make(p, n);
    return 0;
}

/* The folders of a path; those that are there stay. */
static int make_folders(int dir, const char *name, struct err *e)
{
    char path[PATH_MAX];
    for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
        int n = snprintf(path, sizeof path, "%.*s", (int)(slash - name), name);
        if (n < 0 || (size_t)n >= sizeof path ||
            (mkdirat(dir, path, 0700) != 0 && errno != EEXIST)) {
            return io_error(e, "make the folder of", name);
        }
    }
    return 0;
}

int file_replace(int dir, const char *name, text bytes, unsigned mode, struct err *e)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s.new", name);
    if (n < 0 || (size_t)n >= sizeof path) {
        return err_set(e, ERR_INTERNAL, "a name of a file is too long");
    }
    int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;
    int fd = openat(dir, path, flags, (mode_t)mode);
    if (fd < 0 && errno == ENOENT) {
        int r = make_folders(dir, name, e);
        if (r) {
            return r;
        }
        fd = openat(dir, path, flags, (mode_t)mode);
    }
    if (fd < 0) {
        return io_error(e, "make", name);
    }
    int r = write_at(fd, bytes, 0, name, e);
    r = r ? r : file_sync(fd, name, e);
    if (close(fd) != 0 && r == 0) {
        r = io_error(e, "write", name);
    }
    if (r == 0 && renameat(dir, path, dir, name) != 0) {
        r = io_error(e, "rename", name);
    }
    if (r) {
        (void)unlinkat(dir, path, 0); /* it would only take room, which may be what is lacking */
    }
    return r;
}
