/* Jobs as a client sees them: kick-off, state, files, removal (R4 async.html; Bulk Data Access). */
#include "rest/bulk/job_owner.h"

#include "base/clock.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

enum { MANIFEST_MOST = 64 << 20, SEND_BYTES = 128 << 10, FILE_NAME_MOST = 80 };

int kick_off(struct call *c, struct job *draft, int dir, const struct buf *request, struct err *e)
{
    struct jobs *jobs = c->rest->jobs;
    draft->owner = owner_hash(c->rest, c->caller);
    text at = arena_printf(c->arena, "%.*s/_jobs/%s", TEXT_ARG(c->base), draft->id);
    int rc = buf_failed(request) || !at.p
                 ? err_set(e, ERR_MEMORY, "the request needs more memory than it may have")
                 : job_write_file(dir, "job.json", buf_text(request), e);
    if (rc) {
        job_draft_drop(jobs, draft, dir);
        return rc;
    }
    rc = jobs_add(jobs, draft, dir, e);
    if (rc) {
        return rc;
    }
    c->answer.status = 202;
    answer_field(c, T("Content-Location"), at);
    outcome_print_done(
        arena_printf(c->arena, "The work has begun; ask for its state at %.*s", TEXT_ARG(at)),
        &c->answer.body);
    return 0;
}

/* --- state --------------------------------------------------------------------------------- */

static void progress(struct call *c, const struct job *job)
{
    int state = atomic_load(&job->state);
    const char *unit = job->kind == JOB_EXPORT ? "resources written" : "lines taken";
    uint64_t permille = atomic_load(&job->permille);
    text words = state == JOB_QUEUED ? T("waiting for another job to end")
                 : state == JOB_PAUSED
                     ? T("paused: the node's disk is full; goes on when it has room")
                     : arena_printf(c->arena, "%llu %s, about %llu %% done",
                                    (unsigned long long)atomic_load(&job->done), unit,
                                    (unsigned long long)permille / 10);
    int64_t age = clock_real_ms() - job->created_ms;
    c->answer.status = 202;
    answer_field(c, T("X-Progress"), words);
    answer_field(c, T("Retry-After"), age < 10000 ? T("1") : age < 60000 ? T("5") : T("20"));
}

/* The manifest is written by the job; its form is plain JSON. */
static int manifest(struct call *c, const struct job *job, struct err *e)
{
    text bytes = {0};
    int dir = job_open_dir(job->jobs, job->id);
    int rc = dir < 0 ? err_set(e, ERR_NOT_FOUND, "this job has been deleted")
                     : job_read_file(dir, "manifest.json", MANIFEST_MOST, c->arena, &bytes, e);
    if (dir >= 0) {
        (void)close(dir);
    }
    if (rc) {
        return rc;
    }
    int64_t until = job->finished_ms + (int64_t)c->rest->limits->job_days * 86400000;
    time_t seconds = (time_t)(until / 1000);
    struct tm tm;
    char when[40];
    (void)gmtime_r(&seconds, &tm);
    (void)strftime(when, sizeof when, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    c->answer.status = 200;
    c->answer.content_type = "application/json";
    buf_add(&c->answer.body, bytes);
    answer_field(c, T("Expires"), arena_copy(c->arena, text_of(when)));
    return 0;
}

static int show_state(struct call *c, const struct job *job, struct err *e)
{
    switch ((enum job_state)atomic_load(&job->state)) {
    case JOB_DONE:
        return manifest(c, job, e);
    case JOB_FAILED:
        return err_set(e, err_info(job->why.code)->status >= 500 ? job->why.code : ERR_INTERNAL,
                       "the job failed: %s", err_text(&job->why));
    default:
        progress(c, job);
        return 0;
    }
}

/* --- files --------------------------------------------------------------------------------- */

struct sending {
    int fd;
    bool inflates;
    bool ended; /* the inflater has seen the end of the stream */
    z_stream z;
    char *in;
};

static void sending_free(void *state)
{
    struct sending *s = state;
    if (s->inflates) {
        (void)inflateEnd(&s->z);
    }
    (void)close(s->fd);
    free(s->in);
    free(s);
}

static int refill(struct sending *s)
{
    ssize_t n = read(s->fd, s->in, SEND_BYTES);
    if (n > 0) {
        s->z.next_in = (Bytef *)s->in;
        s->z.avail_in = (uInt)n;
    }
    return n > 0 ? 1 : -1; /* before the end of the stream there is more */
}

static int send_inflated(struct sending *s, struct buf *out)
{
    char *to = buf_reserve(out, SEND_BYTES);
    if (!to || (s->z.avail_in == 0 && refill(s) < 0)) {
        return -1;
    }
    s->z.next_out = (Bytef *)to;
    s->z.avail_out = SEND_BYTES;
    int rc = inflate(&s->z, Z_NO_FLUSH);
    if (rc != Z_OK && rc != Z_STREAM_END) {
        return -1;
    }
    out->n += SEND_BYTES - s->z.avail_out;
    s->ended = rc == Z_STREAM_END;
    return !s->ended;
}

static int send_piece(struct http_reply *reply, void *state)
{
    struct sending *s = state;
    int more = 1;
    if (s->inflates) {
        while (more == 1 && reply->body.n == 0) {
            more = send_inflated(s, &reply->body);
        }
        return more;
    }
    char *to = buf_reserve(&reply->body, SEND_BYTES);
    ssize_t n = to ? read(s->fd, to, SEND_BYTES) : -1;
    if (n > 0) {
        reply->body.n += (size_t)n;
    }
    return n < 0 ? -1 : n == SEND_BYTES;
}

/* A name that this node gives, and no path. */
static bool is_file_name(text name)
{
    for (size_t i = 0; i < name.n; i++) {
        char ch = name.p[i];
        bool word =
            (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9');
        if (!word && (ch != '.' || i == 0)) {
            return false;
        }
    }
    return name.n && name.n < FILE_NAME_MOST - 4 && text_ends(name, T(".ndjson"));
}

static int open_job_file(const struct job *job, text file)
{
    char name[FILE_NAME_MOST];
    int dir = is_file_name(file) && atomic_load(&job->state) == JOB_DONE
                  ? job_open_dir(job->jobs, job->id)
                  : -1;
    if (dir < 0) {
        return -1;
    }
    (void)snprintf(name, sizeof name, "%.*s.gz", TEXT_ARG(file));
    int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    (void)close(dir);
    return fd;
}

static int send_file(struct call *c, const struct job *job, struct err *e)
{
    int fd = open_job_file(job, c->route.file);
    struct sending *s = fd < 0 ? NULL : calloc(1, sizeof *s);
    if (!s) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return fd < 0 ? err_set(e, ERR_NOT_FOUND,
                                "this job has no file '%.*s', or is not done yet; its state lists "
                                "the files",
                                TEXT_ARG(text_short(c->route.file, 80)))
                      : err_set(e, ERR_MEMORY, "no memory");
    }
    s->fd = fd;
    s->inflates = !c->http->takes_gzip;
    s->in = s->inflates ? malloc(SEND_BYTES) : NULL;
    if (s->inflates && (!s->in || inflateInit2(&s->z, 15 + 16) != Z_OK)) {
        s->inflates = false;
        sending_free(s);
        return err_set(e, ERR_MEMORY, "no memory");
    }
    c->answer.status = 200;
    c->answer.content_type = "application/fhir+ndjson";
    c->answer.no_compression = true;
    answer_field(c, T("Vary"), T("Accept-Encoding"));
    if (!s->inflates) {
        answer_field(c, T("Content-Encoding"), T("gzip"));
    }
    c->answer.more = send_piece;
    c->answer.more_done = sending_free;
    c->answer.more_state = s;
    return 0;
}

/* --- the door ------------------------------------------------------------------------------ */

static int about_job(struct call *c, struct err *e)
{
    struct job job;
    int rc = call_no_parameters(c, e);
    if (rc) {
        return rc;
    }
    /* Somebody else's is as if it was not there. */
    if (!jobs_find(c->rest->jobs, c->route.job, &job) || !owner_is(c, &job)) {
        return err_set(e, ERR_NOT_FOUND,
                       "there is no such job: it has been deleted, or was done more than %llu days "
                       "ago",
                       (unsigned long long)c->rest->limits->job_days);
    }
    if (c->method == HTTP_DELETE) {
        (void)jobs_remove(c->rest->jobs, c->route.job);
        c->answer.status = 202;
        outcome_print_done(T("The job is ended and its files are removed"), &c->answer.body);
        return 0;
    }
    return c->route.file.p ? send_file(c, &job, e) : show_state(c, &job, e);
}

int do_jobs(struct call *c, struct err *e)
{
    if (!c->http || !c->rest->jobs) {
        return err_set(e, ERR_NOT_SUPPORTED,
                       "this operation is asked for by a request of its own, not by an entry of a "
                       "bundle");
    }
    if (c->route.interaction == INTERACTION_JOB) {
        return about_job(c, e);
    }
    if (!c->async) {
        return err_set(e, ERR_REQUIRED,
                       "this takes too long for one reply: send the header Prefer: respond-async, "
                       "and the answer says where to ask for the result");
    }
    int rc =
        c->route.interaction == INTERACTION_EXPORT ? kick_off_export(c, e) : kick_off_import(c, e);
    if (rc == ERR_TOO_MANY) {
        answer_field(c, T("Retry-After"), T("60"));
    }
    return rc;
}
