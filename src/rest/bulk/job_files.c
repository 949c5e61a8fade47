/* The folder of a job: everything in it is replaced as a whole and durable before it counts. */
#include "rest/bulk/job.h"

#include "base/clock.h"
#include "base/random.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { NAME_MOST = 96 };

int job_io_error(struct err *e, const char *what)
{
    int cause = errno;
    if (cause == ENOSPC || cause == EDQUOT) {
        return err_set(e, ERR_FULL, "the node's disk is full: %s could not be written", what);
    }
    return err_set(e, ERR_IO, "%s: %s", what, strerrordesc_np(cause));
}

void job_remove_folder(int dir, const char *name)
{
    int folder = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *list = folder < 0 ? NULL : fdopendir(folder);
    if (!list) {
        if (folder >= 0) {
            (void)close(folder);
        }
        return;
    }
    const struct dirent *entry;
    while ((entry = readdir(list)) != NULL) {
        (void)unlinkat(dirfd(list), entry->d_name, 0); /* there are no folders within */
    }
    (void)closedir(list);
    (void)unlinkat(dir, name, AT_REMOVEDIR);
}

static void draft_name(const struct job *draft, char out[NAME_MOST])
{
    (void)snprintf(out, NAME_MOST, ".new-%s", draft->id);
}

int job_draft(struct jobs *jobs, enum job_kind kind, struct job *ret_draft, int *ret_dir,
              struct err *e)
{
    unsigned char random[16];
    char name[NAME_MOST];
    struct job draft = {.jobs = jobs, .kind = kind, .created_ms = clock_real_ms()};
    (void)pthread_mutex_lock(&jobs->lock);
    bool full = jobs->count + jobs->uploads >= jobs->rest.limits->jobs;
    (void)pthread_mutex_unlock(&jobs->lock);
    if (full) {
        return err_set(e, ERR_TOO_MANY,
                       "this node keeps %llu bulk jobs, and that many are there; delete one that "
                       "is done (DELETE on the address of its state)",
                       (unsigned long long)jobs->rest.limits->jobs);
    }
    random_bytes(random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++) {
        (void)snprintf(draft.id + 2 * i, 3, "%02x", random[i]);
    }
    draft_name(&draft, name);
    if (mkdirat(jobs->dir, name, 0700) != 0) {
        return job_io_error(e, "the folder of a job");
    }
    int dir = openat(jobs->dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) {
        return job_io_error(e, "the folder of a job");
    }
    memcpy(ret_draft, &draft, sizeof draft);
    *ret_dir = dir;
    return 0;
}

void job_draft_drop(struct jobs *jobs, const struct job *draft, int dir)
{
    char name[NAME_MOST];
    draft_name(draft, name);
    (void)close(dir);
    job_remove_folder(jobs->dir, name);
}

int job_open_dir(const struct jobs *jobs, const char *id)
{
    return openat(jobs->dir, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

bool job_write_all(int fd, text bytes)
{
    while (bytes.n) {
        ssize_t n = write(fd, bytes.p, bytes.n);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        bytes = text_from(bytes, (size_t)n);
    }
    return true;
}

int job_write_file(int dir, const char *name, text bytes, struct err *e)
{
    char fresh[NAME_MOST];
    (void)snprintf(fresh, sizeof fresh, ".%s.new", name);
    int fd = openat(dir, fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return job_io_error(e, name);
    }
    bool good = job_write_all(fd, bytes) && fsync(fd) == 0;
    int rc = good ? 0 : job_io_error(e, name);
    (void)close(fd);
    if (!rc && (renameat(dir, fresh, dir, name) != 0 || fsync(dir) != 0)) {
        rc = job_io_error(e, name);
    }
    if (rc) {
        (void)unlinkat(dir, fresh, 0);
    }
    return rc;
}

int job_read_file(int dir, const char *name, size_t most, struct arena *a, text *ret_bytes,
                  struct err *e)
{
    struct stat st;
    int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? err_set(e, ERR_NOT_FOUND, "%s is not there", name)
                               : job_io_error(e, name);
    }
    int rc = fstat(fd, &st) == 0 ? 0 : job_io_error(e, name);
    if (!rc && (st.st_size < 0 || (uint64_t)st.st_size > most)) {
        rc = err_set(e, ERR_TOO_LARGE, "%s is larger than it can be", name);
    }
    size_t size = rc ? 0 : (size_t)st.st_size;
    char *bytes = rc ? NULL : arena_alloc(a, size + 1);
    size_t n = 0;
    while (bytes && n < size) {
        ssize_t got = read(fd, bytes + n, size - n);
        if (got <= 0) {
            rc = job_io_error(e, name);
            break;
        }
        n += (size_t)got;
    }
    (void)close(fd);
    if (!rc && !bytes) {
        rc = err_set(e, ERR_MEMORY, "no memory for %s", name);
    }
    if (!rc) {
        *ret_bytes = text_make(bytes, n);
    }
    return rc;
}

/* --- state --------------------------------------------------------------------------------- */

static const char *const state_names[] = {"queued", "running", "running", "done", "failed"};

int job_write_state(const struct job *job, int dir, text progress, struct err *e)
{
    struct buf out;
    int state = atomic_load(&job->state);
    buf_init(&out, JOB_STATE_MOST);
    buf_printf(&out, "{\"state\":\"%s\",\"finished\":%lld", state_names[state],
               (long long)job->finished_ms);
    if (state == JOB_FAILED) {
        buf_printf(&out, ",\"code\":%d,\"error\":", job->why.code);
        json_write_string(text_of(err_text(&job->why)), &out);
    }
    if (progress.p) {
        buf_add(&out, T(",\"progress\":"));
        buf_add(&out, progress);
    }
    buf_add(&out, T("}\n"));
    int rc = buf_failed(&out) ? err_set(e, ERR_MEMORY, "no memory for the state of a job")
                              : job_write_file(dir, "state.json", buf_text(&out), e);
    buf_done(&out);
    return rc;
}

uint64_t json_number(const yyjson_val *object, const char *name)
{
    uint64_t n = 0;
    (void)text_to_u64(json_text(json_get(object, text_of(name))), &n);
    return n;
}

text json_member(const yyjson_val *object, const char *name)
{
    return json_text(json_get(object, text_of(name)));
}

int job_read_state(struct job *job, int dir, struct arena *a, yyjson_val **ret_progress,
                   struct err *e)
{
    text bytes;
    yyjson_val *root;
    int rc = job_read_file(dir, "state.json", JOB_STATE_MOST, a, &bytes, e);
    rc = rc ? rc : json_read(bytes, 16, a, &root, e);
    if (rc) {
        return rc;
    }
    text word = json_member(root, "state");
    int state = text_eq(word, T("done"))     ? JOB_DONE
                : text_eq(word, T("failed")) ? JOB_FAILED
                                             : JOB_QUEUED;
    atomic_store(&job->state, state);
    job->finished_ms = (int64_t)json_number(root, "finished");
    if (state == JOB_FAILED) {
        (void)err_set(&job->why, (int)json_number(root, "code"), "%.*s",
                      TEXT_ARG(json_member(root, "error")));
    }
    *ret_progress = json_get(root, T("progress"));
    return 0;
}

int job_read_request(int dir, struct arena *a, yyjson_val **ret_root, struct err *e)
{
    text bytes;
    int rc = job_read_file(dir, "job.json", JOB_STATE_MOST, a, &bytes, e);
    return rc ? rc : json_read(bytes, 16, a, ret_root, e);
}

bool job_wait_for_room(struct job *job)
{
    atomic_store(&job->state, JOB_PAUSED);
    for (int i = 0; i < 10 && !job_must_stop(job); i++) {
        (void)nanosleep(&(struct timespec){.tv_nsec = 50 * 1000 * 1000}, NULL);
    }
    atomic_store(&job->state, JOB_RUNNING);
    return !job_must_stop(job);
}
