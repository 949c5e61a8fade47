#include "cli/import.h"
#include "cli/cli.h"
#include "node/backup.h"
#include "rest/definitions.h"

#include "base/clock.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/*
 * One thread reads, a few prepare and send. What fails because a resource that it means is not
 * there yet (a conditional reference) is kept and tried again when everything else has been taken,
 * as long as that helps.
 */

enum { THREADS = 12, QUEUE_MAX = 24 };
#define KEPT_BYTES_MAX ((size_t)1 << 30)

static const struct cli_option options[] = {{0}};

struct totals {
    uint64_t pieces;
    uint64_t written;
    uint64_t same;
    uint64_t failed;
    uint64_t by_type[256];
};

struct import {
    const struct cli_args *args;
    struct import_target target;
    struct limits limits;
    const char **files;
    size_t file_count;
    size_t file_capacity;
    uint64_t bytes_before; /* of files that are done */
    uint64_t bytes_now;
    uint64_t bytes_all;
    int64_t started;
    int64_t taken;       /* when everything was */
    struct store *store; /* on this machine; NULL: elsewhere */
    int64_t shown;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct import_unit *first; /* the queue */
    struct import_unit *last;
    size_t queued;
    bool no_more;
    bool broken; /* nothing can be sent any more */
    struct err broken_why;
    struct import_unit *kept; /* to be tried again */
    size_t kept_bytes;
    bool last_try;
    struct totals totals;
};

/* --- what is told -------------------------------------------------------------------------- */

static void tell_failure(struct import *im, const struct import_unit *u, size_t at,
                         const struct rest_item *item)
{
    char place[64] = "";
    if (u->line) {
        (void)snprintf(place, sizeof place, ":%llu", (unsigned long long)u->lines[at]);
    }
    cli_progress_end(im->args);
    fprintf(stderr, "%s%s: %s%s%s%s\n", u->file, place, item->err.expression,
            item->err.expression[0] ? ": " : "", err_text(&item->err),
            item->failed > 1 ? " (and more entries of it were refused)" : "");
}

static void show_progress(struct import *im)
{
    char count[32];
    char rate[32];
    char tail[128];
    int64_t now = clock_mono_ns();
    if (now - im->shown < 100000000) {
        return;
    }
    im->shown = now;
    uint64_t n = im->totals.written + im->totals.same;
    double seconds = (double)(now - im->started) / 1e9;
    (void)snprintf(tail, sizeof tail, "%s resources, %s a second", cli_thousands(n, count),
                   cli_thousands((uint64_t)((double)n / (seconds > 0 ? seconds : 1)), rate));
    cli_progress(im->args, "importing", im->bytes_before + im->bytes_now, im->bytes_all, tail);
}

static void print_summary(struct import *im)
{
    char count[32];
    char rate[32];
    const struct totals *t = &im->totals;
    double seconds = (double)(im->taken - im->started) / 1e9;
    double settling = (double)(clock_mono_ns() - im->taken) / 1e9;
    uint64_t n = t->written + t->same;
    uint64_t a_second = (uint64_t)((double)n / (seconds > 0 ? seconds : 1e-9));
    if (im->args->json) {
        printf("{\"written\":%llu,\"same\":%llu,\"failed\":%llu,\"seconds\":%.3f,"
               "\"settling\":%.3f,\"by_type\":{",
               (unsigned long long)t->written, (unsigned long long)t->same,
               (unsigned long long)t->failed, seconds, settling);
        const char *before = "";
        for (unsigned i = 1; i < fhir_type_count(); i++) {
            if (t->by_type[i]) {
                printf("%s\"%.*s\":%llu", before, TEXT_ARG(fhir_type_name((fhir_type)i)),
                       (unsigned long long)t->by_type[i]);
                before = ",";
            }
        }
        printf("}}\n");
        return;
    }
    for (unsigned i = 1; i < fhir_type_count(); i++) {
        if (t->by_type[i]) {
            printf("  %-28.*s %12s\n", TEXT_ARG(fhir_type_name((fhir_type)i)),
                   cli_thousands(t->by_type[i], count));
        }
    }
    printf("%s resources in %.1f s (%s a second)", cli_thousands(n, count), seconds,
           cli_thousands(a_second, rate));
    if (im->store) {
        printf(", then %.1f s for full text and packing", settling);
    }
    if (t->same) {
        printf(", %s of them were there already", cli_thousands(t->same, count));
    }
    if (t->failed) {
        printf("; %s refused, see above", cli_thousands(t->failed, count));
    }
    putchar('\n');
}

/* --- taking -------------------------------------------------------------------------------- */

/* With the lock held. */
static void add_up(struct import *im, const struct rest_item *item)
{
    im->totals.pieces++;
    im->totals.written += item->written;
    im->totals.same += item->same;
    for (int i = 0; i < 256; i++) {
        im->totals.by_type[i] += item->by_type[i];
    }
}

/* Keeps one piece for later, as a unit of its own. False when it must be reported now. */
static bool keep(struct import *im, const struct import_unit *u, size_t at,
                 const struct rest_item *item)
{
    bool may_help = item->result == ERR_PRECONDITION || item->result == ERR_BUSY;
    if (im->last_try || !may_help || u->pieces[at].n > KEPT_BYTES_MAX - im->kept_bytes) {
        return false;
    }
    struct import_unit *one = calloc(1, sizeof *one);
    if (!one) {
        return false;
    }
    one->file = u->file;
    one->line = u->line;
    one->memory = malloc(u->pieces[at].n);
    one->pieces = calloc(1, sizeof *one->pieces);
    one->lines = calloc(1, sizeof *one->lines);
    if (!one->memory || !one->pieces || !one->lines) {
        import_unit_free(one);
        return false;
    }
    memcpy(one->memory, u->pieces[at].p, u->pieces[at].n);
    one->pieces[0] = text_make(one->memory, u->pieces[at].n);
    one->lines[0] = u->lines[at];
    one->count = 1;
    one->next = im->kept;
    im->kept = one;
    im->kept_bytes += u->pieces[at].n;
    return true;
}

static void take_unit(struct import *im, void *self, struct import_unit *u, struct arena *a)
{
    struct err e = {0};
    arena_reset(a);
    struct rest_item *items = arena_zalloc(a, u->count + 1, sizeof *items);
    int rc = items ? 0 : err_set(&e, ERR_MEMORY, "no memory");
    for (size_t i = 0; !rc && i < u->count; i++) {
        items[i].json = u->pieces[i];
    }
    if (!rc) {
        rc = im->target.take(self, items, u->count, a, &e);
    }
    (void)pthread_mutex_lock(&im->lock);
    if (rc && !im->broken) {
        im->broken = true;
        im->broken_why = e;
        (void)pthread_cond_broadcast(&im->changed);
    }
    for (size_t i = 0; !rc && i < u->count; i++) {
        if (items[i].failed &&
            !(items[i].written + items[i].same == 0 && keep(im, u, i, &items[i]))) {
            im->totals.failed += items[i].failed;
            tell_failure(im, u, i, &items[i]);
        }
        add_up(im, &items[i]);
    }
    show_progress(im);
    (void)pthread_mutex_unlock(&im->lock);
    import_unit_free(u);
}

static struct import_unit *next_unit(struct import *im)
{
    (void)pthread_mutex_lock(&im->lock);
    while (!im->first && !im->no_more && !im->broken) {
        (void)pthread_cond_wait(&im->changed, &im->lock);
    }
    struct import_unit *u = im->broken ? NULL : im->first;
    if (u) {
        im->first = u->next;
        im->queued--;
        (void)pthread_cond_broadcast(&im->changed);
    }
    (void)pthread_mutex_unlock(&im->lock);
    return u;
}

static void *work(void *context)
{
    struct import *im = context;
    struct err e = {0};
    struct arena a;
    void *self;
    struct import_unit *u;
    arena_init(&a, (size_t)4 << 30);
    if (im->target.open(im->target.context, &self, &e)) {
        (void)pthread_mutex_lock(&im->lock);
        im->broken = true;
        im->broken_why = e;
        (void)pthread_cond_broadcast(&im->changed);
        (void)pthread_mutex_unlock(&im->lock);
        return NULL;
    }
    while ((u = next_unit(im)) != NULL) {
        take_unit(im, self, u, &a);
    }
    im->target.close(self);
    arena_done(&a);
    return NULL;
}

/* --- reading ------------------------------------------------------------------------------- */

static int give(void *context, struct import_unit *u)
{
    struct import *im = context;
    (void)pthread_mutex_lock(&im->lock);
    while (im->queued >= QUEUE_MAX && !im->broken) {
        (void)pthread_cond_wait(&im->changed, &im->lock);
    }
    bool broken = im->broken;
    if (!broken) {
        u->next = NULL;
        if (im->first) {
            im->last->next = u;
        } else {
            im->first = u;
        }
        im->last = u;
        im->queued++;
        (void)pthread_cond_broadcast(&im->changed);
    }
    (void)pthread_mutex_unlock(&im->lock);
    if (broken) {
        import_unit_free(u);
    }
    return broken ? ERR_IO : 0;
}

static void at_bytes(void *context, uint64_t bytes)
{
    struct import *im = context;
    (void)pthread_mutex_lock(&im->lock);
    im->bytes_now = bytes;
    (void)pthread_mutex_unlock(&im->lock);
}

static int add_file(void *context, const char *file)
{
    struct import *im = context;
    struct stat st;
    if (im->file_count == im->file_capacity) {
        size_t wanted = im->file_capacity ? im->file_capacity * 2 : 64;
        const char **files = realloc(im->files, wanted * sizeof *files);
        if (!files) {
            return ERR_MEMORY;
        }
        im->files = files;
        im->file_capacity = wanted;
    }
    char *copy = strdup(file);
    if (!copy) {
        return ERR_MEMORY;
    }
    im->files[im->file_count++] = copy;
    im->bytes_all += stat(file, &st) == 0 && st.st_size > 0 ? (uint64_t)st.st_size : 0;
    return 0;
}

static void read_files(struct import *im)
{
    for (size_t i = 0; i < im->file_count; i++) {
        struct err e = {0};
        struct stat st;
        if (import_read(im->files[i], give, at_bytes, im, &e) && e.code) {
            cli_progress_end(im->args);
            fprintf(stderr, "%s\n", err_text(&e));
            (void)pthread_mutex_lock(&im->lock);
            im->totals.failed++;
            (void)pthread_mutex_unlock(&im->lock);
        }
        (void)pthread_mutex_lock(&im->lock);
        im->bytes_before +=
            stat(im->files[i], &st) == 0 && st.st_size > 0 ? (uint64_t)st.st_size : 0;
        im->bytes_now = 0;
        bool broken = im->broken;
        (void)pthread_mutex_unlock(&im->lock);
        if (broken) {
            return;
        }
    }
}

/* Runs the threads while `feed` fills the queue. */
static void run_threads(struct import *im, void (*feed)(struct import *im))
{
    pthread_t threads[THREADS];
    int started = 0;
    im->no_more = false;
    while (started < THREADS && pthread_create(&threads[started], NULL, work, im) == 0) {
        started++;
    }
    if (started == 0) {
        im->broken = true;
        (void)err_set(&im->broken_why, ERR_MEMORY, "no thread could be started");
        return;
    }
    feed(im);
    (void)pthread_mutex_lock(&im->lock);
    im->no_more = true;
    (void)pthread_cond_broadcast(&im->changed);
    (void)pthread_mutex_unlock(&im->lock);
    for (int i = 0; i < started; i++) {
        (void)pthread_join(threads[i], NULL);
    }
}

static void feed_kept(struct import *im)
{
    (void)pthread_mutex_lock(&im->lock);
    struct import_unit *u = im->kept;
    im->kept = NULL;
    im->kept_bytes = 0;
    (void)pthread_mutex_unlock(&im->lock);
    while (u) {
        struct import_unit *next = u->next;
        (void)give(im, u);
        u = next;
    }
}

static size_t count_kept(const struct import *im)
{
    size_t n = 0;
    for (const struct import_unit *u = im->kept; u; u = u->next) {
        n++;
    }
    return n;
}

static void try_kept(struct import *im)
{
    size_t before = SIZE_MAX;
    for (size_t now = count_kept(im); now && !im->broken; now = count_kept(im)) {
        im->last_try = now >= before;
        before = now;
        run_threads(im, feed_kept);
    }
}

/* --- the command --------------------------------------------------------------------------- */

struct local {
    struct store *store;
    struct rest rest;
};

static int local_open(void *context, void **ret_self, struct err *e)
{
    (void)e;
    *ret_self = context;
    return 0;
}

static int local_take(void *self, struct rest_item *items, size_t count, struct arena *a,
                      struct err *e)
{
    struct local *l = self;
    rest_take(&l->rest, policy_local_administrator(), items, count, a);
    for (size_t i = 0; i < count; i++) {
        int code = items[i].result;
        if (code == ERR_FULL || code == ERR_STOPPING || code == ERR_IO) {
            return err_set(e, code, "%s", err_text(&items[i].err));
        }
    }
    return 0;
}

static void local_close(void *self)
{
    (void)self;
}

static int import_all(struct import *im, const struct cli_args *args)
{
    struct err e = {0};
    im->started = clock_mono_ns();
    for (size_t i = 1; i < args->positional_count; i++) {
        if (cli_each_file(args->positionals[i], add_file, im, &e)) {
            return cli_fail("import", &e);
        }
    }
    run_threads(im, read_files);
    try_kept(im);
    cli_progress_end(args);
    im->taken = clock_mono_ns();
    if (im->store && !im->broken) {
        store_settle(im->store);
    }
    if (im->broken) {
        (void)cli_fail("import", &im->broken_why);
    }
    print_summary(im);
    return im->broken ? EXIT_UNABLE : im->totals.failed ? EXIT_FINDINGS : EXIT_DONE;
}

static void import_done(struct import *im)
{
    while (im->first) {
        struct import_unit *next = im->first->next;
        import_unit_free(im->first);
        im->first = next;
    }
    while (im->kept) {
        struct import_unit *next = im->kept->next;
        import_unit_free(im->kept);
        im->kept = next;
    }
    for (size_t i = 0; i < im->file_count; i++) {
        free((void *)(uintptr_t)im->files[i]);
    }
    free(im->files);
    (void)pthread_mutex_destroy(&im->lock);
    (void)pthread_cond_destroy(&im->changed);
}

static int import_local(struct import *im, const struct cli_args *args)
{
    struct err e = {0};
    struct local l = {0};
    struct store_config config = {
        .dir = args->positionals[0], .mode = STORE_SERVE, .limits = &im->limits};
    if (store_open(&config, &l.store, &e)) {
        return cli_fail("import", &e);
    }
    l.rest = (struct rest){.store = l.store, .limits = &im->limits, .local = true};
    if (definitions_open(l.store, &im->limits, args->positionals[0], &l.rest.definitions, &e)) {
        store_close(l.store);
        return cli_fail("import", &e);
    }
    im->target = (struct import_target){local_open, local_take, local_close, &l};
    im->store = l.store;
    /* The log says so before the first record is there. */
    int status = node_note_now(args->positionals[0], EVENT_IMPORT, T("kith import"),
                               T("files loaded at the machine"), &e)
                     ? cli_fail("import", &e)
                     : import_all(im, args);
    definitions_close(l.rest.definitions);
    store_close(l.store);
    return status;
}

static int run(const struct cli_args *args)
{
    struct err e = {0};
    struct import im = {.args = args, .limits = limits_default()};
    (void)pthread_mutex_init(&im.lock, NULL);
    (void)pthread_cond_init(&im.changed, NULL);
    int status;
    if (!cli_is_url(args->positionals[0])) {
        status = import_local(&im, args);
    } else if (import_remote(args->positionals[0], &im.target, &e)) {
        status = cli_fail("import", &e);
    } else {
        status = import_all(&im, args);
        import_remote_done(&im.target);
    }
    import_done(&im);
    return status;
}

const struct cli_command command_import = {
    .name = "import",
    .usage = "DIR|URL FILE...",
    .summary =
        "Reads FHIR into a node: bundles, single resources, NDJSON, each also gzip-compressed",
    .about = "Into a folder that no process serves, or into any FHIR server by its base URL. FILE "
             "may be a folder: its .json\n"
             "and .ndjson files (also .gz) are read by name. A bad line or file is reported with "
             "its place and reason and\n"
             "the rest goes on. What refers to something that comes later in the input is tried "
             "again at the end. Loading\n"
             "the same resources again changes nothing. Exit status 1 when anything was refused.",
    .example = "  kith import /srv/kith people/\n  kith import http://127.0.0.1:8080/fhir "
               "Patient.ndjson.gz\n",
    .least = 2,
    .most = POSITIONALS_MAX,
    .options = options,
    .run = run,
};
