#include "rest/access_rollup.h"

#include "base/clock.h"
#include "format/json.h"

static const int64_t day_ms = INT64_C(24) * 60 * 60 * 1000;

void rollup_init(struct rollup *r, struct arena *a, int64_t now_ms, bool tells_all)
{
    *r = (struct rollup){.arena = a, .now_ms = now_ms, .tells_all = tells_all};
    map_init(&r->places);
}

void rollup_done(struct rollup *r)
{
    map_done(&r->places);
}

static int64_t day_of(int64_t ms)
{
    return ms / day_ms - (ms % day_ms < 0);
}

int64_t rollup_day(const struct audit_entry *entry)
{
    return day_of(entry->event.at_ms);
}

/* --- what goes together ----------------------------------------------------------------------- */

static bool is_program(const struct audit_event *event)
{
    return event->access == ACCESS_SYSTEM || event->access == ACCESS_PREFETCH;
}

/* What a program reads in a day stands together; what it changes is told as that. */
static const char *kind_key(const struct audit_event *event)
{
    switch (event->kind) {
    case EVENT_READ:
    case EVENT_SEARCH:
    case EVENT_HISTORY:
    case EVENT_OPERATION:
        return is_program(event) ? "" : event_code(event->kind);
    default:
        return event_code(event->kind);
    }
}

/* Whatever a patient's list shows of a row, but for what agree() sees to, holds for all of it. */
static text key_of(const struct rollup *r, const struct audit_event *event, bool silent,
                   bool erased, int64_t day)
{
    if (silent) {
        return arena_printf(r->arena, "%lld\n%s", (long long)day, erased ? "erased" : "silent");
    }
    bool program = is_program(event);
    return arena_printf(r->arena, "%lld\n%s\n%s\n%.*s\n%.*s\n%.*s\n%.*s\n%.*s\n%.*s\n%.*s",
                        (long long)day, access_code(event->access), kind_key(event),
                        TEXT_ARG(program && event->client.n ? event->client : event->account),
                        TEXT_ARG(program && event->client.n ? (text){0} : event->who),
                        TEXT_ARG(event->name), TEXT_ARG(event->role_name),
                        TEXT_ARG(event->organisation_name), TEXT_ARG(event->client_name),
                        TEXT_ARG(event->reason));
}

static void add_once(text *list, size_t most, size_t *count, text one)
{
    size_t i = 0;
    while (i < *count && !text_eq(list[i], one)) {
        i++;
    }
    if (one.n && i == *count && i < most) {
        list[(*count)++] = one;
    }
}

/* The type of "Observation/5", "Observation"; "$everything" of "Patient/5/$everything", which is
 * about much more than its first part says. */
static text kind_of(text what)
{
    size_t operation = text_find(what, '$');
    return operation < what.n ? text_from(what, operation) : text_first(what, text_find(what, '/'));
}

static void add_about(struct rollup_row *row, const struct audit_event *event)
{
    add_once(row->types, sizeof row->types / sizeof *row->types, &row->type_count,
             kind_of(event->what));
    if (event->kind == EVENT_ASKED || event->kind == EVENT_ANSWERED) {
        add_once(row->peers, sizeof row->peers / sizeof *row->peers, &row->peer_count, event->peer);
    }
}

/* A row tells of its entries only what holds for all of them. */
static void agree(struct rollup_row *row, const struct audit_event *event)
{
    row->one_kind = row->one_kind && row->event.kind == event->kind;
    row->one_what = row->one_what && text_eq(row->event.what, event->what);
    row->event.relation =
        text_eq(row->event.relation, event->relation) ? row->event.relation : (text){0};
    row->event.purpose =
        text_eq(row->event.purpose, event->purpose) ? row->event.purpose : (text){0};
    add_about(row, event);
}

static int note_place(struct rollup *r, struct rollup_row *row, const struct audit_entry *entry)
{
    uint64_t *seqs = arena_grow(r->arena, row->seqs, row->count, &row->seq_capacity, sizeof *seqs);
    uint64_t *leaves =
        arena_grow(r->arena, row->leaves, row->count, &row->leaf_capacity, sizeof *leaves);
    if (!seqs || !leaves) {
        return ERR_MEMORY;
    }
    row->seqs = seqs;
    row->leaves = leaves;
    seqs[row->count] = entry->patient_seq;
    leaves[row->count] = entry->leaf;
    row->count++;
    return 0;
}

static void begin(struct rollup *r, struct rollup_row *row, const struct audit_entry *entry,
                  bool silent)
{
    *row = (struct rollup_row){
        .event = entry->event, .newest = entry->leaf, .silent = silent, .erased = entry->erased};
    if (silent) {
        row->event = (struct audit_event){.at_ms = entry->erased ? r->last_ms : entry->event.at_ms,
                                          .access = ACCESS_LEGAL,
                                          .disclose_after_ms = entry->event.disclose_after_ms};
    }
    row->one_kind = row->one_what = true;
    add_about(row, &row->event);
}

int rollup_add(struct rollup *r, const struct audit_entry *entry)
{
    const struct audit_event *event = &entry->event;
    bool silent = entry->erased || (!r->tells_all && rollup_withholds(event, r->now_ms));
    bool is_new = false;
    r->last_ms = entry->erased ? r->last_ms : event->at_ms;
    text key = key_of(r, event, silent, entry->erased, day_of(r->last_ms));
    uint64_t *place = key.p ? map_put(&r->places, key, &is_new) : NULL;
    if (!place) {
        return ERR_MEMORY;
    }
    if (is_new) {
        struct rollup_row *rows =
            arena_grow(r->arena, r->rows, r->count, &r->capacity, sizeof *rows);
        if (!rows) {
            return ERR_MEMORY;
        }
        r->rows = rows;
        begin(r, &rows[r->count++], entry, silent);
        *place = r->count;
    } else if (!silent) {
        agree(&r->rows[*place - 1], event);
    }
    return note_place(r, &r->rows[*place - 1], entry);
}

/* --- JSON ---------------------------------------------------------------------------------------
 */

static void put(struct buf *out, const char *name, text value)
{
    if (value.n) {
        buf_printf(out, ",\"%s\":", name);
        json_write_string(value, out);
    }
}

static void access_put_time(struct buf *out, const char *name, int64_t ms)
{
    char at[CLOCK_INSTANT_SIZE];
    if (ms) {
        clock_instant(ms, at);
        put(out, name, text_of(at));
    }
}

static void put_numbers(struct buf *out, const char *name, const uint64_t *numbers, size_t count)
{
    buf_printf(out, "\"%s\":[", name);
    for (size_t i = 0; i < count; i++) {
        buf_printf(out, "%s%llu", i ? "," : "", (unsigned long long)numbers[i]);
    }
    buf_add(out, T("],"));
}

/* "Observation/5" of one entry; "Observation, Condition" of several. */
static void put_what(struct buf *out, const struct rollup_row *row)
{
    struct buf list;
    if (row->one_what) {
        put(out, "what", row->event.what);
        return;
    }
    buf_init(&list, 1024);
    for (size_t i = 0; i < row->type_count; i++) {
        buf_add(&list, i ? T(", ") : T(""));
        buf_add(&list, row->types[i]);
    }
    put(out, "what", buf_text(&list));
    buf_done(&list);
}

static void put_peers(struct buf *out, const struct rollup_row *row)
{
    for (size_t i = 0; i < row->peer_count; i++) {
        buf_add(out, i ? T(",") : T(",\"peers\":["));
        json_write_string(row->peers[i], out);
    }
    buf_add(out, row->peer_count ? T("]") : T(""));
}

static void print_row(const struct rollup_row *row, bool places, struct buf *out)
{
    const struct audit_event *event = &row->event;
    buf_addc(out, '{');
    put_numbers(out, "seq", row->seqs, places ? row->count : 0);
    put_numbers(out, "leaves", row->leaves, places ? row->count : 0);
    buf_printf(out, "\"leaf\":%llu", (unsigned long long)row->newest);
    access_put_time(out, "at", event->at_ms);
    put(out, "class", row->erased ? T("erased") : text_of(access_code(event->access)));
    if (!row->silent) {
        put(out, "kind", row->one_kind ? text_of(event_code(event->kind)) : (text){0});
        put(out, "who", event->who);
        put(out, "name", event->name);
        put(out, "role_name", event->role_name);
        put(out, "organisation_name", event->organisation_name);
        put(out, "relation", event->relation);
        put(out, "purpose", event->purpose);
        put(out, "reason", event->reason);
        put_what(out, row);
        put_peers(out, row);
        put(out, "client_name", event->client_name);
    }
    access_put_time(out, "disclose_after", event->disclose_after_ms);
    buf_printf(out, ",\"count\":%zu}", row->count);
}

void rollup_print(const struct rollup *r, bool places, struct buf *out)
{
    buf_addc(out, '[');
    for (size_t i = 0; i < r->count; i++) {
        buf_add(out, i ? T(",") : T(""));
        print_row(&r->rows[i], places, out);
    }
    buf_addc(out, ']');
}
