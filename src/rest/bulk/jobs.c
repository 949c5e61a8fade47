/* The table of jobs, and the threads that run them. */
#include "rest/bulk/job_owner.h"

#include "base/clock.h"
#include "base/metrics.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { NICE = 10, LOOK_SECONDS = 60, PATH_MOST = 4096 };

bool job_must_stop(const struct job *job)
{
    return atomic_load(&job->cancelled) || atomic_load(&job->jobs->stopping);
}

/* --- the table ----------------------------------------------------------------------------- */

static struct job **place_of(struct jobs *jobs, text id)
{
    struct job **at = &jobs->first;
    while (*at && !text_eq(text_of((*at)->id), id)) {
        at = &(*at)->next;
    }
    return at;
}

/* Its thread writes the end of a job down before the state that tells of it. */
static void copy_job(const struct job *job, struct job *ret_job)
{
    int state = atomic_load(&job->state);
    *ret_job = (struct job){
        .jobs = job->jobs, .kind = job->kind, .owner = job->owner, .created_ms = job->created_ms};
    memcpy(ret_job->id, job->id, sizeof job->id);
    atomic_init(&ret_job->state, state);
    atomic_init(&ret_job->done, atomic_load(&job->done));
    atomic_init(&ret_job->permille, atomic_load(&job->permille));
    if (state == JOB_DONE || state == JOB_FAILED) {
        ret_job->finished_ms = job->finished_ms;
        ret_job->why = job->why;
    }
}

bool jobs_find(struct jobs *jobs, text id, struct job *ret_job)
{
    (void)pthread_mutex_lock(&jobs->lock);
    const struct job *found = *place_of(jobs, id);
    if (found) {
        copy_job(found, ret_job);
    }
    (void)pthread_mutex_unlock(&jobs->lock);
    return found;
}

/* It loses its name first: what a crash leaves behind of it counts for nothing. */
static void remove_files(struct jobs *jobs, const struct job *job)
{
    char gone[64];
    (void)snprintf(gone, sizeof gone, ".gone-%s", job->id);
    if (renameat(jobs->dir, job->id, jobs->dir, gone) == 0) {
        (void)fsync(jobs->dir);
    }
    job_remove_folder(jobs->dir, gone);
}

/* Under the lock: takes it out of the table. A running one is freed by its thread. */
static struct job *take_out(struct jobs *jobs, struct job **at, bool *ret_runs)
{
    struct job *job = *at;
    int state = atomic_load(&job->state);
    *ret_runs = state == JOB_RUNNING || state == JOB_PAUSED;
    *at = job->next;
    jobs->count--;
    atomic_store(&job->cancelled, true);
    return job;
}

bool jobs_remove(struct jobs *jobs, text id)
{
    bool runs = false;
    (void)pthread_mutex_lock(&jobs->lock);
    struct job **at = place_of(jobs, id);
    struct job *job = *at ? take_out(jobs, at, &runs) : NULL;
    if (job) {
        remove_files(jobs, job);
    }
    (void)pthread_mutex_unlock(&jobs->lock);
    if (job && !runs) {
        free(job);
    }
    return job;
}

static void remove_old(struct jobs *jobs)
{
    int64_t before = clock_real_ms() - (int64_t)jobs->rest.limits->job_days * 86400000;
    struct job **at = &jobs->first;
    while (*at) {
        struct job *job = *at;
        int state = atomic_load(&job->state);
        if ((state == JOB_DONE || state == JOB_FAILED) && job->finished_ms < before) {
            bool runs;
            (void)take_out(jobs, at, &runs);
            remove_files(jobs, job);
            free(job);
        } else {
            at = &job->next;
        }
    }
}

int jobs_add(struct jobs *jobs, struct job *draft, int dir, struct err *e)
{
    char name[64];
    struct job *job = malloc(sizeof *job);
    int rc = job ? 0 : err_set(e, ERR_MEMORY, "no memory for a job");
    rc = rc ? rc : job_write_state(draft, dir, (text){0}, e);
    (void)snprintf(name, sizeof name, ".new-%s", draft->id);
    if (!rc && (renameat(jobs->dir, name, jobs->dir, draft->id) != 0 || fsync(jobs->dir) != 0)) {
        rc = job_io_error(e, "the folder of a job");
    }
    if (rc) {
        free(job);
        job_draft_drop(jobs, draft, dir);
        job_remove_folder(jobs->dir, draft->id);
        return rc;
    }
    (void)close(dir);
    memcpy(job, draft, sizeof *job);
    (void)pthread_mutex_lock(&jobs->lock);
    job->next = jobs->first;
    jobs->first = job;
    jobs->count++;
    (void)pthread_cond_broadcast(&jobs->changed);
    (void)pthread_mutex_unlock(&jobs->lock);
    return 0;
}

/* --- running ------------------------------------------------------------------------------- */

/* Waits until the end can be written down: the disk may be full. */
static void write_end(struct job *job, int dir, int state, text progress)
{
    struct err e = {0};
    job->finished_ms = clock_real_ms();
    struct job end = {.finished_ms = job->finished_ms, .why = job->why};
    atomic_init(&end.state, state);
    while (job_write_state(&end, dir, progress, &e) == ERR_FULL && job_wait_for_room(job)) {
    }
    atomic_store(&job->state, state);
}

static void run_job(struct job *job)
{
    struct err e = {0};
    int dir = job_open_dir(job->jobs, job->id);
    int rc = dir < 0                   ? job_io_error(&e, "the folder of a job")
             : job->kind == JOB_EXPORT ? export_run(job, dir, &e)
                                       : import_run(job, dir, &e);
    if (rc && job_must_stop(job)) {
        atomic_store(&job->state, JOB_QUEUED);
    } else if (rc) {
        job->why = e;
        job->why.code = rc;
        write_end(job, dir, JOB_FAILED, (text){0});
    } else {
        write_end(job, dir, JOB_DONE, (text){0});
    }
    if (dir >= 0) {
        (void)close(dir);
    }
}

/* The oldest that waits. */
static struct job *next_job(struct jobs *jobs)
{
    struct job *found = NULL;
    for (struct job *job = jobs->first; job; job = job->next) {
        found = atomic_load(&job->state) == JOB_QUEUED ? job : found;
    }
    return found;
}

static void *work(void *context)
{
    struct jobs *jobs = context;
    (void)pthread_setname_np(pthread_self(), "job");
    /* Of this thread, and of those that it starts. */
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), getpriority(PRIO_PROCESS, 0) + NICE);
    (void)pthread_mutex_lock(&jobs->lock);
    while (!atomic_load(&jobs->stopping)) {
        struct job *job = next_job(jobs);
        if (!job) {
            struct timespec until = {.tv_sec = clock_real_ms() / 1000 + LOOK_SECONDS};
            remove_old(jobs);
            (void)pthread_cond_timedwait(&jobs->changed, &jobs->lock, &until);
            continue;
        }
        atomic_store(&job->state, JOB_RUNNING);
        (void)pthread_mutex_unlock(&jobs->lock);
        metric_add(METRIC_jobs_running, 1);
        run_job(job);
        metric_add(METRIC_jobs_running, -1);
        (void)pthread_mutex_lock(&jobs->lock);
        if (atomic_load(&job->cancelled)) {
            remove_files(jobs, job); /* what it wrote after it had been renamed is gone with it */
            free(job);
        }
    }
    (void)pthread_mutex_unlock(&jobs->lock);
    return NULL;
}

/* --- start and stop ------------------------------------------------------------------------ */

static bool is_job_id(const char *name)
{
    return strlen(name) == JOB_ID_SIZE - 1 && strspn(name, "0123456789abcdef") == JOB_ID_SIZE - 1;
}

/* A folder whose files cannot be read becomes a failed job: it can be seen and deleted. */
static int load_job(struct jobs *jobs, const char *name, struct arena *a)
{
    struct err e = {0};
    yyjson_val *root = NULL;
    yyjson_val *progress;
    struct job *job = calloc(1, sizeof *job);
    if (!job) {
        return ERR_MEMORY;
    }
    job->jobs = jobs;
    memcpy(job->id, name, JOB_ID_SIZE);
    int dir = job_open_dir(jobs, name);
    int rc =
        dir < 0 ? job_io_error(&e, "the folder of a job") : job_read_request(dir, a, &root, &e);
    rc = rc ? rc : job_read_state(job, dir, a, &progress, &e);
    if (dir >= 0) {
        (void)close(dir);
    }
    if (rc) {
        atomic_store(&job->state, JOB_FAILED);
        job->why = e;
        job->finished_ms = clock_real_ms();
    }
    job->kind = text_eq(json_member(root, "kind"), T("import")) ? JOB_IMPORT : JOB_EXPORT;
    job->owner = owner_hash_read(&jobs->rest, root);
    job->created_ms = (int64_t)json_number(root, "created");
    struct job **at = &jobs->first;
    while (*at && (*at)->created_ms > job->created_ms) {
        at = &(*at)->next;
    }
    job->next = *at;
    *at = job;
    jobs->count++;
    return 0;
}

static int load(struct jobs *jobs, struct err *e)
{
    struct arena a;
    int copy = openat(jobs->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = copy < 0 ? NULL : fdopendir(copy);
    if (!list) {
        return job_io_error(e, "the folder jobs");
    }
    int rc = 0;
    const struct dirent *entry;
    arena_init(&a, (size_t)256 << 20);
    while (!rc && (entry = readdir(list)) != NULL) {
        if (strncmp(entry->d_name, ".new-", 5) == 0 || strncmp(entry->d_name, ".gone-", 6) == 0) {
            job_remove_folder(jobs->dir, entry->d_name);
        } else if (is_job_id(entry->d_name)) {
            rc = load_job(jobs, entry->d_name, &a);
            arena_reset(&a);
        }
    }
    arena_done(&a);
    (void)closedir(list);
    return rc ? err_set(e, rc, "no memory for the jobs") : 0;
}

static int open_folder(const char *dir, const char *below, bool make, int *ret_fd, struct err *e)
{
    char path[PATH_MOST];
    int n = snprintf(path, sizeof path, "%s%s", dir, below);
    if (n < 0 || (size_t)n >= sizeof path) {
        return err_set(e, ERR_INVALID, "the path of the folder is too long");
    }
    if (make && mkdir(path, 0700) != 0 && errno != EEXIST) {
        return job_io_error(e, path);
    }
    *ret_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *ret_fd < 0 ? job_io_error(e, path) : 0;
}

static int open_folders(struct jobs *jobs, const struct jobs_config *config, struct err *e)
{
    char path[PATH_MOST];
    int rc = open_folder(config->dir, "/jobs", true, &jobs->dir, e);
    if (rc) {
        return rc;
    }
    bool given = config->import_dir;
    (void)snprintf(path, sizeof path, "%s%s", given ? config->import_dir : config->dir,
                   given ? "" : "/import");
    if (!given && mkdir(path, 0700) != 0 && errno != EEXIST) {
        return job_io_error(e, path);
    }
    jobs->import_dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (jobs->import_dir < 0) {
        return job_io_error(e, path);
    }
    jobs->import_path = realpath(path, NULL);
    return jobs->import_path ? 0 : job_io_error(e, path);
}

int jobs_open(const struct jobs_config *config, struct jobs **ret_jobs, struct err *e)
{
    struct jobs *jobs = calloc(1, sizeof *jobs);
    if (!jobs) {
        return err_set(e, ERR_MEMORY, "no memory for the jobs");
    }
    jobs->rest = *config->rest;
    jobs->dir = jobs->import_dir = -1;
    (void)pthread_mutex_init(&jobs->lock, NULL);
    (void)pthread_cond_init(&jobs->changed, NULL);
    int rc = open_folders(jobs, config, e);
    rc = rc ? rc : load(jobs, e);
    size_t most = sizeof jobs->threads / sizeof *jobs->threads;
    for (size_t i = 0; !rc && i < jobs->rest.limits->jobs_running && i < most; i++) {
        if (pthread_create(&jobs->threads[i], NULL, work, jobs) != 0) {
            rc = err_set(e, ERR_MEMORY, "the thread of the jobs cannot be started");
        } else {
            jobs->thread_count++;
        }
    }
    if (rc) {
        jobs_close(jobs);
        return rc;
    }
    *ret_jobs = jobs;
    return 0;
}

void jobs_close(struct jobs *jobs)
{
    if (!jobs) {
        return;
    }
    (void)pthread_mutex_lock(&jobs->lock);
    atomic_store(&jobs->stopping, true);
    (void)pthread_cond_broadcast(&jobs->changed);
    (void)pthread_mutex_unlock(&jobs->lock);
    for (size_t i = 0; i < jobs->thread_count; i++) {
        (void)pthread_join(jobs->threads[i], NULL);
    }
    while (jobs->first) {
        struct job *next = jobs->first->next;
        free(jobs->first);
        jobs->first = next;
    }
    if (jobs->dir >= 0) {
        (void)close(jobs->dir);
    }
    if (jobs->import_dir >= 0) {
        (void)close(jobs->import_dir);
    }
    free(jobs->import_path);
    (void)pthread_cond_destroy(&jobs->changed);
    (void)pthread_mutex_destroy(&jobs->lock);
    free(jobs);
}
