#include "base/pace.h"

#include "base/clock.h"

#include <sched.h>

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
