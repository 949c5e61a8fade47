/* The queue, the batch and its commit. */
#include "store/params.h"

#include "base/clock.h"
#include "base/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
    EXIT_LOST = 70,
    CHECKPOINT_BYTES = 16 << 20,
    RESTART_BYTES = 64 << 20,
    REST_MS = 20,
    TRIM_PAGES = 64,
    TRIM_KEPT = 64
};

int writer_engine(struct writer *w, int rc)
{
    if (rc > 0 && rc != ERR_TOO_COSTLY) {
        w->broken = rc;
        (void)db_error(w->db, rc, &w->err);
    }
    return rc;
}

/*
 * The outcome of the last commit is not known: it may come back after a crash, or not. Only
 * recovery can tell, so the process ends here (docs/storage.md, "When the disk fails").
 */
static _Noreturn void lost(const struct err *e)
{
    (void)fprintf(stderr, "kith: store lost: %s; ending, so that it recovers on start\n",
                  e->detail);
    _exit(EXIT_LOST);
}

void writer_survive(struct writer *w, int rc)
{
    if (rc && rc != ERR_FULL && rc != ERR_MEMORY && rc != ERR_BUSY) {
        (void)db_error(w->db, rc, &w->err);
        lost(&w->err);
    }
}

/* --- a batch ------------------------------------------------------------------------------- */

static void batch_reset(struct writer *w)
{
    arena_reset(&w->arena);
    ops_forget(w);
    params_forget(w);
    w->worked = false;
    w->terms = NULL;
    w->term_count = w->term_capacity = 0;
    uint64_t floor = atomic_load(&w->s->floor);
    w->last_t = w->committed_t > floor ? w->committed_t : floor;
    w->next_compartment = w->committed_compartment;
    w->next_system = w->committed_system;
    w->next_unit = w->committed_unit;
    w->now_ms = clock_real_ms();
    w->changes = 0;
    w->definitions = 0;
    w->choices = 0;
    w->noted = 0;
    w->broken = 0;
    map_done(&w->changed);
    map_init(&w->changed);
}

static void batch_abandon(struct writer *w)
{
    db_rollback(w->db);
    facets_settle(w->s->facets, false);
    memset(w->names, 0, NAME_CACHE_SIZE * sizeof *w->names);
    memset(w->shown, 0, SHOWN_CACHE_SIZE * sizeof *w->shown);
}

static void fail(struct prepared_request *p, int code, const struct err *e)
{
    p->settled = true;
    p->request->result = code;
    p->request->err = *e;
    p->request->err.code = code;
}

/* False: start again, without the piece; or the engine failed. */
static bool apply_piece(struct writer *w, struct piece *p)
{
    w->err = (struct err){0};
    int rc = p->settled ? 0 : piece_apply(w, p);
    if (rc && !w->broken) {
        p->settled = true;
        p->err = w->err;
        p->result = rc;
    }
    return rc == 0;
}

/* False: start again, without the request that failed halfway; or the engine failed. */
static bool batch_apply(struct writer *w, struct job *jobs)
{
    for (struct job *j = jobs; j; j = j->next) {
        if (j->piece && !apply_piece(w, j->piece)) {
            return false;
        }
        for (size_t i = 0; i < j->count; i++) {
            struct prepared_request *p = &j->requests[i];
            bool dirty = false;
            if (p->settled) {
                continue;
            }
            p->request->failed_write = p->request->failed_condition = SIZE_MAX;
            w->err = (struct err){0};
            int rc = apply_request(w, j->g, p, &dirty);
            if (w->broken) {
                return false;
            }
            if (rc) {
                fail(p, rc, &w->err);
            }
            if (rc && dirty) {
                return false;
            }
        }
    }
    return true;
}

static int batch_finish(struct writer *w)
{
    if (w->changes == 0 && !w->worked) {
        db_rollback(w->db);
        return 0;
    }
    int rc = ops_flush(w);
    if (!rc) {
        rc = params_register(w);
        w->broken = rc && !w->broken ? rc : w->broken;
    }
    if (!rc && w->next_compartment != w->committed_compartment) {
        rc = writer_engine(w, db_meta_put(w->db, "compartment", w->next_compartment));
    }
    uint64_t dropped = 0;
    rc = rc ? rc : notes_drop(w, &dropped);
    if (rc) {
        return rc;
    }
    (void)facets_begin(w->s->facets);
    rc = facts_begin(w);
    rc = rc ? rc : writer_engine(w, db_commit(w->db));
    facets_settle(w->s->facets, rc == 0);
    facts_settle(w, rc == 0);
    if (rc) {
        return rc;
    }
    atomic_fetch_add(&w->s->commits, 1);
    atomic_fetch_add(&w->s->definitions, w->definitions);
    if (w->choices) {
        atomic_store(&w->s->choices, w->choices);
    }
    for (size_t i = 0; i < w->term_count; i++) {
        terms_add(&w->s->terms, w->terms[i].bytes, w->terms[i].number);
    }
    w->notes_dropped = dropped;
    if (w->noted && w->s->noted) {
        w->s->noted(w->s->noted_context);
    }
    w->committed_t = w->last_t;
    w->committed_compartment = w->next_compartment;
    w->committed_system = w->next_system;
    w->committed_unit = w->next_unit;
    params_settle(w);
    metric_add(METRIC_store_commits_total, 1);
    metric_add(METRIC_store_versions_total, (int64_t)w->changes);
    return 0;
}

static void set_full(struct writer *w, bool full)
{
    if (atomic_exchange(&w->s->full, full) != full) {
        metric_set(METRIC_store_full, full);
    }
}

/* The engine failed within the batch. Full disks and lack of memory are survived; nothing else is.
 */
static void batch_lost(struct writer *w, struct job *jobs)
{
    if (w->broken != ERR_FULL && w->broken != ERR_MEMORY && w->broken != ERR_BUSY) {
        lost(&w->err);
    }
    batch_abandon(w);
    set_full(w, w->broken == ERR_FULL);
    for (struct job *j = jobs; j; j = j->next) {
        if (j->piece && !j->piece->settled) {
            j->piece->err = w->err;
            j->piece->result = w->broken;
        }
        for (size_t i = 0; i < j->count; i++) {
            if (!j->requests[i].settled) {
                fail(&j->requests[i], w->broken, &w->err);
            }
        }
    }
}

/* Work that would only be done again after a crash need not be durable at once. */
static bool is_durable(const struct job *jobs)
{
    bool durable = false;
    for (const struct job *j = jobs; j; j = j->next) {
        durable = durable || !j->piece || j->piece->kind == PIECE_START;
    }
    return durable;
}

static void batch_run(struct writer *w, struct job *jobs)
{
    int64_t start = clock_mono_ns();
    while (true) {
        batch_reset(w);
        bool applied = writer_engine(w, db_begin_write(w->db)) == 0 && batch_apply(w, jobs);
        if (applied && batch_finish(w) == 0) {
            break;
        }
        if (w->broken) {
            batch_lost(w, jobs);
            return;
        }
        batch_abandon(w);
    }
    if (w->changes || w->worked) {
        set_full(w, false);
        metric_observe(METRIC_store_commit_seconds, clock_mono_ns() - start);
        trainer_count(w, w->changes);
    }
}

static void checkpoint(struct writer *w)
{
    uint64_t bytes = db_wal_bytes(w->db);
    metric_set(METRIC_store_wal_bytes, (int64_t)bytes);
    views_let_go(w->s, bytes >= CHECKPOINT_BYTES);
    if (bytes < CHECKPOINT_BYTES) {
        return;
    }
    int rc =
        db_checkpoint(w->db, bytes < RESTART_BYTES ? DB_CHECKPOINT_PASSIVE : DB_CHECKPOINT_RESTART);
    writer_survive(w, rc);
    if (rc == ERR_FULL) {
        set_full(w, true);
    }
}

/* --- the queue ----------------------------------------------------------------------------- */

/* Under the lock: as many jobs as make a batch, at least one. */
static struct job *take(struct writer *w)
{
    struct job *first = w->first;
    struct job **end = &w->first;
    size_t requests = 0;
    size_t bytes = 0;
    while (*end) {
        struct job *j = *end;
        if (j != first &&
            (requests + j->count > BATCH_REQUESTS || bytes + j->bytes > BATCH_BYTES)) {
            break;
        }
        requests += j->count;
        bytes += j->bytes;
        end = &j->next;
    }
    struct job *rest = *end;
    *end = NULL;
    w->first = rest;
    if (!rest) {
        w->last = &w->first;
    }
    return first;
}

static void wake_all(struct writer *w, struct job *jobs)
{
    (void)pthread_mutex_lock(&w->lock);
    while (jobs) {
        struct job *next = jobs->next;
        jobs->done = true;
        (void)pthread_cond_signal(&jobs->wake);
        jobs = next;
    }
    (void)pthread_mutex_unlock(&w->lock);
}

bool writer_wanted(struct writer *w)
{
    (void)pthread_mutex_lock(&w->lock);
    bool wanted = w->first != NULL || w->stopping;
    (void)pthread_mutex_unlock(&w->lock);
    return wanted;
}

bool writer_owns(const struct writer *w, const struct db *db)
{
    return w->db == db;
}

/* What packing anew and merging words have left unused goes back to the disk, at the very last. */
static bool trim(struct writer *w)
{
    if (w->trimmed) {
        return false;
    }
    int rc = db_durable(w->db, false);
    rc = rc ? rc : db_trim(w->db, TRIM_PAGES, TRIM_KEPT);
    int back = db_durable(w->db, true);
    writer_survive(w, back ? ERR_IO : rc == DB_END ? 0 : rc);
    w->trimmed = rc != 0;
    return rc == 0;
}

/*
 * Requests first. A writer that has rested for a moment (so that it does not stand in the way of a
 * load whose next batch is on its way) looks after the store, a small piece at a time, and looks
 * for requests after each: a dictionary that is ready, words, bodies that are to be packed anew.
 * While requests keep coming, words have a small share of the time.
 */
static bool idle_work(struct writer *w)
{
    bool worked = notes_work(w) || trainer_install(w) || indexer_work(w) || trainer_work(w);
    w->trimmed = w->trimmed && !worked;
    worked = worked || trim(w);
    if (worked) {
        checkpoint(w);
    }
    return worked;
}

/* Under the lock. True: no request has come for REST_MS. */
static bool rest(struct writer *w)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += REST_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    int rc = 0;
    while (!w->first && !w->stopping && rc == 0) {
        rc = pthread_cond_timedwait(&w->wake, &w->lock, &until);
    }
    return rc != 0;
}

static void serve(struct writer *w, struct job *jobs)
{
    int64_t start = clock_mono_ns();
    bool durable = is_durable(jobs);
    writer_survive(w, durable ? 0 : db_durable(w->db, false));
    batch_run(w, jobs);
    writer_survive(w, durable ? 0 : db_durable(w->db, true));
    wake_all(w, jobs);
    checkpoint(w);
    (void)trainer_install(w);
    indexer_turn(w, clock_mono_ns() - start);
}

static void *run(void *context)
{
    struct writer *w = context;
    bool rested = false;
    (void)pthread_setname_np(pthread_self(), "store-writer");
    (void)pthread_mutex_lock(&w->lock);
    while (w->first || !w->stopping) {
        if (w->first) {
            w->calm = w->trimmed = false;
            struct job *jobs = take(w);
            (void)pthread_mutex_unlock(&w->lock);
            serve(w, jobs);
            (void)pthread_mutex_lock(&w->lock);
            rested = false;
        } else if (!rested) {
            rested = rest(w);
        } else {
            (void)pthread_mutex_unlock(&w->lock);
            bool worked = idle_work(w);
            (void)pthread_mutex_lock(&w->lock);
            /* Asked under the lock: what came since would not wake a writer that does not wait. */
            bool more = notes_wait(w);
            if (!worked && !more && !w->first && !w->stopping) {
                w->calm = !trainer_trains(w);
                (void)pthread_cond_broadcast(&w->calmed);
                (void)pthread_cond_wait(&w->wake, &w->lock);
            }
        }
    }
    (void)pthread_mutex_unlock(&w->lock);
    return NULL;
}

void store_settle(struct store *s)
{
    struct writer *w = s->writer;
    if (!w) {
        return;
    }
    (void)pthread_mutex_lock(&w->lock);
    while (!w->calm || w->first) {
        (void)pthread_cond_wait(&w->calmed, &w->lock);
    }
    (void)pthread_mutex_unlock(&w->lock);
}

/* --- start and stop ------------------------------------------------------------------------ */

/* The greatest t so far: the last entries of each type's two lists of versions. */
static int recover_time(struct writer *w)
{
    uint64_t last = 0;
    for (unsigned type = 1; type < fhir_type_count(); type++) {
        for (unsigned own = INDEX_LAST_UPDATED; own <= INDEX_SUPERSEDED; own++) {
            struct db_range range = {.param = own_param((fhir_type)type, own), .descending = true};
            struct db_cursor *c = NULL;
            struct db_entry entry;
            int rc = db_index_open(w->db, &range, &c);
            rc = rc ? rc : db_index_next(c, &entry);
            if (!rc && entry.value.n == 8 && get_be64(entry.value.p) > last) {
                last = get_be64(entry.value.p);
            }
            db_cursor_close(c);
            if (rc && rc != DB_END) {
                return rc;
            }
        }
    }
    w->committed_t = last;
    return 0;
}

/* The number behind the last one in [from, to]. */
static int recover_next(struct writer *w, uint64_t from, uint64_t to, uint64_t *ret_next)
{
    uint64_t last = from - 1;
    int rc = db_term_last(w->db, from, to, &last);
    *ret_next = last + 1;
    return rc == DB_END ? 0 : rc;
}

static int recover(struct writer *w)
{
    int rc = recover_time(w);
    rc = rc ? rc : db_meta_number(w->db, "compartment", &w->committed_compartment);
    rc = rc ? rc : db_meta_number(w->db, "policy", &w->stamp);
    if (rc) {
        return rc == DB_END ? ERR_CORRUPT : rc;
    }
    rc = recover_next(w, TERM_SYSTEMS, SYSTEM_COUNT_MAX - 1, &w->committed_system);
    return rc ? rc
              : recover_next(w, TERM_UNITS, TERM_UNITS + UNIT_COUNT_MAX - 1, &w->committed_unit);
}

int writer_start(struct store *s, struct err *e)
{
    struct writer *w = calloc(1, sizeof *w);
    if (!w) {
        return err_set(e, ERR_MEMORY, "no memory for the writer");
    }
    s->writer = w;
    w->s = s;
    w->last = &w->first;
    arena_init(&w->arena, (size_t)4 << 30);
    (void)pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_t monotonic;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&w->wake, &monotonic);
    (void)pthread_cond_init(&w->calmed, NULL);
    (void)pthread_condattr_destroy(&monotonic);
    w->tools = body_tools_new();
    w->names = calloc(NAME_CACHE_SIZE, sizeof *w->names);
    w->shown = calloc(SHOWN_CACHE_SIZE, sizeof *w->shown);
    if (!w->tools || !w->names || !w->shown) {
        return err_set(e, ERR_MEMORY, "no memory for the writer");
    }
    int rc = db_open(s->dir, DB_WRITER, &w->db, e);
    if (rc) {
        return rc;
    }
    rc = recover(w);
    if (rc) {
        return db_error(w->db, rc, e);
    }
    rc = trainer_start(w, e);
    rc = rc ? rc : indexer_start(w, e);
    if (rc) {
        return rc;
    }
    atomic_store(&s->params->written, w->committed_t);
    w->running = pthread_create(&w->thread, NULL, run, w) == 0;
    return w->running ? walker_start(w, e)
                      : err_set(e, ERR_MEMORY, "the writer's thread cannot be started");
}

void writer_stop(struct store *s)
{
    struct writer *w = s->writer;
    if (!w) {
        return;
    }
    walker_stop(w);
    if (w->running) {
        (void)pthread_mutex_lock(&w->lock);
        w->stopping = true;
        (void)pthread_cond_signal(&w->wake);
        (void)pthread_mutex_unlock(&w->lock);
        (void)pthread_join(w->thread, NULL);
    }
    trainer_stop(w);
    indexer_stop(w);
    if (w->db) {
        (void)notes_work(w);
        (void)db_checkpoint(w->db, DB_CHECKPOINT_TRUNCATE);
    }
    db_close(w->db);
    body_tools_free(w->tools);
    verdicts_free(w->view.verdicts);
    map_done(&w->changed);
    arena_done(&w->arena);
    free(w->ops);
    free(w->names);
    free(w->shown);
    (void)pthread_cond_destroy(&w->wake);
    (void)pthread_cond_destroy(&w->calmed);
    (void)pthread_mutex_destroy(&w->lock);
    free(w);
    s->writer = NULL;
}
