#include "base/clock.h"
#include "base/random.h"
#include "rest/subscribe/engine.h"

/* The Bundle that a subscriber gets: the status first, then what has happened. */

static void put_string(struct buf *out, const char *name, const char *type, text value)
{
    buf_printf(out, ",{\"name\":\"%s\",\"%s\":", name, type);
    json_write_string(value, out);
    buf_addc(out, '}');
}

static void put_event(const struct notification *n, const struct event *x, struct buf *out)
{
    char when[CLOCK_INSTANT_SIZE];
    clock_instant((int64_t)(x->t >> 16), when);
    buf_printf(out,
               ",{\"name\":\"notification-event\",\"part\":[{\"name\":\"event-number\","
               "\"valueString\":\"%llu\"},{\"name\":\"timestamp\",\"valueInstant\":\"%s\"}",
               (unsigned long long)x->number, when);
    if (n->content != CONTENT_EMPTY && !x->hidden) {
        buf_add(out, T(",{\"name\":\"focus\",\"valueReference\":{\"reference\":"));
        text focus = x->what;
        buf_printf(out, "\"%.*s/%.*s\"}}", TEXT_ARG(n->base), TEXT_ARG(focus));
    }
    buf_add(out, T("]}"));
}

void notification_print_status(const struct notification *n, struct buf *out)
{
    buf_add(out, T("{\"resourceType\":\"Parameters\",\"meta\":{\"profile\":[\"" BACKPORT
                   "backport-subscription-status-r4\"]},\"parameter\":[{\"name\":\"subscription\","
                   "\"valueReference\":{\"reference\":"));
    buf_printf(out, "\"%.*s/Subscription/%.*s\"}}", TEXT_ARG(n->base), TEXT_ARG(n->id));
    put_string(out, "topic", "valueCanonical", n->topic);
    put_string(out, "status", "valueCode", n->status);
    put_string(out, "type", "valueCode", text_of(n->type));
    buf_printf(out, ",{\"name\":\"events-since-subscription-start\",\"valueString\":\"%llu\"}",
               (unsigned long long)n->number);
    for (size_t i = 0; i < n->count; i++) {
        put_event(n, &n->events[i], out);
    }
    if (n->error.n) {
        buf_add(out, T(",{\"name\":\"error\",\"valueCodeableConcept\":{\"text\":"));
        json_write_string(n->error, out);
        buf_add(out, T("}}"));
    }
    buf_add(out, T("]}"));
}

/* As entries of a history say it. */
static void put_entry(const struct notification *n, const struct event *x, struct buf *out)
{
    static const struct {
        const char *method;
        const char *status;
    } said[] = {[CHANGE_CREATE] = {"POST", "201"},
                [CHANGE_UPDATE] = {"PUT", "200"},
                [CHANGE_DELETE] = {"DELETE", "204"}};
    text type = text_first(x->what, text_find(x->what, '/'));
    text url = x->change == CHANGE_CREATE ? type : x->what;
    buf_printf(out, ",{\"fullUrl\":\"%.*s/%.*s\"", TEXT_ARG(n->base), TEXT_ARG(x->what));
    if (n->content == CONTENT_FULL && x->resource.n) {
        buf_add(out, T(",\"resource\":"));
        buf_add(out, x->resource);
    }
    buf_printf(out,
               ",\"request\":{\"method\":\"%s\",\"url\":\"%.*s\"},\"response\":{\"status\":"
               "\"%s\"}}",
               said[x->change].method, TEXT_ARG(url), said[x->change].status);
}

void notification_print(const struct notification *n, struct buf *out)
{
    char bundle[UUID_SIZE], status[UUID_SIZE], now[CLOCK_INSTANT_SIZE];
    random_uuid(bundle);
    random_uuid(status);
    clock_instant(clock_real_ms(), now);
    buf_printf(out,
               "{\"resourceType\":\"Bundle\",\"id\":\"%s\",\"meta\":{\"profile\":[\"" BACKPORT
               "backport-subscription-notification-r4\"]},\"type\":\"history\",\"timestamp\":"
               "\"%s\",\"entry\":[{\"fullUrl\":\"urn:uuid:%s\",\"resource\":",
               bundle, now, status);
    notification_print_status(n, out);
    buf_printf(out,
               ",\"request\":{\"method\":\"GET\",\"url\":\"%.*s/Subscription/%.*s/$status\"},"
               "\"response\":{\"status\":\"200\"}}",
               TEXT_ARG(n->base), TEXT_ARG(n->id));
    for (size_t i = 0; i < n->count && n->content != CONTENT_EMPTY; i++) {
        if (!n->events[i].hidden) {
            put_entry(n, &n->events[i], out);
        }
    }
    buf_add(out, T("]}"));
}
