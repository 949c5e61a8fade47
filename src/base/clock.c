#include "base/clock.h"

#include <string.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec ts;
    (void)clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int64_t clock_real_ms(void)
{
    return read_clock(CLOCK_REALTIME) / 1000000;
}

int64_t clock_mono_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t clock_thread_cpu_ns(void)
{
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Counts years from 1 March, so that the leap day is the last of a year; eras are of 400 years. */
int64_t clock_days(int64_t year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = floor_div(y, 400);
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

void clock_civil(int64_t days, int *ret_year, int *ret_month, int *ret_day)
{
    int64_t z = days + 719468;
    int64_t era = floor_div(z, 146097);
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    int month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *ret_day = (int)(doy - (153 * mp + 2) / 5 + 1);
    *ret_month = month;
    *ret_year = (int)(yoe + era * 400 + (month <= 2));
}

static char *digits(char *to, int64_t value, int width)
{
    for (int i = width - 1; i >= 0; i--) {
        to[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return to + width;
}

void clock_instant(int64_t ms, char out[CLOCK_INSTANT_SIZE])
{
    int64_t day = floor_div(ms, 86400000);
    int64_t in_day = ms - day * 86400000;
    int y;
    int m;
    int d;
    clock_civil(day, &y, &m, &d);
    char *p = digits(out, y, 4);
    *p++ = '-';
    p = digits(p, m, 2);
    *p++ = '-';
    p = digits(p, d, 2);
    *p++ = 'T';
    p = digits(p, in_day / 3600000, 2);
    *p++ = ':';
    p = digits(p, in_day / 60000 % 60, 2);
    *p++ = ':';
    p = digits(p, in_day / 1000 % 60, 2);
    *p++ = '.';
    p = digits(p, in_day % 1000, 3);
    *p++ = 'Z';
    *p = '\0';
}
