/* The side of those who have something to note: a queue, and waiting for what was queued. */
#include "audit/audit_int.h"

#include <stdlib.h>

enum { TOLD_AT_ONCE = 128 };

/* --- queueing ----------------------------------------------------------------------------------
 */

static int dead_error(const struct audit *a, struct err *e)
{
    return err_set(e, ERR_IO, "the access log takes nothing more: %.600s", err_text(&a->why));
}

static int full_error(struct err *e)
{
    return err_set(e, ERR_FULL,
                   "the disk of the access log is full: what cannot be noted there is not done. "
                   "Make room on that disk and try again; no restart is needed");
}

static int add_items(const struct audit_event *events, size_t count, struct buf *out, struct err *e)
{
    for (size_t i = 0; i < count; i++) {
        size_t head = out->n;
        if (events[i].patient.n > EVENT_LINE_MAX || !buf_reserve(out, ITEM_HEAD)) {
            return err_set(e, ERR_TOO_LARGE, "entries of the access log are too large");
        }
        out->n += ITEM_HEAD;
        buf_add(out, events[i].patient);
        size_t line = out->n;
        int r = event_print(&events[i], out, e);
        if (r) {
            return r;
        }
        put32(out->p + head, (uint32_t)events[i].patient.n);
        put32(out->p + head + 4, (uint32_t)(out->n - line) | (i + 1 == count ? ITEM_LAST : 0));
    }
    return 0;
}

static int enqueue(struct audit *a, text items, size_t count, struct audit_wanted *wanted,
                   uint64_t *ret_ticket, struct err *e)
{
    int r = 0;
    pthread_mutex_lock(&a->lock);
    while (!a->dead && !a->stopping && a->queue.n && items.n > QUEUE_MAX - a->queue.n) {
        if (!audit_lead(a)) {
            pthread_cond_wait(&a->room, &a->lock);
        }
    }
    if (a->dead) {
        r = dead_error(a, e);
    } else if (a->stopping) {
        r = err_set(e, ERR_STOPPING, "the access log is being closed");
    } else {
        buf_add(&a->queue, items);
        if (buf_failed(&a->queue)) {
            a->queue.failed = false;
            r = err_set(e, ERR_MEMORY, "no memory for entries of the access log");
        } else {
            if (wanted) {
                *wanted = (struct audit_wanted){a->wanted, a->queued + 1, count, wanted->to};
                a->wanted = wanted;
            }
            a->queued += count;
            *ret_ticket = a->queued;
        }
    }
    pthread_mutex_unlock(&a->lock);
    return r;
}

static int append(struct audit *a, const struct audit_event *events, size_t count,
                  struct audit_wanted *wanted, uint64_t *ret_ticket, struct err *e)
{
    if (!a->writes || count > AUDIT_BATCH_MAX) {
        return err_set(e, ERR_INTERNAL,
                       a->writes ? "too many entries of the access log at once"
                                 : "the access log was opened for reading only");
    }
    if (count == 0) {
        pthread_mutex_lock(&a->lock);
        *ret_ticket = a->queued;
        pthread_mutex_unlock(&a->lock);
        return 0;
    }
    /* One event, the usual case, is printed on the stack. Filling that with zeros first would take
     * longer than the print; only what was printed is read. */
    __attribute__((uninitialized)) char small[ITEM_HEAD + 2 * EVENT_LINE_MAX];
    struct buf items = {.p = small, .capacity = sizeof small, .max = sizeof small};
    bool large = count > 1;
    if (large) {
        buf_init(&items, QUEUE_MAX);
    }
    int r = add_items(events, count, &items, e);
    r = r ? r : enqueue(a, buf_text(&items), count, wanted, ret_ticket, e);
    if (large) {
        buf_done(&items);
    }
    return r;
}

int audit_append(struct audit *a, const struct audit_event *events, size_t count,
                 uint64_t *ret_ticket, struct err *e)
{
    return append(a, events, count, NULL, ret_ticket, e);
}

static bool was_refused(const struct audit *a, uint64_t ticket)
{
    for (size_t i = 0; i < a->refused_count; i++) {
        if (a->refused[i].from < ticket && ticket <= a->refused[i].to) {
            return true;
        }
    }
    return false;
}

int audit_wait(struct audit *a, uint64_t ticket, struct err *e)
{
    pthread_mutex_lock(&a->lock);
    while (a->settled < ticket && !a->dead) {
        if (!audit_lead(a)) {
            pthread_cond_wait(&a->done, &a->lock);
        }
    }
    int r = 0;
    if (a->settled < ticket) {
        r = dead_error(a, e);
    } else if (was_refused(a, ticket)) {
        r = full_error(e);
    }
    pthread_mutex_unlock(&a->lock);
    return r;
}

/* --- leaves ------------------------------------------------------------------------------------
 */

void audit_give_leaves(struct audit *a, const struct tlog_hash *leaves, size_t count)
{
    for (struct audit_wanted *w = a->wanted; w; w = w->next) {
        for (uint64_t i = 0; i < w->count && w->first + i <= a->settled + count; i++) {
            if (w->first + i > a->settled) {
                memcpy(w->to[i], leaves[w->first + i - a->settled - 1].b, TLOG_HASH);
            }
        }
    }
}

int audit_append_leaves(struct audit *a, const struct audit_event *events, size_t count,
                        uint8_t (*ret_leaves)[32], struct err *e)
{
    struct audit_wanted wanted = {.to = ret_leaves};
    uint64_t ticket;
    int r = append(a, events, count, &wanted, &ticket, e);
    if (r || count == 0) {
        return r;
    }
    r = audit_wait(a, ticket, e);
    pthread_mutex_lock(&a->lock);
    struct audit_wanted **at = &a->wanted;
    while (*at != &wanted) {
        at = &(*at)->next;
    }
    *at = wanted.next;
    pthread_mutex_unlock(&a->lock);
    return r;
}

/* --- how it is ---------------------------------------------------------------------------------
 */

bool audit_is_short(const struct audit *a)
{
    return atomic_load_explicit(&a->is_short, memory_order_relaxed);
}

enum audit_state audit_state(struct audit *a)
{
    pthread_mutex_lock(&a->lock);
    enum audit_state state = a->dead                   ? AUDIT_DEAD
                             : a->full                 ? AUDIT_FULL
                             : audit_is_short(a)       ? AUDIT_SHORT
                             : !atomic_load(&a->whole) ? AUDIT_NO_BALLAST
                                                       : AUDIT_WELL;
    pthread_mutex_unlock(&a->lock);
    return state;
}

/* --- waiting without a thread ------------------------------------------------------------------
 */

bool audit_watch(struct audit *a, uint64_t ticket, uint64_t token)
{
    pthread_mutex_lock(&a->lock);
    if (a->settled < ticket && !a->dead) {
        (void)audit_lead(a); /* nobody is at it: then this is the quickest way */
    }
    bool watches = a->tell && a->settled < ticket && !a->dead;
    if (watches && a->watcher_count == a->watcher_capacity) {
        size_t capacity = a->watcher_capacity ? a->watcher_capacity * 2 : 128;
        struct audit_watcher *larger = realloc(a->watchers, capacity * sizeof *larger);
        watches = larger != NULL;
        a->watchers = larger ? larger : a->watchers;
        a->watcher_capacity = larger ? capacity : a->watcher_capacity;
    }
    if (watches) {
        a->watchers[a->watcher_count++] = (struct audit_watcher){ticket, token};
    }
    pthread_mutex_unlock(&a->lock);
    return watches;
}

void audit_tell(struct audit *a, void (*tell)(void *context, const uint64_t *tokens, size_t count),
                void *context)
{
    pthread_mutex_lock(&a->lock);
    a->tell = tell;
    a->tell_context = context;
    while (!tell && a->telling) {
        pthread_cond_wait(&a->room, &a->lock);
    }
    if (!tell) {
        a->watcher_count = 0;
    }
    pthread_mutex_unlock(&a->lock);
}

/* Takes those of whom it is known, as many as there is room for. Called with the lock. */
static size_t take_ready(struct audit *a, uint64_t *tokens, size_t most)
{
    size_t left = 0, count = 0;
    for (size_t i = 0; i < a->watcher_count; i++) {
        if (count < most && (a->dead || a->watchers[i].ticket <= a->settled)) {
            tokens[count++] = a->watchers[i].token;
        } else {
            a->watchers[left++] = a->watchers[i];
        }
    }
    a->watcher_count = left;
    return count;
}

void audit_tell_watchers(struct audit *a)
{
    uint64_t tokens[TOLD_AT_ONCE];
    size_t count;
    while (a->tell && (count = take_ready(a, tokens, TOLD_AT_ONCE))) {
        void (*tell)(void *, const uint64_t *, size_t) = a->tell;
        void *context = a->tell_context;
        a->telling = true;
        pthread_mutex_unlock(&a->lock);
        tell(context, tokens, count);
        pthread_mutex_lock(&a->lock);
        a->telling = false;
    }
    if (!a->tell) {
        pthread_cond_broadcast(&a->room);
    }
}
