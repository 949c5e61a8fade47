/*
 * Dictionaries: every store starts with number 1 (seed_dictionary.h). Better ones are trained on
 * the store's own bodies when it has its first ones and again when it has many, on a thread of its
 * own; then the bodies from before are packed anew by the writer whenever it is idle.
 */
#include "store/writer.h"

#include <stdlib.h>

enum {
    STAGES = 4, /* dictionaries a store comes to have */
    SAMPLE_COUNT = 6000,
    SAMPLE_BYTES = 12 << 20,
    SAMPLE_MAX = 64 << 10, /* longer bodies are attachments: nothing to learn from */
    ROWS_LOOKED = 4096,
    ROWS_PACKED = 256,
};

/* How many bodies there are when number n + 1 is trained; [0] is not used: a store has number 1
 * from the start. */
static const uint64_t stage_bodies[STAGES] = {0, 1500, 12000, 100000};

struct trainer {
    struct writer *w;
    pthread_t thread;
    bool running; /* the thread has not been joined */
    atomic_bool ready;
    atomic_bool stopping;
    bool gave_up;
    uint64_t bodies;
    uint32_t number; /* being trained */
    struct buf dictionary;
    bool repacking;
    uint64_t repack_from;
    /* Of the writer's thread: repacking goes on while the next one is trained. */
    struct arena arena;
};

/* --- the thread ---------------------------------------------------------------------------- */

struct samples {
    struct arena arena; /* of one body; the trainer's own arena belongs to the writer */
    struct buf bytes;
    size_t sizes[SAMPLE_COUNT];
    size_t count;
};

static int take_sample(struct trainer *t, struct db *db, struct body_tools *tools, text body,
                       struct samples *samples)
{
    text packed;
    arena_reset(&samples->arena);
    int rc = stored_body(t->w->s, db, tools, body, &samples->arena, &packed, NULL);
    if (!rc) {
        size_t before = samples->bytes.n;
        buf_add(&samples->bytes, packed);
        samples->sizes[samples->count] = samples->bytes.n - before;
        samples->count += samples->bytes.n > before;
    }
    return rc;
}

static int collect(struct trainer *t, struct db *db, struct body_tools *tools, uint64_t every,
                   struct samples *samples)
{
    struct db_cursor *c = NULL;
    struct db_resource row;
    uint64_t seen = 0;
    int rc = db_resource_open(db, 0, RID_LAST, true, &c);
    while (!rc && !atomic_load(&t->stopping) && samples->count < SAMPLE_COUNT &&
           !buf_failed(&samples->bytes) && !(rc = db_resource_next(c, &row))) {
        if (!row.deleted && seen++ % every == 0 && body_length(row.body) <= SAMPLE_MAX) {
            rc = take_sample(t, db, tools, row.body, samples);
        }
    }
    db_cursor_close(c);
    return rc == DB_END ? 0 : rc;
}

static void *train(void *context)
{
    struct trainer *t = context;
    (void)pthread_setname_np(pthread_self(), "store-trainer");
    struct db *db = NULL;
    struct body_tools *tools = body_tools_new();
    struct samples *samples = calloc(1, sizeof *samples);
    int rc = tools && samples ? db_open(t->w->s->dir, DB_READER, &db, NULL) : ERR_MEMORY;
    if (!rc) {
        buf_init(&samples->bytes, SAMPLE_BYTES);
        arena_init(&samples->arena, SAMPLE_BYTES);
        uint64_t every = stage_bodies[t->number - 1] / SAMPLE_COUNT;
        rc = collect(t, db, tools, every ? every : 1, samples);
        if (!rc && !atomic_load(&t->stopping)) {
            (void)body_train(buf_text(&samples->bytes), samples->sizes, samples->count, t->number,
                             &t->dictionary);
        }
        buf_done(&samples->bytes);
        arena_done(&samples->arena);
    }
    db_close(db);
    free(samples);
    body_tools_free(tools);
    atomic_store(&t->ready, true);
    (void)pthread_mutex_lock(&t->w->lock);
    (void)pthread_cond_signal(&t->w->wake);
    (void)pthread_mutex_unlock(&t->w->lock);
    return NULL;
}

/* --- the writer's side --------------------------------------------------------------------- */

static void maybe_train(struct trainer *t)
{
    uint32_t newest = bodies_newest(t->w->s->bodies);
    if (t->running || t->gave_up || newest >= STAGES || t->bodies < stage_bodies[newest]) {
        return;
    }
    t->number = newest + 1;
    t->running = pthread_create(&t->thread, NULL, train, t) == 0;
    t->gave_up = !t->running;
}

void trainer_count(struct writer *w, uint64_t count)
{
    w->trainer->bodies += count;
    maybe_train(w->trainer);
}

/* Makes the new dictionary durable before the first body that needs it. */
static int install(struct trainer *t)
{
    struct writer *w = t->w;
    int rc = db_begin_write(w->db);
    rc = rc ? rc : db_dictionary_insert(w->db, t->number, buf_text(&t->dictionary));
    rc = rc ? rc : db_meta_put(w->db, "repack", t->number);
    rc = rc ? rc : db_commit(w->db);
    if (rc) {
        writer_survive(w, rc);
        db_rollback(w->db);
        return rc;
    }
    return bodies_add(w->s->bodies, t->number, buf_text(&t->dictionary));
}

bool trainer_install(struct writer *w)
{
    struct trainer *t = w->trainer;
    if (!t->running || !atomic_load(&t->ready)) {
        return false;
    }
    (void)pthread_join(t->thread, NULL);
    t->running = false;
    atomic_store(&t->ready, false);
    int rc = t->dictionary.n ? install(t) : ERR_INVALID;
    buf_done(&t->dictionary);
    if (rc) {
        t->gave_up = true;
        return true;
    }
    t->repacking = true;
    t->repack_from = 0;
    maybe_train(t);
    return true;
}

struct repacked {
    struct db_resource rows[ROWS_PACKED];
    size_t count;
    bool end;
};

static bool unpacks_to(struct writer *w, text body, text packed, struct arena *a)
{
    text again;
    return stored_body(w->s, w->db, w->tools, body, a, &again, NULL) == 0 && text_eq(again, packed);
}

static int repack_read(struct trainer *t, struct repacked *found)
{
    struct writer *w = t->w;
    struct db_cursor *c = NULL;
    struct db_resource row;
    uint32_t newest = bodies_newest(w->s->bodies);
    int rc = db_resource_open(w->db, t->repack_from, RID_LAST, true, &c);
    for (size_t i = 0; !rc && i < ROWS_LOOKED && found->count < ROWS_PACKED; i++) {
        rc = db_resource_next(c, &row);
        if (rc) {
            break;
        }
        t->repack_from = row.rid + 1;
        if (row.deleted || body_dictionary(row.body) == newest) {
            continue;
        }
        text packed;
        struct db_resource *to = &found->rows[found->count];
        *to = row;
        if (stored_body(w->s, w->db, w->tools, row.body, &t->arena, &packed, NULL)) {
            continue; /* damaged: store_check() tells */
        }
        to->body = body_pack(w->s->bodies, w->tools, packed, &t->arena);
        if (to->body.p && !unpacks_to(w, to->body, packed, &t->arena)) {
            continue; /* the old body stays: it is the only copy */
        }
        to->id = arena_copy(&t->arena, row.id);
        if (!to->body.p || !to->id.p) {
            rc = ERR_MEMORY;
        }
        found->count++;
    }
    db_cursor_close(c);
    found->end = rc == DB_END;
    return rc == DB_END ? 0 : rc;
}

/* Taken out together and put back together: so the rows fill their pages again. */
static int repack_write(struct writer *w, const struct repacked *found)
{
    int rc = 0;
    for (size_t i = 0; i < found->count && !rc; i++) {
        rc = db_resource_remove(w->db, found->rows[i].rid);
    }
    for (size_t i = 0; i < found->count && !rc; i++) {
        rc = db_resource_insert(w->db, &found->rows[i]);
    }
    return rc;
}

static bool repack(struct trainer *t)
{
    struct writer *w = t->w;
    struct repacked *found = calloc(1, sizeof *found);
    if (!found) {
        return false;
    }
    arena_reset(&t->arena);
    int rc = db_begin_write(w->db);
    rc = rc ? rc : repack_read(t, found);
    rc = rc ? rc : repack_write(w, found);
    if (!rc && found->end) {
        rc = db_meta_put(w->db, "repack", 0);
    }
    rc = rc ? rc : db_commit(w->db);
    if (rc) {
        writer_survive(w, rc);
        db_rollback(w->db);
    }
    /* What cannot be done now (a full disk) is tried again after the next start. */
    t->repacking = !rc && !found->end;
    free(found);
    return true;
}

bool trainer_trains(const struct writer *w)
{
    return w->trainer->running;
}

bool trainer_work(struct writer *w)
{
    if (trainer_install(w)) {
        return true;
    }
    return w->trainer->repacking && repack(w->trainer);
}

/* --- start and stop ------------------------------------------------------------------------ */

static int count_bodies(struct trainer *t)
{
    uint64_t most = stage_bodies[STAGES - 1];
    for (unsigned type = 1; type < fhir_type_count() && t->bodies < most; type++) {
        uint64_t count = 0;
        struct db_range range = {.param = own_param((fhir_type)type, INDEX_LAST_UPDATED)};
        int rc = db_index_count(t->w->db, &range, most, &count);
        if (rc) {
            return rc;
        }
        t->bodies += count;
    }
    return 0;
}

int trainer_start(struct writer *w, struct err *e)
{
    struct trainer *t = calloc(1, sizeof *t);
    if (!t) {
        return err_set(e, ERR_MEMORY, "no memory for the writer");
    }
    w->trainer = t;
    t->w = w;
    buf_init(&t->dictionary, DICTIONARY_BYTES);
    arena_init(&t->arena, (size_t)1 << 30);
    uint64_t repack_number = 0;
    int rc = db_meta_number(w->db, "repack", &repack_number);
    if (rc && rc != DB_END) {
        return db_error(w->db, rc, e);
    }
    t->repacking = repack_number != 0;
    if (bodies_newest(w->s->bodies) < STAGES) {
        rc = count_bodies(t);
        if (rc) {
            return db_error(w->db, rc, e);
        }
        maybe_train(t);
    }
    return 0;
}

void trainer_stop(struct writer *w)
{
    struct trainer *t = w->trainer;
    if (!t) {
        return;
    }
    atomic_store(&t->stopping, true);
    if (t->running) {
        (void)pthread_join(t->thread, NULL);
    }
    buf_done(&t->dictionary);
    arena_done(&t->arena);
    free(t);
    w->trainer = NULL;
}
