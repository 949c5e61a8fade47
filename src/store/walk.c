/*
 * The walker: a thread that goes through the store for added parameters and for $reindex. It reads
 * on a connection of its own, a small piece at a time, and hands each piece to the writer, who
 * applies it between requests and remembers in the same transaction how far the work has come.
 * While one piece is with the writer the next one is read.
 */
#include "store/params.h"

#include "base/clock.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
    RESOURCES_CALM = 2048, /* of a piece, while nobody else writes */
    RESOURCES_BUSY = 256,
    ENTRIES_CALM = 4096,
    ENTRIES_BUSY = 512,
    RETRY_S = 1,
    CALM_MS = 300,
    YIELD_MAX_NS = 20000000,
    NICE = 5, /* requests come first */
};

struct task {
    enum piece_kind kind;
    uint16_t number;
    uint64_t reindex;
    fhir_type type;
    uint64_t from;
    const struct search_custom *custom;
};

struct walker {
    struct writer *w;
    struct params *params;
    pthread_t thread;
    bool running;
    bool stopping; /* under params->lock */
    pthread_cond_t wake;
    struct walk_reader reader;
    struct piece pieces[2];
    unsigned turn;
    struct piece *flight; /* with the writer */
    struct walk_place place;
    uint64_t seen;   /* by the piece before */
    int64_t changed; /* when somebody else was last known to write (clock_mono_ns) */
};

void walker_wake(struct params *params)
{
    (void)pthread_mutex_lock(&params->lock);
    if (params->walker) {
        (void)pthread_cond_signal(&params->walker->wake);
    }
    (void)pthread_mutex_unlock(&params->lock);
}

/* --- what is to be done -------------------------------------------------------------------- */

/* Under the lock. Parameters come before $reindex, new ones before old ones' leavings. */
static bool choose(const struct params_state *state, struct task *ret_task)
{
    const uint8_t states[] = {PARAM_BUILDING, PARAM_REMOVING};
    for (size_t k = 0; k < sizeof states; k++) {
        for (size_t i = 0; i < state->count; i++) {
            const struct param_row *row = &state->rows[i];
            if (row->state == states[k]) {
                *ret_task = (struct task){.kind = k == 0 ? PIECE_BUILD : PIECE_REMOVE,
                                          .number = row->number,
                                          .type = (fhir_type)(row->number >> 8),
                                          .from = row->done,
                                          .custom = row->custom};
                return true;
            }
        }
    }
    const struct reindex *r = &state->reindex;
    *ret_task = (struct task){.kind = r->phase == REINDEX_MISSING ? PIECE_RECHECK : PIECE_STALE,
                              .reindex = r->number,
                              .type = (fhir_type)r->type,
                              .from = r->done};
    return r->phase == REINDEX_MISSING || r->phase == REINDEX_STALE;
}

/* Waits for something to do. False: the store is being closed. */
static bool next_task(struct walker *x, struct task *ret_task)
{
    struct params *p = x->params;
    (void)pthread_mutex_lock(&p->lock);
    bool found = choose(&p->now, ret_task);
    while (!x->stopping && !found && !x->flight) {
        (void)pthread_cond_wait(&x->wake, &p->lock);
        found = choose(&p->now, ret_task);
    }
    bool stopping = x->stopping;
    (void)pthread_mutex_unlock(&p->lock);
    if (!found) {
        ret_task->kind = PIECE_START; /* nothing: what is under way may change that */
    }
    return !stopping;
}

static void rest(struct walker *x)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += RETRY_S;
    (void)pthread_mutex_lock(&x->params->lock);
    if (!x->stopping) {
        (void)pthread_cond_timedwait(&x->wake, &x->params->lock, &until);
    }
    (void)pthread_mutex_unlock(&x->params->lock);
}

/* --- pieces -------------------------------------------------------------------------------- */

/* Waits for the piece that the writer has. Where it was refused, the work goes on from what is
 * committed; a disk that is full may have room later. */
static int settle(struct walker *x)
{
    if (!x->flight) {
        return 0;
    }
    int rc = piece_await(x->w, x->flight);
    x->flight = NULL;
    if (rc) {
        x->place = (struct walk_place){0};
        if (rc != ERR_CONFLICT) {
            rest(x);
        }
    }
    return rc;
}

static bool continues(const struct piece *flight, const struct task *task)
{
    return flight->kind == task->kind && flight->number == task->number &&
           flight->reindex == task->reindex && !flight->end && task->kind != PIECE_REMOVE;
}

/* Nobody else has written for a while. */
static bool is_calm(struct walker *x, uint64_t seen)
{
    int64_t now = clock_mono_ns();
    if (seen != x->seen) {
        x->seen = seen;
        x->changed = now;
    }
    return now - x->changed > (int64_t)CALM_MS * 1000000;
}

static int make(struct walker *x, const struct task *task, struct piece *p)
{
    struct walk_reader *r = &x->reader;
    struct arena arena = p->arena;
    arena_reset(&arena);
    *p = (struct piece){.kind = task->kind,
                        .number = task->number,
                        .reindex = task->reindex,
                        .from = x->flight ? x->flight->done : task->from,
                        .arena = arena};
    p->seen = atomic_load(&x->params->written); /* before the read begins */
    bool calm = is_calm(x, p->seen);
    int rc = db_begin_read(r->db);
    if (rc) {
        return rc;
    }
    switch (task->kind) {
    case PIECE_BUILD:
        rc = walk_build(r, &task->custom->param, calm ? RESOURCES_CALM : RESOURCES_BUSY, p);
        break;
    case PIECE_REMOVE:
        rc = walk_remove(r, calm ? ENTRIES_CALM : ENTRIES_BUSY, p);
        break;
    case PIECE_RECHECK:
        rc = walk_resources(r, task->type, calm ? RESOURCES_CALM : RESOURCES_BUSY, p);
        break;
    case PIECE_STALE:
        rc = walk_entries(r, task->type, calm ? ENTRIES_CALM : ENTRIES_BUSY, &x->place, p);
        break;
    case PIECE_START:
        break;
    }
    db_end_read(r->db);
    return rc;
}

/* While others write, as long again as the piece took is theirs alone. */
static void yield_to_others(struct walker *x, int64_t began)
{
    int64_t now = clock_mono_ns();
    if (now - x->changed <= (int64_t)CALM_MS * 1000000) {
        int64_t ns = now - began;
        ns = ns < YIELD_MAX_NS ? ns : YIELD_MAX_NS;
        (void)nanosleep(&(struct timespec){.tv_nsec = ns}, NULL);
    }
}

static void step(struct walker *x, const struct task *task)
{
    int64_t began = clock_mono_ns();
    if (task->kind == PIECE_START || (x->flight && !continues(x->flight, task))) {
        (void)settle(x);
        return;
    }
    struct piece *p = &x->pieces[x->turn];
    int made = make(x, task, p);
    int rc = settle(x);
    if (made || rc) {
        x->place = (struct walk_place){0};
        if (made) {
            rest(x);
        }
        return;
    }
    piece_submit(x->w, p);
    x->flight = p;
    x->turn ^= 1;
    yield_to_others(x, began);
}

static void *walk(void *context)
{
    struct walker *x = context;
    struct task task;
    (void)pthread_setname_np(pthread_self(), "store-walker");
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
    while (next_task(x, &task)) {
        step(x, &task);
    }
    (void)settle(x);
    return NULL;
}

/* --- start and stop ------------------------------------------------------------------------ */

int walker_start(struct writer *w, struct err *e)
{
    struct walker *x = calloc(1, sizeof *x);
    if (!x) {
        return err_set(e, ERR_MEMORY, "no memory for the writer");
    }
    pthread_condattr_t monotonic;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&x->wake, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    x->w = w;
    x->params = w->s->params;
    x->reader.s = w->s;
    x->reader.tools = body_tools_new();
    arena_init(&x->reader.scratch, (size_t)1 << 30);
    arena_init(&x->pieces[0].arena, (size_t)1 << 30);
    arena_init(&x->pieces[1].arena, (size_t)1 << 30);
    (void)pthread_mutex_lock(&x->params->lock);
    x->params->walker = x;
    (void)pthread_mutex_unlock(&x->params->lock);
    int rc = x->reader.tools ? db_open(w->s->dir, DB_READER, &x->reader.db, e)
                             : err_set(e, ERR_MEMORY, "no memory for the writer");
    if (!rc) {
        x->running = pthread_create(&x->thread, NULL, walk, x) == 0;
        rc = x->running ? 0 : err_set(e, ERR_MEMORY, "the walker's thread cannot be started");
    }
    return rc;
}

void walker_stop(struct writer *w)
{
    struct walker *x = w->s->params ? w->s->params->walker : NULL;
    if (!x) {
        return;
    }
    (void)pthread_mutex_lock(&x->params->lock);
    x->stopping = true;
    (void)pthread_cond_signal(&x->wake);
    (void)pthread_mutex_unlock(&x->params->lock);
    if (x->running) {
        (void)pthread_join(x->thread, NULL);
    }
    (void)pthread_mutex_lock(&x->params->lock);
    x->params->walker = NULL;
    (void)pthread_mutex_unlock(&x->params->lock);
    db_close(x->reader.db);
    body_tools_free(x->reader.tools);
    arena_done(&x->reader.scratch);
    arena_done(&x->pieces[0].arena);
    arena_done(&x->pieces[1].arena);
    (void)pthread_cond_destroy(&x->wake);
    free(x);
}
