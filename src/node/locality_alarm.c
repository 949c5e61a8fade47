/*
 * What a person has to see. A row of kind `alarm` by the hash of what is said, so that the same
 * thing said again is counted and does not fill the list: "FIRST LAST COUNT TOLD" (times in ms,
 * TOLD: when a Task was made), then kind, member and words, a line each.
 */
#include "base/clock.h"
#include "base/metrics.h"
#include "format/json.h"
#include "node/locality_world_int.h"
#include "policy/facts.h"

#include <openssl/evp.h>
#include <stdlib.h>

enum {
    WORDS_MOST = 2000,
    TRIES = 8,
    ALARMS_MOST = 10000,   /* rows that are kept; what comes then is told as one */
    OF_MEMBER_MOST = 1000, /* of them, about one member; or about nobody by name */
    DROPPED_MOST = 1000,   /* at a time */
    TELL_MOST = 50,        /* Tasks a round */
    ROWS_ENOUGH = -1,      /* ends a walk: no code of err.h */
    TASK_BYTES = 16384,
    MEMORY = 16 << 20,
};
#define KEPT_MS (INT64_C(90) * 24 * 3600 * 1000) /* after it came last, where room is needed */
#define TELL_AGAIN_MS (INT64_C(24) * 3600 * 1000)

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "no memory for an alarm");
}

/* --- rows ------------------------------------------------------------------------------------- */

struct alarm_row {
    struct alarm alarm;
    int64_t told_ms; /* 0: nobody has been told */
};

static text print_row(const struct alarm_row *row, struct arena *a)
{
    const struct alarm *x = &row->alarm;
    return arena_printf(a, "%lld %lld %llu %lld\n%.*s\n%.*s\n%.*s", (long long)x->first_ms,
                        (long long)x->last_ms, (unsigned long long)x->count,
                        (long long)row->told_ms, TEXT_ARG(x->kind), TEXT_ARG(x->member),
                        TEXT_ARG(x->words));
}

static bool read_row(text key, text value, struct alarm_row *ret)
{
    text line, numbers[4];
    uint64_t n[4];
    struct alarm *x = &ret->alarm;
    if (key.n != sizeof x->id || !text_cut(&value, '\n', &line)) {
        return false;
    }
    for (size_t i = 0; i < 4; i++) {
        if (!text_cut(&line, ' ', &numbers[i]) || !text_to_u64(numbers[i], &n[i])) {
            return false;
        }
    }
    memcpy(x->id, key.p, sizeof x->id);
    x->first_ms = (int64_t)n[0];
    x->last_ms = (int64_t)n[1];
    x->count = n[2];
    ret->told_ms = (int64_t)n[3];
    if (!text_cut(&value, '\n', &x->kind) || !text_cut(&value, '\n', &x->member)) {
        return false;
    }
    x->words = value;
    return true;
}

static bool id_of(const struct alarm *x, uint8_t ret_id[32])
{
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    const text parts[] = {x->kind, T("\n"), x->member, T("\n"), x->words};
    unsigned n = 0;
    bool good = c && EVP_DigestInit_ex(c, EVP_sha256(), NULL) == 1;
    for (size_t i = 0; good && i < sizeof parts / sizeof *parts; i++) {
        good = !parts[i].n || EVP_DigestUpdate(c, parts[i].p, parts[i].n) == 1;
    }
    good = good && EVP_DigestFinal_ex(c, ret_id, &n) == 1;
    EVP_MD_CTX_free(c);
    return good;
}

struct counting {
    text member;
    size_t all, of_member;
};

static int count_row(void *context, text key, text value)
{
    struct counting *c = context;
    struct alarm_row row;
    c->all++;
    c->of_member += read_row(key, value, &row) && text_eq(row.alarm.member, c->member);
    return 0;
}

/* --- raising ---------------------------------------------------------------------------------- */

/* Alarms that people were told of, and that have not come again for long: their Tasks stay. */
struct old_rows {
    struct arena *a;
    struct kept_change *changes; /* that it is still the same, then that it goes */
    size_t count;
    int64_t before_ms;
};

static int old_row(void *context, text key, text value)
{
    struct old_rows *old = context;
    struct alarm_row row;
    if (!read_row(key, value, &row) || !row.told_ms || row.alarm.last_ms >= old->before_ms) {
        return 0;
    }
    text key_copy = arena_copy(old->a, key), copy = arena_copy(old->a, value);
    if (!key_copy.p || !copy.p) {
        return ERR_MEMORY;
    }
    old->changes[old->count++] = (struct kept_change){
        .change = KEPT_SWAP, .kind = "alarm", .key = key_copy, .value = copy, .was = copy};
    old->changes[old->count++] =
        (struct kept_change){.change = KEPT_DELETE, .kind = "alarm", .key = key_copy};
    return old->count == 2 * (size_t)DROPPED_MOST ? ROWS_ENOUGH : 0;
}

static int drop_old(struct locality_world *w, struct arena *a, bool *ret_any, struct err *e)
{
    struct old_rows old = {.a = a, .before_ms = clock_real_ms() - KEPT_MS};
    old.changes = arena_zalloc(a, 2 * (size_t)DROPPED_MOST, sizeof *old.changes);
    int rc = old.changes ? kept_each(w->kept, "alarm", T(""), old_row, &old, e) : no_memory(e);
    rc = rc == ROWS_ENOUGH ? 0 : rc == ERR_MEMORY ? no_memory(e) : rc;
    *ret_any = !rc && old.count;
    return *ret_any ? kept_write(w->kept, old.changes, old.count, NULL, e) : rc;
}

/* Whether a new row may be kept; the list has a bound, whatever others make this node say, and what
 * is about one member does not fill it. */
static int has_room(struct locality_world *w, const struct alarm *x, struct arena *a,
                    bool *ret_room, struct err *e)
{
    struct counting c = {.member = x->member};
    int rc = kept_each(w->kept, "alarm", T(""), count_row, &c, e);
    *ret_room =
        (c.all < ALARMS_MOST && c.of_member < OF_MEMBER_MOST) || text_eq(x->kind, T("too-many"));
    return rc || *ret_room ? rc : drop_old(w, a, ret_room, e);
}

static int raise_once(struct locality_world *w, struct alarm *x, struct arena *a, struct err *e)
{
    text was = {0};
    bool room = true;
    struct alarm_row row = {.alarm = *x};
    struct kept_change put = {.kind = "alarm", .key = text_make((const char *)x->id, 32)};
    int rc = kept_get(w->kept, "alarm", put.key, a, &was, e);
    if (rc && rc != ERR_NOT_FOUND) {
        return rc;
    }
    put.change = rc ? KEPT_ADD : KEPT_SWAP;
    put.was = was;
    if (rc) {
        rc = has_room(w, x, a, &room, e);
    } else if (read_row(put.key, was, &row)) {
        row.alarm.last_ms = x->last_ms;
        row.alarm.count++;
    }
    put.value = print_row(&row, a);
    return rc            ? rc
           : !room       ? ERR_TOO_MANY
           : put.value.p ? kept_write(w->kept, &put, 1, NULL, e)
                         : no_memory(e);
}

static int raise_alarm(struct locality_world *w, struct alarm *x, struct err *e)
{
    struct arena a;
    int rc = id_of(x, x->id) ? ERR_CONFLICT : no_memory(e);
    for (int i = 0; i < TRIES && rc == ERR_CONFLICT; i++) {
        arena_init(&a, MEMORY);
        rc = raise_once(w, x, &a, e);
        arena_done(&a);
    }
    return rc;
}

int locality_alarm(void *context, const char *kind, text member, text words, struct err *e)
{
    struct locality_world *w = context;
    char said[WORDS_MOST];
    int64_t now = clock_real_ms();
    text shorter = text_short(words, sizeof said);
    /* One line: what others say must not look like another field of the row. */
    for (size_t i = 0; i < shorter.n; i++) {
        said[i] = (unsigned char)shorter.p[i] < ' ' ? ' ' : shorter.p[i];
    }
    struct alarm x = {.kind = text_of(kind),
                      .member = text_first(member, text_find(member, '\n')),
                      .words = text_make(said, shorter.n),
                      .first_ms = now,
                      .last_ms = now,
                      .count = 1};
    metric_add(METRIC_locality_alarms_total, 1);
    int rc = raise_alarm(w, &x, e);
    if (rc == ERR_TOO_MANY) {
        x.kind = T("too-many");
        x.words = T("there are more alarms, of all or about this member, than can be listed, and "
                    "what comes now is not; look at the ones there are. What does not come again "
                    "for 90 days makes room");
        rc = raise_alarm(w, &x, e);
    }
    w->face.wake(w);
    return rc;
}

/* --- reading ---------------------------------------------------------------------------------- */

struct listing {
    struct arena *a;
    struct alarm_row *rows;
    size_t count, capacity;
};

static int list_row(void *context, text key, text value)
{
    struct listing *l = context;
    struct alarm_row *rows = arena_grow(l->a, l->rows, l->count, &l->capacity, sizeof *rows);
    text kept = arena_copy(l->a, value);
    if (!rows || !kept.p) {
        return ERR_MEMORY;
    }
    l->rows = rows;
    l->count += read_row(key, kept, &rows[l->count]);
    return 0;
}

static int later_first(const void *x, const void *y)
{
    int64_t a = ((const struct alarm_row *)x)->alarm.last_ms;
    int64_t b = ((const struct alarm_row *)y)->alarm.last_ms;
    return (a < b) - (a > b);
}

static int list_all(const struct loc_world *w, struct listing *l, struct err *e)
{
    int rc = w->each(w->context, "alarm", T(""), list_row, l, e);
    if (rc) {
        return rc == ERR_MEMORY ? no_memory(e) : rc;
    }
    if (l->count) {
        qsort(l->rows, l->count, sizeof *l->rows, later_first);
    }
    return 0;
}

int locality_alarms(const struct loc_world *w, size_t most, struct arena *a, struct alarm **ret,
                    size_t *ret_count, struct err *e)
{
    struct listing l = {.a = a};
    int rc = list_all(w, &l, e);
    size_t count = l.count < most ? l.count : most;
    struct alarm *alarms = rc ? NULL : arena_zalloc(a, count, sizeof *alarms);
    if (rc || !alarms) {
        return rc ? rc : no_memory(e);
    }
    for (size_t i = 0; i < count; i++) {
        alarms[i] = l.rows[i].alarm;
    }
    *ret = alarms;
    *ret_count = count;
    return 0;
}

/* --- Tasks ------------------------------------------------------------------------------------ */

static void print_task(const struct alarm *x, text id, struct buf *out)
{
    char first[CLOCK_INSTANT_SIZE];
    char last[CLOCK_INSTANT_SIZE];
    clock_instant(x->first_ms, first);
    clock_instant(x->last_ms, last);
    buf_printf(out, "{\"resourceType\":\"Task\",\"id\":\"%.*s\",", TEXT_ARG(id));
    buf_add(out, T("\"status\":\"requested\",\"intent\":\"order\",\"priority\":\"urgent\","
                   "\"code\":{\"coding\":[{\"system\":\"" KEPT_TASKS
                   "\",\"code\":\"locality-alarm\"}],\"text\":"));
    json_write_string(x->kind, out);
    buf_add(out, T("},\"description\":"));
    json_write_string(x->words, out);
    buf_printf(out, ",\"authoredOn\":\"%s\",\"lastModified\":\"%s\"", first, last);
    if (x->member.n) {
        buf_add(out, T(",\"focus\":{\"type\":\"Organization\",\"identifier\":{\"system\":"
                       "\"https://fhir.nhs.uk/Id/ods-organization-code\",\"value\":"));
        json_write_string(x->member, out);
        buf_add(out, T("}}"));
    }
    buf_add(out, T(",\"performerType\":[{\"coding\":[{\"system\":"
                   "\"https://fhir.nhs.uk/CodeSystem/HL7v3-SDSJobRoleName\",\"code\":\"R0001\","
                   "\"display\":\"Privacy Officer\"}],\"text\":\"Privacy officer\"}]}"));
}

static int store_task(struct locality_world *w, const struct alarm *x, struct arena *a,
                      struct err *e)
{
    struct buf out;
    struct own_call call = {.method = T("PUT")};
    char id[sizeof "alarm-" + 32];
    struct buf name = {.p = id, .capacity = sizeof id, .max = sizeof id};
    buf_add(&name, T("alarm-"));
    for (size_t i = 0; i < 16; i++) {
        buf_printf(&name, "%02x", x->id[i]);
    }
    buf_init(&out, TASK_BYTES);
    print_task(x, buf_text(&name), &out);
    call.path = arena_printf(a, "Task/%.*s", TEXT_ARG(buf_text(&name)));
    call.body = buf_text(&out);
    int rc = buf_failed(&out) || !call.path.p ? no_memory(e) : locality_own(w, NULL, &call, a, e);
    if (!rc && call.status / 100 != 2) {
        rc =
            err_set(e, ERR_IO, "the Task of an alarm could not be stored (status %d)", call.status);
    }
    buf_done(&out);
    return rc;
}

static int mark_told(struct locality_world *w, const struct alarm_row *row, struct arena *a,
                     struct err *e)
{
    struct alarm_row told = *row;
    told.told_ms = clock_real_ms();
    struct kept_change put = {.change = KEPT_SWAP,
                              .kind = "alarm",
                              .key = text_make((const char *)row->alarm.id, 32),
                              .value = print_row(&told, a),
                              .was = print_row(row, a)};
    int rc = put.value.p && put.was.p ? kept_write(w->kept, &put, 1, NULL, e) : no_memory(e);
    return rc == ERR_CONFLICT ? 0 : rc; /* it came again just now: told in the next round */
}

int locality_alarms_tell(struct locality_world *w, struct err *e)
{
    struct arena a;
    struct listing l = {.a = &a};
    arena_init(&a, (size_t)64 << 20);
    int rc = list_all(&w->face, &l, e);
    size_t told = 0;
    for (size_t i = 0; !rc && i < l.count && told < TELL_MOST; i++) {
        const struct alarm_row *row = &l.rows[i];
        bool is_due = !row->told_ms || row->alarm.last_ms > row->told_ms + TELL_AGAIN_MS;
        if (is_due) {
            rc = store_task(w, &row->alarm, &a, e);
            rc = rc ? rc : mark_told(w, row, &a, e);
            told++;
        }
    }
    arena_done(&a);
    return rc;
}
