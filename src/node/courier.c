#include "node/courier.h"

#include "base/clock.h"
#include "base/log.h"
#include "format/json.h"
#include "identity/secret.h"
#include "node/locality_state.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    WORKERS = 32,
    GRACE_SECONDS = 10,
    ROUND_MOST_MS = 1000,
    ROUND_LEAST_MS = 5,
    ALARMS_SHOWN = 20,
    STRANGERS_BODY = 4 * DIRECTORY_MAX, /* who asks to be taken in tells of directories */
    BODY_RATE = 32 * 1024,              /* bytes a second, so that nobody holds one for hours */
    MEMORY = 4 << 20,
};
#define ALARM_FRESH_MS (INT64_C(7) * 24 * 3600 * 1000)

struct courier {
    struct courier_config config;
    struct limits limits; /* of the listener */
    struct locality_world *world;
    struct locality *locality;
    pthread_t carrier, watcher;
    bool carries, watches;
    atomic_bool stopping;
    pthread_mutex_t lock; /* of the listener: it opens while the node serves; and of `stop` */
    pthread_cond_t stop;
    struct http_server *http;
};

/* The failure that a thread has logged last. */
struct told {
    char words[sizeof((struct err *)0)->detail];
};

/* --- the listener ----------------------------------------------------------------------------- */

static void serve(void *context, const struct http_request *request, struct http_reply *reply)
{
    struct courier *c = context;
    if (locality_serves(request->path)) {
        locality_handle(c->locality, request, reply);
        return;
    }
    struct err e = {0};
    reply->status = 404;
    (void)err_set(&e, ERR_NOT_FOUND, "this address is for other members of the locality");
    rest_refuse(&e, reply);
}

/* Strangers are heard, but fill no memory that members need. */
static uint64_t body_most(void *context, const struct http_request *head)
{
    struct courier *c = context;
    return head->client_key && locality_knows(c->locality, head->client_key) ? COURIER_BODY
                                                                             : STRANGERS_BODY;
}

static void refuse(void *context, const struct err *why, struct http_reply *reply)
{
    (void)context;
    rest_refuse(why, reply);
}

static int open_listener(struct courier *c, struct err *e)
{
    struct http_server *http = NULL;
    struct http_config config = {.host = c->config.host,
                                 .port = c->config.port,
                                 .workers = WORKERS,
                                 .limits = &c->limits,
                                 .tls_cert = locality_world_pem(c->world),
                                 .tls_key = locality_world_pem(c->world),
                                 .asks_client = true,
                                 .handle = serve,
                                 .body_most = body_most,
                                 .refuse = refuse,
                                 .context = c};
    int rc = http_server_start(&config, &http, e);
    if (!rc) {
        pthread_mutex_lock(&c->lock);
        c->http = http;
        pthread_mutex_unlock(&c->lock);
        log_line(LOG_LOCALITY_LISTEN, LOG_WORD("address", http_server_url(http)));
    }
    return rc;
}

text courier_url(struct courier *c)
{
    pthread_mutex_lock(&c->lock);
    text url = c->http ? http_server_url(c->http) : (text){0};
    pthread_mutex_unlock(&c->lock);
    return url;
}

/* --- keys ------------------------------------------------------------------------------------- */

/* The key that waits is used as soon as the directory names it. */
static int turn_key(struct courier *c, const struct directory *d, text ods, struct err *e)
{
    uint8_t next[32];
    const struct member *self = directory_member(d, ods);
    struct err none = {0};
    if (!self || locality_world_next_key(c->world, next, &none)) {
        return 0;
    }
    for (size_t i = 0; i < self->tls_count; i++) {
        if (memcmp(self->tls[i], next, sizeof next) == 0) {
            int rc = locality_world_turn_key(c->world, e);
            rc = rc || !c->http ? rc : http_server_renew(c->http, e);
            if (!rc) {
                log_line(LOG_LOCALITY_KEY, LOG_END);
            }
            return rc;
        }
    }
    return 0;
}

static int look_at_directory(struct courier *c, struct err *e)
{
    struct directory_ref *ref;
    const char *why;
    const struct note_signer *signer;
    text ods;
    struct err none = {0};
    struct trust *t = locality_trust(c->locality);
    const struct directory *d = trust_directory(t, &ref, &why);
    int rc = 0;
    if (d && trust_self(t, &signer, &ods, &none) == 0) {
        const struct member *self = directory_member(d, ods);
        rc = self ? locality_world_known_as(c->world, self->url, e) : 0;
        rc = rc ? rc : turn_key(c, d, ods, e);
    }
    if (d) {
        trust_done(ref);
    }
    return rc;
}

static int look_at_keys(struct courier *c, struct err *e)
{
    bool changed = false;
    uint8_t spki[32];
    struct err none = {0};
    const struct loc_world *w = locality_world_face(c->world);
    int rc = locality_world_look_at_key(c->world, &changed, e);
    if (!rc && !c->http && w->own_tls(w->context, spki, &none) == 0) {
        rc = open_listener(c, e);
    } else if (!rc && changed && c->http) {
        rc = http_server_renew(c->http, e);
    }
    return rc;
}

/* --- the thread ------------------------------------------------------------------------------- */

/* The same again is no news. */
static void tell_failure(struct told *told, int rc, const struct err *e)
{
    if (rc && strcmp(told->words, err_text(e)) != 0) {
        (void)snprintf(told->words, sizeof told->words, "%s", err_text(e));
        log_line(LOG_LOCALITY_FAILED, LOG_WORD("cause", text_of(told->words)));
    }
}

static void carry_once(struct courier *c, struct told *told, int64_t *ret_again_ms)
{
    static int (*const parts[])(struct courier *, struct err *) = {look_at_keys, look_at_directory};
    struct err e = {0};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        tell_failure(told, parts[i](c, &e), &e);
    }
    tell_failure(told, locality_carry(c->locality, ret_again_ms, &e), &e);
    tell_failure(told, locality_alarms_tell(c->world, &e), &e);
}

static int64_t wait_until(int64_t again_ms)
{
    int64_t wait = again_ms - clock_real_ms();
    return wait > ROUND_MOST_MS ? ROUND_MOST_MS : wait < ROUND_LEAST_MS ? ROUND_LEAST_MS : wait;
}

static void *carry(void *context)
{
    struct courier *c = context;
    const struct loc_world *w = locality_world_face(c->world);
    struct told told = {0};
    (void)pthread_setname_np(pthread_self(), "courier");
    while (!atomic_load(&c->stopping)) {
        int64_t again_ms = clock_real_ms() + ROUND_MOST_MS;
        carry_once(c, &told, &again_ms);
        int64_t wait = wait_until(again_ms);
        if (!atomic_load(&c->stopping)) {
            w->sleep(w->context, wait);
        }
    }
    return NULL;
}

/* Not by the world's sleep(): its wake() is for the courier. */
static void rest(struct courier *c, int64_t ms)
{
    struct timespec until;
    int late = 0;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    until.tv_sec += (time_t)(ms / 1000) + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&c->lock);
    while (!atomic_load(&c->stopping) && !late) {
        late = pthread_cond_timedwait(&c->stop, &c->lock, &until);
    }
    pthread_mutex_unlock(&c->lock);
}

static void *watch(void *context)
{
    struct courier *c = context;
    struct told told = {0};
    (void)pthread_setname_np(pthread_self(), "watcher");
    while (!atomic_load(&c->stopping)) {
        struct err e = {0};
        int64_t again_ms = clock_real_ms() + ROUND_MOST_MS;
        tell_failure(&told, locality_watch(c->locality, &again_ms, &e), &e);
        rest(c, wait_until(again_ms));
    }
    return NULL;
}

/* --- from outside ----------------------------------------------------------------------------- */

static int open_parts(struct courier *c, struct err *e)
{
    struct seal_key *secret = NULL;
    uint8_t key[32];
    struct locality_world_config world = {c->config.dir, c->config.node, c->config.rest};
    int rc = locality_world_open(&world, &c->world, e);
    rc = rc ? rc : seal_open(c->config.dir, &secret, e);
    rc = rc ? rc : seal_derive(secret, "kith.care/locality/places", key, e);
    seal_free(secret);
    rc = rc ? rc : locality_open(locality_world_face(c->world), key, &c->locality, e);
    explicit_bzero(key, sizeof key);
    return rc;
}

int courier_open(const struct courier_config *config, struct courier **ret, struct err *e)
{
    struct courier *c = calloc(1, sizeof *c);
    pthread_condattr_t monotonic;
    if (!c) {
        return err_set(e, ERR_MEMORY, "no memory");
    }
    c->config = *config;
    c->limits = *config->limits;
    if (c->limits.connections > COURIER_CONNECTIONS) {
        c->limits.connections = COURIER_CONNECTIONS;
    }
    if (c->limits.body_bytes > COURIER_BODY) {
        c->limits.body_bytes = COURIER_BODY;
    }
    if (c->limits.body_rate < BODY_RATE) {
        c->limits.body_rate = BODY_RATE;
    }
    (void)pthread_mutex_init(&c->lock, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&c->stop, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    int rc = open_parts(c, e);
    if (rc) {
        courier_close(c);
        return rc;
    }
    *ret = c;
    return 0;
}

struct locality *courier_locality(struct courier *c)
{
    return c->locality;
}

const struct loc_world *courier_world(struct courier *c)
{
    return locality_world_face(c->world);
}

int courier_start(struct courier *c, uint16_t port, struct err *e)
{
    c->config.port = port;
    int rc = look_at_keys(c, e);
    if (rc) {
        return rc;
    }
    c->carries = pthread_create(&c->carrier, NULL, carry, c) == 0;
    c->watches = c->carries && pthread_create(&c->watcher, NULL, watch, c) == 0;
    return c->watches ? 0 : err_set(e, ERR_MEMORY, "the threads of the courier cannot be started");
}

void courier_stop(struct courier *c)
{
    const struct loc_world *w = c->world ? locality_world_face(c->world) : NULL;
    pthread_mutex_lock(&c->lock);
    atomic_store(&c->stopping, true);
    pthread_cond_broadcast(&c->stop);
    pthread_mutex_unlock(&c->lock);
    if (c->carries) {
        w->wake(w->context);
        (void)pthread_join(c->carrier, NULL);
    }
    if (c->watches) {
        (void)pthread_join(c->watcher, NULL);
    }
    c->carries = c->watches = false;
    http_server_stop(c->http, GRACE_SECONDS);
    c->http = NULL;
}

void courier_close(struct courier *c)
{
    if (c) {
        courier_stop(c);
        locality_close(c->locality);
        locality_world_close(c->world);
        (void)pthread_cond_destroy(&c->stop);
        (void)pthread_mutex_destroy(&c->lock);
        free(c);
    }
}

/* --- health ----------------------------------------------------------------------------------- */

static void put_check(struct buf *out, const char *name, const char *status, text words)
{
    buf_printf(out, ",\"%s\":[{\"status\":\"%s\"", name, status);
    if (words.n) {
        buf_add(out, T(",\"output\":"));
        json_write_string(words, out);
    }
    buf_add(out, T("}]"));
}

/* In how many days the directory ends, or why there is none. A node that is in none is well. */
static bool directory_health(struct courier *c, struct buf *out)
{
    struct trust *t = locality_trust(c->locality);
    struct directory_ref *ref;
    const char *why;
    char words[100];
    const struct directory *d = trust_directory(t, &ref, &why);
    int64_t left = trust_ends_ms(t) - clock_real_ms();
    bool none = trust_ends_ms(t) == INT64_MAX;
    bool soon = d && left < TRUST_WARN_MS;
    if (d) {
        (void)snprintf(words, sizeof words, "number %llu, ends in %lld days",
                       (unsigned long long)d->number, (long long)(left / 86400000));
        trust_done(ref);
    }
    put_check(out, "locality:directory",
              d && !soon ? "pass"
              : none     ? "pass"
                         : "warn",
              text_of(d ? words : why));
    return soon || (!d && !none);
}

int courier_state(void *context, struct arena *a, struct buf *out, struct err *e)
{
    struct courier *c = context;
    const struct locality_state state = {.world = locality_world_face(c->world),
                                         .trust = locality_trust(c->locality),
                                         .witness = locality_witness(c->locality),
                                         .asking = locality_asking(c->locality)};
    return locality_state_print(&state, a, out, e);
}

text courier_name(void *context, text ods, struct arena *a)
{
    struct trust *trust = locality_trust(((struct courier *)context)->locality);
    struct directory_ref *ref = NULL, *ally = NULL;
    const char *why = NULL;
    const struct directory *d = trust_directory(trust, &ref, &why);
    const struct member *m = d ? trust_member(trust, d, ods, &ally) : NULL;
    text name = arena_copy(a, m ? m->name : ods);
    trust_done(ally);
    trust_done(ref);
    return name;
}

bool courier_health(struct courier *c, struct buf *out)
{
    struct arena a;
    struct alarm *alarms = NULL;
    size_t count = 0, fresh = 0;
    struct err e = {0};
    arena_init(&a, (size_t)16 * MEMORY);
    bool warns = directory_health(c, out);
    int rc = locality_alarms(locality_world_face(c->world), ALARMS_SHOWN, &a, &alarms, &count, &e);
    for (size_t i = 0; !rc && i < count; i++) {
        fresh += alarms[i].last_ms > clock_real_ms() - ALARM_FRESH_MS;
    }
    if (fresh || rc) {
        put_check(out, "locality:alarms", "warn",
                  rc ? text_of(err_text(&e))
                     : T("there are alarms about other members: 'kith locality list', or the Tasks "
                         "of the privacy officers"));
    }
    arena_done(&a);
    return warns || fresh || rc;
}
