#include "rest/subscribe/engine.h"

#include <stdio.h>

/* Texts of rows are decimals and words with a space between them; keys have the number last, in 16
 * hexadecimal digits, so that they stand in its order. A row without memory has value.p == NULL,
 * which kept_write() is not given: rows_* of the callers look at it. */

enum { DIGITS = 16 };
static const char *const change_names[] = {
    [CHANGE_CREATE] = "create", [CHANGE_UPDATE] = "update", [CHANGE_DELETE] = "delete"};

const char *change_name(enum change c)
{
    return change_names[c];
}

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "no memory for subscriptions");
}

static text key_of(text id, uint64_t n, struct arena *a)
{
    return arena_printf(a, "%.*s/%016llx", TEXT_ARG(id), (unsigned long long)n);
}

static bool take_u64(text *rest, uint64_t *ret)
{
    text word;
    return text_cut(rest, ' ', &word) && text_to_u64(word, ret);
}

/* --- the place ----------------------------------------------------------------------------------
 */

int rows_place(struct kept *k, struct arena *a, uint64_t *ret_t, struct err *e)
{
    text value;
    int rc = kept_get(k, "place", T("followed"), a, &value, e);
    if (!rc && !text_to_u64(value, ret_t)) {
        rc = err_set(e, ERR_CORRUPT, "subscriptions.db does not say how far it was followed");
    }
    return rc;
}

struct kept_change rows_place_change(uint64_t t, struct arena *a)
{
    return (struct kept_change){.change = KEPT_PUT,
                                .kind = "place",
                                .key = T("followed"),
                                .value = arena_printf(a, "%llu", (unsigned long long)t)};
}

/* --- progress -----------------------------------------------------------------------------------
 */

int rows_progress(struct kept *k, text id, struct arena *a, struct progress *ret, struct err *e)
{
    text rest;
    uint64_t next = 0, last = 0;
    struct progress p = {0};
    int rc = kept_get(k, "progress", id, a, &rest, e);
    *ret = p;
    if (rc) {
        return rc == ERR_NOT_FOUND ? 0 : rc;
    }
    bool good = take_u64(&rest, &p.number) && take_u64(&rest, &p.sent) &&
                take_u64(&rest, &p.failures) && take_u64(&rest, &next) && take_u64(&rest, &last) &&
                take_u64(&rest, &p.from) && take_u64(&rest, &p.waiting);
    p.next_ms = (int64_t)next;
    p.last_ms = (int64_t)last;
    *ret = p;
    return good ? 0 : err_set(e, ERR_CORRUPT, "subscriptions.db has a row that cannot be read");
}

struct kept_change rows_progress_change(text id, const struct progress *p, struct arena *a)
{
    return (struct kept_change){
        .change = KEPT_PUT,
        .kind = "progress",
        .key = id,
        .value =
            arena_printf(a, "%llu %llu %llu %llu %llu %llu %llu", (unsigned long long)p->number,
                         (unsigned long long)p->sent, (unsigned long long)p->failures,
                         (unsigned long long)p->next_ms, (unsigned long long)p->last_ms,
                         (unsigned long long)p->from, (unsigned long long)p->waiting)};
}

/* --- events -------------------------------------------------------------------------------------
 */

struct kept_change rows_wait_change(text id, const struct event *x, struct arena *a)
{
    return (struct kept_change){
        .change = KEPT_PUT,
        .kind = "waits",
        .key = key_of(id, x->t, a),
        .value = arena_printf(a, "%s %.*s", change_name(x->change), TEXT_ARG(x->what))};
}

struct kept_change rows_wait_done(text id, const struct event *x, struct arena *a)
{
    return (struct kept_change){
        .change = KEPT_DELETE, .kind = "waits", .key = key_of(id, x->t, a), .value = T("")};
}

struct kept_change rows_event_change(text id, const struct event *x, struct arena *a)
{
    return (struct kept_change){.change = KEPT_PUT,
                                .kind = "event",
                                .key = key_of(id, x->number, a),
                                .value = arena_printf(a, "%llu %s %.*s", (unsigned long long)x->t,
                                                      change_name(x->change), TEXT_ARG(x->what))};
}

struct kept_change rows_event_done(text id, uint64_t number, struct arena *a)
{
    return (struct kept_change){
        .change = KEPT_DELETE, .kind = "event", .key = key_of(id, number, a), .value = T("")};
}

struct reading {
    struct arena *a;
    struct event *items;
    size_t count, capacity, most;
    uint64_t from, to;
    bool numbered;
};

enum { ENOUGH = -1 };

static bool hex_of(text digits, uint64_t *ret)
{
    uint64_t n = 0;
    for (size_t i = 0; i < digits.n; i++) {
        char c = digits.p[i];
        bool digit = c >= '0' && c <= '9';
        if (!digit && !(c >= 'a' && c <= 'f')) {
            return false;
        }
        n = n << 4 | (uint64_t)(digit ? c - '0' : c - 'a' + 10);
    }
    *ret = n;
    return digits.n == DIGITS;
}

static bool read_words(struct reading *r, text value, struct event *x)
{
    text word;
    bool good = !r->numbered || take_u64(&value, &x->t);
    good = good && text_cut(&value, ' ', &word);
    for (unsigned i = 0; good && i < sizeof change_names / sizeof *change_names; i++) {
        if (text_eq(word, text_of(change_names[i]))) {
            x->change = (enum change)i;
            x->what = arena_copy(r->a, value);
            return true;
        }
    }
    return false;
}

static int read_one(void *context, text key, text value)
{
    struct reading *r = context;
    struct event x = {0};
    uint64_t *n = r->numbered ? &x.number : &x.t;
    if (key.n < DIGITS || !hex_of(text_from(key, key.n - DIGITS), n)) {
        return ERR_CORRUPT;
    }
    if (*n < r->from) {
        return 0;
    }
    if (*n > r->to || r->count == r->most) {
        return ENOUGH;
    }
    if (!read_words(r, value, &x)) {
        return ERR_CORRUPT;
    }
    struct event *items = arena_grow(r->a, r->items, r->count, &r->capacity, sizeof *items);
    if (!items || !x.what.p) {
        return ERR_MEMORY;
    }
    r->items = items;
    items[r->count++] = x;
    return 0;
}

static int read_all(struct kept *k, const char *kind, text id, struct reading *r, struct err *e)
{
    text prefix = arena_printf(r->a, "%.*s/", TEXT_ARG(id));
    int rc = prefix.p ? kept_each(k, kind, prefix, read_one, r, e) : no_memory(e);
    return rc == ENOUGH        ? 0
           : rc == ERR_CORRUPT ? err_set(e, rc, "subscriptions.db has an event that cannot be read")
           : rc == ERR_MEMORY  ? no_memory(e)
                               : rc;
}

int rows_waits(struct kept *k, text id, size_t most, struct arena *a, struct event **ret,
               size_t *ret_count, struct err *e)
{
    struct reading r = {.a = a, .most = most, .to = UINT64_MAX};
    int rc = read_all(k, "waits", id, &r, e);
    *ret = r.items;
    *ret_count = r.count;
    return rc;
}

int rows_events(struct kept *k, text id, uint64_t from, uint64_t to, size_t most, struct arena *a,
                struct event **ret, size_t *ret_count, struct err *e)
{
    struct reading r = {.a = a, .most = most, .from = from, .to = to, .numbered = true};
    int rc = read_all(k, "event", id, &r, e);
    *ret = r.items;
    *ret_count = r.count;
    return rc;
}

/* --- all of one ---------------------------------------------------------------------------------
 */

static int forget_some(struct kept *k, text id, const struct event *items, size_t count,
                       struct arena *a, struct err *e)
{
    struct kept_change *changes = arena_zalloc(a, count + 1, sizeof *changes);
    bool fine = changes != NULL;
    for (size_t i = 0; fine && i < count; i++) {
        changes[i] = items[i].number ? rows_event_done(id, items[i].number, a)
                                     : rows_wait_done(id, &items[i], a);
        fine = changes[i].key.p != NULL;
    }
    return !fine ? no_memory(e) : count ? kept_write(k, changes, count, NULL, e) : 0;
}

int rows_forget(struct kept *k, text id, struct arena *a, struct err *e)
{
    struct event *items;
    size_t count;
    struct kept_change progress = {
        .change = KEPT_DELETE, .kind = "progress", .key = id, .value = T("")};
    int rc = rows_waits(k, id, SIZE_MAX, a, &items, &count, e);
    rc = rc ? rc : forget_some(k, id, items, count, a, e);
    rc = rc ? rc : rows_events(k, id, 0, UINT64_MAX, SIZE_MAX, a, &items, &count, e);
    rc = rc ? rc : forget_some(k, id, items, count, a, e);
    return rc ? rc : kept_write(k, &progress, 1, NULL, e);
}
