/* Copies of whole stores. */
#include "store/inner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int store_backup(const char *dir, const char *file, struct err *e)
{
    return db_backup(dir, file, e);
}

static int io_error(struct err *e, const char *what, const char *path)
{
    int code = errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_IO;
    return err_set(e, code, "cannot %s %s: %s", what, path, strerror(errno));
}

static int copy_bytes(int from, int to)
{
    enum { ROOM = 1 << 20 };
    char *room = malloc(ROOM);
    ssize_t n = room ? 1 : -1;
    while (n > 0) {
        n = read(from, room, ROOM);
        for (ssize_t done = 0; n > 0 && done < n;) {
            ssize_t written = write(to, room + done, (size_t)(n - done));
            if (written < 0 && errno != EINTR) {
                n = -1;
                break;
            }
            done += written > 0 ? written : 0;
        }
        if (n < 0 && errno == EINTR) {
            n = 1;
        }
    }
    free(room);
    return n == 0 ? 0 : -1;
}

static int copy_file(const char *from, const char *to, struct err *e)
{
    int in = open(from, O_RDONLY | O_CLOEXEC);
    if (in < 0) {
        return io_error(e, "open", from);
    }
    int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int rc = out < 0 ? io_error(e, "make", to) : 0;
    if (!rc && (copy_bytes(in, out) != 0 || fsync(out) != 0)) {
        rc = io_error(e, "write", to);
    }
    if (out >= 0 && close(out) != 0 && !rc) {
        rc = io_error(e, "write", to);
    }
    (void)close(in);
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

int store_restore(const char *file, const char *dir, struct err *e)
{
    char to[4096];
    char part[4200];
    struct stat info;
    if (snprintf(to, sizeof to, "%s/%s", dir, db_file_name) >= (int)sizeof to) {
        return err_set(e, ERR_VALUE, "the name of the folder is too long");
    }
    (void)snprintf(part, sizeof part, "%s.part", to);
    if (lstat(to, &info) == 0) {
        return err_set(e, ERR_CONFLICT,
                       "there is a node in %s already; serve that, or choose another folder", dir);
    }
    int rc = db_backup_check(file, e);
    if (rc) {
        return rc;
    }
    if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
        return io_error(e, "make", dir);
    }
    (void)unlink(part);
    rc = copy_file(file, part, e);
    rc = rc ? rc : db_wal_ready(part, e);
    if (!rc && rename(part, to) != 0) {
        rc = io_error(e, "rename", part);
    }
    if (rc) {
        (void)unlink(part);
        return rc;
    }
    return sync_folder(dir, e);
}
