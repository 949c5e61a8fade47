#include "rest/subscribe/subscribe.h"

#include "base/clock.h"
#include "base/log.h"
#include "net/client.h"
#include "rest/subscribe/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    FOLLOW_BYTES = 256 << 20,
    NAMES_BYTES = 64 * 1024,
    LOOK_MS = 1000, /* for what was committed without a word, and what is due by the clock */
    RETRY_MS = 1000,
};

/* --- waiting ------------------------------------------------------------------------------------
 */

static void wait_for(pthread_mutex_t *lock, pthread_cond_t *what, int64_t ms)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += ms % 1000 * 1000000L;
    until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    (void)pthread_cond_timedwait(what, lock, &until);
}

/* --- threads ------------------------------------------------------------------------------------
 */

/* The same again is no news. */
void subscriptions_trouble(struct subscriptions *s, const struct err *e)
{
    (void)pthread_mutex_lock(&s->lock);
    bool news = strcmp(err_text(&s->trouble), err_text(e)) != 0;
    s->trouble = *e;
    (void)pthread_mutex_unlock(&s->lock);
    if (news) {
        log_line(LOG_SUBSCRIPTIONS_FAILED, LOG_WORD("cause", text_of(err_text(e))));
    }
}

static void *follow_all(void *context)
{
    struct subscriptions *s = context;
    (void)pthread_setname_np(pthread_self(), "sub-follow");
    while (!atomic_load(&s->stopping)) {
        struct err e = {0};
        bool more = false;
        (void)pthread_mutex_lock(&s->wake_lock);
        s->committed = false;
        (void)pthread_mutex_unlock(&s->wake_lock);
        int rc = follow(s, &more, &e);
        rc = rc ? rc : follow_sweep(s, &e);
        if (rc) {
            subscriptions_trouble(s, &e);
        }
        (void)pthread_mutex_lock(&s->wake_lock);
        if (rc || (!more && !s->committed && !atomic_load(&s->stopping))) {
            wait_for(&s->wake_lock, &s->woken, rc ? RETRY_MS : LOOK_MS);
        }
        (void)pthread_mutex_unlock(&s->wake_lock);
    }
    return NULL;
}

/* Has taken nothing yet, or nothing the last time. */
static bool is_doubtful(const struct entry *x)
{
    return x->spec && x->spec->s.channel == CHANNEL_REST_HOOK &&
           (x->progress.failures || !x->progress.last_ms);
}

/* Whether as many senders as may wait for those who have not shown that they answer: the others are
 * for those who have. */
static bool enough_doubtful(const struct subscriptions *s)
{
    size_t busy = 0;
    for (const struct entry *x = s->entries; x; x = x->behind) {
        busy += x->busy && is_doubtful(x);
    }
    return busy >= SENDERS / 2;
}

/* Of what is due, that which was served the longest ago, made busy, and its spec taken; else until
 * when to wait. Under the lock. */
static struct entry *take_due(struct subscriptions *s, struct spec **ret_spec, int64_t *ret_at_ms)
{
    int64_t now = clock_real_ms();
    struct entry *found = NULL;
    bool enough = enough_doubtful(s);
    *ret_at_ms = now + LOOK_MS;
    for (struct entry *x = s->entries; x; x = x->behind) {
        if (enough && is_doubtful(x)) {
            continue;
        }
        if ((!found || x->served < found->served) && deliver_due(s, x, now, ret_at_ms)) {
            found = x;
        }
    }
    if (found) {
        found->busy = true;
        found->served = ++s->served;
        *ret_spec = found->spec;
        atomic_fetch_add(&found->spec->users, 1);
    }
    return found;
}

static void *send_all(void *context)
{
    struct subscriptions *s = context;
    struct http_client *http = NULL;
    struct err e = {0};
    (void)pthread_setname_np(pthread_self(), "sub-send");
    int rc = http_client_new(&http, &e);
    (void)pthread_mutex_lock(&s->lock);
    while (!rc && !atomic_load(&s->stopping)) {
        struct spec *spec = NULL;
        int64_t at_ms;
        struct entry *x = take_due(s, &spec, &at_ms);
        if (!x) {
            int64_t wait = at_ms - clock_real_ms();
            wait_for(&s->lock, &s->due, wait > 0 ? wait : 1);
            continue;
        }
        (void)pthread_mutex_unlock(&s->lock);
        deliver(s, x, spec, http);
        spec_done(spec);
        (void)pthread_mutex_lock(&s->lock);
        x->busy = false;
    }
    (void)pthread_mutex_unlock(&s->lock);
    http_client_free(http);
    return NULL;
}

/* --- websockets ---------------------------------------------------------------------------------
 */

/* What greets somebody who has bound: the handshake. */
static bool bound(void *context, text subscription, struct buf *out)
{
    struct subscriptions *s = context;
    bool there = false;
    (void)pthread_mutex_lock(&s->lock);
    for (struct entry *x = s->entries; x && !there; x = x->behind) {
        there = text_eq(text_of(x->id), subscription) && x->spec && !x->spec->bad && !x->gone;
        if (there) {
            struct notification n = {.type = "handshake",
                                     .base = s->rest.base,
                                     .id = subscription,
                                     .topic = x->spec->s.topic_url,
                                     .status = x->spec->s.status,
                                     .number = x->progress.number};
            notification_print(&n, out);
        }
    }
    (void)pthread_mutex_unlock(&s->lock);
    return there;
}

static void listens(void *context)
{
    struct subscriptions *s = context;
    (void)pthread_mutex_lock(&s->lock);
    (void)pthread_cond_broadcast(&s->due);
    (void)pthread_mutex_unlock(&s->lock);
}

void subscriptions_upgrade(struct subscriptions *s, const struct http_request *request,
                           struct http_reply *reply)
{
    struct err e = {0};
    int rc = sockets_upgrade(s->sockets, request, reply, &e);
    if (rc) {
        reply->status = err_info(rc)->status;
        rest_refuse(&e, reply);
    }
}

/* --- from outside -------------------------------------------------------------------------------
 */

int subscriptions_open(const struct subscriptions_config *config, struct subscriptions **ret,
                       struct err *e)
{
    char path[4096];
    struct subscriptions *s = calloc(1, sizeof *s);
    if (!s) {
        return err_set(e, ERR_MEMORY, "no memory for subscriptions");
    }
    s->config = *config;
    arena_init(&s->arena, FOLLOW_BYTES);
    arena_init(&s->names, NAMES_BYTES);
    (void)pthread_mutex_init(&s->lock, NULL);
    (void)pthread_mutex_init(&s->wake_lock, NULL);
    pthread_condattr_t monotonic;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&s->woken, &monotonic);
    (void)pthread_cond_init(&s->due, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    int n = snprintf(path, sizeof path, "%s/subscriptions.db", config->dir);
    int rc = n > 0 && (size_t)n < sizeof path
                 ? kept_open(path, &s->kept, e)
                 : err_set(e, ERR_VALUE, "the name of the folder is too long");
    const struct sockets_config sockets = {bound, listens, s};
    rc = rc ? rc : sockets_open(&sockets, &s->sockets, e);
    if (rc) {
        subscriptions_close(s);
        return rc;
    }
    *ret = s;
    return 0;
}

int subscriptions_start(struct subscriptions *s, text base, struct err *e)
{
    s->rest = *s->config.rest;
    s->rest.base = s->rest.base.n ? s->rest.base : arena_copy(&s->names, base);
    int rc = s->rest.base.p ? follow_begin(s, e) : err_set(e, ERR_MEMORY, "no memory");
    if (rc) {
        return rc;
    }
    s->following = pthread_create(&s->follower, NULL, follow_all, s) == 0;
    for (size_t i = 0; s->following && i < SENDERS; i++) {
        s->sending += pthread_create(&s->senders[s->sending], NULL, send_all, s) == 0;
    }
    return s->following && s->sending == SENDERS
               ? 0
               : err_set(e, ERR_MEMORY, "the threads of subscriptions cannot be started");
}

void subscriptions_wake(struct subscriptions *s)
{
    if (s) {
        (void)pthread_mutex_lock(&s->wake_lock);
        s->committed = true;
        (void)pthread_cond_signal(&s->woken);
        (void)pthread_mutex_unlock(&s->wake_lock);
    }
}

void subscriptions_stop(struct subscriptions *s)
{
    if (!s) {
        return;
    }
    atomic_store(&s->stopping, true);
    subscriptions_wake(s);
    (void)pthread_mutex_lock(&s->lock);
    (void)pthread_cond_broadcast(&s->due);
    (void)pthread_mutex_unlock(&s->lock);
    if (s->following) {
        (void)pthread_join(s->follower, NULL);
    }
    for (size_t i = 0; i < s->sending; i++) {
        (void)pthread_join(s->senders[i], NULL);
    }
    s->following = false;
    s->sending = 0;
}

void subscriptions_close(struct subscriptions *s)
{
    if (!s) {
        return;
    }
    subscriptions_stop(s);
    sockets_close(s->sockets);
    while (s->entries) {
        struct entry *x = s->entries;
        s->entries = x->behind;
        spec_done(x->spec);
        free(x);
    }
    kept_close(s->kept);
    (void)pthread_mutex_destroy(&s->lock);
    (void)pthread_mutex_destroy(&s->wake_lock);
    (void)pthread_cond_destroy(&s->woken);
    (void)pthread_cond_destroy(&s->due);
    arena_done(&s->arena);
    arena_done(&s->names);
    free(s);
}
