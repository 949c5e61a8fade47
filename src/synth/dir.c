#include "synth/synth.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int io_error(struct err *e, const char *doing, const char *path, const char *file)
{
    int code = errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_IO;
    return err_set(e, code, "cannot %s %s%s%s: %s", doing, path, *file ? "/" : "", file,
                   strerror(errno));
}

int synth_dir_open(struct synth_dir *d, const char *path, struct err *e)
{
    struct stat s;
    if (mkdir(path, 0777) != 0 && (errno != EEXIST || stat(path, &s) != 0 || !S_ISDIR(s.st_mode))) {
        return io_error(e, "make the folder", path, "");
    }
    *d = (struct synth_dir){.path = path, .fd = -1};
    return 0;
}

static int write_all(struct synth_dir *d, text t, struct err *e)
{
    while (t.n) {
        ssize_t n = write(d->fd, t.p, t.n);
        if (n < 0 && errno != EINTR) {
            return io_error(e, "write", d->path, d->file);
        }
        t = text_from(t, n > 0 ? (size_t)n : 0);
    }
    return 0;
}

static int open_file(struct synth_dir *d, const char *file, struct err *e)
{
    char path[4096];
    int n = snprintf(path, sizeof path, "%s/%s", d->path, file);
    if (n < 0 || (size_t)n >= sizeof path || strlen(file) >= sizeof d->file) {
        return err_set(e, ERR_IO, "the path of the folder %s is too long", d->path);
    }
    d->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (d->fd < 0) {
        return io_error(e, "write", d->path, file);
    }
    memcpy(d->file, file, strlen(file) + 1);
    return 0;
}

int synth_dir_write(void *ctx, const char *file, text bundle, struct err *e)
{
    struct synth_dir *d = ctx;
    int rc = 0;
    if (d->fd < 0 || strcmp(d->file, file) != 0) {
        rc = synth_dir_close(d, e);
        rc = rc ? rc : open_file(d, file, e);
    }
    rc = rc ? rc : write_all(d, bundle, e);
    return rc ? rc : write_all(d, T("\n"), e);
}

int synth_dir_close(struct synth_dir *d, struct err *e)
{
    int fd = d->fd;
    d->fd = -1;
    if (fd >= 0 && close(fd) != 0) {
        return io_error(e, "write", d->path, d->file);
    }
    return 0;
}
