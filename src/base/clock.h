/* The one door to the clocks. Wall time and elapsed time are different types of number: never mix
 * them. */
#ifndef KITH_BASE_CLOCK_H
#define KITH_BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds since 1970-01-01T00:00:00Z. May step backwards. */
int64_t clock_real_ms(void);

/* Nanoseconds since some fixed moment; never goes backwards. For time limits and measurements. */
int64_t clock_mono_ns(void);

/* CPU time of this thread in nanoseconds. */
int64_t clock_thread_cpu_ns(void);

#define CLOCK_INSTANT_SIZE 25

/* 2026-11-22T05:29:08.123Z into out, NUL-terminated: 24 characters for the years 0001 to 9999. */
void clock_instant(int64_t ms, char out[CLOCK_INSTANT_SIZE]);

/* Days since 1970-01-01 of a date of the proleptic Gregorian calendar, and back. month 1..12,
 * day 1..31. */
int64_t clock_days(int64_t year, int month, int day);
void clock_civil(int64_t days, int *ret_year, int *ret_month, int *ret_day);

#endif
