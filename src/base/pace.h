/*
 * Long work gives way to short work.
 *
 * The scheduler lets a thread run for whole milliseconds before others that wait for its processor
 * get their turn. A request that takes longer than that is asked at many places to let them go
 * first, so that it never costs others more than a fraction of a millisecond.
 *
 * And an answer whose time nobody may learn from waits for its moment.
 */
#ifndef KITH_BASE_PACE_H
#define KITH_BASE_PACE_H

#include <stdint.h>

/* This thread begins a request. now: clock_mono_ns(). */
void pace_begin(int64_t now);

/*
 * For loops of long work. After the first 0.3 ms of a request, and then every 0.2 ms, others
 * that wait for this processor go first. Costs a look at the clock (25 ns); when nobody waits the
 * rest is little more.
 */
void pace_give_way(void);

/* Sleeps until clock_mono_ns() is `when`; when it is that already, returns at once. */
void pace_until(int64_t when);

#endif
