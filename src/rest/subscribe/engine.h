/* Inside rest/subscribe/: what is kept, followed and sent. */
#ifndef KITH_REST_SUBSCRIBE_ENGINE_H
#define KITH_REST_SUBSCRIBE_ENGINE_H

#include "net/client.h"
#include "rest/subscribe/sockets.h"
#include "rest/subscribe/subscribe.h"
#include "rest/subscribe/subscription.h"
#include "store/kept.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    SENDERS = 4,
    ID_ROOM = 65,
    EVENTS_KEPT = 1000,   /* numbered ones, for $events */
    WAITING_MOST = 10000, /* of one subscription; with more it is off */
    FAILURES_SAID = 2,    /* from then on it is in `error` */
};

/* --- what is kept (rows.c) ----------------------------------------------------------------------
 * place     `followed`: the t up to which everything has been looked at
 * progress  by id: number sent failures next_ms last_ms from waiting (decimals)
 * waits     by id/t (hexadecimal): what has happened and is not numbered yet: "create
 * Observation/5" event     by id/number (hexadecimal): "t create Observation/5"
 */

struct progress {
    uint64_t number;   /* of the last event that has one */
    uint64_t sent;     /* of the last one that was taken */
    uint64_t failures; /* in a row */
    int64_t next_ms;   /* nothing is sent before */
    int64_t last_ms;   /* when something was taken last */
    uint64_t from;     /* t: what is later is told; 0: not active yet */
    uint64_t waiting;  /* rows of kind waits */
};

struct event {
    uint64_t number; /* 0: none yet */
    uint64_t t;
    enum change change;
    text what;     /* "Observation/5" */
    text resource; /* JSON, as the subscriber may see it; empty: it is not (any more), or deleted */
    bool hidden;   /* the subscriber may not see it now */
};

int rows_place(struct kept *k, struct arena *a, uint64_t *ret_t, struct err *e);
struct kept_change rows_place_change(uint64_t t, struct arena *a);
int rows_progress(struct kept *k, text id, struct arena *a, struct progress *ret, struct err *e);
struct kept_change rows_progress_change(text id, const struct progress *p, struct arena *a);
struct kept_change rows_wait_change(text id, const struct event *x, struct arena *a);
struct kept_change rows_wait_done(text id, const struct event *x, struct arena *a);
struct kept_change rows_event_change(text id, const struct event *x, struct arena *a);
struct kept_change rows_event_done(text id, uint64_t number, struct arena *a);
/* At most `most` that wait, the oldest first. */
int rows_waits(struct kept *k, text id, size_t most, struct arena *a, struct event **ret,
               size_t *ret_count, struct err *e);
/* Numbered ones in [from, to], at most `most`. */
int rows_events(struct kept *k, text id, uint64_t from, uint64_t to, size_t most, struct arena *a,
                struct event **ret, size_t *ret_count, struct err *e);
/* Everything of a subscription that has gone. */
int rows_forget(struct kept *k, text id, struct arena *a, struct err *e);
const char *change_name(enum change c);

/* --- notifications (notify.c) -------------------------------------------------------------------
 */

struct notification {
    const char *type;
    text base, id, topic, status;
    enum content content;
    uint64_t number; /* of events since the start */
    const struct event *events;
    size_t count;
    text error; /* in words; empty: none */
};
/* A Bundle of type history. */
void notification_print(const struct notification *n, struct buf *out);
/* The Parameters of SubscriptionStatus alone. */
void notification_print_status(const struct notification *n, struct buf *out);

/* --- the engine ---------------------------------------------------------------------------------
 */

/* A version of a Subscription, understood; shared, and not changed any more. */
struct spec {
    atomic_uint users;
    struct arena arena;
    struct subscription s;
    bool bad; /* it could not be understood: why */
    struct err why;
};
void spec_done(struct spec *x);

struct entry {
    struct entry *behind;
    char id[ID_ROOM];
    struct spec *spec;
    struct progress progress;
    uint64_t acted;  /* the version about which everything was done; until there is another */
    uint64_t served; /* when it had its last turn */
    uint64_t life;   /* another one after each time that it was deleted and made again */
    bool busy;       /* a sender has it */
    bool gone;
};

struct subscriptions {
    struct subscriptions_config config;
    struct rest rest; /* with the base */
    struct arena names;
    struct kept *kept;
    struct sockets *sockets;
    struct arena arena; /* of the follower */
    uint64_t place;
    pthread_t follower;
    pthread_t senders[SENDERS];
    bool following;
    size_t sending;
    atomic_bool stopping;
    pthread_mutex_t wake_lock; /* held for a moment: the store's writer takes it */
    pthread_cond_t woken;      /* the follower */
    bool committed;
    pthread_mutex_t
        lock;           /* of all that follows, and of entries; also while their rows are written */
    pthread_cond_t due; /* the senders */
    struct entry *entries; /* added and taken away by the follower alone */
    uint64_t served;
    struct err trouble;
};
/* Something went wrong here, which is tried again. */
void subscriptions_trouble(struct subscriptions *s, const struct err *e);

/* follow.c: looks at what was committed. *ret_more: there is more. */
int follow(struct subscriptions *s, bool *ret_more, struct err *e);
/* Lets go of those that were deleted. */
int follow_sweep(struct subscriptions *s, struct err *e);
/* All Subscriptions that there are, at the start. */
int follow_begin(struct subscriptions *s, struct err *e);

/* deliver.c: one thing that is due for one entry, which the caller has made busy. */
void deliver(struct subscriptions *s, struct entry *x, struct spec *spec, struct http_client *http);
/* Whether something is due now, under the lock; *ret_at_ms: else when to look again. */
bool deliver_due(const struct subscriptions *s, const struct entry *x, int64_t now_ms,
                 int64_t *ret_at_ms);
/* The events as the subscriber may see them now, in the access log before it returns. */
int deliver_look(const struct rest *rest, const struct caller *as, enum content content,
                 struct event *events, size_t count, struct arena *a, struct err *e);

/* inside.c: a request to the own API in this process. `as` NULL: the node itself. */
struct inside {
    text method, path, content_type, body, if_match;
    int status;
    text answer;
};
int inside_ask(const struct rest *rest, const struct caller *as, struct inside *x, struct arena *a,
               struct err *e);

#endif
