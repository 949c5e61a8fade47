#include "node/feeder.h"

#include "base/clock.h"
#include "base/log.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum {
    NOTES_A_TIME = 256,
    ARENA_BYTES = 16 << 20,
    LINE_GROWS = 256, /* by version and patient */
    RETRY_MS = 200,   /* and twice as long after each failure, but for a full disk */
    RETRY_MOST_MS = 5000,
    PATIENCE_MS = 5000, /* so long behind, then nothing more is written */
    REASON_MOST = 200,  /* bytes, of a line that has no room for its own */
};

struct feeder {
    struct store *store;
    struct audit *audit;
    struct arena arena;
    uint64_t next_t; /* the notes before it are in the log */
    bool left_over;  /* those of an earlier process may be in the log or not */
    pthread_t thread;
    bool running;
    pthread_mutex_t lock; /* of all that follows */
    pthread_cond_t wake;
    pthread_cond_t fed_more;
    uint64_t noted;         /* commits with notes */
    uint64_t fed;           /* of them, those whose notes are in the log */
    struct audit_event own; /* about the node itself */
    bool has_own;           /* it waits for room */
    bool stopping;
    int failing;        /* how the last try ended; ERR_FULL: the log's disk was full */
    int64_t failing_ns; /* since when */
    bool dead;          /* the log takes nothing more */
    struct err why;     /* of either */
};

/* --- from note to entry -------------------------------------------------------------------------
 */

static int patient_of(struct feeder *f, struct store_view *v, uint64_t rid, text *ret_patient,
                      struct err *e)
{
    uint64_t compartment;
    *ret_patient = (text){0};
    if (!store_patients_compartment(rid, &compartment)) {
        return 0;
    }
    int rc = store_patient_of(v, compartment, ret_patient);
    if (rc) {
        *ret_patient = (text){0}; /* only mentioned here */
        return rc == ERR_NOT_FOUND ? 0 : err_set(e, rc, "the patient of a write cannot be found");
    }
    *ret_patient = arena_copy(&f->arena, *ret_patient);
    return ret_patient->p ? 0 : err_set(e, ERR_MEMORY, "no memory for the access log");
}

static int make_event(struct feeder *f, struct store_view *v, const struct store_note *note,
                      struct audit_event *event, struct err *e)
{
    struct err unread = {0};
    int rc = event_parse(note->bytes, &f->arena, event, &unread);
    if (rc == ERR_MEMORY) {
        return err_set(e, rc, "no memory for the access log");
    }
    if (rc) { /* that there was a write must not be lost with the words about it */
        *event = (struct audit_event){.at_ms = (int64_t)(note->t >> 16),
                                      .kind = EVENT_RECOVERED,
                                      .access = ACCESS_SYSTEM,
                                      .why = T("the note kept with the write cannot be read")};
    }
    if (note->bytes.n > EVENT_LINE_MAX - LINE_GROWS) {
        event->query = (text){0};
        event->reason = text_short(event->reason, REASON_MOST);
    }
    /* Whether an update creates is decided by the commit. */
    if (event->kind == EVENT_UPDATE && note->created) {
        event->kind = EVENT_CREATE;
    } else if (event->kind == EVENT_CREATE && !note->created) {
        event->kind = EVENT_UPDATE;
    }
    event->version_t = note->t;
    return patient_of(f, v, note->rid, &event->patient, e);
}

static int make_events(struct feeder *f, const struct store_note *notes, size_t count,
                       struct audit_event *events, size_t *ret_count, struct err *e)
{
    struct store_view *v;
    size_t n = 0;
    int rc = store_view_begin(f->store, policy_local_administrator(), STORE_ONE_READ, &v, e);
    if (rc) {
        return rc;
    }
    for (size_t i = 0; !rc && i < count; i++) {
        bool has = false;
        if (f->left_over) {
            rc = audit_has_write(f->audit, notes[i].t, (int64_t)(notes[0].t >> 16), &has, e);
        }
        if (!rc && !has) {
            rc = make_event(f, v, &notes[i], &events[n++], e);
        }
    }
    store_view_end(v);
    *ret_count = n;
    return rc;
}

static int append(struct feeder *f, const struct audit_event *events, size_t n, bool *ret_dead,
                  struct err *e)
{
    uint64_t ticket = 0;
    int rc = audit_append(f->audit, events, n, &ticket, e);
    rc = rc ? rc : audit_wait(f->audit, ticket, e);
    /* Whatever else went wrong may go right the next time. */
    *ret_dead = rc && audit_state(f->audit) == AUDIT_DEAD;
    return rc;
}

static int feed_own(struct feeder *f, bool *ret_dead, struct err *e)
{
    (void)pthread_mutex_lock(&f->lock);
    bool has = f->has_own;
    (void)pthread_mutex_unlock(&f->lock);
    int rc = has ? append(f, &f->own, 1, ret_dead, e) : 0;
    if (has && !rc) {
        (void)pthread_mutex_lock(&f->lock);
        f->has_own = false;
        (void)pthread_mutex_unlock(&f->lock);
    }
    return rc;
}

/* All that there is. *ret_dead: it was the log that failed. */
static int feed(struct feeder *f, bool *ret_dead, struct err *e)
{
    size_t count = NOTES_A_TIME;
    *ret_dead = false;
    int rc = feed_own(f, ret_dead, e);
    while (!rc && count == NOTES_A_TIME) {
        struct store_note *notes = NULL;
        size_t n = 0;
        arena_reset(&f->arena);
        struct audit_event *events = arena_zalloc(&f->arena, NOTES_A_TIME, sizeof *events);
        rc = events ? 0 : err_set(e, ERR_MEMORY, "no memory for the access log");
        rc = rc ? rc : store_notes(f->store, f->next_t, NOTES_A_TIME, &f->arena, &notes, &count, e);
        rc = rc || !count ? rc : make_events(f, notes, count, events, &n, e);
        rc = rc || !n ? rc : append(f, events, n, ret_dead, e);
        if (!rc && count) {
            f->next_t = notes[count - 1].t + 1;
            store_notes_done(f->store, notes[count - 1].t);
        }
    }
    f->left_over = f->left_over && rc;
    return rc;
}

/* --- the thread ---------------------------------------------------------------------------------
 */

void feeder_noted(void *feeder)
{
    struct feeder *f = feeder;
    (void)pthread_mutex_lock(&f->lock);
    f->noted++;
    (void)pthread_cond_signal(&f->wake);
    (void)pthread_mutex_unlock(&f->lock);
}

/* Under the lock. More notes do not wake it: they would fail as those before them did. */
static void rest_a_little(struct feeder *f, int ms)
{
    struct timespec until;
    int late = 0;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += ms % 1000 * 1000000L;
    until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    while (!f->stopping && !late) {
        late = pthread_cond_timedwait(&f->wake, &f->lock, &until);
    }
}

/* Under the lock: how a try ended. Told once when it begins to fail, and once when it is over. */
static void note_end(struct feeder *f, int rc, const struct err *e)
{
    if (rc && rc != ERR_FULL && (!f->failing || f->failing == ERR_FULL)) {
        log_line(LOG_AUDIT_BEHIND, LOG_WORD("cause", text_of(err_text(e))));
        f->failing_ns = clock_mono_ns();
    } else if (!rc && f->failing && f->failing != ERR_FULL) {
        log_line(LOG_AUDIT_CAUGHT_UP, LOG_END);
    }
    f->failing = rc;
    f->why = rc ? *e : f->why;
}

static void *run(void *context)
{
    struct feeder *f = context;
    int pause_ms = RETRY_MS;
    (void)pthread_setname_np(pthread_self(), "log-feeder");
    (void)pthread_mutex_lock(&f->lock);
    while (!f->dead) {
        struct err e = {0};
        bool dead = false;
        uint64_t noted = f->noted;
        if (noted == f->fed) {
            if (f->stopping) {
                break;
            }
            (void)pthread_cond_wait(&f->wake, &f->lock);
            continue;
        }
        (void)pthread_mutex_unlock(&f->lock);
        int rc = feed(f, &dead, &e);
        (void)pthread_mutex_lock(&f->lock);
        note_end(f, rc, &e);
        f->fed = rc ? f->fed : noted;
        f->dead = rc && (dead || f->stopping); /* what is left is brought at the next start */
        (void)pthread_cond_broadcast(&f->fed_more);
        if (rc && !f->dead) {
            rest_a_little(f, pause_ms);
        }
        bool longer = rc && rc != ERR_FULL;
        pause_ms = longer ? pause_ms * 2 : RETRY_MS;
        pause_ms = pause_ms < RETRY_MOST_MS ? pause_ms : RETRY_MOST_MS;
    }
    (void)pthread_mutex_unlock(&f->lock);
    return NULL;
}

/* --- from outside -------------------------------------------------------------------------------
 */

int feeder_new(struct feeder **ret_feeder, struct err *e)
{
    struct feeder *f = calloc(1, sizeof *f);
    if (!f) {
        return err_set(e, ERR_MEMORY, "no memory for the access log");
    }
    arena_init(&f->arena, ARENA_BYTES);
    (void)pthread_mutex_init(&f->lock, NULL);
    pthread_condattr_t monotonic;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&f->wake, &monotonic);
    (void)pthread_cond_init(&f->fed_more, NULL);
    (void)pthread_condattr_destroy(&monotonic);
    *ret_feeder = f;
    return 0;
}

int feeder_start(struct feeder *f, struct store *store, struct audit *audit, struct err *e)
{
    bool dead;
    f->store = store;
    f->audit = audit;
    f->left_over = true;
    int rc = feed(f, &dead, e);
    if (rc && rc != ERR_FULL) {
        return rc;
    }
    f->noted = rc ? 1 : 0;
    f->failing = rc;
    f->running = pthread_create(&f->thread, NULL, run, f) == 0;
    return f->running ? 0
                      : err_set(e, ERR_MEMORY, "the thread of the access log cannot be started");
}

int feeder_tell(struct feeder *f, const struct audit_event *event, struct err *e)
{
    bool dead;
    int rc = append(f, event, 1, &dead, e);
    if (rc != ERR_FULL) {
        return rc;
    }
    (void)pthread_mutex_lock(&f->lock);
    f->own = *event;
    f->has_own = true;
    (void)pthread_mutex_unlock(&f->lock);
    feeder_noted(f);
    return 0;
}

void feeder_stop(struct feeder *f)
{
    if (!f) {
        return;
    }
    if (f->running) {
        (void)pthread_mutex_lock(&f->lock);
        f->stopping = true;
        (void)pthread_cond_signal(&f->wake);
        (void)pthread_mutex_unlock(&f->lock);
        (void)pthread_join(f->thread, NULL);
    }
    arena_done(&f->arena);
    (void)pthread_cond_destroy(&f->wake);
    (void)pthread_cond_destroy(&f->fed_more);
    (void)pthread_mutex_destroy(&f->lock);
    free(f);
}

/* Under the lock. */
static int death(const struct feeder *f, struct err *e)
{
    *e = f->why;
    return f->why.code ? f->why.code : ERR_IO;
}

static int takes(void *context, struct err *e)
{
    struct feeder *f = context;
    (void)pthread_mutex_lock(&f->lock);
    int rc = f->dead ? death(f, e) : 0;
    bool behind = f->failing && f->failing != ERR_FULL &&
                  clock_mono_ns() - f->failing_ns > PATIENCE_MS * INT64_C(1000000);
    if (!rc && behind) {
        rc = err_set(e, ERR_IO,
                     "the access log has been behind for a while, so nothing is written; records "
                     "can still be read, and it is tried again by itself: %.300s",
                     err_text(&f->why));
    }
    (void)pthread_mutex_unlock(&f->lock);
    /* Its last room is for entries about what is read, and for those of writes under way. */
    return rc || !audit_is_short(f->audit)
               ? rc
               : err_set(e, ERR_FULL,
                         "the disk of the access log is full, so nothing is written; records can "
                         "still be read. Make room on that disk; no restart is needed");
}

static int settle(void *context, struct err *e)
{
    struct feeder *f = context;
    (void)pthread_mutex_lock(&f->lock);
    uint64_t noted = f->noted;
    while (f->fed < noted && !f->dead && !f->failing) {
        (void)pthread_cond_wait(&f->fed_more, &f->lock);
    }
    int rc = f->dead ? death(f, e) : 0;
    if (!rc && f->fed < noted) {
        /* Not ERR_FULL, which says that nothing was stored. */
        rc = f->failing == ERR_FULL
                 ? err_set(e, ERR_IO,
                           "what was written is stored, but the access log has no room for its "
                           "entry yet; it is added when there is. Make room on its disk")
                 : err_set(e, ERR_IO,
                           "what was written is stored, but its entry is not in the access log "
                           "yet; it is tried again by itself: %.300s",
                           err_text(&f->why));
    }
    (void)pthread_mutex_unlock(&f->lock);
    return rc;
}

bool feeder_is_behind(struct feeder *f)
{
    (void)pthread_mutex_lock(&f->lock);
    bool behind = f->failing != 0 || f->dead;
    (void)pthread_mutex_unlock(&f->lock);
    return behind;
}

struct log_feed feeder_face(struct feeder *f)
{
    return (struct log_feed){.context = f, .takes = takes, .settle = settle};
}
