#include "base/clock.h"
#include "policy/actor.h"
#include "policy/sheet_int.h"

#include <stdlib.h>

const char *relationship_words(enum relationship r)
{
    static const char *const words[RELATION_COUNT] = {
        [RELATION_NONE] = "no relationship",
        [RELATION_SELF] = "the patient",
        [RELATION_PROXY] = "acts for the patient",
        [RELATION_REGISTRATION] = "the patient is registered there",
        [RELATION_REFERRAL] = "the patient was referred there",
        [RELATION_ADMISSION] = "treats the patient, or did a short while ago",
        [RELATION_CARE_TEAM] = "in the care team",
        [RELATION_APPOINTMENT] = "has an appointment with the patient",
        [RELATION_GRANT] = "the patient said so",
        [RELATION_CLAIMED] = "said that it was needed, with a reason",
        [RELATION_OVERRIDE] = "opened it in an emergency, with a reason",
        [RELATION_DUTY] = "by their task",
    };
    return (unsigned)r < RELATION_COUNT ? words[r] : "";
}

void sheet_free(struct sheet *s)
{
    free(s);
}

size_t sheet_count(const struct sheet *s)
{
    return s ? s->entry_count : 0;
}

const struct sheet_entry *sheet_entry(const struct sheet *s, size_t at)
{
    return s && at < s->entry_count ? &s->entries[at] : NULL;
}

bool sheet_has_proxy(const struct sheet *s, struct hash_key key, text person)
{
    bool has = false;
    if (s && s->proxy_count) {
        uint64_t h = hash_text(key, person);
        uint64_t party = h ? h : 1; /* as sheets have it */
        for (size_t i = 0; !has && i < s->proxy_count; i++) {
            has = s->proxies[i].party == party;
        }
    }
    return has;
}

int64_t sheet_birth(const struct sheet *s)
{
    return s ? s->birth_from : INT64_MIN;
}

int64_t sheet_birthday(int64_t birth, int years)
{
    enum { DAY = 86400000 };
    if (birth == INT64_MIN) {
        return INT64_MIN;
    }
    int year, month, day;
    clock_civil(birth / DAY - (birth % DAY < 0), &year, &month, &day);
    bool leap = (year + years) % 4 == 0 && ((year + years) % 100 != 0 || (year + years) % 400 == 0);
    if (month == 2 && day == 29 && !leap) {
        month = 3; /* who was born on a leap day is a year older on 1 March */
        day = 1;
    }
    return clock_days(year + years, month, day) * DAY;
}

static int64_t sooner(int64_t until, int64_t now, int64_t moment)
{
    return moment > now && moment < until ? moment : until;
}

int64_t sheet_steady_until(const struct sheet *s, int64_t now_ms)
{
    static const int ages[] = {AGE_CHILD_MAY_REFUSE, AGE_CONFIRM, AGE_ADULT_RECORD, AGE_ADULT};
    int64_t until = INT64_MAX;
    for (size_t i = 0; s && i < s->relation_count; i++) {
        until = sooner(until, now_ms, s->relations[i].from);
        until = sooner(until, now_ms, s->relations[i].until);
    }
    for (size_t i = 0; s && i < s->choice_count; i++) {
        until = sooner(until, now_ms, s->choices[i].from);
        until = sooner(until, now_ms, s->choices[i].until);
    }
    for (size_t i = 0; s && i < s->proxy_count; i++) {
        until = sooner(until, now_ms, s->proxies[i].from);
        until = sooner(until, now_ms, s->proxies[i].until);
    }
    for (size_t i = 0; s && i < sizeof ages / sizeof *ages; i++) {
        until = sooner(until, now_ms, sheet_birthday(s->birth_from, ages[i]));
        until = sooner(until, now_ms, sheet_birthday(s->birth_until, ages[i]));
    }
    return s ? sooner(until, now_ms, s->died) : until;
}

const struct sheet_mark *sheet_mark_find(const struct sheet *s, uint64_t rid)
{
    unsigned bit = sheet_filter(rid);
    if (!(s->seen[bit / 64] >> (bit % 64) & 1)) {
        return NULL;
    }
    size_t from = 0;
    size_t to = s->mark_count;
    while (from < to) {
        size_t at = from + (to - from) / 2;
        if (s->marks[at].rid == rid) {
            return &s->marks[at];
        }
        if (s->marks[at].rid < rid) {
            from = at + 1;
        } else {
            to = at;
        }
    }
    return NULL;
}

uint32_t sheet_labels(const struct sheet *s, uint64_t rid)
{
    const struct sheet_mark *mark = s ? sheet_mark_find(s, rid) : NULL;
    return mark ? mark->labels : 0;
}

uint64_t sheet_marked(const struct sheet *s, size_t at)
{
    return s && at < s->mark_count ? s->marks[at].rid : 0;
}
