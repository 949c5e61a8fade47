#include "base/pace.h"

#include "base/clock.h"

#include <errno.h>
#include <sched.h>
#include <time.h>

enum { SHORT_NS = 300000, STEP_NS = 200000 };

static _Thread_local int64_t due;

void pace_begin(int64_t now)
{
    due = now + SHORT_NS;
}

void pace_give_way(void)
{
    if (clock_mono_ns() > due) {
        (void)sched_yield();
        due = clock_mono_ns() + STEP_NS;
    }
}

void pace_until(int64_t when)
{
    struct timespec at = {.tv_sec = when / 1000000000, .tv_nsec = when % 1000000000};
    if (clock_mono_ns() < when) {
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR) {
        }
    }
}
