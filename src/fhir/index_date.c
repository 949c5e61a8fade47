#include "fhir/index.h"

#include "base/clock.h"

/* Milliseconds. */
#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* Days from 0001-01-01 to 1970-01-01. */
#define EPOCH_DAYS INT64_C(719162)

static const int64_t class_most[INDEX_DATE_CLASSES - 1] = {25 * HOUR, 32 * DAY, 400 * DAY};

int64_t index_date_class_least(unsigned length_class)
{
    return length_class == 0 ? 0 : class_most[length_class - 1] + 1;
}

int64_t index_date_class_most(unsigned length_class)
{
    return length_class < INDEX_DATE_CLASSES - 1 ? class_most[length_class] : INT64_MAX;
}

static unsigned class_of(int64_t length)
{
    unsigned length_class = 0;
    while (length_class < INDEX_DATE_CLASSES - 1 && length > class_most[length_class]) {
        length_class++;
    }
    return length_class;
}

int64_t index_ms_from_1970(int64_t ms)
{
    return ms == INT64_MIN || ms > INT64_MAX - EPOCH_DAYS * DAY ? (ms < 0 ? INT64_MIN : INT64_MAX)
                                                                : ms + EPOCH_DAYS * DAY;
}

int64_t index_ms_to_1970(int64_t ms)
{
    return ms == INT64_MAX || ms < INT64_MIN + EPOCH_DAYS * DAY ? ms : ms - EPOCH_DAYS * DAY;
}

/* --- reading ------------------------------------------------------------------------------- */

struct cursor {
    text t;
    size_t at;
};

static bool number(struct cursor *c, size_t digits, int *ret)
{
    int value = 0;
    if (c->t.n - c->at < digits) {
        return false;
    }
    for (size_t i = 0; i < digits; i++, c->at++) {
        char d = c->t.p[c->at];
        if (d < '0' || d > '9') {
            return false;
        }
        value = value * 10 + (d - '0');
    }
    *ret = value;
    return true;
}

static bool ended(const struct cursor *c)
{
    return c->at == c->t.n;
}

static bool next_is(struct cursor *c, char ch)
{
    if (ended(c) || c->t.p[c->at] != ch) {
        return false;
    }
    c->at++;
    return true;
}

static int month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

static int64_t day_start(int year, int month, int day)
{
    return (clock_days(year, month, day) + EPOCH_DAYS) * DAY;
}

/* The fraction of a second, in ms; *length becomes what its last digit stands for, at least 1 ms.
 */
static bool fraction(struct cursor *c, int64_t *ret_ms, int64_t *length)
{
    int64_t unit = SECOND, ms = 0;
    size_t start = c->at;
    for (; !ended(c) && c->t.p[c->at] >= '0' && c->t.p[c->at] <= '9'; c->at++) {
        unit /= 10;
        ms += unit * (c->t.p[c->at] - '0');
    }
    *ret_ms = ms;
    *length = unit > 0 ? unit : 1;
    return c->at > start;
}

/* Z, +hh:mm or -hh:mm; nothing is UTC. */
static bool zone(struct cursor *c, int64_t *ret_offset)
{
    int hours, minutes;
    *ret_offset = 0;
    if (ended(c) || next_is(c, 'Z')) {
        return ended(c);
    }
    bool west = c->t.p[c->at] == '-';
    if (!next_is(c, '+') && !next_is(c, '-')) {
        return false;
    }
    if (!number(c, 2, &hours) || !next_is(c, ':') || !number(c, 2, &minutes) || hours > 14 ||
        minutes > 59 || (hours == 14 && minutes > 0)) {
        return false;
    }
    *ret_offset = (west ? -1 : 1) * (hours * HOUR + minutes * MINUTE);
    return ended(c);
}

/* hh:mm[:ss[.fff]] and the zone. R4 lets a search leave the seconds out. */
static bool time_of_day(struct cursor *c, int64_t *start, int64_t *end)
{
    int hour, minute, second;
    int64_t offset, ms = 0, length = MINUTE;
    if (!number(c, 2, &hour) || !next_is(c, ':') || !number(c, 2, &minute) || hour > 23 ||
        minute > 59) {
        return false;
    }
    *start += hour * HOUR + minute * MINUTE;
    if (next_is(c, ':')) {
        if (!number(c, 2, &second) || second > 60) {
            return false;
        }
        *start += second * SECOND;
        length = SECOND;
        if (next_is(c, '.') && !fraction(c, &ms, &length)) {
            return false;
        }
    }
    if (!zone(c, &offset)) {
        return false;
    }
    *start += ms - offset;
    *end = *start + length;
    return true;
}

bool index_date(text value, int64_t *ret_start, int64_t *ret_end)
{
    struct cursor c = {value, 0};
    int year, month, day;
    int64_t start, end;
    if (!number(&c, 4, &year) || year < 1) {
        return false;
    }
    if (ended(&c)) {
        start = day_start(year, 1, 1);
        end = day_start(year + 1, 1, 1);
    } else {
        if (!next_is(&c, '-') || !number(&c, 2, &month) || month < 1 || month > 12) {
            return false;
        }
        if (ended(&c)) {
            start = day_start(year, month, 1);
            end = start + month_days(year, month) * DAY;
        } else {
            if (!next_is(&c, '-') || !number(&c, 2, &day) || day < 1 ||
                day > month_days(year, month)) {
                return false;
            }
            start = day_start(year, month, day);
            end = start + DAY;
            if (!ended(&c) && (!next_is(&c, 'T') || !time_of_day(&c, &start, &end))) {
                return false;
            }
        }
    }
    *ret_start = start;
    *ret_end = end;
    return true;
}

/* --- the value of an entry: class | start, 7 bytes | length, none to 7 bytes, or 8 of 0xFF: open
 * end --- */

enum { START_BYTES = 7, OPEN_BYTES = 8 };
#define START_MOST ((INT64_C(1) << 56) - 1)

text index_date_bound(unsigned length_class, int64_t start, struct arena *a)
{
    char *out = arena_alloc(a, 1 + START_BYTES);
    if (!out) {
        return (text){0};
    }
    uint64_t bytes = (uint64_t)(start < 0 ? 0 : start > START_MOST ? START_MOST : start);
    out[0] = (char)length_class;
    for (int i = 0; i < START_BYTES; i++) {
        out[1 + i] = (char)(unsigned char)(bytes >> (8 * (START_BYTES - 1 - i)));
    }
    return text_make(out, 1 + START_BYTES);
}

text index_date_value(int64_t start, int64_t end, struct arena *a)
{
    /* A start of 0 stands for an open one: the first moment that there is begins 1 ms later. */
    int64_t first = start == INT64_MIN ? 0 : 1;
    start = start < first ? first : start > START_MOST ? START_MOST : start;
    bool open = end > START_MOST;
    uint64_t length = end > start ? (uint64_t)(end - start) : 0;
    unsigned length_class = open || start == 0 ? INDEX_DATE_CLASSES - 1 : class_of((int64_t)length);
    char *out = arena_alloc(a, 1 + START_BYTES + OPEN_BYTES);
    text bound = index_date_bound(length_class, start, a);
    if (!out || !bound.p) {
        return (text){0};
    }
    size_t n = bound.n;
    memcpy(out, bound.p, n);
    if (open) {
        memset(out + n, 0xFF, OPEN_BYTES);
        return text_make(out, n + OPEN_BYTES);
    }
    for (int shift = 48; shift >= 0; shift -= 8) {
        if (length >> shift) {
            out[n++] = (char)(unsigned char)(length >> shift);
        }
    }
    return text_make(out, n);
}

bool index_date_read(text value, int64_t *ret_start, int64_t *ret_end)
{
    if (value.n < 1 + START_BYTES || value.n > 1 + START_BYTES + OPEN_BYTES) {
        return false;
    }
    int64_t start = 0, length = 0;
    for (size_t i = 1; i <= START_BYTES; i++) {
        start = start << 8 | (unsigned char)value.p[i];
    }
    bool open = value.n == 1 + START_BYTES + OPEN_BYTES;
    for (size_t i = 1 + START_BYTES; !open && i < value.n; i++) {
        length = length << 8 | (unsigned char)value.p[i];
    }
    *ret_start = start ? start : INT64_MIN;
    *ret_end = open ? INT64_MAX : start + length;
    return true;
}

/* --- the principal date in one number ------------------------------------------------------- */

int64_t index_when(int64_t start, int64_t end)
{
    if (start <= 0 || start > START_MOST) {
        return INDEX_WHEN_NONE;
    }
    int64_t length = end > start && end <= START_MOST ? end - start : -1;
    enum index_when_kind kind = length == SECOND ? INDEX_WHEN_SECOND
                                : length == 1    ? INDEX_WHEN_MS
                                : length == DAY  ? INDEX_WHEN_DAY
                                                 : INDEX_WHEN_OTHER;
    return index_ms_to_1970(start) * 4 + (int64_t)kind;
}

bool index_when_read(int64_t when, int64_t *ret_start, int64_t *ret_end)
{
    static const int64_t lengths[] = {
        [INDEX_WHEN_SECOND] = SECOND, [INDEX_WHEN_MS] = 1, [INDEX_WHEN_DAY] = DAY};
    if (when == INDEX_WHEN_NONE) {
        return false;
    }
    int64_t kind = (when % 4 + 4) % 4;
    *ret_start = index_ms_from_1970((when - kind) / 4);
    if (kind == INDEX_WHEN_OTHER) {
        return false;
    }
    *ret_end = *ret_start + lengths[kind];
    return true;
}
