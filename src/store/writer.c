/* The queue, the batch and its commit. */
#include "store/writer.h"

#include "base/clock.h"
#include "base/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { EXIT_LOST = 70, CHECKPOINT_BYTES = 16 << 20, RESTART_BYTES = 64 << 20 };

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
    w->systems = NULL;
    w->system_count = w->system_capacity = 0;
    uint64_t floor = atomic_load(&w->s->floor);
    w->last_t = w->committed_t > floor ? w->committed_t : floor;
    w->next_compartment = w->committed_compartment;
    w->next_system = w->committed_system;
    w->now_ms = clock_real_ms();
    w->changes = 0;
    w->broken = 0;
}

static void batch_abandon(struct writer *w)
{
    db_rollback(w->db);
    memset(w->names, 0, NAME_CACHE_SIZE * sizeof *w->names);
}

static void fail(struct prepared_request *p, int code, const struct err *e)
{
    p->settled = true;
    p->request->result = code;
    p->request->err = *e;
    p->request->err.code = code;
}

/* False: start again, without the request that failed halfway; or the engine failed. */
static bool batch_apply(struct writer *w, struct job *jobs)
{
    for (struct job *j = jobs; j; j = j->next) {
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
    if (w->changes == 0) {
        db_rollback(w->db);
        return 0;
    }
    int rc = ops_flush(w);
    if (!rc && w->next_compartment != w->committed_compartment) {
        rc = writer_engine(w, db_meta_put(w->db, "compartment", w->next_compartment));
    }
    rc = rc ? rc : writer_engine(w, db_commit(w->db));
    if (rc) {
        return rc;
    }
    atomic_fetch_add(&w->s->commits, 1);
    for (size_t i = 0; i < w->system_count; i++) {
        systems_add(&w->s->systems, w->systems[i].uri, w->systems[i].number);
    }
    w->committed_t = w->last_t;
    w->committed_compartment = w->next_compartment;
    w->committed_system = w->next_system;
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
        for (size_t i = 0; i < j->count; i++) {
            if (!j->requests[i].settled) {
                fail(&j->requests[i], w->broken, &w->err);
            }
        }
    }
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
    if (w->changes) {
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

static void *run(void *context)
{
    struct writer *w = context;
    (void)pthread_setname_np(pthread_self(), "store-writer");
    (void)pthread_mutex_lock(&w->lock);
    while (w->first || !w->stopping) {
        if (!w->first) {
            (void)pthread_mutex_unlock(&w->lock);
            bool worked = trainer_work(w);
            (void)pthread_mutex_lock(&w->lock);
            if (!worked && !w->first && !w->stopping) {
                (void)pthread_cond_wait(&w->wake, &w->lock);
            }
            continue;
        }
        struct job *jobs = take(w);
        (void)pthread_mutex_unlock(&w->lock);
        batch_run(w, jobs);
        wake_all(w, jobs);
        checkpoint(w);
        (void)trainer_install(w);
        (void)pthread_mutex_lock(&w->lock);
    }
    (void)pthread_mutex_unlock(&w->lock);
    return NULL;
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
            text value;
            uint64_t rid = 0;
            int rc = db_index_open(w->db, &range, &c);
            rc = rc ? rc : db_index_next(c, &value, &rid);
            if (!rc && value.n == 8 && get_be64(value.p) > last) {
                last = get_be64(value.p);
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

static int recover(struct writer *w)
{
    int rc = recover_time(w);
    rc = rc ? rc : db_meta_number(w->db, "compartment", &w->committed_compartment);
    if (rc) {
        return rc == DB_END ? ERR_CORRUPT : rc;
    }
    uint64_t last = 0;
    rc = db_system_last(w->db, &last);
    w->committed_system = last + 1;
    return rc == DB_END ? 0 : rc;
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
    (void)pthread_cond_init(&w->wake, NULL);
    w->tools = body_tools_new();
    w->names = calloc(NAME_CACHE_SIZE, sizeof *w->names);
    if (!w->tools || !w->names) {
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
    if (rc) {
        return rc;
    }
    w->running = pthread_create(&w->thread, NULL, run, w) == 0;
    return w->running ? 0 : err_set(e, ERR_MEMORY, "the writer's thread cannot be started");
}

void writer_stop(struct store *s)
{
    struct writer *w = s->writer;
    if (!w) {
        return;
    }
    if (w->running) {
        (void)pthread_mutex_lock(&w->lock);
        w->stopping = true;
        (void)pthread_cond_signal(&w->wake);
        (void)pthread_mutex_unlock(&w->lock);
        (void)pthread_join(w->thread, NULL);
    }
    trainer_stop(w);
    if (w->db) {
        (void)db_checkpoint(w->db, DB_CHECKPOINT_TRUNCATE);
    }
    db_close(w->db);
    body_tools_free(w->tools);
    arena_done(&w->arena);
    free(w->ops);
    free(w->names);
    (void)pthread_cond_destroy(&w->wake);
    (void)pthread_mutex_destroy(&w->lock);
    free(w);
    s->writer = NULL;
}
