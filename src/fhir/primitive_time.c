#include "fhir/primitive.h"

struct scan {
    const char *p;
    const char *end;
};

static bool at_end(const struct scan *s)
{
    return s->p == s->end;
}

static bool take(struct scan *s, char c)
{
    if (s->p < s->end && *s->p == c) {
        s->p++;
        return true;
    }
    return false;
}

/* Exactly n digits, whose value is from low to high. */
static bool number(struct scan *s, int n, unsigned low, unsigned high, unsigned *ret)
{
    unsigned value = 0;
    if (s->end - s->p < n) {
        return false;
    }
    for (int i = 0; i < n; i++) {
        unsigned digit = (unsigned)(unsigned char)*s->p++ - '0';
        if (digit > 9) {
            return false;
        }
        value = value * 10 + digit;
    }
    *ret = value;
    return value >= low && value <= high;
}

static unsigned days_of(unsigned year, unsigned month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap ? 1U : 0U);
}

/* How much of a date there is: 0 when it is wrong, else 1 (year) to 3 (day). */
static int date_parts(struct scan *s)
{
    unsigned year;
    unsigned month;
    unsigned day;
    if (!number(s, 4, 1, 9999, &year)) {
        return 0;
    }
    if (!take(s, '-')) {
        return 1;
    }
    if (!number(s, 2, 1, 12, &month)) {
        return 0;
    }
    if (!take(s, '-')) {
        return 2;
    }
    return number(s, 2, 1, days_of(year, month), &day) ? 3 : 0;
}

static bool clock_time(struct scan *s)
{
    unsigned unused;
    if (!number(s, 2, 0, 23, &unused) || !take(s, ':') || !number(s, 2, 0, 59, &unused) ||
        !take(s, ':') || !number(s, 2, 0, 60, &unused)) {
        return false;
    }
    if (!take(s, '.')) {
        return true;
    }
    const char *from = s->p;
    while (s->p < s->end && *s->p >= '0' && *s->p <= '9') {
        s->p++;
    }
    return s->p > from;
}

static bool zone(struct scan *s)
{
    unsigned hours;
    unsigned minutes;
    if (take(s, 'Z')) {
        return true;
    }
    if (!take(s, '+') && !take(s, '-')) {
        return false;
    }
    return number(s, 2, 0, 14, &hours) && take(s, ':') &&
           number(s, 2, 0, hours == 14 ? 0 : 59, &minutes);
}

static struct scan scan_of(text t)
{
    return (struct scan){t.p, t.p + t.n};
}

bool primitive_date(text t)
{
    struct scan s = scan_of(t);
    return t.n && date_parts(&s) && at_end(&s);
}

bool primitive_date_time(text t)
{
    struct scan s = scan_of(t);
    int parts = t.n ? date_parts(&s) : 0;
    if (parts == 0 || at_end(&s)) {
        return parts != 0;
    }
    return parts == 3 && take(&s, 'T') && clock_time(&s) && zone(&s) && at_end(&s);
}

bool primitive_instant(text t)
{
    struct scan s = scan_of(t);
    return t.n && date_parts(&s) == 3 && take(&s, 'T') && clock_time(&s) && zone(&s) && at_end(&s);
}

bool primitive_time(text t)
{
    struct scan s = scan_of(t);
    return t.n && clock_time(&s) && at_end(&s);
}
