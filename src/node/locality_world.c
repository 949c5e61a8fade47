#include "node/locality_world.h"

#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"
#include "node/locality_world_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { NS_PER_MS = 1000000 };

/* --- time and chance -------------------------------------------------------------------------- */

static int64_t now_ms(void *context)
{
    (void)context;
    return clock_real_ms();
}

static void random_of(void *context, uint8_t *to, size_t n)
{
    (void)context;
    random_bytes(to, n);
}

static void sleep_ms(void *context, int64_t ms)
{
    struct locality_world *w = context;
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(ms / 1000);
    until.tv_nsec += (long)(ms % 1000) * NS_PER_MS;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&w->lock);
    int rc = 0;
    while (!w->woken && rc == 0) {
        rc = pthread_cond_timedwait(&w->wake, &w->lock, &until);
    }
    w->woken = false;
    pthread_mutex_unlock(&w->lock);
}

static void wake(void *context)
{
    struct locality_world *w = context;
    pthread_mutex_lock(&w->lock);
    w->woken = true;
    pthread_cond_broadcast(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

/* --- rows ------------------------------------------------------------------------------------- */

static int get(void *context, const char *kind, text key, struct arena *a, text *ret_value,
               struct err *e)
{
    struct locality_world *w = context;
    return kept_get(w->kept, kind, key, a, ret_value, e);
}

static int write_rows(void *context, const struct kept_change *changes, size_t count,
                      size_t *ret_failed, struct err *e)
{
    struct locality_world *w = context;
    return kept_write(w->kept, changes, count, ret_failed, e);
}

static int each(void *context, const char *kind, text prefix,
                int (*one)(void *context, text key, text value), void *one_context, struct err *e)
{
    struct locality_world *w = context;
    return kept_each(w->kept, kind, prefix, one, one_context, e);
}

/* --- other members ---------------------------------------------------------------------------- */

static void take_answer(struct peer_call *call, struct peer_exchange *x, struct arena *a)
{
    call->result = x->result;
    call->err = x->err;
    call->took_ms = x->took_ms;
    call->status = 0;
    call->answer = call->receipt = T("");
    if (x->result) {
        return;
    }
    call->status = x->answer.status;
    text body = buf_text(&x->answer.body);
    text receipt = http_answer_field(&x->answer, T("Kith-Receipt"));
    call->answer = body.n ? arena_copy(a, body) : T("");
    call->receipt = receipt.n ? arena_copy(a, receipt) : T("");
    if (!call->answer.p || !call->receipt.p) {
        call->result = err_set(&call->err, ERR_MEMORY, "no memory for the answer of a member");
    }
    http_answer_done(&x->answer);
}

static int prepare(const struct peer_call *call, struct peer_exchange *x, struct arena *a)
{
    *x = (struct peer_exchange){
        .method = call->method,
        .url = arena_printf(a, "%.*s%.*s", TEXT_ARG(call->to->url), TEXT_ARG(call->path)),
        .content_type = call->content_type,
        .body = call->body,
        .pins = call->to->tls,
        .pin_count = call->to->tls_count,
        .most_bytes = call->most_bytes};
    return x->url.p ? 0 : ERR_MEMORY;
}

static void call_members(void *context, struct peer_call *calls, size_t count, int64_t deadline_ms,
                         struct arena *a)
{
    struct locality_world *w = context;
    int64_t deadline_ns = clock_mono_ns() + (deadline_ms - clock_real_ms()) * NS_PER_MS;
    struct peer_exchange *x = arena_zalloc(a, count, sizeof *x);
    int rc = x ? 0 : ERR_MEMORY;
    for (size_t i = 0; !rc && i < count; i++) {
        rc = prepare(&calls[i], &x[i], a);
    }
    if (!rc) {
        peers_call(w->peers, x, count, deadline_ns);
    }
    for (size_t i = 0; i < count; i++) {
        metric_add(METRIC_locality_calls_total, 1);
        if (rc) {
            calls[i].result = err_set(&calls[i].err, rc, "no memory to ask a member");
        } else {
            take_answer(&calls[i], &x[i], a);
        }
        metric_add(METRIC_locality_failed_total, calls[i].result != 0);
    }
}

static int own_tls(void *context, uint8_t ret_spki[32], struct err *e)
{
    struct locality_world *w = context;
    pthread_mutex_lock(&w->lock);
    bool has = w->has_key;
    memcpy(ret_spki, w->spki, 32);
    pthread_mutex_unlock(&w->lock);
    return has ? 0
               : err_set(e, ERR_NOT_FOUND,
                         "this node has no key for connections with members yet; 'kith locality "
                         "create' or 'join' makes one");
}

/* --- the own log ------------------------------------------------------------------------------ */

static int no_log(struct err *e)
{
    return err_set(e, ERR_NOT_SUPPORTED, "this is only possible in a node that serves");
}

static int record(void *context, const struct audit_event *events, size_t count,
                  uint8_t (*ret_leaves)[32], struct err *e)
{
    struct locality_world *w = context;
    return w->node ? audit_append_leaves(w->node->audit, events, count, ret_leaves, e) : no_log(e);
}

/* The log of a node that another process serves, as it is on the disk. */
static int checkpoint_beside(const struct locality_world *w, struct arena *a, text *ret_note,
                             struct err *e)
{
    struct audit *log = NULL;
    int rc = audit_open(&(struct audit_config){.dir = w->log}, &log, e);
    rc = rc ? rc : audit_checkpoint(log, false, a, ret_note, e);
    audit_close(log);
    return rc;
}

static int checkpoint(void *context, struct arena *a, text *ret_note, struct err *e)
{
    struct locality_world *w = context;
    return w->node ? audit_checkpoint(w->node->audit, false, a, ret_note, e)
                   : checkpoint_beside(w, a, ret_note, e);
}

static int consistency(void *context, uint64_t from, uint64_t to, struct arena *a,
                       uint8_t (**ret_hashes)[32], size_t *ret_count, struct err *e)
{
    struct locality_world *w = context;
    struct tlog_hash *hashes = NULL;
    size_t count = 0;
    int rc =
        w->node ? audit_consistency(w->node->audit, from, to, a, &hashes, &count, e) : no_log(e);
    uint8_t(*copy)[32] = rc ? NULL : arena_zalloc(a, count, sizeof *copy);
    for (size_t i = 0; copy && i < count; i++) {
        memcpy(copy[i], hashes[i].b, sizeof copy[i]);
    }
    if (copy) {
        *ret_hashes = copy;
        *ret_count = count;
    }
    return rc || copy ? rc : err_set(e, ERR_MEMORY, "no memory for a proof");
}

static int cosigned(void *context, text note, text witnesses, struct err *e)
{
    struct locality_world *w = context;
    return w->node ? audit_put_cosigned(w->node->audit, note, witnesses, e) : no_log(e);
}

/* --- opening ---------------------------------------------------------------------------------- */

const struct loc_world *locality_world_face(struct locality_world *w)
{
    return &w->face;
}

static void fill_face(struct locality_world *w)
{
    w->face = (struct loc_world){.context = w,
                                 .hides_withheld = w->rest && !w->rest->tells_withheld,
                                 .now_ms = now_ms,
                                 .random = random_of,
                                 .sleep = sleep_ms,
                                 .wake = wake,
                                 .get = get,
                                 .write = write_rows,
                                 .each = each,
                                 .call = call_members,
                                 .fetch = locality_fetch,
                                 .seal = locality_seal,
                                 .unseal = locality_unseal,
                                 .own_tls = own_tls,
                                 .own = locality_own,
                                 .decide = locality_decide,
                                 .pack = locality_pack,
                                 .unpack = locality_unpack,
                                 .record = record,
                                 .checkpoint = checkpoint,
                                 .consistency = consistency,
                                 .cosigned = cosigned,
                                 .alarm = locality_alarm};
}

static int open_parts(struct locality_world *w, const char *dir, struct err *e)
{
    bool changed;
    char rows[PATH_ROOM];
    if (snprintf(w->dir, sizeof w->dir, "%s", dir) >= PATH_ROOM ||
        snprintf(rows, sizeof rows, "%s/locality.db", dir) >= (int)sizeof rows ||
        snprintf(w->log, sizeof w->log, "%s/audit", dir) >= PATH_ROOM ||
        snprintf(w->folder, sizeof w->folder, "%s/locality", dir) >= PATH_ROOM - 32 ||
        snprintf(w->pem, sizeof w->pem, "%s/tls.pem", w->folder) >= PATH_ROOM ||
        snprintf(w->next_pem, sizeof w->next_pem, "%s/tls-next.pem", w->folder) >= PATH_ROOM) {
        return err_set(e, ERR_VALUE, "the name of the folder is too long");
    }
    int rc = kept_open_shared(rows, &w->kept, e);
    rc = rc ? rc : peers_new(T(""), &w->peers, e);
    return rc ? rc : locality_world_look_at_key(w, &changed, e);
}

int locality_world_open(const struct locality_world_config *config, struct locality_world **ret,
                        struct err *e)
{
    struct locality_world *w = calloc(1, sizeof *w);
    pthread_condattr_t monotonic;
    if (!w) {
        return err_set(e, ERR_MEMORY, "no memory");
    }
    w->node = config->node;
    w->rest = config->rest;
    arena_init(&w->names, NAMES_BYTES);
    (void)pthread_mutex_init(&w->lock, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&w->wake, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    fill_face(w);
    int rc = open_parts(w, config->dir, e);
    if (rc) {
        locality_world_close(w);
        return rc;
    }
    *ret = w;
    return 0;
}

void locality_world_close(struct locality_world *w)
{
    if (w) {
        peers_free(w->peers);
        kept_close(w->kept);
        arena_done(&w->names);
        (void)pthread_cond_destroy(&w->wake);
        (void)pthread_mutex_destroy(&w->lock);
        free(w);
    }
}
