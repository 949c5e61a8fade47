#include "fhir/path_value.h"

#include "base/clock.h"

#include <stdio.h>

enum { DAY_MS = 24 * 60 * 60 * 1000 };

/* --- reading ------------------------------------------------------------------------------- */

struct scan {
    const char *p;
    const char *end;
};

static bool take(struct scan *s, char c)
{
    if (s->p < s->end && *s->p == c) {
        s->p++;
        return true;
    }
    return false;
}

/* Exactly n digits, whose value is from low to high. */
static bool number(struct scan *s, int n, int low, int high, int *ret)
{
    int value = 0;
    if (s->end - s->p < n) {
        return false;
    }
    for (int i = 0; i < n; i++) {
        int digit = *s->p++ - '0';
        if (digit < 0 || digit > 9) {
            return false;
        }
        value = value * 10 + digit;
    }
    *ret = value;
    return value >= low && value <= high;
}

static int days_of(int year, int month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

static bool read_date(struct scan *s, struct path_time *t)
{
    int part;
    if (!number(s, 4, 1, 9999, &part)) {
        return false;
    }
    t->year = (int16_t)part;
    t->precision = PATH_YEAR;
    if (!take(s, '-')) {
        return true;
    }
    if (!number(s, 2, 1, 12, &part)) {
        return false;
    }
    t->month = (uint8_t)part;
    t->precision = PATH_MONTH;
    if (!take(s, '-')) {
        return true;
    }
    if (!number(s, 2, 1, days_of(t->year, t->month), &part)) {
        return false;
    }
    t->day = (uint8_t)part;
    t->precision = PATH_DAY;
    return true;
}

/* The digits behind the point of a second; those beyond the milliseconds are let go. */
static bool read_fraction(struct scan *s, struct path_time *t)
{
    int digits = 0;
    int value = 0;
    for (; s->p < s->end && *s->p >= '0' && *s->p <= '9'; s->p++, digits++) {
        value = digits < 3 ? value * 10 + (*s->p - '0') : value;
    }
    for (int i = digits; i < 3; i++) {
        value *= 10;
    }
    t->millisecond = (uint16_t)value;
    t->precision = PATH_MILLISECOND;
    return digits > 0;
}

static bool read_clock(struct scan *s, struct path_time *t)
{
    int part;
    if (!number(s, 2, 0, 23, &part)) {
        return false;
    }
    t->hour = (uint8_t)part;
    t->precision = PATH_HOUR;
    if (!take(s, ':')) {
        return true;
    }
    if (!number(s, 2, 0, 59, &part)) {
        return false;
    }
    t->minute = (uint8_t)part;
    t->precision = PATH_MINUTE;
    if (!take(s, ':')) {
        return true;
    }
    if (!number(s, 2, 0, 60, &part)) {
        return false;
    }
    t->second = (uint8_t)part;
    t->precision = PATH_SECOND;
    return !take(s, '.') || read_fraction(s, t);
}

static bool read_zone(struct scan *s, struct path_time *t)
{
    int hours;
    int minutes;
    if (take(s, 'Z')) {
        t->has_zone = true;
        return true;
    }
    bool west = s->p < s->end && *s->p == '-';
    if (!west && (s->p == s->end || *s->p != '+')) {
        return true;
    }
    s->p++;
    if (!number(s, 2, 0, 14, &hours) || !take(s, ':') ||
        !number(s, 2, 0, hours == 14 ? 0 : 59, &minutes)) {
        return false;
    }
    t->has_zone = true;
    t->zone = (int16_t)((hours * 60 + minutes) * (west ? -1 : 1));
    return true;
}

bool path_time_read(enum path_kind kind, text t, struct path_time *ret)
{
    struct path_time time = {.year = 1, .month = 1, .day = 1};
    bool ok = false;
    if (t.n == 0) {
        return false;
    }
    struct scan s = {t.p, t.p + t.n};
    if (kind == PATH_TIME) {
        ok = read_clock(&s, &time);
    } else {
        ok = read_date(&s, &time);
        if (ok && kind == PATH_DATE_TIME && take(&s, 'T') && s.p < s.end) {
            ok = time.precision == PATH_DAY && read_clock(&s, &time) && read_zone(&s, &time);
        }
    }
    if (!ok || s.p != s.end) {
        return false;
    }
    *ret = time;
    return true;
}

/* --- printing ------------------------------------------------------------------------------ */

struct printer {
    char out[48];
    size_t n;
};

static void put(struct printer *p, char before, int width, int value)
{
    char digits[8];
    for (int i = width; i-- > 0; value /= 10) {
        digits[i] = (char)('0' + value % 10);
    }
    if (before) {
        p->out[p->n++] = before;
    }
    memcpy(p->out + p->n, digits, (size_t)width);
    p->n += (size_t)width;
}

static void put_zone(struct printer *p, int zone)
{
    int size = zone < 0 ? -zone : zone;
    if (zone == 0) {
        p->out[p->n++] = 'Z';
        return;
    }
    put(p, zone < 0 ? '-' : '+', 2, size / 60);
    put(p, ':', 2, size % 60);
}

text path_time_print(enum path_kind kind, const struct path_time *t, struct arena *a)
{
    struct printer p = {.n = 0};
    bool day = kind != PATH_TIME;
    if (day) {
        put(&p, 0, 4, t->year);
        if (t->precision >= PATH_MONTH) {
            put(&p, '-', 2, t->month);
        }
        if (t->precision >= PATH_DAY) {
            put(&p, '-', 2, t->day);
        }
    }
    if (kind != PATH_DATE && t->precision >= PATH_HOUR) {
        put(&p, day ? 'T' : 0, 2, t->hour);
        if (t->precision >= PATH_MINUTE) {
            put(&p, ':', 2, t->minute);
        }
        if (t->precision >= PATH_SECOND) {
            put(&p, ':', 2, t->second);
        }
        if (t->precision >= PATH_MILLISECOND) {
            put(&p, '.', 3, t->millisecond);
        }
        if (day && t->has_zone) {
            put_zone(&p, t->zone);
        }
    }
    return arena_copy(a, text_make(p.out, p.n));
}

/* --- arithmetic ---------------------------------------------------------------------------- */

/* How many of a unit make one of the next coarser unit (N1: 30 days a month). */
static const int64_t in_coarser[] = {
    [PATH_MONTH] = 12,  [PATH_DAY] = 30,    [PATH_HOUR] = 24,
    [PATH_MINUTE] = 60, [PATH_SECOND] = 60, [PATH_MILLISECOND] = 1000,
};

static const int64_t in_ms[] = {
    [PATH_DAY] = DAY_MS,  [PATH_HOUR] = 3600 * 1000, [PATH_MINUTE] = 60 * 1000,
    [PATH_SECOND] = 1000, [PATH_MILLISECOND] = 1,
};

/* A value that is no more precise than to a year takes whole years only, and so on. */
static void coarsen(unsigned precision, int64_t *n, unsigned *unit)
{
    if (*unit == PATH_MILLISECOND && precision == PATH_SECOND) {
        return;
    }
    while (*unit > precision) {
        if (*unit == PATH_DAY && precision == PATH_YEAR) {
            *n /= 365;
            *unit = PATH_YEAR;
        } else {
            *n /= in_coarser[*unit];
            (*unit)--;
        }
    }
}

static bool add_months(const struct path_time *t, int64_t months, struct path_time *ret)
{
    int64_t all = (int64_t)t->year * 12 + t->month - 1;
    if (__builtin_add_overflow(all, months, &all) || all < 12 || all > 9999 * 12 + 11) {
        return false;
    }
    int year = (int)(all / 12);
    int month = (int)(all % 12) + 1;
    int last = days_of(year, month);
    *ret = *t;
    ret->year = (int16_t)year;
    ret->month = (uint8_t)month;
    ret->day = (uint8_t)(t->day > last ? last : t->day);
    return true;
}

static bool add_ms(enum path_kind kind, const struct path_time *t, int64_t ms,
                   struct path_time *ret)
{
    int64_t clock = ((t->hour * 60 + t->minute) * 60 + t->second) * INT64_C(1000) + t->millisecond;
    if (__builtin_add_overflow(clock, ms, &clock)) {
        return false;
    }
    int64_t days = clock / DAY_MS - (clock % DAY_MS < 0);
    clock -= days * DAY_MS;
    *ret = *t;
    if (kind != PATH_TIME && days) {
        int year;
        int month;
        int day;
        days += clock_days(t->year, t->month, t->day);
        if (days < clock_days(1, 1, 1) || days > clock_days(9999, 12, 31)) {
            return false;
        }
        clock_civil(days, &year, &month, &day);
        ret->year = (int16_t)year;
        ret->month = (uint8_t)month;
        ret->day = (uint8_t)day;
    }
    ret->hour = (uint8_t)(clock / (3600 * 1000));
    ret->minute = (uint8_t)(clock / (60 * 1000) % 60);
    ret->second = (uint8_t)(clock / 1000 % 60);
    ret->millisecond = (uint16_t)(clock % 1000);
    if (ret->millisecond && ret->precision == PATH_SECOND) {
        ret->precision = PATH_MILLISECOND; /* the two are one precision */
    }
    return true;
}

bool path_time_add(enum path_kind kind, const struct path_time *t, int64_t n,
                   enum path_precision unit, struct path_time *ret)
{
    unsigned at = unit;
    if (kind == PATH_TIME && unit < PATH_HOUR) {
        return false;
    }
    coarsen(t->precision, &n, &at);
    if (at <= PATH_MONTH) {
        return !(at == PATH_YEAR && __builtin_mul_overflow(n, INT64_C(12), &n)) &&
               add_months(t, n, ret);
    }
    if (kind == PATH_TIME) {
        n %= DAY_MS / in_ms[at]; /* a time of day goes round */
    }
    return !__builtin_mul_overflow(n, in_ms[at], &n) && add_ms(kind, t, n, ret);
}

/* The units that dates can be moved by, as calendar durations and as UCUM codes; definite years
 * and months are none (N1). */
static const struct {
    const char *name;
    const char *code;
    enum path_precision unit;
    int times;
} durations[] = {
    {"year", NULL, PATH_YEAR, 1},    {"month", NULL, PATH_MONTH, 1},
    {"week", "wk", PATH_DAY, 7},     {"day", "d", PATH_DAY, 1},
    {"hour", "h", PATH_HOUR, 1},     {"minute", "min", PATH_MINUTE, 1},
    {"second", "s", PATH_SECOND, 1}, {"millisecond", "ms", PATH_MILLISECOND, 1},
};

enum path_truth path_time_shift(enum path_kind kind, const struct path_time *t,
                                const struct path_quantity *q, bool subtract, struct path_time *ret)
{
    size_t i = 0;
    size_t count = sizeof durations / sizeof *durations;
    while (i < count && !text_eq(q->unit, text_of(durations[i].name)) &&
           !(durations[i].code && text_eq(q->unit, text_of(durations[i].code)))) {
        i++;
    }
    if (i == count || (kind == PATH_TIME && durations[i].unit < PATH_HOUR)) {
        return PATH_FALSE;
    }
    enum path_precision unit = durations[i].unit;
    struct path_decimal value = q->value;
    if (unit == PATH_SECOND) { /* the decimals of a second count, those of anything else do not */
        unit = PATH_MILLISECOND;
        if (!path_decimal_multiply(value, (struct path_decimal){1000, 0}, &value)) {
            return PATH_EMPTY;
        }
    }
    if (!path_decimal_whole(value, 0, &value) || value.digits > INT64_MAX / 8 ||
        value.digits < INT64_MIN / 8) {
        return PATH_EMPTY;
    }
    int64_t n = (int64_t)value.digits * durations[i].times;
    return path_time_add(kind, t, subtract ? -n : n, unit, ret) ? PATH_TRUE : PATH_EMPTY;
}
