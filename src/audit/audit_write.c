/*
 * Making durable what is queued: by whoever waits first and finds nobody at it, so that a lone
 * request wakes no other thread; else by the thread, which takes all that came meanwhile in one
 * batch. Tiles and checkpoints are the thread's.
 */
#include "audit/audit_int.h"

#include "audit/files.h"
#include "base/clock.h"
#include "base/random.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    BATCH_BYTES_MAX = 32 << 20,
    NS_PER_MS = 1000000,
    SHORT_MS = 200,  /* between looks whether a full disk has room again */
    MEND_MS = 60000, /* between looks whether it has room for the ballast */
    SHORT_PACE = 16, /* so many times rarer tiles are made when there is little room */
};

/* --- records of a batch ------------------------------------------------------------------------
 */

bool audit_unsealed_add(struct log_work *w, const struct tlog_hash *leaf)
{
    if (w->unsealed_count == w->unsealed_capacity) {
        size_t capacity = w->unsealed_capacity ? w->unsealed_capacity * 2 : 1024;
        struct tlog_hash *larger = realloc(w->unsealed, capacity * sizeof *larger);
        if (!larger) {
            return false;
        }
        w->unsealed = larger;
        w->unsealed_capacity = capacity;
    }
    w->unsealed[w->unsealed_count++] = *leaf;
    return true;
}

static const char *next_salt(struct log_work *w)
{
    if (w->salts_left == 0) {
        random_bytes(w->salts, sizeof w->salts);
        w->salts_left = SALTS;
    }
    return w->salts + --w->salts_left * SALT_SIZE;
}

static bool room_for_made(struct log_work *w, size_t count)
{
    size_t capacity = w->made_capacity ? w->made_capacity : 256;
    while (capacity < count) {
        capacity *= 2;
    }
    if (capacity != w->made_capacity) {
        struct log_made *larger = realloc(w->made, capacity * sizeof *larger);
        if (!larger) {
            return false;
        }
        w->made = larger;
        w->made_capacity = capacity;
    }
    return true;
}

/* One record behind those of the batch; its chain moves on. heads_lock is held. */
static bool make_record(struct audit *a, uint64_t number, text patient, text line, bool last)
{
    struct log_work *w = &a->work_of_thread;
    struct leaf l = {.origin = a->origin, .minute = w->minute};
    struct record r = {.leaf = number,
                       .before = NO_LEAF,
                       .flags = last ? RECORD_LAST : 0,
                       .salt = {next_salt(w), SALT_SIZE},
                       .line = line};
    struct head *head = NULL;
    struct log_made made = {.leaf = number};
    if (patient.n) {
        l.tag = tag_of(&a->tags, w->sha, patient);
        head = heads_put(&a->heads, &l.tag);
        made.before = *head;
        r.before = head->seq ? head->leaf : NO_LEAF;
        l.prev = head->hash;
        l.seq = head->seq + 1;
    }
    char data[LEAF_SIZE];
    l.commit = leaf_commit(w->sha, r.salt, line);
    leaf_write(&l, data);
    r.data = text_make(data, sizeof data);
    struct tlog_hash hash = sha_leaf(w->sha, r.data);
    if (head) {
        head->seq = l.seq;
        head->leaf = number;
        head->hash = hash;
    }
    char row[8];
    put64(row, a->offset + w->batch.n);
    buf_add(&w->rows, text_make(row, sizeof row));
    char *to = buf_reserve(&w->batch, record_size(line.n));
    if (!to || buf_failed(&w->rows) || !audit_unsealed_add(w, &hash)) {
        return false;
    }
    w->batch.n += record_write(&r, to);
    made.head = head;
    made.seq = l.seq;
    w->made[w->made_count++] = made;
    return true;
}

static int make_batch(struct audit *a, text items, size_t count, struct err *e)
{
    struct log_work *w = &a->work_of_thread;
    uint64_t minute = (uint64_t)(clock_real_ms() / 60000);
    w->minute = minute > w->minute ? minute : w->minute;
    buf_clear(&w->batch);
    buf_clear(&w->rows);
    w->made_count = 0;
    pthread_mutex_lock(&a->heads_lock);
    bool good = room_for_made(w, count) && heads_reserve(&a->heads, count);
    for (size_t at = 0; good && at < items.n;) {
        size_t patient_n = get32(items.p + at), last = get32(items.p + at + 4);
        size_t line_n = last & ~ITEM_LAST;
        text patient = {items.p + at + ITEM_HEAD, patient_n};
        text line = {patient.p + patient_n, line_n};
        good = make_record(a, a->size + w->made_count, patient, line, last & ITEM_LAST);
        at += ITEM_HEAD + patient_n + line_n;
    }
    pthread_mutex_unlock(&a->heads_lock);
    return good ? 0 : err_set(e, ERR_MEMORY, "no memory to write the access log");
}

/* --- the thread --------------------------------------------------------------------------------
 */

/* Each checkpoint brings tiles that take some of the room that entries need. */
static int64_t next_seal(const struct audit *a)
{
    return clock_mono_ns() + a->seal_ns * (audit_is_short(a) ? SHORT_PACE : 1);
}

/* Readers may see what is durable: of a chain nothing that the log does not have yet, and of the
 * log nothing that is missing from its chain. So both move within both locks. */
static void publish(struct audit *a)
{
    struct log_work *w = &a->work_of_thread;
    pthread_mutex_lock(&a->heads_lock);
    for (size_t i = 0; i < w->made_count; i++) {
        if (w->made[i].head) {
            w->made[i].head->shown = w->made[i].leaf;
            w->made[i].head->shown_seq = w->made[i].seq;
        }
    }
    pthread_mutex_lock(&a->lock);
    audit_give_leaves(a, w->unsealed + w->unsealed_count - w->made_count, w->made_count);
    a->size += w->made_count;
    a->settled += w->made_count;
    a->offset += w->batch.n;
    a->full = false;
    pthread_cond_broadcast(&a->done);
    audit_tell_watchers(a);
    pthread_mutex_unlock(&a->lock);
    pthread_mutex_unlock(&a->heads_lock);
    if (!w->seal_at_ns) {
        w->seal_at_ns = next_seal(a);
    }
}

/* --- a full disk -------------------------------------------------------------------------------
 */

/* The chains are where they were: in the order in which it was made, backwards, so that places
 * that were free are free again. */
static void unmake_batch(struct audit *a)
{
    struct log_work *w = &a->work_of_thread;
    pthread_mutex_lock(&a->heads_lock);
    for (size_t i = w->made_count; i > 0; i--) {
        const struct log_made *made = &w->made[i - 1];
        if (made->head) {
            a->heads.count -= made->before.seq == 0;
            *made->head = made->before;
        }
    }
    pthread_mutex_unlock(&a->heads_lock);
    w->unsealed_count -= w->made_count;
    w->made_count = 0;
}

/* Those who wait for it are told so. Runs that follow each other are one; of too many the oldest
 * become one with what lies between: then some are told that they were refused who were not, but
 * only those who ask that late. */
static void refuse_batch(struct audit *a, size_t count)
{
    pthread_mutex_lock(&a->lock);
    struct audit_refused run = {a->settled, a->settled + count};
    struct audit_refused *last = a->refused + a->refused_count;
    if (a->refused_count && last[-1].to == run.from) {
        last[-1].to = run.to;
    } else {
        if (a->refused_count == REFUSED_MAX) {
            a->refused[1].from = a->refused[0].from;
            memmove(a->refused, a->refused + 1, sizeof a->refused - sizeof *a->refused);
            a->refused_count--;
        }
        a->refused[a->refused_count++] = run;
    }
    a->settled = run.to;
    a->full = true;
    pthread_cond_broadcast(&a->done);
    audit_tell_watchers(a);
    pthread_mutex_unlock(&a->lock);
}

static void fall_short(struct audit *a)
{
    atomic_store(&a->is_short, true);
    a->work_of_thread.mend_at_ns = clock_mono_ns() + (int64_t)SHORT_MS * NS_PER_MS;
}

/* Whether there is room again. */
static void mend(struct audit *a)
{
    struct log_work *w = &a->work_of_thread;
    int64_t now = clock_mono_ns();
    if (!w->mend_at_ns || now < w->mend_at_ns) {
        return;
    }
    bool whole = ballast_mend(&w->ballast);
    if (audit_is_short(a) && ballast_has_room(&w->ballast)) {
        atomic_store(&a->is_short, false);
        pthread_mutex_lock(&a->lock);
        a->full = false;
        pthread_mutex_unlock(&a->lock);
        w->seal_at_ns = w->seal_at_ns ? now : 0; /* what was put off */
    }
    atomic_store(&a->whole, whole);
    int64_t wait_ms = audit_is_short(a) ? SHORT_MS : MEND_MS;
    w->mend_at_ns = whole ? 0 : now + wait_ms * NS_PER_MS;
}

/* --- the thread --------------------------------------------------------------------------------
 */

/* What stands behind the durable end would be in the way of the next one, and takes room. */
static int cut(struct audit *a, struct err *e)
{
    if (ftruncate(a->journal, (off_t)a->offset) != 0 ||
        ftruncate(a->index, (off_t)(a->size * 8)) != 0) {
        return err_set(e, ERR_IO, "the access log could not cut a half-written batch off: %s",
                       strerror(errno));
    }
    return ERR_FULL;
}

/* All of the batch, or as before (ERR_FULL). */
static int store_batch(struct audit *a, struct err *e)
{
    struct log_work *w = &a->work_of_thread;
    int r = audit_journal_is_there(a, false, e);
    r = r ? r : write_at(a->journal, buf_text(&w->batch), a->offset, "journal", e);
    r = r ? r : file_sync_live(a->journal, "journal", e);
    /* The index is made from the journal: a start mends what of it a crash takes away. */
    r = r ? r : write_at(a->index, buf_text(&w->rows), a->size * 8, "index", e);
    return r == ERR_FULL ? cut(a, e) : r;
}

static int write_batch(struct audit *a, text items, size_t count, struct err *e)
{
    struct log_work *w = &a->work_of_thread;
    int r = make_batch(a, items, count, e);
    r = r ? r : store_batch(a, e);
    while (r == ERR_FULL) {
        fall_short(a);
        if (!ballast_give(&w->ballast, w->batch.n + w->batch.n / 4)) {
            break;
        }
        r = store_batch(a, e);
    }
    if (r == 0) {
        publish(a);
    } else if (r == ERR_FULL) {
        unmake_batch(a);
        refuse_batch(a, count);
        r = 0;
    }
    if (w->batch.capacity > BATCH_BYTES_MAX) {
        buf_done(&w->batch);
    }
    return r;
}

/* Sleeps until there is something to do. Called with the lock. */
static void await_work(struct audit *a)
{
    struct log_work *w = &a->work_of_thread;
    while (!a->called && !a->stopping && !a->seal_asked && !a->dead) {
        int64_t next = atomic_load(&w->seal_at_ns);
        int64_t mend_at = atomic_load(&w->mend_at_ns);
        next = mend_at && (!next || mend_at < next) ? mend_at : next;
        if (!next) {
            pthread_cond_wait(&a->work, &a->lock);
            continue;
        }
        struct timespec until = {.tv_sec = next / 1000000000, .tv_nsec = next % 1000000000};
        if (pthread_cond_timedwait(&a->work, &a->lock, &until) == ETIMEDOUT) {
            break;
        }
    }
    a->called = false;
}

/* All that is queued, as one batch. Called with work_lock. */
static int write_queue(struct audit *a, struct err *e)
{
    struct log_work *w = &a->work_of_thread;
    pthread_mutex_lock(&a->lock);
    struct buf empty = w->taken;
    w->taken = a->queue;
    a->queue = empty;
    buf_clear(&a->queue);
    size_t count = (size_t)(a->queued - a->settled);
    pthread_cond_broadcast(&a->room);
    pthread_mutex_unlock(&a->lock);
    return w->taken.n ? write_batch(a, buf_text(&w->taken), count, e) : 0;
}

static void die(struct audit *a, const struct err *why)
{
    pthread_mutex_lock(&a->lock);
    a->dead = true;
    a->why = *why;
    pthread_cond_broadcast(&a->done);
    pthread_cond_broadcast(&a->room);
    audit_tell_watchers(a);
    pthread_mutex_unlock(&a->lock);
}

/* There is no room for what is made from the journal: it is made later. */
static void put_off(struct audit *a)
{
    struct log_work *w = &a->work_of_thread;
    w->seal_at_ns = w->unsealed_count ? next_seal(a) : 0;
    pthread_mutex_lock(&a->lock);
    a->seals_put_off++;
    pthread_cond_broadcast(&a->done);
    pthread_mutex_unlock(&a->lock);
}

static int derive(struct audit *a, bool asked, bool stopping, struct err *e)
{
    struct log_work *w = &a->work_of_thread;
    bool due = w->seal_at_ns && clock_mono_ns() >= w->seal_at_ns;
    int r = 0;
    if (w->unsealed_count && (asked || stopping || due || w->unsealed_count >= SEAL_LEAVES)) {
        r = audit_seal(a, e);
        r = r ? r : audit_save_heads(a, stopping, e);
    } else if (stopping) {
        r = audit_save_heads(a, true, e);
    }
    if (r == ERR_FULL) {
        put_off(a);
        r = 0;
    }
    return r;
}

bool audit_lead(struct audit *a)
{
    struct log_work *w = &a->work_of_thread;
    struct err e = {0};
    if (!a->queue.n || pthread_mutex_trylock(&a->work_lock) != 0) {
        return false;
    }
    pthread_mutex_unlock(&a->lock);
    bool was_timed = atomic_load(&w->seal_at_ns) != 0;
    int r = write_queue(a, &e);
    if (r) {
        die(a, &e);
    }
    bool due = w->unsealed_count >= SEAL_LEAVES || !was_timed;
    pthread_mutex_lock(&a->lock);
    pthread_mutex_unlock(&a->work_lock);
    if (a->queue.n || due ||
        a->dead) { /* what came meanwhile, and what has its time, is the thread's */
        a->called = true;
        pthread_cond_signal(&a->work);
    }
    return true;
}

static void *log_thread(void *context)
{
    struct audit *a = context;
    struct err e = {0};
    int r = 0;
    bool ends = false;
    while (r == 0 && !ends) {
        pthread_mutex_lock(&a->lock);
        await_work(a);
        bool asked = a->seal_asked;
        bool stopping = a->stopping;
        bool dead = a->dead;
        a->seal_asked = false;
        pthread_mutex_unlock(&a->lock);
        if (dead) {
            return NULL;
        }
        pthread_mutex_lock(&a->work_lock);
        r = write_queue(a, &e);
        mend(a);
        r = r ? r : derive(a, asked, stopping, &e);
        pthread_mutex_lock(&a->lock);
        a->called = a->called || a->queue.n > 0;
        pthread_mutex_unlock(&a->work_lock);
        pthread_mutex_unlock(&a->lock);
        ends = stopping;
    }
    if (r) {
        die(a, &e);
    }
    return NULL;
}

int audit_start(struct audit *a, struct err *e)
{
    struct log_work *w = &a->work_of_thread;
    buf_init(&w->batch, (size_t)4 * QUEUE_MAX);
    buf_init(&w->rows, QUEUE_MAX);
    buf_init(&w->taken, QUEUE_MAX);
    buf_init(&a->queue, QUEUE_MAX);
    if (w->ballast.left < w->ballast.wanted) {
        w->mend_at_ns = clock_mono_ns(); /* and then as often as it has to be */
    }
    int r = pthread_create(&a->thread, NULL, log_thread, a);
    if (r) {
        return err_set(e, ERR_MEMORY, "no thread for the access log: %s", strerror(r));
    }
    a->has_thread = true;
    return 0;
}
