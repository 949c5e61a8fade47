/* The lines of $import on their way from a connection to the folder of the job that they begin. */
#include "rest/bulk/job.h"
#include "rest/who.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct upload {
    struct http_sink sink;
    struct jobs *jobs;
    struct job draft;
    int dir; /* -1: there is no folder yet, or it is somebody else's now */
    int fd;
    uint64_t bytes;
};

static void count(struct jobs *jobs, bool more)
{
    (void)pthread_mutex_lock(&jobs->lock);
    jobs->uploads += more ? 1 : (size_t)-1;
    (void)pthread_mutex_unlock(&jobs->lock);
}

static int begin(struct upload *u, struct err *e)
{
    int rc = job_draft(u->jobs, JOB_IMPORT, &u->draft, &u->dir, e);
    if (rc) {
        return rc;
    }
    count(u->jobs, true);
    u->fd = openat(u->dir, "upload", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return u->fd < 0 ? job_io_error(e, "the upload") : 0;
}

static int take(struct http_sink *sink, text bytes)
{
    struct upload *u = (struct upload *)sink;
    struct err e = {0};
    int rc = u->dir < 0 ? begin(u, &e) : 0;
    if (!rc && !job_write_all(u->fd, bytes)) {
        rc = job_io_error(&e, "the upload");
    }
    u->bytes += bytes.n;
    return rc;
}

static void done(struct http_sink *sink)
{
    struct upload *u = (struct upload *)sink;
    if (u->fd >= 0) {
        (void)close(u->fd);
    }
    if (u->dir >= 0) {
        job_draft_drop(u->jobs, &u->draft, u->dir);
        count(u->jobs, false);
    }
    free(u);
}

struct http_sink *upload_sink(const struct rest *rest, const struct http_request *head)
{
    bool meant = head->method == HTTP_POST && rest->jobs &&
                 (text_eq(head->path, T("/fhir/$import")) ||
                  text_eq_nocase(head->path, T("/fhir/%24import"))) &&
                 is_ndjson(http_field(head, T("Content-Type")));
    struct upload *u = meant && may_upload(rest, head) ? calloc(1, sizeof *u) : NULL;
    if (!u) {
        return NULL;
    }
    *u = (struct upload){
        .sink = {rest->limits->import_bytes, take, done}, .jobs = rest->jobs, .dir = -1, .fd = -1};
    return &u->sink;
}

int upload_finish(struct http_sink *sink, struct job *ret_draft, int *ret_dir, uint64_t *ret_bytes,
                  struct err *e)
{
    struct upload *u = (struct upload *)sink;
    int rc = u->dir < 0 ? begin(u, e) : 0; /* nothing was sent: a file without lines */
    if (rc || fsync(u->fd) != 0) {
        return rc ? rc : job_io_error(e, "the upload");
    }
    (void)close(u->fd);
    memcpy(ret_draft, &u->draft, sizeof u->draft);
    *ret_dir = u->dir;
    *ret_bytes = u->bytes;
    u->dir = u->fd = -1;
    count(u->jobs, false);
    return 0;
}
