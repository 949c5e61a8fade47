/* now(), today(), timeOfDay() (N1 "Current date and time functions") and type(). */
#include "base/clock.h"
#include "fhir/path_fn_collection.h"

enum { MS_OF_DAY = 24 * 60 * 60 * 1000 };

/* One moment for the whole evaluation, in UTC. */
static struct path_time moment(const struct path_run *run)
{
    int64_t ms = run->now_ms % MS_OF_DAY;
    ms += ms < 0 ? MS_OF_DAY : 0;
    int year;
    int month;
    int day;
    clock_civil((run->now_ms - ms) / MS_OF_DAY, &year, &month, &day);
    return (struct path_time){
        .year = (int16_t)year,
        .month = (uint8_t)month,
        .day = (uint8_t)day,
        .hour = (uint8_t)(ms / 3600000),
        .minute = (uint8_t)(ms / 60000 % 60),
        .second = (uint8_t)(ms / 1000 % 60),
        .millisecond = (uint16_t)(ms % 1000),
        .precision = PATH_MILLISECOND,
        .has_zone = true,
    };
}

int path_run_now(struct path_call *call, struct path_items *ret)
{
    struct path_item item = {.kind = PATH_DATE_TIME, .u.time = moment(call->run)};
    return path_only(call->run, ret, &item);
}

int path_run_today(struct path_call *call, struct path_items *ret)
{
    struct path_time now = moment(call->run);
    struct path_item item = {.kind = PATH_DATE};
    item.u.time = (struct path_time){
        .year = now.year, .month = now.month, .day = now.day, .precision = PATH_DAY};
    return path_only(call->run, ret, &item);
}

int path_run_time_of_day(struct path_call *call, struct path_items *ret)
{
    struct path_item item = {.kind = PATH_TIME, .u.time = moment(call->run)};
    item.u.time.year = 1;
    item.u.time.month = 1;
    item.u.time.day = 1;
    item.u.time.has_zone = false;
    return path_only(call->run, ret, &item);
}

int path_run_type(struct path_call *call, struct path_items *ret)
{
    size_t capacity = 0;
    int code = 0;
    for (size_t i = 0; !code && i < call->focus->count; i++) {
        struct path_item item = {.kind = PATH_TYPE};
        path_type_of(&call->focus->items[i], &item.u.type.space, &item.u.type.name);
        code = path_push(call->run, ret, &capacity, &item);
    }
    return code;
}
