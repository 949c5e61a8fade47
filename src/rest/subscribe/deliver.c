#include "base/clock.h"
#include "base/metrics.h"
#include "net/client.h"
#include "rest/subscribe/engine.h"

#include <stdio.h>

/*
 * One thing for one subscriber: handshake, events, heartbeat, or that it is over. Numbers are
 * durable before they are sent; what an event shows is decided when it is sent, each time anew.
 */

enum {
    DELIVERY_BYTES = 64 << 20,
    ANSWER_MOST = 64 * 1024,
    WAIT_FIRST_MS = 1000,
    WAIT_MOST_MS = 600 * 1000,
    TASK_BYTES = 16384,
};

struct delivery {
    struct subscriptions *s;
    struct entry *x;
    struct spec *spec;
    const struct subscription *sub;
    struct http_client *http;
    struct subscriber who;
    uint64_t life;            /* entry.life, when it was begun */
    struct progress progress; /* as this sender has it; `waiting` alone changes beside it */
    struct arena *a;
};

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "no memory for a notification");
}

/* --- when ---------------------------------------------------------------------------------------
 */

static bool is_listened(const struct subscriptions *s, const struct subscription *sub)
{
    return sub->channel != CHANNEL_WEBSOCKET || sockets_has(s->sockets, sub->id);
}

static bool has_work(const struct subscriptions *s, const struct entry *x, int64_t now_ms,
                     int64_t *ret_at_ms)
{
    const struct subscription *sub = &x->spec->s;
    const struct progress *p = &x->progress;
    if (p->waiting > WAITING_MOST || sub->end_ms <= now_ms) {
        return true;
    }
    if (sub->end_ms < *ret_at_ms) {
        *ret_at_ms = sub->end_ms;
    }
    if (text_eq(sub->status, T("requested"))) {
        return true;
    }
    if (!is_listened(s, sub)) {
        return false;
    }
    if (p->sent < p->number || p->waiting) {
        return true;
    }
    int64_t beat = p->last_ms + (int64_t)sub->heartbeat_s * 1000;
    if (sub->heartbeat_s && beat > now_ms && beat < *ret_at_ms) {
        *ret_at_ms = beat;
    }
    return sub->heartbeat_s && beat <= now_ms;
}

bool deliver_due(const struct subscriptions *s, const struct entry *x, int64_t now_ms,
                 int64_t *ret_at_ms)
{
    if (x->busy || x->gone || !x->spec || x->acted == x->spec->s.vid ||
        text_eq(x->spec->s.status, T("off"))) {
        return false;
    }
    if (x->progress.next_ms > now_ms) {
        *ret_at_ms = x->progress.next_ms < *ret_at_ms ? x->progress.next_ms : *ret_at_ms;
        return false;
    }
    return x->spec->bad || has_work(s, x, now_ms, ret_at_ms);
}

/* --- what is kept -------------------------------------------------------------------------------
 */

/* The progress with other rows; `taken`: so many of those that waited do not any more. */
static int save(struct delivery *d, struct kept_change *rows, size_t count, uint64_t taken,
                struct err *e)
{
    struct subscriptions *s = d->s;
    bool fine = true;
    for (size_t i = 0; i < count; i++) {
        fine = fine && rows[i].key.p && rows[i].value.p;
    }
    (void)pthread_mutex_lock(&s->lock);
    struct progress p = d->progress;
    p.from = d->x->progress.from;
    p.waiting = d->x->progress.waiting - taken;
    rows[count] = rows_progress_change(text_of(d->x->id), &p, d->a);
    fine = fine && rows[count].value.p;
    int rc = d->x->life != d->life ? err_set(e, ERR_CONFLICT, "it is another subscription now")
             : fine                ? kept_write(s->kept, rows, count + 1, NULL, e)
                                   : no_memory(e);
    if (!rc) {
        d->x->progress = p;
    }
    (void)pthread_mutex_unlock(&s->lock);
    return rc;
}

static int save_progress(struct delivery *d, struct err *e)
{
    struct kept_change row[1];
    return save(d, row, 0, 0, e);
}

/* --- its status ---------------------------------------------------------------------------------
 */

/* Of the version that was looked at; where a client has changed it meanwhile, that one counts. */
static int set_status(struct delivery *d, const char *status, text error, struct err *e)
{
    struct buf body;
    buf_init(&body, ANSWER_MOST);
    buf_printf(&body, "[{\"op\":\"replace\",\"path\":\"/status\",\"value\":\"%s\"}", status);
    if (error.n) {
        buf_add(&body, T(",{\"op\":\"add\",\"path\":\"/error\",\"value\":"));
        json_write_string(error, &body);
        buf_addc(&body, '}');
    } else if (d->sub->has_error) {
        buf_add(&body, T(",{\"op\":\"remove\",\"path\":\"/error\"}"));
    }
    buf_addc(&body, ']');
    struct inside x = {.method = T("PATCH"),
                       .path = arena_printf(d->a, "Subscription/%.*s", TEXT_ARG(d->sub->id)),
                       .content_type = T("application/json-patch+json"),
                       .body = buf_text(&body),
                       .if_match =
                           arena_printf(d->a, "W/\"%llu\"", (unsigned long long)d->sub->vid)};
    int rc = buf_failed(&body) || !x.path.p || !x.if_match.p
                 ? no_memory(e)
                 : inside_ask(&d->s->rest, NULL, &x, d->a, e);
    buf_done(&body);
    if (!rc && x.status >= 500) {
        rc = err_set(e, ERR_IO, "the status of a Subscription could not be written (%d)", x.status);
    }
    if (!rc) {
        (void)pthread_mutex_lock(&d->s->lock);
        d->x->acted = d->sub->vid;
        (void)pthread_mutex_unlock(&d->s->lock);
    }
    return rc;
}

/* Somebody has to look: the node's administrators. */
static int tell(struct delivery *d, text why, struct err *e)
{
    struct buf out;
    char now[CLOCK_INSTANT_SIZE];
    text words = arena_printf(d->a,
                              "Subscription/%.*s of %.*s is off: %.*s. It can be asked for again "
                              "by writing it with status requested.",
                              TEXT_ARG(d->sub->id), TEXT_ARG(d->who.owner.caller.client_name),
                              TEXT_ARG(why));
    clock_instant(clock_real_ms(), now);
    buf_init(&out, TASK_BYTES);
    buf_printf(&out,
               "{\"resourceType\":\"Task\",\"id\":\"subscription-%.*s\",\"status\":\"requested\","
               "\"intent\":\"order\",\"code\":{\"coding\":[{\"system\":"
               "\"https://kith.care/fhir/task-kind\",\"code\":\"subscription-off\"}],\"text\":"
               "\"A program is not told of changes any more\"},\"focus\":{\"reference\":"
               "\"Subscription/%.*s\"},\"authoredOn\":\"%s\",\"description\":",
               TEXT_ARG(text_first(d->sub->id, 50)), TEXT_ARG(d->sub->id), now);
    json_write_string(words, &out);
    buf_add(&out, T(",\"performerType\":[{\"text\":\"Administrator of the node\"}]}"));
    struct inside x = {
        .method = T("PUT"),
        .path = arena_printf(d->a, "Task/subscription-%.*s", TEXT_ARG(text_first(d->sub->id, 50))),
        .content_type = T("application/fhir+json"),
        .body = buf_text(&out)};
    int rc = buf_failed(&out) || !words.p || !x.path.p ? no_memory(e)
                                                       : inside_ask(&d->s->rest, NULL, &x, d->a, e);
    if (!rc && x.status / 100 != 2) {
        rc = err_set(e, ERR_IO, "the notice about a subscription could not be stored (%d)",
                     x.status);
    }
    buf_done(&out);
    return rc;
}

/* What waits is not told any more: whoever asks for it again has to read what they missed. */
static int drop_waits(struct delivery *d, struct err *e)
{
    struct event *items;
    size_t count = 1;
    int rc = 0;
    while (!rc && count) {
        rc = rows_waits(d->s->kept, d->sub->id, EVENTS_KEPT, d->a, &items, &count, e);
        struct kept_change *rows = rc ? NULL : arena_zalloc(d->a, count + 1, sizeof *rows);
        rc = rc || rows ? rc : no_memory(e);
        for (size_t i = 0; !rc && i < count; i++) {
            rows[i] = rows_wait_done(d->sub->id, &items[i], d->a);
        }
        rc = rc || !count ? rc : save(d, rows, count, count, e);
    }
    return rc;
}

static int end(struct delivery *d, text why, struct err *e)
{
    metric_add(METRIC_subscriptions_off_total, 1);
    int rc = tell(d, why, e);
    rc = rc ? rc : drop_waits(d, e);
    return rc ? rc : set_status(d, "off", why, e);
}

/* --- sending ------------------------------------------------------------------------------------
 */

static int post(struct delivery *d, text body, struct err *e)
{
    struct http_answer answer = {0};
    struct http_call call = {.method = T("POST"),
                             .url = d->sub->endpoint,
                             .content_type = T("application/fhir+json"),
                             .body = body,
                             .fields = d->who.fields,
                             .most_bytes = ANSWER_MOST,
                             .seconds = (unsigned)d->sub->timeout_s,
                             .secure = true,
                             .public_only = !d->s->config.private_too,
                             .broken_off = &d->s->stopping};
    int rc = http_client_call(d->http, &call, &answer, e);
    if (!rc && answer.status / 100 != 2) {
        rc = err_set(e, ERR_IO, "the subscriber answered with status %d", answer.status);
    }
    http_answer_done(&answer);
    return rc;
}

static int send_one(struct delivery *d, const char *type, const struct event *events, size_t count,
                    struct err *e)
{
    struct buf out;
    struct notification n = {.type = type,
                             .base = d->s->rest.base,
                             .id = d->sub->id,
                             .topic = d->sub->topic_url,
                             .status = d->sub->status,
                             .content = d->sub->content,
                             .number = count ? events[count - 1].number : d->progress.number,
                             .events = events,
                             .count = count};
    buf_init(&out, DELIVERY_BYTES);
    notification_print(&n, &out);
    int rc = buf_failed(&out)                       ? no_memory(e)
             : d->sub->channel == CHANNEL_REST_HOOK ? post(d, buf_text(&out), e)
             : sockets_send(d->s->sockets, d->sub->id, buf_text(&out))
                 ? 0
                 : err_set(e, ERR_IO, "nobody listens");
    buf_done(&out);
    metric_add(rc ? METRIC_subscriptions_failed_total : METRIC_subscriptions_sent_total, 1);
    return rc;
}

static int taken(struct delivery *d, uint64_t number, struct err *e)
{
    bool was_error = text_eq(d->sub->status, T("error"));
    d->progress.sent = number;
    d->progress.failures = 0;
    d->progress.next_ms = 0;
    d->progress.last_ms = clock_real_ms();
    int rc = save_progress(d, e);
    return rc || !was_error ? rc : set_status(d, "active", (text){0}, e);
}

/* Later, and longer each time; in the end never. Nobody listening to a websocket is no failure. */
static int not_taken(struct delivery *d, const struct err *why, struct err *e)
{
    uint64_t most = d->s->rest.limits->subscription_failures;
    text words = arena_copy(d->a, text_short(text_of(err_text(why)), 300));
    if (d->sub->channel == CHANNEL_WEBSOCKET) {
        return 0;
    }
    if (atomic_load(&d->s->stopping)) { /* this node broke it off: it is sent again */
        return 0;
    }
    int64_t wait = WAIT_FIRST_MS;
    for (uint64_t i = 0; i < d->progress.failures && wait < WAIT_MOST_MS; i++) {
        wait *= 2;
    }
    d->progress.failures++;
    d->progress.next_ms = clock_real_ms() + (wait < WAIT_MOST_MS ? wait : WAIT_MOST_MS);
    int rc = save_progress(d, e);
    if (!rc && d->progress.failures >= most) {
        return end(d, words, e);
    }
    bool said = text_eq(d->sub->status, T("error"));
    return rc || said || d->progress.failures < FAILURES_SAID ? rc
                                                              : set_status(d, "error", words, e);
}

/* --- events -------------------------------------------------------------------------------------
 */

static int look_at(const struct rest *rest, const struct caller *as, enum content content,
                   struct event *x, struct arena *a, struct err *e)
{
    struct inside read = {.method = T("GET"), .path = x->what};
    int rc = inside_ask(rest, as, &read, a, e);
    if (!rc && read.status >= 500) {
        rc = err_set(e, ERR_IO, "%.*s could not be read for a notification (%d)", TEXT_ARG(x->what),
                     read.status);
    }
    x->hidden = read.status != 200 && read.status != 410;
    x->resource = read.status == 200 && content == CONTENT_FULL ? read.answer : (text){0};
    return rc;
}

int deliver_look(const struct rest *rest, const struct caller *as, enum content content,
                 struct event *events, size_t count, struct arena *a, struct err *e)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < count; i++) {
        rc = look_at(rest, as, content, &events[i], a, e);
    }
    return rc;
}

/* Those that may be seen get their numbers, and the others are as if they had not been. */
static int number_events(struct delivery *d, struct event *events, size_t *count, struct err *e)
{
    size_t visible = 0, n = 0;
    struct kept_change *rows = arena_zalloc(d->a, 3 * *count + 1, sizeof *rows);
    if (!rows) {
        return no_memory(e);
    }
    for (size_t i = 0; i < *count; i++) {
        struct event x = events[i];
        rows[n++] = rows_wait_done(d->sub->id, &x, d->a);
        if (x.hidden || x.t <= d->progress.from) {
            continue;
        }
        x.number = ++d->progress.number;
        rows[n++] = rows_event_change(d->sub->id, &x, d->a);
        if (x.number > EVENTS_KEPT) {
            rows[n++] = rows_event_done(d->sub->id, x.number - EVENTS_KEPT, d->a);
        }
        events[visible++] = x;
    }
    int rc = save(d, rows, n, *count, e);
    *count = visible;
    return rc;
}

static int find_events(struct delivery *d, struct event **ret, size_t *ret_count, struct err *e)
{
    const struct caller *as = &d->who.owner.caller;
    struct kept *k = d->s->kept;
    bool again = d->progress.sent < d->progress.number;
    int rc = again ? rows_events(k, d->sub->id, d->progress.sent + 1, d->progress.number,
                                 d->sub->max_count, d->a, ret, ret_count, e)
                   : rows_waits(k, d->sub->id, d->sub->max_count, d->a, ret, ret_count, e);
    rc = rc ? rc : deliver_look(&d->s->rest, as, d->sub->content, *ret, *ret_count, d->a, e);
    return rc || again || !*ret_count ? rc : number_events(d, *ret, ret_count, e);
}

static int send_events(struct delivery *d, struct err *e)
{
    struct event *events = NULL;
    size_t count = 0;
    struct err why = {0};
    int rc = find_events(d, &events, &count, e);
    if (rc || !count) {
        return rc;
    }
    return send_one(d, "event-notification", events, count, &why)
               ? not_taken(d, &why, e)
               : taken(d, events[count - 1].number, e);
}

/* Handshake, heartbeat. */
static int send_sign(struct delivery *d, const char *type, const char *status, struct err *e)
{
    struct err why = {0};
    if (d->sub->channel == CHANNEL_WEBSOCKET && status) {
        return set_status(d, status, (text){0}, e); /* whoever binds has a handshake of their own */
    }
    if (send_one(d, type, NULL, 0, &why)) {
        return not_taken(d, &why, e);
    }
    int rc = taken(d, d->progress.sent, e);
    return rc || !status ? rc : set_status(d, status, (text){0}, e);
}

static int run(struct delivery *d, struct err *e)
{
    const struct subscription *sub = d->sub;
    struct err why = {0};
    if (d->spec->bad) {
        return end(d, text_of(err_text(&d->spec->why)), e);
    }
    int rc = subscriber_read(&d->s->rest, sub, d->a, &d->who, &why);
    if (rc) {
        *e = why;
        return rc == ERR_FORBIDDEN || rc == ERR_INVALID || rc == ERR_CORRUPT
                   ? end(d, text_of(err_text(&why)), e)
                   : rc;
    }
    if (sub->end_ms <= clock_real_ms()) {
        return set_status(d, "off", T("its end has come"), e);
    }
    if (d->progress.waiting > WAITING_MOST) {
        return end(d, T("more has happened than can be kept for it"), e);
    }
    if (text_eq(sub->status, T("requested"))) {
        return send_sign(d, "handshake", "active", e);
    }
    return d->progress.sent < d->progress.number || d->progress.waiting
               ? send_events(d, e)
               : send_sign(d, "heartbeat", NULL, e);
}

void deliver(struct subscriptions *s, struct entry *x, struct spec *spec, struct http_client *http)
{
    struct arena a;
    struct err e = {0};
    struct delivery d = {.s = s, .x = x, .spec = spec, .sub = &spec->s, .http = http, .a = &a};
    arena_init(&a, (size_t)s->rest.limits->request_memory);
    (void)pthread_mutex_lock(&s->lock);
    d.progress = x->progress;
    d.life = x->life;
    (void)pthread_mutex_unlock(&s->lock);
    int rc = run(&d, &e);
    arena_done(&a);
    if (rc == ERR_CONFLICT) { /* what was sent is of one that has gone */
        return;
    }
    if (rc) { /* of this node: nothing was told */
        (void)pthread_mutex_lock(&s->lock);
        x->progress.next_ms = clock_real_ms() + WAIT_FIRST_MS;
        (void)pthread_mutex_unlock(&s->lock);
        subscriptions_trouble(s, &e);
    }
}
