/*
 * $import as it runs: a few threads read and prepare units of lines, and commit them in turn, so
 * that the order of the lines stays and one number says how far the commits reach.
 */
#include "rest/bulk/import.h"
#include "rest/bulk/job_owner.h"

#include "base/clock.h"
#include "base/metrics.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { THREADS = 3, NOTE_MS = 250 };

struct input {
    text url;
    text path;
    fhir_type type;
    uint64_t size;
    uint64_t changed;
    uint64_t before; /* bytes of the inputs before it */
    struct import_result result;
};

struct import {
    struct job *job;
    int dir;
    struct rest *rest;
    const struct grant *grant;
    struct arena arena; /* of the whole job */
    yyjson_val *asked;
    text base;
    struct input *inputs;
    size_t input_count;
    uint64_t all_bytes;

    /* Reading: under `reading`. */
    pthread_mutex_t reading;
    struct import_source source;
    bool open;
    size_t read_input;
    uint64_t from_offset; /* of the first input that is read: where an earlier run came to */
    uint64_t from_line;
    uint64_t next_turn;

    /* Committing: whoever has the turn; `turn`, `rc` and `why` under `lock`. */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t turn;
    int rc;
    struct err why;
    size_t input; /* the place that commits have reached */
    uint64_t offset;
    uint64_t line;
    uint64_t listed; /* refused lines in the report */
    struct outputs out;
    struct buf report;
    size_t hint;
    int64_t noted;
    struct import_pace pace;
};

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "no memory for an import");
}

/* --- what was asked, and how far it is ----------------------------------------------------- */

static int read_asked(struct import *im, struct err *e)
{
    size_t at;
    size_t most;
    yyjson_val *item;
    int rc = job_read_request(im->dir, &im->arena, &im->asked, e);
    yyjson_val *list = rc ? NULL : json_get(im->asked, T("inputs"));
    if (!list) {
        return rc ? rc : err_set(e, ERR_CORRUPT, "job.json has no inputs");
    }
    im->base = json_member(im->asked, "base");
    im->inputs = arena_zalloc(&im->arena, json_len(list) + 1, sizeof *im->inputs);
    if (!im->inputs) {
        return no_memory(e);
    }
    yyjson_arr_foreach(list, at, most, item)
    {
        struct input *input = &im->inputs[im->input_count++];
        *input = (struct input){.url = json_member(item, "url"),
                                .path = json_member(item, "path"),
                                .type = fhir_type_of(json_member(item, "type")),
                                .size = json_number(item, "size"),
                                .changed = json_number(item, "changed"),
                                .before = im->all_bytes};
        im->all_bytes += input->size;
    }
    return 0;
}

static int read_progress(struct import *im, struct err *e)
{
    size_t at;
    size_t most;
    yyjson_val *item;
    yyjson_val *progress = NULL;
    struct job saved = {0};
    int rc = job_read_state(&saved, im->dir, &im->arena, &progress, e);
    rc = rc ? rc : outputs_open(im->job, im->dir, json_get(progress, T("files")), &im->out, e);
    if (rc || !progress) {
        return rc;
    }
    im->input = (size_t)json_number(progress, "input");
    im->offset = json_number(progress, "offset");
    im->line = json_number(progress, "line");
    im->listed = json_number(progress, "listed");
    atomic_store(&im->job->done, json_number(progress, "done"));
    yyjson_val *results = json_get(progress, T("results"));
    yyjson_arr_foreach(results, at, most, item)
    {
        if (at < im->input_count) {
            im->inputs[at].result =
                (struct import_result){json_number(item, "written"), json_number(item, "same"),
                                       json_number(item, "refused")};
        }
    }
    return 0;
}

static int note(struct import *im, struct err *e)
{
    struct buf out;
    buf_init(&out, JOB_STATE_MOST);
    buf_printf(&out, "{\"input\":%zu,\"offset\":%llu,\"line\":%llu,\"listed\":%llu,\"done\":%llu,",
               im->input, (unsigned long long)im->offset, (unsigned long long)im->line,
               (unsigned long long)im->listed, (unsigned long long)atomic_load(&im->job->done));
    buf_add(&out, T("\"results\":["));
    for (size_t i = 0; i < im->input_count; i++) {
        const struct import_result *r = &im->inputs[i].result;
        buf_printf(&out, "%s{\"written\":%llu,\"same\":%llu,\"refused\":%llu}", i ? "," : "",
                   (unsigned long long)r->written, (unsigned long long)r->same,
                   (unsigned long long)r->refused);
    }
    buf_add(&out, T("],"));
    int rc = outputs_note(&im->out, &out, e);
    buf_done(&out);
    im->noted = clock_mono_ns();
    return rc;
}

/* --- reading ------------------------------------------------------------------------------- */

static int open_input(struct import *im, const struct input *input, uint64_t offset, uint64_t line,
                      struct err *e)
{
    int fd = -1;
    struct stat st;
    int rc = 0;
    if (input->path.n) {
        rc = import_open_path(im->job->jobs, input->path.p, &fd, e);
    } else {
        fd = openat(im->dir, "upload", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        rc = fd < 0 ? job_io_error(e, "the upload") : 0;
    }
    if (rc) {
        return rc;
    }
    bool known = fstat(fd, &st) == 0 && (uint64_t)st.st_size == input->size;
    uint64_t changed = (uint64_t)st.st_mtim.tv_sec * 1000000000 + (uint64_t)st.st_mtim.tv_nsec;
    if (!known || (input->path.n && changed != input->changed)) {
        (void)close(fd);
        return err_set(e, ERR_CONFLICT,
                       "the file %.*s was changed while it was imported; start a new import",
                       TEXT_ARG(input->url));
    }
    return import_source_open(&im->source, fd, offset, line,
                              (size_t)im->rest->limits->resource_bytes, e);
}

/* Under `reading`. *ret_some is false when there is nothing more to read. */
static int read_unit(struct import *im, struct import_unit *unit, bool *ret_some, struct err *e)
{
    *ret_some = false;
    if (im->read_input == im->input_count) {
        return 0;
    }
    if (!im->open) {
        int rc = open_input(im, &im->inputs[im->read_input], im->from_offset, im->from_line, e);
        im->from_offset = im->from_line = 0;
        if (rc) {
            return rc;
        }
        im->open = true;
    }
    unit->input = im->read_input;
    unit->most = UNIT_LINES - 1;
    int rc = import_source_read(&im->source, unit, e);
    if (!rc && unit->ends_file) {
        import_source_close(&im->source);
        im->open = false;
        im->read_input++;
    }
    im->next_turn += !rc;
    *ret_some = !rc;
    return rc;
}

/* --- committing ---------------------------------------------------------------------------- */

static int report(struct import *im, const struct import_unit *unit, const struct import_work *w,
                  struct err *e)
{
    for (size_t i = 0; i < unit->count; i++) {
        buf_clear(&im->report);
        if (!import_outcome(w, i, im->inputs[unit->input].url, &im->report) ||
            im->listed == im->rest->limits->job_errors) {
            continue;
        }
        im->listed++;
        struct buf *to = outputs_begin(&im->out, T("error"), &im->hint, e);
        if (!to) {
            return e->code;
        }
        buf_add(to, buf_text(&im->report));
        buf_addc(to, '\n');
        int rc = outputs_line(&im->out, im->hint, e);
        if (rc) {
            return rc;
        }
    }
    return 0;
}

/* With the turn. */
static int take_unit(struct import *im, const struct import_unit *unit, struct import_work *w,
                     struct err *e)
{
    struct import_result r;
    struct input *input = &im->inputs[unit->input];
    int rc = import_commit(w, &im->pace, &r, e);
    rc = rc ? rc : report(im, unit, w, e);
    if (rc) {
        return rc;
    }
    input->result.written += r.written;
    input->result.same += r.same;
    input->result.refused += r.refused;
    im->input = unit->ends_file ? unit->input + 1 : unit->input;
    im->offset = unit->ends_file ? 0 : unit->end_offset;
    im->line = unit->ends_file ? 0 : unit->end_line;
    atomic_fetch_add(&im->job->done, unit->count);
    metric_add(METRIC_jobs_imported_total, (int64_t)unit->count);
    uint64_t at = input->before + (unit->ends_file ? input->size : unit->read_bytes);
    atomic_store(&im->job->permille, im->all_bytes ? at * 999 / im->all_bytes : 999);
    bool due = clock_mono_ns() - im->noted > NOTE_MS * (int64_t)1000000;
    return due ? note(im, e) : 0;
}

static void fail(struct import *im, int rc, const struct err *e)
{
    (void)pthread_mutex_lock(&im->lock);
    if (!im->rc) {
        im->rc = rc;
        im->why = *e;
    }
    (void)pthread_cond_broadcast(&im->changed);
    (void)pthread_mutex_unlock(&im->lock);
}

/* False: another thread has failed. */
static bool wait_for_turn(struct import *im, uint64_t turn)
{
    (void)pthread_mutex_lock(&im->lock);
    while (im->turn != turn && !im->rc) {
        (void)pthread_cond_wait(&im->changed, &im->lock);
    }
    bool mine = !im->rc;
    (void)pthread_mutex_unlock(&im->lock);
    return mine;
}

static void pass_turn(struct import *im)
{
    (void)pthread_mutex_lock(&im->lock);
    im->turn++;
    (void)pthread_cond_broadcast(&im->changed);
    (void)pthread_mutex_unlock(&im->lock);
}

/* False: there is nothing more to do here. */
static bool do_unit(struct import *im, struct import_unit *unit, struct arena *a)
{
    struct err e = {0};
    bool some = false;
    struct import_work *w = NULL;
    (void)pthread_mutex_lock(&im->reading);
    unit->turn = im->next_turn;
    int rc = job_must_stop(im->job) ? err_set(&e, ERR_STOPPING, "the import was stopped")
                                    : read_unit(im, unit, &some, &e);
    (void)pthread_mutex_unlock(&im->reading);
    if (!rc && !some) {
        return false;
    }
    struct import_target target = {.job = im->job,
                                   .rest = im->rest,
                                   .grant = im->grant,
                                   .base = im->base,
                                   .type = some ? im->inputs[unit->input].type : 0};
    rc = rc ? rc : import_prepare(&target, unit, a, &w, &e);
    /* Also with a failure: what stands before it is committed first. */
    bool mine = wait_for_turn(im, unit->turn);
    rc = rc || !mine ? rc : take_unit(im, unit, w, &e);
    import_drop(w);
    if (!mine) {
        return false;
    }
    arena_reset(a);
    if (rc) {
        fail(im, rc, &e);
    } else {
        pass_turn(im);
    }
    return rc == 0;
}

static void *work(void *context)
{
    struct import *im = context;
    struct arena a;
    struct import_unit *unit = calloc(1, sizeof *unit);
    (void)pthread_setname_np(pthread_self(), "job-import");
    if (!unit) {
        struct err e = {0};
        fail(im, no_memory(&e), &e);
        return NULL;
    }
    arena_init(&a, (size_t)im->rest->limits->request_memory);
    buf_init(&unit->bytes, (size_t)im->rest->limits->resource_bytes + 2 * (size_t)UNIT_BYTES);
    while (do_unit(im, unit, &a)) {
    }
    buf_done(&unit->bytes);
    arena_done(&a);
    free(unit);
    return NULL;
}

static void run_threads(struct import *im)
{
    pthread_t threads[THREADS];
    int started = 0;
    while (started < THREADS && pthread_create(&threads[started], NULL, work, im) == 0) {
        started++;
    }
    if (started == 0) {
        struct err e = {0};
        fail(im, no_memory(&e), &e);
    }
    for (int i = 0; i < started; i++) {
        (void)pthread_join(threads[i], NULL);
    }
}

/* --- the end ------------------------------------------------------------------------------- */

/* One line an input: what became of it. */
static int put_outcomes(struct import *im, struct err *e)
{
    size_t hint = SIZE_MAX;
    int rc = 0;
    for (size_t i = 0; !rc && i < im->input_count; i++) {
        const struct import_result *r = &im->inputs[i].result;
        text words = arena_printf(&im->arena, "%.*s: %llu written, %llu unchanged, %llu refused",
                                  TEXT_ARG(im->inputs[i].url), (unsigned long long)r->written,
                                  (unsigned long long)r->same, (unsigned long long)r->refused);
        struct buf *to = outputs_begin(&im->out, T("outcome"), &hint, e);
        if (!to) {
            return e->code;
        }
        outcome_print_done(words, to);
        buf_addc(to, '\n');
        rc = outputs_line(&im->out, hint, e);
    }
    return rc;
}

static void print_counts(const struct import *im, struct buf *out)
{
    struct import_result all = {0};
    buf_add(out, T("],\"extension\":{\"inputs\":["));
    for (size_t i = 0; i < im->input_count; i++) {
        const struct import_result *r = &im->inputs[i].result;
        buf_add(out, i ? T(",{\"url\":") : T("{\"url\":"));
        json_write_string(im->inputs[i].url, out);
        buf_printf(out, ",\"written\":%llu,\"unchanged\":%llu,\"refused\":%llu}",
                   (unsigned long long)r->written, (unsigned long long)r->same,
                   (unsigned long long)r->refused);
        all.written += r->written;
        all.same += r->same;
        all.refused += r->refused;
    }
    buf_printf(out, "],\"written\":%llu,\"unchanged\":%llu,\"refused\":%llu,\"listed\":%llu}}\n",
               (unsigned long long)all.written, (unsigned long long)all.same,
               (unsigned long long)all.refused, (unsigned long long)im->listed);
}

static int write_manifest(struct import *im, struct err *e)
{
    struct buf out;
    buf_init(&out, JOB_STATE_MOST);
    manifest_open(im->asked, clock_real_ms(), &out);
    outputs_list(&im->out, im->base, "outcome", "OperationOutcome", &im->arena, &out);
    buf_add(&out, T("],\"error\":["));
    outputs_list(&im->out, im->base, "error", "OperationOutcome", &im->arena, &out);
    print_counts(im, &out);
    int rc = outputs_manifest(&im->out, &out, e);
    buf_done(&out);
    return rc;
}

static int run(struct import *im, struct err *e)
{
    int rc = read_asked(im, e);
    rc = rc ? rc : read_progress(im, e);
    struct job_owner owner;
    rc = rc ? rc : owner_read(im->rest, im->asked, &im->arena, &owner, e);
    rc = rc ? rc : owner_record_import(im->rest, &owner, im->job, T("began"), e);
    if (rc) {
        return rc;
    }
    im->read_input = im->input;
    im->from_offset = im->offset;
    im->from_line = im->line;
    im->noted = clock_mono_ns();
    run_threads(im);
    if (im->rc) {
        struct err ignored = {0};
        (void)note(im, &ignored); /* a place further on saves work; the old one is as good */
        *e = im->why;
        return im->rc;
    }
    rc = owner_record_import(im->rest, &owner, im->job, T("ended"), e);
    rc = rc ? rc : note(im, e); /* from here on the upload is not needed */
    rc = rc ? rc : put_outcomes(im, e);
    rc = rc ? rc : outputs_finish(&im->out, e);
    rc = rc ? rc : write_manifest(im, e);
    if (!rc) {
        (void)unlinkat(im->dir, "upload", 0);
    }
    return rc;
}

int import_run(struct job *job, int dir, struct err *e)
{
    struct import im = {.job = job,
                        .dir = dir,
                        .rest = &job->jobs->rest,
                        .grant = policy_local_administrator(),
                        .hint = SIZE_MAX};
    (void)pthread_mutex_init(&im.reading, NULL);
    (void)pthread_mutex_init(&im.lock, NULL);
    (void)pthread_cond_init(&im.changed, NULL);
    arena_init(&im.arena, (size_t)256 << 20);
    buf_init(&im.report, (size_t)16 << 20);
    int rc = run(&im, e);
    if (im.open) {
        import_source_close(&im.source);
    }
    outputs_close(&im.out);
    buf_done(&im.report);
    arena_done(&im.arena);
    (void)pthread_cond_destroy(&im.changed);
    (void)pthread_mutex_destroy(&im.lock);
    (void)pthread_mutex_destroy(&im.reading);
    return rc;
}
